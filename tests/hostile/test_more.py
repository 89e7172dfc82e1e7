"""What a second, hostile reading of the network and the feeds found, each case once, against real sockets."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import hpack
import pytest

from rasid.errors import FeedParseError, FetchError
from rasid.types import HostState
from sources.connections import tls_context
from sources.discovery import find_feeds
from sources.feeds import parse_feed
from sources.http import Fetcher, HttpOptions
from sources.plain import plain_line
from sources.robots import Rules, concerning
from tests.hostile.hostile_press import Site, http, item, rss
from tests.sources.certificate import server_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from rasid.types import Response

NOW = datetime(2025, 1, 1, 6, 0, tzinfo=UTC)
HERE = frozenset({"127.0.0.1"})
OPTIONS = HttpOptions(
    user_agent="Rasid/0 test", contact="", delay=0.0, deadline=5.0, allow_hosts=HERE, robots_exempt=HERE
)
FEED = "https://news.example/feed"


def six() -> datetime:
    """A clock that stands at six."""
    return NOW


# ── HTTP/2 that breaks its rules ─────────────────────────────────────────────────────────────────


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One HTTP/2 frame."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def head(*headers: tuple[str, str], flags: int = 4) -> bytes:
    """A HEADERS frame of the first stream; flags: 1 ends the stream, 4 the headers."""
    return frame(1, flags, 1, hpack.Encoder().encode(list(headers)))


SETTINGS = frame(4, 0, 0)
OK = head((":status", "200"))
DATA = frame(0, 0, 1, b"x")
# By what is wrong; each piece is sent alone, for what comes with the head is judged elsewhere than what follows it.
MALFORMED = {
    "a status in words": [head((":status", "abc"), flags=5)],
    "an empty status": [head((":status", ""), flags=5)],
    "a status of 5,000 digits": [head((":status", "9" * 5_000), flags=5)],
    "a frame too long": [OK, frame(0, 0, 1, b"x" * 20_000)],
    "less than announced": [head((":status", "200"), ("content-length", "5")), frame(0, 1, 1, b"x")],
    "more than announced": [head((":status", "200"), ("content-length", "1")), frame(0, 0, 1, b"xyz")],
    "an impossible setting": [OK, DATA, frame(4, 0, 0, struct.pack(">HI", 4, 2**31 + 5))],
    "half a setting": [OK, DATA, frame(4, 0, 0, b"abc")],
    "a push": [OK, frame(5, 4, 1, b"\0\0\0\2" + hpack.Encoder().encode([(":method", "GET")]))],
    "trailers that cannot be unpacked": [OK, DATA, frame(1, 5, 1, b"\xff" * 6)],
    "trailers in the middle": [OK, DATA, head(("x", "y"))],
    "continuation without end": [OK, DATA, frame(1, 0, 1), *[frame(9, 0, 1, b"\0\1a\1b")] * 100],
    "another stream": [OK, frame(0, 0, 3, b"x")],
    "more padding than frame": [OK, frame(0, 8, 1, b"\xffx")],
}


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Path]:
    """A folder whose ca.pem is trusted while the test runs, once `server_context` has written it."""
    tls_context.cache_clear()
    yield tmp_path
    tls_context.cache_clear()


@asynccontextmanager
async def speaking_http2(folder: Path, answers: list[list[bytes]]) -> AsyncIterator[str]:
    """The address of a server that sends one of `answers` on each connection, frame by frame; the last for ever."""
    context = server_context(folder, "h2")
    tls_context().load_verify_locations(folder / "ca.pem")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(65_536)
            for piece in [SETTINGS, *(answers.pop(0) if len(answers) > 1 else answers[0])]:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.005)
            await reader.read()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as listening:
        yield f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"


@pytest.mark.parametrize("pieces", MALFORMED.values(), ids=MALFORMED)
def test_malformed_http2_is_a_failed_fetch(secure: Path, pieces: list[bytes]) -> None:
    """What no HTTP/2 server may send fails the one fetch, in a few words, and stops no run."""

    async def run() -> None:
        async with speaking_http2(secure, [pieces]) as url, Fetcher(OPTIONS, clock=six) as fetcher:
            await fetcher.get(url)

    with pytest.raises(FetchError, match="not valid HTTP") as caught:
        asyncio.run(run())
    assert (False, True) == (caught.value.permanent, len(caught.value.reason) < 300)


def test_a_broken_http2_connection_is_not_used_again(secure: Path) -> None:
    """The host's next document comes over a connection of its own, and comes."""
    good = [OK, frame(0, 1, 1, b"whole")]

    async def run() -> Response:
        broken = MALFORMED["a frame too long"]
        async with speaking_http2(secure, [broken, good]) as url, Fetcher(OPTIONS, clock=six) as fetcher:
            with pytest.raises(FetchError):
                await fetcher.get(url)
            return await fetcher.get(url)

    assert b"whole" == asyncio.run(run()).body


