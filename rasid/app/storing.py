"""Articles into the corpus: copy?, story, mentions, in the one transaction that also ends their entries.

A transaction costs as much as an article: a handful of articles that are ready together share one. Each is judged with
those before it in sight. The story index is told of an article by the judging of the next one, also within a group; of
a group that is undone it would hold what is not there, and is built anew.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from rasid.app.judging import Asked, ask, judge
from rasid.stories import StoryIndex
from rasid.types import NOTHING_LEARNED, SUPPRESSED
from storage import Arrival, NewArticle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rasid.app.reading import Read
    from rasid.app.running import Run
    from rasid.types import Candidate, StoryChoice, StoryMember, Verdict
    from storage import StoredArticle
    from storage.values import Judge

_LEARN_EVERY = 64  # articles; outlets' lines are learned over days
_SHRUNK = 0.5  # of its words: a page that says so much less than before is a wall, not an edit
_ASK_AGAIN = 2  # shortest poll intervals after which a thin page is asked for once more


class _Prepared(NamedTuple):
    """An article with all that can be said of it without the corpus."""

    read: Read
    asked: Asked
    new: NewArticle


class Desk:
    """Where the articles of a run are judged and stored."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._learned = NOTHING_LEARNED
        self._till_learned = 0  # articles
        self._index = self._stored_stories()

    def _stored_stories(self) -> StoryIndex:
        run = self._run
        story_days = timedelta(days=run.rasid.config.settings.collect.story_days)
        with run.stages.span("copies, story", items=0):
            return StoryIndex(run.rasid.store.story_members(run.clock() - story_days))

    def store(self, done: Read) -> None:
        """Judge an article and store it; one that was stored before is edited."""
        self.store_all([done])

    def store_all(self, done: Sequence[Read]) -> None:
        """The same for a few, in their order: first the edits of what is there, then all new ones in one transaction.

        Where that fails they are stored one by one, and the error is raised when all others are done. The second error
        is raised at once: it is not the articles then, and what is left stays in the queue.
        """
        new = [one for one in done if one.pending.article_id is None]
        parts = deque([one] for one in done if one.pending.article_id is not None)
        if new:
            parts.append(new)
        failure: Exception | None = None
        while parts:
            some = parts.popleft()
            try:
                ids = self._store(some)
            except Exception as error:
                if len(some) > 1:
                    self._index = self._stored_stories()
                    parts.extend([one] for one in some)
                elif failure is None:
                    failure = error
                else:
                    raise
            else:
                self._follow_up(some, ids)
        if failure is not None:
            raise failure

    def _store(self, some: Sequence[Read]) -> list[int]:
        """Store new articles, or edit one that was stored before; their ids."""
        self._learn(len(some))
        ready = [self._prepared(one) for one in some]
        article_id = some[0].pending.article_id
        with self._run.stages.span("store", items=len(some)):
            if article_id is None:
                return self._add(ready)
            self._edit(ready[0], article_id)
            return [article_id]

    def _learn(self, articles: int) -> None:
        if self._till_learned <= 0:
            with self._run.stages.span("copies, story", items=0):
                self._learned = self._run.rasid.store.learned_lines()
            self._till_learned = _LEARN_EVERY
        self._till_learned -= articles

    def _prepared(self, done: Read) -> _Prepared:
        run, article = self._run, done.article
        with run.stages.span("copies, story", items=0):
            asked = ask(
                article.title, article.text, article.published, article.outlet, article.author, self._learned
            )
        with run.stages.span("match"):
            mentions = run.rasid.matcher.find(article.text, article.title)
        article, versions = replace(article, wire=asked.wire), run.rasid.config.list_versions
        return _Prepared(done, asked, NewArticle(article, asked.fingerprint, asked.terms, mentions, versions))

    def _add(self, ready: Sequence[_Prepared]) -> list[int]:
        run = self._run
        group = [Arrival(one.read.pending.id, one.new, self._judge(one.asked)) for one in ready]
        stored = run.rasid.store.store_articles(group, run.clock(), after=self._index.last_id)
        for one, where in zip(ready, stored, strict=True):
            _count(run, one.new, where)
        run.stages.add("copies, story", items=len(stored))
        return [where.id for where in stored]

    def _judge(self, asked: Asked) -> Judge:
        def judged(
            candidates: Sequence[Candidate], newer: Sequence[StoryMember]
        ) -> tuple[Verdict, StoryChoice]:
            """Inside the transaction: what another collect stored a moment ago is seen."""
            with self._run.stages.span("copies, story", items=0):
                for member in newer:
                    self._index.add(member)
                return judge(asked, candidates, self._index, self._learned)

        return judged

    def _edit(self, ready: _Prepared, article_id: int) -> None:
        """Take over what the page says now; what says so much less than before is left alone."""
        run, pending, new = self._run, ready.read.pending, ready.new
        (before,) = run.rasid.store.archived([article_id])
        run.counts.fetched += new.article.source == "page"
        run.counts.known += 1
        if len(new.article.text.split()) < _SHRUNK * len(before.text.split()):
            run.rasid.store.fail_entry(pending.id, "the page holds much less than before", run.clock())
            return
        run.counts.edited += run.rasid.store.edit_article(
            pending.id,
            article_id,
            new.article,
            new.fingerprint,
            new.terms,
            new.mentions,
            new.list_versions,
            run.clock(),
        )

    def _follow_up(self, some: Sequence[Read], ids: Sequence[int]) -> None:
        """What comes after a commit, for what is lost of it is lost without harm."""
        store, now = self._run.rasid.store, self._run.clock()
        for one, article_id in zip(some, ids, strict=True):
            if one.thin:
                minutes = self._run.rasid.config.settings.collect.poll_min * _ASK_AGAIN
                store.ask_again(one.pending.id, now + timedelta(minutes=minutes))
            if one.page is not None:
                kind = one.page.headers.get("content-type")
                store.keep_page(article_id, one.page.final_url, kind, one.page.body, now)


def _count(run: Run, new: NewArticle, stored: StoredArticle) -> None:
    counts, source = run.counts, new.article.source
    counts.fetched += source == "page"
    if stored.verdict is None:
        counts.known += 1
        return
    counts.stored += 1
    counts.copies += stored.verdict.relation in SUPPRESSED
    counts.linked += stored.verdict.relation in {"extends", "revised"}
    counts.stories += stored.new_story
    counts.from_feed += source != "page"
    counts.mentions += sum(mention.status == "matched" for mention in new.mentions)
    counts.uncertain += sum(mention.status == "uncertain" for mention in new.mentions)
