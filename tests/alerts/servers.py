"""Servers that take what is sent, on loopback: a real SMTP server, and a strict fake of Slack's webhook."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "T000-canary-hook"


class Mailbox:
    """What the server took."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        """Take a message."""
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        return "250 taken as 42"


@contextmanager
def smtp_server(**settings: Any) -> Iterator[tuple[int, Mailbox]]:
    """A real SMTP server on a free port of loopback."""
    mailbox = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **settings)
    controller.start()
    try:
        yield port, mailbox
    finally:
        controller.stop()


def problems(message: dict[str, Any]) -> list[str]:
    """What Slack would refuse, by its documented limits."""
    found = []
    blocks = message.get("blocks", [])
    if not 1 <= len(blocks) <= 50:
        found.append(f"{len(blocks)} blocks")
    total = len(message["text"])
    for block in blocks:
        texts = list(strings(block))
        total += sum(map(len, texts))
        if sum(map(len, texts)) > 3000:
            found.append(f"a {block['type']} of {sum(map(len, texts))} characters")
        if block["type"] == "header" and len(block["text"]["text"]) > 150:
            found.append("a long header")
        if block["type"] not in ("header", "divider", "rich_text"):
            found.append(f"an unknown block {block['type']}")
        found += ["an empty text" for text in texts if not text]
    return found + ([f"{total} characters"] if total > 10_000 else [])


def strings(value: Any) -> Iterator[str]:
    """Every text that is shown."""
    if isinstance(value, dict):
        yield from (value["text"],) if isinstance(value.get("text"), str) else ()
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


class Slack(ThreadingHTTPServer):
    """A strict webhook: takes what Slack would, else answers 400; `answers` override it in turn."""

    daemon_threads = True

    def __init__(self, answers: list[tuple[int, dict[str, str], str]]) -> None:
        super().__init__(("127.0.0.1", 0), SlackHandler)
        self.answers, self.taken = answers, []

    @property
    def hook(self) -> str:
        """The webhook's address."""
        return f"http://127.0.0.1:{self.server_address[1]}/services/{SECRET}"


class SlackHandler(BaseHTTPRequestHandler):
    """One request to the webhook."""

    server: Slack

    def do_POST(self) -> None:
        """Judge a message."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        wrong = problems(body)
        code, headers, text = (400, {}, "invalid_blocks " + "; ".join(wrong)) if wrong else (200, {}, "ok")
        if self.server.answers:
            code, headers, text = self.server.answers.pop(0)
        if code == 200:
            self.server.taken.append(body)
        if code == 0:
            return  # the connection closes without an answer
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def slack_server(*answers: tuple[int, dict[str, str], str]) -> Iterator[Slack]:
    """A webhook on loopback."""
    with Slack(list(answers)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
