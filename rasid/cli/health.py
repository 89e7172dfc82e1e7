"""`rasid health`: the question of an outside monitor, answered by the exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from rasid.app.health import examine
from rasid.cli import FINDINGS
from rasid.cli.output import print_json, utc_now

if TYPE_CHECKING:
    from pathlib import Path

    from rasid.app.health import Health


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def health(folder: Path, as_json: bool) -> None:
    """Say whether Rasid does its work; exit code 1 where it does not, with what to do in words.

    Nothing is made, migrated or changed: a monitor may ask every minute.
    """
    found = examine(folder, utc_now())
    if as_json:
        print_json(_json(found))
    else:
        for finding in found.findings:
            click.echo(finding)
        click.echo(_summary(found), err=True)
    sys.exit(FINDINGS if found.ill else 0)


def _json(found: Health) -> dict[str, object]:
    return {
        "status": "ill" if found.ill else "ok",
        "findings": found.findings,
        "feeds": found.feeds,
        "last_collect": None if found.last_collect is None else found.last_collect.isoformat(),
        "pending": found.pending,
    }


def _summary(found: Health) -> str:
    feeds = ", ".join(f"{count} {status}" for status, count in sorted(found.feeds.items()))
    last = f"last collect {found.last_collect:%Y-%m-%d %H:%M}Z" if found.last_collect else "no collect yet"
    return f"{'ill' if found.ill else 'ok'}: {last}; feeds: {feeds or 'none known'}; {found.pending} entries pending"
