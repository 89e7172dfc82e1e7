"""A changed watchlist reads the archive again: what it finds, what it leaves, and how that comes into a digest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from rasid.app import reread
from rasid.app.collect import collect
from rasid.app.context import Rasid, open_rasid
from rasid.app.digest import run_digest
from rasid.app.reread import account, reread_archive
from rasid.app.summary import collect_lines
from rasid.config import parse_config
from rasid.types import CollectReport, Reread
from storage import open_store, schema
from storage.engine import reading
from tests.storage.builders import DAY, HOUR, NOW, article, stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rasid.types import Mention
    from storage import Store

NVIDIA = "  - {id: nvidia, label: إنفيديا, forms: [إنفيديا]}\n"
HUAWEI = "  - {id: huawei, label: هواوي, forms: [هواوي]}\n"
BOTH = NVIDIA + HUAWEI


@dataclass
class Archive:
    """A store and the operators' lists; each change is what the next run sees."""

    store: Store
    lists: dict[str, str]  # name → its terms
    collect: str = ""  # settings of the collect

    def write(self, terms: str, name: str = "chips") -> None:
        """Put a list into the config folder."""
        self.lists[name] = terms

    def opened(self) -> Rasid:
        """What a run opens."""
        files = {
            f"watchlists/{name}.yaml": f"name: قائمة\nterms:\n{terms}" for name, terms in self.lists.items()
        }
        settings = {"settings.yaml": f"collect: {{{self.collect}}}", "feeds.yaml": "feeds: []"}
        config = parse_config({**files, **settings, "subscriptions.yaml": "subscriptions: []"})
        return Rasid(config, self.store)

    def keep(self, text: str, *, age: timedelta = HOUR) -> int:
        """Store an article that was first seen so long ago, with what the lists find now; its id."""
        found = self.opened().matcher.find(text, "خبر")
        return stored(self.store, article(title="خبر", text=text, first_seen=NOW - age), *found).id

    def reread(self) -> tuple[Reread, ...]:
        """The last part of a collect."""
        return reread_archive(self.opened(), clock=lambda: NOW).rereads

    def told(self, article_id: int) -> list[tuple[str, str, bool]]:
        """An article's mentions: term, text, and whether it was found late."""
        return [(one.term, one.text, one.late) for one in self.store.mentions(article_id)]

    def rows(self, article_id: int) -> dict[str, tuple[int, str, str]]:
        """By what was found: the row's id, its status, and the version of the list that found it."""
        columns = schema.mentions.c
        query = select(columns.text, columns.id, columns.status, columns.list_version)
        with reading(self.store._engine) as connection:
            rows = connection.execute(query.where(columns.article_id == article_id)).all()
        return {row.text: (row.id, row.status, row.list_version) for row in rows}

    def version(self, name: str = "chips") -> str:
        """The version of a list as it is now."""
        return next(one.version for one in self.opened().config.watchlists if one.id == name)


@pytest.fixture
def archive(store: Store) -> Archive:
    """An archive whose first collect has seen the list."""
    made = Archive(store, {"chips": BOTH})
    assert () == made.reread()
    return made


# ── nothing to read ───────────────────────────────────────────────────────────────────────────────


def test_the_first_collect_notes_the_lists_and_reads_nothing(store: Store) -> None:
    """An archive from before there were versions was read with the lists as they are."""
    archive = Archive(store, {"chips": BOTH, "phones": "  - {id: mate, label: ميت, forms: [ميت برو]}\n"})
    held = stored(store, article(text="تبيع إنفيديا بطاقات"))
    assert () == archive.reread()
    assert [] == store.mentions(held.id)
    assert [(name, archive.version(name), account(), NOW, NOW) for name in ("chips", "phones")] == [
        (one.watchlist, one.version, one.who, one.seen_at, one.reread_done)
        for one in store.watchlist_versions()
    ]


def test_an_unchanged_list_reads_nothing(archive: Archive) -> None:
    """No version is noted again, and the stage is not told of."""
    report = reread_archive(archive.opened(), clock=lambda: NOW)
    assert CollectReport() == report
    assert 1 == len(archive.store.watchlist_versions())


