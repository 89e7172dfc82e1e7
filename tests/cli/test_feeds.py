"""`rasid feeds`: sites of several layouts on loopback, found, shown, listed, tested, exchanged."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from rasid.app.context import load_config, open_rasid
from rasid.cli.output import utc_now
from rasid.types import FeedState
from tests.cli.conftest import _Console
from tests.hostile.hostile_press import Site, Watch, http, item, page, rss, watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

HTML, RSS = "Content-Type: text/html; charset=utf-8", "Content-Type: application/rss+xml"
TITLES = (
    "إنفيديا تعرض معالجا لمراكز البيانات الصغيرة",
    "مدينة ساحلية تنير شوارعها بطاقة الأمواج",
    "طلاب يصنعون قمرا صناعيا بحجم كف اليد",
    "شبكة جديدة تصل القرى الجبلية بالإنترنت السريع",
    "مختبر يعيد تدوير بطاريات السيارات القديمة",
    "مكتبة رقمية تفتح مئة ألف مخطوط للقراء",
)


@pytest.fixture
def site() -> Iterator[Site]:
    """A site with six articles and no feed yet."""
    with Site({f"/news/{number}": http(page(title), HTML) for number, title in enumerate(TITLES)}) as opened:
        yield opened


@pytest.fixture
def other() -> Iterator[Site]:
    """A second site."""
    with Site({}) as opened:
        yield opened


def feed(site: Site, *numbers: int, title: str = "المدار | بوابة التقنية", days: int = 0) -> bytes:
    """A feed of some of its articles, two hours between them, the newest of `days` ago."""
    now = utc_now().replace(second=0, microsecond=0) - timedelta(days=days)
    items = (
        item(
            site.url(f"/news/{number}"),
            TITLES[number],
            f"<pubDate>{format_datetime(now - timedelta(hours=2 * number))}</pubDate>",
        )
        for number in numbers
    )
    return http(rss(*items).replace("صحيفة", title), RSS)


def front(*alternates: tuple[str, str], body: str = "") -> bytes:
    """A front page that names feeds by address and title."""
    links = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="{href}" title="{title}">'
        for href, title in alternates
    )
    return http(
        f'<!doctype html><html><head><meta charset="utf-8">{links}</head><body>{body}</body></html>', HTML
    )


@pytest.fixture
def listed(tmp_path: Path) -> Watch:
    """A config folder that lists one feed, of nobody."""
    made = watch(tmp_path, "http://127.0.0.1:9/feed")
    path = made.folder / "feeds.yaml"
    path.write_text("# موجزاتنا\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    return made


def run(made: Watch, *words: str, stdin: str | bytes = "") -> Result:
    """`rasid feeds …` in this process."""
    words = ("--config", str(made.folder), "feeds", *words)
    return CliRunner().invoke(_Console("rasid"), list(words), input=stdin, catch_exceptions=False)


def text(made: Watch) -> str:
    """feeds.yaml as it is."""
    return (made.folder / "feeds.yaml").read_text(encoding="utf-8")


def written(made: Watch) -> dict[str, str]:
    """Id and address of what is listed, without the feed that was there."""
    return {feed.id: feed.url for feed in load_config(made.folder).feeds if feed.id != "feed-0"}


# ── add ───────────────────────────────────────────────────────────────────────────────────────────


def test_add_finds_the_feed_of_a_site_and_lists_it(site: Site, listed: Watch) -> None:
    """One command and the front page's address: what was found and how it reads is shown, one entry is written."""
    site.answers["/"] = front(("/comments/feed/", "تعليقات"), ("/feed/", "المدار"))
    site.answers["/feed/"] = feed(site, 0, 1, 2, 3, 4, 5)
    before = text(listed)
    done = run(listed, "add", f" {site.url('')} ", "--yes")
    assert 0 == done.exit_code, done.stderr
    assert {"127-0-0-1": site.url("/feed/")} == written(listed)
    assert before + f"  - id: 127-0-0-1\n    name: المدار\n    url: {site.url('/feed/')}\n" == text(listed)
    assert "HTTP 200 · RSS 2.0 · utf-8 · 6 entries · 100% dated, newest" in done.stdout
    for title in TITLES[:5]:
        assert title in done.stdout
    assert TITLES[5] not in done.stdout
    assert "  nvidia  إنفيديا تعرض" in done.stdout
    assert ["/", "/feed/", *(f"/news/{number}" for number in range(5))] == site.paths()
    assert not (listed.folder.parent / "rasid.sqlite").exists()


