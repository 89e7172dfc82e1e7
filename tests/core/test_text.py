"""Folding: one spelling for many, with the way back to the original."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasid.text import WORD, fold, is_arabic_letter, light_stem, mask, word_spans, words

ANY_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates included
CODE_LIKE = st.text("нН20oO αΗh-_5ﻻ\u200c\u0640َ", max_size=20)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        pytest.param("إنفيديا أنفيديا آنفيديا ٱنفيديا", "انفيديا انفيديا انفيديا انفيديا", id="alef"),
        pytest.param("هواوى", "هواوي", id="alef maksura"),
        pytest.param("شركة", "شركه", id="ta marbuta"),
        pytest.param("مؤتمر طوارئ", "موتمر طواري", id="hamza on its seat"),
        pytest.param("ماء", "ماء", id="a lone hamza stays"),
        pytest.param("شُرِّحَ", "شرح", id="tashkeel"),
        pytest.param("هـــواوي", "هواوي", id="tatweel"),
        pytest.param("إنفي\u200cديا\u200f", "انفيديا", id="zero width and bidi"),
        pytest.param("ﺇﻧﻔﻴﺪﻳﺎ", "انفيديا", id="presentation forms"),
        pytest.param("ﻻ", "لا", id="a ligature becomes two letters"),
        pytest.param("إنڤيديا پکین گوگل چیپ", "انفيديا بكين كوكل جيب", id="Persian letters"),
        pytest.param("ھواوی ہواوے", "هواوي هواوي", id="Urdu letters"),
        pytest.param("٢٠ ۲۰ ２０", "20 20 20", id="digits of other scripts"),
        pytest.param("Ｎｖｉｄｉａ NVIDIA Nvidía", "nvidia nvidia nvidia", id="full width, case, accents"),
        pytest.param("HUAWEI™ NVIDIA®", "huawei nvidia", id="trade marks leave no letters"),
        pytest.param("a\u00a0b\u2009c\td", "a b c d", id="spaces"),
        pytest.param("a\r\u2028b\nc", "a\n\nb\nc", id="line ends stay"),
        pytest.param("H\u201120 H\u221220", "h-20 h-20", id="hyphens"),
        pytest.param("Nvidia’s", "nvidia's", id="apostrophes"),
        pytest.param("Н20 Η20 Н-20 Н 20", "h20 h20 h-20 h 20", id="lookalikes beside digits"),
        pytest.param("Nvidiа", "nvidia", id="lookalikes among Latin letters"),
        pytest.param("Москва καλός", "москва καλοσ", id="words of other scripts stay"),
        pytest.param("H2O", "h2o", id="the letter O is no zero"),
        pytest.param("H₂O", "h₂o", id="subscripts stay"),
    ],
)
def test_fold(written: str, folded: str) -> None:
    """Every rule of folding, one a row."""
    assert folded == fold(written).text


@given(ANY_TEXT | CODE_LIKE)
def test_fold_is_idempotent(text: str) -> None:
    """What came out of folding folds to itself."""
    once = fold(text).text

    assert once == fold(once).text


@given(ANY_TEXT | CODE_LIKE)
def test_offsets_lead_back(text: str) -> None:
    """Each folded code point has an original one, in order; spans stay within the text."""
    folded = fold(text)

    assert len(folded.text) == len(folded.offsets)
    assert sorted(folded.offsets.tolist()) == folded.offsets.tolist()
    start, end = folded.span(0, len(folded.text))
    assert 0 <= start <= end <= len(text)


@given(st.characters())
def test_every_code_point_survives(character: str) -> None:
    """No code point is refused, and its neighbours keep their places."""
    folded = fold(f"س{character}ص")

    assert ("س", "ص") == (folded.text[0], folded.text[-1])
    assert (0, 3) == folded.span(0, len(folded.text))


@pytest.mark.parametrize(
    ("written", "word", "original"),
    [
        pytest.param("بيان هـِواوي اليوم", "هواوي", "هـِواوي", id="marks inside lie inside"),
        pytest.param("بيان \u202bهواوي\u202c اليوم", "هواوي", "هواوي", id="marks at the edges lie outside"),
        pytest.param("رقاقة H\u200e20!", "h20", "H\u200e20", id="a direction mark within a code"),
        pytest.param("ﻻﻫﻮﺍﻭﻱ", "هواوي", "ﻫﻮﺍﻭﻱ", id="after a ligature"),
        pytest.param("ﻻ", "ا", "ﻻ", id="half of a ligature is the ligature"),
    ],
)
def test_span(written: str, word: str, original: str) -> None:
    """A folded span is shown as the article wrote it."""
    folded = fold(written)
    at = folded.text.index(word)

    start, end = folded.span(at, at + len(word))

    assert original == written[start:end]


def test_span_of_nothing() -> None:
    """An empty span is empty in the original too, at the end of the text as well."""
    assert (1, 1) == fold("َسص").span(0, 0)
    assert (2, 2) == fold("سص").span(2, 2)
    assert (0, 0) == fold("").span(0, 0)


def test_words_part_scripts() -> None:
    """Arabic and Latin letters that touch are separate words; punctuation and _ are no words."""
    assert ["و", "h20", "من", "انفيديا", "5g"] == words(fold("وH20، من #إنفيديا_5G").text)


@pytest.mark.parametrize(
    ("word", "stem"),
    [
        ("والرقائق", "رقايق"),
        ("ورقائق", "رقايق"),
        ("للشركات", "شرك"),
        ("شركة", "شرك"),
        ("معالجاتها", "معالجات"),
        ("وزارة", "وزار"),
        ("من", "من"),
        ("nvidia", "nvidia"),
    ],
)
def test_light_stem(word: str, stem: str) -> None:
    """Clitics and the commonest endings go; short words and Latin ones stay."""
    assert stem == light_stem(fold(word).text)


@given(ANY_TEXT)
def test_light_stem_keeps_something(text: str) -> None:
    """A stem is never empty."""
    assert all(light_stem(word) for word in words(fold(text).text))


def test_is_arabic_letter() -> None:
    """Letters of the script count, folded or not; digits, marks and punctuation do not."""
    assert all(map(is_arabic_letter, "اءيپﻻڤ"))
    assert not any(map(is_arabic_letter, ["a", "٢", "َ", "ـ", "،", ""]))


@pytest.mark.parametrize(
    "hidden",
    [
        "https://www.huawei.com/en/news",
        "www.nvidia.com",
        "consumer.huawei.com/ae-en/",
        "info@nvidia.com",
        "/usr/share/nvidia/h20",
        r"C:\Program Files\NVIDIA Corporation\nvsmi",
        "nvda-ar.po",
        "تقرير-هواوي.pdf",
        "h2o.ai",
    ],
)
def test_mask_hides(hidden: str) -> None:
    """Addresses, paths and file names become blanks of the same length, and nothing beside them does."""
    assert f"انظر {' ' * len(hidden)} هنا" == mask(fold(f"انظر {hidden} هنا").text)


@pytest.mark.parametrize(
    "shown", ["@nvidia", "#هواوي", "(NVDA.O)", "AMD/Intel/Nvidia", "هواوي. ثم", "H20.5", "3.5/4", "Nvidia.In"]
)
def test_mask_leaves(shown: str) -> None:
    """Handles, hashtags, tickers and ordinary punctuation are no addresses."""
    folded = fold(f"قال {shown} هنا").text
    assert folded == mask(folded)


@given(ANY_TEXT)
def test_mask_keeps_the_length(text: str) -> None:
    """Offsets survive masking."""
    assert len(text) == len(mask(text))


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("هوااااوي", "هواوي"),
        ("إننننفيديا", "انفيديا"),
        ("هههههه", "ه"),
        ("رااااائع", "رايع"),
        ("جميييييل", "جميل"),
        ("بيئية", "بيييه"),
        ("الموؤودة", "الموووده"),
        ("اللغة", "اللغه"),
        ("aaa 1000 ...", "aaa 1000 ..."),
    ],
)
def test_letters_drawn_out(typed: str, folded: str) -> None:
    """Three and more of an Arabic letter are one; of و and ي four, for folded hamzas make three."""
    assert folded == fold(typed).text


def test_a_name_drawn_out_is_found_whole() -> None:
    """The way back leads to the first of the letters that were drawn out, and to what follows them."""
    typed = "شركة هوااااوي"
    folded = fold(typed)
    start = folded.text.index("هواوي")

    assert "هوااااوي" == typed[slice(*folded.span(start, start + 5))]


@given(ANY_TEXT)
def test_word_spans_are_those_of_the_pattern(text: str) -> None:
    """Two ways to cut folded text into words, of which the quick one serves the matcher."""
    folded = fold(text)
    begins, ends = word_spans(folded.codes)

    assert [found.span() for found in WORD.finditer(folded.text)] == list(zip(begins, ends, strict=True))
    assert [ord(character) for character in folded.text] == folded.codes.tolist()
