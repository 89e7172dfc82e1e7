"""Which articles of an archive are worth reading for some terms: asked of the words that its index holds.

A spelling that the matcher finds lies in one word of an article, with clitics or glued letters around it, or spans
several, to which nothing is glued: clitics may stand before the first, an s behind the last. So the archive's distinct
words are read once, by one automaton, and what is asked of the index is a superset of what the matcher finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ahocorasick_rs import BytesAhoCorasick

from rasid.matching import queries
from rasid.matching.alphabet import encode
from rasid.matching.compiling import PROCLITICS, compile_terms, phrases
from rasid.text import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rasid.types import Term

Groups = list[list[list[str]]]
"""OR over groups of AND over parts of OR over words, as the archive's index is asked."""

_BATCH = 50_000  # words read at once: a megabyte


def groups(terms: Sequence[Term], vocabulary: Iterable[str]) -> Groups:
    """Give the words of a vocabulary that an article must hold for one of the terms to be found in it."""
    asked = {tuple(parts) for parts in _parts(terms)}
    single = {parts[0] for parts in asked if len(parts) == 1}
    spread = {parts for parts in asked if len(parts) > 1 and not any(part in single for part in parts)}
    holding: dict[str, set[str]] = {part: set() for part in single.union(*spread)}
    for part, word in _occurrences(sorted(holding), vocabulary):
        holding[part].add(word)
    found: Groups = [[sorted(set[str]().union(*(holding[part] for part in single)))]]
    for first, *between, last in sorted(spread):
        exact = [{f"{clitic}{first}" for clitic in PROCLITICS}, *({part} for part in between)]
        exact.append({last, f"{last}s"})
        parts = zip((first, *between, last), exact, strict=True)
        found.append([sorted(holding[part] & words_) for part, words_ in parts])
    return [group for group in found if all(group)]


def _parts(terms: Sequence[Term]) -> Iterator[list[str]]:
    """Give the words of every spelling, and one of every word of a query."""
    for spelling in compile_terms(terms):
        if parts := words(spelling):
            yield parts
    for term in terms:
        for leaf in queries.leaves(term.query) if term.query else ():
            if leaf.op == "words":
                yield [phrases([leaf.value])[0].parts[0].removesuffix("ه")]


def _occurrences(parts: Sequence[str], vocabulary: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give each part with each word that holds it."""
    if not parts:
        return
    automaton = BytesAhoCorasick([encode(part) for part in parts])
    for batch in _batches(vocabulary):
        joined = "\n".join(batch)
        begins = np.cumsum([0, *(len(word) + 1 for word in batch)])
        for index, start, end in automaton.find_matches_as_indexes(encode(joined), overlapping=True):
            if joined[start:end] == parts[index]:  # rare letters share bytes
                yield parts[index], batch[int(np.searchsorted(begins, start, side="right")) - 1]


def _batches(vocabulary: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for word in vocabulary:
        batch.append(word)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
