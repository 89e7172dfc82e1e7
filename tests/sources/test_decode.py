"""Bytes become the text that was meant, whatever their label says."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.decode import charset_of, decode, repaired
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
        ("&lt;script&gt;alert(1)&lt;/script&gt; رقاقة", "رقاقة"),
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


MIXED = "قالت «إنفيديا» في تقرير Le Café du Maghreb إن رقاقة H20 — وثمنها 30 € — وصلت © 2026؛ «élève», naïve, Ça va ?"
ARABIC_TEXTS = st.text(
    st.sampled_from("ابتثجحخدذرزسشصضطظعغفقكلمنهويءأإآةىئؤ 0123456789abcXYZ«»،؛؟.-\u064b\u0651")
)
FRENCH_TEXTS = st.text(st.sampled_from("abcdefghilmnopqrstuvyzéèêëàâçôöûùüïîœÉÀÇÊ «»’“”…–—©®°€ 0123456789"))


def misread(text: str, codec: str) -> str:
    """UTF-8 bytes read in another encoding; where that has no character, the control that browsers take."""
    return "".join(bytes([byte]).decode(codec, "ignore") or chr(byte) for byte in text.encode())


@pytest.mark.parametrize("codec", ["cp1252", "latin-1", "cp1256"])
@pytest.mark.parametrize("text", [ARABIC, MIXED, "مصر", "إنفيديا", "نشرة"])
def test_what_was_encoded_twice_is_repaired(text: str, codec: str) -> None:
    """To the letter, accents, quotes and signs with it, alone or beside text that is right."""
    spoilt = misread(text, codec)
    assert text == repaired(spoilt)
    assert f"خبر «عاجل»: {text} - مبدأ، نهاية" == repaired(f"خبر «عاجل»: {spoilt} - مبدأ، نهاية")


def test_arabic_shown_as_accented_letters_is_repaired() -> None:
    """Windows-1256 that was read as Latin, as old forums have it; a word of French beside it stays."""
    text = "أعلنت الشركة عن رقاقة جديدة في الأسواق"
    assert f"{text} café" == repaired(text.encode("cp1256").decode("cp1252") + " café")


@pytest.mark.parametrize("lost", ["\u0081", "\u0081\u008d\u008f\u0090\u009d"])
def test_a_byte_that_was_lost_on_the_way(lost: str) -> None:
    """What windows-1252 has no character for is often dropped: the ف that it ends is known all the same."""
    spoilt = misread("إنفيديا في السوق", "cp1252")
    assert "إنفيديا في السوق" == repaired(spoilt.translate({ord(character): None for character in lost}))


def test_what_cannot_be_repaired_is_flagged() -> None:
    """A letter whose half is gone is one U+FFFD, and its neighbours are read."""
    assert "�علنت شركة" == repaired(misread("أعلنت شركة", "cp1256")[1:])


@pytest.mark.parametrize(
    "text",
    [
        ARABIC,
        MIXED,
        "",
        "Ø",
        "Ù»",
        "ØÙ",
        "«Ø» OÙ « là »",
        "Smørrebrød på Øresund § 3",
        "عک",
        "این عکس‌ها گزارش‌های چاپی را پژوهش می‌کنند",
        "یہ عکس اور طنز ٹھیک ہے، ڈھاکہ",
        "ÉTÉ À L’ÉCOLE, ŒUVRE À ÇA",
        "ÇA",
        "ط، ظ؛ ع؟",
        "مبدأ»، طائرة» ظ…",
        "Ã©",
    ],
)
def test_what_is_right_is_left_alone(text: str) -> None:
    """French in Arabic, Danish, Persian, Urdu, signs and fragments."""
    assert text == repaired(text)


@given(st.lists(st.one_of(ARABIC_TEXTS, FRENCH_TEXTS), max_size=6).map(" ".join))
def test_right_text_is_never_changed(text: str) -> None:
    """Whatever stands beside whatever."""
    assert text == repaired(text)


@given(ARABIC_TEXTS, FRENCH_TEXTS, st.sampled_from(["cp1252", "latin-1", "cp1256"]))
def test_any_text_comes_back(arabic: str, french: str, codec: str) -> None:
    """Encoded twice, with a word that tells it."""
    text = f"{arabic} إنفيديا {french}"
    assert text == repaired(misread(text, codec))


@pytest.mark.parametrize("declared", [None, "utf-8", "iso-8859-1", "windows-1256"])
@pytest.mark.parametrize(
    "text", ["عکس هاي تازه از پردازنده گرافيکي چاپ شد", "پاکستان ميں ٹيکنالوجي کي نئي کمپني"]
)
def test_persian_and_urdu_in_cp1256(text: str, declared: str | None) -> None:
    """Their letters are at home in windows-1256 too."""
    assert (text, "cp1256") == decode(text.encode("cp1256"), declared)


@pytest.mark.parametrize("text", ["تونس: café et thé — «جديد»", "Réforme: إصلاح التعليم"])
def test_french_beside_arabic_in_cp1256(text: str) -> None:
    """Both are in it, and both come back."""
    assert (text, "cp1256") == decode(text.encode("cp1256"), "utf-8")


def test_a_mark_of_utf8_is_no_proof() -> None:
    """It may stand above anything."""
    assert (ARABIC, "cp1256") == decode(b"\xef\xbb\xbf" + ARABIC.encode("cp1256"), None)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("declared", [None, "utf-8", "utf-16"])
def test_wide_arabic_without_a_mark(encoding: str, declared: str | None) -> None:
    """Arabic letters in UTF-16 have no zero byte among them, and are known by their sixes."""
    assert (ARABIC, encoding) == decode(ARABIC.encode(encoding), declared)


@pytest.mark.parametrize("at", range(0, 60, 7))
@pytest.mark.parametrize("how", ["replace", "insert", "drop"])
def test_one_damaged_byte_is_one_gap(at: int, how: str) -> None:
    """Wherever it falls, even within a letter."""
    body = ARABIC.encode()
    damaged = (
        body[:at] + {"replace": b"\xff", "insert": b"\xff", "drop": b""}[how] + body[at + (how != "insert") :]
    )
    text, encoding = decode(damaged, "windows-1256")
    assert "utf-8" == encoding
    assert text.count("\ufffd") <= 1
    assert len(ARABIC) - 2 <= len(text) <= len(ARABIC) + 1


@pytest.mark.parametrize(
    "body",
    [b"a" * 3_000_000 + b"\xff", b"\xff" * 3_000_000, "لا ".encode("cp1256") * 1_000_000],
    ids=["a", "ff", "ar"],
)
def test_large_documents_are_read_at_once(body: bytes) -> None:
    """The work grows with the document and no faster."""
    started = process_time()
    decode(body, None)
    assert process_time() - started < 5
