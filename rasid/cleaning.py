"""Cleaning: an extracted page's text without what the page says on every article.

Theory of operation. The text is normalised first, then whole lines go, in this order:

1. lines that say what an earlier line of the page said (pages that hold their text twice, bullets that
   announce a headline again with other vowel marks), and lines that say the title;
2. headlines under a heading such as «اقرأ أيضا» at the end;
3. boilerplate: patterns over the folded line, each bound to a number of words, so that a paragraph that
   happens to begin like a footer stays.

Lines are compared by their folded words, so marks, bullets and punctuation do not matter. Where little would
be left and repetition does not explain it, nothing is removed at all: a footer too many is a blemish, an
article too few is a fault.

«المصدر: رويترز» stays, for it says who reports; a bare «المصادر:» goes.

Known exceptions. A refrain of three words and more is kept once. Text doubled inside one line stays; copies
do not mind it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rasid.text import fold, words

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINE_BREAKS = re.compile(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
# Controls, surrogates, zero-width and bidirectional marks, soft hyphens, the placeholder of embedded objects.
_JUNK = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\ufdd0-\ufdef\ufeff\ufff9-\ufffc\ufffe\uffff\ud800-\udfff]"
)
_SPACES = re.compile(r"[^\S\n]+")

_TELLING = 3  # words; shorter lines recur for good reasons («وقال:»)
_KEPT_AT_LEAST = 0.40
_HEADLINE_WORDS = 18
_ENDS_SENTENCE = (".", "!", "؛")

# Over folded words joined by single spaces: no marks, no punctuation; أ ا, ى ي, ة ه, ؤ و, ئ ي are one.
_PLACES = (
    r"(?:فيس ?بوك|تويتر|منصه x|اكس|تيلي?[غج]رام|تل[غج]رام|واتس ?اب|انست[غج]رام|يوتيوب|لينكد ?ان|تيك ?توك"
    r"|نبض|اخبار [غج]و[غج]ل|[غج]و[غج]ل نيوز|google news|facebook|twitter|telegram|whatsapp|instagram|youtube)"
)
_OURS = r"(?:قناتنا|قنواتنا|صفحتنا|صفحاتنا|حسابنا|حساباتنا|نشرتنا|تطبيقنا|مجموعتنا|موقعنا|اخبارنا|منصاتنا)"
_SEE_ALSO = (
    r"(?:اخترنا لكم?|اخترنا لك ايضا|(?:اقر\w{1,3}|طالع|طالعوا|شاهد|شاهدوا|انظر) (?:ايضا|كذلك|المزيد)"
    r"|(?:مواضيع|موضوعات|مقالات|اخبار|مواد|قصص) (?:ذات صله|مشابهه|مرتبطه|متعلقه)|قد (?:يعجبك|يهمك) ايضا"
    r"|الاكثر (?:قراءه|مشاهده|تداولا)|related (?:articles|posts|stories)|read (?:more|also)|see also)"
)
_SHARE = (
    r"(?:شارك|شاركوا|مشاركه|انشر) (?:هذا |هذه )?"
    r"(?:المقال|المقاله|الخبر|الموضوع|الصفحه|القصه|عبر|علي|مع اصدقا.ك)"
)

_BOILERPLATE: tuple[tuple[int, re.Pattern[str]], ...] = tuple(
    (limit, re.compile(pattern))
    for limit, pattern in (
        (6, _SEE_ALSO + r"(?: .*)?"),
        (25, r"(?:اقر\w{1,3}|طالع|شاهد|انظر) (?:ايضا|كذلك) .*"),
        (4, r"(?:اعلان|اعلانات|اعلان مدفوع|اعلان ممول|محتوي دعايي|advertisement|ads?|sponsored)"),
        (6, r"(?:المصادر?|الوسوم|كلمات (?:مفتاحيه|دلاليه)|tags?|(?:لا توجد )?(?:ال)?تعليقات)"),
        (6, r"(?:اضف|اترك|اكتب) (?:تعليقا?|ردا?).*"),
        (5, r"(?:(?:تم )?نسخ الرابط|انسخ الرابط|طباعه|حفظ المقال|استمع الي المقال|حجم الخط|شاركها|شارك)"),
        (6, r"شاهد النسخه الاصليه.*"),
        (12, _SHARE + r".*"),
        (30, r"(?:تابعونا|تابعنا|(?:يمكنكم?|بامكانكم?) متابعتنا)\b.*"),
        (30, r"(?:تابعوا|تابع|لمتابعه|انضم|سجل|اشترك)\b.*\bل?" + _OURS + r"\b.*"),
        (30, r"(?:انضموا|اشتركوا|سجلوا|(?:انضم|اشترك|تابع) الان)\b.*\b(?:" + _PLACES + r"|النشره)\b.*"),
        (20, r"(?:للاشتراك|اشترك) في (?:نشرتنا|النشره|خدمه|قايمه)\b.*"),
        (15, r"(?:ادخل|اكتب|سجل) بريدك(?: الالكتروني)?\b.*"),
        (20, r"(?:حمل|حملوا|نزل|نزلوا) (?:تطبيق|تطبيقنا)\b.*"),
        (25, r"(?:جميع |كافه |كل )?(?:ال)?حقوق (?:\w+ ){0,3}محفوظه\b.*"),
        (25, r".*\ball rights reserved\b.*|copyright\b.*"),
        (80, r"قد تحتوي هذه الصفحه علي محتوي من جهات خارجيه\b.*"),
        (60, r"(?:التعليقات|الاراء|المقالات|المشاركات|المواد)(?: \w+){0,6} لا (?:تعبر|تمثل)\b.*"),
        (80, r"(?:تنويه )?اخلاء (?:ال)?مسووليه\b.*"),
        (30, r"انظر الي اخلاء المسووليه\b.*"),
        (60, r"(?:نستخدم|يستخدم (?:هذا )?الموقع|هذا الموقع يستخدم|موقعنا يستخدم) ملفات تعريف الارتباط\b.*"),
        (40, r"باستخدامك (?:لهذا الموقع|موقعنا)\b.*"),
        (12, r"(?:subscribe|sign up|follow us|share this|click here)\b.*"),
    )
)
_HEADING = re.compile(_SEE_ALSO)
_GLUED_TAIL = re.compile(
    r"(?<=[^\s])(?:(?<=[.!؟?»\"…]) ?)?"
    r"(?:اخترنا لكم?|اقر[أا] [أا]يض(?:[اً]{0,2})|شاهد [أا]يض(?:[اً]{0,2})|شاهد النسخة الأصلية)[\s:.]*\Z"
)
_TITLE_BREAK = re.compile(r"\s+(?:\||[-–—:]|::|•|»|«|/)\s+|\s*\|\s*")
_TITLE_SEPARATORS = " |-–—:•»«/"


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    words: tuple[str, ...]  # folded

    @property
    def key(self) -> str:
        return " ".join(self.words)


def clean_text(text: str, title: str, extra: Sequence[re.Pattern[str]] = ()) -> str:
    """Return the article's own text, paragraphs separated by one line break.

    Args:
        text: As extracted.
        title: Of the article; lines that repeat it go.
        extra: An outlet's own boilerplate: a line goes where one of these is found in its folded words.
    """
    normal = _GLUED_TAIL.sub("", _normalised(text))
    lines = _lines(normal)
    distinct = _without_repeats(lines, _key(_normalised(title)))
    kept = [line for line in _without_teasers(distinct) if not _is_boilerplate(line, extra)]
    if _count(kept) < _KEPT_AT_LEAST * _count(distinct):
        return normal
    return "\n".join(line.text for line in kept)


def clean_title(title: str, outlet: str | None) -> str:
    """Return the title in one line, without the outlet's name before or after a separator."""
    line = " ".join(_normalised(title).split())
    name = _key(outlet or "")
    if not name:
        return line
    parts = _TITLE_BREAK.split(line)
    rest = ""
    if len(parts) > 1 and _names(parts[-1], name):
        rest = line[: -len(parts[-1])].rstrip(_TITLE_SEPARATORS)
    elif len(parts) > 1 and _names(parts[0], name):
        rest = line[len(parts[0]) :].lstrip(_TITLE_SEPARATORS)
    return rest or line  # a title that is the outlet's name alone stays