def test_every_key_can_be_given(site: Site, listed: Watch) -> None:
    """Id, name and category as the operator wants them."""
    site.answers["/feed"] = feed(site, 0)
    words = ["--id", "madar", "--name", "مدار: التقنية", "--category", "tech", "--yes"]
    assert 0 == run(listed, "add", site.url("/feed"), *words).exit_code
    added = load_config(listed.folder).feeds[-1]
    assert ("madar", "مدار: التقنية", "tech") == (added.id, added.name, added.category)


def test_of_several_feeds_one_is_picked(site: Site, listed: Watch) -> None:
    """All are shown with their numbers; the first unless another is named; a number that is none is usage."""
    site.answers["/"] = front(("/feed/", "المدار"), ("/tech/feed/", "التقنية"), ("/copy/feed/", "نسخة"))
    site.answers["/feed/"] = site.answers["/copy/feed/"] = feed(site, 0, 1, 2)
    site.answers["/tech/feed/"] = feed(site, 1, 2, title="التقنية – المدار")
    done = run(listed, "add", site.url("/"), "--pick", "2", "--yes")
    assert f"{site.url('/')}: 2 feeds" in done.stdout
    assert f"  1  {site.url('/feed/')}" in done.stdout
    assert f"→ 2  {site.url('/tech/feed/')}" in done.stdout
    assert {"127-0-0-1": site.url("/tech/feed/")} == written(listed)
    done = run(listed, "add", site.url("/"), "--pick", "3", "--yes")
    assert (2, True) == (done.exit_code, "--pick 3: there are 2 feeds" in done.stderr)


def test_an_entry_that_cannot_be_read_says_why(site: Site, listed: Watch) -> None:
    """A page that is refused, one without text: their addresses, the reasons, the feed's own text where it has some."""
    site.answers["/news/1"] = http(status="403 Forbidden")
    site.answers["/news/2"] = http(page("عنوان", "قصير."), HTML)
    summary = "<description>" + "إنفيديا تشرح في هذا النص الطويل كيف صنعت معالجها الجديد خطوة بعد خطوة. " * 8
    site.answers["/feed"] = http(
        rss(
            item(site.url("/news/0"), TITLES[0]),
            item(site.url("/news/1"), TITLES[1], f"{summary}</description>"),
            item(site.url("/news/2"), TITLES[2]),
        ),
        RSS,
    )
    lines = run(listed, "add", site.url("/feed"), "--dry-run").stdout.splitlines()
    at = lines.index(f"      {site.url('/news/1')}")
    assert "without date" in lines[at - 1]
    assert "104 words  nvidia" in lines[at - 1]
    assert "      403 Forbidden; the words are the feed's own" == lines[at + 1]
    assert " 0 words  -" in lines[at + 2]
    assert lines[at + 4].endswith("; the feed has no text of its own")


def test_without_names_in_the_page_its_links_are_tried(site: Site, listed: Watch) -> None:
    """A link to a page that lists the feeds leads to them; links that are none are told nowhere."""
    site.answers["/"] = front(body='<a href="/rss">خدمة RSS</a><a href="/about">من نحن</a>')
    site.answers["/rss"] = front(body='<a href="/rss/tech.xml">تقنية</a><a href="/rss/gone.xml">قديم</a>')
    site.answers["/rss/tech.xml"] = feed(site, 0, 1)
    assert 0 == run(listed, "add", site.url("/"), "--yes").exit_code
    assert {"127-0-0-1": site.url("/rss/tech.xml")} == written(listed)
    assert ["/", "/rss", "/rss/tech.xml", "/rss/gone.xml"] == site.paths()[:4]


def test_a_dead_feed_does_not_hide_a_living_one(site: Site, listed: Watch) -> None:
    """What the page names stopped a year ago; the link in its foot goes on, and comes first."""
    site.answers["/"] = front(("/old/feed", "المدار"), body='<a href="/rss.xml">RSS</a>')
    site.answers["/old/feed"] = feed(site, 0, 1, days=365)
    site.answers["/rss.xml"] = feed(site, 2, 3)
    done = run(listed, "add", site.url("/"), "--yes")
    assert {"127-0-0-1": site.url("/rss.xml")} == written(listed)
    assert f"  2  {site.url('/old/feed')}" in done.stdout


