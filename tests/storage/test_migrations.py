"""Migrations: from nothing, again, at once, halfway, and against what the code believes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import storage
from rasid.errors import StorageError
from storage import open_store
from storage.engine import writing
from storage.schema import REVISION, metadata
from tests.storage.builders import NOW

MIGRATIONS = str(Path(storage.__file__).with_name("migrations"))


def test_an_empty_database_gets_every_table(empty_url: str) -> None:
    """After migrate() the tables are those of the metadata and check() is content."""
    with open_store(empty_url) as store:
        store.migrate()
        tables = set(inspect(store._engine).get_table_names())
        assert set(metadata.tables) | {"alembic_version"} == tables
        assert [] == store.check()


def test_open_does_not_migrate(empty_url: str) -> None:
    """Opening changes nothing; check() says what is missing, and so does a query."""
    with open_store(empty_url) as store:
        assert [] == inspect(store._engine).get_table_names()
        (problem,) = store.check()
        assert "migrate" in problem
        with pytest.raises(StorageError, match="migrate"):
            store.corpus_size()


def test_migrating_again_changes_nothing(empty_url: str) -> None:
    """A second migrate() is a no-op, also past the shortcut."""
    with open_store(empty_url) as store:
        store.migrate()
        store.record_run("collect", NOW, NOW, {"kept": True})
        store.migrate()
        with writing(store._engine) as connection:
            storage.store.migrate.upgrade(connection)
        run = store.last_run("collect")
        assert run is not None
        assert {"kept": True} == run.summary


def test_several_may_migrate_at_once(empty_url: str) -> None:
    """Four stores that start together on an empty database all find it migrated."""

    def start(_: int) -> list[str]:
        with open_store(empty_url) as store:
            store.migrate()
            return store.check()

    with ThreadPoolExecutor(4) as pool:
        assert [[]] * 4 == list(pool.map(start, range(4)))


def test_a_migration_that_breaks_leaves_nothing(empty_url: str) -> None:
    """All of an upgrade is one transaction: the last table in the way, none of the first is there."""
    with open_store(empty_url) as store:
        with writing(store._engine) as connection:
            connection.execute(text("CREATE TABLE runs (id INTEGER)"))
        with pytest.raises(Exception, match="runs"):
            store.migrate()
        assert ["runs"] == inspect(store._engine).get_table_names()


def test_the_tables_are_those_of_the_metadata(database_url: str) -> None:
    """Alembic finds no difference between the migrated database and the schema in code."""
    with open_store(database_url) as store, store._engine.connect() as connection:
        assert [] == compare_metadata(MigrationContext.configure(connection), metadata)


def test_fingerprints_stand_without_rowid(sqlite_url: str) -> None:
    """Alembic does not compare it, and it halves the largest table: WITHOUT ROWID is really there."""
    with open_store(sqlite_url) as store, store._engine.connect() as connection:
        query = text("SELECT sql FROM sqlite_master WHERE name = 'fingerprint'")
        assert "WITHOUT ROWID" in connection.scalars(query).one()


def test_the_revision_in_code_is_the_newest() -> None:
    """The constant that spares a start the loading of Alembic names its head."""
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    assert [REVISION] == ScriptDirectory.from_config(config).get_heads()


def test_a_newer_database_is_refused(empty_url: str) -> None:
    """A database that a later Rasid migrated is not touched; the error says to update."""
    with open_store(empty_url) as store:
        store.migrate()
        with writing(store._engine) as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert 1 == len(store.check())
        with pytest.raises(StorageError, match="update Rasid"):
            store.migrate()


def test_down_and_up_again(empty_url: str) -> None:
    """The downgrade takes every table away, and the upgrade brings them back."""
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    with open_store(empty_url) as store:
        store.migrate()
        with writing(store._engine) as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "base")
        assert ["alembic_version"] == inspect(store._engine).get_table_names()
        store.migrate()
        assert [] == store.check()
