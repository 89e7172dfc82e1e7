"""The second half of a collect: order, slow hosts, hosts that ask for rest, the end of a run's time."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from rasid.app.collect import collect
from tests.hostile.hostile_press import PARAGRAPHS, Site, Watch, http, item, page, rss, watch

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

HTML = "Content-Type: text/html; charset=utf-8"
EARLY = "<pubDate>Sun, 22 Nov 2020 07:00:00 GMT</pubDate>"
LATE = "<pubDate>Sun, 22 Nov 2020 07:30:00 GMT</pubDate>"


@pytest.fixture
def sites() -> Iterator[list[Site]]:
    """Two hosts."""
    with Site({}) as one, Site({}) as other:
        yield [one, other]


def after(seconds: float, answer: bytes) -> Callable[[socket.socket], None]:
    """An answer that takes its time."""

    def write(connection: socket.socket) -> None:
        time.sleep(seconds)
        connection.sendall(answer)

    return write


def silence(connection: socket.socket) -> None:
    """No answer: wait until the other side gives up."""
    while connection.recv(4096):
        pass


def of(site: Site, *items: str) -> None:
    """The site's feed."""
    site.answers["/feed"] = http(rss(*items), "Content-Type: application/rss+xml")


def both(tmp_path: Path, sites: list[Site], **options: float) -> Watch:
    """A Rasid that watches both."""
    return watch(tmp_path, *(site.url("/feed") for site in sites), **options)


