"""Several processes on one database: nobody gets what another has, and nothing is written twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, TypeVar

from storage import Store, open_store
from tests.storage.builders import (
    HOUR,
    MAIL,
    NOW,
    article,
    digest,
    entry,
    feed,
    fingerprint,
    mention,
    queued,
    stored,
)

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
WORKERS = 4


def at_once(url: str, work: Callable[[Store], T]) -> list[T]:
    """Do the same work in several stores, each with connections of its own, from one starting signal."""
    start = Barrier(WORKERS)

    def one(_: int) -> T:
        with open_store(url) as store:
            start.wait(timeout=30)
            return work(store)

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(one, range(WORKERS)))


def each_once(parts: list[list[str]]) -> list[str]:
    """All items of all parts, sorted."""
    return sorted(item for part in parts for item in part)


def test_feeds_are_claimed_by_one(database_url: str) -> None:
    """Every due feed goes to exactly one of the claimers."""
    names = [f"feed-{number:02}" for number in range(20)]
    with open_store(database_url) as store:
        store.sync_feeds([feed(name) for name in names], NOW)
    claims = at_once(
        database_url,
        lambda store: [state.feed_id for state in store.claim_due_feeds(names, NOW, NOW + HOUR)],
    )
    assert names == each_once(claims)


def test_entries_are_claimed_by_one(database_url: str) -> None:
    """Every entry goes to exactly one of the claimers, who take a few at a time."""
    names = [f"{number:03}" for number in range(60)]
    with open_store(database_url) as store:
        queued(store, *(entry(name) for name in names))

    def take(store: Store) -> list[str]:
        taken: list[str] = []
        while some := store.claim_entries(NOW, NOW + HOUR, 4):
            taken.extend(pending.entry.key for pending in some)
        return taken

    # A claimer whose rows another one holds may end early; whoever holds them takes them.
    assert names == each_once(at_once(database_url, take))


def test_deliveries_are_claimed_by_one(database_url: str) -> None:
    """Every message goes to exactly one of the senders."""
    with open_store(database_url) as store:
        for number in range(10):
            store.save_digest(digest(f"s{number}"), {}, [MAIL], NOW)
        ids = sorted(row.message_id for row in store.deliveries())

    def take(store: Store) -> list[str]:
        taken: list[str] = []
        while delivery := store.claim_delivery(NOW, NOW + HOUR):
            taken.append(delivery.message_id)
        return taken

    assert ids == each_once(at_once(database_url, take))


def test_one_article_from_several_workers(database_url: str) -> None:
    """The same page stored at once: one article, one story, one of them created it."""
    results = at_once(
        database_url,
        lambda store: stored(
            store, article("https://tech.example/page"), mention(), fp=fingerprint(1, 2, exact="same")
        ),
    )
    assert 1 == len({result.id for result in results})
    assert 1 == sum(result.created for result in results)
    with open_store(database_url) as store:
        assert 1 == store.corpus_size()
        assert 1 == len(store.story_members(NOW))


def test_one_digest_from_several_composers(database_url: str) -> None:
    """The same window composed at once: one digest, one row a recipient, one of them saved it."""
    saved = at_once(database_url, lambda store: store.save_digest(digest(), {}, [MAIL], NOW))
    assert [False, False, False, True] == sorted(saved)
    with open_store(database_url) as store:
        assert 2 == len(store.deliveries())


def test_one_feed_polled_twice_at_once(database_url: str) -> None:
    """A lease lapsed in the middle of a poll, and two save the same entries: each entry is there once."""
    with open_store(database_url) as store:
        store.sync_feeds([feed()], NOW)
        state = store.feed_states()["tech"]
    found = [entry(str(number)) for number in range(50)]
    at_once(database_url, lambda store: store.save_poll(state, found, NOW))
    with open_store(database_url) as store:
        assert 50 == store.pending_entries()


def test_one_list_synced_by_all(database_url: str) -> None:
    """Workers that start together all bring the same list."""
    listed = [feed(f"feed-{number:02}") for number in range(20)]
    at_once(database_url, lambda store: store.sync_feeds(listed, NOW))
    with open_store(database_url) as store:
        assert 20 == len(store.feed_states())


def test_a_reader_does_not_wait_for_a_writer(database_url: str) -> None:
    """While a write transaction is open, what was committed before can be read."""
    from storage.engine import writing
    from storage.schema import runs

    with open_store(database_url) as store, open_store(database_url) as other:
        with writing(store._engine) as connection:
            connection.execute(runs.insert().values(kind="collect", started=NOW, ended=NOW, summary={}))
            assert other.last_run("collect") is None
        assert other.last_run("collect") is not None
