"""Warnings about watchlists, counted in the archive where there is one."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rasid.app.context import database_url, read_file
from rasid.config.advice import (
    COMMON,
    Advice,
    advise,
    common_forms,
    lists_of,
    name_words,
    unmet_cues,
    with_clitics,
)
from rasid.errors import ConfigError, StorageError
from rasid.matching.compiling import bases, phrases, spellings
from rasid.text import is_arabic_letter, words
from storage import open_store
from storage.engine import parse_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rasid.config import Config
    from rasid.config.advice import CueList, Lists, Spelled
    from storage import Store

_FEWEST: Final = 20  # articles with the name: in fewer, any cue may be missing by chance


def advise_all(folder: Path, config: Config, tell: Callable[[str], None]) -> list[Advice]:
    """Give every warning about the config folder's watchlists, in order of file and line.

    Nothing is written: a database that is not there is not made, an old one not migrated. `tell` is told why one
    that is there could not be asked.
    """
    watchlists = [replace(each, file=str(folder / each.file)) for each in config.watchlists]
    lists = lists_of(watchlists, {each.file: read_file(Path(each.file)) for each in watchlists})
    found = [*advise(lists), *_counted(folder, config, lists, tell)]
    return sorted(found, key=lambda advice: (advice.file, advice.line))


def _counted(folder: Path, config: Config, lists: Lists, tell: Callable[[str], None]) -> list[Advice]:
    try:
        url = _existing(folder, config)
        if url is not None:
            with open_store(url) as store:
                return advise_from_archive(lists, store)
    except StorageError as error:
        tell(f"the archive was not asked: {error}")
    return common_forms(lists, {}, 0)


def _existing(folder: Path, config: Config) -> str | None:
    """The database's URL; None where there is none yet, or where its URL is not set on this machine."""
    try:
        url = database_url(config, folder)
    except ConfigError:
        return None
    parsed = parse_url(url)
    is_missing = parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).is_file()
    return None if is_missing else url


def advise_from_archive(lists: Lists, store: Store) -> list[Advice]:
    """Warn of forms that are common in an archive, and of cues that never met their form in it."""
    index = _Index(lists, store)
    held = {one: index.holding([one], index.articles * COMMON) for one in lists.spelled if not one.form.near}
    counted = [(cue_list, index.holding(cue_list.owners, _FEWEST)) for cue_list in lists.cue_lists]
    judged = [(cue_list, count) for cue_list, count in counted if count >= _FEWEST]
    vocabulary = sorted(store.archive_words()) if judged else []
    unmet = ((cue_list, count, _unmet(cue_list, store, vocabulary)) for cue_list, count in judged)
    return [
        *common_forms(lists, held, index.articles),
        *(unmet_cues(lists, cue_list, cues, count) for cue_list, count, cues in unmet if cues),
    ]


class _Index:
    """How many articles of an archive hold spellings of one word, clitics aside."""

    def __init__(self, lists: Lists, store: Store) -> None:
        self.articles = store.archive_size()
        self._store = store
        self._taken = {one: name_words(one.form) for one in lists.spelled}
        self._counts = store.word_counts(sorted(frozenset().union(*self._taken.values())))

    def holding(self, spelled: Iterable[Spelled], least: float) -> int:
        """The articles that hold any of the spellings; 0 where they are fewer than `least` at first sight."""
        names = sorted({word for one in spelled for word in self._taken[one] if word in self._counts})
        if sum(self._counts[word] for word in names) < least:
            return 0
        return len(self._store.articles_with([[names]], limit=self.articles))


def _unmet(cue_list: CueList, store: Store, vocabulary: Sequence[str]) -> list[str]:
    """The cues whose words stand in no article that may hold a spelling of theirs."""
    ways = {tuple(words(way)) for one in cue_list.owners for way in spellings(one.form)}
    names = [[with_clitics(way[0]), *([word] for word in way[1:])] for way in sorted(ways)]
    unmet = []
    for cue in cue_list.cues:
        for phrase in phrases([cue]):
            parts = [_written(part, vocabulary) for part in phrase.parts]
            groups = [[*name, *parts] for name in names]
            if not all(parts) or not store.articles_with(groups, limit=1):
                unmet.append(cue)
    return unmet


def _written(part: str, vocabulary: Sequence[str]) -> list[str]:
    """The words of a sorted vocabulary that the matcher takes for a part of a cue, clitics and endings aside."""
    if not is_arabic_letter(part[0]) or len(part) < 3:  # nothing that short is left of a longer word
        return [part]
    found = []
    for begin in with_clitics(part.removesuffix("ه")):  # before an ending ه is ت
        at = bisect_left(vocabulary, begin)
        while at < len(vocabulary) and vocabulary[at].startswith(begin):
            if part in bases(vocabulary[at]):
                found.append(vocabulary[at])
            at += 1
    return found
