"""Warnings about watchlists: what is no error, and yet hardly what its operator meant.

Everything here follows from how the matcher reads a list: spellings, cues and clitics are those of
`rasid.matching.compiling`. What an archive holds comes in as numbers, from `rasid.app.advice`.

Known exceptions
----------------
- A form of several words is never called common: neither the counted press nor an archive's index knows which
  words are neighbours.
- A cue that only an inflected one repeats («معالج», «معالجات») is no twin: people list both to be understood.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from rasid.config.document import Document, Path, read_document
from rasid.matching.compiling import MOST_WITH_SLIPS, PROCLITICS, bases, folded, phrases, spellings
from rasid.text import is_arabic_letter, mask, words
from rasid.vocabulary import ARTICLES, common_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rasid.matching.compiling import Phrase
    from rasid.types import Form, Term, Watchlist

    _Vain = Iterator[tuple[int, str]]  # where in its list a cue stands, and the cue as it is told of

COMMON: Final = 0.02
"""Share of the articles. Where feeds bring a thousand a day, one form of this share fills a digest of 20 stories alone.
Of the counted press ordinary words reach it («هاتف» 2.2 %, «شركة» 17 %); the firms most written about stay below
(«أبل» 1.3 %, «غوغل» 1 %, «هواوي» 0.2 %); of names only networks and heads of state exceed it («تويتر» 7 %), and those
do match thousands."""
_EVERYWHERE: Final = 0.1
"""Share of an archive's articles. In an archive of one subject its names are common and no mistake: only from here
on a word is called common that the counted press does not know as such."""
_ENOUGH: Final = 200  # articles: in a smaller archive two articles more or less would decide
_MOST_NAMED: Final = 3  # words or forms; the rest is counted


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing of a watchlist that is worth a look."""

    file: str
    line: int  # from 1
    term: str  # id
    message: str  # what is odd; what to do

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: warning: {self.term}: {self.message}"


@dataclass(frozen=True, slots=True, eq=False)
class Spelled:
    """A form, code or lookalike where it stands."""

    file: str
    path: Path
    term: Term
    form: Form


@dataclass(frozen=True, slots=True, eq=False)
class CueList:
    """One list of cues and the spellings that it decides on: several where it is their term's, or repeated."""

    key: Literal["near", "unless"]
    cues: tuple[str, ...]
    within: int | None
    places: tuple[Path, ...]  # where it may stand: the first of them that is there
    owners: tuple[Spelled, ...]


@dataclass(frozen=True, slots=True)
class Lists:
    """All watchlists with the texts of their files, which are read again only for the lines of what is told."""

    spelled: tuple[Spelled, ...]
    cue_lists: tuple[CueList, ...]
    _texts: Mapping[str, str]
    _documents: dict[str, Document | None] = field(default_factory=dict)

    def line(self, file: str, *paths: Path) -> int:
        """The line of the first of some paths that is there; 0 where the file cannot be read any more."""
        if file not in self._documents:
            self._documents[file], _ = read_document(self._texts[file], file)
        document = self._documents[file]
        if document is None:
            return 0
        return document.line(next((path for path in paths if document.value(path) is not None), paths[-1]))


def lists_of(watchlists: Iterable[Watchlist], texts: Mapping[str, str]) -> Lists:
    """Take watchlists apart; `texts` are those of their files, by `Watchlist.file`."""
    spelled: list[Spelled] = []
    cue_lists: list[CueList] = []
    for watchlist in watchlists:
        for number, term in enumerate(watchlist.terms):
            owned = list(_spelled(watchlist.file, ("terms", number), term))
            spelled += owned
            cue_lists += _cue_lists(("terms", number), term, owned)
    return Lists(tuple(spelled), tuple(cue_lists), texts)


def _spelled(file: str, path: Path, term: Term) -> Iterator[Spelled]:
    for kind, key in (("form", "forms"), ("code", "codes"), ("lookalike", "lookalikes")):
        forms = (form for form in term.forms if form.kind == kind)
        yield from (Spelled(file, (*path, key, at), term, form) for at, form in enumerate(forms))


def _cue_lists(path: Path, term: Term, owned: Sequence[Spelled]) -> Iterator[CueList]:
    nears: dict[tuple[tuple[str, ...], int | None], list[Spelled]] = {}
    unlesses: dict[tuple[str, ...], list[Spelled]] = {}
    for one in owned:
        if one.form.near:
            nears.setdefault((one.form.near.words, one.form.near.within), []).append(one)
        if one.form.unless:
            unlesses.setdefault(one.form.unless, []).append(one)
    for (cues, within), owners in nears.items():
        places = ((*owners[0].path, "near"), (*path, "near"))
        yield CueList("near", cues, within, places, tuple(owners))
    for cues, owners in unlesses.items():
        yield CueList("unless", cues, None, ((*owners[0].path, "unless"),), tuple(owners))
    if term.unless and owned:
        yield CueList("unless", term.unless, None, ((*path, "unless"),), tuple(owned))


