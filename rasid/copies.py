"""Copies: how a new article relates to those that the corpus holds.

Theory of operation. A copy hides an article from digests, so the question is not "how similar?" but "does it
say anything new?". Similarity finds, guards decide:

1. The text is folded and cut into words; lines repeated within the page are dropped; figures lose their
   separators.
2. `exact`: equal hash of the words.
3. Candidates share winnowed 4-word shingles (Schleimer, Wilkerson, Aiken 2003; w = 12): any run of 15 words
   in common is found, in a teaser of 40 words too, with about 45 keys an article. Keys that stand in more
   than 50 articles are an outlet's footer and are ignored.
4. Containment is then computed exactly, both ways: the share of the new article's shingles that the old one
   holds, and the share of the old one's. Both are needed: a teaser has 1 and .1, an update the reverse.
5. Guards. Strangers that share one block behind texts of their own are not linked at all. The same template
   with other content is `revised`: a figure that differs between the same words, long figures that are not
   shared, a name of the two titles swapped in the texts too.
6. `extends`: the old one is contained and an unbroken passage comes with it. A passage, not a count of new
   shingles: an edit of every twelfth word makes hundreds of new shingles and adds nothing.

Known exceptions. A copy in which one figure was corrected is `revised`: shown, not hidden. An article that is
rewritten sentence by sentence shares no shingles: that is the business of stories. Texts should come cleaned:
four lines of an outlet's disclaimers above a copy look like a passage that it adds.

Rejected, with their figures on 25,000 articles with 2,689 copies: rapidfuzz ratio R .75 P .87; MinHash 32×4,
Jaccard ≥ .5, R .82 P .83 (and it finds .42 of the teasers); SimHash R .60 P .86; containment ≥ .5 without
guards R .995 P .81, because tomorrow's exchange rates overlap .9 with today's.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import fuzz
from xxhash import xxh3_64_intdigest, xxh3_128_hexdigest

from rasid.text import fold
from rasid.types import SUPPRESSED, Candidate, Fingerprint, Reason, Relation, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

SHARED_KEYS = 2  # fewer in common is a stock phrase
COMMON_KEY = 50  # articles; a key in more of them is an outlet's footer
CANDIDATES = 8

_SHINGLE = 4
_WINDOW = 12
_ALL_KEYS_BELOW = 30  # shingles; teasers keep every key, for they have few
_SHORT = 30  # words; below this the title is part of what must be equal

# Measured on the 25,000: of copies of every kind at least .47 stands in the original; articles that quote a
# paragraph of another have at most .32 in it.
_LINKED = 0.45
_CONTAINED = 0.80
_WHOLE_OLD = 0.85
_MOST_OF_OLD = 0.60
_EXCERPT_SIZE = 0.75  # of the old one's shingles, "clearly shorter"
# Unbroken new words. Updates bring 50 and more above the whole old text; heavy rewriting leaves runs of up to
# 60, but only where less than .85 of the old text stands.
_PASSAGE = 45
_PASSAGE_IN_REWRITE = 100
# A block under both texts is an outlet's, whatever its length; a rewritten lede is shorter than this.
_OWN_TEXT = 30
_TAIL_GAPS = 0.1  # of the text above: a rewritten copy has gaps all over
_LONG_FIGURE = 3  # digits
_LONG_FIGURES_SHARED = 0.40
_TITLE_WORDS = 64  # titles are aligned in quadratic time, and some feeds put the article into them
_SAME_TITLE = 60  # rapidfuzz token_set_ratio
_SUBJECT_MENTIONS = 3  # a synonym in an edited title stands once or twice in the text
_SWAPPED = 60  # rapidfuzz ratio; بوتن and بوتين are one name, فرنسا and ألمانيا two

_TOKEN = re.compile(r"[0-9]+(?:\s?[.,٫٬:][0-9]+)*|[^\W\d_]+")
_SEPARATORS = re.compile(r"[^0-9]")


@dataclass(frozen=True, slots=True)
class _Reading:
    """An article as this module reads it."""

    words: tuple[str, ...]  # folded; figures as bare digits
    written: tuple[str, ...]  # the same words, figures with their separators
    title: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        return not self.words and not self.title


@dataclass(frozen=True, slots=True)
class _Overlap:
    """Containment both ways, 0 … 1."""

    in_old: float  # share of the new article's shingles that the old one holds
    of_old: float  # share of the old one's that the new one holds

    @property
    def closeness(self) -> float:
        return self.in_old + self.of_old

    @property
    def largest(self) -> float:
        return max(self.in_old, self.of_old)


@dataclass(frozen=True, slots=True)
class _Finding:
    """How the new article relates to one candidate."""

    relation: Relation
    score: float
    closeness: float  # both containments together: an article is nearer to its original than to an extension
    why: Reason


class MemoryCorpus:
    """The corpus of one process: the same candidate rules as the database's."""

    def __init__(self) -> None:
        self._articles: dict[int, Candidate] = {}
        self._exact: dict[str, int] = {}
        self._keys: defaultdict[int, list[int]] = defaultdict(list)

    def add(self, candidate: Candidate, fp: Fingerprint, verdict: Verdict | None = None) -> None:
        """Take an article in; a copy only leads to its original, so that originals alone are candidates."""
        if verdict is not None and verdict.original is not None and verdict.relation in SUPPRESSED:
            self._exact.setdefault(fp.exact, verdict.original)
            return
        self._articles[candidate.id] = candidate
        self._exact.setdefault(fp.exact, candidate.id)
        for key in fp.keys:
            holders = self._keys[key]
            if len(holders) <= COMMON_KEY:
                holders.append(candidate.id)

    def candidates(self, fp: Fingerprint, limit: int = CANDIDATES) -> list[Candidate]:
        """Return the articles that may be the original, the one with most shared keys first."""
        shared: Counter[int] = Counter()
        for key in fp.keys:
            holders = self._keys.get(key, ())
            if len(holders) <= COMMON_KEY:
                shared.update(holders)
        found = [article for article, n in shared.most_common(limit) if n >= SHARED_KEYS]
        same = self._exact.get(fp.exact)
        if same is not None:
            found = [same, *(article for article in found if article != same)]
        return [self._articles[article] for article in found[:limit]]


