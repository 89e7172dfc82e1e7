"""The composer: what is news, how it is grouped, ordered, quoted and counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rasid.digest import compose, day_bounds, digest_id
from rasid.snippets import MAX_SNIPPET
from rasid.types import FailedFeed, Mention, Reason
from tests.core.reports import NOW, SUBSCRIPTION, TERMS, WINDOW, article, digest, found_late, marked, mentions

if TYPE_CHECKING:
    from rasid.types import ReportArticle


def copy_of(original: int, number: int, **changes: Any) -> ReportArticle:
    """A near copy in its original's story."""
    why = Reason(
        ar="نسخة من «إنفيديا تعود إلى السوق»: 94% من النص",
        en="copy of “إنفيديا تعود إلى السوق”: 94% of the text",
    )
    values = {"relation": "near", "original": original, "story_id": original, "copy_why": why, "hours": 2}
    return article(number, "إنفيديا تعود إلى السوق", "عادت إنفيديا إلى السوق.", **(values | changes))


def test_articles_of_one_story_are_told_once() -> None:
    """Three articles, one of them a copy: one story, three appearances in order of publication."""
    one = digest(
        article(1, "إنفيديا تعود إلى السوق", "عادت إنفيديا إلى السوق.", hours=6),
        article(
            2,
            "عودة إنفيديا",
            "قالت إنفيديا إنها عادت.",
            hours=4,
            story_id=1,
            story_why=Reason(ar="كلمات نادرة مشتركة", en="rare words in common"),
        ),
        copy_of(1, 3),
    )

    (story,) = one.stories
    assert [shown.article_id for shown in story.appearances] == [1, 2, 3]
    assert [shown.note and shown.note.ar for shown in story.appearances] == [None, None, "94% من النص"]
    assert story.headline == "إنفيديا تعود إلى السوق"
    assert story.why == Reason(ar="كلمات نادرة مشتركة", en="rare words in common")
    assert (one.articles, one.copies, one.outlets) == (2, 1, 2)
    assert story.matched == (("nvidia", "إنفيديا", 4),)


OPENS = Reason(ar="لا خبر قريب منه", en="no story is near it")
LINKED = Reason(ar="من أصل واحد", en="from one original")
SHARES = Reason(ar="كلمات نادرة مشتركة: الشحن", en="rare words in common: الشحن")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"id": 1, "story_why": OPENS}, {"id": 2, "story_why": SHARES}, SHARES),
        ({"id": 2, "story_why": SHARES}, {"id": 1, "story_why": OPENS}, SHARES),
        ({"id": 1, "story_why": OPENS}, {"id": 2, "story_why": SHARES, "relation": "revised"}, SHARES),
        ({"id": 1, "story_why": OPENS}, {"id": 2, "story_why": LINKED, "relation": "extends"}, None),
        ({"id": 1, "story_why": OPENS}, {"id": 2, "story_why": LINKED, "relation": "near"}, None),
        ({"id": 1, "story_why": OPENS}, {"id": 2}, None),
        ({"id": 1, "story_why": OPENS}, {"id": 2, "story_why": SHARES, "story_id": 9}, None),
    ],
    ids=["joined", "stored first, published last", "revised", "extends", "copy", "no reason", "two stories"],
)
def test_why_a_story_is_one(first: dict[str, Any], second: dict[str, Any], expected: Reason | None) -> None:
    """The words of what joined it; never the opener's reason, nor that of a link which its note tells."""
    told = [
        article(0, "إنفيديا تعود", hours=hours, **({"story_id": 1, "original": None} | changes))
        for hours, changes in ((6, first), (5, second))
    ]

    assert {expected} == {story.why for story in digest(*told).stories}


