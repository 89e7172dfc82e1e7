"""The facade: one method, one transaction."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Self

from rasid.errors import StorageError
from storage import deliveries, digests, figures, lines, migrate, presence, reindex, runs, watchlists
from storage.engine import connect, parse_url, quick_check, reading, writing
from storage.errors import MIGRATE, storage_error
from storage.exports import Exports
from storage.outbox import Outbox
from storage.schema import REVISION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from sqlalchemy import Connection

    from rasid.types import (
        Channel,
        Digest,
        ReportArticle,
    )
    from storage.values import DigestRow, RunRow, WatchlistVersion


def open_store(url: str) -> Store:
    """Open the database that a URL names; it is not migrated, an SQLite folder is made.

    Raises:
        StorageError: it cannot be used; the text says what to do and never holds the password.
    """
    return Store(connect(parse_url(url)))


class Store(Outbox, Exports):
    """Rasid's memory. Methods may be called from several threads; each is one transaction.

    Every method that changes something may be called again after a crash: leases lapse, unique keys hold. Those about
    articles stand in storage.corpus, about what comes in in storage.intake, about what goes out in storage.outbox.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    # ── the database itself ───────────────────────────────────────────────────────────────────────

    def migrate(self) -> None:
        """Bring the tables to this version; safe when several processes do it at once."""
        with reading(self._engine) as connection:
            if migrate.revision(connection) == REVISION:
                return
        with writing(self._engine) as connection:
            migrate.upgrade(connection)

    def check(self) -> list[str]:
        """What is wrong with the database, in words; nothing when all is well."""
        try:
            with reading(self._engine) as connection:
                problems = quick_check(connection) if self.is_sqlite else []
                if migrate.revision(connection) != REVISION:
                    problems.append(str(storage_error(self._engine.url, MIGRATE)))
        except StorageError as e:
            return [str(e)]
        return problems

    @contextmanager
    def present(self) -> Iterator[None]:
        """Mark this process as at work while it may hold leases; where no other is, those of the dead lapse now."""
        with presence.present(self._engine, self._release_all):
            yield

    def _release_all(self) -> None:
        with writing(self._engine) as connection:
            self._release_intake(connection)
            deliveries.release_all(connection)
            reindex.release_all(connection)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is one file, which `backup` can copy."""
        return self._engine.dialect.name == "sqlite"

    def backup(self, path: Path) -> None:
        """Write a copy of a SQLite database, whole and checked, while others go on using it.

        Raises:
            StorageError: the database is PostgreSQL, or the copy cannot be written.
        """
        if not self.is_sqlite:
            raise storage_error(self._engine.url, "back it up with pg_dump, which PostgreSQL brings along")
        if path.exists() and path.samefile(str(self._engine.url.database)):
            raise storage_error(self._engine.url, "the backup needs another file than the database itself")
        part = path.with_name(f"{path.name}.part")
        try:
            with reading(self._engine) as connection:
                _copy_sqlite(connection, part)
            part.replace(path)
        except (OSError, sqlite3.Error) as e:
            raise storage_error(self._engine.url, f"the backup {path} could not be written: {e}") from e

    # ── digests ───────────────────────────────────────────────────────────────────────────────────

    def latest_window(self, subscription_id: str, now: datetime) -> datetime | None:
        """The end of the subscription's latest closed window, composed or empty; not of one that lies far ahead."""
        with reading(self._engine) as connection:
            return digests.latest_window(connection, subscription_id, now)

    def unreported(self, subscription_id: str, terms: Sequence[str], since: datetime) -> list[ReportArticle]:
        """Articles with mentions of the terms that no digest of the subscription told of, and these mentions.

        They were first seen since then, or one of those mentions was found since then, when the archive was re-read.
        Copies and uncertain mentions are included; other terms' mentions are not.
        """
        with reading(self._engine) as connection:
            return digests.unreported(connection, subscription_id, terms, since)

    def term_days(
        self, terms: Sequence[str], days: Sequence[tuple[datetime, datetime]]
    ) -> dict[str, tuple[int, ...]]:
        """Articles with a matched mention, by term and [start, end) of publication; copies not counted."""
        with reading(self._engine) as connection:
            return digests.term_days(connection, terms, days)

    def save_digest(
        self, digest: Digest, reported: Mapping[int, int], channels: Sequence[Channel], now: datetime
    ) -> bool:
        """Freeze a digest, note its articles (copies too) and fill the outbox, or nothing of it.

        `reported`: article id → the last mention told of (`ReportArticle.last_mention`).
        False: the window is closed already, or an earlier digest of the subscription told of one of those.
        """
        with writing(self._engine) as connection:
            return digests.save(connection, digest, reported, channels, now)

    def save_empty_window(self, subscription_id: str, window_end: datetime, now: datetime) -> None:
        """Close a window in which there was nothing to say."""
        with writing(self._engine) as connection:
            digests.save_empty_window(connection, subscription_id, window_end, now)

    def digest(self, digest_id: str) -> Digest | None:
        """A digest as it was frozen."""
        with reading(self._engine) as connection:
            return digests.digest(connection, digest_id)

    def digests(self, limit: int = 20) -> list[DigestRow]:
        """The newest digests and how their deliveries stand."""
        with reading(self._engine) as connection:
            return digests.latest(connection, limit)

    # ── watchlists ────────────────────────────────────────────────────────────────────────────────

    def save_watchlist_version(
        self, watchlist: str, version: str, text: str, who: str, now: datetime
    ) -> bool:
        """Note a version of a watchlist (an empty text: it was removed). False: it is the one noted last."""
        with writing(self._engine) as connection:
            return watchlists.save(connection, watchlist, version, text, who, now)

    def watchlist_versions(self, watchlist: str | None = None) -> list[WatchlistVersion]:
        """The versions noted, of one list or of all, oldest first."""
        with reading(self._engine) as connection:
            return watchlists.versions(connection, watchlist)

    def reread_progress(self, row_id: int, after: int) -> None:
        """Note that a version was read over the articles up to this id."""
        with writing(self._engine) as connection:
            watchlists.reread_progress(connection, row_id, after)

    def reread_finished(self, row_id: int, now: datetime) -> None:
        """Note that a version was read over the whole archive."""
        with writing(self._engine) as connection:
            watchlists.reread_finished(connection, row_id, now)

    # ── runs ──────────────────────────────────────────────────────────────────────────────────────

    def record_run(
        self, kind: str, started: datetime, ended: datetime, summary: Mapping[str, object]
    ) -> None:
        """Note that a use-case ran, and what it did."""
        with writing(self._engine) as connection:
            runs.record(connection, kind, started, ended, summary)

    def last_run(self, kind: str) -> RunRow | None:
        """The run of this kind that started last."""
        with reading(self._engine) as connection:
            return runs.last(connection, kind)

    def totals(self) -> figures.Totals:
        """What the database holds, counted."""
        with reading(self._engine) as connection:
            return figures.totals(connection)

    def prune(self, before: datetime) -> int:
        """Drop runs that ended before then, and lines of articles that were not seen again; how many runs."""
        with writing(self._engine) as connection:
            lines.prune(connection)
            return runs.prune(connection, before)


def _copy_sqlite(connection: Connection, part: Path) -> None:
    """Copy by SQLite's online backup, check the copy, and have it on the disk before anyone relies on it."""
    source = connection.connection.driver_connection
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(part)) as copy:
        source.backup(copy)  # type: ignore[union-attr]
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a -wal beside it
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)
    with part.open("rb") as file:
        os.fsync(file.fileno())
