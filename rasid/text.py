"""One folding for everything: matching, copies, stories and archive search compare folded text.

Theory of operation
-------------------
Arabic writes one word in many ways: أ for ا, ى for ي, with marks or without, stretched by tatweel, with a
Persian keyboard, as presentation forms out of a PDF. `fold` brings them to one, and keeps for every folded
code point the index of the original one, so that a span found in the folded text is shown in the article as
it stands.

The rules for single code points are worked out once into two tables over all of Unicode: what a code point
becomes, and how many code points that is (0: dropped; 2 and more: a ligature such as ﻻ). The text goes
through them as an array, at 25 to 40 MB/s with offsets, where `str.translate` gives 4 to 11 without and a
Python loop 1 to 4.

Two rules need the neighbours. One: Cyrillic and Greek letters become the Latin ones they look like only in a
token that holds a digit or a Latin letter (Cyrillic Н in «Н20»); Russian or Greek words stay what they are.
The other: a letter three times and more in a row is one letter drawn out (of و and ي four times).

Known exceptions
----------------
- The letter O is not folded to zero: H2O and H20 are different things, and only a watchlist may equate
  them.
- Subscript and superscript digits stay: H₂O in proper typography is water, never a chip.
- ؤ → و and ئ → ي, as the press types them; a lone ء stays, for it tells «ماء» from «ما».
- أن and إن fall together. What tells them apart is context, and that is the matcher's business.

Rejected: NFKC over the whole text first (™ becomes «tm», and there are no offsets); NFD before the letters
are folded (it makes أ two code points, and the folding of أ a no-op); Rust packages (faster, but no
offsets, no Persian letters).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Array = NDArray[np.int32]

_UNICODE: Final = 0x110000
_FIRST_LETTER: Final = 0x0621  # of Arabic, once folded
_LAST_LETTER: Final = 0x064A
_CARRIERS: Final = (0x0648, 0x064A)  # و and ي, which ؤ and ئ become
_LINE_ENDS: Final = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_HYPHENS: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u06d4\ufe58\ufe63\uff0d"
_APOSTROPHES: Final = "\u2018\u2019\u201b\u02bc\u02b9\u2032\uff07`\u00b4"
_DROPPED: Final = "™®℠©\u0640\u06e5\u06e6"  # before NFKD, which writes «tm» for ™

# Variants of one Arabic letter, and the letters of Persian, Kurdish, Urdu and the Maghreb.
_LETTERS: Final = {
    "ا": "أإآٱٲٳ\u0675",
    "و": "ؤۆۇۈۋۄۅۉ",
    "ي": "ئىیېۍێۑے",
    "ه": "ةہھەۀۃۂۿ",
    "ك": "کڪګگڭݣڬڰ",
    "ف": "ڤڥڢ",
    "ب": "پ",
    "ج": "چ",
    "ز": "ژ",
    "ق": "ڨ",
}

# Code points that nobody sees; dropped wherever they stand.
_INVISIBLE: Final = (
    range(0x00AD, 0x00AE),  # soft hyphen
    range(0x0300, 0x0370),  # Latin accents
    range(0x180B, 0x1810),
    range(0x200B, 0x2010),  # zero-width and directional marks
    range(0x202A, 0x202F),
    range(0x2060, 0x2070),
    range(0xFC5E, 0xFC64),  # tashkeel as isolated forms: NFKD would leave a space behind
    range(0xFE00, 0xFE10),  # variation selectors
    range(0xFE20, 0xFE30),
    range(0xFE70, 0xFE80),  # tashkeel as isolated forms
    range(0xFEFF, 0xFF00),
    range(0xFFF9, 0xFFFC),
    range(0xE0000, 0xE01F0),
)
_ARABIC_BLOCKS: Final = (range(0x0600, 0x0700), range(0x0750, 0x0780), range(0x0870, 0x0900))
_CANONICAL: Final = (
    range(0x0530),
    *_ARABIC_BLOCKS,
    range(0x1E00, 0x2070),
    range(0x2212, 0x2213),
    range(0x3000, 0x3001),
)
_COMPATIBLE: Final = (
    range(0x2100, 0x2150),  # letter-like symbols
    range(0x24B6, 0x24EA),  # circled letters
    range(0xFB00, 0xFB07),  # Latin ligatures
    range(0xFB50, 0xFE00),  # Arabic presentation forms
    range(0xFE50, 0xFF00),
    range(0xFF00, 0xFFF0),  # full width
    range(0x1D400, 0x1D800),  # mathematical letters and digits
    range(0x1EE00, 0x1EF00),
)

# After casefolding: a letter of another script → the Latin letter whose capital looks the same.
_LOOKALIKES: Final = str.maketrans("авекмнорстухіѕјһԁԛԝαβεζηικμνορτυχ", "abekmhopctyxisjhdqwabezhikmnoptyx")
_FOREIGN: Final = "\u0370-\u052f"
_CODE_TOKEN: Final = re.compile(
    rf"(?<![a-z\d{_FOREIGN}])[{_FOREIGN}][ -]?\d[a-z\d{_FOREIGN}]*+"  # «Н 20»: one letter before digits
    rf"|[a-z\d{_FOREIGN}]++(?:-\d[a-z\d{_FOREIGN}]*+)?"
)
_MIXED: Final = re.compile(r"[a-z\d]")

_ARABIC_LETTERS: Final = (
    "\u0620-\u063f\u0641-\u064a\u066e\u066f\u0671-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06ff"
    "\u0750-\u077f\u08a0-\u08c9"
)
_ARABIC_LETTER: Final = re.compile(f"[{_ARABIC_LETTERS}\ufb50-\ufdfb\ufe80-\ufefc]")
WORD: Final = re.compile(rf"[{_ARABIC_LETTERS}]+|[^\W_{_ARABIC_LETTERS}]+")
"""A word of folded text: a run of Arabic letters, or of any other letters and digits (so وH20 is two)."""


@cache
def word_kinds() -> NDArray[np.uint8]:
    """Tell of each code point of Unicode: 1 a letter of the Arabic script, 2 any other letter or digit, 0 neither."""
    every = _decoded(np.arange(_UNICODE, dtype=np.int32))
    kinds = np.zeros(_UNICODE, dtype=np.uint8)
    for letters, kind in ((r"[^\W_]+", 2), (f"[{_ARABIC_LETTERS}]+", 1)):
        for found in re.finditer(letters, every):
            kinds[found.start() : found.end()] = kind
    return kinds


_MASKED: Final = re.compile(
    r"""
      [a-z][a-z\d+.-]{1,9}://[^\s<>"«»“”،؛]*+                             # address with a scheme
    | (?<![\w.%+-])[a-z\d._%+-]++@(?:[a-z\d-]++\.)++[a-z\d-]++  # e-mail; a handle has nothing before @
    | (?<![a-z\d.-])(?:[a-z\d-]++\.(?=-*+[a-z\d]))++(?:com|net|org|edu|gov|mil|info|biz|io|ai|dev|app|co|cn|hk
        |tw|jp|kr|de|fr|uk|eu|ru|us|ca|tv|news|tech|cloud|online|site|shop|store|ae|sa|eg|qa|kw|bh|om|jo|lb|sy|iq|ma|dz|tn|ly)
        (?![a-z\d.-]*[a-z\d])(?:[:/?\#][^\s<>"«»“”،؛]*+)?                     # domain, with its path
    | (?<![a-z\d.-])(?:[a-z\d-]++\.(?=-*+[a-z\d]))++[a-z]{2,24}/[^\s<>"«»“”،؛]*+             # a path tells any domain
    | (?<![a-z])[a-z]:\\(?:[\w .()+-]++\\)*+[\w.()+-]*+                      # C:\Program Files\…
    | (?<![\w/.~])(?:~|\.{1,2})?(?:/[a-z\d_.+-]++){2,}+/?                    # /usr/lib/…
    | (?<![^\s/\\"'«»“”()<>\[\]،؛:,|])[^\s/\\"'«»“”()<>\[\]،؛:,|]+\.(?:po|pot|mo|pdf|docx?|xlsx?|pptx?|txt|csv
        |tsv|json|ya?ml|xml|html?|php|aspx?|js|css|py|rs|cpp|sh|bat|ps1|exe|msi|dll|sys|inf|so|ko|bin|iso|img|dmg|deb|rpm
        |apk|ipa|zip|rar|7z|gz|tgz|xz|bz2|zst|lz4|tar|whl|jar|run|appimage|cab|cat|srt|epub|odt|ods|rtf|torrent
        |onnx|gguf|safetensors|conf|service|desktop|patch|sig|asc|bak|db|sql|psd|webm|m4a|flac|heic
        |png|jpe?g|gif|webp|svg|bmp|ico|mp[34]|mkv|mov|avi|wav|ttf
        |otf|log|ini|cfg|conf|md|rst|nvda-addon)(?![\w-]|\.\w)               # file name
    """,
    re.VERBOSE | re.ASCII,
)
_HINT: Final = re.compile(r"\.[a-z7]|@[a-z\d-]|/[a-z\d_.+/-]|\\", re.ASCII)
"""What each of those holds. Most texts have none of it, and are told so 30 times faster than by the above."""


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """Folded text with its way back to the original."""

    text: str
    codes: NDArray[np.int32]  # the code points of `text`
    offsets: NDArray[np.int32]  # for each of them the index of its original code point

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Give the original span, end exclusive, of a folded one.

        What was dropped inside the span lies inside, what was dropped at its edges lies outside.
        """
        if start >= end:
            at = int(self.offsets[start]) if start < len(self.offsets) else self._length
            return at, at
        return int(self.offsets[start]), int(self.offsets[end - 1]) + 1

    @property
    def _length(self) -> int:
        return int(self.offsets[-1]) + 1 if len(self.offsets) else 0


class _Tables(NamedTuple):
    becomes: NDArray[np.int32]  # code point → code point; below zero: -1 - its place in `expansions`
    lengths: NDArray[np.uint8]  # code point → how many code points it becomes
    expansions: NDArray[np.int32]


def fold(text: str) -> Folded:
    """Bring all spellings of a text to one, with offsets; idempotent, linear; lone surrogates survive."""
    return _fold_kept(text) if len(text) in _WORTH_KEEPING else _fold(text)


def _fold(text: str) -> Folded:
    original = code_points(text)
    tables = _tables()
    lengths = tables.lengths[original]
    offsets = np.repeat(np.arange(len(original), dtype=np.int32), lengths)
    codes = tables.becomes[original[offsets]]
    if (codes < 0).any():
        firsts = np.cumsum(lengths, dtype=np.int64) - lengths
        within = np.arange(len(codes)) - firsts[offsets]
        longer = codes < 0
        codes[longer] = tables.expansions[-1 - codes[longer] + within[longer]]
    codes, offsets = _without_drawl(codes, offsets)
    folded = _decoded(codes)
    if ((codes >= 0x370) & (codes < 0x530)).any():
        folded = _CODE_TOKEN.sub(_latinise, folded)
        codes = code_points(folded).astype(np.int32)
    return Folded(folded, codes, offsets)


# An article on its way into the corpus is folded by each that looks at it, and sixteen are on their way together.
_WORTH_KEEPING = range(500, 20_000)  # characters: headlines cost nothing, books would fill the memory
_fold_kept = lru_cache(maxsize=48)(_fold)


def code_points(text: str) -> NDArray[np.uint32]:
    """Give the code points of a text, lone surrogates included."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _decoded(codes: _Array) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def _without_drawl(codes: _Array, offsets: _Array) -> tuple[_Array, _Array]:
    """Keep the first of three and more of one Arabic letter in a row: «إننننفيديا», as people draw words out.

    Of و and ي it takes four: with hamzas folded there are three in «موؤودة» and «بيئية».
    """
    same = codes[1:] == codes[:-1]
    triples = np.flatnonzero(same[1:] & same[:-1])
    letters = codes[triples]
    triples = triples[(letters >= _FIRST_LETTER) & (letters <= _LAST_LETTER)]
    if not len(triples):
        return codes, offsets
    in_four = np.isin(triples + 1, triples) | np.isin(triples - 1, triples)
    triples = triples[in_four | ~np.isin(codes[triples], _CARRIERS)]
    kept = np.ones(len(codes), dtype=np.bool_)
    kept[triples + 1] = kept[triples + 2] = False
    return codes[kept], offsets[kept]


def words(folded_text: str) -> list[str]:
    """Give the words of folded text in order; Arabic and other letters that touch are separate words."""
    return WORD.findall(folded_text)


def word_spans(codes: NDArray[np.integer]) -> tuple[list[int], list[int]]:
    """Give where the words of folded text begin and end, as `WORD` finds them, from its code points."""
    kinds = np.concatenate(([0], word_kinds().take(codes), [0]))
    changes = np.flatnonzero(kinds[1:] != kinds[:-1])
    begins = changes[kinds[changes + 1] > 0]
    ends = changes[kinds[changes] > 0]
    return begins.tolist(), ends.tolist()


def is_arabic_letter(character: str) -> bool:
    """Tell whether a character, folded or not, is a letter of the Arabic script."""
    return _ARABIC_LETTER.match(character) is not None


def mask(folded_text: str) -> str:
    """Blank out addresses, e-mail addresses, paths and file names; the length stays the same."""
    if _HINT.search(folded_text) is None:
        return folded_text
    return "\n".join(_mask_line(line) for line in folded_text.split("\n"))


def _mask_line(line: str) -> str:
    if _HINT.search(line) is None:
        return line
    return _MASKED.sub(lambda found: " " * len(found.group()), line)


_PREFIXES: Final = ("وبال", "وكال", "فبال", "وال", "فال", "بال", "كال", "ولل", "لل", "ال")
_LETTER_PREFIXES: Final = ("و", "ب", "ل", "ك", "ف")
_SUFFIXES: Final = (
    "هما",
    "تان",
    "تين",
    "يات",
    "ها",
    "هم",
    "هن",
    "نا",
    "كم",
    "ات",
    "ون",
    "ين",
    "ان",
    "يه",
    "ه",
    "ا",
)


@lru_cache(maxsize=65_536)
def light_stem(word: str) -> str:
    """Strip the commonest prefix and suffix of a folded word, leaving at least three letters.

    After Larkey's light stemmers, more careful: one prefix and one suffix, and a single letter goes only
    where five letters remain («وزارة» keeps its و, «ورقائق» loses it).
    """
    if not is_arabic_letter(word[:1]):
        return word
    return _without_suffix(_without_prefix(word))


def _without_prefix(word: str) -> str:
    for prefix in _PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= 3:
            return word[len(prefix) :]
    if word.startswith(_LETTER_PREFIXES) and len(word) >= 6:
        return word[1:]
    return word


def _without_suffix(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word[: -len(suffix)]
    return word


def _latinise(token: re.Match[str]) -> str:
    return token.group().translate(_LOOKALIKES) if _MIXED.search(token.group()) else token.group()


@cache
def _tables() -> _Tables:
    """Work out the tables: 25 ms, at the first folding rather than at import."""
    becomes = np.arange(_UNICODE, dtype=np.int32)
    lengths = np.ones(_UNICODE, dtype=np.uint8)
    expansions: list[int] = []
    for code in chain(*_CANONICAL, *_COMPATIBLE, *_INVISIBLE):
        folded = _fold_character(chr(code))
        lengths[code] = len(folded)
        if len(folded) == 1:
            becomes[code] = ord(folded)
        elif folded:
            becomes[code] = -1 - len(expansions)
            expansions.extend(map(ord, folded))
    return _Tables(becomes, lengths, np.array(expansions, dtype=np.int32))


@cache
def _fold_character(character: str) -> str:
    """Give what one code point becomes, out of context; what comes out folds to itself."""
    single = _fold_single(character)
    if single is not None:
        return single
    compatible = unicodedata.normalize("NFKD", character) if _in(_COMPATIBLE, ord(character)) else character
    cased = unicodedata.normalize("NFD", compatible).casefold()
    spread = unicodedata.normalize("NFD", cased).casefold()  # casefolding may compose what was spread
    if spread == character:
        return character
    return "".join(_fold_character(part) for part in spread)


def _fold_single(character: str) -> str | None:
    """Give what the named rules say of a code point; None where only decomposition and case remain."""
    category = unicodedata.category(character)
    if character in _DROPPED or _is_invisible(character, category):
        return ""
    if category == "Nd":
        return str(unicodedata.digit(character))
    return _names().get(character) or (" " if category in {"Zs", "Cc"} else None)


def _is_invisible(character: str, category: str) -> bool:
    code = ord(character)
    return _in(_INVISIBLE, code) or (category in {"Mn", "Cf"} and _in(_ARABIC_BLOCKS, code))


def _in(blocks: tuple[range, ...], code: int) -> bool:
    return any(code in block for block in blocks)


@cache
def _names() -> dict[str, str]:
    named = dict.fromkeys(_LINE_ENDS, "\n") | dict.fromkeys(_HYPHENS, "-") | dict.fromkeys(_APOSTROPHES, "'")
    letters = {variant: letter for letter, variants in _LETTERS.items() for variant in variants}
    return named | letters | {"ı": "i"}
