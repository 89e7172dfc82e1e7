"""The values that the rooms hand to each other; DESIGN words, one meaning each.

All datetimes are aware and UTC. All offsets are code points of the ORIGINAL text. Values are frozen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

Relation = Literal["new", "exact", "near", "excerpt", "extends", "revised"]
Status = Literal["matched", "uncertain"]
Outcome = Literal["matched", "uncertain", "rejected"]
Language = Literal["ar", "en"]
FeedStatus = Literal["new", "ok", "silent", "moved", "failing", "blocked", "gone"]
"""new: never polled; silent: answers, and gives nothing for longer than is usual for it; moved: its address leads to
another for good; failing: its last poll failed; blocked: its site refuses us; gone: not there for days."""
FeedKind = Literal["feed", "page", "search"]
"""feed: RSS, Atom, RDF, JSON Feed or a news sitemap; page: a section page without a feed; search: Google News."""
ArticleSource = Literal["page", "feed", "headline"]
"""Where an article's text is from. feed: its page could not be had, the feed's own text serves; headline: nor had the
feed any, the headline stands for it."""
DeliveryState = Literal["new", "sending", "sent", "failed", "unknown", "withheld"]
"""unknown: it may have arrived; withheld: not sent, because its reader unsubscribed or muted all that it holds."""
ChannelKind = Literal["file", "email", "slack", "slack_bot", "apprise"]

ALL_WEEK = frozenset(range(7))

SUPPRESSED: frozenset[Relation] = frozenset({"exact", "near", "excerpt"})
"""Relations that hide an article from digests; `extends` and `revised` are linked, but are news."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was decided, in words, in the two languages of digests."""

    ar: str
    en: str


# ── in: feeds, entries, articles ──────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OutletRules:
    """What operators know of one outlet's dates and pages; empty: what Rasid finds by itself."""

    timezone: str = ""  # IANA name: of dates without a zone, or with one that names two ("AST")
    date_format: str = ""  # strptime, for dates that can be read in two ways; tried first
    article: str = ""  # CSS selector of the elements that hold the article's text
    remove: str = ""  # CSS selector of what is no part of it
    date: str = ""  # CSS selector of the element with the date of publication
    boilerplate: tuple[str, ...] = ()  # patterns, searched in the folded words of each line


NO_RULES = OutletRules()


@dataclass(frozen=True, slots=True)
class Feed:
    """A place that operators listed."""

    id: str  # slug, unique in feeds.yaml
    name: str  # as a reader sees it; the outlet's name
    url: str
    category: str = "general"
    enabled: bool = True
    kind: FeedKind = "feed"
    links: str = ""  # of a page: CSS selector of the links to its articles; empty: found by their shape
    rules: OutletRules = NO_RULES


@dataclass(frozen=True, slots=True)
class FeedState:
    """What Rasid remembers of a feed between polls."""

    feed_id: str
    status: FeedStatus = "new"
    etag: str | None = None
    last_modified: str | None = None
    failures: int = 0  # in a row
    last_polled: datetime | None = None
    last_success: datetime | None = None
    last_new: datetime | None = None  # when it last gave an entry not seen before
    next_poll: datetime | None = None  # None: at once
    error: str | None = None  # of the last poll, in words
    moved_to: str | None = None  # where permanent redirects lead
    moves: int = 0  # UTC days in a row on which a poll was led there and read a feed


@dataclass(frozen=True, slots=True)
class FeedDay:
    """What one UTC day of a feed brought; the days of the last four weeks are its pattern."""

    feed_id: str
    day: date
    polls: int = 0
    failures: int = 0  # polls that gave nothing usable
    entries: int = 0  # new ones
    pages: int = 0  # articles read from their page
    fallbacks: int = 0  # articles that are the feed's own text
    lost: int = 0  # entries given up
    words: int = 0  # of all its articles


