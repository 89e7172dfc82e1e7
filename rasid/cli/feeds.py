"""`rasid feeds`: find, test, list, exchange the feeds."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rasid.app.context import load_config, open_archive, read_file
from rasid.cli import FINDINGS
from rasid.cli.editing import confirmed, write_edits
from rasid.cli.feed_reports import candidate_lines, header_lines, shown_lines, styled, trial_json
from rasid.cli.output import moment, print_json, print_table, progress_bar, utc_now
from rasid.config.feed_editing import add_feeds, importable, line_of_feed, listed_ids, new_id, new_name
from rasid.config.values import nearest, url_key
from rasid.errors import FetchError, RasidError
from rasid.health import HISTORY, judge
from rasid.types import Feed, FeedState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime, timedelta

    from rasid.app.feeds import Discovery, Trial
    from rasid.app.stages import Progress
    from rasid.config import Config
    from rasid.health import FeedHealth
    from rasid.types import FeedDay

_FILE = "feeds.yaml"

_json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_dry_run_option = click.option("--dry-run", is_flag=True, help="Show the diff and write nothing.")


@click.group()
def feeds() -> None:
    """The feeds: find and add, test, list, import, export."""


# ── add ───────────────────────────────────────────────────────────────────────────────────────────


@feeds.command()
@click.argument("address", metavar="URL")
@click.option("--id", "feed_id", metavar="ID", help="By which the archive knows it; else made of its host.")
@click.option("--name", metavar="NAME", help="The outlet's name; else made of the feed's title.")
@click.option("--category", metavar="WORD", default="general", show_default=True, help="To group feeds by.")
@click.option("--pick", type=click.IntRange(1), metavar="N", help="Which, where a site has several.")
@click.option("--yes", is_flag=True, help="Do not ask before writing.")
@_dry_run_option
@click.pass_obj
def add(
    folder: Path,
    address: str,
    feed_id: str | None,
    name: str | None,
    category: str,
    pick: int | None,
    yes: bool,
    dry_run: bool,
) -> None:
    """Find the feed of a site, show how it would be read, and list it in feeds.yaml."""
    from rasid.app.feeds import address_of

    config, text = load_config(folder), read_file(folder / _FILE)
    asked = address_of(address)
    _refuse_listed(folder, config, asked)
    if feed_id is not None and feed_id in listed_ids(text):
        where = f"{folder / _FILE}:{line_of_feed(text, feed_id)}"
        raise RasidError(f"{where}: the feed id '{feed_id}' is taken; choose another with --id")
    try:
        with progress_bar() as progress:
            discovery = asyncio.run(_discovered(config, asked, pick or 1, progress))
    except FetchError as error:
        advice = "; see what a browser makes of it, and give the address that it ends at" * bool(error.status)
        raise RasidError(f"{asked}: {error.reason}{advice}") from None
    if not discovery.found:
        _nothing_found(discovery)
    if pick and pick > len(discovery.found):
        raise click.UsageError(f"--pick {pick}: there are {len(discovery.found)} feeds at {asked}")
    trial = discovery.found[(pick or 1) - 1]
    click.echo("\n".join(_found_lines(discovery, trial, config)))
    _refuse_listed(folder, config, trial.feed.url)
    title = trial.parsed.title if trial.parsed else ""
    feed = replace(
        trial.feed,
        id=feed_id or new_id(trial.feed.url, listed_ids(text), title),
        name=name or new_name(title, trial.feed.url),
        category=category,
    )
    agreed = None if yes else lambda: confirmed(f"list it in {folder / _FILE}?")
    write_edits(folder, config, {_FILE: lambda before: add_feeds(before, [feed])}, dry_run, agreed)


async def _discovered(config: Config, address: str, pick: int, progress: Progress) -> Discovery:
    """The feeds of an address, the entries of the one picked read."""
    from rasid.app.feeds import scout

    async with scout(config, utc_now, progress) as tools:
        discovery = await tools.discover(address)
        found = list(discovery.found)
        if pick <= len(found):
            found[pick - 1] = await tools.read(found[pick - 1])
        return replace(discovery, found=tuple(found))


def _refuse_listed(folder: Path, config: Config, url: str) -> None:
    for feed in config.feeds:
        if feed.kind != "search" and url_key(feed.url) == url_key(url):
            where = f"{folder / _FILE}:{line_of_feed(read_file(folder / _FILE), feed.id)}"
            off = "" if feed.enabled else ", and off: `enabled: true` turns it on"
            raise RasidError(
                f"{where}: {url} is listed already (id {feed.id}{off}); `rasid feeds test {feed.id}` shows how it does"
            )


def _nothing_found(discovery: Discovery) -> None:
    """Every address that was asked, with what came; then what an operator can do."""
    for url, reason in discovery.failed:
        click.echo(f"  {url}: {reason}", err=True)
    raise RasidError(
        f"{discovery.address}: no feed found, and no page with links to articles; look in the site for its feed or for "
        "the page of a section, and give that address"
    )


def _found_lines(discovery: Discovery, trial: Trial, config: Config) -> Iterator[str]:
    """The feeds of a site, which one is taken, and how its entries are read."""
    listed = {url_key(feed.url): feed.id for feed in config.feeds}
    yield from candidate_lines(discovery, trial, listed)
    yield ""
    yield from header_lines(trial)
    yield from shown_lines(trial)
    if trial.fault:
        yield f"  {trial.fault}: think twice before you list it"
    yield ""


# ── test ──────────────────────────────────────────────────────────────────────────────────────────


@feeds.command("test")
@click.argument("names", metavar="[ID|URL]...", nargs=-1)
@_json_option
@click.pass_obj
def test_feeds(folder: Path, names: tuple[str, ...], as_json: bool) -> None:
    """Poll feeds and read their newest entries without storing anything; without a name, all that are on.

    Exit code 1 when a feed cannot be read, or none of its newest entries can.
    """
    config = load_config(folder)
    chosen = [_named(config, name) for name in names] or [feed for feed in config.feeds if feed.enabled]
    with progress_bar() as progress:
        trials = asyncio.run(_tested(config, chosen, progress))
    failing = [trial.feed.id or trial.feed.url for trial in trials if trial.fault]
    if as_json:
        print_json([trial_json(trial) for trial in trials])
    else:
        text = read_file(folder / _FILE)
        for trial in trials:
            click.echo("\n".join(_tested_lines(folder, text, trial)) + "\n")
    click.echo(f"{len(trials) - len(failing)} of {len(trials)} fine", err=True)
    if failing:
        click.echo(f"failing: {', '.join(failing)}", err=True)
        sys.exit(FINDINGS)


def _named(config: Config, name: str) -> Feed:
    """The listed feed of that id, or one at that address that need not be listed."""
    from rasid.app.feeds import address_of

    known = {feed.id: feed for feed in config.feeds}
    if name in known:
        return known[name]
    if "." not in name and "/" not in name:
        hint = nearest(name, known) or "; `rasid feeds list --all` shows the ids"
        raise RasidError(f"no feed '{name}'{hint}")
    url = address_of(name)
    return next((feed for feed in config.feeds if url_key(feed.url) == url_key(url)), Feed("", "", url))


async def _tested(config: Config, chosen: Iterable[Feed], progress: Progress) -> list[Trial]:
    from rasid.app.feeds import scout

    async with scout(config, utc_now, progress) as tools:

        async def one(feed: Feed) -> Trial:
            return await tools.read(await tools.poll(feed))

        return list(await asyncio.gather(*map(one, chosen)))


def _tested_lines(folder: Path, text: str, trial: Trial) -> Iterator[str]:
    feed = trial.feed
    yield styled(f"{feed.id or feed.url}: {'failing' if trial.fault else 'fine'}", bold=True)
    if feed.id:
        yield f"  {feed.url}"
    yield from header_lines(trial)
    yield from shown_lines(trial)
    if trial.fault:
        yield styled(f"  {trial.fault}", fg="red")
    if trial.error and not feed.id:
        yield f"  `rasid feeds add {feed.url}` looks for the feeds of a site"
    if trial.moved_to and feed.id:
        yield f"  moved for good; write `url: {trial.moved_to}` at {folder / _FILE}:{line_of_feed(text, feed.id)}"


# ── list ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Row:
    """One feed, what is remembered of it, how it does by its own history."""

    feed: Feed
    state: FeedState
    health: FeedHealth

    @property
    def word(self) -> str:
        """Its state, "off" where it is not polled."""
        return self.state.status if self.feed.enabled else "off"


@feeds.command("list")
@click.option("--all", "everything", is_flag=True, help="Feeds that are off, too.")
@_json_option
@click.pass_obj
def list_feeds(folder: Path, everything: bool, as_json: bool) -> None:
    """Each feed: state, last success, new entries a day, share of pages read, next poll, name; errors below."""
    config, now = load_config(folder), utc_now()
    with open_archive(config, folder) as store:
        states = store.feed_states() if store else {}
        days = store.feed_days((now - HISTORY).date()) if store else {}
    listed = [feed for feed in config.feeds if feed.enabled or everything]
    rows = [_row(feed, states.get(feed.id), days.get(feed.id, ()), now) for feed in listed]
    if as_json:
        print_json([_row_json(row) for row in rows])
        return
    if not sys.stdout.isatty():
        header = ["feed", "state", "last success", "a day", "read", "next poll", "error", "name"]
        print_table(header, [_plain_row(row) for row in rows])
        return
    header = ["feed", "state", "success", "a day", "read", "next", "name"]
    _print_columns(header, [_short_row(row, now) for row in rows])
    for line in _notes(folder, rows, now):
        click.echo(line)


def _row(feed: Feed, state: FeedState | None, days: Sequence[FeedDay], now: datetime) -> _Row:
    known = state or FeedState(feed.id)
    return _Row(feed, known, judge(feed, known, days, now=now))


def _row_json(row: _Row) -> dict[str, object]:
    health = row.health
    figures = {"entries_a_day": health.daily, "share_read": health.share}
    unusual = {"quiet": health.quiet and health.quiet.en, "thin": health.thin and health.thin.en}
    return asdict(row.feed) | asdict(row.state) | figures | unusual


def _plain_row(row: _Row) -> list[str]:
    """For programs: moments in full, the error on the row."""
    return [
        row.feed.id,
        row.word,
        moment(row.state.last_success),
        *_figures(row),
        moment(row.state.next_poll) if row.feed.enabled else "-",
        row.state.error or "-",
        row.feed.name,
    ]


def _short_row(row: _Row, now: datetime) -> list[str]:
    """For people: how long ago, how soon."""
    state = row.state
    due = "-" if not row.feed.enabled else "now" if state.next_poll is None else _span(state.next_poll - now)
    ago = "-" if state.last_success is None else _span(now - state.last_success)
    return [row.feed.id, row.word, ago, *_figures(row), due, row.feed.name]


def _figures(row: _Row) -> tuple[str, str]:
    """New entries a day and the share of pages read, as means of four weeks."""
    daily, share = row.health.daily, row.health.share
    return "-" if daily is None else f"{daily:.1f}", "-" if share is None else f"{share:.0%}"


def _span(span: timedelta) -> str:
    """How long, in one unit."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return "now"
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


