"""`rasid explain`, `rasid backtest` and `rasid terms suggest`: what they show, and that they store nothing."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from clitools import rasid

from demo.press import load
from demo.scene import write_config
from demo.server import ARTICLES, DemoServer, serve
from rasid.cli import cli
from rasid.cli.output import utc_now
from rasid.cli.watch import parse_since
from rasid.config import parse_watchlist
from rasid.matching import Matcher
from storage import open_store
from tests.storage.builders import DAY, HOUR, article, stored

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from rasid.types import Term

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

CHIPS = """\
name: رقائق
terms:
  - {id: nvidia, label: إنفيديا, label_en: Nvidia, forms: [إنفيديا], unless: [مسرحية]}
  - {id: h20, label: H20, codes: [H20], near: [رقائق]}
  - {id: huawei, label: هواوي, label_en: Huawei, forms: [هواوي]}
"""
OLDER = (
    CHIPS.replace("[إنفيديا]", "[إنفيديا, بطاقات]")
    .replace("  - {id: huawei", "  - {id: honor")
    .replace("[هواوي]", "[هونر]")
)
PHONES = """\
name: هواتف
terms:
  - {id: mate, label: ميت, label_en: Mate, forms: [ميت برو]}
  - {id: rivals, label: منافسة, query: {all: [{term: mate}, {term: huawei}]}}
"""
TEXT = "تبيع إنفيديا بطاقات\nومسرحية إنفيديا تعود، وافتتح القهواوي المعرض وقال إن إنفيديو مفيد."
ADVICE = "add it to the list if it is the name"
ARCHIVED = [
    ("مدار", "سوق", "تبيع إنفيديا بطاقات، وإنفيديا تنمو"),
    ("نبأ", "هاتف", "عرضت هواوي هاتف ميت برو"),
    ("نبأ", "إنفيديا في الشرق", "وصلت رقائق H20 أمس"),
    ("أفق", "طقس", "أمطار على الساحل"),
    ("أفق", "ندوة", "تحدث المستشار القهواوي عن القانون"),
    ("مدار", "هواوي تربح", "ربحت هاواوي (Huawei) مليارا"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config folder with a small list, and an archive of a few articles of the last days beside it."""
    root = tmp_path_factory.mktemp("watch")
    shutil.copytree(ROOT / "config", root / "config")
    (root / "config" / "watchlists" / "chips.yaml").write_text(CHIPS, encoding="utf-8")
    (root / "config" / "settings.yaml").write_text(
        f"database: sqlite:///{root}/archive.db\n", encoding="utf-8"
    )
    with open_store(f"sqlite:///{root}/archive.db") as store:
        store.migrate()
        for age, (outlet, title, text) in zip(range(len(ARCHIVED), 0, -1), ARCHIVED, strict=True):
            seen = utc_now() - age * DAY
            stored(
                store,
                replace(article(title=title, text=text, published=seen, first_seen=seen), outlet=outlet),
            )
    return root / "config"


def asked(folder: Path, *words: str, stdin: bytes = b"") -> Result:
    """A command in this process; where an error's exit code counts, `told` starts one."""
    return CliRunner().invoke(cli, ["--config", str(folder), *words], input=stdin)


