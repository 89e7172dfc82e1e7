"""Lines that an outlet prints under everything, learned from the articles that are no copies.

What counts is said at `rasid.boilerplate`. The row (hash, outlet) counts an outlet's articles; the row (hash, "")
counts outlets, each in another story than the one before. A row keeps the story that raised it last, not all of them:
of two stories in turn each counts again, which a line that stands in both deserves.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, delete, func, literal, select, text

from rasid.boilerplate import LEARNED_AFTER
from rasid.types import LearnedLines
from storage.columns import CleanText, UtcDateTime, clean
from storage.dialects import GIVEN, given
from storage.schema import outlet_lines
from storage.values import OutletLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, TextClause

EVERYWHERE = ""  # in the place of an outlet
# Written into the statement: the index of learned lines serves no query that might ask for more.
_IS_LEARNED = outlet_lines.c.articles >= literal(LEARNED_AFTER, literal_execute=True)
_KEPT = timedelta(days=30)
"""How long a line waits for its third article: one that an outlet prints under everything comes back within days,
and all others, nine tenths of the table, would stay for ever."""


class Printed(NamedTuple):
    """The lines of a new article."""

    outlet: str
    lines: Sequence[int]
    story_id: int
    article_id: int


def learn(connection: Connection, found: Iterable[Printed], now: datetime) -> None:
    """Count the lines of new articles, in their order; of an unknown outlet nothing can be learned."""
    counted = [
        {
            **given(connection, sorted(set(one.lines))),
            "outlet": one.outlet,
            "story_id": one.story_id,
            "article_id": one.article_id,
            "last_seen": now,
        }
        for one in found
        if one.lines and clean(one.outlet) != EVERYWHERE
    ]
    if counted:
        connection.execute(_counted(connection.dialect.name), counted)


# Twelve outlets quote one sentence of a speech: outlets of one story are counted as one.
_COUNTED = """
    INSERT INTO outlet_lines (hash, outlet, articles, story_id, article_id, last_seen)
    SELECT value, '', 1, CAST(:story_id AS BIGINT), CAST(:article_id AS BIGINT), :last_seen FROM GIVEN
    WHERE NOT EXISTS (SELECT 1 FROM outlet_lines AS held WHERE held.hash = value AND held.outlet = :outlet)
    UNION ALL
    SELECT value, :outlet, 1, CAST(:story_id AS BIGINT), CAST(:article_id AS BIGINT), :last_seen FROM GIVEN
    WHERE true
    ON CONFLICT (hash, outlet) DO UPDATE SET
        articles = outlet_lines.articles
            + CASE WHEN excluded.outlet = '' AND outlet_lines.story_id = excluded.story_id THEN 0 ELSE 1 END,
        story_id = excluded.story_id,
        last_seen = excluded.last_seen
"""


@cache
def _counted(dialect: str) -> TextClause:
    sql = text(_COUNTED.replace("GIVEN", GIVEN[dialect]))
    return sql.bindparams(bindparam("outlet", type_=CleanText), bindparam("last_seen", type_=UtcDateTime))


def learned(connection: Connection) -> LearnedLines:
    """The lines known by now, of all outlets."""
    query = select(outlet_lines.c.outlet, outlet_lines.c.hash).where(_IS_LEARNED)
    found: defaultdict[str, set[int]] = defaultdict(set)
    for row in connection.execute(query):
        found[row.outlet].add(row.hash)
    everywhere = frozenset(found.pop(EVERYWHERE, ()))
    return LearnedLines({outlet: frozenset(lines) for outlet, lines in found.items()}, everywhere)


def listed(connection: Connection, outlet: str | None, limit: int) -> list[OutletLine]:
    """The lines known by now, of one outlet or of all, most often first."""
    columns = (outlet_lines.c[name] for name in OutletLine.__dataclass_fields__)
    order = (outlet_lines.c.articles.desc(), outlet_lines.c.outlet, outlet_lines.c.hash)
    query = select(*columns).where(_IS_LEARNED).order_by(*order).limit(limit)
    if outlet is not None:
        query = query.where(outlet_lines.c.outlet == outlet)
    return [OutletLine(**row) for row in connection.execute(query).mappings()]


def prune(connection: Connection) -> None:
    """Drop lines that were not seen again; by the newest line's time, so that a press that rested forgets nothing."""
    newest: datetime | None = connection.scalar(select(func.max(outlet_lines.c.last_seen)))
    if newest is not None:
        stale = outlet_lines.c.last_seen < newest - _KEPT
        connection.execute(delete(outlet_lines).where(outlet_lines.c.articles < LEARNED_AFTER, stale))
