"""Everything that a digest says by itself, in the two languages: counted nouns, times, and fixed phrases.

Arabic counts by six plural categories (CLDR, through babel): «قصة واحدة», «قصتان», «4 قصص», «11 قصة».
Digits are Latin in both languages, as in the Arabic technology press.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime, format_timedelta

if TYPE_CHECKING:
    from rasid.types import Language, Relation

QUOTE = (
    "│ "  # stands before what is quoted of an article where there is no layout; the same in both directions
)

_FORMS: dict[Language, dict[str, dict[str, str]]] = {
    "ar": {
        "stories": {
            "zero": "لا قصص",
            "one": "قصة واحدة",
            "two": "قصتان",
            "few": "{n} قصص",
            "other": "{n} قصة",
        },
        "of articles": {
            "one": "مقالة جديدة واحدة",
            "two": "مقالتين جديدتين",
            "few": "{n} مقالات جديدة",
            "other": "{n} مقالة جديدة",
        },
        "in outlets": {
            "one": "مصدر واحد",
            "two": "مصدرين",
            "few": "{n} مصادر",
            "many": "{n} مصدرًا",
            "other": "{n} مصدر",
        },
        "found late": {
            "one": "عُثر على مقالة واحدة أقدم بعد تعديل قائمة الرصد",
            "two": "عُثر على مقالتين أقدم بعد تعديل قائمة الرصد",
            "few": "عُثر على {n} مقالات أقدم بعد تعديل قائمة الرصد",
            "other": "عُثر على {n} مقالة أقدم بعد تعديل قائمة الرصد",
        },
        "copies merged": {
            "one": "ضُمّت نسخة مكررة واحدة إلى أصلها",
            "two": "ضُمّت نسختان مكررتان إلى أصليهما",
            "few": "ضُمّت {n} نسخ مكررة إلى أصولها",
            "other": "ضُمّت {n} نسخة مكررة إلى أصولها",
        },
        "feeds failed": {
            "one": "يحتاج مصدر واحد إلى نظر",
            "two": "يحتاج مصدران إلى نظر",
            "few": "تحتاج {n} مصادر إلى نظر",
            "many": "يحتاج {n} مصدرًا إلى نظر",
            "other": "يحتاج {n} مصدر إلى نظر",
        },
        "more stories": {
            "one": "وقصة أخرى",
            "two": "وقصتان أخريان",
            "few": "و{n} قصص أخرى",
            "other": "و{n} قصة أخرى",
        },
        "more copies": {
            "one": "ونسخة أخرى",
            "two": "ونسختان أخريان",
            "few": "و{n} نسخ أخرى",
            "other": "و{n} نسخة أخرى",
        },
        "more articles": {
            "one": "ومقالة أخرى",
            "two": "ومقالتان أخريان",
            "few": "و{n} مقالات أخرى",
            "other": "و{n} مقالة أخرى",
        },
        "more forms": {
            "one": "وصيغة أخرى",
            "two": "وصيغتان أخريان",
            "few": "و{n} صيغ أخرى",
            "other": "و{n} صيغة أخرى",
        },
        "more terms": {
            "one": "ويُراقَب اسم آخر",
            "two": "ويُراقَب اسمان آخران",
            "few": "وتُراقَب {n} أسماء أخرى",
            "many": "ويُراقَب {n} اسمًا آخر",
            "other": "ويُراقَب {n} اسم آخر",
        },
        "more feeds": {
            "one": "ومصدر آخر",
            "two": "ومصدران آخران",
            "few": "و{n} مصادر أخرى",
            "many": "و{n} مصدرًا آخر",
            "other": "و{n} مصدر آخر",
        },
        "reviews": {
            "one": "مطابقة واحدة غير مؤكدة",
            "two": "مطابقتان غير مؤكدتين",
            "few": "{n} مطابقات غير مؤكدة",
            "other": "{n} مطابقة غير مؤكدة",
        },
        "seen ago": {
            "one": "أول ظهور منذ يوم",
            "two": "أول ظهور منذ يومين",
            "few": "أول ظهور منذ {n} أيام",
            "many": "أول ظهور منذ {n} يومًا",
            "other": "أول ظهور منذ {n} يوم",
        },
        "hidden": {
            "one": "لا تظهر هنا قصة واحدة كتمتها",
            "two": "لا تظهر هنا قصتان كتمتهما",
            "few": "لا تظهر هنا {n} قصص كتمتها",
            "other": "لا تظهر هنا {n} قصة كتمتها",
        },
        "muted": {
            "one": "كُتمت قصة واحدة عن جميع المشتركين",
            "two": "كُتمت قصتان عن جميع المشتركين",
            "few": "كُتمت {n} قصص عن جميع المشتركين",
            "other": "كُتمت {n} قصة عن جميع المشتركين",
        },
        "more aside": {
            "one": "ومادة أخرى تعذّر عرضها",
            "two": "ومادتان أخريان تعذّر عرضهما",
            "few": "و{n} مواد أخرى تعذّر عرضها",
            "other": "و{n} مادة أخرى تعذّر عرضها",
        },
        "more reviews": {
            "one": "ومطابقة أخرى غير مؤكدة",
            "two": "ومطابقتان أخريان غير مؤكدتين",
            "few": "و{n} مطابقات أخرى غير مؤكدة",
            "other": "و{n} مطابقة أخرى غير مؤكدة",
        },
    },
    "en": {
        "stories": {"one": "1 story", "other": "{n} stories"},
        "of articles": {"one": "1 new article", "other": "{n} new articles"},
        "in outlets": {"one": "1 outlet", "other": "{n} outlets"},
        "found late": {
            "one": "1 older article was found after the watchlist changed",
            "other": "{n} older articles were found after the watchlist changed",
        },
        "copies merged": {
            "one": "1 copy was folded into its original",
            "other": "{n} copies were folded into their originals",
        },
        "feeds failed": {"one": "1 feed needs a look", "other": "{n} feeds need a look"},
        "more stories": {"one": "and 1 more story", "other": "and {n} more stories"},
        "more copies": {"one": "and 1 more copy", "other": "and {n} more copies"},
        "more articles": {"one": "and 1 more article", "other": "and {n} more articles"},
        "more forms": {"one": "and 1 more spelling", "other": "and {n} more spellings"},
        "more terms": {"one": "1 more term is watched", "other": "{n} more terms are watched"},
        "more feeds": {"one": "and 1 more feed", "other": "and {n} more feeds"},
        "reviews": {"one": "1 uncertain match", "other": "{n} uncertain matches"},
        "seen ago": {"one": "first since yesterday", "other": "first in {n} days"},
        "hidden": {
            "one": "1 story that you muted is not shown",
            "other": "{n} stories that you muted are not shown",
        },
        "muted": {"one": "1 story is muted for everyone", "other": "{n} stories are muted for everyone"},
        "more aside": {
            "one": "and 1 more that could not be shown",
            "other": "and {n} more that could not be shown",
        },
        "more reviews": {"one": "and 1 more uncertain match", "other": "and {n} more uncertain matches"},
    },
}

_PHRASES: dict[Language, dict[str, str]] = {
    "ar": {
        "brand": "راصد",
        "nothing": "لا جديد عن الأسماء التي تتابعها",
        "since": "منذ {when}",
        "of": "من",
        "in": "في",
        "all feeds read": "جُلبت المصادر كلها",
        "matched": "الأسماء الواردة: {forms}",
        "follow-up": "جديد في قصة سابقة",
        "found late": "عُثر عليه بعد تعديل قائمة الرصد",
        "one story": "جُمعت في قصة واحدة — {why}",
        "source": "المصدر: {name}",
        "via": "عن {name}",
        "copy": "نسخة",
        "review": "للمراجعة: {count}",
        "nothing to report": "لم يُنشر منذ {when} جديد عن الأسماء التي تتابعها.",
        "failed": "مصادر تحتاج إلى نظر",
        "last read": "آخر جلب ناجح: {when}",
        "never read": "لم يُجلب بعد",
        "in archive": "في الأرشيف",
        "open": "عرض النشرة في الأرشيف",
        "schedule": "موعد الإرسال: {schedule}",
        "reason": "تصلك هذه النشرة لأنك مشترك في «{name}». العناوين والمقتطفات لأصحابها.",
        "above usual": "▲\u00a0{n} فوق المعتاد",
        "usual": "المعتاد {n} في اليوم",
        "seldom": "نادر الظهور",
        "first": "أول ظهور في الأرشيف",
        "spike": "▲\u00a0طفرة: {n} اليوم والمعتاد {usual}",
        "under one": "أقل من 1",
        "not a match": "ليست مطابقة؟",
        "mute": "كتم القصة",
        "right": "صحيحة ✓",
        "wrong": "خاطئة ✗",
        "unsubscribe": "إلغاء الاشتراك",
        "set aside": "تعذّر عرضه لخلل في راصد",
        "days": "مقالات كل يوم في آخر سبعة أيام: {days}",
        "today": "اليوم {clock}",
        "yesterday": "أمس {clock}",
        "now": "الآن",
        "part": "الجزء {n} من {all}",
        "repeat": "قد تكون هذه الرسالة مكررة: لم يصل تأكيد المحاولة السابقة.",
        "comma": "، ",
        "and": "، و",
    },
    "en": {
        "brand": "Rasid",
        "nothing": "nothing new on the terms you follow",
        "since": "since {when}",
        "of": "from",
        "in": "in",
        "all feeds read": "every feed could be read",
        "matched": "Matched: {forms}",
        "follow-up": "New in an earlier story",
        "found late": "found after the watchlist changed",
        "one story": "Grouped as one story — {why}",
        "source": "Source: {name}",
        "via": "via {name}",
        "copy": "copy",
        "review": "For review: {count}",
        "nothing to report": "Nothing on the terms you follow has been published since {when}.",
        "failed": "Feeds that need a look",
        "last read": "last read {when}",
        "never read": "never read so far",
        "in archive": "in the archive",
        "open": "Open this digest in the archive",
        "schedule": "Sent {schedule}",
        "reason": "You get this digest because you are subscribed to “{name}”. "
        "Titles and excerpts belong to their owners.",
        "above usual": "▲\u00a0{n} above usual",
        "usual": "usually {n} a day",
        "seldom": "seldom seen",
        "first": "first in the archive",
        "spike": "▲\u00a0spike: {n} today, usually {usual}",
        "under one": "less than 1",
        "not a match": "Not a match?",
        "mute": "Mute this story",
        "right": "Right ✓",
        "wrong": "Wrong ✗",
        "unsubscribe": "Unsubscribe",
        "set aside": "Could not be shown, by a fault of Rasid's own",
        "days": "Articles a day over the last seven days: {days}",
        "today": "today {clock}",
        "yesterday": "yesterday {clock}",
        "now": "just now",
        "part": "part {n} of {all}",
        "repeat": "This may be a repeat: the earlier attempt was not confirmed.",
        "comma": ", ",
        "and": ", and ",
    },
}

_RELATIONS: dict[Language, dict[Relation, str]] = {
    "ar": {
        "exact": "نسخة حرفية",
        "near": "نسخة معدّلة",
        "excerpt": "نسخة مختصرة",
        "extends": "يضيف إلى خبر سابق",
        "revised": "يعدّل خبرًا سابقًا",
    },
    "en": {
        "exact": "verbatim copy",
        "near": "edited copy",
        "excerpt": "shortened copy",
        "extends": "adds to an earlier article",
        "revised": "revises an earlier article",
    },
}


def phrase(language: Language, key: str, **values: object) -> str:
    """Return a fixed phrase with its values put in."""
    return _PHRASES[language][key].format(**values)


def counted(language: Language, noun: str, number: int) -> str:
    """Return a number with its noun in the form that the number asks for."""
    forms = _FORMS[language][noun]
    category = _locale(language).plural_form(number)
    return forms.get(category, forms["other"]).format(n=number)


def relation(language: Language, kind: Relation) -> str:
    """Name how an article relates to an earlier one; empty for a new one."""
    return _RELATIONS[language].get(kind, "")


def long_date(when: datetime, timezone: str, language: Language) -> str:
    """Return the day in words: «السبت 22 نوفمبر 2025»."""
    return _format("EEEE d MMMM y", when, timezone, language)


def moment(when: datetime, now: datetime, timezone: str, language: Language) -> str:
    """Return a point in time as a reader of today says it: «أمس 9:40 م»."""
    clock = _format("h:mm a", when, timezone, language)
    days = _day(now, timezone) - _day(when, timezone)
    if days in (0, 1):
        return phrase(language, "yesterday" if days else "today", clock=clock)
    same_year = when.astimezone(ZoneInfo(timezone)).year == now.astimezone(ZoneInfo(timezone)).year
    return f"{_format('EEEE d MMMM' if same_year else 'd MMMM y', when, timezone, language)} {clock}"


def ago(when: datetime, now: datetime, timezone: str, language: Language) -> str:
    """Return how long ago something was, up to twelve hours; beyond them when it was."""
    minutes = int((now - when) / timedelta(minutes=1))
    if minutes < 1:
        return phrase(language, "now")
    if minutes >= 12 * 60:
        return moment(when, now, timezone, language)
    # Whole hours, rounded down: babel would round 90 minutes up to two.
    passed = timedelta(minutes=minutes) if minutes < 60 else timedelta(hours=minutes // 60)
    return format_timedelta(-passed, add_direction=True, threshold=1.0, locale=_locale(language))


@cache
def _locale(language: Language) -> Locale:
    return Locale.parse(language)


def _format(pattern: str, when: datetime, timezone: str, language: Language) -> str:
    local = when.astimezone(ZoneInfo(timezone))
    return format_datetime(local, pattern, locale=_locale(language))


def _day(when: datetime, timezone: str) -> int:
    return when.astimezone(ZoneInfo(timezone)).toordinal()
