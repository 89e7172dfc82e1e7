"""Feeds and the queue of their entries.

A lease is a time, not a lock: whoever claims a row writes how long nobody else may. A process that dies
needs no cleaning up after; its rows come free when the time is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from sqlalchemy import func, or_, select, update

from rasid.errors import StorageError
from rasid.types import Entry, FeedState, FeedStatus, PendingEntry
from storage import twins
from storage.columns import clean
from storage.dialects import chunks, insert_new, serialise, upsert
from storage.schema import entries, feeds, identity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from rasid.types import Feed

_NEVER_POLLED: dict[str, Any] = {
    "status": "new",
    "etag": None,
    "last_modified": None,
    "failures": 0,
    "next_poll": None,
    "error": None,
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
)
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
    connection: Connection, feed_ids: Sequence[str], now: datetime, lease_until: datetime, *, force: bool
) -> list[FeedState]:
    """Take the lease of those that are due; feeds never polled come first, then the longest due."""
    due = or_(feeds.c.next_poll.is_(None), feeds.c.next_poll <= now)
    query = (
        select(feeds)
        .where(feeds.c.id.in_(feed_ids), _free(feeds.c.lease_until, now), *(() if force else (due,)))
        .order_by(feeds.c.next_poll.asc().nulls_first(), feeds.c.id)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(query).all()
    taken = feeds.c.id.in_([row.id for row in rows])
    connection.execute(update(feeds).where(taken).values(lease_until=lease_until))
    return [_state(row) for row in rows]


def _free(lease: ColumnElement[Any], now: datetime) -> ColumnElement[bool]:
    return or_(lease.is_(None), lease <= now)


def _state(row: Row[Any]) -> FeedState:
    values = {name: row._mapping[name] for name in _STATE if name != "status"}  # noqa: SLF001 - SQLAlchemy's public name
    return FeedState(feed_id=row.id, status=_STATUSES[row.status], **values)


# ── a poll and its entries ────────────────────────────────────────────────────────────────────────


def save_poll(connection: Connection, state: FeedState, found: Sequence[Entry], now: datetime) -> int:
    """Store what a poll gave and give the lease back; how many entries now wait for their page."""
    values = {name: getattr(state, name) for name in _STATE}
    saved = connection.execute(
        update(feeds).where(feeds.c.id == state.feed_id).values(lease_until=None, **values)
    )
    if saved.rowcount == 0:
        raise StorageError(f"the feed {state.feed_id} is not in the database: sync_feeds comes first")
    return _queue(connection, state.feed_id, found, now)


def _queue(connection: Connection, feed_id: str, found: Sequence[Entry], now: datetime) -> int:
    seen_keys = _seen_keys(connection, feed_id, found)
    rows = []
    for entry in found:
        key = identity(entry.key)
        if key not in seen_keys:
            rows.append(_entry_row(feed_id, entry, now))
            seen_keys.add(key)
    known = twins.known(connection, feed_id, rows)
    for row in rows:
        hashes = {row["url_hash"], row["page_hash"], row["content_hash"]} - {None}
        if known & hashes:
            row.update(state="duplicate", summary="", ended_at=now)
        known |= hashes
    if rows:
        connection.execute(insert_new(connection, entries), rows)
    return sum(row["state"] == "pending" for row in rows)


def unseen(connection: Connection, feed_id: str, found: Sequence[Entry]) -> int:
    """How many of a poll's entries the feed has not given before; stores nothing."""
    return len({identity(entry.key) for entry in found} - _seen_keys(connection, feed_id, found))


def _seen_keys(connection: Connection, feed_id: str, found: Sequence[Entry]) -> set[str]:
    keys = [identity(entry.key) for entry in found]
    seen: set[str] = set()
    for some in chunks(keys):
        query = select(entries.c.key_hash).where(entries.c.feed_id == feed_id, entries.c.key_hash.in_(some))
        seen.update(connection.scalars(query))
    return seen


