"""Cases 49 to 53, 55, 56, 62 and 63: feeds that say the same thing in another way, or nothing at all."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rasid.app.collect import poll_feeds
from tests.hostile.hostile_press import Site, http, item, page, rss, watch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hostile.hostile_press import Stored

NAMES = ("معالج", "شاشة", "خادم", "هاتف", "روبوت")


def dated(text: str) -> str:
    """A date of publication."""
    return f"<pubDate>{text}</pubDate>"


def guid(text: str) -> str:
    """A name that is no address."""
    return f'<guid isPermaLink="false">{text}</guid>'


def published(folder: Path, date: str, more: str = "") -> Stored:
    """The article of an item with this date, whose page has none."""
    with Site({"/a": http(page())}) as site:
        site.answers["/feed"] = http(rss(item(site.url("/a"), extra=dated(date))))
        rasid = watch(folder, site.url("/feed"), feeds={"feed-0": more})
        rasid.collect()
    [article] = rasid.articles()
    return article


@pytest.mark.parametrize("date", ["01-01-2024", "1704096000", "2024", "13", "01/02/03"])
def test_049_digits_are_not_guessed(date: str, tmp_path: Path) -> None:
    """The article is of the day on which it was first seen."""
    article = published(tmp_path, date)
    assert timedelta() <= watch(tmp_path).clock() - article.published < timedelta(minutes=5)


def test_049_a_rule_of_the_outlet_reads_them(tmp_path: Path) -> None:
    """What the operator says is no guess."""
    article = published(tmp_path, "02-01-2024", ", date_format: '%d-%m-%Y'")
    assert datetime(2024, 1, 2, tzinfo=UTC).date() == article.published.date()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (", timezone: Asia/Riyadh", datetime(2026, 3, 4, 9, 30, tzinfo=UTC)),
        (", timezone: America/Halifax", datetime(2026, 3, 4, 16, 30, tzinfo=UTC)),
        ("", datetime(2026, 3, 4, tzinfo=UTC)),
    ],
    ids=["arabia", "atlantic", "no rule"],
)
def test_050_a_zone_of_two_names(rule: str, expected: datetime, tmp_path: Path) -> None:
    """AST is the outlet's, where that is known; else the day alone is believed."""
    assert expected == published(tmp_path, "Wed, 04 Mar 2026 12:30:00 AST", rule).published


@pytest.mark.parametrize("ahead", [timedelta(hours=3), timedelta(days=400)])
def test_051_dates_in_the_future(ahead: timedelta, tmp_path: Path) -> None:
    """Nothing came out after it was first seen."""
    date = (watch(tmp_path).clock() + ahead).strftime("%a, %d %b %Y %H:%M:%S +0000")
    article = published(tmp_path, date)
    assert timedelta() <= watch(tmp_path).clock() - article.published < timedelta(minutes=5)


class Press:
    """A site of five articles whose feed is written anew for each poll."""

    def __init__(self, site: Site, folder: Path) -> None:
        texts = [
            (f"قال مهندس يعمل على {name} جديد إن الاختبارات الأولى انتهت قبل موعدها بأسبوعين.",
             f"ويحتاج كل {name} إلى ثلاثة أشهر من العمل في ورشة صغيرة على أطراف المدينة القديمة.",
             f"وتقول الشركة إن {name} من هذا الطراز سيباع في خمس دول عربية بدءا من الربيع.")
            for name in NAMES
        ]  # fmt: skip
        self.site = site
        self.titles = [f"شركة عربية تعرض {name} من صنعها" for name in NAMES]
        for number, text in enumerate(texts):
            answer = http(page(self.titles[number], *text))
            site.answers |= dict.fromkeys(
                (f"/{number}", f"/{number}/amp", f"/{number}?utm_source=rss"), answer
            )
        self.rasid = watch(folder, site.url("/feed"))

    def poll(self, *items: str) -> tuple[int, int]:
        """How many entries a collect of this feed queued, and how many articles it stored."""
        self.site.answers["/feed"] = http(rss(*items))
        report = self.rasid.collect()
        assert ["ok"] == [feed.result for feed in report.feeds]
        return report.feeds[0].new, report.stored

    def item(self, number: int, extra: str = "", path: str = "/{}") -> str:
        """The item of an article."""
        return item(self.site.url(path.format(number)), self.titles[number], extra)

    def pages(self) -> list[str]:
        """What was asked for beside the feed."""
        return [path for path in self.site.paths() if path != "/feed"]


