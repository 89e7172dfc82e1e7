"""When feeds are polled: often where news comes often, seldom where it is silent.

Theory of operation. A feed's pace is read off the time since it last gave something new (`last_new`):

* a poll that brought news sets the interval to a quarter of the gap between the last two pieces of news, an
  hour at most: what just spoke may speak again, also after a silent weekend;
* a poll that brought none keeps that interval, and lengthens it to a twelfth of the silence: a day of
  silence means two hours, twelve days mean a day. So news is late by a quarter of the usual gap at worst.

Each interval varies by a tenth, so that feeds which once were polled together do not stay together. Everything stays
between `poll_min` and `poll_max`. What a site says of its own freshness is believed up to six hours, and within
`poll_max`; more than a day is the default of a CDN, meant for pictures, and is ignored as a whole.

Failure doubles the interval from `poll_min` up to a day, with jitter. What the site refuses twice in a row is
'blocked'. 410 is 'gone' at once: it is asked again after a day, and, where it says so again, once a week; a 404 is
gone when it has lasted a week, and is asked daily, for outlets that move their site bring the feed back. No feed is
ever disabled for good, and one good answer heals. A poll that was deferred (its host's turn is later) is no poll.

Validators (ETag, Last-Modified) are not believed blindly. Once a UTC day a feed is asked without them. Where that
brings news under the very validators that we had, they do not change with the feed: from then on it is asked without
them, and they are believed again from the next Monday (new keys for old entries, after an update of Rasid, look the
same). A server that changes its ETag and yet answers 304 to whatever is conditional is met by the daily poll alone:
to tell it from a silent feed would need the history of its answers.

Redirects. A permanent redirect is taken for the feed's new address when polls on three UTC days in a row were led to
the same place, and a feed was read there each time: a site's slip of an afternoon moves nothing. Then the feed is
'moved', and is asked for at its new address (`poll_url`) until that fails; the listed one is tried next, and has to
lead there once more. feeds.yaml is the operators' file: they are told what to write.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from rasid.types import Feed, FeedState, FeedStatus

_DAY = timedelta(days=1)
_ZERO = timedelta(0)
_AFTER_NEWS_MAX = timedelta(hours=1)
_POLLS_PER_GAP = 4  # an hourly feed is polled every 15 minutes
_SILENCE_SHARE = 12
_SPREAD = 0.2  # of an interval: a tenth to each side
_FRESH_MAX = timedelta(hours=6)
FRESH_BELIEVED = _DAY
_BACKOFF_MAX = _DAY
_GONE_WAIT = timedelta(days=7)
_BLOCKING = frozenset({401, 403, 429, 451, 503})
_BLOCKED_AFTER = 2  # one 503 is a restart, two in a row are a wall
_GONE_AFTER_FAILURES = 5
_GONE_AFTER = timedelta(days=7)  # outlets that move their site bring the feed back within days
_MOVED_AFTER = 3  # days
_UNBELIEVED = (
    ""  # stands for an ETag that did not change with its feed; no server can send it, ETags have quotes
)

ANSWERING: frozenset[FeedStatus] = frozenset({"ok", "silent", "moved"})
"""The states of a feed whose last poll gave a feed."""


@dataclass(frozen=True, slots=True)
class PollOptions:
    """How often feeds are polled, as the operators set it."""

    poll_min: timedelta = timedelta(minutes=10)
    poll_max: timedelta = _DAY


def poll_url(feed: Feed, state: FeedState) -> str:
    """Return where the feed is asked for: at its listed address, or where that has led for days."""
    return state.moved_to if state.status == "moved" and state.moved_to else feed.url


def conditional(state: FeedState, *, now: datetime) -> bool:
    """Say whether the feed may be asked with its validators.

    Once a UTC day it is asked without, for servers whose ETag never changes again; always without where that was found.
    """
    if state.last_success is None or state.etag == _UNBELIEVED:
        return False
    return state.last_success.date() == now.date()


def after_success(
    state: FeedState,
    *,
    status: int,
    new: int,
    etag: str | None,
    last_modified: str | None,
    now: datetime,
    options: PollOptions,
    fresh_for: float | None = None,
    moved: str | None = None,
    quiet: bool = False,
    jitter: float = 0.5,
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
        fresh_for: Seconds for which the site says that nothing changes.
        moved: Where the permanent redirects that the answer began with led; None: it began with none.
        quiet: It has given nothing for longer than is usual for it, as `rasid.health.quiet` judges.
        jitter: 0 … 1, given by the caller; takes a tenth off the interval, or adds one.
    """
    moved_to, moves = _moves(state, moved, now)
    kept_etag, kept_modified = _validators(state, status, new, (etag, last_modified), now)
    wait = _interval(state, new=new, now=now, options=options) * (1 + _SPREAD * (jitter - 0.5))
    wait = min(max(wait, _fresh(fresh_for), options.poll_min), options.poll_max)
    return replace(
        state,
        status=_answered_status(moves, quiet=quiet and not new),
        etag=kept_etag,
        last_modified=kept_modified,
        failures=0,
        last_polled=now,
        last_success=now,
        last_new=now if new else state.last_new,
        next_poll=now + wait,
        error=None,
        moved_to=moved_to,
        moves=moves,
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
    wait = _failed_wait(state, status, http_status, failures, permanent=permanent, options=options)
    return replace(
        state,
        status=status,
        failures=failures,
        last_polled=now,
        next_poll=now + max(wait * (1 - jitter / 4), _within_a_day(retry_after)),
        error=error,
    )


def after_deferral(state: FeedState, *, until_seconds: float | None, now: datetime) -> FeedState:
    """Return the state after a poll that was put off: nothing was asked, so nothing but its time changes.

    Args:
        state: Before.
        until_seconds: Until the host may be asked again, believed up to a day; None: in the next run.
        now: The present.
    """
    return replace(state, next_poll=now + _within_a_day(until_seconds))


# ── what an answer says ───────────────────────────────────────────────────────────────────────────


def _interval(state: FeedState, *, new: int, now: datetime, options: PollOptions) -> timedelta:
    gap = max(now - state.last_new, _ZERO) if state.last_new else None
    if new:
        return _ZERO if gap is None else min(gap / _POLLS_PER_GAP, _AFTER_NEWS_MAX)
    before = max(_interval_before(state), options.poll_min)
    if gap is None:
        return before * 2
    # Longer than that was a wish of the site's, or a deferral: it says nothing about the feed's pace.
    return max(min(before, _AFTER_NEWS_MAX), gap / _SILENCE_SHARE)


def _interval_before(state: FeedState) -> timedelta:
    """The interval that the last success set; a backoff says nothing about the feed's pace."""
    if state.status not in ANSWERING or state.next_poll is None or state.last_polled is None:
        return _ZERO
    return max(state.next_poll - state.last_polled, _ZERO)


def _fresh(seconds: float | None) -> timedelta:
    if seconds is None or not 0 < seconds <= FRESH_BELIEVED.total_seconds():
        return _ZERO
    return min(timedelta(seconds=seconds), _FRESH_MAX)


def _validators(
    state: FeedState, status: int, new: int, given: tuple[str | None, str | None], now: datetime
) -> tuple[str | None, str | None]:
    """ETag and Last-Modified to ask with next."""
    if status == 304:
        return state.etag, state.last_modified
    if new and any(given) and given == (state.etag, state.last_modified):
        return _UNBELIEVED, None
    if (
        state.etag == _UNBELIEVED
        and state.last_success is not None
        and _week(state.last_success) == _week(now)
    ):
        return _UNBELIEVED, None
    return given


def _week(when: datetime) -> tuple[int, int]:
    calendar = when.isocalendar()
    return calendar.year, calendar.week


def _moves(state: FeedState, moved: str | None, now: datetime) -> tuple[str | None, int]:
    """Where permanent redirects lead, and on how many days they were followed in a row."""
    if state.status == "moved" and moved in {None, state.moved_to}:
        return state.moved_to, state.moves  # it was asked for at its new address, and answered
    if moved is None or moved != state.moved_to:
        return moved, int(moved is not None)
    counted = state.last_success is not None and state.last_success.date() == now.date()
    return moved, state.moves if counted else min(state.moves + 1, _MOVED_AFTER)


def _answered_status(moves: int, *, quiet: bool) -> FeedStatus:
    if moves >= _MOVED_AFTER:
        return "moved"
    return "silent" if quiet else "ok"


# ── what a failure says ───────────────────────────────────────────────────────────────────────────


def _failed_status(state: FeedState, http_status: int | None, failures: int, now: datetime) -> FeedStatus:
    if http_status == 410 or (http_status == 404 and _missing_for_long(state, failures, now)):
        return "gone"
    return "blocked" if http_status in _BLOCKING and failures >= _BLOCKED_AFTER else "failing"


def _missing_for_long(state: FeedState, failures: int, now: datetime) -> bool:
    if failures < _GONE_AFTER_FAILURES:
        return False
    return state.last_success is None or now - state.last_success >= _GONE_AFTER


def _failed_wait(
    state: FeedState,
    status: FeedStatus,
    http_status: int | None,
    failures: int,
    *,
    permanent: bool,
    options: PollOptions,
) -> timedelta:
    if http_status == 410 and state.status == "gone":
        return _GONE_WAIT
    hopeless = status == "gone" or (permanent and http_status != 404)
    return _BACKOFF_MAX if hopeless else _backoff(failures, options)


def _backoff(failures: int, options: PollOptions) -> timedelta:
    doublings = min(failures - 1, 20)  # past a day in any case, and no overflow after years of failure
    return min(options.poll_min * (1 << doublings), _BACKOFF_MAX)


def _within_a_day(seconds: float | None) -> timedelta:
    return timedelta(seconds=min(seconds, _DAY.total_seconds()) if seconds and seconds > 0 else 0.0)
