"""Health for outside monitors and for operators: what is ill, in words; and metrics over a real scrape."""

from __future__ import annotations

import json
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from clitools import rasid
from prometheus_client.parser import text_string_to_metric_families

from rasid.app.context import open_rasid
from rasid.app.digest import failed_feeds
from rasid.app.health import examine, feed_advice, feed_healths
from rasid.app.metrics import serve_metrics
from rasid.cli.files import diagnose
from rasid.health import FeedHealth
from rasid.types import Attempt, Channel, Entry, Feed, FeedState, Reason
from tests.hostile.hostile_press import watch
from tests.storage.builders import digest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from rasid.app.context import Rasid

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
URLS = [f"https://sahifa{number}.example/feed" for number in range(4)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A config folder with four feeds and no database yet."""
    return watch(tmp_path, *URLS).folder


@contextmanager
def opened(folder: Path, *, collected: timedelta | None = 5 * MINUTE) -> Iterator[Rasid]:
    """Its database, made now, its last collect so long ago."""
    with open_rasid(folder) as rasid:
        rasid.store.sync_feeds(rasid.config.feeds, NOW)
        if collected is not None:
            rasid.store.record_run("collect", NOW - collected - MINUTE, NOW - collected, {})
        yield rasid


def polled(rasid: Rasid, feed_id: str, *found: Entry, now: datetime = NOW, **values: object) -> None:
    """Save a poll of a feed."""
    state = FeedState(feed_id, status="ok", last_polled=now, last_success=now, last_new=now)
    rasid.store.save_poll(replace(state, **values), found, now)


def failing(rasid: Rasid, *feed_ids: str) -> None:
    """Polls that failed."""
    for feed_id in feed_ids:
        polled(
            rasid, feed_id, status="failing", failures=3, last_success=NOW - DAY, error="504 Gateway Timeout"
        )


# ── rasid health ─────────────────────────────────────────────────────────────────────────────────


def test_all_is_well(folder: Path) -> None:
    """A collect ended minutes ago and the feeds answer: nothing is found, and the counts are told."""
    with opened(folder) as rasid:
        for number in range(3):
            polled(rasid, f"feed-{number}")
        polled(rasid, "feed-1", Entry("k", "https://sahifa1.example/1", "خبر"), status="silent")
    found = examine(folder, NOW)

    assert () == found.findings
    assert {"ok": 2, "silent": 1, "new": 1} == found.feeds
    assert (NOW - 5 * MINUTE, 1, False) == (found.last_collect, found.pending, found.ill)


def test_no_database_yet(folder: Path) -> None:
    """Before the first run it is ill, and the question makes no database."""
    found = examine(folder, NOW)

    assert ("no collect has run yet: `rasid run`, or `rasid serve` to keep it running",) == found.findings
    assert not (folder.parent / "rasid.sqlite").exists()


def test_no_collect_for_too_long(folder: Path) -> None:
    """A pipeline that stands still is found by its silence."""
    with opened(folder, collected=60 * MINUTE):
        pass
    assert not examine(folder, NOW).ill
    (finding,) = examine(folder, NOW + MINUTE).findings

    assert finding.startswith(
        "no collect has ended since 2026-03-04 11:00Z, which is more than the 60 minutes"
    )
    assert "rasid serve" in finding


def test_too_many_feeds_fail(folder: Path) -> None:
    """Half of the feeds may fail by default; one more, and the machine's network is the likely cause."""
    with opened(folder) as rasid:
        failing(rasid, "feed-0", "feed-1")
        assert not examine(folder, NOW).ill
        failing(rasid, "feed-2")
    (finding,) = examine(folder, NOW).findings

    assert finding.startswith("3 of 4 feeds cannot be read")
    assert "rasid doctor" in finding


def test_messages_that_do_not_go_out(folder: Path) -> None:
    """A message given up is an illness for a day; one that nobody sends, from an hour on."""
    with opened(folder, collected=timedelta(0)) as rasid:
        mail = Channel("email", ("sara@mail.example", "omar@mail.example"))
        assert rasid.store.save_digest(digest(window_end=NOW - HOUR), {}, [mail], NOW - 59 * MINUTE)
        row = rasid.store.claim_delivery(NOW, NOW + HOUR)
        assert row is not None
        rasid.store.settle(Attempt(row.id, row.attempt, "failed", "550 no such user"), NOW)
    given_up = examine(folder, NOW).findings
    both = examine(folder, NOW + 30 * MINUTE).findings

    assert 1 == len(given_up)
    assert "1 message was given up in the last day: 550 no such user" in given_up[0]
    assert 2 == len(both)
    assert "1 message was due for longer than 60 minutes and not sent" in both[1]


def test_files_that_are_refused(folder: Path) -> None:
    """A config that no run would take is an illness, told with file and line."""
    (folder / "feeds.yaml").write_text("feeds:\n  - {id: one}\n", encoding="utf-8")

    assert all(f"{folder / 'feeds.yaml'}:2:" in finding for finding in examine(folder, NOW).findings)
    assert examine(folder, NOW).ill


def test_a_damaged_database(folder: Path) -> None:
    """What cannot be read is named, with what to do."""
    (folder.parent / "rasid.sqlite").write_bytes(b"no database" * 100)
    (finding,) = examine(folder, NOW).findings

    assert "it is damaged" in finding
    assert "restore" in finding


def test_a_database_of_an_older_version_is_not_migrated(folder: Path) -> None:
    """A question changes nothing: tables that are not there are told, not made."""
    (folder.parent / "rasid.sqlite").touch()
    (finding,) = examine(folder, NOW).findings

    assert "`rasid run` migrates them" in finding


def test_the_command(folder: Path) -> None:
    """`rasid health` as a monitor runs it: one line a finding, JSON, exit codes."""
    now = datetime.now(UTC)  # noqa: TID251 - the command reads the real clock
    with opened(folder, collected=None) as rasid:
        rasid.store.record_run("collect", now, now, {})
        for number in range(4):
            polled(rasid, f"feed-{number}", now=now)
    well = rasid_health(folder)
    assert (0, "") == (well.returncode, well.stdout)
    assert "ok: last collect" in well.stderr

    with open_rasid(folder) as rasid:
        failing(rasid, "feed-0", "feed-1", "feed-2")
    ill = rasid_health(folder, "--json")
    told = json.loads(ill.stdout)
    assert 1 == ill.returncode
    assert {"feeds": {"ok": 1, "failing": 3}, "last_collect": now.isoformat(), "pending": 0} == {
        key: told[key] for key in ("feeds", "last_collect", "pending")
    }
    assert ("ill", ["3 of 4 feeds cannot be read"]) == (
        told["status"],
        [finding.partition(":")[0] for finding in told["findings"]],
    )


def rasid_health(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return rasid("--config", str(folder), "health", *words, cwd=folder.parent)


# ── feeds, in words ──────────────────────────────────────────────────────────────────────────────


def fallen_silent(rasid: Rasid, feed_id: str) -> None:
    """Thirty days of a lively feed, then five of silence."""
    for number in range(35, -1, -1):
        now = NOW - number * DAY
        found = [
            Entry(f"{number}-{one}", f"https://sahifa0.example/{number}/{one}", f"خبر {number} {one}")
            for one in range(12 if number > 5 else 0)
        ]
        polled(rasid, feed_id, *found, now=now, last_new=min(now, NOW - 6 * DAY), status="ok")


def test_the_digest_names_silent_and_failing_feeds(folder: Path) -> None:
    """Each with its reason in the digest's language and its last answer; feeds that are well are left out."""
    with opened(folder) as rasid:
        fallen_silent(rasid, "feed-0")
        failing(rasid, "feed-1")
        polled(rasid, "feed-2")
        healths = feed_healths(rasid.config, rasid.store, NOW)
    arabic, english = failed_feeds(healths, "ar"), failed_feeds(healths, "en")

    assert [
        ("feed-0", "صحيفة 0", "لا جديد منذ 6 أيام، ولا ينقطع عادةً أكثر من يوم واحد", NOW),
        ("feed-1", "صحيفة 1", "504 Gateway Timeout", NOW - DAY),
    ] == [(one.feed_id, one.name, one.error, one.since) for one in arabic]
    assert ["nothing new for 6 days, where it usually pauses for 1 day at most", "504 Gateway Timeout"] == [
        one.error for one in english
    ]


def test_every_feed_that_is_on_is_judged(folder: Path) -> None:
    """In the order of feeds.yaml, those never polled too; what is off is left out."""
    text = (folder / "feeds.yaml").read_text(encoding="utf-8")
    (folder / "feeds.yaml").write_text(text.replace("{id: feed-1,", "{id: feed-1, enabled: false,"), "utf-8")
    with opened(folder) as rasid:
        healths = feed_healths(rasid.config, rasid.store, NOW)

    assert ["feed-0", "feed-2", "feed-3"] == [one.feed_id for one in healths]


WELL = FeedHealth("sahifa", "صحيفة", "ok", 0, None, None, None, None, None)
ADVICE = {
    "well": (FeedState("sahifa", status="ok"), WELL, []),
    "failing": (
        FeedState("sahifa", status="failing", error="504"),
        WELL,
        ["failing: 504; it is tried again"],
    ),
    "blocked": (
        FeedState("sahifa", status="blocked", error="403"),
        WELL,
        ["blocked: 403; its site refuses us"],
    ),
    "gone": (FeedState("sahifa", status="gone", error="410"), WELL, ["gone: 410; it is asked seldom"]),
    "moved": (
        FeedState("sahifa", status="moved", moved_to="https://new.example/feed"),
        WELL,
        ["moved: write `url: https://new.example/feed` in feeds.yaml"],
    ),
    "quiet and thin": (
        FeedState("sahifa", status="silent"),
        replace(
            WELL, quiet=Reason("صامت", "nothing new for 3 days"), thin=Reason("هزيل", "8 words an article")
        ),
        [
            "quiet: nothing new for 3 days; open https://sahifa.example/feed",
            "thin: 8 words an article; `rasid feeds",
        ],
    ),
}


@pytest.mark.parametrize(("state", "health", "says"), ADVICE.values(), ids=ADVICE)
def test_advice(state: FeedState, health: FeedHealth, says: list[str]) -> None:
    """Each thing wrong with a feed is one line that says what to do."""
    advice = feed_advice(Feed("sahifa", "صحيفة", "https://sahifa.example/feed"), state, health)

    assert [f"feed sahifa: {one}" for one in says] == [
        line[: len("feed sahifa: ") + len(one)] for line, one in zip(advice, says, strict=True)
    ]


def test_doctor_names_feeds_with_what_to_do(folder: Path) -> None:
    """`rasid doctor` lists failing and moved feeds, and no feed that is well."""
    with opened(folder) as rasid:
        failing(rasid, "feed-0")
        polled(rasid, "feed-1", status="moved", moved_to="https://new.example/feed", moves=3)
        polled(rasid, "feed-2")
    told = diagnose(folder)
    findings = [finding for finding in told if finding.startswith("feed ")]

    assert [
        "feed feed-0: failing: 504 Gateway Timeout; it is tried again by itself",
        "feed feed-1: moved: write `url: https://new.example/feed` in feeds.yaml, where it has been read for days",
    ] == findings
    assert any(finding.startswith("no collect has ended since 2026-03-04 11:55Z") for finding in told)


# ── metrics ──────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def scraped(folder: Path) -> Iterator[str]:
    """A metrics server of its own; the address to scrape."""
    server = serve_metrics(folder, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()


def scrape(url: str) -> dict[tuple[str, str], float]:
    """Every sample by its name and its one label's value, read as Prometheus reads them."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert 200 == answer.status
        text = answer.read().decode()
    return {
        (sample.name, "".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics(folder: Path) -> None:
    """A scrape over HTTP gives states, times, counts and runs, under Prometheus's own names for units."""
    with opened(folder) as rasid:
        polled(rasid, "feed-0", Entry("a", URLS[0], "خبر"), Entry("b", URLS[1], "آخر"))
        failing(rasid, "feed-1")
        assert rasid.store.save_digest(digest(window_end=NOW - HOUR), {}, [Channel("email", ("a@b.c",))], NOW)
    with scraped(folder) as url:
        found = scrape(url)

    assert 1 == found["rasid_up", ""]
    assert (1, 1, 2, 0) == tuple(found["rasid_feeds", state] for state in ("ok", "failing", "new", "gone"))
    assert NOW.timestamp() == found["rasid_feed_last_success_timestamp_seconds", "feed-0"]
    assert (NOW - DAY).timestamp() == found["rasid_feed_last_success_timestamp_seconds", "feed-1"]
    assert ("rasid_feed_last_success_timestamp_seconds", "feed-2") not in found
    assert (2, 0) == tuple(found["rasid_feed_entries_total", feed] for feed in ("feed-0", "feed-1"))
    assert (0, 0, 2) == (
        found["rasid_articles_total", ""],
        found["rasid_mentions", ""],
        found["rasid_pending_entries", ""],
    )
    assert (1, 0) == tuple(found["rasid_deliveries", state] for state in ("new", "failed"))
    assert (NOW - 5 * MINUTE).timestamp() == found["rasid_last_run_timestamp_seconds", "collect"]


def test_a_scrape_never_fails(folder: Path) -> None:
    """No database, a damaged one, refused files: each answers 200 with rasid_up 0, and heals by itself."""
    database, feeds = folder.parent / "rasid.sqlite", folder / "feeds.yaml"
    only_up = {("rasid_up", ""): 0.0}
    with scraped(folder) as url:
        assert only_up == scrape(url)
        assert not database.exists()
        database.write_bytes(b"no database" * 100)
        assert only_up == scrape(url)
        database.unlink()
        with opened(folder):
            pass
        assert 1 == scrape(url)["rasid_up", ""]
        listed = feeds.read_text(encoding="utf-8")
        feeds.write_text("feeds: 7\n", encoding="utf-8")
        assert only_up == scrape(url)
        feeds.write_text(listed, encoding="utf-8")
        assert 4 == scrape(url)["rasid_feeds", "new"]


def test_a_question_is_quick(folder: Path) -> None:
    """With 400 feeds and eight weeks of days, health is examined in well under half a second."""
    watch(folder.parent, *(f"https://sahifa{number}.example/feed" for number in range(400)))
    with opened(folder) as rasid:
        for number in range(400):
            polled(rasid, f"feed-{number}")
    start = time.perf_counter()
    found = examine(folder, NOW)

    assert not found.ill
    assert time.perf_counter() - start < 2  # measured: 0.15 s; the rest is a loaded machine's
