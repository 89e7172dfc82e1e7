"""What a digest says: the articles of a window, grouped by story, for one subscription. Extractive only.

Theory of operation. An article is news when its relation to the corpus is not a copy. Only news opens a
story; copies are listed in it as appearances, and where their original is not news here (an earlier digest
held it, or it was too old) they are counted and nothing more. A story leads with the earliest article whose
title names a term, and shows the sentence or two of the original text that hold the most different terms. Where
another article holds all that one says and more, that one is to be read, and the story links to it.

In a story that an earlier digest held, what is new leads: an article that adds to an earlier one goes first, and of
such articles only the sentences that are new are quoted.

An outlet that the subscription leaves out is as if it were not there: the earliest copy of its article takes its place.
What cannot be drawn for a fault of our own is set aside, named, and the rest is told.

What a changed watchlist found in articles stored before is late. A story is late where nothing but late mentions
put its news here, and then it is no update, even where an earlier digest held it; beside news, late articles do
not lead. Age is measured up to when an article was first seen, so the time until it was found never makes it old.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rasid.appearances import (
    NO_REASON,
    addition,
    appearances,
    as_told,
    common_credit,
    figures,
    fresh,
    fullest,
    out,
)
from rasid.snippets import best, opening, sentences, whole
from rasid.trends import is_spike, usual
from rasid.types import (
    SUPPRESSED,
    Digest,
    DigestStory,
    FailedFeed,
    Hit,
    Language,
    Mention,
    Reason,
    ReportArticle,
    Review,
    SetAside,
    Snippet,
    Status,
    Subscription,
    Term,
    TermCount,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

_ARTICLE_LANGUAGES: dict[Language, frozenset[str]] = {
    "ar": frozenset({"ar", "und"}),
    "en": frozenset({"ar", "und", "en"}),
}


@dataclass(frozen=True, slots=True)
class _Found:
    """An article with the mentions that this subscription cares about."""

    article: ReportArticle
    matched: tuple[Mention, ...]
    uncertain: tuple[Mention, ...]

    @property
    def news(self) -> bool:
        return self.article.relation not in SUPPRESSED

    @property
    def named(self) -> bool:
        """Whether it names a term, for certain or perhaps."""
        return bool(self.matched or self.uncertain)

    @property
    def late(self) -> bool:
        return _all_late(self.matched)

    @property
    def hits(self) -> tuple[Hit, ...]:
        """Where its text names a term."""
        return _hits(self.matched, "text")


@dataclass(frozen=True, slots=True)
class _Group:
    """The articles of one story: the news in it and all that appeared, both in order of publication."""

    story_id: int
    news: tuple[_Found, ...]
    all: tuple[_Found, ...]
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

    def source(self, one: _Found) -> _Found:
        """The article that was out first of those with this one's text, where it names a term at all."""
        copies = (each for each in self.all if not each.news and each.article.original == one.article.id)
        first = next((each for each in copies if self.told[each.article.id].relation not in SUPPRESSED), one)
        return first if first.matched else one


