"""A task is tried again when time can mend what failed, and only then."""

from __future__ import annotations

import pytest
from prefect.states import Failed

from flows.shared import _database_was_busy
from rasid.errors import ConfigError, FetchError, Problem, StorageError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (StorageError("the database is locked by another process"), True),
        (ConfigError([Problem("settings.yaml", 3, "unknown key")]), False),
        (FetchError("https://example.org", "503"), False),
        (ZeroDivisionError("a bug"), False),
    ],
)
def test_only_a_database_that_was_away_is_worth_another_try(error: Exception, expected: bool) -> None:
    """A wrong file or a bug stays wrong however often it is run."""
    assert expected is _database_was_busy(None, None, Failed(data=error))
