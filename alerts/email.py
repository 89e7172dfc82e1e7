"""Digests by mail: the message, and one SMTP transaction for one recipient.

The classes are those of the older `email.mime`, because `EmailMessage` loses the spaces between the words
of a long Arabic subject when it folds them; `email.header.Header` keeps each one. The SMTP dialogue is
spoken step by step, because what a lost connection means depends on the step: before the text was sent
nothing arrived; after it nobody knows, and the error says so (`uncertain`).
"""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr, parseaddr
from typing import TYPE_CHECKING, Any, Literal

from alerts.bidi import clean
from rasid.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from email.message import Message

    from alerts.render import Rendered

_CHANNEL = "email"
_ADDRESS = re.compile(r"[!-;=?-~]+@[A-Za-z0-9.\[\]:-]+")  # ASCII: not every server takes SMTPUTF8
_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SmtpOptions:
    """The server that takes mail."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    username: str | None
    password: str | None = field(repr=False)
    sender: str  # "Rasid <rasid@example.org>" or the address alone
    timeout: float  # seconds, for each step


def build_message(
    rendered: Rendered,
    *,
    sender: str,
    recipient: str,
    message_id: str,
    list_id: str,
    unsubscribe: str | None,
    date: datetime,
    repeat: bool,
) -> bytes:
    """Build the message of one delivery.

    The same delivery gives the same Message-ID, so that doubles can be seen.

    Args:
        rendered: The digest.
        sender: As in `SmtpOptions.sender`.
        recipient: One address.
        message_id: Stable for the row of the outbox, with or without angle brackets.
        list_id: The subscription's id; with the sender's domain it is the list's name (RFC 2919).
        unsubscribe: An https or mailto address.
        date: When it is sent.
        repeat: An earlier attempt may have arrived.
    """
    message: Message[Any, Any] = MIMEMultipart("alternative")
    message["From"] = formataddr(parseaddr(sender))
    message["To"] = clean(recipient)
    message["Subject"] = Header(clean_subject(rendered.subject), "utf-8", header_name="Subject")
    message["Date"] = format_datetime(date)
    message["Message-ID"] = _bracketed(message_id)
    message["List-Id"] = _bracketed(f"{list_id}.{_domain(sender)}")
    message["Auto-Submitted"] = "auto-generated"
    message["X-Rasid-Digest"] = clean(rendered.digest_id)
    if repeat:
        message["X-Rasid-Repeat"] = "possible"
    if unsubscribe is not None:
        message["List-Unsubscribe"] = _bracketed(unsubscribe)
        if unsubscribe.startswith("https://"):
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.attach(MIMEText(rendered.text, "plain", "utf-8"))
    message.attach(MIMEText(rendered.html, "html", "utf-8"))
    return message.as_bytes(policy=compat32.clone(linesep="\r\n"))


def clean_subject(subject: str) -> str:
    """Keep a subject on one line; the isolates that the renderer set stay."""
    return " ".join(subject.split())


def send(options: SmtpOptions, recipient: str, message: bytes) -> str:
    """Hand one message for one recipient to the server; return its answer.

    Raises:
        TransportError: The server did not take it. Temporary for 4xx, timeouts and lost connections,
            permanent for 5xx; `uncertain` where the text had gone out and no answer came.
    """
    sender = parseaddr(options.sender)[1]
    for address in (sender, recipient):
        if not _ADDRESS.fullmatch(address):
            raise TransportError(_CHANNEL, f"not a mail address: {clean(address)!r}", permanent=True)
    with _connected(options) as server:
        _said(server, "MAIL FROM", f"MAIL FROM:<{sender}>", good=250)
        _said(server, "RCPT TO", f"RCPT TO:<{recipient}>", good=250)
        _said(server, "DATA", "DATA", good=354)
        return _hand_over(server, message)


@contextmanager
def _connected(options: SmtpOptions) -> Iterator[smtplib.SMTP]:
    try:
        server = _open(options)
    except (OSError, smtplib.SMTPException) as e:
        raise _connection_error(options, e) from e
    try:
        _greet(server, options)
        yield server
        _quit(server)
    finally:
        server.close()


def _open(options: SmtpOptions) -> smtplib.SMTP:
    if options.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(options.host, options.port, timeout=options.timeout, context=context)
    return smtplib.SMTP(options.host, options.port, timeout=options.timeout)


def _greet(server: smtplib.SMTP, options: SmtpOptions) -> None:
    try:
        if options.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        server.ehlo_or_helo_if_needed()
    except (OSError, smtplib.SMTPException) as e:
        raise _connection_error(options, e) from e
    if options.username is not None:
        _log_in(server, options.username, options.password or "")


def _log_in(server: smtplib.SMTP, username: str, password: str) -> None:
    """Log in; a refusal may quote what it was given, so only its number is passed on, without the cause."""
    try:
        server.login(username, password)
    except smtplib.SMTPResponseException as e:
        reason = f"the server refused the log-in ({e.smtp_code})"
        raise TransportError(_CHANNEL, reason, permanent=e.smtp_code >= 500) from None
    except smtplib.SMTPNotSupportedError as e:
        raise TransportError(_CHANNEL, "the server offers no log-in on this port", permanent=True) from e
    except (OSError, smtplib.SMTPException):
        raise TransportError(_CHANNEL, "the connection was lost at the log-in") from None
    except UnicodeEncodeError:
        reason = "user name and password must be ASCII"
        raise TransportError(_CHANNEL, reason, permanent=True) from None


def _said(server: smtplib.SMTP, step: str, command: str, *, good: int) -> None:
    try:
        code, reply = server.docmd(command)
    except (OSError, smtplib.SMTPException) as e:
        raise TransportError(_CHANNEL, f"the connection was lost at {step}: {_kind(e)}") from e
    if code != good:
        raise _refused(step, code, reply)


def _hand_over(server: smtplib.SMTP, message: bytes) -> str:
    text = _LEADING_DOT.sub(b"..", _LINE_END.sub(b"\r\n", message))
    ending = b".\r\n" if text.endswith(b"\r\n") else b"\r\n.\r\n"
    try:
        server.send(text + ending)
        code, reply = server.getreply()
    except (OSError, smtplib.SMTPException) as e:
        reason = f"the text was sent, no answer came: {_kind(e)}"
        raise TransportError(_CHANNEL, reason, uncertain=True) from e
    if code != 250:
        raise _refused("the end of the text", code, reply)
    return f"{code} {_words(reply)}"


def _quit(server: smtplib.SMTP) -> None:
    """Say goodbye; the message is taken already, so nothing that happens here matters."""
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        pass


def _refused(step: str, code: int, reply: bytes) -> TransportError:
    return TransportError(_CHANNEL, f"{step}: {code} {_words(reply)}", permanent=code >= 500)


def _connection_error(options: SmtpOptions, error: Exception) -> TransportError:
    where = f"{options.host}:{options.port}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return TransportError(_CHANNEL, f"{where} offers no STARTTLS", permanent=True)
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
        return _refused(f"{where}, the greeting", error.smtp_code, reply)
    return TransportError(_CHANNEL, f"no connection to {where}: {_kind(error)}")


def _words(reply: bytes) -> str:
    return clean(reply.decode("ascii", "replace"))[:300]


def _kind(error: Exception) -> str:
    return clean(str(error)) or type(error).__name__


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2]


def _bracketed(text: str) -> str:
    return f"<{clean(text).strip('<>')}>"
