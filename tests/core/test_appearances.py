"""Whose article is the source of a story, what the others add, whose report they pass on, and a digest of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rasid.appearances import addition, appearances, as_told, common_credit, fullest, out
from rasid.copies import decide
from rasid.types import Candidate, Hit, Reason
from tests.core.reports import NOW, article, digest, found_late, marked

if TYPE_CHECKING:
    from rasid.types import Digest, ReportArticle

TITLE = "إنفيديا تعود إلى السوق"
SHORT = "عادت إنفيديا إلى السوق."
FULL = f"{SHORT} " + " ".join(f"وتقول الشركة في البند {n} إنها جاهزة للشحن." for n in range(1, 12))
NEW = "وأضافت مصادر أن سعر H20 سيهبط قريبًا. وتوقعت أن تتبعه أسعار أخرى."
SHARE = Reason(ar=f"نسخة من «{TITLE}»: 94% من النص", en=f"copy of “{TITLE}”: 94% of the text")
ADDS = Reason(ar=f"يضيف 12 كلمة إلى «{TITLE}»", en=f"adds 12 words to “{TITLE}”")
CHANGED = Reason(ar="الأرقام تغيّرت: 9.1 → 9.2", en="the figures changed: 9.1 → 9.2")


def told(number: int, text: str = FULL, *, title: str = TITLE, **changes: Any) -> ReportArticle:
    """An article of story 1; a copy's note tells a share, an extension's its words."""
    why = {"near": SHARE, "exact": SHARE, "excerpt": SHARE, "extends": ADDS, "revised": CHANGED}
    values = {"story_id": 1, "copy_why": why.get(changes.get("relation", ""), Reason("", ""))}
    return article(number, title, text, **(values | changes))


def extends(
    number: int, original: int, new: str = NEW, *, before: str = FULL, **changes: Any
) -> ReportArticle:
    """An article that holds an earlier one and goes on."""
    text = f"{before} {new}"
    values: dict[str, Any] = {
        "relation": "extends",
        "original": original,
        "added": ((len(before) + 1, len(text)),),
    }
    return told(number, text, **(values | changes))


def places(text: str, *words: str) -> tuple[tuple[int, int], ...]:
    """Where words stand in a text."""
    return tuple((text.index(word), text.index(word) + len(word)) for word in words)


def seen(one: Digest) -> list[tuple[int, str, str | None]]:
    """The appearances of the only story: id, relation, note."""
    (story,) = one.stories
    return [(each.article_id, each.relation, each.note and each.note.ar) for each in story.appearances]


# ── the source ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("relation", "expected"),
    [
        ("exact", [(2, "new", None), (1, "exact", None), (3, "near", "94% من النص")]),
        ("near", [(2, "new", None), (1, "near", None), (3, "near", None)]),
        ("excerpt", [(2, "new", None), (1, "extends", "النص الأكمل"), (3, "near", "94% من النص")]),
    ],
)
def test_the_earliest_of_a_family_is_its_source(
    relation: str, expected: list[tuple[int, str, str | None]]
) -> None:
    """A copy that was out before what is stored as its original changes places with it; shares of it go."""
    one = digest(
        told(1, hours=6),
        told(2, hours=8, relation=relation, original=1, first_seen=NOW),
        told(3, hours=3, relation="near", original=1),
    )

    assert expected == seen(one)
    assert (one.articles, one.copies) == (1, 2)


def test_a_copy_that_was_out_later_is_a_copy() -> None:
    """However early it came in; of two at one time the stored original is the source."""
    same = told(2, hours=6, relation="exact", original=1)

    assert [(1, "new", None), (2, "exact", None)] == seen(digest(told(1, hours=6), same))


@pytest.mark.parametrize(
    ("published", "first_seen", "source"),
    [
        ("2025-11-21T00:00:00", "2025-11-21T20:00:00", 1),
        ("2025-11-21T00:00:00", "2025-11-21T09:00:00", 2),
        ("2025-11-20T00:00:00", "2025-11-21T20:00:00", 2),
        ("2025-11-21T00:01:00", "2025-11-21T20:00:00", 2),
    ],
    ids=["a date alone", "seen before the other was out", "the day before", "a time"],
)
def test_a_date_without_a_time_makes_no_source(published: str, first_seen: str, source: int) -> None:
    """Midnight says nothing of the hour: out at the end of the day, or when it was first seen."""
    moments = [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (published, first_seen)]
    dated = told(2, relation="exact", original=1, published=moments[0], first_seen=moments[1])
    one = told(1, published=datetime(2025, 11, 21, 10, 30, tzinfo=UTC))

    assert [source, 3 - source] == [each.id for each in sorted((one, dated), key=out)]
    assert source == seen(digest(one, dated))[0][0]
    assert "new" == seen(digest(one, dated))[0][1]


def test_headline_and_link_are_the_sources() -> None:
    """The outlet that was first gets the click; what is counted and found stays with what is stored."""
    (story,) = digest(
        told(1, hours=6), told(2, title="عودة إنفيديا", hours=8, relation="near", original=1, first_seen=NOW)
    ).stories

    assert ("عودة إنفيديا", "https://news.example/2") == (story.headline, story.url)
    assert (("nvidia", "إنفيديا", 2),) == story.matched


@pytest.mark.parametrize(
    ("relation", "text"), [("excerpt", "عادت إلى السوق."), ("near", FULL.replace("إنفيديا", "الشركة"))]
)
def test_a_source_without_the_term_stands_first_and_does_not_lead(relation: str, text: str) -> None:
    """A copy that lost the name is where the news came from, but nothing can be quoted of it."""
    one = digest(told(1, hours=6), told(2, text, title="خبر", hours=8, relation=relation, original=1))

    assert [2, 1] == [number for number, _, _ in seen(one)]
    assert "https://news.example/1" == one.stories[0].url
    assert "عادت [إنفيديا] إلى السوق." == marked(one.stories[0].snippets[0])


def test_a_copy_whose_original_is_not_told_stays_a_copy() -> None:
    """It names the original, which the reader had in an earlier digest."""
    one = digest(told(2, relation="exact", original=9, hours=8), told(3, hours=6))

    assert [(2, "exact", SHARE.ar), (3, "new", None)] == seen(one)


def test_a_copy_of_a_copy_takes_no_ones_place() -> None:
    """Storage makes none but while a reindex is under way; both stay what they are stored as."""
    one = digest(
        told(2, relation="exact", original=9, hours=6), told(3, relation="near", original=2, hours=8), told(4)
    )

    assert [(3, "near", "94% من النص"), (2, "exact", SHARE.ar), (4, "new", None)] == seen(one)


def test_a_source_takes_over_what_its_copy_extends() -> None:
    """The earlier copy of an extension is the extension, and quotes the new part where it holds it word for word."""
    base, longer = told(1, hours=9), extends(2, 1, hours=5)
    earlier = replace(
        longer, id=3, relation="exact", original=2, published=NOW - timedelta(hours=7), added=()
    )
    edited = replace(earlier, text=earlier.text.replace("قريبًا", "سريعًا"))
    source, other = as_told([base, longer, earlier])[3], as_told([base, longer, edited])[3]

    assert ("extends", 1, ADDS) == (source.relation, source.original, source.copy_why)
    assert [NEW] == [source.text[start:end] for start, end in source.added]
    assert ("extends", ()) == (other.relation, other.added)
    assert [(1, "new", None), (3, "extends", "يضيف 12 كلمة"), (2, "exact", None)] == seen(
        digest(base, longer, earlier)
    )


def test_nothing_that_is_stored_changes() -> None:
    """Relations are told otherwise; texts, ids and times are the same."""
    articles = [told(1, hours=6), told(2, hours=8, relation="near", original=1)]
    for before in articles:
        after = as_told(articles)[before.id]
        assert before == replace(
            after, relation=before.relation, original=before.original, copy_why=before.copy_why
        )


# ── the fullest ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("lead", "other", "leads"),
    [
        ({}, {"relation": "extends", "text": f"{FULL} {' وشرح المحللون أسباب ذلك.' * 30}"}, 2),
        ({}, {"relation": "extends", "text": f"{FULL} {NEW}"}, 1),
        ({}, {"relation": "near", "text": f"{FULL} {FULL} {FULL}"}, 1),
        ({"text": SHORT}, {"relation": "near", "text": FULL}, 2),
        ({"text": SHORT}, {"relation": "near", "text": f"{SHORT} {SHORT}"}, 1),
        ({"source": "feed"}, {"relation": "near", "text": f"{FULL} {FULL} {FULL}"}, 2),
        ({"text": SHORT}, {"relation": "revised", "text": FULL}, 1),
        ({"text": SHORT}, {"relation": "new", "text": FULL}, 1),
        ({"text": SHORT}, {"relation": "extends", "original": 9, "text": FULL}, 1),
    ],
    ids=[
        "extends by as much again",
        "extends by a little",
        "no teaser",
        "teaser",
        "not several times longer",
        "the feed's text",
        "another edition",
        "no relative",
        "of another family",
    ],
)
def test_a_fuller_text_leads(lead: dict[str, Any], other: dict[str, Any], leads: int) -> None:
    """Headline, link and snippets come from it; who was first stays first in the list."""
    (story,) = digest(
        told(1, hours=6, **lead),
        told(2, title="العودة بالتفصيل: إنفيديا", hours=4, **({"original": 1} | other)),
    ).stories

    assert f"https://news.example/{leads}" == story.url
    assert story.headline.startswith("العودة" if leads == 2 else "إنفيديا")
    assert [1, 2] == [each.article_id for each in story.appearances]
    assert "عادت [إنفيديا] إلى السوق." == marked(story.snippets[0])


def test_the_fullest_of_a_chain_leads() -> None:
    """What extends an extension, whose copy too."""
    family = [
        told(1),
        extends(2, 1, NEW * 10, hours=4),
        extends(3, 2, before=f"{FULL} {NEW * 10}", new="ثم هبط السعر بعد يومين من ذلك.", hours=3),
        told(4, f"{FULL} {NEW * 14}", relation="near", original=2, hours=3),
    ]
    known = as_told(family)

    assert 3 == fullest(known[1], known, {1, 2, 3, 4}).id
    assert 2 == fullest(known[1], known, {1, 2}).id
    assert 1 == fullest(known[1], known, {1}).id


def test_what_was_found_late_takes_no_lead_from_news() -> None:
    """A fuller text of last week, found by a changed watchlist, is only listed."""
    (story,) = digest(told(1), found_late(extends(2, 1, NEW * 10, hours=4))).stories

    assert "https://news.example/1" == story.url


def test_a_fuller_text_without_a_title_keeps_the_headline() -> None:
    """The words of the first, the link of the full."""
    (story,) = digest(told(1), extends(2, 1, NEW * 10, title="", hours=4)).stories

    assert (TITLE, "https://news.example/2") == (story.headline, story.url)


# ── what is new ───────────────────────────────────────────────────────────────────────────────────


def hits(one: ReportArticle) -> tuple[Hit, ...]:
    """The mentions in its text."""
    return tuple(Hit(each.start, each.end, each.term) for each in one.mentions if each.field == "text")


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (NEW, "وأضافت مصادر أن سعر [H20] سيهبط قريبًا."),
        ("ويبدأ الشحن في الشهر المقبل. وتنتظره المصانع.", "ويبدأ الشحن في الشهر المقبل."),
        ("تفاصيل.\nويبدأ الشحن في الشهر المقبل.", "ويبدأ الشحن في الشهر المقبل."),
        ("قيمة الصفقة.", "قيمة الصفقة."),
        ("وقالت إنفيديا ذلك. وأكدت هواوي الأمر.", "وقالت [إنفيديا] ذلك. وأكدت [هواوي] الأمر."),
    ],
    ids=["with the term", "without", "a heading above it", "nothing but a heading", "two sentences"],
)
def test_what_an_extension_adds(new: str, expected: str) -> None:
    """The sentence or two with most terms, else the passage's first that says something."""
    one = extends(2, 1, new)
    found = addition(one, hits(one))

    assert found is not None
    assert expected == marked(found)
    assert found.text in one.text


