"""Cleaning: what a page says on every article goes, what the article says stays."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rasid.cleaning import clean_text, clean_title

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"

TITLE = "ميناء صلالة يعتمد الرافعات ذاتية القيادة"
FIRST = "بدأ ميناء صلالة تشغيل ست رافعات ذاتية القيادة، بعد تجارب دامت تسعة أشهر على الرصيف الجنوبي."
SECOND = "وقال مدير العمليات إن الرافعات تعمل على مدار الساعة، وإن العاملين دُرّبوا على مراقبتها عن بعد."
THIRD = "ويتوقع الميناء أن ترتفع طاقته بنحو الخمس قبل نهاية العام المقبل."
BODY = [FIRST, SECOND, THIRD]


def page(*lines: str) -> str:
    """Join lines as the extractor does."""
    return "\n".join(lines)


BOILERPLATE = {
    "chosen for you": "اخترنا لك",
    "chosen for you, in plural, with marks": "اخترنا لكُم:",
    "read also, with its headline": "اقرأ أيضاً: قطار الخليج يصل إلى مسقط قبل موعده بعام",
    "read also, other spelling": "إقرأ ايضا",
    "read more": "اقرأ المزيد",
    "related": "مواضيع ذات صلة",
    "you may like": "قد يعجبك أيضًا",
    "most read": "الأكثر قراءة هذا الأسبوع",
    "original": "شاهد النسخة الأصلية",
    "share": "شارك المقال على فيسبوك وتويتر",
    "follow": "تابعونا على تيليغرام وواتساب",
    "follow our pages": "لمتابعة آخر ما ننشر زوروا صفحتنا الرسمية",
    "join": "انضموا الآن إلى آلاف المشتركين عبر قناة واتساب",
    "newsletter": "اشترك في نشرتنا البريدية لتصلك أهم القصص",
    "address": "أدخل بريدك الإلكتروني",
    "rights": "جميع الحقوق محفوظة © 2026",
    "rights, other words": "حقوق النشر محفوظة لصحيفة المرفأ",
    "rights in English": "© 2026 Almarfa. All rights reserved.",
    "advertisement": "إعلان",
    "bare sources": "المصادر:",
    "copy link": "تم نسخ الرابط",
    "comments": "التعليقات الواردة هنا لا تعبر عن رأي الصحيفة، ويتحملها أصحابها",
    "disclaimer": "قد تحتوي هذه الصفحة على محتوى من جهات خارجية نعرضه للعلم فقط، ولا يعد نصيحة.",
    "cookies": "نستخدم ملفات تعريف الارتباط لتحسين تجربتك",
}

KEPT = {
    "source": "المصدر: وكالة الأنباء العمانية",
    "a paragraph that begins like a footer": "تابعونا بالأمس وهم يرفعون الحاويات واحدة تلو الأخرى، " * 5,
    "rights in a sentence": "وقالت الشركة إن جميع الحقوق محفوظة لمن طوّر النظام، وإنها دفعت ثمن الترخيص.",
    "advertisement in a sentence": "إعلان الميناء فاجأ شركات الشحن التي كانت تستعد لموسم أهدأ.",
    "following as news": "تابع الرئيس التنفيذي التجربة عبر تويتر من مكتبه في مسقط طوال الليل.",
    "joining as news": "انضم الميناء إلى مبادرة أطلقها مستخدمو يوتيوب لتوثيق الموانئ.",
    "short line twice": "وأضاف:",
}


@pytest.mark.parametrize("line", BOILERPLATE.values(), ids=BOILERPLATE)
def test_boilerplate_goes(line: str) -> None:
    """Lines of the page go, wherever they stand; the article's stay."""
    assert page(*BODY) == clean_text(page(FIRST, line, SECOND, THIRD), TITLE)
    assert page(*BODY) == clean_text(page(*BODY, line), TITLE)


@pytest.mark.parametrize("line", KEPT.values(), ids=KEPT)
def test_article_stays(line: str) -> None:
    """Lines that only look like a page's stay, twice where they are short."""
    expected = page(FIRST, line.strip(), SECOND, THIRD)

    assert expected == clean_text(page(FIRST, line, SECOND, THIRD), TITLE)


def test_short_lines_may_recur() -> None:
    """«وأضاف:» is no sign of a repeated page."""
    lines = page(FIRST, "وأضاف:", SECOND, "وأضاف:", THIRD)

    assert lines == clean_text(lines, TITLE)


