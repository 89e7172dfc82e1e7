"""Secrets (77): a canary in every credential, everything made to fail and to succeed, and then looked for everywhere.

The Prefect server of `rasid serve` is started once, for what it keeps (77) and for who can reach it (76).
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
import urllib.request
from base64 import b64encode, urlsafe_b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from aiosmtpd.smtp import AuthResult
from sqlalchemy import make_url, select

from rasid.app.alarm import alarm
from rasid.app.context import load_config
from rasid.app.metrics import serve_metrics
from rasid.cli.output import utc_now
from rasid.types import Channel
from storage.schema import metadata
from tests.alerts.servers import smtp_server
from tests.alerts.slack_fake import CHANNEL, SECRET, TOKEN, Answer, fake_slack
from tests.hostile.hostile_post import BOT, HOOK, LATER, Office, mail, office
from tests.storage.builders import NOW, digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.alerts.servers import Mailbox
    from tests.alerts.slack_fake import FakeSlack

ROOT = Path(__file__).resolve().parents[2]
PASSWORD, APPRISE, KEY, DATABASE, RELAY = (
    "canary-smtp-pässwörd/1",
    "canary-apprise-2",
    "canary-feedback-key-3",
    "canary-database-4",
    "canary-relay-user-5",
)
CANARIES = (PASSWORD, APPRISE, KEY, DATABASE, SECRET, TOKEN)
LOG_IN = f"username: {RELAY}, password_env: RASID_TEST_PASSWORD"
MORE_SETTINGS = f"""\
public_url: https://rasid.example.org
operators: {{channels: [{{slack: {HOOK}}}], collect_minutes: 60, delivery_minutes: 60}}
"""
COMMANDS = (
    ("deliveries", "--json"),
    ("deliveries",),
    ("doctor",),
    ("check", "--json"),
    ("health",),
    ("alarm", "--dry-run", "--json"),
    ("digest", "list", "--json"),
    ("digest", "show", "analysts-20260301T080000Z"),
    ("subscriptions", "list", "--json"),
    ("subscriptions", "who", "analysts", "--json"),
)


def forms(canary: str) -> set[bytes]:
    """A secret as it stands, as URLs, JSON and Python write it, and in base64."""
    plain = {
        canary,
        quote(canary, safe=""),
        json.dumps(canary)[1:-1],
        canary.encode("unicode_escape").decode(),
        repr(canary)[1:-1],
    }
    raw = canary.encode()
    return {form.encode() for form in plain} | {
        b64encode(raw),
        urlsafe_b64encode(raw),
        b64encode(f"\0{RELAY}\0{canary}".encode()),
    }


def found_in(content: bytes | str) -> list[str]:
    """The canaries that can be seen there."""
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
    return [canary for canary in CANARIES if any(form in raw for form in forms(canary))]


class _Elsewhere(ThreadingHTTPServer):
    """A service that apprise speaks to: refuses, or takes, and repeats in its answer what it was told."""

    daemon_threads = True
    status = 500
    taken = 0


class _ElsewhereHandler(BaseHTTPRequestHandler):
    server: _Elsewhere

    def do_POST(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken += self.server.status == 200
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(f"{self.path} {self.headers.get('Authorization')} {APPRISE}".encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def elsewhere() -> Iterator[_Elsewhere]:
    """It, on loopback."""
    with _Elsewhere(("127.0.0.1", 0), _ElsewhereHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@dataclass
class World:
    """An office with a secret in every lock, and servers that refuse, then take, and repeat what they were shown."""

    post: Office
    mailbox: Mailbox
    hook: FakeSlack
    slack: FakeSlack
    other: _Elsewhere
    unlocked: threading.Event  # the relay lets in who knows the password

    def mend(self) -> None:
        """From now on everything works."""
        self.other.status = 200
        self.hook.answers.clear()
        self.slack.answers.clear()
        self.unlocked.set()

    def worked(self) -> bool:
        """Whether something came through every lock."""
        return all((self.mailbox.taken, self.hook.taken, self.slack.taken, self.other.taken))


@contextmanager
def world(folder: Path, url: str, patch: pytest.MonkeyPatch, end: datetime = NOW) -> Iterator[World]:
    """One digest for four readers, and nothing that takes it yet."""
    # Each repeats what it was shown: the address, the header.
    of_hook = Answer(500, body=f"no POST /services/{SECRET} HTTP/1.1")
    of_bot = Answer(500, body=f"no Authorization: Bearer {TOKEN}")
    unlocked = threading.Event()

    def judge(_server: object, _session: object, _envelope: object, _kind: str, data: Any) -> AuthResult:
        if unlocked.is_set():
            return AuthResult(success=data.password.decode() == PASSWORD)
        return AuthResult(
            success=False, handled=False, message=f"535 5.7.8 {b64encode(data.password).decode()} is wrong"
        )

    log_in = {"authenticator": judge, "auth_require_tls": False}
    with (
        fake_slack(of_hook) as hook,
        fake_slack(of_bot) as slack,
        elsewhere() as other,
        smtp_server(**log_in) as (relay, box),
    ):
        post = office(folder, url, patch, smtp=relay, slack=int(slack.server_address[1]), backoff=0.1)
        path = post.folder / "settings.yaml"
        text = path.read_text(encoding="utf-8").replace("security: none", f"security: none, {LOG_IN}")
        path.write_text(text + MORE_SETTINGS, encoding="utf-8")
        patch.setenv(HOOK, hook.hook)
        patch.setenv("RASID_TEST_PASSWORD", PASSWORD)
        address = f"json://reader:{APPRISE}@127.0.0.1:{other.server_address[1]}/{APPRISE}"
        patch.setenv("RASID_TEST_APPRISE", address)
        patch.setenv("RASID_FEEDBACK_KEY", KEY)
        patch.delenv("STATE_DIRECTORY", raising=False)
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        post.freeze(
            mail("sara"),
            Channel("slack", (HOOK,)),
            Channel("slack_bot", (f"{BOT}:{CHANNEL}",)),
            Channel("apprise", ("RASID_TEST_APPRISE",)),
            one=digest(window_end=end),
            now=end,
        )
        yield World(post, box, hook, slack, other, unlocked)


def with_password(url: str) -> str:
    """The same database, its URL with a canary for a password; SQLite has none."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return url
    return parsed.set(password=DATABASE).render_as_string(hide_password=False)


