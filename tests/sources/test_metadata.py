"""What a page says about itself: headline, outlet, byline, date, address."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rasid.types import OutletRules
from sources.metadata import without_site
from sources.pages import extract
from tests.sources.test_pages import LEDE, SECOND, TITLE, URL, linked, page

WHEN = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
DAY = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("<meta property='article:published_time' content='2026-03-04T12:30:00+03:00'>", WHEN),
        ("<meta property='article:published_time' content='2026-03-04T12:30+0300'>", WHEN),
        ("<meta itemprop='datePublished' content='2026-03-04T09:30:00Z'>", WHEN),
        ("<meta name='pubdate' content='Wed, 04 Mar 2026 09:30:00 GMT'>", WHEN),
        (linked(datePublished="2026-03-04T09:30:00.000Z"), WHEN),
        (linked(datePublished=17), None),
        (
            "<meta property='article:published_time' content='2026-03-04T12:30:00'>",
            datetime(2026, 3, 4, tzinfo=UTC),
        ),
        (
            "<meta property='article:published_time' content='الأربعاء، ٠٤ آذار/مارس 2026 - 12:30 م'>",
            datetime(2026, 3, 4, tzinfo=UTC),
        ),
        ("<meta property='article:published_time' content='1970-01-01T00:00:00Z'>", None),
        (
            (
                "<meta property='article:modified_time' content='2026-03-05T09:30:00Z'>"
                "<meta property='article:published_time' content='2026-03-04T09:30:00Z'>"
            ),
            WHEN,
        ),
    ],
)
def test_time_of_publication(head: str, expected: datetime | None) -> None:
    """A full time with zone is taken in UTC; a time without zone gives its day only; a guess gives nothing."""
    assert expected == extract(page(head=head), URL).published


def test_time_element_refines_the_day_and_sidebars_do_not() -> None:
    """Of several time elements the one on the stated day counts."""
    day = "<meta property='article:published_time' content='2026-03-04'>"
    times = "<time datetime='2026-02-01T00:00:00Z'>ش</time><time datetime='2026-03-04T09:30:00Z'>م</time>"
    assert WHEN == extract(page(head=day, body=f"{times}<p>{LEDE}</p><p>{SECOND}</p>"), URL).published


@pytest.mark.parametrize(
    ("title", "outlet", "expected"),
    [
        (f"{TITLE} - راصد نيوز", "راصد نيوز", TITLE),
        (f"{TITLE} | راصد نيوز", "راصد نيوز", TITLE),
        (f"راصد نيوز | {TITLE}", "راصد نيوز", TITLE),
        (f"{TITLE} - تقنية - راصد نيوز", "راصد نيوز", f"{TITLE} - تقنية"),
        (f"{TITLE} - راصد نيوز", None, f"{TITLE} - راصد نيوز"),
        ("إنفيديا - هواوي: سباق الرقاقات", "راصد نيوز", "إنفيديا - هواوي: سباق الرقاقات"),
        ("راصد نيوز", "راصد نيوز", "راصد نيوز"),
    ],
)
def test_titles_lose_the_sites_name(title: str, outlet: str | None, expected: str) -> None:
    """The name goes at either end, and nothing else does."""
    assert expected == without_site(title, outlet, [])


def test_heading_settles_the_title() -> None:
    """A heading that the title begins with is the title, whatever follows."""
    found = extract(
        page(title=f"{TITLE} - تقنية - موقع", body=f"<h1>{TITLE}</h1><p>{LEDE}</p><p>{SECOND}</p>"), URL
    )
    assert found.title == TITLE


def test_outlet_and_author() -> None:
    """The site's name and a byline are read; addresses and logos are neither."""
    head = (
        "<meta property='og:site_name' content='https://press.example/'>"
        "<meta property='og:site_name' content='راصد نيوز'><meta name='author' content='https://facebook.com/x'>"
    )
    found = extract(page(head=head + linked(author=[{"name": "ليلى حداد"}])), URL)
    assert (found.outlet, found.author) == ("راصد نيوز", "ليلى حداد")
    assert extract(page(head=head), URL).author is None


