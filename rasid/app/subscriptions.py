"""The subscriptions as they stand: when each is due next, who gets it, who left it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rasid.config.values import nearest
from rasid.errors import RasidError
from rasid.schedule import next_due, paused, resting_until, rests_of
from rasid.types import reader_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rasid.config import Config
    from rasid.types import Subscription
    from storage import Store

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One who gets a subscription, or left it."""

    channel: str
    recipient: str
    left: datetime | None = None  # when they unsubscribed
    listed: bool = True  # False: subscriptions.yaml does not name them any more


@dataclass(frozen=True, slots=True)
class Standing:
    """A subscription at one moment."""

    subscription: Subscription
    paused: bool
    last: datetime | None  # end of its latest window, composed or empty
    next: (
        datetime | None
    )  # the next tick; of an immediate one, from when on it is sent; None: paused for good
    resting_until: datetime | None  # the end of the rest in which it is
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True, order=True)
class Tick:
    """A moment at which a subscription is due."""

    at: datetime
    subscription_id: str


def named(config: Config, subscription_id: str) -> Subscription:
    """The subscription with an id; RasidError names the one that was probably meant."""
    known = {subscription.id: subscription for subscription in config.subscriptions}
    if subscription_id not in known:
        hint = nearest(subscription_id, known) or f"; there are: {', '.join(known) or 'none'}"
        raise RasidError(f"no subscription {subscription_id!r}{hint}")
    return known[subscription_id]


def standing(subscription: Subscription, store: Store | None, now: datetime) -> Standing:
    """How a subscription stands; without a database it has neither a past nor readers who left."""
    return Standing(
        subscription=subscription,
        paused=paused(subscription, now),
        last=store.latest_window(subscription.id, now) if store else None,
        next=next((tick.at for tick in ticks(subscription, now)), None),
        resting_until=resting_until(subscription.timezone, now, rests_of(subscription)),
        recipients=recipients(subscription, store),
    )


def recipients(subscription: Subscription, store: Store | None) -> tuple[Recipient, ...]:
    """Everyone whom the file names, then those who left and are not named any more."""
    rows = store.unsubscribed(subscription.id) if store else []
    left = {reader_key(channel, recipient): (channel, recipient, at) for channel, recipient, at in rows}
    found = []
    for channel in subscription.channels:
        for recipient in channel.recipients:
            row = left.pop(reader_key(channel.kind, recipient), None)
            found.append(Recipient(channel.kind, recipient, None if row is None else row[2]))
    return (*found, *(Recipient(*row, listed=False) for row in left.values()))


def ticks(subscription: Subscription, now: datetime) -> Iterator[Tick]:
    """The moments after `now` at which it is due; of an immediate one only the first: it is due ever after."""
    if subscription.paused:
        return
    at = now
    if subscription.paused_until is not None:
        begin = datetime.combine(subscription.paused_until, time(), ZoneInfo(subscription.timezone))
        at = max(now, begin.astimezone(UTC) - _SECOND)
    while True:
        at = next_due(subscription.schedule, subscription.timezone, at, rests_of(subscription))
        yield Tick(at, subscription.id)
        if subscription.schedule == "immediate":
            return


def upcoming(subscriptions: Iterable[Subscription], now: datetime, count: int) -> list[Tick]:
    """The next ticks of several subscriptions in the order of time."""
    return list(islice(merge(*(ticks(subscription, now) for subscription in subscriptions)), count))


def take_back(store: Store | None, subscription: Subscription, recipient: str) -> list[Recipient]:
    """Let a reader who left have a subscription again, on every channel that they left; nobody else is told.

    Raises:
        RasidError: They did not leave it; the text names those who did.
    """
    gone = [one for one in recipients(subscription, store) if one.left is not None]
    meant = [one for one in gone if one.recipient.casefold() == recipient.casefold()]
    if store is None or not meant:
        known = [one.recipient for one in gone]
        listed = ", ".join(known) or "none"
        raise RasidError(
            f"{recipient} is not unsubscribed from '{subscription.id}'; unsubscribed are: {listed}"
        )
    return [one for one in meant if store.resubscribe(subscription.id, one.channel, one.recipient)]
