"""What pages and feeds do to articles over time: edited, thin, moved elsewhere, hidden behind redirectors."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.hostile.hostile_press import PARAGRAPHS, Site, Watch, http, item, page, rss, watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LATER = timedelta(hours=3)
HTML = "Content-Type: text/html; charset=utf-8"
NOTICE = "ويذكر أن الموقع ينظم في كل خريف جائزة سنوية لأفضل تطبيق عربي تتنافس عليها عشرات الفرق."
GONE = http(status="404 Not Found")


@pytest.fixture
def site() -> Iterator[Site]:
    """A site of one feed, whose pages a test writes."""
    with Site({}) as one:
        yield one


def publish(site: Site, *items: str) -> None:
    """Put items into the site's feed."""
    site.answers["/feed"] = http(rss(*items), "Content-Type: application/rss+xml")


def later(rasid: Watch, wait: timedelta = LATER) -> None:
    """Collect again after a while."""
    rasid.later += wait
    rasid.collect()


def test_054_title_edited_url_stable(tmp_path: Path, site: Site) -> None:
    """The page is read once more, the article says what it says now, and it is still one article."""
    site.answers["/a"] = http(page("إنفيديا تعرض معالجا"), HTML)
    publish(site, item(site.url("/a"), "إنفيديا تعرض معالجا"))
    rasid = watch(tmp_path, site.url("/feed"))
    rasid.collect()
    corrected = "وصححت الشركة لاحقا موعد التسليم فقالت إنه سيكون في الربيع المقبل."
    site.answers["/a"] = http(page("إنفيديا تؤجل معالجها", *PARAGRAPHS, corrected), HTML)
    publish(site, item(site.url("/a"), "إنفيديا تؤجل معالجها"))
    later(rasid)
    (article,) = rasid.articles()
    assert "إنفيديا تؤجل معالجها" == article.title
    assert article.text.endswith(corrected)
    assert ["/feed", "/a", "/feed", "/a"] == site.paths()
    later(rasid)
    assert ["/feed"] == site.paths()[4:]


def test_054_an_edit_that_brings_a_name_is_told_once(tmp_path: Path, site: Site) -> None:
    """An article told of for nothing else is told of when the watched name comes with the edit, and never again."""
    others = [text.replace("إنفيديا", "مدار") for text in PARAGRAPHS]
    site.answers["/a"] = http(page("مدار تعرض معالجا", *others), HTML)
    publish(site, item(site.url("/a"), "مدار تعرض معالجا"))
    rasid = watch(tmp_path, site.url("/feed"))
    rasid.collect()
    site.answers["/a"] = http(page("مدار وإنفيديا تعرضان معالجا", *PARAGRAPHS), HTML)
    publish(site, item(site.url("/a"), "مدار وإنفيديا تعرضان معالجا"))
    later(rasid)
    with rasid.opened() as opened:
        (told,) = opened.store.unreported("analysts", ["nvidia"], rasid.clock() - timedelta(hours=1))
    assert 2 == len(told.mentions)


def test_054_a_wall_is_no_edit(tmp_path: Path, site: Site) -> None:
    """What is read of an edited page and is half of what it was does not take its place."""
    site.answers["/a"] = http(page("إنفيديا تعرض معالجا"), HTML)
    publish(site, item(site.url("/a"), "إنفيديا تعرض معالجا"))
    rasid = watch(tmp_path, site.url("/feed"))
    rasid.collect()
    (before,) = rasid.articles()
    teaser = " ".join(PARAGRAPHS[0].split()[:8])
    site.answers["/a"] = http(page("إنفيديا تعرض معالجا جديدا", teaser), HTML)
    publish(site, item(site.url("/a"), "إنفيديا تعرض معالجا جديدا"))
    later(rasid)
    (after,) = rasid.articles()
    assert before.text == after.text