@pytest.mark.parametrize(
    ("relation", "ar", "expected"),
    [
        ("exact", "نسخة من «إنفيديا تعود»: 100% من النص", None),
        ("near", "نسخة من «إنفيديا تعود»: 68% من النص", "68% من النص"),
        ("near", "نسخة من «إنفيديا تعود»: 100% من النص", None),
        ("near", "نسخة لا يُعرف قدرها", None),
        ("excerpt", "نسخة من «إنفيديا تعود»: 97% من النص", None),
        ("extends", "يضيف 63 كلمة إلى «إنفيديا تعود»", "يضيف 63 كلمة"),
        ("revised", "الأرقام تغيّرت: 9.1 → 9.2", "الأرقام تغيّرت: 9.1 → 9.2"),
    ],
)
def test_a_note_names_no_original_that_stands_above(relation: str, ar: str, expected: str | None) -> None:
    """Within its story the share or what is new is enough; elsewhere the note keeps the title."""
    en = ar.replace("«", "“").replace("»", "”").replace(" إلى ", " to ")
    changes = {"relation": relation, "copy_why": Reason(ar=ar, en=en), "story_id": 1, "hours": 2}
    original = article(1, "إنفيديا تعود", hours=6)
    within = digest(original, article(2, "إنفيديا تعود", original=1, **changes))
    elsewhere = digest(original, article(2, "إنفيديا تعود", original=9, **changes))
    short, long = within.stories[0].appearances[1].note, elsewhere.stories[0].appearances[1].note

    assert expected == (short and short.ar)
    assert "إنفيديا" not in (short.ar + short.en if short else "")
    assert Reason(ar=ar, en=en) == long


def test_copies_of_a_reported_story_are_counted_only() -> None:
    """Copies alone never open a story, whether their story was reported or not."""
    one = digest(copy_of(1, 3, story_reported=True), copy_of(9, 4))

    assert one.stories == ()
    assert (one.articles, one.copies) == (0, 2)


def test_a_copy_that_lost_the_term_is_still_an_appearance() -> None:
    """An excerpt without the name belongs to the story of its original."""
    excerpt = article(5, "خبر", "نص قصير.", relation="excerpt", original=1, story_id=1)
    one = digest(article(1, "إنفيديا تعود"), excerpt)

    assert [shown.article_id for shown in one.stories[0].appearances] == [1, 5]
    assert one.copies == 1


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"language": "und"}, True),
        ({"language": "en"}, False),
        ({"language": "fa"}, False),
        ({"first_seen": NOW, "published": NOW - timedelta(days=3)}, True),
        ({"first_seen": NOW, "published": NOW - timedelta(days=3, seconds=1)}, False),
        ({"status": "uncertain"}, False),
    ],
)
def test_which_articles_are_news(changes: dict[str, Any], kept: bool) -> None:
    """Another language, an old article and an uncertain mention make no story."""
    assert kept == bool(digest(article(1, "إنفيديا تعود", **changes)).stories)


def test_an_english_digest_takes_english_articles_too() -> None:
    """Its reader can read them; the Arabic ones stay."""
    one = digest(article(1, "إنفيديا تعود"), article(2, "Nvidia is back", language="en"), language="en")

    assert {1, 2} == {story.story_id for story in one.stories}


def test_terms_below_the_minimum_importance_are_left_out() -> None:
    """Neither a story nor a count nor a highlight of them."""
    one = digest(
        article(1, "كونلون في السوق"),
        article(2, "كونلون وهواوي", "اختبرت هواوي رقاقة كونلون."),
        min_importance=2,
    )

    assert [story.story_id for story in one.stories] == [2]
    assert "kunlun" not in {term.term for term in one.terms}
    assert marked(one.stories[0].snippets[0]) == "اختبرت [هواوي] رقاقة كونلون."


def test_stories_come_by_importance_then_outlets_then_time() -> None:
    """An H20 story leads; of equals the one that more outlets carry, then the latest."""
    one = digest(
        article(1, "هواوي أولًا", hours=1),
        article(2, "إنفيديا ثانيًا", hours=3),
        article(3, "إنفيديا أيضًا", hours=2, story_id=2),
        article(4, "شحنات H20", hours=9),
        article(5, "هواوي أخيرًا", hours=2),
    )

    assert [story.story_id for story in one.stories] == [4, 2, 1, 5]


