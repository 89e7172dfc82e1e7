"""Stories: which articles tell one event."""

import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rasid import stories as module
from rasid.stories import StoryIndex, story_terms
from rasid.types import StoryChoice, StoryMember

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SEEDS = Path(__file__).parents[3] / "shared" / "seeds"

FIRE = (
    "حريق يوقف مصنع الرقائق في درسدن",
    (
        "اندلع حريق فجر الثلاثاء في مصنع شركة «سيليكا» بمدينة درسدن الألمانية، فتوقف إنتاج رقائق السيارات"
        " في ثلاثة خطوط. وقالت الشركة إن أحدا لم يصب، وإن التحقيق في سبب الحريق بدأ."
    ),
)
FIRE_ELSEWHERE = (
    "«سيليكا» تعلق الإنتاج في درسدن بعد حريق",
    (
        "علقت شركة «سيليكا» إنتاج رقائق السيارات في مصنعها بدرسدن بعدما أتى حريق على جزء من قاعة التصنيع،"
        " وقدرت أن تعود الخطوط الثلاثة إلى العمل بعد أسبوعين. ولم تقع إصابات."
    ),
)
OTHER_CHIPS = (
    "«سيليكا» تكشف رقاقة جديدة للهواتف",
    (
        "كشفت شركة «سيليكا» في برشلونة عن رقاقة للهواتف المتوسطة تعد ببطارية تدوم يومين، وقالت إن أول هاتف"
        " يحملها سيصل إلى الأسواق في الخريف."
    ),
)
BANK = (
    "مصرف عماني يطلق محفظة رقمية",
    (
        "أطلق مصرف في مسقط محفظة رقمية تتيح التحويل الفوري بين الأفراد دون رسوم، وقال إن مئة ألف عميل سجلوا"
        " في الأسبوع الأول."
    ),
)


def member(
    article: tuple[str, str], article_id: int, story_id: int | None = None, ago: timedelta = HOUR
) -> StoryMember:
    """An article in the index; its story is its own unless said."""
    story = article_id if story_id is None else story_id
    return StoryMember(article_id, story, story_terms(*article), NOW - ago)


def choose(index: StoryIndex, article: tuple[str, str], now: datetime = NOW) -> StoryChoice:
    """Ask the index about an article."""
    return index.choose(story_terms(*article), now, title=article[0], text=article[1])


def test_first_article_opens_a_story() -> None:
    """An empty index offers no story, and says so."""
    choice = choose(StoryIndex(), FIRE)

    assert (choice.story_id, choice.score, choice.shared) == (None, 0.0, ())
    assert choice.why.ar == "لا خبر قريب منه في الأيام الأخيرة"
    assert choice.why.en == "no story of the last days is near it"


def test_same_event_in_other_words_joins() -> None:
    """Another outlet's report joins, with the rare words in common as it writes them."""
    choice = choose(StoryIndex([member(FIRE, 7), member(BANK, 8)]), FIRE_ELSEWHERE)

    assert choice.story_id == 7
    assert {"درسدن", "حريق"} <= set(choice.shared)
    assert all(word in " ".join(FIRE_ELSEWHERE) for word in choice.shared)
    assert "درسدن" in choice.why.ar
    assert choice.why.en.startswith("rare words in common: ")


APART = {
    "same company, other event": (FIRE, OTHER_CHIPS),
    "other event, other company": (FIRE, BANK),
    "no words in common": (FIRE, ("Quarterly results", "Nothing in common with the others.")),
    "no words at all": (FIRE, ("", "")),
}


@pytest.mark.parametrize(("old", "new"), APART.values(), ids=APART)
def test_other_events_stay_apart(old: tuple[str, str], new: tuple[str, str]) -> None:
    """From the first article on, everyday words of the technology press make no story."""
    assert choose(StoryIndex([member(old, 1)]), new).story_id is None


def test_likeness_fades() -> None:
    """The same words two weeks later are another event."""
    index = StoryIndex([member(FIRE, 1)])

    assert choose(index, FIRE_ELSEWHERE).story_id == 1
    assert choose(index, FIRE_ELSEWHERE, NOW + 12 * DAY).story_id is None
    assert choose(index, FIRE_ELSEWHERE, NOW - 12 * DAY).story_id is None


