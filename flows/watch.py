"""The watch flow: the dead man's look at Rasid, as a run that Prefect can start by itself."""

from __future__ import annotations

from pathlib import Path

from prefect import flow, get_run_logger

from flows.shared import batch, run_name, utc_now
from rasid.app.alarm import AlarmReport, alarm
from rasid.errors import RasidError


@batch(name="look for silence", run="look, and tell the operators")
def look_for_silence(config: str) -> AlarmReport:
    """One look; what is to be told is told."""
    return alarm(Path(config), utc_now)


@flow(name="watch", flow_run_name=run_name, validate_parameters=True)
def watch(config: str = "config") -> None:
    """Tell the operators where Rasid fell silent. The run fails where something was to be told and nobody could be."""
    report = look_for_silence(config)
    logger = get_run_logger()
    for standing in report.standing:
        logger.error("%s %s", standing.what.en, "; ".join(standing.said))
    for problem in report.problems:
        logger.warning(problem)
    if report.unheard:
        errors = "; ".join(f"{route.channel}: {route.error}" for route in report.routes)
        raise RasidError(f"nobody could be told: {errors}")
