"""prefect.yaml says what Prefect understands, and every flow that it names can be run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prefect.cli.deploy._models import (
    ConcurrencyLimitSpec,
    DeploymentConfig,
    PrefectYamlModel,
    RawScheduleConfig,
    WorkPoolConfig,
)
from prefect.flows import Flow, load_flow_from_entrypoint
from ruamel.yaml import YAML

from flows.deployments import PLANNED, deployment

if TYPE_CHECKING:
    from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def written() -> dict[str, object]:
    """prefect.yaml as YAML reads it."""
    return dict(YAML(typ="safe").load((ROOT / "prefect.yaml").read_text(encoding="utf-8")))


def keys(model: type[BaseModel]) -> set[str]:
    """The names that a model of Prefect reads."""
    return {field.alias or name for name, field in model.model_fields.items()}


def test_every_entrypoint_is_a_flow_that_imports(written: dict[str, object]) -> None:
    """`prefect deploy` would take a flow that cannot be imported; a worker would not."""
    names = set()
    for each in written["deployments"]:
        flow = load_flow_from_entrypoint(each["entrypoint"], use_placeholder_flow=False)
        assert isinstance(flow, Flow)
        assert set(each["parameters"]) <= set(flow.parameters.properties)
        names.add(each["name"])
    assert {"collect", "digest", "watch", "maintain"} == names


def test_rasid_deploy_makes_what_the_file_says(written: dict[str, object]) -> None:
    """`prefect deploy --all` and `rasid deploy` give the same deployments, down to the heartbeats of their runs."""
    made = {}
    for planned in PLANNED:
        name = planned.flow.name
        ready = deployment(planned, name, config="config", timezone="Asia/Riyadh", pool="rasid")
        [schedule] = ready.schedules
        made[name] = {
            "name": ready.name,
            "description": ready.description,
            "entrypoint": ready.entrypoint,
            "tags": ready.tags,
            "parameters": ready.parameters,
            "enforce_parameter_schema": ready.enforce_parameter_schema,
            "work_pool": {"name": ready.work_pool_name, "job_variables": ready.job_variables},
            "concurrency_limit": {
                "limit": ready.concurrency_limit,
                "collision_strategy": ready.concurrency_options.collision_strategy.value,
            },
            "schedules": [
                {
                    "cron": schedule.schedule.cron,
                    "timezone": schedule.schedule.timezone,
                    "slug": schedule.slug,
                }
            ],
        }

    assert {each["name"]: each for each in written["deployments"]} == made


def test_no_key_is_misspelt(written: dict[str, object]) -> None:
    """Prefect ignores keys that it does not know, so we do not let one in."""
    assert set(written) - keys(PrefectYamlModel) == {"definitions"}
    for each in written["deployments"]:
        assert set() == set(each) - keys(DeploymentConfig)
        assert set() == set(each["work_pool"]) - keys(WorkPoolConfig)
        assert set() == set(each["concurrency_limit"]) - keys(ConcurrencyLimitSpec)
        for schedule in each["schedules"]:
            assert set() == set(schedule) - keys(RawScheduleConfig)


def test_each_deployment_has_a_schedule_with_a_timezone(written: dict[str, object]) -> None:
    """A cron line without its timezone would mean UTC and surprise an operator in Riyadh."""
    for each in written["deployments"]:
        assert 1 == len(each["schedules"])
        assert "Asia/Riyadh" == each["schedules"][0]["timezone"]
        assert 1 == each["concurrency_limit"]["limit"]
