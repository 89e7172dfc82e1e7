"""What a digest says: the articles of a window, grouped by story, for one subscription. Extractive only.

Theory of operation. An article is news when its relation to the corpus is not a copy. Only news opens a
story; copies are listed in it as appearances, and where their original is not news here (an earlier digest
held it, or it was too old) they are counted and nothing more. A story leads with the earliest article whose
title names a term, and shows the sentence or two of the original text that hold the most different terms. Where
another article holds all that one says and more, that one is to be read, and the story links to it.

In a story that an earlier digest held, what is new leads: an article that adds to an earlier one goes first, and of
such articles only the sentences that are new are quoted.

What cannot be drawn for a fault of our own is set aside, named, and the rest is told.

What a changed watchlist found in articles stored before is late. A story is late where nothing but late mentions
put its news here, and then it is no update, even where an earlier digest held it; beside news, late articles do
not lead. Age is measured up to when an article was first seen, so the time until it was found never makes it old.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rasid.appearances import (
    NO_REASON,
    addition,
    appearances,
    common_credit,
    figures,
    fresh,
    fullest,
    out,
)
from rasid.selection import (
    Found,
    Group,
    all_late,
    by_story,
    chosen,
    grouped,
    hidden_copies,
    hits_in,
    rank,
    wanted_terms,
)
from rasid.snippets import best, opening, sentences, whole
from rasid.trends import is_spike, usual
from rasid.types import (
    Digest,
    DigestStory,
    FailedFeed,
    Language,
    Reason,
    ReportArticle,
    Review,
    SetAside,
    Snippet,
    Subscription,
    Term,
    TermCount,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet


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
    wanted = wanted_terms(subscription, terms)
    found = chosen(subscription, articles, wanted)
    told = [one for one in found if one.article.story_id not in muted]
    stories, aside = _stories(told, wanted, subscription.language)
    reviews, unread = _reviews(told, wanted)
    groups = [group for group, _ in stories]
    news = [one for group in groups for one in group.news]
    return Digest(
        id=digest_id(subscription.id, window[1]),
        subscription_id=subscription.id,
        name=subscription.name,
        language=subscription.language,
        timezone=subscription.timezone,
        window_start=window[0],
        window_end=window[1],
        terms=tuple(
            _count(term, groups, term_days.get(term.id, ()), last_seen.get(term.id))
            for term in wanted.values()
        ),
        stories=tuple(story for _, story in stories[: subscription.max_stories]),
        reviews=reviews,
        failed_feeds=tuple(sorted(failed_feeds, key=lambda feed: (feed.name, feed.feed_id))),
        articles=sum(not one.late for one in news),
        copies=hidden_copies(told, groups),
        outlets=len(_outlets(groups)),
        omitted=len(stories[subscription.max_stories :]),
        omitted_outlets=_outlets(groups[subscription.max_stories :]),
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


# ── stories ───────────────────────────────────────────────────────────────────────────────────────


def _stories(
    found: Iterable[Found], wanted: Mapping[str, Term], language: Language
) -> tuple[list[tuple[Group, DigestStory]], list[SetAside]]:
    """The stories in the order of telling, each with its articles, and beside them what could not be drawn."""
    drawn, aside = [], []
    for members in by_story(found):
        try:
            if (group := grouped(members, wanted)) is not None:
                drawn.append((rank(group, wanted), group, _story(group, language)))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one story, the others are told
            named = next((one for one in members if one.news), members[0])
            aside.append(_set_aside(named.article, error))
    drawn.sort(key=lambda one: one[0])
    return [(group, story) for _, group, story in drawn], aside


def _outlets(groups: Sequence[Group]) -> tuple[str, ...]:
    """Where the news of stories appeared."""
    return tuple(sorted({one.article.outlet for group in groups for one in group.news if not one.late}))


def _set_aside(article: ReportArticle, error: Exception) -> SetAside:
    return SetAside(article.title or article.url, article.url, f"{type(error).__name__}: {error}")


def _story(group: Group, language: Language) -> DigestStory:
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


def _lead(group: Group) -> Found:
    """The earliest article whose title names a term; else the earliest with a title at all; late ones last.

    In a known story, before them the earliest that adds to what was told.
    """

    def rank(one: Found) -> tuple[object, ...]:
        article = group.told[one.article.id]
        names_none = not any(mention.field == "title" for mention in one.matched)
        return not article.title, one.late, group.known and not article.added, names_none, out(article)

    return min((group.source(one) for one in group.news), key=rank)


def _fullest(lead: Found, group: Group) -> Found:
    """The article that holds what the leading one says and more; none that was found late beside news."""
    fit = {one.article.id: one for one in group.all if one.matched and one.late <= lead.late}
    return fit[fullest(group.told[lead.article.id], group.told, fit).id]


def _forms(group: Group) -> tuple[tuple[str, str, int], ...]:
    """Every form as it stands in the news of a story; copies would only count it again."""
    count = Counter((mention.term, mention.text) for one in group.news for mention in one.matched)
    order = {term: place for place, term in enumerate(group.terms)}
    ranked = sorted(count.items(), key=lambda item: (order[item[0][0]], -item[1], item[0][1]))
    return tuple((term, form, number) for (term, form), number in ranked)


def _why(news: Sequence[Found]) -> Reason | None:
    """Why the articles are one story, as the last to join it by its own words was told.

    Of a story's articles only the first stored can have opened it, and an opener's reason says that nothing
    was near; what extends another joined by its original, which its note says. None where no other is left.
    """
    stored = sorted((one.article for one in news), key=lambda article: article.id)
    joined = [one for one in stored[1:] if one.relation != "extends" and one.story_why != NO_REASON]
    return joined[-1].story_why if joined else None


def _count(
    term: Term, groups: Sequence[Group], days: tuple[int, ...], last_seen: datetime | None
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


def _snippets(lead: Found, group: Group) -> tuple[Snippet, ...]:
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


def _first(options: Sequence[Found], lead: Found, group: Group, shown: set[str]) -> Snippet | None:
    """The best snippet of the first article that has one with terms that are not shown yet."""
    for one in options:
        missing = [hit for hit in one.hits if hit.term not in shown]
        marks = [*missing, *figures(group.told[one.article.id])]
        if missing and (found := best(one.article.text, marks, _new_sentences(one, lead, group))):
            return found
    return None


def _new_sentences(one: Found, lead: Found, group: Group) -> list[tuple[int, int]]:
    """The sentences to quote an article by: what its original holds was told before, or stands above."""
    article = group.told[one.article.id]
    every = sentences(article.text)
    original = group.told.get(article.original or 0)
    told_before = group.known or (one is not lead and original is not None)
    return (fresh(article, original) if told_before else every) or every


# ── reviews ───────────────────────────────────────────────────────────────────────────────────────


def _reviews(found: Iterable[Found], wanted: Mapping[str, Term]) -> tuple[tuple[Review, ...], list[SetAside]]:
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


def _review(one: Found, term: str) -> Review:
    mentions = [mention for mention in one.uncertain if mention.term == term]
    article, first = one.article, mentions[0]
    snippet = best(article.text, in_text) if (in_text := hits_in(mentions, "text")) else None
    if snippet is None:
        snippet = whole(article.title, hits_in(mentions, "title"))
    return Review(
        article_id=article.id,
        term=term,
        title=article.title,
        url=article.url,
        outlet=article.outlet,
        snippet=snippet,
        why=first.why,
        late=all_late(mentions),
        story_id=article.story_id,
    )
