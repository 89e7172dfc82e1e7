"""OPML in and out: folders are categories, a list that Rasid wrote reads back as it was, hostile files are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from rasid.errors import FeedParseError
from rasid.types import Feed
from sources.opml import MAX_BYTES, read_opml, write_opml
from sources.plain import plain_line

if TYPE_CHECKING:
    from collections.abc import Sequence


def opml(body: str, version: str = "2.0") -> bytes:
    """A document around its outlines."""
    head = "<head><title>قائمتي</title></head>"
    return f'<?xml version="1.0" encoding="UTF-8"?><opml version="{version}">{head}<body>{body}</body></opml>'.encode()


def read(body: str) -> list[tuple[str, str, str]]:
    """Name, address and category of what a body lists."""
    return [(feed.name, feed.url, feed.category) for feed in read_opml(opml(body), "my.opml")]


def test_folders_become_categories() -> None:
    """Nested ones too; a feed outside of all is of the general category, or of the one that it names."""
    body = """
      <outline text="تقنية"><outline text="عتاد">
        <outline type="rss" text="المدار" title="المدار التقني" xmlUrl="https://almadar.example/feed" htmlUrl="https://almadar.example/"/>
      </outline><outline type="rss" text="الرقم" xmlUrl="https://raqm.example/rss"/></outline>
      <outline type="rss" text="الصدى" xmlUrl="https://sada.example/rss"/>
      <outline type="rss" text="البوصلة" xmlUrl="https://bawsala.example/rss" category="/اقتصاد/"/>
    """
    assert [
        ("المدار التقني", "https://almadar.example/feed", "تقنية/عتاد"),
        ("الرقم", "https://raqm.example/rss", "تقنية"),
        ("الصدى", "https://sada.example/rss", "general"),
        ("البوصلة", "https://bawsala.example/rss", "اقتصاد"),
    ] == read(body)


def test_version_1_is_read() -> None:
    """Feeds under `url`, an attribute in small letters, the readers' own scheme; a file of another encoding."""
    body = (
        '<outline type="rss" text="أ" url="https://a.example/rss"/>'
        '<outline text="ب" xmlurl="feed://b.example/rss"/>'
        '<outline type="link" text="رابط" url="https://c.example/"/>'
    )
    document = opml(body, "1.0").replace(b"UTF-8", b"windows-1256").decode().encode("cp1256")
    assert [("أ", "https://a.example/rss"), ("ب", "http://b.example/rss")] == [
        (feed.name, feed.url) for feed in read_opml(document, "old.opml")
    ]


def test_what_is_no_feed_is_passed_over() -> None:
    """Lists that are elsewhere are not fetched, links and notes are no feeds; names are plain text."""
    body = (
        '<outline type="include" text="x" xmlUrl="https://evil.example/list.opml" url="file:///etc/passwd"/>'
        '<outline text="ملاحظة"/><outline type="rss" text="بلا عنوان"/>'
        '<outline type="rss" text="&lt;b&gt;المدار&lt;/b&gt;&#x202e;" xmlUrl="https://a.example/rss"/>'
    )
    assert [("المدار", "https://a.example/rss", "general")] == read(body)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b"", "not valid XML"),
        ("قائمة".encode(), "not valid XML at line 1"),
        (b"<rss version='2.0'><channel/></rss>", "not an OPML file"),
        (b"<opml version='2.0'><head/></opml>", "not an OPML file"),
        (b"<opml version='2.0'><body><outline></body></opml>", "not valid XML at line 1"),
        (b"<!DOCTYPE opml><opml version='2.0'><body/></opml>", "declares a document type"),
        (b" " * (MAX_BYTES + 1), "larger than 5 MB"),
        (opml("<outline text='a'>" * 30 + "</outline>" * 30), "more than 20 levels"),
        (opml("<outline xmlUrl='https://a.example/'/>" * 2_001), "more than 2,000 feeds"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(document: bytes, says: str) -> None:
    """One error with the file's name and what is wrong with it."""
    with pytest.raises(FeedParseError, match=says) as caught:
        read_opml(document, "my.opml")
    assert str(caught.value).startswith("my.opml: ")


FEEDS = (
    Feed("almadar", "المدار «التقني» & Co", "https://almadar.example/feed?a=1&b=2", "tech"),
    Feed("raqm", "الرقم", "https://raqm.example/rss", "tech", enabled=False),
    Feed("sada", "الصدى", "https://sada.example/rss"),
    Feed("qism", "القسم", "https://qism.example/tech/", "tech", kind="page"),
    Feed("qism-2", "القسم", "https://qism.example/ai/", "tech", kind="page", links='div > a[href*="ai"]'),
)


def test_a_list_that_was_written_reads_back() -> None:
    """Ids, names, addresses, categories, what is off, section pages: all as they were, in their order."""
    assert FEEDS == read_opml(write_opml(FEEDS, "Rasid"), "x")


def test_other_readers_can_read_it() -> None:
    """OPML 2.0 as they know it: folders, feeds with text, type and xmlUrl; what else there is has a namespace."""
    root = etree.fromstring(write_opml(FEEDS, "Rasid"))
    assert ("opml", "2.0", "Rasid") == (root.tag, root.get("version"), root.findtext("head/title"))
    assert ["tech", None, "tech"] == [
        None if outline.get("xmlUrl") else outline.get("text") for outline in root.find("body")
    ]
    first = root.find("body/outline/outline")
    assert ("rss", FEEDS[0].url, FEEDS[0].name) == (first.get("type"), first.get("xmlUrl"), first.get("text"))
    known = {"text", "title", "type", "xmlUrl", "url"}
    assert all(
        name in known or name.startswith("{urn:")
        for outline in root.iter("outline")
        for name in outline.attrib
    )
    assert [] == [outline for outline in root.iter("outline") if outline.get("xmlUrl") == FEEDS[3].url]


names = st.text(
    st.characters(exclude_categories=["C", "Z"], include_characters=" ابجد&<>\"'"), min_size=1, max_size=30
).filter(lambda text: plain_line(text, limit=200) == text)
feeds = st.builds(
    Feed,
    id=st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True),
    name=names,
    url=st.from_regex(r"https?://[a-z]{1,9}\.example/[!-~]{0,20}", fullmatch=True),
    category=st.sampled_from(["general", "tech", "a/b"])
    | names.filter(lambda text: not text.startswith("/")),
    enabled=st.booleans(),
)


@given(st.lists(feeds, max_size=8))
def test_any_list_reads_back(listed: Sequence[Feed]) -> None:
    """The round trip, over names in any script and with any sign."""
    assert tuple(listed) == read_opml(write_opml(listed, "Rasid"), "x")
