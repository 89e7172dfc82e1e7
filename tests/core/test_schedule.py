"""Schedules: ticks through summer time, words, and refusals that say what to write."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rasid import schedule
from rasid.schedule import NO_RESTS, Rests
from rasid.types import ALL_WEEK, Channel, Subscription

RIYADH = "Asia/Riyadh"
CAIRO = "Africa/Cairo"
BEIRUT = "Asia/Beirut"
SUN, MON, TUE, WED, THU, FRI, SAT = range(7)
GULF = frozenset({SUN, MON, TUE, WED, THU})
NIGHT = (time(22), time(6))


def utc(text: str) -> datetime:
    """Read a time as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "timezone", "now", "last", "following"),
    [
        ("immediate", RIYADH, "2025-11-22T09:10:11.5", "2025-11-22T09:10:11", "2025-11-22T09:10:12"),
        ("hourly", RIYADH, "2025-11-22T09:10", "2025-11-22T09:00", "2025-11-22T10:00"),
        ("hourly", "Asia/Kolkata", "2025-11-22T09:10", "2025-11-22T08:30", "2025-11-22T09:30"),
        ("daily 07:00", RIYADH, "2025-11-22T03:59:59", "2025-11-21T04:00", "2025-11-22T04:00"),
        ("daily 07:00", RIYADH, "2025-11-22T04:00", "2025-11-22T04:00", "2025-11-23T04:00"),
        ("daily 07:00", RIYADH, "2025-11-22T04:00:00.000001", "2025-11-22T04:00", "2025-11-23T04:00"),
        ("Weekly SUN 8:30", RIYADH, "2025-11-22T12:00", "2025-11-16T05:30", "2025-11-23T05:30"),
        ("0 7 * * 1-5", RIYADH, "2025-11-22T12:00", "2025-11-21T04:00", "2025-11-24T04:00"),
        ("*/15 * * * *", RIYADH, "2025-11-22T12:14", "2025-11-22T12:00", "2025-11-22T12:15"),
        ("0 0 29 2 *", RIYADH, "2025-11-22T12:00", "2024-02-28T21:00", "2028-02-28T21:00"),
        # Cairo's clocks skipped 00:00-01:00 on 25 April 2025: the tick comes at the end of the gap.
        ("daily 00:30", CAIRO, "2025-04-24T23:00", "2025-04-24T22:00", "2025-04-25T21:30"),
        # They repeated 23:00-24:00 on 30 October 2025: the tick came the first time only.
        ("daily 23:30", CAIRO, "2025-10-30T21:45", "2025-10-30T20:30", "2025-10-31T21:30"),
    ],
)
def test_the_tick_before_and_the_tick_after(
    text: str, timezone: str, now: str, last: str, following: str
) -> None:
    """The latest tick at or before now, and the first one after it, in UTC."""
    assert utc(last) == schedule.last_due(text, timezone, utc(now))
    assert utc(following) == schedule.next_due(text, timezone, utc(now))


@pytest.mark.parametrize("timezone", [RIYADH, CAIRO, "Europe/Berlin", "Australia/Lord_Howe"])
@pytest.mark.parametrize("text", ["daily 00:30", "daily 02:15", "daily 23:30"])
def test_a_daily_schedule_ticks_once_on_every_local_day(text: str, timezone: str) -> None:
    """No day of a year with both clock changes is skipped or doubled."""
    tick, days = utc("2025-01-01T00:00"), []
    for _ in range(365):
        tick = schedule.next_due(text, timezone, tick)
        days.append(tick.astimezone(ZoneInfo(timezone)).date())

    assert sorted(set(days)) == days
    assert timedelta(days=364) == days[-1] - days[0]


