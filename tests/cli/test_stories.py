"""`rasid stories`: what operators are shown of stories, and what they are told when they edit them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from clitools import rasid

from rasid.app.context import load_config
from rasid.app.reread import account
from rasid.cli import cli
from rasid.cli.output import utc_now
from rasid.errors import RasidError
from storage import open_store
from tests.storage.builders import HOUR, article, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from click.testing import Result

    from rasid.types import Article
    from storage import Store

    Stories = Callable[..., Result]

FIRST, SECOND, LONE = "إنفيديا تعلن أرباحها", "أرباح إنفيديا تفوق التوقعات", "هواوي تطرح ساعة جديدة"


def seen(title: str, published: datetime, outlet: str, wire: str = "") -> Article:
    """An article that was seen when it was published."""
    return article(title=title, published=published, first_seen=published, outlet=outlet, wire=wire)


@pytest.fixture
def store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The database of the config folder, with two stories: 1 of the articles 1 to 3, and 2 of the article 4."""
    monkeypatch.chdir(folder.parent)
    start = utc_now().replace(microsecond=0) - timedelta(days=2)
    (folder.parent / "var").mkdir()
    with open_store("sqlite:///var/rasid.sqlite") as opened:
        opened.migrate()
        stored(opened, seen(FIRST, start, "نبأ", wire="reuters"))
        stored(opened, seen(SECOND, start + 3 * HOUR, "مدار"), story_id=1)
        stored(opened, seen(FIRST, start + 26.5 * HOUR, "مدار"), story_id=1, relation="near", original=1)
        stored(opened, seen(LONE, start + HOUR, "مدار"))
        yield opened


@pytest.fixture
def stories(store: Store, folder: Path) -> Stories:
    """`rasid stories …` within this process; what it raises is the test's to see."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(
            cli, ["--config", str(folder), "stories", *words], standalone_mode=False, catch_exceptions=False
        )

    return run


# ── what is shown ─────────────────────────────────────────────────────────────────────────────────


def test_list_shows_the_newest_first_with_the_headline_last(stories: Stories, store: Store) -> None:
    """Tab-separated where there is no terminal; the same as JSON, with the outlets' names."""
    rows = [line.split("\t") for line in stories("list").stdout.splitlines()]
    assert ["story", "last seen", "articles", "copies", "outlets", "headline"] == rows[0]
    first, lone = store.story(1), store.story(2)
    assert first is not None
    assert lone is not None
    assert [
        ["1", f"{first.last_at:%Y-%m-%d %H:%M}Z", "3", "1", "2", FIRST],
        ["2", f"{lone.last_at:%Y-%m-%d %H:%M}Z", "1", "0", "1", LONE],
    ] == rows[1:]
    told = json.loads(stories("list", "--json").stdout)
    assert [(1, ["نبأ", "مدار"], ["reuters"]), (2, ["مدار"], [])] == [
        (row["id"], row["outlets"], row["wires"]) for row in told
    ]


def test_list_takes_a_time_an_outlet_and_a_number(stories: Stories, folder: Path, store: Store) -> None:
    """An outlet goes by its name or its feed's id; one that no feed has is told with those there are."""
    feed = load_config(folder).feeds[0]
    stored(store, seen("خبر المنفذ", utc_now(), feed.name))

    def listed(*words: str) -> list[int]:
        return [row["id"] for row in json.loads(stories("list", "--json", *words).stdout)]

    assert [3, 1, 2] == listed() == listed("--since", "all")
    assert [3, 1] == listed("--limit", "2")
    assert [3] == listed("--since", "12h")
    assert [3] == listed("--outlet", feed.id) == listed("--outlet", feed.name)
    unknown = stories("list", "--outlet", "نبأ")
    assert "1\t" in unknown.stdout
    assert f"no feed is called نبأ; there are: {feed.id}, " in unknown.stderr


def test_a_time_that_is_none_is_a_matter_of_usage(stories: Stories) -> None:
    """The message shows what may be written."""
    done = CliRunner().invoke(cli, ["stories", "list", "--since", "yesterday"])
    assert 2 == done.exit_code
    assert "write 30d, 12h, 2w" in done.stderr


def test_show_tells_all_of_a_story(stories: Stories) -> None:
    """Outlets in order with their times, sources, why it is one story, each article with its reasons."""
    lines = stories("show", "1").stdout.splitlines()
    assert f"story 1: {FIRST}" == lines[0]
    assert "3 articles, 1 of them copies, 2 outlets:" == lines[2]
    assert [["first", "نبأ"], ["+3", "h", "مدار"]] == [line.split() for line in lines[3:5]]
    assert "reports of: Reuters" == lines[5]
    assert ["what brought each of them in:", "  1, 2, 3: a written reason"] == lines[6:8]
    articles = lines[lines.index("articles:") + 1 :]
    assert 12 == len(articles)
    assert articles[0].startswith("  1  ")
    assert articles[0].endswith("  new  نبأ  via Reuters")
    assert articles[8].endswith("  near of 1 (0.50)  مدار")
    assert ["      " + FIRST, "      a written reason"] == [articles[9], articles[11]]
    arabic = stories("show", "1", "--language", "ar").stdout
    assert "سبب مكتوب" in arabic
    assert "رويترز" in arabic
    assert "a written reason" not in arabic