@pytest.mark.parametrize(
    "terms",
    [
        pytest.param(BOTH + "  # للفريق\n", id="a comment"),
        pytest.param(BOTH.replace("label: هواوي", "label: شركة هواوي, importance: 3"), id="a label"),
        pytest.param(
            BOTH.replace("]}", "], notes: x, examples: {match: [خبر إنفيديا وهواوي]}}"), id="examples"
        ),
        pytest.param(HUAWEI + NVIDIA, id="another order"),
    ],
)
def test_what_does_not_change_matching_reads_nothing(archive: Archive, terms: str) -> None:
    """The version is noted, and no article is read."""
    held = archive.keep("تبيع إنفيديا بطاقات")
    archive.write(terms)
    assert (Reread("chips", terms=(), articles=0, finished=True),) == archive.reread()
    assert [("nvidia", "إنفيديا", False)] == archive.told(held)
    assert [archive.version(), NOW] == [
        getattr(archive.store.watchlist_versions()[-1], name) for name in ("version", "reread_done")
    ]
    assert () == archive.reread()


# ── what a change finds ───────────────────────────────────────────────────────────────────────────


def test_an_added_form_finds_its_mentions_late(archive: Archive) -> None:
    """In the articles of the last days only; what was found before keeps its row and the version that found it."""
    new = archive.keep("قال جنسن هوانغ إن إنفيديا تنمو")
    old = archive.keep("زار جنسن هوانغ الرياض", age=31 * DAY)
    other = archive.keep("تبيع هواوي هواتف")
    before = archive.rows(new)
    archive.write(BOTH.replace("[إنفيديا]", "[إنفيديا, جنسن هوانغ]"))
    assert (Reread("chips", ("nvidia",), articles=1, gained=1, finished=True),) == archive.reread()
    assert [("nvidia", "إنفيديا", False), ("nvidia", "جنسن هوانغ", True)] == archive.told(new)
    assert [] == archive.told(old)
    assert [("huawei", "هواوي", False)] == archive.told(other)
    after = archive.rows(new)
    assert before["إنفيديا"] == after["إنفيديا"]
    assert ("matched", archive.version()) == after["جنسن هوانغ"][1:]


@pytest.mark.parametrize(
    ("added", "found"),
    [
        pytest.param("{id: new, label: ج, forms: [كونلون]}", ["كونلون"], id="a term"),
        pytest.param("{id: new, label: ج, codes: [H20], near: [رقائق]}", ["H20"], id="a code"),
        pytest.param("{id: new, label: ج, query: {all: [حظر, رقائق]}}", ["حظر", "رقائق"], id="words"),
        pytest.param("{id: new, label: ج, query: {term: nvidia}}", ["إنفيديا"], id="a term that is there"),
        pytest.param(
            "{id: new, label: ج, query: {all: [{term: nvidia}], none: [ألعاب]}}",
            ["إنفيديا"],
            id="terms alone",
        ),
        pytest.param(
            "{id: new, label: ج, query: {any: [{term: huawei}, حظر]}}", ["حظر", "هواوي"], id="a term or words"
        ),
        pytest.param(
            "{id: new, label: ج, query: {near: {of: [{term: nvidia}, حظر], within: 2}}}",
            ["حظر", "إنفيديا"],
            id="near",
        ),
    ],
)
def test_an_added_term_or_query_finds_its_mentions(archive: Archive, added: str, found: list[str]) -> None:
    """Whatever it is made of: spellings, words, or terms that were there before."""
    held = archive.keep("حظر إنفيديا من بيع رقائق كونلون وH20")
    archive.keep("خبر عن الطقس")
    if "هواوي" in found:
        found, other = ["حظر"], archive.keep("تبيع هواوي هواتف")
    archive.write(f"{BOTH}  - {added}\n")
    (done,) = archive.reread()
    assert (("new",), True) == (done.terms, done.finished)
    assert [("new", text, True) for text in found] == [one for one in archive.told(held) if one[0] == "new"]
    if "huawei" in added:
        assert ("new", "هواوي", True) in archive.told(other)


