"""Feeds looked at before they are listed, or tested afterwards: fetched and read as a collect would, nothing stored.

::

    address → a feed itself? → links of its page → news sitemaps → usual addresses → the page's own links
            → the entries of the one chosen → their pages → words, terms

Theory of operation. Each step is asked only where the one before gave no feed that is alive, so a site that names its
feed is asked twice, and none more than `_MOST_ASKED` times plus the usual addresses; every request goes through the
fetcher, with its delay, robots.txt and limits. What a link leads to is a feed when the parser of feeds reads entries
out of it, and not by its name. A section page is the last resort: its links are taken for entries.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from rasid.app.context import http_options, patterns
from rasid.app.reading import published_at
from rasid.app.stages import Progress, quiet
from rasid.cleaning import clean_text, clean_title
from rasid.errors import ExtractError, FeedParseError, FetchError, RasidError
from rasid.matching import Matcher
from rasid.types import Feed
from rasid.urls import canonical_url
from sources.discovery import common_paths, sitemaps, web_address
from sources.http import Fetcher
from sources.workers import Workers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from rasid.app.context import Clock
    from rasid.config import Config
    from rasid.types import Entry, Extracted, ParsedFeed, Response
    from sources.discovery import FeedLink

SHOWN = 5  # entries that are read to show how a feed does
FEWEST_LINKS = 5  # of a section page: with fewer it is an article with a box of others
_MOST_ASKED = (
    10  # links of one kind; a portal names sixty sections, and an operator who wants one gives its page
)
_ALIVE = timedelta(days=30)  # sites keep the link to a feed that died with an old system
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class EntryRead:
    """One entry as a collect would read it."""

    url: str
    title: str
    published: datetime | None
    words: int  # of its text; 0 where there is none
    error: str = ""  # why its page could not be read; the words are the feed's own then
    terms: tuple[str, ...] = ()  # ids; "?" behind those that are uncertain


@dataclass(frozen=True, slots=True)
class Trial:
    """One poll of a feed."""

    feed: Feed
    error: str = ""  # in words; empty where a feed was read
    status: int | None = None  # of HTTP
    moved_to: str | None = None  # where permanent redirects lead
    parsed: ParsedFeed | None = None
    shown: tuple[EntryRead, ...] = ()  # the newest entries, once they were read

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What was read, newest first, those without a date behind them in the feed's order."""
        read = self.parsed.entries if self.parsed else ()
        return tuple(sorted(read, key=lambda entry: entry.published or _LONG_AGO, reverse=True))

    @property
    def newest(self) -> datetime | None:
        """When the newest entry came out, as far as the feed says."""
        return max((entry.published for entry in self.entries if entry.published), default=None)

    @property
    def dated(self) -> int:
        """How many entries have a date."""
        return sum(entry.published is not None for entry in self.entries)

    @property
    def fault(self) -> str:
        """What keeps the feed from being of use, in words; empty where nothing does."""
        if self.error:
            return self.error
        if not self.entries:
            return "it was read, and has no entries"
        if self.shown and not any(one.words for one in self.shown):
            return f"none of its newest {len(self.shown)} entries could be read"
        return ""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What an address led to."""

    address: str  # canonical
    found: tuple[Trial, ...]  # feeds that were read, best first
    failed: tuple[tuple[str, str], ...]  # addresses that gave none, with the reason
    unasked: tuple[str, ...]  # addresses that the page names, too


def address_of(text: str) -> str:
    """The address that an operator typed, `https://` put before it where it is missing.

    Raises:
        RasidError: it is no web address.
    """
    typed = web_address(text)
    try:
        return canonical_url(typed if "://" in typed else f"https://{typed}")
    except ValueError as error:
        raise RasidError(f"{error}; write it as https://example.com") from None


@asynccontextmanager
async def scout(config: Config, clock: Clock, progress: Progress = quiet) -> AsyncIterator[Scout]:
    """The tools of a collect without a database, open for a while."""
    with Workers(processes=config.settings.collect.processes) as workers:
        async with Fetcher(http_options(config.settings), clock=clock) as fetcher:
            yield Scout(config, clock, fetcher, workers, progress)


class Scout:
    """Fetches and reads as a collect does, and stores nothing."""

    def __init__(
        self, config: Config, clock: Clock, fetcher: Fetcher, workers: Workers, progress: Progress
    ) -> None:
        self._clock, self._fetcher, self._workers, self._progress = clock, fetcher, workers, progress
        self._matcher = Matcher(list(config.terms.values()))
        self._settings = config.settings
        self._asked = 0

    # ── one feed ──────────────────────────────────────────────────────────────────────────────

    async def poll(self, feed: Feed) -> Trial:
        """Fetch and read a feed; whatever happens is told in the trial."""
        try:
            response = await self._get(feed.url)
        except FetchError as error:
            return Trial(feed, error.reason, error.status)
        return await self._parsed(feed, response)

    async def _get(self, url: str) -> Response:
        try:
            return await self._fetcher.get(url)
        finally:
            self._asked += 1
            self._progress("asked", self._asked, 0)

    async def _parsed(self, feed: Feed, response: Response) -> Trial:
        trial = Trial(feed, "", response.status, response.permanent_url)
        content_type = response.headers.get("content-type")
        try:
            parsed = await self._workers.parse_feed(response.body, content_type, response.final_url, feed)
        except FeedParseError as error:
            return replace(trial, error=error.reason)
        return replace(trial, parsed=parsed)

    # ── its entries ───────────────────────────────────────────────────────────────────────────

    async def read(self, trial: Trial) -> Trial:
        """Read the newest entries of a feed from their pages."""
        entries = trial.entries[:SHOWN]
        shown = await asyncio.gather(*(self._read(trial.feed, entry) for entry in entries))
        return replace(trial, shown=tuple(shown))

    async def _read(self, feed: Feed, entry: Entry) -> EntryRead:
        error = ""
        extracted: Extracted | None
        try:
            response = await self._get(entry.url)
            content_type = response.headers.get("content-type")
            extracted = await self._workers.extract(
                response.body, response.final_url, content_type, feed.rules
            )
        except (FetchError, ExtractError) as failure:
            error, extracted = failure.reason, await self._feed_text(entry)
        title = clean_title(entry.title or (extracted.title if extracted else ""), feed.name)
        boilerplate = patterns(self._settings, feed.rules)
        text = clean_text(extracted.text, title, boilerplate) if extracted else ""
        stamp = extracted.published if extracted else None
        published = published_at(stamp, entry.published, self._clock()) if stamp or entry.published else None
        return EntryRead(entry.url, title, published, len(text.split()), error, self._terms(text, title))

    async def _feed_text(self, entry: Entry) -> Extracted | None:
        try:
            return await self._workers.extract_feed_text(entry.summary, entry.url, entry.title)
        except ExtractError:
            return None

    def _terms(self, text: str, title: str) -> tuple[str, ...]:
        found = self._matcher.find(text, title)
        matched = dict.fromkeys(one.term for one in found if one.status == "matched")
        unsure = dict.fromkeys(one.term for one in found if one.term not in matched)
        return (*matched, *(f"{term}?" for term in unsure))

    # ── the feeds of a site ───────────────────────────────────────────────────────────────────

    async def discover(self, address: str) -> Discovery:
        """The feeds of an address, which may be one itself; `address` as `address_of` gives it.

        Raises:
            FetchError: the address itself cannot be had.
        """
        response = await self._get(address)
        given = await self._parsed(Feed("", "", address), response)
        if given.parsed:
            return Discovery(address, (_settled(given),), (), ())
        failed = [(address, given.error)]
        named = await self._named(response)
        found: list[Trial] = []
        unasked: list[str] = []
        for kind in ("alternate", "anchor"):
            if not self._alive(found):
                some = [link for link in named if link.kind == kind]
                found += await self._ask(some[:_MOST_ASKED], failed)
                unasked += [link.url for link in some[_MOST_ASKED:]]
        if not self._alive(found):
            found += await self._ask(await self._sitemaps(response.final_url), failed)
        if not found:
            known = {url for url, _ in failed}
            guesses = [link for link in common_paths(response.final_url) if link.url not in known]
            found += await self._ask(guesses, failed, first=True)
        if not found:
            found += await self._section(address, response, failed)
        return Discovery(address, self._best(found), tuple(failed), tuple(unasked))

    async def _named(self, response: Response) -> tuple[FeedLink, ...]:
        content_type = response.headers.get("content-type")
        try:
            return await self._workers.find_feeds(response.body, content_type, response.final_url)
        except FeedParseError:
            return ()

    async def _sitemaps(self, url: str) -> tuple[FeedLink, ...]:
        """The news sitemaps that robots.txt names; the fetcher keeps its rules and nothing else."""
        try:
            response = await self._get(urljoin(url, "/robots.txt"))
        except FetchError:
            return ()
        return sitemaps(response.body.decode("utf-8", "replace"), url)

    async def _ask(
        self, links: Iterable[FeedLink], failed: list[tuple[str, str]], *, first: bool = False
    ) -> list[Trial]:
        """The feeds among some links; with `first`, one is enough."""
        found: list[Trial] = []
        queue, deeper = list(links), _MOST_ASKED
        while queue and not (first and found):
            link = queue.pop(0)
            try:
                response = await self._get(link.url)
            except FetchError as error:
                failed.append((link.url, error.reason))
                if error.deferred:  # the host has had enough of us
                    break
                continue
            trial = await self._parsed(Feed("", "", link.url), response)
            if trial.entries:
                found.append(_settled(trial))
                continue
            failed.append((link.url, trial.fault))
            if link.kind == "anchor":  # a page that lists the feeds is looked into, one level deep
                known = {url for url, _ in failed} | {one.url for one in queue}
                listed = [one for one in await self._named(response) if one.url not in known][:deeper]
                queue += [replace(one, kind="alternate") for one in listed]
                deeper -= len(listed)
        return found

    async def _section(self, address: str, response: Response, failed: list[tuple[str, str]]) -> list[Trial]:
        trial = await self._parsed(Feed("", "", address, kind="page"), response)
        if len(trial.entries) >= FEWEST_LINKS:
            return [_settled(trial)]
        reason = trial.error or f"{len(trial.entries)} links to articles; {FEWEST_LINKS} make a section page"
        failed.append((address, reason))
        return []

    def _alive(self, found: Sequence[Trial]) -> bool:
        return any(not self._is_stale(trial) for trial in found)

    def _is_stale(self, trial: Trial) -> bool:
        return trial.newest is not None and trial.newest < self._clock() - _ALIVE

    def _best(self, found: Iterable[Trial]) -> tuple[Trial, ...]:
        """Living feeds before dead ones, each set of entries once: many sites give RSS and Atom of the same."""
        once: dict[frozenset[str], Trial] = {}
        for trial in found:
            once.setdefault(frozenset(entry.url for entry in trial.entries), trial)
        return tuple(sorted(once.values(), key=self._is_stale))


def _settled(trial: Trial) -> Trial:
    """The feed at the address that its permanent redirects lead to: the one to be listed."""
    return replace(trial, feed=replace(trial.feed, url=trial.moved_to or trial.feed.url))
