"""Judging the corpus anew: each article as when it came, one process at a time, and no way back that is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from rasid.errors import StorageError
from rasid.types import Candidate, Fingerprint, Reason, StoryChoice, StoryMember, Verdict
from storage import ReindexArticle, ReindexState, Rejudged, schema
from tests.storage.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    article,
    choice,
    fingerprint,
    settled,
    stored,
    verdict,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rasid.types import Relation
    from storage import Store

LEASE = NOW + MINUTE


# ── the run ───────────────────────────────────────────────────────────────────────────────────────


def started(store: Store, version: str = "v2", **options: object) -> ReindexState:
    """A run that got the lease."""
    state = store.start_reindex(version, NOW, LEASE, **options)  # type: ignore[arg-type]
    assert state is not None
    return state


def test_a_run_begins_at_the_first_article(store: Store) -> None:
    """With the size of the corpus, for people who watch it; it is the last one from now on."""
    assert store.last_reindex() is None
    stored(store)
    stored(store)
    state = started(store)
    assert ReindexState(state.id, "v2", NOW, 0, 2, None, LEASE) == state == store.last_reindex()


def test_one_process_at_a_time(store: Store) -> None:
    """Another one gets nothing while the lease runs, not even to begin again."""
    state = started(store)
    assert store.start_reindex("v2", NOW, LEASE) is None
    assert store.start_reindex("v3", NOW, LEASE) is None
    assert store.start_reindex("v2", NOW, LEASE, restart=True) is None
    assert store.reindex_progress(state.id, 5, LEASE + MINUTE)
    assert store.start_reindex("v2", LEASE, LEASE + HOUR) is None


def test_a_dead_run_is_taken_over_where_it_ended(store: Store) -> None:
    """The one that was only slow learns that it has lost, and cannot end the other's run."""
    slow = started(store)
    assert store.reindex_progress(slow.id, 5, LEASE)
    taken = store.start_reindex("v2", LEASE, LEASE + HOUR)
    assert taken is not None
    assert (5, NOW, LEASE + HOUR) == (taken.after, taken.started, taken.lease_until)
    assert not store.reindex_progress(slow.id, 9, LEASE + HOUR)
    store.finish_reindex(slow.id, NOW)
    assert taken == store.last_reindex()
    assert store.reindex_progress(taken.id, 9, LEASE + HOUR)


def test_a_process_alone_takes_over_at_once(store: Store) -> None:
    """Where nobody else is at work the lease of the dead lapses."""
    state = started(store)
    store.reindex_progress(state.id, 5, NOW + DAY)
    with store.present():
        taken = started(store)
    assert 5 == taken.after


@pytest.mark.parametrize(("version", "options"), [("v3", {}), ("v2", {"restart": True})])
def test_another_version_begins_anew(store: Store, version: str, options: dict[str, object]) -> None:
    """And so does who asks for it."""
    state = started(store)
    store.reindex_progress(state.id, 5, NOW)
    assert 0 == started(store, version, **options).after


def test_a_finished_run_is_over(store: Store) -> None:
    """It holds no lease; the next of its version begins anew."""
    state = started(store)
    store.reindex_progress(state.id, 5, LEASE)
    store.finish_reindex(state.id, NOW)
    assert ReindexState(state.id, "v2", NOW, 5, 0, NOW, None) == store.last_reindex()
    assert not store.reindex_progress(state.id, 6, LEASE)
    assert 0 == started(store).after


def test_the_corpus_in_pages(store: Store) -> None:
    """Ids ascending, each article with what judging it takes."""
    new = article(outlet="الأول")
    made = [stored(store, new), stored(store), stored(store)]
    store.merge_stories(made[0].story_id, [made[2].story_id], "ليلى", NOW)
    first, second = store.reindex_articles(0, 2)
    assert (
        ReindexArticle(
            id=made[0].id,
            outlet="الأول",
            title=new.title,
            text=new.text,
            author="ليلى",
            published=NOW,
            relation="new",
            original=None,
            story_id=made[0].story_id,
            pinned=True,
        )
        == first
    )
    assert (made[1].id, False) == (second.id, second.pinned)
    assert [made[2].id] == [each.id for each in store.reindex_articles(second.id, 2)]


