"""Bytes become the text that was meant, whatever their label says."""

from __future__ import annotations

import pytest

from sources.decode import charset_of, decode
from sources.plain import plain_line, plain_paragraphs, xml_legal

ARABIC = "أعلنت شركة إنفيديا عن رقاقة جديدة، وقالت هواوي إن معالجها المقبل في الطريق إلى الأسواق."


@pytest.mark.parametrize(
    ("body", "declared", "expected"),
    [
        (ARABIC.encode(), None, "utf-8"),
        (ARABIC.encode(), "windows-1256", "utf-8"),
        (ARABIC.encode("utf-8-sig"), "iso-8859-1", "utf-8"),
        (ARABIC.encode("cp1256"), None, "cp1256"),
        (ARABIC.encode("cp1256"), "utf-8", "cp1256"),
        (ARABIC.encode("cp1256"), "iso-8859-1", "cp1256"),
        (ARABIC.encode("cp1256"), "no-such-encoding", "cp1256"),
        (ARABIC.encode("cp1256"), "unicode_escape", "cp1256"),
        (ARABIC.encode("iso8859-6"), None, "iso8859-6"),
        (ARABIC.encode("iso8859-6"), "windows-1256", "iso8859-6"),
        (b"\xff\xfe" + ARABIC.encode("utf-16-le"), None, "utf-16-le"),
        (("<p>" * 40 + ARABIC).encode("utf-16-be"), None, "utf-16-be"),
        (("<html lang='ar'>" * 300 + ARABIC).encode("cp1256"), "utf-8", "cp1256"),
    ],
)
def test_encodings_are_told_by_evidence(body: bytes, declared: str | None, expected: str) -> None:
    """The text comes back as it was, and no mojibake with it."""
    text, encoding = decode(body, declared)
    assert expected == encoding
    assert text.endswith(ARABIC)
    assert not set("ØÙ�") & set(text)


def test_one_bad_byte_costs_one_character() -> None:
    """A UTF-8 document with a slip stays UTF-8."""
    body = ARABIC.encode()
    text, encoding = decode(body[:40] + b"\xff" + body[40:], "windows-1256")
    assert (encoding, text.count("\ufffd"), text.replace("\ufffd", "")) == ("utf-8", 1, ARABIC)


def test_declared_latin_page_keeps_its_accents() -> None:
    """Where no Arabic is found the label decides, read as browsers read it."""
    assert decode("Gegenwärtig — café".encode("cp1252"), "iso-8859-1") == ("Gegenwärtig — café", "cp1252")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text/html; charset=windows-1256", "windows-1256"),
        ('text/xml; Charset="UTF-8"', "UTF-8"),
        ("text/html", None),
        (None, None),
    ],
)
def test_charset_of_content_type(value: str | None, expected: str | None) -> None:
    """The parameter is found however it is quoted."""
    assert expected == charset_of(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  رقاقة\n جديدة\t", "رقاقة جديدة"),
        ("<b>رقاقة</b> &amp; معالج", "رقاقة & معالج"),
        ("&lt;script&gt;alert(1)&lt;/script&gt; رقاقة", "alert(1) رقاقة"),
        ("3 < 5 و 7 > 2", "3 < 5 و 7 > 2"),
        ("\u202eرقاقة\u2066\u200f\x00\x0b\u2028جديدة\ufeff", "رقاقة جديدة"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("x" * 700, "x" * 500),
        ("\ud800رقاقة", "رقاقة"),
    ],
)
def test_plain_line(text: str, expected: str) -> None:
    """No tag, control character or bidi mark is left, and no word is glued to another."""
    assert expected == plain_line(text, limit=500)


def test_plain_paragraphs() -> None:
    """Paragraphs stay apart, empty ones go."""
    assert plain_paragraphs("أولى \n\n\u200f\n ثانية\x00") == "أولى\nثانية"


def test_xml_legal() -> None:
    """What XML forbids goes, what it allows stays."""
    assert xml_legal("a\x00\x08\x0b\uffff\ud800\n\tب") == "a\n\tب"
