"""The digest flow: compose what is due, deliver what the outbox holds."""

from __future__ import annotations

from pathlib import Path

from prefect import flow, get_run_logger
from prefect.artifacts import create_link_artifact, create_markdown_artifact

from flows.shared import batch, run_name, utc_now
from rasid.app.context import open_rasid
from rasid.app.digest import run_digest
from rasid.app.summary import digest_lines
from rasid.types import DigestReport


@batch(name="compose and deliver", run="compose and deliver what is due")
def compose_and_deliver(config: str) -> DigestReport:
    """One pass over the subscriptions and the outbox."""
    with open_rasid(Path(config)) as rasid:
        return run_digest(rasid, clock=utc_now)


@flow(name="digest", flow_run_name=run_name, validate_parameters=True)
def digest(config: str = "config") -> None:
    """Send what is due by each subscription's own schedule. `config` is the operators' folder."""
    publish(compose_and_deliver(config))


def publish(report: DigestReport) -> None:
    """The run in words, and a link to each digest that was written to a file."""
    lines = digest_lines(report)
    create_markdown_artifact(
        key="digest-summary", markdown="```\n" + "\n".join(lines) + "\n```", description="The run, in words."
    )
    for path in report.files:
        create_link_artifact(
            key="digest", link=Path(path).resolve().as_uri(), description="The digest's HTML."
        )
    logger = get_run_logger()
    for line in lines:
        logger.info(line)
