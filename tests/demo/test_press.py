"""The demo press: what it loads, what its feeds and pages hold, and how its server answers."""

from __future__ import annotations

import gzip
import http.client
import io
import json
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import feedparser
import pytest
import trafilatura
from pydantic import ValidationError
from ruamel.yaml import YAML

from demo.feeds import content_type, feed_bytes
from demo.pages import DISCLAIMER, READ_ALSO, SEE_ORIGINAL, DateStyle, arabic_date, blocks, render_article
from demo.press import KINDS, DemoArticle, DemoOutlet, Press, load
from demo.server import Answer, DemoServer, Request, answer, feeds_yaml, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 22, 9, 30, 15, 700_000, tzinfo=UTC)
BASE = "http://127.0.0.1:8000"
ARTICLES = Path(__file__).parents[2] / "demo" / "articles"
UP = tuple(outlet_id for outlet_id, kind in KINDS.items() if kind.format != "down")
XML = tuple(outlet_id for outlet_id in UP if KINDS[outlet_id].format != "json")

YAML_FILE = """\
outlet: {{id: {outlet}, name: {name}}}
articles:
  - id: {outlet}-01
    hours_ago: 30
    title: مختبر في مسقط يطوّر حساسا يكشف تسرب المياه
    author: هند البلوشي
    teaser: >
      طوّر مختبر جامعي في مسقط حساسا رخيصا
      يكشف تسرب المياه في الشبكات القديمة.
    text: |
      طوّر باحثون في مسقط حساسا يكشف تسرب المياه في الشبكات القديمة، ويعمل ببطارية واحدة خمسة أعوام.

      وقال رئيس الفريق إن كلفة القطعة لا تتجاوز سبعة ريالات، وإنها ترسل قراءاتها مرة كل ساعة.

      وجُرّب الحساس في ثلاثة أحياء طوال الصيف، فخفض الفاقد بنحو الخُمس، وتعتزم البلدية تعميمه.
  - id: {outlet}-02
    hours_ago: 2.5
    title: "سباق «المدن» & <الشبكات>: من يسبق؟"
    teaser: تتنافس مدن عربية على ربط إشارات المرور بعضها ببعض.
    doubled: true
    text: |
      تتنافس أربع مدن عربية على ربط إشارات المرور بعضها ببعض، أملا في تقصير الرحلة إلى العمل.

      ويقول مهندسون إن نصف المكسب يأتي من ضبط التوقيت وحده، من غير كاميرات جديدة ولا حفر في الشوارع.

      ويبقى التمويل عقبة أمام المدن الصغيرة، إذ تشترط البنوك دراسات جدوى لا تملك البلديات من يكتبها.
  - id: {outlet}-03
    hours_ago: 5
    title: طلاب من فاس يحوّلون دراجات قديمة إلى كهربائية
    teaser: مشروع طلابي في فاس يمنح الدراجات القديمة محركا وبطارية.
    glued: true
    text: |
      حوّل طلاب هندسة في فاس عشرين دراجة قديمة إلى كهربائية، بمحركات مستعملة وبطاريات أعيد تجميعها.

      وتقطع الدراجة نحو أربعين كيلومترا في الشحنة الواحدة، ويستطيع صاحبها نزع البطارية وشحنها في البيت.

      وينوي الفريق نشر الرسوم الهندسية مجانا، كي يقلّد الفكرة من شاء في مدن أخرى.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file of three articles for each of the nine outlets."""
    for outlet in UP:
        text = YAML_FILE.format(outlet=outlet, name=KINDS[outlet].name)
        (tmp_path / f"{outlet}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def press(folder: Path) -> Press:
    """The small press of these tests."""
    return load(folder, NOW)


@pytest.fixture
def server(press: Press) -> Iterator[DemoServer]:
    """The small press, served."""
    with serve(press) as running:
        yield running


@pytest.fixture
def client(server: DemoServer) -> Iterator[http.client.HTTPConnection]:
    """One connection to the server; it stays open between requests."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port, timeout=5)
    yield connection
    connection.close()


def get(
    client: http.client.HTTPConnection, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers in lower case and raw body of one request; `If_None_Match=…` gives that header."""
    client.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    reply = client.getresponse()
    return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()


def outlet_of(press: Press, outlet_id: str) -> DemoOutlet:
    """The outlet of this id, which is there."""
    outlet = press.outlet(outlet_id)
    assert outlet is not None
    return outlet


def article_of(press: Press, article_id: str) -> DemoArticle:
    """The article of this id, which is there."""
    return next(article for article in press.articles if article.id == article_id)


def answered(press: Press, path: str, **headers: str) -> Answer:
    """What the server would answer, without a server."""
    asked = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer(press, path, base_url=BASE, headers=asked, failures={})


class TestLoad:
    """Reading demo/articles/*.yaml."""

    def test_reads_an_article(self, press: Press) -> None:
        """An article keeps what its file says, its age counted from the start in whole seconds."""
        expected = DemoArticle(
            id="naba-03",
            outlet="naba",
            title="طلاب من فاس يحوّلون دراجات قديمة إلى كهربائية",
            teaser="مشروع طلابي في فاس يمنح الدراجات القديمة محركا وبطارية.",
            text=article_of(press, "naba-03").text,
            published=datetime(2026, 11, 22, 4, 30, 15, tzinfo=UTC),
            glued=True,
        )
        assert expected == article_of(press, "naba-03")

    def test_paragraphs_have_no_blank_lines(self, press: Press) -> None:
        """Blank lines of the file separate paragraphs and do not become any."""
        paragraphs = article_of(press, "naba-01").paragraphs
        assert len(paragraphs) == 3
        assert "" not in paragraphs

    def test_folded_teaser_is_one_line(self, press: Press) -> None:
        """A teaser written over two lines goes out as one."""
        assert article_of(press, "naba-01").teaser == (
            "طوّر مختبر جامعي في مسقط حساسا رخيصا يكشف تسرب المياه في الشبكات القديمة."
        )

    def test_newest_first(self, press: Press) -> None:
        """An outlet's articles stand newest first, whatever their order in the file."""
        assert [article.id for article in outlet_of(press, "madar").articles] == [
            "madar-02",
            "madar-03",
            "madar-01",
        ]

    def test_all_ten_outlets(self, press: Press) -> None:
        """The outlet that is never reachable belongs to every press, without articles."""
        assert list(KINDS) == [outlet.id for outlet in press.outlets]
        assert outlet_of(press, "sarab").articles == ()

    def test_refuses_an_unknown_key(self, folder: Path) -> None:
        """A misspelt key is refused, not ignored."""
        path = folder / "naba.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("glued:", "glueed:"), encoding="utf-8")
        with pytest.raises(ValidationError, match="glueed"):
            load(folder, NOW)

    def test_refuses_an_id_that_stands_twice(self, folder: Path) -> None:
        """Two articles of one id are refused, in whatever files they stand."""
        path = folder / "suq.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("suq-03", "naba-03"), encoding="utf-8")
        with pytest.raises(ValueError, match="naba-03"):
            load(folder, NOW)

    def test_refuses_an_unknown_outlet(self, folder: Path) -> None:
        """A file of an outlet without layout and feed is refused by name."""
        (folder / "zz.yaml").write_text(YAML_FILE.format(outlet="zz", name="زد"), encoding="utf-8")
        with pytest.raises(ValueError, match="zz"):
            load(folder, NOW)

    def test_the_files_of_the_demo_load(self) -> None:
        """The press of the repository loads, and every outlet bears the name that feeds.yaml gives it."""
        press = load(ARTICLES, NOW)
        assert {outlet_id: kind.name for outlet_id, kind in KINDS.items()} == {
            outlet.id: outlet.name for outlet in press.outlets
        }
        assert [outlet.id for outlet in press.outlets if outlet.id in UP and not outlet.articles] == []


class TestPublish:
    """One more article."""

    def test_gives_a_new_press(self, press: Press) -> None:
        """Publishing leaves the old value as it was and puts the article where its age belongs."""
        fresh = replace(article_of(press, "naba-01"), id="naba-99", published=NOW)
        after = press.publish(fresh)
        assert after.articles[0] == fresh
        assert fresh not in press.articles

    @pytest.mark.parametrize(("change", "message"), [({"outlet": "zz"}, "zz"), ({"id": "suq-02"}, "suq-02")])
    def test_refuses(self, press: Press, change: dict[str, str], message: str) -> None:
        """An unknown outlet and a taken id are refused."""
        with pytest.raises(ValueError, match=message):
            press.publish(replace(article_of(press, "naba-01"), **{"id": "naba-99", **change}))


class TestFeeds:
    """The nine feeds."""

    @pytest.mark.parametrize(
        ("outlet_id", "version"),
        [
            ("naba", "rss20"),
            ("rafid", "rss20"),
            ("madar", "atom10"),
            ("bawsala", "rss10"),
            ("midan", "rss20"),
            ("ufuq", "rss20"),
            ("wakala", "rss20"),
            ("suq", "atom10"),
        ],
    )
    def test_feedparser_reads_it(self, press: Press, outlet_id: str, version: str) -> None:
        """Title, link, teaser and time of every article come through in the format that was asked for."""
        outlet = outlet_of(press, outlet_id)
        body = feed_bytes(outlet, base_url=BASE, started=NOW).decode(outlet.kind.encoding)
        parsed = feedparser.parse(io.BytesIO(body.encode()))
        assert (False, version, outlet.name) == (parsed.bozo, parsed.version, parsed.feed.title)
        assert [
            (article.title, f"{BASE}{article.path}", article.published.timetuple()[:6])
            for article in outlet.articles
        ] == [(entry.title, entry.link, _stamp(entry)) for entry in parsed.entries]
        assert [article.teaser for article in outlet.articles] == [entry.summary for entry in parsed.entries]

    def test_json_feed(self, press: Press) -> None:
        """The JSON Feed has the version's address and one item for every article."""
        outlet = outlet_of(press, "shabaka")
        document = json.loads(feed_bytes(outlet, base_url=BASE, started=NOW))
        assert document["version"] == "https://jsonfeed.org/version/1.1"
        assert [
            (f"{BASE}{article.path}", article.title, article.teaser, article.published)
            for article in outlet.articles
        ] == [
            (item["url"], item["title"], item["summary"], datetime.fromisoformat(item["date_published"]))
            for item in document["items"]
        ]

    def test_windows_1256_says_so_nowhere(self, press: Press) -> None:
        """The feed is in windows-1256, and neither its declaration nor its Content-Type tells."""
        outlet = outlet_of(press, "rafid")
        body = feed_bytes(outlet, base_url=BASE, started=NOW)
        with pytest.raises(UnicodeDecodeError):
            body.decode("utf-8")
        assert outlet.name in body.decode("windows-1256")
        assert b"encoding" not in body.splitlines()[0]
        assert content_type(outlet) == "text/xml"

    def test_letters_outside_windows_1256_become_references(self, press: Press) -> None:
        """A letter that the encoding lacks goes out as a character reference, not as a question mark."""
        article = replace(article_of(press, "rafid-01"), id="rafid-09", title="إنڤيديا ۲۰")
        body = feed_bytes(outlet_of(press.publish(article), "rafid"), base_url=BASE, started=NOW)
        parsed = feedparser.parse(io.BytesIO(body.decode("windows-1256").encode()))
        assert "إنڤيديا ۲۰" in [entry.title for entry in parsed.entries]

    def test_some_items_carry_the_whole_text(self) -> None:
        """One outlet gives content:encoded for some of its items, not for all; the others give none."""
        press = load(ARTICLES, NOW)
        full = {
            outlet.id: feed_bytes(outlet, base_url=BASE, started=NOW).count(b"<content:encoded>")
            for outlet in press.outlets
            if outlet.kind.format == "rss20"
        }
        assert 0 < full.pop("naba") < len(outlet_of(press, "naba").articles)
        assert set(full.values()) == {0}

    def test_feeds_yaml(self) -> None:
        """All ten feeds stand in the operators' file that the demo writes."""
        feeds = YAML(typ="safe").load(feeds_yaml(BASE))["feeds"]
        assert list(KINDS) == [feed["id"] for feed in feeds]
        assert feeds[0] == {
            "id": "naba",
            "name": "نبأ التقنية",
            "url": "http://127.0.0.1:8000/naba/feed.xml",
            "category": "tech",
            "enabled": True,
            "attested": "demo",
        }


def _stamp(entry: feedparser.FeedParserDict) -> tuple[int, ...]:
    return tuple((entry.get("published_parsed") or entry.updated_parsed)[:6])


class TestPages:
    """The nine layouts, as the extractor sees them."""

    @pytest.mark.parametrize("outlet_id", UP)
    def test_extractor_finds_the_article(self, outlet_id: str) -> None:
        """Title and every paragraph of every article of the demo come out of their layout."""
        press = load(ARTICLES, NOW)
        for article in outlet_of(press, outlet_id).articles:
            page = render_article(press, article, base_url=BASE)
            found = trafilatura.bare_extraction(
                page, url=f"{BASE}{article.path}", with_metadata=True
            ).as_dict()
            lost = [paragraph for paragraph in article.paragraphs if paragraph not in found["text"]]
            assert (article.title, []) == (found["title"], lost), article.id

    @pytest.mark.parametrize("outlet_id", UP)
    def test_is_as_heavy_as_a_real_page(self, outlet_id: str) -> None:
        """A page weighs what pages of news sites weigh, and holds what surrounds an article there."""
        press = load(ARTICLES, NOW)
        page = render_article(press, outlet_of(press, outlet_id).articles[0], base_url=BASE)
        assert 45_000 < len(page.encode()) < 110_000
        missing = [word for word in ("شارك", "الأكثر قراءة", "اخترنا لك", READ_ALSO) if word not in page]
        assert missing == []
        assert page.count("<a ") > 80

    @pytest.mark.parametrize(
        ("outlet_id", "marks"),
        [
            ("naba", ['property="article:published_time" content="{iso}"']),
            ("rafid", ['<time datetime="{iso}"']),
            ("madar", ['"datePublished": "{iso}"']),
            ("bawsala", ['property="article:published_time" content="{iso}"']),
            ("shabaka", ['itemprop="datePublished" datetime="{iso}"']),
            ("midan", ['"datePublished": "{iso}"']),
            ("wakala", ['<time datetime="{iso}"']),
            ("suq", ['"datePublished": "{iso}"', 'property="article:published_time" content="{iso}"']),
        ],
    )
    def test_where_the_date_is(self, press: Press, outlet_id: str, marks: list[str]) -> None:
        """Each layout gives its time of publication in its own place, in local time."""
        page = render_article(press, article_of(press, f"{outlet_id}-01"), base_url=BASE)
        missing = [mark for mark in marks if mark.format(iso="2026-11-21T06:30:15+03:00") not in page]
        assert missing == []

    def test_one_outlet_tells_no_date(self, press: Press) -> None:
        """Not even a date finder that takes years out of addresses and footers finds one there."""
        article = article_of(press, "ufuq-01")
        page = render_article(press, article, base_url=BASE)
        found = trafilatura.bare_extraction(page, url=f"{BASE}{article.path}", with_metadata=True).as_dict()
        assert found["date"] is None
        assert "2026" not in page

    @pytest.mark.parametrize("outlet_id", UP)
    def test_knows_its_own_address(self, press: Press, outlet_id: str) -> None:
        """Every page names its canonical address, in a link or in og:url."""
        article = article_of(press, f"{outlet_id}-01")
        page = render_article(press, article, base_url=BASE)
        url = f"{BASE}{article.path}"
        assert f'"{url}"' in page
        assert 'rel="canonical"' in page or 'property="og:url"' in page

    @pytest.mark.parametrize("outlet_id", UP)
    def test_escapes_what_articles_hold(self, press: Press, outlet_id: str) -> None:
        """A title with markup letters stays a title."""
        page = render_article(press, article_of(press, f"{outlet_id}-02"), base_url=BASE)
        assert "&lt;الشبكات&gt;" in page
        assert "<الشبكات>" not in page

    def test_sidebars_name_other_articles_only(self, press: Press) -> None:
        """A page's sidebars are its own draw, the same every time, without the article itself."""
        article = article_of(press, "suq-01")
        drawn = press.headlines(article, 10, "most read")
        assert drawn == press.headlines(article, 10, "most read")
        assert len({other.id for other in drawn}) == 10
        assert article not in drawn
        assert drawn != press.headlines(article, 10, "chosen")


class TestTraps:
    """The two traps inside the text's container."""

    def test_plain(self, press: Press) -> None:
        """Without a trap the container holds the paragraphs and nothing more."""
        article = article_of(press, "naba-01")
        assert blocks(press, article) == article.paragraphs

    def test_doubled(self, press: Press) -> None:
        """The second telling follows its label, a disclaimer and the title, and lacks the last paragraph."""
        article = article_of(press, "naba-02")
        first, second, last = article.paragraphs
        assert blocks(press, article) == (
            *(first, second, last),
            *(SEE_ORIGINAL, DISCLAIMER, article.title),
            *(first, second),
        )

    def test_glued(self, press: Press) -> None:
        """Headlines of others follow the label, told from text by nothing else."""
        article = article_of(press, "naba-03")
        label, *headlines = blocks(press, article)[len(article.paragraphs) :]
        assert label == READ_ALSO
        assert len(headlines) == 3
        titles = {other.title for other in press.articles}
        assert set(headlines) <= titles

    @pytest.mark.parametrize("outlet_id", UP)
    def test_traps_reach_the_extracted_text(self, press: Press, outlet_id: str) -> None:
        """In every layout the glued headlines come through the extractor: cleaning has to deal with them."""
        page = render_article(press, article_of(press, f"{outlet_id}-03"), base_url=BASE)
        found = trafilatura.bare_extraction(page, with_metadata=True).as_dict()
        assert READ_ALSO in found["text"]


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        (DateStyle(), "الأحد 22 نوفمبر 2026 - 12:30"),
        (DateStyle(locale="ar_LB", pattern="d MMMM y"), "22 تشرين الثاني 2026"),
        (DateStyle(pattern="y/MM/dd HH:mm", arabic_digits=True), "٢٠٢٦/١١/٢٢ ١٢:٣٠"),
    ],
)
def test_arabic_dates(style: DateStyle, expected: str) -> None:
    """Both systems of month names and both kinds of digits appear, in local time."""
    assert expected == arabic_date(NOW, style)


