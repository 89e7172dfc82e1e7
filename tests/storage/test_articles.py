"""The corpus: candidates, stories, and one transaction for all that was found out about an article."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from rasid.errors import StorageError
from rasid.types import Candidate, StoryMember
from storage import Arrival, NewArticle, StoredArticle, candidates, open_store, schema
from storage.dialects import given
from tests.storage.builders import (
    DAY,
    HOUR,
    NOW,
    article,
    choice,
    entry,
    fingerprint,
    mention,
    queued,
    settled,
    stored,
    verdict,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rasid.types import Article, StoryChoice, Verdict
    from storage import Store
    from storage.values import Judge


def rows(store: Store) -> dict[str, int]:
    """How many rows each table of the corpus has."""
    names = ("articles", "article_terms", "fingerprint", "stories", "mentions", "archive_words")
    with store._engine.connect() as connection:
        count: Any = func.count()
        return {
            name: connection.scalars(select(count).select_from(schema.metadata.tables[name])).one()
            for name in names
        }


def candidate_ids(store: Store, *keys: int, exact: str = "none", limit: int = 8) -> list[int]:
    """Whom the corpus proposes for a fingerprint."""
    return [found.id for found in store.candidates(fingerprint(*keys, exact=exact), limit)]


# ── candidates ────────────────────────────────────────────────────────────────────────────────────


def test_a_candidate_is_whole(store: Store) -> None:
    """Text, title, time and story are those of the article; by its id it is the same."""
    new = article()
    made = stored(store, new, fp=fingerprint(1, 2))
    expected = Candidate(made.id, new.title, new.text, new.published, made.story_id, new.outlet)
    assert [expected] == store.candidates(fingerprint(1, 2))
    assert expected == store.article(made.id)
    assert store.article(made.id + 1) is None
    assert 1 == store.corpus_size()


def test_one_shared_key_is_chance(store: Store) -> None:
    """Two are a candidate; the limits of 64 bits are stored as they are."""
    low, high = -(2**63), 2**63 - 1
    made = stored(store, fp=fingerprint(low, high, 7))
    assert [] == candidate_ids(store, low, 8)
    assert [made.id] == candidate_ids(store, low, high)
    assert [] == candidate_ids(store)


def test_a_copy_leads_to_its_original(store: Store) -> None:
    """Copies are not proposed themselves; the words of one lead to the original."""
    original = stored(store, fp=fingerprint(1, 2, exact="root"))
    stored(store, fp=fingerprint(1, 2, 3, 4, exact="edited"), relation="near", original=original.id)
    update = stored(store, fp=fingerprint(5, 6), relation="extends", original=original.id)
    assert [original.id] == candidate_ids(store, 1, 2)
    assert [] == candidate_ids(store, 3, 4)
    assert [original.id] == candidate_ids(store, exact="edited")
    assert [update.id] == candidate_ids(store, 5, 6)


def test_the_same_words_need_no_shared_key(store: Store) -> None:
    """Texts too short for keys are found by their exact hash."""
    made = stored(store, fp=fingerprint(exact="abc"))
    stored(store, fp=fingerprint(exact="abd"))
    assert [made.id] == candidate_ids(store, exact="abc")


def test_the_same_words_come_first_then_most_shared(store: Store) -> None:
    """Among equals the older; never one article twice; never more than the limit."""
    two, four = stored(store, fp=fingerprint(1, 2)).id, stored(store, fp=fingerprint(1, 2, 3, 4)).id
    also_two = stored(store, fp=fingerprint(3, 4)).id
    same = stored(store, fp=fingerprint(1, 2, exact="same")).id
    assert [same, four, two, also_two] == candidate_ids(store, 1, 2, 3, 4, exact="same")
    assert [same, four] == candidate_ids(store, 1, 2, 3, 4, exact="same", limit=2)


def test_a_footer_says_nothing(store: Store) -> None:
    """Keys of 50 articles still count; the 51st makes them a footer, and none of them is stored again."""
    for _ in range(50):
        stored(store, fp=fingerprint(1, 2))
    assert 8 == len(candidate_ids(store, 1, 2))
    stored(store, fp=fingerprint(1, 2))
    assert [] == candidate_ids(store, 1, 2)
    stored(store, fp=fingerprint(1, 2, 3))
    assert 2 * 51 + 1 == rows(store)["fingerprint"]


def test_a_book_length_page_is_stored_and_found(store: Store) -> None:
    """More keys than one statement takes parameters; what stands at both ends is counted together."""
    keys = range(0, 40_000, 2)
    made = stored(store, fp=fingerprint(*keys, keys[0]))
    assert [made.id] == candidate_ids(store, *keys)
    assert [made.id] == candidate_ids(store, 1, 3, 5, 0, 39_998)


def test_only_those_before_are_proposed(store: Store) -> None:
    """As if the later ones were not stored: neither by keys nor by words, nor as a way to an original."""
    old = stored(store, fp=fingerprint(1, 2, exact="old"))
    new = stored(store, fp=fingerprint(1, 2, exact="same"))
    stored(store, fp=fingerprint(exact="copied"), relation="near", original=old.id)

    def before(article_id: int, exact: str = "none") -> list[int]:
        return [found.id for found in store.candidates(fingerprint(1, 2, exact=exact), before=article_id)]

    assert [[], [old.id], [old.id, new.id]] == [before(each) for each in (old.id, new.id, new.id + 1)]
    assert [old.id] == before(new.id, "same")
    assert [new.id, old.id] == before(new.id + 1, "same")
    assert [old.id, new.id] == before(new.id + 2, "copied")
    assert [] == before(old.id, "copied")


def test_a_footer_is_judged_among_those_before(store: Store) -> None:
    """What became a footer later still told something then."""
    made = [stored(store, fp=fingerprint(1, 2)).id for _ in range(51)]
    assert [] == candidate_ids(store, 1, 2)
    assert made[:8] == [found.id for found in store.candidates(fingerprint(1, 2), before=made[-1])]


def test_a_stock_phrase_of_long_articles_is_not_read(store: Store) -> None:
    """The counts tell, footers included: two keys of many are nothing; of a teaser they are much."""
    stored(store, fp=fingerprint(*range(60)))
    teaser = stored(store, fp=fingerprint(0, 1, 1000))
    assert [teaser.id] == candidate_ids(store, 0, 1, *range(2000, 2060))
    assert [1, teaser.id] == candidate_ids(store, *range(6), *range(2000, 2054))


def test_the_keys_are_looked_up_one_by_one(store: Store) -> None:
    """Each by the primary key, and the few articles by theirs: no table is read."""
    if store.is_sqlite:
        explain, expected = "EXPLAIN QUERY PLAN ", ("PRIMARY KEY (hash=? AND article<?)", "(rowid=?)")
    else:
        explain, expected = "EXPLAIN ", ("pk_fingerprint", "pk_articles")
    with store._engine.connect() as connection:
        if not store.is_sqlite:
            connection.execute(text("SET enable_seqscan = off"))
        query = candidates._sql(connection).sharing
        asked = {**given(connection, [1, 2]), "below": 9}
        compiled = query.compile(store._engine)
        named = {name: asked.get(name, value) for name, value in compiled.params.items()}
        plan = connection.execute(text(explain + query.text), named).all()
    assert all(each in str(plan) for each in expected)
    assert "SCAN fingerprint" not in str(plan)
    assert "SCAN articles" not in str(plan)


# ── stories ───────────────────────────────────────────────────────────────────────────────────────


def test_an_article_opens_or_joins_a_story(store: Store) -> None:
    """The first opens it; the second has the same story and opens none."""
    first = stored(store)
    second = stored(store, story_id=first.story_id)
    opened, joined = (
        StoredArticle(1, 1, created=True, new_story=True),
        StoredArticle(2, 1, created=True, new_story=False),
    )
    assert replace(opened, verdict=verdict(), choice=choice()) == first
    assert replace(joined, verdict=verdict(), choice=choice(first.story_id)) == second
    assert 1 == rows(store)["stories"]


def test_a_story_spans_its_articles(store: Store) -> None:
    """First and last time widen; the headline stays that of the opener."""
    first = stored(store, article(title="الأول"))
    for at in (NOW - HOUR, NOW - 2 * HOUR, NOW + HOUR, NOW):
        stored(store, article(title="لاحق", published=at), story_id=first.story_id)
    with store._engine.connect() as connection:
        row = connection.execute(select(schema.stories)).one()
    assert ("الأول", NOW - 2 * HOUR, NOW + HOUR) == (row.headline, row.first_at, row.last_at)


def test_story_members_are_those_published_since(store: Store) -> None:
    """Oldest first, with their weights exactly; what is older is left out."""
    new = stored(store, article(published=NOW))
    old = stored(store, article(published=NOW - DAY), story_id=new.story_id)
    stored(store, article(published=NOW - DAY - HOUR))
    terms = {"معالج": 3.0, "بيانات": 0.1}
    assert [
        StoryMember(old.id, new.story_id, terms, NOW - DAY),
        StoryMember(new.id, new.story_id, terms, NOW),
    ] == store.story_members(NOW - DAY)


def test_an_unknown_story_is_refused(store: Store) -> None:
    """Nothing of the article is stored."""
    with pytest.raises(StorageError, match="story 77"):
        stored(store, story_id=77)
    assert 0 == sum(rows(store).values())


# ── storing ───────────────────────────────────────────────────────────────────────────────────────


def test_an_article_finishes_its_entry(store: Store) -> None:
    """One transaction: the entry is off the queue when the article is in the corpus."""
    queued(store, entry())
    (pending,) = store.claim_entries(NOW, NOW + HOUR, 1)
    stored(store, entry_id=pending.id)
    assert 0 == store.pending_entries()
    assert [] == store.claim_entries(NOW + DAY, NOW + 2 * DAY, 1)


def test_the_same_address_is_one_article(store: Store) -> None:
    """The second gets the first's ids, its entry is done, and nothing of it is added."""
    first = stored(store, article("https://tech.example/a"), mention(), fp=fingerprint(1, 2))
    before = rows(store)
    queued(store, entry("b"))
    (pending,) = store.claim_entries(NOW, NOW + HOUR, 1)
    again = stored(
        store, article("https://tech.example/a", text="نص آخر"), mention("huawei"), entry_id=pending.id
    )
    assert StoredArticle(first.id, first.story_id, created=False, new_story=False) == again
    assert before == rows(store)
    assert 0 == store.pending_entries()


