"""The night's housekeeping: a backup that opens, no more than a week of them, old run rows gone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rasid.app.maintain import BACKUPS_KEPT, maintain
from rasid.errors import StorageError
from tests.app.app_press import Press, clock

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("press")


def test_a_backup_is_a_database_that_opens(press: Press, tmp_path: Path) -> None:
    """The folder is made, the copy is whole, and the report names it."""
    with press.opened() as rasid:
        rasid.store.record_run("collect", clock(), clock(), {"stored": 3})
        report = maintain(rasid, clock=clock, backups=tmp_path / "new" / "backups")
    assert () == report.problems
    assert report.backup is not None
    with closing(sqlite3.connect(report.backup)) as copy:
        assert [("ok",)] == copy.execute("PRAGMA integrity_check").fetchall()
        assert [("collect",)] == copy.execute("SELECT kind FROM runs").fetchall()


def test_a_week_of_backups_is_kept(press: Press, tmp_path: Path) -> None:
    """The oldest go; a file that is not a backup stays."""
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with press.opened() as rasid:
        for night in range(BACKUPS_KEPT + 3):
            maintain(rasid, clock=lambda: clock() + timedelta(days=night), backups=tmp_path)  # noqa: B023
    names = sorted(path.name for path in tmp_path.glob("rasid-*.sqlite"))
    assert BACKUPS_KEPT == len(names)
    assert f"rasid-{clock():%Y%m%d}.sqlite" not in names
    assert (tmp_path / "notes.txt").is_file()


def test_run_rows_past_their_time_go(press: Press) -> None:
    """`keep.runs` days of them stay, and the report counts the rest."""
    old = clock() - timedelta(days=91)
    with press.opened() as rasid:
        rasid.store.record_run("collect", old, old, {})
        rasid.store.record_run("collect", clock(), clock(), {})
        report = maintain(rasid, clock=clock)
    assert (1, None) == (report.pruned, report.backup)


def test_a_folder_that_cannot_be_used_is_named(press: Press, tmp_path: Path) -> None:
    """A file where the folder should be: the error says where and what to do."""
    (tmp_path / "backups").write_text("", encoding="utf-8")
    with press.opened() as rasid, pytest.raises(StorageError, match="backups"):
        maintain(rasid, clock=clock, backups=tmp_path / "backups")
