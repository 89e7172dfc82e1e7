"""The tree of a page: what is no part of an article goes, and where its running text stands.

Theory of operation. `prune` takes away, before any extractor sees the tree, what sites put around and into
their articles: captions, share bars, tickers, tags, comments, boxes under «اقرأ أيضا». It knows them by the
names of their classes, by their headings, and, where classes are hashes, by what they are: teasers link to another
page, boxes can be skipped, tables hold figures; whatever holds the headline, an article's element or much of the
page's text stays, however it is called (themes write "has-sidebar" on the body, and "tag-…" on the article).

`Passages` is a second reading of the page, by density: each block's text with its share of links; the
container whose own blocks hold most running text is the article's. It finds what trafilatura does not look
for, articles in divs, spans and font elements broken by <br>, and serves as its check.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
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
    "amp-ad", "amp-embed", "amp-sidebar", "amp-consent", "amp-social-share",
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
    r"|toc-(?:container|title|list|wrap)|table-of-contents"
)
_FEW = 400  # characters that are no links
_HOLDERS = frozenset({"main", "body", "html", "h1"})
_MUCH = 0.4  # of the page's text: an element that holds so much is no box beside the article
_SEE_ALSO = re.compile(
    r"[\W_]*(?:(?:و?[إا]?قر[أاؤ]\w{0,3}|طالع|طالعوا|شاهد|شاهدوا|انظر|تابع|إقرأ)\s+(?:[أا]يض[\w\u064b]*|كذلك|المزيد|عن)"
    r"|اخترنا\s+ل(?:ك|كم)|(?:مواضيع|موضوعات|مقالات|أخبار|اخبار|مواد|قصص)\s+(?:ذات\s+صلة|مشابهة|مرتبطة|متعلقة)"
    r"|قد\s+(?:يعجبك|يهمك|يعجبكم|يهمكم)|ال[أا]كثر\s+(?:قراءة|مشاهدة|تداولا\w*)|ذات\s+صلة|المزيد\s+من\s+ال[أا]خبار"
    r"|جدول\s+المحتويات|محتويات\s+(?:المقال|المقالة|الموضوع)"
    r"|related\s+(?:articles|posts|stories|news)|read\s+(?:more|also)|see\s+also|table\s+of\s+contents)"
    r"(?:\s+[أا]يض[\w\u064b]*)?[\W_]*\Z",
    re.IGNORECASE,
)
_COMMENTING = re.compile(r"تعليق(?:ات|ك|كم|اتكم|اتك)|مشارك(?:ات|تك|اتك|اتكم)")
_POLICY = re.compile(r"سياسة الخصوصية|شروط (?:ال)?استخدام|[إا]رشادات (?:ال)?استخدام|سياسة النشر")
_DISCLAIMER = re.compile(r"\W*(?:ال)?(?:[آا]راء|تعليقات|مقالات|مشاركات)\b[^.]{0,80}\bلا (?:تعبر|تمثل|تعكس)\b")
# Headings of boxes with prose that is not the article's: what readers say, are asked, may sign up for.
_OTHER_HEADING = re.compile(
    r"\W*(?:ال)?تعليقات(?:\s+(?:الزوار|القراء|الفيسبوك))?[\W\d]*\Z|\W*(?:ال)?نشرت?(?:ة|نا)\s+(?:البريدية|الإخبارية|الاخبارية)\W*\Z"
    r"|\W*(?:استفتاء|استطلاع\s+(?:ال)?ر[أا]ي)\W*\Z|\W*(?:\d+\s+)?comments[\W\d]*\Z|\W*newsletter\W*\Z",
    re.IGNORECASE,
)
# Where classes are hashes, regions are still named for tests and for those who listen.
_REGIONS = etree.XPath(".//*[@aria-labelledby or @data-component]")
_NAMED = etree.XPath("descendant-or-self::*[@class or @id or self::p]")
_IN_PAGE_LINKS = etree.XPath(".//a[starts-with(@href, '#')]")
_SKIP = re.compile(r"\s*(?:تخط[ىي]|تجاوز|skip)\b", re.IGNORECASE)  # links for those who listen to pages
_HEADINGS = ("h2", "h3", "h4", "h5", "h6")
_CELL = 60  # characters; a table whose cells all hold less is one of figures or names
_FRAMES = 4  # elements between a quotation and the figure around it, the figure among them
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
    _keep_frames(tree, whole)
    first = next(tree.iter("article"), None)
    furniture = cache(_furniture)  # elements of a page share few names
    for element in _NAMED(tree):
        if (pattern := furniture(_called(element))) and not _holds_article(element, first, whole):
            if pattern is _BESIDE or _size(element) - _linked_size(element) <= _FEW:
                _drop(element)
        elif element.tag == "p" and _is_comment_policy(element):
            _drop(element)
    for element in list(islice(filter(_is_see_also, tree.iter(etree.Element)), _MOST_BOXES)):
        _drop_see_also(element)
    boxes = (
        *_teasers(tree),
        *_named_regions(tree),
        *_skippable(tree),
        *_other_voices(tree),
        *_tables_of_data(tree),
    )
    drop_all(tree, [box for box in boxes if not _holds_article(box, None, whole)])


def _keep_frames(tree: HtmlElement, whole: int) -> None:
    """Make divs of forms around the page and figures around a quotation, which trafilatura drops."""
    for form in list(tree.iter("form")):
        if _size(form) > whole * _MUCH:
            form.tag = "div"
    for quote in tree.iter("blockquote"):
        around = list(islice(quote.iterancestors(), _FRAMES))
        figure = next((element for element in around if element.tag == "figure"), None)
        if figure is not None:
            figure.tag = "div"
            for frame in (quote, *around[: around.index(figure) + 1]):
                frame.attrib.pop("class", None)  # what is called embedded goes, too


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


def _called(element: HtmlElement) -> str:
    return f"{element.get('class') or ''} {element.get('id') or ''}".lower()


def _furniture(named: str) -> re.Pattern[str] | None:
    """The kind of furniture that something is called."""
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


def _teasers(tree: HtmlElement) -> Iterator[HtmlElement]:
    """Articles of few words whose heading is a link to another page; the page's own title may link to itself."""
    title = " ".join((tree.findtext(".//title") or "").split())
    canonical = next((link for link in tree.iter("link") if link.get("rel") == "canonical"), None)
    own = "" if canonical is None else canonical.get("href") or ""
    for article in tree.iter("article"):
        heading = next(article.iter(*_HEADINGS), None)
        if heading is None or " ".join("".join(heading.itertext()).split()) in title:
            continue
        links = (*heading.iter("a"), *islice(heading.iterancestors("a"), 1))
        leads_on = any(not _is_own(link.get("href") or "", own) for link in links)
        if leads_on and _size(article) - _linked_size(article) <= _FEW:
            yield article


