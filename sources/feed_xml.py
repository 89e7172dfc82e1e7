"""RSS 0.90 to 2.0, RDF and Atom, as feedparser reads them."""

from __future__ import annotations

import io
import math
import re
import sys
from typing import TYPE_CHECKING, Any

import feedparser

from rasid.errors import FeedParseError
from sources.feed_items import Document, Item, dated

if TYPE_CHECKING:
    from rasid.types import OutletRules
    from sources.feed_markup import Markup

_DECLARATION = re.compile(r"\A<\?xml\b[^>]*\?>")
_REFERENCE = re.compile(r"&#(?:x0*([0-9a-f]{4,})|0*(\d{5,}));?", re.IGNORECASE | re.ASCII)
_ADDRESS = re.compile("https?://", re.IGNORECASE)
_PAGES = frozenset({"text/html", "application/xhtml+xml", ""})


def read_xml(document: Markup, url: str, rules: OutletRules) -> Document:
    """The items of an RSS, RDF or Atom document.

    Raises:
        FeedParseError: it is XML of another kind, or none.
    """
    if not document.root:
        raise FeedParseError(url, f"not a feed: the document begins {document.text[:60]!r}")
    text = '<?xml version="1.0" encoding="utf-8"?>\n' + _possible(
        _DECLARATION.sub("", document.text, count=1)
    )
    # No content-location: feedparser would resolve GUIDs against it, and keys would change with the feed's address.
    headers = {"content-type": "application/xml; charset=utf-8"}
    # What HTML the fields hold is read as hostile HTML elsewhere; here it would cost fifteen times what the feed does.
    parsed = feedparser.parse(
        io.BytesIO(text.encode()), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    if not parsed.version and not parsed.entries:
        raise FeedParseError(url, f"not a feed: the document begins {document.text[:60]!r}")
    return Document(
        format=parsed.version or "unknown",
        title=parsed.feed.get("title", ""),
        items=[_item(entry, rules) for entry in parsed.entries],
        home=parsed.feed.get("link", ""),
        ttl=_ttl(parsed.feed),
        truncated=document.truncated,
        dropped=document.dropped,
    )


def _possible(text: str) -> str:
    """Without references to halves of characters and to numbers that are none: feedparser gives up at one."""
    return _REFERENCE.sub(lambda found: found[0] if _is_character(found[1], found[2]) else "", text)


def _is_character(hexadecimal: str | None, decimal: str | None) -> bool:
    digits = hexadecimal or decimal or ""
    number = int(digits, 16 if hexadecimal else 10) if len(digits) < 8 else sys.maxunicode + 1
    return number <= sys.maxunicode and not 0xD800 <= number <= 0xDFFF


def _item(entry: Any, rules: OutletRules) -> Item:
    bodies = [part.get("value", "") for part in entry.get("content", ())]
    return Item(
        guid=entry.get("id", ""),
        link=_link(entry),
        title=entry.get("title", ""),
        summary=max([entry.get("summary", ""), *bodies], key=len),
        published=_date(entry, "published", rules) or _date(entry, "updated", rules),
        author=entry.get("author_detail", {}).get("name") or entry.get("author", ""),
        source=entry.get("source", {}).get("title", ""),
    )


def _link(entry: Any) -> str:
    """The address of the item's page: not of its PDF, its comments or its feed; of what is enclosed if it has no page.

    A GUID that is an address serves as one; feedparser takes any for one that is not declared to be none.
    """
    links = entry.get("links", ())
    pages = [
        link.get("href", "")
        for link in links
        if link.get("rel", "alternate") == "alternate" and link.get("type", "") in _PAGES
    ]
    guid = entry.get("id", "")
    named = [entry.get("feedburner_origlink", ""), *pages, entry.get("link", ""), guid]
    address = next((link for link in named if link and (link != guid or _ADDRESS.match(link))), "")
    enclosed = (link.get("href", "") for link in links if link.get("rel") == "enclosure")
    return str(address or next(enclosed, ""))


def _date(entry: Any, name: str, rules: OutletRules) -> Any:
    # feedparser would hand out `published` for a missing `updated`, with a warning.
    return dated(str(entry.get(name)), rules) if name in entry else None


def _ttl(feed: Any) -> float | None:
    """Seconds between two looks at the feed, as its <ttl> asks.

    The syndication module's period says nothing: WordPress writes "hourly" into every feed, whatever its pace.
    """
    try:
        minutes = float(feed.get("ttl") or "")
    except ValueError:
        return None
    return minutes * 60 if 0 < minutes < math.inf else None
