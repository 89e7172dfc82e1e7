"""Machine edits of operators' files that a person reviews in a diff: text in, text out, the smallest change.

Theory of operation. The parser's events carry the position of each value; an edit finds its place among them
and splices the text there, so that comments, order, quoting, anchors and line ends elsewhere survive byte for
byte. What was meant is worked out on the plain values as well; the new text is read again and compared with
it, and an edit that did anything else is refused: a layout that this module does not know costs the operator
an edit by hand, never a word of the file.

Comments. What stands at the end of an item's line goes with the item. A comment directly above heads the
items of the same shape that follow it without a blank line or another comment; it goes with the last of them.

Rejected: ruamel's round-trip dumper. It lays out long flow lists anew, and a form added to one is a diff of
forty lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, cast

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamStartEvent,
)

from rasid.config.document import Document, Path, read_document
from rasid.config.values import nearest
from rasid.errors import RasidError
from rasid.text import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Kind = Literal["forms", "codes", "lookalikes"]
Splice = tuple[int, int, str]  # text[start:end] becomes the third

KINDS: tuple[Kind, ...] = ("forms", "codes", "lookalikes")
_ORDER = ("id", "label", "label_en", "importance", *KINDS)  # of a term's keys, as the documentation has them
_BY_HAND = "this layout is more than Rasid can edit without harm; edit the file by hand"
_PROPERTIES = re.compile(r"(?:[&!]\S+\s+)*")  # anchor and tag before a value
_COMMA = re.compile(r"[ \t]*,[ \t]*")
_REST = re.compile(r"[ \t]*,?[ \t]*(?:#[^\n]*|\r?)(?:\n|\Z)")  # of a line after a member of a flow collection


class EditError(RasidError):
    """An edit is refused, nothing is changed; `line` is that of the text, 0 where no place is meant."""

    def __init__(self, line: int, message: str) -> None:
        self.line, self.message = line, message
        super().__init__(line, message)

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


# ── the edits ─────────────────────────────────────────────────────────────────────────────────────


def add_forms(
    text: str,
    term: str,
    forms: Sequence[str],
    kind: Kind = "forms",
    *,
    near: Sequence[str] = (),
    within: int | None = None,
    unless: Sequence[str] = (),
) -> str:
    """Add spellings to a term at the end of its list of that kind, each with the cues given.

    Raises:
        EditError: no such term; a spelling folds to one that the term has; the list is shared by an anchor.
    """
    source = _read(text)
    path = source.term(term)
    _refuse_twins(source, path, forms)
    cues: dict[str, object] = {"near": tuple(near), "within": within, "unless": tuple(unless)}
    cues = {key: value for key, value in cues.items() if value}
    items = tuple({"form": form, **cues} if cues else form for form in forms)
    if not items:
        return text
    _refuse_shared(source, (*path, kind))
    holder = source.place(path)
    keys = source.value(path)
    if kind in holder.children:
        splice = _append(source, holder.children[kind], items)
        present = keys[kind] if isinstance(keys, dict) else ()
        items = (*present, *items)
    else:
        splice = _new_key(source, holder, kind, items)
    return _spliced(source, [splice], _with(source.root, path, lambda keys: {**keys, kind: items}))


def add_term(
    text: str,
    term: str,
    label: str,
    *,
    label_en: str | None = None,
    importance: int | None = None,
    forms: Sequence[str] = (),
    codes: Sequence[str] = (),
) -> str:
    """Add a term at the end of the list, laid out as the others are.

    Raises:
        EditError: the id is taken; there is no list of terms.
    """
    source = _read(text)
    terms = source.place(("terms",)) if "terms" in source.places.children else None
    if terms is None or terms.kind != "list":
        raise EditError(0, "there is no list 'terms'; write the first term by hand")
    if term in source.ids():
        raise EditError(source.line(source.term(term)), f"term '{term}' is there already; add forms to it")
    fields = {"id": term, "label": label, "label_en": label_en, "importance": importance}
    fields = {key: value for key, value in fields.items() if value is not None}
    splice = _append(source, terms, [fields]) if terms.flow else _new_term(source, terms, fields)
    text = _spliced(source, [splice], _with(source.root, ("terms",), lambda terms: (*terms, fields)))
    for kind, spellings in (("forms", forms), ("codes", codes)):
        text = add_forms(text, term, spellings, "codes" if kind == "codes" else "forms")
    return text


def remove_forms(text: str, term: str, forms: Sequence[str]) -> str:
    """Take spellings out of a term, wherever it has them; a list that becomes empty goes with its key.

    Each is meant as it is written; where none is written so, those that fold to the same are meant.

    Raises:
        EditError: the term has no such spelling, or none would be left; others repeat what would go.
    """
    source = _read(text)
    path = source.term(term)
    unwanted = {found for form in forms for found in _spelled(source, path, form)}
    left = [found for found in _spellings(source, path) if found not in unwanted]
    if not any(at[-2] in ("forms", "codes") for at, _ in left) and not source.has(path, "query"):
        raise EditError(
            source.line(path), f"term '{term}' would be left without a spelling; remove the whole term"
        )
    # From the back: an alias goes before the anchor that it repeats, and indices stay true.
    for at, _ in sorted(unwanted, key=lambda found: int(found[0][-1]), reverse=True):
        text = _without_item(_read(text), at)
    return text


def remove_term(text: str, term: str) -> str:
    """Take a term out of the list, with the comment directly above that is its own.

    Raises:
        EditError: no such term, or it is the last; something that others repeat by an alias stands in it.
    """
    source = _read(text)
    path = source.term(term)
    if len(source.ids()) == 1:
        raise EditError(source.line(path), f"'{term}' is the list's only term; remove the file instead")
    return _without_item(source, path)


def rename_term(text: str, old: str, new: str) -> str:
    """Change a term's id, and the references to it in the queries of the list's terms.

    Raises:
        EditError: no such term, or the new id is taken.
    """
    source = _read(text)
    path = source.term(old)
    if new in source.ids():
        raise EditError(source.line(source.term(new)), f"term '{new}' is there already; choose another id")
    return _replaced(source, [(*path, "id"), *_references(source, old)], new)


def rename_references(text: str, old: str, new: str) -> str:
    """Change an id in the queries of a watchlist that holds other terms; without any, the text as it is."""
    source = _read(text)
    return _replaced(source, list(_references(source, old)), new)


def rename_in_subscriptions(text: str, old: str, new: str) -> str:
    """Change an id in the `terms` of subscriptions.yaml; without any, the text as it is."""
    source = _read(text)
    named = [path for path, value in source.document.select("subscriptions.*.terms.*") if value == old]
    return _replaced(source, named, new)


# ── places: where each value stands ───────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Place:
    """A value by its position: text[start:end], its anchor included, comments after it not."""

    kind: Literal["scalar", "list", "mapping", "alias"]
    start: int
    end: int
    anchor: str | None = None  # that it defines; of an alias: that it repeats
    flow: bool = False  # in brackets or braces
    children: Mapping[str | int, _Place] = field(default_factory=dict)
    keys: Mapping[str | int, _Place] = field(default_factory=dict)  # of a mapping

    def walk(self) -> Iterator[_Place]:
        """This place and all in it, in the order of the text."""
        yield self
        for child in self.children.values():
            yield from child.walk()

    def members(self) -> list[tuple[int, int]]:
        """What stands between the commas of a flow collection."""
        return [(self.keys.get(step, child).start, child.end) for step, child in self.children.items()]


@dataclass(frozen=True, slots=True)
class _Source:
    """A text with its values and their places."""

    text: str
    document: Document
    places: _Place

    @property
    def root(self) -> object:
        return self.document.root.value

    @property
    def newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def value(self, path: Path) -> object:
        return self.document.value(path)

    def has(self, path: Path, key: str) -> bool:
        """Whether a mapping has a key."""
        return self.document.value((*path, key)) is not None

    def place(self, path: Path) -> _Place:
        """Where the value at `path` stands; EditError where an alias stands for it or for its owner."""
        place = self.places
        for step in path:
            if step not in place.children:
                raise EditError(self.line_at(place.start), _BY_HAND)
            place = place.children[step]
        return place

    def line(self, path: Path) -> int:
        return self.document.line(path)

    def line_at(self, index: int) -> int:
        return self.text.count("\n", 0, index) + 1

    def ids(self) -> list[object]:
        return [value for _, value in self.document.select("terms.*.id")]

    def term(self, term: str) -> Path:
        """The path of a term."""
        for path, value in self.document.select("terms.*.id"):
            if value == term:
                return path[:-1]
        known = [str(value) for value in self.ids()]
        raise EditError(0, f"no term '{term}'{nearest(term, known) or '; there are: ' + ', '.join(known)}")

    def line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def line_end(self, index: int) -> int:
        """The start of the next line, or the end of the text."""
        return self.text.find("\n", index) + 1 or len(self.text)

    def column(self, index: int) -> int:
        return index - self.line_start(index)

    def dash(self, item: _Place) -> int:
        """Where the dash of a block list's item stands; first on its line, or the layout is refused."""
        dash = self.text.rfind("-", 0, item.start)
        if self.text[dash + 1 : item.start].strip(" \t") or self.text[self.line_start(dash) : dash].strip():
            raise EditError(self.line_at(item.start), _BY_HAND)
        return dash

    def after(self, end: int, column: int) -> int:
        """The start of the first line after a value that is no comment indented deeper than its owner."""
        at = self.line_end(end)
        while at < len(self.text):
            line = self.text[at : self.line_end(at)]
            if not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) <= column:
                break
            at = self.line_end(at)
        return at

    def comments_above(self, start: int, column: int, floor: int) -> int:
        """The start of the comment lines of this column directly above a line; none below `floor`."""
        while start > floor:
            above = self.line_start(start - 1)
            if above < floor or not re.match(rf" {{{column}}}#", self.text[above:start]):
                break
            start = above
        return start


