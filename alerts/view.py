"""A digest made ready to be shown: every string in its language, clean and bounded, every link checked.

HTML, plain text and Slack draw the same view, so they say the same. All limits here bound the size of a
mail and of a Slack section whatever the titles hold; nothing is cut without saying how much more there is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

from alerts import words
from alerts.bidi import Direction, clean, clean_snippet, clip, direction
from alerts.links import Reader, safe_link
from alerts.setting import MAX_NAME, MAX_NOTE, Setting
from rasid.schedule import Rests, describe
from rasid.types import (
    SUPPRESSED,
    Appearance,
    Digest,
    DigestStory,
    FailedFeed,
    Language,
    Review,
    SetAside,
    Snippet,
    TermCount,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

Item = TypeVar("Item", DigestStory, Review)
Drawing = TypeVar("Drawing")
Tone = Literal["up", "new", "mut"]  # a rise; something new; neither

MAX_TITLE = 200
MAX_SNIPPET = 400  # the composer keeps to 260; a title shown for review may be longer
MAX_ADDED = 262  # the composer's 260 and an ellipsis at each side
MAX_ADDITIONS = 3  # of one story; the notes of further articles still say how much they add
MAX_ERROR = 120
MAX_COPIES = 4  # of one story; agencies' copies can be fifty
MAX_ARTICLES = 6  # of one story, copies not counted
MAX_FORMS = 8
MAX_TERMS = 8  # two rows of the table
MAX_REVIEWS = 8
MAX_ASIDES = 5
MAX_FEEDS = 10
_HEADLINES = 4  # in subject and preheader
BAR_HEIGHT = 24  # pixels of the tallest day


@dataclass(frozen=True, slots=True)
class Bold:
    """A stretch of a sentence, bold or not."""

    text: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a reader can do."""

    text: str
    link: str


@dataclass(frozen=True, slots=True)
class TermView:
    """A term's cell: its figure, seven bars and what is usual."""

    label: str
    stories: str  # the figure alone, where it is drawn large
    counted: str  # with its noun, in a line
    caption: str
    tone: Tone
    bars: tuple[int, ...]  # heights in pixels, oldest first
    alt: str


@dataclass(frozen=True, slots=True)
class AppearanceView:
    """One outlet's line within a story."""

    outlet: str
    link: str | None
    when: str
    credit: str  # whose report it passes on, where the story does not say it for all
    note: str
    added: Snippet | None  # what it adds, in its own words
    direction: Direction  # of what it adds


@dataclass(frozen=True, slots=True)
class StoryView:
    """One story."""

    headline: str
    link: str | None
    direction: Direction  # of headline and snippets, which stay in the article's language
    tag: str  # what kind of news it is: an update, or found late; else empty
    chips: tuple[str, ...]
    snippets: tuple[Snippet, ...]
    appearances: tuple[AppearanceView, ...]
    more: tuple[str, ...]
    foot: tuple[str, ...]  # whose report it is, why it matched, why these articles are one story
    actions: tuple[Action, ...]
    story_id: int


@dataclass(frozen=True, slots=True)
class ReviewView:
    """One uncertain mention."""

    tag: str  # as in StoryView
    term: str
    snippet: Snippet
    direction: Direction
    outlet: str
    link: str | None
    why: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class FeedView:
    """One feed that could not be read."""

    name: str
    error: str
    since: str


@dataclass(frozen=True, slots=True)
class AsideView:
    """What could not be shown, for a fault of our own."""

    title: str
    link: str | None
    why: str


@dataclass(frozen=True, slots=True)
class View:
    """A digest as it is drawn."""

    digest_id: str
    language: Language
    direction: Direction
    brand: str
    name: str
    date: str
    subject: str  # what it is about, in one clean line
    preheader: str
    brief: tuple[Bold, ...]
    days: tuple[TermView, ...]
    more_terms: str
    stories: tuple[StoryView, ...]
    more_stories: str
    asides: tuple[AsideView, ...]  # what could not be shown
    notes: tuple[str, ...]  # what is not shown because it was muted
    reviews_title: str
    reviews: tuple[ReviewView, ...]
    more_reviews: str
    failed_title: str
    failed: tuple[FeedView, ...]
    more_failed: str
    archive: str | None  # where the digest can be read in full
    archive_text: str
    actions: tuple[Action, ...]  # of the digest as a whole
    schedule: str
    reason: str


