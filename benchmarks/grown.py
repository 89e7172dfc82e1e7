"""A corpus grown from the press by seeded edits, in a throwaway database; and further articles of the same make.

An article that is new takes passages of one to three of the source's, half of the words replaced by others of the same
press; one in ten carries a stock paragraph of its outlet, drawn by Zipf's law, so that at every size some are in just
under fifty articles; one in ten is a copy, dated hours after its original, which stands anywhere in the corpus (the
worst case for a cache); some are updates of one, or its table with new figures. What a collect would have stored of
them is stored in bulk, the keys in order of their hashes; the tables that copies do not ask are left empty. On
PostgreSQL the tables are vacuumed and analysed, as autovacuum would have done.
"""

from __future__ import annotations

import sqlite3
import struct
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
import psycopg
from archive import BEGUN, NEWS, SOURCE_BYTES, settle
from names import articles as source_articles
from psycopg import sql
from sqlalchemy import insert

from rasid.copies import COMMON_KEY, fingerprint
from rasid.types import SUPPRESSED
from storage import Store
from storage.dialects import chunks
from storage.engine import connect, parse_url
from storage.schema import articles, identity, stories
from storage.schema import fingerprint as keys_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Table

    from rasid.types import Relation

    Ids = NDArray[np.int32]
    Numbers = NDArray[np.int64]
    Times = NDArray[np.float64]
    Answer = Callable[[str], set[int]]  # a text → ids of articles that it is a copy of

SEED = 20
WORKERS = 2  # processes that write and fingerprint
BATCH = 1_000  # articles
MILLION = 1_000_000  # keys in a statement
OUTLETS = 40
LATER = timedelta(hours=3)  # than its original a copy comes; a minute passes between two articles

