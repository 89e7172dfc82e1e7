"""The decoder against bytes that nobody meant."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sources.decode import charset_of, decode, repaired
from sources.plain import plain_line, plain_paragraphs, xml_legal

LABELS = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "utf-8",
            "windows-1256",
            "iso-8859-6",
            "iso-8859-1",
            "utf-16",
            "utf-32",
            "utf-7",
            "idna",
            "rot13",
            "zlib",
            "\x00",
        ]
    ),
    st.text(max_size=20),
)
ARABIC = "أعلنت شركة إنفيديا عن رقاقة جديدة، وقالت هواوي إن معالجها المقبل في الطريق إلى الأسواق."
BYTES = st.one_of(
    st.binary(max_size=2_000),
    st.lists(
        st.one_of(st.binary(max_size=8), st.sampled_from([b"\xd8\xa7", b"\xc7\xe1", b"\x06", b"\x00", b" "]))
    ).map(b"".join),
    st.tuples(
        st.sampled_from([b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xff\xfe\x00\x00"]), st.binary()
    ).map(b"".join),
)
LETTERS = st.text(st.sampled_from("ابتثجحخدذرزسشصضطظعغفقكلمنهويأإآةىئؤء "), max_size=200)
ANY_TEXT = st.one_of(
    st.text(), st.text(st.characters(max_codepoint=0x2122)), st.binary().map(lambda b: b.decode("latin-1"))
)


def is_clean(text: str) -> bool:
    """Whether every character of it can be stored."""
    return text.isascii() or text.encode("utf-8", "replace").decode() == text


@given(BYTES, LABELS)
@example(b"\xd8", "utf-16")
@example(b"\xff\xfe\x00\xd8", None)
def test_any_bytes_become_text(body: bytes, label: str | None) -> None:
    """Under any label: text without half characters, and the name of an encoding."""
    text, encoding = decode(body, label)
    assert is_clean(text)
    assert "".encode(encoding) in (b"", b"\xff\xfe", b"\xff\xfe\x00\x00")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1256", "utf-16-le", "utf-16-be", "utf-16", "utf-32"]
)
@given(LETTERS, LABELS)
def test_arabic_comes_back_from_every_encoding(encoding: str, letters: str, label: str | None) -> None:
    """Whatever the label says, where a sentence of Arabic is there to judge by."""
    text = f"<p>{ARABIC} {letters}</p>"
    assert text == decode(text.encode(encoding), label)[0]


@given(ANY_TEXT)
def test_any_text_is_repaired_or_left(text: str) -> None:
    """Nothing raises, and what was repaired is text."""
    assert is_clean(repaired(text.encode("utf-8", "replace").decode()))


@given(ANY_TEXT, st.integers(1, 300))
@example("<!--" * 4_000, 200)
@example("&#xD800;&#0;&#x110000;", 50)
@example("&#" + "9" * 5_000 + ";", 300)
def test_any_text_is_made_plain(text: str, limit: int) -> None:
    """One line, within its limit, that can be stored."""
    line = plain_line(text, limit=limit)
    assert len(line) <= limit
    assert is_clean(line)
    assert 1 >= len(line.splitlines())
    assert is_clean(xml_legal(text))
    assert "" not in plain_paragraphs(text).split("\n") or not plain_paragraphs(text)


@given(st.text())
def test_any_header_names_a_charset_or_none(header: str) -> None:
    """The name is a plain word."""
    name = charset_of(header)
    assert name is None or name.strip()
