"""The outbox: its states, its leases, and a sender that is killed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from rasid.types import Attempt, Channel, Delivery
from storage import open_store
from tests.storage.builders import DAY, HOUR, MAIL, MINUTE, NOW, digest

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from rasid.types import Claimed
    from storage import Store

LEASE = NOW + 5 * MINUTE


@pytest.fixture
def outbox(store: Store) -> Store:
    """A store with one digest for two recipients."""
    assert store.save_digest(digest(), {}, [MAIL], NOW)
    return store


def row_of(claimed: Claimed) -> Delivery:
    """What was claimed, without its reader's wishes: as the outbox is listed."""
    return Delivery(**{each.name: getattr(claimed, each.name) for each in fields(Delivery)})


def claim(store: Store, now: datetime = NOW, lease: datetime = LEASE) -> Claimed:
    """Claim, where something must be due."""
    delivery = store.claim_delivery(now, lease)
    assert delivery is not None
    return delivery


def settle(
    store: Store,
    delivery_id: int,
    state: str,
    text: str | None,
    *,
    attempt: int,
    now: datetime = NOW,
    next_try: datetime | None = None,
    counted: bool = True,
) -> bool:
    """Say what came of an attempt."""
    return store.settle(Attempt(delivery_id, attempt, state, text, next_try, counted), now)


def by_id(store: Store, delivery_id: int) -> Delivery:
    """A row of the outbox as it is now."""
    (found,) = (row for row in store.deliveries() if row.id == delivery_id)
    return found


def test_each_is_claimed_once_in_order(outbox: Store) -> None:
    """The claimed row is `sending`, its first attempt, and for others gone."""
    first, second = claim(outbox), claim(outbox)
    assert ["sara@example.org", "omar@example.org"] == [first.recipient, second.recipient]
    assert ("sending", 1, False) == (first.state, first.attempt, first.repeat)
    assert outbox.claim_delivery(NOW, LEASE) is None
    assert [row_of(first), row_of(second)] == outbox.deliveries()
    assert [] == outbox.deliveries("another")


def test_a_sent_delivery_is_done(outbox: Store) -> None:
    """It has its time, no error, and is never claimed again."""
    row = claim(outbox)
    assert settle(outbox, row.id, "sent", "250 queued", now=NOW + MINUTE, attempt=row.attempt)
    sent = by_id(outbox, row.id)
    assert ("sent", NOW + MINUTE, None, None) == (sent.state, sent.sent_at, sent.error, sent.next_try)
    assert 0 == outbox.lapse_deliveries(NOW + DAY)
    assert row.id != claim(outbox, NOW + DAY, NOW + 2 * DAY).id


def test_a_failed_delivery_is_shown(outbox: Store) -> None:
    """For good: with its error, without a sending time, never claimed again."""
    row = claim(outbox)
    assert settle(outbox, row.id, "failed", "550 no such user", now=NOW, attempt=row.attempt)
    failed = by_id(outbox, row.id)
    assert ("failed", None, "550 no such user") == (failed.state, failed.sent_at, failed.error)
    assert row.id != claim(outbox, NOW + DAY, NOW + 2 * DAY).id


def test_a_temporary_failure_waits(outbox: Store) -> None:
    """Back to `new` with its error; at its time the next attempt, and no repeat, for nothing went out."""
    row = claim(outbox)
    assert settle(outbox, row.id, "new", "451", next_try=NOW + HOUR, attempt=row.attempt)
    waiting = by_id(outbox, row.id)
    assert ("new", "451", NOW + HOUR) == (waiting.state, waiting.error, waiting.next_try)
    claim(outbox)
    assert outbox.claim_delivery(NOW + HOUR - MINUTE, NOW + DAY) is None
    again = claim(outbox, NOW + HOUR, NOW + DAY)
    assert (row.id, 2, False, row.message_id) == (again.id, again.attempt, again.repeat, again.message_id)


def test_an_uncertain_failure_is_unknown_and_repeats(outbox: Store) -> None:
    """The other side may have it: `unknown`, and the next attempt knows that it is a repeat, for ever."""
    row = claim(outbox)
    settle(outbox, row.id, "unknown", "dropped after DATA", next_try=NOW + HOUR, attempt=1)
    assert "unknown" == by_id(outbox, row.id).state
    claim(outbox)
    again = claim(outbox, NOW + HOUR, NOW + DAY)
    assert (2, True, row.message_id) == (again.attempt, again.repeat, again.message_id)
    settle(outbox, row.id, "new", "451", next_try=NOW + HOUR, attempt=2)
    assert claim(outbox, NOW + HOUR, NOW + DAY).repeat


def test_a_dead_senders_delivery_is_unknown(outbox: Store) -> None:
    """Not before its lease is over; then due at once, as a repeat."""
    row = claim(outbox)
    assert 0 == outbox.lapse_deliveries(LEASE - MINUTE)
    assert 1 == outbox.lapse_deliveries(LEASE)
    assert 0 == outbox.lapse_deliveries(LEASE)
    lapsed = by_id(outbox, row.id)
    assert ("unknown", LEASE) == (lapsed.state, lapsed.next_try)
    settle(outbox, claim(outbox, LEASE, LEASE + HOUR).id, "sent", None, now=LEASE, attempt=1)
    again = claim(outbox, LEASE, LEASE + HOUR)
    assert (row.id, 2, True) == (again.id, again.attempt, again.repeat)


