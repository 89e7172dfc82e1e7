"""Bytes to text, by evidence rather than by label.

Labels lie: Arabic sites serve windows-1256 undeclared or called UTF-8, and UTF-8 called windows-1256; a
parser that trusts them gives mojibake without an error. The order here: BOM, strict UTF-8 (Arabic in
another encoding does not pass it by chance), UTF-8 with few bad bytes, then the declared encoding, cp1256
and ISO 8859-6, judged by how much the outcome reads like Arabic. Detectors that guess by language models
are left out: they disturb feedparser, and know Arabic less well than the letters do.
"""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its first two bytes are UTF-16's BOM
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Codecs such as unicode_escape or utf-7 are text encodings to Python, and no encodings of documents.
_KNOWN = re.compile(r"utf-?(8|16|32)([bl]e)?|(cp|windows-?)12\d\d|iso-?8859-?\d+|us-ascii|ascii|latin-?1")
_LATIN_LABELS = frozenset({"iso8859-1", "ascii"})  # browsers read both as windows-1252
_NEAR_UTF8 = 20  # good non-ASCII characters for each bad byte; cp1256 read as UTF-8 has fewer than one

_ARABIC_RUN = re.compile("[\u0621-\u064a]{2,}")
# Accented Latin letters and signs within an Arabic word: one 8-bit Arabic encoding read as the other,
# or UTF-8 read as cp1256.
_GLUED = re.compile(
    "[\u0621-\u064a][\u00a2-\u00a9\u00ae-\u00b6\u00b8\u00b9\u00bc-\u00ff\u0152\u0153\u0192\u2020-\u2022]"
)


def decode(body: bytes, declared: str | None) -> tuple[str, str]:
    """Text of `body` and the name of the encoding that it turned out to be in (Python's canonical name).

    Args:
        body: a document as it came.
        declared: the encoding that a header or the document names, if any; a hint, not a command.
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, "replace"), name
    if wide := _utf16_without_bom(body):
        return body.decode(wide, "replace"), wide
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _near_utf8(body) or _best(body, declared)


def charset_of(content_type: str | None) -> str | None:
    """The charset parameter of a Content-Type header."""
    found = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type or "", re.IGNORECASE)
    return found[1] if found else None


def _utf16_without_bom(body: bytes) -> str | None:
    head = body[:200]
    if len(head) < 4 or head.count(0) * 3 < len(head):
        return None
    return "utf-16-be" if head[::2].count(0) > head[1::2].count(0) else "utf-16-le"


def _near_utf8(body: bytes) -> tuple[str, str] | None:
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(map(len, re.findall(r"[^\x00-\x7f\ufffd]+", text)))
    return (text, "utf-8") if bad * _NEAR_UTF8 <= good else None


def _best(body: bytes, declared: str | None) -> tuple[str, str]:
    names = [name for name in (_canonical(declared), "cp1256", "iso8859-6", "utf-8") if name]
    readings = [(body.decode(name, "replace"), name) for name in dict.fromkeys(names)]
    return max(
        readings, key=lambda reading: _arabic_score(reading[0])
    )  # the first of equals: the declared one


def _arabic_score(text: str) -> int:
    letters = sum(map(len, _ARABIC_RUN.findall(text)))
    spoilt = text.count("\ufffd") + len(_GLUED.findall(text))
    return letters + 4 * text.count(" ال") - 8 * spoilt


def _canonical(declared: str | None) -> str | None:
    label = (declared or "").strip().lower()
    if not _KNOWN.fullmatch(label):
        return None
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    return "cp1252" if name in _LATIN_LABELS else name
