"""Feeds of every kind become entries; what is no feed is refused by name."""

from __future__ import annotations

import builtins
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from rasid.errors import FeedParseError
from sources.feeds import parse_feed

URL = "https://press.example/feed.xml"
TITLE = "إنفيديا تكشف عن رقاقة جديدة"
WHEN = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)

RSS = f"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>صحيفة تجريبية</title>
<item><title>{TITLE}</title><link>/news/1</link><guid isPermaLink="false">n-1</guid>
<pubDate>Wed, 04 Mar 2026 12:30:00 +0300</pubDate><dc:creator>ليلى حداد</dc:creator>
<description>موجز</description><content:encoded><![CDATA[<p>نص كامل للخبر</p>]]></content:encoded></item>
</channel></rss>"""
ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>صحيفة تجريبية</title>
<entry><title type="html">{TITLE}</title><id>n-1</id><link href="https://press.example/news/1"/>
<updated>2026-03-04T09:30:00Z</updated><author><name>ليلى حداد</name></author>
<content type="html">&lt;p&gt;نص كامل للخبر&lt;/p&gt;</content></entry></feed>"""
RDF = f"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>صحيفة تجريبية</title></channel>
<item rdf:about="n-1"><title>{TITLE}</title><link>https://press.example/news/1</link>
<dc:date>2026-03-04T09:30:00Z</dc:date><dc:creator>ليلى حداد</dc:creator>
<description>&lt;p&gt;نص كامل للخبر&lt;/p&gt;</description></item></rdf:RDF>"""
JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "صحيفة تجريبية",
        "items": [
            {
                "id": "n-1",
                "url": "/news/1",
                "title": TITLE,
                "content_html": "<p>نص كامل للخبر</p>",
                "date_published": "2026-03-04T12:30:00+03:00",
                "authors": [{"name": "ليلى حداد"}],
            }
        ],
    }
)


def feed_of(*items: str) -> bytes:
    """An RSS feed with these items."""
    return f"<rss version='2.0'><channel><title>ت</title>{''.join(items)}</channel></rss>".encode()


def item(**parts: str) -> str:
    """An RSS item with title and link, unless told otherwise."""
    values = {"title": TITLE, "link": "https://press.example/1"} | parts
    return "<item>" + "".join(f"<{name}>{value}</{name}>" for name, value in values.items()) + "</item>"


@pytest.mark.parametrize(
    ("document", "kind"),
    [(RSS, "rss20"), (ATOM, "atom10"), (RDF, "rss10"), (JSON, "json")],
    ids=lambda x: x[:5],
)
def test_formats(document: str, kind: str) -> None:
    """Every format gives the same entry."""
    feed = parse_feed(document.encode(), None, URL)
    [entry] = feed.entries
    assert (feed.format, feed.title, feed.encoding, feed.dropped) == (kind, "صحيفة تجريبية", "utf-8", 0)
    assert (entry.key, entry.url, entry.title) == ("n-1", "https://press.example/news/1", TITLE)
    assert (entry.published, entry.author) == (WHEN, "ليلى حداد")
    assert entry.summary == "<p>نص كامل للخبر</p>"


@pytest.mark.parametrize("declared", ["windows-1256", "utf-8", None])
@pytest.mark.parametrize("content_type", ["text/xml; charset=utf-8", "text/xml", None])
def test_cp1256_is_read_whatever_is_declared(declared: str | None, content_type: str | None) -> None:
    """Windows-1256, declared, undeclared or called UTF-8."""
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    body = (declaration + RSS.partition("?>")[2]).encode("cp1256")
    feed = parse_feed(body, content_type, URL)
    assert (feed.encoding, feed.entries[0].title) == ("cp1256", TITLE)


def test_utf8_called_cp1256_is_read() -> None:
    """The label in the declaration does not turn UTF-8 into mojibake."""
    body = RSS.replace('encoding="utf-8"', 'encoding="windows-1256"').encode()
    assert parse_feed(body, "text/xml; charset=windows-1256", URL).entries[0].title == TITLE


@pytest.mark.parametrize(
    "document",
    [
        "\ufeff\n\n  " + RSS,
        RSS.replace("موجز", "بحث & تطوير"),
        RSS.replace("موجز", "مو\x00\x0bجز"),
        RSS[: RSS.index("</channel>")],
    ],
    ids=["BOM and blank lines", "raw ampersand", "control characters", "cut off"],
)
def test_faulty_documents_keep_their_items(document: str) -> None:
    """What browsers and readers forgive is forgiven."""
    assert [TITLE] == [entry.title for entry in parse_feed(document.encode(), None, URL).entries]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty body"),
        (b" \n ", "empty body"),
        (b"<!doctype html><html><body>x</body></html>", "HTML page"),
        (b"<!-- x -->\n<HTML lang='ar'>", "HTML page"),
        (b'{"error": "not found"}', "JSON without the version"),
        (b"[1, 2]", "JSON without the version"),
        (b'{"version": "https://jsonfeed.org/version/1"', "JSON that breaks off"),
        (b"[" * 100_000, "cannot be read: RecursionError"),
        (b"\x1f\x8b\x08\x00", "compressed or binary"),
        (b"just a line of text", "not a feed"),
        (b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>", "not a feed"),
        (b"<!DOCTYPE r [<!ENTITY a 'x'>]><rss><channel/></rss>", "defines entities"),
        ("<!DOCTYPE r [<!entity a SYSTEM 'file:///etc/passwd'>]><rss/>".encode("utf-16"), "defines entities"),
    ],
)
def test_what_is_no_feed_is_refused(body: bytes, reason: str) -> None:
    """A failure with its name, never a feed without entries."""
    with pytest.raises(FeedParseError, match=reason):
        parse_feed(body, None, URL)


def test_feed_without_items_is_a_feed() -> None:
    """An empty channel is no failure."""
    assert parse_feed(feed_of(), None, URL).entries == ()


@pytest.mark.parametrize("body", [b"/etc/hostname", b"https://press.example/", b"file:///etc/passwd"])
def test_body_that_equals_a_path_opens_nothing(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The body is text to parse, not a name to open."""
    opened: list[Any] = []
    monkeypatch.setattr(builtins, "open", lambda *args, **_: opened.append(args))
    with pytest.raises(FeedParseError, match="not a feed"):
        parse_feed(body, None, URL)
    assert opened == []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (item(title="<![CDATA[<b>رقاقة</b>\n &amp; معالج]]>"), "رقاقة & معالج"),
        (item(title="\u202eرقاقة\u2069 جديدة"), "رقاقة جديدة"),
        (item(title="&lt;!channel&gt; رقاقة"), "<!channel> رقاقة"),
        (item(title="رقاقة " * 10_000), ("رقاقة " * 84)[:500].rstrip()),
    ],
    ids=["tags", "bidi", "slack", "long"],
)
def test_titles_are_plain(raw: str, expected: str) -> None:
    """One line of text, whatever stood in the feed."""
    assert expected == parse_feed(feed_of(raw), None, URL).entries[0].title


