"""`rasid terms suggest`: spellings that the press really uses; an operator adds them, never Rasid."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from rasid.app.context import load_config, open_rasid
from rasid.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

    from rasid.suggest import Suggestion


@click.command()
@click.argument("name")
@click.option(
    "--corpus",
    type=click.File("rb"),
    help='JSON lines with "text" and "title" instead of the archive; "-" is standard input.',
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500), help="New spellings.")
@click.option("--language", type=click.Choice(["ar", "en"]), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def suggest(
    folder: Path, name: str, corpus: IO[bytes] | None, limit: int, language: str, as_json: bool
) -> None:
    """Spellings of NAME, Latin or Arabic, or of the term with that id, as the archive holds them.

    Found by how the name sounds, by slips of its spellings, and beside the Latin name; nothing is added by itself.
    """
    from rasid.app.suggest import names_of, suggest_from_archive, suggest_from_texts

    if corpus is None:
        with open_rasid(folder) as rasid:
            found = suggest_from_archive(rasid, name, limit=limit)
    else:
        names = names_of(load_config(folder).terms, name)
        found = suggest_from_texts(_texts(corpus), names, limit=limit)
    if as_json:
        print_json([asdict(suggestion) for suggestion in found])
        return
    rows = [_row(suggestion, language) for suggestion in found]
    print_table(["articles", "by", "known", "why", "spelling", "example"], rows)
    click.echo(_advice(name, found), err=True)


def _texts(corpus: IO[bytes]) -> Iterator[str]:
    for number, line in enumerate(corpus, 1):
        if not line.strip():
            continue
        try:
            article = json.loads(line)
            yield "\n".join((article.get("title") or "", article["text"]))
        except (ValueError, KeyError, AttributeError, TypeError):
            message = f'{corpus.name}:{number}: not a JSON object with "text", in UTF-8'
            raise click.UsageError(message) from None


def _row(suggestion: Suggestion, language: str) -> list[str]:
    why = suggestion.why.ar if language == "ar" else suggestion.why.en
    known = "yes" if suggestion.known else "-"
    return [str(suggestion.articles), suggestion.by, known, why, suggestion.text, suggestion.example]


def _advice(name: str, found: list[Suggestion]) -> str:
    new = sum(not suggestion.known for suggestion in found)
    if not new:
        return f"no new spelling of {name}"
    return f"{new} not on the list; to take one: rasid terms add ID SPELLING, then rasid backtest LIST"
