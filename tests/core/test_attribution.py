"""Whose report an article passes on: rules, offsets, and what no name alone makes a source."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasid.attribution import agency_name, attribute, edges, phrases, unknown
from rasid.attribution.sources import table
from rasid.text import fold
from rasid.types import Attribution


def said(
    text: str, title: str = "", author: str | None = None, outlet: str = ""
) -> tuple[str, str, str] | None:
    """The id, the kind, and the words that say so."""
    found = attribute(title, text, author, outlet)
    if found is None:
        return None
    field = {"title": title, "text": text, "author": author or ""}[found.field]
    return found.id, found.kind, field[found.start : found.end]


@pytest.mark.parametrize(
    "name", ["أ ف ب", "أ.ف.ب", "أ. ف. ب.", "أف ب", "AFP", "فرانس برس", "الفرنسية", "«فرانس برس»"]
)
@pytest.mark.parametrize(
    "line", ["باريس ({}) - قالت الحكومة", "باريس - {} - قالت الحكومة", "باريس/ {}/ قالت الحكومة"]
)
def test_datelines_in_all_spellings(name: str, line: str) -> None:
    """An agency is found in a dateline however it is spelled, dotted or joined, in whichever brackets or dashes."""
    found = attribute("", line.format(name))

    assert found is not None
    assert ("afp", "wire", "text") == (found.id, found.kind, found.field)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ونقلت رويترز عن مصادر", ("reuters", "quoted", "ونقلت رويترز")),
        ("وقال متحدث لرويترز إن العقد وُقّع", ("reuters", "quoted", "وقال متحدث لرويترز")),
        ("وذكرت رويترز وبلومبرغ أن العقد وُقّع", ("reuters", "quoted", "وذكرت رويترز")),
        ("وفقًا لـ«بلومبـرغ»، وُقّع العقد", ("bloomberg", "quoted", "وفقًا لـ«بلومبـرغ")),
        ("ووَفْقَ وكالة كيودو، وُقّع العقد", ("kyodo", "quoted", "ووَفْقَ وكالة كيودو")),
        ("أُغلق المصنع نقلا عن واس أمس", ("spa", "quoted", "نقلا عن واس")),
    ],
)
def test_the_words_that_say_so(text: str, expected: tuple[str, str, str]) -> None:
    """The span runs from the phrase to the name, clitics, marks and drawn-out letters of the original included."""
    assert expected == said(text)


def test_offsets_are_of_the_original_field() -> None:
    """What folding drops or spreads before the name moves nothing; the title is not counted in the text."""
    text, said_so = "قُرْبَ ﻻ شيءَ، نقلًا عن رويترز.", "نقلًا عن رويترز"
    start = text.index(said_so)
    expected = Attribution("reuters", "رويترز", "Reuters", "quoted", "text", start, start + len(said_so))

    assert expected == attribute("عنوانٌ مُشَكَّل ﷺ", text)


@pytest.mark.parametrize(
    ("author", "text", "expected"),
    [
        ("وكالات", "ذكرت بلومبرغ أن السوق هادئة.", ("agencies", "wire", "وكالات")),
        (None, "ذكرت بلومبرغ أن السوق هادئة.\nولم تزد.\n(رويترز)", ("reuters", "wire", "رويترز")),
        (None, "ذكرت بلومبرغ أن السوق هادئة، وفق رويترز.", ("bloomberg", "quoted", "ذكرت بلومبرغ")),
        ("سلمى حداد", "السوق هادئة.", None),
    ],
)
def test_a_wire_goes_first_then_the_earliest(
    author: str | None, text: str, expected: tuple[str, str, str] | None
) -> None:
    """Author and edges go before what is quoted in between; of two quoted the first is given."""
    assert expected == said(text, author=author)


@pytest.mark.parametrize(
    "title", ["بلومبرغ: هدوء في السوق", "هدوء في السوق - رويترز", "هدوء في السوق وفق رويترز"]
)
def test_titles_quote(title: str) -> None:
    """A source at the head or the tail of a title, or in a phrase of it, is quoted there."""
    found = attribute(title, "لا جديد في السوق اليوم.")

    assert found is not None
    assert ("quoted", "title") == (found.kind, found.field)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("نقلا عن صحيفة كوميرسانت الروسية أن المصنع أغلق", "كوميرسانت"),
        ("وفق وكالة «إكنا»، أغلق المصنع", "إكنا"),
        ("ذكرت صحيفة إيل سولي فينتي كواترو أوري الإيطالية", "إيل سولي فينتي كواترو"),
        ("ونقلت وكالة الأنباء النمساوية عن الشرطة", "وكالة الأنباء النمساوية"),
        ("ونقلت وكالة المحيط للأنباء عن الشرطة", "المحيط للأنباء"),
        ("بحسب موقع صحيفة كوميرسانت، أغلق المصنع", "كوميرسانت"),
    ],
)
def test_unknown_outlets_are_named(text: str, name: str) -> None:
    """The name is as written, four words at most, without the nationality and what follows."""
    found = attribute("", text)

    assert found is not None
    assert ("", name) == (found.id, found.name_ar)


@pytest.mark.parametrize(
    "text",
    [
        "قالت رويترز إنها ستغلق مكتبين",
        "أعلنت بلومبرغ إطلاق منصة جديدة",
        "الوزير في باريس (أ ف ب)\nقال الوزير إن الخطة جاهزة.\nولم يزد.",
        "المصدر: أ ف ب صورة\nنص قصير.\nوآخر.",
        "وأمام الشركات عام واحد " * 12,
        "وفق وكالة الأدوية الأوروبية، الجهاز آمن",
        "هدأت السوق. دبي - رويترز - وبعد",
        "زار الوفد مكتب الصحافة، سانا، ثم عاد",
        "ملف الأسبوع: بلومبرغ: من دفتر صغير إلى شاشات",
    ],
)
def test_no_source(text: str) -> None:
    """News about an agency, captions, credits and agencies of other kinds are no sources."""
    assert said(text) is None


def test_a_line_cut_short_makes_no_name() -> None:
    """Only whole words of a long first line are read: «وام» is not the beginning of «وأمرت»."""
    for width in range(120, 150):
        assert said("س" * (width - 3) + " - وأمرت الشرطة بالخروج من المبنى") is None


@pytest.mark.parametrize(
    ("agency_id", "names"),
    [
        ("reuters", ("رويترز", "Reuters")),
        ("spa", ("وكالة الأنباء السعودية", "SPA")),
        ("wired", ("وايرد", "Wired")),
    ],
)
def test_names_of_ids(agency_id: str, names: tuple[str, str]) -> None:
    """Every known id has an Arabic and an English name."""
    assert names == agency_name(agency_id)


@pytest.mark.parametrize("name", ["كوميرسانت", "nobody", "رويترز", ""])
def test_a_name_as_written_names_itself(name: str) -> None:
    """Where no id is known callers have a name only: what is no id is its own name in either language."""
    assert (name, name) == agency_name(name)


@pytest.mark.parametrize(
    ("text", "outlet"),
    [
        ("وقال الخبير لسكاي نيوز عربية إن السوق هادئة.", "سكاي نيوز عربية"),
        ("وقال الخبير لسكاي نيوز عربية إن السوق هادئة.", "سكاي نيوز عربية اقتصاد"),
        ("وقال الخبير لسكاي نيوز عربية إن السوق هادئة.", "Sky News Arabia"),
        ("الرياض - واس - هدأت السوق.", "واس"),
        ("الرياض - واس - هدأت السوق.", "وكالة الأنباء السعوديّة"),
        ("هدأت السوق، بحسب فرانس24.", "فرانس 24"),
        ("نقلا عن صحيفة كوميرسانت أن السوق هدأت", "كوميرسانت"),
        ("نقلا عن صحيفة كوميرسانت أن السوق هدأت", "صحيفة كوميرسانت"),
        ("نقلا عن صحيفة كوميرسانت ديلي أن السوق هدأت", "كوميرسانت"),
    ],
)
def test_an_outlet_is_no_source_of_its_own(text: str, outlet: str) -> None:
    """However either is spelled, in Arabic or English, known or not, with a section or a word for an outlet."""
    assert said(text) is not None
    assert said(text, outlet=outlet) is None


@pytest.mark.parametrize(
    ("text", "outlet", "source"),
    [
        ("وذكرت صحيفة الشرق الأوسط أن السوق هادئة.", "الشرق", "asharqalawsat"),
        ("وفق وكالة أنباء الشرق الأوسط، السوق هادئة.", "الشرق الأوسط", "mena"),
        ("وذكرت صحيفة التايمز أن السوق هادئة.", "تايمز أوف إسرائيل", "times"),
        ("وذكرت مجلة تايم أن السوق هادئة.", "فايننشال تايمز", "time"),
        ("وذكرت رويترز أن السوق هادئة.", "؟", "reuters"),
        ("وذكرت صحيفة كوميرسانت أن السوق هادئة.", "سانت", ""),
    ],
)
def test_another_with_a_like_name_is_a_source(text: str, outlet: str, source: str) -> None:
    """Names are compared in whole words, and an outlet of the table is no other one of it."""
    found = attribute("", text, outlet=outlet)

    assert found is not None
    assert source == found.id


@pytest.mark.parametrize(
    ("text", "author", "outlet", "expected"),
    [
        ("هدأت السوق.", "رويترز، وكالات", "رويترز", ("agencies", "wire", "وكالات")),
        ("دبي (رويترز) - هدأت السوق.", "رويترز", "بلومبرغ", ("reuters", "wire", "رويترز")),
        (
            "دبي (رويترز) - قال متحدث لبلومبرغ إن السوق هدأت.",
            None,
            "رويترز",
            ("bloomberg", "quoted", "قال متحدث لبلومبرغ"),
        ),
        ("هدأت السوق.\nولا جديد.\nرويترز / أ ف ب", None, "رويترز", ("afp", "wire", "أ ف ب")),
        ("هدأت السوق.\nولا جديد.\nالمصدر: الجزيرة + وكالات", None, "الجزيرة", ("agencies", "wire", "وكالات")),
        (
            "قال متحدث لرويترز إن السوق هدأت، وفق وكالة كيودو.",
            None,
            "رويترز",
            ("kyodo", "quoted", "وفق وكالة كيودو"),
        ),
        (
            "وفق صحيفة كوميرسانت، هدأت السوق. وذكرت رويترز أن الناس هدأت.",
            None,
            "كوميرسانت",
            ("reuters", "quoted", "وذكرت رويترز"),
        ),
    ],
)
def test_the_next_best_is_given_for_the_outlet(
    text: str, author: str | None, outlet: str, expected: tuple[str, str, str]
) -> None:
    """The outlet is passed over within a field, a line and a text, and from each of them on to the next."""
    assert expected == said(text, author=author, outlet=outlet)


def test_ids_are_told_once() -> None:
    """No id and, in one language, no name stands twice in the table, and each row has its five columns."""
    lines = files("rasid.attribution").joinpath("sources.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("|") for line in lines if line and line[0] not in "#["]

    assert {5} == {len(row) for row in rows}
    for column in range(3):
        names = [row[column].strip() for row in rows]
        assert len(names) == len(set(names))


def test_a_spelling_means_one_source() -> None:
    """No spelling of the table belongs to two sources, and none is empty or a single letter."""
    spellings = [spelling for one in table().all for spelling in one.sure + one.short]

    assert len(spellings) == len(set(spellings))
    assert min(map(len, spellings)) > 1


def test_the_table_is_read_as_it_says() -> None:
    """Single letters are spelled with dots and drawn together, a question mark makes a word of a name."""
    afp = next(one for one in table().all if one.source.id == "afp")
    ambiguous = table().ambiguous

    assert {"ا ف ب", "ا.ف.ب", "ا. ف. ب", "اف ب", "ا فب"} <= set(afp.short)
    assert "وكاله فرانس برس" not in afp.sure
    assert ("معا" in ambiguous, "اا" in ambiguous, "واس" in ambiguous) == (True, True, False)
    assert (True, False) == (table().by_id["afp"].sells, table().by_id["wired"].sells)


def test_patterns_are_written_folded() -> None:
    """A hamza or a ta marbuta in a pattern would never match the folded text."""
    constants = [value for module in (edges, phrases, unknown) for value in vars(module).values()]
    patterns = [value.pattern for value in constants if isinstance(value, re.Pattern)]
    words = {word for pattern in patterns for word in re.findall("[\u0621-\u064a]{3,}", pattern)}

    assert len(words) > 200
    assert set() == {word for word in words if fold(word).text != word}


@given(
    st.lists(
        st.sampled_from(
            [
                "رويترز",
                "وكالة",
                "نقلا عن",
                "(",
                ")",
                " - ",
                "\n",
                "أ ف ب",
                "صحيفة",
                "س",
                "«",
                "ﷺ",
                "المصدر:",
                "ل",
                "وفق",
            ]
        )
    )
)
def test_any_text_gives_a_span_of_its_own(parts: list[str]) -> None:
    """Whatever comes, nothing raises, and the span is not empty and lies inside its field."""
    title, text = " ".join(parts[::2]), " ".join(parts)
    found = attribute(title, text, text)

    if found is not None:
        field = {"title": title, "text": text, "author": text}[found.field]
        assert 0 <= found.start < found.end <= len(field)
