"""Bringing a database to this version's tables, also when two processes start at once.

All of an upgrade is one transaction, on SQLite too (BEGIN IMMEDIATE covers its DDL), and the record of the
version is part of it: a process that is killed leaves the old tables, never half of the new ones.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from rasid.errors import StorageError
from storage.dialects import serialise
from storage.schema import REVISION

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Alembic's env.py speaks through module globals: one upgrade at a time in a process.
_alone = threading.Lock()


def revision(connection: Connection) -> str | None:
    """The version that a database's tables have; None where there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalars(text("SELECT version_num FROM alembic_version")).one_or_none()


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing, within the caller's transaction.

    Raises:
        StorageError: the database was made by a newer version of Rasid.
    """
    serialise(connection, "migrate")
    if revision(connection) == REVISION:  # the other process was first
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    folder = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", folder.replace("%", "%%"))  # ConfigParser interpolates
    config.attributes["connection"] = connection
    try:
        with _alone:
            command.upgrade(config, "head")
    except CommandError as e:
        raise StorageError(f"the database is newer than this Rasid: update Rasid ({e})") from e