@dataclass(frozen=True, slots=True)
class HostState:
    """What is remembered of a host between runs, so that it is asked politely by all of them."""

    host: str  # as `rasid.urls.authority` writes it: the name, with the port where it is not the usual one
    robots: str | None = None  # its robots.txt; "": it has none; None: not asked yet
    robots_at: datetime | None = None  # when that was learned
    not_before: datetime | None = None  # when it may be asked again, by its own Retry-After
    asked_at: datetime | None = None  # when it last answered us, or did not


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed, before its page was fetched."""

    key: str  # GUID, else canonical URL, else a hash of title and date; unique within its feed
    url: str  # canonical URL of the page
    title: str
    summary: str = ""  # the feed's own content as HTML or text, the longest it gives
    published: datetime | None = None
    author: str | None = None
    outlet: str = ""  # whose article it is, where the feed collects those of others


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed's document, read."""

    format: str  # rss20, atom10, rdf, json …
    title: str
    entries: tuple[Entry, ...]
    encoding: str  # what the bytes turned out to be in
    dropped: int = 0  # items that could not be read at all or stood past the cap
    ttl: float | None = None  # seconds for which the feed says that it need not be asked again
    truncated: bool = False  # the document breaks off; the entries before the break are here
    home: str | None = None  # address of the site that it belongs to


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer that was taken whole, within limits."""

    url: str  # asked for
    final_url: str  # after redirects
    status: int  # 200 or 304
    headers: dict[str, str]  # names in lower case
    body: bytes  # decoded of gzip or deflate; empty on 304
    permanent_url: str | None = (
        None  # where the permanent redirects that it began with lead; None: it began with none
    )
    fresh_for: float | None = None  # seconds, by Cache-Control or Expires
    downgraded: bool = False  # a redirect led from https to http


@dataclass(frozen=True, slots=True)
class PendingEntry:
    """An entry whose page is still to be had: a claimed row of the entries table."""

    id: int
    feed_id: str
    entry: Entry
    attempts: int  # failed so far
    first_seen: datetime
    host: str = ""  # of its URL, as in HostState
    article_id: int | None = None  # of the article that its page was before the feed edited its headline


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a page holds, as read by the extractor; not yet cleaned."""

    title: str
    text: str  # paragraphs separated by "\n"
    author: str | None
    published: datetime | None
    language: str  # ISO 639-1; "und" where the text is too short to tell
    outlet: str | None  # the site's own name
    canonical: str | None = None  # the page's own address, by its link rel=canonical
    cpu_seconds: float = 0.0  # spent in the extractor, measured in the worker


@dataclass(frozen=True, slots=True)
class Article:
    """An extracted and cleaned page, before it has an id."""

    url: str  # canonical, unique in the corpus
    feed_id: str
    outlet: str
    title: str
    text: str
    author: str | None
    published: datetime  # the page's, else the feed's, else first seen; never after first seen
    first_seen: datetime
    language: str
    source: ArticleSource = "page"
    wire: str = ""  # id of the agency whose text it is


# ── meaning: copies, stories, mentions ────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What the corpus is asked with; all hashes are signed 64-bit, as databases store them."""

    exact: str  # hex of xxh3_128 over the normalised words
    keys: tuple[int, ...]  # winnowed shingle hashes, distinct
    words: int
    lines: tuple[
        int, ...
    ] = ()  # hashes of its distinct lines that are long enough to be an outlet's boilerplate


@dataclass(frozen=True, slots=True, eq=False)
class LearnedLines:
    """Lines that are boilerplate by experience: hashes, as in Fingerprint.lines."""

    by_outlet: Mapping[str, AbstractSet[int]]
    everywhere: AbstractSet[int]  # in articles of several outlets

    def among(self, lines: AbstractSet[int], outlet: str) -> frozenset[int]:
        """Those of an article's lines that its outlet prints under everything."""
        return frozenset((lines & self.everywhere) | (lines & self.by_outlet.get(outlet, frozenset())))


NOTHING_LEARNED = LearnedLines({}, frozenset())


@dataclass(frozen=True, slots=True)
class Candidate:
    """An article of the corpus that may be the original of a new one."""

    id: int
    title: str
    text: str
    published: datetime
    story_id: int | None = None
    outlet: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a new article relates to the corpus."""

    relation: Relation
    original: int | None  # article id; None where the relation is new
    score: float  # 0 … 1: the share of text that decided
    why: Reason
    added: tuple[tuple[int, int], ...] = ()  # extends, revised: spans of its text that the original has not


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whose report a text says that it passes on."""

    id: str  # of a known agency or newspaper (reuters, afp, …); "" where only its name is known
    name_ar: str
    name_en: str
    kind: Literal["wire", "quoted"]  # the text is theirs («دبي (رويترز)»), or reports what they said
    field: Literal["title", "text", "author"]
    start: int  # of the words that say so, code points of the field
    end: int


@dataclass(frozen=True, slots=True)
class StoryMember:
    """One article as the story index sees it."""

    article_id: int
    story_id: int
    terms: dict[str, float]  # stem → weight (term frequency, title counted more), not yet IDF
    published: datetime
    wire: str = ""  # id of the agency whose text it is


@dataclass(frozen=True, slots=True)
class StoryChoice:
    """The story that an article joins; None: it opens its own."""

    story_id: int | None
    score: float
    shared: tuple[str, ...]  # rare terms in common, as written in the article, rarest first
    why: Reason


