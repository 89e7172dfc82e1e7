"""What collecting costs, at what size, and how politely it is done: all on this machine, by `rasid run` as it is.

The sites are those of collect_site.py: one process serves hundreds of addresses of 127.0.0.0/8, each a host. `rasid
run` is started as a command; its wall, the CPU of all its processes and their memory together are measured from
outside (collect_run.py), the interpreter's start and the digest at the end included. Parts, each on its own by name:

throughput  200 feeds of 20 new pages: pages a second beside bare trafilatura (its defaults) on the same pages, held
            in memory, with as many processes, its imports not counted. At least .80 of it, in at most 600 MB; the
            stage table of the median run says where the time goes.
unchanged   1,000 feeds that answer 304: a bare httpx loop of as many requests at once (at most 3 times its CPU and
            wall) and the library `reader` (faster), each a command that ends, and keeps its validators on disk.
memory      20,000 pages in one run: the most memory up to the 20,000th page is at most 1.15 times that up to the
            5,000th, and at most 600 MB.
hostile     A slow, an endless, a bombing, a dead and an unreachable host among 200 others, 20 pages each: the run
            takes at most http.deadline longer, and all pages of the others are read.
polite      By the server's log: a host's robots.txt is asked first, and what it forbids is never; no two connections
            at once; after each answer the delay, or the host's Crawl-delay, before the next request.

Runs alternate with their peers', medians count. Exit code 1 where a limit is missed.

python benchmarks/collect.py [throughput unchanged memory hostile polite] [--runs 3] [--feeds 200] [--pages 20000]
                             [--quick]
"""

from __future__ import annotations

import argparse
import json
import pickle
import re
import statistics
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from collect_pages import Plan, path
from collect_run import HERE, Knobs, measured, rasid_run, write_config
from collect_site import served

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from collect_run import Usage
    from collect_site import Request, Site

