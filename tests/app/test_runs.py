"""Runs one after another, and runs that die: nothing is lost, nothing is told twice."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from rasid.types import CollectReport


pytestmark = pytest.mark.xdist_group("press")


def counts(database: Path) -> dict[str, int]:
    """Rows per table that must not grow when nothing new is there."""
    with closing(sqlite3.connect(database)) as db:
        return {
            table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - fixed names
            for table in ("articles", "mentions", "stories", "digests", "deliveries", "entries")
        }


def test_a_second_run_finds_nothing_new_and_sends_nothing(press) -> None:
    """The same press, the same database: no article, no digest, no delivery more."""
    press.collect()
    first = press.digest()
    before = counts(press.database)
    again, second = press.collect(), press.digest()
    assert 1 == len(first.sent)
    assert (0, 0, 0) == (again.stored, again.fetched, sum(feed.new for feed in again.feeds))
    assert "unchanged" in {feed.result for feed in again.feeds}
    assert ((), (), ()) == (second.composed, second.sent, second.files)
    assert before == counts(press.database)


def test_what_a_feed_publishes_later_is_found_by_the_next_run(press) -> None:
    """A page whose site answered 503 is put back and read once the site is well."""
    press.server.fail("/madar/2", 503)
    first = press.collect()
    failed = [failure for failure in first.failures if "/madar/" in failure.url]
    assert failed
    assert not any(failure.final for failure in failed)
    press.server.heal()
    assert 0 == press.collect().stored  # not at once: a site that is unwell is left alone
    second = press.collect(later=timedelta(minutes=11))
    assert len(failed) == second.stored
    assert 0 == second.pending


def run_command(folder: Path) -> list[str]:
    """`rasid run` as a shell would start it."""
    return [sys.executable, "-m", "rasid.cli", "--config", str(folder), "run", "--all"]


def test_a_run_killed_at_any_moment_is_completed_by_the_next(press) -> None:
    """SIGKILL at moments spread over a run; at the end every article is there once and the digest went once."""
    press.edit("settings.yaml", "http:", "collect: {lease: 1}\ndelivery: {lease: 1}\nhttp:")
    rng = random.Random(7)  # noqa: S311
    for moment in sorted(rng.uniform(0.5, 6.0) for _ in range(5)):
        run = subprocess.Popen(
            run_command(press.folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(moment)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    time.sleep(1.2)  # the leases of the killed lapse
    report: CollectReport = press.collect()
    press.digest()
    assert 0 == report.pending
    with closing(sqlite3.connect(press.database)) as db:
        urls = db.execute("SELECT count(*), count(DISTINCT url) FROM articles").fetchone()
        told = db.execute("SELECT count(*), count(DISTINCT article_id) FROM digest_articles").fetchone()
        states = db.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall()
        windows = db.execute("SELECT count(*) FROM digests").fetchone()[0]
        orphans = db.execute("SELECT count(*) FROM entries WHERE state = 'pending'").fetchone()[0]
    assert urls[0] == urls[1] == len(press.server.press.articles)
    assert told[0] == told[1]
    assert [("sent", windows)] == states
    assert 0 == orphans
    assert windows == len(list((press.out / "digests").glob("*.html")))


def test_without_a_network_every_feed_is_named_and_nothing_is_lost(press) -> None:
    """All feeds fail, each with its reason; the exit code is 1 and the message says what to do."""
    press.server.close()
    done = subprocess.run(run_command(press.folder), capture_output=True, text=True, timeout=120, check=False)
    assert 1 == done.returncode, done.stderr
    for feed in ("naba", "rafid", "madar", "bawsala", "shabaka", "midan", "ufuq", "wakala", "suq", "sarab"):
        assert f"feed failed: {feed}: " in done.stdout
    assert "rasid doctor" in done.stderr
    assert "Traceback" not in done.stderr
