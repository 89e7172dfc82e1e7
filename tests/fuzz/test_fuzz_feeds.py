"""The feed reader against feeds that something has happened to."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from rasid.errors import FeedParseError
from rasid.types import Entry, OutletRules, ParsedFeed
from rasid.urls import canonical_url
from sources.feeds import parse_feed
from sources.sections import parse_section

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "https://press.example/feed"
ITEMS = "".join(
    f"<item><title>خبر رقم {n} عن الرقاقات</title><link>https://press.example/{n}</link><guid>{n}</guid>"
    f"<pubDate>Wed, 04 Mar 2026 0{n}:30:00 +0300</pubDate><description>&lt;p&gt;نص {n}&lt;/p&gt;</description></item>"
    for n in range(1, 4)
)
RSS = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>ص</title>{ITEMS}</channel></rss>'
ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>صحيفة</title>'
    '<entry xml:base="/ar/"><title type="html">خبر</title><id>1</id>'
    '<link href="one"/><updated>2026-03-04T09:30:00Z</updated>'
    '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>نص</p></div></content></entry></feed>'
)
RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
    f"<channel><title>صحيفة</title></channel>{ITEMS.replace('<item>', '<item rdf:about=1>')}</rdf:RDF>"
)
SITEMAP = (
    '<urlset xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://press.example/1</loc>'
    "<news:news><news:publication_date>2026-03-04</news:publication_date><news:title>خبر</news:title></news:news>"
    "</url></urlset>"
)
INDEX = "<sitemapindex><sitemap><loc>/a.xml</loc><lastmod>2026-03-04</lastmod></sitemap></sitemapindex>"
JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "صحيفة",
        "items": [{"id": n, "url": f"/{n}", "title": "خبر", "content_html": "<p>نص</p>"} for n in range(3)],
    }
)
PAGE = (
    '<html><body><nav><a href="/x">س</a></nav><article>'
    '<h2><a href="/2026/03/04/a-long-slug-here">خبر عن رقاقة جديدة وصلت</a>'
    '</h2><time datetime="2026-03-04">أمس</time></article><p>نص <a href="/b">رابط</a></p></body></html>'
)
FEEDS = tuple(text.encode() for text in (RSS, ATOM, RDF, SITEMAP, INDEX, JSON))
JUNK = st.one_of(
    st.binary(min_size=1, max_size=12),
    st.sampled_from(
        [
            b"<", b">", b"&", b'"', b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<item>", b"</item>", b"</rss>", b"<?xml",
            b"\x00", b"&#0;", b"&#xD800;", b"&#x110000;", b"&amp;amp;", b"\xff\xfe", b"<!DOCTYPE x>", b"<!ENTITY a>",
            b"{",
            b"[" * 50,
            b"\xed\xa0\x80", b"x='" + b"y" * 5_000 + b"'", b"<a>" * 60, b'"\\ud800"', b"1" * 5_000,
            b"xmlns:a='b' ", b"\x0b",
            "\u202e".encode(), b"https://[",
            b"<link>//[x</link>", b"Wed, 99 Foo 9999999",
        ]
    ),
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, documents: tuple[bytes, ...]) -> bytes:
    """One of them, cut, doubled, swapped and sprinkled with junk in a few places."""
    body = draw(st.sampled_from(documents))
    for _ in range(draw(st.integers(1, 4))):
        a, b = sorted((draw(st.integers(0, len(body))), draw(st.integers(0, len(body)))))
        match draw(st.integers(0, 4)):
            case 0:
                body = body[:a]
            case 1:
                body = body[:a] + body[b:]
            case 2:
                body = body[:b] + body[a:]
            case 3:
                body = body[:a] + body[a:b][::-1] + body[b:]
            case _:
                body = body[:a] + draw(JUNK) + body[a:]
    return body


def check(read: Callable[[], ParsedFeed]) -> int:
    """What is read is what every user of feeds relies on, or refused with a reason; how many entries it has."""
    try:
        feed = read()
    except FeedParseError as error:
        return -len(error.reason)
    assert feed.dropped >= 0
    assert len(feed.entries) == len({entry.key for entry in feed.entries})
    for entry in feed.entries:
        assert entry.title
        assert entry.url == canonical_url(entry.url)
        assert entry.published is None or entry.published.tzinfo
        texts = [str(getattr(entry, field.name)) for field in fields(Entry)]
        "".join([feed.title, *texts]).encode()
        assert "\x00" not in "".join(texts)
    return len(feed.entries)


TYPES = st.sampled_from(
    [None, "text/xml", "application/json", "text/html; charset=windows-1256", "x; charset=utf-16"]
)
RULES = st.sampled_from([OutletRules(), OutletRules(timezone="Asia/Riyadh", date_format="%d-%m-%Y")])


@given(mutated(FEEDS), TYPES, RULES)
def test_any_feed_is_read_or_refused(body: bytes, content_type: str | None, rules: OutletRules) -> None:
    """Its entries, few or none, or the one error that says why there are none."""
    assert check(lambda: parse_feed(body, content_type, URL, rules)) <= 300


@given(
    mutated((PAGE.encode(), RSS.encode())),
    TYPES,
    st.sampled_from(["", "h2 a", "article", "*", "a:not([href^=x])"]),
)
def test_any_page_is_read_or_refused(body: bytes, content_type: str | None, links: str) -> None:
    """The same of pages with links, which are refused where they have none."""
    assert check(lambda: parse_section(body, content_type, URL, links)) != 0


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()), st.lists, max_leaves=8
)
MEMBERS = ("id", "url", "title", "content_html", "date_published", "authors", "author", "external_url")


@given(
    VALUES,
    st.dictionaries(st.sampled_from(MEMBERS), VALUES),
    st.sampled_from(["items", "title", "home_page_url"]),
)
def test_any_json_is_read_or_refused(value: object, item: dict[str, object], member: str) -> None:
    """Members of any type."""
    document = {"version": "https://jsonfeed.org/version/1", "items": [item, value, item]} | {member: value}
    assert check(lambda: parse_feed(json.dumps(document).encode(), None, URL)) <= 2
