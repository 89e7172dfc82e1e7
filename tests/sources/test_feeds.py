"""Feeds of every kind become entries; what is no feed is refused by name."""

from __future__ import annotations

import base64
import builtins
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from rasid.errors import FeedParseError
from rasid.types import OutletRules
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


FEEDBURNER = (
    "<item><title>ت</title><link>https://proxy.example/9</link><feedburner:origLink "
    "xmlns:feedburner='http://rssnamespace.org/feedburner/ext/1.0'>https://press.example/9</feedburner:origLink></item>"
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
    [
        (RSS, "rss20"),
        (RSS.replace('version="2.0"', 'version="0.91"'), "rss091u"),
        (ATOM, "atom10"),
        (
            ATOM.replace(
                'xmlns="http://www.w3.org/2005/Atom"', 'version="0.3" xmlns="http://purl.org/atom/ns#"'
            ),
            "atom03",
        ),
        (RDF, "rss10"),
        (RDF.replace("http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/"), "rss090"),
        (JSON, "json"),
        (JSON.replace("version/1.1", "version/1"), "json"),
    ],
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
        (b"<opml version='2.0'><body/></opml>", "not a feed"),
        (
            b"<?xml version='1.0'?>\n<!DOCTYPE html>\n<html xmlns='http://www.w3.org/1999/xhtml'/>",
            "HTML page",
        ),
        (b"<!---->" * 2_000 + b"<p>", "not a feed"),
        (
            b"<rss version='2.0'><channel><title>x</title><item><title>y",
            "breaks off before the end of its first",
        ),
        (
            b'{"version": "https://jsonfeed.org/version/1", "items": [{"id": "1", "ti',
            "breaks off before the end",
        ),
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
        ("الأربعاء، 4 آذار/مارس 2026 12:30:00 +0300", WHEN),
        ("Wed, 04 Mar 2026 12:30:00 AST", datetime(2026, 3, 4, tzinfo=UTC)),
        ("2026-03-04 12:30:00", datetime(2026, 3, 4, tzinfo=UTC)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("01-01-2024", None),
        ("1704096000", None),
        ("غدا", None),
        ("", None),
    ],
)
def test_dates_are_plausible_or_absent(raw: str, expected: datetime | None) -> None:
    """A guess is no date; a time whose zone is not known is a day."""
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


@pytest.mark.parametrize(
    ("raw", "rules", "expected"),
    [
        ("Wed, 04 Mar 2026 12:30:00 AST", OutletRules(timezone="Asia/Riyadh"), WHEN),
        ("2026-03-04 12:30", OutletRules(timezone="Asia/Riyadh"), WHEN),
        ("Wed, 04 Mar 2026 09:30:00 GMT", OutletRules(timezone="Asia/Riyadh"), WHEN),
        ("04-03-2026", OutletRules(date_format="%d-%m-%Y"), datetime(2026, 3, 4, tzinfo=UTC)),
    ],
)
def test_an_outlets_rules_date_what_can_be_misread(raw: str, rules: OutletRules, expected: datetime) -> None:
    """Its zone for times without one, its format for days that could be two."""
    assert expected == parse_feed(feed_of(item(pubDate=raw)), None, URL, rules).entries[0].published


