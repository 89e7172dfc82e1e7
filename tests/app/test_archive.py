"""The archive read with a watchlist: what it finds, what it gains and loses, and that nothing is stored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from rasid.app import archive
from rasid.app.archive import Backtest, backtest, reading, with_references
from rasid.app.stages import quiet
from rasid.config import parse_watchlist
from rasid.matching import Matcher
from storage import engine, open_store, schema
from tests.eval.scoring import HERE, cases
from tests.storage.builders import DAY, HOUR, NOW, article, stored

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime, timedelta

    from rasid.app.stages import Progress
    from rasid.types import Article, Term
    from storage import Store

NVIDIA = "{id: nvidia, label: إنفيديا, forms: [إنفيديا]}"
HUAWEI = "{id: huawei, label: هواوي, forms: [هواوي]}"
H20 = "{id: h20, label: H20, codes: [H20], near: [رقائق]}"


def terms(*listed: str) -> dict[str, Term]:
    """Terms by id, out of lines of a watchlist."""
    text = "name: قائمة\nterms:\n" + "".join(f"  - {one}\n" for one in listed)
    return {term.id: term for term in parse_watchlist(text, "chips.yaml").terms}


def written(text: str, outlet: str = "مدار", *, title: str = "خبر", age: timedelta = HOUR) -> Article:
    """An article of an outlet, first seen so long ago."""
    return replace(article(title=title, text=text, published=NOW - age, first_seen=NOW - age), outlet=outlet)


def tried(
    store: Store,
    new: dict[str, Term],
    old: dict[str, Term] | None = None,
    *,
    wanted: Collection[str] | None = None,
    since: datetime | None = None,
    samples: int = 5,
    progress: Progress = quiet,
) -> Backtest:
    """A back-test of all terms, or of those wanted."""
    asked = list(dict.fromkeys([*new, *(old or {})])) if wanted is None else wanted
    return backtest(store, new, old, asked, since=since, samples=samples, progress=progress)


@pytest.fixture
def filled(store: Store) -> Store:
    """Seven articles of three outlets; the numbers of the rows are those of the texts."""
    for new in (
        written("تبيع إنفيديا بطاقات، وإنفيديا تنمو", age=40 * DAY),
        written("تبيع هواوي هواتف", "نبأ"),
        written("وصلت رقائق H20 من إنفيديا", "نبأ", title="إنفيديا في الشرق"),
        written("وصلت H20 أمس", "أفق"),
        written("خبر عن الطقس", "أفق"),
        written("انتخب المكتب التنفيدي رئيسا"),
        written("تتنافس هواوي وإنفيديا"),
    ):
        stored(store, new)
    return store


# ── figures ───────────────────────────────────────────────────────────────────────────────────────


def test_what_a_list_finds_is_counted(filled: Store) -> None:
    """Articles, mentions by status in title and text, outlets by articles; without an older version no change."""
    result = tried(filled, terms(NVIDIA, HUAWEI, H20))
    figures = {
        name: (one.articles, one.matched, one.uncertain, dict(one.outlets))
        for name, one in result.terms.items()
    }
    assert {
        "nvidia": (3, 5, 0, {"مدار": 2, "نبأ": 1}),
        "huawei": (2, 2, 0, {"نبأ": 1, "مدار": 1}),
        "h20": (2, 1, 1, {"نبأ": 1, "أفق": 1}),
    } == figures
    assert not result.compared
    assert [(0, 0, [], [])] * 3 == [
        (one.gains, one.losses, one.gained, one.lost) for one in result.terms.values()
    ]


def test_an_older_version_tells_what_is_gained_and_lost(filled: Store) -> None:
    """By place: a form more, a cue more, a term gone; what both find is no change, whatever its status."""
    older = terms(NVIDIA.replace("]", ", بطاقات]"), HUAWEI, H20.replace("رقائق", "معالج"))
    newer = terms(NVIDIA.replace("]", ", التنفيدي]"), H20)
    result = tried(filled, newer, older)
    assert result.compared
    assert {"nvidia": (1, 1), "h20": (0, 0), "huawei": (0, 2)} == {
        name: (one.gains, one.losses) for name, one in result.terms.items()
    }
    assert [(6, "التنفيدي")] == places(result.terms["nvidia"].gained)
    assert [(1, "بطاقات")] == places(result.terms["nvidia"].lost)
    assert [(2, "هواوي"), (7, "هواوي")] == places(result.terms["huawei"].lost)
    assert (0, 0, {}) == (
        result.terms["huawei"].articles,
        result.terms["huawei"].matched,
        dict(result.terms["huawei"].outlets),
    )


def places(samples: Sequence[archive.Sample]) -> list[tuple[int, str]]:
    """Samples as article and text."""
    return [(sample.article.id, sample.mention.text) for sample in samples]


def test_the_samples_are_the_newest(filled: Store) -> None:
    """In order of the archive, as many as asked for, none where none is asked for; all are counted."""
    two = tried(filled, terms(NVIDIA), terms(HUAWEI), samples=2)
    nvidia, huawei = two.terms["nvidia"], two.terms["huawei"]
    assert [(3, "إنفيديا"), (7, "إنفيديا")] == places(nvidia.samples) == places(nvidia.gained)
    assert [(2, "هواوي"), (7, "هواوي")] == places(huawei.lost)
    assert (5, 5, 2) == (nvidia.matched, nvidia.gains, huawei.losses)
    none = tried(filled, terms(NVIDIA), terms(HUAWEI), samples=0)
    assert [([], [], [])] * 2 == [(one.samples, one.gained, one.lost) for one in none.terms.values()]
    assert 5 == none.terms["nvidia"].gains


def test_only_what_was_first_seen_since_then_is_read(filled: Store) -> None:
    """The figures are those of that time, and so is the size of the archive."""
    result = tried(filled, terms(NVIDIA), since=NOW - 30 * DAY)
    assert (6, 2, 3) == (result.articles, result.terms["nvidia"].articles, result.terms["nvidia"].matched)
    assert (7, 0) == (
        tried(filled, terms(NVIDIA)).articles,
        tried(filled, terms(NVIDIA), since=NOW).articles,
    )


# ── what is read ──────────────────────────────────────────────────────────────────────────────────


def test_the_index_rules_out_what_holds_no_term(filled: Store) -> None:
    """The part of a word is read and refused; of an archive without the name nothing is read."""
    told: list[tuple[str, int, int]] = []
    result = tried(filled, terms(NVIDIA), progress=lambda *step: told.append(step))
    assert (7, 3) == (result.articles, result.read)
    assert [("articles", 3, 0)] == told
    assert [1, 3, 7] == [
        one.id for page in reading(filled, list(terms(NVIDIA).values()), since=None) for one in page
    ]
    kunlun = tried(filled, terms("{id: kunlun, label: كونلون, forms: [كونلون]}"))
    assert (7, 0, 0) == (kunlun.articles, kunlun.read, kunlun.terms["kunlun"].articles)
    assert [] == list(reading(filled, [], since=None))


def test_pages_follow_each_other(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pages of two articles nothing is left out and nothing comes twice."""
    whole = tried(filled, terms(NVIDIA, HUAWEI, H20), terms(HUAWEI))
    monkeypatch.setattr(archive, "PAGE", 2)
    told: list[int] = []
    paged = tried(
        filled, terms(NVIDIA, HUAWEI, H20), terms(HUAWEI), progress=lambda _, done, __: told.append(done)
    )
    assert whole == paged
    assert [2, 4, 5] == told


