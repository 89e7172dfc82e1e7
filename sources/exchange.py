"""One request and its answer, within limits of size; no redirects, no turns, no deadline: those are `http`'s.

It speaks through httpcore, the engine of httpx, and not through `httpx.AsyncClient`: the client keeps cookies, reads
netrc and proxies, and logs full URLs with their tokens. Nothing of this exists here: the headers of a request are those
of `_headers` and no others.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import h2.exceptions
import httpcore

from sources.connections import Connections, DialError
from sources.faults import PARSER_FAULTS
from sources.inflate import Body, BodyError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from sources.addresses import Target

_ACCEPT = (
    "text/html,application/rss+xml,application/atom+xml,application/feed+json,application/xml;q=0.9,*/*;q=0.8"
)
_DRAINED = 16_384  # bytes of an answer that nobody reads: taken, they save the next request a TLS handshake
_DRAIN_TIME = 1.0  # seconds for them
_BROKEN = (  # a TLS record that cannot be read comes through httpcore as what it is, an OSError
    *(httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError),
    *(httpcore.ConnectionNotAvailable, OSError),
)
# What httpcore lets through of an HTTP/2 answer that breaks the rules: a status that is no number, a frame too long.
_MALFORMED = (h2.exceptions.H2Error, *PARSER_FAULTS)
_MAX_REASON = 200  # characters of a parser's words, which quote the server's


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
    delay: float = 1.0  # between the end of a request and the next one to the same host, at least
    concurrency: int = 16  # requests at once, over all hosts
    allow_hosts: frozenset[str] = frozenset()  # private hosts that the operator named, with or without port
    robots_exempt: frozenset[str] = frozenset()  # hosts whose robots.txt is not asked for, named likewise
    host_budget: float = 30.0  # that a host may spend of a run without answering


class ExchangeError(Exception):
    """No answer that can be used. `permanent`: the next one would be none either."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        self.reason, self.permanent = reason, permanent
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request gave."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes = b""  # of a 200 alone: that of an error or a redirect is nobody's business


class Exchange:
    """Sends requests; safe for many tasks of one event loop."""

    def __init__(self, options: HttpOptions) -> None:
        self._options = options
        self._connections = Connections(options.allow_hosts, at_once=options.concurrency)
        self._headers = _headers(options)
        for name in ("httpx", "httpcore", "hpack"):  # they log whole URLs and headers
            logging.getLogger(name).setLevel(logging.WARNING)

    async def close(self) -> None:
        """Close every connection."""
        await self._connections.close()

    async def ask(self, target: Target, conditions: Mapping[str, str], *, beginning: int = 0) -> Answer:
        """GET `target`.

        Args:
            target: whom to ask for what.
            conditions: headers that make the request conditional.
            beginning: take so many bytes of the decoded body and no more; 0: the whole body, or none.

        Raises:
            ExchangeError: with a reason for people.
        """
        try:
            connection, response = await self._answered(target, self._request(target, conditions))
            whole = False
            try:
                answer, whole = await self._taken(response, beginning)
                return answer
            finally:
                await response.aclose()
                await self._connections.give_back(target, connection, reusable=whole)
        except DialError as e:
            raise ExchangeError(e.reason, permanent=e.permanent) from e
        except BodyError as e:
            raise ExchangeError(str(e)) from e
        except _BROKEN as e:
            raise ExchangeError(_broken_reason(e)) from e

    async def _answered(
        self, target: Target, request: httpcore.Request
    ) -> tuple[httpcore.AsyncHTTPConnection, httpcore.Response]:
        """The head of the answer; asked for again where a kept connection turns out to have been closed."""
        while True:
            kept = await self._connections.kept(target)
            connection = kept or self._connections.new(target)
            try:
                return connection, await connection.handle_async_request(request)
            except (httpcore.NetworkError, httpcore.RemoteProtocolError, httpcore.ConnectionNotAvailable):
                await connection.aclose()
                if kept is None:
                    raise
            except _MALFORMED as e:
                await connection.aclose()
                raise httpcore.RemoteProtocolError(str(e)) from e
            except BaseException:
                await connection.aclose()
                raise

    def _request(self, target: Target, conditions: Mapping[str, str]) -> httpcore.Request:
        extra = [(name.encode(), value.encode("utf-8", "replace")) for name, value in conditions.items()]
        return httpcore.Request(
            b"GET",
            httpcore.URL(
                scheme=target.scheme.encode(),
                host=target.host.encode(),
                port=target.port,
                target=target.path.encode(),
            ),
            headers=[(b"host", target.authority.encode()), *self._headers, *extra],
            extensions={"timeout": {"connect": self._options.connect_timeout}},
        )

    async def _taken(self, response: httpcore.Response, beginning: int) -> tuple[Answer, bool]:
        """The answer, and whether nothing of it is still to come."""
        headers = _by_name(response.headers)
        if response.status != HTTPStatus.OK:
            return Answer(response.status, headers), await _drained(response, headers)
        most = self._options.max_raw
        announced = _announced(headers)
        if announced is not None and announced > most and not beginning:
            raise TooLargeError(f"too large: {announced:,} bytes announced, {most:,} allowed")
        body = Body(
            encoding=headers.get("content-encoding", ""),
            max_raw=most,
            max_decoded=beginning or self._options.max_decoded,
        )
        try:
            async for chunk in _chunks(response):
                body.feed(chunk)
        except TooLargeError:
            if not beginning:
                raise
            return Answer(response.status, headers, body.beginning()), False
        if announced is not None and "transfer-encoding" not in headers and body.raw != announced:
            raise BodyError(f"the body breaks off: {body.raw:,} of {announced:,} bytes came")
        return Answer(response.status, headers, body.finish()), True


