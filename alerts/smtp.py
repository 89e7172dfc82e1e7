"""The wire of mail: one SMTP connection, opened, protected and spoken step by step.

The dialogue is our own and not smtplib's for three reasons. A server that dribbles a byte now and then resets
smtplib's timeout with each: here every wait ends by the deadline of the message as well. The end of a text is a
write of its own, so that a failure before it is known to be one. And the commands in front of a text go out in one
write where the server allows it (PIPELINING, RFC 2920), which spares two round trips.

Everything that fails while a connection is opened is the relay's or its settings' fault: TransportError with
`whole`, temporary, because once an operator has put it right the waiting mail goes out by itself.
"""

from __future__ import annotations

import re
import socket
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal

from alerts.bidi import clean
from rasid.errors import TransportError

CHANNEL = "email"

_REPLY = re.compile(rb"[2-5][0-9]{2}(?:[ -].*)?", re.DOTALL)
_MAX_LINE = 8192  # bytes; RFC 5321 §4.5.3.1.5 allows 512, some servers write more
_MAX_LINES = 200  # of one answer; an EHLO has some twenty
_GOODBYE = 2.0  # seconds for the answer to QUIT, which changes nothing any more
_NOT_TRUSTED = (18, 19, 20, 21)  # OpenSSL: self-signed, or of an authority that is not known
_OTHER_NAME = (62, 64)  # OpenSSL: host name, address
_EXPIRED = 10


