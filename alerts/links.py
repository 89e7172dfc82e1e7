"""Which addresses from outside become links, and which stay plain text."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MAX_LENGTH = 2000  # longer addresses exist in feeds as data gone wrong, and twenty of them would fill a mail

_PLAIN = re.compile(r"https?://[\x21-\x7e]+\Z", re.IGNORECASE)
_ENCODED = {ord(char): f"%{ord(char):02X}" for char in "\"'<>`|^{}"}


def safe_link(url: str) -> str | None:
    """Return an address that may stand behind a link in HTML, Slack or plain text, else None.

    Only http and https, without user information (it hides where a link leads), all ASCII; what could end an
    attribute or a Slack link is percent-encoded.
    """
    if len(url) > MAX_LENGTH or not _PLAIN.match(url) or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    return url.translate(_ENCODED) if host and "@" not in parts.netloc else None
