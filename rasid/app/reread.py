"""A changed watchlist reads the archive again, so that what it finds now is in the next digest.

Each version of each list is noted when a collect first sees it. Where the newest version of a list was not read over
the archive yet, it is: the terms that match differently since the last version that was, or than any version since,
are found anew in the articles of the last `collect.reread_days` days. That is bounded by the run's deadline and goes
on in the next run; a killed run repeats a page at most, which changes nothing.
"""

from __future__ import annotations

import getpass
from dataclasses import replace
from datetime import timedelta
from heapq import merge
from time import monotonic
from typing import TYPE_CHECKING

from rasid.app.archive import PAGE, with_references
from rasid.app.stages import Progress, Stages, quiet
from rasid.config import parse_watchlist
from rasid.config.changes import changed_terms
from rasid.errors import ConfigError
from rasid.matching.probing import groups
from rasid.types import CollectReport, Reread, Term

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from rasid.app.context import Clock, Rasid
    from storage import WatchlistVersion


def reread_archive(
    rasid: Rasid, *, clock: Clock, spent: float = 0.0, progress: Progress = quiet
) -> CollectReport:
    """Note the lists' versions; read what changed over the archive, within what is left of the run's deadline.

    Where pages have used it up, a tenth of it all the same, or a busy press would put a change off for ever.
    """
    settings = rasid.config.settings.collect
    stages = Stages()
    deadline = monotonic() + max(settings.deadline - spent, settings.deadline / 10)
    with rasid.store.present(), stages.span("reread", items=0):
        note_versions(rasid, clock())
        rereads = [
            _reread(rasid, version, earlier, clock, deadline, progress)
            for version, earlier in _pending(rasid)
        ]
    stages.add("reread", items=sum(one.articles for one in rereads))
    return CollectReport(rereads=tuple(rereads), stages=stages.table() if rereads else ())


def note_versions(rasid: Rasid, now: datetime) -> None:
    """Note each list as it is now. On an archive that knows no list yet they are what it was read with."""
    known = {version.watchlist: version for version in rasid.store.watchlist_versions()}
    who = account()
    for watchlist in rasid.config.watchlists:
        rasid.store.save_watchlist_version(watchlist.id, watchlist.version, watchlist.text, who, now)
    for removed in known.keys() - {watchlist.id for watchlist in rasid.config.watchlists}:
        rasid.store.save_watchlist_version(removed, "", "", who, now)
    if not known:
        for version in rasid.store.watchlist_versions():
            rasid.store.reread_finished(version.id, now)


def account() -> str:
    """The account that runs Rasid."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return "unknown"


def _pending(rasid: Rasid) -> list[tuple[WatchlistVersion, list[WatchlistVersion | None]]]:
    """The newest version of each list that was not read over the archive, with those since the last one that was.

    The ones between left mentions, too: where they were read in part, and in articles that came in meanwhile. None
    stands for the time before the list was there.
    """
    since: dict[str, list[WatchlistVersion | None]] = {}
    newest: dict[str, WatchlistVersion] = {}
    for version in rasid.store.watchlist_versions():
        earlier = since.setdefault(version.watchlist, [None])
        if version.reread_done is not None:
            earlier.clear()
        earlier.append(version)
        newest[version.watchlist] = version
    current = {watchlist.id: watchlist.version for watchlist in rasid.config.watchlists}
    return [
        (version, since[name][:-1])
        for name, version in newest.items()
        if version.reread_done is None and version.version == current.get(name, "")
    ]


def _reread(
    rasid: Rasid,
    version: WatchlistVersion,
    earlier: Sequence[WatchlistVersion | None],
    clock: Clock,
    deadline: float,
    progress: Progress,
) -> Reread:
    """Read one list's changes over the archive, from where the last run left off."""
    store, terms = rasid.store, rasid.config.terms
    before = (_terms_before(rasid, version.watchlist, one) for one in earlier)
    changed = frozenset[str]().union(*(changed_terms(were, terms) for were in before))
    report = Reread(version.watchlist, tuple(sorted(changed)))
    since = clock() - timedelta(days=rasid.config.settings.collect.reread_days)
    for ids in _pages(rasid, with_references(terms, changed), changed, since, version):
        if monotonic() > deadline:
            return report
        for article in store.archived(ids):
            found = [
                mention
                for mention in rasid.matcher.find(article.text, article.title)
                if mention.term in changed
            ]
            gained, lost = store.revise_mentions(
                article.id, sorted(changed), found, rasid.config.list_versions, clock()
            )
            report = replace(
                report, articles=report.articles + 1, gained=report.gained + gained, lost=report.lost + lost
            )
        store.reread_progress(version.id, ids[-1])
        progress("archive", report.articles, 0)
    store.reread_finished(version.id, clock())
    return replace(report, finished=True)


def _terms_before(rasid: Rasid, name: str, before: WatchlistVersion | None) -> dict[str, Term]:
    """All terms as they were: those of this list from a version of it, the others as they are."""
    others = {
        term.id: term
        for watchlist in rasid.config.watchlists
        if watchlist.id != name
        for term in watchlist.terms
    }
    if before is None or not before.text:
        return others
    try:
        listed = parse_watchlist(before.text, f"{name}.yaml", others)
    except ConfigError:  # written for another version of Rasid: as if the list were new
        return others
    return others | {term.id: term for term in listed.terms}


def _pages(
    rasid: Rasid, terms: Sequence[Term], changed: frozenset[str], since: datetime, version: WatchlistVersion
) -> Iterator[list[int]]:
    """Ids of the articles in which a changed term may be, or was found: ascending, a page at a time."""
    store, names = rasid.store, sorted(changed)
    asked = groups(terms, store.archive_words()) if terms else []
    after = version.reread_after
    while names:
        may_hold = store.articles_with(asked, since=since, after=after, limit=PAGE) if asked else []
        held = store.mentioned_ids(names, since=since, after=after, limit=PAGE)
        page = list(dict.fromkeys(merge(may_hold, held)))[:PAGE]
        if not page:
            return
        yield page
        after = page[-1]
