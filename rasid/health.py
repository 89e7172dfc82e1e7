"""Whether a feed is as it always was: judged by its own last weeks, never by other feeds.

Theory of operation. A feed that answers may yet be dead: its site stopped filling it, or its pages changed their
layout and no text comes out of them. Both are seen in its days (`FeedDay`); those on which no poll was answered count
neither as silence nor as pattern, so a night without network, or a Rasid that was off, accuses nobody.

Quiet. The pattern is that of the 28 days up to its last news: the gaps between days with news (their 90th percentile
is its usual gap, so one holiday does not stretch it), and the mean of each day of the week. It is quiet when

* its silence is longer than 36 hours: days are all that is known, and a paper that comes out by morning may come late;
* and longer than its usual gap by a quarter, and by more where few gaps were seen (4 of a weekly: twice);
* and it swallowed ten entries by the pattern of its weekdays (a chance of e⁻¹⁰ where they come independently), or
  lasted four of its usual gaps, which finds the regular ones that bring little.

What was called silent stays so until it gives something: with time the window would forget how it was.

Thin. Of the newest days (one to seven, with at least ten articles), the share whose page could be read, or the words
of an article, is less than half of what it was in the weeks before, and below it by four standard errors.

Measured on simulated feeds, 10,000 days of each kind (tests/core/test_health.py keeps 1,000). False alarms in a
feed-year: none of papers (through the day, all by morning, with weekends), of an hourly wire, of weeklies, drifting by
a day or not; 0.1 where one or two entries a day come at random, 0.2 for three a week, 0.4 for bursts; 'thin' none.
From the last entry to the alarm, polled every six hours: 1.75 days for a wire or a paper, 3 with one day of rest a
week, 4.25 over a weekend, 8 to 13 for an entry a day, 16 to 20 for a weekly. A layout that breaks is found on the first
day where 24 articles a day or more come, on the second with twelve; on the second to sixth where only the texts get
shorter.

Rejected: a fixed number of hours (either a weekly is always ill or a wire never); the z-score of a day's entries
(days are not normal: bursts, holidays, Ramadan hours).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from math import ceil, sqrt
from statistics import fmean, median
from typing import TYPE_CHECKING

from rasid.types import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from rasid.types import Feed, FeedDay, FeedState, FeedStatus

HISTORY = timedelta(days=56)
"""How far back the days reach that are judged: four weeks of pattern, before a silence of up to four."""

_DAY = timedelta(days=1)
_PATTERN = timedelta(days=28)
_LEAST_DAYS = 7  # younger feeds are never called unusual
_LEAST_ENTRIES = 10
_LEAST_GAPS = 3  # a weekly has them after four issues
_LEAST_SILENCE = timedelta(hours=36)
_EMPTY_DAYS = 14  # a listed feed that never gave anything
_SWALLOWED = 10  # entries
_GAPS_LONG = 4
_NEWEST_DAYS = 7
_LEAST_ARTICLES = 10
_LEAST_BEFORE = 30
_SHARE_BEFORE = 0.5  # pages that were hardly ever read cannot get thin
_ERRORS = 4


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """How one feed does, by its own history."""

    feed_id: str
    name: str
    status: FeedStatus
    today: int  # new entries of this UTC day so far
    usual: float | None  # entries of a day like today, the median; None: too young to tell
    daily: float | None  # entries a day, the mean of four weeks
    share: float | None  # of its articles read from their page, in four weeks; None: none yet
    words: float | None  # of an article, the mean of four weeks
    error: str | None  # of its last poll
    last_success: datetime | None = None
    quiet: Reason | None = None  # it answers, and gives nothing for longer than is usual
    thin: Reason | None = None  # it gives articles, and their pages are no longer read


def judge(feed: Feed, state: FeedState, days: Sequence[FeedDay], *, now: datetime) -> FeedHealth:
    """Judge a feed by its days.

    Args:
        feed: As listed.
        state: As remembered.
        days: Of the last `HISTORY`, oldest first; days that brought nothing may be absent.
        now: The present.
    """
    today = now.date()
    recent = [day for day in days if day.day > today - _PATTERN]
    past = [day for day in _watched(recent) if day.day < today]
    known = len(past) >= _LEAST_DAYS
    given = _together(recent)
    silent = (
        None if state.error or state.last_success is None else quiet(state, days, until=state.last_success)
    )
    return FeedHealth(
        feed_id=feed.id,
        name=feed.name,
        status=state.status,
        today=sum(day.entries for day in recent if day.day == today),
        usual=_usual(past, today) if known else None,
        daily=fmean(day.entries for day in past) if known else None,
        share=given.pages / given.count if given.count else None,
        words=given.words / given.read if given.read else None,
        error=state.error,
        last_success=state.last_success,
        quiet=silent,
        thin=thin(days),
    )


def _usual(past: Sequence[FeedDay], today: date) -> float:
    """The median of the same day of the week where two were seen, else of the days with news."""
    alike = [day.entries for day in past if day.day.weekday() == today.weekday()]
    if len(alike) >= 2:
        return median(alike)
    return median([day.entries for day in past if day.entries] or [0])


def _watched(days: Sequence[FeedDay]) -> list[FeedDay]:
    """The days on which at least one poll was answered."""
    return [day for day in days if day.polls > day.failures or day.entries]


def _articles(day: FeedDay) -> int:
    return day.pages + day.fallbacks + day.lost


# ── quiet ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Pattern:
    """How a feed published before it fell silent."""

    gap: int  # days: its usual gap at most
    gaps: int  # how many were seen
    mean: float  # entries a day
    weekdays: Mapping[int, float]  # the same for each day of the week that was seen twice

    def allowed(self) -> timedelta:
        """The silence that is within the usual."""
        return max(_LEAST_SILENCE, _DAY * self.gap * (1.25 + 3 / self.gaps))

    def expected(self, spans: Sequence[tuple[date, timedelta]]) -> float:
        """Entries that usually come in these parts of days."""
        return sum(self.weekdays.get(day.weekday(), self.mean) * (part / _DAY) for day, part in spans)


def quiet(state: FeedState, days: Sequence[FeedDay], *, until: datetime) -> Reason | None:
    """Say why a feed is called silent, or None where its silence is usual.

    Args:
        state: Before the poll that is judged, or after it.
        days: As in `judge`.
        until: When it last answered, and gave nothing.
    """
    if state.last_new is None:
        return _never_gave(days)
    if state.status != "silent" and until - state.last_new <= _LEAST_SILENCE:
        return None
    spans = _spans(state.last_new, until, days)
    silence = sum((part for _, part in spans), timedelta())
    pattern = _pattern(days, state.last_new.date())
    if state.status == "silent":
        return _silent(silence, pattern)
    if pattern is None or silence <= pattern.allowed():
        return None
    unusual = pattern.expected(spans) >= _SWALLOWED or silence >= _DAY * pattern.gap * _GAPS_LONG
    return _silent(silence, pattern) if unusual else None


def _pattern(days: Sequence[FeedDay], last: date) -> _Pattern | None:
    """What the 28 days up to its last news show; None where that is too little."""
    # The first day of all holds what the feed had been giving before.
    seen = [day for day in _watched(days[1:]) if last - _PATTERN < day.day <= last]
    active = [number for number, day in enumerate(seen) if day.entries]
    gaps = sorted(after - before for before, after in pairwise(active))
    entries = [day.entries for day in seen]
    if len(seen) < _LEAST_DAYS or len(gaps) < _LEAST_GAPS or sum(entries) < _LEAST_ENTRIES:
        return None
    by_weekday: dict[int, list[int]] = {}
    for day in seen:
        by_weekday.setdefault(day.day.weekday(), []).append(day.entries)
    return _Pattern(
        gap=gaps[ceil(0.9 * len(gaps)) - 1],
        gaps=len(gaps),
        mean=fmean(entries),
        weekdays={weekday: fmean(counts) for weekday, counts in by_weekday.items() if len(counts) >= 2},
    )


def _spans(start: datetime, end: datetime, days: Sequence[FeedDay]) -> list[tuple[date, timedelta]]:
    """The parts of days between two times, without the whole days on which no poll was answered."""
    watched = {day.day for day in _watched(days)} | {start.date(), end.date()}
    spans, here = [], start.astimezone(UTC)
    while here < end:
        midnight = datetime.combine(here.date() + _DAY, time(), UTC)
        # Of days before those given nothing is known, and they are taken as they come.
        if here.date() in watched or (days and here.date() < days[0].day):
            spans.append((here.date(), min(midnight, end) - here))
        here = midnight
    return spans


def _never_gave(days: Sequence[FeedDay]) -> Reason | None:
    watched = len(_watched(days))
    if watched < _EMPTY_DAYS or any(day.entries for day in days):
        return None
    return Reason(
        f"لم يعطِ شيئًا قط منذ {_days_ar(watched)}", f"has never given anything in {_days_en(watched)}"
    )


def _silent(silence: timedelta, pattern: _Pattern | None) -> Reason:
    days = silence // _DAY
    hours = silence // timedelta(hours=1)
    ar = f"لا جديد منذ {_days_ar(days) if days >= 2 else f'{hours} ساعة'}"
    en = f"nothing new for {_days_en(days) if days >= 2 else f'{hours} hours'}"
    if pattern is None:
        return Reason(ar, en)
    return Reason(
        f"{ar}، ولا ينقطع عادةً أكثر من {_days_ar(pattern.gap)}",
        f"{en}, where it usually pauses for {_days_en(pattern.gap)} at most",
    )


def _days_ar(number: int) -> str:
    if number <= 2:
        return "يومين" if number == 2 else "يوم واحد"
    if number <= 10:
        return f"{number} أيام"
    return f"{number} يومًا" if number < 100 else f"{number} يوم"


def _days_en(number: int) -> str:
    return f"{number} day{'s' * (number != 1)}"


# ── thin ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Articles:
    """What several days gave."""

    count: int
    pages: int  # of these, read from their page
    read: int  # from page or feed
    words: int

    def without(self, others: _Articles) -> _Articles:
        """The rest of them."""
        return _Articles(
            self.count - others.count,
            self.pages - others.pages,
            self.read - others.read,
            self.words - others.words,
        )


def thin(days: Sequence[FeedDay]) -> Reason | None:
    """Say why its articles are called thin: unread pages or short texts, unlike before; else None."""
    with_articles = [day for day in days if _articles(day)]
    total = _together(with_articles)
    for number in range(1, min(_NEWEST_DAYS, len(with_articles) - _LEAST_DAYS) + 1):
        newest = _together(with_articles[-number:])
        before = total.without(newest)
        if before.count < _LEAST_BEFORE:
            break
        reason = _unread(newest, before) or _short(newest, before, with_articles[:-number])
        if reason is not None:
            return reason
    return None


def _together(days: Sequence[FeedDay]) -> _Articles:
    pages, words = sum(day.pages for day in days), sum(day.words for day in days)
    read = pages + sum(day.fallbacks for day in days)
    return _Articles(read + sum(day.lost for day in days), pages, read, words)


def _unread(newest: _Articles, before: _Articles) -> Reason | None:
    usual = before.pages / before.count
    if newest.count < _LEAST_ARTICLES or usual < _SHARE_BEFORE:
        return None
    # A share of 1 would have no error; one page more could yet have failed.
    error = sqrt(max(usual * (1 - usual), 1 / before.count) / newest.count)
    if not _collapsed(newest.pages / newest.count, usual, error):
        return None
    noun = "مقالات" if 3 <= newest.count % 100 <= 10 else "مقالة"
    return Reason(
        f"قُرئت صفحات {newest.pages} من آخر {newest.count} {noun}، والمعتاد {usual:.0%}؛ لعل الموقع غيّر تصميمه",
        f"the pages of {newest.pages} of the last {newest.count} articles could be read, usually {usual:.0%}; "
        "its site may have a new layout",
    )


def _short(newest: _Articles, before: _Articles, days: Sequence[FeedDay]) -> Reason | None:
    if newest.read < _LEAST_ARTICLES or before.read < _LEAST_BEFORE:
        return None
    words, usual = newest.words / newest.read, before.words / before.read
    if words >= usual / 2:
        return None
    # The variance of one article's words, from how far the means of days lie apart.
    means = [(day.pages + day.fallbacks, day.words) for day in days if day.pages + day.fallbacks]
    variance = fmean(number * (total / number - usual) ** 2 for number, total in means)
    if not _collapsed(words, usual, sqrt(variance / newest.read)):
        return None
    noun = "كلمات" if 3 <= round(words) % 100 <= 10 else "كلمة"
    return Reason(
        f"متوسط المقالة {words:.0f} {noun}، والمعتاد {usual:.0f}؛ لعل الموقع غيّر تصميمه",
        f"{words:.0f} words an article, usually {usual:.0f}; its site may have a new layout",
    )


def _collapsed(now: float, usual: float, error: float) -> bool:
    return now < usual / 2 and usual - now > _ERRORS * error
