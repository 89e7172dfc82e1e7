"""TLS, and HTTP/2 through it: against a real server of the h2 library, and against one that goes wrong."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.events
import pytest

from rasid.errors import FetchError
from sources.connections import tls_context
from sources.http import Fetcher
from tests.sources.certificate import server_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rasid.types import Response
    from sources.http import HttpOptions

BODY = "راصد".encode() * 20_000  # several frames, more than the first window


def six() -> datetime:
    """A clock that stands at six."""
    return datetime(2025, 1, 1, 6, 0, tzinfo=UTC)


@pytest.fixture
def trusting() -> Iterator[None]:
    """The certificates that are trusted, to be added to, afterwards as before."""
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()


@dataclass
class Server:
    """Answers "/" with `BODY`, or with 304 where an ETag is given; all else is not there."""

    connections: int = 0
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, its requests one after another."""
        self.connections += 1
        protocol = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        )
        protocol.initiate_connection()
        writer.write(protocol.data_to_send())
        left: dict[int, bytes] = {}
        while data := await reader.read(65_536):
            for event in protocol.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    left[event.stream_id] = self.answer(protocol, event.stream_id, dict(event.headers))
            for stream in list(left):
                left[stream] = send(protocol, stream, left[stream])
                if not left[stream]:
                    protocol.end_stream(stream)
                    del left[stream]
            writer.write(protocol.data_to_send())
            await writer.drain()
        writer.close()

    def answer(self, protocol: h2.connection.H2Connection, stream: int, headers: dict[str, str]) -> bytes:
        """Send the head of an answer; its body is returned."""
        path, etag = headers[":path"], headers.get("if-none-match")
        self.asked.append((path, etag))
        status = "404" if path != "/" else "304" if etag else "200"
        protocol.send_headers(stream, [(":status", status), ("etag", '"v1"')])
        return BODY if status == "200" else b""


def send(protocol: h2.connection.H2Connection, stream: int, body: bytes) -> bytes:
    """Send what the window lets through; the rest is returned."""
    while body and (
        most := min(protocol.local_flow_control_window(stream), protocol.max_outbound_frame_size)
    ):
        protocol.send_data(stream, body[:most])
        body = body[most:]
    return body


def test_http2_is_spoken_where_it_is_offered(tmp_path: Path, options: HttpOptions, trusting: None) -> None:
    """robots.txt, a body of several frames, and a 304 come over one connection."""
    context, server = server_context(tmp_path, "h2", "http/1.1"), Server()
    tls_context().load_verify_locations(tmp_path / "ca.pem")

    async def scenario() -> tuple[Response, Response]:
        async with await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context) as listening:
            site = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
            changed = replace(options, allow_hosts=frozenset({"127.0.0.1"}))
            async with Fetcher(changed, clock=six) as fetcher:
                first = await fetcher.get(f"{site}/")
                return first, await fetcher.get(f"{site}/", etag=first.headers["etag"])

    first, again = asyncio.run(scenario())
    assert (BODY, 304, 1) == (first.body, again.status, server.connections)
    assert [("/robots.txt", None), ("/", None), ("/", '"v1"')] == server.asked


def test_an_unknown_certificate_is_said_so(tmp_path: Path, options: HttpOptions, trusting: None) -> None:
    """A site that cannot show who it is gets no request."""
    context, server = server_context(tmp_path, "h2"), Server()

    async def scenario() -> None:
        async with await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context) as listening:
            changed = replace(options, allow_hosts=frozenset({"127.0.0.1"}))
            async with Fetcher(changed, clock=six) as fetcher:
                await fetcher.get(f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}/")

    with pytest.raises(FetchError, match="certificate is not valid: self-signed"):
        asyncio.run(scenario())
    assert [] == server.asked


def test_a_tls_record_that_cannot_be_read_is_said_so(
    tmp_path: Path, options: HttpOptions, trusting: None
) -> None:
    """Bytes that are no TLS, in the middle of it, are an error in words and no crash."""
    context = server_context(tmp_path)
    tls_context().load_verify_locations(tmp_path / "ca.pem")

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65_536)
            with socket.socket(fileno=os.dup(secure.fileno())) as bare:
                bare.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)

    async def scenario(port: int) -> None:
        async with Fetcher(replace(options, allow_hosts=frozenset({"127.0.0.1"})), clock=six) as fetcher:
            await fetcher.get(f"https://127.0.0.1:{port}/")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        with pytest.raises(FetchError, match=r"no secure connection \(TLS\)"):
            asyncio.run(scenario(listener.getsockname()[1]))
        server.join()