def advise(lists: Lists) -> list[Advice]:
    """Give all warnings that need no archive, but for common words, which an archive counts better."""
    return [*_twins(lists), *_hidden(lists), *_vain_cues(lists), *_many(lists)]


def _many(lists: Lists) -> Iterator[Advice]:
    """What an operator of very long lists should know."""
    if len(lists.spelled) > MOST_WITH_SLIPS:
        message = (
            f"{len(lists.spelled):,} spellings in all lists; of more than {MOST_WITH_SLIPS:,} none is looked for "
            "mistyped; list the slips that matter"
        )
        yield _told(lists, lists.spelled[-1], message)


# ── twins ─────────────────────────────────────────────────────────────────────────────────────────


def _twins(lists: Lists) -> Iterator[Advice]:
    """Spellings that are read alike, each told of once, at the later place."""
    seen: dict[str, list[Spelled]] = {}
    for one in lists.spelled:
        ways = sorted(spellings(one.form))
        earlier = dict.fromkeys(other for way in ways for other in seen.get(way, ()))
        message = next(filter(None, (_twin(lists, other, one) for other in earlier)), None)
        if message is not None:
            yield _told(lists, one, message)
            continue
        for way in ways:
            seen.setdefault(way, []).append(one)


def _twin(lists: Lists, other: Spelled, one: Spelled) -> str | None:
    """Say why two spellings that are read alike are one too many; None where their cues tell them apart."""
    alike = f"«{one.form.text}» is read as «{other.form.text}»"
    if other.term is not one.term:
        where = f"{other.file}:{lists.line(other.file, other.path)}"
        return (
            f"{alike} of the term {other.term.id} ({where}) and would count for both; remove one of the two"
        )
    if (other.form.near, other.form.unless) == (one.form.near, one.form.unless):
        return f"{alike} (line {lists.line(other.file, other.path)}); remove one of the two"
    if _swallows(other.form, one.form) or _swallows(one.form, other.form):
        where = f"line {lists.line(other.file, other.path)}"
        return (
            f"{alike} ({where}); one of them counts without cues, so the other's decide nothing; remove one"
        )
    return None


def _swallows(form: Form, other: Form) -> bool:
    """Tell whether a form without cues counts wherever another one, with cues, might."""
    return not form.near and not form.unless and spellings(form) >= spellings(other)


# ── what Rasid never reads ────────────────────────────────────────────────────────────────────────


def _hidden(lists: Lists) -> Iterator[Advice]:
    for one in lists.spelled:
        if _is_masked(one.form.text):
            yield _told(
                lists,
                one,
                f"«{one.form.text}» looks like an address or a file name; Rasid reads none of those, so it is "
                "never found; write the name alone",
            )


def _is_masked(text: str) -> bool:
    plain = folded(text)
    return mask(plain) != plain


# ── common words ──────────────────────────────────────────────────────────────────────────────────


def name_words(form: Form) -> frozenset[str]:
    """Give the folded words that the matcher takes for a form: itself and with clitics; none for several words."""
    names = {spelling for spelling in spellings(form) if words(spelling) == [spelling]}
    return frozenset(word for name in names for word in with_clitics(name))


def with_clitics(word: str) -> list[str]:
    """Give a folded word as it may stand with clitics; a Latin one touches none within its word."""
    return [clitic + word for clitic in PROCLITICS] if is_arabic_letter(word[0]) else [word]


def common_forms(lists: Lists, held: Mapping[Spelled, int], articles: int) -> list[Advice]:
    """Warn of forms without `near` that are common words.

    `held` says in how many of an archive's `articles` each spelling stands; where those are few, the counted
    press decides.
    """
    found = (
        (one, _common(one.form, held.get(one, 0), articles)) for one in lists.spelled if not one.form.near
    )
    return [_told(lists, one, message) for one, message in found if message is not None]


def _common(form: Form, here: int, articles: int) -> str | None:
    counts = {word: common_words()[word] for word in name_words(form) if word in common_words()}
    press = sum(counts.values())
    is_common = press >= ARTICLES * COMMON
    remedy = "give it near: [...], or write the whole name"
    if articles < _ENOUGH:
        as_words = sorted(counts, key=lambda word: (-counts[word], word))
        where = (
            f"it stands in about {press:,} of {ARTICLES:,} articles of the Arabic press, as {_some(as_words)}"
        )
        return f"«{form.text}» is a common word: {where}; {remedy}" if is_common else None
    if here < articles * (COMMON if is_common else _EVERYWHERE):
        return None
    return f"«{form.text}» is a common word: it stands in this archive in {here:,} of {articles:,} articles; {remedy}"


