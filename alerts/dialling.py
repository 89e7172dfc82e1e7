"""HTTP for urllib that dials public addresses only, and those of hosts that the operator named.

A webhook's address is an operator's secret, set by whoever may set an environment variable; it must not lead a message
into the machine's own network all the same. The name is resolved once, and the address that was judged is dialled.

What a failure means is told by where it happens. Until the last byte of a request was handed over, its other side
cannot have it whole and has not taken it (`NotSentError`); after that, whatever goes wrong leaves it open
(`NoAnswerError`). Both name no address: a webhook's is a secret.
"""

from __future__ import annotations

import io
import re
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ssl import SSLContext, create_default_context
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    ProxyHandler,
    Request,
    build_opener,
)

from rasid.addresses import may_dial

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message


class NotPublicError(Exception):
    """Every address of the host is private, and the operator did not name it; nothing was sent."""


class NotSentError(Exception):
    """The request did not go out whole; its text says why."""


class NoAnswerError(Exception):
    """The request went out, and what came back, if anything, says nothing; its text says why."""


_ADDRESS = re.compile(r"https?://[!-~]+", re.IGNORECASE)
_DAY = 86_400.0  # seconds; no answer makes a digest wait longer


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said, whatever its status."""

    status: int
    headers: Message
    body: bytes


def exchange(
    request: Request, timeout: float, *, allow_hosts: frozenset[str], most: int = 64 * 1024
) -> Answer:
    """Send a request straight to its host, by no proxy of the environment, and follow no redirect.

    Args:
        request: As urllib has it.
        timeout: Seconds for the connection, for each write, and for the answer as a whole.
        allow_hosts: Private hosts that the operator named.
        most: Bytes of the answer's body that are read; the rest is left.

    Raises:
        NotPublicError: the host is private.
        NotSentError: the request did not go out whole.
        NoAnswerError: no answer came, or it broke off.
    """
    opener = build_opener(ProxyHandler({}), _GuardedHandler(allow_hosts), _NoRedirect())
    try:
        with opener.open(request, timeout=timeout) as response:
            return Answer(response.status, response.headers, response.read(most))
    except HTTPError as e:
        with e:
            return Answer(e.code, e.headers, _read(e, most))
    except URLError as e:  # urllib wraps so what happened before it waited for the answer, and nothing else
        raise NotSentError(f"no connection: {_kind(e.reason)}") from None
    except TimeoutError:
        raise NoAnswerError("no answer in time") from None
    except (OSError, HTTPException) as e:
        raise NoAnswerError(f"no answer: {type(e).__name__}") from None


def is_address(url: str) -> bool:
    """Whether it is a web address that can be asked as it stands."""
    try:
        parts = urlsplit(url)
        return bool(_ADDRESS.fullmatch(url) and parts.hostname and (parts.port is None or parts.port > 0))
    except ValueError:
        return False


def quoted(said: str, *secrets: str) -> str:
    """What the other side said, on one line, bounded, and without secrets that it repeats."""
    for secret in secrets:
        said = said.replace(secret, "…") if len(secret) > 1 else said
    return " ".join(said.split())[:200]


def retry_after(headers: Mapping[str, Any]) -> float | None:
    """Seconds that the other side asked for; a date, which HTTP allows too, is none that Slack sends."""
    value = next((str(value) for name, value in headers.items() if name.lower() == "retry-after"), "")
    return min(float(value), _DAY) if value.isascii() and value.isdigit() else None


def _read(error: HTTPError, most: int) -> bytes:
    """The words of a refusal; its status says enough where they break off."""
    body = b""
    with suppress(OSError, HTTPException):
        body = error.read(most)
    return body


def _kind(reason: str | BaseException) -> str:
    """An OSError's own words name no address; anything else is named by its kind."""
    if isinstance(reason, TimeoutError):
        return "it took too long"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return type(reason).__name__


class _NoRedirect(HTTPRedirectHandler):
    """A redirect would carry the message to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class _GuardedHandler(HTTPHandler, HTTPSHandler):
    """Takes the place of both handlers in `urllib.request.build_opener`."""

    def __init__(self, allow_hosts: frozenset[str]) -> None:
        HTTPSHandler.__init__(self)
        self._allow_hosts = allow_hosts

    def http_open(self, req: Request) -> HTTPResponse:
        """Ask without TLS."""
        return self.do_open(partial(_Connection, allow_hosts=self._allow_hosts), req)

    def https_open(self, req: Request) -> HTTPResponse:
        """Ask through TLS, certificates checked against the name."""
        connection = partial(_TlsConnection, allow_hosts=self._allow_hosts, context=create_default_context())
        return self.do_open(connection, req)


class _Answering(io.RawIOBase):
    """A socket's bytes until a moment; a server that gives one byte a minute holds nobody for an hour."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self._sock, self._until = sock, time.monotonic() + seconds
        self._bytes = sock.makefile("rb", buffering=0)  # keeps the socket open when urllib lets go of it

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """As much as there is, within the time that is left."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._bytes.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        self._bytes.close()
        super().close()


class _Response(HTTPResponse):
    """An answer that must be there as a whole in the time that the socket gives to one read."""

    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp.close()
        self.fp = io.BufferedReader(_Answering(sock, sock.gettimeout() or 30.0))


class _Connection(HTTPConnection):
    response_class = _Response

    def __init__(self, host: str, *, allow_hosts: frozenset[str], **more: Any) -> None:
        super().__init__(host, **more)
        self._allow_hosts = allow_hosts

    def connect(self) -> None:
        """Dial one of the host's addresses that may be dialled."""
        self.sock = _dial(self.host, self.port, self.timeout, self._allow_hosts)


class _TlsConnection(_Connection):
    default_port = 443

    def __init__(self, host: str, *, context: SSLContext, **more: Any) -> None:
        super().__init__(host, **more)
        self._tls = context

    def connect(self) -> None:
        """The same, then the handshake."""
        super().connect()
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)


def _dial(host: str, port: int, timeout: float | None, allow_hosts: frozenset[str]) -> socket.socket:
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    addresses = may_dial(host, port, found, allow_hosts)
    if not addresses:
        raise NotPublicError
    for address in addresses[:-1]:
        try:
            return socket.create_connection((address, port), timeout)
        except OSError:
            continue
    return socket.create_connection((addresses[-1], port), timeout)
