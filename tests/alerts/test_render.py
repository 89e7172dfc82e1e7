"""The digest as subject, HTML and plain text: what is shown, what never is, and how large it may be."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import TypeAdapter

from alerts import words
from alerts.bidi import LRI, PDI, RLI, clean, isolated
from alerts.links import PLACEHOLDER, Reader, safe_link
from alerts.render import MAX_BYTES, MAX_SUBJECT, render
from alerts.view import without
from demo.pictures import chromium, laid_out
from rasid.types import Digest, Reason, SetAside
from tests.alerts import samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rasid.types import Language, Relation

NOW = samples.NOW
READER = Reader(f"https://rasid.example/r/{PLACEHOLDER}")


class Page(HTMLParser):
    """The visible words, links, highlights and attributes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words, self.links, self.hits = "", [], []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self._hit = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        values = dict(attrs)
        self.tags.add(tag)
        self.attributes |= set(values)
        self._hit = values.get("class") == "hit"
        if tag == "a":
            self.links.append(values["href"])

    def handle_data(self, data: str) -> None:
        """Note visible text."""
        self.words += data
        if self._hit:
            self.hits.append(data)
        self._hit = False


def test_the_rich_digest_says_everything() -> None:
    """Figures, headlines, outlets, times, notes, matches, reviews, failed feeds, the schedule and the reason."""
    rendered = render(samples.rich(), now=NOW)
    page = Page(rendered.html)
    for expected in (
        "5 قصص من 9 مقالات جديدة في 9 مصادر منذ أمس 7:00 ص.",
        "ضُمّت 7 نسخ مكررة إلى أصولها، ويحتاج مصدران إلى نظر.",
        "السبت 22 نوفمبر 2025",
        "▲\u00a03 فوق المعتاد",
        "أول ظهور منذ 12 يومًا",
        "واشنطن تسمح ببيع شريحة H20 للشركات الصينية بعد أشهر من المنع",
        "نسخة معدّلة: 96% من النص",
        "و3 نسخ أخرى",
        " — يضيف 120 كلمة عن أثر القرار",
        " — الأرقام تغيّرت: 9000 ← 12000",
        "ويتوقع تجار في شنجن أن يهبط سعر H20 بنحو 15% خلال أسبوعين.",
        "وتبلغ طاقة الخط الثاني 12000 رقاقة في الشهر.",
        " · عن The Information — يضيف",
        "المصدر: بلومبرغ",
        "جديد في قصة سابقة",
        "الأسماء الواردة: H20 (9)، إنفيديا (6)، نفيديا [إنفيديا] (2)، هواوي (1)",
        "للمراجعة: مطابقة واحدة غير مؤكدة",
        "504 Gateway Timeout",
        "آخر جلب ناجح: أمس 11:00 ص",
        "لم يُجلب بعد",
        "موعد الإرسال: يوميًا 7:00 ص",
        "لأنك مشترك في «نشرة الرقائق»",
    ):
        assert expected in page.words
        assert expected in re.sub("[\u2066-\u2069\u200f]", "", rendered.text)
    assert "H20" in page.hits
    assert "إنفيديا" in page.hits
    assert page.words.count("نسخة معدّلة") == 4
    for refused in ("نسخة من", "إضافة:", "→"):
        assert refused not in page.words + rendered.text


