"""Pages become articles: what is read, and what must not be."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from rasid.errors import ExtractError
from sources.language import language_of
from sources.metadata import parse_stamp, without_site
from sources.pages import extract, extract_feed_text

URL = "https://press.example/news/1"
TITLE = "إنفيديا تكشف عن رقاقة جديدة لمراكز البيانات"
LEDE = "كشفت شركة إنفيديا اليوم عن رقاقة جديدة لمراكز البيانات، وقالت إن أولى الشحنات ستصل إلى العملاء قبل الصيف."
SECOND = (
    "وأضافت الشركة أن الرقاقة تستهلك طاقة أقل من سابقتها، وأن هواوي تعمل على معالج منافس في السوق الصينية."
)
STYLE = "<style>.x{}</style><script>var tracker = 1;</script>"
WHEN = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
REAL = Path(__file__).parents[3] / "shared" / "html"


def page(*, head: str = "", body: str = f"<p>{LEDE}</p><p>{SECOND}</p>", title: str = TITLE) -> str:
    """A news page with an article, a menu and a footer."""
    return (
        f"<!doctype html><html lang='ar' dir='rtl'><head><meta charset='utf-8'><title>{title}</title>{head}{STYLE}"
        f"</head><body><nav><a href='/'>الرئيسية</a><a href='/tech'>تقنية</a></nav>"
        f"<article>{body}</article><footer>جميع الحقوق محفوظة</footer></body></html>"
    )


def linked(**values: Any) -> str:
    """A JSON-LD block about the article."""
    return f"<script type='application/ld+json'>{json.dumps({'@type': 'NewsArticle'} | values)}</script>"


def test_article_is_read_without_its_surroundings() -> None:
    """Text, title and language; no menu, footer, style or script."""
    found = extract(page().encode(), URL)
    assert (found.title, found.language, found.text.split("\n")) == (TITLE, "ar", [LEDE, SECOND])
    assert (found.author, found.published, found.outlet) == (None, None, None)
    assert found.cpu_seconds > 0
    assert not [word for word in ("الرئيسية", "محفوظة", "tracker") if word in found.text]


def test_cp1256_without_a_label_is_read() -> None:
    """The page's bytes decide, not its silence."""
    body = page().replace("<meta charset='utf-8'>", "").encode("cp1256")
    assert extract(body, URL).text.split("\n") == [LEDE, SECOND]


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
    ("text", "expected"),
    [
        ("07 أكتوبر 2020", date(2020, 10, 7)),
        ("٧ تشرين الأول ٢٠٢٠", date(2020, 10, 7)),
        ("7 كانون الثاني / يناير 2020", date(2020, 1, 7)),
        ("7 كانون الثاني 2020", date(2020, 1, 7)),
        ("31 شباط 2020", None),
        ("01-01-2024", None),
        ("1704096000", None),
        ("2020-10-07", date(2020, 10, 7)),
        ("", None),
    ],
)
def test_stamps(text: str, expected: date | None) -> None:
    """Both systems of months; digits alone are not guessed at."""
    assert expected == parse_stamp(text)


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


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (gzip.compress(page().encode()), "compressed or binary"),
        (b"%PDF-1.7 x", "compressed or binary"),
        (bytes(range(256)) * 40, "compressed or binary"),
        (page(body="<p>خبر عاجل قصير جدا.</p>").encode(), "no article found"),
        (page(title="Just a moment...").encode(), "a check, not with the page"),
        (page(title="Attention Required! | Cloudflare").encode(), "a check, not with the page"),
        (b"<!-- nothing -->", "cannot be read|no article"),
        (page(body="<ul><li>x" * 5000 + LEDE).encode(), "cannot be read: RecursionError"),
    ],
)
def test_what_is_no_article_is_refused(body: bytes, reason: str) -> None:
    """A failure with its name, never an empty article."""
    with pytest.raises(ExtractError, match=reason):
        extract(body, URL)


def test_challenge_may_pass_later() -> None:
    """A page that asks for patience is not given up for good."""
    with pytest.raises(ExtractError) as caught:
        extract(page(title="Just a moment..."), URL)
    assert caught.value.permanent is False


def test_headline_about_access_is_no_challenge() -> None:
    """A long headline with the words of a challenge is a headline."""
    title = (
        "تقرير: رسالة Access Denied تظهر لملايين المستخدمين في المنطقة بعد تعطل خدمات سحابية كبرى صباح اليوم"
    )
    assert extract(page(title=title), URL).title == title


def test_three_hundred_levels_lose_nothing() -> None:
    """Text below 256 levels is kept."""
    body = "<div>" * 300 + f"<p>{LEDE}</p><p>{SECOND}</p>" + "</div>" * 300
    assert extract(page(body=body), URL).text.split("\n") == [LEDE, SECOND]


