"""Worker processes: what bites dies alone, and none outlives its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rasid.errors import ExtractError, FeedParseError
from rasid.types import Feed, OutletRules
from sources.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from rasid.types import Extracted

URL = "https://press.example/news/1"
SENTENCE = "كشفت شركة إنفيديا اليوم عن رقاقة جديدة لمراكز البيانات، وقالت إن أولى الشحنات ستصل قبل الصيف. "
FEED = Feed("press", "مرصد", "https://press.example/feed")
GOOD = f"<html><body><article><p>{SENTENCE * 3}</p></article></body></html>".encode()
# 100,000 elements within paragraphs: more than 8 s of trafilatura.
SLOW = (
    f"<html><body><article>{('<p>' + '<span>x</span>' * 50 + '</p>') * 2500}</article></body></html>".encode()
)
ROOT = Path(__file__).parents[2]


async def outcome(work: Coroutine[None, None, Extracted]) -> str:
    """The first word of the text, or the reason of the failure."""
    try:
        return (await work).text.split()[0]
    except ExtractError as error:
        return error.reason


def outcomes(workers: Workers, *pages: bytes) -> list[str]:
    """What these pages gave, read at once."""

    async def scenario() -> list[str]:
        return await asyncio.gather(*(outcome(workers.extract(page, URL)) for page in pages))

    return asyncio.run(scenario())


def test_results_and_errors_come_back() -> None:
    """A feed, an article and both kinds of refusal cross the process border; the CPU is counted."""
    rss = f"<rss version='2.0'><channel><item><title>{SENTENCE}</title><link>{URL}</link></item></channel></rss>"

    async def scenario() -> None:
        parsed = await workers.parse_feed(rss.encode(), "text/xml", URL, FEED)
        assert (parsed.entries[0].url, parsed.format) == (URL, "rss20")
        assert (await workers.extract(GOOD, URL)).text.startswith("كشفت")
        with pytest.raises(FeedParseError, match="HTML page"):
            await workers.parse_feed(GOOD, "text/html", URL, FEED)
        with pytest.raises(ExtractError, match="empty"):
            await workers.extract(b"", URL)

    with Workers() as workers:
        asyncio.run(scenario())
    assert 0.05 < workers.cpu_seconds < 30


def test_section_pages_rules_and_discovery_reach_the_worker() -> None:
    """The feed's kind chooses its reader; the outlet's rules and the page's header go along."""
    section = (
        f"<html><body><div id='list'><a href='/news/10234-cable'>{SENTENCE}</a></div></body></html>".encode()
    )
    home = b"<html><head><link rel='alternate' type='application/rss+xml' href='/rss'></head><body></body></html>"
    body = f"<html><body><b>{SENTENCE * 3}</b><div id='a'>{SENTENCE * 3}</div></body></html>".encode("utf-16")

    async def scenario() -> None:
        page = replace(FEED, kind="page", links="#list a")
        parsed = await workers.parse_feed(section, "text/html", "https://press.example/tech", page)
        assert ["https://press.example/news/10234-cable"] == [entry.url for entry in parsed.entries]
        [link] = await workers.find_feeds(home, "text/html", "https://press.example/")
        assert link.url == "https://press.example/rss"
        article = await workers.extract(body, URL, "text/html; charset=utf-16", OutletRules(article="#a"))
        assert article.text == (SENTENCE * 3).strip()

    with Workers() as workers:
        asyncio.run(scenario())


def test_nothing_starts_before_it_is_needed() -> None:
    """A run without pages pays for no process."""
    began = time.perf_counter()
    with Workers() as workers:
        pass
    assert (0.0, True) == (workers.cpu_seconds, time.perf_counter() - began < 0.1)


def test_slow_page_is_killed_for_cpu_and_the_others_go_on() -> None:
    """The kernel ends the task, and neighbours on the same two processes get their turn."""
    with Workers(cpu=1, wall=20) as workers:
        found = outcomes(workers, SLOW, GOOD, GOOD, SLOW, GOOD)
        spent = workers.cpu_seconds
    reason = "reading it took more than 1 s of CPU; stopped"
    assert [reason, "كشفت", "كشفت", reason, "كشفت"] == found
    assert spent >= 2


def test_slow_page_is_killed_for_wall_time() -> None:
    """Where CPU is not what it costs, the clock ends the task."""
    with Workers(cpu=60, wall=1) as workers:
        found = outcomes(workers, SLOW, GOOD)
    assert ["reading it took more than 1 s; stopped", "كشفت"] == found


def test_page_that_eats_memory_fails_alone() -> None:
    """The limit turns a swollen page into its own failure."""
    page = b"<html><body>" + b"<p><b>x</b></p>" * 600_000
    with Workers(memory=150_000_000) as workers:
        found = outcomes(workers, page, GOOD)
    assert (True, "كشفت") == ("cannot be read" in found[0] or "died" in found[0], found[1])


def worker_pids(parent: int) -> set[int]:
    """All processes below `parent`, as the kernel lists them."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if fields[0] != "Z":
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, queue = set(), [parent]
    while queue:
        below = children.get(queue.pop(), [])
        found.update(below)
        queue += below
    return found


def fork_server() -> int:
    """The fork server of this test process; other children (databases, servers of other tests) are none of ours."""
    below = worker_pids(os.getpid())
    return next(
        pid for pid in below if b"forkserver import main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed through /proc")
def test_dead_idle_workers_are_replaced() -> None:
    """Workers killed from outside between tasks cost no page."""
    with Workers() as workers:
        assert ["كشفت"] == outcomes(workers, GOOD)
        for pid in worker_pids(fork_server()):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.5)
        assert ["كشفت", "كشفت"] == outcomes(workers, GOOD, GOOD)


SCRIPT = """
import asyncio, sys
from sources.workers import Workers

async def main():
    with Workers(cpu=60, wall=60) as workers:
        busy = asyncio.create_task(workers.extract(sys.stdin.buffer.read(), "https://press.example/"))
        await asyncio.sleep(1.5)
        print("ready", flush=True)
        await busy

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed through /proc")
def test_no_worker_outlives_a_killed_parent(tmp_path: Path) -> None:
    """After SIGKILL of the main process its workers are gone, the busy one too."""
    script = tmp_path / "main.py"
    script.write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, str(script)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as main:
        assert main.stdin is not None
        assert main.stdout is not None
        main.stdin.write(SLOW * 4)
        main.stdin.close()
        assert main.stdout.readline() == b"ready\n"
        below = worker_pids(main.pid)
        main.kill()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and any(Path(f"/proc/{pid}").exists() for pid in below):
        time.sleep(0.1)
    assert len(below) >= 3
    assert [] == [pid for pid in below if Path(f"/proc/{pid}").exists()]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed through /proc")
def test_interrupt_reaches_no_worker() -> None:
    """Ctrl-C at a terminal goes to the whole group; the main process decides what becomes of the work."""
    with Workers() as workers:
        assert ["كشفت"] == outcomes(workers, GOOD)
        for pid in worker_pids(fork_server()):
            os.kill(pid, signal.SIGINT)
        assert ["كشفت"] == outcomes(workers, GOOD)
