"""The wire of mail: one connection for many messages, and every failure says what it means for which of them."""

from __future__ import annotations

import gc
import json
import logging
import socket
import socketserver
import threading
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes
from hashlib import sha256
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.smtp import AuthResult

from alerts.email import Mailer, SmtpOptions
from rasid.errors import TransportError
from tests.alerts.servers import smtp_process, smtp_server
from tests.sources.certificate import server_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READER, OTHER, THIRD = "reader@mail.example", "other@mail.example", "third@mail.example"
PASSWORD = "canary-s3cret"
MAIL = b"Message-ID: <7@rasid.example>\r\nSubject: x\r\n\r\nx\r\n"
BODY = b"\r\n".join(
    b"line %05d of the text" % number for number in range(200_000)
)  # more than the kernel buffers


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
        deadline=5,
    )
    return replace(plain, **changes)


def send(given: SmtpOptions, recipient: str = READER, message: bytes = MAIL) -> str:
    """One message over a connection of its own."""
    with Mailer(given) as mailer:
        return mailer.send(recipient, message)


def fate(mailer: Mailer, recipient: str) -> str:
    """What becomes of a message, in a word."""
    try:
        return mailer.send(recipient, MAIL)
    except TransportError as error:
        return verdict(error)


def verdict(error: TransportError) -> str:
    """What an error means, in words."""
    words = ["uncertain"] if error.uncertain else []
    words += ["whole"] if error.whole else []
    return " ".join([*words, "permanent" if error.permanent else "temporary"])


@contextmanager
def spoken(*answers: bytes | None) -> Iterator[tuple[int, list[bytes]]]:
    """A server on one connection that says these bytes, one a line that it hears; None drops the connection."""
    heard: list[bytes] = []

    class Script(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for answer in answers:
                if answer is None:
                    return
                self.wfile.write(answer)
                heard.append(self.rfile.readline())
                if answer.startswith(b"354"):
                    while heard[-1] not in (b".\r\n", b""):
                        heard.append(self.rfile.readline())

    class Server(socketserver.TCPServer):
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Script) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1], heard
        finally:
            server.shutdown()
            thread.join()


# ── one connection for many messages ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize("pipelining", [True, False])
def test_one_connection_takes_many_messages(pipelining: bool) -> None:
    """Three messages, each a transaction of its own for one recipient, in order, over one connection."""
    with smtp_server(pipelining=pipelining) as (port, mailbox), Mailer(options(port)) as mailer:
        answers = [mailer.send(reader, MAIL) for reader in (READER, OTHER, THIRD)]

    assert ["250 taken as 42"] * 3 == answers
    assert [[READER], [OTHER], [THIRD]] == [recipients for _, recipients, _ in mailbox.taken]
    assert 1 == mailbox.connections


def test_nothing_is_dialled_before_the_first_message() -> None:
    """A run without mail does not trouble the relay."""
    with smtp_server() as (port, mailbox), Mailer(options(port)):
        pass

    assert 0 == mailbox.connections


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("step", ["RCPT", "DATA", "END"])
def test_each_recipient_has_a_fate_of_its_own(step: str, pipelining: bool) -> None:
    """HOSTILE 80 and 81: one 550, one 451, one taken, at whatever step; the connection serves them all."""
    script = {f"{step} {READER}": "550 no such user", f"{step} {OTHER}": "451 try again later"}
    with smtp_server(script, pipelining=pipelining) as (port, mailbox), Mailer(options(port)) as mailer:
        fates = [fate(mailer, reader) for reader in (READER, OTHER, THIRD)]

    assert ["permanent", "temporary", "250 taken as 42"] == fates
    assert [[THIRD]] == [recipients for _, recipients, _ in mailbox.taken]
    assert 1 == mailbox.connections
    assert (0 if step == "END" else 2) == mailbox.heard.count("RSET")


