"""The wire of mail beside Python's own: a relay that only counts, and what plain smtplib takes for the same messages.

The relay is a process of its own, so that what it costs is not counted as the sender's.
"""

from __future__ import annotations

import asyncio
import random
import smtplib
from collections import Counter
from contextlib import contextmanager
from multiprocessing import get_context
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from alerts.email import Mailer, SmtpOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

SENDER = "rasid@rasid.example"
OFFERS = b"250-sink\r\n250-PIPELINING\r\n250 SIZE 50000000\r\n"
ANSWERS = {
    b"EHLO": OFFERS,
    b"MAIL": b"250 ok\r\n",
    b"RCPT": b"250 ok\r\n",
    b"RSET": b"250 ok\r\n",
    b"DATA": b"354 go\r\n",
    b"QUIT": b"221 bye\r\n",
}
END = b"\r\n.\r\n"
ROUNDS = 5


class _Relay(asyncio.Protocol):
    """Takes every message and keeps none; `far` is the time, in seconds, that an answer needs to the sender."""

    def __init__(self, taken: Counter[str], far: float) -> None:
        self._taken, self._far = taken, far
        self._came, self._in_text = bytearray(), False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._say(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._came += data
        if answers := b"".join(iter(self._step, b"")):
            self._say(answers)

    def _step(self) -> bytes:
        """The answer to the next thing that came whole; nothing where more must come."""
        end = END if self._in_text else b"\r\n"
        at = self._came.find(end)
        if at < 0:
            return b""
        command = bytes(self._came[:4]).upper()
        del self._came[: at + len(end)]
        if self._in_text:
            self._in_text = False
            self._taken["messages"] += 1
            return b"250 counted\r\n"
        self._in_text = command == b"DATA"
        if command == b"HELP":
            return b"214 %d\r\n" % self._taken["messages"]
        return ANSWERS.get(command, b"502 what?\r\n")

    def _say(self, answers: bytes) -> None:
        if self._far:
            asyncio.get_running_loop().call_later(self._far, self._transport.write, answers)
        else:
            self._transport.write(answers)


def _serve(pipe: Connection, far: float) -> None:
    async def run() -> None:
        taken: Counter[str] = Counter()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Relay(taken, far), "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def sink(far: float = 0.0) -> Iterator[int]:
    """The port of a relay in a process of its own that counts what it takes; its answers need `far` seconds."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, far))
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def counted(port: int) -> int:
    """How many messages a sink has taken."""
    with smtplib.SMTP("127.0.0.1", port) as server:
        return int(server.help())


def bare(port: int, messages: Sequence[tuple[str, bytes]]) -> float:
    """Seconds that plain smtplib takes for messages and their recipients: one connection, sendmail for each."""
    begun = perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as server:
        for recipient, message in messages:
            server.sendmail(SENDER, recipient, message)
    return perf_counter() - begun


def ours(port: int, messages: Sequence[tuple[str, bytes]]) -> float:
    """Seconds that a Mailer takes for the same."""
    options = SmtpOptions("127.0.0.1", port, "none", None, None, SENDER, timeout=30)
    begun = perf_counter()
    with Mailer(options) as mailer:
        for recipient, message in messages:
            mailer.send(recipient, message)
    return perf_counter() - begun


def invented(count: int, size: int) -> list[tuple[str, bytes]]:
    """So many messages of about so many bytes, each for another recipient: base64 in lines, as mail has it."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    chosen = random.Random(6)
    lines = ["".join(chosen.choices(letters, k=76)) for _ in range(size // 78)]
    body = "\r\n".join(lines)
    return [
        (f"reader{number}@mail.example", f"Message-ID: <{number}@x>\r\nSubject: x\r\n\r\n{body}\r\n".encode())
        for number in range(count)
    ]


def compare(count: int, size: int, far: float) -> None:
    """Print the medians of alternating rounds, and their ratio."""
    messages = invented(count, size)
    with sink(far) as port:
        rounds = [(bare(port, messages), ours(port, messages)) for _ in range(ROUNDS)]
        assert counted(port) == 2 * ROUNDS * count
    theirs, mine = (median(times) for times in zip(*rounds, strict=True))
    print(
        f"{count} messages of {size // 1000} kB, answers {far * 1000:.0f} ms away: smtplib {theirs:.2f} s, "
        f"Mailer {mine:.2f} s, ratio {mine / theirs:.2f} (rounds: "
        + ", ".join(f"{b / a:.2f}" for a, b in rounds)
        + ")"
    )


if __name__ == "__main__":
    compare(1000, 60_000, 0.0)
    compare(100, 60_000, 0.01)