def test_of_several_passages_without_a_term_the_longest_is_quoted() -> None:
    """The short one is an edit."""
    new = "ويبدأ الشحن في الشهر المقبل كما قيل."
    text = f"وهذه جملة جديدة قصيرة. {SHORT} {new}"
    one = told(2, text, relation="extends", original=1, added=places(text, "وهذه جملة جديدة قصيرة.", new))

    assert new == getattr(addition(one, ()), "text", None)


@pytest.mark.parametrize(
    ("text", "figures", "expected"),
    [
        (
            "ارتفع سهم إنفيديا قليلًا. وبلغ السعر 183.2 دولارًا بعد 181.7. وانتهى.",
            ["183.2", "181.7"],
            "وبلغ السعر [183.2] دولارًا بعد [181.7].",
        ),
        (
            "أغلق سهم إنفيديا عند 183.2 دولارًا.",
            ["183.2"],
            "أغلق سهم [إنفيديا] عند [183.2] دولارًا.",
        ),
        (
            "بلغ الدولار 9.14 دراهم اليوم. وأغلق سهم إنفيديا عند 183.2 دولارًا.",
            ["9.14", "183.2"],
            "وأغلق سهم [إنفيديا] عند [183.2] دولارًا.",
        ),
        (
            "الذهب\n4,083\nوأغلق سهم الشركة عند 183.2 دولارًا.",
            ["4,083", "183.2"],
            "وأغلق سهم الشركة عند [183.2] دولارًا.",
        ),
        ("الذهب\n4,083", ["4,083"], None),
    ],
    ids=["figures", "beside a term", "the term further down", "a cell of a table before it", "a table"],
)
def test_what_another_edition_changes(text: str, figures: list[str], expected: str | None) -> None:
    """The first sentence with a changed figure, highlighted like a hit, but of no term."""
    one = told(2, text, relation="revised", original=1, added=places(text, *figures))
    found = addition(one, hits(one))

    assert expected == (found and marked(found))
    if found is not None:
        assert {hit.term for hit in found.hits if found.text[hit.start].isdigit()} == {""}