@dataclass(frozen=True, slots=True)
class Mention:
    """One matched span of an article."""

    term: str  # id of the term
    field: Literal["title", "text"]
    start: int
    end: int
    text: str  # the span as it stands in the article
    status: Status
    form: str  # the form of the watchlist that matched
    why: Reason
    late: bool = False  # found when a changed watchlist re-read the archive


@dataclass(frozen=True, slots=True)
class Finding:
    """What the matcher made of one place of an article: a mention, or what was refused, and why."""

    term: str
    field: Literal["title", "text"]
    start: int
    end: int
    text: str  # the span as it stands in the article
    outcome: Outcome
    form: str
    why: Reason


# ── words: what operators edit ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that decide an ambiguous form."""

    words: tuple[str, ...]
    within: int | None = None  # words to either side; None: anywhere in title or text


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which a term is written."""

    text: str
    kind: Literal["form", "code", "lookalike"] = "form"
    near: Cue | None = None  # counts only with one of these
    unless: tuple[str, ...] = ()  # never with one of these adjacent


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence of the watchlist that must match, or must not."""

    text: str
    match: bool
    line: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """A condition over terms and words; a term that has one is found where it holds.

    `term` and `words` are leaves. `near` holds where its parts stand at most `within` words apart (1: side by side),
    one of each; `title` where its only part holds in the title alone.
    """

    op: Literal["all", "any", "none", "near", "title", "term", "words"]
    parts: tuple[Query, ...] = ()
    value: str = ""  # of a leaf: a term's id, or a word or phrase
    within: int = 0  # of `near`: words


@dataclass(frozen=True, slots=True)
class Term:
    """One thing watched: by its forms, or by a query over other terms and words."""

    id: str
    label: str  # as digests show it (Arabic digests)
    label_en: str
    forms: tuple[Form, ...] = ()
    unless: tuple[str, ...] = ()  # refuses any form of the term when adjacent
    importance: int = 2  # 1 low, 2 normal, 3 high
    examples: tuple[Example, ...] = ()
    notes: str = ""
    query: Query | None = None


@dataclass(frozen=True, slots=True)
class TermChange:
    """One change of one term of a watchlist, as its history tells it."""

    at: datetime
    who: str  # the author in git; the account that ran Rasid where its own log tells
    watchlist: str  # id
    term: str  # id
    kind: Literal["added", "changed", "removed"]
    detail: tuple[
        str, ...
    ]  # "+ form إنفيديا", "- near سهم", "importance 2 → 3"; empty where it was added or removed
    version: str  # of the watchlist after the change
    commit: str = ""  # of git


@dataclass(frozen=True, slots=True)
class Watchlist:
    """A file of terms."""

    id: str  # the file's stem
    name: str
    terms: tuple[Term, ...]
    version: str  # hash of the file: each mention records which list found it
    file: str = ""
    text: str = ""  # of the file


@dataclass(frozen=True, slots=True)
class Channel:
    """Where a subscription's digests go."""

    kind: ChannelKind
    # file: a folder; email: addresses; slack, apprise: NAMES of environment variables that hold an address;
    # slack_bot: "NAME:CHANNEL", the variable that holds the bot's token and the id of a channel
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who gets which terms, when, in which language, on which channels."""

    id: str
    name: str
    terms: tuple[str, ...]  # ids, watchlists already resolved into their terms
    schedule: str  # immediate, hourly, daily HH:MM, weekly DAY HH:MM, or five cron fields
    timezone: str
    language: Language
    channels: tuple[Channel, ...]
    min_importance: int = 1
    when_empty: Literal["skip", "send"] = "skip"
    max_stories: int = 20
    max_age: timedelta = timedelta(days=3)  # an article older than this when first seen is not news
    paused: bool = False
    paused_until: date | None = None  # the first day, in its timezone, on which it is sent again
    quiet: tuple[time, time] | None = None  # from, to; may pass midnight: what is due then waits
    weekdays: frozenset[int] = ALL_WEEK  # 0 is Sunday: days on which it is sent
    only_outlets: tuple[str, ...] = ()  # ids of feeds or names of outlets; empty: all
    not_outlets: tuple[str, ...] = ()


# ── out: digests and deliveries ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ReportArticle:
    """A stored article with its mentions, as the composer gets it from storage."""

    id: int
    url: str
    outlet: str
    title: str
    text: str
    published: datetime
    first_seen: datetime
    language: str
    relation: Relation
    original: int | None
    copy_why: Reason
    story_id: int
    story_why: Reason
    story_reported: bool  # an earlier digest of this subscription held this story
    mentions: tuple[Mention, ...]  # those that the subscription was not told of yet
    source: ArticleSource = "page"
    last_mention: int = 0  # row id of the newest mention; what is found later is told later
    wire: str = ""  # id of the agency whose text it is
    added: tuple[tuple[int, int], ...] = ()  # as in Verdict
    feed_id: str = ""


@dataclass(frozen=True, slots=True)
class FailedFeed:
    """A feed that could not be read, as a digest names it."""

    feed_id: str
    name: str
    error: str
    since: datetime | None  # last success; None: never yet


@dataclass(frozen=True, slots=True)
class Hit:
    """A highlighted span inside a snippet; offsets are code points of the snippet."""

    start: int
    end: int
    term: str


@dataclass(frozen=True, slots=True)
class Snippet:
    """The sentence or two around mentions, cut out of the original text."""

    text: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Appearance:
    """One outlet's article within a story."""

    article_id: int
    outlet: str
    title: str
    url: str
    published: datetime
    relation: Relation
    note: Reason | None = None  # copy of what, what it adds, which figures changed
    added: Snippet | None = None  # the new sentences; changed figures are hits without a term
    wire: str = ""  # name of the source that it credits, in the digest's language


