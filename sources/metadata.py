"""What a page says about itself: headline, outlet, author, time of publication.

trafilatura gives dates without time and bylines with URLs in them, so the places where news sites state
these things are read here first: meta elements, JSON-LD, microdata. Every value is foreign and is cleaned
before it is believed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from sources.plain import plain_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

_MAX_TITLE, _MAX_NAME = 500, 120
_OLDEST, _LATEST = 1995, 2100  # no Arabic news site is older; later years are mistakes
# Both systems of month names, hamza folded away; Arabic-Indic digits are digits to Python.
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "يناير|كانون الثاني|جانفي",
            "فبراير|شباط|فيفري",
            "مارس|اذار",
            "ابريل|نيسان|افريل",
            "مايو|ايار|ماي",
            "يونيو|حزيران|جوان",
            "يوليو|تموز|جويلية",
            "اغسطس|اب|اوت",
            "سبتمبر|ايلول",
            "اكتوبر|تشرين الاول",
            "نوفمبر|تشرين الثاني",
            "ديسمبر|كانون الاول",
        ),
        start=1,
    )
    for name in names.split("|")
}
_ARABIC_DAY = re.compile(
    r"(?<!\d)(\d{1,2})\s+("
    + "|".join(name.replace(" ", r"\s+") for name in _MONTHS)
    + r")(?:\s*/\s*\w+)?[\s،,]+(\d{4})(?!\d)"
)
_SEPARATORS = re.compile(r"\s+[-–—|•:»«]+\s+|\s*\|\s*")
# Names of meta elements; JSON-LD comes between the two groups.
_PUBLISHED = ("article:published_time", "datepublished", "og:published_time")
_PUBLISHED_TOO = ("pubdate", "publishdate", "parsely-pub-date", "sailthru.date", "dc.date.issued", "date")
_NO_BYLINE = re.compile(
    r"https?|://|@|;|\b(?:developed|designed|powered) by\b|\.(?:png|jpe?g|com|net)\b", re.IGNORECASE
)
_MAX_JSON = 500_000  # characters of one JSON-LD block; cut behind it, the block is invalid and skipped
_ARTICLE_TYPES = frozenset({"Article", "NewsArticle", "BlogPosting", "ReportageNewsArticle", "TechArticle"})


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What stands in a page's head and structured data; None where it does not say."""

    title: str | None
    outlet: str | None
    author: str | None
    published: datetime | None  # only with a zone: a time of day without one is off by hours
    day: date | None  # of publication, where no full time was found
    language: str | None  # the lang attribute


def read_facts(tree: HtmlElement) -> PageFacts:
    """The facts of a parsed page."""
    metas = _metas(tree)
    linked = _linked_article(tree)
    outlet = _outlet(metas, linked)
    stamps = list(_stamps(tree, metas, linked))
    return PageFacts(
        title=_title(tree, metas, outlet),
        outlet=outlet,
        author=_author(metas, linked, outlet),
        published=next((stamp for stamp in stamps if isinstance(stamp, datetime)), None),
        day=next((stamp for stamp in stamps if not isinstance(stamp, datetime)), None),
        language=tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang"),
    )


def times_on(tree: HtmlElement, day: date) -> datetime | None:
    """The first time element on `day` (give or take the zone): sidebars hold other articles' times."""
    for element in tree.iter("time"):
        stamp = parse_stamp(element.get("datetime") or "")
        if isinstance(stamp, datetime) and abs(stamp.date() - day) <= timedelta(days=1):
            return stamp
    return None


def parse_stamp(text: str) -> datetime | date | None:
    """A time in UTC where a zone is given, else its day; None where it is neither or not plausible."""
    text = text.strip()[:64]
    for parse in (datetime.fromisoformat, parsedate_to_datetime, _arabic_day):
        try:
            when = parse(text)
        except (ValueError, TypeError, IndexError):
            continue
        if _OLDEST <= when.year <= _LATEST:
            return when.astimezone(UTC) if when.tzinfo else when.date()
    return None


def _arabic_day(text: str) -> datetime:
    """A day written out, as in «الأربعاء، 07 أكتوبر 2020»; its time of day has no zone and is not read."""
    found = _ARABIC_DAY.search(text.replace("أ", "ا").replace("إ", "ا").replace("آ", "ا"))
    if found is None:
        raise ValueError("no Arabic date")
    return datetime(int(found[3]), _MONTHS[" ".join(found[2].split())], int(found[1]))  # noqa: DTZ001 - day only


