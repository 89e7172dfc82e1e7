"""Suggest spellings of a term from the archive, or from texts that are in no archive."""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from rasid.suggest import Suggestion, candidates, latin_pairs, phrases, suggest
from rasid.text import fold, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from rasid.app.context import Rasid
    from rasid.types import Term

_MOST_READ: Final = 1000  # articles with the name, and as many that may split it: two seconds; the newest
_RARE: Final = 500  # articles: where both words of «كان لنا» have more, they stand side by side by chance
_MOST_COUNTED: Final = 1_000_000
_PAGE: Final = 10_000  # ids asked for at a time
_SHOWN_OF: Final = 30  # articles of which a spelling's commonest writing is taken («آبل», «إبل»)
_LONGEST_EXAMPLE: Final = 200  # characters
_SENTENCE_END: Final = re.compile(r"[.!?؟؛\n]+")

Groups = list[list[list[str]]]  # OR over groups of AND over parts of OR over words


class _Readable(Protocol):
    """An article of an archive."""

    @property
    def id(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def text(self) -> str: ...


class _Archive(Protocol):
    """An index of folded words over articles; `storage.Store` is one."""

    def archive_words(self) -> Iterator[str]:
        """All distinct words."""

    def word_counts(self, words: Sequence[str]) -> dict[str, int]:
        """Articles that hold each; only those above 0."""

    def articles_with(
        self,
        groups: Sequence[Sequence[Sequence[str]]],
        *,
        since: datetime | None = None,
        after: int = 0,
        limit: int,
    ) -> list[int]:
        """Ids past `after`, ascending, of articles that hold one group: of each of its parts one word."""

    def archived(self, ids: Sequence[int]) -> Sequence[_Readable]:
        """The articles, in order of id."""


@dataclass(frozen=True, slots=True)
class _Text:
    id: int
    text: str
    title: str = ""


class _Texts:
    """Texts indexed in memory: an archive for one question."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts: list[str] = []
        self._index: dict[str, array[int]] = defaultdict(lambda: array("l"))
        for number, text in enumerate(texts, 1):
            self._texts.append(text)
            for word in set(words(fold(text).text)):
                self._index[word].append(number)

    def archive_words(self) -> Iterator[str]:
        return iter(self._index)

    def word_counts(self, words: Sequence[str]) -> dict[str, int]:
        return {word: len(self._index[word]) for word in words if word in self._index}

    def articles_with(
        self,
        groups: Sequence[Sequence[Sequence[str]]],
        *,
        since: datetime | None = None,  # noqa: ARG002 - texts have no date; the archive's signature has it
        after: int = 0,
        limit: int,
    ) -> list[int]:
        found: set[int] = set()
        for group in groups:
            found |= set.intersection(*(self._holding(part) for part in group))
        return sorted(number for number in found if number > after)[:limit]

    def _holding(self, part: Sequence[str]) -> set[int]:
        return set().union(*(self._index[word] for word in part if word in self._index))

    def archived(self, ids: Sequence[int]) -> Sequence[_Text]:
        return [_Text(number, self._texts[number - 1]) for number in sorted(ids)]


def names_of(terms: Mapping[str, Term], name: str) -> tuple[str, ...]:
    """Give what to look for: the forms and codes of a term where `name` is its id, else the name itself."""
    term = terms.get(name)
    forms = tuple(form.text for form in term.forms if form.kind != "lookalike") if term else ()
    return forms or (name,)


def suggest_from_archive(rasid: Rasid, name: str, *, limit: int = 20) -> list[Suggestion]:
    """Suggest spellings of a name, or of the term with this id, that the archive holds; known ones come first."""
    return _suggest(rasid.store, names_of(rasid.config.terms, name), limit)


def suggest_from_texts(texts: Iterable[str], names: Sequence[str], *, limit: int = 20) -> list[Suggestion]:
    """Suggest spellings of a name (or of all a term's forms, see `names_of`) that the texts hold."""
    return _suggest(_Texts(texts), names, limit)


def _suggest(archive: _Archive, names: Sequence[str], limit: int) -> list[Suggestion]:
    """Choose among the words, count, read what may hold more, rank, and show each spelling in a sentence."""
    chosen = candidates(names, list(archive.archive_words()))
    given = [[[word] for word in words(fold(name).text)] for name in names]
    ids = {*_newest(archive, given), *_newest(archive, _selective(archive, chosen.phrases))}
    latin = [
        name
        for name in (" ".join(words(fold(name).text)) for name in names)
        if " " in name and name.isascii()
    ]
    several: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for article in _read(archive, sorted(ids)):
        text = f"{article.title}\n{article.text}"
        folded = fold(text).text
        several.update({*phrases(folded, names), *(name for name in latin if name in folded)})
        pairs.update(set(latin_pairs(text)))
    seen = {word for phrase, name in pairs for word in (*phrase.split(), name)}
    seen |= {word for phrase in (*several, *names) for word in words(fold(phrase).text)}
    counts = archive.word_counts(sorted(chosen.words | seen))
    found = suggest(names, counts, several, pairs, limit=limit)
    return [_shown(archive, one) for one in found]


def _selective(archive: _Archive, phrases: Iterable[Sequence[frozenset[str]]]) -> Groups:
    """Make groups of the parts of phrases; of two parts one is rare, or every article would be read."""
    groups: Groups = []
    for parts in phrases:
        if len(parts) > 2:
            groups.append([sorted(part) for part in parts])
            continue
        for at, part in enumerate(parts):
            counts = archive.word_counts(sorted(part))
            rare = [word for word, articles in counts.items() if articles <= _RARE]
            groups.append([rare if at == place else sorted(other) for place, other in enumerate(parts)])
    return groups


def _newest(archive: _Archive, groups: Groups) -> list[int]:
    """Give the newest ids; the archive hands them out oldest first."""
    newest: deque[int] = deque(maxlen=_MOST_READ)
    after = 0
    possible = [group for group in groups if group and all(group)]
    while possible and (ids := archive.articles_with(possible, after=after, limit=_PAGE)):
        newest.extend(ids)
        after = ids[-1]
    return list(newest)


def _read(archive: _Archive, ids: Iterable[int]) -> Iterator[_Readable]:
    """Read articles a hundred at a time: they are never all in memory."""
    rest = iter(ids)
    while batch := list(islice(rest, 100)):
        yield from archive.archived(batch)


def _shown(archive: _Archive, suggestion: Suggestion) -> Suggestion:
    """Add how the spelling is mostly written and a sentence with it, and count its articles exactly.

    The index counts words; words side by side are counted by reading, where not more than `_MOST_READ` hold them all.
    """
    pattern = _pattern(suggestion)
    several = " " in suggestion.folded
    groups = [[[word] for word in form.split()] for form in suggestion.forms]
    ids = archive.articles_with(groups, limit=_MOST_COUNTED)
    read = ids[-_MOST_READ:] if several else ids[-_SHOWN_OF:]
    written: dict[str, list[str]] = defaultdict(list)
    holding = 0
    for article in _read(archive, read):
        places = [place for text in (article.title, article.text) if (place := _place(pattern, text))]
        holding += bool(places)
        for text, sentence in places:
            written[text].append(sentence)
    if not written:
        return suggestion
    exact = holding if several else len(ids)
    articles = exact if len(read) == len(ids) or not several else max(exact, suggestion.articles)
    usual = max(written, key=lambda one: len(written[one]))
    return replace(suggestion, text=usual, example=written[usual][0], articles=articles)


def _place(pattern: re.Pattern[str], text: str) -> tuple[str, str] | None:
    """Give what a pattern finds in a text, as written, and its sentence."""
    folded = fold(text)
    found = pattern.search(folded.text)
    if found is None:
        return None
    start, end = folded.span(*found.span(1))
    return text[start:end], _sentence(text, start, end)


def _pattern(suggestion: Suggestion) -> re.Pattern[str]:
    """Find a spelling behind a clitic or none; what may part its words is what `phrases` lets part them."""
    heads = "|".join(form.removesuffix(suggestion.folded) for form in suggestion.forms)
    # A gap may be missing before a number alone: «إتش20».
    name = re.sub(r" (?=(\d?))", lambda gap: "[ _-]?" if gap[1] else "[ _-]", suggestion.folded)
    return re.compile(rf"(?<![^\W_])(?:{heads})({name})(?![^\W_])")


def _sentence(text: str, start: int, end: int) -> str:
    """Cut the sentence around a span out of a text; a long one is cut at words, with the span inside."""
    low = max((found.end() for found in _SENTENCE_END.finditer(text, 0, start)), default=0)
    after = _SENTENCE_END.search(text, end)
    high = after.end() if after else len(text)
    spare = max(0, _LONGEST_EXAMPLE - (end - start)) // 2
    if high - low > _LONGEST_EXAMPLE:
        low, high = max(low, start - spare), min(high, end + spare)
        low = text.rfind(" ", 0, low) + 1 if text[low - 1 : low].strip() else low
        high = text.find(" ", high) if text[high : high + 1].strip() else high
    return " ".join(text[low : high if high >= 0 else None].split())
