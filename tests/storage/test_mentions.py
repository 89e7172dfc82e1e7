"""Mentions revised: what a changed watchlist finds in articles that were stored before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from rasid.errors import StorageError
from rasid.types import Reason
from storage import schema
from tests.storage.builders import DAY, HOUR, MINUTE, NOW, article, mention, stored
from tests.storage.test_concurrency import WORKERS, at_once

if TYPE_CHECKING:
    from storage import Store

V2 = {"nvidia": "v2"}


def kept(store: Store) -> list[tuple[int, str | None]]:
    """Id and watchlist version of every row."""
    with store._engine.connect() as connection:
        query = select(schema.mentions.c.id, schema.mentions.c.list_version).order_by(schema.mentions.c.id)
        return [(row.id, row.list_version) for row in connection.execute(query)]


def test_what_is_found_again_stays_what_it_was(store: Store) -> None:
    """The same places: nothing gained or lost, no row changed, not even the version."""
    made = stored(store, article(), mention(), mention(start=9))
    before = kept(store)
    assert (0, 0) == store.revise_mentions(made.id, ["nvidia"], [mention(start=9), mention()], V2, NOW)
    assert before == kept(store)
    assert [mention(), mention(start=9)] == store.mentions(made.id)


def test_gained_and_lost(store: Store) -> None:
    """A place found no longer loses its row; a new one is late and of the new version."""
    made = stored(store, article(), mention(), mention(start=9))
    found = [mention(start=9), mention(start=20), mention(start=30)]
    assert (2, 1) == store.revise_mentions(made.id, ["nvidia"], found, V2, NOW)
    assert [
        mention(start=9),
        mention(start=20, late=True),
        mention(start=30, late=True),
    ] == store.mentions(made.id)
    assert [(2, "v1"), (3, "v2"), (4, "v2")] == kept(store)
    assert (0, 3) == store.revise_mentions(made.id, ["nvidia"], [], V2, NOW)
    assert [] == store.mentions(made.id)


def test_another_judgement_changes_the_row_in_place(store: Store) -> None:
    """Status, form and reason are those found now; id, version and lateness stay."""
    made = stored(store, article(), mention())
    now = replace(mention(status="uncertain"), form="نفيديا", why=Reason("سبب آخر", "another reason"))
    assert (0, 0) == store.revise_mentions(made.id, ["nvidia"], [now], V2, NOW)
    assert [now] == store.mentions(made.id)
    assert [(1, "v1")] == kept(store)


def test_other_terms_and_other_articles_are_left_alone(store: Store) -> None:
    """Neither removed, nor added though found: they were not asked about."""
    made = stored(store, article(), mention(), mention("huawei"))
    other = stored(store, article(), mention())
    assert (0, 1) == store.revise_mentions(made.id, ["nvidia"], [mention("huawei", start=9)], V2, NOW)
    assert [mention("huawei")] == store.mentions(made.id)
    assert [mention()] == store.mentions(other.id)


def test_a_place_is_term_field_start_and_end(store: Store) -> None:
    """Each of the four makes another mention of it."""
    made = stored(store, article(), mention())
    found = [mention("huawei"), replace(mention(), field="text"), mention(start=1), replace(mention(), end=8)]
    terms = ["nvidia", "huawei"]
    assert (4, 1) == store.revise_mentions(made.id, terms, found, V2, NOW)
    assert [replace(each, late=True) for each in found] == store.mentions(made.id)


def test_one_place_found_twice_is_one_mention(store: Store) -> None:
    """Also where the table holds it twice: one row stays."""
    made = stored(store, article(), mention(), mention())
    assert (0, 1) == store.revise_mentions(made.id, ["nvidia"], [mention(), mention()], V2, NOW)
    assert [(1, "v1")] == kept(store)


def test_hostile_text_in_a_mention_is_no_new_mention(store: Store) -> None:
    """What is stored cleaned is compared cleaned."""
    hostile = replace(mention("n\x00"), text="نص\ud800", why=Reason("\x00", "\x00"))
    made = stored(store, article(), hostile)
    assert (0, 0) == store.revise_mentions(made.id, ["n\x00"], [hostile], V2, NOW)
    assert ["نص\ufffd"] == [each.text for each in store.mentions(made.id)]


def test_an_unknown_article_is_refused(store: Store) -> None:
    """There is nothing to revise: the error names the id."""
    with pytest.raises(StorageError, match="article 77"):
        store.revise_mentions(77, ["nvidia"], [mention()], V2, NOW)


def test_the_id_of_a_lost_mention_is_not_given_again(store: Store) -> None:
    """Digests know by the id what they told: the next mention has a higher one than any before."""
    made = stored(store, article(), mention())
    store.revise_mentions(made.id, ["nvidia"], [], V2, NOW)
    store.revise_mentions(made.id, ["nvidia"], [mention()], V2, NOW)
    assert [(2, "v2")] == kept(store)


def test_a_revision_from_several_workers(database_url: str) -> None:
    """The same one at once: each mention is there once, and one of them gained it."""
    at_once(database_url, lambda store: stored(store, article("https://tech.example/page"), mention()))
    results = at_once(
        database_url,
        lambda store: store.revise_mentions(1, ["nvidia"], [mention(), mention(start=9)], V2, NOW),
    )
    assert [(0, 0)] * (WORKERS - 1) + [(1, 0)] == sorted(results)
    found = at_once(database_url, lambda store: store.mentions(1))
    assert [[mention(), mention(start=9, late=True)]] * WORKERS == found


def test_articles_by_their_mentions(store: Store) -> None:
    """Of any of the terms, first seen since then, ids ascending, a page at a time."""
    one = stored(store, article(first_seen=NOW - DAY), mention(), mention(start=9)).id
    two = stored(store, article(), mention("huawei")).id
    three = stored(store, article(), mention(), mention("huawei")).id
    stored(store, article(), mention("h20"))
    terms = ["nvidia", "huawei"]
    assert [one, two, three] == store.mentioned_ids(terms, since=None, limit=9)
    assert [one, two] == store.mentioned_ids(terms, since=None, limit=2)
    assert [three] == store.mentioned_ids(terms, since=None, after=two, limit=2)
    assert [two, three] == store.mentioned_ids(terms, since=NOW - HOUR, limit=9)
    assert [one, two, three] == store.mentioned_ids(terms, since=NOW - DAY, limit=9)
    assert [two, three] == store.mentioned_ids(terms, since=NOW - DAY + MINUTE, limit=9)
    assert [] == store.mentioned_ids([], since=None, limit=9)


def test_a_term_is_renamed(store: Store) -> None:
    """All its mentions, and no others; nothing else of them changes."""
    made = stored(store, article(), mention(), mention(start=9), mention("huawei"))
    assert 2 == store.rename_term("nvidia", "nvda")
    assert [mention("nvda"), mention("nvda", start=9), mention("huawei")] == store.mentions(made.id)
    assert 0 == store.rename_term("nvidia", "nvda")