def test_a_figure_at_the_end_of_a_long_sentence_is_shown() -> None:
    """The sentence is cut around what changed, not around the term before it."""
    text = "إنفيديا " + "كلمة " * 100 + "57.2 نهاية."
    one = told(2, text, relation="revised", original=1, added=places(text, "57.2"))
    found = addition(one, hits(one))

    assert found is not None
    assert ["57.2"] == [found.text[hit.start : hit.end] for hit in found.hits]


@pytest.mark.parametrize(
    "changes",
    [{"relation": "new"}, {"relation": "near"}, {"added": ()}, {"added": ((9000, 9999),)}],
)
def test_nothing_is_added_where_nothing_is_known_to_be(changes: dict[str, Any]) -> None:
    """Of a new article and a copy, without spans, and with spans that are not of this text."""
    one = extends(2, 1, **changes)

    assert addition(one, hits(one)) is None


def test_no_sentence_is_quoted_twice() -> None:
    """Not what the story shows already, nor what an earlier article in it added."""
    first, second = extends(2, 1, hours=4), extends(3, 1, f"{NEW} ويبقى سعر H20 الرسمي على حاله.", hours=3)
    marks = {one.id: hits(one) for one in (first, second)}
    (listed,) = appearances([first], marks, [], "ar")
    assert listed.added is not None
    both = appearances([first, second], marks, [], "ar")
    none = appearances([first], marks, [listed.added], "ar")

    assert ["وأضافت مصادر أن سعر [H20] سيهبط قريبًا.", "ويبقى سعر [H20] الرسمي على حاله."] == [
        one.added and marked(one.added) for one in both
    ]
    assert [None] == [one.added for one in none]