def _print_columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as narrow as they can be; the last, in whatever script, ends where the terminal does."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header) - 1)]
    for number, row in enumerate((header, *rows)):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        line = "  ".join([*cells, row[-1]])
        click.echo(styled(line, bold=True) if number == 0 else line)


def _notes(folder: Path, rows: Sequence[_Row], now: datetime) -> Iterator[str]:
    """What is wrong in words, and what to write where a feed has moved."""
    text = read_file(folder / _FILE)
    for row in rows:
        for note in _notes_on(row, now) if row.feed.enabled else ():
            yield f"{styled(row.feed.id, bold=True)}: {note}"
        if row.state.status == "moved" and row.feed.enabled:
            where = f"{folder / _FILE}:{line_of_feed(text, row.feed.id)}"
            yield f"{styled(row.feed.id, bold=True)}: moved for good; write `url: {row.state.moved_to}` at {where}"


def _notes_on(row: _Row, now: datetime) -> Iterator[str]:
    state, health = row.state, row.health
    if state.error:
        since = f", last success {_span(now - state.last_success)} ago" if state.last_success else ""
        yield f"{state.error} ({state.failures} time{'s' * (state.failures != 1)} in a row{since})"
    yield from (reason.en for reason in (health.quiet, health.thin) if reason)