def test_robots_may_name_a_news_sitemap(site: Site, listed: Watch) -> None:
    """A site without a feed whose robots.txt names one; it is read like a feed."""
    news = "http://www.google.com/schemas/sitemap-news/0.9"
    stamp = datetime.now(UTC).isoformat()  # noqa: TID251 - sites date their answers today
    entries = "".join(
        f"<url><loc>{site.url(f'/news/{number}')}</loc><news:news><news:publication><news:name>المدار</news:name>"
        f"</news:publication><news:publication_date>{stamp}</news:publication_date><news:title>{title}</news:title>"
        "</news:news></url>"
        for number, title in enumerate(TITLES[:3])
    )
    site.answers["/"] = front()
    site.answers["/robots.txt"] = http("User-agent: *\nDisallow: /admin\nSitemap: /sitemap-news.xml\n")
    site.answers["/sitemap-news.xml"] = http(
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="{news}">{entries}</urlset>',
        "Content-Type: application/xml",
    )
    done = run(listed, "add", site.url("/"), "--yes")
    assert {"127-0-0-1": site.url("/sitemap-news.xml")} == written(listed)
    assert TITLES[2] in done.stdout


def test_usual_addresses_are_tried_at_last(site: Site, listed: Watch) -> None:
    """A page that names nothing: one after the other, below the section first, no further than the first feed."""
    site.answers["/tech"] = front()
    site.answers["/rss.xml"] = feed(site, 0, 1)
    assert 0 == run(listed, "add", site.url("/tech"), "--yes").exit_code
    assert ["/tech", "/tech/feed/", "/tech/rss", "/feed/", "/rss", "/rss.xml"] == site.paths()[:6]
    assert {"127-0-0-1": site.url("/rss.xml")} == written(listed)


def test_a_section_page_serves_where_there_is_no_feed(site: Site, listed: Watch) -> None:
    """Its links become entries, and feeds.yaml says so."""
    links = "".join(
        f'<li><a href="/news/{number}"><h3>{title}</h3></a></li>' for number, title in enumerate(TITLES)
    )
    site.answers["/tech"] = front(body=f"<main><ul>{links}</ul></main>")
    done = run(listed, "add", site.url("/tech"), "--yes")
    assert 0 == done.exit_code, done.stderr
    assert f"{site.url('/tech')}: no feed; the links of the page serve" in done.stdout
    added = load_config(listed.folder).feeds[-1]
    assert ("page", site.url("/tech")) == (added.kind, added.url)
    assert "    links: auto\n" in text(listed)
    assert "HTTP 200 · links of a page · utf-8 · 6 entries · no dates" in done.stdout
    assert TITLES[0] in done.stdout


def test_nothing_found_tells_what_was_asked(site: Site, listed: Watch) -> None:
    """Each address with what came, then what to do; one link or two make no section page."""
    site.answers["/"] = front(("/feed", ""), body=f'<a href="/news/1">{TITLES[1]}</a>')
    site.answers["/feed"] = http("<html>صيانة</html>", HTML)
    before = text(listed)
    done = run(listed, "add", site.url("/"), "--yes")
    assert (1, before) == (done.exit_code, text(listed))
    assert f"  {site.url('/feed')}: an HTML page came instead of a feed" in done.stderr
    assert f"  {site.url('/rss')}: 404 Not Found" in done.stderr
    assert f"rasid: {site.url('/')}: no feed found" in done.stderr
    assert "give that address" in done.stderr


def test_the_address_that_a_site_moved_to_is_written(site: Site, other: Site, listed: Watch) -> None:
    """A permanent redirect is followed into feeds.yaml, a temporary one is not."""
    site.answers["/feed"] = feed(site, 0, 1)
    other.answers["/old"] = http("", f"Location: {site.url('/feed')}", status="301 Moved Permanently")
    other.answers["/now"] = http("", f"Location: {site.url('/feed2')}", status="302 Found")
    site.answers["/feed2"] = feed(site, 2, 3)
    assert 0 == run(listed, "add", other.url("/old"), "--id", "moved", "--yes").exit_code
    assert 0 == run(listed, "add", other.url("/now"), "--id", "borrowed", "--yes").exit_code
    assert {"moved": site.url("/feed"), "borrowed": other.url("/now")} == written(listed)


