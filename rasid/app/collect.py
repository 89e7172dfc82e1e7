"""The spine of Rasid.

::

    due feeds → fetch → entries → new entries → pages → articles → clean → copy? → story → mentions → store

`poll_feeds` ends with entries queued in the database, in the transaction that saves the feed's ETag: a run that dies
after it has lost nothing. `ingest_pages` works through the queue, oldest first, so that an original is stored before
its copies; an entry leaves the queue in the transaction that stores its article. Both may be killed at any moment and
may overlap with another run: leases keep two runs from doing the same work, unique keys keep it from counting twice.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

from rasid.app.context import http_options
from rasid.app.judging import ask, judge
from rasid.app.reread import reread_archive
from rasid.app.stages import Progress, Stages, quiet
from rasid.cleaning import clean_text, clean_title
from rasid.errors import ExtractError, FeedParseError, FetchError
from rasid.polling import PollOptions, after_failure, after_success, conditional
from rasid.stories import StoryIndex
from rasid.types import (
    SUPPRESSED,
    Article,
    CollectReport,
    Extracted,
    Feed,
    FeedOutcome,
    FeedState,
    PageFailure,
    PendingEntry,
    StoryMember,
)
from sources.http import Fetcher
from sources.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rasid.app.context import Clock, Rasid
    from rasid.types import Candidate, LearnedLines, Mention, StoryChoice, Verdict
    from storage import StoredArticle

EXTRACT = "extract (trafilatura)"  # the stage that is most of a run's CPU: the table shows its share
CHUNK = 64  # pages in the air at once: bounds memory (64 pages of 5 MB), and is what a killed run repeats


@dataclass(slots=True)
class _Counts:
    """What a collect counts of pages, by the names of CollectReport."""

    fetched: int = 0
    stored: int = 0
    known: int = 0
    copies: int = 0
    linked: int = 0
    stories: int = 0
    mentions: int = 0
    uncertain: int = 0
    from_feed: int = 0


@dataclass(slots=True)
class _Run:
    """One collect under way: the tools of its stages, and what it has counted."""

    rasid: Rasid
    clock: Clock
    workers: Workers
    deadline: float  # on the monotonic clock
    progress: Progress
    stages: Stages = field(default_factory=Stages)
    counts: _Counts = field(default_factory=_Counts)
    failures: list[PageFailure] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return monotonic() > self.deadline

    def lease(self) -> datetime:
        return self.clock() + timedelta(seconds=self.rasid.config.settings.collect.lease)


def collect(
    rasid: Rasid,
    *,
    clock: Clock,
    force: bool = False,
    progress: Progress = quiet,
) -> CollectReport:
    """Poll the due feeds (with `force`, all of them) and ingest what is new, within the run's deadline."""
    started = clock()
    with rasid.store.present(), _pool(rasid, None) as workers:
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
        "copies": report.copies,
        "stories": report.stories,
        "mentions": report.mentions,
        "pending": report.pending,
        "rereads": [asdict(one) for one in report.rereads],
    }


# ── the first half: feeds ────────────────────────────────────────────────────────────────────────


def poll_feeds(
    rasid: Rasid,
    *,
    clock: Clock,
    force: bool = False,
    workers: Workers | None = None,
    progress: Progress = quiet,
) -> CollectReport:
    """Fetch and read the due feeds; queue the entries not seen before."""
    with rasid.store.present(), _pool(rasid, workers) as pool:
        run = _Run(rasid, clock, pool, monotonic() + rasid.config.settings.collect.deadline, progress)
        feeds = {feed.id: feed for feed in rasid.config.feeds if feed.enabled}
        with run.stages.span("queue", items=0):
            rasid.store.sync_feeds(rasid.config.feeds, clock())
            states = rasid.store.claim_due_feeds(list(feeds), clock(), run.lease(), force=force)
        outcomes = asyncio.run(_poll_all(run, [(feeds[state.feed_id], state) for state in states]))
    return CollectReport(feeds=tuple(outcomes), stages=run.stages.table(), deadline_hit=run.over)


