"""The first half of a collect: the due feeds are asked, and what is new in them is queued.

It ends with entries queued in the database, in the transaction that saves the feed's ETag: a run that dies after it has
lost nothing.
"""

from __future__ import annotations

import asyncio
import random
from time import monotonic
from typing import TYPE_CHECKING

from rasid import health
from rasid.app.running import Run, pool
from rasid.app.stages import Progress, quiet
from rasid.errors import FeedParseError, FetchError
from rasid.polling import (
    FRESH_BELIEVED,
    after_deferral,
    after_failure,
    after_success,
    conditional,
    poll_url,
)
from rasid.types import CollectReport, Feed, FeedOutcome, FeedState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rasid.app.context import Clock, Rasid
    from rasid.types import FeedDay, ParsedFeed, Response
    from sources.http import Fetcher
    from sources.workers import Workers


def poll_feeds(
    rasid: Rasid,
    *,
    clock: Clock,
    force: bool = False,
    workers: Workers | None = None,
    progress: Progress = quiet,
) -> CollectReport:
    """Fetch and read the due feeds; queue the entries not seen before."""
    with rasid.store.present(), pool(rasid, workers) as shared:
        run = Run(rasid, clock, shared, monotonic() + rasid.config.settings.collect.deadline, progress)
        enabled = [feed.id for feed in rasid.config.feeds if feed.enabled]
        with run.stages.span("queue", items=0):
            rasid.store.sync_feeds(rasid.config.feeds, clock())
            states = rasid.store.claim_due_feeds(enabled, clock(), run.lease(), force=force)
            days = rasid.store.feed_days((clock() - health.HISTORY).date())
        try:
            due = [(run.feeds[state.feed_id], state) for state in states]
            outcomes = asyncio.run(_poll_all(run, due, days)) if due else []
        finally:
            rasid.store.release_hosts()
    return CollectReport(feeds=tuple(outcomes), stages=run.stages.table(), deadline_hit=run.over)


async def _poll_all(
    run: Run, due: Sequence[tuple[Feed, FeedState]], days: Mapping[str, Sequence[FeedDay]]
) -> list[FeedOutcome]:
    outcomes: list[FeedOutcome] = []
    before = run.workers.cpu_seconds
    with run.stages.rest("fetch feeds"):
        async with run.fetcher() as fetcher:

            async def one(feed: Feed, state: FeedState) -> None:
                outcomes.append(await _poll(run, fetcher, feed, state, days.get(feed.id, ())))
                run.progress("feeds", len(outcomes), len(due))

            await asyncio.gather(*(one(feed, state) for feed, state in due))
            run.rasid.store.save_hosts(fetcher.hosts())
    run.stages.add("fetch feeds", items=len(due))
    run.stages.add("parse feeds, start workers", cpu=run.workers.cpu_seconds - before)
    return sorted(outcomes, key=lambda outcome: outcome.feed_id)


async def _poll(
    run: Run, fetcher: Fetcher, feed: Feed, state: FeedState, days: Sequence[FeedDay]
) -> FeedOutcome:
    """One feed: whatever happens to it is saved, counted once, and stops no other."""
    url = poll_url(feed, state)
    asked = state if conditional(state, now=run.clock()) else FeedState(feed.id)
    try:
        async with asyncio.timeout(run.left):
            response = await fetcher.get(url, etag=asked.etag, last_modified=asked.last_modified)
            if response.status == 304:
                return _unchanged(run, feed, state, response, days)
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


def _unchanged(
    run: Run, feed: Feed, state: FeedState, response: Response, days: Sequence[FeedDay]
) -> FeedOutcome:
    with run.stages.span("queue", items=0):
        run.rasid.store.save_poll(_polled(run, state, response, days), (), run.clock())
    return FeedOutcome(feed.id, feed.name, "unchanged")


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