TABLE = (
    "أسعار العملات اليوم الثلاثاء 3 مارس",
    (
        "استقر سعر صرف الدولار في البنوك عند 1512 للشراء و1518 للبيع، واليورو عند 1640 للشراء و1655 للبيع،"
        " والجنيه الإسترليني عند 1921 و1934، والريال 402 و405، والدرهم 411 و414."
    ),
)
TABLE_NEXT_DAY = (
    "أسعار العملات اليوم الأربعاء 4 مارس",
    (
        "استقر سعر صرف الدولار في البنوك عند 1519 للشراء و1524 للبيع، واليورو عند 1651 للشراء و1662 للبيع،"
        " والجنيه الإسترليني عند 1930 و1947، والريال 404 و407، والدرهم 413 و416."
    ),
)
TABLE_OTHER_HEADLINE = ("الدولار يرتفع أمام الجنيه", TABLE_NEXT_DAY[1])
COLUMN = (
    "نشرة الأسواق المسائية",
    (
        "في هذه الزاوية نجمع كل مساء ما يهم المستثمر في أسهم التقنية: أبرز الرابحين، وأبرز الخاسرين، وموعد"
        " الغد. قفز سهم «سيليكا» بعد نتائجها الفصلية."
    ),
)
COLUMN_NEXT_DAY = (
    "نشرة الأسواق المسائية",
    (
        "في هذه الزاوية نجمع كل مساء ما يهم المستثمر في أسهم التقنية: أبرز الرابحين، وأبرز الخاسرين، وموعد"
        " الغد. هبط سهم «نورس» بعد استقالة رئيسها."
    ),
)
SERIES = {
    "table": (TABLE, TABLE_NEXT_DAY),
    "table under another headline": (TABLE, TABLE_OTHER_HEADLINE),
    "column": (COLUMN, COLUMN_NEXT_DAY),
}


@pytest.mark.parametrize(("old", "new"), SERIES.values(), ids=SERIES)
def test_another_day_of_a_series_is_another_event(old: tuple[str, str], new: tuple[str, str]) -> None:
    """Tables and columns repeat their words; those of one day are one event, those of the next are not."""
    same_day = StoryIndex([member(old, 1, ago=4 * HOUR)])
    day_before = StoryIndex([member(old, 1, ago=22 * HOUR)])

    assert choose(same_day, new).story_id == 1
    assert choose(day_before, new).story_id is None
    assert choose(day_before, new).why.ar == "باب ثابت أو جدول: عدد يوم آخر"


def test_a_series_does_not_hide_the_next_story() -> None:
    """Where the nearest story is another day's column, the next nearest is joined."""
    index = StoryIndex([member(COLUMN, 1, ago=20 * HOUR), member(FIRE, 2)])
    both = (COLUMN[0], COLUMN[1][:90] + FIRE[0] + " " + FIRE[1])

    assert choose(index, both).story_id == 2


def test_figures_alone_make_no_story() -> None:
    """Numbers in common do not hold articles together that share no words."""
    index = StoryIndex([member(TABLE, 1), member(BANK, 2)])

    assert choose(index, ("قاعات مدرسية 1512", "وزعت الكتب على 1640 تلميذا في 402 قاعة.")).story_id is None


def test_the_nearer_of_two_stories() -> None:
    """Among several stories the likest is chosen, whatever the order of arrival."""
    members = [member(OTHER_CHIPS, 1), member(FIRE, 2), member(BANK, 3)]

    assert choose(StoryIndex(members), FIRE_ELSEWHERE).story_id == 2
    assert choose(StoryIndex(reversed(members)), FIRE_ELSEWHERE).story_id == 2


def test_average_link_breaks_chains() -> None:
    """A story whose other members are strangers does not draw an article by one member alone."""
    alone = StoryIndex([member(FIRE, 1)])
    mixed = StoryIndex([member(FIRE, 1), member(BANK, 2, 1), member(OTHER_CHIPS, 3, 1)])

    assert choose(mixed, FIRE_ELSEWHERE).score < choose(alone, FIRE_ELSEWHERE).score / 2


def test_old_members_are_let_go() -> None:
    """What is two weeks older than the newest article is forgotten, stems and all."""
    index = StoryIndex([member(FIRE, 1, ago=20 * DAY), member(BANK, 2)])

    assert list(index._members) == [2]
    assert choose(index, FIRE_ELSEWHERE, NOW - 20 * DAY).story_id is None
    assert [0] * len(story_terms(*FIRE)) == [
        index._slots.holders[index._slots.numbers[stem]] for stem in story_terms(*FIRE)
    ]