# ── an article ────────────────────────────────────────────────────────────────────────────────────


def rejudged(
    store: Store,
    article_id: int,
    relation: Relation = "new",
    original: int | None = None,
    *,
    story: int | None = None,
    fp: Fingerprint | None = None,
) -> Rejudged:
    """Judge an article anew by a judge whose mind is made up."""
    judge = settled(verdict(relation, original), choice(story))
    return store.rejudge(article_id, fp or fingerprint(), {"جديد": 1.0}, "afp", judge)


def test_everything_judged_is_rewritten(store: Store) -> None:
    """Relation, reasons, spans, agency, counts, terms and keys; text and times stay."""
    original = stored(store, fp=fingerprint(1, 2, 3))
    made = stored(store, fp=fingerprint(4, 5))
    new = Verdict("extends", original.id, 0.75, Reason("يضيف", "adds"), added=((0, 4), (9, 12)))
    chosen = StoryChoice(original.story_id, 0.5, ("رقائق",), Reason("من أصل واحد", "from one original"))
    fp = Fingerprint("abc", (1, 2, 2, 9), 77)
    before = _row(store, made.id)
    result = store.rejudge(made.id, fp, {"رقائق": 2.0}, "afp", settled(new, chosen))
    assert Rejudged(original.story_id, relation_changed=True, story_changed=True) == result
    after = _row(store, made.id)
    assert {
        "relation": "extends",
        "original": original.id,
        "score": 0.75,
        "copy_why_ar": "يضيف",
        "copy_why_en": "adds",
        "added": [[0, 4], [9, 12]],
        "exact": "abc",
        "words": 77,
        "keys": 3,
        "wire": "afp",
        "story_id": original.story_id,
        "story_score": 0.5,
        "story_shared": ["رقائق"],
        "story_why_ar": "من أصل واحد",
        "story_why_en": "from one original",
    } == {name: value for name, value in after.items() if before[name] != value}
    members = {each.article_id: each for each in store.story_members(NOW - DAY)}
    assert StoryMember(made.id, original.story_id, {"رقائق": 2.0}, NOW, "afp") == members[made.id]
    assert {1, 2, 9} == _keys(store, made.id)
    assert {1, 2, 3} == _keys(store, original.id)


def _row(store: Store, article_id: int) -> dict[str, object]:
    with store._engine.connect() as connection:
        query = select(schema.articles).where(schema.articles.c.id == article_id)
        return dict(connection.execute(query).mappings().one())


def _keys(store: Store, article_id: int) -> set[int]:
    with store._engine.connect() as connection:
        query = select(schema.fingerprint.c.hash).where(schema.fingerprint.c.article == article_id)
        return set(connection.scalars(query))


def test_an_article_is_judged_as_when_it_came(store: Store) -> None:
    """Of what came later, and of itself, it is told nothing; no story members either."""
    older = stored(store, fp=fingerprint(1, 2, exact="same"))
    made = stored(store, fp=fingerprint(1, 2, exact="same"), relation="exact", original=older.id)
    stored(store, fp=fingerprint(1, 2, exact="same"))
    seen: list[tuple[list[int], int]] = []

    def judge(found: Sequence[Candidate], members: Sequence[StoryMember]) -> tuple[Verdict, StoryChoice]:
        seen.append(([each.id for each in found], len(members)))
        return verdict(), choice()

    for each in (older.id, made.id):
        store.rejudge(each, fingerprint(1, 2, exact="same"), {}, "", judge)
    assert [([], 0), ([older.id], 0)] == seen


