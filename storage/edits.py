"""Articles whose pages say something else now: edited by their outlet, or read better than before.

An edited article keeps its row, its story and its relation to the corpus; headline, text and what follows from them
alone (fingerprint, story terms, mentions, index of words) are made anew, in one transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from rasid.types import SUPPRESSED
from storage import archive, candidates, entries, mentions
from storage.columns import clean
from storage.dialects import serialise
from storage.schema import article_terms, articles
from storage.stories import CORPUS

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.values import NewArticle

_TAKEN = ("title", "text", "author", "language", "source", "wire")


def edit(
    connection: Connection, entry_id: int | None, article_id: int, new: NewArticle, now: datetime
) -> bool:
    """Make a stored article what its page says now, and finish its entry; whether anything was different."""
    serialise(connection, CORPUS)
    if entry_id is not None:
        entries.finish(connection, entry_id, "stored", article_id, now)
    row = connection.execute(select(articles).where(articles.c.id == article_id)).one()
    article, fp = new.article, new.fingerprint
    if (row.title, row.text) == (clean(article.title), clean(article.text)):
        return False
    values = {name: getattr(article, name) for name in _TAKEN}
    values |= {"exact": fp.exact, "words": fp.words, "keys": len(set(fp.keys)), "edited_at": now}
    if row.added:  # spans of the text that was
        values["added"] = ()
    connection.execute(update(articles).where(articles.c.id == article_id).values(**values))
    terms = update(article_terms).where(article_terms.c.article_id == article_id)
    connection.execute(terms.values(terms=new.terms))
    candidates.replace_keys(connection, article_id, () if row.relation in SUPPRESSED else fp.keys)
    archive.reindex(connection, article_id, (row.title, row.text), (article.title, article.text))
    mentions.replace(connection, article_id, new.mentions, new.list_versions, now)
    return True
