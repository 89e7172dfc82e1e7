"""Prefect's automations: what no flow can see of itself.

A run whose process died stays 'Running' for ever: where its heartbeats stop, it is marked as crashed. And where no
collect completes, because none is started or none ends, the watch is run, and a notification block is told where the
operator has one. Both are made by name, so making them again changes nothing but their contents.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import cast
from uuid import UUID

from prefect.automations import Automation
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, RunDeployment, SendNotification
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from flows.deployments import HEARTBEAT, TAG

ZOMBIES, SILENCE = "rasid-zombies", "rasid-silence"
_MISSED = 3  # heartbeats
_THEIRS = {"id", "owner_resource", "tags"}  # what Prefect fills in
_RUNS = ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]})
_OURS = ResourceSpecification(
    {"prefect.resource.role": ["tag"], "prefect.resource.id": [f"prefect.tag.{TAG}"]}
)
_COLLECT = ResourceSpecification({"prefect.resource.role": ["flow"], "prefect.resource.name": ["collect"]})


def planned(watch: UUID, minutes: int, block: UUID | None = None) -> list[Automation]:
    """The automations as they should be.

    Args:
        watch: The deployment that is run where no collect completes.
        minutes: Without a completed collect, that are too many.
        block: A notification block that is told, too.
    """
    quiet_for = timedelta(seconds=_MISSED * HEARTBEAT)
    text = f"No collect of Rasid has completed for {minutes} minutes. On its machine: rasid alarm"
    told: list[ActionTypes] = [RunDeployment(source="selected", deployment_id=watch, parameters=None)]
    if block is not None:
        told.append(SendNotification(block_document_id=block, subject="Rasid: no collect", body=text))
    return [
        Automation(
            name=ZOMBIES,
            description="A run of Rasid's that gives no sign of life is marked as crashed.",
            trigger=EventTrigger(
                after={"prefect.flow-run.heartbeat"},
                expect={"prefect.flow-run.*"},
                match=_RUNS,
                match_related=_OURS,
                for_each={"prefect.resource.id"},
                posture=Posture.Proactive,
                threshold=1,
                within=quiet_for,
            ),
            actions=[
                ChangeFlowRunState(
                    state=StateType.CRASHED,
                    message=f"no sign of life for {quiet_for.total_seconds():.0f} s",
                )
            ],
        ),
        Automation(
            name=SILENCE,
            description="Where no collect completes, Rasid's operators are told.",
            trigger=EventTrigger(
                expect={"prefect.flow-run.Completed"},
                match=_RUNS,
                match_related=[_COLLECT, _OURS],
                posture=Posture.Proactive,
                threshold=1,
                within=timedelta(minutes=minutes),
            ),
            actions=told,
        ),
    ]


def ensure(automations: Sequence[Automation]) -> list[str]:
    """Make those that are not there, bring the others up to date; what was done, in words.

    One that was switched off on Prefect's page stays off.
    """
    done = []
    for wanted in automations:
        try:
            found = cast(
                "Automation", Automation.read(name=wanted.name)
            )  # a coroutine within an event loop alone
        except ValueError:  # Prefect's way to say that there is none
            wanted.create()
            done.append(f"automation {wanted.name}: made")
            continue
        wanted.enabled = found.enabled
        if wanted.model_dump(exclude=_THEIRS) == found.model_dump(exclude=_THEIRS):
            # An update would make Prefect forget the heartbeats and completions that it has counted.
            done.append(f"automation {wanted.name}: there{'' if found.enabled else ', and switched off'}")
            continue
        wanted.id = found.id
        wanted.update()
        done.append(f"automation {wanted.name}: brought up to date")
    return done
