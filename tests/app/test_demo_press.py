"""The pipeline on the demo press, held to what demo/expected.yaml says of each article."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from rasid.types import SUPPRESSED, CollectReport, DigestReport

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("press")


@dataclass
class Seen:
    """One article as the corpus holds it."""

    title: str
    text: str
    relation: str
    original: str | None
    story: int
    mentions: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


@pytest.fixture(scope="module")
def expected() -> dict[str, dict]:
    """What each article of the press should come to, by its id."""
    text = (ROOT / "demo" / "expected.yaml").read_text(encoding="utf-8")
    return YAML(typ="safe").load(text)


@pytest.fixture(scope="module")
def seen(collected: tuple) -> dict[str, Seen]:
    """What it came to."""
    with closing(sqlite3.connect(collected[0].database)) as db:
        rows = db.execute(
            "SELECT id, url, title, text, relation, original, story_id FROM articles"
        ).fetchall()
        names = {row[0]: row[1].rstrip("/").rsplit("/", 1)[-1].removesuffix(".html") for row in rows}
        articles = {names[row[0]]: Seen(*row[2:5], names.get(row[5]), row[6]) for row in rows}
        for article, term, text in db.execute(
            "SELECT article_id, term, text FROM mentions WHERE status = 'matched' OR status = 'uncertain'"
        ):
            articles[names[article]].mentions[term].append(text)
    return articles


def test_every_article_is_in_the_corpus_once(expected: dict, seen: dict[str, Seen]) -> None:
    """Nothing is lost and nothing is there twice; the 503 outlet has nothing."""
    assert sorted(expected) == sorted(seen)


def test_each_mention_is_found_and_no_other(expected: dict, seen: dict[str, Seen]) -> None:
    """Counts per term, in title and text together; a doubled page counts once, a sidebar not at all."""
    wanted = {key: dict(sorted(value.get("mentions", {}).items())) for key, value in expected.items()}
    found = {
        key: {term: len(spans) for term, spans in sorted(article.mentions.items())}
        for key, article in seen.items()
    }
    differing = {key: (wanted[key], found[key]) for key in wanted if wanted[key] != found[key]}
    assert {} == differing


def test_the_spans_are_the_names_alone(expected: dict, seen: dict[str, Seen]) -> None:
    """Clitics, ال, quotes and tickers' ornaments lie outside the span."""
    for key, value in expected.items():
        for term, surfaces in value.get("surfaces", {}).items():
            assert set(surfaces) == set(seen[key].mentions[term]), key


def test_copies_are_recognised_and_news_is_not_hidden(expected: dict, seen: dict[str, Seen]) -> None:
    """Each article's relation is the one written down; what is news is never suppressed."""
    differing = {
        key: (value["relation"], seen[key].relation)
        for key, value in expected.items()
        if value["relation"] != seen[key].relation
    }
    wrongly_hidden = [
        key for key, (want, got) in differing.items() if got in SUPPRESSED and want not in SUPPRESSED
    ]
    assert [] == wrongly_hidden
    assert {} == differing


def test_originals_belong_to_the_right_family(expected: dict, seen: dict[str, Seen]) -> None:
    """The original that is named is the article's root, or another member of its family."""

    def root(key: str) -> str:
        while expected[key].get("original"):
            key = expected[key]["original"]
        return key

    for key, value in expected.items():
        if value["relation"] != "new":
            original = seen[key].original
            assert original is not None, key
            assert root(key) == root(original), key


def test_one_event_is_one_story(expected: dict, seen: dict[str, Seen]) -> None:
    """Articles of one event share a story, whatever their words; other events do not."""
    events = {key: value["story"] for key, value in expected.items() if not value["story"].startswith("~")}
    stories = defaultdict(set)
    members = defaultdict(set)
    for key, event in events.items():
        stories[event].add(seen[key].story)
        members[seen[key].story].add(event)
    assert {} == {event: found for event, found in stories.items() if len(found) > 1}
    assert {} == {story: found for story, found in members.items() if len(found) > 1}


@pytest.mark.parametrize(
    "leak",
    ["اقرأ أيضا", "الأكثر قراءة", "اخترنا لك", "شارك", "جميع الحقوق محفوظة", "النشرة البريدية", "إعلان"],
)
def test_nothing_around_an_article_gets_into_it(seen: dict[str, Seen], leak: str) -> None:
    """Navigation, share bars, sidebars and disclaimers stay outside the text."""
    assert [] == [
        key
        for key, article in seen.items()
        if any(line.startswith(leak) for line in article.text.split("\n"))
    ]


def test_the_first_run_counts_what_it_did(
    collected: tuple[object, CollectReport, DigestReport], expected: dict
) -> None:
    """The summary agrees with the press: every feed, every page, every outcome once."""
    _, report, digest = collected
    assert 10 == len(report.feeds)
    assert ["sarab"] == [feed.feed_id for feed in report.feeds if feed.result == "failed"]
    assert "503" in str([feed.error for feed in report.feeds if feed.feed_id == "sarab"])
    assert len(expected) == report.fetched == report.stored
    assert (0, 0, ()) == (report.pending, report.known, report.failures)
    assert sum(value["relation"] in SUPPRESSED for value in expected.values()) == report.copies
    assert (1, ()) == (len(digest.composed), digest.failed)
    assert 1 == len(digest.files)


def test_the_digest_shows_all_four_terms_within_80_kb(
    collected: tuple[object, CollectReport, DigestReport],
) -> None:
    """What the analyst opens: right to left, each term, each cited outlet, small enough for mail."""
    page = Path(collected[2].files[0])
    html = page.read_text(encoding="utf-8")
    assert page.stat().st_size < 80_000
    assert 'dir="rtl"' in html
    for label in ("إنفيديا", "H20", "هواوي", "كونلون"):
        assert label in html
    assert "سراب" in html  # the feed that failed is named
    assert "جبال كونلون" not in html
    assert (page.parent / f"{page.stem}.txt").is_file()
