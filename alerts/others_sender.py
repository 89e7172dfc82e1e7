"""One message through apprise, in a process of its own: `python -m alerts.others_sender`, the order on stdin.

apprise answers True or False and logs the rest, dials by itself, takes proxies and .netrc from its environment, and
its timeouts are between two bytes. In a process that does nothing else all of this can be mended: every name is
resolved through the guard below, so that the address that was judged is the one that is dialled; what was answered is
read where `requests` reads it; and `alerts.others` ends the process when its time is over.

On stdout stands one JSON object a line: `{"sending": n, "of": parts}` before a part, `{"taken": n}` after it, and
`{"end": …}` where it did not go on (see `End`). Nothing in them repeats the address.
"""

from __future__ import annotations

import html
import json
import logging
import re
import socket
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TextIO

from apprise import Apprise, AppriseAsset, NotifyFormat, OverflowMode, PersistentStoreMode
from apprise.plugins import url_to_dict
from requests import RequestException
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout, SSLError
from urllib3.exceptions import MaxRetryError, NewConnectionError

from rasid.addresses import may_dial, not_public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apprise import NotifyBase
    from requests import PreparedRequest, Response

_JOINER = "\u2060"  # invisible; what stands apart by it is no mention
_URL = re.compile(r"https?://[!-~]+")
_IN_URLS = str.maketrans({char: f"%{ord(char):02X}" for char in "@<>*`|\\"})
_MARKUP = re.compile(r"[\\`*_~|\[\]<>]|(?m:^(?=[ \t]{0,3}[#+-]))")
_SAID = 200  # characters of an answer, for people
_MOST = 64 * 1024  # bytes of it, for us
_RATE = 1.0  # seconds between two messages to one chat: Telegram's own limit


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be sent."""

    address: str  # a secret
    title: str
    body: str
    timeout: float  # seconds, for the connection and between two bytes
    allow_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class End:
    """Why it did not go on, and what the other side said, without a word of the address."""

    end: Literal["address", "private", "unreachable", "unanswered", "refused", "apprise"]
    why: str
    status: int = 0  # of HTTP, where there was an answer
    retry_after: float | None = None  # seconds


class EndedError(Exception):
    """No message of this order, or no more of them."""

    def __init__(self, end: End) -> None:
        self.end = end
        super().__init__(end.why)


# ── text that no service reads as markup ─────────────────────────────────────────────────────────


def plain(text: str) -> str:
    """As it stands: the service shows it so."""
    return text


def in_html(text: str) -> str:
    """For Telegram, which reads three entities and a few tags; apprise would take empty lines out of it."""
    return html.escape(text, quote=False).replace("\n\n", f"\n{_JOINER}\n")


def in_markdown(text: str) -> str:
    """Backslashes before what would be markup, no mention of anybody; addresses stay whole, and can be followed."""
    parts, last = [], 0
    for url in _URL.finditer(text):
        parts += [_escaped(text[last : url.start()]), url[0].translate(_IN_URLS)]
        last = url.end()
    return "".join([*parts, _escaped(text[last:])])


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", text).replace("@", f"@{_JOINER}")


def in_card(text: str) -> str:
    """The same for Teams' cards, where a single line break is none, and `<at>` a mention."""
    return in_markdown(text).replace("<", f"<{_JOINER}").replace("\n", "\n\n")


@dataclass(frozen=True, slots=True)
class _Service:
    """How one is spoken to; apprise's own idea of it is for short notices."""

    inert: Callable[[str], str] = plain
    format: NotifyFormat = NotifyFormat.TEXT
    most: int = 0  # characters of a message; 0: as apprise knows
    rate: float = 0.0  # seconds between two


_MARKDOWN = _Service(in_markdown, rate=_RATE)
_CARD = _Service(in_card, NotifyFormat.MARKDOWN, rate=_RATE)
# ntfy makes an attachment of what is longer than 4 kB; apprise of what is 8,000 bytes as JSON, six a letter in Arabic.
_NTFY = _Service(most=1200)