@pytest.mark.parametrize(
    ("relation", "note", "arabic", "english"),
    [
        ("exact", None, "نسخة حرفية", "verbatim copy"),
        ("near", None, "نسخة معدّلة", "edited copy"),
        (
            "near",
            Reason("68% من النص", "68% of the text"),
            "نسخة معدّلة: 68% من النص",
            "edited copy: 68% of the text",
        ),
        ("excerpt", None, "نسخة مختصرة", "shortened copy"),
        (
            "exact",
            Reason("نسخة من «خبر»: 100% من النص", "copy of “خبر”: 100% of the text"),
            "نسخة من «خبر»: 100% من النص",
            "copy of “خبر”: 100% of the text",
        ),
        ("extends", Reason("يضيف 120 كلمة", "adds 120 words"), "يضيف 120 كلمة", "adds 120 words"),
        ("extends", None, "يضيف إلى خبر سابق", "adds to an earlier article"),
        (
            "revised",
            Reason("الأرقام تغيّرت: 9.1 → 9.2", "the figures changed: 9.1 → 9.2"),
            "الأرقام تغيّرت: 9.1 ← 9.2",
            "the figures changed: 9.1 → 9.2",
        ),
    ],
)
def test_a_note_is_short(relation: Relation, note: Reason | None, arabic: str, english: str) -> None:
    """A copy says its kind once, and its share; what is news says what is new. Arrows point as one reads."""
    story = replace(
        samples.STORIES[0],
        appearances=(samples.appearance(2, "منصة", 1, title="خبر", relation=relation, note=note),),
    )
    for language, expected in (("ar", arabic), ("en", english)):
        digest = replace(samples.rich(), stories=(story,), language=language)
        (line,) = [line for line in _plain(render(digest, now=NOW).text).splitlines() if "• منصة · " in line]
        assert expected == line.partition(" — ")[2]


@pytest.mark.parametrize(
    ("language", "each", "once"),
    [("ar", "عن رويترز", "المصدر: رويترز"), ("en", "via Reuters", "Source: Reuters")],
)
def test_a_source_is_named_once_or_at_each(language: Language, each: str, once: str) -> None:
    """In one line where the story has one source, else where an article credits it; never both."""
    name = each.rsplit(maxsplit=1)[-1]
    lines = tuple(samples.appearance(n, f"منصة {n}", n, title="خبر", wire=name) for n in (1, 2))
    story = replace(samples.STORIES[3], appearances=lines, wire="")
    apart = replace(samples.rich(), stories=(story,), language=language)
    together = replace(apart, stories=(replace(story, wire=name),))
    nobody = replace(story, appearances=tuple(replace(line, wire="") for line in lines))
    for digest, counts in ((apart, (2, 0)), (together, (0, 1)), (replace(apart, stories=(nobody,)), (0, 0))):
        rendered = render(digest, now=NOW)
        for shown in (Page(rendered.html).words, _plain(rendered.text)):
            assert counts == (shown.count(each), shown.count(once))


def test_what_an_article_adds_stands_below_it() -> None:
    """As a quote in the article's own direction, its hits and changed figures highlighted."""
    arabic, english = (render(make(), now=NOW) for make in (samples.rich, samples.english))
    quotes = re.findall(r'<p class="add ink2 (\w+)" dir="(\w+)"', arabic.html + english.html)
    note, quote, link = _plain(arabic.text).split("• اقتصاد الخليج")[1].splitlines()[:3]

    assert [("rtl", "rtl")] * 3 + [("rtl", "rtl")] * 2 + [("ltr", "ltr")] == quotes
    assert note.endswith(" — يضيف 120 كلمة عن أثر القرار في الأسعار")
    assert quote.startswith("│ ويتوقع تجار في شنجن")
    assert "https://news.example/2?a=1&b=2" == link.strip()
    assert "12000" in Page(arabic.html).hits


def test_three_additions_are_quoted() -> None:
    """The notes of further articles still say how much they add, so that a story stays short."""
    quote, note = samples.snippet("وأضافت {إنفيديا} ذلك."), Reason("يضيف 70 كلمة", "adds 70 words")
    lines = tuple(
        samples.appearance(n, f"منصة {n}", n, title="خبر", relation="extends", note=note, added=quote)
        for n in range(1, 6)
    )
    digest = replace(samples.rich(), stories=(replace(samples.STORIES[3], appearances=lines),))
    text = _plain(render(digest, now=NOW).text)

    assert (3, 5) == (text.count("│ وأضافت"), text.count("يضيف 70 كلمة"))


def test_the_copy_that_the_headline_leads_to_is_shown() -> None:
    """However many copies stand before it, the reader sees whose text he is sent to."""
    many = [samples.appearance(n, f"موقع {n}", 9 - n, title="خبر", relation="exact") for n in range(1, 8)]
    story = replace(samples.STORIES[3], appearances=tuple(many), url=many[-1].url)
    text = _plain(render(replace(samples.rich(), stories=(story,)), now=NOW).text)

    assert ["1", "2", "3", "7"] == re.findall(r"• موقع (\d)", text)


