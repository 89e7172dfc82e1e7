"""The tree of a page: what is no part of an article goes, and where its running text stands.

Theory of operation. `prune` takes away, before any extractor sees the tree, what sites put around and into
their articles: captions, share bars, tickers, tags, comments, boxes under «اقرأ أيضا». It knows them by the
names of their classes and by their headings; whatever holds the headline, an article's element or much of the
page's text stays, however it is called (themes write "has-sidebar" on the body, and "tag-…" on the article).

`Passages` is a second reading of the page, by density: each block's text with its share of links; the
container whose own blocks hold most running text is the article's. It finds what trafilatura does not look
for, articles in divs, spans and font elements broken by <br>, and serves as its check.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from lxml import etree

from sources.plain import plain_paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

BLOCKS = frozenset({
    "p", "div", "br", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "tr", "td", "section", "article",
    "main", "body", "header", "dd", "dt", "pre", "center", "ul", "ol", "table", "tbody", "figure", "form", "hr",
})  # fmt: skip
# Never prose: dropped with all that they hold. A form stays, for ASP.NET wraps whole pages in one.
SILENT = (
    "script", "style", "noscript", "iframe", "template", "figcaption", "svg", "button", "select", "textarea",
    "video", "audio", "object", "nav", "footer", "aside", "marquee", "dialog",
)  # fmt: skip
# Furniture that may hold prose of its own: comments, teasers, portraits of authors.
_BESIDE = re.compile(
    r"comment(?!ar)|disqus|related|recommend|newsletter|sidebar|advert|sponsor|taboola|outbrain|cookie|consent"
    r"|read-?(?:also|more)|also-?read|see-?also|most-?(?:read|viewed|popular)|author-?(?:box|bio|info|card)"
    r"|(?:^|\s)widgets?(?:$|[\s_-])"  # not elementor-widget, which is any block
)
# Furniture of few words; what is called so and holds running text is the article, in some themes.
_AROUND = re.compile(
    r"addthis|sharing|breadcrumb|caption|ticker|breaking|hidden-print|screen-reader|(?:^|[\s_-])(?:share|social|tags?"
    r"|ads?|bio|gallery|slider|carousel|popular|trending|latest|more-?news|popup|modal|rating|pagination|promo"
    r"|subscribe|byline|keywords|font-?size|urgent)(?:$|[\s_-])"
    r"|share-?(?:bar|box|buttons?|icons?|links?)|tag-?(?:s|list|cloud)(?:$|[\s_-])"
)
_FEW = 400  # characters that are no links
_HOLDERS = frozenset({"main", "body", "html", "h1"})
_MUCH = 0.4  # of the page's text: an element that holds so much is no box beside the article
_SEE_ALSO = re.compile(
    r"[\W_]*(?:(?:و?[إا]?قر[أاؤ]\w{0,3}|طالع|طالعوا|شاهد|شاهدوا|انظر|تابع|إقرأ)\s+(?:أيض\w*|ايض\w*|كذلك|المزيد|عن)"
    r"|اخترنا\s+ل(?:ك|كم)|(?:مواضيع|موضوعات|مقالات|أخبار|اخبار|مواد|قصص)\s+(?:ذات\s+صلة|مشابهة|مرتبطة|متعلقة)"
    r"|قد\s+(?:يعجبك|يهمك|يعجبكم|يهمكم)|ال[أا]كثر\s+(?:قراءة|مشاهدة|تداولا\w*)|ذات\s+صلة|المزيد\s+من\s+ال[أا]خبار"
    r"|related\s+(?:articles|posts|stories|news)|read\s+(?:more|also)|see\s+also)"
    r"(?:\s+أيض\w*|\s+ايض\w*)?[\W_]*\Z",
    re.IGNORECASE,
)
_COMMENTING = re.compile(r"تعليق(?:ات|ك|كم|اتكم|اتك)|مشارك(?:ات|تك|اتك|اتكم)")
_POLICY = re.compile(
    r"تعليق(?:ات|ك|كم|اتكم|اتك)|مشارك(?:ات|تك|اتك|اتكم)",
)
_POLICY = re.compile(r"سياسة الخصوصية|شروط (?:ال)?استخدام|[إا]رشادات (?:ال)?استخدام|سياسة النشر")
_DISCLAIMER = re.compile(r"\W*(?:ال)?(?:[آا]راء|تعليقات|مقالات|مشاركات)\b[^.]{0,80}\bلا (?:تعبر|تمثل|تعكس)\b")
_MOST_BOXES = 50  # under «اقرأ أيضا»; nested in each other, thousands would cost their square
_LINKED = 0.6  # of a block's letters; above, it is a list of links
_PROSE_WORDS = 12
_ENDING = (".", "؟", "!", ":", "»", '"', "…", "”", "،")


@dataclass(frozen=True, slots=True)
class Block:
    """A run of text without a block boundary in it."""

    holder: HtmlElement  # the block element that it stands in
    text: str
    linked: float  # share of its letters that are links

    @property
    def is_prose(self) -> bool:
        """Running text rather than a headline, a menu or a caption."""
        words = len(self.text.split())
        return self.linked <= _LINKED and (
            words >= _PROSE_WORDS or (words >= 5 and self.text.endswith(_ENDING))
        )


def prune(tree: HtmlElement) -> None:
    """Take away, in place, what is no article's text."""
    etree.strip_elements(tree, *SILENT, with_tail=False)
    whole = _size(tree)
    for form in list(tree.iter("form")):
        if _size(form) > whole * _MUCH:
            form.tag = "div"  # trafilatura drops forms
    first = next(tree.iter("article"), None)
    for element in list(tree.iter(etree.Element)):
        if (pattern := _furniture(element)) and not _holds_article(element, first, whole):
            if pattern is _BESIDE or _size(element) - _linked_size(element) <= _FEW:
                _drop(element)
        elif element.tag == "p" and _is_comment_policy(element):
            _drop(element)
    for element in list(islice(filter(_is_see_also, tree.iter(etree.Element)), _MOST_BOXES)):
        _drop_see_also(element)


