"""Feeds and the queue of pages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rasid.errors import StorageError
from rasid.types import FeedDay, FeedState
from tests.storage.builders import DAY, HOUR, MINUTE, NOW, article, entry, feed, queued, stored

if TYPE_CHECKING:
    from datetime import datetime

    from storage import Store

LEASE = NOW + 10 * MINUTE


def keys(store: Store, now: datetime = NOW, limit: int = 100) -> list[str]:
    """What a worker gets to fetch now."""
    return [pending.entry.key for pending in store.claim_entries(now, now + HOUR, limit)]


# ── feeds ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_state_comes_back_as_it_was_saved(store: Store) -> None:
    """Every field of FeedState survives, times aware and to the microsecond."""
    store.sync_feeds([feed()], NOW)
    assert {"tech": FeedState("tech")} == store.feed_states()
    state = FeedState(
        feed_id="tech",
        status="failing",
        etag='"abc"',
        last_modified="Sun, 01 Mar 2026 08:00:00 GMT",
        failures=3,
        last_polled=NOW,
        last_success=NOW - DAY,
        last_new=NOW - 2 * DAY,
        next_poll=NOW + HOUR,
        error="لا يجيب",
    )
    store.save_poll(state, [], NOW)
    assert {"tech": state} == store.feed_states()


def test_a_feed_that_left_the_list_is_remembered(store: Store) -> None:
    """Its state is still there when it comes back, and syncing twice changes nothing."""
    store.sync_feeds([feed("a"), feed("b")], NOW)
    state = FeedState("a", status="ok", etag="x", next_poll=NOW + HOUR)
    store.save_poll(state, [], NOW)
    store.sync_feeds([feed("b")], NOW)
    store.sync_feeds([feed("a"), feed("b")], NOW)
    store.sync_feeds([feed("a"), feed("b")], NOW)
    assert {"a": state, "b": FeedState("b")} == store.feed_states()


def test_a_feed_whose_address_was_edited_starts_afresh(store: Store) -> None:
    """The old address's ETag and 'gone' are forgotten; its entries are not fetched again."""
    queued(store, entry())
    store.save_poll(FeedState("tech", status="gone", etag="x", failures=9, error="410"), [], NOW)
    store.sync_feeds([feed(url="https://tech.example/feed.xml")], NOW)
    assert FeedState("tech") == store.feed_states()["tech"]
    assert 0 == store.save_poll(FeedState("tech"), [entry()], NOW)


@pytest.mark.parametrize(
    ("next_poll", "force", "expected"),
    [
        (None, False, ["tech"]),
        (NOW - MINUTE, False, ["tech"]),
        (NOW, False, ["tech"]),
        (NOW + MINUTE, False, []),
        (NOW + MINUTE, True, ["tech"]),
    ],
)
def test_due_feeds_are_claimed(
    store: Store, next_poll: datetime | None, force: bool, expected: list[str]
) -> None:
    """Due is: never polled, or its time has come, or forced."""
    store.sync_feeds([feed()], NOW)
    store.save_poll(FeedState("tech", next_poll=next_poll), [], NOW)
    claimed = store.claim_due_feeds(["tech"], NOW, LEASE, force=force)
    assert expected == [state.feed_id for state in claimed]


def test_a_lease_keeps_others_out_until_it_lapses(store: Store) -> None:
    """Not even force breaks a lease; at its end the feed is free again."""
    store.sync_feeds([feed()], NOW)
    assert 1 == len(store.claim_due_feeds(["tech"], NOW, LEASE))
    assert [] == store.claim_due_feeds(["tech"], NOW, LEASE)
    assert [] == store.claim_due_feeds(["tech"], LEASE - MINUTE, LEASE + HOUR, force=True)
    assert 1 == len(store.claim_due_feeds(["tech"], LEASE, LEASE + HOUR))


def test_only_the_named_feeds_are_claimed(store: Store) -> None:
    """Unknown ids are ignored; never polled feeds come first, then those due for longest."""
    store.sync_feeds([feed("a"), feed("b"), feed("c"), feed("d")], NOW)
    store.save_poll(FeedState("a", next_poll=NOW - MINUTE), [], NOW)
    store.save_poll(FeedState("b", next_poll=NOW - HOUR), [], NOW)
    claimed = store.claim_due_feeds(["a", "b", "c", "unknown"], NOW, LEASE)
    assert ["c", "b", "a"] == [state.feed_id for state in claimed]


def test_a_poll_gives_the_lease_back(store: Store) -> None:
    """After save_poll only next_poll decides."""
    store.sync_feeds([feed()], NOW)
    (state,) = store.claim_due_feeds(["tech"], NOW, LEASE)
    store.save_poll(replace(state, next_poll=NOW + MINUTE), [], NOW)
    assert 1 == len(store.claim_due_feeds(["tech"], NOW + MINUTE, LEASE))


