"""Any other channel: real apprise to real servers of this machine."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from alerts.others import send
from alerts.render import Rendered, render
from rasid.errors import TransportError
from tests.alerts.samples import NOW, rich
from tests.sources.certificate import server_context

others_sender = pytest.importorskip("alerts.others_sender", reason="the extra `others` is not installed")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Answer = tuple[int, dict[str, str], str]

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # by apprise, once it loads its mail

TOKEN = "AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
LOCAL = frozenset({"127.0.0.1"})
HOSTILE = (
    "\u200f\u2066H20\u2069 <b>عاجل</b> & *x* [a](http://x.example/a_b) @everyone <@U1> <at>علي</at>\n\n"
    "\u200fسطر ثان\n  https://tech.example/a_b?x=1&y=@everyone\n# ليس عنوانا"
)


class Service(ThreadingHTTPServer):
    """Takes whatever is posted; `answers` override its 200 in turn, 0 closes the connection without one."""

    daemon_threads = True

    def __init__(self, answers: list[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.taken = answers, []
        self.release = threading.Event()

    @property
    def place(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One message."""

    server: Service

    def do_POST(self) -> None:
        """Take it and answer."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        code, headers, text = self.server.answers.pop(0) if self.server.answers else (200, {}, "{}")
        if code == 200:
            self.server.taken.append((self.path, dict(self.headers), body))
        if code == 0:
            return
        if code == -1:  # one byte now and then, for ever
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            while not self.server.release.wait(0.2):
                self.wfile.write(b"x")
            return
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def service(*answers: Answer) -> Iterator[Service]:
    """A service on loopback."""
    with Service(list(answers)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.release.set()
            server.shutdown()
            thread.join()


def message(text: str = "خبر", subject: str = "راصد · نشرة الرقائق") -> Rendered:
    """A rendered digest."""
    return Rendered(subject=subject, html="", text=text, digest_id="analysts-1")


def refusal(address: str, **options: Any) -> TransportError:
    """The error that sending there ends in."""
    with pytest.raises(TransportError) as caught:
        send(address, message(), **{"timeout": 5.0, "allow_hosts": LOCAL} | options)
    return caught.value


def policy(error: TransportError) -> tuple[bool, bool, bool]:
    """What is to be done about it: permanent, uncertain, whole."""
    return error.permanent, error.uncertain, error.whole


# ── taken ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_webhook_gets_the_text_as_it_was_drawn():
    """Title and text arrive letter by letter, direction marks and what looks like markup included."""
    with service() as server:
        send(f"json://{server.place}/hook", message(HOSTILE), timeout=5.0, allow_hosts=LOCAL)
    ((path, _, body),) = server.taken
    assert "/hook" == path
    assert {"title": "راصد · نشرة الرقائق", "message": HOSTILE} == {
        key: value for key, value in json.loads(body).items() if key in ("title", "message")
    }


def test_a_real_digest_arrives_whole():
    """Every line that the plain text of a digest has is in what the service got."""
    drawn = render(rich(), now=NOW)
    with service() as server:
        send(f"json://{server.place}", drawn, timeout=5.0, allow_hosts=LOCAL)
    got = "\n".join(json.loads(body)["message"] for _, _, body in server.taken)
    assert drawn.text.split() == got.split()


def test_xml_is_well_formed_whatever_the_text():
    """The XML of a webhook gives the same text to a parser."""
    with service() as server:
        send(f"xml://{server.place}", message(HOSTILE), timeout=5.0, allow_hosts=LOCAL)
    found = etree.fromstring(server.taken[0][2].encode()).find(".//Message")
    assert found is not None
    assert HOSTILE == found.text


def test_ntfy_gets_parts_that_it_does_not_make_attachments_of():
    """A long Arabic text goes to ntfy in messages within its 4,096 bytes, all of it, in order."""
    text = "\n".join(f"\u200f{n} سطر من النشرة عن رقائق جديدة" for n in range(200))
    taken: list[int] = []
    with service() as server:
        send(
            f"ntfy://{server.place}/topic", message(text), timeout=5.0, allow_hosts=LOCAL, taken=taken.append
        )
    bodies = [json.loads(body) for _, _, body in server.taken]
    assert text.split() == [word for body in bodies for word in body["message"].split()]
    assert {"/"} == {path for path, _, _ in server.taken}
    assert max(len(body["message"].encode()) for body in bodies) <= 4096
    assert list(range(1, len(bodies) + 1)) == taken
    assert len(bodies) > 1


def test_a_possible_repeat_says_so_first():
    """The first line of a message that may come twice tells it, in the digest's language."""
    with service() as server:
        for text in ("خبر عن الرقائق", "News of chips"):
            send(f"json://{server.place}", message(text), timeout=5.0, allow_hosts=LOCAL, repeat=True)
    first = [json.loads(body)["message"].split("\n")[0] for _, _, body in server.taken]
    assert [
        "قد تكون هذه الرسالة مكررة: لم يصل تأكيد المحاولة السابقة.",
        "This may be a repeat: the earlier attempt was not confirmed.",
    ] == first


