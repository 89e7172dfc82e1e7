"""Operators' files, read: settings, feeds, watchlists, subscriptions.

::

    text → document.py (YAML 1.2, lines) → models.py, settings.py (shape) + rules.py (what holds between keys)
         → rasid.types; or one ConfigError with every problem of every file as file:line: what, what instead

Nothing is read from disk here: functions take a text and the name to use in messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from rasid.config import queries, rules
from rasid.config.convert import to_feeds, to_subscription, to_watchlist, watchlist_id
from rasid.config.models import FeedsFile, SubscriptionsFile, WatchlistFile
from rasid.config.reading import Reading, Schema, read
from rasid.config.settings import DEFAULT_TIMEZONE, Settings
from rasid.config.values import expand_env, nearest, url_key
from rasid.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from rasid.types import Example, Feed, Subscription, Term, Watchlist

__all__ = [
    "Config",
    "Settings",
    "check_examples",
    "expand_env",
    "json_schemas",
    "parse_config",
    "parse_feeds",
    "parse_settings",
    "parse_subscriptions",
    "parse_watchlist",
]

_FILES = ("settings.yaml", "feeds.yaml", "subscriptions.yaml")
_SETTINGS = TypeAdapter(Settings)
_FEEDS = TypeAdapter(FeedsFile)
_WATCHLIST = TypeAdapter(WatchlistFile)
_SUBSCRIPTIONS = TypeAdapter(SubscriptionsFile)

_FEED_RULES = (
    rules.unique("feeds.*.id", "feed id"),
    rules.unique("feeds.*.url", "feed URL", key=url_key),
    rules.each("feeds.*", rules.has_one_source),
)
_WATCHLIST_RULES = (
    rules.unique("terms.*.id", "term id"),
    rules.each("terms.*", rules.has_spelling),
    *(
        rules.each(f"terms.*{spellings}", rules.within_needs_near)
        for spellings in ("", ".forms.*", ".codes.*", ".lookalikes.*")
    ),
    queries.has_meaning,
    queries.is_positive,
    queries.stands_alone,
)
_SUBSCRIPTION_RULES = (
    rules.unique("subscriptions.*.id", "subscription id"),
    rules.each("subscriptions.*", rules.watches_something),
    rules.each("subscriptions.*", rules.alerts_of_something),
    rules.each("subscriptions.*.outlets", rules.not_in_both),
    *rules.channels("subscriptions.*"),
)


@dataclass(frozen=True, slots=True)
class Config:
    """All of the operators' files."""

    settings: Settings
    feeds: tuple[Feed, ...]
    watchlists: tuple[Watchlist, ...]
    subscriptions: tuple[Subscription, ...]

    @property
    def terms(self) -> dict[str, Term]:
        """Every term of every watchlist by its id."""
        return {term.id: term for watchlist in self.watchlists for term in watchlist.terms}

    @property
    def list_versions(self) -> dict[str, str]:
        """The version of the watchlist that each term comes from, by the term's id."""
        return {term.id: watchlist.version for watchlist in self.watchlists for term in watchlist.terms}


# ── one file ──────────────────────────────────────────────────────────────────────────────────────


def parse_settings(text: str, file: str) -> Settings:
    """Read settings.yaml; a file of comments only means every default."""
    return _read_settings(text, file).demand()[0]


def parse_feeds(text: str, file: str, watchlists: Sequence[Watchlist] = ()) -> tuple[Feed, ...]:
    """Read feeds.yaml; the watchlists are those that its searches may name."""
    known = {watchlist.id: watchlist for watchlist in watchlists}
    catalog = {name: tuple(term.id for term in watchlist.terms) for name, watchlist in known.items()}
    model, _ = _read_feeds(text, file, catalog).demand()
    return tuple(feed for item in model.feeds for feed in to_feeds(item, known))


def parse_watchlist(text: str, file: str, elsewhere: Collection[str] = ()) -> Watchlist:
    """Read a watchlist; its id is the stem of its file, its version begins the SHA-256 of the text.

    `elsewhere` are the ids of terms in other lists, to which queries may refer.
    """
    reading = _read_watchlist(text, file)
    problems = list(reading.problems)
    if reading.document is not None:
        problems += queries.references({file: reading.document}, elsewhere)
    if problems:
        raise ConfigError(problems)
    model, document = reading.demand()
    return to_watchlist(model, document, text, file)


def parse_subscriptions(
    text: str,
    file: str,
    watchlists: Sequence[Watchlist],
    *,
    timezone: str = DEFAULT_TIMEZONE,
    outlets: Collection[str] | None = None,
) -> tuple[Subscription, ...]:
    """Read subscriptions.yaml; `timezone` is for those that name none, `outlets` are the ids and names of feeds."""
    catalog = {watchlist.id: tuple(term.id for term in watchlist.terms) for watchlist in watchlists}
    model, _ = _read_subscriptions(text, file, catalog, outlets).demand()
    return tuple(to_subscription(item, catalog, timezone, {}) for item in model.subscriptions)


def _read_settings(text: str, file: str) -> Reading[Settings]:
    order = rules.each("collect", rules.polls_in_order)
    return read(text, file, _SETTINGS, (order, *rules.channels("operators")), may_be_empty=True)


def _read_feeds(text: str, file: str, catalog: rules.Catalog) -> Reading[FeedsFile]:
    known = rules.known_watchlists("feeds.*.google_news.*", catalog)
    return read(text, file, _FEEDS, (*_FEED_RULES, known))


