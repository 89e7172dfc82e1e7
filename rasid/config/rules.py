"""What must hold between the keys of a file, beyond the shape of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from posixpath import normpath
from typing import TYPE_CHECKING, get_args

from rasid.config.document import Document, Path
from rasid.config.values import nearest
from rasid.types import ChannelKind

if TYPE_CHECKING:
    from rasid.config.reading import Rule

Problems = Iterator[tuple[Path, str]]
Keys = Mapping[str, object]
Catalog = Mapping[str, tuple[str, ...] | None]
"""Watchlist id → ids of its terms; None where the watchlist could not be read."""


def unique(pattern: str, what: str, *, key: Callable[[str], str] = str, scope: int = 0) -> Rule:
    """No two texts at `pattern` whose paths share their first `scope` steps are the same."""

    def rule(document: Document) -> Problems:
        first: dict[tuple[Path, str], Path] = {}
        for path, text in document.select(pattern):
            seen = first.setdefault((path[:scope], key(text)), path) if isinstance(text, str) else path
            if seen != path:
                yield path, f"{what} already listed at {_place(document, seen)}; remove one"

    return rule


def _place(document: Document, path: Path) -> str:
    """Line of a key, with the id of the item it belongs to unless it is the id."""
    owner = document.value((*path[:-1], "id"))
    return f"line {document.line(path)}" + (f" (id {owner})" if owner and path[-1] != "id" else "")


def each(pattern: str, check: Callable[[Keys], str | None]) -> Rule:
    """`check` says what is wrong with the keys of a mapping at `pattern`, or nothing."""

    def rule(document: Document) -> Problems:
        for path, value in document.select(pattern):
            if isinstance(value, dict) and (message := check(value)):
                yield path, message

    return rule


def within_needs_near(keys: Keys) -> str | None:
    """A distance means nothing without the words that it is measured to."""
    if "within" in keys and "near" not in keys:
        return "'within' says how far 'near' may be, and there is no near; add near: [...]"
    return None


def has_spelling(keys: Keys) -> str | None:
    """A term without forms and codes would never be found."""
    if keys.get("forms") or keys.get("codes") or "query" in keys:
        return None
    return "no spelling; add forms: [...] or codes: [...], or a query over other terms"


def watches_something(keys: Keys) -> str | None:
    """A subscription without terms would never have anything to say."""
    if keys.get("watchlists") or keys.get("terms"):
        return None
    return "the subscription watches nothing; add watchlists: [...] or terms: [...]"


def alerts_of_something(keys: Keys) -> str | None:
    """An alert of nothing would go out with every run."""
    if keys.get("schedule") == "immediate" and keys.get("when_empty") == "send":
        return "an immediate subscription would send 'nothing new' with every run; remove when_empty: send"
    return None


def has_one_source(keys: Keys) -> str | None:
    """A feed has an address, or is a search."""
    if ("url" in keys) == ("google_news" in keys):
        return "a feed has either url: or google_news: [watchlist, ...]; write one of the two"
    if "links" in keys and "google_news" in keys:
        return "links: belongs to the address of a page; a search has none"
    return None


def is_one_channel(keys: Keys) -> str | None:
    """Each item of channels is one channel."""
    if sum(keys.get(kind) is not None for kind in get_args(ChannelKind)) == 1:
        return None
    return f"a channel is one of {', '.join(get_args(ChannelKind))}; give each a '- ' of its own"


def channels(owner: str) -> tuple[Rule, ...]:
    """What holds of the channels at `owner`: each is one, and nobody is listed twice on one kind.

    A recipient listed twice would be one row of the outbox, so the second line could only mislead.
    """
    items, scope = f"{owner}.channels.*", owner.count(".") + 1
    return (
        each(items, is_one_channel),
        unique(f"{items}.email.*", "address", key=str.casefold, scope=scope),
        unique(f"{items}.slack", "webhook", scope=scope),
        unique(f"{items}.slack_bot.channel", "channel of Slack", scope=scope),
        unique(f"{items}.apprise", "variable", scope=scope),
        unique(f"{items}.file", "folder", key=normpath, scope=scope),
    )


def not_in_both(keys: Keys) -> str | None:
    """An outlet is in or out."""
    only, without = keys.get("only"), keys.get("without")
    if not isinstance(only, tuple) or not isinstance(without, tuple):
        return None
    both = [str(outlet) for outlet in only if outlet in without]
    return f"'{both[0]}' is in only: and in without:; remove one" if both else None


def polls_in_order(keys: Keys) -> str | None:
    """The busiest feed is polled at least as often as the quietest."""
    shortest, longest = keys.get("poll_min", 10), keys.get("poll_max", 1440)
    if isinstance(shortest, int | float) and isinstance(longest, int | float) and shortest > longest:
        return f"poll_min ({shortest}) is more than poll_max ({longest}); swap them"
    return None


def known_references(catalog: Catalog) -> tuple[Rule, ...]:
    """The watchlists and terms that subscriptions name are there."""
    rules = [known_watchlists("subscriptions.*.watchlists.*", catalog)]
    terms = [ids for ids in catalog.values() if ids is not None]
    if len(terms) == len(catalog):  # else any term may be in the file that could not be read
        rules.append(_known("subscriptions.*.terms.*", "term", [term for ids in terms for term in ids]))
    return tuple(rules)


def known_outlets(known: Collection[str] | None) -> tuple[Rule, ...]:
    """The outlets that subscriptions name are ids or names of feeds; None: these could not be read."""
    if known is None:
        return ()
    return tuple(
        _known(f"subscriptions.*.outlets.{key}.*", "outlet", list(known)) for key in ("only", "without")
    )


def known_watchlists(pattern: str, catalog: Catalog) -> Rule:
    """The watchlists named at `pattern` are there."""
    return _known(pattern, "watchlist", list(catalog))


def _known(pattern: str, what: str, known: list[str]) -> Rule:
    def rule(document: Document) -> Problems:
        for path, value in document.select(pattern):
            if isinstance(value, str) and value not in known:
                listed = ", ".join(sorted(known)[:8])
                yield path, f"unknown {what} '{value}'{nearest(value, known) or f'; known are: {listed}'}"

    return rule
