"""Several processes on one database: nobody gets what another has, and nothing is written twice."""

from __future__ import annotations

import itertools
import os
import signal
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from threading import Barrier
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import select

from rasid.types import FeedState
from storage import Arrival, NewArticle, Store, open_store
from storage.schema import articles
from tests.storage.builders import (
    HOUR,
    MAIL,
    NOW,
    article,
    choice,
    digest,
    entry,
    feed,
    fingerprint,
    mention,
    queued,
    stored,
    verdict,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rasid.types import Candidate, StoryChoice, StoryMember, Verdict
    from storage import StoredArticle

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


TEXTS = 200
STEPS = (1, 3, 7, 9)  # of each collect; prime to 200: each goes through all texts in an order of its own


def first_or_copy(found: Sequence[Candidate], _members: Sequence[StoryMember]) -> tuple[Verdict, StoryChoice]:
    """Judge as collect does, of texts that are the same word for word."""
    if not found:
        return verdict(), choice()
    return verdict("exact", found[0].id), choice(found[0].story_id)


def test_one_text_from_several_collects_has_one_original(database_url: str) -> None:
    """Four outlets' copies of 200 texts, stored at once in four orders: one original of each, named by every copy."""
    numbers = itertools.count()

    def collect(store: Store) -> None:
        outlet = next(numbers)
        for turn in range(TEXTS):
            text = (turn * STEPS[outlet]) % TEXTS
            page = article(f"https://{outlet}.example/{text}")
            fp = fingerprint(3 * text, 3 * text + 1, 3 * text + 2, exact=f"text {text}")
            store.store_article(None, page, fp, first_or_copy, {}, (), {}, NOW)

    at_once(database_url, collect)
    with open_store(database_url) as store, store._engine.connect() as connection:
        rows = connection.execute(select(articles).order_by(articles.c.id)).all()
    families: dict[str, list[tuple[str, int | None]]] = defaultdict(list)
    originals: dict[str, int] = {}
    for row in rows:
        originals.setdefault(row.exact, row.id)
        families[row.exact].append((row.relation, row.original))
    copies = WORKERS - 1
    expected = {exact: [("new", None), *[("exact", first)] * copies] for exact, first in originals.items()}
    assert TEXTS == len(expected)
    assert expected == families
    assert TEXTS == len({row.story_id for row in rows})


def page(number: int, outlet: int = 0) -> Arrival:
    """An outlet's page with one of many texts."""
    fp = fingerprint(3 * number, 3 * number + 1, 3 * number + 2, exact=f"text {number}", lines=(number, -1))
    new = article(f"https://{outlet}.example/{number}", outlet=f"صحيفة {outlet}")
    return Arrival(None, NewArticle(new, fp, {"معالج": 3.0}, (mention(),), {}), first_or_copy)


def test_groups_from_several_collects_overlap(database_url: str) -> None:
    """The same pages in groups of eight, by half of the collects backwards: none waits for ever, each is there once."""
    numbers = itertools.count()

    def collect(store: Store) -> list[StoredArticle]:
        press = [page(number % 40, outlet=number // 40) for number in range(80)]
        if next(numbers) % 2:
            press.reverse()
        groups = (press[start : start + 8] for start in range(0, 80, 8))
        return [made for group in groups for made in store.store_articles(group, NOW)]

    made = list(itertools.chain.from_iterable(at_once(database_url, collect)))
    assert 80 == sum(one.created for one in made)
    assert 80 == len({one.id for one in made})
    relations = [(one.verdict.relation, one.verdict.original) for one in made if one.verdict]
    originals = {one.id for one in made if one.verdict and one.verdict.relation == "new"}
    assert 40 == len(originals)
    assert originals == {original for relation, original in relations if relation == "exact"}


def test_groups_are_stored_while_their_feeds_are_polled(database_url: str) -> None:
    """Both write the same entries and the same day's figures: neither waits for the other for ever."""
    found = [entry(f"{number}") for number in range(64)]
    with open_store(database_url) as store:
        queued(store, *found)
        ids = [one.id for one in store.claim_entries(NOW, NOW + HOUR, 64)]
    turns = itertools.count()

    def work(store: Store) -> None:
        turn = next(turns)
        if turn % 2:
            order = found if turn == 1 else found[::-1]
            for again in range(6):
                edited = [replace(one, title=f"عنوان آخر {again}{turn} {one.key}") for one in order]
                store.save_poll(FeedState("tech"), edited, NOW)
            return
        for start in range(0, 64, 8):
            arrivals = [replace(page(start + at, turn), entry_id=ids[start + at]) for at in range(8)]
            store.store_articles(arrivals if turn else arrivals[::-1], NOW)

    at_once(database_url, work)
    with open_store(database_url) as store:
        assert 2 * 64 == store.corpus_size()
        (day,) = store.feed_days(NOW.date())["tech"]
        assert (2 * 64, 13) == (day.pages, day.polls)


def killed(found: Sequence[Candidate], members: Sequence[StoryMember]) -> tuple[Verdict, StoryChoice]:
    """A judge under whom the machine takes the process away."""
    os.kill(os.getpid(), signal.SIGKILL)
    return first_or_copy(found, members)


def store_and_die(url: str, ids: list[int]) -> None:
    """A process that is killed over the third of four articles."""
    with open_store(url) as store:
        group = [replace(page(number), entry_id=entry_id) for number, entry_id in enumerate(ids)]
        group[2] = replace(group[2], judge=killed)
        store.store_articles(group, NOW)


def test_a_group_is_lost_whole_with_its_process_and_done_again(database_url: str) -> None:
    """SIGKILL in the middle: nothing of it is there, its entries still wait; the next process stores each once."""
    with open_store(database_url) as store:
        queued(store, *(entry(f"{number}") for number in range(4)))
        ids = [one.id for one in store.claim_entries(NOW, NOW + HOUR, 4)]
    process = get_context("spawn").Process(target=store_and_die, args=(database_url, ids))
    process.start()
    process.join(60)
    assert -signal.SIGKILL == process.exitcode
    with open_store(database_url) as store:
        assert (0, 4) == (store.corpus_size(), store.pending_entries())
        again = [one.id for one in store.claim_entries(NOW + HOUR, NOW + 2 * HOUR, 4)]
        assert ids == again
        group = [replace(page(number), entry_id=entry_id) for number, entry_id in enumerate(ids)]
        assert [True] * 4 == [one.created for one in store.store_articles(group, NOW)]
        assert (4, 0) == (store.corpus_size(), store.pending_entries())


def test_one_run_of_judging_anew(database_url: str) -> None:
    """Of several that start at once, one gets the lease."""
    states = at_once(database_url, lambda store: store.start_reindex("v2", NOW, NOW + HOUR))
    assert 1 == sum(state is not None for state in states)


def test_stories_are_merged_and_joined_at_once(database_url: str) -> None:
    """Whoever comes first: every article ends in the one story that is left, and nothing is lost."""
    with open_store(database_url) as store:
        one, two = stored(store), stored(store)
    turns = itertools.count()

    def work(store: Store) -> None:
        if next(turns) % 2:
            store.merge_stories(one.story_id, [two.story_id], "ليلى", NOW)
        for _ in range(20):
            stored(store, story_id=two.story_id)

    at_once(database_url, work)
    with open_store(database_url) as store:
        assert 2 + WORKERS * 20 == len(store.story_articles(two.story_id))
        assert [one.story_id] == [row.id for row in store.stories(since=NOW - HOUR, limit=9)]
        assert 1 == len(store.story_edits())


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
