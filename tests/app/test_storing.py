"""Articles that are stored together: each sees those before it, and a bad one takes no other with it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from rasid.app.reading import Read
from rasid.app.running import Run
from rasid.app.stages import quiet
from rasid.app.storing import Desk
from rasid.errors import StorageError
from rasid.types import Article, Entry, FeedState
from sources.workers import Workers
from storage import schema
from tests.hostile.hostile_press import PARAGRAPHS, watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

TEXTS = (
    "\n".join(PARAGRAPHS),
    "افتتحت بلدية المدينة مكتبة عامة في الحي القديم بعد ترميم دام سنتين، وفيها قاعة للأطفال وأخرى للمخطوطات.",
    "سجلت محطات الرصد أمطارا غزيرة على الساحل الغربي ليلة أمس، وتتوقع الأرصاد أن ينقشع الغيم مساء غد.",
    "فاز فريق الجامعة بكأس البرمجة أمام ثلاثين فريقا، وحل في سبع ساعات تسع مسائل من إحدى عشرة مسألة.",
)
TITLES = (
    "إنفيديا تعرض معالجا لمراكز البيانات",
    "مكتبة عامة في الحي القديم",
    "أمطار غزيرة على الساحل",
    "كأس البرمجة لفريق الجامعة",
)


@dataclass
class Newsroom:
    """A run's desk, and articles for it out of a queue."""

    run: Run
    desk: Desk

    def read(self, *pages: tuple[str, str, str], at: str = "a") -> list[Read]:
        """Articles of these outlets, titles and texts, whose entries are in hand; a minute apart."""
        store, now = self.run.rasid.store, self.run.clock()
        urls = [f"https://{outlet}.example/{at}{number}" for number, (outlet, _, _) in enumerate(pages)]
        entries = [
            Entry(url, url, title, "", None, None) for url, (_, title, _) in zip(urls, pages, strict=True)
        ]
        store.save_poll(FeedState("feed-0"), entries, now)
        held = {one.entry.url: one for one in store.claim_entries(now, now + timedelta(hours=1), 99)}
        return [
            Read(
                held[url],
                Article(
                    url=url,
                    feed_id="feed-0",
                    outlet=outlet,
                    title=title,
                    text=text,
                    author=None,
                    published=now + timedelta(minutes=number),
                    first_seen=now,
                    language="ar",
                ),
            )
            for number, (url, (outlet, title, text)) in enumerate(zip(urls, pages, strict=True))
        ]

    def corpus(self) -> list[tuple[str, str, int | None, int]]:
        """URL, relation, original and story of what is stored, oldest row first."""
        columns = [schema.articles.c[name] for name in ("url", "relation", "original", "story_id")]
        with self.run.rasid.store._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(select(*columns).order_by(schema.articles.c.id))]

    def ids(self) -> list[int]:
        """Of the articles that are stored."""
        with self.run.rasid.store._engine.connect() as connection:
            return list(connection.scalars(select(schema.articles.c.id).order_by(schema.articles.c.id)))