def test_stories_past_the_maximum_are_counted() -> None:
    """The rest is said to be there, and its figures count."""
    one = digest(*(article(n, "إنفيديا") for n in range(1, 6)), max_stories=2)

    assert (len(one.stories), one.omitted, one.articles) == (2, 3, 5)
    assert one.terms[1].stories == 5


def test_the_headline_names_a_term_where_one_does() -> None:
    """The earliest title with a term; an empty title never."""
    one = digest(
        article(1, "", "قالت إنفيديا ذلك.", hours=9),
        article(2, "سوق الرقائق", "قالت إنفيديا ذلك.", hours=8, story_id=1),
        article(3, "إنفيديا ترد", "قالت إنفيديا ذلك.", hours=7, story_id=1),
    )

    assert (one.stories[0].headline, one.stories[0].url) == ("إنفيديا ترد", "https://news.example/3")


def test_an_article_without_a_title_is_headed_by_its_opening() -> None:
    """A headline is never empty."""
    assert digest(article(1, "", "قالت إنفيديا ذلك. ثم سكتت.")).stories[0].headline == "قالت إنفيديا ذلك."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("تراجع السوق. قالت إنفيديا إن H20 عادت! وانتهى.", ["قالت [إنفيديا] إن [H20] عادت!"]),
        ("قالت إنفيديا ذلك. ثم شحنت H20 فورًا. وانتهى.", ["قالت [إنفيديا] ذلك. ثم شحنت [H20] فورًا."]),
        (
            "ارتفع سهم إنفيديا 3.5% في nvidia.com اليوم؟ نعم.",
            ["ارتفع سهم [إنفيديا] 3.5% في nvidia.com اليوم؟"],
        ),
        ("قال: «إنفيديا عادت.» ثم صمت.", ["قال: «[إنفيديا] عادت.»"]),
        ("عنوان فرعي\nقالت إنفيديا ذلك\nخاتمة", ["قالت [إنفيديا] ذلك"]),
        (
            "قالت إنفيديا ذلك.\nفقرة وسطى طويلة لا تذكر أحدًا.\nوشحنت هواوي رقاقتها.",
            ["قالت [إنفيديا] ذلك.", "وشحنت [هواوي] رقاقتها."],
        ),
        ("لا ذكر هنا. ولا هنا.", ["لا ذكر هنا."]),
        ("", []),
    ],
)
def test_snippets_are_whole_sentences_with_the_most_terms(text: str, expected: list[str]) -> None:
    """Cut at sentence ends, not at decimal points or dots of names, and never across paragraphs."""
    story = digest(article(1, "إنفيديا وهواوي", text)).stories[0]

    assert expected == [marked(snippet) for snippet in story.snippets]


@pytest.mark.parametrize("before", [0, 3, 30, 100])
@pytest.mark.parametrize("after", [0, 3, 30, 100])
def test_a_long_sentence_is_cut_between_words(before: int, after: int) -> None:
    """At most 260 characters, the hit kept, an ellipsis where words are missing, no half word."""
    text = " ".join(["كلمة"] * before + ["إنفيديا"] + ["عبارة"] * after)
    (snippet,) = digest(article(1, "إنفيديا", text)).stories[0].snippets

    assert len(snippet.text) <= MAX_SNIPPET
    assert {"كلمة", "عبارة", "إنفيديا"} >= set(snippet.text.strip("…").split())
    assert [snippet.text[hit.start : hit.end] for hit in snippet.hits] == ["إنفيديا"]
    assert (before == 100 or len(text) > MAX_SNIPPET > before * 6) or "…" not in snippet.text[:1]
    assert snippet.text.strip("…") in text


def test_what_extends_an_article_shows_the_part_that_is_new() -> None:
    """The sentence that stood in the original already is not quoted again."""
    old = "قالت إنفيديا إن H20 عادت."
    one = digest(
        article(1, "سوق", old, hours=6, relation="exact", original=9),
        article(
            2,
            "إنفيديا تضيف",
            f"{old} وأضافت إنفيديا أن الشحن بدأ.",
            relation="extends",
            original=1,
            story_id=1,
            story_reported=True,
        ),
    )

    assert one.stories[0].known
    assert marked(one.stories[0].snippets[0]) == "وأضافت [إنفيديا] أن الشحن بدأ."
    assert ["H20" not in snippet.text for snippet in one.stories[0].snippets] == [True]


