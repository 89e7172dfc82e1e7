"""Feeds and mentions out of a real archive."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from lxml import html

from rasid.app.context import Rasid
from rasid.app.export import MentionRow, mention_rows, story_feed, watchlist_feed, whole_file, write_feeds
from rasid.config import parse_config
from rasid.errors import RasidError
from rasid.types import Mention
from storage.exports import Wanted
from tests.storage.builders import DAY, HOUR, NOW, WHY, article, mention, stored

if TYPE_CHECKING:
    from pathlib import Path

    from rasid.types import Article, Status
    from storage import Store

SELF = "https://news.example/feeds/chips.rss"
FILES = {
    "settings.yaml": "# every default\n",
    "feeds.yaml": "feeds: []\n",
    "subscriptions.yaml": "subscriptions: []\n",
    "watchlists/chips.yaml": """\
name: رقائق
terms:
  - {id: nvidia, label: إنفيديا, forms: [إنفيديا]}
  - {id: h20, label: H20, codes: [H20]}
""",
    "watchlists/firms.yaml": """\
name: شركات
terms:
  - {id: huawei, label: هواوي, forms: [هواوي]}
""",
}
TEXT = "عقدت الشركة مؤتمرها السنوي. كشفت إنفيديا عن رقاقة H20 جديدة للسوق الصينية! وارتفع سهمها بعده."


@pytest.fixture
def rasid(store: Store) -> Rasid:
    """An empty archive with two watchlists."""
    return Rasid(parse_config(FILES), store)


def at(
    hours: float, title: str = "رقاقة جديدة من إنفيديا", outlet: str = "مدار", text: str = TEXT
) -> Article:
    """An article, so many hours before now."""
    time = NOW - hours * HOUR
    return article(title=title, text=text, outlet=outlet, published=time, first_seen=time)


def named(term: str, word: str, status: Status = "matched", text: str = TEXT) -> Mention:
    """A mention of a word of the text."""
    start = text.index(word)
    return Mention(term, "text", start, start + len(word), word, status, word, WHY)


def titles(rasid: Rasid, watchlist: str = "chips") -> list[str]:
    """The entries of a list's feed."""
    feed = watchlist_feed(rasid, watchlist, NOW, SELF)
    assert feed is not None
    return [item.title for item in feed.items]


# ── feeds ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_watchlists_feed_tells_of_its_terms_newest_first(rasid: Rasid) -> None:
    """Each list has its own stories; what is uncertain, old, or another list's is not among them."""
    stored(rasid.store, at(5, "خبر أقدم"), named("nvidia", "إنفيديا"))
    stored(rasid.store, at(1, "خبر أحدث"), named("h20", "H20"))
    stored(rasid.store, at(2, "خبر غير مؤكد"), named("h20", "H20", "uncertain"))
    stored(rasid.store, at(24 * 91, "خبر قديم"), named("h20", "H20"))
    stored(rasid.store, at(3, "خبر عن هواوي"), mention("huawei"))
    assert ["خبر أحدث", "خبر أقدم"] == titles(rasid)
    assert ["خبر عن هواوي"] == titles(rasid, "firms")
    assert None is watchlist_feed(rasid, "none", NOW, SELF)


def test_a_storys_entry_quotes_and_hides_its_copies(rasid: Rasid) -> None:
    """One entry a story: the sentence with the names, links to its news, copies named and not linked."""
    first = stored(rasid.store, at(3), named("nvidia", "إنفيديا"), named("h20", "H20"))
    copy = at(2, outlet="نبأ")
    stored(
        rasid.store,
        copy,
        named("nvidia", "إنفيديا"),
        relation="exact",
        original=first.id,
        story_id=first.story_id,
    )
    feed = watchlist_feed(rasid, "chips", NOW, SELF)
    assert feed is not None
    (item,) = feed.items
    content = html.fromstring(item.content)
    shown = content.text_content().translate({0x2066: None, 0x2069: None})
    assert f"tag:news.example,2025:story/{first.story_id}" == item.id
    assert "كشفت إنفيديا عن رقاقة H20 جديدة للسوق الصينية!" in shown
    assert ["إنفيديا", "H20"] == [node.text for node in content.iter("strong")]
    assert ["مدار"] == [node.text for node in content.iter("a")]
    assert "نشرته كذلك: نبأ" in shown
    assert {"إنفيديا", "H20"} == set(item.terms)
    assert copy.url not in item.content


def test_a_storys_feed_has_its_articles(rasid: Rasid) -> None:
    """An entry for each article that is no copy, whether it names a term or not; a merged story leads on."""
    first = stored(rasid.store, at(3, "الأول"), named("nvidia", "إنفيديا"))
    stored(rasid.store, at(2, "الثاني", text="نص بلا أسماء."), story_id=first.story_id)
    stored(rasid.store, at(1, "نسخة"), relation="near", original=first.id, story_id=first.story_id)
    other = stored(rasid.store, at(0, "قصة أخرى"))
    feed = story_feed(rasid, first.story_id, NOW, SELF)
    assert feed is not None
    assert ["الثاني", "الأول"] == [item.title for item in feed.items]
    assert ["نص بلا أسماء.", "كشفت إنفيديا عن رقاقة H20 جديدة للسوق الصينية!"] == [
        item.summary for item in feed.items
    ]
    assert [(), ("إنفيديا",)] == [item.terms for item in feed.items]
    rasid.store.merge_stories(first.story_id, [other.story_id], "sara", NOW)
    merged = story_feed(rasid, other.story_id, NOW, SELF)
    assert merged is not None
    assert "قصة أخرى" == merged.items[0].title
    assert None is story_feed(rasid, 999, NOW, SELF)