def test_the_rest_of_an_http2_answer_is_not_waited_for(secure: Path) -> None:
    """An error page that goes on ends with its connection, whatever HTTP/2 could carry beside it."""
    endless = [head((":status", "404")), *[frame(0, 0, 1, b"x" * 10_000)] * 3]

    async def run() -> int:
        async with speaking_http2(secure, [endless]) as url, Fetcher(OPTIONS, clock=six) as fetcher:
            with pytest.raises(FetchError, match="404"):
                await fetcher.get(url)
            return len(fetcher._exchange._connections._idle)

    assert 0 == asyncio.run(run())


def test_a_validator_that_no_request_can_repeat_is_not_sent() -> None:
    """An ETag with a line break, which HTTP/2 lets through, poisons no later request of its feed."""

    async def run(etag: str) -> Response:
        async with Fetcher(OPTIONS, clock=six) as fetcher:
            return await fetcher.get(site.url("/"), etag=etag)

    with Site({"/": http("x")}) as site:
        for etag in ('"a"\r\nX-Injected: canary', " padded", "x" * 5_000, '"a\x00"', '"v1"'):
            assert b"x" == asyncio.run(run(etag)).body
    assert [None, None, None, None, '"v1"'] == [one.headers.get("if-none-match") for one in site.asked]
    assert [] == [one for one in site.asked if "x-injected" in one.headers]


def test_a_parsers_words_are_cut_short() -> None:
    """An error quotes no more than a line of what the server sent: it is stored, and read by people."""
    bad = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 5_000 + b"\r\n"

    async def run() -> None:
        async with Fetcher(OPTIONS, clock=six) as fetcher:
            await fetcher.get(site.url("/"))

    with Site({"/": bad}) as site, pytest.raises(FetchError) as caught:
        asyncio.run(run())
    assert len(caught.value.reason) < 300


# ── redirects ────────────────────────────────────────────────────────────────────────────────────