def set_collect(rasid: Watch, collect: str) -> None:
    """Other settings of the collect."""
    path = rasid.folder / "settings.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("collect: {", f"collect: {{{collect}, "), encoding="utf-8")


def test_an_original_that_comes_slowly_is_stored_before_its_copy(tmp_path: Path, sites: list[Site]) -> None:
    """The older page takes two seconds, the copy none: the copy waits, and is known as a copy."""
    first, second = sites
    first.answers["/a"] = after(2, http(page(), HTML))
    second.answers["/b"] = http(page("إنفيديا تعرض معالجا جديدا"), HTML)
    of(first, item(first.url("/a"), extra=EARLY))
    of(second, item(second.url("/b"), extra=LATE))
    report = both(tmp_path, sites).collect()
    assert (2, 1) == (report.stored, report.copies)


def test_a_host_that_does_not_answer_holds_up_nobody(tmp_path: Path, sites: list[Site]) -> None:
    """Of five pages of a dead host one is asked for; the others are put off, and other hosts' are read meanwhile."""
    dead, well = sites
    dead.answers |= {f"/{number}": silence for number in range(5)}
    of(
        dead,
        *(item(dead.url(f"/{number}"), f"خبر رقم {number} من موقع لا يجيب", EARLY) for number in range(5)),
    )
    well.answers["/b"] = http(page(), HTML)
    of(well, item(well.url("/b"), extra=LATE))
    rasid = both(tmp_path, sites, deadline=2)
    begun = time.monotonic()
    report = rasid.collect()
    assert time.monotonic() - begun < 12
    assert (1, 5) == (report.stored, report.pending)
    assert 2 == len(dead.paths())  # the feed, one page
    assert [0, 0, 0, 0, 1] == sorted(attempts(rasid))


def attempts(rasid: Watch) -> list[int]:
    """How often each waiting page was tried in vain."""
    with rasid.opened() as opened:
        at = rasid.clock() + timedelta(days=1)
        return [one.attempts for one in opened.store.claim_entries(at, at + timedelta(hours=1), 99)]


def test_a_host_that_asks_for_rest_gets_it(tmp_path: Path, sites: list[Site]) -> None:
    """429 with Retry-After: nothing more of it is asked in this run nor in the next, and all in the one after."""
    busy, _ = sites
    texts = [[f"{text} وفي الموقع رقم {number} خبر." for text in PARAGRAPHS] for number in range(3)]
    refusal = http(b"", "Retry-After: 1800", status="429 Too Many Requests")
    busy.answers |= dict.fromkeys(("/0", "/1", "/2"), refusal)
    of(busy, *(item(busy.url(f"/{number}"), f"خبر رقم {number} من موقع مشغول") for number in range(3)))
    rasid = watch(tmp_path, busy.url("/feed"))
    rasid.collect()
    assert 2 == len(busy.paths())
    for number in range(3):
        busy.answers[f"/{number}"] = http(page(f"خبر رقم {number} من موقع مشغول", *texts[number]), HTML)
    rasid.later = timedelta(minutes=20)
    rasid.collect()
    assert 2 == len(busy.paths())
    rasid.later = timedelta(minutes=45)
    assert 3 == rasid.collect().stored


def test_what_the_runs_time_does_not_reach_waits_for_the_next(tmp_path: Path, sites: list[Site]) -> None:
    """Read pages are stored, the others are given back without an attempt."""
    slow, well = sites
    slow.answers["/a"] = silence
    of(slow, item(slow.url("/a"), "خبر لا يأتي من موقعه أبدا", EARLY))
    well.answers["/b"] = http(page(), HTML)
    of(well, item(well.url("/b"), extra=LATE))
    rasid = both(tmp_path, sites, deadline=60)
    set_collect(rasid, "deadline: 6")
    report = rasid.collect()
    assert (True, 1, 1) == (report.deadline_hit, report.stored, report.pending)
    assert [0] == attempts(rasid)


def test_pages_of_one_host_are_asked_for_one_after_the_other(tmp_path: Path, sites: list[Site]) -> None:
    """Whatever the number of feeds that lead there; the delay lies between them."""
    one, _ = sites
    texts = [[f"{text} وفي الخبر رقم {number} تفصيل." for text in PARAGRAPHS] for number in range(6)]
    for number in range(6):
        one.answers[f"/{number}"] = after(
            0.05, http(page(f"خبر رقم {number} من موقع واحد", *texts[number]), HTML)
        )
    of(one, *(item(one.url(f"/{number}"), f"خبر رقم {number} من موقع واحد") for number in range(3)))
    more = (item(one.url(f"/{number}"), f"خبر رقم {number} من موقع واحد") for number in range(3, 6))
    one.answers["/feed2"] = http(rss(*more), "Content-Type: application/rss+xml")
    rasid = watch(tmp_path, one.url("/feed"), one.url("/feed2"))
    settings = rasid.folder / "settings.yaml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("delay: 0,", "delay: 0.2,"), encoding="utf-8"
    )
    assert 6 == rasid.collect().stored
    assert 1 == one.open_most
    times = [asked.at for asked in one.asked]
    assert [] == [round(gap, 3) for a, b in pairwise(times) if (gap := b - a) < 0.195]


def test_a_search_whose_pages_cannot_be_had_gives_headlines(tmp_path: Path, sites: list[Site]) -> None:
    """Each headline is an article of its own, marked as one, found by its names; a feed's page that is gone is not."""
    search, _ = sites
    titles = ("إنفيديا تعرض معالجا للمدن البعيدة", "هواتف جديدة من إنفيديا لا يعرف سعرها بعد")
    of(search, *(item(search.url(f"/{number}"), title) for number, title in enumerate(titles)))
    rasid = watch(tmp_path, search.url("/feed"))
    with rasid.opened() as opened:
        (feed,) = opened.config.feeds
        searching = replace(opened, config=replace(opened.config, feeds=(replace(feed, kind="search"),)))
        report = collect(searching, clock=rasid.clock, force=True)
        mentions = [len(opened.store.mentions(number)) for number in (1, 2)]
    stored = {(one.title, one.text, one.source) for one in rasid.articles()}
    assert {(title, "", "headline") for title in titles} == stored
    assert (2, 0, [1, 1]) == (report.stored, report.copies, mentions)
