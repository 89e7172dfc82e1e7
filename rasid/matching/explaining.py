"""What `explain` tells beyond mentions: what was refused, what is only a part, what merely resembles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from rasid.matching import queries
from rasid.matching.compiling import DISTINCT_NAME, LONG_NAME, PROCLITICS, folded
from rasid.matching.reasons import masked, part_of, reason, resembles
from rasid.types import Finding, Form, Mention, Outcome, Query, Reason, Term

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rasid.matching.compiling import Rule
    from rasid.matching.judging import Decision
    from rasid.matching.pages import Hit, Page

_PUNCTUATION: Final = " \t\"'()[]{}«»“”‘’.,:;!?،؛؟…"

Names = dict[str, tuple[str, Form]]
"""Folded form of one long word → the term's id and the form."""


def judged(page: Page, hit: Hit, decision: Decision) -> Finding:
    """Give a finding of what the cues decided."""
    span = page.folded.span(hit.start, hit.end)
    rule = decision.rule
    return _finding(page, span, rule.term.id, rule.form.text, reason(hit, decision), decision.outcome)


def found(mention: Mention) -> Finding:
    """Give a finding of a mention."""
    return Finding(
        term=mention.term,
        field=mention.field,
        start=mention.start,
        end=mention.end,
        text=mention.text,
        outcome=mention.status,
        form=mention.form,
        why=mention.why,
    )


def fallen(page: Page, start: int, end: int, rule: Rule) -> Finding:
    """Give a finding of a spelling that is masked or a part of another word."""
    hidden = page.is_masked(start, end)
    why = masked(rule.form) if hidden else part_of(rule.form, _word_around(page, start, end))
    return _finding(page, page.folded.span(start, end), rule.term.id, rule.form.text, why)


def _word_around(page: Page, start: int, end: int) -> str:
    """Give what touches a span up to the next spaces, with it, as typed, without the punctuation around it."""
    low, high = page.folded.span(start, end)
    before = page.original[:low].rpartition("\n")[2].split(" ")[-1]
    after = page.original[high:].partition("\n")[0].split(" ")[0]
    return before.lstrip(_PUNCTUATION) + page.original[low:high] + after.rstrip(_PUNCTUATION)


def unmet(term: Term, query: Query, scope: queries.Scope) -> Finding | None:
    """Give a finding of a query that does not hold, at the first place of a part of it; None where none is there."""
    place = queries.first_place(query, scope)
    if place is None:
        return None
    span = place.page.folded.span(place.start, place.end)
    return _finding(place.page, span, term.id, place.label, queries.unmet(query, scope))


def _finding(
    page: Page, span: tuple[int, int], term: str, form: str, why: Reason, outcome: Outcome = "rejected"
) -> Finding:
    start, end = span
    return Finding(term, page.name, start, end, page.original[start:end], outcome, form, why)


def places_of(page: Page, findings: Iterable[Finding]) -> dict[str, set[int]]:
    """Give, for each term, the code points of a page that its findings cover."""
    taken: dict[str, set[int]] = {}
    for finding in findings:
        if finding.field == page.name:
            taken.setdefault(finding.term, set()).update(range(finding.start, finding.end))
    return taken


def names(terms: Iterable[Term]) -> Names:
    """Give the long forms of one word, which other words may resemble."""
    listed = (
        (folded(form.text), term.id, form) for term in terms for form in term.forms if form.kind == "form"
    )
    return {text: (term, form) for text, term, form in listed if len(text) >= LONG_NAME and text.isalpha()}


def near_misses(page: Page, listed: Names, findings: Sequence[Finding]) -> Iterator[Finding]:
    """Give the words that are a letter or two from a form, each word once, where nothing was found.

    The distance is Damerau and Levenshtein's: letters added, dropped, changed, or swapped with the next.
    """
    seen: set[str] = set()
    taken = set[int]().union(*places_of(page, findings).values())
    for start, end in zip(page.starts, page.ends, strict=True):
        word = page.text[start:end]
        low, high = page.folded.span(start, end)
        if word in seen or len(word) < LONG_NAME or not taken.isdisjoint(range(low, high)):
            continue
        seen.add(word)
        nearest = _nearest(word, listed)
        if nearest is not None:
            name, letters = nearest
            term, form = listed[name]
            yield _finding(
                page, (low, high), term, form.text, resembles(form, page.original[low:high], letters)
            )


def _nearest(word: str, listed: Mapping[str, object]) -> tuple[str, int] | None:
    """Give the form that a word is nearest to, clitics aside, and by how many letters; None: none is near."""
    heads = [word[cut:] for cut in range(min(6, len(word) - 3)) if word[:cut] in PROCLITICS]
    best: tuple[str, int] | None = None
    for head in heads:
        most = 2 if len(head) > DISTINCT_NAME + 1 else 1
        hit = process.extractOne(head, listed.keys(), scorer=DamerauLevenshtein.distance, score_cutoff=most)
        if hit is not None and (best is None or hit[1] < best[1]):
            best = hit[0], int(hit[1])
    return best
