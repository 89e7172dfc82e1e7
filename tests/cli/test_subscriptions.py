"""`rasid subscriptions`: what is due when, pausing and resuming, who gets it and who left."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from rasid.app.context import load_config, open_rasid
from rasid.app.subscriptions import standing, ticks, upcoming
from rasid.cli.output import utc_now
from rasid.types import Channel
from tests.cli.conftest import _Console
from tests.storage.builders import NOW, digest, mention, stored

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from rasid.config import Config

TEXT = """\
subscriptions:
  - id: morning # صباحا
    name: نشرة الصباح
    watchlists: [chips]
    schedule: daily 07:00
    channels:
      - file: out
      - email: [sara@example.org, omar@example.org]

  - id: desk
    name: عاجل
    terms: [nvidia]
    schedule: immediate
    quiet: 22:00-06:00
    weekdays: sun-thu
    channels: [{slack_bot: {token: BOT_TOKEN, channel: C0123456789}}]

  - id: cairo
    name: القاهرة
    terms: [h20]
    schedule: weekly sun 12:00
    timezone: Africa/Cairo
    paused: true
    channels: [{apprise: TELEGRAM}]
"""
SATURDAY = datetime(2025, 11, 22, 12, tzinfo=UTC)  # 15:00 in Riyadh
MAIL = Channel("email", ("sara@example.org", "omar@example.org"))


@pytest.fixture
def path(folder: Path) -> Path:
    """subscriptions.yaml with three: of every day, immediate with rests, paused."""
    written = folder / "subscriptions.yaml"
    written.write_text(TEXT, encoding="utf-8")
    return written


@pytest.fixture
def run(folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`rasid subscriptions …` on the config folder, in this process."""
    monkeypatch.chdir(folder.parent)
    assert path.is_file()

    def call(*words: str) -> Result:
        arguments = ["--config", str(folder), "subscriptions", *words]
        return CliRunner().invoke(_Console("rasid"), arguments, catch_exceptions=False)

    return call


@pytest.fixture
def left(folder: Path, run: Callable[..., Result]) -> datetime:
    """Sara unsubscribed from the morning's digest, and so did one who is not listed any more; the time of both."""
    assert callable(run)  # the database is made beside the config folder
    with open_rasid(folder) as rasid:
        stored(rasid.store, None, mention())
        gone = Channel("email", ("old@example.org",))
        rasid.store.save_digest(digest("morning"), {}, [MAIL, gone], SATURDAY)
        for one in rasid.store.deliveries():
            if one.recipient != "omar@example.org":
                rasid.store.unsubscribe(one.id, SATURDAY)
    return SATURDAY


def rows(result: Result) -> dict[str, dict[str, str]]:
    """A tab-separated table by its first column."""
    header, *lines = (line.split("\t") for line in result.stdout.splitlines())
    return {line[0]: dict(zip(header, line, strict=True)) for line in lines}


# ── when ──────────────────────────────────────────────────────────────────────────────────────────


def some_config(folder: Path, text: str = TEXT) -> Config:
    """The folder's config with other subscriptions."""
    (folder / "subscriptions.yaml").write_text(text, encoding="utf-8")
    return load_config(folder)


def test_the_next_ticks_of_all_come_in_the_order_of_time(folder: Path) -> None:
    """An immediate one gives the end of its rest only; one that is paused gives none."""
    config = some_config(folder)

    found = [
        (tick.subscription_id, tick.at.isoformat()) for tick in upcoming(config.subscriptions, SATURDAY, 4)
    ]

    assert [
        ("desk", "2025-11-23T03:00:00+00:00"),
        ("morning", "2025-11-23T04:00:00+00:00"),
        ("morning", "2025-11-24T04:00:00+00:00"),
        ("morning", "2025-11-25T04:00:00+00:00"),
    ] == found


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2025-11-22", "2025-11-23T10:00:00+00:00"),
        ("2025-11-23", "2025-11-23T10:00:00+00:00"),
        ("2025-11-24", "2025-11-30T10:00:00+00:00"),
    ],
)
def test_ticks_of_a_paused_one_begin_with_the_end_of_its_pause(
    folder: Path, until: str, expected: str
) -> None:
    """Its first one is on that day or later, by its own clock."""
    config = some_config(folder, TEXT.replace("paused: true", f"paused: {until}"))

    first = next(ticks(config.subscriptions[2], SATURDAY))

    assert expected == first.at.isoformat()


