"""Readers' pages met with malice (75), and Prefect's server left open (76)."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from clitools import rasid
from sqlalchemy import select

from console.app import serving
from rasid.cli.output import utc_now
from rasid.feedback import sign
from storage.schema import metadata
from tests.hostile.hostile_post import mail, office
from tests.storage.builders import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hostile.hostile_post import Office

ROOT = Path(__file__).resolve().parents[2]
KEY = "a-key-of-the-tests-of-readers-pages"
PUBLIC = "https://rasid.example.org"
ACTIONS = ("unsubscribe", "mute/1", "wrong/1", "right/1/h20", "wrong/1/h20")
EVIL = "evil.example"


class Form(HTMLParser):
    """The first form of a page that is sent by POST."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what a browser would send: hidden fields, and the first choice of each set."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = found.get("method", "").lower() == "post" and not self.fields
        if self.inside and tag in ("input", "button") and found.get("name"):
            self.fields.setdefault(found["name"], found.get("value", ""))


@dataclass
class Site:
    """The readers' pages on a port of loopback, over an office with one delivery that went to two readers."""

    post: Office
    http: httpx.Client
    tokens: tuple[str, str]

    def kept(self) -> str:
        """Everything that the database holds."""
        with self.post.opened() as opened, opened.store._engine.connect() as connection:
            tables = [
                one for one in metadata.sorted_tables if not one.name.endswith("_words")
            ]  # of the search
            return "\n".join(repr(connection.execute(select(one)).all()) for one in tables)

    def form(self, action: str, token: str | None = None) -> dict[str, str]:
        """What the page of an action would send."""
        page = self.http.get(f"/r/{token or self.tokens[0]}/{action}")
        assert 200 == page.status_code
        fields = Form(page.text).fields
        assert fields
        return fields


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """It."""
    with opened(sqlite_url, tmp_path, monkeypatch) as found:
        yield found


