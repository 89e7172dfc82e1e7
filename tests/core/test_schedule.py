"""Schedules: ticks through summer time, words, and refusals that say what to write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rasid import schedule

RIYADH = "Asia/Riyadh"
CAIRO = "Africa/Cairo"


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
