"""One digest, three channels: a file, a real SMTP server, a strict Slack webhook; on either kind of database."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import TYPE_CHECKING

import pytest

from rasid.app.digest import compose_due
from tests.alerts.servers import smtp_server
from tests.alerts.slack_fake import SECRET, fake_slack
from tests.app.app_press import clock

if TYPE_CHECKING:
    from tests.app.app_press import Press

pytestmark = pytest.mark.xdist_group("press")

HOOK = "RASID_TEST_SLACK_HOOK"
LATER = timedelta(hours=1)  # past any back-off and any lease


def subscribe(press: Press, smtp_port: int) -> None:
    """Add mail and Slack to the subscription, as an operator would."""
    press.edit(
        "subscriptions.yaml",
        "channels:\n",
        f"channels:\n      - email: [sara@mail.example]\n      - slack: {HOOK}\n",
    )
    press.edit(
        "settings.yaml",
        "timezone: Asia/Riyadh\n",
        "timezone: Asia/Riyadh\n"
        f"smtp: {{host: 127.0.0.1, port: {smtp_port}, security: none, sender: rasid@rasid.example, timeout: 5}}\n",
    )


def use_database(press: Press, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the config to another database, by its environment variable."""
    monkeypatch.setenv("RASID_TEST_DATABASE", url)
    press.edit("settings.yaml", f"sqlite:///{press.database}", "${RASID_TEST_DATABASE}")


def channels(lines: tuple[str, ...]) -> list[str]:
    """The channels of a report's lines."""
    return sorted(line.split()[0] for line in lines)


def test_a_digest_goes_out_once_on_every_channel(
    press: Press, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File, mail and Slack each get it; a second run, and a third after a day's sleep, send nothing again."""
    use_database(press, database_url, monkeypatch)
    with smtp_server() as (port, mailbox), fake_slack() as hook:
        monkeypatch.setenv(HOOK, hook.hook)
        subscribe(press, port)
        press.collect()
        first, second = press.digest(), press.digest()
        taken = len(hook.taken)
    assert ["email", "file", "slack"] == channels(first.sent)
    assert ((), (), ()) == (first.failed, first.retrying, second.sent)
    assert 1 <= taken
    ((sender, recipients, content),) = mailbox.taken
    assert ("rasid@rasid.example", ["sara@mail.example"]) == (sender, recipients)
    mail = message_from_bytes(content)
    assert "نشرة الرقائق" in str(make_header(decode_header(mail["Subject"])))
    assert "repeat" not in str(mail).lower()
    assert "<analysts.rasid.example>" in mail["List-Id"]


def test_a_relay_that_is_down_delays_the_mail_and_nothing_else(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other channels go; the mail says why it waits, and goes once when the relay is back."""
    with smtp_server() as (port, _):
        pass  # a port on which nobody listens any more
    with fake_slack() as hook:
        monkeypatch.setenv(HOOK, hook.hook)
        subscribe(press, port)
        press.collect()
        first = press.digest()
        assert ["file", "slack"] == channels(first.sent)
        assert ["email"] == channels(first.retrying)
        assert () == press.digest().sent  # not yet: it backs off
        with smtp_server() as (again, mailbox):
            press.edit("settings.yaml", f"port: {port}", f"port: {again}")
            assert ["email"] == channels(press.digest(later=LATER).sent)
            assert () == press.digest(later=LATER * 2).sent
    assert 1 == len(mailbox.taken)


def test_a_message_whose_sender_died_goes_again_marked_and_under_its_id(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the process its leases lapse, the message is marked as a possible repeat, the Message-ID is the row's."""
    with smtp_server() as (port, mailbox), fake_slack() as hook:
        monkeypatch.setenv(HOOK, hook.hook)
        subscribe(press, port)
        press.collect()
        with press.opened() as rasid, rasid.store.present():
            compose_due(rasid, clock=clock)
            now = clock()
            claimed = []
            while (delivery := rasid.store.claim_delivery(now, now + timedelta(minutes=2))) is not None:
                claimed.append(delivery)
            assert 3 == len(claimed)
            assert () == press.digest().sent  # while it lives, its leases hold
        assert ["email", "file", "slack"] == channels(press.digest().sent)
    ((_, _, content),) = mailbox.taken
    mail = message_from_bytes(content)
    assert {one.message_id for one in claimed if one.channel == "email"} == {mail["Message-ID"]}
    assert "possible" == mail["X-Rasid-Repeat"]


def test_a_missing_secret_is_named_and_never_shown(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its variable Slack waits and says which one to set; with a bad hook the hook's address stays unsaid."""
    monkeypatch.delenv(HOOK, raising=False)
    with smtp_server() as (port, _):
        subscribe(press, port)
        press.collect()
        first = press.digest()
        assert [HOOK in line for line in first.retrying] == [True]
        monkeypatch.setenv(HOOK, f"http://127.0.0.1:9/services/{SECRET}")
        second = press.digest(later=LATER)
    assert ["slack"] == channels(second.retrying + second.failed)
    assert SECRET not in repr(second)
    assert SECRET.encode() not in press.database.read_bytes()
