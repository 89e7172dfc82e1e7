"""Filters: standard input to standard output, no database needed, order kept.

A line that cannot be read becomes `{"error": …}` on its line, with its number; the others go on.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rasid.app.context import load_config, read_file
from rasid.app.judging import ask, judge
from rasid.boilerplate import LineCounts
from rasid.cleaning import clean_text, clean_title
from rasid.cli import FINDINGS
from rasid.copies import MemoryCorpus
from rasid.errors import ExtractError
from rasid.matching import Matcher
from rasid.stories import StoryIndex
from rasid.types import Candidate, Mention, StoryMember, Term

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, object]


class _BadLineError(ValueError):
    """A line of input that is not what the filter takes."""


def _text(row: Row, key: str, *, required: bool = True) -> str:
    value = row.get(key)
    if isinstance(value, str):
        return value
    if value is None and not required:
        return ""
    raise _BadLineError(f"{key!r} must be a string" if key in row else f"{key!r} is missing")


def _row(line: bytes) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _BadLineError(f"not JSON: {error}") from None
    if not isinstance(row, dict):
        raise _BadLineError("not a JSON object")
    if "id" not in row:
        raise _BadLineError("'id' is missing")
    return row


def _filter(handle: Callable[[Row], Row]) -> None:
    """Each line of stdin through `handle`; exit code 1 where a line was bad."""
    bad = 0
    for number, line in enumerate(sys.stdin.buffer, 1):
        if not line.strip():
            continue
        out: Row
        row: Row = {}
        try:
            row = _row(line)
            out = handle(row)
        except _BadLineError as error:
            bad += 1
            out = {"id": row.get("id"), "line": number, "error": str(error)}
        # Lone surrogates are legal in JSON's escapes and in nothing else.
        sys.stdout.buffer.write(json.dumps(out, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()
    if bad:
        click.echo(f"{bad} bad lines, each answered with an error object", err=True)
        sys.exit(FINDINGS)


def read_terms(folder: Path, watchlist: Path | None) -> list[Term]:
    """The terms of one watchlist file, else those of the config folder."""
    if watchlist is None:
        return list(load_config(folder).terms.values())
    from rasid.config import parse_watchlist

    return list(parse_watchlist(read_file(watchlist), str(watchlist)).terms)


def _mention(mention: Mention) -> Row:
    return {
        "term": mention.term,
        "start": mention.start,
        "end": mention.end,
        "text": mention.text,
        "status": mention.status,
        "form": mention.form,
        "why": mention.why.ar,
    }


@click.command()
@click.option(
    "--watchlist",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A watchlist file; without it, every watchlist of the config folder.",
)
@click.pass_obj
def match(folder: Path, watchlist: Path | None) -> None:
    """Find mentions: {"id","text"[,"title"]} a line in, {"id","mentions"} a line out.

    Offsets are code points of "text"; a title serves as context.
    """
    matcher = Matcher(read_terms(folder, watchlist))

    def handle(row: Row) -> Row:
        found = matcher.find(_text(row, "text"), _text(row, "title", required=False))
        return {
            "id": row["id"],
            "mentions": [_mention(mention) for mention in found if mention.field == "text"],
        }

    _filter(handle)


@click.command()
@click.option("--url", default="", help="The page's address: for relative links and the outlet's name.")
def extract(url: str) -> None:
    """Read the article out of a page: HTML in, one JSON object out."""
    from rasid.urls import host_of
    from sources.pages import extract as read_page

    try:
        page = read_page(sys.stdin.buffer.read(), url)
    except ExtractError as error:
        click.echo(json.dumps({"error": error.reason}, ensure_ascii=False))
        sys.exit(FINDINGS)
    outlet = page.outlet or (host_of(url) if url else None)
    title = clean_title(page.title, outlet)
    out = {
        "title": title,
        "text": clean_text(page.text, title),
        "author": page.author,
        "published": page.published.isoformat() if page.published else None,
        "language": page.language,
        "outlet": outlet,
    }
    click.echo(json.dumps(out, ensure_ascii=False))


class Stream:
    """Copies and stories over a stream of articles, in memory."""

    def __init__(self) -> None:
        self._corpus, self._index, self._lines = MemoryCorpus(), StoryIndex(), LineCounts()
        self._ids: dict[int, object] = {}
        self._numbers, self._story_numbers = count(1), count(1)

    def handle(self, row: Row) -> Row:
        """One article's relation, original and story."""
        title = _text(row, "title", required=False)
        text = clean_text(_text(row, "text"), title)
        published = _time(_text(row, "published", required=False))
        outlet = _text(row, "source", required=False)
        learned = self._lines.learned
        asked = ask(title, text, published, outlet, None, learned)
        verdict, choice = judge(asked, self._corpus.candidates(asked.fingerprint), self._index, learned)
        number, story = next(self._numbers), choice.story_id or next(self._story_numbers)
        self._ids[number] = row["id"]
        self._corpus.add(Candidate(number, title, text, published, story, outlet), asked.fingerprint, verdict)
        self._index.add(StoryMember(number, story, asked.terms, published, asked.wire))
        if verdict.relation == "new":
            self._lines.add(outlet, story, asked.fingerprint.lines)
        return {
            "id": row["id"],
            "relation": verdict.relation,
            "original": None if verdict.original is None else self._ids[verdict.original],
            "story": f"s{story}",
            "score": round(verdict.score or choice.score, 4),
            "why": verdict.why.ar,
            "story_why": choice.why.ar,
            "wire": asked.wire or None,
            "added": [text[start:end] for start, end in verdict.added],
        }


def _time(text: str) -> datetime:
    """ISO 8601 or RFC 822; without a date, the stream's order alone decides."""
    from email.utils import parsedate_to_datetime

    if not text:
        return datetime.fromtimestamp(0, UTC)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        try:
            time = parsedate_to_datetime(text)
        except ValueError:
            raise _BadLineError(f"'published' is no date: {text[:40]!r}; write ISO 8601") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


@click.command()
def dedupe() -> None:
    """Recognise copies and stories: {"id","title","text"[,"url","source","published"]} in time order in.

    Out: {"id","relation","original","story","score","why","story_why","wire","added"} a line: how it relates to
    which earlier article, its story, both reasons, whose report it passes on, and the passages or figures that
    its original has not.
    """
    _filter(Stream().handle)
