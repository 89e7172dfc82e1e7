"""Mentions: what the watchlists found, at first and when a changed one reads the archive again.

A mention keeps its row for as long as it is found. By the highest row that a subscription was told of, digests know
what was found since; that is why rows of one article get their ids in the order of their commits, and why no id is
given twice.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import delete, select, update

from rasid.errors import StorageError
from rasid.types import Mention, Reason
from storage.archive import listed
from storage.columns import clean
from storage.dialects import chunks, serialise
from storage.schema import articles, mentions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

_Place = tuple[str, str, int, int]  # term, field, start, end
_INSERT = sa.insert(mentions)


# ── asked ─────────────────────────────────────────────────────────────────────────────────────────


def mention(row: Row[Any]) -> Mention:
    """A row of the table as a value."""
    return Mention(
        term=row.term,
        field=row.field,
        start=row.span_start,
        end=row.span_end,
        text=row.text,
        status=row.status,
        form=row.form,
        why=Reason(row.why_ar, row.why_en),
        late=row.found_late is not None,
    )


def of_article(connection: Connection, article_id: int) -> list[Mention]:
    """All mentions of an article, in the order in which they were found."""
    query = select(mentions).where(mentions.c.article_id == article_id).order_by(mentions.c.id)
    return [mention(row) for row in connection.execute(query)]


def mentioned_ids(
    connection: Connection, terms: Sequence[str], since: datetime | None, after: int, limit: int
) -> list[int]:
    """A page of the articles that have mentions of any of the terms: ids, ascending."""
    named = select(mentions.c.article_id).where(mentions.c.term.in_(terms))
    return list(connection.scalars(listed(since, after, limit).where(articles.c.id.in_(named))))


# ── stored ────────────────────────────────────────────────────────────────────────────────────────


def insert(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add mentions, as `new_rows` gives them."""
    if rows:
        connection.execute(_INSERT, rows)


def new_rows(
    article_id: int,
    published: datetime,
    found: Iterable[Mention],
    list_versions: Mapping[str, str],
    *,
    found_late: datetime | None = None,
) -> list[dict[str, Any]]:
    """The rows of an article's mentions."""
    return [
        {
            "article_id": article_id,
            "term": each.term,
            "published": published,
            **_place_columns(each),
            **_judgement(each),
            "list_version": list_versions.get(each.term),
            "found_late": found_late,
        }
        for each in found
    ]


def revise(
    connection: Connection,
    article_id: int,
    terms: Sequence[str],
    found: Iterable[Mention],
    list_versions: Mapping[str, str],
    now: datetime,
) -> tuple[int, int]:
    """Make the mentions of some terms those that were found now; how many came and how many went."""
    # Two revisions of one article would give the earlier ids to the later commit, and a digest between them
    # would tell of the higher ids and never of the lower ones.
    serialise(connection, f"mentions of {article_id}")
    published = _published(connection, article_id)
    new = {_place(each.term, each.field, each.start, each.end): each for each in found if each.term in terms}
    gone = []
    for row in _rows(connection, article_id, terms):
        kept = new.pop(_place(row.term, row.field, row.span_start, row.span_end), None)
        if kept is None:
            gone.append(row.id)
        elif _judgement(mention(row)) != _judgement(kept):
            connection.execute(update(mentions).where(mentions.c.id == row.id).values(**_judgement(kept)))
    insert(connection, new_rows(article_id, published, new.values(), list_versions, found_late=now))
    for some in chunks(gone):
        connection.execute(delete(mentions).where(mentions.c.id.in_(some)))
    return len(new), len(gone)


def replace(
    connection: Connection,
    article_id: int,
    found: Sequence[Mention],
    list_versions: Mapping[str, str],
    now: datetime,
) -> None:
    """Make an article's mentions those that are found in its edited text.

    A row goes on as another mention of its term, so that what was told stays told. A term that came with the edit was
    found late: the article's digest may be out already, and the next one tells of it.
    """
    serialise(connection, f"mentions of {article_id}")
    published = _published(connection, article_id)
    held = connection.execute(
        select(mentions).where(mentions.c.article_id == article_id).order_by(mentions.c.id)
    )
    before: dict[tuple[str, str], list[int]] = {}
    for row in held:
        before.setdefault((row.term, row.status), []).append(row.id)
    had, more = set(before), []
    for each in found:
        ids = before.get((clean(each.term), each.status))
        if ids:
            values = _place_columns(each) | _judgement(each)
            connection.execute(update(mentions).where(mentions.c.id == ids.pop(0)).values(**values))
        else:
            more.append(each)
    for late in (False, True):
        some = [each for each in more if ((clean(each.term), each.status) not in had) == late]
        found_late = now if late else None
        insert(connection, new_rows(article_id, published, some, list_versions, found_late=found_late))
    for gone in chunks(list(chain.from_iterable(before.values()))):
        connection.execute(delete(mentions).where(mentions.c.id.in_(gone)))


def _published(connection: Connection, article_id: int) -> datetime:
    published: datetime | None = connection.scalar(
        select(articles.c.published).where(articles.c.id == article_id)
    )
    if published is None:
        raise StorageError(f"the article {article_id} is not in the database: was it changed by hand?")
    return published


def _rows(connection: Connection, article_id: int, terms: Sequence[str]) -> Sequence[Row[Any]]:
    query = select(mentions).where(mentions.c.article_id == article_id, mentions.c.term.in_(terms))
    return connection.execute(query.order_by(mentions.c.id)).all()


def _place(term: str, field: str, start: int, end: int) -> _Place:
    return clean(term), field, start, end


def _place_columns(each: Mention) -> dict[str, Any]:
    return {"field": each.field, "span_start": each.start, "span_end": each.end, "text": each.text}


def _judgement(each: Mention) -> dict[str, str]:
    """What a changed watchlist may say differently of the same span."""
    return {"status": each.status, "form": each.form, "why_ar": each.why.ar, "why_en": each.why.en}


def rename_term(connection: Connection, old: str, new: str) -> int:
    """Give the mentions of a term another id; how many there were."""
    return connection.execute(update(mentions).where(mentions.c.term == old).values(term=new)).rowcount
