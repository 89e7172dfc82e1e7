"""How the trial of a feed is told: lines for people, JSON for programs. Arabic stands last on its line."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from rasid.config.values import url_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from rasid.app.feeds import Discovery, EntryRead, Trial

_FORMATS = {
    "rss20": "RSS 2.0",
    "rss10": "RSS 1.0",
    "rdf": "RDF",
    "atom10": "Atom 1.0",
    "atom03": "Atom 0.3",
    "json": "JSON Feed",
    "html-links": "links of a page",
}
_FEWEST_COLUMNS = 20  # that are left to a title, however narrow the terminal


def candidate_lines(discovery: Discovery, taken: Trial, listed: Mapping[str, str]) -> Iterator[str]:
    """The feeds that an address led to, numbered; `listed` gives the ids of those that are listed, by address."""
    found = discovery.found
    pages = [trial for trial in found if trial.feed.kind == "page"]
    yield f"{discovery.address}: " + (
        "no feed; the links of the page serve" if pages else _counted(len(found), "feed", "feeds")
    )
    yield ""
    width = max(len(trial.feed.url) for trial in found)
    for number, trial in enumerate(found, 1):
        known = listed.get(url_key(trial.feed.url))
        facts = f"{_format(trial)}, {_counted(len(trial.entries), 'entry', 'entries')}, {_newest(trial)}"
        already = f", listed as {known}" * bool(known)
        yield f"{'→' if trial is taken else ' '} {number}  {trial.feed.url:<{width}}  {facts}{already}"
        if trial.parsed and trial.parsed.title:
            yield _cropped("     ", trial.parsed.title)
    if more := discovery.unasked:
        some = ", ".join(more[:3]) + " …" * (len(more) > 3)
        yield f"  {len(more)} more that the page names were not asked: {some}"
    if len(found) > 1:
        yield "  --pick N takes another"


def header_lines(trial: Trial) -> Iterator[str]:
    """What came when the feed was asked."""
    if trial.parsed is None:
        return
    entries = _counted(len(trial.entries), "entry", "entries")
    dropped = f", {trial.parsed.dropped} dropped" * bool(trial.parsed.dropped)
    cut = " · the document breaks off" * trial.parsed.truncated
    yield (
        f"  HTTP {trial.status} · {_format(trial)} · {trial.parsed.encoding} · {entries}{dropped}"
        f" · {_dates(trial)}{cut}"
    )


def shown_lines(trial: Trial) -> Iterator[str]:
    """The newest entries as a collect would read them; a page that failed has its reason below."""
    counts = [f"{one.words} words" for one in trial.shown]
    terms = [", ".join(one.terms) or "-" for one in trial.shown]
    wide, broad = max(map(len, counts), default=0), max(map(len, terms), default=0)
    for one, count, found in zip(trial.shown, counts, terms, strict=True):
        yield _cropped(f"  {moment(one.published):<17}  {count:>{wide}}  {found:<{broad}}  ", one.title)
        if one.error:
            yield f"      {one.url}"
            yield styled(f"      {_failure(one)}", fg="red")


def _failure(one: EntryRead) -> str:
    return f"{one.error}; " + (
        "the words are the feed's own" if one.words else "the feed has no text of its own"
    )


def trial_json(trial: Trial) -> dict[str, object]:
    """The same for programs."""
    parsed = trial.parsed
    return {
        "id": trial.feed.id or None,
        "url": trial.feed.url,
        "fault": trial.fault or None,
        "status": trial.status,
        "moved_to": trial.moved_to,
        "format": parsed.format if parsed else None,
        "encoding": parsed.encoding if parsed else None,
        "title": parsed.title if parsed else None,
        "entries": len(trial.entries),
        "dropped": parsed.dropped if parsed else 0,
        "dated": trial.dated,
        "newest": trial.newest.isoformat() if trial.newest else None,
        "truncated": parsed.truncated if parsed else False,
        "shown": [asdict(one) | {"published": _iso(one.published)} for one in trial.shown],
    }


def moment(time: datetime | None) -> str:
    """A time to the minute in UTC; midnight is how a day without a time is kept."""
    if time is None:
        return "without date"
    return (
        f"{time:%Y-%m-%d}"
        if (time.hour, time.minute, time.second) == (0, 0, 0)
        else f"{time:%Y-%m-%d %H:%M}Z"
    )


def _newest(trial: Trial) -> str:
    return f"newest {moment(trial.newest)}" if trial.newest else "no dates"


def _dates(trial: Trial) -> str:
    return (
        f"{trial.dated / len(trial.entries):.0%} dated, {_newest(trial)}" if trial.dated else _newest(trial)
    )


def styled(text: str, *, bold: bool = False, fg: str | None = None) -> str:
    """Text for a terminal; click takes the colours away elsewhere, NO_COLOR does everywhere."""
    return text if os.environ.get("NO_COLOR") else click.style(text, bold=bold or None, fg=fg)


def _iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _format(trial: Trial) -> str:
    name = trial.parsed.format if trial.parsed else ""
    return _FORMATS.get(name, name.replace("-", " "))


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _cropped(line: str, title: str) -> str:
    """A line with a title at its end, which gives way where the terminal is narrow."""
    if not sys.stdout.isatty():
        return line + title
    room = max(shutil.get_terminal_size().columns - len(line), _FEWEST_COLUMNS)
    return line + (title if len(title) <= room else title[: room - 1].rstrip() + "…")
