"""The common words of the Arabic press, with how many articles hold each: what tells a word from a name.

`common_words.txt` counts folded words in 40,408 articles of nine outlets (2018, 2023, 2024), those of 20 articles
and more. It tells «بطاقة» (a card) from ب + «طاقة» (with energy), «هواوي» + «رويترز» from one long word, and a
form that would match thousands of articles from a rare one.

To count another corpus, JSON lines with "title" and "text" in, the file out::

    python -m rasid.vocabulary < articles.jsonl > rasid/common_words.txt
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from rasid.text import fold, is_arabic_letter, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ARTICLES: Final = 40_408
"""How many articles were counted."""
_FEWEST: Final = 20  # articles: below, misprints and names begin to outnumber words


@cache
def common_words() -> Mapping[str, int]:
    """Give the folded words that are common, each with the number of articles that hold it."""
    lines = files("rasid").joinpath("common_words.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines)
    return {word: int(count) for word, count in pairs}


def is_word_of_its_own(word: str, rest: str) -> bool:
    """Tell whether a word is no clitic before the rest of it: as common as that («بطاقة»), or far more («وزير»).

    With و and ف it must be far more common, for news sentences begin with them («وقال»).
    """
    counts = common_words()
    times = 20 if word[0] in "وف" else 1
    return counts.get(word, 0) > times * counts.get(rest, 0)


def is_run_together(letters: str) -> bool:
    """Tell whether letters are common words of three letters and more, one after the other without a space."""
    counts = common_words()
    ends = {0}
    for end in range(3, len(letters) + 1):
        if any(end - start >= 3 and letters[start:end] in counts for start in ends):
            ends.add(end)
    return len(letters) in ends


def count(texts: Iterable[str]) -> list[tuple[str, int]]:
    """Count in how many texts each Arabic word stands; common ones only, the commonest first."""
    holders: Counter[str] = Counter()
    for text in texts:
        holders.update(set(words(fold(text).text)))
    common = (
        (word, held)
        for word, held in holders.items()
        if held >= _FEWEST and len(word) > 1 and is_arabic_letter(word[0])
    )
    return sorted(common, key=lambda pair: (-pair[1], pair[0]))


def main() -> None:
    """Count the articles on standard input."""
    articles = (json.loads(line) for line in sys.stdin)
    for word, held in count(f"{article.get('title') or ''}\n{article['text']}" for article in articles):
        sys.stdout.write(f"{word}\t{held}\n")


if __name__ == "__main__":
    main()