def told(folder: Path, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    """A command in a process of its own."""
    return rasid("--config", str(folder), *words, cwd=folder.parent, stdin=stdin)


def dump(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table; what FTS5 keeps is in tables beside its own, which cannot be read as a whole."""
    with closing(sqlite3.connect(folder.parent / "archive.db")) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: db.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608 - the schema's own names
            for name in names
            if name != "article_words"
        }


# ── explain ───────────────────────────────────────────────────────────────────────────────────────


def test_explain_shows_every_place_with_its_reason(folder: Path, tmp_path: Path) -> None:
    """Counted, refused, a part of a word, a resemblance: one line each with its excerpt; figures go to stderr."""
    path = tmp_path / "article.txt"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    done = told(folder, "explain", str(path))
    assert 0 == done.returncode, done.stderr
    lines = done.stdout.splitlines()
    assert [
        "✓ matched   nvidia            5  the form “إنفيديا”",
        "✗ rejected  nvidia           28  the form “إنفيديا”, refused by “مسرحية” beside it",
        "✗ rejected  huawei           52  the form “هواوي” is only a part of “القهواوي”",
        "✗ rejected  nvidia           73  “إنفيديو” is one letter away from the form “إنفيديا”; " + ADVICE,
    ] == lines[::2]
    assert "    تبيع ⟦إنفيديا⟧ بطاقات ومسرحية إنفيديا تعود، وافتتح القهواوي المعرض وقال …" == lines[1]
    assert f"{path}: 13 words, 1 matched, 0 uncertain, 3 refused\n" == done.stderr
    assert "\x1b" not in done.stdout


def test_explain_keeps_to_terms_and_tells_in_arabic(folder: Path) -> None:
    """--term leaves the others out, --language ar tells the reasons in Arabic; "-" is standard input."""
    done = asked(folder, "explain", "-", "--term", "huawei", "--language", "ar", stdin=TEXT.encode())
    assert 0 == done.exit_code, done.output
    line, excerpt = done.stdout.splitlines()
    assert "✗ rejected  huawei           52  الصيغة «هواوي» جزء من «القهواوي»، لا اسم قائم بنفسه" == line
    assert "⟦هواوي⟧" in excerpt
    assert "standard input: 13 words, 0 matched, 0 uncertain, 1 refused\n" == done.stderr


def test_explain_reads_a_title_with_the_text(folder: Path) -> None:
    """--title is looked at, too, and its words are cues for the text."""
    stdin = "وصلت شحنة H20 أمس".encode()
    (found,) = json.loads(asked(folder, "explain", "-", "--json", stdin=stdin).stdout)["findings"]
    assert ("uncertain", "the code “H20”, with no cue to confirm it") == (
        found["outcome"],
        found["why"]["en"],
    )
    both = json.loads(asked(folder, "explain", "-", "--json", "--title", "رقائق إنفيديا", stdin=stdin).stdout)
    assert "رقائق إنفيديا" == both["title"]
    assert [("nvidia", "title", "matched"), ("h20", "text", "matched")] == [
        (one["term"], one["field"], one["outcome"]) for one in both["findings"]
    ]
    assert asked(folder, "explain", "-", "--title", "إنفيديا", stdin=b"x").stdout.startswith(
        "✓ matched   nvidia        title  the form “إنفيديا”"
    )


def test_explain_reads_a_page(folder: Path, tmp_path: Path) -> None:
    """What begins like a page is one: its article and title are read, its furniture is not; JSON tells the places."""
    paragraph = "افتتحت شركة إنفيديا مكتبا في مسقط صباح أمس، وحضر الافتتاح جمع من المهندسين وطلاب الجامعات في المدينة."
    more = "وقال المدير إن الفريق سيضم عشرين مهندسا قبل نهاية العام، وإن المكتب سيدرب الطلاب على برمجة المعالجات."
    path = tmp_path / "page.html"
    path.write_text(
        f"\n<!DOCTYPE html><html lang='ar'><head><meta charset='utf-8'><title>إنفيديا في مسقط</title></head><body>"
        f"<nav><a href='/'>هواوي</a></nav><article><h1>إنفيديا في مسقط</h1><p>{paragraph}</p><p>{more}</p></article>"
        "</body></html>",
        encoding="utf-8",
    )
    shown = json.loads(asked(folder, "explain", str(path), "--json").stdout)
    assert {"source", "title", "findings"} == shown.keys()
    assert (str(path), "إنفيديا في مسقط") == (shown["source"], shown["title"])
    title, text = shown["findings"]
    assert ("title", 0, 7) == (title["field"], title["start"], title["end"])
    start = paragraph.index("إنفيديا")
    assert {
        "term": "nvidia",
        "field": "text",
        "start": start,
        "end": start + 7,
        "text": "إنفيديا",
        "outcome": "matched",
        "form": "إنفيديا",
        "why": {"ar": "الصيغة «إنفيديا»", "en": "the form “إنفيديا”"},
    } == text


def test_explain_takes_an_article_of_the_archive(folder: Path) -> None:
    """By its number, with its own title; an unknown number is a finding that says what shows them."""
    done = told(folder, "explain", "3")
    assert ["✓ matched   nvidia        title  the form “إنفيديا”"] == done.stdout.splitlines()[:1]
    assert "confirmed by “رقائق”" in done.stdout
    assert done.stderr.startswith("https://tech.example/article/")
    unknown = told(folder, "explain", "7")
    assert (1, "") == (unknown.returncode, unknown.stdout)
    assert "rasid: the archive has no article 7; `rasid backtest LIST` shows the numbers\n" == unknown.stderr


@pytest.mark.parametrize(
    ("words", "stdin", "message"),
    [
        pytest.param(
            ["-"], "هواوي".encode("cp1256"), "standard input: neither a page nor a text in UTF-8 (byte 0)"
        ),
        pytest.param(
            ["-"], "نص".encode("utf-16"), "neither a page nor a text in UTF-8 (byte 0)", id="UTF-16"
        ),
        pytest.param(
            ["nothing.txt"], b"", "nothing.txt is no file, no http(s) address and no article's number"
        ),
        pytest.param(["ftp://x.example/"], b"", "ftp://x.example/ is no file", id="another scheme"),
        pytest.param(
            ["كلمة " * 200], b"", "is no file, no http(s) address", id="a text in place of its file"
        ),
        pytest.param(["9" * 40], b"", "is no file, no http(s) address", id="a number beyond any row"),
        pytest.param(["-", "--term", "nvidai"], b"", "no term nvidai; there are: nvidia, h20, huawei"),
        pytest.param(["-", "--language", "fr"], b"", "'fr' is not one of 'ar', 'en'", id="another language"),
    ],
)
def test_explain_refuses_what_it_cannot_read(
    folder: Path, words: list[str], stdin: bytes, message: str
) -> None:
    """A usage error that says what was wrong and what there is."""
    done = asked(folder, "explain", *words, stdin=stdin)
    assert 2 == done.exit_code
    assert message in done.stderr
    assert "" == done.stdout


# ── backtest ──────────────────────────────────────────────────────────────────────────────────────


def rows(shown: str) -> dict[str, list[str]]:
    """The table that output begins with, by its first column."""
    table = [line.split("\t") for line in shown.partition("\n\n")[0].splitlines()]
    return {row[0]: row[1:] for row in table if len(row) > 1}


def test_backtest_without_an_older_version(folder: Path) -> None:
    """A table, each term's outlets, the newest samples marked, article numbers first; and nothing is stored."""
    before = dump(folder)
    done = told(folder, "backtest", "chips", "--samples", "2")
    assert 0 == done.returncode, done.stderr
    assert {
        "term": ["articles", "matched", "uncertain", "gained", "lost", "outlets", "name"],
        "nvidia": ["2", "3", "0", "-", "-", "2", "Nvidia"],
        "h20": ["1", "1", "0", "-", "-", "1", "H20"],
        "huawei": ["2", "2", "0", "-", "-", "2", "Huawei"],
    } == rows(done.stdout)
    nvidia, _, huawei = done.stdout.split("\n\n")[1:]
    outlets, found, *samples = nvidia.splitlines()
    assert "nvidia: مدار 1, نبأ 1" == outlets
    assert "  found, the newest 2 of 3:" == found
    day = f"{utc_now() - 4 * DAY:%Y-%m-%d}"
    assert [f"  · 3  {day}  matched  the form “إنفيديا”", "      نبأ: ⟦إنفيديا⟧ في الشرق"] == samples[:2]
    assert samples[2].startswith("  · 1  ")
    assert "      مدار: تبيع إنفيديا بطاقات، و⟦إنفيديا⟧ تنمو" == samples[3]
    assert "هواوي" in huawei
    assert (
        "chips: 6 articles in the archive, 5 read (the index ruled out the rest); "
        "there is no older version to compare with\n"
    ) == done.stderr
    assert before == dump(folder)


def test_backtest_against_a_file(folder: Path, tmp_path: Path) -> None:
    """What the list gains and loses against an older one, terms that are gone included; samples of both."""
    older = tmp_path / "older.yaml"
    older.write_text(OLDER, encoding="utf-8")
    done = asked(folder, "backtest", "chips", "--against", str(older), "--language", "ar")
    assert 0 == done.exit_code, done.output
    table = rows(done.stdout)
    assert ["2", "3", "0", "+0", "-1", "2", "إنفيديا"] == table["nvidia"]
    assert ["2", "2", "0", "+2", "-0", "2", "هواوي"] == table["huawei"]
    assert ["0", "0", "0", "+0", "-0", "0", "هواوي"] == table["honor"]
    assert "  lost, the newest 1 of 1:" in done.stdout
    assert "  - 1  " in done.stdout
    assert "⟦بطاقات⟧" in done.stdout
    assert "  gained, the newest 2 of 2:" in done.stdout
    assert "الصيغة «هواوي»" in done.stdout
    assert "  found" not in done.stdout
    assert f"of {older}\n" in done.stderr


def test_backtest_against_the_version_that_a_collect_has_seen(folder: Path, tmp_path: Path) -> None:
    """The saved one is compared with where no file is named; JSON tells versions, figures and samples."""
    root = shutil.copytree(folder.parent, tmp_path / "own")
    settings = root / "config" / "settings.yaml"
    settings.write_text(f"database: sqlite:///{root}/archive.db\n", encoding="utf-8")
    with open_store(f"sqlite:///{root}/archive.db") as store:
        store.save_watchlist_version("chips", "aaaa", OLDER, "layla", NOW - DAY)
        store.save_watchlist_version("chips", "", "", "layla", NOW)  # taken away, and put back
    done = asked(root / "config", "backtest", "chips", "--json", "--samples", "1")
    assert 0 == done.exit_code, done.output
    shown = json.loads(done.stdout)
    assert ["list", "version", "against", "archive", "read", "terms"] == list(shown)
    assert ("chips", 6, 5) == (shown["list"], shown["archive"], shown["read"])
    assert 12 == len(shown["version"]) == len(shown["against"])
    assert shown["version"] != shown["against"]
    assert ["nvidia", "h20", "huawei", "honor"] == list(shown["terms"])
    nvidia = shown["terms"]["nvidia"]
    (sample,), gained, (lost,) = (nvidia.pop(f"{kind}samples") for kind in ("", "gained_", "lost_"))
    assert {
        "articles": 2,
        "matched": 3,
        "uncertain": 0,
        "gained": 0,
        "lost": 1,
        "outlets": {"مدار": 1, "نبأ": 1},
    } == nvidia
    assert [] == gained
    assert (1, "بطاقات", "text") == (lost["article"], lost["text"], lost["field"])
    published, url = sample.pop("published"), sample.pop("url")
    assert utc_now() - 5 * DAY < datetime.fromisoformat(published) < utc_now() - 3 * DAY
    assert url.startswith("https://tech.example/article/")
    assert {
        "article": 3,
        "outlet": "نبأ",
        "title": "إنفيديا في الشرق",
        "field": "title",
        "start": 0,
        "end": 7,
        "text": "إنفيديا",
        "status": "matched",
        "form": "إنفيديا",
        "why": "the form “إنفيديا”",
    } == sample


def test_backtest_of_a_file_that_is_not_in_the_config_folder(folder: Path, tmp_path: Path) -> None:
    """Its queries may name the terms of the folder's lists; only its own terms are told."""
    new = tmp_path / "phones.yaml"
    new.write_text(PHONES, encoding="utf-8")
    done = asked(folder, "backtest", str(new), "--since", "132h", "--samples", "0")
    assert 0 == done.exit_code, done.output
    assert {
        "term": ["articles", "matched", "uncertain", "gained", "lost", "outlets", "name"],
        "mate": ["1", "1", "0", "-", "-", "1", "Mate"],
        "rivals": ["1", "2", "0", "-", "-", "1", "منافسة"],
    } == rows(done.stdout)
    assert "⟦" not in done.stdout
    assert "phones: 5 articles in the archive" in done.stderr


def test_backtest_of_a_faulty_file_shows_its_lines(folder: Path, tmp_path: Path) -> None:
    """A list that could not be put into the folder is refused as `rasid check` would, the older one, too."""
    faulty = tmp_path / "phones.yaml"
    faulty.write_text(PHONES.replace("term: huawei", "term: huawie"), encoding="utf-8")
    done = told(folder, "backtest", str(faulty))
    assert 3 == done.returncode
    assert f"{faulty}:4: unknown term 'huawie'" in done.stderr
    older = tmp_path / "older.yaml"
    query = "  - {id: deal, label: ب, query: {all: [{term: huawei}, صفقة]}}\n"
    older.write_text(OLDER + query, encoding="utf-8")  # huawei is in the newer one alone
    done = told(folder, "backtest", "chips", "--against", str(older))
    assert 3 == done.returncode
    assert f"{older}:6: unknown term 'huawei'" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["chip"], "no watchlist and no file chip; there are: chips"),
        (["قائمة " * 200], "no watchlist and no file"),
        (["chips", "--since", "30"], "'30' is no time; write 30d, 12h, 2w, 2026-01-31 or all"),
        (["chips", "--since", "2026-13-01"], "'2026-13-01' is no time"),
        (["chips", "--against", "nothing.yaml"], "'nothing.yaml' does not exist"),
        (["chips", "--samples", "-1"], "-1 is not in the range"),
    ],
)
def test_backtest_refuses_what_it_does_not_know(folder: Path, words: list[str], message: str) -> None:
    """A usage error that shows what there is."""
    done = asked(folder, "backtest", *words)
    assert 2 == done.exit_code
    assert message in done.stderr


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("all", None),
        ("30d", NOW - timedelta(days=30)),
        ("12h", NOW - 12 * HOUR),
        ("2w", NOW - timedelta(days=14)),
        ("0d", NOW),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T10:30", datetime(2026, 1, 31, 10, 30, tzinfo=UTC)),
        ("2026-01-31T10:30+03:00", datetime(2026, 1, 31, 7, 30, tzinfo=UTC)),
    ],
)
def test_since_is_a_moment(value: str, expected: datetime | None) -> None:
    """A span before now, a day or a moment; one without a zone is in UTC."""
    assert expected == parse_since(value, NOW)


