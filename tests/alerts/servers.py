"""Servers that take what is sent, on loopback: a real SMTP server, and a strict fake of Slack's webhook."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping, Sequence

    Script = Mapping[str, str | Sequence[str]]

ROOT = Path(__file__).resolve().parents[2]

SECRET = "T000-canary-hook"


class Mailbox:
    """What the server took, and what it is to do instead, by step.

    The script's keys are `STEP` or `STEP RECIPIENT` (the second is looked at first), its values one action, or a list
    of actions of which each serves once. Steps: GREETING, MAIL, RCPT, DATA (the command), TEXT (after 354, before the
    text is read), END (the text is there whole), AFTER (the message is answered). Actions:

    ==================== ==============================================================================
    550 no such user     an answer; a 421 closes the connection as well; at END 2xx takes the message
    drop                 the connection is closed without a word
    taken drop           at END: the message is taken, then the same
    silence              nothing is ever said
    dribble 0.1 250 ok   the answer comes a byte each 0.1 seconds
    ==================== ==============================================================================
    """

    def __init__(self, script: Script | None = None, file: Path | None = None) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []
        self.heard: list[str] = []  # the commands, in order
        self.connections = 0
        self.open: set[SmtpServer] = set()
        self._script = {
            key: itertools.repeat(value) if isinstance(value, str) else iter(value)
            for key, value in (script or {}).items()
        }
        self._file = file

    def action(self, step: str, recipient: str = "") -> str | None:
        """What the script says for this step; None: what a good server does."""
        for key in (f"{step} {recipient}", step):
            if key in self._script and (action := next(self._script[key], None)) is not None:
                return action
        return None

    def take(self, envelope: Any) -> None:
        """Keep a message, in the file for certain before anybody is told so."""
        content = envelope.original_content
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, content))
        if self._file is None:
            return
        mail = message_from_bytes(content)
        row = {
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "message_id": mail["Message-ID"],
            "sha256": sha256(content).hexdigest(),
            "repeat": mail["X-Rasid-Repeat"],
        }
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())


class SmtpServer(SMTP):
    """A real SMTP server that follows the script of its mailbox, and offers PIPELINING."""

    def __init__(self, mailbox: Mailbox, *, pipelining: bool = True, **settings: Any) -> None:
        self._mailbox, self._pipelining, self._greeted = mailbox, pipelining, False
        super().__init__(self, hostname="127.0.0.1", **settings)

    def connection_made(self, transport: Any) -> None:
        """Count it among those that are open."""
        self._mailbox.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count it no more."""
        self._mailbox.open.discard(self)
        super().connection_lost(error)

    async def push(self, status: Any) -> None:
        """Answer, as the script has it."""
        if not self._greeted:
            self._greeted = True
            self._mailbox.connections += 1
            status = await self._act("GREETING") or status
        answer, pause = status, 0.0
        if isinstance(status, str) and status.startswith("dribble "):
            _, seconds, answer = status.split(" ", 2)
            pause = float(seconds)
        if pause:
            for byte in f"{answer}\r\n".encode():
                self._writer.write(bytes([byte]))
                await asyncio.sleep(pause)
        else:
            await super().push(answer)
        if isinstance(answer, str) and answer.startswith("421"):
            await self._drop()

    async def handle_exception(self, error: Exception) -> str:
        """A fault of this server itself."""
        return f"451 fault of the tests' server: {error!r}"

    async def handle_EHLO(  # noqa: N802  aiosmtpd's names, here and below
        self, _server: Any, session: Any, _envelope: Any, hostname: str, answers: list[str]
    ) -> list[str]:
        """Offer what this server can do."""
        session.host_name = hostname
        return [*answers[:-1], *(["250-PIPELINING"] if self._pipelining else []), answers[-1]]

    async def handle_MAIL(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take a sender."""
        self._mailbox.heard.append(" ".join(["MAIL", address, *options]))
        answer = await self._act("MAIL") or "250 OK"
        if _good(answer):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """Take a recipient."""
        self._mailbox.heard.append(f"RCPT {address}")
        answer = await self._act("RCPT", address) or "250 OK"
        if _good(answer):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_RSET(self, *_: Any) -> str:  # noqa: N802
        """Forget the transaction."""
        self._mailbox.heard.append("RSET")
        return "250 OK"

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        """Read a text."""
        self._mailbox.heard.append("DATA")
        recipient = self._recipient()
        if answer := await self._act("DATA", recipient):
            await self.push(answer)
            return
        if instead := self._mailbox.action("TEXT", recipient):
            await self.push("354 go")
            await self.push(await self._do(instead))
            return
        await super().smtp_DATA(arg)
        if parting := await self._act("AFTER", recipient):
            await self.push(parting)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Answer for a message."""
        action = self._mailbox.action("END", self._recipient()) or "250 taken as 42"
        if action.removeprefix("taken ") == "drop":
            if action.startswith("taken"):
                self._mailbox.take(envelope)
            await self._drop()
        if _good(action):
            self._mailbox.take(envelope)
        return await self._do(action)

    def _recipient(self) -> str:
        return self.envelope.rcpt_tos[0] if self.envelope and self.envelope.rcpt_tos else ""

    async def _act(self, step: str, recipient: str = "") -> str | None:
        action = self._mailbox.action(step, recipient)
        return None if action is None else await self._do(action)

    async def _do(self, action: str) -> str:
        """Do what is no answer; return the answer."""
        if action == "drop":
            await self._drop()
        if action == "silence":
            await asyncio.sleep(3600)
        return action

    async def _drop(self) -> None:
        self.transport.close()
        self._handler_coroutine.cancel()
        await asyncio.sleep(3600)  # ends here, cancelled


def _good(action: str) -> bool:
    """Whether an action is an answer that takes something."""
    return (action.split(" ", 2)[2] if action.startswith("dribble ") else action).startswith("2")


async def _listening(
    mailbox: Mailbox, port: int, tls: ssl.SSLContext | None, settings: dict[str, Any]
) -> Any:
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: SmtpServer(mailbox, loop=loop, **settings), "127.0.0.1", port, ssl=tls
    )


