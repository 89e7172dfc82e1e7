"""Dates as Arabic sites write them: what is read, and what is never guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from rasid.types import OutletRules
from sources.dates import date_in_url, read_date, read_stamp

DAY = date(2024, 1, 13)
MORNING = datetime(2024, 1, 13, 10, 35, tzinfo=UTC)
IN_RIYADH = datetime(2024, 1, 13, 7, 35, tzinfo=UTC)
RIYADH = OutletRules(timezone="Asia/Riyadh")


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-13T10:35:00Z",
        "2024-01-13 10:35:00.250+00:00",
        "2024-01-13T13:35:00+03",
        "2024-01-13T13:35:00+0300",
        "2024-01-13T13:35+03:00",
        "20240113T103500Z",
        "20240113T1335+0300",
        "  2024-01-13T10:35:00Z\n",
        "Sat, 13 Jan 2024 10:35:00 GMT",
        "Sat, 13 Jan 2024 05:35:00 -0500",
        "13 Jan 24 10:35 UT",
        "Saturday, 13-Jan-24 10:35:00 GMT",
        "Sat Jan 13 10:35:00 UTC 2024",
        "Sat Jan 13 2024 13:35:00 GMT+0300 (Arabian Standard Time)",
        "January 13th, 2024 10:35 am UTC",
        "السبت 13 يناير 2024 - 10:35 بتوقيت غرينتش",
        "السبت، ١٣ كانون الثاني/ يناير ٢٠٢٤ الساعة ١٠:٣٥ ص (غرينتش)",
        "13 يناير 2024 الساعة 10:35 صباحًا توقيت غرينيتش",
        "13/1/2024 01:35 م بتوقيت مكة المكرمة",
        "13/01/2024 - 13:35 (السعودية)",
        "2024/1/13 1:35 مساءً بتوقيت الدوحة",
        "13 يناير 2024، 14:35 بتوقيت أبوظبي",
        "13 جانفي 2024 - 11:35 بتوقيت تونس",
        "13-01-2024 13:35 GMT+3",
        "13-01-2024 13:35 UTC+03:00",
        "10:35 ت غ - 13 يناير 2024",
        "13 ﻳﻨﺎﻳﺮ 2024 10:35 GMT",
        "13 ينـــاير 2024 10:35 GMT",
        "\u200f13\u200f \u202bيناير\u202c \u200e2024 10:35 GMT",
        "<time>13 يناير 2024</time> 10:35 GMT",
    ],
)
def test_times_with_a_zone(text: str) -> None:
    """One moment, however it is written."""
    assert MORNING == read_date(text)


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("10:35 م", 22, 35),
        ("10:35 مساء", 22, 35),
        ("12:05 ص", 0, 5),
        ("12:05 م", 12, 5),
        ("12:30 ظهرا", 12, 30),
        ("1:30 ظهرا", 13, 30),
        ("3:15 عصرا", 15, 15),
        ("11:40 ليلا", 23, 40),
        ("2:40 ليلا", 2, 40),
        ("4:10 فجرا", 4, 10),
        ("22:35 م", 22, 35),
        ("الساعة 10 مساء", 22, 0),
        ("18h05", 18, 5),
    ],
)
def test_hours_as_they_are_spoken(text: str, hour: int, minute: int) -> None:
    """Morning, noon, evening and night."""
    assert datetime(2024, 1, 13, hour, minute, tzinfo=UTC) == read_date(f"13 يناير 2024 {text} بتوقيت غرينتش")


@pytest.mark.parametrize(
    ("month", "names"),
    [
        (1, "يناير|كانون الثاني|جانفي|كانون الثاني/ يناير|يناير (كانون الثاني)"),
        (2, "فبراير|شباط|فيفري|شباط/فبراير"),
        (3, "مارس|آذار|آذار / مارس"),
        (4, "أبريل|ابريل|إبريل|نيسان|أفريل|نيسان/ أبريل"),
        (5, "مايو|أيار|ماي"),
        (6, "يونيو|يونيه|حزيران|جوان"),
        (7, "يوليو|يوليه|تموز|جويلية|يوليوز"),
        (8, "أغسطس|آب|أوت|غشت|آب/أغسطس"),
        (9, "سبتمبر|أيلول|شتنبر"),
        (10, "أكتوبر|تشرين الأول|تشرين أول"),
        (11, "نوفمبر|تشرين الثاني|نونبر"),
        (12, "ديسمبر|كانون الأول|دجنبر"),
    ],
)
def test_months_of_every_region(month: int, names: str) -> None:
    """Egypt and the Gulf, the Levant, Tunisia and Algeria, Morocco; day first and month first."""
    for name in names.split("|"):
        assert date(2023, month, 7) == read_date(f"الثلاثاء 7 {name} 2023"), name
        assert date(2023, month, 7) == read_date(f"{name} 7، 2023"), name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 رجب 1445 هـ", DAY),
        ("1 رجب 1445", DAY),
        ("1445/7/1 هـ", DAY),
        ("١/٧/١٤٤٥هـ", DAY),
        ("1 رجب 1445 هـ الموافق 13 يناير 2024", DAY),
        ("السبت 1445/7/2 هـ - 2024/1/13 م", DAY),  # the Gregorian counts where they disagree by a day
        ("10 ذي الحجة 1445", date(2024, 6, 16)),
        ("1 محرم 1446", date(2024, 7, 7)),
        ("27 جمادى الآخرة 1445", date(2024, 1, 9)),
        ("15 شعبان 1380 هـ", None),  # a year before all news sites
        ("31 رجب 1445 هـ", None),
        ("1402/10/23", None),  # Jalali
        ("۲۳ دی ۱۴۰۲", None),
        ("1445/7/1 هـ.ش", None),
    ],
)
def test_hijri_is_converted_and_jalali_unknown(text: str, expected: date | None) -> None:
    """By the Umm al-Qura calendar; a solar year is not taken for a lunar one."""
    assert expected == read_date(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "01-01-2024",
        "01-02-2024 10:35",
        "1704096000",
        "1704096000000",
        "منذ ساعتين",
        "قبل 3 أيام",
        "13 يناير",
        "10:35",
        "31 شباط 2020",
        "2024-13-45",
        "13 نيسان/ مارس 2024",  # two names, two months
        "1970-01-01T00:00:00Z",
        "0001-01-01T00:00:00",
        "13 يناير 2124",
        "خبر لا تاريخ له",
        "١٢٣٤٥٦٧٨٩٠",
        "2024",
        "رقم 20245113",
    ],
)
def test_nothing_is_guessed(text: str) -> None:
    """What is no date, no plausible one, or could be two."""
    assert read_date(text) is None


@pytest.mark.parametrize(
    "text",
    ["2024-01-13T10:35:00", "Sat, 13 Jan 2024 10:35:00 AST", "13/01/2024 10:35 ص", "10:35 13 يناير 2024 EST"],
)
def test_zone_of_the_outlet(text: str) -> None:
    """Without a zone, or with one that names several, the day alone is known until the outlet's zone is."""
    assert (DAY, IN_RIYADH) == (read_date(text), read_date(text, RIYADH))