@pytest.mark.parametrize("value", ["", "d", "30", "30 d", "30m", "-3d", "123456d", "yesterday", "31-01-2026"])
def test_what_is_no_time_is_refused(value: str) -> None:
    """The message shows what to write."""
    with pytest.raises(ValueError, match="write 30d, 12h, 2w, 2026-01-31 or all"):
        parse_since(value, NOW)


# ── terms suggest ─────────────────────────────────────────────────────────────────────────────────


def test_suggest_shows_what_the_archive_holds(folder: Path) -> None:
    """A term's own forms as known, new spellings with counts and a sentence; lists and archive stay as they are."""
    before, listed = dump(folder), (folder / "watchlists" / "chips.yaml").read_bytes()
    done = told(folder, "terms", "suggest", "huawei")
    assert 0 == done.returncode, done.stderr
    header, *found = [line.split("\t") for line in done.stdout.splitlines()]
    assert ["articles", "by", "known", "why", "spelling", "example"] == header
    by_text = {row[4]: row for row in found}
    assert ("2", "yes") == (by_text["هواوي"][0], by_text["هواوي"][2])
    assert ("1", "-") == (by_text["هاواوي"][0], by_text["هاواوي"][2])
    assert "ربحت هاواوي (Huawei) مليارا" == by_text["هاواوي"][5]
    assert "القهواوي" not in by_text
    new = sum(row[2] == "-" for row in found)
    advice = f"{new} not on the list; to take one: rasid terms add ID SPELLING, then rasid backtest LIST\n"
    assert advice == done.stderr
    assert (before, listed) == (dump(folder), (folder / "watchlists" / "chips.yaml").read_bytes())


