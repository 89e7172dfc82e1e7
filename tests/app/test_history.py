"""The history of watchlists: from a real git repository, else from what was recorded."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rasid.app.history import NOT_COMMITTED, history

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIST = "name: رقائق\nterms:\n  - id: h20\n    label: H20\n    codes: [H20]\n"
MORE = LIST.replace("[H20]", "[H20, إتش 20]")
BROKEN = LIST + "    lable: H20\n"

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


class Repository:
    """A config folder in a git work tree; each commit is an hour after the one before."""

    def __init__(self, root: Path) -> None:
        self.root, self.config = root, root / "config"
        (self.config / "watchlists").mkdir(parents=True)
        self.now = NOON
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str, who: str = "سلمى") -> str:
        """One git command by a person."""
        person = {
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", who), ("EMAIL", "x@example.org"), ("DATE", self.now.isoformat()))
        }
        clean = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        done = subprocess.run(
            ["git", *words],
            cwd=self.root,
            env=os.environ | clean | person,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def write(self, text: str, name: str = "chips") -> Path:
        """A list in the work tree."""
        path = self.config / "watchlists" / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def commit(self, text: str, who: str = "سلمى", name: str = "chips") -> str:
        """A list, committed; gives the hash."""
        self.write(text, name)
        return self.commit_all(who)

    def commit_all(self, who: str = "سلمى") -> str:
        """What is in the work tree, committed; gives the hash."""
        self.now += timedelta(hours=1)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "x", who=who)
        return self.git("rev-parse", "HEAD")

    def told(self, watchlist: str | None = None) -> list[tuple[str, str, str, tuple[str, ...]]]:
        """The history as (who, term, kind, detail)."""
        return [(c.who, c.term, c.kind, c.detail) for c in history(self.config, watchlist, [])]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty one."""
    return Repository(tmp_path)


@needs_git
def test_each_commit_is_told_newest_first(repository: Repository) -> None:
    """Author, date in UTC, hash, version and the change in words; a commit that changed comments says nothing."""
    repository.commit(LIST)
    repository.commit("# تعليق\n" + LIST)
    last = repository.commit(MORE, who="Omar")
    newest, oldest = history(repository.config, "chips", [])
    assert ("Omar", "h20", "changed", ("+ code إتش 20",)) == (
        newest.who,
        newest.term,
        newest.kind,
        newest.detail,
    )
    assert (last, NOON + timedelta(hours=3), "chips") == (newest.commit, newest.at, newest.watchlist)
    assert ("سلمى", "added", ()) == (oldest.who, oldest.kind, oldest.detail)
    assert newest.version != oldest.version


@needs_git
def test_what_is_not_committed_comes_on_top(repository: Repository) -> None:
    """An edit, also one whose file is dated before the commit; then a deletion; then a file that does not read."""
    repository.commit(LIST)
    path = repository.write(MORE)
    os.utime(path, (0, 0))
    assert (NOT_COMMITTED, "h20", "changed", ("+ code إتش 20",)) == repository.told()[0]
    assert "" == history(repository.config, None, [])[0].commit
    repository.write(BROKEN)
    who, term, _, (reason,) = repository.told("chips")[0]
    assert (NOT_COMMITTED, "") == (who, term)
    assert "could not be read: watchlists/chips.yaml:6: unknown key 'lable'" in reason
    path.unlink()
    assert (NOT_COMMITTED, "h20", "removed", ()) == repository.told("chips")[0]


@needs_git
def test_a_version_that_cannot_be_read_is_named_and_skipped(repository: Repository) -> None:
    """The version after it is compared with the one before it; bytes that are no text are told alike."""
    repository.commit(LIST)
    repository.commit(BROKEN, who="Omar")
    (repository.config / "watchlists" / "chips.yaml").write_bytes(b"name: \xff\n")
    repository.commit_all()
    repository.commit(MORE)
    last, no_text, broken, first = repository.told()
    assert ("سلمى", "h20", "changed", ("+ code إتش 20",)) == last
    assert no_text[3][0].startswith("could not be read: ")
    assert broken[0] == "Omar"
    assert broken[3][0].startswith("could not be read: watchlists/chips.yaml:6")
    assert ("سلمى", "h20", "added", ()) == first


@needs_git
def test_a_renamed_list_keeps_its_history_and_a_deleted_one_is_told(repository: Repository) -> None:
    """Through the rename under the new name alone; the terms of a list that is gone were removed."""
    repository.commit(LIST, name="old")
    repository.git("mv", "config/watchlists/old.yaml", "config/watchlists/chips.yaml")
    repository.commit_all()
    repository.commit(MORE)
    repository.commit(LIST.replace("h20", "amd"), name="firms")
    (repository.config / "watchlists" / "firms.yaml").unlink()
    repository.commit_all(who="Omar")
    assert [
        ("firms", "Omar", "amd", "removed"),
        ("firms", "سلمى", "amd", "added"),
        ("chips", "سلمى", "h20", "changed"),
        ("chips", "سلمى", "h20", "added"),
    ] == [(c.watchlist, c.who, c.term, c.kind) for c in history(repository.config, None, [])]


