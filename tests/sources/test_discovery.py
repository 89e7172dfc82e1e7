"""Discovery: which links of a page are feeds, in which order; which addresses are tried where there are none."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasid.errors import FeedParseError
from sources.discovery import common_paths, find_feeds, sitemaps, web_address

SITE = "https://almadar.example/"


def page(head: str = "", body: str = "") -> bytes:
    """A page in UTF-8."""
    return (
        f'<!doctype html><html><head><meta charset="utf-8">{head}</head><body>{body}</body></html>'.encode()
    )


def alternate(href: str, title: str = "", kind: str = "application/rss+xml") -> str:
    """The element that names a feed."""
    return f'<link rel="alternate" type="{kind}" title="{title}" href="{href}">'


def found(document: bytes, url: str = SITE) -> list[str]:
    """The addresses found on a page."""
    return [link.url for link in find_feeds(document, "text/html", url)]


@pytest.mark.parametrize(
    "kind",
    [
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/json",
        "text/xml",
        "APPLICATION/RSS+XML; charset=utf-8",
    ],
)
def test_every_type_of_feed_is_known(kind: str) -> None:
    """The standard's element, for each format and however it is written; its title comes along, in plain text."""
    links = find_feeds(page(alternate("/f", "المدار &raquo; الخلاصة", kind)), None, SITE)
    assert [("https://almadar.example/f", "المدار » الخلاصة", "alternate")] == [
        (link.url, link.title, link.kind) for link in links
    ]


def test_wordpress_names_one_feed_that_is_of_use() -> None:
    """Comments, an article's own comments, the system's JSON, other languages of the page: no feed of articles."""
    head = (
        alternate("/feed/", "المدار")
        + alternate("/comments/feed/", "المدار")
        + alternate("/x/feed/", "المدار » تعليقات على خبر")
        + alternate("/wp-json/wp/v2/posts/7", "", "application/json")
        + alternate("/wp-json/oembed/1.0/embed?url=x", "", "application/json+oembed")
        + '<link rel="alternate" hreflang="en" href="/en/"><link rel="stylesheet" href="/rss.css">'
        + '<link rel="EditURI" type="application/rsd+xml" href="/xmlrpc.php?rsd">'
    )
    assert ["https://almadar.example/feed/"] == found(page(head))


def test_the_order_is_that_of_worth() -> None:
    """The page's own names before links; a section's feed first on its page; tags, other languages, articles last."""
    head = (
        alternate("/2026/11/22/a-b-c/feed/")
        + alternate("/en/feed/")
        + alternate("/tag/chips/feed/")
        + alternate("/feed/")
        + alternate("/tech/feed/")
    )
    body = '<a href="/rss">RSS</a>'
    assert ["/tech/feed/", "/feed/", "/en/feed/", "/tag/chips/feed/", "/2026/11/22/a-b-c/feed/", "/rss"] == [
        url.removeprefix("https://almadar.example") for url in found(page(head, body), SITE + "tech/")
    ]
    assert found(page(head, body))[:2] == [SITE + "feed/", SITE + "tech/feed/"]


@pytest.mark.parametrize(
    "href",
    [
        "/rss",
        "/rss/",
        "/feed",
        "/feeds/tech",
        "/ar/rss",
        "/rss.xml",
        "/technology.rss",
        "/web/rss/technology.xml",
        "/RSSFeed.aspx?section=3",
        "/rssFeed/7",
        "/?feed=rss2",
        "/atom.xml",
        "/index.rdf",
        "feed://almadar.example/all.xml",
        "feed:https://almadar.example/all.xml",
        "https://feeds.feedburner.com/almadar/rss",
    ],
)
def test_links_that_look_like_feeds_are_found(href: str) -> None:
    """Addresses as Arabic sites have them, without any word of the standard's."""
    (link,) = find_feeds(page(body=f'<a href="{href}"><img alt=""> RSS</a>'), None, SITE)
    assert ("anchor", "RSS") == (link.kind, link.title)