def _read(text: str) -> _Source:
    document, problems = read_document(text, "")
    if document is None or problems:
        first = min(problems)
        raise EditError(first.line, f"{first.message}; mend this first")
    events = iter(YAML(typ="safe", pure=True).parse(text))
    event = next(events)
    while isinstance(event, (StreamStartEvent, DocumentStartEvent)):
        event = next(events)
    return _Source(text, document, _place(event, events, text))


def _place(event: Event, events: Iterator[Event], text: str) -> _Place:
    start, end, anchor = event.start_mark.index, event.end_mark.index, getattr(event, "anchor", None)
    if isinstance(event, SequenceStartEvent):
        return _list_place(event, events, text)
    if isinstance(event, MappingStartEvent):
        return _mapping_place(event, events, text)
    if isinstance(event, AliasEvent):
        return _Place("alias", start, end, anchor)
    # A block scalar's event ends after the blank lines behind it.
    return _Place("scalar", start, start + len(text[start:end].rstrip()), anchor)


def _list_place(start: SequenceStartEvent, events: Iterator[Event], text: str) -> _Place:
    items: list[_Place] = []
    while not isinstance(event := next(events), SequenceEndEvent):
        items.append(_place(event, events, text))
    # A block collection's event ends where the next value begins, after comments that are not its own.
    end = event.end_mark.index if start.flow_style else items[-1].end
    at = start.start_mark.index
    return _Place("list", at, end, start.anchor, bool(start.flow_style), dict(enumerate(items)))


