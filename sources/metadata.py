"""What a page says about itself: headline, outlet, author, time of publication, address.

The places where news sites state these things are read here, most trustworthy first: meta elements, JSON-LD,
microdata, then what stands beside the headline (`headline`). Every value is foreign and is cleaned before it
is believed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rasid.types import NO_RULES
from rasid.urls import canonical_url
from sources.dates import read_stamp
from sources.embedded import linked_article, linked_page, name_of, text_of
from sources.headline import (
    MAX_NAME,
    MAX_TITLE,
    author_near,
    date_near,
    find_headline,
    heading_text,
    is_of_change,
    is_of_others,
    plausible_author,
)
from sources.plain import plain_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from rasid.types import OutletRules

_SEPARATORS = re.compile(r"\s+[-–—|•:»«]+\s+|\s*\|\s*")
_CUT_OFF = ("...", "…")
# Names of meta elements; JSON-LD comes between the two groups.
_PUBLISHED = ("article:published_time", "datepublished", "og:published_time")
_PUBLISHED_TOO = (
    "pubdate", "publishdate", "publish-date", "publish_date", "publication_date", "parsely-pub-date",
    "sailthru.date", "cxenseparse:recs:publishtime", "dc.date.issued", "dc.date", "date",
)  # fmt: skip
_CHANGED = ("article:modified_time", "og:updated_time", "datemodified", "last-modified", "lastmod")
_AUTHORS = ("author", "article:author", "dc.creator", "parsely-author", "sailthru.author")
_EAST, _WEST = timedelta(hours=-5), timedelta(hours=24 + 5)  # of UTC, the first and the last moment of a day
# The second part of a name such as press.com.sa is no site's own.
_SECOND_LEVEL = frozenset({"com", "co", "net", "org", "gov", "edu", "ac", "info"})


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What stands in a page's head, its structured data and beside its headline; None where it does not say."""

    title: str | None
    outlet: str | None
    author: str | None
    published: datetime | None  # only with a zone: a time of day without one is off by hours
    day: date | None  # of publication, where no full time was found
    language: str | None  # the lang attribute
    canonical: str | None  # another address of the same site, not its front page
    description: str
    body: str  # the article's text in JSON-LD, HTML or not
    is_article: bool  # the page calls itself one
    is_front: bool  # it calls itself its site's front page
    is_free: bool  # False where it says that it is for subscribers


def read_facts(tree: HtmlElement, url: str = "", rules: OutletRules = NO_RULES) -> PageFacts:
    """The facts of a parsed page, before anything is taken out of it."""
    metas, linked = _metas(tree), linked_article(tree)
    outlet = _outlet(metas, linked)
    titles = [*metas.get("og:title", ()), *(element.text or "" for element in tree.iter("title"))]
    headline = find_headline(tree, "\n".join(plain_line(title, limit=MAX_TITLE) for title in titles))
    stamps = list(_stamps(tree, metas, linked, rules))
    if headline is not None and not any(isinstance(stamp, datetime) for stamp in stamps):
        near = date_near(headline, rules)
        if near is not None and _agrees(near, stamps):
            stamps.append(near)
    address = _canonical(tree, metas, url)
    is_article = bool(linked or metas.get("article:published_time") or "article" in metas.get("og:type", ()))
    is_front = address is not None and _is_root(address)
    return PageFacts(
        title=_title(tree, titles, text_of(linked.get("headline")), headline, outlet),
        outlet=outlet,
        author=_author(tree, metas, linked, outlet, headline),
        published=next((s for s in stamps if isinstance(s, datetime) and _agrees(s, stamps[:1])), None),
        day=next((stamp for stamp in stamps if not isinstance(stamp, datetime)), None),
        language=tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang"),
        canonical=None if is_front else address,
        description=_description(metas),
        body=text_of(linked.get("articleBody")),
        is_article=is_article,
        is_front=is_front,
        is_free=str(linked.get("isAccessibleForFree", True)).lower() != "false",
    )


def times_on(tree: HtmlElement, day: date) -> datetime | None:
    """The first time element of the article that is on `day` anywhere from New York to Karachi."""
    heading = next(tree.iter("h1"), None)
    start = datetime.combine(day, time(), tzinfo=UTC)
    for element in tree.iter("time"):
        stamp = read_stamp(element.get("datetime") or "")
        if not isinstance(stamp, datetime) or not _EAST <= stamp - start < _WEST:
            continue
        if not is_of_others(element, heading):
            return stamp
    return None


def other_days(tree: HtmlElement) -> set[date]:
    """Days that are none of publication: of changes, of comments, of other articles."""
    metas, linked = _metas(tree), linked_article(tree)
    raw = [value for name in _CHANGED for value in metas.get(name, ())] + [
        text_of(linked.get("dateModified"))
    ]
    heading = next(tree.iter("h1"), None)
    raw += [
        element.get("datetime") or ""
        for element in tree.iter("time")
        if is_of_change(element) or is_of_others(element, heading)
    ]
    return {_day_of(stamp) for text in raw if (stamp := read_stamp(text))}


def midnight(day: date) -> datetime:
    """The day as a time: a reader of it knows that no hour was given."""
    return datetime.combine(day, time(), tzinfo=UTC)


def _agrees(stamp: datetime | date, known: list[datetime | date]) -> bool:
    """Whether a date is the one known already, or nothing is."""
    days = [_day_of(when) for when in known]
    return not days or any(abs(_day_of(stamp) - day) <= timedelta(days=1) for day in days)


