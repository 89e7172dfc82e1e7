"""The web application: addresses, what is asked of a request before anything is done, headers, the server under it.

    GET|POST /r/TOKEN/…                      the digest in full, and what its reader can ask for
    GET      /feeds/KEY/LIST.(rss|atom|json)        a watchlist's feed
    GET      /feeds/KEY/stories/ID.(rss|atom|json)  a story's feed

The address is all that a reader has: there are no cookies and no sessions. GET changes nothing, so that scanners of
mail, prefetching browsers and crawlers may follow any link. A POST is done where it brings the proof that only the
act's own page holds, made for this token and this act, so that no other site can have a browser send it. The one
exception is RFC 8058's List-Unsubscribe=One-Click, which mail programs send without the page. No answer is a redirect,
and neither the Host nor a parameter of a request finds its way into a page.

The operators' files and the database are opened for each request, in a thread: what was edited counts at once, and
where the database is away the reader is told so in words. The server writes no log of requests: their addresses are
secrets.
"""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from alerts.feeds_out import TYPES, WRITERS, etag, last_modified
from alerts.links import Reader
from alerts.render import render
from console.acts import Visit, act
from console.forms import fields
from console.pages import POLICY, page, trouble
from rasid.app.context import Rasid, database_url, load_config, open_present, read_file
from rasid.app.export import story_feed, watchlist_feed
from rasid.app.feedback import links_key, opened
from rasid.config import Config, parse_settings
from rasid.errors import RasidError, StorageError, TokenError
from rasid.feedback import feed_key, proof, same, verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from starlette.requests import Request

    from alerts.feeds_out import OutFeed
    from rasid.app.context import Clock
    from rasid.config import Settings
    from storage import Store

# A digest's page is the mail's: its rules stand in the elements, where no hash reaches them.
DIGEST_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_ALWAYS = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
}
_SOCKET_SECONDS = 5


def build(folder: Path, clock: Clock | None = None) -> Starlette:
    """The application over a config folder."""
    site = _Site(folder, clock or _now)
    both = ["GET", "POST"]
    application = Starlette(
        routes=[
            Route("/r/{token}", site.digest),
            Route("/r/{token}/{name:path}", site.act, methods=both),
            Route("/feeds/{key}/stories/{name}.{ending}", site.story_feed),
            Route("/feeds/{key}/{name}.{ending}", site.watchlist_feed),
        ],
        exception_handlers={
            TokenError: _bad_token,
            RasidError: _away,
            HTTPException: _refused,
            Exception: _fault,
        },
    )
    application.router.redirect_slashes = False  # no answer is a redirect
    return application


class _Unlogged(H11Protocol):
    """HTTP/1.1 without a log of requests, whatever handlers others in this process give to uvicorn's loggers."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.access_log = False


@contextmanager
def serving(folder: Path, host: str, port: int) -> Iterator[str]:
    """Serve in a thread, until the end of the block; the address.

    Raises:
        OSError: The address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listening:
        config = uvicorn.Config(
            build(folder),
            http=_Unlogged,
            access_log=False,
            log_config=None,  # the process has its own
            lifespan="off",
            ws="none",
            server_header=False,
            proxy_headers=False,  # nothing asks who sends a request, or under which name
            timeout_keep_alive=_SOCKET_SECONDS,
            timeout_graceful_shutdown=_SOCKET_SECONDS,
            limit_concurrency=200,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="web", daemon=True)
        thread.start()
        shown = f"[{host}]" if ":" in host else host
        try:
            yield f"http://{shown}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=2 * _SOCKET_SECONDS)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - an entry point


# ── the addresses ─────────────────────────────────────────────────────────────────────────────────