def view(
    digest: Digest,
    *,
    labels: Mapping[str, str] | None,
    reader: Reader | None,
    now: datetime,
    stories: int,
    reviews: int = MAX_REVIEWS,
    hidden: AbstractSet[int] = frozenset(),
) -> View:
    """Make a digest ready, with at most so many stories and reviews; lines count those not shown.

    `hidden` are stories that this reader muted: a line counts them.
    """
    own = {term.term: term.label if digest.language == "ar" else term.label_en for term in digest.terms}
    setting = Setting(digest.language, digest.timezone, now, own | dict(labels or {}))
    muted = sum(story.story_id in hidden for story in digest.stories)
    digest = without(digest, hidden)
    told = _drawn(digest.stories[: max(stories, _HEADLINES)], lambda story: _story(story, setting, reader))
    judged = _drawn(digest.reviews, lambda review: _review(review, setting, reader))
    asides = [_aside(one, setting) for one in (*digest.set_aside, *told.aside, *judged.aside)]
    digest = replace(
        digest, stories=(*told.good, *digest.stories[max(stories, _HEADLINES) :]), reviews=judged.good
    )
    more = len(digest.stories[stories:]) + digest.omitted
    archive = None if reader is None else safe_link(reader.digest)
    notes = (
        setting.count("more aside", len(asides[MAX_ASIDES:])),
        setting.count("hidden", muted) if digest.stories else "",
        setting.count("muted", digest.muted),
    )
    return View(
        digest_id=digest.id,
        language=digest.language,
        direction="rtl" if digest.language == "ar" else "ltr",
        brand=setting.say("brand"),
        name=clip(clean(digest.name), MAX_NAME),
        date=words.long_date(digest.window_end, digest.timezone, digest.language),
        subject=subject(digest),
        preheader=_preheader(digest, setting),
        brief=_brief(digest, setting, muted),
        days=tuple(_term(term, setting) for term in _most_active(digest.terms)),
        more_terms=setting.count("more terms", len(digest.terms[MAX_TERMS:])),
        stories=tuple(told.views[:stories]),
        more_stories=_more_stories(more, setting),
        asides=tuple(asides[:MAX_ASIDES]),
        notes=tuple(line for line in notes if line),
        reviews_title=_reviews_title(digest, setting),
        reviews=tuple(judged.views[:reviews]),
        more_reviews=setting.count("more reviews", len(digest.reviews[reviews:])),
        failed_title=setting.say("failed") if digest.failed_feeds else "",
        failed=tuple(_feed(feed, setting) for feed in digest.failed_feeds[:MAX_FEEDS]),
        more_failed=setting.count("more feeds", len(digest.failed_feeds[MAX_FEEDS:])),
        archive=archive,
        archive_text=setting.say("open"),
        actions=() if reader is None else (Action(setting.say("unsubscribe"), reader.unsubscribe),),
        schedule=_schedule(digest, setting),
        reason=setting.say("reason", name=clip(clean(digest.name), MAX_NAME)),
    )


def without(digest: Digest, hidden: AbstractSet[int]) -> Digest:
    """A digest without some of its stories, its figures those of the others; the same one where it has none of them."""
    gone = [story for story in digest.stories if story.story_id in hidden]
    reviews = tuple(review for review in digest.reviews if review.story_id not in hidden)
    if not gone and len(reviews) == len(digest.reviews):
        return digest
    stories = tuple(story for story in digest.stories if story.story_id not in hidden)
    lost = [(story, one) for story in gone for one in story.appearances]
    news = [(story, one) for story, one in lost if one.relation not in SUPPRESSED]
    outlets = {one.outlet for story, one in news if not story.late}
    outlets -= {one.outlet for story in stories for one in story.appearances} | set(digest.omitted_outlets)
    return replace(
        digest,
        stories=stories,
        reviews=reviews,
        terms=tuple(_without(term, gone) for term in digest.terms),
        articles=max(0, digest.articles - sum(not story.late for story, _ in news)),
        late=max(0, digest.late - sum(story.late for story, _ in news)),
        outlets=max(0, digest.outlets - len(outlets)),
        copies=max(0, digest.copies - (len(lost) - len(news))),
    )


