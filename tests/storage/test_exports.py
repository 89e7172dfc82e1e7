"""What is carried out of the archive: mentions page by page, the stories that feeds tell of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from storage.engine import reading
from storage.exports import Exports, Wanted, mentions_after, stories_naming, story_reports
from tests.storage.builders import DAY, HOUR, NOW, article, mention, stored

if TYPE_CHECKING:
    from storage import Store

ARABIC = ("ar", "und")


def exported(store: Store, wanted: Wanted, limit: int = 100) -> list[tuple[int, str, str]]:
    """Article, term and status of what is wanted, read in pages of so many."""
    found, after = [], 0
    while True:
        with reading(store._engine) as connection:
            page = mentions_after(connection, wanted, after, limit)
        if not page:
            return found
        found += [(row.article_id, row.mention.term, row.mention.status) for row in page]
        after = page[-1].id


def newest(store: Store, *terms: str, days: int = 30, limit: int = 10) -> list[int]:
    """Stories that name one of the terms."""
    with reading(store._engine) as connection:
        return stories_naming(connection, terms, ARABIC, NOW - days * DAY, limit)


@pytest.fixture
def archive(store: Store) -> Store:
    """Two articles and a copy: the first names two terms, one uncertain; the second is a day younger."""
    first = stored(store, article(), mention(), mention("huawei", "uncertain", 3))
    stored(store, article(published=NOW + DAY, first_seen=NOW + DAY), mention("huawei"))
    stored(store, article(), mention(), story_id=first.story_id, relation="near", original=first.id)
    return store


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), [(1, "nvidia", "matched"), (1, "huawei", "uncertain"), (2, "huawei", "matched")]),
        (Wanted(copies=True, terms=("nvidia",)), [(1, "nvidia", "matched"), (3, "nvidia", "matched")]),
        (Wanted(status="matched"), [(1, "nvidia", "matched"), (2, "huawei", "matched")]),
        (Wanted(status="uncertain"), [(1, "huawei", "uncertain")]),
        (Wanted(since=NOW + HOUR), [(2, "huawei", "matched")]),
        (Wanted(until=NOW + DAY, terms=("huawei",)), [(1, "huawei", "uncertain")]),
        (Wanted(terms=()), []),
    ],
)
def test_only_what_is_wanted_is_exported(
    archive: Store, wanted: Wanted, expected: list[tuple[int, str, str]]
) -> None:
    """By term, status, publication and copies; in the order in which mentions were found."""
    assert expected == exported(archive, wanted)


def test_pages_hold_each_mention_once(archive: Store) -> None:
    """However small the pages are, together they hold the same."""
    wanted = Wanted(copies=True)
    assert exported(archive, wanted) == exported(archive, wanted, limit=1)
    assert 4 == len(exported(archive, wanted, limit=1))


def test_an_exported_mention_brings_its_article(archive: Store) -> None:
    """A row holds what is known of the article, and the mention as it was stored."""
    with reading(archive._engine) as connection:
        row = mentions_after(connection, Wanted(copies=True), 0, 100)[-1]
    assert (3, mention(), 1, "near", 1, NOW) == (
        row.article_id,
        row.mention,
        row.story_id,
        row.relation,
        row.original,
        row.published,
    )
    assert ("مجلة التقنية", "ar", article().title, article().text) == (
        row.outlet,
        row.language,
        row.title,
        row.text,
    )


def test_the_facade_reads_all_pages(archive: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The iterator of the facade goes on from page to page, and ends."""
    monkeypatch.setattr("storage.exports._PAGE", 2)
    part = Exports()
    part._engine = archive._engine
    assert [1, 2, 3, 4] == [row.id for row in part.export_mentions(Wanted(copies=True))]


def test_stories_come_with_the_newest_news_first(store: Store) -> None:
    """What orders them is the latest article that names a term for sure and is no copy."""
    old = stored(store, article(published=NOW), mention()).story_id
    new = stored(store, article(published=NOW + HOUR), mention()).story_id
    stored(store, article(published=NOW + 2 * HOUR), mention(), story_id=old, relation="near", original=1)
    assert [new, old] == newest(store, "nvidia")
    stored(store, article(published=NOW + 3 * HOUR), mention(), story_id=old)
    assert [old, new] == newest(store, "nvidia", "huawei")
    assert [old] == newest(store, "nvidia", limit=1)


def test_a_story_without_news_of_the_terms_is_none(store: Store) -> None:
    """Uncertain mentions, copies, other terms, other languages and what is too old make no story of a feed."""
    stored(store, article(), mention(status="uncertain"))
    stored(store, article(), mention(), relation="exact", original=1)
    stored(store, article(), mention("huawei"))
    stored(store, replace(article(), language="en"), mention())
    stored(store, article(published=NOW - 31 * DAY), mention())
    assert [] == newest(store, "nvidia")
    assert [] == newest(store)


def test_a_storys_report_holds_every_article(store: Store) -> None:
    """Also those without a mention; the mentions are those of the terms that were asked for."""
    first = stored(store, article(published=NOW + HOUR), mention(), mention("huawei", start=3))
    stored(store, article(published=NOW), story_id=first.story_id)
    stored(store, article(), mention())
    with reading(store._engine) as connection:
        reports = story_reports(connection, [first.story_id], ["huawei"])
        none = story_reports(connection, [], ["huawei"])
    assert [(2, ()), (1, (mention("huawei", start=3),))] == [(one.id, one.mentions) for one in reports]
    assert [0, 2] == [one.last_mention for one in reports]
    assert {False} == {one.story_reported for one in reports}
    assert [] == none
