"""An article as hashed words: what copies are compared by.

Theory of operation. The text is folded and cut into words; each becomes a 64-bit hash, and from there on all is
arithmetic on arrays: lines are told apart, shingles are made and compared without another look at a letter. An
article of 400 words is read in a quarter of a millisecond; a regular expression and a hash function called for each
shingle took five times as long.

A figure is one word without its separators: 1,300 and 1300, 2.5 and ٢٫٥ are the same. Letters and digits that touch
are two words, as are two scripts, so H20 and H200 differ in a figure. A line that stood on the page before is
dropped, for pages hold their text twice, and so are the lines that an outlet prints under everything
(`rasid.boilerplate`), unless next to nothing would remain: a footer too many is a blemish, an article too few a fault.

The hash of a word is a polynomial over its code points modulo 2⁶⁴, mixed by the finaliser of MurmurHash3 (Appleby).
It guards against chance, not against an enemy who makes words collide; all he could do is to have his own article
taken for a copy.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from xxhash import xxh3_64_intdigest, xxh3_128_hexdigest

from rasid.text import fold, word_kinds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]
    Places = NDArray[np.int64]
    Flags = NDArray[np.bool_]

SHINGLE: Final = 4  # words
_WINDOW_STEPS: Final = (1, 2, 4, 4)
"""The minimum of two shingles, of 4, of 8, of 12 in a row: any run of 15 words in common gives a key in common."""
_ALL_KEYS_BELOW: Final = 30  # shingles; teasers keep every key, for they have few

SHORT: Final = 30
"""Words; in a shorter text the title is part of what must be equal."""

_READINGS_KEPT: Final = 512  # a megabyte each hundred: twelve outlets copy one original within the hour
_TELLING_LINE: Final = 4  # words; shorter lines («وقال:») recur for good reasons and say nothing of an outlet
_KEPT_AT_LEAST: Final = (
    8  # words, after an outlet's boilerplate went: a notice under a long disclaimer has more
)

_TITLE_WORD: Final = re.compile(r"[0-9]+|[^\W\d_]+")
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
_DIGIT: Final = 3  # beside the kinds of letters
_SEPARATORS: Final = ".,٫٬:"
_SPACE: Final = ord(" ")
_NEWLINE: Final = ord("\n")


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """The words of a text as hashes, in order; each line once, without boilerplate."""

    folded: str
    offsets: NDArray[np.int32]  # of each folded code point the index of its original one
    starts: Places  # of each word, in the folded text
    ends: Places
    hashes: Hashes
    figures: Flags  # which of the words are figures
    lengths: Places  # letters of each word, digits of a figure
    whole: Hashes  # of each line once, boilerplate included
    lines: tuple[int, ...]  # hashes of the distinct lines that are long enough to tell, boilerplate included

    def __len__(self) -> int:
        return len(self.hashes)

    def written(self, at: int) -> str:
        """A word as folding left it, a figure with its separators."""
        return self.folded[self.starts[at] : self.ends[at]]

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Where a run of words stands in the original text: code points, end exclusive."""
        return int(self.offsets[self.starts[first]]), int(self.offsets[self.ends[last] - 1]) + 1

    def shingles(self) -> Hashes:
        """Hashes of all runs of four words, in order; of the whole where there are fewer."""
        if not len(self):
            return self.hashes
        if len(self) < SHINGLE:
            return _mixed(_combined(*(self.hashes[i : i + 1] for i in range(len(self)))))
        runs = len(self) - SHINGLE + 1
        return _mixed(_combined(*(self.hashes[i : i + runs] for i in range(SHINGLE))))


@dataclass(frozen=True, eq=False)
class Reading:
    """A title and a text as they are compared; what a new article is rarely asked for is worked out when it is."""

    headline: str
    words: Words
    shingles: Hashes  # in the order of the words
    exact: str  # hex

    @cached_property
    def title(self) -> list[str]:
        """The words of the title, folded."""
        return _TITLE_WORD.findall(fold(self.headline).text)

    @cached_property
    def vocabulary(self) -> Counter[str]:
        """How often each word stands in the text."""
        words = self.words
        places = zip(words.starts.tolist(), words.ends.tolist(), strict=True)
        return Counter([words.folded[start:end] for start, end in places])

    @cached_property
    def distinct(self) -> Hashes:
        """The shingles, ascending, each once."""
        ordered = np.sort(self.shingles)
        first = np.ones(len(ordered), dtype=np.bool_)
        np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
        found: Hashes = ordered[first]
        return found

    @property
    def is_blank(self) -> bool:
        """Whether neither holds a word."""
        return not len(self.words) and not self.title


