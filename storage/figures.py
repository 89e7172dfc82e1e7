"""Figures for monitors: how much there is, when what ran, which messages do not go out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from storage.deliveries import IS_DUE, IS_SENDING
from storage.schema import articles, deliveries, entries, mentions, runs

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Table


@dataclass(frozen=True, slots=True)
class Totals:
    """What a database holds."""

    articles: int
    mentions: int
    pending: int  # entries that wait for their page
    entries: dict[str, int]  # ever queued, by feed id
    deliveries: dict[str, int]  # by state
    runs: dict[str, datetime]  # when the latest of each kind ended


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Messages that someone waits for."""

    failed: int  # given up
    error: str | None  # of the latest of them
    overdue: int  # due, and not sent


def totals(connection: Connection) -> Totals:
    """Count everything; at a million articles the counts run over indexes of some ten megabytes each."""
    by_feed = select(entries.c.feed_id, func.count()).group_by(entries.c.feed_id)
    by_state = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
    ended = select(runs.c.kind, func.max(runs.c.ended)).group_by(runs.c.kind)
    pending = select(func.count()).select_from(entries).where(entries.c.state == "pending")
    return Totals(
        articles=_count(connection, articles),
        mentions=_count(connection, mentions),
        pending=connection.scalars(pending).one(),
        entries={row[0]: row[1] for row in connection.execute(by_feed)},
        deliveries={row[0]: row[1] for row in connection.execute(by_state)},
        runs={row[0]: row[1] for row in connection.execute(ended)},
    )


def _count(connection: Connection, table: Table) -> int:
    return connection.scalars(select(func.count()).select_from(table)).one()


def undelivered(connection: Connection, since: datetime, due_before: datetime) -> Undelivered:
    """Messages given up since then, and those due before then that nobody sends."""
    count = select(func.count()).select_from(deliveries)
    failed = deliveries.c.state == "failed", deliveries.c.ended_at >= since
    waiting = count.where(IS_DUE, deliveries.c.next_try <= due_before)
    held = count.where(IS_SENDING, deliveries.c.lease_until <= due_before)
    latest = select(deliveries.c.error).where(*failed).order_by(deliveries.c.ended_at.desc()).limit(1)
    return Undelivered(
        failed=connection.scalars(count.where(*failed)).one(),
        error=connection.scalars(latest).one_or_none(),
        overdue=connection.scalars(waiting).one() + connection.scalars(held).one(),
    )
