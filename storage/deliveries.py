"""The outbox: every message is a row, and the row is changed before and after the message goes.

Theory of operation
-------------------
::

    new ──claim──> sending ──settle──> sent | failed | withheld
     ^                │ │
     └──settle(new)───┘ └──settle(unknown), or the lease lapses──> unknown
                      ^──────────────claim, repeat=True───────────────┘

`sending` is committed before the first byte leaves. A sender that dies leaves the row in `sending`; when
its lease is over the row becomes `unknown`: the other side may have the message. It is tried again with
the same Message-ID and `repeat` set, and the channel decides what a repeat is worth. Marking before the
send would lose messages (37 of 400 in 99 kills, measured), marking only after it would double them unseen.

What came of one message and the claim of the next are one transaction, which waits for the disk once.

`attempt` is a fencing token. An outcome counts only for the attempt that it names, so a sender that was slow
cannot overwrite the state of the one that took over. A slow sender whose row is `unknown` but not yet taken
over still knows the truth, and its outcome counts: that is one double the less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, bindparam, func, literal_column, null, or_, select, update

from rasid.types import Claimed, Delivery
from storage.columns import CleanText
from storage.schema import deliveries, digests, mutes, unsubscribed

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, CompoundSelect, Connection, FromClause, Row, Select
    from sqlalchemy.sql.dml import ReturningUpdate

    from rasid.types import Attempt, ChannelKind

_INTERRUPTED = "the sender stopped before it could say whether the message went"
_ENDED = ("sent", "failed", "withheld")

# Written into the statement, not bound to it: an index of a part of the table (ix_deliveries_due, _sending) serves
# only statements that say in their text that they ask for no more than that part.
IS_DUE = deliveries.c.state.in_([literal_column("'new'"), literal_column("'unknown'")])
IS_SENDING = deliveries.c.state == literal_column("'sending'")


# Built once: a statement that is built anew costs more than its run.
_OLDEST = (
    select(deliveries.c.id)
    .where(IS_DUE, deliveries.c.next_try <= bindparam("now"))
    .order_by(deliveries.c.next_try, deliveries.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)


def _take(oldest: Select[tuple[int]]) -> ReturningUpdate[Any]:
    return (
        update(deliveries)
        .where(deliveries.c.id == oldest.scalar_subquery())
        .values(
            state="sending",
            attempt=deliveries.c.attempt + 1,
            lease_until=bindparam("until"),
            next_try=null(),
        )
        .returning(deliveries)
    )


_TAKE = _take(_OLDEST)
_TAKE_OF_CHANNEL = _take(_OLDEST.where(deliveries.c.channel == bindparam("channel_wanted")))
_SETTLE = (
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("row_id"),
        deliveries.c.attempt == bindparam("row_attempt"),
        or_(IS_SENDING, deliveries.c.state == literal_column("'unknown'")),
    )
    .values(
        state=bindparam("state"),
        attempt=bindparam("attempt"),
        repeat=or_(deliveries.c.repeat, bindparam("uncertain", type_=Boolean)),
        note=func.coalesce(bindparam("note", type_=CleanText), deliveries.c.note),
        error=bindparam("error"),
        ended_at=bindparam("ended_at"),
        next_try=bindparam("next_try"),
        lease_until=null(),
    )
)


def due_channels(connection: Connection, now: datetime) -> list[ChannelKind]:
    """The kinds of channel for which something is due."""
    due = select(deliveries.c.channel).where(IS_DUE, deliveries.c.next_try <= now)
    return sorted(connection.scalars(due.distinct()))


def claim(
    connection: Connection, now: datetime, lease_until: datetime, channel: ChannelKind | None
) -> Claimed | None:
    """Take the delivery that has been due for longest, of one kind of channel or of all."""
    take = _TAKE if channel is None else _TAKE_OF_CHANNEL
    row = connection.execute(
        take, {"now": now, "until": lease_until, "channel_wanted": channel}
    ).one_or_none()
    if row is None:
        return None
    left, muted = wishes(connection, row.id)
    return Claimed(**_fields(row), left=left, muted=muted)


def settle(connection: Connection, outcome: Attempt, now: datetime) -> bool:
    """Note what came of an attempt. False: another attempt has the row, or it is at its end; nothing is changed."""
    ended = outcome.state in _ENDED
    good = outcome.state in ("sent", "withheld")
    values = {
        "row_id": outcome.delivery_id,
        "row_attempt": outcome.attempt,
        "state": outcome.state,
        "attempt": outcome.attempt - (0 if outcome.counted else 1),
        "uncertain": outcome.state == "unknown",
        "note": outcome.text if good else None,
        "error": None if good else outcome.text,
        "ended_at": now if ended else None,
        "next_try": None if ended else outcome.next_try,
    }
    return connection.execute(_SETTLE, values).rowcount == 1


def hold(
    connection: Connection, channel: ChannelKind, recipient: str | None, error: str, until: datetime
) -> int:
    """Put off what is due before then on a channel that does not work: its rows are as they were, with the reason.

    `recipient`: the way, where each recipient has one of its own; None: all of the channel go one way.
    """
    waiting = [deliveries.c.channel == channel, IS_DUE, deliveries.c.next_try < until]
    if recipient is not None:
        waiting.append(deliveries.c.recipient == recipient)
    put_off = update(deliveries).where(*waiting).values(error=error, next_try=until)
    return connection.execute(put_off).rowcount


def renew(connection: Connection, delivery_id: int, attempt: int, parts: int, lease_until: datetime) -> bool:
    """So many messages of this delivery were taken, and it goes on; False where another attempt has it."""
    row = deliveries.c
    mine = update(deliveries).where(row.id == delivery_id, row.attempt == attempt, row.state == "sending")
    return connection.execute(mine.values(parts=parts, lease_until=lease_until)).rowcount == 1


def release_all(connection: Connection) -> None:
    """Let the lease of every message lapse that is being sent: `lapse` then finds them."""
    connection.execute(update(deliveries).where(IS_SENDING).values(lease_until=None))


def lapse(connection: Connection, now: datetime) -> int:
    """Set what dead senders left behind to `unknown`, due at once; how many there were."""
    lapsed = or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= now)
    found = connection.execute(
        update(deliveries)
        .where(IS_SENDING, lapsed)
        .values(state="unknown", repeat=True, next_try=now, lease_until=None, error=_INTERRUPTED)
    )
    return found.rowcount


def resend(connection: Connection, delivery_id: int, message_id: str, now: datetime) -> bool:
    """Send a finished delivery anew, as a message of its own; False where it is on its way or not there."""
    finished = update(deliveries).where(deliveries.c.id == delivery_id, deliveries.c.state.in_(_ENDED))
    anew = {"state": "new", "message_id": message_id, "round": deliveries.c.round + 1}
    due = {"due_at": now, "next_try": now}
    fresh = {"attempt": 0, "parts": 0, "repeat": False, "error": None, "note": None, "ended_at": None}
    return connection.execute(finished.values(**anew, **due, **fresh)).rowcount == 1


def retry(connection: Connection, delivery_id: int, now: datetime) -> bool:
    """Let a delivery that failed, or waits for its next attempt, be due now, its attempts counted from none.

    What may have arrived stays marked so; False where it was sent, is being sent, or is not there.
    """
    held_up = update(deliveries).where(
        deliveries.c.id == delivery_id, deliveries.c.state.in_(("failed", "new", "unknown"))
    )
    state = {"state": "new", "attempt": 0, "due_at": now, "next_try": now, "ended_at": None}
    return connection.execute(held_up.values(**state)).rowcount == 1


# ── what their readers wish ───────────────────────────────────────────────────────────────────────


def _same_reader(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Whether two rows are for one reader, as `rasid.types.reader_key` has it."""
    alike = (one.c.channel == "email") & (func.lower(one.c.recipient) == func.lower(other.c.recipient))
    return (one.c.channel == other.c.channel) & ((one.c.recipient == other.c.recipient) | alike)


