"""The corpus judged again: today's rules reach every article, and nothing is lost on the way, whatever happens."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from rasid.app.context import open_rasid
from rasid.app.reindex import LEASE, PAGE, RULES, reindex, rules_version
from rasid.app.stories import merge, split
from rasid.copies import fingerprint
from rasid.errors import RasidError
from rasid.types import SUPPRESSED, Article, Reason, StoryChoice, Verdict
from storage import open_store
from storage.engine import reading
from storage.schema import article_terms, articles, stories
from storage.schema import fingerprint as fingerprints
from tests.app.app_press import clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rasid.app.context import Rasid
    from rasid.types import Candidate, StoryMember
    from storage import Store

pytestmark = pytest.mark.xdist_group("press")

FOOLISH = Reason("كل مقال طبعة من غيره", "every article is an edition of another")
WHO = {"who": "sara", "now": clock()}


def rows(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that a reindex may write."""
    with reading(store._engine) as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in (articles, stories, fingerprints, article_terms)
        }


def judgements(store: Store) -> dict[str, tuple[Any, ...]]:
    """What was decided of each article, by its title and text; stories by the first article in them."""
    found = store.reindex_articles(0, 10_000)
    by_id = {one.id: one.title + one.text for one in found}
    opener: dict[int, str] = {}
    for one in found:
        opener.setdefault(one.story_id, by_id[one.id])
    return {
        by_id[one.id]: (one.relation, by_id.get(one.original or 0), opener[one.story_id]) for one in found
    }


def keys(store: Store) -> int:
    """How many keys the corpus is asked by."""
    return len(rows(store)["fingerprint"])


def judge_foolishly(
    _candidates: Sequence[Candidate], _members: Sequence[StoryMember]
) -> tuple[Verdict, StoryChoice]:
    """Rules of another day: nothing is a copy, no two articles are about one event."""
    return Verdict("revised", None, 0.5, FOOLISH), StoryChoice(None, 0.0, (), FOOLISH)


def store_foolishly(collected: Store, store: Store) -> None:
    """The collected articles in the same order, as those rules would have stored them."""
    urls = {one.id: one for one in collected.archived(range(1, 1000))}
    for one in collected.reindex_articles(0, 1000):
        new = Article(
            url=f"https://old.example/{one.id}",
            feed_id="old",
            outlet=one.outlet,
            title=one.title,
            text=one.text,
            author=one.author,
            published=one.published,
            first_seen=urls[one.id].first_seen,
            language=urls[one.id].language,
        )
        fp = fingerprint("", one.text[:100])
        store.store_article(None, new, fp, judge_foolishly, {"لفظ": 1.0}, (), {}, new.first_seen)


