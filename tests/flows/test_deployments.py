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
    for deployment in written["deployments"]:
        flow = load_flow_from_entrypoint(deployment["entrypoint"], use_placeholder_flow=False)
        assert isinstance(flow, Flow)
        assert set(deployment["parameters"]) <= set(flow.parameters.properties)
        names.add(deployment["name"])
    assert {"collect", "digest", "maintain"} == names


def test_no_key_is_misspelt(written: dict[str, object]) -> None:
    """Prefect ignores keys that it does not know, so we do not let one in."""
    assert set(written) - keys(PrefectYamlModel) == {"definitions"}
    for deployment in written["deployments"]:
        assert set() == set(deployment) - keys(DeploymentConfig)
        assert set() == set(deployment["work_pool"]) - keys(WorkPoolConfig)
        assert set() == set(deployment["concurrency_limit"]) - keys(ConcurrencyLimitSpec)
        for schedule in deployment["schedules"]:
            assert set() == set(schedule) - keys(RawScheduleConfig)


def test_each_deployment_has_a_schedule_with_a_timezone(written: dict[str, object]) -> None:
    """A cron line without its timezone would mean UTC and surprise an operator in Riyadh."""
    for deployment in written["deployments"]:
        assert 1 == len(deployment["schedules"])
        assert "Asia/Riyadh" == deployment["schedules"][0]["timezone"]
        assert 1 == deployment["concurrency_limit"]["limit"]
