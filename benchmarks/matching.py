"""How fast the matcher is: beside folding alone, beside other engines, with long watchlists and on hostile input.

Everything runs interleaved in one process: each turn runs every case once, so that a slow moment of the machine
falls on all of them; times are CPU seconds, sizes are UTF-8, and what counts is the median of each turn's ratio.
The heap is frozen first: no garbage collection of what was built falls into a turn.

Limits, exit code 1 where one is missed:

- `find` with 10,000 forms costs at most 1.5 times what it costs with 40;
- `find` with 10,000 forms costs at most 2.5 times what folding alone costs;
- seconds per MB do not grow with the text, whatever is in it: the last of a row of texts, each twice as long as the
  one before, costs at most twice the median of the others.

Engines of other makers read text that is folded already and find plain forms, without the rules for edges and cues;
ours alone reads every spelling and every slip of those forms. Where an engine of the group `bench` cannot be
imported it is left out, by name.

python benchmarks/matching.py [--runs 7] [--megabytes 10]
"""

from __future__ import annotations

import argparse
import gc
import re
import statistics
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahocorasick_rs import AhoCorasick
from names import articles, name_lists, rare_words

from rasid.config import parse_watchlist
from rasid.matching import Matcher
from rasid.matching.alphabet import encode
from rasid.text import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from names import Article

    from rasid.types import Term

CHIPS = Path(__file__).resolve().parents[1] / "config" / "watchlists" / "chips.yaml"
SIZES = (40, 1_000, 10_000)
PER_FORTY, PER_FOLD = 1.5, 2.5
RE_LETTERS = 40  # forms that `re` reads all of the text for; of longer lists it tries one after the other

HEAD = "هواوي NVDA "
"""Begins each long text: without a name an article is told so before it is masked and its words are looked at."""
HOSTILE = {
    "NULs": ("\0", ""),
    "lone surrogates": ("\ud800", ""),
    "combining marks": ("\u064e", ""),
    "one letter": ("ه", ""),
    "@": ("@", ""),
    "/": ("/", ""),
    ".": (".", ""),
    "“H 20 ”": ("H 20 ", ""),
    "a form, glued to itself": ("هواوي", ""),
    "a form, glued to no word": ("هواويقضضص ", ""),
    "a domain that never ends": ("com.", "zz"),
}
"""What is repeated, and what comes at the end."""
FIRST_SIZES = (0.0025, 0.005, 0.01, 0.02)  # MB; what is quadratic already here takes hours below
LONG_SIZES = (0.6, 1.25, 2.5, 5.0, 10.0)
GROWTH = 2.0
NOISE = 0.005  # seconds
PATIENCE = 60  # seconds: a text that would take longer is left out
AGAIN = 0.5  # seconds: what takes less is measured three times, and the best counts


@dataclass(slots=True)
class Case:
    """One thing that is measured, on all of some texts."""

    name: str
    forms: int | None
    work: Callable[[], int]  # gives how much was found
    megabytes: float
    articles: int
    found: int = 0
    times: list[float] = field(default_factory=list)  # CPU seconds of each turn

    def turn(self) -> None:
        """Run it once."""
        begun = time.process_time()
        self.found = self.work()
        self.times.append(time.process_time() - begun)

    @property
    def row(self) -> str:
        """Median and spread of MB/s, and articles a second."""
        speeds = sorted(self.megabytes / spent for spent in self.times)
        median = statistics.median(speeds)
        forms = "" if self.forms is None else f"{self.forms:,}"
        rate = self.articles / statistics.median(self.times)
        spread = f"{speeds[0]:.1f}–{speeds[-1]:.1f}"
        per_article = f"{self.found / self.articles:.3f}" if self.forms is not None else ""
        return f"{self.name:<34}{forms:>7}{median:>9.1f}{spread:>15}{rate:>11,.0f}{per_article:>10}"


def times_as_much(case: Case, other: Case) -> list[float]:
    """Give each turn's ratio of two cases that read the same text, in order of size."""
    return sorted(mine / theirs for mine, theirs in zip(case.times, other.times, strict=True))


def folding(read: Sequence[Article]) -> Case:
    """Fold titles and texts, as `find` does."""
    return Case(
        "fold alone",
        None,
        lambda: sum(len(fold(text).text) for article in read for text in article),
        sum(article.size for article in read) / 1e6,
        len(read),
    )


