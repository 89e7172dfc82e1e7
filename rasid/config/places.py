"""Where each value of an operators' YAML text stands, and how much of the text is its own.

The parser's events carry positions; `read_source` keeps them beside the values, and `span` says what goes when a
value does.

Comments. What stands at the end of an item's line goes with the item. A comment directly above heads the
items of the same shape that follow it without a blank line or another comment; it goes with the last of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
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
from rasid.errors import EditError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BY_HAND = "this layout is more than Rasid can edit without harm; edit the file by hand"

_COMMA = re.compile(r"[ \t]*,[ \t]*")
_REST = re.compile(r"[ \t]*,?[ \t]*(?:#[^\n]*|\r?)(?:\n|\Z)")  # of a line after a member of a flow collection


@dataclass(frozen=True, slots=True)
class Place:
    """A value by its position: text[start:end], its anchor included, comments after it not."""

    kind: Literal["scalar", "list", "mapping", "alias"]
    start: int
    end: int
    anchor: str | None = None  # that it defines; of an alias: that it repeats
    flow: bool = False  # in brackets or braces
    children: Mapping[str | int, Place] = field(default_factory=dict)
    keys: Mapping[str | int, Place] = field(default_factory=dict)  # of a mapping

    def walk(self) -> Iterator[Place]:
        """This place and all in it, in the order of the text."""
        yield self
        for child in self.children.values():
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Source:
    """A text with its values and their places. Positions are indices into the text, lines count from 1."""

    text: str
    document: Document
    places: Place

    @property
    def root(self) -> object:
        """The value of the whole text."""
        return self.document.root.value

    @property
    def newline(self) -> str:
        """What ends a line of the text."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def value(self, path: Path) -> object:
        """The value at `path`, None where there is none."""
        return self.document.value(path)

    def line(self, path: Path) -> int:
        """The line of the value at `path`."""
        return self.document.line(path)

    def place(self, path: Path) -> Place:
        """Where the value at `path` stands; EditError where an alias stands for its owner."""
        place = self.places
        for step in path:
            if step not in place.children:
                raise EditError(self.line_at(place.start), BY_HAND)
            place = place.children[step]
        return place

    def ids(self) -> list[object]:
        """The ids of the terms."""
        return [value for _, value in self.document.select("terms.*.id")]

    def term(self, term: str) -> Path:
        """The path of a term; EditError names the one that was probably meant."""
        for path, value in self.document.select("terms.*.id"):
            if value == term:
                return path[:-1]
        known = [str(value) for value in self.ids()]
        raise EditError(0, f"no term '{term}'{nearest(term, known) or '; there are: ' + ', '.join(known)}")

    def repeated(self, anchor: str, start: int) -> str:
        """The lines behind a position on which an alias repeats an anchor, in words; empty where none does."""
        lines = [
            str(self.line_at(place.start))
            for place in self.places.walk()
            if place.kind == "alias" and place.anchor == anchor and place.start >= start
        ]
        return f"line{'s' if len(lines) > 1 else ''} {', '.join(dict.fromkeys(lines))}" if lines else ""

    def line_at(self, index: int) -> int:
        """The line of a position."""
        return self.text.count("\n", 0, index) + 1

    def line_start(self, index: int) -> int:
        """Where the line of a position starts."""
        return self.text.rfind("\n", 0, index) + 1

    def line_end(self, index: int) -> int:
        """The start of the next line, or the end of the text."""
        return self.text.find("\n", index) + 1 or len(self.text)

    def column(self, index: int) -> int:
        """The characters before a position on its line."""
        return index - self.line_start(index)

    def dash(self, item: Place) -> int:
        """Where the dash of a block list's item stands; first on its line, or the layout is refused."""
        dash = self.text.rfind("-", 0, item.start)
        if self.text[dash + 1 : item.start].strip(" \t") or self.text[self.line_start(dash) : dash].strip():
            raise EditError(self.line_at(item.start), BY_HAND)
        return dash

    def after(self, end: int, column: int) -> int:
        """The start of the first line after a value that is no comment indented deeper than `column`."""
        deeper = re.compile(rf" {{{column + 1},}}#")
        at = self.line_end(end)
        while deeper.match(self.text, at):
            at = self.line_end(at)
        return at


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def read_source(text: str) -> Source:
    """Read a text with its places; EditError where it is not in order."""
    document, problems = read_document(text, "")
    if document is None or problems:
        first = min(problems)
        raise EditError(first.line, f"{first.message}; mend this first")
    events = iter(YAML(typ="safe", pure=True).parse(text))
    root = next(event for event in events if not isinstance(event, (StreamStartEvent, DocumentStartEvent)))
    return Source(text, document, _place(root, events, text))