@pytest.mark.parametrize("text", ["daily 23:30", "hourly", "*/20 * * * *", "15 0 * * *"])
@pytest.mark.parametrize("day", ["2025-04-24", "2025-10-30"])
def test_last_and_next_see_the_same_ticks(text: str, day: str) -> None:
    """Around both of Cairo's clock changes, what comes next is later what came last."""
    start = utc(f"{day}T12:00")
    for minutes in range(0, 36 * 60, 7):
        now = start + timedelta(minutes=minutes)
        following = schedule.next_due(text, CAIRO, now)
        assert following > now
        assert following == schedule.last_due(text, CAIRO, following)
        assert schedule.last_due(text, CAIRO, now) == schedule.last_due(
            text, CAIRO, following - timedelta(microseconds=1)
        )


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "write immediate, hourly"),
        ("dayly 07:00", "write immediate, hourly"),
        ("daily", "daily 07:00"),
        ("daily 7", "write it as 07:00"),
        ("daily 24:00", "write it as 07:00"),
        ("daily 07:60", "write it as 07:00"),
        ("weekly الأحد 08:30", "one of sun, mon"),
        ("0 7 * *", "five cron fields"),
        ("0 7 * * 9", "Bad day-of-week"),
        ("0 0 30 2 *", "five cron fields"),
        ("0 0 7 * * 1", "five cron fields"),
    ],
)
def test_a_wrong_schedule_is_refused_with_advice(text: str, advice: str) -> None:
    """What cannot be read is never guessed; the error says what to write."""
    with pytest.raises(ValueError, match="write") as caught:
        schedule.parse(text)

    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("text", "arabic", "english"),
    [
        ("immediate", "فور الرصد", "as soon as something is found"),
        ("hourly", "كل ساعة", "every hour"),
        ("daily 07:00", "يوميًا 7:00 ص", "daily at 7:00"),
        ("daily 00:05", "يوميًا 12:05 ص", "daily at 0:05"),
        ("daily 19:30", "يوميًا 7:30 م", "daily at 19:30"),
        ("weekly sun 12:00", "كل أسبوع، يوم الأحد 12:00 م", "weekly on Sunday at 12:00"),
        ("0 7 * * 1-5", "بجدول cron 0 7 * * 1-5", "by cron 0 7 * * 1-5"),
    ],
)
def test_a_schedule_in_words(text: str, arabic: str, english: str) -> None:
    """The foot of a digest says when it comes."""
    assert arabic == schedule.describe(text, "ar")
    assert english == schedule.describe(text, "en")


# ── rests ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "timezone", "rests", "now", "last", "following"),
    [
        # 22 November 2025 is a Saturday; Riyadh is three hours ahead.
        ("daily 23:00", RIYADH, Rests(NIGHT), "2025-11-22T21:00", "2025-11-22T03:00", "2025-11-23T03:00"),
        ("daily 06:00", RIYADH, Rests(NIGHT), "2025-11-22T03:00", "2025-11-22T03:00", "2025-11-23T03:00"),
        ("daily 22:00", RIYADH, Rests(NIGHT), "2025-11-22T19:00", "2025-11-22T03:00", "2025-11-23T03:00"),
        # Eight hourly ticks of the night are one, at its end.
        ("hourly", RIYADH, Rests(NIGHT), "2025-11-22T18:30", "2025-11-22T18:00", "2025-11-23T03:00"),
        ("hourly", RIYADH, Rests(NIGHT), "2025-11-23T02:59:59", "2025-11-22T18:00", "2025-11-23T03:00"),
        ("hourly", RIYADH, Rests(NIGHT), "2025-11-23T03:00", "2025-11-23T03:00", "2025-11-23T04:00"),
        # Friday and Saturday are off: what they bring waits for Sunday at 07:00.
        (
            "daily 07:00",
            RIYADH,
            Rests(None, GULF),
            "2025-11-21T12:00",
            "2025-11-20T04:00",
            "2025-11-23T04:00",
        ),
        (
            "daily 07:00",
            RIYADH,
            Rests(NIGHT, GULF),
            "2025-11-21T12:00",
            "2025-11-20T04:00",
            "2025-11-23T04:00",
        ),
        # A weekly one of Friday has no other day: it waits for Sunday's first moment outside of quiet.
        (
            "weekly fri 07:00",
            RIYADH,
            Rests(NIGHT, GULF),
            "2025-11-21T12:00",
            "2025-11-16T03:00",
            "2025-11-23T03:00",
        ),
        (
            "daily 07:00",
            RIYADH,
            Rests(NIGHT, GULF),
            "2025-11-23T03:30",
            "2025-11-20T04:00",
            "2025-11-23T04:00",
        ),
        # Hours of quiet within one day.
        (
            "daily 13:00",
            RIYADH,
            Rests((time(12), time(14))),
            "2025-11-22T10:30",
            "2025-11-21T11:00",
            "2025-11-22T11:00",
        ),
        # An immediate schedule rests from the last second before.
        ("immediate", RIYADH, Rests(NIGHT), "2025-11-22T20:00", "2025-11-22T18:59:59", "2025-11-23T03:00"),
        (
            "immediate",
            RIYADH,
            Rests(NIGHT),
            "2025-11-22T18:59:59.5",
            "2025-11-22T18:59:59",
            "2025-11-23T03:00",
        ),
        (
            "immediate",
            RIYADH,
            Rests(NIGHT),
            "2025-11-22T12:00:00.5",
            "2025-11-22T12:00",
            "2025-11-22T12:00:01",
        ),
        # Cairo skipped 00:00-01:00 on 25 April 2025, and with it the end of this quiet.
        (
            "daily 23:30",
            CAIRO,
            Rests((time(23), time(0, 30))),
            "2025-04-24T21:00",
            "2025-04-23T22:30",
            "2025-04-24T22:00",
        ),
        # It repeated 23:00-24:00 on 30 October 2025: the quiet that begins at 23:30 is broken by the first 23:00.
        (
            "daily 23:40",
            CAIRO,
            Rests((time(23, 30), time(6))),
            "2025-10-30T20:45",
            "2025-10-30T03:00",
            "2025-10-30T21:00",
        ),
        # Beirut skipped the first hour of its Sunday off, which ends at midnight all the same.
        (
            "weekly sun 12:00",
            BEIRUT,
            Rests(None, ALL_WEEK - {SUN}),
            "2025-03-30T12:00",
            "2025-03-23T22:00",
            "2025-03-30T21:00",
        ),
    ],
)
def test_ticks_at_rest_move_to_its_end(
    text: str, timezone: str, rests: Rests, now: str, last: str, following: str
) -> None:
    """Neither in hours of quiet nor on days off; what was due in them is due once, when they are over."""
    assert utc(last) == schedule.last_due(text, timezone, utc(now), rests)
    assert utc(following) == schedule.next_due(text, timezone, utc(now), rests)


