"""The history of watchlists: which term changed when, how, and by whose hand.

git knows best where the config folder is in a work tree: each commit of a list is compared with its parent,
so that branches are told rightly, and what is not committed yet comes on top. Elsewhere Rasid's own record of
the versions that it met serves.

The work tree is not trusted: git's own settings there could run programs (hooks, a monitor, diff drivers,
signature checks, transports that fetch a missing object). Only plumbing that reads objects is called, with
each of these switched off, and the working file is compared here, for `git status` and `git diff` run filters.
"""

from __future__ import annotations

import heapq
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Protocol

from rasid.config import parse_watchlist
from rasid.config.changes import term_changes
from rasid.errors import ConfigError
from rasid.types import TermChange, Watchlist

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

NOT_COMMITTED = "not committed"
_TIMEOUT = 20.0  # seconds for one call; the log of a list with 1,000 commits takes well under one
_NO_BLOB = ""  # git writes zeros, as many as its hashes are long
_SAFE = (
    "--no-pager",
    "--literal-pathspecs",
    *("-c", "core.fsmonitor="),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "log.showSignature=false"),
    *("-c", "protocol.allow=never"),
    *("-c", "core.quotePath=false"),
)
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "LC_ALL": "C",
}


class Version(Protocol):
    """One version of a watchlist, as the database recorded it."""

    @property
    def watchlist(self) -> str:
        """The list's id."""

    @property
    def version(self) -> str:
        """As in Watchlist.version."""

    @property
    def text(self) -> str:
        """The file; empty where the list was removed."""

    @property
    def who(self) -> str:
        """The account that ran Rasid when it met this version."""

    @property
    def seen_at(self) -> datetime:
        """When that was."""


def history(folder: Path, watchlist_id: str | None, versions: Iterable[Version]) -> list[TermChange]:
    """Every change of the terms of one watchlist, or of all of them, newest first.

    Args:
        folder: The config folder.
        watchlist_id: None for every list.
        versions: What the database recorded, oldest first; serves for lists that git does not know.

    A version that cannot be read is told as a change without a term, and what follows is compared with the
    last one that could be.
    """
    recorded: dict[str, list[Version]] = {}
    for version in versions:
        recorded.setdefault(version.watchlist, []).append(version)
    names = [watchlist_id] if watchlist_id else _names(folder, recorded)
    told = [_of_list(folder / "watchlists", name, recorded.get(name, [])) for name in names]
    # Merged, not sorted: a rebased commit may be dated before its parent, and each list keeps its own order.
    return list(heapq.merge(*told, key=lambda change: (change.who == NOT_COMMITTED, change.at), reverse=True))


def _of_list(folder: Path, name: str, recorded: Sequence[Version]) -> list[TermChange]:
    told = _from_git(folder, name)
    return _from_record(name, recorded) if told is None else told


def _names(folder: Path, recorded: Mapping[str, object]) -> list[str]:
    """The lists that there are and those that there were."""
    present = {path.stem for path in (folder / "watchlists").glob("*.yaml")}
    gone = _git(folder, "log", "--format=", "--name-only", "--diff-filter=D", "-M", "-z", "--", "watchlists")
    names = (name.rpartition("/")[2] for name in (gone or b"").decode(errors="replace").split("\0"))
    return sorted(present | recorded.keys() | {name[:-5] for name in names if name.endswith(".yaml")})


# ── a chain of versions ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Step:
    """From one version of a list to the next."""

    at: datetime
    who: str
    text: str | None  # of the list afterwards; None where it was removed
    commit: str = ""


def _changes(name: str, old: Watchlist | None, step: _Step) -> tuple[Watchlist | None, list[TermChange]]:
    """The list after a step, and the changes; where it cannot be read, the list before and the reason."""
    try:
        new = _parsed(name, step.text)
    except ConfigError as error:
        reason = f"could not be read: {error.problems[0]}"
        return old, [TermChange(step.at, step.who, name, "", "changed", (reason,), "", step.commit)]
    version = new.version if new else ""
    return new, [
        TermChange(step.at, step.who, name, term, kind, detail, version, step.commit)
        for term, kind, detail in term_changes(old, new)
    ]


def _parsed(name: str, text: str | None) -> Watchlist | None:
    return None if text is None else parse_watchlist(text, f"watchlists/{name}.yaml")


def _from_record(name: str, versions: Sequence[Version]) -> list[TermChange]:
    """Newest first, as the whole history is."""
    watchlist: Watchlist | None = None
    told: list[list[TermChange]] = []
    for version in versions:
        step = _Step(version.seen_at, version.who, version.text or None)
        watchlist, changes = _changes(name, watchlist, step)
        told.append(changes)
    return [change for changes in reversed(told) for change in changes]