def _normalised(text: str) -> str:
    """Characters and white space put in order; nothing that can be read is lost."""
    broken = _JUNK.sub("", _LINE_BREAKS.sub("\n", text))
    lines = (_SPACES.sub(" ", line).strip() for line in broken.split("\n"))
    return "\n".join(line for line in lines if line)


def _lines(normal: str) -> list[_Line]:
    """Folded at once, for folding has a price a call; folding keeps line breaks."""
    folded = fold(normal).text.split("\n")
    return [_Line(line, tuple(words(key))) for line, key in zip(normal.split("\n"), folded, strict=True)]


def _key(text: str) -> str:
    return " ".join(words(fold(text).text))


def _count(lines: Sequence[_Line]) -> int:
    return sum(len(line.words) for line in lines)


def _without_repeats(lines: Sequence[_Line], title: str) -> list[_Line]:
    """Drop what was said; short lines only inside a passage that is being repeated."""
    seen = {title} if len(title.split()) >= _TELLING else set()
    kept: list[_Line] = []
    repeating = False
    for line in lines:
        told = line.key in seen
        repeating = told and (len(line.words) >= _TELLING or repeating)
        if not repeating:
            kept.append(line)
        seen.add(line.key)
    return kept or list(lines)


def _is_boilerplate(line: _Line, extra: Sequence[re.Pattern[str]]) -> bool:
    size, key = len(line.words), line.key
    if any(size <= limit and pattern.fullmatch(key) for limit, pattern in _BOILERPLATE):
        return True
    return any(pattern.search(key) for pattern in extra)


def _without_teasers(lines: Sequence[_Line]) -> Sequence[_Line]:
    """Cut the first heading such as «اقرأ أيضا» that only headlines follow, down to the end."""
    at = len(lines)
    while at > 0 and _is_headline(lines[at - 1]):
        at -= 1
    headings = (i for i in range(max(at, 1), len(lines)) if _HEADING.fullmatch(lines[i].key))
    return lines[: next(headings, len(lines))]


def _is_headline(line: _Line) -> bool:
    return len(line.words) <= _HEADLINE_WORDS and not line.text.endswith(_ENDS_SENTENCE)


def _names(part: str, outlet: str) -> bool:
    """«الجزيرة نت» names the outlet «الجزيرة»; a headline that mentions it does not."""
    found, name = _key(part).split(), outlet.split()
    return (
        bool(found) and len(found) <= len(name) + 1 and (set(name) <= set(found) or set(found) <= set(name))
    )
