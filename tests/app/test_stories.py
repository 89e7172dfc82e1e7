"""What operators do with stories: merge, split, find, and what they are told when it cannot be done."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rasid.app.stories import Moved, find, merge, split
from rasid.errors import RasidError
from tests.storage.builders import DAY, HOUR, NOW, article, stored

if TYPE_CHECKING:
    from rasid.types import Relation
    from storage import Store

WHO = {"who": "sara", "now": NOW}


def story(store: Store, *titles: str, at: timedelta = timedelta()) -> tuple[int, list[int]]:
    """A story with articles of these titles, an hour apart; its id and theirs."""
    first = stored(store, article(title=titles[0], published=NOW + at))
    ids = [first.id]
    for hours, title in enumerate(titles[1:], 1):
        joined = article(title=title, published=NOW + at + hours * HOUR)
        ids.append(stored(store, joined, story_id=first.story_id).id)
    return first.story_id, ids


def copy(store: Store, original: int, story_id: int, relation: Relation = "near") -> int:
    """A copy of an article, in its story."""
    return stored(store, story_id=story_id, relation=relation, original=original).id


def articles_of(store: Store, story_id: int) -> set[int]:
    """The ids of the articles of a story."""
    return {one.id for one in store.story_articles(story_id)}


# ── merge ─────────────────────────────────────────────────────────────────────────────────────────


def test_merged_stories_are_one(store: Store) -> None:
    """All articles are in the first, the others lead to it, and who did it is noted."""
    into, here = story(store, "إنفيديا تعلن أرباحها")
    one, there = story(store, "أرباح إنفيديا تفوق التوقعات", "سهم إنفيديا يقفز")
    two, apart = story(store, "نتائج إنفيديا الفصلية")
    assert Moved(3, (one, two), into) == merge(store, into, [one, two], **WHO)
    assert {*here, *there, *apart} == articles_of(store, into)
    assert [into, into] == [row.id for row in map(store.story, (one, two)) if row]
    assert [("sara", "merge", one), ("sara", "merge", two)] == [
        (edit.who, edit.kind, edit.story_id) for edit in store.story_edits(into)
    ]


def test_merging_twice_changes_nothing(store: Store) -> None:
    """What is there already is told as done, under its old id, too; no second edit is noted."""
    into, _ = story(store, "هواوي تطرح هاتفا")
    other, _ = story(store, "هاتف جديد من هواوي")
    merge(store, into, [other], **WHO)
    assert Moved(0, (), into) == merge(store, into, [other], **WHO)
    assert Moved(0, (), into) == merge(store, other, [into], **WHO)
    assert 1 == len(store.story_edits(into))


def test_a_dry_run_of_a_merge_changes_nothing(store: Store) -> None:
    """It tells what the merge then does."""
    into, here = story(store, "كونلون تطرح أسهمها")
    other, _ = story(store, "طرح أسهم كونلون", "المستثمرون يقبلون على كونلون")
    told = merge(store, into, [other], **WHO, dry_run=True)
    assert set(here) == articles_of(store, into)
    assert [] == store.story_edits()
    assert told == merge(store, into, [other], **WHO)


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_merge_that_makes_no_sense_is_refused(store: Store, dry_run: bool) -> None:
    """A story with itself, one that is not there: what to do is told and nothing is changed."""
    into, here = story(store, "بايدو تؤجر معالجاتها")
    with pytest.raises(RasidError, match="cannot be merged with itself; name the stories"):
        merge(store, into, [into], **WHO, dry_run=dry_run)
    for wrong in ((into, [into + 7]), (into + 7, [into])):
        with pytest.raises(RasidError, match=rf"no story {into + 7}; `rasid stories list`"):
            merge(store, *wrong, **WHO, dry_run=dry_run)
    assert set(here) == articles_of(store, into)


# ── split ─────────────────────────────────────────────────────────────────────────────────────────


def test_copies_go_with_their_originals(store: Store) -> None:
    """Also copies of copies; a dry run tells the same and changes nothing."""
    old, (first, second) = story(store, "قيود جديدة على الرقائق", "شركات الشحن ترفع أقساطها")
    near = copy(store, second, old)
    excerpt = copy(store, near, old, "excerpt")
    told = split(store, old, [second], **WHO, dry_run=True)
    assert Moved(3, (old,), None) == told
    assert {first, second, near, excerpt} == articles_of(store, old)
    done = split(store, old, [second], **WHO)
    assert (told.articles, told.sources) == (done.articles, done.sources)
    assert done.story is not None
    assert {second, near, excerpt} == articles_of(store, done.story)
    assert {first} == articles_of(store, old)


def test_splitting_twice_changes_nothing(store: Store) -> None:
    """The story that the first split opened is named; undone by a merge, it can be split off anew."""
    old, (_, second) = story(store, "أسعار الذاكرة ترتفع", "أسعار الهواتف ترتفع")
    new = split(store, old, [second], **WHO).story
    assert new is not None
    for dry_run in (True, False):
        assert Moved(0, (), new) == split(store, old, [second], **WHO, dry_run=dry_run)
    assert 1 == len(store.story_edits(old))
    merge(store, old, [new], **WHO)
    again = split(store, old, [second], **WHO)
    assert 1 == again.articles
    assert {second} == articles_of(store, again.story or 0)


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_split_that_makes_no_sense_is_refused(store: Store, dry_run: bool) -> None:
    """Strange articles are named with their stories; a story is not emptied, also not by copies that go along."""
    old, (first,) = story(store, "تسرب بيانات مستخدمين")
    near = copy(store, first, old)
    other, (strange,) = story(store, "وصول بطاقات الألعاب")
    with pytest.raises(RasidError, match=rf"not in story {old}: {strange} \(it is in story {other}\)"):
        split(store, old, [first, strange], **WHO, dry_run=dry_run)
    with pytest.raises(RasidError, match=r"999 \(no such article\); `rasid stories show"):
        split(store, old, [999], **WHO, dry_run=dry_run)
    with pytest.raises(RasidError, match="nothing would be left"):
        split(store, old, [first], **WHO, dry_run=dry_run)
    assert {first, near} == articles_of(store, old)


# ── find ──────────────────────────────────────────────────────────────────────────────────────────


def test_find_reads_titles_as_a_watchlist_would(store: Store) -> None:
    """However the letters are written and whatever stands before them; all words, in one title."""
    chips, _ = story(store, "رقائقُ إنفيديا تصل", "واشنطن تمنع رقائق لإنفيديا")
    newer, _ = story(store, "إنفيديا وسوق الرقائق", at=DAY)
    story(store, "أرباح إنفيديا")
    stored(store, article(title="خبر آخر", text="رقائق إنفيديا في نصه وليست في عنوانه"))
    assert [newer, chips] == [row.id for row in find(store, ["انفيديا", "رقائق"], since=None)]
    assert [chips] == [row.id for row in find(store, ["واشنطن"], since=NOW - DAY)]
    assert [] == find(store, ["واشنطن"], since=NOW + DAY)
    assert [] == find(store, ["الرياض"], since=None)


def test_find_leads_to_the_story_of_today(store: Store) -> None:
    """An article of a merged story leads to where it went, once."""
    into, _ = story(store, "أقساط الشحن ترتفع")
    other, _ = story(store, "أقساط التأمين ترتفع")
    merge(store, into, [other], **WHO)
    assert [into] == [row.id for row in find(store, ["أقساط"], since=None)]


def test_find_wants_words(store: Store) -> None:
    """A mark of punctuation alone is refused with what to write."""
    with pytest.raises(RasidError, match="«؟» is no word"):
        find(store, ["رقائق", "؟"], since=None)
