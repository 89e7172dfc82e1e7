"""Feeds that Rasid gives: a watchlist's latest stories, a story's articles, as RSS 2.0, Atom or JSON Feed 1.1.

The same values give the same bytes, so what was computed of them (`etag`) says whether a reader has it already.
Extractive only: headline, the sentences that a digest would quote, outlets, the names that were found, links.
An entry's id is a `tag:` address (RFC 4151) of Rasid's own id for the story or article: it stays when the headline,
the leading article or the outlet's address change.

Readers of feeds show HTML by rules of their own and drop most attributes. So directions are held by the isolates of
Unicode, which no sanitiser removes, beside `dir`, which some keep; a hit is `<strong>`. Letters that XML cannot hold
are left out, whatever title they came in.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lxml import etree

from alerts import bidi
from alerts.bidi import LRI, PDI, RLI, clean, clean_snippet, direction
from alerts.links import safe_link
from rasid.types import SUPPRESSED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rasid.types import Appearance, Digest, DigestStory, ReportArticle, Snippet

ATOM, DC = "http://www.w3.org/2005/Atom", "http://purl.org/dc/elements/1.1/"
TYPES = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}
"""Media types by the ending of a feed's address; all of them are UTF-8."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST = 600  # characters of a snippet; those of digests have 260
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_AUTHORITY = re.compile(r"[a-z0-9.-]+")  # of a tag: address


@dataclass(frozen=True, slots=True)
class OutItem:
    """One entry; all texts are clean and plain but `content`, which is HTML."""

    id: str  # the same for ever
    title: str
    url: str | None
    content: str
    summary: str
    published: datetime
    updated: datetime
    outlets: tuple[str, ...]
    terms: tuple[str, ...]  # as people read them


@dataclass(frozen=True, slots=True)
class OutFeed:
    """A feed, before it is written in one of the formats."""

    id: str
    title: str
    description: str
    self_url: str | None  # of the format that is asked for
    updated: datetime  # of the newest entry; the epoch where there is none
    items: tuple[OutItem, ...]
    language: str = "ar"


# ── what they tell ───────────────────────────────────────────────────────────────────────────────


def feed_of(
    name: str, key: str, stories: Digest, labels: Mapping[str, str], self_url: str | None, limit: int
) -> OutFeed:
    """A watchlist's feed: its latest stories, newest first.

    Args:
        name: Of the watchlist, for people.
        key: Its id.
        stories: What `rasid.digest.compose` makes of the stories for its terms.
        labels: Terms by id, as people read them.
        self_url: Where the feed is had, if it is served.
        limit: Entries at most.
    """
    items = [_of_story(story, labels, self_url) for story in stories.stories]
    title = f"راصد · {_line(name)}"
    about = f"أحدث الأخبار التي ورد فيها ما ترصده قائمة «{_line(name)}»"
    return _feed(_tag(self_url, f"watchlist/{key}"), title, about, self_url, items, limit)


def story_feed_of(
    story_id: int,
    headline: str,
    articles: Sequence[tuple[ReportArticle, Snippet | None]],
    labels: Mapping[str, str],
    self_url: str | None,
) -> OutFeed:
    """A story's feed: its articles with the snippet to quote, newest first; copies are named with their original."""
    copied: dict[int, list[str]] = {}
    for one, _ in articles:
        if one.relation in SUPPRESSED and one.original is not None:
            copied.setdefault(one.original, []).append(one.outlet)
    items = [
        _of_article(one, snippet, copied.get(one.id, []), labels, self_url)
        for one, snippet in articles
        if one.relation not in SUPPRESSED
    ]
    title = f"راصد · {_line(headline)}"
    about = f"ما نُشر عن «{_line(headline)}»"
    return _feed(_tag(self_url, f"story/{story_id}"), title, about, self_url, items, len(items))


def _feed(
    key: str, title: str, about: str, self_url: str | None, items: Sequence[OutItem], limit: int
) -> OutFeed:
    newest = sorted(items, key=lambda item: (item.updated, item.id), reverse=True)[:limit]
    updated = max((item.updated for item in newest), default=_EPOCH)
    return OutFeed(key, title, about, self_url, updated, tuple(newest))


def _tag(self_url: str | None, what: str) -> str:
    host = (urlsplit(self_url).hostname or "") if self_url else ""
    return f"tag:{host if _AUTHORITY.fullmatch(host) else 'rasid.invalid'},2025:{what}"


