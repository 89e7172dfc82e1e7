"""The corpus: articles with their fingerprints, stories, mentions and words.

Candidates are found through `fingerprint(hash, article)`: an article shares a winnowed key with another
where both hold the same run of words. A key that more than 50 articles hold is a footer, not a text, and
says nothing; it is neither asked for nor stored again, so that a hash never has more than some 51 rows
and the lookup stays bounded, however often an outlet prints its footer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, insert, select, update

from rasid.errors import StorageError
from rasid.types import SUPPRESSED, Candidate, StoryMember
from storage import archive, mentions
from storage.dialects import chunks, serialise
from storage.feeds import finish_entry
from storage.schema import article_terms, articles, fingerprint, identity, stories
from storage.values import StoredArticle

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, Table

    from rasid.types import Fingerprint
    from storage.values import NewArticle

_MOST_HOLDERS = 50  # measured on 25,000 articles: real copies sit well below, footers far above
_LEAST_SHARED = 2  # one key in common is chance

_CANDIDATE = (articles.c.id, articles.c.title, articles.c.text, articles.c.published, articles.c.story_id)


# ── asked ─────────────────────────────────────────────────────────────────────────────────────────


def candidates(connection: Connection, fp: Fingerprint, limit: int) -> list[Candidate]:
    """Articles that may be the original of a new one: the same words first, then most shared keys first."""
    ids = list(dict.fromkeys([*_same_words(connection, fp, limit), *_sharing(connection, fp, limit)]))[:limit]
    found = {row.id: _candidate(row) for row in connection.execute(_by_ids(ids))}
    return [found[article_id] for article_id in ids]


def _by_ids(ids: Sequence[int]) -> Any:
    return select(*_CANDIDATE).where(articles.c.id.in_(ids))


def _same_words(connection: Connection, fp: Fingerprint, limit: int) -> Sequence[int]:
    """Ids of the articles with the same words; a copy with them leads to its original."""
    hidden = articles.c.relation.in_(SUPPRESSED)
    original = case((hidden, articles.c.original), else_=articles.c.id)
    query = select(original).where(articles.c.exact == fp.exact).distinct().order_by(original).limit(limit)
    return connection.scalars(query).all()


def _sharing(connection: Connection, fp: Fingerprint, limit: int) -> list[int]:
    """Ids of articles with enough keys in common, most first, the older first among equals."""
    shared: Counter[int] = Counter()
    for some in chunks(sorted(set(fp.keys))):
        holders: dict[int, list[int]] = {}
        for row in connection.execute(select(fingerprint).where(fingerprint.c.hash.in_(some))):
            holders.setdefault(row.hash, []).append(row.article)
        shared.update(article for held in holders.values() if len(held) <= _MOST_HOLDERS for article in held)
    enough = [(-count, article) for article, count in shared.items() if count >= _LEAST_SHARED]
    return [article for _, article in sorted(enough)[:limit]]


def article(connection: Connection, article_id: int) -> Candidate | None:
    """One article of the corpus."""
    row = connection.execute(_by_ids([article_id])).one_or_none()
    return None if row is None else _candidate(row)


def _candidate(row: Row[Any]) -> Candidate:
    return Candidate(
        id=row.id, title=row.title, text=row.text, published=row.published, story_id=row.story_id
    )


def corpus_size(connection: Connection) -> int:
    """How many articles there are, copies included."""
    return connection.scalars(select(func.count()).select_from(articles)).one()


def story_members(connection: Connection, since: datetime) -> list[StoryMember]:
    """What the story index is built of: articles published since then, oldest first."""
    query = (
        select(articles.c.id, articles.c.story_id, articles.c.published, article_terms.c.terms)
        .join(article_terms, article_terms.c.article_id == articles.c.id)
        .where(articles.c.published >= since)
        .order_by(articles.c.published, articles.c.id)
    )
    return [
        StoryMember(article_id=row.id, story_id=row.story_id, terms=row.terms, published=row.published)
        for row in connection.execute(query)
    ]


# ── stored ────────────────────────────────────────────────────────────────────────────────────────


def store(connection: Connection, entry_id: int | None, new: NewArticle, now: datetime) -> StoredArticle:
    """Add an article with all that was found out about it, or find that its URL is there already."""
    # The second of two finders sees the first's row.
    serialise(connection, f"article {identity(new.article.url)}")
    stored = _known(connection, new.article.url) or _insert(connection, new, now)
    if entry_id is not None:
        finish_entry(connection, entry_id, "stored" if stored.created else "duplicate", stored.id, now)
    return stored


def _insert(connection: Connection, new: NewArticle, now: datetime) -> StoredArticle:
    story_id = _join_story(connection, new)
    article_id = _insert_row(connection, articles, story_id=story_id, **_article_row(new, now))
    connection.execute(insert(article_terms).values(article_id=article_id, terms=new.terms))
    if new.verdict.relation not in SUPPRESSED:  # only originals are candidates
        _insert_keys(connection, article_id, new.fingerprint)
    mentions.insert(connection, article_id, new.article.published, new.mentions, new.list_versions)
    # Last: whoever stores the same new word at the same time waits from here to the end.
    archive.index(connection, [(article_id, new.article.title, new.article.text)])
    return StoredArticle(article_id, story_id, created=True, new_story=new.choice.story_id is None)


def _known(connection: Connection, url: str) -> StoredArticle | None:
    query = select(articles.c.id, articles.c.story_id).where(articles.c.url_hash == identity(url))
    row = connection.execute(query).one_or_none()
    return None if row is None else StoredArticle(row.id, row.story_id, created=False, new_story=False)


def _join_story(connection: Connection, new: NewArticle) -> int:
    """The id of the story that the article joins, widened to its time; or of the one that it opens."""
    joined, at = new.choice.story_id, new.article.published
    if joined is None:
        return _insert_row(connection, stories, headline=new.article.title, first_at=at, last_at=at)
    widened = {
        "first_at": case((stories.c.first_at > at, at), else_=stories.c.first_at),
        "last_at": case((stories.c.last_at < at, at), else_=stories.c.last_at),
    }
    if connection.execute(update(stories).where(stories.c.id == joined).values(**widened)).rowcount == 0:
        raise StorageError(f"the story {joined} is not in the database: was it changed by hand?")
    return joined


def _insert_row(connection: Connection, table: Table, **values: Any) -> int:
    key: Any = connection.execute(insert(table).values(**values)).inserted_primary_key
    return int(key[0])


def _article_row(new: NewArticle, now: datetime) -> dict[str, Any]:
    article = {field.name: getattr(new.article, field.name) for field in fields(new.article)}
    verdict, choice = new.verdict, new.choice
    return article | {
        "url_hash": identity(new.article.url),
        "exact": new.fingerprint.exact,
        "words": new.fingerprint.words,
        "relation": verdict.relation,
        "original": verdict.original,
        "score": verdict.score,
        "copy_why_ar": verdict.why.ar,
        "copy_why_en": verdict.why.en,
        "story_score": choice.score,
        "story_shared": choice.shared,
        "story_why_ar": choice.why.ar,
        "story_why_en": choice.why.en,
        "stored_at": now,
    }


def _insert_keys(connection: Connection, article_id: int, fp: Fingerprint) -> None:
    for some in chunks(sorted(set(fp.keys))):
        footers = set(_held_by_many(connection, some))
        rows = [{"hash": key, "article": article_id} for key in some if key not in footers]
        if rows:
            connection.execute(insert(fingerprint), rows)


def _held_by_many(connection: Connection, keys: Iterable[int]) -> Sequence[int]:
    query = (
        select(fingerprint.c.hash)
        .where(fingerprint.c.hash.in_(keys))
        .group_by(fingerprint.c.hash)
        .having(func.count() > _MOST_HOLDERS)
    )
    return connection.scalars(query).all()
