"""Stories: which articles tell one event."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    assert not any(1 in holders for holders in index._postings.values())


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