def drop_all(tree: HtmlElement, selected: list[HtmlElement]) -> None:
    """Take away these elements of the tree, with what they hold."""
    for element in selected:
        if element is not tree:
            _drop(element)


def blocks_of(tree: HtmlElement) -> list[Block]:
    """The page's runs of text, in order; in time linear in the tree."""
    blocks: list[Block] = []
    parts: list[str] = []
    letters = [0, 0]  # in links, in all
    holders = [tree]

    def end() -> None:
        text = plain_paragraphs(" ".join("".join(parts).split()))
        if text:
            blocks.append(Block(holders[-1], text, letters[0] / max(letters[1], 1)))
        parts.clear()
        letters[:] = 0, 0

    def add(text: str | None, *, linked: bool) -> None:
        if text:
            size = len(text.strip())
            letters[0] += size * linked
            letters[1] += size
            parts.append(text)

    links = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        tag = element.tag
        is_block = tag in BLOCKS
        if event == "start":
            links += tag == "a"
            if is_block:
                end()
                holders.append(element)
            add(element.text, linked=links > 0)
            continue
        links -= tag == "a"
        if is_block:
            end()
            holders.pop()
        add(element.tail if element is not tree else None, linked=links > 0)
    end()
    return blocks


def densest(blocks: list[Block]) -> list[Block]:
    """The blocks of the container that holds most running text, its headings included."""
    score: dict[HtmlElement, float] = {}
    for block in blocks:
        if not block.is_prose:
            continue
        size = len(block.text) * (1 - block.linked)
        near: HtmlElement | None = block.holder if block.holder.tag != "p" else block.holder.getparent()
        for share in (1.0, 0.7, 0.3):  # paragraphs may sit in rows or boxes of their own
            if near is None:
                break
            score[near] = score.get(near, 0.0) + size * share
            near = near.getparent()
    if not score:
        return []
    best = max(score, key=lambda element: score[element])
    inside = [block for block in blocks if block.linked <= _LINKED and _is_within(block.holder, best)]
    prose = [at for at, block in enumerate(inside) if block.is_prose]
    return inside[prose[0] : prose[-1] + 1]


def text_between(element: HtmlElement) -> str:
    """The paragraphs of an element as a reader sees them, without scripts, captions and the like."""
    return "\n".join(block.text for block in blocks_of(element))


def _is_within(element: HtmlElement, container: HtmlElement) -> bool:
    return element is container or any(ancestor is container for ancestor in element.iterancestors())


def _size(element: HtmlElement) -> int:
    return sum(len(text.strip()) for text in element.itertext())


def _furniture(element: HtmlElement) -> re.Pattern[str] | None:
    """The kind of furniture that an element is called."""
    named = f"{element.get('class') or ''} {element.get('id') or ''}"
    if named == " ":
        return None
    named = named.lower()
    return next((kind for kind in (_BESIDE, _AROUND) if kind.search(named)), None)


def _is_comment_policy(element: HtmlElement) -> bool:
    """What readers are told before they comment."""
    text = element.text or ""
    if _DISCLAIMER.match(text):
        return True
    return _COMMENTING.search(text) is not None and _POLICY.search("".join(element.itertext())) is not None


def _holds_article(element: HtmlElement, first: HtmlElement | None, whole: int) -> bool:
    """Whether it is the first article, or holds the headline or much of the text; teasers may be articles, too."""
    if element is first:
        return True
    for inner in element.iter(etree.Element):
        if inner.tag in _HOLDERS or inner.get("itemprop") == "articleBody":
            return True
    return _size(element) > whole * _MUCH


def _is_see_also(element: HtmlElement) -> bool:
    text = element.text
    return text is not None and 4 < len(text) < 60 and _SEE_ALSO.match(text) is not None


def _drop_see_also(element: HtmlElement) -> None:
    """The heading with its box, or with the headlines behind it."""
    heading = element
    while heading.tag not in BLOCKS and heading.getparent() is not None:
        heading = heading.getparent()
    own = len((element.text or "").strip())
    box = heading
    for ancestor in heading.iterancestors():
        if ancestor.tag in ("article", *_HOLDERS) or not _is_links(ancestor, own):
            break
        box = ancestor
    if box is not heading or _is_links(heading, own):
        drop = [box, *([] if _has_links(box) else _headlines_behind(box))]
    else:
        drop = [heading, *_headlines_behind(heading)] if _size(heading) <= own else []
    if any(_has_links(found) for found in drop):  # a heading over headlines without links is left to cleaning
        for found in drop:
            _drop(found)


def _headlines_behind(element: HtmlElement) -> Iterator[HtmlElement]:
    for sibling in element.itersiblings():
        if _size(sibling) and not _is_links(sibling, 0):
            return
        yield sibling
        if sibling.tail and sibling.tail.strip():
            return


def _has_links(element: HtmlElement) -> bool:
    return next(element.iter("a"), None) is not None


def _is_links(element: HtmlElement, heading: int) -> bool:
    """Whether links are nearly all that an element holds beside a heading of so many letters."""
    return _linked_size(element) >= _LINKED * max(_size(element) - heading, 1)


def _linked_size(element: HtmlElement) -> int:
    return sum(_size(link) for link in element.iter("a"))


def _drop(element: HtmlElement) -> None:
    """Remove an element and keep the text behind it."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)