def _mapping_place(start: MappingStartEvent, events: Iterator[Event], text: str) -> _Place:
    keys: dict[str | int, _Place] = {}
    children: dict[str | int, _Place] = {}
    while not isinstance(event := next(events), MappingEndEvent):
        key = str(cast("ScalarEvent", event).value)  # read_document lets no other key pass
        keys[key] = _place(event, events, text)
        children[key] = child = _place(next(events), events, text)
    end = event.end_mark.index if start.flow_style else max(child.end, keys[key].end + 1)
    return _Place(
        "mapping", start.start_mark.index, end, start.anchor, bool(start.flow_style), children, keys
    )


# ── values as YAML ────────────────────────────────────────────────────────────────────────────────


def quoted(text: str) -> str:
    """A text as YAML that reads back as the same wherever a value may stand: plain where that will do.

    Raises:
        EditError: It holds a character that no operators' file may hold.
    """
    single = "'" + text.replace("'", "''") + "'"
    double = '"' + "".join(map(_escaped, text)) + '"'
    for written in (text, single, double):
        probe = f"k: {written}\nblock:\n  - {written}\nflow: [{written}, {{k: {written}, e: {written}}}]\n"
        expected = {"k": text, "block": (text,), "flow": (text, {"k": text, "e": text})}
        document, problems = read_document(probe, "")
        if document is not None and not problems and document.root.value == expected and "\n" not in written:
            return written
    raise EditError(0, f"{text!r} holds a character that a file may not hold; write it without")


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08X}"


