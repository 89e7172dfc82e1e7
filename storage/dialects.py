"""Where SQLite and PostgreSQL must be spoken to differently."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import text
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Table
    from sqlalchemy.dialects import postgresql

    DialectInsert = postgresql.Insert | sqlite.Insert

T = TypeVar("T")

_MOST_PARAMETERS = 10_000
"""In one statement: SQLite takes 32,766, PostgreSQL 65,535; a book-length page has more keys than that."""


def chunks(items: Sequence[T], most: int = _MOST_PARAMETERS) -> Iterator[Sequence[T]]:
    """Cut a long list into parts of at most `most`, by default what a statement can take."""
    for start in range(0, len(items), most):
        yield items[start : start + most]


GIVEN = {
    "sqlite": "json_each(:given)",
    "postgresql": "unnest(CAST(:given AS BIGINT[])) AS given (value)",
}
"""Numbers as rows of one column `value`, by one parameter: a statement is compiled once, however many they are."""


def given(connection: Connection, numbers: Sequence[int]) -> dict[str, Any]:
    """The parameter of `GIVEN`."""
    return {"given": json.dumps(numbers) if connection.dialect.name == "sqlite" else numbers}


def insert_into(dialect: str, table: Table) -> DialectInsert:
    """An INSERT that can be told what to do where a row is there already: both databases say it alike."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # its drivers' modules are for those who use it

        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_new(connection: Connection, table: Table) -> DialectInsert:
    """An INSERT that leaves rows alone which are there already (by any unique key)."""
    return insert_into(connection.dialect.name, table).on_conflict_do_nothing()


def upsert(
    connection: Connection, table: Table, *, key: Sequence[str], update: Iterable[str]
) -> DialectInsert:
    """An INSERT that sets the named columns where a row with the key exists."""
    new = insert_into(connection.dialect.name, table)
    return new.on_conflict_do_update(index_elements=key, set_={name: new.excluded[name] for name in update})


def serialise(connection: Connection, name: str) -> None:
    """Let nobody else past the same name until this transaction ends.

    On SQLite, BEGIN IMMEDIATE has seen to that already.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})