def compose(
    subscription: Subscription,
    articles: Sequence[ReportArticle],
    *,
    window: tuple[datetime, datetime],
    terms: Mapping[str, Term],
    term_days: Mapping[str, tuple[int, ...]],
    failed_feeds: Sequence[FailedFeed],
    now: datetime,
    last_seen: Mapping[str, datetime] = MappingProxyType({}),
    muted: AbstractSet[int] = frozenset(),
) -> Digest:
    """Compose the digest of one subscription for one window.

    Args:
        subscription: Whose digest it is.
        articles: What was stored in the window or found late, with the mentions of its terms, copies included.
        window: Start and end; a digest is frozen, so the end must not lie ahead of `now`.
        terms: All terms by id.
        term_days: Articles with a term on each of at least seven local days, oldest first, the last is today. The
            last seven are drawn; all before today tell what is usual.
        failed_feeds: Feeds that could not be read.
        now: The present.
        last_seen: When a term was last named before the last seven days; none: never.
        muted: Stories that an operator muted for all: counted, and told no more.

    Raises:
        ValueError: The window has not ended yet, and what is still to come would be lost.
    """
    if window[1] > now:
        raise ValueError(f"the window ends at {window[1]:%Y-%m-%d %H:%M:%S}, which is ahead of now")
    wanted = _wanted(subscription, terms)
    found = _chosen(subscription, articles, wanted)
    told = [one for one in found if one.article.story_id not in muted]
    groups = _groups(told, wanted)
    shown, stories, aside = [], [], []
    for group in groups:
        try:
            stories.append(_story(group, subscription.language))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one story, the others are told
            aside.append(_set_aside(group.news[0].article, error))
        else:
            shown.append(group)
    reviews, unread = _reviews(told, wanted)
    news = [one for group in shown for one in group.news]
    return Digest(
        id=digest_id(subscription.id, window[1]),
        subscription_id=subscription.id,
        name=subscription.name,
        language=subscription.language,
        timezone=subscription.timezone,
        window_start=window[0],
        window_end=window[1],
        terms=tuple(
            _count(term, shown, term_days.get(term.id, ()), last_seen.get(term.id))
            for term in wanted.values()
        ),
        stories=tuple(stories[: subscription.max_stories]),
        reviews=reviews,
        failed_feeds=tuple(sorted(failed_feeds, key=lambda feed: (feed.name, feed.feed_id))),
        articles=sum(not one.late for one in news),
        copies=_copies(told, shown),
        outlets=len({one.article.outlet for one in news if not one.late}),
        omitted=len(stories[subscription.max_stories :]),
        schedule=subscription.schedule,
        late=sum(one.late for one in news),
        muted=len({one.article.story_id for one in found if one.named} & muted),
        set_aside=(*aside, *unread),
    )


def day_bounds(now: datetime, timezone: str, days: int = 7) -> list[tuple[datetime, datetime]]:
    """Return the bounds of local days in UTC, oldest first; the last is today."""
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    midnights = [
        datetime.combine(first + timedelta(days=n), datetime.min.time(), tzinfo=zone).astimezone(UTC)
        for n in range(days + 1)
    ]
    return list(pairwise(midnights))


def digest_id(subscription_id: str, window_end: datetime) -> str:
    """Return the digest's id: the subscription and the end of the window in UTC."""
    return f"{subscription_id}-{window_end.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def heirs(
    subscription: Subscription, articles: Sequence[ReportArticle], terms: Mapping[str, Term]
) -> dict[int, int]:
    """Which copy stands for an original whose outlet is left out: the earliest that may be told; ids, by original.

    Whoever notes what was told notes the original with its heir: else each later copy would be news once more.
    """
    wanted, ours = _wanted(subscription, terms), _of_outlets(articles, subscription)
    left_out = {article.id for article in articles} - {article.id for article in ours}
    places: dict[int, int] = {}
    for article in sorted(ours, key=out):
        original = article.original or 0
        if article.relation not in SUPPRESSED or original not in left_out:
            continue
        if _is_fresh(article, subscription) and _found(article, wanted).matched:
            places.setdefault(original, article.id)
    return places


# ── which articles, which mentions ────────────────────────────────────────────────────────────────


def _wanted(subscription: Subscription, terms: Mapping[str, Term]) -> dict[str, Term]:
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


def _chosen(
    subscription: Subscription, articles: Sequence[ReportArticle], wanted: Mapping[str, Term]
) -> list[_Found]:
    """What is fit to be told, with its heirs in the place of their originals."""
    places = heirs(subscription, articles, wanted)

    def placed(article: ReportArticle) -> ReportArticle:
        heir = places.get(article.original or 0)
        if heir == article.id:
            return replace(article, relation="new", original=None)
        return article if heir is None else replace(article, original=heir)

    ours = _of_outlets(articles, subscription)
    return [_found(placed(article), wanted) for article in ours if _is_fresh(article, subscription)]


def _set_aside(article: ReportArticle, error: Exception) -> SetAside:
    return SetAside(article.title or article.url, article.url, f"{type(error).__name__}: {error}")


def _is_fresh(article: ReportArticle, subscription: Subscription) -> bool:
    in_language = article.language in _ARTICLE_LANGUAGES[subscription.language]
    return in_language and article.first_seen - article.published <= subscription.max_age


def _found(article: ReportArticle, wanted: Mapping[str, Term]) -> _Found:
    def of(status: Status) -> tuple[Mention, ...]:
        chosen = (one for one in article.mentions if one.term in wanted and one.status == status)
        return tuple(sorted(chosen, key=lambda one: (one.field != "title", one.start, one.end)))

    return _Found(article=article, matched=of("matched"), uncertain=of("uncertain"))