def test_uncertain_mentions_are_for_review() -> None:
    """Shown with the reason and the span, not as a story; a copy adds no second review."""
    unsure = article(1, "خبر", "بيع رقائق H20 مستمر.", status="uncertain")
    one = digest(
        unsure, article(2, "خبر", "بيع رقائق H20 مستمر.", status="uncertain", relation="exact", original=1)
    )

    (review,) = one.reviews
    assert (
        review.term,
        marked(review.snippet),
        review.why.ar,
    ) == ("h20", "بيع رقائق [H20] مستمر.", "الصيغة كما هي")
    assert one.stories == ()
    assert (one.articles, one.copies) == (0, 0)


TOLD = {"story_reported": True, "story_id": 1}
EARLIER = article(1, "إنفيديا تعود إلى السوق", "عادت إنفيديا مع كونلون.", hours=9, **TOLD)
TODAY = article(2, "ما بعد العودة", "قالت إنفيديا إنها عادت.", hours=4, **TOLD)


@pytest.mark.parametrize(
    ("articles", "late", "known"),
    [
        ([EARLIER], False, True),
        ([found_late(EARLIER)], True, False),
        ([found_late(replace(EARLIER, story_reported=False))], True, False),
        ([found_late(EARLIER), found_late(TODAY)], True, False),
        ([found_late(EARLIER), TODAY], False, True),
        ([found_late(EARLIER, "nvidia")], True, False),
        ([found_late(EARLIER, "kunlun")], False, True),
        ([found_late(EARLIER), copy_of(1, 3, **TOLD)], True, False),
    ],
    ids=[
        "an update",
        "found late",
        "never told",
        "two found late",
        "one of two found late",
        "a term that nobody wants was there before",
        "a wanted term was there before",
        "a copy came in since",
    ],
)
def test_a_story_is_late_where_late_mentions_alone_put_it_here(
    articles: list[ReportArticle], late: bool, known: bool
) -> None:
    """Every wanted mention of its news is late; then it is no update, even of a story told before."""
    (story,) = digest(*articles, min_importance=2).stories

    assert (late, known) == (story.late, story.known)


def test_a_doubtful_mention_makes_no_story_punctual() -> None:
    """Only what is certain put the story here."""
    sure, unsure = mentions("", "قالت إنفيديا ثم H20.")
    both = (replace(sure, late=True), replace(unsure, status="uncertain"))
    one = digest(article(1, "", "قالت إنفيديا ثم H20.", mentions=both))

    assert [True] == [story.late for story in one.stories]
    assert [("h20", False)] == [(review.term, review.late) for review in one.reviews]


def test_what_is_new_leads_before_what_was_found_late() -> None:
    """An update is not headed by the article of last week that a changed list found beside it."""
    (story,) = digest(found_late(EARLIER), TODAY).stories

    assert "ما بعد العودة" == story.headline
    assert ["قالت [إنفيديا] إنها عادت.", "عادت إنفيديا مع [كونلون]."] == [
        marked(snippet) for snippet in story.snippets
    ]
    assert [1, 2] == [shown.article_id for shown in story.appearances]


def test_late_articles_are_told_however_long_ago_they_came_in() -> None:
    """Age counts up to the day when an article was first seen; they come after the news, counted apart."""
    weeks = 24 * 21.0
    one = digest(
        article(1, "هواوي اليوم", hours=2),
        found_late(article(2, "هواوي قبل أسابيع", hours=weeks)),
        found_late(article(3, "شحنات H20 قبل أسابيع", "شحنات H20 كثيرة.", hours=weeks)),
        found_late(article(4, "إنفيديا قديمة", hours=weeks, first_seen=NOW - timedelta(days=17))),
        found_late(copy_of(3, 5, hours=weeks - 1)),
    )

    assert [(1, False), (3, True), (2, True)] == [(story.story_id, story.late) for story in one.stories]
    assert (1, 1, 1, 2) == (one.articles, one.outlets, one.copies, one.late)
    assert {"h20": 2, "huawei": 2, "nvidia": 0, "kunlun": 0} == {
        term.term: term.mentions for term in one.terms
    }


