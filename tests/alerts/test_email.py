"""Mail: the message is what was rendered, for every program that reads it, and nothing can be put into it."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from pathlib import Path
from quopri import decodestring
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerts.email import Mailer, SmtpOptions, build_message, clean_subject
from alerts.render import Rendered, render
from rasid.config import parse_settings
from tests.alerts import samples
from tests.alerts.servers import smtp_server

if TYPE_CHECKING:
    from email.message import EmailMessage

RENDERED = render(samples.rich(), now=samples.NOW)
LONG_SUBJECT = (
    "هواوي وكونلون في نشرة اليوم: \u2066Nvidia H20\u2069 و\u2066Kunlun P800\u2069 بين قيود الرقائق وأسواقها، "
    * 4
)[:211] + "."
WORDS = st.text(st.characters(exclude_categories=()), max_size=300)  # lone surrogates and controls too


def message(rendered: Rendered = RENDERED, **changes: Any) -> bytes:
    """A message of the rich digest."""
    values: dict[str, Any] = {
        "sender": "راصد <rasid@rasid.example>",
        "recipient": "reader@mail.example",
        "message_id": "<7.analysts@rasid.example>",
        "list_id": "analysts",
        "unsubscribe": None,
        "date": datetime(2025, 11, 22, 4, 0, tzinfo=UTC),
        "repeat": False,
    }
    return build_message(rendered, **(values | changes))


def modern(raw: bytes) -> EmailMessage:
    """The message as the standard library's newer parser reads it."""
    return message_from_bytes(raw, policy=policy.default)


def unfolded(raw: bytes) -> dict[str, str]:
    """The headers as they stand, lines put together: what RFC 5322 §2.2.3 says and no more."""
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii")
    lines = re.sub(r"\r\n([ \t])", r"\1", head).split("\r\n")
    return dict(line.split(": ", 1) for line in lines)


def decoded(value: str) -> str:
    """Encoded words by RFC 2047 and no more: a second reading beside the standard library's."""
    value = re.sub(r"(?<=\?=)[ \t]+(?==\?)", "", value)

    def word(found: re.Match[str]) -> str:
        raw = found[2].encode()
        return (b64decode(raw) if found[1] in "bB" else decodestring(raw, header=True)).decode()

    return re.sub(r"=\?utf-8\?([bqBQ])\?([^?]*)\?=", word, value)


def test_a_server_takes_exactly_what_was_rendered() -> None:
    """HTML, text, subject and addresses come back as they went in; the answer of the server is returned."""
    with smtp_server() as (port, mailbox):
        options = SmtpOptions("127.0.0.1", port, "none", None, None, "راصد <rasid@rasid.example>", timeout=5)
        with Mailer(options) as mailer:
            answer = mailer.send("reader@mail.example", message())

    ((sender, recipients, content),) = mailbox.taken
    taken = modern(content)
    assert answer == "250 taken as 42"
    assert message() == content
    assert (sender, recipients) == ("rasid@rasid.example", ["reader@mail.example"])
    plain, html = taken.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == RENDERED.text
    assert html.get_content().replace("\r\n", "\n") == RENDERED.html
    assert [] == [part.defects for part in taken.walk() if part.defects]
    assert taken["Subject"] == RENDERED.subject
    assert taken.get_content_type() == "multipart/alternative"


def test_a_long_arabic_subject_keeps_every_character() -> None:
    """212 characters with Latin names and isolates are the same 212 for three readers of the header."""
    raw = message(replace(RENDERED, subject=LONG_SUBJECT))
    headers = unfolded(raw)

    assert len(LONG_SUBJECT) == 212
    assert str(make_header(decode_header(message_from_bytes(raw)["Subject"]))) == LONG_SUBJECT
    assert modern(raw)["Subject"] == LONG_SUBJECT
    assert decoded(headers["Subject"]) == LONG_SUBJECT
    assert max(map(len, re.findall(r"=\?\S+\?=", headers["Subject"]))) <= 75