def test_a_removed_form_takes_its_mentions_along(archive: Archive) -> None:
    """Those of the other forms stay as they are; of a removed term none does, other terms are not touched."""
    archive.write(BOTH.replace("[إنفيديا]", "[إنفيديا, جيفورس]"))
    archive.reread()
    held = archive.keep("بطاقة جيفورس من إنفيديا تنافس هواوي")
    before = archive.rows(held)
    archive.write(BOTH)
    assert (Reread("chips", ("nvidia",), articles=1, lost=1, finished=True),) == archive.reread()
    assert {name: row for name, row in before.items() if name != "جيفورس"} == archive.rows(held)
    archive.write(HUAWEI)
    assert (Reread("chips", ("nvidia",), articles=1, lost=1, finished=True),) == archive.reread()
    assert [("huawei", "هواوي", False)] == archive.told(held)


def test_changed_cues_change_what_counts(archive: Archive) -> None:
    """`unless` takes a mention away, `near` makes another certain in its row, and gives back what it lacked."""
    code = "  - {id: h20, label: H20, codes: [H20], near: [رقائق]}\n"
    archive.write(NVIDIA + code)
    archive.reread()
    play = archive.keep("مسرحية إنفيديا تعود إلى المسرح")
    short = archive.keep("وصلت شحنة H20 أمس")
    long = archive.keep("وصلت شحنة H20 أمس إلى الميناء، " + "وقالت الإدارة إن التفريغ يبدأ غدا صباحا. " * 6)
    assert [("nvidia", "إنفيديا", False)] == archive.told(play)
    (row, status, version) = archive.rows(short)["H20"]
    assert ("uncertain", []) == (status, archive.told(long))

    archive.write(NVIDIA.replace("]}", "], unless: [مسرحية]}") + code.replace("رقائق", "رقائق, شحنة"))
    (done,) = archive.reread()
    assert (("h20", "nvidia"), 1, 1) == (done.terms, done.gained, done.lost)
    assert [] == archive.told(play)
    assert (row, "matched", version) == archive.rows(short)["H20"]
    assert [("h20", "H20", False)] == archive.told(short)
    assert [("h20", "H20", True)] == archive.told(long)
    assert "the code “H20”, confirmed by “شحنة”" == archive.store.mentions(short)[0].why.en


def test_a_list_added_later_is_read_over_the_archive(archive: Archive) -> None:
    """Only its own terms are looked for; when it goes, so do their mentions."""
    held = archive.keep("تبيع هواوي هاتف ميت برو")
    archive.write("  - {id: mate, label: ميت, forms: [ميت برو]}\n", "phones")
    assert (Reread("phones", ("mate",), articles=1, gained=1, finished=True),) == archive.reread()
    assert [("huawei", "هواوي", False), ("mate", "ميت برو", True)] == archive.told(held)
    del archive.lists["phones"]
    assert (Reread("phones", ("mate",), articles=1, lost=1, finished=True),) == archive.reread()
    assert [("huawei", "هواوي", False)] == archive.told(held)
    assert () == archive.reread()


def test_a_query_follows_the_terms_that_it_names(archive: Archive) -> None:
    """It is found anew where another term changed, be it in another list; the query's own list is not read."""
    archive.write("  - {id: deal, label: صفقة, query: {all: [{term: nvidia}, صفقة]}}\n", "deals")
    archive.reread()
    held = archive.keep("صفقة مع صانع جيفورس")
    gone = archive.keep("صفقة مع إنفيديا")
    archive.write(BOTH.replace("[إنفيديا]", "[جيفورس]"))
    assert (
        Reread("chips", ("deal", "nvidia"), articles=2, gained=3, lost=3, finished=True),
    ) == archive.reread()
    assert [("deal", "صفقة", True), ("deal", "جيفورس", True), ("nvidia", "جيفورس", True)] == sorted(
        archive.told(held), key=lambda one: (one[0], "صفقة" != one[1])
    )
    assert [] == archive.told(gone)


