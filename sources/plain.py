"""Text from outside, made plain: no tags, no control characters, no marks that turn the line around."""

from __future__ import annotations

import html
import re

# A script goes with its tag; what only looks like one, in a headline about HTML, keeps the words behind it.
_TAG = re.compile(
    r"<(?:(script|style)\b[^<>]*>[^<]*+(?=</\1)|(?:/?[a-z][^<>]*|!--(?:(?!<!--|-->).)*+--)>)",
    re.DOTALL | re.IGNORECASE,
)
_HUGE_REFERENCE = re.compile(r"&#\d{8,};?", re.ASCII)  # no character; Python refuses numbers of 4,300 digits
_SPACE = re.compile(r"\s+")
# C0 and C1 controls, soft hyphen, zero width space, bidi marks and isolates, BOM, lone surrogates.
# ZWNJ and ZWJ stay: Persian names and emoji are spelled with them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069"
    "\ufeff\ufffe\uffff\ud800-\udfff]"
)
_XML_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def plain_line(text: str, *, limit: int) -> str:
    """One line of plain text, at most `limit` characters, out of text that may hold HTML."""
    text = text[: limit * 20]  # a title of 10 MB need not be cleaned to its end
    text = _TAG.sub("", html.unescape(_HUGE_REFERENCE.sub("", _TAG.sub("", text))))
    return _one_line(text)[:limit].rstrip()


def plain_paragraphs(text: str) -> str:
    """The paragraphs of `text`, one a line, without empty ones."""
    lines = (_one_line(line) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def xml_legal(text: str) -> str:
    """`text` without the characters that no XML or HTML document may hold."""
    return _XML_ILLEGAL.sub("", text)


def _one_line(text: str) -> str:
    return _SPACE.sub(" ", _INVISIBLE.sub("", text)).strip()
