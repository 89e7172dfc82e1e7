"""How names sound, Latin or Arabic, and which words spell them.

Theory of operation
-------------------
1. A name is read as sounds, and each sound knows the letters that write it: g is ج, غ, ق or ك; v is ف or ب. Where a
   Latin letter reads in several ways (ch, x, j) the name has several readings; capitals (TSMC, the end of OpenAI)
   are read out letter by letter too.
2. The consonants, in coarse classes, are the skeleton: Nvidia, إنفيديا and نيفيديا are all «n13».
3. The distance is a weighted edit distance over sounds. Vowels, which Arabic writes or not, cost little; a consonant
   of the same class costs more, any other more than a whole word may.
4. A word spells a name where, clitics aside, it has a skeleton of the name and is not far from it.

Sources: the classes are Soundex's (Russell 1918), the readings in context and their alternatives Metaphone's
(Philips 1990, 2000), the letter table a coarser Buckwalter transliteration. The costs were set on the spellings seen
of some twenty names.

Known exception: the skeleton of a name of one consonant (Huawei) says next to nothing; its vowels decide.

Rejected: skeletons in fine letters (hundreds for Samsung, to the same end).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice, product
from typing import TYPE_CHECKING, Final, NamedTuple

from rasid.matching.compiling import PROCLITICS
from rasid.text import fold, is_arabic_letter, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_MOST_READINGS: Final = 16  # of one name; with five ambiguous letters it has more than anybody writes
_MOST_SKELETONS: Final = 64  # of one reading
_SLIP: Final = 0.55  # what a slip may add to the distance
_FEW_CONSONANTS: Final = 3
_NATIVE: Final = re.compile("[حعضظذثص]")  # letters that foreign names are seldom written with
_NATIVE_COST: Final = 0.2

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
_CLASS_OF_LETTER: Final = {
    letter: "" if chr(sound) in _VOWELS else _CLASSES.get(chr(sound), chr(sound))
    for letter, sound in _ARABIC.items()
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

# The matcher's but for three, with which names begin («إنفيديا», «عُمان», «ياهو»): the أ that asks, ع and يا. In 40,408
# articles none of some thirty names of firms, countries and people stood behind ع or يا, and «ياهو» passed for «هو».
NAME_CLITICS: Final = frozenset(
    clitic
    for clitic in PROCLITICS
    if clitic == "ال" or not (clitic.startswith("ا") or clitic.endswith(("ع", "يا")))
)
_LONGEST_CLITIC: Final = max(map(len, NAME_CLITICS))


class _Sound(NamedTuple):
    accepts: str  # the sounds that may write it
    seldom: str  # those that seldom do
    lost: float  # the cost where nothing writes it

    @property
    def is_vowel(self) -> bool:
        return self.accepts[0] in _VOWELS

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of its letters; a vowel has none."""
        if self.is_vowel:
            return ("",)
        return tuple(dict.fromkeys(_CLASSES.get(sound, sound) for sound in self.accepts + self.seldom))


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a name."""

    sounds: tuple[_Sound, ...]
    sizes: frozenset[int]  # how many words may write it
    foreign: bool = True  # it was given in Latin letters

    @property
    def cutoff(self) -> float:
        """The greatest distance of a spelling: the longer the name, the more it may differ."""
        return min(0.8, max(0.4, 0.1 * len(self.sounds)))

    @property
    def consonants(self) -> int:
        """How many of its sounds are no vowels."""
        return sum(not sound.is_vowel for sound in self.sounds)

    def skeletons(self) -> set[str]:
        """Give its skeletons: several where a sound may be written with letters of several classes."""
        spelled = product(*(sound.classes for sound in self.sounds))
        return {"".join(classes) for classes in islice(spelled, _MOST_SKELETONS)} - {""}

    def halves(self) -> Iterator[tuple[Reading, Reading]]:
        """Split it where a second word may begin: before a consonant, with another to the left."""
        one_word = frozenset((1,))
        for at in range(1, len(self.sounds)):
            left, right = (
                Reading(part, one_word, self.foreign) for part in (self.sounds[:at], self.sounds[at:])
            )
            if not self.sounds[at].is_vowel and left.consonants:
                yield left, right

    def distance(self, folded: str) -> float:
        """Align its sounds with those of folded words; the least cost of what is lost, added, changed and swapped."""
        heard = _heard(folded)
        rows = [[0.0]]
        cluster = bool(self.sounds) and not any(sound.is_vowel for sound in self.sounds[:2])
        for at, symbol in enumerate(heard):
            helps = at == 0 and cluster and symbol == "a"  # «إنفيديا»: Arabic begins with one consonant
            rows[0].append(rows[0][-1] + (0.1 if helps else _added(heard, at)))
        for i, sound in enumerate(self.sounds, 1):
            above = rows[-1]
            row = [above[0] + sound.lost]
            for j, symbol in enumerate(heard, 1):
                opens = cluster and i == 1 and symbol in _VOWELS  # «نيفيديا»: a vowel opens the cluster too
                added = 0.2 if opens else _added(heard, j - 1)
                cost = min(above[j] + sound.lost, row[-1] + added, above[j - 1] + _changed(sound, symbol))
                if i > 1 and j > 1 and heard[j - 2] in sound.accepts and symbol in self.sounds[i - 2].accepts:
                    cost = min(cost, rows[-2][j - 2] + 0.5)
                row.append(cost)
            rows.append(row)
        return rows[-1][-1]


def skeletons(name: str) -> frozenset[str]:
    """Give the consonant skeletons of a name, Latin or Arabic; two names that sound alike share one.

    A skeleton is a string of classes: 1 labials (b p v f), 2 k q g j kh, 3 t d th, 4 s z, 5 sh ch; h l m n r and
    digits stand for themselves, vowels and the semivowels و ي ا ع for nothing.
    """
    return frozenset().union(*(reading.skeletons() for reading in readings(name)))


def skeleton(arabic: str) -> str:
    """Give the skeleton of folded Arabic words as they are written; they have one."""
    return "".join(map(_word_skeleton, arabic.split()))


def by_skeleton(vocabulary: Iterable[str]) -> dict[str, list[str]]:
    """Group the Arabic ones of folded words by skeleton: all in one string, four times as fast as one by one."""
    arabic = [word for word in vocabulary if word > "\u0600"]  # the few of other scripts sound like no name
    joined = "".join(f"{word}\n" for word in arabic)
    written = joined.replace("ه\n", "\n").translate(_CLASS_OF_LETTER).split("\n")[:-1]
    grouped: dict[str, list[str]] = defaultdict(list)
    for word, classes in zip(arabic, written, strict=True):
        grouped[classes].append(word)
    return grouped


def sound_distance(name: str, spelling: str) -> float:
    """Tell how far a spelling is from how a name sounds: 0 the same; infinite where the name cannot be read."""
    folded = folded_words(spelling)
    return min((reading.distance(folded) for reading in readings(name)), default=math.inf)


def folded_words(text: str) -> str:
    """Fold a text to its words, a space between them."""
    return " ".join(words(fold(text).text))


def segments(name: str) -> list[str]:
    """Part a name as typed, at its spaces, humps and digits: Deep, Seek; Open, AI; H, 20."""
    return _SEGMENT.findall(name)


def letter_names(segment: str) -> list[tuple[str, ...]]:
    """Give the Arabic names, folded, of each letter of capitals that may be read out; of other segments none."""
    is_acronym = segment.isascii() and segment.isupper()
    return [_SPOKEN[letter] for letter in segment.lower()] if is_acronym else []


@lru_cache(maxsize=1024)
def readings(name: str) -> tuple[Reading, ...]:
    """Read a name as typed: capitals and the humps of DeepSeek tell what is read out, and where words may part."""
    parts = segments(name)
    most_words = max(len(parts), len(name.split())) + 1
    foreign = folded_words(name).isascii()
    plain = [_alternatives(part) for part in parts]
    found = [Reading(sounds, frozenset(range(1, most_words + 1)), foreign) for sounds in _chosen(plain)]
    if any(map(letter_names, parts)):
        read_out = [_read_out(part) or _alternatives(part) for part in parts]
        total = sum(len(letter_names(part)) or 1 for part in parts)
        found += [Reading(sounds, frozenset((1, total))) for sounds in _chosen(read_out)]
    return tuple(reading for reading in dict.fromkeys(found) if reading.consonants)


def _chosen(alternatives: Iterable[Sequence[str]]) -> Iterator[tuple[_Sound, ...]]:
    return (_sounds("".join(codes)) for codes in islice(product(*alternatives), _MOST_READINGS))


def _alternatives(segment: str) -> list[str]:
    """Give the sounds of a segment, a character each, in every way to read it."""
    folded = folded_words(segment)
    if not folded.isascii():
        return [_heard(folded).translate(_WRITTEN_VOWELS)]
    graphemes = [found.group() for found in _GRAPHEME.finditer(_SOFT_C.sub("ç", folded))]
    choices = product(*(_GRAPHEMES.get(letters, letters[:1]) for letters in graphemes))
    return ["".join(choice) for choice in islice(choices, _MOST_READINGS)]


def _read_out(segment: str) -> list[str]:
    usual = " ".join(names[0] for names in letter_names(segment))
    return [_heard(usual).translate(_WRITTEN_VOWELS)] if usual else []


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


def _added(heard: str, at: int) -> float:
    if heard[at] in _VOWELS:
        return 0.35
    return 0.3 if at and heard[at] == heard[at - 1] else 1.0


@lru_cache(maxsize=4096)
def _changed(sound: _Sound, symbol: str) -> float:
    if symbol in sound.accepts:
        return 0.0
    if symbol in sound.seldom:
        return 0.2
    if sound.is_vowel and symbol in _VOWELS:
        return 0.3
    return 0.6 if _CLASSES.get(symbol, symbol) in sound.classes else 1.5


def _heard(folded: str) -> str:
    """Give the sounds of folded words, a character each, joined."""
    return "".join(map(_word_heard, folded.split()))


@lru_cache(maxsize=65_536)
def _word_heard(word: str) -> str:
    if not is_arabic_letter(word[0]):
        return word.translate(_LATIN)
    # A final ه may have been ة.
    return (word[:-1] + "ا" if word.endswith("ه") else word).translate(_ARABIC)


@lru_cache(maxsize=65_536)
def _word_skeleton(word: str) -> str:
    return word.removesuffix("ه").translate(_CLASS_OF_LETTER)


# ── recognising a spelling ────────────────────────────────────────────────────────────────────────


class Spelling(NamedTuple):
    """A word or phrase that spells a name."""

    base: str  # folded, without the clitic
    clitic: str
    distance: float


class Sought:
    """The names looked for, compiled."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.known = frozenset(map(folded_words, names)) - {""}
        self.readings = tuple(dict.fromkeys(reading for name in names for reading in readings(name)))
        self._by_skeleton: dict[str, list[Reading]] = defaultdict(list)
        for reading in self.readings:
            for one in reading.skeletons():
                self._by_skeleton[one].append(reading)
        self.longest = max((max(reading.sizes) for reading in self.readings), default=0)  # in words

    @cached_property
    def skeletons(self) -> frozenset[str]:
        """Those of all spellings, clitics included."""
        return frozenset(skeleton(clitic) + one for clitic in NAME_CLITICS for one in self._by_skeleton)

    @cached_property
    def beginnings(self) -> frozenset[str]:
        """What these begin with: what the skeleton of the first word of a phrase may be."""
        return frozenset(one[:size] for one in self.skeletons for size in range(1, len(one) + 1))

    def understand(self, phrase: str) -> Spelling | None:
        """Tell which spelling of the names, after which clitic, an Arabic word or phrase is; None: it is none."""
        found = (self._spelling(clitic, base) for clitic, base in clitic_cuts(phrase))
        # A clitic costs a little, so that what begins the name itself stays with it.
        return min(filter(None, found), key=lambda one: one.distance + 0.05 * bool(one.clitic), default=None)

    def _spelling(self, clitic: str, base: str) -> Spelling | None:
        if base in self.known:
            return Spelling(base, clitic, 0.0)
        native = _NATIVE_COST * len(_NATIVE.findall(base))
        size = base.count(" ") + 1
        fitting = (one for one in self._by_skeleton.get(skeleton(base), ()) if size in one.sizes)
        costs = ((one.distance(base) + native * one.foreign, one.cutoff) for one in fitting)
        within = [cost for cost, cutoff in costs if cost <= cutoff]
        return Spelling(base, clitic, min(within)) if within else None

    def slip_distance(self, word: str) -> float | None:
        """Tell how far a word is that is one slip away from a spelling; None: further than a slip goes."""
        costs = ((reading.distance(word), _slip_cutoff(reading)) for reading in self.readings)
        return min((cost for cost, cutoff in costs if cost <= cutoff), default=None)


@lru_cache(maxsize=16)
def compile_names(names: tuple[str, ...]) -> Sought:
    """Compile what is looked for: a name, or all the forms of a term."""
    return Sought(names)


def clitic_cuts(phrase: str) -> Iterator[tuple[str, str]]:
    """Give each clitic that a phrase may begin with, none being the first, and what is left."""
    cuts = range(min(_LONGEST_CLITIC, len(phrase) - 1) + 1)
    return ((phrase[:cut], phrase[cut:]) for cut in cuts if phrase[:cut] in NAME_CLITICS)


def _slip_cutoff(reading: Reading) -> float:
    """Where a name has few consonants, a word with one more or less is another word."""
    cutoff = reading.cutoff + _SLIP
    return min(cutoff, 0.9) if reading.consonants <= _FEW_CONSONANTS else cutoff
