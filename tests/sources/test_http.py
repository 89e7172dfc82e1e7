"""The guarded client against real sockets that misbehave."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import time
import tracemalloc
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpcore
import pytest

from rasid.errors import FetchError
from sources.http import Fetcher, _DialError, _GuardedBackend, _user_agent, parse_retry_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from rasid.types import Response
    from sources.http import HttpOptions

ARABIC = "راصد يتابع أخبار الرقاقات".encode()


def bomb(*, gigabytes: int = 1) -> bytes:
    """A gzip body of zeros; only its end is missing, which no reader should come to."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = packer.compress(bytes(16_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(16_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * (gigabytes * 62)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("identity", ARABIC),
        ("gzip", gzip.compress(ARABIC)),
        ("x-gzip", gzip.compress(ARABIC)),
        ("gzip", gzip.compress(ARABIC[:10]) + gzip.compress(ARABIC[10:])),
        ("gzip", gzip.compress(ARABIC) + b"\0" * 10),
        ("deflate", zlib.compress(ARABIC)),
        ("deflate", zlib.compressobj(wbits=-15).compress(b"") + zlib.compress(ARABIC)[2:-4]),
    ],
    ids=["plain", "gzip", "x-gzip", "two members", "padded", "zlib", "bare deflate"],
)
def test_bodies_are_decoded_of_one_layer(
    fetch: Callable[..., Response], answer: Callable[..., bytes], encoding: str, body: bytes
) -> None:
    """Each encoding that was asked for is undone once."""
    response = fetch({"/": answer("200 OK", f"Content-Encoding: {encoding}", body)})
    assert (response.status, response.body) == (200, ARABIC)


def test_request_names_the_operator_and_nothing_else(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request carries user agent and contact; no cookie comes back, no proxy is asked."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    async def scenario() -> Any:
        first = answer("200 OK", "Set-Cookie: session=abc", b"x")
        async with site({"/a": first, "/b": first}) as at:
            async with Fetcher(replace(options, allow_hosts=frozenset({"127.0.0.1"}))) as fetcher:
                await fetcher.get(at.url("/a"))
                await fetcher.get(at.url("/b"), etag='"v1"')
            return at.asked

    (_, _), (path, headers) = asyncio.run(scenario())
    assert (path, headers["user-agent"]) == ("/b", "Rasid/0 test (+https://rasid.example)")
    assert (headers["if-none-match"], headers["accept-encoding"]) == ('"v1"', "gzip, deflate")
    assert not {"cookie", "authorization", "referer", "if-modified-since"} & headers.keys()


@pytest.mark.parametrize(("contact", "expected"), [("", "Rasid"), ("me@a.example", "Rasid (+me@a.example)")])
def test_user_agent_without_a_contact_is_the_name(options: HttpOptions, contact: str, expected: str) -> None:
    """An operator who gave no address leaves no empty brackets behind."""
    assert expected == _user_agent(replace(options, user_agent="Rasid", contact=contact))


def test_not_modified_has_no_body(fetch: Callable[..., Response], answer: Callable[..., bytes]) -> None:
    """304 answers a conditional request."""
    response = fetch({"/": b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"}, etag="x")
    assert (response.status, response.body, response.headers["etag"]) == (304, b"", "x")


def test_not_modified_without_a_condition_is_an_error(fetch: Callable[..., Response]) -> None:
    """304 to a plain request gives nothing to go on with."""
    with pytest.raises(FetchError, match="304 Not Modified"):
        fetch({"/": b"HTTP/1.1 304 Not Modified\r\n\r\n"})


@pytest.mark.parametrize(
    ("status", "headers", "policy"),
    [
        ("404 Not Found", "", (True, None)),
        ("410 Gone", "", (True, None)),
        ("451 Unavailable For Legal Reasons", "", (True, None)),
        ("401 Unauthorized", "", (False, None)),
        ("403 Forbidden", "", (False, None)),
        ("429 Too Many Requests", "Retry-After: 120", (False, 120.0)),
        ("503 Service Unavailable", "Retry-After: 7", (False, 7.0)),
        ("500 Internal Server Error", "Retry-After: soon", (False, None)),
        ("204 No Content", "", (False, None)),
    ],
)
def test_status_decides_whether_to_try_again(
    fetch: Callable[..., Response],
    answer: Callable[..., bytes],
    status: str,
    headers: str,
    policy: tuple[bool, float | None],
) -> None:
    """Each refusal is named, and carries its policy."""
    with pytest.raises(FetchError) as caught:
        fetch({"/": answer(status, headers)})
    error = caught.value
    expected = (status, int(status[:3]), *policy)
    assert expected == (error.reason, error.status, error.permanent, error.retry_after)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("30", 30.0),
        ("999999999", 604_800.0),
        ("9" * 5000, None),
        ("-5", None),
        ("Wed, 01 Jan 2025 00:02:00 GMT", 120.0),
        ("Tue, 31 Dec 2024 00:00:00 GMT", 0.0),
        ("Wed, 01 Jan 2025 00:02:00", None),
        ("", None),
    ],
)
def test_retry_after_counts_from_the_servers_own_date(value: str, expected: Any) -> None:
    """No clock of ours is read."""
    assert expected == parse_retry_after({"retry-after": value, "date": "Wed, 01 Jan 2025 00:00:00 GMT"})


def test_retry_after_date_without_date_header_is_unknown() -> None:
    """A date needs another to count from."""
    assert parse_retry_after({"retry-after": "Wed, 01 Jan 2025 00:02:00 GMT"}) is None


def test_redirect_is_followed_and_named(fetch: Callable[..., Response], answer: Callable[..., bytes]) -> None:
    """A relative Location in raw Arabic leads to the escaped address."""
    location = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\nLocation: "
    paths = {
        "/": location + "/أخبار\r\n\r\n".encode(),
        "/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1": answer("200 OK", "", b"x"),
    }
    response = fetch(paths)
    assert response.final_url.endswith("/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1")
    assert response.url.endswith("/")


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("ftp://example.org/", "only http and https"),
        ("gopher://example.org/", "only http and https"),
        ("http://169.254.169.254/latest/meta-data/", "allow_hosts"),
        ("http://[::ffff:10.0.0.1]/", "allow_hosts"),
        ("http://127.0.0.1:1/", "allow_hosts"),
        ("http://user:secret@127.0.0.1/", "user name"),
        (r"http://169.254.169.254:8888\@example.org/", "backslash"),
        ("http://2130706433/", "number"),
        ("", "without an address"),
    ],
)
def test_redirect_is_checked(
    fetch: Callable[..., Response], answer: Callable[..., bytes], location: str, reason: str
) -> None:
    """A redirect leads nowhere that a feed's own URL could not."""
    with pytest.raises(FetchError, match=reason) as caught:
        fetch({"/": answer("302 Found", f"Location: {location}")})
    assert "secret" not in str(caught.value)


