"""`rasid alarm` and `rasid deploy`: Rasid watched from outside, and on a Prefect server."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from rasid.app.alarm import alarm as look
from rasid.cli import FINDINGS
from rasid.cli.output import moment, print_json, utc_now

if TYPE_CHECKING:
    from pathlib import Path

    from rasid.alarms import Alarm
    from rasid.app.alarm import AlarmReport


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--dry-run", is_flag=True, help="Only look: nobody is told, nothing is remembered.")
@click.pass_obj
def alarm(folder: Path, as_json: bool, dry_run: bool) -> None:
    """Say where Rasid fell silent, and tell its operators; exit code 1 where an alarm stands.

    The operators (`operators.channels` in settings.yaml) are told once, again every six hours while it stands, and
    once when it is over; never only by the way that has failed. For cron or a systemd timer beside Rasid.
    """
    report = look(folder, utc_now, dry_run=dry_run)
    if as_json:
        print_json(_json(report))
    else:
        for line in _lines(report):
            click.echo(line)
    for problem in report.problems:
        click.echo(f"rasid alarm: {problem}", err=True)
    if report.unheard:
        click.echo("rasid alarm: nobody could be told; it is tried again with the next call", err=True)
    sys.exit(FINDINGS if report.standing or report.unheard else 0)


def _lines(report: AlarmReport) -> list[str]:
    """What a person reads, and what cron mails."""
    lines = [line for alarm in report.standing for line in _alarm(alarm)]
    lines += [f"over: {over.what.en}" for over in report.telling.over]
    lines += [
        f"{'told' if route.error is None else 'NOT told'}: {route.channel} {route.recipient}"
        f"{'' if route.error is None else f': {route.error}'}"
        for route in report.routes
    ]
    return lines or ["all is well"]


def _alarm(alarm: Alarm) -> list[str]:
    since = "" if alarm.since is None else f" (since {moment(alarm.since)})"
    lines = [f"{alarm.what.en}{since}", *(f"  {' '.join(said.split())}" for said in alarm.said)]
    if alarm.look is not None:
        lines.append(f"  look at: {alarm.look.en}")
    return lines + [f"  run: rasid {command}" for command in alarm.commands]


def _json(report: AlarmReport) -> dict[str, object]:
    return {
        "status": "alarm" if report.standing else "ok",
        "standing": [_alarm_json(alarm) for alarm in report.standing],
        "new": [alarm.key for alarm in report.telling.new],
        "again": [alarm.key for alarm in report.telling.again],
        "over": [over.key for over in report.telling.over],
        "routes": [asdict(route) for route in report.routes],
        "problems": report.problems,
    }


def _alarm_json(alarm: Alarm) -> dict[str, object]:
    return {
        "key": alarm.key,
        "what": alarm.what.en,
        "what_ar": alarm.what.ar,
        "since": None if alarm.since is None else alarm.since.isoformat(),
        "look": None if alarm.look is None else alarm.look.en,
        "said": alarm.said,
        "commands": [f"rasid {command}" for command in alarm.commands],
    }


@click.command()
@click.option("--pool", default="rasid", show_default=True, help="The work pool; made where it is missing.")
@click.option(
    "--notify",
    metavar="SLUG/NAME",
    help="A notification block of Prefect's (slack-webhook/ops) that is told, too, when no collect completes.",
)
@click.pass_obj
def deploy(folder: Path, pool: str, notify: str | None) -> None:
    """Put Rasid's flows, their schedules and automations on the Prefect server of PREFECT_API_URL.

    It may be called again: what is there is brought up to date, and nothing is made twice.
    """
    from flows.deploy import deploy_all

    for line in deploy_all(folder, pool=pool, notify=notify):
        click.echo(line)
