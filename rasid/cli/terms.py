"""`rasid terms`: the group, and its commands that only read: list, show, history."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from rasid.app.context import load_config, open_archive
from rasid.cli.editing import add, line_of, owner_of, remove, rename
from rasid.cli.output import print_json, print_table
from rasid.cli.suggest import suggest
from rasid.errors import RasidError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rasid.app.history import Version
    from rasid.types import Form, Query, Term, TermChange, Watchlist

_json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group(commands=[add, remove, rename, suggest])
def terms() -> None:
    """The watchlists' terms: list, show, add, remove, rename, history."""


# ── list, show ────────────────────────────────────────────────────────────────────────────────────


@terms.command("list")
@_json_option
@click.pass_obj
def list_terms(folder: Path, as_json: bool) -> None:
    """Each term: its list, importance, how many spellings, cues and examples it has, its label."""
    config = load_config(folder)
    rows = [_summary(watchlist, term) for watchlist in config.watchlists for term in watchlist.terms]
    if as_json:
        print_json(rows)
        return
    header = ["term", "list", "importance", "forms", "codes", "lookalikes", "cues", "examples", "label"]
    print_table(header, [[str(value) for value in row.values()] for row in rows])


def _summary(watchlist: Watchlist, term: Term) -> dict[str, object]:
    kinds = [form.kind for form in term.forms]
    near = {word for form in term.forms if form.near for word in form.near.words}
    unless = {word for form in term.forms for word in form.unless} | set(term.unless)
    return {
        "id": term.id,
        "watchlist": watchlist.id,
        "importance": term.importance,
        "forms": kinds.count("form"),
        "codes": kinds.count("code"),
        "lookalikes": kinds.count("lookalike"),
        "cues": len(near) + len(unless),
        "examples": len(term.examples),
        "label": term.label,
    }


@terms.command()
@click.argument("term_id", metavar="ID")
@_json_option
@click.pass_obj
def show(folder: Path, term_id: str, as_json: bool) -> None:
    """Everything that is known of a term, and where its file says so."""
    config = load_config(folder)
    watchlist = owner_of(config, term_id)
    term = config.terms[term_id]
    path = folder / watchlist.file
    line = line_of(term_id, path)
    if as_json:
        print_json(asdict(term) | {"watchlist": watchlist.id, "file": str(path), "line": line})
        return
    click.echo("\n".join(_described(term, watchlist, path, line)))


def _described(term: Term, watchlist: Watchlist, path: Path, line: int) -> Iterator[str]:
    yield f"{term.id}: {path}:{line}"
    yield f"list: {watchlist.id}, importance {term.importance}"
    yield f"label: {term.label}"
    yield f"label_en: {term.label_en}"
    for kind in ("form", "code", "lookalike"):
        alike: dict[str, list[str]] = {}  # forms that share their cues, which may be many, stand together
        for form in term.forms:
            if form.kind == kind:
                alike.setdefault(_cues(form), []).append(form.text)
        yield from (f"{kind}: {', '.join(texts)}{cues}" for cues, texts in alike.items())
    if term.query:
        yield f"query: {_query(term.query)}"
    if term.unless:
        yield f"unless: {', '.join(term.unless)}"
    for example in term.examples:
        yield f"{'match' if example.match else 'skip'} ({path}:{example.line}): {example.text}"
    if term.notes:
        yield f"notes: {term.notes}"


def _cues(form: Form) -> str:
    near, unless = form.near, ", ".join(form.unless)
    within = f" within {near.within} words" if near and near.within else ""
    needs = f" · near{within}: {', '.join(near.words)}" if near else ""
    return needs + (f" · unless: {unless}" if unless else "")


def _query(query: Query) -> str:
    if query.op in ("term", "words"):
        return f"{query.op} «{query.value}»"
    within = f"within {query.within}: " if query.within else ""
    return f"{query.op}({within}{', '.join(_query(part) for part in query.parts)})"


# ── history ───────────────────────────────────────────────────────────────────────────────────────


@terms.command("history")
@click.argument("term_id", metavar="[ID]", required=False)
@click.option("--list", "list_id", metavar="NAME", help="One list alone, also one that is gone.")
@_json_option
@click.pass_obj
def show_history(folder: Path, term_id: str | None, list_id: str | None, as_json: bool) -> None:
    """Who changed which term when, newest first: from git, else from what Rasid recorded."""
    from rasid.app.history import history

    changes = history(folder, list_id, _versions(folder))
    changes = [change for change in changes if term_id in (None, change.term)]
    if as_json:
        print_json([asdict(change) for change in changes])
        return
    header = ["when", "list", "commit", "term", "change", "who", "detail"]
    print_table(header, [_history_row(change) for change in changes])


def _versions(folder: Path) -> Sequence[Version]:
    """What the database recorded; git's history can be told without."""
    try:
        with open_archive(load_config(folder), folder) as store:
            return store.watchlist_versions() if store else []
    except RasidError as error:
        click.echo(f"Rasid's own record is left out: {error}", err=True)
        return []


def _history_row(change: TermChange) -> list[str]:
    return [
        f"{change.at:%Y-%m-%d %H:%M}Z",
        change.watchlist,
        change.commit[:10] or "-",
        change.term or "-",
        change.kind,
        change.who or "-",
        "; ".join(change.detail) or "-",
    ]
