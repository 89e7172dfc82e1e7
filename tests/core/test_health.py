"""A feed is judged by its own history: simulated years without a false alarm, and faults that are found in time."""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest

from rasid.health import HISTORY, judge, quiet, thin
from rasid.types import Feed, FeedDay, FeedState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Publishing = Callable[[random.Random, date], list[float]]

START = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FEED = Feed("sahifa", "صحيفة", "https://sahifa.example/feed")
THURSDAY, FRIDAY, SATURDAY = 3, 4, 5


def seeded(seed: int) -> random.Random:
    """The same chances each time."""
    return random.Random(seed)  # noqa: S311 - it publishes papers, and guards nothing


def poisson(chance: random.Random, mean: float) -> int:
    """A Poisson number (Knuth's product of uniforms)."""
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


# ── feeds as they publish: the hours of a day at which entries come, several at one hour too ──────


def evenly(mean: float) -> Publishing:
    """Entries at any hour, independently."""
    return lambda chance, _day: [24 * chance.random() for _ in range(poisson(chance, mean))]


def by_day(mean: float, *, rest: frozenset[int] = frozenset()) -> Publishing:
    """A newsroom: entries from six in the morning to eleven at night, on its rest days none."""

    def hours(chance: random.Random, day: date) -> list[float]:
        count = 0 if day.weekday() in rest else poisson(chance, mean)
        return [6 + 17 * chance.random() for _ in range(count)]

    return hours


def at_once(mean: float, *, weekday: int | None = None) -> Publishing:
    """An issue: all of it within minutes, between five and noon."""

    def hours(chance: random.Random, day: date) -> list[float]:
        if weekday is not None and day.weekday() != weekday:
            return []
        return [5 + 7 * chance.random()] * poisson(chance, mean)

    return hours


