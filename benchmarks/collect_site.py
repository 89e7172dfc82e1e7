"""The server of hundreds of invented news sites, each at a loopback address of its own: one process, and cheap.

Everything is laid out (collect_pages.py), compressed and framed before the first request; an answer is a look-up and
one write. A log is kept of every connection and request.

Hosts that mean ill have a feed and a robots.txt as others have; what they do to those who ask for pages:

===========  ======================================================================
slow         a byte a second
endless      a body without an end, as fast as it is taken
bomb         a page that inflates to a thousand times its size
dead         connections are taken and nothing is ever answered, its feed included
unreachable  connections are not even taken: the queue of its socket is full
===========  ======================================================================

The pages of the last two are listed by a feed of a sound host as well, as an aggregator's would.
"""

from __future__ import annotations

import asyncio
import gc
import gzip
import re
import socket
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from http import HTTPStatus
from multiprocessing import get_context
from typing import TYPE_CHECKING, Literal, NamedTuple

from collect_pages import Plan, feed, pages, path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from collect_pages import Ill

MUTE: tuple[Ill, ...] = ("dead", "unreachable")
BLOCK = bytes(65_536)
BOMB = 200_000_000  # bytes, of which gzip makes a thousandth
ROBOTS = "User-agent: *\nDisallow: /admin/\nDisallow: /search\n"
PAGE = re.compile(r"/\d{4}/\d{2}/\d+-\d{3}/")


# ── answers ───────────────────────────────────────────────────────────────────────────────────────


class _Answer(NamedTuple):
    """Bytes as they go over the wire; `after` what goes on coming."""

    status: int
    whole: bytes
    etag: bytes = b""  # where this is what the client has, 304
    after: Literal["", "drip", "flood"] = ""


def _answer(status: str, body: bytes, kind: str, *more: str) -> bytes:
    head = (f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more, "", "")
    return "\r\n".join(head).encode() + body


def _compressed(body: bytes, kind: str, *more: str) -> bytes:
    return _answer("200 OK", gzip.compress(body, 5, mtime=0), kind, "Content-Encoding: gzip", *more)


MISSING = _Answer(404, _answer("404 Not Found", b"", "text/html"))
UNCHANGED = b"HTTP/1.1 304 Not Modified\r\n\r\n"
HTML, RSS, TEXT = "text/html; charset=utf-8", "application/rss+xml; charset=utf-8", "text/plain"
CHUNK = b"%x\r\n%s\r\n" % (len(BLOCK), BLOCK)