@pytest.mark.parametrize(
    "href",
    [
        "/",
        "/feedback",
        "/newsfeed-of-the-day",
        "/progress",
        "/2026/rssoul",
        "mailto:rss@almadar.example",
        "javascript:rss()",
        "#rss",
        "",
        "https://reader.example/add?feed=rss",
        "https://feedly.example/i/subscription/feed/https://almadar.example/feed",
        "http://[::bad/rss",
        "https://user:secret@almadar.example/rss",
    ],
)
def test_other_links_are_left(href: str) -> None:
    """Words that merely hold «rss» or «feed», buttons of other sites' readers, what is no web address."""
    assert [] == found(page(body=f'<a href="{href}">RSS</a>'))


def test_relative_links_follow_the_base() -> None:
    """`<base href>` counts, and one that is nonsense does not."""
    assert ["https://cdn.example/x/feed"] == found(
        page('<base href="https://cdn.example/x/">' + alternate("feed"))
    )
    assert ["https://almadar.example/feed"] == found(page('<base href="javascript:1">' + alternate("feed")))


def test_each_address_stands_once() -> None:
    """http, https and a slash at the end make no other feed; the better link stands."""
    head = alternate("https://almadar.example/feed/", "المدار") + alternate("http://almadar.example/feed")
    (link,) = find_feeds(page(head, '<a href="/feed">خلاصة</a>'), None, SITE)
    assert ("https://almadar.example/feed/", "المدار", 10) == (link.url, link.title, link.rank)


def test_an_old_encoding_is_read() -> None:
    """A page in windows-1256 that does not say so keeps its titles."""
    document = page(alternate("/feed", "المدار التقني")).replace(b'<meta charset="utf-8">', b"")
    (link,) = find_feeds(document.decode().encode("cp1256"), None, SITE)
    assert "المدار التقني" == link.title


def test_a_hostile_page_is_bounded() -> None:
    """A hundred thousand links give a hundred addresses; nested deeper than libxml2 goes, none."""
    many = page(body="".join(f'<a href="/rss/{number}">x</a>' for number in range(100_000)))
    assert 100 == len(found(many))
    for levels, most in ((1_000, [SITE + "rss"]), (100_000, [])):
        assert most == found(page(body="<div>" * levels + '<a href="/rss">x</a>'))


@given(st.binary(max_size=300), st.text(max_size=20))
def test_any_bytes_are_read(body: bytes, kind: str) -> None:
    """Whatever comes: links with canonical addresses, or the one error that names the page."""
    with suppress(FeedParseError):
        links = find_feeds(b"<a rel=feed href=/" + body, kind, SITE)
        assert all(link.url.startswith(("http://", "https://")) and link.url.isascii() for link in links)


def test_an_empty_page_has_none() -> None:
    """Nothing, spaces and a body without markup are no error."""
    assert [[], [], []] == [found(b""), found(b" \n"), found(b"text")]


def test_robots_names_news_sitemaps() -> None:
    """Those for news alone, in the file's order, relative ones too; a plain sitemap holds no headlines."""
    robots = (
        "User-agent: *\nDisallow: /admin\nSitemap: https://almadar.example/sitemap.xml\n"
        "sitemap: /news-sitemap.xml\n Sitemap : https://almadar.example/sitemaps/google.xml\nSitemap: javascript:news\n"
    )
    assert [
        ("https://almadar.example/news-sitemap.xml", "sitemap"),
        ("https://almadar.example/sitemaps/google.xml", "sitemap"),
    ] == [(link.url, link.kind) for link in sitemaps(robots, SITE)]
    assert () == sitemaps("", SITE)


def test_usual_addresses_are_few_and_below_the_section_first() -> None:
    """At most fourteen requests to a site that has none of them; each once."""
    urls = [link.url for link in common_paths("https://almadar.example/tech/?page=1")]
    assert SITE + "feed/" == urls[0]
    section = [link.url for link in common_paths("https://almadar.example/tech")]
    assert [SITE + "tech/feed/", SITE + "tech/rss", SITE + "feed/"] == section[:3]
    assert len(section) == len(set(section)) <= 14
    assert SITE + "?feed=rss2" in urls


def test_the_scheme_of_feed_readers_is_taken_off() -> None:
    """Both of its spellings; other addresses stay as they are."""
    assert "http://a.example/b" == web_address(" feed://a.example/b ")
    assert "https://a.example/b" == web_address("feed:https://a.example/b")
    assert "https://a.example/feed://x" == web_address("https://a.example/feed://x")