def drifting_weekly(mean: float) -> Publishing:
    """A magazine that is meant for Thursday and comes out a day early or late."""

    def hours(chance: random.Random, day: date) -> list[float]:
        week = seeded(day.toordinal() // 7)
        return [12.0] * poisson(chance, mean) if day.weekday() == THURSDAY + week.choice((-1, 0, 1)) else []

    return hours


def in_bursts(mean: float) -> Publishing:
    """Events that are told in several entries each: twice the variance of independent ones."""

    def hours(chance: random.Random, _day: date) -> list[float]:
        moments = [24 * chance.random() for _ in range(poisson(chance, mean / 3))]
        return [moment for moment in moments for _ in range(1 + poisson(chance, 2))]

    return hours


WELL_BEHAVED = {
    "daily paper": by_day(40),
    "paper that comes out by morning": at_once(25),
    "paper with weekends": by_day(30, rest=frozenset({FRIDAY, SATURDAY})),
    "paper with Fridays off": by_day(12, rest=frozenset({FRIDAY})),
    "hourly wire": evenly(24),
    "weekly magazine": at_once(10, weekday=THURSDAY),
    "weekly that drifts": drifting_weekly(10),
    "two entries a day": evenly(2.4),
    "an entry a day": evenly(1),
    "three a week": evenly(0.45),
    "bursts": in_bursts(12),
}


@dataclass
class Life:
    """A feed that publishes and is polled every six hours; its pages give texts of very different length."""

    publishing: Publishing
    chance: random.Random = field(default_factory=lambda: seeded(7))
    readable: float = 0.95  # share of pages that can be read
    words: float = 300  # of an article; the median

    def __post_init__(self) -> None:
        self.state = FeedState("sahifa", status="ok")
        self.days: deque[FeedDay] = deque(maxlen=HISTORY // DAY)
        self.now = START

    def polls(self, days: int, *, dead: bool = False, asked: bool = True) -> Iterator[datetime]:
        """Live so many days; each time it was polled it yields when."""
        for _ in range(days):
            today = self.now.date()
            hours = [] if dead else sorted(self.publishing(self.chance, today))
            for end in (6, 12, 18, 24):
                new = [hour for hour in hours if end - 6 <= hour < end]
                if asked:
                    self.now = START.combine(today, time(end - 1, 59), UTC)
                    self._polled(today, len(new))
                    yield self.now
            self.now = START.combine(today + DAY, time(), UTC)

    def _polled(self, today: date, new: int) -> None:
        if not self.days or self.days[-1].day != today:
            self.days.append(FeedDay("sahifa", today))
        read = sum(self.chance.random() < self.readable for _ in range(new))
        words = sum(self.chance.lognormvariate(math.log(self.words), 0.8) for _ in range(new))
        day = self.days[-1]
        self.days[-1] = replace(
            day,
            polls=day.polls + 1,
            entries=day.entries + new,
            pages=day.pages + read,
            fallbacks=day.fallbacks + new - read,
            words=day.words + int(words),
        )
        last_new = self.now if new else self.state.last_new
        self.state = replace(self.state, last_polled=self.now, last_success=self.now, last_new=last_new)

    def quiet(self) -> bool:
        """Whether it is called silent now."""
        return quiet(self.state, list(self.days), until=self.now) is not None

    def live(self, days: int) -> None:
        """So many days, unjudged."""
        for _ in self.polls(days):
            pass


@pytest.mark.parametrize("publishing", WELL_BEHAVED.values(), ids=WELL_BEHAVED)
def test_well_behaved_feeds_are_left_alone(publishing: Publishing) -> None:
    """A feed that goes on as it always did is called quiet less than once a year, and never thin.

    1,000 days for each of eleven kinds; of 10,000 days for each the module's docstring gives the figures.
    """
    life, alarms, was = Life(publishing), 0, False
    for when in life.polls(1000):
        is_quiet = life.quiet()
        alarms, was = alarms + (is_quiet and not was), is_quiet
        assert when.hour < 18 or thin(list(life.days)) is None

    assert alarms < 1000 / 365


FOUND_WITHIN = {
    # publishing, the longest time from the last entry to the alarm that is allowed
    "hourly wire": (WELL_BEHAVED["hourly wire"], 2 * DAY),
    "daily paper": (WELL_BEHAVED["daily paper"], 2 * DAY),
    "morning paper": (WELL_BEHAVED["paper that comes out by morning"], 2 * DAY),
    "paper with weekends": (WELL_BEHAVED["paper with weekends"], 5 * DAY),
    "bursts": (WELL_BEHAVED["bursts"], 4 * DAY),
    "an entry a day": (WELL_BEHAVED["an entry a day"], 16 * DAY),
    "weekly magazine": (WELL_BEHAVED["weekly magazine"], 16 * DAY),
}


@pytest.mark.parametrize(("publishing", "longest"), FOUND_WITHIN.values(), ids=FOUND_WITHIN)
def test_a_dead_feed_is_found(publishing: Publishing, longest: timedelta) -> None:
    """Whenever a feed dies, it is called silent within a time that fits its pace, and not before a day and a half."""
    for seed in range(7):
        life = Life(publishing, seeded(seed))
        life.live(60 + seed)  # dies on each day of the week
        alarm = next(when for when in life.polls(28, dead=True) if life.quiet())
        assert life.state.last_new is not None
        assert timedelta(hours=36) < alarm - life.state.last_new <= longest


def test_days_without_an_answer_accuse_nobody() -> None:
    """Five days on which Rasid was off count neither as silence nor as the feed's pattern."""
    life = Life(WELL_BEHAVED["hourly wire"])
    life.live(40)
    for _ in life.polls(5, asked=False):
        pass
    first = next(life.polls(1, dead=True))  # the first poll afterwards happens to bring nothing

    assert first - life.state.last_new > 5 * DAY
    assert not life.quiet()


def test_silence_is_told_in_words() -> None:
    """The reason says how long it has been silent and what is usual, in both languages; news ends it."""
    life = Life(at_once(25))
    life.live(40)
    for _ in life.polls(3, dead=True):
        pass
    why = quiet(life.state, list(life.days), until=life.now)

    assert why is not None
    assert "لا جديد منذ 3 أيام، ولا ينقطع عادةً أكثر من يوم واحد" == why.ar
    assert "nothing new for 3 days, where it usually pauses for 1 day at most" == why.en
    life.live(1)
    assert not life.quiet()


def test_what_was_called_silent_stays_so() -> None:
    """A feed silent for months, of which no day with news is left in the window, is still called silent."""
    life = Life(evenly(24))
    life.live(40)
    life.state = replace(life.state, status="silent")
    for _ in life.polls(100, dead=True):
        pass
    why = quiet(life.state, list(life.days), until=life.now)

    assert why is not None
    assert ("لا جديد منذ 100 يوم", "nothing new for 100 days") == (why.ar, why.en)


SILENCES = {
    # hours since the last entry → Arabic, English
    "hours": (40, "لا جديد منذ 40 ساعة", "nothing new for 40 hours"),
    "two days": (50, "لا جديد منذ يومين", "nothing new for 2 days"),
    "few": (24 * 9, "لا جديد منذ 9 أيام", "nothing new for 9 days"),
    "many": (24 * 11, "لا جديد منذ 11 يومًا", "nothing new for 11 days"),
}


@pytest.mark.parametrize(("hours", "ar", "en"), SILENCES.values(), ids=SILENCES)
def test_counted_nouns(hours: int, ar: str, en: str) -> None:
    """Arabic counts days in their four forms."""
    now = START + 30 * DAY
    state = FeedState("sahifa", status="silent", last_new=now - hours * HOUR)
    watched = [FeedDay("sahifa", (now - n * DAY).date(), polls=9) for n in range(14, -1, -1)]
    why = quiet(state, watched, until=now)

    assert why is not None
    assert (ar, en) == (why.ar, why.en)


@pytest.mark.parametrize("days", range(1, 6))
def test_the_young_are_never_unusual(days: int) -> None:
    """Less than a week tells nothing, whatever happens then; the backlog of the first poll is no pattern either."""
    life = Life(evenly(24), readable=1)
    life.days.append(FeedDay("sahifa", (START - DAY).date(), polls=1, entries=300, pages=300, words=90_000))
    life.live(days)
    assert judge(FEED, life.state, list(life.days)[:days], now=life.now).usual is None
    life.readable, life.words = 0, 20
    life.live(1)
    assert thin(list(life.days)) is None
    for _ in life.polls(6, dead=True):
        assert not life.quiet()


def test_a_feed_that_never_gave_anything() -> None:
    """An empty feed is named after two weeks, not before."""
    life = Life(lambda _chance, _day: [])
    life.live(13)
    before = quiet(life.state, list(life.days), until=life.now)
    life.live(1)
    after = quiet(life.state, list(life.days), until=life.now)

    assert before is None
    assert after is not None
    assert ("لم يعطِ شيئًا قط منذ 14 يومًا", "has never given anything in 14 days") == (after.ar, after.en)


LAYOUTS = {
    # publishing, days until it must be found when no page can be read, and when texts are a tenth as long
    "hourly wire": (evenly(24), 1, 4),
    "paper": (by_day(40), 1, 2),
    "small paper": (by_day(12), 2, 6),
}


@pytest.mark.parametrize(("publishing", "unread", "short"), LAYOUTS.values(), ids=LAYOUTS)
def test_a_broken_layout_is_found(publishing: Publishing, unread: int, short: int) -> None:
    """A site that changes its pages is noticed by the share that can be read, or by the length of its texts."""
    for seed in range(7):
        life = Life(publishing, seeded(seed))
        life.live(40)
        life.readable = 0.0
        life.live(unread)
        why = thin(list(life.days))
        assert why is not None
        assert "the pages of 0 of the last" in why.en

        life = Life(publishing, seeded(seed))
        life.live(40)
        life.words = 30
        life.live(short)
        why = thin(list(life.days))
        assert why is not None
        assert "words an article, usually " in why.en


def test_a_feed_that_was_always_thin_is_left_alone() -> None:
    """Where the feed's own text has served from the start, that is no change."""
    life = Life(evenly(24), readable=0.1)
    life.live(30)
    life.readable = 0.0
    life.live(3)

    assert thin(list(life.days)) is None


def test_thin_is_told_in_words() -> None:
    """The reason gives both figures and what they may mean."""
    good = [
        FeedDay("sahifa", date(2024, 1, n), polls=9, entries=20, pages=20, words=6000) for n in range(1, 15)
    ]
    unread = FeedDay("sahifa", date(2024, 1, 15), polls=9, entries=10, pages=1, fallbacks=9, words=3000)
    short = FeedDay("sahifa", date(2024, 1, 15), polls=9, entries=20, pages=20, words=160)

    why = thin([*good, unread])
    assert why is not None
    assert "قُرئت صفحات 1 من آخر 10 مقالات، والمعتاد 100%؛ لعل الموقع غيّر تصميمه" == why.ar
    why = thin([*good, short])
    assert why is not None
    assert "متوسط المقالة 8 كلمات، والمعتاد 300؛ لعل الموقع غيّر تصميمه" == why.ar
    assert "8 words an article, usually 300; its site may have a new layout" == why.en


def test_judge_gives_the_figures() -> None:
    """Today, what is usual on such a day, the four weeks' mean, the share read and the length of articles."""
    life = Life(by_day(30, rest=frozenset({FRIDAY, SATURDAY})), readable=1)
    life.live(40)  # ends at the beginning of a Saturday
    found = judge(FEED, life.state, list(life.days), now=life.now)

    assert ("sahifa", "صحيفة", "ok", 0, 0.0) == (
        found.feed_id,
        found.name,
        found.status,
        found.today,
        found.usual,
    )
    assert found.daily is not None
    assert 19 < found.daily < 24
    assert found.share == 1
    assert found.words is not None
    assert 350 < found.words < 480
    assert (None, None, None) == (found.quiet, found.thin, found.error)


def test_a_failing_feed_is_not_called_quiet() -> None:
    """Its error says what is wrong; its silence is no news."""
    life = Life(at_once(25))
    life.live(40)
    for _ in life.polls(5, dead=True):
        pass
    failing = replace(life.state, status="failing", error="504 Gateway Timeout")
    found = judge(FEED, failing, list(life.days), now=life.now)

    assert (None, "504 Gateway Timeout") == (found.quiet, found.error)


def test_a_feed_never_polled() -> None:
    """Nothing is known of it, and nothing is said."""
    found = judge(FEED, FeedState("sahifa"), [], now=START)

    assert ("new", 0, None, None, None, None, None, None, None) == (
        found.status,
        found.today,
        found.usual,
        found.daily,
        found.share,
        found.words,
        found.error,
        found.quiet,
        found.thin,
    )
