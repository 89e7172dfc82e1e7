"""Connections: how each database is opened, and what a read and a write transaction are.

SQLite writes with BEGIN IMMEDIATE: the one writer is chosen at the start, so no transaction that has
read already can fail with SQLITE_BUSY when it wants to write (busy_timeout does not help there).
Reads take a deferred BEGIN: under WAL, a snapshot that waits for nobody.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from rasid.errors import StorageError
from storage.errors import explained, label, storage_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

_BUSY_SECONDS = 30.0  # a collect's longest write is well under a second; longer is a hung process
_CONNECT_SECONDS = 10
_CACHE_KILOBYTES = (
    65_536  # of 2,000 by default: at a million articles the keys of one took 145 µs, with this 104
)
_CHECKED_UP_TO = 200_000_000  # bytes: a third of a second; a file of 6 GB takes two minutes
_WAL_TRIES = 50  # with 0.1 s between: the change to WAL does not wait by busy_timeout
_EXAMPLES = "write sqlite:///data/rasid.db or postgresql://user:password@host/database"


def parse_url(url: str) -> URL:
    """Read a database URL; `postgresql://` and `postgres://` mean psycopg.

    Raises:
        StorageError: it is no URL, or names a database that Rasid does not speak to.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # No `from`: the driver's text may quote the part of the URL that holds the password.
        raise StorageError(f"this is no database URL: {_EXAMPLES}") from None
    if parsed.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite"}:
        raise StorageError(f"{parsed.drivername} databases are not supported: {_EXAMPLES}")
    if parsed.database in {None, "", ":memory:"}:
        raise StorageError(f"a database in memory is lost with the process: {_EXAMPLES}")
    return parsed


def connect(url: URL) -> Engine:
    """Open a database, ready for use.

    Raises:
        StorageError: it is unreachable, damaged, locked or may not be written to.
    """
    if url.get_backend_name() == "sqlite":
        return _connect_sqlite(url)
    engine = create_engine(
        url,
        pool_pre_ping=True,  # a server that restarted must not fail the next run
        hide_parameters=True,  # errors are logged; articles and addresses do not belong there
        connect_args={"connect_timeout": _CONNECT_SECONDS, "application_name": "rasid"},
    )
    with disposed_on_error(engine), wrapped(url), engine.connect():
        return engine


def _connect_sqlite(url: URL) -> Engine:
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise StorageError(f"{label(url)}: its folder cannot be made: {e.strerror}") from e
    # A `?timeout=` in the URL wins: seconds to wait for another writer.
    patience = {} if "timeout" in url.query else {"timeout": _BUSY_SECONDS}
    engine = create_engine(url, hide_parameters=True, connect_args=patience)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    with disposed_on_error(engine), wrapped(url), engine.connect() as connection:
        # Larger files are checked by night (maintain) and when asked for (doctor): every command opens the database.
        for problem in quick_check(connection) if path.stat().st_size <= _CHECKED_UP_TO else ():
            raise storage_error(url, f"it is damaged, restore the last backup ({problem})")
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KILOBYTES}")
    connection.execute("PRAGMA synchronous = FULL")
    for left in reversed(range(_WAL_TRIES)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as e:
            if not left or e.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(0.1)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    synchronous = options.get("rasid_synchronous")
    if synchronous is not None and connection.info.get("synchronous", "FULL") != synchronous:
        connection.exec_driver_sql(f"PRAGMA synchronous = {synchronous}")
        connection.info["synchronous"] = synchronous
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("rasid_writes", False) else "BEGIN")


def quick_check(connection: Connection) -> list[str]:
    """Ask SQLite whether its file is sound; its words, or nothing."""
    found = connection.exec_driver_sql("PRAGMA quick_check(10)").scalars().all()
    return [] if found == ["ok"] else [str(problem) for problem in found]


@contextmanager
def disposed_on_error(engine: Engine) -> Iterator[None]:
    """Leave no connection open behind an engine that is not handed out."""
    try:
        yield
    except BaseException:
        engine.dispose()
        raise


@contextmanager
def wrapped(url: URL) -> Iterator[None]:
    """Turn the driver's errors into StorageError; bugs of ours pass as they are."""
    try:
        yield
    except DBAPIError as e:
        error = explained(e, url)
        if error is None:
            raise
        raise error from e


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads; ended by COMMIT, for at a ROLLBACK psycopg forgets its prepared statements."""
    with wrapped(engine.url), engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine, *, repeatable: bool = False) -> Iterator[Connection]:
    """A transaction that writes: all of it at its end, or nothing.

    With `repeatable`, it may be lost when the machine loses power (SQLite then waits for no disk): what it holds is
    found again, for its source is asked again. A transaction that is not makes the earlier ones last.
    """
    options: dict[str, Any] = {
        "rasid_writes": True,
        "rasid_synchronous": "NORMAL" if repeatable else "FULL",
    }
    # The connection's options, not an engine's with options: to make one costs as much as the BEGIN.
    with wrapped(engine.url), engine.connect() as connection, connection.execution_options(**options).begin():
        yield connection
