"""Folded text as one byte a letter: what the automaton reads.

Arabic takes two bytes a letter in UTF-8 and four in Python's strings. With one byte a letter the automaton
takes half the steps, and its positions are those of the text, with nothing to convert. What folding leaves of
Arabic, Latin and digits has a byte of its own; all else shares bytes by class, and a spelling that holds such
a character is compared with the text again.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from rasid.text import code_points, is_arabic_letter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_UNICODE: Final = 0x110000
_WESTERN_END: Final = 0x530  # Latin, Greek and Cyrillic lie before it

_OWN: Final = "\n 'abcdefghijklmnopqrstuvwxyz0123456789ءابتثجحخدذرزسشصضطظعغفقكلمنهوي"
_FIRST: Final = 1  # byte of the first of them; 0 is punctuation, and whatever else is no letter
_OTHER_ARABIC: Final = range(100, 140)
_OTHER_WESTERN: Final = range(140, 180)
_OTHER_LETTER: Final = range(180, 256)

NEITHER: Final = 0
ARABIC: Final = 1
WESTERN: Final = 2
"""Classes of characters: a name of one class may not touch letters of its class."""


def encode(folded_text: str) -> bytes:
    """Give one byte for each code point of folded text."""
    return encode_codes(code_points(folded_text))


def encode_codes(codes: NDArray[np.integer]) -> bytes:
    """Give one byte for each code point of folded text that is an array already."""
    return _table().take(codes).tobytes()


def _class(character: str) -> int:
    if is_arabic_letter(character):
        return ARABIC
    return WESTERN if character.isalnum() and ord(character) < _WESTERN_END else NEITHER


def _classes() -> Iterable[tuple[int, int]]:
    for byte, character in enumerate(_OWN, _FIRST):
        yield byte, _class(character)
    yield from ((byte, ARABIC) for byte in _OTHER_ARABIC)
    yield from ((byte, WESTERN) for byte in _OTHER_WESTERN)


CLASS: Final = bytes(dict(_classes()).get(byte, NEITHER) for byte in range(256))
"""The class of each byte that `encode` gives."""


@cache
def _table() -> NDArray[np.uint8]:
    """Work the table out, at the first encoding rather than at import."""
    table = np.zeros(_UNICODE, dtype=np.uint8)
    letters = [code for code in range(0x3000) if chr(code).isalnum()]
    table[0x3000:] = _OTHER_LETTER.start + np.arange(0x3000, _UNICODE) % len(_OTHER_LETTER)
    for code in letters:
        table[code] = _shared_byte(chr(code))
    for byte, character in enumerate(_OWN, _FIRST):
        table[ord(character)] = byte
    for separator in "-_":
        table[ord(separator)] = table[ord(" ")]
    return table


def _shared_byte(character: str) -> int:
    shared = {ARABIC: _OTHER_ARABIC, WESTERN: _OTHER_WESTERN, NEITHER: _OTHER_LETTER}[_class(character)]
    return shared[ord(character) % len(shared)]
