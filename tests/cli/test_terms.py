"""`rasid terms`: what is shown, what is written, and that nothing is written where it should not be."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from clitools import rasid

from rasid.cli.terms import _Change, _write
from rasid.errors import RasidError
from rasid.types import Article, Fingerprint, Mention, Reason, StoryChoice, Verdict
from storage import open_store

if TYPE_CHECKING:
    from storage import Store

ROOT = Path(__file__).resolve().parents[2]

CHIPS = """\
# قائمة رصد
name: رقائق
terms:
  - id: nvidia
    label: إنفيديا
    importance: 3
    forms:
      - إنفيديا # الأشيع
      - Nvidia
    examples:
      match:
        - افتتحت إنفيديا مكتبا جديدا
      skip:
        - انتخب المكتب التنفيدي رئيسا

  - id: h20
    label: H20
    codes:
      - H20
      - {form: إتش 20, unless: [جي, بي]}
    lookalikes:
      - {form: H2O, near: [إنفيديا, معالج], within: 6}
    near: [رقائق, شريحة]
    unless: [الحافلة]
    examples:
      skip: [تنطلق الحافلة رقم H20 من الميدان]

  - id: huawei
    label: هواوي
    forms: [هواوي, هوّاي,
      Huawei, Hawei]

  - {id: kunlun, label: كونلون, forms: [كونلون]}
"""
FIRMS = """\
name: شركات
terms:
  - {id: amd, label: إيه إم دي, forms: [AMD]}