async def _poll_all(run: _Run, due: Sequence[tuple[Feed, FeedState]]) -> list[FeedOutcome]:
    outcomes: list[FeedOutcome] = []
    before = run.workers.cpu_seconds
    with run.stages.rest("fetch feeds"):
        async with Fetcher(http_options(run.rasid.config.settings)) as fetcher, asyncio.TaskGroup() as group:

            async def one(feed: Feed, state: FeedState) -> None:
                outcomes.append(await _poll(run, fetcher, feed, state))
                run.progress("feeds", len(outcomes), len(due))

            for feed, state in due:
                group.create_task(one(feed, state))
    run.stages.add("fetch feeds", items=len(due))
    run.stages.add("parse feeds, start workers", cpu=run.workers.cpu_seconds - before)
    return sorted(outcomes, key=lambda outcome: outcome.feed_id)


async def _poll(run: _Run, fetcher: Fetcher, feed: Feed, state: FeedState) -> FeedOutcome:
    """One feed: whatever happens to it is saved, counted once, and stops no other."""
    try:
        async with asyncio.timeout(max(0.0, run.deadline - monotonic())):
            asked = state if conditional(state, now=run.clock()) else FeedState(feed.id)
            response = await fetcher.get(feed.url, etag=asked.etag, last_modified=asked.last_modified)
            if response.status == 304:
                return _unchanged(run, feed, state)
            content_type = response.headers.get("content-type")
            parsed = await run.workers.parse_feed(response.body, content_type, response.final_url)
    except FetchError as error:
        return _failed(run, feed, state, error)
    except FeedParseError as error:
        return _failed(run, feed, state, FetchError(error.url, error.reason))
    except TimeoutError:
        return _failed(run, feed, state, FetchError(feed.url, "the run's deadline came first"))
    with run.stages.span("queue", items=len(parsed.entries)):
        unseen = run.rasid.store.unseen(feed.id, parsed.entries)
        polled = _polled(run, state, 200, unseen, response.headers)
        queued = run.rasid.store.save_poll(polled, parsed.entries, run.clock())
    return FeedOutcome(feed.id, feed.name, "ok", entries=len(parsed.entries), new=queued)


def _polled(run: _Run, state: FeedState, status: int, new: int, headers: dict[str, str]) -> FeedState:
    return after_success(
        state,
        status=status,
        new=new,
        etag=headers.get("etag"),
        last_modified=headers.get("last-modified"),
        now=run.clock(),
        options=_poll_options(run),
    )


def _unchanged(run: _Run, feed: Feed, state: FeedState) -> FeedOutcome:
    run.rasid.store.save_poll(_polled(run, state, 304, 0, {}), (), run.clock())
    return FeedOutcome(feed.id, feed.name, "unchanged")


def _failed(run: _Run, feed: Feed, state: FeedState, error: FetchError) -> FeedOutcome:
    after = after_failure(
        state,
        error.reason,
        http_status=error.status,
        retry_after=error.retry_after,
        permanent=error.permanent,
        now=run.clock(),
        options=_poll_options(run),
        jitter=random.random(),  # noqa: S311 - spreads polls, guards nothing
    )
    run.rasid.store.save_poll(after, (), run.clock())
    return FeedOutcome(feed.id, feed.name, "failed", error=error.reason)


# ── the second half: pages ───────────────────────────────────────────────────────────────────────


def ingest_pages(
    rasid: Rasid,
    *,
    clock: Clock,
    spent: float = 0.0,
    workers: Workers | None = None,
    progress: Progress = quiet,
) -> CollectReport:
    """Work through the queue of entries; `spent` seconds of the run's deadline are gone already."""
    settings = rasid.config.settings.collect
    with rasid.store.present(), _pool(rasid, workers) as pool:
        run = _Run(rasid, clock, pool, monotonic() + max(0.0, settings.deadline - spent), progress)
        if rasid.store.pending_entries():
            asyncio.run(_ingest_all(run))
    return CollectReport(
        **asdict(run.counts),
        failures=tuple(run.failures),
        pending=rasid.store.pending_entries(),
        stages=run.stages.table(),
        deadline_hit=run.over,
    )


