"""What is left after the power went, and after a restore (86): copies taken in the middle of sending, and torn ones."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rasid.app.maintain import maintain
from storage import open_store
from tests.alerts.servers import smtp_server
from tests.hostile.hostile_post import LATER, LONG_AGO, mail, office
from tests.storage.builders import HOUR, NOW, digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from tests.alerts.servers import Mailbox
    from tests.hostile.hostile_post import Office

ROOT = Path(__file__).resolve().parents[2]
READERS = [f"reader{number}" for number in range(60)]
SLOWLY = {"END": "dribble 0.002 250 taken as 42"}


class AtWork(NamedTuple):
    """`rasid run` in a process of its own, sending one digest to all readers."""

    post: Office
    mailbox: Mailbox
    process: subprocess.Popen[bytes]


@contextmanager
def at_work(folder: Path, url: str, patch: pytest.MonkeyPatch) -> Iterator[AtWork]:
    """It is killed at the end, if it is not done by then."""
    program = "from rasid.cli import main; main()"
    with smtp_server(SLOWLY) as (relay, mailbox):
        post = office(folder, url, patch, smtp=relay)
        post.freeze(mail(*READERS), now=LONG_AGO)
        command = [sys.executable, "-c", program, "--config", str(post.folder), "run", "--no-stages"]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
            try:
                yield AtWork(post, mailbox, process)
            finally:
                process.kill()


@contextmanager
def stopped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Hold a process where it is, between any two instructions."""
    os.kill(process.pid, signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)
    time.sleep(0.05)  # what is on its way to the server arrives
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def wait_for(mailbox: Mailbox, number: int) -> None:
    """Until so many messages were taken."""
    until = time.monotonic() + 60
    while len(mailbox.taken) < number:
        assert time.monotonic() < until
        time.sleep(0.001)


def taken(mailbox: Mailbox) -> list[str]:
    """The Message-IDs of what came, in order."""
    return [message_from_bytes(content)["Message-ID"] for _, _, content in mailbox.taken]


def sound(database: Path) -> dict[str, str]:
    """Assert that SQLite finds nothing wrong with a copy, down to its indexes and keys; its states by Message-ID."""
    with closing(sqlite3.connect(database)) as connection:
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
        assert [] == connection.execute("PRAGMA foreign_key_check").fetchall()
    with open_store(f"sqlite:///{database}") as store:
        assert [] == store.check()
        return {row.message_id: row.state for row in store.deliveries()}


def in_state(states: dict[str, str], *wanted: str) -> set[str]:
    """The messages in one of these states."""
    return {message_id for message_id, state in states.items() if state in wanted}


