"""Pages: HTML becomes an article.

Theory of operation: the page is decoded by `decode` (labels lie) and parsed once, with `huge_tree`, because
lxml drops text below 256 levels without an error otherwise. `metadata` reads what the page says about itself;
then `passages.prune` takes the site's furniture out of the tree, and the text is read in up to four ways:

1. the operators' selector, where the outlet has one: it decides;
2. trafilatura, fast, on the pruned tree;
3. the densest container of the same tree (`passages.densest`), for articles in divs and spans broken by <br>;
4. the article's text in JSON-LD or, where all is thin, in the data of a page that the browser draws.

The second is the answer unless another holds it and much more: then it has missed a part. Of thin ones the
longest serves. A lede that stands apart from the body is put before it, known by the page's description.

What stands in the page's place (a check, a paywall, an error with status 200) is refused by `walls`.

Options of trafilatura, by `benchmarks/extract.py` (19 layouts, 6 real pages; word F1, ms a page): the default
.919 and .914 at 28 ms; on the pruned tree fast .882 and 1.000 at 6 ms, the default .887 and 1.000 at 9 ms; fast
with precision .684 and 1.000; fast with recall .886 and .948. So fast on the pruned tree, and with the other
readings 1.000 and 1.000 at 11.5 ms in all. Its metadata is not asked for: it costs as much as the text, and ours
knows more. Tables are off: a table of colspan=100000 cost 18.9 s, and news puts no prose there; the densest
container still finds an article that is laid out in one. Deduplication stays off: it drops text, and copies
within a page are the core's to judge. htmldate comes last and searches only where dates are stated; its extensive
search gave 1 January 2013 for a page of 3 August 2013.
"""

from __future__ import annotations

import re
import time
from datetime import date
from itertools import takewhile
from typing import TYPE_CHECKING

import lxml.html
import trafilatura
from htmldate import find_date
from lxml import etree
from trafilatura.settings import Document

from rasid.errors import ExtractError
from rasid.types import NO_RULES, Extracted
from sources.dates import date_in_url, read_date
from sources.decode import charset_of, decode, repaired
from sources.embedded import drawn_prose
from sources.faults import PARSER_FAULTS
from sources.headline import byline_of, plausible_author
from sources.language import language_of
from sources.metadata import PageFacts, midnight, other_days, read_facts, times_on
from sources.passages import SILENT, Block, blocks_of, densest, drop_all, prune, text_between
from sources.plain import plain_line, plain_paragraphs, xml_legal
from sources.walls import is_suspect, refuse_walls

if TYPE_CHECKING:
    from datetime import datetime

    from lxml.html import HtmlElement

    from rasid.types import OutletRules

_FEWEST_WORDS = 25  # of a feed's text; below, it is a teaser
_THIN = 60  # words; strings of fewer in a page's data are descriptions
_MUCH_MORE = 1.3  # a reading that holds another and is so much longer has what that one missed
_SAME = 0.8  # share of a reading's words that another must hold to be of the same article
_MAX_TITLE = 500
_DEEP = 250  # levels; real pages have some 30
_HEAD_LINES = 8  # lines above a text that a reading may take along, up to the headline
_DATE_WORDS = 14  # of a line that is a date, a byline, a label
_LABEL_WORDS = 4  # of a line among them
_SENTENCE_ENDS = (".", "؟", "?", "!", ":", "…")
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
_ALIF_ENCODED_TWICE = ("Ø§", "ط§", "Ç")
_WORDS = re.compile(r"\w+")
# trafilatura parses with lxml, which has an error of its own.
_EXTRACTOR_FAULTS = (*PARSER_FAULTS, etree.LxmlError)


