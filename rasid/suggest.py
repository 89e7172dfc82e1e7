"""Suggest spellings of a name that the corpus really holds; a person decides, nothing is added by itself.

Theory of operation
-------------------
1. A name, Latin or Arabic, is read as sounds, and each sound knows the letters that write it: g is ج, غ, ق or ك;
   v is ف or ب. Where a Latin letter reads in several ways (ch, x, j) the name has several readings; capitals
   (TSMC, the end of OpenAI) are read out letter by letter too.
2. The consonants, in coarse classes, are the name's skeleton: Nvidia, إنفيديا and نيفيديا are all «n13». The words
   of the corpus with a skeleton of the name, clitics aside, are candidates: one look-up a word.
3. A weighted edit distance over sounds judges the candidates. Vowels, which Arabic writes or not, cost little; a
   consonant of the same class more; any other is refused.
4. One slip away from a spelling that is given or was just found (rapidfuzz), and what stands beside the Latin name
   («إنفيديا (Nvidia)»), give what the skeleton misses.
5. A noisy channel ranks: the log of the count, less the distance. What looks like an ordinary word goes last.

Sources: the classes are Soundex's (Russell 1918), the readings in context and their alternatives Metaphone's
(Philips 1990, 2000), the letter table a coarser Buckwalter transliteration, the ranking is that of Kernighan, Church
and Gale (1990). The costs were set on the spellings seen of some twenty names.

Known exceptions
----------------
- The skeleton of a name of one consonant (Huawei) says next to nothing; its vowels decide.
- With the article («الهواوي») a foreign name is mostly somebody's surname: such words are not counted, and a word
  that often has it («الهواء») is an ordinary one.
- The interrogative أ is not stripped: before a name it is far rarer than a name's own alif («إنفيديا»).
- Counts are summed over the clitic forms: an article that holds two of them counts twice (نتنياهو 1,776 for 1,508).
  Ranks do not mind; who has the articles (rasid.app.suggest) counts what is shown anew.

Rejected: rapidfuzz alone over a transliterated vocabulary (a vowel weighs as much as a consonant there); skeletons
in fine letters (hundreds for Samsung, to the same end).
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice, pairwise, product
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from rasid.text import WORD, fold, is_arabic_letter, mask, words
from rasid.types import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

By = Literal["skeleton", "edit", "pair"]

_MOST_READINGS: Final = 16  # of one name; with five ambiguous letters it has more than anybody writes
_MOST_SKELETONS: Final = 64
_SLIP: Final = 0.55  # what a slip may add to the distance
_SHORTEST_SLIP: Final = 5  # letters: one slip away from a shorter word is another word
_SEEDS: Final = 4  # spellings found whose slips are looked for, beside those given
_NATIVE: Final = re.compile("[حعضظذثص]")  # letters that foreign names are seldom written with
_NATIVE_COST: Final = 0.2
_FAR: Final = 1.5  # the distance of what stands beside the name and does not sound like it
_PENALTY: Final = 8.0  # a distance of 1 outweighs e ** 8 articles; of fewer where the word is short
_LONG_WORD: Final = 5  # sounds: a shorter word is near to many others
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

_VOWELS: Final = frozenset("aiu")
_WRITTEN_VOWELS: Final = str.maketrans("aiu", "AIU")
# Sounds are letters; capitals: T ث, D ذ and ظ, X خ, S ش, G غ, C ch. To foreign ears ع is a vowel.
_ARABIC: Final = str.maketrans("اعءيوبتطثجحهخدضذظزرسصشغفقكلمن", "aaaiubttTjhhXddDDzrssSGfqklmn")
_LATIN: Final = str.maketrans("abcdefghijlmnopqrstuvwyz", "abkdifghijlmnupqrstuvuiz") | {ord("x"): "ks"}
_CLASSES: Final = {
    sound: name
    for name, sounds in {"1": "bpvf", "2": "kqgGjX", "3": "tdTD", "4": "sz", "5": "SC"}.items()
    for sound in sounds
}
_KEY: Final = {letter: _CLASSES.get(chr(sound), chr(sound)) for letter, sound in _ARABIC.items()} | {
    letter: "" for letter, sound in _ARABIC.items() if chr(sound) in _VOWELS
}

_SOUNDS: Final = {
    "a": "a", "e": "ia", "i": "i", "o": "ua", "u": "ua", "w": "u", "A": "a", "I": "i", "U": "u",
    "b": "bpv", "p": "pb/f", "v": "vf/b", "f": "fvp",
    "k": "k/q", "q": "qk/g", "g": "gjG/qk", "j": "jgG/qk", "G": "Ggj/qk", "X": "X/kh",
    "t": "t/T", "d": "d/D", "T": "Tt/Dzs", "D": "D/dz",
    "s": "s/z", "z": "z/sD", "c": "s/k", "S": "SC", "C": "CS/kX",
}  # fmt: skip
"""What a sound of a name may be written with, after the stroke seldom; one that is not here, with itself.