def finding(name: str, terms: Sequence[Term], read: Sequence[Article]) -> tuple[Case, Matcher]:
    """Find, from the text as published to mentions with their reasons."""
    begun = time.process_time()
    matcher = Matcher(terms)
    forms = sum(len(term.forms) for term in terms)
    print(f"built in {time.process_time() - begun:.2f} s: {name}, {forms:,} forms", flush=True)

    def work() -> int:
        return sum(len(matcher.find(article.text, article.title)) for article in read)

    return Case(name, forms, work, sum(article.size for article in read) / 1e6, len(read)), matcher


# ── peers ─────────────────────────────────────────────────────────────────────────────────────────


def peers(forms: Sequence[str], matcher: Matcher, texts: Sequence[str]) -> Iterator[Case]:
    """Give the engines on folded text, ours first."""
    encoded = [encode(text) for text in texts]
    automaton = matcher._automaton  # noqa: SLF001 - the part under measurement
    yield _engine(
        "our automaton, slips and all",
        forms,
        lambda: sum(len(automaton.find_matches_as_indexes(codes, overlapping=True)) for codes in encoded),
        texts,
    )
    bare = AhoCorasick(forms)
    yield _engine(
        "ahocorasick_rs on str",
        forms,
        lambda: sum(len(bare.find_matches_as_indexes(text, overlapping=True)) for text in texts),
        texts,
    )
    if python := _imported("ahocorasick"):
        yield _engine("pyahocorasick", forms, _pyahocorasick(python, forms, texts), texts)
    if hyperscan := _imported("hyperscan"):
        yield _engine("hyperscan, literal, UTF-8", forms, _hyperscan(hyperscan, forms, texts), texts)
    part = texts[: len(texts) * RE_LETTERS // len(forms)]
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    pattern = re.compile("|".join(map(re.escape, ordered)))
    yield _engine(
        f"re, alternation, {len(part) / len(texts):.1%} of it",
        forms,
        lambda: sum(1 for text in part for _ in pattern.finditer(text)),
        part,
    )


def _engine(name: str, forms: Sequence[str], work: Callable[[], int], texts: Sequence[str]) -> Case:
    return Case(name, len(forms), work, sum(len(text.encode()) for text in texts) / 1e6, len(texts))


def _imported(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


def _pyahocorasick(module: Any, forms: Sequence[str], texts: Sequence[str]) -> Callable[[], int]:
    automaton = module.Automaton()
    for number, form in enumerate(forms):
        automaton.add_word(form, number)
    automaton.make_automaton()
    return lambda: sum(1 for text in texts for _ in automaton.iter(text))


def _hyperscan(module: Any, forms: Sequence[str], texts: Sequence[str]) -> Callable[[], int]:
    """All forms as one database of literals; these are whole letters of UTF-8, so that no flag is needed."""
    database = module.Database()
    database.compile([form.encode() for form in forms], literal=True)
    encoded = [text.encode() for text in texts]

    def work() -> int:
        found: list[tuple[int, int]] = []
        for text in encoded:
            database.scan(text, lambda number, _start, end, _flags, _context: found.append((number, end)))
        return len(found)

    return work


def plain(terms: Sequence[Term]) -> list[str]:
    """Give the forms of a list as they are, folded."""
    return sorted({fold(form.text).text for term in terms for form in term.forms})


# ── hostile input ─────────────────────────────────────────────────────────────────────────────────


def seconds_per_megabyte(matcher: Matcher, text: str) -> float:
    """Give the CPU seconds that one article costs, by its megabytes."""
    spent: list[float] = []
    while len(spent) < 3 and sum(spent) < AGAIN:
        begun = time.process_time()
        matcher.find(text)
        spent.append(time.process_time() - begun)
    return min(spent) * 1e6 / len(text.encode("utf-8", "surrogatepass"))


def hostile_text(unit: str, end: str, megabytes: float) -> str:
    """Give a text of a size that repeats one thing."""
    return HEAD + unit * int(megabytes * 1e6 / len(unit.encode("utf-8", "surrogatepass"))) + end


def is_linear(kind: str, matcher: Matcher, text: Callable[[float], str]) -> bool:
    """Print seconds per MB over growing texts; only the short ones where they grow with the text already there."""
    short = [seconds_per_megabyte(matcher, text(size)) for size in FIRST_SIZES]
    if not _is_level([short[0], short[-1]], FIRST_SIZES[-1]):
        sizes = ", ".join(f"{size * 1000:g}" for size in FIRST_SIZES)
        print(_row(kind, short, f"NOT LINEAR at {sizes} KB"), flush=True)
        return False
    long: list[float] = []
    for size in LONG_SIZES:
        if long and long[-1] * size > PATIENCE:
            break
        long.append(seconds_per_megabyte(matcher, text(size)))
    level = _is_level([short[-1], *long], LONG_SIZES[len(long) - 1])
    print(_row(kind, long, "linear" if level else "NOT LINEAR"), flush=True)
    return level


def _is_level(costs: Sequence[float], last_size: float) -> bool:
    return costs[-1] <= GROWTH * statistics.median(costs[:-1]) + NOISE / last_size


def _row(kind: str, costs: Sequence[float], verdict: str) -> str:
    shown = [f"{cost:.3f}" for cost in costs] + ["–"] * (len(LONG_SIZES) - len(costs))
    return f"{kind:<28}" + "".join(f"{cost:>10}" for cost in shown) + f"   {verdict}"


def curves(chips: Matcher, read: Sequence[Article]) -> list[str]:
    """Print the curve of each kind of text; give the kinds that are not linear."""
    encoded = "\n".join(article.text for article in read).encode()

    def ordinary(megabytes: float) -> str:
        size = int(megabytes * 1e6)
        return HEAD + (encoded * (size // len(encoded) + 1))[:size].decode("utf-8", "ignore")

    print(f"\nCPU seconds per MB\n{'one text of … MB':<28}" + "".join(f"{size:>10}" for size in LONG_SIZES))
    kinds: dict[str, Callable[[float], str]] = {"ordinary text": ordinary}
    kinds |= {kind: partial(hostile_text, unit, end) for kind, (unit, end) in HOSTILE.items()}
    bad = [kind for kind, text in kinds.items() if not is_linear(kind, chips, text)]
    if not is_linear("ordinary text, no terms", Matcher(()), ordinary):
        bad.append("ordinary text, no terms")
    return bad


# ── all of it ─────────────────────────────────────────────────────────────────────────────────────


def measure(runs: int, read: Sequence[Article]) -> tuple[Matcher, list[str]]:
    """Print the table of speeds; give the matcher of the default watchlist, and the limits that are missed."""
    lists = name_lists(read, SIZES)
    chips = parse_watchlist(CHIPS.read_text(encoding="utf-8"), CHIPS.name).terms
    alone = folding(read)
    empty, _ = finding("find, no terms", (), read)
    default, matcher = finding("find, the four default terms", chips, read)
    worst, _ = finding("find, rare ordinary words", rare_words(read, SIZES[-1]), read)
    texts = [fold(f"{article.title}\n{article.text}").text for article in read]
    finds: dict[int, Case] = {}
    engines: dict[int, list[Case]] = {}
    for size, terms in lists.items():
        finds[size], compiled = finding("find, names", terms, read)
        engines[size] = list(peers(plain(terms), compiled, texts))
    cases = [alone, empty, default, *finds.values(), worst, *(case for of in engines.values() for case in of)]
    gc.collect()
    gc.freeze()
    for turn in range(runs + 1):
        for case in cases:
            case.turn()
            if not turn:  # the first turn fills the caches
                case.times.clear()
    gc.unfreeze()
    print(
        f"\n{'':<34}{'forms':>7}{'MB/s':>9}{'from–to':>15}{'articles/s':>11}{'found/art.':>10}   medians of {runs}"
    )
    print(*(case.row for case in cases), sep="\n")
    assert empty.found == 0
    for (
        size,
        of,
    ) in engines.items():  # all but ours, which has more to find, and re, which skips what overlaps
        assert len({case.found for case in of[1:-1]}) == 1, f"the engines disagree about {size} forms"
    longest = finds[SIZES[-1]]
    return matcher, [
        *missed("10,000 forms / 40 forms", longest, finds[SIZES[0]], PER_FORTY),
        *missed("10,000 forms / fold alone", longest, alone, PER_FOLD),
    ]


def missed(name: str, case: Case, other: Case, limit: float) -> list[str]:
    """Print a ratio with its limit; give it where it is missed."""
    ratios = times_as_much(case, other)
    median = statistics.median(ratios)
    print(f"{name}: median {median:.2f}, {ratios[0]:.2f}–{ratios[-1]:.2f} (at most {limit})", flush=True)
    return [name] if median > limit else []


def main() -> None:
    """Print the figures; exit with 1 where a limit is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--megabytes", type=float, default=10)
    options = parser.parse_args()
    source, read = articles(int(options.megabytes * 1e6))
    print(f"{len(read):,} articles, {sum(article.size for article in read) / 1e6:.1f} MB: {source}")
    for name in ("ahocorasick", "hyperscan"):
        if not _imported(name):
            print(f"left out, for it cannot be imported: {name} (install the dependency group `bench`)")
    matcher, failures = measure(options.runs, read)
    failures += [f"not linear: {kind}" for kind in curves(matcher, read)]
    if failures:
        print("\nmissed: " + "; ".join(failures))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
