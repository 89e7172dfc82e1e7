"""Where sources are named in folded text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from rasid.attribution.patterns import WORD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rasid.attribution.sources import Source

_CLITICS: Final = frozenset({"", *"وفلبك", "ول", "فل", "وب", "وك", "ال", "وال", "بال", "لل"})
_LONGEST_CLITIC: Final = max(map(len, _CLITICS))


class Found(NamedTuple):
    """A source and the words that name it."""

    start: int  # in the folded text
    end: int
    source: Source  # without an id: a word for an outlet, or a name that nobody knows
    vouched: bool = False  # the words hold the phrase already

    def moved(self, by: int) -> Found:
        """Give the same, further on in the text."""
        return self._replace(start=self.start + by, end=self.end + by)


class Names:
    """Finds spellings as whole words, a clitic before them left out."""

    def __init__(self, spellings: Mapping[str, Source]) -> None:
        self._sources = list(spellings.values())
        # 370 spellings take 2 MB so, and half the time of the engine that the library would choose.
        self._automaton = AhoCorasick(list(spellings), implementation=Implementation.DFA)

    def every(self, folded: str) -> list[Found]:
        """Give all names, also those that lie over each other."""
        return [
            Found(start, end, self._sources[which])
            for which, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True)
            if not WORD.match(folded, end) and _begins(folded, start)
        ]

    def find(self, folded: str) -> list[Found]:
        """Give the names in order, the longest where several lie over each other."""
        return longest(self.every(folded))


def longest(names: Iterable[Found]) -> list[Found]:
    """Give names in order: of those that lie over each other the first, of those that begin together the longest."""
    apart: list[Found] = []
    for name in sorted(names, key=lambda name: (name.start, -name.end)):
        if not apart or name.start >= apart[-1].end:
            apart.append(name)
    return apart


def _begins(text: str, start: int) -> bool:
    """Tell whether a word begins here, but for a clitic."""
    begin = start
    while begin and start - begin <= _LONGEST_CLITIC and WORD.match(text, begin - 1):
        begin -= 1
    return text[begin:start] in _CLITICS
