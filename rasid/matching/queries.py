"""Terms that are conditions over other terms and words: all, any, none, near, title.

A query is compiled once, to nested functions; an article costs no look at its structure. Conditions have three
values, as Kleene's logic has: a term that is only uncertain makes what depends on it uncertain. The parts of
`all` are tried cheapest first: terms are found already, words need the article's index of words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from rasid.matching.compiling import phrases
from rasid.types import Mention, Query, Reason, Term

if TYPE_CHECKING:
    from rasid.matching.pages import Page

NO: Final = 0
MAYBE: Final = 1
YES: Final = 2


class Place(NamedTuple):
    """One occurrence of a leaf."""

    page: Page
    start: int  # of the folded text, as is the end
    end: int
    first: int  # number of the first word
    after: int  # number of the word after it
    level: int  # MAYBE or YES
    label: str  # the word or form, as operators typed it
    is_word: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """What a query is asked of."""

    pages: Sequence[Page]
    found: dict[str, list[Place]]  # term id → its mentions


class Truth(NamedTuple):
    """Whether a condition holds, and the places that make it hold."""

    level: int
    places: tuple[Place, ...] = ()


Condition = Callable[[Scope], Truth]


def condition(query: Query) -> Condition:
    """Compile a query."""
    parts = [condition(part) for part in sorted(query.parts, key=_cost)]
    return _COMPILERS[query.op](query, parts)


def _cost(query: Query) -> int:
    return query.op == "words" or any(_cost(part) for part in query.parts)


def _term(term: str) -> Condition:
    def holds(scope: Scope) -> Truth:
        places = tuple(place for place in scope.found.get(term, ()) if place.page in scope.pages)
        return Truth(max((place.level for place in places), default=NO), places)

    return holds


def _words(typed: str) -> Condition:
    (phrase,) = phrases([typed])

    def holds(scope: Scope) -> Truth:
        places = tuple(
            Place(
                page,
                page.starts[first],
                page.ends[first + len(phrase.parts) - 1],
                first,
                first + len(phrase.parts),
                YES,
                typed,
                is_word=True,
            )
            for page in scope.pages
            for first in page.where(phrase)
        )
        return Truth(YES if places else NO, places)

    return holds


def _all(parts: Sequence[Condition]) -> Condition:
    def holds(scope: Scope) -> Truth:
        level, places = YES, list[Place]()
        for part in parts:
            truth = part(scope)
            if truth.level == NO:
                return Truth(NO)
            level = min(level, truth.level)
            places += truth.places
        return Truth(level, tuple(places))

    return holds


def _any(parts: Sequence[Condition]) -> Condition:
    def holds(scope: Scope) -> Truth:
        truths = [part(scope) for part in parts]
        return Truth(
            max(truth.level for truth in truths), tuple(place for truth in truths for place in truth.places)
        )

    return holds


def _none(part: Condition) -> Condition:
    return lambda scope: Truth(YES - part(scope).level)


def _title(part: Condition) -> Condition:
    return lambda scope: part(replace(scope, pages=scope.pages[:1]))


def _near(within: int, parts: Sequence[Condition]) -> Condition:
    def holds(scope: Scope) -> Truth:
        places = [part(scope).places for part in parts]
        if not all(places):
            return Truth(NO)
        for level in (YES, MAYBE):
            wanted = [[place for place in of_part if place.level >= level] for of_part in places]
            together = tuple(
                place
                for page in scope.pages
                for place in _together(
                    [[place for place in part if place.page is page] for part in wanted], within
                )
            )
            if together:
                return Truth(level, together)
        return Truth(NO)

    return holds


def _together(parts: Sequence[Sequence[Place]], within: int) -> Iterator[Place]:
    """Give the places that stand with one of every other part within a distance, in words, of each other.

    One sweep in order of the text, with the latest place of each part at hand.
    """
    events = sorted(
        ((place, part) for part, places in enumerate(parts) for place in places),
        key=lambda event: (event[0].first, event[0].after),
    )
    latest: dict[int, Place] = {}
    told: set[tuple[int, int]] = set()
    for place, part in events:
        latest[part] = place
        if len(latest) < len(parts):
            continue
        if place.first - min(other.after for other in latest.values()) < within:
            for other in latest.values():
                if (other.start, other.end) not in told:
                    told.add((other.start, other.end))
                    yield other


_COMPILERS: Final[dict[str, Callable[[Query, list[Condition]], Condition]]] = {
    "term": lambda query, _: _term(query.value),
    "words": lambda query, _: _words(query.value),
    "near": lambda query, parts: _near(query.within, parts),
    "title": lambda _, parts: _title(parts[0]),
    "all": lambda _, parts: _all(parts),
    "any": lambda _, parts: _any(parts),
    "none": lambda _, parts: _none(_any(parts)),
}


# ── telling ───────────────────────────────────────────────────────────────────────────────────────


def evidence(places: Iterable[Place]) -> list[Place]:
    """Give the places to show: every mention of a term, the first occurrence of each word on each page."""
    kept: dict[tuple[object, ...], Place] = {}
    for place in sorted(places, key=lambda place: (place.start, place.end)):
        key = place.label if place.is_word else place.start
        kept.setdefault((place.page.name, place.is_word, key), place)
    return list(kept.values())


def mentions(term: Term, truth: Truth) -> Iterator[Mention]:
    """Give the mentions of a term whose query holds."""
    shown = evidence(truth.places)
    labels = list(dict.fromkeys(place.label for place in shown))
    why = Reason(
        "تحقق الاستعلام: " + "، ".join(f"«{label}»" for label in labels),
        "the query holds: " + ", ".join(f"“{label}”" for label in labels),
    )
    for place in shown:
        start, end = place.page.folded.span(place.start, place.end)
        yield Mention(
            term=term.id,
            field=place.page.name,
            start=start,
            end=end,
            text=place.page.original[start:end],
            status="matched" if truth.level == YES else "uncertain",
            form=place.label,
            why=why,
        )


def first_place(query: Query, scope: Scope) -> Place | None:
    """Give the first place at which a part of a query stands that is not excluded; None where none does."""
    if query.op == "none":
        return None
    if not query.parts:
        places: Iterable[Place | None] = condition(query)(scope).places
    else:
        inner = replace(scope, pages=scope.pages[:1]) if query.op == "title" else scope
        places = [first_place(part, inner) for part in query.parts]
    return next((place for place in places if place is not None), None)


def unmet(query: Query, scope: Scope) -> Reason:
    """Say which part of a query that does not hold is to blame, the innermost one."""
    if query.op == "all":
        return unmet(next(part for part in query.parts if condition(part)(scope).level == NO), scope)
    if query.op == "title":
        inner = unmet(query.parts[0], replace(scope, pages=scope.pages[:1]))
        return Reason(f"في العنوان: {inner.ar}", f"in the title: {inner.en}")
    if query.op == "none":
        there = next(part for part in query.parts if condition(part)(scope).level == YES)
        return Reason(
            f"فيه {_told(there, 'ar')}، وقد استُثني", f"{_told(there, 'en')} is there, and is excluded"
        )
    if query.op == "near":
        return Reason(
            f"لا يجتمع {_listed(query, 'ar')} ضمن {query.within} كلمات",
            f"{_listed(query, 'en')} do not stand within {query.within} words of each other",
        )
    return Reason(f"ليس فيه {_told(query, 'ar')}", f"there is no {_told(query, 'en')}")


def _told(query: Query, language: str) -> str:
    """A part of a query in words."""
    if not query.parts:
        return f"«{query.value}»" if language == "ar" else f"“{query.value}”"
    return _listed(query, language)


def _listed(query: Query, language: str) -> str:
    joints = {"all": (" مع ", " with "), "any": (" أو ", " or "), "none": (" أو ", " or ")}
    arabic, english = joints.get(query.op, (" و", " and "))
    return (arabic if language == "ar" else english).join(_told(part, language) for part in query.parts)


# ── structure ─────────────────────────────────────────────────────────────────────────────────────


def leaves(query: Query) -> Iterator[Query]:
    """Give the terms and words of a query, those under `none` included."""
    if not query.parts:
        yield query
    for part in query.parts:
        yield from leaves(part)


def in_order(terms: Sequence[Term]) -> list[tuple[Term, Query]]:
    """Give the terms that have queries, each after those that it refers to.

    Raises:
        ValueError: A query refers to a term that is not there, or terms refer to each other in a circle.
    """
    known = {term.id: term for term in terms}
    ordered: dict[str, tuple[Term, Query]] = {}

    def visit(term: Term, path: tuple[str, ...]) -> None:
        if term.query is None or term.id in ordered:
            return
        if term.id in path:
            raise ValueError(f"the queries of {' → '.join((*path, term.id))} refer to each other in a circle")
        for leaf in leaves(term.query):
            if leaf.op == "term" and leaf.value not in known:
                raise ValueError(
                    f"the query of {term.id} refers to the term {leaf.value}, which is not there"
                )
            if leaf.op == "term":
                visit(known[leaf.value], (*path, term.id))
        ordered[term.id] = (term, term.query)

    for term in terms:
        visit(term, ())
    return list(ordered.values())