def test_a_digest_frozen_before_is_drawn() -> None:
    """What an older version stored lacks sources and additions: it loads, and is shown without them."""
    codec = TypeAdapter(Digest)
    body = codec.dump_python(samples.rich(), mode="json")
    for story in body["stories"]:
        del story["wire"]
        for shown in story["appearances"]:
            del shown["wire"], shown["added"]
    digest = codec.validate_python(body)
    rendered = render(digest, now=NOW)

    assert samples.rich().stories[0].headline == digest.stories[0].headline
    assert "اقتصاد الخليج · قبل ساعتين — يضيف 120 كلمة" in _plain(rendered.text)
    for new in ("عن رويترز", "المصدر:", "│ "):
        assert new not in _plain(rendered.text)


@pytest.mark.parametrize(
    ("copies", "shown", "more"),
    [(1, 1, ""), (4, 4, ""), (5, 4, "ونسخة أخرى"), (6, 4, "ونسختان أخريان"), (7, 4, "و3 نسخ أخرى")],
)
def test_four_copies_are_shown_and_the_rest_counted(copies: int, shown: int, more: str) -> None:
    """An agency's copies never push the other articles of a story away."""
    original, last = samples.STORIES[0].appearances[0], samples.STORIES[0].appearances[-1]
    many = [samples.appearance(n, f"موقع {n}", 2, title="خبر", relation="exact") for n in range(copies)]
    story = replace(samples.STORIES[0], appearances=(original, *many, last))
    text = _plain(render(replace(samples.rich(), stories=(story,)), now=NOW).text)

    assert shown == text.count("نسخة حرفية")
    assert ("أخرى" in text or "أخريان" in text) == bool(more)
    assert more in text
    assert last.outlet in text


def _plain(text: str) -> str:
    return re.sub("[\u2066-\u2069\u200f]", "", text)


@pytest.mark.parametrize(
    ("language", "late", "update", "terms", "when"),
    [
        (
            "ar",
            "عُثر عليه بعد تعديل قائمة الرصد",
            "جديد في قصة سابقة",
            "كونلون · إنفيديا",
            "الاثنين 10 نوفمبر 7:00 ص",
        ),
        (
            "en",
            "found after the watchlist changed",
            "New in an earlier story",
            "Kunlun · Nvidia",
            "Monday 10 November 7:00 AM",
        ),
    ],
)
def test_what_was_found_late_says_so(
    language: Language, late: str, update: str, terms: str, when: str
) -> None:
    """A story and a review carry a tag, and the story its full date; only another story is an update."""
    rendered = render(replace(samples.late(), language=language), now=NOW)
    text = _plain(rendered.text)
    story, review = (line for line in text.splitlines() if late in line)

    assert [update, late, late] == re.findall(
        r'<span class="chip tag" style="[^"]*background[^"]*">([^<]*)</span>', rendered.html
    )
    assert f"{late} · {terms}" == story
    assert review.startswith(f"{late} · H20: ")
    assert review.endswith(" · أرشيف الشرائح")
    assert 1 == text.count(update)
    for shown in (Page(rendered.html).words, text):
        assert when in unicodedata.normalize("NFKC", shown)


def test_nothing_else_is_called_late() -> None:
    """News of today carries no such tag."""
    rendered = render(samples.rich(), now=NOW)

    assert "تعديل قائمة الرصد" not in rendered.html + rendered.text


def test_no_dead_link_no_picture_no_script() -> None:
    """Nothing that is not there yet, and nothing that mail clients drop or that watches the reader."""
    page = Page(render(samples.rich(), now=NOW).html)

    assert not page.tags & {"script", "img", "svg", "bdi", "iframe", "form", "link", "u1"}
    assert not {name for name in page.attributes if name.startswith("on")}
    assert [link for link in page.links if not re.match(r"https://news\.example/", link)] == []


def test_hostile_titles_stay_text() -> None:
    """Markup is escaped, direction overrides and line breaks are gone, bad links are plain text."""
    rendered = render(samples.rich(), now=NOW)

    assert "<script" not in rendered.html
    assert "&lt;script&gt;alert(1)" in re.sub("<[^>]*>", "", rendered.html)
    for part in (rendered.html, rendered.text, rendered.subject):
        assert not re.search("[\u202a-\u202e\u2028\u2029\ud800-\udfff\r]", part)
    for address in ("javascript:alert", "user:secret", "data:text"):
        assert address not in rendered.html
        assert address not in rendered.text


