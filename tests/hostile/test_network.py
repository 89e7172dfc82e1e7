"""Cases 1 to 15: addresses that must not be dialled, words that must not be said to strangers.

Every case counts what is really dialled: the interpreter tells of each `connect` of a socket, whoever makes it.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpcore
import pytest

from alerts import email, slack
from rasid.errors import FetchError, TransportError
from sources.connections import tls_context
from sources.http import Fetcher, HttpOptions
from tests.alerts.servers import smtp_server
from tests.alerts.slack_fake import fake_slack
from tests.hostile.hostile_press import Site, http, watch
from tests.sources.certificate import server_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rasid.types import Response

HERE = frozenset({"127.0.0.1"})
OPTIONS = HttpOptions(user_agent="Rasid/0 test", contact="https://rasid.example", delay=0.0, deadline=5.0)
_watched: list[list[Any]] = []


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        for log in _watched:
            log.append(arguments[1])


sys.addaudithook(_hear)  # there is no way to take one off again; it is silent while nobody watches


@contextmanager
def dials() -> Iterator[list[Any]]:
    """The addresses that anything in this process connects to meanwhile."""
    log: list[Any] = []
    _watched.append(log)
    try:
        yield log
    finally:
        _watched.remove(log)


def six() -> datetime:
    """A clock that stands at six."""
    return datetime(2025, 1, 1, 6, 0, tzinfo=UTC)


def fetch(url: str, *, allow: frozenset[str] = frozenset(), **validators: str) -> Response:
    """One fetch by a Fetcher of its own."""

    async def run() -> Response:
        async with Fetcher(replace(OPTIONS, allow_hosts=allow), clock=six) as fetcher:
            return await fetcher.get(url, **validators)

    return asyncio.run(run())


def refused(url: str, allow: frozenset[str] = frozenset()) -> tuple[FetchError, list[Any]]:
    """The error that a fetch ends in, and what it dialled."""
    with dials() as dialled, pytest.raises(FetchError) as caught:
        fetch(url, allow=allow)
    return caught.value, dialled


def not_dialled(url: str) -> None:
    """The address is refused for good, and no packet leaves."""
    error, dialled = refused(url)
    assert (True, []) == (error.permanent, dialled)


V4 = ("127.0.0.1", "10.1.2.3", "172.20.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0")
V6 = ("[::1]", "[fe80::1]", "[fc00::1]", "[fd12:3456::1]", "[ff02::1]")


@pytest.mark.parametrize("host", [*V4, *V6, "localhost"])
def test_001_private_addresses(host: str) -> None:
    """Loopback, private, link-local, unique local and multicast addresses get no packet."""
    not_dialled(f"http://{host}/")


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "127.1",
        "0",
        "0177.0.0.1",
        "127。0。0。1",
        "１２７.0.0.1",
        "127.0.0.1.",
    ],
)
def test_002_addresses_in_disguise(host: str) -> None:
    """A number that some readers take for an address is no host."""
    not_dialled(f"http://{host}/")


@pytest.mark.parametrize(
    "host", ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]", "[0:0:0:0:0:ffff:a00:1]"]
)
def test_003_mapped_addresses(host: str) -> None:
    """IPv4 within IPv6 is judged as the IPv4 address that it is."""
    not_dialled(f"http://{host}/")


@pytest.mark.parametrize(
    "host",
    [
        "[64:ff9b::7f00:1]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:7f00:1::]",
        "[::7f00:1]",
        "[2001:0:4136:e378::1]",
        "[fec0::1]",
    ],
)
def test_004_tunnels(host: str) -> None:
    """NAT64, 6to4, v4-compatible, Teredo and site-local addresses lead to no private one."""
    not_dialled(f"http://{host}/")


@pytest.mark.parametrize("host", ["100.64.0.1", "100.100.100.200", "100.127.255.254"])
def test_005_carrier_grade_nat(host: str) -> None:
    """100.64.0.0/10 holds metadata services of clouds."""
    not_dialled(f"http://{host}/")


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://100.100.100.200/",
        "//10.0.0.1/",
    ],
)
@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"])
def test_006_redirect_to_metadata(target: str, status: str) -> None:
    """A hop is refused as the address itself would be; only the site was dialled."""
    with Site({"/": http("", f"Location: {target}", status=status)}) as site:
        error, dialled = refused(site.url("/"), frozenset({f"127.0.0.1:{site.port}"}))
    assert (True, {("127.0.0.1", site.port)}) == ("allow_hosts" in error.reason, set(dialled))


class Recorder(httpcore.AsyncNetworkBackend):
    """Dials nothing, remembers what it was asked to dial: public addresses are nobody's to test with."""

    def __init__(self) -> None:
        self.dialled: list[str] = []

    async def connect_tcp(self, host: str, *_: object) -> httpcore.AsyncNetworkStream:
        """Refuse, having taken note."""
        self.dialled.append(host)
        raise httpcore.ConnectError