@cache
def _ill_answer(kind: Ill) -> _Answer:
    chunked = f"HTTP/1.1 200 OK\r\nContent-Type: {HTML}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    if kind != "bomb":
        return _Answer(200, chunked, after="drip" if kind == "slow" else "flood")
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(packer.compress(BLOCK) for _ in range(BOMB // len(BLOCK))) + packer.flush()
    return _Answer(200, _answer("200 OK", body, HTML, "Content-Encoding: gzip"))


def _answers(plan: Plan, host: int) -> dict[bytes, _Answer]:
    """What a host answers, by path."""
    ill = plan.illness(host)
    mute = [plan.hosts + place for place, kind in enumerate(plan.ill) if kind in MUTE]
    listed = mute if host == plan.hosts + len(plan.ill) else [host]
    listing = feed(plan, f"صحيفة {host}", listed)
    etag = f'"{zlib.crc32(listing):08x}"'
    found = {
        b"/robots.txt": _Answer(200, _answer("200 OK", plan.robots.get(host, ROBOTS).encode(), TEXT)),
        b"/feed": _Answer(200, _compressed(listing, RSS, f"ETag: {etag}"), etag.encode()),
    }
    if ill:
        found |= {path(plan, host, page).encode(): _ill_answer(ill) for page in range(plan.ill_pages)}
    elif host < plan.hosts:
        for page, (_, html) in enumerate(pages(plan, host)):
            found[path(plan, host, page).encode()] = _Answer(200, _compressed(html.encode(), HTML))
    return found


# ── the server ────────────────────────────────────────────────────────────────────────────────────


class Request(NamedTuple):
    """A line of the log; times in seconds on the machine's monotonic clock."""

    host: int
    begun: float  # the first byte of the request came
    ended: float  # the last byte of the answer went
    path: str  # empty: a connection, from its making to its end
    status: int


@dataclass(frozen=True, slots=True)
class Log:
    """What was asked of the server since the last time."""

    lines: list[Request]
    cpu: float  # seconds that it spent on it

    @property
    def requests(self) -> list[Request]:
        """In the order in which they came."""
        return sorted((one for one in self.lines if one.path), key=lambda one: one.begun)

    @property
    def connections(self) -> list[Request]:
        """In the order in which they were made."""
        return sorted((one for one in self.lines if not one.path), key=lambda one: one.begun)

    @property
    def pages(self) -> list[Request]:
        """The requests for articles that got one."""
        return [one for one in self.requests if PAGE.fullmatch(one.path) and one.status == HTTPStatus.OK]


class _Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, host: int, answers: dict[bytes, _Answer], log: list[Request]) -> None:
        self._host, self._answers, self._log = host, answers, log
        self._made = self._begun = 0.0
        self._buffer = b""
        self._drips: asyncio.TimerHandle | None = None
        self._flooding = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._made = transport, time.monotonic()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._drips:
            self._drips.cancel()
        self._flooding = False
        self._log.append(Request(self._host, self._made, time.monotonic(), "", 0))

    def data_received(self, data: bytes) -> None:
        self._begun = self._begun if self._buffer else time.monotonic()
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            self._reply(head)

    def _reply(self, head: bytes) -> None:
        target = head.split(b" ", 2)[1]
        answer = self._answers.get(target, MISSING)
        same = answer.etag and answer.etag in head
        self._transport.write(UNCHANGED if same else answer.whole)
        status = 304 if same else answer.status
        self._log.append(Request(self._host, self._begun, time.monotonic(), target.decode(), status))
        if answer.after == "drip":
            self._drip()
        elif answer.after == "flood":
            self._flooding = True
            self.resume_writing()

    def _drip(self) -> None:
        self._transport.write(b"1\r\n.\r\n")
        self._drips = asyncio.get_running_loop().call_later(1, self._drip)

    def resume_writing(self) -> None:
        # The transport asks for a pause as soon as its own buffer fills, and for more when it has drained.
        while self._flooding and not self._transport.get_write_buffer_size():
            self._transport.write(CHUNK)


def _listening(address: str, port: int, backlog: int) -> socket.socket:
    listening = socket.create_server((address, port), backlog=backlog)
    listening.settimeout(0)
    return listening


async def _serve(plan: Plan, channel: Connection) -> None:
    loop = asyncio.get_running_loop()
    sockets: list[socket.socket] = []
    for host, address in enumerate(plan.addresses):
        port = sockets[0].getsockname()[1] if sockets else 0
        sockets.append(_listening(address, port, 0 if plan.illness(host) == "unreachable" else 128))
    plan = replace(plan, port=sockets[0].getsockname()[1])
    log: list[Request] = []
    kept: list[socket.socket] = []
    for host, listening in enumerate(sockets):
        if plan.illness(host) in MUTE:
            if plan.illness(host) == "unreachable":
                kept += [_filling(listening.getsockname()) for _ in range(2)]
            continue
        answers = _answers(plan, host)
        await loop.create_server(lambda h=host, a=answers: _Connection(h, a, log), sock=listening)
    gc.freeze()
    gc.disable()  # nothing here makes cycles, and the bodies are hundreds of megabytes
    over = asyncio.Event()

    def told() -> None:
        try:
            channel.recv()
        except EOFError:
            over.set()
            return
        nonlocal counted
        spent, counted = time.process_time() - counted, time.process_time()
        channel.send(Log(log.copy(), spent))
        log.clear()

    channel.send(plan.port)
    counted = time.process_time()
    loop.add_reader(channel.fileno(), told)
    await over.wait()


def _filling(address: tuple[str, int]) -> socket.socket:
    """A connection that nobody takes: it stays in the queue and keeps others out."""
    client = socket.socket()
    client.settimeout(0)
    client.connect_ex(address)
    return client


def _process(plan: Plan, channel: Connection) -> None:
    asyncio.run(_serve(plan, channel))


@dataclass(frozen=True, slots=True)
class Site:
    """The hosts being served."""

    plan: Plan
    _channel: Connection

    def log(self) -> Log:
        """What was asked since the last time; connections that are open yet are not told."""
        self._channel.send(None)
        log = self._channel.recv()
        assert isinstance(log, Log)
        return log


@contextmanager
def served(plan: Plan) -> Iterator[Site]:
    """The plan's hosts, served by a process of their own."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_process, args=(plan, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Site(replace(plan, port=ours.recv()), ours)  # EOFError: it died at its start, and said why
    finally:
        ours.close()
        process.join(10)
        process.terminate()
