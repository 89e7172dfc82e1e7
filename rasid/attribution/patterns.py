"""Pieces of the patterns: all of them read folded text."""

from __future__ import annotations

import re
from typing import Final

LETTERS: Final = "a-z0-9\u0621-\u064a"
QUOTES: Final = "\"'«»“”„"
WORD: Final = re.compile(rf"[{LETTERS}]+")
THAT: Final = r"[وب]?ان(?:ه|ها|هم|هما)?"


def any_of(words: str) -> str:
    """Give the pattern that matches any of some patterns with blanks between them."""
    return f"(?:{'|'.join(words.split())})"