# ── git ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Commit:
    """One commit that changed the file: the object before and after, _NO_BLOB where there is none."""

    hash: str
    at: datetime
    who: str
    old: str
    new: str


@dataclass(slots=True)
class _Objects:
    """What each version of a file reads as, by its object: itself, or the last before it that could be read."""

    name: str
    texts: Mapping[str, str]
    read: dict[str, Watchlist | None] = field(default_factory=lambda: {_NO_BLOB: None})

    def step(self, commit: _Commit) -> list[TermChange]:
        """The changes of one commit, told after those of its parents."""
        after = _Step(commit.at, commit.who, self._text(commit.new), commit.hash)
        self.read[commit.new], changes = _changes(self.name, self.before(commit.old), after)
        return changes

    def before(self, blob: str) -> Watchlist | None:
        """What a version reads as, also where no step told of it: a merge of two sides is none."""
        if blob not in self.read:
            step = _Step(datetime.min.replace(tzinfo=UTC), "", self._text(blob))
            self.read[blob], _ = _changes(self.name, None, step)
        return self.read[blob]

    def _text(self, blob: str) -> str | None:
        return None if blob == _NO_BLOB else self.texts.get(blob, "")


def _from_git(folder: Path, name: str) -> list[TermChange] | None:
    """None where git is not there, does not work here or has no commit of the file."""
    commits = _commits(folder, f"{name}.yaml")
    if not commits:
        return None
    head = _git(folder, "rev-parse", "--verify", "--quiet", f"HEAD:./{name}.yaml") or b""
    committed = head.decode().strip() or _NO_BLOB
    blobs = {committed}.union(*((commit.old, commit.new) for commit in commits)) - {_NO_BLOB}
    objects = _Objects(name, _blobs(folder, sorted(blobs)))
    told = [objects.step(commit) for commit in reversed(commits)]
    told.append(_not_committed(folder, objects, committed))
    return [change for changes in reversed(told) for change in changes]


def _commits(folder: Path, file: str) -> list[_Commit]:
    """The commits of a file, newest first, through renames."""
    log = _git(
        *(
            folder,
            "log",
            "--follow",
            "--topo-order",
            "--raw",
            "--no-abbrev",
            "--no-ext-diff",
            "--no-textconv",
        ),
        *("--format=%x00%H%x1f%aI%x1f%an", "--", file),
    )
    found: list[_Commit] = []
    for block in (log or b"").decode(errors="replace").split("\0")[1:]:
        head, *lines = block.splitlines()
        commit, at, who = head.split("\x1f", 2)
        raw = [line.split(maxsplit=4) for line in lines if line.startswith(":")]
        if raw:  # a merge that took one side as it was changed nothing
            blobs = [blob if blob.strip("0") else _NO_BLOB for blob in raw[0][2:4]]
            found.append(_Commit(commit, datetime.fromisoformat(at).astimezone(UTC), who, *blobs))
    return found


def _not_committed(folder: Path, objects: _Objects, committed: str) -> list[TermChange]:
    """What differs between the file and the object that HEAD has for it."""
    path = folder / f"{objects.name}.yaml"
    text = _text(path.read_bytes()) if path.is_file() else None
    if text == objects.texts.get(committed):
        return []
    touched = path if text is not None else folder if folder.is_dir() else folder.parent
    at = datetime.fromtimestamp(touched.stat().st_mtime, UTC)
    return _changes(objects.name, objects.before(committed), _Step(at, NOT_COMMITTED, text))[1]


def _blobs(folder: Path, blobs: Sequence[str]) -> dict[str, str]:
    """The texts of objects, from one call; without those that are missing, as in a partial clone."""
    given = "".join(f"{blob}\n" for blob in blobs).encode()
    out = BytesIO(_git(folder, "cat-file", "--batch", given=given) or b"")
    found: dict[str, str] = {}
    while head := out.readline().decode().split():
        if head[1] == "blob":
            found[head[0]] = _text(out.read(int(head[2])))
            out.readline()
    return found


def _text(content: bytes) -> str:
    """As the config folder's files are read; a byte that is not UTF-8 becomes one that YAML refuses."""
    text = content.decode("utf-8-sig", errors="surrogateescape")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _git(folder: Path, *words: str, given: bytes = b"") -> bytes | None:
    """What a git command wrote; None where git or the folder is missing, or git refused."""
    git = shutil.which("git")
    if git is None:
        return None
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603 - git by its full path; names of files stand behind `--` or "./"
            [git, *_SAFE, *words],
            cwd=folder,
            input=given,
            capture_output=True,
            env=environment | _ENVIRONMENT,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout
