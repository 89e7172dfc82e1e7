"""The record of runs: when which use-case last ran, and what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from storage.schema import runs
from storage.values import RunRow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection


def record(
    connection: Connection, kind: str, started: datetime, ended: datetime, summary: Mapping[str, object]
) -> None:
    """Add a run."""
    connection.execute(insert(runs).values(kind=kind, started=started, ended=ended, summary=summary))


def last(connection: Connection, kind: str) -> RunRow | None:
    """The run of this kind that started last."""
    query = select(runs).where(runs.c.kind == kind).order_by(runs.c.started.desc(), runs.c.id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else RunRow(row.kind, row.started, row.ended, row.summary)


def prune(connection: Connection, before: datetime) -> int:
    """Drop runs that ended before then; how many."""
    return connection.execute(delete(runs).where(runs.c.ended < before)).rowcount
