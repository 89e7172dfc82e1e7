"""The moments at which a sender can die: each named, each armed by putting a SIGKILL before or behind a step.

Nothing in Rasid knows of them: they are put around its functions in the process that is to die.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any, NoReturn

from alerts import slack, slack_bot, smtp
from storage import deliveries
from storage.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable

_LONG = 2000  # bytes: no command is, every text is


def die() -> NoReturn:
    """As the kernel does it when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _before(owner: Any, name: str, hit: int = 3) -> None:
    _around(owner, name, hit, before=True)


def _behind(owner: Any, name: str, hit: int = 3) -> None:
    _around(owner, name, hit, before=False)


def _around(owner: Any, name: str, hit: int, *, before: bool) -> None:
    """Die at the so manieth call, before it or behind it."""
    real, calls = getattr(owner, name), iter(range(1, 1_000_000))

    def step(*given: Any, **named: Any) -> Any:
        last = next(calls) >= hit
        if last and before:
            die()
        result = real(*given, **named)
        if last:
            die()
        return result

    setattr(owner, name, step)


def _in_the_text(*, half: bool) -> None:
    """Die with a text on its way: half of it sent, or all but the answer."""
    real, texts = smtp.Connection.write, iter(range(1, 1_000_000))

    def write(self: smtp.Connection, data: bytes) -> None:
        if len(data) < _LONG or next(texts) < 2:
            real(self, data)
            return
        real(self, data[: len(data) // 2] if half else data)
        die()

    smtp.Connection.write = write  # type: ignore[method-assign]


POINTS: dict[str, Callable[[], None]] = {
    "claimed, not committed": lambda: _behind(deliveries, "claim"),
    "claimed and committed, nothing sent": lambda: _behind(Outbox, "claim_delivery"),
    "connected": lambda: _behind(smtp, "connect", hit=1),
    "between two commands": lambda: _behind(smtp.Connection, "write", hit=2),
    "in the middle of the text": lambda: _in_the_text(half=True),
    "the text sent, its end not": lambda: _in_the_text(half=False),
    "an answer read": lambda: _behind(smtp.Connection, "reply", hit=12),
    "taken, not settled": lambda: _before(Outbox, "claim_delivery", hit=4),
    "settled, not committed": lambda: _behind(deliveries, "settle"),
    "slack: before a post": lambda: _before(slack, "_post", hit=2),
    "slack: posted, not noted": lambda: _behind(slack, "_post", hit=2),
    "bot: before a post": lambda: _before(slack_bot.Bot, "_post", hit=2),
    "bot: posted, not noted": lambda: _behind(slack_bot.Bot, "_post", hit=2),
    "slack: a part noted": lambda: _behind(Outbox, "renew_delivery", hit=2),
}


def arm(point: str) -> None:
    """Have this process die at a named point."""
    POINTS[point]()