def test_a_refused_message_leaves_nothing_behind() -> None:
    """The recipient whom the server took for a refused text is not among those of the next one."""
    script = {f"DATA {READER}": "451 not now"}
    with smtp_server(script) as (port, mailbox), Mailer(options(port)) as mailer:
        assert ["temporary", "250 taken as 42"] == [fate(mailer, READER), fate(mailer, OTHER)]

    assert [[OTHER]] == [recipients for _, recipients, _ in mailbox.taken]


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("parting", ["drop", "421 idle for too long"])
def test_a_connection_closed_between_messages_is_opened_again(parting: str, pipelining: bool) -> None:
    """The next message goes over a fresh one, once, and nobody hears of it."""
    with (
        smtp_server({"AFTER": parting}, pipelining=pipelining) as (port, mailbox),
        Mailer(options(port)) as mailer,
    ):
        fates = [fate(mailer, reader) for reader in (READER, OTHER, THIRD)]

    assert ["250 taken as 42"] * 3 == fates
    assert [[READER], [OTHER], [THIRD]] == [recipients for _, recipients, _ in mailbox.taken]
    assert 3 == mailbox.connections


@pytest.mark.parametrize(
    "script",
    [
        {"MAIL": ["250 OK", "451 that was enough for one connection"]},
        {"MAIL": ["250 OK", "421 too many messages"]},
        {f"RCPT {OTHER}": ["452 too many recipients in this session"]},
        {f"RCPT {OTHER}": ["drop"]},
        {f"DATA {OTHER}": ["421 closing"]},
    ],
)
def test_a_connection_that_is_full_is_changed_for_a_fresh_one(script: dict[str, list[str]]) -> None:
    """A server that takes so many messages a connection gets the next one over another."""
    with smtp_server(script) as (port, mailbox), Mailer(options(port)) as mailer:
        fates = [fate(mailer, reader) for reader in (READER, OTHER, THIRD)]

    assert ["250 taken as 42"] * 3 == fates
    assert [[READER], [OTHER], [THIRD]] == [recipients for _, recipients, _ in mailbox.taken]
    assert 2 == mailbox.connections


def test_a_greylisted_recipient_costs_no_connection() -> None:
    """A 451 about the recipient says nothing of the connection: it is told at once, and the next message goes on."""
    script = {f"RCPT {OTHER}": "451 4.7.1 greylisted, come back in five minutes"}
    with smtp_server(script) as (port, mailbox), Mailer(options(port)) as mailer:
        fates = [fate(mailer, reader) for reader in (READER, OTHER, THIRD)]

    assert ["250 taken as 42", "temporary", "250 taken as 42"] == fates
    assert 1 == mailbox.connections


# ── what a failure means ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("script", "expected", "taken"),
    [
        ({"GREETING": "421 too busy"}, "whole temporary", 0),
        ({"GREETING": "554 you are on a list"}, "whole temporary", 0),
        ({"GREETING": "drop"}, "whole temporary", 0),
        ({"MAIL": "421 closing down"}, "whole temporary", 0),
        ({"MAIL": "451 later"}, "whole temporary", 0),
        ({"MAIL": "550 this sender may not"}, "whole temporary", 0),
        ({"MAIL": "530 5.7.0 authentication required"}, "whole temporary", 0),
        ({"MAIL": "552 too large for today"}, "permanent", 0),
        ({"MAIL": "drop"}, "whole temporary", 0),
        ({"RCPT": "450 mailbox busy"}, "temporary", 0),
        ({"RCPT": "550 no such user"}, "permanent", 0),
        ({"RCPT": "421 closing down"}, "whole temporary", 0),
        ({"RCPT": "530 5.7.0 authentication required"}, "whole temporary", 0),
        ({"RCPT": "drop"}, "temporary", 0),
        ({"DATA": "451 not now"}, "temporary", 0),
        ({"DATA": "554 no valid recipients"}, "permanent", 0),
        ({"DATA": "drop"}, "temporary", 0),
        ({"END": "451 the filter is down"}, "temporary", 0),
        ({"END": "552 too large"}, "permanent", 0),
        ({"END": "421 closing down"}, "whole temporary", 0),
        ({"END": "354 what?"}, "uncertain temporary", 0),
        ({"END": "drop"}, "uncertain temporary", 0),
        ({"END": "taken drop"}, "uncertain temporary", 1),
    ],
)
def test_what_a_failure_means(script: dict[str, str], expected: str, taken: int, pipelining: bool) -> None:
    """For this message or for the relay; for good or for now; and uncertain once the end of the text went out."""
    with (
        smtp_server(script, pipelining=pipelining) as (port, mailbox),
        pytest.raises(TransportError) as caught,
    ):
        send(options(port))

    assert expected == verdict(caught.value)
    assert taken == len(mailbox.taken)
    assert "email" == caught.value.channel