def test_isolates_are_balanced_on_every_line() -> None:
    """An isolate that is not closed would turn the rest of its paragraph."""
    for digest in (samples.rich(), samples.english(), samples.late(), samples.huge()):
        rendered = render(digest, now=NOW)
        for line in [*rendered.text.splitlines(), rendered.subject]:
            assert line.count(LRI) + line.count(RLI) == line.count(PDI)


def test_latin_runs_stand_in_spans() -> None:
    """A highlighted name and the number behind it stay one left-to-right run."""
    html = render(samples.rich(), now=NOW).html

    assert re.search(r'<span dir="ltr"[^>]*><span class="hit"[^>]*>Kunlun</span> P800</span>', html)
    assert "padding" not in re.search(r'class="hit" style="([^"]*)"', html)[1]  # type: ignore[index]


@pytest.mark.parametrize("make", [samples.rich, samples.empty, samples.english, samples.huge])
def test_size_and_subject_keep_their_limits(make: object) -> None:
    """At most 80 KB and 200 characters, whatever the digest holds."""
    rendered = render(make(), now=NOW, reader=READER)  # type: ignore[operator]

    assert len(rendered.html.encode()) <= MAX_BYTES
    assert 0 < len(rendered.subject) <= MAX_SUBJECT


def test_stories_that_do_not_fit_are_counted() -> None:
    """What is dropped from the end is said, with a link where there is an archive."""
    digest = replace(samples.rich(), stories=samples.STORIES[:1] * 60, omitted=3)
    page = Page(render(digest, now=NOW, reader=READER).html)
    shown = page.words.count("و3 نسخ أخرى")

    assert 0 < shown < 60
    assert f"{words.counted('ar', 'more stories', 63 - shown)} في الأرشيف" in page.words
    assert page.links.count(READER.digest) == 2


class Mail(HTMLParser):
    """Every element with its attributes, as a mail program reads them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, *tags: str) -> list[dict[str, str]]:
        """The attributes of these elements."""
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.mark.parametrize("make", [samples.rich, samples.empty, samples.english, samples.late])
def test_gmail_and_outlook_can_draw_it(make: Callable[[], Digest]) -> None:
    """By their documented rules: no bdi, no SVG, nothing embedded or remote, directions and styles on every cell."""
    html = render(make(), now=NOW, reader=READER).html
    mail = Mail(html)
    tags = {tag for tag, _ in mail.elements}
    assert set() == tags & {"bdi", "svg", "img", "script", "link", "object", "form", "iframe", "video"}
    assert "url(" not in html
    assert "base64" not in html
    for cell in mail.all("td", "table"):
        assert cell["dir"] in ("rtl", "ltr")
        assert cell["style"]
    # Outlook's engine draws backgrounds of cells and tables by their attribute alone.
    assert {"#eef1f4", "#ffffff", "#0b5c63", "#f5f8f9"} <= {
        one.get("bgcolor") for one in mail.all("td", "table")
    }
    # What is inlined holds where <style> is dropped; padding would break the ligature of lam and alef.
    for hit in (one for one in mail.all("span") if one.get("class") == "hit"):
        assert "background" in hit["style"]
        assert "border-bottom" in hit["style"]
        assert "padding" not in hit["style"]
    assert html.count("<!--[if mso]>") == html.count("<![endif]-->")


def test_a_reader_can_act() -> None:
    """On each story, each uncertain mention and the whole; without a reader's address there is no such link."""
    digest = samples.rich()
    shown = render(digest, now=NOW, reader=READER)
    links = Page(shown.html).links
    review = digest.reviews[0]
    expected = [
        READER.digest,
        READER.unsubscribe,
        *(READER.mute(story.story_id) for story in digest.stories),
        *(READER.wrong(story.story_id) for story in digest.stories),
        READER.judge(review.article_id, review.term, right=True),
        READER.judge(review.article_id, review.term, right=False),
    ]
    for link in expected:
        assert link in links
        assert link in shown.text
    assert "/r/" not in render(digest, now=NOW).html


