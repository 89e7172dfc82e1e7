"""Cases 16 to 27: answers that are too large, too slow, cut short or not what they say."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
import zlib
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import repeat
from typing import TYPE_CHECKING

import pytest
import zstandard

from rasid.errors import FetchError
from sources.http import Fetcher, HttpOptions
from tests.hostile.hostile_press import Site, http, item, page, rss, watch

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rasid.types import Response

OPTIONS = HttpOptions(
    user_agent="Rasid/0 test",
    contact="https://rasid.example",
    delay=0.0,
    deadline=5.0,
    allow_hosts=frozenset({"127.0.0.1"}),
)
MARGIN = 32_000_000  # bytes over the cap that taking a body may cost
TEXT = "راصد يتابع أخبار الرقاقات".encode()


def six() -> datetime:
    """A clock that stands at six."""
    return datetime(2025, 1, 1, 6, 0, tzinfo=UTC)


def fetch(answer: bytes | Callable[[socket.socket], None], **changes: float) -> Response:
    """What a site with this answer gives."""

    async def run() -> Response:
        async with Fetcher(replace(OPTIONS, **changes), clock=six) as fetcher:
            return await fetcher.get(site.url("/"))

    with Site({"/": answer, "/plain": http(TEXT)}) as site:
        return asyncio.run(run())


def refusal(answer: bytes | Callable[[socket.socket], None], **changes: float) -> FetchError:
    """The error that a fetch from such a site ends in; it is never permanent: sites get well again."""
    with pytest.raises(FetchError) as caught:
        fetch(answer, **changes)
    assert not caught.value.permanent
    return caught.value


def zeros(gigabytes: int = 1) -> bytes:
    """A gzip body of so many gigabytes of zeros, in a thousandth of their size, without its end."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = packer.compress(bytes(16_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(16_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * (gigabytes * 62)


def zstd_zeros() -> bytes:
    """The same for zstd, in a few kilobytes."""
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    return b"".join(packer.compress(chunk) for chunk in repeat(bytes(16_000_000), 4)) + packer.flush()