def test_how_subscriptions_stand_on_a_day_off(folder: Path) -> None:
    """On Saturday the immediate one rests until Sunday at six; without a database there is no past."""
    morning, desk, cairo = (standing(one, None, SATURDAY) for one in some_config(folder).subscriptions)

    assert datetime(2025, 11, 23, 3, tzinfo=UTC) == desk.resting_until == desk.next
    assert (None, None, False) == (morning.resting_until, morning.last, morning.paused)
    assert (True, None) == (cairo.paused, cairo.next)


@pytest.mark.usefixtures("left")
def test_list_shows_when_and_where(run: Callable[..., Result]) -> None:
    """The next tick by the clock of the time zone, recipients counted with those who left, no address of anybody."""
    result = run("list")

    found = rows(result)
    assert ["morning", "desk", "cairo"] == list(found)
    assert "file 1, email 2 (1 unsubscribed)" == found["morning"]["channels"]
    assert found["morning"]["next"].endswith(" 07:00")
    assert (f"{NOW:%Y-%m-%d %H:%M}Z", "-") == (found["morning"]["last window"], found["desk"]["last window"])
    assert ("paused", "-", "-") == (found["cairo"]["state"], found["cairo"]["next"], found["cairo"]["in"])
    assert (
        "as soon as something is found, Sunday to Thursday, quiet from 22:00 to 6:00"
        == found["desk"]["schedule"]
    )
    assert "slack_bot 1" == found["desk"]["channels"]
    assert "sara" not in result.output
    assert "BOT_TOKEN" not in result.output


def test_list_as_json_holds_the_same(run: Callable[..., Result]) -> None:
    """Times as ISO 8601, terms by their ids; nothing was sent yet."""
    morning, desk, cairo = json.loads(run("list", "--json").stdout)

    assert ["nvidia"] == desk["terms"]
    assert ("paused", None, True) == (cairo["state"], cairo["next"], cairo["paused"])
    assert morning["last_window"] is None
    due = datetime.fromisoformat(morning["next"])
    assert utc_now() < due <= utc_now() + timedelta(days=1)
    assert 7 == due.astimezone(ZoneInfo("Asia/Riyadh")).hour


def test_next_shows_local_time_and_utc(run: Callable[..., Result]) -> None:
    """Weekday and clock of the time zone beside UTC; as many as were asked for."""
    found = json.loads(run("next", "morning", "--count", "3", "--json").stdout)
    table = run("next", "morning", "--count", "3").stdout.splitlines()

    assert 3 == len(found) == len(table) - 1
    for tick, line in zip(found, table[1:], strict=True):
        at = datetime.fromisoformat(tick["utc"])
        assert at == datetime.fromisoformat(tick["local"])
        assert f"{at.astimezone(ZoneInfo('Asia/Riyadh')):%A}" == tick["weekday"]
        assert line.startswith(
            f"{tick['weekday'][:3]} {tick['local'][:10]} 07:00\tAsia/Riyadh\t{at:%Y-%m-%d} 04:00Z\t"
        )


def test_next_says_why_one_is_never_due(run: Callable[..., Result]) -> None:
    """A paused subscription has no ticks, and the note names the command that ends the pause."""
    result = run("next", "cairo")

    assert "local\ttime zone\tUTC\tin\tsubscription\n" == result.stdout
    assert "cairo: paused; `rasid subscriptions resume cairo` sends it again\n" == result.stderr


# ── pause, resume ─────────────────────────────────────────────────────────────────────────────────


