"""What storage hands out beyond the values of rasid.types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rasid.types import (
        Article,
        DeliveryState,
        Fingerprint,
        Language,
        Mention,
        Relation,
        StoryChoice,
        Verdict,
    )


@dataclass(frozen=True, slots=True)
class NewArticle:
    """All that was found out about an article, stored as one."""

    article: Article
    fingerprint: Fingerprint
    verdict: Verdict
    choice: StoryChoice
    terms: Mapping[str, float]  # stem → weight, for the story index
    mentions: Sequence[Mention]
    list_versions: Mapping[str, str]  # term id → version of the watchlist that holds it


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """Where an article ended up."""

    id: int
    story_id: int
    created: bool  # False: its URL was in the corpus already
    new_story: bool


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
