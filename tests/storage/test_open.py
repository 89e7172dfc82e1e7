"""Opening, checking and backing up: what operators read when the database is not as it should be."""

from __future__ import annotations

import os
import sqlite3
import traceback
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, make_url

from rasid.errors import StorageError
from storage import open_store
from storage.errors import storage_error
from tests.storage.builders import NOW, feed, stored

if TYPE_CHECKING:
    from pathlib import Path

    from storage import Store
    from tests.conftest import PostgresServer

SECRET = "s3cr3t%2Fvalue"

BAD_URLS = {
    "no URL": ("data/rasid.db", "no database URL"),
    "password where the port stands": (f"postgresql://rasid:{SECRET}", "no database URL"),
    "another database": (f"mysql://rasid:{SECRET}@db.example/rasid", "not supported"),
    "another driver": (f"postgresql+asyncpg://rasid:{SECRET}@db.example/rasid", "not supported"),
    "in memory": ("sqlite://", "lost with the process"),
    "in memory, by name": ("sqlite:///:memory:", "lost with the process"),
    "nobody listens": (f"postgresql://rasid:{SECRET}@127.0.0.1:1/rasid", "check that the server runs"),
    "password as an option": (f"postgresql://127.0.0.1:1/rasid?password={SECRET}", "check that the server"),
}


@pytest.mark.parametrize(("url", "expected"), BAD_URLS.values(), ids=BAD_URLS)
def test_a_url_that_leads_nowhere_is_explained_without_its_password(url: str, expected: str) -> None:
    """The error says what to do, and neither it nor what it came from shows the password."""
    with pytest.raises(StorageError, match=expected) as caught:
        open_store(url)
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_a_missing_postgresql_database_is_explained(postgres_url: str) -> None:
    """The server answers that there is no such database: name and advice are in the error."""
    with pytest.raises(StorageError, match=r"absent.*check that the server runs"):
        open_store(postgres_url.replace("/rasid?", "/absent?"))


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_way_to_write_postgresql_means_psycopg(postgres_url: str, scheme: str) -> None:
    """Operators paste the URL that their provider gives."""
    with open_store(postgres_url.replace("postgresql", scheme, 1)) as store:
        assert [] == store.check()


def test_the_folder_of_a_sqlite_file_is_made(tmp_path: Path) -> None:
    """A first start needs no mkdir."""
    with open_store(f"sqlite:///{tmp_path}/a/b/rasid.db") as store:
        store.migrate()
    assert (tmp_path / "a" / "b" / "rasid.db").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands where the folder should."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="folder cannot be made"):
        open_store(f"sqlite:///{tmp_path}/file/rasid.db")


def test_a_folder_in_place_of_the_file_is_explained(tmp_path: Path) -> None:
    """SQLite cannot open a folder."""
    with pytest.raises(StorageError, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Someone's text file is not overwritten."""
    path = tmp_path / "notes.txt"
    path.write_text("ملاحظات مهمة" * 500)
    with pytest.raises(StorageError, match="no SQLite database"):
        open_store(f"sqlite:///{path}")
    assert path.read_text().startswith("ملاحظات")


def test_a_damaged_file_is_refused_at_open(sqlite_url: str, tmp_path: Path) -> None:
    """quick_check finds a page of garbage before anything is built on it."""
    with open_store(sqlite_url) as store:
        for _ in range(30):
            stored(store)
    path = tmp_path / "rasid.db"
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(4096 * 20))
    with pytest.raises(StorageError, match="damaged"):
        open_store(sqlite_url)