async def _chunks(response: httpcore.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_stream():
            yield chunk
    except _MALFORMED as e:
        raise httpcore.RemoteProtocolError(str(e)) from e


def user_agent(options: HttpOptions) -> str:
    """The name, and whom to write to where the operator has said it."""
    return f"{options.user_agent} (+{options.contact})" if options.contact else options.user_agent


def _headers(options: HttpOptions) -> list[tuple[bytes, bytes]]:
    """What every request says; built once."""
    said = {
        "user-agent": user_agent(options),
        "accept": _ACCEPT,
        "accept-language": "ar,en;q=0.5",
        "accept-encoding": "gzip, deflate",
    }
    return [(name.encode(), value.encode("utf-8", "replace")) for name, value in said.items()]


def _by_name(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in lower case, those that come several times joined by commas."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), _text(raw_value)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _announced(headers: dict[str, str]) -> int | None:
    length = headers.get("content-length", "")
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None


async def _drained(response: httpcore.Response, headers: dict[str, str]) -> bool:
    """Whether a short body that nobody reads has been taken, still packed, so that its connection can be used again."""
    if response.status != HTTPStatus.NOT_MODIFIED and (_announced(headers) or 0) > _DRAINED:
        return False
    taken = 0
    try:
        async with asyncio.timeout(_DRAIN_TIME):
            async for chunk in response.aiter_stream():
                taken += len(chunk)
                if taken > _DRAINED:
                    return False
    except (*_BROKEN, *_MALFORMED, TimeoutError):
        return False  # the status is known, which is what counts
    return True


def _broken_reason(error: Exception) -> str:
    cause = error if isinstance(error, ssl.SSLError) else error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the site's certificate is not valid: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"no secure connection (TLS): {cause.reason or 'handshake failed'}"
    if isinstance(error, httpcore.TimeoutException):
        return "the secure connection was not made in time"
    if isinstance(error, httpcore.ProtocolError):
        return f"the answer breaks off or is not valid HTTP: {str(error)[:_MAX_REASON]}"
    return "the connection broke off"
