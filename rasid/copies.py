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
6. What lost its shingles to a pen that changed every fourth word is a copy still where .70 of its words stand in
   the other in their order (longest common subsequence, rapidfuzz).
7. `extends`: the old one is contained and an unbroken passage comes with it. A passage, not a count of new
   shingles: an edit of every twelfth word makes hundreds of new shingles and adds nothing.

8. Edited copies come within days. The same text after ten and more is told as `revised`: a notice of every month has
   no other figure, and old news that is published as new is worth a look.

Known exceptions. A copy in which one figure was corrected is `revised`: shown, not hidden. An article that is
rewritten sentence by sentence shares no shingles: that is the business of stories. Texts should come cleaned:
four lines of an outlet's disclaimers above a copy look like a passage that it adds.

Rejected, with their figures on 25,000 articles with 2,689 copies: rapidfuzz ratio R .75 P .87; MinHash 32×4,
Jaccard ≥ .5, R .82 P .83 (and it finds .42 of the teasers); SimHash R .60 P .86; containment ≥ .5 without
guards R .995 P .81, because tomorrow's exchange rates overlap .9 with today's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rapidfuzz.distance import LCSseq

from rasid.revisions import is_stock_line, share_a_tail, what_changed
from rasid.shingles import read, uncovered, winnow
from rasid.types import NOTHING_LEARNED, SUPPRESSED, Candidate, Fingerprint, Reason, Relation, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rasid.shingles import Reading, Runs
    from rasid.types import LearnedLines

SHARED_KEYS = 2  # fewer in common is a stock phrase
COMMON_KEY = 50  # articles; a key in more of them is an outlet's footer
CANDIDATES = 8

_SHARED_AT_LEAST = (
    0.1  # of the keys of the one with fewer; 2,657 linked pairs have .25 and more, rewritten ones less
)

# Measured on the 25,000: of copies of every kind at least .47 stands in the original; articles that quote a
# paragraph of another have at most .32 in it.
_LINKED = 0.45
_SOME_LEFT = 0.20
_REWRITTEN = 0.70  # of its words: rewritten copies have .80 and more, all other articles .59 at most
_CONTAINED = 0.80
_WHOLE_OLD = 0.85
_MOST_OF_OLD = 0.60
_EXCERPT_SIZE = 0.75  # of the old one's shingles, "clearly shorter"
# Unbroken new words. Updates bring 50 and more above the whole old text; heavy rewriting leaves runs of up to
# 60, but only where less than .85 of the old text stands.
_PASSAGE = 45
_PASSAGE_IN_REWRITE = 100
_COMES_BACK = timedelta(days=10)  # copies of the press come within five
_TOLD_PASSAGE = 20  # words: a shorter gap between common shingles is an edit


@dataclass(frozen=True, slots=True)
class _Overlap:
    """Containment both ways, 0 … 1."""

    in_old: float  # share of the new article's shingles that the old one holds
    of_old: float  # share of the old one's that the new one holds

    @property
    def is_linked(self) -> bool:
        return self.in_old >= _LINKED or self.of_old >= _MOST_OF_OLD

    @property
    def closeness(self) -> float:
        return self.in_old + self.of_old

    @property
    def largest(self) -> float:
        return max(self.in_old, self.of_old)


class _New(NamedTuple):
    """The article to be judged."""

    title: str
    text: str
    outlet: str
    learned: LearnedLines


@dataclass(frozen=True, slots=True)
class _Finding:
    """How the new article relates to one candidate."""

    relation: Relation
    score: float
    closeness: float  # both containments together: an article is nearer to its original than to an extension
    why: Reason
    added: tuple[tuple[int, int], ...] = ()  # as in Verdict


class MemoryCorpus:
    """The corpus of one process: the same candidate rules as the database's."""

    def __init__(self) -> None:
        self._articles: dict[int, tuple[Candidate, int]] = {}  # with how many keys it has
        self._exact: dict[str, int] = {}
        self._keys: defaultdict[int, list[int]] = defaultdict(list)

    def add(self, candidate: Candidate, fp: Fingerprint, verdict: Verdict | None = None) -> None:
        """Take an article in; a copy only leads to its original, so that originals alone are candidates."""
        if verdict is not None and verdict.original is not None and verdict.relation in SUPPRESSED:
            self._exact.setdefault(fp.exact, verdict.original)
            return
        self._articles[candidate.id] = candidate, len(fp.keys)
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
        found = [
            article
            for article, count in sorted(shared.items(), key=lambda item: (-item[1], item[0]))
            if worth_reading(count, len(fp.keys), self._articles[article][1])
        ]
        same = self._exact.get(fp.exact)
        if same is not None:
            found = [same, *(article for article in found if article != same)]
        return [self._articles[article][0] for article in found[:limit]]


