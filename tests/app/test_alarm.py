"""The dead man's watch against real servers: who is told what, by which way, and how often."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest

from rasid.app import digest as app_digest
from rasid.app.alarm import AlarmReport, alarm
from rasid.app.context import open_rasid
from rasid.app.digest import run_digest
from rasid.types import Attempt, Channel, ChannelKind
from tests.alerts.servers import Mailbox, smtp_server
from tests.alerts.slack_fake import CHANNEL, SECRET, TOKEN, FakeSlack, fake_slack
from tests.hostile.hostile_press import watch
from tests.storage.builders import DAY, article, digest, mention, stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rasid.app.context import Rasid
    from rasid.types import Subscription

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EMAIL = "email: [oncall@example.org]"
SLACK = "slack: RASID_OPS"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config folder with a database, whose last collect ended five minutes ago; its watch remembers here."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = watch(tmp_path, "https://sahifa.example/feed").folder
    collected(folder, NOW - 5 * MINUTE)
    return folder


def collected(folder: Path, ended: datetime) -> None:
    """A collect that ended then."""
    with open_rasid(folder) as rasid:
        rasid.store.record_run("collect", ended - MINUTE, ended, {})


def operators(folder: Path, *channels: str, port: int = 1, language: str = "en") -> None:
    """Whom settings.yaml names, and the relay."""
    listed = "".join(f"    - {channel}\n" for channel in channels)
    path = folder / "settings.yaml"
    before = path.read_text(encoding="utf-8").partition("operators:")[0]
    path.write_text(
        f"{before}operators:\n  language: {language}\n  channels:\n{listed or '      []'}\n"
        f"smtp: {{host: 127.0.0.1, port: {port}, security: none, sender: راصد <rasid@example.org>, timeout: 5}}\n",
        encoding="utf-8",
    )


@contextmanager
def servers(
    monkeypatch: pytest.MonkeyPatch, script: dict[str, str] | None = None
) -> Iterator[tuple[int, Mailbox, FakeSlack]]:
    """A relay and a webhook that take what they are given, the webhook in RASID_OPS."""
    with smtp_server(script) as (port, mailbox), fake_slack() as slack:
        monkeypatch.setenv("RASID_OPS", slack.hook)
        yield port, mailbox, slack


def waiting(rasid: Rasid, kind: ChannelKind, error: str | None = "the relay is down") -> None:
    """A message that has been due for two hours and did not go out."""
    made = digest(f"of-{kind}".replace("_", "-"), NOW - 2 * HOUR)
    assert rasid.store.save_digest(made, {}, [Channel(kind, ("reader@example.org",))], NOW - 2 * HOUR)
    if error is not None:
        row = rasid.store.claim_delivery(NOW - HOUR, NOW - HOUR + MINUTE, channel=kind)
        assert row is not None
        rasid.store.settle(Attempt(row.id, row.attempt, "new", error, NOW + HOUR), NOW - HOUR)


TWO_SUBSCRIPTIONS = """\
subscriptions:
  - {id: first, name: الأولى, terms: [nvidia], schedule: daily 10:30, channels: [{file: var/digests}]}
  - {id: second, name: الثانية, terms: [nvidia], schedule: daily 10:30, channels: [{file: var/digests}]}
  - {id: third, name: الثالثة, terms: [nvidia], schedule: daily 10:30, channels: [{file: var/digests}]}
"""


def look(folder: Path, after: timedelta = timedelta()) -> AlarmReport:
    """One look, so long after NOW."""
    return alarm(folder, lambda: NOW + after)


def subjects(mailbox: Mailbox) -> list[str]:
    """Of the mail that the relay took."""
    return [
        str(message_from_bytes(content, policy=policy.default)["Subject"]) for _, _, content in mailbox.taken
    ]


def texts(slack: FakeSlack) -> list[str]:
    """The first lines of what the webhook took."""
    return [message["text"] for message in slack.taken]


# ── by which way ─────────────────────────────────────────────────────────────────────────────────


def test_all_is_well(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stands, nobody is disturbed."""
    with servers(monkeypatch) as (port, mailbox, slack):
        operators(folder, EMAIL, SLACK, port=port)
        report = look(folder)

    assert () == report.standing
    assert () == report.routes
    assert [] == mailbox.taken
    assert [] == slack.taken


