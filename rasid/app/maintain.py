"""What the night is for: old run rows go, a backup stays, the database is checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rasid.errors import StorageError
from rasid.health import HISTORY

if TYPE_CHECKING:
    from pathlib import Path

    from rasid.app.context import Clock, Rasid


BACKUPS_KEPT = 7
"""One a night: a week in which a fault may be noticed, and no more disk than that."""


@dataclass(frozen=True, slots=True)
class MaintainReport:
    """What a night's run did."""

    problems: tuple[str, ...]
    pruned: int  # rows of the runs table
    pages: int  # whose HTML was kept for long enough
    backup: str | None  # path; None on PostgreSQL, which has its own tools


def maintain(rasid: Rasid, *, clock: Clock, backups: Path | None = None) -> MaintainReport:
    """Check the database, prune run rows past `keep.runs`, and back SQLite up into the folder `backups`."""
    started = clock()
    problems = tuple(rasid.store.check())
    keep = rasid.config.settings.keep
    pruned = rasid.store.prune(started - timedelta(days=keep.runs))
    rasid.store.prune_days((started - 2 * HISTORY).date())
    pages = rasid.store.prune_pages(started - timedelta(days=keep.html))
    backup = None
    if backups is not None and rasid.store.is_sqlite and not problems:
        backup = str(_back_up(rasid, backups, f"rasid-{started:%Y%m%d}.sqlite"))
    report = MaintainReport(problems, pruned, pages, backup)
    rasid.store.record_run(
        "maintain",
        started,
        clock(),
        {"problems": list(problems), "pruned": pruned, "pages": pages, "backup": backup},
    )
    return report


def _back_up(rasid: Rasid, folder: Path, name: str) -> Path:
    """Write a night's backup, then let go of those past `BACKUPS_KEPT`; a broken database is never backed up over."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        rasid.store.backup(folder / name)
        for old in sorted(folder.glob("rasid-*.sqlite"))[:-BACKUPS_KEPT]:
            old.unlink()
    except OSError as e:
        raise StorageError(f"the backup folder {folder} cannot be used: {e}; mend it or name another") from e
    return folder / name
