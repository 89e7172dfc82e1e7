"""Cases 47–51 on pages: the date that an article gets from its page, or the time when it was first seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.hostile.hostile_press import PARAGRAPHS, Site, http, item, rss, watch

if TYPE_CHECKING:
    from pathlib import Path

TITLE = "إنفيديا تعرض معالجا"
NOON = datetime(2024, 1, 13, 12, 0, tzinfo=UTC)
DAY = datetime(2024, 1, 13, tzinfo=UTC)
LINE = "<div class='date'>{}</div>"
META = "<meta property='article:published_time' content='{}'>"


def published(tmp_path: Path, *, head: str = "", line: str = "", rules: str = "") -> datetime | None:
    """The time of an article whose page alone has a date; None: it was taken for news of this moment."""
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    html = (
        f"<!doctype html><html lang='ar'><head><meta charset='utf-8'><title>{TITLE}</title>{head}</head>"
        f"<body><article><h1>{TITLE}</h1>{line}{text}</article></body></html>"
    )
    with Site({"/a": http(html, "Content-Type: text/html; charset=utf-8")}) as site:
        site.answers["/feed"] = http(rss(item(site.url("/a"))), "Content-Type: application/rss+xml")
        rasid = watch(tmp_path, site.url("/feed"), feeds={"feed-0": rules})
        rasid.collect()
        [article] = rasid.articles()
        now = rasid.clock()
    assert article.published <= now
    return None if now - article.published < timedelta(minutes=5) else article.published


@pytest.mark.parametrize(
    "date",
    [
        "السبت، ١٣ كانون الثاني/ يناير ٢٠٢٤ الساعة ١٢:٠٠ بتوقيت غرينتش",
        "13 جانفي 2024 - 13:00 بتوقيت تونس",
        "13 يناير (كانون الثاني) 2024، 03:00 م بتوقيت مكة المكرمة",
    ],
)
def test_047_arabic_dates(tmp_path: Path, date: str) -> None:
    """Months by all their names and Arabic digits give the moment."""
    assert NOON == published(tmp_path, line=LINE.format(date))


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("1 رجب 1445 هـ", DAY),
        ("1445/7/1 هـ الموافق 2024/1/13 م", DAY),
        ("۲۳ دی ۱۴۰۲", None),
        ("1402/10/23", None),
    ],
)
def test_048_other_calendars(tmp_path: Path, date: str, expected: datetime | None) -> None:
    """Hijri is converted; of Jalali nothing is known but when it was first seen."""
    assert expected == published(tmp_path, line=LINE.format(date))


@pytest.mark.parametrize("date", ["01-01-2024", "05/04/2024", "1704096000", "رقم المادة 1704096000"])
def test_049_digits_alone(tmp_path: Path, date: str) -> None:
    """A date that could be two, and a number that is none, are not guessed at."""
    assert published(tmp_path, line=LINE.format(date)) is None


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("", DAY),
        (", timezone: Asia/Riyadh", NOON),
        (", timezone: America/Halifax", NOON + timedelta(hours=7)),
    ],
)
def test_050_a_zone_with_two_meanings(tmp_path: Path, rules: str, expected: datetime) -> None:
    """AST is Riyadh's or Halifax's time, as the outlet's rule says; without a rule the day is known."""
    line = LINE.format("Sat, 13 Jan 2024 15:00:00 AST")
    assert expected == published(tmp_path, line=line, rules=rules)


@pytest.mark.parametrize("date", ["2099-01-01T00:00:00Z", "2099-01-01", "3024-01-01T00:00:00Z", "0024-01-13"])
def test_051_times_to_come(tmp_path: Path, date: str) -> None:
    """No article is from tomorrow: first seen counts."""
    assert published(tmp_path, head=META.format(date)) is None