def test_what_is_listed_is_refused_before_anything_is_asked(site: Site, listed: Watch) -> None:
    """An address or an id that is there: file, line, and what to do; the site is left in peace."""
    site.answers["/feed"] = feed(site, 0)
    assert 0 == run(listed, "add", site.url("/feed"), "--id", "madar", "--yes").exit_code
    site.asked.clear()
    before = text(listed)
    for words, says in (
        ([site.url("/feed/")], f"feeds.yaml:4: {site.url('/feed/')} is listed already (id madar)"),
        ([site.url("/news"), "--id", "madar"], "feeds.yaml:4: the feed id 'madar' is taken"),
        (["ftp://almadar.example/feed"], "not an http or https address"),
        (["javascript:alert(1)"], "write it as https://example.com"),
    ):
        done = run(listed, "add", *words, "--yes")
        assert (1, "") == (done.exit_code, done.stdout), words
        assert says in done.stderr
    assert ([], before) == (site.asked, text(listed))


def test_a_front_page_whose_feed_is_listed_is_refused(site: Site, listed: Watch) -> None:
    """The feed is shown as listed, nothing is written twice."""
    site.answers["/"] = front(("/feed", "المدار"))
    site.answers["/feed"] = feed(site, 0, 1)
    assert 0 == run(listed, "add", site.url("/"), "--yes").exit_code
    done = run(listed, "add", site.url("/"), "--yes")
    assert (1, 1) == (done.exit_code, len(written(listed)))
    assert "listed as 127-0-0-1" in done.stdout
    assert "is listed already (id 127-0-0-1); `rasid feeds test 127-0-0-1` shows how it does" in done.stderr


@pytest.mark.parametrize(
    ("words", "stdin", "code", "kept"),
    [
        ([], "", 1, True),
        ([], "n\n", 1, True),
        (["--dry-run"], "", 0, True),
        (["--dry-run", "--yes"], "", 0, True),
        ([], "y\n", 0, False),
    ],
)
def test_nothing_is_written_unasked(
    site: Site, listed: Watch, words: list[str], stdin: str, code: int, kept: bool
) -> None:
    """Nobody there, «n», a dry run: the YAML is shown, the file stays; «y» writes it."""
    site.answers["/feed"] = feed(site, 0)
    before = text(listed)
    done = run(listed, "add", site.url("/feed"), *words, stdin=stdin)
    assert (code, kept) == (done.exit_code, before == text(listed))
    assert f"+    url: {site.url('/feed')}" in done.stdout


def test_an_address_that_gives_nothing_says_what_to_do(site: Site, listed: Watch) -> None:
    """404, a robots.txt that forbids, a port where nobody listens, a private host that is not named."""
    site.answers["/robots.txt"] = http("User-agent: *\nDisallow: /secret/\n")
    for address, says in (
        (site.url("/none"), "404 Not Found; see what a browser makes of it"),
        (site.url("/secret/feed"), "robots.txt"),
        ("http://127.0.0.1:9/", "connection refused"),
        ("http://10.1.2.3/", "http.allow_hosts"),
    ):
        done = run(listed, "add", address)
        assert (1, "") == (done.exit_code, done.stdout), address
        assert says in done.stderr
    assert ["/none"] == site.paths()


# ── test ──────────────────────────────────────────────────────────────────────────────────────────


def test_test_tells_fine_from_failing(site: Site, listed: Watch) -> None:
    """All that are on, nothing stored; exit code 1 with the names of those that fail."""
    site.answers["/feed"] = feed(site, 0, 1)
    site.answers["/dumb"] = http(rss(item(site.url("/gone"), "عنوان بلا صفحة")), RSS)
    for path in ("/feed", "/dumb"):
        assert 0 == run(listed, "add", site.url(path), "--id", path[1:], "--yes").exit_code
    done = run(listed, "test")
    assert 1 == done.exit_code
    assert "feed-0: failing\n  http://127.0.0.1:9/feed\n  connection refused\n" in done.stdout
    assert f"feed: fine\n  {site.url('/feed')}\n  HTTP 200 · RSS 2.0" in done.stdout
    assert "  none of its newest 1 entries could be read\n" in done.stdout
    assert "1 of 3 fine\nfailing: feed-0, dumb\n" == done.stderr
    assert not (listed.folder.parent / "rasid.sqlite").exists()
    assert 0 == run(listed, "test", "feed").exit_code


