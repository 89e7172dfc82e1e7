"""Readers' pages on a real server: what browsers, mail programs and feed readers are given. Malice: tests/hostile."""

from __future__ import annotations

import http.client
import logging
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import feedparser
import httpx
import pytest

from console.app import build, serving
from console.forms import MAX_BYTES, parsed
from console.pages import STYLE, trouble
from demo.pictures import chromium, laid_out
from rasid.cli.output import utc_now
from rasid.feedback import feed_key, sign
from rasid.types import Channel
from tests.hostile.hostile_post import mail, office
from tests.storage.builders import article, digest, mention, stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rasid.types import Digest
    from tests.hostile.hostile_post import Office

KEY = b"a-key-of-the-tests-of-pages"
PUBLIC = "https://rasid.example/news"
PAGES = ("unsubscribe", "mute/1", "wrong/1", "right/1/h20", "wrong/1/h20")


class Fields(HTMLParser):
    """What the form of a page would send."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep every input."""
        given = {name: value or "" for name, value in attrs}
        if tag == "input":
            self.found.append((given["name"], given["value"]))

    def of(self, name: str) -> list[str]:
        """The values under one name."""
        return [value for each, value in self.found if each == name]


@dataclass
class Site:
    """Readers' pages over an office."""

    post: Office
    http: httpx.Client

    def token(self, at: int = 0, later: timedelta = timedelta(days=1)) -> str:
        """The token of a row of the outbox."""
        return sign(KEY, self.post.rows()[at].id, utc_now() + later)

    def send(self, address: str, **fields: str) -> httpx.Response:
        """Open a page and press its button, the first choice made."""
        page = Fields(self.http.get(address).text)
        form = {name: page.of(name)[0] for name in ("choice", "proof") if page.of(name)}
        return self.http.post(address, data=form | fields)


@contextmanager
def site(
    url: str, folder: Path, patch: pytest.MonkeyPatch, *channels: Channel, one: Digest | None = None
) -> Iterator[Site]:
    """Serve the digest of an office to its readers."""
    patch.setenv("RASID_FEEDBACK_KEY", KEY.decode())
    post = office(folder, url, patch)
    settings = post.folder / "settings.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + f"public_url: {PUBLIC}/\n", encoding="utf-8")
    post.freeze(*(channels or (mail("sara", "omar"),)), one=one or digest(window_end=utc_now()))
    with serving(post.folder, "127.0.0.1", 0) as address, httpx.Client(base_url=address, timeout=30) as http:
        yield Site(post, http)


