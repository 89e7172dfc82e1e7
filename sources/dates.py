"""Dates as feeds and pages write them: the one reader for both.

Theory of operation. The text is folded (marks, tatweel, presentation forms and both sets of digits go), then
a day is looked for, then a time of day beside it, then a zone right behind the time. The first thing that
looks like a day decides: where it cannot be one (31 February) or could be two (01-02-2024), the date is
unknown, for a wrong date is worse than none. What is never guessed:

- which of two numbers up to 12 is the month, unless the outlet's `date_format` says so; 01-01-2024 neither;
- that a bare number such as 1704096000 is a time, except in a field that holds nothing else (`read_stamp`);
- the zone of a time without one, or of AST, EST, IST, each of which names several: `timezone` of the outlet
  gives it, and where that is not set the day alone is known;
- Jalali years, which look like Hijri ones and are six centuries off: unknown.

Of a Hijri date and a Gregorian one side by side the Gregorian counts; a Hijri date alone is converted by the
Umm al-Qura calendar. «منذ ساعتين» is no date: when it was written is not known here.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hijridate import Hijri

from rasid.text import fold
from rasid.types import NO_RULES
from sources.plain import plain_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rasid.types import OutletRules

_OLDEST, _LATEST = 1995, 2100  # no Arabic news site is older; later years are mistakes
_MAX_TEXT = 200  # characters; two dates with weekdays, names of cities and words around them fit
_Span = tuple[int, int]

# All tables hold folded words: أ ا, ى ي, ة ه are one. The spellings of a month are those of the Gulf and Egypt,
# of the Levant and Iraq, of Tunisia and Algeria, of Morocco, of English.
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "يناير|كانون الثاني|كانون ثاني|جانفي|january|jan",
            "فبراير|شباط|فيفري|february|feb",
            "مارس|اذار|march|mar",
            "ابريل|نيسان|افريل|april|apr",
            "مايو|ايار|ماي|may",
            "يونيو|يونيه|حزيران|جوان|june|jun",
            "يوليو|يوليه|يوليوز|تموز|جويليه|july|jul",
            "اغسطس|اب|اوت|غشت|august|aug",
            "سبتمبر|ايلول|شتنبر|september|sept|sep",
            "اكتوبر|تشرين الاول|تشرين اول|october|oct",
            "نوفمبر|تشرين الثاني|تشرين ثاني|نونبر|november|nov",
            "ديسمبر|كانون الاول|كانون اول|دجنبر|december|dec",
        ),
        start=1,
    )
    for name in names.split("|")
}
_HIJRI_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "محرم الحرام|المحرم|محرم",
            "صفر",
            "ربيع الاول|ربيع اول",
            "ربيع الاخر|ربيع الثاني|ربيع اخر|ربيع ثاني",
            "جمادي الاولي|جمادي الاول|جمادي اولي",
            "جمادي الاخره|جمادي الاخر|جمادي الثانيه|جمادي الثاني|جمادي اخره",
            "رجب",
            "شعبان",
            "رمضان المبارك|رمضان",
            "شوال",
            "ذو القعده|ذي القعده|ذوالقعده",
            "ذو الحجه|ذي الحجه|ذوالحجه",
        ),
        start=1,
    )
    for name in names.split("|")
}
_CITIES = {
    name: zone
    for zone, names in {
        "UTC": "غرينتش|جرينتش|غرينيتش|جرينيتش|العالمي|الموحد",
        "Asia/Riyadh": "مكه المكرمه|مكه|السعوديه|المملكه العربيه السعوديه|الرياض|المدينه المنوره",
        "Asia/Qatar": "الدوحه|قطر",
        "Asia/Dubai": "ابوظبي|ابو ظبي|دبي|الامارات",
        "Asia/Kuwait": "الكويت",
        "Asia/Bahrain": "البحرين|المنامه",
        "Asia/Muscat": "مسقط|سلطنه عمان",
        "Asia/Aden": "اليمن|صنعاء|عدن",
        "Asia/Baghdad": "بغداد|العراق",
        "Asia/Beirut": "بيروت|لبنان",
        "Asia/Damascus": "دمشق|سوريا|سوريه",
        "Asia/Amman": "الاردن",
        "Asia/Hebron": "القدس المحتله|القدس|فلسطين|غزه|رام الله",
        "Africa/Cairo": "القاهره|مصر",
        "Africa/Khartoum": "الخرطوم|السودان",
        "Africa/Tripoli": "طرابلس|ليبيا",
        "Africa/Tunis": "تونس",
        "Africa/Algiers": "الجزاير",
        "Africa/Casablanca": "المغرب|الرباط|الدار البيضاء",
        "Africa/Nouakchott": "نواكشوط|موريتانيا",
        "Europe/Moscow": "موسكو",
        "Europe/Istanbul": "اسطنبول|تركيا|انقره",
        "Europe/London": "لندن",
        "Europe/Paris": "باريس",
        "America/New_York": "واشنطن|نيويورك",
    }.items()
    for name in names.split("|")
}
# Hours east of Greenwich; only names that mean one thing.
_LETTERS = {
    "z": 0, "gmt": 0, "utc": 0, "ut": 0, "wet": 0, "west": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3,
    "msk": 3, "edt": -4, "cdt": -5, "mdt": -6, "pdt": -7,
}  # fmt: skip


def _any_of(names: Mapping[str, object]) -> str:
    longest_first = sorted(names, key=len, reverse=True)
    return rf"(?<![ء-يa-z])(?:{'|'.join(map(re.escape, longest_first))})(?![ء-يa-z])"


_MONTH = _any_of(_MONTHS)
# «13 نيسان/ أبريل», «13 أبريل (نيسان)»: the same month in both systems.
_BOTH = rf"(?P<m>{_MONTH})(?: ?[/(-] ?(?P<m2>{_MONTH}) ?\)?)?"
_ORDINAL = r"(?:st|nd|rd|th)?"
_GAP = r"[ \-/.,،]*"
_YEAR_BEHIND = r"(?:من |عام |سنه )*(?P<y>\d{4}|\d\d(?= \d\d?:\d\d))(?!\d)"
_TIME_BETWEEN = r"(?:[ ,،]+| \d\d?:\d\d(?::\d\d)?(?: [a-z]{2,5})? )"
_GREGORIAN = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![\d.:])(?P<y>\d{4}) ?(?P<s>[-/.]) ?(?P<m>\d{1,2}) ?(?P=s) ?(?P<d>\d{1,2})(?!\d)",
        r"\A(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?=t\d|\Z)",
        rf"(?<!\d)(?P<d>\d{{1,2}}){_ORDINAL}{_GAP}(?:من |شهر |of )*{_BOTH}{_GAP}{_YEAR_BEHIND}",
        # January 13, 2024; Sat Jan 13 10:35:00 GMT 2024
        rf"{_BOTH}\.? ?(?P<d>\d{{1,2}}){_ORDINAL}{_TIME_BETWEEN}(?P<y>\d{{4}})(?!\d)",
        r"(?<![\d./-])(?P<a>\d{1,2}) ?(?P<s>[-/.]) ?(?P<b>\d{1,2}) ?(?P=s) ?(?P<y>\d{4})(?!\d)",
    )
)
_HIJRI_MONTH = _any_of(_HIJRI_MONTHS)
_HIJRI_SIGN = r" ?ه(?![ء-ي])(?! ?\.? ?ش)"  # «هـ ش» is the solar year of Iran
_HIJRI = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<!\d)(?P<d>\d{{1,2}}) ?(?:من |شهر )*(?P<m>{_HIJRI_MONTH}){_GAP}(?:من |عام |سنه )*(?P<y>1[45]\d\d)(?!\d)",
        rf"(?<!\d)(?P<y>1[45]\d\d) ?[-/] ?(?P<m>\d{{1,2}}) ?[-/] ?(?P<d>\d{{1,2}}){_HIJRI_SIGN}",
        rf"(?<!\d)(?P<d>\d{{1,2}}) ?[-/] ?(?P<m>\d{{1,2}}) ?[-/] ?(?P<y>1[45]\d\d){_HIJRI_SIGN}",
    )
)
_HALF = r"(?P<half>[ap]\.?m(?![a-z])|(?:صباحا?|ص|فجرا?|بعد الظهر|ظهرا?|عصرا?|مساء|ليلا?|م)(?![ء-ي]))"
_TIMES = (
    re.compile(
        rf"(?<![\d:.])(?P<h>\d{{1,2}})[:h](?P<m>\d\d)(?::(?P<s>\d\d)(?:[.,]\d+)?)?(?!\d|:\d) ?{_HALF}?"
    ),
    re.compile(r"t(?P<h>\d\d)(?P<m>\d\d)(?P<s>\d\d)?(?:[.,]\d+)?(?P<half>)(?!\d)"),
    re.compile(rf"الساعه (?P<h>\d{{1,2}})(?P<m>)(?P<s>)(?![\d:]) ?{_HALF}"),
)
_ZONE = re.compile(
    r"\.?[ (\[]*(?:(?:gmt|utc)? ?(?P<sign>[+-]) ?(?P<oh>\d\d|(?<=[tc][+-])\d):?(?P<om>\d\d)?(?!\d)"
    rf"|(?P<name>{'|'.join(sorted(_LETTERS, key=len, reverse=True))})(?![a-z])"
    rf"|[^\d]{{0,12}}?(?:توقيت(?: مدينه| دوله)?|\() ?(?P<city>{_any_of(_CITIES)})|(?P<afp>ت ?\.? ?غ)(?![ء-ي]))"
)
_EPOCH = re.compile(r"\s*(\d{10})(\d{3})?(?:\.\d+)?\s*\Z", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "0123456789" * 2)
_IN_URL = re.compile(
    r"/(?P<y>20\d\d)(?:/[a-z_-]{3,24}(?=/))?(?P<s>[-/]?)(?P<m>0?[1-9]|1[0-2])(?P=s)(?P<d>0?[1-9]|[12]\d|3[01])(?=[-/._]|\Z)"
)


def read_date(text: str, rules: OutletRules = NO_RULES) -> datetime | date | None:
    """The time in UTC where time and zone are known, else the day; None where no day is. Never raises.

    Args:
        text: what stands in the place of the date, words around it included; the first 200 characters count.
        rules: of the outlet; `timezone` for times without a zone, `date_format` for days that can be read in
            two ways.
    """
    line = plain_line(text, limit=_MAX_TEXT).translate(_DIGITS)
    if _ISO.match(line) and (read := _iso(line, rules)):
        return read
    if rules.date_format and (read := _by_format(line, rules)):
        return read
    folded = fold(line).text
    found = _day(folded, rules)
    if found is None:
        return None
    day, spans = found
    for start, end in spans:  # what is part of the day is no part of the time
        folded = folded[:start] + "|" * (end - start) + folded[end:]
    return _with_time(day, folded, rules)


def read_stamp(text: str, rules: OutletRules = NO_RULES) -> datetime | date | None:
    """`read_date` for a field that holds a time and nothing else: seconds or milliseconds since 1970, too."""
    if epoch := _EPOCH.match(text):
        return _plausible(datetime.fromtimestamp(int(epoch[1]), tz=UTC))
    return read_date(text, rules)


def date_in_url(url: str) -> date | None:
    """The day that an address names, as in /2024/01/13/, /2024-1-13-, /20240113/ or /2024/tech/1/13/."""
    found = _IN_URL.search(url)
    if found is None or (not found["s"] and len(found[0]) != len("/20240113")):
        return None
    return _calendar_day(found["y"], int(found["m"]), found["d"])


def _iso(line: str, rules: OutletRules) -> datetime | date | None:
    """The quick way for what most feeds and pages write."""
    try:
        when = datetime.fromisoformat(line)
    except ValueError:
        return None
    return _settled(when, rules, timed=len(line) > len("2024-01-13"))


def _by_format(line: str, rules: OutletRules) -> datetime | date | None:
    try:
        when = datetime.strptime(line, rules.date_format)  # noqa: DTZ007 - its zone is settled next
    except ValueError:
        return None
    return _settled(when, rules, timed=re.search("%[HIcXT]", rules.date_format) is not None)


def _settled(when: datetime, rules: OutletRules, *, timed: bool) -> datetime | date | None:
    if _plausible(when) is None:
        return None
    zone = when.tzinfo or _zone_of(rules)
    if not timed or zone is None:
        return when.date()
    return when.replace(tzinfo=zone, microsecond=0).astimezone(UTC)


def _plausible(when: datetime) -> datetime | None:
    return when if _OLDEST <= when.year <= _LATEST else None


def _zone_of(rules: OutletRules) -> tzinfo | None:
    return ZoneInfo(rules.timezone) if rules.timezone else None


def _day(folded: str, rules: OutletRules) -> tuple[date, list[_Span]] | None:
    """The first day of the text and where its numbers stand."""
    for candidates in (_gregorian(folded, rules.date_format), _hijri(folded)):
        first = min(candidates, key=lambda candidate: candidate[1][0], default=None)
        if first is not None:
            day, spans = first
            return None if day is None else (day, spans)
    return None


def _gregorian(folded: str, date_format: str) -> Iterator[tuple[date | None, list[_Span]]]:
    """Whatever looks like a day of a plausible year; None for a day that there is not, or that may be two."""
    for pattern in _GREGORIAN:
        for found in pattern.finditer(folded):
            year = _four_digits(found["y"])
            if not _OLDEST <= year <= _LATEST:
                continue
            groups = found.re.groupindex
            spans = [found.span(name) for name in ("y", "m", "d", "a", "b") if name in groups]
            if "a" in groups:
                day = _numeric(found["a"], found["b"], year, date_format)
            elif found["m"].isdigit():
                day = _calendar_day(year, int(found["m"]), found["d"])
            else:
                month, again = _MONTHS[found["m"]], found["m2"]
                same = again is None or _MONTHS[again] == month
                day = _calendar_day(year, month, found["d"]) if same else None
            yield day, sorted(spans)
            break


def _four_digits(year: str) -> int:
    """RFC 850 writes two."""
    return int(year) if len(year) > 2 else int(year) + (1900 if int(year) >= 95 else 2000)


def _numeric(first: str, second: str, year: int, date_format: str) -> date | None:
    """Day and month in an order that the numbers, or else the outlet's format, tell."""
    a, b = int(first), int(second)
    if a <= 12 and b <= 12 and not date_format:
        return None
    day_first = a > 12 or (b <= 12 and date_format.find("%d") < date_format.find("%m"))
    return _calendar_day(year, b, a) if day_first else _calendar_day(year, a, b)