@contextmanager
def smtp_server(
    script: Script | None = None,
    *,
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    file: Path | None = None,
    **settings: Any,
) -> Iterator[tuple[int, Mailbox]]:
    """A real SMTP server on a free port of loopback.

    Args:
        script: as Mailbox has it.
        port: 0: any that is free.
        tls: speak TLS from the first byte.
        file: what is taken is added to it, a JSON object a line.
        settings: of aiosmtpd's SMTP (tls_context for STARTTLS, authenticator, data_size_limit, …), and `pipelining`.
    """
    mailbox = Mailbox(script, file)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(_listening(mailbox, port, tls, settings))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1], mailbox
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(_end(mailbox))
        loop.close()


async def _end(mailbox: Mailbox) -> None:
    for server in list(mailbox.open):
        server.transport.abort()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def smtp_process(file: Path, script: Script | None = None, port: int = 0) -> Iterator[int]:
    """The same in a process of its own, whose list outlives whatever is killed meanwhile; gives its port."""
    command = [sys.executable, "-m", "tests.alerts.servers", "smtp", str(port), str(file)]
    command += ["--script", json.dumps(script or {}, ensure_ascii=False)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline().removeprefix("ready "))
        finally:
            process.terminate()


def main() -> None:
    """`python -m tests.alerts.servers smtp PORT FILE [--script JSON]`: says `ready PORT`, serves until it is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["smtp"])
    parser.add_argument("port", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--script", type=json.loads, default={})
    given = parser.parse_args()

    async def serve() -> None:
        server = await _listening(Mailbox(given.script, given.file), given.port, None, {})
        print(f"ready {server.sockets[0].getsockname()[1]}", flush=True)  # noqa: T201  who waits for it reads it
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