@pytest.fixture
def press(tmp_path: Path):
    """A press whose site is up."""
    with Site({}) as site:
        yield Press(site, tmp_path)


@pytest.mark.parametrize(
    "name", ["", "<guid/>", guid("item"), guid(" ")], ids=["missing", "empty", "same", "blank"]
)
def test_052_guids_that_tell_nothing(press: Press, name: str) -> None:
    """Every article once, and again nothing at the next poll."""
    items = [press.item(number, name) for number in range(5)]
    assert (5, 5) == press.poll(*items)
    assert (0, 0) == press.poll(*items)
    assert (0, 0) == press.poll(*items[1:])


def test_053_guids_that_rotate(press: Press) -> None:
    """Another GUID for the same address is no other article, and its page is not asked for again."""
    assert (5, 5) == press.poll(*(press.item(number, guid(f"a{number}")) for number in range(5)))
    asked = press.pages()
    assert (0, 0) == press.poll(*(press.item(number, guid(f"b{number}")) for number in range(5)))
    assert asked == press.pages()


def test_053_from_http_to_https(press: Press) -> None:
    """A site that moves to https has the same articles there, and nobody is told of them again."""
    assert (5, 5) == press.poll(*(press.item(number) for number in range(5)))
    moved = [press.item(number, guid(f"b{number}")).replace("http://", "https://") for number in range(5)]
    assert (0, 0) == press.poll(*moved)
    assert 5 == len(press.rasid.articles())


@pytest.mark.parametrize("rotates", [False, True])
def test_055_dated_anew(press: Press, rotates: bool) -> None:
    """Yesterday's items with today's date are yesterday's articles."""
    for day in (1, 2, 3):
        name = f"{day}-" if rotates else ""
        date = dated(f"Mon, 0{day} Jun 2026 10:00:00 +0300")
        expected = (5, 5) if day == 1 else (0, 0)
        assert expected == press.poll(*(press.item(n, guid(f"{name}{n}") + date) for n in range(5)))
    assert {datetime(2026, 6, 1, 7, tzinfo=UTC)} == {article.published for article in press.rasid.articles()}


GOOGLE = "https://news.google.com/rss/articles/CBMi{}?oc=5"


def google_item(number: int, token: str) -> str:
    """An item of a search whose link hides where it leads."""
    title = f"شركة عربية تعرض {NAMES[number]} من صنعها"
    extra = (
        dated("Wed, 04 Mar 2026 09:30:00 GMT") + '<source url="https://press.example">صحيفة المدى</source>'
    )
    link = GOOGLE.format(f"AU_yq{token}{number}")
    return item(link, f"{title} - صحيفة المدى", f"{guid(token + str(number))}{extra}")


def test_056_links_of_google_news_that_change(tmp_path: Path) -> None:
    """The same title, outlet and day under another link and GUID is nothing new; Google itself is not asked."""
    with Site({}) as site:
        rasid = watch(tmp_path, site.url("/feed"))
        queued = []
        for token in ("LPone", "LPtwo", "LPthree"):
            site.answers["/feed"] = http(rss(*(google_item(number, token) for number in range(5))))
            with rasid.opened() as opened:
                [outcome] = poll_feeds(opened, clock=rasid.clock, force=True).feeds
            queued.append(outcome.new)
    assert [5, 0, 0] == queued
    assert [GOOGLE.format(f"AU_yqLPone{number}") for number in range(5)] == [
        url for url, *_ in rasid.entries()
    ]


