"""Stories as operators see them, merge them and split them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select

from rasid.errors import StorageError
from rasid.types import StoryMember
from storage import StoryArticle, StoryEdit, StoryRow, open_store, schema
from storage.engine import writing
from storage.stories import newer_members
from tests.storage.builders import DAY, HOUR, NOW, WHY, article, choice, fingerprint, stored, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rasid.types import Article, Candidate, Relation, StoryChoice, Verdict
    from storage import Store, StoredArticle


def told(
    store: Store,
    title: str,
    hours: int = 0,
    *,
    story: int | None = None,
    outlet: str = "الأول",
    relation: Relation = "new",
    original: int | None = None,
    wire: str = "",
) -> StoredArticle:
    """An article, so many hours after now, in a story or with one of its own."""
    new = article(title=title, published=NOW + hours * HOUR, outlet=outlet, wire=wire)
    return stored(store, new, story_id=story, relation=relation, original=original)


def ids(store: Store, story_id: int) -> list[int]:
    """The articles of a story."""
    return [each.id for each in store.story_articles(story_id)]


def pinned(store: Store, story_id: int) -> list[bool]:
    """Which of them an operator has put there."""
    return [each.pinned for each in store.story_articles(story_id)]


# ── seen ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_story_is_told_in_one_row(store: Store) -> None:
    """Outlets and agencies in order of appearance, copies counted apart, times of its articles."""
    first = told(store, "الأول في القصة", 2, outlet="الثاني", wire="reuters")
    story = first.story_id
    told(store, "قبله", 1, story=story, outlet="الأول")
    told(store, "نسخة", 3, story=story, outlet="الثالث", relation="near", original=first.id, wire="reuters")
    told(store, "إضافة", 4, story=story, outlet="الأول", relation="extends", original=first.id, wire="afp")
    expected = StoryRow(
        id=story,
        headline="الأول في القصة",
        first_at=NOW + HOUR,
        last_at=NOW + 4 * HOUR,
        articles=4,
        copies=1,
        outlets=("الأول", "الثاني", "الثالث"),
        wires=("reuters", "afp"),
        merged=(),
    )
    assert expected == store.story(story)
    assert [expected] == store.stories(since=NOW, limit=5)
    assert store.story(story + 1) is None
    assert [] == store.story_articles(story + 1)


def test_the_articles_of_a_story_come_with_their_reasons(store: Store) -> None:
    """In order of publication, each with what decided."""
    first = told(store, "أصل", 1)
    new = article(title="نسخة", published=NOW, outlet="الثاني", wire="afp")
    copy = stored(store, new, story_id=first.story_id, relation="near", original=first.id)
    assert [copy.id, first.id] == ids(store, first.story_id)
    assert (
        StoryArticle(
            id=copy.id,
            outlet="الثاني",
            title="نسخة",
            url=new.url,
            published=NOW,
            relation="near",
            original=first.id,
            score=0.5,
            copy_why=WHY,
            story_why=WHY,
            wire="afp",
            pinned=False,
        )
        == store.story_articles(first.story_id)[0]
    )


def test_the_newest_stories_come_first(store: Store) -> None:
    """Those that had an article since then, up to the limit; of an outlet, those that it has a part in."""
    old, middle, new = (told(store, f"خبر {hours}", hours).story_id for hours in (-48, 1, 2))
    told(store, "تتمة", 3, story=middle, outlet="الثاني")
    assert [middle, new] == [row.id for row in store.stories(since=NOW - DAY, limit=5)]
    assert [middle] == [row.id for row in store.stories(since=NOW - DAY, limit=1)]
    assert [middle] == [row.id for row in store.stories(since=NOW - 3 * DAY, limit=5, outlet="الثاني")]
    assert [middle, new, old] == [
        row.id for row in store.stories(since=NOW - 3 * DAY, limit=5, outlet="الأول")
    ]


def test_members_are_told_by_id_too(store: Store) -> None:
    """Above one id and up to another: what a process has not taken in yet; with the agency."""
    made = [stored(store, article(published=NOW - n * HOUR, wire="afp" if n else "")) for n in range(4)]
    terms = {"معالج": 3.0, "بيانات": 0.1}
    expected = [
        StoryMember(made[n].id, made[n].story_id, terms, NOW - n * HOUR, "afp" if n else "") for n in (2, 1)
    ]
    assert expected == store.story_members(NOW - DAY, after=made[0].id, upto=made[2].id)
    assert [] == store.story_members(NOW - DAY, after=made[3].id)


# ── merged ────────────────────────────────────────────────────────────────────────────────────────


def test_merging_moves_all_and_pins_it(store: Store) -> None:
    """Times widen, the headline is the earliest's, the ids of old lead on, and the edit is noted."""
    one, two, three = told(store, "أول", 2), told(store, "ثان", 1), told(store, "ثالث", 9)
    other = told(store, "غيرها", 3)
    result = store.merge_stories(one.story_id, [two.story_id, three.story_id], "ليلى", NOW)
    assert one.story_id == result
    assert [two.id, one.id, three.id] == ids(store, result)
    assert [True, True, True] == pinned(store, result)
    assert [False] == pinned(store, other.story_id)
    row = store.story(two.story_id)
    assert row is not None
    assert ("ثان", NOW + HOUR, NOW + 9 * HOUR) == (row.headline, row.first_at, row.last_at)
    assert (result, (two.story_id, three.story_id)) == (row.id, row.merged)
    assert ids(store, result) == ids(store, three.story_id)
    assert {result, other.story_id} == {row.id for row in store.stories(since=NOW, limit=9)}
    expected = [
        StoryEdit(1, NOW, "ليلى", "merge", two.story_id, result, (two.id,)),
        StoryEdit(2, NOW, "ليلى", "merge", three.story_id, result, (three.id,)),
    ]
    assert expected == store.story_edits()
    assert expected[1:] == store.story_edits(three.story_id)
    assert [] == store.story_edits(other.story_id)