def test_a_redirect_to_an_arabic_name_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Location in raw Arabic, name and path, is asked for by the name's ASCII form."""
    resolved: list[Any] = []
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        resolved.append(host)
        return real("127.0.0.1" if str(host).startswith("xn--") else host, port, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    options = replace(
        OPTIONS, allow_hosts=HERE | {"xn--4gbrim.example"}, robots_exempt=HERE | {"xn--4gbrim.example"}
    )

    async def run() -> Response:
        async with Fetcher(options, clock=six) as fetcher:
            return await fetcher.get(site.url("/"))

    with Site({"/%D8%AE%D8%A8%D8%B1%201": http("x")}) as site:
        site.answers["/"] = http("", f"Location: http://موقع.example:{site.port}/خبر 1", status="302 Found")
        response = asyncio.run(run())
    assert (b"x", ["xn--4gbrim.example"]) == (response.body, resolved)


@pytest.mark.parametrize("host", [".", "...", "。"])
def test_a_host_of_dots_is_none(host: str) -> None:
    """An empty name is asked of no name server: some answer it with the machine itself."""

    async def run() -> None:
        async with Fetcher(OPTIONS, clock=six) as fetcher:
            await fetcher.get(f"http://{host}/")

    with pytest.raises(FetchError) as caught:
        asyncio.run(run())
    assert caught.value.permanent


# ── turns, rests, robots.txt ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(4))
def test_cancelled_tasks_leave_nothing_locked(seed: int) -> None:
    """Cancelled at whatever point, tasks leave every host's turn and all slots free, and later fetches succeed."""
    chance, ports = random.Random(seed), [0, 0]  # noqa: S311 - a test that can be repeated, no secret

    def site(number: int) -> Callable[..., Any]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            other = f"http://127.0.0.1:{ports[1 - number]}"
            try:
                while True:
                    path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
                    await asyncio.sleep(chance.random() * 0.01)
                    leads = path == "/robots.txt" or (path.startswith("/x") and chance.random() < 0.4)
                    target = "/r" if path == "/robots.txt" else "/y"
                    first = f"302 Found\r\nLocation: {other}{target}" if leads else "200 OK"
                    writer.write(f"HTTP/1.1 {first}\r\nContent-Length: 4\r\n\r\nab".encode())
                    await writer.drain()
                    await asyncio.sleep(chance.random() * 0.005)
                    writer.write(b"cd")
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                writer.close()

        return serve

    async def run() -> tuple[list[int], int, list[bool]]:
        servers = [await asyncio.start_server(site(number), "127.0.0.1", 0) for number in (0, 1)]
        ports[:] = [server.sockets[0].getsockname()[1] for server in servers]
        options = replace(OPTIONS, delay=0.001, concurrency=3, robots_exempt=frozenset())
        async with Fetcher(options, clock=six) as fetcher:
            urls = [f"http://127.0.0.1:{ports[number % 2]}/x{number}" for number in range(40)]
            tasks = [asyncio.create_task(fetcher.get(url)) for url in urls]
            for _ in range(120):
                await asyncio.sleep(chance.random() * 0.003)
                chance.choice(tasks).cancel()
            async with asyncio.timeout(20):
                ended = await asyncio.gather(*tasks, return_exceptions=True)
                assert [] == [one for one in ended if isinstance(one, Exception)]
                after = [(await fetcher.get(f"http://127.0.0.1:{port}/z")).status for port in ports]
            locked = [host.turn.locked() or host.learning.locked() for host in fetcher._hosts._hosts.values()]
            free = fetcher._slots._value
        for server in servers:
            server.close()
        return after, free, locked

    assert ([200, 200], 3, [False, False]) == asyncio.run(run())


def test_a_rest_noted_by_a_wrong_clock_is_none() -> None:
    """A clock that ran a year ahead, and was set back, leaves no host alone for a year."""

    async def run(until: datetime) -> Response:
        host = HostState(f"127.0.0.1:{site.port}", not_before=until)
        async with Fetcher(OPTIONS, clock=six, hosts=[host]) as fetcher:
            return await fetcher.get(site.url("/"))

    with Site({"/": http("x")}) as site:
        assert b"x" == asyncio.run(run(NOW + timedelta(days=365))).body
        with pytest.raises(FetchError, match="left alone"):
            asyncio.run(run(NOW + timedelta(hours=23)))


@pytest.mark.parametrize("wish", ["soon", "60 seconds", ""])
def test_an_unreadable_wish_to_rest_is_granted(wish: str) -> None:
    """503 with a Retry-After that nobody can read asks for a rest all the same."""

    async def run() -> None:
        async with Fetcher(OPTIONS, clock=six) as fetcher:
            with pytest.raises(FetchError, match="503"):
                await fetcher.get(site.url("/"))
            await fetcher.get(site.url("/"))

    busy = http("", f"Retry-After: {wish}", status="503 Service Unavailable")
    with Site({"/": busy}) as site, pytest.raises(FetchError, match="left alone") as caught:
        asyncio.run(run())
    assert (True, 1) == (caught.value.deferred, len(site.asked))


@pytest.mark.parametrize(
    "body",
    [
        "\ufeffUser-agent: *\nDisallow: /".encode("utf-16"),
        "\ufeff\ufeffUser-agent: *\nDisallow: /".encode(),
        "User-agent: *\nDisallow: /خبر/".encode("cp1256"),
        b"User-agent: *\rDissallow: /\r",
    ],
    ids=["UTF-16", "two BOMs", "windows-1256", "misspelt"],
)
def test_a_robots_txt_in_any_encoding_is_kept_to(body: bytes) -> None:
    """What a site forbids in another encoding than UTF-8, or misspells, it forbids."""
    rules = Rules(concerning(body, "Rasid"), "Rasid")
    assert not rules.allows("http://news.example/%D8%AE%D8%A8%D8%B1/1")


def test_long_rules_of_many_hosts_are_not_all_held() -> None:
    """500 kB of rules are 15 MB when read: of 300 such hosts a few are held, and each is kept to."""
    text = "User-agent: *\n" + "".join(f"Disallow: /{number}/\n" for number in range(3_000))
    many = [Rules(f"{text}Disallow: /own-{number}/\n", "Rasid") for number in range(12)]
    assert [None] * 12 == [rules._kept for rules in many]
    for number, rules in enumerate(many):
        asked = [rules.allows(f"http://x.example/own-{other}/") for other in (number, number + 1)]
        assert [False, True] == asked


# ── feeds ────────────────────────────────────────────────────────────────────────────────────────


def titles(document: str, max_items: int = 300) -> list[str]:
    """The titles that a feed gives."""
    return [entry.title for entry in parse_feed(document.encode(), None, FEED, max_items=max_items).entries]


@pytest.mark.parametrize("wrap", ["<!-- {} -->", "<description><![CDATA[{}]]></description>"])
def test_items_in_comments_are_no_items(wrap: str) -> None:
    """Items that an editor took out, or that an article quotes, use up no places."""
    old = wrap.format(item("https://news.example/old", "خبر قديم") * 10)
    assert ["خبر اليوم"] == titles(rss(old, item("https://news.example/1", "خبر اليوم")), max_items=5)


@pytest.mark.parametrize("quoted", ["<!-- </item></rss> -->", "<![CDATA[</item></rss>]]>"])
def test_a_quoted_end_is_no_end(quoted: str) -> None:
    """A feed that breaks off behind a quoted end of a feed is told to have broken off, and loses its half item."""
    feed = rss(item("https://news.example/1", "خبر كامل"), f"<item><title>{quoted} خبر ناقص</title>")
    parsed = parse_feed(feed[: feed.index("ناقص")].encode(), None, FEED)
    assert (["خبر كامل"], True) == ([entry.title for entry in parsed.entries], parsed.truncated)


@pytest.mark.parametrize("items", ["{}", "5", "null", '"x"'])
def test_a_json_feed_without_a_list_is_a_failure(items: str) -> None:
    """It is broken, not silent."""
    document = f'{{"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": {items}}}'
    with pytest.raises(FeedParseError, match="without a list of items"):
        parse_feed(document.encode(), "application/feed+json", FEED)


def test_a_json_feeds_last_list_counts_and_numbers_are_names() -> None:
    """Of two lists the last stands, as in every reader of JSON; an id may be a number."""
    item_of = json.dumps([{"id": 7, "url": "https://news.example/7", "title": "خبر"}])
    document = f'{{"version": "https://jsonfeed.org/version/1", "items": [], "items": {item_of}}}'
    parsed = parse_feed(document.encode(), None, FEED)
    assert [("7", "خبر")] == [(entry.key, entry.title) for entry in parsed.entries]


@pytest.mark.parametrize("piece", ["<", "<rss ", "<!--", "<?", "<![CDATA["])
def test_what_has_no_root_costs_nothing(piece: str) -> None:
    """Megabytes of openings without an element are refused before a forgiving parser sees them."""
    began = time.process_time()
    with pytest.raises(FeedParseError, match="not a feed"):
        parse_feed((piece * (9_000_000 // len(piece))).encode(), None, FEED)
    assert time.process_time() - began < 6


@pytest.mark.parametrize(
    "href",
    ["/feed/" + "a-" * 60, "/" + "rss-" * 400_000, "/a" * 400_000 + "rss"],
    ids=["hyphens", "rss", "deep"],
)
def test_addresses_made_to_be_hard_to_read_are_read(href: str) -> None:
    """The patterns that tell feeds by their addresses take no time over any address."""
    page = f"<html><body>{f'<a href={href!r}>x</a>' * 3}</body></html>"
    began = time.process_time()
    find_feeds(page.encode(), "text/html", "https://news.example/")
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("<script>alert(1)</script>خبر", "خبر"),
        ("<style>p{color:red}</style>خبر", "خبر"),
        ("&lt;SCRIPT&gt;alert(1)&lt;/SCRIPT&gt;خبر", "خبر"),
        ("شرح وسم &lt;script&gt; في الصفحات", "شرح وسم في الصفحات"),
    ],
)
def test_a_script_is_no_title(title: str, expected: str) -> None:
    """A script goes with its words; a headline about one keeps its own."""
    assert expected == plain_line(title, limit=100)
    assert [expected] == titles(rss(item("https://news.example/1", f"<![CDATA[{title}]]>")))