@contextmanager
def opened(url: str, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Serve."""
    patch.setenv("RASID_FEEDBACK_KEY", KEY)
    post = office(folder, url, patch)
    settings = post.folder / "settings.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + f"public_url: {PUBLIC}\n", encoding="utf-8")
    post.freeze(mail("sara", "omar"), one=digest(window_end=utc_now()))
    until = utc_now() + timedelta(days=1)
    first, second = (sign(KEY.encode(), row.id, until) for row in post.rows())
    with serving(post.folder, "127.0.0.1", 0) as address, httpx.Client(base_url=address, timeout=30) as http:
        yield Site(post, http, (first, second))


@pytest.mark.parametrize("action", ACTIONS)
def test_075_only_a_form_sent_off_changes_anything(site: Site, action: str) -> None:
    """Whatever a mail scanner, a prefetching browser or a crawler does, GET and its kin change nothing."""
    before = site.kept()
    address = f"/r/{site.tokens[0]}/{action}"
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"):
        site.http.request(method, address)
        site.http.request(method, address, params={"proof": "x", "List-Unsubscribe": "One-Click"})
    site.http.get(address, params=site.form(action))  # even with all that the form would send
    assert before == site.kept()
    answer = site.http.post(address, data=site.form(action))
    assert answer.status_code < 400
    assert before != site.kept()  # so the form does work


@pytest.mark.parametrize("action", ACTIONS)
def test_075_a_form_of_somebody_else_is_refused(site: Site, action: str) -> None:
    """A POST from another site has no proof, or that of another action or of another reader: nothing happens."""
    before = site.kept()
    address = f"/r/{site.tokens[0]}/{action}"
    other = next(one for one in ACTIONS if one != action)
    without = dict.fromkeys(site.form(action), "")
    for fields in ({}, without, site.form(other), site.form(action, site.tokens[1])):
        answer = site.http.post(address, data=fields, headers={"Origin": f"https://{EVIL}"})
        assert 400 <= answer.status_code < 500
    assert before == site.kept()


def test_075_one_click_unsubscribes_and_nothing_more(site: Site) -> None:
    """RFC 8058's POST needs no page, and is good for that one address alone."""
    one_click = {"List-Unsubscribe": "One-Click"}
    before = site.kept()
    for action in ACTIONS[1:]:
        assert 400 <= site.http.post(f"/r/{site.tokens[0]}/{action}", data=one_click).status_code < 500
    assert before == site.kept()
    assert site.http.post(f"/r/{site.tokens[0]}/unsubscribe", data=one_click).status_code < 400
    with site.post.opened() as rasid:
        assert ["sara@mail.example"] == [who for _, who, _ in rasid.store.unsubscribed("analysts")]


@pytest.mark.parametrize(
    "path",
    [
        "/r/{token}/unsubscribe?next=https://evil.example/",
        "/r/{token}?url=//evil.example&redirect=https://evil.example&return_to=//evil.example",
        "/r/{token}//evil.example",
        "/r/{token}/https://evil.example",
        "//evil.example/r/{token}",
        "/%2f%2fevil.example/",
        "/\\evil.example/",
        "/r/{token}/",
        "/r/{token}/mute/1/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_075_no_address_leads_elsewhere(site: Site, path: str, method: str) -> None:
    """No parameter, path or Host header makes a redirect, a link or a form to another site."""
    address = path.replace("{token}", site.tokens[0])
    forged = {
        "Host": EVIL,
        "X-Forwarded-Host": EVIL,
        "X-Forwarded-Proto": "https",
        "Referer": f"https://{EVIL}/",
    }
    for headers in ({}, forged):
        answer = site.http.request(method, str(site.http.base_url).rstrip("/") + address, headers=headers)
        assert EVIL not in answer.headers.get("location", "")
        assert "refresh" not in answer.headers
        assert [] == re.findall(rf"""(?:href|action|src|content)\s*=\s*["']?[^"'>]*{EVIL}""", answer.text)


@pytest.mark.parametrize("spoiled", ["flipped", "short", "long", "expired", "other key", "traversal"])
def test_075_a_token_that_is_none_opens_nothing(site: Site, spoiled: str) -> None:
    """A guessed, cut, lengthened or expired token shows nothing of a digest and changes nothing."""
    token, key = site.tokens[0], KEY.encode()
    tokens = {
        "flipped": token[:20] + ("A" if token[20] != "A" else "B") + token[21:],
        "short": token[:-1],
        "long": f"{token}A",
        "expired": sign(key, site.post.rows()[0].id, utc_now() - timedelta(minutes=2)),
        "other key": sign(key[::-1], site.post.rows()[0].id, utc_now() + timedelta(days=1)),
        "traversal": "../" * 13 + "x",
    }
    before = site.kept()
    for action in ("", *(f"/{one}" for one in ACTIONS)):
        for method in ("GET", "POST"):
            answer = site.http.request(method, f"/r/{tokens[spoiled]}{action}", data=None)
            assert 400 <= answer.status_code < 500
            assert "كشفت" not in answer.text
            assert "sara@" not in answer.text
    assert before == site.kept()


def test_075_another_deliverys_story_cannot_be_acted_on(site: Site) -> None:
    """A token is good for what its own digest holds: other stories, articles and terms are not there."""
    before = site.kept()
    for action in (
        "mute/999",
        "wrong/999",
        "wrong/1/kunlun",
        "right/999/h20",
        "mute/-1",
        "mute/1e3",
        "mute/٣",
    ):
        for method in ("GET", "POST"):
            answer = site.http.request(method, f"/r/{site.tokens[0]}/{action}")
            assert 400 <= answer.status_code < 500
    assert before == site.kept()


def test_075_pages_are_kept_by_nobody(site: Site) -> None:
    """No cookie is set, no page is cached, framed or indexed, no link tells another site where it came from."""
    answer = site.http.get(f"/r/{site.tokens[0]}")
    assert 200 == answer.status_code
    assert "set-cookie" not in answer.headers
    assert "no-store" in answer.headers["cache-control"]
    assert "no-referrer" == answer.headers["referrer-policy"]
    assert "noindex" in answer.headers["x-robots-tag"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text


# ── 76 ────────────────────────────────────────────────────────────────────────────────────────────


def test_076_the_docs_say_loopback_or_a_password() -> None:
    """docs/running.md tells both ways, and which variable holds the password."""
    text = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    assert "prefect server start --host 127.0.0.1" in text
    assert "PREFECT_SERVER_API_AUTH_STRING" in text
    assert "0.0.0.0" not in text


@pytest.mark.parametrize(
    ("url", "login", "warned"),
    [
        ("http://203.0.113.7:4200/api", None, True),
        ("http://prefect.example.org:4200/api", None, True),
        (
            "http://prefect.example.org:4200/api",
            "rasid:secret-canary",
            True,
        ),  # over http the password can be read
        ("https://prefect.example.org/api", None, True),
        ("https://prefect.example.org/api", "rasid:secret-canary", False),
        ("http://127.0.0.1:4200/api", None, False),
        ("http://localhost:4200/api", None, False),
        ("http://[::1]:4200/api", None, False),
        (None, None, False),
    ],
)
def test_076_doctor_warns_of_a_server_that_is_open(
    url: str | None,
    login: str | None,
    warned: bool,
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A Prefect server elsewhere without TLS or without a password is told of, with what to do; the password is not."""
    post = office(tmp_path, sqlite_url, monkeypatch)
    for name, value in (("PREFECT_API_URL", url), ("PREFECT_API_AUTH_STRING", login)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    done = rasid("--config", str(post.folder), "doctor", cwd=tmp_path)
    told = done.stdout + done.stderr
    assert warned is ("PREFECT_API_URL" in told)
    assert "secret-canary" not in told
