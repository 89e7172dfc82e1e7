"""Migrations: from nothing, again, at once, halfway, and against what the code believes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import storage
from rasid.copies import fingerprint
from rasid.errors import StorageError
from storage import open_store
from storage.engine import writing
from storage.schema import REVISION, identity, metadata
from tests.storage.builders import DAY, NOW, entry, mention, queued

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage import Store

MIGRATIONS = str(Path(storage.__file__).with_name("migrations"))


CONFIG = Config()
CONFIG.set_main_option("script_location", MIGRATIONS)


def is_fts5(table: str) -> bool:
    """Whether it is one of the tables that SQLite keeps for the one virtual table."""
    return table in {f"article_words_{part}" for part in ("config", "data", "idx")}


def differences(store: Store) -> list[Any]:
    """What Alembic finds different from the metadata, the FTS5 table aside."""

    def compared(_: object, name: str | None, kind: str, *__: object) -> bool:
        return not (store.is_sqlite and kind == "table" and str(name).startswith("article_words"))

    with store._engine.connect() as connection:
        options = {"include_object": compared}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def test_an_empty_database_gets_every_table(empty_url: str) -> None:
    """After migrate() the tables are those of the metadata and check() is content."""
    with open_store(empty_url) as store:
        store.migrate()
        tables = set(inspect(store._engine).get_table_names())
        assert set(metadata.tables) | {"alembic_version"} == {name for name in tables if not is_fts5(name)}
        assert [] == store.check()


def test_open_does_not_migrate(empty_url: str) -> None:
    """Opening changes nothing; check() says what is missing, and so does a query."""
    with open_store(empty_url) as store:
        assert [] == inspect(store._engine).get_table_names()
        (problem,) = store.check()
        assert "migrate" in problem
        with pytest.raises(StorageError, match="migrate"):
            store.corpus_size()


def test_migrating_again_changes_nothing(empty_url: str) -> None:
    """A second migrate() is a no-op, also past the shortcut."""
    with open_store(empty_url) as store:
        store.migrate()
        store.record_run("collect", NOW, NOW, {"kept": True})
        store.migrate()
        with writing(store._engine) as connection:
            storage.store.migrate.upgrade(connection)
        run = store.last_run("collect")
        assert run is not None
        assert {"kept": True} == run.summary


def test_several_may_migrate_at_once(empty_url: str) -> None:
    """Four stores that start together on an empty database all find it migrated."""

    def start(_: int) -> list[str]:
        with open_store(empty_url) as store:
            store.migrate()
            return store.check()

    with ThreadPoolExecutor(4) as pool:
        assert [[]] * 4 == list(pool.map(start, range(4)))


def test_a_migration_that_breaks_leaves_nothing(empty_url: str) -> None:
    """All of an upgrade is one transaction: the last table in the way, none of the first is there."""
    with open_store(empty_url) as store:
        with writing(store._engine) as connection:
            connection.execute(text("CREATE TABLE runs (id INTEGER)"))
        with pytest.raises(Exception, match="runs"):
            store.migrate()
        assert ["runs"] == inspect(store._engine).get_table_names()


def test_the_tables_are_those_of_the_metadata(database_url: str) -> None:
    """Alembic finds no difference between the migrated database and the schema in code."""
    with open_store(database_url) as store:
        assert [] == differences(store)


UNCOMPARED = {
    "fingerprint": "WITHOUT ROWID",  # it halves the largest table
    "archive_words": "WITHOUT ROWID",
    "article_words": "USING fts5(words, content='', detail=none, columnsize=0, tokenize='ascii')",
    "mentions": "AUTOINCREMENT",  # no id is given twice
    "outlet_lines": "WITHOUT ROWID",
}


@pytest.mark.parametrize(("table", "option"), UNCOMPARED.items(), ids=UNCOMPARED)
def test_what_alembic_does_not_compare_is_really_there(sqlite_url: str, table: str, option: str) -> None:
    """The options of SQLite's tables, as SQLite itself has them."""
    with open_store(sqlite_url) as store, store._engine.connect() as connection:
        query = text("SELECT sql FROM sqlite_master WHERE name = :table")
        assert option in connection.scalars(query, {"table": table}).one()


