"""What operators do with stories: put together what the rules kept apart, take apart what they put together, find one.

Storage holds the edits and their promise: what a person decided is never undone by a collect or a reindex.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rasid.app.archive import reading
from rasid.errors import RasidError
from rasid.matching import Matcher
from rasid.text import fold, words
from rasid.types import Query, Term

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from storage import Store, StoryArticle, StoryRow


@dataclass(frozen=True, slots=True)
class Moved:
    """What an edit of stories moved, or would move."""

    articles: int  # copies that go with their originals included
    sources: tuple[int, ...]  # ids of the stories that they were in; empty: all was done before
    story: int | None  # that they are in now; None: one that a split would open


def known_story(store: Store, story_id: int) -> StoryRow:
    """Give a story, or the one that it was merged into.

    Raises:
        RasidError: There is none.
    """
    row = store.story(story_id)
    if row is None:
        raise RasidError(f"there is no story {story_id}; `rasid stories list` shows their ids")
    return row


def merge(
    store: Store, into: int, others: Sequence[int], *, who: str, now: datetime, dry_run: bool = False
) -> Moved:
    """Move the articles of some stories into another, where they stay.

    Raises:
        RasidError: There is no such story, or one is to be merged with itself.
    """
    if into in others:
        raise RasidError(f"story {into} cannot be merged with itself; name the stories that go into it")
    result = known_story(store, into)
    apart = {row.id: row for row in (known_story(store, other) for other in others) if row.id != result.id}
    if apart and not dry_run:
        store.merge_stories(into, others, who, now)
    return Moved(sum(row.articles for row in apart.values()), tuple(apart), result.id)


def split(
    store: Store, story_id: int, articles: Sequence[int], *, who: str, now: datetime, dry_run: bool = False
) -> Moved:
    """Open a story with some articles of another and with their copies, where they stay.

    Raises:
        RasidError: There is no such story, an article is not in it, or none would be left in it.
    """
    old = known_story(store, story_id)
    held = {article.id: article for article in store.story_articles(old.id)}
    missing = [article for article in articles if article not in held]
    if missing:
        done = _split_before(store, old.id, articles)
        if done is None:
            places = ", ".join(_place(store, article) for article in missing)
            raise RasidError(
                f"not in story {old.id}: {places}; `rasid stories show {old.id}` lists its articles"
            )
        return Moved(0, (), done)
    leaving = _with_copies(held.values(), articles)
    if len(leaving) == len(held):
        raise RasidError(
            f"nothing would be left in story {old.id}; name fewer articles: copies go with their originals"
        )
    new = None if dry_run else store.split_story(old.id, articles, who, now)
    return Moved(len(leaving), (old.id,), new)


def _split_before(store: Store, story_id: int, articles: Collection[int]) -> int | None:
    """The story that the same split opened, where they all are in it still."""
    for edit in store.story_edits(story_id):
        if edit.kind == "split" and edit.story_id == story_id and set(articles) <= set(edit.articles):
            there = {article.id for article in store.story_articles(edit.into_id)}
            if set(articles) <= there:
                return edit.into_id
    return None


def _place(store: Store, article_id: int) -> str:
    article = store.article(article_id)
    return f"{article_id} ({'no such article' if article is None else f'it is in story {article.story_id}'})"


def _with_copies(held: Collection[StoryArticle], articles: Collection[int]) -> set[int]:
    """The articles and all that name one of them as their original, those that name these, and so on."""
    found, size = set(articles), 0
    while len(found) > size:
        size = len(found)
        found |= {article.id for article in held if article.original in found}
    return found


def find(store: Store, asked: Sequence[str], *, since: datetime | None) -> list[StoryRow]:
    """Give the stories that have an article first seen since then whose title holds all of the words, newest first.

    Words are found as a watchlist finds them: however their letters are written, with clitics before them.

    Raises:
        RasidError: One of them holds no letter and no figure.
    """
    if empty := [word for word in asked if not words(fold(word).text)]:
        raise RasidError(f"«{empty[0]}» is no word; write letters or figures")
    in_titles = tuple(Query("title", (Query("words", value=word),)) for word in asked)
    term = Term("asked", "", "", query=Query("all", in_titles))
    matcher = Matcher([term])
    found = (
        article.id
        for page in reading(store, [term], since=since)
        for article in page
        if matcher.find(article.text, article.title)
    )
    articles = (article for article in map(store.article, found) if article is not None)
    ids = {article.story_id for article in articles if article.story_id is not None}
    rows = [row for row in map(store.story, sorted(ids)) if row is not None]
    return sorted(rows, key=lambda row: (row.last_at, row.id), reverse=True)
