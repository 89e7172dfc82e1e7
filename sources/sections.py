"""Pages without a feed: the links of a front or section page that lead to its articles.

Theory of operation. Where the operator names the links by a CSS selector, they are believed. Otherwise a link counts
where three things agree: it stands in the page's content (not in a menu, a footer, a side column, a list of tags or of
what is read most), it has a headline of four words or more, and its address or its place looks like an article's: a
date, a number or a slug in the address (`link_shapes`), a heading around it, a row of links of the same make. Precision
comes first: a wrong link is fetched, stored and matched, a missed one is most often on the page twice.

An article is linked two or three times in its card: by its picture, its headline and «اقرأ المزيد». These become one
entry under the headline, in the order in which the page first names it. The card is the largest element that leads
to no other article; its heading serves where no link bears one, its <time> dates the entry.

Rejected: trafilatura's link discovery (made to crawl whole sites, it takes sections and tags, and has no headlines).
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from cssselect import SelectorError
from lxml import etree, html
from lxml.cssselect import CSSSelector

from rasid.errors import FeedParseError
from rasid.types import NO_RULES, Entry, ParsedFeed
from rasid.urls import canonical_url, page_identity
from sources.decode import charset_of, decode, repaired
from sources.faults import PARSER_FAULTS
from sources.feed_items import dated
from sources.link_shapes import article_evidence, is_list, same_site
from sources.plain import plain_line, xml_legal

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator
    from datetime import datetime

    from rasid.types import OutletRules

_MAX_TITLE = 500
_MIN_WORDS, _MAX_WORDS = 4, 40  # of a headline; menus have fewer, a card's text more
_ENOUGH, _LIKELY = 3, 2  # of evidence: for an article; for the link of another card
_ROW = 3  # links of one make side by side that are a list of articles
_CLIMB = 8  # levels from a link up to its card; deeper ones are layout
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_A_FEED = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:rss|feed|rdf:RDF|urlset|sitemapindex)\b", re.IGNORECASE)
_OUTSIDE = frozenset({"nav", "footer", "aside", "form"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_SILENT = frozenset({"script", "style", "noscript", "template", "time", "svg", "figcaption", "button"})
_INLINE = frozenset(
    {"a", "b", "i", "u", "em", "strong", "span", "font", "mark", "small", "bdi", "bdo", "sub", "sup"}
)
# Words within class and id.
_OUTSIDE_NAMES = re.compile(
    r"(?:\A|[\s_-])(?:nav|navbar|navigation|menu|submenu|footer|breadcrumbs?|sidebar|aside|tags?|tagcloud|social|share|"
    r"sharing|pagination|pager|cookies?|most-?(?:read|viewed|popular)|popular|trending|related|newsletter|copyright|"
    r"authors?|comments?|sponsored|promo|ads?|advert)(?:\Z|[\s_-])",
    re.IGNORECASE,
)
_LAYOUT_NAMES = re.compile(r"(?:has|with|no|layout|content)[_-]", re.IGNORECASE)
_TITLE_NAMES = re.compile(r"(?:title|headline|heading)", re.IGNORECASE)
_DATE_NAMES = re.compile(r"(?:\A|[\s_-])(?:date|time|published|timestamp)(?:\Z|[\s_-])", re.IGNORECASE)
_MORE = re.compile(
    r"(?:[إا]قر[أا]|المزيد|للمزيد|مزيد من|التفاصيل|تفاصيل|تابع|شاهد المزيد|read more|more|continue|details)\b",
    re.IGNORECASE,
)


def parse_section(
    body: bytes,
    content_type: str | None,
    url: str,
    links: str = "",
    rules: OutletRules = NO_RULES,
    max_items: int = 300,
) -> ParsedFeed:
    """The articles that a page links to, in the page's order; pure, for a killable process.

    Args:
        body: the page as it came, decompressed.
        content_type: the header, if there was one.
        url: where it came from.
        links: CSS selector of the links, or of elements around or in them; "" to find them by their shape.
        rules: what is known of the outlet's dates.
        max_items: links behind these are counted as dropped.

    Raises:
        FeedParseError: it links to no article, or is no page.
    """
    text, encoding = _decoded(body, content_type, url)
    try:
        return _read(text, encoding, url, links, rules, max_items)
    except (*PARSER_FAULTS, etree.LxmlError) as e:
        raise FeedParseError(url, f"the page cannot be read: {type(e).__name__}") from e


def _read(text: str, encoding: str, url: str, links: str, rules: OutletRules, max_items: int) -> ParsedFeed:
    tree = html.document_fromstring(text.encode(), html.HTMLParser(encoding="utf-8", huge_tree=True))
    base = _base(tree, url)
    if links:
        entries = [_chosen_entry(element, base, rules) for element in _selected(tree, links, url)]
    else:
        entries = list(_found_entries(tree, base, rules))
    named = {entry.url: entry for entry in reversed(entries) if entry and not _is_page(entry.url, url)}
    ordered = list(reversed(named.values()))
    if not ordered:
        reason = (
            f"nothing that links: {links!r} selects leads to an article; look at the page's HTML again"
            if links
            else "no link to an article was found on the page; name them in links: by a CSS selector"
        )
        raise FeedParseError(url, reason)
    return ParsedFeed(
        format="html-links",
        title=plain_line(tree.findtext(".//title") or "", limit=_MAX_TITLE),
        entries=tuple(ordered[:max_items]),
        encoding=encoding,
        dropped=max(0, len(ordered) - max_items),
    )


def _decoded(body: bytes, content_type: str | None, url: str) -> tuple[str, str]:
    if not body.strip():
        raise FeedParseError(url, "an empty body came instead of a page")
    if body.startswith((b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\x28\xb5\x2f\xfd", b"%PDF")):
        raise FeedParseError(url, "a compressed or binary file came instead of a page")
    declared = _DECLARED.search(body[:4_096])
    text, encoding = decode(body, charset_of(content_type) or (declared and declared[1].decode("ascii")))
    text = xml_legal(text)
    if _A_FEED.match(text):
        raise FeedParseError(url, "a feed came instead of a page; leave out links: to read it as one")
    if "<" not in text:
        raise FeedParseError(url, f"not a page: the document begins {text[:60]!r}")
    return text, encoding


def _base(tree: Any, url: str) -> str:
    for element in tree.iter("base"):
        if _address(element.get("href", ""), url):
            return str(urljoin(url, element.get("href")))
    return url


def _address(href: str, base: str) -> str:
    try:
        return canonical_url(href, base) if href and not href.startswith("#") else ""
    except ValueError:
        return ""


def _is_page(url: str, page: str) -> bool:
    return page_identity(url) == page_identity(_address(page, page))


# ── by the operator's selector ───────────────────────────────────────────────────────────────────


def _selected(tree: Any, links: str, url: str) -> list[Any]:
    """The link of each selected element; all of them that bear a headline where it holds several."""
    try:
        elements = CSSSelector(links)(tree)
    except SelectorError as e:
        raise FeedParseError(url, f"links: {links!r} is no CSS selector: {e}") from e
    chosen: list[Any] = []
    for element in elements:
        within = [link for link in element.iter("a") if link.get("href")] or list(_around(element))
        headlines = [link for link in within if len(_text(link).split()) >= _MIN_WORDS]
        chosen.extend(headlines or sorted(within, key=lambda link: -len(_text(link)))[:1])
    return chosen


def _around(element: Any) -> Iterator[Any]:
    return (above for above in element.iterancestors("a") if above.get("href"))


def _chosen_entry(link: Any, base: str, rules: OutletRules) -> Entry | None:
    url = _address(link.get("href"), base)
    card = _card(link, lambda other: _address(other.get("href", ""), base) in ("", url))
    title = _headline([link], card) or plain_line(
        repaired(_text(link) or link.get("title", "")), limit=_MAX_TITLE
    )
    return _entry(url, title, card, rules) if url and title else None


# ── by their shape ───────────────────────────────────────────────────────────────────────────────


def _found_entries(tree: Any, base: str, rules: OutletRules) -> Iterator[Entry]:
    found: dict[str, list[Any]] = {}
    outside: dict[Any, bool] = {}
    for link in tree.iter("a"):
        url = _address(link.get("href", ""), base)
        if not url or not same_site(url, base) or is_list(url):
            continue
        if not _is_outside(link, outside) and not _is_prose(link):
            found.setdefault(url, []).append(link)
    rows = Counter(make for links in found.values() for make in {_make(link) for link in links})
    own = {link: url for url, links in found.items() if article_evidence(url) >= _LIKELY for link in links}
    shared: set[Any] = set()
    for url, links in found.items():
        card = _card(links[0], lambda other, url=url: own.get(other, url) == url, shared)  # type: ignore[misc]
        if links[0] in own:
            shared.update(islice(card.iterancestors(), 1))
        title = _headline(links, card)
        if title and article_evidence(url) + _place_evidence(links, rows) >= _ENOUGH:
            yield _entry(url, title, card, rules)


def _is_outside(element: Any, known: dict[Any, bool]) -> bool:
    """Whether an element stands in a menu, a footer or another part that every page of the site has."""
    below: list[Any] = []
    verdict = False
    while element is not None and element.tag not in ("body", "html"):
        if element in known:
            verdict = known[element]
            break
        below.append(element)
        element = element.getparent()
    for one in reversed(below):
        verdict = known[one] = verdict or _is_furniture(one)
    return verdict


def _is_furniture(element: Any) -> bool:
    if element.tag in _OUTSIDE or element.get("role") in ("navigation", "contentinfo", "complementary"):
        return True
    if element.tag == "header":  # of the page; that of an article or a section holds headlines
        return not any(above.tag in ("article", "section", "main") for above in element.iterancestors())
    names = f"{element.get('class', '')} {element.get('id', '')}".split()
    return any(_OUTSIDE_NAMES.search(name) and not _LAYOUT_NAMES.match(name) for name in names)


def _is_prose(link: Any) -> bool:
    """Whether words of a paragraph, in the middle of it, are the link."""
    return any(above.tag == "p" and (above.text or "").strip() for above in islice(link.iterancestors(), 3))


def _make(link: Any) -> tuple[tuple[Any, str], ...]:
    """What a link and the elements around it are: the same for the links of one list."""
    around = [link, *islice(link.iterancestors(), 3)]
    return tuple((element.tag, element.get("class", "")) for element in around)


def _place_evidence(links: Iterable[Any], rows: Counter[tuple[tuple[Any, str], ...]]) -> int:
    return max(
        (_heading_of(link) is not None or any(above.tag == "article" for above in link.iterancestors()))
        + (rows[_make(link)] >= _ROW)
        for link in links
    )


# ── headlines, cards, dates ──────────────────────────────────────────────────────────────────────


def _card(link: Any, is_own: Callable[[Any], bool], shared: Container[Any] = ()) -> Any:
    """The largest element around a link in which all links are its own; `shared` are known to hold others."""
    card = link
    for above in islice(link.iterancestors(), _CLIMB):
        if above.tag == "body" or above in shared or not all(is_own(other) for other in above.iter("a")):
            break
        card = above
    return card


def _headline(links: Iterable[Any], card: Any) -> str:
    """The longest headline that the links of one address bear; "" where none does."""
    headings = [heading for link in links if (heading := _heading_of(link)) is not None]
    headings = headings or [element for element in card.iter() if _is_heading(element)][:1]
    alternatives = [link.get("title", "") for link in links]
    alternatives += [picture.get("alt", "") for link in links for picture in link.iter("img")]
    for texts in (map(_text, headings), map(_text, links), alternatives):
        lines = [plain_line(repaired(text), limit=_MAX_TITLE) for text in texts]
        if good := [line for line in lines if _is_headline(line)]:
            return max(good, key=len)
    return ""


def _heading_of(link: Any) -> Any:
    """The heading that a link holds, or the link itself where it stands in one."""
    if any(_is_heading(above) for above in islice(link.iterancestors(), 3)):
        return link
    return next((element for element in link.iter() if element is not link and _is_heading(element)), None)


def _is_heading(element: Any) -> bool:
    return element.tag in _HEADINGS or bool(
        isinstance(element.tag, str) and _TITLE_NAMES.search(element.get("class", ""))
    )


def _is_headline(line: str) -> bool:
    return _MIN_WORDS <= len(line.split()) <= _MAX_WORDS and not _MORE.match(line)


def _text(element: Any) -> str:
    """The text of an element, a space between its blocks."""
    parts: list[str] = []
    silent = 0
    for event, one in etree.iterwalk(element, events=("start", "end")):
        if event == "start":
            silent += one.tag in _SILENT or not isinstance(one.tag, str)
            parts += ["" if one.tag in _INLINE else " ", "" if silent else one.text or ""]
        else:
            silent -= one.tag in _SILENT or not isinstance(one.tag, str)
            tail = one.tail if one is not element and not silent else None
            parts += ["" if one.tag in _INLINE else " ", tail or ""]
    return " ".join("".join(parts).split())


def _entry(url: str, title: str, card: Any, rules: OutletRules) -> Entry:
    return Entry(key=url, url=url, title=title, published=_date(card, rules))


def _date(card: Any, rules: OutletRules) -> datetime | None:
    stamps = [
        text for one in card.iter("time") for text in (one.get("datetime", ""), "".join(one.itertext()))
    ]
    stamps += ["".join(one.itertext()) for one in card.iter() if _DATE_NAMES.search(one.get("class", ""))]
    return next((when for text in stamps if (when := dated(text, rules))), None)