def test_the_revision_in_code_is_the_newest() -> None:
    """The constant that spares a start the loading of Alembic names its head."""
    assert [REVISION] == ScriptDirectory.from_config(CONFIG).get_heads()


def test_a_newer_database_is_refused(empty_url: str) -> None:
    """A database that a later Rasid migrated is not touched; the error says to update."""
    with open_store(empty_url) as store:
        store.migrate()
        with writing(store._engine) as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert 1 == len(store.check())
        with pytest.raises(StorageError, match="update Rasid"):
            store.migrate()


def test_down_and_up_again(empty_url: str) -> None:
    """The downgrade takes every table away, and the upgrade brings them back."""
    with open_store(empty_url) as store:
        store.migrate()
        move(store, command.downgrade, "base")
        assert ["alembic_version"] == inspect(store._engine).get_table_names()
        store.migrate()
        assert [] == store.check()


def move(store: Store, to: Callable[[Config, str], None], revision: str) -> None:
    """Upgrade or downgrade to a revision."""
    with writing(store._engine) as connection:
        CONFIG.attributes["connection"] = connection
        to(CONFIG, revision)


# ── 0002, on what 0001 holds ──────────────────────────────────────────────────────────────────────

ARTICLES = 1_001  # two whole batches, and one more


def fill_0001(store: Store) -> None:
    """Articles, mentions in the second and third of them, a digest that told of the second."""
    time = NOW.replace(tzinfo=None) if store.is_sqlite else NOW
    articles = [
        {
            "id": number,
            "url": f"/{number}",
            "hash": identity(f"/{number}"),
            "title": f"خبر رقم {number}",
            "time": time,
        }
        for number in range(1, ARTICLES + 1)
    ]
    mentions = [{"id": 10 + number, "article": number, "time": time} for number in (2, 2, 3)]
    with writing(store._engine) as connection:
        connection.execute(
            text("INSERT INTO stories (id, headline, first_at, last_at) VALUES (1, 'خبر', :time, :time)"),
            {"time": time},
        )
        connection.execute(
            text(
                "INSERT INTO articles (id, story_id, published, first_seen, relation, score, language, source, exact,"
                " words, feed_id, outlet, url, url_hash, title, copy_why_ar, copy_why_en, story_score, story_shared,"
                " story_why_ar, story_why_en, stored_at, text) VALUES (:id, 1, :time, :time, 'new', 0, 'ar', 'page',"
                " '', 5, 'tech', 'مجلة التقنية', :url, :hash, :title, '', '', 0, '[]', '', '', :time,"
                " 'أَعلنت الشركةُ أرباحها')"
            ),
            articles,
        )
        connection.execute(
            text(
                "INSERT INTO mentions (id, article_id, term, published, field, span_start, span_end, text, status,"
                " form, why_ar, why_en, list_version) VALUES (:id, :article, 'nvidia', :time, 'title', 0, 7,"
                " 'إنفيديا', 'matched', 'إنفيديا', 'سبب مكتوب', 'a written reason', 'v1')"
            ),
            [mentions[0], {**mentions[1], "id": 15}, mentions[2]],
        )
        connection.execute(
            text(
                "INSERT INTO digests (id, subscription_id, window_end, stories, body, composed_at)"
                " VALUES ('d1', 'analysts', :time, 1, '{}', :time)"
            ),
            {"time": time},
        )
        connection.execute(
            text(
                "INSERT INTO digest_articles (subscription_id, article_id, digest_id)"
                " VALUES ('analysts', 2, 'd1'), ('analysts', 4, 'd1')"
            )
        )


