"""Digests by mail: the message, and its way to the relay.

The message is written out by hand, because the standard library has three faults here. `EmailMessage` loses the
spaces between the words of a long Arabic subject when it folds them (cpython#92081; `email.header.Header` keeps each
one). Its generators put a long address or Message-ID on a line of its own behind an empty first line, which some
mail programs read as an empty header. And they write `>From` for a line that begins with `From`.

The relay is asked for one recipient a transaction, over a connection that is kept for the next message. What a
failure means depends on how far the message had gone:

========================================  ==================================================================
until the server said 354 to DATA         nothing of the text was sent: it did not arrive
while the text goes out                   the same: a text without its end is thrown away (RFC 5321 §4.1.1.4)
from the first of the three bytes that    nobody knows (`uncertain`), until the server's answer has come whole
end it, a dot and CR LF
after the answer                          2xx: the server answers for it; 4xx, 5xx: it did not take it
========================================  ==================================================================

A connection that served before may have been closed meanwhile, be full of messages or fed up with us. So what goes
wrong on one before 354, save a refusal of this very message, is tried on a fresh connection at once, and told of only
if it goes wrong there too. Rejected: asking NOOP first, which costs a round trip a message and leaves a gap behind it.
"""

from __future__ import annotations

import re
from binascii import b2a_base64, b2a_qp
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, Self

from alerts.bidi import clean
from alerts.smtp import CHANNEL, Connection, LostError, Reply, SmtpOptions, connect, refused
from rasid.errors import TransportError

if TYPE_CHECKING:
    from datetime import datetime

    from alerts.render import Rendered

__all__ = ["Mailer", "SmtpOptions", "build_message", "send"]

_ADDRESS = re.compile(r"[!-;=?-~]+@[A-Za-z0-9.\[\]:-]+")  # ASCII: not every server takes SMTPUTF8
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATES = re.compile("[\ud800-\udfff]")  # they cannot be encoded, and one would stop the whole digest
_BOUNDARY = "=_rasid"  # neither base64 nor quoted-printable can hold "=_"
_HEADER_LINE = (
    76  # characters of a line with encoded words (RFC 2047 §2); the library's 78 makes words too long
)
_BASE64_LINE = 76  # characters (RFC 2045 §6.8)
_QP_LINE = 78  # with what ends it (§6.7)
_PLAIN = bytes(byte for byte in range(32, 127) if byte != ord("=")) + b"\r\n"  # as they are (§6.7)
_FIRST = ("RSET", "MAIL FROM")  # steps that are the same for every message
_TOO_MANY = re.compile("too (?:many|much)", re.IGNORECASE)


# ── the message ──────────────────────────────────────────────────────────────────────────────────


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
    """Build the message of one delivery: ASCII, lines of at most 998 bytes that end with CR LF.

    The same delivery gives the same Message-ID, so that doubles can be seen.

    Args:
        rendered: The digest.
        sender: As in `SmtpOptions.sender`.
        recipient: One address.
        message_id: Stable for the row of the outbox, with or without angle brackets.
        list_id: The subscription's id; with the sender's domain it is the list's name (RFC 2919).
        unsubscribe: The page that ends the subscription; over https one click in the mail program does (RFC 8058).
        date: When it is sent.
        repeat: An earlier attempt may have arrived.
    """
    name, address = parseaddr(sender)
    headers = {
        "From": _from(name, address),
        "To": clean(recipient),
        "Subject": _encoded("Subject", clean_subject(rendered.subject)),
        "Date": format_datetime(date),
        "Message-ID": _bracketed(message_id),
        "List-Id": _bracketed(f"{list_id}.{address.rpartition('@')[2]}"),
        "Auto-Submitted": "auto-generated",
        "X-Rasid-Digest": clean(rendered.digest_id),
    }
    if repeat:
        headers["X-Rasid-Repeat"] = "possible"
    if unsubscribe is not None:
        headers["List-Unsubscribe"] = _bracketed(unsubscribe)
        if unsubscribe.startswith("https://"):
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    headers["MIME-Version"] = "1.0"
    headers["Content-Type"] = f'multipart/alternative; boundary="{_BOUNDARY}"'
    head = "".join(f"{line}\r\n" for line in [*_lines(headers), ""]).encode("ascii")
    parts = (_part("plain", rendered.text), _part("html", rendered.html))
    return b"".join((head, *parts, f"--{_BOUNDARY}--\r\n".encode("ascii")))


def clean_subject(subject: str) -> str:
    """Keep a subject on one line; the isolates that the renderer set stay, and every space."""
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", subject)).strip(" ")


