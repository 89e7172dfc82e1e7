"""Feeds added to feeds.yaml by machine: comments and layout stay, twins are refused, ids and names are made."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasid.config import parse_feeds, parse_watchlist
from rasid.config.feed_editing import add_feeds, importable, line_of_feed, listed_ids, new_id, new_name
from rasid.errors import EditError
from rasid.types import Feed

ROOT = Path(__file__).resolve().parents[2]
LISTED = """\
# موجزاتنا
feeds:
  - id: almadar # الأول
    name: المدار
    url: https://almadar.example/feed/

  # الثاني
  - id: raqm
    name: الرقم
    url: "https://raqm.example/rss"
    enabled: false
# النهاية
"""
ADDED = Feed("sada", "الصدى: تقنية", "https://sada.example/rss?a=1&b=2", "tech")


def feed(number: int) -> Feed:
    """One of many."""
    return Feed(f"new-{number}", f"جديد {number}", f"https://new-{number}.example/feed")


def test_a_feed_is_added_at_the_end_as_the_others_are() -> None:
    """A blank line and four lines, quoted where YAML needs it; every byte that was there is there."""
    lines = "\n  - id: sada\n    name: 'الصدى: تقنية'\n    url: https://sada.example/rss?a=1&b=2\n    category: tech\n"
    after = add_feeds(LISTED, [ADDED])
    assert LISTED.replace("    enabled: false\n", "    enabled: false\n" + lines) == after
    assert ADDED == parse_feeds(after, "feeds.yaml")[-1]


def test_the_projects_own_file_keeps_every_line() -> None:
    """The file that operators start from, with several feeds at once."""
    text = (ROOT / "config" / "feeds.yaml").read_text(encoding="utf-8")
    after = add_feeds(text, [feed(1), feed(2)])
    assert after.startswith(text.rstrip("\n"))
    chips = "watchlists/chips.yaml"
    watchlist = parse_watchlist((ROOT / "config" / chips).read_text(encoding="utf-8"), chips)
    assert (feed(1), feed(2)) == parse_feeds(after, "feeds.yaml", [watchlist])[-2:]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "feeds: [] # لا شيء بعد\n",
            "feeds:\n  - id: new-1\n    name: جديد 1\n    url: https://new-1.example/feed # لا شيء بعد\n",
        ),
        (
            "feeds:\n- {id: a, name: أ, url: https://a.example/}",
            (
                "feeds:\n- {id: a, name: أ, url: https://a.example/}\n"
                "- id: new-1\n  name: جديد 1\n  url: https://new-1.example/feed"
            ),
        ),
        (
            "feeds: [{id: a, name: أ, url: 'https://a.example/'}]\n",
            (
                "feeds: [{id: a, name: أ, url: 'https://a.example/'}, "
                "{id: new-1, name: جديد 1, url: https://new-1.example/feed}]\n"
            ),
        ),
        (
            "feeds:\r\n  -   id: a\r\n      name: أ\r\n      url: https://a.example/\r\n",
            (
                "feeds:\r\n  -   id: a\r\n      name: أ\r\n      url: https://a.example/\r\n"
                "  -   id: new-1\r\n      name: جديد 1\r\n      url: https://new-1.example/feed\r\n"
            ),
        ),
    ],
)
def test_other_layouts_are_kept(before: str, after: str) -> None:
    """An empty list, lists in brackets, no newline at the end, CRLF and wide dashes."""
    assert after == add_feeds(before, [feed(1)])


def test_all_that_a_list_can_hold_is_written() -> None:
    """A section page with its selector or found by itself, a feed that is off: each reads back as it was."""
    pages = [
        Feed("p1", "قسم", "https://p.example/tech", kind="page"),
        Feed("p2", "قسم", "https://p.example/ai", kind="page", links='div > a[href*="/ai/"]', enabled=False),
    ]
    after = add_feeds(LISTED, pages)
    assert tuple(pages) == parse_feeds(after, "feeds.yaml")[-2:]
    assert "    enabled: false\n# النهاية" in after


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ([Feed("raqm", "غيره", "https://other.example/")], "line 8: the feed id 'raqm' is taken"),
        (
            [Feed("new", "غيره", "http://almadar.example/feed")],
            r"line 5: http://almadar\.example/feed is listed already \(id almadar\)",
        ),
        ([feed(1), feed(1)], "the feed id 'new-1' is taken"),
        ([feed(1), Feed("x", "x", feed(1).url)], r"is listed already \(id new-1\)"),
    ],
)
def test_twins_are_refused_at_their_line(more: list[Feed], says: str) -> None:
    """An id or an address that is there, however its scheme and its last slash are written."""
    with pytest.raises(EditError, match=says):
        add_feeds(LISTED, more)


@pytest.mark.parametrize("text", ["# nothing\n", "feeds:\n", "feeds: {a: 1}\n", "feeds: [\n"])
def test_a_file_without_a_list_is_refused(text: str) -> None:
    """Nothing is guessed: the operator is told what to write."""
    with pytest.raises(EditError, match=r"write `feeds: \[\]`|mend this first"):
        add_feeds(text, [feed(1)])


def test_nothing_to_add_changes_nothing() -> None:
    """The text as it was."""
    assert add_feeds(LISTED, []) == LISTED


names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1).filter(
    lambda text: text == text.strip() and text.strip() != ""
)


@given(st.lists(names, min_size=1, max_size=3))
def test_any_name_is_written_so_that_it_reads_back(named: list[str]) -> None:
    """Or is refused with the character that no file may hold; never another name, never a broken file."""
    more = [Feed(f"new-{number}", name, feed(number).url) for number, name in enumerate(named)]
    try:
        after = add_feeds(LISTED, more)
    except EditError as error:
        assert "holds a character that a file may not hold" in error.message  # noqa: PT017 - both outcomes are right
        return
    assert tuple(more) == parse_feeds(after, "feeds.yaml")[2:]


def test_ids_and_lines_of_a_file() -> None:
    """Those of searches are taken, too; a feed that one search made stands on no line."""
    text = LISTED + "  - {id: news, name: بحث, google_news: [chips]}\n"
    assert {"almadar", "raqm", "news"} == listed_ids(text)
    assert [3, 8, 0] == [line_of_feed(LISTED, name) for name in ("almadar", "raqm", "news-nvidia")]


# ── foreign lists ─────────────────────────────────────────────────────────────────────────────────


def test_a_foreign_list_is_sorted_out() -> None:
    """What is new comes with an id of its own; what is there, twice there, or no address is told."""
    added, skipped = importable(
        LISTED,
        [
            Feed("raqm", "غيره", "https://other.example/rss", "tech"),
            Feed("", "", "https://www.sada.example/feed"),
            Feed("ok", "سليم", "https://ok.example/?q={a b}"),
            Feed("../../etc", "ملتو", "https://crafted.example/rss"),
            Feed("", "المدار", "http://almadar.example/feed"),
            Feed("", "مكرر", "https://other.example/rss/"),
            Feed("", "ملف", "file:///etc/passwd"),
            Feed("", "نسبي", "../feeds.yaml"),
        ],
    )
    assert [
        Feed("other", "غيره", "https://other.example/rss", "tech"),
        Feed("sada", "sada.example", "https://www.sada.example/feed"),
        Feed("ok", "سليم", "https://ok.example/?q=%7Ba%20b%7D"),
        Feed("crafted", "ملتو", "https://crafted.example/rss"),
    ] == added
    assert [
        "http://almadar.example/feed is listed already (id almadar)",
        "https://other.example/rss/ stands twice in the file",
        "not an http or https address: 'file:///etc/passwd'",
        "not an http or https address: '../feeds.yaml'",
    ] == skipped
    assert tuple(added) == parse_feeds(add_feeds(LISTED, added), "feeds.yaml")[2:]


# ── ids and names ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("url", "title", "expected"),
    [
        ("https://almadar.example/feed/", "", "almadar"),
        ("https://www.almadar.example/feed/", "", "almadar"),
        ("https://feeds.almadar.com.sa/rss", "", "almadar"),
        ("https://tech.almadar.com/rss", "", "tech-almadar"),
        ("https://feeds.feedburner.com/AlmadarTech", "Almadar Tech المدار", "almadar-tech"),
        ("http://127.0.0.1:8080/feed", "", "127-0-0-1"),
        ("https://xn--mgbb.xn--mgb2ddes/feed", "Almadar", "almadar"),
        ("https://xn--mgbb.xn--mgb2ddes/feed", "المدار", "xn--mgbb"),
        (f"https://{'a' * 63}.{'b' * 60}.com/", "", "a" * 3 + "-" + "b" * 60),
    ],
)
def test_an_id_is_made_of_the_host(url: str, title: str, expected: str) -> None:
    """Without what all hosts have; of the title where the host says nothing; never longer than an id may be."""
    assert expected == new_id(url, set(), title)


def test_an_id_that_is_taken_gets_its_section_then_a_number() -> None:
    """Feeds of one portal are told apart by what they are about."""
    taken: set[str] = set()
    made = []
    for _ in range(4):
        made.append(new_id("https://almadar.example/rss/technology.xml", taken))
        taken.add(made[-1])
    assert ["almadar", "almadar-technology", "almadar-2", "almadar-3"] == made


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("المدار", "المدار"),
        ("المدار | بوابة العرب إلى التقنية", "المدار"),
        ("التقنية – المدار", "المدار"),
        ("أخبار التقنية - المدار", "المدار"),
        ("Almadar » Feed", "Almadar"),
        ("RSS Feed - المدار", "المدار"),
        ("خلاصات المدار", "المدار"),
        ("أخبار التقنية", "أخبار التقنية"),
        ("آي-فون إسلام", "آي-فون إسلام"),
        ("RSS", "almadar.example"),
        ("", "almadar.example"),
    ],
)
def test_a_name_is_the_outlets(title: str, expected: str) -> None:
    """Without tagline, section and the word RSS; the host where nothing is left."""
    assert expected == new_name(title, "https://www.almadar.example/feed/")
