"""`rasid serve`: the flows on their schedules, on one machine, in one process.

Without PREFECT_API_URL a Prefect server is started beside it, on loopback, and ended with it: its page shows every run.
With PREFECT_API_URL the flows are served to that server. Figures for Prometheus and readers' pages are served beside
them. A watch in a thread of its own tells the operators where Rasid fell silent, whether or not Prefect is alive.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from rasid.app.alarm import alarm
from rasid.app.context import load_config
from rasid.app.metrics import serve_metrics
from rasid.config import Settings
from rasid.config.settings import MetricsSettings, WebSettings
from rasid.errors import RasidError

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

START_SECONDS = 180
"""How long Prefect's server may take to answer: 12 s on two idle cores, over a minute on a loaded machine."""

WATCH_SECONDS = 300.0
"""Between two looks of the watch; what it judges is late by an hour, by default."""


def serve_all(folder: Path) -> None:
    """Check the config, then serve collect, digest, watch and maintain until interrupted."""
    config = load_config(folder)
    settings, folder = config.settings, folder.resolve()
    with _metrics(folder, settings.metrics), _web(folder, settings.web), _watch(folder), _server():
        _serve(folder, settings)


def _serve(folder: Path, settings: Settings) -> None:
    # Imported now: Prefect reads PREFECT_API_URL once, when it is first imported.
    from prefect import serve

    from flows.deployments import HEARTBEAT, PLANNED, deployment

    ready = {
        planned.flow.name: deployment(
            planned, f"serve-{planned.flow.name}", config=str(folder), timezone=settings.timezone
        )
        for planned in PLANNED
    }
    _automate(ready["watch"], settings.operators.collect_minutes)
    serve(*ready.values(), pause_on_shutdown=False, limit=len(ready), heartbeat_seconds=HEARTBEAT)


def _automate(watch: RunnerDeployment, minutes: int) -> None:
    """Prefect's own watch over the flows; where the server will have none of it, the flows run all the same."""
    from flows import automations

    try:
        automations.ensure(automations.planned(UUID(str(watch.apply())), minutes))
    except Exception as error:  # noqa: BLE001 - whatever Prefect raises, the news is worth more than its automations
        sys.stderr.write(f"no automations on Prefect's server: {error}\n")


@contextmanager
def _watch(folder: Path, every: float = WATCH_SECONDS) -> Iterator[None]:
    """The dead man's watch, in a thread that needs nothing of Prefect's."""
    over = threading.Event()
    thread = threading.Thread(target=_watching, args=(folder, every, over), name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=5)  # it may be in the middle of a message, and ends with the process


def _watching(folder: Path, every: float, over: threading.Event) -> None:
    while not over.wait(every):
        try:
            report = alarm(folder, _now)
        except Exception as error:  # noqa: BLE001 - a watch that ends by a fault of its own would be worse than none
            sys.stderr.write(f"watch: {type(error).__name__}: {error}\n")
            continue
        for standing in report.standing:
            sys.stderr.write(f"watch: {standing.what.en}; {'; '.join(standing.said)}\n")
        for route in report.routes:
            sys.stderr.write(f"watch: {route.channel} {route.recipient}: {route.error or 'told'}\n")


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - an entry point; that of flows.shared would import Prefect


@contextmanager
def _metrics(folder: Path, settings: MetricsSettings) -> Iterator[None]:
    """Figures for Prometheus; a port that is taken keeps nobody from the news."""
    if settings.port is None:
        yield
        return
    place = f"{settings.host}:{settings.port}"
    try:
        server = serve_metrics(folder, settings.host, settings.port)
    except OSError as error:
        sys.stderr.write(
            f"no metrics at http://{place}/metrics: {error.strerror}; name another metrics.port in settings.yaml, or "
            "null to serve none\n"
        )
        yield
        return
    sys.stderr.write(f"metrics for Prometheus are at http://{place}/metrics\n")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _web(folder: Path, settings: WebSettings) -> Iterator[None]:
    """Readers' pages; a port that is taken keeps nobody from the news."""
    place = f"{settings.host}:{settings.port}"
    with ExitStack() as opened:
        if settings.port is not None:
            from console.app import serving

            try:
                opened.enter_context(serving(folder, settings.host, settings.port))
                sys.stderr.write(f"readers' pages are at http://{place}/\n")
            except OSError as error:
                sys.stderr.write(
                    f"no readers' pages at http://{place}/: {error.strerror or error}; name another web.port in "
                    "settings.yaml, or null to serve none\n"
                )
        yield


@contextmanager
def _server() -> Iterator[None]:
    """A Prefect server of our own on loopback, unless one is named in the environment."""
    if os.environ.get("PREFECT_API_URL"):
        yield
        return
    port = _free_port(4200)
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        _wait(server, f"http://127.0.0.1:{port}/api/health")
        os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
        sys.stderr.write(f"runs can be watched at http://127.0.0.1:{port}\n")
        yield
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()


def _free_port(wanted: int) -> int:
    with socket.socket() as probe:
        # The port of a server that ended a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], health: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RasidError(
                f"Prefect's server ended at start with code {server.returncode}; "
                "`prefect server start` in this environment shows why"
            )
        try:
            with urllib.request.urlopen(health, timeout=5):  # noqa: S310 - our own server on loopback
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    raise RasidError(f"Prefect's server did not answer within {START_SECONDS} s")
