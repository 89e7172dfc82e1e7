"""The versions of the watchlists that runs have seen, and how far each was read over the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from storage.dialects import serialise
from storage.schema import watchlist_versions
from storage.values import WatchlistVersion

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


def save(connection: Connection, watchlist: str, version: str, text: str, who: str, now: datetime) -> bool:
    """Note a version, unless it is the one that the list had last."""
    serialise(connection, f"watchlist {watchlist}")  # of two collectors that saw the change, one notes it
    newest = (
        select(watchlist_versions.c.version)
        .where(watchlist_versions.c.watchlist == watchlist)
        .order_by(watchlist_versions.c.id.desc())
        .limit(1)
    )
    if connection.scalar(newest) == version:
        return False
    row = {"watchlist": watchlist, "version": version, "text": text, "who": who, "seen_at": now}
    connection.execute(insert(watchlist_versions), row)
    return True


def versions(connection: Connection, watchlist: str | None) -> list[WatchlistVersion]:
    """What was noted, of one list or of all, oldest first."""
    query = select(watchlist_versions).order_by(watchlist_versions.c.id)
    if watchlist is not None:
        query = query.where(watchlist_versions.c.watchlist == watchlist)
    return [WatchlistVersion(**row) for row in connection.execute(query).mappings()]


def reread_progress(connection: Connection, row_id: int, after: int) -> None:
    """Articles up to this id have been read with the version."""
    _set(connection, row_id, reread_after=after)


def reread_finished(connection: Connection, row_id: int, now: datetime) -> None:
    """The whole archive has been read with the version."""
    _set(connection, row_id, reread_done=now)


def _set(connection: Connection, row_id: int, **values: object) -> None:
    connection.execute(update(watchlist_versions).where(watchlist_versions.c.id == row_id).values(**values))