def test_a_text_that_breaks_off_did_not_arrive() -> None:
    """The server closes in the middle of a long text: its end never went out, so there is no doubt."""
    with smtp_server({"TEXT": "drop"}) as (port, mailbox), pytest.raises(TransportError) as caught:
        send(options(port), message=BODY)

    assert "temporary" == verdict(caught.value)
    assert "in the text" in str(caught.value)
    assert [] == mailbox.taken


def test_the_end_of_the_text_is_a_write_of_its_own() -> None:
    """All of the text is with the kernel before its end is: a failure until there cannot have delivered it."""
    seen: list[bytes] = []
    with smtp_server() as (port, _), Mailer(options(port)) as mailer:
        mailer.send(READER, MAIL)
        link = mailer._link
        assert link is not None
        write = link.write
        link.write = lambda data: (seen.append(bytes(data)), write(data))[1]  # type: ignore[func-returns-value,method-assign]
        mailer.send(READER, MAIL)

    assert [MAIL, b".\r\n"] == seen[-3:-1]  # the last is QUIT
    assert b".\r\n" not in b"".join(seen[:-3])


def test_after_a_lost_message_the_next_one_goes() -> None:
    """A message whose fate is unknown costs the connection and nothing else."""
    with smtp_server({f"END {READER}": "taken drop"}) as (port, mailbox), Mailer(options(port)) as mailer:
        assert ["uncertain temporary", "250 taken as 42"] == [fate(mailer, READER), fate(mailer, OTHER)]

    assert 2 == mailbox.connections


def test_a_server_that_says_go_to_a_refused_recipient_gets_no_empty_message() -> None:
    """Pipelined, 354 follows a 550: the connection is cut, for an empty text might be delivered."""
    offers = b"250-hi\r\n250 PIPELINING\r\n"
    with (
        spoken(b"220 hi\r\n", offers, b"250 ok\r\n550 no\r\n354 go\r\n") as (port, heard),
        Mailer(options(port)) as mailer,
    ):
        assert "permanent" == fate(mailer, READER)
        assert mailer._link is None
    assert b".\r\n" not in heard


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([b"250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n"], "temporary"),
        ([b"250 ok\r\n250 ok\r\n250 ok\r\n"], "temporary"),
    ],
)
def test_an_answer_out_of_turn_is_no_receipt(answers: list[bytes], expected: str) -> None:
    """What a server says before it was asked does not count for a message whose text it has not had."""
    with (
        spoken(b"220 hi\r\n", b"250-hi\r\n250 PIPELINING\r\n", *answers, None) as (port, heard),
        Mailer(options(port)) as mailer,
    ):
        assert expected == fate(mailer, READER)
        assert mailer._link is None
    assert b".\r\n" not in heard


