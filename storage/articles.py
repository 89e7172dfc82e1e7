"""The corpus: one transaction for all that is found out about an article, or about a few that come together.

Whether an article is a copy, and which story it joins, is decided inside the transaction that stores it, under one lock
for the corpus. Decided before it, two collects that each hold one half of a pair of copies would store both as
originals, for neither sees what the other has not committed. It takes some 3 ms an article, extraction takes 16: the
collects still work side by side. The lock is taken first of all, so that it also keeps a URL from being stored twice
and no two groups wait for each other.

In groups of sixteen an article takes 6 statements and 1.8 ms of CPU (1.9 on PostgreSQL), alone 15 and 4.6 (5.4).
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, insert, select

from rasid.types import SUPPRESSED, Article, StoryMember
from storage import archive, candidates, days, entries, lines, mentions, stories, twins
from storage.dialects import serialise
from storage.schema import article_terms, articles, fingerprint, identity
from storage.stories import CORPUS
from storage.values import CorpusCounts, StoredArticle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from rasid.types import Fingerprint, StoryChoice, Verdict
    from storage.values import Arrival, NewArticle

_ARTICLE = tuple(field.name for field in fields(Article))
# Built once: SQLAlchemy took a tenth of the time of storing to build them for each article.
_INSERT = insert(articles)
_INSERT_TERMS = insert(article_terms)
_HELD = select(articles.c.url_hash, articles.c.id, articles.c.story_id).where(
    articles.c.url_hash.in_(bindparam("hashes", expanding=True))
)


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


def store(connection: Connection, group: Sequence[Arrival], after: int, now: datetime) -> list[StoredArticle]:
    """Judge articles one after the other and add them with all that was found out, or find that a URL is there.

    What the judges look at is there when the next one is asked: rows, keys, stories. The rest is written at the end,
    each table once for the whole group.
    """
    # First of all: whoever comes second sees all of the first's rows, and nobody waits for one who waits for him.
    serialise(connection, CORPUS)
    held = _known(connection, group)
    newer = stories.newer_members(connection, after, min(one.new.article.published for one in group))
    done: list[tuple[Arrival, StoredArticle]] = []
    for arrival in group:
        url = identity(arrival.new.article.url)
        if url not in held:
            stored = _judged(connection, arrival, newer, now)
            newer = [_member(arrival.new, stored)]
            held[url] = replace(stored, created=False, new_story=False, verdict=None, choice=None)
        else:
            stored = held[url]
        done.append((arrival, stored))
    _write(connection, done, now)
    return [stored for _, stored in done]


def _known(connection: Connection, group: Sequence[Arrival]) -> dict[str, StoredArticle]:
    """Those of the articles whose URL is in the corpus, by its hash."""
    hashes = [identity(arrival.new.article.url) for arrival in group]
    return {
        row.url_hash: StoredArticle(row.id, row.story_id, created=False, new_story=False)
        for row in connection.execute(_HELD, {"hashes": hashes})
    }


def _judged(
    connection: Connection, arrival: Arrival, newer: Sequence[StoryMember], now: datetime
) -> StoredArticle:
    new = arrival.new
    article, fp = new.article, new.fingerprint
    verdict, choice = arrival.judge(candidates.candidates(connection, fp), newer)
    story_id = stories.join_or_open(connection, choice.story_id, article.title, article.published)
    row = {"story_id": story_id, **_row(new), **judged_columns(fp, verdict, choice), "stored_at": now}
    key: Any = connection.execute(_INSERT, row).inserted_primary_key
    article_id = int(key[0])
    if verdict.relation not in SUPPRESSED:  # only originals are candidates
        candidates.insert_keys(connection, article_id, fp.keys)
    new_story = choice.story_id is None
    return StoredArticle(
        article_id, story_id, created=True, new_story=new_story, verdict=verdict, choice=choice
    )


def _member(new: NewArticle, stored: StoredArticle) -> StoryMember:
    article = new.article
    return StoryMember(stored.id, stored.story_id, dict(new.terms), article.published, article.wire)


def _row(new: NewArticle) -> dict[str, Any]:
    article = {name: getattr(new.article, name) for name in _ARTICLE}
    return article | {"url_hash": identity(new.article.url), "page_hash": twins.page_hash(new.article.url)}


def _write(connection: Connection, done: Sequence[tuple[Arrival, StoredArticle]], now: datetime) -> None:
    """All that nothing is judged by."""
    added = [(arrival.new, stored) for arrival, stored in done if stored.verdict is not None]
    if added:
        terms = [{"article_id": stored.id, "terms": new.terms} for new, stored in added]
        connection.execute(_INSERT_TERMS, terms)
    lines.learn(connection, _printed(added), now)
    mentions.insert(connection, [row for new, stored in added for row in _mentions(new, stored)])
    archive.index(connection, [(stored.id, new.article.title, new.article.text) for new, stored in added])
    ended = (
        (arrival.entry_id, "stored" if stored.created else "duplicate", stored.id)
        for arrival, stored in done
        if arrival.entry_id is not None
    )
    entries.finish_all(connection, ended, now)
    # After the entries, as when a poll is saved: two that wait for each other would wait for ever.
    days.count_all(connection, [_counted(new) for new, _ in added if new.article.feed_id], now)


def _printed(added: Sequence[tuple[NewArticle, StoredArticle]]) -> Iterator[lines.Printed]:
    """The lines that outlets can be told by: copies repeat their original's."""
    for new, stored in added:
        if stored.verdict is not None and stored.verdict.relation == "new":
            yield lines.Printed(new.article.outlet, new.fingerprint.lines, stored.story_id, stored.id)


def _mentions(new: NewArticle, stored: StoredArticle) -> list[dict[str, Any]]:
    return mentions.new_rows(stored.id, new.article.published, new.mentions, new.list_versions)


def _counted(new: NewArticle) -> tuple[str, dict[str, int]]:
    kind = "pages" if new.article.source == "page" else "fallbacks"
    return new.article.feed_id, {kind: 1, "words": new.fingerprint.words}


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
