"""Commands about the operators' files and this installation: init, check, schema, doctor."""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from importlib.resources import files as packaged
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rasid.cli import FINDINGS
from rasid.cli.output import utc_now
from rasid.errors import ConfigError, Problem, RasidError

if TYPE_CHECKING:
    from rasid.config import Config
    from rasid.config.advice import Advice
    from storage import Store


def default_config() -> Path:
    """The folder that `rasid init` copies: packaged with the wheel, config/ in a checkout."""
    inside = Path(str(packaged("rasid"))) / "defaults"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2] / "config"


@click.command()
@click.pass_obj
def init(folder: Path) -> None:
    """Write a first config folder; files that are there already are left as they are."""
    source = default_config()
    for path in sorted(source.rglob("*")):
        if not path.is_file():
            continue
        target = folder / path.relative_to(source)
        if target.exists():
            click.echo(f"kept    {target}")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
        click.echo(f"written {target}")
    click.echo(f"next: edit {folder}/subscriptions.yaml, then `rasid check`, then `rasid run`")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Errors and warnings as JSON.")
@click.option("--strict", is_flag=True, help="Exit code 1 for warnings, too.")
@click.pass_obj
def check(folder: Path, as_json: bool, strict: bool) -> None:
    """Check every file of the config folder, and that each watchlist's examples hold.

    Warnings tell what is allowed and yet odd: spellings given twice, common words without cues, cues in vain.
    Exit code 3 when a file is refused, 1 when an example fails.
    """
    from rasid.app.advice import advise_all
    from rasid.app.context import load_config

    config = load_config(folder)
    problems = _failed_examples(folder, config)
    warnings = advise_all(folder, config, lambda note: click.echo(note, err=True))
    if as_json:
        found = [*map(_error, problems), *map(_warning, warnings)]
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        for finding in (*problems, *warnings):
            click.echo(str(finding))
    examples = sum(len(term.examples) for term in config.terms.values())
    enabled = sum(feed.enabled for feed in config.feeds)
    click.echo(
        f"{enabled} of {len(config.feeds)} feeds on, {len(config.terms)} terms, {examples} examples "
        f"({len(problems)} failed), {len(config.subscriptions)} subscriptions, {len(warnings)} warnings",
        err=True,
    )
    sys.exit(FINDINGS if problems or (strict and warnings) else 0)


def _failed_examples(folder: Path, config: Config) -> list[Problem]:
    from rasid.app.context import under
    from rasid.config import check_examples
    from rasid.matching import Matcher

    matcher = Matcher(list(config.terms.values()))
    return [
        under(folder, problem)
        for watchlist in config.watchlists
        for problem in check_examples(watchlist, lambda text: sorted({m.term for m in matcher.find(text)}))
    ]


def _error(problem: Problem) -> dict[str, object]:
    return {"level": "error", "file": problem.file, "line": problem.line, "message": problem.message}


def _warning(advice: Advice) -> dict[str, object]:
    message = f"{advice.term}: {advice.message}"
    return {"level": "warning", "file": advice.file, "line": advice.line, "message": message}


@click.command()
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit code 1 if a file is out of date."
)
@click.pass_obj
def schema(folder: Path, only_check: bool) -> None:
    """Write the JSON Schemas that editors use into the config folder's schemas/."""
    from rasid.config import json_schemas

    stale = 0
    for name, content in json_schemas().items():
        path = folder / "schemas" / f"{name}.schema.json"
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        click.echo(f"{'out of date' if only_check else 'written'} {path}")
        if not only_check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    sys.exit(FINDINGS if only_check and stale else 0)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Findings as JSON.")
@click.pass_obj
def doctor(folder: Path, as_json: bool) -> None:
    """Say what is wrong with this installation, and what to do; exit code 1 where something is."""
    findings = diagnose(folder)
    if as_json:
        click.echo(json.dumps(findings, ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(f"- {finding}")
        click.echo("nothing to mend" if not findings else f"{len(findings)} to look at", err=True)
    sys.exit(FINDINGS if findings else 0)


def diagnose(folder: Path) -> list[str]:
    """Everything that keeps Rasid from its work: files, database, feeds, channels, runs."""
    from rasid.app.context import database_url, load_config, open_present
    from rasid.app.secrets import secret
    from rasid.app.setup_advice import advise_on_setup, prefect_exposed

    try:
        config = load_config(folder)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    findings = [*advise_on_setup(config, secret), *prefect_exposed(os.environ)]
    if not config.settings.http.contact:
        findings.append("settings.yaml: http.contact is empty; give sites an address to write to")
    try:
        with open_present(database_url(config, folder)) as store:
            if store is None:
                findings.append("there is no database yet: `rasid run` makes it")
            else:
                findings += store.check() or _feed_findings(config, store)
    except RasidError as error:
        findings.append(str(error))
    return findings


def _feed_findings(config: Config, store: Store) -> list[str]:
    from rasid.app.health import examine_store, feed_advice, feed_healths

    now, states = utc_now(), store.feed_states()
    listed = {feed.id: feed for feed in config.feeds}
    findings = [*examine_store(config, store, now).findings]
    findings += [
        finding
        for one in feed_healths(config, store, now)
        if one.feed_id in states
        for finding in feed_advice(listed[one.feed_id], states[one.feed_id], one)
    ]
    week = now - timedelta(days=7)
    return findings + [f"page given up: {url}: {error}" for _feed, url, error in store.failed_entries(week)]
