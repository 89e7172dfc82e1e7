"""Senders that are killed: `python -m tests.delivery.nursery FOLDER --kills 100` (started by test_kills.py).

A process that has imported everything forks one sender (or two) after another, each with an outbox of its own
opening, and sends it SIGKILL after a random while, or lets it do so itself at a named point. It ends when nothing is
left to send, and prints one JSON line: for each kill the Message-IDs of the deliveries that stood in `sending`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from alerts.slack_bot import Bot
from rasid.app.context import open_rasid
from rasid.app.outbox import deliver_due
from tests.delivery.points import arm

if TYPE_CHECKING:
    from collections.abc import Sequence

PATIENCE = 60.0
"""Seconds for which a sender may go on when nobody kills it: far more than the whole outbox takes."""


def now() -> datetime:
    """The real clock: leases run by it."""
    return datetime.now(UTC)  # noqa: TID251 - an entry point


def main() -> None:
    """Fork, kill, count."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=0, help="at random moments")
    parser.add_argument("--points", nargs="*", default=[], help="each sender dies at the next of these")
    parser.add_argument("--senders", type=int, default=1, help="at once")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    Bot.__init__.__kwdefaults__["pace"] = 0.0  # the fake takes them as they come
    chance = random.Random(options.seed)  # noqa: S311 - moments, no secrets
    held: list[list[str]] = []
    at_random = 0
    points: list[str | None] = list(options.points)
    while True:
        due = [points.pop(0) if points else None for _ in range(options.senders)]
        living = [_sender(options.folder, point) for point in due]
        done = []
        for (child, ready), point in zip(living, due, strict=True):
            if point is None and at_random < options.kills:
                at_random += 1
                _wait(ready, PATIENCE)
                time.sleep(chance.uniform(0, 0.03))
                os.kill(child, signal.SIGKILL)
            done.append(_ended(child))
            os.close(ready)
            if done[-1] == -signal.SIGKILL:
                held.append(_sending(options.folder))
            elif point is not None or done[-1] != 0:
                sys.exit(f"a sender that was to die ({point or 'at random'}) ended with {done[-1]}")
        if not points and all(code == 0 for code in done) and _idle(options.folder):
            break
    sys.stdout.write(json.dumps(held))


def _sender(folder: Path, point: str | None) -> tuple[int, int]:
    """A forked sender, and the end of a pipe that can be read once it begins to send."""
    ready, begun = os.pipe()
    child = os.fork()
    if child:
        os.close(begun)
        return child, ready
    code = 70
    try:
        if point is not None:
            arm(point)
        with open_rasid(folder) as rasid, rasid.store.present():
            os.write(begun, b"!")
            deliver_due(rasid, clock=now)
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


def _wait(ready: int, seconds: float) -> None:
    if not select.select([ready], [], [], seconds)[0]:
        sys.exit("a sender did not begin")


def _ended(child: int) -> int:
    """How a child ended: minus the signal, or its code."""
    due = time.monotonic() + PATIENCE
    while time.monotonic() < due:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    sys.exit("a sender hung")


def _sending(folder: Path) -> list[str]:
    """The Message-IDs of what was being sent when a sender died (by all senders there were)."""
    with open_rasid(folder) as rasid:
        return [row.message_id for row in rasid.store.deliveries(states=("sending",))]


def _idle(folder: Path) -> bool:
    """Whether everything has gone; what waits for its next attempt, or for a lease, is given a moment."""
    with open_rasid(folder) as rasid:
        left: Sequence[object] = rasid.store.deliveries(states=("new", "sending", "unknown"))
    if left:
        time.sleep(0.2)
    return not left


if __name__ == "__main__":
    main()