def test_merging_again_after_a_crash_changes_nothing(store: Store) -> None:
    """What is merged already is neither moved nor noted twice."""
    one, two = told(store, "أول").story_id, told(store, "ثان").story_id
    store.merge_stories(one, [two], "ليلى", NOW)
    assert one == store.merge_stories(one, [two], "ليلى", NOW + HOUR)
    assert 1 == len(store.story_edits())


def test_merged_stories_are_merged_on(store: Store) -> None:
    """A chain of merges leads to its end, from each of its ids."""
    one, two, three = (told(store, title).story_id for title in ("أول", "ثان", "ثالث"))
    store.merge_stories(two, [one], "ليلى", NOW)
    assert three == store.merge_stories(three, [one], "ليلى", NOW)
    rows = [store.story(each) for each in (one, two, three)]
    assert [(three, (2, 1))] * 3 == [(row.id, row.merged) for row in rows if row is not None]


def test_an_article_that_joins_a_merged_story_is_led_on(store: Store) -> None:
    """A collect that chose before the merge stores into the story that holds the articles now."""
    one, two, three = (told(store, title) for title in ("أول", "ثان", "ثالث"))
    store.merge_stories(two.story_id, [one.story_id], "ليلى", NOW)
    store.merge_stories(three.story_id, [two.story_id], "ليلى", NOW)
    late = told(store, "متأخر", 20, story=one.story_id)
    assert (three.story_id, False) == (late.story_id, late.new_story)
    row = store.story(three.story_id)
    assert row is not None
    assert (4, NOW + 20 * HOUR) == (row.articles, row.last_at)


def test_a_circle_of_merges_ends(store: Store) -> None:
    """Rows changed by hand may lead in a circle: each of its ids means the same story."""
    one, two = told(store, "أول").story_id, told(store, "ثان").story_id
    with writing(store._engine) as connection:
        for story, into in ((one, two), (two, one)):
            changed = schema.stories.update().where(schema.stories.c.id == story)
            connection.execute(changed.values(merged_into=into))
    rows = [store.story(each) for each in (one, two)]
    assert [one, one] == [row.id for row in rows if row is not None]
    assert one == told(store, "ثالث", story=two).story_id


# ── split ─────────────────────────────────────────────────────────────────────────────────────────


def family(store: Store) -> list[StoredArticle]:
    """A story of an article, another, a copy of that, and a copy of the copy."""
    first = told(store, "أول", 2)
    second = told(store, "ثان", 1, story=first.story_id)
    copy = told(store, "نسخة", 3, story=first.story_id, relation="near", original=second.id)
    again = told(store, "نسختها", 4, story=first.story_id, relation="extends", original=copy.id)
    return [first, second, copy, again]


def test_splitting_takes_the_copies_along_and_pins_both_halves(store: Store) -> None:
    """Times and headlines are those of what each half has; the edit is noted."""
    first, second, copy, again = family(store)
    new = store.split_story(first.story_id, [second.id], "عمر", NOW)
    assert [second.id, copy.id, again.id] == ids(store, new)
    assert [first.id] == ids(store, first.story_id)
    assert [True] * 4 == pinned(store, new) + pinned(store, first.story_id)
    halves = [store.story(new), store.story(first.story_id)]
    assert [("ثان", NOW + HOUR, NOW + 4 * HOUR), ("أول", NOW + 2 * HOUR, NOW + 2 * HOUR)] == [
        (row.headline, row.first_at, row.last_at) for row in halves if row is not None
    ]
    expected = [StoryEdit(1, NOW, "عمر", "split", first.story_id, new, (second.id, copy.id, again.id))]
    assert expected == store.story_edits(new) == store.story_edits(first.story_id)


