"""What the flows have in common: the clock, run names, and which errors are worth another try."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect.exceptions import MissingResult

from rasid.errors import StorageError

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State, TaskRun
    from prefect.tasks import Task


def utc_now() -> datetime:
    """The clock of the flows."""
    return datetime.now(UTC)  # noqa: TID251 - an entry point


def run_name() -> str:
    """When the run began, as its name on Prefect's page."""
    return f"{utc_now():%Y-%m-%d %H:%M:%SZ}"


def database_was_busy(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry only what time can mend: a database that was locked or away. A wrong file or a bug stays wrong."""
    try:
        state.result()
    except StorageError:
        return True
    except MissingResult:
        return False
    except BaseException:  # noqa: BLE001 - whatever else the task raised is in the state, and is not retried
        return False
    return False
