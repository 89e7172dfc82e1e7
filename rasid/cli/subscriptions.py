"""`rasid subscriptions`: who gets what and when it is due next; pausing, resuming, who left."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from rasid.app.context import load_config, open_archive
from rasid.app.subscriptions import named, recipients, standing, take_back, ticks, upcoming
from rasid.cli.editing import write_edits
from rasid.cli.output import moment, print_json, print_table, utc_now
from rasid.config.subscription_editing import set_paused
from rasid.schedule import describe, rests_of

if TYPE_CHECKING:
    from datetime import date, datetime, timedelta
    from pathlib import Path

    from rasid.app.subscriptions import Recipient, Standing
    from rasid.types import Subscription

_FILE = "subscriptions.yaml"

_json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_dry_run_option = click.option("--dry-run", is_flag=True, help="Show the diff and write nothing.")


@click.group()
def subscriptions() -> None:
    """Who gets what and when: list, next, pause, resume, who."""


# ── list ──────────────────────────────────────────────────────────────────────────────────────────


@subscriptions.command("list")
@_json_option
@click.pass_obj
def list_subscriptions(folder: Path, as_json: bool) -> None:
    """Every subscription: when it is due next, where it goes, whether it is paused."""
    config, now = load_config(folder), utc_now()
    with open_archive(config, folder) as store:
        found = [standing(subscription, store, now) for subscription in config.subscriptions]
    if as_json:
        print_json([_as_json(one) for one in found])
        return
    header = ["id", "state", "next", "in", "last window", "channels", "terms", "schedule", "name"]
    print_table(header, [_row(one, now) for one in found])


def _row(one: Standing, now: datetime) -> list[str]:
    subscription = one.subscription
    return [
        subscription.id,
        _state(one),
        _local(one.next, subscription.timezone),
        _span(one.next - now) if one.next else "-",
        moment(one.last),
        ", ".join(_channels(one.recipients)),
        str(len(subscription.terms)),
        describe(subscription.schedule, "en", rests_of(subscription)),
        subscription.name,
    ]


def _as_json(one: Standing) -> dict[str, object]:
    subscription = one.subscription
    return {
        "id": subscription.id,
        "name": subscription.name,
        "state": _state(one),
        "paused": one.paused,
        "paused_until": subscription.paused_until,
        "resting_until": _iso(one.resting_until),
        "schedule": subscription.schedule,
        "schedule_words": describe(subscription.schedule, "en", rests_of(subscription)),
        "timezone": subscription.timezone,
        "language": subscription.language,
        "terms": subscription.terms,
        "channels": _channels(one.recipients),
        "last_window": _iso(one.last),
        "next": _iso(one.next),
    }


def _state(one: Standing) -> str:
    """One word where all is as usual; the pause goes before the rest."""
    subscription = one.subscription
    if subscription.paused:
        return "paused"
    if one.paused:
        return f"paused until {subscription.paused_until}"
    if one.resting_until:
        return f"resting until {_local(one.resting_until, subscription.timezone)}"
    return "on"


def _channels(found: tuple[Recipient, ...]) -> list[str]:
    """How many get it on each kind of channel, and how many of them left."""
    listed = [one for one in found if one.listed]
    left = Counter(one.channel for one in listed if one.left)
    counts = Counter(one.channel for one in listed)
    return [
        f"{kind} {count}" + (f" ({left[kind]} unsubscribed)" if left[kind] else "")
        for kind, count in counts.items()
    ]


# ── next ──────────────────────────────────────────────────────────────────────────────────────────


@subscriptions.command("next")
@click.argument("subscription_id", metavar="[ID]", required=False)
@click.option("--count", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many.")
@_json_option
@click.pass_obj
def next_ticks(folder: Path, subscription_id: str | None, count: int, as_json: bool) -> None:
    """When the subscription ID, or any of them, is due next: by the clock of its time zone, and in UTC."""
    config, now = load_config(folder), utc_now()
    meant = [named(config, subscription_id)] if subscription_id else list(config.subscriptions)
    by_id = {subscription.id: subscription for subscription in meant}
    found = [(tick.at, by_id[tick.subscription_id]) for tick in upcoming(meant, now, count)]
    if as_json:
        print_json([_tick_as_json(at, subscription) for at, subscription in found])
    else:
        rows = [
            [_local(at, one.timezone), one.timezone, moment(at), _span(at - now), one.id] for at, one in found
        ]
        print_table(["local", "time zone", "UTC", "in", "subscription"], rows)
    for subscription in meant:
        if note := _tick_note(subscription, now.astimezone(ZoneInfo(subscription.timezone)).date()):
            click.echo(f"{subscription.id}: {note}", err=True)


def _tick_as_json(at: datetime, subscription: Subscription) -> dict[str, object]:
    return {
        "subscription": subscription.id,
        "utc": _iso(at),
        "local": at.astimezone(ZoneInfo(subscription.timezone)).isoformat(),
        "weekday": f"{at.astimezone(ZoneInfo(subscription.timezone)):%A}",
        "timezone": subscription.timezone,
    }


def _tick_note(subscription: Subscription, today: date) -> str | None:
    """What the table of ticks cannot say."""
    if subscription.paused:
        return f"paused; `rasid subscriptions resume {subscription.id}` sends it again"
    if subscription.paused_until and subscription.paused_until > today:
        return f"paused until {subscription.paused_until}"
    if subscription.schedule == "immediate":
        return f"{describe('immediate', 'en', rests_of(subscription))}, from the time above on"
    return None


# ── pause, resume ─────────────────────────────────────────────────────────────────────────────────


@subscriptions.command()
@click.argument("subscription_id", metavar="ID")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The first day on which it is sent again, as 2026-01-31; without it until `resume`.",
)
@_dry_run_option
@click.pass_obj
def pause(folder: Path, subscription_id: str, until: datetime | None, dry_run: bool) -> None:
    """Compose and send nothing for the subscription ID; the diff of subscriptions.yaml is shown."""
    subscription = named(load_config(folder), subscription_id)
    today = utc_now().astimezone(ZoneInfo(subscription.timezone)).date()
    if until is not None and until.date() <= today:
        raise click.UsageError(
            f"--until {until.date()} is not after today, {today} in {subscription.timezone}"
        )
    _write(folder, subscription_id, dry_run=dry_run, paused=until.date() if until else True)


@subscriptions.command()
@click.argument("subscription_id", metavar="ID")
@click.option(
    "--recipient", metavar="ADDRESS", help="Instead: let this one, who unsubscribed, have it again."
)
@_dry_run_option
@click.pass_obj
def resume(folder: Path, subscription_id: str, recipient: str | None, dry_run: bool) -> None:
    """End the pause of the subscription ID; what it missed is told next, as far back as max_age_days."""
    if recipient is None:
        _write(folder, subscription_id, dry_run=dry_run, paused=False)
        return
    if dry_run:
        raise click.UsageError("--dry-run is about subscriptions.yaml; --recipient does not change it")
    config = load_config(folder)
    subscription = named(config, subscription_id)
    with open_archive(config, folder) as store:
        taken = take_back(store, subscription, recipient)
    for one in taken:
        click.echo(f"{one.channel} {one.recipient} gets '{subscription.id}' again")
        if not one.listed:
            click.echo(f"add {one.recipient} to {folder / _FILE}, which does not list it any more", err=True)


def _write(folder: Path, subscription_id: str, *, dry_run: bool, paused: bool | date) -> None:
    """Write `paused:`, or say that it stands there already; then tell when it is due next."""
    config = load_config(folder)
    subscription = named(config, subscription_id)
    if (subscription.paused_until or subscription.paused) == paused:
        click.echo(f"{subscription_id} is {_pause_in_words(paused)} already", err=True)
        return
    write_edits(
        folder, config, {_FILE: lambda text: set_paused(text, subscription_id, paused=paused)}, dry_run
    )
    if dry_run:
        return
    after = named(load_config(folder), subscription_id)
    due = next((tick.at for tick in ticks(after, utc_now())), None)
    said = f"{subscription_id} is {_pause_in_words(paused)}"
    click.echo(f"{said}; due next: {_local(due, after.timezone)} {after.timezone}" if due else said, err=True)


def _pause_in_words(value: bool | date) -> str:
    if value is True:
        return "paused"
    return f"paused until {value}" if value else "not paused"


# ── who ───────────────────────────────────────────────────────────────────────────────────────────


@subscriptions.command()
@click.argument("subscription_id", metavar="ID")
@_json_option
@click.pass_obj
def who(folder: Path, subscription_id: str, as_json: bool) -> None:
    """Who gets the subscription ID, and who unsubscribed when."""
    config = load_config(folder)
    subscription = named(config, subscription_id)
    with open_archive(config, folder) as store:
        found = recipients(subscription, store)
    if as_json:
        print_json([_recipient_as_json(one) for one in found])
        return
    rows = [[one.channel, one.recipient, _presence(one), moment(one.left)] for one in found]
    print_table(["channel", "recipient", "state", "since"], rows)
    if any(one.left and one.listed for one in found):
        again = f"rasid subscriptions resume {subscription.id} --recipient ADDRESS"
        click.echo(f"`{again}` lets one of them have it again", err=True)


def _recipient_as_json(one: Recipient) -> dict[str, object]:
    return {
        "channel": one.channel,
        "recipient": one.recipient,
        "state": _presence(one),
        "unsubscribed_at": _iso(one.left),
        "listed": one.listed,
    }


def _presence(one: Recipient) -> str:
    if one.left is None:
        return "gets it"
    return "unsubscribed" if one.listed else "unsubscribed, not listed any more"


# ── times ─────────────────────────────────────────────────────────────────────────────────────────


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _local(at: datetime | None, timezone: str) -> str:
    """A moment by the clock of a zone, with its weekday."""
    return f"{at.astimezone(ZoneInfo(timezone)):%a %Y-%m-%d %H:%M}" if at else "-"


def _span(left: timedelta) -> str:
    """How long until then, in the two largest units."""
    minutes = round(left.total_seconds() / 60)
    if minutes == 0:
        return "now"
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {rest} min" if hours else f"{rest} min"
