"""The headline of a page and what stands beside it: the date for readers, the byline.

Sites that state no date in their head write it under, seldom above, the headline. What counts is near the
headline in the document's order and is a date with few words around it: a sentence that mentions a day is
none, nor is the day in the bar on top, which is today's. Dates of changes are none of publication.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from lxml import etree

from sources.dates import read_date, read_stamp
from sources.plain import plain_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from lxml.html import HtmlElement

    from rasid.types import OutletRules

MAX_TITLE, MAX_NAME = 500, 120  # characters
_AFTER, _BEFORE = 80, 25  # elements; share bars and pictures stand between headline and date
_PASSED = (
    1_200  # characters behind the headline; then the article has begun, and other articles' dates follow
)
_TITLE_BOX = 150  # characters that a box around the headline may hold beside it
_FEWEST_LETTERS = 12  # of a headline
_MAX_LINE = 160  # characters of an element that is a date or a byline
_YEAR = re.compile("(?:19|20|1[45])\\d\\d")
_CHANGED = re.compile(r"تحديث|تعديل|updated|modified", re.IGNORECASE)
_DATED = re.compile(r"date|time|publish|posted|تاريخ", re.IGNORECASE)
# Words of a date itself; names of months and days need no list: they are next to its numbers.
_DATE_WORDS = re.compile(
    r"\d\S*|\S*\d|نشر\S*|في|تاريخ|بتاريخ|النشر|الساعة|بتوقيت|توقيت|مكة|المكرمة|ال(?:سبت|[أا]حد|[إا]ثنين|ثلاثاء|[أا]ربعاء"
    r"|خميس|جمعة)|الموافق|صباح\S*|مساء\S*|ص|م|am|pm|هـ|[-–|/،,:•()]+|كانون|تشرين|ال[أا]ول|الثاني",
    re.IGNORECASE,
)
_MOST_OTHER_WORDS = 6  # a byline or a path of sections beside the date; its month is among them
_BYLINE = re.compile(
    r"\A\W*(?:(?P<open>كتبت?|بقلم|[إا]عداد|حوار|حاوره?ا?|تقرير|ترجمة|الكاتبة?|(?:كتب )?بواسطة"
    r"|written by|by)(?:\s*[:؛,،\-–/|]\s*|(?<=بقلم)\s+|(?<=by)\s+))(?P<name>[^\d:|]{3,60}?)\s*(?:[-–|،\d].*)?\Z",
    re.IGNORECASE,
)
_BYLINE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:author|byline|write(?:r|by)|written-?by|created-?by|journalist|reporter)(?:[_-]?name)?(?:$|[\s_-])"
)
_OPENING = re.compile(r"\A\W*(?:كتبت?|بقلم|بواسطة|[إا]عداد|by|written by)\s*[:\-–|]?\s+", re.IGNORECASE)
# «الدمام - نورة السبيعي», «سامر الحلو (جدة)»: a word for the place, two or more for the name; agencies stay.
_PLACED = re.compile(
    r"(?!.*\b(?:رويترز|وكالات|بلومبرغ|الأناضول|واس|وام|قنا|بنا|كونا|سانا|وفا|واع|بترا|reuters|afp|ap|dpa|bloomberg)\b)"
    r"(?:\w+(?:\s+[-–—|/]|\s*:)\s+(?P<behind>\S+\s.+)|(?P<before>\S+\s[^()]+?)\s+(?:[-–—|/]\s+\w+|\(\w+\)))",
    re.IGNORECASE,
)
# Boxes beside the article, with authors and dates of their own.
_OTHERS = re.compile(r"comment(?!ar)|related|recommend|most-?(?:read|viewed|popular)|latest|trending")
_TITLED = re.compile(r"title|headline")
_PARTS = re.compile(r"\s+[-–—|/]\s+|\s*[|،]\s*")
_NO_NAME = re.compile(
    r"https?|://|@|;|\b(?:developed|designed|powered) by\b|\.(?:png|jpe?g|com|net)\b", re.IGNORECASE
)
_NOBODY = re.compile(
    r"\W*(?:admin\w*|editors?|staff|user|author|webmaster|guest|(?:ال)?محرر|(?:ال)?كاتب|غير معروف|[إا]دارة.*|فريق.*)"
    r"\W*",
    re.IGNORECASE,
)
_ARABIC = re.compile("[\u0621-\u064a]{3,}")
_TO_ASCII = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "0123456789" * 2)


def find_headline(tree: HtmlElement, stated: str) -> HtmlElement | None:
    """The heading that is the article's: one that the page's titles repeat, else its only h1.

    Args:
        tree: the page.
        stated: its titles, as its head has them.
    """
    first = list(tree.iter("h1"))
    named = [
        heading
        for heading in (*first, *islice(tree.iter("h2", "h3"), 20))
        if len(text := heading_text(heading)) >= _FEWEST_LETTERS and text in stated
    ]
    if named:  # the longest: a site may make its own name the h1
        return max(named, key=lambda heading: len(heading_text(heading)))
    if first:
        return first[0] if len(first) == 1 else None
    return next((box for box in _title_boxes(tree) if heading_text(box) in stated), None)


def _title_boxes(tree: HtmlElement) -> Iterator[HtmlElement]:
    """Elements that are called a title, on pages that know no headings."""
    for element in tree.iter("div", "span", "td", "p", "strong", "font"):
        named = f"{element.get('class') or ''} {element.get('id') or ''}".lower()
        if _TITLED.search(named) and len(_short_text(element)) >= _FEWEST_LETTERS:
            yield element


def heading_text(heading: HtmlElement) -> str:
    """Its words in one line."""
    return plain_line(heading.text_content(), limit=MAX_TITLE)


def date_near(headline: HtmlElement, rules: OutletRules) -> datetime | date | None:
    """The date of publication beside the headline: with a time if there is one, else the nearest."""
    stamps = []
    for element in (*islice(_behind(headline), _AFTER), *islice(_before(headline), _BEFORE)):
        stamp = _date_of(element, rules)
        if stamp is not None and not is_of_others(element, headline):
            stamps.append(stamp)
    return stamps[0] if stamps else None


def author_near(headline: HtmlElement, outlet: str | None) -> str | None:
    """The name in a byline beside the headline."""
    for element in islice(_behind(headline), _AFTER):
        named = " ".join(filter(None, (element.get("class"), element.get("rel"), element.get("itemprop"))))
        text = _short_text(element)
        if not text:
            continue
        name = byline_of(text)
        if name is None and named and _BYLINE_CLASS.search(named.lower()) and not _year_in(text):
            name = _OPENING.sub("", text)
        if (author := plausible_author(name, outlet)) and not is_of_others(element, headline):
            return author
    return None


def is_of_others(element: HtmlElement, headline: HtmlElement | None) -> bool:
    """Whether it stands in a box of comments or of other articles, which does not hold the headline."""
    around = set() if headline is None else set(headline.iterancestors())
    for box in (element, *element.iterancestors()):
        if box in around:
            return False
        if box.tag == "aside" or _OTHERS.search(f"{box.get('class') or ''} {box.get('id') or ''}".lower()):
            return True
    return False


def byline_of(line: str) -> str | None:
    """The name in a line such as «كتب: سامر الحلو»."""
    found = _BYLINE.match(line) if len(line) <= _MAX_LINE else None
    return found["name"].strip() if found and len(found["name"].split()) <= 6 else None


def plausible_author(name: str | None, outlet: str | None) -> str | None:
    """`name` if it can be a byline: an Arabic name or two words, no URL, handle or file, nor the outlet itself."""
    author = plain_line(name or "", limit=MAX_NAME)
    author = byline_of(author) or author
    parts = [part for part in _PARTS.split(author) if part.casefold() != (outlet or "").casefold()]
    author = (author if outlet is None or len(parts) != 1 else parts[0]).strip(" :-–|،,")
    if placed := _PLACED.fullmatch(author):
        author = placed["behind"] or placed["before"]
    if _NO_NAME.search(author) or _NOBODY.fullmatch(author) or not (" " in author or _ARABIC.search(author)):
        return None
    return None if outlet and outlet.casefold() in author.casefold() else author


def _behind(headline: HtmlElement) -> Iterator[HtmlElement]:
    """The elements that follow the headline in the document's order, until the article has begun."""
    element: HtmlElement | None = headline
    passed = 0
    while element is not None and element.tag != "body":
        for sibling in element.itersiblings():
            for inner in sibling.iter(etree.Element):
                yield inner
                passed += len((inner.text or "").strip()) + len((inner.tail or "").strip())
                if passed > _PASSED:
                    return
        element = element.getparent()


