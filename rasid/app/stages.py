"""Where a run's time goes: wall and CPU per stage, counted once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rasid.types import StageTime

Progress = Callable[[str, int, int], None]
"""Told as work goes on: what is done, how many, of how many (0: not known)."""


def quiet(_stage: str, _done: int, _total: int) -> None:
    """Show no progress."""


def start_stage() -> StageTime:
    """What this process has spent so far, called first thing: the interpreter and the imports."""
    return StageTime("start", 0, 0.0, time.process_time())


class Stages:
    """Adds up time per stage, in the order in which stages first appear.

    `span` measures a block of this thread. CPU that a worker process spent is given to `add`.
    """

    def __init__(self) -> None:
        self._wall: dict[str, float] = {}
        self._cpu: dict[str, float] = {}
        self._items: dict[str, int] = {}
        self._in_spans = 0.0  # CPU of this process that spans have counted
        self._wall_in_spans = 0.0

    def add(self, stage: str, *, items: int = 0, wall: float = 0.0, cpu: float = 0.0) -> None:
        """Count items and seconds to a stage."""
        self._items[stage] = self._items.get(stage, 0) + items
        self._wall[stage] = self._wall.get(stage, 0.0) + wall
        self._cpu[stage] = self._cpu.get(stage, 0.0) + cpu

    def cpu(self, stage: str) -> float:
        """CPU seconds counted to a stage so far."""
        return self._cpu.get(stage, 0.0)

    @contextmanager
    def span(self, stage: str, items: int = 1) -> Iterator[None]:
        """Measure a block that does not await, without the spans inside it."""
        wall, cpu = time.perf_counter(), time.process_time()
        inner_wall, inner_cpu = self._wall_in_spans, self._in_spans
        try:
            yield
        finally:
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            own = wall - (self._wall_in_spans - inner_wall), cpu - (self._in_spans - inner_cpu)
            self._wall_in_spans, self._in_spans = inner_wall + wall, inner_cpu + cpu
            self.add(stage, items=items, wall=own[0], cpu=own[1])

    @contextmanager
    def rest(self, stage: str) -> Iterator[None]:
        """Measure a block and count what no span inside it counted: the event loop, the network, TLS."""
        wall, cpu = time.perf_counter(), time.process_time()
        counted = self._in_spans
        try:
            yield
        finally:
            spent = time.process_time() - cpu - (self._in_spans - counted)
            self.add(stage, wall=time.perf_counter() - wall, cpu=spent)

    def table(self) -> tuple[StageTime, ...]:
        """The stages so far."""
        return tuple(
            StageTime(stage, self._items[stage], self._wall[stage], self._cpu[stage]) for stage in self._items
        )