def _day_of(when: datetime | date) -> date:
    return when.date() if isinstance(when, datetime) else when


def _metas(tree: HtmlElement) -> dict[str, list[str]]:
    metas: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        value = element.get("content") or ""
        names = {element.get(attribute, "").lower() for attribute in ("property", "name", "itemprop")}
        for name in names - {""}:
            metas.setdefault(name, []).append(value)
    return metas


def _stamps(
    tree: HtmlElement, metas: dict[str, list[str]], linked: dict[str, Any], rules: OutletRules
) -> Iterator[datetime | date]:
    """Stated times of publication, the most trustworthy places first."""
    chosen = tree.cssselect(rules.date) if rules.date else ()
    raw = [element.get("datetime") or element.get("content") or element.text_content() for element in chosen]
    raw += [value for name in _PUBLISHED for value in metas.get(name, ())]
    raw += [text_of(linked.get(name)) for name in ("datePublished", "dateCreated")]
    raw += [value for name in _PUBLISHED_TOO for value in metas.get(name, ())]
    if not linked:
        raw.append(text_of(linked_page(tree).get("datePublished")))
    for element in tree.iter("time", "span", "div", "p", "abbr"):
        if element.get("pubdate") is not None or "datePublished" in (element.get("itemprop") or ""):
            stated = map(element.get, ("datetime", "content", "title"))
            raw.append(next(filter(None, stated), None) or element.text_content())
    for text in raw:
        if stamp := read_stamp(text, rules):
            yield stamp


def _description(metas: dict[str, list[str]]) -> str:
    values = [value for name in ("og:description", "description") for value in metas.get(name, ())]
    return max((plain_line(value, limit=2000) for value in values), key=len, default="")


def _outlet(metas: dict[str, list[str]], linked: dict[str, Any]) -> str | None:
    names = [
        *metas.get("og:site_name", ()),
        name_of(linked.get("publisher")),
        *metas.get("application-name", ()),
    ]
    cleaned = (plain_line(name, limit=MAX_NAME) for name in names)
    return next((name for name in cleaned if name and "://" not in name), None)


def _title(
    tree: HtmlElement, titles: list[str], stated: str, headline: HtmlElement | None, outlet: str | None
) -> str | None:
    """The headline that two of the page's places agree on, else the first that is not the site's name.

    `titles` are those of its head, og:title first; `stated` is JSON-LD's.
    """
    headings = [heading_text(h1) for h1 in tree.iter("h1")]
    if headline is not None:
        headings.insert(0, heading_text(headline))
    cleaned = [plain_line(title, limit=MAX_TITLE) for title in (*titles[:1], stated, *titles[1:])]
    candidates = [without_site(title, outlet, headings) for title in cleaned if title] + headings
    named = [title for title in candidates if title and title != outlet]
    whole = [title for title in named if not title.endswith(_CUT_OFF)]
    agreed = (title for title in whole if whole.count(title) > 1)
    return next(agreed, None) or next(iter(whole or named or candidates), None)


def without_site(title: str, outlet: str | None, headings: list[str]) -> str:
    """`title` without the site's name at either end; a heading that is most of it settles it."""
    for heading in headings:
        if len(heading) < 12 or len(heading) * 2 < len(title):
            continue
        before, found, behind = title.partition(heading)
        if found and all(not part or _SEPARATORS.search(part) for part in (before, behind)):
            return heading
    if not outlet:
        return title
    for part in _SEPARATORS.split(title):
        if part.casefold() == outlet.casefold():
            head, _, tail = title.partition(part)
            kept = head if len(head) >= len(tail) else tail
            return re.sub(r"^[\s\-–—|•:»«]+|[\s\-–—|•:]+$", "", kept) or title
    return title


def _author(
    tree: HtmlElement,
    metas: dict[str, list[str]],
    linked: dict[str, Any],
    outlet: str | None,
    headline: HtmlElement | None,
) -> str | None:
    names = [name_of(linked.get("author"))]
    names += [value for name in _AUTHORS for value in metas.get(name, ())]
    names += [element.text_content() for element in tree.iter("a", "link") if element.get("rel") == "author"]
    stated = next((author for name in names if (author := plausible_author(name, outlet))), None)
    return stated or (None if headline is None else author_near(headline, outlet))


def _canonical(tree: HtmlElement, metas: dict[str, list[str]], url: str) -> str | None:
    """The address that the page calls its own, if it is on the same site and no section above it."""
    links = [link.get("href") for link in tree.iter("link") if "canonical" in (link.get("rel") or "").lower()]
    for link in filter(None, [*links, *metas.get("og:url", ())]):
        try:
            address = canonical_url(link.strip(), url or None)
        except ValueError:
            continue
        if not url or (_site(address) == _site(url) and not _is_above(address, url)):
            return address
    return None


def _site(url: str) -> str:
    """The registrable part of its host: press.com.sa of www.news.press.com.sa."""
    labels = (urlsplit(url).hostname or "").split(".")
    if labels[-1].isdigit():
        return ".".join(labels)
    country = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if country else labels[-2:])


def _is_above(address: str, url: str) -> bool:
    """Some sites call the section the canonical address of all its articles."""
    path = urlsplit(address).path.rstrip("/")
    return bool(path) and not urlsplit(address).query and urlsplit(url).path.startswith(path + "/")


def _is_root(address: str) -> bool:
    parts = urlsplit(address)
    return parts.path in ("", "/") and not parts.query
