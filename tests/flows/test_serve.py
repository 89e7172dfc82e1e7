"""What `rasid serve` offers beside its flows: figures for Prometheus, and never at the price of the flows."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from flows.serve import _metrics
from rasid.config.settings import MetricsSettings
from tests.hostile.hostile_press import watch

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A config folder."""
    return watch(tmp_path, "https://sahifa.example/feed").folder


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_metrics_are_served_as_long_as_the_flows(
    folder: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """They answer where settings.yaml says, the place is told at the start, and the port is free at the end."""
    url = f"http://127.0.0.1:{port}/metrics"
    with (
        _metrics(folder, MetricsSettings(port=port)),
        urllib.request.urlopen(url, timeout=10) as answer,
    ):
        assert b"rasid_up 0.0" in answer.read()  # there is no database yet
    assert f"metrics for Prometheus are at {url}\n" == capsys.readouterr().err
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=10)


def test_a_taken_port_stops_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second Rasid on the machine goes on without metrics, and says which setting to change."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with _metrics(folder, MetricsSettings(port=port)):
            told = capsys.readouterr().err
    assert told.startswith(f"no metrics at http://127.0.0.1:{port}/metrics: ")
    assert "metrics.port" in told


def test_metrics_can_be_off(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`port: null` listens nowhere and says nothing."""
    with _metrics(folder, MetricsSettings(port=None)):
        pass
    assert "" == capsys.readouterr().err
