"""Machine edits of subscriptions.yaml: what changes is one line, and nothing else."""

from __future__ import annotations

import difflib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasid.config.document import read_document
from rasid.config.subscription_editing import set_paused
from rasid.errors import EditError

TEXT = """\
# من يستلم النشرة
subscriptions:
  - id: analysts # لا يغيّر
    name: نشرة الرقائق
    watchlists:
      - chips
      # - firms
    schedule: daily 07:00   # صباحا
    channels:
      - file: out

  - id: editors
    name: "المحررون"
    terms: [h20]
    schedule: hourly
    paused: true # حتى العيد
    channels: [{email: [a@example.org]}]
  - {id: desk, name: مكتب, terms: [a], schedule: hourly, channels: [{file: desk}]}
  # النهاية
"""


def changes(text: str, edited: str) -> list[str]:
    """The lines that an edit took out and put in."""
    lines = difflib.ndiff(text.splitlines(keepends=True), edited.splitlines(keepends=True))
    return [line for line in lines if line[0] in "+-"]


@pytest.mark.parametrize(
    ("subscription", "value", "expected"),
    [
        ("analysts", True, ["+     paused: true\n"]),
        ("analysts", date(2026, 1, 31), ["+     paused: 2026-01-31\n"]),
        ("editors", False, ["-     paused: true # حتى العيد\n", "+     paused: false # حتى العيد\n"]),
        (
            "editors",
            date(2026, 1, 31),
            ["-     paused: true # حتى العيد\n", "+     paused: 2026-01-31 # حتى العيد\n"],
        ),
        ("editors", True, []),
        ("analysts", False, []),
        (
            "desk",
            True,
            [
                "-   - {id: desk, name: مكتب, terms: [a], schedule: hourly, channels: [{file: desk}]}\n",
                "+   - {id: desk, name: مكتب, terms: [a], schedule: hourly, paused: true, channels: [{file: desk}]}\n",
            ],
        ),
    ],
)
def test_a_pause_is_one_line(subscription: str, value: bool | date, expected: list[str]) -> None:
    """Comments, quotes and order stay; what stands there already is no edit."""
    assert expected == changes(TEXT, set_paused(TEXT, subscription, paused=value))


def test_a_new_key_stands_before_the_channels_and_behind_all_comments_of_its_neighbour() -> None:
    """The order of keys is that of the documentation."""
    edited = set_paused(TEXT, "analysts", paused=True).splitlines()

    assert ["    schedule: daily 07:00   # صباحا", "    paused: true", "    channels:"] == edited[7:10]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@given(value=st.booleans() | st.dates(), again=st.booleans() | st.dates())
def test_pausing_again_leaves_only_the_last_word(
    newline: str, value: bool | date, again: bool | date
) -> None:
    """Whatever was written before: every other value stays, and so do the ends of lines."""
    text = TEXT.replace("\n", newline)

    edited = set_paused(set_paused(text, "analysts", paused=value), "analysts", paused=again)

    document, problems = read_document(edited.replace(newline, "\n"), "subscriptions.yaml")
    assert document is not None
    assert [] == problems
    written = again.isoformat() if isinstance(again, date) else again
    before, _ = read_document(TEXT, "subscriptions.yaml")
    assert before is not None
    expected = before.value(("subscriptions", 0))
    assert isinstance(expected, dict)
    left_out = again is False and value is False
    assert expected | ({} if left_out else {"paused": written}) == document.value(("subscriptions", 0))
    assert edited.count("\n") == edited.count(newline)


@pytest.mark.parametrize(
    ("text", "subscription", "message"),
    [
        (TEXT, "analyst", "no subscription 'analyst'; did you mean 'analysts'?"),
        ("subscriptions: []\n", "analysts", "no subscription 'analysts'; there are: none"),
        (
            TEXT.replace("paused: true", "paused: &p true\n    when: *p"),
            "editors",
            "more than Rasid can edit",
        ),
        (TEXT.replace("paused: true", "paused: [").replace("# حتى", "#"), "editors", "mend this first"),
    ],
)
def test_what_cannot_be_edited_is_refused(text: str, subscription: str, message: str) -> None:
    """With what was probably meant, or why it has to be done by hand."""
    with pytest.raises(EditError) as refused:
        set_paused(text, subscription, paused=False)

    assert message in str(refused.value)
