"""Lines that an outlet prints under everything, learned from the articles that are no copies.

What counts is said at `rasid.boilerplate`. The row (hash, outlet) counts an outlet's articles; the row (hash, "")
counts outlets, each in another story than the one before. A row keeps the story that raised it last, not all of them:
of two stories in turn each counts again, which a line that stands in both deserves.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import case, delete, func, literal, select

from rasid.boilerplate import LEARNED_AFTER
from rasid.types import LearnedLines
from storage.columns import clean
from storage.dialects import chunks, insert_into
from storage.schema import outlet_lines
from storage.values import OutletLine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.dialects import DialectInsert

EVERYWHERE = ""  # in the place of an outlet
# Written into the statement: the index of learned lines serves no query that might ask for more.
_IS_LEARNED = outlet_lines.c.articles >= literal(LEARNED_AFTER, literal_execute=True)
_KEPT = timedelta(days=30)
"""How long a line waits for its third article: one that an outlet prints under everything comes back within days,
and all others, nine tenths of the table, would stay for ever."""


def learn(
    connection: Connection, outlet: str, lines: Sequence[int], story_id: int, article_id: int, now: datetime
) -> None:
    """Count the lines of a new article of an outlet; of an unknown outlet nothing can be learned."""
    outlet = clean(outlet)
    if outlet == EVERYWHERE:
        return
    for some in chunks(sorted(set(lines))):
        first_here = set(some) - _held(connection, outlet, some)
        rows = [
            {
                "hash": line,
                "outlet": where,
                "articles": 1,
                "story_id": story_id,
                "article_id": article_id,
                "last_seen": now,
            }
            for line in some
            for where in ((EVERYWHERE, outlet) if line in first_here else (outlet,))
        ]
        connection.execute(_counted(connection.dialect.name), rows)


def _held(connection: Connection, outlet: str, lines: Sequence[int]) -> set[int]:
    query = select(outlet_lines.c.hash).where(outlet_lines.c.hash.in_(lines), outlet_lines.c.outlet == outlet)
    return set(connection.scalars(query))


@cache
def _counted(dialect: str) -> DialectInsert:
    new = insert_into(dialect, outlet_lines)
    # Twelve outlets quote one sentence of a speech; that is no boilerplate.
    same_story = (outlet_lines.c.outlet == EVERYWHERE) & (outlet_lines.c.story_id == new.excluded.story_id)
    changed = {
        "articles": outlet_lines.c.articles + case((same_story, 0), else_=1),
        "story_id": new.excluded.story_id,
        "last_seen": new.excluded.last_seen,
    }
    return new.on_conflict_do_update(index_elements=["hash", "outlet"], set_=changed)


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