def test_a_poll_of_an_unknown_feed_is_refused(store: Store) -> None:
    """Nothing is written for a feed that was never synced."""
    with pytest.raises(StorageError, match="nowhere"):
        store.save_poll(FeedState("nowhere"), [entry()], NOW)
    assert 0 == store.pending_entries()


def test_polls_without_entries_are_saved_together(store: Store) -> None:
    """Each state comes back whole, each lease is given back, each is one poll of the day, a failed one as such."""
    store.sync_feeds([feed("a"), feed("b"), feed("c")], NOW)
    store.claim_due_feeds(["a", "b", "c"], NOW, LEASE)
    unchanged = FeedState("b", status="ok", etag='"2"', last_polled=NOW, next_poll=NOW + MINUTE)
    failed = FeedState("a", status="failing", failures=2, error="لا يجيب", next_poll=NOW + MINUTE)
    store.save_polls([unchanged, failed], NOW)
    assert {"a": failed, "b": unchanged, "c": FeedState("c")} == store.feed_states()
    assert {
        "a": [FeedDay("a", NOW.date(), polls=1, failures=1)],
        "b": [FeedDay("b", NOW.date(), polls=1)],
    } == store.feed_days(NOW.date())
    claimed = store.claim_due_feeds(["a", "b", "c"], NOW + MINUTE, LEASE)
    assert ["a", "b"] == [state.feed_id for state in claimed]


def test_polls_of_an_unknown_feed_are_refused_together(store: Store) -> None:
    """It is named, and nothing of the others is stored; no polls at all are no error."""
    store.sync_feeds([feed("a")], NOW)
    store.save_polls([], NOW)
    with pytest.raises(StorageError, match="the feed nowhere;"):
        store.save_polls([FeedState("a", etag="x"), FeedState("nowhere")], NOW)
    assert {"a": FeedState("a")} == store.feed_states()
    assert {} == store.feed_days(NOW.date())


def test_saving_the_same_polls_in_opposite_orders_ends(store: Store) -> None:
    """Two that save the same feeds at once wait for each other, and never for ever; each poll counts."""
    polled = [FeedState(f"feed-{number}", status="ok") for number in range(50)]
    store.sync_feeds([feed(state.feed_id) for state in polled], NOW)
    with ThreadPoolExecutor() as pool:
        list(pool.map(store.save_polls, (polled, polled[::-1]) * 10, [NOW] * 20))
    assert {20} == {day.polls for (day,) in store.feed_days(NOW.date()).values()}


# ── what is new ───────────────────────────────────────────────────────────────────────────────────


def test_an_entry_is_queued_once(store: Store) -> None:
    """The same poll again queues nothing; an entry twice in one feed counts once."""
    assert 2 == queued(store, entry("a"), entry("b"), entry("a"))
    assert 0 == queued(store, entry("a"), entry("b"))
    assert 2 == store.pending_entries()


def test_an_edited_entry_is_not_news(store: Store) -> None:
    """The key decides: another title or address under the same key is not fetched again."""
    queued(store, entry("a"))
    assert 0 == queued(store, entry("a", url="https://tech.example/renamed"))


def test_a_rotated_key_is_not_news(store: Store) -> None:
    """The address decides too: the same page under a new GUID is recorded, not fetched."""
    page = "https://tech.example/page"
    queued(store, entry("a", url=page))
    assert 0 == queued(store, entry("b", url=page))
    assert ["a"] == keys(store)


def test_two_keys_of_one_page_in_one_poll_are_one(store: Store) -> None:
    """The first of them is fetched."""
    page = "https://tech.example/page"
    assert 1 == queued(store, entry("a", url=page), entry("b", url=page))
    assert ["a"] == keys(store)


def test_another_feeds_page_is_not_fetched_twice(store: Store) -> None:
    """Two feeds of one outlet lead to one page; the same key in two feeds is no clash."""
    queued(store, entry("a", url="https://tech.example/page"), feed_id="one")
    found = [entry("a", url="https://tech.example/page"), entry("c", url="https://tech.example/other")]
    assert 1 == queued(store, *found, feed_id="two")
    assert ["a", "c"] == keys(store)


def test_a_page_of_the_corpus_is_not_fetched(store: Store) -> None:
    """Also where it got there by another address, after a redirect."""
    stored(store, article("https://tech.example/final"))
    assert 0 == queued(store, entry("a", url="https://tech.example/final"))
    assert 0 == store.pending_entries()


def test_very_long_keys_and_addresses_are_stored(store: Store) -> None:
    """Longer than an index takes on PostgreSQL; equal only if equal to the end."""
    long = "".join(chr(0x621 + (i * 7919) % 36) for i in range(20_000))
    assert 2 == queued(store, entry(long + "a"), entry(long + "b"))
    assert 0 == queued(store, entry(long + "a"), entry(long + "b"))


