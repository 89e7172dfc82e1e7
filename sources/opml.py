"""OPML: the lists of feeds that feed readers exchange, versions 1 and 2.

Theory of operation. A file comes from anywhere, so it is bounded before it is parsed (bytes) and while it is read
(feeds, levels), and a document type is refused unread: entities and foreign files can only be declared there. Labels of
encodings are no better than those of feeds; the text is decoded by evidence.

What Rasid alone knows of a feed (its id, that it is off, how the links of a section page are found) stands in a
namespace of its own, as OPML 2.0 wants it; other readers pass over it.

Known exceptions: an outline that names an OPML file elsewhere (`type="include"`) is passed over, for it would be a
fetch that nobody asked for.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from lxml import etree

from rasid.errors import FeedParseError
from rasid.types import Feed
from sources.decode import decode
from sources.discovery import web_address
from sources.plain import plain_line, xml_legal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lxml.etree import _Element

MAX_BYTES = 5_000_000  # ten thousand feeds have about 2 MB
MAX_FEEDS = 2_000  # more than feeds.yaml takes
MAX_LEVELS = 20  # feed readers make two

_SPACE = "urn:x-rasid:feeds"
_ID, _LINKS, _ENABLED = (f"{{{_SPACE}}}{name}" for name in ("id", "links", "enabled"))
_NO_CATEGORY = "general"  # what feeds.yaml takes where it names none
_MAX_NAME = 200  # characters
_MAX_SELECTOR = 500
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*\?>")
_DECLARED = re.compile(rb"^\s*<\?xml\b[^>]*?encoding\s*=\s*[\"']([\w.:-]+)")


def read_opml(document: bytes, name: str) -> tuple[Feed, ...]:
    """The feeds of an OPML document in its order, twins included; folders become categories.

    Ids are those of a list that Rasid wrote, else empty; addresses are as they stand there, unchecked.

    Args:
        document: the file as it is.
        name: of the file, for messages.

    Raises:
        FeedParseError: it is no OPML, or larger or deeper than any list of feeds; the text says which.
    """
    root = _root(document, name)
    body = root.find("body")
    if root.tag != "opml" or body is None:
        raise FeedParseError(name, "not an OPML file: it has no <opml> with a <body>")
    feeds: list[Feed] = []
    for feed in _feeds(body, (), name):
        if len(feeds) == MAX_FEEDS:
            raise FeedParseError(name, f"more than {MAX_FEEDS:,} feeds; split the file")
        feeds.append(feed)
    return tuple(feeds)


def write_opml(feeds: Iterable[Feed], title: str) -> bytes:
    """The feeds as OPML 2.0 in UTF-8, in their order; neighbours of one category stand in one folder."""
    root = etree.Element("opml", version="2.0", nsmap={"rasid": _SPACE})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = title
    body = etree.SubElement(root, "body")
    for category, members in groupby(feeds, key=lambda feed: feed.category):
        plain = category == _NO_CATEGORY
        folder = body if plain else etree.SubElement(body, "outline", text=category, title=category)
        for feed in members:
            folder.append(_outline(feed))
    written: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)
    return written


def _outline(feed: Feed) -> _Element:
    address = {"type": "rss", "xmlUrl": feed.url}
    if feed.kind == "page":  # to other readers it is a link, for it is no feed
        address = {"type": "link", "url": feed.url, _LINKS: feed.links or "auto"}
    own = {_ID: feed.id} | ({} if feed.enabled else {_ENABLED: "false"})
    return etree.Element("outline", {"text": feed.name, "title": feed.name, **address, **own})


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def _root(document: bytes, name: str) -> _Element:
    if len(document) > MAX_BYTES:
        raise FeedParseError(
            name, f"larger than {MAX_BYTES // 1_000_000} MB, and no list of feeds is; split it"
        )
    declared = _DECLARED.match(document[:200])
    text = xml_legal(decode(document, declared and declared[1].decode("ascii"))[0]).lstrip("\ufeff \t\r\n")
    if "<!DOCTYPE" in text.upper():
        raise FeedParseError(name, "it declares a document type, which OPML has no need of; delete that line")
    # Without huge_tree libxml2 bounds depth and the length of values, too.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(_DECLARATION.sub("", text, count=1).encode(), parser=parser)
    except etree.XMLSyntaxError as e:
        line, _ = e.position
        problem = "nested too deep" if "depth" in str(e).lower() else str(e.msg or "the document is empty")
        raise FeedParseError(name, f"not valid XML at line {line}: {problem}") from e


def _feeds(outline: _Element, folders: Sequence[str], name: str) -> Iterator[Feed]:
    if len(folders) > MAX_LEVELS:
        raise FeedParseError(name, f"folders in folders, more than {MAX_LEVELS} levels; flatten them")
    for child in outline.iterchildren("outline"):
        if feed := _feed(child, folders):
            yield feed
        yield from _feeds(child, (*folders, _label(child)), name)


def _feed(outline: _Element, folders: Sequence[str]) -> Feed | None:
    """The feed that an outline names; None for a folder, a link or anything else."""
    links, kind = outline.get(_LINKS, ""), outline.get("type", "").lower()
    listed = outline.get("xmlUrl") or outline.get("xmlurl")
    if not listed and (links or kind in ("rss", "atom")):
        listed = outline.get("url")
    if not listed or kind == "include":
        return None
    category = "/".join(folder for folder in folders if folder)
    return Feed(
        id=outline.get(_ID, ""),
        name=_label(outline),
        url=web_address(listed),
        category=category
        or plain_line(outline.get("category", ""), limit=_MAX_NAME).strip("/,")
        or _NO_CATEGORY,
        enabled=outline.get(_ENABLED) != "false",
        kind="page" if links else "feed",
        links="" if links == "auto" else links[:_MAX_SELECTOR],
    )


def _label(outline: _Element) -> str:
    return plain_line(outline.get("title") or outline.get("text") or "", limit=_MAX_NAME)
