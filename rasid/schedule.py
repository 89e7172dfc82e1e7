"""When a subscription is due: its schedule, its time zone and its rests against `now`.

Theory of operation. A schedule is read into five cron fields, and cronsim walks them forward through the
zone's local time, as Debian's cron does: a tick that falls into the hour that spring skips is moved to the
end of the gap, a tick in the hour that autumn repeats happens once. `last_due` walks forward too, from a
point far enough back, rather than backwards from `now`: so both functions see one and the same list of
ticks, and a digest's window (last tick, this tick) neither overlaps its neighbour nor leaves a gap. All
comparisons are made in UTC.

Rests are hours of quiet and days off, by the local clock. A schedule of every day has no ticks on days off. Any other
tick at rest moves to the rest's end, where several become one. Moving keeps the order of ticks, so what is due before
a moment outside of rests moves to before it: both functions look from the last such moment (`now`, or the second
before the rest began) and move what they find. Where a rest begins and ends is looked for among the moments at which
it can: midnight, the two ends of the quiet hours, each twice where autumn repeats it, and the moment at which the
zone's clock is set, because the end of quiet may be in the hour that spring skips. An immediate schedule ticks every
second outside of rests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from rasid.types import ALL_WEEK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rasid.types import Language, Subscription

Kind = Literal["immediate", "hourly", "daily", "weekly", "cron"]

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY_NAMES: dict[Language, tuple[str, ...]] = {
    "ar": ("الأحد", "الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت"),
    "en": ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
}
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_WRITE = "write immediate, hourly, daily 07:00, weekly sun 08:30, or five cron fields such as 0 7 * * 1-5"
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
# In which a rest must end: a week, and a second one where the only hour of a week fell into the one that spring skips.
_LONGEST_REST = 16
# cronsim starts from a local time; more than any zone's summer-time shift, so that no repeated hour is lost.
_MARGIN = timedelta(hours=3)
# Tried in turn: most schedules tick within a day, the rarest (29 February on a Sunday) once in 40 years.
_LOOKBACKS = tuple(timedelta(days=days) for days in (0.25, 2, 9, 40, 400, 15_000))


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule, read: `cron` holds its five fields; empty for immediate."""

    kind: Kind
    cron: str = ""
    clock: time = time()  # of daily and weekly
    weekday: int = 0  # of weekly; 0 is Sunday


@dataclass(frozen=True, slots=True)
class Rests:
    """When nothing is sent, by the clock of the subscription's time zone."""

    quiet: tuple[time, time] | None = None  # from, to; may pass midnight; the end is not among it
    weekdays: frozenset[int] = ALL_WEEK  # days that are none of rest; 0 is Sunday


NO_RESTS = Rests()


def rests_of(subscription: Subscription) -> Rests:
    """Return when a subscription rests."""
    return Rests(subscription.quiet, subscription.weekdays)


def paused(subscription: Subscription, now: datetime) -> bool:
    """Tell whether nothing is to be composed: paused, or before the day on which it goes on."""
    if subscription.paused_until is None:
        return subscription.paused
    today = now.astimezone(ZoneInfo(subscription.timezone)).date()
    return subscription.paused or today < subscription.paused_until


def resting_until(timezone: str, now: datetime, rests: Rests) -> datetime | None:
    """Return when the rest ends in which `now` lies, in UTC; None outside of rests."""
    end = _moved(now.astimezone(UTC), ZoneInfo(timezone), rests)
    return end if end > now else None


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
            at = _clock(clock)
            return Schedule(kind="daily", cron=f"{at.minute} {at.hour} * * *", clock=at)
        case ["weekly", day, clock]:
            at, weekday = _clock(clock), _weekday(day)
            cron = f"{at.minute} {at.hour} * * {weekday}"
            return Schedule(kind="weekly", cron=cron, clock=at, weekday=weekday)
        case [_, _, _, _, _]:
            return Schedule(kind="cron", cron=_cron(" ".join(words)))
    raise ValueError(f"{schedule!r} is no schedule: {_WRITE}")


def parse_quiet(hours: str) -> tuple[time, time]:
    """Read hours of quiet such as 22:00-06:00, which may pass midnight; the end is not among them.

    Raises:
        ValueError: They are none, or leave no moment of the day.
    """
    begin, dash, end = hours.replace("–", "-").partition("-")
    if not dash:
        raise ValueError(f"{hours!r} are no hours of quiet: write them as 22:00-06:00")
    first, last = _clock(begin.strip()), _clock(end.strip())
    if first == last:
        raise ValueError(f"{hours!r} leaves no moment of the day: write when it ends, or paused: true")
    return first, last


