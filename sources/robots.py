"""robots.txt (RFC 9309): what a site lets Rasid fetch, and how fast.

Only the lines that concern Rasid are kept: a file that names 10,000 robots and then 10,000 rules is 10,000 × 10,000
rules to a parser that keeps them all, and what is remembered of a host stays small. protego, which knows wildcards and
escapes as Google reads them, is given these lines alone.
"""

from __future__ import annotations

import re
from functools import lru_cache

from protego import Protego

from sources.decode import decode

MAX_BYTES = 500_000  # read of one file, as Google does; RFC 9309 asks for 500 KiB at least
MAX_CRAWL_DELAY = 60.0  # seconds; with more, an outlet's day would not fit into a run
_LONG = 20_000  # characters; longer ones are not held read: 500 kB of rules are 15 MB, a feed can name 300 such hosts
_AGENT = frozenset({"user-agent", "useragent", "user agent"})
_RULES = {
    "allow": "Allow",
    "crawl-delay": "Crawl-delay",
    "crawl delay": "Crawl-delay",
    # With the misspellings that protego takes for it.
    **dict.fromkeys(
        ("disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"),
        "Disallow",
    ),
}
_TOKEN = re.compile(r"[a-z_-]*", re.IGNORECASE)


class Rules:
    """What one host's robots.txt says to one robot."""

    def __init__(self, text: str, token: str) -> None:
        self._text, self._token = text, token
        self._kept = Protego.parse(text) if len(text) <= _LONG else None
        said = self._parsed.crawl_delay(token)
        # Seconds between two requests; 0: nothing is said.
        self.crawl_delay = min(said or 0.0, MAX_CRAWL_DELAY)

    @property
    def _parsed(self) -> Protego:
        return self._kept or _long(self._text)

    def allows(self, url: str) -> bool:
        """Whether `url` may be fetched; what is not mentioned may."""
        return not self._text or bool(self._parsed.can_fetch(url, self._token))


@lru_cache(maxsize=8)
def _long(text: str) -> Protego:
    return Protego.parse(text)


NO_RULES = Rules("", "")


def product_token(user_agent: str) -> str:
    """The name that robots.txt calls a robot by: "Rasid" of "Rasid/1.0"."""
    found = _TOKEN.match(user_agent.strip())
    return found[0] if found else ""


def concerning(body: bytes, token: str) -> str:
    """The lines of a robots.txt that concern the robot `token`, spelt in one way; "" where none does.

    Groups for other robots go; groups for all robots stay, whether or not there is one for this robot: which of them
    counts is protego's to say. Everything that is no rule goes, such as the front page that some sites answer with.
    """
    kept: list[str] = []
    ours = naming = False  # whether the group is for us; whether its user-agent lines still go on
    for line in decode(body, None)[0].lstrip("\ufeff").splitlines():
        name, _, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if name in _AGENT:
            agent = "*" if value == "*" else product_token(value).lower()
            meant = agent != "" and agent in ("*", token.lower())
            if meant:
                kept.append(f"User-agent: {agent}")
            ours, naming = meant or (ours and naming), True
        elif name in _RULES:
            naming = False
            if ours:  # without a value too: it ends the list of names
                kept.append(f"{_RULES[name]}: {value}".replace("\0", ""))
    return "\n".join(kept)
