"""The archive read again: what a watchlist finds in it, what a changed one finds differently."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rasid.matching import Matcher
from rasid.matching.probing import groups

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from rasid.app.stages import Progress
    from rasid.types import Mention, Term
    from storage import ArchivedArticle, Store

PAGE = 200
"""Articles read at once: a megabyte of text."""


def reading(
    store: Store, terms: Sequence[Term], *, since: datetime | None, after: int = 0
) -> Iterator[list[ArchivedArticle]]:
    """Give, page by page in order of id, the articles first seen since then that may hold one of the terms."""
    asked = groups(terms, store.archive_words())
    while asked and (ids := store.articles_with(asked, since=since, after=after, limit=PAGE)):
        yield store.archived(ids)
        after = ids[-1]


# ── back-test ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Sample:
    """A mention with the article that it is in."""

    article: ArchivedArticle
    mention: Mention


@dataclass(slots=True)
class TermResult:
    """What a back-test says of a term."""

    articles: int = 0
    matched: int = 0
    uncertain: int = 0
    outlets: Counter[str] = field(default_factory=Counter)  # articles
    samples: list[Sample] = field(default_factory=list)  # the newest
    gained: list[Sample] = field(default_factory=list)  # not found by the older version; the newest
    lost: list[Sample] = field(default_factory=list)  # found by the older version only; the newest
    gains: int = 0  # all of them
    losses: int = 0


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a watchlist finds in the archive; nothing is stored."""

    articles: int  # in the archive since then
    read: int  # of those, what the index said may hold a term
    terms: dict[str, TermResult]
    compared: bool  # with an older version


def backtest(
    store: Store,
    terms: Mapping[str, Term],
    older: Mapping[str, Term] | None,
    wanted: Collection[str],
    *,
    since: datetime | None,
    samples: int,
    progress: Progress,
) -> Backtest:
    """Find the wanted terms in the archive, with the terms as they are and as they were.

    `terms` and `older` are all terms, as queries may refer to any; only what is found of `wanted` is told.
    """
    new, old = Matcher(list(terms.values())), Matcher(list((older or {}).values()))
    asked = [*with_references(terms, wanted), *with_references(older or {}, wanted)]
    results = {term: TermResult() for term in wanted}
    total, read = store.archive_size(since), 0
    for page in reading(store, asked, since=since):
        for article in page:
            found = new.find(article.text, article.title)
            before = old.find(article.text, article.title) if older is not None else found
            _count(results, article, found, before, samples)
        read += len(page)
        progress("articles", read, 0)
    return Backtest(total, read, results, compared=older is not None)


def with_references(terms: Mapping[str, Term], wanted: Collection[str]) -> list[Term]:
    """Give the wanted terms that there are; a query with no words of its own is found by its terms."""
    from rasid.matching.queries import leaves

    found: dict[str, Term] = {}
    waiting = [name for name in wanted if name in terms]
    while waiting:
        term = terms[waiting.pop()]
        if term.id not in found:
            found[term.id] = term
            references = leaves(term.query) if term.query else ()
            waiting += [leaf.value for leaf in references if leaf.op == "term" and leaf.value in terms]
    return list(found.values())


def _count(
    results: dict[str, TermResult],
    article: ArchivedArticle,
    found: Sequence[Mention],
    before: Sequence[Mention],
    samples: int,
) -> None:
    """Add an article's mentions to the results; lists keep the newest, as articles come in order of id."""
    known, now = {_place(mention) for mention in before}, {_place(mention) for mention in found}
    named = {mention.term for mention in found}
    for term in named & results.keys():
        results[term].articles += 1
        results[term].outlets[article.outlet] += 1
    for mention in found:
        if mention.term in results:
            result = results[mention.term]
            result.matched += mention.status == "matched"
            result.uncertain += mention.status == "uncertain"
            _keep(result.samples, Sample(article, mention), samples)
            if _place(mention) not in known:
                result.gains += 1
                _keep(result.gained, Sample(article, mention), samples)
    for mention in before:
        if mention.term in results and _place(mention) not in now:
            results[mention.term].losses += 1
            _keep(results[mention.term].lost, Sample(article, mention), samples)


def _place(mention: Mention) -> tuple[str, str, int, int]:
    return mention.term, mention.field, mention.start, mention.end


def _keep(kept: list[Sample], sample: Sample, most: int) -> None:
    kept.append(sample)
    if len(kept) > most:
        del kept[0]
