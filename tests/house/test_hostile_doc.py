"""docs/hostile.md and tests/hostile say the same: every case has a row, every row its tests, every test its row."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "hostile"
PAGE = (ROOT / "docs" / "hostile.md").read_text(encoding="utf-8")
CASES = [*range(1, 88)]
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
TEST = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
NUMBERS = re.compile(r"test((?:_\d{3})+)_")

Name = tuple[str, str]  # file, function


def written() -> set[Name]:
    """The tests that there are."""
    return {
        (path.name, node.name)
        for path in FOLDER.glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def numbers(name: str) -> set[int]:
    """The cases that a test's name carries."""
    found = NUMBERS.match(name)
    return {int(number) for number in found[1].split("_")[1:]} if found else set()


def named() -> dict[int, set[Name]]:
    """The tests of each row, by its number."""
    return {int(row[1]): set(TEST.findall(row[4])) for row in ROW.finditer(PAGE)}


def test_every_case_has_one_row() -> None:
    """The catalogue's cases stand there in order, each once."""
    assert CASES == [int(row[1]) for row in ROW.finditer(PAGE)]


def test_the_page_names_the_tests_that_there_are() -> None:
    """No test is missing on the page, and no name on it is of a test that is gone."""
    assert written() == set(TEST.findall(PAGE))


def test_each_row_names_the_tests_of_its_case() -> None:
    """All that carry its number, and no others; a case without a test has no business there."""
    carried = {
        case: {(file, name) for file, name in written() if case in numbers(name)}
        for case in {case for _, name in written() for case in numbers(name)}
    }
    assert carried == named()
