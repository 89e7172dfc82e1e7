"""Cases 57–61: servers that lie about change, leave, move or shut us out, against the whole collect."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rasid.cli.files import diagnose
from tests.hostile.hostile_press import NOT_FOUND, Site, Watch, http, item, page, rss, watch

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
XML = "Content-Type: application/rss+xml"
GONE = http(status="410 Gone")
BROKEN = http(status="500 Internal Server Error")


@pytest.fixture
def site() -> Iterator[Site]:
    """A site with pages for three articles."""
    titles = {f"/{name}": f"إنفيديا تعرض معالجا {name}" for name in ("first", "second", "third")}
    pages = {
        path: http(page(title), "Content-Type: text/html; charset=utf-8") for path, title in titles.items()
    }
    with Site(dict(pages)) as served:
        yield served


def feed(site: Site, *names: str, headers: tuple[str, ...] = ()) -> bytes:
    """A feed of these articles, as a whole answer."""
    items = (item(site.url(f"/{name}"), f"إنفيديا تعرض معالجا {name}") for name in names)
    return http(rss(*items), XML, *headers)


def at(rasid: Watch, later: timedelta) -> str:
    """A collect so much later, of the feeds that are due then; what came of the one feed, "" where it was not due."""
    rasid.later = later
    outcomes = rasid.collect(force=False).feeds
    return outcomes[0].result if outcomes else ""


def asked(site: Site, path: str) -> int:
    """How often a path was asked for."""
    return site.paths().count(path)


def advice(rasid: Watch) -> list[str]:
    """What `rasid doctor` says of the feed."""
    return [finding for finding in diagnose(rasid.folder) if finding.startswith("feed feed-0")]


def test_057_stuck_etag(site: Site, tmp_path: Path) -> None:
    """A server that answers 304 for ever hides news for a day at most; then its ETag is used no more."""
    tag = 'ETag: "stuck"'
    current = [feed(site, "first", headers=(tag,))]

    def answer(connection: socket.socket) -> None:
        tagged = "if-none-match" in site.asked[-1].headers
        connection.sendall(http(b"", tag, status="304 Not Modified", length=False) if tagged else current[0])

    site.answers["/feed"] = answer
    rasid = watch(tmp_path, site.url("/feed"))
    start = rasid.clock()
    rasid.collect()
    current[0] = feed(site, "second", "first", headers=(tag,))
    night = start.replace(hour=0, minute=0) + DAY - start  # until the next UTC day
    if night > HOUR:
        assert "unchanged" == at(rasid, min(night, 2 * HOUR) - HOUR / 2)
        assert 1 == len(rasid.articles())
    assert "ok" == at(rasid, night + HOUR)
    assert 2 == len(rasid.articles())

    current[0] = feed(site, "third", "second", "first", headers=(tag,))
    assert "ok" == at(rasid, night + 3 * HOUR)
    assert 3 == len(rasid.articles())


def test_058_new_etag_on_an_unchanged_body(site: Site, tmp_path: Path) -> None:
    """A new ETag is saved though nothing else changed, and no article is stored again."""
    site.answers["/feed"] = feed(site, "first", headers=('ETag: "one"',))
    rasid = watch(tmp_path, site.url("/feed"))
    rasid.collect()
    site.answers["/feed"] = feed(site, "first", headers=('ETag: "two"',))
    report = rasid.collect()

    assert ("ok", 0, 0) == (report.feeds[0].result, report.feeds[0].new, report.stored)
    assert ('"two"', 1) == (rasid.state().etag, len(rasid.articles()))


def test_059_gone(site: Site, tmp_path: Path) -> None:
    """410: asked after a day, then once a week, told to the operator, and taken up again when it is back."""
    site.answers["/feed"] = feed(site, "first")
    rasid = watch(tmp_path, site.url("/feed"))
    rasid.collect()
    site.answers["/feed"] = GONE

    assert "failed" == at(rasid, 2 * HOUR)
    assert "gone" == rasid.state().status
    (told,) = advice(rasid)
    assert told.startswith("feed feed-0: gone: ")
    assert "feeds.yaml" in told
    assert "" == at(rasid, 12 * HOUR)
    assert "failed" == at(rasid, 2 * HOUR + DAY)
    before = asked(site, "/feed")
    for days in (2, 3, 4, 5, 6):
        assert "" == at(rasid, 2 * HOUR + days * DAY)
    assert before == asked(site, "/feed")

    site.answers["/feed"] = feed(site, "second", "first")
    assert "ok" == at(rasid, 2 * HOUR + 8 * DAY)
    assert ("ok", 0, 2) == (rasid.state().status, rasid.state().failures, len(rasid.articles()))


def moved_to(target: str) -> bytes:
    """A permanent redirect."""
    return http(b"", f"Location: {target}", status="301 Moved Permanently")


def test_060_moved_is_believed_after_three_days(site: Site, tmp_path: Path) -> None:
    """A 301 that leads to a feed on three days is taken for its address, and the operator is told what to write."""
    site.answers |= {"/feed": moved_to(site.url("/new")), "/new": feed(site, "first")}
    rasid = watch(tmp_path, site.url("/feed"))
    for later in (timedelta(0), 2 * HOUR, 4 * HOUR, DAY):
        assert "ok" == at(rasid, later)
        assert "ok" == rasid.state().status
    assert "ok" == at(rasid, 2 * DAY)
    assert ("moved", site.url("/new")) == (rasid.state().status, rasid.state().moved_to)
    (told,) = advice(rasid)
    assert f"write `url: {site.url('/new')}` in feeds.yaml" in told

    listed = asked(site, "/feed")
    site.answers["/new"] = feed(site, "second", "first")
    assert "ok" == at(rasid, 3 * DAY)
    assert (listed, 2) == (asked(site, "/feed"), len(rasid.articles()))


def test_060_back_to_the_listed_address(site: Site, tmp_path: Path) -> None:
    """When the new address fails, the listed one is asked next: it may be a feed again."""
    site.answers |= {"/feed": moved_to(site.url("/new")), "/new": feed(site, "first")}
    rasid = watch(tmp_path, site.url("/feed"))
    for days in range(3):
        at(rasid, days * DAY)
    assert "moved" == rasid.state().status
    site.answers |= {"/new": BROKEN, "/feed": feed(site, "second", "first")}

    assert "failed" == at(rasid, 3 * DAY)
    assert "ok" == at(rasid, 3 * DAY + HOUR)
    assert ("ok", None, 2) == (rasid.state().status, rasid.state().moved_to, len(rasid.articles()))


UNTRUSTED = {
    "temporary": http(b"", "Location: /new", status="302 Found"),
    "to no feed": http(b"", "Location: /first", status="301 Moved Permanently"),
    "to nothing": http(b"", "Location: /nowhere", status="301 Moved Permanently"),
}


@pytest.mark.parametrize("redirect", UNTRUSTED.values(), ids=UNTRUSTED)
def test_060_other_redirects_move_nothing(site: Site, tmp_path: Path, redirect: bytes) -> None:
    """A temporary redirect is followed and not remembered; one that leads to no feed is a failure of the poll."""
    site.answers |= {"/feed": redirect, "/new": feed(site, "first"), "/nowhere": NOT_FOUND}
    rasid = watch(tmp_path, site.url("/feed"))
    for days in range(0, 8, 2):
        assert at(rasid, days * DAY)

    assert (None, 0) == (rasid.state().moved_to, rasid.state().moves)
    assert "moved" != rasid.state().status


BLOCKS = {
    "403": (http("<html>Attention Required! | Cloudflare</html>", status="403 Forbidden"), HOUR),
    "503": (http("<html>Just a moment...</html>", status="503 Service Unavailable"), HOUR),
    "429 with Retry-After": (http(b"", "Retry-After: 7200", status="429 Too Many Requests"), 3 * HOUR),
}


@pytest.mark.parametrize(("answer", "pause"), BLOCKS.values(), ids=BLOCKS)
def test_061_blocked(site: Site, tmp_path: Path, answer: bytes, pause: timedelta) -> None:
    """A site that refuses twice is 'blocked' and asked ever more seldom; one good answer ends it."""
    site.answers["/feed"] = answer
    rasid = watch(tmp_path, site.url("/feed"))
    assert ("failed", "failing") == (at(rasid, timedelta(0)), rasid.state().status)
    assert ("failed", "blocked") == (at(rasid, pause), rasid.state().status)
    (told,) = advice(rasid)
    assert "its site refuses us" in told

    before = asked(site, "/feed")
    for hours in range(4, 52, 3):
        at(rasid, hours * HOUR)
    assert 1 <= asked(site, "/feed") - before <= 14
    site.answers["/feed"] = feed(site, "first")
    assert "ok" == at(rasid, 4 * DAY)
    assert ("ok", 1) == (rasid.state().status, len(rasid.articles()))