def test_redirect_loop_ends(fetch: Callable[..., Response], answer: Callable[..., bytes]) -> None:
    """Redirects are counted."""
    with pytest.raises(FetchError, match="more than 5 redirects"):
        fetch({"/": answer("302 Found", "Location: /")})


def test_bomb_on_a_redirect_is_not_decoded(
    fetch: Callable[..., Response], answer: Callable[..., bytes]
) -> None:
    """The body of a redirect is nobody's business."""
    packed = bomb()
    paths = {
        "/": answer("302 Found", "Location: /b\nContent-Encoding: gzip", packed),
        "/b": answer("200 OK", "", b"x"),
    }
    assert fetch(paths).body == b"x"


def test_bomb_costs_its_cap_and_no_more(fetch: Callable[..., Response], answer: Callable[..., bytes]) -> None:
    """1 GB of zeros in 1 MB is refused within the cap and 32 MB."""
    page = answer("200 OK", "Content-Encoding: gzip", bomb())
    tracemalloc.start()
    began = time.perf_counter()
    with pytest.raises(FetchError, match="too large: more than 15,000,000 bytes when decompressed"):
        fetch({"/": page})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (peak < 15_000_000 + 32_000_000, time.perf_counter() - began < 3) == (True, True)


@pytest.mark.parametrize(
    ("headers", "body", "wrong", "reason"),
    [
        ("Content-Encoding: gzip", gzip.compress(ARABIC * 50)[:-12], {}, "gzip body breaks off"),
        ("Content-Encoding: gzip", b"\x1f", {}, "gzip body breaks off"),
        ("Content-Encoding: gzip", ARABIC, {}, "labelled gzip, but the body is not"),
        ("Content-Encoding: deflate", b"\x78\x9c" + ARABIC, {}, "labelled deflate, but the body is not"),
        ("Content-Encoding: br", b"x", {}, "not asked for: br"),
        (
            "Content-Encoding: gzip, gzip",
            gzip.compress(gzip.compress(b"x")),
            {},
            "not asked for: gzip, gzip",
        ),
        ("", b"short", {"length": 500}, "breaks off"),
        ("", b"", {"length": 6_000_000}, "too large: 6,000,000 bytes announced"),
        ("X-Long: " + "x" * 300_000, b"", {}, "not valid HTTP"),
    ],
    ids=[
        "cut gzip",
        "one byte",
        "not gzip",
        "not zlib",
        "brotli",
        "two layers",
        "short",
        "announced",
        "header",
    ],
)
def test_partial_or_mislabelled_bodies_are_refused(
    fetch: Callable[..., Response],
    answer: Callable[..., bytes],
    headers: str,
    body: bytes,
    wrong: dict[str, Any],
    reason: str,
) -> None:
    """Nothing that is not whole gets in."""
    with pytest.raises(FetchError, match=reason):
        fetch({"/": answer("200 OK", headers, body, **wrong)})


