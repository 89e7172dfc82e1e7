"""`rasid export`: mentions as rows, watchlists and stories as feeds."""

from __future__ import annotations

import csv
import json
import os
import sys
from contextlib import nullcontext
from dataclasses import fields
from io import TextIOWrapper
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from rasid.app.context import open_rasid
from rasid.cli.output import ROW_ID, utc_now
from rasid.cli.watch import parse_since

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from rasid.app.export import MentionRow
    from rasid.config import Config

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet run a cell: OWASP's list, with the full-width letters that East Asian ones take as well."""
_BOM = b"\xef\xbb\xbf"


@click.group()
def export() -> None:
    """Carry out what Rasid found: mentions, feeds."""


# ── mentions ──────────────────────────────────────────────────────────────────────────────────────


def _moment(_context: click.Context, _option: click.Parameter, value: str | None) -> datetime | None:
    try:
        return None if value is None else parse_since(value, utc_now())
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@export.command()
@click.option(
    "--since",
    default="all",
    show_default=True,
    callback=_moment,
    help="Published since: 30d, 12h, 2w, a date, all.",
)
@click.option("--until", callback=_moment, help="Published before: the same.")
@click.option(
    "--term", "terms", multiple=True, metavar="ID", help="Only this term; may be given several times."
)
@click.option("--watchlist", metavar="ID", help="Only terms of this list.")
@click.option(
    "--status",
    type=click.Choice(["matched", "uncertain", "all"]),
    default="matched",
    show_default=True,
    help="Which mentions.",
)
@click.option("--copies", is_flag=True, help="Those in copies of other articles, too.")
@click.option("--format", "kind", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option("--excel", is_flag=True, help="CSV that Excel opens as UTF-8: with a byte order mark.")
@click.option(
    "--language", type=click.Choice(["ar", "en"]), default="ar", show_default=True, help="Of the reasons."
)
@click.option(
    "-o", "--output", metavar="FILE", help="A file, written whole or not at all, instead of stdout."
)
@click.pass_obj
def mentions(
    folder: Path,
    since: datetime | None,
    until: datetime | None,
    terms: tuple[str, ...],
    watchlist: str | None,
    status: str,
    copies: bool,
    kind: str,
    excel: bool,
    language: str,
    output: str | None,
) -> None:
    """Every mention, one a row, in the order in which they were found.

    In CSV, a text that a spreadsheet would run as a formula gets an apostrophe before it; JSON lines hold it as it is.
    """
    if excel and kind != "csv":
        raise click.UsageError("--excel is for --format csv")
    from rasid.app.export import mention_rows
    from storage.exports import Wanted

    with open_rasid(folder) as rasid:
        wanted = Wanted(
            terms=_terms(rasid.config, terms, watchlist),
            status={"matched": "matched", "uncertain": "uncertain"}.get(status),  # type: ignore[arg-type]
            since=since,
            until=until,
            copies=copies,
        )
        rows = mention_rows(rasid, wanted, "ar" if language == "ar" else "en")
        try:
            with _target(output) as out:
                count = _write_csv(out, rows, excel=excel) if kind == "csv" else _write_jsonl(out, rows)
        except BrokenPipeError:  # whoever reads has seen enough: `… | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
    click.echo(f"{count:,} mention{'s' * (count != 1)}{f' written to {output}' if output else ''}", err=True)


def _terms(config: Config, terms: tuple[str, ...], watchlist: str | None) -> tuple[str, ...] | None:
    """The ids that were asked for; None: all, of terms that are gone, too."""
    lists = {one.id: tuple(term.id for term in one.terms) for one in config.watchlists}
    if watchlist is not None and watchlist not in lists:
        raise click.UsageError(f"no watchlist {watchlist}; there are: {', '.join(lists)}")
    of_list = lists[watchlist] if watchlist is not None else tuple(config.terms)
    if unknown := [term for term in terms if term not in of_list]:
        raise click.UsageError(f"no term {', '.join(unknown)}; there are: {', '.join(of_list)}")
    return terms or (of_list if watchlist is not None else None)


def _target(output: str | None) -> AbstractContextManager[BinaryIO]:
    from rasid.app.export import whole_file

    return nullcontext(sys.stdout.buffer) if output in (None, "-") else whole_file(Path(str(output)))


def _write_csv(out: BinaryIO, rows: Iterable[MentionRow], *, excel: bool) -> int:
    names, values = _columns()
    if excel:
        out.write(_BOM)
    text = TextIOWrapper(out, encoding="utf-8", newline="")
    writer, count = csv.writer(text), 0
    writer.writerow(names)
    for count, row in enumerate(rows, start=1):  # noqa: B007 - how many there were
        writer.writerow([guarded(value) for value in values(row)])
    text.detach()  # the bytes go to their place, which stays open
    return count


def guarded(value: object) -> object:
    """A cell that no spreadsheet runs: text that begins like a formula gets an apostrophe, which shows it as text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _write_jsonl(out: BinaryIO, rows: Iterable[MentionRow]) -> int:
    names, values = _columns()
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007 - how many there were
        line = json.dumps(dict(zip(names, values(row), strict=True)), ensure_ascii=False)
        out.write(f"{line}\n".encode())
    out.flush()
    return count


def _columns() -> tuple[list[str], Callable[[MentionRow], tuple[object, ...]]]:
    """Their names, and what gives their values of a row."""
    from rasid.app.export import MentionRow

    names = [field.name for field in fields(MentionRow)]
    return names, attrgetter(*names)


# ── feeds ─────────────────────────────────────────────────────────────────────────────────────────


@export.command()
@click.argument("target", metavar="DIR", type=click.Path(file_okay=False))
@click.option(
    "--base", metavar="URL", help="The address under which DIR will be served; feeds then say where they are."
)
@click.option(
    "--story",
    "stories",
    multiple=True,
    type=ROW_ID,
    metavar="ID",
    help="The feed of this story, too; may be given several times.",
)
@click.pass_obj
def feeds(folder: Path, target: str, base: str | None, stories: tuple[int, ...]) -> None:
    """Each watchlist's latest stories as DIR/ID.rss, .atom and .json, with an index.html that links them."""
    from alerts.links import safe_link
    from rasid.app.export import write_feeds

    if base is not None and safe_link(base) is None:
        raise click.UsageError(f"--base {base} is no web address; write https://…")
    with open_rasid(folder) as rasid:
        written = write_feeds(rasid, Path(target), utc_now(), base=base, stories=stories)
    for path in written:
        click.echo(str(path))
    click.echo(f"{len(written)} files written to {target}", err=True)