def test_a_goodbye_that_fails_matters_no_more() -> None:
    """The message is taken once the server said so."""
    steps = [
        b"220 hi\r\n",
        b"250 hi\r\n",
        b"250 ok\r\n",
        b"250 ok\r\n",
        b"354 go\r\n",
        b"250 taken\r\n",
        None,
    ]
    with spoken(*steps) as (port, _):
        assert "250 taken" == send(options(port))


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([b"HTTP/1.1 400 Bad Request\r\n"], "speaks no SMTP"),
        ([b"220-" + b"x" * 20_000], "without an end"),
        ([b"220-hi\r\n" * 500], "without an end"),
        ([b"220 hi\r\n", b"451 not today\r\n"], "EHLO: 451 not today"),
    ],
)
def test_what_is_no_mail_server_is_told_so(answers: list[bytes], words: str) -> None:
    """The error is the relay's and says what came instead."""
    with spoken(*answers) as (port, _), pytest.raises(TransportError, match=words) as caught:
        send(options(port))

    assert "whole temporary" == verdict(caught.value)


def test_a_server_of_before_1995_is_greeted_as_then() -> None:
    """EHLO is unknown to it: HELO."""
    steps = [
        b"220 hi\r\n",
        b"502 what?\r\n",
        b"250 hi\r\n",
        b"250 ok\r\n",
        b"250 ok\r\n",
        b"354 go\r\n",
        b"250 ok\r\n",
    ]
    with spoken(*steps, b"221 bye\r\n") as (port, heard):
        assert "250 ok" == send(options(port))
    assert [b"EHLO", b"HELO"] == [line[:4] for line in heard[:2]]


def test_no_server_is_the_relays_fault() -> None:
    """The error names the place and the setting."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(
            TransportError, match=rf"127\.0\.0\.1:{port}: nobody listens.*smtp\.port"
        ) as caught:
            send(options(port))

    assert "whole temporary" == verdict(caught.value)


@pytest.mark.parametrize("host", ["relay.rasid.invalid", "a..b", "x" * 70 + ".example"])
def test_an_unknown_host_is_the_relays_fault(host: str) -> None:
    """The error names the setting."""
    with pytest.raises(TransportError, match=r"no such host is known here .*smtp\.host") as caught:
        send(options(25, host=host))

    assert "whole temporary" == verdict(caught.value)


@pytest.mark.parametrize(
    "recipient", ["", "reader", "a@b.example\r\nDATA", "a b@c.example", "قارئ@mail.example", "<a@b>"]
)
def test_an_address_that_is_none_is_refused(recipient: str) -> None:
    """No connection is made for it."""
    with (
        smtp_server() as (port, mailbox),
        pytest.raises(TransportError, match="not a mail address") as caught,
    ):
        send(options(port), recipient)

    assert ("permanent", 0) == (verdict(caught.value), mailbox.connections)


def test_a_sender_that_is_none_names_its_setting() -> None:
    """It is the same for every message, so none of them is given up for it."""
    with pytest.raises(TransportError, match=r"smtp\.sender of settings\.yaml") as caught:
        send(options(1, sender="راصد"))

    assert "whole temporary" == verdict(caught.value)


# ── time ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_silent_server_times_out() -> None:
    """A connection that is taken and never greeted: by the timeout of a step, with a word on the usual mistake."""
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(TransportError, match="465") as caught,
    ):
        send(options(silent.getsockname()[1], timeout=0.2))

    assert "whole temporary" == verdict(caught.value)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ({"GREETING": "dribble 0.05 220 a greeting that takes its time"}, "whole temporary"),
        ({"MAIL": "dribble 0.05 250 an answer that takes its time"}, "whole temporary"),
        ({"RCPT": "dribble 0.05 250 an answer that takes its time"}, "temporary"),
        ({"END": "dribble 0.05 250 an answer that takes its time"}, "uncertain temporary"),
        ({"MAIL": "silence"}, "whole temporary"),
        ({"RCPT": "silence"}, "temporary"),
        ({"END": "silence"}, "uncertain temporary"),
        ({"TEXT": "silence"}, "temporary"),
    ],
)
def test_a_server_that_dribbles_holds_nobody(script: dict[str, str], expected: str) -> None:
    """HOSTILE finding 3: a byte now and then keeps no wait alive; the message has its deadline in all."""
    begun = monotonic()
    with smtp_server(script) as (port, _), pytest.raises(TransportError) as caught:
        send(options(port, timeout=0.5, deadline=0.8), message=BODY if "TEXT" in script else MAIL)

    assert expected == verdict(caught.value)
    assert 2 > monotonic() - begun


@pytest.mark.parametrize("step", ["GREETING", "MAIL", "RCPT", "END"])
def test_no_step_outlasts_the_deadline(step: str) -> None:
    """A step whose own timeout is longer ends with the message's; no second connection is tried after it."""
    begun = monotonic()
    with smtp_server({step: "silence"}) as (port, mailbox), pytest.raises(TransportError, match="in time"):
        send(options(port, timeout=30, deadline=0.3))

    assert 2 > monotonic() - begun
    assert 1 == mailbox.connections


