"""`rasid export`: what people and their programs get."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner
from clitools import rasid

from rasid.cli import cli
from rasid.cli.export import guarded
from rasid.cli.output import utc_now
from storage import open_store
from tests.storage.builders import article, mention, stored

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Export = Callable[..., Result]

FORMULA = '=HYPERLINK("https://evil.example","إنفيديا")'
COLUMNS = [
    *(
        "article",
        "url",
        "outlet",
        "title",
        "published",
        "first_seen",
        "language",
        "relation",
        "original",
        "story",
    ),
    *("term", "watchlist", "form", "text", "field", "start", "end", "status", "why", "sentence"),
]


@pytest.fixture
def export(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Export:
    """`rasid export …` on four mentions: a matched and an uncertain one, one ten days old, one in a copy."""
    monkeypatch.chdir(folder.parent)
    now = utc_now().replace(microsecond=0) - timedelta(hours=1)
    old = now - timedelta(days=10)
    (folder.parent / "var").mkdir()
    with open_store("sqlite:///var/rasid.sqlite") as opened:
        opened.migrate()
        stored(
            opened,
            article(title=FORMULA, published=now, first_seen=now, outlet="@مدار"),
            mention(),
            mention("huawei", "uncertain", 9),
        )
        stored(opened, article(published=old, first_seen=old), mention("huawei"))
        stored(opened, article(published=now, first_seen=now), mention(), relation="exact", original=1)

    def run(*words: str) -> Result:
        return CliRunner().invoke(
            cli, ["--config", str(folder), "export", *words], standalone_mode=False, catch_exceptions=False
        )

    return run


def rows(result: Result) -> list[dict[str, str]]:
    """The CSV of a run."""
    return list(csv.DictReader(io.StringIO(result.stdout_bytes.decode(), newline="")))


def test_mentions_are_csv_with_the_documented_columns(export: Export) -> None:
    """One row a matched mention, in UTF-8 without a mark, copies left out; how many is told on stderr."""
    result = export("mentions")
    assert 0 == (result.exit_code or 0)
    assert COLUMNS == next(csv.reader(io.StringIO(result.stdout_bytes.decode())))
    assert [("1", "nvidia", "chips"), ("2", "huawei", "chips")] == [
        (row["article"], row["term"], row["watchlist"]) for row in rows(result)
    ]
    assert "2 mentions\n" == result.stderr


def test_no_cell_is_a_formula(export: Export) -> None:
    """A title that a spreadsheet would run begins with an apostrophe; the rest of it is as it was."""
    first = rows(export("mentions"))[0]
    assert (f"'{FORMULA}", "'@مدار") == (first["title"], first["outlet"])
    assert not [
        value for row in rows(export("mentions")) for value in row.values() if value[:1] in "=+-@" and value
    ]


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_what_begins_a_formula_is_guarded(beginning: str) -> None:
    """Every beginning that is known to be run; numbers and other texts stay what they are."""
    assert f"'{beginning}1+1" == guarded(f"{beginning}1+1")
    assert ("إنفيديا = 1", 7, None, "") == tuple(map(guarded, ("إنفيديا = 1", 7, None, "")))


def test_json_lines_hold_texts_as_they_are(export: Export) -> None:
    """Numbers are numbers, nothing is guarded, Arabic is Arabic."""
    result = export("mentions", "--format", "jsonl")
    first = json.loads(result.stdout.splitlines()[0])
    assert COLUMNS == list(first)
    assert (1, FORMULA, None, 0, 7) == tuple(
        first[name] for name in ("article", "title", "original", "start", "end")
    )
    assert "إنفيديا" in result.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--status", "all"], [("1", "nvidia"), ("1", "huawei"), ("2", "huawei")]),
        (["--status", "uncertain"], [("1", "huawei")]),
        (["--copies"], [("1", "nvidia"), ("2", "huawei"), ("3", "nvidia")]),
        (["--since", "7d"], [("1", "nvidia")]),
        (["--until", "7d"], [("2", "huawei")]),
        (["--term", "nvidia"], [("1", "nvidia")]),
        (
            ["--watchlist", "chips", "--term", "huawei", "--term", "nvidia"],
            [("1", "nvidia"), ("2", "huawei")],
        ),
    ],
)
def test_options_narrow_what_is_exported(
    export: Export, words: list[str], expected: list[tuple[str, str]]
) -> None:
    """By status, time, term, list, and copies."""
    assert expected == [(row["article"], row["term"]) for row in rows(export("mentions", *words))]


def test_excel_gets_a_byte_order_mark(export: Export) -> None:
    """With --excel the file begins with the mark by which Excel knows UTF-8."""
    assert export("mentions", "--excel").stdout_bytes.startswith(b"\xef\xbb\xbfarticle,url")


def test_a_file_is_written_and_told(export: Export, tmp_path: Path) -> None:
    """-o writes the same bytes to a file, and says how many mentions there are."""
    shown = export("mentions").stdout_bytes
    result = export("mentions", "-o", str(tmp_path / "out.csv"))
    assert (b"", shown) == (result.stdout_bytes, (tmp_path / "out.csv").read_bytes())
    assert f"2 mentions written to {tmp_path / 'out.csv'}\n" == result.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--term", "nvidea"], "no term nvidea; there are: nvidia, h20, huawei, kunlun"),
        (["--watchlist", "cars"], "no watchlist cars; there are: chips"),
        (["--since", "yesterday"], "'yesterday' is no time"),
        (["--excel", "--format", "jsonl"], "--excel is for --format csv"),
    ],
)
def test_what_cannot_be_meant_is_refused(export: Export, words: list[str], told: str) -> None:
    """The message names what there is, or what to write."""
    with pytest.raises(click.UsageError) as caught:
        export("mentions", *words)
    assert told in str(caught.value)


def test_a_reader_that_has_seen_enough_is_no_error(export: Export, folder: Path) -> None:
    """`rasid export mentions | head -1` ends without a word."""
    now = utc_now()
    with open_store("sqlite:///var/rasid.sqlite") as opened:
        for _ in range(100):
            stored(opened, article(title="عنوان " * 200, published=now, first_seen=now), *[mention()] * 20)
    with subprocess.Popen(
        [sys.executable, "-m", "rasid.cli", "--config", str(folder), "export", "mentions"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"article,")
        process.stdout.close()
        assert b"" == process.stderr.read()
    assert 0 == process.returncode


def test_feeds_are_written_to_a_folder(export: Export, folder: Path, tmp_path: Path) -> None:
    """From a shell: the paths on stdout, the sum on stderr; a story that is not there is an error."""
    result = rasid("--config", str(folder), "export", "feeds", "out", "--story", "1", cwd=folder.parent)
    names = ["chips.rss", "chips.atom", "chips.json", "stories/1.rss", "stories/1.atom", "stories/1.json"]
    assert [f"out/{name}" for name in [*names, "index.html"]] == result.stdout.splitlines()
    assert "7 files written to out\n" == result.stderr
    assert (tmp_path / "out" / "chips.atom").read_bytes().startswith(b"<?xml")
    missing = rasid("--config", str(folder), "export", "feeds", "out", "--story", "9", cwd=folder.parent)
    assert (1, "rasid: there is no story 9; `rasid stories list` shows their ids\n") == (
        missing.returncode,
        missing.stderr,
    )


def test_a_base_that_is_no_address_is_refused(export: Export, tmp_path: Path) -> None:
    """Feeds must not say that they are at a place that no reader can ask."""
    with pytest.raises(click.UsageError, match="is no web address"):
        export("feeds", str(tmp_path / "out"), "--base", "javascript:alert(1)")
