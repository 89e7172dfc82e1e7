"""Where a text to explain comes from: a page on the net, a page on disk, an article of the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo.press import load
from demo.scene import write_config
from demo.server import ARTICLES, serve
from rasid.app.context import load_config
from rasid.app.explain import from_archive, from_page, from_url
from rasid.errors import ExtractError, FetchError, RasidError
from storage import open_store
from tests.app.app_press import clock
from tests.storage.builders import article, stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo.server import DemoServer

PARAGRAPHS = (
    "افتتحت شركة إنفيديا مكتبا في مسقط صباح أمس، وحضر الافتتاح جمع من المهندسين وطلاب الجامعات في المدينة.",
    "وقال مدير المكتب إن الفريق سيضم عشرين مهندسا قبل نهاية العام، وإن المكتب سيدرب الطلاب على برمجة المعالجات.",
    "وتعمل الشركة في المنطقة منذ أعوام، ولها شركاء في ثلاث عواصم يبيعون خوادمها لمراكز البيانات والجامعات.",
)
PAGE = """<!DOCTYPE html>
<html lang="ar" dir="rtl">
<head><meta charset="utf-8"><title>إنفيديا في مسقط - مدار</title><meta property="og:site_name" content="مدار"></head>
<body><nav><a href="/">الرئيسية</a> <a href="/huawei">هواوي</a></nav>
<article><h1>إنفيديا في مسقط</h1><p>{}</p><p>اقرأ أيضا: هواوي تكشف عن هاتف</p></article>
<footer>جميع الحقوق محفوظة لمدار</footer></body></html>
""".format("</p><p>".join(PARAGRAPHS))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DemoServer, Path]]:
    """A served press and a config folder that may fetch from it."""
    with serve(load(ARTICLES, clock())) as server:
        yield server, write_config(tmp_path_factory.mktemp("explain"), server.url)


def test_a_page_is_read_as_a_collect_reads_it(served: tuple[DemoServer, Path]) -> None:
    """The article without the furniture, the outlet's name off the title, boilerplate lines out."""
    config = load_config(served[1])
    source = from_page(config, "page.html", PAGE.encode())
    assert ("page.html", "إنفيديا في مسقط", "\n".join(PARAGRAPHS)) == (source.name, source.title, source.text)


def test_a_page_without_an_article_says_so(served: tuple[DemoServer, Path]) -> None:
    """An error with its reason, not an empty text."""
    with pytest.raises(ExtractError):
        from_page(load_config(served[1]), "page.html", b"<html><body><nav>x</nav></body></html>")


def test_a_page_is_fetched(served: tuple[DemoServer, Path]) -> None:
    """Title and text are those of the article behind the address; the page's own address is its name."""
    server, folder = served
    written = server.press.articles[0]
    source = from_url(load_config(folder), server.url + written.path, clock)
    assert (server.url + written.path, written.title) == (source.name, source.title)
    assert written.text.split("\n")[0] in source.text


def test_a_page_that_cannot_be_had_says_why(served: tuple[DemoServer, Path]) -> None:
    """The site's answer; and an address of this machine only where the settings name it."""
    server, folder = served
    with pytest.raises(FetchError, match="404"):
        from_url(load_config(folder), f"{server.url}/naba/2026/01/nothing/", clock)
    settings = folder / "settings.yaml"
    before = settings.read_text(encoding="utf-8")
    settings.write_text(before.replace(', allow_hosts: ["127.0.0.1", localhost]', ""), encoding="utf-8")
    try:
        with pytest.raises(FetchError, match="allow_hosts"):
            from_url(load_config(folder), server.url + server.press.articles[0].path, clock)
    finally:
        settings.write_text(before, encoding="utf-8")


def test_an_article_of_the_archive(
    served: tuple[DemoServer, Path], database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As it is stored, by its number, named by its address; an unknown number says what shows the numbers."""
    monkeypatch.setenv("RASID_TEST_DATABASE", database_url)
    folder = write_config(tmp_path, served[0].url)
    (folder / "settings.yaml").write_text('database: "${RASID_TEST_DATABASE}"\n', encoding="utf-8")
    config = load_config(folder)
    new = article(url="https://tech.example/1", title="إنفيديا في مسقط", text="\n".join(PARAGRAPHS))
    with open_store(database_url) as store:
        held = stored(store, new)
    source = from_archive(config, folder, held.id)
    assert ("https://tech.example/1", new.title, new.text) == (source.name, source.title, source.text)
    with pytest.raises(RasidError, match=r"no article 77; `rasid backtest LIST` shows the numbers"):
        from_archive(config, folder, 77)