def _wishes() -> CompoundSelect[int | None]:
    this, that = deliveries.alias("this"), deliveries.alias("that")
    of_this, of_that = digests.alias("of_this"), digests.alias("of_that")
    left = (
        select(null())
        .select_from(this)
        .join(of_this, of_this.c.id == this.c.digest_id)
        .join(
            unsubscribed,
            (unsubscribed.c.subscription_id == of_this.c.subscription_id) & _same_reader(unsubscribed, this),
        )
        .where(this.c.id == bindparam("delivery_id"))
    )
    muted = (
        select(mutes.c.story_id)
        .join(that, that.c.id == mutes.c.delivery_id)
        .join(of_that, of_that.c.id == that.c.digest_id)
        .join(this, _same_reader(this, that))
        .join(
            of_this,
            (of_this.c.id == this.c.digest_id) & (of_this.c.subscription_id == of_that.c.subscription_id),
        )
        .where(
            this.c.id == bindparam("delivery_id"),
            mutes.c.at <= of_this.c.composed_at,
            mutes.c.until > of_this.c.composed_at,
        )
    )
    return left.union_all(muted)


_WISHES = _wishes()  # built once, for it is asked before each message


def wishes(connection: Connection, delivery_id: int) -> tuple[bool, frozenset[int]]:
    """Whether a delivery's reader left its subscription, and the stories muted in any of its digests.

    Those count that were muted when the delivery's own digest was composed: it stays what it was.
    """
    found = set(connection.scalars(_WISHES, {"delivery_id": delivery_id}))
    return None in found, frozenset(story for story in found if story is not None)