def test_test_speaks_json_and_takes_addresses(site: Site, listed: Watch) -> None:
    """An address that is not listed; the figures of the poll and of each entry."""
    site.answers["/feed"] = feed(site, 0, 1)
    done = run(listed, "test", site.url("/feed"), "--json")
    (told,) = json.loads(done.stdout)
    assert (None, site.url("/feed"), None, 200, "rss20", "utf-8", 2, 2) == tuple(
        told[name] for name in ("id", "url", "fault", "status", "format", "encoding", "entries", "dated")
    )
    assert [(TITLES[0], ["nvidia"], ""), (TITLES[1], ["nvidia"], "")] == [
        (one["title"], one["terms"], one["error"]) for one in told["shown"]
    ]
    assert all(one["words"] > 30 and one["published"] for one in told["shown"])


def test_test_knows_what_was_meant(site: Site, listed: Watch) -> None:
    """A misspelt id, a page instead of a feed, a feed that moved: each with what to do."""
    site.answers["/"] = front()
    site.answers["/feed"] = feed(site, 0)
    done = run(listed, "test", "feed-O")
    assert (1, True) == (done.exit_code, "no feed 'feed-O'; did you mean 'feed-0'?" in done.stderr)
    assert (
        f"`rasid feeds add {site.url('/')}` looks for the feeds of a site"
        in run(listed, "test", site.url("/")).stdout
    )
    site.answers["/old"] = feed(site, 0)
    assert 0 == run(listed, "add", site.url("/old"), "--id", "old", "--yes").exit_code
    site.answers["/old"] = http("", "Location: /feed", status="308 Permanent Redirect")
    done = run(listed, "test", "old")
    assert (
        f"moved for good; write `url: {site.url('/feed')}` at {listed.folder / 'feeds.yaml'}:4" in done.stdout
    )


# ── list ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def collected(site: Site, listed: Watch) -> Watch:
    """Two feeds, one of them failing, collected once; a third is off."""
    site.answers["/feed"] = feed(site, 0, 1)
    assert 0 == run(listed, "add", site.url("/feed"), "--id", "madar", "--yes").exit_code
    off = "  - {id: raqm, name: الرقم, url: https://raqm.example/rss, enabled: false}\n"
    (listed.folder / "feeds.yaml").write_text(text(listed) + off, encoding="utf-8")
    assert 2 == listed.collect().stored
    return listed


def test_list_gives_programs_a_table_with_the_name_last(collected: Watch) -> None:
    """Tab-separated, moments in full, the error in words; what is off only with --all."""
    rows = [line.split("\t") for line in run(collected, "list", "--all").stdout.splitlines()]
    assert ["feed", "state", "last success", "a day", "read", "next poll", "error", "name"] == rows[0]
    by_id = {row[0]: row for row in rows[1:]}
    assert ("ok", "-", "المدار") == (by_id["madar"][1], by_id["madar"][6], by_id["madar"][7])
    assert "100%" == by_id["madar"][4]
    assert ("failing", "connection refused") == (by_id["feed-0"][1], by_id["feed-0"][6])
    assert ("off", "-", "-", "-", "-", "-", "الرقم") == tuple(by_id["raqm"][1:])
    assert "raqm" not in run(collected, "list").stdout


def test_list_speaks_json(collected: Watch) -> None:
    """The same, and the figures of four weeks."""
    told = {feed["id"]: feed for feed in json.loads(run(collected, "list", "--json").stdout)}
    assert ("ok", "المدار", 1.0) == tuple(told["madar"][name] for name in ("status", "name", "share_read"))
    assert {"entries_a_day", "quiet", "thin", "moved_to"} <= told["madar"].keys()


def test_list_makes_no_database(listed: Watch) -> None:
    """A question is no reason to; every feed is new."""
    assert "feed-0\tnew\t-\t-\t-\t-\t-\tصحيفة 0" in run(listed, "list").stdout
    assert not (listed.folder.parent / "rasid.sqlite").exists()


