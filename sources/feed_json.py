"""JSON Feed 1 and 1.1."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rasid.errors import FeedParseError
from sources.feed_items import Document, Item, dated
from sources.plain import xml_legal

if TYPE_CHECKING:
    from rasid.types import OutletRules

# Control characters in strings are forgiven; a number is what it looks like, for Python's own has a limit of digits.
_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)
_ITEMS = re.compile(r'"items"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")


def read_json(text: str, url: str, rules: OutletRules, max_items: int) -> Document:
    """The items of a JSON Feed; of one that breaks off, those before the break.

    Raises:
        FeedParseError: it is other JSON, or none.
    """
    document, truncated = _loaded(text, url)
    if not isinstance(document, dict) or "jsonfeed.org/version/" not in _text(document, "version"):
        raise FeedParseError(url, "not a feed: JSON without the version of JSON Feed")
    listed = document.get("items")
    if not isinstance(listed, list):
        raise FeedParseError(url, "not a feed: JSON Feed without a list of items")
    items = [item for item in listed if isinstance(item, dict)]
    return Document(
        format="json",
        title=_text(document, "title"),
        items=[_item(item, rules) for item in items[:max_items]],
        home=_text(document, "home_page_url"),
        truncated=truncated,
        dropped=len(listed) - min(len(items), max_items),
    )


def _loaded(text: str, url: str) -> tuple[Any, bool]:
    """The document, and whether it broke off."""
    try:
        return _DECODER.decode(text), False
    except ValueError as e:
        broken = FeedParseError(url, "not a feed: JSON that breaks off or is not valid")
        broken.__cause__ = e
    found = _ITEMS.search(text)
    if found is None:
        raise broken
    try:
        document = _DECODER.decode(text[: found.start()].rstrip(" \t\r\n,") + "}")
    except ValueError:
        raise broken from None
    document["items"] = _whole_items(text, found.end())
    return document, True


def _whole_items(text: str, position: int) -> list[Any]:
    items: list[Any] = []
    while True:
        try:
            item, position = _DECODER.raw_decode(text, _end_of_gap(text, position))
        except ValueError:
            return items
        items.append(item)


def _end_of_gap(text: str, position: int) -> int:
    gap = _BETWEEN.match(text, position)
    return gap.end() if gap else position


def _item(item: dict[str, Any], rules: OutletRules) -> Item:
    authors = item.get("authors") or [item.get("author")]
    author = authors[0] if isinstance(authors, list) else None
    return Item(
        guid=_text(item, "id"),
        link=_text(item, "url") or _text(item, "external_url"),
        title=_text(item, "title"),
        summary=max((_text(item, name) for name in ("content_html", "content_text", "summary")), key=len),
        published=dated(_text(item, "date_published"), rules) or dated(_text(item, "date_modified"), rules),
        author=_text(author, "name") if isinstance(author, dict) else "",
    )


def _text(values: dict[str, Any], name: str) -> str:
    """A member of foreign JSON as text; what is no text or number is left out."""
    value = values.get(name)
    return xml_legal(value) if isinstance(value, str) else ""
