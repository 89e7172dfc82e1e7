"""An operators' YAML text as plain values, each with the line it stands on.

Theory of operation. ruamel's parser gives events; they are composed here into nodes, in one pass, and
plain scalars are read by the core schema of YAML 1.2 and nothing else. ruamel's round-trip constructor was
tried first and set aside for reading: it stops at the first duplicate key (every problem is to be told at
once), turns 2026-01-01 into a date and `!!binary` into bytes, honours `<<` and `%YAML 1.1` (where `no` is
false), and raises a bare ValueError on `!!int x`. Machine edits that keep comments are another matter.

The pure parser reads 25 kB in 50 ms, which every command would pay, and 1,000 feeds in a quarter of a second. Its C
sister takes an eighth of that, but knows an older YAML, and says less of what is wrong. It reads what is written as
operators write it; what is out of the ordinary, and what it refuses, is read again by the pure one, whose word holds.
On everything else both give the same events on the same lines, which a property test proves.

Hostile texts: size, depth and the number of aliases are bounded while the events are drawn, so that a bomb
is refused before it is built. An alias shares its target's value, hence nothing grows; an anchor is known
only once its node is complete, hence no node can hold itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.cyaml import CBaseLoader
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from ruamel.yaml.reader import ReaderError

from rasid.config.values import one_line
from rasid.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MAX_CHARACTERS = 1_000_000  # the pure parser reads 1 MB in about 5 s; a watchlist of 1,000 terms has 0.1 MB
MAX_DEPTH = 40  # the deepest legitimate file has 8 levels; recursion stays far below Python's limit
MAX_ALIASES = 50

Path = tuple[str | int, ...]

_INT = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")  # longer digit strings become floats
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]"
)  # escapes such as "\0" can smuggle them in
_OUT_OF_THE_ORDINARY = re.compile(
    # Tabs, other ends of lines, the mark at the beginning, what is no text.
    r"[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
    # Where a value may begin: tags, block texts, explicit keys, directives, names that are more than plain.
    r"|^(?! *#)(?:.*[\s,\[{:'\"])?(?:[!|>?%]|[&*](?![A-Za-z0-9_-]+[ \n,\]}]))"
    r"|^(?:---|\.\.\.)",  # the marks of documents
    re.MULTILINE,
)
_END = (SequenceEndEvent, MappingEndEvent)


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document; a key's node carries the key's line."""

    line: int  # from 1
    value: object  # str, int, float, bool, None, tuple or dict
    children: Mapping[str | int, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML text that could be read."""

    root: Node

    def line(self, path: Iterable[str | int]) -> int:
        """The line of the value at `path`, or of the deepest part of the path that exists."""
        node = self.root
        for step in path:
            if step not in node.children:
                break
            node = node.children[step]
        return node.line

    def value(self, path: Path) -> object:
        """The value at `path`; None where there is none."""
        node: Node | None = self.root
        for step in path:
            node = node.children.get(step) if node else None
        return node.value if node else None

    def select(self, pattern: str) -> Iterator[tuple[Path, object]]:
        """Every (path, value) that a dotted pattern such as "terms.*.id" meets, in the order of the text."""
        found: list[tuple[Path, Node]] = [((), self.root)]
        for step in pattern.split("."):
            found = [
                ((*path, key), child)
                for path, node in found
                for key, child in node.children.items()
                if step in ("*", key)
            ]
        for path, node in found:
            yield path, node.value


_Composed = tuple[Node, list[tuple[int, str]]]  # what it holds; lines and problems


class _RefusedError(Exception):
    """The whole text is refused at this line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


def read_document(text: str, file: str) -> tuple[Document | None, list[Problem]]:
    """Read one YAML text; without a document where it cannot be read as YAML at all."""
    if len(text) > MAX_CHARACTERS:
        return None, [Problem(file, 0, f"longer than {MAX_CHARACTERS:,} characters; split the file")]
    try:
        root, problems = _composed_quickly(text) or _composed(_events(text))
    except _RefusedError as refused:
        return None, [Problem(file, refused.line, one_line(refused.message))]
    return Document(root), [Problem(file, line, one_line(message)) for line, message in problems]


def _composed(events: Iterator[Event]) -> _Composed:
    composer = _Composer(events)
    return composer.document(), composer.problems


def _composed_quickly(text: str) -> _Composed | None:
    """The text as the parser in C reads it; None where the pure one has to look."""
    if _OUT_OF_THE_ORDINARY.search(text):
        return None
    try:
        return _composed(iter(CBaseLoader(text).get_event, None))
    except (YAMLError, _RefusedError):
        return None


def _events(text: str) -> Iterator[Event]:
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        raise _RefusedError(mark.line + 1 if mark else 0, _syntax_message(e.problem or str(e))) from e
    except ReaderError as e:
        line = text.count("\n", 0, e.position) + 1
        raise _RefusedError(
            line, f"the character {_code_point(e.character)} is not allowed; delete it"
        ) from e
    except (YAMLError, ValueError, OverflowError) as e:  # of these only chr() of an escape was ever seen
        raise _RefusedError(0, "not valid YAML: an escape names no character; write the character") from e


def _code_point(character: object) -> str:
    return f"U+{ord(character) if isinstance(character, str) else int(str(character)):04X}"


def _syntax_message(problem: str) -> str:
    """The parser's words, with the remedy for what people really do."""
    if "'\\t'" in problem:
        return "a tab is used to indent; use spaces"
    if "mapping values are not allowed" in problem:
        return "not valid YAML: a second ': ' on one line; put the text in quotes, or check the indentation"
    if "undefined alias" in problem:
        return f"not valid YAML: {problem}; write the value out, or put text that begins with * in quotes"
    if "cannot start any token" in problem:
        return f"not valid YAML: {problem}; put the text in quotes"
    return f"not valid YAML: {problem}; check indentation, brackets and quotes here and on the line above"


class _Composer:
    """Events to nodes, within limits."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._anchors: dict[str, Node] = {}
        self._aliases = 0
        self.problems: list[tuple[int, str]] = []

    def document(self) -> Node:
        root = Node(line=1, value=None)
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
            elif documents > 1:
                raise _RefusedError(_line(event), "a second document begins here; remove the line '---'")
            elif not isinstance(event, (StreamStartEvent, StreamEndEvent, DocumentEndEvent)):
                root = self._node(event, depth=1)
        return root

    def _node(self, event: Event, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise _RefusedError(_line(event), f"nested deeper than {MAX_DEPTH} levels; flatten the file")
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if not isinstance(event, (ScalarEvent, SequenceStartEvent, MappingStartEvent)):
            raise TypeError(f"the parser gave {event!r} where a node begins")
        if event.tag is not None:
            self._problem(event, f"the tag {event.tag} is not used here; remove it")
        node = self._build(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _build(self, event: ScalarEvent | SequenceStartEvent | MappingStartEvent, depth: int) -> Node:
        if isinstance(event, SequenceStartEvent):
            return self._sequence(event, depth)
        if isinstance(event, MappingStartEvent):
            return self._mapping(event, depth)
        return Node(line=_line(event), value=self._scalar(event))

    def _alias(self, event: AliasEvent) -> Node:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise _RefusedError(
                _line(event), f"more than {MAX_ALIASES} aliases (*name); write the values out"
            )
        if event.anchor not in self._anchors:
            raise _RefusedError(_line(event), _syntax_message(f"undefined alias *{event.anchor}"))
        return replace(self._anchors[event.anchor], line=_line(event))

    def _sequence(self, start: Event, depth: int) -> Node:
        items = [self._node(event, depth + 1) for event in self._until_end()]
        return Node(
            line=_line(start), value=tuple(item.value for item in items), children=dict(enumerate(items))
        )

    def _mapping(self, start: Event, depth: int) -> Node:
        children: dict[str | int, Node] = {}
        for event in self._until_end():
            if not isinstance(event, ScalarEvent):
                raise _RefusedError(_line(event), "a key must be plain text; put it in quotes")
            key, value = self._printable(event), self._node(next(self._events), depth + 1)
            if key in children:
                self._problem(event, f"key '{key}' already stands at line {children[key].line}; remove one")
            else:
                children[key] = replace(value, line=_line(event))
        value_of = {key: child.value for key, child in children.items()}
        return Node(line=_line(start), value=value_of, children=children)

    def _until_end(self) -> Iterator[Event]:
        """The events that open each member of a collection; its members draw their own."""
        while not isinstance(event := next(self._events), _END):
            yield event

    def _scalar(self, event: ScalarEvent) -> object:
        text = self._printable(event)
        return text if event.style else _plain(text)

    def _printable(self, event: ScalarEvent) -> str:
        text = str(event.value)
        if bad := _UNPRINTABLE.search(text):
            self._problem(event, f"the text holds the character {_code_point(bad[0])}; delete it")
        return _UNPRINTABLE.sub("", text)

    def _problem(self, event: Event, message: str) -> None:
        self.problems.append((_line(event), message))


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1


def _plain(text: str) -> object:
    """An unquoted scalar by the core schema of YAML 1.2: `no`, 07:00 and 2026-01-01 are text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text
