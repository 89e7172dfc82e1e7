"""An entry becomes an article: from its page, else from the feed's own text, else, of a search, from its headline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rasid.cleaning import clean_text, clean_title
from rasid.errors import ExtractError, FetchError
from rasid.types import NO_RULES, Article, Extracted, PageFailure
from rasid.urls import authority, canonical_url, page_identity

if TYPE_CHECKING:
    from datetime import datetime

    from rasid.app.running import Run
    from rasid.types import ArticleSource, PendingEntry, Response
    from sources.http import Fetcher

EXTRACT = "extract"  # the stage that is most of a run's CPU: the table shows its share
THIN = 60  # words; of a shorter page more may be there an hour later, and the feed may hold more now


@dataclass(frozen=True, slots=True)
class Read:
    """An entry and the article that it led to."""

    pending: PendingEntry
    article: Article
    page: Response | None = None  # where it is to be kept
    thin: bool = False  # it is to be asked for once more


async def read(run: Run, fetcher: Fetcher, pending: PendingEntry) -> Read | PageFailure | None:
    """The article of an entry, or why there is none; None: the entry is back in the queue, its host was not asked."""
    feed = run.feeds.get(pending.feed_id)
    rules = feed.rules if feed else NO_RULES
    try:
        response = await fetcher.get(pending.entry.url)
        content_type = response.headers.get("content-type")
        extracted = await run.workers.extract(response.body, response.final_url, content_type, rules)
    except FetchError as error:
        if error.deferred:
            _put_back(run, pending, error)
            return None
        return await _without_page(run, pending, error)
    except ExtractError as error:
        return await _without_page(run, pending, error)
    run.stages.add(EXTRACT, items=1, cpu=extracted.cpu_seconds)
    with run.stages.span("clean"):
        article = _article(run, pending, extracted, "page", response.final_url)
    thin = len(article.text.split()) < THIN
    if thin and len(pending.entry.summary) > len(article.text):
        article = await _longer(run, pending, article)
    keep = response if run.rasid.config.settings.keep.html and article.source == "page" else None
    return Read(pending, article, page=keep, thin=thin)


def _put_back(run: Run, pending: PendingEntry, error: FetchError) -> None:
    settings = run.rasid.config.settings.collect
    wait = timedelta(seconds=max(error.retry_after or 0.0, settings.poll_min * 60))
    run.rasid.store.defer_entries([pending.id], error.reason, run.clock() + wait)


async def _longer(run: Run, pending: PendingEntry, article: Article) -> Article:
    """The feed's own text where it says twice as much as the page."""
    extracted = await _feed_text(run, pending)
    if extracted is None or len(extracted.text.split()) < 2 * len(article.text.split()):
        return article
    return replace(_article(run, pending, extracted, "feed"), published=article.published)


async def _feed_text(run: Run, pending: PendingEntry) -> Extracted | None:
    entry = pending.entry
    try:
        return await run.workers.extract_feed_text(entry.summary, entry.url, entry.title)
    except ExtractError:
        return None


async def _without_page(
    run: Run, pending: PendingEntry, error: FetchError | ExtractError
) -> Read | PageFailure:
    """A page that gave no article: replaced by the feed's own text, or tried again later, or given up."""
    store, settings, entry = run.rasid.store, run.rasid.config.settings.collect, pending.entry
    if pending.article_id is not None:  # what was read of it before stands
        store.fail_entry(pending.id, error.reason, run.clock())
        return PageFailure(pending.feed_id, entry.url, error.reason, final=True)
    thin = isinstance(error, ExtractError) and error.thin
    last = pending.attempts + 1 >= (2 if thin else settings.attempts)
    final = last or (error.permanent and not thin)
    if final or thin:
        article = await _instead(run, pending, final=final)
        if article is not None:
            return Read(pending, article, thin=thin)
    if final:
        store.fail_entry(pending.id, error.reason, run.clock())
    else:
        again = run.clock() + timedelta(minutes=settings.poll_min * 2**pending.attempts)
        store.retry_entry(pending.id, error.reason, again)
    return PageFailure(pending.feed_id, entry.url, error.reason, final=final)


async def _instead(run: Run, pending: PendingEntry, *, final: bool) -> Article | None:
    """What the feed gives of an article: its text; of a search, which gives no text, the headline."""
    extracted = await _feed_text(run, pending)
    if extracted is not None:
        return _article(run, pending, extracted, "feed")
    feed, entry = run.feeds.get(pending.feed_id), pending.entry
    if not final or feed is None or feed.kind != "search":
        return None
    bare = Extracted(entry.title, "", author=None, published=None, language="ar", outlet=None)
    return _article(run, pending, bare, "headline")


def _article(
    run: Run, pending: PendingEntry, extracted: Extracted, source: ArticleSource, final_url: str = ""
) -> Article:
    entry, feed = pending.entry, run.feeds.get(pending.feed_id)
    outlet = entry.outlet or (feed.name if feed else pending.feed_id)
    title = clean_title(entry.title or extracted.title, outlet)
    return Article(
        url=_address(entry.url, final_url),
        feed_id=pending.feed_id,
        outlet=outlet,
        title=title,
        text=clean_text(extracted.text, title, run.boilerplate(pending.feed_id)),
        author=extracted.author or entry.author,
        published=published_at(extracted.published, entry.published, pending.first_seen),
        first_seen=pending.first_seen,
        language=extracted.language,
        source=source,
    )


def _address(asked: str, final: str) -> str:
    """The page's own address: where another host took over from the one that was asked, as redirectors do."""
    try:
        final = canonical_url(final) if final else asked
    except ValueError:
        return asked
    return asked if _site(final) == _site(asked) else final


def _site(url: str) -> str:
    """The host as page identities have it, without its twins such as `m.`."""
    return page_identity(f"http://{authority(url)}/")


def published_at(page: datetime | None, feed: datetime | None, first_seen: datetime) -> datetime:
    """When an article came out: the page's time, else the feed's, never after it was first seen.

    A page that gives a date without a time (midnight) yields to a feed that gives a time within a day of it.
    """
    date_only = page is not None and (page.hour, page.minute, page.second) == (0, 0, 0)
    if page and feed and date_only and abs(page - feed) <= timedelta(days=1):
        page = feed
    return min(page or feed or first_seen, first_seen)
