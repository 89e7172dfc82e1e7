"""The facade's half that is about articles: the corpus, its archive, mentions, stories, and judging anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rasid.copies import CANDIDATES
from storage import archive, articles, candidates, editing, lines, mentions, reindex, stories
from storage.engine import reading, writing
from storage.values import Arrival, NewArticle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from rasid.types import (
        Article,
        Candidate,
        Fingerprint,
        LearnedLines,
        Mention,
        StoryMember,
    )
    from storage.values import (
        ArchivedArticle,
        CorpusCounts,
        Judge,
        OutletLine,
        ReindexArticle,
        ReindexState,
        Rejudged,
        StoredArticle,
        StoryArticle,
        StoryEdit,
        StoryRow,
    )


class Corpus:
    """One method, one transaction; see storage.store.Store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # ── corpus ────────────────────────────────────────────────────────────────────────────────────

    def candidates(
        self, fp: Fingerprint, limit: int = CANDIDATES, *, before: int | None = None
    ) -> list[Candidate]:
        """Articles that may be the original: the same words first, then most shared keys first.

        `before`: only those with ids below this one.
        """
        with reading(self._engine) as connection:
            return candidates.candidates(connection, fp, limit, before=before)

    def story_members(self, since: datetime, *, after: int = 0, upto: int | None = None) -> list[StoryMember]:
        """What the story index is built of, oldest first: articles published since then, with `after` < id ≤ `upto`."""
        with reading(self._engine) as connection:
            return stories.members(connection, since, after, upto)

    def learned_lines(self) -> LearnedLines:
        """The lines that outlets print under everything, as far as their articles have shown."""
        with reading(self._engine) as connection:
            return lines.learned(connection)

    def outlet_lines(self, outlet: str | None, limit: int) -> list[OutletLine]:
        """The same for people, of one outlet or of all: most often first, with an article that holds the line."""
        with reading(self._engine) as connection:
            return lines.listed(connection, outlet, limit)

    def store_article(
        self,
        entry_id: int | None,
        article: Article,
        fp: Fingerprint,
        judge: Judge,
        terms: Mapping[str, float],
        mentions: Sequence[Mention],
        list_versions: Mapping[str, str],
        now: datetime,
        *,
        after: int = 0,
    ) -> StoredArticle:
        """Judge an article, store it with all that was found out about it and finish its entry, or nothing of it.

        Args:
            entry_id: The entry that led to it; None: it came by hand.
            article: Cleaned. Where its URL is in the corpus it is not judged, and the one that is there is given.
            fp: Its fingerprint.
            judge: Is given the candidates for its original, as they are now, and the story members of the last 30
                days that were stored after `after`; what it decides is stored. The decision stands inside the
                transaction, under a lock that one process at a time has, so that two collects never store two
                originals of one text: of two that decide before they store, neither sees what the other has not
                committed. That is some 3 ms an article where extraction takes 16. So it must be pure (what fails
                after it is undone and may be tried again) and quick, and must not use the store.
            terms: For the story index.
            mentions: Of the watchlists' terms.
            list_versions: Term id → version of the watchlist that holds it.
            now: The time.
            after: The last article that the caller's story index holds.

        Raises:
            StorageError: the story that was chosen does not exist.
        """
        new = NewArticle(article, fp, terms, mentions, list_versions)
        (stored,) = self.store_articles([Arrival(entry_id, new, judge)], now, after=after)
        return stored

    def store_articles(
        self, group: Sequence[Arrival], now: datetime, *, after: int = 0
    ) -> list[StoredArticle]:
        """The same for at least one article and a handful at most, in their order: all of them, or nothing of any.

        Each is judged with those before it in sight: as candidates, and as story members, of which each judge is given
        those that came since the judge before it was asked. What a judge was told of members of its own group is void
        where the transaction fails.

        Raises:
            StorageError: as in `store_article`.
        """
        with writing(self._engine, repeatable=True) as connection:
            return articles.store(connection, group, after, now)

    def article(self, article_id: int) -> Candidate | None:
        """One article of the corpus."""
        with reading(self._engine) as connection:
            return candidates.article(connection, article_id)

    def corpus_size(self) -> int:
        """How many articles the corpus holds, copies included."""
        with reading(self._engine) as connection:
            return articles.corpus_size(connection)

    def corpus_counts(self) -> CorpusCounts:
        """What the corpus is made of; it counts rows: for people, not at every step of a run."""
        with reading(self._engine) as connection:
            return articles.counts(connection)

    # ── stories ───────────────────────────────────────────────────────────────────────────────────

    def story(self, story_id: int) -> StoryRow | None:
        """A story, or the one that it was merged into; None: no story has this id."""
        with reading(self._engine) as connection:
            return editing.story(connection, story_id)

    def stories(self, *, since: datetime, limit: int, outlet: str | None = None) -> list[StoryRow]:
        """The stories that had an article since then, the newest first; with `outlet`, those that it has a part in."""
        with reading(self._engine) as connection:
            return editing.listed(connection, since, limit, outlet)

    def story_articles(self, story_id: int) -> list[StoryArticle]:
        """The articles of a story, or of the one that it was merged into, in order of publication."""
        with reading(self._engine) as connection:
            return editing.articles_of(connection, story_id)

    def merge_stories(self, into: int, others: Sequence[int], who: str, now: datetime) -> int:
        """Move the articles of some stories into another and pin all of them there; the id of the result.

        Raises:
            StorageError: there is no such story, or one is to be merged with itself.
        """
        with writing(self._engine) as connection:
            return editing.merge(connection, into, others, who, now)

    def split_story(self, story_id: int, article_ids: Sequence[int], who: str, now: datetime) -> int:
        """Open a story with some articles of another and their copies, and pin both halves; the new story's id.

        Raises:
            StorageError: there is no such story, an article is not in it, or none would be left.
        """
        with writing(self._engine) as connection:
            return editing.split(connection, story_id, article_ids, who, now)

    def story_edits(self, story_id: int | None = None) -> list[StoryEdit]:
        """What operators did to stories, or with one of them, oldest first."""
        with reading(self._engine) as connection:
            return editing.edits(connection, story_id)

    # ── judging anew ──────────────────────────────────────────────────────────────────────────────

    def start_reindex(
        self, version: str, now: datetime, lease_until: datetime, *, restart: bool = False
    ) -> ReindexState | None:
        """Go on with what a run of this version left unfinished, or begin anew. None: another process is at it."""
        with writing(self._engine) as connection:
            return reindex.start(connection, version, now, lease_until, restart=restart)

    def reindex_articles(self, after: int, limit: int) -> list[ReindexArticle]:
        """A page of the corpus: ids after that one, ascending."""
        with reading(self._engine) as connection:
            return reindex.page(connection, after, limit)

    def rejudge(
        self,
        article_id: int,
        fp: Fingerprint,
        terms: Mapping[str, float],
        wire: str,
        judge: Judge,
    ) -> Rejudged:
        """Judge a stored article anew, as if those with higher ids were not there, or change nothing.

        `judge` is that of `store_article`; it is given no story members. A pinned article stays in its story. One that
        opens a story keeps its own where no article before it is in it.

        Raises:
            StorageError: there is no such article, or the story that was chosen does not exist.
        """
        with writing(self._engine) as connection:
            return reindex.rejudge(connection, article_id, fp, terms, wire, judge)

    def reindex_progress(self, row_id: int, after: int, lease_until: datetime) -> bool:
        """Note that articles up to this id are done, and keep the lease. False: another process has taken it over."""
        with writing(self._engine) as connection:
            return reindex.progress(connection, row_id, after, lease_until)

    def finish_reindex(self, row_id: int, now: datetime) -> None:
        """Note that the whole corpus is done."""
        with writing(self._engine) as connection:
            reindex.finish(connection, row_id, now)

    def last_reindex(self) -> ReindexState | None:
        """How far the latest run is or was."""
        with reading(self._engine) as connection:
            return reindex.last(connection)

    # ── archive: the corpus by its words ──────────────────────────────────────────────────────────

    def archive_words(self) -> Iterator[str]:
        """Every word that any article holds, once each, folded; those over 500 letters shortened, with a "…"."""
        last = ""
        while words := self._words_after(last):
            yield from words
            last = words[-1]

    def _words_after(self, word: str) -> Sequence[str]:
        """A page of the words, in a transaction of its own: a slow reader holds up neither VACUUM nor the WAL."""
        with reading(self._engine) as connection:
            return archive.words_after(connection, word)

    def word_counts(self, words: Sequence[str]) -> dict[str, int]:
        """How many articles hold each of some folded words; those that none holds are left out."""
        with reading(self._engine) as connection:
            return archive.word_counts(connection, words)

    def articles_with(
        self,
        groups: Sequence[Sequence[Sequence[str]]],
        *,
        since: datetime | None = None,
        after: int = 0,
        limit: int,
    ) -> list[int]:
        """A page of the articles that hold, of any group, a word of every part: ids after that one, ascending.

        Words are folded ones. Every article holds a group without parts; none holds a part without words.
        """
        with reading(self._engine) as connection:
            return archive.articles_with(connection, groups, since, after, limit)

    def recent_ids(self, since: datetime | None, after: int, limit: int) -> list[int]:
        """A page of the articles first seen since then, or of all: ids after that one, ascending."""
        with reading(self._engine) as connection:
            return archive.recent_ids(connection, since, after, limit)

    def archived(self, ids: Sequence[int]) -> list[ArchivedArticle]:
        """Articles with their texts, in order of id; unknown ids are passed over."""
        with reading(self._engine) as connection:
            return archive.archived(connection, ids)

    def archive_size(self, since: datetime | None = None) -> int:
        """How many articles were first seen since then, or ever; copies included."""
        with reading(self._engine) as connection:
            return archive.size(connection, since)

    # ── mentions ──────────────────────────────────────────────────────────────────────────────────

    def mentions(self, article_id: int) -> list[Mention]:
        """All mentions of an article, in the order in which they were found."""
        with reading(self._engine) as connection:
            return mentions.of_article(connection, article_id)

    def mentioned_ids(
        self, terms: Sequence[str], *, since: datetime | None, after: int = 0, limit: int
    ) -> list[int]:
        """A page of the articles that have mentions of any of the terms: ids after that one, ascending."""
        with reading(self._engine) as connection:
            return mentions.mentioned_ids(connection, terms, since, after, limit)

    def revise_mentions(
        self,
        article_id: int,
        terms: Sequence[str],
        found: Sequence[Mention],
        list_versions: Mapping[str, str],
        now: datetime,
    ) -> tuple[int, int]:
        """Make an article's mentions of some terms those that a changed watchlist finds; mentions gained and lost.

        A mention found in the same place stays the row that it was, with the version that found it; new ones are
        late. Other terms' mentions are neither added nor removed.

        Raises:
            StorageError: there is no such article.
        """
        with writing(self._engine) as connection:
            return mentions.revise(connection, article_id, terms, found, list_versions, now)

    def rename_term(self, old: str, new: str) -> int:
        """Give all mentions of a term another id; how many there were."""
        with writing(self._engine) as connection:
            return mentions.rename_term(connection, old, new)
