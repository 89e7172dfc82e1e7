"""The commands of `rasid terms` that write: add, remove, rename.

They change the operators' files as a careful person would: the smallest edit, shown as a diff, checked with
all files and examples before anything is written.
"""

from __future__ import annotations

import difflib
import io
import os
import stat
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rasid.app.context import load_config, open_archive, read_file, under
from rasid.cli import FINDINGS, INVALID_CONFIG
from rasid.config import Config, check_examples, parse_config
from rasid.config.document import read_document
from rasid.config.editing import (
    Kind,
    add_forms,
    add_term,
    remove_forms,
    remove_term,
    rename_in_subscriptions,
    rename_references,
    rename_term,
)
from rasid.config.values import nearest
from rasid.errors import ConfigError, EditError, Problem, RasidError
from rasid.matching import Matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rasid.types import Watchlist

_BOM = "\ufeff"
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}

_dry_run_option = click.option("--dry-run", is_flag=True, help="Show the diff and write nothing.")


# ── where a term stands ───────────────────────────────────────────────────────────────────────────


def owner_of(config: Config, term_id: str) -> Watchlist:
    """The list that holds a term; RasidError names the one that was probably meant."""
    for watchlist in config.watchlists:
        if any(term.id == term_id for term in watchlist.terms):
            return watchlist
    known = list(config.terms)
    hint = nearest(term_id, known) or f"; there are: {', '.join(known)}"
    raise RasidError(f"no term '{term_id}'{hint}")


def line_of(term_id: str, path: Path) -> int:
    """The line on which a term's id stands."""
    document, _ = read_document(read_file(path), str(path))
    found = document.select("terms.*.id") if document else ()
    return next((document.line(at) for at, value in found if document and value == term_id), 0)


# ── the commands ──────────────────────────────────────────────────────────────────────────────────


@click.command()
@click.argument("term_id", metavar="ID")
@click.argument("forms", metavar="[FORM]...", nargs=-1)
@click.option("--code", "kind", flag_value="codes", help="The spellings are codes or model numbers.")
@click.option("--lookalike", "kind", flag_value="lookalikes", help="They mean something else as a rule.")
@click.option("--near", multiple=True, metavar="WORD", help="They count only with one of these.")
@click.option("--within", type=click.IntRange(1), metavar="N", help="… within N words.")
@click.option(
    "--unless", multiple=True, metavar="WORD", help="They never count with one of these beside them."
)
@click.option("--list", "list_id", metavar="NAME", help="The list that a new term goes to.")
@click.option("--label", metavar="TEXT", help="Of a new term: its name in Arabic digests.")
@click.option("--label-en", metavar="TEXT", help="Of a new term: its name in English digests.")
@click.option("--importance", type=click.IntRange(1, 3), help="Of a new term: 1 low, 2 normal, 3 high.")
@_dry_run_option
@click.pass_obj
def add(
    folder: Path,
    term_id: str,
    forms: tuple[str, ...],
    kind: Kind | None,
    near: tuple[str, ...],
    within: int | None,
    unless: tuple[str, ...],
    list_id: str | None,
    label: str | None,
    label_en: str | None,
    importance: int | None,
    dry_run: bool,
) -> None:
    """Add spellings to a term; an ID that is not there yet makes a new term."""
    if not forms:
        raise click.UsageError("give at least one spelling: rasid terms add ID FORM")
    if kind == "lookalikes" and not near:
        raise click.UsageError("a lookalike counts only near its cues: give --near WORD")
    config = load_config(folder)
    if term_id in config.terms:
        _refuse_fields(folder, config, term_id, [label, label_en, importance])
    elif label is None:
        raise click.UsageError(f"'{term_id}' is a new term: give --label TEXT, its name in digests")
    watchlist = _target(config, term_id, list_id)

    def edit(text: str) -> str:
        if term_id not in config.terms:
            text = add_term(text, term_id, str(label), label_en=label_en, importance=importance)
        return add_forms(text, term_id, forms, kind or "forms", near=near, within=within, unless=unless)

    write_edits(folder, config, {watchlist.file: edit}, dry_run)


