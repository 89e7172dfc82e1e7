"""`rasid terms`: what is written, and that nothing is written where it should not be."""

from __future__ import annotations

import json
import os
import pty
import resource
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from clitools import rasid

from rasid.app.context import load_config
from rasid.cli.editing import _Change, _write
from rasid.errors import RasidError
from rasid.types import Article, Fingerprint, Mention, Reason, StoryChoice, Verdict
from storage import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from storage import Store

    Terms = Callable[..., Result]

SUBSCRIPTIONS = """\
subscriptions:
  - id: analysts
    name: نشرة
    terms: [h20, nvidia] # اثنان
    schedule: daily 07:00
    channels: [{file: out}]
"""


def changed(diff: str) -> list[str]:
    """The lines that a diff takes and gives."""
    return [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]


# ── add ───────────────────────────────────────────────────────────────────────────────────────────


def test_add_writes_one_line_and_shows_it(folder: Path, chips: Path) -> None:
    """From a shell: the diff is the one line; the file has it, keeps its mode, and `rasid check` is content."""
    chips.chmod(0o640)
    before = chips.read_text(encoding="utf-8")
    words = ["terms", "add", "nvidia", "إنڤيدياء", "--near", "سهم", "--near", "شركة", "--within", "4"]
    done = rasid("--config", str(folder), *words, cwd=folder.parent)
    assert 0 == done.returncode, done.stderr
    line = "      - {form: إنڤيدياء, near: [سهم, شركة], within: 4}"
    assert [f"+{line}"] == changed(done.stdout)
    assert "\x1b" not in done.stdout
    assert [line] == [
        text for text in chips.read_text(encoding="utf-8").splitlines() if text not in before.splitlines()
    ]
    assert 0o640 == chips.stat().st_mode & 0o777
    assert ["chips.yaml"] == [path.name for path in chips.parent.iterdir()]
    assert 0 == rasid("--config", str(folder), "check", cwd=folder.parent).returncode
    assert not (folder.parent / "var").exists()


def test_a_dry_run_writes_nothing(terms: Terms, chips: Path) -> None:
    """The diff is the same, the file is as it was."""
    before = chips.read_bytes()
    done = terms("add", "h20", "H-عشرون", "--code", "--dry-run")
    assert (0, ["+      - H-عشرون"]) == (done.exit_code, changed(done.stdout))
    assert before == chips.read_bytes()


def test_bytes_of_other_editors_stay(terms: Terms, chips: Path) -> None:
    """A byte order mark and CRLF come out as they went in."""
    before = b"\xef\xbb\xbf" + chips.read_bytes().replace(b"\n", b"\r\n")
    chips.write_bytes(before)
    assert 0 == terms("add", "nvidia", "NVIDA-X").exit_code
    after = chips.read_bytes()
    assert before == after.replace(b"      - NVIDA-X\r\n", b"")
    assert before != after


def test_a_new_term_needs_a_label_and_a_list(terms: Terms, firms: Path) -> None:
    """What is missing is a usage error; then the term stands at the end of the list that was named."""
    before = firms.read_bytes()
    for words, says in (
        (["intel", "Intel"], "--label"),
        (["intel", "Intel", "--label", "إنتل"], "--list NAME; there are: chips, firms"),
        (["intel", "Intel", "--label", "إنتل", "--list", "firm"], "no list 'firm'"),
        (["intel", "--label", "إنتل", "--list", "firms"], "at least one spelling"),
        (["amd", "AMDX", "--list", "chips"], "stands in the list 'firms'"),
        (["amd", "AMDX", "--importance", "3"], "firms.yaml:3"),
        (["h20", "HZO", "--lookalike"], "--near"),
    ):
        done = terms("add", *words)
        assert (2, "") == (done.exit_code, done.stdout), words
        assert says in done.stderr
    assert before == firms.read_bytes()
    options = ["--label", "إنتل", "--label-en", "Intel", "--importance", "3", "--list", "firms"]
    done = terms("add", "intel", "إنتل", "Intel", *options)
    assert 0 == done.exit_code, done.stderr
    assert ["intel", "firms", "3", "2"] == terms("list").stdout.splitlines()[-1].split("\t")[:4]


def test_what_check_would_refuse_is_not_written(terms: Terms, chips: Path) -> None:
    """A wrong form, cues that make no sense: exit code 3 with the reason."""
    before = chips.read_bytes()
    for words, says in (
        (["ا"], "shorter than 2 letters"),
        (["إنفديياء", "--within", "3"], "'within' says how far 'near' may be"),
    ):
        done = terms("add", "nvidia", *words)
        assert 3 == done.exit_code, words
        assert says in done.stderr
        assert "nothing written" in done.stderr
    assert before == chips.read_bytes()