def test_what_is_new_leads_in_a_known_story() -> None:
    """An extension goes before a report in other words; its snippets are of the new part, and not repeated."""
    changes = {"story_reported": True}
    (story,) = digest(
        told(5, "قالت إنفيديا إن السوق جاهزة.", title="إنفيديا من جديد", hours=6, **changes),
        extends(6, 1, title="تفاصيل العودة", hours=3, **changes),
    ).stories

    assert story.known
    assert ("تفاصيل العودة", "https://news.example/6") == (story.headline, story.url)
    assert ["وأضافت مصادر أن سعر [H20] سيهبط قريبًا.", "قالت [إنفيديا] إن السوق جاهزة."] == [
        marked(one) for one in story.snippets
    ]
    assert [None, None] == [one.added for one in story.appearances]


def test_a_known_story_quotes_a_new_part_without_a_term() -> None:
    """Its first sentence, before a sentence with a term that was told already."""
    (story,) = digest(extends(6, 1, "ويبدأ الشحن في الشهر المقبل.", story_reported=True)).stories

    assert ["ويبدأ الشحن في الشهر المقبل."] == [marked(one) for one in story.snippets]


def test_a_known_story_shows_the_figure_that_changed() -> None:
    """With the terms of its sentence, and only once."""
    text = "عادت إنفيديا إلى السوق. وبلغ سهم إنفيديا 183.2 دولارًا أمس."
    (story,) = digest(
        told(6, text, relation="revised", original=1, added=places(text, "183.2"), story_reported=True)
    ).stories

    assert ["وبلغ سهم [إنفيديا] [183.2] دولارًا أمس."] == [marked(one) for one in story.snippets]
    assert [None] == [one.added for one in story.appearances]


