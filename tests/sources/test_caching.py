"""What headers say of when to come again."""

from __future__ import annotations

from typing import Any

import pytest

from sources.caching import fresh_for, parse_retry_after


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("30", 30.0),
        ("999999999", 604_800.0),
        ("9" * 5000, 604_800.0),
        ("2.5", 2.5),
        ("60, 120", 120.0),
        ("-5", None),
        ("60,", None),
        ("Wed, 01 Jan 2025 00:02:00 GMT", 120.0),
        ("Tue, 31 Dec 2024 00:00:00 GMT", 0.0),
        ("Wed, 01 Jan 2025 00:02:00", None),
        ("", None),
    ],
)
def test_retry_after_counts_from_the_servers_own_date(value: str, expected: Any) -> None:
    """No clock of ours is read."""
    assert expected == parse_retry_after({"retry-after": value, "date": "Wed, 01 Jan 2025 00:00:00 GMT"})


def test_retry_after_date_without_date_header_is_unknown() -> None:
    """A date needs another to count from."""
    assert parse_retry_after({"retry-after": "Wed, 01 Jan 2025 00:02:00 GMT"}) is None


DATE = "Wed, 01 Jan 2025 00:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"cache-control": "max-age=300"}, 300.0),
        ({"cache-control": "public, Max-Age = 300"}, 300.0),
        ({"cache-control": 'max-age="300"'}, 300.0),
        ({"cache-control": "max-age=300", "age": "100"}, 200.0),
        ({"cache-control": "max-age=300", "age": "900"}, 0.0),
        ({"cache-control": "max-age=300", "age": "old"}, 300.0),
        ({"cache-control": "s-maxage=900"}, None),
        ({"cache-control": "s-maxage=900, max-age=60"}, 60.0),
        ({"cache-control": "stale-while-revalidate=60"}, None),
        ({"cache-control": "max-age=60, no-store"}, 0.0),
        ({"cache-control": "no-cache"}, 0.0),
        ({"cache-control": "max-age=soon"}, None),
        ({"cache-control": "max-age=60, max-age=90"}, 60.0),
        ({"cache-control": "max-age=60", "expires": "Wed, 01 Jan 2025 01:00:00 GMT", "date": DATE}, 60.0),
        ({"expires": "Wed, 01 Jan 2025 01:00:00 GMT", "date": DATE}, 3600.0),
        ({"expires": "Tue, 31 Dec 2024 00:00:00 GMT", "date": DATE}, 0.0),
        ({"expires": "0", "date": DATE}, 0.0),
        ({"expires": "-1"}, 0.0),
    ],
)
def test_freshness(headers: dict[str, str], expected: Any) -> None:
    """max-age less Age, else Expires less Date; what forbids keeping means that nothing is fresh."""
    assert expected == fresh_for(headers)
