"""Warnings about watchlists that an archive counts, on real databases; none is made, none is changed."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rasid.app.advice import _written, advise_all, advise_from_archive
from rasid.app.context import load_config
from rasid.config import parse_watchlist
from rasid.config.advice import lists_of
from rasid.matching.compiling import bases, phrases
from rasid.vocabulary import common_words
from storage import open_store
from tests.storage.builders import article, stored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage import Store

ROOT = Path(__file__).resolve().parents[2]
FILE = "watchlists/firms.yaml"


def filled(store: Store, texts: Iterable[str]) -> None:
    """Store an article of each text."""
    for text in texts:
        stored(store, article(title="خبر", text=text))


def told(store: Store, forms: str) -> list[str]:
    """What a term of these forms is warned of."""
    text = f"name: شركات\nterms:\n  - {{id: firm, label: شركة, forms: {forms}}}\n"
    lists = lists_of([parse_watchlist(text, FILE)], {FILE: text})
    return [str(advice) for advice in advise_from_archive(lists, store)]


# ── counted ───────────────────────────────────────────────────────────────────────────────────────


def test_cues_that_never_met_their_form_are_named(store: Store) -> None:
    """Met: with clitics and endings, in title or text, phrases in parts; unmet: elsewhere, or nowhere at all."""
    filled(store, ["أعلنت سيليكا عن الرقائق"] * 10 + ["وصلت شركتها ولسيليكا مركز للبيانات"] * 10)
    filled(store, ["ارتفع السوق والنفط", "قالت ERNIE شيئا"])
    cues = "[شركة, رقائق, مركز بيانات, خبر, سوق, Ernie, مركز نفط, معدوم]"
    (warning,) = told(store, f"[{{form: سيليكا, near: {cues}}}]")
    unmet = "سوق, Ernie, مركز نفط, معدوم; remove them if they were guesses"
    never = "4 of 8 near cues of «سيليكا» never met it in 20 articles"
    assert f"{FILE}:3: warning: firm: {never}: {unmet}" == warning


def test_a_list_is_judged_by_all_its_spellings(store: Store) -> None:
    """A cue that any of them met is no guess, be it one of several words; together they have the articles needed."""
    filled(store, ["أعلنت سيليكا عن سوق"] * 11 + ["Silica في مصنع"] * 9 + ["نور تك ومتجر"])
    first = "{form: سيليكا, near: &cues [سوق, مصنع, متجر, معدوم]}"
    (warning,) = told(store, f"[{first}, {{form: Silica, near: *cues}}, {{form: نور تك, near: *cues}}]")
    assert "1 of 4 near cues of «سيليكا», «Silica», «نور تك» never met it in 20 articles: معدوم;" in warning


def test_few_articles_tell_nothing(store: Store) -> None:
    """In 19 a cue may be missing by chance; the same article is not counted for each of its spellings."""
    filled(store, ["سيليكا وسيليكا ولسيليكا"] * 19 + ["خبر آخر"] * 5)
    assert [] == told(store, "[{form: سيليكا, near: [معدوم]}]")


def test_common_words_are_counted_in_the_archive(sqlite_url: str) -> None:
    """Each article once, however often and with whatever clitics it holds the word."""
    with open_store(sqlite_url) as store:
        filled(store, ["الصحة والصحة لصحة"] * 12 + ["خبر عن سيليكا"] * 188)
        common, subject = told(store, "[صحة, سيليكا, هواوي]")
    assert "«صحة» is a common word: it stands in this archive in 12 of 200 articles;" in common
    assert "«سيليكا» is a common word: it stands in this archive in 188 of 200 articles;" in subject


def test_a_cues_words_are_those_that_the_matcher_takes() -> None:
    """Over the common words of the press: no word too few, none too many."""
    vocabulary = sorted(common_words())
    for cue in ("شركة", "معالج", "بيانات", "الرئيس", "كم", "سوق"):
        (part,) = phrases([cue])[0].parts
        assert {word for word in vocabulary if part in bases(word)} == set(_written(part, vocabulary))


# ── with and without a database ───────────────────────────────────────────────────────────────────


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's config folder with one list of a common word; its database would be archive.sqlite beside it."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.setenv("RASID_TEST_DATABASE", f"sqlite:///{tmp_path / 'archive.sqlite'}")
    settings = tmp_path / "config" / "settings.yaml"
    lines = settings.read_text(encoding="utf-8").splitlines()
    kept = ["database: ${RASID_TEST_DATABASE}" if line.startswith("database:") else line for line in lines]
    settings.write_text("\n".join(kept), encoding="utf-8")
    text = "name: صحف\nterms:\n  - {id: media, label: صحف, forms: [صحة]}\n"
    (tmp_path / "config" / "watchlists" / "chips.yaml").write_text(text, encoding="utf-8")
    return tmp_path / "config"


def checked(folder: Path) -> tuple[str, list[str]]:
    """The one warning about the folder, and the notes that came with it."""
    notes: list[str] = []
    (advice,) = advise_all(folder, load_config(folder), notes.append)
    assert str(folder / "watchlists" / "chips.yaml") == advice.file
    return str(advice), notes


def test_without_a_database_the_press_is_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is made and nothing is said of it, nor where the database's address is not set on this machine."""
    before = sorted(folder.parent.iterdir())
    warning, notes = checked(folder)
    assert "articles of the Arabic press" in warning
    assert [] == notes
    monkeypatch.delenv("RASID_TEST_DATABASE")
    assert (warning, []) == checked(folder)
    assert before == sorted(folder.parent.iterdir())


def test_with_a_database_the_archive_is_counted(folder: Path, sqlite_url: str) -> None:
    """The one that the settings name."""
    with open_store(sqlite_url) as store:
        filled(store, ["الصحة"] * 200)
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), folder.parent / "archive.sqlite")
    warning, notes = checked(folder)
    assert "in this archive in 200 of 200 articles" in warning
    assert [] == notes


def test_an_old_database_is_left_as_it_is(folder: Path) -> None:
    """Its tables are not those of this version: it is not migrated, and a note says what to do."""
    path = folder.parent / "archive.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE articles (id INTEGER PRIMARY KEY)")
    connection.close()
    warning, (note,) = checked(folder)
    assert "articles of the Arabic press" in warning
    assert "the archive was not asked" in note
    assert "`rasid run` migrates them" in note
    with sqlite3.connect(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    assert [("articles",)] == tables


def test_a_damaged_database_is_a_note(folder: Path) -> None:
    """The warnings come all the same."""
    (folder.parent / "archive.sqlite").write_bytes(b"no database at all, " * 100)
    warning, (note,) = checked(folder)
    assert "articles of the Arabic press" in warning
    assert "damaged" in note


def test_the_default_watchlist_needs_no_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator who begins with it begins without noise; of an archive that is here nothing is asked."""
    monkeypatch.chdir(tmp_path)
    folder = ROOT / "config"
    notes: list[str] = []
    assert [] == [str(advice) for advice in advise_all(folder, load_config(folder), notes.append)]
    assert [] == notes
