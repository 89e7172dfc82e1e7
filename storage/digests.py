"""Digests: what a subscription has not been told yet, and the frozen record of what it was told."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, insert, select, union

from rasid.types import SUPPRESSED, Digest, Reason, ReportArticle
from storage.columns import clean
from storage.dialects import chunks, insert_new, serialise, upsert
from storage.mentions import mention
from storage.schema import articles, deliveries, digest_articles, digests, mentions, windows
from storage.values import DigestRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from pydantic import TypeAdapter
    from sqlalchemy import ColumnElement, Connection, Row, Select

    from rasid.types import Channel

_RECIPIENT_DIGITS = 12  # 48 bits tell the recipients of one digest apart; the address itself stays private


# ── what is there to tell ─────────────────────────────────────────────────────────────────────────


_AHEAD = timedelta(hours=3)
"""A window that ends further ahead of the clock was closed by a clock that was wrong, and must silence nobody until
then. One that ends an hour or two ahead is believed: a clock that is set back so far tells of no window once more."""


def latest_window(connection: Connection, subscription_id: str, now: datetime) -> datetime | None:
    """The end of the latest closed window."""
    query = select(func.max(windows.c.window_end)).where(
        windows.c.subscription_id == subscription_id, windows.c.window_end <= now + _AHEAD
    )
    latest_end: datetime | None = connection.scalar(query)
    return latest_end


def unreported(
    connection: Connection, subscription_id: str, terms: Sequence[str], since: datetime
) -> list[ReportArticle]:
    """Articles with mentions of the terms that the subscription was not told of, oldest first."""
    untold = _untold(subscription_id, terms, since)
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(untold.order_by(mentions.c.id)):
        found[row.article_id].append(row)
    fresh = articles.c.id.in_(untold.with_only_columns(mentions.c.article_id))
    query = select(articles, _story_told(subscription_id).label("story_reported")).where(fresh)
    rows = connection.execute(query.order_by(articles.c.published, articles.c.id)).all()
    # An article stored between the two queries has no mentions here: the next digest takes it.
    return [
        report_article(row, found[row.id], reported=row.story_reported) for row in rows if row.id in found
    ]


def _untold(subscription_id: str, terms: Sequence[str], since: datetime) -> Select[Any]:
    """Mentions above the highest told, of articles first seen since then or with a mention found late since then.

    Late mentions have the highest ids of their article: where anything of an old one is untold, they are. Another
    spelling of a term that the article was told for is nothing new; that an uncertain one is sure now, is.
    """
    late, before = mentions.alias("late_mentions"), mentions.alias("told_before")
    told = digest_articles.alias("told")
    # One set of ids, not an OR: each half has its index.
    candidates = union(
        select(articles.c.id).where(articles.c.first_seen >= since),
        select(late.c.article_id).where(late.c.term.in_(terms), late.c.found_late >= since),
    )
    told_for_term = exists().where(
        before.c.article_id == mentions.c.article_id,
        before.c.term == mentions.c.term,
        before.c.id <= told.c.mention_id,
        before.c.status.in_(["matched", mentions.c.status]),
    )
    of_article = (told.c.subscription_id == subscription_id) & (told.c.article_id == mentions.c.article_id)
    return (
        select(mentions)
        .outerjoin(told, of_article)
        .where(
            mentions.c.article_id.in_(candidates),
            mentions.c.term.in_(terms),
            mentions.c.id > func.coalesce(told.c.mention_id, 0),
            ~told_for_term,
        )
    )


def _story_told(subscription_id: str) -> ColumnElement[bool]:
    sibling = articles.alias("sibling")
    return exists().where(
        sibling.c.story_id == articles.c.story_id,
        digest_articles.c.article_id == sibling.c.id,
        digest_articles.c.subscription_id == subscription_id,
    )


def report_article(row: Row[Any], named: Sequence[Row[Any]], *, reported: bool) -> ReportArticle:
    """An article with those of its mentions that are to be told of."""
    return ReportArticle(
        id=row.id,
        url=row.url,
        outlet=row.outlet,
        title=row.title,
        text=row.text,
        published=row.published,
        first_seen=row.first_seen,
        language=row.language,
        relation=row.relation,
        original=row.original,
        copy_why=Reason(row.copy_why_ar, row.copy_why_en),
        story_id=row.story_id,
        story_why=Reason(row.story_why_ar, row.story_why_en),
        story_reported=reported,
        mentions=tuple(mention(each) for each in named),
        source=row.source,
        last_mention=max((each.id for each in named), default=0),
        wire=row.wire,
        added=tuple((start, end) for start, end in row.added),
        feed_id=row.feed_id,
    )


def term_days(
    connection: Connection, terms: Sequence[str], days: Sequence[tuple[datetime, datetime]]
) -> dict[str, tuple[int, ...]]:
    """How many articles a day name each term: matched mentions only, copies not counted."""
    counts = {term: [0] * len(days) for term in terms}
    for day, (start, end) in enumerate(days):
        for row in connection.execute(_term_counts(terms, start, end)):
            counts[row.term][day] = row.articles
    return {term: tuple(figures) for term, figures in counts.items()}


def _term_counts(terms: Sequence[str], start: datetime, end: datetime) -> Any:
    return (
        select(mentions.c.term, func.count(mentions.c.article_id.distinct()).label("articles"))
        .join(articles, articles.c.id == mentions.c.article_id)
        .where(
            mentions.c.published >= start,
            mentions.c.published < end,
            articles.c.relation.not_in(sorted(SUPPRESSED)),
            mentions.c.status == "matched",
            mentions.c.term.in_(terms),
        )
        .group_by(mentions.c.term)
    )


# ── what was told ─────────────────────────────────────────────────────────────────────────────────


def save(
    connection: Connection,
    digest: Digest,
    reported: Mapping[int, int],
    channels: Sequence[Channel],
    now: datetime,
) -> bool:
    """Freeze a digest and put its messages into the outbox, unless the window or what it tells is taken."""
    # Two composers of one subscription go one after the other, so that the second sees the first's rows.
    serialise(connection, f"digests of {digest.subscription_id}")
    if _window_closed(connection, digest) or _any_told(connection, digest.subscription_id, reported):
        return False
    connection.execute(insert(digests).values(**_digest_row(digest, now)))
    connection.execute(insert(windows).values(**_window_row(digest, now)))
    if reported:
        names = ("digest_id", "mention_id")
        told = upsert(connection, digest_articles, key=["subscription_id", "article_id"], update=names)
        connection.execute(told, [_told_row(digest, *each) for each in reported.items()])
    messages = list(_messages(digest, channels, now))
    if messages:
        connection.execute(insert(deliveries), messages)
    return True


def _window_closed(connection: Connection, digest: Digest) -> bool:
    query = select(windows.c.closed_at).where(
        windows.c.subscription_id == digest.subscription_id, windows.c.window_end == digest.window_end
    )
    return connection.execute(query).one_or_none() is not None


def _any_told(connection: Connection, subscription_id: str, reported: Mapping[int, int]) -> bool:
    for some in chunks(list(reported)):
        query = select(digest_articles.c.article_id, digest_articles.c.mention_id).where(
            digest_articles.c.subscription_id == subscription_id, digest_articles.c.article_id.in_(some)
        )
        if any(row.mention_id >= reported[row.article_id] for row in connection.execute(query)):
            return True
    return False


def _digest_row(digest: Digest, now: datetime) -> dict[str, Any]:
    return {
        "id": digest.id,
        "subscription_id": digest.subscription_id,
        "window_end": digest.window_end,
        "stories": len(digest.stories),
        "body": digest,
        "composed_at": now,
    }


def _window_row(digest: Digest, now: datetime) -> dict[str, Any]:
    return {
        "subscription_id": digest.subscription_id,
        "window_end": digest.window_end,
        "digest_id": digest.id,
        "closed_at": now,
    }


def _told_row(digest: Digest, article_id: int, mention_id: int) -> dict[str, Any]:
    return {
        "subscription_id": digest.subscription_id,
        "article_id": article_id,
        "digest_id": digest.id,
        "mention_id": mention_id,
    }


def _messages(digest: Digest, channels: Sequence[Channel], now: datetime) -> Iterator[dict[str, Any]]:
    pairs = [(channel.kind, clean(recipient)) for channel in channels for recipient in channel.recipients]
    for kind, recipient in dict.fromkeys(pairs):
        yield {
            "digest_id": digest.id,
            "channel": kind,
            "recipient": recipient,
            "state": "new",
            "message_id": message_id(digest.id, kind, recipient),
            "due_at": now,
            "next_try": now,
        }


def message_id(digest_id: str, channel: str, recipient: str, anew: datetime | None = None) -> str:
    """The Message-ID of a delivery: the same on every attempt, so that a mailbox can tell a repeat.

    `anew`: when an operator had it sent once more; mailboxes would drop a second message of the same id.
    """
    short = hashlib.sha256(recipient.encode()).hexdigest()[:_RECIPIENT_DIGITS]
    again = f".{anew:%Y%m%dT%H%M%SZ}" if anew else ""
    return f"<{digest_id}.{channel}.{short}{again}@rasid>"


def save_empty_window(
    connection: Connection, subscription_id: str, window_end: datetime, now: datetime
) -> None:
    """Close a window in which there was nothing to say."""
    row = {"subscription_id": subscription_id, "window_end": window_end, "digest_id": None, "closed_at": now}
    connection.execute(insert_new(connection, windows), row)


@cache
def _codec() -> TypeAdapter[Digest]:
    from pydantic import TypeAdapter

    return TypeAdapter(Digest)


def digest(connection: Connection, digest_id: str) -> Digest | None:
    """A digest as it was frozen."""
    body = connection.scalars(select(digests.c.body).where(digests.c.id == digest_id)).one_or_none()
    return None if body is None else _codec().validate_python(body)


def latest(connection: Connection, limit: int) -> list[DigestRow]:
    """The newest digests and how their deliveries stand."""
    columns = (digests.c.id, digests.c.subscription_id, digests.c.window_end, digests.c.stories)
    query = select(*columns).order_by(digests.c.window_end.desc(), digests.c.id).limit(limit)
    rows = connection.execute(query).all()
    counts = _delivery_counts(connection, [row.id for row in rows])
    return [
        DigestRow(row.id, row.subscription_id, row.window_end, row.stories, counts.get(row.id, {}))
        for row in rows
    ]


def _delivery_counts(connection: Connection, ids: Sequence[str]) -> dict[str, dict[Any, int]]:
    query = (
        select(deliveries.c.digest_id, deliveries.c.state, func.count().label("rows"))
        .where(deliveries.c.digest_id.in_(ids))
        .group_by(deliveries.c.digest_id, deliveries.c.state)
    )
    counts: dict[str, dict[Any, int]] = defaultdict(dict)
    for row in connection.execute(query):
        counts[row.digest_id][row.state] = row.rows
    return counts
