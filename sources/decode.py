"""Bytes to text, by evidence rather than by label.

Labels lie: Arabic sites serve windows-1256 undeclared or called UTF-8, and UTF-8 called windows-1256; a
parser that trusts them gives mojibake without an error. The order here: BOM, UTF-16 by its pattern, strict UTF-8
(Arabic in another encoding does not pass it by chance), UTF-8 with few bad bytes, then the declared encoding, cp1256
and ISO 8859-6, judged by how much the outcome reads like Arabic. Detectors that guess by language models
are left out: they disturb feedparser, and know Arabic less well than the letters do.

Text may be mojibake already when a site encodes it: UTF-8 or windows-1256 that was read as something else and
encoded once more. Often that befell some fields alone (one author's titles, articles from before a move), so
`repaired` judges a field, not a document, and touches none that lacks a sequence which no language writes.
"""

from __future__ import annotations

import codecs
import re
from functools import partial
from itertools import islice
from typing import NamedTuple

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its first two bytes are UTF-16's BOM
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Codecs such as unicode_escape or utf-7 are text encodings to Python, and no encodings of documents.
_KNOWN = re.compile(r"utf-?(8|16|32)([bl]e)?|(cp|windows-?)12\d\d|iso-?8859-?\d+|us-ascii|ascii|latin-?1")
_LATIN_LABELS = frozenset({"iso8859-1", "ascii"})  # browsers read both as windows-1252
_NEAR_UTF8 = 20  # good non-ASCII characters for each bad byte; cp1256 read as UTF-8 has fewer than one
_JUDGED = 2_000  # stretches of text in which an encoding is told; a whole front page has fewer

_PERSIAN = "\u067e\u0686\u0698\u06af\u06a9\u06cc\u06c1\u06be\u06ba\u06d2\u0679\u0688\u0691"  # and Urdu
_ARABIC_RUN = re.compile(f"[\u0621-\u064a{_PERSIAN}]{{2,}}")
# Accented Latin letters and signs within an Arabic word: one 8-bit Arabic encoding read as the other,
# or UTF-8 read as cp1256.
_GLUED = re.compile(
    "[\u0621-\u064a][\u00a2-\u00a9\u00ae-\u00b6\u00b8\u00b9\u00bc-\u00ff\u0152\u0153\u0192\u2020-\u2022]"
)
_STRETCH = re.compile(rb"[\x80-\xff][^<>\n]{0,2000}")
_LOST = re.compile("\ufffd+")