class TestAnswer:
    """The pure part of the server."""

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/", 200),
            ("/robots.txt", 200),
            ("/naba/", 200),
            ("/naba/feed.xml", 200),
            ("/shabaka/feed.json", 200),
            ("/naba/2026/11/naba-01/", 200),
            ("/naba/2026/11/naba-01/?utm_source=rss", 200),
            ("/ufuq/posts/ufuq-01/", 200),
            ("/shabaka/feed.xml", 404),
            ("/naba/2026/11/suq-01/", 404),
            ("/naba/2026/10/naba-01/", 404),
            ("/naba", 404),
            ("/zz/", 404),
            ("/wp-login.php", 404),
        ],
    )
    def test_routes(self, press: Press, path: str, status: int) -> None:
        """Each outlet answers under its own prefix, and nothing else is there."""
        assert status == answered(press, path).status

    @pytest.mark.parametrize(
        ("outlet_id", "expected"),
        [
            ("naba", "application/rss+xml; charset=utf-8"),
            ("rafid", "text/xml"),
            ("madar", "application/atom+xml; charset=utf-8"),
            ("bawsala", "application/rdf+xml; charset=utf-8"),
            ("shabaka", "application/feed+json; charset=utf-8"),
        ],
    )
    def test_content_types(self, press: Press, outlet_id: str, expected: str) -> None:
        """Feeds go out under the type of their format."""
        outlet = outlet_of(press, outlet_id)
        assert expected == answered(press, outlet.feed_path).headers["Content-Type"]

    def test_front_page_lists_the_headlines(self, press: Press) -> None:
        """An outlet's front page links every one of its articles and none of another outlet."""
        page = answered(press, "/suq/").body.decode()
        assert [a.id for a in outlet_of(press, "suq").articles if f'href="{BASE}{a.path}"' not in page] == []
        assert "naba-01" not in page

    @pytest.mark.parametrize(
        ("validators", "status"),
        [
            ({}, 200),
            ({"if_none_match": "{etag}"}, 304),
            ({"if_none_match": '"other", {etag}'}, 304),
            ({"if_none_match": '"other"'}, 200),
            ({"if_none_match": '"other"', "if_modified_since": "{modified}"}, 200),
            ({"if_modified_since": "{modified}"}, 304),
            ({"if_modified_since": "Sat, 21 Nov 2026 00:00:00 GMT"}, 200),
            ({"if_modified_since": "yesterday"}, 200),
        ],
    )
    def test_conditional(self, press: Press, validators: dict[str, str], status: int) -> None:
        """One outlet answers 304 to its own validators, the entity tag going before the date."""
        given = answered(press, "/midan/feed.xml").headers
        filled = {
            name: value.format(etag=given["ETag"], modified=given["Last-Modified"])
            for name, value in validators.items()
        }
        assert status == answered(press, "/midan/feed.xml", **filled).status

    def test_other_outlets_send_no_validators(self, press: Press) -> None:
        """Only that one outlet offers conditional requests."""
        headers = answered(press, "/naba/feed.xml").headers
        assert {"ETag", "Last-Modified"}.isdisjoint(headers)