@dataclass(frozen=True, slots=True)
class Runs:
    """Unbroken runs of words that no common shingle covers, and where they begin; 0 long between neighbours."""

    starts: list[int]
    lengths: list[int]


@lru_cache(maxsize=_READINGS_KEPT)
def read(title: str, text: str, boilerplate: frozenset[int] = frozenset()) -> Reading:
    """Read an article.

    Args:
        title: Of the article.
        text: As stored, paragraphs separated by line breaks.
        boilerplate: Lines (`Words.lines`) that are an outlet's and not the article's.
    """
    words = read_words(text, boilerplate)
    return Reading(title, words, words.shingles(), _exact(title, words))


def _exact(title: str, words: Words) -> str:
    """Of the whole text, for what is boilerplate changes with time.

    Two photo pages with the same line of text and other titles are two articles.
    """
    short = read_words(title).whole.tobytes() + b"|" if len(words.whole) < SHORT else b""
    return xxh3_128_hexdigest(short + words.whole.tobytes())


def read_words(text: str, boilerplate: frozenset[int] = frozenset()) -> Words:
    """Cut a text into hashed words; arguments as in `read`."""
    folded = fold(text)
    codes = folded.codes
    kinds = _kinds().take(codes)
    separators = _within_figures(codes, kinds)
    kinds[separators] = _DIGIT
    padded = np.zeros(len(kinds) + 2, dtype=kinds.dtype)
    padded[1:-1] = kinds
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    begins = edges[:-1] if len(edges) else edges
    worded = kinds[begins] > 0
    starts, ends = begins[worded], edges[1:][worded]
    hashes, lengths = _hashed(codes, (kinds > 0) & ~separators, starts, ends)
    kept, once, lines = _own_lines(codes, starts, hashes, boilerplate)
    return Words(
        folded=folded.text,
        offsets=folded.offsets,
        starts=starts[kept],
        ends=ends[kept],
        hashes=hashes[kept],
        figures=(kinds[starts] == _DIGIT)[kept],
        lengths=lengths[kept],
        whole=hashes[once],
        lines=lines,
    )


def winnow(shingles: Hashes) -> tuple[int, ...]:
    """Keys of a text: the smallest hash of each window of twelve, as signed integers.

    Equal passages give equal keys, wherever they stand (Schleimer, Wilkerson, Aiken 2003).
    """
    keys = shingles.astype(np.int64)
    if len(keys) >= _ALL_KEYS_BELOW:
        for step in _WINDOW_STEPS:
            keys = np.minimum(keys[:-step], keys[step:])
        first = np.ones(len(keys), dtype=np.bool_)
        np.not_equal(keys[1:], keys[:-1], out=first[1:])
        keys = keys[first]
    return tuple(dict.fromkeys(keys.tolist()))


def uncovered(reading: Reading, common: Hashes) -> Runs:
    """Tell which runs of an article's words no common shingle covers; there is one at least, of length 0."""
    words = len(reading.words)
    hit = np.zeros(len(reading.shingles), dtype=np.bool_)
    if len(common):
        hit = common[np.searchsorted(common, reading.shingles).clip(max=len(common) - 1)] == reading.shingles
    over = np.zeros(words, dtype=np.bool_)
    for shift in range(min(SHINGLE, words)):
        over[shift : shift + len(hit)] |= hit
    edges = np.concatenate(([-1], np.flatnonzero(over), [words]))
    return Runs((edges[:-1] + 1).tolist(), (np.diff(edges) - 1).tolist())


def slots(words: Words) -> tuple[Hashes, Places]:
    """Figures by their context: the two words before and the one after, other figures masked.

    Returns:
        Hashes of the contexts, ascending, and the index of each one's figure; contexts that recur are left out.
    """
    at = np.flatnonzero(words.figures)
    padded = np.concatenate((_zeros(2), np.where(words.figures, _FACTOR, words.hashes), _zeros(1)))
    contexts = _mixed(_combined(padded[at], padded[at + 1], padded[at + 3]))
    unique, first, counts = np.unique(contexts, return_index=True, return_counts=True)
    alone = counts == 1
    return unique[alone], at[first[alone]]