def parse_weekdays(days: Iterable[str]) -> frozenset[int]:
    """Read days such as sun and ranges such as sun-thu, which may pass the end of the week; 0 is Sunday.

    Raises:
        ValueError: One is neither.
    """
    found: set[int] = set()
    for text in days:
        first, dash, last = text.lower().replace("–", "-").partition("-")
        begin = _weekday(first.strip())
        length = (_weekday(last.strip()) - begin) % 7 if dash else 0
        found |= {(begin + day) % 7 for day in range(length + 1)}
    return frozenset(found)


def last_due(schedule: str, timezone: str, now: datetime, rests: Rests = NO_RESTS) -> datetime:
    """Return the latest tick at or before `now`, in UTC.

    Raises:
        ValueError: The schedule cannot be read, or the rests never end.
    """
    parsed, zone = parse(schedule), ZoneInfo(timezone)
    outside = _outside(now.astimezone(UTC), zone, rests)
    if not parsed.cron:
        return outside.replace(microsecond=0)
    for lookback in _LOOKBACKS:
        tick = _latest(_on_days(parsed.cron, rests), zone, since=outside - lookback, now=outside)
        if tick is not None:
            return _moved(tick, zone, rests)
    raise ValueError(f"{schedule!r} has not been due in forty years: {_WRITE}")


def next_due(schedule: str, timezone: str, now: datetime, rests: Rests = NO_RESTS) -> datetime:
    """Return the first tick after `now`, in UTC; an immediate schedule ticks every second.

    Raises:
        ValueError: The schedule cannot be read, or the rests never end.
    """
    parsed, zone = parse(schedule), ZoneInfo(timezone)
    outside = _outside(now.astimezone(UTC), zone, rests)
    if not parsed.cron:
        return _moved(outside.replace(microsecond=0) + _SECOND, zone, rests)
    tick = next(tick for tick in _ticks(_on_days(parsed.cron, rests), zone, since=outside) if tick > outside)
    return _moved(tick, zone, rests)


def describe(schedule: str, language: Language, rests: Rests = NO_RESTS) -> str:
    """Say a schedule and its rests in words, for the foot of a digest.

    Raises:
        ValueError: The schedule cannot be read.
    """
    parsed = parse(schedule)
    words = _in_arabic(parsed) if language == "ar" else _in_english(parsed)
    return words + _days_in_words(rests, language) + _quiet_in_words(rests, language)


def _clock(text: str) -> time:
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no time of day: write it as 07:00, from 00:00 to 23:59")
    return time(int(match[1]), int(match[2]))


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


def _on_days(cron: str, rests: Rests) -> str:
    """A schedule of every day becomes one of the days that are not off: what Friday brings, Sunday's 07:00 tells.

    One of chosen days (weekly, monthly) keeps them: its tick on a day off moves, or it might never come.
    """
    minute, hour, day, month, weekday = cron.split()
    if (day, weekday) != ("*", "*") or rests.weekdays == ALL_WEEK:
        return cron
    return f"{minute} {hour} * {month} {','.join(map(str, sorted(rests.weekdays)))}"


def _ticks(cron: str, zone: ZoneInfo, *, since: datetime) -> Iterator[datetime]:
    start = (since - _MARGIN).astimezone(zone)
    return (tick.astimezone(UTC) for tick in CronSim(cron, start))


def _latest(cron: str, zone: ZoneInfo, *, since: datetime, now: datetime) -> datetime | None:
    latest = None
    for tick in _ticks(cron, zone, since=since):
        if tick > now:
            break
        latest = tick
    return latest


# ── rests ─────────────────────────────────────────────────────────────────────────────────────────


def _rests_at(moment: datetime, zone: ZoneInfo, rests: Rests) -> bool:
    local = moment.astimezone(zone)
    if local.isoweekday() % 7 not in rests.weekdays:
        return True
    if rests.quiet is None:
        return False
    first, last = rests.quiet
    clock = local.time()
    return first <= clock < last if first < last else clock >= first or clock < last


