"""What tells two texts apart that share most of their words.

Tomorrow's exchange rates overlap .9 with today's, and a telegram to another president .75; a footer makes strangers
alike, and a stock line two photo pages. Each guard looks for the one sign that a reader would see: a figure that
differs between the same words, long figures that are not shared, a name that changed in the title and in the text, a
subject that the other text never names; a block in common at the end of two texts of their own.

Known exception. A copy in which one figure was corrected is another edition: shown, not hidden.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from rasid.shingles import SHORT, slots, uncovered
from rasid.types import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rasid.shingles import Hashes, Reading, Words

# A block under both texts is an outlet's, whatever its length; a rewritten lede is shorter than this.
_OWN_TEXT = 30
_OWN_LINE = 6  # words
_TAIL_GAPS = 0.1  # of the text above: a rewritten copy has gaps all over
_LONG_FIGURE = 3  # digits
_LONG_FIGURES_SHARED = 0.40
_TITLE_WORDS = 64  # titles are aligned in quadratic time, and some feeds put the article into them
_SAME_TITLE = 60  # rapidfuzz token_set_ratio
_SUBJECT_MENTIONS = 3  # a synonym in an edited title stands once or twice in the text
_SPELT = 75  # rapidfuzz ratio; ترمب and ترامب, سوريا and سورية are one subject, قطر and مصر two
_SWAPPED = 60  # rapidfuzz ratio; بوتن and بوتين are one name, فرنسا and ألمانيا two

_AROUND = 2  # words: as far as the parts of a date or a season stand from each other
_DIGITS = re.compile(r"[0-9]+")


class Change(NamedTuple):
    """What tells a new edition from a copy, and where it stands in the new text."""

    why: Reason
    places: tuple[tuple[int, int], ...] = ()


def is_stock_line(new: Reading, old: Reading) -> bool:
    """«شاهد الفيديو» under two titles: the texts are too short to tell, so the titles do."""
    if max(len(new.words), len(old.words)) >= SHORT:
        return False
    return not _are_titles_alike(new, old)


def _are_titles_alike(new: Reading, old: Reading) -> bool:
    return fuzz.token_set_ratio(" ".join(_title(new)), " ".join(_title(old))) >= _SAME_TITLE


def share_a_tail(new: Reading, old: Reading, common: Hashes, *, one_outlet: bool) -> bool:
    """Two articles with texts of their own above, and one unbroken block in common at the end of both.

    Of one outlet and under unlike titles, a line of one's own is enough: it is the outlet's block.
    """
    enough = _OWN_LINE if one_outlet and not _are_titles_alike(new, old) else _OWN_TEXT
    for reading in (new, old):
        first, *inner, _last = uncovered(reading, common).lengths
        if first < enough or sum(inner) > _TAIL_GAPS * first:
            return False
    return True


def what_changed(new: Reading, old: Reading, *, alike: bool) -> Change | None:
    """Say what makes a text another edition of the template, or None: it is the same one.

    `alike`: their words are nearly the same, so that what their titles are about is the same, too.
    """
    change = _changed_figures(new, old) or _other_figures(new, old) or _swapped_name(new, old)
    return change if change is not None or alike else _other_subject(new, old)


def _changed_figures(new: Reading, old: Reading) -> Change | None:
    """Figures between the same words that differ: the one sign that tells tomorrow's rates from a copy."""
    contexts, at = slots(new.words)
    before, then = slots(old.words)
    _, ours, theirs = np.intersect1d(contexts, before, assume_unique=True, return_indices=True)
    pairs = sorted(zip(at[ours].tolist(), then[theirs].tolist(), strict=True))
    changed = [(now, was) for now, was in pairs if new.words.hashes[now] != old.words.hashes[was]]
    changed = [(now, was) for now, was in changed if not _turned_round(new.words, now, old.words, was)]
    if not changed:
        return None
    shown = "، ".join(f"{old.words.written(was)} → {new.words.written(now)}" for now, was in changed[:3])
    why = Reason(f"الأرقام تغيّرت: {shown}", f"the figures changed: {shown.replace('،', ',')}")
    return Change(why, tuple(new.words.span(now, now) for now, _ in changed))


def _turned_round(new: Words, now: int, old: Words, was: int) -> bool:
    """Some programs know no right-to-left: 7.3 becomes 3.7, 2026/2027 becomes 2027/2026."""
    return any(_digits(new, now, around) == _digits(old, was, around) for around in (0, _AROUND))


def _digits(words: Words, at: int, around: int) -> Counter[str]:
    """The runs of digits in the figures about a place, in any order."""
    places = range(max(0, at - around), min(len(words), at + around + 1))
    figures = (words.written(place) for place in places if words.figures[place])
    return Counter(digits for figure in figures for digits in _DIGITS.findall(figure))


def _other_figures(new: Reading, old: Reading) -> Change | None:
    now, before = _long_figures(new.words), _long_figures(old.words)
    fewer, shared = min(len(now), len(before)), len(now & before)
    if fewer < 2 or shared >= _LONG_FIGURES_SHARED * fewer:
        return None
    why = Reason(f"أرقام أخرى: {shared} مشترك من {fewer}", f"other figures: {shared} of {fewer} shared")
    return Change(why)


def _long_figures(words: Words) -> set[int]:
    return set(words.hashes[words.figures & (words.lengths >= _LONG_FIGURE)].tolist())


def _swapped_name(new: Reading, old: Reading) -> Change | None:
    """A word of the titles that changed in its place, and in the texts as well."""
    if new.headline == old.headline:
        return None
    for now, was in _replaced(new, old):
        swapped = now in new.vocabulary and now not in old.vocabulary
        if (
            swapped
            and was in old.vocabulary
            and was not in new.vocabulary
            and fuzz.ratio(now, was) < _SWAPPED
        ):
            return Change(Reason(f"الاسم تغيّر: {was} → {now}", f"the name changed: {was} → {now}"))
    return None


def _replaced(new: Reading, old: Reading) -> Iterator[tuple[str, str]]:
    """Words that stand in the titles one for the other: now, before."""
    now, before = _title(new), _title(old)
    edits = Levenshtein.opcodes(before, now)
    for at, edit in enumerate(edits):
        beside = (edits[near].tag for near in (at - 1, at + 1) if 0 <= near < len(edits))
        if edit.tag == "replace" and not {"insert", "delete"} & {*beside}:
            places = slice(edit.dest_start, edit.dest_end), slice(edit.src_start, edit.src_end)
            yield from zip(now[places[0]], before[places[1]], strict=True)


def _title(reading: Reading) -> list[str]:
    return reading.title[:_TITLE_WORDS]


def _other_subject(new: Reading, old: Reading) -> Change | None:
    """Congratulation telegrams overlap .75 without a figure: their titles name what the other text lacks."""
    ours, theirs = _subject(new, old), _subject(old, new)
    if not ours or not theirs or any(fuzz.ratio(*pair) >= _SPELT for pair in product(ours, theirs)):
        return None
    was, now = " ".join(theirs[:3]), " ".join(ours[:3])
    why = Reason(
        f"موضوع آخر بالكلمات نفسها: {was} → {now}", f"another subject in the same words: {was} → {now}"
    )
    return Change(why)


def _subject(reading: Reading, other: Reading) -> list[str]:
    """Words of the title that run through its own text and are absent from the other's."""
    named = dict.fromkeys(_title(reading))
    own = [word for word in named if word.isalpha() and len(word) > 2 and word not in other.vocabulary]
    own = [word for word in own if word in reading.vocabulary]
    return own if sum(reading.vocabulary[word] for word in own) >= _SUBJECT_MENTIONS else []