CHARACTERS = {
    "zero width": ("هوا\u200bوي\ufeff في\u200f مسقط", "هواوي في مسقط"),
    "controls": ("خبر\x00 عاجل\x0b\x1f تماما", "خبر عاجل\n تماما".replace("\n ", "\n")),
    "lone surrogate": ("خبر \ud800عاجل", "خبر عاجل"),
    "white space": ("  خبر\u00a0\u00a0عاجل \t جدا  ", "خبر عاجل جدا"),
    "blank lines": ("خبر\r\n\r\n \r\nعاجل\u2029جدا", "خبر\nعاجل\nجدا"),
    "marks stay": ("شركةٌ تُطوّر", "شركةٌ تُطوّر"),
    "nothing": ("", ""),
    "only junk": ("\u200b\n\x00\n ", ""),
}


@pytest.mark.parametrize(("text", "expected"), CHARACTERS.values(), ids=CHARACTERS)
def test_characters(text: str, expected: str) -> None:
    """What cannot be read goes, and white space is put in order."""
    assert expected == clean_text(text, TITLE)


def test_title_line_goes() -> None:
    """A first line that repeats the title goes, whatever its marks; a longer one stays."""
    assert page(*BODY) == clean_text(page("مِيناء صلالة يعتمد الرافعات ذاتيّة القيادة.", *BODY), TITLE)
    assert clean_text(page(TITLE + " منذ اليوم", *BODY), TITLE).startswith(TITLE)


REPEATED = {
    "whole text twice": [*BODY, *BODY],
    "second copy lacks a part": [*BODY, FIRST, THIRD],
    "title and disclaimer between": [*BODY, "شاهد النسخة الأصلية", TITLE, *BODY],
    "bullets with other marks": [FIRST, f"• {SECOND}", SECOND.replace("دُرّبوا", "دربوا"), THIRD],
    "short line inside the repetition": [FIRST, "وقال:", SECOND, THIRD, FIRST, "وقال:", SECOND, THIRD],
}


@pytest.mark.parametrize("lines", REPEATED.values(), ids=REPEATED)
def test_repetition_goes(lines: list[str]) -> None:
    """What a page says twice is kept once, in its first place."""
    cleaned = clean_text(page(*lines), TITLE)

    for paragraph in (FIRST, SECOND, THIRD):
        assert cleaned.count(paragraph) == 1
    assert cleaned.count("وقال:") <= 1
    assert "النسخة" not in cleaned


def test_headlines_at_the_end_go() -> None:
    """Headlines under «اقرأ أيضا» at the end go with it."""
    headlines = ["مطار مسقط يفتح مدرجا ثالثا", "ارتفاع صادرات السمك إلى آسيا"]

    assert page(*BODY) == clean_text(page(*BODY, "اقرأ أيضا", *headlines), TITLE)


def test_paragraphs_after_a_heading_stay() -> None:
    """«اقرأ أيضا» in the middle takes nothing of the article with it."""
    assert page(*BODY) == clean_text(page(FIRST, "اقرأ أيضا", SECOND, THIRD), TITLE)


GLUED = {
    "to a word": "ولم يحدد الميناء موعدااخترنا لك",
    "to a full stop": "ولم يحدد الميناء موعدا.اقرأ أيضاً",
    "after a full stop and a space": "ولم يحدد الميناء موعدا. اخترنا لكم",
}


@pytest.mark.parametrize("tail", GLUED.values(), ids=GLUED)
def test_glued_tail_goes(tail: str) -> None:
    """A heading that the extractor glued to the last word goes."""
    cleaned = clean_text(page(*BODY, tail), TITLE)

    assert cleaned.rstrip(".").endswith("ولم يحدد الميناء موعدا")


def test_own_words_at_the_end_stay() -> None:
    """«اخترنا لك» as the end of a sentence is no heading."""
    lines = page(*BODY, "وكتب على الغلاف أننا اخترنا لك")

    assert lines == clean_text(lines, TITLE)


def test_article_is_never_eaten() -> None:
    """Where patterns would take most of a text, it is given back whole, in order."""
    lines = page("تابعونا على فيسبوك", "شارك المقال", "  خبر   قصير.", "جميع الحقوق محفوظة")

    assert page("تابعونا على فيسبوك", "شارك المقال", "خبر قصير.", "جميع الحقوق محفوظة") == clean_text(
        lines, TITLE
    )


def test_text_that_is_its_title_stays() -> None:
    """A page that holds its title and nothing else keeps it."""
    assert clean_text(TITLE, TITLE) == TITLE


