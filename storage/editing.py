"""Stories as operators see them, merge them and split them.

What an operator put together or apart is pinned: it stays when articles are judged anew. An edit and its note are one
transaction; asked for again after a crash, an edit that is done already changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, insert, or_, select, update

from rasid.errors import StorageError
from rasid.types import SUPPRESSED, Reason
from storage.dialects import chunks, serialise
from storage.schema import articles, stories, story_edits
from storage.stories import CORPUS, followed, join_or_open, settle
from storage.values import StoryArticle, StoryEdit, StoryRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

_NEWEST = (stories.c.last_at.desc(), stories.c.id.desc())
_HELD = (articles.c.id, articles.c.original, articles.c.title, articles.c.published)


# ── asked ─────────────────────────────────────────────────────────────────────────────────────────


def story(connection: Connection, story_id: int) -> StoryRow | None:
    """A story, or the one that it was merged into."""
    try:
        row = connection.execute(select(stories).where(stories.c.id == followed(connection, story_id))).one()
    except StorageError:
        return None
    return _story_rows(connection, [row])[0]


def listed(connection: Connection, since: datetime, limit: int, outlet: str | None) -> list[StoryRow]:
    """Stories with an article published since then, the newest first."""
    has_articles = exists().where(articles.c.story_id == stories.c.id)
    if outlet is not None:
        has_articles = has_articles.where(articles.c.outlet == outlet)
    query = select(stories).where(stories.c.last_at >= since, stories.c.merged_into.is_(None), has_articles)
    return _story_rows(connection, connection.execute(query.order_by(*_NEWEST).limit(limit)).all())


def _story_rows(connection: Connection, rows: Sequence[Row[Any]]) -> list[StoryRow]:
    columns = (articles.c.story_id, articles.c.outlet, articles.c.wire, articles.c.relation)
    held: dict[int, list[Row[Any]]] = defaultdict(list)
    for some in chunks([row.id for row in rows]):
        query: Any = select(*columns).where(articles.c.story_id.in_(some))
        for each in connection.execute(query.order_by(articles.c.published, articles.c.id)):
            held[each.story_id].append(each)
    merged = _merged(connection, [row.id for row in rows])
    return [_story_row(row, held[row.id], merged[row.id]) for row in rows]


def _story_row(row: Row[Any], held: Sequence[Row[Any]], merged: Sequence[int]) -> StoryRow:
    return StoryRow(
        id=row.id,
        headline=row.headline,
        first_at=row.first_at,
        last_at=row.last_at,
        articles=len(held),
        copies=sum(each.relation in SUPPRESSED for each in held),
        outlets=tuple(dict.fromkeys(each.outlet for each in held)),
        wires=tuple(dict.fromkeys(each.wire for each in held if each.wire)),
        merged=tuple(merged),
    )


def _merged(connection: Connection, ids: Sequence[int]) -> dict[int, list[int]]:
    """The stories that were merged into each of some, by way of others too."""
    found: dict[int, list[int]] = {story_id: [] for story_id in ids}
    into = {story_id: story_id for story_id in ids}  # of each story found so far
    level: Sequence[int] = ids
    while level:
        rows: list[Any] = []
        for some in chunks(level):
            query: Any = select(stories.c.id, stories.c.merged_into).where(stories.c.merged_into.in_(some))
            rows.extend(connection.execute(query.order_by(stories.c.id)))
        new = [
            row for row in rows if row.id not in into
        ]  # a circle, made by hand, comes back to what is there
        for row in new:
            into[row.id] = into[row.merged_into]
            found[into[row.id]].append(row.id)
        level = [row.id for row in new]
    return found


def articles_of(connection: Connection, story_id: int) -> list[StoryArticle]:
    """The articles of a story, or of the one that it was merged into, in order of publication."""
    try:
        of_story = articles.c.story_id == followed(connection, story_id)
    except StorageError:
        return []
    query = select(articles).where(of_story).order_by(articles.c.published, articles.c.id)
    return [_article(row) for row in connection.execute(query)]


def _article(row: Row[Any]) -> StoryArticle:
    return StoryArticle(
        id=row.id,
        outlet=row.outlet,
        title=row.title,
        url=row.url,
        published=row.published,
        relation=row.relation,
        original=row.original,
        score=row.score,
        copy_why=Reason(row.copy_why_ar, row.copy_why_en),
        story_why=Reason(row.story_why_ar, row.story_why_en),
        wire=row.wire,
        pinned=row.story_pinned,
    )


def edits(connection: Connection, story_id: int | None) -> list[StoryEdit]:
    """What operators did, oldest first."""
    query = select(story_edits).order_by(story_edits.c.id)
    if story_id is not None:
        query = query.where(or_(story_edits.c.story_id == story_id, story_edits.c.into_id == story_id))
    return [
        StoryEdit(**{**row, "articles": tuple(row["articles"])})
        for row in connection.execute(query).mappings()
    ]


# ── merged ────────────────────────────────────────────────────────────────────────────────────────


def merge(connection: Connection, into: int, others: Sequence[int], who: str, now: datetime) -> int:
    """Move the articles of some stories into another one; the id of the result."""
    serialise(connection, CORPUS)
    if into in others:
        raise StorageError(f"the story {into} cannot be merged with itself: name another one")
    result = followed(connection, into)
    moved = {followed(connection, other) for other in others} - {
        result
    }  # those that are there already are done
    for other in sorted(moved):
        held = _ids(connection, other)
        _move(connection, held, result)
        connection.execute(update(stories).where(stories.c.id == other).values(merged_into=result))
        _note(connection, "merge", other, result, held, who, now)
    if moved:
        _pin(connection, result)
        settle(connection, result)
    return result


def _ids(connection: Connection, story_id: int) -> list[int]:
    query = select(articles.c.id).where(articles.c.story_id == story_id)
    return list(connection.scalars(query.order_by(articles.c.id)))


def _move(connection: Connection, ids: Sequence[int], story_id: int) -> None:
    for some in chunks(ids):
        connection.execute(update(articles).where(articles.c.id.in_(some)).values(story_id=story_id))


def _pin(connection: Connection, story_id: int) -> None:
    connection.execute(update(articles).where(articles.c.story_id == story_id).values(story_pinned=True))


def _note(
    connection: Connection, kind: str, story_id: int, into: int, ids: Sequence[int], who: str, now: datetime
) -> None:
    row = {"at": now, "who": who, "kind": kind, "story_id": story_id, "into_id": into, "articles": ids}
    connection.execute(insert(story_edits).values(**row))


# ── split ─────────────────────────────────────────────────────────────────────────────────────────


def split(connection: Connection, story_id: int, ids: Sequence[int], who: str, now: datetime) -> int:
    """Open a story with some articles of another and their copies; its id."""
    serialise(connection, CORPUS)
    old = followed(connection, story_id)
    if not ids:
        raise StorageError(f"name at least one article of the story {old} that is to leave it")
    done = _split_before(connection, old, ids)
    if done is not None:
        return done
    held: Any = select(*_HELD).where(articles.c.story_id == old)
    rows = connection.execute(held).all()
    leaving = _with_copies(rows, _of_story(rows, old, ids))
    if len(leaving) == len(rows):
        raise StorageError(
            f"nothing would be left in the story {old}: name fewer articles; copies go with their originals"
        )
    first = next(row for row in rows if row.id in leaving)
    new = join_or_open(connection, None, first.title, first.published)
    _move(connection, sorted(leaving), new)
    _note(connection, "split", old, new, sorted(leaving), who, now)
    for half in (old, new):
        _pin(connection, half)
        settle(connection, half)
    return new


def _split_before(connection: Connection, old: int, ids: Sequence[int]) -> int | None:
    """The story that the same split opened, where all of the articles are in it still."""
    query = select(articles.c.story_id).where(articles.c.id.in_(ids)).distinct()
    now_in = connection.scalars(query).all()
    for edit in edits(connection, old):
        if (
            edit.kind == "split"
            and edit.story_id == old
            and [edit.into_id] == now_in
            and {*ids} <= {*edit.articles}
        ):
            return edit.into_id
    return None


def _of_story(rows: Iterable[Row[Any]], story_id: int, ids: Iterable[int]) -> set[int]:
    wanted = set(ids)
    strange = wanted - {row.id for row in rows}
    if strange:
        named = ", ".join(map(str, sorted(strange)))
        raise StorageError(
            f"not in the story {story_id}: {named}; take the ids from the list of its articles"
        )
    return wanted


def _with_copies(rows: Iterable[Row[Any]], ids: set[int]) -> set[int]:
    """The articles and all whose original is among them, copies of copies too."""
    copies: dict[int | None, list[int]] = defaultdict(list)
    for row in rows:
        copies[row.original].append(row.id)
    found: set[int] = set()
    left = list(ids)
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            left.extend(copies[each])
    return found