def test_a_review_is_late_where_all_its_mentions_are() -> None:
    """Each by the doubtful mentions of its own term."""
    text = "بيع رقائق H20 مستمر. ثم H20 مع هواوي."
    unsure = article(1, "خبر", text, status="uncertain")
    first, *others = unsure.mentions
    mixed = replace(unsure, mentions=(first, *(replace(mention, late=True) for mention in others)))

    assert {"h20": False, "huawei": False} == {one.term: one.late for one in digest(unsure).reviews}
    assert {"h20": True, "huawei": True} == {one.term: one.late for one in digest(found_late(unsure)).reviews}
    assert {"h20": False, "huawei": True} == {one.term: one.late for one in digest(mixed).reviews}


def test_a_term_that_is_certain_in_the_article_needs_no_review() -> None:
    """One doubtful spelling beside a certain one is not worth a person's time."""
    text = "قالت إنفيديا ثم نفيديا."
    sure, unsure = mentions("", text)
    doubtful = Mention(**{name: getattr(unsure, name) for name in unsure.__slots__} | {"status": "uncertain"})

    assert digest(article(1, "", text, mentions=(sure, doubtful))).reviews == ()


def test_figures_of_a_term() -> None:
    """Stories and mentions of this digest; the usual is the mean of the six days before today."""
    one = digest(article(1, "إنفيديا", "إنفيديا ونفيديا."))
    nvidia = next(term for term in one.terms if term.term == "nvidia")
    h20 = next(term for term in one.terms if term.term == "h20")

    assert (nvidia.stories, nvidia.mentions, nvidia.days, nvidia.usual) == (1, 2, (1, 2, 0, 3, 0, 0, 4), 1.0)
    assert (h20.stories, h20.mentions, h20.days, h20.usual) == (0, 0, (0,) * 7, 0.0)


def test_a_window_that_has_not_ended_is_refused() -> None:
    """A frozen digest of it would lose what is still to come."""
    with pytest.raises(ValueError, match="ahead of now"):
        compose(
            SUBSCRIPTION,
            [],
            window=(NOW, NOW + timedelta(seconds=1)),
            terms=TERMS,
            term_days={},
            failed_feeds=[],
            now=NOW,
        )


def test_failed_feeds_are_named_in_order() -> None:
    """Every feed that failed is there, by name."""
    feeds = [FailedFeed(feed_id=n, name=n, error="504", since=None) for n in ("ب", "أ")]
    one = compose(SUBSCRIPTION, [], window=WINDOW, terms=TERMS, term_days={}, failed_feeds=feeds, now=NOW)

    assert [feed.name for feed in one.failed_feeds] == ["أ", "ب"]
    assert one.id == "analysts-20251122T040000Z"


@pytest.mark.parametrize(
    ("timezone", "now", "hours"),
    [
        ("Asia/Riyadh", "2025-11-22T04:00", [24] * 7),
        ("Africa/Cairo", "2025-04-26T04:00", [24] * 5 + [23, 24]),
        ("Africa/Cairo", "2025-10-31T04:00", [24] * 5 + [25, 24]),
    ],
)
def test_days_are_local_and_touch_each_other(timezone: str, now: str, hours: list[int]) -> None:
    """Seven local days; the days of clock changes are shorter or longer."""
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    bounds = day_bounds(moment, timezone)

    assert hours == [(end - start) / timedelta(hours=1) for start, end in bounds]
    assert [end for _, end in bounds[:-1]] == [start for start, _ in bounds[1:]]
    assert bounds[-1][0] <= moment < bounds[-1][1]


def test_the_id_of_a_digest_is_in_utc() -> None:
    """The subscription and the end of its window."""
    end = datetime.fromisoformat("2025-11-22T07:00:00+03:00")

    assert digest_id("analysts", end) == "analysts-20251122T040000Z"