def test_a_slow_sender_cannot_mark_anothers_attempt(outbox: Store) -> None:
    """The attempt is a fencing token: none of the first sender's marks counts once the second has the row."""
    slow = claim(outbox)
    settle(outbox, claim(outbox).id, "sent", None, now=NOW, attempt=1)
    outbox.lapse_deliveries(LEASE)
    fast = claim(outbox, LEASE, LEASE + HOUR)
    assert slow.id == fast.id
    assert not settle(outbox, slow.id, "sent", None, now=LEASE, attempt=slow.attempt)
    assert not settle(outbox, slow.id, "failed", "550", now=LEASE, attempt=slow.attempt)
    assert not settle(outbox, slow.id, "new", "451", next_try=LEASE, attempt=slow.attempt)
    assert row_of(fast) == by_id(outbox, slow.id)


def test_a_slow_senders_word_counts_until_another_has_the_row(outbox: Store) -> None:
    """Its lease lapsed, but nobody took over: it knows that the message went, so it is not sent again."""
    slow = claim(outbox)
    outbox.lapse_deliveries(LEASE)
    assert settle(outbox, slow.id, "sent", None, now=LEASE, attempt=slow.attempt)
    assert "sent" == by_id(outbox, slow.id).state


def test_an_ended_delivery_stays_as_it_is(outbox: Store) -> None:
    """No mark after the end counts, nor one before any attempt."""
    row = claim(outbox)
    settle(outbox, row.id, "sent", None, now=NOW, attempt=1)
    assert not settle(outbox, row.id, "failed", "550", now=NOW, attempt=1)
    (unsent,) = (each for each in outbox.deliveries() if each.state == "new")
    assert not settle(outbox, unsent.id, "sent", None, now=NOW, attempt=unsent.attempt)
    assert ["sent", "new"] == [each.state for each in outbox.deliveries()]


def test_the_longest_due_comes_first(outbox: Store) -> None:
    """By the time at which they became due, not by age of the digest."""
    first = claim(outbox)
    settle(outbox, first.id, "new", "451", next_try=NOW + HOUR, attempt=1)
    outbox.save_digest(digest("editors"), {}, [MAIL], NOW + MINUTE)
    order = [claim(outbox, NOW + HOUR, NOW + DAY) for _ in range(4)]
    assert ["analysts", "editors", "editors", "analysts"] == [
        row.digest_id.partition("-")[0] for row in order
    ]


def test_an_outcome_and_the_next_claim_are_one(outbox: Store) -> None:
    """The row is settled and the next one taken in one transaction."""
    first = claim(outbox)
    second = outbox.claim_delivery(NOW, LEASE, Attempt(first.id, 1, "sent", "250 taken"))
    assert second is not None
    assert first.id != second.id
    assert ("sent", "250 taken") == (by_id(outbox, first.id).state, by_id(outbox, first.id).note)


def test_claims_of_one_kind_of_channel(outbox: Store) -> None:
    """A sender of Slack's takes no mail; the kinds that have something due are told."""
    outbox.save_digest(digest("editors"), {}, [Channel("slack", ("HOOK",))], NOW)
    assert ["email", "slack"] == outbox.due_channels(NOW)
    row = outbox.claim_delivery(NOW, LEASE, channel="slack")
    assert row is not None
    assert "HOOK" == row.recipient
    assert outbox.claim_delivery(NOW, LEASE, channel="slack") is None
    assert ["email"] == outbox.due_channels(NOW)
    assert [] == outbox.due_channels(NOW - MINUTE)


def test_an_attempt_that_was_none_is_given_back(outbox: Store) -> None:
    """A relay that is down says nothing about the message: its attempts stay as they were."""
    row = claim(outbox)
    assert settle(outbox, row.id, "new", "no connection", next_try=NOW + HOUR, attempt=1, counted=False)
    assert 0 == by_id(outbox, row.id).attempt
    assert 1 == claim(outbox, NOW + HOUR, NOW + DAY).attempt


def test_what_goes_one_way_is_put_off_together(outbox: Store) -> None:
    """Mail waits as a whole; of Slack's webhooks only the one that asked for it; other channels are untouched."""
    hooks = Channel("slack", ("HOOK", "OTHER"))
    outbox.save_digest(digest("editors"), {}, [hooks], NOW)
    assert 2 == outbox.hold_channel("email", None, "no connection", NOW + HOUR)
    assert 1 == outbox.hold_channel("slack", "HOOK", "429", NOW + HOUR)
    assert ["OTHER"] == [claim(outbox).recipient]
    assert outbox.claim_delivery(NOW, LEASE) is None
    held = [row for row in outbox.deliveries() if row.state == "new"]
    assert [("no connection", 0), ("no connection", 0), ("429", 0)] == [
        (row.error, row.attempt) for row in held
    ]
    assert 3 == len([claim(outbox, NOW + HOUR, NOW + DAY) for _ in held])


