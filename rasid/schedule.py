"""When a subscription is due: its schedule and its time zone against `now`.

Theory of operation. A schedule is read into five cron fields, and cronsim walks them forward through the
zone's local time, as Debian's cron does: a tick that falls into the hour that spring skips is moved to the
end of the gap, a tick in the hour that autumn repeats happens once. `last_due` walks forward too, from a
point far enough back, rather than backwards from `now`: so both functions see one and the same list of
ticks, and a digest's window (last tick, this tick) neither overlaps its neighbour nor leaves a gap. All
comparisons are made in UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rasid.types import Language

Kind = Literal["immediate", "hourly", "daily", "weekly", "cron"]

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY_NAMES: dict[Language, tuple[str, ...]] = {
    "ar": ("الأحد", "الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت"),
    "en": ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
}
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_WRITE = "write immediate, hourly, daily 07:00, weekly sun 08:30, or five cron fields such as 0 7 * * 1-5"
_SECOND = timedelta(seconds=1)
# cronsim starts from a local time; more than any zone's summer-time shift, so that no repeated hour is lost.
_MARGIN = timedelta(hours=3)
# Tried in turn: most schedules tick within a day, the rarest (29 February on a Sunday) once in 40 years.
_LOOKBACKS = tuple(timedelta(days=days) for days in (0.25, 2, 9, 40, 400, 15_000))


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule, read: `cron` holds its five fields; empty for immediate."""

    kind: Kind
    cron: str = ""
    hour: int = 0  # of daily and weekly
    minute: int = 0
    weekday: int = 0  # of weekly; 0 is Sunday


def parse(schedule: str) -> Schedule:
    """Read a schedule as operators write it.

    Raises:
        ValueError: It is none; the text says what to write instead.
    """
    words = schedule.lower().split()
    match words:
        case ["immediate"]:
            return Schedule(kind="immediate")
        case ["hourly"]:
            return Schedule(kind="hourly", cron="0 * * * *")
        case ["daily", clock]:
            hour, minute = _clock(clock)
            return Schedule(kind="daily", cron=f"{minute} {hour} * * *", hour=hour, minute=minute)
        case ["weekly", day, clock]:
            hour, minute = _clock(clock)
            weekday = _weekday(day)
            cron = f"{minute} {hour} * * {weekday}"
            return Schedule(kind="weekly", cron=cron, hour=hour, minute=minute, weekday=weekday)
        case [_, _, _, _, _]:
            return Schedule(kind="cron", cron=_cron(" ".join(words)))
    raise ValueError(f"{schedule!r} is no schedule: {_WRITE}")


def last_due(schedule: str, timezone: str, now: datetime) -> datetime:
    """Return the latest tick at or before `now`, in UTC.

    Raises:
        ValueError: The schedule cannot be read.
    """
    parsed = parse(schedule)
    if not parsed.cron:
        return now.astimezone(UTC).replace(microsecond=0)
    for lookback in _LOOKBACKS:
        tick = _latest(parsed.cron, timezone, since=now - lookback, now=now)
        if tick is not None:
            return tick
    raise ValueError(f"{schedule!r} has not been due in forty years: {_WRITE}")


def next_due(schedule: str, timezone: str, now: datetime) -> datetime:
    """Return the first tick after `now`, in UTC; an immediate schedule ticks every second.

    Raises:
        ValueError: The schedule cannot be read.
    """
    parsed = parse(schedule)
    if not parsed.cron:
        return now.astimezone(UTC).replace(microsecond=0) + _SECOND
    return next(tick for tick in _ticks(parsed.cron, timezone, since=now) if tick > now)


def describe(schedule: str, language: Language) -> str:
    """Say a schedule in words, for the foot of a digest.

    Raises:
        ValueError: The schedule cannot be read.
    """
    parsed = parse(schedule)
    return _in_arabic(parsed) if language == "ar" else _in_english(parsed)


def _clock(text: str) -> tuple[int, int]:
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no time of day: write it as 07:00, from 00:00 to 23:59")
    return int(match[1]), int(match[2])


def _weekday(text: str) -> int:
    if text not in _DAYS:
        raise ValueError(f"{text!r} is no day of the week: write one of {', '.join(_DAYS)}")
    return _DAYS.index(text)


def _cron(fields: str) -> str:
    try:
        next(CronSim(fields, datetime(2024, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as e:
        reason = str(e) or "it never comes"
        raise ValueError(f"{fields!r} are no cron fields ({reason}): {_WRITE}") from e
    return fields


def _ticks(cron: str, timezone: str, *, since: datetime) -> Iterator[datetime]:
    start = (since - _MARGIN).astimezone(ZoneInfo(timezone))
    return (tick.astimezone(UTC) for tick in CronSim(cron, start))


def _latest(cron: str, timezone: str, *, since: datetime, now: datetime) -> datetime | None:
    latest = None
    for tick in _ticks(cron, timezone, since=since):
        if tick > now:
            break
        latest = tick
    return latest


def _in_arabic(schedule: Schedule) -> str:
    half = "ص" if schedule.hour < 12 else "م"
    clock = f"{(schedule.hour + 11) % 12 + 1}:{schedule.minute:02} {half}"
    words: dict[Kind, str] = {
        "immediate": "فور الرصد",
        "hourly": "كل ساعة",
        "daily": f"يوميًا {clock}",
        "weekly": f"كل أسبوع، يوم {_DAY_NAMES['ar'][schedule.weekday]} {clock}",
        "cron": f"بجدول cron {schedule.cron}",
    }
    return words[schedule.kind]


def _in_english(schedule: Schedule) -> str:
    clock = f"{schedule.hour}:{schedule.minute:02}"
    words: dict[Kind, str] = {
        "immediate": "as soon as something is found",
        "hourly": "every hour",
        "daily": f"daily at {clock}",
        "weekly": f"weekly on {_DAY_NAMES['en'][schedule.weekday]} at {clock}",
        "cron": f"by cron {schedule.cron}",
    }
    return words[schedule.kind]
