"""The HTML of articles' pages, kept for some days so that they can be read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import zstandard
from sqlalchemy import delete, func, select

from storage.dialects import upsert
from storage.schema import articles, pages
from storage.values import KeptPage

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

_LEVEL = 9  # 3 ms a page, a ninth smaller than by the default of 3
_MOST = 64_000_000  # bytes of a page, decompressed: four times what is ever fetched


def keep(
    connection: Connection, article_id: int, url: str, content_type: str | None, html: bytes, now: datetime
) -> None:
    """Keep an article's page, in place of the one kept before."""
    row: dict[str, Any] = {
        "article_id": article_id,
        "fetched": now,
        "url": url,
        "content_type": content_type,
        "html": zstandard.compress(html, _LEVEL),
    }
    columns = ("fetched", "url", "content_type", "html")
    connection.execute(upsert(connection, pages, key=["article_id"], update=columns), row)


def kept(connection: Connection, after: int, limit: int) -> list[KeptPage]:
    """A page of the pages: article ids after that one, ascending."""
    names = ("feed_id", "outlet", "title", "author", "published", "first_seen")
    columns = [articles.c[name] for name in names]
    query = select(pages, articles.c.url.label("article_url"), *columns).join(
        articles, articles.c.id == pages.c.article_id
    )
    rows = connection.execute(
        query.where(pages.c.article_id > after).order_by(pages.c.article_id).limit(limit)
    ).mappings()
    return [KeptPage(**{**row, "html": _decompressed(row["html"])}) for row in rows]


def _decompressed(html: bytes) -> bytes:
    return zstandard.decompress(html, max_output_size=_MOST)


def size(connection: Connection) -> int:
    """How many pages are kept."""
    return connection.scalars(select(func.count()).select_from(pages)).one()


def prune(connection: Connection, before: datetime) -> int:
    """Drop pages fetched before then; how many."""
    return connection.execute(delete(pages).where(pages.c.fetched < before)).rowcount
