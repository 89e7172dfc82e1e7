"""What each day of a feed brought, counted as it happens."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from rasid.types import FeedDay
from storage.dialects import insert_into
from storage.schema import feed_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from sqlalchemy import Connection

    from storage.dialects import DialectInsert

_COUNTED = tuple(field.name for field in fields(FeedDay) if field.type == "int")


def count(connection: Connection, feed_id: str, now: datetime, **counted: int) -> None:
    """Add to the day's figures of a feed, by the names of FeedDay."""
    count_all(connection, [(feed_id, counted)], now)


def count_all(
    connection: Connection, counted: Iterable[tuple[str, Mapping[str, int]]], now: datetime
) -> None:
    """The same for many feeds; one that comes twice is counted twice."""
    none = {"day": now.date(), **dict.fromkeys(_COUNTED, 0)}
    # In one order: two processes that count the same feeds must not wait for each other's rows.
    rows = [
        {**none, "feed_id": feed_id, **figures} for feed_id, figures in sorted(counted, key=itemgetter(0))
    ]
    if rows:
        connection.execute(_added(connection.dialect.name), rows)


@cache
def _added(dialect: str) -> DialectInsert:
    new = insert_into(dialect, feed_days)
    sums = {name: feed_days.c[name] + new.excluded[name] for name in _COUNTED}
    return new.on_conflict_do_update(index_elements=["feed_id", "day"], set_=sums)


def listed(connection: Connection, since: date) -> dict[str, list[FeedDay]]:
    """The days since then that brought anything, by feed, oldest first."""
    query = select(feed_days).where(feed_days.c.day >= since).order_by(feed_days.c.feed_id, feed_days.c.day)
    found: dict[str, list[FeedDay]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["feed_id"], []).append(FeedDay(**row))
    return found


def prune(connection: Connection, before: date) -> None:
    """Forget the days before then."""
    connection.execute(delete(feed_days).where(feed_days.c.day < before))
