"""Google News as a source: searches made from a watchlist's terms, and the publishers behind its links.

A search is a feed of its own for each term. Its links are Google's. The older ones hold the publisher's address in
their id (base64url over a protobuf: field 1 a number, field 4 the address); the newer ones hold a token that only
Google can resolve, and change from one answer to the next.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from rasid.urls import canonical_url, host_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rasid.types import Form, Term

HOST = "news.google.com"
_SEARCH = f"https://{HOST}/rss/search?"
_ARABIC = {"hl": "ar", "gl": "SA", "ceid": "SA:ar"}
_RECENT = "when:7d"  # older results come back with every answer otherwise
_MAX_WORDS = 32  # Google ignores the words behind these; operators are counted here, to be safe
_MAX_URL = 2_000  # characters; Google refuses longer ones
_ARTICLE = re.compile(r"/(?:rss/)?(?:articles|read)/([\w-]+=*)\Z", re.ASCII)
_ID_FIELDS = (0x08, 0x22)  # tags of field 1 (varint) and field 4 (bytes)


def search_urls(terms: Iterable[Term]) -> Iterator[tuple[str, str]]:
    """The id of each term that can be searched for, and the address of its results as a feed.

    Searched for are its spellings, the first ones where not all fit in a query; one that counts only beside other
    words, together with these. A term without spellings, which is found by a query over others, has no address.
    """
    for term in terms:
        query = _query([piece for form in term.forms if (piece := _piece(form))])
        if query:
            yield term.id, _url(query)


def publisher_url(link: str) -> str | None:
    """The canonical address of the publisher's page that a link of Google News holds; None where it holds none."""
    if not is_google_link(link) or not (found := _ARTICLE.search(urlsplit(link).path)):
        return None
    try:
        raw = base64.urlsafe_b64decode(found[1].rstrip("=") + "=" * (-len(found[1].rstrip("=")) % 4))
        url = canonical_url(_embedded(raw).decode("ascii"))
        host = host_of(url)
    except (binascii.Error, ValueError):
        return None
    return None if f".{host}".endswith(".google.com") else url


def is_google_link(link: str) -> bool:
    """Whether a link leads through Google News."""
    try:
        return urlsplit(link).hostname == HOST
    except ValueError:
        return False


def _embedded(raw: bytes) -> bytes:
    """The bytes of field 4, behind the one byte of field 1."""
    if len(raw) < 4 or (raw[0], raw[2]) != _ID_FIELDS:
        raise ValueError("not the id of an article")
    length, start = raw[3], 4
    if length & 0x80:  # a varint of two bytes
        length, start = (length & 0x7F) | raw[4] << 7 if len(raw) > 4 else 0, 5
    return raw[start : start + length]


def _piece(form: Form) -> tuple[str, tuple[str, ...]] | None:
    """A spelling in quotes, with the cues of which one must stand in the article; None: it cannot be searched for."""
    if form.kind == "lookalike" and form.near is None:
        return None
    return _quoted(form.text), tuple(map(_quoted, form.near.words if form.near else ()))


def _quoted(text: str) -> str:
    return '"' + " ".join(text.replace('"', " ").split()) + '"'


def _query(pieces: Sequence[tuple[str, tuple[str, ...]]]) -> str:
    """As many of the spellings as fit, and as many of the cues of each."""
    chosen: list[str] = []
    for spelling, cues in pieces:
        texts = [f"({spelling} ({' OR '.join(cues[:count])}))" for count in range(len(cues), 0, -1)] or [
            spelling
        ]
        fitting = (text for text in texts if text not in chosen and _fits([*chosen, text]))
        chosen.extend([text for text in [next(fitting, None)] if text])
    return _joined(chosen) if chosen else ""


def _joined(chosen: Sequence[str]) -> str:
    return f"({' OR '.join(chosen)}) {_RECENT}"


def _fits(chosen: Sequence[str]) -> bool:
    query = _joined(chosen)
    return len(query.split()) <= _MAX_WORDS and len(_url(query)) <= _MAX_URL


def _url(query: str) -> str:
    return _SEARCH + urlencode({"q": query} | _ARABIC, safe=":")
