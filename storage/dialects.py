"""Where SQLite and PostgreSQL must be spoken to differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import text
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Table
    from sqlalchemy.sql.dml import Insert

T = TypeVar("T")

_MOST_PARAMETERS = 10_000
"""In one statement: SQLite takes 32,766, PostgreSQL 65,535; a book-length page has more keys than that."""


def chunks(items: Sequence[T], most: int = _MOST_PARAMETERS) -> Iterator[Sequence[T]]:
    """Cut a long list into parts of at most `most`, by default what a statement can take."""
    for start in range(0, len(items), most):
        yield items[start : start + most]


def insert_new(connection: Connection, table: Table) -> Insert:
    """An INSERT that leaves rows alone which are there already (by any unique key)."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # its drivers' modules are for those who use it

        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def upsert(connection: Connection, table: Table, *, key: Sequence[str], update: Iterable[str]) -> Insert:
    """An INSERT that sets the named columns where a row with the key exists."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        new = postgresql.insert(table)
        changed = {name: new.excluded[name] for name in update}
        return new.on_conflict_do_update(index_elements=key, set_=changed)
    lite = sqlite.insert(table)
    changed = {name: lite.excluded[name] for name in update}
    return lite.on_conflict_do_update(index_elements=key, set_=changed)


def serialise(connection: Connection, name: str) -> None:
    """Let nobody else past the same name until this transaction ends.

    On SQLite, BEGIN IMMEDIATE has seen to that already.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})
