"""A served demo press and its config folder, for the tests of the use-cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo.press import load
from demo.scene import write_config
from demo.server import ARTICLES, serve
from tests.app.app_press import Press, clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rasid.types import CollectReport, DigestReport


@pytest.fixture
def press(tmp_path: Path) -> Iterator[Press]:
    """A press of its own, for a test that changes something."""
    with serve(load(ARTICLES, clock().replace(microsecond=0))) as server:
        yield Press(server, write_config(tmp_path, server.url))


@pytest.fixture(scope="session")
def collected(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Press, CollectReport, DigestReport]]:
    """The whole press, collected and digested once, for tests that only look."""
    with serve(load(ARTICLES, clock().replace(microsecond=0))) as server:
        press = Press(server, write_config(tmp_path_factory.mktemp("press"), server.url))
        yield press, press.collect(), press.digest()
