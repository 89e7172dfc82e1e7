"""Times and texts as both databases keep them; and the record of runs, which is nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import StatementError

from storage import RunRow
from storage.columns import clean
from tests.storage.builders import DAY, HOUR, NOW, article, entry, feed, mention, queued, stored

if TYPE_CHECKING:
    from storage import Store

UNSTORABLE = {
    "NUL": ("a\x00b", "a\ufffdb"),
    "high surrogate": ("a\ud83db", "a\ufffdb"),
    "low surrogate": ("a\udc00b", "a\ufffdb"),
    "nothing to clean": ("رقائق 😀 \x0b", "رقائق 😀 \x0b"),
}


@pytest.mark.parametrize(("text", "expected"), UNSTORABLE.values(), ids=UNSTORABLE)
def test_unstorable_text_is_cleaned_one_for_one(text: str, expected: str) -> None:
    """Offsets of mentions stay true."""
    assert expected == clean(text)
    assert len(text) == len(clean(text))


def test_hostile_text_is_stored_everywhere(store: Store) -> None:
    """Feed, entry, article, mention: cleaned, not refused, and the same entry is not news again."""
    hostile = "نص\x00\ud800"
    assert 1 == queued(store, replace(entry(hostile), title=hostile, summary=hostile, author=hostile))
    assert 0 == queued(store, replace(entry(hostile), title=hostile))
    (pending,) = store.claim_entries(NOW, NOW + HOUR, 1)
    assert "نص\ufffd\ufffd" == pending.entry.title
    store.retry_entry(pending.id, hostile, NOW)
    made = stored(
        store, article(title=hostile, text=hostile), replace(mention(), text=hostile), entry_id=pending.id
    )
    found = store.article(made.id)
    assert found is not None
    assert "نص\ufffd\ufffd" == found.text
    assert "نص\ufffd\ufffd" == store.unreported("analysts", ["nvidia"], NOW)[0].mentions[0].text


def test_a_hostile_feed_id_stays_listed(store: Store) -> None:
    """What is stored cleaned is compared cleaned."""
    for _ in range(2):
        store.sync_feeds([feed("a\x00")], NOW)
    assert ["a\ufffd"] == list(store.feed_states())


def test_times_come_back_in_utc(store: Store) -> None:
    """Whatever zone they came in; to the microsecond, and aware."""
    riyadh = timezone(timedelta(hours=3))
    store.record_run("collect", NOW.astimezone(riyadh), NOW + HOUR, {})
    run = store.last_run("collect")
    assert run is not None
    assert (NOW, UTC) == (run.started, run.started.tzinfo)


def test_a_naive_time_is_a_bug(store: Store) -> None:
    """It is refused loudly, not guessed, and not dressed up as the database's fault."""
    with pytest.raises(StatementError, match="naive"):
        store.record_run("collect", datetime(2026, 3, 1), NOW, {})
    assert store.last_run("collect") is None


def test_the_last_run_of_a_kind(store: Store) -> None:
    """The one that started last, with its summary; another kind's is not it."""
    store.record_run("collect", NOW, NOW + HOUR, {"stored": 3, "failed": ["أ"]})
    store.record_run("collect", NOW - DAY, NOW, {})
    store.record_run("digest", NOW + DAY, NOW + DAY, {})
    expected = RunRow("collect", NOW, NOW + HOUR, {"stored": 3, "failed": ["أ"]})
    assert expected == store.last_run("collect")
    assert store.last_run("maintain") is None


def test_old_runs_are_pruned(store: Store) -> None:
    """Those that ended before; the others stay."""
    store.record_run("collect", NOW - DAY, NOW - HOUR, {})
    store.record_run("collect", NOW - HOUR, NOW, {})
    assert 1 == store.prune(NOW)
    assert 0 == store.prune(NOW)
    run = store.last_run("collect")
    assert run is not None
    assert NOW == run.ended
