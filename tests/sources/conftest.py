"""A server on loopback whose every byte a test writes, and fetches from it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Self

import pytest

from sources.http import Fetcher, HttpOptions

if TYPE_CHECKING:
    from rasid.types import Response

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


NOW = datetime(2025, 1, 1, 6, 0, tzinfo=UTC)


@dataclass
class Clock:
    """Stands still until a test moves it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        """The time that Rasid is told."""
        return self.now

    def move(self, **time: float) -> None:
        """Let time pass: `hours=1`."""
        self.now += timedelta(**time)


@dataclass
class Site:
    """Answers each path with its bytes (a whole HTTP answer), or lets a function write them.

    It has no robots.txt unless a test gives it one.
    """

    answers: dict[str, Answer]
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # robots.txt left out
    robots_asked: int = 0
    times: list[tuple[float, float]] = field(default_factory=list)  # begin and end of each request's answer
    port: int = 0
    open_now: int = 0
    open_most: int = 0
    serving: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def host(self) -> str:
        """As settings would name it."""
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://{self.host}{path}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self.serving:
            task.cancel()
        await asyncio.gather(*self.serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.append(asyncio.current_task())
        self.open_now += 1
        self.open_most = max(self.open_most, self.open_now)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            path = first.split(" ")[1]
            if path == "/robots.txt":
                self.robots_asked += 1
            else:
                self.asked.append((path, {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}))
            begun = monotonic()
            answer = self.answers.get(path, NOT_FOUND)
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
            self.times.append((begun, monotonic()))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, as some tests want it to
        finally:
            self.open_now -= 1
            writer.close()


def http_answer(status: str, headers: str = "", body: bytes = b"", *, length: int | None = None) -> bytes:
    """A whole HTTP/1.1 answer; `length` is what it claims where that is not the truth."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    lines += ["Connection: close", *headers.split("\n")] if headers else ["Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode() + body


NOT_FOUND = http_answer("404 Not Found")
OPTIONS = HttpOptions(user_agent="Rasid/0 test", contact="https://rasid.example", delay=0.0, deadline=5.0)


@pytest.fixture
def answer() -> Callable[..., bytes]:
    """Build a whole HTTP answer."""
    return http_answer


@pytest.fixture
def site() -> type[Site]:
    """Give the server's class; its argument are the answers by path."""
    return Site


@pytest.fixture
def options() -> HttpOptions:
    """Options without delay, with a short deadline."""
    return OPTIONS


@pytest.fixture
def clock() -> Clock:
    """Stands at 06:00 UTC of the first day of 2025."""
    return Clock()


@pytest.fixture
def fetch() -> Callable[..., Response]:
    """Fetches "/" of a site with these answers; further arguments are options."""

    def run(answers: dict[str, Answer], **changes: object) -> Response:
        conditions = {name: changes.pop(name) for name in ("etag", "last_modified") if name in changes}

        async def scenario() -> Response:
            async with Site(answers) as site:
                options = replace(OPTIONS, **{"allow_hosts": frozenset({site.host})} | changes)
                async with Fetcher(options, clock=Clock()) as fetcher:
                    return await fetcher.get(site.url("/"), **conditions)

        return asyncio.run(scenario())

    return run
