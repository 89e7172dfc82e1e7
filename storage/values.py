"""What storage hands out beyond the values of rasid.types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from rasid.types import (
        Article,
        Candidate,
        DeliveryState,
        Fingerprint,
        Language,
        Mention,
        Reason,
        Relation,
        StoryChoice,
        StoryMember,
        Verdict,
    )

    Judge = Callable[[Sequence[Candidate], Sequence[StoryMember]], tuple[Verdict, StoryChoice]]
    """Decides about an article: the candidates for its original, and what stories gained meanwhile."""


@dataclass(frozen=True, slots=True)
class NewArticle:
    """All that can be found out about an article by itself."""

    article: Article
    fingerprint: Fingerprint
    terms: Mapping[str, float]  # stem → weight, for the story index
    mentions: Sequence[Mention]
    list_versions: Mapping[str, str]  # term id → version of the watchlist that holds it


@dataclass(frozen=True, slots=True)
class Arrival:
    """An article on its way into the corpus."""

    entry_id: int | None  # that led to it; None: it came by hand
    new: NewArticle
    judge: Judge


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """Where an article ended up."""

    id: int
    story_id: int
    created: bool  # False: its URL was in the corpus already
    new_story: bool
    verdict: Verdict | None = None  # as judged; None where it was not created
    choice: StoryChoice | None = None


@dataclass(frozen=True, slots=True)
class ArchivedArticle:
    """An article of the archive, as much of it as reading it again takes."""

    id: int
    url: str
    outlet: str
    title: str
    text: str
    published: datetime
    first_seen: datetime
    language: Language
    relation: Relation


@dataclass(frozen=True, slots=True)
class KeptPage:
    """The HTML that an article was read from."""

    article_id: int
    fetched: datetime
    url: str  # that it came from
    content_type: str | None
    html: bytes
    feed_id: str
    article_url: str
    outlet: str
    title: str
    author: str | None
    published: datetime
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class CorpusCounts:
    """How much the corpus holds."""

    relations: Mapping[Relation, int]  # articles; only relations that occur
    stories: int  # that have articles
    keys: int  # by which candidates are found


@dataclass(frozen=True, slots=True)
class OutletLine:
    """A line that an outlet prints under everything."""

    outlet: str  # "": it is known everywhere, and counted by outlets
    articles: int  # that held it; outlets, where it is known everywhere
    article_id: int  # the first that held it
    hash: int  # as in Fingerprint.lines


@dataclass(frozen=True, slots=True)
class StoryRow:
    """A story as operators see it in a list."""

    id: int
    headline: str
    first_at: datetime
    last_at: datetime
    articles: int  # copies included
    copies: int
    outlets: tuple[str, ...]  # in order of appearance
    wires: tuple[str, ...]  # ids of the agencies whose texts are among them, in order of appearance
    merged: tuple[int, ...]  # ids of the stories that were merged into it, also by way of another


@dataclass(frozen=True, slots=True)
class StoryArticle:
    """An article of a story, with the reasons for its being there."""

    id: int
    outlet: str
    title: str
    url: str
    published: datetime
    relation: Relation
    original: int | None
    score: float
    copy_why: Reason
    story_why: Reason
    wire: str
    pinned: bool  # an operator put it there: it stays when articles are judged anew


@dataclass(frozen=True, slots=True)
class StoryEdit:
    """What an operator did to stories."""

    id: int
    at: datetime
    who: str
    kind: Literal["merge", "split"]
    story_id: int  # that the articles were in
    into_id: int  # that they are in since
    articles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReindexState:
    """How far the corpus was judged anew."""

    id: int  # of this process's turn: who takes over from a dead one gets another
    version: str  # of the code that judges
    started: datetime
    after: int  # articles up to this id are done
    total: int  # articles in the corpus when the turn began
    finished: datetime | None
    lease_until: datetime | None  # None: nobody is at it


@dataclass(frozen=True, slots=True)
class ReindexArticle:
    """An article to be judged anew."""

    id: int
    outlet: str
    title: str
    text: str
    author: str | None
    published: datetime
    relation: Relation
    original: int | None
    story_id: int
    pinned: bool


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What came of judging an article anew."""

    story_id: int
    relation_changed: bool  # or its original
    story_changed: bool


@dataclass(frozen=True, slots=True)
class WatchlistVersion:
    """A version of a watchlist, as a run first saw it."""

    id: int
    watchlist: str  # id
    version: str
    text: str  # the file; empty: the list was removed
    who: str
    seen_at: datetime
    reread_after: int  # articles up to this id were read again with it
    reread_done: datetime | None  # when the last of them was


@dataclass(frozen=True, slots=True)
class DigestRow:
    """A digest in a list."""

    id: str
    subscription_id: str
    window_end: datetime
    stories: int
    deliveries: Mapping[DeliveryState, int]  # only states that occur


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of a use-case."""

    kind: str
    started: datetime
    ended: datetime
    summary: Mapping[str, object]