def test_a_kept_connection_that_falls_silent_takes_no_more_than_the_deadline() -> None:
    """The message's time is over then: it is not said that the relay cannot be reached."""
    begun = monotonic()
    given = {f"RCPT {OTHER}": "silence"}
    with smtp_server(given) as (port, mailbox), Mailer(options(port, timeout=30, deadline=0.5)) as mailer:
        assert ["250 taken as 42", "temporary"] == [fate(mailer, READER), fate(mailer, OTHER)]

    assert 2 > monotonic() - begun
    assert 1 == mailbox.connections


def test_an_answer_that_takes_its_time_is_waited_for() -> None:
    """After the text the deadline counts, not the timeout of a step: giving up here makes doubles."""
    with smtp_server({"END": "dribble 0.03 250 filtered"}) as (port, mailbox):
        assert "250 filtered" == send(options(port, timeout=0.1, deadline=5))

    assert 1 == len(mailbox.taken)


# ── the text ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("raw", "taken"),
    [
        (b"Subject: x\r\n\r\n.\r\n..two\r\nlast\r\n", b"Subject: x\r\n\r\n.\r\n..two\r\nlast\r\n"),
        (b".first\r\nlast", b".first\r\nlast\r\n"),
        (b"a\n.\nMAIL FROM:<x>\n", b"a\r\n.\r\nMAIL FROM:<x>\r\n"),
        (b"a\r.\rb\r\n.\rc\n", b"a\r\n.\r\nb\r\n.\r\nc\r\n"),
    ],
)
def test_no_line_ends_a_text_early(raw: bytes, taken: bytes) -> None:
    """A dot alone on a line is kept, after whichever line end (SMTP smuggling): one message arrives."""
    with smtp_server() as (port, mailbox):
        send(options(port), message=raw)

    assert [taken] == [content for _, _, content in mailbox.taken]


def test_a_message_larger_than_the_server_takes_is_not_sent() -> None:
    """SIZE (RFC 1870): refused before a command, with both figures, for good; the next one goes."""
    with smtp_server(data_size_limit=1000) as (port, mailbox), Mailer(options(port)) as mailer:
        with pytest.raises(TransportError, match="1,001 bytes, the server takes 1,000") as caught:
            mailer.send(READER, MAIL.ljust(1001, b"x"))
        mailer.send(READER, MAIL)

    assert "permanent" == verdict(caught.value)
    assert [f"MAIL rasid@rasid.example SIZE={len(MAIL)}"] == [
        line for line in mailbox.heard if "MAIL" in line
    ]


# ── encryption and log-in ────────────────────────────────────────────────────────────────────────


@contextmanager
def protected(folder: Path, security: str, **settings: Any) -> Iterator[tuple[int, Any]]:
    """A server under TLS with a certificate of the test's own for 127.0.0.1."""
    context = server_context(folder)
    given: dict[str, Any] = (
        {"tls": context} if security == "tls" else {"tls_context": context, "require_starttls": True}
    )
    with smtp_server(**given, **settings) as (port, mailbox):
        yield port, mailbox


