"""The facade's part that is about what goes out: the outbox, and what its readers wish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage import deliveries, figures, readers
from storage.digests import message_id
from storage.engine import reading, writing
from storage.intake import Intake

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rasid.types import Attempt, ChannelKind, Claimed, Delivery, DeliveryState, Mute, Proposal


class Outbox(Intake):
    """One method, one transaction; see storage.store.Store."""

    # ── sending ───────────────────────────────────────────────────────────────────────────────────

    def claim_delivery(
        self,
        now: datetime,
        lease_until: datetime,
        after: Attempt | None = None,
        *,
        channel: ChannelKind | None = None,
    ) -> Claimed | None:
        """Take the delivery that has been due for longest, of one kind of channel or of all.

        It is `sending` before this returns. `after` is what came of the one before; both are one transaction.
        """
        with writing(self._engine) as connection:
            if after is not None:
                deliveries.settle(connection, after, now)
            return deliveries.claim(connection, now, lease_until, channel)

    def due_channels(self, now: datetime) -> list[ChannelKind]:
        """The kinds of channel for which something is due."""
        with reading(self._engine) as connection:
            return deliveries.due_channels(connection, now)

    def settle(self, outcome: Attempt, now: datetime) -> bool:
        """Note what came of an attempt. False: another attempt has the delivery, nothing was changed."""
        with writing(self._engine) as connection:
            return deliveries.settle(connection, outcome, now)

    def renew_delivery(self, delivery_id: int, lease_until: datetime, *, attempt: int, parts: int) -> bool:
        """So many of its messages were taken, and it goes on. False: another attempt has it; stop."""
        with writing(self._engine) as connection:
            return deliveries.renew(connection, delivery_id, attempt, parts, lease_until)

    def hold_channel(self, channel: ChannelKind, recipient: str | None, error: str, until: datetime) -> int:
        """Put off what is due on a channel that does not work, `recipient` None: all of it; how many messages."""
        with writing(self._engine) as connection:
            return deliveries.hold(connection, channel, recipient, error, until)

    def lapse_deliveries(self, now: datetime) -> int:
        """Set deliveries whose sender died to `unknown`, due at once; how many."""
        with writing(self._engine) as connection:
            return deliveries.lapse(connection, now)

    def resend_delivery(self, delivery: Delivery, now: datetime) -> bool:
        """Send a finished delivery anew under a Message-ID of its own. False: it is on its way already."""
        with writing(self._engine) as connection:
            anew = message_id(delivery.digest_id, delivery.channel, delivery.recipient, now)
            return deliveries.resend(connection, delivery.id, anew, now)

    def retry_delivery(self, delivery_id: int, now: datetime) -> bool:
        """Let a failed or waiting delivery be due now. False: it was sent, or is being sent."""
        with writing(self._engine) as connection:
            return deliveries.retry(connection, delivery_id, now)

    # ── looking ───────────────────────────────────────────────────────────────────────────────────

    def deliveries(
        self,
        digest_id: str | None = None,
        *,
        states: Sequence[DeliveryState] = (),
        limit: int | None = None,
    ) -> list[Delivery]:
        """The outbox, or one digest's part of it, in the order in which it was filled; with a limit its newest."""
        with reading(self._engine) as connection:
            return deliveries.listed(connection, digest_id, states=tuple(states), limit=limit)

    def delivery(self, delivery_id: int) -> Delivery | None:
        """One delivery."""
        with reading(self._engine) as connection:
            return deliveries.by_id(connection, delivery_id)

    def overdue_deliveries(self, before: datetime) -> list[Delivery]:
        """Those that have waited since then or longer and have neither gone nor been given up, oldest first."""
        with reading(self._engine) as connection:
            return deliveries.overdue(connection, before)

    def given_up_deliveries(self, since: datetime) -> list[Delivery]:
        """Those that failed for good since then."""
        with reading(self._engine) as connection:
            return deliveries.given_up(connection, since)

    def undelivered(self, since: datetime, due_before: datetime) -> figures.Undelivered:
        """Messages given up since then, and those due before then that nobody sends."""
        with reading(self._engine) as connection:
            return figures.undelivered(connection, since, due_before)

    # ── what readers wish ─────────────────────────────────────────────────────────────────────────

    def unsubscribe(self, delivery_id: int, now: datetime) -> bool:
        """Take a delivery's reader out of its subscription; False where that was done before."""
        with writing(self._engine) as connection:
            return readers.unsubscribe(connection, delivery_id, now)

    def resubscribe(self, subscription_id: str, channel: str, recipient: str) -> bool:
        """Let a reader have a subscription again; False where nobody took them out."""
        with writing(self._engine) as connection:
            return readers.resubscribe(connection, subscription_id, channel, recipient)

    def unsubscribed(self, subscription_id: str) -> list[tuple[str, str, datetime]]:
        """Channel, recipient and since when, of those who left a subscription."""
        with reading(self._engine) as connection:
            return readers.unsubscribed_from(connection, subscription_id)

    def wishes(self, delivery_id: int) -> tuple[bool, frozenset[int]]:
        """Whether a delivery's reader left its subscription, and the stories muted in any of its digests.

        Those count that were muted when the delivery's own digest was composed: it stays what it was.
        """
        with reading(self._engine) as connection:
            return deliveries.wishes(connection, delivery_id)

    def mute(self, story_id: int, until: datetime, now: datetime, delivery_id: int | None) -> int:
        """A story is not to be told until then, to the delivery's reader, or (None) to anybody; the mute's id."""
        with writing(self._engine) as connection:
            return readers.mute(connection, story_id, until, now, delivery_id)

    def unmute(self, mute_id: int) -> bool:
        """Take a mute back; False where there is none."""
        with writing(self._engine) as connection:
            return readers.unmute(connection, mute_id)

    def mutes(self, now: datetime) -> list[Mute]:
        """Those that hold, the newest first."""
        with reading(self._engine) as connection:
            return readers.mutes_at(connection, now)

    def muted_for_all(self, now: datetime) -> frozenset[int]:
        """Stories that nobody is to be told of."""
        with reading(self._engine) as connection:
            return readers.muted_for_all(connection, now)

    def propose(
        self, term: str, text: str, article_id: int, now: datetime, delivery_id: int, *, match: bool
    ) -> int | None:
        """Keep what a reader said of a sentence; None where it was said of it before."""
        with writing(self._engine) as connection:
            return readers.propose(connection, term, text, article_id, now, delivery_id, match=match)

    def proposals(self, state: str | None = "open") -> list[Proposal]:
        """What readers said, the oldest first; of one state or (None) all."""
        with reading(self._engine) as connection:
            return readers.proposed(connection, state)

    def settle_proposal(self, proposal_id: int, now: datetime, *, accepted: bool) -> bool:
        """Close a proposal; False where it is not open."""
        with writing(self._engine) as connection:
            return readers.settle(connection, proposal_id, accepted, now)

    # ── where they were told ──────────────────────────────────────────────────────────────────────

    def threads(self, recipient: str, story_ids: Sequence[int]) -> dict[int, str]:
        """Where a chat channel was told of each story: the message that opened its thread."""
        with reading(self._engine) as connection:
            return readers.threads_of(connection, recipient, story_ids)

    def save_thread(self, recipient: str, story_id: int, ts: str, now: datetime) -> None:
        """Note where a chat channel was told of a story; a later note replaces an earlier one."""
        with writing(self._engine) as connection:
            readers.save_thread(connection, recipient, story_id, ts, now)

    def last_seen(self, terms: Sequence[str], before: datetime) -> dict[str, datetime]:
        """When each term was last named before then; a term that never was is not there."""
        with reading(self._engine) as connection:
            return readers.last_seen(connection, terms, before)

    # ── operators ─────────────────────────────────────────────────────────────────────────────────

    def notices(self) -> dict[str, tuple[datetime, datetime]]:
        """What the operators were told of and is not over: since when, and when they were told last."""
        with reading(self._engine) as connection:
            return readers.told(connection)

    def save_notice(self, key: str, now: datetime) -> None:
        """Note that the operators were told of something."""
        with writing(self._engine) as connection:
            readers.save_notice(connection, key, now)

    def drop_notice(self, key: str) -> None:
        """Note that it is over."""
        with writing(self._engine) as connection:
            readers.drop_notice(connection, key)