A, I, U are vowels that Arabic wrote.
"""

_GRAPHEMES: Final = {
    "tch": ("C",), "sch": ("S", "sk"), "ch": ("C", "tS"), "sh": ("S",), "ph": ("f",), "th": ("T",), "kh": ("X",),
    "gh": ("G", ""), "dh": ("D",), "zh": ("j",), "ck": ("k",), "wh": ("w",), "oo": ("u",), "ee": ("i",),
    "ea": ("e",), "ou": ("u",), "ç": ("c",), "c": ("k",), "x": ("ks", "z"), "j": ("j", "i"), "y": ("i",),
}  # fmt: skip
_SOFT_C: Final = re.compile("c(?=[eiy])")
_GRAPHEME: Final = re.compile(f"{'|'.join(_GRAPHEMES)}|([b-df-hj-np-tv-z])\\1|.")
_SEGMENT: Final = re.compile(r"[A-Z]{2,5}(?![^\W\d_])|[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\d+")
_SPOKEN: Final = {
    "a": ("ايه", "اي", "ا"), "b": ("بي",), "c": ("سي",), "d": ("دي",), "e": ("اي",), "f": ("اف",), "g": ("جي",),
    "h": ("اتش",), "i": ("اي",), "j": ("جيه", "جي", "جاي"), "k": ("كي", "كيه", "كاي"), "l": ("ال",), "m": ("ام",),
    "n": ("ان",), "o": ("او",), "p": ("بي",), "q": ("كيو",), "r": ("ار",), "s": ("اس",), "t": ("تي",), "u": ("يو",),
    "v": ("في",), "w": ("دبليو",), "x": ("اكس",), "y": ("واي",), "z": ("زد", "زي"),
}  # fmt: skip
"""The names of the Latin letters in Arabic, folded; the first is what is read out."""

# The matcher's, without the interrogative.
_CLITICS: Final = frozenset(
    head + tail
    for head in ("", "و", "ف")
    for tail in ("", "ب", "ل", "ك", "ال", "بال", "كال", "لل", "هال", "عال")
)
_COUNTED_CLITICS: Final = sorted(
    (clitic for clitic in _CLITICS if not clitic.endswith(("ال", "لل"))),
    key=lambda clitic: (len(clitic), clitic),
)
_ARTICLES: Final = _CLITICS.difference(_COUNTED_CLITICS)
_LONGEST_CLITIC: Final = max(map(len, _CLITICS))

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


class _Sound(NamedTuple):
    accepts: str  # the sounds that may write it
    seldom: str  # those that seldom do
    lost: float  # the cost where nothing writes it

    @property
    def is_vowel(self) -> bool:
        return self.accepts[0] in _VOWELS

    @property
    def keys(self) -> tuple[str, ...]:
        """Its classes; a vowel has none."""
        if self.is_vowel:
            return ("",)
        return tuple(dict.fromkeys(_CLASSES.get(sound, sound) for sound in self.accepts + self.seldom))


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read a name."""

    sounds: tuple[_Sound, ...]
    sizes: frozenset[int]  # how many words may write it
    foreign: bool = True  # it was given in Latin letters

    @property
    def cutoff(self) -> float:
        return min(0.8, max(0.4, 0.1 * len(self.sounds)))

    @property
    def slip_cutoff(self) -> float:
        """Where a name has few consonants, a word with one more or less is another word."""
        consonants = sum(not sound.is_vowel for sound in self.sounds)
        return min(self.cutoff + _SLIP, 0.9) if consonants <= _SHORT_SKELETON else self.cutoff + _SLIP

    def skeletons(self) -> set[str]:
        spelled = product(*(sound.keys for sound in self.sounds))
        return {"".join(keys) for keys in islice(spelled, _MOST_SKELETONS)} - {""}

    def halves(self) -> Iterator[tuple[_Reading, _Reading]]:
        """Split it where a second word may begin: before a consonant, one to either side at least."""
        for at in range(1, len(self.sounds)):
            left, right = (
                _Reading(part, frozenset((1,)), self.foreign) for part in (self.sounds[:at], self.sounds[at:])
            )
            if 2 in self.sizes and not self.sounds[at].is_vowel and left.skeletons():
                yield left, right