def test_cairos_repeated_hour_gives_no_second_tick() -> None:
    """A daily tick moved to the end of a quiet that autumn repeats comes once; nor is it repeated later."""
    rests = Rests((time(22, 30), time(23, 15)))
    ticks = []
    tick = utc("2025-10-29T00:00")
    for _ in range(3):
        tick = schedule.next_due("daily 23:00", CAIRO, tick, rests)
        ticks.append(tick)

    assert [utc("2025-10-29T20:15"), utc("2025-10-30T20:15"), utc("2025-10-31T21:15")] == ticks


clocks = st.times(min_value=time(0), max_value=time(23, 59)).map(
    lambda at: at.replace(second=0, microsecond=0)
)
quiets = st.none() | st.tuples(clocks, clocks).filter(lambda pair: pair[0] != pair[1])
all_rests = st.builds(Rests, quiets, st.frozensets(st.sampled_from(sorted(ALL_WEEK)), min_size=1))
texts = st.sampled_from(
    [
        "immediate",
        "hourly",
        "daily 00:30",
        "daily 07:00",
        "daily 23:30",
        "weekly fri 01:15",
        "*/20 * * * *",
        "5 3 1 * *",
    ]
)
zones = st.sampled_from([RIYADH, CAIRO, BEIRUT, "Australia/Lord_Howe", "Asia/Tehran"])
# Around the changes of these zones' clocks, and anywhere.
moments = st.one_of(
    st.sampled_from(
        ["2025-04-24T22:00", "2025-10-30T21:00", "2025-03-29T22:00", "2025-10-25T21:00", "2025-04-05T15:00"]
    )
    .map(utc)
    .flatmap(
        lambda change: st.integers(-100_000, 100_000).map(lambda seconds: change + timedelta(seconds=seconds))
    ),
    st.datetimes(datetime(2022, 1, 1), datetime(2027, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC)),
)