def _inline(value: object) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_inline(part)}" for key, part in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return quoted(value) if isinstance(value, str) else str(value)


# ── insertions ────────────────────────────────────────────────────────────────────────────────────


def _append(source: _Source, place: _Place, items: Iterable[object]) -> Splice:
    """Items at the end of a list, each on one line of a block list or all on the last of a flow list."""
    written = [_inline(item) for item in items]
    if place.kind != "list":
        raise EditError(source.line_at(place.start), "expected a list: [a, b], or a '- ' line for each")
    if not place.flow:
        return _append_lines(source, place, [f"- {item}" for item in written])
    if place.children:
        end = place.children[len(place.children) - 1].end
        return end, end, "".join(f", {item}" for item in written)
    start = source.text.index("[", place.start) + 1
    return start, start, ", ".join(written)


def _append_lines(source: _Source, place: _Place, lines: Sequence[str]) -> Splice:
    """Lines after the last item of a block list, indented as its dashes are."""
    last = place.children[len(place.children) - 1]
    column = source.column(source.dash(last))
    return _insert_lines(source, source.after(last.end, column), [" " * column + line for line in lines])


def _insert_lines(source: _Source, at: int, lines: Sequence[str]) -> Splice:
    written = [line.rstrip(" ") if not line.strip() else line for line in lines]
    if at == len(source.text) and not source.text.endswith("\n"):  # the text stays without a last newline
        return at, at, "".join(source.newline + line for line in written)
    return at, at, "".join(line + source.newline for line in written)


def _new_key(source: _Source, holder: _Place, kind: Kind, items: tuple[object, ...]) -> Splice:
    """A list under a new key, after the key that precedes it in the usual order."""
    before = [key for key in _ORDER[: _ORDER.index(kind)] if key in holder.children][-1]
    end = holder.children[before].end
    if holder.flow:
        return end, end, f", {kind}: {_inline(items)}"
    column = source.column(holder.keys[before].start)
    dashes = " " * (column + _dash_offset(source))
    lines = [" " * column + f"{kind}:", *(f"{dashes}- {_inline(item)}" for item in items)]
    return _insert_lines(source, source.after(end, column), lines)


def _dash_offset(source: _Source) -> int:
    """How far the file indents the dashes under a key: as in its innermost block list."""
    offsets = [
        source.column(source.dash(child.children[0])) - source.column(mapping.keys[key].start)
        for mapping in source.places.walk()
        if mapping.kind == "mapping" and not mapping.flow
        for key, child in mapping.children.items()
        if child.kind == "list" and not child.flow
    ]
    return offsets[-1]


def _new_term(source: _Source, terms: _Place, fields: Mapping[str, object]) -> Splice:
    """The lines of a term, with a blank one before it where the terms of the file are set apart."""
    items = list(terms.children.values())
    gaps = [source.text[one.end : other.start] for one, other in pairwise(items)]
    apart = any(re.search(r"\n[ \t]*\r?\n", gap) for gap in gaps)
    blocks = [item for item in items if item.kind == "mapping" and not item.flow]
    width = blocks[-1].start - source.dash(blocks[-1]) if blocks else 2
    keys = [f"{key}: {_inline(value)}" for key, value in fields.items()]
    first = "-" + " " * (width - 1) + keys[0]
    return _append_lines(
        source, terms, [*([""] if apart else []), first, *(" " * width + key for key in keys[1:])]
    )


# ── removals ──────────────────────────────────────────────────────────────────────────────────────


