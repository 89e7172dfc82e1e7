"""What a page's scripts say about it: JSON-LD, and the data of sites that draw their pages in the browser."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

_MAX_JSON = 2_000_000  # characters of one block; cut behind it, the block is invalid and skipped
_MAX_VALUES = 50_000  # of one block that are looked at; an article stands long before
_ARTICLE_TYPE = re.compile(r"(?:Article|Posting)\Z|\A(?:Report|AskPublicNewsArticle)\Z")
_PAGE_TYPE = re.compile(r"\A(?:Web|Item)Page\Z")
# window.__NUXT__ = {...}, window.__INITIAL_STATE__={...}
_ASSIGNED = re.compile(r"\s*(?:window\.|var |const )?[\w.$]{3,60}\s*=\s*(?=[\[{])")
_SENTENCE_LETTERS = re.compile("[\u0621-\u064a]{2}")
_FEWEST_PARAGRAPH = 60  # characters of a string that can be running text
# Members of an object that stands for another page; a list of such is of teasers.
_ELSEWHERE = frozenset({"url", "link", "href", "slug", "permalink", "title", "headline"})
_DECODER = json.JSONDecoder(strict=False)


def linked_article(tree: HtmlElement) -> dict[str, Any]:
    """The first JSON-LD object that is an article; empty where there is none."""
    return _linked(tree, _ARTICLE_TYPE)


def linked_page(tree: HtmlElement) -> dict[str, Any]:
    """The first JSON-LD object that is the page itself; some sites say there when it appeared, and no more."""
    return _linked(tree, _PAGE_TYPE)


def _linked(tree: HtmlElement, type_: re.Pattern[str]) -> dict[str, Any]:
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        for candidate in _objects(_loaded((script.text or "").strip().removesuffix(";"))):
            kinds = candidate.get("@type")
            if any(type_.search(text_of(kind)) for kind in (kinds if isinstance(kinds, list) else [kinds])):
                return candidate
    return {}


def drawn_prose(tree: HtmlElement) -> str:
    """The longest running text in the page's data, HTML or not: that of a site that draws it in the browser.

    Next.js, Nuxt and others leave the article there as one string or as a list of blocks, each with its own.
    """
    found = [""]
    for script in tree.iter("script"):
        text = script.text or ""
        kind = (script.get("type") or "").lower()
        if "ld+json" in kind or len(text) < _FEWEST_PARAGRAPH:
            continue
        assigned = _ASSIGNED.match(text)
        if "json" in kind or assigned:
            found.append(_longest(_loaded(text[assigned.end() if assigned else 0 :].strip())))
    return max(found, key=len)


def name_of(value: Any) -> str:
    """The name of a JSON-LD person or organisation, which may be a string, an object or a list of these."""
    first = value[0] if isinstance(value, list) and value else value
    return text_of(first.get("name")) if isinstance(first, dict) else text_of(first)


def text_of(value: Any) -> str:
    """A member of foreign JSON where it is text."""
    return value if isinstance(value, str) else ""


def _loaded(text: str) -> Any:
    """The JSON value that `text` begins with; None for what is none."""
    if len(text) > _MAX_JSON:
        return None
    try:
        return _DECODER.raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None


def _objects(document: Any) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-LD document: itself, its list, its @graph, what a page is about."""
    graph = document.get("@graph") if isinstance(document, dict) else None
    for level in (document, graph):
        for value in level if isinstance(level, list) else [level]:
            if isinstance(value, dict):
                yield value
                if isinstance(value.get("mainEntity"), dict):
                    yield value["mainEntity"]


def _longest(document: Any) -> str:
    """The longest string, or the longest list of objects with a string each, its strings one a line."""
    best, waiting, seen = "", [document], 0
    while waiting and seen < _MAX_VALUES:
        value = waiting.pop()
        seen += 1
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
            blocks = [
                _text_within(block)
                for block in value
                if isinstance(block, dict) and not _ELSEWHERE & set(block)
            ]
            joined = "\n".join(block for block in blocks if len(block) >= _FEWEST_PARAGRAPH)
            best = max(best, joined, key=len)
        elif isinstance(value, str) and len(value) > len(best) and _SENTENCE_LETTERS.search(value[:1000]):
            best = value
    return best


def _text_within(block: dict[str, Any]) -> str:
    """The longest string of one block, a level or two below it at most."""
    strings = [value for value in block.values() if isinstance(value, str)]
    for value in block.values():
        if isinstance(value, dict):
            strings += [inner for inner in value.values() if isinstance(inner, str)]
    return max((text for text in strings if _SENTENCE_LETTERS.search(text)), key=len, default="")
