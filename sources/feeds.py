"""Feeds: RSS 0.9x to 2.0, RDF, Atom and JSON Feed become entries.

Theory of operation: feedparser forgives what real feeds do wrong, but must not be trusted with three
things. It opens a body that equals a file's path and fetches one that is a URL, so it gets a `BytesIO`,
never a string. It believes encoding labels, so it gets UTF-8 that we decoded, under a declaration that we
wrote. It leaves titles and links as they came, so every field is cleaned here. Entities are refused before
any parser sees them.

Known exceptions: a date that feedparser guesses from digits alone ("01-01-2024" becomes 2001) is dropped
when the year it chose does not stand in the text; the article is then dated by its page or by when it was
first seen.
"""

from __future__ import annotations

import calendar
import hashlib
import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import feedparser

from rasid.errors import FeedParseError
from rasid.types import Entry, ParsedFeed
from rasid.urls import canonical_url
from sources.decode import charset_of, decode
from sources.faults import PARSER_FAULTS
from sources.plain import plain_line, xml_legal

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_TITLE = 500  # characters; twice the longest real headline
_MAX_AUTHOR = 200
_MAX_KEY = 500  # longer GUIDs are hashed: PostgreSQL indexes no more than 2.7 kB
_MAX_URL = 2_000
_MAX_SUMMARY = 200_000  # bytes of UTF-8; whole articles fit many times over
_OLDEST = 1995  # no Arabic news site is older; earlier dates are defaults such as 1970
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*\?>")
_DECLARED = re.compile(rb"^\s*<\?xml\b[^>]*?encoding\s*=\s*[\"']([\w.:-]+)")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_HTML = re.compile(r"(?:<!--.*?-->|\s)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Item:
    """One item as its format gave it; nothing checked yet."""

    guid: str
    link: str
    title: str
    summary: str
    published: datetime | None
    author: str


def parse_feed(body: bytes, content_type: str | None, url: str, max_items: int = 300) -> ParsedFeed:
    """The entries of a feed, in its order, at most `max_items`; pure, for a killable process.

    Args:
        body: the document as it came, decompressed.
        content_type: the header, if there was one.
        url: where it came from; relative links are resolved against it.
        max_items: items behind these are counted as dropped.

    Raises:
        FeedParseError: this is no feed; the text says what it is instead.
    """
    text, encoding = _document(body, content_type, url)
    try:
        if text.startswith(("{", "[")):
            form, title, items = _json_feed(text, url)
        else:
            form, title, items = _xml_feed(text, url)
    except PARSER_FAULTS as e:
        raise FeedParseError(url, f"the feed cannot be read: {type(e).__name__}") from e
    entries = _entries(items[:max_items], url)
    return ParsedFeed(
        format=form,
        title=plain_line(title, limit=_MAX_TITLE),
        entries=entries,
        encoding=encoding,
        dropped=len(items) - len(entries),
    )


def _document(body: bytes, content_type: str | None, url: str) -> tuple[str, str]:
    """The decoded document, its encoding; what can be no feed is refused by name."""
    if not body.strip():
        raise FeedParseError(url, "an empty body came instead of a feed")
    if body.startswith((b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\x28\xb5\x2f\xfd", b"%PDF")):
        raise FeedParseError(url, "a compressed or binary file came instead of a feed")
    declared = _DECLARED.match(body[:200])
    text, encoding = decode(body, charset_of(content_type) or (declared and declared[1].decode("ascii")))
    text = xml_legal(text).lstrip("\ufeff \t\r\n")
    if _HTML.match(text[:4096]):
        raise FeedParseError(url, "an HTML page came instead of a feed")
    if "<!ENTITY" in text.upper():
        raise FeedParseError(url, "the document defines entities, which no feed needs; refused")
    return text, encoding


def _xml_feed(text: str, url: str) -> tuple[str, str, list[_Item]]:
    document = '<?xml version="1.0" encoding="utf-8"?>\n' + _DECLARATION.sub("", text, count=1)
    # No content-location: feedparser would resolve GUIDs against it, and keys would change with the feed's address.
    headers = {"content-type": "application/xml; charset=utf-8"}
    parsed = feedparser.parse(io.BytesIO(document.encode()), response_headers=headers)
    if not parsed.version and not parsed.entries:
        raise FeedParseError(url, f"not a feed: the document begins {text[:60]!r}")
    return parsed.version or "unknown", parsed.feed.get("title", ""), [_xml_item(e) for e in parsed.entries]


def _xml_item(entry: Any) -> _Item:
    bodies = [part.get("value", "") for part in entry.get("content", ())]
    return _Item(
        guid=entry.get("id", ""),
        link=entry.get("feedburner_origlink") or entry.get("link", ""),
        title=entry.get("title", ""),
        summary=max([entry.get("summary", ""), *bodies], key=len),
        published=_xml_date(entry, "published") or _xml_date(entry, "updated"),
        author=entry.get("author_detail", {}).get("name") or entry.get("author", ""),
    )


def _xml_date(entry: Any, name: str) -> datetime | None:
    if name not in entry:  # feedparser would hand out `published` for a missing `updated`, with a warning
        return None
    parts, raw = entry.get(f"{name}_parsed"), str(entry.get(name))
    years = _YEAR.findall(raw)
    if parts is None or (years and str(parts.tm_year) not in years):
        return None
    try:
        return _plausible(datetime.fromtimestamp(calendar.timegm(parts), tz=UTC))
    except (ValueError, OverflowError):
        return None


def _plausible(when: datetime) -> datetime | None:
    return when if when.year >= _OLDEST else None


def _json_feed(text: str, url: str) -> tuple[str, str, list[_Item]]:
    try:
        document = json.loads(text)
    except ValueError as e:
        raise FeedParseError(url, "not a feed: JSON that breaks off or is not valid") from e
    if not isinstance(document, dict) or "jsonfeed.org/version/" not in _text(document, "version"):
        raise FeedParseError(url, "not a feed: JSON without the version of JSON Feed")
    raw = document.get("items")
    items = [_json_item(item) for item in raw if isinstance(item, dict)] if isinstance(raw, list) else []
    return "json", _text(document, "title"), items


def _json_item(item: dict[str, Any]) -> _Item:
    authors = item.get("authors") or [item.get("author")]
    author = authors[0] if isinstance(authors, list) else None
    return _Item(
        guid=_text(item, "id"),
        link=_text(item, "url") or _text(item, "external_url"),
        title=_text(item, "title"),
        summary=max((_text(item, name) for name in ("content_html", "content_text", "summary")), key=len),
        published=_iso_date(_text(item, "date_published")) or _iso_date(_text(item, "date_modified")),
        author=_text(author, "name") if isinstance(author, dict) else "",
    )


def _text(values: dict[str, Any], name: str) -> str:
    """A member of foreign JSON as text; a GUID may be a number, all else must be a string."""
    value = values.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and name == "id":
        return str(value)
    return xml_legal(value) if isinstance(value, str) else ""


def _iso_date(text: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(text)
        return _plausible(when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _entries(items: Iterable[_Item], url: str) -> tuple[Entry, ...]:
    """The entries worth having: with title and link, each key once."""
    entries: dict[str, Entry] = {}
    for item in items:
        entry = _entry(item, url)
        if entry is None:
            continue
        known = entries.get(entry.key)
        if known is not None and known.url != entry.url:  # one GUID for all items: the URL tells them apart
            entry = _rekeyed(entry)
        entries.setdefault(entry.key, entry)
    return tuple(entries.values())


def _entry(item: _Item, base: str) -> Entry | None:
    title = plain_line(item.title, limit=_MAX_TITLE)
    try:
        url = canonical_url(item.link, base) if item.link else ""
    except ValueError:  # javascript:, mailto:, nonsense
        url = ""
    if not title or not url or len(url) > _MAX_URL:
        return None
    return Entry(
        key=_key(plain_line(item.guid, limit=_MAX_URL) or url),
        url=url,
        title=title,
        summary=item.summary.encode("utf-8", "replace")[:_MAX_SUMMARY].decode("utf-8", "ignore"),
        published=item.published,
        author=plain_line(item.author, limit=_MAX_AUTHOR) or None,
    )


def _rekeyed(entry: Entry) -> Entry:
    return Entry(_key(entry.url), entry.url, entry.title, entry.summary, entry.published, entry.author)


def _key(name: str) -> str:
    return name if len(name) <= _MAX_KEY else hashlib.sha256(name.encode()).hexdigest()
