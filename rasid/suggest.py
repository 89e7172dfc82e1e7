"""Suggest spellings of a name that the corpus really holds; a person decides, nothing is added by itself.

Theory of operation
-------------------
1. The words of the corpus with a skeleton of the name (rasid.sounds), clitics aside, are candidates: one look-up a
   word. How far they are from how the name sounds judges them.
2. One slip away from a spelling that is given or was just found (rapidfuzz), and what stands beside the Latin name
   («إنفيديا (Nvidia)»), give what the skeleton misses.
3. A noisy channel ranks, as that of Kernighan, Church and Gale (1990): the log of the count, less the distance. What
   looks like an ordinary word goes last.

Known exceptions
----------------
- With the article («الهواوي») a foreign name is mostly somebody's surname: such words are not counted, and a word
  that often has it («الهواء») is an ordinary one.
- Counts are summed over the clitic forms: an article that holds two of them counts twice (نتنياهو 1,776 for 1,508).
  Ranks do not mind; who has the articles (rasid.app.suggest) counts what is shown anew.

Rejected: rapidfuzz alone over a transliterated vocabulary (a vowel weighs as much as a consonant there).
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from rasid.sounds import (
    NAME_CLITICS,
    by_skeleton,
    clitic_cuts,
    compile_names,
    letter_names,
    readings,
    segments,
    skeleton,
)
from rasid.text import WORD, fold, is_arabic_letter, mask
from rasid.types import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from rasid.sounds import Reading, Sought

By = Literal["skeleton", "edit", "pair"]

_SHORTEST_SLIP: Final = 5  # letters: one slip away from a shorter word is another word
_SEEDS: Final = 4  # spellings found whose slips are looked for, beside those given
_FAR: Final = 1.5  # the distance of what stands beside the name and does not sound like it
_PENALTY: Final = 8.0  # a distance of 1 outweighs e ** 8 articles; of fewer where the word is short
_LONG_WORD: Final = 5  # letters: a shorter word is near to many others
_SHORT_SKELETON: Final = 3
_TINY_SKELETON: Final = 2
_SAME: Final = 0.15  # a distance of one unwritten vowel
_PAIR: Final = 5  # articles that one place beside the Latin name is worth
_DOUBT: Final = 10.0  # last, whatever the count
_COMMON: Final = 20  # times as frequent as the name: a word with a short skeleton is then an ordinary one
_ARTICLED: Final = 0.25  # share of a word's articles that have it with ال: names stay far below
# Share of its rarest word's articles that a name of several words has: «ان فيديا», not «كان لنا».
_BOUND: Final = 0.1
# What does not sound like the name is its own where it stands beside it so many times, and for this share of its
# articles, and beside fewer other Latin names: «شركة» stands beside many.
_OFTEN: Final = 3
_BESIDE: Final = 0.1
_OTHER_NAMES: Final = 2

_ARTICLED_CLITICS: Final = frozenset(clitic for clitic in NAME_CLITICS if clitic.endswith(("ال", "لل")))
_COUNTED_CLITICS: Final = sorted(NAME_CLITICS - _ARTICLED_CLITICS, key=lambda clitic: (len(clitic), clitic))

_LATIN_NAME: Final = re.compile(
    r"(?<![a-z\d])[a-z][a-z\d]*(?:[&.+-][a-z\d]+)*(?: [a-z\d]+(?:[&.+-][a-z\d]+)*){0,2}(?![a-z\d])"
)
_THREE_WORDS: Final = "((?:[ء-ي]+ ){0,2}[ء-ي]+)"
_AROUND: Final = r"[ «»\"'“”]*"
_BEFORE: Final = re.compile(rf"{_THREE_WORDS}{_AROUND}[(\[]?{_AROUND}$")
_AFTER: Final = re.compile(rf"{_AROUND}[(\[]?{_AROUND}{_THREE_WORDS}(?![ء-ي])")  # a bracket closed parts them
_JOINT: Final = re.compile(r"[ _-]?")  # between the words of one name


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A spelling of the name that the corpus holds."""

    text: str  # as found, where an article was read; else as `folded`
    folded: str
    articles: int  # that hold it or one of its forms; here a sum over these
    distance: float  # from how the name sounds; 0 the same, 0.1 a short vowel, about 1 a consonant
    by: By  # the same skeleton, a slip away from a spelling, or beside the Latin name
    why: Reason
    known: bool = False  # it was given: a form that the term has
    example: str = ""  # a sentence
    forms: tuple[str, ...] = ()  # folded, itself first, then with the clitics that are counted for it


