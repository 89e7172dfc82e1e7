"""The house itself: names stay ours, docs name what exists, nothing of a machine is in the tree."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = {"rasid", "flows", "sources", "storage", "alerts", "console"}


def test_no_installed_distribution_owns_our_names() -> None:
    """A top-level name of ours that another package also installs would shadow a room."""
    owners = packages_distributions()
    assert {} == {name: owners[name] for name in OURS if set(owners.get(name, ["rasid"])) != {"rasid"}}


def test_every_dependency_has_its_reason() -> None:
    """Each dependency stands under a comment that says what it is for."""
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("dependencies = [")
    block = lines[start + 1 : lines.index("]", start)]
    assert block[0].lstrip().startswith("#")
    assert 8 <= sum(line.lstrip().startswith("#") for line in block)


def test_the_lock_holds_hashes_and_no_address() -> None:
    """The lock can be installed with --require-hashes, from whatever registry a machine uses."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    pinned = re.findall(r"^[a-z0-9][\w.-]*(?:\[[\w,-]+\])?==", lock, flags=re.MULTILINE)
    assert 100 < len(pinned) <= lock.count("--hash=sha256:")


def normal(name: str) -> str:
    """A distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_lock_has_every_dependency() -> None:
    """What pyproject.toml asks for is what the lock installs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    names = {normal(re.split(r"[\[<>=~ ;]", want)[0]) for want in wanted}
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {normal(name) for name in re.findall(r"^([\w.-]+)(?:\[.*\])?==", lock, re.MULTILINE)}
    assert set() == names - locked


def test_make_alone_lists_its_targets() -> None:
    """A newcomer who types `make` sees what there is."""
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("setup", "demo", "run", "serve", "test", "lint", "bench"):
        assert f"make {target}" in shown


def test_the_gate_calls_the_readmes_commands() -> None:
    """CI runs what a newcomer would type."""
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make lint" in gate
    assert "make test" in gate
    assert "make demo" in readme
    assert "make test" in readme


def tracked() -> list[Path]:
    """Every text file of the tree as git knows it."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    names = [ROOT / name for name in listed.stdout.splitlines()]
    return [path for path in names if path.is_file() and path.suffix != ".png"]


def test_no_path_of_a_machine_is_in_the_tree() -> None:
    """The project speaks of itself alone: no home folder, no build folder of whoever wrote it."""
    home, here = str(Path.home()), str(ROOT.parent)
    needles = [needle + "/" for needle in (home, here) if len(needle) > 4]
    found = {
        str(path.relative_to(ROOT)): needle
        for path in tracked()
        for needle in needles
        if needle in path.read_text(encoding="utf-8", errors="replace")
    }
    assert {} == found


def test_every_command_is_in_the_readme_or_docs() -> None:
    """A command that no page mentions does not exist for its users."""
    from rasid.cli import COMMANDS

    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    assert [] == [name for name in COMMANDS if f"rasid {name}" not in text]


def test_help_imports_none_of_the_rooms() -> None:
    """`rasid --help` is quick because it imports click and nothing of ours that is heavy."""
    code = (
        "import sys; sys.argv = ['rasid', '--help']\n"
        "from rasid.cli import main\n"
        "try:\n    main()\nexcept SystemExit: pass\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & "
        "{'prefect', 'httpx', 'sqlalchemy', 'trafilatura', 'numpy', 'pydantic', 'rich'}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "[]" == done.stderr.strip()
    assert "serve" in done.stdout