def test_mail_that_fails_is_told_by_slack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told once by the other way, again after six hours, and when it is over by both."""
    with servers(monkeypatch) as (port, mailbox, slack):
        operators(folder, EMAIL, SLACK, port=port)
        with open_rasid(folder) as rasid:
            waiting(rasid, "email")
        for after in (0 * MINUTE, 5 * MINUTE, 5 * HOUR, 6 * HOUR):
            collected(folder, NOW + after)
            assert ["delivery:email"] == [one.key for one in look(folder, after).standing]

        assert [] == mailbox.taken
        assert 2 == len(slack.taken)
        assert texts(slack)[0].startswith("Rasid alarm: messages that are due do not go out by email: 1")
        assert "still stands" in texts(slack)[1]
        assert "the relay is down" in str(slack.taken[0]["blocks"])
        assert "deliveries --state new" in str(slack.taken[0]["blocks"])

        with open_rasid(folder) as rasid:
            row = rasid.store.claim_delivery(NOW + 6 * HOUR, NOW + 7 * HOUR)
            assert row is not None
            rasid.store.settle(Attempt(row.id, row.attempt, "sent", "250 OK"), NOW + 6 * HOUR)
        assert () == look(folder, 6 * HOUR + 5 * MINUTE).standing
        assert () == look(folder, 6 * HOUR + 10 * MINUTE).routes
        assert ["Rasid recovered: no message is overdue any more (email)"] == subjects(mailbox)
        assert "Rasid recovered: no message is overdue any more (email)" == texts(slack)[2]


def test_the_only_way_is_tried_and_said_to_be(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where operators named nothing but the way that failed, it may yet work for them, and the notice says so."""
    with servers(monkeypatch) as (port, mailbox, _):
        operators(folder, EMAIL, port=port)
        with open_rasid(folder) as rasid:
            waiting(rasid, "email")
        look(folder)

    [(_, recipients, content)] = mailbox.taken
    body = message_from_bytes(content, policy=policy.default).get_body(("plain",))
    assert ["oncall@example.org"] == recipients
    assert body is not None
    assert "operators.channels names no other" in body.get_content()


