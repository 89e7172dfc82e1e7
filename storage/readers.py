"""What readers wish: no more of a subscription or a story, a mention judged; and where they were told of what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from rasid.types import SUPPRESSED, Mute, Proposal, reader_key
from storage.deliveries import by_id
from storage.dialects import insert_new, upsert
from storage.schema import (
    articles,
    deliveries,
    digests,
    mentions,
    mutes,
    notices,
    proposals,
    threads,
    unsubscribed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row


_MAX_TEXT = 500  # characters of a proposed example: a sentence

# ── subscriptions ─────────────────────────────────────────────────────────────────────────────────


def unsubscribe(connection: Connection, delivery_id: int, now: datetime) -> bool:
    """Take a delivery's reader out of its subscription; False where that was done before."""
    query = select(digests.c.subscription_id, deliveries.c.channel, deliveries.c.recipient).join_from(
        deliveries, digests, digests.c.id == deliveries.c.digest_id
    )
    row = connection.execute(query.where(deliveries.c.id == delivery_id)).one()
    added = insert_new(connection, unsubscribed).values(**row._asdict(), at=now)
    return connection.execute(added.returning(unsubscribed.c.at)).one_or_none() is not None


def resubscribe(connection: Connection, subscription_id: str, channel: str, recipient: str) -> bool:
    """Let a reader have a subscription again; False where nobody took them out."""
    gone = delete(unsubscribed).where(
        unsubscribed.c.subscription_id == subscription_id,
        unsubscribed.c.channel == channel,
        (func.lower(unsubscribed.c.recipient) if channel == "email" else unsubscribed.c.recipient)
        == reader_key(channel, recipient)[1],
    )
    return connection.execute(gone).rowcount > 0


def unsubscribed_from(connection: Connection, subscription_id: str) -> list[tuple[str, str, datetime]]:
    """Channel, recipient and when, the earliest first."""
    columns = (unsubscribed.c.channel, unsubscribed.c.recipient, unsubscribed.c.at)
    query = select(*columns).where(unsubscribed.c.subscription_id == subscription_id)
    return [(row[0], row[1], row[2]) for row in connection.execute(query.order_by(unsubscribed.c.at))]


# ── stories muted ─────────────────────────────────────────────────────────────────────────────────


def mute(
    connection: Connection, story_id: int, until: datetime, now: datetime, delivery_id: int | None
) -> int:
    """Note that a story is not to be told until then, to the delivery's reader or to anybody; the note's id."""
    values = {"story_id": story_id, "delivery_id": delivery_id, "until": until, "at": now}
    added = insert(mutes).values(**values).returning(mutes.c.id)
    found: int = connection.scalars(added).one()
    return found


def unmute(connection: Connection, mute_id: int) -> bool:
    """Take the note back; False where there is none."""
    return connection.execute(delete(mutes).where(mutes.c.id == mute_id)).rowcount == 1


def mutes_at(connection: Connection, now: datetime) -> list[Mute]:
    """Those that hold, the newest first."""
    query = select(mutes).where(mutes.c.until > now).order_by(mutes.c.id.desc())
    return [
        Mute(
            id=row.id,
            story_id=row.story_id,
            delivery=None if row.delivery_id is None else by_id(connection, row.delivery_id),
            until=row.until,
            at=row.at,
        )
        for row in connection.execute(query).all()
    ]


def muted_for_all(connection: Connection, now: datetime) -> frozenset[int]:
    """Stories that nobody is to be told of."""
    query = select(mutes.c.story_id).where(mutes.c.until > now, mutes.c.delivery_id.is_(None))
    return frozenset(connection.scalars(query))


# ── mentions judged ───────────────────────────────────────────────────────────────────────────────


