"""The guarded client against real sockets that misbehave."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import time
import tracemalloc
import zlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from rasid.errors import FetchError
from sources.exchange import user_agent
from sources.http import Fetcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from rasid.types import Response
    from sources.http import HttpOptions

NOW = datetime(2025, 1, 1, 6, 0, tzinfo=UTC)
ARABIC = "راصد يتابع أخبار الرقاقات".encode()


def six() -> datetime:
    """A clock that stands at six."""
    return NOW


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
            async with Fetcher(replace(options, allow_hosts=frozenset({"127.0.0.1"})), clock=six) as fetcher:
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
    assert expected == user_agent(replace(options, user_agent="Rasid", contact=contact))


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
            async with Fetcher(changed, clock=six) as fetcher:
                await fetcher.get(f"https://127.0.0.1:{port}/")

    with pytest.raises(FetchError, match=r"no secure connection \(TLS\)"):
        asyncio.run(scenario())


def failure(url: str, options: HttpOptions) -> FetchError:
    """The error that a fetch ends in."""

    async def scenario() -> None:
        async with Fetcher(options, clock=six) as fetcher:
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
            async with Fetcher(changed, clock=six) as fetcher:
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


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((), None),
        ((301,), "/1"),
        ((308, 301), "/2"),
        ((301, 302), "/1"),
        ((302, 301), None),
        ((307,), None),
        ((303, 308), None),
    ],
)
def test_where_permanent_redirects_lead_is_told(
    fetch: Callable[..., Response],
    answer: Callable[..., bytes],
    statuses: tuple[int, ...],
    expected: str | None,
) -> None:
    """Only 301 and 308 count, and only those before the first that is temporary."""
    names = {301: "Moved Permanently", 302: "Found", 303: "See Other", 307: "Temporary", 308: "Permanent"}
    paths = ["/", "/1", "/2"]
    answers = {
        path: answer(f"{status} {names[status]}", f"Location: {after}")
        for path, after, status in zip(paths, paths[1:], statuses, strict=False)
    }
    response = fetch({**answers, paths[len(statuses)]: answer("200 OK", "", b"x")})
    moved = response.permanent_url and "/" + response.permanent_url.rpartition("/")[2]
    assert (expected, False) == (moved, response.downgraded)


def test_freshness_is_told_of_documents_and_of_304(
    fetch: Callable[..., Response], answer: Callable[..., bytes]
) -> None:
    """A feed that did not change may say anew how long it stays so."""
    changed = fetch({"/": answer("200 OK", "Cache-Control: max-age=60", b"x")})
    same = fetch({"/": answer("304 Not Modified", "Cache-Control: max-age=90")}, etag='"a"')
    assert (60.0, 90.0) == (changed.fresh_for, same.fresh_for)
    assert fetch({"/": answer("200 OK", "", b"x")}).fresh_for is None


# ── connections ──────────────────────────────────────────────────────────────────────────────────


@dataclass
class Keeping:
    """A server that keeps its connections; `patience` is how many requests it takes on one."""

    patience: int = 1_000
    connections: int = 0
    asked: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer 404 for robots.txt and 304 for everything else."""
        self.connections += 1
        try:
            for _ in range(self.patience):
                path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
                self.asked.append(path)
                missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"
                writer.write(missing if path == "/robots.txt" else b"HTTP/1.1 304 Not Modified\r\n\r\n")
                await writer.drain()
            await reader.readuntil(b"\r\n\r\n")  # it takes the next request, and hangs up on it
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


def kept(server: Keeping, options: HttpOptions, requests: int) -> Keeping:
    """The server after so many conditional requests to it."""

    async def scenario() -> None:
        async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            changed = replace(options, allow_hosts=frozenset({"127.0.0.1"}))
            async with Fetcher(changed, clock=six) as fetcher:
                for number in range(requests):
                    response = await fetcher.get(f"http://127.0.0.1:{port}/{number}", etag='"a"')
                    assert 304 == response.status

    asyncio.run(scenario())
    return server


def test_unchanged_feeds_of_one_host_share_one_connection(options: HttpOptions) -> None:
    """Neither a short error page nor 304 costs the host another connection."""
    server = kept(Keeping(), options, 5)
    assert (1, ["/robots.txt", "/0", "/1", "/2", "/3", "/4"]) == (server.connections, server.asked)


def test_a_kept_connection_that_the_server_closed_is_no_failure(options: HttpOptions) -> None:
    """A server that hangs up on the next request of a kept connection is asked again on a new one."""
    assert ["/robots.txt", "/0", "/1", "/2"] == kept(Keeping(patience=2), options, 3).asked


# ── one host ─────────────────────────────────────────────────────────────────────────────────────


def test_the_pause_is_between_the_end_and_the_next_start(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions
) -> None:
    """By the server's own log: no request begins before the last one's end and the delay."""

    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(answer("200 OK", "", b"x"))
        await writer.drain()

    async def scenario() -> Any:
        async with site({"/": slow}) as at:
            changed = replace(options, allow_hosts=frozenset({at.host}), delay=0.15)
            async with Fetcher(changed, clock=six) as fetcher:
                await asyncio.gather(*(fetcher.get(at.url("/")) for _ in range(4)))
            return at

    at = asyncio.run(scenario())
    pauses = [after[0] - before[1] for before, after in pairwise(at.times)]
    assert (5, 1, True) == (len(at.times), at.open_most, min(pauses) >= 0.145)