def test_date_selector_and_timezone_of_the_outlet() -> None:
    """The named element comes first; its time is the outlet's."""
    body = f"<b id='when'>4 آذار 2026 - 12:30</b><p>{LEDE}</p><p>{SECOND}</p>"
    head = "<meta property='article:published_time' content='2026-03-09T09:30:00Z'>"
    rules = OutletRules(date="#when", timezone="Asia/Riyadh")
    assert WHEN == extract(page(head=head, body=body), URL, rules=rules).published


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("<p>4 مارس 2026 الساعة 12:30 بتوقيت مكة</p>", WHEN),
        ("<div class='info'><a href='/a'>ليلى حداد</a> <span>04/03/2026</span></div>", None),  # two readings
        ("<span>الأربعاء 4 آذار/مارس 2026</span>", datetime(2026, 3, 4, tzinfo=UTC)),
        ("<span>4</span> <span>مارس</span> <span>2026</span>", None),
        ("<div class='date'><b>4</b> <b>مارس</b> <b>2026</b></div>", datetime(2026, 3, 4, tzinfo=UTC)),
        ("<p>آخر تحديث: 9 مارس 2026 - 10:00 بتوقيت مكة</p>", None),
        ("<p>9 مارس 2026، آخر تحديث 10:00</p>", None),
        (
            "<p>نشر: 4 مارس 2026 12:30 بتوقيت مكة - تحديث: 9 مارس 2026 10:00 بتوقيت مكة</p>",
            WHEN,
        ),
        ("<p>وقع الطرفان الاتفاق في 4 مارس 2026 بحضور الوزير.</p>", None),
        ("<time datetime='2026-03-04T12:30:00+03:00'>منذ ساعة</time>", WHEN),
        ("<p>تحديث: <time datetime='2026-03-09T12:30:00+03:00'>منذ ساعة</time></p>", None),
    ],
)
def test_date_beside_the_headline(line: str, expected: datetime | None) -> None:
    """A line that is a date counts, a sentence with one does not, nor does that of a change."""
    body = f"<h1>{TITLE}</h1>{line}<div class='text'><p>{LEDE}</p><p>{SECOND}</p></div>"
    assert expected == extract(page(body=body), URL).published


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>كتب: سامر الحلو</p>", "سامر الحلو"),
        ("<p>كتبت - نوال الكيلاني</p>", "نوال الكيلاني"),
        ("<span>بقلم ليان درويش</span>", "ليان درويش"),
        ("<span>إعداد: هدى العمري | 4 مارس 2026</span>", "هدى العمري"),
        ("<a rel='author' href='/x'>فادي منصور</a>", "فادي منصور"),
        ("<div class='article-author'>رويترز</div>", "رويترز"),
        ("<span class='writeBy'>كتبت نوال الكيلاني</span>", "نوال الكيلاني"),
        ("<span class='author'>بواسطة: سامر الحلو</span>", "سامر الحلو"),
        ("<span class='author'>راصد نيوز - سامر الحلو</span>", "سامر الحلو"),
        ("<span class='author'>راصد نيوز</span>", None),
        ("<div class='author'>admin</div>", None),
        ("<div class='author'>المحرر</div>", None),
        ("<p>كتب الباحثون في تقريرهم: النتائج مشجعة</p>", None),
        ("<li><span>الكاتبة, </span><span>منى الطحان</span></li>", "منى الطحان"),
        ("<dd class='createdby'>كتب بواسطة: رائد الطراونة</dd>", "رائد الطراونة"),
        ("<div class='author'>الدمام - نورة السبيعي</div>", "نورة السبيعي"),
        ("<div class='author'>الرياض: <a>سامر الحلو</a></div>", "سامر الحلو"),
        ("<div class='author'>سامر الحلو (جدة)</div>", "سامر الحلو"),
        ("<div class='author'>سامر الحلو (رويترز)</div>", "سامر الحلو (رويترز)"),
        ("<div class='author'>دبي - رويترز</div>", "دبي - رويترز"),
        ("<div class='comments'><b class='comment__author'>أبو سالم</b></div>", None),
        ("<div class='latest-news'><span class='author'>ليلى حداد</span></div>", None),
    ],
)
def test_bylines(body: str, expected: str | None) -> None:
    """Names as they stand under headlines; no role, no sentence."""
    head = "<meta property='og:site_name' content='راصد نيوز'>"
    html = page(head=head, body=f"<h1>{TITLE}</h1>{body}<div><p>{LEDE}</p><p>{SECOND}</p></div>")
    assert expected == extract(html, URL).author


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://press.example/news/1?from=x", "https://press.example/news/1?from=x"),
        ("/news/cable", "https://press.example/news/cable"),
        ("https://m.press.example/news/1", "https://m.press.example/news/1"),
        ("https://elsewhere.example/news/1", None),
        ("https://press.example.elsewhere.example/1", None),
        ("https://press.example/news", None),  # the section above
        ("javascript:alert(1)", None),
        ("http://user:word@press.example/1", None),
    ],
)
def test_canonical_address(href: str, expected: str | None) -> None:
    """An address of the same site that is no section above the page."""
    assert expected == extract(page(head=f"<link rel='canonical' href='{href}'>"), URL).canonical


