"""Where a site's feeds are: read off one of its pages, off its robots.txt, or guessed.

Theory of operation. A page names its feeds in `<link rel="alternate">` elements, which is the standard, or shows
links whose addresses look like a feed's; robots.txt names sitemaps, of which those for news are as good as a feed.
Last come the addresses that content systems use. Nothing found here is proof: whoever asks for the links fetches
them, best rank first, and reads what comes.

Feeds of comments are left out: they hold no article. A feed below one article is ranked behind all others of its
kind, for it holds that article's comments, too; so are feeds of a tag, an author or another language. Where the page
is a section, feeds below its address come first.

Known exceptions: links to other sites count only where the page calls them feeds itself (`rel`) or a known feed
service has them; "add to your reader" buttons would be taken for feeds otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import lxml.html
from lxml import etree

from rasid.errors import FeedParseError
from rasid.urls import canonical_url
from sources.decode import charset_of, decode
from sources.faults import PARSER_FAULTS
from sources.plain import plain_line, xml_legal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

LinkKind = Literal["alternate", "anchor", "sitemap", "path"]

_MAX_LINKS = 100  # a portal lists some sixty sections
_MAX_ANCHORS = 20_000  # of a page; the longest archive pages have a tenth
_MAX_TITLE = 200
_MAX_HREF = 2_000  # characters; longer ones are no feed's, and cost the patterns below their square
_RANKS: dict[LinkKind, int] = {"alternate": 10, "anchor": 30, "sitemap": 50, "path": 70}
_BELOW_PAGE, _SIDE, _ARTICLE = -5, 5, 10  # what is added to a kind's rank; less than lies between two kinds

_FEED_TYPE = re.compile(r"\b(?:rss|atom|rdf)\+?xml|\bfeed\+json|^application/(?:xml|json)\b|^text/xml\b")
_FEED_ADDRESS = re.compile(
    r"^feed:|/(?:[a-z]{2}-?)?(?:rss|feeds?|atom|rdf)(?:[-_]?\d*)(?:/|$|\.(?:xml|rss|php|aspx?|html?|json)\b)"
    r"|/(?:rss|feed|atom)\w*\.(?:xml|php|aspx?)\b|/rss-?feeds?(?:/|$)"
    r"|/[\w-]*(?:rss|feed)[\w-]*\.xml$|/index\.(?:xml|rdf)$|\.(?:rss|atom|rdf)$"
    r"|[?&](?:feed|format)=(?:rss2?|atom|rdf|feed|xml)\b",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"\bcomments?\b|\breplies\b|replytocom|feed=comments|تعليقات", re.IGNORECASE)
_NO_FEED = re.compile(r"/wp-json/|/oembed|\boembed\b|manifest\.|opensearch", re.IGNORECASE)
_SIDE_FEED = re.compile(r"/(?:tag|author|search|writer)s?/|[?&](?:s|q|author|tag)=", re.IGNORECASE)
_OTHER_LANGUAGE = re.compile(
    r"/(?:en|fr|fa|tr|de|es|ru|he|ur)(?:/|$)|[?&]lang=(?:en|fr|fa|tr)\b", re.IGNORECASE
)
_ARTICLE_PATH = re.compile(r"/(?:19|20)\d\d/\d{1,2}/[^/]+/|/(?:[^/-]*-){4,}[^/]*/|/\d{4,}(?:/|$)|[?&]p=\d")
_SERVICES = ("feedburner.com", "feedburner.google.com", "feedpress.me", "rss.app", "feedspot.com")
_FEED_SCHEME = re.compile(r"^feed(?=://)|^feed:(?=https?:)", re.IGNORECASE)
_NEWS_SITEMAP = re.compile(r"news|google", re.IGNORECASE)
_SITEMAP_LINE = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_PATHS = (
    "feed/",
    "rss",
    "rss.xml",
    "feed.xml",
    "atom.xml",
    "index.xml",
    "?feed=rss2",
    "feeds/posts/default",
    "rss/",
    "ar/rss",
    "ar/rss.xml",
    "ar/feed/",
)
"""Of WordPress, of sites made by hand, of generators, of WordPress without pretty addresses, of Blogger; then as
Arabic sites with several languages have them."""


@dataclass(frozen=True, slots=True)
class FeedLink:
    """An address that may be a feed."""

    url: str  # canonical
    title: str  # as the page has it; empty where it says nothing
    kind: LinkKind  # how it was found
    rank: int  # the lowest first; comparable between kinds


def find_feeds(page: bytes, content_type: str | None, url: str) -> tuple[FeedLink, ...]:
    """The feeds that an HTML page names, best first, each once; pure, for a killable process.

    Args:
        page: the document as it came, decompressed.
        content_type: the header, if there was one.
        url: where it came from; relative links are resolved against it.

    Raises:
        FeedParseError: the page cannot be read as HTML.
    """
    text = xml_legal(decode(page, charset_of(content_type))[0])
    if not text.strip():
        return ()
    try:
        # From bytes: lxml refuses a text that declares an encoding.
        parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
        tree = lxml.html.document_fromstring(text.encode(), parser=parser)
        base = _base(tree, url)
        found = [*_alternates(tree, base), *_anchors(tree, base, url)]
    except (etree.LxmlError, *PARSER_FAULTS) as e:
        raise FeedParseError(url, f"the page cannot be read: {type(e).__name__}") from e
    return _best(found, url)


def sitemaps(robots: str, url: str) -> tuple[FeedLink, ...]:
    """The news sitemaps that a robots.txt names, in its order; `url` is a page of the site."""
    links = (_link(line[1], "", "sitemap", url) for line in _SITEMAP_LINE.finditer(robots))
    return _best([link for link in links if link and _NEWS_SITEMAP.search(link.url)], url)


def common_paths(url: str) -> tuple[FeedLink, ...]:
    """The addresses at which content systems have feeds: below the page's own path first, then the site's."""
    parts = urlsplit(canonical_url(url))
    front = f"{parts.scheme}://{parts.netloc}/"
    section = f"{front}{parts.path.strip('/')}/" if parts.path.strip("/") and not parts.query else None
    below = [section + path for path in _PATHS[:2]] if section else []
    links = [_link(address, "", "path", front) for address in (*below, *(front + path for path in _PATHS))]
    return _unique(link for link in links if link)


def web_address(text: str) -> str:
    """An address without the scheme that feed readers use for it: `feed://a/b` and `feed:https://a/b`."""
    return _FEED_SCHEME.sub(lambda found: "http" if found[0][-1] != ":" else "", text.strip())


# ── on a page ─────────────────────────────────────────────────────────────────────────────────────


def _base(tree: HtmlElement, url: str) -> str:
    for element in tree.iter("base"):
        try:
            return canonical_url(element.get("href", ""), url)
        except ValueError:
            break
    return url


def _alternates(tree: HtmlElement, base: str) -> Iterator[FeedLink]:
    """Elements that call themselves a feed: `rel="alternate"` with a feed's type, or `rel="feed"`."""
    for element in tree.iter("link", "a"):
        rel = element.get("rel", "").lower().split()
        kind = element.get("type", "").lower().strip()
        if "feed" in rel or ("alternate" in rel and _FEED_TYPE.search(kind)):
            link = _link(element.get("href", ""), element.get("title", ""), "alternate", base)
            if link:
                yield link