def _read_watchlist(text: str, file: str) -> Reading[WatchlistFile]:
    return read(text, file, _WATCHLIST, _WATCHLIST_RULES)


def _read_subscriptions(
    text: str, file: str, catalog: rules.Catalog, outlets: Collection[str] | None
) -> Reading[SubscriptionsFile]:
    known = (*rules.known_references(catalog), *rules.known_outlets(outlets))
    return read(text, file, _SUBSCRIPTIONS, (*_SUBSCRIPTION_RULES, *known))


# ── all files ─────────────────────────────────────────────────────────────────────────────────────


def parse_config(files: Mapping[str, str]) -> Config:
    """Read all files, named relative to the config folder; without settings.yaml every default holds.

    Raises:
        ConfigError: Every problem of every file, problems between files included.
    """
    names = sorted(name for name in files if _is_watchlist(name))
    lists = [_read_watchlist(files[name], name) for name in names]
    catalog = {watchlist_id(reading.file): _term_ids(reading) for reading in lists}
    settings = _read_settings(files.get("settings.yaml", "# defaults"), "settings.yaml")
    feeds = _read_feeds(files.get("feeds.yaml", ""), "feeds.yaml", catalog)
    subscriptions = _read_subscriptions(
        files.get("subscriptions.yaml", ""), "subscriptions.yaml", catalog, _outlets(feeds)
    )
    documents = {reading.file: reading.document for reading in lists if reading.document is not None}
    problems = [*_stray_files(files), *_shared_terms(lists)]
    if len(documents) == len(lists):  # else any term may be in the file that could not be read
        problems += queries.references(documents)
    problems += [*settings.problems, *feeds.problems, *subscriptions.problems]
    problems += [problem for reading in lists for problem in reading.problems]
    if problems:
        raise ConfigError(problems)
    timezone = settings.demand()[0].timezone
    watchlists = [to_watchlist(*reading.demand(), files[reading.file], reading.file) for reading in lists]
    known = {watchlist.id: watchlist for watchlist in watchlists}
    feeds_of = {item.id: tuple(to_feeds(item, known)) for item in feeds.demand()[0].feeds}
    searches = {
        name: tuple(feed.id for feed in found)
        for name, found in feeds_of.items()
        if any(feed.kind == "search" for feed in found)
    }
    return Config(
        settings=settings.demand()[0],
        feeds=tuple(feed for found in feeds_of.values() for feed in found),
        watchlists=tuple(watchlists),
        subscriptions=tuple(
            to_subscription(item, catalog, timezone, searches)
            for item in subscriptions.demand()[0].subscriptions
        ),
    )


def _is_watchlist(name: str) -> bool:
    folder, _, rest = name.partition("/")
    return folder == "watchlists" and rest.endswith(".yaml") and "/" not in rest


def _stray_files(files: Mapping[str, str]) -> Iterator[Problem]:
    for name in files:
        if name not in _FILES and not _is_watchlist(name):
            hint = nearest(name, _FILES) or "; watchlists are watchlists/NAME.yaml"
            yield Problem(name, 0, f"not a file that Rasid reads{hint}")


def _term_ids(reading: Reading[WatchlistFile]) -> tuple[str, ...] | None:
    """The ids as written, also in a watchlist that has problems; None where it is no YAML."""
    if reading.document is None:
        return None
    return tuple(value for _, value in reading.document.select("terms.*.id") if isinstance(value, str))


def _outlets(feeds: Reading[FeedsFile]) -> frozenset[str] | None:
    """The ids and names of feeds as written, also where some have problems; None where the file is no YAML."""
    if feeds.document is None:
        return None
    keys = ("feeds.*.id", "feeds.*.name")
    found = (value for key in keys for _, value in feeds.document.select(key))
    return frozenset(value for value in found if isinstance(value, str))


def _shared_terms(lists: Sequence[Reading[WatchlistFile]]) -> Iterator[Problem]:
    """Ids that an earlier watchlist holds already; those twice in one file are that file's own problem."""
    first: dict[object, str] = {}
    for reading in lists:
        if reading.document is None:
            continue
        for path, term in reading.document.select("terms.*.id"):
            owner = first.setdefault(term, f"{reading.file}:{reading.document.line(path)}")
            if owner.rpartition(":")[0] != reading.file:
                line = reading.document.line(path)
                yield Problem(reading.file, line, f"term id '{term}' already stands in {owner}; remove one")


# ── for `rasid check` and `rasid schema` ──────────────────────────────────────────────────────────


def check_examples(watchlist: Watchlist, find: Callable[[str], Sequence[str]]) -> list[Problem]:
    """Run every term's examples; `find` gives the ids of the terms that a text mentions."""
    return [
        Problem(watchlist.file, example.line, message)
        for term in watchlist.terms
        for example in term.examples
        if (message := _example_failure(term, example, find(example.text)))
    ]


def _example_failure(term: Term, example: Example, found: Sequence[str]) -> str | None:
    if example.match and term.id not in found:
        return f"{term.id}: expected a match, got {', '.join(found) or 'nothing'}: «{example.text}»"
    if not example.match and term.id in found:
        return f"{term.id}: expected no match, got «{example.text}»"
    return None


def json_schemas() -> dict[str, Schema]:
    """The JSON Schemas that editors use: settings, feeds, watchlist, subscriptions."""
    shapes: dict[str, TypeAdapter[Any]] = {
        "settings": _SETTINGS,
        "feeds": _FEEDS,
        "watchlist": _WATCHLIST,
        "subscriptions": _SUBSCRIPTIONS,
    }
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {name: dialect | shape.json_schema() for name, shape in shapes.items()}