def test_one_way_that_fails_leads_to_the_next(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that refuses the notice itself keeps nobody from hearing it by Slack; it counts as told."""
    with servers(monkeypatch, {"RCPT": "550 no such user"}) as (port, mailbox, slack):
        operators(folder, EMAIL, SLACK, port=port)
        first, second = look(folder, 2 * HOUR), look(folder, 2 * HOUR + 5 * MINUTE)

    assert ["collect"] == [one.key for one in first.standing]
    assert [("email", False), ("slack", True)] == [(one.channel, one.error is None) for one in first.routes]
    assert () == second.routes
    assert [] == mailbox.taken
    assert 1 == len(slack.taken)


def test_nobody_can_be_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said that nobody heard, nothing counts as told, and the next look tries again."""
    monkeypatch.setenv("RASID_OPS", f"http://127.0.0.1:1/{SECRET}")
    operators(folder, EMAIL, SLACK)
    first = look(folder, 2 * HOUR)
    assert first.unheard
    assert SECRET not in repr(first)

    with servers(monkeypatch) as (port, mailbox, slack):
        operators(folder, EMAIL, SLACK, port=port)
        assert not look(folder, 2 * HOUR + 5 * MINUTE).unheard
        assert 1 == len(mailbox.taken) == len(slack.taken)


def test_nobody_is_named(folder: Path) -> None:
    """An alarm without operators still stands, and the watch says what is missing."""
    operators(folder)
    report = look(folder, 2 * HOUR)

    assert ["collect"] == [one.key for one in report.standing]
    assert ["operators.channels in settings.yaml names nobody who could be told"] == list(report.problems)


def test_mail_that_was_given_up_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that refuses every message for good leaves none waiting: it is an alarm all the same."""
    with servers(monkeypatch) as (port, mailbox, slack):
        operators(folder, EMAIL, SLACK, port=port)
        with open_rasid(folder) as rasid:
            waiting(rasid, "email", None)
            row = rasid.store.claim_delivery(NOW - HOUR, NOW)
            assert row is not None
            rasid.store.settle(Attempt(row.id, row.attempt, "failed", "550 sender rejected"), NOW - HOUR)
        assert ["given-up:email"] == [one.key for one in look(folder).standing]

    assert [] == mailbox.taken
    assert "550 sender rejected" in str(slack.taken)


def test_who_gave_up_is_told_by_its_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message of another channel that was given up days ago is not taken for today's, whatever its number."""
    with servers(monkeypatch) as (port, _, _), open_rasid(folder) as rasid:
        operators(folder, EMAIL, SLACK, port=port)
        for kind, ended, why in (
            ("email", NOW - HOUR, "550 no such"),
            ("slack", NOW - 3 * DAY, "no_service"),
        ):
            made = digest(f"of-{kind}", ended - HOUR)
            assert rasid.store.save_digest(made, {}, [Channel(kind, ("reader@example.org",))], ended - HOUR)
            row = rasid.store.claim_delivery(ended, ended + MINUTE, channel=kind)
            assert row is not None
            rasid.store.settle(Attempt(row.id, row.attempt, "failed", why), ended)
        (standing,) = look(folder).standing
    assert ("given-up:email", ("550 no such",)) == (standing.key, standing.said)


def test_a_digest_that_cannot_be_composed_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are composed and sent; the operators hear of it, and when it is over."""
    real = app_digest.compose_window

    def broken(rasid: Rasid, subscription: Subscription, *given: Any) -> Any:
        if subscription.id == "second":
            raise ValueError("the window lies ahead")
        return real(rasid, subscription, *given)

    (folder / "subscriptions.yaml").write_text(TWO_SUBSCRIPTIONS, encoding="utf-8")
    with servers(monkeypatch) as (port, _, slack):
        operators(folder, SLACK, port=port)
        with monkeypatch.context() as patch, open_rasid(folder) as rasid:
            patch.setattr(app_digest, "compose_window", broken)
            stored(rasid.store, article(published=NOW - HOUR, first_seen=NOW - HOUR), mention())
            report = run_digest(rasid, clock=lambda: NOW)
        assert (2, 1) == (len(report.composed), len(report.broken))
        assert report.broken[0].startswith("second: a fault of Rasid's own")
        assert 2 == len(report.sent)
        assert ["digest"] == [one.key for one in look(folder).standing]
        with open_rasid(folder) as rasid:
            assert 1 == len(run_digest(rasid, clock=lambda: NOW + MINUTE).composed)
        assert () == look(folder, 2 * MINUTE).standing
    assert "the window lies ahead" in str(slack.taken[0])
    assert "composed in time again" in texts(slack)[1]


def test_digests_that_no_run_composes_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Collects end and nobody composes: an hour after its time the digest is named."""
    (folder / "subscriptions.yaml").write_text(TWO_SUBSCRIPTIONS, encoding="utf-8")
    with servers(monkeypatch) as (port, _, _):
        operators(folder, SLACK, port=port)
        with open_rasid(folder) as rasid:
            stored(rasid.store, article(published=NOW - HOUR, first_seen=NOW - HOUR), mention())
            run_digest(rasid, clock=lambda: NOW)
        for after, expected in ((HOUR, []), (18 * HOUR, []), (26 * HOUR, ["digest"])):
            collected(folder, NOW + after)
            assert expected == [one.key for one in look(folder, after).standing]


# ── with what is left ────────────────────────────────────────────────────────────────────────────


def test_the_database_is_away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told once though the database can remember nothing, silent about what it cannot see, and over once it is back."""
    database = folder.parent / "rasid.sqlite"
    with servers(monkeypatch) as (port, mailbox, _):
        operators(folder, EMAIL, port=port)
        with open_rasid(folder) as rasid:
            waiting(rasid, "slack")
        look(folder)
        kept = shutil.copy(database, folder.parent / "kept")
        database.write_bytes(b"this is no database" * 100)
        for after in (5, 10, 15):
            assert ["database"] == [one.key for one in look(folder, after * MINUTE).standing]
        shutil.copy(kept, database)
        for after in (20, 25):
            assert ["delivery:slack"] == [one.key for one in look(folder, after * MINUTE).standing]

    assert [
        "Rasid alarm: messages that are due do not go out by Slack (webhook): 1",
        "Rasid alarm: the database cannot be opened",
        "Rasid recovered: the database can be opened again",
    ] == subjects(mailbox)


def test_a_database_that_vanished(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is gone is an alarm, though a Rasid that was never run has none either."""
    with servers(monkeypatch) as (port, _, slack):
        operators(folder, SLACK, port=port)
        look(folder)
        (folder.parent / "rasid.sqlite").unlink()
        report = look(folder, 2 * HOUR)

    assert ["database"] == [one.key for one in report.standing]
    assert 1 == len(slack.taken)
    assert not (folder.parent / "rasid.sqlite").exists()


def test_a_rasid_that_was_just_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is late before its time: only an hour after the first look is a collect missed that never was."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = watch(tmp_path, "https://sahifa.example/feed").folder
    with servers(monkeypatch) as (port, _, slack):
        operators(folder, SLACK, port=port)
        assert () == look(folder).standing
        with open_rasid(folder):
            pass
        assert () == look(folder, 59 * MINUTE).standing
        assert ["collect"] == [one.key for one in look(folder, 61 * MINUTE).standing]

    assert "no collect has ever ended" in texts(slack)[0]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("feeds.yaml", "feeds:", "feedz:"),  # another file
        ("settings.yaml", "language: en", "language: fr"),  # the very section that tells
        ("settings.yaml", "http:", "htpp:"),
        ("settings.yaml", "operators:", "operators: ["),  # no YAML at all: those that were good last serve
    ],
)
def test_the_config_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str
) -> None:
    """The operators hear of the file and line by what can still be read, once, and when it is mended."""
    with servers(monkeypatch) as (port, mailbox, _):
        operators(folder, EMAIL, port=port)
        look(folder)
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        for after in (5, 10):
            assert ["config"] == [one.key for one in look(folder, after * MINUTE).standing]
        (folder / file).write_text(text, encoding="utf-8")
        assert () == look(folder, 15 * MINUTE).standing

    assert ["Rasid alarm", "Rasid recovered"] == [one.partition(":")[0] for one in subjects(mailbox)]
    told = message_from_bytes(mailbox.taken[0][2], policy=policy.default).get_body(("plain",))
    assert told is not None
    assert f"{file}:" in told.get_content().replace("\n", "")


