"""The archive's index: which articles hold which words, and articles read again by what they hold.

Theory of operation
-------------------
A word is a word of the folded text (`rasid.text.words`), so whoever asks folds the same way. Of each article the
distinct words are kept, without positions or counts: the index says which articles are worth reading again, and
the matcher reads them. `archive_words` holds every word once, for those who look for spellings.

On SQLite `article_words` is an FTS5 table without content, positions and column sizes. Its tokenizer is `ascii`,
which takes every character beyond ASCII as it stands: `unicode61 remove_diacritics 0` splits or changes 364 of the
130,317 characters that folded words may have, by the Unicode tables of the SQLite at hand. On PostgreSQL it is a
tsvector under GIN. `array_to_tsvector` refuses a lexeme over 2,046 bytes and a vector over 1 MB: words are shortened
here, and what an article has beyond 1 MB goes into another part, which is why an AND is made of sets of articles and
not of one tsquery.

A query's words are first looked up in `archive_words`: what no article holds cannot reach the query languages,
whatever operators of theirs it is made of. OR lists are cut: FTS5 compares every word with every row it gives
(20,000 words in one expression: 160 µs a word; 500: 48 µs), a tsquery holds 1 MB.
"""

from __future__ import annotations

import json
from itertools import chain, product
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, bindparam, column, func, literal_column, select, table, text

from rasid.text import fold, words
from storage.columns import clean
from storage.dialects import chunks
from storage.schema import archive_words, article_words, articles, identity
from storage.values import ArchivedArticle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Select

    Parts = Sequence[Sequence[str]]  # AND over parts of OR over words

_LONGEST = 500  # characters, at most 2,000 bytes: below a lexeme's 2,046 and a PostgreSQL index row's 2,704
_SHORTENED = 64  # characters of a longer one that are kept, for people's eyes
_MOST_BYTES = 1_000_000  # in a tsvector, of 1,048,575
_MOST_WORDS = 500  # in one OR: see above; 500 of the longest stay below 1 MB
_BATCH = 500  # articles, while the index is filled: some 2 MB of text
_PAGE = 10_000  # words, while they are listed

_FTS = table("article_words", column("rowid", Integer), column("words"), column("article_words"))
_INSERT = {"sqlite": _FTS.insert(), "postgresql": article_words.insert()}
# One parameter for all words: by executemany, SQLAlchemy took 2 ms to hand over the words of one article.
_INSERT_WORDS = {
    "sqlite": text("INSERT OR IGNORE INTO archive_words (word) SELECT value FROM json_each(:words)"),
    "postgresql": text(
        "INSERT INTO archive_words (word) SELECT unnest(CAST(:words AS text[])) ON CONFLICT DO NOTHING"
    ),
}
_ARTICLES_OF = {
    "sqlite": """article_words MATCH '"' || archive_words.word || '"'""",
    "postgresql": "article_words.words @@ CAST('''' || archive_words.word || '''' AS tsquery)",
}


# ── stored ────────────────────────────────────────────────────────────────────────────────────────


def index(connection: Connection, added: Iterable[tuple[int, str, str]]) -> None:
    """Index articles, given as id, title and text, that are not in the index yet."""
    held = {article_id: _held(title, text_) for article_id, title, text_ in added}
    _insert_held(connection, held)
    # Sorted, so that two writers with the same new words wait for each other in one direction only.
    new = sorted(set(chain.from_iterable(held.values())))
    if new:
        given = json.dumps(new) if connection.dialect.name == "sqlite" else new
        connection.execute(_INSERT_WORDS[connection.dialect.name], {"words": given})


def reindex(connection: Connection, article_id: int, before: tuple[str, str], now: tuple[str, str]) -> None:
    """Index an article anew whose title and text have changed.

    `archive_words` keeps a word that no article holds any more: it is a list to look spellings up in.
    """
    if connection.dialect.name == "sqlite":
        held = _held(*before)
        # How FTS5 takes a row back out of a table without content: by the words that it was given.
        gone = {"article_words": "delete", "rowid": article_id, "words": " ".join(held)}
        if held:
            connection.execute(_FTS.insert(), gone)
    else:
        connection.execute(article_words.delete().where(article_words.c.article_id == article_id))
    index(connection, [(article_id, *now)])


def _held(title: str, text_: str) -> list[str]:
    """The distinct words of an article as they are indexed; of the text as it is stored, which is read again."""
    found = {*words(fold(clean(title)).text), *words(fold(clean(text_)).text)}
    return sorted(set(map(_indexed, found)))


def _indexed(word: str) -> str:
    """A word as the index has it: too long a one as its beginning and its hash, which no word can look like."""
    return word if len(word) <= _LONGEST else f"{word[:_SHORTENED]}…{identity(word)}"


def _insert_held(connection: Connection, held: dict[int, list[str]]) -> None:
    if connection.dialect.name == "sqlite":
        rows: list[dict[str, Any]] = [
            {"rowid": article_id, "words": " ".join(found)} for article_id, found in held.items() if found
        ]
    else:
        rows = [
            {"article_id": article_id, "part": part, "words": some}
            for article_id, found in held.items()
            for part, some in enumerate(_parts(found))
        ]
    if rows:
        connection.execute(_INSERT[connection.dialect.name], rows)


