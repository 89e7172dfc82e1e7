"""`rasid check`: warnings beside errors, as lines, as JSON, and what they do to the exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from clitools import rasid

if TYPE_CHECKING:
    import subprocess

ROOT = Path(__file__).resolve().parents[2]

CLEAN = """\
name: شركات
terms:
  - id: firm
    label: شركة
    forms:
      - سيليكا
    examples:
      match: [افتتحت سيليكا مكتبا]
"""
TWIN = CLEAN.replace("      - سيليكا\n", "      - سيليكا\n      - سِيليكا\n")
WARNING = "firm: «سِيليكا» is read as «سيليكا» (line 6); remove one of the two"


@pytest.fixture
def firms(tmp_path: Path) -> Path:
    """The only watchlist of a config folder; its database would be in tmp_path."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    path = tmp_path / "config" / "watchlists" / "chips.yaml"
    path.write_text(TWIN, encoding="utf-8")
    return path


def check(firms: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`rasid check` on the folder of a watchlist."""
    folder = firms.parents[1]
    return rasid("--config", str(folder), "check", *options, cwd=folder.parent)


def test_a_warning_is_a_line_and_no_failure(firms: Path) -> None:
    """file:line: warning: term: …; the summary counts it; no database is made by asking."""
    done = check(firms)
    assert (0, f"{firms}:7: warning: {WARNING}\n") == (done.returncode, done.stdout)
    assert "1 examples (0 failed), 1 subscriptions, 1 warnings" in done.stderr
    assert not (firms.parents[2] / "var").exists()


def test_strict_makes_warnings_findings(firms: Path) -> None:
    """Exit code 1 with one, 0 without."""
    assert 1 == check(firms, "--strict").returncode
    firms.write_text(CLEAN, encoding="utf-8")
    done = check(firms, "--strict")
    assert (0, "") == (done.returncode, done.stdout)
    assert "0 warnings" in done.stderr


def test_json_tells_errors_from_warnings(firms: Path) -> None:
    """Each has its level; a failed example is an error, and decides the exit code."""
    firms.write_text(TWIN.replace("افتتحت سيليكا", "افتتحت شركة"), encoding="utf-8")
    done = check(firms, "--json")
    assert 1 == done.returncode
    error, warning = json.loads(done.stdout)
    assert ("error", str(firms), 9) == (error["level"], error["file"], error["line"])
    assert "firm: expected a match" in error["message"]
    assert {"level": "warning", "file": str(firms), "line": 7, "message": WARNING} == warning


def test_an_archive_that_cannot_be_read_is_said_on_stderr(firms: Path) -> None:
    """Data stays data: stdout has the warning alone, and the exit code is its own."""
    database = firms.parents[2] / "var" / "rasid.sqlite"
    database.parent.mkdir()
    database.write_bytes(b"no database " * 100)
    done = check(firms)
    assert (0, f"{firms}:7: warning: {WARNING}\n") == (done.returncode, done.stdout)
    assert "the archive was not asked: " in done.stderr
    assert b"no database " * 100 == database.read_bytes()