class _Site:
    """The endpoints: each reads the request, then works in a thread."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock

    async def digest(self, request: Request) -> Response:
        """The digest in full."""
        return await run_in_threadpool(self._digest, request.path_params["token"])

    async def act(self, request: Request) -> Response:
        """The page of an act, or what came of it."""
        sent = await fields(request) if request.method == "POST" else None
        token, name = request.path_params["token"], request.path_params["name"]
        return await run_in_threadpool(self._act, token, name, sent)

    async def watchlist_feed(self, request: Request) -> Response:
        """A watchlist's feed."""
        return await run_in_threadpool(self._feed, request, request.path_params["name"])

    async def story_feed(self, request: Request) -> Response:
        """A story's feed."""
        return await run_in_threadpool(self._feed, request, f"stories/{request.path_params['name']}")

    # ── in a thread ───────────────────────────────────────────────────────────────────────────────

    def _digest(self, token: str) -> Response:
        with self._visit(token) as visit:
            drawn = render(visit.seen.digest, reader=visit.reader, now=visit.now, whole=True)
        return _html(drawn.html, policy=DIGEST_POLICY)

    def _act(self, token: str, name: str, sent: Mapping[str, str] | None) -> Response:
        with self._visit(token) as visit:
            found = act(visit, name)
            if found is None:
                raise HTTPException(404)
            if sent is None:
                return _html(page(found.ask("")))
            one_click = found.one_click and sent.get("List-Unsubscribe") == "One-Click"
            if not one_click and not same(sent.get("proof", ""), proof(visit.key, token, name)):
                raise HTTPException(403)
            answer = found.do(sent.get("choice"))
            if answer is None:
                return _html(page(found.ask(visit.say("choose"))), 400)
            return _html(page(answer))

    def _feed(self, request: Request, name: str) -> Response:
        settings = self._settings()
        key, ending = _key(settings), request.path_params["ending"]
        if ending not in TYPES or not same(request.path_params["key"], feed_key(key, name)):
            raise HTTPException(404)
        url = f"{_public(settings)}/feeds/{request.path_params['key']}/{name}.{ending}"
        config = load_config(self._folder)
        with self._store(settings) as store:
            found = _feed_of(Rasid(config, store), name, self._clock(), url)
        if found is None:
            raise HTTPException(404)
        return _feed_response(request, found, WRITERS[ending](found), TYPES[ending])

    @contextmanager
    def _visit(self, token: str) -> Iterator[Visit]:
        """What a token opens. It is verified before the database is: guessing costs nobody anything."""
        settings, now = self._settings(), self._clock()
        key = _key(settings)
        verify(key, token, now)
        with self._store(settings) as store:
            seen = opened(store, key, token, now)
            yield Visit(store, key, token, seen, Reader(f"{_public(settings)}/r/{token}"), now)

    @contextmanager
    def _store(self, settings: Settings) -> Iterator[Store]:
        """The database as it is: a request migrates nothing and makes none."""
        url = database_url(Config(settings, (), (), ()), self._folder)
        with open_present(url) as store:
            if store is None:
                raise StorageError("there is no database yet; `rasid run` makes one")
            yield store

    def _settings(self) -> Settings:
        """Settings alone: a fault in another file keeps no reader from leaving."""
        path = self._folder / "settings.yaml"
        return parse_settings(read_file(path), str(path))


def _feed_of(rasid: Rasid, name: str, now: datetime, url: str) -> OutFeed | None:
    story = name.removeprefix("stories/")
    if story == name:
        return watchlist_feed(rasid, name, now, url)
    return story_feed(rasid, int(story), now, url)


def _key(settings: Settings) -> bytes:
    key = links_key(settings)
    if key is None:  # no links were given to anybody
        raise HTTPException(404)
    return key


def _public(settings: Settings) -> str:
    return (settings.public_url or "").rstrip("/")


# ── answers ───────────────────────────────────────────────────────────────────────────────────────


def _html(content: str, status: int = 200, *, policy: str = POLICY, **more: str) -> Response:
    headers = {**_ALWAYS, "Cache-Control": "no-store", "Content-Security-Policy": policy, **more}
    return Response(content, status, headers, media_type="text/html")


def _feed_response(request: Request, feed: OutFeed, content: bytes, kind: str) -> Response:
    """The feed, or that its reader has it already."""
    tag, modified = etag(content), last_modified(feed)
    headers = {**_ALWAYS, "Cache-Control": "private, no-cache", "ETag": tag, "Last-Modified": modified}
    known = request.headers.get("if-none-match")
    if known is not None:
        unchanged = not {tag, "*"}.isdisjoint(one.strip().removeprefix("W/") for one in known.split(","))
    else:
        unchanged = request.headers.get("if-modified-since") == modified
    if unchanged:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers | {"Content-Type": f"{kind}; charset=utf-8"})


def _bad_token(_: Request, error: Exception) -> Response:
    """All links that are none of ours are alike; one whose time is over is told so."""
    status = 410 if isinstance(error, TokenError) and error.expired else 404
    return _html(trouble(status), status)


def _refused(_: Request, error: Exception) -> Response:
    refusal = cast("HTTPException", error)
    return _html(trouble(refusal.status_code), refusal.status_code, **(refusal.headers or {}))


def _away(_: Request, error: Exception) -> Response:
    """The operators' files or the database are not in order: the operator reads why, the reader that it passes."""
    sys.stderr.write(f"readers' pages: {error}\n")
    return _html(trouble(503), 503, **{"Retry-After": "300"})


def _fault(_: Request, __: Exception) -> Response:
    """A fault of our own; uvicorn writes it to stderr."""
    return _html(trouble(503), 500)
