"""What `rasid run` is held against, each as a command of its own that prints its figures as one line of JSON.

collect.py starts it with the peer's name, a file that holds the plan, and a number of processes or of requests at once.
What a peer keeps for its next run lies beside that file.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import pickle
import resource
import sys
import time
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collect_pages import Plan

CHUNK = 8  # pages handed to a process at once

_held: list[tuple[str, bytes]] = []  # every page of the plan, inherited by the processes of the pool


def trafilatura(plan: Plan, processes: int) -> dict[str, float]:
    """The plan's pages through bare trafilatura with its defaults: pages, wall and CPU of the extracting alone.

    The pages are in the memory of every process before time is taken, the imports are done, and each process has
    read a page; what it finds comes back as text, title, author and date.
    """
    import trafilatura as engine  # before the fork, as the pages
    from collect_pages import pages

    del engine
    for host in range(plan.hosts):
        _held.extend((url, html.encode()) for url, html in pages(plan, host))
    with multiprocessing.get_context("fork").Pool(processes, _first) as pool:
        pool.map(_bare, range(processes * CHUNK), 1)
        begun = time.perf_counter()
        each = list(pool.imap_unordered(_bare, range(len(_held)), CHUNK))
        wall = time.perf_counter() - begun
    cpu = sum(spent for spent, _ in each)
    return {"pages": len(each), "wall": wall, "cpu": cpu, "read": sum(bool(found) for _, found in each)}


def _first() -> None:
    _bare(0)


def _bare(place: int) -> tuple[float, tuple[str | None, ...]]:
    from trafilatura import bare_extraction
    from trafilatura.settings import Document

    begun = time.process_time()
    url, html = _held[place]
    document = bare_extraction(html, url=url, with_metadata=True)
    spent = time.process_time() - begun
    if not isinstance(document, Document):  # nothing found
        return spent, ()
    return spent, (document.text, document.title, document.author, document.date)


def httpx(plan: Plan, concurrency: int, kept: Path) -> dict[str, float]:
    """Every feed once, with the validators that the run before left in a file."""
    validators: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
    before, begun = _cpu(), time.perf_counter()
    unchanged = asyncio.run(_loop(plan.feeds, concurrency, validators))
    figures = {"wall": time.perf_counter() - begun, "cpu": _cpu() - before, "unchanged": unchanged}
    kept.write_text(json.dumps(validators))
    return figures


async def _loop(feeds: list[str], concurrency: int, validators: dict[str, str]) -> int:
    import httpx as engine

    unchanged = 0
    slots = asyncio.Semaphore(concurrency)
    async with engine.AsyncClient(trust_env=False) as client:

        async def one(url: str) -> None:
            nonlocal unchanged
            headers = {"If-None-Match": validators[url]} if url in validators else {}
            async with slots:
                response = await client.get(url, headers=headers)
            unchanged += response.status_code == HTTPStatus.NOT_MODIFIED
            validators[url] = response.headers.get("etag", validators.get(url, ""))

        await asyncio.gather(*(one(url) for url in feeds))
    return unchanged


def reader(plan: Plan, concurrency: int, kept: Path) -> dict[str, float]:
    """The same by the library `reader`, with as many threads and a database of its own."""
    from reader import make_reader

    new = not kept.exists()
    before, begun = _cpu(), time.perf_counter()
    with make_reader(str(kept)) as feeds:
        for url in plan.feeds if new else ():
            feeds.add_feed(url)
        results = list(feeds.update_feeds_iter(workers=concurrency, scheduled=False))
    return {
        "wall": time.perf_counter() - begun,
        "cpu": _cpu() - before,
        "unchanged": sum(result.value is None for result in results),
    }


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the figures of one peer."""
    name, file, count = sys.argv[2:5]
    plan: Plan = pickle.loads(Path(file).read_bytes())  # noqa: S301 - collect.py wrote it a moment ago
    if name == "trafilatura":
        told = trafilatura(plan, int(count))
    elif name == "httpx":
        told = httpx(plan, int(count), Path(file).with_suffix(".json"))
    else:
        told = reader(plan, int(count), Path(file).with_suffix(".sqlite"))
    print(json.dumps(told))
