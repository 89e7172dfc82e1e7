"""What changed between two versions of a watchlist: in an operator's words, and for the matcher.

The two are not the same question. A new example is a change that a history tells, and none for what is found;
a term whose query names another term is found differently when only the other one changed.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rasid.types import Form, Query, Term, Watchlist

ChangeKind = Literal["added", "changed", "removed"]
_Spelling = tuple[str, str, int]  # kind, text, and which of those that are written the same


def term_changes(
    old: Watchlist | None, new: Watchlist | None
) -> tuple[tuple[str, ChangeKind, tuple[str, ...]], ...]:
    """The terms that differ as (id, kind, lines of detail), in the order of the new list, removed ones last.

    None is a list that is not there. A term that was moved or whose spellings were reordered did not change.
    """
    before, after = _terms(old), _terms(new)
    found: list[tuple[str, ChangeKind, tuple[str, ...]]] = []
    for term_id, term in after.items():
        if term_id not in before:
            found.append((term_id, "added", ()))
        elif detail := tuple(_detail(before[term_id], term)):
            found.append((term_id, "changed", detail))
    return (*found, *((term_id, "removed", ()) for term_id in before if term_id not in after))


def matches_differently(old: Term, new: Term) -> bool:
    """Whether some text could give other mentions; label, importance, examples and notes are no part of it.

    What the terms are that a query names is not looked at here; `changed_terms` does.
    """
    return _matching(old) != _matching(new)


def changed_terms(old: Mapping[str, Term], new: Mapping[str, Term]) -> frozenset[str]:
    """Ids of the terms that are found differently: changed, new, gone, or with a query that names such a one.

    Both arguments are all terms of all watchlists by id, for a query may name a term of another list.
    """
    shared = old.keys() & new.keys()
    changed = (old.keys() ^ new.keys()) | {
        term_id for term_id in shared if matches_differently(old[term_id], new[term_id])
    }
    while more := {
        term_id for term_id in shared - changed if (query := new[term_id].query) and changed & _named(query)
    }:
        changed |= more
    return frozenset(changed)


def _terms(watchlist: Watchlist | None) -> dict[str, Term]:
    return {term.id: term for term in watchlist.terms} if watchlist else {}


def _matching(term: Term) -> object:
    forms = frozenset((form.kind, form.text, *_cues(form)) for form in term.forms)
    return forms, frozenset(term.unless), term.query


def _cues(form: Form) -> tuple[frozenset[str], int | None, frozenset[str]]:
    near = form.near
    return frozenset(near.words if near else ()), near.within if near else None, frozenset(form.unless)


def _named(query: Query) -> frozenset[str]:
    """The terms that a query names, at any depth."""
    here = frozenset({query.value} if query.op == "term" else ())
    return here.union(*(_named(part) for part in query.parts))


# ── in words ──────────────────────────────────────────────────────────────────────────────────────


def _detail(old: Term, new: Term) -> Iterator[str]:
    before, after = _spellings(old), _spellings(new)
    yield from (f"+ {kind} {text}" for kind, text, number in after if (kind, text, number) not in before)
    yield from (f"- {kind} {text}" for kind, text, number in before if (kind, text, number) not in after)
    yield from _cue_changes(before, after)
    if words := _words_changed(old.unless, new.unless):
        yield f"unless: {words}"
    if old.query != new.query:
        yield "query"
    if old.importance != new.importance:
        yield f"importance {old.importance} → {new.importance}"
    if old.label != new.label:
        yield f"label {old.label} → {new.label}"
    if old.label_en != new.label_en:
        yield f"label_en {old.label_en} → {new.label_en}"
    if examples := _examples_changed(old, new):
        yield f"examples {examples}"
    if old.notes != new.notes:
        yield "notes"


def _spellings(term: Term) -> dict[_Spelling, Form]:
    """A term's forms by kind and text; one that is listed again with other cues is told apart by its number."""
    seen: Counter[tuple[str, str]] = Counter()
    found: dict[_Spelling, Form] = {}
    for form in term.forms:
        found[form.kind, form.text, seen[form.kind, form.text]] = form
        seen[form.kind, form.text] += 1
    return found


def _cue_changes(before: Mapping[_Spelling, Form], after: Mapping[_Spelling, Form]) -> Iterator[str]:
    """Changes of cues, those that several spellings share told once: a term's `near` is that of each form."""
    shared = [spelling for spelling in after if spelling in before]
    changes: dict[tuple[str, str], list[str]] = {}
    for spelling in shared:
        for change in _cue_change(before[spelling], after[spelling]):
            changes.setdefault(change, []).append(spelling[1])
    everywhere = [text for kind, text, _ in shared if kind != "lookalike"]
    for (cue, words), texts in changes.items():
        whole = len(texts) > 1 and texts == everywhere
        yield f"{cue}: {words}" if whole else f"{cue} of {', '.join(dict.fromkeys(texts))}: {words}"


def _cue_change(old: Form, new: Form) -> Iterator[tuple[str, str]]:
    (near_before, within_before, _), (near_after, within_after, _) = _cues(old), _cues(new)
    near = _words_changed(old.near.words if old.near else (), new.near.words if new.near else ())
    if near:
        yield "near", near
    if within_before != within_after and near_before and near_after:
        yield "within", f"{within_before or 'anywhere'} → {within_after or 'anywhere'}"
    if unless := _words_changed(old.unless, new.unless):
        yield "unless", unless


def _words_changed(old: Collection[str], new: Collection[str]) -> str:
    added = [f"+ {word}" for word in dict.fromkeys(new) if word not in old]
    return ", ".join((*added, *(f"- {word}" for word in dict.fromkeys(old) if word not in new)))


def _examples_changed(old: Term, new: Term) -> str:
    before = Counter((example.text, example.match) for example in old.examples)
    after = Counter((example.text, example.match) for example in new.examples)
    added, removed = (after - before).total(), (before - after).total()
    return " ".join((*([f"+{added}"] if added else []), *([f"-{removed}"] if removed else [])))
