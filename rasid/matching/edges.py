"""The edge test: whether an occurrence of a spelling stands as a name, or is a part of another word.

An Arabic form may carry proclitics («ولهواوي») and ends where the Arabic letters end; a Latin form may touch
Arabic letters («وNvidia»), not Latin letters or digits (H20 in GH200). A long name that bad extraction glued to
its neighbour («هواويفي») stands where the neighbour is known, or used elsewhere in the article.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rasid.matching.alphabet import ARABIC, CLASS, NEITHER, WESTERN, encode
from rasid.matching.compiling import DISTINCT_NAME, LONG_NAME, PROCLITICS
from rasid.matching.pages import Edge
from rasid.text import is_arabic_letter
from rasid.vocabulary import is_run_together

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rasid.matching.pages import Page
    from rasid.types import Form

_LONGEST_RUN: Final = 24  # letters looked at to either side of a name; no Arabic word with clitics is longer
_PART_AFTER: Final = re.compile(r"[.,٫]\d|[%٪]|-\d|-[a-z]{1,2}(?![a-z])")  # 20.5, 20%, H20-3e, H20-G
_PART_BEFORE: Final = re.compile(r"(?<![a-z\d])(?:[a-z]{1,2}|[a-z]*\d[a-z\d]*)-$|\d[.,]$")  # EX-H20, X100-H20
_TAG: Final = re.compile(r"[#@]\w{0,48}$")
_MOST_LOOKED_FOR: Final = 64  # words in one page that a name may be glued to
_TAGGED_NAME: Final = 4  # letters: in hashtags and handles a name ends where the case changes
_PROCLITIC_ENDS: Final = frozenset(encode("اوفبلكع"))
_CLEAN: Final = Edge()


@dataclass(frozen=True, slots=True)
class _Spot:
    """An occurrence whose edges are to be tested."""

    page: Page
    start: int
    end: int
    form: Form
    known: Collection[str]

    @property
    def name(self) -> str:
        return self.page.unmasked[self.start : self.end]

    def may_be_glued(self, shortest: int) -> bool:
        """Tell whether this is one word, and long enough to be told from the letters that touch it."""
        return self.end - self.start >= shortest and self.form.kind == "form" and self.name.isalpha()


def must_stand_alone(spelling: str) -> bool:
    """Tell whether a spelling is too short an Arabic word for letters of a neighbour to stick to it."""
    return len(spelling) < LONG_NAME and spelling.isalpha() and is_arabic_letter(spelling[0])


def is_touched(codes: bytes, start: int, end: int) -> bool:
    """Tell whether letters touch what must stand alone, other than those that end a proclitic; quick, not final."""
    before, first, last, after = codes[start - 1], codes[start], codes[end - 1], codes[end]
    if CLASS[last] == CLASS[after] != NEITHER:
        return True
    return CLASS[before] == CLASS[first] != NEITHER and before not in _PROCLITIC_ENDS


def edge(page: Page, start: int, end: int, form: Form, known: Collection[str]) -> Edge | None:
    """Tell how an occurrence stands in its word; None where it is a part of another word."""
    spot = _Spot(page, start, end, form, known)
    left = _left_edge(spot)
    right = _right_edge(spot) if left else None
    if left is None or right is None:
        return None
    return _both(spot, left, right) if left.glued or right.glued else left


def _both(spot: _Spot, left: Edge, right: Edge) -> Edge | None:
    """Judge a glued name by both its edges: one that is sure, or a name that no ordinary word contains."""
    glued = [side for side in (left, right) if side.glued]
    if not any(side.sure for side in glued) and (len(glued) > 1 or not spot.may_be_glued(DISTINCT_NAME)):
        return None
    letters = " … ".join(side.glued for side in glued)
    return Edge(clitic=left.clitic, glued=letters, sure=all(side.sure for side in glued))


def _left_edge(spot: _Spot) -> Edge | None:
    text, start = spot.page.unmasked, spot.start
    run = _run_before(spot, ARABIC)
    beside = CLASS[spot.page.codes[start - 1]]
    if beside != WESTERN and _is_proclitic(spot, run):
        is_part = spot.form.kind != "form" and _PART_BEFORE.search(text[max(0, start - 12) : start])
        return None if is_part else Edge(clitic=run) if run else _CLEAN
    if CLASS[spot.page.codes[start]] == ARABIC:
        return _arabic_glue(spot, run, _left_analyses(run)) if run else _CLEAN
    return _latin_glue(spot, start, _run_before(spot, WESTERN))


def _is_proclitic(spot: _Spot, run: str) -> bool:
    """Tell whether the letters before a name are proclitics; before ل a bare ا is the article's («العالم»)."""
    if run == "ا" and spot.page.unmasked[spot.start] == "ل":
        return spot.page.typed(spot.start - 1) == "أ"
    return run in PROCLITICS


