"""Silence (87): when nothing comes and nothing goes, somebody is told, and not by the way that has failed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rasid.app.alarm import alarm
from rasid.types import Entry, FeedState
from tests.alerts.servers import smtp_server
from tests.alerts.slack_fake import fake_slack
from tests.hostile.hostile_post import HOOK, LONG_AGO, mail, office
from tests.storage.builders import DAY, HOUR, MINUTE, NOW

if TYPE_CHECKING:
    from storage import Store
    from tests.alerts.slack_fake import FakeSlack
    from tests.hostile.hostile_post import Office

ROOT = Path(__file__).resolve().parents[2]
OPERATORS = "operators: {{channels: [{channels}], collect_minutes: 60, delivery_minutes: 60}}\n"
BY_MAIL, BY_SLACK = "{email: [oncall@mail.example]}", f"{{slack: {HOOK}}}"


@pytest.fixture(autouse=True)
def _memory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the watch remembers on this machine is forgotten with the test."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def watched(post: Office, *channels: str, feeds: int = 0) -> None:
    """Name operators and feeds, as one would."""
    settings = post.folder / "settings.yaml"
    text = settings.read_text(encoding="utf-8") + OPERATORS.format(channels=", ".join(channels))
    settings.write_text(text, encoding="utf-8")
    listed = [
        {"id": f"f{n}", "name": f"صحيفة {n}", "url": f"https://s{n}.example/feed"} for n in range(feeds)
    ]
    (post.folder / "feeds.yaml").write_text(
        json.dumps({"feeds": listed}, ensure_ascii=False), encoding="utf-8"
    )


def collected(post: Office, ended: timedelta = timedelta()) -> None:
    """A collect and a digest run that ended so much later than NOW."""
    with post.opened() as rasid:
        for kind in ("collect", "digest"):
            rasid.store.record_run(kind, NOW + ended - MINUTE, NOW + ended, {})


def looked(post: Office, after: timedelta) -> list[str]:
    """What stands so much later, by its key."""
    return [one.key for one in alarm(post.folder, lambda: NOW + after).standing]


def told(slack: FakeSlack) -> list[str]:
    """The first lines of what the operators' webhook took."""
    return [message["text"] for message in slack.taken]


def port(slack: FakeSlack) -> int:
    """Where it listens."""
    return int(slack.server_address[1])


