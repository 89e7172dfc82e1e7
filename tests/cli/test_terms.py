"""`rasid terms`: what is shown of the watchlists' terms and of their history."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from storage import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Terms = Callable[..., Result]


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("firms")
def test_list_counts_what_each_term_has(terms: Terms) -> None:
    """One row a term, the label last; the same as JSON."""
    rows = [line.split("\t") for line in terms("list").stdout.splitlines()]
    header = ["term", "list", "importance", "forms", "codes", "lookalikes", "cues", "examples", "label"]
    assert header == rows[0]
    assert ["nvidia", "h20", "huawei", "kunlun", "amd"] == [row[0] for row in rows[1:]]
    assert ["amd", "firms", "2", "1", "0", "0", "0", "0", "إيه إم دي"] == rows[-1]
    h20 = json.loads(terms("list", "--json").stdout)[1]
    assert ("h20", "chips", 0, 2, 1) == tuple(
        h20[key] for key in ("id", "watchlist", "forms", "codes", "lookalikes")
    )


def test_show_tells_where_a_term_stands(terms: Terms, chips: Path) -> None:
    """file:line of the id, each spelling with its cues, the examples with their lines; as JSON too."""
    line = chips.read_text(encoding="utf-8").splitlines().index("  - id: h20") + 1
    shown = terms("show", "h20").stdout.splitlines()
    assert f"h20: {chips}:{line}" == shown[0]
    assert any(text.startswith("code: إتش 20 · near: رقائق, شريحة · unless: جي, بي") for text in shown)
    assert any(text.startswith("lookalike: H2O · near within 6 words: إنفيديا, معالج") for text in shown)
    assert f"{chips}:" in next(text for text in shown if "الحافلة رقم H20" in text)
    told = json.loads(terms("show", "h20", "--json").stdout)
    assert (line, str(chips), "h20") == (told["line"], told["file"], told["id"])
    missing = terms("show", "nvida")
    assert (1, "") == (missing.exit_code, missing.stdout)
    assert "did you mean 'nvidia'" in missing.stderr


# ── history ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_history_tells_an_edit_that_is_not_committed(terms: Terms, folder: Path) -> None:
    """After `add` in a work tree: the form on top, then the commit; a list or term alone on demand."""
    person = {f"GIT_{role}_{key}": "x" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "x"]):
        subprocess.run(["git", *words], cwd=folder, env=os.environ | person, check=True)
    assert 0 == terms("add", "huawei", "هواواوي").exit_code
    rows = [line.split("\t") for line in terms("history", "huawei").stdout.splitlines()]
    assert ["when", "list", "commit", "term", "change", "who", "detail"] == rows[0]
    assert ["chips", "-", "huawei", "changed", "not committed", "+ form هواواوي"] == rows[1][1:]
    assert [("huawei", "added", "x")] == [(row[3], row[4], row[5]) for row in rows[2:]]
    told = json.loads(terms("history", "--list", "chips", "--json").stdout)
    assert ["huawei", "nvidia", "h20", "huawei", "kunlun"] == [change["term"] for change in told]
    assert [] == json.loads(terms("history", "--list", "other", "--json").stdout)


def test_history_falls_back_to_rasids_own_record(terms: Terms, folder: Path, chips: Path) -> None:
    """Outside of git the versions in the database tell; without a database nothing does, and none is made."""
    done = terms("history", "--json")
    assert (0, []) == (done.exit_code, json.loads(done.stdout))
    assert not (folder.parent / "var").exists()
    (folder.parent / "var").mkdir()
    with open_store(f"sqlite:///{folder.parent / 'var' / 'rasid.sqlite'}") as store:
        store.migrate()
        first = chips.read_text(encoding="utf-8")
        for version, text in enumerate((first, first.replace("- Nvidia", "- Nvidea"))):
            now = datetime(2026, 3, 1, version, tzinfo=UTC)
            assert store.save_watchlist_version("chips", str(version), text, "sara", now)
    newest, *added = json.loads(terms("history", "--json").stdout)
    assert ("nvidia", "sara", ["+ form Nvidea", "- form Nvidia"]) == tuple(
        newest[key] for key in ("term", "who", "detail")
    )
    assert ["nvidia", "h20", "huawei", "kunlun"] == [change["term"] for change in added]