def test_many_entries_at_once(store: Store) -> None:
    """More than one statement may carry."""
    many = [entry(str(number)) for number in range(12_000)]
    assert 12_000 == queued(store, *many)
    assert 0 == queued(store, *many)


# ── claiming ──────────────────────────────────────────────────────────────────────────────────────


def test_a_claimed_entry_is_whole(store: Store) -> None:
    """What the feed said comes back as it was."""
    found = entry("a", published=NOW - DAY)
    queued(store, found)
    (pending,) = store.claim_entries(NOW, LEASE, 10)
    assert ("tech", found, 0, NOW) == (
        pending.feed_id,
        pending.entry,
        pending.attempts,
        pending.first_seen,
    )


def test_the_oldest_comes_first(store: Store) -> None:
    """By publication, else by first sight; a date in the future counts as now."""
    queued(
        store,
        entry("undated"),
        entry("future", published=NOW + DAY),
        entry("new", published=NOW - HOUR),
        entry("old", published=NOW - DAY),
    )
    assert ["old", "new", "undated", "future"] == keys(store)


def test_claims_are_disjoint_until_the_lease_lapses(store: Store) -> None:
    """Limit by limit every entry is given out once."""
    queued(store, *(entry(key) for key in "abc"))
    first = store.claim_entries(NOW, LEASE, 2)
    second = store.claim_entries(NOW, LEASE, 2)
    assert ["a", "b", "c"] == [pending.entry.key for pending in first + second]
    assert [] == keys(store, LEASE - MINUTE)
    assert ["a", "b", "c"] == keys(store, LEASE)


def test_a_retry_waits_and_counts(store: Store) -> None:
    """The entry comes back at its time, with one more attempt."""
    queued(store, entry())
    (pending,) = store.claim_entries(NOW, LEASE, 1)
    store.retry_entry(pending.id, "503", NOW + HOUR)
    assert [] == store.claim_entries(NOW + HOUR - MINUTE, NOW + DAY, 1)
    (again,) = store.claim_entries(NOW + HOUR, NOW + DAY, 1)
    assert (pending.id, 1) == (again.id, again.attempts)


def test_released_entries_are_free_at_once(store: Store) -> None:
    """No attempt is counted."""
    queued(store, entry("a"), entry("b"))
    store.release_entries([pending.id for pending in store.claim_entries(NOW, LEASE, 2)])
    store.release_entries([])
    assert [0, 0] == [pending.attempts for pending in store.claim_entries(NOW, LEASE, 2)]


def test_a_failed_entry_stays_with_its_reason(store: Store) -> None:
    """It is out of the queue, listed since its time, and never queued again."""
    queued(store, entry())
    (pending,) = store.claim_entries(NOW, LEASE, 1)
    store.fail_entry(pending.id, "404", NOW)
    assert [("tech", "https://tech.example/one", "404")] == store.failed_entries(NOW)
    assert [] == store.failed_entries(NOW + MINUTE)
    assert 0 == store.pending_entries()
    assert 0 == queued(store, entry())
    assert [] == keys(store, NOW + DAY)


def test_a_finished_entry_is_not_revived(store: Store) -> None:
    """A slow worker's retry or failure comes too late and changes nothing."""
    queued(store, entry())
    (pending,) = store.claim_entries(NOW, LEASE, 1)
    stored(store, entry_id=pending.id)
    store.retry_entry(pending.id, "timeout", NOW)
    store.fail_entry(pending.id, "timeout", NOW)
    assert 0 == store.pending_entries()
    assert [] == store.failed_entries(NOW - DAY)


def test_what_is_unseen_is_counted_without_storing(store: Store) -> None:
    """A poll learns how many of its entries are new before it saves them; asking changes nothing."""
    queued(store, entry("one"))
    asked = [entry("one"), entry("two"), entry("two"), entry("three")]
    assert 2 == store.unseen("tech", asked)
    assert 2 == store.unseen("tech", asked)
    assert 0 == store.unseen("tech", [])
    assert 1 == store.pending_entries()


def test_a_collect_is_under_way_while_a_lease_holds(store: Store) -> None:
    """A held feed or a held page tells so, until the lease lapses or is given back."""
    queued(store, entry())
    assert not store.collecting(NOW)
    store.claim_due_feeds(["tech"], NOW, NOW + MINUTE)
    assert store.collecting(NOW)
    assert not store.collecting(NOW + MINUTE)
    store.save_poll(FeedState("tech"), [], NOW)
    assert not store.collecting(NOW)
    (claimed,) = store.claim_entries(NOW, NOW + MINUTE, 5)
    assert store.collecting(NOW)
    store.release_entries([claimed.id])
    assert not store.collecting(NOW)
