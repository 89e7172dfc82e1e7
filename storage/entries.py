"""The queue of entries whose pages are still to be had.

An entry is claimed together with its host: no two processes ask one host at once. A lease is a time, as with feeds.

An item that its feed gives again under another headline is put back into the queue: its page may say something else
now. That happens within a week of its first sight and three times at most, for some sites try headlines out by the
hour.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, or_, select, update

from rasid.text import fold, words
from rasid.types import Entry, PendingEntry
from rasid.urls import authority
from storage import days, hosts, twins
from storage.columns import clean
from storage.dialects import chunks, insert_new
from storage.schema import entries, identity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

_EDITS = 3
_EDITED_WITHIN = timedelta(days=7)
_BATCH = 5_000  # rows, while hosts are filled in
# A slow worker may come after another has failed or finished the entry: what is in the corpus counts.
_UNFINISHED = or_(entries.c.state == "pending", entries.c.state == "failed")
_FINISH = (
    update(entries)
    .where(entries.c.id == bindparam("entry"), _UNFINISHED)
    .values(
        state=bindparam("ends_as"),
        article_id=bindparam("article"),
        ended_at=bindparam("at"),
        lease_until=None,
        summary="",
    )
)


# ── put in ────────────────────────────────────────────────────────────────────────────────────────


def queue(connection: Connection, feed_id: str, found: Sequence[Entry], now: datetime) -> int:
    """Put in what a feed has not given before, and again what it has edited; how many new ones wait now."""
    seen = _seen(connection, feed_id, found)
    rows, edited = [], []
    for entry in found:
        key = identity(entry.key)
        if key not in seen:
            rows.append(_row(feed_id, entry, now))
            seen[key] = None
        elif (before := seen[key]) is not None and _is_edited(before, entry):
            edited.append((before, entry))
            seen[key] = None
    # In the order in which finish_all goes through them, so that neither waits for the other for ever.
    for before, entry in sorted(edited, key=lambda one: one[0].id):
        _edit(connection, before, entry, now)
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
    return len({identity(entry.key) for entry in found} - _seen(connection, feed_id, found).keys())


def _seen(connection: Connection, feed_id: str, found: Sequence[Entry]) -> dict[str, Row[Any] | None]:
    """What is stored of these entries, by the hash of their keys."""
    names = ("id", "key_hash", "title", "state", "edits", "first_seen")
    seen: dict[str, Row[Any] | None] = {}
    for some in chunks([identity(entry.key) for entry in found]):
        query = select(*(entries.c[name] for name in names))
        query = query.where(entries.c.feed_id == feed_id, entries.c.key_hash.in_(some))
        seen.update((row.key_hash, row) for row in connection.execute(query))
    return seen


def _is_edited(before: Row[Any], entry: Entry) -> bool:
    """Whether the headline has other words; spaces, dots and diacritics change by themselves."""
    title = clean(entry.title)
    return before.title != title and words(fold(before.title).text) != words(fold(title).text)


def _edit(connection: Connection, before: Row[Any], entry: Entry, now: datetime) -> None:
    """Take the new headline over; of a page that was had, ask for it again."""
    values: dict[str, Any] = {"title": entry.title}
    may = before.edits < _EDITS and before.first_seen >= now - _EDITED_WITHIN
    if before.state == "pending":
        values |= {"summary": entry.summary}
    elif before.state == "stored" and may:
        values |= {
            "summary": entry.summary,
            "state": "pending",
            "attempts": 0,
            "edits": before.edits + 1,
            "next_try": now,
            "ended_at": None,
            "error": None,
        }
    connection.execute(update(entries).where(entries.c.id == before.id).values(**values))


def _row(feed_id: str, entry: Entry, now: datetime) -> dict[str, Any]:
    return {
        "feed_id": feed_id,
        "key": entry.key,
        "key_hash": identity(entry.key),
        "url": entry.url,
        "url_hash": identity(entry.url),
        "page_hash": twins.page_hash(entry.url),
        "content_hash": twins.content_hash(entry),
        "host": authority(entry.url),
        "outlet": entry.outlet,
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


def fill_hosts(connection: Connection) -> None:
    """Give every entry that is stored the host of its page."""
    hosted = update(entries).where(entries.c.id == bindparam("of")).values(host=bindparam("at"))
    query = select(entries.c.id, entries.c.url).order_by(entries.c.id).limit(_BATCH)
    after = 0
    while rows := connection.execute(query.where(entries.c.id > after)).all():
        connection.execute(hosted, [{"of": row.id, "at": authority(row.url)} for row in rows])
        after = rows[-1].id


# ── taken out ─────────────────────────────────────────────────────────────────────────────────────


def claim(
    connection: Connection,
    holder: str,
    now: datetime,
    lease_until: datetime,
    limit: int,
    busy: Collection[str] = (),
) -> list[PendingEntry]:
    """Take the lease of the oldest that are due, so that originals come before their copies, and of their hosts.

    Those of hosts that are `busy`, that another process has, or that asked not to be asked now, are passed over.
    """
    closed = hosts.closed(connection, holder, now) | set(busy)
    due = (entries.c.state == "pending", entries.c.next_try <= now, _free(now))
    query = select(entries).where(*due).order_by(entries.c.due_order, entries.c.id).limit(limit)
    if closed:
        query = query.where(entries.c.host.not_in(sorted(closed)))
    rows = connection.execute(query.with_for_update(skip_locked=True)).all()
    hosts.hold(connection, holder, {row.host for row in rows}, lease_until)
    _set_pending(connection, [row.id for row in rows], lease_until=lease_until)
    return [_pending(row) for row in rows]


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(entries.c.lease_until.is_(None), entries.c.lease_until <= now)


def _pending(row: Row[Any]) -> PendingEntry:
    entry = Entry(
        key=row.key,
        url=row.url,
        title=row.title,
        summary=row.summary,
        published=row.published,
        author=row.author,
        outlet=row.outlet,
    )
    return PendingEntry(
        id=row.id,
        feed_id=row.feed_id,
        entry=entry,
        attempts=row.attempts,
        first_seen=row.first_seen,
        host=row.host,
        article_id=row.article_id,
    )


def retry(connection: Connection, entry_id: int, error: str, next_try: datetime) -> None:
    """Put an entry back for a later try."""
    attempts = entries.c.attempts + 1
    _set_pending(connection, [entry_id], attempts=attempts, error=error, next_try=next_try, lease_until=None)


def defer(connection: Connection, ids: Sequence[int], error: str, next_try: datetime) -> None:
    """Put entries back whose host was not asked; no attempt is counted."""
    _set_pending(connection, ids, error=error, next_try=next_try, lease_until=None)


def ask_again(connection: Connection, entry_id: int, next_try: datetime) -> None:
    """Put a stored entry into the queue again, once."""
    once = (entries.c.id == entry_id, entries.c.state == "stored", entries.c.edits == 0)
    again = {"state": "pending", "edits": 1, "attempts": 0, "next_try": next_try, "ended_at": None}
    connection.execute(update(entries).where(*once).values(**again))


def fail(connection: Connection, entry_id: int, error: str, now: datetime) -> None:
    """Give an entry up, with its reason; one whose page was had before stays stored."""
    row = connection.execute(
        select(entries.c.feed_id, entries.c.article_id).where(entries.c.id == entry_id)
    ).one()
    state = "failed" if row.article_id is None else "stored"
    attempts = entries.c.attempts + 1
    _set_pending(
        connection, [entry_id], state=state, attempts=attempts, error=error, ended_at=now, lease_until=None
    )
    if state == "failed":
        days.count(connection, row.feed_id, now, lost=1)


def release(connection: Connection, ids: Sequence[int]) -> None:
    """Give leases back."""
    _set_pending(connection, ids, lease_until=None)


def finish(connection: Connection, entry_id: int, state: str, article_id: int, now: datetime) -> None:
    """Take an entry off the queue: its page is in the corpus."""
    finish_all(connection, [(entry_id, state, article_id)], now)


def finish_all(connection: Connection, done: Iterable[tuple[int, str, int]], now: datetime) -> None:
    """The same for many, given as entry, state and article."""
    rows = [
        {"entry": entry_id, "ends_as": state, "article": article_id, "at": now}
        for entry_id, state, article_id in sorted(done)
    ]
    if rows:
        connection.execute(_FINISH, rows)


def _set_pending(connection: Connection, ids: Iterable[int], **values: Any) -> None:
    for some in chunks(list(ids)):
        these = entries.c.id.in_(some), entries.c.state == "pending"
        connection.execute(update(entries).where(*these).values(**values))


def release_all(connection: Connection) -> None:
    """Give every lease back; attempts are unchanged, for dying over a page is not the page's failure."""
    held = (entries.c.state == "pending") & entries.c.lease_until.is_not(None)
    connection.execute(update(entries).where(held).values(lease_until=None))


# ── asked ─────────────────────────────────────────────────────────────────────────────────────────


def pending(connection: Connection) -> int:
    """How many entries wait for their page."""
    query = select(func.count()).select_from(entries).where(entries.c.state == "pending")
    return connection.scalars(query).one()


def any_in_hand(connection: Connection, now: datetime) -> bool:
    """Whether the lease on a pending entry has not run out."""
    held = select(entries.c.id).where(entries.c.state == "pending", entries.c.lease_until > now)
    return bool(connection.scalar(select(held.exists())))


def failed(connection: Connection, since: datetime) -> list[tuple[str, str, str]]:
    """Feed id, URL and error of entries given up since then, oldest first."""
    query = (
        select(entries.c.feed_id, entries.c.url, entries.c.error)
        .where(entries.c.state == "failed", entries.c.ended_at >= since)
        .order_by(entries.c.ended_at, entries.c.id)
    )
    return [(row.feed_id, row.url, row.error) for row in connection.execute(query)]
