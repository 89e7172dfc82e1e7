"""Fetching one URL within limits: of time, of size, of where it may lead.

Theory of operation:

- `Fetcher.get` follows redirects by hand; each hop is checked (`addresses.check_url`), waits its turn at
  its host, and draws on one budget of seconds. Waiting for a turn is not the server's fault and costs
  nothing of the budget.
- A hop speaks through httpcore, the engine of httpx, and not through `httpx.AsyncClient`: the client keeps
  cookies, reads netrc and proxies, and logs full URLs with their tokens. Nothing of this exists here.
- The address check sits in the network backend, where a name has become addresses and one of them is
  dialled: a DNS answer that changes between check and use has no room to.
- httpcore's own timeouts count from byte to byte, so one byte a second holds them open for ever;
  `asyncio.timeout` around the whole hop does not.

Rejected: httpx's decoded stream (bombs, see `inflate`), brotli and zstd (no bounded decoder among the
dependencies), caching of DNS answers (the resolver's work).
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import ssl
from collections import defaultdict
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, urljoin

import httpcore
import httpx

from rasid.errors import FetchError
from rasid.types import Response
from sources.addresses import check_url, is_named, is_public, without_userinfo
from sources.inflate import Body, BodyError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FINAL = frozenset({404, 410, 451})  # asking again gives the same answer
_DIALS = 4  # addresses of one name that are tried; big sites have dozens, all alike
_MAX_RETRY_AFTER = 7 * 86_400.0  # a server that asks for years is misconfigured
_ACCEPT = (
    "text/html,application/rss+xml,application/atom+xml,application/feed+json,application/xml;q=0.9,*/*;q=0.8"
)


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How requests are made; sizes in bytes, times in seconds."""

    user_agent: str
    contact: str  # a URL or address where a site's owner reaches the operator
    deadline: float = 30.0  # for one `get`, redirects included, turns waited for not
    connect_timeout: float = 10.0
    max_raw: int = 5_000_000
    max_decoded: int = 15_000_000
    max_redirects: int = 5
    delay: float = 1.0  # between the end of a request and the next one to the same host
    concurrency: int = 16  # requests at once, over all hosts
    allow_hosts: frozenset[str] = frozenset()  # private hosts that the operator named, with or without port


class _DialError(Exception):
    """No connection; raised through httpcore, which hands foreign exceptions on."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        self.reason, self.permanent = reason, permanent
        super().__init__(reason)


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves, judges and dials: the address that was judged is the address dialled."""

    def __init__(self, allow_hosts: frozenset[str]) -> None:
        self._allow_hosts = allow_hosts
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        error: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in await self._addresses(host, port):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as e:
                error = e
        raise _DialError(_connect_reason(error, timeout)) from error

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as e:
            raise _DialError("name not found (no DNS answer)") from e
        found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        if is_named(host, port, self._allow_hosts):
            return found[:_DIALS]
        public = [address for address in found if is_public(address)]
        if not public:
            raise _DialError(
                f"{host} is an address of this machine or a private network; "
                "settings http.allow_hosts can name it if it is meant",
                permanent=True,
            )
        return public[:_DIALS]


def _connect_reason(error: Exception | None, timeout: float | None) -> str:
    if isinstance(error, httpcore.ConnectTimeout):
        return f"no connection within {timeout:g} s"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
        cause = cause.__cause__ or cause.__context__
    return "no connection: the network or the host cannot be reached"


