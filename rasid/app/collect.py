"""The spine of Rasid.

::

    due feeds → fetch → entries → new entries → pages → articles → clean → copy? → story → mentions → store
    ───────────── polls ─────────────   ──────── reading ────────            ─────── storing ────────
                                        ─────────────────────── ingest ──────────────────────────────

Both halves may be killed at any moment and may overlap with another run: leases keep two runs from doing the same work
and from asking one host at once, unique keys keep it from counting twice.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from rasid.app.ingest import ingest_pages
from rasid.app.polls import poll_feeds
from rasid.app.reread import reread_archive
from rasid.app.running import pool
from rasid.app.stages import Progress, quiet

if TYPE_CHECKING:
    from rasid.app.context import Clock, Rasid
    from rasid.types import CollectReport

__all__ = ["collect", "ingest_pages", "merge_reports", "poll_feeds", "run_summary"]


def collect(
    rasid: Rasid,
    *,
    clock: Clock,
    force: bool = False,
    progress: Progress = quiet,
) -> CollectReport:
    """Poll the due feeds (with `force`, all of them) and ingest what is new, within the run's deadline."""
    started = clock()
    with rasid.store.present(), pool(rasid, None) as workers:
        feeds = poll_feeds(rasid, clock=clock, force=force, workers=workers, progress=progress)
        spent = (clock() - started).total_seconds()
        pages = ingest_pages(rasid, clock=clock, spent=spent, workers=workers, progress=progress)
        spent = (clock() - started).total_seconds()
        archive = reread_archive(rasid, clock=clock, spent=spent, progress=progress)
    report = merge_reports(feeds, pages, archive)
    rasid.store.record_run("collect", started, clock(), run_summary(report))
    return report


def merge_reports(feeds: CollectReport, pages: CollectReport, archive: CollectReport) -> CollectReport:
    """One report of the three parts of a collect."""
    return replace(
        pages,
        feeds=feeds.feeds,
        rereads=archive.rereads,
        stages=feeds.stages + pages.stages + archive.stages,
        deadline_hit=feeds.deadline_hit or pages.deadline_hit,
    )


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
