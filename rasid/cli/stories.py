"""`rasid stories`: what the articles of each story have in common; put together, take apart."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from rasid.app.context import open_rasid
from rasid.app.reread import account
from rasid.cli.output import ROW_ID, moment, print_json, print_table, utc_now
from rasid.cli.watch import parse_since

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta
    from pathlib import Path

    from rasid.app.stories import Moved
    from rasid.types import Reason
    from storage import StoryArticle, StoryEdit, StoryRow

_EVER = datetime.min.replace(tzinfo=UTC)

_json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_limit_option = click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 100_000), help="How many, newest first."
)
_dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")


@click.group()
def stories() -> None:
    """The articles about one event: list, show, find, merge, split."""


def _start(_context: click.Context, _option: click.Parameter, value: str) -> datetime | None:
    try:
        return parse_since(value, utc_now())
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


# ── list, find ────────────────────────────────────────────────────────────────────────────────────


@stories.command("list")
@click.option("--since", default="7d", show_default=True, callback=_start, help="7d, 12h, 2w, a date, all.")
@click.option("--outlet", metavar="NAME", help="Stories that it has a part in; a feed's id or its name.")
@_limit_option
@_json_option
@click.pass_obj
def list_stories(folder: Path, since: datetime | None, outlet: str | None, limit: int, as_json: bool) -> None:
    """Each story: when it was last seen, how many articles, copies and outlets it has, its headline."""
    with open_rasid(folder) as rasid:
        names = {feed.id: feed.name for feed in rasid.config.feeds}
        wanted = names.get(outlet, outlet) if outlet else None
        rows = rasid.store.stories(since=since or _EVER, limit=limit, outlet=wanted)
    if wanted is not None and wanted not in names.values():
        click.echo(f"no feed is called {outlet}; there are: {', '.join(names)}", err=True)
    _print_stories(rows, as_json)


@stories.command()
@click.argument("asked", metavar="WORDS...", nargs=-1, required=True)
@click.option("--since", default="30d", show_default=True, callback=_start, help="7d, 12h, 2w, a date, all.")
@_limit_option
@_json_option
@click.pass_obj
def find(folder: Path, asked: tuple[str, ...], since: datetime | None, limit: int, as_json: bool) -> None:
    """Stories with an article whose title holds all of the words; «هواوي» is found in «لهواوي», too."""
    from rasid.app import stories as app

    with open_rasid(folder) as rasid:
        found = app.find(rasid.store, asked, since=since)
    if len(found) > limit:
        click.echo(f"{len(found)} stories found, the newest {limit} shown; --limit shows more", err=True)
    _print_stories(found[:limit], as_json)


def _print_stories(rows: Sequence[StoryRow], as_json: bool) -> None:
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    print_table(
        ["story", "last seen", "articles", "copies", "outlets", "headline"],
        [
            [
                str(row.id),
                moment(row.last_at),
                str(row.articles),
                str(row.copies),
                str(len(row.outlets)),
                row.headline,
            ]
            for row in rows
        ],
    )


# ── show ──────────────────────────────────────────────────────────────────────────────────────────


@stories.command()
@click.argument("story_id", metavar="ID", type=ROW_ID)
@click.option(
    "--language",
    type=click.Choice(["ar", "en"]),
    default="en",
    show_default=True,
    help="In which the reasons are told.",
)
@_json_option
@click.pass_obj
def show(folder: Path, story_id: int, language: str, as_json: bool) -> None:
    """A story's outlets in order of appearance, why it is one story, each article with its reasons, its edits."""
    from rasid.app.stories import known_story

    with open_rasid(folder) as rasid:
        row = known_story(rasid.store, story_id)
        articles = rasid.store.story_articles(row.id)
        edits = rasid.store.story_edits(row.id)
    if as_json:
        told = {"asked": story_id, "story": asdict(row), "articles": [asdict(one) for one in articles]}
        print_json(told | {"edits": [asdict(edit) for edit in edits]})
        return
    if row.id != story_id:
        click.echo(f"story {story_id} is part of story {row.id} now", err=True)
    click.echo("\n".join(_described(row, articles, edits, language)))


def _described(
    row: StoryRow, articles: Sequence[StoryArticle], edits: Sequence[StoryEdit], language: str
) -> Iterator[str]:
    yield f"story {row.id}: {row.headline}"
    yield f"from {moment(row.first_at)} to {moment(row.last_at)}"
    copies = f", {row.copies} of them copies" * bool(row.copies)
    yield f"{_counted(row.articles, 'article')}{copies}, {_counted(len(row.outlets), 'outlet')}:"
    for name, after in _appearances(articles):
        yield f"  {after:>12}  {name}"
    if row.wires:
        yield f"reports of: {', '.join(_agency(wire, language) for wire in row.wires)}"
    if row.merged:
        yield f"merged into it: {', '.join(map(str, row.merged))}"
    yield from _explanation(articles, language)
    yield "articles:"
    for article in articles:
        yield from _article_lines(article, language)
    if edits:
        yield "edits:"
        yield from (f"  {moment(edit.at)}  {edit.who}  {_edit(edit)}" for edit in edits)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + "s" * (number != 1)