class Candidates(NamedTuple):
    """What to ask an archive for; chosen without any count."""

    words: frozenset[str]  # spellings of one word, with their clitic forms
    # Articles that have one word of each set may hold a spelling of several words.
    phrases: tuple[tuple[frozenset[str], ...], ...]


def candidates(names: Sequence[str], vocabulary: Collection[str]) -> Candidates:
    """Choose, among the folded distinct words of a corpus, those that may spell one of the names."""
    sought = compile_names(tuple(names))
    held, grouped = frozenset(vocabulary), by_skeleton(vocabulary)
    bases = {*_spellings(sought, vocabulary, grouped), *sought.known}
    forms = {clitic + base for base in bases for clitic in NAME_CLITICS}
    forms |= {rest for base in bases for rest in _after_clitics(base)}
    parts = dict.fromkeys(_phrase_parts(sought, names, held, grouped))
    return Candidates(frozenset(forms & held), tuple(parts))


def phrases(folded_text: str, names: Sequence[str]) -> list[str]:
    """Give the spellings of several words in a folded text, in order: «ان فيديا», «تي اس ام سي».

    The words are joined by a space; a phrase of which one word is as good a spelling alone is left out.
    """
    sought = compile_names(tuple(names))
    if sought.longest < 2:
        return []
    spans = [found.span() for found in WORD.finditer(folded_text)]
    starts = (at for at, span in enumerate(spans) if _may_begin(sought, folded_text[slice(*span)]))
    runs = (_run(folded_text, spans[at : at + sought.longest]) for at in starts)
    windows = (run[:size] for run in runs for size in range(2, len(run) + 1))
    return [" ".join(window) for window in windows if _is_phrase(sought, window)]


def latin_pairs(text: str) -> list[tuple[str, str]]:
    """Give (Arabic phrase, Latin name), folded: one to three words before or after a name that they may spell.

    «إنفيديا (Nvidia)», «Nvidia إنفيديا», «Nvidia (إنفيديا)», ««هواوي» (Huawei)»: each window of words is a pair, for
    the text does not tell where the Arabic name begins, and so is the nearest word of a longer Latin name.
    """
    folded = mask(fold(text).text)
    pairs = []
    for found in _LATIN_NAME.finditer(folded):
        name, start, end = found.group(), found.start(), found.end()
        words = name.split()
        before = _matched_words(_BEFORE.search(folded, max(0, start - 80), start))
        after = _matched_words(_AFTER.match(folded, end))
        for latin in dict.fromkeys((name, words[0])):
            pairs += [(" ".join(before[at:]), latin) for at in range(len(before))]
        for latin in dict.fromkeys((name, words[-1])):
            pairs += [(" ".join(after[: at + 1]), latin) for at in range(len(after))]
    return pairs


def _matched_words(found: re.Match[str] | None) -> list[str]:
    return found[1].split() if found else []


