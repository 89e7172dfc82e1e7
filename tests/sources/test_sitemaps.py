"""News sitemaps are feeds; other sitemaps say what to write in their place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rasid.errors import FeedParseError
from sources.feeds import parse_feed

URL = "https://press.example/news-sitemap.xml"
FIRST = datetime(2026, 3, 4, 6, tzinfo=UTC)
NAMESPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
    'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
    'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
)


def entry(number: int, title: str = "", date: str | None = None) -> str:
    """One article of a news sitemap, an hour after the one before it."""
    stamp = (FIRST + timedelta(hours=number)).isoformat() if date is None else date
    return (
        f"<url><loc>https://press.example/news/{number}</loc><news:news><news:publication>"
        f"<news:name>صحيفة المدى التقني</news:name><news:language>ar</news:language></news:publication>"
        f"<news:publication_date>{stamp}</news:publication_date><news:title>{title or f'خبر تقني رقم {number}'}"
        f"</news:title></news:news><image:image><image:title>صورة المقال</image:title></image:image></url>"
    )


def sitemap(*entries: str) -> bytes:
    """A news sitemap of these."""
    return f'<?xml version="1.0"?><urlset {NAMESPACES}>{"".join(entries)}</urlset>'.encode()


def test_articles_of_a_news_sitemap() -> None:
    """Address, headline and date, in the document's order."""
    feed = parse_feed(sitemap(entry(2), entry(1, "إنفيديا &amp; هواوي")), None, URL)
    assert ("sitemap", "صحيفة المدى التقني", 0, False) == (
        feed.format,
        feed.title,
        feed.dropped,
        feed.truncated,
    )
    assert [
        ("https://press.example/news/2", "خبر تقني رقم 2", FIRST + timedelta(hours=2)),
        ("https://press.example/news/1", "إنفيديا & هواوي", FIRST + timedelta(hours=1)),
    ] == [(item.url, item.title, item.published) for item in feed.entries]
    assert ["https://press.example/news/2", "https://press.example/news/1"] == [
        item.key for item in feed.entries
    ]


def test_of_too_many_the_newest_stay() -> None:
    """A sitemap that begins with the oldest gives its newest articles, still in its order."""
    feed = parse_feed(sitemap(*(entry(number) for number in range(30))), None, URL, max_items=10)
    assert [f"https://press.example/news/{number}" for number in range(20, 30)] == [
        item.url for item in feed.entries
    ]
    assert 20 == feed.dropped


def test_pages_without_a_headline_are_left_out() -> None:
    """A mixed sitemap gives its news, and counts the rest."""
    other = "<url><loc>https://press.example/about</loc></url>"
    feed = parse_feed(sitemap(other, entry(1)), None, URL)
    assert (["https://press.example/news/1"], 1) == ([item.url for item in feed.entries], feed.dropped)


@pytest.mark.parametrize("prefix", ["sm:", ""])
def test_namespaces_may_be_anything(prefix: str) -> None:
    """Prefixed or none: what counts are the names."""
    namespaces = "xmlns:sm='x' xmlns:news='y' xmlns:image='z'" if prefix else "xmlns:news='y' xmlns:image='z'"
    inner = entry(1).replace("<url>", f"<{prefix}url>").replace("</url>", f"</{prefix}url>")
    inner = inner.replace("<loc>", f"<{prefix}loc>").replace("</loc>", f"</{prefix}loc>")
    feed = parse_feed(f"<{prefix}urlset {namespaces}>{inner}</{prefix}urlset>".encode(), None, URL)
    assert ["https://press.example/news/1"] == [item.url for item in feed.entries]


def test_a_quiet_outlet_has_an_empty_news_sitemap() -> None:
    """Nothing came out in two days: no failure."""
    assert ((), 0) == ((feed := parse_feed(sitemap(), None, URL)).entries, feed.dropped)


def test_a_sitemap_that_breaks_off_keeps_its_whole_entries() -> None:
    """Half an address is no address."""
    body = sitemap(entry(1), entry(2))
    feed = parse_feed(body[: body.rindex(b"news/2") + 4], None, URL)
    assert (True, ["https://press.example/news/1"]) == (feed.truncated, [item.url for item in feed.entries])


@pytest.mark.parametrize("children", ["<url><loc>https://press.example/a-long-story</loc></url>", ""])
def test_a_sitemap_without_headlines_is_refused(children: str) -> None:
    """Pages of any age without a headline are no news."""
    body = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{children}</urlset>'.encode()
    with pytest.raises(FeedParseError, match="a sitemap without headlines"):
        parse_feed(body, None, URL)


def test_an_index_names_what_to_write() -> None:
    """The sitemaps that changed last, newest first, and no more than a few."""
    children = "".join(
        f"<sitemap><loc>https://press.example/map-{day}.xml</loc><lastmod>2026-03-{day:02}</lastmod></sitemap>"
        for day in range(1, 10)
    )
    body = f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{children}</sitemapindex>'.encode()
    with pytest.raises(FeedParseError, match="an index of sitemaps") as refused:
        parse_feed(body, None, URL)
    assert refused.value.reason.endswith(
        "https://press.example/map-9.xml, https://press.example/map-8.xml, https://press.example/map-7.xml"
    )


def test_an_index_without_dates_names_its_news() -> None:
    """By the name, where nothing else tells."""
    names = ("posts", "pages", "google-news", "tags")
    children = "".join(f"<sitemap><loc>https://press.example/{name}.xml</loc></sitemap>" for name in names)
    with pytest.raises(FeedParseError, match=r"one of these: https://press\.example/google-news\.xml"):
        parse_feed(f"<sitemapindex>{children}</sitemapindex>".encode(), None, URL)


def test_an_empty_index_says_so() -> None:
    """There is nothing to write."""
    with pytest.raises(FeedParseError, match="names none"):
        parse_feed(b"<sitemapindex/>", None, URL)
