"""Fetching one URL politely and within limits: of time, of size, of where it may lead.

Theory of operation:

- `Fetcher.get` follows redirects by hand; each hop is checked (`addresses.check_url`), asks its host's robots.txt,
  waits its turn at its host (`hosts`), and draws on one budget of seconds. Waiting for a turn is not the server's
  fault and costs nothing of the budget.
- robots.txt is asked for once a host and day, in the host's own turn. It decides for its host: rules are kept to; 4xx
  (but 429, which says that the server has too much to do) means that there are none, and so does a redirect that leads
  nowhere; anything else means that nothing is fetched in this run, unless a copy not older than a week is remembered.
  Those who wait for it hold no turn, so two hosts whose robots.txt lead to each other cannot wait for each other.
- Retry-After holds for a host, across runs: `hosts()` gives what is to be remembered.
- Validators (ETag, Last-Modified) go to the site that they are of: the host asked, and hosts above or below it
  (example.org and www.example.org). Another site gets a plain request.
- Where permanent redirects lead is told (`Response.permanent_url`), up to the first that is temporary or that leads
  from https to http. Each of those addresses was dialled, so none of them is private unless it is named.
- The address check sits in the network backend (`connections`), where a name has become addresses and one of them is
  dialled: a DNS answer that changes between check and use has no room to.
- httpcore's own timeouts count from byte to byte, so one byte a second holds them open for ever;
  `asyncio.timeout` around the whole hop does not.

Rejected: httpx's decoded stream (bombs, see `inflate`), brotli and zstd (no bounded decoder among the
dependencies), caching of DNS answers (the resolver's work), httpcore's pool (see `connections`).
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, urljoin

from rasid.addresses import is_named
from rasid.errors import FetchError
from rasid.types import Response
from sources.addresses import Target, check_url, without_userinfo
from sources.caching import fresh_for, parse_retry_after
from sources.exchange import Answer, Exchange, ExchangeError, HttpOptions
from sources.hosts import ROBOTS_FRESH, ROBOTS_KEPT, Host, Hosts, Patience
from sources.robots import MAX_BYTES, Rules, concerning, product_token

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from datetime import datetime
    from types import TracebackType

    from rasid.types import HostState

__all__ = ["Fetcher", "HttpOptions"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_FINAL = frozenset({404, 410, 451})  # asking again gives the same answer
_ROBOTS_REDIRECTS = 5  # RFC 9309, 2.3.1.2
# HTTP/2 lets servers write into an ETag what no request can repeat; an endless one would have each request refused.
_VALIDATOR = re.compile(r"[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]{0,998}[^\x00-\x20\x7f])?")
_UNREADABLE = re.compile(r"[\x00-\x20\x7f]+")
_NO_CONDITIONS: Mapping[str, str] = {}


async def _always() -> None:
    """Nothing to wait for."""


@dataclass(slots=True)
class _Asking:
    """One `get` under way."""

    url: str  # as errors name it
    total: float  # seconds
    left: float

    def error(
        self,
        reason: str,
        *,
        permanent: bool = False,
        status: int | None = None,
        retry_after: float | None = None,
        deferred: bool = False,
    ) -> FetchError:
        return FetchError(
            self.url, reason, permanent=permanent, status=status, retry_after=retry_after, deferred=deferred
        )


class Fetcher:
    """Gets documents; an async context manager, safe for many tasks of one event loop."""

    def __init__(
        self,
        options: HttpOptions,
        *,
        clock: Callable[[], datetime],
        hosts: Iterable[HostState] = (),
        ready: Callable[[], Awaitable[None]] = _always,
    ) -> None:
        """Nothing is asked of anybody yet.

        Args:
            options: how requests are made.
            clock: gives the time, aware and UTC.
            hosts: what earlier runs remembered.
            ready: waited for before each request: documents that nobody reads yet need not be fetched.
        """
        self._options, self._clock, self._ready = options, clock, ready
        self._exchange = Exchange(options)
        self._hosts = Hosts(hosts, Patience(options.deadline, options.host_budget))
        self._slots = asyncio.Semaphore(options.concurrency)
        self._token = product_token(options.user_agent)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        await self._exchange.close()

    def hosts(self) -> list[HostState]:
        """What is to be remembered for later runs: of the hosts of whom something new is known."""
        return self._hosts.changed()

    async def get(self, url: str, *, etag: str | None = None, last_modified: str | None = None) -> Response:
        """The document at `url`, whole, or that it has not changed (status 304, no body).

        Args:
            url: http or https, without user name.
            etag: of the version that the caller has.
            last_modified: of that version, as the server wrote it.

        Raises:
            FetchError: with a reason for people, the HTTP status where there was one, and `permanent`; `deferred`
                where the host was not asked because it is to be left alone.
        """
        asking = self._asking(url)
        validators = {"if-none-match": etag, "if-modified-since": last_modified}
        given = {name: value for name, value in validators.items() if value and _VALIDATOR.fullmatch(value)}
        trail = [_checked(url, asking)]
        statuses: list[int] = []
        for _ in range(self._options.max_redirects + 1):
            at = trail[-1]
            conditions = given if _same_site(trail[0], at) else _NO_CONDITIONS
            answer = await self._admitted(at, conditions, asking)
            if answer.status not in _REDIRECTS:
                return _response(url, answer, trail, statuses, asking, conditional=bool(conditions))
            statuses.append(answer.status)
            trail.append(_checked(_location(at, answer, asking), asking, redirected=True))
        raise asking.error(f"more than {self._options.max_redirects} redirects")

    def _asking(self, url: str) -> _Asking:
        return _Asking(without_userinfo(url), self._options.deadline, self._options.deadline)

    async def _admitted(self, at: Target, conditions: Mapping[str, str], asking: _Asking) -> Answer:
        """One hop, if the host's robots.txt lets it."""
        host = self._hosts[at.authority]
        exempt = is_named(at.host, at.port, self._options.robots_exempt)
        if not exempt and not (await self._rules(host, at, asking)).allows(at.url):
            raise asking.error(
                f"robots.txt of {at.authority} does not allow it; "
                "if the site allowed you, name the host in http.robots_exempt",
                permanent=True,
            )
        return await self._hop(host, at, conditions, asking)

    async def _hop(
        self, host: Host, at: Target, conditions: Mapping[str, str], asking: _Asking, beginning: int = 0
    ) -> Answer:
        """One request in its host's turn, within what is left of the time."""
        loop = asyncio.get_running_loop()
        async with host.turn:
            self._may_ask(host, asking)
            pause = max(self._options.delay, host.rules.crawl_delay)
            await _sleep(host.pause_left(pause, self._clock(), loop.time()))
            await self._ready()
            async with self._slots:
                begun, answered, overran = loop.time(), False, False
                try:
                    async with asyncio.timeout(asking.left):
                        answer = await self._exchange.ask(at, conditions, beginning=beginning)
                        answered = True
                except TimeoutError as e:
                    # A host that was given a remainder by a slower one before it is not to blame.
                    overran = asking.left >= asking.total / 2
                    raise asking.error(f"the server did not answer within {asking.total:g} s") from e
                except ExchangeError as e:
                    raise asking.error(e.reason, permanent=e.permanent) from e
                finally:
                    host.asked(self._clock(), loop.time())
                    seconds = loop.time() - begun
                    asking.left -= seconds
                    host.charge(seconds, answered=answered, overran=overran)
            host.heed(answer.status, answer.headers, self._clock)
            return answer

    def _may_ask(self, host: Host, asking: _Asking) -> None:
        waits = host.waits(self._clock)
        if waits is not None:
            reason, seconds = waits
            raise asking.error(reason, retry_after=seconds, deferred=True)

    # ── robots.txt ────────────────────────────────────────────────────────────────────────────────

    async def _rules(self, host: Host, at: Target, asking: _Asking) -> Rules:
        if not host.learned or host.unlearned is not None:
            async with host.learning:
                self._may_ask(host, asking)  # one attempt of a run fails, the others are told to wait
                if not host.learned:
                    await self._learn(host, at)
        cause = host.unlearned
        if cause is not None:
            raise asking.error(
                cause.reason,
                permanent=cause.permanent,
                retry_after=cause.retry_after,
                deferred=cause.deferred,
            )
        return host.rules

    async def _learn(self, host: Host, at: Target) -> None:
        """Give the host its rules, or the reason why they cannot be had in this run."""
        robots = host.remembered(self._clock(), ROBOTS_FRESH)
        if robots is None:
            try:
                robots = await self._robots(at)
                host.remember(robots, self._clock())
            except FetchError as e:
                robots = host.remembered(self._clock(), ROBOTS_KEPT)
                if robots is None or host.waits(self._clock):
                    host.unlearned = e
        host.rules, host.learned = Rules(robots or "", self._token), True

    async def _robots(self, at: Target) -> str:
        """What the host's robots.txt says to us; "": nothing."""
        place = at.at("/robots.txt")
        asking = self._asking(place.url)
        for hops in range(_ROBOTS_REDIRECTS + 1):
            try:
                answer = await self._hop(
                    self._hosts[place.authority], place, _NO_CONDITIONS, asking, MAX_BYTES
                )
            except FetchError as e:
                if e.permanent and hops:  # it leads to an address that is not dialled
                    return ""
                raise
            if answer.status == HTTPStatus.OK:
                return concerning(answer.body, self._token)
            if answer.status >= 500 or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise asking.error(
                    f"robots.txt of {at.authority} cannot be had ({_status_text(answer.status)}); "
                    "nothing is fetched from there until it can",
                    retry_after=parse_retry_after(answer.headers),
                )
            if answer.status not in _REDIRECTS:
                return ""
            try:
                place = _checked(_location(place, answer, asking), asking)
            except FetchError:
                return ""
        return ""


