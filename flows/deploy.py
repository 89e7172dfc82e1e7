"""`rasid deploy`: work pool, deployments and automations on a Prefect server, made or brought up to date."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL
from prefect.workers.process import ProcessWorker

from flows import automations
from flows.deployments import PLANNED, deployment
from rasid.app.context import load_config
from rasid.errors import RasidError


def deploy_all(folder: Path, *, pool: str = "rasid", notify: str | None = None) -> list[str]:
    """Make what is missing, bring the rest up to date; what was done, in words.

    Args:
        folder: The config folder, as each worker finds it from where it is started.
        pool: The work pool.
        notify: SLUG/NAME of a notification block of Prefect's that is told when no collect completes.

    Raises:
        RasidError: There is no server to put it on, or no such block.
        ConfigError: The config is refused.
    """
    settings = load_config(folder).settings
    if not PREFECT_API_URL.value():
        raise RasidError(
            "no Prefect server is named: set PREFECT_API_URL (http://127.0.0.1:4200/api); on one machine `rasid serve` "
            "needs none"
        )
    with get_client(sync_client=True) as client:
        _answering(client)
        block = None if notify is None else _block(client, notify)
        done = [_pool(client, pool)]
    ids = {}
    for planned in PLANNED:
        name = planned.flow.name
        ready = deployment(planned, name, config=str(folder), timezone=settings.timezone, pool=pool)
        ids[name] = UUID(str(ready.apply()))
        done.append(f"deployment {name}/{name}: up to date, {planned.cron} {settings.timezone}")
    done += automations.ensure(automations.planned(ids["watch"], settings.operators.collect_minutes, block))
    return [*done, f"on each machine, in the folder that holds config/: prefect worker start --pool {pool}"]


def _answering(client: SyncPrefectClient) -> None:
    error = client.api_healthcheck()
    if error is not None:
        raise RasidError(f"the Prefect server at {PREFECT_API_URL.value()} does not answer: {error}")


def _pool(client: SyncPrefectClient, name: str) -> str:
    try:
        found = client.read_work_pool(name)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))
        return f"work pool {name}: made, of type process"
    return f"work pool {name}: there, of type {found.type}"


def _block(client: SyncPrefectClient, notify: str) -> UUID:
    slug, _, name = notify.partition("/")
    try:
        return client.read_block_document_by_name(name, slug, include_secrets=False).id
    except ObjectNotFound:
        raise RasidError(
            f"no notification block {notify}: make one on Prefect's page (Blocks), and name it as SLUG/NAME, for "
            "example slack-webhook/ops"
        ) from None
