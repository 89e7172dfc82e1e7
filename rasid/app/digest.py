"""From mentions to digests: what is due is composed once and frozen; sending it is rasid.app.outbox's.

A digest is composed and its outbox rows are written in one transaction, unique by (subscription, window): a second run
composes nothing again. An article is recorded as reported in the same transaction, so that nothing is told twice and
nothing is lost between two windows, whenever its page came in.
"""

from __future__ import annotations

import traceback
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rasid.app.health import feed_healths
from rasid.app.outbox import deliver_due
from rasid.app.stages import Progress, Stages, quiet
from rasid.digest import compose, day_bounds
from rasid.errors import RasidError
from rasid.schedule import last_due, paused, resting_until, rests_of
from rasid.selection import heirs
from rasid.types import SUPPRESSED, Channel, Digest, DigestReport, FailedFeed, Subscription, reader_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rasid.app.context import Clock, Rasid
    from rasid.health import FeedHealth
    from rasid.types import Language

Outcome = Literal["composed", "empty", "waiting", "broken"]

PATIENCE = timedelta(minutes=15)
"""A collect ends within 5 minutes by default; a reader who expects the 7:00 digest has it by 7:15."""

DAYS = 28
"""Local days over which a term's usual is judged; a digest draws the last seven."""

LATE = timedelta(days=7)
"""How far behind its window an article may come in and still be told: a page is retried for hours, not for weeks."""


def run_digest(
    rasid: Rasid,
    *,
    clock: Clock,
    progress: Progress = quiet,
) -> DigestReport:
    """Compose every due digest, then deliver everything that is due."""
    started, stages = clock(), Stages()
    with rasid.store.present():
        with stages.span("compose"):
            composing = compose_due(rasid, clock=clock)
        delivered = deliver_due(rasid, clock=clock, stages=stages, progress=progress)
    report = replace(
        delivered,
        composed=composing.composed,
        empty=composing.empty,
        waiting=composing.waiting,
        broken=composing.broken,
    )
    summary: dict[str, object] = {
        "composed": list(report.composed),
        "broken": list(report.broken),
        "sent": len(report.sent),
        "failed": list(report.failed),
        "retrying": list(report.retrying),
    }
    rasid.store.record_run("digest", started, clock(), summary)
    return report


# ── composing ────────────────────────────────────────────────────────────────────────────────────


class Figures:
    """What all digests of one run share, read when the first is due."""

    def __init__(self, rasid: Rasid, now: datetime) -> None:
        self._rasid, self.now = rasid, now
        self._days: dict[str, tuple[Mapping[str, tuple[int, ...]], Mapping[str, datetime]]] = {}

    @cached_property
    def healths(self) -> Sequence[FeedHealth]:
        """Every feed, judged."""
        return feed_healths(self._rasid.config, self._rasid.store, self.now)

    @cached_property
    def muted(self) -> frozenset[int]:
        """Stories that nobody is to be told of."""
        return self._rasid.store.muted_for_all(self.now)

    def of_terms(self, timezone: str) -> tuple[Mapping[str, tuple[int, ...]], Mapping[str, datetime]]:
        """Articles a day for each term, over `DAYS` local days, and when it was last named before the last seven."""
        if timezone not in self._days:
            store, terms = self._rasid.store, tuple(self._rasid.config.terms)
            days = day_bounds(self.now, timezone, DAYS)
            self._days[timezone] = store.term_days(terms, days), store.last_seen(terms, days[-7][0])
        return self._days[timezone]


def compose_due(rasid: Rasid, *, clock: Clock) -> DigestReport:
    """Compose and freeze each due digest; the report tells of composing alone.

    A subscription that cannot be composed, for a fault of our own, keeps no other waiting: it is named, and tried
    again by the next run.
    """
    done: dict[Outcome, list[str]] = {"composed": [], "empty": [], "waiting": [], "broken": []}
    figures = Figures(rasid, clock())
    for subscription in rasid.config.subscriptions:
        try:
            outcome, name = _compose_one(rasid, subscription, clock(), figures)
        except RasidError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the others' digests are composed and sent
            place = traceback.extract_tb(error.__traceback__)[-1]
            why = f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"
            outcome, name = "broken", f"{subscription.id}: a fault of Rasid's own, please report it: {why}"
        if outcome is not None:
            done[outcome].append(name)
    return DigestReport(
        composed=tuple(done["composed"]),
        empty=tuple(done["empty"]),
        waiting=tuple(done["waiting"]),
        broken=tuple(done["broken"]),
    )