@pytest.mark.parametrize(
    "raw",
    [
        item(title=""),
        item(title="<![CDATA[<img src='x'/>]]>"),
        item(link=""),
        item(link="javascript:alert(1)"),
        item(link="https://user:pw@press.example/"),
        item(link="https://press.example/" + "x" * 3000),
    ],
    ids=["no title", "only a picture", "no link", "script", "userinfo", "long"],
)
def test_useless_items_are_counted(raw: str) -> None:
    """An item without title or address is dropped, and the rest of the feed stays."""
    feed = parse_feed(feed_of(raw, item(link="https://press.example/2")), None, URL)
    assert (["https://press.example/2"], 1) == ([entry.url for entry in feed.entries], feed.dropped)


def test_keys_are_unique_and_bounded() -> None:
    """The GUID, the URL where it is missing or shared, a hash where it is long; a repeated item counts once."""
    one, two, three, four = (f"https://press.example/{n}" for n in range(1, 5))
    feed = parse_feed(
        feed_of(
            item(link=one, guid="same"),
            item(link=two, guid="same"),
            item(link=two, guid="same"),
            item(link=three),
            item(link=four, guid="x" * 900),
        ),
        None,
        URL,
    )
    assert ["same", two, three] == [entry.key for entry in feed.entries[:3]]
    assert (64, 1) == (len(feed.entries[3].key), feed.dropped)


def test_items_past_the_cap_are_counted() -> None:
    """A feed of thousands gives its first entries."""
    items = [item(link=f"https://press.example/{n}") for n in range(50)]
    feed = parse_feed(feed_of(*items), None, URL, max_items=20)
    assert (20, 30, "https://press.example/0") == (len(feed.entries), feed.dropped, feed.entries[0].url)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Wed, 04 Mar 2026 12:30:00 +0300", WHEN),
        ("2026-03-04T09:30:00Z", WHEN),
        ("Wed, 04 Mar 26 09:30:00 GMT", WHEN),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("01-01-2024", None),
        ("1704096000", None),
        ("غدا", None),
        ("", None),
    ],
)
def test_dates_are_plausible_or_absent(raw: str, expected: datetime | None) -> None:
    """A guess is no date."""
    assert expected == parse_feed(feed_of(item(pubDate=raw)), None, URL).entries[0].published


def test_summary_is_bounded_in_bytes() -> None:
    """A body of megabytes is cut at a whole character."""
    summary = parse_feed(feed_of(item(description="رقاقة " * 100_000)), None, URL).entries[0].summary
    assert 199_990 <= len(summary.encode()) <= 200_000


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 7},
        {"title": 5},
        {"url": ["x"]},
        {"authors": "x"},
        {"authors": [1]},
        {"date_published": 12},
        {"id": None},
    ],
)
def test_json_feed_of_wrong_types_does_not_break(changes: dict[str, Any]) -> None:
    """Foreign JSON holds anything."""
    document = json.loads(JSON)
    document["items"] += [document["items"][0] | changes, "no object", None]
    assert parse_feed(json.dumps(document).encode(), None, URL).entries[0].title == TITLE