def test_a_story_without_a_foot_can_be_muted_too() -> None:
    """Where nothing stands under it, the links have a line of their own."""
    bare = replace(samples.STORIES[0], matched=(), why=None, wire="")
    page = Page(render(replace(samples.rich(), stories=(bare,)), now=NOW, reader=READER).html)
    assert READER.mute(bare.story_id) in page.links


def test_a_digest_is_made_out_to_each_reader() -> None:
    """Drawn once, of one length for all; nothing of the others' links is left in it."""
    shown = render(samples.rich(), now=NOW, reader=READER)
    token = "Ab-_" * 10
    mine = shown.for_reader(token)
    assert (len(shown.html), len(shown.text)) == (len(mine.html), len(mine.text))
    assert f"https://rasid.example/r/{token}/unsubscribe" in mine.html
    assert PLACEHOLDER not in mine.html + mine.text


def test_what_its_reader_muted_is_counted() -> None:
    """Its figures are those of the other stories, its subject is the first of them; all muted is said as such."""
    digest = samples.rich()
    first, *others = digest.stories
    shown = render(digest, now=NOW, hidden=frozenset({first.story_id}))
    assert first.headline not in shown.text
    assert "4 قصص" in Page(shown.html).words
    assert "لا تظهر هنا قصة واحدة كتمتها" in shown.text
    news = [
        one for story in others for one in story.appearances if one.relation in ("new", "extends", "revised")
    ]
    assert words.counted("ar", "of articles", len(news)) in shown.text
    assert clean(others[0].headline)[:20] in clean(shown.subject)
    nothing = render(digest, now=NOW, hidden=frozenset(story.story_id for story in digest.stories))
    assert "لم يُنشر" not in nothing.text
    assert words.counted("ar", "hidden", 5) in nothing.text


def test_a_muted_story_is_taken_off_every_figure() -> None:
    """Off its terms, articles and outlets, also where the digest counts stories that it has no room for."""
    rich = replace(samples.rich(), omitted=7, articles=40, outlets=12, omitted_outlets=("منصة أخرى",))
    gone = rich.stories[0]
    left = without(rich, {gone.story_id})
    news = [one for one in gone.appearances if one.relation in ("new", "extends", "revised")]
    assert 40 - len(news) == left.articles
    elsewhere = {one.outlet for story in left.stories for one in story.appearances}
    assert 12 - len({one.outlet for one in news} - elsewhere) == left.outlets
    before, after = ({term.term: term.stories for term in one.terms} for one in (rich, left))
    assert {term: before[term] - (term in gone.terms) for term in before} == after
    assert without(rich, {10**6}) is rich


def test_one_broken_item_does_not_stop_a_digest() -> None:
    """A story and a review that cannot be drawn are named; the others are drawn."""
    digest = samples.rich()
    broken = replace(digest.stories[0], headline=None)  # type: ignore[arg-type]
    review = replace(digest.reviews[0], snippet=None)  # type: ignore[arg-type]
    shown = render(replace(digest, stories=(broken, *digest.stories[1:]), reviews=(review,)), now=NOW)
    assert clean(digest.stories[1].headline)[:20] in clean(shown.subject)
    assert 2 == shown.text.count("تعذّر عرضه لخلل في راصد")
    assert digest.stories[2].headline[:15] in clean(shown.text)


