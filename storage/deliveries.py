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

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, bindparam, func, null, or_, select, update

from rasid.types import Delivery
from storage.columns import CleanText
from storage.schema import deliveries, digests

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from rasid.types import Attempt, ChannelKind

_INTERRUPTED = "the sender stopped before it could say whether the message went"
_DUE = ("new", "unknown")
_HELD = ("sending", "unknown")
_ENDED = ("sent", "failed", "withheld")


# Built once: a statement that is built anew costs more than its run.
_OLDEST = (
    select(deliveries)
    .where(deliveries.c.state.in_(_DUE), deliveries.c.next_try <= bindparam("now"))
    .order_by(deliveries.c.next_try, deliveries.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_OLDEST_OF_CHANNEL = _OLDEST.where(deliveries.c.channel == bindparam("channel_wanted"))
_TAKE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("row_id"))
    .values(
        state="sending",
        attempt=bindparam("attempt"),
        lease_until=bindparam("lease_until"),
        next_try=null(),
    )
)
_SETTLE = (
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("row_id"),
        deliveries.c.attempt == bindparam("row_attempt"),
        deliveries.c.state.in_(_HELD),
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
    due = select(deliveries.c.channel).where(deliveries.c.state.in_(_DUE), deliveries.c.next_try <= now)
    return sorted(connection.scalars(due.distinct()))


def claim(
    connection: Connection, now: datetime, lease_until: datetime, channel: ChannelKind | None
) -> Delivery | None:
    """Take the delivery that has been due for longest, of one kind of channel or of all."""
    query = _OLDEST if channel is None else _OLDEST_OF_CHANNEL
    row = connection.execute(query, {"now": now, "channel_wanted": channel}).one_or_none()
    if row is None:
        return None
    attempt = row.attempt + 1
    connection.execute(_TAKE, {"row_id": row.id, "attempt": attempt, "lease_until": lease_until})
    return replace(_delivery(row), state="sending", attempt=attempt, next_try=None)


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
    waiting = [deliveries.c.channel == channel, deliveries.c.state.in_(_DUE), deliveries.c.next_try < until]
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
    connection.execute(update(deliveries).where(deliveries.c.state == "sending").values(lease_until=None))


def lapse(connection: Connection, now: datetime) -> int:
    """Set what dead senders left behind to `unknown`, due at once; how many there were."""
    lapsed = or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= now)
    found = connection.execute(
        update(deliveries)
        .where(deliveries.c.state == "sending", lapsed)
        .values(state="unknown", repeat=True, next_try=now, lease_until=None, error=_INTERRUPTED)
    )
    return found.rowcount


def resend(connection: Connection, delivery_id: int, message_id: str, now: datetime) -> bool:
    """Send a finished delivery anew, as a message of its own; False where it is on its way or not there."""
    finished = update(deliveries).where(deliveries.c.id == delivery_id, deliveries.c.state.in_(_ENDED))
    anew = {"state": "new", "message_id": message_id, "round": deliveries.c.round + 1, "next_try": now}
    fresh = {"attempt": 0, "parts": 0, "repeat": False, "error": None, "note": None, "ended_at": None}
    return connection.execute(finished.values(**anew, **fresh)).rowcount == 1


def retry(connection: Connection, delivery_id: int, now: datetime) -> bool:
    """Let a delivery that failed, or waits for its next attempt, be due now, its attempts counted from none.

    What may have arrived stays marked so; False where it was sent, is being sent, or is not there.
    """
    held_up = update(deliveries).where(
        deliveries.c.id == delivery_id, deliveries.c.state.in_(("failed", *_DUE))
    )
    state = {"state": "new", "attempt": 0, "next_try": now, "ended_at": None}
    return connection.execute(held_up.values(**state)).rowcount == 1


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
    """Messages of digests that were composed before then and have neither gone nor been given up, oldest first."""
    query = (
        select(deliveries)
        .join(digests, digests.c.id == deliveries.c.digest_id)
        .where(deliveries.c.state.in_(("new", "unknown", "sending")), digests.c.composed_at <= before)
        .order_by(deliveries.c.id)
    )
    return [_delivery(row) for row in connection.execute(query)]


def by_id(connection: Connection, delivery_id: int) -> Delivery | None:
    """One row of the outbox."""
    row = connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).one_or_none()
    return None if row is None else _delivery(row)


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        digest_id=row.digest_id,
        channel=row.channel,
        recipient=row.recipient,
        state=row.state,
        attempt=row.attempt,
        message_id=row.message_id,
        repeat=row.repeat,
        error=row.error,
        next_try=row.next_try,
        sent_at=row.ended_at if row.state == "sent" else None,
        parts=row.parts,
        note=row.note,
    )
