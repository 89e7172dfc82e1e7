"""The spine of Rasid.

::

    due feeds → fetch → entries → new entries → pages → articles → clean → copy? → story → mentions → store
    ───────────── polls ─────────────   ──────── reading ────────            ─────── storing ────────
                                        ─────────────────────── ingest ──────────────────────────────

Both halves go on at once: pages are read while slow feeds are still being waited for. A collect may be killed at any
moment and may overlap with another: leases keep two from doing the same work and from asking one host at once, unique
keys keep it from counting twice.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import asdict, replace
from time import monotonic
from typing import TYPE_CHECKING

from rasid.app.ingest import Hand, work_through
from rasid.app.polls import poll_due
from rasid.app.reading import EXTRACT
from rasid.app.reread import reread_archive
from rasid.app.running import Run
from rasid.app.stages import Progress, quiet
from rasid.app.storing import Desk
from rasid.types import CollectReport
from sources.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rasid.app.context import Clock, Rasid
    from rasid.types import FeedOutcome


def collect(
    rasid: Rasid,
    *,
    clock: Clock,
    force: bool = False,
    progress: Progress = quiet,
) -> CollectReport:
    """Poll the due feeds (with `force`, all of them) and ingest what is new, within the run's deadline."""
    started = clock()
    gathered = gather(rasid, clock=clock, force=force, progress=progress)
    spent = (clock() - started).total_seconds()
    archive = reread_archive(rasid, clock=clock, spent=spent, progress=progress)
    report = merge_reports(gathered, archive)
    rasid.store.record_run("collect", started, clock(), run_summary(report))
    return report


def gather(rasid: Rasid, *, clock: Clock, force: bool = False, progress: Progress = quiet) -> CollectReport:
    """Poll the due feeds and work through the queue of pages, both at once."""
    with _run(rasid, clock, progress) as run:
        outcomes = asyncio.run(_gather(run, force=force))
    return CollectReport(
        **asdict(run.counts),
        feeds=outcomes,
        failures=tuple(run.failures),
        pending=rasid.store.pending_entries(),
        stages=run.stages.table(),
        deadline_hit=run.over,
    )


def poll_feeds(rasid: Rasid, *, clock: Clock, force: bool = False) -> CollectReport:
    """Poll the due feeds alone: what is new in them is queued, and no page is asked for."""

    async def poll(run: Run) -> tuple[FeedOutcome, ...]:
        async with run.fetcher() as fetcher:
            outcomes = await poll_due(run, fetcher, force=force)
            rasid.store.save_hosts(fetcher.hosts())
            return outcomes

    with _run(rasid, clock, quiet) as run:
        outcomes = asyncio.run(poll(run))
    return CollectReport(feeds=outcomes, pending=rasid.store.pending_entries(), deadline_hit=run.over)


@contextmanager
def _run(rasid: Rasid, clock: Clock, progress: Progress) -> Iterator[Run]:
    settings = rasid.config.settings.collect
    with rasid.store.present(), Workers(processes=settings.processes) as workers:
        try:
            yield Run(rasid, clock, workers, monotonic() + settings.deadline, progress)
        finally:
            rasid.store.release_hosts()


async def _gather(run: Run, *, force: bool) -> tuple[FeedOutcome, ...]:
    with run.stages.rest("fetch"):
        async with run.fetcher() as fetcher:
            hand = Hand(run, fetcher)
            polling = asyncio.create_task(poll_due(run, fetcher, force=force, told=hand.look))
            try:
                await work_through(hand, Desk(run), polling)
                outcomes = await polling
            finally:
                polling.cancel()
                await asyncio.gather(polling, hand.drop(), return_exceptions=True)
                run.rasid.store.save_hosts(fetcher.hosts())
    run.stages.add("fetch", items=len(outcomes) + hand.claimed)
    # A worker that was killed over a page has spent its CPU there, too.
    parsed = run.workers.cpu_seconds - run.stages.cpu(EXTRACT)
    run.stages.add("parse feeds, start workers", cpu=parsed)
    return outcomes


def merge_reports(gathered: CollectReport, archive: CollectReport) -> CollectReport:
    """One report of both parts of a collect."""
    return replace(gathered, rereads=archive.rereads, stages=gathered.stages + archive.stages)


def run_summary(report: CollectReport) -> dict[str, object]:
    """What the runs table keeps of a collect."""
    failed = {feed.feed_id: feed.error for feed in report.feeds if feed.result == "failed"}
    return {
        "feeds": len(report.feeds),
        "failed_feeds": failed,
        "fetched": report.fetched,
        "stored": report.stored,
        "edited": report.edited,
        "copies": report.copies,
        "stories": report.stories,
        "mentions": report.mentions,
        "pending": report.pending,
        "rereads": [asdict(one) for one in report.rereads],
    }
