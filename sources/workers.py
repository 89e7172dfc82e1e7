"""Killable processes for the parsers: a page that bites kills its worker and nothing else.

Theory of operation: threads cannot be killed and a parser in C cannot be interrupted, so feeds and pages
are read in worker processes with limits on CPU (the kernel's SIGXCPU), memory (RLIMIT_DATA) and wall time
(pebble kills the process). A fork server imports the parsers once; its children start in milliseconds.

- CPU is limited a task, not a process: the soft limit is moved ahead before each task and lifted after it,
  so that no worker dies between tasks while it holds the lock of pebble's channel.
- A worker whose main process is gone kills itself: it waits on the sentinel of its parent, which the kernel
  closes whatever the parent died of. PR_SET_PDEATHSIG would watch the fork server instead, which lives on
  as long as any of its children does.
- CPU seconds come from the workers' own reports. RUSAGE_CHILDREN of the main process does not see them:
  they are children of the fork server. What a killed task had used is counted where the kernel killed it
  for CPU, and not known where pebble killed it for wall time.
- RLIMIT_DATA rather than RLIMIT_AS: the latter counts address space that is reserved and never touched.

pebble gives up its whole pool when a worker dies between tasks (killed by hand, or for the machine's
memory); the next call then starts a new pool.
"""

from __future__ import annotations

import asyncio
import math
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections import deque
from concurrent.futures import TimeoutError as TaskTimeoutError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from rasid.errors import ExtractError, FeedParseError
from rasid.types import NO_RULES

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rasid.types import Extracted, Feed, OutletRules, ParsedFeed
    from sources.discovery import FeedLink

T = TypeVar("T")

_MOST_OPEN = 8  # documents a process, being read or waiting for it: of 15 MB at worst
_TASKS_PER_WORKER = 500  # then a fresh process, so that what a parser leaks or caches does not add up
# CPU that the importing process spent until this line: in the fork server the imports that all workers share.
_LOADED = (os.getpid(), time.process_time())


@dataclass(frozen=True, slots=True)
class _Report(Generic[T]):
    """A task's result, or its error, with the CPU seconds of the processes behind it."""

    value: T | None
    error: ExtractError | FeedParseError | None
    cpu: dict[int, float]  # by process id, since the process began


