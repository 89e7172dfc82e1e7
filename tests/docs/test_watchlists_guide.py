"""The operators' guide to watchlists: every list, sentence and message in it is true, in both languages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from rasid.config import check_examples, parse_watchlist
from rasid.errors import ConfigError
from rasid.matching import Matcher

ROOT = Path(__file__).resolve().parents[2]
ENGLISH, ARABIC = (
    (ROOT / "docs" / "watchlists.md").read_text(encoding="utf-8").split('\n<div dir="rtl">\n', maxsplit=1)
)
DEFAULT = (ROOT / "config" / "watchlists" / "chips.yaml").read_text(encoding="utf-8")
FILE = "config/watchlists/telecom.yaml"  # what the guide calls its first list

ABOVE = ("With the list above", "بالقائمة التي فوق")
DEFAULTS = ("With the default list", "بقائمة الرقائق")
OUTCOMES = {
    "matched": "matched",
    "uncertain": "uncertain",
    "nothing": "nothing",
    "مطابق": "matched",
    "للمراجعة": "uncertain",
    "لا شيء": "nothing",
}
TITLE = "العنوان: "  # before a sentence that is a title
PROSE = {"The daily round", "دورة كل يوم"}  # what to type, no rule of matching
WHOLE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PART = re.compile(r"^## +(.*)$", re.MULTILINE)
MESSAGE = re.compile(rf"^{re.escape(FILE)}:\d+: .*$", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """A sentence of a table, with the list that it is tried against."""

    watchlist: str
    sentence: str
    outcome: str


def blocks(part: str) -> list[str]:
    """Give the watchlists of one language, in order."""
    return WHOLE.findall(part)


def rows(part: str) -> list[Row]:
    """Give the rows of the tables of one language; a table's first heading says which list it means."""
    found: list[Row] = []
    above = ""
    for piece in re.split(r"(^```yaml\n.*?^```$)", part, flags=re.MULTILINE | re.DOTALL):
        if block := WHOLE.fullmatch(piece):
            above = block.group(1)
            continue
        watchlist = ""
        for line in piece.splitlines():
            if not line.startswith("| "):
                continue
            first, second, *_ = (cell.strip() for cell in line.strip("|").split("|"))
            if first in ABOVE + DEFAULTS:
                watchlist = above if first in ABOVE else DEFAULT
            else:
                found.append(Row(watchlist, first, OUTCOMES[second]))
    return found


@cache
def matcher(watchlist: str) -> Matcher:
    """Compile a list of the guide."""
    return Matcher(parse_watchlist(watchlist, FILE).terms)


def outcome(row: Row) -> str:
    """Say what a list makes of a sentence."""
    is_title = row.sentence.startswith(TITLE)
    text = row.sentence.removeprefix(TITLE)
    found = matcher(row.watchlist).find("" if is_title else text, text if is_title else "")
    statuses = {mention.status for mention in found}
    return next((status for status in ("matched", "uncertain") if status in statuses), "nothing")


def problems(watchlist: str) -> list[str]:
    """Say what `rasid check` says of a list."""
    try:
        parsed = parse_watchlist(watchlist, FILE)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    found = check_examples(parsed, lambda text: [mention.term for mention in matcher(watchlist).find(text)])
    return [str(problem) for problem in found]


@pytest.mark.parametrize("watchlist", blocks(ENGLISH))
def test_examples_hold(watchlist: str) -> None:
    """Each list of the guide is a whole one, with sentences that must be found or skipped, and they are."""
    kinds = {example.match for term in parse_watchlist(watchlist, FILE).terms for example in term.examples}

    assert {True, False} == kinds
    assert [] == problems(watchlist)


@pytest.mark.parametrize("row", rows(ENGLISH), ids=lambda row: row.sentence)
def test_outcomes_hold(row: Row) -> None:
    """Each sentence of a table comes to what the table says."""
    assert row.outcome == outcome(row)


def test_both_languages_hold_the_same() -> None:
    """The Arabic part has the lists, sentences and outcomes of the English one, and as many headings."""
    assert blocks(ENGLISH) == blocks(ARABIC)
    assert rows(ENGLISH) == rows(ARABIC)
    assert len(PART.findall(ENGLISH)) == len(PART.findall(ARABIC))
    assert len(blocks(ENGLISH) + blocks(ARABIC)) >= 12
    assert {"matched", "uncertain", "nothing"} == {row.outcome for row in rows(ENGLISH)}


@pytest.mark.parametrize("part", [ENGLISH, ARABIC], ids=["English", "Arabic"])
def test_every_rule_is_shown(part: str) -> None:
    """No rule stands there without a list, a table or a message that is tested."""
    _, *pieces = PART.split(part)
    shown = dict(zip(pieces[::2], pieces[1::2], strict=True))

    bare = {
        heading
        for heading, body in shown.items()
        if not blocks(body) and not rows(body) and not MESSAGE.findall(body)
    }

    assert PROSE & shown.keys() == bare


@pytest.mark.parametrize("part", [ENGLISH, ARABIC], ids=["English", "Arabic"])
def test_messages_are_real(part: str) -> None:
    """What the guide quotes of `rasid check` is what it says of the first list, spoilt in that way."""
    first = blocks(part)[0]
    quoted = MESSAGE.findall(part)
    sentences = {kind: re.search(rf"{kind}.*«(.*)»", "\n".join(quoted)) for kind in ("a match", "no match")}
    spoilt = [first.replace("label:", "lable:")]
    for kind, key in (("a match", "match"), ("no match", "skip")):
        found = sentences[kind]
        assert found is not None
        spoilt.append(first.replace(f"{key}: [", f"{key}: [{found.group(1)}, "))
    said = [message for watchlist in spoilt for message in problems(watchlist)]

    assert 3 == len(quoted)
    assert [] == [message for message in quoted if message not in said]