def test_a_thin_page_is_read_at_once_and_once_more(tmp_path: Path, site: Site) -> None:
    """A flash of thirty words is an article now; what stands there later takes its place; a third time nobody asks."""
    flash = (
        PARAGRAPHS[0] + " وستعلن التفاصيل في مؤتمر صحفي يعقد مساء اليوم في مقر الشركة بحضور عدد من الصحفيين."
    )
    site.answers["/a"] = http(page("عاجل: إنفيديا تعرض معالجا", flash), HTML)
    publish(site, item(site.url("/a"), "عاجل: إنفيديا تعرض معالجا"))
    rasid = watch(tmp_path, site.url("/feed"))
    rasid.collect()
    (thin,) = rasid.articles()
    assert flash == thin.text
    site.answers["/a"] = http(
        page("عاجل: إنفيديا تعرض معالجا", flash, *PARAGRAPHS[1:], *PARAGRAPHS[1:]), HTML
    )
    later(rasid)
    (whole,) = rasid.articles()
    assert len(whole.text) > 2 * len(flash)
    later(rasid)
    assert 2 == site.paths().count("/a")


def test_a_page_that_is_empty_at_first_is_asked_for_again(tmp_path: Path, site: Site) -> None:
    """Published before it was written: put back once, then read."""
    site.answers["/a"] = http(page("إنفيديا تعرض معالجا", "التفاصيل بعد قليل."), HTML)
    publish(site, item(site.url("/a")))
    rasid = watch(tmp_path, site.url("/feed"))
    report = rasid.collect()
    assert [False] == [failure.final for failure in report.failures]
    site.answers["/a"] = http(page(), HTML)
    later(rasid)
    assert ["page"] == [article.source for article in rasid.articles()]


def test_the_feeds_own_text_serves_where_the_page_is_gone(tmp_path: Path, site: Site) -> None:
    """Labelled so, and with all its words."""
    site.answers["/a"] = GONE
    text = " ".join(PARAGRAPHS)
    publish(site, item(site.url("/a"), extra=f"<description>{text}</description>"))
    rasid = watch(tmp_path, site.url("/feed"))
    rasid.collect()
    (article,) = rasid.articles()
    assert ("feed", text) == (article.source, article.text)


def test_a_redirector_gives_the_address_of_the_page(tmp_path: Path, site: Site) -> None:
    """The article is known by where it stands, not by a link of another host that leads there."""
    with Site({}) as outlet:
        outlet.answers["/story"] = http(page(), HTML)
        site.answers["/go"] = http("", f"Location: {outlet.url('/story')}", status="302 Found")
        publish(site, item(site.url("/go")))
        rasid = watch(tmp_path, site.url("/feed"))
        rasid.collect()
        expected = outlet.url("/story")
    assert [expected] == [article.url for article in rasid.articles()]


def test_kept_html_is_read_again_by_new_rules(tmp_path: Path, site: Site) -> None:
    """`rasid corpus reextract`: an outlet's new rule takes effect on what was collected before; no site is asked."""
    from rasid.app.reextract import reextract

    box = f'<div class="sanduq"><p>{NOTICE}</p></div>'
    site.answers["/a"] = http(page().replace("</article>", f"{box}</article>"), HTML)
    publish(site, item(site.url("/a")))
    rasid = watch(tmp_path, site.url("/feed"))
    settings = rasid.folder / "settings.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + "keep: {html: 7}\n", encoding="utf-8")
    rasid.collect()
    (before,) = rasid.articles()
    assert NOTICE in before.text
    feeds = rasid.folder / "feeds.yaml"
    text = feeds.read_text(encoding="utf-8").replace("}\n", ", remove: .sanduq}\n")
    feeds.write_text(text, encoding="utf-8")
    asked = len(site.asked)
    with rasid.opened() as opened:
        report = reextract(opened, clock=rasid.clock)
        again = reextract(opened, clock=rasid.clock)
    (after,) = rasid.articles()
    assert (1, 1, ()) == (report.pages, report.changed, report.failures)
    assert 0 == again.changed
    assert NOTICE not in after.text
    assert asked == len(site.asked)