@dataclass(frozen=True, slots=True)
class SmtpOptions:
    """The relay that takes mail."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    username: str | None
    password: str | None = field(repr=False)
    sender: str  # "Rasid <rasid@example.org>" or the address alone
    timeout: float  # seconds, for each step
    deadline: float = 100.0  # seconds for one message in all; less than the lease of its row in the outbox


class LostError(Exception):
    """The connection is of no use any more; the text says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the server."""

    code: int
    lines: tuple[str, ...]

    @property
    def words(self) -> str:
        """The text of the answer, on one line."""
        return clean(" ".join(self.lines))[:300]


class Connection:
    """A connection to a server that speaks SMTP; LostError where it fails or keeps us waiting.

    `due` is the moment (of the monotonic clock) by which the message at hand is to be through; `extensions` is what
    the server offered, by name in upper case.
    """

    def __init__(self, connected: socket.socket, timeout: float, due: float) -> None:
        self._socket, self._timeout, self.due = connected, timeout, due
        self._came = bytearray()  # not read yet
        self.extensions: dict[str, str] = {}

    def write(self, data: bytes) -> None:
        """Send all of it; the timeout is for each stretch that the server takes.

        Nothing may be left of earlier answers: one that is read in another's place could pass for a receipt.
        """
        if self._came:
            raise LostError("it spoke out of turn")
        left = memoryview(data)
        try:
            while left:
                self._socket.settimeout(_seconds(self._until()))
                left = left[self._socket.send(left) :]
        except OSError as e:
            raise LostError(_kind(e)) from e

    def reply(self, *, patient: bool = False) -> Reply:
        """The next answer; `patient` waits to the deadline, not for the timeout of one step."""
        until = self.due if patient else self._until()
        lines: list[str] = []
        while len(lines) < _MAX_LINES:
            line = self._line(until)
            if not _REPLY.fullmatch(line):
                raise LostError(
                    f"what answers there speaks no SMTP: {clean(line[:80].decode('ascii', 'replace'))!r}"
                )
            lines.append(line[4:].decode("utf-8", "replace"))
            if line[3:4] != b"-":
                return Reply(int(line[:3]), tuple(lines))
        raise LostError("an answer without an end")

    def ask(self, command: str) -> Reply:
        """One command and its answer."""
        self.write(f"{command}\r\n".encode())
        return self.reply()

    def greet(self) -> None:
        """Say hello and keep what the server offers."""
        name = _own_name(self._socket)
        hello = self.ask(f"EHLO {name}")
        if hello.code >= 500:  # older than 1995, and still a fallback that RFC 5321 §3.2 asks for
            hello = self.ask(f"HELO {name}")
        if hello.code != 250:
            raise refused("EHLO", hello, whole=True)
        offered = (line.replace("=", " ", 1).partition(" ") for line in hello.lines[1:])
        self.extensions = {}
        for extension, _, values in offered:  # some servers write AUTH twice, once as AUTH=
            self.extensions.setdefault(extension.upper(), values)

    def protect(self, host: str) -> None:
        """Go on under TLS with a certificate that is trusted and made out to `host`.

        Bytes that came before are of nobody who can be trusted: they are refused (CVE-2011-0411).
        """
        if self._came:
            raise LostError("something was slipped in before the encryption began")
        self._socket.settimeout(_seconds(self._until()))
        context = ssl.create_default_context()
        self._socket = context.wrap_socket(self._socket, server_hostname=host)

    def goodbye(self) -> None:
        """Say goodbye and close; every message is settled, so nothing that happens here matters."""
        self.due = monotonic() + _GOODBYE
        try:
            self.ask("QUIT")
        except LostError:
            pass
        self.close()

    def close(self) -> None:
        """Close without a word."""
        self._socket.close()

    def _until(self) -> float:
        return min(self.due, monotonic() + self._timeout)

    def _line(self, until: float) -> bytes:
        while (end := self._came.find(b"\n")) < 0:
            if len(self._came) > _MAX_LINE:
                raise LostError("an answer without an end")
            try:
                self._socket.settimeout(_seconds(until))
                came = self._socket.recv(4096)
            except TimeoutError:
                raise LostError("it did not answer in time") from None
            except OSError as e:
                raise LostError(_kind(e)) from e
            if not came:
                raise LostError("the server closed it")
            self._came += came
        line = bytes(self._came[:end]).removesuffix(b"\r")
        del self._came[: end + 1]
        return line


def connect(options: SmtpOptions, due: float) -> Connection:
    """Open a connection that takes messages: greeted, under TLS and logged in, as the options ask.

    Raises:
        TransportError: It cannot be had (`whole`); the text says which setting to look at, and holds no secret.
    """
    where = f"{options.host}:{options.port}"
    link = Connection(_dialled(options, where, due), options.timeout, due)
    try:
        _open(link, options, where)
    except ssl.SSLCertVerificationError as e:
        link.close()
        raise _whole(f"{where}: {_certificate(e, options.host)}") from e
    except (ssl.SSLError, LostError, OSError) as e:
        link.close()
        raise _whole(f"{where}: {_kind(e)}{_hint(e, options.security)}") from e
    except BaseException:
        link.close()
        raise
    return link


def refused(step: str, reply: Reply, *, whole: bool = False) -> TransportError:
    """What an answer other than the good one means.

    Permanent for this message are the answers from 500 on; what is the relay's (`whole`), 421 above all, is not.
    """
    whole = whole or reply.code in (421, 530)  # service not available; authentication required
    reason = f"{step}: {reply.code} {reply.words}"
    return TransportError(CHANNEL, reason, permanent=reply.code >= 500 and not whole, whole=whole)


def _dialled(options: SmtpOptions, where: str, due: float) -> socket.socket:
    try:
        connected = _first_that_answers(options, due)
        # The end of a text is a small write behind a large one: it must not wait for an acknowledgement (Nagle).
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (socket.gaierror, UnicodeError) as e:
        raise _whole(f"{where}: no such host is known here ({_kind(e)}); look at smtp.host") from e
    except ConnectionRefusedError as e:
        raise _whole(
            f"no connection to {where}: nobody listens there; is the relay up, is smtp.port right?"
        ) from e
    except TimeoutError as e:
        raise _whole(f"no connection to {where}: no answer in time; is the port open to this machine?") from e
    except OSError as e:
        raise _whole(f"no connection to {where}: {_kind(e)}") from e
    return connected


def _first_that_answers(options: SmtpOptions, due: float) -> socket.socket:
    """A socket to one of the host's addresses, in the resolver's order; the deadline is for all of them."""
    *others, last = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)
    for found in others:
        try:
            return _socket_to(found[4], options.timeout, due)
        except OSError:
            continue
    return _socket_to(last[4], options.timeout, due)


def _socket_to(address: tuple[Any, ...], timeout: float, due: float) -> socket.socket:
    return socket.create_connection(address[:2], timeout=min(timeout, _seconds(due)))


def _open(link: Connection, options: SmtpOptions, where: str) -> None:
    if options.security == "tls":
        link.protect(options.host)
    try:
        greeting = link.reply()
    except LostError as e:
        port = (
            ""
            if options.security == "tls"
            else "; a port that begins with TLS (465) needs smtp.security: tls"
        )
        raise LostError(f"no greeting came: {e}{port}") from e
    if greeting.code != 220:
        raise refused(f"{where}, the greeting", greeting, whole=True)
    link.greet()
    if options.security == "starttls":
        _start_tls(link, options.host, where)
    if options.username is not None:
        _log_in(link, where, options.username, options.password or "")


def _start_tls(link: Connection, host: str, where: str) -> None:
    if "STARTTLS" not in link.extensions:
        reason = f"{where} offers no STARTTLS, or somebody on the way took it out; neither password nor mail was sent"
        raise _whole(
            f"{reason}. smtp.security: tls (port 465) may be offered; none is for a trusted network alone"
        )
    answer = link.ask("STARTTLS")
    if answer.code != 220:
        raise refused(f"{where}, STARTTLS", answer, whole=True)
    link.protect(host)
    link.greet()  # what was offered before the encryption does not count (RFC 3207 §4.2)


def _log_in(link: Connection, where: str, username: str, password: str) -> None:
    """Log in by PLAIN or LOGIN; a refusal may quote what it was given, so only its number is passed on."""
    offered = link.extensions.get("AUTH", "").upper().split()
    if "PLAIN" in offered:
        steps = ["AUTH PLAIN " + _base64(f"\0{username}\0{password}")]
    elif "LOGIN" in offered:
        steps = ["AUTH LOGIN", _base64(username), _base64(password)]
    else:
        found = f"it offers {clean(' '.join(offered))}" if offered else "it offers none on this port"
        raise _whole(
            f"{where}: no log-in by PLAIN or LOGIN: {found}; without a log-in set smtp.username to null"
        )
    for number, step in enumerate(steps, start=1):
        code = link.ask(step).code
        if code != (235 if number == len(steps) else 334):
            remedy = "check smtp.username and the variable that smtp.password_env names"
            raise _whole(f"{where}: the relay refused the log-in ({code}); {remedy}")


def _base64(text: str) -> str:
    return b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")


def _whole(reason: str) -> TransportError:
    return TransportError(CHANNEL, reason, whole=True)


def _certificate(error: ssl.SSLCertVerificationError, host: str) -> str:
    if error.verify_code in _OTHER_NAME:
        return f"the certificate is not made out to {host}; write in smtp.host the name that stands in it"
    if error.verify_code in _NOT_TRUSTED:
        remedy = "let the environment variable SSL_CERT_FILE name the file with that authority's certificate"
        return f"the certificate is self-signed, or its authority is not known here; {remedy}"
    if error.verify_code == _EXPIRED:
        return "the certificate has expired; the relay's operator must renew it"
    return f"the certificate is refused: {clean(error.verify_message)}"


def _hint(error: Exception, security: str) -> str:
    """The usual mistake where TLS cannot begin: the other kind of port."""
    if security == "tls" and isinstance(error, ssl.SSLError | TimeoutError):
        return "; a port that begins without TLS (587, 25) needs smtp.security: starttls"
    return ""


def _own_name(connected: socket.socket) -> str:
    """The name to say hello with; the address where this machine has no full name (RFC 5321 §4.1.4)."""
    name = socket.gethostname()  # never by DNS, which may take seconds
    if "." in name:
        return name
    address = str(connected.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _seconds(until: float) -> float:
    """Time that is left; TimeoutError where none is."""
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError("the time for this message is over")
    return left


def _kind(error: Exception) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return f"TLS failed ({clean(error.reason)})"
    return clean(str(error)) or type(error).__name__
