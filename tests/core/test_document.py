"""The two parsers of YAML: the quick one must not be told from the pure one, but by the clock."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rasid.config.document import Document, read_document

if TYPE_CHECKING:
    from rasid.errors import Problem

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "config").rglob("*.yaml")) + sorted((ROOT / "demo" / "articles").glob("*.yaml"))

PURE = "#\t\n"  # a comment with a tab, which only the pure parser reads
EITHER = "# \n"

# What operators write, and what they get wrong.
BITS = [
    *("key: ", "- ", "  ", "\n", "\n  ", "\n    ", "\n- ", " #", "# ", ", ", ": ", ":", "-", "...", "---\n"),
    *(
        "[",
        "]",
        "{",
        "}",
        '"',
        "'",
        "&a ",
        "*a",
        "*a ",
        "&b",
        "*b: ",
        "!x ",
        "|\n",
        ">-\n",
        "? ",
        "%",
        "@",
        "`",
    ),
    *(
        "no",
        "~",
        "07:00",
        "1e3",
        "0x1F",
        "https://a.example/?b=c&d",
        "a b",
        "رقائق",
        "إتش ٢٠",
        "😀",
        "\\n",
        "\\",
        "",
    ),
    *("<<: ", "=", "a: b", "[a, b]", "{a: b, c: d}", '"a b"', "'it''s'", '"\\u0627"', '"\\x00"', '"a\n  b"'),
    *("\t", "\r\n", "\x85", "\u2028", "\ufeff", "\xa0", "\x7f", "\x00", "\ud800", "k" * 1_030),
]
LINES = [line for file in FILES for line in file.read_text("utf-8").splitlines(keepends=True)]


def told(text: str) -> tuple[Document | None, list[Problem]]:
    """Every value with its line, and every problem with its line."""
    return read_document(text, "file.yaml")


@st.composite
def edited(draw: st.DrawFn) -> str:
    """Some lines of the project's own files, with a few bits put in or taken out."""
    start = draw(st.integers(0, len(LINES) - 1))
    text = "".join(LINES[start : start + draw(st.integers(1, 12))])
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(BITS)) + text[at + draw(st.integers(0, 3)) :]
    return text


@settings(max_examples=1_000, deadline=None)
@given(st.lists(st.sampled_from(BITS), max_size=12).map("".join) | edited())
@example(" &after: 26")
@example("d: |\n \n  a")
@example("a: !<x> b")
@example("? a")
@example('{"a":*b}')
@example("{a: https://a.example/feed, b: [07:00, c:d]}")
@example("a:\nb:\n  - \n  -")
@example("a: 1\na: 2\n\ud800: 3")
def test_both_parsers_say_the_same(text: str) -> None:
    """Of any text: the same values, lines, problems and words."""
    assert told(PURE + text) == told(EITHER + text)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_projects_own_files_are_read_alike(file: Path) -> None:
    """Whole, anchors and flow collections included."""
    text = file.read_text("utf-8")
    assert told(PURE + text) == told(EITHER + text)
    assert told(text)[0] is not None


def _seconds(text: str) -> float:
    """CPU time of one reading: the best of three."""
    times = []
    for _ in range(3):
        begun = time.process_time()
        told(text)
        times.append(time.process_time() - begun)
    return min(times)


def test_the_quick_parser_is_the_quicker() -> None:
    """What is written as operators write it is not read by the pure parser, which takes eight times as long."""
    feeds = [{"id": f"feed-{number}", "url": f"https://{number}.example/feed"} for number in range(300)]
    text = json.dumps({"feeds": feeds}, indent=1)
    assert _seconds(PURE + text) > 2 * _seconds(EITHER + text)