def test_show_speaks_json(stories: Stories) -> None:
    """The story, its articles with both reasons in both languages, its edits."""
    stories("merge", "1", "2")
    told = json.loads(stories("show", "2", "--json").stdout)
    assert (2, 1, [2]) == (told["asked"], told["story"]["id"], told["story"]["merged"])
    assert [1, 4, 2, 3] == [one["id"] for one in told["articles"]]
    assert {"ar": "سبب مكتوب", "en": "a written reason"} == told["articles"][0]["story_why"]
    assert all(one["pinned"] for one in told["articles"])
    assert [("merge", 2, 1, [4])] == [
        (edit["kind"], edit["story_id"], edit["into_id"], edit["articles"]) for edit in told["edits"]
    ]


def test_find_shows_the_stories_of_a_name(stories: Stories) -> None:
    """The newest first, with a note where not all are shown; a word that nobody wrote finds nothing."""
    shown = stories("find", "إنفيديا").stdout.splitlines()
    assert ["1"] == [line.split("\t")[0] for line in shown[1:]]
    assert shown[1].endswith(FIRST)
    assert [2] == [row["id"] for row in json.loads(stories("find", "ساعة", "هواوي", "--json").stdout)]
    assert 1 == len(stories("find", "قهوة").stdout.splitlines())
    stories("split", "1", "2")
    some = stories("find", "ارباح", "--limit", "1")
    assert 2 == len(some.stdout.splitlines())
    assert "2 stories found, the newest 1 shown" in some.stderr


# ── what is edited ────────────────────────────────────────────────────────────────────────────────


def test_a_merge_is_told_in_one_line(stories: Stories) -> None:
    """First what would happen, then what did, then that it is done; the old id leads on and says so."""
    assert (
        "1 article of story 2 would be in 1; nothing changed\n"
        == stories("merge", "1", "2", "--dry-run").stdout
    )
    assert 1 == len(json.loads(stories("show", "2", "--json").stdout)["articles"])
    assert "1 article of story 2 is in 1 now\n" == stories("merge", "1", "2").stdout
    assert "story 2: in story 1 already; nothing changed\n" == stories("merge", "1", "2").stdout
    led = stories("show", "2")
    assert "story 2 is part of story 1 now\n" == led.stderr
    assert "merged into it: 2" in led.stdout
    assert "  pinned  " in led.stdout
    assert led.stdout.splitlines()[-1].endswith(f"  {account()}  merge: of story 2 went into 1: 4")


def test_several_stories_are_named(stories: Stories, store: Store) -> None:
    """As a person would say them."""
    stored(store, seen("خبر ثالث", utc_now(), "مدار"))
    assert "4 articles of stories 1 and 2 are in 3 now\n" == stories("merge", "3", "1", "2").stdout


def test_a_split_is_told_in_one_line(stories: Stories) -> None:
    """The copy that goes along is counted; the new story's id is told."""
    assert (
        "2 articles of story 1 would be in a new story; nothing changed\n"
        == stories("split", "1", "1", "--dry-run").stdout
    )
    assert "2 articles of story 1 are in 3 now\n" == stories("split", "1", "1").stdout
    assert "articles 1 and 3: in story 3 already; nothing changed\n" == stories("split", "1", "1", "3").stdout
    assert (
        stories("show", "1").stdout.splitlines()[-1].endswith("split: of story 1 was split off, into 3: 1, 3")
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("show", "9"), "there is no story 9; `rasid stories list`"),
        (("merge", "1", "1"), "cannot be merged with itself"),
        (("merge", "1", "9"), "there is no story 9"),
        (("split", "1", "4"), "not in story 1: 4 (it is in story 2); `rasid stories show 1`"),
        (("split", "2", "4"), "nothing would be left in story 2"),
    ],
)
def test_errors_tell_what_to_do(stories: Stories, words: tuple[str, ...], says: str) -> None:
    """Each with the numbers that are meant and the command that shows the right ones."""
    with pytest.raises(RasidError) as caught:
        stories(*words)
    assert says in str(caught.value)


def test_an_error_is_a_finding_for_the_shell(stories: Stories, folder: Path) -> None:
    """Exit code 1, the message on stderr, nothing on stdout, no traceback."""
    done = rasid("--config", str(folder), "stories", "show", "9", cwd=folder.parent)
    assert (1, "") == (done.returncode, done.stdout)
    assert "rasid: there is no story 9; `rasid stories list` shows their ids\n" == done.stderr
