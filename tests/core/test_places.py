"""Places in YAML texts: each position is that of its value, and what goes with a value leaves the rest in order."""

from __future__ import annotations

import pytest

from rasid.config.document import read_document
from rasid.config.places import read_source, span
from rasid.errors import EditError

TEXT = """\
# قائمة
terms:
  # رمز
  - id: &n h20 # معرّف
    forms: [إتش 20, "إتش عشرين", # منطوق
      {form: H-عشرين, near: &cues [رقائق, 'شريحة']}]
    near: *cues
    empty:
  - id: *n
    notes: |
      سطر

        # ليس تعليقا

  # آخر
"""


def written(path: tuple[str | int, ...]) -> str:
    """What stands in TEXT at the place of a value."""
    place = read_source(TEXT).place(path)
    return TEXT[place.start : place.end]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("terms", 0, "id"), "&n h20"),
        (("terms", 0, "forms", 1), '"إتش عشرين"'),
        (("terms", 0, "forms", 2, "form"), "H-عشرين"),
        (("terms", 0, "forms", 2, "near"), "&cues [رقائق, 'شريحة']"),
        (("terms", 0, "near"), "*cues"),
        (("terms", 0, "empty"), ""),
        (("terms", 1), "id: *n\n    notes: |\n      سطر\n\n        # ليس تعليقا"),
    ],
)
def test_a_place_is_the_value_without_what_follows_it(path: tuple[str | int, ...], expected: str) -> None:
    """Anchors and quotes belong to a value; comments, commas and blank lines behind it do not."""
    assert expected == written(path)


def test_what_an_alias_repeats_has_no_place() -> None:
    """The items of `*cues` stand elsewhere: the line of the alias is told."""
    with pytest.raises(EditError, match="edit the file by hand") as caught:
        read_source(TEXT).place(("terms", 0, "near", 0))
    assert 7 == caught.value.line


def test_repetitions_of_an_anchor_are_told_by_line() -> None:
    """Only those behind the position that is asked about."""
    source = read_source(TEXT)
    assert "line 9" == source.repeated("n", 0)
    assert "" == source.repeated("n", TEXT.index("*n") + 1)
    two = read_source("a: &x 1\nb: *x\nc: [*x, *x]\n")
    assert "lines 2, 3" == two.repeated("x", 0)


def test_each_value_that_goes_leaves_the_others() -> None:
    """Whatever goes with its span, the rest is YAML that reads as before without that value."""
    text = TEXT.replace("&n ", "").replace("*n", "h30").replace("&cues ", "").replace("*cues", "[x]")
    source = read_source(text)
    forms = source.value(("terms", 0, "forms"))
    for index in range(3):
        start, end = span(source, ("terms", 0, "forms", index))
        document, problems = read_document(text[:start] + text[end:], "")
        assert ([], True) == (problems, document is not None)
        assert (*forms[:index], *forms[index + 1 :]) == document.value(("terms", 0, "forms"))
    for key in ("forms", "near", "empty"):
        start, end = span(source, ("terms", 0, key))
        document, problems = read_document(text[:start] + text[end:], "")
        assert ([], True) == (problems, document is not None)
        assert key not in document.value(("terms", 0))
        assert source.value(("terms", 1)) == document.value(("terms", 1))