@pytest.mark.parametrize(
    ("query", "articles"),
    [
        ("{all: [{term: nvidia}, {term: huawei}]}", [7]),
        ("{any: [{term: outer}, الطقس]}", [2, 5, 7]),
        ("{all: [{term: nvidia}], none: [{term: huawei}]}", [1, 3]),
    ],
)
def test_a_query_reads_what_its_terms_need(filled: Store, query: str, articles: list[int]) -> None:
    """Only the query is wanted; the terms that it names, and those that these name, lead to the articles."""
    outer = "{id: outer, label: ب, query: {term: huawei}}"
    listed = terms(NVIDIA, HUAWEI, outer, f"{{id: asked, label: ج, query: {query}}}")
    result = tried(filled, listed, wanted=["asked"])
    assert ["asked"] == list(result.terms)
    assert articles == list(
        dict.fromkeys(article_id for article_id, _ in places(result.terms["asked"].samples))
    )
    assert [] == with_references(listed, ["nobody"])


@pytest.fixture(scope="module")
def labelled(sqlite_template: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An archive of every other labelled text, a few hundred."""
    texts = [case for name in "abc" for case in cases(f"mentions_{name}.jsonl")][::2]
    with open_store(f"sqlite:///{tmp_path_factory.mktemp('labelled') / 'archive.db'}") as store:
        store.migrate()
        for case in texts:
            stored(store, article(title=case.get("title", ""), text=case["text"]))
        for number in range(30):
            stored(store, article(title="طقس", text=f"أمطار على الساحل في اليوم {number} من الشهر"))
        yield store


def test_nothing_that_a_full_scan_finds_is_missing(labelled: Store) -> None:
    """The list that ships with Rasid: the index spares articles, and each term's figures are those of all articles."""
    path = HERE.parents[1] / "config" / "watchlists" / "chips.yaml"
    listed = {term.id: term for term in parse_watchlist(path.read_text(encoding="utf-8"), path.name).terms}
    result = tried(labelled, listed, samples=10_000)
    matcher = Matcher(list(listed.values()))
    everything = labelled.archived(labelled.recent_ids(None, 0, 10_000))
    expected = [(one.id, mention) for one in everything for mention in matcher.find(one.text, one.title)]
    assert 200 < len(expected)
    assert result.articles == len(everything)
    assert result.read <= len(everything) - 30
    for name, found in result.terms.items():
        assert [pair for pair in expected if pair[1].term == name] == [
            (sample.article.id, sample.mention) for sample in found.samples
        ]


# ── nothing is stored ─────────────────────────────────────────────────────────────────────────────


def dump(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with engine.reading(store._engine) as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in schema.metadata.sorted_tables
            if table.name != "article_words" or not store.is_sqlite
        }


def test_nothing_is_stored(filled: Store) -> None:
    """Every table holds after a back-test what it held before."""
    before = dump(filled)
    assert 7 == len(before["articles"])
    tried(filled, terms(NVIDIA, HUAWEI), terms(H20))
    assert before == dump(filled)