def test_many_broken_items_are_counted() -> None:
    """Five are named, the rest is a number: a mail has its size."""
    aside = tuple(SetAside("خبر" * 60, f"https://a.example/{'x' * 1900}{n}", "KeyError") for n in range(400))
    shown = render(replace(samples.rich(), set_aside=aside), now=NOW, reader=READER)
    assert len(shown.html.encode()) <= MAX_BYTES
    assert words.counted("ar", "more aside", 395) in shown.text


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ({"days": (0, 0, 0, 0, 0, 0, 4), "usual": 0.0, "first": True}, "أول ظهور في الأرشيف"),
        ({"days": (1, 0, 1, 0, 2, 1, 9), "usual": 1.0, "spike": True}, "▲\u00a0طفرة: 9 اليوم والمعتاد 1"),
        (
            {"days": (0, 0, 1, 0, 0, 0, 5), "usual": 0.2, "spike": True},
            "▲\u00a0طفرة: 5 اليوم والمعتاد أقل من 1",
        ),
        ({"days": (1, 2, 1, 2, 1, 2, 4), "usual": 1.5}, "▲\u00a02 فوق المعتاد"),
        ({"days": (1, 2, 1, 2, 1, 2, 0), "usual": 1.5}, "المعتاد 2 في اليوم"),
        ({"days": (0, 0, 0, 0, 0, 0, 0), "usual": 0.0}, "نادر الظهور"),
        ({"days": (1, 2, 1, 2, 1, 2, 9), "usual": 1.5, "spike": True, "stories": 0}, "المعتاد 2 في اليوم"),
        ({"days": (0, 0, 0, 0, 0, 0, 4), "usual": 0.0, "first": True, "stories": 0}, "نادر الظهور"),
    ],
)
def test_a_terms_day_is_told(term: dict[str, Any], expected: str) -> None:
    """First sightings, spikes, the difference from usual; a fall is never said of a day that is not over.

    Nor is a rise that an earlier digest of the day has told.
    """
    count = replace(samples.rich().terms[0], **{"spike": False, "first": False, "last_seen": None} | term)
    shown = render(replace(samples.rich(), terms=(count,)), now=NOW)
    assert expected in Page(shown.html).words
    assert expected.replace("\u00a0", " ") in clean(shown.text)


def test_the_subject_names_the_story_and_counts_the_rest() -> None:
    """Its Latin runs are isolated."""
    headline = "واشنطن تسمح ببيع شريحة \u2066H20\u2069 للشركات الصينية بعد أشهر من المنع"
    assert f"راصد · نشرة الرقائق: {headline} (و4 قصص أخرى)" == render(samples.rich(), now=NOW).subject


def test_nothing_to_report_is_said() -> None:
    """An empty digest is a message too: it says that the watch goes on."""
    rendered = render(samples.empty(), now=NOW)

    assert "لم يُنشر منذ أمس 7:00 ص جديد عن الأسماء التي تتابعها." in rendered.text
    assert "لا جديد" in rendered.subject
    assert "قصة" not in rendered.subject


def test_only_reviews_head_the_subject() -> None:
    """Where nothing is certain, the subject says what waits for review."""
    digest = replace(samples.rich(), stories=())

    assert "للمراجعة: مطابقة واحدة غير مؤكدة" in render(digest, now=NOW).subject


def test_an_english_digest_keeps_arabic_headlines_in_their_direction() -> None:
    """Own words are English; headline and snippet are right-to-left blocks."""
    rendered = render(samples.english(), now=NOW)

    assert "5 stories from 9 new articles in 9 outlets since yesterday 7:00 AM" in Page(rendered.html).words
    assert re.search(r'<h2 class="h1 rtl" dir="rtl"', rendered.html)
    assert "Sent daily at 7:00" in rendered.text
    assert "قصص" not in rendered.text


def test_labels_may_be_given() -> None:
    """An operator's newer label replaces the one frozen in the digest."""
    assert "إنفيديا المحدودة" in render(samples.rich(), now=NOW, labels={"nvidia": "إنفيديا المحدودة"}).text


def test_rendering_is_pure() -> None:
    """The same digest and the same now give the same bytes."""
    assert render(samples.rich(), now=NOW) == render(samples.rich(), now=NOW)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "لا قصص"),
        (1, "قصة واحدة"),
        (2, "قصتان"),
        (3, "3 قصص"),
        (10, "10 قصص"),
        (11, "11 قصة"),
        (100, "100 قصة"),
        (103, "103 قصص"),
    ],
)
def test_arabic_plurals(number: int, expected: str) -> None:
    """Six categories; one and two need no digit."""
    assert expected == words.counted("ar", "stories", number)


@pytest.mark.parametrize("noun", sorted(words._FORMS["en"]))
@pytest.mark.parametrize("number", [1, 2, 3, 11, 100])
def test_every_noun_counts_in_both_languages(noun: str, number: int) -> None:
    """No noun lacks a form, and from three on the figure is shown."""
    for language in ("ar", "en"):
        counted = words.counted(language, noun, number)  # type: ignore[arg-type]
        spelt = "yesterday" in counted  # the day before has a name
        assert (str(number) in counted) == (number > 2 or language == "en") or spelt