PROCESSES, CONCURRENCY = 2, 16
SHARE, MEGABYTES = 0.80, 600.0  # of bare trafilatura's throughput; of memory
TIMES = {"httpx": 3.0, "reader": 1.0}  # as much as what each of them needs
GROWTH = 1.15  # of memory from CHECKPOINTS[1] to the last page
CHECKPOINTS = (1_000, 5_000)
DEADLINE = 10.0  # seconds for a whole answer, among hostile hosts
DELAY, CRAWL_DELAY = 0.2, 1.0  # seconds
CLOCKS = 0.005  # seconds by which client and server may differ on when an answer ended
LINGER = 0.05  # seconds in which the server learns that a connection is gone
PEER = "import sys; sys.path.insert(0, sys.argv[1]); from collect_peers import main; main()"
FETCHED = re.compile(r"^pages\s+(\d+) fetched", re.MULTILINE)
STAGES = re.compile(r"^stage .*", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    runs: int
    feeds: int = 200
    pages: int = 20  # of a feed
    unchanged: int = 1_000  # feeds
    many: int = 20_000  # pages


QUICK = Sizes(runs=1, feeds=20, pages=5, unchanged=20, many=200)


class Limits:
    """What was promised, and whether it was missed; figures do not count where all is small."""

    def __init__(self, *, quick: bool) -> None:
        self.missed = False
        self._quick = quick

    def fact(self, kept: bool, what: str) -> None:
        """Print a promise that has to be kept at any size."""
        print(f"  {'ok' if kept else 'MISSED':<7}{what}", flush=True)
        self.missed |= not kept

    def figure(self, kept: bool, what: str) -> None:
        """Print a promise that depends on the size."""
        self.fact(
            kept or self._quick, what if kept or not self._quick else f"{what}: too small a run to tell"
        )


@dataclass(frozen=True, slots=True)
class Runs:
    """What one command used, time after time, and what it said of itself."""

    usages: list[Usage] = field(default_factory=list)
    told: list[dict[str, float]] = field(default_factory=list)

    @property
    def wall(self) -> float:
        """Seconds, the median."""
        return statistics.median(one.wall for one in self.usages)

    @property
    def cpu(self) -> float:
        """Seconds, the median."""
        return statistics.median(one.cpu for one in self.usages)

    @property
    def peak(self) -> float:
        """MB, the worst."""
        return max(one.peak for one in self.usages)

    def said(self, figure: str) -> float:
        """The median of a figure of the command's own."""
        return statistics.median(one[figure] for one in self.told)

    def stages(self) -> str:
        """Rasid's stage table of the run whose wall is the median."""
        middle = sorted(self.usages, key=lambda usage: usage.wall)[len(self.usages) // 2]
        table = STAGES.search(middle.shown)
        return table[0] if table else ""


def plan_of(hosts: int, pages: int) -> Plan:
    """The plan of sites whose newest article is of now."""
    return Plan(hosts, pages, datetime.now(UTC).replace(microsecond=0))  # noqa: TID251 - an entry point


def fresh_run(folder: Path, plan: Plan, knobs: Knobs) -> Usage:
    """`rasid run` on a new database."""
    write_config(folder, plan, knobs)
    return rasid_run(folder)


def fetched(usage: Usage) -> int:
    """How many pages Rasid says that it fetched."""
    told = FETCHED.search(usage.shown)
    return int(told[1]) if told else 0


def peer(name: str, file: Path, count: int) -> tuple[Usage, dict[str, float]]:
    """A run of a peer as a command, and what it says of itself."""
    usage = measured([sys.executable, "-c", PEER, str(HERE), name, str(file), str(count)])
    if usage.code:
        raise RuntimeError(f"{name} ended with {usage.code}; see above")
    return usage, json.loads(usage.shown)


def in_turn(runs: int, *each: Callable[[int], None]) -> None:
    """Run all so often, the first of a round the last of the next."""
    for turn in range(runs):
        for one in each if turn % 2 == 0 else reversed(each):
            one(turn)


# ── the parts ─────────────────────────────────────────────────────────────────────────────────────


def throughput(sizes: Sizes, limits: Limits) -> None:
    """Pages a second, beside bare trafilatura."""
    count = sizes.feeds * sizes.pages
    ours, bare = Runs(), Runs()
    served_cpu = 0.0
    with served(plan_of(sizes.feeds, sizes.pages)) as site, TemporaryDirectory() as scratch:
        file = Path(scratch, "plan")
        file.write_bytes(pickle.dumps(site.plan))

        def rasid(turn: int) -> None:
            ours.usages.append(
                fresh_run(Path(scratch, f"rasid-{turn}"), site.plan, Knobs(processes=PROCESSES))
            )

        def trafilatura(_turn: int) -> None:
            bare.told.append(peer("trafilatura", file, PROCESSES)[1])

        in_turn(sizes.runs, rasid, trafilatura)
        served_cpu = site.log().cpu / sizes.runs
    print(f"{'':<14}{'pages/s':>9}{'CPU ms a page':>15}{'MB':>7}   pages/s of each run")
    walls = [one.wall for one in ours.usages], [one["wall"] for one in bare.told]
    rows = (
        ("rasid run", walls[0], ours.cpu, f"{ours.peak:.0f}"),
        ("trafilatura", walls[1], bare.said("cpu"), "-"),
    )
    for name, each, cpu, megabytes in rows:
        rates = "  ".join(f"{count / wall:.1f}" for wall in each)
        rate = count / statistics.median(each)
        print(f"{name:<14}{rate:>9.1f}{cpu / count * 1e3:>15.1f}{megabytes:>7}   {rates}")
    print(f"{'the server':<14}{'':>9}{served_cpu / count * 1e3:>15.2f}\n\n{ours.stages()}\n")
    share, less = bare.said("wall") / ours.wall, bare.said("cpu") / ours.cpu
    limits.fact(min(map(fetched, ours.usages)) == count, f"all {count:,} pages were read in every run")
    limits.figure(
        share >= SHARE,
        f"{share:.2f} of bare trafilatura's throughput (at least {SHARE:.2f}; by CPU {less:.2f})",
    )
    limits.figure(ours.peak <= MEGABYTES, f"{ours.peak:.0f} MB in all (at most {MEGABYTES:.0f})")


def unchanged(sizes: Sizes, limits: Limits) -> None:
    """Feeds that have nothing new, beside a loop of httpx and beside `reader`."""
    runs = {"rasid run": Runs(), "httpx": Runs()}
    # Of the group `bench`; the feedparser within reader imports sgmllib, which it does not declare.
    if find_spec("reader") and find_spec("sgmllib"):
        runs["reader"] = Runs()
    else:
        print("reader is left out: it is not installed")
    same: set[int] = set()
    with served(plan_of(sizes.unchanged, 1)) as site, TemporaryDirectory() as scratch:
        file, folder = Path(scratch, "plan"), Path(scratch, "rasid")
        file.write_bytes(pickle.dumps(site.plan))

        def once(name: str) -> None:
            if name == "rasid run":
                runs[name].usages.append(rasid_run(folder))
            else:
                usage, told = peer(name, file, CONCURRENCY)
                runs[name].usages.append(usage)
                runs[name].told.append(told)
            same.add(sum(one.status == HTTPStatus.NOT_MODIFIED for one in site.log().requests))

        write_config(folder, site.plan, Knobs(concurrency=CONCURRENCY))
        for name in runs:  # the first time all is new
            once(name)
        same.clear()
        for turn in range(sizes.runs):
            for name in list(runs) if turn % 2 == 0 else reversed(runs):
                once(name)
    print(f"{'':<14}{'wall s':>8}{'CPU s':>8}   without its start{'wall s':>8}{'CPU s':>8}")
    for name, each in runs.items():
        del each.usages[0], each.told[:1]
        alone = f"{'':>20}{each.said('wall'):>8.2f}{each.said('cpu'):>8.2f}" if each.told else ""
        print(f"{name:<14}{each.wall:>8.2f}{each.cpu:>8.2f}{alone}")
    ours = runs.pop("rasid run")
    print(f"\n{ours.stages()}\n")
    limits.fact(
        same == {sizes.unchanged}, f"each time {sizes.unchanged:,} answers of 304, by the server's log"
    )
    for name, each in runs.items():
        most = TIMES[name]
        for figure, times in (("wall", ours.wall / each.wall), ("CPU", ours.cpu / each.cpu)):
            limits.figure(times <= most, f"{times:.2f} times the {figure} of {name} (at most {most:.2f})")


def memory(sizes: Sizes, limits: Limits) -> None:
    """Memory as one run goes on."""
    hosts = min(200, sizes.many)
    with served(plan_of(hosts, sizes.many // hosts)) as site, TemporaryDirectory() as scratch:
        usage = fresh_run(Path(scratch), site.plan, Knobs(processes=PROCESSES))
        ends = [one.ended for one in site.log().pages]
    marks = {mark: ends[mark - 1] for mark in (*CHECKPOINTS, len(ends)) if mark <= len(ends)}
    print(f"{'pages':>8}{'seconds':>9}{'MB, main':>10}{'workers':>9}{'all':>7}   the most up to there")
    most: dict[int, float] = {}
    for mark, at in (*marks.items(), (0, float("inf"))):
        until = [one for one in usage.samples if one.at <= at]
        most[mark] = max(one.all for one in until)
        parts = max(one.main for one in until), max(one.others for one in until)
        begins = f"{mark:>8,}{at - usage.begun:>9.0f}" if mark else f"{'to the end':>17}"
        print(f"{begins}{parts[0]:>10.0f}{parts[1]:>9.0f}{most[mark]:>7.0f}")
    print(f"\n{Runs([usage]).stages()}\n")
    limits.fact(fetched(usage) == sizes.many, f"all {sizes.many:,} pages were read")
    limits.figure(usage.peak <= MEGABYTES, f"{usage.peak:.0f} MB in all (at most {MEGABYTES:.0f})")
    if len(marks) > 1:
        last, before = sorted(marks)[-1:-3:-1]
        growth = most[last] / most[before]
        limits.figure(
            growth <= GROWTH, f"{growth:.2f} times the memory from {before:,} pages on (at most {GROWTH:.2f})"
        )


def hostile(sizes: Sizes, limits: Limits) -> None:
    """Hosts that mean ill among those that do not."""
    sound = plan_of(sizes.feeds, 3)
    ill = replace(sound, ill=("slow", "endless", "bomb", "dead", "unreachable"))
    runs = {"without": Runs(), "among": Runs()}
    read: set[int] = set()
    with served(sound) as without, served(ill) as among, TemporaryDirectory() as scratch:

        def run(name: str, site: Site) -> Callable[[int], None]:
            def one(turn: int) -> None:
                folder = Path(scratch, f"{name}-{turn}")
                runs[name].usages.append(fresh_run(folder, site.plan, Knobs(deadline=DEADLINE)))
                pages = {(page.host, page.path) for page in site.log().pages if page.host < sound.hosts}
                read.add(len(pages))

            return one

        in_turn(sizes.runs, run("without", without), run("among", among))
    print(f"{'':<14}{'wall s':>8}{'CPU s':>8}{'MB':>6}   wall of each run")
    for name, each in runs.items():
        walls = "  ".join(f"{one.wall:.1f}" for one in each.usages)
        print(f"{name:<14}{each.wall:>8.1f}{each.cpu:>8.1f}{each.peak:>6.0f}   {walls}")
    count = sound.hosts * sound.pages
    longer, peak = runs["among"].wall - runs["without"].wall, runs["among"].peak
    limits.fact(read == {count}, f"all {count:,} pages of the sound hosts were read in every run")
    limits.fact(longer <= DEADLINE, f"{longer:.1f} s longer (at most http.deadline, {DEADLINE:.0f})")
    limits.figure(peak <= MEGABYTES, f"{peak:.0f} MB in all (at most {MEGABYTES:.0f})")


def polite(sizes: Sizes, limits: Limits) -> None:
    """What a host sees."""
    plan = plan_of(min(20, sizes.feeds), min(10, sizes.pages))
    forbidden = {(1, path(plan, 1, page)) for page in range(0, plan.pages, 2)}
    rules = "".join(f"Disallow: {one}\n" for _, one in sorted(forbidden))
    slow = 2  # the host that asks for a pause of its own
    robots = {1: f"User-agent: *\n{rules}", slow: f"User-agent: *\nCrawl-delay: {CRAWL_DELAY:g}\n"}
    with served(replace(plan, robots=robots)) as site, TemporaryDirectory() as scratch:
        usage = fresh_run(Path(scratch), site.plan, Knobs(delay=DELAY))
        time.sleep(LINGER)  # until the server has seen the last connections end
        log = site.log()
    asked = {(one.host, one.path) for one in log.requests}
    allowed = {
        (host, path(plan, host, page)) for host in range(plan.hosts) for page in range(plan.pages)
    } - forbidden
    print(f"{len(log.requests)} requests over {len(log.connections)} connections in {usage.wall:.1f} s")
    limits.fact(asked >= allowed, f"all {len(allowed)} pages that are allowed were asked for")
    limits.fact(
        not asked & forbidden, f"{len(asked & forbidden)} of {len(forbidden)} forbidden pages were asked for"
    )
    first = {requests[0].path for requests in by_host(log.requests).values()}
    limits.fact(first == {"/robots.txt"}, "each host was asked for its robots.txt first")
    limits.fact(
        min(gaps(log.connections).values()).seconds >= -LINGER, "never two connections at once to a host"
    )
    least = gaps(log.requests)
    for what, gap, pause in (
        ("between an answer and the next request to its host", min(least.values()), DELAY),
        (f"at the host with a Crawl-delay of {CRAWL_DELAY:g}", least[slow], CRAWL_DELAY),
    ):
        where = f"; between {gap.before} and {gap.after}" if gap.seconds < pause else ""
        limits.fact(gap.seconds >= pause - CLOCKS, f"{gap.seconds:.3f} s {what} (at least {pause:g}){where}")


def by_host(lines: Sequence[Request]) -> dict[int, list[Request]]:
    """The lines of each host, in their order."""
    found: dict[int, list[Request]] = defaultdict(list)
    for one in lines:
        found[one.host].append(one)
    return found


class Gap(NamedTuple):
    """The time between the end of one and the beginning of the next; negative: both at once."""

    seconds: float
    before: str
    after: str


def gaps(lines: Sequence[Request]) -> dict[int, Gap]:
    """The shortest gap of each host."""
    return {
        host: min(
            (Gap(after.begun - before.ended, before.path, after.path) for before, after in pairwise(each)),
            default=Gap(float("inf"), "", ""),
        )
        for host, each in by_host(lines).items()
    }


PARTS = {part.__name__: part for part in (throughput, unchanged, memory, hostile, polite)}


def main() -> None:
    """Print the figures; exit with 1 where a limit is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--feeds", type=int, default=200, help="of throughput and hostile")
    parser.add_argument("--pages", type=int, default=20_000, help="of memory")
    parser.add_argument("--quick", action="store_true", help="all small and once: does it work?")
    options = parser.parse_args()
    if unknown := sorted(set(options.parts) - set(PARTS)):
        parser.error(f"no such part: {', '.join(unknown)}; the parts are {', '.join(PARTS)}")
    sizes = QUICK if options.quick else Sizes(options.runs, options.feeds, many=options.pages)
    limits = Limits(quick=options.quick)
    for name in options.parts or PARTS:
        begun = time.monotonic()
        print(f"── {name} " + "─" * (100 - len(name)), flush=True)
        PARTS[name](sizes, limits)
        print(f"  ({time.monotonic() - begun:.0f} s)\n", flush=True)
    sys.exit(limits.missed)


if __name__ == "__main__":
    main()
