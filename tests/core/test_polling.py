"""When feeds are polled: pace, backoff and the states of failure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rasid.polling import PollOptions, after_deferral, after_failure, after_success, conditional, poll_url
from rasid.types import Feed, FeedState, FeedStatus

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
OPTIONS = PollOptions(poll_min=timedelta(minutes=10), poll_max=timedelta(hours=24))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def succeed(
    state: FeedState,
    *,
    new: int = 0,
    status: int = 200,
    etag: str | None = '"e2"',
    last_modified: str | None = "Wed",
    now: datetime = NOW,
    fresh_for: float | None = None,
    moved: str | None = None,
    quiet: bool = False,
    jitter: float = 0.5,
    options: PollOptions = OPTIONS,
) -> FeedState:
    """Poll with success."""
    return after_success(
        state,
        status=status,
        new=new,
        etag=etag,
        last_modified=last_modified,
        now=now,
        options=options,
        fresh_for=fresh_for,
        moved=moved,
        quiet=quiet,
        jitter=jitter,
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
    "silence never shortens": (2 * HOUR, 45 * MINUTE, 0, 45 * MINUTE),
    "a deferral is no pace": (HOUR, 20 * HOUR, 0, HOUR),
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
    "Retry-After while blocked": (6, 403, 90_000.0, False, 0.0, DAY),
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
    """Whatever happens, there is a next poll within a day, within a week of what is gone; one success heals."""
    state, now = FeedState("nabd"), NOW
    for http_status in statuses:
        state = fail(state, http_status=http_status, permanent=http_status == 410, now=now, jitter=jitter)
        longest = 7 * DAY if http_status == 410 else DAY
        assert timedelta(minutes=7) < wait(state, now) <= longest
        assert state.next_poll is not None
        now = state.next_poll

    assert succeed(state, now=now).status == "ok"


def test_059_gone_is_asked_again_seldom() -> None:
    """A 410 is asked again after a day, in case it was a slip, then once a week, and never given up."""
    state, now, waits = FeedState("nabd", status="ok", last_success=NOW - HOUR), NOW, []
    for _ in range(4):
        state = fail(state, http_status=410, permanent=True, now=now)
        assert (state.status, state.error) == ("gone", "تعذّر الاتصال")
        waits.append(wait(state, now))
        assert state.next_poll is not None
        now = state.next_poll

    assert [DAY, 7 * DAY, 7 * DAY, 7 * DAY] == waits
    assert (succeed(state, now=now).status, succeed(state, now=now).failures) == ("ok", 0)


def test_404_for_a_week_is_asked_daily() -> None:
    """What is missing without the site's saying so comes back within days: it is asked each day."""
    before = FeedState("nabd", status="gone", failures=30, last_success=NOW - 40 * DAY)

    assert DAY == wait(fail(before, http_status=404, permanent=True))


# ── spread, freshness, deferral ──────────────────────────────────────────────────────────────────


def test_intervals_spread() -> None:
    """Feeds that were polled together come apart: a tenth to each side, by a chance that the caller gives."""
    before = known(last_new=6 * HOUR, interval=HOUR)
    waits = [wait(succeed(before, jitter=jitter)) for jitter in (0.0, 0.5, 1.0)]

    assert [54 * MINUTE, 60 * MINUTE, 66 * MINUTE] == waits


@settings(deadline=None)
@given(
    polls=st.lists(
        st.tuples(st.booleans(), st.floats(0, 1), st.none() | st.floats(-1e9, 1e12)), min_size=1, max_size=60
    )
)
def test_bounds_hold(polls: list[tuple[bool, float, float | None]]) -> None:
    """Whatever feed, chance and headers do, an answered feed is polled between poll_min and poll_max."""
    state, now = FeedState("nabd"), NOW
    for new, jitter, fresh_for in polls:
        state = succeed(state, new=int(new), now=now, jitter=jitter, fresh_for=fresh_for)
        assert 10 * MINUTE <= wait(state, now) <= DAY
        assert state.next_poll is not None
        now = state.next_poll


