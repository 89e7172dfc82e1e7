"""`rasid digest`: what was composed, what would be; sending once more what did not arrive."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rasid.app.context import Rasid, open_rasid
from rasid.app.digest import compose_window
from rasid.cli import FINDINGS
from rasid.cli.deliveries import print_deliveries
from rasid.cli.output import moment, print_json, print_table, utc_now
from rasid.config.values import nearest
from rasid.errors import RasidError
from rasid.schedule import last_due, rests_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rasid.types import Delivery, Digest

_format_option = click.option(
    "--format", "kind", type=click.Choice(["html", "text", "json"]), default="text", show_default=True
)
_output_option = click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file instead of stdout."
)


@click.group()
def digest() -> None:
    """Digests: list and show those composed, preview the next one, send again."""


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
                moment(row.window_end),
                str(row.stories),
                ", ".join(f"{count} {state}" for state, count in sorted(row.deliveries.items())) or "-",
            ]
            for row in rows
        ],
    )


@digest.command()
@click.argument("subscription_id", metavar="SUBSCRIPTION")
@_format_option
@_output_option
@click.pass_obj
def preview(folder: Path, subscription_id: str, kind: str, output: Path | None) -> None:
    """What SUBSCRIPTION would be told if its digest were due now; nothing is stored or sent."""
    with open_rasid(folder) as rasid:
        _write(_preview(rasid, subscription_id, kind), output)


@digest.command()
@click.argument("digest_id", metavar="DIGEST")
@_format_option
@_output_option
@click.pass_obj
def show(folder: Path, digest_id: str, kind: str, output: Path | None) -> None:
    """DIGEST as it was frozen, and as text what became of its deliveries."""
    with open_rasid(folder) as rasid:
        found = _composed(rasid, digest_id)
        _write(_drawn(found, kind), output)
        if kind == "text" and output is None:
            click.echo()
            print_deliveries(rasid.store.deliveries(digest_id))


@digest.command()
@click.argument("digest_id", metavar="DIGEST")
@click.option("--to", "recipients", multiple=True, help="Only to this recipient; repeat it.")
@click.option("--yes", is_flag=True, help="Do not ask: they have it already.")
@click.pass_obj
def resend(folder: Path, digest_id: str, recipients: tuple[str, ...], yes: bool) -> None:
    """Send DIGEST once more to those who have had it, or to whom it failed; each gets a message of its own.

    The next digest run sends it: `rasid run`, or within five minutes where `rasid serve` is at work.
    """
    with open_rasid(folder) as rasid:
        _composed(rasid, digest_id)
        chosen = _chosen(rasid.store.deliveries(digest_id), recipients)
        had = [one.recipient for one in chosen if one.state == "sent"]
        if had and not yes:
            click.confirm(f"{', '.join(had)} had it already; send it once more?", abort=True, err=True)
        now = utc_now()
        _tell([(one, rasid.store.resend_delivery(one, now)) for one in chosen], "is on its way already")


@digest.command()
@click.argument("digest_id", metavar="[DIGEST]", required=False)
@click.option("--to", "recipients", multiple=True, help="Only to this recipient; repeat it.")
@click.option("--failed", is_flag=True, help="Whatever failed, of every digest.")
@click.pass_obj
def retry(folder: Path, digest_id: str | None, recipients: tuple[str, ...], failed: bool) -> None:
    """Try again now what failed or waits: of DIGEST, or with --failed of all.

    What may have arrived keeps its Message-ID and its mark as a possible repeat. The next digest run sends it.
    """
    if (digest_id is None) != failed:
        raise click.UsageError("name a DIGEST (`rasid digest list`), or --failed for all that failed")
    with open_rasid(folder) as rasid:
        if digest_id is not None:
            _composed(rasid, digest_id)
        held = rasid.store.deliveries(
            digest_id, states=("failed",) if failed else ("failed", "new", "unknown")
        )
        now = utc_now()
        _tell(
            [(one, rasid.store.retry_delivery(one.id, now)) for one in _chosen(held, recipients)], "was sent"
        )


def _composed(rasid: Rasid, digest_id: str) -> Digest:
    """A digest by its id; RasidError names the one that was probably meant."""
    found = rasid.store.digest(digest_id)
    if found is None:
        known = [row.id for row in rasid.store.digests(200)]
        hint = nearest(digest_id, known) or "; `rasid digest list` names them"
        raise RasidError(f"no digest {digest_id!r}{hint}")
    return found


def _chosen(found: Sequence[Delivery], recipients: Sequence[str]) -> list[Delivery]:
    """Those to the recipients named, or all; RasidError where one of them is none."""
    known = {one.recipient for one in found}
    for recipient in recipients:
        if recipient not in known:
            raise RasidError(
                f"no such message to {recipient!r}{nearest(recipient, known) or f'; there are: {known or None}'}"
            )
    return [one for one in found if not recipients or one.recipient in recipients]


def _tell(done: Sequence[tuple[Delivery, bool]], otherwise: str) -> None:
    """What is due now, and what is not because of its state."""
    for one, due in done:
        name = f"{one.channel} {one.recipient} {one.digest_id}"
        click.echo(f"due now: {name}" if due else f"left alone: {name} {otherwise}")
    if not any(due for _, due in done):
        click.echo("nothing to send again", err=True)
        sys.exit(FINDINGS)


def _write(content: str, output: Path | None) -> None:
    if output is None:
        click.echo(content)
        return
    output.write_text(content, encoding="utf-8")
    click.echo(f"written {output}", err=True)


def _preview(rasid: Rasid, subscription_id: str, kind: str) -> str:
    known = {subscription.id: subscription for subscription in rasid.config.subscriptions}
    if subscription_id not in known:
        hint = nearest(subscription_id, known) or f"; there are: {', '.join(known) or 'none'}"
        raise RasidError(f"no subscription {subscription_id!r}{hint}")
    subscription, now = known[subscription_id], utc_now()
    start = rasid.store.latest_window(subscription_id, now)
    tick = last_due(subscription.schedule, subscription.timezone, now, rests_of(subscription))
    window = (start or tick - subscription.max_age, now)
    return _drawn(compose_window(rasid, subscription, window, now)[0], kind)


def _drawn(digest: Digest, kind: str) -> str:
    import json

    from alerts.render import render

    if kind == "json":
        return json.dumps(asdict(digest), ensure_ascii=False, indent=2, default=str)
    rendered = render(digest, now=utc_now())
    return rendered.html if kind == "html" else rendered.text