def test_a_snippet_of_another_edition_shows_the_figure_that_changed() -> None:
    """In a new story too, and of two sentences with the term the one with the figure; it is not quoted again."""
    text = "سهم إنفيديا أجنبي. وبلغ الدولار 9.14 دراهم اليوم. وأغلق سهم إنفيديا عند 183.2 دولارًا."
    (story,) = digest(
        told(6, text, relation="revised", original=9, added=places(text, "9.14", "183.2"))
    ).stories

    assert ["وأغلق سهم [إنفيديا] عند [183.2] دولارًا."] == [marked(one) for one in story.snippets]
    assert [None] == [one.added for one in story.appearances]


def test_a_known_story_falls_back_on_what_names_the_term() -> None:
    """A changed cell of a table is no sentence, so the reader gets the sentence that names what he watches."""
    text = "عادت إنفيديا إلى السوق.\n4,083"
    (story,) = digest(
        told(6, text, relation="revised", original=1, added=places(text, "4,083"), story_reported=True)
    ).stories

    assert ["عادت [إنفيديا] إلى السوق."] == [marked(one) for one in story.snippets]


def test_a_new_story_tells_what_it_is_about_before_what_was_added() -> None:
    """The reader has not seen the first article either: the snippet is the lede, the addition stands below."""
    (story,) = digest(told(1), extends(2, 1, hours=3)).stories

    assert not story.known
    assert "عادت [إنفيديا] إلى السوق." == marked(story.snippets[0])
    assert [(None, 1), ("يضيف 12 كلمة", 2)] == [
        (one.note and one.note.ar, one.article_id) for one in story.appearances
    ]


