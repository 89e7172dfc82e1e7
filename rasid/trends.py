"""How a term's day compares with its days before: what is usual, and when a day is a spike."""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SPIKE_AT_LEAST = 3  # articles: two on one day are chance, whatever the days before were
SPIKE_CHANCE = 0.001
_WEEK = 6  # days before today that always count: a term that was watched for a week and never seen is rare


def usual(before: Sequence[int]) -> float:
    """The mean a day over the days before today, oldest first.

    Days before the term was first seen among them do not count, beyond the last six: the archive may be younger than
    they are, and where it is not, a usual that is told too high makes no false spike.
    """
    counted = known_days(before)
    return sum(counted) / len(counted) if counted else 0.0


def is_spike(today: int, before: Sequence[int]) -> bool:
    """Whether today's articles are far more than chance makes of the days before.

    Where a term comes by chance at one rate on all n + 1 days, today's share of all its articles is binomial with
    1 / (n + 1) (the conditional test of two Poisson means; Przyborowski and Wilenski, Biometrika 31, 1940). It takes
    into account how little few days tell of the rate.
    """
    counted = known_days(before)
    if today < SPIKE_AT_LEAST or not counted:
        return False
    total, share = today + sum(counted), 1 / (len(counted) + 1)
    as_many = sum(comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(today, total + 1))
    return as_many < SPIKE_CHANCE


def known_days(before: Sequence[int]) -> Sequence[int]:
    """The days since the term was first seen, and the last six in any case."""
    first = next((day for day, count in enumerate(before) if count), len(before))
    return before[min(first, max(0, len(before) - _WEEK)) :]
