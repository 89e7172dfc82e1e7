"""Commands that show what Rasid knows: digest preview, digest list."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rasid.app.context import Rasid, open_rasid
from rasid.app.digest import compose_window
from rasid.cli import FINDINGS
from rasid.cli.output import print_json, print_table, utc_now
from rasid.schedule import last_due

if TYPE_CHECKING:
    from datetime import datetime


def _moment(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M}Z" if time else "-"


@click.group()
def digest() -> None:
    """Digests: preview the next one, list those composed."""


@digest.command("list")
@click.option("--limit", default=20, show_default=True, help="How many, newest first.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def list_digests(folder: Path, limit: int, as_json: bool) -> None:
    """The digests composed so far, and what became of their deliveries."""
    with open_rasid(folder) as rasid:
        rows = rasid.store.digests(limit)
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    print_table(
        ["digest", "subscription", "window end", "stories", "deliveries"],
        [
            [
                row.id,
                row.subscription_id,
                _moment(row.window_end),
                str(row.stories),
                ", ".join(f"{count} {state}" for state, count in sorted(row.deliveries.items())) or "-",
            ]
            for row in rows
        ],
    )


@digest.command()
@click.argument("subscription_id", metavar="SUBSCRIPTION")
@click.option(
    "--format", "kind", type=click.Choice(["html", "text", "json"]), default="text", show_default=True
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file instead of stdout.")
@click.pass_obj
def preview(folder: Path, subscription_id: str, kind: str, output: Path | None) -> None:
    """What SUBSCRIPTION would be told if its digest were due now; nothing is stored or sent."""
    with open_rasid(folder) as rasid:
        content = _preview(rasid, subscription_id, kind)
    if output is None:
        click.echo(content)
        return
    output.write_text(content, encoding="utf-8")
    click.echo(f"written {output}", err=True)


def _preview(rasid: Rasid, subscription_id: str, kind: str) -> str:
    import json

    from alerts.render import render

    known = {subscription.id: subscription for subscription in rasid.config.subscriptions}
    if subscription_id not in known:
        click.echo(f"no subscription {subscription_id!r}; there are: {', '.join(known) or 'none'}", err=True)
        sys.exit(FINDINGS)
    subscription, now = known[subscription_id], utc_now()
    start = rasid.store.windows(subscription_id)
    tick = last_due(subscription.schedule, subscription.timezone, now)
    window = (start or tick - subscription.max_age, now)
    composed, _ = compose_window(rasid, subscription, window, now)
    if kind == "json":
        return json.dumps(asdict(composed), ensure_ascii=False, indent=2, default=str)
    rendered = render(composed, public_url=rasid.config.settings.public_url, now=now)
    return rendered.html if kind == "html" else rendered.text
