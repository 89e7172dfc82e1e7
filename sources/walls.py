"""What stands before a page or in its place: checks, consent, paywalls, pages that are not there.

A site answers with them under the article's own address, often with status 200. Each is told by words that it
says, and only where there is little text besides: an article of some length may speak of subscriptions,
Cloudflare or error 404 as it likes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rasid.errors import ExtractError
from sources.plain import plain_line

if TYPE_CHECKING:
    from sources.metadata import PageFacts

_WORD = re.compile(r"\w\w+")
_FEWEST_WORDS = 25  # below, a page is a video, a gallery, a notice: nothing to match or compare
_BRIEF = 40  # words; with so many, what calls itself an article is one, if perhaps the beginning only
_SHORT = 120  # words; a text of more is an article, whatever it speaks of
_CROWDED = 100  # words of a page that is more than a notice
_MAX_TITLE = 80  # characters; longer ones are headlines
_MAX_SEEN = 20_000  # characters of the page that are looked at


@dataclass(frozen=True, slots=True)
class _Wall:
    reason: str
    permanent: bool  # whether asking again gives the same
    title: re.Pattern[str] | None  # in a short title
    body: re.Pattern[str] | None  # in the page's words, where its text is short
    at_any_length: bool = False  # the title suffices: such pages are filled up with other articles
    follows_text: bool = False  # it stands behind the beginning of a real article
    alone: bool = False  # there is little else on the page; elsewhere sites say such things in banners


def _marks(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


_WALLS = (
    _Wall(
        "the site answers with a check, not with the page",
        permanent=False,
        title=_marks(
            r"just a moment", r"attention required", r"checking your browser", r"are you (?:a )?(?:robot|human)",
            r"verify(?:ing)? (?:that )?you are (?:a )?human", r"access (?:to this page has been )?denied",
            r"ddos.guard", r"one moment,? please", r"pardon our interruption", r"security check", r"robot check",
            r"لحظة من فضلك", r"التحقق من [أا]نك [إا]نسان", r"فحص [أا]مني",
        ),
        body=_marks(
            r"checking (?:if the site connection is secure|your browser before)", r"ddos protection by",
            r"enable javascript and cookies to continue", r"verify(?:ing)? (?:that )?you are (?:a )?human",
            r"incapsula incident id", r"request unsuccessful\. incapsula", r"press (?:&|and) hold to confirm",
            r"why have i been blocked", r"you don't have permission to access .{0,200}reference\s*#",
            r"complete the security check to access", r"unusual traffic from your computer network",
            r"needs to review the security of your connection", r"تحقق من [أا]نك (?:إنسان|لست (?:روبوت|برنامج))",
        ),
    ),
    _Wall(
        "the site asks for consent before the page",
        permanent=True,
        alone=True,
        title=_marks(
            r"before you continue", r"قبل (?:المتابعة إلى|[أا]ن تتابع)", r"خصوصيت(?:ك|كم) تهمنا",
            r"we value your privacy", r"cookie (?:consent|settings)", r"your privacy choices",
        ),
        body=_marks(
            r"before you continue to (?:google|youtube)", r"قبل (?:المتابعة|الانتقال) إلى (?:google|youtube|يوتيوب)",
            r"we and our \d* ?partners (?:store|use|process)",
            r"نحن وشركا[ؤئ]نا .{0,60}(?:نخز\W?ن|تخزين|نعالج|معالجة)", r"(?:accept|reject) all cookies",
            r"قبول (?:جميع|كل|كافة) ملفات تعريف الارتباط", r"(?:نحن وشركاؤنا|نستخدم) .{0,60}ملفات تعريف الارتباط",
        ),
    ),
    _Wall(
        "the article is for subscribers",
        permanent=True,
        follows_text=True,
        title=None,
        body=_marks(
            r"اشترك(?:وا)? (?:الآن |الان )?(?:لقراءة|لمتابعة القراءة|لمواصلة القراءة|للاطلاع على)",
            r"(?:هذا|هذه) (?:المحتوى|المقال|الخبر|المادة|الصفحة) (?:متاحة? |مخصصة? |حصرية? )?(?:فقط )?"
            r"(?:لل|ل)(?:ال)?مشتركين",
            r"محتوى (?:حصري|مخصص) للمشتركين", r"لقراءة (?:المقال|الخبر|المحتوى) (?:كاملا|كاملة|بالكامل)",
            r"subscribe (?:now )?to (?:continue|read|keep) reading",
            r"this (?:article|content|story) is for subscribers", r"subscribers only",
            r"to continue reading,? (?:please )?(?:subscribe|log ?in|sign)",
        ),
    ),
    _Wall(
        "the site asks to log in first",
        permanent=True,
        follows_text=True,
        title=_marks(r"\A(?:log ?in|sign ?in|تسجيل الدخول|الدخول)\b"),
        body=_marks(
            r"(?:سجل|سجلوا|(?:يرجى|يجب|قم ب) ?تسجيل) (?:الدخول|دخولك) (?:لمتابعة|لمواصلة|لقراءة|للمتابعة)",
            r"(?:log|sign) ?in to (?:continue|read|view)", r"you must be logged in to",
        ),
    ),
    _Wall(
        "the page is not there",
        permanent=True,
        at_any_length=True,
        title=_marks(
            r"\A\W*(?:error |خطأ )?404\b", r"\bnot found\b", r"no longer available", r"page (?:was )?not found",
            r"(?:الصفحة|المقال|الخبر|المحتوى)(?: المطلوبة?| التي تبحث عنها)? (?:غير (?:موجودة?|متاحة?|متوفرة?)|لم يعد)",
            r"لم يتم العثور على (?:الصفحة|المقال|الخبر|المحتوى|ما تبحث)",
        ),
        body=_marks(
            r"(?:الصفحة|المقال|الخبر|المحتوى|الرابط)(?: المطلوبة?| (?:الذي|التي) (?:تبحث عنها?|طلبتها?|طلبته))?"
            r" (?:غير (?:موجودة?|متاحة?|متوفرة?)|لم تعد|لم يعد)",
            r"(?:عذر[اً]{1,2}|عفو[اً]{1,2}|نعتذر|نأسف)\W.{0,60}"
            r"(?:غير (?:موجودة?|متاحة?|متوفرة?)|لم (?:نجد|نتمكن من العثور|يتم العثور))",
            r"لم يتم العثور على (?:الصفحة|المقال|الخبر|المحتوى|ما تبحث)",
            r"(?:error|خطأ) 404\b", r"404 (?:not found|error)",
            r"(?:page|article|story) (?:you (?:requested|are looking for) )?"
            r"(?:was not found|could not be found|cannot be found|does not exist|is no longer available)",
        ),
    ),
    _Wall(
        "the site is under maintenance",
        permanent=False,
        title=_marks(r"maintenance", r"تحت الصيانة", r"[أا]عمال صيانة", r"\A\W*50[234]\b", r"service unavailable"),
        body=_marks(
            r"(?:الموقع|موقعنا|الصفحة) (?:\S+ )?(?:تحت الصيانة|قيد الصيانة|مغلق للصيانة)",
            r"نقوم (?:حاليا |حالياً )?ب[أا]عمال صيانة",
            r"down for (?:scheduled )?maintenance", r"undergoing (?:scheduled )?maintenance",
            r"service (?:is )?temporarily unavailable",
        ),
    ),
    _Wall(
        "the page is drawn by JavaScript; its text is not in it",
        permanent=False,
        alone=True,
        title=None,
        body=_marks(
            r"(?:يرجى|الرجاء|يجب|قم ب|ينبغي) ?(?:تفعيل|تشغيل|تمكين) (?:ال)?(?:جافا ?سكر[يب]+ت|javascript)",
            r"(?:enable|turn on) javascript", r"javascript (?:is )?(?:required|disabled|must be enabled)",
            r"doesn't work properly without javascript",
        ),
    ),
    _Wall(
        "the site is gone: its name is parked or for sale",
        permanent=True,
        title=_marks(r"domain (?:name )?(?:is )?(?:for sale|parked)", r"parked domain", r"النطاق للبيع"),
        body=_marks(
            r"(?:this )?domain (?:name )?(?:is|may be) (?:for sale|parked)", r"buy this domain", r"parked free",
            r"(?:هذا )?(?:النطاق|الدومين) (?:معروض )?للبيع", r"domain has expired",
        ),
    ),
)  # fmt: skip


def refuse_walls(seen: str, title: str, facts: PageFacts, text: str, url: str) -> None:
    """Raise where there is no article but something in its place.

    Args:
        seen: the words of the whole page, those of noscript included.
        title: its title element, whole.
        facts: what it says about itself.
        text: the article that was read out of it, perhaps none.
        url: where it came from, after redirects.

    Raises:
        ExtractError: the text says what stands there.
    """
    words = _words(text)
    if _is_front(facts, url) and not (words >= _SHORT and facts.canonical):
        raise ExtractError(url, "the site leads to its front page; the article is gone")
    said = plain_line(title, limit=500)
    for wall in _WALLS:
        if sign := _sign(wall, said, seen, text, words, facts):
            raise ExtractError(url, f"{wall.reason}: {sign}", wall.permanent)
    if words < _SHORT and not facts.is_free:
        raise ExtractError(url, "the article is for subscribers, as the page itself says")
    if words < _FEWEST_WORDS:
        reason = f"no article found: {words} words of text" if words else "no article found"
        raise ExtractError(url, reason, thin=words > 0)


def _sign(wall: _Wall, title: str, seen: str, text: str, words: int, facts: PageFacts) -> str | None:
    """The words by which the wall is known, if it stands here."""
    brief = facts.is_article and words >= _BRIEF
    titled = len(title) <= _MAX_TITLE and not (brief and words >= _SHORT)
    if titled and wall.title and (wall.at_any_length or words < _SHORT) and wall.title.search(title):
        return title
    if wall.body is None or words >= _SHORT or (brief and not wall.follows_text):
        return None
    # Around a text, however short, a site may say such things of itself: in noscript, in its footer.
    around = wall.follows_text or words < _FEWEST_WORDS
    if wall.alone and len(seen.split()) > _CROWDED:
        around = False
    found = wall.body.search((seen if around else text)[:_MAX_SEEN])
    return plain_line(found[0], limit=80) if found else None


def is_suspect(text: str) -> bool:
    """Whether a text is so short that something may stand in its place."""
    return _words(text) < _SHORT


def _words(text: str) -> int:
    """How many there are; cells of a table with a letter each are none."""
    return len(_WORD.findall(text))


def _is_front(facts: PageFacts, url: str) -> bool:
    if facts.is_article:
        return False
    parts = urlsplit(url)
    return facts.is_front or (bool(parts.netloc) and parts.path in ("", "/") and not parts.query)
