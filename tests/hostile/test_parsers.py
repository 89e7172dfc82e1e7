"""Cases 28 to 36 and 40: documents that are weapons against whoever reads them."""

from __future__ import annotations

import asyncio
import json
import sys
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from rasid.errors import FeedParseError
from rasid.types import Feed, ParsedFeed
from sources.feeds import parse_feed
from sources.workers import Workers
from tests.hostile.hostile_press import Site, http, item, page, rss, watch

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://press.example/feed"
FEED = Feed("press", "صحيفة", URL)
GOOD = rss(item("https://press.example/1")).encode()
LIMIT = 25.0  # seconds in all, start of the workers included: far above what any of this needs


def read(*bodies: bytes, cpu: int = 3) -> list[ParsedFeed | FeedParseError]:
    """What a pool of one worker makes of some bodies, one after the other."""

    async def run() -> list[ParsedFeed | FeedParseError]:
        with Workers(processes=1, cpu=cpu) as workers:
            outcomes: list[ParsedFeed | FeedParseError] = []
            for body in bodies:
                try:
                    outcomes.append(await workers.parse_feed(body, None, URL, FEED))
                except FeedParseError as error:
                    outcomes.append(error)
            return outcomes

    return asyncio.run(run())


def with_doctype(doctype: str, title: str = "&a;") -> str:
    """A feed whose title is an entity."""
    return f'<?xml version="1.0"?><!DOCTYPE rss {doctype}>{rss(item("https://press.example/1", title))[21:]}'


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
ENTITIES = {
    "028 billion laughs": with_doctype(f'[<!ENTITY l0 "ها">{LAUGHS}]', "&l11;"),
    "029 quadratic": with_doctype(f'[<!ENTITY a "{"ها" * 50_000}">]', "&a;" * 50_000),
    "030 a file": with_doctype('[<!ENTITY a SYSTEM "file:///etc/passwd">]'),
    "030 parameters": with_doctype('[<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]', "x"),
    "030 in small letters": with_doctype('[<!entity a system "file:///etc/passwd">]'),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("document", ENTITIES.values(), ids=ENTITIES)
def test_028_029_030_entities(document: str, encoding: str) -> None:
    """A document that defines any is refused before a parser sees it, in whatever it is encoded."""
    with pytest.raises(FeedParseError, match="defines entities"):
        parse_feed(document.encode(encoding), None, URL)


@pytest.mark.parametrize(
    "doctype",
    ['SYSTEM "{0}"', 'PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "{0}"'],
    ids=["system", "public"],
)
def test_030_external_definitions_are_not_fetched(doctype: str) -> None:
    """A feed that names a DTD elsewhere is read without it."""
    with Site({}) as site:
        body = with_doctype(doctype.format(site.url("/rss.dtd")), "إنفيديا").encode()
        feed = parse_feed(body, None, URL)
    assert (["إنفيديا"], []) == ([entry.title for entry in feed.entries], site.asked)


NESTED = {
    "031 in the channel": rss("<a>" * 350_000),
    "031 in an item": rss(item("https://press.example/1", extra="<b>" * 350_000)),
    "031 closed": rss("<a>" * 150_000 + "</a>" * 150_000),
    "032 escaped": rss(
        item("https://press.example/1", extra=f"<description>{'&lt;div&gt;' * 100_000}</description>")
    ),
    "032 escaped again": rss(
        item("https://press.example/1", extra=f"<description>{'&amp;lt;i&amp;gt;' * 60_000}</description>")
    ),
    "032 in a title": rss(item("https://press.example/1", "&lt;" * 200_000 + "إنفيديا")),
    "032 comments": rss(item("https://press.example/1", "&lt;!--" * 200_000)),
    "035 attributes": rss(
        "<item " + "".join(f"a{n}='' " for n in range(150_000)) + "><title>x</title></item>"
    ),
    "035 namespaces": rss("<item " + "".join(f"xmlns:a{n}='b' " for n in range(60_000)) + "></item>"),
    "035 a long token": rss(f"<item a='{'x' * 5_000_000}'></item>"),
    "035 a long comment": rss(f"<!--{'- ' * 2_500_000}-->"),
    "035 a declaration": f"<!DOCTYPE rss [{'<!ELEMENT a (b)>' * 150_000}]>{rss()[21:]}",
    "035 blank": rss(item("https://press.example/1", "إنفيديا" + " " * 4_000_000 + "x")),
    "035 declarations": rss()[:21] + "<?xml " * 600_000,
    "035 ends": rss("</rss " * 600_000),
    "035 an open comment": rss("<!--" * 1_000_000),
    "035 open cdata": rss("<item><title><![CDATA[" * 200_000),
}


@pytest.mark.parametrize("document", NESTED.values(), ids=NESTED)
def test_031_032_035_work_without_end(document: str) -> None:
    """It is read, or given up at its limit; either way the next feed is read, and soon."""
    started = monotonic()
    outcome, after = read(document.encode(), GOOD)
    assert monotonic() - started < LIMIT
    assert isinstance(outcome, ParsedFeed) or outcome.reason
    assert isinstance(after, ParsedFeed)
    assert ["https://press.example/1"] == [entry.url for entry in after.entries]


@pytest.mark.parametrize("wrap", ["{}", "<![CDATA[{}]]>"], ids=["text", "cdata"])
def test_033_a_title_of_100_mb(wrap: str) -> None:
    """It is cut to a headline's length, and its neighbour is whole."""
    title = wrap.format("إنفيديا " * 6_700_000)
    body = rss(item("https://press.example/1", title), item("https://press.example/2")).encode()
    assert len(body) > 100_000_000
    [feed] = read(body, cpu=10)
    assert isinstance(feed, ParsedFeed)
    assert ["https://press.example/1", "https://press.example/2"] == [entry.url for entry in feed.entries]
    assert feed.entries[0].title.startswith("إنفيديا إنفيديا")
    assert 400 <= len(feed.entries[0].title) <= 500


@pytest.mark.parametrize("form", ["rss", "json", "sitemap"])
def test_034_items_without_number(form: str) -> None:
    """Of 20,000 some hundred are taken, and the rest is counted."""
    links = [f"https://press.example/{number}" for number in range(20_000)]
    if form == "rss":
        body = rss(*(item(link, f"خبر {number}") for number, link in enumerate(links)))
    elif form == "json":
        items = [{"id": link, "url": link, "title": "خبر تقني"} for link in links]
        body = json.dumps({"version": "https://jsonfeed.org/version/1", "items": items})
    else:
        inner = "".join(
            f"<url><loc>{link}</loc><n:news><n:title>خبر</n:title></n:news></url>" for link in links
        )
        body = f'<urlset xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">{inner}</urlset>'
    [feed] = read(body.encode())
    assert isinstance(feed, ParsedFeed)
    assert (300, 19_700, links[0]) == (len(feed.entries), feed.dropped, feed.entries[0].url)


_seen: list[str] = []
_watching = False


def _audit(event: str, args: tuple[object, ...]) -> None:
    if _watching and event in ("open", "socket.connect", "socket.getaddrinfo", "urllib.Request"):
        _seen.append(f"{event} {args[0]!r}")


sys.addaudithook(_audit)


@pytest.mark.parametrize(
    "kind", ["path", "relative path", "file address", "web address", "web address in a line"]
)
def test_036_a_body_that_names_a_document(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is text: nothing is opened, nobody is asked; by the interpreter's own account."""
    global _watching  # noqa: PLW0603 - an audit hook stays for good
    monkeypatch.chdir(tmp_path)
    (tmp_path / "feed.xml").write_bytes(GOOD)
    with Site({"/feed": http(GOOD)}) as site:
        body = {
            "path": str(tmp_path / "feed.xml"),
            "relative path": "feed.xml",
            "file address": f"file://{tmp_path}/feed.xml",
            "web address": site.url("/feed"),
            "web address in a line": f"  {site.url('/feed')}\n",
        }[kind]
        _seen.clear()
        _watching = True
        try:
            with pytest.raises(FeedParseError, match="not a feed"):
                parse_feed(body.encode(), None, URL)
        finally:
            _watching = False
    assert ([], []) == (_seen, site.asked)


FORBIDDEN = ["\x00", "\x0b", "\x1f", "\ufffe", "\ud800", "\udfff"]


@pytest.mark.parametrize("form", ["json", "references", "raw"])
@pytest.mark.parametrize("character", FORBIDDEN, ids=[f"U+{ord(character):04X}" for character in FORBIDDEN])
def test_040_characters_that_cannot_be_stored(character: str, form: str, tmp_path: Path) -> None:
    """They are gone from title and text before the database sees them, and what stood around them is there."""
    with Site({}) as site:
        link, title = site.url("/a"), f"إنفي{character}ديا تعرض معالجا"
        if form == "json":
            items = [{"id": f"1{character}", "url": link, "title": title, "content_text": title}]
            body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode()
        elif form == "references":
            body = rss(
                item(link, title.replace(character, f"&#{ord(character)};"), "<guid>1</guid>")
            ).encode()
        else:
            body = rss(item(link, title)).encode("utf-8", "surrogatepass")
        site.answers |= {
            "/feed": http(body),
            "/a": http(
                page().replace("معالج جديد", f"معا{character}لج جديد").encode("utf-8", "surrogatepass")
            ),
        }
        rasid = watch(tmp_path, site.url("/feed"))
        report = rasid.collect()
    assert (1, ()) == (report.stored, report.failures)
    [article] = rasid.articles()
    assert not set(FORBIDDEN) & set(article.title + article.text)
    assert article.title.replace("\ufffd", "").endswith("ديا تعرض معالجا")
    assert "مخصص لمراكز البيانات" in article.text
