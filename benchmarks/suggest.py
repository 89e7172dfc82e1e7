"""How long choosing and ranking spellings takes, beside rapidfuzz.process.extract over the same words.

The words are those of the corpora in ../shared/corpora; where these are absent, those of the demo press, repeated
with endings until there are some 200,000. Reading articles is not in it. The limit: the median suggestion costs at most
four extracts with rapidfuzz's own default scorer (WRatio), which compares letters and so finds one script only.

python benchmarks/suggest.py [--runs 5]
"""

from __future__ import annotations

import argparse
import json
import lzma
import statistics
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING

from rapidfuzz import process

from demo.press import load
from demo.server import ARTICLES
from rasid.suggest import candidates, suggest
from rasid.text import fold, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CORPORA = Path(__file__).resolve().parents[2] / "shared" / "corpora"
NAMES = ("Nvidia", "Huawei", "Qualcomm", "Samsung", "TSMC", "OpenAI", "إنتل")
WORDS = 200_000
ENDINGS = "اتنيهوكم"
LIMIT = 4.0


def corpus_texts() -> Iterator[str]:
    """Title and text of each article of the corpora."""
    for path in sorted(CORPORA.glob("*.jsonl.xz")):
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                yield f"{row.get('title') or ''}\n{row.get('text') or ''}"


def vocabulary() -> dict[str, int]:
    """Folded word → articles that hold it."""
    counts: Counter[str] = Counter()
    for text in corpus_texts():
        counts.update(set(words(fold(text).text)))
    return counts or press_vocabulary()


def press_vocabulary() -> dict[str, int]:
    """The demo press's words, then the same with endings."""
    counts: Counter[str] = Counter()
    for article in load(ARTICLES, datetime(2026, 3, 1, tzinfo=UTC)).articles:
        counts.update(set(words(fold(f"{article.title}\n{article.text}").text)))
    endings = ("".join(letters) for size in range(1, 9) for letters in product(ENDINGS, repeat=size))
    longer = (word + ending for ending in endings for word in sorted(counts))
    return counts | dict.fromkeys(islice(longer, WORDS - len(counts)), 1)


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    """Print the medians; exit with 1 where the limit is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    counts = vocabulary()
    listed = list(counts)

    def ours(name: str) -> None:
        chosen = candidates([name], listed).words
        suggest([name], {word: counts[word] for word in chosen}, {}, {}, limit=20)

    ratios = []
    print(
        f"{len(listed):,} words\n{'name':<10}{'suggest s':>11}{'extract s':>11}{'ratio':>8}   medians of {runs}"
    )
    for name in NAMES:
        turns = [
            (seconds(lambda: ours(name)), seconds(lambda: process.extract(name, listed, limit=20)))  # noqa: B023
            for _ in range(runs)
        ]
        mine, theirs = (statistics.median(column) for column in zip(*turns, strict=True))
        ratios.append(mine / theirs)
        print(f"{name:<10}{mine:>11.3f}{theirs:>11.3f}{ratios[-1]:>8.2f}")
    ratio = statistics.median(ratios)
    print(f"median ratio {ratio:.2f} (at most {LIMIT:.0f})")
    sys.exit(ratio > LIMIT)


if __name__ == "__main__":
    main()