@pytest.mark.parametrize(
    ("document", "guid"),
    [(RSS, "</item>"), (ATOM, "</entry>"), (RDF, "</item>")],
    ids=["rss", "atom", "rdf"],
)
def test_a_document_that_breaks_off_keeps_its_whole_items(document: str, guid: str) -> None:
    """Half an item, with half an address, is none; that it broke off is said."""
    end = document.index(guid) + len(guid)
    start = document.rindex("<" + guid[2:-1], 0, end)
    half = document[:end] + document[start : start + len(document[start:end]) // 2]
    feed = parse_feed(half.encode(), None, URL)
    assert (True, ["https://press.example/news/1"]) == (feed.truncated, [entry.url for entry in feed.entries])
    assert not parse_feed(document.encode(), None, URL).truncated


def test_json_that_breaks_off_keeps_its_whole_items() -> None:
    """The same in JSON."""
    document = json.loads(JSON)
    document["items"] *= 2
    text = json.dumps(document)
    feed = parse_feed(text[:-40].encode(), None, URL)
    assert (True, "صحيفة تجريبية", ["n-1"]) == (
        feed.truncated,
        feed.title,
        [entry.key for entry in feed.entries],
    )


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("<ttl>45</ttl>", 2_700),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>", None),
        ("<ttl>5</ttl><sy:updatePeriod>daily</sy:updatePeriod>", 300),
        ("<ttl>-5</ttl>", None),
        ("<ttl>inf</ttl>", None),
        ("<ttl>soon</ttl><sy:updatePeriod>often</sy:updatePeriod>", None),
        ("", None),
    ],
)
def test_how_often_a_feed_wants_to_be_asked(head: str, expected: float | None) -> None:
    """In seconds, where it says so."""
    body = (
        "<rss version='2.0' xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'><channel>"
        f"<title>x</title><link>/ar/</link>{head}{item()}</channel></rss>"
    )
    feed = parse_feed(body.encode(), None, URL)
    assert (expected, "https://press.example/ar/") == (feed.ttl, feed.home)


def test_the_page_among_several_links() -> None:
    """Of an Atom entry's links the one to its page, against the base that the document names."""
    links = (
        '<link rel="self" href="self.xml"/><link rel="alternate" type="application/pdf" href="one.pdf"/>'
        '<link rel="alternate" type="text/html" href="one"/><link rel="alternate" hreflang="en" href="en"/>'
        '<link rel="enclosure" href="one.mp3"/>'
    )
    document = ATOM.replace('<link href="https://press.example/news/1"/>', links)
    document = document.replace("<feed ", '<feed xml:base="https://cdn.example/ar/" ')
    assert "https://cdn.example/ar/one" == parse_feed(document.encode(), None, URL).entries[0].url


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (item(link="", guid="https://press.example/9"), "https://press.example/9"),
        (
            '<item><title>ت</title><guid isPermaLink="false">9</guid><enclosure url="/9.mp3" type="a/b"/></item>',
            "/9.mp3",
        ),
        ("<item><title>ت</title><guid>9</guid><enclosure url='/9.mp3' type='a/b'/></item>", "/9.mp3"),
        (
            FEEDBURNER,
            "/9",
        ),
    ],
    ids=["guid", "enclosure", "guid that is no address", "feedburner"],
)
def test_an_items_address(raw: str, expected: str) -> None:
    """Its own page, before a redirector's; a GUID that is an address; at last what it encloses."""
    [entry] = parse_feed(feed_of(raw), None, URL).entries
    assert expected.removeprefix("https://press.example") == entry.url.removeprefix("https://press.example")


def test_xhtml_content() -> None:
    """Markup that is part of the document is the text's markup."""
    content = '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>نص كامل</p></div></content>'
    document = ATOM.partition("<content")[0] + content + "</entry></feed>"
    assert "<p>نص كامل</p>" in parse_feed(document.encode(), None, URL).entries[0].summary


def test_titles_of_pictures_are_not_the_items() -> None:
    """Media modules repeat the names of an item's elements."""
    media = (
        "<m:content xmlns:m='http://search.yahoo.com/mrss/' url='1.jpg'><m:title>صورة</m:title></m:content>"
    )
    for raw in (item().replace("<title>", media + "<title>"), item().replace("</item>", media + "</item>")):
        assert TITLE == parse_feed(feed_of(raw), None, URL).entries[0].title


def test_an_item_without_a_title_begins_with_its_text() -> None:
    """Short messages have none; at a word's end."""
    text = "رقاقة جديدة تصل إلى الأسواق " * 10
    [entry] = parse_feed(feed_of(item(title="", description=f"<![CDATA[<p>{text}</p>]]>")), None, URL).entries
    assert entry.title.endswith("…")
    assert text.startswith(entry.title[:-1] + " ")
    assert 100 <= len(entry.title) <= 121


