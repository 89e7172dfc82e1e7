"""What the flows have in common: the clock, run names, and which errors are worth another try."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from prefect.cache_policies import NO_CACHE
from prefect.tasks import Task

from rasid.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect.client.schemas.objects import State, TaskRun


P = ParamSpec("P")
R = TypeVar("R")


def utc_now() -> datetime:
    """The clock of the flows."""
    return datetime.now(UTC)  # noqa: TID251 - an entry point


def run_name() -> str:
    """When the run began, as its name on Prefect's page."""
    return f"{utc_now():%Y-%m-%d %H:%M:%SZ}"


def _database_was_busy(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry only what time can mend: a database that was locked or away. A wrong file or a bug stays wrong."""
    return isinstance(state.result(raise_on_failure=False), StorageError)


def batch(name: str, run: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """A task of ours: a whole stage, never cached, tried again where time can mend what failed."""

    def decorate(function: Callable[P, R]) -> Task[P, R]:
        return Task(
            fn=function,
            name=name,
            task_run_name=run,
            retries=2,
            retry_delay_seconds=[5, 30],
            retry_condition_fn=_database_was_busy,
            cache_policy=NO_CACHE,
        )

    return decorate