def test_a_long_arabic_name_of_the_sender_is_kept() -> None:
    """It takes several encoded words, each of the length that RFC 2047 allows; the address stays plain."""
    name = "راصد يرصد الصحافة التقنية العربية ويجمع أخبارها كل صباح"
    raw = message(sender=f"{name} <rasid@rasid.example>")

    assert decoded(unfolded(raw)["From"]) == f"{name} <rasid@rasid.example>"
    assert max(map(len, re.findall(r"=\?\S+\?=", unfolded(raw)["From"]))) <= 75
    assert str(make_header(decode_header(message_from_bytes(raw)["From"]))) == f"{name} <rasid@rasid.example>"
    # The newer parser puts spaces between encoded words of a name, against RFC 2047 §6.2; the address it has.
    assert modern(raw)["From"].addresses[0].addr_spec == "rasid@rasid.example"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("نص عربي خالص بلا وسوم. " * 40, "base64"), ("<td style=color:red>" * 40 + "خبر", "quoted-printable")],
)
def test_the_smaller_encoding_is_chosen(text: str, encoding: str) -> None:
    """Arabic prose goes as base64; markup with a little Arabic as quoted-printable, not much above its own size."""
    raw = message(replace(RENDERED, html=text))
    html = list(modern(raw).iter_parts())[1]

    assert html["Content-Transfer-Encoding"] == encoding
    assert html.get_content().rstrip("\n") == text
    assert len(raw) - len(message(replace(RENDERED, html=""))) < 1.4 * len(text.encode())


@given(text=WORDS, html=WORDS)
@example(text="a\ud800b", html="سطر \rثان\n\n.\nFrom x \t\r\n")
def test_any_text_comes_back(text: str, html: str) -> None:
    """Line ends become CR LF, what cannot be encoded a question mark, all else is kept; lines stay short and ASCII."""
    raw = message(replace(RENDERED, text=text, html=html))

    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert raw.isascii()
    assert b"\r\n" * raw.count(b"\n") == b"".join(re.findall(rb"\r?\n|\r", raw))
    for part, was in zip(message_from_bytes(raw).get_payload(), (text, html), strict=True):
        payload = part.get_payload(decode=True)
        expected = re.sub(r"\r\n|\r|\n", "\r\n", was).encode("utf-8", "replace")
        assert expected == payload


def test_a_line_that_begins_with_from_or_a_dot_stays_as_it_is() -> None:
    """No `>` gets in front of it, as the standard library's generator would put it."""
    text = "From here on\n.\n..two\n"
    plain = message_from_bytes(message(replace(RENDERED, text=text))).get_payload(0)

    assert text.replace("\n", "\r\n").encode() == plain.get_payload(decode=True)


def test_a_long_address_or_id_begins_on_the_line_of_its_header() -> None:
    """An empty first line, as the standard library folds them, would hide them from some mail programs."""
    token = "https://rasid.example/r/" + "k" * 200 + "/unsubscribe"
    raw = message(unsubscribe=token, message_id="7." + "analysts." * 12 + "x@rasid.example")

    assert f"\r\nList-Unsubscribe: <{token}>\r\n".encode() in raw
    assert b"\r\nMessage-ID: <7.analysts." in raw


def test_the_headers() -> None:
    """What mail programs and list managers go by; nothing of what was not asked for."""
    taken = message_from_bytes(message())

    assert taken["Message-ID"] == "<7.analysts@rasid.example>"
    assert taken["List-Id"] == "<analysts.rasid.example>"
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken["X-Rasid-Digest"] == "analysts-20251122T040000Z"
    assert taken["Date"] == "Sat, 22 Nov 2025 04:00:00 +0000"
    assert str(make_header(decode_header(taken["From"]))) == "راصد <rasid@rasid.example>"
    assert {"List-Unsubscribe", "List-Unsubscribe-Post", "X-Rasid-Repeat", "X-Evil"}.isdisjoint(taken.keys())


