"""What a digest says: the articles of a window, grouped by story, for one subscription. Extractive only.

Theory of operation. An article is news when its relation to the corpus is not a copy. Only news opens a
story; copies are listed in it as appearances, and where their original is not news here (an earlier digest
held it, or it was too old) they are counted and nothing more. A story leads with the earliest article whose
title names a term, and shows the sentence or two of the original text that hold the most different terms.

What a changed watchlist found in articles stored before is late. A story is late where nothing but late mentions
put its news here, and then it is no update, even where an earlier digest held it; beside news, late articles do
not lead. Age is measured up to when an article was first seen, so the time until it was found never makes it old.

Known exception: a span of more than 260 characters without a space is cut inside, as there is no better
place.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rasid.types import (
    SUPPRESSED,
    Appearance,
    Digest,
    DigestStory,
    FailedFeed,
    Hit,
    Language,
    Mention,
    Reason,
    ReportArticle,
    Review,
    Snippet,
    Status,
    Subscription,
    Term,
    TermCount,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_SNIPPET = 260  # characters: four lines on a telephone, so that a story fits one screen
_LEAD_IN = 90  # characters kept before the first hit of a sentence that is too long
_ARTICLE_LANGUAGES: dict[Language, frozenset[str]] = {
    "ar": frozenset({"ar", "und"}),
    "en": frozenset({"ar", "und", "en"}),
}
_SENTENCE_END = re.compile(r"[.؟!?…]+[»”’\")\]]*(?=\s|\Z)|\n+")
_NO_REASON = Reason(ar="", en="")


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
    def late(self) -> bool:
        return _all_late(self.matched)


@dataclass(frozen=True, slots=True)
class _Group:
    """The articles of one story: the news in it and all that appeared, both in order of publication."""

    story_id: int
    news: tuple[_Found, ...]
    all: tuple[_Found, ...]
    terms: tuple[str, ...]

    @property
    def late(self) -> bool:
        """Whether nothing but a changed watchlist put it here."""
        return all(one.late for one in self.news)


def compose(
    subscription: Subscription,
    articles: Sequence[ReportArticle],
    *,
    window: tuple[datetime, datetime],
    terms: Mapping[str, Term],
    term_days: Mapping[str, tuple[int, ...]],
    failed_feeds: Sequence[FailedFeed],
    now: datetime,
) -> Digest:
    """Compose the digest of one subscription for one window.

    Args:
        subscription: Whose digest it is.
        articles: What was stored in the window or found late, with the mentions of its terms, copies included.
        window: Start and end; a digest is frozen, so the end must not lie ahead of `now`.
        terms: All terms by id.
        term_days: Articles with a term on each of seven local days, oldest first, the last is today.
        failed_feeds: Feeds that could not be read.
        now: The present.

    Raises:
        ValueError: The window has not ended yet, and what is still to come would be lost.
    """
    if window[1] > now:
        raise ValueError(f"the window ends at {window[1]:%Y-%m-%d %H:%M:%S}, which is ahead of now")
    wanted = _wanted(subscription, terms)
    found = [_found(article, wanted) for article in articles if _is_fresh(article, subscription)]
    groups = _groups(found, wanted)
    stories = [_story(group) for group in groups]
    news = [one for group in groups for one in group.news]
    return Digest(
        id=digest_id(subscription.id, window[1]),
        subscription_id=subscription.id,
        name=subscription.name,
        language=subscription.language,
        timezone=subscription.timezone,
        window_start=window[0],
        window_end=window[1],
        terms=tuple(_count(term, groups, term_days.get(term.id, ())) for term in wanted.values()),
        stories=tuple(stories[: subscription.max_stories]),
        reviews=_reviews(found, wanted),
        failed_feeds=tuple(sorted(failed_feeds, key=lambda feed: (feed.name, feed.feed_id))),
        articles=sum(not one.late for one in news),
        copies=_copies(found, groups),
        outlets=len({one.article.outlet for one in news if not one.late}),
        omitted=len(stories[subscription.max_stories :]),
        schedule=subscription.schedule,
        late=sum(one.late for one in news),
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


# ── which articles, which mentions ────────────────────────────────────────────────────────────────


def _wanted(subscription: Subscription, terms: Mapping[str, Term]) -> dict[str, Term]:
    """The subscription's terms of sufficient importance, most important first, else in its own order."""
    chosen = [terms[name] for name in dict.fromkeys(subscription.terms) if name in terms]
    kept = [term for term in chosen if term.importance >= subscription.min_importance]
    return {term.id: term for term in sorted(kept, key=lambda term: -term.importance)}


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