def fingerprint(title: str, text: str) -> Fingerprint:
    """Return what the corpus is asked with; the keys are signed 64-bit integers."""
    reading = _read(title, text)
    shingles = _shingles(reading.words)
    return Fingerprint(exact=_exact(reading), keys=_winnow(shingles), words=len(reading.words))


def decide(title: str, text: str, published: datetime, candidates: Sequence[Candidate]) -> Verdict:
    """Say how a new article relates to the candidates.

    Args:
        title: Of the new article.
        text: Of the new article, cleaned.
        published: Of the new article; an original dated later is still the original, for it was here first.
        candidates: What the corpus offers, at most a handful.

    Returns:
        The strongest relation found: a copy before an update before another edition of the template; among
        equals the closest candidate, then the one dated nearest, then the one here first.
    """
    new = _read(title, text)
    shingles = frozenset(_shingles(new.words))
    found = [(candidate, _compare(new, shingles, candidate)) for candidate in candidates]
    linked = [(candidate, finding) for candidate, finding in found if finding is not None]
    if not linked:
        return Verdict("new", None, 0.0, Reason("لا نصّ سابق يشبهه", "no earlier text is like it"))
    candidate, finding = min(linked, key=lambda pair: _rank(pair[0], pair[1], published))
    return Verdict(finding.relation, candidate.id, round(finding.score, 4), finding.why)


_STRENGTH: dict[Relation, int] = {"exact": 0, "near": 1, "excerpt": 1, "extends": 2, "revised": 3}


def _rank(candidate: Candidate, finding: _Finding, published: datetime) -> tuple[int, float, float, int]:
    distance = abs((candidate.published - published).total_seconds())
    return _STRENGTH[finding.relation], -round(finding.closeness, 2), distance, candidate.id


def _compare(new: _Reading, shingles: frozenset[int], candidate: Candidate) -> _Finding | None:
    old = _read(candidate.title, candidate.text)
    if not new.is_blank and _exact(new) == _exact(old):
        return _Finding("exact", 1.0, 2.0, _copied(candidate.title, 1.0))
    if not new.words or not old.words or _is_stock_line(new, old):
        return None
    theirs = frozenset(_shingles(old.words))
    common = shingles & theirs
    overlap = _Overlap(len(common) / len(shingles), len(common) / len(theirs))
    if overlap.in_old < _LINKED and overlap.of_old < _MOST_OF_OLD:
        return None
    if _share_a_tail(new, old, common):
        return None
    return (
        _revised(new, old, overlap)
        or _extends(new, theirs, candidate, overlap)
        or _copy(candidate, overlap, shorter=len(shingles) < _EXCERPT_SIZE * len(theirs))
    )


