"""News sitemaps: the articles of the last two days, as sites list them for search engines.

https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap: <url> with <loc> and a <news:news>
of <news:publication>, <news:publication_date> and <news:title>. A sitemap without these lists pages of any age and
without their headlines, and an index lists sitemaps: neither is a list of articles, and both are refused with what to
write in their place.

Of more entries than are wanted the newest stay, in the document's order: half of all sitemaps begin with the oldest.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lxml import etree

from rasid.errors import FeedParseError
from rasid.types import NO_RULES
from rasid.urls import canonical_url
from sources.feed_items import Document, Item, dated
from sources.plain import plain_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rasid.types import OutletRules
    from sources.feed_markup import Markup

_NEWS = "http://www.google.com/schemas/sitemap-news/"
_UNKNOWN = datetime.min.replace(tzinfo=UTC)
_NAMED = 3  # sitemaps of an index that its refusal names


def read_sitemap(document: Markup, url: str, rules: OutletRules, max_items: int) -> Document:
    """The articles of a news sitemap.

    Raises:
        FeedParseError: it is a sitemap of another kind; the text says what to write instead.
    """
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    root = etree.fromstring(document.text.encode(), parser)
    if root is None:
        raise FeedParseError(url, f"not a feed: the document begins {document.text[:60]!r}")
    if document.root == "sitemapindex":
        raise FeedParseError(url, _instead(root, url))
    listed = list(_children(root, "url"))
    items = [item for element in listed if (item := _item(element, rules))]
    if not items and (listed or not _declares_news(document.text)):
        raise FeedParseError(
            url, "a sitemap without headlines; a news sitemap gives each article its <news:title>"
        )
    kept = _newest(items, max_items)
    name = next((text for element in listed if (text := _inner(element, "news", "publication", "name"))), "")
    return Document(
        format="sitemap",
        title=name,
        items=kept,
        truncated=document.truncated,
        dropped=len(listed) - len(kept) + document.dropped,
    )


def _declares_news(text: str) -> bool:
    """Whether an empty sitemap is one of news: nothing came out in two days."""
    return _NEWS in text[:4_096]


def _item(element: Any, rules: OutletRules) -> Item | None:
    title = _inner(element, "news", "title")
    if not title:
        return None
    link = _inner(element, "loc")
    stamp = _inner(element, "news", "publication_date") or _inner(element, "lastmod")
    return Item(guid="", link=link, title=title, published=dated(stamp, rules))


def _newest(items: list[Item], wanted: int) -> list[Item]:
    if len(items) <= wanted:
        return items
    order = sorted(range(len(items)), key=lambda n: (items[n].published or _UNKNOWN, -n), reverse=True)
    return [items[n] for n in sorted(order[:wanted])]


def _instead(index: Any, url: str) -> str:
    """What to write in place of an index: the sitemaps that changed last."""
    children = []
    for element in _children(index, "sitemap"):
        try:
            address = canonical_url(_inner(element, "loc"), url)
        except ValueError:
            continue
        changed = dated(plain_line(_inner(element, "lastmod"), limit=100), NO_RULES) or _UNKNOWN
        children.append((changed, "news" in address.lower(), address))
    newest = [
        address for _, _, address in sorted(children, key=lambda child: child[:2], reverse=True)[:_NAMED]
    ]
    if not newest:
        return "an index of sitemaps that names none"
    return f"an index of sitemaps, not a list of articles; write the address of one of these: {', '.join(newest)}"


def _children(element: Any, name: str) -> Iterator[Any]:
    """Child elements by local name: sites get the namespaces of sitemaps wrong in many ways."""
    return (child for child in element if isinstance(child.tag, str) and etree.QName(child).localname == name)


def _inner(element: Any, *path: str) -> str:
    for name in path:
        element = next(_children(element, name), None)
        if element is None:
            return ""
    return "".join(element.itertext()).strip()