def _without(term: TermCount, gone: Sequence[DigestStory]) -> TermCount:
    named = [number for story in gone for name, _, number in story.matched if name == term.term]
    fewer = sum(term.term in story.terms for story in gone)
    return replace(term, stories=term.stories - fewer, mentions=max(0, term.mentions - sum(named)))


@dataclass(frozen=True, slots=True)
class _Drawn(Generic[Item, Drawing]):
    """What could be drawn, its drawings, and what could not."""

    good: tuple[Item, ...]
    views: tuple[Drawing, ...]
    aside: tuple[SetAside, ...]


def _drawn(items: Sequence[Item], draw: Callable[[Item], Drawing]) -> _Drawn[Item, Drawing]:
    """Draw each; whatever is wrong with one, the digest goes."""
    good, views, aside = [], [], []
    for item in items:
        try:
            views.append(draw(item))
            good.append(item)
        except Exception as error:  # noqa: BLE001 - a fault of our own, of whatever kind, stops one item and no more
            title = getattr(item, "headline", "") or getattr(item, "title", "")
            aside.append(SetAside(str(title), str(getattr(item, "url", "")), type(error).__name__))
    return _Drawn(tuple(good), tuple(views), tuple(aside))


def subject(digest: Digest) -> str:
    """Return what the digest is about in one clean line, without isolates: its headline and how many more."""
    say = Setting(digest.language, digest.timezone, digest.window_end, {})
    if digest.stories:
        rest = say.count("more stories", len(digest.stories) + digest.omitted - 1)
        headline = say.title(digest.stories[0].headline, 110)
        return f"{headline} ({rest})" if rest else headline
    return _reviews_title(digest, say) or say.say("nothing")


# ── the head ──────────────────────────────────────────────────────────────────────────────────────


def _preheader(digest: Digest, setting: Setting) -> str:
    """What mail clients show after the subject: the stories that the subject does not name."""
    others = [setting.title(story.headline, 90) for story in digest.stories[1:4]]
    return " · ".join(others) or "".join(part.text for part in _brief(digest, setting))


def _brief(digest: Digest, setting: Setting, muted: int = 0) -> tuple[Bold, ...]:
    when = words.moment(digest.window_start, setting.now, setting.timezone, setting.language)
    total = len(digest.stories) + digest.omitted
    if not total and muted:
        return (Bold(f"{setting.count('hidden', muted)}."),)
    if not total:
        return (Bold(setting.say("nothing to report", when=when)), *_also(digest, setting))
    if not digest.articles:  # all of it was found late, and is told after this
        return (Bold(setting.count("stories", total), bold=True), Bold("."), *_also(digest, setting))
    late = sum(story.late for story in digest.stories)  # they are the last
    news = total - (late + digest.omitted if late else 0)
    return (
        Bold(setting.count("stories", news), bold=True),
        Bold(f" {setting.say('of')} "),
        Bold(setting.count("of articles", digest.articles), bold=True),
        Bold(f" {setting.say('in')} {setting.count('in outlets', digest.outlets)} "),
        Bold(f"{setting.say('since', when=when)}."),
        *_also(digest, setting),
    )


def _also(digest: Digest, setting: Setting) -> tuple[Bold, ...]:
    """What was found late, the copies that were hidden and the feeds that failed, as the second sentence."""
    late = setting.count("found late", digest.late)
    copies = setting.count("copies merged", digest.copies)
    feeds = setting.count("feeds failed", len(digest.failed_feeds)) or setting.say("all feeds read")
    sentence = setting.say("and").join(part for part in (late, copies, feeds) if part)
    return (Bold(f" {sentence[:1].upper()}{sentence[1:]}."),)