@pytest.mark.parametrize(
    ("minutes", "arabic", "english"),
    [
        (0, "الآن", "just now"),
        (1, "قبل دقيقة واحدة", "1 minute ago"),
        (59, "قبل 59 دقيقة", "59 minutes ago"),
        (119, "قبل ساعة واحدة", "1 hour ago"),
        (120, "قبل ساعتين", "2 hours ago"),
        (719, "قبل 11 ساعة", "11 hours ago"),
        (721, "أمس 6:59 م", "yesterday 6:59 PM"),
        (60 * 40, "الخميس 20 نوفمبر 3:00 م", "Thursday 20 November 3:00 PM"),
        (60 * 24 * 400, "18 أكتوبر 2024 7:00 ص", "18 October 2024 7:00 AM"),
        (-5, "الآن", "just now"),
    ],
)
def test_relative_times(minutes: int, arabic: str, english: str) -> None:
    """Up to twelve hours how long ago, rounded down; beyond them when."""
    when = NOW - timedelta(minutes=minutes)
    shown = unicodedata.normalize("NFKC", words.ago(when, NOW, "Asia/Riyadh", "en"))

    assert arabic == words.ago(when, NOW, "Asia/Riyadh", "ar")
    assert english == shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("بيع H20 (4)، إنفيديا", "بيع {H20} (4)، إنفيديا"),
        ("شبكات 5G وNvidia, AMD أمس.", "شبكات {5G} و{Nvidia, AMD} أمس."),
        ("معالج Kunlun P800 جديد", "معالج {Kunlun P800} جديد"),
        ("H20: خمسة أسئلة", "{H20}: خمسة أسئلة"),
        ("1. Nvidia تعود", "1. {Nvidia} تعود"),
        ("504 Gateway Timeout", "{504 Gateway Timeout}"),
        ("سعر 3.5 دولار", "سعر 3.5 دولار"),
        ("بجدول cron 0 7 * * 1-5", "بجدول {cron 0 7 * * 1-5}"),
    ],
)
def test_latin_runs_are_found(text: str, expected: str) -> None:
    """With the digits that belong to them, without the brackets and colons that do not."""
    assert expected == isolated(text, "rtl").replace(LRI, "{").replace(PDI, "}")


def test_clean_keeps_one_line_and_the_joiners() -> None:
    """Controls go, line ends become spaces, ZWNJ stays (Persian words need it)."""
    assert clean(" أ\u202eب\r\nج\u2028د\u200cه\x00\ufeff\ud800 ") == "أب ج د\u200cه \ufffd"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://news.example/a?b=1&c=2", "https://news.example/a?b=1&c=2"),
        ("https://news.example/a|b>c\"d'e", "https://news.example/a%7Cb%3Ec%22d%27e"),
        ("HTTPS://News.example/A", "https://News.example/A"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("//news.example/", None),
        ("https://user:secret@news.example/", None),
        ("https://good.example\\@evil.example/", None),
        ("https://news.example/\u202ea", None),
        ("https://news.example/a b", None),
        ("https://[bad/", None),
        ("https:///a", None),
        ("https://news.example/" + "a" * 2000, None),
    ],
)
def test_which_addresses_become_links(url: str, expected: str | None) -> None:
    """Only plain web addresses; everything else stays text."""
    assert expected == safe_link(url)


@pytest.mark.browser
@pytest.mark.parametrize("width", [375, 600])
@pytest.mark.parametrize("make", [samples.rich, samples.english, samples.late])
def test_nothing_is_wider_than_the_screen(tmp_path: Path, make: object, width: int) -> None:
    """Chromium lays the page out without a sideways scroll."""
    if chromium() is None:
        if os.environ.get("RASID_REQUIRE_BROWSER"):
            pytest.fail("chromium is required here and is not installed")
        pytest.skip("chromium is not installed")
    page = tmp_path / "digest.html"
    page.write_text(render(make(), now=NOW).html, encoding="utf-8")  # type: ignore[operator]
    assert width == laid_out(page, width=width).width