def test_087_the_whole_pipeline_silent(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No collect has ended for more than 60 minutes: told once, again after six hours, and once that it is over."""
    with fake_slack() as slack:
        post = office(tmp_path, database_url, monkeypatch, slack=port(slack))
        watched(post, BY_SLACK)
        collected(post)
        assert [] == looked(post, 59 * MINUTE)
        assert [] == told(slack)
        for after in (61 * MINUTE, 66 * MINUTE, 3 * HOUR, 7 * HOUR):
            assert ["collect"] == looked(post, after)
        assert 1 == len(told(slack))
        assert ["collect"] == looked(post, 61 * MINUTE + 6 * HOUR)
        collected(post, 8 * HOUR)
        assert [] == looked(post, 8 * HOUR)
        assert [] == looked(post, 8 * HOUR + 5 * MINUTE)
    alarmed, again, over = told(slack)
    assert "no collect has ended" in alarmed
    assert "still" in again
    assert "recovered" in over


def test_087_a_dead_relay_is_told_by_another_route(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mail that waits for 61 minutes because the relay is down is told by Slack with its error, not by mail."""
    with fake_slack() as slack, smtp_server({"GREETING": "421 closed for today"}) as (relay, mailbox):
        post = office(tmp_path, database_url, monkeypatch, smtp=relay, slack=port(slack))
        watched(post, BY_MAIL, BY_SLACK)
        post.freeze(mail("sara"))
        assert 1 == len(post.deliver().retrying)
        tried = mailbox.connections
        for after in (30 * MINUTE, 61 * MINUTE):
            collected(post, after)
            standing = looked(post, after)
        assert ["delivery:email"] == standing
        assert tried == mailbox.connections
    (notice,) = slack.taken
    assert "421 closed for today" in json.dumps(notice["blocks"])


def test_087_nothing_goes_out_at_all(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where every way has failed, all of them are tried, and the notice says that there was no other."""
    with fake_slack() as slack:
        post = office(tmp_path, database_url, monkeypatch, slack=port(slack))
        watched(post, BY_MAIL)
        post.freeze(mail("sara"))
        post.deliver()
    with smtp_server() as (relay, mailbox):
        settings = post.folder / "settings.yaml"
        settings.write_text(settings.read_text("utf-8").replace("port: 9,", f"port: {relay},"), "utf-8")
        collected(post, 61 * MINUTE)
        assert ["delivery:email"] == looked(post, 61 * MINUTE)
    ((_, recipients, _),) = mailbox.taken
    assert ["oncall@mail.example"] == recipients


def test_087_a_channel_that_is_dead_for_a_week(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For seven days a relay that is down costs no attempt; then the message is failed, told, and can be sent yet."""
    post = office(tmp_path, database_url, monkeypatch, attempts=1)
    post.freeze(mail("sara"))
    for day in range(7):
        assert 1 == len(post.deliver(day * DAY).retrying)
        assert [("new", 0)] == [(row.state, row.attempt) for row in post.rows()]
    week = 7 * DAY + HOUR
    assert 1 == len(post.deliver(week).failed)
    assert {"sara@mail.example": "failed"} == post.states()
    collected(post, week)
    assert ["given-up:email"] == looked(post, week)
    with smtp_server() as (relay, mailbox):
        settings = post.folder / "settings.yaml"
        settings.write_text(settings.read_text("utf-8").replace("port: 9,", f"port: {relay},"), "utf-8")
        with post.opened() as rasid:
            assert rasid.store.retry_delivery(post.rows()[0].id, NOW + week)
        assert 1 == len(post.deliver(week).sent)
    assert 1 == len(mailbox.taken)


@pytest.mark.parametrize("silent", [0, 1, 2])
@pytest.mark.parametrize("how", ["fails", "is unusually quiet"])
def test_087_feeds_that_fall_silent(
    silent: int, how: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of three feeds that fail, or fall silent after four weeks of eight items a day, are an alarm."""
    with fake_slack() as slack:
        post = office(tmp_path, sqlite_url, monkeypatch, slack=port(slack))
        watched(post, BY_SLACK, feeds=3)
        with post.opened() as rasid:
            rasid.store.sync_feeds(rasid.config.feeds, NOW - 29 * DAY)
            for number in range(3):
                ends = 4 if number < silent and how != "fails" else 0
                history(rasid.store, f"f{number}", range(28, ends - 1, -1))
                if number < silent and how == "fails":
                    failed = FeedState(
                        f"f{number}", status="failing", failures=9, error="504", last_success=NOW - DAY
                    )
                    rasid.store.save_poll(failed, (), NOW)
        collected(post)
        assert (["feeds"] if silent == 2 else []) == looked(post, MINUTE)
    assert (1 if silent == 2 else 0) == len(told(slack))


def history(store: Store, feed_id: str, days: range) -> None:
    """Eight items on each of these days before NOW, and polls up to it."""
    for day in range(28, -1, -1):
        now, found = NOW - day * DAY, []
        if day in days:
            found = [
                Entry(
                    f"{feed_id}-{day}-{n}",
                    f"https://{feed_id}.example/{day}/{n}",
                    f"خبر {day} {n}",
                    published=now,
                )
                for n in range(8)
            ]
        last_new = NOW - (max(day, min(days))) * DAY
        state = FeedState(feed_id, status="ok", last_polled=now, last_success=now, last_new=last_new)
        store.save_poll(state, found, now)


def test_087_nobody_can_be_told(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all routes dead the command says so on stderr and exits with 1, which cron and monitors pass on."""
    post = office(tmp_path, sqlite_url, monkeypatch)
    watched(post, BY_MAIL, BY_SLACK)
    post.freeze(mail("sara"), now=LONG_AGO)
    done = subprocess.run(
        [sys.executable, "-c", "from rasid.cli import main; main()", "--config", str(post.folder), "alarm"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=dict(os.environ),
        timeout=120,
        check=False,
    )
    assert 1 == done.returncode
    assert "nobody could be told" in done.stderr
    assert "Traceback" not in done.stderr


def test_087_a_database_that_is_away_and_a_config_that_is_refused(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both keep Rasid silent and neither keeps the alarm silent: each is told once."""
    with fake_slack() as slack:
        post = office(tmp_path, sqlite_url, monkeypatch, slack=port(slack))
        watched(post, BY_SLACK)
        collected(post)
        assert [] == looked(post, MINUTE)
        database = tmp_path / "rasid.db"
        kept = database.read_bytes()
        database.write_bytes(b"no database at all" * 300)
        assert ["database"] == looked(post, 2 * MINUTE)
        database.write_bytes(kept)
        (post.folder / "watchlists" / "chips.yaml").write_text("terms: [", encoding="utf-8")
        assert ["config"] == looked(post, 3 * MINUTE)
        assert ["config"] == looked(post, 8 * MINUTE)
    assert ["the database cannot be opened" in line for line in told(slack)] == [True, False]
    assert "the config is refused" in told(slack)[1]
