"""A wrong file is refused with file:line and what to write instead; nothing is run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from clitools import rasid

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project's own config folder, to be spoiled; its database would be in tmp_path."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path / "config"


def line_of(path: Path, needle: str) -> int:
    """The line, from 1, on which a text first stands."""
    return next(
        n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if needle in line
    )


CASES = [
    pytest.param(
        "watchlists/chips.yaml",
        "    label: H20\n",
        "    lable: H20\n",
        "lable: H20",
        ["'label'"],
        id="misspelt key",
    ),
    pytest.param(
        "subscriptions.yaml",
        "watchlists: [chips]",
        "terms: [nvidea]",
        "nvidea",
        ["nvidea", "nvidia"],
        id="unknown term",
    ),
    pytest.param(
        "settings.yaml",
        "boilerplate: []",
        "boilerplate: ['(unclosed']",
        "unclosed",
        ["not a valid pattern"],
        id="bad regex",
    ),
    pytest.param(
        "feeds.yaml",
        "feeds:\n",
        "feeds:\n  - {id: twin, name: توأم, url: 'https://www.tech-wd.com/wd/feed/', category: tech, enabled: true}\n",
        "https://www.tech-wd.com/wd/feed/",
        ["already listed at line", "(id twin)"],
        id="duplicate feed",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "needle", "says"), CASES)
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_wrong_file_stops_everything(
    folder: Path, command: str, file: str, old: str, new: str, needle: str, says: list[str]
) -> None:
    """Exit code 3; the message points to the line; no database is made."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    done = rasid("--config", str(folder), command, cwd=folder.parent)
    assert 3 == done.returncode, done.stderr
    lines = [
        f"{path}:{n}:" for n, line in enumerate(path.read_text("utf-8").splitlines(), 1) if needle in line
    ]
    assert any(where in done.stderr for where in lines), done.stderr
    for word in says:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder.parent / "var").exists()


def test_the_projects_own_config_is_fine(folder: Path) -> None:
    """`rasid check` on a fresh clone finds nothing, and every example of the watchlist holds."""
    done = rasid("--config", str(folder), "check", cwd=folder.parent)
    assert (0, "") == (done.returncode, done.stdout), done.stderr
    assert "4 terms" in done.stderr


def test_a_failed_example_is_a_finding_with_its_line(folder: Path) -> None:
    """An example that does not hold is named by file, line and term; exit code 1."""
    path = folder / "watchlists" / "chips.yaml"
    text = path.read_text(encoding="utf-8")
    spoiled = text.replace("      match:\n", "      match:\n        - جملة لا تذكر شيئا مما في القائمة.\n", 1)
    assert spoiled != text
    path.write_text(spoiled, encoding="utf-8")
    done = rasid("--config", str(folder), "check", cwd=folder.parent)
    assert 1 == done.returncode, done.stderr
    assert f"{path}:{line_of(path, 'جملة لا تذكر')}:" in done.stdout


def test_a_missing_folder_says_how_to_make_one(tmp_path: Path) -> None:
    """Someone who types `rasid run` in an empty folder learns of `rasid init`."""
    done = rasid("run", cwd=tmp_path)
    assert 3 == done.returncode
    assert "init" in done.stderr


def test_init_writes_a_config_that_passes_its_own_check(tmp_path: Path) -> None:
    """init, then check; a second init keeps what is there."""
    assert 0 == rasid("init", cwd=tmp_path).returncode
    assert 0 == rasid("check", cwd=tmp_path).returncode
    (tmp_path / "config" / "feeds.yaml").write_text("feeds: []\n", encoding="utf-8")
    again = rasid("init", cwd=tmp_path)
    assert "kept    config/feeds.yaml" in again.stdout
    assert "feeds: []\n" == (tmp_path / "config" / "feeds.yaml").read_text(encoding="utf-8")


def test_the_committed_schemas_are_what_schema_writes(folder: Path) -> None:
    """Editors are told the truth."""
    done = rasid("--config", str(folder), "schema", "--check", cwd=folder.parent)
    assert (0, "") == (done.returncode, done.stdout)


def test_doctor_names_what_is_missing(folder: Path) -> None:
    """Before the first run, doctor says that there was none and what is not set."""
    done = rasid("--config", str(folder), "doctor", cwd=folder.parent)
    assert 1 == done.returncode
    assert "Traceback" not in done.stderr
    assert "- " in done.stdout
