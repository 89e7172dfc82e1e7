"""Kept pages read again, with the extractor and the rules of today.

What an article's page gives now takes the place of what was read of it: text, author, language, and what follows from
them. Its headline stays, which is the feed's as a rule; its time, story and relation stay too (`rasid corpus reindex`
judges those anew). An article is one transaction, and reading a page again gives the same again: a run may be killed
and begun anew.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rasid.app.context import patterns
from rasid.app.judging import ask
from rasid.app.stages import Progress, quiet
from rasid.cleaning import clean_text
from rasid.errors import ExtractError
from rasid.types import NO_RULES, Article, PageFailure
from sources.workers import Workers

if TYPE_CHECKING:
    from rasid.app.context import Clock, Rasid
    from rasid.types import Extracted, LearnedLines, OutletRules
    from storage import KeptPage

_BATCH = 32  # pages in memory


@dataclass(frozen=True, slots=True)
class ReextractReport:
    """What came of reading kept pages again."""

    pages: int = 0
    changed: int = 0  # articles
    failures: tuple[PageFailure, ...] = ()  # that stay as they are


def reextract(
    rasid: Rasid, *, clock: Clock, feed_id: str | None = None, progress: Progress = quiet
) -> ReextractReport:
    """Read every kept page again, or those of one feed, and store what is read differently."""
    with rasid.store.present(), Workers(processes=rasid.config.settings.collect.processes) as workers:
        return asyncio.run(_reextract(rasid, workers, clock, feed_id, progress))


async def _reextract(
    rasid: Rasid, workers: Workers, clock: Clock, feed_id: str | None, progress: Progress
) -> ReextractReport:
    report, after, seen, total = ReextractReport(), 0, 0, rasid.store.count_pages()
    learned = rasid.store.learned_lines()
    while batch := rasid.store.kept_pages(after, _BATCH):
        wanted = [page for page in batch if feed_id in (None, page.feed_id)]
        results = await asyncio.gather(*(_read(rasid, workers, page) for page in wanted))
        for page, result in zip(wanted, results, strict=True):
            if isinstance(result, ExtractError):
                failure = PageFailure(page.feed_id, page.url, result.reason, final=True)
                report = replace(report, failures=(*report.failures, failure))
            else:
                changed = _take_over(rasid, clock, learned, page, result)
                report = replace(report, changed=report.changed + changed)
        after, seen = batch[-1].article_id, seen + len(batch)
        report = replace(report, pages=report.pages + len(wanted))
        progress("pages", seen, total)
    return report


async def _read(rasid: Rasid, workers: Workers, page: KeptPage) -> Extracted | ExtractError:
    try:
        return await workers.extract(page.html, page.url, page.content_type, _rules(rasid, page))
    except ExtractError as error:
        return error


def _rules(rasid: Rasid, page: KeptPage) -> OutletRules:
    return next((feed.rules for feed in rasid.config.feeds if feed.id == page.feed_id), NO_RULES)


def _take_over(
    rasid: Rasid, clock: Clock, learned: LearnedLines, page: KeptPage, extracted: Extracted
) -> bool:
    """Store what the page gives now; whether it is different."""
    boilerplate = patterns(rasid.config.settings, _rules(rasid, page))
    article = Article(
        url=page.article_url,
        feed_id=page.feed_id,
        outlet=page.outlet,
        title=page.title,
        text=clean_text(extracted.text, page.title, boilerplate),
        author=extracted.author or page.author,
        published=page.published,
        first_seen=page.first_seen,
        language=extracted.language,
    )
    asked = ask(article.title, article.text, article.published, article.outlet, article.author, learned)
    return rasid.store.edit_article(
        None,
        page.article_id,
        replace(article, wire=asked.wire),
        asked.fingerprint,
        asked.terms,
        rasid.matcher.find(article.text, article.title),
        rasid.config.list_versions,
        clock(),
    )
