"""How Rasid does, for an outside monitor and for the operator who wants to know what to mend."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from rasid.app.context import database_url, load_config, open_present
from rasid.errors import ConfigError, RasidError
from rasid.health import HISTORY, FeedHealth, judge
from rasid.polling import ANSWERING
from rasid.types import FeedState

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from rasid.config import Config
    from rasid.types import Feed, FeedStatus
    from storage import Store

FAILED_FOR = timedelta(days=1)
"""How long a message that was given up makes all ill: a day, in which a person looks."""

_NO_COLLECT = "no collect has run yet: `rasid run`, or `rasid serve` to keep it running"


@dataclass(frozen=True, slots=True)
class Health:
    """How Rasid does: well, where nothing was found."""

    findings: tuple[str, ...]  # in words, with what to do
    feeds: dict[FeedStatus, int] = field(default_factory=dict)  # those on, by state
    last_collect: datetime | None = None  # when the latest ended
    pending: int = 0  # entries that wait for their page

    @property
    def ill(self) -> bool:
        """Whether a person should look."""
        return bool(self.findings)


def examine(folder: Path, now: datetime) -> Health:
    """Look at files and database; nothing is made, migrated or changed by it.

    Ill is what keeps news from its readers: files that are refused, a database that cannot be read, no end of a
    collect for `health.collect_minutes`, more failing feeds than `health.failing_share`, messages given up in the
    last day or not sent in time. One feed that fails is no illness of Rasid's: `rasid doctor` names it.
    """
    try:
        config = load_config(folder)
        with open_present(database_url(config, folder)) as store:
            return Health((_NO_COLLECT,)) if store is None else examine_store(config, store, now)
    except ConfigError as error:
        return Health(tuple(str(problem) for problem in error.problems))
    except RasidError as error:
        return Health((str(error),))


def examine_store(config: Config, store: Store, now: datetime) -> Health:
    """The same, of an opened database."""
    states = store.feed_states()
    feeds = Counter(states.get(feed.id, FeedState(feed.id)).status for feed in config.feeds if feed.enabled)
    limits, last = config.settings.health, store.last_run("collect")
    patience = timedelta(minutes=limits.collect_minutes)
    findings = []
    if last is None:
        findings.append(_NO_COLLECT)
    elif now - last.ended > patience:
        findings.append(
            f"no collect has ended since {last.ended:%Y-%m-%d %H:%M}Z, which is more than the "
            f"{limits.collect_minutes} minutes of health.collect_minutes: see whether `rasid serve`, or the cron "
            "line that stands for it, still runs"
        )
    failing = sum(count for status, count in feeds.items() if status not in ANSWERING and status != "new")
    if failing > limits.failing_share * feeds.total():
        findings.append(
            f"{failing} of {feeds.total()} feeds cannot be read: check this machine's network; `rasid doctor` names "
            "each with its error"
        )
    findings += _unsent(store, now, patience)
    return Health(
        findings=tuple(findings),
        feeds=dict(feeds),
        last_collect=None if last is None else last.ended,
        pending=store.pending_entries(),
    )


def _unsent(store: Store, now: datetime, patience: timedelta) -> list[str]:
    messages = store.undelivered(now - FAILED_FOR, now - patience)
    findings = []
    if messages.failed:
        findings.append(
            f"{messages.failed} {_messages(messages.failed)} given up in the last day: {messages.error}; "
            "`rasid digest list` shows of which digest"
        )
    if messages.overdue:
        findings.append(
            f"{messages.overdue} {_messages(messages.overdue)} due for longer than "
            f"{patience // timedelta(minutes=1)} minutes and not sent: see whether `rasid serve`, or the cron line "
            "that stands for it, still runs"
        )
    return findings


def _messages(count: int) -> str:
    return "message was" if count == 1 else "messages were"


# ── feeds ─────────────────────────────────────────────────────────────────────────────────────────


def feed_healths(config: Config, store: Store, now: datetime) -> list[FeedHealth]:
    """Every feed that is on, judged by its own history, in the order of feeds.yaml."""
    states, days = store.feed_states(), store.feed_days((now - HISTORY).date())
    return [
        judge(feed, states.get(feed.id, FeedState(feed.id)), days.get(feed.id, ()), now=now)
        for feed in config.feeds
        if feed.enabled
    ]


def feed_advice(feed: Feed, state: FeedState, health: FeedHealth) -> list[str]:
    """What is wrong with a feed, and what an operator can do; nothing where all is well."""
    found = []
    if state.error:
        found.append(
            f"{state.status}: {state.error}; {_MEND.get(state.status, 'it is tried again by itself')}"
        )
    if state.status == "moved":
        found.append(f"moved: write `url: {state.moved_to}` in feeds.yaml, where it has been read for days")
    if health.quiet is not None:
        found.append(f"quiet: {health.quiet.en}; open {feed.url} and see whether its site still fills it")
    if health.thin is not None:
        found.append(f"thin: {health.thin.en}; `rasid feeds test {feed.id}` shows how its pages are read")
    return [f"feed {feed.id}: {one}" for one in found]


_MEND: dict[FeedStatus, str] = {
    "blocked": "its site refuses us, and is asked seldom: see whether a browser may read it, and ask the site to let "
    "your http.user_agent in",
    "gone": "it is asked seldom: look for its new address (`rasid feeds add` with the site's own), or set its "
    "enabled to false in feeds.yaml",
}