# ── cues that never fire ──────────────────────────────────────────────────────────────────────────


class _Cue(NamedTuple):
    """A cue of a list, understood."""

    at: int
    typed: str
    phrase: Phrase


def _vain_cues(lists: Lists) -> Iterator[Advice]:
    """Tell per list, and per rule, of the cues that cannot decide anything."""
    for cue_list in lists.cue_lists:
        cues = [_Cue(at, cue, phrase) for at, cue in enumerate(cue_list.cues) for phrase in phrases([cue])]
        for rule, fault, remedy in _CUE_RULES:
            if vain := list(rule(cue_list, cues)):
                shown = ", ".join(cue for _, cue in vain)
                told = f"cues of {cue_list.key} that {fault}: {shown}; {remedy}"
                yield _of_list(lists, cue_list, told, vain[0][0])


def _repeated(_: CueList, cues: Sequence[_Cue]) -> _Vain:
    seen: dict[tuple[tuple[str, ...], str], str] = {}
    for at, typed, phrase in cues:
        keys = ((phrase.parts, phrase.side), (phrase.parts, ""))  # without a side it holds on both
        first = next((seen[key] for key in keys if key in seen), None)
        if first is not None:
            yield at, f"«{typed}» (by «{first}»)"
        else:
            seen[phrase.parts, phrase.side] = typed


def _sided_anywhere(cue_list: CueList, cues: Sequence[_Cue]) -> _Vain:
    if cue_list.key == "near" and cue_list.within is None:
        yield from ((at, f"«{typed}»") for at, typed, phrase in cues if phrase.side)


def _in_the_name(cue_list: CueList, cues: Sequence[_Cue]) -> _Vain:
    """Cues that the name itself meets; within a distance only words beside it are looked at, so all of it counts."""
    if cue_list.key != "near":
        return
    names = {tuple(words(way)): one.form.text for one in cue_list.owners for way in spellings(one.form)}
    for at, typed, phrase in cues:
        inside = [
            text
            for name, text in names.items()
            if (cue_list.within is None or len(name) == len(phrase.parts)) and _holds(name, phrase.parts)
        ]
        if inside:
            yield at, f"«{typed}» (in «{inside[0]}»)"


def _holds(name: Sequence[str], parts: Sequence[str]) -> bool:
    return any(
        all(part in bases(word) for part, word in zip(parts, name[at:], strict=False))
        for at in range(len(name) - len(parts) + 1)
    )


def _masked(_: CueList, cues: Sequence[_Cue]) -> _Vain:
    yield from ((at, f"«{typed}»") for at, typed, _ in cues if _is_masked(typed.strip("~")))


_CUE_RULES: Final[tuple[tuple[Callable[[CueList, Sequence[_Cue]], _Vain], str, str], ...]] = (
    (_repeated, "an earlier one covers", "remove them"),
    (
        _sided_anywhere,
        "have a side, without meaning where there is no within",
        "add within: N, or drop the ~",
    ),
    (_in_the_name, "the name itself meets, so that they confirm nothing", "remove them"),
    (_masked, "look like addresses or file names, which Rasid does not read", "write words instead"),
)


def unmet_cues(lists: Lists, cue_list: CueList, cues: Sequence[str], articles: int) -> Advice:
    """Warn of cues that stand in none of the articles of an archive that hold a spelling of theirs."""
    names = _some([one.form.text for one in cue_list.owners])
    count = f"{len(cues)} of {len(cue_list.cues)} {cue_list.key} cues of {names}"
    at = cue_list.cues.index(cues[0])
    never = f"never met it in {articles:,} articles: {', '.join(cues)}"
    return _of_list(lists, cue_list, f"{count} {never}; remove them if they were guesses", at)


# ── told ──────────────────────────────────────────────────────────────────────────────────────────


def _told(lists: Lists, one: Spelled, message: str) -> Advice:
    return Advice(one.file, lists.line(one.file, one.path), one.term.id, " ".join(message.split()))


def _of_list(lists: Lists, cue_list: CueList, message: str, at: int) -> Advice:
    """At the line of one of the list's cues."""
    owner = cue_list.owners[0]
    line = lists.line(owner.file, *((*place, at) for place in cue_list.places))
    return Advice(owner.file, line, owner.term.id, " ".join(message.split()))


def _some(names: Sequence[str]) -> str:
    """Name the first ones, and how many more there are."""
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - _MOST_NAMED} more" if len(distinct) > _MOST_NAMED else ""
    return ", ".join(f"«{name}»" for name in distinct[:_MOST_NAMED]) + more