SERVICES = {
    "tgram": _Service(in_html, NotifyFormat.HTML, rate=_RATE),
    "discord": _MARKDOWN,
    "workflow": _CARD,
    "workflows": _CARD,
    "mmost": _MARKDOWN,
    "mmosts": _MARKDOWN,
    "ntfy": _NTFY,
    "ntfys": _NTFY,
    "gotify": _Service(),
    "gotifys": _Service(),
    "pover": _Service(rate=_RATE),
    "json": _Service(),
    "jsons": _Service(),
    "xml": _Service(),
    "xmls": _Service(),
}
"""By the schema of the address. Those of apprise that run programs, write to this machine, send mail, or read markup in
a way that nothing escapes are not among them."""

_LOCAL = frozenset(
    {"template", "attach", "filename"}
)  # options that name files, or what else is to be fetched


# ── the address ──────────────────────────────────────────────────────────────────────────────────


def _plugin(order: Order) -> tuple[NotifyBase, _Service]:
    """What apprise makes of the address, within the bounds above.

    Raises:
        EndedError: It is none, or none that is allowed.
    """
    read: dict[str, Any] | None = url_to_dict(order.address)  # type: ignore[no-untyped-call]
    if read is None:
        raise EndedError(End("address", "what the variable holds is no address that apprise knows"))
    service = SERVICES.get(read["schema"])
    if service is None:
        known = ", ".join(f"{schema}://" for schema in SERVICES)
        raise EndedError(
            End("address", f"{read['schema']}:// is no service to send digests by; those are: {known}")
        )
    if named := sorted(_LOCAL & read.get("qsd", {}).keys()):
        raise EndedError(End("address", f"the address must not have the option {', '.join(named)}"))
    asset = AppriseAsset(
        app_id="Rasid",
        app_desc="Rasid",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        storage_mode=PersistentStoreMode.MEMORY,
    )
    plugin = Apprise.instantiate(read, asset=asset)
    if plugin is None:
        raise EndedError(
            End("address", f"the address lacks something, or one of its parts is none of {read['schema']}://")
        )
    if len(plugin) > 1 + plugin.retry or (read["schema"] == "tgram" and not read["targets"]):
        raise EndedError(
            End("address", "the address must name one chat or channel; give each a variable of its own")
        )
    plugin.retry = 0  # an answer that was lost must not bring the message twice
    plugin.redirects = False  # they would carry it to another host
    plugin.notify_format, plugin.overflow_mode = service.format, OverflowMode.SPLIT
    plugin.body_maxlen = service.most or plugin.body_maxlen
    plugin.request_rate_per_sec = service.rate
    plugin.socket_connect_timeout = plugin.socket_read_timeout = order.timeout
    return plugin, service


# ── the wire ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Wire:
    """What was seen of the last request."""

    private: str = ""  # the host that may not be dialled
    answer: Response | None = None
    error: RequestException | None = None
    warnings: list[str] = field(default_factory=list)  # apprise's own words


@contextmanager
def _watched(allow_hosts: frozenset[str]) -> Iterator[_Wire]:
    """Judge every address that is dialled, and keep what was answered; of the whole process, which is ours alone."""
    wire, send, resolve = _Wire(), HTTPAdapter.send, socket.getaddrinfo

    def watched(self: HTTPAdapter, request: PreparedRequest, *args: Any, **more: Any) -> Response:
        wire.answer = wire.error = None
        try:
            wire.answer = send(self, request, *args, **more)
        except RequestException as error:
            wire.error = error
            raise
        return wire.answer

    def guarded(host: Any, port: Any, *args: Any, **more: Any) -> list[Any]:
        found = resolve(host, port, *args, **more)
        fit = may_dial(str(host), int(port or 0), [str(one[4][0]) for one in found], allow_hosts)
        if not fit:
            wire.private = str(host)
            raise OSError(not_public(wire.private))
        return [one for one in found if one[4][0] in fit]

    log, handler = logging.getLogger("apprise"), _Kept(wire.warnings)
    log.addHandler(handler)
    HTTPAdapter.send, socket.getaddrinfo = watched, guarded  # type: ignore[method-assign]
    try:
        yield wire
    finally:
        HTTPAdapter.send, socket.getaddrinfo = send, resolve  # type: ignore[method-assign]
        log.removeHandler(handler)


