"""The invented press as values: outlets, their articles, and how both are read from `demo/articles/*.yaml`.

The files say how many hours before the demo's start each article appeared, so that the press is always fresh.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FeedFormat = Literal["rss20", "atom", "rdf", "json", "down"]


@dataclass(frozen=True, slots=True)
class OutletKind:
    """What an outlet is, apart from its articles."""

    name: str
    category: str
    format: FeedFormat  # down: every answer is 503
    conditional: bool = False  # sends ETag and Last-Modified, answers 304
    encoding: str = "utf-8"  # of the feed; the pages are all UTF-8
    full_text: bool = False  # some items of the feed carry the whole article
    dateless: bool = False  # only the feed tells dates: no address in its pages holds year and month

    @property
    def feed_file(self) -> str:
        """The last part of the feed's address."""
        return "feed.json" if self.format == "json" else "feed.xml"


KINDS: dict[str, OutletKind] = {
    "naba": OutletKind("نبأ التقنية", "tech", "rss20", full_text=True),
    "rafid": OutletKind("رافد الاقتصادي", "business", "rss20", encoding="windows-1256"),
    "madar": OutletKind("مدار", "tech", "atom"),
    "bawsala": OutletKind("بوصلة الأعمال", "business", "rdf"),
    "shabaka": OutletKind("شبكة المستقبل", "tech", "json"),
    "midan": OutletKind("ميدان الأخبار", "general", "rss20", conditional=True),
    "ufuq": OutletKind("أفق", "tech", "rss20", dateless=True),
    "wakala": OutletKind("وكالة الخليج للأنباء (تجريبية)", "general", "rss20"),
    "suq": OutletKind("السوق اليوم", "business", "atom"),
    "sarab": OutletKind("سراب", "tech", "down"),
}
"""The ten outlets in the order of feeds.yaml; the last one is never reachable."""


@dataclass(frozen=True, slots=True)
class DemoArticle:
    """One article of the invented press."""

    id: str  # unique in the press
    outlet: str  # id of the outlet
    title: str
    teaser: str  # what the feed gives as description
    text: str  # paragraphs separated by "\n"
    published: datetime
    author: str | None = None
    doubled: bool = False  # the page holds its text twice
    glued: bool = False  # related headlines follow the text in its own container

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The text as the page sets it."""
        return tuple(self.text.split("\n"))

    @property
    def path(self) -> str:
        """The page's address on the server."""
        if KINDS[self.outlet].dateless:
            return f"/{self.outlet}/posts/{self.id}/"
        return f"/{self.outlet}/{self.published:%Y/%m}/{self.id}/"


@dataclass(frozen=True, slots=True)
class DemoOutlet:
    """One site with its feed."""

    id: str
    name: str
    kind: OutletKind
    articles: tuple[DemoArticle, ...] = ()  # newest first

    @property
    def feed_path(self) -> str:
        """The feed's address on the server."""
        return f"/{self.id}/{self.kind.feed_file}"


@dataclass(frozen=True, slots=True)
class Press:
    """All outlets at one moment; publishing gives a new value."""

    outlets: tuple[DemoOutlet, ...]
    started: datetime  # the moment that the articles' ages count from

    @property
    def articles(self) -> tuple[DemoArticle, ...]:
        """Every article of every outlet, newest first."""
        return _newest_first(article for outlet in self.outlets for article in outlet.articles)

    def outlet(self, outlet_id: str) -> DemoOutlet | None:
        """The outlet of this id."""
        return next((outlet for outlet in self.outlets if outlet.id == outlet_id), None)

    def publish(self, article: DemoArticle) -> Press:
        """The press after one more article; raises ValueError where the id is taken or the outlet unknown."""
        if self.outlet(article.outlet) is None:
            raise ValueError(f"no outlet {article.outlet!r} in this press")
        if any(article.id == other.id for other in self.articles):
            raise ValueError(f"article id {article.id!r} is taken")
        return replace(self, outlets=tuple(_with_article(outlet, article) for outlet in self.outlets))

    def headlines(self, article: DemoArticle, count: int, salt: str) -> tuple[DemoArticle, ...]:
        """Other articles for a sidebar of this page: each page and `salt` draws its own, always the same.

        A dateless outlet links to itself only: finders read the first of the month out of any dated address.
        """
        dateless = KINDS[article.outlet].dateless
        others = [
            other
            for other in self.articles
            if other.id != article.id and (other.outlet == article.outlet or not dateless)
        ]
        drawn = sorted(others, key=lambda other: crc32(f"{salt}/{article.id}/{other.id}".encode()))
        return tuple(drawn[:count])


def load(folder: Path, now: datetime) -> Press:
    """The press in `folder`/*.yaml as it stands at `now`, with the outlet that is never reachable.

    Raises pydantic.ValidationError where a file is not in the format, ValueError where an id stands twice.
    """
    started = now.replace(microsecond=0)
    files = [
        _OutletFile.model_validate(YAML(typ="safe").load(path)) for path in sorted(folder.glob("*.yaml"))
    ]
    written = {file.outlet.id: file for file in files}
    if unknown := sorted(set(written) - set(KINDS)):
        raise ValueError(f"no such outlet: {', '.join(unknown)}; the outlets are {', '.join(KINDS)}")
    outlets = (
        _outlet(outlet_id, kind, written.get(outlet_id), started)
        for outlet_id, kind in KINDS.items()
        if outlet_id in written or kind.format == "down"
    )
    return _checked(Press(outlets=tuple(outlets), started=started))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _OutletHead(_Strict):
    id: str
    name: str


class _ArticleItem(_Strict):
    id: str = Field(pattern=r"^[a-z0-9-]+$")
    hours_ago: float = Field(ge=0)
    title: str
    teaser: str
    text: str
    author: str | None = None
    doubled: bool = False
    glued: bool = False


class _OutletFile(_Strict):
    """One file of demo/articles."""

    outlet: _OutletHead
    articles: tuple[_ArticleItem, ...]


def _outlet(outlet_id: str, kind: OutletKind, file: _OutletFile | None, started: datetime) -> DemoOutlet:
    if file is None:
        return DemoOutlet(id=outlet_id, name=kind.name, kind=kind)
    articles = (_article(item, outlet_id=outlet_id, started=started) for item in file.articles)
    return DemoOutlet(id=outlet_id, name=file.outlet.name, kind=kind, articles=_newest_first(articles))


def _article(item: _ArticleItem, *, outlet_id: str, started: datetime) -> DemoArticle:
    return DemoArticle(
        id=item.id,
        outlet=outlet_id,
        title=item.title.strip(),
        teaser=" ".join(item.teaser.split()),
        text="\n".join(line.strip() for line in item.text.splitlines() if line.strip()),
        published=started - timedelta(seconds=round(item.hours_ago * 3600)),
        author=item.author,
        doubled=item.doubled,
        glued=item.glued,
    )


def _newest_first(articles: Iterable[DemoArticle]) -> tuple[DemoArticle, ...]:
    return tuple(sorted(articles, key=lambda article: (article.published, article.id), reverse=True))


def _with_article(outlet: DemoOutlet, article: DemoArticle) -> DemoOutlet:
    if outlet.id != article.outlet:
        return outlet
    return replace(outlet, articles=_newest_first((*outlet.articles, article)))


def _checked(press: Press) -> Press:
    ids = [article.id for article in press.articles]
    if repeated := sorted({article_id for article_id in ids if ids.count(article_id) > 1}):
        raise ValueError(f"article ids stand more than once: {', '.join(repeated)}")
    return press