def _entry_row(feed_id: str, entry: Entry, now: datetime) -> dict[str, Any]:
    return {
        "feed_id": feed_id,
        "key": entry.key,
        "key_hash": identity(entry.key),
        "url": entry.url,
        "url_hash": identity(entry.url),
        "page_hash": twins.page_hash(entry.url),
        "content_hash": twins.content_hash(entry),
        "title": entry.title,
        "summary": entry.summary,
        "published": entry.published,
        "author": entry.author,
        "first_seen": now,
        "due_order": min(entry.published or now, now),  # feeds date into the future
        "state": "pending",
        "next_try": now,
        "ended_at": None,
    }


def claim_entries(
    connection: Connection, now: datetime, lease_until: datetime, limit: int
) -> list[PendingEntry]:
    """Take the lease of the oldest that are due, so that originals come before their copies."""
    query = (
        select(entries)
        .where(entries.c.state == "pending", entries.c.next_try <= now, _free(entries.c.lease_until, now))
        .order_by(entries.c.due_order, entries.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(query).all()
    _set_pending(connection, [row.id for row in rows], lease_until=lease_until)
    return [_pending(row) for row in rows]


def retry_entry(connection: Connection, entry_id: int, error: str, next_try: datetime) -> None:
    """Put an entry back for a later try."""
    attempts = entries.c.attempts + 1
    _set_pending(connection, [entry_id], attempts=attempts, error=error, next_try=next_try, lease_until=None)


def fail_entry(connection: Connection, entry_id: int, error: str, now: datetime) -> None:
    """Give an entry up, with its reason."""
    attempts = entries.c.attempts + 1
    _set_pending(
        connection, [entry_id], state="failed", attempts=attempts, error=error, ended_at=now, lease_until=None
    )


def release_entries(connection: Connection, ids: Sequence[int]) -> None:
    """Give leases back."""
    _set_pending(connection, ids, lease_until=None)


def finish_entry(connection: Connection, entry_id: int, state: str, article_id: int, now: datetime) -> None:
    """Take an entry off the queue: its page is in the corpus."""
    # A slow worker may come after another has failed or finished the entry: what is in the corpus counts.
    unfinished = entries.c.state.in_(("pending", "failed"))
    done = {"state": state, "article_id": article_id, "ended_at": now, "lease_until": None, "summary": ""}
    connection.execute(update(entries).where(entries.c.id == entry_id, unfinished).values(**done))


def _set_pending(connection: Connection, ids: Sequence[int], **values: Any) -> None:
    for some in chunks(ids):
        these = entries.c.id.in_(some), entries.c.state == "pending"
        connection.execute(update(entries).where(*these).values(**values))


def pending_entries(connection: Connection) -> int:
    """How many entries wait for their page."""
    query = select(func.count()).select_from(entries).where(entries.c.state == "pending")
    return connection.scalars(query).one()


def release_all(connection: Connection) -> None:
    """Give every lease back; attempts are unchanged, for dying over a page is not the page's failure."""
    connection.execute(update(feeds).where(feeds.c.lease_until.is_not(None)).values(lease_until=None))
    held = (entries.c.state == "pending") & entries.c.lease_until.is_not(None)
    connection.execute(update(entries).where(held).values(lease_until=None))


def any_in_hand(connection: Connection, now: datetime) -> bool:
    """Whether a lease on a feed or on a pending entry has not run out."""
    feed = select(feeds.c.id).where(feeds.c.lease_until > now).exists()
    entry = select(entries.c.id).where(entries.c.state == "pending", entries.c.lease_until > now).exists()
    return bool(connection.scalar(select(feed | entry)))


def failed_entries(connection: Connection, since: datetime) -> list[tuple[str, str, str]]:
    """Feed id, URL and error of entries given up since then, oldest first."""
    query = (
        select(entries.c.feed_id, entries.c.url, entries.c.error)
        .where(entries.c.state == "failed", entries.c.ended_at >= since)
        .order_by(entries.c.ended_at, entries.c.id)
    )
    return [(row.feed_id, row.url, row.error) for row in connection.execute(query)]


def _pending(row: Row[Any]) -> PendingEntry:
    entry = Entry(
        key=row.key,
        url=row.url,
        title=row.title,
        summary=row.summary,
        published=row.published,
        author=row.author,
    )
    return PendingEntry(
        id=row.id, feed_id=row.feed_id, entry=entry, attempts=row.attempts, first_seen=row.first_seen
    )