def test_a_copy_loses_its_keys_and_an_original_gets_them(store: Store) -> None:
    """Only originals are candidates, before and after."""
    original = stored(store, fp=fingerprint(1, 2))
    made = stored(store, fp=fingerprint(1, 2))
    rejudged(store, made.id, "near", original.id, fp=fingerprint(1, 2))
    assert set() == _keys(store, made.id)
    assert [original.id] == [each.id for each in store.candidates(fingerprint(1, 2))]
    rejudged(store, made.id, fp=fingerprint(1, 2))
    assert [original.id, made.id] == [each.id for each in store.candidates(fingerprint(1, 2))]


def test_judging_twice_is_judging_once(store: Store) -> None:
    """A run that was killed before it noted its progress does the article again."""
    first = stored(store)
    made = stored(store, story_id=first.story_id)
    once = rejudged(store, made.id)
    assert once.story_changed
    assert Rejudged(once.story_id, relation_changed=False, story_changed=False) == rejudged(store, made.id)


def test_an_article_leaves_its_story(store: Store) -> None:
    """Where others were in it before; both stories then have the times and headlines of what they hold."""
    first = stored(store, article(title="أول", published=NOW))
    made = stored(store, article(title="ثان", published=NOW - HOUR), story_id=first.story_id)
    third = stored(store, article(title="ثالث", published=NOW + HOUR), story_id=first.story_id)
    result = rejudged(store, made.id)
    assert Rejudged(result.story_id, relation_changed=False, story_changed=True) == result
    halves = [store.story(first.story_id), store.story(result.story_id)]
    assert [("أول", NOW, NOW + HOUR), ("ثان", NOW - HOUR, NOW - HOUR)] == [
        (row.headline, row.first_at, row.last_at) for row in halves if row is not None
    ]
    assert [first.id, third.id] == [each.id for each in store.story_articles(first.story_id)]


def test_an_article_that_opened_its_story_keeps_it(store: Store) -> None:
    """Links to the story hold; who joined it later is judged later."""
    first = stored(store)
    stored(store, story_id=first.story_id)
    assert Rejudged(first.story_id, relation_changed=False, story_changed=False) == rejudged(store, first.id)


def test_an_empty_story_leads_to_where_its_last_article_went(store: Store) -> None:
    """Its id means that one from now on, also to who chooses it."""
    one, two, three = stored(store), stored(store), stored(store)
    rejudged(store, two.id, story=one.story_id)
    assert rejudged(store, three.id, story=two.story_id).story_id == one.story_id
    rows = [store.story(each.story_id) for each in (one, two, three)]
    assert [(one.story_id, 3)] * 3 == [(row.id, row.articles) for row in rows if row is not None]


def test_a_pinned_article_stays(store: Store) -> None:
    """Its relation is judged anew; its story, and the reason for it, are the operator's."""
    one, two, other = stored(store), stored(store), stored(store)
    store.merge_stories(one.story_id, [two.story_id], "ليلى", NOW)
    before = _row(store, two.id)
    result = rejudged(store, two.id, "near", one.id, story=other.story_id)
    assert Rejudged(one.story_id, relation_changed=True, story_changed=False) == result
    after = _row(store, two.id)
    assert {"near"} == {after["relation"]} - {before["relation"]}
    assert before["story_score"] == after["story_score"]


def test_what_cannot_be_judged_is_refused(store: Store) -> None:
    """An unknown article, an unknown story: nothing is changed."""
    made = stored(store)
    before = _row(store, made.id)
    with pytest.raises(StorageError, match="article 77"):
        rejudged(store, 77)
    with pytest.raises(StorageError, match="story 77"):
        rejudged(store, made.id, "revised", story=77)
    assert before == _row(store, made.id)


def test_the_keys_of_an_article_are_found_by_an_index(store: Store) -> None:
    """Of millions of rows the few are deleted without reading the others."""
    query = "DELETE FROM fingerprint WHERE article = 1"
    with store._engine.connect() as connection:
        if store.is_sqlite:
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN {query}"))
        else:
            connection.execute(text("SET enable_seqscan = off"))
            plan = connection.execute(text(f"EXPLAIN {query}"))
        assert "ix_fingerprint_article" in str(plan.all())
        assert 0 == connection.scalar(select(func.count()).select_from(schema.fingerprint))
