"""From the reading models to the frozen values that the core works with."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

from rasid.config.queries import to_query
from rasid.google_news import search_urls
from rasid.schedule import parse_quiet, parse_weekdays
from rasid.types import (
    Channel,
    Cue,
    Example,
    Feed,
    Form,
    OutletRules,
    Subscription,
    Term,
    Watchlist,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rasid.config.document import Document, Path
    from rasid.config.models import (
        ChannelModel,
        FeedModel,
        FormModel,
        SubscriptionModel,
        TermModel,
        WatchlistFile,
    )
    from rasid.config.rules import Catalog


def watchlist_id(file: str) -> str:
    """A watchlist is known by its file's stem."""
    return PurePosixPath(file).stem


def to_feeds(model: FeedModel, watchlists: Mapping[str, Watchlist]) -> Iterator[Feed]:
    """What polling needs of a feed; a search is one feed for each term that can be searched for.

    How well it is attested and the notes are for operators only.
    """
    shared = Feed(
        id=model.id,
        name=model.name,
        url=model.url or "",
        category=model.category,
        enabled=model.enabled,
        kind="page" if model.links else "feed",
        links=model.links if model.links and model.links != "auto" else "",
        rules=OutletRules(
            timezone=model.timezone or "",
            date_format=model.date_format or "",
            article=model.article or "",
            remove=model.remove or "",
            date=model.date or "",
            boilerplate=model.boilerplate,
        ),
    )
    if model.url is not None:
        yield shared
    terms = {term.id: term for name in model.google_news for term in watchlists[name].terms}
    for term, url in search_urls(terms.values()):
        yield replace(shared, id=f"{model.id}-{term}", url=url, kind="search")


def to_watchlist(model: WatchlistFile, document: Document, text: str, file: str) -> Watchlist:
    """A watchlist, its examples with their lines."""
    return Watchlist(
        id=watchlist_id(file),
        name=model.name,
        terms=tuple(_term(term, document, ("terms", index)) for index, term in enumerate(model.terms)),
        version=hashlib.sha256(text.encode()).hexdigest()[:12],
        file=file,
        text=text,
    )


def _term(model: TermModel, document: Document, path: Path) -> Term:
    shared = _cue(model.near, model.within)
    return Term(
        id=model.id,
        label=model.label,
        label_en=model.label_en or model.label,
        forms=(
            *(_form(form, "form", shared) for form in model.forms),
            *(_form(form, "code", shared) for form in model.codes),
            *(_form(form, "lookalike", None) for form in model.lookalikes),
        ),
        unless=model.unless,
        importance=model.importance,
        examples=(
            *_examples(model.examples.match, document, (*path, "examples", "match")),
            *_examples(model.examples.skip, document, (*path, "examples", "skip")),
        ),
        notes=model.notes,
        query=to_query(model.query) if model.query is not None else None,
    )


def _cue(words: tuple[str, ...], within: int | None) -> Cue | None:
    return Cue(words=words, within=within) if words else None


def _form(model: FormModel, kind: Literal["form", "code", "lookalike"], shared: Cue | None) -> Form:
    return Form(
        text=model.form, kind=kind, near=_cue(model.near, model.within) or shared, unless=model.unless
    )


def _examples(texts: tuple[str, ...], document: Document, path: Path) -> tuple[Example, ...]:
    return tuple(
        Example(text=text, match=path[-1] == "match", line=document.line((*path, index)))
        for index, text in enumerate(texts)
    )


def to_subscription(
    model: SubscriptionModel, catalog: Catalog, timezone: str, searches: Mapping[str, tuple[str, ...]]
) -> Subscription:
    """A subscription with its watchlists resolved into terms, each once, in the order of the files.

    `searches` are the ids of the feeds that a search of feeds.yaml became, by its own.
    """
    listed = [term for name in model.watchlists for term in catalog[name] or ()]
    return Subscription(
        id=model.id,
        name=model.name,
        terms=tuple(dict.fromkeys((*listed, *model.terms))),
        schedule=model.schedule,
        timezone=model.timezone or timezone,
        language=model.language,
        channels=tuple(to_channel(channel) for channel in model.channels),
        min_importance=model.min_importance,
        when_empty=model.when_empty,
        max_stories=model.max_stories,
        max_age=timedelta(days=model.max_age_days),
        paused=model.paused is True,
        paused_until=model.paused if isinstance(model.paused, date) else None,
        quiet=parse_quiet(model.quiet) if model.quiet else None,
        weekdays=parse_weekdays(model.weekdays),
        only_outlets=_outlets(model.outlets.only, searches),
        not_outlets=_outlets(model.outlets.without, searches),
    )


def _outlets(names: tuple[str, ...], searches: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(feed for name in names for feed in searches.get(name, (name,)))


def to_channel(model: ChannelModel) -> Channel:
    """A channel; of a model that is none, which the rules refuse, an empty folder."""
    if model.email is not None:
        return Channel(kind="email", recipients=model.email)
    if model.slack is not None:
        return Channel(kind="slack", recipients=(model.slack,))
    if model.slack_bot is not None:
        return Channel(kind="slack_bot", recipients=(f"{model.slack_bot.token}:{model.slack_bot.channel}",))
    if model.apprise is not None:
        return Channel(kind="apprise", recipients=(model.apprise,))
    return Channel(kind="file", recipients=(model.file or "",))
