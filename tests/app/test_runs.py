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
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rasid.app.collect import poll_feeds
from rasid.app.digest import may_wait
from tests.app.app_press import clock

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


def test_two_runs_at_once_count_nothing_twice(
    press, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes on one database share the work: each article once, the digest once."""
    monkeypatch.setenv("RASID_TEST_DATABASE", database_url)
    press.edit("settings.yaml", f"sqlite:///{press.database}", "${RASID_TEST_DATABASE}")
    runs = [
        subprocess.Popen(run_command(press.folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    shown = [run.communicate(timeout=120)[0].decode() for run in runs]
    assert [0, 0] == [run.returncode for run in runs], shown
    press.digest()  # if the last word was "a collect is under way"
    with press.opened() as rasid:
        rows = rasid.store.digests()
        assert len(press.server.press.articles) == rasid.store.corpus_size()
        assert 0 == rasid.store.pending_entries()
    assert [{"sent": 1}] == [dict(row.deliveries) for row in rows]
    assert 1 == len(list((press.out / "digests").glob("*.html")))


def test_a_digest_waits_for_the_collect_that_is_under_way(press) -> None:
    """While a run holds pages, nothing is composed and no window is closed; afterwards one digest tells all."""
    with press.opened() as rasid, rasid.store.present():
        poll_feeds(rasid, clock=clock)
        rasid.store.claim_entries(clock(), clock() + timedelta(minutes=5), 10)
        waiting = press.digest()
    assert (("analysts",), (), ()) == (waiting.waiting, waiting.composed, waiting.empty)
    assert 0 == press.collect(later=timedelta(minutes=6)).pending
    assert 1 == len(press.digest(later=timedelta(minutes=6)).composed)


def test_the_first_digest_is_not_spent_on_an_empty_corpus(press) -> None:
    """On a fresh install a digest run before the first collect closes no window."""
    assert ("analysts",) == press.digest().empty
    press.collect()
    assert 1 == len(press.digest().composed)


@pytest.mark.parametrize(
    ("schedule", "last", "minutes", "expected"),
    [
        ("daily 07:00", None, 600, True),
        ("immediate", None, 600, True),
        ("daily 07:00", "before", 0, True),
        ("daily 07:00", "before", 14, True),
        ("daily 07:00", "before", 15, False),
        ("immediate", "before", 0, False),
    ],
)
def test_a_reader_waits_no_longer_than_fifteen_minutes(
    schedule: str, last: str | None, minutes: int, expected: bool
) -> None:
    """But for the very first digest, which waits until there is something whole to tell; an immediate one never."""
    tick = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
    before = tick - timedelta(days=1) if last else None
    assert expected is may_wait(schedule, before, tick, tick + timedelta(minutes=minutes))
