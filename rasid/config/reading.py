"""From an operators' text to a validated model, or to every problem in it with its line.

pydantic finds what is wrong; what it says is written for programmers, so it is said again here for operators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from rasid.config.document import Document, Path, read_document
from rasid.config.values import nearest, one_line, shown
from rasid.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

T = TypeVar("T")
Schema = dict[str, Any]  # a JSON Schema
Rule = Callable[[Document], Iterator[tuple[Path, str]]]


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What reading one file gave: a value, or problems; the document where the text is YAML at all."""

    file: str
    value: T | None  # None where there are problems
    problems: tuple[Problem, ...]
    document: Document | None

    def demand(self) -> tuple[T, Document]:
        """The value and its document; ConfigError where there are problems."""
        if self.value is None or self.document is None:
            raise ConfigError(list(self.problems))
        return self.value, self.document


def read(
    text: str, file: str, shape: TypeAdapter[T], rules: Sequence[Rule] = (), *, may_be_empty: bool = False
) -> Reading[T]:
    """Read one file; `rules` tell what holds between keys, and run even where a key is wrong by itself."""
    document, problems = read_document(text, file)
    if document is None:
        return Reading(file, None, tuple(problems), None)
    data = document.root.value
    if data is None and not (may_be_empty and text.strip()):
        empty = Problem(file, 0, "the file is empty or missing; `rasid init` writes a first one")
        return Reading(file, None, (*problems, empty), document)
    try:
        value = shape.validate_python({} if data is None else data)
    except ValidationError as e:
        value = None
        problems += _shape_problems(e, shape.json_schema(), document, file)
    problems += [
        Problem(file, document.line(path), one_line(message))
        for rule in rules
        for path, message in rule(document)
    ]
    return Reading(file, None if problems else value, tuple(problems), document)


def _shape_problems(
    error: ValidationError, schema: Schema, document: Document, file: str
) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        if message := _message(detail, schema):
            yield Problem(file, document.line(detail["loc"]), one_line(message))


# ── pydantic's words, for operators ───────────────────────────────────────────────────────────────

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list: [a, b], or a '- ' line for each",
    "model_type": "keys with values",
    "dataclass_type": "keys with values",
    "literal_error": "{expected}",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than_equal": "{le:g} or less",
}


def _message(error: ErrorDetails, schema: Schema) -> str:
    """One problem in words; empty where it only follows from another."""
    *_, key = ("the file", *(step for step in error["loc"] if isinstance(step, str)))
    match error["type"]:
        case "extra_forbidden" | "unexpected_keyword_argument":
            known = sorted(_properties(schema, error["loc"][:-1]))
            return f"unknown key '{key}'{nearest(key, known) or '; known here: ' + ', '.join(known)}"
        case "missing":
            description = _properties(schema, error["loc"][:-1])[key]["description"]
            return f"missing key '{key}'; add it ({description})"
        # Its items were refused already, each with its own message.
        case "too_short" if len(error["input"]) >= error["ctx"]["min_length"]:
            return ""
        case kind:
            return f"{key}: {_fault(error, kind)}"


def _fault(error: ErrorDetails, kind: str) -> str:
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "too_short" and error["input"]:
        return f"has {len(error['input'])}, and needs {error['ctx']['min_length']} or more"
    if kind in ("string_too_short", "too_short"):
        return "is empty; write something, or leave the key out"
    if kind not in _EXPECTED:
        return error["msg"]
    wanted = _EXPECTED[kind].format(**error.get("ctx", {}))
    return f"expected {wanted}, got {_shown(error['input'], kind)}"


def _shown(value: object, kind: str) -> str:
    """A value as operators would name it; where text belongs, with the remedy."""
    if value is None:
        return "nothing; write a value, or leave the key out"
    if isinstance(value, str):
        return f"the text {shown(value)}"
    if isinstance(value, bool | int | float):
        written = str(value).lower()
        return f'{written}; put it in quotes: "{written}"' if kind == "string_type" else written
    if isinstance(value, dict):
        return "keys with values" + (
            "; put a text that holds ': ' in quotes" if kind == "string_type" else ""
        )
    return "a list"


def _properties(schema: Schema, path: Path) -> Schema:
    """The keys that a JSON Schema knows at a path of the document."""
    here = _collection(schema, schema)
    for step in path:
        here = _collection(here["items"] if isinstance(step, int) else here["properties"][step], schema)
    return cast("Schema", here["properties"])


def _collection(node: Schema, schema: Schema) -> Schema:
    """Follow references and choices to the object or array among them."""
    if "$ref" in node:
        return _collection(schema["$defs"][node["$ref"].rpartition("/")[2]], schema)
    variants = [_collection(variant, schema) for variant in node.get("anyOf", ())]
    return next((variant for variant in variants if variant["type"] in ("object", "array")), node)
