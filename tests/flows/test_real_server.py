"""A real Prefect server and a process worker run the deployments against the demo press."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.scene import press_process, write_config
from rasid.cli.output import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]


def prefect_env(home: Path, port: int) -> dict[str, str]:
    """An environment of its own: a Prefect home that is thrown away, a server on loopback."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "COV_"))}
    return own | {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_CLI_PROMPT": "false",
        "PYTHONWARNINGS": "default",
    }


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: list[str], *, env: dict[str, str], cwd: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process of this test, ended with it, children included."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=env, cwd=cwd, stdout=out, stderr=out, start_new_session=True)
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=15)


def wait_for(health: str, log: Path, seconds: float = 180) -> None:
    """Until the server answers; its log is the message when it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(health, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.3)
    pytest.fail(f"no answer from {health} in {seconds} s:\n{log.read_text(errors='replace')[-2000:]}")


def prefect(*words: str, env: dict[str, str], cwd: Path) -> str:
    """One prefect command that has to succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *words],
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def test_deployed_flows_deliver_the_digest(tmp_path: Path) -> None:
    """`prefect deploy --all`, a worker, collect and digest triggered: the digest lies in its folder."""
    project, port = tmp_path / "project", free_port()
    project.mkdir()
    # Scheduled runs of the same deployments would get in between (one at a time, the newer is cancelled).
    deployments = (ROOT / "prefect.yaml").read_text(encoding="utf-8")
    idle = deployments.replace("timezone: Asia/Riyadh\n", "timezone: Asia/Riyadh\n        active: false\n")
    (project / "prefect.yaml").write_text(idle, encoding="utf-8")
    env = prefect_env(tmp_path / "home", port)
    server = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    worker = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "rasid", "--type", "process"]
    started = utc_now().replace(microsecond=0)
    with press_process(started) as url, running(server, env=env, cwd=project, log=tmp_path / "server.log"):
        write_config(project, url)
        wait_for(f"http://127.0.0.1:{port}/api/health", tmp_path / "server.log")
        prefect("work-pool", "create", "rasid", "--type", "process", env=env, cwd=project)
        prefect("--no-prompt", "deploy", "--all", env=env, cwd=project)
        with running(worker, env=env, cwd=project, log=tmp_path / "worker.log"):
            for name in ("collect/collect", "digest/digest"):
                shown = prefect("deployment", "run", name, "--watch", env=env, cwd=project)
                assert "Completed" in shown, (tmp_path / "worker.log").read_text(errors="replace")[-4000:]
    pages = list((project / "digests").glob("*.html"))
    assert 1 == len(pages)
    page = pages[0].read_text(encoding="utf-8")
    assert "نشرة الرقائق" in page
    assert "إنفيديا" in page
