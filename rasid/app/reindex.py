"""The whole corpus judged again with today's rules: fingerprints, relations, stories.

::

    articles by id → ask → candidates with lower ids → judge → rewritten, one transaction each → next

Theory of operation. Articles are taken in the order in which they were stored, and each is judged as a collect would
have judged it then: candidates and story members are those with lower ids, as they are now. So it makes no difference
whether the corpus was collected with today's rules or judged again with them, and a second time changes nothing.
Stories that an operator merged or split hold: storage leaves their articles where they are.

It may be killed at any moment. How far it came is noted every few articles; those that were judged after the last
note are judged once more and come out the same. Collects go on meanwhile: each article is a transaction of its own,
and what they store is judged at the end with the rest.

Known exception. The lines that outlets print under everything are those known now, for all articles alike; a collect
knew fewer of them when it read the first ones.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rasid.app.judging import ask, judge
from rasid.app.stages import Progress, quiet
from rasid.errors import RasidError
from rasid.stories import StoryIndex
from rasid.types import StoryMember

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rasid.app.context import Clock, Rasid
    from rasid.types import Candidate, LearnedLines, Relation, StoryChoice, Verdict
    from storage import Store
    from storage.values import ReindexArticle, ReindexState

RULES = (
    "rasid.app.judging",
    "rasid.attribution",
    "rasid.boilerplate",
    "rasid.copies",
    "rasid.revisions",
    "rasid.shingles",
    "rasid.stories",
    "rasid.story_slots",
    "rasid.story_words",
    "rasid.text",
    "storage.candidates",
)
"""The modules and packages that decide.

A reindex that another version of them began is begun anew, or the first half of the corpus would be judged by other
rules than the second. Their text is what is compared: a number to be raised by hand would be forgotten, and a changed
comment costs no more than beginning anew once.
"""

PAGE = 50
"""Articles between two notes of progress: half a second of work, which is what a killed run repeats."""

LEASE = timedelta(minutes=2)
"""A page takes a second, so whoever has not given a sign for so long is dead, or the machine slept."""

_LOOK_BACK = timedelta(days=14)  # what a StoryIndex keeps; what is older it lets go by itself


@dataclass(frozen=True, slots=True)
class ReindexReport:
    """What judging the corpus anew came to; a run that went on from an earlier one counts its own articles."""

    articles: int  # judged in this run
    relations: dict[tuple[Relation, Relation], int]  # before and now → articles; those alone that changed
    originals: int  # articles that have the relation that they had, to another article
    stories: int  # articles that are in another story now
    after: int  # the article after which an earlier run's work went on; 0: it began with the first
    version: str
    seconds: float


@dataclass(slots=True)
class _Run:
    """A reindex under way: what it asks with, and what it has counted."""

    store: Store
    clock: Clock
    state: ReindexState
    learned: LearnedLines
    index: StoryIndex
    articles: int = 0
    relations: Counter[tuple[Relation, Relation]] = field(default_factory=Counter)
    originals: int = 0
    stories: int = 0


@cache
def rules_version() -> str:
    """Give the hash of the modules that decide."""
    rules = hashlib.sha256()
    for path in (path for name in RULES for path in _sources(name)):
        rules.update(path.read_bytes())
    return rules.hexdigest()[:16]


def _sources(name: str) -> list[Path]:
    """The file of a module; of a package all files, with the tables that it reads."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise RasidError(f"the source of {name} is not there; install Rasid again")
    path = Path(spec.origin)
    if not spec.submodule_search_locations:
        return [path]
    return sorted(one for one in path.parent.iterdir() if one.is_file())


def reindex(
    rasid: Rasid, *, clock: Clock, restart: bool = False, progress: Progress = quiet
) -> ReindexReport:
    """Judge every article of the corpus again, from where a killed run left off.

    Args:
        rasid: With the corpus.
        clock: Gives the time.
        restart: Begin with the first article, even where another run left off.
        progress: Told after each page of articles.

    Raises:
        RasidError: Another process is at it.
    """
    store, started = rasid.store, clock()
    with store.present():
        state = store.start_reindex(rules_version(), started, started + LEASE, restart=restart)
        if state is None:
            raise RasidError(_refusal(store.last_reindex()))
        run = _Run(store, clock, state, store.learned_lines(), _index(store, state.after))
        _judge_all(run, progress)
        store.finish_reindex(state.id, clock())
    return ReindexReport(
        articles=run.articles,
        relations=dict(run.relations),
        originals=run.originals,
        stories=run.stories,
        after=state.after,
        version=state.version,
        seconds=(clock() - started).total_seconds(),
    )


def _refusal(under_way: ReindexState | None) -> str:
    if under_way is None or under_way.lease_until is None:  # it ended in this moment
        return "another reindex was at work until now; start this one again"
    return (
        f"another reindex is at work, past article {under_way.after} of some {under_way.total}; wait for it. "
        f"Were it dead, this command would go on in its place from {under_way.lease_until:%H:%M:%S}Z"
    )


def _index(store: Store, after: int) -> StoryIndex:
    """Build the story index as the article with that id left it."""
    last = store.article(after)
    if last is None:
        return StoryIndex()
    return StoryIndex(store.story_members(last.published - _LOOK_BACK, upto=after))


def _judge_all(run: _Run, progress: Progress) -> None:
    store, done = run.store, run.state.after
    try:
        for page in _pages(store, done):
            for article in page:
                _rejudge(run, article)
                done = article.id
            if not store.reindex_progress(run.state.id, done, run.clock() + LEASE):
                raise RasidError(
                    "another reindex has gone on in this one's place, which gave no sign for too long; wait for it"
                )
            progress("reindex", done, max(run.state.total, done))
    except KeyboardInterrupt:
        store.reindex_progress(run.state.id, done, run.clock())  # nobody need wait for the lease to run out
        raise


def _pages(store: Store, after: int) -> Iterator[list[ReindexArticle]]:
    while page := store.reindex_articles(after, PAGE):
        yield page
        after = page[-1].id


def _rejudge(run: _Run, article: ReindexArticle) -> None:
    """Article in, one transaction out; the index is told of the story that it really has now."""
    asked = ask(article.title, article.text, article.published, article.outlet, article.author, run.learned)
    verdicts: list[Verdict] = []

    def judged(candidates: Sequence[Candidate], _newer: Sequence[StoryMember]) -> tuple[Verdict, StoryChoice]:
        verdict, choice = judge(asked, candidates, run.index, run.learned)
        verdicts.append(verdict)
        return verdict, choice

    now = run.store.rejudge(article.id, asked.fingerprint, asked.terms, asked.wire, judged)
    run.index.add(StoryMember(article.id, now.story_id, asked.terms, article.published, asked.wire))
    relation = verdicts[-1].relation
    run.articles += 1
    if relation != article.relation:
        run.relations[article.relation, relation] += 1
    else:
        run.originals += now.relation_changed
    run.stories += now.story_changed
