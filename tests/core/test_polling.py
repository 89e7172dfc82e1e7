"""When feeds are polled: pace, backoff and the states of failure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rasid.polling import PollOptions, after_failure, after_success, conditional
from rasid.types import FeedState, FeedStatus

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
OPTIONS = PollOptions(poll_min=timedelta(minutes=10), poll_max=timedelta(hours=24))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def succeed(state: FeedState, *, new: int = 0, status: int = 200, now: datetime = NOW) -> FeedState:
    """Poll with success."""
    return after_success(
        state, status=status, new=new, etag='"e2"', last_modified="Wed", now=now, options=OPTIONS
    )


def fail(
    state: FeedState,
    *,
    http_status: int | None = None,
    retry_after: float | None = None,
    permanent: bool = False,
    now: datetime = NOW,
    jitter: float = 0.0,
) -> FeedState:
    """Poll without success."""
    return after_failure(
        state,
        "تعذّر الاتصال",
        http_status=http_status,
        retry_after=retry_after,
        permanent=permanent,
        now=now,
        options=OPTIONS,
        jitter=jitter,
    )


def known(*, last_new: timedelta | None, interval: timedelta = 10 * MINUTE) -> FeedState:
    """A feed in good health that last gave news so long ago."""
    polled = NOW - interval
    return FeedState(
        "nabd",
        status="ok",
        last_polled=polled,
        last_success=polled,
        last_new=None if last_new is None else NOW - last_new,
        next_poll=NOW,
    )


def wait(state: FeedState, now: datetime = NOW) -> timedelta:
    """How long until the next poll."""
    assert state.next_poll is not None
    return state.next_poll - now


INTERVALS = {
    # last news ago, interval before, new entries → interval
    "hourly news": (HOUR, 15 * MINUTE, 2, 15 * MINUTE),
    "hourly news, nothing this time": (45 * MINUTE, 15 * MINUTE, 0, 15 * MINUTE),
    "news all the time": (10 * MINUTE, 10 * MINUTE, 5, 10 * MINUTE),
    "news after a weekend": (2 * DAY, 4 * HOUR, 1, HOUR),
    "silent for a day": (DAY, HOUR, 0, 2 * HOUR),
    "silent for three days": (3 * DAY, 4 * HOUR, 0, 6 * HOUR),
    "silent for a year": (365 * DAY, DAY, 0, DAY),
    "silence never shortens": (HOUR, 3 * HOUR, 0, 3 * HOUR),
    "never gave anything": (None, 20 * MINUTE, 0, 40 * MINUTE),
    "first news ever": (None, HOUR, 9, 10 * MINUTE),
    "news from the future (clock set back)": (-HOUR, 10 * MINUTE, 0, 10 * MINUTE),
}


@pytest.mark.parametrize(("last_new", "before", "new", "expected"), INTERVALS.values(), ids=INTERVALS)
def test_interval(last_new: timedelta | None, before: timedelta, new: int, expected: timedelta) -> None:
    """The interval follows how long ago the feed last gave something new."""
    assert expected == wait(succeed(known(last_new=last_new, interval=before), new=new))


def test_hourly_feed_settles_at_a_quarter_of_an_hour() -> None:
    """A day of hourly news ends in polls each 15 minutes, and none of the news waits longer."""
    state, now, news_at, waits = FeedState("nabd"), NOW, NOW, []
    while now < NOW + DAY:
        new = news_at <= now
        news_at += HOUR if new else timedelta(0)
        state = succeed(state, new=int(new), now=now)
        waits.append(wait(state, now))
        assert state.next_poll is not None
        now = state.next_poll

    assert waits[-5:] == [15 * MINUTE] * 5
    assert max(waits) <= 15 * MINUTE


def test_first_success() -> None:
    """A new feed's first answer makes it 'ok', with validators and dates."""
    state = succeed(FeedState("nabd"), new=12)

    assert state == FeedState(
        "nabd",
        status="ok",
        etag='"e2"',
        last_modified="Wed",
        last_polled=NOW,
        last_success=NOW,
        last_new=NOW,
        next_poll=NOW + 10 * MINUTE,
    )


def test_not_modified_keeps_validators() -> None:
    """A 304 may carry other validators or none: those of the last 200 stay."""
    before = replace(known(last_new=HOUR), etag='"e1"', last_modified="Tue")
    state = succeed(before, status=304)

    assert (state.etag, state.last_modified) == ('"e1"', "Tue")
    assert state.last_new == before.last_new


def test_success_clears_failure() -> None:
    """One good answer ends a failure, its count and its text; a backoff is not taken for the pace."""
    broken = replace(known(last_new=HOUR), status="blocked", failures=9, error="403", next_poll=NOW + DAY)
    state = succeed(broken)

    assert (state.status, state.failures, state.error) == ("ok", 0, None)
    assert wait(state) == 10 * MINUTE


