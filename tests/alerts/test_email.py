"""Mail: what a real SMTP server takes is what was rendered, and every failure says what it means."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.smtp import AuthResult

from alerts.email import SmtpOptions, build_message, send
from alerts.render import Rendered, render
from rasid.errors import TransportError
from tests.alerts import samples
from tests.alerts.servers import smtp_server

if TYPE_CHECKING:
    from collections.abc import Iterator

RENDERED = render(samples.rich(), now=samples.NOW)
PASSWORD = "canary-s3cret"
LONG_SUBJECT = ("هواوي وكونلون وإنفيديا في نشرة اليوم عن الرقائق والقيود والأسواق، " * 4)[:211] + "."


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


def options(port: int, **changes: Any) -> SmtpOptions:
    """A server on loopback without encryption."""
    plain = SmtpOptions(
        host="127.0.0.1",
        port=port,
        security="none",
        username=None,
        password=None,
        sender="راصد <rasid@rasid.example>",
        timeout=5,
    )
    return replace(plain, **changes)


@contextmanager
def scripted(*answers: str | None) -> Iterator[int]:
    """A server that gives these answers, one a command; None drops the connection."""

    class Script(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 ready\r\n")
            for answer in answers:
                line = self.rfile.readline()
                if line.upper().startswith(b"DATA") and answer and not answer.startswith("354"):
                    self.wfile.write(f"{answer}\r\n".encode())
                    return
                if answer is None:
                    return
                self.wfile.write(f"{answer}\r\n".encode())
                if answer.startswith("354"):
                    while self.rfile.readline() not in (b".\r\n", b""):
                        pass
                    self.rfile = _Once(self.rfile)  # type: ignore[assignment]

    with socketserver.TCPServer(("127.0.0.1", 0), Script) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class _Once:
    """After the text, the next answer is due without another command."""

    def __init__(self, file: Any) -> None:
        self._file, self._first = file, True

    def readline(self) -> bytes:
        """Give nothing once, then what comes."""
        if self._first:
            self._first = False
            return b""
        return bytes(self._file.readline())

    def close(self) -> None:
        """Close the connection's file."""
        self._file.close()


def test_a_server_takes_exactly_what_was_rendered() -> None:
    """HTML, text, subject and addresses come back as they went in; the answer of the server is returned."""
    with smtp_server() as (port, mailbox):
        answer = send(options(port), "reader@mail.example", message())

    ((sender, recipients, content),) = mailbox.taken
    taken = message_from_bytes(content)
    plain, html = taken.get_payload()
    assert answer == "250 taken as 42"
    assert (sender, recipients) == ("rasid@rasid.example", ["reader@mail.example"])
    assert plain.get_payload(decode=True).decode() == RENDERED.text
    assert html.get_payload(decode=True).decode() == RENDERED.html
    assert str(make_header(decode_header(taken["Subject"]))) == RENDERED.subject
    assert taken.get_content_type() == "multipart/alternative"


def test_lines_with_a_leading_dot_survive() -> None:
    """A dot alone on a line does not end the message."""
    raw = b"Subject: x\r\n\r\n.\r\n..two\r\nlast\r\n"
    with smtp_server() as (port, mailbox):
        send(options(port), "reader@mail.example", raw)

    assert mailbox.taken[0][2] == raw