def test_colspan_bomb_costs_nothing() -> None:
    """Tables are off: their arithmetic is never done."""
    table = "<table>" + "<tr><td colspan=100000 rowspan=100000>x</td></tr>" * 100 + "</table>"
    found = extract(page(body=f"<p>{LEDE}</p><p>{SECOND}</p>{table}"), URL)
    assert (True, True) == (LEDE in found.text, found.cpu_seconds < 2)


def test_repeated_paragraphs_are_kept() -> None:
    """What a page says twice is not the extractor's to drop."""
    found = extract(page(body=f"<p>{LEDE}</p><p>{SECOND}</p>" * 2), URL)
    assert (2, 2) == (found.text.count(LEDE), found.text.count(SECOND))


def test_foreign_characters_do_not_come_through() -> None:
    """NUL, bidi overrides and lone surrogates stay outside."""
    found = extract(page(body=f"<p>\u202e{LEDE}\x00</p><p>{SECOND}\ud800\u2066</p>"), URL)
    assert found.text.split("\n") == [LEDE, SECOND]


@pytest.mark.parametrize(
    ("text", "declared", "expected"),
    [
        (f"{LEDE} Nvidia H20", "en", "ar"),
        (
            "این شرکت تراشه جدیدی را برای مراکز داده معرفی کرد که مصرف انرژی کمتری دارد",
            None,
            "fa",
        ),
        ("کمپنی نے ڈیٹا سینٹرز کے لیے نئی چپ متعارف کرائی ہے جو گرمیوں سے پہلے دستیاب ہوگی", None, "ur"),
        (
            "زار مدير شركة گوگل ووفد من پاناسونيك المعرض الذي أقيم في العاصمة أمس وتحدثوا إلى الصحافة",
            None,
            "ar",
        ),
        ("The company said that the new chip is ready for the market in the summer of this year", None, "en"),
        ("La société a présenté une nouvelle puce pour les centres de données avant cet été", "en", "und"),
        ("خبر", "ar", "und"),
        ("12345 — 678 !!!", None, "und"),
    ],
)
def test_languages(text: str, declared: str | None, expected: str) -> None:
    """Letters decide; a theme's lang attribute does not."""
    assert expected == language_of(text, declared)


def test_feed_text_serves_where_it_is_long_enough() -> None:
    """The feed's own content, by paragraph, without its scripts and pictures' captions."""
    html = f"<p>{LEDE}</p>{STYLE}<figure><figcaption>صورة</figcaption></figure><p>{SECOND}<br>انتهى</p>"
    found = extract_feed_text(html, URL, TITLE)
    assert found is not None
    assert (found.title, found.language, found.text.split("\n")) == (TITLE, "ar", [LEDE, SECOND, "انتهى"])
    assert (found.published, found.outlet, found.cpu_seconds) == (None, None, 0.0)


@pytest.mark.parametrize(
    "html", ["", " ", "<p></p>", "<!-- x -->", "<p>موجز قصير</p>", "\x00", "<img src=x>"]
)
def test_feed_text_too_short_is_none(html: str) -> None:
    """A teaser is not an article."""
    assert extract_feed_text(html, URL, TITLE) is None


REAL_PAGES = [
    ("dates/1550981615.html", "مصر تسجل 30 إصابة", "2020-03-17T17:27:41+00:00"),
    ("dates/1623715966.html", "القائم بأعمال السفارة", "2020-06-02T23:01:00+00:00"),
    ("dates/1691196862.html", "وزير الرى يشهد توقيع", "2020-08-24T09:23:13+00:00"),
    ("dates/1731695567.html", "36 عامًا.. سر رحيل", "2020-10-07T00:00:00+00:00"),
    ("goose3_cnn_arabic/page.html", "معارضون يسيطرون على", None),
    ("trafilatura_assabah/page.html", "الناشط الحقوقي", "2019-02-09T00:00:00+00:00"),
]


@pytest.mark.skipif(not REAL.is_dir(), reason="the collection of real pages is not beside the checkout")
@pytest.mark.parametrize(("name", "title", "expected"), REAL_PAGES)
def test_real_pages(name: str, title: str, expected: str | None) -> None:
    """Real news pages give their title, time, language and a body; no site's name in the title."""
    found = extract((REAL / name).read_bytes(), "")
    assert found.title.startswith(title)
    assert expected == (found.published.isoformat() if found.published else None)
    assert (found.language, len(found.text.split()) > 80) == ("ar", True)
    assert not found.outlet or not found.title.endswith(found.outlet)


@pytest.mark.skipif(not REAL.is_dir(), reason="the collection of real pages is not beside the checkout")
def test_real_page_leaves_its_surroundings_out() -> None:
    """The gold phrases are in, the sidebar's and the comment form's are not."""
    [gold] = json.loads((REAL / "trafilatura_assabah/gold.json").read_text("utf-8")).values()
    text = extract((REAL / "trafilatura_assabah/page.html").read_bytes(), "").text
    assert [] == [phrase for phrase in gold["with"] if phrase not in text]
    assert [] == [phrase for phrase in gold["without"] if phrase in text]
