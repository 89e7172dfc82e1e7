"""Candidates: the articles of the corpus that may be the original of another one.

They are found through `fingerprint(hash, article)`: an article shares a winnowed key with another where both hold the
same run of words. A key that more than 50 articles hold is a footer, not a text, and says nothing; it is neither asked
for nor stored again, so that a hash never has more than some 51 rows and the lookup stays bounded, however often an
outlet prints its footer. Of the articles that share keys, `rasid.copies.worth_reading` says by the counts alone whose
texts are read.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, case, delete, literal_column, select, text, update

from rasid.copies import CANDIDATES, worth_reading
from rasid.copies import fingerprint as fingerprint_of
from rasid.types import SUPPRESSED, Candidate
from storage.dialects import GIVEN, given
from storage.schema import articles, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row, Select, TextClause
    from sqlalchemy.sql.selectable import TextualSelect

    from rasid.types import Fingerprint

_MOST_HOLDERS = 50  # measured on 25,000 articles: real copies sit well below, footers far above
_LEAST_SHARED = 2  # one key in common is chance
_MOST_WEIGHED = 64  # articles, those that share most: each is one row to read before worth_reading can say
_ANY_ID = 2**63 - 1
_CANDIDATE = ("id", "title", "text", "published", "story_id", "outlet")  # of the value and of the table
_IS_COPY = articles.c.relation.in_([literal_column(f"'{relation}'") for relation in sorted(SUPPRESSED)])
_BATCH = 500  # articles, while the table is filled anew: some 2 MB of text

# ── asked ─────────────────────────────────────────────────────────────────────────────────────────


def candidates(
    connection: Connection, fp: Fingerprint, limit: int = CANDIDATES, *, before: int | None = None
) -> list[Candidate]:
    """Articles that may be the original of another one: the same words first, then most shared keys first.

    `before`: only articles with ids below this one, as if it and what came later were not stored.
    """
    below = before if before is not None else _ANY_ID
    same = _same_words(connection, fp, below, limit)
    ids = list(dict.fromkeys([*same, *_worth_reading(connection, fp, below)]))[:limit]
    found = {row.id: _candidate(row) for row in _rows(connection, ids)} if ids else {}
    return [found[article_id] for article_id in ids]


def article(connection: Connection, article_id: int) -> Candidate | None:
    """One article of the corpus."""
    return next(map(_candidate, _rows(connection, [article_id])), None)


def _same_words(connection: Connection, fp: Fingerprint, below: int, limit: int) -> Sequence[int]:
    """Ids of the articles with the same words; a copy with them leads to its original."""
    same = {"exact": fp.exact, "below": below, "most": limit}
    return connection.scalars(_sql(connection).same_words, same).all()


def _worth_reading(connection: Connection, fp: Fingerprint, below: int) -> list[int]:
    """Ids of the articles whose texts may be related by the keys, most shared first, the older first among equals."""
    keys = sorted(set(fp.keys))
    rows = connection.execute(_sql(connection).sharing, {**given(connection, keys), "below": below}).all()
    return [row.id for row in rows if worth_reading(row.shared, len(keys), row.key_count)]


def _rows(connection: Connection, ids: Sequence[int]) -> Sequence[Row[Any]]:
    return connection.execute(_sql(connection).rows, given(connection, ids)).all()


def _candidate(row: Row[Any]) -> Candidate:
    return Candidate(*(getattr(row, name) for name in _CANDIDATE))


# ── stored ────────────────────────────────────────────────────────────────────────────────────────


def insert_keys(connection: Connection, article_id: int, keys: Iterable[int]) -> None:
    """Make an article a candidate by those of its keys that are no footers."""
    distinct = sorted(set(keys))
    if distinct:
        connection.execute(_sql(connection).keys, {**given(connection, distinct), "article": article_id})


def replace_keys(connection: Connection, article_id: int, keys: Iterable[int]) -> None:
    """Give an article other keys; none: it is no candidate any more."""
    connection.execute(delete(fingerprint).where(fingerprint.c.article == article_id))
    insert_keys(connection, article_id, keys)


def refill(connection: Connection) -> None:
    """Take the fingerprint of every article that is stored anew."""
    connection.execute(delete(fingerprint))
    columns = (articles.c.id, articles.c.title, articles.c.text, articles.c.relation)
    query = select(*columns).order_by(articles.c.id).limit(_BATCH)
    names: dict[str, Any] = {
        "exact": bindparam("hash"),
        "words": bindparam("count"),
        "keys": bindparam("key_count"),
    }
    changed = update(articles).where(articles.c.id == bindparam("of")).values(**names)
    after = 0
    while rows := connection.execute(query.where(articles.c.id > after)).all():
        prints = [fingerprint_of(row.title, row.text) for row in rows]
        counted = [
            {"of": row.id, "hash": fp.exact, "count": fp.words, "key_count": len(set(fp.keys))}
            for row, fp in zip(rows, prints, strict=True)
        ]
        connection.execute(changed, counted)
        for row, fp in zip(rows, prints, strict=True):
            if row.relation not in SUPPRESSED:
                insert_keys(connection, row.id, fp.keys)
        after = rows[-1].id


# ── the statements ────────────────────────────────────────────────────────────────────────────────

# Counted where the rows are, for an article shares single keys with some 150 others: at 300,000 articles on SQLite
# 0.22 ms, p95 0.29, of which the lookups are 0.19; counted in Python 0.25, p95 0.42, and one query more.
_SHARING = """
    SELECT best.article AS id, best.shared, articles.keys AS key_count FROM (
        SELECT article, count(*) AS shared FROM (
            SELECT article, count(*) OVER (PARTITION BY hash) AS holders FROM fingerprint
            WHERE hash LISTED AND article < :below
        ) AS held
        WHERE holders <= :most_holders
        GROUP BY article HAVING count(*) >= :least_shared
        ORDER BY shared DESC, article LIMIT :most_weighed
    ) AS best
    JOIN articles ON articles.id = best.article ORDER BY best.shared DESC, best.article
