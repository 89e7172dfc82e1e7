"""Which address is dialled, with a name server that a test makes up."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpcore
import pytest

from sources.connections import DialError, GuardedBackend
from sources.http import Fetcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from sources.http import HttpOptions


def resolver(*addresses: str) -> Callable[..., list[Any]]:
    """A name server that gives these addresses, once and for all names."""
    return lambda *_, **__: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses
    ]


class Recorder(httpcore.AsyncNetworkBackend):
    """Dials nothing, remembers what it was asked to dial."""

    def __init__(self) -> None:
        self.dialled: list[tuple[str, int]] = []

    async def connect_tcp(self, host: str, port: int, *_: object) -> httpcore.AsyncNetworkStream:
        """Refuse, having taken note."""
        self.dialled.append((host, port))
        raise httpcore.ConnectError


def dialled(host: str, allow_hosts: frozenset[str] = frozenset()) -> list[tuple[str, int]]:
    """The addresses that the backend dials for a host, all of which fail."""
    backend = GuardedBackend(allow_hosts, resolvers=1)
    backend._inner = Recorder()
    with pytest.raises(DialError):
        asyncio.run(backend.connect_tcp(host, 80, timeout=1))
    backend.close()
    return backend._inner.dialled


def test_only_public_addresses_are_dialled_and_never_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was judged is what is dialled: the name is resolved once."""
    monkeypatch.setattr(socket, "getaddrinfo", resolver("10.0.0.1", "198.41.0.4", "127.0.0.1", "192.33.4.12"))
    assert dialled("news.example") == [("198.41.0.4", 80), ("192.33.4.12", 80)]


def test_named_host_is_dialled_whatever_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator's word opens one host, not its neighbour."""
    monkeypatch.setattr(socket, "getaddrinfo", resolver("10.0.0.1"))
    assert dialled("intranet.example", frozenset({"intranet.example"})) == [("10.0.0.1", 80)]
    assert dialled("other.example", frozenset({"intranet.example:80"})) == []


def test_dead_name_servers_stop_nobody_else(monkeypatch: pytest.MonkeyPatch, options: HttpOptions) -> None:
    """While as many names as are asked for at once get no answer, another is resolved and refused at once."""
    answered = threading.Event()

    def resolve(host: object, port: int, *_: object, **__: object) -> list[Any]:
        if "dead" in str(host):
            answered.wait(5)
        return resolver("10.0.0.1")()

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    async def scenario() -> list[Any]:
        changed = replace(options, concurrency=8, deadline=0.6)
        async with Fetcher(changed, clock=lambda: datetime(2025, 1, 1, tzinfo=UTC)) as fetcher:
            hosts = [*(f"dead{n}.example" for n in range(8)), "live.example"]
            asked = (fetcher.get(f"http://{host}/") for host in hosts)
            given = await asyncio.gather(*asked, return_exceptions=True)
        answered.set()
        return given

    *dead, live = asyncio.run(scenario())
    assert {"the server did not answer within 0.6 s"} == {error.reason for error in dead}
    assert "live.example is an address of this machine" in live.reason