def propose(
    connection: Connection,
    term: str,
    text: str,
    article_id: int,
    now: datetime,
    delivery_id: int,
    *,
    match: bool,
) -> int | None:
    """Keep what a reader said of a sentence, for an operator; None where it was said of it before."""
    row = {
        "term": term,
        "match": match,
        "text": text[:_MAX_TEXT],
        "article_id": article_id,
        "delivery_id": delivery_id,
        "state": "open",
        "at": now,
    }
    added = insert_new(connection, proposals).values(**row).returning(proposals.c.id)
    return connection.scalars(added).one_or_none()


def proposed(connection: Connection, state: str | None) -> list[Proposal]:
    """What readers said, the oldest first; of one state or of all."""
    query = (
        select(proposals, articles.c.url, deliveries.c.channel, deliveries.c.recipient)
        .join(articles, articles.c.id == proposals.c.article_id)
        .join(deliveries, deliveries.c.id == proposals.c.delivery_id)
        .order_by(proposals.c.id)
    )
    if state is not None:
        query = query.where(proposals.c.state == state)
    return [_proposal(row) for row in connection.execute(query)]


def _proposal(row: Row[Any]) -> Proposal:
    return Proposal(
        id=row.id,
        term=row.term,
        match=row.match,
        text=row.text,
        article_id=row.article_id,
        url=row.url,
        state=row.state,
        at=row.at,
        who=f"{row.channel} {row.recipient}",
    )


def settle(connection: Connection, proposal_id: int, accepted: bool, now: datetime) -> bool:
    """Close what a reader proposed; False where it is not open."""
    still_open = update(proposals).where(proposals.c.id == proposal_id, proposals.c.state == "open")
    closed = still_open.values(state="accepted" if accepted else "declined", settled_at=now)
    return connection.execute(closed).rowcount == 1


# ── where readers were told ───────────────────────────────────────────────────────────────────────


def threads_of(connection: Connection, recipient: str, story_ids: Sequence[int]) -> dict[int, str]:
    """Where a chat channel was told of each story."""
    query = select(threads.c.story_id, threads.c.ts).where(
        threads.c.recipient == recipient, threads.c.story_id.in_(story_ids)
    )
    return {row.story_id: row.ts for row in connection.execute(query)}


def save_thread(connection: Connection, recipient: str, story_id: int, ts: str, now: datetime) -> None:
    """Note where a chat channel was told of a story; a later note replaces an earlier one."""
    noted = upsert(connection, threads, key=["recipient", "story_id"], update=("ts", "at"))
    connection.execute(noted.values(recipient=recipient, story_id=story_id, ts=ts, at=now))


def last_seen(connection: Connection, terms: Sequence[str], before: datetime) -> dict[str, datetime]:
    """When the latest article before then was published that names each term; copies not counted."""
    return {
        term: latest
        for term in terms
        if (latest := connection.scalars(_latest(term, before)).one_or_none()) is not None
    }


def _latest(term: str, before: datetime) -> Any:
    named: tuple[ColumnElement[bool], ...] = (
        mentions.c.term == term,
        mentions.c.published < before,
        mentions.c.status == "matched",
        articles.c.relation.not_in(sorted(SUPPRESSED)),
    )
    # One range of an index, read from its end: the newest mention is the answer.
    return (
        select(mentions.c.published)
        .join(articles, articles.c.id == mentions.c.article_id)
        .where(*named)
        .order_by(mentions.c.published.desc())
        .limit(1)
    )


# ── operators ─────────────────────────────────────────────────────────────────────────────────────


def told(connection: Connection) -> dict[str, tuple[datetime, datetime]]:
    """What the operators were told of and is not over: since when, and when they were told last."""
    return {row.key: (row.since, row.told_at) for row in connection.execute(select(notices))}


def save_notice(connection: Connection, key: str, now: datetime) -> None:
    """Note that the operators were told; since when stays as it was noted first."""
    noted = upsert(connection, notices, key=["key"], update=("told_at",))
    connection.execute(noted.values(key=key, since=now, told_at=now))


def drop_notice(connection: Connection, key: str) -> None:
    """Note that it is over."""
    connection.execute(delete(notices).where(notices.c.key == key))
