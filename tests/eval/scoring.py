"""Labelled mentions against what the matcher finds: precision, recall, and the share of the uncertain."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rasid.matching import Matcher

HERE = Path(__file__).parent


@dataclass
class Score:
    """Counts of spans, and the cases of each kind."""

    true: int = 0
    false: int = 0
    missed: int = 0
    uncertain: int = 0
    cases: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """The share of the found spans that are right."""
        return self.true / max(1, self.true + self.false)

    @property
    def recall(self) -> float:
        """The share of the labelled spans that were found."""
        return self.true / max(1, self.true + self.missed)

    @property
    def unsure(self) -> float:
        """The share of the found spans that are uncertain."""
        return self.uncertain / max(1, self.true + self.false)


def cases(name: str) -> list[dict[str, Any]]:
    """The labelled cases of a file beside this one, those that people would argue about left out."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [case for case in map(json.loads, lines) if case["kind"] != "debatable"]


def sha256(name: str) -> str:
    """The hash that pins a file's floors."""
    return hashlib.sha256((HERE / name).read_bytes()).hexdigest()


def score(matcher: Matcher, labelled: list[dict[str, Any]]) -> Score:
    """A found span is right where it overlaps a labelled one of its term; each labelled span counts once."""
    total = Score()
    for case in labelled:
        total.cases[case["kind"]] += 1
        mistakes = list(_mistakes(total, matcher, case))
        total.right[case["kind"]] += not mistakes
        total.wrong += [f"{case['id']} [{case['kind']}] {mistake} | {case['text']}" for mistake in mistakes]
    return total


def _mistakes(total: Score, matcher: Matcher, case: dict[str, Any]) -> list[str]:
    found = [one for one in matcher.find(case["text"], case.get("title", "")) if one.field == "text"]
    left = [(term, span) for term, spans in case["expect"].items() for span in spans]
    false = []
    for one in found:
        hit = next(
            (
                (term, span)
                for term, span in left
                if term == one.term and one.start < span["end"] and span["start"] < one.end
            ),
            None,
        )
        total.uncertain += one.status == "uncertain"
        if hit is None:
            false.append(f"false {one.term} «{one.text}»")
        else:
            left.remove(hit)
    total.false += len(false)
    total.missed += len(left)
    total.true += len(found) - len(false)
    return [*false, *(f"missed {term} «{span['text']}»" for term, span in left)]
