"""The agencies and papers that are known by name, and their spellings: `sources.txt`, read at first use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from rasid.text import fold


@dataclass(frozen=True, slots=True)
class Source:
    """An agency or a paper."""

    id: str
    name_ar: str
    name_en: str
    sells: bool  # its texts, which others print as they are: an agency, not a paper


class Spelled(NamedTuple):
    """A source and how it is spelled, folded."""

    source: Source
    sure: tuple[str, ...]
    short: tuple[str, ...]


class _Table(NamedTuple):
    all: tuple[Spelled, ...]
    by_id: dict[str, Source]
    by_spelling: dict[str, Source]
    ambiguous: frozenset[str]  # spellings that are words too, or letters of a list


@cache
def table() -> _Table:
    """Read the table."""
    text = files(__package__).joinpath("sources.txt").read_text(encoding="utf-8")
    sells = False
    every: list[Spelled] = []
    ambiguous: set[str] = set()
    for line, folded in zip(text.splitlines(), fold(text).text.splitlines(), strict=True):
        if line.startswith("["):
            sells = line == "[agencies]"
        elif line and not line.startswith("#"):
            source_id, name_ar, name_en, _, _ = (column.strip() for column in line.split("|"))
            _, name, _, sure, short = folded.split("|")
            shorts = _spellings(short)
            sures = _spellings(sure if "وكال" in name else f"{name}،{sure}")
            ambiguous |= {spelling for spelling, is_word in (sures | shorts).items() if is_word}
            every.append(
                Spelled(
                    Source(source_id, name_ar, name_en, sells),
                    tuple(spelling for spelling in sures if spelling not in shorts),
                    tuple(shorts),
                )
            )
    return _Table(
        tuple(every),
        {one.source.id: one.source for one in every},
        {spelling: one.source for one in every for spelling in one.sure + one.short},
        frozenset(ambiguous),
    )


def _spellings(column: str) -> dict[str, bool]:
    """Give the spellings that a column of the table stands for, and whether they are words too."""
    names = (name.strip() for name in column.split("،"))
    return {
        spelling: name.endswith("?")
        for name in names
        if name
        for spelling in _written(name.removesuffix("?"))
    }


def _written(name: str) -> list[str]:
    """Write single letters («أ ف ب») also with dots and drawn together, short words («بي بي سي») also with dots."""
    words = name.split(" ")
    longest = max(map(len, words))
    if len(words) > 1 and longest == 1:
        dotted = [joint.join(words) for joint in (" ", ".", ". ", " . ")]
        first, last = "".join(words[:2]), "".join(words[-2:])
        return [*dotted, " ".join([first, *words[2:]]), " ".join([*words[:-2], last])]
    return [name, ".".join(words)] if len(words) > 2 and longest <= 3 else [name]
