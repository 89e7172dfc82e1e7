"""`rasid corpus`: what is stored and learned; judging or reading it anew when the rules have changed."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, get_args

import click

from rasid.app.context import open_rasid
from rasid.app.stages import Progress, quiet
from rasid.cli import FINDINGS
from rasid.cli.output import print_json, print_table, progress_bar, utc_now
from rasid.types import Relation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from rasid.app.context import Rasid
    from rasid.app.reindex import ReindexReport
    from storage import OutletLine, ReindexState, Store

EVERYWHERE = "everywhere"
_SIGN_EVERY = 5.0  # seconds: a log stays short, and nobody thinks that it hangs

_json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group()
def corpus() -> None:
    """All stored articles: show, lines, reindex, reextract."""


# ── show ──────────────────────────────────────────────────────────────────────────────────────────


@corpus.command()
@_json_option
@click.pass_obj
def show(folder: Path, as_json: bool) -> None:
    """How much is stored, what was learned, how the last reindex stands."""
    with open_rasid(folder) as rasid:
        counts, learned = rasid.store.corpus_counts(), rasid.store.learned_lines()
        figures = {
            "articles": sum(counts.relations.values()),
            **{relation: counts.relations.get(relation, 0) for relation in get_args(Relation)},
            "stories": counts.stories,
            "fingerprint_keys": counts.keys,
            "learned_lines": sum(map(len, learned.by_outlet.values())),
            "learned_everywhere": len(learned.everywhere),
        }
        last = rasid.store.last_reindex()
    state = _state(last, utc_now())
    if as_json:
        print_json(figures | {"reindex": state})
        return
    rows = [[name.replace("_", " "), f"{value:,}"] for name, value in figures.items()]
    print_table(["corpus", "now"], [*rows, ["last reindex", _told(state)]])


def _state(last: ReindexState | None, now: datetime) -> dict[str, object] | None:
    from rasid.app.reindex import rules_version

    if last is None:
        return None
    held = last.lease_until is not None and last.lease_until > now
    return {
        "state": "finished" if last.finished else "at work" if held else "left off",
        "started": last.started,
        "finished": last.finished,
        "after": last.after,
        "total": last.total,
        "version": last.version,
        "rules_changed": last.version != rules_version(),
    }


def _told(state: dict[str, object] | None) -> str:
    if state is None:
        return "never"
    changed = "; the rules have changed since" * bool(state["rules_changed"])
    if state["finished"]:
        return f"finished {state['finished']:%Y-%m-%d %H:%M}Z{changed}"
    return f"{state['state']} after article {state['after']} of {state['total']}{changed}"


# ── lines ─────────────────────────────────────────────────────────────────────────────────────────


@corpus.command()
@click.option("--outlet", metavar="NAME", help=f"A feed's id or its name, or «{EVERYWHERE}».")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="Most often first."
)
@_json_option
@click.pass_obj
def lines(folder: Path, outlet: str | None, limit: int, as_json: bool) -> None:
    """Lines that outlets print under everything, as Rasid learned them: they count for nothing in comparisons."""
    with open_rasid(folder) as rasid:
        names = {feed.id: feed.name for feed in rasid.config.feeds}
        ids = {name: feed_id for feed_id, name in names.items()} | {"": EVERYWHERE}
        wanted = "" if outlet == EVERYWHERE else names.get(outlet, outlet) if outlet else None
        found = [(line, _text(rasid.store, line)) for line in rasid.store.outlet_lines(wanted, limit)]
    if wanted is not None and wanted not in ids:
        click.echo(f"no feed is called {outlet}; there are: {', '.join(names)}", err=True)
    if as_json:
        print_json([_line(line, text) for line, text in found])
        return
    print_table(
        ["outlet", "times", "article", "line"],
        [
            [ids.get(line.outlet, line.outlet), str(line.articles), str(line.article_id), text]
            for line, text in found
        ],
    )


def _line(line: OutletLine, text: str) -> dict[str, object]:
    """A learned line for programs; of one that is known everywhere outlets are counted, else articles."""
    return {
        "outlet": line.outlet or EVERYWHERE,
        "times": line.articles,
        "counted": "articles" if line.outlet else "outlets",
        "article": line.article_id,
        "text": text,
    }


def _text(store: Store, line: OutletLine) -> str:
    """The words of a learned line: only its hash is stored, the first article that held it still has it."""
    from rasid.shingles import read_words

    for article in store.archived([line.article_id]):
        for written in article.text.split("\n"):
            if line.hash in read_words(written).lines:
                return " ".join(written.split())
    return "(learned by other rules: no article is read so any more)"


# ── reindex ───────────────────────────────────────────────────────────────────────────────────────


@corpus.command()
@click.option(
    "--restart", is_flag=True, help="Begin with the first article, even where another run left off."
)
@click.option("--quiet", "silent", is_flag=True, help="No progress.")
@click.pass_obj
def reindex(folder: Path, restart: bool, silent: bool) -> None:
    """Judge the whole corpus anew with today's rules: fingerprints, relations, stories.

    It may be interrupted or killed at any moment and goes on from there; collects may run meanwhile. Stories that an
    operator merged or split stay as they are.
    """
    from rasid.app.reindex import reindex as run

    with open_rasid(folder) as rasid, _progress(silent=silent) as progress:
        if not restart and (note := _goes_on(rasid)):
            click.echo(note, err=True)
        report = run(rasid, clock=utc_now, restart=restart, progress=progress)
    click.echo("\n".join(_summary(report)))


@corpus.command()
@click.option("--feed", "feed_id", metavar="ID", help="Only the pages of this feed.")
@click.option("--quiet", "silent", is_flag=True, help="No progress.")
@click.pass_obj
def reextract(folder: Path, feed_id: str | None, silent: bool) -> None:
    """Read the HTML that is kept (settings keep.html) again, after a change of Rasid or of an outlet's rules.

    Texts that are read differently are replaced and searched anew; relations and stories stay until `reindex`.
    Exit code 1 where a page cannot be read any more: its article stays as it is.
    """
    from rasid.app.reextract import reextract as run

    with open_rasid(folder) as rasid, _progress(silent=silent) as progress:
        if feed_id is not None and feed_id not in (known := [feed.id for feed in rasid.config.feeds]):
            click.echo(f"no feed is called {feed_id}; there are: {', '.join(known)}", err=True)
            sys.exit(FINDINGS)
        if not rasid.config.settings.keep.html and not rasid.store.count_pages():
            click.echo("no HTML is kept: set keep.html in settings.yaml to a number of days", err=True)
        report = run(rasid, clock=utc_now, feed_id=feed_id, progress=progress)
    click.echo(f"{report.pages:,} pages read again, {report.changed:,} articles changed")
    for failure in report.failures:
        click.echo(f"  not read: {failure.url}: {failure.error}")
    sys.exit(FINDINGS if report.failures else 0)


def _goes_on(rasid: Rasid) -> str:
    """What to say of a run that left off; nothing where there is none."""
    from rasid.app.reindex import rules_version

    last = rasid.store.last_reindex()
    if last is None or last.finished is not None or last.after == 0:
        return ""
    begun = f"the reindex begun {last.started:%Y-%m-%d %H:%M}Z"
    if last.version != rules_version():
        return f"the rules have changed since {begun}, which left off: from the first article"
    return f"{begun} goes on after article {last.after} of {last.total}; --restart begins with the first"


def _summary(report: ReindexReport) -> Iterator[str]:
    each = f", {1000 * report.seconds / report.articles:.1f} ms each" if report.articles else ""
    later = f" after article {report.after}" * bool(report.after)
    yield f"{report.articles:,} articles{later} judged anew in {report.seconds:.1f} s{each}"
    changes = [f"{before} → {now} {count:,}" for (before, now), count in sorted(report.relations.items())]
    if report.originals:
        changes.append(f"another original {report.originals:,}")
    yield f"relations changed: {', '.join(changes) or 'none'}"
    yield f"articles in another story: {report.stories or 'none'}"


@contextmanager
def _progress(*, silent: bool) -> Iterator[Progress]:
    """A bar on a terminal, a line now and then elsewhere."""
    if silent:
        yield quiet
    elif sys.stderr.isatty():
        with progress_bar() as bar:
            yield bar
    else:
        yield percent_lines(monotonic)


def percent_lines(seconds: Callable[[], float]) -> Progress:
    """Progress as plain lines on stderr, five seconds apart at least.

    Args:
        seconds: The clock that they are measured by.
    """
    last = seconds()

    def show(stage: str, done: int, total: int) -> None:
        nonlocal last
        if seconds() - last >= _SIGN_EVERY:
            last = seconds()
            click.echo(f"{stage}: {done / max(total, 1):.0%} ({done:,} of {total:,})", err=True)

    return show
