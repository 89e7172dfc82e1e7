"""Section pages: the links to articles, all of them and no others, in seven makes of page."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from rasid.errors import FeedParseError
from rasid.types import OutletRules
from sources.link_shapes import article_evidence, is_list, same_site
from sources.sections import parse_section

URL = "https://press.example/technology"
HEADLINES = (
    "إنفيديا تبدأ شحن معالجها الجديد إلى مراكز البيانات",
    "هواوي تعرض شريحة موجهة إلى الحوسبة الطرفية",
    "شركة ناشئة من عمان تطور مساعدا صوتيا باللهجات العربية",
    "الجامعات المغربية تفتح مختبرات مشتركة للروبوتات",
    "أسعار الذاكرة ترتفع للشهر الثالث على التوالي",
    "خبراء يحذرون من ثغرة في أجهزة التوجيه المنزلية",
)
NAV = """<header class="site-header"><nav><ul><li><a href="/">الرئيسية</a></li><li><a href="/technology">تقنية</a></li>
<li><a href="/news/world-economy-and-markets-2">أخبار الاقتصاد والأسواق في العالم</a></li></ul></nav></header>"""
FURNITURE = """<div class="tags-cloud">
<a href="/tag/4411-artificial-intelligence-chips">رقائق الذكاء الاصطناعي</a></div>
<div class="most-read"><h3><a href="/2020/01/02/old-story-about-phones">قصة قديمة عن الهواتف ما زالت تقرأ</a></h3></div>
<div><a href="/author/layla-haddad-tech-editor">مقالات الكاتبة ليلى حداد كلها هنا</a></div>
<div><a href="https://other.example/2026/03/04/sponsored-offer-today">عرض خاص من شركة أخرى لفترة محدودة</a></div>
<footer><a href="/privacy-policy-and-terms-2026">سياسة الخصوصية وشروط استخدام الموقع كاملة</a>
<a href="/about-us">عن الصحيفة وفريق تحريرها كله</a></footer>"""


def article(number: int) -> tuple[str, str]:
    """A slug and a headline."""
    return f"chip-makers-race-story-{number}", HEADLINES[number]


def cards() -> str:
    """Picture, headline, «read more» and a time: the WordPress way."""
    return "".join(
        f'<article class="post"><a href="/2026/03/0{n + 1}/{slug}/"><img src="{n}.jpg" alt=""></a>'
        f'<h2 class="entry-title"><a href="/2026/03/0{n + 1}/{slug}/">{title}</a></h2>'
        f'<span class="cat"><a href="/technology">تقنية</a></span>'
        f'<time datetime="2026-03-0{n + 1}T08:00:00+03:00">أمس</time>'
        f'<p>موجز قصير للخبر. <a href="/2026/03/0{n + 1}/{slug}/">اقرأ المزيد عن هذا الخبر كاملا</a></p></article>'
        for n, (slug, title) in enumerate(map(article, range(6)))
    )


def table() -> str:
    """Cells of a table, numbers in the query: the oldest way."""
    rows = (
        f'<tr><td><a href="details.aspx?id={88120 + n}"><b>{title}</b></a></td></tr>'
        for n, title in enumerate(HEADLINES)
    )
    return f"<table>{''.join(rows)}</table>"


def items() -> str:
    """A plain list with Arabic addresses and dates in words."""
    return "<ul>{}</ul>".format(
        "".join(
            f'<li><a href="/news/{quote(title.replace(" ", "-"))}">{title}</a>'
            f'<span class="date">{n + 1} مارس 2026</span></li>'
            for n, title in enumerate(HEADLINES)
        )
    )


def whole_cards() -> str:
    """The whole card is the link, headline and summary in it."""
    return "".join(
        f'<a class="card" href="/tech/{71230 + n}"><h3>{title}</h3><p>يروي التقرير ما جرى بالتفصيل.</p></a>'
        for n, title in enumerate(HEADLINES)
    )


def bare_headings() -> str:
    """The headline is no link; «read more» is."""
    return "".join(
        f'<div class="box"><h3>{title}</h3><p>موجز.</p><a href="/{slug}-{n}">المزيد</a></div>'
        for n, (slug, title) in enumerate(map(article, range(6)))
    )


def opaque() -> str:
    """Addresses that say nothing: the row and the heading tell."""
    return "".join(
        f'<div class="item"><h4><a href="/s/k{n}Qz7">{title}</a></h4></div>'
        for n, title in enumerate(HEADLINES)
    )


def pictures() -> str:
    """Headlines stand in the title of the link and the text of its picture."""
    return "".join(
        f'<div><a href="/story/2026/3/{n + 1}/{slug}" title="{title}"><img src="{n}.jpg"></a></div>'
        for n, (slug, title) in enumerate(map(article, range(6)))
    )


LAYOUTS = (cards, table, items, whole_cards, bare_headings, opaque, pictures)


def page(content: str) -> bytes:
    """A section page around its content."""
    return (
        f'<!doctype html><html lang="ar"><head><meta charset="utf-8"><title>تقنية</title></head>'
        f'<body class="home has-sidebar">{NAV}<main>{content}</main>{FURNITURE}</body></html>'
    ).encode()


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_layouts(layout) -> None:
    """Every article once, under its headline, in the page's order, and nothing of what surrounds them."""
    feed = parse_section(page(layout()), None, URL)
    assert ("html-links", "تقنية", "utf-8", 0) == (feed.format, feed.title, feed.encoding, feed.dropped)
    assert list(HEADLINES) == [entry.title for entry in feed.entries]
    assert [entry.url for entry in feed.entries] == [entry.key for entry in feed.entries]