class _KilledError(Exception):
    """The worker did not live to answer; the text says why."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        self.reason, self.permanent = reason, permanent
        super().__init__(reason)


class Workers:
    """A pool of parser processes, started when first needed; a context manager, for one event loop."""

    def __init__(
        self, processes: int = 2, memory: int = 1_000_000_000, cpu: int = 10, wall: float = 15.0
    ) -> None:
        """Set the limits: `memory` in bytes a process, `cpu` and `wall` in seconds a task."""
        self._processes, self._memory, self._cpu, self._wall = processes, memory, cpu, wall
        self._spent: dict[int, float] = {}
        self._killed = 0.0
        self._pool: ProcessPool | None = None
        self._starting: asyncio.Task[None] | None = None
        self._open = 0  # documents handed in and not read yet
        self._waiters: deque[asyncio.Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self._close()

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of all worker processes so far, their start included."""
        return sum(self._spent.values()) + self._killed

    async def parse_feed(self, body: bytes, content_type: str | None, url: str, feed: Feed) -> ParsedFeed:
        """`feeds.parse_feed` in a worker, `sections.parse_section` where the feed is a section page.

        Raises:
            FeedParseError: no feed, or the worker was killed over it.
        """
        try:
            return await self._run(_parse_feed, body, content_type, url, feed)
        except _KilledError as e:
            raise FeedParseError(url, e.reason) from e

    async def find_feeds(self, body: bytes, content_type: str | None, url: str) -> tuple[FeedLink, ...]:
        """`discovery.find_feeds` in a worker.

        Raises:
            FeedParseError: the worker was killed over it.
        """
        try:
            return await self._run(_find_feeds, body, content_type, url)
        except _KilledError as e:
            raise FeedParseError(url, e.reason) from e

    async def extract(
        self, page: bytes, url: str, content_type: str | None = None, rules: OutletRules = NO_RULES
    ) -> Extracted:
        """`pages.extract` in a worker.

        Raises:
            ExtractError: no article, or the worker was killed over it.
        """
        try:
            return await self._run(_extract, page, url, content_type, rules)
        except _KilledError as e:
            raise ExtractError(url, e.reason, e.permanent) from e

    async def extract_feed_text(self, summary: str, url: str, title: str) -> Extracted | None:
        """`pages.extract_feed_text` in a worker: a feed's HTML is as hostile as a page's.

        Raises:
            ExtractError: the worker was killed over it.
        """
        try:
            return await self._run(_extract_feed_text, summary, url, title)
        except _KilledError as e:
            raise ExtractError(url, e.reason, e.permanent) from e

    async def ready(self) -> None:
        """Wait while more documents lie here than are read in a moment: each may have megabytes."""
        while self._open >= _MOST_OPEN * self._processes:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if not waiter.cancelled():  # it was woken: another one may go
                    self._wake_one()
                raise

    def _closed_one(self) -> None:
        self._open -= 1
        self._wake_one()

    def _wake_one(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():  # cancelled
                waiter.set_result(None)
                return

    async def _run(self, function: Callable[..., T], *args: object) -> T:
        self._open += 1
        try:
            return await self._answer(function, args)
        finally:
            self._closed_one()

    async def _answer(self, function: Callable[..., T], args: tuple[object, ...]) -> T:
        future = await self._schedule(function, args)
        try:
            report: _Report[T] = await asyncio.wrap_future(future)
        except TaskTimeoutError as e:
            raise _KilledError(f"reading it took more than {self._wall:g} s; stopped", permanent=True) from e
        except ProcessExpired as e:
            raise self._killed_by(e.exitcode) from e
        except BrokenProcessPool as e:
            raise _KilledError(
                "the reading processes died; not this document's doing", permanent=False
            ) from e
        for pid, seconds in report.cpu.items():
            self._spent[pid] = max(seconds, self._spent.get(pid, 0.0))
        if report.error is not None:
            raise report.error
        return report.value  # type: ignore[return-value]

    async def _schedule(self, function: Callable[..., T], args: tuple[object, ...]) -> Any:
        """Hand a task in; the first one, and the first after all processes died, starts them."""
        pool = self._pool or await self._started_pool()
        try:
            return pool.schedule(_task, args=(function, args, self._cpu), timeout=self._wall)
        except RuntimeError:  # pebble has given the pool up
            if pool is self._pool:
                self._close()
            pool = await self._started_pool()
            return pool.schedule(_task, args=(function, args, self._cpu), timeout=self._wall)

    async def _started_pool(self) -> ProcessPool:
        """The pool that one task starts while all callers wait, whichever of them is cancelled."""
        while self._pool is None:
            if self._starting is None or self._starting.done():
                self._starting = asyncio.ensure_future(self._start())
            await asyncio.shield(self._starting)
        return self._pool

    async def _start(self) -> None:
        pool = self._new_pool()
        await asyncio.to_thread(getattr, pool, "active")  # asking starts it; pebble has no other way
        self._pool = pool

    def _new_pool(self) -> ProcessPool:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["sources.feeds", "sources.sections", "sources.pages", __name__])
        _start_fork_server()
        return ProcessPool(
            max_workers=self._processes,
            max_tasks=_TASKS_PER_WORKER,
            initializer=_begin_worker,
            initargs=(self._memory,),
            context=context,
        )

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()
            self._pool = None

    def _killed_by(self, exitcode: int) -> _KilledError:
        if exitcode == -signal.SIGXCPU:
            self._killed += self._cpu
            return _KilledError(f"reading it took more than {self._cpu} s of CPU; stopped", permanent=True)
        return _KilledError(f"the process that read it died ({_death(exitcode)})", permanent=True)


def _start_fork_server() -> None:
    """Start it deaf to Ctrl-C: that is the run's to answer, and the imports would answer with a traceback."""
    resource_tracker.ensure_running()  # the fork server wants it, and its start lifts the mask again
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _death(exitcode: int) -> str:
    if exitcode >= 0:
        return f"exit code {exitcode}"
    try:
        return signal.Signals(-exitcode).name
    except ValueError:
        return f"signal {-exitcode}"


def _begin_worker(memory: int) -> None:
    """Set a fresh worker's limits; pebble has it ignore SIGINT already."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGKILL)


# The parsers are imported where they run: the process that only hands out work does not pay for them.


def _parse_feed(body: bytes, content_type: str | None, url: str, feed: Feed) -> ParsedFeed:
    if feed.kind == "page":
        from sources import sections

        return sections.parse_section(body, content_type, url, feed.links)
    from sources import feeds

    return feeds.parse_feed(body, content_type, url, feed.rules)


def _find_feeds(body: bytes, content_type: str | None, url: str) -> tuple[FeedLink, ...]:
    from sources import discovery

    return discovery.find_feeds(body, content_type, url)


def _extract(page: bytes, url: str, content_type: str | None, rules: OutletRules) -> Extracted:
    from sources import pages

    return pages.extract(page, url, content_type, rules)


def _extract_feed_text(summary: str, url: str, title: str) -> Extracted | None:
    from sources import pages

    return pages.extract_feed_text(summary, url, title)


def _task(function: Callable[..., Any], args: tuple[object, ...], cpu: int) -> _Report[Any]:
    """Run in the worker: one document within its CPU limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + cpu, hard))
    value, error = None, None
    try:
        value = function(*args)
    except (ExtractError, FeedParseError) as e:
        error = e.with_traceback(None)
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY, hard))
    return _Report(value, error, dict([_LOADED, (os.getpid(), time.process_time())]))