def test_0002_keeps_and_fills_everything(empty_url: str) -> None:
    """Articles get their words, mentions stay as they are and on time, what was told stays told."""
    with open_store(empty_url) as store:
        move(store, command.upgrade, "0001")
        fill_0001(store)
        store.migrate()
        assert [] == store.check()
        assert [] == differences(store)
        assert {"ارباحها": ARTICLES, "1001": 1} == store.word_counts(["ارباحها", "1001", "أرباحها"])
        assert [500, 501, ARTICLES] == store.articles_with([[["500", "501", "1001"], ["اعلنت"]]], limit=5)
        assert 3 + ARTICLES + 2 == len(list(store.archive_words()))
        assert [mention(), mention()] == store.mentions(2)
        assert [3] == [found.id for found in store.unreported("analysts", ["nvidia"], NOW - DAY)]
        with store._engine.connect() as connection:
            told = connection.execute(text("SELECT article_id, mention_id FROM digest_articles ORDER BY 1"))
            assert [(2, 15), (4, 0)] == [tuple(row) for row in told]


def test_0002_goes_down_and_up_again_with_data(empty_url: str) -> None:
    """What 0001 knew is still there after both."""
    with open_store(empty_url) as store:
        move(store, command.upgrade, "0001")
        fill_0001(store)
        store.migrate()
        move(store, command.downgrade, "0001")
        store.migrate()
        assert [] == differences(store)
        assert ARTICLES == store.archive_size()
        assert [2, 3] == store.mentioned_ids(["nvidia"], since=None, limit=5)
        assert {"1001": 1} == store.word_counts(["1001"])


# ── 0003, on what 0002 holds ──────────────────────────────────────────────────────────────────────

PAGES = [f"https://www.tech.example/{number}/" for number in range(1, ARTICLES + 1)]
LONG = "\n".join(
    f"أعلنت شركة{letter} عن معالج{letter} جديد في مدينة{letter} اليوم" for letter in "بتثجحخدذرزسشصضطظعغفق"
)


def fill_0002(store: Store) -> None:
    """Articles of 0001 at addresses of the web, with keys that no code of today makes; one is a copy, one is long."""
    fill_0001(store)
    time = NOW.replace(tzinfo=None) if store.is_sqlite else NOW
    keys = [{"hash": 7, "article": 1}, {"hash": -7, "article": 1}, {"hash": 7, "article": 2}]
    pages = [{"id": number, "url": url} for number, url in enumerate(PAGES, 1)]
    with writing(store._engine) as connection:
        connection.execute(text("INSERT INTO fingerprint (hash, article) VALUES (:hash, :article)"), keys)
        connection.execute(text("UPDATE articles SET url = :url WHERE id = :id"), pages)
        copied = "UPDATE articles SET text = :text, title = 'خبر طويل' WHERE id IN (2, 3, 5)"
        connection.execute(text(copied), {"text": LONG})
        if not store.is_sqlite:
            connection.execute(text("SELECT setval('stories_id_seq', 1)"))
        connection.execute(text("UPDATE articles SET relation = 'exact', original = 2 WHERE id = 3"))
        connection.execute(text("UPDATE articles SET relation = 'extends', original = 2 WHERE id = 5"))
        connection.execute(
            text(
                "INSERT INTO feeds (id, name, url) VALUES ('tech', 'مجلة التقنية', 'https://tech.example/rss')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO entries (feed_id, key, key_hash, url, url_hash, title, summary, first_seen, due_order,"
                " state, next_try) VALUES ('tech', 'k', 'k', 'http://m.tech.example/new', 'u', 'خبر', '', :time, :time,"
                " 'pending', :time)"
            ),
            {"time": time},
        )


