"""What the night is for: old run rows go, a backup stays, the database is checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from rasid.app.context import Clock, Rasid


@dataclass(frozen=True, slots=True)
class MaintainReport:
    """What a night's run did."""

    problems: tuple[str, ...]
    pruned: int  # rows of the runs table
    backup: str | None  # path; None on PostgreSQL, which has its own tools


def maintain(rasid: Rasid, *, clock: Clock, backups: Path | None = None) -> MaintainReport:
    """Check the database, prune run rows past `keep.runs`, and back SQLite up into the folder `backups`."""
    started = clock()
    problems = tuple(rasid.store.check())
    pruned = rasid.store.prune(started - timedelta(days=rasid.config.settings.keep.runs))
    backup = None
    if backups is not None and rasid.store.is_sqlite and not problems:
        path = backups / f"rasid-{started:%Y%m%d}.sqlite"
        rasid.store.backup(path)
        backup = str(path)
    report = MaintainReport(problems, pruned, backup)
    rasid.store.record_run(
        "maintain", started, clock(), {"problems": list(problems), "pruned": pruned, "backup": backup}
    )
    return report