def test_an_article_added_again_counts_once() -> None:
    """An article that is read again replaces what the index had of it."""
    index = StoryIndex([member(FIRE, 1), member(FIRE, 1, 9), member(BANK, 2, ago=-20 * DAY)])

    assert list(index._members) == [2]
    assert choose(StoryIndex([member(FIRE, 1), member(FIRE, 1, 9)]), FIRE_ELSEWHERE).story_id == 9


def test_terms_count_the_title_more_and_the_tail_not_at_all() -> None:
    """A stem of the title outweighs one of the lead; past 400 characters nothing counts."""
    terms = story_terms("درسدن", "أعلنت بايدو نتائجها. " + "كلمة " * 100 + "زنجبيل")

    assert terms["درسدن"] > terms["بايدو"]
    assert "زنجبيل" not in terms
    assert "من" not in story_terms("من مسقط", "")


def test_spelling_does_not_matter() -> None:
    """Terms come from folded text."""
    assert story_terms("الأجهزة الإلكترونيّة", "") == story_terms("الاجهزه الالكترونيه", "")


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=500))
def test_an_article_joins_its_own_words(title: str, text: str) -> None:
    """Whatever the text, likeness to itself is 1 or there are no terms at all."""
    terms = story_terms(title, text)
    choice = StoryIndex([StoryMember(1, 1, terms, NOW)]).choose(terms, NOW, title=title, text=text)

    assert (choice.story_id, choice.score) == ((1, 1.0) if terms else (None, 0.0))


def seed(number: int) -> tuple[str, str]:
    """A sample page: title and text."""
    if not SEEDS.is_dir():
        pytest.skip("the sample pages are not beside this checkout")
    text = next(SEEDS.glob(f"{number:03}_*.txt")).read_text(encoding="utf-8")
    title, _, rest = text.partition("\n")
    return (title, rest) if len(title.split()) < 15 else ("", text)


@pytest.mark.parametrize("order", ["01234", "43210", "13024", "20413"])
def test_sample_pages(order: str) -> None:
    """Pages 000 and 001 tell one event; the other three are stories of their own, in any order of arrival."""
    index, stories = StoryIndex(), {}
    for number in map(int, order):
        article = seed(number)
        found = choose(index, article).story_id
        stories[number] = number if found is None else found
        index.add(member(article, number, stories[number]))

    assert stories[0] == stories[1]
    assert len({stories[number] for number in (0, 2, 3, 4)}) == 4


def test_reasons_name_no_stems() -> None:
    """Readers see whole words of the article."""
    choice = choose(StoryIndex([member(FIRE, 7)]), FIRE_ELSEWHERE)

    assert all(
        re.search(rf"(?<!\w){re.escape(word)}(?!\w)", " ".join(FIRE_ELSEWHERE)) for word in choice.shared
    )


def test_reasons_name_no_figures_and_no_weak_words() -> None:
    """Shown are telling words, the plain form rather than one with a clitic, rarest first, five at most."""
    article = (
        "«سيليكا» تطلب 71 شخصا بعد حريق درسدن",
        "طلبت «سيليكا» 71 شخصا يوم الثلاثاء 12 يناير لإصلاح مصنع درسدن. وحريق درسدن أوقف الخطوط الثلاثة.",
    )
    choice = choose(StoryIndex([member(FIRE, 7), member(article, 8, 7)]), article)

    assert "حريق" in choice.shared
    assert len(choice.shared) <= 5
    assert {"71", "12", "شخصا", "الثلاثاء", "يناير", "وحريق"}.isdisjoint(choice.shared)


def test_codes_are_shown() -> None:
    """A number with letters is a name: H20 is telling, 20 is not."""
    index = StoryIndex([member(("حظر H20", "شمل الحظر رقاقة H20 و20 دولة."), 1)])

    assert set(choose(index, ("رقاقة H20 والحظر", "حظر رقاقة H20 في 20 دولة.")).shared) == {"H20", "حظر"}


def test_words_of_both_headlines_come_before_those_of_the_leads() -> None:
    """With more in common than is shown, what both headlines say is shown."""
    lead = "زرافة فهد نمر ذئب ثعلب غزال أرنب قنفذ سلحفاة تمساح"
    index = StoryIndex([member(("حريق درسدن", lead), 1), member(("حريق مسقط", "درسدن"), 2)])
    shared = choose(index, ("درسدن تخمد الحريق", lead)).shared

    assert len(shared) == 5
    assert {"درسدن", "الحريق"} <= set(shared)