STATUSES: dict[str, tuple[int | None, int, timedelta | None, FeedStatus]] = {
    # HTTP status, failures before, last success ago → status
    "no connection": (None, 0, HOUR, "failing"),
    "server error": (500, 30, 9 * DAY, "failing"),
    "one 503": (503, 0, HOUR, "failing"),
    "two 503": (503, 1, HOUR, "blocked"),
    "first 403": (403, 0, HOUR, "failing"),
    "403 again": (403, 1, HOUR, "blocked"),
    "401 again": (401, 3, HOUR, "blocked"),
    "429 again": (429, 3, HOUR, "blocked"),
    "410": (410, 0, HOUR, "gone"),
    "404 since today": (404, 8, HOUR, "failing"),
    "404 for a week": (404, 8, 8 * DAY, "gone"),
    "one 404 after a week of silence": (404, 0, 8 * DAY, "failing"),
    "404 from the start": (404, 4, None, "gone"),
}


@pytest.mark.parametrize(("http_status", "failures", "success", "expected"), STATUSES.values(), ids=STATUSES)
def test_failed_status(
    http_status: int | None, failures: int, success: timedelta | None, expected: FeedStatus
) -> None:
    """Failing, blocked and gone are told apart."""
    last_success = None if success is None else NOW - success
    before = FeedState("nabd", status="ok", failures=failures, last_success=last_success, etag='"e1"')
    state = fail(before, http_status=http_status)

    assert state.status == expected
    assert (state.failures, state.error, state.etag) == (failures + 1, "تعذّر الاتصال", '"e1"')
    assert (state.last_success, state.last_polled) == (last_success, NOW)


BACKOFFS = {
    # failures before, HTTP status, Retry-After, permanent, jitter → wait
    "first": (0, None, None, False, 0.0, 10 * MINUTE),
    "second": (1, None, None, False, 0.0, 20 * MINUTE),
    "fifth": (4, None, None, False, 0.0, 160 * MINUTE),
    "hundredth": (99, None, None, False, 0.0, DAY),
    "ten-thousandth": (9999, None, None, False, 0.0, DAY),
    "jitter takes a quarter": (1, None, None, False, 1.0, 15 * MINUTE),
    "Retry-After is longer": (0, 429, 7200.0, False, 1.0, 2 * HOUR),
    "Retry-After is shorter": (4, 429, 60.0, False, 0.0, 160 * MINUTE),
    "Retry-After for ever": (0, 503, 1e12, False, 0.0, DAY),
    "Retry-After below zero": (0, 503, -5.0, False, 0.0, 10 * MINUTE),
    "permanent": (0, None, None, True, 0.0, DAY),
    "permanent 404 may be a slip": (0, 404, None, True, 0.0, 10 * MINUTE),
    "gone": (0, 410, None, True, 0.0, DAY),
}


@pytest.mark.parametrize(
    ("failures", "http_status", "retry_after", "permanent", "jitter", "expected"),
    BACKOFFS.values(),
    ids=BACKOFFS,
)
def test_backoff(
    failures: int,
    http_status: int | None,
    retry_after: float | None,
    permanent: bool,
    jitter: float,
    expected: timedelta,
) -> None:
    """Failure doubles the wait up to a day; the server's own wish is honoured."""
    before = FeedState("nabd", status="ok", failures=failures, last_success=NOW - HOUR)
    state = fail(before, http_status=http_status, retry_after=retry_after, permanent=permanent, jitter=jitter)

    assert expected == wait(state)


@settings(deadline=None)
@given(
    statuses=st.lists(st.sampled_from([None, 401, 403, 404, 410, 429, 500, 503]), min_size=1, max_size=40),
    jitter=st.floats(0, 1),
)
def test_never_disabled(statuses: list[int | None], jitter: float) -> None:
    """Whatever happens, there is a next poll within a day, and one success heals."""
    state, now = FeedState("nabd"), NOW
    for http_status in statuses:
        state = fail(state, http_status=http_status, permanent=http_status == 410, now=now, jitter=jitter)
        assert timedelta(minutes=7) < wait(state, now) <= DAY
        assert state.next_poll is not None
        now = state.next_poll

    assert succeed(state, now=now).status == "ok"


CONDITIONAL = {
    "never polled": (None, False),
    "an hour ago": (NOW - HOUR, True),
    "yesterday": (NOW - DAY, False),
}


@pytest.mark.parametrize(("last_success", "expected"), CONDITIONAL.values(), ids=CONDITIONAL)
def test_conditional(last_success: datetime | None, expected: bool) -> None:
    """Once a day a feed is asked without validators: stuck ETags are real."""
    assert expected is conditional(FeedState("nabd", last_success=last_success), now=NOW)
