"""From frozen digests to messages: what the outbox holds is sent, at least once, one recipient at a time.

Theory of operation. A row is committed as 'sending' before the first byte leaves. If this process dies in between, the
lease lapses, the row becomes 'unknown', and the channel's own policy follows: mail goes again under the same
Message-ID, a Slack bot first asks the channel what it has, a webhook goes again marked as a possible repeat. So a
message may in that one case come twice, and it never vanishes. Each kind of channel has a thread of its own: a relay
that dawdles keeps no Slack message waiting. Where it is the channel that does not work, all that waits for it is put
off together, and no attempt is counted: a relay that was down for a night loses nothing.
"""

from __future__ import annotations

import random
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rasid.app.feedback import links_key
from rasid.app.senders import SENDERS, Message, Sender
from rasid.app.stages import Progress, Stages, quiet
from rasid.errors import TransportError
from rasid.feedback import sign
from rasid.schedule import Rests, resting_until
from rasid.types import Attempt, ChannelKind, Claimed, Delivery, Digest, DigestReport

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from alerts.links import Reader
    from alerts.render import Rendered
    from rasid.app.context import Clock, Rasid

GIVE_UP = timedelta(days=7)
"""A message whose channel did not work for so long is no news: it fails; `rasid digest retry` sends it yet."""


def deliver_due(
    rasid: Rasid, *, clock: Clock, stages: Stages | None = None, progress: Progress = quiet
) -> DigestReport:
    """Send what the outbox holds and is due, all kinds of channels side by side."""
    rasid.store.lapse_deliveries(clock())
    stop = threading.Event()
    rounds = [_Round(rasid, kind, clock, progress, stop) for kind in rasid.store.due_channels(clock())]
    with ThreadPoolExecutor(max_workers=len(rounds) or 1, thread_name_prefix="send") as threads:
        begun = [threads.submit(one.run) for one in rounds]
        try:
            for one in begun:
                one.result()
        finally:
            stop.set()  # interrupted, or one of them failed: the others end after the message that they are at
    stages = stages or Stages()
    for stage in (stage for one in rounds for stage in one.stages.table()):
        stages.add(stage.stage, items=stage.items, wall=stage.wall, cpu=stage.cpu)

    def all_of(pick: Callable[[_Tally], list[str]]) -> tuple[str, ...]:
        return tuple(line for one in rounds for line in pick(one.tally))

    return DigestReport(
        sent=all_of(lambda tally: tally.sent),
        failed=all_of(lambda tally: tally.failed),
        retrying=all_of(lambda tally: tally.retrying),
        withheld=all_of(lambda tally: tally.withheld),
        files=all_of(lambda tally: tally.files),
        stages=stages.table(),
    )


@dataclass(slots=True)
class _Tally:
    sent: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    retrying: list[str] = field(default_factory=list)
    withheld: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


class LostError(Exception):
    """Another sender took the row over while this one was at it: nothing more is to be said of it here."""


