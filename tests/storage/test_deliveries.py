"""The outbox: its states, its leases, and a sender that is killed."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from storage import open_store
from tests.storage.builders import DAY, HOUR, MAIL, MINUTE, NOW, digest

if TYPE_CHECKING:
    from datetime import datetime

    from rasid.types import Delivery
    from storage import Store

LEASE = NOW + 5 * MINUTE


@pytest.fixture
def outbox(store: Store) -> Store:
    """A store with one digest for two recipients."""
    assert store.save_digest(digest(), {}, [MAIL], NOW)
    return store


def claim(store: Store, now: datetime = NOW, lease: datetime = LEASE) -> Delivery:
    """Claim, where something must be due."""
    delivery = store.claim_delivery(now, lease)
    assert delivery is not None
    return delivery


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
    assert [first, second] == outbox.deliveries()
    assert [] == outbox.deliveries("another")


def test_a_sent_delivery_is_done(outbox: Store) -> None:
    """It has its time, no error, and is never claimed again."""
    row = claim(outbox)
    assert outbox.mark_sent(row.id, NOW + MINUTE, "250 queued", attempt=row.attempt)
    sent = by_id(outbox, row.id)
    assert ("sent", NOW + MINUTE, None, None) == (sent.state, sent.sent_at, sent.error, sent.next_try)
    assert 0 == outbox.lapse_deliveries(NOW + DAY)
    assert row.id != claim(outbox, NOW + DAY, NOW + 2 * DAY).id


def test_a_failed_delivery_is_shown(outbox: Store) -> None:
    """For good: with its error, without a sending time, never claimed again."""
    row = claim(outbox)
    assert outbox.mark_failed(row.id, "550 no such user", NOW, attempt=row.attempt)
    failed = by_id(outbox, row.id)
    assert ("failed", None, "550 no such user") == (failed.state, failed.sent_at, failed.error)
    assert row.id != claim(outbox, NOW + DAY, NOW + 2 * DAY).id


def test_a_temporary_failure_waits(outbox: Store) -> None:
    """Back to `new` with its error; at its time the next attempt, and no repeat, for nothing went out."""
    row = claim(outbox)
    assert outbox.mark_retry(row.id, "451", NOW + HOUR, uncertain=False, attempt=row.attempt)
    waiting = by_id(outbox, row.id)
    assert ("new", "451", NOW + HOUR) == (waiting.state, waiting.error, waiting.next_try)
    claim(outbox)
    assert outbox.claim_delivery(NOW + HOUR - MINUTE, NOW + DAY) is None
    again = claim(outbox, NOW + HOUR, NOW + DAY)
    assert (row.id, 2, False, row.message_id) == (again.id, again.attempt, again.repeat, again.message_id)


def test_an_uncertain_failure_is_unknown_and_repeats(outbox: Store) -> None:
    """The other side may have it: `unknown`, and the next attempt knows that it is a repeat, for ever."""
    row = claim(outbox)
    outbox.mark_retry(row.id, "dropped after DATA", NOW + HOUR, uncertain=True, attempt=1)
    assert "unknown" == by_id(outbox, row.id).state
    claim(outbox)
    again = claim(outbox, NOW + HOUR, NOW + DAY)
    assert (2, True, row.message_id) == (again.attempt, again.repeat, again.message_id)
    outbox.mark_retry(row.id, "451", NOW + HOUR, uncertain=False, attempt=2)
    assert claim(outbox, NOW + HOUR, NOW + DAY).repeat


def test_a_dead_senders_delivery_is_unknown(outbox: Store) -> None:
    """Not before its lease is over; then due at once, as a repeat."""
    row = claim(outbox)
    assert 0 == outbox.lapse_deliveries(LEASE - MINUTE)
    assert 1 == outbox.lapse_deliveries(LEASE)
    assert 0 == outbox.lapse_deliveries(LEASE)
    lapsed = by_id(outbox, row.id)
    assert ("unknown", LEASE) == (lapsed.state, lapsed.next_try)
    outbox.mark_sent(claim(outbox, LEASE, LEASE + HOUR).id, LEASE, attempt=1)
    again = claim(outbox, LEASE, LEASE + HOUR)
    assert (row.id, 2, True) == (again.id, again.attempt, again.repeat)


def test_a_slow_sender_cannot_mark_anothers_attempt(outbox: Store) -> None:
    """The attempt is a fencing token: none of the first sender's marks counts once the second has the row."""
    slow = claim(outbox)
    outbox.mark_sent(claim(outbox).id, NOW, attempt=1)
    outbox.lapse_deliveries(LEASE)
    fast = claim(outbox, LEASE, LEASE + HOUR)
    assert slow.id == fast.id
    assert not outbox.mark_sent(slow.id, LEASE, attempt=slow.attempt)
    assert not outbox.mark_failed(slow.id, "550", LEASE, attempt=slow.attempt)
    assert not outbox.mark_retry(slow.id, "451", LEASE, uncertain=False, attempt=slow.attempt)
    assert fast == by_id(outbox, slow.id)


def test_a_slow_senders_word_counts_until_another_has_the_row(outbox: Store) -> None:
    """Its lease lapsed, but nobody took over: it knows that the message went, so it is not sent again."""
    slow = claim(outbox)
    outbox.lapse_deliveries(LEASE)
    assert outbox.mark_sent(slow.id, LEASE, attempt=slow.attempt)
    assert "sent" == by_id(outbox, slow.id).state


def test_an_ended_delivery_stays_as_it_is(outbox: Store) -> None:
    """No mark after the end counts, nor one before any attempt."""
    row = claim(outbox)
    outbox.mark_sent(row.id, NOW, attempt=1)
    assert not outbox.mark_failed(row.id, "550", NOW, attempt=1)
    (unsent,) = (each for each in outbox.deliveries() if each.state == "new")
    assert not outbox.mark_sent(unsent.id, NOW, attempt=unsent.attempt)
    assert ["sent", "new"] == [each.state for each in outbox.deliveries()]


def test_the_longest_due_comes_first(outbox: Store) -> None:
    """By the time at which they became due, not by age of the digest."""
    first = claim(outbox)
    outbox.mark_retry(first.id, "451", NOW + HOUR, uncertain=False, attempt=1)
    outbox.save_digest(digest("editors"), {}, [MAIL], NOW + MINUTE)
    order = [claim(outbox, NOW + HOUR, NOW + DAY) for _ in range(4)]
    assert ["analysts", "editors", "editors", "analysts"] == [
        row.digest_id.partition("-")[0] for row in order
    ]


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
