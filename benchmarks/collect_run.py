"""Running a command and measuring all that it starts: wall, CPU, memory; and a config folder for `rasid run`.

CPU is the kernel's own sum: the measuring process is the reaper of all orphans below it, so that also Rasid's fork
server and its workers, which outlive their parents for a moment, are waited for and counted. Memory is the sum of the
proportional set sizes (PSS) of all processes, sampled every quarter of a second: a page of memory that several
processes share counts once.
"""

from __future__ import annotations

import ctypes
import os
import re
import resource
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collect_pages import Plan

HERE = Path(__file__).resolve().parent
PR_SET_CHILD_SUBREAPER = 36
EVERY = 0.25  # seconds between two samples of memory
PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


class Sample(NamedTuple):
    """Memory at one moment, in MB."""

    at: float  # seconds on the machine's monotonic clock
    main: float
    others: float
    processes: int

    @property
    def all(self) -> float:
        """Of all processes."""
        return self.main + self.others


@dataclass(frozen=True, slots=True)
class Usage:
    """What a command used and said."""

    begun: float  # on the monotonic clock
    wall: float
    cpu: float
    code: int
    shown: str
    samples: tuple[Sample, ...]

    @property
    def peak(self) -> float:
        """MB of all processes together at the worst moment."""
        return max((one.all for one in self.samples), default=0.0)


def measured(command: Sequence[str]) -> Usage:
    """Run a command to its end, in a process that has no other children."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_measured, command).result()


def _measured(command: Sequence[str]) -> Usage:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "this process cannot be the reaper of orphans")
    samples: list[Sample] = []
    over = threading.Event()
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    sampler = threading.Thread(target=_sample, args=(process.pid, samples, over))
    sampler.start()
    shown, _ = process.communicate()
    wall = time.monotonic() - begun
    over.set()
    sampler.join()
    while True:  # the orphans
        try:
            os.wait()
        except ChildProcessError:
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Usage(begun, wall, used.ru_utime + used.ru_stime, process.returncode, shown, tuple(samples))


def _sample(main: int, samples: list[Sample], over: threading.Event) -> None:
    while not over.wait(EVERY):
        at = time.monotonic()
        each = {pid: _pss(pid) for pid in _descendants(os.getpid())}
        first = each.pop(main, 0.0)
        samples.append(Sample(at, first, sum(each.values()), 1 + len(each)))


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            pids = [int(child) for child in children.read_text().split()]
        except OSError:  # the thread has ended
            continue
        for child in pids:
            found += [child, *_descendants(child)]
    return found


def _pss(pid: int) -> float:
    try:
        told = PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    except OSError:  # the process has ended
        return 0.0
    return int(told[1]) / 1e3 if told else 0.0


# ── Rasid ─────────────────────────────────────────────────────────────────────────────────────────

SETTINGS = """\
database: "sqlite:///{folder}/rasid.sqlite"
http:
  {{contact: bench@example.org, delay: {delay}, deadline: {deadline}, concurrency: {concurrency}, {leave}}}
collect: {{deadline: 86000, max_pages: 100000, processes: {processes}}}
"""
SUBSCRIPTIONS = """\
subscriptions:
  - id: analysts
    name: نشرة الرقائق
    watchlists: [chips]
    schedule: daily 07:00
    language: ar
    channels: [{{file: "{folder}/digests"}}]
"""


@dataclass(frozen=True, slots=True)
class Knobs:
    """The settings in which the parts of the benchmark differ; seconds."""

    delay: float = 0
    deadline: float = 30
    concurrency: int = 16
    processes: int = 2


def write_config(folder: Path, plan: Plan, knobs: Knobs) -> None:
    """A config folder for the plan's feeds; the watchlists are the project's own."""
    leave = ", ".join(f'"{address}"' for address in plan.addresses)
    settings = SETTINGS.format(
        folder=folder,
        leave=f"allow_hosts: [{leave}]",
        delay=knobs.delay,
        deadline=knobs.deadline,
        concurrency=knobs.concurrency,
        processes=knobs.processes,
    )
    feeds = (
        f'  - {{id: feed-{number:04}, name: صحيفة {number}, url: "{url}", category: tech, attested: demo}}\n'
        for number, url in enumerate(plan.feeds)
    )
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(HERE.parent / "config" / "watchlists", folder / "watchlists", dirs_exist_ok=True)
    (folder / "settings.yaml").write_text(settings, encoding="utf-8")
    (folder / "subscriptions.yaml").write_text(SUBSCRIPTIONS.format(folder=folder), encoding="utf-8")
    (folder / "feeds.yaml").write_text("feeds:\n" + "".join(feeds), encoding="utf-8")


def rasid_run(folder: Path) -> Usage:
    """`rasid run --all` with this config folder."""
    usage = measured([sys.executable, "-m", "rasid.cli", "--config", str(folder), "run", "--all"])
    if "\nstage " not in usage.shown:  # it did not come to its end; 1 also says that no feed could be read
        raise RuntimeError(f"rasid run ended with {usage.code}; see above")
    return usage