@pytest.mark.parametrize(
    ("head", "heading", "expected"),
    [
        ("<meta property='og:title' content='راصد نيوز'>", TITLE, TITLE),
        (f"<meta property='og:title' content='{TITLE[:30]}...'>", TITLE, TITLE),
        (f"<meta property='og:title' content='راصد نيوز | {TITLE}'>", TITLE, TITLE),
        (f"<meta property='og:title' content='شاهد.. رقاقة العام'>{linked(headline=TITLE)}", TITLE, TITLE),
        ("", "راصد نيوز", TITLE),
    ],
)
def test_headline_by_agreement(head: str, heading: str, expected: str) -> None:
    """What two places say is the headline; the site's own name and what is cut off are not."""
    site = "<meta property='og:site_name' content='راصد نيوز'>"
    html = page(head=site + head, body=f"<h1>{heading}</h1><p>{LEDE}</p><p>{SECOND}</p>")
    assert expected == extract(html, URL).title


BESIDE = "<div class='comments'><p>6 مارس 2026</p></div><aside><time datetime='2026-03-05T06:00:00Z'></time></aside>"


@pytest.mark.parametrize(
    ("head", "beside", "expected"),
    [
        (linked(**{"@type": "WebPage", "datePublished": "2026-03-04T12:30:00+03:00"}), "", WHEN),
        ("", "<abbr itemprop='datePublished' title='2026-03-04T12:30:00+03:00'>12:30</abbr>", WHEN),
        (linked(datePublished="2026-03-04"), "<time datetime='2026-03-04T12:30:00+03:00'></time>", WHEN),
        (linked(datePublished="2026-03-04"), "", DAY),
        ("", "", None),
    ],
)
def test_times_of_comments_and_of_other_articles_are_not_the_articles(
    head: str, beside: str, expected: datetime | None
) -> None:
    """The page's own statements count; what stands in boxes beside it does not, nor a moment of another day."""
    body = f"<h1>{TITLE}</h1>{beside}<p>{LEDE}</p><p>{SECOND}</p>{BESIDE}"
    assert expected == extract(page(head=head, body=body), URL).published


def test_headline_of_a_page_without_headings() -> None:
    """An element that is called a title, and that the title element repeats, settles it."""
    body = f"<div id='NewsTitle'>{TITLE}</div><div><p>{LEDE}</p><p>{SECOND}</p></div>"
    html = page(body=body).replace(f"<title>{TITLE}", f"<title>راصد : {TITLE} - علوم - 19/11/2025")
    assert TITLE == extract(html, URL).title
