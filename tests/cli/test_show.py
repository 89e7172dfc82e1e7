"""The commands that show: digest list, digest preview; and what an interrupted run says."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from clitools import rasid

from demo.press import load
from demo.scene import write_config
from demo.server import ARTICLES, serve
from rasid.cli.output import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("press")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A config folder whose press was collected and digested once."""
    with serve(load(ARTICLES, utc_now().replace(microsecond=0))) as server:
        folder = write_config(tmp_path_factory.mktemp("show"), server.url)
        done = rasid("--config", str(folder), "run", "--all", cwd=folder.parent)
        assert 0 == done.returncode, done.stderr
        yield folder


def test_digest_list_tells_what_became_of_deliveries(ran: Path) -> None:
    """One digest, one delivery, sent; the same as JSON."""
    plain = rasid("--config", str(ran), "digest", "list", cwd=ran.parent).stdout.splitlines()
    assert 2 == len(plain)
    assert "1 sent" in plain[1]
    (row,) = json.loads(rasid("--config", str(ran), "digest", "list", "--json", cwd=ran.parent).stdout)
    assert ("analysts", {"sent": 1}) == (row["subscription_id"], row["deliveries"])


@pytest.mark.parametrize("kind", ["text", "html", "json"])
def test_a_preview_stores_and_sends_nothing(ran: Path, kind: str) -> None:
    """After the digest went out there is nothing left to tell; asking changes nothing."""
    before = rasid("--config", str(ran), "digest", "list", cwd=ran.parent).stdout
    done = rasid("--config", str(ran), "digest", "preview", "analysts", "--format", kind, cwd=ran.parent)
    assert 0 == done.returncode, done.stderr
    assert "نشرة الرقائق" in done.stdout
    assert "واشنطن تقر تراخيص" not in done.stdout
    assert before == rasid("--config", str(ran), "digest", "list", cwd=ran.parent).stdout


def test_a_preview_of_nobody_names_those_there_are(ran: Path) -> None:
    """A misspelt subscription is a finding that shows the right ones."""
    done = rasid("--config", str(ran), "digest", "preview", "analyst", cwd=ran.parent)
    assert 1 == done.returncode
    assert "analysts" in done.stderr


def test_an_interrupted_run_says_so_with_130(ran: Path) -> None:
    """Ctrl-C ends a run with its own exit code and no traceback, whenever it comes."""
    command = [sys.executable, "-m", "rasid.cli", "--config", str(ran), "run", "--all"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    time.sleep(1.5)
    os.killpg(run.pid, signal.SIGINT)
    _, errors = run.communicate(timeout=30)
    # 0: the run was quicker than the key. -2: the key came inside an import, and Python ends itself by the signal,
    # which a shell shows as 130, too.
    assert run.returncode in {130, 0, -signal.SIGINT}
    assert b"Traceback" not in errors


def test_a_terminal_gets_a_table_and_a_pipe_gets_lines(ran: Path) -> None:
    """On a terminal rich draws; NO_COLOR is obeyed."""
    master, slave = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "160", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "rasid.cli", "--config", str(ran), "digest", "list"]
    subprocess.run(command, stdout=slave, stderr=slave, env=environment, check=True, timeout=60)
    os.close(slave)
    shown = b""
    try:
        while chunk := os.read(master, 65536):
            shown += chunk
    except OSError:  # the other end is closed and all is read
        pass
    os.close(master)
    text = shown.decode()
    assert "window end" in text
    assert "\t" not in text
    assert "\x1b[3" not in text
