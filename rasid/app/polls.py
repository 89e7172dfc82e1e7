"""The first half of a collect: the due feeds are asked, and what is new in them is queued.

Entries are queued in the transaction that saves the feed's ETag: a run that dies after it has lost nothing. Feeds that
have not changed are saved a hundred at a time; where a run dies before, they are asked once more.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rasid import health
from rasid.errors import FeedParseError, FetchError
from rasid.polling import (
    FRESH_BELIEVED,
    after_deferral,
    after_failure,
    after_success,
    conditional,
    poll_url,
)
from rasid.types import Feed, FeedOutcome, FeedState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rasid.app.running import Run
    from rasid.types import FeedDay, ParsedFeed, Response
    from sources.http import Fetcher

_TOGETHER = 100


async def poll_due(
    run: Run, fetcher: Fetcher, *, force: bool = False, told: Callable[[], None] = lambda: None
) -> tuple[FeedOutcome, ...]:
    """Ask the due feeds (with `force`, all of them) and queue the entries not seen before.

    `told` is called whenever there may be something new in the queue.
    """
    rasid = run.rasid
    enabled = [feed.id for feed in rasid.config.feeds if feed.enabled]
    with run.stages.span("queue", items=0):
        rasid.store.sync_feeds(rasid.config.feeds, run.clock())
        due = rasid.store.claim_due_feeds(enabled, run.clock(), run.lease(), force=force)
        days = rasid.store.feed_days((run.clock() - health.HISTORY).date())
    polling = _Polling(run, fetcher, days, told)
    try:
        await asyncio.gather(*(polling.poll(run.feeds[state.feed_id], state) for state in due))
    finally:
        polling.save_unchanged()
    return tuple(sorted(polling.outcomes, key=lambda outcome: outcome.feed_id))


@dataclass(slots=True)
class _Polling:
    """The feeds of one run being asked."""

    run: Run
    fetcher: Fetcher
    days: Mapping[str, Sequence[FeedDay]]
    told: Callable[[], None]
    outcomes: list[FeedOutcome] = field(default_factory=list)
    _unchanged: list[FeedState] = field(default_factory=list)  # saved together: nothing hangs on them

    async def poll(self, feed: Feed, state: FeedState) -> None:
        """One feed: whatever happens to it is saved, counted once, and stops no other."""
        outcome = await _poll(self, feed, state)
        self.outcomes.append(outcome)
        self.run.progress("feeds", len(self.outcomes), 0)
        if outcome.new:
            self.told()

    def unchanged(self, feed: Feed, polled: FeedState) -> FeedOutcome:
        """Nothing new is there."""
        self._unchanged.append(polled)
        if len(self._unchanged) >= _TOGETHER:
            self.save_unchanged()
        return FeedOutcome(feed.id, feed.name, "unchanged")

    def save_unchanged(self) -> None:
        """Save those not saved yet."""
        states, self._unchanged = self._unchanged, []
        if states:
            with self.run.stages.span("queue", items=0):
                self.run.rasid.store.save_polls(states, self.run.clock())


async def _poll(polling: _Polling, feed: Feed, state: FeedState) -> FeedOutcome:
    run, days = polling.run, polling.days.get(feed.id, ())
    url = poll_url(feed, state)
    asked = state if conditional(state, now=run.clock()) else FeedState(feed.id)
    try:
        async with asyncio.timeout(run.left):
            response = await polling.fetcher.get(url, etag=asked.etag, last_modified=asked.last_modified)
            if response.status == 304:
                return polling.unchanged(feed, _polled(run, state, response, days))
            content_type = response.headers.get("content-type")
            parsed = await run.workers.parse_feed(response.body, content_type, response.final_url, feed)
    except FetchError as error:
        return _failed(run, feed, state, error)
    except FeedParseError as error:
        return _failed(run, feed, state, FetchError(error.url, error.reason))
    except TimeoutError:
        return _failed(run, feed, state, FetchError(url, "the run's deadline came first"))
    with run.stages.span("queue", items=len(parsed.entries)):
        unseen = run.rasid.store.unseen(feed.id, parsed.entries)
        polled = _polled(run, state, response, days, new=unseen, ttl=parsed.ttl)
        queued = run.rasid.store.save_poll(polled, parsed.entries, run.clock())
    note = _note(polled, response, parsed)
    return FeedOutcome(feed.id, feed.name, "ok", entries=len(parsed.entries), new=queued, note=note)


def _polled(
    run: Run,
    state: FeedState,
    response: Response,
    days: Sequence[FeedDay],
    *,
    new: int = 0,
    ttl: float | None = None,
) -> FeedState:
    return after_success(
        state,
        status=response.status,
        new=new,
        etag=response.headers.get("etag"),
        last_modified=response.headers.get("last-modified"),
        now=run.clock(),
        options=run.poll_options,
        fresh_for=_fresh_for(response.fresh_for, ttl),
        moved=response.permanent_url,
        quiet=health.quiet(state, days, until=run.clock()) is not None,
        jitter=_jitter(),
    )


def _fresh_for(*said: float | None) -> float | None:
    """The longest of what server and document say, where it can be meant for a feed."""
    most = FRESH_BELIEVED.total_seconds()
    return max((seconds for seconds in said if seconds is not None and seconds <= most), default=None)


def _note(polled: FeedState, response: Response, parsed: ParsedFeed) -> str | None:
    """What an operator should know of a poll that was taken."""
    notes = []
    if parsed.truncated:
        notes.append(f"the document breaks off after {len(parsed.entries)} entries")
    if response.downgraded:
        notes.append("a redirect led from https to http: write the https address of where it leads")
    if polled.status == "moved":
        notes.append(f"moved for good: write url: {polled.moved_to}")
    return "; ".join(notes) or None


def _failed(run: Run, feed: Feed, state: FeedState, error: FetchError) -> FeedOutcome:
    if error.deferred:
        after = after_deferral(state, until_seconds=error.retry_after, now=run.clock())
        run.rasid.store.put_back(after)
        return FeedOutcome(feed.id, feed.name, "deferred", error=error.reason)
    after = after_failure(
        state,
        error.reason,
        http_status=error.status,
        retry_after=error.retry_after,
        permanent=error.permanent,
        now=run.clock(),
        options=run.poll_options,
        jitter=_jitter(),
    )
    run.rasid.store.save_poll(after, (), run.clock())
    return FeedOutcome(feed.id, feed.name, "failed", error=error.reason)


def _jitter() -> float:
    return random.random()  # noqa: S311 - spreads polls, guards nothing