@contextmanager
def at_most(allowed: int) -> Iterator[None]:
    """The memory that Python takes meanwhile grows by no more than so many bytes."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < allowed


@pytest.mark.parametrize(
    ("label", "make", "reason"),
    [
        ("gzip", zeros, "too large: more than 15,000,000 bytes when decompressed"),
        ("gzip, gzip", lambda: gzip.compress(zeros()), "not asked for: gzip, gzip"),
        ("zstd", zstd_zeros, "not asked for: zstd"),
        ("br", lambda: b"\x5b\xff\xff\x00" * 400, "not asked for: br"),
    ],
    ids=["gzip", "gzip of gzip", "zstd", "brotli"],
)
def test_016_bombs(label: str, make: Callable[[], bytes], reason: str) -> None:
    """What grows a thousandfold is refused within the cap and 32 MB; what cannot be bounded is not unpacked."""
    bomb = http(make(), f"Content-Encoding: {label}")
    with at_most(OPTIONS.max_decoded + MARGIN):
        assert reason in refusal(bomb).reason


def test_016_a_bomb_in_a_bomb_stays_packed() -> None:
    """Packed twice and labelled once, it comes out as gzip, which nothing behind the fetcher unpacks."""
    inner = zeros()
    bomb = http(gzip.compress(inner), "Content-Encoding: gzip")
    with at_most(OPTIONS.max_decoded + MARGIN):
        assert inner == fetch(bomb).body


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "404 Not Found"])
def test_017_bomb_on_an_answer_that_nobody_reads(status: str) -> None:
    """The body of a redirect or an error is not unpacked, whatever its label."""
    bomb = http(zeros(), "Location: /plain", "Content-Encoding: gzip", status=status)
    with at_most(8_000_000):
        if status.startswith("3"):
            assert TEXT == fetch(bomb).body
        else:
            with pytest.raises(FetchError, match="404"):
                fetch(bomb)


@pytest.mark.parametrize(
    "framing", ["", "Transfer-Encoding: chunked\r\n"], ids=["until it closes", "chunked"]
)
def test_018_endless_body(framing: str) -> None:
    """A body that never ends is left at the cap."""
    sent = 0

    def pour(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(f"HTTP/1.1 200 OK\r\n{framing}\r\n".encode())
        piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n" if framing else b"x" * 65_536
        while True:
            connection.sendall(piece)
            sent += 65_536

    assert "too large: more than 5,000,000 bytes" == refusal(pour).reason
    assert sent < 4 * OPTIONS.max_raw  # what lay in the sockets' buffers included


def drip(head: bytes) -> Callable[[socket.socket], None]:
    """Send the head, then a byte every 50 ms, for ever."""

    def write(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    return write


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
    ],
    ids=["until it closes", "length", "chunked"],
)
def test_019_body_of_one_byte_after_another(head: bytes) -> None:
    """A body buys no time by coming byte by byte."""
    began = time.perf_counter()
    assert "the server did not answer within 0.5 s" == refusal(drip(head), deadline=0.5).reason
    assert time.perf_counter() - began < 3


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 2", b""])
def test_020_slow_headers(head: bytes) -> None:
    """Nor does a header."""
    began = time.perf_counter()
    assert "the server did not answer within 0.5 s" == refusal(drip(head), deadline=0.5).reason
    assert time.perf_counter() - began < 3


def test_020_a_server_that_says_nothing() -> None:
    """A connection that is taken and then left ends with the deadline."""
    began = time.perf_counter()
    error = refusal(lambda _: time.sleep(2), deadline=0.4)
    assert ("the server did not answer within 0.4 s", True) == (
        error.reason,
        time.perf_counter() - began < 1.5,
    )


@pytest.mark.parametrize(
    "header",
    ["X-Long: " + "x" * 5_000_000, "\r\n".join(f"X-{n}: {'x' * 90}" for n in range(50_000))],
    ids=["one of 5 MB", "50,000 of them"],
)
def test_021_header_of_5_mb(header: str) -> None:
    """Headers without end are an error in words, and are not taken in whole."""
    assert "not valid HTTP" in refusal(http(TEXT, header)).reason


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"])
def test_022_redirect_loop(status: str) -> None:
    """Redirects are counted, whether they lead back or ever further."""
    asked: list[None] = []

    def on_and_on(connection: socket.socket) -> None:
        asked.append(None)
        connection.sendall(http("", "Location: /", status=status))

    assert "more than 5 redirects" == refusal(on_and_on).reason
    assert 6 == len(asked)


@pytest.mark.parametrize(
    "answer",
    [
        http(TEXT, "Content-Length: 500", length=False),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Le",
    ],
    ids=["length", "last chunk missing", "chunk cut", "header cut"],
)
def test_023_cut_short(answer: bytes) -> None:
    """What is known to be a part is not taken for the whole."""
    assert "breaks off" in refusal(answer).reason


def test_023_a_cut_feed_brings_nothing(tmp_path: Path) -> None:
    """Not even its first items are ingested; the feed fails, and is asked again."""
    with Site({"/a": http(page())}) as site:
        whole = http(rss(item(site.url("/a"))), "Content-Type: application/rss+xml")
        site.answers["/feed"] = whole[:-40]
        rasid = watch(tmp_path, site.url("/feed"))
        report = rasid.collect()
    assert (["failed"], []) == ([feed.result for feed in report.feeds], rasid.entries())
    assert "breaks off" in str(rasid.state().error)


def test_024_cut_without_a_length(tmp_path: Path) -> None:
    """Only its reader can tell that such a body is not whole: items are kept, and the run says that it was cut."""
    with Site({"/a": http(page())}) as site:
        feed = rss(item(site.url("/a")), item(site.url("/b"), "خبر لم يصل كله"))
        cut = feed[: feed.index("خبر لم يصل كله")]
        site.answers["/feed"] = http(cut, "Content-Type: application/rss+xml", length=False)
        rasid = watch(tmp_path, site.url("/feed"))
        report = rasid.collect()
    assert [site.url("/a")] == [article.url for article in rasid.articles()]
    assert "breaks off" in str(report.feeds[0].note)


@pytest.mark.parametrize("cut", [1, 8, 12, 200])
def test_025_truncated_gzip(cut: int) -> None:
    """A packed body without its end is an error, though HTTP says that all of it came."""
    body = gzip.compress(b"".join(str(n).encode() for n in range(2_000)))[:-cut]
    assert "the gzip body breaks off" == refusal(http(body, "Content-Encoding: gzip")).reason


@pytest.mark.parametrize("label", ["gzip", "deflate"])
def test_026_label_on_plain_text(label: str) -> None:
    """A server that says gzip and sends text is told apart from one that sends less."""
    error = refusal(http(page(), f"Content-Encoding: {label}"))
    assert f"labelled {label}, but the body is not" == error.reason


@pytest.mark.parametrize("label", ["br", "zstd", "compress", "aes128gcm", "gzip;q=1", "base64", "x" * 200])
def test_027_unknown_encoding(label: str) -> None:
    """Encodings that were not asked for are not guessed at."""
    error = refusal(http(TEXT, f"Content-Encoding: {label}"))
    assert f"encoding that was not asked for: {label[:40]}" in error.reason
