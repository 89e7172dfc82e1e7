"""Suggesting spellings: what sounds like a name is found and counted, what does not is absent or last."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasid.suggest import Suggestion, candidates, latin_pairs, phrases, suggest
from rasid.text import fold

# Folded words of a small corpus → articles.
WORDS = {
    "نفيديا": 78, "انفيديا": 26, "وانفيديا": 4, "لانفيديا": 3, "نيفيديا": 8, "انيفيديا": 2, "التنفيديه": 9,
    "هواوي": 784, "وهواوي": 20, "هاواوي": 9, "هواواي": 2, "الهواوي": 6, "هو": 90_000, "هي": 70_000, "هوايه": 300,
    "الهوايه": 200, "كوالكوم": 21, "بكوالكوم": 2, "كلكم": 30, "ديبسيك": 7, "ديب": 11, "سيك": 9, "ان": 80_000,
    "فيديا": 25, "سامسونغ": 133, "سامسونج": 40, "سامسوغ": 2, "انتل": 15, "الانتل": 1, "نتل": 1,
    "nvidia": 40, "nvida": 3, "huawei": 60, "شركه": 50_000, "كابل": 900, "ابل": 12, "وباني": 4,
    "باني": 30,
}  # fmt: skip


def found(name: str, *, limit: int = 8, **told: dict[tuple[str, str], int]) -> list[Suggestion]:
    """Suggest over the small corpus."""
    return suggest([name], WORDS, {}, told.get("pairs", {}), limit=limit)


def counted(suggestions: list[Suggestion]) -> dict[str, int]:
    """Give the articles of each spelling, in order."""
    return {one.folded: one.articles for one in suggestions}


def test_a_name_without_letters_has_no_spelling() -> None:
    """What cannot be read is spelled by nothing."""
    assert [] == suggest(["؟!"], WORDS, {}, {}, limit=5)


def test_real_spellings_come_first_with_their_counts() -> None:
    """Clitic forms are summed, the ordinary words that resemble the name are not among them."""
    assert {"nvidia": 40, "نفيديا": 78, "انفيديا": 33, "نيفيديا": 8, "nvida": 3, "انيفيديا": 2} == counted(
        found("Nvidia")
    )


def test_the_given_name_is_known_and_no_new_one() -> None:
    """Forms that the term has are listed, marked, before what is new."""
    listed = suggest(["Nvidia", "إنفيديا", "نفيديا"], WORDS, {}, {}, limit=2)
    assert [("نفيديا", True), ("nvidia", True), ("انفيديا", True)] == [
        (one.folded, one.known) for one in listed[:3]
    ]
    assert {("نيفيديا", False), ("nvida", False)} == {(one.folded, one.known) for one in listed[3:]}


def test_a_surname_is_not_counted() -> None:
    """«الهواوي», a person, adds nothing to «هواوي» and is no suggestion."""
    spelled = counted(found("Huawei", limit=100))
    assert 804 == spelled["هواوي"]
    assert "الهواوي" not in spelled


def test_ordinary_words_go_last_and_say_why() -> None:
    """«هواية» and «هو» resemble Huawei; the article and the count tell them from a name."""
    suggestions = found("Huawei", limit=100)
    order = [one.folded for one in suggestions]
    assert ["huawei", "هواوي", "هواواي"] == order[:3]
    assert order.index("هاواوي") < order.index("هو")
    reasons = {one.folded: one.why for one in suggestions}
    assert "90000 articles against 60 of the known forms" in reasons["هو"].en
    assert "قد لا يكون اسما" in reasons["هو"].ar
    assert "may be no name" not in reasons["هواوي"].en


def test_the_latin_name_beside_lifts_a_spelling() -> None:
    """A spelling that stands beside the Latin name ranks above a nearer one that does not, and says so."""
    lifted = found("Nvidia", pairs={("نيفيديا", "nvidia"): 100})
    assert ["نفيديا", "انفيديا", "نيفيديا"] == [one.folded for one in found("Nvidia")[1:4]]
    assert ["نيفيديا", "نفيديا", "انفيديا"] == [one.folded for one in lifted[1:4]]
    assert "beside the Latin name 100" in lifted[1].why.en


def test_a_name_unlike_its_sound_comes_from_pairs() -> None:
    """What stands beside the name alone is suggested; what stands beside any name is not."""
    words = {"عملاق": 9, "الرقائق": 5, "شركه": 500}
    pairs = {
        ("عملاق الرقائق", "nvidia"): 4, ("شركه", "nvidia"): 200, ("شركه", "intel"): 90, ("شركه", "amd"): 80,
    }  # fmt: skip
    assert [("عملاق الرقائق", "pair", 4)] == [
        (one.folded, one.by, one.articles) for one in suggest(["Nvidia"], words, {}, pairs, limit=5)
    ]


def test_the_latin_spelling_of_an_arabic_name_comes_from_pairs() -> None:
    """An Arabic name finds the Latin one that stands beside it, not its neighbours."""
    pairs = {("سامسونج", "samsung"): 3, ("سامسونج", "galaxy"): 9}
    latin = [one for one in found("سامسونج", pairs=pairs) if one.folded.isascii()]
    assert [("samsung", "pair", 3)] == [(one.folded, one.by, one.articles) for one in latin]


def test_slips_of_long_names_are_edits() -> None:
    """A dropped consonant is one slip away; with few consonants it makes another word."""
    assert {"سامسوغ": "edit"} == {one.folded: one.by for one in found("Samsung") if one.folded == "سامسوغ"}
    assert "edit" not in {one.by for one in suggest(["إنتل"], {"انتل": 15, "انطلق": 700}, {}, {}, limit=9)}


def test_a_clitic_before_another_word_is_doubted() -> None:
    """«وباني» sounds like OpenAI, and is «باني» after «و»."""
    assert "“باني” after a clitic, itself in 30" in found("OpenAI")[0].why.en


def test_no_clitic_is_cut_off_a_name_that_begins_like_one() -> None:
    """«ياهو» is Yahoo, however common «هو» is; what a name never follows in the press («عسامسونج») is not counted."""
    (yahoo,) = suggest(["Yahoo"], {"ياهو": 11, "هو": 9_000}, {}, {}, limit=1)
    assert ("ياهو", "the same consonants") == (yahoo.folded, yahoo.why.en)
    assert 40 == counted(suggest(["Samsung"], {"سامسونج": 40, "عسامسونج": 1}, {}, {}, limit=9))["سامسونج"]


def test_another_word_is_no_clitic_form() -> None:
    """Kabul is not «like Apple»: a clitic form is not far more frequent than the word itself."""
    assert 12 == counted(found("Apple", limit=100))["ابل"]


def test_names_of_several_words() -> None:
    """Two words that together sound like the name are a spelling; two that meet by chance are doubted."""
    bigrams = {"ان فيديا": 19, "كان لون": 1}
    assert 19 == counted(suggest(["Nvidia"], WORDS, bigrams, {}, limit=9))["ان فيديا"]
    chance = suggest(["Kunlun"], {"كان": 900, "لون": 400}, bigrams, {}, limit=9)
    assert ["its words stand apart"] == [one.why.en.split(", ")[2][:21] for one in chance]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("Nvidia", "وأضافت إن فيديا ستوسع مصنعها", ["ان فيديا"]),
        ("DeepSeek", "اختبر المهندسون ديب-سيك ثم ديب سيك", ["ديب سيك", "ديب سيك"]),
        ("TSMC", "تدير تي إس إم سي ثلاثة مصانع", ["تي اس ام سي"]),
        ("H20", "شحنات إتش20 تأخرت", ["اتش 20"]),
        ("Huawei", "تعرض هواوي هواتفها", []),
        ("Nvidia", "قيل إن. فيديا ممثلة", []),
        ("AMD", "إلى أي مدى يصل", []),
    ],
)
def test_phrases(name: str, text: str, expected: list[str]) -> None:
    """Words are joined over a space or a hyphen, never over the end of a clause; letters read out must all be there."""
    assert expected == phrases(fold(text).text, [name])


@pytest.mark.parametrize(
    "text",
    [
        "إنفيديا (Nvidia)",
        "شركة إنفيديا Nvidia",
        "Nvidia إنفيديا",
        "Nvidia (إنفيديا)",
        "«إنفيديا» (NVIDIA)",
        "(إنفيديا [Nvidia])",
    ],
)
def test_latin_pairs(text: str) -> None:
    """However the two names stand together, they are a pair."""
    assert ("انفيديا", "nvidia") in latin_pairs(text)


def test_what_a_bracket_parts_is_no_pair() -> None:
    """A word after «(Nvidia)» and an address beside a word are not spellings of the name."""
    assert [("انفيديا", "nvidia")] == latin_pairs("إنفيديا (Nvidia) أعلنت")
    assert [] == latin_pairs("راسلوا press@nvidia.com الآن")


def test_candidates_need_no_count() -> None:
    """The words worth counting hold every clitic form; suggesting over them alone gives the same."""
    chosen = candidates(["Nvidia"], list(WORDS))
    arabic = {"نفيديا", "انفيديا", "وانفيديا", "لانفيديا", "نيفيديا", "انيفيديا"}
    assert arabic | {"nvidia", "nvida"} == chosen.words
    assert any("ان" in left and "فيديا" in right for left, right in chosen.phrases)
    few = {word: WORDS[word] for word in chosen.words}
    assert found("Nvidia") == suggest(["Nvidia"], few, {}, {}, limit=8)


def test_the_limit_is_of_new_spellings() -> None:
    """The known one does not take the place of a new one."""
    assert 1 + 2 == len(found("Nvidia", limit=2))


@given(st.text(max_size=12), st.text(max_size=30))
def test_any_text_is_survived(name: str, text: str) -> None:
    """No name and no text breaks it."""
    for phrase, latin in latin_pairs(text):
        assert 1 <= len(phrase.split()) <= 3
        assert latin == fold(latin).text
    suggest(
        [name],
        dict.fromkeys(text.split(), 1),
        dict.fromkeys(phrases(fold(text).text, [name]), 1),
        {},
        limit=3,
    )


@given(
    st.sampled_from(["Nvidia", "Huawei", "كوالكوم", "TSMC"]), st.text("اوينفدهكلم ", min_size=1, max_size=9)
)
def test_what_is_found_is_in_the_corpus(name: str, text: str) -> None:
    """Nothing is made up: each suggestion, clitics aside, is written in the vocabulary."""
    vocabulary = dict.fromkeys(text.split(), 1)
    for one in suggest([name], vocabulary, {}, {}, limit=9):
        assert any(word.endswith(one.folded) for word in vocabulary)
