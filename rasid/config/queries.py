"""Terms that are queries: what must hold between their parts, and what the core works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rasid.config.values import nearest
from rasid.errors import Problem
from rasid.types import Query

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rasid.config.document import Document, Path
    from rasid.config.models import QueryModel
    from rasid.config.rules import Problems

_LISTS = ("all", "any", "none")


def to_query(model: QueryModel) -> Query:
    """A query as the matcher compiles it; a mapping of several keys is `all` of them."""
    parts = list(_parts(model))
    return parts[0] if len(parts) == 1 else Query("all", tuple(parts))


def _parts(model: QueryModel) -> Iterator[Query]:
    if model.term is not None:
        yield Query("term", value=model.term)
    if model.words is not None:
        yield Query("words", value=model.words)
    if model.all:
        yield Query("all", tuple(map(to_query, model.all)))
    if model.any:
        yield Query("any", tuple(map(to_query, model.any)))
    if model.none:
        yield Query("none", tuple(map(to_query, model.none)))
    if model.near is not None:
        yield Query("near", tuple(map(to_query, model.near.of)), within=model.near.within)
    if model.title is not None:
        yield Query("title", (to_query(model.title),))


# ── what must hold ────────────────────────────────────────────────────────────────────────────────


def has_meaning(document: Document) -> Problems:
    """Each condition asks for something, and `near` is of things that have a place."""
    for path, value in _conditions(document):
        if not value:
            yield path, "an empty condition; write term, words, all, any, none, near or title"
        if path[-2:-1] == ("of",) and not _has_place(value):
            yield path, "near is of words, terms, or any of those; take the rest out of it"


def is_positive(document: Document) -> Problems:
    """A query needs something that must be there: all articles of the world lack a word."""
    for path, value in document.select("terms.*.query"):
        if isinstance(value, dict) and value and not _asks(value):
            yield path, "the query holds where nothing is found; add a term or words that must be there"


def stands_alone(document: Document) -> Problems:
    """A term is found by its spellings or by its query; cues belong to spellings."""
    for path, value in document.select("terms.*"):
        if isinstance(value, dict) and "query" in value:
            for key in ("forms", "codes", "lookalikes", "near", "within", "unless"):
                if key in value:
                    yield (
                        (*path, key),
                        f"a term has spellings or a query, not both; move {key} to a term of its own",
                    )


def references(documents: Mapping[str, Document], elsewhere: Collection[str] = ()) -> Iterator[Problem]:
    """What is wrong with the references of queries in watchlists, by file: unknown terms, and circles.

    `elsewhere` are the ids of terms in lists that are not among the documents.
    """
    here = {
        value
        for document in documents.values()
        for _, value in document.select("terms.*.id")
        if isinstance(value, str)
    }
    links = [
        _Link(file, document.line(path), owner, term)
        for file, document in documents.items()
        for path, owner, term in _references(document)
    ]
    refers: dict[str, set[str]] = {}
    for link in links:
        refers.setdefault(link.owner, set()).add(link.term)
    for link in links:
        if link.term not in here and link.term not in elsewhere:
            known = sorted(here.union(elsewhere))
            hint = nearest(link.term, known) or f"; known are: {', '.join(known[:8])}"
            yield Problem(link.file, link.line, f"unknown term '{link.term}'{hint}")
        elif link.owner in _reached(link.term, refers):
            message = (
                f"the query of '{link.owner}' leads back to itself through '{link.term}'; break the circle"
            )
            yield Problem(link.file, link.line, message)


class _Link(NamedTuple):
    file: str
    line: int
    owner: str  # id of the term whose query it is
    term: str  # id that it refers to


def _references(document: Document) -> Iterator[tuple[Path, str, str]]:
    for path, value in _conditions(document):
        owner, term = document.value((*path[:2], "id")), value.get("term")
        if isinstance(owner, str) and isinstance(term, str):
            yield (*path, "term"), owner, term


def _reached(term: str, refers: Mapping[str, set[str]]) -> set[str]:
    found, waiting = set[str](), [term]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += refers.get(here, ())
    return found


def _conditions(document: Document) -> Iterator[tuple[Path, dict[str, object]]]:
    """Every condition written as a mapping, the outermost first."""
    for path, value in document.select("terms.*.query"):
        yield from _nested(path, value)


def _nested(path: Path, value: object) -> Iterator[tuple[Path, dict[str, object]]]:
    if not isinstance(value, dict):
        return
    yield path, value
    for steps, item in _items(value):
        yield from _nested((*path, *steps), item)


def _items(condition: dict[str, object]) -> Iterator[tuple[Path, object]]:
    """The conditions inside one, with the steps that lead to each."""
    for key in _LISTS:
        yield from _listed((key,), condition.get(key))
    near = condition.get("near")
    if isinstance(near, dict):
        yield from _listed(("near", "of"), near.get("of"))
    if "title" in condition:
        yield ("title",), condition["title"]


def _listed(steps: Path, value: object) -> Iterator[tuple[Path, object]]:
    if isinstance(value, tuple):
        yield from (((*steps, number), item) for number, item in enumerate(value))


def _has_place(value: object) -> bool:
    if not isinstance(value, dict):
        return True
    if value.keys() == {"any"} and isinstance(value["any"], tuple):
        return all(map(_has_place, value["any"]))
    return value.keys() in ({"term"}, {"words"})


def _asks(value: object) -> bool:
    """Tell whether a condition needs something to be there."""
    if not isinstance(value, dict):
        return True
    if any(key in value for key in ("term", "words", "near")) or _asks_all(value.get("title")):
        return True
    return any(map(_asks, _tuple(value.get("all")))) or _asks_all(*_tuple(value.get("any")))


def _asks_all(*values: object) -> bool:
    return bool(values) and all(value is not None and _asks(value) for value in values)


def _tuple(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()
