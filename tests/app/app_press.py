"""The demo press behind the real pipeline: what the tests of the use-cases run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rasid.app.collect import collect
from rasid.app.context import Rasid, open_rasid
from rasid.app.digest import run_digest

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from demo.server import DemoServer
    from rasid.types import CollectReport, DigestReport


def clock() -> datetime:
    """The real clock, as the command line reads it."""
    return datetime.now(UTC)  # noqa: TID251 - the press is printed today, whichever day that is


@dataclass
class Press:
    """A served press, a config folder that points to it, and runs on it, each opened anew as a process would."""

    server: DemoServer
    folder: Path

    @property
    def out(self) -> Path:
        """Where the database and the digests lie."""
        return self.folder.parent

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.out / "rasid.sqlite"

    def opened(self) -> AbstractContextManager[Rasid]:
        """An opened Rasid."""
        return open_rasid(self.folder)

    def collect(self, *, later: timedelta = timedelta()) -> CollectReport:
        """One collect of every feed, now or so much later."""
        with self.opened() as rasid:
            return collect(rasid, clock=lambda: clock() + later, force=True)

    def digest(self, *, later: timedelta = timedelta()) -> DigestReport:
        """One digest run, now or so much later."""
        with self.opened() as rasid:
            return run_digest(rasid, clock=lambda: clock() + later)

    def edit(self, file: str, old: str, new: str) -> None:
        """Change an operators' file, as an operator would."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
