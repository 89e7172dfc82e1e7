"""Snippets: whole sentences, word for word, with their marks, within their length."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasid.snippets import MAX_SNIPPET, around, best, covered, opening, sentences, whole
from rasid.types import Hit
from tests.core.reports import marked

TEXT = "قالت الشركة إن المصنع جاهز. وأضافت أن الشحن يبدأ غدًا. ولم تذكر السعر.\nفقرة أخيرة عن السوق."
LONG = " ".join(["كلمة"] * 80 + ["57.2"] + ["عبارة"] * 80 + ["إنفيديا"])


def marks(text: str, *words: str) -> list[Hit]:
    """The first place of each word, marked by itself."""
    return [Hit(text.index(word), text.index(word) + len(word), term=word) for word in words]


def test_sentences_end_at_marks_and_lines() -> None:
    """Spans without the blanks around them; what is no end stays inside."""
    text = " ارتفع 3.5% في nvidia.com اليوم. «حسنًا!» نعم؟\n\n خاتمة "

    assert [text[start:end] for start, end in sentences(text)] == [
        "ارتفع 3.5% في nvidia.com اليوم.",
        "«حسنًا!»",
        "نعم؟",
        "خاتمة",
    ]
    assert sentences(" \n ") == []


@pytest.mark.parametrize(
    ("passages", "expected"),
    [
        (["وأضافت أن الشحن يبدأ غدًا."], ["وأضافت أن الشحن يبدأ غدًا."]),
        (["جاهز. وأضافت أن الشحن يبدأ غدًا. ولم"], ["وأضافت أن الشحن يبدأ غدًا."]),
        (["الشحن يبدأ"], ["وأضافت أن الشحن يبدأ غدًا."]),
        (["جاهز. وأضافت أن"], ["وأضافت أن الشحن يبدأ غدًا."]),
        (
            ["قالت الشركة إن المصنع", "فقرة أخيرة عن"],
            ["قالت الشركة إن المصنع جاهز.", "فقرة أخيرة عن السوق."],
        ),
        ([], []),
    ],
    ids=[
        "a sentence",
        "edges of its neighbours",
        "words inside one",
        "the end of one and half of the next",
        "two",
        "none",
    ],
)
def test_which_sentences_a_passage_covers(passages: list[str], expected: list[str]) -> None:
    """Those of which at least half is in it; the one with most of it where there is none."""
    spans = [(TEXT.index(passage), TEXT.index(passage) + len(passage)) for passage in passages]

    assert expected == [TEXT[start:end] for start, end in covered(TEXT, spans)]


def test_a_passage_outside_the_text_covers_nothing() -> None:
    """Offsets that belong to another text quote nothing of this one."""
    assert covered(TEXT, [(len(TEXT) + 5, len(TEXT) + 90)]) == []


def test_two_sentences_are_joined_only_where_they_are_neighbours() -> None:
    """What stands between two chosen sentences was left out, and a snippet never leaps over it."""
    text = "ذكرت إنفيديا ذلك. جملة وسطى. وردّت هواوي أمس."
    first, _, last = sentences(text)
    found = best(text, marks(text, "إنفيديا", "هواوي"), [first, last])

    assert found is not None
    assert "ذكرت [إنفيديا] ذلك." == marked(found)


def test_a_mark_without_a_term_decides_between_equals_alone() -> None:
    """It never outweighs a term, and where nothing else is marked there is nothing to quote."""
    text = "قالت إنفيديا ذلك. وبلغ 9 و8 و7 أمس. وقالت إنفيديا إنه 6."
    term = [Hit(start, start + 7, "nvidia") for start in (5, text.rindex("إنفيديا"))]
    changed = [Hit(text.index(figure), text.index(figure) + 1, "") for figure in "9876"]
    first, both = best(text, [term[0], *changed]), best(text, [*term, *changed])

    assert first is not None
    assert both is not None
    assert ("قالت [إنفيديا] ذلك. وبلغ [9] و[8] و[7] أمس.", "وقالت [إنفيديا] إنه [6].") == (
        marked(first),
        marked(both),
    )
    assert best(text, changed) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("هواوي بعد إنفيديا.\nوإنفيديا عند 9.", "[هواوي] بعد [إنفيديا]."),
        ("إنفيديا هي إنفيديا.\nوإنفيديا عند 9.", "و[إنفيديا] عند [9]."),
    ],
    ids=["another term", "the same term again"],
)
def test_what_a_changed_figure_outweighs(text: str, expected: str) -> None:
    """A term named twice, but never a further term."""
    found = re.finditer("هواوي|إنفيديا|9", text)
    snippet = best(text, [Hit(one.start(), one.end(), one[0].strip("9")) for one in found])

    assert snippet is not None
    assert expected == marked(snippet)


def test_the_part_around_a_place_is_shown_of_a_long_sentence() -> None:
    """The figure that changed stays, and with it the marks that are near."""
    (sentence,) = sentences(LONG)
    found = around(LONG, sentence, LONG.index("57.2"), marks(LONG, "57.2", "إنفيديا"))

    assert len(found.text) <= MAX_SNIPPET
    assert [found.text[hit.start : hit.end] for hit in found.hits] == ["57.2"]
    assert found.text.strip("…") in LONG


def test_of_marks_that_overlap_one_is_highlighted() -> None:
    """The earlier and longer one, in a title as in a sentence."""
    title = "شحنات H20 المعدلة"
    h20, figure = Hit(6, 9, "h20"), Hit(7, 9, "")

    assert whole(title, [figure, h20]).hits == (h20,)
    assert marked(around(title, (0, len(title)), 6, [figure, h20])) == "شحنات [H20] المعدلة"


def test_an_opening_is_the_first_sentence() -> None:
    """Of a text without one, nothing."""
    assert opening(TEXT) == "قالت الشركة إن المصنع جاهز."
    assert opening("\n ") == ""


@given(
    text=st.text(alphabet="كلمةه .؟\n«»57H", max_size=900),
    places=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 12)), max_size=6),
)
def test_a_snippet_stands_in_its_text(text: str, places: list[tuple[int, int]]) -> None:
    """Word for word but for the ellipses, not too long, each highlight over what was marked."""
    hits = [Hit(start, start + length, str(start)) for start, length in places if start + length <= len(text)]
    found = best(text, hits)
    shown = [] if found is None else [found]
    shown += [around(text, one, one[0], hits) for one in sentences(text)]
    for one in shown:
        assert one.text.removeprefix("…").removesuffix("…") in text or one.text in text
        assert len(one.text) <= MAX_SNIPPET
        for hit in one.hits:
            start = int(hit.term)
            assert one.text[hit.start : hit.end] == text[start : start + hit.end - hit.start]
