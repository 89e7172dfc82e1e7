"""Hosts: one process asks one at a time, and what they asked of us is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rasid.types import FeedState, HostState
from storage import open_store
from tests.storage.builders import DAY, HOUR, MINUTE, NOW, entry, feed, queued

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage import Store

LEASE = NOW + HOUR


@pytest.fixture
def other(store: Store) -> Iterator[Store]:
    """Another process on the same database."""
    with open_store(store._engine.url.render_as_string(hide_password=False)) as another:
        yield another


def urls(store: Store, **options: list[str]) -> list[str]:
    """What a process gets to fetch now."""
    return [pending.entry.url for pending in store.claim_entries(NOW, LEASE, 10, **options)]


def test_what_a_host_asked_is_remembered(store: Store) -> None:
    """Every field survives, and a later word replaces an earlier one."""
    state = HostState("a.example:8080", "User-agent: *\nDisallow: /x", NOW - DAY, NOW + MINUTE, NOW)
    store.save_hosts([HostState("a.example:8080"), HostState("b.example", "", NOW)])
    store.save_hosts([state])
    assert [state, HostState("b.example", "", NOW)] == sorted(store.hosts(), key=lambda one: one.host)


def test_pages_of_a_host_go_to_one_process(store: Store, other: Store) -> None:
    """While one process has pages of a host in hand, another gets those of other hosts alone."""
    queued(store, entry("1", "https://a.example/1"), entry("2", "https://a.example/2"))
    queued(store, entry("3", "https://b.example/3"))
    assert ["https://a.example/1"] == [p.entry.url for p in store.claim_entries(NOW, LEASE, 1)]
    assert ["https://b.example/3"] == urls(other)
    assert ["https://a.example/2"] == urls(store)


def test_a_feed_waits_while_another_process_asks_its_host(store: Store, other: Store) -> None:
    """Also by force; it is due as before when the host comes free."""
    queued(store, entry("1", "https://tech.example/1"))
    store.save_poll(FeedState("tech"), (), NOW)
    assert ["https://tech.example/1"] == urls(store)
    assert [] == other.claim_due_feeds(["tech"], NOW, LEASE, force=True)
    store.release_hosts(["tech.example"])
    assert 1 == len(other.claim_due_feeds(["tech"], NOW, LEASE))


@pytest.mark.parametrize("left", [None, ["b.example", "a.example"]])
def test_released_hosts_are_free(store: Store, other: Store, left: list[str] | None) -> None:
    """Some or all; another process's are untouched."""
    queued(store, entry("1", "https://a.example/1"), entry("2", "https://a.example/2"))
    queued(store, entry("3", "https://b.example/3"), entry("4", "https://b.example/4"))
    assert "https://a.example/1" in [p.entry.url for p in store.claim_entries(NOW, LEASE, 1)]
    other.release_hosts(["a.example"])
    assert ["https://b.example/3", "https://b.example/4"] == urls(other)
    store.release_hosts(left)
    assert ["https://a.example/2"] == urls(other)


def test_a_dead_process_holds_its_hosts_for_the_lease(store: Store, other: Store) -> None:
    """After it they are free, though nobody gave them back."""
    queued(store, entry("1", "https://a.example/1"), entry("2", "https://a.example/2"))
    store.claim_entries(NOW, LEASE, 1)
    assert [] == urls(other)
    assert ["https://a.example/1", "https://a.example/2"] == [
        pending.entry.url for pending in other.claim_entries(LEASE, LEASE + HOUR, 10)
    ]


def test_a_process_that_is_alone_frees_what_the_dead_held(store: Store, other: Store) -> None:
    """As with entries: where nobody else is at work, whatever is held was held by the dead."""
    queued(store, entry("1", "https://a.example/1"), entry("2", "https://a.example/2"))
    store.claim_entries(NOW, LEASE, 1)
    with other.present():
        assert 2 == len(urls(other))


def test_busy_and_resting_hosts_are_passed_over(store: Store) -> None:
    """Neither those that the caller names, nor those whose Retry-After has not passed."""
    queued(store, entry("1", "https://a.example/1"), entry("2", "https://b.example/2"))
    queued(store, entry("3", "https://c.example/3"))
    store.save_hosts([HostState("b.example", not_before=NOW + MINUTE)])
    assert ["https://c.example/3"] == urls(store, busy=["a.example"])
    assert ["https://b.example/2"] == [
        pending.entry.url for pending in store.claim_entries(NOW + MINUTE, LEASE, 10, busy=["a.example"])
    ]


def test_a_moved_feed_holds_the_host_that_it_moved_to(store: Store, other: Store) -> None:
    """It is asked for there."""
    store.sync_feeds([feed("old"), feed("new", "https://new.example/rss")], NOW)
    store.save_poll(FeedState("old", status="moved", moved_to="https://new.example/feed"), (), NOW)
    assert 1 == len(store.claim_due_feeds(["old"], NOW, LEASE))
    assert [] == other.claim_due_feeds(["new"], NOW, LEASE)
