"""Examples added to a watchlist: the smallest edit, read back as what was meant."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasid.config import parse_watchlist
from rasid.config.example_editing import add_example
from rasid.errors import EditError

SENTENCE = "اشترى صاحب المتجر إنفيديا: لعبة قديمة"

BLOCK = """\
# قائمة رصد
name: رقائق
terms:
  - id: nvidia  # الأهم
    label: إنفيديا
    forms: [إنفيديا, Nvidia]
    examples:
      match:
        - افتتحت إنفيديا مكتبا جديدا  # خبر
        # تعليق على الآتي
        - ربحت إنفيديا أكثر
      skip:
        - انتخب المكتب التنفيدي رئيسا

  # هواتف
  - id: huawei
    label: هواوي
    forms:
      - هواوي
    examples:
      match: [هاتف من هواوي]
  - id: h20
    label: H20
    codes: [H20]

  - {id: kunlun, label: كونلون, forms: [كونلون]}
  - {id: amd, label: إيه إم دي, forms: [AMD], examples: {skip: [amdahl]}}
"""


@pytest.mark.parametrize("match", [True, False])
@pytest.mark.parametrize("term", ["nvidia", "huawei", "h20", "kunlun", "amd"])
def test_a_sentence_becomes_an_example_and_nothing_else_changes(term: str, match: bool) -> None:
    """In every layout of a term: no line of the file is lost, and the list holds the one sentence more."""
    after = add_example(BLOCK, term, SENTENCE, match=match)
    was, now = parse_watchlist(BLOCK, "chips.yaml"), parse_watchlist(after, "chips.yaml")
    for one, other in zip(was.terms, now.terms, strict=True):
        before = [(example.text, example.match) for example in one.examples]
        expected = [*before, (SENTENCE, match)] if one.id == term else before
        assert sorted(expected) == sorted((example.text, example.match) for example in other.examples)
        assert (one.forms, one.label, one.unless) == (other.forms, other.label, other.unless)
    gone = [line for line in difflib.ndiff(BLOCK.splitlines(), after.splitlines()) if line.startswith("- ")]
    assert len(gone) <= 1  # a list or a term in brackets is written on one line
    assert all(
        comment in after for comment in ("# قائمة رصد", "# الأهم", "# خبر", "# تعليق على الآتي", "# هواتف")
    )


@given(st.text(min_size=1, max_size=60).map(str.strip).filter(lambda text: text and "\n" not in text))
def test_any_sentence_reads_back_as_it_was(sentence: str) -> None:
    """Colons, quotes, hashes, dashes and odd characters: what is written is the sentence, or the edit is refused."""
    try:
        after = add_example(BLOCK, "nvidia", sentence, match=False)
    except EditError:
        return
    (term, *_) = parse_watchlist(after, "chips.yaml").terms
    assert sentence in {example.text for example in term.examples if not example.match}


def test_what_cannot_be_added_is_refused_with_its_line() -> None:
    """A sentence that is there already, as either kind; a term that is not; a layout that is none."""
    with pytest.raises(EditError, match=r"line 9: .* `match:` example of 'nvidia' already"):
        add_example(BLOCK, "nvidia", "افتتحت إنفيديا مكتبا جديدا", match=False)
    with pytest.raises(EditError, match=r"no term .nvidea.*nvidia"):
        add_example(BLOCK, "nvidea", SENTENCE, match=True)
    empty = BLOCK.replace("    codes: [H20]\n", "    codes: [H20]\n    examples:\n")
    with pytest.raises(EditError, match="by hand"):
        add_example(empty, "h20", SENTENCE, match=True)


def test_line_ends_of_windows_stay() -> None:
    """A file with CRLF has CRLF after the edit, in the new lines too."""
    after = add_example(BLOCK.replace("\n", "\r\n"), "h20", SENTENCE, match=True)
    assert after.count("\n") == after.count("\r\n")