def _is_own(href: str, own: str) -> bool:
    """Whether a link leads to a place on the page at the address `own`, such as one update of many."""
    path = href.partition("#")[0]
    return not path or own.endswith(path if "?" in own else path.partition("?")[0])


def _named_regions(tree: HtmlElement) -> Iterator[HtmlElement]:
    """Boxes that are called furniture elsewhere than in their class and id."""
    for region in _REGIONS(tree):
        named = f"{region.get('aria-labelledby') or ''} {region.get('data-component') or ''}".lower()
        if _furniture(named) and _size(region) - _linked_size(region) <= _FEW:
            yield region


def _skippable(tree: HtmlElement) -> Iterator[HtmlElement]:
    """Boxes that those who listen to a page are offered to skip: «تخطى قصص مقترحة وواصل القراءة»."""
    links = (link for link in _IN_PAGE_LINKS(tree) if _SKIP.match(link.text or ""))
    for link in islice(links, _MOST_BOXES):
        target, box = (link.get("href") or "")[1:], link.getparent()
        if box is not None and any(inner.get("id") == target for inner in box.iter(etree.Element)):
            yield box


def _other_voices(tree: HtmlElement) -> Iterator[HtmlElement]:
    """Boxes that open with a heading over comments, a poll or a form to sign up."""
    for heading in islice(tree.iter(*_HEADINGS), _MOST_BOXES):
        box = heading.getparent()
        if (
            box is not None
            and _OTHER_HEADING.match("".join(heading.itertext()))
            and next(box.iterchildren(etree.Element)) is heading
        ):
            yield box


def _tables_of_data(tree: HtmlElement) -> Iterator[HtmlElement]:
    """Tables of figures or names; those that lay out a page hold prose or other tables."""
    for table in tree.iter("table"):
        if len(list(islice(table.iter("table"), 2))) == 1 and all(
            _size(cell) < _CELL for cell in table.iter("td", "th")
        ):
            yield table


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
