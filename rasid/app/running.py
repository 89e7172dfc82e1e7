"""One collect under way: the tools of its stages, and what it has counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

from rasid.app.context import http_options, patterns
from rasid.app.stages import Progress, Stages
from rasid.polling import PollOptions
from rasid.types import NO_RULES, Feed, PageFailure
from sources.http import Fetcher

if TYPE_CHECKING:
    import re

    from rasid.app.context import Clock, Rasid
    from sources.workers import Workers


@dataclass(slots=True)
class Counts:
    """What a collect counts of pages, by the names of CollectReport."""

    fetched: int = 0
    stored: int = 0
    known: int = 0
    edited: int = 0
    copies: int = 0
    linked: int = 0
    stories: int = 0
    mentions: int = 0
    uncertain: int = 0
    from_feed: int = 0


@dataclass(slots=True)
class Run:
    """The tools that the stages share; `deadline` is on the monotonic clock."""

    rasid: Rasid
    clock: Clock
    workers: Workers
    deadline: float
    progress: Progress
    stages: Stages = field(default_factory=Stages)
    counts: Counts = field(default_factory=Counts)
    failures: list[PageFailure] = field(default_factory=list)
    feeds: dict[str, Feed] = field(init=False)
    _boilerplate: dict[str, tuple[re.Pattern[str], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.feeds = {feed.id: feed for feed in self.rasid.config.feeds}

    @property
    def over(self) -> bool:
        """Whether the run has had its time."""
        return monotonic() > self.deadline

    @property
    def left(self) -> float:
        """Seconds of its time."""
        return max(0.0, self.deadline - monotonic())

    @property
    def poll_options(self) -> PollOptions:
        """Bounds of the feeds' intervals."""
        settings = self.rasid.config.settings.collect
        return PollOptions(
            poll_min=timedelta(minutes=settings.poll_min), poll_max=timedelta(minutes=settings.poll_max)
        )

    def lease(self) -> datetime:
        """When what is claimed now comes free."""
        return self.clock() + timedelta(seconds=self.rasid.config.settings.collect.lease)

    def fetcher(self) -> Fetcher:
        """A client that remembers what hosts asked of us in earlier runs."""
        options = http_options(self.rasid.config.settings)
        hosts = self.rasid.store.hosts()
        return Fetcher(options, clock=self.clock, hosts=hosts, ready=self.workers.ready)

    def boilerplate(self, feed_id: str) -> tuple[re.Pattern[str], ...]:
        """Patterns of the lines that are no part of an outlet's articles."""
        if feed_id not in self._boilerplate:
            feed = self.feeds.get(feed_id)
            rules = feed.rules if feed else NO_RULES
            self._boilerplate[feed_id] = patterns(self.rasid.config.settings, rules)
        return self._boilerplate[feed_id]
