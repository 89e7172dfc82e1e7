"""What one new article costs at a corpus of 10,000 articles and more: its fingerprint, its candidates, the decision.

The corpus is a throwaway database, grown from the articles of ../shared/corpora (where these are absent, from the demo
press) by seeded edits: see grown.py.

Then further articles of the same make are asked one by one, as a collect asks: another set for each run, after one that
warms the caches, the sizes in turn, so that a slow moment of the machine falls on all of them; before each the files
are read through. What counts is the median of the runs' percentiles. How each article is related is known: a table says
how often that was found.
Last, the database's files are dropped from the system's cache, and one more set is asked (a server's own buffers stay).
Memory is that of a fresh process that asks one set.

Peers get the same articles and questions, each in a process of its own: rapidfuzz compares with every text;
MinHash-LSH of datasketch and of rensa (128 permutations of 4-word shingles, Jaccard ≥ .5 by the signatures). Where a
package of the group `bench` is missing, or a size would take hours, it is left out by name.

Limits, exit code 1 where one is missed: on a warm cache p95 of the three parts together is at most 2 ms at the largest
size, and at most three times that of 10,000 articles.

python benchmarks/copies.py [--articles 100000 [1000000 ...]] [--questions 2000] [--runs 3] [--postgresql] [--no-peers]
"""

from __future__ import annotations

import argparse
import gc
import os
import re
import resource
import statistics
import sys
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import psycopg
from archive import alone, postgresql, sqlite
from grown import COPIES, KINDS, SEED, prepared
from sqlalchemy import select

from rasid.copies import decide, fingerprint
from rasid.shingles import SHINGLE
from rasid.types import SUPPRESSED
from storage import Store
from storage.engine import connect, parse_url, reading
from storage.schema import articles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archive import Database
    from grown import Corpus, Kind, Question
    from numpy.typing import NDArray

    Times = NDArray[np.float64]
    Answer = Callable[[str], set[int]]  # a text → ids of articles that it is a copy of

SMALLEST, LARGEST = 10_000, 100_000  # articles
P95, GROWTH = 2.0, 3.0  # ms, times

# ── what is measured ──────────────────────────────────────────────────────────────────────────────


SERIES = ("fingerprint", "candidates", "decision", "all", "CPU of the asking process")
ALL = SERIES.index("all")
PERCENTILES = (50, 95, 99)
READ_AT_ONCE = 1 << 24  # bytes


@dataclass(frozen=True, slots=True)
class Turn:
    """One set of questions, asked one by one."""

    times: Times  # ms of SERIES, a row a question
    texts: float  # candidates of a question
    pages: float  # of 4 kB that this process had to read from the disk, a question
    right: dict[Kind, list[bool]]
    hidden: dict[Kind, list[bool]]  # whether it was taken for a copy


def asked(store: Store, questions_asked: Sequence[Question]) -> Turn:
    """Ask what a collect asks of each article."""
    times: list[tuple[float, ...]] = []
    right: dict[Kind, list[bool]] = defaultdict(list)
    hidden: dict[Kind, list[bool]] = defaultdict(list)
    texts, blocks = 0, resource.getrusage(resource.RUSAGE_SELF).ru_inblock
    for one in questions_asked:
        busy, begun = time.thread_time(), time.perf_counter()
        fp = fingerprint(one.title, one.text, outlet=one.outlet)
        known = time.perf_counter()
        candidates = store.candidates(fp)
        found = time.perf_counter()
        verdict = decide(one.title, one.text, one.published, candidates, outlet=one.outlet)
        decided = time.perf_counter()
        times.append(
            (known - begun, found - known, decided - found, decided - begun, time.thread_time() - busy)
        )
        texts += len(candidates)
        right[one.kind].append(one.is_right(verdict.relation, verdict.original))
        hidden[one.kind].append(verdict.relation in SUPPRESSED)
    pages = (resource.getrusage(resource.RUSAGE_SELF).ru_inblock - blocks) / 8  # blocks have 512 bytes
    count = len(questions_asked)
    return Turn(np.array(times) * 1e3, texts / count, pages / count, dict(right), dict(hidden))


@dataclass(frozen=True, slots=True)
class Measured:
    """The turns of one corpus."""

    opening: float  # seconds
    warm: list[Turn]
    cold: Turn