def _anchors(tree: HtmlElement, base: str, url: str) -> Iterator[FeedLink]:
    """Links whose address looks like a feed's, on the site itself or at a feed service."""
    site = _site(url)
    for element in islice(tree.iter("a", "area"), _MAX_ANCHORS):
        href = element.get("href", "")
        if len(href) > _MAX_HREF or not _FEED_ADDRESS.search(href.partition("#")[0].strip()):
            continue
        title = element.get("title") or "".join(element.itertext())[:_MAX_TITLE]
        link = _link(href, title, "anchor", base)
        if link and (_site(link.url) == site or urlsplit(link.url).netloc.endswith(_SERVICES)):
            yield link


def _site(url: str) -> str:
    """What the hosts of one site share: two labels, or three where the last two are short («com.sa»)."""
    host = urlsplit(url).netloc
    if re.fullmatch(r"[\d.]+(?::\d+)?|\[.*", host):
        return host
    labels = host.split(".")
    several = len(labels) > 2 and len(labels[-1].partition(":")[0]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3 if several else -2 :])


def _link(href: str, title: str, kind: LinkKind, base: str) -> FeedLink | None:
    """None where the address is none, or one of comments."""
    if len(href) > _MAX_HREF:
        return None
    try:
        url = canonical_url(web_address(href), base)
    except ValueError:
        return None
    name = plain_line(title, limit=_MAX_TITLE)
    if not href.strip() or _COMMENTS.search(url) or _COMMENTS.search(name) or _NO_FEED.search(url):
        return None
    return FeedLink(url, name, kind, _RANKS[kind])


# ── ranks ─────────────────────────────────────────────────────────────────────────────────────────


def _best(links: Iterable[FeedLink], page: str) -> tuple[FeedLink, ...]:
    ranked = [replace(link, rank=link.rank + _weight(link.url, page)) for link in links]
    return _unique(sorted(ranked, key=lambda link: link.rank))[:_MAX_LINKS]


def _weight(url: str, page: str) -> int:
    """What an address says of a feed's worth, added to its rank."""
    parts, own = urlsplit(url), urlsplit(page)
    below = own.path.strip("/") != "" and parts.path.startswith(own.path.rstrip("/") + "/")
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    if _ARTICLE_PATH.search(path):
        return _ARTICLE
    weight = _SIDE if _SIDE_FEED.search(path) else 0
    if _OTHER_LANGUAGE.search(path) and not _OTHER_LANGUAGE.search(own.path):
        weight += _SIDE - 1
    return weight + (_BELOW_PAGE if below else 0)


def _unique(links: Iterable[FeedLink]) -> tuple[FeedLink, ...]:
    """Each address once, http and https and a slash at the end no matter; its first link stands."""
    first: dict[str, FeedLink] = {}
    for link in links:
        key = link.url.partition("://")[2].rstrip("/") if link.kind != "path" else link.url
        first.setdefault(key, link)
    return tuple(first.values())