@dataclass(frozen=True, slots=True)
class DigestStory:
    """One event, as a digest tells it."""

    story_id: int
    headline: str
    url: str
    terms: tuple[str, ...]  # ids, most important first
    snippets: tuple[Snippet, ...]  # one or two
    appearances: tuple[Appearance, ...]  # in order of publication, copies included
    matched: tuple[tuple[str, str, int], ...]  # (term id, form as written, count)
    known: bool  # an earlier digest held this story; what follows is what is new in it
    why: Reason | None  # the shared rare terms, where several articles were grouped
    late: bool = False  # found only when a changed watchlist re-read the archive
    wire: str = ""  # name of the one source that all its appearances credit, or are


@dataclass(frozen=True, slots=True)
class Review:
    """An uncertain mention, shown for a person to judge."""

    article_id: int
    term: str
    title: str
    url: str
    outlet: str
    snippet: Snippet
    why: Reason
    late: bool = False  # as in DigestStory
    story_id: int = 0


@dataclass(frozen=True, slots=True)
class TermCount:
    """A term's figures in a digest."""

    term: str
    label: str
    label_en: str
    stories: int  # in this digest
    mentions: int  # matched mentions in this digest
    days: tuple[int, ...]  # articles with the term a day, seven days, oldest first, the last is today
    usual: float  # mean a day of the days before today that were counted
    spike: bool = False  # today is far above what chance makes of the usual
    last_seen: datetime | None = (
        None  # latest publication before these seven days, where they hold it today alone
    )
    first: bool = False  # today is the first time ever


@dataclass(frozen=True, slots=True)
class SetAside:
    """What could not be told because of a fault of Rasid's own; the rest of the digest still goes."""

    title: str
    url: str
    error: str  # "TypeError: …", for the operator


@dataclass(frozen=True, slots=True)
class Digest:
    """The frozen content for one subscription and one window; rendering it is pure."""

    id: str  # subscription and window end, e.g. "analysts-20261122T040000Z"
    subscription_id: str
    name: str
    language: Language
    timezone: str
    window_start: datetime
    window_end: datetime
    terms: tuple[TermCount, ...]
    stories: tuple[DigestStory, ...]
    reviews: tuple[Review, ...]
    failed_feeds: tuple[FailedFeed, ...]
    articles: int  # new articles reported, copies and late ones not counted
    copies: int  # copies hidden
    outlets: int  # outlets among these articles
    omitted: int = 0  # stories past max_stories, kept in the archive
    schedule: str = ""
    late: int = 0  # older articles reported, which a changed watchlist found
    quiet: tuple[time, time] | None = None  # of the subscription, as is weekdays
    weekdays: frozenset[int] = ALL_WEEK
    muted: int = 0  # stories left out because an operator muted them for all
    composed: datetime | None = None
    set_aside: tuple[SetAside, ...] = ()
    omitted_outlets: tuple[str, ...] = ()  # of the articles in stories past max_stories