def _parts(found: Sequence[str]) -> Iterator[list[str]]:
    """Cut an article's words into what a tsvector can hold."""
    part: list[str] = []
    size = 0
    for word in found:
        length = len(word.encode())
        if size + length > _MOST_BYTES:
            yield part
            part, size = [], 0
        part.append(word)
        size += length
    if part:
        yield part


def fill(connection: Connection) -> None:
    """Index every article that is stored; the index must be empty."""
    query = select(articles.c.id, articles.c.title, articles.c.text).order_by(articles.c.id).limit(_BATCH)
    after = 0
    while rows := connection.execute(query.where(articles.c.id > after)).all():
        index(connection, [(row.id, row.title, row.text) for row in rows])
        after = rows[-1].id


# ── asked ─────────────────────────────────────────────────────────────────────────────────────────


def words_after(connection: Connection, word: str) -> Sequence[str]:
    """The next distinct words, in the database's own order; nothing after the last."""
    query = select(archive_words.c.word).where(archive_words.c.word > word)
    return connection.scalars(query.order_by(archive_words.c.word).limit(_PAGE)).all()


def word_counts(connection: Connection, asked: Sequence[str]) -> dict[str, int]:
    """How many articles hold each word; those that none holds are left out."""
    held = f"(SELECT count(*) FROM article_words WHERE {_ARTICLES_OF[connection.dialect.name]})"  # noqa: S608 - ours
    query = select(archive_words.c.word, literal_column(held).label("articles"))
    found: dict[str, int] = {}
    for some in chunks(sorted({_key(word) for word in asked})):
        rows = connection.execute(query.where(archive_words.c.word.in_(some)))
        found.update((row.word, row.articles) for row in rows)
    return {word: found[_key(word)] for word in asked if _key(word) in found}


def articles_with(
    connection: Connection, groups: Sequence[Parts], since: datetime | None, after: int, limit: int
) -> list[int]:
    """Ids, ascending, of the articles that hold a word of every part of any group."""
    if not all(groups):  # every article holds a group that asks for nothing
        return recent_ids(connection, since, after, limit)
    known = _known(connection, [word for group in groups for part in group for word in part])
    found: set[int] = set()
    for parts in _bounded(groups, known):
        held = [articles.c.id.in_(_holding(connection, part, after)) for part in parts]
        found.update(connection.scalars(listed(since, after, limit).where(*held)))
    return sorted(found)[:limit]


def _bounded(groups: Sequence[Parts], known: set[str]) -> Iterator[Sequence[Sequence[str]]]:
    """The groups with known words only and parts of bounded length; (a or b) and c is (a and c) or (b and c)."""
    alone = [word for group in groups if len(group) == 1 for word in group[0]]
    for group in ([alone], *(group for group in groups if len(group) > 1)):
        parts = [sorted({_key(word) for word in part} & known) for part in group]
        yield from product(*(list(chunks(part, _MOST_WORDS)) for part in parts))


def _known(connection: Connection, asked: Iterable[str]) -> set[str]:
    """Those of the words that any article holds, as they are indexed."""
    found: set[str] = set()
    for some in chunks(sorted({_key(word) for word in asked})):
        found.update(connection.scalars(select(archive_words.c.word).where(archive_words.c.word.in_(some))))
    return found


def _key(word: str) -> str:
    return _indexed(clean(word))


def _holding(connection: Connection, some: Sequence[str], after: int = 0) -> Select[Any]:
    """Ids of the articles after that one which hold any of some known words."""
    if connection.dialect.name == "sqlite":
        query = " OR ".join(f'"{word}"' for word in some)
        return select(_FTS.c.rowid).where(_FTS.c.article_words.op("MATCH")(query), _FTS.c.rowid > after)
    query = " | ".join(f"'{word}'" for word in some)
    matches = text("article_words.words @@ CAST(:query AS tsquery)")
    held = select(article_words.c.article_id).where(article_words.c.article_id > after)
    return held.where(matches.bindparams(bindparam("query", query, unique=True)))


def listed(since: datetime | None, after: int, limit: int) -> Select[Any]:
    """A page of ids, ascending, to be narrowed by the caller."""
    query = select(articles.c.id).where(articles.c.id > after).order_by(articles.c.id).limit(limit)
    return query if since is None else query.where(articles.c.first_seen >= since)


def recent_ids(connection: Connection, since: datetime | None, after: int, limit: int) -> list[int]:
    """A page of the archive: ids, ascending."""
    return list(connection.scalars(listed(since, after, limit)))


def archived(connection: Connection, ids: Sequence[int]) -> list[ArchivedArticle]:
    """Articles by id, ascending."""
    names = ArchivedArticle.__dataclass_fields__
    query = select(*(articles.c[name] for name in names))
    return [
        ArchivedArticle(**row)
        for some in chunks(sorted(set(ids)))
        for row in connection.execute(query.where(articles.c.id.in_(some)).order_by(articles.c.id)).mappings()
    ]


def size(connection: Connection, since: datetime | None) -> int:
    """How many articles were first seen since then, or ever."""
    query = select(func.count()).select_from(articles)
    return connection.scalars(query if since is None else query.where(articles.c.first_seen >= since)).one()
