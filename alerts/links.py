"""Which addresses from outside become links, and which stay plain text; and the links by which a reader acts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from secrets import token_hex
from urllib.parse import urlsplit

MAX_LENGTH = 2000  # longer addresses exist in feeds as data gone wrong, and twenty of them would fill a mail

PLACEHOLDER = token_hex(20)
"""Stands for a reader's token in a page that is rendered once for all; as long as every token.

Another in each process: a feed that could guess it would have every reader's token written into its own links.
"""

_PLAIN = re.compile(r"https?://[\x21-\x7e]+\Z", re.IGNORECASE)
_ENCODED = {ord(char): f"%{ord(char):02X}" for char in "\"'<>`|^{}"}


def safe_link(url: str) -> str | None:
    """Return an address that may stand behind a link in HTML, Slack or plain text, else None.

    Only http and https (in small letters: some mail programs know no other), without user information (it hides where
    a link leads), all ASCII; what could end an attribute or a Slack link is percent-encoded.
    """
    if len(url) > MAX_LENGTH or not _PLAIN.match(url) or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if not host or "@" in parts.netloc:
        return None
    return parts.scheme + url[len(parts.scheme) :].translate(_ENCODED)


@dataclass(frozen=True, slots=True)
class Reader:
    """Where the reader of one delivery can act; each address shows a page, and nothing happens until it is sent off."""

    base: str  # https://rasid.example.org/r/TOKEN

    @property
    def digest(self) -> str:
        """The digest in full."""
        return self.base

    @property
    def unsubscribe(self) -> str:
        """No more of this subscription."""
        return f"{self.base}/unsubscribe"

    def mute(self, story_id: int) -> str:
        """No more of a story."""
        return f"{self.base}/mute/{story_id}"

    def wrong(self, story_id: int) -> str:
        """A mention in a story is none."""
        return f"{self.base}/wrong/{story_id}"

    def judge(self, article_id: int, term: str, *, right: bool) -> str:
        """An uncertain mention is one, or is none."""
        return f"{self.base}/{'right' if right else 'wrong'}/{article_id}/{term}"
