"""What matching.py works on: articles of the press, and watchlists as long as an operator's whole market.

No corpus of names is at hand. So a list mixes the names found in the articles themselves (capitalised Latin ones,
and the Arabic ones beside them that sound alike) with names made of syllables, as foreign names are transliterated,
both drawn with a fixed seed. Short names and codes have cues, as operators give them.
"""

from __future__ import annotations

import json
import lzma
import random
import re
from collections import Counter
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from demo.press import load
from demo.server import ARTICLES
from rasid.sounds import sound_distance
from rasid.suggest import latin_pairs
from rasid.text import fold, is_arabic_letter, words
from rasid.types import Cue, Form, Term
from rasid.vocabulary import common_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CORPORA = Path(__file__).resolve().parents[2] / "shared" / "corpora"
SEED = 20
CUES = Cue(("شركة", "شركات", "هاتف", "رقائق", "تقنية", "سهم", "مدير", "Inc", "chip"))
SHORT = 5  # letters: shorter names are words of some language
ALIKE = 0.2  # sound distance: two unwritten vowels
RARE = range(1, 4)  # articles that hold a rare word

# A name in capitals that no English sentence surrounds.
LATIN_NAME = re.compile(
    r"(?<![A-Za-z\d.@/_-])(?<![A-Za-z] )[A-Z][A-Za-z\d]{2,}(?: [A-Z][A-Za-z\d]+)?(?![\w.@/-]| [a-zA-Z])",
    re.ASCII,
)
# As they are transliterated.
ONSETS = {
    "b": "ب", "d": "د", "f": "ف", "g": "غ", "h": "ه", "j": "ج", "k": "ك", "l": "ل", "m": "م", "n": "ن", "p": "ب",
    "r": "ر", "s": "س", "t": "ت", "v": "ف", "z": "ز", "sh": "ش", "ch": "تش", "kh": "خ", "th": "ث", "tr": "تر",
    "kr": "كر",
}  # fmt: skip
VOWELS = {"a": "ا", "e": "ي", "i": "ي", "o": "و", "u": "و", "ai": "اي"}
CODAS = {"n": "ن", "r": "ر", "s": "س", "l": "ل", "m": "م", "x": "كس", "ng": "نغ", "k": "ك"}
CLOSED = 0.5  # of the syllables


class Article(NamedTuple):
    """As the matcher gets it."""

    title: str
    text: str

    @property
    def size(self) -> int:
        """Bytes of UTF-8."""
        return len(self.title.encode()) + len(self.text.encode())


def articles(size: int) -> tuple[str, list[Article]]:
    """Give articles of at least so many bytes, and where they come from: a spread of the corpora, else the demo."""
    found = [article for path in sorted(CORPORA.glob("*.jsonl.xz")) for article in _corpus(path)]
    source: Iterable[Article] = found
    if found:
        random.Random(SEED).shuffle(found)
    else:
        press = load(ARTICLES, datetime(2026, 3, 1, tzinfo=UTC)).articles
        source = cycle([Article(article.title, article.text) for article in press])
    taken: list[Article] = []
    for article in source:
        if size <= 0:
            break
        taken.append(article)
        size -= article.size
    return "the corpora of ../shared" if found else "the demo press, repeated", taken


def _corpus(path: Path) -> Iterator[Article]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield Article(row.get("title") or "", row.get("text") or "")


def name_lists(read: Sequence[Article], sizes: Sequence[int]) -> dict[int, list[Term]]:
    """Give lists of so many forms each, the shorter ones being the beginnings of the longest."""
    rng = random.Random(SEED)
    found = _found_names(read)
    made = _made_names(rng, taken={fold(spelling).text for name in found for spelling in name})
    names = found + [next(made) for _ in range(max(sizes))]
    # Found and made ones alternate in a long list as in a short one; each name has one or two forms.
    names = names[: max(sizes)]
    rng.shuffle(names)
    return {size: _terms(names, size) for size in sizes}


def rare_words(read: Sequence[Article], size: int) -> list[Term]:
    """Give a list of so many rare ordinary words of the articles, each a term of its own: the worst case."""
    holders = _holders(read)
    rare = sorted(
        word
        for word, held in holders.items()
        if held in RARE and len(word) >= SHORT and is_arabic_letter(word[0])
    )
    chosen = random.Random(SEED).sample(rare, min(size, len(rare)))
    return [Term(f"rare-{number}", word, word, (Form(word),)) for number, word in enumerate(chosen)]


def _holders(read: Sequence[Article]) -> Counter[str]:
    holders: Counter[str] = Counter()
    for article in set(read):
        holders.update(set(words(fold(article.text).text)))
    return holders


def _terms(names: Sequence[tuple[str, ...]], size: int) -> list[Term]:
    terms: list[Term] = []
    for name in names:
        spellings = name[:size]
        size -= len(spellings)
        if spellings:
            terms.append(Term(f"name-{len(terms)}", name[0], name[-1], tuple(map(_form, spellings))))
    return terms


def _form(spelling: str) -> Form:
    if any(map(str.isdigit, spelling)) and " " not in spelling:
        return Form(spelling, "code", CUES)
    return Form(spelling, near=CUES if len(spelling) < SHORT else None)


def _found_names(read: Sequence[Article]) -> list[tuple[str, ...]]:
    """Give the Latin names of the articles, each with the Arabic spelling beside it where there is one."""
    latin = sorted({name for article in read for name in LATIN_NAME.findall(article.text)})
    beside = {
        name: phrase
        for article in read
        for phrase, name in latin_pairs(article.text)
        if sound_distance(name, phrase) <= ALIKE
    }
    return [(beside[name.lower()], name) if name.lower() in beside else (name,) for name in latin]


def _made_names(rng: random.Random, taken: set[str]) -> Iterator[tuple[str, ...]]:
    """Give names that nobody has, none of them made of common words, in Arabic and Latin; codes in Latin only."""
    while True:
        name = _made_name(rng)
        folded = {fold(spelling).text for spelling in name}
        if folded & taken or any(part in common_words() for spelling in folded for part in words(spelling)):
            continue
        taken |= folded
        yield name


def _made_name(rng: random.Random) -> tuple[str, ...]:
    """Draw a company, a person of two names, a product with its number, or a code."""
    kind = rng.choices(("company", "person", "product", "code"), (55, 25, 10, 10))[0]
    if kind == "code":
        return ("".join(rng.choices("ABCDEFGHKLMNPRSTVXZ", k=2)) + str(rng.randrange(100, 10_000)),)
    arabic, latin = _word(rng)
    if kind == "person":
        family = _word(rng)
        return f"{arabic} {family[0]}", f"{latin} {family[1]}"
    if kind == "product":
        number = rng.randrange(2, 100)
        return f"{arabic} {number}", f"{latin} {number}"
    return arabic, latin


def _word(rng: random.Random) -> tuple[str, str]:
    """Draw a word of two to four syllables, in Arabic with every vowel written long, and in Latin."""
    sounds: list[tuple[str, str]] = []
    for _ in range(rng.choice((2, 2, 3, 3, 4))):
        sounds += [rng.choice(list(ONSETS.items())), rng.choice(list(VOWELS.items()))]
        if rng.random() < CLOSED:
            sounds.append(rng.choice(list(CODAS.items())))
    latin, arabic = ("".join(letters) for letters in zip(*sounds, strict=True))
    return arabic, latin.capitalize()