def _place(event: Event, events: Iterator[Event], text: str) -> Place:
    if isinstance(event, SequenceStartEvent):
        return _list_place(event, events, text)
    if isinstance(event, MappingStartEvent):
        return _mapping_place(event, events, text)
    start = event.start_mark.index
    # A block scalar's event ends after the blank lines behind it.
    end = start + len(text[start : event.end_mark.index].rstrip())
    kind: Literal["scalar", "alias"] = "alias" if isinstance(event, AliasEvent) else "scalar"
    return Place(kind, start, end, getattr(event, "anchor", None))


def _list_place(start: SequenceStartEvent, events: Iterator[Event], text: str) -> Place:
    items: list[Place] = []
    while not isinstance(event := next(events), SequenceEndEvent):
        items.append(_place(event, events, text))
    # A block collection's event ends where the next value begins, after comments that are not its own.
    end = event.end_mark.index if start.flow_style else items[-1].end
    at = start.start_mark.index
    return Place("list", at, end, start.anchor, bool(start.flow_style), dict(enumerate(items)))


def _mapping_place(start: MappingStartEvent, events: Iterator[Event], text: str) -> Place:
    keys: dict[str | int, Place] = {}
    children: dict[str | int, Place] = {}
    while not isinstance(event := next(events), MappingEndEvent):
        key = str(cast("ScalarEvent", event).value)  # read_document lets no other key pass
        keys[key] = _place(event, events, text)
        child = _place(next(events), events, text)
        if child.start == child.end:  # nothing is written, and the event stands on the next line
            behind = min(child.end, keys[key].end + 1)
            child = Place("scalar", behind, behind)
        children[key] = child
    end = event.end_mark.index if start.flow_style else child.end
    at = start.start_mark.index
    return Place("mapping", at, end, start.anchor, bool(start.flow_style), children, keys)


# ── what goes with a value ────────────────────────────────────────────────────────────────────────


def span(source: Source, path: Path) -> tuple[int, int]:
    """The text that goes with an item of a list, or with a key and its value: text[start:end].

    Raises:
        EditError: An alias stands for its owner, or it shares a line with what must stay.
    """
    owner = source.place(path[:-1])
    index = list(owner.children).index(path[-1])
    if owner.flow:
        return _flow_span(source, owner, index)
    return _item_span(source, owner, index) if owner.kind == "list" else _key_span(source, owner, index)


def _item_span(source: Source, items: Place, index: int) -> tuple[int, int]:
    """The lines of one item of a block list: its comments, and one of two blank lines around it."""
    item, following = items.children[index], items.children.get(index + 1)
    dash = source.dash(item)
    start, end = source.line_start(dash), source.after(item.end, source.column(dash))
    goes_on = (  # what the comment above says of this item it says of the next, too
        following
        and following.kind == item.kind
        and not source.text[end : source.line_start(source.dash(following))].strip(" \t")
    )
    if not goes_on:
        floor = source.line_end(items.children[index - 1].end) if index else 0
        start = _comments_above(source, dash, floor)
    blank_above = re.search(r"\n([ \t]*\r?\n)+\Z", source.text[:start])
    if blank_above and not source.text[end:].strip():
        return blank_above.start() + 1, end
    blank_below = re.match(r"([ \t]*\r?\n)+", source.text[end:])
    if blank_below and (blank_above or not index):
        return start, end + blank_below.end()
    return start, end


def _key_span(source: Source, holder: Place, index: int) -> tuple[int, int]:
    """The lines of a key with its value and the comment directly above it."""
    keys, values = list(holder.keys.values()), list(holder.children.values())
    at, end = keys[index].start, values[index].end
    if source.text[source.line_start(at) : at].strip():  # the first key, on the line of its item's dash
        following = keys[index + 1].start if index + 1 < len(keys) else end
        if "#" in source.text[end:following]:
            raise EditError(source.line_at(at), BY_HAND)
        return at, following
    floor = source.line_end(values[index - 1].end) if index else 0
    return _comments_above(source, at, floor), source.after(end, source.column(at))


def _comments_above(source: Source, at: int, floor: int) -> int:
    """The start of a line, or of the comment lines directly above it in its column; none below `floor`."""
    start, comment = source.line_start(at), " " * source.column(at) + "#"
    while start > floor and source.text.startswith(comment, above := source.line_start(start - 1)):
        start = above
    return start


def _flow_span(source: Source, owner: Place, index: int) -> tuple[int, int]:
    """A member of a flow collection with one comma; a line that it had to itself goes whole."""
    text = source.text
    members = [(owner.keys.get(step, child).start, child.end) for step, child in owner.children.items()]
    start, end = members[index]
    before = text[members[index - 1][1] : start] if index else ""
    after = text[end : members[index + 1][0]] if index + 1 < len(members) else ""
    if _COMMA.fullmatch(after):
        return start, end + len(after)
    if _COMMA.fullmatch(before):
        return start - len(before), end
    if not text[source.line_start(start) : start].strip() and _REST.match(text, end):
        return source.line_start(start), source.line_end(end)
    if comma := _COMMA.match(after):
        return start, end + comma.end()
    if before and "#" not in before:
        return start - len(before), end
    return start, end