def judge(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    """Let one in who knows the password."""
    return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_mail_under_tls_after_a_log_in(
    security: str, mechanism: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either kind of TLS, either kind of log-in: two messages over one connection."""
    other = {"PLAIN", "LOGIN"} - {mechanism}
    settings = {
        "authenticator": judge,
        "auth_exclude_mechanism": other,
        "auth_require_tls": security == "starttls",
    }
    with protected(tmp_path, security, **settings) as (port, mailbox):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        with Mailer(options(port, security=security, username="راصد", password=PASSWORD)) as mailer:
            assert ["250 taken as 42"] * 2 == [fate(mailer, READER), fate(mailer, OTHER)]

    assert (1 if security == "tls" else 2) >= mailbox.connections


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(
    ("host", "trusted", "words"),
    [
        ("127.0.0.1", False, "self-signed, or its authority is not known here; .*SSL_CERT_FILE"),
        ("localhost", True, r"not made out to localhost; write in smtp\.host"),
    ],
)
def test_a_certificate_that_proves_nothing_is_refused(
    security: str, host: str, trusted: bool, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of nobody who is trusted, or for another name: refused with what to do, before any credential."""
    with protected(tmp_path, security, authenticator=judge) as (port, mailbox):
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        with pytest.raises(TransportError, match=words) as caught:
            send(options(port, host=host, security=security, username="u", password=PASSWORD))

    assert "whole temporary" == verdict(caught.value)
    assert ([], []) == (mailbox.taken, mailbox.heard)


def test_the_other_kind_of_port_is_named(tmp_path: Path) -> None:
    """TLS from the first byte to a server that begins without it: the error says which setting it wants."""
    with smtp_server() as (port, _), pytest.raises(TransportError, match=r"smtp\.security: starttls"):
        send(options(port, security="tls"))
    with protected(tmp_path, "tls") as (port, _), pytest.raises(TransportError, match=r"smtp\.security: tls"):
        send(options(port, timeout=0.2))


def test_starttls_is_never_skipped() -> None:
    """A server without it, or somebody who strips it on the way, gets neither the password nor the digest."""
    offers = b"250-hi\r\n250 AUTH PLAIN\r\n"
    with (
        spoken(b"220 hi\r\n", offers, b"235 thanks\r\n") as (port, heard),
        pytest.raises(TransportError, match="no STARTTLS") as caught,
    ):
        send(options(port, security="starttls", username="u", password=PASSWORD))

    assert "whole temporary" == verdict(caught.value)
    assert [b"EHLO"] == [line[:4] for line in heard if line]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"454 not now\r\n", "STARTTLS: 454"),
        (b"220 go\r\n250 AUTH PLAIN\r\n", "slipped in before the encryption"),
        (b"220 go\r\nno TLS at all\r\n", "slipped in"),
    ],
)
def test_nothing_before_the_encryption_is_believed(answer: bytes, words: str) -> None:
    """CVE-2011-0411: words sent along with the answer to STARTTLS are not the server's under TLS."""
    with (
        spoken(b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n", answer) as (port, heard),
        pytest.raises(TransportError, match=words),
    ):
        send(options(port, security="starttls", username="u", password=PASSWORD))

    assert [b"EHLO", b"STAR"] == [
        line[:4] for line in heard if line and line.isascii() and line[:1].isalpha()
    ]


def test_a_refused_log_in_is_the_relays() -> None:
    """It names the settings, and the mail waits until they are right."""
    with (
        smtp_server(authenticator=judge, auth_require_tls=False) as (port, mailbox),
        pytest.raises(TransportError, match=r"log-in \(535\); check smtp\.username") as caught,
    ):
        send(options(port, username="u", password="wrong"))

    assert ("whole temporary", []) == (verdict(caught.value), mailbox.taken)


@pytest.mark.parametrize(
    ("offers", "words"),
    [
        (b"250 hi\r\n", "it offers none on this port; .*smtp.username to null"),
        (b"250-hi\r\n250 AUTH CRAM-MD5 XOAUTH2\r\n", "it offers CRAM-MD5 XOAUTH2"),
    ],
)
def test_a_log_in_that_is_not_offered_is_not_tried(offers: bytes, words: str) -> None:
    """The password stays here; the error tells what is offered."""
    with (
        spoken(b"220 hi\r\n", offers, b"235 thanks\r\n") as (port, heard),
        pytest.raises(TransportError, match=words),
    ):
        send(options(port, username="u", password=PASSWORD))

    assert [b"EHLO"] == [line[:4] for line in heard if line]


@pytest.mark.parametrize("mechanism", [b"PLAIN", b"LOGIN"])
@pytest.mark.parametrize("step", [2, 3, 4])
def test_the_password_is_never_repeated(
    mechanism: bytes, step: int, caplog: pytest.LogCaptureFixture
) -> None:
    """HOSTILE 77: a server that quotes it back at any step does not bring it into error, log or repr."""
    quoted = (
        b"535 no: canary-s3cret " + b64encode(b"\0u\0canary-s3cret") + b64encode(b"canary-s3cret") + b"\r\n"
    )
    answers = [b"220 hi\r\n", b"250-hi\r\n250 AUTH=" + mechanism + b"\r\n", b"334 \r\n", b"334 \r\n", quoted][
        :step
    ]
    caplog.set_level(logging.DEBUG)
    given, mailers = None, []
    with spoken(*answers, quoted, None) as (port, _):
        given = options(port, username="u", password=PASSWORD)
        mailers.append(Mailer(given))
        with pytest.raises(TransportError) as caught:
            mailers[0].send(READER, MAIL)

    chain: list[BaseException | None] = [caught.value]
    while chain[-1] is not None:
        chain.append(chain[-1].__cause__ or chain[-1].__context__)
    told = f"{chain!r}{[str(one) for one in chain]}{given!r}{mailers!r}{caplog.text}"
    assert PASSWORD not in told
    assert b64encode(PASSWORD.encode()).decode() not in told
    assert b64encode(f"\0u\0{PASSWORD}".encode()).decode() not in told
    assert caught.value.whole
    assert "refused the log-in" in str(caught.value)


def test_no_socket_is_left_open(recwarn: pytest.WarningsRecorder) -> None:
    """Whether it ends well or by an error in the middle of a text."""
    scripts = (
        {},
        {"END": "drop"},
        {"RCPT": "550 no"},
        {"GREETING": "421 no"},
        {"TEXT": "drop"},
        {"MAIL": "silence"},
    )
    for script in scripts:
        with smtp_server(script) as (port, _), Mailer(options(port, timeout=0.3)) as mailer:
            fate(mailer, READER)
    gc.collect()  # a socket that nobody closed warns when it goes

    assert [] == [str(warning.message) for warning in recwarn if warning.category is ResourceWarning]


# ── the server in a process of its own ───────────────────────────────────────────────────────────


def test_the_list_of_a_server_process_outlives_it(tmp_path: Path) -> None:
    """What it took stands in its file, a JSON object a line, and a second server goes on with the same file."""
    file = tmp_path / "taken.jsonl"
    mail = b"X-Rasid-Repeat: possible\r\n" + MAIL
    with smtp_process(file, {f"END {READER}": "taken drop"}) as port, Mailer(options(port)) as mailer:
        assert ["uncertain temporary", "250 taken as 42"] == [fate(mailer, READER), fate(mailer, OTHER)]
    with smtp_process(file) as port:
        send(options(port), THIRD, mail)

    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [[READER], [OTHER], [THIRD]] == [row["recipients"] for row in rows]
    assert [None, None, "possible"] == [row["repeat"] for row in rows]
    assert {
        "sender": "rasid@rasid.example",
        "recipients": [THIRD],
        "message_id": message_from_bytes(mail)["Message-ID"],
        "sha256": sha256(mail).hexdigest(),
        "repeat": "possible",
    } == rows[2]