def decode(body: bytes, declared: str | None) -> tuple[str, str]:
    """Text of `body` and the name of the encoding that it turned out to be in (Python's canonical name).

    Args:
        body: a document as it came.
        declared: the encoding that a header or the document names, if any; a hint, not a command.
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, "replace"), name
    body = body.removeprefix(codecs.BOM_UTF8)  # believed no more than a label: it may stand above anything
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
    """Every other byte of Arabic, or of markup, in UTF-16 is 6 or 0; no other document holds these at all."""
    head = body[:400]
    even, odd = (sum(half.count(byte) for byte in (0, 6)) for half in (head[::2], head[1::2]))
    if len(head) < 4 or max(even, odd) * 4 < len(head) or min(even, odd) * 4 > max(even, odd):
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _near_utf8(body: bytes) -> tuple[str, str] | None:
    text = _utf8_with_gaps(body)
    bad = text.count("\ufffd")
    good = len(text) - bad - len(text.encode("ascii", "ignore"))
    return (text, "utf-8") if bad * _NEAR_UTF8 <= good else None


def _utf8_with_gaps(body: bytes) -> str:
    """One U+FFFD for each break, of however many bytes."""
    return _LOST.sub("\ufffd", body.decode("utf-8", "replace"))


def _best(body: bytes, declared: str | None) -> tuple[str, str]:
    sample = b"\n".join(stretch[0] for stretch in islice(_STRETCH.finditer(body), _JUDGED))
    names = [name for name in (_canonical(declared), "cp1256", "iso8859-6", "utf-8") if name]
    # The first of equals: the declared one.
    best = max(dict.fromkeys(names), key=lambda name: _arabic_score(sample.decode(name, "replace")))
    return (_utf8_with_gaps(body) if best == "utf-8" else body.decode(best, "replace")), best


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


# ── what was mojibake before it was encoded ──────────────────────────────────────────────────────


class _Misreading(NamedTuple):
    """Bytes in one encoding that were read in another."""

    bytes_of: dict[int, int]  # code point, as it was misread → the byte that it stands for
    meant: str
    proof: re.Pattern[str]  # what no language writes
    token: re.Pattern[str]  # what is read anew where the proof is found


def _reading(codec: str) -> list[str]:
    """The character that each byte is read as; where the codec has none, the C1 control that browsers take."""
    return [bytes([byte]).decode(codec, "ignore") or chr(byte) for byte in range(256)]


def _misreading(codec: str, meant: str, proof: str) -> _Misreading:
    characters = _reading(codec)
    bytes_of = {ord(character): byte for byte, character in enumerate(characters)}
    if codec == "cp1252":  # latin-1, which differs from it in 0x80 … 0x9f alone, is undone with it
        bytes_of |= {byte: byte for byte in range(0x80, 0xA0)}
    ends = "".join(chr(code) for code, byte in bytes_of.items() if 0x80 <= byte < 0xC0)
    alphabet = "".join(chr(code) for code in bytes_of if chr(code) not in " \t\r\n")
    return _Misreading(
        bytes_of,
        meant,
        re.compile(proof.format(leads="".join(characters[0xD8:0xDC]), ends=re.escape(ends))),
        re.compile(f"[{re.escape(alphabet)}]+"),
    )


_MISREADINGS = (
    # "Ø¥Ù†Ù": two Arabic letters in UTF-8, each a capital O, U with a sign behind it.
    _misreading("cp1252", "utf-8", "(?:[{leads}][{ends}]){{2}}"),
    # "ط¥ظ†ظپ": the same as windows-1256 shows it. A pair may be Persian ("عک"); three in a row are nothing.
    _misreading("cp1256", "utf-8", "(?:[{leads}][{ends}]){{3}}"),
    # "ÇáÓáÇã": windows-1256 as Latin letters with accents, of which no language has five in a row. With the article.
    _misreading("cp1252", "cp1256", "Çá[À-ÖØ-öø-ÿ]{{3}}"),
)
_SEEN_IN_CP1252 = re.compile("[\u0152-\u2122]")  # what it has between 0x80 and 0x9f
_LONE_LEAD = re.compile("Ù(?![\u0080-\u00bf\u0152-\u2122])")


def repaired(text: str) -> str:
    """`text` with what was encoded twice read as it was meant; most often `text` itself.

    For one field (a title, a summary, the text of a page): French beside Arabic, quotes, signs and short strings are
    left as they are, whatever stands next to them. A byte that was lost on the way leaves U+FFFD.
    """
    for misreading in _MISREADINGS:
        if misreading.proof.search(text):
            text = misreading.token.sub(partial(_read_anew, how=misreading), _with_lost_byte(text))
    return text


def _with_lost_byte(text: str) -> str:
    """0x81 is no character in windows-1252, so some programs drop it; of the letters it ends only ف."""
    return _LONE_LEAD.sub("Ù\u0081", text) if _SEEN_IN_CP1252.search(text) else text


def _read_anew(found: re.Match[str], how: _Misreading) -> str:
    token = found[0]
    if token.isascii():
        return token
    raw = bytes(how.bytes_of[ord(character)] for character in token)
    if how.meant == "cp1256":
        return raw.decode("cp1256") if _all_accented(token) else token
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return _utf8_with_gaps(raw) if how.proof.search(token) else token


def _all_accented(token: str) -> bool:
    """No word of a language: each of its letters has an accent."""
    letters = [character for character in token if character.isalpha()]
    return bool(letters) and not any(character.isascii() for character in letters)