FRESH = {
    # seconds that the site says it is fresh for → wait, where the pace asks for 15 minutes
    "nothing said": (None, 15 * MINUTE),
    "no-cache": (0.0, 15 * MINUTE),
    "less than the pace": (300.0, 15 * MINUTE),
    "an honest hour": (3600.0, HOUR),
    "half a day": (43_200.0, 6 * HOUR),
    "a day": (86_400.0, 6 * HOUR),
    "a CDN's default of a year": (31_536_000.0, 15 * MINUTE),
    "a clock that went wrong": (-1000.0, 15 * MINUTE),
    "no number": (float("nan"), 15 * MINUTE),
}


@pytest.mark.parametrize(("fresh_for", "expected"), FRESH.values(), ids=FRESH)
def test_freshness_is_believed_within_reason(fresh_for: float | None, expected: timedelta) -> None:
    """A feed that says it does not change for an hour is not asked for an hour; a year is a mistake."""
    assert expected == wait(succeed(known(last_new=HOUR), new=1, fresh_for=fresh_for))


def test_operators_poll_max_bounds_freshness() -> None:
    """Where operators want a poll each half hour, a site's six hours yield."""
    options = replace(OPTIONS, poll_max=30 * MINUTE)

    assert 30 * MINUTE == wait(succeed(known(last_new=HOUR), fresh_for=20_000.0, options=options))


DEFERRALS = {
    "by Retry-After": (1800.0, 30 * MINUTE),
    "for ever": (1e15, DAY),
    "to the next run": (None, timedelta(0)),
    "below zero": (-5.0, timedelta(0)),
    "no number": (float("nan"), timedelta(0)),
}


@pytest.mark.parametrize(("seconds", "expected"), DEFERRALS.values(), ids=DEFERRALS)
def test_a_deferral_is_no_poll(seconds: float | None, expected: timedelta) -> None:
    """A poll that was put off changes the time of the next one and nothing else."""
    before = replace(known(last_new=HOUR), failures=3, status="failing", error="504", moves=2, moved_to="x")
    after = after_deferral(before, until_seconds=seconds, now=NOW)

    assert replace(before, next_poll=NOW + expected) == after


# ── silent ───────────────────────────────────────────────────────────────────────────────────────


def test_silent_until_it_gives_something() -> None:
    """The judgement of rasid.health makes it silent; news ends that at once, and its pace goes on as before."""
    silent = succeed(known(last_new=3 * DAY, interval=4 * HOUR), quiet=True)
    assert ("silent", None, 6 * HOUR) == (silent.status, silent.error, wait(silent))

    later = NOW + 6 * HOUR
    speaking = succeed(silent, new=1, quiet=True, now=later)
    assert ("ok", later, HOUR) == (speaking.status, speaking.last_new, wait(speaking, later))


# ── validators ───────────────────────────────────────────────────────────────────────────────────


def test_058_new_etag_on_unchanged_body() -> None:
    """An ETag that changed is saved, whether or not the entries did."""
    before = replace(known(last_new=HOUR), etag='"e1"', last_modified="Tue")

    assert ('"e3"', "Thu") == (
        (after := succeed(before, etag='"e3"', last_modified="Thu")).etag,
        after.last_modified,
    )


MONDAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def test_057_an_etag_that_hides_news_is_no_longer_used() -> None:
    """News under the ETag that we had: it does not change with the feed, and is not sent until next Monday."""
    state = succeed(FeedState("nabd"), new=9, now=MONDAY)
    state = succeed(state, status=304, now=MONDAY + 6 * HOUR)
    assert conditional(state, now=MONDAY + 7 * HOUR)

    tuesday = MONDAY + DAY
    assert not conditional(state, now=tuesday)  # the daily poll without validators
    state = succeed(state, new=3, now=tuesday)
    for hours in (1, 20, 30, 100):
        assert not conditional(state, now=tuesday + hours * HOUR)
        state = succeed(state, new=hours % 2, now=tuesday + hours * HOUR)

    state = succeed(state, new=1, now=MONDAY + 7 * DAY)
    assert ('"e2"', "Wed") == (state.etag, state.last_modified)
    assert conditional(state, now=MONDAY + 7 * DAY + HOUR)


HONEST = {
    "another ETag": ({"etag": '"e1"', "last_modified": "Wed"}, 3),
    "another time": ({"etag": '"e2"', "last_modified": "Tue"}, 3),
    "no news": ({"etag": '"e2"', "last_modified": "Wed"}, 0),
}