class _Found(NamedTuple):
    """A word of the corpus, understood."""

    base: str
    clitic: str
    distance: float


def skeletons(name: str) -> frozenset[str]:
    """Give the consonant skeletons of a name, Latin or Arabic; two names that sound alike share one.

    A skeleton is a string of classes: 1 labials (b p v f), 2 k q g j kh, 3 t d th, 4 s z, 5 sh ch; h l m n r and
    digits stand for themselves, vowels and the semivowels و ي ا ع for nothing.
    """
    return frozenset().union(*(reading.skeletons() for reading in _readings(name)))


def sound_distance(name: str, spelling: str) -> float:
    """Tell how far a spelling is from how a name sounds: 0 the same; infinite where the name cannot be read."""
    heard = _symbols(_folded(spelling))
    return min((_distance(reading.sounds, heard) for reading in _readings(name)), default=math.inf)


def candidates(names: Sequence[str], vocabulary: Collection[str]) -> Candidates:
    """Choose, among the folded distinct words of a corpus, those that may spell one of the names."""
    sought = _sought(tuple(names))
    held, grouped = frozenset(vocabulary), _by_skeleton(vocabulary)
    bases = {*_understood(sought, vocabulary, grouped), *sought.known}
    forms = {clitic + base for base in bases for clitic in _CLITICS}
    forms |= {rest for base in bases for rest in _after_clitics(base)}
    return Candidates(frozenset(forms & held), tuple(_phrase_parts(sought, names, held, grouped)))


def phrases(folded_text: str, names: Sequence[str]) -> list[str]:
    """Give the spellings of several words in a folded text, in order: «ان فيديا», «تي اس ام سي».

    The words are joined by a space; a phrase of which one word is as good a spelling alone is left out.
    """
    sought = _sought(tuple(names))
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
        name = found.group()
        before, after = _windows_before(folded, found.start()), _windows_after(folded, found.end())
        pairs += [(phrase, latin) for latin in dict.fromkeys((name, name.split()[0])) for phrase in before]
        pairs += [(phrase, latin) for latin in dict.fromkeys((name, name.split()[-1])) for phrase in after]
    return pairs


def _after_clitics(word: str) -> list[str]:
    """Give what a word would be without each of the clitics that it may begin with."""
    cuts = range(1, min(_LONGEST_CLITIC, len(word) - 2) + 1)
    return [word[cut:] for cut in cuts if word[:cut] in _CLITICS]


def spelling_forms(base: str) -> list[str]:
    """Give a folded spelling with each clitic that is counted for it, itself first; a Latin one is itself alone."""
    return [clitic + base for clitic in _COUNTED_CLITICS] if _is_arabic(base) else [base]


def suggest(
    names: Sequence[str],
    vocabulary: Mapping[str, int],
    bigrams: Mapping[str, int],
    pairs: Mapping[tuple[str, str], int],
    *,
    limit: int,
) -> list[Suggestion]:
    """Rank the spellings of a name that the corpus holds: the known ones, then at most `limit` new ones.

    Args:
        names: the name, or all the forms that its term has; what is in here is known.
        vocabulary: folded word → articles that hold it; all words, or at least those that `candidates` chose.
        bigrams: two or more folded words joined by a space (see `phrases`) → articles that hold them.
        pairs: (folded Arabic phrase, folded Latin name) → times seen (see `latin_pairs`).
        limit: of new spellings.
    """
    sought = _sought(tuple(names))
    evidence = _Evidence(sought, vocabulary, bigrams, pairs)
    spelled = _understood(sought, vocabulary, _by_skeleton(vocabulary))
    for phrase in bigrams:
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