def _moved(moment: datetime, zone: ZoneInfo, rests: Rests) -> datetime:
    """The first moment from this one on that is outside of rests."""
    if not _rests_at(moment, zone, rests):
        return moment
    for days in range(_LONGEST_REST):
        begin = moment + days * _DAY
        for edge in sorted(_edges(begin, begin + _DAY, zone, rests)):
            if not _rests_at(edge, zone, rests):
                return edge
    raise ValueError(f"{rests} never ends")


def _outside(moment: datetime, zone: ZoneInfo, rests: Rests) -> datetime:
    """The moment itself, or the last second before the rest in which it lies."""
    if not _rests_at(moment, zone, rests):
        return moment
    for days in range(_LONGEST_REST):
        end = moment - days * _DAY
        for edge in sorted(_edges(end - _DAY, end, zone, rests), reverse=True):
            if not _rests_at(edge - _SECOND, zone, rests):
                return edge - _SECOND
    raise ValueError(f"{rests} never began")


def _edges(after: datetime, until: datetime, zone: ZoneInfo, rests: Rests) -> set[datetime]:
    """The moments of a day at which a rest may begin or end."""
    first, last = after.astimezone(zone).date(), until.astimezone(zone).date()
    # 24 hours from late in the evening touch three dates where the day between them has but 23.
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    found = {
        datetime.combine(day, clock, zone).replace(fold=fold).astimezone(UTC)
        for day in days
        for clock in (time(), *(rests.quiet or ()))
        for fold in (0, 1)
    }
    found |= _clock_changes(after, until, zone)
    return {edge for edge in found if after < edge <= until}


def _clock_changes(after: datetime, until: datetime, zone: ZoneInfo) -> set[datetime]:
    """The second at which the zone's offset is another than at the beginning of this day, if there is one."""
    offset = after.astimezone(zone).utcoffset()
    if until.astimezone(zone).utcoffset() == offset:
        return set()
    same, other = int(after.timestamp()), int(until.timestamp())
    while other - same > 1:
        middle = (same + other) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            same = middle
        else:
            other = middle
    return {datetime.fromtimestamp(other, UTC)}


# ── in words ──────────────────────────────────────────────────────────────────────────────────────


def _in_arabic(schedule: Schedule) -> str:
    words: dict[Kind, str] = {
        "immediate": "فور الرصد",
        "hourly": "كل ساعة",
        "daily": f"يوميًا {_clock_in_words(schedule.clock, 'ar')}",
        "weekly": f"كل أسبوع، يوم {_DAY_NAMES['ar'][schedule.weekday]} {_clock_in_words(schedule.clock, 'ar')}",
        "cron": f"بجدول cron {schedule.cron}",
    }
    return words[schedule.kind]


def _in_english(schedule: Schedule) -> str:
    clock = _clock_in_words(schedule.clock, "en")
    words: dict[Kind, str] = {
        "immediate": "as soon as something is found",
        "hourly": "every hour",
        "daily": f"daily at {clock}",
        "weekly": f"weekly on {_DAY_NAMES['en'][schedule.weekday]} at {clock}",
        "cron": f"by cron {schedule.cron}",
    }
    return words[schedule.kind]


def _clock_in_words(clock: time, language: Language) -> str:
    if language == "en":
        return f"{clock.hour}:{clock.minute:02}"
    return f"{(clock.hour + 11) % 12 + 1}:{clock.minute:02} {'ص' if clock.hour < 12 else 'م'}"


def _days_in_words(rests: Rests, language: Language) -> str:
    """The days on which it is sent: "Sunday to Thursday" where they follow each other, else each by its name."""
    days = sorted(rests.weekdays)
    if len(days) == len(ALL_WEEK):
        return ""
    begins = [day for day in days if (day - 1) % 7 not in rests.weekdays]
    names = _DAY_NAMES[language]
    if len(begins) == 1 and len(days) > 2:
        first, last = names[begins[0]], names[(begins[0] + len(days) - 1) % 7]
        return f"، من {first} إلى {last}" if language == "ar" else f", {first} to {last}"
    listed = [names[day] for day in days]
    if language == "ar":
        return f"، أيام {' و'.join(listed)}" if len(days) > 1 else f"، يوم {listed[0]}"
    return f", on {', '.join(listed[:-1])} and {listed[-1]}" if len(days) > 1 else f", on {listed[0]}"


def _quiet_in_words(rests: Rests, language: Language) -> str:
    if rests.quiet is None:
        return ""
    first, last = (_clock_in_words(clock, language) for clock in rests.quiet)
    return f"، بلا إرسال من {first} إلى {last}" if language == "ar" else f", quiet from {first} to {last}"