def _most_active(terms: tuple[TermCount, ...]) -> list[TermCount]:
    """As many as the table holds, those with stories before the quiet ones."""
    return sorted(terms, key=lambda term: term.stories == 0)[:MAX_TERMS]


def _term(term: TermCount, setting: Setting) -> TermView:
    top = max(*term.days, 1)
    caption, tone = _trend(term, setting)
    return TermView(
        label=setting.label(term.term),
        stories=str(term.stories),
        counted=words.counted(setting.language, "stories", term.stories),
        caption=caption,
        tone=tone,
        bars=tuple(max(2, round(count * BAR_HEIGHT / top)) for count in term.days),
        alt=setting.say("days", days=setting.say("comma").join(str(count) for count in term.days)),
    )


def _trend(term: TermCount, setting: Setting) -> tuple[str, Tone]:
    """Compare today with the days before; a fall is never said, since today is not over yet.

    Nor is a rise where this digest tells nothing of the term: an earlier one of the day told what rose.
    """
    today, above = term.days[-1], round(term.days[-1] - term.usual)
    if term.stories and term.first:
        return setting.say("first"), "new"
    if term.stories and term.spike:
        usual = round(term.usual) or setting.say("under one")
        return setting.say("spike", n=today, usual=usual), "up"
    if term.stories and term.last_seen is not None:
        return setting.count("seen ago", _days_between(term.last_seen, setting)), "new"
    if term.stories and above >= 1:
        return setting.say("above usual", n=above), "up"
    if term.usual < 0.5:
        return setting.say("seldom"), "mut"
    return setting.say("usual", n=round(term.usual) or 1), "mut"


def _days_between(then: datetime, setting: Setting) -> int:
    zone = ZoneInfo(setting.timezone)
    return (setting.now.astimezone(zone).date() - then.astimezone(zone).date()).days


# ── stories ───────────────────────────────────────────────────────────────────────────────────────


def _story(story: DigestStory, setting: Setting, reader: Reader | None) -> StoryView:
    headline = clip(clean(story.headline), MAX_TITLE)
    shown, more = _appearances(story, setting)
    quoted = [one.article_id for one in shown if one.added is not None][:MAX_ADDITIONS]
    why = setting.reason(story.why)
    credit = setting.source("source", story.wire)
    foot = (credit, _matched(story, setting), setting.say("one story", why=why) if why else "")
    return StoryView(
        headline=headline,
        link=safe_link(story.url),
        direction="rtl" if setting.language == "ar" else direction(headline),
        tag=_tag(setting, late=story.late, known=story.known),
        chips=tuple(setting.label(term) for term in story.terms[:MAX_TERMS]),
        snippets=tuple(clean_snippet(snippet, MAX_SNIPPET) for snippet in story.snippets[:2]),
        appearances=tuple(_appearance(one, story, setting, quoted=one.article_id in quoted) for one in shown),
        more=more,
        foot=tuple(line for line in foot if line),
        actions=_story_actions(story, setting, reader),
        story_id=story.story_id,
    )


def _story_actions(story: DigestStory, setting: Setting, reader: Reader | None) -> tuple[Action, ...]:
    if reader is None:
        return ()
    return (
        Action(setting.say("not a match"), reader.wrong(story.story_id)),
        Action(setting.say("mute"), reader.mute(story.story_id)),
    )


def _aside(one: SetAside, setting: Setting) -> AsideView:
    return AsideView(
        title=clip(clean(one.title), MAX_TITLE), link=safe_link(one.url), why=setting.say("set aside")
    )


def _tag(setting: Setting, *, late: bool, known: bool = False) -> str:
    """What was found late is no update, whatever an earlier digest held."""
    if late:
        return setting.say("found late")
    return setting.say("follow-up") if known else ""


