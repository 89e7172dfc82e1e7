"""Lines that outlets print under everything: counted as articles come, known from the third."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text

from rasid.boilerplate import LineCounts
from storage import OutletLine, schema
from storage.engine import writing
from storage.lines import Printed, learn
from tests.storage.builders import DAY, NOW, article, fingerprint, stored

if TYPE_CHECKING:
    from datetime import datetime

    from rasid.types import Relation
    from storage import Store, StoredArticle

FOOTER, HIGH = -(2**63), 2**63 - 1


def printed(
    store: Store,
    *lines: int,
    outlet: str = "الأول",
    story_id: int | None = None,
    relation: Relation = "new",
    original: int | None = None,
    now: datetime = NOW,
) -> StoredArticle:
    """An article of an outlet with these lines."""
    return stored(
        store,
        article(outlet=outlet),
        fp=fingerprint(lines=lines),
        story_id=story_id,
        relation=relation,
        original=original,
        now=now,
    )


def learned(store: Store) -> tuple[dict[str, set[int]], set[int]]:
    """What is known by now, as plain values."""
    found = store.learned_lines()
    return {outlet: set(lines) for outlet, lines in found.by_outlet.items()}, set(found.everywhere)


def test_the_third_article_makes_a_line_boilerplate(store: Store) -> None:
    """Of its outlet alone; other lines and other outlets are not touched."""
    for number in range(3):
        assert ({}, set()) == learned(store)
        printed(store, FOOTER, HIGH if number else 7)
    printed(store, FOOTER, outlet="الثاني")
    assert ({"الأول": {FOOTER}}, set()) == learned(store)
    assert store.learned_lines().among({FOOTER}, "الأول")
    assert not store.learned_lines().among({FOOTER}, "الثاني")


def test_a_line_of_three_outlets_is_known_everywhere(store: Store) -> None:
    """An outlet counts once, however often it prints the line."""
    for outlet in ("الأول", "الأول", "الثاني"):
        printed(store, 7, outlet=outlet)
    assert ({}, set()) == learned(store)
    printed(store, 7, outlet="الثالث")
    assert ({}, {7}) == learned(store)
    assert store.learned_lines().among({7}, "لم يُر بعد")


def test_outlets_of_one_story_count_once(store: Store) -> None:
    """A sentence that every report of one event quotes is nobody's footer; that of an outlet's own articles is."""
    story = printed(store, 7).story_id
    for outlet in ("الثاني", "الثالث", "الرابع"):
        printed(store, 7, outlet=outlet, story_id=story)
    assert ({}, set()) == learned(store)
    printed(store, 7, story_id=story)
    printed(store, 7, story_id=story)
    assert ({"الأول": {7}}, set()) == learned(store)
    printed(store, 7, outlet="الخامس")
    printed(store, 7, outlet="السادس")
    assert ({"الأول": {7}}, {7}) == learned(store)


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from("ابتث"), st.integers(0, 2), st.sets(st.integers(1, 4))),
        min_size=5,
        max_size=25,
    )
)
def test_the_database_learns_as_a_process_does(
    store: Store, printed_by: list[tuple[str, int, set[int]]]
) -> None:
    """Whatever outlets print in whatever stories, both know the same lines."""
    with writing(store._engine) as connection:
        connection.execute(delete(schema.outlet_lines))
        memory = LineCounts()
        for half in (printed_by[: len(printed_by) // 2], printed_by[len(printed_by) // 2 :]):
            learn(connection, [Printed(outlet, tuple(held), story, 1) for outlet, story, held in half], NOW)
        for outlet, story, held in printed_by:
            memory.add(outlet, story, held)
    everywhere = set(memory.learned.everywhere)
    by_outlet = {outlet: set(found) for outlet, found in memory.learned.by_outlet.items() if found}
    assert (by_outlet, everywhere) == learned(store)


def test_copies_and_updates_teach_nothing(store: Store) -> None:
    """Their lines are another article's."""
    first = printed(store, 7)
    relations: tuple[Relation, ...] = ("exact", "near", "excerpt", "extends", "revised")
    for relation in relations:
        printed(store, 7, relation=relation, original=first.id)
    assert ({}, set()) == learned(store)


def test_an_unknown_outlet_teaches_nothing(store: Store) -> None:
    """Its name is the one under which outlets are counted."""
    for _ in range(4):
        printed(store, 7, outlet="")
    assert ({}, set()) == learned(store)
    assert [] == store.outlet_lines(None, 5)


def test_the_same_page_again_is_not_counted(store: Store) -> None:
    """An article that is in the corpus already was counted when it came."""
    page = article(outlet="الأول")
    for _ in range(4):
        stored(store, page, fp=fingerprint(lines=(7,)))
    assert ({}, set()) == learned(store)


def test_people_see_the_most_frequent_first(store: Store) -> None:
    """With the first article that held the line; of one outlet or of all, up to the limit."""
    first, second = printed(store, 7, 8), printed(store, 8, outlet="الثاني")
    for _ in range(3):
        printed(store, 7, 8)
    third = printed(store, 9, outlet="الثاني")
    for _ in range(2):
        printed(store, 8, 9, outlet="الثاني")
    printed(store, 7)
    assert [
        OutletLine("الأول", 5, first.id, 7),
        OutletLine("الأول", 4, first.id, 8),
    ] == store.outlet_lines(None, 2)
    assert [
        OutletLine("الثاني", 3, second.id, 8),
        OutletLine("الثاني", 3, third.id, 9),
    ] == store.outlet_lines("الثاني", 5)


def test_pruning_bounds_the_table(store: Store) -> None:
    """What was not seen for 30 days before the newest line goes, unless it is known; the count begins anew."""
    for _ in range(3):
        printed(store, 7)
    printed(store, 8)
    printed(store, 8, 9, now=NOW + DAY)
    store.prune(NOW)
    assert 3 == _lines(store)
    printed(store, 5, now=NOW + 31 * DAY)
    store.prune(NOW)
    assert 4 == _lines(store)
    printed(store, 5, now=NOW + 32 * DAY)
    store.prune(NOW)
    assert ({"الأول": {7}}, set()) == learned(store)
    assert 2 == _lines(store)


def _lines(store: Store) -> int:
    """How many lines are counted for outlets."""
    with store._engine.connect() as connection:
        return connection.scalars(text("SELECT count(*) FROM outlet_lines WHERE outlet <> ''")).one()


def test_the_learned_are_read_by_their_own_index(store: Store) -> None:
    """Of a table that counts every line of a month, few rows are read."""
    store.prune(NOW)  # an empty table is no obstacle
    query = "SELECT outlet, hash FROM outlet_lines WHERE articles >= 3"
    with store._engine.connect() as connection:
        if store.is_sqlite:
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN {query}"))
        else:
            connection.execute(text("SET enable_seqscan = off"))
            plan = connection.execute(text(f"EXPLAIN {query}"))
        assert "ix_outlet_lines_learned" in str(plan.all())
