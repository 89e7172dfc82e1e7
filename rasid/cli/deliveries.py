"""`rasid deliveries`: the outbox, for a person who asks where a message is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, get_args

import click

from rasid.app.context import open_rasid
from rasid.cli.output import moment, print_json, print_table
from rasid.types import DeliveryState

if TYPE_CHECKING:
    from pathlib import Path

    from rasid.types import Delivery


@click.command()
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(get_args(DeliveryState)),
    help="Only these; repeat it.",
)
@click.option("--digest", "digest_id", help="Only those of one digest.")
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, 1_000_000),
    help="How many, the newest last.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def deliveries(
    folder: Path, states: tuple[DeliveryState, ...], digest_id: str | None, limit: int, as_json: bool
) -> None:
    """Every message to every recipient: where it stands, what the channel said, when it is tried again."""
    with open_rasid(folder) as rasid:
        found = rasid.store.deliveries(digest_id, states=states, limit=limit)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    print_deliveries(found)


def print_deliveries(found: list[Delivery]) -> None:
    """The table, for `rasid digest show` too."""
    print_table(
        ["id", "digest", "channel", "recipient", "state", "attempts", "when", "what was said"],
        [
            [
                str(one.id),
                one.digest_id,
                one.channel,
                one.recipient,
                f"{one.state}{', may repeat' if one.repeat else ''}",
                str(one.attempt),
                moment(one.sent_at or one.next_try),
                " ".join((one.error or one.note or "-").split()),
            ]
            for one in found
        ],
    )
