"""What the readers of the formats hand on: items as they stand in the document, nothing checked yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from sources.dates import read_date

if TYPE_CHECKING:
    from rasid.types import OutletRules


@dataclass(frozen=True, slots=True)
class Item:
    """One item as its format gave it."""

    guid: str
    link: str
    title: str
    summary: str = ""
    published: datetime | None = None
    author: str = ""
    source: str = ""  # whose it is, where a feed passes on what others wrote


@dataclass(frozen=True, slots=True)
class Document:
    """A whole feed as its format gave it."""

    format: str
    title: str
    items: list[Item]
    home: str = ""
    ttl: float | None = None  # seconds
    truncated: bool = False
    dropped: int = 0  # items past the cap, which were not read


def dated(text: str, rules: OutletRules) -> datetime | None:
    """The time that a feed's date names; midnight UTC of its day where no more is known than that."""
    found = read_date(text, rules) if text else None
    if found is None or isinstance(found, datetime):
        return found
    return datetime.combine(found, time(), UTC)