def test_with_no_days_only_what_comes_in_is_read(archive: Archive) -> None:
    """reread_days: 0 leaves the archive alone, removed names included, for good."""
    archive.collect = "reread_days: 0"
    held = archive.keep("تبيع إنفيديا بطاقات كونلون", age=timedelta(seconds=1))
    archive.write("  - {id: kunlun, label: كونلون, forms: [كونلون]}\n")
    assert (Reread("chips", ("huawei", "kunlun", "nvidia"), finished=True),) == archive.reread()
    assert [("nvidia", "إنفيديا", False)] == archive.told(held)
    archive.collect = ""
    assert () == archive.reread()


# ── runs that end early, and runs at once ─────────────────────────────────────────────────────────


@pytest.fixture
def pages_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages so small that a few articles fill several."""
    monkeypatch.setattr(reread, "PAGE", 2)


def changed(archive: Archive, articles: int = 5) -> list[int]:
    """Articles that a changed list will find, with the change made."""
    kept = [archive.keep(f"كونلون رقم {number} من بايدو") for number in range(articles)]
    archive.write(BOTH + "  - {id: kunlun, label: كونلون, forms: [كونلون]}\n")
    return kept


LATE = [("kunlun", "كونلون", True)]


def test_the_deadline_in_the_middle(
    archive: Archive, pages_of_two: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page is finished, the rest is for the next run, which begins after it; nothing is double."""
    kept = changed(archive)
    seconds = [1000.0]
    monkeypatch.setattr(reread, "monotonic", lambda: seconds[0])

    def tick(stage: str, done: int, total: int) -> None:
        assert ("archive", 0) == (stage, total)
        seconds[0] += 140 * done  # 280 seconds are gone with the first page

    archive.collect = "deadline: 279"
    first = reread_archive(archive.opened(), clock=lambda: NOW, progress=tick)
    assert (Reread("chips", ("kunlun",), articles=2, gained=2, finished=False),) == first.rereads
    assert [LATE, LATE, [], [], []] == [archive.told(one) for one in kept]
    assert (kept[1], None) == (
        archive.store.watchlist_versions()[-1].reread_after,
        archive.store.watchlist_versions()[-1].reread_done,
    )
    assert (Reread("chips", ("kunlun",), articles=3, gained=3, finished=True),) == archive.reread()
    assert [LATE] * 5 == [archive.told(one) for one in kept]
    assert () == archive.reread()