@pytest.mark.parametrize("encoding", ["cp1256", "utf-16-le"])
def test_other_encodings(encoding: str) -> None:
    """An old portal, labelled wrongly."""
    feed = parse_section(page(table()).decode().encode(encoding), "text/html; charset=utf-8", URL)
    assert (encoding, HEADLINES[0]) == (feed.encoding, feed.entries[0].title)


def test_dates_beside_links() -> None:
    """The card's <time>, or its words for a day."""
    assert datetime(2026, 3, 1, 5, tzinfo=UTC) == parse_section(page(cards()), None, URL).entries[0].published
    assert datetime(2026, 3, 2, tzinfo=UTC) == parse_section(page(items()), None, URL).entries[1].published


def test_dates_follow_the_outlets_rules() -> None:
    """A time without a zone is the outlet's."""
    content = cards().replace("+03:00", "")
    rules = OutletRules(timezone="Asia/Dubai")
    assert (
        datetime(2026, 3, 1, 4, tzinfo=UTC)
        == parse_section(page(content), None, URL, rules=rules).entries[0].published
    )


@pytest.mark.parametrize(
    "links",
    ["article h2 a", "article", "h2.entry-title", "article > a, article h2", "article a[href*='/2026/']"],
)
def test_selector(links: str) -> None:
    """It may name the links, what is around them or what holds them."""
    feed = parse_section(page(cards()), None, URL, links)
    assert list(HEADLINES) == [entry.title for entry in feed.entries]


def test_selector_inside_the_link() -> None:
    """It may name what the link holds."""
    feed = parse_section(page(whole_cards()), None, URL, ".card h3")
    assert list(HEADLINES) == [entry.title for entry in feed.entries]


def test_selector_believes_the_operator() -> None:
    """What is named counts, however short its words and odd its address."""
    content = '<div class="x"><a href="/a">خبر عاجل</a><a href="/b">بيان</a></div>'
    feed = parse_section(page(content), None, URL, ".x a")
    assert ["خبر عاجل", "بيان"] == [entry.title for entry in feed.entries]


