"""How long an article's story takes with 1,000, 10,000 and 100,000 articles in the window: found, and taken in.

The articles are made with a fixed seed: words of a vocabulary by Zipf's law, several articles an event, which share
some of its own rare words; no outside text. Each window is a process of its own: memory is that of one index. In the
same run, over the same window: the index written plainly with dictionaries, which reads every posting, and, where scipy
is installed (`make bench`), one sparse row times the matrix of the window, which is the search for candidates alone.

Limits, with 100,000 articles: the median at most 1 ms, p95 at most 3 ms; both tell the same story of 98 articles in
100 (beyond the budget of postings the index may miss one); at 10,000 and more it is 5 times as fast as the plain one.

python benchmarks/stories.py [--articles 100000] [--runs 3]
"""

from __future__ import annotations

import argparse
import gc
import math
import random
import resource
import statistics
import sys
import time
from bisect import bisect
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import nlargest
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rasid.stories import StoryIndex, story_terms
from rasid.types import StoryMember

try:
    from scipy.sparse import csr_matrix
except ImportError:
    csr_matrix = None

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SIZES = (1_000, 10_000, 100_000)
ASKED, ASKED_PLAINLY = 400, 40  # articles a run
MEDIAN_LIMIT, P95_LIMIT = 1.0, 3.0  # ms, with LIMITED articles and more
LIMITED = 100_000
AGREEMENT = 0.98
RATIO, RATIO_FROM = 5.0, 10_000  # times as fast as the plain one, from so many articles on

SEED = 20
BEGUN = datetime(2026, 3, 1, tzinfo=UTC)
SPAN = timedelta(days=13)  # inside the window: none is let go while it is filled
VOCABULARY = 120_000
COMMONEST = 30  # ranks left out: stop words
TITLE, LEAD = 9, 55  # words
OWN = 7  # words of an event
TOLD = 5  # of those, in the headline and in the lead of one article
AN_EVENT = 4  # articles, on average
LASTS = timedelta(hours=12)


class Article(NamedTuple):
    """As the index gets it."""

    title: str
    text: str
    terms: dict[str, float]
    published: datetime
    event: int


