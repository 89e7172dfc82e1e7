"""The second half of a collect: the queue's pages become articles.

::

    claim → page → article → clean → in order of publication: copy? → story → mentions → store

Pages are read side by side, at most one of a host at a time, and stored in small groups. What is read waits for the
pages that were published before it and are still being read, and for feeds that have not answered yet, so that an
original is stored before its copies; but not for long: a slow host holds up its own pages and no others. An entry
leaves the queue in the transaction that stores its article; a run that is killed at any moment has lost nothing.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from rasid.app.reading import Read, read
from rasid.types import PageFailure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rasid.app.running import Run
    from rasid.app.storing import Desk
    from rasid.types import PendingEntry
    from sources.http import Fetcher

IN_HAND = 256  # entries claimed and not read yet: all the pages that a hundred hosts answer in a few seconds
BATCH = 64  # entries claimed at once; of a host that has so many in hand no more are
TOGETHER = 16  # articles stored in one transaction at most
_LINGER = 0.25  # seconds for which fewer wait for more
_PATIENCE = 5.0  # seconds for which a silent host, or a feed that has not answered, is waited for
_RELEASE_EVERY = 2.0  # seconds
_LONGEST = 60.0  # seconds for which an article waits for older ones


async def work_through(hand: Hand, desk: Desk, polling: asyncio.Task[object]) -> None:
    """Read and store what the queue holds, and what comes into it while feeds are still being polled."""
    polling.add_done_callback(lambda _: hand.look())
    while not hand.run.over:
        hand.claim(may_release=polling.done())
        if polling.done() and hand.is_idle:
            break
        await hand.next()
        desk.store_all(list(hand.in_turn(more_may_come=not polling.done())))
        hand.run.progress("pages", hand.claimed - len(hand.reading), hand.claimed)
    await hand.drop()
    while group := list(hand.in_turn()):
        desk.store_all(group)


@dataclass(slots=True)
class Hand:
    """What this run has in hand: pages being read, and articles that wait for older ones."""

    run: Run
    fetcher: Fetcher
    claimed: int = 0
    reading: dict[asyncio.Task[Read | PageFailure | None], PendingEntry] = field(default_factory=dict)
    _ended: asyncio.Queue[asyncio.Task[Read | PageFailure | None] | None] = field(
        default_factory=asyncio.Queue
    )
    _waiting: list[tuple[datetime, int, float, Read]] = field(default_factory=list)  # a heap
    _hosts: Counter[str] = field(default_factory=Counter)  # pages being read, by host
    _heard: dict[str, float] = field(default_factory=dict)  # when a host last gave a page, or was turned to
    _full: set[str] = field(default_factory=set)  # hosts of which more may be in the queue
    _left: set[str] = field(default_factory=set)  # hosts that nothing is read of any more
    _released: float = field(default_factory=monotonic)  # when hosts were let go last
    _worth_asking: bool = True  # the queue may hold something for us

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being read, and nothing is known of that could be."""
        return not self.reading and not self._worth_asking and self._ended.empty()

    def look(self) -> None:
        """The queue may hold something new."""
        self._ended.put_nowait(None)

    def claim(self, *, may_release: bool) -> None:
        """Take more of the queue, when half of what was taken has been read, and something may be there for us.

        `may_release`: hosts of which nothing is read any more are let go; not while their feeds may be asked.
        """
        most = self.run.rasid.config.settings.collect.max_pages
        while self._worth_asking and len(self.reading) <= IN_HAND // 2:
            limit = min(BATCH, most - self.claimed)
            batch = self._claimed(limit) if limit > 0 else []
            self._worth_asking = 0 < len(batch) == limit
        if self._left and may_release and monotonic() - self._released > _RELEASE_EVERY:
            store, left, self._left, self._released = self.run.rasid.store, self._left, set(), monotonic()
            with self.run.stages.span("queue", items=0):
                store.save_hosts(host for host in self.fetcher.hosts() if host.host in left)
                store.release_hosts(left)

    def _claimed(self, limit: int) -> list[PendingEntry]:
        """Up to so many entries, whose pages are being asked for from now on."""
        run = self.run
        self._full = {host for host, pages in self._hosts.items() if pages >= BATCH}
        with run.stages.span("queue", items=0):
            batch = run.rasid.store.claim_entries(run.clock(), run.lease(), limit, busy=self._full)
        for pending in batch:
            task = asyncio.create_task(read(run, self.fetcher, pending))
            task.add_done_callback(self._ended.put_nowait)
            self.reading[task] = pending
            self._hosts[pending.host] += 1
            self._heard[pending.host] = monotonic()
            self._left.discard(pending.host)
        self.claimed += len(batch)
        return batch

    async def next(self) -> None:
        """Wait until a page has been read, the queue may hold more, an article may be stored, or time is over."""
        try:
            async with asyncio.timeout(min(self.run.left, _LINGER) if self._waiting else self.run.left):
                self._take(await self._ended.get())
        except TimeoutError:
            return
        while not self._ended.empty():
            self._take(self._ended.get_nowait())

    def _take(self, task: asyncio.Task[Read | PageFailure | None] | None) -> None:
        if task is None:
            self._worth_asking = True
            return
        pending = self.reading.pop(task, None)
        if pending is None:  # dropped
            return
        self._hosts[pending.host] -= 1
        self._heard[pending.host] = monotonic()
        if self._hosts[pending.host] < BATCH // 2 and pending.host in self._full:
            self._full.discard(pending.host)
            self._worth_asking = True
        if not self._hosts[pending.host]:
            del self._hosts[pending.host]
            self._left.add(pending.host)
        outcome = task.result()
        if isinstance(outcome, PageFailure):
            self.run.failures.append(outcome)
        elif outcome is not None:
            heapq.heappush(self._waiting, (outcome.article.published, pending.id, monotonic(), outcome))

    def in_turn(self, *, more_may_come: bool = False) -> Iterator[Read]:
        """The articles that wait for nothing any more, in order of publication, so many as are stored at once.

        `more_may_come`: a feed that has not answered yet may hold older ones than all that are known.
        """
        now = monotonic()
        first = min((since for _, _, since, _ in self._waiting), default=now)
        if self.reading and len(self._waiting) < TOGETHER and now - first < _LINGER:
            return
        alive = (each for each in self.reading.values() if now - self._heard[each.host] < _PATIENCE)
        oldest = min(map(_due, alive), default=None)
        if more_may_come and now - first < _PATIENCE:
            return
        for _ in range(min(TOGETHER, len(self._waiting))):
            is_older = oldest is None or self._waiting[0][0] <= oldest
            if not is_older and now - first < _LONGEST:
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