def _hijri(folded: str) -> Iterator[tuple[date | None, list[_Span]]]:
    for pattern in _HIJRI:
        found = pattern.search(folded)
        if found is None:
            continue
        month = int(found["m"]) if found["m"].isdigit() else _HIJRI_MONTHS[found["m"]]
        try:
            day: date | None = date.fromisoformat(
                Hijri(int(found["y"]), month, int(found["d"])).to_gregorian().isoformat()
            )
        except (ValueError, OverflowError):
            day = None
        plausible = day is not None and _OLDEST <= day.year <= _LATEST
        yield (day if plausible else None), sorted(found.span(name) for name in "ymd")


def _calendar_day(year: str | int, month: int, day: str | int) -> date | None:
    try:
        return date(int(year), month, int(day))
    except ValueError:
        return None


def _with_time(day: date, folded: str, rules: OutletRules) -> datetime | date:
    found = next((match for pattern in _TIMES if (match := pattern.search(folded))), None)
    clock = found and _clock(found)
    if not found or clock is None:
        return day
    zone = _zone(folded, found.end()) or _zone_of(rules)
    return day if zone is None else datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def _clock(found: re.Match[str]) -> time | None:
    hour, half = int(found["h"]), found["half"] or ""
    if half.startswith(("ص", "ف", "a")):
        hour %= 12 if hour == 12 else 24
    elif half.startswith("ل"):  # ليلا: eleven in the evening, two after midnight
        hour = 0 if hour == 12 else hour + 12 if 6 <= hour < 12 else hour
    elif half and hour < 12 and not (half.startswith("ظ") and hour >= 10):
        hour += 12
    try:
        return time(hour, int(found["m"] or 0), min(int(found["s"] or 0), 59))
    except ValueError:
        return None


def _zone(folded: str, end: int) -> tzinfo | None:
    """The zone that is written right behind a time."""
    found = _ZONE.match(folded, end)
    if found is None:
        return None
    if found["city"]:
        return ZoneInfo(_CITIES[found["city"]])
    if found["name"]:
        return timezone(timedelta(hours=_LETTERS[found["name"]]))
    if found["afp"]:
        return UTC
    offset = timedelta(hours=int(found["oh"]), minutes=int(found["om"] or 0))
    if offset > timedelta(hours=14):
        return None
    return timezone(-offset if found["sign"] == "-" else offset)