def _without_item(source: _Source, path: Path) -> str:
    """The text without one item of a list, or without the list's key where it was the only item."""
    owner, index = path[:-1], path[-1]
    _refuse_shared(source, owner)
    items = source.place(owner)
    if items.kind != "list" or not isinstance(index, int):
        raise EditError(source.line(owner), _BY_HAND)
    if len(items.children) == 1:
        start, end = _key_span(source, source.place(owner[:-1]), owner[-1])
        expected = _with(source.root, owner[:-1], lambda keys: _dropped(keys, owner[-1]))
    else:
        start, end = (
            _flow_span(source, items.members(), index) if items.flow else _item_span(source, items, index)
        )
        expected = _with(source.root, owner, lambda values: (*values[:index], *values[index + 1 :]))
    _refuse_lost_anchors(source, start, end)
    return _spliced(source, [(start, end, "")], expected)


def _dropped(keys: Mapping[str | int, object], unwanted: str | int) -> dict[str | int, object]:
    return {key: value for key, value in keys.items() if key != unwanted}


def _item_span(source: _Source, items: _Place, index: int) -> tuple[int, int]:
    """The lines of one item of a block list: its comments, and one of two blank lines around it."""
    item, following = items.children[index], items.children.get(index + 1)
    column = source.column(source.dash(item))
    start, end = source.line_start(source.dash(item)), source.after(item.end, column)
    gap = source.text[end : source.line_start(source.dash(following))] if following else "#"
    if gap.strip(" \t") or (
        following and following.kind != item.kind
    ):  # nothing else goes on from its comment
        floor = source.line_end(items.children[index - 1].end) if index else 0
        start = source.comments_above(start, column, floor)
    blank_above = re.search(r"\n([ \t]*\r?\n)+\Z", source.text[:start])
    if blank_above and not source.text[end:].strip():
        return blank_above.start() + 1, end
    blank_below = re.match(r"([ \t]*\r?\n)+", source.text[end:])
    if blank_below and (blank_above or not index):
        return start, end + blank_below.end()
    return start, end


def _key_span(source: _Source, holder: _Place, key: str | int) -> tuple[int, int]:
    """A key with its value and the comment directly above it."""
    order = list(holder.keys)
    index = order.index(key)
    if holder.flow:
        return _flow_span(source, holder.members(), index)
    at, value = holder.keys[key].start, holder.children[key]
    column = source.column(at)
    if source.text[source.line_start(at) : at].strip():  # the first key, on the line of its item's dash
        following = holder.keys[order[index + 1]].start if index + 1 < len(order) else value.end
        if "#" in source.text[value.end : following]:
            raise EditError(source.line_at(at), _BY_HAND)
        return at, following
    floor = source.line_end(holder.children[order[index - 1]].end) if index else 0
    start = source.comments_above(source.line_start(at), column, floor)
    return start, source.after(value.end, column)


def _flow_span(source: _Source, members: Sequence[tuple[int, int]], index: int) -> tuple[int, int]:
    """A member of a flow collection with one comma; a line that it had to itself goes whole."""
    text, (start, end) = source.text, members[index]
    after = text[end : members[index + 1][0]] if index + 1 < len(members) else None
    before = text[members[index - 1][1] : start] if index else None
    if after is not None and _COMMA.fullmatch(after):
        return start, end + len(after)
    if before is not None and _COMMA.fullmatch(before):
        return start - len(before), end
    if not text[source.line_start(start) : start].strip() and _REST.match(text, end):
        return source.line_start(start), source.line_end(end)
    if after is not None and (comma := _COMMA.match(text, end)):
        return start, comma.end()
    if before is not None and "#" not in before:
        return start - len(before), end
    return start, end


# ── replacements ──────────────────────────────────────────────────────────────────────────────────


def _references(source: _Source, term: str) -> Iterator[Path]:
    """Every `term: ID` in the queries of the list."""
    for path, query in source.document.select("terms.*.query"):
        yield from _named_in(query, path, term)


def _named_in(value: object, path: Path, term: str) -> Iterator[Path]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple) else ()
    for step, part in parts:
        if step == "term" and part == term:
            yield (*path, step)
        else:
            yield from _named_in(part, (*path, step), term)


