"""Text from outside, made safe to show in a paragraph of either direction.

Two dangers meet in titles and snippets. Control characters in them (overrides, isolates, line separators)
can turn or break what stands around them: they are removed. And a Latin name in an Arabic paragraph drags
digits, brackets and full stops to its wrong side: each run of the other direction is isolated, by a `<span
dir>` in HTML and by the characters LRI or RLI … PDI in plain text. A run is found over the whole text
before highlights are laid on, so that a highlighted `Kunlun` and the `P800` behind it stay one run and keep
their order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rasid.types import Hit, Snippet

Direction = Literal["rtl", "ltr"]

LRI, RLI, PDI, RLM = "\u2066", "\u2067", "\u2069", "\u200f"

_REMOVED = re.compile(
    "[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SPACES = re.compile("[\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_SURROGATES = re.compile("[\ud800-\udfff]")  # they cannot be encoded, and one would stop the whole digest

_ARABIC = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_LATIN = "A-Za-z\u00aa\u00b5\u00ba\u00c0-\u02af\u0370-\u058f\u1e00-\u1fff\u3040-\ud7ff"
_LATIN_RUN = re.compile(
    # Digits that lead into letters (5G) belong to the run: after an Arabic word they would change sides.
    rf"(?:[$€£]?[0-9]+(?:[.,:/-][0-9]+)*-?)?[@#]?[{_LATIN}][{_LATIN}0-9*]*"
    rf"(?:(?: ?[,&/+×-] ?|[ .'’_:#@%])[{_LATIN}0-9*]+)*[%+]?"
)
_ARABIC_RUN = re.compile(rf"[{_ARABIC}]+(?:[ .,،؛:'’«»/-]{{1,3}}[{_ARABIC}0-9]+)*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that is highlighted, or not."""

    text: str
    hit: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Pieces of one direction; `foreign` where it is not the paragraph's."""

    pieces: tuple[Piece, ...]
    foreign: bool = False


def clean(text: str) -> str:
    """Return text on one line, without characters that direct, hide or break."""
    return _clean(text).strip()


def clip(text: str, limit: int) -> str:
    """Return at most `limit` characters, cut between words where there is a space to cut at."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    space = head.rfind(" ", limit // 2)
    return (head if space < 0 else head[:space]).rstrip() + "…"


def clean_snippet(snippet: Snippet, limit: int) -> Snippet:
    """Clean a snippet and bound it; its hits move with the text."""
    text, hits, last = "", [], 0
    for hit in snippet.hits:
        text += _clean(snippet.text[last : hit.start])
        inside = _clean(snippet.text[hit.start : hit.end])
        hits.append(Hit(start=len(text), end=len(text) + len(inside), term=hit.term))
        text, last = text + inside, hit.end
    text += _clean(snippet.text[last:])
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return Snippet(text=text, hits=tuple(hit for hit in hits if hit.end <= limit - 1))


def direction(text: str) -> Direction:
    """Return the direction of a paragraph by the letters that are most in it."""
    arabic = len(re.findall(f"[{_ARABIC}]", text))
    return "rtl" if arabic > len(re.findall(f"[{_LATIN}]", text)) else "ltr"


def runs(text: str, base: Direction, hits: tuple[Hit, ...] = ()) -> tuple[Run, ...]:
    """Split clean text into runs of the paragraph's direction and of the other one, hits laid on.

    Text without a single letter of the paragraph's direction is one run, with its digits and brackets.
    """
    own, other, pattern = (_ARABIC, _LATIN, _LATIN_RUN) if base == "rtl" else (_LATIN, _ARABIC, _ARABIC_RUN)
    if re.search(f"[{other}]", text) and not re.search(f"[{own}]", text):
        return (Run(_pieces(text, 0, len(text), hits), foreign=True),)
    found: list[Run] = []
    last = 0
    for match in pattern.finditer(text):
        found.append(Run(_pieces(text, last, match.start(), hits)))
        found.append(Run(_pieces(text, match.start(), match.end(), hits), foreign=True))
        last = match.end()
    found.append(Run(_pieces(text, last, len(text), hits)))
    return tuple(run for run in found if run.pieces)


def isolated(text: str, base: Direction) -> str:
    """Return clean text as plain text with each run of the other direction between LRI or RLI and PDI."""
    opening = LRI if base == "rtl" else RLI
    parts = ("".join(piece.text for piece in run.pieces) for run in runs(text, base))
    foreign = (run.foreign for run in runs(text, base))
    return "".join(
        f"{opening}{part}{PDI}" if other else part for part, other in zip(parts, foreign, strict=True)
    )


def embedded(text: str, base: Direction) -> str:
    """Return a whole title of the other direction as one isolate, its own inner runs included."""
    opening = RLI if base == "ltr" else LRI
    lettered = re.search(f"[{_ARABIC}{_LATIN}]", text) is not None
    return f"{opening}{text}{PDI}" if lettered and direction(text) != base else text


def _clean(text: str) -> str:
    return _SURROGATES.sub("\ufffd", _SPACES.sub(" ", _REMOVED.sub("", text)))


def _pieces(text: str, start: int, end: int, hits: tuple[Hit, ...]) -> tuple[Piece, ...]:
    """The stretch from start to end, split at the hits that reach into it."""
    found, last = [], start
    for hit in hits:
        left, right = max(hit.start, last), min(hit.end, end)
        if left < right:
            found += [Piece(text[last:left]), Piece(text[left:right], hit=True)]
            last = right
    found.append(Piece(text[last:end]))
    return tuple(piece for piece in found if piece.text)