@pytest.mark.parametrize(
    ("body", "links", "reason"),
    [
        (b" ", "", "empty body"),
        (b"\x1f\x8b\x08", "", "compressed or binary"),
        (b"plain words", "", "not a page"),
        (b"<?xml version='1.0'?><rss version='2.0'/>", "", "leave out links"),
        (page("<p>نعتذر، الموقع قيد الصيانة الآن</p>"), "", "no link to an article"),
        (page(cards()), "h6.none a", "selects leads to an article"),
        (page(cards()), "a[", "no CSS selector"),
    ],
)
def test_what_has_no_articles_is_refused(body: bytes, links: str, reason: str) -> None:
    """A failure that says what to do, never a page without news."""
    with pytest.raises(FeedParseError, match=reason):
        parse_section(body, None, URL, links)


def test_words_within_a_paragraph_are_no_headline() -> None:
    """What an article links to in its text is not what the page leads to."""
    prose = (
        '<p>وذكرت في <a href="/2026/01/05/earlier-report-on-chips">تقريرها السابق عن سوق الرقائق</a> ذلك.</p>'
    )
    entries = parse_section(page(cards() + prose), None, URL).entries
    assert list(HEADLINES) == [entry.title for entry in entries]


def test_the_page_itself_is_not_its_article() -> None:
    """«back to the top» leads nowhere."""
    link = f'<h3><a href="{URL}?utm_source=x#top">العودة إلى أعلى هذه الصفحة</a></h3>'
    assert 6 == len(parse_section(page(link + cards()), None, URL).entries)


def test_links_past_the_cap_are_counted() -> None:
    """The first ones stay."""
    feed = parse_section(page(cards()), None, URL, max_items=2)
    assert (2, 4, HEADLINES[0]) == (len(feed.entries), feed.dropped, feed.entries[0].title)


def test_a_base_address_is_obeyed() -> None:
    """Relative links belong to the address that the page names."""
    body = page(table()).replace(b"<title>", b'<base href="https://www.press.example/ar/"><title>')
    assert (
        "https://www.press.example/ar/details.aspx?id=88120" == parse_section(body, None, URL).entries[0].url
    )


@pytest.mark.parametrize(
    ("path", "listed", "evident"),
    [
        ("/2026/03/04/new-chip-from-huawei", False, True),
        ("/news/article.aspx?id=55123", False, True),
        ("/node/98213", False, True),
        ("/", True, False),
        ("/tag/nvidia", True, False),
        ("/%D9%88%D8%B3%D9%85/%D8%B1%D9%82%D8%A7%D8%A6%D9%82", True, False),
        ("/report.pdf", True, False),
        ("/technology", False, False),
    ],
)
def test_shapes(path: str, listed: bool, evident: bool) -> None:
    """An address alone tells lists from articles, or says nothing."""
    url = f"https://press.example{path}"
    assert listed == is_list(url)
    assert evident == (article_evidence(url) >= 3 and not listed)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://www.press.example/1", True),
        ("https://m.press.example/1", True),
        ("https://tech.press.example/1", True),
        ("https://otherpress.example/1", False),
    ],
)
def test_same_site(url: str, same: bool) -> None:
    """Hosts below the page's belong to it, those that only end alike do not."""
    assert same == same_site(url, URL)


@pytest.mark.parametrize(
    ("name", "site", "article"),
    [
        ("goose3_cnn_arabic/page", "http://arabic.cnn.com/2013/", r"/201\d/[\w.]+/\d+/\d+/"),
        ("dates/1731695567", "https://akhbarelyom.com/", r"/news/newdetails/\d+/"),
        ("dates/1550981615", "https://arabic.sputniknews.com/", r"/\w+/2020\d+-"),
    ],
)
def test_real_pages(name: str, site: str, article: str) -> None:
    """On pages of real sites the links found are those of articles, and of nothing else."""
    file = Path(__file__).parents[3] / "shared" / "html" / f"{name}.html"
    if not file.exists():
        pytest.skip("the folder ../shared with real pages is not here")
    entries = parse_section(file.read_bytes(), None, site).entries
    assert len(entries) >= 4
    assert [] == [entry.url for entry in entries if not re.search(article, entry.url)]