def test_spans_of_the_decision_on_copies_are_understood() -> None:
    """What `decide` calls added is quoted as whole sentences of the article; a changed figure in its sentence."""
    new = " ".join(
        f"وفي الملحق الجديد {n} تفصيل لم يسبق نشره عن رقائق هواوي وموعد توريدها." for n in range(5)
    )
    longer = f"{FULL}\n{new}"
    verdict = decide(TITLE, longer, NOW, [Candidate(1, TITLE, FULL, NOW)])
    one = told(2, longer, relation=verdict.relation, original=1, added=verdict.added)
    found = addition(one, hits(one))
    assert ("extends", True) == (verdict.relation, found is not None and found.text in new)
    assert found is not None
    assert {"huawei"} == {hit.term for hit in found.hits}

    before, after = (f"{FULL} وأغلق السهم أمس عند {price} دولارًا للسهم." for price in ("181.7", "183.2"))
    verdict = decide(TITLE, after, NOW, [Candidate(1, TITLE, before, NOW)])
    one = told(2, after, relation=verdict.relation, original=1, added=verdict.added)
    found = addition(one, ())
    assert ("revised", True) == (verdict.relation, found is not None)
    assert found is not None
    assert "وأغلق السهم أمس عند [183.2] دولارًا للسهم." == marked(found)


# ── whose report ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wire", "outlet", "arabic", "english"),
    [
        ("reuters", "أسواق ومال", "رويترز", "Reuters"),
        ("agencies", "أسواق ومال", "وكالات", "Agencies"),
        ("صحيفة الشروق", "أسواق ومال", "صحيفة الشروق", "صحيفة الشروق"),
        ("", "أسواق ومال", "", ""),
        ("reuters", "رويترز", "", ""),
        ("reuters", "رويترز عربي", "", ""),
        ("reuters", "Reuters", "", ""),
        ("reuters", "وكالة رويترز", "", ""),
        ("spa", "واس", "", ""),
        ("afp", "فرانس برس", "", ""),
        ("صحيفة الشروق", "الشروق", "", ""),
        ("time", "تايمز التقنية", "تايم", "Time"),
        ("alarabiya", "البوابة العربية للأخبار", "العربية", "Al Arabiya"),
    ],
)
def test_the_source_that_an_article_credits(wire: str, outlet: str, arabic: str, english: str) -> None:
    """By its name in the digest's language; an outlet passes on nothing of its own."""
    one = told(1, wire=wire, outlet=outlet)

    assert (arabic, english) == tuple(
        appearances([one], {}, [], language)[0].wire
        for language in ("ar", "en")  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("credited", "expected"),
    [
        ([("أسواق", "reuters"), ("منصة", "reuters")], "رويترز"),
        ([("أسواق", "reuters")], "رويترز"),
        ([("رويترز", ""), ("منصة", "reuters")], "رويترز"),
        ([("رويترز", "reuters"), ("منصة", "reuters")], "رويترز"),
        ([("رويترز", "reuters")], ""),
        ([("أسواق", "reuters"), ("منصة", "")], ""),
        ([("أسواق", "reuters"), ("منصة", "bloomberg")], ""),
        ([("أسواق", "reuters"), ("رويترز", "bloomberg")], ""),
        ([("أسواق", ""), ("منصة", "")], ""),
        ([], ""),
    ],
)
def test_the_source_of_a_whole_story(credited: list[tuple[str, str]], expected: str) -> None:
    """Where every article credits one and the same, or is of that very outlet."""
    articles = [told(n, outlet=outlet, wire=wire) for n, (outlet, wire) in enumerate(credited, start=1)]

    assert expected == common_credit(articles, "ar")


def test_a_digest_names_sources_in_its_language() -> None:
    """In the story where it is one for all, and at each article."""
    articles = [told(n, wire="bloomberg", hours=n) for n in (1, 2)]
    arabic, english = digest(*articles).stories[0], digest(*articles, language="en").stories[0]

    assert ("بلومبرغ", {"بلومبرغ"}) == (arabic.wire, {one.wire for one in arabic.appearances})
    assert ("Bloomberg", {"Bloomberg"}) == (english.wire, {one.wire for one in english.appearances})