def _replaced(source: _Source, paths: Sequence[Path], new: str) -> str:
    """The text with other scalars at these paths; an alias follows what it repeats."""
    splices: set[Splice] = set()
    expected = source.root
    for path in paths:
        expected = _with(expected, path, lambda _: new)
        place: _Place | None = source.places
        for step in path:
            place = place.children.get(step) if place else None
        if place is not None and place.kind == "scalar":
            bare = _PROPERTIES.match(source.text, place.start)
            splices.add((bare.end() if bare else place.start, place.end, quoted(new)))
    return _spliced(source, splices, expected)


# ── what is refused ───────────────────────────────────────────────────────────────────────────────


def _spellings(source: _Source, path: Path) -> Iterator[tuple[Path, str]]:
    """Every spelling of a term as (path of its item, text)."""
    for kind in KINDS:
        items = source.value((*path, kind))
        for index, item in enumerate(items if isinstance(items, tuple) else ()):
            form = item.get("form") if isinstance(item, dict) else item
            if isinstance(form, str):
                yield (*path, kind, index), form


def _key(form: str) -> str:
    return " ".join(fold(form).text.split())


def _spelled(source: _Source, path: Path, form: str) -> list[tuple[Path, str]]:
    """The spellings of a term that are meant by `form`."""
    listed = list(_spellings(source, path))
    found = [item for item in listed if item[1].strip() == form.strip()]
    found = found or [item for item in listed if _key(item[1]) == _key(form)]
    if not found:
        hint = nearest(form, [text for _, text in listed])
        raise EditError(source.line(path), f"the term has no spelling '{form}'{hint}")
    return found


def _refuse_twins(source: _Source, path: Path, forms: Sequence[str]) -> None:
    twins: dict[str, tuple[int, str]] = {}
    for at, form in _spellings(source, path):
        twins.setdefault(_key(form), (source.line(at), form))
    for form in forms:
        line, twin = twins.setdefault(_key(form), (0, form))
        if line or twin is not form:
            where = f"is there already as '{twin}'" if line else f"is the same as '{twin}'"
            raise EditError(line, f"'{form}' {where}: Rasid reads both alike; leave it out")


def _refuse_shared(source: _Source, path: Path) -> None:
    """No list may be changed that an alias repeats elsewhere, nor one that is an alias."""
    place = source.places
    for step in path:
        if step not in place.children:
            return
        place = place.children[step]
        line = source.line_at(place.start)
        if place.kind == "alias":
            raise EditError(
                line, f"*{place.anchor} stands here for a list written elsewhere; edit it by hand"
            )
        if place.anchor and (lines := _repeated(source, place.anchor, place.end, len(source.text))):
            raise EditError(line, f"&{place.anchor} is repeated at {lines}; edit it by hand")


def _refuse_lost_anchors(source: _Source, start: int, end: int) -> None:
    for place in source.places.walk():
        if place.anchor and place.kind != "alias" and start <= place.start < end:
            lines = _repeated(source, place.anchor, end, len(source.text))
            if lines:
                line = source.line_at(place.start)
                message = f"&{place.anchor} is defined here and repeated at {lines}; write it out there first"
                raise EditError(line, message)


def _repeated(source: _Source, anchor: str, start: int, end: int) -> str:
    """The lines between two positions on which an alias repeats an anchor, in words."""
    lines = [
        str(source.line_at(place.start))
        for place in source.places.walk()
        if place.kind == "alias" and place.anchor == anchor and start <= place.start < end
    ]
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(dict.fromkeys(lines))}" if lines else ""


def _spliced(source: _Source, splices: Iterable[Splice], expected: object) -> str:
    """The text after the splices; refused unless it reads as what was expected and nothing else changed."""
    text = source.text
    first = len(text)
    for start, end, new in sorted(splices, reverse=True):
        text, first = text[:start] + new + text[end:], start
    document, problems = read_document(text, "")
    if document is None or problems or document.root.value != expected:
        raise EditError(source.line_at(first), _BY_HAND)
    return text


def _with(value: object, path: Path, change: Callable[..., object]) -> object:
    """A value with `change` made at a path."""
    if not path:
        return change(value)
    step, *rest = path
    if isinstance(value, dict):
        return {key: _with(part, tuple(rest), change) if key == step else part for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(
            _with(part, tuple(rest), change) if key == step else part for key, part in enumerate(value)
        )
    return value
