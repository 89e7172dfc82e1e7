"""The hostile press itself: without malice it is an ordinary site, so a refusal is never the harness's fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.hostile_press import Site, http, item, page, rss, watch

if TYPE_CHECKING:
    from pathlib import Path


def test_an_ordinary_site_is_read(tmp_path: Path) -> None:
    """Feed, page, article: one of each, and nothing failed."""
    with Site({"/a": http(page(), "Content-Type: text/html; charset=utf-8")}) as site:
        site.answers["/feed"] = http(rss(item(site.url("/a"))), "Content-Type: application/rss+xml")
        rasid = watch(tmp_path, site.url("/feed"))
        report = rasid.collect()
    assert (1, ()) == (report.stored, report.failures)
    assert [(site.url("/a"), "page")] == [(article.url, article.source) for article in rasid.articles()]