@dataclass(slots=True)
class _Turn:
    """A host's queue: one request at a time, with a pause behind each."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    free_at: float = 0.0  # on the event loop's clock


@dataclass(slots=True)
class _Budget:
    """Seconds that are left for one `get`."""

    total: float
    left: float


@dataclass(frozen=True, slots=True)
class _Hop:
    """What one request gave: a whole body, or where to go on."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class Fetcher:
    """Gets documents; an async context manager, safe for many tasks of one event loop."""

    def __init__(self, options: HttpOptions) -> None:
        self._options = options
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=options.concurrency * 2,  # requests in flight, and as many kept alive
            keepalive_expiry=15.0,
            http2=True,
            network_backend=_GuardedBackend(options.allow_hosts),
        )
        self._slots = asyncio.Semaphore(options.concurrency)
        self._turns: dict[str, _Turn] = defaultdict(_Turn)
        for name in ("httpx", "httpcore", "hpack"):  # they log whole URLs and headers
            logging.getLogger(name).setLevel(logging.WARNING)

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        await self._pool.__aexit__(kind, error, trace)

    async def get(self, url: str, *, etag: str | None = None, last_modified: str | None = None) -> Response:
        """The document at `url`, whole, or that it has not changed (status 304, no body).

        Args:
            url: http or https, without user name.
            etag: of the version that the caller has.
            last_modified: of that version, as the server wrote it.

        Raises:
            FetchError: with a reason for people, the HTTP status where there was one, and `permanent`.
        """
        conditions = {"if-none-match": etag, "if-modified-since": last_modified}
        extra = {name: value for name, value in conditions.items() if value}
        budget = _Budget(self._options.deadline, self._options.deadline)
        at = _checked(url, asked=url)
        for _ in range(self._options.max_redirects + 1):
            hop = await self._hop(at, extra, budget, asked=url)
            if hop.status not in _REDIRECTS:
                return _response(url, str(at), hop, conditional=bool(extra))
            at = _checked(_target(at, hop, asked=url), asked=url)
        raise _error(url, f"more than {self._options.max_redirects} redirects")

    async def _hop(self, at: httpx.URL, extra: dict[str, str], budget: _Budget, *, asked: str) -> _Hop:
        """One request in its host's turn, within what is left of the budget."""
        loop, turn = asyncio.get_running_loop(), self._turns[at.host]
        async with turn.lock:
            await asyncio.sleep(turn.free_at - loop.time())
            async with self._slots:
                begun = loop.time()
                try:
                    async with asyncio.timeout(budget.left):
                        return await self._exchange(at, extra, asked=asked)
                except TimeoutError as e:
                    raise _error(asked, f"the server did not answer within {budget.total:g} s") from e
                finally:
                    budget.left -= loop.time() - begun
                    turn.free_at = loop.time() + self._options.delay

    async def _exchange(self, at: httpx.URL, extra: dict[str, str], *, asked: str) -> _Hop:
        try:
            async with self._stream(at, extra) as answer:
                headers = dict(httpx.Headers(answer.headers))
                if answer.status != HTTPStatus.OK:  # the body of an error or a redirect is nobody's business
                    return _Hop(answer.status, headers)
                return _Hop(answer.status, headers, await self._body(answer.aiter_stream(), headers))
        except (_DialError, BodyError) as e:
            permanent = isinstance(e, _DialError) and e.permanent
            raise _error(asked, str(e), permanent=permanent) from e
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as e:
            raise _error(asked, _network_reason(e)) from e

    def _stream(self, at: httpx.URL, extra: dict[str, str]) -> AbstractAsyncContextManager[httpcore.Response]:
        headers = {
            "user-agent": _user_agent(self._options),
            "accept": _ACCEPT,
            "accept-language": "ar,en;q=0.5",
            "accept-encoding": "gzip, deflate",
            **extra,
        }
        return self._pool.stream(
            "GET",
            httpcore.URL(scheme=at.raw_scheme, host=at.raw_host, port=at.port, target=at.raw_path),
            headers=[(name.encode(), value.encode("utf-8", "replace")) for name, value in headers.items()],
            extensions={"timeout": {"connect": self._options.connect_timeout}},
        )

    async def _body(self, chunks: AsyncIterator[bytes], headers: dict[str, str]) -> bytes:
        """The decoded body; refused before its first byte where it announces too much."""
        length = headers.get("content-length", "")
        announced = int(length) if re.fullmatch(r"\d{1,18}", length) else None
        if announced is not None and announced > self._options.max_raw:
            raise BodyError(f"too large: {announced:,} bytes announced, {self._options.max_raw:,} allowed")
        body = Body(
            encoding=headers.get("content-encoding", ""),
            max_raw=self._options.max_raw,
            max_decoded=self._options.max_decoded,
        )
        async for chunk in chunks:
            body.feed(chunk)
        if announced is not None and "transfer-encoding" not in headers and body.raw != announced:
            raise BodyError(f"the body breaks off: {body.raw:,} of {announced:,} bytes came")
        return body.finish()


def _checked(url: str, *, asked: str) -> httpx.URL:
    try:
        return check_url(url)
    except ValueError as e:
        prefix = "" if url == asked else "redirected to an address that is not fetched: "
        raise _error(asked, f"{prefix}{e}", permanent=True) from e


def _target(at: httpx.URL, hop: _Hop, *, asked: str) -> str:
    """Where a redirect leads; raw Arabic and spaces, common in Location, become percent escapes."""
    location = hop.headers.get("location", "").strip()
    if not location:
        raise _error(asked, f"{_status_text(hop.status)} without an address to go to", status=hop.status)
    try:
        return urljoin(str(at), quote(location, safe="!#$%&'()*+,/:;=?@[]~\\"))
    except ValueError as e:
        raise _error(asked, "redirected to an address that cannot be read", permanent=True) from e


def _response(asked: str, final: str, hop: _Hop, *, conditional: bool) -> Response:
    if hop.status == HTTPStatus.OK or (hop.status == HTTPStatus.NOT_MODIFIED and conditional):
        return Response(url=asked, final_url=final, status=hop.status, headers=hop.headers, body=hop.body)
    raise FetchError(
        without_userinfo(asked),
        _status_text(hop.status),
        permanent=hop.status in _FINAL,
        status=hop.status,
        retry_after=parse_retry_after(hop.headers),
    )


def parse_retry_after(headers: dict[str, str]) -> float | None:
    """Seconds that the server asks to wait, at most a week; a date counts from the response's own Date."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", value):
        return min(float(value), _MAX_RETRY_AFTER)
    try:
        until, since = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("date", ""))
        return min(max((until - since).total_seconds(), 0.0), _MAX_RETRY_AFTER)
    except (ValueError, TypeError, OverflowError):  # no date, or one with and one without a zone
        return None


def _status_text(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} (a status that HTTP does not know)"


def _user_agent(options: HttpOptions) -> str:
    """The name, and whom to write to where the operator has said it."""
    return f"{options.user_agent} (+{options.contact})" if options.contact else options.user_agent


def _network_reason(error: Exception) -> str:
    cause = error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the site's certificate is not valid: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"no secure connection (TLS): {cause.reason or 'handshake failed'}"
    if isinstance(error, httpcore.TimeoutException):
        return "the secure connection was not made in time"
    if isinstance(error, httpcore.ProtocolError):
        return f"the answer breaks off or is not valid HTTP: {error}"
    return "the connection broke off"


def _error(url: str, reason: str, *, permanent: bool = False, status: int | None = None) -> FetchError:
    return FetchError(without_userinfo(url), reason, permanent=permanent, status=status)