def made(count: int) -> list[Article]:
    """Give articles in time order; those of one event share some of its words."""
    rng = random.Random(SEED)
    weights = list(accumulate(1 / rank for rank in range(COMMONEST, VOCABULARY)))

    def word() -> str:
        return f"w{bisect(weights, rng.random() * weights[-1])}"

    events = [
        (number, SPAN * rng.random(), [f"w{rng.randrange(VOCABULARY // 20, VOCABULARY)}" for _ in range(OWN)])
        for number in range(1, 1 + count // AN_EVENT)
    ]
    articles: list[Article] = []
    for _ in range(count):
        event, begins, own = rng.choice(events)
        told = rng.sample(own, TOLD)
        title = " ".join(told + [word() for _ in range(TITLE - TOLD)])
        text = " ".join(told + [word() for _ in range(LEAD - TOLD)])
        published = BEGUN + begins + LASTS * rng.random()
        articles.append(Article(title, text, story_terms(title, text), published, event))
    return sorted(articles, key=lambda article: article.published)


class Plain:
    """The index as one would write it first: dictionaries, every posting read, likeness one pair at a time."""

    fade, last, nearest, stories_compared, threshold = 36 * 3600, 12, 64, 10, 0.2

    def __init__(self, members: Sequence[StoryMember]) -> None:
        self.members: dict[int, StoryMember] = {}
        self.postings: defaultdict[str, dict[int, float]] = defaultdict(dict)
        self.stories: defaultdict[int, list[int]] = defaultdict(list)
        for member in members:
            self.add(member)

    def add(self, member: StoryMember) -> None:
        """Take an article in."""
        self.members[member.article_id] = member
        self.stories[member.story_id].append(member.article_id)
        for stem, weight in member.terms.items():
            self.postings[stem][member.article_id] = weight

    def choose(self, terms: dict[str, float], published: datetime) -> int | None:
        """Give the story that an article joins."""
        mine = self.weighted(terms)
        dots: Counter[int] = Counter()
        for stem, weight in mine.items():
            for number, theirs in self.postings.get(stem, {}).items():
                dots[number] += weight * theirs
        for number in dots:
            dots[number] *= self.faded(published, number)
        near = (
            self.members[number].story_id for number in nlargest(self.nearest, dots, key=dots.__getitem__)
        )
        scores = {
            story: statistics.fmean(
                self.cosine(mine, number) * self.faded(published, number)
                for number in self.stories[story][-self.last :]
            )
            for story in list(dict.fromkeys(near))[: self.stories_compared]
        }
        best = max(scores, key=lambda story: (round(scores[story], 9), -story), default=None)
        return best if best is not None and scores[best] >= self.threshold else None

    def weighted(self, terms: dict[str, float]) -> dict[str, float]:
        """Give TF-IDF; the windows here are past the index's smoothing."""
        total = len(self.members) + 1
        return {
            stem: weight * (math.log(total / (len(self.postings.get(stem, ())) + 1)) + 0.01)
            for stem, weight in terms.items()
        }

    def cosine(self, mine: dict[str, float], number: int) -> float:
        """Give the likeness to one member."""
        theirs = self.weighted(self.members[number].terms)
        dot = sum(weight * theirs.get(stem, 0.0) for stem, weight in mine.items())
        return dot / (math.hypot(*mine.values()) * math.hypot(*theirs.values()))

    def faded(self, published: datetime, number: int) -> float:
        """Give what time leaves of a likeness."""
        return math.exp(-abs((published - self.members[number].published).total_seconds()) / self.fade)


def sparse_product(members: Sequence[StoryMember]) -> Callable[[dict[str, float]], object]:
    """Give the search for the nearest members as one product of scipy's."""
    numbers: dict[str, int] = {}
    at = [numbers.setdefault(stem, len(numbers)) for member in members for stem in member.terms]
    begins = np.cumsum([0, *(len(member.terms) for member in members)])
    weights = np.array([weight for member in members for weight in member.terms.values()])
    by_stem = csr_matrix((weights, at, begins), shape=(len(members), len(numbers))).T.tocsr()

    def nearest(terms: dict[str, float]) -> object:
        known = {numbers[stem]: weight for stem, weight in terms.items() if stem in numbers}
        row = csr_matrix((list(known.values()), list(known), [0, len(known)]), shape=(1, len(numbers)))
        dots = (row @ by_stem).toarray()[0]
        return np.argpartition(dots, -Plain.nearest)[-Plain.nearest :]

    return nearest


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one window; times in ms."""

    articles: int
    build: float  # seconds
    megabytes: float
    runs: list[list[float]]  # of each run the times of choose and add, sorted
    joined: float  # share of the articles asked about
    plain: float
    agreed: float  # share of the articles that the plain one was asked about
    scipy: float | None

    def percentile(self, percent: int) -> float:
        """The median over the runs."""
        return statistics.median(run[len(run) * percent // 100] for run in self.runs)


def measure(count: int, runs: int) -> Figures:
    """Fill a window, then ask about the articles that come next, and take them in."""
    articles = made(count + ASKED * runs)
    members = [
        StoryMember(number, article.event, article.terms, article.published)
        for number, article in enumerate(articles, 1)
    ]
    before, begun = resident(), time.thread_time()
    index = StoryIndex(members[:count])
    build, megabytes = time.thread_time() - begun, resident() - before
    plain = Plain(members[:count])
    times, plain_times, joined, agreed = [], [], 0, 0
    gc.collect()
    for at, (article, member) in enumerate(zip(articles[count:], members[count:], strict=True)):
        if at < ASKED_PLAINLY:
            begun = time.thread_time()
            expected = plain.choose(article.terms, article.published)
            plain.add(member)
            plain_times.append(1e3 * (time.thread_time() - begun))
        begun = time.thread_time()
        found = index.choose(article.terms, article.published, title=article.title, text=article.text)
        index.add(member)
        times.append(1e3 * (time.thread_time() - begun))
        joined += found.story_id is not None
        agreed += at < ASKED_PLAINLY and found.story_id == expected
    return Figures(
        count,
        build,
        megabytes,
        [sorted(times[begin : begin + ASKED]) for begin in range(0, len(times), ASKED)],
        joined / len(times),
        statistics.median(plain_times),
        agreed / len(plain_times),
        sparse_times(members[:count], articles[count:]) if csr_matrix is not None else None,
    )


def sparse_times(members: Sequence[StoryMember], asked: Sequence[Article]) -> float:
    """Give the median of scipy's product."""
    nearest, times = sparse_product(members), []
    for article in asked[:ASKED_PLAINLY]:
        begun = time.thread_time()
        nearest(article.terms)
        times.append(1e3 * (time.thread_time() - begun))
    return statistics.median(times)


def resident() -> float:
    """Megabytes that this process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def alone(count: int, runs: int) -> Figures:
    """Measure in a process of its own."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (count, runs))


def faults(figures: Figures) -> list[str]:
    """What is past its limit."""
    found = []
    if figures.articles >= LIMITED and figures.percentile(50) > MEDIAN_LIMIT:
        found.append(f"the median is {figures.percentile(50):.2f} ms, limit {MEDIAN_LIMIT}")
    if figures.articles >= LIMITED and figures.percentile(95) > P95_LIMIT:
        found.append(f"p95 is {figures.percentile(95):.2f} ms, limit {P95_LIMIT}")
    if figures.agreed < AGREEMENT:
        found.append(f"the plain index agrees on {figures.agreed:.0%}, limit {AGREEMENT:.0%}")
    if figures.articles >= RATIO_FROM and figures.plain < RATIO * figures.percentile(50):
        found.append(
            f"the plain index takes {figures.plain / figures.percentile(50):.1f} times as long, limit {RATIO}"
        )
    return [f"{figures.articles:,} articles: {fault}" for fault in found]


def main() -> None:
    """Print the figures; exit with 1 where a limit is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, help="in the window; without it, each of three sizes")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    head = ("articles", "built s", "MB", "p50 ms", "p95", "p99", "plain p50", "scipy p50", "joined", "agreed")
    print("".join(f"{name:>11}" for name in head))
    broken = []
    for count in [options.articles] if options.articles else SIZES:
        figures = alone(count, options.runs)
        percentiles = "".join(f"{figures.percentile(percent):>11.3f}" for percent in (50, 95, 99))
        peer = "not there" if figures.scipy is None else f"{figures.scipy:.3f}"
        print(
            f"{count:>11,}{figures.build:>11.2f}{figures.megabytes:>11.0f}{percentiles}{figures.plain:>11.2f}"
            f"{peer:>11}{figures.joined:>11.0%}{figures.agreed:>11.0%}",
            flush=True,
        )
        broken += faults(figures)
    for fault in broken:
        print(fault)
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