def test_a_long_arabic_subject_keeps_every_space() -> None:
    """212 characters, folded and put together again, are the same 212."""
    taken = message_from_bytes(message(replace(RENDERED, subject=LONG_SUBJECT)))

    assert len(LONG_SUBJECT) == 212
    assert str(make_header(decode_header(taken["Subject"]))) == LONG_SUBJECT


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
    by_mail = message_from_bytes(message(unsubscribe="mailto:stop@rasid.example"))

    assert by_web["List-Unsubscribe"] == "<https://rasid.example/u/1>"
    assert by_web["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert by_web["X-Rasid-Repeat"] == "possible"
    assert by_web["Message-ID"] == "<7.analysts@rasid.example>"
    assert by_mail["List-Unsubscribe-Post"] is None


def test_no_header_can_be_injected() -> None:
    """Line ends in a subject or an address become spaces."""
    evil = "عنوان\r\nBcc: all@evil.example"
    taken = message_from_bytes(
        message(replace(RENDERED, subject=evil), recipient="a@b.example\r\nBcc: x@evil.example")
    )

    assert taken["Bcc"] is None


@pytest.mark.parametrize(
    ("answers", "permanent", "uncertain"),
    [
        (["250 hi", "451 later"], False, False),
        (["250 hi", "250 ok", "450 mailbox busy"], False, False),
        (["250 hi", "250 ok", "550 no such user"], True, False),
        (["250 hi", "250 ok", "250 ok", "552 too large"], True, False),
        (["250 hi", "250 ok", "250 ok", None], False, False),
        (["250 hi", "250 ok", "250 ok", "354 go", "451 later"], False, False),
        (["250 hi", "250 ok", "250 ok", "354 go", "554 spam"], True, False),
        (["250 hi", "250 ok", "250 ok", "354 go", None], False, True),
        ([None], False, False),
    ],
)
def test_what_a_failure_means(answers: list[str | None], permanent: bool, uncertain: bool) -> None:
    """4xx and lost connections are temporary, 5xx permanent; a connection lost after the text is uncertain."""
    with scripted(*answers) as port, pytest.raises(TransportError) as caught:
        send(options(port), "reader@mail.example", message())

    assert (caught.value.permanent, caught.value.uncertain) == (permanent, uncertain)
    assert caught.value.channel == "email"


def test_a_goodbye_that_fails_matters_no_more() -> None:
    """The message is taken once the server said so."""
    with scripted("250 hi", "250 ok", "250 ok", "354 go", "250 taken", None) as port:
        assert send(options(port), "reader@mail.example", message()) == "250 taken"


def test_a_silent_server_times_out() -> None:
    """A connection that is taken and never answered is a temporary failure."""
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TransportError) as caught:
        send(options(silent.getsockname()[1], timeout=0.2), "reader@mail.example", message())

    assert (caught.value.permanent, caught.value.uncertain) == (False, False)


def test_no_server_is_a_temporary_failure() -> None:
    """The error names the place."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(TransportError, match=f"127.0.0.1:{port}") as caught:
            send(options(port), "reader@mail.example", message())

    assert not caught.value.permanent


def test_starttls_is_never_skipped() -> None:
    """A server without it gets neither the password nor the digest."""
    with smtp_server() as (port, mailbox), pytest.raises(TransportError, match="STARTTLS") as caught:
        send(
            options(port, security="starttls", username="u", password=PASSWORD),
            "reader@mail.example",
            message(),
        )

    assert caught.value.permanent
    assert mailbox.taken == []


def test_logging_in() -> None:
    """The right password passes; a wrong one is a permanent failure that does not name it."""

    def judge(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    with smtp_server(authenticator=judge, auth_require_tls=False) as (port, mailbox):
        send(options(port, username="u", password=PASSWORD), "reader@mail.example", message())
        with pytest.raises(TransportError, match=r"log-in \(535\)") as caught:
            send(options(port, username="u", password=f"{PASSWORD}-wrong"), "reader@mail.example", message())

    assert len(mailbox.taken) == 1
    assert caught.value.permanent
    assert caught.value.__cause__ is None
    assert PASSWORD not in f"{caught.value}{options(1, password=PASSWORD)!r}"


@pytest.mark.parametrize(
    "recipient", ["", "reader", "a@b.example\r\nDATA", "a b@c.example", "قارئ@mail.example", "<a@b>"]
)
def test_an_address_that_is_none_is_refused(recipient: str) -> None:
    """No connection is made for it."""
    with pytest.raises(TransportError, match="not a mail address") as caught:
        send(options(1), recipient, message())

    assert caught.value.permanent