def named(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> tuple[list[str], FetchError]:
    """What is dialled for a name whose server gives these answers in turn, the last for ever; and the error."""
    turns = list(answers)

    def resolve(_host: object, port: int, *_args: object, **_more: object) -> list[Any]:
        addresses = turns.pop(0) if len(turns) > 1 else turns[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    recorder = Recorder()

    async def run() -> None:
        async with Fetcher(OPTIONS, clock=six) as fetcher:
            fetcher._exchange._connections._backend._inner = recorder
            await fetcher.get("http://news.example/")

    with pytest.raises(FetchError) as caught:
        asyncio.run(run())
    return recorder.dialled, caught.value


def test_007_dns_rebinding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer that was judged is the one dialled; a name that turns private meanwhile leads nowhere."""
    assert ["198.41.0.4"] == named(monkeypatch, ["198.41.0.4"], ["127.0.0.1"])[0]
    dialled, error = named(monkeypatch, ["127.0.0.1"], ["198.41.0.4"])
    assert ([], True) == (dialled, error.permanent)


def test_008_one_public_and_one_private_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a name with both, the public address alone is dialled, wherever it stands."""
    assert ["198.41.0.4"] == named(monkeypatch, ["10.0.0.1", "198.41.0.4", "127.0.0.1"])[0]


@pytest.mark.parametrize(
    "url",
    [
        r"http://169.254.169.254:8888\@news.example/",
        r"http://news.example\@169.254.169.254/",
        "http://news.example@127.0.0.1/",
        "http://user:canary@news.example/",
        "http://news.example\t.evil.example/",
        "http://127.0.0.1%00.news.example/",
    ],
)
def test_009_urls_with_two_readings(url: str) -> None:
    """What two readers could take for two hosts is not read, and no password is repeated."""
    not_dialled(url)
    assert "canary" not in str(refused(url)[0])


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:70/1", "data:,x"]
)
def test_010_redirect_to_another_scheme(target: str) -> None:
    """Redirects lead to http and https only."""
    with Site({"/": http("", f"Location: {target}", status="302 Found")}) as site:
        error, dialled = refused(site.url("/"), HERE)
    assert (True, True) == (error.permanent, "only http and https" in error.reason)
    assert {("127.0.0.1", site.port)} == set(dialled)


def test_011_private_redirects_are_never_a_feeds_address(tmp_path: Path) -> None:
    """Polled as often as one likes, a feed that moved for good to a private address keeps its own."""
    with Site({"/feed": http("", "Location: http://10.0.0.1/feed", status="301 Moved Permanently")}) as site:
        rasid = watch(tmp_path, site.url("/feed"))
        for _ in range(4):
            rasid.collect()
        state = rasid.state()
    assert (None, 0) == (state.moved_to, state.moves)
    assert state.error is not None
    assert "10.0.0.1" in state.error


@dataclass
class Listener:
    """A port that counts who comes."""

    port: int = 0
    came: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take note."""
        self.came.append(await reader.read(1_000))
        writer.close()


def test_012_the_environments_proxy_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither proxies nor netrc nor a webhook's proxy from the environment have a say."""
    proxy = Listener()

    async def run() -> Response:
        async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as listening:
            address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
            for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
                monkeypatch.setenv(name, address)
                monkeypatch.setenv(name.lower(), address)
            async with Fetcher(replace(OPTIONS, allow_hosts=HERE), clock=six) as fetcher:
                return await fetcher.get(site.url("/"))

    (tmp_path / "netrc").write_text("machine 127.0.0.1 login reader password canary\n", encoding="utf-8")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with Site({"/": http("x")}) as site:
        response = asyncio.run(run())
    assert (b"x", []) == (response.body, proxy.came)
    assert [] == [one for one in site.asked if "authorization" in one.headers]


def test_013_nothing_is_carried_to_another_host() -> None:
    """No cookie, no authorization, no referer is ever sent; validators stay with the site that they are of."""
    said = ("Set-Cookie: session=canary; Path=/", 'WWW-Authenticate: Basic realm="x"', 'ETag: "theirs"')
    with Site({"/": http("x", *said)}) as other, Site({}) as site:
        site.answers["/"] = http("", *said, "Location: /again", status="302 Found")
        site.answers["/again"] = http("", *said, f"Location: {other.url('/')}", status="302 Found")
        fetch(site.url("/"), allow=HERE, etag='"ours"', last_modified="Wed, 01 Jan 2025 00:00:00 GMT")
    always = {"host", "user-agent", "accept", "accept-language", "accept-encoding"}
    ours = [set(one.headers) - always for one in site.asked if one.path != "/robots.txt"]
    assert [{"if-none-match", "if-modified-since"}] * 2 == ours
    assert [always] * 2 == [set(one.headers) for one in other.asked]


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Path]:
    """A folder whose ca.pem is trusted while the test runs, once `server_context` has written it."""
    tls_context.cache_clear()
    yield tmp_path
    tls_context.cache_clear()