def command(post: Office, *words: str, **more: str) -> str:
    """What a command says on both streams; its process has the secrets in its environment."""
    done = subprocess.run(
        [sys.executable, "-m", "rasid.cli", "--config", str(post.folder), *words],
        capture_output=True,
        cwd=ROOT,
        env=dict(os.environ, PYTHONWARNINGS="default", **more),
        timeout=180,
        check=False,
    )
    said = (done.stdout + done.stderr).decode("utf-8", "surrogateescape")
    assert "Traceback" not in said
    return said


def stored(post: Office) -> bytes:
    """All that the database holds: SQLite's files byte by byte, of PostgreSQL every row."""
    parsed = make_url(post.url)
    if parsed.get_backend_name() == "sqlite":
        place = Path(str(parsed.database))
        return b"".join(path.read_bytes() for path in place.parent.glob(f"{place.name}*") if path.is_file())
    with post.opened() as rasid, rasid.store._engine.connect() as connection:
        rows = [repr(connection.execute(select(table)).all()) for table in metadata.sorted_tables]
    return "\n".join(rows).encode("utf-8", "surrogateescape")


def test_077_the_search_finds_a_canary() -> None:
    """Else the tests below would prove nothing: in text, in URLs, in JSON, in what SMTP sends."""
    assert [PASSWORD] == found_in(f"535 {PASSWORD}")
    assert [PASSWORD] == found_in(f"https://x/{quote(PASSWORD, safe='')}")
    assert [PASSWORD] == found_in(json.dumps({"password": PASSWORD}))
    assert [PASSWORD] == found_in(b"AUTH PLAIN " + b64encode(f"\0{RELAY}\0{PASSWORD}".encode()))
    assert [SECRET] == found_in(f"http://127.0.0.1/services/{SECRET}".encode())


