"""Clocks that jump (85): a year of runs every five minutes, in zones that change at midnight, with clocks set back.

Runs that can have nothing to do are left out: those that are neither within a day of a change of the zone's clock, nor
about a time at which something is due.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from rasid.app.digest import compose_due
from tests.hostile.hostile_post import office
from tests.storage.builders import article, mention, stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rasid.app.context import Rasid
    from rasid.types import Digest
    from tests.hostile.hostile_post import Office

MINUTES = timedelta(minutes=5)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# Zone, year, changes of its clock in it. Amman gave summer time up in 2022; Riyadh never had it.
ZONES = [
    ("Africa/Cairo", 2024, 2),
    ("Asia/Beirut", 2024, 2),
    ("Asia/Amman", 2021, 2),
    ("Asia/Riyadh", 2024, 0),
]
EARLY, LATE = time(0, 30), time(23, 30)
NEAR = timedelta(hours=26)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def subscribe(post: Office, zone: str, *subscriptions: dict[str, str]) -> None:
    """Write subscriptions.yaml."""
    common = {"name": "نشرة", "timezone": zone, "terms": ["nvidia"], "channels": [{"file": "var/digests"}]}
    text = json.dumps({"subscriptions": [common | one for one in subscriptions]})
    (post.folder / "subscriptions.yaml").write_text(text, encoding="utf-8")


def changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """The moments at which the zone's clock is set, in UTC."""
    begin = datetime(year, 1, 1, tzinfo=UTC)
    moments = [begin + timedelta(minutes=30 * step) for step in range(366 * 48)]
    offsets = [moment.astimezone(zone).utcoffset() for moment in moments]
    return [moments[n] for n in range(1, len(moments)) if offsets[n] != offsets[n - 1]]


def weekday(moment: datetime, zone: ZoneInfo) -> str:
    """The local day of the week, as subscriptions write it."""
    return WEEKDAYS[moment.astimezone(zone).weekday()]


def runs(zone: ZoneInfo, begin: datetime, days: int, set_at: list[datetime]) -> Iterator[datetime]:
    """Every five minutes near a change, else around what is due."""
    now = begin.astimezone(UTC)
    for _ in range(days * 24 * 12):
        local = now.astimezone(zone)
        minute = local.hour * 60 + local.minute
        due = any(abs(minute - at.hour * 60 - at.minute) <= 5 for at in (EARLY, LATE))
        if due or any(abs(now - moment) <= NEAR for moment in set_at):
            yield now
        now += MINUTES


def set_back(moments: list[datetime], every: int) -> list[datetime]:
    """The same with the clock set back by an hour now and then, which is lived through once more."""
    found: list[datetime] = []
    for number, moment in enumerate(moments, start=1):
        found.append(moment)
        if number % every == 0:
            found += [moment - HOUR + MINUTES * step for step in range(12)]
    return found


def lived(rasid: Rasid, moments: list[datetime], news_every: int) -> int:
    """Run at each moment, with an article coming in before some of them; how many articles came."""
    came = 0
    for number, now in enumerate(moments):
        if number % news_every == 0:
            new = article(title=f"إنفيديا في الخبر {number}", published=now - HOUR, first_seen=now)
            stored(rasid.store, new, mention(), now=now)
            came += 1
        compose_due(rasid, clock=lambda now=now: now)  # type: ignore[misc]
    return came


def digests(rasid: Rasid, subscription: str) -> list[Digest]:
    """What a subscription was sent, in the order of its windows."""
    rows = [row for row in rasid.store.digests(100_000) if row.subscription_id == subscription]
    found = [digest for row in rows if (digest := rasid.store.digest(row.id)) is not None]
    return sorted(found, key=lambda digest: digest.window_end)


def told(found: list[Digest]) -> list[int]:
    """The articles told of, in order."""
    return [seen.article_id for digest in found for story in digest.stories for seen in story.appearances]


@pytest.mark.parametrize(("name", "year", "number"), ZONES)
def test_085_a_year_skips_and_doubles_no_window(
    name: str, year: int, number: int, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One window a week, each beginning where the last one ended, each article told once.

    They are due on the very days on which the clock is set, at 00:30 and at 23:30: in the hour that spring skips, or
    in the one that autumn repeats.
    """
    zone = ZoneInfo(name)
    set_at = changes(zone, year)
    assert number == len(set_at)
    spring, autumn = set_at or [datetime(year, 3, 31, tzinfo=zone), datetime(year, 10, 27, tzinfo=zone)]
    days = {"early": weekday(spring, zone), "late": weekday(autumn - MINUTES, zone)}
    post = office(tmp_path, sqlite_url, monkeypatch)
    subscribe(
        post,
        name,
        {"id": "early", "schedule": f"weekly {days['early']} 00:30", "when_empty": "send"},
        {"id": "late", "schedule": f"weekly {days['late']} 23:30", "when_empty": "send"},
    )
    begin = datetime(year, 1, 1, tzinfo=zone)
    moments = set_back(list(runs(zone, begin, 365, set_at)), every=97)
    with post.opened() as rasid:
        came = lived(rasid, moments, news_every=61)
        found = {one: digests(rasid, one) for one in days}
    dates = [begin.date() + timedelta(days=day) for day in range(365)]
    for one, at in (("early", EARLY), ("late", LATE)):
        ends = [
            digest.window_end.astimezone(zone) for digest in found[one][1:]
        ]  # the first is of the year before
        assert [date for date in dates if WEEKDAYS[date.weekday()] == days[one]] == [
            end.date() for end in ends
        ]
        assert all(first.window_end == second.window_start for first, second in pairwise(found[one]))
        assert [end for end in ends if end.time() != at] == [end for end in ends if end.time() == time(1, 0)]
        articles = told(found[one])
        assert len(set(articles)) == len(articles)
        assert 0 <= came - len(articles) <= 3  # what came last is told next week
    assert len([end for end in found["early"] if end.window_end in set_at]) == (1 if number else 0)


@pytest.mark.parametrize(("name", "year", "number"), ZONES)
def test_085_hours_and_moments_around_a_change(
    name: str, year: int, number: int, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hourly and immediate digests three hours around each change, the clock set back by hand: no overlap."""
    zone = ZoneInfo(name)
    post = office(tmp_path, sqlite_url, monkeypatch)
    subscribe(post, name, {"id": "hourly", "schedule": "hourly"}, {"id": "at-once", "schedule": "immediate"})
    set_at = changes(zone, year) or [datetime(year, 3, 31, tzinfo=UTC)]
    assert max(number, 1) == len(set_at)
    with post.opened() as rasid:
        came = 0
        for moment in set_at:
            around = [moment + MINUTES * step for step in range(-36, 37)]
            came += lived(rasid, set_back(around, every=30), news_every=7)
        found = {one: digests(rasid, one) for one in ("hourly", "at-once")}
    for one in found.values():
        ends = [digest.window_end for digest in one]
        assert sorted(set(ends)) == ends
        assert all(first.window_end <= second.window_start for first, second in pairwise(one))
        articles = told(one)
        assert len(set(articles)) == len(articles)
        assert 0 <= came - len(articles) <= 2  # what came last is told in an hour
    assert {0} == {digest.window_end.minute for digest in found["hourly"]}
    assert 10 * len(set_at) <= len(found["at-once"]) <= came