@pytest.fixture
def config(collected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config folder of the press that takes its database from the environment."""
    press = collected[0]
    folder = shutil.copytree(press.folder, tmp_path / "config")
    settings = folder / "settings.yaml"
    text = settings.read_text(encoding="utf-8")
    given = f"sqlite:///{press.database}"
    assert given in text
    settings.write_text(text.replace(given, "${RASID_TEST_DATABASE}"), encoding="utf-8")
    monkeypatch.setenv("RASID_TEST_DATABASE", f"sqlite:///{tmp_path / 'unused.sqlite'}")
    return folder


@pytest.fixture
def foolish(collected, config: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rasid]:
    """The press's articles in either kind of database, as other rules stored them."""
    monkeypatch.setenv("RASID_TEST_DATABASE", database_url)
    with collected[0].opened() as good, open_rasid(config) as rasid:
        store_foolishly(good.store, rasid.store)
        yield rasid


def reindex_command(config: Path) -> list[str]:
    """`rasid corpus reindex` as a shell would start it."""
    return [sys.executable, "-m", "rasid.cli", "--config", str(config), "corpus", "reindex"]


def judged(store: Store) -> int:
    """How many articles are judged by today's rules."""
    return sum(
        one.relation != "revised" or one.original is not None for one in store.reindex_articles(0, 1000)
    )


# ── what it does ──────────────────────────────────────────────────────────────────────────────────


def test_under_the_same_rules_nothing_changes(collected, config: Path, monkeypatch) -> None:
    """Every row of a collected corpus is the same after a reindex, and after a second one."""
    path = config.parent / "rasid.sqlite"
    shutil.copy(collected[0].database, path)
    monkeypatch.setenv("RASID_TEST_DATABASE", f"sqlite:///{path}")
    with open_rasid(config) as rasid:
        before = rows(rasid.store)
        reports = [reindex(rasid, clock=clock) for _ in range(2)]
        assert before == rows(rasid.store)
        size = rasid.store.corpus_size()
    assert [(size, {}, 0, 0, 0)] * 2 == [
        (one.articles, one.relations, one.originals, one.stories, one.after) for one in reports
    ]


def test_a_corpus_of_other_rules_comes_to_what_a_collect_makes_of_it(foolish: Rasid, collected) -> None:
    """Relations, originals, stories and keys are those of the collected press; the report counts each change."""
    before = {one.id: one.relation for one in foolish.store.reindex_articles(0, 1000)}
    report = reindex(foolish, clock=clock)
    with collected[0].opened() as good:
        assert judgements(good.store) == judgements(foolish.store)
        assert keys(good.store) == keys(foolish.store)
        stored = len(good.store.stories(since=clock() - timedelta(days=400), limit=1000))
    after = {one.id: one.relation for one in foolish.store.reindex_articles(0, 1000)}
    assert len(after) == report.articles
    assert {("revised", now) for now in set(after.values()) - {"revised"}} == set(report.relations)
    assert sum(before[each] != after[each] for each in after) == sum(report.relations.values())
    assert len(after) - stored == report.stories
    assert set(after.values()) & SUPPRESSED


def test_the_second_time_nothing_changes(foolish: Rasid) -> None:
    """A reindex leaves what a second one leaves alone, on either database."""
    reindex(foolish, clock=clock)
    before = rows(foolish.store)
    report = reindex(foolish, clock=clock)
    assert before == rows(foolish.store)
    assert ({}, 0, 0) == (report.relations, report.originals, report.stories)


def test_what_operators_decided_holds(foolish: Rasid) -> None:
    """Merged stories stay merged, split ones apart; their copies are recognised all the same."""
    reindex(foolish, clock=clock)
    store = foolish.store
    several = max(
        store.stories(since=clock() - timedelta(days=400), limit=1000), key=lambda row: len(row.outlets)
    )
    last = next(one for one in reversed(store.story_articles(several.id)) if one.relation not in SUPPRESSED)
    lone = [
        row.id for row in store.stories(since=clock() - timedelta(days=400), limit=1000) if row.articles == 1
    ]
    apart = split(store, several.id, [last.id], **WHO).story
    merge(store, lone[0], [lone[1]], **WHO)
    before = rows(store)
    reindex(foolish, clock=clock)
    assert before["stories"] == rows(store)["stories"]
    assert {row[:2] for row in before["articles"]} == {row[:2] for row in rows(store)["articles"]}
    row = store.story(lone[1])
    assert row is not None
    assert (lone[0], 2) == (row.id, row.articles)
    assert apart not in {None, several.id}


# ── what may come between ─────────────────────────────────────────────────────────────────────────


def test_killed_in_the_middle_it_goes_on_to_the_same_end(foolish: Rasid, collected, config: Path) -> None:
    """SIGKILL at three places: each time the next one goes on, and no row differs from an undisturbed run's."""
    store, errors = foolish.store, []
    for enough in (5, 30, PAGE + 5):
        process = subprocess.Popen(
            reindex_command(config), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
        while judged(store) < enough and process.poll() is None:
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
        errors.append(process.communicate()[1].decode())
        assert -signal.SIGKILL == process.returncode, errors
        last = store.last_reindex()
        assert last is not None
        assert last.finished is None
    assert PAGE == last.after
    done = subprocess.run(reindex_command(config), capture_output=True, check=True, text=True, timeout=60)
    assert f"goes on after article {PAGE} of {store.corpus_size()}" in done.stderr
    assert f"{store.corpus_size() - PAGE} articles after article {PAGE} judged anew" in done.stdout
    disturbed = rows(store)
    with open_store(f"sqlite:///{config.parent / 'undisturbed.sqlite'}") as other:
        other.migrate()
        with collected[0].opened() as good:
            store_foolishly(good.store, other)
        undisturbed = type(foolish)(foolish.config, other)
        reindex(undisturbed, clock=clock)
        again = rows(other)
    stored_at = articles.c.keys().index("stored_at")
    for each in (disturbed, again):
        each["articles"] = [row[:stored_at] + row[stored_at + 1 :] for row in each["articles"]]
    assert again == disturbed


def test_a_collect_at_the_same_time_loses_nothing(collected, foolish: Rasid, config: Path) -> None:
    """Another process collects the same texts under their own addresses: all are stored, once, as copies."""
    size = foolish.store.corpus_size()
    command = [sys.executable, "-m", "rasid.cli", "--config", str(config), "run", "--all"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    turns = 0
    while run.poll() is None:
        reindex(foolish, clock=clock)
        turns += 1
    shown = run.communicate()[0].decode()
    assert 0 == run.returncode, shown
    assert turns > 1
    reindex(foolish, clock=clock)
    found = foolish.store.archived(range(1, 1000))
    press = collected[0].server.press
    assert size + len(press.articles) == len(found) == len({article.url for article in found})
    assert set() == {one.relation for one in foolish.store.reindex_articles(size, 1000)} - SUPPRESSED
    before = rows(foolish.store)
    reindex(foolish, clock=clock)
    assert before == rows(foolish.store)


def test_interrupted_it_leaves_its_place_and_its_lease(foolish: Rasid) -> None:
    """After Ctrl-C the next one goes on at once, though others are at work, and ends as if nothing had been."""

    def interrupt(_stage: str, _done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with foolish.store.present():
        with pytest.raises(KeyboardInterrupt):
            reindex(foolish, clock=clock, progress=interrupt)
        report = reindex(foolish, clock=clock)
    assert (PAGE, foolish.store.corpus_size() - PAGE) == (report.after, report.articles)
    before = rows(foolish.store)
    again = reindex(foolish, clock=clock)
    assert (0, before) == (again.after, rows(foolish.store))


def test_restart_begins_with_the_first(foolish: Rasid) -> None:
    """Where another run left off is forgotten when that is asked for, and when the rules are others."""
    store = foolish.store
    for version, restart in ((rules_version(), True), ("rules of yesterday", False)):
        left = store.start_reindex(version, clock(), clock())
        assert left is not None
        store.reindex_progress(left.id, PAGE, clock())
        assert 0 == reindex(foolish, clock=clock, restart=restart).after


def test_a_second_one_at_the_same_time_is_refused(foolish: Rasid, config: Path) -> None:
    """It says how far the first one is and until when to wait; the first one's end makes room."""
    before = rows(foolish.store)
    with foolish.store.present():
        first = foolish.store.start_reindex(rules_version(), clock(), clock() + LEASE)
        assert first is not None
        foolish.store.reindex_progress(first.id, 7, clock() + LEASE)
        for restart in (False, True):
            with pytest.raises(RasidError, match="another reindex is at work, past article 7 of some 68"):
                reindex(foolish, clock=clock, restart=restart)
        assert before == rows(foolish.store)
        foolish.store.finish_reindex(first.id, clock())
        assert 68 == reindex(foolish, clock=clock).articles


def test_who_lost_the_lease_stops(foolish: Rasid) -> None:
    """A process that slept past its lease finds another one at work and leaves the rest to it."""

    def take_over(_stage: str, _done: int, _total: int) -> None:
        later = clock() + LEASE + timedelta(seconds=1)
        assert foolish.store.start_reindex(rules_version(), later, later + LEASE) is not None

    with pytest.raises(RasidError, match="has gone on in this one's place"):
        reindex(foolish, clock=clock, progress=take_over)
    last = foolish.store.last_reindex()
    assert last is not None
    assert (PAGE, None) == (last.after, last.finished)


def test_every_module_that_decides_is_in_the_version() -> None:
    """What judging imports of ours, but for mere values, errors and the layers' packages; and nothing else."""
    code = (
        "import sys, rasid.app.judging; print(*(name for name in sys.modules if name.startswith('rasid.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    imported = set(done.stdout.split()) - {"rasid.app", "rasid.types", "rasid.errors"}
    ours = {name for name in RULES if name.startswith("rasid.")}
    assert ours <= imported
    assert set() == {name for name in imported if name not in ours and name.rpartition(".")[0] not in ours}