def _refuse_fields(folder: Path, config: Config, term_id: str, fields: Iterable[object]) -> None:
    if any(field is not None for field in fields):
        path = folder / owner_of(config, term_id).file
        where = f"{path}:{line_of(term_id, path)}"
        raise click.UsageError(
            f"'{term_id}' is there already, at {where}: change its label and importance there"
        )


def _target(config: Config, term_id: str, list_id: str | None) -> Watchlist:
    """The list that `add` writes to: the term's own, else the one that is named, else the only one."""
    by_id = {watchlist.id: watchlist for watchlist in config.watchlists}
    listed = ", ".join(by_id) or "none; `rasid init` writes a first one"
    if list_id is not None and list_id not in by_id:
        raise click.UsageError(f"no list '{list_id}'; there are: {listed}")
    if term_id in config.terms:
        owner = owner_of(config, term_id)
        if list_id not in (None, owner.id):
            raise click.UsageError(f"'{term_id}' stands in the list '{owner.id}', not in '{list_id}'")
        return owner
    if list_id is None and len(by_id) != 1:
        raise click.UsageError(f"'{term_id}' is a new term: give --list NAME; there are: {listed}")
    return by_id[list_id or next(iter(by_id))]


@click.command()
@click.argument("term_id", metavar="ID")
@click.argument("forms", metavar="[FORM]...", nargs=-1)
@click.option("--yes", is_flag=True, help="Do not ask before a whole term goes.")
@_dry_run_option
@click.pass_obj
def remove(folder: Path, term_id: str, forms: tuple[str, ...], yes: bool, dry_run: bool) -> None:
    """Remove spellings of a term; without any, the whole term."""
    config = load_config(folder)
    watchlist = owner_of(config, term_id)
    if forms:
        write_edits(
            folder, config, {watchlist.file: lambda text: remove_forms(text, term_id, forms)}, dry_run
        )
        return
    question = f"remove the term '{term_id}' ({config.terms[term_id].label}) with all its spellings?"
    agreed = None if yes else lambda: confirmed(question)
    write_edits(folder, config, {watchlist.file: lambda text: remove_term(text, term_id)}, dry_run, agreed)


def confirmed(question: str) -> bool:
    """Ask a person; no where nobody is there to answer."""
    try:
        return click.confirm(question, err=True)
    except click.Abort:  # nobody there to ask
        click.echo("", err=True)
        return False


@click.command()
@click.argument("old")
@click.argument("new")
@_dry_run_option
@click.pass_obj
def rename(folder: Path, old: str, new: str, dry_run: bool) -> None:
    """Rename a term's id: in its list, in queries, in subscriptions.yaml and in the archive's mentions.

    Where the archive could not be reached, the same command again finishes it.
    """
    config = load_config(folder)
    if old in config.terms or new not in config.terms:
        owner = owner_of(config, old)
        edits: dict[str, Callable[[str], str]] = {
            watchlist.file: lambda text: rename_references(text, old, new) for watchlist in config.watchlists
        }
        edits[owner.file] = lambda text: rename_term(text, old, new)
        edits["subscriptions.yaml"] = lambda text: rename_in_subscriptions(text, old, new)
        write_edits(folder, config, edits, dry_run)
    if not dry_run:
        _rename_archived(folder, config, old, new)


def _rename_archived(folder: Path, config: Config, old: str, new: str) -> None:
    try:
        with open_archive(config, folder) as store:
            count = store.rename_term(old, new) if store else 0
    except RasidError as error:
        again = f"`rasid terms rename {old} {new}` again finishes it"
        raise RasidError(f"the archive still has the mentions of '{old}'; {again}: {error}") from error
    click.echo(f"mentions renamed in the archive: {count}", err=True)


# ── an edit: shown, checked, written ──────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Change:
    """One file before and after."""

    name: str  # within the config folder
    path: Path
    before: str  # with its byte order mark and its line ends
    after: str


