"""Feeds that Rasid gives, read again by feedparser, by lxml and by Rasid's own reader of feeds."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from alerts.feeds_out import WRITERS, OutFeed, OutItem, as_atom, as_json, as_rss, etag, feed_of, last_modified
from rasid.types import SUPPRESSED, Hit, Snippet
from sources.feeds import parse_feed
from tests.alerts.samples import HOSTILE, rich

if TYPE_CHECKING:
    from collections.abc import Callable

LABELS = {"nvidia": "إنفيديا", "huawei": "هواوي", "h20": "H20", "kunlun": "كونلون"}
SELF = "https://news.example/feeds/chips"
BASE = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
FORMATS = ("rss", "atom", "json")

# lxml's own parser says «DeprecationWarning» of nothing that is used here; feedparser does, of its own parts.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:feedparser")


def chips(self_url: str | None = SELF) -> OutFeed:
    """The feed of the sample digest's stories."""
    return feed_of("رقائق الذكاء الاصطناعي", "chips", rich(), LABELS, self_url, 50)


def one(title: str = "خبر", **more: object) -> OutFeed:
    """A feed of one entry."""
    item = OutItem(
        id="tag:news.example,2025:story/1",
        title=title,
        url="https://tech.example/1",
        content="<p>نص</p>",
        summary="نص",
        published=BASE,
        updated=BASE,
        outlets=("مدار",),
        terms=("هواوي",),
    )
    return OutFeed(
        "tag:news.example,2025:watchlist/chips", "قائمة", "وصف", SELF, BASE, (replace(item, **more),)
    )


def by_feedparser(content: bytes) -> feedparser.FeedParserDict:
    """As a feed reader in Python sees it; nothing in it may be malformed."""
    read = feedparser.parse(io.BytesIO(content))
    assert False is bool(read.bozo)
    return read


def by_us(kind: str, content: bytes) -> list[tuple[str, str]]:
    """Titles and addresses, as Rasid's own reader of feeds finds them."""
    types = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}
    read = parse_feed(content, types[kind], f"{SELF}.{kind}")
    return [(entry.title, entry.url) for entry in read.entries]


@pytest.mark.parametrize("kind", FORMATS)
def test_our_own_reader_finds_every_story(kind: str) -> None:
    """Each format gives all stories with a safe address to the reader that Rasid collects with."""
    feed = chips()
    assert len(rich().stories) == len(feed.items)
    assert [(item.title, item.url) for item in feed.items if item.url] == by_us(kind, WRITERS[kind](feed))


@pytest.mark.parametrize("write", [as_rss, as_atom])
def test_feedparser_reads_what_is_told(write: Callable[[OutFeed], bytes]) -> None:
    """Title, language, own address, ids, dates, outlets and terms arrive as they were meant."""
    feed = chips()
    read = by_feedparser(write(feed))
    assert (feed.title, "ar", SELF) == (
        read.feed.title,
        read.feed.language,
        next(link.href for link in read.feed.links if link.rel == "self"),
    )
    assert [item.id for item in feed.items] == [entry.id for entry in read.entries]
    assert [item.updated.timetuple()[:6] for item in feed.items] == [
        (entry.get("updated_parsed") or entry.published_parsed)[:6] for entry in read.entries
    ]
    assert [list(item.terms) for item in feed.items] == [
        [tag.term for tag in entry.tags] for entry in read.entries
    ]
    assert all(
        item.outlets[0] in str(entry.authors) for item, entry in zip(feed.items, read.entries, strict=True)
    )


def test_rss_and_atom_have_what_their_standards_demand() -> None:
    """RSS 2.0: version, title, link, description, guid that is no address. Atom: id, title, updated, author."""
    rss = etree.fromstring(as_rss(one()))
    assert ("2.0", "false") == (rss.get("version"), rss.find(".//guid").get("isPermaLink"))
    assert ["title", "link", "description", "language"] == [node.tag for node in rss[0][:4]]
    atom = etree.fromstring(as_atom(one()))
    names = {etree.QName(node).localname for node in atom}
    assert {"id", "title", "updated", "link", "author", "entry"} <= names
    assert "ar" == atom.get("{http://www.w3.org/XML/1998/namespace}lang")
    entry = {etree.QName(node).localname for node in atom.find("{*}entry")}
    assert {"id", "title", "updated", "published", "link", "author", "summary", "content"} <= entry


def test_json_feed_has_what_its_standard_demands() -> None:
    """Version 1.1 with ids, contents, dates and authors; no address where there is none."""
    read = json.loads(as_json(one(url=None)))
    assert "https://jsonfeed.org/version/1.1" == read["version"]
    assert SELF == read["feed_url"]
    assert {
        "id": "tag:news.example,2025:story/1",
        "title": "خبر",
        "content_html": "<p>نص</p>",
        "summary": "نص",
        "date_published": "2026-03-01T08:00:00Z",
        "date_modified": "2026-03-01T08:00:00Z",
        "authors": [{"name": "مدار"}],
        "tags": ["هواوي"],
    } == read["items"][0]