def _from(name: str, address: str) -> str:
    """The sender; a long Arabic name in several encoded words, of which each may have 75 characters (RFC 2047)."""
    name, address = clean_subject(name), clean(address).encode("ascii", "replace").decode()
    if name.isascii():
        return formataddr((name, address))
    header = Header(name, "utf-8", header_name="From")
    header.append(f"<{address}>", "us-ascii")
    return header.encode(linesep="\r\n", maxlinelen=_HEADER_LINE)


def _lines(headers: dict[str, str]) -> list[str]:
    """One header a line; what is no ASCII (ids are, and an address from outside may not be) is encoded."""
    return [
        f"{name}: {value if value.isascii() else _encoded(name, value)}" for name, value in headers.items()
    ]


def _encoded(name: str, value: str) -> str:
    return Header(value, "utf-8", header_name=name).encode(linesep="\r\n", maxlinelen=_HEADER_LINE)


def _part(kind: str, text: str) -> bytes:
    """One alternative, in the smaller of the two encodings."""
    raw = _with_line_ends(text.encode("utf-8", "replace"))  # CR LF within too: RFC 2045 §6.8
    encoding = _smaller(raw)
    packed = _base64(raw) if encoding == "base64" else b2a_qp(raw)
    head = f"""\
--{_BOUNDARY}
Content-Type: text/{kind}; charset="utf-8"
Content-Transfer-Encoding: {encoding}

"""
    return b"".join((_with_line_ends(head.encode("ascii")), packed, b"\r\n"))


def _smaller(raw: bytes) -> str:
    """Which encoding makes less of it.

    Base64 takes 4 characters for 3 bytes of whatever kind, quoted-printable 1 for a plain byte and 6 for an Arabic
    letter: Arabic text is smaller in the first, HTML with little of it in the second. The count of quoted-printable
    is good to a hundredth, which is enough to choose by; to encode twice would cost more than all else here.
    """
    escaped = len(raw.translate(None, _PLAIN))
    printable = (len(raw) + 2 * escaped) * _QP_LINE / (_QP_LINE - 3)  # a line ends with "=", CR and LF
    return "base64" if len(raw) * 4 / 3 * (1 + 2 / _BASE64_LINE) <= printable else "quoted-printable"


def _base64(raw: bytes) -> bytes:
    packed = b2a_base64(raw, newline=False)
    return b"".join(packed[at : at + _BASE64_LINE] + b"\r\n" for at in range(0, len(packed), _BASE64_LINE))


def _with_line_ends(text: bytes) -> bytes:
    """Each line that ends does so with CR LF, also where it was a lone CR or LF."""
    ends = text.endswith((b"\r", b"\n"))
    return b"\r\n".join([*text.splitlines(), b""] if ends else text.splitlines())


def _bracketed(text: str) -> str:
    return f"<{clean(text).strip('<>')}>"


# ── its way ──────────────────────────────────────────────────────────────────────────────────────


class _Command(NamedTuple):
    step: str  # as a person is told of it
    line: str
    good: tuple[int, ...]


