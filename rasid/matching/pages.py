"""An article as the matcher reads it: folded, masked, its words found when a cue asks for them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from rasid.matching.alphabet import encode_codes
from rasid.matching.compiling import bases
from rasid.text import code_points, fold, mask, word_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rasid.matching.compiling import Pattern, Phrase

_AROUND: Final = 200  # letters
_CLAUSE_END: Final = re.compile(r"[.!?؟؛;،,\n…•|]")


@dataclass(frozen=True, slots=True)
class Edge:
    """How an occurrence stands in its word."""

    clitic: str = ""
    glued: str = ""  # the letters that bad extraction left on it
    sure: bool = True  # whether those letters are a word that is known


@dataclass(frozen=True, slots=True)
class Hit:
    """An occurrence that stands as a name; offsets are of the folded text."""

    start: int
    end: int
    pattern: Pattern
    edge: Edge


class Page:
    """The title or the text of an article."""

    def __init__(self, name: Literal["title", "text"], original: str) -> None:
        self.name = name
        self.original = original
        self.folded = fold(original)
        self.standing: dict[str, bool] = {}  # words that were asked for: whether they stand on their own here
        self.unmasked = self.folded.text
        self.codes = encode_codes(self.folded.codes) + b"\0"  # each letter has a next one

    @cached_property
    def text(self) -> str:
        """The folded text with addresses and file names blanked out: what cues are looked for in."""
        return mask(self.unmasked)

    def is_masked(self, start: int, end: int) -> bool:
        """Tell whether something of a span is blanked out; the text around it says so, not the whole of it.

        That is the word as far as the next spaces, and `_AROUND` letters: paths may hold spaces.
        """
        text = self.unmasked
        low = min(text.rfind(" ", 0, start) + 1, max(0, start - _AROUND))
        high = max(text.find(" ", end), end + _AROUND)
        low, high = text.rfind("\n", low, start) + 1 or low, min(high, len(text))
        return mask(text[low:high])[start - low : end - low] != text[start:end]

    @cached_property
    def _words(self) -> tuple[list[int], list[int]]:
        has_masks = self.text is not self.unmasked
        return word_spans(code_points(self.text) if has_masks else self.folded.codes)

    @property
    def starts(self) -> list[int]:
        """Where each word begins."""
        return self._words[0]

    @property
    def ends(self) -> list[int]:
        """Where each word ends."""
        return self._words[1]

    def word(self, place: int) -> str:
        """The word of a number."""
        return self.text[self.starts[place] : self.ends[place]]

    def bases(self, place: int) -> frozenset[str]:
        """What the word of a number may be without clitics and endings; nothing past the ends."""
        return bases(self.word(place)) if 0 <= place < len(self.starts) else frozenset()

    def has(self, phrase: Phrase, place: int) -> bool:
        """Tell whether a phrase stands at a place, clitics and endings aside."""
        return all(part in self.bases(place + shift) for shift, part in enumerate(phrase.parts))

    def where(self, phrase: Phrase) -> Iterator[int]:
        """Give the places at which a phrase begins, in order.

        Without clitics and endings a word is a part of itself, but for the ت that was a ة: so the text is searched
        for the letters first, and only what holds them is looked at.
        """
        letters = phrase.parts[0].removesuffix("ه")
        if letters not in self.unmasked:
            return  # the text need not be masked
        at = self.text.find(letters)
        while at >= 0:
            place = bisect_right(self.starts, at) - 1
            if self.has(phrase, place):
                yield place
            at = self.text.find(letters, self.ends[place])

    def around(self, hit: Hit) -> tuple[int, int]:
        """Give the place of the first word that a hit touches, clitics included, and that of the word after."""
        begin = hit.start - len(hit.edge.clitic)
        first = max(bisect_right(self.starts, begin) - 1, 0)
        if self.starts and self.ends[first] <= begin:
            first += 1
        return first, bisect_left(self.starts, hit.end)

    def within(self, phrases: Iterable[Phrase], distance: int, hit: Hit) -> str:
        """Give the first of the phrases that begins within a distance, in words, of a hit; empty if none does."""
        first, after = self.around(hit)
        before = self._index(range(max(0, first - distance), first))
        behind = self._index(range(after, min(after + distance, len(self.starts))))
        for phrase in phrases:
            places = before.get(phrase.parts[0], []) if phrase.side != "after" else []
            if phrase.side != "before":
                places = places + behind.get(phrase.parts[0], [])
            if any(self.has(phrase, place) for place in places):
                return phrase.typed
        return ""

    def _index(self, places: Iterable[int]) -> dict[str, list[int]]:
        """Give where each word stands among some places, under every form without clitics and endings."""
        index: dict[str, list[int]] = {}
        for place in places:
            for base in self.bases(place):
                index.setdefault(base, []).append(place)
        return index

    def one_clause(self, low: int, high: int) -> bool:
        """Tell whether no clause ends between the word at one place and the word at a later one."""
        if low < 0 or high >= len(self.starts):
            return False
        return _CLAUSE_END.search(self.text, self.ends[low], self.starts[high]) is None

    def typed(self, at: int) -> str:
        """Give the original character, case and all, behind a folded one."""
        return self.original[self.folded.offsets[at]] if 0 <= at < len(self.folded.text) else ""


class Article:
    """Title and text together, as the context in which cues are looked for."""

    def __init__(self, title: str, text: str) -> None:
        self.pages = (Page("title", title), Page("text", text))
        self.surnames: frozenset[str] = frozenset()  # terms whose name is somebody's surname here
        self._anywhere: dict[tuple[Phrase, ...], str] = {}

    def has_fewer_words(self, count: int) -> bool:
        """Tell whether title and text together are shorter than so many words."""
        return sum(len(page.starts) for page in self.pages) < count

    def anywhere(self, phrases: tuple[Phrase, ...]) -> str:
        """Give the first of the phrases that title or text hold, as typed; empty where they hold none."""
        if phrases not in self._anywhere:
            found = (phrase.typed for phrase in phrases for page in self.pages for _ in page.where(phrase))
            self._anywhere[phrases] = next(found, "")
        return self._anywhere[phrases]