def test_an_entry_quotes_and_marks_and_names_its_outlets() -> None:
    """The content holds the snippet word for word with its hits marked, links to outlets, copies as names only."""
    story = next(
        story for story in rich().stories if any(seen.relation in SUPPRESSED for seen in story.appearances)
    )
    item = next(item for item in chips().items if item.id.endswith(f"story/{story.story_id}"))
    content = html.fromstring(item.content)
    shown = content.text_content().replace("\u2066", "").replace("\u2069", "")
    hit = story.snippets[0].hits[0]
    assert story.snippets[0].text in shown
    assert story.snippets[0].text[hit.start : hit.end] in [
        node.text_content() for node in content.iter("strong")
    ]
    linked = {node.get("href") for node in content.iter("a")}
    assert {seen.url for seen in story.appearances if seen.relation == "new"} <= linked
    assert linked.isdisjoint({seen.url for seen in story.appearances if seen.relation in SUPPRESSED})
    assert "نشرته كذلك" in shown


def test_a_latin_name_in_an_arabic_sentence_is_isolated() -> None:
    """The run stands between LRI and PDI, its mark inside, so that no reader turns what follows it."""
    story = rich().stories[0]
    quoted = replace(story, snippets=(Snippet("اشترت شركة رقائق H20 (الصينية).", (Hit(17, 20, "h20"),)),))
    feed = feed_of("قائمة", "chips", replace(rich(), stories=(quoted,)), LABELS, SELF, 50)
    assert "رقائق \u2066<strong>H20</strong>\u2069 (الصينية)" in feed.items[0].content


@pytest.mark.parametrize("kind", FORMATS)
def test_hostile_titles_stay_text(kind: str) -> None:
    """Script, mentions, overrides and lone surrogates in a headline or snippet are text, or gone (cases 68, 69)."""
    story = replace(
        rich().stories[0], headline=HOSTILE, url="javascript:alert(1)", snippets=(Snippet(HOSTILE, ()),)
    )
    content = WRITERS[kind](feed_of(HOSTILE, "chips", replace(rich(), stories=(story,)), LABELS, SELF, 50))
    assert b"javascript:alert" not in content
    assert kind == "json" or b"<script" not in content  # titles are plain text by the standard of JSON Feed
    item = feed_of("قائمة", "chips", replace(rich(), stories=(story,)), LABELS, SELF, 50).items[0]
    assert None is item.url
    assert [] == list(html.fromstring(item.content).iter("script"))
    assert not {"\u202e", "\u2028", "\r", "\n"} & set(item.title)


@given(st.text(max_size=60))
def test_any_title_makes_valid_feeds(title: str) -> None:
    """Whatever characters a headline or a list's name holds, XML and JSON stay well-formed, one entry in each."""
    story = replace(rich().stories[0], headline=title, snippets=(Snippet(title, ()),))
    feed = feed_of(title, "chips", replace(rich(), stories=(story,)), LABELS, SELF, 50)
    assert 1 == len(etree.fromstring(as_rss(feed)).findall(".//item"))
    assert 1 == len(etree.fromstring(as_atom(feed)).findall("{*}entry"))
    assert feed.items[0].title == json.loads(as_json(feed))["items"][0]["title"]


def test_ids_are_the_storys_and_the_hosts() -> None:
    """A changed headline or leading article is the same entry; two Rasids never give the same id."""
    story = rich().stories[0]
    told = replace(story, headline="عنوان آخر", url="https://other.example/9")

    def first(of: object, self_url: str | None) -> str:
        return feed_of("ق", "chips", replace(rich(), stories=(of,)), LABELS, self_url, 50).items[0].id  # type: ignore[arg-type]

    assert f"tag:news.example,2025:story/{story.story_id}" == first(story, SELF) == first(told, SELF)
    assert f"tag:rasid.invalid,2025:story/{story.story_id}" == first(story, None)


def test_entries_come_newest_first_and_bounded() -> None:
    """The order is that of the latest article, and no more entries than the limit."""
    feed = feed_of("قائمة", "chips", rich(), LABELS, SELF, 2)
    times = [item.updated for item in chips().items]
    assert sorted(times, reverse=True) == times
    assert times[:2] == [item.updated for item in feed.items]
    assert times[0] == feed.updated


def test_the_same_content_has_the_same_validators() -> None:
    """ETag and Last-Modified depend on what is told alone, and change with it."""
    for write in WRITERS.values():
        assert etag(write(one())) == etag(write(one()))
        assert etag(write(one())) != etag(write(one("خبر آخر")))
    assert '"' == etag(b"")[0] == etag(b"")[-1]
    later = one(updated=BASE + timedelta(hours=1))
    assert "Sun, 01 Mar 2026 08:00:00 GMT" == last_modified(one())
    assert "Sun, 01 Mar 2026 08:00:00 GMT" == last_modified(replace(later, updated=BASE))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_list_without_stories_has_a_valid_feed(kind: str) -> None:
    """No entries, no address of its own: still a feed, the same on every day."""
    empty = feed_of("قائمة", "chips", replace(rich(), stories=()), LABELS, None, 50)
    content = WRITERS[kind](empty)
    assert [] == by_us(kind, content)
    assert "Thu, 01 Jan 1970 00:00:00 GMT" == last_modified(empty)
