"""The operators' guide to feeds: its files are accepted, and its Arabic part knows the same keys and commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from rasid.config import parse_feeds, parse_watchlist
from rasid.types import FeedStatus

ROOT = Path(__file__).resolve().parents[2]
ENGLISH, ARABIC = (
    (ROOT / "docs" / "feeds.md").read_text(encoding="utf-8").split('\n<div dir="rtl">\n', maxsplit=1)
)
CHIPS = ROOT / "config" / "watchlists" / "chips.yaml"
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"`(rasid [a-z]+(?: [a-z]+)?)")


@pytest.mark.parametrize("block", BLOCK.findall(ENGLISH + ARABIC))
def test_examples_are_accepted(block: str) -> None:
    """Each file of the guide is one that `rasid check` accepts."""
    watchlist = parse_watchlist(CHIPS.read_text(encoding="utf-8"), "chips.yaml")

    assert parse_feeds(block, "feeds.yaml", [watchlist])


def test_every_kind_and_rule_is_shown() -> None:
    """The examples hold a feed, a section page, a search, and each rule of an outlet."""
    watchlist = parse_watchlist(CHIPS.read_text(encoding="utf-8"), "chips.yaml")
    feeds = [
        feed for block in BLOCK.findall(ENGLISH) for feed in parse_feeds(block, "feeds.yaml", [watchlist])
    ]

    assert {"feed", "page", "search"} == {feed.kind for feed in feeds}
    keys = ("timezone", "date_format", "article", "remove", "date", "boilerplate")
    assert any(all(getattr(feed.rules, key) for key in keys) for feed in feeds)


@pytest.mark.parametrize("part", [ENGLISH, ARABIC], ids=["English", "Arabic"])
def test_every_state_is_explained(part: str) -> None:
    """Each state that `rasid feeds list` shows stands in the table of states."""
    rows = set(re.findall(r"^\| `([a-z]+)` \|", part, re.MULTILINE))

    assert set() == set(get_args(FeedStatus)) - rows


def test_the_arabic_part_names_commands_of_the_english_one() -> None:
    """The summary sends nobody to a command that the guide does not know, and holds its rules' example."""
    assert set(COMMAND.findall(ARABIC)) <= set(COMMAND.findall(ENGLISH))
    assert {"rasid feeds", "rasid health"} <= {
        " ".join(command.split()[:2]) for command in COMMAND.findall(ARABIC)
    }
    assert BLOCK.findall(ARABIC) == BLOCK.findall(ENGLISH)[-1:]