def worth_reading(shared: int, new: int, old: int) -> bool:
    """Tell whether articles may be related that share so many keys, of so many that each has.

    A cheap bound, so that the texts of those that share a stock phrase are not fetched and compared.
    """
    return shared >= max(SHARED_KEYS, _SHARED_AT_LEAST * min(new, old))


def fingerprint(
    title: str, text: str, *, outlet: str = "", learned: LearnedLines = NOTHING_LEARNED
) -> Fingerprint:
    """Return what the corpus is asked with; the keys are signed 64-bit integers.

    Args:
        title: Of the article.
        text: Of the article, cleaned.
        outlet: Of the article.
        learned: Lines that outlets print under everything; they are left out.
    """
    reading = _reading(title, text, (outlet, outlet), learned)
    return Fingerprint(
        exact=reading.exact,
        keys=winnow(reading.shingles),
        words=len(reading.words),
        lines=reading.words.lines,
    )


def decide(
    title: str,
    text: str,
    published: datetime,
    candidates: Sequence[Candidate],
    *,
    outlet: str = "",
    learned: LearnedLines = NOTHING_LEARNED,
) -> Verdict:
    """Say how a new article relates to the candidates.

    Args:
        title: Of the new article.
        text: Of the new article, cleaned.
        published: Of the new article; an original dated later is still the original, for it was here first.
        candidates: What the corpus offers, at most a handful.
        outlet: Of the new article.
        learned: Lines that outlets print under everything; they count neither for nor against a copy.

    Returns:
        The strongest relation found: a copy before an update before another edition of the template; among
        equals the closest candidate, then the one dated nearest, then the one here first.
    """
    new = _New(title, text, outlet, learned)
    found = [(candidate, _compare(new, candidate)) for candidate in candidates]
    linked = [
        (candidate, _told_again(finding, abs(published - candidate.published)))
        for candidate, finding in found
        if finding is not None
    ]
    if not linked:
        return Verdict("new", None, 0.0, Reason("لا نصّ سابق يشبهه", "no earlier text is like it"))
    candidate, finding = min(linked, key=lambda pair: _rank(pair[0], pair[1], published))
    return Verdict(finding.relation, candidate.id, round(finding.score, 4), finding.why, finding.added)


_STRENGTH: dict[Relation, int] = {"exact": 0, "near": 1, "excerpt": 1, "extends": 2, "revised": 3}


def _rank(candidate: Candidate, finding: _Finding, published: datetime) -> tuple[int, float, float, int]:
    distance = abs((candidate.published - published).total_seconds())
    strength = _STRENGTH[finding.relation]
    if finding.relation == "near" and finding.score < _CONTAINED:
        # Two updates of one original share its text, and each is news: the closer relation counts.
        strength = _STRENGTH["extends"]
    return strength, -round(finding.closeness, 2), distance, candidate.id


def _compare(new: _New, candidate: Candidate) -> _Finding | None:
    outlets = new.outlet, candidate.outlet
    ours = _reading(new.title, new.text, outlets, new.learned)
    theirs = _reading(candidate.title, candidate.text, outlets, new.learned)
    if not ours.is_blank and ours.exact == theirs.exact:
        return _Finding("exact", 1.0, 2.0, _copied(candidate.title, 1.0))
    if not len(ours.words) or not len(theirs.words) or is_stock_line(ours, theirs):
        return None
    common = np.intersect1d(ours.distinct, theirs.distinct, assume_unique=True)
    overlap = _Overlap(len(common) / len(ours.distinct), len(common) / len(theirs.distinct))
    rewritten = _rewritten(ours, theirs, overlap)
    if not overlap.is_linked and rewritten is None:
        return None
    if share_a_tail(ours, theirs, common, one_outlet=new.outlet == candidate.outlet != ""):
        return None
    return (
        _revised(ours, theirs, overlap)
        or _extends(ours, candidate, overlap)
        or _copy(ours, theirs, candidate, overlap, rewritten)
    )