class Mailer:
    """Hands messages to the relay over one connection, opened with the first; for one thread.

    Leaving it says goodbye; left by an error, it cuts the connection, which may be in the middle of a text.
    """

    def __init__(self, options: SmtpOptions) -> None:
        self.options = options
        self._link: Connection | None = None  # ready for the next message
        self._reset = False  # it refused the last one, of which it may still know

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._link is not None and kind is None:
            self._link.goodbye()
            self._link = None
        self._drop()

    def send(self, recipient: str, message: bytes) -> str:
        """Hand over one message for one recipient; return the server's answer.

        Takes `options.deadline` seconds at most, besides what the machine's resolver takes for the host's name.

        Raises:
            TransportError: The server did not take it. Temporary for 4xx, timeouts and lost connections, permanent
                for 5xx; `uncertain` where all of it had gone out and no answer came; `whole`, and temporary, where
                it is the relay that does not work, or does not take the sender.
        """
        sender = self._checked(recipient)
        link = self._announced(sender, recipient, len(message), monotonic() + self.options.deadline)
        return self._hand_over(link, _framed(message))

    def _checked(self, recipient: str) -> str:
        sender = parseaddr(self.options.sender)[1]
        if not _ADDRESS.fullmatch(sender):
            reason = f"smtp.sender of settings.yaml holds no mail address: {clean(self.options.sender)!r}"
            raise TransportError(CHANNEL, reason, whole=True)
        if not _ADDRESS.fullmatch(recipient):
            raise TransportError(CHANNEL, f"not a mail address: {clean(recipient)!r}", permanent=True)
        return sender

    def _announced(self, sender: str, recipient: str, size: int, due: float) -> Connection:
        """A connection that waits for the text of this message: the one at hand, else a fresh one."""
        if self._link is not None:
            self._link.due = due
            try:
                return self._announce(self._link, sender, recipient, size)
            except TransportError:
                # Not where it was the message that was refused, or its time is over.
                if self._link is not None or monotonic() > due:
                    raise
        self._link, self._reset = connect(self.options, due), False
        return self._announce(self._link, sender, recipient, size)

    def _announce(self, link: Connection, sender: str, recipient: str, size: int) -> Connection:
        commands = _commands(link.extensions, sender, recipient, size)
        if self._reset:
            commands.insert(0, _Command("RSET", "RSET", (250,)))
        # DATA may end a group of commands, for nothing of the text goes out before its answer came.
        groups = [commands] if "PIPELINING" in link.extensions else [[command] for command in commands]
        for group in groups:
            replies = self._replies(link, group)
            for command, reply in zip(group, replies, strict=False):
                if reply.code not in command.good:
                    raise self._refused(command.step, reply, awaits_text=replies[-1].code == 354)
        return link

    def _replies(self, link: Connection, group: list[_Command]) -> list[Reply]:
        """The answers to commands that go out together; none follows a 421."""
        replies: list[Reply] = []
        try:
            link.write("".join(f"{command.line}\r\n" for command in group).encode("ascii"))
            while len(replies) < len(group) and (not replies or replies[-1].code != 421):
                replies.append(link.reply())
        except LostError as e:
            self._drop()
            step = group[len(replies)].step
            # A relay that falls silent at the very first is down; later it may be about this recipient.
            reason = f"the connection was lost at {step}: {e}"
            raise TransportError(CHANNEL, reason, whole=step in _FIRST) from e
        return replies

    def _refused(self, step: str, reply: Reply, *, awaits_text: bool) -> TransportError:
        """What a refusal before the text means, and whether the connection is good for another message.

        `awaits_text`: the server said 354 all the same. An empty text would end that, and might be delivered: the
        connection is cut instead.
        """
        # 552 is about the size of this message; all else at the first step is about the sender or the server.
        error = refused(step, reply, whole=step in _FIRST and reply.code != 552)
        full = reply.code < 500 and _TOO_MANY.search(reply.words) is not None
        out_of_step = reply.code < 400
        if error.whole or full or out_of_step or awaits_text:
            self._drop()
        self._reset = True
        return error

    def _hand_over(self, link: Connection, text: bytes) -> str:
        self._link = None  # whatever happens from here, it is good for another message only after an answer
        try:
            return self._delivered(link, text)
        finally:
            if self._link is None:
                link.close()

    def _delivered(self, link: Connection, text: bytes) -> str:
        try:
            link.write(text)
        except LostError as e:
            reason = f"the connection was lost in the text, which did not arrive: {e}"
            raise TransportError(CHANNEL, reason) from e
        try:
            link.write(b".\r\n")
            # To the deadline: a server that filters may take its time, and impatience here makes doubles.
            reply = link.reply(patient=True)
        except LostError as e:
            reason = f"the text was sent, no answer came: {e}"
            raise TransportError(CHANNEL, reason, uncertain=True) from e
        if 300 <= reply.code < 400:
            reason = f"the text was sent, the answer is of another step: {reply.code} {reply.words}"
            raise TransportError(CHANNEL, reason, uncertain=True)
        self._link, self._reset = link, False
        if reply.code >= 400:
            raise refused("the end of the text", reply)
        return f"{reply.code} {reply.words}"

    def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = None


def send(options: SmtpOptions, recipient: str, message: bytes) -> str:
    """Hand over a single message; as `Mailer.send`."""
    with Mailer(options) as mailer:
        return mailer.send(recipient, message)


def _commands(extensions: dict[str, str], sender: str, recipient: str, size: int) -> list[_Command]:
    """What is said in front of a text of `size` bytes."""
    most = extensions.get("SIZE", "").strip()
    if most.isdecimal() and 0 < int(most) < size:
        reason = f"the message has {size:,} bytes, the server takes {int(most):,}"
        raise TransportError(CHANNEL, reason, permanent=True)
    told = f" SIZE={size}" if "SIZE" in extensions else ""
    return [
        _Command("MAIL FROM", f"MAIL FROM:<{sender}>{told}", (250,)),
        _Command("RCPT TO", f"RCPT TO:<{recipient}>", (250, 251)),
        _Command("DATA", "DATA", (354,)),
    ]


def _framed(message: bytes) -> bytes:
    """A text as it goes out: each line ends with CR LF, none begins with a single dot.

    A lone CR or LF becomes CR LF before the dots are looked at: what one server reads as a line end and another does
    not would end the text early, and begin a forged one (SMTP smuggling, CVE-2023-51764).
    """
    text = _with_line_ends(message).replace(b"\r\n.", b"\r\n..")
    dot, end = b"." if text.startswith(b".") else b"", b"" if text.endswith(b"\r\n") else b"\r\n"
    return b"".join((dot, text, end))
