"""Hostile sites on loopback, every byte theirs to write, and the whole collect run against them.

A site answers each path with bytes (a whole HTTP answer) or with a function that writes to the socket. It keeps a log
of what it was asked and when, and how many connections were open at once.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Self

from sqlalchemy import select

from rasid.app.collect import collect
from rasid.app.context import Rasid, open_rasid
from storage.schema import articles, entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rasid.types import CollectReport, FeedState

Answer = bytes | Callable[[socket.socket], None]

SETTINGS = """\
database: "sqlite:///{out}/rasid.sqlite"
http: {{delay: 0, deadline: {deadline}, allow_hosts: ["127.0.0.1"]}}
collect: {{processes: 1}}
"""
SUBSCRIPTIONS = """\
subscriptions:
  - id: analysts
    name: نشرة
    terms: [nvidia]
    schedule: daily 07:00
    channels: [{{file: "{out}/digests"}}]
"""
WATCHLIST = """\
name: رقائق
terms:
  - id: nvidia
    label: إنفيديا
    forms: [إنفيديا, Nvidia]
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as the site saw it."""

    at: float  # on the monotonic clock
    path: str
    headers: dict[str, str]  # names in lower case


@dataclass
class Site:
    """A server on a loopback port of its own: to Rasid, a host of its own."""

    answers: dict[str, Answer]
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    open_now: int = 0  # requests being answered
    open_most: int = 0

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def paths(self) -> list[str]:
        """What was asked for, in order, robots.txt left out."""
        return [asked.path for asked in self.asked if asked.path != "/robots.txt"]

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._closed = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        """One request a connection: whether it may be used again is not what is tested here."""
        with self._lock:
            self.open_now += 1
            self.open_most = max(self.open_most, self.open_now)
        try:
            with connection:
                self._answer(connection)
        except OSError:
            pass  # the other side has had enough, which is what many of these tests are about
        finally:
            with self._lock:
                self.open_now -= 1

    def _answer(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = connection.recv(65_536)
            if not chunk:
                return
            head += chunk
        first, *lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        path = first.split(" ")[1]
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        with self._lock:
            self.asked.append(Asked(monotonic(), path, headers))
        answer = self.answers.get(path, NOT_FOUND)
        if callable(answer):
            answer(connection)
        else:
            connection.sendall(answer)


def http(body: bytes | str = b"", *headers: str, status: str = "200 OK", length: bool = True) -> bytes:
    """A whole HTTP/1.1 answer; without `length` its body ends with the connection."""
    raw = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", "Connection: close", *headers]
    if length:
        lines.append(f"Content-Length: {len(raw)}")
    return "\r\n".join([*lines, "", ""]).encode() + raw


NOT_FOUND = http(status="404 Not Found")


def rss(*items: str, head: str = "") -> str:
    """An RSS 2.0 document around its items."""
    channel = f"<channel><title>صحيفة</title>{head}{''.join(items)}</channel>"
    return f'<?xml version="1.0"?><rss version="2.0">{channel}</rss>'


def item(url: str, title: str = "إنفيديا تعرض معالجا", extra: str = "") -> str:
    """One RSS item; its GUID is its address."""
    return f"<item><title>{title}</title><link>{url}</link>{extra}</item>"


PARAGRAPHS = (
    "أعلنت شركة إنفيديا صباح اليوم عن معالج جديد مخصص لمراكز البيانات الصغيرة في المدن البعيدة.",
    "وقال مدير المشروع إن الاختبارات استمرت تسعة أشهر وإن النتائج فاقت ما كان الفريق ينتظره.",
    "ومن المقرر أن تصل الدفعة الأولى إلى الموزعين قبل نهاية الفصل، على أن تتبعها دفعات أكبر.",
    "وتعمل في المشروع فرق من أربع مدن، وقد بدأ التخطيط له قبل عامين حين ظهرت الحاجة إلى أجهزة أقل استهلاكا للكهرباء.",
)


def page(title: str = "إنفيديا تعرض معالجا", *paragraphs: str, head: str = "") -> str:
    """An article's page in UTF-8."""
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs or PARAGRAPHS)
    return (
        f'<!doctype html><html lang="ar" dir="rtl"><head><meta charset="utf-8"><title>{title}</title>{head}</head>'
        f"<body><article><h1>{title}</h1>{body}</article></body></html>"
    )


@dataclass(frozen=True, slots=True)
class Stored:
    """An article of the corpus."""

    url: str
    title: str
    text: str
    source: str
    published: datetime


@dataclass
class Watch:
    """A Rasid of its own in a folder, run as `rasid run` runs it."""

    folder: Path
    later: timedelta = timedelta()  # how far its clock runs ahead

    @contextmanager
    def opened(self) -> Iterator[Rasid]:
        """An opened Rasid."""
        with open_rasid(self.folder) as rasid:
            yield rasid

    def clock(self) -> datetime:
        """The real clock, moved ahead."""
        return datetime.now(UTC) + self.later  # noqa: TID251 - sites date their answers today

    def collect(self, *, force: bool = True) -> CollectReport:
        """One collect."""
        with self.opened() as rasid:
            return collect(rasid, clock=self.clock, force=force)

    def articles(self) -> list[Stored]:
        """The corpus, oldest row first."""
        columns = (articles.c.url, articles.c.title, articles.c.text, articles.c.source, articles.c.published)
        with self.opened() as rasid, rasid.store._engine.connect() as connection:
            return [Stored(*row) for row in connection.execute(select(*columns).order_by(articles.c.id))]

    def entries(self) -> list[tuple[str, str, str | None]]:
        """URL, state and error of every entry, in the order in which they came."""
        columns = (entries.c.url, entries.c.state, entries.c.error)
        with self.opened() as rasid, rasid.store._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(select(*columns).order_by(entries.c.id))]

    def state(self, feed: str = "feed-0") -> FeedState:
        """What is remembered of a feed."""
        with self.opened() as rasid:
            return rasid.store.feed_states()[feed]


def watch(out: Path, *urls: str, deadline: float = 5, feeds: Mapping[str, str] | None = None) -> Watch:
    """A config folder for feeds at these addresses: feed-0 and so on.

    `feeds` gives more of their keys, by id: ", timezone: Asia/Riyadh".
    """
    folder = out / "config"
    (folder / "watchlists").mkdir(parents=True, exist_ok=True)
    (folder / "settings.yaml").write_text(SETTINGS.format(out=out, deadline=deadline), encoding="utf-8")
    (folder / "subscriptions.yaml").write_text(SUBSCRIPTIONS.format(out=out), encoding="utf-8")
    (folder / "watchlists" / "chips.yaml").write_text(WATCHLIST, encoding="utf-8")
    more = feeds or {}
    listed = "".join(
        f"  - {{id: feed-{number}, name: صحيفة {number}, url: {url!r}{more.get(f'feed-{number}', '')}}}\n"
        for number, url in enumerate(urls)
    )
    (folder / "feeds.yaml").write_text(f"feeds:\n{listed}", encoding="utf-8")
    return Watch(folder)
