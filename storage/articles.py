"""The corpus: one transaction for all that is found out about an article.

Whether an article is a copy, and which story it joins, is decided inside the transaction that stores it, under one lock
for the corpus. Decided before it, two collects that each hold one half of a pair of copies would store both as
originals, for neither sees what the other has not committed. It takes some 5 ms an article, extraction takes 100: the
collects still work side by side.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from rasid.types import SUPPRESSED
from storage import archive, candidates, days, entries, lines, mentions, stories, twins
from storage.dialects import serialise
from storage.schema import article_terms, articles, fingerprint, identity
from storage.stories import CORPUS
from storage.values import CorpusCounts, StoredArticle

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from rasid.types import Fingerprint, StoryChoice, Verdict
    from storage.values import Judge, NewArticle


def corpus_size(connection: Connection) -> int:
    """How many articles there are, copies included."""
    return connection.scalars(select(func.count()).select_from(articles)).one()


def counts(connection: Connection) -> CorpusCounts:
    """How many articles there are of each relation, how many stories and keys."""
    by_relation = select(articles.c.relation, func.count().label("held")).group_by(articles.c.relation)
    told = select(func.count(articles.c.story_id.distinct()))
    return CorpusCounts(
        relations={row.relation: row.held for row in connection.execute(by_relation)},
        stories=connection.scalars(told).one(),
        keys=connection.scalars(select(func.count()).select_from(fingerprint)).one(),
    )


def store(
    connection: Connection, entry_id: int | None, new: NewArticle, judge: Judge, after: int, now: datetime
) -> StoredArticle:
    """Judge an article and add it with all that was found out, or find that its URL is there already."""
    # The second of two finders sees the first's row.
    serialise(connection, f"article {identity(new.article.url)}")
    stored = _known(connection, new.article.url) or _judged(connection, new, judge, after, now)
    if entry_id is not None:
        entries.finish(connection, entry_id, "stored" if stored.created else "duplicate", stored.id, now)
    return stored


def _known(connection: Connection, url: str) -> StoredArticle | None:
    query = select(articles.c.id, articles.c.story_id).where(articles.c.url_hash == identity(url))
    row = connection.execute(query).one_or_none()
    return None if row is None else StoredArticle(row.id, row.story_id, created=False, new_story=False)


def _judged(
    connection: Connection, new: NewArticle, judge: Judge, after: int, now: datetime
) -> StoredArticle:
    serialise(connection, CORPUS)
    found = candidates.candidates(connection, new.fingerprint)
    newer = stories.newer_members(connection, after, new.article.published)
    verdict, choice = judge(found, newer)
    return _insert(connection, new, verdict, choice, now)


def _insert(
    connection: Connection, new: NewArticle, verdict: Verdict, choice: StoryChoice, now: datetime
) -> StoredArticle:
    article, fp = new.article, new.fingerprint
    story_id = stories.join_or_open(connection, choice.story_id, article.title, article.published)
    row = {"story_id": story_id, **_row(new), **judged_columns(fp, verdict, choice), "stored_at": now}
    key: Any = connection.execute(insert(articles), row).inserted_primary_key
    article_id = int(key[0])
    connection.execute(insert(article_terms), {"article_id": article_id, "terms": new.terms})
    if verdict.relation not in SUPPRESSED:  # only originals are candidates
        candidates.insert_keys(connection, article_id, fp.keys)
    if verdict.relation == "new":
        lines.learn(connection, article.outlet, fp.lines, story_id, article_id, now)
    mentions.insert(connection, article_id, article.published, new.mentions, new.list_versions)
    archive.index(connection, [(article_id, article.title, article.text)])
    if article.feed_id:
        kind = "pages" if article.source == "page" else "fallbacks"
        days.count(connection, article.feed_id, now, **{kind: 1}, words=fp.words)
    new_story = choice.story_id is None
    return StoredArticle(
        article_id, story_id, created=True, new_story=new_story, verdict=verdict, choice=choice
    )


def _row(new: NewArticle) -> dict[str, Any]:
    article = {field.name: getattr(new.article, field.name) for field in fields(new.article)}
    return article | {"url_hash": identity(new.article.url), "page_hash": twins.page_hash(new.article.url)}


def judged_columns(fp: Fingerprint, verdict: Verdict, choice: StoryChoice) -> dict[str, Any]:
    """What an article's row holds of a judgement, its story aside."""
    return {
        "exact": fp.exact,
        "words": fp.words,
        "keys": len(set(fp.keys)),
        "relation": verdict.relation,
        "original": verdict.original,
        "score": verdict.score,
        "copy_why_ar": verdict.why.ar,
        "copy_why_en": verdict.why.en,
        "added": verdict.added,
        "story_score": choice.score,
        "story_shared": choice.shared,
        "story_why_ar": choice.why.ar,
        "story_why_en": choice.why.en,
    }