@pytest.mark.parametrize(
    ("list_id", "sender", "expected"),
    [
        ("analysts", "rasid@rasid.localhost", "<analysts.rasid.localhost>"),
        ("chips_2", "راصد <rasid@mail.rasid.example>", "<chips_2.mail.rasid.example>"),
    ],
)
def test_the_list_is_named_like_a_domain(list_id: str, sender: str, expected: str) -> None:
    """RFC 2919: a label of the list's own under the domain of who sends it, never the bare label."""
    assert expected == message_from_bytes(message(list_id=list_id, sender=sender))["List-Id"]


def test_unsubscribe_and_repeat() -> None:
    """One click needs https; a repeat keeps its Message-ID."""
    by_web = message_from_bytes(message(unsubscribe="https://rasid.example/u/1", repeat=True))
    in_clear = message_from_bytes(message(unsubscribe="http://rasid.example/u/1"))

    assert by_web["List-Unsubscribe"] == "<https://rasid.example/u/1>"
    assert by_web["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert by_web["X-Rasid-Repeat"] == "possible"
    assert by_web["Message-ID"] == "<7.analysts@rasid.example>"
    assert in_clear["List-Unsubscribe"] == "<http://rasid.example/u/1>"
    assert in_clear["List-Unsubscribe-Post"] is None


@given(subject=WORDS, name=WORDS, recipient=WORDS, listed=WORDS, link=WORDS)
def test_no_header_can_be_injected(subject: str, name: str, recipient: str, listed: str, link: str) -> None:
    """Whatever comes from outside, the headers are ours, each once, and the body begins where it should."""
    evil = "\r\nBcc: all@evil.example\r\n\r\n"
    raw = message(
        replace(RENDERED, subject=subject + evil, digest_id=listed + evil),
        sender=f"{name}{evil} <rasid@rasid.example>",
        recipient=recipient + evil,
        message_id=listed + evil,
        list_id=listed + evil,
        unsubscribe="https://" + link + evil,
        repeat=True,
    )
    names = [line.split(b":")[0] for line in re.split(rb"\r\n(?![ \t])", raw.partition(b"\r\n\r\n")[0])]

    assert [
        *(b"From", b"To", b"Subject", b"Date", b"Message-ID", b"List-Id", b"Auto-Submitted"),
        *(b"X-Rasid-Digest", b"X-Rasid-Repeat", b"List-Unsubscribe", b"List-Unsubscribe-Post"),
        *(b"MIME-Version", b"Content-Type"),
    ] == names
    assert 2 == len(message_from_bytes(raw).get_payload())


@given(WORDS)
def test_any_subject_comes_back_as_it_was_cleaned(subject: str) -> None:
    """Only controls and what cannot be encoded are changed; the rest, spaces within too, comes back."""
    wanted = clean_subject(subject)
    taken = decoded(unfolded(message(replace(RENDERED, subject=subject)))["Subject"])

    assert wanted == taken


@pytest.mark.parametrize(
    ("subject", "cleaned"),
    [
        ("خبر\r\nBcc: x", "خبر Bcc: x"),
        ("خبر\u2028تتمة", "خبر تتمة"),
        ("\u2066Nvidia\u2069  H20", "\u2066Nvidia\u2069  H20"),
        ("a\ud800b", "a\ufffdb"),
    ],
)
def test_what_is_cleaned_of_a_subject(subject: str, cleaned: str) -> None:
    """Line ends become a space, lone surrogates the sign of what is lost; isolates stay."""
    assert cleaned == clean_subject(subject)


def test_the_settings_of_the_guide_are_accepted() -> None:
    """What docs/email.md tells an operator to write is what the settings take."""
    guide = (Path(__file__).resolve().parents[2] / "docs" / "email.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    smtp = parse_settings(block, "settings.yaml").smtp

    assert ("smtp.example.org", 587, "starttls") == (smtp.host, smtp.port, smtp.security)
