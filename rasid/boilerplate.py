"""Boilerplate by experience: the lines that an outlet prints under everything.

Theory of operation. Patterns know the footers of the press at large; an outlet's own disclaimer, its list of sections
or the paragraph on export rules that it pastes under every report are learned. Lines of articles that are new are
counted: copies, updates and other editions repeat their original's lines. A line that stood in three articles of an
outlet is its boilerplate; one that stood under three outlets, each time in another story, is everybody's: twelve
reports of one speech quote the same sentence, and it is no boilerplate for that.

What is learned counts for nothing when texts are compared (see `rasid.shingles`, which leaves an article alone where
little would remain). It is never cut out of the text that people read, and its mentions are found as before: where
learning errs, two articles are compared by less than they hold, and nothing disappears.

The database learns by the same rules; this is the memory of one process.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from rasid.shingles import read_words
from rasid.types import LearnedLines

if TYPE_CHECKING:
    from collections.abc import Iterable

LEARNED_AFTER: Final = 3
"""Articles of an outlet that hold a line, or outlets that print it. Two may be chance, or a story told twice."""


def own_text(text: str, known: frozenset[int]) -> str:
    """The text without those lines, for what looks at its beginning alone."""
    if not known:
        return text
    return "\n".join(line for line in text.split("\n") if known.isdisjoint(read_words(line).lines))


class LineCounts:
    """What one process has learned."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, int]] = Counter()  # (outlet, line); outlet "": outlets that print it
        self._last_story: dict[int, int] = {}  # in which another outlet was counted
        self._by_outlet: defaultdict[str, set[int]] = defaultdict(set)
        self._everywhere: set[int] = set()
        self.learned = LearnedLines(self._by_outlet, self._everywhere)
        """What is known; it grows with what is added."""

    def add(self, outlet: str, story: int, lines: Iterable[int]) -> None:
        """Count the lines of a new article of an outlet; of an unknown outlet nothing can be learned."""
        for line in lines if outlet else ():
            self._counts[outlet, line] += 1
            if self._counts[outlet, line] == LEARNED_AFTER:
                self._by_outlet[outlet].add(line)
            if self._counts[outlet, line] == 1 and self._last_story.get(line) != story:
                self._last_story[line] = story
                self._counts["", line] += 1
                if self._counts["", line] == LEARNED_AFTER:
                    self._everywhere.add(line)