def _before(headline: HtmlElement) -> Iterator[HtmlElement]:
    """The elements before the headline in the boxes that hold little else, the nearest first."""
    element: HtmlElement | None = headline
    most = len(heading_text(headline)) + _TITLE_BOX
    while element is not None and element.tag != "body":
        for sibling in element.itersiblings(preceding=True):
            if sibling.tag not in ("nav", "header"):
                yield from sibling.iter(etree.Element)
        element = element.getparent()
        if element is not None and len(" ".join(element.text_content().split())) > most:
            return


def _short_text(element: HtmlElement) -> str:
    """The words of a small element; empty for one that holds more than a line."""
    if not isinstance(element.tag, str) or element.tag in ("script", "style"):
        return ""
    text = ""
    for part in element.itertext():
        text += part + " "
        if len(text) > 3 * _MAX_LINE:
            return ""
    text = plain_line(text, limit=3 * _MAX_LINE)
    return text if len(text) <= _MAX_LINE else ""


def is_of_change(element: HtmlElement) -> bool:
    """Whether a date is labelled as that of a change."""
    return _CHANGED.search(_label(element)) is not None


def _label(element: HtmlElement) -> str:
    """What stands right before an element: «آخر تحديث:» belongs to the date behind it."""
    before, parent = element.getprevious(), element.getparent()
    if before is None:
        return (parent.text or "") if parent is not None else ""
    return (before.tail or "").strip() or (_short_text(before) if before.tag != element.tag else "")


def _date_of(element: HtmlElement, rules: OutletRules) -> datetime | date | None:
    text = _short_text(element)
    if is_of_change(element):
        return None
    stated = element.get("datetime") if element.tag == "time" else None
    changed = _CHANGED.search(text)
    if changed:
        # «13 يناير 2024، آخر تحديث 10:35» is one time, that of the change.
        before, behind = text[: changed.start()], text[changed.start() :]
        text = "" if ":" in behind and ":" not in before and not _year_in(behind) else before
    if stated and not (changed and not text.strip()):
        return read_stamp(stated, rules)
    if not _year_in(text):
        return None
    named = f"{element.get('class') or ''} {element.get('id') or ''} {element.get('itemprop') or ''}"
    most = _MAX_LINE if _DATED.search(named) else 2 if element.tag == "p" else _MOST_OTHER_WORDS
    other = [word for word in text.translate(_TO_ASCII).split() if not _DATE_WORDS.fullmatch(word)]
    return read_date(text, rules) if len(other) <= most else None


def _year_in(text: str) -> bool:
    return _YEAR.search(text.translate(_TO_ASCII)) is not None
