"""`rasid run` and `rasid serve`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from rasid.app.collect import collect
from rasid.app.context import open_rasid
from rasid.app.digest import run_digest
from rasid.app.stages import Stages, start_stage
from rasid.app.summary import collect_lines, digest_lines, stage_lines
from rasid.cli import FINDINGS, IN_PART
from rasid.cli.output import progress_bar, utc_now

if TYPE_CHECKING:
    from pathlib import Path

    from rasid.types import CollectReport, DigestReport


@click.command()
@click.option("--all", "force", is_flag=True, help="Poll every enabled feed, due or not.")
@click.option("--stages/--no-stages", default=True, show_default=True, help="Print where the time went.")
@click.pass_obj
def run(folder: Path, force: bool, stages: bool) -> None:
    """Collect and digest once, without Prefect.

    Exit code 1 when no feed could be read, 4 when a digest could not be composed, or a delivery failed or has to be
    tried again.
    """
    start, opening = start_stage(), Stages()
    with open_rasid(folder, opening) as rasid, progress_bar() as progress:
        collected = collect(rasid, clock=utc_now, force=force, progress=progress)
        digested = run_digest(rasid, clock=utc_now, progress=progress)
    lines = collect_lines(collected) + digest_lines(digested)
    if stages:
        lines += ["", *stage_lines((start, *opening.table(), *collected.stages, *digested.stages))]
    click.echo("\n".join(lines))
    sys.exit(exit_code(collected, digested))


def exit_code(collected: CollectReport, digested: DigestReport) -> int:
    """What a run's outcome means to the shell; a note on stderr says what to do."""
    if collected.feeds and all(feed.result == "failed" for feed in collected.feeds):
        click.echo(
            "no feed could be read: check this machine's network, then `rasid doctor`; nothing is lost, "
            "the next run tries again by itself",
            err=True,
        )
        return FINDINGS
    return IN_PART if digested.broken or digested.failed or digested.retrying else 0


@click.command()
@click.pass_obj
def serve(folder: Path) -> None:
    """Run collect, digest, watch and maintain on their schedules in this process, with Prefect's page to see them.

    Readers' pages and figures for Prometheus are served beside them.
    """
    from flows.serve import serve_all

    serve_all(folder)