@given(texts, zones, all_rests, moments)
@example("daily 23:30", CAIRO, Rests((time(23), time(0, 30))), utc("2025-04-24T21:59"))
@example("hourly", CAIRO, Rests((time(23, 30), time(0))), utc("2025-10-30T20:59"))
@example("immediate", BEIRUT, Rests(None, frozenset({SUN})), utc("2025-10-25T20:30"))
@example("daily 23:00", CAIRO, Rests((time(22), time(7))), utc("2026-04-24T06:00"))
def test_last_and_next_are_one_list_outside_of_rests(
    text: str, timezone: str, rests: Rests, now: datetime
) -> None:
    """What comes next is later what came last, nothing lies between, and neither is at rest."""
    last = schedule.last_due(text, timezone, now, rests)
    following = schedule.next_due(text, timezone, now, rests)

    assert last <= now < following
    assert following == schedule.last_due(text, timezone, following, rests)
    assert last == schedule.last_due(text, timezone, following - timedelta(microseconds=1), rests)
    assert following == schedule.next_due(text, timezone, last, rests)
    for tick in (last, following):
        assert not is_at_rest(tick.astimezone(ZoneInfo(timezone)), rests)
        assert schedule.resting_until(timezone, tick, rests) is None


def is_at_rest(local: datetime, rests: Rests) -> bool:
    """The rule as operators read it, minute by minute of the local day."""
    days = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
    off = f"{local:%A}" not in {days[day] for day in rests.weekdays}
    if rests.quiet is None:
        return off
    first, last = (clock.hour * 60 + clock.minute for clock in rests.quiet)
    silent = {minute % 1440 for minute in range(first, last if last > first else last + 1440)}
    return off or local.hour * 60 + local.minute in silent


@given(st.sampled_from(["hourly", "daily 00:30", "daily 23:30", "15 */5 * * *"]), zones, all_rests, moments)
def test_windows_neither_overlap_nor_leave_a_gap(
    text: str, timezone: str, rests: Rests, now: datetime
) -> None:
    """A digest run every few minutes closes windows that end to end cover all time; a clock set back adds none."""
    seen = [
        schedule.last_due(text, timezone, now + timedelta(minutes=7 * step), rests) for step in range(400)
    ]
    walked = [seen[0]]
    while walked[-1] < seen[-1]:
        walked.append(schedule.next_due(text, timezone, walked[-1], rests))
    set_back = schedule.last_due(text, timezone, now + timedelta(minutes=7 * 399 - 60), rests)

    assert sorted(seen) == seen
    assert set(seen) <= set(walked)
    assert all(one < other for one, other in pairwise(walked))
    assert set_back <= seen[-1]
    assert set_back in walked or set_back < walked[0]


@given(texts, zones, moments)
def test_without_rests_nothing_moves(text: str, timezone: str, now: datetime) -> None:
    """The ticks of a subscription that never rests are those of its schedule."""
    assert schedule.last_due(text, timezone, now) == schedule.last_due(text, timezone, now, NO_RESTS)
    assert schedule.resting_until(timezone, now, NO_RESTS) is None