Kind = Literal["base", "new", "table", "exact", "edited", "cut", "reordered", "update", "figures"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SHARES = (0.04, 0.72, 0.08, 0.02, 0.04, 0.02, 0.02, 0.03, 0.03)
COPIES: tuple[Kind, ...] = ("exact", "edited", "cut", "reordered")
STOCK, STOCK_PARAGRAPHS = 0.1, 20_000
STOCK_WORDS = (20, 40)  # a longer one below a copy would be a passage that it adds
REPLACED = (0.4, 0.6)  # of a new article's words
EDITED = (0.03, 0.08)  # of a copy's
KEPT = (0.3, 0.6)  # of a copy that is cut
FIGURES = 0.06  # of a table's words
SHORTEST = 30  # words of an article that others are made of
NEWLINE = 0

# ── the press ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, eq=False)
class Press:
    """The articles that all others are made of, as numbers of words."""

    source: str
    vocabulary: NDArray[np.object_]  # a line break, the words, the figures of tables
    figures: tuple[int, int]  # numbers of the latter, end exclusive
    tokens: Ids  # all texts, one after the other
    bounds: Numbers  # where each begins, and the end
    sentences: Numbers  # where each begins
    words: Ids  # the tokens that are words: what words are replaced by
    titles: list[Ids]

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def text(self, numbers: Ids) -> str:
        """Write words out."""
        return " ".join(self.vocabulary[numbers]).replace(" \n ", "\n")

    def passage(self, rng: np.random.Generator, base: int, length: int) -> Ids:
        """Take whole sentences of an article, of about so many words together."""
        begin, end = self.bounds[base], self.bounds[base + 1]
        first, last = np.searchsorted(self.sentences, (begin, max(begin, end - length) + 1))
        start = self.sentences[rng.integers(first, last)]
        stop = self.sentences[min(np.searchsorted(self.sentences, start + length), len(self.sentences) - 1)]
        return self.tokens[start : min(max(stop, start + 1), end)]

    def replaced(self, rng: np.random.Generator, numbers: Ids, share: float) -> Ids:
        """Put other words of the press in the place of some."""
        chosen = (rng.random(len(numbers)) < share) & (numbers != NEWLINE)
        return np.where(chosen, self.words[rng.integers(len(self.words), size=len(numbers))], numbers)


@cache
def press() -> Press:
    """Read the sources; once in a process and in those that are forked from it."""
    source, read = source_articles(SOURCE_BYTES)
    read = [one for one in dict.fromkeys(read) if one.title and one.text.count(" ") >= SHORTEST]
    known: dict[str, int] = {"\n": NEWLINE}

    def numbers(text: str) -> Ids:
        return np.array(
            [known.setdefault(word, len(known)) for word in text.replace("\n", " \n ").split(" ") if word],
            dtype=np.int32,
        )

    texts = [numbers(one.text) for one in read]
    titles = [numbers(one.title.replace("\n", " ")) for one in read]
    ends_sentence = np.array([word[-1] in "\n.؟!" for word in known])
    tokens = np.concatenate(texts)
    bounds = np.cumsum([0, *map(len, texts)])
    figures = len(known), len(known) + 9_000
    return Press(
        source=source,
        vocabulary=np.array([*known, *map(str, range(1_000, 10_000))], dtype=np.object_),
        figures=figures,
        tokens=tokens,
        bounds=bounds,
        sentences=np.union1d(np.flatnonzero(ends_sentence[tokens]) + 1, bounds),
        words=tokens[tokens != NEWLINE],
        titles=titles,
    )


# ── articles made of it ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What each article is, by its id less one: those of the corpus, and those that it is asked for."""

    size: int  # of the corpus
    kinds: NDArray[np.int64]  # indexes of KINDS
    originals: Numbers  # ids; 0: the article is new
    bases: Numbers  # which article of the sources it is
    stock: Numbers  # its stock paragraph; 0: none

    def kind(self, number: int) -> Kind:
        """Say what an article is."""
        return KINDS[int(self.kinds[number - 1])]

    def outlet(self, number: int) -> str:
        """Name its outlet."""
        return f"outlet {(self.stock[number - 1] or number) % OUTLETS}"


@cache
def planned(size: int, further: int) -> Plan:
    """Draw a corpus and articles to ask; a smaller corpus is the beginning of a larger one."""
    count = size + further
    kinds_rng, original_rng, stock_rng, which_rng = (
        np.random.default_rng((SEED, 0, part)) for part in range(4)
    )
    kinds = np.searchsorted(np.cumsum(SHARES)[:-1], kinds_rng.random(count), side="right")
    bases = np.cumsum(kinds == KINDS.index("base")) - 1
    # The sources have copies of their own, of which nothing is known: none of them is asked, or taken twice.
    kinds[(kinds == KINDS.index("base")) & ((bases >= len(press())) | (np.arange(count) >= size))] = (
        KINDS.index("new")
    )
    originals = np.zeros(count, dtype=np.int64)
    drawn = original_rng.random(count)
    for of, edits in (("new", (*COPIES, "update")), ("table", ("figures",))):
        places = np.flatnonzero(kinds == KINDS.index(of))
        edited = np.flatnonzero(np.isin(kinds, [KINDS.index(edit) for edit in edits]))
        before = np.searchsorted(places, np.minimum(edited, size))
        kinds[edited[before == 0]] = KINDS.index("new")
        edited, before = edited[before > 0], before[before > 0]
        originals[edited] = places[(drawn[edited] * before).astype(np.int64)] + 1
    # Zipf's law: a paragraph's rank is the exponential of a uniform number.
    ranks = np.exp(which_rng.random(count) * np.log(STOCK_PARAGRAPHS)).astype(np.int64)
    stock = np.where((stock_rng.random(count) < STOCK) & (kinds != KINDS.index("base")), ranks, 0)
    return Plan(size, kinds, originals, bases, stock)


class Written(NamedTuple):
    """An article as numbers of words."""

    title: Ids
    text: Ids


def written(plan: Plan, number: int) -> Written:
    """Write an article: the same one whenever it is asked for."""
    rng = np.random.default_rng((SEED, 1, number))
    kind, original = plan.kind(number), int(plan.originals[number - 1])
    if original:
        article = edited(rng, kind, written(plan, original))
    elif kind == "base":
        base = plan.bases[number - 1]
        article = Written(
            press().titles[base], press().tokens[press().bounds[base] : press().bounds[base + 1]]
        )
    else:
        article = new(rng, is_table=kind == "table")
    if not plan.stock[number - 1]:
        return article
    stock_rng = np.random.default_rng((SEED, 2, plan.stock[number - 1]))
    return Written(article.title, joined(article.text, paragraph(stock_rng, STOCK_WORDS)))


def new(rng: np.random.Generator, *, is_table: bool) -> Written:
    """Write what nobody has written, as long as the press's articles are."""
    bases = rng.integers(len(press()), size=rng.integers(1, 4))
    first = bases[0]
    length = int(press().bounds[first + 1] - press().bounds[first])
    text = joined(*(press().passage(rng, base, length // len(bases)) for base in bases))
    text = press().replaced(rng, text, rng.uniform(*REPLACED))
    if is_table:
        text = np.where((rng.random(len(text)) < FIGURES) & (text != NEWLINE), figures(rng, len(text)), text)
    return Written(press().replaced(rng, press().titles[first], rng.uniform(*REPLACED)), text)


def edited(rng: np.random.Generator, kind: Kind, original: Written) -> Written:
    """Write a copy, an update or another edition; half of them have a title of their own."""
    title, text = original
    if rng.random() < 0.5:
        title = press().replaced(rng, title, rng.uniform(*REPLACED))
    match kind:
        case "edited":
            text = press().replaced(rng, text, rng.uniform(*EDITED))
        case "cut":
            text = text[: int(len(text) * rng.uniform(*KEPT)) + 1]
        case "reordered":
            parts = np.array_split(text, rng.integers(3, 7))
            text = joined(*(parts[part] for part in rng.permutation(len(parts))))
        case "update":
            at = int(rng.choice((0, len(text) // 2, len(text))))
            text = joined(text[:at], paragraph(rng, (50, 120)), text[at:])
        case "figures":
            low, high = press().figures
            text = np.where((low <= text) & (text < high), figures(rng, len(text)), text)
    return Written(title, text)


def paragraph(rng: np.random.Generator, length: tuple[int, int]) -> Ids:
    """Write a paragraph of so many words."""
    count = rng.integers(*length)
    at = rng.integers(len(press().words) - count)
    return press().replaced(rng, press().words[at : at + count], 0.5)


def joined(*parts: Ids) -> Ids:
    """Put paragraphs below each other."""
    line_break = np.array([NEWLINE], dtype=np.int32)
    return np.concatenate([piece for part in parts for piece in (part, line_break)][:-1])


def figures(rng: np.random.Generator, count: int) -> Ids:
    """Draw figures."""
    return rng.integers(*press().figures, size=count).astype(np.int32)


# ── a corpus ──────────────────────────────────────────────────────────────────────────────────────


RELATIONS: dict[Kind, Relation] = {
    "exact": "exact",
    "edited": "near",
    "cut": "excerpt",
    "reordered": "near",
    "update": "extends",
    "figures": "revised",
}
"""What is stored of them; the rest are new."""
UNUSED = {"author", "wire", "added", "story_pinned"}  # as the table sets them
COLUMNS = [column.name for column in articles.c if column.name not in UNUSED]
STORY_COLUMNS = ["id", "headline", "first_at", "last_at"]


class Batch(NamedTuple):
    """Articles in a row, as the database's driver takes them."""

    articles: list[tuple[Any, ...]]  # COLUMNS
    stories: list[tuple[Any, ...]]  # STORY_COLUMNS
    keys: Numbers
    holders: Numbers  # the ids of the articles that have them


def made(url: str, size: int, further: int, numbers: Sequence[int]) -> Batch:
    """Write articles of the corpus and take their fingerprints."""
    plan = planned(size, further)
    rows: list[dict[str, Any]] = []
    opened: list[dict[str, Any]] = []
    keys: list[int] = []
    holders: list[int] = []
    for number in numbers:
        question = article(plan, number)
        fp = fingerprint(question.title, question.text, outlet=question.outlet)
        original = int(plan.originals[number - 1]) or None
        relation = RELATIONS.get(plan.kind(number), "new")
        rows.append(
            NEWS
            | {
                "id": number,
                "story_id": original or number,
                "published": question.published,
                "first_seen": question.published,
                "stored_at": question.published,
                "relation": relation,
                "original": original,
                "exact": fp.exact,
                "words": fp.words,
                "keys": len(fp.keys),
                "outlet": question.outlet,
                "url": (page := f"https://press.example/{number}"),
                "url_hash": (hashed := identity(page)),
                "page_hash": hashed,
                "title": question.title,
                "text": question.text,
            }
        )
        if original is None:
            opened.append(
                dict(zip(STORY_COLUMNS, (number, question.title, *[question.published] * 2), strict=True))
            )
        if relation not in SUPPRESSED:
            keys += fp.keys
            holders += [number] * len(fp.keys)
    return Batch(
        _converted(url, articles, COLUMNS, rows),
        _converted(url, stories, STORY_COLUMNS, opened),
        np.array(keys, dtype=np.int64),
        np.array(holders, dtype=np.int64),
    )


def _converted(
    url: str, table: Table, columns: Sequence[str], rows: Sequence[dict[str, Any]]
) -> list[tuple[Any, ...]]:
    """Turn values into what the driver takes, as SQLAlchemy does."""
    dialect = parse_url(url).get_dialect()()
    converters = [table.c[column].type.bind_processor(dialect) for column in columns]
    pairs = list(zip(columns, converters, strict=True))
    return [tuple(convert(row[name]) if convert else row[name] for name, convert in pairs) for row in rows]


class SqliteBulk:
    """One connection that keeps no journal; indexes are made anew when the rows are there."""

    def __init__(self, url: str) -> None:
        self._dialect = parse_url(url).get_dialect()()
        self._db = sqlite3.connect(str(parse_url(url).database), isolation_level=None)
        for setting in (
            "journal_mode = DELETE",
            "journal_mode = OFF",
            "synchronous = OFF",
            "cache_size = -1000000",
        ):
            self._db.execute(f"PRAGMA {setting}")
        self._db.execute("BEGIN")
        found = self._db.execute(
            "SELECT name, tbl_name, sql FROM sqlite_master"
            " WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('articles', 'fingerprint')"
        ).fetchall()
        self._indexes = [(table, statement) for _, table, statement in found]
        for name, _, _ in found:
            self._db.execute(f"DROP INDEX {name}")

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Store rows."""
        self._db.executemany(str(insert(table).compile(dialect=self._dialect, column_keys=columns)), rows)

    def insert_keys(self, keys: Numbers, holders: Numbers) -> None:
        """Store keys in their order."""
        for part in chunks(range(len(keys)), MILLION):
            at = slice(part[0], part[-1] + 1)
            rows = zip(keys[at].tolist(), holders[at].tolist(), strict=True)
            self._db.executemany("INSERT INTO fingerprint VALUES (?, ?)", rows)

    def index(self, table: Table) -> None:
        """Make a table's indexes."""
        for of, statement in self._indexes:
            if of == table.name:
                self._db.execute(statement)

    def size(self) -> int:
        """Count the bytes of all pages."""
        (pages,), (page,) = (
            self._db.execute(f"PRAGMA {one}").fetchone() for one in ("page_count", "page_size")
        )
        return int(pages * page)

    def close(self) -> None:
        """End."""
        self._db.execute("COMMIT")
        self._db.close()


class PostgresqlBulk:
    """COPY without the checks of foreign keys; indexes are made anew when the rows are there."""

    def __init__(self, url: str) -> None:
        self._db = psycopg.connect(url)
        self._db.execute("SET session_replication_role = replica")
        self._db.execute("SET maintenance_work_mem = '1GB'")
        indexes = self._db.execute(
            "SELECT indexrelid::regclass::text, indrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid IN ('articles'::regclass, 'fingerprint'::regclass) AND NOT indisunique"
        ).fetchall()
        ((key, definition),) = self._db.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = 'fingerprint'::regclass AND contype = 'p'"
        ).fetchall()
        primary = f"ALTER TABLE fingerprint ADD CONSTRAINT {key} {definition}"
        self._indexes = [("fingerprint", primary), *((table, statement) for _, table, statement in indexes)]
        self._db.execute(f"ALTER TABLE fingerprint DROP CONSTRAINT {key}")
        for name, _, _ in indexes:
            self._db.execute(f"DROP INDEX {name}")

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Store rows."""
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
        with self._db.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def insert_keys(self, keys: Numbers, holders: Numbers) -> None:
        """Store keys in the format of COPY: a count of fields, and before each its length, all big-endian."""
        layout = [("fields", ">i2"), ("first", ">i4"), ("key", ">i8"), ("second", ">i4"), ("holder", ">i8")]
        rows = np.empty(len(keys), dtype=layout)
        rows["fields"], rows["first"], rows["second"] = 2, 8, 8
        rows["key"], rows["holder"] = keys, holders
        statement = "COPY fingerprint (hash, article) FROM STDIN (FORMAT binary)"
        with self._db.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0))
            for part in chunks(range(len(rows)), MILLION):
                copy.write(rows[part[0] : part[-1] + 1].tobytes())
            copy.write(struct.pack(">h", -1))

    def index(self, table: Table) -> None:
        """Make a table's indexes."""
        for of, statement in self._indexes:
            if of == table.name:
                self._db.execute(statement)

    def size(self) -> int:
        """Count the bytes of all files."""
        (found,) = self._db.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
        return int(found)

    def close(self) -> None:
        """End."""
        self._db.commit()
        self._db.close()


@dataclass(frozen=True, slots=True)
class Corpus:
    """What was filled."""

    source: str
    seconds: float
    words: float  # of an article
    keys: float  # of an article that is no copy
    footers: float  # share of the keys that are too common to be stored
    key_bytes: float  # on disk, of an article


def fill(url: str, size: int, further: int) -> Corpus:
    """Fill an empty database with a corpus, as collects would have left it."""
    begun = time.perf_counter()
    engine = connect(parse_url(url))
    Store(engine).migrate()
    engine.dispose()
    bulk = (SqliteBulk if engine.dialect.name == "sqlite" else PostgresqlBulk)(url)
    planned(size, further)
    keys, holders, words = [], [], 0
    with get_context("fork").Pool(WORKERS) as pool:
        batches = chunks(range(1, size + 1), BATCH)
        for batch in pool.imap(_made, ((url, size, further, numbers) for numbers in batches)):
            bulk.insert(stories, STORY_COLUMNS, batch.stories)
            bulk.insert(articles, COLUMNS, batch.articles)
            keys.append(batch.keys)
            holders.append(batch.holders)
            words += sum(row[COLUMNS.index("words")] for row in batch.articles)
    all_keys, all_holders = np.concatenate(keys), np.concatenate(holders)
    order = np.argsort(all_keys, kind="stable")
    kept = order[_rank(all_keys[order]) <= COMMON_KEY]  # the last one made a footer of it
    bulk.index(articles)
    without_keys = bulk.size()
    bulk.insert_keys(all_keys[kept], all_holders[kept])
    bulk.index(keys_table)
    key_bytes = (bulk.size() - without_keys) / size
    bulk.close()
    settle(engine)
    engine.dispose()
    return Corpus(
        source=press().source,
        seconds=time.perf_counter() - begun,
        words=words / size,
        keys=len(all_keys) / len(np.unique(all_holders)),
        footers=1 - len(kept) / len(all_keys),
        key_bytes=key_bytes,
    )


def _made(arguments: tuple[str, int, int, Sequence[int]]) -> Batch:
    return made(*arguments)


def _rank(ordered: Numbers) -> Numbers:
    """Number equal values from 0."""
    begins = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    return np.arange(len(ordered)) - np.repeat(begins, np.diff(begins, append=len(ordered)))


# ── what is asked ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Question:
    """An article, as a collect judges it."""

    kind: Kind
    title: str
    text: str
    published: datetime
    outlet: str
    family: frozenset[int]  # ids of its original and of what was made of that

    def is_right(self, relation: Relation, original: int | None) -> bool:
        """Say whether a verdict is what is known of it."""
        known = RELATIONS.get(self.kind, "new")
        alike = relation in SUPPRESSED if known in SUPPRESSED else relation == known
        return alike and (known == "new" or original in self.family)


def article(plan: Plan, number: int, family: Iterable[int] = ()) -> Question:
    """Write an article out."""
    title, text = written(plan, number)
    original = int(plan.originals[number - 1])
    published = BEGUN + (timedelta(minutes=original) + LATER if original else timedelta(minutes=number))
    return Question(
        plan.kind(number),
        press().text(title),
        press().text(text),
        published,
        plan.outlet(number),
        frozenset(family),
    )


def questions(size: int, further: int, sets: int) -> list[list[Question]]:
    """Write sets of articles that the corpus has not."""
    plan = planned(size, further)
    by_original = np.argsort(plan.originals[:size], kind="stable")
    ordered = plan.originals[by_original]

    def family(number: int) -> set[int]:
        original = int(plan.originals[number - 1])
        first, last = np.searchsorted(ordered, (original, original + 1))
        return {original, *(by_original[first:last] + 1).tolist()} if original else set()

    asked = [article(plan, number, family(number)) for number in range(size + 1, size + further + 1)]
    return [list(some) for some in chunks(asked, further // sets)]


def prepared(urls: dict[int, str], further: int, sets: int) -> dict[int, tuple[Corpus, list[list[Question]]]]:
    """Fill the databases and write what they are asked."""
    return {size: (fill(url, size, further), questions(size, further, sets)) for size, url in urls.items()}