@needs_git
def test_branches_are_compared_with_their_own_parents(repository: Repository) -> None:
    """Two people on two branches: each change is told once, and none as undone."""
    base = (
        LIST
        + "    near:\n      - شريحة\n"
        + "".join(f"    # {n}\n" for n in range(9))
        + "    unless:\n      - قاعة\n"
    )
    repository.commit(base)
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit(base.replace("- شريحة", "- شريحة\n      - معالج"), who="Omar")
    repository.git("checkout", "--quiet", "main")
    repository.commit(base.replace("- قاعة", "- قاعة\n      - غرفة"), who="Huda")
    repository.now += timedelta(hours=1)
    repository.git("merge", "--quiet", "--no-edit", "side")
    assert {
        ("سلمى", "h20", "added", ()),
        ("Omar", "h20", "changed", ("near of H20: + معالج",)),
        ("Huda", "h20", "changed", ("unless: + غرفة",)),
    } == set(repository.told())
    assert 3 == len(repository.told())


@needs_git
def test_a_hostile_repository_runs_nothing(repository: Repository, tmp_path: Path) -> None:
    """Monitor, hooks, pager, external diff, textconv, filters, signature checks and transports stay unused."""
    repository.commit(LIST)
    repository.commit(MORE)
    proof = tmp_path / "proof"
    script = tmp_path / "evil.sh"
    script.write_text(f'#!/bin/sh\necho "$0 $@" >> {proof}\ncat\n', encoding="utf-8")
    script.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "pager.log",
        "core.editor",
        "core.sshCommand",
        "core.askPass",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "filter.evil.smudge",
        "filter.evil.clean",
        "gpg.program",
        "credential.helper",
    ):
        repository.git("config", key, str(script))
    repository.git("config", "log.showSignature", "true")
    repository.git("config", "core.hooksPath", str(tmp_path))
    (repository.root / ".gitattributes").write_text("*.yaml diff=evil filter=evil\n", encoding="utf-8")
    repository.write(LIST)
    assert ["changed", "changed", "added"] == [kind for _, _, kind, _ in repository.told()]
    assert not proof.exists()
    repository.git("status")
    assert proof.exists()  # the traps are set: another command springs them


@dataclass(frozen=True)
class Recorded:
    """A version of a list, as the database tells it."""

    watchlist: str
    version: str
    text: str
    who: str
    seen_at: datetime


def recorded(*texts: str, watchlist: str = "chips", start: datetime = NOON) -> list[Recorded]:
    """Versions an hour apart, oldest first."""
    return [
        Recorded(watchlist, str(n), text, "rasid", start + timedelta(hours=n)) for n, text in enumerate(texts)
    ]


def test_without_git_the_record_tells(tmp_path: Path) -> None:
    """Added, changed, unreadable, removed, of several lists, newest first; one list alone on demand."""
    versions = [
        *recorded(LIST, BROKEN, MORE, ""),
        *recorded(LIST.replace("h20", "amd"), watchlist="firms", start=NOON + timedelta(minutes=30)),
    ]
    changes = history(tmp_path, None, versions)
    assert [
        ("chips", "h20", "removed", ()),
        ("chips", "h20", "changed", ("+ code إتش 20",)),
        ("firms", "amd", "added", ()),
        ("chips", "h20", "added", ()),
    ] == [(c.watchlist, c.term, c.kind, c.detail) for c in changes if c.term]
    (unread,) = [c for c in changes if not c.term]
    assert unread.detail[0].startswith("could not be read: ")
    assert ("rasid", NOON, "") == (changes[-1].who, changes[-1].at, changes[-1].commit)
    assert ["amd"] == [c.term for c in history(tmp_path, "firms", versions)]
    assert [] == history(tmp_path, "nothing", versions)


@needs_git
def test_a_list_that_git_does_not_know_is_told_by_the_record(repository: Repository) -> None:
    """An untracked list beside a committed one; a work tree without a commit; a git that is not there."""
    versions = [*recorded(LIST), *recorded(LIST.replace("h20", "amd"), watchlist="firms")]
    repository.write(LIST)
    assert {"rasid"} == {c.who for c in history(repository.config, None, versions)}
    repository.commit(LIST)
    repository.write(LIST.replace("h20", "amd"), "firms")
    told = history(repository.config, None, versions)
    assert {("chips", "سلمى"), ("firms", "rasid")} == {(c.watchlist, c.who) for c in told}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")
        assert {"rasid"} == {c.who for c in history(repository.config, None, versions)}
