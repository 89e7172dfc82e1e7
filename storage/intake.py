"""The facade's part that is about what comes in: feeds, the queue of entries, hosts, pages kept."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from storage import days, edits, entries, feeds, hosts, pages
from storage.corpus import Corpus
from storage.engine import reading, writing
from storage.values import NewArticle

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection, Engine

    from rasid.types import (
        Article,
        Entry,
        Feed,
        FeedDay,
        FeedState,
        Fingerprint,
        HostState,
        Mention,
        PendingEntry,
    )
    from storage.values import KeptPage


class Intake(Corpus):
    """One method, one transaction; see storage.store.Store. What a loss of power takes is fetched again."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._holder = uuid.uuid4().hex  # this process among those that may hold hosts

    # ── feeds ─────────────────────────────────────────────────────────────────────────────────────

    def sync_feeds(self, feeds_listed: Sequence[Feed], now: datetime) -> None:
        """Take the operators' list over; feeds gone from it are kept, marked as not listed."""
        with writing(self._engine) as connection:
            feeds.sync(connection, feeds_listed, now)

    def feed_states(self) -> dict[str, FeedState]:
        """What is remembered, by feed id; of feeds no longer listed too."""
        with reading(self._engine) as connection:
            return feeds.states(connection)

    def claim_due_feeds(
        self, feed_ids: Sequence[str], now: datetime, lease_until: datetime, *, force: bool = False
    ) -> list[FeedState]:
        """Lease those of the feeds that are due, and their hosts; `force` ignores their times, not others' leases."""
        with writing(self._engine, repeatable=True) as connection:
            return feeds.claim_due(connection, self._holder, feed_ids, now, lease_until, force=force)

    def unseen(self, feed_id: str, found: Sequence[Entry]) -> int:
        """How many of a poll's entries the feed has not given before; stores nothing."""
        with reading(self._engine) as connection:
            return entries.unseen(connection, feed_id, found)

    def save_poll(self, state: FeedState, found: Sequence[Entry], now: datetime) -> int:
        """Store a poll's outcome and release the feed; how many new entries were queued for fetching.

        Entries that the feed gave before are left alone, unless their headline was edited; those whose URL is queued
        or in the corpus already are recorded as duplicates and not fetched.
        """
        with writing(self._engine, repeatable=True) as connection:
            return feeds.save_poll(connection, state, found, now)

    def save_polls(self, polled: Sequence[FeedState], now: datetime) -> None:
        """Store the outcomes of polls that gave no entries, and release the feeds: all of them or none."""
        with writing(self._engine, repeatable=True) as connection:
            feeds.save_polls(connection, polled, now)

    def put_back(self, state: FeedState) -> None:
        """Release a feed that was not polled, its host's turn being later."""
        with writing(self._engine, repeatable=True) as connection:
            feeds.save(connection, [state])

    def feed_days(self, since: date) -> dict[str, list[FeedDay]]:
        """What the days since then brought, by feed id, oldest first; a day that brought nothing is not there."""
        with reading(self._engine) as connection:
            return days.listed(connection, since)

    def prune_days(self, before: date) -> None:
        """Forget the days of feeds before then."""
        with writing(self._engine) as connection:
            days.prune(connection, before)

    # ── hosts ─────────────────────────────────────────────────────────────────────────────────────

    def hosts(self) -> list[HostState]:
        """What is remembered of hosts."""
        with reading(self._engine) as connection:
            return hosts.states(connection)

    def save_hosts(self, changed: Iterable[HostState]) -> None:
        """Remember what was learned of hosts."""
        with writing(self._engine, repeatable=True) as connection:
            hosts.save(connection, changed)

    def release_hosts(self, left: Collection[str] | None = None) -> None:
        """Let other processes ask these hosts, or all that this one holds."""
        with writing(self._engine, repeatable=True) as connection:
            hosts.release(connection, self._holder, left)

    # ── entries: the queue of pages ───────────────────────────────────────────────────────────────

    def claim_entries(
        self, now: datetime, lease_until: datetime, limit: int, *, busy: Collection[str] = ()
    ) -> list[PendingEntry]:
        """Lease up to `limit` entries that are due, the oldest first, and their hosts; none of `busy` hosts."""
        with writing(self._engine, repeatable=True) as connection:
            return entries.claim(connection, self._holder, now, lease_until, limit, busy)

    def retry_entry(self, entry_id: int, error: str, next_try: datetime) -> None:
        """Count a failed attempt and try again then."""
        with writing(self._engine, repeatable=True) as connection:
            entries.retry(connection, entry_id, error, next_try)

    def defer_entries(self, ids: Sequence[int], error: str, next_try: datetime) -> None:
        """Put entries back whose host was not asked; no attempt is counted."""
        with writing(self._engine, repeatable=True) as connection:
            entries.defer(connection, ids, error, next_try)

    def ask_again(self, entry_id: int, next_try: datetime) -> None:
        """Ask for the page of a stored entry once more, then; for each entry that is done once."""
        with writing(self._engine, repeatable=True) as connection:
            entries.ask_again(connection, entry_id, next_try)

    def fail_entry(self, entry_id: int, error: str, now: datetime) -> None:
        """Give an entry up; it is kept with its reason."""
        with writing(self._engine, repeatable=True) as connection:
            entries.fail(connection, entry_id, error, now)

    def release_entries(self, ids: Sequence[int]) -> None:
        """Give leases back without counting an attempt."""
        with writing(self._engine, repeatable=True) as connection:
            entries.release(connection, ids)

    def pending_entries(self) -> int:
        """How many entries wait for their page."""
        with reading(self._engine) as connection:
            return entries.pending(connection)

    def collecting(self, now: datetime) -> bool:
        """Whether a run holds a feed or an entry at this moment, or died with it not long ago."""
        with reading(self._engine) as connection:
            return feeds.any_in_hand(connection, now) or entries.any_in_hand(connection, now)

    def failed_entries(self, since: datetime) -> list[tuple[str, str, str]]:
        """Feed id, URL and error of what was given up since then."""
        with reading(self._engine) as connection:
            return entries.failed(connection, since)

    # ── articles that changed, and their pages ────────────────────────────────────────────────────

    def edit_article(
        self,
        entry_id: int | None,
        article_id: int,
        article: Article,
        fp: Fingerprint,
        terms: Mapping[str, float],
        mentions: Sequence[Mention],
        list_versions: Mapping[str, str],
        now: datetime,
    ) -> bool:
        """Make a stored article what its page says now, and finish the entry; whether anything was different.

        It keeps its address, its time, its story and what it is a copy of. The arguments are those of `store_article`.
        """
        new = NewArticle(article, fp, terms, mentions, list_versions)
        with writing(self._engine, repeatable=True) as connection:
            return edits.edit(connection, entry_id, article_id, new, now)

    def keep_page(
        self, article_id: int, url: str, content_type: str | None, html: bytes, now: datetime
    ) -> None:
        """Keep the HTML that an article was read from."""
        with writing(self._engine, repeatable=True) as connection:
            pages.keep(connection, article_id, url, content_type, html, now)

    def kept_pages(self, after: int, limit: int) -> list[KeptPage]:
        """The next pages that are kept: of articles with ids after that one, ascending."""
        with reading(self._engine) as connection:
            return pages.kept(connection, after, limit)

    def count_pages(self) -> int:
        """How many pages are kept."""
        with reading(self._engine) as connection:
            return pages.size(connection)

    def prune_pages(self, before: datetime) -> int:
        """Drop pages fetched before then; how many."""
        with writing(self._engine, repeatable=True) as connection:
            return pages.prune(connection, before)

    def _release_intake(self, connection: Connection) -> None:
        """Give every lease back; for when no other process is there."""
        feeds.release_all(connection)
        entries.release_all(connection)
        hosts.release_all(connection)