def test_list_fits_a_narrow_terminal(collected: Watch) -> None:
    """60 columns: no row but a long name's is broken; errors and moves stand below, with what to write."""
    moved = FeedState(
        "madar", status="moved", last_success=utc_now(), moved_to="https://madar.example/feed", moves=3
    )
    with open_rasid(collected.folder) as rasid:
        rasid.store.put_back(moved)
    lines = on_terminal(collected, "feeds", "list").splitlines()
    assert ["feed", "state", "success", "a", "day", "read", "next", "name"] == lines[0].split()
    assert ["feed-0", "failing", "-", "-", "-"] == lines[1].split()[:5]
    assert ["madar", "moved", "now", "-", "100%", "now", "المدار"] == lines[2].split()
    assert "feed-0: connection refused (1 time in a row)" == lines[3]
    where = f"{collected.folder / 'feeds.yaml'}:4"
    assert f"madar: moved for good; write `url: https://madar.example/feed` at {where}" == lines[4]
    assert all(len(line) <= 60 for line in lines[:3])


def on_terminal(made: Watch, *words: str, columns: int = 60) -> str:
    """What a command writes on a terminal of its own."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color", "NO_COLOR": "1", "COLUMNS": str(columns)}
    command = [sys.executable, "-m", "rasid.cli", "--config", str(made.folder), *words]
    with ExitStack() as open_ends:
        open_ends.callback(os.close, master)
        subprocess.run(
            command, stdout=slave, stderr=subprocess.DEVNULL, env=environment, check=True, timeout=60
        )
        os.close(slave)
        shown = b""
        try:
            while chunk := os.read(master, 65536):
                shown += chunk
        except OSError:  # the other end is closed and all is read
            pass
    return shown.decode().replace("\r\n", "\n")


# ── import, export ────────────────────────────────────────────────────────────────────────────────


def test_export_and_import_carry_a_list_over(listed: Watch, tmp_path: Path) -> None:
    """Ids, names, addresses, categories; into another Rasid, once: the second time all is skipped."""
    more = (
        "  - {id: a, name: المدار & Co, url: 'https://a.example/f?x=1&y=2', category: tech}\n"
        "  - {id: b, name: القسم, url: https://b.example/tech/, links: 'h3 > a', category: tech}\n"
        "  - {id: c, name: بحث, google_news: [chips]}\n"
        "  - {id: d, name: متوقف, url: https://d.example/, enabled: false}\n"
    )
    (listed.folder / "feeds.yaml").write_text(text(listed) + more, encoding="utf-8")
    out = tmp_path / "list.opml"
    done = run(listed, "export", "--all", "-o", str(out))
    assert 0 == done.exit_code, done.stderr
    assert "searches" in done.stderr
    assert b"d.example" not in run(listed, "export").stdout_bytes
    (tmp_path / "second").mkdir()
    second = watch(tmp_path / "second", "http://127.0.0.1:10/feed")
    (second.folder / "feeds.yaml").write_text("feeds: []\n", encoding="utf-8")
    done = run(second, "import", str(out))
    assert 0 == done.exit_code, done.stderr
    wanted = [feed for feed in load_config(listed.folder).feeds if feed.kind != "search"]
    assert wanted == list(load_config(second.folder).feeds)
    before = text(second)
    done = run(second, "import", "-", stdin=out.read_bytes())
    assert (0, before) == (done.exit_code, text(second))
    assert "skipped: https://d.example/ is listed already (id d)" in done.stderr
    assert "0 to add, 4 skipped" in done.stderr


def test_import_can_be_tried(listed: Watch, tmp_path: Path) -> None:
    """--dry-run shows the lines and writes none."""
    path = tmp_path / "x.opml"
    path.write_text(
        '<opml version="1.0"><body><outline text="أ" xmlUrl="https://a.example/rss"/></body></opml>'
    )
    before = text(listed)
    done = run(listed, "import", str(path), "--dry-run")
    assert (0, before) == (done.exit_code, text(listed))
    assert "+  - id: a" in done.stdout


def test_a_list_that_is_none_is_refused(listed: Watch, tmp_path: Path) -> None:
    """Exit code 1 and the file's name; a file that is not there is usage."""
    path = tmp_path / "x.opml"
    path.write_text("<html></html>", encoding="utf-8")
    before = text(listed)
    done = run(listed, "import", str(path))
    assert (1, before) == (done.exit_code, text(listed))
    assert f"rasid: {path}: not an OPML file" in done.stderr
    assert 2 == run(listed, "import", str(tmp_path / "none.opml")).exit_code