"""
SUBSCRIPTIONS = """\
subscriptions:
  - id: analysts
    name: نشرة
    terms: [h20, nvidia] # اثنان
    schedule: daily 07:00
    channels: [{file: out}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project's own config folder with a small list; its database would be beside it."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "config" / "watchlists" / "chips.yaml").write_text(CHIPS, encoding="utf-8")
    return tmp_path / "config"


@pytest.fixture
def chips(folder: Path) -> Path:
    """Its watchlist."""
    return folder / "watchlists" / "chips.yaml"


def terms(folder: Path, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    """`rasid terms …` on a config folder."""
    return rasid("--config", str(folder), "terms", *words, cwd=folder.parent, stdin=stdin)


def changed(diff: str) -> list[str]:
    """The lines that a diff takes and gives."""
    return [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def test_list_counts_what_each_term_has(folder: Path) -> None:
    """One row a term, the label last; the same as JSON."""
    (folder / "watchlists" / "firms.yaml").write_text(FIRMS, encoding="utf-8")
    rows = [line.split("\t") for line in terms(folder, "list").stdout.splitlines()]
    assert [
        "term",
        "list",
        "importance",
        "forms",
        "codes",
        "lookalikes",
        "cues",
        "examples",
        "label",
    ] == rows[0]
    assert ["nvidia", "h20", "huawei", "kunlun", "amd"] == [row[0] for row in rows[1:]]
    assert ["amd", "firms", "2", "1", "0", "0", "0", "0", "إيه إم دي"] == rows[-1]
    h20 = json.loads(terms(folder, "list", "--json").stdout)[1]
    assert ("h20", "chips", 0, 2, 1) == tuple(
        h20[key] for key in ("id", "watchlist", "forms", "codes", "lookalikes")
    )


def test_show_tells_where_a_term_stands(folder: Path, chips: Path) -> None:
    """file:line of the id, each spelling with its cues, the examples with their lines; as JSON too."""
    line = CHIPS.splitlines().index("  - id: h20") + 1
    shown = terms(folder, "show", "h20").stdout.splitlines()
    assert f"h20: {chips}:{line}" == shown[0]
    assert any(text.startswith("code: إتش 20 · near: رقائق, شريحة · unless: جي, بي") for text in shown)
    assert any(text.startswith("lookalike: H2O · near within 6 words: إنفيديا, معالج") for text in shown)
    assert f"{chips}:" in next(text for text in shown if "الحافلة رقم H20" in text)
    told = json.loads(terms(folder, "show", "h20", "--json").stdout)
    assert (line, str(chips), "h20") == (told["line"], told["file"], told["id"])
    missing = terms(folder, "show", "nvida")
    assert (1, "") == (missing.returncode, missing.stdout)
    assert "did you mean 'nvidia'" in missing.stderr


# ── add ───────────────────────────────────────────────────────────────────────────────────────────


def test_add_writes_one_line_and_shows_it(folder: Path, chips: Path) -> None:
    """The diff on stdout is the one line; the file has it, keeps its mode, and `rasid check` is content."""
    chips.chmod(0o640)
    before = chips.read_text(encoding="utf-8")
    done = terms(folder, "add", "nvidia", "إنڤيدياء", "--near", "سهم", "--near", "شركة", "--within", "4")
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


def test_a_dry_run_writes_nothing(folder: Path, chips: Path) -> None:
    """The diff is the same, the file is as it was."""
    before = chips.read_bytes()
    done = terms(folder, "add", "h20", "H-عشرون", "--code", "--dry-run")
    assert (0, ["+      - H-عشرون"]) == (done.returncode, changed(done.stdout))
    assert before == chips.read_bytes()


def test_bytes_of_other_editors_stay(folder: Path, chips: Path) -> None:
    """A byte order mark and CRLF come out as they went in."""
    before = b"\xef\xbb\xbf" + chips.read_bytes().replace(b"\n", b"\r\n")
    chips.write_bytes(before)
    assert 0 == terms(folder, "add", "nvidia", "NVIDA-X").returncode
    after = chips.read_bytes()
    assert before == after.replace(b"      - NVIDA-X\r\n", b"")
    assert before != after


def test_a_new_term_needs_a_label_and_a_list(folder: Path) -> None:
    """What is missing is a usage error; then the term stands at the end of the list that was named."""
    (folder / "watchlists" / "firms.yaml").write_text(FIRMS, encoding="utf-8")
    for words, says in (
        (["intel", "Intel"], "--label"),
        (["intel", "Intel", "--label", "إنتل"], "--list NAME; there are: chips, firms"),
        (["intel", "Intel", "--label", "إنتل", "--list", "firm"], "no list 'firm'"),
        (["intel", "--label", "إنتل", "--list", "firms"], "at least one spelling"),
        (["amd", "AMDX", "--list", "chips"], "stands in the list 'firms'"),
        (["amd", "AMDX", "--importance", "3"], "firms.yaml:3"),
        (["h20", "HZO", "--lookalike"], "--near"),
    ):
        done = terms(folder, "add", *words)
        assert (2, "") == (done.returncode, done.stdout), words
        assert says in done.stderr
    assert FIRMS == (folder / "watchlists" / "firms.yaml").read_text(encoding="utf-8")
    options = ["--label", "إنتل", "--label-en", "Intel", "--importance", "3", "--list", "firms"]
    done = terms(folder, "add", "intel", "إنتل", "Intel", *options)
    assert 0 == done.returncode, done.stderr
    assert ["intel", "firms", "3", "2"] == terms(folder, "list").stdout.splitlines()[-1].split("\t")[:4]


def test_what_check_would_refuse_is_not_written(folder: Path, chips: Path) -> None:
    """A wrong form, cues that make no sense: exit code 3 with the reason."""
    before = chips.read_bytes()
    for words, says in (
        (["ا"], "shorter than 2 letters"),
        (["إنفديياء", "--within", "3"], "'within' says how far 'near' may be"),
    ):
        done = terms(folder, "add", "nvidia", *words)
        assert 3 == done.returncode, words
        assert says in done.stderr
        assert "nothing written" in done.stderr
    assert before == chips.read_bytes()


def test_an_example_that_would_fail_stops_the_edit(folder: Path, chips: Path) -> None:
    """A form that is found in a `skip` sentence is refused with that sentence; exit code 1."""
    before = chips.read_bytes()
    done = terms(folder, "add", "nvidia", "المكتب")
    assert 1 == done.returncode
    assert "nvidia: expected no match, got «انتخب المكتب التنفيدي رئيسا»" in done.stderr
    assert before == chips.read_bytes()


def test_an_example_that_failed_before_does_not_stop_its_remedy(folder: Path, chips: Path) -> None:
    """Of two sentences that are not found, the edit mends one: it is written; so is a new id of the term."""
    failing = "      match:\n        - زارت المعرض شركة زغربط\n        - زارت المعرض شركة قثردم\n"
    chips.write_text(CHIPS.replace("      match:\n", failing, 1), encoding="utf-8")
    assert 0 == terms(folder, "add", "nvidia", "زغربط").returncode
    assert "- زغربط" in chips.read_text(encoding="utf-8")
    assert 0 == terms(folder, "rename", "nvidia", "nv").returncode


def test_a_twin_is_refused_at_its_line(folder: Path, chips: Path) -> None:
    """file:line of the spelling that Rasid reads alike."""
    line = CHIPS.splitlines().index("    forms: [هواوي, هوّاي,") + 1
    done = terms(folder, "add", "huawei", "هواوى")
    assert (1, "") == (done.returncode, done.stdout)
    assert f"{chips}:{line}: 'هواوى' is there already as 'هواوي'" in done.stderr


# ── remove ────────────────────────────────────────────────────────────────────────────────────────


def test_remove_takes_a_spelling(folder: Path) -> None:
    """One line; no question."""
    done = terms(folder, "remove", "huawei", "Hawei")
    assert (0, ["-      Huawei, Hawei]", "+      Huawei]"]) == (done.returncode, changed(done.stdout)), (
        done.stderr
    )


def test_a_whole_term_goes_only_when_it_is_meant(folder: Path, chips: Path) -> None:
    """Asked first: no answer and «n» keep it, «y» and --yes do not."""
    before = chips.read_bytes()
    for stdin in (b"", b"n\n"):
        done = terms(folder, "remove", "kunlun", stdin=stdin)
        assert 1 == done.returncode
        assert "nothing written" in done.stderr
        assert before == chips.read_bytes()
    assert 0 == terms(folder, "remove", "kunlun", stdin=b"y\n").returncode
    assert 0 == terms(folder, "remove", "huawei", "--yes").returncode
    assert ["nvidia", "h20"] == [row["id"] for row in json.loads(terms(folder, "list", "--json").stdout)]


def test_a_term_that_a_subscription_names_stays(folder: Path, chips: Path) -> None:
    """The reference is told with its line; nothing is asked or written."""
    (folder / "subscriptions.yaml").write_text(SUBSCRIPTIONS, encoding="utf-8")
    before = chips.read_bytes()
    done = terms(folder, "remove", "h20", "--yes")
    assert 3 == done.returncode
    assert f"{folder / 'subscriptions.yaml'}:4: unknown term 'h20'" in done.stderr
    assert before == chips.read_bytes()


# ── rename ────────────────────────────────────────────────────────────────────────────────────────


def test_rename_changes_every_file_that_names_the_term(folder: Path) -> None:
    """The list and subscriptions.yaml, one line each; no database is made for it."""
    (folder / "subscriptions.yaml").write_text(SUBSCRIPTIONS, encoding="utf-8")
    done = terms(folder, "rename", "h20", "hopper20")
    assert 0 == done.returncode, done.stderr
    assert [
        "-  - id: h20",
        "+  - id: hopper20",
        "-    terms: [h20, nvidia] # اثنان",
        "+    terms: [hopper20, nvidia] # اثنان",
    ] == changed(done.stdout)
    assert 0 == rasid("--config", str(folder), "check", cwd=folder.parent).returncode
    assert not (folder.parent / "var").exists()


def test_a_rename_that_would_merge_terms_is_refused(folder: Path, chips: Path) -> None:
    """An id that another term has, in this list or another, and an id that is none."""
    (folder / "watchlists" / "firms.yaml").write_text(FIRMS, encoding="utf-8")
    before = chips.read_bytes()
    for new, code in (("nvidia", 1), ("amd", 3), ("Bad Id", 3)):
        assert code == terms(folder, "rename", "h20", new).returncode
    assert 1 == terms(folder, "rename", "nothing", "else").returncode
    assert before == chips.read_bytes()


def test_rename_renames_the_archives_mentions(folder: Path) -> None:
    """Those of the old id and no others; the same command again finishes what a database had refused."""
    path = folder.parent / "var" / "rasid.sqlite"
    path.parent.mkdir()
    path.write_bytes("ليس قاعدة بيانات\n".encode() * 100)
    done = terms(folder, "rename", "h20", "hopper20")
    assert 1 == done.returncode
    assert "`rasid terms rename h20 hopper20` again finishes it" in done.stderr
    assert 0 == rasid("--config", str(folder), "check", cwd=folder.parent).returncode
    path.unlink()
    url = f"sqlite:///{path}"
    with open_store(url) as store:
        store.migrate()
        article = stored(store, "h20", "nvidia")
    assert "mentions renamed in the archive: 1" in terms(folder, "rename", "h20", "hopper20").stderr
    with open_store(url) as store:
        assert ["hopper20", "nvidia"] == [mention.term for mention in store.mentions(article)]


def stored(store: Store, *terms: str) -> int:
    """An article that mentions each of some terms; gives its id."""
    now, why = datetime(2026, 3, 1, tzinfo=UTC), Reason("سبب", "reason")
    article = Article("https://a.example/1", "tech", "موقع", "خبر", "نص الخبر", None, now, now, "ar")
    mentions = [
        Mention(term, "text", at, at + 2, "نص", "matched", "نص", why) for at, term in enumerate(terms)
    ]
    verdict, choice = Verdict("new", None, 0.0, why), StoryChoice(None, 0.0, (), why)
    versions = dict.fromkeys(terms, "v1")
    row = store.store_article(
        None, article, Fingerprint("0" * 32, (), 2), verdict, choice, {}, mentions, versions, now
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


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_terminal_gets_colours_unless_it_wants_none(folder: Path, no_color: str, coloured: bool) -> None:
    """Green for what comes, nothing with NO_COLOR."""
    master, slave = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "rasid.cli",
        "--config",
        str(folder),
        "terms",
        "add",
        "h20",
        "H-21",
        "--dry-run",
    ]
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


# ── history ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_history_tells_an_edit_that_is_not_committed(folder: Path) -> None:
    """After `add` in a work tree: the form on top, then the commit; a list or term alone on demand."""
    person = {f"GIT_{role}_{key}": "x" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "x"]):
        subprocess.run(["git", *words], cwd=folder, env=os.environ | person, check=True)
    assert 0 == terms(folder, "add", "huawei", "هواواوي").returncode
    rows = [line.split("\t") for line in terms(folder, "history", "huawei").stdout.splitlines()]
    assert ["when", "list", "commit", "term", "change", "who", "detail"] == rows[0]
    assert ["chips", "-", "huawei", "changed", "not committed", "+ form هواواوي"] == rows[1][1:]
    assert [("huawei", "added", "x")] == [(row[3], row[4], row[5]) for row in rows[2:]]
    told = json.loads(terms(folder, "history", "--list", "chips", "--json").stdout)
    assert ["huawei", "nvidia", "h20", "huawei", "kunlun"] == [change["term"] for change in told]
    assert [] == json.loads(terms(folder, "history", "--list", "other", "--json").stdout)


def test_history_falls_back_to_rasids_own_record(folder: Path) -> None:
    """Outside of git the versions in the database tell; without a database nothing does, and none is made."""
    done = terms(folder, "history", "--json")
    assert (0, []) == (done.returncode, json.loads(done.stdout))
    assert not (folder.parent / "var").exists()
    (folder.parent / "var").mkdir()
    with open_store(f"sqlite:///{folder.parent / 'var' / 'rasid.sqlite'}") as store:
        store.migrate()
        for version, text in enumerate((CHIPS, CHIPS.replace("- Nvidia", "- Nvidea"))):
            now = datetime(2026, 3, 1, version, tzinfo=UTC)
            assert store.save_watchlist_version("chips", str(version), text, "sara", now)
    newest, *added = json.loads(terms(folder, "history", "--json").stdout)
    assert ("nvidia", "sara", ["+ form Nvidea", "- form Nvidia"]) == tuple(
        newest[key] for key in ("term", "who", "detail")
    )
    assert ["nvidia", "h20", "huawei", "kunlun"] == [change["term"] for change in added]