def suggest(
    names: Sequence[str],
    vocabulary: Mapping[str, int],
    several: Mapping[str, int],
    pairs: Mapping[tuple[str, str], int],
    *,
    limit: int,
) -> list[Suggestion]:
    """Rank the spellings of a name that the corpus holds: the known ones, then at most `limit` new ones.

    Args:
        names: the name, or all the forms that its term has; what is in here is known.
        vocabulary: folded word → articles that hold it; all words, or at least those that `candidates` chose.
        several: two or more folded words joined by a space (see `phrases`) → articles that hold them.
        pairs: (folded Arabic phrase, folded Latin name) → times seen (see `latin_pairs`).
        limit: of new spellings.
    """
    sought = compile_names(tuple(names))
    evidence = _Evidence(sought, vocabulary, several, pairs)
    spelled = _spellings(sought, vocabulary, by_skeleton(vocabulary))
    for phrase in several:
        found = sought.understand(phrase)
        if found is not None:
            spelled.setdefault(found.base, (found.distance, "skeleton"))
    spelled |= {
        phrase: (_FAR, "pair")
        for phrase in evidence.beside.keys() - spelled.keys()
        if evidence.is_bound(phrase)
    }
    spelled |= {latin: (distance, "pair") for latin, (distance, _) in evidence.latin.items()}
    made = [evidence.suggestion(base, distance, by) for base, (distance, by) in spelled.items()]
    made += [evidence.suggestion(base, 0.0, "skeleton") for base in sought.known - spelled.keys()]
    present = sorted((item for item in made if item[1].articles), key=lambda item: (-item[0], item[1].folded))
    known = sorted((one for _, one in present if one.known), key=lambda one: -one.articles)
    return known + [one for _, one in present if not one.known][:limit]


@lru_cache(maxsize=65_536)
def _may_begin(sought: Sought, word: str) -> bool:
    return is_arabic_letter(word[0]) and skeleton(word) in sought.beginnings


def _after_clitics(word: str) -> list[str]:
    """Give the words that it may be, after a clitic."""
    return [rest for clitic, rest in clitic_cuts(word) if clitic and len(rest) > 1]


# ── choosing among the words of a corpus ──────────────────────────────────────────────────────────


def _spellings(
    sought: Sought, vocabulary: Collection[str], grouped: Mapping[str, Sequence[str]]
) -> dict[str, tuple[float, By]]:
    """Give the spellings of one word, without clitics: distance, and how it was found."""
    found: dict[str, tuple[float, By]] = {}
    for word in (word for one in sought.skeletons for word in grouped.get(one, ())):
        spelling = sought.understand(word)
        if spelling is not None and spelling.clitic not in _ARTICLED_CLITICS:
            found[spelling.base] = (spelling.distance, "skeleton")
    for slip in _slips(sought, found, vocabulary):
        distance = sought.slip_distance(slip)
        if distance is not None:
            found[slip] = (distance, "edit")
    return found


def _slips(sought: Sought, found: Mapping[str, tuple[float, By]], vocabulary: Collection[str]) -> set[str]:
    """Give the words one slip away from a spelling that is given, or from the nearest found."""
    nearest = sorted(found, key=lambda base: (found[base], base))[:_SEEDS]
    seeds = [seed for seed in {*sought.known, *nearest} if len(seed) >= _SHORTEST_SLIP and " " not in seed]
    near = partial(process.extract, choices=list(vocabulary), scorer=OSA.distance, score_cutoff=1, limit=None)
    slips = {word for seed in seeds for word, _, _ in near(seed)} - found.keys() - sought.known
    return {word for word in slips if sought.understand(word) is None}  # «بإنفيديا» is no slip


def _phrase_parts(
    sought: Sought, names: Sequence[str], held: frozenset[str], grouped: Mapping[str, Sequence[str]]
) -> Iterator[tuple[frozenset[str], ...]]:
    """Give the sets of words of which an article with a spelling of several words has one each."""
    parted = [segments(name) for name in names]
    for spoken in filter(None, map(letter_names, chain.from_iterable(parted))):
        yield tuple(_with_clitics(letter, held) for letter in spoken)
    for parts in parted:
        near = [{word for one in readings(part) for word in _near(one, grouped)} for part in parts]
        spelled = [_with_clitics(words, held) for words in near if words]
        if len(spelled) > 1:
            yield tuple(spelled)
    splittable = (reading for reading in sought.readings if 2 in reading.sizes)
    for left, right in dict.fromkeys(half for reading in splittable for half in reading.halves()):
        first, second = (_near(part, grouped) for part in (left, right))
        if first and second:
            yield _with_clitics(first, held), frozenset(second)