# ── looking ───────────────────────────────────────────────────────────────────────────────────────


def listed(
    connection: Connection,
    digest_id: str | None = None,
    *,
    states: tuple[str, ...] = (),
    limit: int | None = None,
) -> list[Delivery]:
    """The outbox or a part of it, in the order in which it was filled; with a limit, the newest of it."""
    query = select(deliveries).order_by(deliveries.c.id.desc() if limit else deliveries.c.id).limit(limit)
    if digest_id is not None:
        query = query.where(deliveries.c.digest_id == digest_id)
    if states:
        query = query.where(deliveries.c.state.in_(states))
    found = [_delivery(row) for row in connection.execute(query)]
    return found[::-1] if limit else found


def overdue(connection: Connection, before: datetime) -> list[Delivery]:
    """Messages that have waited since then or longer and have neither gone nor been given up, oldest first."""
    query = select(deliveries).where(deliveries.c.due_at <= before)
    parts = (IS_DUE, IS_SENDING)  # one query for each: `or` would read the whole outbox
    found = [_delivery(row) for part in parts for row in connection.execute(query.where(part))]
    return sorted(found, key=lambda delivery: delivery.id)


def given_up(connection: Connection, since: datetime) -> list[Delivery]:
    """Messages that failed for good since then, in order of the outbox."""
    failed = deliveries.c.state == "failed", deliveries.c.ended_at >= since
    query = select(deliveries).where(*failed).order_by(deliveries.c.id)
    return [_delivery(row) for row in connection.execute(query)]


def by_id(connection: Connection, delivery_id: int) -> Delivery | None:
    """One row of the outbox."""
    row = connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).one_or_none()
    return None if row is None else _delivery(row)


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(**_fields(row))


def _fields(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "digest_id": row.digest_id,
        "channel": row.channel,
        "recipient": row.recipient,
        "state": row.state,
        "attempt": row.attempt,
        "message_id": row.message_id,
        "due": row.due_at,
        "repeat": row.repeat,
        "error": row.error,
        "next_try": row.next_try,
        "sent_at": row.ended_at if row.state == "sent" else None,
        "parts": row.parts,
        "note": row.note,
    }