def test_a_run_that_spent_its_time_reads_for_a_tenth_of_it(
    archive: Archive, pages_of_two: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A press that fills every run with pages does not put a change off; the summary says that it goes on."""
    kept = changed(archive)
    seconds = [0.0]
    monkeypatch.setattr(reread, "monotonic", lambda: seconds[0])

    def tick(_stage: str, _done: int, _total: int) -> None:
        seconds[0] += 29

    report = reread_archive(archive.opened(), clock=lambda: NOW, spent=281, progress=tick)
    assert [LATE, LATE, [], [], []] == [archive.told(one) for one in kept]
    assert (
        "archive    chips changed (kunlun): 2 articles read again, 2 mentions gained, 0 lost; the next run goes on"
        in collect_lines(report)
    )
    assert 3 == archive.reread()[0].gained


def test_a_change_taken_back_in_the_middle_leaves_nothing(archive: Archive, pages_of_two: None) -> None:
    """What the version in between found, in a part of the archive and in what came in, is taken back, too."""
    kept = changed(archive)
    with pytest.raises(KeyboardInterrupt):
        reread_archive(archive.opened(), clock=lambda: NOW, progress=interrupted)
    meanwhile = archive.keep("كونلون من بايدو تنافس إنفيديا")
    assert [LATE, LATE, []] == [archive.told(one) for one in kept[:3]]
    archive.write(BOTH)
    assert (Reread("chips", ("kunlun",), articles=3, lost=3, finished=True),) == archive.reread()
    assert [[]] * 5 == [archive.told(one) for one in kept]
    assert [("nvidia", "إنفيديا", False)] == archive.told(meanwhile)


def interrupted(*_: object) -> None:
    """What Ctrl-C does while the progress is shown."""
    raise KeyboardInterrupt


def test_changes_on_changes_find_what_the_last_one_says(archive: Archive, pages_of_two: None) -> None:
    """Of three versions that no run finished, the terms of the last are there and those of the others are not."""
    kept = changed(archive)
    for terms in (None, "  - {id: baidu, label: بايدو, forms: [بايدو]}\n"):
        if terms is not None:
            archive.write(BOTH + terms)
        with pytest.raises(KeyboardInterrupt):
            reread_archive(archive.opened(), clock=lambda: NOW, progress=interrupted)
    archive.write("  - {id: number, label: رقم, forms: [رقم]}\n")
    (done,) = archive.reread()
    assert (("baidu", "huawei", "kunlun", "number", "nvidia"), 5, 5) == (
        done.terms,
        done.articles,
        done.gained,
    )
    assert [[("number", "رقم", True)]] * 5 == [archive.told(one) for one in kept]


def test_a_run_that_still_has_the_older_list_is_mended_by_the_next(archive: Archive) -> None:
    """It opened the list before a change and ends after a run that saw it: what it found does not stay."""
    (held,) = changed(archive, articles=1)
    older = archive.opened()
    archive.write(BOTH + "  - {id: baidu, label: بايدو, forms: [بايدو]}\n")
    archive.reread()
    assert [("baidu", "بايدو", True)] == archive.told(held)
    reread_archive(older, clock=lambda: NOW)
    assert LATE == archive.told(held)
    archive.reread()
    assert [("baidu", "بايدو", True)] == archive.told(held)


def test_a_list_that_changes_at_this_moment_is_left_to_the_run_that_saw_it(archive: Archive) -> None:
    """Between noting the lists and reading, another run noted a newer version: the older one reads nothing with it."""
    changed(archive, articles=1)
    older = archive.opened()
    reread.note_versions(older, NOW)
    archive.write(BOTH + "  - {id: baidu, label: بايدو, forms: [بايدو]}\n")
    reread.note_versions(archive.opened(), NOW)
    assert [] == reread._pending(older)
    ((version, earlier),) = reread._pending(archive.opened())
    assert (archive.version(), 2) == (version.version, len(earlier))


def test_two_runs_at_once_find_each_mention_once(database_url: str) -> None:
    """Four runs read one change over one archive; each mention is there once and gained once."""
    with open_store(database_url) as store:
        archive = Archive(store, {"chips": BOTH})
        archive.reread()
        kept = changed(archive, articles=24)
    start = Barrier(4)

    def run(_: int) -> int:
        with open_store(database_url) as own:
            opened = Archive(own, archive.lists).opened()
            start.wait(timeout=30)
            return sum(one.gained for one in reread_archive(opened, clock=lambda: NOW).rereads)

    with ThreadPoolExecutor(4) as pool:
        assert 24 == sum(pool.map(run, range(4)))
    with open_store(database_url) as store:
        assert [LATE] * 24 == [Archive(store, {}).told(one) for one in kept]
        assert 2 == len(store.watchlist_versions())
        assert all(one.reread_done for one in store.watchlist_versions())


# ── from the config folder into a digest ──────────────────────────────────────────────────────────

SETTINGS = 'database: "${RASID_TEST_DATABASE}"\ntimezone: UTC\n'
SUBSCRIPTIONS = """\
subscriptions:
  - id: analysts
    name: نشرة الرقائق
    watchlists: [chips]
    schedule: daily 07:00
    language: ar
    channels: [{file: "OUT"}]
"""
MONDAY = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
TAG = "عُثر عليه بعد تعديل قائمة الرصد"


@dataclass
class Folder:
    """A config folder without feeds, and the runs on it."""

    path: Path

    def write(self, terms: str) -> None:
        """Put the list into the folder."""
        text = f"name: قائمة\nterms:\n{terms}"
        (self.path / "watchlists" / "chips.yaml").write_text(text, encoding="utf-8")

    def keep(self, title: str, text: str, seen: datetime) -> int:
        """Store an article with what the list finds in it; its id."""
        with open_rasid(self.path) as rasid:
            new = article(title=title, text=text, published=seen, first_seen=seen)
            return stored(rasid.store, new, *rasid.matcher.find(text, title)).id

    def collect(self, now: datetime) -> CollectReport:
        """A whole collect; there is nothing to poll."""
        with open_rasid(self.path) as rasid:
            return collect(rasid, clock=lambda: now)

    def digest(self, now: datetime) -> tuple[str, str]:
        """A digest run; the HTML and the text that it wrote, empty where it wrote none."""
        with open_rasid(self.path) as rasid:
            done = run_digest(rasid, clock=lambda: now)
        pages = [Path(name).with_suffix(".html") for name in done.files]
        texts = [page.with_suffix(".txt").read_text(encoding="utf-8") for page in pages]
        return "".join(page.read_text(encoding="utf-8") for page in pages), "".join(texts)

    def mentions(self, article_id: int) -> list[Mention]:
        """An article's mentions."""
        with open_rasid(self.path) as rasid:
            return rasid.store.mentions(article_id)


@pytest.fixture
def folder(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """A folder whose first collect has seen the list."""
    monkeypatch.setenv("RASID_TEST_DATABASE", database_url)
    path = tmp_path / "config"
    (path / "watchlists").mkdir(parents=True)
    (path / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    (path / "feeds.yaml").write_text("feeds: []\n", encoding="utf-8")
    out = SUBSCRIPTIONS.replace("OUT", str(tmp_path / "digests"))
    (path / "subscriptions.yaml").write_text(out, encoding="utf-8")
    made = Folder(path)
    made.write(BOTH)
    made.collect(MONDAY - DAY)
    return made


def test_the_summary_tells_of_a_reread(folder: Folder) -> None:
    """A line with what came of it, a stage, and the same in the table of runs."""
    folder.keep("سوق", "باعت كونلون رقائق", MONDAY - DAY)
    folder.write(NVIDIA + "  - {id: kunlun, label: كونلون, forms: [كونلون]}\n")
    report = folder.collect(MONDAY)
    line = "archive    chips changed (huawei, kunlun): 1 articles read again, 1 mentions gained, 0 lost"
    assert [line] == [one for one in collect_lines(report) if one.startswith("archive")]
    assert [("reread", 1)] == [(one.stage, one.items) for one in report.stages if one.stage == "reread"]
    with open_rasid(folder.path) as rasid:
        run = rasid.store.last_run("collect")
    noted = {"watchlist": "chips", "terms": ["huawei", "kunlun"], "articles": 1, "gained": 1, "lost": 0}
    assert run is not None
    assert [noted | {"finished": True}] == run.summary["rereads"]


def test_a_found_article_is_in_the_next_digest_once(folder: Folder) -> None:
    """With the tag, in HTML and text, beside what was told before only where the new name is; then never again."""
    told = folder.keep("إنفيديا تبيع بطاقات", "باعت إنفيديا بطاقات، واشترت كونلون بعضها.", MONDAY - 2 * HOUR)
    fresh = folder.keep("مصنع جديد", "قالت كونلون إنها ستبني مصنعا في الشرق.", MONDAY - 20 * DAY)
    quiet = folder.keep("هواوي تربح", "ربحت هواوي مليارا.", MONDAY - 2 * HOUR)
    html, text = folder.digest(MONDAY)
    assert "إنفيديا تبيع بطاقات" in html
    assert "هواوي تربح" in text
    assert "مصنع جديد" not in html + text
    assert TAG not in html + text

    folder.write(BOTH + "  - {id: kunlun, label: كونلون, forms: [كونلون]}\n")
    (done,) = folder.collect(MONDAY + HOUR).rereads
    assert (2, 2) == (done.articles, done.gained)
    with open_rasid(folder.path) as rasid:
        frozen = rasid.store.digest("analysts-20260302T070000Z")
    html, text = folder.digest(MONDAY + DAY)
    for shown in (html, text):
        assert 2 == shown.count(TAG)
        assert "مصنع جديد" in shown
        assert "إنفيديا تبيع بطاقات" in shown
        assert "هواوي تربح" not in shown
    with open_rasid(folder.path) as rasid:
        digest = rasid.store.digest("analysts-20260303T070000Z")
        assert frozen == rasid.store.digest("analysts-20260302T070000Z")
    assert digest is not None
    assert {(told, True, ("kunlun",)), (fresh, True, ("kunlun",))} == {
        (story.appearances[0].article_id, story.late, story.terms) for story in digest.stories
    }
    assert not any(story.known for story in digest.stories)
    assert [[("kunlun", "كونلون", 1)]] * 2 == [list(story.matched) for story in digest.stories]
    assert {("huawei", False)} == {(one.term, one.late) for one in folder.mentions(quiet)}
    folder.collect(MONDAY + DAY + HOUR)
    assert ("", "") == folder.digest(MONDAY + 2 * DAY)


def test_what_only_may_be_the_name_is_told_for_review(folder: Folder) -> None:
    """An uncertain mention found late stands among the reviews, with the tag."""
    folder.keep("شحنة", "وصلت شحنة H20 أمس.", MONDAY - 2 * HOUR)
    folder.digest(MONDAY)
    folder.write(BOTH + "  - {id: h20, label: H20, codes: [H20], near: [رقائق]}\n")
    folder.collect(MONDAY + HOUR)
    html, text = folder.digest(MONDAY + DAY)
    assert (1, 1) == (html.count(TAG), text.count(TAG))
    with open_rasid(folder.path) as rasid:
        digest = rasid.store.digest("analysts-20260303T070000Z")
    assert digest is not None
    assert ((), [("h20", True)]) == (digest.stories, [(one.term, one.late) for one in digest.reviews])


def test_a_removed_term_is_in_no_digest_composed_afterwards(folder: Folder) -> None:
    """One that was frozen before stays as it was told."""
    folder.keep("إنفيديا تبيع بطاقات", "باعت إنفيديا بطاقات.", MONDAY - 2 * HOUR)
    folder.digest(MONDAY)
    with open_rasid(folder.path) as rasid:
        frozen = rasid.store.digest("analysts-20260302T070000Z")
    gone = folder.keep("إنفيديا تتوسع", "تتوسع إنفيديا في الخليج.", MONDAY + HOUR)
    folder.keep("إنفيديا وهواوي", "تتنافس إنفيديا وهواوي.", MONDAY + HOUR)
    folder.write(HUAWEI)
    folder.collect(MONDAY + 2 * HOUR)
    html, text = folder.digest(MONDAY + DAY)
    assert [] == folder.mentions(gone)
    for shown in (html, text):
        assert "إنفيديا تتوسع" not in shown
        assert "إنفيديا وهواوي" in shown
        assert TAG not in shown
    with open_rasid(folder.path) as rasid:
        assert frozen == rasid.store.digest("analysts-20260302T070000Z")
        digest = rasid.store.digest("analysts-20260303T070000Z")
    assert digest is not None
    assert ["huawei"] == [term.term for term in digest.terms]


KILLED = """\
import sys, time
from datetime import datetime
from pathlib import Path
from rasid.app import reread
from rasid.app.context import open_rasid

reread.PAGE = 3
now, left = datetime.fromisoformat(sys.argv[2]), iter(range(9))

def clock():
    if next(left, None) is None:
        print("now", flush=True)
        time.sleep(60)
    return now

with open_rasid(Path(sys.argv[1])) as rasid:
    reread.reread_archive(rasid, clock=clock)
"""


def test_a_killed_run_is_completed_by_the_next(folder: Folder) -> None:
    """SIGKILL in the middle of a page: the next run repeats the page, and every mention is there once."""
    seen = MONDAY - DAY
    kept = [folder.keep(f"سوق {number}", "باعت كونلون رقائق", seen) for number in range(12)]
    folder.write(BOTH + "  - {id: kunlun, label: كونلون, forms: [كونلون]}\n")
    command = [sys.executable, "-c", KILLED, str(folder.path), MONDAY.isoformat()]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert run.stdout is not None
    assert b"now\n" == run.stdout.readline()
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    begun = sum(bool(folder.mentions(one)) for one in kept)
    assert 3 < begun < 12
    assert 0 != begun % 3
    (done,) = folder.collect(MONDAY).rereads
    assert (12 - begun, True) == (done.gained, done.finished)
    assert 12 - begun < done.articles < 12
    assert [LATE] * 12 == [[(one.term, one.text, one.late) for one in folder.mentions(each)] for each in kept]
