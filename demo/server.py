"""The invented press on 127.0.0.1, over real HTTP: feeds, pages, robots.txt, 304, 503, gzip, keep-alive.

What to answer is decided by `answer`, which is pure; the handler only reads a request and writes an answer.
`python -m demo.server --port 8000` serves until interrupted.
"""

from __future__ import annotations

import argparse
import gzip
import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self
from urllib.parse import urlsplit
from weakref import WeakSet

from xxhash import xxh3_64_hexdigest

from demo.feeds import content_type, feed_bytes
from demo.pages import render_article, render_home, render_outlet
from demo.press import KINDS, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from demo.press import DemoArticle, DemoOutlet, Press

ARTICLES = Path(__file__).parent / "articles"
HTML = "text/html; charset=utf-8"
ROBOTS = "User-agent: *\nDisallow: /admin/\nDisallow: /search\n"
DOWN_RETRY_AFTER = 600  # seconds, from the outlet that is never reachable
IDLE_SECONDS = 10.0  # a kept-alive connection without a request is closed after this


class Request(NamedTuple):
    """One line of the server's log."""

    method: str
    path: str
    status: int
    user_agent: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over the wire, before compression."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that a test, or a broken outlet, puts in place of the real one."""

    status: int
    retry_after: int | None = None  # seconds


def answer(
    press: Press,
    path: str,
    *,
    base_url: str,
    headers: Mapping[str, str],
    failures: Mapping[str, Failure],
) -> Answer:
    """What a GET of `path` gives; `headers` are the request's, names in lower case."""
    route = urlsplit(path).path
    failure = next((failures[prefix] for prefix in failures if route.startswith(prefix)), None)
    if failure is not None:
        return _failed(failure)
    if route == "/robots.txt":
        return Answer(200, ROBOTS.encode(), {"Content-Type": "text/plain; charset=utf-8"})
    if route == "/":
        return _page(render_home(press, base_url=base_url))
    outlet = press.outlet(route.split("/")[1])
    if outlet is None:
        return _missing()
    return _of_outlet(press, outlet, route, base_url=base_url, headers=headers)


def feeds_yaml(base_url: str) -> str:
    """The text of a feeds.yaml that lists all ten feeds at `base_url` (no slash at its end).

    The outlet that is never reachable asks to be left alone, and its whole host is: it gets another name.
    """
    elsewhere = base_url.replace("127.0.0.1", "localhost")
    lines = (
        f"  - {{id: {outlet_id}, name: {kind.name}, "
        f'url: "{elsewhere if kind.format == "down" else base_url}/{outlet_id}/{kind.feed_file}", '
        f"category: {kind.category}, enabled: true, attested: demo}}\n"
        for outlet_id, kind in KINDS.items()
    )
    return "feeds:\n" + "".join(lines)


def serve(press: Press, port: int = 0) -> DemoServer:
    """A running server for `press`; port 0 takes a free one. Use it with `with`, or call `close`."""
    return DemoServer(press, port)


class DemoServer:
    """The press being served: a log of requests, failures on demand, one more article on demand."""

    def __init__(self, press: Press, port: int = 0) -> None:
        self.press = press
        self.log: list[Request] = []  # appended before the answer leaves, so a client never outruns it
        self._down = {
            f"/{outlet.id}/": Failure(503, DOWN_RETRY_AFTER)
            for outlet in press.outlets
            if outlet.kind.format == "down"
        }
        self._injected: dict[str, Failure] = {}
        self._http = _HttpServer(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="demo-press")
        self._thread.start()

    @property
    def url(self) -> str:
        """The server's address, without a slash at its end."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def fail(self, path_prefix: str, status: int, retry_after: int | None = None) -> None:
        """From now on, every path that starts so is answered with `status`."""
        self._injected = {**self._injected, path_prefix: Failure(status, retry_after)}

    def heal(self) -> None:
        """Takes back every `fail`; the outlet that is never reachable stays so."""
        self._injected = {}

    def publish(self, article: DemoArticle) -> str:
        """Puts one more article into its outlet's feed; returns the page's address."""
        self.press = self.press.publish(article)
        return f"{self.url}{article.path}"

    def requests(self, path: str, status: int | None = None) -> int:
        """How often `path` was asked for, or how often that was answered with `status`."""
        return sum(seen.path == path and status in (None, seen.status) for seen in self.log)

    def not_modified(self) -> int:
        """How many answers were 304."""
        return sum(seen.status == HTTPStatus.NOT_MODIFIED for seen in self.log)

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """What a GET of `path` gives now."""
        failures = {**self._injected, **self._down}
        return answer(self.press, path, base_url=self.url, headers=headers, failures=failures)

    def close(self) -> None:
        """Stops serving, closes every kept-alive connection and waits for its thread; may be called twice."""
        self._http.shutdown()
        self._http.hang_up()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _HttpServer(ThreadingHTTPServer):
    """Knows its open connections, so that closing does not wait for idle clients."""

    daemon_threads = False  # server_close joins them: no thread outlives the server
    request_queue_size = 64  # a burst of pages; the default of 5 makes clients wait a second for a SYN

    def __init__(self, address: tuple[str, int], demo: DemoServer) -> None:
        super().__init__(address, _Handler)
        self.demo = demo
        self._open: WeakSet[socket.socket] = WeakSet()  # grows in the accepting thread only

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def hang_up(self) -> None:
        """Ends every open connection once nothing is accepted any more; the handlers' reads then return."""
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is closed already


