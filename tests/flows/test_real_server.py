"""A real Prefect server: deployments on a worker, `rasid deploy`, and alerts that leave with their collect."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from demo.scene import press_process, write_config
from rasid.app.context import open_rasid
from rasid.cli.output import utc_now
from tests.alerts.servers import smtp_server
from tests.hostile.hostile_press import watch

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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A server for the tests of this file, as the environment of those who use it."""
    home, port = tmp_path_factory.mktemp("prefect"), free_port()
    env = prefect_env(home, port) | {"XDG_STATE_HOME": str(home / "state")}
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with running(command, env=env, cwd=home, log=home / "server.log"):
        wait_for(f"http://127.0.0.1:{port}/api/health", home / "server.log")
        yield env


def asked(server: dict[str, str], what: str) -> list[dict[str, Any]]:
    """Everything of a kind that the server holds."""
    request = urllib.request.Request(
        f"{server['PREFECT_API_URL']}/{what}/filter", b"{}", {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def command(*words: str, env: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """A Python command."""
    return subprocess.run(
        [sys.executable, *words], env=env, cwd=cwd, capture_output=True, text=True, timeout=240, check=False
    )


def test_deployed_flows_deliver_the_digest(tmp_path: Path, server: dict[str, str]) -> None:
    """`prefect deploy --all`, a worker, collect triggered: it leaves the digest in its folder, digest adds nothing."""
    project = tmp_path / "project"
    project.mkdir()
    # Scheduled runs of the same deployments would get in between (one at a time, the newer is cancelled).
    deployments = (ROOT / "prefect.yaml").read_text(encoding="utf-8")
    idle = deployments.replace("timezone: Asia/Riyadh\n", "timezone: Asia/Riyadh\n        active: false\n")
    (project / "prefect.yaml").write_text(idle, encoding="utf-8")
    worker = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "rasid", "--type", "process"]
    started = utc_now().replace(microsecond=0)
    with press_process(started) as url:
        write_config(project, url)
        prefect("work-pool", "create", "rasid", "--type", "process", env=server, cwd=project)
        prefect("--no-prompt", "deploy", "--all", env=server, cwd=project)
        with running(worker, env=server, cwd=project, log=tmp_path / "worker.log"):
            for name in ("collect/collect", "digest/digest", "watch/watch"):
                shown = prefect("deployment", "run", name, "--watch", env=server, cwd=project)
                assert "Completed" in shown, (tmp_path / "worker.log").read_text(errors="replace")[-4000:]
    pages = list((project / "digests").glob("*.html"))
    assert 1 == len(pages)
    page = pages[0].read_text(encoding="utf-8")
    assert "نشرة الرقائق" in page
    assert "إنفيديا" in page


def test_deploying_twice_makes_one_of_each(tmp_path: Path, server: dict[str, str]) -> None:
    """`rasid deploy` brings up what `prefect deploy` left, and its own: one pool, four deployments, two automations."""
    watch(tmp_path, "https://sahifa.example/feed")
    first, second = (command("-m", "rasid.cli", "deploy", env=server, cwd=tmp_path) for _ in range(2))
    assert (0, 0) == (first.returncode, second.returncode), first.stderr + second.stderr
    assert "automation rasid-silence: made" in first.stdout
    assert "automation rasid-silence: there" in second.stdout
    assert "automation rasid-zombies: there" in second.stdout

    names = [f"{one['entrypoint']} {one['name']}" for one in asked(server, "deployments")]
    flows = ("collect", "digest", "maintain", "watch")
    assert sorted(f"flows.{flow}.{flow} {flow}" for flow in flows) == sorted(names)
    assert 1 == sum(one["name"] == "rasid" for one in asked(server, "work_pools"))
    automations = {one["name"]: one for one in asked(server, "automations")}
    assert ["rasid-silence", "rasid-zombies"] == sorted(one["name"] for one in asked(server, "automations"))
    ids = {one["name"]: one["id"] for one in asked(server, "deployments")}
    [action] = automations["rasid-silence"]["actions"]
    assert ("run-deployment", ids["watch"]) == (action["type"], action["deployment_id"])
    assert 3600 == automations["rasid-silence"]["trigger"]["within"]


def test_an_edited_setting_reaches_the_automation(tmp_path: Path, server: dict[str, str]) -> None:
    """Another `operators.collect_minutes` is what the automation waits for, after the next deploy."""
    folder = watch(tmp_path, "https://sahifa.example/feed").folder
    with (folder / "settings.yaml").open("a", encoding="utf-8") as file:
        file.write("operators: {collect_minutes: 17}\n")
    done = command("-m", "rasid.cli", "deploy", env=server, cwd=tmp_path)

    assert 0 == done.returncode, done.stderr
    [silence] = [one for one in asked(server, "automations") if one["name"] == "rasid-silence"]
    assert 17 * 60 == silence["trigger"]["within"]


BLOCK = "from prefect.blocks.notifications import SlackWebhook; SlackWebhook(url='https://a.example/b').save('ops')"


def test_a_notification_block_is_told_too(tmp_path: Path, server: dict[str, str]) -> None:
    """With --notify Prefect itself tells, which needs no worker; one that is switched off stays off."""
    watch(tmp_path, "https://sahifa.example/feed")
    made = command("-c", BLOCK, env=server, cwd=tmp_path)
    assert 0 == made.returncode, made.stderr
    deployed = command("-m", "rasid.cli", "deploy", env=server, cwd=tmp_path)
    assert 0 == deployed.returncode, deployed.stderr
    prefect("automation", "pause", "rasid-silence", env=server, cwd=tmp_path)
    done = command("-m", "rasid.cli", "deploy", "--notify", "slack-webhook/ops", env=server, cwd=tmp_path)

    assert 0 == done.returncode, done.stderr
    [silence] = [one for one in asked(server, "automations") if one["name"] == "rasid-silence"]
    assert ["run-deployment", "send-notification"] == [action["type"] for action in silence["actions"]]
    assert not silence["enabled"]


@pytest.mark.parametrize(
    ("more", "words", "expected"),
    [
        ({"PREFECT_API_URL": ""}, (), "no Prefect server is named: set PREFECT_API_URL"),
        ({"PREFECT_API_URL": "http://127.0.0.1:1/api"}, (), "http://127.0.0.1:1/api does not answer"),
        ({}, ("--notify", "slack-webhook/nobody"), "no notification block slack-webhook/nobody: make one"),
    ],
)
def test_what_cannot_be_deployed_is_said(
    tmp_path: Path, server: dict[str, str], more: dict[str, str], words: tuple[str, ...], expected: str
) -> None:
    """No server, a dead one, a block that is not there: one line each with what to do, and exit code 1."""
    watch(tmp_path, "https://sahifa.example/feed")
    done = command("-m", "rasid.cli", "deploy", *words, env=server | more, cwd=tmp_path)

    assert 1 == done.returncode
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


IMMEDIATE = """\
subscriptions:
  - id: desk
    name: تنبيهات فورية
    watchlists: [chips]
    schedule: immediate
    language: ar
    channels: [{email: [desk@example.org]}]
"""
COLLECT = "from flows.collect import collect; collect(config='config')"
DIGESTS = """\
from pathlib import Path
from flows.digest import digest
while not Path('stop').exists():
    digest(config='config')
"""


@pytest.mark.parametrize("beside", [False, True])
def test_an_immediate_alert_leaves_with_its_collect(
    tmp_path: Path, server: dict[str, str], beside: bool
) -> None:
    """One run of collect: the alert is at the reader's relay within 60 s of its end, once, whoever else sends."""
    with press_process(utc_now().replace(microsecond=0)) as url, smtp_server() as (port, mailbox):
        folder = write_config(tmp_path, url)
        (folder / "subscriptions.yaml").write_text(IMMEDIATE, encoding="utf-8")
        with (folder / "settings.yaml").open("a", encoding="utf-8") as file:
            file.write(
                f"smtp: {{host: 127.0.0.1, port: {port}, security: none, sender: rasid@example.org}}\n"
            )
        digests = running(
            [sys.executable, "-c", DIGESTS], env=server, cwd=tmp_path, log=tmp_path / "digests.log"
        )
        with digests if beside else nullcontext():
            done = command("-c", COLLECT, env=server, cwd=tmp_path)
            (tmp_path / "stop").touch()
    assert 0 == done.returncode, done.stderr[-4000:]
    with open_rasid(folder) as rasid:
        ran, sent = rasid.store.last_run("collect"), rasid.store.deliveries()

    assert ran is not None
    assert [("desk@example.org", "sent", 1)] == [(one.recipient, one.state, one.attempt) for one in sent]
    assert sent[0].sent_at is not None
    assert 60 > (sent[0].sent_at - ran.ended).total_seconds()
    assert [["desk@example.org"]] == [recipients for _, recipients, _ in mailbox.taken]
