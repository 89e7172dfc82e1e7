"""When a feed is polled next: often where news comes often, seldom where it is silent.

Theory of operation. A feed's pace is read off the time since it last gave something new (`last_new`):

* a poll that brought news sets the interval to a quarter of the gap between the last two pieces of news, an
  hour at most: what just spoke may speak again, also after a silent weekend;
* a poll that brought none never shortens the interval, and lengthens it to a twelfth of the silence: a day of
  silence means two hours, twelve days mean a day. So news is late by a quarter of the usual gap at worst.

Everything stays between `poll_min` and `poll_max`. Failure doubles the interval from `poll_min` up to a day,
with jitter so that feeds of one host do not come back together. No feed is ever disabled for good: what is
blocked or gone is asked again within a day, and one good answer makes it 'ok'.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from rasid.types import FeedState, FeedStatus

_DAY = timedelta(days=1)
_ZERO = timedelta(0)
_AFTER_NEWS_MAX = timedelta(hours=1)
_POLLS_PER_GAP = 4  # an hourly feed is polled every 15 minutes
_SILENCE_SHARE = 12
_BACKOFF_MAX = _DAY
_BLOCKING = frozenset({401, 403, 429, 451, 503})
_BLOCKED_AFTER = 2  # one 503 is a restart, two in a row are a wall
_GONE_AFTER_FAILURES = 5
_GONE_AFTER = timedelta(days=7)  # outlets that move their site bring the feed back within days


@dataclass(frozen=True, slots=True)
class PollOptions:
    """How often feeds are polled, as the operators set it."""

    poll_min: timedelta = timedelta(minutes=10)
    poll_max: timedelta = _DAY


def conditional(state: FeedState, *, now: datetime) -> bool:
    """Say whether the feed may be asked with its validators.

    Once a UTC day it is asked without, for servers whose ETag never changes again.
    """
    return state.last_success is not None and state.last_success.date() == now.date()


def after_success(
    state: FeedState,
    *,
    status: int,
    new: int,
    etag: str | None,
    last_modified: str | None,
    now: datetime,
    options: PollOptions,
) -> FeedState:
    """Return the state after an answer that was taken.

    Args:
        state: Before the poll.
        status: 200 or 304; a 304 leaves the validators as they were.
        new: Entries not seen before.
        etag: Of this answer.
        last_modified: Of this answer.
        now: When the answer came.
        options: Bounds of the interval.
    """
    fresh = status != 304
    return replace(
        state,
        status="ok",
        etag=etag if fresh else state.etag,
        last_modified=last_modified if fresh else state.last_modified,
        failures=0,
        last_polled=now,
        last_success=now,
        last_new=now if new else state.last_new,
        next_poll=now + _interval(state, new=new, now=now, options=options),
        error=None,
    )


def after_failure(
    state: FeedState,
    error: str,
    *,
    http_status: int | None,
    retry_after: float | None,
    permanent: bool,
    now: datetime,
    options: PollOptions,
    jitter: float,
) -> FeedState:
    """Return the state after a poll that gave nothing usable.

    Args:
        state: Before the poll.
        error: In words, for operators.
        http_status: Where there was an HTTP answer.
        retry_after: Seconds that the server asked for; honoured up to a day.
        permanent: Trying again soon cannot help.
        now: When it failed.
        options: `poll_min` is where the backoff starts.
        jitter: 0 … 1, given by the caller; takes up to a quarter off the backoff.
    """
    failures = state.failures + 1
    status = _failed_status(state, http_status, failures, now)
    hopeless = status == "gone" or (permanent and http_status != 404)
    wait = _BACKOFF_MAX if hopeless else _backoff(failures, options)
    wait *= 1 - jitter / 4
    asked = timedelta(seconds=min(max(retry_after or 0.0, 0.0), _BACKOFF_MAX.total_seconds()))
    return replace(
        state,
        status=status,
        failures=failures,
        last_polled=now,
        next_poll=now + max(wait, asked),
        error=error,
    )


def _interval(state: FeedState, *, new: int, now: datetime, options: PollOptions) -> timedelta:
    gap = max(now - state.last_new, _ZERO) if state.last_new else None
    before = _interval_before(state)
    if new:
        wanted = _ZERO if gap is None else min(gap / _POLLS_PER_GAP, _AFTER_NEWS_MAX)
    else:
        wanted = max(before, before * 2 if gap is None else gap / _SILENCE_SHARE)
    return min(max(wanted, options.poll_min), options.poll_max)


def _interval_before(state: FeedState) -> timedelta:
    """The interval that the last success set; a backoff says nothing about the feed's pace."""
    if state.status != "ok" or state.next_poll is None or state.last_polled is None:
        return _ZERO
    return max(state.next_poll - state.last_polled, _ZERO)


def _backoff(failures: int, options: PollOptions) -> timedelta:
    doublings = min(failures - 1, 20)  # past a day in any case, and no overflow after years of failure
    return min(options.poll_min * (1 << doublings), _BACKOFF_MAX)


def _failed_status(state: FeedState, http_status: int | None, failures: int, now: datetime) -> FeedStatus:
    if http_status == 410 or (http_status == 404 and _missing_for_long(state, failures, now)):
        return "gone"
    return "blocked" if http_status in _BLOCKING and failures >= _BLOCKED_AFTER else "failing"


def _missing_for_long(state: FeedState, failures: int, now: datetime) -> bool:
    if failures < _GONE_AFTER_FAILURES:
        return False
    return state.last_success is None or now - state.last_success >= _GONE_AFTER
