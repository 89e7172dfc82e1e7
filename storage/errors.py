"""What a driver's error means for the person who reads it, and what to do; never with a password."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from rasid.errors import StorageError

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.exc import DBAPIError

MIGRATE = "its tables are not those of this version of Rasid: `rasid run` migrates them"

_DAMAGED = "it is damaged: set the file aside and restore the last backup"
_SQLITE = {
    sqlite3.SQLITE_BUSY: "another process has been writing to it for too long: see which, then try again",
    sqlite3.SQLITE_LOCKED: "another process has been writing to it for too long: see which, then try again",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: "it is damaged, or no SQLite database: restore a backup, or name another file",
    sqlite3.SQLITE_FULL: "the disk is full: make room; nothing half-written was kept",
    sqlite3.SQLITE_READONLY: "it may not be written to: give this user the right to its file and its folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: is it a file, in a folder that this user may write to?",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write: see the system's log, then restore a backup",
}
_POSTGRES = {
    "42P01": MIGRATE,
    "42703": MIGRATE,
    "53100": "the server's disk is full: make room; nothing half-written was kept",
    "53300": "the server takes no more connections: raise max_connections, or run fewer workers",
    "57P01": "the server is shutting down: try again when it is back",
    "40P01": "two transactions blocked each other, and this one gave way: try again",
    "25006": "the server is read-only: name the primary server in the URL",
    "42501": "this user lacks rights in the database: GRANT them",
}
_SERVER_TROUBLE = "the server could not do it: see its log, then try again"
_UNREACHABLE = "check that the server runs and that address, user, password and database of the URL are right"


def label(url: URL) -> str:
    """Name a database for a message: never its user, password or options."""
    if url.get_backend_name() == "sqlite":
        return f"the SQLite database {url.database}"
    place = url.host or "the local server"
    port = f":{url.port}" if url.port else ""
    return f"the PostgreSQL database {url.database} at {place}{port}"


def without_secrets(text: str, url: URL) -> str:
    """Strike the password out, as it is and as URLs write it."""
    for secret in (url.password, url.query.get("password"), url.query.get("sslpassword")):
        for form in {str(secret), quote(str(secret), safe=""), quote_plus(str(secret))} if secret else ():
            text = text.replace(form, "***")
    return text


def storage_error(url: URL, what: str) -> StorageError:
    """Build the error: which database, then what is wrong and what to do."""
    return StorageError(without_secrets(f"{label(url)}: {what}", url))


def explained(error: DBAPIError, url: URL) -> StorageError | None:
    """Explain what operators can mend; None where the error is a bug of ours and must stay loud."""
    original = error.orig
    advice = _sqlite_advice(original) if isinstance(original, sqlite3.Error) else _postgres_advice(original)
    return None if advice is None else storage_error(url, f"{advice} ({_first_line(original)})")


def _sqlite_advice(error: sqlite3.Error) -> str | None:
    text = str(error)
    if text.startswith(("no such table", "no such column")) or "has no column named" in text:
        return MIGRATE
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return _SQLITE.get(code & 0xFF)  # the low byte is the primary code, the rest is detail


def _postgres_advice(error: BaseException | None) -> str | None:
    import psycopg

    state = getattr(error, "sqlstate", None)
    if state in _POSTGRES:
        return _POSTGRES[state]
    if not isinstance(error, psycopg.OperationalError):
        return None  # constraints, types, SQL: bugs of ours
    # Without a state no server answered, or it did not let us in; class 08 is a connection that was lost.
    return _UNREACHABLE if state is None or state.startswith("08") else _SERVER_TROUBLE


def _first_line(error: BaseException | None) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