def _published(one: _Found) -> tuple[datetime, datetime, int]:
    return one.article.published, one.article.first_seen, one.article.id


# ── stories ───────────────────────────────────────────────────────────────────────────────────────


def _groups(found: Iterable[_Found], wanted: Mapping[str, Term]) -> list[_Group]:
    """Group by story and order: news before what was found late, by importance, by outlets, the latest first."""
    by_story: defaultdict[int, list[_Found]] = defaultdict(list)
    for one in sorted(found, key=_published):
        by_story[one.article.story_id].append(one)
    groups = [_group(story_id, members, wanted) for story_id, members in by_story.items()]
    return sorted((group for group in groups if group.news), key=lambda group: _rank(group, wanted))


def _group(story_id: int, members: Sequence[_Found], wanted: Mapping[str, Term]) -> _Group:
    news = tuple(one for one in members if one.news and one.matched)
    # A copy of news belongs to its story even where its cut text holds no term any more.
    originals = {one.article.id for one in news}
    every = (one for one in members if one.matched or one.article.original in originals)
    count = Counter(mention.term for one in news for mention in one.matched)
    order = list(wanted)
    terms = sorted(count, key=lambda term: (-wanted[term].importance, -count[term], order.index(term)))
    return _Group(story_id=story_id, news=news, all=tuple(every), terms=tuple(terms))


def _rank(group: _Group, wanted: Mapping[str, Term]) -> tuple[bool, int, int, float, int]:
    outlets = {one.article.outlet for one in group.all}
    latest = max(one.article.published for one in group.all)
    importance = wanted[group.terms[0]].importance
    return group.late, -importance, -len(outlets), -latest.timestamp(), group.story_id


def _story(group: _Group) -> DigestStory:
    lead = _lead(group.news)
    titles = {one.article.id: one.article.title for one in group.all}
    return DigestStory(
        story_id=group.story_id,
        headline=lead.article.title or _opening(lead.article.text),
        url=lead.article.url,
        terms=group.terms,
        snippets=_snippets(lead, group),
        appearances=tuple(_appearance(one.article, titles) for one in group.all),
        matched=_forms(group),
        known=not group.late and any(one.article.story_reported for one in group.news),
        why=_why(group.news),
        late=group.late,
    )


def _lead(news: Sequence[_Found]) -> _Found:
    """The earliest article whose title names a term; else the earliest with a title at all; late ones last."""

    def without_hit(one: _Found) -> bool:
        return not any(mention.field == "title" for mention in one.matched)

    return min(news, key=lambda one: (not one.article.title, one.late, without_hit(one), _published(one)))


def _opening(text: str) -> str:
    """The first sentence, for an article without a title."""
    spans = _sentences(text)
    return (
        _cut(text, *_widest(text, *spans[0], keep=spans[0][0]), bounds=spans[0], marks=()).text
        if spans
        else ""
    )


def _appearance(article: ReportArticle, titles: Mapping[int, str]) -> Appearance:
    return Appearance(
        article_id=article.id,
        outlet=article.outlet,
        title=article.title,
        url=article.url,
        published=article.published,
        relation=article.relation,
        note=_note(article, titles),
    )


def _note(article: ReportArticle, titles: Mapping[int, str]) -> Reason | None:
    """How it relates to its original; where that stands in the same story, without naming it again."""
    if article.relation == "new" or article.copy_why == _NO_REASON:
        return None
    title = titles.get(article.original or 0)
    if title is None:
        return article.copy_why
    if article.relation in SUPPRESSED:
        return _share(article.copy_why) if article.relation == "near" else None
    return _unnamed(article.copy_why, title)