def test_doubly_encoded_fields_are_repaired_one_by_one() -> None:
    """The title of one item, the summary of another, and nothing of the rest."""
    spoilt = TITLE.encode().decode("cp1256")
    accents = "تقرير «Le Café» عن الهاتف"
    body = feed_of(
        item(title=spoilt), item(link="/2", title=accents, description=spoilt), item(link="/3", title=accents)
    )
    entries = parse_feed(body, None, URL).entries
    assert [(TITLE, ""), (accents, TITLE), (accents, "")] == [
        (entry.title, entry.summary) for entry in entries
    ]


def test_what_a_server_prints_before_the_feed_is_skipped() -> None:
    """A warning of the program that made it."""
    body = "<br />\n<b>Warning</b>: file_get_contents() in /srv/feed.php on line 3\n" + RSS
    assert [TITLE] == [entry.title for entry in parse_feed(body.encode(), None, URL).entries]


def google_item(
    link: str, title: str = f"{TITLE} - صحيفة المدى", when: str = "Wed, 04 Mar 2026 09:30:00 GMT"
) -> str:
    """An item as Google News writes it."""
    title = f"{TITLE} - صحيفة المدى"
    return (
        f"<item><title>{title}</title><link>{link}</link><guid isPermaLink='false'>{link[-9:]}</guid>"
        f"<pubDate>{when}</pubDate><description>&lt;a href='{link}'&gt;{title}&lt;/a&gt;</description>"
        f"<source url='https://press.example'>صحيفة المدى</source></item>"
    )


def test_google_news_gives_the_publishers_page() -> None:
    """Where its link holds it; the headline without the outlet's name, the outlet beside it, no text of others."""
    token = base64.urlsafe_b64encode(b"\x08\x13\x22\x17https://press.example/1\xd2\x01\x00").decode()
    [entry] = parse_feed(
        feed_of(google_item(f"https://news.google.com/rss/articles/{token}")), None, URL
    ).entries
    assert ("https://press.example/1", "https://press.example/1") == (entry.key, entry.url)
    assert (TITLE, "صحيفة المدى", "") == (entry.title, entry.outlet, entry.summary)


def test_google_news_that_hides_it_is_known_by_what_it_says() -> None:
    """Title, outlet and day are the key, for the link changes; another day's is another item."""
    token = "https://news.google.com/rss/articles/CBMiAU_yq"
    one, again, later = (
        parse_feed(feed_of(google_item(token + tail, when=when)), None, URL).entries[0]
        for tail, when in (
            ("LP1", "Wed, 04 Mar 2026 09:30:00 GMT"),
            ("LP2", "Wed, 04 Mar 2026 09:31:00 GMT"),
            ("LP1", "Thu, 05 Mar 2026 09:30:00 GMT"),
        )
    )
    assert token + "LP1" == one.url
    assert (one.key, one.outlet, TITLE) == (again.key, "صحيفة المدى", again.title)
    assert one.key != later.key


def test_other_feeds_name_no_outlet() -> None:
    """A <source> elsewhere says where a text was found, not whose it is."""
    raw = item().replace("</item>", "<source url='https://x.example'>وكالة</source></item>")
    assert "" == parse_feed(feed_of(raw), None, URL).entries[0].outlet


@pytest.mark.parametrize(
    "reference", ["&#xD800;", "&#55296;", "&#x110000;", "&#1114112;", f"&#{'9' * 6_000};", "&#0;"]
)
def test_impossible_references_cost_one_character(reference: str) -> None:
    """Not the item, nor the feed."""
    entries = parse_feed(
        feed_of(item(title=f"رقاقة{reference}"), item(link="/2", title="&#1573;")), None, URL
    ).entries
    assert ["رقاقة", "إ"] == [entry.title for entry in entries]
