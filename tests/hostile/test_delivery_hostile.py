"""What happens to messages on their way: real servers, real databases, real processes.

Killed senders (78), answers of every kind (79 to 82), two senders (83), disks and locks in between (84).
"""

from __future__ import annotations

import json
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alerts.email import Mailer, SmtpOptions
from alerts.words import phrase
from rasid.errors import StorageError, TransportError
from rasid.types import Attempt, Channel
from tests.alerts.servers import smtp_server
from tests.alerts.slack_fake import CHANNEL, Answer, fake_slack
from tests.delivery.test_kills import HOOK as POST_HOOK
from tests.delivery.test_kills import MAIL, examined, post_office
from tests.hostile.hostile_post import BOT, HOOK, LATER, LONG_AGO, SECRET, mail, office
from tests.storage.builders import MINUTE, NOW

if TYPE_CHECKING:
    from tests.alerts.servers import Mailbox
    from tests.alerts.slack_fake import FakeSlack
    from tests.hostile.hostile_post import Office

ROOT = Path(__file__).resolve().parents[2]
SLACK = Channel("slack", (HOOK,))
SARA = "sara@mail.example"


def port(server: FakeSlack) -> int:
    """Where a fake Slack listens."""
    return int(server.server_address[1])


def ids(mailbox: Mailbox) -> list[tuple[str, str | None]]:
    """Message-ID and mark of what came, in order."""
    mails = [message_from_bytes(content) for _, _, content in mailbox.taken]
    return [(one["Message-ID"], one["X-Rasid-Repeat"]) for one in mails]


def marked(server: FakeSlack) -> list[bool]:
    """Of each message, whether it says that it may be a repeat."""
    sign = phrase("ar", "repeat")[:20]
    return [sign in json.dumps(one, ensure_ascii=False) for one in server.taken]


# ── 78: killed senders ────────────────────────────────────────────────────────────────────────────