def test_extra_patterns() -> None:
    """An outlet's own lines go by its own patterns, matched on folded words."""
    lines = page("المرفأ - متابعة", *BODY)

    assert page(*BODY) == clean_text(lines, TITLE, [re.compile(r"^المرفا متابعه$")])
    assert lines == clean_text(lines, TITLE)


TITLES = {
    "outlet at the end": ("خبر مهم | صحيفة المرفأ", "صحيفة المرفأ", "خبر مهم"),
    "outlet after a dash": ("خبر مهم – المرفأ", "المرفأ", "خبر مهم"),
    "outlet with its domain": ("خبر مهم - المرفأ نت", "المرفأ", "خبر مهم"),
    "outlet at the start": ("المرفأ | خبر مهم", "المرفأ", "خبر مهم"),
    "outlet in other spelling": ("خبر مهم | المرفا", "المرفأ", "خبر مهم"),
    "outlet as subject": ("المرفأ - المرفأ تنفي خبر إغلاقها", "المرفأ", "المرفأ تنفي خبر إغلاقها"),
    "a tail that only mentions it": ("خبر - المرفأ تنفي ما قيل", "المرفأ", "خبر - المرفأ تنفي ما قيل"),
    "a dash of the headline": ("مسقط - صلالة في ساعتين", "المرفأ", "مسقط - صلالة في ساعتين"),
    "hyphen inside a word": ("بلاك-ويل تصل", "ويل تصل", "بلاك-ويل تصل"),
    "nothing but the outlet": ("المرفأ", "المرفأ", "المرفأ"),
    "no outlet": ("خبر مهم | المرفأ", None, "خبر مهم | المرفأ"),
    "line breaks": ("خبر\n مهم\u2028جدا\u200f", None, "خبر مهم جدا"),
}


@pytest.mark.parametrize(("title", "outlet", "expected"), TITLES.values(), ids=TITLES)
def test_clean_title(title: str, outlet: str | None, expected: str) -> None:
    """The outlet's name goes, the headline stays."""
    assert expected == clean_title(title, outlet)


@settings(deadline=None)
@given(st.text(max_size=400), st.text(max_size=40))
def test_any_text(text: str, title: str) -> None:
    """Whatever comes: no blank lines, no junk, nothing added, and most words kept or repeated."""
    cleaned = clean_text(text, title)

    assert not re.search(r"[\x00-\x09\x0b-\x1f\ud800-\udfff\u200b-\u200f]", cleaned)
    assert all(line == line.strip() and line for line in cleaned.split("\n")) or not cleaned
    assert len(cleaned) <= len(text)


@settings(deadline=None)
@given(st.text(max_size=60), st.one_of(st.none(), st.text(max_size=20)))
def test_any_title(title: str, outlet: str | None) -> None:
    """A title is one line, and is not lost to its outlet."""
    cleaned = clean_title(title, outlet)

    assert "\n" not in cleaned
    assert bool(cleaned) is bool(clean_title(title, None))


def seed(number: int) -> str:
    """A sample page."""
    if not SEEDS.is_dir():
        pytest.skip("the sample pages are not beside this checkout")
    return next(SEEDS.glob(f"{number:03}_*.txt")).read_text(encoding="utf-8")


def test_sample_page_that_holds_its_text_twice() -> None:
    """Page 004 is cut to half, without the disclaimer and the second headline."""
    text = seed(4)
    headline = next(line for line in text.split("\n") if line.startswith("تقوم شركات"))
    cleaned = clean_text(text, headline)

    assert len(cleaned.split("\n")) == 7
    assert cleaned.count("CUDA") == 1
    assert cleaned.count("Kunlun P800") == 1
    for gone in ("شاهد النسخة", "قد تحتوي هذه الصفحة", headline):
        assert gone not in cleaned


def test_sample_page_with_bullets_and_a_tail() -> None:
    """Page 000 loses the bullet's echo and its tail, and keeps its report."""
    cleaned = clean_text(seed(0), "تحالف بين شركات ذكاء اصطناعي صينية.. لماذا؟")

    assert cleaned.count("لبناء منظومة محلية") == 1
    assert "اخترنا لك" not in cleaned
    assert "\n\n" not in cleaned
    assert cleaned.count("H20") == 2


@pytest.mark.parametrize("number", [1, 2, 3])
def test_sample_pages_keep_their_text(number: int) -> None:
    """The other pages lose a bare heading at most."""
    text = seed(number)
    lost = len(text.split()) - len(clean_text(text, "").split())

    assert 0 <= lost <= 1
