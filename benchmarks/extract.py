"""Extraction, held against trafilatura with several options: words, dates, milliseconds a page.

Two sets: the layouts of tests/sources/golden, and real pages of Arabic news sites beside the checkout, where they
are. Of the real ones one has its whole text; of the others phrases that belong to it and phrases that do not, or the
day alone, are known. "pruned" is trafilatura on the tree that `sources.passages.prune` leaves.

Limits: the words of layouts and of whole texts, every date, no phrase of the surroundings, and at most .6 of the
CPU of trafilatura's own default, which its whole worth as a product of Rasid rests on.

python benchmarks/extract.py [--rounds 5]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

import trafilatura
from ruamel.yaml import YAML

from sources import pages
from sources.passages import prune

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).resolve().parents[1] / "tests" / "sources" / "golden"
REAL = Path(__file__).resolve().parents[2] / "shared" / "html"
LAYOUT_F1, WHOLE_F1, CPU_SHARE = 0.97, 0.90, 0.60


@dataclass(frozen=True, slots=True)
class Case:
    """A page and what is known of its article."""

    name: str
    page: bytes
    url: str
    text: str = ""
    day: str = ""  # of publication, in the outlet's own zone
    absent: tuple[str, ...] = ()


Answer = tuple[str, str]  # text, day


def layouts() -> list[Case]:
    """Pages of our own."""
    pairs = [
        (path, YAML(typ="safe").load(path.with_suffix(".yaml").read_text("utf-8")))
        for path in GOLDEN.glob("*.html")
    ]
    return [
        Case(path.stem, path.read_bytes(), gold["url"], gold["text"], gold["published"][:10])
        for path, gold in pairs
    ]


def real() -> list[Case]:
    """Pages of others; none where the collection is not beside the checkout."""
    if not REAL.is_dir():
        return []
    dates = [
        Case(gold["file"], (REAL / "dates" / gold["file"]).read_bytes(), gold["url"], day=gold["date"])
        for gold in json.loads((REAL / "dates" / "gold_dates.json").read_text("utf-8"))
    ]
    folder = REAL / "newspaper4k_arabic_article"
    facts = json.loads((folder / "arabic_article.json").read_text("utf-8"))
    whole = Case(
        "newspaper4k",
        (folder / "arabic_article.html").read_bytes(),
        facts["url"],
        (folder / "arabic_article.txt").read_text("utf-8"),
        "2013-08-03",
    )
    folder = REAL / "trafilatura_assabah"
    [(url, gold)] = json.loads((folder / "gold.json").read_text("utf-8")).items()
    phrases = Case(
        "assabah", (folder / "page.html").read_bytes(), url, day="2019-02-08", absent=tuple(gold["without"])
    )
    return [*dates, whole, phrases]


def bare(**options: object) -> Callable[[Case], Answer]:
    """Read with trafilatura alone."""

    def read(case: Case) -> Answer:
        found = trafilatura.bare_extraction(case.page, url=case.url, with_metadata=True, **options)
        return (found.text or "", found.date or "") if found else ("", "")

    return read


def pruned(**options: object) -> Callable[[Case], Answer]:
    """Read with trafilatura on the pruned tree, without its metadata."""

    def read(case: Case) -> Answer:
        tree = pages._tree(case.page.decode("utf-8", "replace"))  # noqa: SLF001 - the same tree
        prune(tree)
        found = trafilatura.bare_extraction(tree, include_tables=False, include_comments=False, **options)
        return (found.text or "" if found else ""), ""

    return read


def ours(case: Case) -> Answer:
    """The whole of `pages.extract`."""
    found = pages.extract(case.page, case.url)
    return found.text, found.published.date().isoformat() if found.published else ""


READERS: dict[str, Callable[[Case], Answer]] = {
    "trafilatura, default": bare(),
    "  fast": bare(fast=True),
    "  precision": bare(favor_precision=True),
    "  recall": bare(favor_recall=True),
    "  pruned, default": pruned(),
    "  pruned, fast": pruned(fast=True),
    "  pruned, fast, precision": pruned(fast=True, favor_precision=True),
    "  pruned, fast, recall": pruned(fast=True, favor_recall=True),
    "sources.pages": ours,
}


def f1(gold: str, found: str) -> float:
    """Harmonic mean of precision and recall over words."""
    expected, actual = (Counter(re.findall(r"\w+", text)) for text in (gold, found))
    return 2 * (expected & actual).total() / max(expected.total() + actual.total(), 1)


def right_day(case: Case, day: str) -> bool:
    """The day or, in UTC, the evening before."""
    return day == case.day or day == f"{case.day[:-2]}{int(case.day[-2:]) - 1:02}"


def measured(
    reader: Callable[[Case], Answer], cases: list[Case], rounds: int
) -> tuple[list[float], int, int, float]:
    """F1 where a text is known, right days, phrases of the surroundings, milliseconds a page (least of the rounds)."""
    scores, days, foreign, spent = [], 0, 0, []
    for case in cases:
        took = []
        for _ in range(rounds):
            began = time.process_time()
            text, day = reader(case)
            took.append(time.process_time() - began)
        spent.append(min(took) * 1000)
        scores += [f1(case.text, text)] if case.text else []
        days += right_day(case, day)
        foreign += sum(phrase in text for phrase in case.absent)
    return scores, days, foreign, mean(spent)


def main() -> None:
    """Print the table; exit with 1 where a limit is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    missed = False
    for name, cases, least in (("layouts", layouts(), LAYOUT_F1), ("real pages", real(), WHOLE_F1)):
        if not cases:
            print(f"{name}: not beside the checkout; left out")
            continue
        print(
            f"{name} ({len(cases)})\n{'':26}{'mean F1':>9}{'least':>8}{'days':>6}{'foreign':>9}{'ms/page':>9}"
        )
        for reader_name, reader in READERS.items():
            scores, days, foreign, ms = measured(reader, cases, rounds)
            print(f"{reader_name:26}{mean(scores):>9.3f}{min(scores):>8.3f}{days:>6}{foreign:>9}{ms:>9.1f}")
            default = ms if reader_name == "trafilatura, default" else default  # noqa: F821 - the first one
        missed |= min(scores) < least or days < len(cases) or foreign > 0
        if cases[0].name.endswith(".html"):  # the layouts are too small to tell
            print(f"ours: {ms / default:.2f} of trafilatura's default (at most {CPU_SHARE})")
            missed |= ms > default * CPU_SHARE
        print()
    sys.exit(missed)


if __name__ == "__main__":
    main()
