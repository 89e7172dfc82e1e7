"""Rasid's deployments, for `rasid serve` and `rasid deploy`; prefect.yaml says the same for `prefect deploy --all`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows.collect import collect
from flows.digest import digest
from flows.maintain import maintain
from flows.watch import watch

TAG = "rasid"
HEARTBEAT = 30  # seconds between two signs of life of a flow run; Prefect sends none by itself


@dataclass(frozen=True, slots=True)
class Planned:
    """A flow and when it runs."""

    flow: Flow[..., Any]
    cron: str
    slug: str
    description: str
    parameters: dict[str, str] = field(default_factory=dict)  # besides the config folder


PLANNED = (
    Planned(
        collect,
        "*/5 * * * *",
        "every-five-minutes",
        "Poll the due feeds, read new pages, find copies, stories and mentions, deliver what is due.",
    ),
    Planned(
        digest,
        "*/5 * * * *",
        "every-five-minutes",
        "Compose and deliver the digests that are due by each subscription's own schedule.",
    ),
    Planned(
        watch,
        "*/5 * * * *",
        "every-five-minutes",
        "Tell the operators where Rasid fell silent.",
    ),
    Planned(
        maintain,
        "30 3 * * *",
        "nightly",
        "Check and back up the database, prune old run rows.",
        {"backups": "var/backups"},
    ),
)


def deployment(
    planned: Planned, name: str, *, config: str, timezone: str, pool: str | None = None
) -> RunnerDeployment:
    """A deployment to be served by this process or, with a pool, to be run by its workers."""
    worker: dict[str, Any] = {
        # Where the worker was started: the folder that holds config/.
        "job_variables": {"working_dir": ".", "env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT)}},
        "entrypoint_type": EntrypointType.MODULE_PATH,
    }
    return RunnerDeployment.from_flow(
        planned.flow,
        name=name,
        description=planned.description,
        schedules=[Cron(planned.cron, timezone=timezone, slug=planned.slug)],
        parameters={"config": config, **planned.parameters},
        # It spares work; nothing depends on it: overlapping runs are kept apart by leases in Rasid's database.
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
        tags=[TAG],
        work_pool_name=pool,
        **(worker if pool is not None else {}),
    )
