"""The story index's members as flat columns: what is read of thousands of them is read at once."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rasid.story_words import EVERYDAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rasid.types import StoryMember

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.integer]

_NONE: dict[str, float] = {}


class Terms(NamedTuple):
    """The stems of several members, one after the other."""

    numbers: Numbers
    weights: Floats  # without IDF
    owners: Numbers  # which of the members


class Slots:
    """Members in order of arrival, as columns. What is dropped stays, dead, until the columns are packed anew."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}  # stem → its number
        self.postings: list[array[int]] = []  # by stem: slots of the members that hold it, dead ones too
        self.holders = array("i")  # by stem: living members that hold it
        self.everyday = array("b")  # by stem
        self.figures = array("b")  # by stem
        self.starts = array("q", [0])  # by slot: where its terms begin; one more than slots
        self.terms = array("i")  # numbers of stems
        self.weights = array("f")
        self.times = array("d")  # by slot, seconds; −∞: dead
        self.members: list[StoryMember] = []  # by slot, without their terms

    def append(self, member: StoryMember) -> int:
        """Give the member's slot."""
        slot, known = len(self.members), self.numbers
        numbers = [known[stem] if stem in known else self._number(stem) for stem in member.terms]
        for number in numbers:
            self.postings[number].append(slot)
            self.holders[number] += 1
        self.terms.extend(numbers)
        self.weights.extend(member.terms.values())
        self.starts.append(len(self.terms))
        self.times.append(member.published.timestamp())
        self.members.append(replace(member, terms=_NONE))
        return slot

    def drop(self, slot: int) -> None:
        """Let a member go."""
        self.times[slot] = -math.inf
        np.asarray(self.holders)[np.asarray(self.terms)[self.starts[slot] : self.starts[slot + 1]]] -= 1

    def packed(self) -> Slots:
        """Give the living members alone, in the same order."""
        fresh, stems = Slots(), list(self.numbers)
        for slot in np.flatnonzero(np.isfinite(np.asarray(self.times))).tolist():
            held = slice(self.starts[slot], self.starts[slot + 1])
            terms = {stems[n]: weight for n, weight in zip(self.terms[held], self.weights[held], strict=True)}
            fresh.append(replace(self.members[slot], terms=terms))
        return fresh

    def terms_of(self, slots: Numbers) -> Terms:
        """Give the stems of some members."""
        starts, ends = np.asarray(self.starts)[slots], np.asarray(self.starts)[slots + 1]
        sizes = ends - starts
        at = np.arange(sizes.sum()) + np.repeat(starts - np.cumsum(sizes) + sizes, sizes)
        weights = np.asarray(self.weights)[at].astype(np.float64)
        return Terms(np.asarray(self.terms)[at], weights, np.repeat(np.arange(len(slots)), sizes))

    def _number(self, stem: str) -> int:
        number = self.numbers[stem] = len(self.numbers)
        self.postings.append(array("i"))
        self.holders.append(0)
        self.everyday.append(stem in EVERYDAY)
        self.figures.append(stem.isdigit())
        return number
