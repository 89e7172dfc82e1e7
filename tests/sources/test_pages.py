"""Pages become articles: what is read, and what must not be."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from rasid.errors import ExtractError
from rasid.types import OutletRules
from sources.language import language_of
from sources.pages import extract, extract_feed_text

URL = "https://press.example/news/1"
TITLE = "إنفيديا تكشف عن رقاقة جديدة لمراكز البيانات"
LEDE = "كشفت شركة إنفيديا اليوم عن رقاقة جديدة لمراكز البيانات، وقالت إن أولى الشحنات ستصل إلى العملاء قبل الصيف."
SECOND = (
    "وأضافت الشركة أن الرقاقة تستهلك طاقة أقل من سابقتها، وأن هواوي تعمل على معالج منافس في السوق الصينية."
)
STYLE = "<style>.x{}</style><script>var tracker = 1;</script>"
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


def test_charset_of_the_header_serves_where_the_page_names_none() -> None:
    """Cyrillic windows-1251 cannot be told by its bytes; the header says so."""
    body = (
        page(body=f"<p>{LEDE}</p><p>{SECOND}</p>").replace("<meta charset='utf-8'>", "").encode("utf-16-le")
    )
    assert extract(body, URL, "text/html; charset=utf-16").text.split("\n") == [LEDE, SECOND]
    russian = (
        "<p>" + "Компания представила новый процессор для центров обработки данных. " * 6 + "</p>"
    ).encode("cp1251")
    assert "новый процессор" in extract(russian, URL, "text/html; charset=windows-1251").text


def test_page_encoded_twice_is_read_as_meant() -> None:
    """UTF-8 that was taken for Latin and encoded again."""
    found = extract(page().encode().decode("cp1252", "replace").replace("\ufffd", "\x81"), URL)
    assert found.title == TITLE


NOTICE = "تنبيه: هذه المادة جزء من ملف خاص أعده قسم التقنية بالتعاون مع مراسلينا في المدن الكبرى."


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (OutletRules(article="div.story"), [LEDE, SECOND]),
        (OutletRules(article="div.story p"), [LEDE, SECOND]),
        (OutletRules(article="div.story, div.story p"), [LEDE, SECOND]),
        (OutletRules(article="div.gone", remove="p.notice"), [LEDE, SECOND]),
        (OutletRules(remove="p.notice, html"), [LEDE, SECOND]),
        (OutletRules(), [NOTICE, LEDE, SECOND]),
    ],
)
def test_selectors_of_the_outlet(rules: OutletRules, expected: list[str]) -> None:
    """What operators name is the text, what they take away is none; a selector that finds nothing does no harm."""
    body = f"<p class='notice'>{NOTICE}</p><div class='story'><p>{LEDE}</p><p>{SECOND}</p></div>"
    assert expected == extract(page(body=body), URL, rules=rules).text.split("\n")


COMMENT = "<p>أتمنى أن يصل هذا المعالج إلى الأسواق العربية قريبا، فقد انتظرناه طويلا وسمعنا عنه الكثير منذ الصيف.</p>"


@pytest.mark.parametrize(
    "around",
    [
        f"<div id='comments'><article class='comment-body'>{COMMENT}</article><article>{COMMENT}</article></div>",
        f"<section class='related-posts'><article><h3>خبر آخر</h3>{COMMENT}</article></section>",
        f"<div class='author-box'><h4>عن الكاتبة</h4>{COMMENT}</div>",
        f"<div class='newsletter-signup'>{COMMENT}</div>",
        f"<aside>{COMMENT}</aside>",
    ],
)
@pytest.mark.parametrize(
    "name", ["post tag-chips no-sidebar", "popup-gallery", "latest-news", "breaking", "print ads"]
)
def test_furniture_goes_and_articles_called_like_it_stay(around: str, name: str) -> None:
    """Names of classes are believed of boxes beside the text, not of what holds it."""
    body = f"<div class='{name}'>{f'<p>{LEDE}</p><p>{SECOND}</p>' * 3}</div>{around}"
    text = extract(f"<html><body><h1>{TITLE}</h1>{body}{'<p>روابط</p>' * 9}</body></html>", URL).text
    assert (3, 3, 0) == (text.count(LEDE), text.count(SECOND), text.count("انتظرناه"))


OTHER = "قال قارئ إن انتظارنا طال، وإن المصانع وعدت بالكثير منذ الصيف ولم تف."
ROWS = "".join(
    f"<tr><td>الربع {number}</td><td>{number}20.5</td><td>انتظارنا</td></tr>" for number in range(1, 9)
)


@pytest.mark.parametrize(
    "box",
    [
        f"<article><h3><a href='/news/2'>خبر آخر</a></h3><p>{OTHER}</p></article>",
        f"<article><a href='/news/2'><h4>خبر آخر</h4></a><p>{OTHER}</p></article>",
        f"<section><a href='#x1'>تخطى قصص مقترحة وواصل القراءة</a><p>{OTHER}</p><p id='x1'>نهاية</p></section>",
        f"<div><h3>التعليقات (12)</h3><div><b>سالم</b><p>{OTHER}</p></div></div>",
        f"<section><h4>تعليقات الزوار</h4><p>{OTHER}</p></section>",
        f"<div><h4>النشرة البريدية</h4><p>{OTHER}</p></div>",
        f"<div><h3>استطلاع الرأي</h3><p>{OTHER}</p></div>",
        f"<section aria-labelledby='article-byline'><ul><li>{OTHER}</li></ul></section>",
        f"<section data-component='related-links'><p>{OTHER}</p></section>",
        f"<table><tr><th>الفترة</th><th>مليون</th></tr>{ROWS}</table>",
        "<div id='ez-toc-container'><p class='ez-toc-title'>انتظارنا</p><nav><a href='#a'>أ</a></nav></div>",
        "<p><strong>اقرأ أيضًا: <a href='/news/2'>انتظارنا طال</a></strong></p>",
        f"<amp-ad><div placeholder>{OTHER}</div></amp-ad>",
    ],
)
def test_boxes_within_the_article_go(box: str) -> None:
    """Teasers, comments, forms, tables of figures: known by what they are where no class tells."""
    html = page(body=f"<h1>{TITLE}</h1><p>{LEDE}</p>{box}<p>{SECOND}</p>")
    assert [LEDE, SECOND] == extract(html, URL).text.split("\n")


@pytest.mark.parametrize(
    "body",
    [
        f"<article><h2><a href='/news/1'>{TITLE}</a></h2><p>{LEDE}</p><p>{SECOND}</p></article>",
        f"<a href='#main'>تجاوز إلى المحتوى</a><main id='main'><h1>{TITLE}</h1><p>{LEDE}</p><p>{SECOND}</p></main>",
        (
            f"<article><h3><a href='#u2'>تحديث</a></h3><p>{LEDE}</p></article>"
            f"<article><h3><a href='/news/1?post=1#u1'>بداية</a></h3><p>{SECOND}</p></article>"
        ),
        f"<table><tr><td>تقنية</td><td><h1>{TITLE}</h1><p>{LEDE}</p><p>{SECOND}</p></td></tr></table>",
        f"<div><h2>تعليقات على القرار</h2><p>{LEDE}</p><p>{SECOND}</p></div>",
        f"<p>{LEDE}</p><figure class='embed'><blockquote class='embed'><p>{SECOND}</p></blockquote></figure>",
    ],
)
def test_what_only_looks_like_such_a_box_stays(body: str) -> None:
    """A headline that links to itself, updates with anchors, layout tables, framed quotations are the article."""
    head = f"<title>{TITLE}</title><link rel='canonical' href='{URL}'>"
    text = extract(f"<html><head>{head}</head><body>{body}</body></html>", URL).text
    assert [] == [sentence for sentence in (LEDE, SECOND) if sentence not in text]


def test_a_page_of_teasers_is_no_article() -> None:
    """A category's page answers under an article's address where that is gone; its excerpts make no text."""
    teasers = "".join(
        f"<article><h2><a href='/news/{number}'>خبر {number}</a></h2><p>{OTHER}</p></article>"
        for number in range(20)
    )
    with pytest.raises(ExtractError, match="no article"):
        extract(f"<html><title>تقنية</title><body><h1>تقنية</h1><main>{teasers}</main></body></html>", URL)


@pytest.mark.parametrize(
    "text",
    [
        f"<div>الرئيسية<br>|<br>مصر</div><h1>{TITLE}</h1><div>هند مختار</div><div>4 مارس 2026</div>{{}}",
        f"<h1>{TITLE}</h1><div>تصوير: آخرون</div><div>الأربعاء 4 مارس 2026</div>{{}}",
        f"{{}}<h1>{TITLE}</h1><div>الأربعاء 4 مارس 2026</div><div>كتب: سامر الحلو</div>",
    ],
)
def test_headline_date_and_names_are_no_part_of_the_text(text: str) -> None:
    """Wherever a reading takes them along, above the text or below it."""
    html = f"<html><title>{TITLE}</title><body>{text.format(f'<div>{LEDE}</div><div>{SECOND}</div>')}</body></html>"
    assert [LEDE, SECOND] == extract(html, URL).text.split("\n")


def test_short_answers_before_the_text_stay() -> None:
    """Questions that name a day are no head."""
    short = ("س: متى بدأتم العمل؟", "ج: في 4 مارس 2026.", "س: وكيف؟")
    body = "".join(f"<p>{line}</p>" for line in (*short, LEDE, SECOND))
    assert [short[0], short[2]] == [
        line for line in extract(page(body=body), URL).text.split("\n") if line[:2] == "س:"
    ]


REAL_PAGES = [
    ("dates/1550981615.html", "مصر تسجل 30 إصابة", "2020-03-17T17:27:41+00:00"),
    ("dates/1623715966.html", "القائم بأعمال السفارة", "2020-06-02T23:01:00+00:00"),
    ("dates/1691196862.html", "وزير الرى يشهد توقيع", "2020-08-24T09:23:13+00:00"),
    ("dates/1731695567.html", "36 عامًا.. سر رحيل", "2020-10-07T00:00:00+00:00"),
    ("goose3_cnn_arabic/page.html", "معارضون يسيطرون على", "2013-08-03T00:00:00+00:00"),
    ("trafilatura_assabah/page.html", "الناشط الحقوقي", "2019-02-08T00:00:00+00:00"),
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
