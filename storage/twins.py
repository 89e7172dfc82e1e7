"""Entries that lead to a page which is known already, told before the page is fetched.

A feed's GUID is no more constant than its addresses: the same item comes again with a new one, over https, as the
AMP twin, from the mobile host, or behind a redirector's link that changes by the hour. Three hashes tell it:
`url_hash` of the canonical URL, `page_hash` of the page's identity (`rasid.urls.page_identity`), and, within one feed,
`content_hash` of what the feed says of the item.

By the last two only a page is known that is waited for or was had. The address that a feed mends comes as such a twin
of an entry that was given up, and the page must be had there. By the URL itself an entry knows whatever became of it,
for it would end alike.

Known exceptions. Two items of one feed with the same words and the same second are taken for one. An item that a feed
re-words and gives another address is fetched, and then found to be a copy.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from rasid.text import fold, words
from rasid.urls import page_identity
from storage.dialects import chunks
from storage.schema import articles, entries, identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from rasid.types import Entry

_TITLE_WORDS = 3  # «نشرة الأخبار» names no item
_SUMMARY_WORDS = 20  # tells items of one hour apart; shorter ones are an outlet's stock phrases
_SUMMARY_LENGTH = 20_000  # characters: some feeds carry whole articles, whose beginning tells enough
_MIDNIGHTS = (20, 21, 22, 23, 0)  # hours of UTC
_TAG = re.compile("<[^<>]*>")  # what links lead to is not what an item says
_BATCH = 5_000  # rows, while hashes are filled in


def page_hash(url: str) -> str:
    """The hash of a page's identity."""
    return identity(page_identity(url))


def content_hash(entry: Entry) -> str | None:
    """The hash of what a feed says of an item: title, time and summary; None where that may be said of another too.

    A table of the day has yesterday's title: without a date nothing is told by it. A date without a time tells the
    items of a day apart only together with a summary.
    """
    title = words(fold(entry.title).text)
    if entry.published is None or len(title) < _TITLE_WORDS:
        return None
    summary = words(fold(html.unescape(_TAG.sub(" ", entry.summary[:_SUMMARY_LENGTH]))).text)
    if _is_midnight(entry.published) and len(summary) < _SUMMARY_WORDS:
        return None
    return identity("\n".join([" ".join(title), str(int(entry.published.timestamp())), " ".join(summary)]))


def _is_midnight(published: datetime) -> bool:
    """Whether it is midnight somewhere between Rabat and Muscat: how a date without a time arrives."""
    return published.minute == published.second == 0 and published.hour in _MIDNIGHTS


def known(connection: Connection, feed_id: str, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Those hashes of some entries' rows by which the page is known; the kinds of hashes never fall together."""
    found: set[str] = set()
    alive = entries.c.state.in_(("pending", "stored"))
    of_feed = entries.c.feed_id == feed_id
    for some in chunks(rows):
        for column, *condition in (
            (entries.c.url_hash,),
            (articles.c.url_hash,),
            (entries.c.page_hash, alive),
            (articles.c.page_hash,),
            (entries.c.content_hash, alive, of_feed),
        ):
            hashes = {row[column.name] for row in some} - {None}
            found.update(connection.scalars(select(column).where(column.in_(hashes), *condition)))
    return found


def fill(connection: Connection) -> None:
    """Give every entry and article that is stored the hash of its page.

    What feeds said of their items is gone where their pages have been had: content hashes begin with what comes.
    """
    for table in (entries, articles):
        hashed = update(table).where(table.c.id == bindparam("of")).values(page_hash=bindparam("hash"))
        query = select(table.c.id, table.c.url).order_by(table.c.id).limit(_BATCH)
        after = 0
        while rows := connection.execute(query.where(table.c.id > after)).all():
            connection.execute(hashed, [{"of": row.id, "hash": page_hash(row.url)} for row in rows])
            after = rows[-1].id
