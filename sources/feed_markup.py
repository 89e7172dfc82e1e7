"""An XML feed's text before a parser sees it: where it begins, whether it ends, how many items it has.

Parsers are strict or forgiving. A document that breaks off makes them forgiving, and then half an address is an
address; one of 20,000 items costs them a minute. So what is whole is kept and closed again: the last complete item
before a break, the first items of too many.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# What programs print in front of a feed: blank lines, warnings.
_BEGIN = re.compile(r"<\?xml\b|<(?:rss|feed|rdf:RDF|urlset|sitemapindex)\b", re.IGNORECASE)
_FORE_TEXT = 4_096  # characters in which it must begin
_PROLOG = r"(?>\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[[^\]]*\])?\s*>)*+"
_ROOT = re.compile(_PROLOG + r"<([A-Za-z_][\w.:-]*)[^<>]*>", re.DOTALL | re.IGNORECASE)
_HTML = re.compile(
    _PROLOG + r"<(?:html|head|body)\b|" + _PROLOG + r"<!doctype\s+html", re.DOTALL | re.IGNORECASE
)
_ENTITY = re.compile("<!ENTITY", re.IGNORECASE)
_ITEMS = {"rss": "item", "rdf": "item", "feed": "entry", "urlset": "url", "sitemapindex": "sitemap"}
_LONG_RUN = 500_000  # characters between two tags: past the longest article, and past what any field keeps
_CDATA = "![CDATA["
_NO_MARKUP = r"!--.*?(?:-->|\Z)|!\[CDATA\[.*?(?:\]\]>|\Z)"  # behind its "<"


@dataclass(frozen=True, slots=True)
class Markup:
    """The text of a document with one root that is closed."""

    text: str
    root: str  # without prefix, lower case; "" where there is no element at all
    truncated: bool
    dropped: int  # items past the cap


def is_html(text: str) -> bool:
    """Whether a document is a web page."""
    return _HTML.match(text) is not None


def defines_entities(text: str) -> bool:
    """Whether a document defines names for texts, files or addresses."""
    return _ENTITY.search(text) is not None


def markup(text: str, max_items: dict[str, int]) -> Markup:
    """The document from its beginning on, closed behind its last whole item, or behind the last that is wanted.

    Args:
        text: what came, decoded.
        max_items: how many items are wanted, by root; "" for those not named.
    """
    begin = _BEGIN.search(text, 0, _FORE_TEXT)
    text = _without_long_runs(text[begin.start() :] if begin else text)
    found = _ROOT.match(text)
    if found is None:
        return Markup(text, "", truncated=False, dropped=0)
    name = found[1]
    root = name.rpartition(":")[2].lower()
    starts, end, closed = _outline(text, root, name)
    wanted = max_items.get(root, max_items[""])
    whole = closed or found[0].endswith("/>")
    if len(starts) > wanted:
        text = _closed(text[: starts[wanted]], root, name)
    elif not whole:
        text = _closed(text[: end or found.end()], root, name)
    return Markup(text, root, truncated=not whole, dropped=max(0, len(starts) - wanted))


def _outline(text: str, root: str, name: str) -> tuple[list[int], int, bool]:
    """Where items start, where the last whole one ends (0: there is none), whether the root is closed.

    What stands in comments and CDATA is no markup: items that an editor took out, articles about feeds.
    """
    tag = rf"(?:[\w.-]+:)?{_ITEMS.get(root, 'item')}"
    marks = (
        rf"<(?:(?P<start>{tag}(?=[\s/>]))|(?P<end>/{tag}\s*>)|(?P<root>/{re.escape(name)}\s*>)|{_NO_MARKUP})"
    )
    starts, end, closed = [], 0, False
    for mark in re.finditer(marks, text, re.IGNORECASE | re.DOTALL):
        if mark.lastgroup == "start":
            starts.append(mark.start())
        elif mark.lastgroup == "end":
            end = mark.end()
        elif mark.lastgroup == "root":
            closed = True
    return starts, end, closed


def _closed(text: str, root: str, name: str) -> str:
    inner = "</channel>" if root == "rss" and "</channel" not in text else ""
    return f"{text}{inner}</{name}>"


def _without_long_runs(text: str) -> str:
    if len(text) <= _LONG_RUN:
        return text
    return "<".join(part if len(part) <= _LONG_RUN else _shortened(part) for part in text.split("<"))


def _shortened(part: str) -> str:
    """What stands from one "<" to the next, its text cut; a tag's own attributes stay."""
    if part.startswith(_CDATA):
        inner, end, rest = part.partition("]]>")
        return inner[:_LONG_RUN] + end + rest[:_LONG_RUN]
    tag, end, run = part.partition(">")
    return tag + end + run[:_LONG_RUN]