def test_stated_zone_beats_the_outlets() -> None:
    """The rule speaks where the date does not."""
    assert MORNING == read_date("2024-01-13T10:35:00Z", RIYADH)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-13 10:35", datetime(2024, 1, 13, 8, 35, tzinfo=UTC)),
        ("2024-07-13 10:35", datetime(2024, 7, 13, 7, 35, tzinfo=UTC)),
        ("2024-10-26 23:30", datetime(2024, 10, 26, 20, 30, tzinfo=UTC)),  # comes twice that night: the first
        ("2024-03-31 00:30", datetime(2024, 3, 30, 22, 30, tzinfo=UTC)),  # does not come: as if not advanced
    ],
)
def test_summer_time(text: str, expected: datetime) -> None:
    """The zone's own changes, in the nights of the change too."""
    assert expected == read_date(text, OutletRules(timezone="Asia/Beirut"))


@pytest.mark.parametrize(
    ("text", "rules", "expected"),
    [
        ("01-02-2024", OutletRules(date_format="%d-%m-%Y"), date(2024, 2, 1)),
        ("01-02-2024", OutletRules(date_format="%m-%d-%Y"), date(2024, 1, 2)),
        ("٠١-٠٢-٢٠٢٤", OutletRules(date_format="%d-%m-%Y"), date(2024, 2, 1)),
        ("السبت 01/02/2024", OutletRules(date_format="%d/%m/%Y"), date(2024, 2, 1)),
        ("01-02-2024 10:35", OutletRules(date_format="%d-%m-%Y %H:%M"), date(2024, 2, 1)),
        (
            "01-02-2024 10:35",
            OutletRules(date_format="%d-%m-%Y %H:%M", timezone="Asia/Riyadh"),
            datetime(2024, 2, 1, 7, 35, tzinfo=UTC),
        ),
        ("13 يناير 2024", OutletRules(date_format="%d-%m-%Y"), DAY),
    ],
)
def test_format_of_the_outlet(text: str, rules: OutletRules, expected: date) -> None:
    """Tried first, and its order of day and month settles dates with words around them."""
    assert expected == read_date(text, rules)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1705142100", MORNING),
        ("1705142100000", MORNING),
        ("1705142100.25", MORNING),
        ("2024-01-13T10:35:00Z", MORNING),
        ("170514210", None),
        ("0000000000", None),
        ("9999999999", None),
    ],
)
def test_stamps(text: str, expected: datetime | None) -> None:
    """Seconds and milliseconds count where a field holds nothing else."""
    assert expected == read_stamp(text)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://press.example/2024/01/13/cable", DAY),
        ("https://press.example/story/2024/1/13/cable/49", DAY),
        ("https://press.example/news/2024-01-13-1.3874", DAY),
        ("https://press.example/2024/tech/1/13/cable/index.html", DAY),
        ("https://press.example/news/20240113/cable", DAY),
        ("https://press.example/news/2024011300123", None),
        ("https://press.example/news/2024/1345", None),
        ("https://press.example/2024/02/31/cable", None),
        ("https://press.example/v/2024.1", None),
        ("", None),
    ],
)
def test_days_in_addresses(url: str, expected: date | None) -> None:
    """A day with its three numbers, and no article's number."""
    assert expected == date_in_url(url)