"""
_ROWS = "SELECT id, title, text, published, story_id, outlet FROM articles WHERE id LISTED"
_KEYS = """
    INSERT INTO fingerprint (hash, article) SELECT value, CAST(:article AS BIGINT) FROM GIVEN WHERE value NOT IN (
        SELECT hash FROM fingerprint WHERE hash LISTED GROUP BY hash HAVING count(*) > :most_holders
    )
"""
_LISTED = {
    "sqlite": "IN (SELECT value FROM json_each(:given))",
    "postgresql": "= ANY(CAST(:given AS BIGINT[]))",
}


class _Statements(NamedTuple):
    same_words: Select[Any]
    sharing: TextClause
    rows: TextualSelect
    keys: TextClause


def _sql(connection: Connection) -> _Statements:
    return _statements(connection.dialect.name)


@cache
def _statements(dialect: str) -> _Statements:
    """One parameter for a whole list, so that a statement is built and compiled once, whatever the number of keys."""
    sharing, rows, keys = (
        text(sql.replace("LISTED", _LISTED[dialect]).replace("GIVEN", GIVEN[dialect]))
        for sql in (_SHARING, _ROWS, _KEYS)
    )
    most = {"most_holders": _MOST_HOLDERS}
    root = case((_IS_COPY, articles.c.original), else_=articles.c.id).label("root")
    same_words = articles.c.exact == bindparam("exact"), articles.c.id < bindparam("below")
    return _Statements(
        same_words=select(root).distinct().where(*same_words).order_by(root).limit(bindparam("most")),
        sharing=sharing.bindparams(**most, least_shared=_LEAST_SHARED, most_weighed=_MOST_WEIGHED),
        rows=rows.columns(*(articles.c[name] for name in _CANDIDATE)),
        keys=keys.bindparams(**most),
    )