async def _sleep(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)


def _checked(url: str, asking: _Asking, *, redirected: bool = False) -> Target:
    try:
        return check_url(url)
    except ValueError as e:
        prefix = "redirected to an address that is not fetched: " if redirected else ""
        raise asking.error(f"{prefix}{e}", permanent=True) from e


def _location(at: Target, answer: Answer, asking: _Asking) -> str:
    """Where a redirect leads; raw Arabic, common in Location, is left to `check_url`, spaces become percent escapes."""
    location = answer.headers.get("location", "").strip()
    if not location:
        raise asking.error(f"{_status_text(answer.status)} without an address to go to", status=answer.status)
    try:
        return urljoin(at.url, _UNREADABLE.sub(lambda found: quote(found[0]), location))
    except ValueError as e:
        raise asking.error("redirected to an address that cannot be read", permanent=True) from e


def _same_site(one: Target, other: Target) -> bool:
    """Whether one host is the other, above it or below it."""
    ours, theirs = f".{one.authority}", f".{other.authority}"
    return ours.endswith(theirs) or theirs.endswith(ours)


def _response(
    url: str, answer: Answer, trail: list[Target], statuses: list[int], asking: _Asking, *, conditional: bool
) -> Response:
    status = answer.status
    if status != HTTPStatus.OK and not (status == HTTPStatus.NOT_MODIFIED and conditional):
        raise asking.error(
            _status_text(status),
            permanent=status in _FINAL,
            status=status,
            retry_after=parse_retry_after(answer.headers),
        )
    return Response(
        url=url,
        final_url=trail[-1].url,
        status=status,
        headers=answer.headers,
        body=answer.body,
        permanent_url=_permanent(trail, statuses),
        fresh_for=fresh_for(answer.headers),
        downgraded=any(_downgrades(*hop) for hop in pairwise(trail)),
    )


def _permanent(trail: list[Target], statuses: list[int]) -> str | None:
    """Where the permanent redirects lead that the trail begins with; a feed is not moved from https to http."""
    moved = None
    for hop, status in zip(pairwise(trail), statuses, strict=True):
        if status not in _PERMANENT or _downgrades(*hop):
            break
        moved = hop[1].url
    return moved


def _downgrades(before: Target, after: Target) -> bool:
    return before.scheme == "https" and after.scheme == "http"


def _status_text(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} (a status that HTTP does not know)"