def _copy(candidate: Candidate, overlap: _Overlap, *, shorter: bool) -> _Finding:
    share = overlap.in_old
    relation: Relation = "excerpt" if shorter and share >= _CONTAINED else "near"
    return _Finding(relation, share, overlap.closeness, _copied(candidate.title, share))


def _copied(title: str, share: float) -> Reason:
    percent = f"{share:.0%}"
    return Reason(f"نسخة من «{title}»: {percent} من النص", f"copy of “{title}”: {percent} of the text")


def _extends(
    new: _Reading, theirs: frozenset[int], candidate: Candidate, overlap: _Overlap
) -> _Finding | None:
    if overlap.of_old < _MOST_OF_OLD:
        return None
    runs = _uncovered(new.words, theirs)
    needed = _PASSAGE if overlap.of_old >= _WHOLE_OLD else _PASSAGE_IN_REWRITE
    if max(runs) < needed and overlap.in_old >= _LINKED:
        return None
    added = sum(runs)
    counted = f"{added} {'كلمات' if 3 <= added % 100 <= 10 else 'كلمة'}"
    why = Reason(f"يضيف {counted} إلى «{candidate.title}»", f"adds {added} words to “{candidate.title}”")
    return _Finding("extends", overlap.of_old, overlap.closeness, why)


def _revised(new: _Reading, old: _Reading, overlap: _Overlap) -> _Finding | None:
    why = _changed_figures(new, old) or _other_figures(new, old) or _swapped_name(new, old)
    if why is None and overlap.largest < _WHOLE_OLD:
        why = _other_subject(new, old)
    return None if why is None else _Finding("revised", overlap.largest, overlap.closeness, why)


# ── the reading ───────────────────────────────────────────────────────────────────────────────────


def _read(title: str, text: str) -> _Reading:
    written = [word for line in _distinct_lines(fold(text).text) for word in line]
    return _Reading(
        words=tuple(_bare(word) for word in written),
        written=tuple(written),
        title=tuple(_bare(word) for word in _TOKEN.findall(fold(title).text)[:_TITLE_WORDS]),
    )


def _distinct_lines(folded: str) -> Iterator[list[str]]:
    """Lines as words, each line once: pages hold their text twice."""
    seen: set[tuple[str, ...]] = set()
    for line in folded.split("\n"):
        words = _TOKEN.findall(line)
        if tuple(words) not in seen:
            seen.add(tuple(words))
            yield words


def _bare(word: str) -> str:
    return _SEPARATORS.sub("", word) if word[0].isdigit() else word


def _exact(reading: _Reading) -> str:
    """Two photo pages with the same line of text and other titles are two articles."""
    words = reading.words if len(reading.words) >= _SHORT else (*reading.title, "\n", *reading.words)
    return xxh3_128_hexdigest(" ".join(words).encode())


def _shingles(words: Sequence[str]) -> list[int]:
    """Hashes of all runs of four words, as signed 64-bit integers; of the whole where there are fewer."""
    runs = range(max(1, len(words) - _SHINGLE + 1)) if words else ()
    joined = (" ".join(words[i : i + _SHINGLE]) for i in runs)
    hashes = np.fromiter((xxh3_64_intdigest(run.encode()) for run in joined), dtype=np.uint64)
    signed: list[int] = hashes.astype(np.int64).tolist()
    return signed


def _winnow(shingles: Sequence[int]) -> tuple[int, ...]:
    """The smallest hash of each window of twelve: equal passages give equal keys, wherever they stand."""
    if len(shingles) < _ALL_KEYS_BELOW:
        return tuple(dict.fromkeys(shingles))
    windows = np.lib.stride_tricks.sliding_window_view(np.array(shingles, dtype=np.int64), _WINDOW)
    smallest: list[int] = windows.min(axis=1).tolist()
    return tuple(dict.fromkeys(smallest))


def _uncovered(words: Sequence[str], known: frozenset[int]) -> list[int]:
    """Lengths of the unbroken runs of words that no known shingle covers; 0 between neighbours."""
    covered = bytearray(len(words))
    for start, shingle in enumerate(_shingles(words)):
        if shingle in known:
            end = min(start + _SHINGLE, len(words))
            covered[start:end] = b"\x01" * (end - start)
    edges = [-1, *(at for at, is_covered in enumerate(covered) if is_covered), len(words)]
    return [after - before - 1 for before, after in pairwise(edges)]