def measured(urls: dict[int, str], sets: dict[int, list[list[Question]]]) -> dict[int, Measured]:
    """Ask all corpora in turn: a set to warm up, those that count, and one on a cold cache."""
    openings: dict[int, float] = {}
    with ExitStack() as stack:
        stores: dict[int, Store] = {}
        for size, url in urls.items():
            begun = time.perf_counter()
            stores[size] = stack.enter_context(Store(connect(parse_url(url))))
            openings[size] = time.perf_counter() - begun
        gc.collect()
        gc.freeze()
        turns: dict[int, list[Turn]] = {size: [] for size in urls}
        for number in range(len(next(iter(sets.values()))) - 1):
            for size, store in stores.items():
                remember(urls[size])
                turns[size].append(asked(store, sets[size][number]))
        cold: dict[int, Turn] = {}
        for size, store in stores.items():
            forget(urls[size])
            cold[size] = asked(store, sets[size][-1])
    return {size: Measured(openings[size], turns[size][1:], cold[size]) for size in urls}


def files(url: str) -> list[Path]:
    """List a database's files."""
    database = parse_url(url)
    if database.get_backend_name() == "sqlite":
        folder = Path(str(database.database)).parent
    else:
        with psycopg.connect(url) as connection:
            (directory,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        folder = Path(directory)
    return [file for file in folder.rglob("*") if file.is_file()]


def remember(url: str) -> None:
    """Read a database's files, so that they are in the system's cache: some systems drop what is idle for a minute."""
    for file in files(url):
        with file.open("rb") as opened:
            while opened.read(READ_AT_ONCE):
                pass


def forget(url: str) -> None:
    """Drop them from it, where the system can."""
    for file in files(url):
        handle = os.open(file, os.O_RDONLY)
        os.fsync(handle)  # what is not yet written stays
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def megabytes(url: str, questions_asked: Sequence[Question]) -> tuple[float, float]:
    """Give the most memory that this process had once the database was open, and in the end."""
    with Store(connect(parse_url(url))) as store:
        opened = most_memory()
        asked(store, questions_asked)
    return opened, most_memory()


def most_memory() -> float:
    """Give the most memory that this process ever had, in MB; Linux counts what its parent had, too, in ru_maxrss."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if found:
            return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# ── peers ─────────────────────────────────────────────────────────────────────────────────────────


PERMUTATIONS, JACCARD = 128, 0.5
RATIO = 70  # of fuzz.ratio; at 50 texts of one length begin to look alike


def shingles(text: str) -> set[str]:
    """Cut a text into runs of four words."""
    words = text.split()
    return {" ".join(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))}


def with_rapidfuzz(texts: dict[int, str]) -> Answer:
    """Compare with every text."""
    fuzz, process = import_module("rapidfuzz.fuzz"), import_module("rapidfuzz.process")

    def answer(text: str) -> set[int]:
        found = process.extractOne(text, texts, scorer=fuzz.ratio, score_cutoff=RATIO)
        return {found[2]} if found else set()

    return answer


def by_signature(index: Any, signature: Callable[[str], Any], texts: dict[int, str]) -> Answer:
    """Fill an index of MinHashes, datasketch's or rensa's; what it offers is checked by the signatures."""
    signatures = {number: signature(text) for number, text in texts.items()}
    for number, one in signatures.items():
        index.insert(number, one)

    def answer(text: str) -> set[int]:
        mine = signature(text)
        return {number for number in index.query(mine) if mine.jaccard(signatures[number]) >= JACCARD}

    return answer


def with_datasketch(texts: dict[int, str]) -> Answer:
    """Look up bands of signatures, and compare the signatures of what is found."""
    datasketch, xxhash = import_module("datasketch"), import_module("xxhash")
    index = datasketch.MinHashLSH(threshold=JACCARD, num_perm=PERMUTATIONS)

    def signature(text: str) -> Any:
        made = datasketch.MinHash(PERMUTATIONS, hashfunc=xxhash.xxh32_intdigest)
        made.update_batch([shingle.encode() for shingle in shingles(text)])
        return made

    return by_signature(index, signature, texts)


def with_rensa(texts: dict[int, str]) -> Answer:
    """Do the same in Rust, in 32 bands of four."""
    rensa = import_module("rensa")
    index = rensa.RMinHashLSH(JACCARD, PERMUTATIONS, 32)

    def signature(text: str) -> Any:
        made = rensa.RMinHash(PERMUTATIONS, SEED)
        made.update(list(shingles(text)))
        return made

    return by_signature(index, signature, texts)


class Peer(NamedTuple):
    """Another way to find copies."""

    build: Callable[[dict[int, str]], Answer]
    texts: int  # of a larger corpus it gets so many, and its time is scaled
    questions: int
    largest: int = 1_000_000  # articles


PEERS = {
    "rapidfuzz, every text": Peer(with_rapidfuzz, SMALLEST, 50),
    "datasketch MinHashLSH": Peer(with_datasketch, LARGEST, 2_000, LARGEST),
    "rensa RMinHashLSH": Peer(with_rensa, 1_000_000, 2_000),
}


@dataclass(frozen=True, slots=True)
class Rival:
    """What a peer needs for a corpus."""

    texts: int
    build: float  # seconds
    memory: float  # MB, besides the texts
    times: Times  # ms a question
    copies: list[bool]  # of each copy, whether its original was found
    others: list[bool]  # of each other article, whether it was taken for a copy


def rivalled(url: str, name: str, questions_asked: Sequence[Question]) -> Rival:
    """Let a peer read a corpus and answer."""
    query = select(articles.c.id, articles.c.text).order_by(articles.c.id).limit(PEERS[name].texts)
    with reading(connect(parse_url(url))) as connection:
        texts = {row.id: row.text for row in connection.execute(query)}
    read, begun = most_memory(), time.perf_counter()
    answer = PEERS[name].build(texts)
    built = time.perf_counter() - begun
    gc.collect()
    gc.freeze()
    times: list[float] = []
    copies: list[bool] = []
    others: list[bool] = []
    for one in questions_asked:
        begun = time.perf_counter()
        found = answer(one.text)
        times.append(time.perf_counter() - begun)
        if one.kind in COPIES:
            copies.append(bool(found & one.family))
        else:
            others.append(bool(found))
    return Rival(len(texts), built, most_memory() - read, np.array(times) * 1e3, copies, others)


def sample(questions_asked: Sequence[Question], count: int) -> list[Question]:
    """Take all questions, or so many of which half are copies."""
    if count >= len(questions_asked):
        return list(questions_asked)
    copies = [one for one in questions_asked if one.kind in COPIES][: count // 2]
    others = [one for one in questions_asked if one.kind not in COPIES][: count - len(copies)]
    return copies + others


# ── all of it ─────────────────────────────────────────────────────────────────────────────────────


def percentiles(runs: Sequence[Times]) -> list[float]:
    """Give the medians of the runs' percentiles."""
    each = [np.percentile(run, PERCENTILES) for run in runs]
    return [float(value) for value in np.median(each, axis=0)]


def show(size: int, corpus: Corpus, disk: float, memory: tuple[float, float], result: Measured) -> None:
    """Print the figures of one corpus."""
    opened, most = memory
    print(
        f"\n{size:,} articles of {corpus.words:.0f} words and {corpus.keys:.0f} keys out of {corpus.source};"
        f" {corpus.footers:.1%} of the keys are footers\n"
        f"filled in {corpus.seconds:,.0f} s; {disk / size * 1e6:,.0f} bytes on disk an article,"
        f" {corpus.key_bytes:,.0f} of them for its keys; opened in {result.opening:.2f} s;"
        f" {opened:.0f} → {most:.0f} MB of memory\n"
        f"{'ms':<26}{'warm p50':>9}{'p95':>9}{'p99':>9}{'cold p50':>9}{'p95':>9}{'p99':>9}"
    )
    for place, name in enumerate(SERIES):
        warm = percentiles([turn.times[:, place] for turn in result.warm])
        cold = percentiles([result.cold.times[:, place]])
        print(f"{name:<26}" + "".join(f"{value:>9.3f}" for value in (*warm, *cold)))
    runs = ", ".join(f"{np.percentile(turn.times[:, ALL], 95):.2f}" for turn in result.warm)
    texts = statistics.mean(turn.texts for turn in result.warm)
    pages = ", ".join(f"{turn.pages:.1f}" for turn in (*result.warm, result.cold))
    print(
        f"p95 of each run: {runs}; {texts:.2f} candidates an article;"
        f" pages that this process read from the disk for one, in each run and cold: {pages}",
        flush=True,
    )


def show_right(results: dict[int, Measured]) -> None:
    """Print how often each kind of article was told for what it is."""
    print(f"\n{'told for what it is':<24}" + "".join(f"{size:>12,}" for size in results) + f"{'of':>8}")
    for kind in KINDS[1:]:
        found = [[right for turn in result.warm for right in turn.right[kind]] for result in results.values()]
        print(
            f"{kind:<24}"
            + "".join(f"{statistics.mean(one):>12.1%}" for one in found)
            + f"{len(found[-1]):>8,}"
        )


def show_peers(size: int, url: str, questions_asked: Sequence[Question], ours: Sequence[Turn]) -> None:
    """Print what others need for the same."""
    print(
        f"\n{f'peers at {size:,}':<24}{'build s':>9}{'MB':>8}{'questions':>11}"
        f"{'p50 ms':>11}{'p95 ms':>11}{'copies':>9}{'others':>9}"
    )
    p50, p95, _ = percentiles([turn.times[:, ALL] for turn in ours])
    found = [right for turn in ours for kind in COPIES for right in turn.right[kind]]
    taken = [
        hidden for turn in ours for kind in turn.hidden if kind not in COPIES for hidden in turn.hidden[kind]
    ]
    print(
        f"{'Rasid':<24}{'':>17}{len(found) + len(taken):>11,}{p50:>11.2f}{p95:>11.2f}"
        f"{statistics.mean(found):>9.1%}{statistics.mean(taken):>9.1%}"
    )
    for name, peer in PEERS.items():
        if size > peer.largest:
            print(f"{name:<24}  left out: it would be building for an hour")
            continue
        try:
            rival = alone(rivalled, url, name, sample(questions_asked, peer.questions))
        except ImportError as e:
            print(f"{name:<24}  left out: {e}")
            continue
        p50, p95, _ = percentiles([rival.times * (size / rival.texts)])
        whole = rival.texts == size
        told = f"{statistics.mean(rival.copies):>9.1%}{statistics.mean(rival.others):>9.1%}"
        print(
            f"{name:<24}{rival.build:>9.1f}{rival.memory:>8.0f}{len(rival.times):>11,}{p50:>11.2f}{p95:>11.2f}"
            + (told if whole else f"  scaled from {rival.texts:,} texts"),
            flush=True,
        )


def main() -> None:
    """Print the figures; exit with 1 where a limit is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, nargs="+", default=[LARGEST])
    parser.add_argument("--questions", type=int, default=2_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    count = options.runs + 2  # one warms up, one is asked on a cold cache
    with ExitStack() as stack:
        databases: dict[int, Database] = {
            size: stack.enter_context(postgresql() if options.postgresql else sqlite())
            for size in sorted({SMALLEST, *options.articles})
        }
        urls = {size: database.url for size, database in databases.items()}
        with ProcessPoolExecutor(1, get_context("spawn")) as filler:  # a pool's process may have no workers
            corpora = filler.submit(prepared, urls, options.questions * count, count).result()
        sets = {size: asked_of for size, (_, asked_of) in corpora.items()}
        results = alone(measured, urls, sets)
        for size, (corpus, asked_of) in corpora.items():
            memory = alone(megabytes, urls[size], asked_of[0])
            show(size, corpus, databases[size].size(), memory, results[size])
        show_right(results)
        for size, (_, asked_of) in {} if options.no_peers else corpora.items():
            show_peers(size, urls[size], asked_of[1], results[size].warm)
    slowest = {
        size: percentiles([turn.times[:, ALL] for turn in result.warm])[1] for size, result in results.items()
    }
    last, growth = slowest[max(slowest)], slowest[max(slowest)] / slowest[SMALLEST]
    print(
        f"\np95 at {max(slowest):,}: {last:.2f} ms (at most {P95:.0f}),"
        f" {growth:.2f} times that at {SMALLEST:,} (at most {GROWTH:.0f})"
    )
    sys.exit(last > P95 or growth > GROWTH)


if __name__ == "__main__":
    main()