def test_a_reason_without_telling_words_says_so() -> None:
    """Where only weak words are shared the reason gives the likeness, and no empty list."""
    choice = choose(StoryIndex([member(("طلب وزير", "جواب شخص"), 1)]), ("طلب من الوزير", "وجواب من شخص"))

    assert (choice.story_id, choice.shared) == (1, ())
    assert choice.why.ar == f"صياغة متقاربة ({choice.score:.0%}) بلا كلمات نادرة مشتركة"
    assert choice.why.en == f"alike as a whole ({choice.score:.0%}), without rare words in common"


def test_one_agency_on_one_day_is_a_little_likelier() -> None:
    """Two texts of one agency count a twentieth more within a day, and as much as any after it."""
    index = StoryIndex([replace(member(FIRE, 1), wire="reuters")])
    terms = story_terms(*FIRE_ELSEWHERE)

    def score(wire: str, now: datetime) -> float:
        return index.choose(terms, now, wire=wire).score

    assert 1.05 * score("", NOW) == pytest.approx(score("reuters", NOW), abs=1e-4)
    assert score("", NOW) == score("afp", NOW)
    assert score("", NOW + DAY) == score("reuters", NOW + DAY)


def test_moving_an_article() -> None:
    """An operator's merge or split is followed; an article that the index has let go changes nothing."""
    index = StoryIndex([member(FIRE, 1), member(BANK, 2)])

    index.move(1, 2)
    index.move(77, 2)
    assert choose(index, FIRE_ELSEWHERE).story_id == 2
    index.move(1, 9)
    assert choose(index, FIRE_ELSEWHERE).story_id == 9
    assert choose(index, BANK).story_id == 2


def test_last_id() -> None:
    """The highest article id ever taken in is known, whatever came last and whatever was let go."""
    index = StoryIndex([member(FIRE, 9), member(BANK, 4, ago=-20 * DAY)])

    assert (0, 9) == (StoryIndex().last_id, index.last_id)


def test_late_articles() -> None:
    """What arrives late stands where it was published; what is older than the window is let go at once."""
    index = StoryIndex([member(BANK, 1), member(FIRE, 2, ago=DAY), member(OTHER_CHIPS, 3, ago=15 * DAY)])

    assert choose(index, FIRE_ELSEWHERE, NOW - DAY).story_id == 2
    assert [1, 2] == list(index._members)


def test_an_index_that_lets_all_go() -> None:
    """An article that is read again with a date before the window leaves an index that works."""
    index = StoryIndex([member(FIRE, 1), member(FIRE, 1, ago=30 * DAY)])

    assert list(index._members) == []
    assert choose(index, FIRE).story_id is None
    index.add(member(FIRE, 2))
    assert choose(index, FIRE).story_id == 2


# ── against the plain reading of the docstring ───────────────────────────────────────────────────

VOCABULARY = [f"{first}{second}{third}وق" for first in "بتجدرس" for second in "حخعغ" for third in "فكلمن"]


def invented(seed: int, count: int, *, shuffled: bool = False) -> list[StoryMember]:
    """Articles of invented words over three weeks, several an event."""
    rng = random.Random(seed)  # noqa: S311 the same articles again, nothing secret
    made: list[StoryMember] = []
    for number in range(1, count + 1):
        event = rng.randrange(max(0, number - 40), number)
        told = random.Random(event).sample(VOCABULARY, 4) + rng.sample(VOCABULARY, 5)  # noqa: S311 as above
        rng.shuffle(told)
        terms = story_terms(" ".join(told[:5]), " ".join(told[5:]))
        made.append(StoryMember(number, event + 1, terms, NOW + number * 21 * DAY / count))
    if shuffled:
        rng.shuffle(made)
    return made


