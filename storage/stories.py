"""Stories as articles open and join them: which one an id means, and what the story index is built of.

Operators merge stories, and a story whose articles all went elsewhere is merged, too: its row stays and says into
which. Whoever holds the old id, a collect that began before or a link in a digest, is led on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, func, insert, select, update

from rasid.errors import StorageError
from rasid.types import StoryMember
from storage.columns import UtcDateTime
from storage.schema import article_terms, articles, stories

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Select

CORPUS = "corpus"  # the lock under which relations and stories change
_REACH = timedelta(
    days=30
)  # no story is joined from further off; bounds what a collect with an empty index is told
_MEMBERS: Select[Any] = select(  # in the order of StoryMember, which rows become
    articles.c.id, articles.c.story_id, article_terms.c.terms, articles.c.published, articles.c.wire
).join(article_terms, article_terms.c.article_id == articles.c.id)
_OPEN = insert(stories)
_AT = bindparam("at", type_=UtcDateTime)
_WIDEN = (
    update(stories)
    .where(stories.c.id == bindparam("joined"), stories.c.merged_into.is_(None))
    .values(
        first_at=case((stories.c.first_at > _AT, _AT), else_=stories.c.first_at),
        last_at=case((stories.c.last_at < _AT, _AT), else_=stories.c.last_at),
    )
)


def followed(connection: Connection, story_id: int) -> int:
    """The story that an id means now.

    Raises:
        StorageError: there is none.
    """
    seen: list[int] = []
    while story_id not in seen:
        seen.append(story_id)
        row = connection.execute(select(stories.c.merged_into).where(stories.c.id == story_id)).one_or_none()
        if row is None:
            raise unknown(story_id)
        if row.merged_into is None:
            return story_id
        story_id = row.merged_into
    return min(seen)  # a circle can only be made by hand; all of its ids then mean one


def unknown(story_id: int) -> StorageError:
    """What to say of an id that no story has."""
    return StorageError(f"there is no story {story_id}: take its id from the list of stories")


def join_or_open(connection: Connection, story_id: int | None, headline: str, at: datetime) -> int:
    """Add an article's time to the story that it joins, or begin one with it; the id under which the story goes on.

    Raises:
        StorageError: there is no such story.
    """
    if story_id is None:
        row = {"headline": headline, "first_at": at, "last_at": at}
        key: Any = connection.execute(_OPEN, row).inserted_primary_key
        return int(key[0])
    if not connection.execute(_WIDEN, {"joined": story_id, "at": at}).rowcount:  # merged, or there is none
        story_id = followed(connection, story_id)
        connection.execute(_WIDEN, {"joined": story_id, "at": at})
    return story_id


def settle(connection: Connection, story_id: int) -> None:
    """Make a story's times and headline those of the articles that it has now, of which there is one at least."""
    columns = (articles.c.title, articles.c.published)
    of_story = select(*columns).where(articles.c.story_id == story_id)
    first = connection.execute(of_story.order_by(articles.c.published, articles.c.id).limit(1)).one()
    last = connection.execute(of_story.order_by(articles.c.published.desc()).limit(1)).one()
    values = {"headline": first.title, "first_at": first.published, "last_at": last.published}
    connection.execute(update(stories).where(stories.c.id == story_id).values(**values))


def members(connection: Connection, since: datetime, after: int, upto: int | None) -> list[StoryMember]:
    """What the story index is built of, oldest first: articles published since then, `after` < id ≤ `upto`."""
    query = _MEMBERS.where(articles.c.id > after, articles.c.published >= since)
    if upto is not None:
        query = query.where(articles.c.id <= upto)
    rows = connection.execute(query.order_by(articles.c.published, articles.c.id))
    return [StoryMember(*row) for row in rows]


def newer_members(connection: Connection, after: int, published: datetime) -> list[StoryMember]:
    """What was stored after that article and may share a story with one published then, oldest first."""
    since = published - _REACH
    # By id alone: SQLite would walk a month of its index of times, 2 ms, to find that nothing is new.
    unindexed = func.coalesce(articles.c.published, since, type_=UtcDateTime)
    query = _MEMBERS.where(articles.c.id > after, unindexed >= since).order_by(articles.c.id)
    found = [StoryMember(*row) for row in connection.execute(query)]
    return sorted(found, key=lambda member: (member.published, member.article_id))
