"""Connections to sites: dialled where the address may be dialled, kept while they may serve again.

A host is asked one thing at a time, so it needs one connection, and no pool has to be searched for it. httpcore's own
pool looks at every connection that it holds, with a system call each, three times a request: with 30 hosts that is more
than half of what a request costs.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import TYPE_CHECKING

import httpcore
import httpx

from rasid.addresses import may_dial, not_public

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from sources.addresses import Target

_DIALS = 4  # addresses of one name that are tried; big sites have dozens, all alike
_KEEP = 128  # connections that wait; an outlet's pages come a second apart, between those of all the others
_KEEP_ALIVE = 15.0  # seconds; many servers close at 15, some at 5, which is seen before a connection is used

Key = tuple[str, str, int]


class DialError(Exception):
    """No connection; raised through httpcore, which hands foreign exceptions on."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        self.reason, self.permanent = reason, permanent
        super().__init__(reason)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves, judges and dials: the address that was judged is the address dialled."""

    def __init__(self, allow_hosts: frozenset[str], resolvers: int) -> None:
        self._allow_hosts = allow_hosts
        self._inner: httpcore.AsyncNetworkBackend = httpcore.AnyIOBackend()
        # asyncio's own threads are six on two cores: six names whose server is dead would stop all the others.
        self._resolvers = ThreadPoolExecutor(resolvers, thread_name_prefix="names")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to one of the host's addresses; DialError says why there is none."""
        addresses = may_dial(host, port, await self._resolved(host, port), self._allow_hosts)
        if not addresses:
            raise DialError(not_public(host), permanent=True)
        error: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses[:_DIALS]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as e:
                error = e
        raise DialError(_connect_reason(error, timeout)) from error

    async def _resolved(self, host: str, port: int) -> list[str]:
        """The addresses of a name, never none; an address is its own."""
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            pass
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            answers = await asyncio.get_running_loop().run_in_executor(self._resolvers, ask)
        except (OSError, UnicodeError) as e:
            raise DialError("name not found (no DNS answer)") from e
        return list(dict.fromkeys(str(answer[4][0]) for answer in answers))

    def close(self) -> None:
        """Wait for no name any more."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)


def _connect_reason(error: Exception | None, timeout: float | None) -> str:
    if isinstance(error, httpcore.ConnectTimeout):
        return f"no connection within {timeout:g} s"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
        cause = cause.__cause__ or cause.__context__
    return "no connection: the network or the host cannot be reached"


@cache
def tls_context() -> ssl.SSLContext:
    """The certificates that are trusted; the environment has no say in it. Reading them takes 20 ms."""
    return httpx.create_ssl_context(trust_env=False)


class Connections:
    """Open connections that wait for the next request to their site."""

    def __init__(self, allow_hosts: frozenset[str], at_once: int) -> None:
        # A name that nobody waits for any more keeps its thread until the resolver gives up: hence twice as many.
        self._backend = GuardedBackend(allow_hosts, resolvers=2 * at_once)
        self._idle: dict[Key, httpcore.AsyncHTTPConnection] = {}  # the one that waits longest first

    async def kept(self, target: Target) -> httpcore.AsyncHTTPConnection | None:
        """A connection to the target's site that waits, now the caller's alone."""
        kept = self._idle.pop((target.scheme, target.host, target.port), None)
        if kept is not None and kept.has_expired():
            await kept.aclose()
            return None
        return kept

    def new(self, target: Target) -> httpcore.AsyncHTTPConnection:
        """A connection that is dialled with its first request."""
        return httpcore.AsyncHTTPConnection(
            origin=httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port),
            ssl_context=tls_context() if target.scheme == "https" else None,
            keepalive_expiry=_KEEP_ALIVE,
            http2=True,
            network_backend=self._backend,
        )

    async def give_back(
        self, target: Target, connection: httpcore.AsyncHTTPConnection, *, reusable: bool
    ) -> None:
        """Keep the connection where its last answer was taken to the end (`reusable`); else close it.

        HTTP/2's calls itself idle even where the rest of an answer is still on its way.
        """
        if not reusable or not connection.is_idle():
            await connection.aclose()
            return
        self._idle[target.scheme, target.host, target.port] = connection
        if len(self._idle) > _KEEP:
            await self._idle.pop(next(iter(self._idle))).aclose()

    async def close(self) -> None:
        """Close all that wait."""
        self._backend.close()
        for connection in self._idle.values():
            await connection.aclose()
        self._idle.clear()