def _of_story(story: DigestStory, labels: Mapping[str, str], self_url: str | None) -> OutItem:
    times = [seen.published for seen in story.appearances]
    news = [seen for seen in story.appearances if seen.relation not in SUPPRESSED]
    copies = [seen.outlet for seen in story.appearances if seen.relation in SUPPRESSED]
    terms = _terms(story.terms, labels)
    blocks = [_paragraph(snippet) for snippet in story.snippets]
    blocks += [_list(news), _also(copies), _names(terms)]
    return OutItem(
        id=_tag(self_url, f"story/{story.story_id}"),
        title=_line(story.headline),
        url=safe_link(story.url),
        content=_content(blocks),
        summary=_summary(story.snippets),
        published=min(times),
        updated=max([seen.published for seen in news] or times),
        outlets=tuple(dict.fromkeys(_line(seen.outlet) for seen in story.appearances)),
        terms=terms,
    )


def _of_article(
    article: ReportArticle,
    snippet: Snippet | None,
    copies: Sequence[str],
    labels: Mapping[str, str],
    self_url: str | None,
) -> OutItem:
    snippets = () if snippet is None else (snippet,)
    named = dict.fromkeys(mention.term for mention in article.mentions if mention.status == "matched")
    terms = _terms(tuple(named), labels)
    blocks = [*map(_paragraph, snippets), _also(copies), _names(terms)]
    return OutItem(
        id=_tag(self_url, f"article/{article.id}"),
        title=_line(article.title) or _summary(snippets),
        url=safe_link(article.url),
        content=_content(blocks),
        summary=_summary(snippets),
        published=article.published,
        updated=article.published,
        outlets=tuple(dict.fromkeys(map(_line, (article.outlet, *copies)))),
        terms=terms,
    )


def _terms(ids: Sequence[str], labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_line(labels.get(one, one)) for one in ids))


# ── HTML of an entry ─────────────────────────────────────────────────────────────────────────────


def _line(text: str) -> str:
    return _NOT_XML.sub("", clean(text))


def _summary(snippets: Sequence[Snippet]) -> str:
    return " … ".join(_line(snippet.text) for snippet in snippets)


def _content(blocks: Sequence[str]) -> str:
    return f'<div dir="rtl" lang="ar">{"".join(blocks)}</div>'


def _paragraph(snippet: Snippet) -> str:
    """A quotation, its hits marked, each run of the other direction isolated."""
    shown = clean_snippet(snippet, _MOST)
    base = direction(shown.text)
    opening = LRI if base == "rtl" else RLI
    parts = []
    for run in bidi.runs(shown.text, base, shown.hits):
        marked = "".join(
            f"<strong>{_escaped(piece.text)}</strong>" if piece.hit else _escaped(piece.text)
            for piece in run.pieces
        )
        parts.append(f"{opening}{marked}{PDI}" if run.foreign else marked)
    return f'<p dir="{base}">{"".join(parts)}</p>'


def _escaped(text: str) -> str:
    return html.escape(_NOT_XML.sub("", text))


def _shown(text: str) -> str:
    """A name or title within an Arabic paragraph."""
    return _escaped(bidi.isolated(_line(text), "rtl"))


def _list(news: Sequence[Appearance]) -> str:
    entries = "".join(f"<li>{_linked(seen)}</li>" for seen in news)
    return f"<ul>{entries}</ul>" if entries else ""


def _linked(seen: Appearance) -> str:
    link, outlet = safe_link(seen.url), _shown(seen.outlet)
    named = f'<a href="{html.escape(link)}">{outlet}</a>' if link else outlet
    return f"{named}: {_shown(seen.title)}"


def _also(copies: Sequence[str]) -> str:
    names = "، ".join(_shown(name) for name in dict.fromkeys(copies))
    return f"<p>نشرته كذلك: {names}</p>" if names else ""


def _names(terms: Sequence[str]) -> str:
    names = "، ".join(_shown(term) for term in terms)
    return f"<p>ورد فيه: {names}</p>" if names else ""


# ── formats ──────────────────────────────────────────────────────────────────────────────────────


