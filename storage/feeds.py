"""Feeds: what is remembered of each, and whose turn it is to poll it.

A lease is a time, not a lock: whoever claims a row writes how long nobody else may. A process that dies
needs no cleaning up after; its rows come free when the time is over.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, get_args

from sqlalchemy import bindparam, or_, select, update

from rasid.errors import StorageError
from rasid.types import FeedState, FeedStatus
from rasid.urls import authority
from storage import days, entries, hosts
from storage.columns import clean
from storage.dialects import chunks, serialise, upsert
from storage.schema import feeds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from rasid.types import Entry, Feed

_NEVER_POLLED: dict[str, Any] = {
    "status": "new",
    "etag": None,
    "last_modified": None,
    "failures": 0,
    "next_poll": None,
    "error": None,
    "moved_to": None,
    "moves": 0,
}

_STATE = (
    "status",
    "etag",
    "last_modified",
    "failures",
    "last_polled",
    "last_success",
    "last_new",
    "next_poll",
    "error",
    "moved_to",
    "moves",
)
_values = attrgetter(*_STATE)
_SAVE = update(feeds).where(feeds.c.id == bindparam("saved_id")).values(lease_until=None)
_FAILED: frozenset[FeedStatus] = frozenset({"failing", "blocked", "gone"})
_STATUSES: dict[str, FeedStatus] = {status: status for status in get_args(FeedStatus)}


# ── feeds ─────────────────────────────────────────────────────────────────────────────────────────


def sync(connection: Connection, listed: Sequence[Feed], now: datetime) -> None:
    """Bring the table in line with feeds.yaml; what is known of a feed that left it is kept."""
    # Two starts at once would wait for each other's rows in different order.
    serialise(connection, "sync_feeds")
    _forget_moved(connection, listed)
    rows = [{"id": feed.id, "name": feed.name, "url": feed.url, "delisted_at": None} for feed in listed]
    if rows:
        names = ("name", "url", "delisted_at")
        connection.execute(upsert(connection, feeds, key=["id"], update=names), rows)
    gone = _known_ids(connection) - {clean(feed.id) for feed in listed}
    for some in chunks(sorted(gone)):
        connection.execute(update(feeds).where(feeds.c.id.in_(some)).values(delisted_at=now))


def _known_ids(connection: Connection) -> set[str]:
    return set(connection.scalars(select(feeds.c.id).where(feeds.c.delisted_at.is_(None))))


def _forget_moved(connection: Connection, listed: Sequence[Feed]) -> None:
    """Poll a feed afresh whose address was edited: its ETag, its errors and 'gone' were the old one's."""
    before = {row.id: row.url for row in connection.execute(select(feeds.c.id, feeds.c.url))}
    for feed in listed:
        if before.get(clean(feed.id), feed.url) != clean(feed.url):
            connection.execute(update(feeds).where(feeds.c.id == feed.id).values(**_NEVER_POLLED))


def states(connection: Connection) -> dict[str, FeedState]:
    """Everything remembered, of feeds that left feeds.yaml too."""
    return {row.id: _state(row) for row in connection.execute(select(feeds))}


def claim_due(
    connection: Connection,
    holder: str,
    feed_ids: Sequence[str],
    now: datetime,
    lease_until: datetime,
    *,
    force: bool,
) -> list[FeedState]:
    """Take the lease of those that are due, and of their hosts; never polled ones first, then the longest due.

    A feed whose host another process has to itself waits for the next claim.
    """
    held = hosts.held_by_others(connection, holder, now)
    due = or_(feeds.c.next_poll.is_(None), feeds.c.next_poll <= now)
    query = (
        select(feeds)
        .where(feeds.c.id.in_(feed_ids), _free(feeds.c.lease_until, now), *(() if force else (due,)))
        .order_by(feeds.c.next_poll.asc().nulls_first(), feeds.c.id)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(query).all()
    host_of = {row.id: authority(_address(row)) for row in rows}
    rows = [row for row in rows if host_of[row.id] not in held]
    hosts.hold(connection, holder, {host_of[row.id] for row in rows}, lease_until)
    for some in chunks([row.id for row in rows]):
        connection.execute(update(feeds).where(feeds.c.id.in_(some)).values(lease_until=lease_until))
    return [_state(row) for row in rows]


def _address(row: Row[Any]) -> str:
    """Where it will be asked for, as in `rasid.polling.poll_url`."""
    return str(row.moved_to if row.status == "moved" and row.moved_to else row.url)


def _free(lease: ColumnElement[Any], now: datetime) -> ColumnElement[bool]:
    return or_(lease.is_(None), lease <= now)


def _state(row: Row[Any]) -> FeedState:
    values = {name: row._mapping[name] for name in _STATE if name != "status"}  # noqa: SLF001 - SQLAlchemy's public name
    return FeedState(feed_id=row.id, status=_STATUSES[row.status], **values)


def save_poll(connection: Connection, state: FeedState, found: Sequence[Entry], now: datetime) -> int:
    """Store what a poll gave and give the lease back; how many entries now wait for their page."""
    save(connection, [state])
    queued = entries.queue(connection, state.feed_id, found, now) if found else 0
    days.count(connection, state.feed_id, now, **_counted(state), entries=queued)
    return queued


def save_polls(connection: Connection, polled: Sequence[FeedState], now: datetime) -> None:
    """The same for polls that gave no entries."""
    save(connection, polled)
    days.count_all(connection, ((state.feed_id, _counted(state)) for state in polled), now)


def _counted(state: FeedState) -> dict[str, int]:
    return {"polls": 1, "failures": int(state.status in _FAILED)}


def save(connection: Connection, polled: Sequence[FeedState]) -> None:
    """Store states and give the leases back."""
    in_order = sorted(polled, key=attrgetter("feed_id"))  # as in days.count_all
    rows = [
        {"saved_id": state.feed_id, **dict(zip(_STATE, _values(state), strict=True))} for state in in_order
    ]
    if not rows or connection.execute(_SAVE, rows).rowcount == len(rows):
        return
    known = set(connection.scalars(select(feeds.c.id)))
    missing = ", ".join(state.feed_id for state in in_order if clean(state.feed_id) not in known)
    raise StorageError(f"not in the database: the feed {missing}; sync_feeds comes first")


def release_all(connection: Connection) -> None:
    """Give every lease back."""
    connection.execute(update(feeds).where(feeds.c.lease_until.is_not(None)).values(lease_until=None))


def any_in_hand(connection: Connection, now: datetime) -> bool:
    """Whether the lease on a feed has not run out."""
    return bool(connection.scalar(select(select(feeds.c.id).where(feeds.c.lease_until > now).exists())))
