"""A strict fake of Slack on loopback: an incoming webhook, and the methods of the Web API that a bot uses.

It takes what Slack would take and refuses the rest with Slack's own words. The limits are Slack's documented ones
(docs.slack.dev, reference of blocks and of chat.postMessage) and the one that is not documented: 13,200 characters of
blocks came back as msg_blocks_too_long. What would notify people is kept in `pings`, whether taken or not.

`python -m tests.alerts.slack_fake PORT FILE` runs it in a process of its own: port 0 is any, the port is the first line
of stdout, and each message that was taken is a line of FILE, on disk before it is answered.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "T000-canary-hook"
TOKEN = "xoxb-canary-token"
CHANNEL = "C0123456789"

MAX_BLOCKS, MAX_ALL, MAX_TEXT, MAX_TOP, MAX_URL = 50, 13_000, 3_000, 40_000, 3_000
_TOP = {
    "webhook": {"text", "blocks", "unfurl_links", "unfurl_media", "thread_ts"},
    "bot": {
        "channel",
        "text",
        "blocks",
        "unfurl_links",
        "unfurl_media",
        "thread_ts",
        "reply_broadcast",
        "metadata",
    },
}
_KEYS = {
    "header": {"type", "text", "block_id"},
    "divider": {"type", "block_id"},
    "section": {"type", "text", "fields", "block_id"},
    "context": {"type", "elements", "block_id"},
    "rich_text": {"type", "elements", "block_id"},
    "rich_text_section": {"type", "elements"},
    "rich_text_quote": {"type", "elements"},
    "rich_text_preformatted": {"type", "elements", "border"},
    "rich_text_list": {"type", "elements", "style", "indent"},
    "text": {"type", "text", "style"},
    "link": {"type", "url", "text", "style"},
    "emoji": {"type", "name"},
    "user": {"type", "user_id"},
    "broadcast": {"type", "range"},
    "plain_text": {"type", "text", "emoji"},
    "mrkdwn": {"type", "text", "verbatim"},
}
_BLOCKS = {"header", "divider", "section", "context", "rich_text"}
_WITHIN = {
    "rich_text": {"rich_text_section", "rich_text_quote", "rich_text_list", "rich_text_preformatted"},
    "rich_text_preformatted": {"text", "link"},
    "rich_text_list": {"rich_text_section"},
    "rich_text_section": {"text", "link", "emoji", "user", "broadcast"},
    "rich_text_quote": {"text", "link", "emoji", "user", "broadcast"},
    "context": {"plain_text", "mrkdwn"},
}
_PING = re.compile(r"<(?:[!@#])[^>]*>|(?<!\S)@(?:channel|here|everyone)\b")
_BARE = re.compile(r"[<>]|&(?!amp;|lt;|gt;)")


@dataclass(frozen=True)
class Answer:
    """What is said instead of what Slack would say; `takes`: the message is posted all the same."""

    status: int = 200  # 0: the connection is cut
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    takes: bool = False


@dataclass
class Taken:
    """A message in a channel."""

    via: str  # webhook, bot
    channel: str
    ts: str
    message: dict[str, Any]

    @property
    def thread(self) -> str | None:
        """The `ts` of the message under which it stands."""
        return self.message.get("thread_ts")


# ── judging ───────────────────────────────────────────────────────────────────────────────────────


def problems(message: dict[str, Any], via: str = "webhook") -> list[tuple[str, str]]:
    """What Slack would refuse: its own word for it, and the place."""
    found = [("invalid_arguments", f"unknown {key}") for key in sorted(set(message) - _TOP[via])]
    text, blocks = message.get("text", ""), message.get("blocks", [])
    if not text and not blocks:
        found.append(("no_text", ""))
    if len(text) > MAX_TOP:
        found.append(("msg_too_long", f"{len(text)} characters"))
    if _BARE.search(text):
        found.append(("invalid_text", f"unescaped: {text}"))
    if len(blocks) > MAX_BLOCKS:
        found.append(("invalid_blocks", f"{len(blocks)} blocks"))
    total = sum(len(one) for block in blocks for one in strings(block))
    if total > MAX_ALL:
        found.append(("msg_blocks_too_long", f"{total} characters"))
    for number, block in enumerate(blocks):
        found += [("invalid_blocks", f"{why} [json-pointer:/blocks/{number}]") for why in _faults(block)]
    return found


def _faults(block: Any) -> Iterator[str]:
    if block.get("type") not in _BLOCKS:
        yield f"unsupported type: {block.get('type')}"
        return
    yield from _shape(block)
    with _unlogged():
        try:
            (parsed,) = Block.parse_all([block])
            parsed.validate_json()
        except (SlackObjectFormationError, TypeError, ValueError) as e:
            yield f"slack_sdk: {e}"
    if block["type"] == "header":
        yield from _length(block["text"], 150, "plain_text")
    if block["type"] == "section":
        yield from _length(block["text"], MAX_TEXT) if "text" in block else ()
        for one in block.get("fields", []):
            yield from _length(one, 2000)
        if len(block.get("fields", [])) > 10 or not (block.get("text") or block.get("fields")):
            yield "a section needs a text, or up to ten fields"
    if block["type"] == "rich_text" and sum(map(len, strings(block))) > MAX_TEXT:
        yield f"more than {MAX_TEXT} characters"


def _shape(value: dict[str, Any]) -> Iterator[str]:
    """Keys, types and empty texts of a block and of all within it."""
    kind = value.get("type")
    if kind not in _KEYS:
        yield f"unknown type: {kind}"
        return
    yield from (f"unknown key of {kind}: {key}" for key in sorted(set(value) - _KEYS[kind]))
    if kind in ("text", "plain_text", "mrkdwn") and not (
        isinstance(value.get("text"), str) and value["text"]
    ):
        yield f"must be more than 0 characters: {kind}"
    if kind == "link" and not (
        re.match(r"(https?|mailto):", value.get("url", "")) and len(value["url"]) <= MAX_URL
    ):
        yield f"invalid url: {value.get('url')}"
    style = value.get("style", {})
    if isinstance(style, dict) and any(
        key not in ("bold", "italic", "strike", "code") or on not in (True, False)
        for key, on in style.items()
    ):
        yield f"invalid style: {style}"
    if kind in _WITHIN and not value.get("elements"):
        yield f"no elements: {kind}"
    for one in value.get("elements", []):
        if one.get("type") not in _WITHIN[kind]:
            yield f"{one.get('type')} within {kind}"
        yield from _shape(one)
    for one in (value.get("text"), *value.get("fields", [])):
        if isinstance(one, dict):
            yield from _shape(one)


def _length(text: dict[str, Any], most: int, kind: str | None = None) -> Iterator[str]:
    if len(text["text"]) > most:
        yield f"must be less than {most + 1} characters"
    if kind and text["type"] != kind:
        yield f"must be {kind}"


def strings(value: Any) -> Iterator[str]:
    """Every text that is shown."""
    if isinstance(value, dict):
        yield from (value["text"],) if isinstance(value.get("text"), str) else ()
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


def pings(value: Any) -> Iterator[str]:
    """What would notify people: mentions in text that is parsed for them, and elements that are mentions."""
    if isinstance(value, dict):
        if value.get("type") in ("mrkdwn", None) and isinstance(value.get("text"), str):
            yield from _PING.findall(value["text"])
        if value.get("type") in ("user", "broadcast", "usergroup"):
            yield json.dumps(value)
        for one in value.values():
            yield from pings(one)
    elif isinstance(value, list):
        for one in value:
            yield from pings(one)


@contextmanager
def _unlogged() -> Iterator[None]:
    """slack_sdk warns of blocks that it does not know; they are refused here."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