def test_suggest_reads_a_corpus(folder: Path, tmp_path: Path) -> None:
    """JSON lines instead of the archive, of a file or of standard input; as JSON each reason in both languages."""
    articles = [
        {"title": "إنفيديا (Nvidia) في مسقط", "text": "افتتحت إنفيديا مكتبا."},
        {"text": "ستشتري الوزارة معالجات من نفيديا."},
        {"title": None, "text": "خبر عن الطقس"},
    ]
    corpus = "\n".join(json.dumps(one, ensure_ascii=False) for one in articles).encode() + b"\n\n"
    path = tmp_path / "corpus.jsonl"
    path.write_bytes(corpus)
    done = asked(folder, "terms", "suggest", "nvidia", "--corpus", str(path), "--json")
    assert 0 == done.exit_code, done.output
    found = {one["text"]: one for one in json.loads(done.stdout)}
    assert {"إنفيديا": (1, True), "نفيديا": (1, False)} == {
        text: (one["articles"], one["known"]) for text, one in found.items() if text != "Nvidia"
    }
    assert {"ar", "en"} == found["نفيديا"]["why"].keys()
    piped = asked(folder, "terms", "suggest", "Nvidia", "--corpus", "-", "--language", "ar", stdin=corpus)
    assert {"إنفيديا", "نفيديا"} <= {line.split("\t")[4] for line in piped.stdout.splitlines()}
    nobody = asked(folder, "terms", "suggest", "Samsung", "--corpus", str(path))
    assert (0, "no new spelling of Samsung\n") == (nobody.exit_code, nobody.stderr)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"{not json", id="not JSON"),
        pytest.param(b"[1]", id="no object"),
        pytest.param(b'{"title": "x"}', id="no text"),
        pytest.param(b'{"text": 7}', id="a number for a text"),
        pytest.param(b'{"text": null}', id="null for a text"),
        pytest.param('{"text": "هواوي"}'.encode("cp1256"), id="not UTF-8"),
    ],
)
def test_suggest_names_the_line_that_it_cannot_read(folder: Path, line: bytes, tmp_path: Path) -> None:
    """A usage error with the file and the line, and nothing is shown."""
    path = tmp_path / "corpus.jsonl"
    path.write_bytes('{"text": "تبيع هواوي هواتف"}\n\n'.encode() + line + b"\n")
    done = asked(folder, "terms", "suggest", "Huawei", "--corpus", str(path))
    assert 2 == done.exit_code
    assert 'corpus.jsonl:3: not a JSON object with "text", in UTF-8' in done.stderr
    assert "" == done.stdout


