"""How names sound: spellings of a name meet in a skeleton and are near, other words are not."""

from __future__ import annotations

import math
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasid.matching.compiling import PROCLITICS
from rasid.sounds import (
    NAME_CLITICS,
    by_skeleton,
    clitic_cuts,
    compile_names,
    folded_words,
    letter_names,
    readings,
    segments,
    skeleton,
    skeletons,
    sound_distance,
)


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("Nvidia", "إنفيديا"),
        ("Nvidia", "نفيديا"),
        ("Huawei", "هواوي"),
        ("Huawei", "هاواوي"),
        ("Qualcomm", "كوالكوم"),
        ("DeepSeek", "ديب سيك"),
        ("DeepSeek", "ديبسيك"),
        ("TSMC", "تي إس إم سي"),
        ("OpenAI", "أوبن إيه آي"),
        ("Samsung", "سامسونج"),
        ("Samsung", "سامسونغ"),
        ("سامسونج", "سامسونغ"),
        ("Google", "جوجل"),
        ("Xerox", "زيروكس"),
        ("Micron", "مايكرون"),
        ("Netanyahu", "نتنياهو"),
        ("H20", "إتش 20"),
    ],
)
def test_spellings_share_a_skeleton(name: str, spelling: str) -> None:
    """A name and the ways in which Arabic writes it meet in a skeleton, and sound near."""
    assert skeletons(name) & skeletons(spelling)
    assert 0.5 > sound_distance(name, spelling)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Nvidia", "هواوي"),
        ("Huawei", "نوكيا"),
        ("Intel", "سامسونغ"),
        ("Qualcomm", "كولومبيا"),
        ("TSMC", "تسلا"),
    ],
)
def test_strangers_share_none(name: str, other: str) -> None:
    """Names that sound unlike have no skeleton in common."""
    assert frozenset() == skeletons(name) & skeletons(other)


def test_a_short_vowel_costs_less_than_a_consonant() -> None:
    """The distance orders spellings as an ear would."""
    near, far, stranger = (sound_distance("Nvidia", word) for word in ("نفيديا", "نيفيديا", "تنفيدية"))
    assert near < far < stranger


def test_a_name_without_letters_is_infinitely_far() -> None:
    """What cannot be read has no skeleton and no distance."""
    assert frozenset() == skeletons("؟!")
    assert math.inf == sound_distance("؟!", "هواوي")


@given(st.text(max_size=12), st.text(max_size=30))
def test_no_distance_is_negative(name: str, text: str) -> None:
    """Any name and any text can be compared."""
    assert 0 <= sound_distance(name, text)


@given(st.text("اويعبتسشكنمرل ", max_size=12))
def test_an_arabic_name_is_at_no_distance_from_itself(name: str) -> None:
    """Read and written the same, it is the same; one without a consonant cannot be read."""
    assert (0 if skeleton(name) else math.inf) == sound_distance(name, name)


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DeepSeek", ["Deep", "Seek"]),
        ("OpenAI", ["Open", "AI"]),
        ("H20", ["H", "20"]),
        ("Jensen Huang", ["Jensen", "Huang"]),
        ("علي بابا", ["علي", "بابا"]),
        ("؟!", []),
    ],
)
def test_segments(name: str, expected: list[str]) -> None:
    """A name is parted where its writer parted it."""
    assert expected == segments(name)


def test_capitals_alone_are_read_out() -> None:
    """Letters have Arabic names where they are all capitals; a word in Latin or Arabic letters is no acronym."""
    assert [("ايه", "اي", "ا"), ("ام",), ("دي",)] == letter_names("AMD")
    assert [[], [], []] == [letter_names(segment) for segment in ("Deep", "20", "ديب")]


@pytest.mark.parametrize(
    ("name", "sizes"), [("Nvidia", {1, 2}), ("DeepSeek", {1, 2, 3}), ("TSMC", {1, 2, 4})]
)
def test_as_many_words_as_segments_and_one_more(name: str, sizes: set[int]) -> None:
    """«ان فيديا» is one name in two words; capitals are one word a letter, too."""
    assert sizes == set(chain.from_iterable(reading.sizes for reading in readings(name)))


def test_halves_begin_with_consonants() -> None:
    """A second word begins with a consonant, and the first has one."""
    (deepseek,) = readings("DeepSeek")
    halves = {(*left.skeletons(), *right.skeletons()) for left, right in deepseek.halves()}
    assert {("3", "142"), ("31", "42"), ("314", "2")} == halves


@given(st.lists(st.text("اويعبتسشكنمرله", min_size=1, max_size=6)))
def test_words_are_grouped_by_their_skeleton(vocabulary: list[str]) -> None:
    """The fast way over a whole vocabulary gives what the plain one gives, and leaves out Latin words."""
    grouped = by_skeleton([*vocabulary, "Nvidia"])
    assert sorted(vocabulary) == sorted(chain.from_iterable(grouped.values()))
    assert [] == [word for key, words in grouped.items() for word in words if skeleton(word) != key]


# ── recognising a spelling ────────────────────────────────────────────────────────────────────────


def test_the_clitics_are_the_matchers_but_three() -> None:
    """أ that asks, ع and يا are not taken off: names begin with them."""
    left_out = PROCLITICS - NAME_CLITICS
    assert NAME_CLITICS < PROCLITICS
    assert {"", "و", "ال", "وبال", "لل"} <= NAME_CLITICS
    assert {"ا", "ع", "يا"} <= left_out
    assert [] == [one for one in left_out if not (one.startswith("ا") or one.endswith(("ع", "يا")))]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("وبالنا", [("", "وبالنا"), ("و", "بالنا"), ("وب", "النا"), ("وبال", "نا")]),
        ("ياهو", [("", "ياهو")]),
        ("و", [("", "و")]),
        ("nvidia", [("", "nvidia")]),
    ],
)
def test_clitic_cuts(word: str, expected: list[tuple[str, str]]) -> None:
    """Every clitic is tried, and something is always left."""
    assert expected == list(clitic_cuts(word))


@pytest.mark.parametrize(
    ("name", "word", "expected"),
    [
        ("Nvidia", "وإنفيديا", ("و", "انفيديا")),
        ("Nvidia", "إن فيديا", ("", "ان فيديا")),
        ("Huawei", "الهواوي", ("ال", "هواوي")),
        ("Baidu", "بايدو", ("", "بايدو")),
        ("Samsung", "لسامسونغ", ("ل", "سامسونغ")),
        ("Nvidia", "تنفيذية", None),
        ("Nvidia", "إنف يد يا", None),
    ],
)
def test_a_spelling_is_told_from_its_clitic(name: str, word: str, expected: tuple[str, str] | None) -> None:
    """What begins the name itself stays with it; another word, or one more word than the name has, is none."""
    found = compile_names((name,)).understand(folded_words(word))
    assert expected == (found and (found.clitic, found.base))


def test_a_slip_goes_further_than_a_spelling() -> None:
    """«سامسوغ» lacks a consonant: too far to sound the same, near enough for a slip; a stranger is neither."""
    samsung = compile_names(("Samsung",))
    assert samsung.understand("سامسوغ") is None
    assert samsung.slip_distance("سامسوغ") is not None
    assert samsung.slip_distance("نوكيا") is None
