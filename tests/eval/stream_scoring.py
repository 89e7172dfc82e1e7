"""What was said of a labelled stream against what is true of it: copies, updates, stories."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from rasid.types import SUPPRESSED
from tests.eval.press_stream import EDITIONS, Case, Dice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Said = dict[str, object]  # a line of `rasid dedupe`


@dataclass
class CopyScore:
    """Counts of articles; what a kind's articles must be is said at `score_copies`."""

    true: int = 0  # suppressed, and the original named is of the family
    false: int = 0  # suppressed, and no copy or of another family
    copies: int = 0
    cases: Counter[str] = field(default_factory=Counter)  # by kind, as the three below
    right: Counter[str] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)
    linked: Counter[str] = field(default_factory=Counter)  # copies with any relation to their family
    hidden: list[str] = field(default_factory=list)  # news that was suppressed: the one fault nobody can see
    misled: list[str] = field(default_factory=list)  # `extends` or `revised` of an article it has no part in
    wrong: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """The share of the suppressed that are copies of what was named."""
        return self.true / max(1, self.true + self.false)

    @property
    def recall(self) -> float:
        """The share of the copies that are suppressed."""
        return self.true / max(1, self.copies)

    @property
    def link_rate(self) -> float:
        """The share of the copies that lead to their family, suppressed or not."""
        return self.linked.total() / max(1, self.copies)

    def share(self, kind: str) -> float:
        """The share of a kind's articles that are right."""
        return self.right[kind] / max(1, self.cases[kind])

    def table(self) -> str:
        """What is right of each kind, and all that is wrong, for a reader of a failed test."""
        kinds = (f"{kind} {self.right[kind]}/{self.cases[kind]}" for kind in sorted(self.cases))
        figures = f"P {self.precision:.4f} R {self.recall:.4f} linked {self.link_rate:.4f}"
        return "\n".join((figures, *kinds, *self.wrong))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two articles, and whether they tell one event."""

    a: str
    b: str
    same: bool


@dataclass(frozen=True)
class StoryScore:
    """Counts of pairs, and the size of the largest story."""

    true: int
    false: int
    missed: int
    largest: int
    wrong: tuple[str, ...]

    @property
    def precision(self) -> float:
        """The share of the pairs told together that are of one event."""
        return self.true / max(1, self.true + self.false)

    @property
    def recall(self) -> float:
        """The share of the pairs of one event that are told together."""
        return self.true / max(1, self.true + self.missed)

    @property
    def f(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.true / max(1, 2 * self.true + self.false + self.missed)


def families(cases: Sequence[Case]) -> dict[str, str]:
    """Each article's original: copies, and copies of copies, lead there; updates are originals."""
    original = {case.id: case.duplicate_of for case in cases}

    def root(name: str) -> str:
        above = original[name]
        return name if above is None else root(above)

    return {name: root(name) for name in original}


def lineages(cases: Sequence[Case]) -> dict[str, str]:
    """Each article's oldest version: copies, updates and corrections lead there."""
    older = {case.id: case.duplicate_of or case.follows for case in cases}

    def oldest(name: str) -> str:
        before = older[name]
        return name if before is None else oldest(before)

    return {name: oldest(name) for name in older}


def score_copies(cases: Sequence[Case], said: Mapping[str, Said]) -> CopyScore:
    """Score the relations.

    Right is: of a copy, suppressed with an original of its family; of an update or a correction, shown and linked to
    an older version; of all other news, shown, and linked to nothing unless it is an edition of a template.
    """
    family, oldest, total = families(cases), lineages(cases), CopyScore()
    for case in cases:
        relation, original = str(said[case.id]["relation"]), said[case.id]["original"]
        suppressed = relation in SUPPRESSED
        same = original is not None and family[str(original)] == family[case.id]
        version = original is not None and oldest[str(original)] == oldest[case.id]
        if case.duplicate_of:
            right = suppressed and same
            total.copies += 1
            total.linked[case.kind] += same
        elif case.follows:
            right = not suppressed and version
        else:
            right = not suppressed and (original is None or version or case.kind in EDITIONS)
        told = f"{case.id} [{case.kind}] {relation} of {original}: {said[case.id]['why']}"
        total.true += suppressed and same and not case.is_news
        total.false += suppressed and (case.is_news or not same)
        total.cases[case.kind] += 1
        total.right[case.kind] += right
        total.shown[case.kind] += not suppressed
        total.hidden += [told] * (suppressed and case.is_news)
        total.misled += [told] * (
            not suppressed and original is not None and not version and case.kind not in EDITIONS
        )
        total.wrong += [told] * (not right)
    return total


def story_pairs(cases: Sequence[Case], seed: int) -> list[Pair]:
    """Independent reports of one event against reports of related events and editions of one series.

    However many copies and versions a report has, it stands for itself once, by one of them: pairs of copies would
    measure the copies again. There are two pairs of related events and one of editions for each of one event.
    """
    oldest = lineages(cases)
    members: dict[str, list[Case]] = {}
    for case in cases:
        members.setdefault(oldest[case.id], []).append(case)
    heads = [Dice(seed, "stands for", name).pick(group) for name, group in members.items()]
    reports = [
        case for case in heads if members[oldest[case.id]][0].kind not in {*EDITIONS, "column", "footer"}
    ]
    every = [(a, b) for at, a in enumerate(reports) for b in reports[at + 1 :]]
    same = [Pair(a.id, b.id, same=True) for a, b in every if a.event == b.event]
    related = [
        Pair(a.id, b.id, same=False)
        for a, b in every
        if a.topic and a.topic == b.topic and a.event != b.event
    ]
    series = [Pair(a.id, b.id, same=False) for a, b in pairwise(_by_series(members)) if a.topic == b.topic]
    drawn = Dice(seed, "related").shuffled(related)[: 2 * len(same)]
    return [*same, *drawn, *Dice(seed, "series").shuffled(series)[: len(same)]]


def _by_series(members: dict[str, list[Case]]) -> list[Case]:
    editions = [group[0] for group in members.values() if group[0].kind in {*EDITIONS, "column", "footer"}]
    return sorted(editions, key=lambda case: (case.topic, case.arrives))


def score_stories(pairs: Sequence[Pair], said: Mapping[str, Said], title: Mapping[str, str]) -> StoryScore:
    """Score pairs that must, or must not, share a story."""
    together = [said[pair.a]["story"] == said[pair.b]["story"] for pair in pairs]
    judged = list(zip(pairs, together, strict=True))
    wrong = tuple(
        f"{'parted' if pair.same else 'joined'} {pair.a} «{title[pair.a]}» | {pair.b} «{title[pair.b]}»"
        for pair, joined in judged
        if pair.same != joined
    )
    return StoryScore(
        true=sum(pair.same and joined for pair, joined in judged),
        false=sum(joined and not pair.same for pair, joined in judged),
        missed=sum(pair.same and not joined for pair, joined in judged),
        largest=max(Counter(str(one["story"]) for one in said.values()).values()),
        wrong=wrong,
    )
