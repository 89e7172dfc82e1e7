"""HTTP for urllib that dials public addresses only, and those of hosts that the operator named.

A webhook's address is an operator's secret, set by whoever may set an environment variable; it must not lead a message
into the machine's own network all the same. The name is resolved once, and the address that was judged is dialled.
"""

from __future__ import annotations

import socket
from functools import partial
from http.client import HTTPConnection
from ssl import SSLContext, create_default_context
from typing import TYPE_CHECKING, Any
from urllib.request import HTTPHandler, HTTPSHandler, Request

from rasid.addresses import may_dial

if TYPE_CHECKING:
    from http.client import HTTPResponse


class NotPublicError(Exception):
    """Every address of the host is private, and the operator did not name it; nothing was sent."""


class GuardedHandler(HTTPHandler, HTTPSHandler):
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


class _Connection(HTTPConnection):
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