CONSENT = """<!DOCTYPE html><html lang="ar"><head><title>قبل المتابعة</title></head><body><form action="/save">
<p>نستخدم ملفات تعريف الارتباط لتحسين تجربتك.</p><button>قبول الكل</button></form></body></html>"""
NO_FEEDS = {
    "html": (page().encode(), "HTML page"),
    "consent": (CONSENT.encode(), "HTML page"),
    "html called xml": (b'<?xml version="1.0"?>\n' + CONSENT.encode(), "HTML page"),
    "a piece of html": (b"<div class='error'>please enable JavaScript</div>", "not a feed"),
    "nothing": (b"", "empty body"),
    "blank": (b" \r\n\t", "empty body"),
    "json error": (b'{"error": {"code": 500, "message": "internal"}}', "JSON without the version"),
    "json null": (b"null", "not a feed"),
    "text": (b"Service unavailable", "not a feed"),
    "other xml": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "not a feed"),
    "compressed": (gzip.compress(rss().encode()), "compressed or binary"),
    "index": (
        b"<sitemapindex><sitemap><loc>https://a.example/n.xml</loc></sitemap></sitemapindex>",
        "a.example/n.xml",
    ),
    "cut": (rss(item("http://a.example/1"))[:120].encode(), "breaks off"),
}


@pytest.mark.parametrize(("body", "reason"), NO_FEEDS.values(), ids=NO_FEEDS)
def test_062_what_is_no_feed_is_a_failure(body: bytes, reason: str, tmp_path: Path) -> None:
    """With status 200 all the same: said in words, and never taken for a feed that is silent."""
    with Site({"/feed": http(body, "Content-Type: application/rss+xml")}) as site:
        rasid = watch(tmp_path, site.url("/feed"))
        [outcome] = rasid.collect().feeds
    assert "failed" == outcome.result
    assert reason in outcome.error
    assert (1, None) == (rasid.state().failures, rasid.state().last_success)


@pytest.mark.parametrize(
    "body", [CONSENT.encode(), page().encode(), b"<p>"], ids=["consent", "article", "nothing"]
)
def test_062_a_section_page_without_articles_is_a_failure(body: bytes, tmp_path: Path) -> None:
    """The same for pages that serve as feeds."""
    with Site({"/section": http(body, "Content-Type: text/html")}) as site:
        rasid = watch(tmp_path, site.url("/section"), feeds={"feed-0": ", links: auto"})
        [outcome] = rasid.collect().feeds
    assert ("failed", True) == (outcome.result, "no link to an article" in outcome.error)


def test_062_a_feed_without_items_is_none_of_these(press: Press) -> None:
    """An empty channel is a silent outlet: first, and after it had items."""
    assert (0, 0) == press.poll()
    assert (5, 5) == press.poll(*(press.item(number) for number in range(5)))
    assert (0, 0) == press.poll()
    assert (5, 0) == (len(press.rasid.articles()), press.rasid.state().failures)


@pytest.mark.parametrize("names", [True, False], ids=["new guids", "no guids"])
@pytest.mark.parametrize("path", ["/{}", "/{}/amp", "/{}?utm_source=rss", "/{}#more", "/./{}"])
def test_063_another_order_and_twins_of_addresses(press: Press, path: str, names: bool) -> None:
    """Nothing new, and no page is asked for twice."""
    assert (5, 5) == press.poll(
        *(press.item(number, guid(f"a{number}") if names else "") for number in range(5))
    )
    asked = press.pages()
    twins = [press.item(number, guid(f"b{number}") if names else "", path) for number in (3, 0, 4, 2, 1)]
    assert (0, 0) == press.poll(*twins)
    assert asked == press.pages()