def _appearances(story: DigestStory, setting: Setting) -> tuple[list[Appearance], tuple[str, ...]]:
    """Those shown, in order of publication, and the lines that count the others."""
    news = [one for one in story.appearances if one.relation not in SUPPRESSED]
    copies = [one for one in story.appearances if one.relation in SUPPRESSED]
    copies.sort(key=lambda one: one.url != story.url)  # what the headline leads to is never left out
    kept = {one.article_id for one in news[:MAX_ARTICLES] + copies[:MAX_COPIES]}
    more = (
        setting.count("more articles", len(news[MAX_ARTICLES:])),
        setting.count("more copies", len(copies[MAX_COPIES:])),
    )
    return [one for one in story.appearances if one.article_id in kept], tuple(line for line in more if line)


def _appearance(one: Appearance, story: DigestStory, setting: Setting, *, quoted: bool) -> AppearanceView:
    added = clean_snippet(one.added, MAX_ADDED) if quoted and one.added is not None else None
    return AppearanceView(
        outlet=clip(clean(one.outlet), MAX_NAME),
        link=safe_link(one.url),
        when=words.ago(one.published, setting.now, setting.timezone, setting.language),
        credit="" if story.wire else setting.source("via", one.wire),
        note=_note(one, story.headline, setting),
        added=added,
        direction="rtl" if setting.language == "ar" or added is None else direction(added.text),
    )


def _note(one: Appearance, headline: str, setting: Setting) -> str:
    """How it relates to the earlier one, or its own title where that differs from the headline.

    The note of a copy names an original that is not shown here, or is the share that follows its kind.
    """
    if one.relation == "new":
        return "" if one.title == headline else setting.title(one.title, MAX_NOTE)
    name, note = words.relation(setting.language, one.relation), setting.reason(one.note)
    is_share = note and one.relation in SUPPRESSED and not note.startswith(setting.say("copy"))
    return f"{name}: {note}" if is_share else note or name


def _matched(story: DigestStory, setting: Setting) -> str:
    """The forms as they were written, each with its count, and the term where the form is another word."""
    shown = []
    for term, form, count in story.matched[:MAX_FORMS]:
        label, written = setting.label(term), clip(clean(form), MAX_NAME)
        name = written if written == label else f"{written} [{label}]"
        shown.append(f"{name} ({count})")
    shown.append(setting.count("more forms", len(story.matched[MAX_FORMS:])))
    forms = setting.say("comma").join(one for one in shown if one)
    return setting.say("matched", forms=forms) if forms else ""


def _more_stories(hidden: int, setting: Setting) -> str:
    return f"{setting.count('more stories', hidden)} {setting.say('in archive')}" if hidden else ""


# ── reviews, feeds, foot ──────────────────────────────────────────────────────────────────────────


def _reviews_title(digest: Digest, setting: Setting) -> str:
    count = setting.count("reviews", len(digest.reviews))
    return setting.say("review", count=count) if count else ""


def _review(review: Review, setting: Setting, reader: Reader | None) -> ReviewView:
    said = {"right": True, "wrong": False} if reader is not None else {}
    snippet = clean_snippet(review.snippet, MAX_SNIPPET)
    return ReviewView(
        tag=_tag(setting, late=review.late),
        term=setting.label(review.term),
        snippet=snippet,
        direction="rtl" if setting.language == "ar" else direction(snippet.text),
        outlet=clip(clean(review.outlet), MAX_NAME),
        link=safe_link(review.url),
        why=setting.reason(review.why),
        actions=tuple(
            Action(setting.say(key), reader.judge(review.article_id, review.term, right=right))
            for key, right in said.items()
            if reader is not None
        ),
    )


def _feed(feed: FailedFeed, setting: Setting) -> FeedView:
    since = setting.say("never read")
    if feed.since is not None:
        when = words.moment(feed.since, setting.now, setting.timezone, setting.language)
        since = setting.say("last read", when=when)
    return FeedView(
        name=clip(clean(feed.name), MAX_NAME), error=clip(clean(feed.error), MAX_ERROR), since=since
    )


def _schedule(digest: Digest, setting: Setting) -> str:
    return (
        setting.say(
            "schedule",
            schedule=describe(digest.schedule, digest.language, Rests(digest.quiet, digest.weekdays)),
        )
        if digest.schedule
        else ""
    )
