"""What is usual for a term, and when its day is a spike."""

from __future__ import annotations

import random

import pytest

from rasid.trends import is_spike, usual


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ((1, 1, 1, 1, 1, 1), 1.0),
        ((0,) * 21 + (2, 2, 2, 2, 2, 2), 2.0),  # first seen a week ago: the weeks before do not count
        ((3,) + (0,) * 26, 3 / 27),  # seen four weeks ago and not since: they do
        ((0,) * 27, 0.0),
        ((), 0.0),
    ],
)
def test_usual(before: tuple[int, ...], expected: float) -> None:
    """The mean a day since the term was first seen, of six days at least."""
    assert expected == pytest.approx(usual(before))


@pytest.mark.parametrize(
    ("today", "before", "expected"),
    [
        (9, (1, 0, 1, 0, 2, 1), True),
        (3, (1, 1, 1, 1, 1, 1), False),
        (2, (0,) * 27, False),  # two are chance
        (4, (0,) * 27, True),
        (12, (10,) * 27, False),
        (30, (10,) * 27, True),
        (5, (), False),  # nothing to compare with
    ],
)
def test_a_spike(today: int, before: tuple[int, ...], expected: bool) -> None:
    """Far more than chance makes of the days before, and three at least."""
    assert expected is is_spike(today, before)


@pytest.mark.parametrize("rate", [0.3, 2.0, 10.0])
def test_chance_is_no_spike(rate: float) -> None:
    """Days that come by chance at one rate are called so less than once in 300 (one in 1,000 is the test's level)."""
    chance = random.Random(5)  # noqa: S311 - days, no secrets

    def day() -> int:
        return sum(chance.random() < rate / 1000 for _ in range(1000))

    days = [day() for _ in range(2027)]
    false = sum(is_spike(days[at], days[at - 27 : at]) for at in range(27, 2027))
    assert false <= 2000 / 300
