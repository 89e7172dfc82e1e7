"""`rasid feedback`: what readers said of mentions, and the stories that are muted."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from rasid.app.context import open_rasid
from rasid.app.feedback import ENDLESS, short
from rasid.cli.editing import owner_of, write_edits
from rasid.cli.output import ROW_ID, moment, print_json, print_table, utc_now
from rasid.config.example_editing import add_example
from rasid.errors import RasidError

if TYPE_CHECKING:
    from pathlib import Path

    from rasid.app.context import Rasid
    from rasid.types import Mute, Proposal

_json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group()
def feedback() -> None:
    """What readers said: list, accept, decline; stories muted: mutes, mute, unmute."""


# ── mentions judged ───────────────────────────────────────────────────────────────────────────────


@feedback.command("list")
@click.option(
    "--state",
    type=click.Choice(["open", "accepted", "declined", "all"]),
    default="open",
    show_default=True,
    help="Which.",
)
@_json_option
@click.pass_obj
def list_proposals(folder: Path, state: str, as_json: bool) -> None:
    """What readers said of mentions: an example for the watchlist each, to be accepted or declined."""
    with open_rasid(folder) as rasid:
        found = rasid.store.proposals(None if state == "all" else state)
    if as_json:
        print_json([asdict(one) | {"who": _who(one)} for one in found])
        return
    header = ["id", "state", "when", "term", "example", "who", "article", "sentence"]
    print_table(header, [_proposal_row(one) for one in found])
    if found and state == "open":
        click.echo("rasid feedback accept ID writes one into its watchlist; decline ID closes it", err=True)


def _proposal_row(one: Proposal) -> list[str]:
    return [
        str(one.id),
        one.state,
        moment(one.at),
        one.term,
        _kind(one),
        _who(one),
        one.url,
        one.text,
    ]


def _kind(one: Proposal) -> str:
    return "match" if one.match else "skip"


def _who(one: Proposal) -> str:
    channel, _, recipient = one.who.partition(" ")
    return f"{channel} {short(recipient)}"


@feedback.command()
@click.argument("proposal_id", metavar="ID", type=ROW_ID)
@click.option("--dry-run", is_flag=True, help="Show the diff and write nothing.")
@click.pass_obj
def accept(folder: Path, proposal_id: int, dry_run: bool) -> None:
    """Write a reader's sentence into its term's examples, where the watchlist does what it asks for.

    A sentence that the watchlist still gets wrong is refused, and stays open: `rasid check` fails on no example that
    nobody has mended.
    """
    with open_rasid(folder) as rasid:
        one = _open_proposal(rasid, proposal_id)
        watchlist = owner_of(rasid.config, one.term)
        examples = rasid.config.terms[one.term].examples
        if not any((example.text, example.match) == (one.text, one.match) for example in examples):
            _refuse_unfulfilled(rasid, one)

            def edit(text: str) -> str:
                return add_example(text, one.term, one.text, match=one.match)

            write_edits(folder, rasid.config, {watchlist.file: edit}, dry_run)
        if not dry_run:
            rasid.store.settle_proposal(one.id, utc_now(), accepted=True)
            click.echo(f"accepted {one.id}: a `{_kind(one)}:` example of '{one.term}'", err=True)


def _refuse_unfulfilled(rasid: Rasid, one: Proposal) -> None:
    found = any(mention.term == one.term for mention in rasid.matcher.find(one.text))
    if found == one.match:
        return
    if one.match:
        wrong, remedy = "is not found", f"`rasid terms add {one.term} FORM` teaches the spelling"
    else:
        wrong = "is still found"
        remedy = (
            f"`rasid terms add {one.term} FORM --unless WORD` keeps a spelling out beside a word, `--lookalike --near "
            "WORD` lets it count only near one, and `unless:` of the term does it for all its spellings"
        )
    raise RasidError(
        f"'{one.term}' {wrong} in «{one.text}», so `rasid check` would fail; nothing written. First mend the "
        f"watchlist: {remedy}; `rasid explain - --term {one.term}` shows why (the sentence on its standard "
        "input). Then accept it again"
    )


@feedback.command()
@click.argument("proposal_id", metavar="ID", type=ROW_ID)
@click.pass_obj
def decline(folder: Path, proposal_id: int) -> None:
    """Close what a reader said; the watchlist stays as it is."""
    with open_rasid(folder) as rasid:
        one = _open_proposal(rasid, proposal_id)
        rasid.store.settle_proposal(one.id, utc_now(), accepted=False)
    click.echo(f"declined {one.id}", err=True)


def _open_proposal(rasid: Rasid, proposal_id: int) -> Proposal:
    found = next((one for one in rasid.store.proposals(None) if one.id == proposal_id), None)
    if found is None:
        raise RasidError(f"there is no proposal {proposal_id}; `rasid feedback list` shows their ids")
    if found.state != "open":
        raise RasidError(f"proposal {proposal_id} was {found.state} already")
    return found


# ── stories muted ─────────────────────────────────────────────────────────────────────────────────


@feedback.command()
@_json_option
@click.pass_obj
def mutes(folder: Path, as_json: bool) -> None:
    """The stories that a reader, or everybody, is told no more of."""
    now = utc_now()
    with open_rasid(folder) as rasid:
        rows = [_mute_row(rasid, one, now) for one in rasid.store.mutes(now)]
    if as_json:
        print_json(rows)
        return
    header = ["id", "story", "until", "since", "who", "headline"]
    print_table(header, [[str(value) for value in row.values()] for row in rows])


def _mute_row(rasid: Rasid, one: Mute, now: datetime) -> dict[str, object]:
    story, by = rasid.store.story(one.story_id), one.delivery
    return {
        "id": one.id,
        "story": one.story_id,
        "until": "its end" if one.until - now > ENDLESS else moment(one.until),
        "since": moment(one.at),
        "who": "everybody" if by is None else f"{by.channel} {short(by.recipient)}",
        "headline": "" if story is None else " ".join(story.headline.split()),
    }


@feedback.command()
@click.argument("story_id", metavar="STORY", type=ROW_ID)
@click.option(
    "--until",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The first day on which it may be told again, in the timezone of settings.yaml.",
)
@click.pass_obj
def mute(folder: Path, story_id: int, until: datetime) -> None:
    """Tell nobody of a story any more; digests say how many are muted."""
    with open_rasid(folder) as rasid:
        now, zone = utc_now(), ZoneInfo(rasid.config.settings.timezone)
        end = datetime.combine(until.date(), time(), zone).astimezone(UTC)
        if end <= now:
            raise click.UsageError(f"--until {until:%Y-%m-%d} is not ahead; write a later day")
        story = rasid.store.story(story_id)
        if story is None:
            raise RasidError(f"there is no story {story_id}; `rasid stories list` shows their ids")
        mute_id = rasid.store.mute(story.id, end, now, None)
    click.echo(
        f"story {story.id} is muted for everybody until {until:%Y-%m-%d}; `rasid feedback unmute {mute_id}` takes it "
        "back",
        err=True,
    )


@feedback.command()
@click.argument("mute_id", metavar="ID", type=ROW_ID)
@click.pass_obj
def unmute(folder: Path, mute_id: int) -> None:
    """Take a mute back, an operator's or a reader's."""
    with open_rasid(folder) as rasid:
        if not rasid.store.unmute(mute_id):
            raise RasidError(f"there is no mute {mute_id}; `rasid feedback mutes` shows their ids")
    click.echo(f"mute {mute_id} is taken back", err=True)
