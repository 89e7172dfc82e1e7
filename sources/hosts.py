"""What is known of each host while a run lasts: its turn, its rules, its rests, the patience that is left for it.

Theory of operation:

- A host is an authority (`addresses.Target.authority`). Requests to it queue for its turn and hold it until the answer
  is taken; the next begins no sooner than `pause` seconds after the last one's end.
- It is left alone until `not_before` where its Retry-After asked for that, in this run and in later ones.
- It is left alone for the rest of the run where it wasted the run's time: one request ran into the deadline; failures
  without an answer took `host_budget` seconds together; or its answers, however healthy, took four deadlines together,
  so that one slow host cannot keep a run from its end. What is not asked for stays in the queue: such an error is
  `deferred`, and no attempt is counted.
- An answer is an answer: 404 or 500, given in time, wastes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from rasid.types import HostState
from sources.caching import parse_retry_after
from sources.robots import NO_RULES, Rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rasid.errors import FetchError

Clock = Callable[[], datetime]

ROBOTS_FRESH = timedelta(hours=24)  # RFC 9309, 2.4: no longer than this without asking
ROBOTS_KEPT = timedelta(days=7)  # and for so long an old copy serves while the host gives none
_LONGEST_REST = timedelta(days=1)
_SHARE = 4  # deadlines that one host may take of a run with answers
_UNNAMED = (
    300.0  # seconds of rest after "429 Too Many Requests", or a wish for one, that names no readable time
)


@dataclass(slots=True)
class Patience:
    """What the hosts of a run may cost, in seconds."""

    deadline: float
    budget: float


@dataclass(slots=True)
class Host:
    """One host in one run."""

    state: HostState
    patience: Patience
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    ended: float | None = None  # when the last request ended, on the event loop's clock
    learning: asyncio.Lock = field(default_factory=asyncio.Lock)
    learned: bool = False  # in this run; `learning` is held meanwhile
    rules: Rules = NO_RULES
    unlearned: FetchError | None = None  # why there are none, and nothing may be fetched
    changed: bool = False  # since the run began
    _spent: float = 0.0  # seconds of its requests
    _wasted: float = 0.0  # of those that got no answer
    _left_alone: str = ""  # why it is, for the rest of the run

    def waits(self, clock: Clock) -> tuple[str, float | None] | None:
        """Why the host is not asked now, and seconds until it may be; None: it may."""
        if self._left_alone:
            return self._left_alone, None
        until = self.state.not_before
        left = until - clock() if until else timedelta()
        if (
            not timedelta() < left <= _LONGEST_REST
        ):  # a longer one was noted by a clock that has been set back since
            return None
        reason = f"{self.state.host} asked to be left alone until {until:%Y-%m-%d %H:%M} UTC"
        return reason, left.total_seconds()

    def heed(self, status: int, headers: Mapping[str, str], clock: Clock) -> None:
        """Take note of what an answer says of when to come again."""
        asks = "retry-after" in headers
        seconds = parse_retry_after(headers) if asks else None
        busy = status == HTTPStatus.TOO_MANY_REQUESTS or (asks and status == HTTPStatus.SERVICE_UNAVAILABLE)
        if seconds is None and busy:
            seconds = _UNNAMED
        if seconds:
            until = clock() + min(timedelta(seconds=seconds), _LONGEST_REST)
            self._know(replace(self.state, not_before=until))

    def pause_left(self, pause: float, now: datetime, loop_time: float) -> float:
        """Seconds until the next request may begin, by this run's last one or that of a run before it."""
        if self.ended is not None:
            return self.ended + pause - loop_time
        at = self.state.asked_at
        return 0.0 if at is None or at > now else pause - (now - at).total_seconds()

    def asked(self, now: datetime, loop_time: float) -> None:
        """A request has ended."""
        self.ended = loop_time
        self._know(replace(self.state, asked_at=now))

    def charge(self, seconds: float, *, answered: bool, overran: bool = False) -> None:
        """Account for one request; `overran`: the deadline cut it, and it had most of the time to itself."""
        self._spent += seconds
        self._wasted += 0.0 if answered else seconds
        if overran or self._wasted > self.patience.budget:
            self._left_alone = f"{self.state.host} did not answer in time; left for a later run"
        elif self._spent > _SHARE * self.patience.deadline:
            self._left_alone = f"{self.state.host} has had its share of this run; left for a later run"

    def remembered(self, now: datetime, age: timedelta) -> str | None:
        """The robots.txt learned before, where that is not longer ago than `age`."""
        at = self.state.robots_at
        known = at is not None and timedelta() <= now - at < age
        return self.state.robots if known else None

    def remember(self, robots: str, now: datetime) -> None:
        """Keep what the host's robots.txt says."""
        self._know(replace(self.state, robots=robots, robots_at=now))

    def _know(self, state: HostState) -> None:
        self.state, self.changed = state, True


class Hosts:
    """The hosts of a run, by authority."""

    def __init__(self, known: Iterable[HostState], patience: Patience) -> None:
        self._patience = patience
        self._hosts = {state.host: Host(state, patience) for state in known}

    def __getitem__(self, authority: str) -> Host:
        host = self._hosts.get(authority)
        if host is None:
            host = self._hosts[authority] = Host(HostState(authority), self._patience)
        return host

    def changed(self) -> list[HostState]:
        """What is to be remembered of those of whom something new is known."""
        return [host.state for host in self._hosts.values() if host.changed]
