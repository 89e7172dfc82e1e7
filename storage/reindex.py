"""Judging the corpus anew, article by article in order of their ids, by the code of today.

Each article is judged as if those with higher ids were not there: as it would have been when it came. An article is
one transaction, so a run may be killed at any moment; `after` in the row of the run says where to go on, and judging an
article twice gives the same. Meanwhile collects go on; they see, of each article, the old judgement or the new.

A run is leased. Who takes over a lapsed lease gets a row of its own in place of the old one: a process that was only
slow learns by its row's id that it has lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, insert, select, update

from rasid.errors import StorageError
from rasid.types import SUPPRESSED
from storage.articles import corpus_size, judged_columns
from storage.candidates import candidates, replace_keys
from storage.dialects import serialise
from storage.schema import article_terms, articles, reindex, stories
from storage.stories import CORPUS, followed, join_or_open, settle
from storage.values import ReindexArticle, ReindexState, Rejudged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from rasid.types import Fingerprint, StoryChoice
    from storage.values import Judge


# ── the run ───────────────────────────────────────────────────────────────────────────────────────


def start(
    connection: Connection, version: str, now: datetime, lease_until: datetime, *, restart: bool
) -> ReindexState | None:
    """Take the lease, to go on where a run of this version ended, or to begin; None where it is taken."""
    serialise(connection, "reindex")
    before = last(connection)
    if before is None or before.finished is not None:
        return _insert(connection, version, now, 0, lease_until)
    if before.lease_until is not None and before.lease_until > now:
        return None
    goes_on = before.version == version and not restart
    began, after = (before.started, before.after) if goes_on else (now, 0)
    row = _insert(connection, version, began, after, lease_until)
    # Last: SQLite would give the new row the old one's id.
    connection.execute(delete(reindex).where(reindex.c.id == before.id))
    return row


def _insert(
    connection: Connection, version: str, started: datetime, after: int, lease_until: datetime
) -> ReindexState:
    total = corpus_size(connection)
    row = {
        "version": version,
        "started": started,
        "after": after,
        "total": total,
        "lease_until": lease_until,
    }
    key: Any = connection.execute(insert(reindex).values(**row)).inserted_primary_key
    return ReindexState(int(key[0]), version, started, after, total, None, lease_until)


def last(connection: Connection) -> ReindexState | None:
    """The latest run."""
    row = connection.execute(select(reindex).order_by(reindex.c.id.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else ReindexState(**row)


def progress(connection: Connection, row_id: int, after: int, lease_until: datetime) -> bool:
    """Note how far a run is; whether it is still its process's."""
    mine = update(reindex).where(reindex.c.id == row_id, reindex.c.finished.is_(None))
    return connection.execute(mine.values(after=after, lease_until=lease_until)).rowcount == 1


def finish(connection: Connection, row_id: int, now: datetime) -> None:
    """End a run."""
    connection.execute(update(reindex).where(reindex.c.id == row_id).values(finished=now, lease_until=None))


def release_all(connection: Connection) -> None:
    """Give the lease back."""
    connection.execute(update(reindex).where(reindex.c.lease_until.is_not(None)).values(lease_until=None))


# ── an article ────────────────────────────────────────────────────────────────────────────────────


def page(connection: Connection, after: int, limit: int) -> list[ReindexArticle]:
    """Articles, ascending by id."""
    columns = [articles.c[name] for name in ReindexArticle.__dataclass_fields__ if name != "pinned"]
    query = select(*columns, articles.c.story_pinned.label("pinned")).where(articles.c.id > after)
    rows = connection.execute(query.order_by(articles.c.id).limit(limit)).mappings()
    return [ReindexArticle(**row) for row in rows]


def rejudge(
    connection: Connection,
    article_id: int,
    fp: Fingerprint,
    terms: Mapping[str, float],
    wire: str,
    judge: Judge,
) -> Rejudged:
    """Judge an article anew and write what came of it in the place of what was."""
    serialise(connection, CORPUS)
    before = _row(connection, article_id)
    verdict, choice = judge(candidates(connection, fp, before=article_id), ())
    story_id = before.story_id if before.story_pinned else _story(connection, before, choice)
    values = judged_columns(fp, verdict, choice) | {"wire": wire, "story_id": story_id}
    if before.story_pinned:
        values = {name: value for name, value in values.items() if not name.startswith("story_")}
    connection.execute(update(articles).where(articles.c.id == article_id).values(**values))
    replaced = update(article_terms).where(article_terms.c.article_id == article_id)
    connection.execute(replaced.values(terms=terms))
    replace_keys(connection, article_id, () if verdict.relation in SUPPRESSED else fp.keys)
    if story_id != before.story_id:
        _moved(connection, before.story_id, story_id)
    return Rejudged(
        story_id=story_id,
        relation_changed=(before.relation, before.original) != (verdict.relation, verdict.original),
        story_changed=story_id != before.story_id,
    )


def _row(connection: Connection, article_id: int) -> Row[Any]:
    names = ("id", "title", "published", "relation", "original", "story_id", "story_pinned")
    query = select(*(articles.c[name] for name in names)).where(articles.c.id == article_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise StorageError(f"there is no article {article_id}: take its id from the list of articles")
    return row


def _story(connection: Connection, article: Row[Any], choice: StoryChoice) -> int:
    """The story that an article joins, that it opened before, or that it opens now."""
    if choice.story_id is not None:
        return followed(connection, choice.story_id)
    here_before = exists().where(articles.c.story_id == article.story_id, articles.c.id < article.id)
    if not connection.scalar(select(here_before)):
        return int(article.story_id)
    return join_or_open(connection, None, article.title, article.published)


def _moved(connection: Connection, old: int, new: int) -> None:
    """Set both stories right after an article went from one to the other."""
    settle(connection, new)
    if connection.scalar(select(exists().where(articles.c.story_id == old))):
        settle(connection, old)
    else:
        connection.execute(update(stories).where(stories.c.id == old).values(merged_into=new))
