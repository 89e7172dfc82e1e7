"""Leases of the dead lapse at once where nobody else is at work, and hold where somebody is."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from storage import open_store
from tests.storage.builders import HOUR, NOW, entry, queued

if TYPE_CHECKING:
    from storage import Store

HOLDER = """
import sys
from storage import open_store
with open_store(sys.argv[1]) as store, store.present():
    print("here", flush=True)
    sys.stdin.read()
"""


def hold_everything(store: Store) -> None:
    """A feed and a page are leased, for an hour."""
    queued(store, entry())
    store.claim_due_feeds(["tech"], NOW, NOW + HOUR)
    store.claim_entries(NOW, NOW + HOUR, 5)
    assert store.collecting(NOW)


def test_alone_the_leases_of_the_dead_lapse(store: Store) -> None:
    """Nobody else is there, so nobody can still be working on what is leased."""
    hold_everything(store)
    with store.present():
        assert not store.collecting(NOW)
        (again,) = store.claim_entries(NOW, NOW + HOUR, 5)
    assert 0 == again.attempts


def test_a_mark_within_a_mark_releases_nothing(store: Store) -> None:
    """A use-case inside another one of the same process is not alone."""
    with store.present():
        hold_everything(store)
        with store.present():
            assert store.collecting(NOW)
        assert store.collecting(NOW)


def test_the_living_keep_their_leases_and_the_killed_lose_them(store: Store, database_url: str) -> None:
    """Another process holds the mark until it is killed; the operating system tells the next run."""
    command = [sys.executable, "-c", HOLDER, database_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert b"here\n" == other.stdout.readline()
        hold_everything(store)
        with store.present():
            assert store.collecting(NOW)
        other.kill()
        other.wait()
    with open_store(database_url) as later, later.present():
        assert not later.collecting(NOW)