def extract(
    page: bytes | str, url: str, content_type: str | None = None, rules: OutletRules = NO_RULES
) -> Extracted:
    """The article of a page; pure, for a killable process.

    A `published` at 00:00 UTC means that the page gives a day and no time.

    Args:
        page: the document as it came, decompressed; or its text.
        url: where it came from, after redirects; may be empty.
        content_type: the header, if there was one; its charset counts where the page names none.
        rules: what operators know of the outlet.

    Raises:
        ExtractError: there is no article of 25 words or more; the text says what there is.
    """
    began = time.process_time()
    document = _page_text(page, url, content_type)
    try:
        tree = _tree(document)
        held = list(
            tree.iter()
        )  # lxml makes a Python object of an element anew each time, unless one is held
        name = tree.findtext(".//title") or ""
        facts = read_facts(tree, url, rules)
        published = _published(tree, facts, url)
        text = _article_text(tree, facts, rules)
        del held
        if is_suspect(text):
            text, seen = _last_resort(document, text)
            _refuse_depth(tree, text, url)
        else:
            seen = ""
        refuse_walls(seen, name, facts, text, url)
    except _EXTRACTOR_FAULTS as e:
        raise ExtractError(url, f"the page cannot be read: {type(e).__name__}") from e
    title = facts.title or plain_line(name, limit=_MAX_TITLE)
    return Extracted(
        title=title,
        text=_without_head(text, title),
        author=facts.author or _signed(text, facts.outlet),
        published=published,
        language=language_of(text, facts.language),
        outlet=facts.outlet,
        canonical=facts.canonical,
        cpu_seconds=time.process_time() - began,
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


def _page_text(page: bytes | str, url: str, content_type: str | None) -> str:
    if not page.strip():
        raise ExtractError(url, "the page is empty")
    if isinstance(page, str):
        return _meant(xml_legal(page))
    if page.startswith(_BINARY):
        raise ExtractError(url, "a compressed or binary file came instead of a page")
    declared = _META_CHARSET.search(page[:4096])
    text, _ = decode(page, declared[1].decode("ascii") if declared else charset_of(content_type))
    legal = xml_legal(text)
    if len(text) - len(legal) + text.count("\ufffd") > len(text) * 0.05:
        raise ExtractError(url, "the body is compressed or binary, though nothing says so")
    return _meant(legal)


def _meant(text: str) -> str:
    """The page without double encoding; looking for it costs 10 ms, so first for what its letter ا became."""
    return repaired(text) if any(alif in text for alif in _ALIF_ENCODED_TWICE) else text


def _tree(text: str) -> HtmlElement:
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    return lxml.html.document_fromstring(text.encode(), parser=parser)


def _published(tree: HtmlElement, facts: PageFacts, url: str) -> datetime | None:
    if facts.published is not None:
        return facts.published
    day = facts.day or date_in_url(url) or date_in_url(facts.canonical or "") or _searched_day(tree)
    return None if day is None else times_on(tree, day) or midnight(day)


def _searched_day(tree: HtmlElement) -> date | None:
    """What htmldate finds where dates are stated, unless it chose which number is the month or took another's."""
    found = find_date(tree, original_date=True, extensive_search=False)
    if found is None:
        return None
    day = date.fromisoformat(found)
    numbers = f"0?{day.day}[-/.]0?{day.month}|0?{day.month}[-/.]0?{day.day}"
    chosen = day.day <= 12 and re.search(rf"(?<!\d)(?:{numbers})[-/.]{day.year}", tree.text_content())
    return None if chosen or day in other_days(tree) else day


def _article_text(tree: HtmlElement, facts: PageFacts, rules: OutletRules) -> str:
    """The article's paragraphs, one a line; the tree is used up."""
    if rules.remove:
        drop_all(tree, tree.cssselect(rules.remove))
    if rules.article and (chosen := _chosen_text(tree, rules.article)):
        return chosen
    prune(tree)
    blocks = blocks_of(tree)
    text = _trafilatura(tree)
    dense = "\n".join(block.text for block in densest(blocks))
    for other in (dense, _fragment_text(facts.body)):
        text = _fuller(text, other)
    return _with_lede(text, facts.description, blocks)


def _chosen_text(tree: HtmlElement, selector: str) -> str:
    """The text of what an operator's selector names; empty where that is too little, for layouts change."""
    article = lxml.html.Element("article")
    for element in tree.cssselect(selector):
        if not any(ancestor is article for ancestor in element.iterancestors()):
            article.append(element)
    prune(article)
    text = text_between(article)
    return text if len(text.split()) >= _FEWEST_WORDS else ""


def _trafilatura(tree: HtmlElement) -> str:
    document = trafilatura.bare_extraction(tree, fast=True, include_tables=False, include_comments=False)
    return plain_paragraphs(document.text or "") if isinstance(document, Document) else ""


def _fuller(text: str, other: str) -> str:
    """`other` where it is the same article and has much that `text` lacks, or where `text` is hardly any."""
    mine, theirs = _WORDS.findall(text), _WORDS.findall(other)
    if len(theirs) <= len(mine) * _MUCH_MORE:
        return text
    known = set(theirs)
    held = sum(word in known for word in mine)
    return other if len(mine) < _FEWEST_WORDS or held >= _SAME * len(mine) else text


def _with_lede(text: str, description: str, blocks: list[Block]) -> str:
    """The text behind the paragraph that the page's description quotes, if that stands apart from the rest."""
    opening = " ".join(description.split()[:8])
    if len(opening) < 30 or opening in " ".join(text.split()):
        return text
    lede = next((block.text for block in blocks if block.is_prose and block.text.startswith(opening)), None)
    return text if lede is None or lede in text else f"{lede}\n{text}"


def _last_resort(document: str, text: str) -> tuple[str, str]:
    """A longer text out of the page's data, if it has one, and all the words that its reader would see."""
    whole = _tree(document)
    drawn = _fragment_text(drawn_prose(whole))
    etree.strip_elements(whole, "script", "style", "svg", with_tail=False)
    seen = " ".join(" ".join(whole.itertext()).split())
    return (_fuller(text, drawn) if len(drawn.split()) >= _THIN else text), seen


def _refuse_depth(tree: HtmlElement, text: str, url: str) -> None:
    """The parser leaves out what is nested too deep; then that is why there is no text."""
    if len(text.split()) >= _FEWEST_WORDS:
        return
    depth = deepest = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    if deepest >= _DEEP:
        raise ExtractError(url, f"the page is nested {deepest} levels deep; the text below cannot be read")


def _without_head(text: str, title: str) -> str:
    """The text without what stands above it: the headline and what comes before, date, byline, labels.

    Of a page that keeps its text and its headline in boxes of one rank the headline may come last.
    """
    lines = [line for part in text.split("\n") if _WORDS.search(line := part.strip(" |"))]
    if title in lines:
        at = lines.index(title)
        above, below = lines[:at], lines[at + 1 :]
        if below and at < _HEAD_LINES and not any(map(_is_long, above)):
            lines = below
        elif above and not any(map(_is_long, below)) and any(map(_is_head, below)):
            lines = above
    head = list(takewhile(lambda line: _is_head(line) or _is_label(line), lines[:_HEAD_LINES]))
    while head and not _is_head(head[-1]):
        head.pop()
    return "\n".join(lines[len(head) :] or lines)


def _is_long(line: str) -> bool:
    """A line that is no date, byline or label."""
    return len(line.split()) > _DATE_WORDS


def _is_label(line: str) -> bool:
    """A few words that end no sentence: a name, «تصوير: …», «طباعة»."""
    return len(line.split()) <= _LABEL_WORDS and not line.endswith(_SENTENCE_ENDS)


def _is_head(line: str) -> bool:
    """A line that is a date or a byline."""
    return not _is_long(line) and (read_date(line) is not None or byline_of(line) is not None)


def _signed(text: str, outlet: str | None) -> str | None:
    """The name in a byline that opens or ends the text."""
    lines = text.split("\n")
    names = (byline_of(line) for line in (*lines[:2], lines[-1]))
    return next((author for name in names if (author := plausible_author(name, outlet))), None)


def _fragment_text(fragment: str) -> str:
    """The paragraphs of an HTML fragment as a reader sees them."""
    if not fragment.strip():
        return ""
    root = lxml.html.fragment_fromstring(xml_legal(fragment.replace("\n", "<br>")), create_parent="div")
    etree.strip_elements(root, *SILENT, with_tail=False)
    return text_between(root)
