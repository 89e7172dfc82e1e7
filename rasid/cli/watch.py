"""What a watchlist finds, and why: explain, backtest."""

from __future__ import annotations

import re
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rasid.app.context import load_config, open_rasid, read_file
from rasid.cli.output import excerpt, print_json, print_table, progress_bar, utc_now
from rasid.matching import Matcher

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rasid.app.archive import Backtest, Sample, TermResult
    from rasid.app.context import Rasid
    from rasid.app.explain import Source
    from rasid.config import Config
    from rasid.types import Finding, Reason, Term, Watchlist

_MARKS = {"matched": ("✓", "green"), "uncertain": ("?", "yellow"), "rejected": ("✗", "red")}
_SPAN = re.compile(r"(\d{1,5})([hdw])")
_MOST_DIGITS = 18  # of an article's number, which has 64 bits
_HOURS = {"h": 1, "d": 24, "w": 168}

_language = click.option(
    "--language",
    type=click.Choice(["ar", "en"]),
    default="en",
    show_default=True,
    help="In which the reasons are told.",
)


def _told(why: Reason, language: str) -> str:
    return why.ar if language == "ar" else why.en


# ── explain ───────────────────────────────────────────────────────────────────────────────────────


@click.command()
@click.argument("source", metavar="FILE|URL|ID")
@click.option(
    "--title", default=None, help="A title to read with the text; pages and articles bring their own."
)
@click.option("--term", "terms", multiple=True, help="Only this term; may be given several times.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@_language
@click.pass_obj
def explain(
    folder: Path, source: str, title: str | None, terms: tuple[str, ...], as_json: bool, language: str
) -> None:
    """Every place in an article that the watchlists looked at: what counts, what was refused, and why.

    FILE is a page or a text ("-": standard input), URL a page to fetch, ID an article's number in the archive.
    """
    config = load_config(folder)
    _refuse_unknown(terms, config)
    read = _source(config, folder, source)
    given = read.title if title is None else title
    found = Matcher(list(config.terms.values())).explain(read.text, given)
    findings = [finding for finding in found if not terms or finding.term in terms]
    if as_json:
        print_json({"source": read.name, "title": given, "findings": [_as_dict(one) for one in findings]})
        return
    for finding in findings:
        field = given if finding.field == "title" else read.text
        click.echo(_line(finding, language))
        click.echo(f"    {excerpt(field, finding.start, finding.end)}")
    counts = Counter(finding.outcome for finding in findings)
    click.echo(
        f"{read.name}: {len(read.text.split())} words, {counts['matched']} matched, "
        f"{counts['uncertain']} uncertain, {counts['rejected']} refused",
        err=True,
    )


def _refuse_unknown(terms: Sequence[str], config: Config) -> None:
    unknown = [term for term in terms if term not in config.terms]
    if unknown:
        raise click.UsageError(f"no term {', '.join(unknown)}; there are: {', '.join(config.terms)}")


def _source(config: Config, folder: Path, source: str) -> Source:
    """The article that a person means."""
    from rasid.app import explain as app

    if source == "-":
        return _from_bytes(config, "standard input", sys.stdin.buffer.read())
    if source.startswith(("http://", "https://")):
        return app.from_url(config, source, utc_now)
    if _is_file(source):
        return _from_bytes(config, source, Path(source).read_bytes())
    if source.isdecimal() and len(source) <= _MOST_DIGITS:
        return app.from_archive(config, folder, int(source))
    raise click.UsageError(f"{source} is no file, no http(s) address and no article's number")


def _is_file(name: str) -> bool:
    """Tell whether there is a file of that name; a sentence in its place may be too long for one."""
    try:
        return Path(name).is_file()
    except OSError:
        return False


def _from_bytes(config: Config, name: str, content: bytes) -> Source:
    """A page where the content begins like one, else a text as it stands."""
    from rasid.app import explain as app

    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return app.from_page(config, name, content)
    try:
        return app.Source(name, "", content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{name}: neither a page nor a text in UTF-8 (byte {error.start})") from None


def _line(finding: Finding, language: str) -> str:
    mark, colour = _MARKS[finding.outcome]
    where = "title" if finding.field == "title" else f"{finding.start}"
    shown = click.style(f"{mark} {finding.outcome:<9}", fg=colour)
    return f"{shown} {finding.term:<12} {where:>6}  {_told(finding.why, language)}"


def _as_dict(finding: Finding) -> dict[str, object]:
    return {
        "term": finding.term,
        "field": finding.field,
        "start": finding.start,
        "end": finding.end,
        "text": finding.text,
        "outcome": finding.outcome,
        "form": finding.form,
        "why": {"ar": finding.why.ar, "en": finding.why.en},
    }


# ── backtest ──────────────────────────────────────────────────────────────────────────────────────


def parse_since(value: str, now: datetime) -> datetime | None:
    """The moment that 30d, 12h, 2w, a date or «all» means.

    Raises:
        ValueError: It is none of these.
    """
    if value == "all":
        return None
    if span := _SPAN.fullmatch(value):
        return now - timedelta(hours=int(span[1]) * _HOURS[span[2]])
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"'{value}' is no time; write 30d, 12h, 2w, 2026-01-31 or all") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.command()
@click.argument("name", metavar="LIST")
@click.option("--since", default="30d", show_default=True, help="How far back: 30d, 12h, 2w, a date, all.")
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An older version of the list; without it the last one that a collect has seen.",
)
@click.option("--samples", default=5, show_default=True, type=click.IntRange(0, 1000), help="Shown of each.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@_language
@click.pass_obj
def backtest(
    folder: Path, name: str, since: str, against: Path | None, samples: int, as_json: bool, language: str
) -> None:
    """What LIST finds in the archive, gained and lost against its older version; nothing is stored.

    LIST is a watchlist's name, or a file that is not in the config folder yet.
    """
    from rasid.app.archive import backtest as run

    try:
        start = parse_since(since, utc_now())
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from None
    with open_rasid(folder) as rasid, progress_bar() as progress:
        new = _watchlist(rasid, name)
        others = {term.id: term for one in rasid.config.watchlists if one.id != new.id for term in one.terms}
        old = _older(rasid, new, against, others)
        now = others | _by_id(new)
        before = None if old is None else others | _by_id(old)
        wanted = list(dict.fromkeys([*_by_id(new), *(_by_id(old) if old else ())]))
        result = run(rasid.store, now, before, wanted, since=start, samples=samples, progress=progress)
    if as_json:
        print_json(_report(new, old, result, language))
        return
    _print_backtest(result, (before or {}) | now, language)
    compared = (
        f"compared with version {old.version} of {old.file}"
        if old
        else "there is no older version to compare with"
    )
    click.echo(
        f"{new.id}: {result.articles:,} articles in the archive, {result.read:,} read "
        f"(the index ruled out the rest); {compared}",
        err=True,
    )


def _by_id(watchlist: Watchlist) -> dict[str, Term]:
    return {term.id: term for term in watchlist.terms}


def _watchlist(rasid: Rasid, name: str) -> Watchlist:
    """The list of that name, else the file."""
    from rasid.config import parse_watchlist

    known = {watchlist.id: watchlist for watchlist in rasid.config.watchlists}
    if name in known:
        return known[name]
    if _is_file(name):
        path = Path(name)
        elsewhere = [term.id for one in known.values() if one.id != path.stem for term in one.terms]
        return parse_watchlist(read_file(path), str(path), elsewhere)
    raise click.UsageError(f"no watchlist and no file {name}; there are: {', '.join(known)}")


def _older(
    rasid: Rasid, new: Watchlist, against: Path | None, elsewhere: Mapping[str, Term]
) -> Watchlist | None:
    """The version to compare with: the file, else the last one that a collect has seen; None: there is none."""
    from rasid.config import parse_watchlist

    if against is not None:
        return parse_watchlist(read_file(against), str(against), elsewhere)
    saved = [version for version in rasid.store.watchlist_versions(new.id) if version.text]
    return parse_watchlist(saved[-1].text, f"{new.id}.yaml", elsewhere) if saved else None


def _print_backtest(result: Backtest, terms: Mapping[str, Term], language: str) -> None:
    header = ["term", "articles", "matched", "uncertain", "gained", "lost", "outlets", "name"]
    print_table(
        header,
        [
            [
                name,
                str(one.articles),
                str(one.matched),
                str(one.uncertain),
                f"+{one.gains}" if result.compared else "-",
                f"-{one.losses}" if result.compared else "-",
                str(len(one.outlets)),
                terms[name].label if language == "ar" else terms[name].label_en,
            ]
            for name, one in result.terms.items()
        ],
    )
    changed = result.compared and any(one.gains or one.losses for one in result.terms.values())
    for name, one in result.terms.items():
        _print_term(name, one, language, compared=changed)


def _print_term(name: str, result: TermResult, language: str, *, compared: bool) -> None:
    if result.outlets:
        shares = ", ".join(f"{outlet} {count}" for outlet, count in result.outlets.most_common(12))
        click.echo(f"\n{name}: {shares}")
    parts = [("found", "·", result.samples, result.matched + result.uncertain)]
    if compared:
        parts = [("gained", "+", result.gained, result.gains), ("lost", "-", result.lost, result.losses)]
    for what, mark, samples, count in parts:
        if samples:
            click.echo(f"  {what}, the newest {len(samples)} of {count}:")
        for sample in reversed(samples):
            click.echo(f"  {mark} {_sample_line(sample, language)}")


def _sample_line(sample: Sample, language: str) -> str:
    article, mention = sample.article, sample.mention
    field = article.title if mention.field == "title" else article.text
    head = f"{article.id}  {article.published:%Y-%m-%d}  {mention.status}  {_told(mention.why, language)}"
    return f"{head}\n      {article.outlet}: {excerpt(field, mention.start, mention.end)}"


def _report(new: Watchlist, old: Watchlist | None, result: Backtest, language: str) -> dict[str, object]:
    return {
        "list": new.id,
        "version": new.version,
        "against": old.version if old else None,
        "archive": result.articles,
        "read": result.read,
        "terms": {
            name: {
                "articles": one.articles,
                "matched": one.matched,
                "uncertain": one.uncertain,
                "gained": one.gains,
                "lost": one.losses,
                "outlets": dict(one.outlets.most_common()),
                "samples": [_sample(sample, language) for sample in one.samples],
                "gained_samples": [_sample(sample, language) for sample in one.gained],
                "lost_samples": [_sample(sample, language) for sample in one.lost],
            }
            for name, one in result.terms.items()
        },
    }


def _sample(sample: Sample, language: str) -> dict[str, object]:
    article, mention = sample.article, sample.mention
    return {
        "article": article.id,
        "url": article.url,
        "outlet": article.outlet,
        "published": article.published.isoformat(),
        "title": article.title,
        "field": mention.field,
        "start": mention.start,
        "end": mention.end,
        "text": mention.text,
        "status": mention.status,
        "form": mention.form,
        "why": _told(mention.why, language),
    }
