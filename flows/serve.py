"""`rasid serve`: the three flows on their schedules, on one machine, in one process.

Without PREFECT_API_URL a Prefect server is started beside it, on loopback, and ended with it: its page shows every run.
With PREFECT_API_URL the flows are served to that server. Figures for Prometheus are served beside them.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rasid.app.context import load_config
from rasid.app.metrics import serve_metrics
from rasid.config.settings import MetricsSettings
from rasid.errors import RasidError

START_SECONDS = 180
"""How long Prefect's server may take to answer: 12 s on two idle cores, over a minute on a loaded machine."""


def serve_all(folder: Path) -> None:
    """Check the config, then serve collect, digest and maintain until interrupted."""
    config = load_config(folder)
    with _metrics(folder.resolve(), config.settings.metrics), _server():
        _serve(folder.resolve(), config.settings.timezone)


def _serve(folder: Path, timezone: str) -> None:
    # Imported now: Prefect reads PREFECT_API_URL once, when it is first imported.
    from prefect import serve
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.deployments.runner import RunnerDeployment
    from prefect.schedules import Cron

    from flows.collect import collect
    from flows.digest import digest
    from flows.maintain import maintain

    one = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
    parameters = {"config": str(folder)}
    serve(
        *(
            RunnerDeployment.from_flow(
                flow,
                name=f"serve-{flow.name}",
                schedules=[Cron(cron, timezone=timezone)],
                parameters=parameters,
                concurrency_limit=one,
                tags=["rasid"],
            )
            for flow, cron in ((collect, "*/5 * * * *"), (digest, "*/5 * * * *"), (maintain, "30 3 * * *"))
        ),
        pause_on_shutdown=False,
        limit=3,
    )


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