# ── what is remembered ───────────────────────────────────────────────────────────────────────────


def test_looking_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run says what it would tell, tells nobody, and the next look tells it all."""
    with servers(monkeypatch) as (port, _, slack):
        operators(folder, SLACK, port=port)
        report = alarm(folder, lambda: NOW + 2 * HOUR, dry_run=True)
        assert ["collect"] == [one.key for one in report.telling.new]
        assert [] == slack.taken
        look(folder, 2 * HOUR)
        assert 1 == len(slack.taken)


def test_two_watchers_of_one_machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is telling, another looks and stays silent: cron and `rasid serve` may both watch."""
    with servers(monkeypatch) as (port, _, slack):
        operators(folder, SLACK, port=port)
        look(folder)
        [lock] = (folder.parent / "state").rglob("*.lock")
        held = os.open(lock, os.O_RDWR)
        fcntl.flock(held, fcntl.LOCK_EX)
        report = look(folder, 2 * HOUR)
        assert [] == slack.taken
        assert ["collect"] == [one.key for one in report.standing]
        os.close(held)
        look(folder, 2 * HOUR)
        assert 1 == len(slack.taken)


def test_two_machines_tell_it_once(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What one machine told, and what it called over, another that shares the database does not tell again."""
    with servers(monkeypatch) as (port, _, slack):
        operators(folder, SLACK, port=port)
        looks = [("a", 2 * HOUR), ("b", 2 * HOUR), ("a", 3 * HOUR), ("b", 3 * HOUR), ("a", 3 * HOUR)]
        for number, (machine, after) in enumerate(looks):
            if number == 2:
                collected(folder, NOW + 3 * HOUR)
            monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / machine))
            look(folder, after)

    assert ["Rasid alarm", "Rasid recovered"] == [one.partition(":")[0] for one in texts(slack)]


def test_what_is_remembered_is_private(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file holds settings, which may hold a database's password: nobody else may read it."""
    with servers(monkeypatch) as (port, _, _slack):
        operators(folder, SLACK, port=port)
        look(folder, 2 * HOUR)
    [file] = (folder.parent / "state").rglob("*.json")

    assert 0o600 == file.stat().st_mode & 0o777
    assert 0o700 == file.parent.stat().st_mode & 0o777
    assert SECRET not in file.read_text(encoding="utf-8")


def test_a_memory_that_is_broken_is_as_good_as_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a file, after a full disk, stops no alarm."""
    with servers(monkeypatch) as (port, _, slack):
        operators(folder, SLACK, port=port)
        look(folder)
        [file] = (folder.parent / "state").rglob("*.json")
        file.write_text('{"told": {"collect', encoding="utf-8")
        look(folder, 2 * HOUR)

    assert 1 == len(slack.taken)


def test_arabic_operators(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notice is in their language, right to left, its errors and commands from left to right."""
    with servers(monkeypatch) as (port, mailbox, _):
        operators(folder, EMAIL, port=port, language="ar")
        with open_rasid(folder) as rasid:
            waiting(rasid, "slack", "<!channel> no_service & <b>gone</b>")
        look(folder)

    mail = message_from_bytes(mailbox.taken[0][2], policy=policy.default)
    page = mail.get_body(("html",))
    assert mail["Subject"].startswith("إنذار من راصد: رسائل حان موعدها ولا تخرج عبر سلاك")
    assert page is not None
    assert '<html lang="ar" dir="rtl">' in page.get_content()
    assert "&lt;b&gt;gone&lt;/b&gt;" in page.get_content()
    assert "<b>" not in page.get_content()


def test_a_flood_of_errors_fits_into_slack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty long problems and every channel stuck still make one message that Slack takes."""
    problems = "\n".join(f"  key_{number:03}: {'x' * 400}" for number in range(50))
    with servers(monkeypatch) as (port, _, slack):
        operators(folder, SLACK, port=port)
        with open_rasid(folder) as rasid:
            for kind in ("email", "slack_bot", "apprise", "file"):
                waiting(rasid, kind, "e" * 5000)
        path = folder / "feeds.yaml"
        path.write_text(f"{path.read_text(encoding='utf-8')}extra:\n{problems}\n", encoding="utf-8")
        report = look(folder, 2 * HOUR)

    assert [None] == [route.error for route in report.routes]
    assert 1 == len(slack.taken)


def test_a_bot_tells_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot's token and a channel do as well as a webhook; what the error says notifies nobody else."""
    with servers(monkeypatch) as (_port, _, slack):
        monkeypatch.setenv("RASID_BOT", TOKEN)
        path = folder / "settings.yaml"
        path.write_text(
            f"{path.read_text(encoding='utf-8')}slack: {{api: '{slack.api}'}}\n", encoding="utf-8"
        )
        with path.open("a", encoding="utf-8") as file:
            file.write(
                f"operators: {{channels: [{{slack_bot: {{token: RASID_BOT, channel: {CHANNEL}}}}}]}}\n"
            )
        with open_rasid(folder) as rasid:
            waiting(rasid, "email", "<!channel> <@U1> & more")
        report = look(folder)

    assert [None] == [route.error for route in report.routes]
    assert "do not go out by email" in texts(slack)[0]
    assert [] == slack.pings
    assert TOKEN not in repr(report)


def test_an_apprise_channel_tells_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain text through apprise, here to a webhook of one's own; the address is in no report."""
    pytest.importorskip("apprise")
    with fake_slack() as other:
        monkeypatch.setenv("RASID_OPS", f"json://127.0.0.1:{other.server_address[1]}/{SECRET}")
        operators(folder, "apprise: RASID_OPS")
        report = look(folder, 2 * HOUR)

    [route] = report.routes
    assert ("apprise", "RASID_OPS") == (route.channel, route.recipient)
    assert SECRET not in repr(report)