def test_feeds_are_written_whole_with_an_index(rasid: Rasid, tmp_path: Path) -> None:
    """Three files a list and a story, each with its own address, and a page that links them all."""
    first = stored(rasid.store, at(3), named("nvidia", "إنفيديا"))
    written = write_feeds(
        rasid, tmp_path / "out", NOW, base="https://news.example/f/", stories=[first.story_id]
    )
    names = sorted(str(path.relative_to(tmp_path / "out")) for path in written)
    kinds = ("atom", "json", "rss")
    assert (
        sorted(
            [f"{name}.{kind}" for name in ("chips", "firms", "stories/1") for kind in kinds] + ["index.html"]
        )
        == names
    )
    assert sorted(names) == sorted(
        str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()
    )
    read = json.loads((tmp_path / "out" / "chips.json").read_text("utf-8"))
    assert "https://news.example/f/chips.json" == read["feed_url"]
    index = html.fromstring((tmp_path / "out" / "index.html").read_text("utf-8"))
    assert set(names) - {"index.html"} == {node.get("href") for node in index.iter("a")}


def test_no_feed_is_written_where_a_story_is_unknown(rasid: Rasid, tmp_path: Path) -> None:
    """The error names the story, and nothing is there that was not."""
    with pytest.raises(RasidError, match="no story 7"):
        write_feeds(rasid, tmp_path / "out", NOW, base=None, stories=[7])
    assert not (tmp_path / "out").exists()


def test_a_file_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    """Whatever breaks off the writing, the old file stays, and nothing lies beside it."""
    path = tmp_path / "mentions.csv"
    path.write_text("old")
    with pytest.raises(TypeError), whole_file(path) as file:
        file.writelines([b"half", None])  # type: ignore[list-item]
    assert ["mentions.csv"] == [one.name for one in tmp_path.iterdir()]
    assert "old" == path.read_text()
    with whole_file(path) as file:
        file.write(b"new")
    assert "new" == path.read_text()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The error names the file and the system's reason."""
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(RasidError, match=r"mentions\.csv cannot be written: "),
        whole_file(tmp_path / "file" / "mentions.csv"),
    ):
        pass


# ── mentions ──────────────────────────────────────────────────────────────────────────────────────


def test_a_row_holds_what_was_found_and_where(rasid: Rasid) -> None:
    """Every column of a mention: article, times in UTC, term with its list, offsets, reason, sentence."""
    one = at(3)
    stored(rasid.store, one, named("h20", "H20"))
    (row,) = mention_rows(rasid, Wanted(), "en")
    start = TEXT.index("H20")
    assert (
        MentionRow(
            article=1,
            url=one.url,
            outlet="مدار",
            title="رقاقة جديدة من إنفيديا",
            published="2026-03-01T05:00:00Z",
            first_seen="2026-03-01T05:00:00Z",
            language="ar",
            relation="new",
            original=None,
            story=1,
            term="h20",
            watchlist="chips",
            form="H20",
            text="H20",
            field="text",
            start=start,
            end=start + 3,
            status="matched",
            why="a written reason",
            sentence="كشفت إنفيديا عن رقاقة H20 جديدة للسوق الصينية!",
        )
        == row
    )


def test_a_sentence_is_that_of_its_own_mention(rasid: Rasid) -> None:
    """Of several mentions each has its own sentence; a title is told whole, a long sentence around the mention."""
    long = f"{'كلمة ' * 200}إنفيديا {'كلمة ' * 200}"
    text = f"أعلنت إنفيديا نتائجها. {long}"
    late = text.rindex("إنفيديا")
    stored(
        rasid.store,
        at(3, text=text),
        mention(),
        named("nvidia", "إنفيديا", text=text),
        Mention("nvidia", "text", late, late + 7, "إنفيديا", "matched", "إنفيديا", WHY),
    )
    title, first, second = [row.sentence for row in mention_rows(rasid, Wanted())]
    assert ("رقاقة جديدة من إنفيديا", "أعلنت إنفيديا نتائجها.") == (title, first)
    assert "إنفيديا" in second
    assert len(second) <= 260
    assert second.startswith("…")
    assert second.endswith("…")


def test_a_term_that_is_gone_has_no_list(rasid: Rasid) -> None:
    """Mentions of a term that no list holds any more are exported all the same."""
    stored(rasid.store, at(30 * 24), mention("gone"))
    assert [("gone", "", WHY.ar)] == [
        (row.term, row.watchlist, row.why) for row in mention_rows(rasid, Wanted(since=NOW - 60 * DAY))
    ]