def midnight(day: date) -> datetime:
    """The day as a time: a reader of it knows that no hour was given."""
    return datetime.combine(day, time(), tzinfo=UTC)


def _metas(tree: HtmlElement) -> dict[str, list[str]]:
    metas: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        value = element.get("content") or ""
        names = {element.get(attribute, "").lower() for attribute in ("property", "name", "itemprop")}
        for name in names - {""}:
            metas.setdefault(name, []).append(value)
    return metas


def _stamps(
    tree: HtmlElement, metas: dict[str, list[str]], linked: dict[str, Any]
) -> Iterator[datetime | date]:
    """Times of publication, the most trustworthy places first."""
    raw = [value for name in _PUBLISHED for value in metas.get(name, ())]
    raw.append(_text(linked.get("datePublished")))
    raw += [value for name in _PUBLISHED_TOO for value in metas.get(name, ())]
    raw += tree.xpath("//time[@pubdate or contains(@itemprop, 'datePublished')]/@datetime")
    for text in raw:
        if stamp := parse_stamp(text):
            yield stamp


def _linked_article(tree: HtmlElement) -> dict[str, Any]:
    """The first JSON-LD object that is an article; empty where there is none."""
    for script in tree.iter("script"):
        if (script.get("type") or "").lower() != "application/ld+json":
            continue
        try:
            document = json.loads((script.text or "")[:_MAX_JSON], strict=False)
        except (ValueError, RecursionError):
            continue
        for candidate in _objects(document):
            kinds = candidate.get("@type")
            if not _ARTICLE_TYPES.isdisjoint(kinds if isinstance(kinds, list) else [_text(kinds)]):
                return candidate
    return {}


def _objects(document: Any) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-LD document: itself, its list, its @graph."""
    graph = document.get("@graph") if isinstance(document, dict) else None
    for level in (document, graph):
        for value in level if isinstance(level, list) else [level]:
            if isinstance(value, dict):
                yield value


def _outlet(metas: dict[str, list[str]], linked: dict[str, Any]) -> str | None:
    names = [
        *metas.get("og:site_name", ()),
        _name(linked.get("publisher")),
        *metas.get("application-name", ()),
    ]
    cleaned = (plain_line(name, limit=_MAX_NAME) for name in names)
    return next((name for name in cleaned if name and "://" not in name), None)


def _title(tree: HtmlElement, metas: dict[str, list[str]], outlet: str | None) -> str | None:
    headings = [plain_line(h1.text_content(), limit=_MAX_TITLE) for h1 in tree.iter("h1")]
    titles = [element.text or "" for element in tree.iter("title")]
    candidates = (plain_line(title, limit=_MAX_TITLE) for title in [*metas.get("og:title", ()), *titles])
    for title in candidates:
        if title:
            return without_site(title, outlet, headings)
    return next((heading for heading in headings if heading), None)


def without_site(title: str, outlet: str | None, headings: list[str]) -> str:
    """`title` without the site's name at either end; a heading of the page that it begins with settles it."""
    for heading in headings:
        if len(heading) >= 12 and title.startswith(heading) and _SEPARATORS.match(title[len(heading) :]):
            return heading
    if not outlet:
        return title
    for part in _SEPARATORS.split(title):
        if part.casefold() == outlet.casefold():
            head, _, tail = title.partition(part)
            kept = head if len(head) >= len(tail) else tail
            return re.sub(r"^[\s\-–—|•:»«]+|[\s\-–—|•:]+$", "", kept) or title
    return title


def _author(metas: dict[str, list[str]], linked: dict[str, Any], outlet: str | None) -> str | None:
    names = [_name(linked.get("author"))]
    names += [value for name in ("author", "article:author", "dc.creator") for value in metas.get(name, ())]
    return next((author for name in names if (author := plausible_author(name, outlet))), None)


def plausible_author(name: str | None, outlet: str | None) -> str | None:
    """`name` if it can be a byline: two words or more, no URL, handle or file, nor the outlet itself."""
    author = plain_line(name or "", limit=_MAX_NAME)
    if " " not in author or _NO_BYLINE.search(author):
        return None
    return None if outlet and outlet.casefold() in author.casefold() else author


def _name(value: Any) -> str:
    """The name of a JSON-LD person or organisation, which may be a string, an object or a list of these."""
    first = value[0] if isinstance(value, list) and value else value
    return _text(first.get("name")) if isinstance(first, dict) else _text(first)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