def _with_clitics(bases: Iterable[str], held: frozenset[str]) -> frozenset[str]:
    return frozenset(clitic + base for base in bases for clitic in NAME_CLITICS) & held


def _near(part: Reading, grouped: Mapping[str, Sequence[str]]) -> list[str]:
    alike = (word for one in part.skeletons() for word in grouped.get(one, ()))
    return [word for word in alike if part.distance(word) <= part.cutoff]


def _run(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """Give the words from the first on that nothing but a space or a hyphen parts."""
    run = [text[slice(*spans[0])]]
    for (_, end), (start, stop) in pairwise(spans):
        if not _JOINT.fullmatch(text, end, start):
            break
        run.append(text[start:stop])
    return run


def _is_phrase(sought: Sought, window: Sequence[str]) -> bool:
    phrase = " ".join(window)
    whole = sought.understand(phrase) if skeleton(phrase) in sought.skeletons else None
    if whole is None or any(len(word) == 1 and not word.isdigit() for word in whole.base.split()):
        return False
    parts = filter(None, map(sought.understand, window))
    return all(part.distance > whole.distance for part in parts)


# ── ranking ───────────────────────────────────────────────────────────────────────────────────────


class _Evidence:
    """The counts, and what they say of each spelling."""

    def __init__(
        self,
        sought: Sought,
        vocabulary: Mapping[str, int],
        several: Mapping[str, int],
        pairs: Mapping[tuple[str, str], int],
    ) -> None:
        self._sought = sought
        self._counts = {**several, **vocabulary}
        self.beside: Counter[str] = Counter()  # phrase → times beside a Latin name that is sought
        self._others: dict[str, set[str]] = defaultdict(set)
        for (phrase, latin), times in pairs.items():
            if latin in sought.known:
                self.beside[phrase] += times
            else:
                self._others[phrase].add(latin)
        self.latin = self._latin(pairs)
        self._usual = sum(self._counts.get(name, 0) for name in sought.known)

    def _latin(self, pairs: Mapping[tuple[str, str], int]) -> dict[str, tuple[float, int]]:
        """Give the Latin names beside a spelling that sound like it: distance, times."""
        found: dict[str, tuple[float, int]] = {}
        for (phrase, latin), times in pairs.items():
            spelling = None if latin in self._sought.known else self._sought.understand(phrase)
            if spelling is None:
                continue
            distances = ((one.distance(spelling.base), one.cutoff) for one in readings(latin))
            near = [distance for distance, cutoff in distances if distance <= cutoff]
            if near:
                least, before = found.get(latin, (math.inf, 0))
                found[latin] = (min(least, *near), before + times)
        return found

    def is_bound(self, phrase: str) -> bool:
        """Tell whether a phrase that does not sound like the name belongs to it all the same.

        It stands beside the name often, beside hardly any other, and seldom elsewhere; it holds no spelling.
        """
        times = self.beside[phrase]
        parts = phrase.split()
        seen = min(self._counts.get(part, times) for part in parts)
        return (
            times >= _OFTEN
            and len(self._others[phrase]) < _OTHER_NAMES
            and times >= _BESIDE * seen
            and not any(map(self._sought.understand, parts))
        )

    def suggestion(self, base: str, distance: float, by: By) -> tuple[float, Suggestion]:
        """Make a suggestion, with its rank (higher is better)."""
        forms = tuple(self._forms(base))
        articles = sum(self._counts.get(form, 0) for form in forms)
        articles = max(articles, self.latin.get(base, (0.0, 0))[1], self.beside[base] if by == "pair" else 0)
        beside = (
            sum(self.beside[clitic + base] for clitic in NAME_CLITICS) if is_arabic_letter(base[0]) else 0
        )
        known = base in self._sought.known
        doubts = [] if known or beside or by == "pair" else self._doubts(base, articles, distance)
        weight = _PENALTY * max(1.0, _LONG_WORD / len(base.replace(" ", "")))
        rank = math.log(1 + articles + _PAIR * beside) - weight * distance - _DOUBT * len(doubts)
        why = _why(base, by, distance, beside, doubts)
        return rank, Suggestion(base, base, articles, round(distance, 2), by, why, known, forms=forms)

    def _forms(self, base: str) -> Iterator[str]:
        """Give the spelling with its clitics, the article excepted; what is a spelling of its own is not its form."""
        whole = self._sought.understand(base)
        # A clitic form is rarer than the bare word, or a word of its own: «كابل» is no form of «ابل».
        most = 1 + self._counts[base] if base in self._counts else math.inf
        clitics = _COUNTED_CLITICS if is_arabic_letter(base[0]) else [""]
        for form in (clitic + base for clitic in clitics):
            if " " not in base and form not in self._counts and form != base:
                continue
            found = self._sought.understand(form)
            own = found.base == base if found else whole is None
            if form == base or (own and self._counts.get(form, 0) <= most):
                yield form

    def _doubts(self, base: str, articles: int, distance: float) -> list[Reason]:
        """Say why a spelling may be made of ordinary words."""
        doubts = []
        articled = sum(self._counts.get(clitic + base, 0) for clitic in _ARTICLED_CLITICS)
        if articled > 1 and articled >= _ARTICLED * articles:
            doubts.append(Reason(f"تأتي معرّفة بأل في {articled}", f"{articled} more with the article"))
        rest = max(_after_clitics(base), key=lambda word: self._counts.get(word, 0), default="")
        if self._counts.get(rest, 0) > articles:
            doubts.append(
                Reason(f"«{rest}» بعد سابقة", f"“{rest}” after a clitic, itself in {self._counts[rest]}")
            )
        size = len(skeleton(base))
        if size <= _TINY_SKELETON and distance > _SAME:
            doubts.append(Reason("صوامته قليلة", "so few consonants prove little"))
        if size <= _SHORT_SKELETON and self._usual and articles > _COMMON * self._usual:
            ar = f"في {articles} مقابل {self._usual} للرسوم المعروفة"
            doubts.append(Reason(ar, f"{articles} articles against {self._usual} of the known forms"))
        parts = base.split()
        rarest = min(self._counts.get(part, articles) for part in parts)
        numbered = any(map(str.isdigit, parts))  # a number stands after anything
        if len(parts) > 1 and not numbered and articles < _BOUND * rarest:
            ar = f"كلماتها تأتي متفرقة، أندرها في {rarest}"
            doubts.append(Reason(ar, f"its words stand apart, the rarest in {rarest}"))
        return [Reason("قد لا يكون اسما", "may be no name"), *doubts] if doubts else []


_HOW: Final[Mapping[By, Reason]] = {
    "skeleton": Reason("الصوامت نفسها", "the same consonants"),
    "edit": Reason("على بعد هفوة من رسم آخر", "one slip from another spelling"),
    "pair": Reason("بجوار الاسم ولا يشبهه لفظا", "beside the name, though it sounds unlike it"),
}


def _why(base: str, by: By, distance: float, beside: int, doubts: Sequence[Reason]) -> Reason:
    how = _HOW[by]
    if by == "pair" and not is_arabic_letter(base[0]):
        how = Reason("بجوار الاسم العربي ويشبهه لفظا", "beside the Arabic name, and sounds like it")
    parts = [how]
    if by != "pair" and distance > 0:
        parts.append(Reason(f"والمسافة {distance:.2f}", f"distance {distance:.2f}"))
    if beside:
        parts.append(Reason(f"بجوار الاسم اللاتيني {beside}", f"beside the Latin name {beside}"))
    parts += doubts
    return Reason("، ".join(part.ar for part in parts), ", ".join(part.en for part in parts))