def _compose_one(
    rasid: Rasid, subscription: Subscription, now: datetime, figures: Figures
) -> tuple[Outcome | None, str]:
    """What became of one subscription, and the name under which it is reported; None: nothing was due."""
    last = rasid.store.latest_window(subscription.id, now)
    window = due_window(subscription, last, now)
    if window is None or resting_until(subscription.timezone, now, rests_of(subscription)) is not None:
        return (
            None,
            subscription.id,
        )  # what was due before the rest, and found no run in time, waits for its end
    if rasid.store.collecting(now) and may_wait(subscription.schedule, last, window[1], now):
        return "waiting", subscription.id
    digest, reported = compose_window(rasid, subscription, window, now, figures)
    nothing = not digest.stories and not digest.reviews and not digest.set_aside
    if nothing and subscription.when_empty == "skip":
        # The first digest of all goes out as soon as there is something to say.
        if last is not None and subscription.schedule != "immediate":
            rasid.store.save_empty_window(subscription.id, window[1], now)
        return "empty", subscription.id
    composed = rasid.store.save_digest(digest, reported, _readers(rasid, subscription), now)
    return ("composed" if composed else None), digest.id


def _readers(rasid: Rasid, subscription: Subscription) -> list[Channel]:
    """The subscription's channels without those who left it."""
    left = {reader_key(kind, recipient) for kind, recipient, _ in rasid.store.unsubscribed(subscription.id)}
    return [
        Channel(
            channel.kind,
            tuple(one for one in channel.recipients if reader_key(channel.kind, one) not in left),
        )
        for channel in subscription.channels
    ]


def may_wait(schedule: str, last: datetime | None, tick: datetime, now: datetime) -> bool:
    """Whether a due digest waits while a collect is reading pages, so that it does not tell half of what came in.

    The first one waits for as long as it takes, which leases bound; later ones until `PATIENCE` after their time. What
    is to be told at once does not: where collects overlap, one is always at work.
    """
    return last is None or (schedule != "immediate" and now < tick + PATIENCE)


def due_window(
    subscription: Subscription, last: datetime | None, now: datetime
) -> tuple[datetime, datetime] | None:
    """The window to compose now, or None: start is the end of the last one, end is the latest tick."""
    if paused(subscription, now):
        return None
    tick = last_due(subscription.schedule, subscription.timezone, now, rests_of(subscription))
    if last is None:
        return tick - subscription.max_age, tick
    return (last, tick) if tick > last else None


def compose_window(
    rasid: Rasid,
    subscription: Subscription,
    window: tuple[datetime, datetime],
    now: datetime,
    figures: Figures | None = None,
) -> tuple[Digest, dict[int, int]]:
    """What a subscription was not told yet: a digest, and the last mention of each of its articles; stores nothing."""
    figures = figures or Figures(rasid, now)
    articles = rasid.store.unreported(subscription.id, subscription.terms, window[0] - LATE)
    term_days, last_seen = figures.of_terms(subscription.timezone)
    digest = compose(
        subscription,
        articles,
        window=window,
        terms=rasid.config.terms,
        term_days=term_days,
        last_seen=last_seen,
        failed_feeds=failed_feeds(figures.healths, subscription.language),
        muted=figures.muted,
        now=now,
    )
    digest = replace(digest, composed=now, quiet=subscription.quiet, weekdays=subscription.weekdays)
    told = {seen.article_id for story in digest.stories for seen in story.appearances}
    told |= {review.article_id for review in digest.reviews}
    # A copy is dealt with once it is counted, shown or not: later digests must not count it again. One that stands for
    # an article of an outlet that is left out is told like news, and that article with it.
    places = heirs(subscription, articles, rasid.config.terms)
    copies = {article.id for article in articles if article.relation in SUPPRESSED}
    told |= copies - set(places.values())
    told |= {original for original, heir in places.items() if heir in told}
    # What is muted or set aside is counted or named in this digest, and need not be in the next.
    aside = {one.url for one in digest.set_aside}
    done = figures.muted | {article.story_id for article in articles if article.url in aside}
    told |= {article.id for article in articles if article.story_id in done}
    return digest, {article.id: article.last_mention for article in articles if article.id in told}


def failed_feeds(healths: Sequence[FeedHealth], language: Language) -> list[FailedFeed]:
    """Feeds that need a look, by name: their last poll failed, they are silent, or their pages are read no longer."""
    failed = []
    for health in healths:
        what, reason = health.error, health.quiet or health.thin
        if what is None and reason is not None:
            what = reason.ar if language == "ar" else reason.en
        if what is not None:
            failed.append(FailedFeed(health.feed_id, health.name, what, health.last_success))
    return sorted(failed, key=lambda feed: feed.name)
