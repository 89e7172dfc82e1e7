"""`rasid alarm` as cron runs it: exit codes, what is printed where, JSON."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from clitools import rasid

from rasid.app.context import open_rasid
from rasid.cli.output import utc_now
from tests.hostile.hostile_press import watch

if TYPE_CHECKING:
    from pathlib import Path

MINUTE = timedelta(minutes=1)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder whose operators are told by files; its last collect ended two hours ago."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = watch(tmp_path, "https://sahifa.example/feed").folder
    with (folder / "settings.yaml").open("a", encoding="utf-8") as file:
        file.write(f"operators: {{channels: [{{file: {tmp_path}/notices}}]}}\n")
    collected(folder, 120 * MINUTE)
    return tmp_path


def collected(folder: Path, ago: timedelta) -> None:
    """A collect that ended so long ago."""
    with open_rasid(folder) as opened:
        opened.store.record_run("collect", utc_now() - ago - MINUTE, utc_now() - ago, {})


def notices(here: Path) -> list[str]:
    """The notices that were written, oldest first."""
    return [path.read_text(encoding="utf-8") for path in sorted((here / "notices").glob("*.txt"))]


def test_an_alarm_is_told_and_the_exit_code_says_so(here: Path) -> None:
    """Exit code 1 while it stands, told once; 0 when it is over, which is told, too."""
    first, second = rasid("alarm", cwd=here), rasid("alarm", cwd=here)
    assert (1, 1) == (first.returncode, second.returncode)
    assert "no collect has ended for more than 60 minutes (since " in first.stdout
    assert f"told: file {here}/notices" in first.stdout
    assert "told:" not in second.stdout
    assert "" == first.stderr
    [notice] = notices(here)
    assert notice.startswith("Alarm: no collect has ended for more than 60 minutes\nSince: ")
    assert f"cd {here} && " in notice
    assert "rasid health\n" in notice

    collected(here / "config", MINUTE)
    over = rasid("alarm", cwd=here)
    assert 0 == over.returncode
    assert "over: collects end again" in over.stdout
    assert "all is well\n" == rasid("alarm", cwd=here).stdout


def test_the_command_of_a_notice_runs(here: Path) -> None:
    """What the notice says to run is a command that a shell of this machine understands as it stands."""
    rasid("alarm", cwd=here)
    [command] = [line.strip() for line in notices(here)[0].splitlines() if line.endswith("rasid health")]

    assert 1 == os.waitstatus_to_exitcode(os.system(f"({command}) >/dev/null 2>&1"))  # noqa: S605 - as it is pasted


def test_json(here: Path) -> None:
    """For scripts: what stands, what was told to whom."""
    done = rasid("alarm", "--json", cwd=here)
    found = json.loads(done.stdout)

    assert 1 == done.returncode
    assert ("alarm", ["collect"], ["collect"]) == (
        found["status"],
        [one["key"] for one in found["standing"]],
        found["new"],
    )
    assert [{"channel": "file", "recipient": f"{here}/notices", "error": None}] == found["routes"]


def test_dry_run(here: Path) -> None:
    """Only looking: nobody is told, and the next look tells it."""
    assert 1 == rasid("alarm", "--dry-run", cwd=here).returncode
    assert [] == notices(here)
    assert "told: " in rasid("alarm", cwd=here).stdout


def test_nobody_heard(here: Path) -> None:
    """A notice that no way takes ends on stderr and with exit code 1: cron mails it to the machine's owner."""
    (here / "notices").write_text("in the way", encoding="utf-8")
    done = rasid("alarm", cwd=here)

    assert 1 == done.returncode
    assert f"NOT told: file {here}/notices: " in done.stdout
    assert "nobody could be told" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_without_a_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wrong working folder, cron's usual mistake, is an alarm of its own, not a crash."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    done = rasid("alarm", cwd=tmp_path)

    assert 1 == done.returncode
    assert "config/settings.yaml:0: not there" in done.stdout
    assert "Traceback" not in done.stderr
