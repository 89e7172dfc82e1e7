"""Digests anywhere else (Telegram, Teams, Discord, ntfy, webhooks …), as plain text, by apprise.

apprise is an extra, and runs in a process of its own (see `alerts.others_sender`): there it dials nothing that may not
be dialled, knows no proxy, and ends when its time is over. A text that is longer than a message of the service goes in
parts. Where one of several was taken and the next was not, the whole comes again, marked as a possible repeat: a text
drawn anew is not cut at the same places.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing, suppress
from importlib.util import find_spec
from threading import Timer
from typing import TYPE_CHECKING, Any

from alerts import words
from alerts.bidi import direction
from rasid.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from alerts.render import Rendered

_CHANNEL = "apprise"
_STARTING = 20.0  # seconds that a loaded machine may take for Python and apprise
_REPLIES = 3  # a part is a connection and an answer; Discord is asked once more after a 429
_GONE = frozenset({401, 403, 404, 410})  # so is every other message
_LOST = frozenset({502, 504})  # a gateway that had no answer itself
_DAY = 86_400.0  # seconds; no answer makes a digest wait longer


def send(
    address: str,
    rendered: Rendered,
    *,
    timeout: float,
    allow_hosts: frozenset[str] = frozenset(),
    repeat: bool = False,
    taken: Callable[[int], None] = lambda _: None,
) -> None:
    """Send a digest's text to one apprise address.

    Args:
        address: A secret, as apprise writes it (tgram://…); it must name one chat or channel.
        rendered: The digest; its subject is the title.
        timeout: Seconds for the connection, and for each answer.
        allow_hosts: Private hosts that the operator named; no other address of a private network is dialled.
        repeat: An earlier attempt may have arrived; the first line says so.
        taken: Called after each part that was taken, with how many there are now.

    Raises:
        TransportError: It was not taken, or not all of it. Permanent for an address that is none and for 4xx other
            than 429; `whole` where nothing can be sent there; `uncertain` where it, or a part of it, may be there.
    """
    if find_spec("apprise") is None:
        raise TransportError(_CHANNEL, "apprise is not installed: pip install 'rasid[others]'", whole=True)
    order = {
        "address": address,
        "title": rendered.subject,
        "body": _body(rendered.text, repeat=repeat),
        "timeout": timeout,
        "allow_hosts": sorted(allow_hosts),
    }
    sending, done, end = 0, 0, None
    with closing(_events(order, _STARTING + _REPLIES * timeout)) as events:  # `taken` may have had enough
        for event in events:
            sending = event.get("sending", sending)
            end = event if "end" in event else None
            if "taken" in event:
                done = event["taken"]
                taken(done)
    if end is None:
        late = "it took too long, and was ended" if sending else "its process did not start in time, or broke"
        raise TransportError(_CHANNEL, _placed(late, done), uncertain=sending > 0)
    if end["end"] != "sent":
        raise _error(end, done)


def _body(text: str, *, repeat: bool) -> str:
    if not repeat:
        return text
    notice = words.phrase("ar" if direction(text) == "rtl" else "en", "repeat")
    return f"{notice}\n\n{text}"


# ── the process ──────────────────────────────────────────────────────────────────────────────────


def _environment() -> dict[str, str]:
    """Ours without proxies and .netrc: no message goes by a way that nobody set here."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return kept | {"NETRC": os.devnull}


def _events(order: dict[str, object], patience: float) -> Generator[dict[str, Any]]:
    """What the process tells; it is ended where it tells nothing for so long."""
    with subprocess.Popen(
        [sys.executable, "-m", "alerts.others_sender"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback might hold the address
        env=_environment(),
    ) as process:
        try:
            if process.stdin is None or process.stdout is None:
                return
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write(json.dumps(order).encode())
            while line := _line(process, patience):
                yield json.loads(line)
        finally:
            process.kill()


def _line(process: subprocess.Popen[bytes], patience: float) -> bytes:
    timer = Timer(patience, process.kill)
    timer.start()
    try:
        return process.stdout.readline() if process.stdout else b""
    finally:
        timer.cancel()


# ── what it means ────────────────────────────────────────────────────────────────────────────────


def _placed(why: str, done: int) -> str:
    return f"{why} (after {done} part{'s' * (done != 1)} of it had been taken)" if done else why


def _error(end: dict[str, Any], done: int) -> TransportError:
    """The error that an end means; a part that went out before makes any of them uncertain."""
    kind, why, status = end["end"], end["why"], end["status"]
    reason = {
        "address": why,
        "private": "the address leads into this machine or a private network; "
        "settings http.allow_hosts can name its host if it is meant",
        "unreachable": f"no connection: {why}",
        "unanswered": f"no answer: {why}",
        "refused": f"answered {status} {why}".strip(),
        "apprise": f"apprise would not send it: {why or 'it does not say why'}",
    }[kind]
    gone = status in _GONE
    return TransportError(
        _CHANNEL,
        _placed(reason, done),
        permanent=kind in ("address", "private", "apprise") or (300 <= status < 500 and status != 429),
        uncertain=kind == "unanswered" or status in _LOST or done > 0,
        retry_after=None if end["retry_after"] is None else min(end["retry_after"], _DAY),
        whole=kind in ("address", "private", "unreachable") or gone or status == 429,
    )
