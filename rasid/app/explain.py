"""A text to explain: from a page on the net, a page or text on disk, or an article of the archive."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rasid.app.context import http_options, open_archive, patterns
from rasid.cleaning import clean_text, clean_title
from rasid.errors import RasidError

if TYPE_CHECKING:
    from pathlib import Path

    from rasid.app.context import Clock
    from rasid.config import Config
    from rasid.types import Extracted, Response


@dataclass(frozen=True, slots=True)
class Source:
    """What is explained."""

    name: str  # the file, URL or article, for a person
    title: str
    text: str


def from_url(config: Config, url: str, clock: Clock) -> Source:
    """Fetch a page and read its article, as a collect would.

    Raises:
        FetchError, ExtractError: The page could not be had, or holds no article.
    """
    extracted = asyncio.run(_fetched(config, url, clock))
    return _cleaned(config, url, extracted)


async def _fetched(config: Config, url: str, clock: Clock) -> Extracted:
    from sources.http import Fetcher
    from sources.workers import Workers

    with Workers(processes=1) as workers:
        async with Fetcher(http_options(config.settings), clock=clock) as fetcher:
            response: Response = await fetcher.get(url)
        return await workers.extract(response.body, response.final_url, response.headers.get("content-type"))


def from_page(config: Config, name: str, page: bytes) -> Source:
    """Read the article of an HTML page.

    Raises:
        ExtractError: It holds no article.
    """
    from sources.pages import extract

    return _cleaned(config, name, extract(page, ""))


def _cleaned(config: Config, name: str, extracted: Extracted) -> Source:
    title = clean_title(extracted.title, extracted.outlet)
    return Source(name, title, clean_text(extracted.text, title, patterns(config.settings)))


def from_archive(config: Config, folder: Path, article_id: int) -> Source:
    """An article as it is stored.

    Raises:
        RasidError: There is no such article.
    """
    with open_archive(config, folder) as store:
        found = store.archived([article_id]) if store else []
    if not found:
        raise RasidError(f"the archive has no article {article_id}; `rasid backtest LIST` shows the numbers")
    return Source(found[0].url, found[0].title, found[0].text)
