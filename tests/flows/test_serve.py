"""What `rasid serve` offers beside its flows: figures, readers' pages, a watch; never at the price of the flows."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from flows.serve import _metrics, _watch, _web
from rasid.config.settings import MetricsSettings, WebSettings
from tests.alerts.slack_fake import fake_slack
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


# ── the watch ────────────────────────────────────────────────────────────────────────────────────


def test_the_watch_needs_nothing_of_prefects(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With Prefect's server dead, the operators hear from the serving process itself what is wrong, once."""
    monkeypatch.setenv("XDG_STATE_HOME", str(folder.parent / "state"))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    with fake_slack() as slack:
        monkeypatch.setenv("RASID_OPS", slack.hook)
        settings = folder / "settings.yaml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(f"{text}operators: {{channels: [{{slack: RASID_OPS}}]}}\n", encoding="utf-8")
        (folder / "feeds.yaml").write_text("feedz: []\n", encoding="utf-8")
        with _watch(folder, every=0.02):
            deadline = time.monotonic() + 20
            while not slack.taken and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(0.2)  # ten looks more

    assert 1 == len(slack.taken)
    assert "the config is refused" in slack.taken[0]["text"]
    assert "watch: slack RASID_OPS: told\n" in capsys.readouterr().err


def test_a_watch_outlives_its_own_faults(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that cannot even be named is told of, look after look; the thread goes on."""
    monkeypatch.setenv("XDG_STATE_HOME", str(folder.parent / "state"))
    with _watch(folder / "\0", every=0.02):
        time.sleep(0.5)

    assert 2 <= capsys.readouterr().err.count("watch: ValueError")


# ── readers' pages ───────────────────────────────────────────────────────────────────────────────


def test_readers_pages_are_served_as_long_as_the_flows(
    folder: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """They answer where settings.yaml says, to an unknown link with 404, and the port is free at the end."""
    url = f"http://127.0.0.1:{port}/r/{'x' * 40}"
    with _web(folder, WebSettings(port=port)), pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url, timeout=10)
    refused.value.close()
    assert 404 == refused.value.code
    assert f"readers' pages are at http://127.0.0.1:{port}/\n" in capsys.readouterr().err
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=10)


def test_a_taken_port_of_the_pages_stops_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The flows go on without pages, and it is said which setting to change."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with _web(folder, WebSettings(port=port)):
            told = capsys.readouterr().err
    assert told.startswith(f"no readers' pages at http://127.0.0.1:{port}/: ")
    assert "web.port" in told


def test_pages_can_be_off(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`port: null` listens nowhere and says nothing."""
    with _web(folder, WebSettings(port=None)):
        pass
    assert "" == capsys.readouterr().err