def _zeros(count: int) -> Hashes:
    return np.zeros(count, dtype=np.uint64)


def _within_figures(codes: NDArray[np.int32], kinds: NDArray[np.uint8]) -> Flags:
    """Separators between digits, and a space before one: «1,300» and «1 ,300» are one figure."""
    found = np.zeros(len(codes), dtype=np.bool_)
    digit = kinds == _DIGIT
    marks = np.flatnonzero(_separator_codes().take(codes))
    marks = marks[(marks > 0) & (marks < len(codes) - 1)]
    marks = marks[digit[marks + 1]]
    if not len(marks):
        return found
    spaced = (codes[marks - 1] == _SPACE) & digit[np.maximum(marks - 2, 0)] & (marks >= 2)
    found[marks[digit[marks - 1] | spaced]] = True
    found[marks[spaced] - 1] = True
    return found


def _hashed(codes: NDArray[np.int32], counted: Flags, starts: Places, ends: Places) -> tuple[Hashes, Places]:
    """A hash for each word and its length, separators inside figures passed over; `counted`: what words are of."""
    before = np.concatenate(([0], np.cumsum(counted)))
    lengths = before[ends] - before[starts]
    if not len(starts):
        return _zeros(0), lengths
    first = int(starts[0])
    until = np.append(starts[1:], len(codes))
    place = before[first:-1] - np.repeat(before[starts], until - starts)  # at most the word's length
    powers = _powers(1 << int(lengths.max()).bit_length())
    values = codes[first:].astype(np.uint64) * powers.take(place) * counted[first:]
    return _mixed(np.add.reduceat(values, starts - first)), lengths


def _own_lines(
    codes: NDArray[np.int32], starts: Places, hashes: Hashes, boilerplate: frozenset[int]
) -> tuple[Flags, Flags, tuple[int, ...]]:
    """Which words stand in lines of the article's own, which in lines not yet seen, and the lines that tell."""
    line = np.searchsorted(np.flatnonzero(codes == _NEWLINE), starts)
    bounds = [0, *(np.flatnonzero(line[1:] != line[:-1]) + 1).tolist(), len(starts)]
    once = np.ones(len(starts), dtype=np.bool_)
    foreign = np.zeros(len(starts), dtype=np.bool_)
    seen: set[int] = set()
    telling: list[int] = []
    for begin, end in pairwise(bounds):
        name = _signed(xxh3_64_intdigest(hashes[begin:end].tobytes()))
        if name in seen:
            once[begin:end] = False
        elif end - begin >= _TELLING_LINE:
            telling.append(name)
            foreign[begin:end] = name in boilerplate
        seen.add(name)
    own = once & ~foreign
    if own.sum() < _KEPT_AT_LEAST:
        own = once
    return own, once, tuple(telling)


def _signed(value: int) -> int:
    """As databases store it."""
    return value - (1 << 64) if value >= 1 << 63 else value


def _combined(*parts: Hashes) -> Hashes:
    total = parts[0]
    for part in parts[1:]:
        total = total * _FACTOR + part
    return total


def _mixed(values: Hashes) -> Hashes:
    """The finaliser of MurmurHash3: every bit of the input moves every bit of the output."""
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return values ^ (values >> np.uint64(33))


@cache
def _powers(count: int) -> Hashes:
    return np.multiply.accumulate(np.full(count, _FACTOR, dtype=np.uint64))


@cache
def _kinds() -> NDArray[np.uint8]:
    """What each code point may be a part of: 0 nothing, _DIGIT a figure, else a word of its script."""
    kinds = word_kinds().copy()
    kinds[ord("0") : ord("9") + 1] = _DIGIT
    return kinds


@cache
def _separator_codes() -> Flags:
    """Of each code point whether it may stand within a figure."""
    table = np.zeros(len(_kinds()), dtype=np.bool_)
    table[[ord(mark) for mark in _SEPARATORS]] = True
    return table
