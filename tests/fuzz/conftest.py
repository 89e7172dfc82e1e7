"""How hard the tests of this folder try.

They carry `@given` and no settings of their own. `make test` gives each a few examples, the same ones every time;
`make fuzz` sets RASID_FUZZ_EXAMPLES, and with it each tries that many, new ones every time. What must end soon
says so by the deadline: an example that takes longer fails.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, is_hypothesis_test, settings

if TYPE_CHECKING:
    import pytest

_LONG = os.environ.get("RASID_FUZZ_EXAMPLES")
_FUZZ = settings(
    max_examples=int(_LONG or 60),
    derandomize=_LONG is None,
    database=None,
    deadline=3_000,  # milliseconds; thirty times what the slowest took on a busy machine
    print_blob=True,  # a failure can be repeated from its report alone
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Settings are bound when a test is defined; only here can those of one folder be given others."""
    here = Path(__file__).parent
    for test in {item.obj for item in items if here in item.path.parents and is_hypothesis_test(item.obj)}:
        _FUZZ(test)
