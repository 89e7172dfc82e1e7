"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, DateTime, Text, cast, func
from sqlalchemy.types import TypeDecorator, UserDefinedType

if TYPE_CHECKING:
    from sqlalchemy import BindParameter, ColumnElement
    from sqlalchemy.engine import Dialect

# PostgreSQL refuses NUL in text, both refuse lone surrogates: one hostile title would block its feed.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """Replace what no database stores by U+FFFD, one for one, so that offsets stay true."""
    return _UNSTORABLE.sub("\ufffd", text)


def jsonable(value: object) -> object:
    """Turn nested values into what JSON holds: clean text, lists, sets in order, objects, ISO 8601 for times."""
    if isinstance(value, str):
        return clean(value)
    if is_dataclass(value):
        return {each.name: jsonable(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {clean(str(key)): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | AbstractSet):
        return [jsonable(item) for item in (sorted(value) if isinstance(value, AbstractSet) else value)]
    if isinstance(value, datetime | time):
        return value.isoformat()
    return value


class CleanText(TypeDecorator[str]):
    """Text without NUL and lone surrogates; also where it is only compared with."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002, D102 - SQLAlchemy's signature
        return None if value is None else clean(value)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC out; SQLite gets them as naive UTC, whose text sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: D102 - SQLAlchemy's signature
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value}: storage takes aware values only")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002, D102 - SQLAlchemy's signature
        if value is None:
            return None
        stored: datetime = value
        return stored.replace(tzinfo=UTC) if stored.tzinfo is None else stored.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """JSON as text: read whole or not at all, never queried into, so both databases hold the same bytes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002, D102 - SQLAlchemy's signature
        if value is None:
            return None
        return json.dumps(jsonable(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002, D102 - SQLAlchemy's signature
        return None if value is None else json.loads(value)


class Lexemes(UserDefinedType[Sequence[str]]):
    """PostgreSQL's tsvector without positions, out of a list of words; the words must be bounded already."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:  # noqa: D102 - SQLAlchemy's signature
        return "TSVECTOR"

    def bind_expression(self, bindvalue: BindParameter[Sequence[str]]) -> ColumnElement[Any]:  # noqa: D102 - the same
        return func.array_to_tsvector(cast(bindvalue, ARRAY(Text)))