def write_edits(
    folder: Path,
    config: Config,
    edits: Mapping[str, Callable[[str], str]],
    dry_run: bool,
    agreed: Callable[[], bool] | None = None,
) -> None:
    """Edit files, show the diff, check all files as they would be, and write; nothing is written in part."""
    changes = [change for name, edit in edits.items() if (change := _changed(folder, name, edit))]
    for change in changes:
        _print_diff(change)
    _check(folder, config, changes)
    if dry_run:
        click.echo("dry run: nothing written", err=True)
        return
    if agreed and not agreed():
        click.echo("nothing written; --yes answers the question beforehand", err=True)
        sys.exit(FINDINGS)
    _write(changes)
    for change in changes:
        click.echo(f"written {change.path}", err=True)


def _changed(folder: Path, name: str, edit: Callable[[str], str]) -> _Change | None:
    path = folder / name
    before = _raw(path)
    mark = _BOM if before.startswith(_BOM) else ""
    try:
        after = mark + edit(before.removeprefix(_BOM))
    except EditError as error:
        where = f"{path}:{error.line}" if error.line else str(path)
        raise RasidError(f"{where}: {error.message}; nothing written") from error
    return _Change(name, path, before, after) if after != before else None


def _raw(path: Path) -> str:
    """A file's text with all its bytes: read_file unifies line ends, and an edit must not."""
    return path.read_bytes().decode()


def _print_diff(change: _Change) -> None:
    # Lines end where those of a file do; str.splitlines would end one at U+2028, too.
    before, after = (io.StringIO(text, newline="").readlines() for text in (change.before, change.after))
    coloured = not os.environ.get("NO_COLOR")  # click takes colours away where there is no terminal
    for line in difflib.unified_diff(before, after, str(change.path), str(change.path)):
        shown = line.rstrip("\r\n")
        click.echo(click.style(shown, fg=_COLOURS.get(line[0])) if coloured else shown)
        if not line.endswith("\n"):
            click.echo("\\ No newline at end of file")


def _check(folder: Path, config: Config, changes: Iterable[_Change]) -> None:
    """Refuse what `rasid check` would refuse; an example that failed before is no reason to refuse a remedy."""
    lists = (watchlist.file for watchlist in config.watchlists)
    names = ["settings.yaml", "feeds.yaml", "subscriptions.yaml", *lists]
    files = {name: read_file(folder / name) for name in names}
    for change in changes:
        text = change.after.removeprefix(_BOM)
        files[change.name] = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        edited = parse_config(files)
    except ConfigError as error:
        _refuse([under(folder, problem) for problem in error.problems], INVALID_CONFIG)
    before = {_sentence(problem) for problem in _failures(config)}
    failures = [problem for problem in _failures(edited) if _sentence(problem) not in before]
    if failures:
        _refuse([under(folder, problem) for problem in failures], FINDINGS)


def _failures(config: Config) -> list[Problem]:
    matcher = Matcher(list(config.terms.values()))
    return [
        problem
        for watchlist in config.watchlists
        for problem in check_examples(watchlist, lambda text: sorted({m.term for m in matcher.find(text)}))
    ]


def _sentence(problem: Problem) -> str:
    """The example that failed; its line and its term's id may be others after the edit."""
    return problem.message.partition("«")[2]


def _refuse(problems: Iterable[Problem], code: int) -> None:
    for problem in problems:
        click.echo(str(problem), err=True)
    click.echo("nothing written: the files would be refused so, at the lines of the new text", err=True)
    sys.exit(code)


def _write(changes: Iterable[_Change]) -> None:
    """Write every file beside its place, then put each there at once; a file changed meanwhile stops all."""
    try:
        with ExitStack() as leftovers:
            ready = []
            for change in changes:
                path = change.path.resolve()  # a link keeps pointing to its file
                ready.append((change, path, _beside(path, change.after, leftovers)))
            for change, path, _ in ready:
                if _raw(path) != change.before:
                    again = "nothing written, run the command again"
                    raise RasidError(f"{change.path} changed meanwhile; {again}")
            for _, path, written in ready:
                written.replace(path)
    except OSError as error:
        raise RasidError(f"{error}; the config folder must be writable") from error


def _beside(path: Path, text: str, leftovers: ExitStack) -> Path:
    """A file of the same mode in the same folder, safely on the disk; its name is none that Rasid reads."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    written = Path(name)
    leftovers.callback(written.unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
    written.chmod(stat.S_IMODE(path.stat().st_mode))
    return written