def test_078_killed_senders_lose_nothing(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """30 deliveries, 10 kills: all came, and each double was being sent when a sender died, and is marked.

    tests/delivery does the same with 500 deliveries, at every named point, on both databases.
    """
    with post_office(tmp_path, sqlite_url, monkeypatch) as post:
        post.fill(6, MAIL, Channel("slack", (POST_HOOK,)))
        held = post.kill("--kills", "10", "--seed", "78")
        assert 30 == len(post.deliveries())
        repeats = examined(post, held)
    assert 10 == len(held)
    assert len(repeats) <= 10


# ── 79: the server has the message, and says nothing ──────────────────────────────────────────────


@pytest.mark.parametrize(
    ("script", "state", "came"),
    [
        ({"END": ["taken drop"]}, "unknown", 2),
        ({"END": ["drop"]}, "unknown", 1),
        ({"TEXT": ["drop"]}, "unknown", 1),
        ({"RCPT": ["drop"]}, "new", 1),
        ({"MAIL": ["drop"]}, "new", 1),
    ],
    ids=lambda value: (
        next(iter(f"{k} {v[0]}" for k, v in value.items())) if isinstance(value, dict) else None
    ),
)
def test_079_mail_without_an_answer_is_unknown(
    script: dict[str, list[str]],
    state: str,
    came: int,
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is not failed: it goes again under the same Message-ID, marked; what was cut before its end is no repeat."""
    with smtp_server(script) as (relay, mailbox):
        post = office(tmp_path, sqlite_url, monkeypatch, smtp=relay, timeout=1.5)
        post.freeze(mail("sara"))
        assert 1 == len(post.deliver().retrying)
        assert {SARA: state} == post.states()
        assert () == post.deliver().sent  # not at once
        assert 1 == len(post.deliver(LATER).sent)
        assert {SARA: "sent"} == post.states()
        (row,) = post.rows()
    assert [row.message_id] * came == [message_id for message_id, _ in ids(mailbox)]
    assert ("possible" if state == "unknown" else None) == ids(mailbox)[-1][1]
    assert row.repeat is (state == "unknown")


def test_079_silence_is_waited_for_to_the_deadline_and_is_unknown() -> None:
    """A relay that has the text and says nothing holds the sender for its deadline, and nobody calls that a failure."""
    with smtp_server({"END": ["silence"]}) as (relay, _):
        options = SmtpOptions("127.0.0.1", relay, "none", None, None, "rasid@rasid.example", 0.2, deadline=1)
        begun = time.monotonic()
        with Mailer(options) as mailer, pytest.raises(TransportError) as error:
            mailer.send(SARA, b"Subject: x\r\n\r\ny\r\n")
        assert 1 <= time.monotonic() - begun < 5
    assert (True, False, False) == (error.value.uncertain, error.value.permanent, error.value.whole)


@pytest.mark.parametrize("takes", [True, False])
def test_079_a_webhook_without_an_answer_is_unknown(
    takes: bool, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes again, and its first line says that it may have been there before."""
    with fake_slack(Answer(0, takes=takes)) as server:
        post = office(tmp_path, sqlite_url, monkeypatch, slack=port(server))
        post.freeze(SLACK)
        assert 1 == len(post.deliver().retrying)
        assert {HOOK: "unknown"} == post.states()
        assert 1 == len(post.deliver(LATER).sent)
        assert {HOOK: "sent"} == post.states()
    assert ([False] if takes else []) + [True] == marked(server)


@pytest.mark.parametrize("takes", [True, False])
def test_079_a_bot_asks_before_it_posts_again(
    takes: bool, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the channel's history holds is not posted again, the rest is: each message stands there once."""
    with fake_slack(Answer(0, takes=takes)) as server:
        post = office(tmp_path, sqlite_url, monkeypatch, slack=port(server))
        post.freeze(Channel("slack_bot", (f"{BOT}:{CHANNEL}",)))
        assert 1 == len(post.deliver().retrying)
        assert 1 == len(post.deliver(LATER).sent)
        parts = [one["metadata"]["event_payload"]["part"] for one in server.taken]
    assert 1 < len(parts)
    assert sorted(set(parts)) == sorted(parts)


# ── 80, 81: answers for one recipient, and for one message ────────────────────────────────────────


def test_080_each_recipient_has_a_state_of_its_own(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One 550, one 451, one OK: failed for good with the server's words, tried again, sent; and then once each."""
    script = {
        "RCPT omar@mail.example": "550 5.1.1 no such user",
        "RCPT lama@mail.example": ["451 4.7.1 greylisted"],
    }
    with smtp_server(script) as (relay, mailbox):
        post = office(tmp_path, database_url, monkeypatch, smtp=relay)
        post.freeze(mail("sara", "omar", "lama"))
        first = post.deliver()
        assert (1, 1, 1) == (len(first.sent), len(first.failed), len(first.retrying))
        assert {SARA: "sent", "omar@mail.example": "failed", "lama@mail.example": "new"} == post.states()
        errors = {row.recipient: row.error for row in post.rows()}
        assert "550 5.1.1 no such user" in str(errors["omar@mail.example"])
        assert "451 4.7.1 greylisted" in str(errors["lama@mail.example"])
        assert 1 == len(post.deliver(LATER).sent)
        assert () == post.deliver(2 * LATER).sent
    assert [["sara@mail.example"], ["lama@mail.example"]] == [to for _, to, _ in mailbox.taken]


@pytest.mark.parametrize("step", ["DATA", "END"])
@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("451 4.3.0 try again", "new"),
        ("452 4.2.2 mailbox full", "new"),
        ("450 4.7.1 slow down", "new"),
        ("552 5.3.4 message too big", "failed"),
        ("550 5.7.1 spam", "failed"),
        ("554 5.6.0 no", "failed"),
    ],
)
def test_081_4xx_waits_and_5xx_is_for_good(
    answer: str, state: str, step: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 451 at DATA goes again later and no sooner; a 552 never does, and the next reader's mail goes all the same."""
    with smtp_server({f"{step} {SARA}": [answer]}) as (relay, mailbox):
        post = office(tmp_path, sqlite_url, monkeypatch, smtp=relay)
        post.freeze(mail("sara", "omar"))
        post.deliver()
        assert {SARA: state, "omar@mail.example": "sent"} == post.states()
        (row,) = (row for row in post.rows() if row.recipient == SARA)
        assert answer in str(row.error)
        assert not row.repeat
        post.deliver(LATER)
        assert ("failed" if state == "failed" else "sent") == post.states()[SARA]
    assert (1 if state == "failed" else 2) == len(mailbox.taken)


# ── 82: rate limits ───────────────────────────────────────────────────────────────────────────────


def test_082_retry_after_is_kept_and_others_go(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """429 with 1,800 seconds: nothing is asked there sooner, mail and another webhook go at once, nothing is spent."""
    other = "RASID_TEST_OTHER_HOOK"
    with (
        fake_slack(Answer(429, {"Retry-After": "1800"}, "ratelimited")) as limited,
        fake_slack() as free,
        smtp_server() as (relay, mailbox),
    ):
        post = office(tmp_path, database_url, monkeypatch, smtp=relay, slack=port(limited), attempts=1)
        monkeypatch.setenv(other, f"http://127.0.0.1:{port(free)}/services/{SECRET}")
        post.freeze(Channel("slack", (HOOK, other)), mail("sara"))
        first = post.deliver()
        assert (2, 1, 0) == (len(first.sent), len(first.retrying), len(first.failed))
        (row,) = (row for row in post.rows() if row.recipient == HOOK)
        assert ("new", 0, False) == (row.state, row.attempt, row.repeat)
        assert row.next_try is not None
        assert timedelta(seconds=1800) <= row.next_try - NOW
        assert () == post.deliver(29 * MINUTE).sent
        assert ([], 1, 1) == (limited.taken, len(free.taken), len(mailbox.taken))
        assert 1 == len(post.deliver(row.next_try - NOW).sent)
    assert (1, 1, 1) == (len(limited.taken), len(free.taken), len(mailbox.taken))


@pytest.mark.parametrize("asked", ["99999999999", "Wed, 21 Oct 2099 07:28:00 GMT", "-5", "nan", "1e9", ""])
def test_082_no_answer_puts_a_message_off_for_ever(
    asked: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Retry-After of years, or one that is no number, delays by a day at most."""
    with fake_slack(Answer(429, {"Retry-After": asked}, "ratelimited")) as server:
        post = office(tmp_path, sqlite_url, monkeypatch, slack=port(server))
        post.freeze(SLACK)
        post.deliver()
        (row,) = post.rows()
        assert row.next_try is not None
        assert timedelta() < row.next_try - NOW <= timedelta(days=1)
        assert 1 == len(post.deliver(timedelta(days=1)).sent)


# ── 83: two senders ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("database", ["sqlite_url", "postgres_url"])
def test_083_two_senders_send_each_message_once(
    database: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes at one outbox of 60 messages: every message came, none twice, none marked."""
    with post_office(tmp_path, request.getfixturevalue(database), monkeypatch) as post:
        post.fill(12, MAIL, Channel("slack", (POST_HOOK,)))
        assert [] == post.kill("--senders", "2")
        taken = post.taken()
        assert {1} == {row.attempt for row in post.deliveries()}
    assert 60 == len(taken)
    came = [copy for copies in taken.values() for copy in copies]
    assert not any(copy.marked for copy in came)
    assert all(len(copies) == len({copy.part for copy in copies}) for copies in taken.values())


def test_083_a_slow_sender_cannot_overwrite_who_took_over(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease over, another takes the message: what the slow one says of its attempt then changes nothing."""
    post = office(tmp_path, database_url, monkeypatch)
    post.freeze(mail("sara"))
    with post.opened() as slow, post.opened() as quick:
        first = slow.store.claim_delivery(NOW, NOW + 2 * MINUTE)
        assert first is not None
        late = Attempt(first.id, first.attempt, "failed", "too late")
        assert () == post.deliver(MINUTE).sent  # its lease holds
        assert 1 == quick.store.lapse_deliveries(NOW + 3 * MINUTE)
        second = quick.store.claim_delivery(NOW + 3 * MINUTE, NOW + 5 * MINUTE)
        assert second is not None
        assert (True, first.message_id) == (second.repeat, second.message_id)
        assert not slow.store.renew_delivery(first.id, NOW + 9 * MINUTE, attempt=first.attempt, parts=1)
        assert not slow.store.settle(late, NOW + 4 * MINUTE)
        assert {SARA: "sending"} == post.states()
        assert quick.store.settle(Attempt(second.id, second.attempt, "sent", "250 OK"), NOW + 4 * MINUTE)
        assert not slow.store.settle(late, NOW + 4 * MINUTE)
    assert {SARA: "sent"} == post.states()


# ── 84: the disk, the lock ────────────────────────────────────────────────────────────────────────


def _may_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = ["unshare", "--user", "--map-root-user", "--mount", "true"]
    return 0 == subprocess.run(tried, capture_output=True, check=False).returncode


@pytest.mark.skipif(not _may_mount(), reason="this machine lets nobody mount a disk of their own (unshare)")
@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("full", "disk"),
        ("full on the way", "the disk is full: make room"),
        ("read-only", "may write to"),
    ],
)
def test_084_a_disk_that_is_full_or_read_only(
    how: str, words: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run stops with words; nobody has a message whose row does not say so; with room again all of it goes once.

    One message may be on its way when the disk is full: its server has it, and its row stands in sending. It is the
    one that comes twice, marked, under one id.
    """
    with smtp_server() as (relay, mailbox):
        post = office(tmp_path, sqlite_url, monkeypatch, smtp=relay)
        names = [f"reader{number}" for number in range(60)]
        post.freeze(mail(*names))
        monkeypatch.setenv("RASID_TEST_DATABASE", f"sqlite:///{tmp_path}/disk/rasid.db")
        told = _run(["unshare", "--user", "--map-root-user", "--mount"], str(tmp_path), how)
    assert words in told["told"]
    _once_but_for_one(told, mailbox, len(names))
    states = {"new", "sent"} if how == "full on the way" else {"new"}
    assert states == set(told["first"].values()) - {"sending"}


def _run(wrapped: list[str], *words: str) -> dict[str, object]:
    command = [*wrapped, sys.executable, "-m", "tests.hostile.small_disk", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert 0 == done.returncode, done.stderr
    return dict(json.loads(done.stdout))


def _once_but_for_one(told: dict[str, object], mailbox: Mailbox, messages: int) -> None:
    """Every message came; the one that was on its way may have come twice, and then says so."""
    first, second = told["first"], told["second"]
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert {"sent"} == set(second.values())
    assert messages == len(second)
    came = Counter(message_id for message_id, _ in ids(mailbox))
    twice = [message_id for message_id, times in came.items() if times > 1]
    assert messages == len(came)
    assert len(twice) <= list(first.values()).count("sending") <= 1
    assert {2} >= set(came.values()) - {1}
    for message_id in twice:
        assert [None, "possible"] == [mark for one, mark in ids(mailbox) if one == message_id]
    sent = [name for name, state in first.items() if state == "sent"]
    assert set(sent) <= {to[0] for _, to, _ in mailbox.taken[: len(sent) + 1]}


def test_084_a_disk_that_fails_to_write(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel refuses to write past some length, as it does on a failing disk: the same, through the command."""
    with smtp_server() as (relay, mailbox):
        post = office(tmp_path, sqlite_url, monkeypatch, smtp=relay)
        names = [f"reader{number}" for number in range(60)]
        post.freeze(mail(*names), now=LONG_AGO)
        limit = max((tmp_path / "rasid.db").stat().st_size, 65_536)
        done = _rasid(post, limit)
        first = post.states()
        again = [_rasid(post, resource.RLIM_INFINITY).returncode for _ in range(2)]
        _once_but_for_one({"first": first, "second": post.states()}, mailbox, len(names))
    assert 0 != done.returncode
    assert "the disk" in done.stderr
    assert "Traceback" not in done.stderr
    assert "new" in first.values()
    assert [0, 0] == again


def _rasid(post: Office, limit: int) -> subprocess.CompletedProcess[str]:
    """`rasid run` in a process that may write no file past so many bytes."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    soft = most if limit == resource.RLIM_INFINITY else limit
    program = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({soft}, {most}))"
    return subprocess.run(
        [
            sys.executable,
            "-c",
            f"{program}; from rasid.cli import main; main()",
            "--config",
            str(post.folder),
            "run",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )


def test_084_a_lock_held_for_longer_than_the_patience(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody writes to the database and does not end: nothing goes out, the run says why, then all goes once."""
    with smtp_server() as (relay, mailbox):
        post = office(tmp_path, f"{sqlite_url}?timeout=0.3", monkeypatch, smtp=relay)
        post.freeze(mail("sara", "omar"))
        with closing(sqlite3.connect(tmp_path / "rasid.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageError, match="another process has been writing to it for too long"):
                post.deliver()
            assert [] == mailbox.taken
        assert {"new"} == set(post.states().values())
        assert 2 == len(post.deliver().sent)
    assert [None, None] == [mark for _, mark in ids(mailbox)]


def test_084_a_lock_between_the_message_and_its_row(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay took it and the row cannot say so: no state is made up; it goes again, marked, under the same id."""
    with smtp_server({"END": ["dribble 0.05 250 taken"]}) as (relay, mailbox):
        post = office(tmp_path, f"{sqlite_url}?timeout=0.3", monkeypatch, smtp=relay)
        post.freeze(mail("sara"))
        with closing(
            sqlite3.connect(tmp_path / "rasid.db", isolation_level=None, check_same_thread=False)
        ) as other:
            watcher = threading.Thread(target=_lock_when, args=(other, mailbox))
            watcher.start()
            with pytest.raises(StorageError, match="another process has been writing to it for too long"):
                post.deliver()
            watcher.join()
            other.execute("ROLLBACK")
        assert {SARA: "sending"} == post.states()
        assert 1 == len(post.deliver(LATER).sent)
    assert [(post.rows()[0].message_id, mark) for mark in (None, "possible")] == ids(mailbox)


def _lock_when(other: sqlite3.Connection, mailbox: Mailbox) -> None:
    """Take the database's lock as soon as the server has the message."""
    while not mailbox.taken:
        time.sleep(0.001)
    other.execute("BEGIN IMMEDIATE")