def test_0003_keeps_and_fills_everything(empty_url: str) -> None:
    """Keys and counts are those of today's code, originals alone have keys; pages are known by other addresses."""
    with open_store(empty_url) as store:
        move(store, command.upgrade, "0002")
        fill_0002(store)
        store.migrate()
        assert [] == store.check()
        assert [] == differences(store)
        fp = fingerprint("خبر طويل", LONG)
        assert 10 < len(fp.keys)
        assert [2, 5] == [found.id for found in store.candidates(fp)]
        assert [1] == [
            found.id for found in store.candidates(fingerprint("خبر رقم 1", "أعلنت الشركة أرباحها"))
        ]
        with store._engine.connect() as connection:
            query = "SELECT exact, words, keys, wire, added, story_pinned FROM articles WHERE id = 3"
            row = connection.execute(text(query)).one()
            assert (fp.exact, fp.words, len(fp.keys), "", "[]", False) == tuple(row)
            held = connection.execute(
                text("SELECT DISTINCT article FROM fingerprint WHERE article < 6 ORDER BY 1")
            )
            assert [1, 2, 4, 5] == [row.article for row in held]
            assert 0 == connection.scalar(text("SELECT count(*) FROM fingerprint WHERE hash IN (7, -7)"))
        row = store.story(1)
        assert row is not None
        assert (ARTICLES, 1, ()) == (row.articles, row.copies, row.merged)
        twins = [entry("a", PAGES[-1].replace("www.", "m.")), entry("b", "https://tech.example/new")]
        assert 0 == queued(store, *twins)


def test_0003_goes_down_and_up_again_with_data(empty_url: str) -> None:
    """What 0002 knew is still there after both."""
    with open_store(empty_url) as store:
        move(store, command.upgrade, "0002")
        fill_0002(store)
        store.migrate()
        new = store.split_story(1, [2], "ليلى", NOW)
        store.merge_stories(1, [new], "ليلى", NOW)
        move(store, command.downgrade, "0002")
        store.migrate()
        assert [] == differences(store)
        assert ARTICLES == store.archive_size()
        assert [2, 5] == [found.id for found in store.candidates(fingerprint("خبر طويل", LONG))]


# ── 0004, on what 0003 holds ──────────────────────────────────────────────────────────────────────


def test_0004_keeps_and_fills_everything(empty_url: str) -> None:
    """Entries get the host of their page; feeds and articles are as they were."""
    with open_store(empty_url) as store:
        move(store, command.upgrade, "0002")
        fill_0002(store)
        move(store, command.upgrade, "0003")
        store.migrate()
        assert [] == store.check()
        assert [] == differences(store)
        assert ARTICLES == store.corpus_size()
        (pending,) = store.claim_entries(NOW, NOW + DAY, 5)
        assert ("m.tech.example", None) == (pending.host, pending.article_id)
        assert (None, 0) == (store.feed_states()["tech"].moved_to, store.feed_states()["tech"].moves)


def test_0004_goes_down_and_up_again_with_data(empty_url: str) -> None:
    """What 0003 knew is still there after both."""
    with open_store(empty_url) as store:
        move(store, command.upgrade, "0002")
        fill_0002(store)
        store.migrate()
        move(store, command.downgrade, "0003")
        store.migrate()
        assert [] == differences(store)
        assert (ARTICLES, 1) == (store.corpus_size(), store.pending_entries())


# ── 0006, on what 0005 holds ──────────────────────────────────────────────────────────────────────


def test_0006_knows_since_when_messages_wait(empty_url: str) -> None:
    """Since their digests were composed; and two readers may say two things of one sentence."""
    with open_store(empty_url) as store:
        move(store, command.upgrade, "0005")
        time = NOW.replace(tzinfo=None) if store.is_sqlite else NOW
        with writing(store._engine) as connection:
            connection.execute(
                text(
                    "INSERT INTO digests (id, subscription_id, window_end, stories, body, composed_at)"
                    " VALUES ('d1', 'analysts', :time, 1, '{}', :time)"
                ),
                {"time": time},
            )
            connection.execute(
                text(
                    "INSERT INTO deliveries (id, digest_id, channel, recipient, state, message_id, next_try)"
                    " VALUES (1, 'd1', 'email', 'sara@example.org', 'new', '<1@rasid>', :time)"
                ),
                {"time": time},
            )
        store.migrate()
        assert [] == differences(store)
        assert [NOW] == [row.due for row in store.deliveries()]
        assert [1] == [row.id for row in store.overdue_deliveries(NOW)]