# ── the server ────────────────────────────────────────────────────────────────────────────────────


class FakeSlack(ThreadingHTTPServer):
    """One workspace with one bot.

    `answers` are given in turn instead of its own. `channels` are those that the bot is in; `archived`, `foreign` (it
    is not in them) and `scopes` can be changed, as can `seconds`: the least from one message to the next in a channel.
    """

    daemon_threads = True

    def __init__(self, answers: list[Answer], *, port: int = 0, file: Path | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.answers, self.file = answers, file
        self.messages: list[Taken] = []
        self.pings: list[str] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.channels, self.foreign, self.archived = {CHANNEL}, set[str](), set[str]()
        self.scopes = {"chat:write", "channels:history"}
        self.seconds = 0.0
        self.token_error = ""
        self._lock = threading.Lock()

    @property
    def taken(self) -> list[dict[str, Any]]:
        """The messages as they came."""
        return [one.message for one in self.messages]

    @property
    def hook(self) -> str:
        """The webhook's address."""
        return f"http://127.0.0.1:{self.server_address[1]}/services/{SECRET}"

    @property
    def api(self) -> str:
        """The Web API's address."""
        return f"http://127.0.0.1:{self.server_address[1]}/api/"

    def take(self, via: str, channel: str, message: dict[str, Any]) -> str:
        """Post a message, on disk first, and return its `ts`."""
        with self._lock:
            ts = self._clock()
            record = Taken(via, channel, ts, message)
            if self.file is not None:
                with self.file.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(vars(record), ensure_ascii=False) + "\n")
                    out.flush()
                    os.fsync(out.fileno())
            self.messages.append(record)
            return ts

    def delete(self, ts: str) -> None:
        """Delete a message, and its thread with it."""
        self.messages = [one for one in self.messages if ts not in (one.ts, one.thread)]

    def too_soon(self, channel: str) -> bool:
        """Whether the channel had a message within `seconds`."""
        last = max((float(one.ts) for one in self.messages if one.channel == channel), default=0.0)
        return self.seconds > 0 and float(self._clock()) - last < self.seconds

    def _clock(self) -> str:
        last = float(self.messages[-1].ts) if self.messages else 0.0
        now = datetime.now(UTC).timestamp()  # noqa: TID251 - Slack has a clock of its own
        return f"{max(now, last + 0.0001):.6f}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeSlack

    def do_POST(self) -> None:
        """Route a request."""
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        path = urlsplit(self.path).path
        if path.startswith("/api/"):
            body = json.loads(raw) if "json" in self.headers["Content-Type"] else _form(raw)
            self._api(path.removeprefix("/api/"), body)
        else:
            self._webhook(path, json.loads(raw))

    def _webhook(self, path: str, body: dict[str, Any]) -> None:
        self.server.pings += pings(body)
        wrong = problems(body)
        if path != f"/services/{SECRET}":
            answer = Answer(404, body="no_service")
        elif wrong:
            answer = Answer(400, body=" ".join(wrong[0]))
        else:
            answer = Answer(200, body="ok", takes=True)
        self._answer(answer, lambda: self.server.take("webhook", CHANNEL, body))

    def _api(self, method: str, body: dict[str, Any]) -> None:
        self.server.asked.append((method, body))
        methods = {
            "chat.postMessage": self._post,
            "conversations.history": self._history,
            "conversations.replies": self._history,
        }
        error = self._refusal(method, body) if method in methods else {"error": "unknown_method"}
        answer = error or methods[method](body)
        status = 429 if answer.get("error") == "ratelimited" else 200
        headers = {"Retry-After": "1"} if status == 429 else {}
        takes = method == "chat.postMessage" and "error" not in answer
        said = Answer(status, headers, json.dumps({"ok": "error" not in answer, **answer}), takes=takes)
        self._answer(said, lambda: self.server.take("bot", body["channel"], body))

    def _refusal(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        server, channel = self.server, body.get("channel")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}" or server.token_error:
            return {"error": server.token_error or "invalid_auth"}
        needed = "chat:write" if method == "chat.postMessage" else "channels:history"
        if needed not in server.scopes:
            return {"error": "missing_scope", "needed": needed, "provided": ",".join(sorted(server.scopes))}
        if channel not in server.channels:
            return {"error": "not_in_channel" if channel in server.foreign else "channel_not_found"}
        thread = body.get("ts" if method == "conversations.replies" else "thread_ts")
        if thread and thread not in {one.ts for one in server.messages}:
            return {"error": "thread_not_found"}
        return {}

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        self.server.pings += pings(body)
        wrong = problems(body, "bot")
        if body["channel"] in self.server.archived:
            return {"error": "is_archived"}
        if self.server.too_soon(body["channel"]):
            return {"error": "ratelimited"}
        if wrong:
            return {"error": wrong[0][0], "response_metadata": {"messages": [why for _, why in wrong]}}
        return {"channel": body["channel"], "ts": "", "message": {"blocks": body["blocks"]}}

    def _history(self, body: dict[str, Any]) -> dict[str, Any]:
        thread, oldest = body.get("ts"), float(body.get("oldest", 0))
        found = [
            one
            for one in self.server.messages
            if one.channel == body["channel"] and float(one.ts) > oldest and _listed(one, thread)
        ]
        if thread is None:
            found.reverse()  # the newest first; a thread has its oldest first
        limit, start = int(body.get("limit", 100)), int(body.get("cursor", "next:0").partition(":")[2])
        page, more = found[start : start + limit], len(found) > start + limit
        cursor = f"next:{start + limit}" if more else ""
        with_metadata = body.get("include_all_metadata") in ("1", "true")
        messages = [_as_listed(one, with_metadata=with_metadata) for one in page]
        return {"messages": messages, "has_more": more, "response_metadata": {"next_cursor": cursor}}

    def _answer(self, usual: Answer, take: Any) -> None:
        """Say what Slack would, or what the test wrote."""
        answer = self.server.answers.pop(0) if self.server.answers else usual
        body = answer.body
        if answer.takes:
            ts = take()
            body = body.replace('"ts": ""', f'"ts": "{ts}"')
        if answer.status == 0:
            return  # the connection closes without an answer
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _form(raw: bytes) -> dict[str, Any]:
    return {name: values[0] for name, values in parse_qs(raw.decode()).items()}


