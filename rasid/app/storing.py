"""An article into the corpus: copy?, story, mentions, in the one transaction that also ends its entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rasid.app.judging import Asked, ask, judge
from rasid.stories import StoryIndex
from rasid.types import NOTHING_LEARNED, SUPPRESSED, StoryMember

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rasid.app.reading import Read
    from rasid.app.running import Run
    from rasid.types import Article, Candidate, Mention, StoryChoice, Verdict
    from storage import StoredArticle

_LEARN_EVERY = 64  # articles; outlets' lines are learned over days
_SHRUNK = 0.5  # of its words: a page that says so much less than before is a wall, not an edit
_ASK_AGAIN = 2  # shortest poll intervals after which a thin page is asked for once more


class Desk:
    """Where the articles of a run are judged and stored, one by one."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._learned = NOTHING_LEARNED
        self._taken = 0
        story_days = timedelta(days=run.rasid.config.settings.collect.story_days)
        with run.stages.span("copies, story", items=0):
            self._index = StoryIndex(run.rasid.store.story_members(run.clock() - story_days))

    def store(self, done: Read) -> None:
        """Judge an article and store it; one that was stored before is edited."""
        run, pending = self._run, done.pending
        asked = self._ask(done.article)
        article = replace(done.article, wire=asked.wire)
        with run.stages.span("match"):
            mentions = run.rasid.matcher.find(article.text, article.title)
        with run.stages.span("store"):
            if pending.article_id is not None:
                article_id = pending.article_id
                self._edit(done, article_id, article, asked, mentions)
            else:
                stored = self._add(done, article, asked, mentions)
                article_id = stored.id
                _count(run, article, stored, mentions)
                if done.thin and stored.created:
                    again = run.rasid.config.settings.collect.poll_min * _ASK_AGAIN
                    run.rasid.store.ask_again(pending.id, run.clock() + timedelta(minutes=again))
            if done.page is not None:
                kind = done.page.headers.get("content-type")
                run.rasid.store.keep_page(article_id, done.page.final_url, kind, done.page.body, run.clock())

    def _ask(self, article: Article) -> Asked:
        run = self._run
        with run.stages.span("copies, story", items=0):
            if self._taken % _LEARN_EVERY == 0:
                self._learned = run.rasid.store.learned_lines()
            self._taken += 1
            return ask(
                article.title, article.text, article.published, article.outlet, article.author, self._learned
            )

    def _add(self, done: Read, article: Article, asked: Asked, mentions: Sequence[Mention]) -> StoredArticle:
        run, index = self._run, self._index

        def judged(
            candidates: Sequence[Candidate], newer: Sequence[StoryMember]
        ) -> tuple[Verdict, StoryChoice]:
            """Inside the transaction: what another collect stored a moment ago is seen."""
            with run.stages.span("copies, story"):
                for member in newer:
                    index.add(member)
                return judge(asked, candidates, index, self._learned)

        stored = run.rasid.store.store_article(
            done.pending.id,
            article,
            asked.fingerprint,
            judged,
            asked.terms,
            mentions,
            run.rasid.config.list_versions,
            run.clock(),
            after=index.last_id,
        )
        if stored.created:
            index.add(StoryMember(stored.id, stored.story_id, asked.terms, article.published, asked.wire))
        return stored

    def _edit(
        self, done: Read, article_id: int, article: Article, asked: Asked, mentions: Sequence[Mention]
    ) -> None:
        """Take over what the page says now; what says so much less than before is left alone."""
        run = self._run
        (before,) = run.rasid.store.archived([article_id])
        run.counts.fetched += article.source == "page"
        run.counts.known += 1
        if len(article.text.split()) < _SHRUNK * len(before.text.split()):
            run.rasid.store.fail_entry(done.pending.id, "the page holds much less than before", run.clock())
            return
        run.counts.edited += run.rasid.store.edit_article(
            done.pending.id,
            article_id,
            article,
            asked.fingerprint,
            asked.terms,
            mentions,
            run.rasid.config.list_versions,
            run.clock(),
        )


def _count(run: Run, article: Article, stored: StoredArticle, mentions: Sequence[Mention]) -> None:
    counts = run.counts
    counts.fetched += article.source == "page"
    if stored.verdict is None:
        counts.known += 1
        return
    counts.stored += 1
    counts.copies += stored.verdict.relation in SUPPRESSED
    counts.linked += stored.verdict.relation in {"extends", "revised"}
    counts.stories += stored.new_story
    counts.from_feed += article.source != "page"
    counts.mentions += sum(mention.status == "matched" for mention in mentions)
    counts.uncertain += sum(mention.status == "uncertain" for mention in mentions)
