"""From mentions to messages: compose what is due, once; deliver what the outbox holds, at least once.

A digest is composed and its outbox rows are written in one transaction, unique by (subscription, window): a second run
composes nothing again. An article is recorded as reported in the same transaction, so that nothing is told twice and
nothing is lost between two windows, whenever its page came in. Sending is another matter: see `deliver_due`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rasid.app.context import Clock, Rasid
from rasid.app.health import feed_healths
from rasid.app.stages import Progress, Stages, quiet
from rasid.digest import compose, day_bounds
from rasid.errors import TransportError
from rasid.schedule import last_due
from rasid.types import SUPPRESSED, Delivery, Digest, DigestReport, FailedFeed, Subscription

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.email import SmtpOptions
    from alerts.render import Rendered
    from rasid.config import Settings
    from rasid.health import FeedHealth
    from rasid.types import Language

PATIENCE = timedelta(minutes=15)
"""A collect ends within 5 minutes by default; a reader who expects the 7:00 digest has it by 7:15."""

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
    report = replace(delivered, composed=composing.composed, empty=composing.empty, waiting=composing.waiting)
    summary: dict[str, object] = {
        "composed": list(report.composed),
        "sent": len(report.sent),
        "failed": list(report.failed),
        "retrying": list(report.retrying),
    }
    rasid.store.record_run("digest", started, clock(), summary)
    return report


# ── composing ────────────────────────────────────────────────────────────────────────────────────


def compose_due(rasid: Rasid, *, clock: Clock) -> DigestReport:
    """Compose and freeze each due digest; the report tells of composing alone."""
    composed: list[str] = []
    empty: list[str] = []
    waiting: list[str] = []
    healths: list[FeedHealth] | None = None  # judged once, where a digest is due
    for subscription in rasid.config.subscriptions:
        now, last = clock(), rasid.store.windows(subscription.id)
        window = due_window(subscription, last, now)
        if window is None:
            continue
        if rasid.store.collecting(now) and may_wait(last, window[1], now):
            waiting.append(subscription.id)
            continue
        healths = feed_healths(rasid.config, rasid.store, now) if healths is None else healths
        digest, reported = compose_window(rasid, subscription, window, now, healths)
        nothing = not digest.stories and not digest.reviews
        if nothing and subscription.when_empty == "skip":
            # The first digest of all goes out as soon as there is something to say.
            if last is not None and subscription.schedule != "immediate":
                rasid.store.save_empty_window(subscription.id, window[1], now)
            empty.append(subscription.id)
        elif rasid.store.save_digest(digest, reported, subscription.channels, now):
            composed.append(digest.id)
    return DigestReport(composed=tuple(composed), empty=tuple(empty), waiting=tuple(waiting))


def may_wait(last: datetime | None, tick: datetime, now: datetime) -> bool:
    """Whether a due digest waits while a collect is reading pages, so that it does not tell half of what came in.

    The first one waits for as long as it takes, which leases bound; later ones until `PATIENCE` after their time.
    """
    return last is None or now < tick + PATIENCE


def due_window(
    subscription: Subscription, last: datetime | None, now: datetime
) -> tuple[datetime, datetime] | None:
    """The window to compose now, or None: start is the end of the last one, end is the latest tick."""
    if subscription.paused:
        return None
    tick = last_due(subscription.schedule, subscription.timezone, now)
    if last is None:
        return tick - subscription.max_age, tick
    return (last, tick) if tick > last else None


def compose_window(
    rasid: Rasid,
    subscription: Subscription,
    window: tuple[datetime, datetime],
    now: datetime,
    healths: Sequence[FeedHealth] | None = None,
) -> tuple[Digest, dict[int, int]]:
    """What a subscription was not told yet: a digest, and the last mention of each of its articles; stores nothing."""
    store = rasid.store
    articles = store.unreported(subscription.id, subscription.terms, window[0] - LATE)
    days = day_bounds(now, subscription.timezone)
    healths = feed_healths(rasid.config, rasid.store, now) if healths is None else healths
    digest = compose(
        subscription,
        articles,
        window=window,
        terms=rasid.config.terms,
        term_days=store.term_days(subscription.terms, days),
        failed_feeds=failed_feeds(healths, subscription.language),
        now=now,
    )
    told = {seen.article_id for story in digest.stories for seen in story.appearances}
    told |= {review.article_id for review in digest.reviews}
    # A copy is dealt with once it is counted, shown or not: later digests must not count it again.
    told |= {article.id for article in articles if article.relation in SUPPRESSED}
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


# ── delivering ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Ready:
    """A digest read and rendered once, for all its deliveries."""

    digest: Digest
    rendered: Rendered


@dataclass(slots=True)
class _Tally:
    sent: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    retrying: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


def deliver_due(
    rasid: Rasid, *, clock: Clock, stages: Stages | None = None, progress: Progress = quiet
) -> DigestReport:
    """Send what the outbox holds, one recipient at a time.

    The row is committed as 'sending' before the first byte leaves. If this process dies in between, the lease lapses,
    the row becomes 'unknown', and it is sent again, marked as a possible repeat and under the same Message-ID: a
    message may in that one case come twice, and it never vanishes.
    """
    stages = stages or Stages()
    tally, ready = _Tally(), dict[str, _Ready]()
    rasid.store.lapse_deliveries(clock())
    lease = timedelta(seconds=rasid.config.settings.delivery.lease)
    while (delivery := rasid.store.claim_delivery(clock(), clock() + lease)) is not None:
        if delivery.digest_id not in ready:
            with stages.span("render"):
                ready[delivery.digest_id] = _make_ready(rasid, delivery.digest_id, clock())
        with stages.span("send"):
            _deliver(rasid, delivery, ready[delivery.digest_id], clock, tally)
        progress("deliveries", len(tally.sent), 0)
    return DigestReport(
        sent=tuple(tally.sent),
        failed=tuple(tally.failed),
        retrying=tuple(tally.retrying),
        files=tuple(tally.files),
        stages=stages.table(),
    )


def _make_ready(rasid: Rasid, digest_id: str, now: datetime) -> _Ready:
    from alerts.render import render  # templates and senders are for runs that have something to tell

    digest = rasid.store.digest(digest_id)
    if digest is None:  # a foreign key holds it: nothing deletes a digest that has deliveries
        raise LookupError(f"the outbox names digest {digest_id}, which is not stored")
    return _Ready(digest, render(digest, public_url=rasid.config.settings.public_url, now=now))


def _deliver(rasid: Rasid, delivery: Delivery, ready: _Ready, clock: Clock, tally: _Tally) -> None:
    """One row of the outbox: sent, or put back with the reason, or given up with the reason."""
    name = f"{delivery.channel} {delivery.recipient} {delivery.digest_id}"
    try:
        note = SENDERS[delivery.channel](rasid, delivery, ready, clock())
    except TransportError as error:
        options = rasid.config.settings.delivery
        if error.permanent or delivery.attempt >= options.attempts:
            rasid.store.mark_failed(delivery.id, error.reason, clock(), attempt=delivery.attempt)
            tally.failed.append(f"{name}: {error.reason}")
            return
        wait = retry_after(delivery.attempt, options.backoff, error.retry_after, random.random())  # noqa: S311
        rasid.store.mark_retry(
            delivery.id, error.reason, clock() + wait, uncertain=error.uncertain, attempt=delivery.attempt
        )
        tally.retrying.append(f"{name}: {error.reason}")
        return
    rasid.store.mark_sent(delivery.id, clock(), note, attempt=delivery.attempt)
    tally.sent.append(name)
    if delivery.channel == "file" and note:
        tally.files.append(note)


def retry_after(attempt: int, backoff: float, asked: float | None, jitter: float) -> timedelta:
    """How long to wait before attempt + 1: doubling, at most six hours, never less than the other side asked."""
    doubled = min(backoff * 2 ** (attempt - 1), 6 * 3600) * (0.75 + jitter / 2)
    return timedelta(seconds=max(doubled, asked or 0.0))


# ── channels ─────────────────────────────────────────────────────────────────────────────────────


def _send_file(_rasid: Rasid, delivery: Delivery, ready: _Ready, _now: datetime) -> str:
    from alerts import file

    return str(file.write(Path(delivery.recipient), delivery.digest_id, ready.rendered))


def _send_email(rasid: Rasid, delivery: Delivery, ready: _Ready, now: datetime) -> str:
    from alerts import email

    options = smtp_options(rasid.config.settings)
    message = email.build_message(
        ready.rendered,
        sender=options.sender,
        recipient=delivery.recipient,
        message_id=delivery.message_id,
        list_id=ready.digest.subscription_id,
        unsubscribe=None,
        date=now,
        repeat=delivery.repeat,
    )
    return email.send(options, delivery.recipient, message)


def smtp_options(settings: Settings) -> SmtpOptions:
    """The relay, its password from the environment; TransportError says which setting is missing."""
    from alerts.email import SmtpOptions

    smtp = settings.smtp
    if not smtp.host or not smtp.sender:
        missing = "smtp.host" if not smtp.host else "smtp.sender"
        raise TransportError(
            "email", f"no {missing} in settings.yaml; set it, then the mail goes out by itself"
        )
    return SmtpOptions(
        host=smtp.host,
        port=smtp.port,
        security=smtp.security,
        username=smtp.username,
        password=_secret("email", smtp.password_env) if smtp.password_env else None,
        sender=smtp.sender,
        timeout=smtp.timeout,
    )


def _send_slack(rasid: Rasid, delivery: Delivery, ready: _Ready, now: datetime) -> str | None:
    from alerts import slack

    webhook = _secret("slack", delivery.recipient)
    messages = slack.payload(ready.digest, now=now, repeat=delivery.repeat)
    settings = rasid.config.settings
    named = frozenset(settings.http.allow_hosts)
    slack.send(webhook, messages, timeout=settings.slack.timeout, allow_hosts=named)
    return None


def _secret(channel: str, name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise TransportError(channel, f"the environment variable {name} is not set; set it where Rasid runs")
    return value


Sender = Callable[[Rasid, Delivery, _Ready, datetime], str | None]
SENDERS: dict[str, Sender] = {"file": _send_file, "email": _send_email, "slack": _send_slack}
