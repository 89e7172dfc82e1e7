"""Figures for monitors, counted on either kind of database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rasid.types import Attempt
from storage.figures import Totals, Undelivered
from tests.storage.builders import DAY, HOUR, MAIL, MINUTE, NOW, digest, entry, mention, queued, stored

if TYPE_CHECKING:
    from storage import Store


def test_an_empty_database_counts_nothing(store: Store) -> None:
    """Every figure is there before the first run."""
    assert Totals(0, 0, 0, {}, {}, {}) == store.totals()
    assert Undelivered(0, None, 0) == store.undelivered(NOW - DAY, NOW)


def test_totals(store: Store) -> None:
    """Articles, mentions, entries by feed, messages by state, and the latest run of each kind."""
    assert 2 == queued(store, entry("one"), entry("two"))
    stored(store, None, mention(), mention(start=20))
    assert store.save_digest(digest(), {}, [MAIL], NOW)
    row = store.claim_delivery(NOW, NOW + MINUTE)
    assert row is not None
    store.settle(Attempt(row.id, row.attempt, "sent", None), NOW)
    for ended in (NOW, NOW - HOUR):
        store.record_run("collect", ended - MINUTE, ended, {})
    store.record_run("maintain", NOW - DAY, NOW - DAY, {})
    totals = store.totals()

    assert (1, 2, 2) == (totals.articles, totals.mentions, totals.pending)
    assert {"tech": 2} == totals.entries
    assert {"sent": 1, "new": 1} == totals.deliveries
    assert {"collect": NOW, "maintain": NOW - DAY} == totals.runs


def test_undelivered(store: Store) -> None:
    """A message given up counts for as long as asked; one that is due, or whose sender died, when it is late."""
    assert store.save_digest(digest(), {}, [MAIL], NOW)
    row = store.claim_delivery(NOW, NOW + MINUTE)
    assert row is not None
    assert Undelivered(0, None, 1) == store.undelivered(NOW - DAY, NOW)  # the other recipient's
    assert Undelivered(0, None, 2) == store.undelivered(NOW - DAY, NOW + HOUR)

    store.settle(Attempt(row.id, row.attempt, "failed", "550 no such user"), NOW)
    assert Undelivered(1, "550 no such user", 1) == store.undelivered(NOW - DAY, NOW + HOUR)
    assert Undelivered(0, None, 0) == store.undelivered(NOW + MINUTE, NOW - MINUTE)
