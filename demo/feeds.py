"""The feeds of the invented press, as its outlets send them: RSS 2.0, Atom, RDF (RSS 1.0), JSON Feed 1.1."""

from __future__ import annotations

import json
from email.utils import format_datetime
from html import escape
from typing import TYPE_CHECKING
from zlib import crc32

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from demo.press import DemoOutlet

CONTENT_TYPES = {
    "rss20": "application/rss+xml",
    "atom": "application/atom+xml",
    "rdf": "application/rdf+xml",
    "json": "application/feed+json",
}


def _paragraphs_html(paragraphs: Iterable[str]) -> str:
    """HTML of the text, which XML then escapes once more, as content:encoded wants it."""
    return "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)


_TEMPLATES = Environment(
    loader=PackageLoader("demo", "templates/feeds"),
    autoescape=select_autoescape(["xml"]),
    undefined=StrictUndefined,
)
_TEMPLATES.filters["rfc822"] = format_datetime
_TEMPLATES.filters["paragraphs_html"] = _paragraphs_html


def feed_bytes(outlet: DemoOutlet, *, base_url: str, started: datetime) -> bytes:
    """The feed's document as it goes over the wire; an outlet without articles was built at `started`."""
    updated = outlet.articles[0].published if outlet.articles else started
    if outlet.kind.format == "json":
        return _json_feed(outlet, base_url=base_url)
    text = _TEMPLATES.get_template(f"{outlet.kind.format}.xml").render(
        outlet=outlet,
        base=base_url,
        updated=updated,
        declare=outlet.kind.encoding == "utf-8",
        full={article.id for article in outlet.articles if _in_full(outlet, article.id)},
    )
    return text.encode(outlet.kind.encoding, errors="xmlcharrefreplace")


def content_type(outlet: DemoOutlet) -> str:
    """The feed's Content-Type; the outlet in windows-1256 names its charset nowhere, as such outlets do."""
    if outlet.kind.encoding != "utf-8":
        return "text/xml"
    return f"{CONTENT_TYPES[outlet.kind.format]}; charset=utf-8"


def _in_full(outlet: DemoOutlet, article_id: str) -> bool:
    """About half of the items, chosen by id so that a new article changes no other item."""
    return outlet.kind.full_text and crc32(article_id.encode()) % 2 == 0


def _json_feed(outlet: DemoOutlet, *, base_url: str) -> bytes:
    items = [
        {
            "id": f"{outlet.id}/{article.id}",
            "url": f"{base_url}{article.path}",
            "title": article.title,
            "summary": article.teaser,
            "content_text": article.teaser,
            "date_published": article.published.isoformat(),
            **({"authors": [{"name": article.author}]} if article.author else {}),
        }
        for article in outlet.articles
    ]
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": outlet.name,
        "home_page_url": f"{base_url}/{outlet.id}/",
        "feed_url": f"{base_url}{outlet.feed_path}",
        "language": "ar",
        "items": items,
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()