def test_one_layer_of_a_double_gzip_stays_packed(
    fetch: Callable[..., Response], answer: Callable[..., bytes]
) -> None:
    """A body packed twice and labelled once comes out as gzip, not as its content."""
    inner = gzip.compress(ARABIC)
    assert inner == fetch({"/": answer("200 OK", "Content-Encoding: gzip", gzip.compress(inner))}).body


def test_cut_chunk_is_refused(fetch: Callable[..., Response]) -> None:
    """A chunked body without its last chunk is no body."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with pytest.raises(FetchError, match="breaks off"):
        fetch({"/": head + b"5\r\nhello\r\n"})


def test_endless_body_is_stopped_at_the_cap(fetch: Callable[..., Response]) -> None:
    """A body without length that never ends is cut at the raw limit."""

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    with pytest.raises(FetchError, match="too large: more than 200,000 bytes"):
        fetch({"/": endless}, max_raw=200_000)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "])
def test_trickle_ends_at_the_deadline(fetch: Callable[..., Response], head: bytes) -> None:
    """One byte after another, in the body or in the header, buys no time."""

    async def trickle(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    began = time.perf_counter()
    with pytest.raises(FetchError, match=r"did not answer within 0\.4 s") as caught:
        fetch({"/": trickle}, deadline=0.4)
    assert (time.perf_counter() - began < 2, caught.value.permanent) == (True, False)


def test_redirects_share_one_deadline(fetch: Callable[..., Response], answer: Callable[..., bytes]) -> None:
    """Each hop draws on what the last one left."""

    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        writer.write(answer("302 Found", "Location: /"))

    with pytest.raises(FetchError, match=r"did not answer within 0\.5 s"):
        fetch({"/": slow}, deadline=0.5)


def test_connection_refused_is_said_so(options: HttpOptions) -> None:
    """A closed port is named, and another try may help."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = failure(f"http://127.0.0.1:{port}/", replace(options, allow_hosts=frozenset({"127.0.0.1"})))
    assert (error.reason, error.permanent) == ("connection refused", False)


def test_plain_http_on_https_is_said_so(options: HttpOptions) -> None:
    """A TLS failure is told apart from a broken connection."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def scenario() -> None:
        async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            changed = replace(options, allow_hosts=frozenset({"127.0.0.1"}))
            async with Fetcher(changed) as fetcher:
                await fetcher.get(f"https://127.0.0.1:{port}/")

    with pytest.raises(FetchError, match=r"no secure connection \(TLS\)"):
        asyncio.run(scenario())


def failure(url: str, options: HttpOptions) -> FetchError:
    """The error that a fetch ends in."""

    async def scenario() -> None:
        async with Fetcher(options) as fetcher:
            await fetcher.get(url)

    with pytest.raises(FetchError) as caught:
        asyncio.run(scenario())
    return caught.value


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8/", "http://[::1]/", "http://localhost/", "http://10.1.2.3/"]
)
def test_private_hosts_are_refused_before_connecting(options: HttpOptions, url: str) -> None:
    """An unnamed private host gets no packet, and the operator learns how to name it."""
    error = failure(url, options)
    assert ("settings http.allow_hosts can name it" in error.reason, True) == (True, error.permanent)


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
    backend = _GuardedBackend(allow_hosts)
    backend._inner = Recorder()
    with pytest.raises(_DialError):
        asyncio.run(backend.connect_tcp(host, 80, timeout=1))
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


def test_unknown_name_is_said_so(options: HttpOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without DNS answer is a temporary failure."""

    def nothing(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    error = failure("http://no-such.example/", options)
    assert (error.reason, error.permanent) == ("name not found (no DNS answer)", False)


@pytest.mark.parametrize(("delay", "least"), [(0.15, 0.6), (0.0, 0.3)])
def test_one_request_at_a_time_for_a_host(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, delay: float, least: float
) -> None:
    """Requests to one host queue up, with the delay between them; waiting is not charged to the deadline."""

    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(answer("200 OK", "", b"x"))

    async def scenario() -> Any:
        async with site({"/": slow}) as at:
            changed = replace(options, allow_hosts=frozenset({at.host}), delay=delay, deadline=0.35)
            async with Fetcher(changed) as fetcher:
                began = time.perf_counter()
                await asyncio.gather(*(fetcher.get(at.url("/")) for _ in range(3)))
                return at.open_most, time.perf_counter() - began

    most, took = asyncio.run(scenario())
    assert (most, took >= least) == (1, True)


def test_urls_are_not_logged(
    fetch: Callable[..., Response], answer: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """Tokens in URLs stay out of logs, whatever the root logger's level."""
    caplog.set_level(logging.DEBUG)
    fetch({"/": answer("200 OK", "", b"x")})
    assert not [
        record for record in caplog.records if record.name.split(".")[0] in {"httpx", "httpcore", "hpack"}
    ]
