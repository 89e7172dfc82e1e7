"""The maintain flow: the night's housekeeping."""

from __future__ import annotations

from pathlib import Path

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact

from flows.shared import batch, run_name, utc_now
from rasid.app import maintain as housekeeping
from rasid.app.context import open_rasid


@batch(name="housekeeping", run="check, prune, back up")
def keep_house(config: str, backups: str) -> housekeeping.MaintainReport:
    """Check the database, prune old run rows, back up."""
    with open_rasid(Path(config)) as rasid:
        return housekeeping.maintain(rasid, clock=utc_now, backups=Path(backups))


@flow(name="maintain", flow_run_name=run_name, validate_parameters=True)
def maintain(config: str = "config", backups: str = "var/backups") -> None:
    """Housekeeping once. `backups` is the folder for SQLite's copies."""
    report = keep_house(config, backups)
    lines = [
        f"run rows pruned: {report.pruned}",
        f"pages pruned: {report.pages}",
        f"backup: {report.backup or 'none'}",
    ]
    lines += [f"problem: {problem}" for problem in report.problems]
    create_markdown_artifact(
        key="maintain-summary",
        markdown="\n".join(f"- {line}" for line in lines),
        description="The night's work.",
    )
    logger = get_run_logger()
    for line in lines:
        (logger.error if line.startswith("problem") else logger.info)(line)
