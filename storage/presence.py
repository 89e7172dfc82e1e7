"""Who is at work: leases of a process that died need not run out when nobody else is there.

Every run that may hold leases marks its presence with a shared lock that the operating system, or PostgreSQL, takes
away the moment the process dies: `flock` on a file beside an SQLite database, an advisory lock of the session on
PostgreSQL. A run that at its start gets the same lock for itself alone is the only one there is, so whatever is leased
was leased by the dead. Where others are at work it waits for nobody: the leases of the dead run out by themselves.

Rejected: shorter leases (a slow page must not be fetched twice), and process ids beside the leases (they are used
again, and mean nothing on another machine).
"""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from rasid.errors import StorageError
from storage.engine import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

_KEY = 0x7261736964  # "rasid"; advisory locks are numbers, and each database has its own


@contextmanager
def present(engine: Engine, when_alone: Callable[[], None]) -> Iterator[None]:
    """Mark this process as at work; call `when_alone` first where no other one is.

    Raises:
        StorageError: the lock's file cannot be used, or the database is away.
    """
    mark = _in_file if engine.dialect.name == "sqlite" else _in_session
    with mark(engine, when_alone):
        yield


@contextmanager
def _in_file(engine: Engine, when_alone: Callable[[], None]) -> Iterator[None]:
    path = Path(f"{engine.url.database}.lock")
    try:
        lock = path.open("wb")
    except OSError as e:
        raise StorageError(
            f"{path} cannot be opened: {e.strerror}; Rasid needs to write beside its database"
        ) from e
    with lock:
        if _alone(lock.fileno()):
            when_alone()
        fcntl.flock(
            lock, fcntl.LOCK_SH
        )  # from the exclusive one, or after the short while that another is alone
        yield


def _alone(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _in_session(engine: Engine, when_alone: Callable[[], None]) -> Iterator[None]:
    """A session of its own, outside transactions: idle in one, it would keep VACUUM from its work for hours."""
    key = {"key": _KEY}
    with wrapped(engine.url), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as session:
        alone = session.scalar(text("SELECT pg_try_advisory_lock(:key)"), key)
        try:
            if alone:
                when_alone()
            session.execute(text("SELECT pg_advisory_lock_shared(:key)"), key)
        finally:
            if alone:
                session.execute(text("SELECT pg_advisory_unlock(:key)"), key)
        try:
            yield
        finally:
            session.execute(text("SELECT pg_advisory_unlock_shared(:key)"), key)