def asked(
    site: type[Any], answers: dict[str, Any], options: HttpOptions, *paths: str
) -> tuple[Any, list[Response | FetchError]]:
    """A site after these paths were asked for, one after another, and what each gave."""

    async def scenario() -> Any:
        async with site(answers) as at:
            outcomes: list[Response | FetchError] = []
            async with Fetcher(replace(options, allow_hosts=frozenset({at.host})), clock=six) as fetcher:
                for path in paths:
                    try:
                        outcomes.append(await fetcher.get(at.url(path)))
                    except FetchError as e:
                        outcomes.append(e)
            return at, outcomes

    return asyncio.run(scenario())


async def silent(_: asyncio.StreamWriter) -> None:
    """Answer nothing, for longer than anybody waits."""
    await asyncio.sleep(60)


def test_a_host_that_overran_the_deadline_is_left_alone(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions
) -> None:
    """One request waits in vain and counts as an attempt; the others are put off without asking."""
    answers = {"/": silent, "/b": answer("200 OK", "", b"x")}
    at, outcomes = asked(site, answers, replace(options, deadline=0.3), "/", "/b", "/b")
    assert [
        ("the server did not answer within 0.3 s", False),
        (f"{at.host} did not answer in time; left for a later run", True),
        (f"{at.host} did not answer in time; left for a later run", True),
    ] == [(outcome.reason, outcome.deferred) for outcome in outcomes]
    assert ["/"] == [path for path, _ in at.asked]


def test_failures_together_use_up_the_hosts_budget(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions
) -> None:
    """Connections that break off after a while are failures, each short enough; the third of them is not made."""

    async def broken(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        writer.close()

    at, outcomes = asked(site, {"/": broken}, replace(options, host_budget=0.5), "/", "/", "/")
    assert [False, False, True] == [outcome.deferred for outcome in outcomes]
    assert 2 == len(at.asked)


def test_slow_answers_are_answers_up_to_four_deadlines(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions
) -> None:
    """A healthy host outlives the budget for failures, and yet cannot keep a run for itself."""

    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.25)
        writer.write(answer("500 Internal Server Error"))

    changed = replace(options, host_budget=0.1, deadline=0.5)
    _, outcomes = asked(site, {"/": slow}, changed, *["/"] * 10)
    deferred = [outcome.deferred for outcome in outcomes]
    assert deferred == sorted(deferred)
    assert (True, True) == (5 <= deferred.count(False) <= 8, "share of this run" in outcomes[-1].reason)


def test_a_slow_host_does_not_blame_the_one_that_it_leads_to(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions
) -> None:
    """A host that is left only the rest of a deadline is not left alone for missing it."""

    async def scenario() -> Any:
        async with site({"/": answer("200 OK", "", b"x"), "/slow": silent}) as target:

            async def late(writer: asyncio.StreamWriter) -> None:
                await asyncio.sleep(0.3)
                writer.write(answer("302 Found", f"Location: {target.url('/slow')}"))

            async with site({"/": late}) as first:
                changed = replace(options, allow_hosts=frozenset({"127.0.0.1"}), deadline=0.5)
                async with Fetcher(changed, clock=six) as fetcher:
                    with pytest.raises(FetchError, match=r"did not answer within 0\.5 s"):
                        await fetcher.get(first.url("/"))
                    return await fetcher.get(target.url("/"))

    assert b"x" == asyncio.run(scenario()).body


# ── Retry-After ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "header", "left"),
    [
        ("429 Too Many Requests", "Retry-After: 120", 120.0),
        ("503 Service Unavailable", "Retry-After: 600", 600.0),
        ("403 Forbidden", "Retry-After: 30", 30.0),
        ("200 OK", "Retry-After: 30", 30.0),
        ("429 Too Many Requests", "", 300.0),
        ("503 Service Unavailable", "Retry-After: 99999999", 86_400.0),
    ],
)
def test_a_host_that_asks_for_a_rest_gets_it(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, status: str, header: str, left: float
) -> None:
    """It is not asked again, and the caller learns in how many seconds it may be."""
    at, outcomes = asked(site, {"/": answer(status, header, b"x"), "/b": b""}, options, "/", "/b")
    assert (True, left) == (outcomes[1].deferred, outcomes[1].retry_after)
    assert ["/"] == [path for path, _ in at.asked]


@pytest.mark.parametrize(
    ("status", "header"), [("503 Service Unavailable", ""), ("503 Service Unavailable", "Retry-After: 0")]
)
def test_an_error_that_asks_for_nothing_stops_nothing(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, status: str, header: str
) -> None:
    """One page that fails is no word about the host."""
    answers = {"/": answer(status, header), "/b": answer("200 OK", "", b"x")}
    assert b"x" == asked(site, answers, options, "/", "/b")[1][1].body


def test_a_rest_outlives_the_run(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, clock: Any
) -> None:
    """What one Fetcher learned keeps the next from asking, until the time has come."""

    async def scenario() -> Any:
        answers = {"/": answer("429 Too Many Requests", "Retry-After: 3600")}
        async with site(answers) as at:
            changed = replace(options, allow_hosts=frozenset({at.host}))
            async with Fetcher(changed, clock=clock) as first:
                with pytest.raises(FetchError, match="429"):
                    await first.get(at.url("/"))
            known = first.hosts()
            clock.move(minutes=20)
            async with Fetcher(changed, clock=clock, hosts=known) as second:
                with pytest.raises(FetchError, match="until 2025-01-01 07:00 UTC") as caught:
                    await second.get(at.url("/"))
            at.answers["/"] = answer("200 OK", "", b"x")
            clock.move(minutes=41)
            async with Fetcher(changed, clock=clock, hosts=known) as third:
                body = (await third.get(at.url("/"))).body
            return caught.value, second.hosts(), body, len(at.asked)

    error, changed, body, requests = asyncio.run(scenario())
    assert (True, 2400.0) == (error.deferred, error.retry_after)
    assert ([], b"x", 2) == (changed, body, requests)
