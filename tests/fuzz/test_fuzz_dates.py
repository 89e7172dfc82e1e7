"""Dates out of anything: never an exception, never a date that no news site can have."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rasid.types import OutletRules
from sources.dates import date_in_url, read_date, read_stamp

DIGITS = "0123456789٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹"
WORDS = (
    "يناير|كانون الثاني|آب|ماي|نيسان/ أبريل|رجب|ذو الحجة|هـ|هـ.ش|الموافق|الساعة|ص|م|مساءً|ليلا|بتوقيت مكة|(غرينتش)|ت غ"
    "|GMT|GMT+3|AST|Z|T|+03:00|-0500|+9999|Jan|December|May|السبت|/|-|.|:|،| |الاول|\u0640|\u200f|\ufeff|١٣"
)
NUMBERS = st.integers(0, 99_999).map(str) | st.text(alphabet=DIGITS, min_size=1, max_size=8)
PIECES = st.lists(st.sampled_from(WORDS.split("|")) | NUMBERS, max_size=14)
TEXTS = st.text(max_size=400) | st.builds("".join, PIECES) | st.builds(" ".join, PIECES)
RULES = st.builds(
    OutletRules,
    timezone=st.sampled_from(["", "Asia/Riyadh", "Africa/Casablanca", "Asia/Beirut"]),
    date_format=st.sampled_from(["", "%d-%m-%Y", "%m/%d/%Y %H:%M", "%d %B %Y", "%Y.%m.%d"]),
)


def check(found: date | None) -> None:
    """What each answer is held to."""
    if isinstance(found, datetime):
        assert timedelta(0) == found.utcoffset()
    if found is not None:
        assert 1995 <= (found + timedelta(days=1)).year <= 2101


@given(TEXTS, RULES)
def test_arbitrary_text(text: str, rules: OutletRules) -> None:
    """An aware time in UTC, a day of a plausible year, or nothing."""
    check(read_date(text, rules))
    check(read_stamp(text, rules))


@given(st.text(max_size=300))
def test_arbitrary_addresses(url: str) -> None:
    """The same of what stands in addresses."""
    check(date_in_url(f"https://press.example/{url}"))


@given(
    st.datetimes(min_value=datetime(1995, 1, 2), max_value=datetime(2100, 12, 30), timezones=st.just(UTC)),
    st.sampled_from(["%Y-%m-%dT%H:%M:%S+00:00", "%a, %d %b %Y %H:%M:%S GMT", "%d %B %Y %H:%M:%S UTC"]),
)
def test_written_times_are_read_back(when: datetime, form: str) -> None:
    """Reading undoes writing, to the second."""
    assert when.replace(microsecond=0) == read_date(when.strftime(form))


@given(
    st.sampled_from(["1/", "13 ", "يناير ", "كانون ", "10:", "(", "ت", "من ", "٣"]), st.integers(1, 200_000)
)
def test_time_is_bounded(piece: str, times: int) -> None:
    """However long a text repeats itself, its beginning decides."""
    began = time.perf_counter()
    read_date(piece * times)
    assert time.perf_counter() - began < 1.0