class _Kept(logging.Handler):
    """apprise's warnings, for where there is nothing else to tell."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self._kept.append(record.getMessage())


def _end(wire: _Wire, address: str) -> End:
    """What came of a part that was not taken."""
    if wire.private:
        return End("private", "")
    if wire.error is not None:
        return End("unreachable" if _never_sent(wire.error) else "unanswered", _words(wire.error))
    if wire.answer is not None:
        status, body = wire.answer.status_code, wire.answer.content[:_MOST].decode("utf-8", "replace")
        return End("refused", _scrubbed(body, address), status, _retry_after(wire.answer, body))
    return End("apprise", _scrubbed(wire.warnings[-1] if wire.warnings else "", address))


def _never_sent(error: RequestException) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(error, (ConnectTimeout, SSLError)) or (
        isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
    )


def _words(error: BaseException) -> str:
    """What the system said at the bottom of it: no host, no address."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.strerror:
            return seen.strerror
        seen = seen.__cause__ or seen.__context__
    return "it took too long" if "Timeout" in type(error).__name__ else type(error).__name__


def _retry_after(answer: Response, body: str) -> float | None:
    """Seconds that were asked for: in the header, or as Telegram and Discord have it, in the answer."""
    found = answer.headers.get("Retry-After") or next(
        iter(re.findall(r'"retry_after":\s*([\d.]+)', body)), ""
    )
    return float(found) if re.fullmatch(r"\d{1,9}(\.\d+)?", found) else None


def _scrubbed(said: str, address: str) -> str:
    """On one line, bounded, and without any part of the address that could be a secret."""
    for part in sorted(re.split(r"[/:@?&=#%+]+", address), key=len, reverse=True):
        said = said.replace(part, "…") if len(part) >= 4 else said
    return " ".join(said.split())[:_SAID]


# ── all together ─────────────────────────────────────────────────────────────────────────────────


def deliver(order: Order, tell: Callable[[dict[str, object]], None]) -> None:
    """Send an order part by part; what came of it is told as it happens.

    Raises:
        EndedError: A part was not taken; those after it were not sent.
    """
    plugin, service = _plugin(order)
    with _watched(frozenset(order.allow_hosts)) as wire:
        parts = _Parts(plugin.send, tell)
        plugin.send = parts  # type: ignore[method-assign]
        whole = plugin.notify(
            body=service.inert(order.body), title=service.inert(order.title), body_format=service.format
        )
        if not whole:
            raise EndedError(_end(wire, order.address))


class _Parts:
    """apprise's way to send a part, that stops at the first that is not taken."""

    def __init__(self, send: Callable[..., bool], tell: Callable[[dict[str, object]], None]) -> None:
        self._send, self._tell = send, tell
        self._number, self._stopped = 0, False

    def __call__(self, *args: Any, **more: Any) -> bool:
        """Send one."""
        if self._stopped:
            return False
        self._number += 1
        self._tell({"sending": self._number})
        self._stopped = not self._send(*args, **more)
        if not self._stopped:
            self._tell({"taken": self._number})
        return not self._stopped


def _print(out: TextIO, event: dict[str, object]) -> None:
    out.write(f"{json.dumps(event)}\n")
    out.flush()


def main() -> None:
    """Take the order from stdin."""
    given = json.load(sys.stdin)
    logging.getLogger("apprise").propagate = False
    tell = partial(_print, sys.stdout)
    try:
        deliver(Order(**given), tell)
    except EndedError as error:
        tell(asdict(error.end))
    else:
        tell({"end": "sent"})


if __name__ == "__main__":
    main()