# ── import, export ────────────────────────────────────────────────────────────────────────────────


@feeds.command("import")
@click.argument("file", metavar="FILE.opml|-", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@_dry_run_option
@click.pass_obj
def import_feeds(folder: Path, file: str, dry_run: bool) -> None:
    """Add the feeds of an OPML file; folders become categories, feeds that are listed already are skipped."""
    from sources.opml import MAX_BYTES, read_opml

    config = load_config(folder)
    with click.open_file(file, "rb") as opened:
        document = opened.read(MAX_BYTES + 1)
    foreign = read_opml(document, "standard input" if file == "-" else file)
    added, skipped = importable(read_file(folder / _FILE), foreign)
    for reason in skipped:
        click.echo(f"skipped: {reason}", err=True)
    click.echo(f"{len(added)} to add, {len(skipped)} skipped", err=True)
    if added:
        write_edits(folder, config, {_FILE: lambda before: add_feeds(before, added)}, dry_run)
    if added and not dry_run:
        click.echo("`rasid feeds test` tells how they do", err=True)


@feeds.command("export")
@click.option("--all", "everything", is_flag=True, help="Feeds that are off, too.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file, not stdout.")
@click.pass_obj
def export_feeds(folder: Path, everything: bool, output: Path | None) -> None:
    """The feeds as OPML 2.0, for feed readers and for `rasid feeds import`."""
    from sources.opml import write_opml

    listed = [feed for feed in load_config(folder).feeds if feed.enabled or everything]
    written = [feed for feed in listed if feed.kind != "search"]
    if len(written) < len(listed):
        click.echo(f"left out: {len(listed) - len(written)} searches, which are no feeds", err=True)
    document = write_opml(written, "Rasid")
    if output is None:
        click.echo(document, nl=False)
        return
    output.write_bytes(document)
    click.echo(f"written {output}: {len(written)} feeds", err=True)
