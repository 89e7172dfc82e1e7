"""The archive's index: whatever words an article holds, it is found by them, and by no others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from rasid.text import fold, words
from storage import ArchivedArticle, open_store
from storage.columns import clean
from tests.storage.builders import DAY, HOUR, NOW, article, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage import Store

Groups = list[list[list[str]]]


def held(text: str) -> set[str]:
    """The words that an article of this title and text holds."""
    return set(words(fold(clean(text)).text))


def put(store: Store, title: str, text: str = "نص", **options: Any) -> int:
    """Store an article; its id."""
    return stored(store, article(title=title, text=text, **options)).id


# ── what is indexed ───────────────────────────────────────────────────────────────────────────────


def test_an_article_is_found_by_its_folded_words(store: Store) -> None:
    """Of title and text, however they are spelled; not by a part of a word, nor by what is not folded."""
    made = put(store, "إنفيديا وH20", "أَعلنت الشركةُ ٢٠٢٦")
    for word in ("انفيديا", "و", "h20", "اعلنت", "الشركه", "2026"):
        assert [made] == store.articles_with([[[word]]], limit=5), word
    for word in ("إنفيديا", "H20", "h2", "انفيد", "شركه", ""):
        assert [] == store.articles_with([[[word]]], limit=5), word


def test_words_meet_across_neither_title_and_text_nor_articles(store: Store) -> None:
    """The last word of the title and the first of the text are two; two articles are two."""
    put(store, "شركة", "هواوي")
    put(store, "سهم")
    assert {"شركه": 1, "هواوي": 1, "سهم": 1} == store.word_counts(["شركه", "هواوي", "سهم", "شركههواوي"])
    assert [] == store.articles_with([[["شركه"], ["سهم"]]], limit=5)


def test_every_word_is_listed_once(store: Store) -> None:
    """Whoever holds it, and whatever it is made of."""
    put(store, "معالج معالج H20", "معالج")
    put(store, "معالج", 'OR "AND" NOT*')
    assert ["and", "h20", "not", "or", "معالج"] == sorted(store.archive_words())


def test_an_empty_archive_holds_nothing(store: Store) -> None:
    """Every question has its answer."""
    assert [] == list(store.archive_words())
    assert {} == store.word_counts(["معالج"])
    assert [] == store.articles_with([[["معالج"]]], limit=5)
    assert [] == store.archived([1])
    assert 0 == store.archive_size()


def test_an_article_without_a_word_is_stored(store: Store) -> None:
    """There is nothing to find it by; it is in the archive all the same."""
    made = put(store, "…", "!")
    assert [made] == store.recent_ids(None, 0, 5)
    assert [] == list(store.archive_words())


def test_the_same_page_again_adds_no_words(store: Store) -> None:
    """The first text is the one that is stored, and the one that is indexed."""
    first = stored(store, article("https://tech.example/a", text="معالج"))
    stored(store, article("https://tech.example/a", text="هواتف"))
    assert {"معالج": 1} == store.word_counts(["معالج", "هواتف"])
    assert [first.id] == store.articles_with([[["معالج"]]], limit=5)


@pytest.mark.parametrize("letter", "\u06fd\u08c9\u0533\u0563\U0001e900\U0001e922", ids=ascii)
def test_letters_that_sqlite_does_not_know_are_letters(store: Store, letter: str) -> None:
    """Capitals apart from small letters, and what its Unicode tables take for a sign or for nothing."""
    put(store, "\u0533\u0563 \u0563\u0533", "")
    made = put(store, letter * 3, "")
    assert {letter * 3} == held(letter * 3)
    assert [made] == store.articles_with([[[letter * 3]]], limit=9)
    assert {letter * 3: 1} == store.word_counts([letter * 3])


# ── limits ────────────────────────────────────────────────────────────────────────────────────────


def test_words_too_long_for_an_index_are_told_apart(store: Store) -> None:
    """Of 500 letters as they are, of more by a hash: four-byte letters too, and of one beginning."""
    longest, longer, longer_too = "\U00020000" * 500, "\U00020000" * 501, "\U00020000" * 9_000
    ids = [put(store, word) for word in (longest, longer, longer_too)]
    for made, word in zip(ids, (longest, longer, longer_too), strict=True):
        assert [made] == store.articles_with([[[word]]], limit=5)
        assert {word: 1} == store.word_counts([word])
    listed = [word for word in store.archive_words() if word.startswith("\U00020000")]
    assert [97, 97, 500] == sorted(map(len, listed))
    shortened = {word for word in listed if len(word) == 97}
    assert {("\U00020000" * 64, "…")} == {(word[:64], word[64]) for word in shortened}


def test_an_article_of_more_words_than_a_vector_holds_is_found_by_all(store: Store) -> None:
    """Beyond 1 MB of distinct words: the first and the last, alone and together, each counted once."""
    many = [f"word{number:0100}" for number in range(11_000)]
    made = put(store, "كتاب", " ".join(many))
    put(store, "كتاب آخر", many[0])
    assert [made] == store.articles_with([[[many[0]], [many[-1]], ["كتاب"]]], limit=5)
    counts = store.word_counts(many)
    assert {1: 10_999, 2: 1} == {count: list(counts.values()).count(count) for count in (1, 2)}
    assert {*many, "كتاب", "اخر"} == set(store.archive_words())


def test_thousands_of_words_in_one_question(store: Store) -> None:
    """More than one expression takes, in each of two parts, known and unknown ones."""
    many = [f"w{number}" for number in range(3_000)]
    ids = [put(store, " ".join(many[at::1_000]), "سهم" if at % 2 else "شركة") for at in range(1_000)]
    unknown = [f"u{number}" for number in range(30_000)]
    assert ids[1::2] == store.articles_with([[[*many, *unknown], ["سهم", *many[1::2]]]], limit=2_000)
    assert ids == store.articles_with([[[word]] for word in many], limit=2_000)
    assert ids[:7] == store.articles_with([[[*unknown, *many]]], limit=7)


# ── questions ─────────────────────────────────────────────────────────────────────────────────────

TEXTS = (
    "إنفيديا تكشف معالج جديدة",
    "معالج H20 من إنفيديا AND NEAR",
    "سهم هواوي OR سهم",
    'words: "quoted" * not article_words MATCH',
    "it's a\\b c:* d|e & !f <-> (g)",
    "\x00معالج\ud800سهم\ufffd",
    "…",
)
QUERIES = (
    *sorted(set().union(*map(held, TEXTS))),
    *(
        '"',
        '""',
        "'",
        "''",
        "\\",
        "*",
        "h20*",
        "h20:*",
        "NEAR(",
        ")",
        "(",
        "|",
        "&",
        "!",
        "-",
        "^",
        ":",
        "<->",
    ),
    *("AND", "OR", "NOT", "words:", "سهم هواوي", "سهم OR معالج", "سهم' | 'معالج", 'سهم" OR "معالج'),
    *("", " ", "\x00", "\ud800", "\ufffd", "…", "%", "_", "NULL"),
)
WORD = st.sampled_from(QUERIES) | st.text(max_size=4)
GROUPS = st.lists(st.lists(st.lists(WORD, max_size=4), max_size=3), max_size=4)


def answer(groups: Groups, texts: dict[int, set[str]]) -> list[int]:
    """What the index must find, by definition."""
    return [
        article_id
        for article_id, found in texts.items()
        if any(all(any(word in found for word in part) for part in group) for group in groups)
    ]


def test_the_index_answers_by_definition(store: Store) -> None:
    """OR of AND of OR, over any words, operators of both query languages among them."""
    texts = {put(store, text, ""): held(text) for text in TEXTS}

    @settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
    @given(GROUPS, st.integers(0, len(TEXTS)), st.integers(1, len(TEXTS)))
    def check(groups: Groups, after: int, limit: int) -> None:
        expected = [found for found in answer(groups, texts) if found > after][:limit]
        assert expected == store.articles_with(groups, after=after, limit=limit)

    check()


def test_words_are_counted_by_definition(store: Store) -> None:
    """Any words; those that no article holds are not in the answer."""
    texts = [held(text) for text in TEXTS]
    for text in TEXTS:
        put(store, text, "")

    @settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(WORD, max_size=9))
    def check(asked: list[str]) -> None:
        counts = {word: sum(word in found for found in texts) for word in asked}
        assert {word: count for word, count in counts.items() if count} == store.word_counts(asked)

    check()


def test_pages_and_times(store: Store) -> None:
    """First seen since then, ids ascending, after the last of the page before; the same for all articles."""
    one = put(store, "معالج", first_seen=NOW - 2 * DAY)
    two, three = put(store, "معالج"), put(store, "معالج", first_seen=NOW - DAY)
    four = put(store, "سهم")
    chips = [[["معالج"]]]
    assert [one, two] == store.articles_with(chips, limit=2)
    assert [three] == store.articles_with(chips, after=two, limit=2)
    assert [two, three] == store.articles_with(chips, since=NOW - DAY, limit=9)
    assert [two] == store.articles_with(chips, since=NOW - HOUR, limit=9)
    assert [one, two, three, four] == store.recent_ids(None, 0, 9)
    assert [two, three] == store.recent_ids(NOW - DAY, 0, 2)
    assert [four] == store.recent_ids(NOW - DAY, three, 2)
    assert [two, three, four] == store.articles_with([[]], since=NOW - DAY, limit=9)
    assert (4, 3, 0) == (
        store.archive_size(),
        store.archive_size(NOW - DAY),
        store.archive_size(NOW + HOUR),
    )


def test_an_archived_article_is_whole(store: Store) -> None:
    """Every field, copies too, in order of id, each once; an unknown id is passed over."""
    new = article(first_seen=NOW + HOUR)
    first = stored(store, new)
    copy = stored(store, article(), relation="near", original=first.id)
    expected = ArchivedArticle(
        id=first.id,
        url=new.url,
        outlet=new.outlet,
        title=new.title,
        text=new.text,
        published=NOW,
        first_seen=NOW + HOUR,
        language="ar",
        relation="new",
    )
    found = store.archived([copy.id, 99, first.id, copy.id])
    assert expected == found[0]
    assert [(first.id, "new"), (copy.id, "near")] == [(each.id, each.relation) for each in found]


# ── the database's side ───────────────────────────────────────────────────────────────────────────


def plans(store: Store, question: Callable[[], object]) -> list[str]:
    """How the database would answer each query over article_words that a question asks."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))

    event.listen(store._engine, "before_cursor_execute", note)
    question()
    event.remove(store._engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN "
    with store._engine.connect() as connection:
        if not store.is_sqlite:  # a handful of rows would be read without any index
            connection.exec_driver_sql("SET enable_seqscan = off")
        return [
            "\n".join(str(row[-1]) for row in connection.exec_driver_sql(explain + statement, parameters))
            for statement, parameters in asked
            if "article_words" in statement
        ]


QUESTIONS: dict[str, Callable[[Store], object]] = {
    "one word": lambda store: store.articles_with([[["معالج"]]], limit=5),
    "two parts, since": lambda store: store.articles_with([[["معالج"], ["سهم"]]], since=NOW, limit=5),
    "counts": lambda store: store.word_counts(["معالج", "سهم"]),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_the_index_is_used(store: Store, question: Callable[[Store], object]) -> None:
    """Neither the words of all articles nor the articles are gone through."""
    for number in range(20):
        put(store, f"معالج سهم {number}")
    (plan,) = plans(store, lambda: question(store))
    if store.is_sqlite:
        assert "VIRTUAL TABLE INDEX" in plan
        assert "SCAN articles" not in plan
    else:
        assert "Bitmap Index Scan on ix_article_words_words" in plan
        assert "Seq Scan" not in plan


def test_writers_with_the_same_new_words_wait_for_each_other(database_url: str) -> None:
    """Many new words in other orders at once: nobody is given up for a deadlock, every article is found."""
    batches = [[f"new{number}x{batch}" for number in range(300)] for batch in range(5)]
    start = Barrier(4)

    def write(turn: int) -> None:
        with open_store(database_url) as store:
            start.wait(timeout=30)
            for batch in batches:
                put(store, "خبر", " ".join(turned(batch, turn)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    with open_store(database_url) as store:
        assert {batch[7]: 4 for batch in batches} == store.word_counts([batch[7] for batch in batches])
        assert 5 * 300 + 1 == len(list(store.archive_words()))


def turned(items: Sequence[str], turn: int) -> list[str]:
    """The same items, forwards, backwards or from the middle."""
    return [*items[turn * 70 :], *items[: turn * 70]][:: 1 if turn % 2 else -1]