def test_086_a_copy_of_database_and_log_taken_while_sending(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the power would leave them: sound, whatever came is at least `sending`, `sent` is only what came.

    Sent on from the last copy, all of it arrives; the one that stood in `sending` may come twice, marked.
    """
    copies: list[tuple[dict[str, str], list[str]]] = []
    with at_work(tmp_path, sqlite_url, monkeypatch) as (_, mailbox, process):
        for number in (1, 9, 20, 31, 44):
            wait_for(mailbox, number)
            copy = tmp_path / f"copy{number}.db"
            with stopped(process):
                for end in ("", "-wal"):
                    shutil.copy(f"{tmp_path}/rasid.db{end}", f"{copy}{end}")
                came = taken(mailbox)
            copies.append((sound(copy), came))
    for states, came in copies:
        assert set(came) <= in_state(states, "sent", "sending")
        assert in_state(states, "sent") <= set(came)
        assert 1 >= len(in_state(states, "sending"))
    states, came = copies[-1]
    with smtp_server() as (relay, mailbox):
        again = office(tmp_path, f"sqlite:///{copy}", monkeypatch, smtp=relay)
        with again.opened() as rasid, rasid.store.present():
            pass  # the sender of the copy is dead: its leases lapse with the first that comes
        again.deliver(LATER)
        assert {"sent"} == set(again.states().values())
        marks = {message_from_bytes(content)["X-Rasid-Repeat"] for _, _, content in mailbox.taken}
        assert in_state(states, "new", "sending") == set(taken(mailbox))
        assert len(set(taken(mailbox))) == len(mailbox.taken)
    assert len(READERS) == len(set(came) | set(taken(mailbox)))
    assert {None, "possible"} >= marks


def test_086_a_log_that_is_torn_anywhere(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut at any byte, or overwritten from there on: whole transactions are left, `sent` is only what came."""
    with at_work(tmp_path, sqlite_url, monkeypatch) as (_, mailbox, process):
        wait_for(mailbox, 30)
        with stopped(process):
            database = (tmp_path / "rasid.db").read_bytes()
            log = (tmp_path / "rasid.db-wal").read_bytes()
            came = taken(mailbox)
    chance = random.Random(86)  # noqa: S311 - places, no secrets
    found = []
    for number in range(25):
        place = tmp_path / f"torn{number}.db"
        cut = chance.randrange(len(log))
        tail = b"" if number % 2 else chance.randbytes(len(log) - cut)
        place.write_bytes(database)
        Path(f"{place}-wal").write_bytes(log[:cut] + tail)
        states = sound(place)
        found.append(len(in_state(states, "sent")))
        assert in_state(states, "sent") <= set(came)
        assert len(READERS) == len(states)
    assert 5 < len(set(found))  # the cuts fell into different transactions


def test_086_the_database_without_its_log(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sound, and older: nothing in it says sent that did not come."""
    with at_work(tmp_path, sqlite_url, monkeypatch) as (_, mailbox, process):
        wait_for(mailbox, 30)
        with stopped(process):
            shutil.copy(tmp_path / "rasid.db", tmp_path / "alone.db")
            came = taken(mailbox)
    states = sound(tmp_path / "alone.db")
    assert in_state(states, "sent") <= set(came)
    assert len(READERS) == len(states)


def test_086_a_backup_taken_while_sending(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nightly backup is one moment of the outbox, though it is written while senders write."""
    with at_work(tmp_path, sqlite_url, monkeypatch) as (post, mailbox, process), post.opened() as rasid:
        for number in (5, 20, 35):
            wait_for(mailbox, number)
            before = taken(mailbox)
            rasid.store.backup(tmp_path / f"backup{number}.db")
            states, after = sound(tmp_path / f"backup{number}.db"), taken(mailbox)
            assert set(before) <= in_state(states, "sent", "sending")
            assert in_state(states, "sent") <= set(after)
        assert 0 == process.wait(60)
    assert len(READERS) == len(mailbox.taken)


def test_086_a_restore_repeats_what_went_after_the_backup(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The drill: stop, put the night's backup in the database's place, go on.

    What had gone before the backup is not sent again. What went after it is: the backup cannot know of it, so it is
    not marked, but it has the same Message-ID, also where its digest is frozen anew.
    """
    monday, tuesday = digest(window_end=NOW - 24 * HOUR), digest(window_end=NOW)
    with smtp_server() as (relay, mailbox):
        post = office(tmp_path, sqlite_url, monkeypatch, smtp=relay)
        post.freeze(mail("sara"), one=monday)
        assert 1 == len(post.deliver().sent)
        post.freeze(mail("omar", "lama"), one=digest("traders", NOW - HOUR))
        with post.opened() as rasid:
            saved = maintain(rasid, clock=lambda: NOW, backups=tmp_path / "backups").backup
        post.freeze(mail("sara"), one=tuesday)
        assert 3 == len(post.deliver().sent)
        before = taken(mailbox)

        assert saved is not None
        shutil.copy(saved, tmp_path / "rasid.db")
        for end in ("-wal", "-shm"):
            Path(f"{tmp_path}/rasid.db{end}").unlink(missing_ok=True)
        assert {
            "sara@mail.example": "sent",
            "omar@mail.example": "new",
            "lama@mail.example": "new",
        } == post.states()
        post.freeze(mail("sara"), one=tuesday)  # its window is open again
        assert 3 == len(post.deliver().sent)
        assert () == post.deliver(LATER).sent
        again = taken(mailbox)[len(before) :]
    assert set(before[1:]) == set(again)
    assert {None} == {message_from_bytes(content)["X-Rasid-Repeat"] for _, _, content in mailbox.taken}
