"""What storage hands out beyond the values of rasid.types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rasid.types import Article, DeliveryState, Fingerprint, Mention, StoryChoice, Verdict


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
