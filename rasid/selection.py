"""Which articles a digest tells of: what is fit for one subscription, grouped by story, in the order of telling.

An outlet that the subscription leaves out is as if it were not there: the earliest copy of its article takes its place.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rasid.appearances import as_told, out
from rasid.types import SUPPRESSED, Hit, Language, Mention, ReportArticle, Status, Subscription, Term

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_ARTICLE_LANGUAGES: dict[Language, frozenset[str]] = {
    "ar": frozenset({"ar", "und"}),
    "en": frozenset({"ar", "und", "en"}),
}


@dataclass(frozen=True, slots=True)
class Found:
    """An article with the mentions that this subscription cares about."""

    article: ReportArticle
    matched: tuple[Mention, ...]
    uncertain: tuple[Mention, ...]

    @property
    def news(self) -> bool:
        """Whether it is no copy."""
        return self.article.relation not in SUPPRESSED

    @property
    def named(self) -> bool:
        """Whether it names a term, for certain or perhaps."""
        return bool(self.matched or self.uncertain)

    @property
    def late(self) -> bool:
        """Whether a changed watchlist found it, in an article stored before."""
        return all_late(self.matched)

    @property
    def hits(self) -> tuple[Hit, ...]:
        """Where its text names a term."""
        return hits_in(self.matched, "text")


@dataclass(frozen=True, slots=True)
class Group:
    """The articles of one story: the news in it and all that appeared, both in order of publication."""

    story_id: int
    news: tuple[Found, ...]
    all: tuple[Found, ...]
    told: Mapping[int, ReportArticle]  # by id, as the reader is told of them
    terms: tuple[str, ...]

    @property
    def late(self) -> bool:
        """Whether nothing but a changed watchlist put it here."""
        return all(one.late for one in self.news)

    @property
    def known(self) -> bool:
        """Whether an earlier digest held the story, and this one brings more than a changed watchlist found."""
        return not self.late and any(one.article.story_reported for one in self.news)

    def source(self, one: Found) -> Found:
        """The article that was out first of those with this one's text, where it names a term at all."""
        copies = (each for each in self.all if not each.news and each.article.original == one.article.id)
        first = next((each for each in copies if self.told[each.article.id].relation not in SUPPRESSED), one)
        return first if first.matched else one


# ── fit to be told ────────────────────────────────────────────────────────────────────────────────


def wanted_terms(subscription: Subscription, terms: Mapping[str, Term]) -> dict[str, Term]:
    """The subscription's terms of sufficient importance, most important first, else in its own order."""
    chosen = [terms[name] for name in dict.fromkeys(subscription.terms) if name in terms]
    kept = [term for term in chosen if term.importance >= subscription.min_importance]
    return {term.id: term for term in sorted(kept, key=lambda term: -term.importance)}


def _of_outlets(articles: Sequence[ReportArticle], subscription: Subscription) -> list[ReportArticle]:
    def wanted(article: ReportArticle) -> bool:
        names = {article.outlet, article.feed_id}
        is_in = not subscription.only_outlets or not names.isdisjoint(subscription.only_outlets)
        return is_in and names.isdisjoint(subscription.not_outlets)

    return [article for article in articles if wanted(article)]


def chosen(
    subscription: Subscription, articles: Sequence[ReportArticle], wanted: Mapping[str, Term]
) -> list[Found]:
    """What is fit to be told, with its heirs in the place of their originals."""
    places = heirs(subscription, articles, wanted)

    def placed(article: ReportArticle) -> ReportArticle:
        heir = places.get(article.original or 0)
        if heir == article.id:
            return replace(article, relation="new", original=None)
        return article if heir is None else replace(article, original=heir)

    ours = _of_outlets(articles, subscription)
    return [_found(placed(article), wanted) for article in ours if _is_fresh(article, subscription)]


def _is_fresh(article: ReportArticle, subscription: Subscription) -> bool:
    in_language = article.language in _ARTICLE_LANGUAGES[subscription.language]
    return in_language and article.first_seen - article.published <= subscription.max_age


def _found(article: ReportArticle, wanted: Mapping[str, Term]) -> Found:
    def of(status: Status) -> tuple[Mention, ...]:
        chosen = (one for one in article.mentions if one.term in wanted and one.status == status)
        return tuple(sorted(chosen, key=lambda one: (one.field != "title", one.start, one.end)))

    return Found(article=article, matched=of("matched"), uncertain=of("uncertain"))


def all_late(mentions: Iterable[Mention]) -> bool:
    """Whether a changed watchlist found them all."""
    return all(mention.late for mention in mentions)


def hits_in(mentions: Iterable[Mention], field: str) -> tuple[Hit, ...]:
    """Where the mentions of one field, "title" or "text", stand."""
    return tuple(Hit(one.start, one.end, one.term) for one in mentions if one.field == field)


def heirs(
    subscription: Subscription, articles: Sequence[ReportArticle], terms: Mapping[str, Term]
) -> dict[int, int]:
    """Which copy stands for an original whose outlet is left out: the earliest that may be told; ids, by original.

    Whoever notes what was told notes the original with its heir: else each later copy would be news once more.
    """
    wanted, ours = wanted_terms(subscription, terms), _of_outlets(articles, subscription)
    left_out = {article.id for article in articles} - {article.id for article in ours}
    places: dict[int, int] = {}
    for article in sorted(ours, key=out):
        original = article.original or 0
        if article.relation not in SUPPRESSED or original not in left_out:
            continue
        if _is_fresh(article, subscription) and _found(article, wanted).matched:
            places.setdefault(original, article.id)
    return places


# ── by story ──────────────────────────────────────────────────────────────────────────────────────


def by_story(found: Iterable[Found]) -> list[list[Found]]:
    """The articles of each story, in order of publication."""
    members: defaultdict[int, list[Found]] = defaultdict(list)
    for one in sorted(found, key=lambda one: out(one.article)):
        members[one.article.story_id].append(one)
    return list(members.values())


def grouped(members: Sequence[Found], wanted: Mapping[str, Term]) -> Group | None:
    """One story, of its articles in order of publication; None where none of them is news."""
    news = tuple(one for one in members if one.news and one.matched)
    if not news:
        return None
    # A copy of news belongs to its story even where its cut text holds no term any more.
    originals = {one.article.id for one in news}
    every = tuple(one for one in members if one.matched or one.article.original in originals)
    count = Counter(mention.term for one in news for mention in one.matched)
    order = list(wanted)
    terms = sorted(count, key=lambda term: (-wanted[term].importance, -count[term], order.index(term)))
    told = as_told([one.article for one in every])
    return Group(story_id=members[0].article.story_id, news=news, all=every, told=told, terms=tuple(terms))


def rank(group: Group, wanted: Mapping[str, Term]) -> tuple[bool, int, int, float, int]:
    """What orders stories: news before what was found late, by importance, by outlets, the latest first."""
    outlets = {one.article.outlet for one in group.all}
    latest = max(one.article.published for one in group.all)
    importance = wanted[group.terms[0]].importance
    return group.late, -importance, -len(outlets), -latest.timestamp(), group.story_id


def hidden_copies(found: Iterable[Found], groups: Iterable[Group]) -> int:
    """Copies hidden: those of the stories, and those whose original is not news here."""
    hidden = [one for one in found if one.matched] + [one for group in groups for one in group.all]
    return len({one.article.id for one in hidden if not one.news})