def _copies(found: Iterable[_Found], groups: Iterable[_Group]) -> int:
    """Copies hidden: those of the stories, and those whose original is not news here."""
    hidden = [one for one in found if one.matched] + [one for group in groups for one in group.all]
    return len({one.article.id for one in hidden if not one.news})


def _all_late(mentions: Iterable[Mention]) -> bool:
    return all(mention.late for mention in mentions)


def _hits(mentions: Iterable[Mention], field: str) -> tuple[Hit, ...]:
    return tuple(Hit(one.start, one.end, one.term) for one in mentions if one.field == field)


# ── stories ───────────────────────────────────────────────────────────────────────────────────────


def _groups(found: Iterable[_Found], wanted: Mapping[str, Term]) -> list[_Group]:
    """Group by story and order: news before what was found late, by importance, by outlets, the latest first."""
    by_story: defaultdict[int, list[_Found]] = defaultdict(list)
    for one in sorted(found, key=lambda one: out(one.article)):
        by_story[one.article.story_id].append(one)
    groups = [_group(story_id, members, wanted) for story_id, members in by_story.items()]
    return sorted((group for group in groups if group.news), key=lambda group: _rank(group, wanted))


def _group(story_id: int, members: Sequence[_Found], wanted: Mapping[str, Term]) -> _Group:
    news = tuple(one for one in members if one.news and one.matched)
    # A copy of news belongs to its story even where its cut text holds no term any more.
    originals = {one.article.id for one in news}
    every = tuple(one for one in members if one.matched or one.article.original in originals)
    count = Counter(mention.term for one in news for mention in one.matched)
    order = list(wanted)
    terms = sorted(count, key=lambda term: (-wanted[term].importance, -count[term], order.index(term)))
    told = as_told([one.article for one in every])
    return _Group(story_id=story_id, news=news, all=every, told=told, terms=tuple(terms))


def _rank(group: _Group, wanted: Mapping[str, Term]) -> tuple[bool, int, int, float, int]:
    outlets = {one.article.outlet for one in group.all}
    latest = max(one.article.published for one in group.all)
    importance = wanted[group.terms[0]].importance
    return group.late, -importance, -len(outlets), -latest.timestamp(), group.story_id


def _story(group: _Group, language: Language) -> DigestStory:
    earliest = _lead(group)
    lead = _fullest(earliest, group)
    snippets = _snippets(lead, group)
    title = lead.article.title or earliest.article.title
    return DigestStory(
        story_id=group.story_id,
        headline=title or opening(lead.article.text),
        url=lead.article.url,
        terms=group.terms,
        snippets=snippets,
        appearances=appearances(
            group.told.values(), {one.article.id: one.hits for one in group.all}, snippets, language
        ),
        matched=_forms(group),
        known=group.known,
        why=_why(group.news),
        late=group.late,
        wire=common_credit(group.told.values(), language),
    )


def _lead(group: _Group) -> _Found:
    """The earliest article whose title names a term; else the earliest with a title at all; late ones last.

    In a known story, before them the earliest that adds to what was told.
    """

    def rank(one: _Found) -> tuple[object, ...]:
        article = group.told[one.article.id]
        names_none = not any(mention.field == "title" for mention in one.matched)
        return not article.title, one.late, group.known and not article.added, names_none, out(article)

    return min((group.source(one) for one in group.news), key=rank)


def _fullest(lead: _Found, group: _Group) -> _Found:
    """The article that holds what the leading one says and more; none that was found late beside news."""
    fit = {one.article.id: one for one in group.all if one.matched and one.late <= lead.late}
    return fit[fullest(group.told[lead.article.id], group.told, fit).id]


def _forms(group: _Group) -> tuple[tuple[str, str, int], ...]:
    """Every form as it stands in the news of a story; copies would only count it again."""
    count = Counter((mention.term, mention.text) for one in group.news for mention in one.matched)
    order = {term: place for place, term in enumerate(group.terms)}
    ranked = sorted(count.items(), key=lambda item: (order[item[0][0]], -item[1], item[0][1]))
    return tuple((term, form, number) for (term, form), number in ranked)