def test_077_no_secret_is_told_logged_or_kept(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Reports, logs at DEBUG, errors, every command's output, figures and the database, after failure and success."""
    told: dict[str, str | bytes] = {}
    with world(tmp_path, with_password(database_url), monkeypatch) as here, caplog.at_level(logging.DEBUG):
        post = here.post
        first = post.deliver()
        assert (0, 4) == (len(first.sent), len(first.failed) + len(first.retrying))
        told["errors"] = repr(first) + repr(post.rows())
        told["dry alarm"] = repr(alarm(post.folder, lambda: NOW + LATER, dry_run=True))
        for words in COMMANDS:
            told[f"failing: {' '.join(words)}"] = command(post, *words)
        here.mend()
        second = post.deliver(LATER)
        assert (4, (), ()) == (len(second.sent), second.failed, second.retrying)
        assert here.worked()
        told["reports"] = repr(second) + repr(post.rows()) + repr(load_config(post.folder))
        for words in (*COMMANDS, ("run",)):
            told[f"working: {' '.join(words)}"] = command(post, *words)
        told["metrics"] = scraped(post)
        told["digest page"] = command(post, "digest", "preview", "analysts", "--format", "html")
        told["database"] = stored(post)
        told["state"] = b"".join(
            path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()
        )
    # The tests' own SMTP server logs what it is told, as `mail.log`.
    ours = [record for record in caplog.records if not record.name.startswith("mail")]
    told["log"] = "\n".join(f"{record.getMessage()} {vars(record)!r}" for record in ours)
    assert {} == {where: found for where, said in told.items() if (found := found_in(said))}
    assert all(told[f"failing: {' '.join(words)}"] for words in COMMANDS)


def scraped(post: Office) -> bytes:
    """/metrics."""
    server = serve_metrics(post.folder, "127.0.0.1", 0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=30) as answer:
            page: bytes = answer.read()
    finally:
        server.shutdown()
        server.server_close()
    assert b"rasid_up 1.0" in page
    return page


@pytest.mark.parametrize("place", ["127.0.0.1:1", "nowhere.invalid:5432", "127.0.0.1:99999"])
def test_077_a_database_that_is_away_keeps_its_password(
    place: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No command that cannot open the database says how it tried to."""
    post = office(tmp_path, sqlite_url, monkeypatch)
    url = f"postgresql://rasid:{DATABASE}@{place}/rasid?connect_timeout=2"
    for words in (("run",), ("doctor",), ("deliveries",), ("health",), ("alarm", "--dry-run")):
        said = command(post, *words, RASID_TEST_DATABASE=url)
        assert said
        assert [] == found_in(said)


# ── Prefect ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the Prefect server that `rasid serve` starts, while it runs."""
    from flows.serve import _server

    home = tmp_path_factory.mktemp("prefect")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_API_URL", "")
        patch.setenv("PREFECT_HOME", str(home))
        patch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        patch.setenv("DO_NOT_TRACK", "1")
        with _server():
            yield home


@pytest.mark.prefect
@pytest.mark.xdist_group("prefect")
def test_076_the_server_of_rasid_serve_listens_on_loopback(prefect_home: Path) -> None:
    """Prefect's API has no login: the one that `rasid serve` starts can be reached from this machine alone."""
    assert prefect_home.is_dir()
    port = int(str(make_url(os.environ["PREFECT_API_URL"]).port))
    listening = [
        line.split()[1].partition(":")[0]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].partition(":")[2], 16) == port
    ]
    assert ["0100007F"] == listening


@pytest.mark.prefect
@pytest.mark.xdist_group("prefect")
def test_077_prefect_keeps_no_secret(
    prefect_home: Path, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs, parameters, states, artifacts and logs at DEBUG, of a flow that failed to deliver and of one that did."""
    program = "import sys; from flows.collect import collect; collect(config=sys.argv[1])"
    said = []
    with world(tmp_path, sqlite_url, monkeypatch, end=utc_now()) as here:
        for mended in (False, True):
            if mended:
                here.mend()
                time.sleep(1)  # past the back-off
            done = subprocess.run(
                [sys.executable, "-c", program, str(here.post.folder)],
                capture_output=True,
                cwd=ROOT,
                env=dict(os.environ, PREFECT_LOGGING_LEVEL="DEBUG", PREFECT_LOGGING_ROOT_LEVEL="DEBUG"),
                timeout=240,
                check=False,
            )
            assert 0 == done.returncode, done.stderr.decode()
            said.append(done.stdout + done.stderr)
        assert {"sent"} == set(here.post.states().values()), here.post.rows()
        assert here.worked()
    kept = b"".join(path.read_bytes() for path in prefect_home.rglob("*") if path.is_file())
    assert (
        b"sara@mail.example" in kept
    )  # who was sent something stands in Prefect's logs; with what secret does not
    assert [] == found_in(kept)
    assert [] == found_in(b"".join(said))