class _Round:
    """One run's deliveries of one kind of channel."""

    def __init__(
        self, rasid: Rasid, kind: ChannelKind, clock: Clock, progress: Progress, stop: threading.Event
    ) -> None:
        self.rasid, self.kind, self.clock, self.progress, self.stop = rasid, kind, clock, progress, stop
        self.stages, self.tally = Stages(), _Tally()
        self._drawn: dict[tuple[str, frozenset[int], datetime], Rendered] = {}
        self._digest: Digest | None = None
        self._key = links_key(rasid.config.settings)

    def run(self) -> None:
        """Claim and send until nothing is due."""
        lease = timedelta(seconds=self.rasid.config.settings.delivery.lease)
        after: Attempt | None = None
        with ExitStack() as stack:
            sender = SENDERS[self.kind](self.rasid)
            stack.callback(sender.close)
            while not self.stop.is_set():
                now = self.clock()
                delivery = self.rasid.store.claim_delivery(now, now + lease, after, channel=self.kind)
                if delivery is None:
                    return
                after = self._attempt(sender, delivery)
                self.progress("deliveries", len(self.tally.sent), 0)
            if after is not None:
                self.rasid.store.settle(after, self.clock())

    def _attempt(self, sender: Sender, delivery: Claimed) -> Attempt | None:
        """One row of the outbox, and what came of it; None where another sender took it over."""
        name = f"{delivery.channel} {delivery.recipient} {delivery.digest_id}"
        try:
            if (rest := self._rest(delivery)) is not None:
                return rest
            message = self._message(delivery)
            if isinstance(message, str):
                self.tally.withheld.append(f"{name}: {message}")
                return _ended(delivery, "withheld", message)
            with self.stages.span("send"):
                note = sender.send(message)
        except LostError:
            return None
        except TransportError as error:
            return self._refused(delivery, name, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other messages go, and this one is tried again
            return self._refused(delivery, name, _fault(delivery.channel, error))
        self.tally.sent.append(name)
        if delivery.channel == "file" and note:
            self.tally.files.append(note)
        return _ended(delivery, "sent", note)

    def _rest(self, delivery: Claimed) -> Attempt | None:
        """Put off what an outage, or an operator, brought into its readers' hours of quiet or a day off."""
        digest = self._digest_of(delivery.digest_id)
        rests = Rests(digest.quiet, digest.weekdays)
        until = resting_until(digest.timezone, self.clock(), rests)
        if until is None:
            return None
        why = delivery.error or "it waits for the end of quiet hours"
        return Attempt(delivery.id, delivery.attempt, "new", why, until, counted=False)

    def _message(self, delivery: Claimed) -> Message | str:
        """The message, or why its reader does not want it."""
        from alerts.view import without

        digest = self._digest_of(delivery.digest_id)
        now = delivery.due
        if delivery.left:
            return "the reader left the subscription"
        shown = without(digest, delivery.muted)
        if shown is not digest and not (shown.stories or shown.reviews or shown.omitted or shown.set_aside):
            return "the reader muted all of its stories"
        told = {story.story_id for story in digest.stories} | {review.story_id for review in digest.reviews}
        hidden = delivery.muted & told
        token = None
        if self._key is not None:
            days = timedelta(days=self.rasid.config.settings.feedback.days)
            token = sign(self._key, delivery.id, now + days)

        def rendered() -> Rendered:
            drawn = self._draw(digest, hidden, now)
            return drawn if token is None else drawn.for_reader(token)

        def taken(parts: int) -> None:
            moment = self.clock()
            lease = moment + timedelta(seconds=self.rasid.config.settings.delivery.lease)
            if not self.rasid.store.renew_delivery(delivery.id, lease, attempt=delivery.attempt, parts=parts):
                raise LostError

        return Message(delivery, digest, hidden, reader(self.rasid, token), rendered, now, taken)

    def _digest_of(self, digest_id: str) -> Digest:
        """Read once for all its deliveries, which come one after the other."""
        if self._digest is None or self._digest.id != digest_id:
            self._drawn.clear()
            with self.stages.span("read"):
                self._digest = self.rasid.store.digest(digest_id)
        if self._digest is None:  # a foreign key holds it: nothing deletes a digest that has deliveries
            raise LookupError(f"the outbox names digest {digest_id}, which is not stored")
        return self._digest

    def _draw(self, digest: Digest, hidden: frozenset[int], now: datetime) -> Rendered:
        """Drawn once for all readers who see the same."""
        from alerts.links import PLACEHOLDER
        from alerts.render import render  # templates and senders are for runs that have something to tell

        key = digest.id, hidden, now
        if key not in self._drawn:
            anyone = reader(self.rasid, PLACEHOLDER if self._key is not None else None)
            with self.stages.span("render"):
                self._drawn[key] = render(digest, reader=anyone, now=now, hidden=hidden)
        return self._drawn[key]

    def _refused(self, delivery: Delivery, name: str, error: TransportError) -> Attempt:
        """The channel did not take it: put back, put off with all that goes its way, or given up."""
        options, now = self.rasid.config.settings.delivery, self.clock()
        # A channel that does not work says nothing about this message: its attempts are for the message's own faults.
        counted = not error.whole
        spent = delivery.attempt >= options.attempts if counted else now - delivery.due > GIVE_UP
        if spent or (error.permanent and not error.whole):
            self.tally.failed.append(f"{name}: {error.reason}")
            return _ended(delivery, "failed", error.reason)
        wait = retry_after(
            delivery.attempt if counted else 1,
            options.backoff,
            error.retry_after,
            random.random(),  # noqa: S311
        )
        if error.whole:
            way = None if self.kind == "email" else delivery.recipient
            self.rasid.store.hold_channel(self.kind, way, error.reason, now + wait)
        self.tally.retrying.append(f"{name}: {error.reason}")
        return Attempt(
            delivery.id,
            delivery.attempt,
            "unknown" if error.uncertain else "new",
            error.reason,
            now + wait,
            counted=counted,
        )


def _ended(delivery: Delivery, state: Literal["sent", "failed", "withheld"], text: str | None) -> Attempt:
    return Attempt(delivery.id, delivery.attempt, state, text)


def _fault(channel: str, error: Exception) -> TransportError:
    """A fault of our own: where it is, not what it said, for its words may hold a secret."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}:{last.lineno}"
    return TransportError(
        channel,
        f"a fault of Rasid's own ({type(error).__name__} at {place}); please report it",
        uncertain=True,
    )


def retry_after(attempt: int, backoff: float, asked: float | None, jitter: float) -> timedelta:
    """How long to wait before attempt + 1: doubling, at most six hours, never less than the other side asked."""
    doubled = min(backoff * 2 ** (attempt - 1), 6 * 3600) * (0.75 + jitter / 2)
    return timedelta(seconds=max(doubled, asked or 0.0))


def reader(rasid: Rasid, token: str | None) -> Reader | None:
    """Where a reader can act; None where there is no token, or no address at which readers reach Rasid."""
    from alerts.links import Reader

    public_url = rasid.config.settings.public_url
    if token is None or public_url is None:
        return None
    return Reader(f"{public_url.rstrip('/')}/r/{token}")
