"""Pages: HTML becomes an article.

Theory of operation: the page is decoded by `decode` (labels lie) and parsed once, with `huge_tree`, because
lxml drops text below 256 levels without an error otherwise. trafilatura finds the text in that tree;
`metadata` reads what the page says about itself, and trafilatura's and htmldate's guesses serve only where
it says nothing. What comes out is not yet cleaned: that is the core's work.

Options of trafilatura, tried on real Arabic news pages: precision mode, fast mode and the default gave the
same text; the default is kept, since its fallbacks rescue odd layouts. Tables are off: a table of
colspan=100000 cost 18.9 s, and news puts no prose there. Deduplication stays off: it drops text, and copies
within a page are the core's to judge. htmldate searches only where dates are stated; its extensive search
gave 1 January 2013 for a page of 3 August 2013.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import lxml.html
import trafilatura
from lxml import etree
from trafilatura.settings import Document

from rasid.errors import ExtractError
from rasid.types import Extracted
from sources.decode import decode
from sources.faults import PARSER_FAULTS
from sources.language import language_of
from sources.metadata import (
    PageFacts,
    midnight,
    plausible_author,
    read_facts,
    times_on,
    without_site,
)
from sources.plain import plain_line, plain_paragraphs, xml_legal

if TYPE_CHECKING:
    from datetime import datetime

    from lxml.html import HtmlElement

_FEWEST_WORDS = 25  # below, a page is a video, a gallery, a notice: nothing to match or compare
_MAX_TITLE = 500
_BINARY = (
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"BZh",
    b"\x28\xb5\x2f\xfd",
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_CHALLENGE = re.compile(
    r"just a moment|attention required|checking your browser|verify(ing)? you are (a )?human|access denied|"
    r"are you a robot|before you continue|ddos.guard|one moment, please|لحظة من فضلك|التحقق من أنك إنسان",
    re.IGNORECASE,
)
_BLOCKS = (
    "p",
    "div",
    "br",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "tr",
    "section",
    "article",
)
_SILENT = ("script", "style", "noscript", "iframe", "figcaption", "form", "svg")
# trafilatura parses with lxml, which has an error of its own.
_EXTRACTOR_FAULTS = (*PARSER_FAULTS, etree.LxmlError)


@dataclass(frozen=True, slots=True)
class _Guess:
    """What trafilatura made of the page."""

    title: str
    text: str
    author: str | None
    day: date | None
    cpu_seconds: float


def extract(page: bytes | str, url: str) -> Extracted:
    """The article of a page; pure, for a killable process.

    A `published` at 00:00 UTC means that the page gives a day and no time.

    Args:
        page: the document as it came, decompressed; or its text.
        url: where it came from; may be empty.

    Raises:
        ExtractError: there is no article of 25 words or more; the text says what there is.
    """
    text = _page_text(page, url)
    try:
        tree = _tree(text)
        facts = read_facts(tree)
        _refuse_challenge(tree, url)
        guess = _guess(tree, url)
    except _EXTRACTOR_FAULTS as e:
        raise ExtractError(url, f"the page cannot be read: {type(e).__name__}") from e
    _refuse_short(guess.text, url)
    return Extracted(
        title=facts.title or without_site(guess.title, facts.outlet, []),
        text=guess.text,
        author=facts.author or plausible_author(guess.author, facts.outlet),
        published=_published(tree, facts, guess),
        language=language_of(guess.text, facts.language),
        outlet=facts.outlet,
        cpu_seconds=guess.cpu_seconds,
    )


def extract_feed_text(summary_html: str, url: str, title: str) -> Extracted | None:  # noqa: ARG001 - as extract
    """The article as its feed gives it, or None where the feed gives fewer than 25 words.

    Args:
        summary_html: the entry's content, HTML or text.
        url: of the entry.
        title: of the entry, which becomes the article's.
    """
    try:
        text = _fragment_text(summary_html)
    except (etree.LxmlError, ValueError, RecursionError):
        return None
    if len(text.split()) < _FEWEST_WORDS:
        return None
    return Extracted(title, text, author=None, published=None, language=language_of(text), outlet=None)


def _page_text(page: bytes | str, url: str) -> str:
    if not page.strip():
        raise ExtractError(url, "the page is empty")
    if isinstance(page, str):
        return xml_legal(page)
    if page.startswith(_BINARY):
        raise ExtractError(url, "a compressed or binary file came instead of a page")
    declared = _META_CHARSET.search(page[:4096])
    text, _ = decode(page, declared and declared[1].decode("ascii"))
    legal = xml_legal(text)
    if len(text) - len(legal) + text.count("\ufffd") > len(text) * 0.05:
        raise ExtractError(url, "the body is compressed or binary, though nothing says so")
    return legal


def _tree(text: str) -> HtmlElement:
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    return lxml.html.document_fromstring(text.encode(), parser=parser)


def _refuse_challenge(tree: HtmlElement, url: str) -> None:
    """A page that stands before the page is none; its address may give the article another time."""
    title = plain_line(tree.findtext(".//title") or "", limit=_MAX_TITLE)
    if _CHALLENGE.search(title) and len(title) < 80:
        raise ExtractError(url, f"the site answers with a check, not with the page: {title}", permanent=False)


def _refuse_short(text: str, url: str) -> None:
    words = len(text.split())
    if words < _FEWEST_WORDS:
        raise ExtractError(url, f"no article found: {words} words of text" if words else "no article found")


def _guess(tree: HtmlElement, url: str) -> _Guess:
    began = time.process_time()
    document = trafilatura.bare_extraction(
        tree,
        url=url or None,
        include_tables=False,
        include_comments=False,
        deduplicate=False,
        with_metadata=True,
        date_extraction_params={"original_date": True, "extensive_search": False},
    )
    spent = time.process_time() - began
    if not isinstance(document, Document):  # None: nothing found; a dict comes only when asked for
        return _Guess("", "", None, None, spent)
    return _Guess(
        title=plain_line(document.title or "", limit=_MAX_TITLE),
        text=plain_paragraphs(document.text or ""),
        author=document.author,
        day=date.fromisoformat(document.date) if document.date else None,
        cpu_seconds=spent,
    )


def _published(tree: HtmlElement, facts: PageFacts, guess: _Guess) -> datetime | None:
    if facts.published is not None:
        return facts.published
    day = facts.day or guess.day
    return None if day is None else times_on(tree, day) or midnight(day)


def _fragment_text(fragment: str) -> str:
    """The paragraphs of an HTML fragment as a reader sees them."""
    if not fragment.strip():
        return ""
    root = lxml.html.fragment_fromstring(xml_legal(fragment), create_parent="div")
    etree.strip_elements(root, *_SILENT, with_tail=False)
    for element in root.iter(*_BLOCKS):
        element.text = "\n" + (element.text or "")
        element.tail = "\n" + (element.tail or "")
    return plain_paragraphs(root.text_content())
