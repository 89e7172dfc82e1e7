"""Snippets: the sentence or two of an article that say most, cut out of its text word for word.

A text is cut at sentence ends and line breaks, never inside a number or a name. Of the sentences that are asked for,
the one with the most different terms is shown, or two neighbours of one paragraph where they hold more and fit.
Nothing is ever put together from two places: what is quoted stands in the article as it is shown.

Known exception: a span of more than 260 characters without a space is cut inside, as there is no better place.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from rasid.types import Hit, Snippet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Span = tuple[int, int]  # code points of the text, end exclusive

MAX_SNIPPET = 260  # characters: four lines on a telephone, so that a story fits one screen
_LEAD_IN = 90  # characters kept before the first hit of a sentence that is too long
_SENTENCE_END = re.compile(r"[.؟!?…]+[»”’\")\]]*(?=\s|\Z)|\n+")


def sentences(text: str) -> list[Span]:
    """Spans of sentences, spaces around them left out. A full stop inside a number or a name ends none."""
    spans, start = [], 0
    for end in [match.end() for match in _SENTENCE_END.finditer(text)] + [len(text)]:
        piece = text[start:end]
        if piece.strip():
            left = len(piece) - len(piece.lstrip())
            spans.append((start + left, start + len(piece.rstrip())))
        start = end
    return spans


def covered(text: str, passages: Sequence[Span]) -> list[Span]:
    """The sentences that the passages hold at least half of; the one they hold most of where there is none.

    A passage that was found by comparing words begins and ends inside sentences that it has nothing to do with.
    """

    def held(sentence: Span) -> int:
        return sum(max(0, min(sentence[1], end) - max(sentence[0], start)) for start, end in passages)

    spans = [span for span in sentences(text) if held(span)]
    most = [span for span in spans if 2 * held(span) >= span[1] - span[0]]
    return most or ([max(spans, key=held)] if spans else [])


def best(text: str, marks: Iterable[Hit], among: Sequence[Span] | None = None) -> Snippet | None:
    """Cut the sentence or two with the most different terms; without marks, the first sentence.

    Args:
        text: Of the article.
        marks: What is highlighted, in the text's own offsets; of two that overlap, the earlier and longer stays.
            Those without a term (figures that changed) are highlighted beside others, and decide between equals.
        among: The sentences to choose from, in order; None: all.

    Returns:
        None where there is no sentence, or where none of them holds a mark with a term.
    """
    apart = _apart(marks)
    spans = sentences(text) if among is None else among
    cuts = [cut for span in _spans(text, spans) for cut in _cuts(text, span, apart)]
    if not apart:
        return cuts[0] if cuts else None
    holding = [cut for cut in cuts if any(hit.term for hit in cut.hits)]
    return max(holding, key=_worth, default=None)


def _worth(cut: Snippet) -> tuple[int, bool, bool]:
    terms = {hit.term for hit in cut.hits}
    return len(terms - {""}), "" in terms, len(cut.hits) > 1


def around(text: str, sentence: Span, keep: int, marks: Iterable[Hit]) -> Snippet:
    """A sentence with its marks; where it is too long, the part of it around `keep`."""
    start, end = sentence
    if end - start > MAX_SNIPPET:
        start, end = _widest(text, start, end, keep=keep)
    return _cut(text, start, end, bounds=sentence, marks=_apart(marks))


def opening(text: str) -> str:
    """The first sentence, for an article without a title."""
    spans = sentences(text)
    return around(text, spans[0], spans[0][0], ()).text if spans else ""


def whole(text: str, marks: Iterable[Hit]) -> Snippet:
    """All of a short text, a title."""
    return Snippet(text=text, hits=_apart(marks))


def _apart(marks: Iterable[Hit]) -> tuple[Hit, ...]:
    """Drop marks that overlap an earlier, longer one: a highlight cannot be split."""
    kept: list[Hit] = []
    for mark in sorted(marks, key=lambda one: (one.start, -one.end)):
        if not kept or mark.start >= kept[-1].end:
            kept.append(mark)
    return tuple(kept)


def _spans(text: str, spans: Sequence[Span]) -> list[Span]:
    """Each sentence alone, then each with the next one of its paragraph where the two fit."""
    joined = [(one[0], two[1]) for one, two in pairwise(spans) if not text[one[1] : two[0]].strip()]
    fitting = [(a, b) for a, b in joined if b - a <= MAX_SNIPPET and "\n" not in text[a:b]]
    return [*spans, *fitting]


def _cuts(text: str, span: Span, marks: Sequence[Hit]) -> list[Snippet]:
    """The snippet of a span; where the span is too long, one around each mark in it."""
    start, end = span
    inside = [mark for mark in marks if start <= mark.start and mark.end <= end]
    if end - start <= MAX_SNIPPET:
        return [_cut(text, start, end, bounds=span, marks=inside)]
    anchors = [mark.start for mark in inside] or [start]
    return [_cut(text, *_widest(text, start, end, keep=at), bounds=span, marks=inside) for at in anchors]


def _widest(text: str, start: int, end: int, *, keep: int) -> Span:
    """The widest part of a span around `keep` that fits with an ellipsis at each side, cut at spaces."""
    room = MAX_SNIPPET - 2
    left = max(start, min(keep - _LEAD_IN, end - room))
    if left > start:
        space = text.find(" ", left, keep)
        left = keep if space < 0 else space + 1
    right = min(end, left + room)
    if right < end and not text[right].isspace():
        space = text.rfind(" ", keep + 1, right)
        right = right if space < 0 else space
    return left, right


def _cut(text: str, start: int, end: int, *, bounds: Span, marks: Sequence[Hit]) -> Snippet:
    """Cut text[start:end] out of the sentence at `bounds`, with an ellipsis where words are missing."""
    before = "…" if start > bounds[0] else ""
    after = "…" if end < bounds[1] else ""
    shift = len(before) - start
    hits = (
        Hit(start=mark.start + shift, end=mark.end + shift, term=mark.term)
        for mark in marks
        if start <= mark.start and mark.end <= end
    )
    return Snippet(text=before + text[start:end] + after, hits=tuple(hits))