async def _ingest_all(run: _Run) -> None:
    store, settings = run.rasid.store, run.rasid.config.settings.collect
    before = run.workers.cpu_seconds
    with run.stages.span("copies, story", items=0):
        index = StoryIndex(store.story_members(run.clock() - timedelta(days=settings.story_days)))
    done, total = 0, min(store.pending_entries(), settings.max_pages)
    with run.stages.rest("fetch pages"):
        async with Fetcher(http_options(run.rasid.config.settings)) as fetcher:
            while done < settings.max_pages and not run.over:
                limit = min(CHUNK, settings.max_pages - done)
                with run.stages.span("queue", items=0):
                    batch = store.claim_entries(run.clock(), run.lease(), limit)
                if not batch:
                    break
                await _ingest_batch(run, index, fetcher, batch)
                done += len(batch)
                run.progress("pages", done, total)
    run.stages.add("fetch pages", items=done)
    # A worker that was killed over a page has spent its CPU there, too.
    run.stages.add(EXTRACT, cpu=run.workers.cpu_seconds - before - run.stages.cpu(EXTRACT))


async def _ingest_batch(
    run: _Run,
    index: StoryIndex,
    fetcher: Fetcher,
    batch: Sequence[PendingEntry],
) -> None:
    """Read a batch of pages side by side, then store its articles in order of publication."""
    left = max(0.0, run.deadline - monotonic())
    outlets = {feed.id: feed.name for feed in run.rasid.config.feeds}
    reading = [asyncio.create_task(_read(run, fetcher, outlets, pending)) for pending in batch]
    _, late = await asyncio.wait(reading, timeout=left)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    articles: list[tuple[PendingEntry, Article]] = []
    unread: list[int] = []
    for pending, task in zip(batch, reading, strict=True):
        if task in late:
            unread.append(pending.id)
            continue
        outcome = task.result()
        if isinstance(outcome, PageFailure):
            run.failures.append(outcome)
        else:
            articles.append((pending, outcome))
    run.rasid.store.release_entries(unread)
    learned = run.rasid.store.learned_lines()
    for pending, article in sorted(articles, key=lambda pair: (pair[1].published, pair[0].id)):
        _store(run, index, learned, pending, article)


async def _read(
    run: _Run, fetcher: Fetcher, outlets: Mapping[str, str], pending: PendingEntry
) -> Article | PageFailure:
    """The article of an entry: from its page, else from the feed's own text, else a failure with its reason."""
    outlet = outlets.get(pending.feed_id, pending.feed_id)
    try:
        response = await fetcher.get(pending.entry.url)
        extracted = await run.workers.extract(response.body, response.final_url)
    except (FetchError, ExtractError) as error:
        return await _without_page(run, pending, outlet, error)
    run.stages.add(EXTRACT, items=1, cpu=extracted.cpu_seconds)
    with run.stages.span("clean"):
        return _article(run, pending, outlet, extracted, from_feed=False)


async def _without_page(
    run: _Run, pending: PendingEntry, outlet: str, error: FetchError | ExtractError
) -> Article | PageFailure:
    """A page that could not be read: tried again later, at last replaced by the feed's own text."""
    settings = run.rasid.config.settings.collect
    if not error.permanent and pending.attempts + 1 < settings.attempts:
        again = run.clock() + timedelta(minutes=settings.poll_min * 2**pending.attempts)
        run.rasid.store.retry_entry(pending.id, error.reason, again)
        return PageFailure(pending.feed_id, pending.entry.url, error.reason, final=False)
    entry = pending.entry
    try:
        extracted = await run.workers.extract_feed_text(entry.summary, entry.url, entry.title)
    except ExtractError:
        extracted = None
    if extracted is None:
        run.rasid.store.fail_entry(pending.id, error.reason, run.clock())
        return PageFailure(pending.feed_id, entry.url, error.reason, final=True)
    return _article(run, pending, outlet, extracted, from_feed=True)