def _why(news: Sequence[_Found]) -> Reason | None:
    """Why the articles are one story, as the last to join it by its own words was told.

    Of a story's articles only the first stored can have opened it, and an opener's reason says that nothing
    was near; what extends another joined by its original, which its note says. None where no other is left.
    """
    stored = sorted((one.article for one in news), key=lambda article: article.id)
    joined = [one for one in stored[1:] if one.relation != "extends" and one.story_why != NO_REASON]
    return joined[-1].story_why if joined else None


def _count(
    term: Term, groups: Sequence[_Group], days: tuple[int, ...], last_seen: datetime | None
) -> TermCount:
    seven = ((0,) * 7 + days)[-7:]
    before = ((0,) * 6 + days[:-1])[-max(6, len(days) - 1) :]
    today_alone = seven[-1] > 0 and not any(seven[:-1])
    found = (mention for group in groups for one in group.news for mention in one.matched)
    return TermCount(
        term=term.id,
        label=term.label,
        label_en=term.label_en,
        stories=sum(1 for group in groups if term.id in group.terms),
        mentions=sum(1 for mention in found if mention.term == term.id),
        days=seven,
        usual=usual(before),
        spike=is_spike(seven[-1], before),
        last_seen=last_seen if today_alone else None,
        first=today_alone and last_seen is None,
    )


# ── snippets ──────────────────────────────────────────────────────────────────────────────────────


def _snippets(lead: _Found, group: _Group) -> tuple[Snippet, ...]:
    """One snippet of the leading article, and a second where the story holds terms that the first lacks.

    In a known story the first is what the leading article adds, where it adds anything.
    """
    options = [one for one in (lead, *group.news) if one.hits]
    first = addition(group.told[lead.article.id], lead.hits) if group.known else None
    if first is None:
        first = _first(options, lead, group, set())
    if first is None:
        first = best(lead.article.text, lead.hits) or best(lead.article.text, ())
        return () if first is None else (first,)
    second = _first(options, lead, group, {hit.term for hit in first.hits})
    return (first,) if second is None else (first, second)


def _first(options: Sequence[_Found], lead: _Found, group: _Group, shown: set[str]) -> Snippet | None:
    """The best snippet of the first article that has one with terms that are not shown yet."""
    for one in options:
        missing = [hit for hit in one.hits if hit.term not in shown]
        marks = [*missing, *figures(group.told[one.article.id])]
        if missing and (found := best(one.article.text, marks, _new_sentences(one, lead, group))):
            return found
    return None


def _new_sentences(one: _Found, lead: _Found, group: _Group) -> list[tuple[int, int]]:
    """The sentences to quote an article by: what its original holds was told before, or stands above."""
    article = group.told[one.article.id]
    every = sentences(article.text)
    original = group.told.get(article.original or 0)
    told_before = group.known or (one is not lead and original is not None)
    return (fresh(article, original) if told_before else every) or every


# ── reviews ───────────────────────────────────────────────────────────────────────────────────────


def _reviews(
    found: Iterable[_Found], wanted: Mapping[str, Term]
) -> tuple[tuple[Review, ...], list[SetAside]]:
    """One review for each article and term that is uncertain there and nowhere certain; copies add none.

    Beside them what could not be drawn.
    """
    reviews = [
        (wanted[term].importance, one, term)
        for one in found
        if one.news
        for term in dict.fromkeys(mention.term for mention in one.uncertain)
        if term not in {mention.term for mention in one.matched}
    ]
    reviews.sort(key=lambda item: (-item[0], -item[1].article.published.timestamp(), item[1].article.id))
    drawn, aside = [], []
    for _, one, term in reviews:
        try:
            drawn.append(_review(one, term))
        except Exception as error:  # noqa: BLE001 - as with stories
            aside.append(_set_aside(one.article, error))
    return tuple(drawn), aside


def _review(one: _Found, term: str) -> Review:
    mentions = [mention for mention in one.uncertain if mention.term == term]
    article, first = one.article, mentions[0]
    snippet = best(article.text, in_text) if (in_text := _hits(mentions, "text")) else None
    if snippet is None:
        snippet = whole(article.title, _hits(mentions, "title"))
    return Review(
        article_id=article.id,
        term=term,
        title=article.title,
        url=article.url,
        outlet=article.outlet,
        snippet=snippet,
        why=first.why,
        late=_all_late(mentions),
        story_id=article.story_id,
    )