class _Handler(BaseHTTPRequestHandler):
    """One connection: a thin shell around `DemoServer.answer`."""

    server: _HttpServer
    protocol_version = "HTTP/1.1"
    server_version = "demo-press"
    sys_version = ""
    timeout = IDLE_SECONDS
    # Headers and body go out in two writes; with Nagle's algorithm the second waits for the client's ACK.
    disable_nagle_algorithm: ClassVar[bool] = True

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            pass  # the client, or `close`, ended the connection in the middle

    def do_GET(self) -> None:
        self._send(with_body=True)

    def do_HEAD(self) -> None:
        self._send(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the overridden method's name for it
        """Stays silent: the log is a list, not a stream."""

    def _send(self, *, with_body: bool) -> None:
        asked = {name.lower(): value for name, value in self.headers.items()}
        reply = _compressed(self.server.demo.answer(self.path, asked), asked.get("accept-encoding", ""))
        self.server.demo.log.append(
            Request(self.command, self.path, reply.status, asked.get("user-agent", ""))
        )
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if with_body:
            self.wfile.write(reply.body)


def _of_outlet(
    press: Press, outlet: DemoOutlet, route: str, *, base_url: str, headers: Mapping[str, str]
) -> Answer:
    if route == outlet.feed_path:
        return _feed(press, outlet, base_url=base_url, headers=headers)
    if route == f"/{outlet.id}/":
        return _page(render_outlet(press, outlet, base_url=base_url))
    article = next((article for article in outlet.articles if article.path == route), None)
    return _missing() if article is None else _page(render_article(press, article, base_url=base_url))


def _feed(press: Press, outlet: DemoOutlet, *, base_url: str, headers: Mapping[str, str]) -> Answer:
    body = feed_bytes(outlet, base_url=base_url, started=press.started)
    reply = {"Content-Type": content_type(outlet)}
    if not outlet.kind.conditional:
        return Answer(200, body, reply)
    modified = outlet.articles[0].published if outlet.articles else press.started
    # Weak, because the same document goes out compressed or not.
    etag = f'W/"{xxh3_64_hexdigest(body)}"'
    reply |= {"ETag": etag, "Last-Modified": format_datetime(modified, usegmt=True)}
    if _unchanged(headers, etag=etag, modified=modified):
        return Answer(304, b"", reply)
    return Answer(200, body, reply)


def _unchanged(headers: Mapping[str, str], *, etag: str, modified: datetime) -> bool:
    """RFC 9110 §13.2.2: If-Modified-Since counts only where there is no If-None-Match."""
    if (tags := headers.get("if-none-match")) is not None:
        return etag.removeprefix("W/") in (tag.strip().removeprefix("W/") for tag in tags.split(","))
    try:
        since = parsedate_to_datetime(headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and modified <= since


def _compressed(reply: Answer, accepted: str) -> Answer:
    """The answer in gzip where the client takes it and there is something to compress."""
    if not reply.body or not _takes_gzip(accepted):
        return reply
    headers = {**reply.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Answer(reply.status, gzip.compress(reply.body, compresslevel=5, mtime=0), headers)


def _takes_gzip(accepted: str) -> bool:
    codings = (coding.replace(" ", "").lower().partition(";q=") for coding in accepted.split(","))
    return any(name == "gzip" and (not weight or weight.strip("0.")) for name, _, weight in codings)


def _page(html: str) -> Answer:
    return Answer(200, html.encode(), {"Content-Type": HTML})


def _missing() -> Answer:
    return Answer(
        404, "<!doctype html><title>404</title><p>الصفحة غير موجودة</p>".encode(), {"Content-Type": HTML}
    )


def _failed(failure: Failure) -> Answer:
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    if failure.retry_after is not None:
        headers["Retry-After"] = str(failure.retry_after)
    return Answer(failure.status, f"{failure.status} {HTTPStatus(failure.status).phrase}\n".encode(), headers)


def main(arguments: list[str] | None = None) -> None:
    """Serves the demo press until interrupted, and says where."""
    parser = argparse.ArgumentParser(prog="python -m demo.server", description=main.__doc__)
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one (default: 8000)")
    options = parser.parse_args(arguments)
    press = load(ARTICLES, datetime.now(UTC))  # noqa: TID251 - an entry point: the press is as old as this start
    with serve(press, options.port) as server:
        print(f"{server.url}/", flush=True)
        for outlet in press.outlets:
            print(f"{server.url}{outlet.feed_path}  {outlet.name}, {len(outlet.articles)}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
