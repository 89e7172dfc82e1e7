"""Cases 31 and 37–41: pages that bite the parser, hide their text, or are no pages."""

from __future__ import annotations

import asyncio
import gzip
import time
import zlib
from typing import TYPE_CHECKING

import pytest

from rasid.config import parse_feeds
from rasid.errors import ConfigError, ExtractError
from sources.workers import Workers
from tests.hostile.hostile_press import PARAGRAPHS, Site, http, item, page, rss, watch

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://press.example/news/1"
HTML = "Content-Type: text/html; charset=utf-8"
PROSE = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
SUMMARY = (
    "<description><![CDATA["
    + "".join(f"<p>موجز الصحيفة: {line}</p>" for line in PARAGRAPHS)
    + "]]></description>"
)


def outcome(*bodies: str) -> tuple[list[str], float]:
    """What each page gave in a worker (its first word, or why nothing), and the seconds that all took."""

    async def scenario(bodies: tuple[str, ...]) -> list[str]:
        found = []
        for body in bodies:
            try:
                found.append((await workers.extract(body.encode(), URL)).text.split()[0])
            except ExtractError as error:
                found.append(error.reason)
        return found

    with Workers(processes=1, cpu=1, wall=6) as workers:
        asyncio.run(scenario((page(),)))  # the workers' own start is not what is measured
        began = time.perf_counter()
        return asyncio.run(scenario(bodies)), time.perf_counter() - began


@pytest.mark.parametrize(
    "nest",
    [
        "<div>" * 200_000,
        "<p><b>" * 150_000,
        "<table><tr><td>" * 60_000,
        "<font color=red>" * 60_000,
        "<ul><li>" * 100_000,
        "<div class=share>" * 60_000,
        "<div><b>اقرأ أيضا</b><a href=x>y</a>" * 20_000,
        "<p>" + "<span>x</span>" * 70_000,
        "<h1>إنفيديا تعرض معالجا</h1>" * 30_000,
        f"<div {' '.join(f'a{number}=1' for number in range(80_000))}>",
        "<script type='application/ld+json'>" + "[" * 500_000,
        "<script type='application/json'>" + '{"a":' * 200_000,
        "<title>" * 100_000,
        "<!--" * 200_000,
        "<time datetime='" + "1" * 1_000_000 + "'>",
    ],
    ids=lambda nest: nest[:20],
)
def test_031_a_megabyte_of_nesting(nest: str) -> None:
    """Read, refused or killed, each in bounded time; the next page is read as ever."""
    [_, second], seconds = outcome(f"<html><body>{nest}{PROSE}", page())
    assert second == PARAGRAPHS[0].split()[0]
    assert seconds < 12


def test_037_colspan_bomb(tmp_path: Path) -> None:
    """With text beside it the page is read; without, the feed's own text serves and is called so."""
    bomb = "<table>" + "<tr><td colspan=100000 rowspan=100000>x</td></tr>" * 100 + "</table>"
    with Site({"/text": http(page("إنفيديا أولا", *PARAGRAPHS, bomb), HTML)}) as site:
        site.answers["/bare"] = http(f"<html><body>{bomb}</body></html>", HTML)
        items = item(site.url("/text"), "إنفيديا أولا"), item(site.url("/bare"), "إنفيديا ثانيا", SUMMARY)
        site.answers["/feed"] = http(rss(*items), "Content-Type: application/rss+xml")
        rasid = watch(tmp_path, site.url("/feed"))
        began = time.perf_counter()
        rasid.collect()
        seconds = time.perf_counter() - began
    found = {article.title: (article.source, article.text.split(":")[0]) for article in rasid.articles()}
    assert found["إنفيديا أولا"][0] == "page"
    assert found["إنفيديا ثانيا"] == ("feed", "موجز الصحيفة")
    assert seconds < 20


@pytest.mark.parametrize("levels", [300, 1_000, 20_000])
def test_038_deep_nesting(levels: int) -> None:
    """The text, or a failure that names the depth; never an article without it."""
    [found], _ = outcome(f"<html><body>{'<div>' * levels}{PROSE}{'</div>' * levels}</body></html>")
    assert found == PARAGRAPHS[0].split()[0] or "levels deep" in found
    assert levels > 300 or "levels deep" not in found


@pytest.mark.parametrize(
    "compress",
    [
        gzip.compress,
        zlib.compress,
        lambda raw: b"\x28\xb5\x2f\xfd" + zlib.compress(raw),
        lambda raw: bytes(byte ^ 0xA5 for byte in zlib.compress(raw)),
    ],
    ids=["gzip", "zlib", "zstd", "brotli"],
)
def test_039_compressed_without_a_label(compress, tmp_path: Path) -> None:
    """Compressed bytes never become an article's text: the feed's own serves."""
    body = compress((page() * 20).encode())
    with Site({"/a": http(body, HTML)}) as site:
        site.answers["/feed"] = http(
            rss(item(site.url("/a"), extra=SUMMARY)), "Content-Type: application/rss+xml"
        )
        rasid = watch(tmp_path, site.url("/feed"))
        rasid.collect()
    assert [("feed", "موجز الصحيفة")] == [(a.source, a.text.split(":")[0]) for a in rasid.articles()]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(x|xx)*y", "(.*,){9}z", "(?:ا|ا؟)+ب"])
def test_041_patterns_that_backtrack(pattern: str) -> None:
    """An outlet's pattern that could take for ever is refused with its line, before it meets any page."""
    text = f"feeds:\n  - {{id: a, name: أ, url: 'https://press.example/feed', boilerplate: ['{pattern}']}}\n"
    with pytest.raises(ConfigError) as caught:
        parse_feeds(text, "feeds.yaml")
    assert [("feeds.yaml", 2)] == [(problem.file, problem.line) for problem in caught.value.problems]


def test_041_harmless_patterns_stay() -> None:
    """What cannot backtrack far is an operator's to write."""
    text = "feeds:\n  - {id: a, name: أ, url: 'https://press.example/feed', boilerplate: ['^خاص بالصحيفة']}\n"
    assert parse_feeds(text, "feeds.yaml")[0].rules.boilerplate
