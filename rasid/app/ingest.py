"""The second half of a collect: the queue's pages become articles.

::

    claim → page → article → clean → in order of publication: copy? → story → mentions → store

Pages are read side by side, at most one of a host at a time, and stored one by one. What is read waits for the pages
that were published before it and are still being read, so that an original is stored before its copies, but not for
long: a slow host holds up its own pages and no others. An entry leaves the queue in the transaction that stores its
article; a run that is killed at any moment has lost nothing.
"""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import asdict, dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from rasid.app.reading import EXTRACT, Read, read
from rasid.app.running import Run, pool
from rasid.app.stages import Progress, quiet
from rasid.app.storing import Desk
from rasid.types import CollectReport, PageFailure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rasid.app.context import Clock, Rasid
    from rasid.types import PendingEntry
    from sources.http import Fetcher
    from sources.workers import Workers

IN_HAND = 256  # entries claimed and not read yet: all the pages that a hundred hosts answer in a few seconds
PATIENCE = 10.0  # seconds for which an article waits for older ones


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
    with rasid.store.present(), pool(rasid, workers) as shared:
        run = Run(rasid, clock, shared, monotonic() + max(0.0, settings.deadline - spent), progress)
        try:
            if rasid.store.pending_entries():
                asyncio.run(_ingest_all(run))
        finally:
            rasid.store.release_hosts()
    return CollectReport(
        **asdict(run.counts),
        failures=tuple(run.failures),
        pending=rasid.store.pending_entries(),
        stages=run.stages.table(),
        deadline_hit=run.over,
    )


async def _ingest_all(run: Run) -> None:
    before = run.workers.cpu_seconds
    desk = Desk(run)
    with run.stages.rest("fetch pages"):
        async with run.fetcher() as fetcher:
            hand = _Hand(run, fetcher)
            try:
                await _work_through(run, hand, desk)
            finally:
                await hand.drop()
                run.rasid.store.save_hosts(fetcher.hosts())
    run.stages.add("fetch pages", items=hand.claimed)
    # A worker that was killed over a page has spent its CPU there, too.
    run.stages.add(EXTRACT, cpu=run.workers.cpu_seconds - before - run.stages.cpu(EXTRACT))


async def _work_through(run: Run, hand: _Hand, desk: Desk) -> None:
    total = min(run.rasid.store.pending_entries(), run.rasid.config.settings.collect.max_pages)
    while not run.over:
        hand.claim()
        if not hand.reading:
            break
        await hand.next()
        for done in hand.in_turn():
            desk.store(done)
        run.progress("pages", hand.claimed - len(hand.reading), total)
    await hand.drop()
    for done in hand.in_turn():
        desk.store(done)


@dataclass(slots=True)
class _Hand:
    """What this run has in hand: pages being read, and articles that wait for older ones."""

    run: Run
    fetcher: Fetcher
    claimed: int = 0
    reading: dict[asyncio.Task[Read | PageFailure | None], PendingEntry] = field(default_factory=dict)
    _ended: asyncio.Queue[asyncio.Task[Read | PageFailure | None]] = field(default_factory=asyncio.Queue)
    _waiting: list[tuple[datetime, int, float, Read]] = field(default_factory=list)  # a heap
    _hosts: dict[str, int] = field(default_factory=dict)  # pages being read, by host
    _left: set[str] = field(default_factory=set)  # hosts that nothing is read of any more
    _worth_asking: bool = True  # the queue may hold something for us

    def claim(self) -> None:
        """Take more of the queue, when half of what was taken has been read and a host has come free."""
        settings = self.run.rasid.config.settings.collect
        limit = min(IN_HAND - len(self.reading), settings.max_pages - self.claimed)
        if not self._worth_asking or limit <= 0 or len(self.reading) > IN_HAND // 2:
            return
        store = self.run.rasid.store
        with self.run.stages.span("queue", items=0):
            batch = store.claim_entries(self.run.clock(), self.run.lease(), limit, busy=self._hosts)
            self._left -= {pending.host for pending in batch}
            if self._left:
                store.release_hosts(self._left)
        self._left, self._worth_asking = set(), False
        for pending in batch:
            task = asyncio.create_task(read(self.run, self.fetcher, pending))
            task.add_done_callback(self._ended.put_nowait)
            self.reading[task] = pending
            self._hosts[pending.host] = self._hosts.get(pending.host, 0) + 1
        self.claimed += len(batch)

    async def next(self) -> None:
        """Wait until a page has been read, an article has waited long enough, or the run's time is over."""
        waited = min((since for _, _, since, _ in self._waiting), default=None)
        patience = self.run.left if waited is None else min(self.run.left, waited + PATIENCE - monotonic())
        try:
            async with asyncio.timeout(max(0.0, patience)):
                self._take(await self._ended.get())
        except TimeoutError:
            return
        while not self._ended.empty():
            self._take(self._ended.get_nowait())

    def _take(self, task: asyncio.Task[Read | PageFailure | None]) -> None:
        pending = self.reading.pop(task, None)
        if pending is None:  # dropped
            return
        self._hosts[pending.host] -= 1
        if not self._hosts[pending.host]:
            del self._hosts[pending.host]
            self._left.add(pending.host)
            self._worth_asking = True
        outcome = task.result()
        if isinstance(outcome, PageFailure):
            self.run.failures.append(outcome)
        elif outcome is not None:
            heapq.heappush(self._waiting, (outcome.article.published, pending.id, monotonic(), outcome))

    def in_turn(self) -> Iterator[Read]:
        """The articles that wait for nothing any more, in order of publication."""
        oldest = min(map(_due, self.reading.values()), default=None)
        overdue = monotonic() - PATIENCE
        while self._waiting:
            published, _, _, _ = self._waiting[0]
            late = any(since <= overdue for _, _, since, _ in self._waiting)
            if oldest is not None and published > oldest and not late:
                return
            yield heapq.heappop(self._waiting)[3]

    async def drop(self) -> None:
        """Give back what has not been read; no attempt is counted."""
        tasks = dict(self.reading)
        self.reading.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.run.rasid.store.release_entries([pending.id for pending in tasks.values()])


def _due(pending: PendingEntry) -> datetime:
    return min(pending.entry.published or pending.first_seen, pending.first_seen)