def test_pause_and_resume_edit_one_line(run: Callable[..., Result], path: Path) -> None:
    """The diff is shown, everything else stays; a second time there is nothing to do."""
    paused = run("pause", "morning")
    assert (0, TEXT.replace("07:00\n", "07:00\n    paused: true\n", 1)) == (
        paused.exit_code,
        path.read_text("utf-8"),
    )
    assert "+    paused: true" in paused.stdout
    assert "morning is paused already\n" == run("pause", "morning").stderr

    resumed = run("resume", "morning")
    assert (0, TEXT.replace("07:00\n", "07:00\n    paused: false\n", 1)) == (
        resumed.exit_code,
        path.read_text("utf-8"),
    )
    assert "morning is not paused; due next: " in resumed.stderr


def test_pause_until_a_day(run: Callable[..., Result], path: Path) -> None:
    """The first tick is on that day; a day that is not to come is refused."""
    day = (utc_now() + timedelta(days=10)).date()

    result = run("pause", "cairo", "--until", str(day))

    assert f"    paused: {day}\n" in path.read_text("utf-8")
    assert f"cairo is paused until {day}; due next: Sun " in result.stderr
    assert f"paused until {day}" == rows(run("list"))["cairo"]["state"]
    late = run("pause", "cairo", "--until", "2020-01-01")
    assert 2 == late.exit_code
    assert "--until 2020-01-01 is not after today" in late.stderr
    assert f"    paused: {day}\n" in path.read_text("utf-8")


def test_a_dry_run_writes_nothing(run: Callable[..., Result], path: Path) -> None:
    """The diff is shown all the same."""
    result = run("resume", "cairo", "--dry-run")

    assert "+    paused: false" in result.stdout
    assert "dry run: nothing written\n" == result.stderr
    assert TEXT == path.read_text("utf-8")


@pytest.mark.parametrize("command", ["next", "pause", "resume", "who"])
def test_an_unknown_id_names_the_one_meant(run: Callable[..., Result], path: Path, command: str) -> None:
    """Nothing is written for it."""
    result = run(command, "mornign")

    assert 1 == result.exit_code
    assert "rasid: no subscription 'mornign'; did you mean 'morning'?\n" == result.stderr
    assert TEXT == path.read_text("utf-8")


# ── who ───────────────────────────────────────────────────────────────────────────────────────────


def test_who_gets_it_and_who_left(run: Callable[..., Result], left: datetime) -> None:
    """Everyone of the file in its order, then those who left and are not listed; with the time."""
    found = json.loads(run("who", "morning", "--json").stdout)

    told = [(one["recipient"], one["state"], one["unsubscribed_at"]) for one in found]
    assert [
        ("out", "gets it", None),
        ("sara@example.org", "unsubscribed", left.isoformat()),
        ("omar@example.org", "gets it", None),
        ("old@example.org", "unsubscribed, not listed any more", left.isoformat()),
    ] == told
    table = run("who", "morning")
    assert "email\tsara@example.org\tunsubscribed\t2025-11-22 12:00Z" in table.stdout
    assert "rasid subscriptions resume morning --recipient ADDRESS" in table.stderr


@pytest.mark.usefixtures("left")
def test_one_who_left_may_have_it_again(run: Callable[..., Result], path: Path) -> None:
    """The file is not touched; a second time, and one who never left, is refused with the names of those who did."""
    back = run("resume", "morning", "--recipient", "Sara@example.org")
    assert (0, "email sara@example.org gets 'morning' again\n") == (back.exit_code, back.stdout)
    assert TEXT == path.read_text("utf-8")

    again = run("resume", "morning", "--recipient", "sara@example.org")
    assert 1 == again.exit_code
    assert (
        "sara@example.org is not unsubscribed from 'morning'; unsubscribed are: old@example.org\n"
        in again.stderr
    )
    unlisted = run("resume", "morning", "--recipient", "old@example.org")
    assert "add old@example.org to " in unlisted.stderr
    assert 2 == run("resume", "morning", "--recipient", "old@example.org", "--dry-run").exit_code


def test_without_a_database_everyone_gets_it(run: Callable[..., Result], folder: Path) -> None:
    """A question makes no database."""
    assert "gets it" == rows(run("who", "desk"))["slack_bot"]["state"]
    assert 1 == run("resume", "desk", "--recipient", "x").exit_code
    assert not (folder.parent / "var").exists()