def _share(why: Reason) -> Reason | None:
    """«68% من النص» out of «نسخة من «…»: 68% من النص»; an edited copy rounded to the whole has none."""
    ar, en = why.ar.rpartition("»: "), why.en.rpartition("”: ")
    return Reason(ar[2], en[2]) if ar[1] and en[1] and not ar[2].startswith("100%") else None


def _unnamed(why: Reason, title: str) -> Reason:
    """«يضيف 63 كلمة» out of «يضيف 63 كلمة إلى «…»»; a reason in other words stays as it is."""
    return Reason(why.ar.removesuffix(f" إلى «{title}»"), why.en.removesuffix(f" to “{title}”"))


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
    joined = [one for one in stored[1:] if one.relation != "extends" and one.story_why != _NO_REASON]
    return joined[-1].story_why if joined else None


def _count(term: Term, groups: Sequence[_Group], days: tuple[int, ...]) -> TermCount:
    seven = ((0,) * 7 + days)[-7:]
    found = (mention for group in groups for one in group.news for mention in one.matched)
    return TermCount(
        term=term.id,
        label=term.label,
        label_en=term.label_en,
        stories=sum(1 for group in groups if term.id in group.terms),
        mentions=sum(1 for mention in found if mention.term == term.id),
        days=seven,
        usual=sum(seven[:6]) / 6,
    )


# ── reviews ───────────────────────────────────────────────────────────────────────────────────────


def _reviews(found: Iterable[_Found], wanted: Mapping[str, Term]) -> tuple[Review, ...]:
    """One review for each article and term that is uncertain there and nowhere certain; copies add none."""
    reviews = [
        (wanted[term].importance, one, term)
        for one in found
        if one.news
        for term in dict.fromkeys(mention.term for mention in one.uncertain)
        if term not in {mention.term for mention in one.matched}
    ]
    reviews.sort(key=lambda item: (-item[0], -item[1].article.published.timestamp(), item[1].article.id))
    return tuple(_review(one, term) for _, one, term in reviews)


def _review(one: _Found, term: str) -> Review:
    mentions = [mention for mention in one.uncertain if mention.term == term]
    article, first = one.article, mentions[0]
    snippet = _best(article.text, [mention for mention in mentions if mention.field == "text"])
    if snippet is None:
        snippet = _whole(article.title, [mention for mention in mentions if mention.field == "title"])
    return Review(
        article_id=article.id,
        term=term,
        title=article.title,
        url=article.url,
        outlet=article.outlet,
        snippet=snippet,
        why=first.why,
        late=_all_late(mentions),
    )


# ── snippets ──────────────────────────────────────────────────────────────────────────────────────


def _snippets(lead: _Found, group: _Group) -> tuple[Snippet, ...]:
    """One snippet of the leading article, and a second where the story holds terms that the first lacks.

    Of an article that extends another one of this digest, only the sentences that are new are considered.
    """
    texts = {one.article.id: one.article.text for one in group.all}
    options = [one for one in (lead, *group.news) if any(mention.field == "text" for mention in one.matched)]
    first: Snippet | None = None
    for one in options:
        first = _best(one.article.text, _in_text(one), old=_old(one.article, texts))
        if first is not None:
            break
    if first is None:
        opening = _best(lead.article.text, [])
        return () if opening is None else (opening,)
    shown = {hit.term for hit in first.hits}
    second = _other(options, texts, shown)
    return (first,) if second is None else (first, second)


def _other(options: Sequence[_Found], texts: Mapping[int, str], shown: set[str]) -> Snippet | None:
    for one in options:
        missing = [mention for mention in _in_text(one) if mention.term not in shown]
        snippet = _best(one.article.text, missing, old=_old(one.article, texts)) if missing else None
        if snippet is not None:
            return snippet
    return None


def _in_text(one: _Found) -> list[Mention]:
    return [mention for mention in one.matched if mention.field == "text"]


