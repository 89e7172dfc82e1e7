"""The versions of watchlists: noted once each, and how far each was read over the archive."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from storage import WatchlistVersion, watchlists
from storage.engine import writing
from tests.storage.builders import DAY, HOUR, NOW

if TYPE_CHECKING:
    from storage import Store

FILE = "name: رقائق الذكاء الاصطناعي\nterms: []\n"


def test_a_version_is_noted_once_in_a_row(store: Store) -> None:
    """The same one again is nothing new; going back to an older one is."""
    assert store.save_watchlist_version("chips", "v1", FILE, "layla", NOW)
    assert not store.save_watchlist_version("chips", "v1", FILE, "omar", NOW + HOUR)
    assert store.save_watchlist_version("chips", "v2", FILE, "omar", NOW + HOUR)
    assert store.save_watchlist_version("chips", "v1", FILE, "layla", NOW + DAY)
    assert ["v1", "v2", "v1"] == [each.version for each in store.watchlist_versions("chips")]


def test_a_version_is_whole_and_its_list_is_its_own(store: Store) -> None:
    """Every field comes back; another list's version is no obstacle; a removed list has an empty text."""
    store.save_watchlist_version("chips", "v1", FILE, "layla", NOW)
    store.save_watchlist_version("phones", "v1", FILE, "omar", NOW)
    store.save_watchlist_version("chips", "", "", "layla", NOW + DAY)
    first = WatchlistVersion(1, "chips", "v1", FILE, "layla", NOW, reread_after=0, reread_done=None)
    removed = WatchlistVersion(3, "chips", "", "", "layla", NOW + DAY, reread_after=0, reread_done=None)
    assert [first, removed] == store.watchlist_versions("chips")
    assert [1, 2, 3] == [each.id for each in store.watchlist_versions()]
    assert [] == store.watchlist_versions("robots")


def test_reading_again_goes_on_where_it_was(store: Store) -> None:
    """Progress and end are those of one version, and outlive the process; ids have 64 bits."""
    store.save_watchlist_version("chips", "v1", FILE, "layla", NOW)
    store.save_watchlist_version("chips", "v2", FILE, "layla", NOW)
    store.reread_progress(2, 2**40)
    assert [(0, None), (2**40, None)] == [progress(each) for each in store.watchlist_versions()]
    store.reread_finished(2, NOW + HOUR)
    assert [(0, None), (2**40, NOW + HOUR)] == [progress(each) for each in store.watchlist_versions()]


def progress(version: WatchlistVersion) -> tuple[int, object]:
    """How far it was read."""
    return version.reread_after, version.reread_done


def test_of_collectors_that_see_a_change_one_notes_it(store: Store) -> None:
    """The second waits for the first to commit, and then finds the version noted."""
    with ThreadPoolExecutor(1) as pool:
        with writing(store._engine) as connection:
            assert watchlists.save(connection, "chips", "v1", FILE, "layla", NOW)
            second = pool.submit(store.save_watchlist_version, "chips", "v1", FILE, "omar", NOW)
            with pytest.raises(TimeoutError):
                second.result(timeout=0.5)
        assert not second.result(timeout=30)
    assert ["layla"] == [each.who for each in store.watchlist_versions()]