@given(zones, all_rests, moments)
@example(CAIRO, Rests((time(22), time(7))), utc("2026-04-23T21:00"))
@example(BEIRUT, Rests((time(22), time(7)), frozenset({FRI})), utc("2026-03-28T21:30"))
def test_a_rest_ends_at_its_first_moment_outside(timezone: str, rests: Rests, now: datetime) -> None:
    """Every minute until then is at rest, the moment itself is not."""
    zone, end = ZoneInfo(timezone), schedule.resting_until(timezone, now, rests)

    if end is None:
        assert not is_at_rest(now.astimezone(zone), rests)
        return
    assert not is_at_rest(end.astimezone(zone), rests)
    assert is_at_rest((end - timedelta(seconds=1)).astimezone(zone), rests)
    minutes = int((end - now).total_seconds() // 60)
    assert all(
        is_at_rest((now + timedelta(minutes=step)).astimezone(zone), rests)
        for step in range(0, minutes, 1 + minutes // 500)
    )


def test_rests_that_never_end_are_an_error() -> None:
    """Config refuses them; whoever makes them by hand is told instead of waiting for ever."""
    with pytest.raises(ValueError, match="never"):
        schedule.next_due("hourly", RIYADH, utc("2025-11-22T12:00"), Rests(None, frozenset()))


def some(**keys: object) -> Subscription:
    """A subscription in Cairo."""
    given: dict[str, object] = {"schedule": "hourly", "timezone": CAIRO, "language": "ar"} | keys
    channels = (Channel("file", ("out",)),)
    return Subscription(id="a", name="نشرة", terms=("h20",), channels=channels, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keys", "now", "expected"),
    [
        ({}, "2025-04-24T12:00", False),
        ({"paused": True}, "2025-04-24T12:00", True),
        # Its 25 April begins at 22:00 UTC of the day before, in an hour that Cairo's clocks skipped.
        ({"paused_until": date(2025, 4, 25)}, "2025-04-24T21:59:59", True),
        ({"paused_until": date(2025, 4, 25)}, "2025-04-24T22:00", False),
    ],
)
def test_a_pause_ends_with_its_day_in_the_time_zone(
    keys: dict[str, object], now: str, expected: bool
) -> None:
    """The date is the first on which it is sent again."""
    assert expected is schedule.paused(some(**keys), utc(now))


def test_a_subscriptions_rests() -> None:
    """Its hours of quiet and its days."""
    assert Rests(NIGHT, GULF) == schedule.rests_of(some(quiet=NIGHT, weekdays=GULF))


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["sun-thu"], GULF),
        (["Mon-Fri"], frozenset({MON, TUE, WED, THU, FRI})),
        (["fri-sun"], frozenset({FRI, SAT, SUN})),
        (["sun", "tue – thu"], frozenset({SUN, TUE, WED, THU})),
        (["sun-sat"], ALL_WEEK),
        (["wed-wed"], frozenset({WED})),
    ],
)
def test_weekdays(days: list[str], expected: frozenset[int]) -> None:
    """Days and ranges, which may pass the end of the week."""
    assert expected == schedule.parse_weekdays(days)


@pytest.mark.parametrize("days", ["sunday", "sun-", "-thu", "الأحد", "sun-thu-fri", "sun,mon"])
def test_what_is_no_weekday_is_refused(days: str) -> None:
    """Nothing is guessed of a word that is none."""
    with pytest.raises(ValueError, match="write one of sun, mon"):
        schedule.parse_weekdays([days])


@pytest.mark.parametrize(
    ("hours", "expected"),
    [("22:00-06:00", NIGHT), ("22:00 – 6:00", NIGHT), ("12:30-14:00", (time(12, 30), time(14)))],
)
def test_hours_of_quiet(hours: str, expected: tuple[time, time]) -> None:
    """They may pass midnight."""
    assert expected == schedule.parse_quiet(hours)


@pytest.mark.parametrize(
    ("hours", "advice"),
    [
        ("22:00", "write them as 22:00-06:00"),
        ("22-06", "write it as 07:00"),
        ("18:00-24:00", "from 00:00 to 23:59"),
        ("07:00-07:00", "leaves no moment of the day"),
    ],
)
def test_what_are_no_hours_of_quiet_is_refused(hours: str, advice: str) -> None:
    """Also those of the whole day, which would leave nothing to be sent in."""
    with pytest.raises(ValueError, match="write") as caught:
        schedule.parse_quiet(hours)

    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("rests", "arabic", "english"),
    [
        (NO_RESTS, "كل ساعة", "every hour"),
        (Rests(NIGHT), "كل ساعة، بلا إرسال من 10:00 م إلى 6:00 ص", "every hour, quiet from 22:00 to 6:00"),
        (Rests(None, GULF), "كل ساعة، من الأحد إلى الخميس", "every hour, Sunday to Thursday"),
        (
            Rests(None, frozenset({SAT, SUN, MON})),
            "كل ساعة، من السبت إلى الاثنين",
            "every hour, Saturday to Monday",
        ),
        (
            Rests(NIGHT, frozenset({SUN, TUE, WED})),
            "كل ساعة، أيام الأحد والثلاثاء والأربعاء، بلا إرسال من 10:00 م إلى 6:00 ص",
            "every hour, on Sunday, Tuesday and Wednesday, quiet from 22:00 to 6:00",
        ),
        (Rests(None, frozenset({THU})), "كل ساعة، يوم الخميس", "every hour, on Thursday"),
    ],
)
def test_rests_in_words(rests: Rests, arabic: str, english: str) -> None:
    """The foot of a digest says when nothing comes."""
    assert arabic == schedule.describe("hourly", "ar", rests)
    assert english == schedule.describe("hourly", "en", rests)