def _old(article: ReportArticle, texts: Mapping[int, str]) -> frozenset[str]:
    """The sentences of the article that this one extends, where the digest holds both."""
    original = texts.get(article.original or 0, "")
    if article.relation != "extends":
        return frozenset()
    return frozenset(original[start:end] for start, end in _sentences(original))


def _best(text: str, mentions: Sequence[Mention], *, old: frozenset[str] = frozenset()) -> Snippet | None:
    """Cut the sentence or two with the most different terms; without mentions, the opening.

    None where there is no text, or where all that holds a mention is old.
    """
    marks = _apart(mentions)
    spans = [span for span in _sentences(text) if text[span[0] : span[1]] not in old]
    cuts = [cut for span in _spans(text, spans) for cut in _cuts(text, span, marks)]
    if not marks:
        return cuts[0] if cuts else None
    holding = [cut for cut in cuts if cut.hits]
    if not holding:
        return None
    return max(holding, key=lambda cut: (len({hit.term for hit in cut.hits}), len(cut.hits) > 1))


def _apart(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    """Drop mentions that overlap an earlier, longer one: a highlight cannot be split."""
    kept: list[Mention] = []
    for mention in sorted(mentions, key=lambda one: (one.start, -one.end)):
        if not kept or mention.start >= kept[-1].end:
            kept.append(mention)
    return tuple(kept)


def _sentences(text: str) -> list[tuple[int, int]]:
    """Spans of sentences, spaces around them left out. A full stop inside a number or a name ends none."""
    spans, start = [], 0
    for end in [match.end() for match in _SENTENCE_END.finditer(text)] + [len(text)]:
        piece = text[start:end]
        if piece.strip():
            left = len(piece) - len(piece.lstrip())
            spans.append((start + left, start + len(piece.rstrip())))
        start = end
    return spans


def _spans(text: str, sentences: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Each sentence alone, then each with the next one of its paragraph where the two fit."""
    joined = [(one[0], two[1]) for one, two in pairwise(sentences)]
    fitting = [(a, b) for a, b in joined if b - a <= MAX_SNIPPET and "\n" not in text[a:b]]
    return [*sentences, *fitting]


def _cuts(text: str, span: tuple[int, int], marks: Sequence[Mention]) -> list[Snippet]:
    """The snippet of a span; where the span is too long, one around each mention in it."""
    start, end = span
    inside = [mark for mark in marks if start <= mark.start and mark.end <= end]
    if end - start <= MAX_SNIPPET:
        return [_cut(text, start, end, bounds=span, marks=inside)]
    anchors = [mark.start for mark in inside] or [start]
    return [_cut(text, *_widest(text, start, end, keep=at), bounds=span, marks=inside) for at in anchors]


def _widest(text: str, start: int, end: int, *, keep: int) -> tuple[int, int]:
    """The widest part of a span around `keep` that fits with an ellipsis at each side, cut at spaces."""
    room = MAX_SNIPPET - 2
    left = max(start, min(keep - _LEAD_IN, end - room))
    if left > start:
        space = text.find(" ", left, keep)
        left = keep if space < 0 else space + 1
    right = min(end, left + room)
    if right < end and not text[right].isspace():
        space = text.rfind(" ", keep + 1, right)
        right = right if space < 0 else space
    return left, right


def _cut(text: str, start: int, end: int, *, bounds: tuple[int, int], marks: Sequence[Mention]) -> Snippet:
    """Cut text[start:end] out of the sentence at `bounds`, with an ellipsis where words are missing."""
    before = "…" if start > bounds[0] else ""
    after = "…" if end < bounds[1] else ""
    shift = len(before) - start
    hits = (
        Hit(start=mark.start + shift, end=mark.end + shift, term=mark.term)
        for mark in marks
        if start <= mark.start and mark.end <= end
    )
    return Snippet(text=before + text[start:end] + after, hits=tuple(hits))


def _whole(text: str, mentions: Iterable[Mention]) -> Snippet:
    hits = (Hit(start=one.start, end=one.end, term=one.term) for one in _apart(mentions))
    return Snippet(text=text, hits=tuple(hits))
