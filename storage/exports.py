"""What is carried out of the archive: mentions row by row, and the stories that feeds tell of."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from rasid.types import SUPPRESSED, Mention
from storage.dialects import chunks
from storage.digests import report_article
from storage.engine import reading
from storage.mentions import mention
from storage.schema import articles, mentions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row

    from rasid.types import Relation, ReportArticle, Status

_PAGE = 500
"""Mentions read at once, each with its article's text: some 3 MB."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which mentions are exported; None: any."""

    terms: tuple[str, ...] | None = None
    status: Status | None = None
    since: datetime | None = None  # of publication, inclusive
    until: datetime | None = None  # exclusive
    copies: bool = False  # those in copies, too


@dataclass(frozen=True, slots=True)
class ExportedMention:
    """A mention with what is known of its article."""

    id: int
    mention: Mention
    article_id: int
    url: str
    outlet: str
    title: str
    text: str
    published: datetime
    first_seen: datetime
    language: str
    relation: Relation
    original: int | None
    story_id: int


class Exports:
    """The facade's part that is about what is carried out; one method, one transaction: see storage.store.Store."""

    _engine: Engine

    def export_mentions(self, wanted: Wanted) -> Iterator[ExportedMention]:
        """The mentions that are wanted, in the order in which they were found; a transaction a page."""
        after = 0
        while rows := self._exported(wanted, after):
            yield from rows
            after = rows[-1].id

    def _exported(self, wanted: Wanted, after: int) -> list[ExportedMention]:
        with reading(self._engine) as connection:
            return mentions_after(connection, wanted, after, _PAGE)

    def stories_naming(
        self, terms: Sequence[str], languages: Sequence[str], *, since: datetime, limit: int
    ) -> list[int]:
        """Stories whose news, published since then in one of the languages, name a term for sure; newest first."""
        with reading(self._engine) as connection:
            return stories_naming(connection, terms, languages, since, limit)

    def story_reports(self, story_ids: Sequence[int], terms: Sequence[str]) -> list[ReportArticle]:
        """All articles of some stories with their mentions of some terms, as if nobody had been told of any."""
        with reading(self._engine) as connection:
            return story_reports(connection, story_ids, terms)


# ── mentions ──────────────────────────────────────────────────────────────────────────────────────

_OF_ARTICLE = (
    "url",
    "outlet",
    "title",
    "published",
    "first_seen",
    "language",
    "relation",
    "original",
    "story_id",
)


def mentions_after(connection: Connection, wanted: Wanted, after: int, limit: int) -> list[ExportedMention]:
    """A page of mentions in order of id, each with its article."""
    columns = [articles.c[name].label(f"article_{name}") for name in (*_OF_ARTICLE, "text")]
    query = select(mentions, *columns).join(articles, articles.c.id == mentions.c.article_id)
    where = [mentions.c.id > after]
    if wanted.terms is not None:
        where.append(mentions.c.term.in_(wanted.terms))
    if wanted.status is not None:
        where.append(mentions.c.status == wanted.status)
    if wanted.since is not None:
        where.append(mentions.c.published >= wanted.since)
    if wanted.until is not None:
        where.append(mentions.c.published < wanted.until)
    if not wanted.copies:
        where.append(articles.c.relation.not_in(sorted(SUPPRESSED)))
    rows = connection.execute(query.where(and_(*where)).order_by(mentions.c.id).limit(limit))
    return [_exported(row) for row in rows]


def _exported(row: Row[Any]) -> ExportedMention:
    of_article = {name: getattr(row, f"article_{name}") for name in _OF_ARTICLE}
    return ExportedMention(
        id=row.id, mention=mention(row), article_id=row.article_id, text=row.article_text, **of_article
    )


# ── stories ───────────────────────────────────────────────────────────────────────────────────────


def stories_naming(
    connection: Connection, terms: Sequence[str], languages: Sequence[str], since: datetime, limit: int
) -> list[int]:
    """Stories whose news name a term for sure, the one whose latest such article is newest first."""
    latest = func.max(mentions.c.published)
    query = (
        select(articles.c.story_id)
        .join(mentions, mentions.c.article_id == articles.c.id)
        .where(
            mentions.c.term.in_(terms),
            mentions.c.published >= since,
            mentions.c.status == "matched",
            articles.c.relation.not_in(sorted(SUPPRESSED)),
            articles.c.language.in_(languages),
        )
        .group_by(articles.c.story_id)
        .order_by(latest.desc(), articles.c.story_id.desc())
        .limit(limit)
    )
    return list(connection.scalars(query))


def story_reports(
    connection: Connection, story_ids: Sequence[int], terms: Sequence[str]
) -> list[ReportArticle]:
    """All articles of some stories in order of publication, with their mentions of some terms."""
    held = [
        row
        for some in chunks(story_ids)
        for row in connection.execute(select(articles).where(articles.c.story_id.in_(some)))
    ]
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for ids in chunks([row.id for row in held]):
        of_them = mentions.c.article_id.in_(ids)
        query = select(mentions).where(of_them, mentions.c.term.in_(terms)).order_by(mentions.c.id)
        for row in connection.execute(query):
            found[row.article_id].append(row)
    ordered = sorted(held, key=lambda row: (row.published, row.id))
    return [report_article(row, found[row.id], reported=False) for row in ordered]