def test_senders_and_the_watch_read_no_more_than_what_waits(sqlite_url: str) -> None:
    """Of an outbox that keeps what was sent years ago, their statements use the indexes of what is under way."""
    plans: list[tuple[str, str]] = []

    def explain(
        connection: Connection, _cursor: object, statement: str, parameters: tuple[object, ...], *_: object
    ) -> None:
        if statement.startswith(("SELECT", "UPDATE")):
            asked = connection.connection.cursor()
            asked.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend((step[3], statement) for step in asked.fetchall() if "deliveries" in step[3])

    with open_store(sqlite_url) as store:
        assert store.save_digest(digest(), {}, [MAIL], NOW)
        event.listen(store._engine, "before_cursor_execute", explain)
        assert ["email"] == store.due_channels(NOW)
        assert store.claim_delivery(NOW, LEASE) is not None
        assert store.claim_delivery(NOW, LEASE, channel="email") is not None
        store.hold_channel("email", None, "no connection", NOW + HOUR)
        store.lapse_deliveries(NOW)
        store.overdue_deliveries(NOW)
    assert 6 <= len(plans)
    assert [] == [(plan, query) for plan, query in plans if plan == "SCAN deliveries"]


def test_a_message_in_parts_goes_on_where_it_stopped(outbox: Store) -> None:
    """The parts that were taken are kept over attempts, and each renews the lease; not for who lost the row."""
    row = claim(outbox)
    assert outbox.renew_delivery(row.id, LEASE + HOUR, attempt=1, parts=2)
    assert 0 == outbox.lapse_deliveries(LEASE)
    settle(outbox, row.id, "new", "500", next_try=NOW, attempt=1)
    assert not outbox.renew_delivery(row.id, LEASE, attempt=1, parts=3)
    assert 2 == by_id(outbox, row.id).parts


def test_a_finished_message_is_sent_anew(outbox: Store) -> None:
    """As a message of its own, with its own Message-ID; one that is on its way is left alone."""
    row = claim(outbox)
    assert not outbox.resend_delivery(row, NOW)
    settle(outbox, row.id, "sent", None, attempt=1)
    assert outbox.resend_delivery(row, NOW)
    anew = by_id(outbox, row.id)
    assert ("new", 0, False, NOW) == (anew.state, anew.attempt, anew.repeat, anew.next_try)
    assert row.message_id != anew.message_id
    assert not outbox.resend_delivery(anew, NOW)


def test_a_failed_message_is_tried_again(outbox: Store) -> None:
    """Due now with all its attempts, its id and its mark as they were; what was sent is left alone."""
    row = claim(outbox)
    settle(outbox, row.id, "unknown", "dropped", next_try=NOW, attempt=1)
    settle(outbox, row.id, "failed", "550", attempt=1)
    assert outbox.retry_delivery(row.id, NOW + DAY)
    again = by_id(outbox, row.id)
    assert ("new", 0, True, row.message_id) == (again.state, again.attempt, again.repeat, again.message_id)
    other = claim(outbox)
    settle(outbox, other.id, "sent", None, attempt=1)
    assert not outbox.retry_delivery(other.id, NOW)


def test_what_waits_too_long_is_told(outbox: Store) -> None:
    """By when its digest was composed, put off or not; what was sent or given up is not."""
    first = claim(outbox)
    assert 2 == len(outbox.overdue_deliveries(NOW))
    assert [] == outbox.overdue_deliveries(NOW - MINUTE)
    outbox.hold_channel("email", None, "no connection", NOW + DAY)
    settle(outbox, first.id, "failed", "550", attempt=1)
    assert ["no connection"] == [row.error for row in outbox.overdue_deliveries(NOW)]


def test_a_part_of_the_outbox(outbox: Store) -> None:
    """By state, and the newest of it."""
    first = claim(outbox)
    settle(outbox, first.id, "sent", "250 ok", attempt=1)
    (sent,) = outbox.deliveries(states=("sent",))
    assert (first.id, "250 ok") == (sent.id, sent.note)
    (newest,) = outbox.deliveries(limit=1)
    assert max(row.id for row in outbox.deliveries()) == newest.id
    assert newest == outbox.delivery(newest.id)
    assert outbox.delivery(10_000) is None


KILLED = """
import os, signal, sys
from datetime import datetime
from storage import open_store

store = open_store(sys.argv[1])
assert store.claim_delivery(datetime.fromisoformat(sys.argv[2]), datetime.fromisoformat(sys.argv[3]))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_sender_leaves_the_row_unknown(database_url: str) -> None:
    """SIGKILL right after the claim: 'sending' was committed, lapses, and the row is not lost."""
    with open_store(database_url) as store:
        store.save_digest(digest(), {}, [MAIL], NOW)
    arguments = [database_url, NOW.isoformat(), LEASE.isoformat()]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert -9 == killed.returncode
    with open_store(database_url) as store:
        assert ["sending", "new"] == [row.state for row in store.deliveries()]
        assert 1 == store.lapse_deliveries(LEASE)
        assert ["unknown", "new"] == [row.state for row in store.deliveries()]