def test_an_example_that_would_fail_stops_the_edit(terms: Terms, chips: Path) -> None:
    """A form that is found in a `skip` sentence is refused with that sentence; exit code 1."""
    before = chips.read_bytes()
    done = terms("add", "nvidia", "المكتب")
    assert 1 == done.exit_code
    assert "nvidia: expected no match, got «انتخب المكتب التنفيدي رئيسا»" in done.stderr
    assert before == chips.read_bytes()


def test_an_example_that_failed_before_does_not_stop_its_remedy(terms: Terms, chips: Path) -> None:
    """Of two sentences that are not found, the edit mends one: it is written; so is a new id of the term."""
    failing = "      match:\n        - زارت المعرض شركة زغربط\n        - زارت المعرض شركة قثردم\n"
    text = chips.read_text(encoding="utf-8")
    chips.write_text(text.replace("      match:\n", failing, 1), encoding="utf-8")
    assert 0 == terms("add", "nvidia", "زغربط").exit_code
    assert "- زغربط" in chips.read_text(encoding="utf-8")
    assert 0 == terms("rename", "nvidia", "nv").exit_code


def test_a_twin_is_refused_at_its_line(terms: Terms, chips: Path) -> None:
    """file:line of the spelling that Rasid reads alike."""
    line = chips.read_text(encoding="utf-8").splitlines().index("    forms: [هواوي, هوّاي,") + 1
    done = terms("add", "huawei", "هواوى")
    assert (1, "") == (done.exit_code, done.stdout)
    assert f"{chips}:{line}: 'هواوى' is there already as 'هواوي'" in done.stderr


# ── remove ────────────────────────────────────────────────────────────────────────────────────────


def test_remove_takes_a_spelling(terms: Terms) -> None:
    """One line; no question."""
    done = terms("remove", "huawei", "Hawei")
    assert (0, ["-      Huawei, Hawei]", "+      Huawei]"]) == (done.exit_code, changed(done.stdout)), (
        done.stderr
    )


def test_a_whole_term_goes_only_when_it_is_meant(terms: Terms, chips: Path) -> None:
    """Asked first: «n» keeps it, «y» and --yes do not."""
    before = chips.read_bytes()
    done = terms("remove", "kunlun", stdin="n\n")
    assert 1 == done.exit_code
    assert "nothing written" in done.stderr
    assert before == chips.read_bytes()
    assert 0 == terms("remove", "kunlun", stdin="y\n").exit_code
    assert 0 == terms("remove", "huawei", "--yes").exit_code
    assert ["nvidia", "h20"] == [row["id"] for row in json.loads(terms("list", "--json").stdout)]


def test_a_whole_term_stays_where_nobody_answers(folder: Path, chips: Path) -> None:
    """From a script, without standard input: the question is told, nothing is written."""
    before = chips.read_bytes()
    done = rasid("--config", str(folder), "terms", "remove", "kunlun", cwd=folder.parent)
    assert 1 == done.returncode
    assert "remove the term 'kunlun' (كونلون)" in done.stderr
    assert "nothing written; --yes answers" in done.stderr
    assert before == chips.read_bytes()


def test_a_term_that_a_subscription_names_stays(terms: Terms, folder: Path, chips: Path) -> None:
    """The reference is told with its line; nothing is asked or written."""
    (folder / "subscriptions.yaml").write_text(SUBSCRIPTIONS, encoding="utf-8")
    before = chips.read_bytes()
    done = terms("remove", "h20", "--yes")
    assert 3 == done.exit_code
    assert f"{folder / 'subscriptions.yaml'}:4: unknown term 'h20'" in done.stderr
    assert before == chips.read_bytes()


# ── rename ────────────────────────────────────────────────────────────────────────────────────────


def test_rename_changes_every_file_that_names_the_term(terms: Terms, folder: Path) -> None:
    """The list and subscriptions.yaml, one line each; no database is made for it."""
    (folder / "subscriptions.yaml").write_text(SUBSCRIPTIONS, encoding="utf-8")
    done = terms("rename", "h20", "hopper20")
    assert 0 == done.exit_code, done.stderr
    assert [
        "-  - id: h20",
        "+  - id: hopper20",
        "-    terms: [h20, nvidia] # اثنان",
        "+    terms: [hopper20, nvidia] # اثنان",
    ] == changed(done.stdout)
    config = load_config(folder)
    assert ("hopper20" in config.terms, "h20" in config.terms) == (True, False)
    assert not (folder.parent / "var").exists()