def test_a_locked_file_is_explained(sqlite_url: str, tmp_path: Path) -> None:
    """After the time to wait (here short, by the URL) the error says that another process writes."""
    other = sqlite3.connect(tmp_path / "rasid.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with open_store(f"{sqlite_url}?timeout=0.1") as store:
        assert 0 == store.corpus_size()  # reading waits for nobody
        with pytest.raises(StorageError, match="another process"):
            store.sync_feeds([feed()], NOW)
    other.close()


def test_a_full_disk_is_a_clean_stop(sqlite_url: str) -> None:
    """SQLite's own page limit plays the full disk: the error says so, nothing half-written is kept."""
    with open_store(sqlite_url) as store:

        def fill(connection: sqlite3.Connection, *_: object) -> None:
            connection.execute("PRAGMA max_page_count = 1")

        event.listen(store._engine, "checkout", fill)
        with pytest.raises(StorageError, match="disk is full"):
            store.sync_feeds([feed(f"feed-{number}") for number in range(2_000)], NOW)
        assert {} == store.feed_states()


def test_sqlite_is_set_up_for_safety(sqlite_url: str) -> None:
    """WAL, every commit on the disk, foreign keys, half a minute of patience."""
    with open_store(sqlite_url) as store, store._engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000} == found


def test_errors_do_not_quote_articles(store: Store) -> None:
    """A driver's error carries no parameters: they end in logs."""
    with pytest.raises(Exception, match=r"FOREIGN KEY|foreign key") as caught:
        stored(store, relation="near", original=999)
    assert "كشفت الشركة" not in str(caught.value)


def test_the_password_is_struck_out_as_written_and_as_quoted() -> None:
    """Whatever a driver quotes, the secret is not in the message; the rest is."""
    url = make_url("postgresql://rasid:a%2Fb%40c@db.example/rasid?sslpassword=k%20y")
    error = str(storage_error(url, "tried a/b@c and a%2Fb%40c with k y for rasid"))
    assert "the PostgreSQL database rasid at db.example: tried *** and *** with *** for rasid" == error


def test_a_server_that_restarted_is_found_again(postgres_url: str, postgres_server: PostgresServer) -> None:
    """Connections that the server cut are replaced unseen."""
    with open_store(postgres_url) as store:
        assert [] == store.check()
        postgres_server.execute(_cut(postgres_url))
        assert 0 == store.corpus_size()


def test_a_server_that_lets_nobody_in_is_reported_by_check(postgres_server: PostgresServer) -> None:
    """check() answers in words where a query would raise."""
    with postgres_server.database() as url, open_store(url) as store:
        postgres_server.execute(f"ALTER DATABASE {_name(url)} ALLOW_CONNECTIONS false")
        postgres_server.execute(_cut(url))
        (problem,) = store.check()
        assert "check that the server runs" in problem


def _name(url: str) -> str:
    return str(make_url(url).database)


def _cut(url: str) -> str:
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
    return f"{cut}'{_name(url)}'"


# ── backup ────────────────────────────────────────────────────────────────────────────────────────


def test_a_backup_opens_and_holds_everything(sqlite_url: str, tmp_path: Path) -> None:
    """The copy is one sound file, written while the store is in use, in place of an older one."""
    copy = tmp_path / "copy.db"
    copy.write_text("an older backup")
    with open_store(sqlite_url) as store:
        kept = stored(store)
        store.backup(copy)
        stored(store)
    assert not copy.with_name("copy.db-wal").exists()
    assert not copy.with_name("copy.db.part").exists()
    with open_store(f"sqlite:///{copy}") as restored:
        assert [] == restored.check()
        assert 1 == restored.corpus_size()
        assert restored.article(kept.id) is not None


def test_a_backup_never_overwrites_the_database(sqlite_url: str, tmp_path: Path) -> None:
    """Naming the database itself is refused."""
    with open_store(sqlite_url) as store:
        with pytest.raises(StorageError, match="another file"):
            store.backup(tmp_path / "rasid.db")
        assert [] == store.check()


def test_a_backup_that_cannot_be_written_says_so(sqlite_url: str, tmp_path: Path) -> None:
    """The folder is missing."""
    with open_store(sqlite_url) as store, pytest.raises(StorageError, match="could not be written"):
        store.backup(tmp_path / "missing" / "copy.db")


def test_postgresql_is_backed_up_by_its_own_tool(postgres_url: str, tmp_path: Path) -> None:
    """The error names pg_dump, and no file is left."""
    with open_store(postgres_url) as store, pytest.raises(StorageError, match="pg_dump"):
        store.backup(tmp_path / "copy.db")
    assert [] == list(tmp_path.glob("copy*"))