class TestServer:
    """The server over real sockets."""

    def test_serves_pages_and_logs(self, server: DemoServer, client: http.client.HTTPConnection) -> None:
        """A page comes whole, and the log has its method, path, status and user agent."""
        path = "/naba/2026/11/naba-01/"
        status, headers, body = get(client, path, User_Agent="test")
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert str(len(body)) == headers["content-length"]
        assert "هند البلوشي" in body.decode()
        assert server.log == [Request("GET", path, 200, "test")]
        assert server.url in body.decode()

    def test_keeps_the_connection(self, client: http.client.HTTPConnection) -> None:
        """Requests follow each other on one connection, an empty 304 and a 404 among them."""
        tag = get(client, "/midan/feed.xml")[1]["etag"]
        first = client.sock
        statuses = [
            get(client, "/midan/feed.xml", If_None_Match=tag)[0],
            get(client, "/nothing")[0],
            get(client, "/robots.txt")[0],
        ]
        assert statuses == [304, 404, 200]
        assert client.sock is first

    def test_not_modified_has_no_body(self, server: DemoServer, client: http.client.HTTPConnection) -> None:
        """A 304 carries its validators and nothing else, and is counted."""
        tag = get(client, "/midan/feed.xml")[1]["etag"]
        status, headers, body = get(client, "/midan/feed.xml", If_None_Match=tag)
        assert (304, b"", tag) == (status, body, headers["etag"])
        assert "content-length" not in headers
        counts = (server.requests("/midan/feed.xml"), server.requests("/midan/feed.xml", 304))
        assert (counts, server.not_modified()) == ((2, 1), 1)

    def test_head(self, client: http.client.HTTPConnection) -> None:
        """HEAD gives the headers of GET without the body."""
        _, of_get, body = get(client, "/naba/feed.xml")
        status, of_head, nothing = get(client, "/naba/feed.xml", method="HEAD")
        assert (200, b"", str(len(body))) == (status, nothing, of_head["content-length"])
        assert of_get["content-type"] == of_head["content-type"]

    @pytest.mark.parametrize(
        ("accepted", "packed"),
        [("gzip, deflate", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("identity", False)],
    )
    def test_gzip(self, client: http.client.HTTPConnection, accepted: str, packed: bool) -> None:
        """A body is compressed where the client takes it, and only there."""
        _, headers, body = get(client, "/naba/", Accept_Encoding=accepted)
        assert packed == (headers.get("content-encoding") == "gzip")
        text = (gzip.decompress(body) if packed else body).decode()
        assert "نبأ التقنية" in text

    def test_unreachable_outlet(self, client: http.client.HTTPConnection) -> None:
        """The tenth outlet answers 503 and says when to come back."""
        status, headers, _ = get(client, "/sarab/feed.xml")
        assert (status, headers["retry-after"]) == (503, "600")

    def test_fail_and_heal(self, server: DemoServer, client: http.client.HTTPConnection) -> None:
        """An injected failure hits its prefix only, and healing brings nobody back who was never there."""
        server.fail("/suq/", 500)
        server.fail("/naba/feed.xml", 429, retry_after=7)
        assert (get(client, "/suq/feed.xml")[0], get(client, "/naba/")[0]) == (500, 200)
        status, headers, _ = get(client, "/naba/feed.xml")
        assert (status, headers["retry-after"]) == (429, "7")
        server.heal()
        assert (get(client, "/suq/feed.xml")[0], get(client, "/sarab/feed.xml")[0]) == (200, 503)

    def test_publish(self, server: DemoServer, client: http.client.HTTPConnection) -> None:
        """A new article appears in its feed under its address, and the old validator no longer holds."""
        tag = get(client, "/midan/feed.xml")[1]["etag"]
        article = DemoArticle(
            id="midan-90",
            outlet="midan",
            title="جسر جديد يصل ضفتي النهر",
            teaser="افتتح الجسر صباح اليوم.",
            text="افتتح الجسر صباح اليوم أمام المركبات.",
            published=NOW.replace(microsecond=0) - timedelta(minutes=5),
        )
        url = server.publish(article)
        status, _, body = get(client, "/midan/feed.xml", If_None_Match=tag)
        assert (status, url in body.decode()) == (200, True)
        assert "أمام المركبات" in get(client, urlsplit(url).path)[2].decode()

    def test_answers_many_at_once(self, server: DemoServer) -> None:
        """Eight clients are served side by side, every request logged once."""

        def ask() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port, timeout=10)
            for _ in range(3):
                get(connection, "/robots.txt")
            connection.close()

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [Request("GET", "/robots.txt", HTTPStatus.OK, "")] * 24 == server.log

    def test_close_ends_idle_connections(self, press: Press) -> None:
        """Closing does not wait for a client that keeps its connection, and leaves no thread behind."""
        before = threading.active_count()
        server = serve(press)
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port, timeout=5)
        get(connection, "/robots.txt")
        server.close()
        assert before == threading.active_count()
        connection.close()

    def test_stays_silent(
        self, client: http.client.HTTPConnection, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Nothing is written to the terminal, whatever is asked."""
        get(client, "/naba/")
        get(client, "/nothing")
        get(client, "/naba/", method="DELETE")
        assert capfd.readouterr() == ("", "")


def test_served_from_the_command_line() -> None:
    """`python -m demo.server` prints the address of every feed, serves, and ends cleanly when interrupted."""
    command = [sys.executable, "-m", "demo.server", "--port", "0"]
    root = ARTICLES.parents[1]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().decode().split()[0] for _ in range(1 + len(KINDS))]
        connection = http.client.HTTPConnection(urlsplit(lines[0]).netloc, timeout=5)
        status, _, _ = get(connection, "/naba/feed.xml")
        connection.close()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    paths = [f"/{outlet_id}/{kind.feed_file}" for outlet_id, kind in KINDS.items()]
    assert [urlsplit(line).path for line in lines[1:]] == paths
    assert (status, process.returncode, errors) == (200, 0, b"")