@pytest.mark.usefixtures("firms")
def test_a_rename_that_would_merge_terms_is_refused(terms: Terms, chips: Path) -> None:
    """An id that another term has, in this list or another, and an id that is none."""
    before = chips.read_bytes()
    for new, code in (("nvidia", 1), ("amd", 3), ("Bad Id", 3)):
        assert code == terms("rename", "h20", new).exit_code
    assert 1 == terms("rename", "nothing", "else").exit_code
    assert before == chips.read_bytes()


def test_rename_renames_the_archives_mentions(terms: Terms, folder: Path) -> None:
    """Those of the old id and no others; the same command again finishes what a database had refused."""
    path = folder.parent / "var" / "rasid.sqlite"
    path.parent.mkdir()
    path.write_bytes("ليس قاعدة بيانات\n".encode() * 100)
    done = terms("rename", "h20", "hopper20")
    assert 1 == done.exit_code
    assert "`rasid terms rename h20 hopper20` again finishes it" in done.stderr
    assert "hopper20" in load_config(folder).terms
    path.unlink()
    url = f"sqlite:///{path}"
    with open_store(url) as store:
        store.migrate()
        article = stored(store, "h20", "nvidia")
    assert "mentions renamed in the archive: 1" in terms("rename", "h20", "hopper20").stderr
    with open_store(url) as store:
        assert ["hopper20", "nvidia"] == [mention.term for mention in store.mentions(article)]


def stored(store: Store, *terms: str) -> int:
    """An article that mentions each of some terms; gives its id."""
    now, why = datetime(2026, 3, 1, tzinfo=UTC), Reason("سبب", "reason")
    article = Article("https://a.example/1", "tech", "موقع", "خبر", "نص الخبر", None, now, now, "ar")
    mentions = [
        Mention(term, "text", at, at + 2, "نص", "matched", "نص", why) for at, term in enumerate(terms)
    ]
    judged = Verdict("new", None, 0.0, why), StoryChoice(None, 0.0, (), why)
    versions = dict.fromkeys(terms, "v1")
    row = store.store_article(
        None,
        article,
        Fingerprint("0" * 32, (), 2),
        lambda _candidates, _newer: judged,
        {},
        mentions,
        versions,
        now,
    )
    return row.id


# ── writing ───────────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    """Neither it nor the other file of the edit is written, and no temporary file stays."""
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_bytes(b"a: 1\n")
    two.write_bytes("b: جديد\n".encode())
    edit = [_Change("one.yaml", one, "a: 1\n", "a: 2\n"), _Change("two.yaml", two, "b: 1\n", "b: 2\n")]
    with pytest.raises(RasidError, match=r"two\.yaml changed meanwhile"):
        _write(edit)
    assert {"one.yaml": "a: 1\n", "two.yaml": "b: جديد\n"} == {
        path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()
    }


def test_a_link_keeps_pointing_to_its_file(tmp_path: Path) -> None:
    """The file that a link in the config folder names is written, in its own folder."""
    (tmp_path / "shared").mkdir()
    real, link = tmp_path / "shared" / "real.yaml", tmp_path / "link.yaml"
    real.write_bytes(b"a: 1\n")
    link.symlink_to(real)
    _write([_Change("link.yaml", link, "a: 1\n", "a: 2\n")])
    assert link.is_symlink()
    assert b"a: 2\n" == real.read_bytes()


def test_a_disk_that_refuses_leaves_no_half_file(tmp_path: Path) -> None:
    """Where a file may not grow, the old text stays and the temporary file goes."""
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\n")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3, hard))
    try:
        with pytest.raises(RasidError, match="the config folder must be writable"):
            _write([_Change("a.yaml", path, "a: 1\n", "a: 2\n")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path: b"a: 1\n"} == {left: left.read_bytes() for left in tmp_path.iterdir()}


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_terminal_gets_colours_unless_it_wants_none(folder: Path, no_color: str, coloured: bool) -> None:
    """Green for what comes, nothing with NO_COLOR."""
    master, slave = pty.openpty()
    words = ["--config", str(folder), "terms", "add", "h20", "H-21", "--dry-run"]
    command = [sys.executable, "-m", "rasid.cli", *words]
    environment = os.environ | {"TERM": "xterm-256color", "NO_COLOR": no_color}
    subprocess.run(command, stdout=slave, stderr=subprocess.DEVNULL, env=environment, check=True, timeout=60)
    os.close(slave)
    shown = b""
    try:
        while chunk := os.read(master, 65536):
            shown += chunk
    except OSError:  # the other end is closed and all is read
        pass
    os.close(master)
    assert b"- H-21" in shown
    assert coloured == (b"\x1b[32m" in shown)