def _right_edge(spot: _Spot) -> Edge | None:
    if CLASS[spot.page.codes[spot.end - 1]] == ARABIC:
        run = _run_after(spot, ARABIC)
        return _arabic_glue(spot, run, _right_analyses(run)) if run else _CLEAN
    run = _run_after(spot, WESTERN)
    if spot.form.kind != "form":
        if _PART_AFTER.match(spot.page.unmasked, spot.end):
            return None
        if run == "s":
            return _CLEAN  # more than one of them: H20s
    return _latin_glue(spot, spot.end, run)


def _run_before(spot: _Spot, kind: int) -> str:
    codes, low = spot.page.codes, spot.start
    while low > 0 and spot.start - low < _LONGEST_RUN and CLASS[codes[low - 1]] == kind:
        low -= 1
    return spot.page.unmasked[low : spot.start]


def _run_after(spot: _Spot, kind: int) -> str:
    codes, high = spot.page.codes, spot.end
    while high - spot.end < _LONGEST_RUN and CLASS[codes[high]] == kind:
        high += 1
    return spot.page.unmasked[spot.end : high]


def _left_analyses(run: str) -> list[tuple[str, str]]:
    """Give the words that may stand before a glued name, each with the proclitics of the name."""
    cuts = range(max(0, len(run) - 4), len(run) + 1)
    return [(run[:cut], run[cut:]) for cut in cuts if run[cut:] in PROCLITICS]


def _right_analyses(run: str) -> list[tuple[str, str]]:
    """Give the words that may stand after a glued name, each with its own proclitics."""
    return [(run[cut:], run[:cut]) for cut in range(min(5, len(run))) if run[:cut] in PROCLITICS]


def _arabic_glue(spot: _Spot, run: str, analyses: Iterable[tuple[str, str]]) -> Edge | None:
    """Judge a long name that Arabic letters touch: stuck to a word that is known, or a part of another word.

    A long word with a clitic at the seam («اتصالاتوهواوي») is as good as one that is known.
    """
    if not spot.may_be_glued(LONG_NAME):
        return None
    if not run.strip(spot.name[-1]):
        return Edge(glued=run)  # drawn out, as people do online: «هواوييي»
    for word, clitic in analyses:
        is_long = bool(clitic) and len(word) >= LONG_NAME
        is_other = len(word) >= 3 and (_stands_alone(spot.page, word) or is_run_together(word))
        if word in spot.known or is_long or is_other:
            return Edge(glued=run)
    return Edge(glued=run, sure=False) if len(run) >= 3 else None


def _stands_alone(page: Page, word: str) -> bool:
    """Tell whether an Arabic word stands somewhere in a text, on its own or behind proclitics.

    Each answer costs a look through the text: it is kept, and no page gets more than so many.
    """
    if word not in page.standing and len(page.standing) < _MOST_LOOKED_FOR:
        page.standing[word] = _finds_alone(page, word)
    return page.standing.get(word, False)


def _finds_alone(page: Page, word: str) -> bool:
    at = page.unmasked.find(word)
    while at >= 0:
        begin = at
        while begin > 0 and CLASS[page.codes[begin - 1]] == ARABIC and at - begin < 5:
            begin -= 1
        if CLASS[page.codes[at + len(word)]] != ARABIC and page.unmasked[begin:at] in PROCLITICS:
            return True
        at = page.unmasked.find(word, at + 1)
    return False


def _latin_glue(spot: _Spot, at: int, run: str) -> Edge | None:
    """Judge a name that Latin letters or digits may touch at one side: HuaweiWatch, @huaweimobile."""
    if not run:
        return _CLEAN
    tagged = _TAG.search(spot.page.unmasked[max(0, spot.start - 50) : spot.start]) is not None
    if tagged and spot.may_be_glued(_TAGGED_NAME) and _is_camel(spot.page, at):
        return Edge(glued=run)
    if not spot.may_be_glued(DISTINCT_NAME):
        return None
    seam = run[0] if at == spot.end else run[-1]
    if tagged or seam.isdigit() or _is_camel(spot.page, at):
        return Edge(glued=run)
    return Edge(glued=run, sure=False) if len(run) > 1 else None  # «Invidia» is a word of its own


def _is_camel(page: Page, at: int) -> bool:
    """Tell whether the case of letters tells two words apart here: huaweiWatch, NVIDIAGeForce, ASMLcompany."""
    behind, before, here, then = (page.typed(at + shift) for shift in (-2, -1, 0, 1))
    begins = here.isupper() and (before.islower() or then.islower())
    return begins or (here.islower() and before.isupper() and behind.isupper())