def plain_scores(members: Iterable[StoryMember], asking: StoryMember) -> dict[int, float]:
    """The average likeness to the last twelve members of every story, as the docstring says it."""
    newest = max(one.published for one in members)
    living = sorted(
        (one for one in members if one.published >= newest - 14 * DAY),
        key=lambda one: (one.published, one.article_id),
    )
    held = Counter(stem for one in living for stem in one.terms)
    total = max(200, len(living))
    idf = {stem: math.log((total + 1) / (held[stem] + 1)) + 0.01 for stem in [*held, *asking.terms]}

    def vector(terms: dict[str, float]) -> dict[str, float]:
        weighted = {stem: weight * idf[stem] for stem, weight in terms.items()}
        length = math.hypot(*weighted.values()) or 1.0
        return {stem: weight / length for stem, weight in weighted.items()}

    mine, found = vector(asking.terms), {}
    for story in {one.story_id for one in living}:
        last = [one for one in living if one.story_id == story][-12:]
        likeness = [
            sum(weight * mine.get(stem, 0.0) for stem, weight in vector(one.terms).items())
            * math.exp(-abs(asking.published - one.published) / (36 * HOUR))
            for one in last
        ]
        found[story] = sum(likeness) / len(last)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_the_plain_reading_chooses_the_same(seed: int) -> None:
    """Postings, columns and candidates change nothing: every choice and score is that of the plain reading."""
    members = invented(seed, 260, shuffled=seed % 2 == 1)
    index, joined = StoryIndex(members[:100]), 0
    for at in range(100, 260):
        asking = members[at]
        scores = plain_scores(members[:at], asking)
        best = max(scores, key=lambda story: (round(scores[story], 6), -story))
        choice = index.choose(asking.terms, asking.published)

        if abs(scores[best] - 0.2) > 1e-3:
            assert choice.story_id == (best if scores[best] > 0.2 else None)
        if choice.story_id is not None:
            assert scores[best] == pytest.approx(choice.score, abs=2e-4)
        joined += choice.story_id is not None
        index.add(asking)

    assert joined > 20


def choices(index: StoryIndex, asking: Sequence[StoryMember]) -> list[StoryChoice]:
    """What an index says of several articles."""
    return [index.choose(one.terms, one.published) for one in asking]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 120))
def test_what_is_let_go_leaves_no_trace(seed: int, again: int) -> None:
    """After articles were let go, read again and moved, an index answers as a fresh one of those it holds."""
    members = invented(seed, 150)
    index = StoryIndex(members)
    for one in members[again : again + 20]:
        index.add(replace(one, story_id=one.story_id + 1))
        index.move(one.article_id, one.story_id)
    fresh = StoryIndex(one for one in members if one.article_id in index._members)
    asking = [replace(one, published=members[-1].published) for one in members[::7]]

    assert choices(fresh, asking) == choices(index, asking)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(seed: int, chance: random.Random) -> None:
    """The same members in another order give the same choices, ties included; so does asking twice."""
    members = [one for one in invented(seed, 80) if one.published > NOW + 10 * DAY]
    members += [replace(one, article_id=one.article_id + 100, story_id=1000) for one in members[:5]]
    mixed = chance.sample(members, len(members))
    first, second = StoryIndex(members), StoryIndex(mixed)

    assert choices(first, members) == choices(second, members)
    assert choices(first, members) == choices(first, members)


def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many hold a stem, an article reads its budget of postings, rare stems first; its event is found."""
    monkeypatch.setattr(module, "_BUDGET", 300)
    crowd = [StoryMember(n, n, story_terms("سوق حالة", "قمر بحر نهر"), NOW) for n in range(1, 900)]
    index = StoryIndex(
        [*crowd, member(FIRE, 1000), *(replace(one, article_id=one.article_id + 2000) for one in crowd)]
    )
    asking = story_terms("سوق حالة حريق درسدن", "قمر بحر نهر سيليكا مصنع")
    found, weights = index._postings(index._query(asking, NOW.timestamp(), ""))

    assert sum(map(len, found)) <= 300
    assert weights == sorted(weights, reverse=True)
    assert index.choose(asking, NOW).story_id == 1000


def test_memory_is_bounded() -> None:
    """Over years of articles the columns stay at a few times what the window holds, vocabulary included."""
    index = StoryIndex()
    for number in range(1, 9001):
        terms = story_terms(f"عنوان {number}x", "نص")
        index.add(StoryMember(number, number, terms, NOW + number * HOUR))

    assert len(index._members) == 14 * 24 + 1
    assert len(index._slots.members) <= 2 * len(index._members) + 1001
    assert len(index._slots.numbers) <= 2 * len(index._members) + 1003
    assert len(index._by_age) <= len(index._slots.members)
    assert len(index._stories) == len(index._members)