def _appearances(articles: Sequence[StoryArticle]) -> Iterator[tuple[str, str]]:
    """Each outlet with the time of its first article, after the story's first one."""
    first: dict[str, timedelta] = {}
    for article in articles:
        first.setdefault(article.outlet, article.published - articles[0].published)
    for name, after in first.items():
        yield name, f"+{_span(after)}" if after else "first"


def _span(after: timedelta) -> str:
    minutes = int(after.total_seconds() // 60)
    parts = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 min"


def _agency(wire: str, language: str) -> str:
    from rasid.attribution import agency_name

    return agency_name(wire)[0 if language == "ar" else 1]


def _explanation(articles: Sequence[StoryArticle], language: str) -> Iterator[str]:
    """Why the articles are one story: each reason once, with the articles that it brought in."""
    brought: defaultdict[str, list[str]] = defaultdict(list)
    for article in articles:
        brought[_told(article.story_why, language)].append(str(article.id))
    if len(articles) > 1:
        yield "what brought each of them in:"
        yield from (f"  {', '.join(ids)}: {why}" for why, ids in brought.items())


def _article_lines(article: StoryArticle, language: str) -> Iterator[str]:
    original = f" of {article.original} ({article.score:.2f})" if article.original is not None else ""
    pinned = "  pinned" * article.pinned
    wire = f"  via {_agency(article.wire, language)}" if article.wire else ""
    yield f"  {article.id}  {moment(article.published)}  {article.relation}{original}{pinned}  {article.outlet}{wire}"
    yield f"      {article.title}"
    yield f"      {article.url}"
    yield f"      {_told(article.copy_why, language)}"


def _told(why: Reason, language: str) -> str:
    return why.ar if language == "ar" else why.en


def _edit(edit: StoryEdit) -> str:
    ids = ", ".join(map(str, edit.articles))
    what = "went into" if edit.kind == "merge" else "was split off, into"
    return f"{edit.kind}: of story {edit.story_id} {what} {edit.into_id}: {ids}"


# ── merge, split ──────────────────────────────────────────────────────────────────────────────────


@stories.command()
@click.argument("into", metavar="INTO", type=ROW_ID)
@click.argument("others", metavar="OTHER...", type=ROW_ID, nargs=-1, required=True)
@_dry_run_option
@click.pass_obj
def merge(folder: Path, into: int, others: tuple[int, ...], dry_run: bool) -> None:
    """Move the articles of the stories OTHER into story INTO; neither a collect nor a reindex undoes it."""
    from rasid.app import stories as app

    with open_rasid(folder) as rasid:
        moved = app.merge(rasid.store, into, others, who=account(), now=utc_now(), dry_run=dry_run)
    click.echo(_outcome(moved, _stories(others), dry_run=dry_run))


@stories.command()
@click.argument("story_id", metavar="STORY", type=ROW_ID)
@click.argument("articles", metavar="ARTICLE...", type=ROW_ID, nargs=-1, required=True)
@_dry_run_option
@click.pass_obj
def split(folder: Path, story_id: int, articles: tuple[int, ...], dry_run: bool) -> None:
    """Open a story with these articles of STORY and their copies; neither a collect nor a reindex undoes it."""
    from rasid.app import stories as app

    with open_rasid(folder) as rasid:
        moved = app.split(rasid.store, story_id, articles, who=account(), now=utc_now(), dry_run=dry_run)
    click.echo(_outcome(moved, _named("article", articles), dry_run=dry_run))


def _outcome(moved: Moved, asked: str, *, dry_run: bool) -> str:
    """What an edit came to, in one line."""
    if not moved.sources:
        return f"{asked}: in story {moved.story} already; nothing changed"
    articles = _counted(moved.articles, "article")
    place = "a new story" if moved.story is None else f"{moved.story}"
    told = f"{articles} of {_stories(moved.sources)}"
    if dry_run:
        return f"{told} would be in {place}; nothing changed"
    return f"{told} {'is' if moved.articles == 1 else 'are'} in {place} now"


def _stories(ids: Sequence[int]) -> str:
    return _named("story", ids)


def _named(what: str, ids: Sequence[int]) -> str:
    many = {"story": "stories", "article": "articles"}[what]
    *first, last = map(str, ids)
    return f"{many} {', '.join(first)} and {last}" if first else f"{what} {last}"