def _listed(one: Taken, thread: str | None) -> bool:
    """Whether a message stands in the channel itself, or in a thread with the message that opened it."""
    if thread is None:
        return one.thread is None or bool(one.message.get("reply_broadcast"))
    return thread in (one.thread, one.ts)


def _as_listed(one: Taken, *, with_metadata: bool) -> dict[str, Any]:
    hidden = {"channel", "reply_broadcast"} | (set() if with_metadata else {"metadata"})
    kept = {key: value for key, value in one.message.items() if key not in hidden}
    return {"type": "message", "ts": one.ts, **kept}


@contextmanager
def fake_slack(*answers: Answer) -> Iterator[FakeSlack]:
    """A workspace on a free port of loopback, in a thread of this process."""
    with FakeSlack(list(answers)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def slack_process(file: Path) -> Iterator[int]:
    """The same in a process of its own, which outlives a killed sender; yields its port."""
    command = [sys.executable, "-m", "tests.alerts.slack_fake", "0", str(file)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def recorded(file: Path) -> list[Taken]:
    """What a process took, in order."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [Taken(**json.loads(line)) for line in lines]


def main() -> None:
    """Serve until the process is ended."""
    port, file = int(sys.argv[1]), Path(sys.argv[2])
    with FakeSlack([], port=port, file=file) as server:
        print(server.server_address[1], flush=True)  # noqa: T201 - whoever started it reads the port
        server.serve_forever()


if __name__ == "__main__":
    main()
