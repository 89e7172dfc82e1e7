"""docs/guarantees.md promises nothing without a test, in either language."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

from rasid.types import DeliveryState

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def section(title: str) -> str:
    """What stands under a heading."""
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def promises(text: str) -> list[str]:
    """The numbered items of a section."""
    return re.split(r"^\d+\. ", text, flags=re.MULTILINE)[1:]


def test_every_test_that_is_named_is_there() -> None:
    """A renamed test must not leave a promise without proof."""
    named = TEST.findall(PAGE)
    assert named
    missing = [f"{file}::{name}" for file, name in named if name not in functions(ROOT / file)]
    assert [] == missing


def functions(path: Path) -> set[str]:
    """The functions of a module, by name."""
    if not path.is_file():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_promise_names_its_proof() -> None:
    """And what a repeat looks like, and what a restore does, do too."""
    found = promises(section("Promises"))
    assert found
    assert [] == [promise for promise in found if not TEST.search(promise)]
    assert TEST.search(section("What a repeat looks like"))
    assert TEST.search(section("After a restore"))


def test_the_arabic_section_promises_the_same() -> None:
    """As many promises, one for one."""
    assert len(promises(section("Promises"))) == len(promises(section("بالعربية")))


def test_every_state_is_explained_in_both_languages() -> None:
    """None is missing in the table, in the diagram or in Arabic, and none is made up."""
    states = set(get_args(DeliveryState))
    assert states == set(re.findall(r"^\| `(\w+)` \|", section("The states of a delivery"), re.MULTILINE))
    diagram = section("The states of a delivery").partition("```")[2].partition("```")[0]
    assert [] == [state for state in states if state not in diagram]
    assert [] == [state for state in states if f"`{state}`" not in section("بالعربية")]