def _article(
    run: _Run, pending: PendingEntry, outlet: str, extracted: Extracted, *, from_feed: bool
) -> Article:
    title = clean_title(pending.entry.title or extracted.title, outlet)
    return Article(
        url=pending.entry.url,
        feed_id=pending.feed_id,
        outlet=outlet,
        title=title,
        text=clean_text(extracted.text, title, run.rasid.boilerplate),
        author=extracted.author or pending.entry.author,
        published=published_at(extracted.published, pending.entry.published, pending.first_seen),
        first_seen=pending.first_seen,
        language=extracted.language,
        source="feed" if from_feed else "page",
    )


def published_at(page: datetime | None, feed: datetime | None, first_seen: datetime) -> datetime:
    """When an article came out: the page's time, else the feed's, never after it was first seen.

    A page that gives a date without a time (midnight) yields to a feed that gives a time within a day of it.
    """
    date_only = page is not None and (page.hour, page.minute, page.second) == (0, 0, 0)
    if page and feed and date_only and abs(page - feed) <= timedelta(days=1):
        page = feed
    return min(page or feed or first_seen, first_seen)


def _store(
    run: _Run, index: StoryIndex, learned: LearnedLines, pending: PendingEntry, article: Article
) -> None:
    """Clean article in, one transaction out: copy?, story, mentions, entry done."""
    store, stages = run.rasid.store, run.stages
    with stages.span("copies, story", items=0):
        asked = ask(article.title, article.text, article.published, article.outlet, article.author, learned)
    with stages.span("match"):
        mentions = run.rasid.matcher.find(article.text, article.title)

    def judged(candidates: Sequence[Candidate], newer: Sequence[StoryMember]) -> tuple[Verdict, StoryChoice]:
        """Inside the transaction: what another collect stored a moment ago is seen."""
        with stages.span("copies, story"):
            for member in newer:
                index.add(member)
            return judge(asked, candidates, index, learned)

    with stages.span("store"):
        stored = store.store_article(
            pending.id,
            replace(article, wire=asked.wire),
            asked.fingerprint,
            judged,
            asked.terms,
            mentions,
            run.rasid.config.list_versions,
            run.clock(),
            after=index.last_id,
        )
    if stored.created:
        index.add(StoryMember(stored.id, stored.story_id, asked.terms, article.published, asked.wire))
    _count(run.counts, article, stored, mentions)


def _count(counts: _Counts, article: Article, stored: StoredArticle, mentions: Sequence[Mention]) -> None:
    counts.fetched += article.source == "page"
    if stored.verdict is None:
        counts.known += 1
        return
    counts.stored += 1
    counts.copies += stored.verdict.relation in SUPPRESSED
    counts.linked += stored.verdict.relation in {"extends", "revised"}
    counts.stories += stored.new_story
    counts.from_feed += article.source == "feed"
    counts.mentions += sum(mention.status == "matched" for mention in mentions)
    counts.uncertain += sum(mention.status == "uncertain" for mention in mentions)


# ── settings as the stages want them ─────────────────────────────────────────────────────────────


def _pool(rasid: Rasid, workers: Workers | None) -> AbstractContextManager[Workers]:
    """The pool that the caller keeps, else one for this half of a collect."""
    if workers is not None:
        return nullcontext(workers)
    return Workers(processes=rasid.config.settings.collect.processes)


def _poll_options(run: _Run) -> PollOptions:
    settings = run.rasid.config.settings.collect
    return PollOptions(
        poll_min=timedelta(minutes=settings.poll_min), poll_max=timedelta(minutes=settings.poll_max)
    )