# ── reading a name ────────────────────────────────────────────────────────────────────────────────


def _folded(text: str) -> str:
    return " ".join(words(fold(text).text))


def _is_arabic(folded: str) -> bool:
    return is_arabic_letter(folded[:1])


@lru_cache(maxsize=1024)
def _readings(name: str) -> tuple[_Reading, ...]:
    """Read a name as typed: capitals and the humps of DeepSeek tell what is read out, and where words may part."""
    segments = _SEGMENT.findall(name)
    size = max(len(segments), len(name.split()))
    spoken = [_alternatives(segment) for segment in segments]
    foreign = _folded(name).isascii()
    usual = [
        _Reading(_sounds("".join(codes)), frozenset(range(1, size + 2)), foreign)
        for codes in _choices(spoken)
    ]
    if any(map(_is_acronym, segments)):
        out = [_read_out(segment) if _is_acronym(segment) else _alternatives(segment) for segment in segments]
        total = sum(len(segment) if _is_acronym(segment) else 1 for segment in segments)
        usual += [_Reading(_sounds("".join(codes)), frozenset((1, total))) for codes in _choices(out)]
    return tuple(reading for reading in dict.fromkeys(usual) if reading.skeletons())


def _choices(alternatives: Iterable[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    return islice(product(*alternatives), _MOST_READINGS)


def _is_acronym(segment: str) -> bool:
    return segment.isascii() and segment.isupper()


def _alternatives(segment: str) -> list[str]:
    """Give the sounds of a segment, a character each, in every way to read it."""
    folded = _folded(segment)
    if not folded.isascii():
        return [_symbols(folded).translate(_WRITTEN_VOWELS)]
    graphemes = [found.group() for found in _GRAPHEME.finditer(_SOFT_C.sub("ç", folded))]
    return [
        "".join(choice) for choice in _choices(_GRAPHEMES.get(letters, letters[:1]) for letters in graphemes)
    ]


def _read_out(segment: str) -> list[str]:
    return ["".join(_symbols(_SPOKEN[letter][0]) for letter in segment.lower()).translate(_WRITTEN_VOWELS)]


def _sounds(codes: str) -> tuple[_Sound, ...]:
    sounds = []
    for at, code in enumerate(codes):
        accepts, _, seldom = _SOUNDS.get(code, code).partition("/")
        following = _SOUNDS.get(codes[at + 1], "-")[0] if at + 1 < len(codes) else ""
        sounds.append(_Sound(accepts, seldom, _lost(code, at, following)))
    return tuple(sounds)


def _lost(code: str, at: int, following: str) -> float:
    """What it costs where a sound is not written: Arabic writes the first and the last vowel, seldom a short one."""
    if code.isdigit():
        return 2.0
    if _SOUNDS.get(code, "-")[0] not in _VOWELS:
        return 1.0
    if code == "w" and following in _VOWELS:
        return 0.8  # a consonant there
    if code.isupper():
        return 0.25
    if at == 0 or following:
        return 0.1 if at else 0.4
    return 0.05 if code == "e" else 0.2  # Google's is silent


# ── hearing a word ────────────────────────────────────────────────────────────────────────────────


def _symbols(folded: str) -> str:
    """Give the sounds of folded words, joined; a final ه is the ة that it may have been."""
    return "".join(map(_word_symbols, folded.split()))


@lru_cache(maxsize=65_536)
def _word_symbols(word: str) -> str:
    if not _is_arabic(word):
        return word.translate(_LATIN)
    return (word[:-1] + "ا" if word.endswith("ه") else word).translate(_ARABIC)


@lru_cache(maxsize=65_536)
def _word_key(word: str) -> str:
    return word.removesuffix("ه").translate(_KEY)


def _phrase_key(phrase: str) -> str:
    return "".join(map(_word_key, phrase.split()))


def _by_skeleton(vocabulary: Iterable[str]) -> dict[str, list[str]]:
    """Group the Arabic words: all in one string, four times as fast as one by one."""
    arabic = [
        word for word in vocabulary if word > "\u0600"
    ]  # the few of other scripts have skeletons of no name
    joined = "\n".join((*arabic, "")).replace("ه\n", "\n")
    grouped: dict[str, list[str]] = defaultdict(list)
    for word, key in zip(arabic, joined.translate(_KEY).split("\n"), strict=False):  # one more: the end
        grouped[key].append(word)
    return grouped


def _distance(sounds: Sequence[_Sound], heard: str) -> float:
    """Align a name's sounds with those of a word; the least cost of what is lost, added, changed and swapped."""
    rows = [[0.0]]
    cluster = bool(sounds) and not any(sound.is_vowel for sound in sounds[:2])
    for at, symbol in enumerate(heard):
        helps = at == 0 and cluster and symbol == "a"  # «إنفيديا»: Arabic begins with one consonant
        rows[0].append(rows[0][-1] + (0.1 if helps else _added(heard, at)))
    for i, sound in enumerate(sounds, 1):
        above = rows[-1]
        row = [above[0] + sound.lost]
        for j, symbol in enumerate(heard, 1):
            opens = cluster and i == 1 and symbol in _VOWELS  # «نيفيديا»: a vowel opens the cluster too
            added = 0.2 if opens else _added(heard, j - 1)
            cost = min(above[j] + sound.lost, row[-1] + added, above[j - 1] + _changed(sound, symbol))
            if i > 1 and j > 1 and heard[j - 2] in sound.accepts and symbol in sounds[i - 2].accepts:
                cost = min(cost, rows[-2][j - 2] + 0.5)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


def _added(heard: str, at: int) -> float:
    if heard[at] in _VOWELS:
        return 0.35
    return 0.3 if at and heard[at] == heard[at - 1] else 1.0


def _changed(sound: _Sound, symbol: str) -> float:
    if symbol in sound.accepts:
        return 0.0
    if symbol in sound.seldom:
        return 0.2
    if sound.is_vowel and symbol in _VOWELS:
        return 0.3
    return 0.6 if _CLASSES.get(symbol, symbol) in sound.keys else 1.5


class _Sought:
    """The names looked for, compiled."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.known = frozenset(map(_folded, names)) - {""}
        self.readings = tuple(dict.fromkeys(reading for name in names for reading in _readings(name)))
        self.by_key: dict[str, list[_Reading]] = defaultdict(list)
        for reading in self.readings:
            for key in reading.skeletons():
                self.by_key[key].append(reading)
        self.longest = max((max(reading.sizes) for reading in self.readings), default=0)

    @cached_property
    def key_starts(self) -> frozenset[str]:
        """What the skeleton of a spelling may begin with, clitics included."""
        return frozenset(
            (_word_key(clitic) + key)[:size]
            for clitic in _CLITICS
            for key in self.by_key
            for size in range(1, len(_word_key(clitic) + key) + 1)
        )

    @cached_property
    def keys(self) -> frozenset[str]:
        """The skeletons of all spellings, clitics included."""
        return frozenset(_word_key(clitic) + key for clitic in _CLITICS for key in self.by_key)

    def understand(self, phrase: str) -> _Found | None:
        """Tell which spelling of the names, after which clitic, an Arabic word or phrase is; None: it is none."""
        heads = (phrase[:cut] for cut in range(min(_LONGEST_CLITIC, len(phrase) - 1) + 1))
        found = (self._spelling(head, phrase[len(head) :]) for head in heads if head in _CLITICS)
        # A clitic costs a little, so that what begins the name itself stays with it.
        return min(filter(None, found), key=lambda one: one.distance + 0.05 * bool(one.clitic), default=None)

    def _spelling(self, clitic: str, base: str) -> _Found | None:
        if base in self.known:
            return _Found(base, clitic, 0.0)
        readings = self.by_key.get(_phrase_key(base), ())
        fitting = [reading for reading in readings if base.count(" ") + 1 in reading.sizes]
        heard = _symbols(base) if fitting else ""
        native = _NATIVE_COST * len(_NATIVE.findall(base))
        costs = ((_distance(one.sounds, heard) + native * one.foreign, one.cutoff) for one in fitting)
        within = [cost for cost, cutoff in costs if cost <= cutoff]
        return _Found(base, clitic, min(within)) if within else None

    def slip_distance(self, word: str) -> float | None:
        """Tell how far a word is that is one slip away from a spelling; None: further than a slip goes."""
        heard = _symbols(word)
        costs = ((_distance(reading.sounds, heard), reading.slip_cutoff) for reading in self.readings)
        return min((cost for cost, cutoff in costs if cost <= cutoff), default=None)


@lru_cache(maxsize=16)
def _sought(names: tuple[str, ...]) -> _Sought:
    return _Sought(names)


@lru_cache(maxsize=65_536)
def _may_begin(sought: _Sought, word: str) -> bool:
    return _is_arabic(word) and _word_key(word) in sought.key_starts


# ── choosing among the words of a corpus ──────────────────────────────────────────────────────────


def _understood(
    sought: _Sought, vocabulary: Collection[str], grouped: Mapping[str, Sequence[str]]
) -> dict[str, tuple[float, By]]:
    """Give the spellings of one word, without clitics: distance, and how it was found."""
    found: dict[str, tuple[float, By]] = {}
    for word in (word for key in sought.keys for word in grouped.get(key, ())):
        spelling = sought.understand(word)
        if spelling is not None and spelling.clitic not in _ARTICLES:
            found[spelling.base] = (spelling.distance, "skeleton")
    for slip in _slips(sought, found, vocabulary):
        distance = sought.slip_distance(slip)
        if distance is not None:
            found[slip] = (distance, "edit")
    return found


def _slips(sought: _Sought, found: Mapping[str, tuple[float, By]], vocabulary: Collection[str]) -> set[str]:
    """Give the words one slip away from a spelling that is given, or from the nearest found."""
    nearest = sorted(found, key=lambda base: (found[base], base))[:_SEEDS]
    seeds = [seed for seed in {*sought.known, *nearest} if len(seed) >= _SHORTEST_SLIP and " " not in seed]
    listed = vocabulary if isinstance(vocabulary, (list, tuple)) else list(vocabulary)
    near = (
        process.extract(seed, listed, scorer=OSA.distance, processor=None, score_cutoff=1, limit=None)
        for seed in seeds
    )
    slips = {word for hits in near for word, _, _ in hits} - found.keys() - sought.known
    return {word for word in slips if sought.understand(word) is None}  # «بإنفيديا» is no slip


def _phrase_parts(
    sought: _Sought, names: Sequence[str], held: frozenset[str], grouped: Mapping[str, Sequence[str]]
) -> Iterator[tuple[frozenset[str], ...]]:
    """Give the sets of words of which an article with a spelling of several words has one each."""
    for segment in {segment for name in names for segment in _SEGMENT.findall(name) if _is_acronym(segment)}:
        yield tuple(_with_clitics(_SPOKEN[letter], held) for letter in segment.lower())
    for segments in map(_SEGMENT.findall, names):
        each = [{word for one in _readings(segment) for word in _near(one, grouped)} for segment in segments]
        parts = [_with_clitics(near, held) for near in each if near]
        if len(parts) > 1:
            yield tuple(parts)
    for left, right in {half for reading in sought.readings for half in reading.halves()}:
        first, second = (_near(part, grouped) for part in (left, right))
        if first and second:
            yield _with_clitics(first, held), frozenset(second)


def _with_clitics(bases: Iterable[str], held: frozenset[str]) -> frozenset[str]:
    return frozenset(clitic + base for base in bases for clitic in _CLITICS) & held


def _near(part: _Reading, grouped: Mapping[str, Sequence[str]]) -> list[str]:
    words_of_part = (word for key in part.skeletons() for word in grouped.get(key, ()))
    return [word for word in words_of_part if _distance(part.sounds, _word_symbols(word)) <= part.cutoff]


def _run(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """Give the words from the first on that nothing but a space or a hyphen parts."""
    run = [text[slice(*spans[0])]]
    for (_, end), (start, stop) in pairwise(spans):
        if not _JOINT.fullmatch(text, end, start):
            break
        run.append(text[start:stop])
    return run


def _is_phrase(sought: _Sought, window: Sequence[str]) -> bool:
    if "".join(map(_word_key, window)) not in sought.keys:
        return False
    whole = sought.understand(" ".join(window))
    if whole is None or any(map(_is_lone_letter, whole.base.split())):
        return False
    parts = filter(None, map(sought.understand, window))
    return all(part.distance > whole.distance for part in parts)


def _is_lone_letter(word: str) -> bool:
    return len(word) == 1 and not word.isdigit()


def _windows_before(folded: str, end: int) -> list[str]:
    found = _BEFORE.search(folded, max(0, end - 80), end)
    parts = found[1].split() if found else []
    return [" ".join(parts[at:]) for at in range(len(parts))]


def _windows_after(folded: str, start: int) -> list[str]:
    found = _AFTER.match(folded, start)
    parts = found[1].split() if found else []
    return [" ".join(parts[: at + 1]) for at in range(len(parts))]


# ── ranking ───────────────────────────────────────────────────────────────────────────────────────


class _Evidence:
    """The counts, and what they say of each spelling."""

    def __init__(
        self,
        sought: _Sought,
        vocabulary: Mapping[str, int],
        phrases: Mapping[str, int],
        pairs: Mapping[tuple[str, str], int],
    ) -> None:
        self._sought = sought
        self._counts = {**phrases, **vocabulary}
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
        heard: dict[str, tuple[float, int]] = {}
        for (phrase, latin), times in pairs.items():
            spelling = self._sought.understand(phrase) if latin not in self._sought.known else None
            for reading in _readings(latin) if spelling else ():
                distance = _distance(reading.sounds, _symbols(spelling.base)) if spelling else math.inf
                if distance <= reading.cutoff:
                    before = heard.get(latin, (distance, 0))
                    heard[latin] = (min(before[0], distance), before[1] + times)
                    break
        return heard

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
        beside = sum(self.beside[clitic + base] for clitic in _CLITICS) if _is_arabic(base) else 0
        known = base in self._sought.known
        doubts = [] if known or beside or by == "pair" else self._doubts(base, articles, distance)
        weight = _PENALTY * max(1.0, _LONG_WORD / max(1, len(_symbols(base))))
        rank = math.log(1 + articles + _PAIR * beside) - weight * distance - _DOUBT * len(doubts)
        why = _why(base, by, distance, beside, doubts)
        return rank, Suggestion(base, base, articles, round(distance, 2), by, why, known, forms=forms)

    def _forms(self, base: str) -> Iterator[str]:
        """Give the spelling with its clitics, the article excepted; what is a spelling of its own is not its form."""
        whole = self._sought.understand(base)
        # A clitic form is rarer than the bare word, or a word of its own: «كابل» is no form of «ابل».
        most = 1 + self._counts[base] if base in self._counts else math.inf
        for form in spelling_forms(base):
            if " " not in base and form not in self._counts and form != base:
                continue
            found = self._sought.understand(form)
            own = found.base == base if found else whole is None
            if form == base or (own and self._counts.get(form, 0) <= most):
                yield form

    def _doubts(self, base: str, articles: int, distance: float) -> list[Reason]:
        """Say why a spelling may be made of ordinary words."""
        doubts = []
        articled = sum(self._counts.get(clitic + base, 0) for clitic in _ARTICLES)
        if articled > 1 and articled >= _ARTICLED * articles:
            doubts.append(Reason(f"تأتي معرّفة بأل في {articled}", f"{articled} more with the article"))
        rest = max(_after_clitics(base), key=lambda word: self._counts.get(word, 0), default="")
        if self._counts.get(rest, 0) > articles:
            doubts.append(
                Reason(f"«{rest}» بعد سابقة", f"“{rest}” after a clitic, itself in {self._counts[rest]}")
            )
        size = len(_phrase_key(base))
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
    if by == "pair" and not _is_arabic(base):
        how = Reason("بجوار الاسم العربي ويشبهه لفظا", "beside the Arabic name, and sounds like it")
    parts = [how]
    if by != "pair" and distance > 0:
        parts.append(Reason(f"والمسافة {distance:.2f}", f"distance {distance:.2f}"))
    if beside:
        parts.append(Reason(f"بجوار الاسم اللاتيني {beside}", f"beside the Latin name {beside}"))
    parts += doubts
    return Reason("، ".join(part.ar for part in parts), ", ".join(part.en for part in parts))
