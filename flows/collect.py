"""The collect flow: poll the due feeds and read what is new, read changed watchlists over the archive, deliver.

It ends with the delivery of what is due, so that an immediate alert leaves with the collect that found it. A digest
flow at the same time does no harm: windows are unique, and messages are claimed one by one.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.digest import compose_and_deliver
from flows.digest import publish as publish_digest
from flows.shared import batch, run_name, utc_now
from rasid.app.collect import gather, merge_reports, run_summary
from rasid.app.context import open_rasid
from rasid.app.reread import reread_archive
from rasid.app.summary import collect_lines, stage_lines
from rasid.types import CollectReport


@batch(name="gather news", run="poll the due feeds and read what is new")
def gather_news(config: str, force: bool) -> CollectReport:
    """Poll the due feeds and work through the queue of pages, within the run's deadline."""
    with open_rasid(Path(config)) as rasid:
        return gather(rasid, clock=utc_now, force=force)


@batch(name="reread archive", run="read changed watchlists over the archive")
def reread(config: str, spent: float) -> CollectReport:
    """Find what changed watchlists find in the archive, within what is left of the run's deadline."""
    with open_rasid(Path(config)) as rasid:
        return reread_archive(rasid, clock=utc_now, spent=spent)


@flow(name="collect", flow_run_name=run_name, validate_parameters=True)
def collect(config: str = "config", force: bool = False) -> None:
    """Collect once. `config` is the operators' folder; `force` polls feeds that are not due, too."""
    started = utc_now()
    gathered = gather_news(config, force)
    archive = reread(config, (utc_now() - started).total_seconds())
    report = merge_reports(gathered, archive)
    with open_rasid(Path(config)) as rasid:
        rasid.store.record_run("collect", started, utc_now(), run_summary(report))
    delivered = compose_and_deliver(config)
    publish(report)
    publish_digest(delivered)


def publish(report: CollectReport) -> None:
    """What a person opens on Prefect's page: the feeds as a table, the run in words."""
    create_table_artifact(
        key="feeds",
        table=[asdict(feed) for feed in report.feeds],
        description="What each feed gave in this run.",
    )
    lines = [*collect_lines(report), "", *stage_lines(report.stages)]
    create_markdown_artifact(
        key="collect-summary", markdown="```\n" + "\n".join(lines) + "\n```", description="The run, in words."
    )
    logger = get_run_logger()
    for line in collect_lines(report):
        logger.info(line)