# ── not taken ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((500, {}, "down"), (False, False, False)),
        ((502, {}, "gateway"), (False, True, False)),
        ((400, {}, '{"description":"chat not found"}'), (True, False, False)),
        ((401, {}, ""), (True, False, True)),
        ((404, {}, ""), (True, False, True)),
        ((302, {"Location": "http://127.0.0.1:1/"}, ""), (True, False, False)),
        ((429, {"Retry-After": "17"}, ""), (False, False, True)),
        ((0, {}, ""), (False, True, False)),
    ],
)
def test_what_an_answer_means(answer: Answer, expected: tuple[bool, bool, bool]):
    """Each answer has its policy: permanent, uncertain, whole; nothing is sent twice by itself."""
    with service(answer) as server:
        error = refusal(f"json://{server.place}/{TOKEN}?retry=3&redirect=yes")
    assert expected == policy(error)
    assert [] == server.taken
    assert TOKEN not in str(error)


@pytest.mark.parametrize(
    ("headers", "body"), [({"Retry-After": "17"}, ""), ({}, '{"parameters":{"retry_after": 17}}')]
)
def test_a_service_that_asks_for_time_gets_it(headers: dict[str, str], body: str):
    """The seconds of a 429 are read from the header, or from the answer as Telegram and Discord give them."""
    with service((429, headers, body)) as server:
        assert 17.0 == refusal(f"json://{server.place}").retry_after


def test_what_the_service_says_is_told_without_the_secrets_that_it_repeats():
    """The answer's words are in the reason, the token that it quotes is not."""
    with service((400, {}, f"no such token {TOKEN} for chat")) as server:
        error = refusal(f"json://user:{TOKEN}@{server.place}/hook")
    assert "apprise: answered 400 no such token … for chat" == str(error)


def test_a_part_that_is_not_taken_ends_the_message():
    """Where the second of several parts is refused, no later one is sent, and all is uncertain."""
    text = "كلمة " * 20_000
    with service((200, {}, ""), (500, {}, "full")) as server, pytest.raises(TransportError) as caught:
        send(f"json://{server.place}", message(text), timeout=5.0, allow_hosts=LOCAL)
    assert (False, True, False) == policy(caught.value)
    assert 1 == len(server.taken)
    assert "apprise: answered 500 full (after 1 part of it had been taken)" == str(caught.value)


def test_nobody_there_is_no_uncertainty():
    """Where no connection comes about, nothing was sent, and the channel is what fails."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        error = refusal(f"json://127.0.0.1:{held.getsockname()[1]}/{TOKEN}")
    assert (False, False, True) == policy(error)
    assert "apprise: no connection: Connection refused" == str(error)


def test_a_server_that_dribbles_is_left():
    """An answer that comes byte by byte ends in an error, uncertain, and holds the sender for a bounded time."""
    begun = time.monotonic()
    with service((-1, {}, "")) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr("alerts.others._STARTING", 3.0)
        error = refusal(f"json://{server.place}", timeout=0.5)
    assert (False, True, False) == policy(error)
    assert time.monotonic() - begun < 15


# ── the address ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "address",
    [
        TOKEN,
        f"nonsense://{TOKEN}",
        f"https://tech.example/{TOKEN}",
        "file:///etc/passwd",
        "syslog://localhost",
        "dbus://",
        f"mailto://someone:{TOKEN}@mail.example",
        f"tgram://123456789:{TOKEN}/",
        f"tgram://123456789:{TOKEN}/-100123/-100456",
        f"tgram://{TOKEN}",
        f"discord://123456789012345678/{TOKEN}?template=/etc/passwd",
        f"json://tech.example/{TOKEN}?attach=/etc/passwd",
    ],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(address: str):
    """Only addresses of remote services for one chat are taken, without options that name files."""
    error = refusal(address)
    assert (True, False, True) == policy(error)
    assert TOKEN not in repr(error) + str(error)
    assert "passwd" not in str(error)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::1]", "0x7f000001"])
def test_no_private_host_is_dialled_unless_it_is_named(host: str):
    """However it is spelled, a host of this machine gets nothing, and the operator is told what to do (case 15)."""
    with service() as server:
        port = server.server_address[1]
        error = refusal(f"json://{host}:{port}/{TOKEN}", allow_hosts=frozenset())
    assert [] == server.taken
    assert error.permanent
    assert TOKEN not in str(error)


def test_the_guard_says_which_setting_names_a_private_host():
    """The reason names http.allow_hosts."""
    assert "http.allow_hosts" in str(refusal("ntfy://127.0.0.1/topic", allow_hosts=frozenset()))


def test_no_proxy_of_the_environment_sees_a_message(monkeypatch: pytest.MonkeyPatch):
    """A proxy that the environment names is not asked (case 12)."""
    with service() as proxy, service() as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://{proxy.place}")
        send(f"json://{server.place}", message(), timeout=5.0, allow_hosts=LOCAL)
    assert (0, 1) == (len(proxy.taken), len(server.taken))


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch):
    """Where apprise is not there, the message waits, and the reason says how to get it."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    error = refusal("json://127.0.0.1")
    assert (False, False, True) == policy(error)
    assert "pip install 'rasid[others]'" in str(error)