@contextmanager
def opened(tmp_path: Path, database_url: str) -> Iterator[Newsroom]:
    """A newsroom over an empty database."""
    press = watch(tmp_path, "http://127.0.0.1:9/feed")
    settings = press.folder / "settings.yaml"
    text = settings.read_text(encoding="utf-8")
    line = text.partition("\n")[0]
    settings.write_text(text.replace(line, 'database: "${RASID_TEST_DATABASE}"'), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RASID_TEST_DATABASE", database_url)
        with press.opened() as rasid, Workers(processes=1) as workers:
            rasid.store.sync_feeds(rasid.config.feeds, press.clock())
            run = Run(rasid, press.clock, workers, monotonic() + 60, quiet)
            yield Newsroom(run, Desk(run))


@pytest.fixture
def room(tmp_path: Path, database_url: str) -> Iterator[Newsroom]:
    """On either kind of database."""
    with opened(tmp_path, database_url) as found:
        yield found


def four(*outlets: str) -> list[tuple[str, str, str]]:
    """Pages about four different things."""
    return list(zip(outlets or ("naba", "rafid", "suq", "ufuq"), TITLES, TEXTS, strict=True))


def spoilt(one: Read) -> Read:
    """An article that cannot be stored: its time has lost its zone."""
    return replace(one, article=replace(one.article, first_seen=one.article.first_seen.replace(tzinfo=None)))


def test_a_copy_is_known_in_its_own_group(room: Newsroom) -> None:
    """Two outlets' page of one text among others, stored at once: one original, one story, each counted once."""
    pages = [*four(), ("madar", TITLES[0], TEXTS[0])]
    room.desk.store_all(room.read(*pages))
    corpus, ids = room.corpus(), room.ids()
    assert ["new"] * 4 + ["exact"] == [relation for _, relation, _, _ in corpus]
    assert ids[0] == corpus[4][2]
    assert corpus[0][3] == corpus[4][3]
    counts = room.run.counts
    assert (5, 1, 4, 5) == (counts.stored, counts.copies, counts.stories, counts.fetched)
    assert 0 == room.run.rasid.store.pending_entries()


EVENT = (
    ("naba", "أوراسكو تستحوذ على ميكرولاب بملياري دولار", "أعلنت شركة أوراسكو أنها تستحوذ على ميكرولاب."),
    ("suq", "ملياري دولار: أوراسكو تستحوذ على ميكرولاب", "قالت أوراسكو في بيان إن صفقة ميكرولاب وقعت."),
)


def test_a_story_is_joined_in_its_own_group_as_in_the_next(tmp_path: Path, sqlite_url: str) -> None:
    """Two reports of one event in other words, with another between them: stored at once or one by one, one story."""
    pages = [EVENT[0], four()[1], EVENT[1]]
    with opened(tmp_path / "together", sqlite_url) as room:
        room.desk.store_all(room.read(*pages))
        together = room.corpus()
    with opened(tmp_path / "alone", f"sqlite:///{tmp_path / 'alone.sqlite'}") as room:
        for one in room.read(*pages):
            room.desk.store(one)
        alone = room.corpus()
    assert together == alone
    stories = [story for _, _, _, story in together]
    assert stories[0] == stories[2] != stories[1]
    assert ["new"] * 3 == [relation for _, relation, _, _ in together]


def test_the_desk_sees_what_another_has_stored(tmp_path: Path, database_url: str) -> None:
    """Two desks of two runs on one database: the second group joins the story that the other desk opened."""
    with opened(tmp_path / "one", database_url) as one, opened(tmp_path / "two", database_url) as two:
        one.desk.store_all(one.read(EVENT[0], four()[1]))
        two.desk.store_all(two.read(four()[2], EVENT[1], at="b"))
        stories = [story for _, _, _, story in one.corpus()]
    assert stories[0] == stories[3]
    assert 3 == len(set(stories))


def test_a_known_address_is_not_stored_again(room: Newsroom) -> None:
    """It came by another entry: the others of its group are stored, all entries are done."""
    first, *others = room.read(*four())
    room.desk.store(first)
    again = replace(others[0], article=replace(others[0].article, url=first.article.url))
    room.desk.store_all([again, *others[1:]])
    assert 3 == len(room.corpus())
    assert (3, 1, 4) == (room.run.counts.stored, room.run.counts.known, room.run.counts.fetched)
    assert 0 == room.run.rasid.store.pending_entries()


def test_an_edited_article_is_edited_and_the_others_are_stored(room: Newsroom) -> None:
    """What was stored before says something else now: the text is taken over, nothing is added for it."""
    first, *others = room.read(*four())
    room.desk.store(first)
    (article_id,) = room.ids()
    now = f"{first.article.text}\nوأضافت الشركة أن المعالج سيباع في عشر دول."
    edited = Read(replace(first.pending, article_id=article_id), replace(first.article, text=now))
    room.desk.store_all([*others, edited])
    (after,) = room.run.rasid.store.archived([article_id])
    assert now == after.text
    assert 4 == len(room.corpus())
    assert (4, 1, 1) == (room.run.counts.stored, room.run.counts.known, room.run.counts.edited)


def waiting(room: Newsroom, done: Sequence[Read]) -> list[int]:
    """The places of those in a group whose entries still wait."""
    pending = schema.entries.c.state == "pending"
    with room.run.rasid.store._engine.connect() as connection:
        ids = set(connection.scalars(select(schema.entries.c.id).where(pending)))
    return [place for place, one in enumerate(done) if one.pending.id in ids]


def test_a_bad_article_takes_no_other_with_it(room: Newsroom) -> None:
    """The third of five breaks: four are stored and counted once, it waits in the queue, and its error is told."""
    done = room.read(EVENT[0], *four())
    done[2] = spoilt(done[2])
    with pytest.raises(Exception, match="naive datetime"):
        room.desk.store_all(done)
    assert [2] == waiting(room, done)
    assert 4 == len(room.corpus())
    assert (4, 4, 4) == (room.run.counts.stored, room.run.counts.stories, room.run.counts.fetched)


def test_what_was_undone_is_forgotten(room: Newsroom) -> None:
    """The index of stories was told of articles that a failure took back: the next one joins a story that is there."""
    done = room.read(four()[0], EVENT[0], four()[2])
    done[2] = spoilt(done[2])
    with pytest.raises(Exception, match="naive datetime"):
        room.desk.store_all(done)
    room.desk.store_all(room.read(four()[3], EVENT[1], at="b"))
    stories = {url: story for url, _, _, story in room.corpus()}
    assert stories["https://naba.example/a1"] == stories["https://suq.example/b1"]
    assert 3 == len(set(stories.values()))


def test_a_second_failure_is_the_end(room: Newsroom) -> None:
    """Two break: it may be the database, and what is left stays in the queue for the next run."""
    done = room.read(*four())
    done[1], done[2] = spoilt(done[1]), spoilt(done[2])
    with pytest.raises(Exception, match="naive datetime"):
        room.desk.store_all(done)
    assert [1, 2, 3] == waiting(room, done)
    assert 1 == len(room.corpus())


def test_a_database_that_another_holds_is_told_and_loses_nothing(tmp_path: Path, sqlite_url: str) -> None:
    """Another writes for too long: StorageError, no article, all entries wait; when it is free all are stored."""
    with opened(tmp_path, f"{sqlite_url}?timeout=0.1") as room:
        done = room.read(*four())
        engine = room.run.rasid.store._engine.execution_options(rasid_writes=True)
        with engine.begin(), pytest.raises(StorageError, match="database is locked"):
            room.desk.store_all(done)
        assert ([], [0, 1, 2, 3]) == (room.corpus(), waiting(room, done))
        room.desk.store_all(done)
        assert 4 == len(room.corpus())


def test_a_thin_page_is_asked_for_once_more(room: Newsroom) -> None:
    """Of a group, those that are thin wait in the queue again, at a later time."""
    done = room.read(*four())
    done[1] = replace(done[1], thin=True)
    room.desk.store_all(done)
    assert [1] == waiting(room, done)
    assert [] == room.run.rasid.store.claim_entries(room.run.clock(), room.run.lease(), 9)


def test_nothing_to_store_is_nothing_done(room: Newsroom) -> None:
    """An empty group opens no transaction."""
    room.desk.store_all([])
    assert [] == room.corpus()
    assert "store" not in [stage.stage for stage in room.run.stages.table()]
