"""Articles as hashed words: what counts as a word, a figure, a line, a key."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rasid.shingles import SHINGLE, Words, read, read_words, slots, uncovered, winnow

LINE = "تابعوا أخبار الرصيف الجنوبي كل صباح"
TEXT = (
    "وصلت السفينة نورس 7 إلى ميناء طنجة فجر السبت وعلى متنها 1,300 حاوية.\n"
    "وقال الربان إن الرحلة دامت ٢١ يوما، وإن العاصفة أخّرتها يومين عند جزر الكناري."
)


def written(words: Words) -> list[str]:
    """The words as folding left them."""
    return [words.written(at) for at in range(len(words))]


WORDS: dict[str, tuple[str, list[str]]] = {
    "letters and digits that touch": ("وH20 وH200", ["و", "h", "20", "و", "h", "200"]),
    "thousands": ("بلغ 1,300 طن", ["بلغ", "1,300", "طن"]),
    "a spaced separator": ("1 ,300", ["1 ,300"]),
    "decimals in Arabic digits": ("٢٫٥ درجة", ["2٫5", "درجه"]),
    "a full stop after a figure": ("عام 2026. ثم", ["عام", "2026", "ثم"]),
    "a time": ("10:45", ["10:45"]),
    "underscores and marks": ("_أوّل_ - «ثانٍ»", ["اول", "ثان"]),
    "repeated lines": ("سطر واحد\nآخر\nسطر واحد", ["سطر", "واحد", "اخر"]),
    "outside the basic plane": ("𐎀𐎁 x 😀", ["𐎀𐎁", "x"]),
    "nothing": ("… !", []),
}


@pytest.mark.parametrize(("text", "expected"), WORDS.values(), ids=WORDS)
def test_words(text: str, expected: list[str]) -> None:
    """A text is cut where a reader would cut it."""
    assert written(read_words(text)) == expected


EQUAL = {
    "separators": ("1,300", "1300"),
    "digits": ("٢٫٥", "2.5"),
    "spelling": ("إدارة", "اداره"),
    "marks": ("أُعيدَ", "اعيد"),
}


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL)
def test_spellings_hash_alike(one: str, other: str) -> None:
    """What means the same word has the same hash."""
    assert read_words(one).hashes.tolist() == read_words(other).hashes.tolist()


@settings(deadline=None)
@given(st.lists(st.text("ابجدهو0123ab", min_size=1, max_size=90), min_size=2, max_size=2, unique=True))
def test_different_words_hash_differently(pair: list[str]) -> None:
    """Two texts of one line are read alike only where their words are the same."""
    one, other = (read_words(text) for text in pair)
    same = written(one) == written(other)

    assert same == (one.hashes.tolist() == other.hashes.tolist())


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    """Any text is read; every word has a place in the original, and none is empty."""
    words = read_words(text)
    spans = [words.span(at, at) for at in range(len(words))]

    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)
    assert (words.lengths > 0).all()


def test_spans_lead_to_the_original() -> None:
    """A run of words is found in the text as it was written."""
    words = read_words(TEXT)
    start, end = words.span(0, 4)

    assert TEXT[start:end] == "وصلت السفينة نورس 7 إلى"


def test_shingles_of_short_texts() -> None:
    """Three words give one shingle, four one, five two, none none."""
    counts = [
        len(read_words(" ".join(["كلمة", "ثم", "أخرى", "بعد", "هذه"][:n])).shingles()) for n in range(6)
    ]

    assert counts == [0, 1, 1, 1, 1, 2]


def test_any_common_run_gives_a_common_key() -> None:
    """Winnowing finds any run of fifteen words that two texts share, wherever it stands."""
    words = [f"كلمة{chr(0x0628 + at % 20)}{chr(0x0631 + at // 20)}" for at in range(200)]
    keys = set(winnow(read_words(" ".join(words)).shingles()))
    for start in range(0, 185, 7):
        strange = [f"غريب{chr(0x0628 + at)}" for at in range(20)]
        other = " ".join([*strange, *words[start : start + 15], *reversed(strange)])
        assert keys & set(winnow(read_words(other).shingles()))


def boilerplate(*lines: str) -> frozenset[int]:
    """These lines as boilerplate."""
    return frozenset(hash_ for line in lines for hash_ in read_words(line).lines)


def test_boilerplate_counts_for_nothing() -> None:
    """A line that is known to be boilerplate is passed over."""
    assert written(read_words(f"{TEXT}\n{LINE}", boilerplate(LINE))) == written(read_words(TEXT))


def test_boilerplate_never_eats_an_article() -> None:
    """Where little would remain, learned lines stay."""
    assert written(read_words(TEXT, boilerplate(*TEXT.split("\n")))) == written(read_words(TEXT))


def test_lines_are_told_once_and_in_any_spelling() -> None:
    """The lines that may be boilerplate: long enough, distinct, whatever their spelling; learned ones included."""
    folded = LINE.replace("أ", "ا")

    assert read_words(f"{LINE}\nوقال:\n{folded}.").lines == read_words(LINE).lines
    assert len(read_words(LINE, boilerplate(LINE)).lines) == 1


def test_what_is_equal_does_not_depend_on_what_was_learned() -> None:
    """An article read before and after its footer was learned is the same article."""
    text = f"{TEXT}\n{LINE}"

    assert read("عنوان", text).exact == read("عنوان", text, boilerplate(LINE)).exact


def test_short_texts_need_their_titles_to_be_equal() -> None:
    """Two photo pages with one line under different titles are two articles; long texts need no title."""
    long = f"{TEXT} {TEXT}"

    assert read("صورة", TEXT).exact != read("صورة أخرى", TEXT).exact
    assert read("خبر", long).exact == read("خبر آخر", long).exact


def test_slots_are_figures_in_their_context() -> None:
    """A figure is known by the words around it; figures in contexts that recur are left out."""
    contexts, at = slots(read_words(TEXT))
    other, _ = slots(read_words(TEXT.replace("1,300", "1,400")))
    recurring, _ = slots(read_words("سعر 5 ريال\nثم سعر 6 ريال\nثم سعر 7 ريال"))

    assert [read_words(TEXT).written(place) for place in sorted(at)] == ["7", "1,300", "21"]
    assert contexts.tolist() == other.tolist()
    assert len(recurring) == 1


def test_uncovered_runs() -> None:
    """What no common shingle covers, with 0 between neighbours."""
    reading = read("", "أ ب ت ث ج ح خ د ذ ر")
    runs = uncovered(reading, reading.shingles[2:3])

    assert sum(runs.lengths) == 10 - SHINGLE
    assert (runs.starts[0], runs.lengths[0]) == (0, 2)
    assert (runs.starts[-1], runs.lengths[-1]) == (6, 4)
    assert uncovered(reading, np.zeros(0, dtype=np.uint64)).lengths == [10]


def test_reading_is_the_same_tomorrow() -> None:
    """Stored keys must be found by later versions: these hashes are pinned."""
    assert read_words("رصيف 7").hashes.tolist() == [1472517319288265828, 17790913011738641864]
