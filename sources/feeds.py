"""Feeds: RSS 0.90 to 2.0, RDF, Atom, JSON Feed and news sitemaps become entries.

Theory of operation: feedparser forgives what real feeds do wrong, but must not be trusted with four
things. It opens a body that equals a file's path and fetches one that is a URL, so it gets a `BytesIO`,
never a string. It believes encoding labels, so it gets UTF-8 that we decoded, under a declaration that we
wrote. It guesses dates ("01-01-2024" becomes 2001, "AST" the Atlantic), so these are read by `sources.dates`, as those
of pages are. It leaves titles and links as they came, so every field is cleaned here. Entities are refused before
any parser sees them. A document without an end gives its whole items, never half of one.

A feed without items is a feed, of an outlet that is silent; whether that is usual for it is not told here. What names
itself no feed (a page, an error in JSON, nothing) is a failure, never a feed without items.

Known exceptions: an item without a title takes the beginning of its text for one, as readers show it; one whose only
address is what it encloses has that for its page. Of Google News the text is left out, for it is other headlines; where
its link hides the publisher's, which then changes from day to day, the item is known by title, outlet and day.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rasid.errors import FeedParseError
from rasid.google_news import is_google_link, publisher_url
from rasid.types import NO_RULES, Entry, ParsedFeed
from rasid.urls import canonical_url
from sources.decode import charset_of, decode, repaired
from sources.faults import PARSER_FAULTS
from sources.feed_json import read_json
from sources.feed_markup import defines_entities, is_html, markup
from sources.feed_xml import read_xml
from sources.plain import plain_line, xml_legal
from sources.sitemaps import read_sitemap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rasid.types import OutletRules
    from sources.feed_items import Document, Item

_MAX_TITLE = 500  # characters; twice the longest real headline
_MAX_AUTHOR = 200
_MAX_KEY = 500  # longer GUIDs are hashed: PostgreSQL indexes no more than 2.7 kB
_MAX_URL = 2_000
_MAX_SUMMARY = 200_000  # bytes of UTF-8; whole articles fit many times over
_MAX_SITEMAP = 50_000  # addresses that the protocol allows in one
_HEADLINE = 120  # characters of a text that stand for its missing title
_DECLARED = re.compile(rb"^\s*<\?xml\b[^>]*?encoding\s*=\s*[\"']([\w.:-]+)")


def parse_feed(
    body: bytes,
    content_type: str | None,
    url: str,
    rules: OutletRules = NO_RULES,
    max_items: int = 300,
) -> ParsedFeed:
    """The entries of a feed, in its order, at most `max_items`; pure, for a killable process.

    Args:
        body: the document as it came, decompressed.
        content_type: the header, if there was one.
        url: where it came from; relative links are resolved against it.
        rules: what is known of the outlet's dates.
        max_items: items behind these are counted as dropped; of a sitemap, those that are older than these.

    Raises:
        FeedParseError: this is no feed; the text says what it is instead.
    """
    text, encoding = _decoded(body, content_type, url)
    try:
        document = _read(text, url, rules, max_items)
    except PARSER_FAULTS as e:
        raise FeedParseError(url, f"the feed cannot be read: {type(e).__name__}") from e
    if document.truncated and not document.items:
        raise FeedParseError(url, "the feed breaks off before the end of its first item")
    entries = _entries(document.items, url)
    return ParsedFeed(
        format=document.format,
        title=plain_line(repaired(document.title), limit=_MAX_TITLE),
        entries=entries,
        encoding=encoding,
        dropped=len(document.items) - len(entries) + document.dropped,
        ttl=document.ttl,
        truncated=document.truncated,
        home=_address(document.home, url) or None,
    )


def _decoded(body: bytes, content_type: str | None, url: str) -> tuple[str, str]:
    """The decoded document, its encoding; what can be no feed is refused by name."""
    if not body.strip():
        raise FeedParseError(url, "an empty body came instead of a feed")
    if body.startswith((b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\x28\xb5\x2f\xfd", b"%PDF")):
        raise FeedParseError(url, "a compressed or binary file came instead of a feed")
    declared = _DECLARED.match(body[:200])
    text, encoding = decode(body, charset_of(content_type) or (declared and declared[1].decode("ascii")))
    text = xml_legal(text).lstrip("\ufeff \t\r\n")
    if is_html(text):
        raise FeedParseError(url, "an HTML page came instead of a feed")
    if defines_entities(text):
        raise FeedParseError(url, "the document defines entities, which no feed needs; refused")
    return text, encoding


def _read(text: str, url: str, rules: OutletRules, max_items: int) -> Document:
    if text.startswith(("{", "[")):
        return read_json(text, url, rules, max_items)
    document = markup(text, {"": max_items, "urlset": _MAX_SITEMAP, "sitemapindex": _MAX_SITEMAP})
    if document.root in ("urlset", "sitemapindex"):
        return read_sitemap(document, url, rules, max_items)
    return read_xml(document, url, rules)


def _entries(items: Iterable[Item], url: str) -> tuple[Entry, ...]:
    """The entries worth having: with title and link, each key once."""
    entries: dict[str, Entry] = {}
    for item in items:
        entry = _entry(item, url)
        if entry is None:
            continue
        known = entries.get(entry.key)
        if known is not None and known.url != entry.url:  # one GUID for all items: the URL tells them apart
            entry = replace(entry, key=_key(entry.url))
        entries.setdefault(entry.key, entry)
    return tuple(entries.values())


def _entry(item: Item, base: str) -> Entry | None:
    url, title, summary = _address(item.link, base), _line(item.title, _MAX_TITLE), _summary(item.summary)
    title = title or _beginning(summary)
    if not title or not url:
        return None
    entry = Entry(
        key=_key(plain_line(item.guid, limit=_MAX_URL) or url),
        url=url,
        title=title,
        summary=summary,
        published=item.published,
        author=_line(item.author, _MAX_AUTHOR) or None,
    )
    return _of_google(entry, _line(item.source, _MAX_AUTHOR)) if is_google_link(url) else entry


def _of_google(entry: Entry, outlet: str) -> Entry:
    title = entry.title.removesuffix(f" - {outlet}") or entry.title
    url = publisher_url(entry.url)
    day = entry.published.date().isoformat() if entry.published else ""
    key = _key(url) if url else _hash(f"{outlet}\n{title}\n{day}")
    return replace(entry, key=key, url=url or entry.url, title=title, summary="", outlet=outlet)


def _address(link: str, base: str) -> str:
    """The canonical address; "" for javascript:, mailto:, nonsense."""
    try:
        url = canonical_url(link, base) if link else ""
    except ValueError:
        return ""
    return url if len(url) <= _MAX_URL else ""


def _line(text: str, limit: int) -> str:
    return plain_line(repaired(text[: limit * 40]), limit=limit)


def _summary(text: str) -> str:
    text = repaired(xml_legal(text[:_MAX_SUMMARY]))
    return text.encode("utf-8", "replace")[:_MAX_SUMMARY].decode("utf-8", "ignore")


def _beginning(summary: str) -> str:
    line = plain_line(summary, limit=_HEADLINE + 1)
    return line if len(line) <= _HEADLINE else line[:_HEADLINE].rpartition(" ")[0] + "…"


def _key(name: str) -> str:
    return name if len(name) <= _MAX_KEY else _hash(name)


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
