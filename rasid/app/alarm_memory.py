"""What the dead man's watch remembers: in the database, and in a file of this machine while that is away.

The file is `$STATE_DIRECTORY` (systemd's), else `$XDG_STATE_HOME/rasid`, else `~/.local/state/rasid`, else a folder of
this account's own among the temporary files; its name is made of the config folder's. Beside what was told it holds
when the watch first looked, and the text of the settings that were good last: it is readable by this account alone.
A lock beside it keeps two watchers of one machine from telling the same thing twice; watchers of two machines that
look in the same second may.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile, gettempdir
from typing import TYPE_CHECKING, Self

from rasid.config import Settings, parse_settings
from rasid.errors import ConfigError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from storage import Store

_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW

Told = dict[str, tuple[datetime, datetime]]
"""By an alarm's key: since when, and when last the operators were told."""


@dataclass(slots=True)
class Memory:
    """The memory of one config folder's watch."""

    path: (
        Path | None
    )  # None: no folder for it can be had, and nothing is remembered while the database is away
    problems: tuple[str, ...] = ()
    _first_look: datetime | None = None
    _settings: str | None = None
    _told: Told = field(default_factory=dict)
    _only_here: frozenset[str] = frozenset()  # told while the database was away

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read it; what is not there, or not whole, is as if it had never been."""
        home = _home()
        if home is None:
            return cls(
                None, ("no folder can be written in which to remember what was told; set STATE_DIRECTORY",)
            )
        path = home / f"alarm-{sha256(str(folder.resolve()).encode()).hexdigest()[:16]}.json"
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            told = {key: (_time(since), _time(at)) for key, (since, at) in kept["told"].items()}
            return cls(
                path, (), _time(kept["first_look"]), kept["settings"], told, frozenset(kept["only_here"])
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return cls(path)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether no other watcher of this machine is at work until the end."""
        try:
            lock = None if self.path is None else os.open(self.path.with_suffix(".lock"), _LOCK, 0o600)
        except OSError:  # better told twice than not at all
            lock = None
        try:
            yield lock is None or _locked(lock)
        finally:
            if lock is not None:
                os.close(lock)

    def first_look(self, now: datetime) -> datetime:
        """When the watch looked at this Rasid for the first time; without a file it may have been ever so long ago."""
        if self.path is None:
            return datetime.min.replace(tzinfo=now.tzinfo)
        self._first_look = min(self._first_look or now, now)
        return self._first_look

    def good(self, text: str) -> None:
        """Remember settings that are good."""
        self._settings = text

    def last_good(self) -> Settings | None:
        """The settings that were good last."""
        try:
            return None if self._settings is None else parse_settings(self._settings, "settings.yaml")
        except ConfigError:  # of another version of Rasid
            return None

    def told(self, store: Store | None) -> Told:
        """What the operators were told of and is not over."""
        if store is None:
            return dict(self._told)
        mine = {key: times for key, times in self._told.items() if key in self._only_here}
        try:
            return mine | store.notices()
        except StorageError:  # its tables are of another version
            return dict(self._told)

    def keep(self, told: Mapping[str, tuple[datetime, datetime]], store: Store | None) -> None:
        """Remember this and nothing else."""
        kept = _keep_stored(told, store)
        only_here = (
            frozenset()
            if kept
            else {key for key in told if told[key] != self._told.get(key)} | self._only_here
        )
        self._told, self._only_here = dict(told), frozenset(only_here) & set(told)
        if self.path is None:
            return
        content = {
            "first_look": None if self._first_look is None else self._first_look.isoformat(),
            "settings": self._settings,
            "told": {key: [since.isoformat(), at.isoformat()] for key, (since, at) in told.items()},
            "only_here": sorted(self._only_here),
        }
        try:
            with NamedTemporaryFile("w", dir=self.path.parent, delete=False, encoding="utf-8") as file:
                json.dump(content, file)  # for this account alone, as temporary files are
            Path(file.name).replace(self.path)
        except OSError as error:
            self.problems += (f"{self.path}: {error.strerror}; what was told now may be told again",)


def _keep_stored(told: Mapping[str, tuple[datetime, datetime]], store: Store | None) -> bool:
    """Bring the database's notes to these; whether that could be done."""
    if store is None:
        return False
    try:
        noted = store.notices()
        for key in noted.keys() - told.keys():
            store.drop_notice(key)
        for key, (since, at) in told.items():
            if key not in noted:
                store.save_notice(key, since)
            if noted.get(key, (since, since))[1] != at:
                store.save_notice(key, at)
    except StorageError:
        return False
    return True


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(text)
    return time


def _home() -> Path | None:
    """A folder that this account can write and nobody else: the first of those that can be had."""
    wanted = []
    if os.environ.get("STATE_DIRECTORY"):
        wanted.append(Path(os.environ["STATE_DIRECTORY"].split(":")[0]))
    if os.environ.get("XDG_STATE_HOME"):
        wanted.append(Path(os.environ["XDG_STATE_HOME"]) / "rasid")
    elif os.environ.get("HOME"):
        wanted.append(Path(os.environ["HOME"]) / ".local" / "state" / "rasid")
    wanted.append(Path(gettempdir()) / f"rasid-{os.getuid()}")
    return next((folder for folder in wanted if _own(folder)), None)


def _own(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Among the temporary files anybody may have made it first.
        return (
            folder.lstat().st_uid == os.getuid()
            and not folder.is_symlink()
            and os.access(folder, os.W_OK | os.X_OK)
        )
    except OSError:
        return False