def test_storing_again_after_a_crash_changes_nothing(store: Store) -> None:
    """The process died between the commit and its next step: the same call is harmless."""
    queued(store, entry())
    (pending,) = store.claim_entries(NOW, NOW + HOUR, 1)
    new = article()
    first = stored(store, new, mention(), fp=fingerprint(1, 2), entry_id=pending.id)
    before = rows(store)
    assert first.id == stored(store, new, mention(), fp=fingerprint(1, 2), entry_id=pending.id).id
    assert before == rows(store)


def test_a_failed_entry_whose_page_came_after_all_is_done(store: Store) -> None:
    """What is in the corpus counts: it is no longer listed as failed."""
    queued(store, entry())
    (pending,) = store.claim_entries(NOW, NOW + HOUR, 1)
    store.fail_entry(pending.id, "timeout", NOW)
    stored(store, entry_id=pending.id)
    assert [] == store.failed_entries(NOW - DAY)


BROKEN: dict[str, dict[str, Any]] = {
    "an original that does not exist": {"relation": "near", "original": 999},
    "a mention without a status": {"mentions": (mention(), replace(mention(), status=None))},  # type: ignore[arg-type]
    "an entry that breaks last": {"entry_id": "unfit"},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_an_article_is_stored_whole_or_not_at_all(
    store: Store, broken: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever breaks in the middle: no row of it is left, and its entry still waits."""
    queued(store, entry())
    (pending,) = store.claim_entries(NOW, NOW + HOUR, 1)
    options = {"entry_id": pending.id, **broken}
    if options["entry_id"] == "unfit":
        options["entry_id"] = pending.id
        monkeypatch.setattr("storage.entries.finish_all", _breaks)
    mentions = options.pop("mentions", (mention(),))
    with pytest.raises((IntegrityError, ZeroDivisionError)):
        stored(store, article(), *mentions, fp=fingerprint(1, 2), **options)
    assert 0 == sum(rows(store).values())
    assert 1 == store.pending_entries()


def _breaks(*_: object) -> None:
    raise ZeroDivisionError


# ── a group ───────────────────────────────────────────────────────────────────────────────────────


def arrival(
    new: Article,
    *keys: int,
    judge: Judge | None = None,
    entry_id: int | None = None,
    lines: tuple[int, ...] = (),
    exact: str | None = None,
) -> Arrival:
    """An article of a group, with a mention."""
    fp = fingerprint(*keys, lines=lines, exact=exact)
    alone = NewArticle(new, fp, {"معالج": 3.0}, (mention(),), {"nvidia": "v1"})
    return Arrival(entry_id, alone, judge or settled(verdict(), choice()))


def pending(store: Store, count: int) -> list[int]:
    """So many entries in hand; their ids."""
    queued(store, *(entry(f"{number}") for number in range(count)))
    return [one.id for one in store.claim_entries(NOW, NOW + HOUR, count)]


def first_or_copy(found: Sequence[Candidate], _members: Sequence[StoryMember]) -> tuple[Verdict, StoryChoice]:
    """An article with candidates is a copy of the first and joins its story."""
    return (verdict("near", found[0].id), choice(found[0].story_id)) if found else (verdict(), choice())


def test_an_article_sees_those_before_it_in_its_group(store: Store) -> None:
    """As candidates and as story members, each told once, after those that another collect has stored meanwhile."""
    seen: list[tuple[list[int], list[StoryMember]]] = []

    def judge(found: Sequence[Candidate], members: Sequence[StoryMember]) -> tuple[Verdict, StoryChoice]:
        seen.append(([one.id for one in found], list(members)))
        return first_or_copy(found, members)

    held = stored(store, article(wire="waj"), fp=fingerprint(8, 9))
    group = [arrival(article(), 1, 2, judge=judge) for _ in range(3)]
    one, two, three = store.store_articles(group, NOW)
    member = StoryMember(held.id, held.story_id, {"معالج": 3.0, "بيانات": 0.1}, NOW, "waj")
    both = [StoryMember(each.id, one.story_id, {"معالج": 3.0}, NOW) for each in (one, two)]
    assert [([], [member]), ([one.id], [both[0]]), ([one.id], [both[1]])] == seen
    assert [("new", None), ("near", one.id), ("near", one.id)] == [
        (each.verdict.relation, each.verdict.original) for each in (one, two, three)
    ]
    assert [True, False, False] == [each.new_story for each in (one, two, three)]
    assert 2 == rows(store)["stories"]


def test_a_group_stores_an_address_once(store: Store) -> None:
    """Whether it was in the corpus before or came twice: it is judged once, and each entry is done."""
    known = stored(store, article("https://tech.example/a"))
    first, second, third, fourth = pending(store, 4)
    group = [
        arrival(article("https://tech.example/b"), entry_id=first),
        arrival(article("https://tech.example/a"), entry_id=second),
        arrival(article("https://tech.example/b"), entry_id=third),
        arrival(article("https://tech.example/c"), entry_id=fourth),
    ]
    b, a, again, c = store.store_articles(group, NOW)
    assert StoredArticle(known.id, known.story_id, created=False, new_story=False) == a
    assert StoredArticle(b.id, b.story_id, created=False, new_story=False) == again
    assert (True, True) == (b.created, c.created)
    assert 3 == store.corpus_size()
    with store._engine.connect() as connection:
        columns = (schema.entries.c.state, schema.entries.c.article_id)
        ended = connection.execute(select(*columns).order_by(schema.entries.c.id)).all()
    assert [("stored", b.id), ("duplicate", a.id), ("duplicate", b.id), ("stored", c.id)] == ended


def test_a_group_is_stored_whole_or_not_at_all(store: Store) -> None:
    """The last of three breaks: no row of the others is left, and all three entries still wait."""
    ids = pending(store, 3)
    judges = (None, None, settled(verdict(), choice(77)))
    group = [
        arrival(article(), 1, 2, judge=judge, entry_id=entry_id)
        for judge, entry_id in zip(judges, ids, strict=True)
    ]
    with pytest.raises(StorageError, match="story 77"):
        store.store_articles(group, NOW)
    assert 0 == sum(rows(store).values())
    assert 3 == store.pending_entries()
    assert [] == store.feed_days(NOW.date())["tech"][1:]
    assert 0 == store.feed_days(NOW.date())["tech"][0].pages


def test_a_group_leaves_what_one_after_the_other_leaves(sqlite_template: Path, tmp_path: Path) -> None:
    """Every row of every table: keys and lines that come again, copies, a URL that is known, two feeds."""
    press = [
        replace(
            article(f"https://tech.example/{number}"), feed_id=f"feed-{number % 2}", outlet=f"{number % 3}"
        )
        for number in range(9)
    ]
    press[5] = press[1]
    group = [
        arrival(
            page,
            *range(9 * (number % 5), 9 * (number % 5) + 5),
            judge=first_or_copy,
            lines=(7, 8 + number % 2),
            exact=f"text {number}",
        )
        for number, page in enumerate(press)
    ]
    whole, single = (open_copy(sqlite_template, tmp_path / name) for name in ("whole", "single"))
    with whole, single:
        together = whole.store_articles(group, NOW)
        assert together == [store_alone(single, one) for one in group]
        assert everything(whole) == everything(single)


def open_copy(template: Path, path: Path) -> Store:
    """An empty database of its own."""
    path.write_bytes(template.read_bytes())
    return open_store(f"sqlite:///{path}")


def store_alone(store: Store, one: Arrival) -> StoredArticle:
    """A group of one."""
    (made,) = store.store_articles([one], NOW)
    return made


def everything(store: Store) -> dict[str, list[Any]]:
    """All rows of all tables; of the index of words, which articles hold each."""
    tables = [table for table in schema.metadata.sorted_tables if table.name != "article_words"]
    with store._engine.connect() as connection:
        found = {table.name: sorted(map(repr, connection.execute(select(table)))) for table in tables}
        words = connection.scalars(select(schema.archive_words.c.word)).all()
    return found | {"words": [(word, store.articles_with([[[word]]], limit=99)) for word in words]}
