"""What a server's headers say of when to come again; no clock of ours is read, ages count from its own Date."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_RETRY_AFTER = 7 * 86_400.0  # a server that asks for years is misconfigured
# Several where a server and what stands before it each said something; the longest counts.
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:\s*,\s*[0-9]+(?:\.[0-9]+)?)*")
_DIRECTIVE = re.compile(r'(?:^|,)\s*(no-store|no-cache|max-age)\b(?:\s*=\s*"?(\d{1,10})\b)?', re.IGNORECASE)


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait, at most a week (RFC 9110, 10.2.3); None: it asks for nothing readable."""
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(max(map(float, value.split(","))), _MAX_RETRY_AFTER)
    seconds = _seconds_between(headers.get("date", ""), value) if value else None
    return None if seconds is None else min(max(seconds, 0.0), _MAX_RETRY_AFTER)


def fresh_for(headers: Mapping[str, str]) -> float | None:
    """Seconds for which an answer need not be asked for again (RFC 9111, 4.2); None: nothing is said.

    `s-maxage` is for caches that many share, and Rasid is none. An Expires that is no date means: expired.
    """
    said = _cache_control(headers.get("cache-control", ""))
    if "no-store" in said or "no-cache" in said:
        return 0.0
    max_age = said.get("max-age")
    if max_age is not None:
        age = headers.get("age", "").strip()
        return max(max_age - (float(age) if re.fullmatch(r"[0-9]{1,10}", age) else 0.0), 0.0)
    if "expires" not in headers:
        return None
    return max(_seconds_between(headers.get("date", ""), headers["expires"]) or 0.0, 0.0)


def _cache_control(value: str) -> dict[str, float | None]:
    """The directives that concern us, by name; of two max-age the first counts."""
    said: dict[str, float | None] = {}
    for name, seconds in _DIRECTIVE.findall(value):
        said.setdefault(name.lower(), float(seconds) if seconds else None)
    return said


def _seconds_between(since: str, until: str) -> float | None:
    try:
        return (parsedate_to_datetime(until) - parsedate_to_datetime(since)).total_seconds()
    except (ValueError, TypeError, OverflowError):  # no date, or one with and one without a zone
        return None
