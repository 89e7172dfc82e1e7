"""What every part of a digest is said with: its language and zone, the present, the names of terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts import words
from alerts.bidi import clean, clip, embedded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rasid.types import Language, Reason

MAX_NAME = 60
MAX_NOTE = 140


@dataclass(frozen=True, slots=True)
class Setting:
    """Phrases, names and titles, each in the digest's language, clean and bounded."""

    language: Language
    timezone: str
    now: datetime
    labels: Mapping[str, str]

    def say(self, key: str, **values: object) -> str:
        """A fixed phrase with its values put in."""
        return words.phrase(self.language, key, **values)

    def count(self, noun: str, number: int) -> str:
        """A number with its noun; nothing for none."""
        return words.counted(self.language, noun, number) if number else ""

    def reason(self, reason: Reason | None) -> str:
        """Why something was decided."""
        if reason is None:
            return ""
        # Bidi mirrors brackets but no arrows: from right to left, this one would point back at the old figure.
        text = reason.ar.replace("→", "←") if self.language == "ar" else reason.en
        return clip(clean(text), MAX_NOTE)

    def title(self, title: str, limit: int) -> str:
        """A title in a line of the digest's own: in an English digest it is Arabic, and keeps its direction."""
        return embedded(clip(clean(title), limit), "rtl" if self.language == "ar" else "ltr")

    def source(self, key: str, name: str) -> str:
        """A phrase with the name of a source in it."""
        return self.say(key, name=clip(clean(name), MAX_NAME)) if clean(name) else ""

    def label(self, term: str) -> str:
        """A term as the reader knows it."""
        return clip(clean(self.labels.get(term, term)), MAX_NAME)
