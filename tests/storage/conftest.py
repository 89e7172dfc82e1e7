"""Empty databases, on which no migration has run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of either kind without a single table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'folder' / 'empty.db'}"
        return
    with request.getfixturevalue("postgres_server").database() as url:
        yield url