# ── the guards ────────────────────────────────────────────────────────────────────────────────────


def _is_stock_line(new: _Reading, old: _Reading) -> bool:
    """«شاهد الفيديو» under two titles: the texts are too short to tell, so the titles do."""
    if max(len(new.words), len(old.words)) >= _SHORT:
        return False
    return fuzz.token_set_ratio(" ".join(new.title), " ".join(old.title)) < _SAME_TITLE


def _share_a_tail(new: _Reading, old: _Reading, common: frozenset[int]) -> bool:
    """Two articles with texts of their own above, and one unbroken block in common at the end of both."""
    for reading in (new, old):
        first, *inner, _last = _uncovered(reading.words, common)
        if first < _OWN_TEXT or sum(inner) > _TAIL_GAPS * first:
            return False
    return True


def _changed_figures(new: _Reading, old: _Reading) -> Reason | None:
    """Figures between the same words that differ: the one sign that tells tomorrow's rates from a copy."""
    now, before = _slots(new), _slots(old)
    both = [(before[slot], value) for slot, value in now.items() if slot in before]
    changed = [(was, value) for was, value in both if _bare(was) != _bare(value)]
    if not changed:
        return None
    shown = "، ".join(f"{was} → {value}" for was, value in changed[:3])
    return Reason(f"الأرقام تغيّرت: {shown}", f"the figures changed: {shown.replace('،', ',')}")


def _slots(reading: _Reading) -> dict[tuple[str, ...], str]:
    """Figures by the two words before and the one after; contexts that recur in the text are left out."""
    masked = ["0" if word[0].isdigit() else word for word in reading.words]
    found: dict[tuple[str, ...], str] = {}
    recurring: set[tuple[str, ...]] = set()
    for at, word in enumerate(masked):
        if word != "0":
            continue
        slot = (*masked[max(0, at - 2) : at], "|", *masked[at + 1 : at + 2])
        if slot in found:
            recurring.add(slot)
        found[slot] = reading.written[at]
    return {slot: value for slot, value in found.items() if slot not in recurring}


def _other_figures(new: _Reading, old: _Reading) -> Reason | None:
    now, before = _long_figures(new.words), _long_figures(old.words)
    fewer, shared = min(len(now), len(before)), len(now & before)
    if fewer < 2 or shared >= _LONG_FIGURES_SHARED * fewer:
        return None
    return Reason(f"أرقام أخرى: {shared} مشترك من {fewer}", f"other figures: {shared} of {fewer} shared")


def _long_figures(words: Iterable[str]) -> set[str]:
    return {word for word in words if word[0].isdigit() and len(word) >= _LONG_FIGURE}


def _swapped_name(new: _Reading, old: _Reading) -> Reason | None:
    """A word of the titles that changed in its place, and in the texts as well."""
    now, before = set(new.words), set(old.words)
    for ours, theirs in _replaced(new.title, old.title):
        swapped = ours in now and ours not in before and theirs in before and theirs not in now
        if swapped and fuzz.ratio(ours, theirs) < _SWAPPED:
            return Reason(f"الاسم تغيّر: {theirs} → {ours}", f"the name changed: {theirs} → {ours}")
    return None


def _replaced(new: Sequence[str], old: Sequence[str]) -> Iterator[tuple[str, str]]:
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "replace" and i2 - i1 == j2 - j1:
            yield from zip(new[j1:j2], old[i1:i2], strict=True)


def _other_subject(new: _Reading, old: _Reading) -> Reason | None:
    """Congratulation telegrams overlap .75 without a figure: their titles name what the other text lacks."""
    ours, theirs = _subject(new, old), _subject(old, new)
    if not ours or not theirs:
        return None
    was, now = " ".join(theirs[:3]), " ".join(ours[:3])
    return Reason(
        f"موضوع آخر بالكلمات نفسها: {was} → {now}", f"another subject in the same words: {was} → {now}"
    )


def _subject(reading: _Reading, other: _Reading) -> list[str]:
    """Words of the title that run through its own text and are absent from the other's."""
    counts, others = Counter(reading.words), set(other.words)
    own = [word for word in dict.fromkeys(reading.title) if word.isalpha() and word not in others]
    own = [word for word in own if len(word) > 2 and counts[word]]
    return own if sum(counts[word] for word in own) >= _SUBJECT_MENTIONS else []
