"""How commands speak: tables, JSON, progress. rich is used on a terminal only, plain lines elsewhere."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from rasid.app.stages import Progress, quiet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


ROW_ID = click.IntRange(1, 2**63 - 1)
"""The number of a row, as databases count them."""


def utc_now() -> datetime:
    """The clock of the command line: the one place in it where time is read."""
    return datetime.now(UTC)  # noqa: TID251 - an entry point


def moment(time: datetime | None) -> str:
    """A time in a table."""
    return f"{time:%Y-%m-%d %H:%M}Z" if time else "-"


def print_json(value: object) -> None:
    """One JSON document on stdout, Arabic as it is."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout: drawn on a terminal, tab-separated elsewhere. Put Arabic in the last column."""
    if not sys.stdout.isatty():
        for row in (header, *rows):
            click.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*header, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def excerpt(text: str, start: int, end: int, width: int = 60) -> str:
    """The words around a span on one line, the span highlighted: in reverse on a terminal, else in ⟦⟧."""
    low, high = max(0, start - width), min(len(text), end + width)
    if low > 0:
        low = text.find(" ", low, start) + 1 or low
    if high < len(text):
        high = text.rfind(" ", end, high) if " " in text[end:high] else high
    span = click.style(text[start:end], reverse=True) if sys.stdout.isatty() else f"⟦{text[start:end]}⟧"
    around = f"{'… ' * (low > 0)}{text[low:start]}{span}{text[end:high]}{' …' * (high < len(text))}"
    return " ".join(around.split())


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A progress bar on stderr where that is a terminal; silent elsewhere."""
    if not sys.stderr.isatty():
        yield quiet
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    with Bar(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total or None)
            bar.update(tasks[stage], completed=done, total=total or None)

        yield show