# ── services of fixed addresses, in this process, where apprise's own address can be replaced ─────


def deliver(address: str, text: str, title: str = "راصد") -> list[dict[str, object]]:
    """What is told of an order."""
    told: list[dict[str, object]] = []
    others_sender.deliver(others_sender.Order(address, title, text, 5.0, ("127.0.0.1",)), told.append)
    return told


@pytest.fixture
def redirected(monkeypatch: pytest.MonkeyPatch) -> Callable[[Service], None]:
    """Let Telegram and Discord be a server of this machine."""

    def at(server: Service) -> None:
        from apprise.plugins.discord import NotifyDiscord
        from apprise.plugins.telegram import NotifyTelegram

        monkeypatch.setattr(NotifyTelegram, "notify_url", f"http://{server.place}/bot")
        monkeypatch.setattr(NotifyDiscord, "notify_url", f"http://{server.place}/api/webhooks")

    return at


def test_telegram_shows_the_text_and_no_markup(redirected: Callable[[Service], None]):
    """To Telegram goes HTML in which all text from outside is escaped, empty lines kept, the title bold."""
    with service() as server:
        redirected(server)
        assert [{"sending": 1}, {"taken": 1}] == deliver(
            f"tgram://123456789:{TOKEN}/-100123", HOSTILE, "<i>راصد"
        )
    ((path, _, body),) = server.taken
    sent = json.loads(body)
    escaped = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert (f"/bot123456789:{TOKEN}/sendMessage", "HTML", -100123) == (
        path,
        sent["parse_mode"],
        sent["chat_id"],
    )
    assert f"<b>&lt;i&gt;راصد</b>\r\n{escaped}" == sent["text"].replace("\n\u2060\n", "\n\n")


def test_telegram_gets_long_texts_in_parts_within_its_limit(redirected: Callable[[Service], None]):
    """Each part keeps within 4,096 characters, and no entity is cut in two."""
    with service() as server:
        redirected(server)
        deliver(f"tgram://123456789:{TOKEN}/-100123", "رقائق&" * 1500)
    texts = [json.loads(body)["text"] for _, _, body in server.taken]
    assert "<b>راصد</b>\r\n" + "رقائق&amp;" * 1500 == "".join(texts)
    assert max(map(len, texts)) <= 4096
    assert all("&" not in text.replace("&amp;", "") for text in texts)


def test_discord_shows_stars_and_pings_nobody(redirected: Callable[[Service], None]):
    """To Discord goes text whose markup is escaped; no mention is whole, addresses can be followed."""
    with service() as server:
        redirected(server)
        deliver(f"discord://123456789012345678/{TOKEN}", HOSTILE)
    sent = json.loads(server.taken[0][2])
    assert "@everyone" not in sent["content"]
    assert "<@U1" not in sent["content"]
    assert "\\*x\\* \\[a\\](http://x.example/a_b)" in sent["content"]
    assert "https://tech.example/a_b?x=1&y=%40everyone" in sent["content"]
    assert "\n\\# ليس عنوانا" in sent["content"]
    assert "embeds" not in sent


def test_mattermost_gets_escaped_text():
    """A Mattermost server of one's own gets the same, through its webhook."""
    with service() as server:
        deliver(f"mmost://{server.place}/abcdefghijklmnopqrstuvwxyz", HOSTILE)
    ((path, _, body),) = server.taken
    assert "/hooks/abcdefghijklmnopqrstuvwxyz" == path
    assert "@everyone" not in json.loads(body)["text"]


def test_gotify_gets_plain_text():
    """Gotify shows a text without markup as it stands; its token is in no error."""
    with service() as server:
        deliver(f"gotify://{server.place}/AbCdEfGhIjKlMno", HOSTILE)
    sent = json.loads(server.taken[0][2])
    assert HOSTILE == sent["message"]
    assert "extras" not in sent


def test_teams_gets_a_card_without_mentions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A workflow of Teams gets a card over TLS: line breaks kept, markup escaped, nobody mentioned."""
    with service() as server:
        server.socket = server_context(tmp_path).wrap_socket(server.socket, server_side=True)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        deliver(f"workflows://{server.place}/{TOKEN}/{TOKEN}", HOSTILE)
    card = json.loads(server.taken[0][2])["attachments"][0]["content"]
    texts = [block["text"] for block in card["body"] if block["type"] == "TextBlock"]
    assert {"width": "full"} == card["msteams"]
    assert "راصد" == texts[0]
    assert "\\*x\\*" in texts[1]
    assert "<at>" not in texts[1]
    assert "\n\n\u200fسطر ثان\n\n" in texts[1]
