"""What every use-case needs: the operators' files, the corpus, the matcher."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rasid import config as words
from rasid.app.stages import Stages
from rasid.errors import ConfigError, Problem
from rasid.types import NO_RULES
from storage import Store, open_store

if TYPE_CHECKING:
    from rasid.matching import Matcher
    from rasid.types import OutletRules
    from sources.http import HttpOptions

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Rasid:
    """An opened Rasid: operators' files as they are now, and the corpus."""

    config: words.Config
    store: Store

    @cached_property
    def matcher(self) -> Matcher:
        """The watchlists, compiled when the first article is there: most runs find nothing new."""
        from rasid.matching import Matcher

        return Matcher(list(self.config.terms.values()))


def load_config(folder: Path) -> words.Config:
    """Read and check every file of the config folder; ConfigError names each problem with file:line."""
    names = ["settings.yaml", "feeds.yaml", "subscriptions.yaml"]
    names += sorted(f"watchlists/{path.name}" for path in (folder / "watchlists").glob("*.yaml"))
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise ConfigError([_missing(folder, name) for name in missing])
    files = {name: read_file(folder / name) for name in names}
    try:
        return words.parse_config(files)
    except ConfigError as error:
        raise ConfigError([under(folder, problem) for problem in error.problems]) from None


def _missing(folder: Path, name: str) -> Problem:
    return Problem(str(folder / name), 0, f"not there; `rasid --config {folder} init` writes a first one")


def under(folder: Path, problem: Problem) -> Problem:
    """A problem of a file of the config folder, its name as a person can open it."""
    return Problem(str(folder / problem.file), problem.line, problem.message)


def read_file(path: Path) -> str:
    """An operators' file as text; ConfigError points to the line that is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigError([Problem(str(path), line, "not UTF-8; save the file as UTF-8")]) from None


def database_url(config: words.Config, folder: Path) -> str:
    """The database's URL with ${NAMES} filled from the environment."""
    try:
        return words.expand_env(config.settings.database, os.environ)
    except ValueError as error:
        raise ConfigError([Problem(str(folder / "settings.yaml"), 0, f"database: {error}")]) from None


def http_options(settings: words.Settings) -> HttpOptions:
    """How pages and feeds are fetched."""
    from sources.http import HttpOptions  # its client is for those who fetch

    http = settings.http
    return HttpOptions(
        user_agent=http.user_agent,
        contact=http.contact,
        deadline=http.deadline,
        delay=http.delay,
        concurrency=http.concurrency,
        allow_hosts=frozenset(http.allow_hosts),
        robots_exempt=frozenset(http.robots_exempt),
        host_budget=http.deadline,
    )


def patterns(settings: words.Settings, rules: OutletRules = NO_RULES) -> tuple[re.Pattern[str], ...]:
    """The lines that are no part of an article: of any, and of one outlet's."""
    return tuple(re.compile(pattern) for pattern in (*settings.cleaning.boilerplate, *rules.boilerplate))


@contextmanager
def open_rasid(folder: Path, stages: Stages | None = None) -> Iterator[Rasid]:
    """Check the config, open the database, bring its schema up to date; closed at the end.

    What that took is added to `stages`.
    """
    stages = stages or Stages()
    with ExitStack() as opened:
        with stages.span("config, database", items=0):
            config = load_config(folder)
            store = opened.enter_context(open_store(database_url(config, folder)))
            store.migrate()
        yield Rasid(config, store)


@contextmanager
def open_present(url: str) -> Iterator[Store | None]:
    """The database as it is, not migrated; None where there is none yet: a question must not make one."""
    path = Path(url.removeprefix("sqlite:///").partition("?")[0])
    if url.startswith("sqlite:") and not path.is_file():
        yield None
        return
    with open_store(url) as store:
        yield store


@contextmanager
def open_archive(config: words.Config, folder: Path) -> Iterator[Store | None]:
    """The same, its schema brought up to date."""
    with open_present(database_url(config, folder)) as store:
        if store is not None:
            store.migrate()
        yield store