def test_splitting_again_after_a_crash_changes_nothing(store: Store) -> None:
    """The same split gives the story that it opened."""
    first, second, copy, _ = family(store)
    new = store.split_story(first.story_id, [second.id], "عمر", NOW)
    assert new == store.split_story(first.story_id, [second.id], "عمر", NOW + HOUR)
    assert new == store.split_story(first.story_id, [second.id, copy.id], "عمر", NOW + HOUR)
    assert 1 == len(store.story_edits())


def test_a_merged_story_is_split_by_its_old_id(store: Store) -> None:
    """What was merged wrongly comes apart again."""
    one, two = told(store, "أول"), told(store, "ثان")
    store.merge_stories(one.story_id, [two.story_id], "ليلى", NOW)
    new = store.split_story(two.story_id, [two.id], "ليلى", NOW)
    assert new not in (one.story_id, two.story_id)
    assert ([one.id], [two.id]) == (ids(store, one.story_id), ids(store, new))


REFUSED: dict[str, tuple[Callable[[Store, Sequence[StoredArticle]], object], str]] = {
    "an unknown story, merged into": (
        lambda s, a: s.merge_stories(77, [a[0].story_id], "x", NOW),
        "story 77",
    ),
    "an unknown story, merged": (lambda s, a: s.merge_stories(a[0].story_id, [77], "x", NOW), "story 77"),
    "merged with itself": (
        lambda s, a: s.merge_stories(a[0].story_id, [a[0].story_id], "x", NOW),
        "cannot be merged with itself",
    ),
    "an unknown story, split": (lambda s, a: s.split_story(77, [a[0].id], "x", NOW), "story 77"),
    "no article": (lambda s, a: s.split_story(a[0].story_id, [], "x", NOW), "at least one article"),
    "an article of another story": (
        lambda s, a: s.split_story(a[0].story_id, [a[1].id, a[4].id], "x", NOW),
        "not in the story 1: 5",
    ),
    "all articles": (
        lambda s, a: s.split_story(a[0].story_id, [a[0].id, a[1].id], "x", NOW),
        "nothing would be left",
    ),
}


@pytest.mark.parametrize(("edit", "words"), REFUSED.values(), ids=REFUSED)
def test_an_edit_that_makes_no_sense_is_refused(
    store: Store, edit: Callable[[Store, Sequence[StoredArticle]], object], words: str
) -> None:
    """The error says what to do; nothing is moved, pinned or noted."""
    made = [*family(store), told(store, "غيرها")]
    before = everything(store)
    with pytest.raises(StorageError, match=words):
        edit(store, made)
    assert before == everything(store)


def everything(store: Store) -> list[object]:
    """All rows that an edit may change."""
    columns = (schema.articles.c.id, schema.articles.c.story_id, schema.articles.c.story_pinned)
    with store._engine.connect() as connection:
        return [
            connection.execute(select(*each).order_by(each[0])).all()
            for each in (columns, tuple(schema.stories.c), tuple(schema.story_edits.c))
        ]


# ── judged while stored ───────────────────────────────────────────────────────────────────────────


def test_a_judge_is_told_what_others_stored_meanwhile(store: Store) -> None:
    """Members after the one that the caller knows, none of months ago; of a page that is known, nothing is asked."""
    known = stored(store)
    stored(store, article(published=NOW - timedelta(days=31)))
    later = stored(store, article(published=NOW), fp=fingerprint(1, 2))
    earlier = stored(store, article(published=NOW - HOUR))
    seen: list[tuple[list[int], list[int]]] = []

    def judge(found: Sequence[Candidate], newer: Sequence[StoryMember]) -> tuple[Verdict, StoryChoice]:
        seen.append(([each.id for each in found], [each.article_id for each in newer]))
        return verdict(), choice()

    def store_after(article_id: int, new: Article) -> StoredArticle:
        return store.store_article(None, new, fingerprint(1, 2), judge, {}, (), {}, NOW, after=article_id)

    first = store_after(known.id, article("https://tech.example/a"))
    store_after(earlier.id, article())
    assert [([later.id], [earlier.id, later.id]), ([later.id, first.id], [first.id])] == seen
    assert not store_after(known.id, article("https://tech.example/a")).created
    assert 2 == len(seen)


def test_looking_for_what_is_new_reads_nothing_old(sqlite_url: str) -> None:
    """It is asked for each article under the lock of the corpus: by ids, where SQLite would take a month's times."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))

    with open_store(sqlite_url) as store, store._engine.connect() as connection:
        event.listen(connection, "before_cursor_execute", note)
        assert [] == newer_members(connection, 0, NOW)
        statement, parameters = asked[-1]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    assert "SEARCH articles USING INTEGER PRIMARY KEY (rowid>?)" in [row[-1] for row in plan]