@pytest.mark.parametrize(("before", "new"), HONEST.values(), ids=HONEST)
def test_honest_validators_are_kept(before: dict[str, str], new: int) -> None:
    """Validators that change with the feed, or that stay while it does, are used on."""
    state = succeed(replace(known(last_new=HOUR), **before), new=new)

    assert ('"e2"', "Wed") == (state.etag, state.last_modified)


def test_a_feed_without_validators() -> None:
    """Where there never were any, news is no proof against them."""
    state = succeed(known(last_new=HOUR), new=2, etag=None, last_modified=None)

    assert (None, None) == (state.etag, state.last_modified)


# ── redirects ────────────────────────────────────────────────────────────────────────────────────

FEED = Feed("nabd", "نبض", "https://nabd.example/rss")
NEW, OTHER = "https://new.example/feed", "https://other.example/feed"


def after_days(*moves: str | None, start: FeedState | None = None) -> FeedState:
    """One poll a day, each led there by permanent redirects."""
    state = start or FeedState("nabd")
    for number, moved in enumerate(moves):
        state = succeed(state, now=NOW + number * DAY, moved=moved)
    return state


MOVES: dict[str, tuple[tuple[str | None, ...], FeedStatus, str]] = {
    # where the polls of successive days were led → status, where it is asked next
    "never": ((None, None, None), "ok", FEED.url),
    "once": ((NEW,), "ok", FEED.url),
    "twice": ((NEW, NEW), "ok", FEED.url),
    "three days": ((NEW, NEW, NEW), "moved", NEW),
    "and on, at the new address": ((NEW, NEW, NEW, None, None), "moved", NEW),
    "one day without": ((NEW, NEW, None, NEW), "ok", FEED.url),
    "elsewhere in between": ((NEW, NEW, OTHER, NEW), "ok", FEED.url),
    "then on to a third": ((NEW, NEW, NEW, OTHER), "ok", FEED.url),
    "and the third for three days": ((NEW, NEW, NEW, OTHER, OTHER, OTHER), "moved", OTHER),
}


@pytest.mark.parametrize(("moves", "status", "url"), MOVES.values(), ids=MOVES)
def test_060_moved_after_three_days(moves: tuple[str | None, ...], status: FeedStatus, url: str) -> None:
    """A permanent redirect is believed when polls on three days in a row were led to the same feed."""
    state = after_days(*moves)

    assert (status, url) == (state.status, poll_url(FEED, state))


def test_060_an_afternoon_of_redirects_moves_nothing() -> None:
    """Any number of polls on one day count once: a site's slip is mended by tomorrow."""
    state = FeedState("nabd")
    for number in range(40):
        state = succeed(state, now=NOW + number * 10 * MINUTE, moved=NEW)

    assert ("ok", 1, NEW) == (state.status, state.moves, state.moved_to)
    assert FEED.url == poll_url(FEED, state)


def test_060_back_to_the_listed_address_when_the_new_one_fails() -> None:
    """A new address that fails is not trusted: the listed one is next, and has to lead there once more."""
    moved = after_days(NEW, NEW, NEW)
    failed = fail(moved, http_status=500, now=NOW + 3 * DAY)
    assert ("failing", FEED.url) == (failed.status, poll_url(FEED, failed))

    there_again = succeed(failed, now=NOW + 4 * DAY, moved=NEW)
    assert ("moved", NEW) == (there_again.status, poll_url(FEED, there_again))
    stayed = succeed(failed, now=NOW + 4 * DAY)
    assert ("ok", None, 0) == (stayed.status, stayed.moved_to, stayed.moves)


def test_a_moved_feed_that_is_silent_stays_moved() -> None:
    """Where it is asked hangs on 'moved', so that state is the stronger one."""
    moved = after_days(NEW, NEW, NEW)
    state = succeed(moved, now=NOW + 9 * DAY, quiet=True)

    assert ("moved", NEW) == (state.status, poll_url(FEED, state))


# ── conditional requests ─────────────────────────────────────────────────────────────────────────

CONDITIONAL = {
    "never polled": (None, False),
    "an hour ago": (NOW - HOUR, True),
    "yesterday": (NOW - DAY, False),
}


@pytest.mark.parametrize(("last_success", "expected"), CONDITIONAL.values(), ids=CONDITIONAL)
def test_conditional(last_success: datetime | None, expected: bool) -> None:
    """Once a day a feed is asked without validators: stuck ETags are real."""
    assert expected is conditional(FeedState("nabd", last_success=last_success), now=NOW)