# ── the whole way, on the press ───────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DemoServer, Path]]:
    """A served press and its config folder, collected and digested once."""
    with serve(load(ARTICLES, utc_now().replace(microsecond=0))) as server:
        folder = write_config(tmp_path_factory.mktemp("press"), server.url)
        done = told(folder, "run", "--all")
        assert 0 == done.returncode, done.stderr
        yield server, folder


@pytest.mark.xdist_group("press")
def test_explain_fetches_a_page(ran: tuple[DemoServer, Path]) -> None:
    """The page of the press as a collect reads it; of one that is not there the address and the reason."""
    server, folder = ran
    written = next(one for one in server.press.articles if "إنفيديا" in one.title)
    done = told(folder, "explain", server.url + written.path, "--term", "nvidia")
    assert 0 == done.returncode, done.stderr
    assert "✓ matched   nvidia        title" in done.stdout
    assert done.stderr.startswith(server.url + written.path)
    missing = told(folder, "explain", f"{server.url}/naba/2026/01/nothing/")
    assert 1 == missing.returncode
    assert "404" in missing.stderr
    assert "Traceback" not in missing.stderr


@pytest.mark.xdist_group("press")
def test_a_changed_list_comes_into_the_next_digest(ran: tuple[DemoServer, Path]) -> None:
    """What a back-test says is gained, the next run finds in the archive, and the digest marks it."""
    _, folder = ran
    path = folder / "watchlists" / "chips.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "\n  - {id: washington, label: واشنطن, forms: [واشنطن]}\n", encoding="utf-8")
    shown = json.loads(asked(folder, "backtest", "chips", "--json", "--samples", "1000").stdout)
    gained = shown["terms"]["washington"]["gained"]
    assert 0 < gained == shown["terms"]["washington"]["matched"]
    assert {("washington", gained, 0)} == {
        (name, one["gained"], one["lost"])
        for name, one in shown["terms"].items()
        if one["gained"] or one["lost"]
    }
    with open_store(f"sqlite:///{folder.parent}/rasid.sqlite") as store:
        everything = store.archived(store.recent_ids(None, 0, 1000))
    assert shown["read"] < shown["archive"] == len(everything)
    listed = Matcher([term for term in parsed(path) if term.id == "washington"])
    assert [
        (one.id, mention.start) for one in everything for mention in listed.find(one.text, one.title)
    ] == [(one["article"], one["start"]) for one in shown["terms"]["washington"]["gained_samples"]]

    run = told(folder, "run", "--all")
    assert 0 == run.returncode, run.stderr
    articles = shown["terms"]["washington"]["articles"]
    line = f"archive    chips changed (washington): {articles} articles read again, {gained} mentions gained, 0 lost"
    assert line in run.stdout
    assert "reread" in run.stdout
    preview = asked(folder, "digest", "preview", "analysts", "--format", "text").stdout
    assert "عُثر عليه بعد تعديل قائمة الرصد" in preview
    again = json.loads(asked(folder, "backtest", "chips", "--json").stdout)
    assert (again["version"], 0) == (again["against"], again["terms"]["washington"]["gained"])


def parsed(path: Path) -> tuple[Term, ...]:
    """The terms of a list."""
    return parse_watchlist(path.read_text(encoding="utf-8"), path.name).terms