def test_014_a_downgrade_is_flagged(secure: Path) -> None:
    """A redirect from https to http is told, and is nothing to move a feed by, however permanent."""
    context = server_context(secure)
    tls_context().load_verify_locations(secure / "ca.pem")

    async def run() -> Response:
        async def moved(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
            gone = http("", f"Location: {site.url('/')}", status="301 Moved Permanently")
            writer.write(http(status="404 Not Found") if path == b"/robots.txt" else gone)
            writer.close()

        async with await asyncio.start_server(moved, "127.0.0.1", 0, ssl=context) as listening:
            port = listening.sockets[0].getsockname()[1]
            async with Fetcher(replace(OPTIONS, allow_hosts=HERE), clock=six) as fetcher:
                return await fetcher.get(f"https://127.0.0.1:{port}/")

    with Site({"/": http("x")}) as site:
        response = asyncio.run(run())
    assert (site.url("/"), True, None) == (response.final_url, response.downgraded, response.permanent_url)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1", "2130706433", "[::1]"]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_015_webhooks_lead_to_public_hosts(scheme: str, host: str) -> None:
    """A message is sent to no address of this machine or its network, and the error holds no secret."""
    with dials() as dialled, pytest.raises(TransportError, match="allow_hosts") as caught:
        slack.send(f"{scheme}://{host}:1/services/canary", [{"text": "x"}], timeout=5)
    assert (True, False, []) == (caught.value.permanent, caught.value.uncertain, dialled)
    assert "canary" not in str(caught.value)


def test_015_a_named_host_takes_webhooks() -> None:
    """The operator's word opens the one host that it names, and its address is all that is dialled."""
    with fake_slack() as server, dials() as dialled:
        port = server.server_address[1]
        message = {"text": "x", "blocks": [{"type": "divider"}]}
        slack.send(server.hook, [message], timeout=5, allow_hosts=frozenset({f"127.0.0.1:{port}"}))
        with pytest.raises(TransportError, match="allow_hosts"):
            slack.send(server.hook, [message], timeout=5, allow_hosts=frozenset({"127.0.0.1:1"}))
    assert ([message], [("127.0.0.1", port)]) == (server.taken, dialled)


def test_015_a_webhooks_name_is_judged_by_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A public name that leads to a private address is refused when it is dialled."""
    private = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: private)
    with dials() as dialled, pytest.raises(TransportError, match="allow_hosts"):
        slack.send("https://hooks.example/services/x", [{"text": "x"}], timeout=5)
    assert [] == dialled


def test_015_a_webhook_through_tls(secure: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is pinned, the certificate is checked against the name all the same."""
    context = server_context(secure)
    answer = http("ok")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.read(100)
        writer.write(answer)
        writer.close()

    async def run(host: str) -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as listening:
            hook = f"https://{host}:{listening.sockets[0].getsockname()[1]}/x"
            await asyncio.to_thread(slack.send, hook, [{"text": "x"}], 5, allow_hosts=HERE | {"localhost"})

    with pytest.raises(TransportError, match="no connection"):
        asyncio.run(run("127.0.0.1"))
    monkeypatch.setenv("SSL_CERT_FILE", str(secure / "ca.pem"))
    asyncio.run(run("127.0.0.1"))
    with pytest.raises(TransportError, match="no connection"):
        asyncio.run(run("localhost"))


def test_015_mail_goes_to_the_relay_and_nowhere_else() -> None:
    """The relay is named by the operator (smtp.host), which allows it wherever it stands; no other host is dialled.

    A recipient's domain is the relay's business: neither it nor a literal address in it is looked up or dialled.
    """
    with smtp_server() as (port, mailbox), dials() as dialled:
        options = email.SmtpOptions(
            host="127.0.0.1",
            port=port,
            security="none",
            username=None,
            password=None,
            sender="rasid@rasid.example",
            timeout=5,
        )
        email.send(options, "reader@[169.254.169.254]", b"Subject: x\r\n\r\nx\r\n")
    assert ({("127.0.0.1", port)}, 1) == (set(dialled), len(mailbox.taken))
