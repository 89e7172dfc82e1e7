"""Which language a text is in, told by its letters: enough to keep Arabic apart from what is not."""

from __future__ import annotations

import re
from collections import Counter

_ARABIC_SCRIPT = re.compile("[\u0620-\u064a\u066e-\u06d3\u06fa-\u06fc\ufb50-\ufdff\ufe70-\ufefc]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_URDU = "ٹڈڑںےہھ"
_PERSIAN = "پچژگکی"  # Persian keheh and yeh; Arabic has its own kaf and yeh
_ARABIC_ONLY = "كيىةأإ"
_ENGLISH = frozenset(
    ("the", "of", "and", "to", "in", "is", "that", "for", "with", "on", "was", "by", "from", "are", "has")
)
_ENGLISH_SHARE = 0.08  # of all words; running English has about 0.2
_FEWEST = 20  # letters; below, nothing is told


def language_of(text: str, declared: str | None = None) -> str:
    """ISO 639-1 code: ar, fa, ur, en, or "und".

    Args:
        text: what a reader reads, without markup.
        declared: the lang attribute of the page; it decides nothing about Arabic script, since Arabic
            sites often leave a theme's "en" there.
    """
    sample = text[:20_000]
    arabic, latin = _ARABIC_SCRIPT.findall(sample), _LATIN.findall(sample)
    total = len(arabic) + len(latin)
    if total < _FEWEST:
        return "und"
    if len(arabic) * 2 >= total:
        return _within_arabic_script(Counter(arabic))
    return "en" if _is_english(sample, declared) else "und"


def _within_arabic_script(letters: Counter[str]) -> str:
    """Arabic, Persian or Urdu; a few Persian letters in Arabic are foreign names or slips."""
    total = letters.total()
    urdu, persian, arabic = (
        sum(letters[letter] for letter in group) for group in (_URDU, _PERSIAN, _ARABIC_ONLY)
    )
    if urdu * 50 >= total:
        return "ur"
    return "fa" if persian * 25 >= total and persian > arabic else "ar"


def _is_english(sample: str, declared: str | None) -> bool:
    words = re.findall(r"[^\W\d_]+", sample.lower())
    hits = sum(word in _ENGLISH for word in words)
    claims = (declared or "").lower().startswith("en")
    return hits >= len(words) * (_ENGLISH_SHARE / 2 if claims else _ENGLISH_SHARE)