@pytest.fixture
def pages(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The usual one: an Arabic digest for two."""
    with site(sqlite_url, tmp_path, monkeypatch) as found:
        yield found


# ── what a reader sees ────────────────────────────────────────────────────────────────────────────


def test_the_digest_is_there_in_full(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of two hundred stories stand in it, with this reader's own links and no one else's."""
    many = digest(window_end=utc_now())
    stories = tuple(
        replace(many.stories[0], story_id=number, headline=f"خبر رقم {number} عن هواوي")
        for number in range(1, 201)
    )
    with site(sqlite_url, tmp_path, monkeypatch, one=replace(many, stories=stories)) as found:
        token = found.token()
        answer = found.http.get(f"/r/{token}")
    assert 200 == answer.status_code
    assert "text/html; charset=utf-8" == answer.headers["content-type"]
    assert all(f"خبر رقم {number} " in answer.text for number in range(1, 201))
    links = set(re.findall(r'href="([^"]*/r/[^"]*)"', answer.text))
    assert links >= {f"{PUBLIC}/r/{token}/unsubscribe", f"{PUBLIC}/r/{token}/mute/200"}
    assert all(link.startswith(f"{PUBLIC}/r/{token}") for link in links)


def test_leaving_is_asked_for_done_and_told(pages: Site) -> None:
    """The page asks with the shortened address; the button does it; asked for again it is found to be done."""
    address = f"/r/{pages.token()}/unsubscribe"
    asked = pages.http.get(address).text
    assert "s…@mail.example" in asked
    assert "sara" not in asked
    assert "أُلغي الاشتراك" in pages.send(address).text
    again = pages.http.get(address).text
    assert "الاشتراك ملغى من قبل" in again
    assert "<form" not in again
    one_click = pages.http.post(address, data={"List-Unsubscribe": "One-Click"})
    assert (200, True) == (one_click.status_code, "الاشتراك ملغى من قبل" in one_click.text)
    with pages.post.opened() as rasid:
        assert ["sara@mail.example"] == [who for _, who, _ in rasid.store.unsubscribed("analysts")]


@pytest.mark.parametrize("how", ["form", "multipart"])
def test_mail_programs_leave_with_one_click_in_either_way(pages: Site, how: str) -> None:
    """RFC 8058's body comes as a form's, or in parts; both without the page's proof."""
    address, field = f"/r/{pages.token()}/unsubscribe", {"List-Unsubscribe": "One-Click"}
    if how == "form":
        answer = pages.http.post(address, data=field)
    else:
        answer = pages.http.post(address, files={"List-Unsubscribe": (None, "One-Click")})
    assert (200, True) == (answer.status_code, "أُلغي الاشتراك" in answer.text)


def test_a_story_is_muted_for_as_long_as_was_chosen(pages: Site) -> None:
    """The days are told; another press says that it is done; a longer choice is taken."""
    address = f"/r/{pages.token()}/mute/1"
    assert ["7", "30", "end"] == Fields(pages.http.get(address).text).of("choice")
    assert "كُتمت القصة" in pages.send(address).text
    assert "مكتومة من قبل" in pages.send(address).text
    assert "لن تُذكر لك ما دامت مستمرة" in pages.send(address, choice="end").text
    with pages.post.opened() as rasid:
        assert 2 == len(rasid.store.mutes(utc_now()))


def test_a_wrong_match_becomes_a_proposal_and_nothing_more(pages: Site) -> None:
    """The reader picks the name in its sentence; the watchlist is as it was; the second time it is said already."""
    address, lists = f"/r/{pages.token()}/wrong/1", pages.post.folder / "watchlists" / "chips.yaml"
    before = lists.read_bytes()
    asked = pages.http.get(address).text
    assert 1 == len(Fields(asked).of("choice"))
    assert '<span class="hit">إنفيديا</span>' in asked
    assert "شكرًا لك" in pages.send(address).text
    assert "من قبل" in pages.send(address).text
    with pages.post.opened() as rasid:
        found = [(one.term, one.match, one.text, one.who) for one in rasid.store.proposals()]
    assert [("nvidia", False, "كشفت إنفيديا عن معالج.", "email sara@mail.example")] == found
    assert before == lists.read_bytes()


@pytest.mark.parametrize("side", ["right", "wrong"])
def test_an_uncertain_mention_is_judged(pages: Site, side: str) -> None:
    """Right proposes an example that must match, wrong one that must not."""
    assert "شكرًا لك" in pages.send(f"/r/{pages.token()}/{side}/1/h20").text
    with pages.post.opened() as rasid:
        assert [("h20", side == "right")] == [(one.term, one.match) for one in rasid.store.proposals()]


@pytest.mark.parametrize("choice", ["", "8", "end ", "0" * 16])
def test_a_choice_that_is_none_is_asked_for_again(pages: Site, choice: str) -> None:
    """The page comes back with what is missing; nothing was done."""
    for name in ("mute/1", "wrong/1"):
        answer = pages.send(f"/r/{pages.token()}/{name}", choice=choice)
        assert 400 == answer.status_code
        assert "اختر واحدًا مما يلي" in answer.text
        assert "<form" in answer.text
    with pages.post.opened() as rasid:
        assert ([], []) == (rasid.store.mutes(utc_now()), rasid.store.proposals())


def test_a_channel_is_told_that_the_link_is_everybodys(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is a click for one is a click for all in a channel, in the digest's language; no NAME is shown."""
    english = replace(digest(window_end=utc_now()), language="en", name="Chips <b>& more</b>")
    with site(
        sqlite_url, tmp_path, monkeypatch, Channel("slack", ("RASID_TEST_HOOK",)), one=english
    ) as found:
        text = found.http.get(f"/r/{found.token()}/unsubscribe").text
    assert '<html lang="en" dir="ltr">' in text
    assert "the Slack channel" in text
    assert "everyone in the channel" in text
    assert "RASID_TEST_HOOK" not in text
    assert "Chips &lt;b&gt;&amp; more&lt;/b&gt;" in text


# ── what HTTP is told ─────────────────────────────────────────────────────────────────────────────


def test_every_answer_carries_the_same_guards(pages: Site) -> None:
    """Whatever it is, found or refused: not kept, not indexed, not framed, no scripts, no cookies, one policy."""
    token = pages.token()
    asked = [("GET", f"/r/{token}/{name}") for name in PAGES]
    asked += [("GET", "/"), ("GET", "/r/x"), ("PUT", f"/r/{token}"), ("POST", f"/r/{token}/mute/1")]
    for method, address in asked:
        answer = pages.http.request(method, address)
        assert "no-store" == answer.headers["cache-control"]
        assert "no-referrer" == answer.headers["referrer-policy"]
        assert "noindex, nofollow" == answer.headers["x-robots-tag"]
        assert "nosniff" == answer.headers["x-content-type-options"]
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "style=" not in answer.text  # the policy would not let it through
        assert f"<style>{STYLE}</style>" in answer.text
        assert {"set-cookie", "server", "location"}.isdisjoint(answer.headers)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_taken(pages: Site, method: str) -> None:
    """They get 405 and the methods that are, as does a POST to the digest itself."""
    address = f"/r/{pages.token()}"
    answer = pages.http.request(method, f"{address}/mute/1")
    assert (405, {"GET", "HEAD", "POST"}) == (answer.status_code, set(answer.headers["allow"].split(", ")))
    assert 405 == pages.http.post(address).status_code


def test_head_is_get_without_the_page(pages: Site) -> None:
    """What a link scanner asks first is answered alike, for a page and for a digest."""
    for name in ("", *(f"/{one}" for one in PAGES)):
        address = f"/r/{pages.token()}{name}"
        head, get = pages.http.head(address), pages.http.get(address)
        assert (200, 200, "") == (head.status_code, get.status_code, head.text)
        assert head.headers["content-security-policy"] == get.headers["content-security-policy"]


def test_an_old_link_says_so_and_a_foreign_one_nothing(pages: Site) -> None:
    """Expired: told in both languages, without a word of the digest. None of ours: the same page as any address."""
    old = pages.http.get(f"/r/{pages.token(later=-timedelta(minutes=2))}/unsubscribe")
    assert 410 == old.status_code
    assert "انتهت مدة هذا الرابط" in old.text
    assert "The time of this link is over" in old.text
    assert trouble(410) == old.text
    nothing = {
        pages.http.get(address).text for address in ("/", "/r/x", f"/r/{'A' * 40}/mute/1", "/feeds/x/y.rss")
    }
    assert {trouble(404)} == nothing


@pytest.mark.parametrize("told", [True, False])
def test_a_body_beyond_the_limit_is_not_read(pages: Site, told: bool) -> None:
    """Whether its length is told beforehand or not, 16 kB are taken and no more; nothing is done."""
    place = urlsplit(str(pages.http.base_url))
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    body = b"List-Unsubscribe=One-Click&x=" + b"x" * MAX_BYTES
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    address = f"/r/{pages.token()}/unsubscribe"
    if told:
        connection.request("POST", address, body, headers)
    else:
        connection.request("POST", address, iter([body[:9000], body[9000:]]), headers, encode_chunked=True)
    assert 413 == connection.getresponse().status
    connection.close()
    with pages.post.opened() as rasid:
        assert [] == rasid.store.unsubscribed("analysts")


@pytest.mark.parametrize(
    ("kind", "body", "found"),
    [
        ("application/x-www-form-urlencoded", b"a=1&b=%D8%B1&a=2", {"a": "1", "b": "ر"}),
        ("application/x-www-form-urlencoded; charset=utf-8", b"a=1&b=\xff", {"a": "1", "b": "\ufffd"}),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(50)), {}),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
            {"a": "1"},
        ),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n--x", {}),
        ("multipart/form-data", b"--x", {}),
        ("text/plain", b"a=1", {}),
        ("application/json", b'{"a": 1}', {}),
        ("", b"a=1", {}),
    ],
)
def test_forms_are_read_and_nothing_else(kind: str, body: bytes, found: dict[str, str]) -> None:
    """Both ways in which forms are sent; of two fields of one name the first; of anything else nothing."""
    assert found == parsed(kind, body)