def reader_key(channel: str, recipient: str) -> tuple[str, str]:
    """What tells readers apart: of mail, an address in whatever letters; elsewhere the name as it is written."""
    return channel, recipient.lower() if channel == "email" else recipient


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one recipient on one channel: a row of the outbox."""

    id: int
    digest_id: str
    channel: ChannelKind
    recipient: str
    state: DeliveryState
    attempt: int  # attempts begun, this one included
    message_id: str  # stable for the row
    due: datetime  # since when it waits: its digest was composed, or an operator had it sent once more
    repeat: bool = False  # an earlier attempt may have arrived
    error: str | None = None
    next_try: datetime | None = None
    sent_at: datetime | None = None
    parts: int = 0  # messages of this one that were taken for certain, where it goes in several
    note: str | None = None  # what the channel said when it took it; why it is withheld


@dataclass(frozen=True, slots=True)
class Claimed(Delivery):
    """A delivery that a sender took, and what its reader wished when it did."""

    left: bool = False  # no more of the subscription
    muted: frozenset[int] = frozenset()  # stories, muted before the digest was composed


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one attempt of a delivery."""

    delivery_id: int
    attempt: int  # the one that was claimed: of an attempt that lost its row, nothing counts
    state: Literal["sent", "failed", "withheld", "new", "unknown"]  # new: not taken; unknown: perhaps taken
    text: str | None  # sent, withheld: what the channel said, or why; else the error
    next_try: datetime | None = None  # of new and unknown
    counted: bool = True  # False: nothing was tried, the attempt is given back


@dataclass(frozen=True, slots=True)
class Mute:
    """A story that is not to be told any more."""

    id: int
    story_id: int
    delivery: Delivery | None  # whose reader muted it; None: an operator, for all
    until: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a reader said of a mention: an example for the watchlist, to be judged by an operator."""

    id: int
    term: str
    match: bool  # True: a `match:` example; False: a `skip:` example
    text: str  # the sentence with the mention, as it stands in the article
    article_id: int
    url: str
    state: Literal["open", "accepted", "declined"]
    at: datetime
    who: str  # channel and recipient


@dataclass(frozen=True, slots=True)
class StageTime:
    """One row of the stage table."""

    stage: str
    items: int
    wall: float  # seconds
    cpu: float  # seconds, workers included


@dataclass(frozen=True, slots=True)
class FeedOutcome:
    """What one feed gave in one collect."""

    feed_id: str
    name: str
    result: Literal[
        "ok", "unchanged", "deferred", "failed"
    ]  # deferred: its host was not asked, its turn is later
    entries: int = 0
    new: int = 0
    error: str | None = None
    note: str | None = (
        None  # what an operator should know of a poll that was taken: truncated, moved, downgraded
    )


@dataclass(frozen=True, slots=True)
class PageFailure:
    """A page that could not be read in this collect."""

    feed_id: str
    url: str
    error: str
    final: bool  # no further try


@dataclass(frozen=True, slots=True)
class Reread:
    """What came of reading a changed watchlist over the archive."""

    watchlist: str  # id
    terms: tuple[str, ...]  # ids of those that match differently
    articles: int = 0  # read in this run
    gained: int = 0  # mentions
    lost: int = 0
    finished: bool = False  # False: the run's deadline came first, the next run goes on


@dataclass(frozen=True, slots=True)
class CollectReport:
    """What a collect did; every outcome is counted exactly once."""

    feeds: tuple[FeedOutcome, ...] = ()
    fetched: int = 0  # pages read
    stored: int = 0  # articles new in the corpus
    known: int = 0  # pages that turned out to be an article the corpus has
    edited: int = 0  # of known: their text or headline had changed
    copies: int = 0  # of stored: exact, near, excerpt
    linked: int = 0  # of stored: extends, revised
    stories: int = 0  # opened by this collect
    mentions: int = 0  # matched
    uncertain: int = 0
    from_feed: int = 0  # of stored: the feed's own text serves
    failures: tuple[PageFailure, ...] = ()
    pending: int = 0  # entries left for a later collect
    rereads: tuple[Reread, ...] = ()
    stages: tuple[StageTime, ...] = field(default=())
    deadline_hit: bool = False


@dataclass(frozen=True, slots=True)
class DigestReport:
    """What a digest run did."""

    composed: tuple[str, ...] = ()  # digest ids
    empty: tuple[str, ...] = ()  # subscriptions that were due and had nothing to say
    waiting: tuple[str, ...] = ()  # subscriptions that are due and wait for the end of a collect
    broken: tuple[str, ...] = ()  # subscriptions that are due and cannot be composed, with the reason
    sent: tuple[str, ...] = ()  # "channel recipient-label digest"
    failed: tuple[str, ...] = ()  # the same, with the reason; permanent
    retrying: tuple[str, ...] = ()  # the same; tried again later
    withheld: tuple[str, ...] = ()  # the same; not sent, by their readers' wish
    files: tuple[str, ...] = ()  # paths written by the file channel
    stages: tuple[StageTime, ...] = ()
