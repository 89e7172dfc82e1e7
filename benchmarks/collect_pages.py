"""The pages and feeds of hundreds of invented news sites, the same bytes for the same plan.

A host's pages are one of the demo press's layouts, rendered once with marks where an article stands and filled with
another one each: ten paragraphs of the press, half of the words replaced by others of the same press (so that no two
articles are copies by chance), one article in ten that of another host.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from demo.pages import LOCAL, DateStyle, arabic_date, render_article
from demo.press import DemoArticle, load
from demo.server import ARTICLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from demo.press import Press

Ill = Literal["slow", "endless", "bomb", "dead", "unreachable"]

SEED = 20
PARAGRAPHS, WORDS = 10, (30, 60)  # of a page; words of a paragraph
REPLACED = 0.5  # of the words of a passage
COPIES = 0.1  # of the pages
APART = timedelta(seconds=5)  # between two articles of the press
LAYOUTS = ("naba", "rafid", "madar", "bawsala", "shabaka", "midan", "ufuq", "wakala", "suq")
MARK = re.compile(r"@@(\w+)@@")
STYLES = (
    DateStyle(),
    DateStyle(arabic_digits=True),
    DateStyle(locale="ar_LB", pattern="EEEE، d MMMM y"),
    DateStyle(pattern="d MMMM، y الساعة h:mm a"),
    DateStyle(locale="ar_LB", pattern="d MMMM y HH:mm"),
    DateStyle(pattern="y/MM/dd HH:mm", arabic_digits=True),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is served; the same plan is the same bytes."""

    hosts: int
    pages: int  # of each sound host
    started: datetime  # the newest article's time
    port: int = 0  # the one port of all hosts, known once they are served
    ill: tuple[Ill, ...] = ()  # further hosts
    ill_pages: int = 20  # of each of them
    robots: Mapping[int, str] = field(default_factory=dict)  # robots.txt of hosts that have one of their own

    def address(self, host: int) -> str:
        """The host's address; ill hosts come after the sound ones, the aggregator is the last."""
        return f"127.0.{1 + host // 250}.{1 + host % 250}"

    def count(self, host: int) -> int:
        """How many pages the host has."""
        return self.pages if host < self.hosts else self.ill_pages

    def illness(self, host: int) -> Ill | None:
        """What the host does to those who ask for pages."""
        return dict(enumerate(self.ill, self.hosts)).get(host)

    def url(self, host: int) -> str:
        """The host's address on the web, without a slash at its end."""
        return f"http://{self.address(host)}:{self.port}"

    @property
    def addresses(self) -> list[str]:
        """Those of all hosts."""
        return [self.address(host) for host in range(self.hosts + len(self.ill) + bool(self.ill))]

    @property
    def feeds(self) -> list[str]:
        """The feeds' URLs."""
        return [f"{self.url(host)}/feed" for host in range(len(self.addresses))]


# ── articles and pages ────────────────────────────────────────────────────────────────────────────


class _Article(NamedTuple):
    title: str
    paragraphs: tuple[str, ...]


@cache
def _press(started: datetime) -> Press:
    return load(ARTICLES, started)


@cache
def _source(started: datetime) -> tuple[list[list[str]], list[list[str]], list[str]]:
    """The press's titles, its paragraphs and all their words; what is split is ready to be replaced."""
    articles = _press(started).articles
    paragraphs = [paragraph.split() for article in articles for paragraph in article.paragraphs if paragraph]
    titles = [article.title.split() for article in articles]
    return titles, paragraphs, [word for paragraph in paragraphs for word in paragraph]


@lru_cache(maxsize=10_000)  # the feed asks for what the pages ask for again
def _article(started: datetime, host: int, page: int) -> _Article:
    rng = random.Random(f"{SEED}/{host}/{page}")
    if host and rng.random() < COPIES:
        return _article(started, rng.randrange(host), page)
    titles, paragraphs, words = _source(started)

    def replaced(passage: list[str]) -> str:
        others = rng.choices(words, k=len(passage))
        return " ".join(
            other if rng.random() < REPLACED else word for word, other in zip(passage, others, strict=True)
        )

    def paragraph() -> str:
        passage: list[str] = []
        for one in rng.sample(paragraphs, 2):
            passage += one
        return replaced(passage[: rng.randint(*WORDS)]).rstrip(".،") + "."

    return _Article(replaced(rng.choice(titles)), tuple(paragraph() for _ in range(PARAGRAPHS)))


def _published(plan: Plan, host: int, page: int) -> datetime:
    return plan.started - (page * plan.hosts + host) * APART


def _shell(plan: Plan, host: int) -> list[str]:
    """A host's page, split at its marks: text and the name of what stands there in turn."""
    layout = LAYOUTS[host % len(LAYOUTS)]
    article = DemoArticle(
        id=f"{host}-@@id@@",
        outlet=layout,
        title="@@title@@",
        teaser="@@teaser@@",
        text="\n".join(f"@@p{number}@@" for number in range(PARAGRAPHS)),
        published=plan.started,
    )
    html = render_article(_press(plan.started), article, base_url=plan.url(host))
    html = html.replace(plan.started.astimezone(LOCAL).isoformat(), "@@iso@@")
    for style in STYLES:
        html = html.replace(arabic_date(plan.started, style), "@@date@@")
    return MARK.split(html)


def path(plan: Plan, host: int, page: int) -> str:
    """Where a page is."""
    return f"/{plan.started:%Y/%m}/{host}-{page:03}/"


def pages(plan: Plan, host: int) -> Iterator[tuple[str, str]]:
    """A host's pages: URL and HTML."""
    shell = _shell(plan, host)
    for page in range(plan.pages):
        article, moment = _article(plan.started, host, page), _published(plan, host, page)
        words = {f"p{number}": text for number, text in enumerate(article.paragraphs)}
        words |= {
            "id": f"{page:03}",
            "title": article.title,
            "teaser": article.paragraphs[0],
            "iso": moment.astimezone(LOCAL).isoformat(),
            "date": arabic_date(moment, STYLES[0]),
        }
        filled = [words[part] if place % 2 else part for place, part in enumerate(shell)]
        yield plan.url(host) + path(plan, host, page), "".join(filled)


def feed(plan: Plan, name: str, hosts: list[int]) -> bytes:
    """An RSS feed of all pages of these hosts."""
    items: list[str] = []
    for host in hosts:
        for page in range(plan.count(host)):
            article, url = _article(plan.started, host, page), plan.url(host) + path(plan, host, page)
            items.append(
                f"<item><title>{article.title}</title><link>{url}</link><guid>{url}</guid>"
                f"<pubDate>{format_datetime(_published(plan, host, page))}</pubDate>"
                f"<description>{article.paragraphs[0]}</description></item>"
            )
    head = '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>'
    about = f"<title>{name}</title><link>{plan.url(hosts[0])}/</link><description>{name}</description>"
    return f"{head}{about}{''.join(items)}</channel></rss>".encode()