def _reading(title: str, text: str, outlets: tuple[str, str], learned: LearnedLines) -> Reading:
    """An article without what either of two outlets prints under everything, for one may have copied it along.

    Most texts hold no such line, and are read once whatever they are compared with.
    """
    plain = read(title, text)
    lines = frozenset(plain.words.lines)
    known = frozenset().union(*(learned.among(lines, outlet) for outlet in set(outlets)))
    return read(title, text, known) if known else plain


def _rewritten(ours: Reading, theirs: Reading, overlap: _Overlap) -> float | None:
    """The share of a text's words that stand in the other in this order, where that makes it a copy.

    A pen that changes every fourth word leaves hardly a shingle whole. Asked only where some are left: the small
    words of the language alone stand in one order in any two long texts.
    """
    if overlap.is_linked or overlap.in_old < _SOME_LEFT:
        return None
    words = LCSseq.similarity(ours.words.hashes.tolist(), theirs.words.hashes.tolist())
    share = words / len(ours.words)
    return share if share >= _REWRITTEN else None


def _copy(
    ours: Reading, theirs: Reading, candidate: Candidate, overlap: _Overlap, rewritten: float | None
) -> _Finding:
    if rewritten is not None:
        return _Finding("near", rewritten, overlap.closeness, _rewriting(candidate.title, rewritten))
    shorter = len(ours.distinct) < _EXCERPT_SIZE * len(theirs.distinct)
    relation: Relation = "excerpt" if shorter and overlap.in_old >= _CONTAINED else "near"
    return _Finding(relation, overlap.in_old, overlap.closeness, _copied(candidate.title, overlap.in_old))


def _rewriting(title: str, share: float) -> Reason:
    percent = f"{share:.0%}"
    return Reason(
        f"إعادة صياغة «{title}»: {percent} من الكلمات بترتيبها",
        f"rewriting of “{title}”: {percent} of the words in their order",
    )


def _copied(title: str, share: float) -> Reason:
    percent = f"{share:.0%}"
    return Reason(f"نسخة من «{title}»: {percent} من النص", f"copy of “{title}”: {percent} of the text")


def _told_again(finding: _Finding, apart: timedelta) -> _Finding:
    """Let an edited text that comes back after many days be told: a notice of every month, or news made of old news."""
    if finding.relation not in ("near", "excerpt") or apart <= _COMES_BACK:
        return finding
    days = apart.days
    counted = "أيام" if 3 <= days % 100 <= 10 else "يوما" if days % 100 > 10 else "يوم"
    why = Reason(f"عاد النص بعد {days} {counted}", f"the text came back after {days} days")
    return replace(finding, relation="revised", why=why)


def _extends(new: Reading, candidate: Candidate, overlap: _Overlap) -> _Finding | None:
    if overlap.of_old < _MOST_OF_OLD:
        return None
    # Boilerplate that an editor's hand has touched is no longer known as such, and nothing new for that.
    whole = read(candidate.title, candidate.text)
    common = np.intersect1d(new.distinct, whole.distinct, assume_unique=True)
    runs = uncovered(new, common)
    needed = _PASSAGE if overlap.of_old >= _WHOLE_OLD else _PASSAGE_IN_REWRITE
    if max(runs.lengths) < needed and len(common) >= _LINKED * len(new.distinct):
        return None
    added = sum(runs.lengths)
    counted = f"{added} {'كلمات' if 3 <= added % 100 <= 10 else 'كلمة'}"
    why = Reason(f"يضيف {counted} إلى «{candidate.title}»", f"adds {added} words to “{candidate.title}”")
    passages = tuple(new.words.span(first, last) for first, last in _passages(runs))
    return _Finding("extends", overlap.of_old, overlap.closeness, why, passages)


def _revised(new: Reading, old: Reading, overlap: _Overlap) -> _Finding | None:
    change = what_changed(new, old, alike=overlap.largest >= _WHOLE_OLD)
    if change is None:
        return None
    return _Finding("revised", overlap.largest, overlap.closeness, change.why, change.places)


def _passages(runs: Runs) -> list[tuple[int, int]]:
    """First and last word of those that a reader would call a passage; of the longest where there is none."""
    enough = min(_TOLD_PASSAGE, max(runs.lengths))
    pairs = zip(runs.starts, runs.lengths, strict=True)
    return [(start, start + length - 1) for start, length in pairs if length and length >= enough]