def as_rss(feed: OutFeed) -> bytes:
    """RSS 2.0 in UTF-8, with the address of itself (Atom) and its language (Dublin Core)."""
    rss = etree.Element("rss", version="2.0", nsmap={"atom": ATOM, "dc": DC})
    channel = _sub(rss, "channel")
    _sub(channel, "title", feed.title)
    _sub(channel, "link", feed.self_url or "about:blank")  # RSS demands a page beside the feed; there is none
    _sub(channel, "description", feed.description)
    _sub(channel, "language", feed.language)
    _sub(channel, f"{{{DC}}}language", feed.language)
    if feed.self_url:
        _sub(channel, f"{{{ATOM}}}link", href=feed.self_url, rel="self", type=TYPES["rss"])
    _sub(channel, "generator", "Rasid")
    if feed.items:
        _sub(channel, "lastBuildDate", _mail_date(feed.updated))
    for item in feed.items:
        _rss_item(_sub(channel, "item"), item)
    return _xml(rss)


def _rss_item(node: Any, item: OutItem) -> None:
    _sub(node, "title", item.title)
    if item.url:
        _sub(node, "link", item.url)
    _sub(node, "description", item.content)
    _sub(node, "guid", item.id, isPermaLink="false")
    _sub(node, "pubDate", _mail_date(item.updated))
    for outlet in item.outlets:
        _sub(node, f"{{{DC}}}creator", outlet)
    for term in item.terms:
        _sub(node, "category", term)


def as_atom(feed: OutFeed) -> bytes:
    """Atom (RFC 4287) in UTF-8."""
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    root.set("{http://www.w3.org/XML/1998/namespace}lang", feed.language)
    _sub(root, "id", feed.id)
    _sub(root, "title", feed.title)
    _sub(root, "subtitle", feed.description)
    _sub(root, "updated", _stamp(feed.updated))
    if feed.self_url:
        _sub(root, "link", href=feed.self_url, rel="self", type=TYPES["atom"])
    _sub(_sub(root, "author"), "name", "Rasid")
    _sub(root, "generator", "Rasid")
    for item in feed.items:
        _atom_entry(_sub(root, "entry"), item)
    return _xml(root)


def _atom_entry(node: Any, item: OutItem) -> None:
    _sub(node, "id", item.id)
    _sub(node, "title", item.title)
    _sub(node, "updated", _stamp(item.updated))
    _sub(node, "published", _stamp(item.published))
    if item.url:
        _sub(node, "link", href=item.url, rel="alternate")
    for outlet in item.outlets:
        _sub(_sub(node, "author"), "name", outlet)
    for term in item.terms:
        _sub(node, "category", term=term)
    _sub(node, "summary", item.summary)
    _sub(node, "content", item.content, type="html")


def _sub(node: Any, name: str, text: str | None = None, **attributes: str) -> Any:
    """A child in its parent's own namespace, where its name has none."""
    own = f"{{{node.nsmap[None]}}}{name}" if None in node.nsmap and not name.startswith("{") else name
    child = etree.SubElement(node, own, **attributes)
    child.text = text
    return child


def as_json(feed: OutFeed) -> bytes:
    """JSON Feed 1.1 in UTF-8."""
    shown = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "description": feed.description,
        "language": feed.language,
        **({"feed_url": feed.self_url} if feed.self_url else {}),
        "items": [_json_item(item) for item in feed.items],
    }
    return json.dumps(shown, ensure_ascii=False, indent=1).encode()


def _json_item(item: OutItem) -> dict[str, object]:
    return {
        "id": item.id,
        **({"url": item.url} if item.url else {}),
        "title": item.title,
        "content_html": item.content,
        "summary": item.summary,
        "date_published": _stamp(item.published),
        "date_modified": _stamp(item.updated),
        "authors": [{"name": outlet} for outlet in item.outlets],
        "tags": list(item.terms),
    }


WRITERS = {"rss": as_rss, "atom": as_atom, "json": as_json}


def etag(content: bytes) -> str:
    """A strong validator of what was written: another byte, another one."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def last_modified(feed: OutFeed) -> str:
    """When the newest entry changed, as HTTP writes dates."""
    return _mail_date(feed.updated)


def _mail_date(time: datetime) -> str:
    return format_datetime(time.astimezone(UTC).replace(microsecond=0), usegmt=True)


def _stamp(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _xml(root: Any) -> bytes:
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written
