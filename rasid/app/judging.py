"""Copy? Which story? Asked of every article in the same way: by a collect, a reindex and `rasid dedupe`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rasid.attribution import attribute
from rasid.boilerplate import own_text
from rasid.copies import decide, fingerprint
from rasid.stories import story_terms
from rasid.types import Reason, StoryChoice, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rasid.stories import StoryIndex
    from rasid.types import Candidate, Fingerprint, LearnedLines

SAME_DAY = timedelta(hours=12)
CORRECTED_WITHIN = timedelta(hours=72)
CORRECTED_SHARE = 0.9
"""Another edition of the same day belongs to the event, and so does a correction: hardly a word but the figure differs,
.95 of the text and more stands. Tomorrow's table is another event: of its text .80 stands at most."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What copies and stories see of an article."""

    title: str
    text: str
    published: datetime
    outlet: str
    fingerprint: Fingerprint
    terms: dict[str, float]
    wire: str  # whose report it passes on: an agency's id, else its name as written, else ""


def ask(
    title: str, text: str, published: datetime, outlet: str, author: str | None, learned: LearnedLines
) -> Asked:
    """Work out all that can be said of an article without the corpus."""
    credit = attribute(title, text, author, outlet)
    print_ = fingerprint(title, text, outlet=outlet, learned=learned)
    own = own_text(text, learned.among(frozenset(print_.lines), outlet))
    wire = "" if credit is None else credit.id or credit.name_ar
    return Asked(title, text, published, outlet, print_, story_terms(title, own), wire)


def judge(
    asked: Asked, candidates: Sequence[Candidate], index: StoryIndex, learned: LearnedLines
) -> tuple[Verdict, StoryChoice]:
    """Decide on copies, then on the story: its original's, unless it is another edition of a template."""
    verdict = decide(
        asked.title, asked.text, asked.published, candidates, outlet=asked.outlet, learned=learned
    )
    original = next((one for one in candidates if one.id == verdict.original), None)
    if original is not None and original.story_id is not None and _one_event(asked, verdict, original):
        why = Reason(ar="من أصل واحد", en="from one original")
        return verdict, StoryChoice(original.story_id, verdict.score, (), why)
    choice = index.choose(
        asked.terms,
        asked.published,
        title=asked.title,
        text=asked.text,
        wire=asked.wire,
        apart=_other_editions(asked, verdict, candidates),
    )
    return verdict, choice


def _one_event(asked: Asked, verdict: Verdict, original: Candidate) -> bool:
    apart = abs(asked.published - original.published)
    corrected = verdict.score >= CORRECTED_SHARE and apart <= CORRECTED_WITHIN
    return verdict.relation != "revised" or apart <= SAME_DAY or corrected


def _other_editions(asked: Asked, verdict: Verdict, candidates: Sequence[Candidate]) -> frozenset[int]:
    """The stories of yesterday's tables: alike in every word, and never the event of today's."""
    if verdict.relation != "revised":
        return frozenset()
    older = (one for one in candidates if abs(asked.published - one.published) > SAME_DAY)
    return frozenset(one.story_id for one in older if one.story_id is not None)