# ── what goes wrong behind it ─────────────────────────────────────────────────────────────────────


def test_a_database_that_is_away_is_told_in_words(
    pages: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """503 with a time to come back, for the reader; the reason, for the operator; no database is made."""
    token = pages.token()
    gone = tmp_path / "gone.sqlite"
    monkeypatch.setenv("RASID_TEST_DATABASE", f"sqlite:///{gone}")
    answer = pages.http.post(f"/r/{token}/unsubscribe", data={"List-Unsubscribe": "One-Click"})
    assert (503, "300") == (answer.status_code, answer.headers["retry-after"])
    assert "راصد متوقف الآن" in answer.text
    assert not gone.exists()
    assert "no database yet" in capfd.readouterr().err


def test_a_fault_in_another_file_keeps_no_reader_from_leaving(pages: Site) -> None:
    """An operator's slip in feeds.yaml stops a run, not this; in settings.yaml nothing can be known: 503."""
    token = pages.token()
    (pages.post.folder / "feeds.yaml").write_text("feeds: {", encoding="utf-8")
    assert "أُلغي الاشتراك" in pages.send(f"/r/{token}/unsubscribe").text
    (pages.post.folder / "settings.yaml").write_text("database: [", encoding="utf-8")
    assert 503 == pages.http.get("/r/x").status_code


def test_a_fault_of_our_own_shows_nothing(
    pages: Site, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """500 in words, with the guards of every page, and without the error's own words."""

    def broken(*_: object, **__: object) -> None:
        raise ValueError("secret-words")

    monkeypatch.setattr("console.app.render", broken)
    token = pages.token()
    answer = pages.http.get(f"/r/{token}")
    assert (500, trouble(503)) == (answer.status_code, answer.text)
    assert "no-store" == answer.headers["cache-control"]
    assert token not in capfd.readouterr().err


def test_no_token_is_logged(
    pages: Site, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither stdout, nor stderr, nor any logger of the process names an address that was asked for."""
    token = pages.token()
    with caplog.at_level(logging.INFO, "uvicorn"), caplog.at_level(logging.INFO, "starlette"):
        for name in ("", *(f"/{one}" for one in PAGES), "/nothing"):
            pages.http.get(f"/r/{token}{name}")
            pages.http.post(f"/r/{token}{name}")
    shown = capfd.readouterr()
    server = [
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    ]
    assert token not in shown.out + shown.err + " ".join(server)


def test_without_a_key_there_is_nothing(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links that were given under a key that is gone open nothing, and feeds neither."""
    with site(sqlite_url, tmp_path, monkeypatch) as found:
        address, feed = f"/r/{found.token()}", f"/feeds/{feed_key(KEY, 'chips')}/chips.rss"
        assert [200, 200] == [found.http.get(one).status_code for one in (address, feed)]
        monkeypatch.delenv("RASID_FEEDBACK_KEY")
        assert [404, 404] == [found.http.get(one).status_code for one in (address, feed)]


def test_a_port_that_is_taken_is_an_error_at_once(pages: Site) -> None:
    """`rasid serve` goes on without the pages; so it must be told."""
    with (
        pytest.raises(OSError, match="in use"),
        serving(pages.post.folder, "127.0.0.1", pages.http.base_url.port or 0),
    ):
        pass


# ── feeds ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("ending", ["rss", "atom", "json"])
@pytest.mark.parametrize("name", ["chips", "stories/1"])
def test_feeds_are_served_to_those_who_know_the_address(pages: Site, name: str, ending: str) -> None:
    """Each in its media type, with its own address in it; not changed: 304 without a body, by either validator."""
    with pages.post.opened() as rasid:
        now = utc_now()
        stored(rasid.store, article(published=now, first_seen=now), mention(), now=now)
    address = f"/feeds/{feed_key(KEY, name)}/{name}.{ending}"
    answer = pages.http.get(address)
    assert 200 == answer.status_code
    kind = {"rss": "rss+xml", "atom": "atom+xml", "json": "feed+json"}[ending]
    assert f"application/{kind}; charset=utf-8" == answer.headers["content-type"]
    assert f"{PUBLIC}{address}" in answer.text
    if ending != "json":
        assert not feedparser.parse(answer.content).bozo
    for header, value in (("If-None-Match", f'"x", W/{answer.headers["etag"]}'), ("If-None-Match", "*")):
        again = pages.http.get(address, headers={header: value})
        assert (304, b"") == (again.status_code, again.content)
    later = pages.http.get(address, headers={"If-Modified-Since": answer.headers["last-modified"]})
    assert 304 == later.status_code
    assert 200 == pages.http.get(address, headers={"If-None-Match": '"other"'}).status_code


def test_a_feeds_address_opens_that_feed_alone(pages: Site) -> None:
    """Another list, another story, another format or a reader's token in the key's place: nothing is there."""
    key = feed_key(KEY, "chips")
    addresses = (
        f"/feeds/{key}/firms.rss",
        f"/feeds/{key}/stories/1.rss",
        f"/feeds/{key}/chips.html",
        f"/feeds/{key}/chips.rss.rss",
        f"/feeds/{feed_key(KEY, 'stories/99')}/stories/99.rss",
        f"/feeds/{feed_key(KEY, 'gone')}/gone.rss",
        f"/feeds/{pages.token()}/chips.rss",
        f"/feeds/{key[:-1]}/chips.rss",
        "/feeds//chips.rss",
    )
    assert [404] * len(addresses) == [pages.http.get(one).status_code for one in addresses]
    assert 405 == pages.http.post(f"/feeds/{key}/chips.rss").status_code


# ── how it looks ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_pages_fit_a_telephone(pages: Site, tmp_path: Path, name: str) -> None:
    """At 375 px nothing has to be scrolled sideways."""
    if chromium() is None:
        pytest.skip("no chromium on this machine")
    shown = tmp_path / "page.html"
    shown.write_text(pages.http.get(f"/r/{pages.token()}/{name}").text, encoding="utf-8")
    assert laid_out(shown, width=375).width <= 375


def test_the_application_redirects_nowhere(tmp_path: Path) -> None:
    """Starlette's own redirect of a last slash is off: it would put the Host header into an address."""
    assert not build(tmp_path).router.redirect_slashes
