"""What each day of a feed brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rasid.types import FeedDay, FeedState
from tests.storage.builders import DAY, NOW, article, entry, fingerprint, queued, stored

if TYPE_CHECKING:
    from storage import Store

TODAY = NOW.date()


def test_polls_and_articles_are_counted_by_day(store: Store) -> None:
    """Polls, failures, entries, pages, the feed's own texts, words, and entries given up: each on its day."""
    queued(store, entry("1"), entry("2"), entry("3"))
    store.save_poll(FeedState("tech", status="failing"), (), NOW)
    store.save_poll(FeedState("tech", status="silent"), (), NOW + DAY)
    first, second, third = store.claim_entries(NOW, NOW + DAY, 3)
    stored(store, article(first.entry.url), entry_id=first.id, fp=fingerprint(1))
    from_feed = article(second.entry.url)
    object.__setattr__(from_feed, "source", "feed")
    stored(store, from_feed, entry_id=second.id, fp=fingerprint(2))
    store.fail_entry(third.id, "404", NOW)
    assert {
        "tech": [
            FeedDay("tech", TODAY, polls=2, failures=1, entries=3, pages=1, fallbacks=1, lost=1, words=240),
            FeedDay("tech", TODAY + DAY, polls=1),
        ]
    } == store.feed_days(TODAY)


def test_only_the_days_asked_for_are_given(store: Store) -> None:
    """Since then; a feed that brought nothing is not there."""
    queued(store, entry("1"))
    queued(store, entry("2"), now=NOW + DAY)
    assert [TODAY + DAY] == [day.day for day in store.feed_days(TODAY + DAY)["tech"]]
    assert {} == store.feed_days(TODAY + 2 * DAY)


def test_an_article_that_is_known_counts_no_second_time(store: Store) -> None:
    """The same page through another entry is no other article."""
    queued(store, entry("1"))
    (pending,) = store.claim_entries(NOW, NOW + DAY, 1)
    stored(store, article(pending.entry.url))
    stored(store, article(pending.entry.url), entry_id=pending.id)
    assert 1 == store.feed_days(TODAY)["tech"][0].pages


def test_old_days_are_pruned(store: Store) -> None:
    """What health looks at is kept by those who call."""
    queued(store, entry("1"))
    queued(store, entry("2"), now=NOW + DAY)
    store.prune_days(TODAY + DAY)
    assert [TODAY + DAY] == [day.day for day in store.feed_days(TODAY)["tech"]]
