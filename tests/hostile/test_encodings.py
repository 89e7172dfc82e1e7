"""Cases 42 to 46: the corpus holds the letters that were meant, whatever the site made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hostile.hostile_press import Site, http, item, page, rss, watch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hostile.hostile_press import Stored

TITLE = "إنفيديا تعرض معالجا للحواسيب الصغيرة، وهواوي تترقب"
PARAGRAPHS = (
    "قالت الشركة إن المعالج الجديد يوفر نصف الطاقة التي كانت الأجيال السابقة تستهلكها في مراكز البيانات.",
    "وأضاف مدير المختبر أن فريقه جرب «النموذج الأول» في أربع مدن قبل أن يعرضه على الصحافة؛ فماذا بعد؟",
    "ويرى مراقبون أن المنافسة بين المصنعين ستشتد خلال العام المقبل مع دخول شركات ناشئة إلى السوق.",
)
FEED = rss(item("/a", TITLE)).replace('<?xml version="1.0"?>', '<?xml version="1.0"{encoding}?>')


def collected(
    folder: Path, feed: bytes, html: bytes, types: tuple[str, str] = ("text/xml", "text/html")
) -> list[Stored]:
    """The articles that come of a feed and the page that it leads to."""
    with Site({}) as site:
        site.answers["/feed"] = http(feed, f"Content-Type: {types[0]}")
        site.answers["/a"] = http(html, f"Content-Type: {types[1]}")
        rasid = watch(folder, site.url("/feed"))
        rasid.collect()
    return rasid.articles()


def declared(document: str, encoding: str | None) -> str:
    """A feed that claims an encoding, or none."""
    return document.replace("{encoding}", f' encoding="{encoding}"' if encoding else "")


def html(charset: str | None, title: str = TITLE, paragraphs: tuple[str, ...] = PARAGRAPHS) -> str:
    """A page that claims an encoding, or none."""
    meta = f'<meta charset="{charset}">' if charset else ""
    return page(title, *paragraphs).replace('<meta charset="utf-8">', meta)


def as_meant(articles: list[Stored]) -> None:
    """One article, to the letter."""
    [article] = articles
    assert (TITLE, "page") == (article.title, article.source)
    assert "\n".join(PARAGRAPHS) == article.text


@pytest.mark.parametrize("label", [None, "utf-8", "iso-8859-1", "windows-1256"])
@pytest.mark.parametrize("header", [True, False])
def test_042_windows_1256_undeclared_or_called_something_else(
    label: str | None, header: bool, tmp_path: Path
) -> None:
    """In the document or in the header, for feed and page alike."""
    charset = f"; charset={label}" if header and label else ""
    inside = None if header else label
    feed, body = declared(FEED, inside).encode("cp1256"), html(inside).encode("cp1256")
    as_meant(collected(tmp_path, feed, body, (f"text/xml{charset}", f"text/html{charset}")))


@pytest.mark.parametrize("encoding", ["iso8859-6", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_042_other_encodings_called_utf_8(encoding: str, tmp_path: Path) -> None:
    """What else Arabic is written in."""
    paragraphs = tuple(text.replace("«", '"').replace("»", '"') for text in PARAGRAPHS)
    feed, body = (
        declared(FEED, "utf-8").encode(encoding),
        html("utf-8", paragraphs=paragraphs).encode(encoding),
    )
    [article] = collected(tmp_path, feed, body)
    assert (TITLE, "\n".join(paragraphs)) == (article.title, article.text)


@pytest.mark.parametrize("label", ["windows-1256", "iso-8859-6", "utf-16"])
def test_043_utf_8_called_something_else(label: str, tmp_path: Path) -> None:
    """The letters outweigh document and header."""
    feed, body = declared(FEED, label).encode(), html(label).encode()
    as_meant(collected(tmp_path, feed, body, (f"text/xml; charset={label}", f"text/html; charset={label}")))


@pytest.mark.parametrize("bad", [b"\xff", b"\xd8", b"\x80", b"\xe2\x80"], ids=["ff", "lead", "tail", "cut"])
def test_044_one_bad_byte_is_one_gap(bad: bytes, tmp_path: Path) -> None:
    """One U+FFFD in the title, one in the text, and every other letter in its place."""
    feed = declared(FEED, "utf-8").encode().replace("معالجا ".encode(), "معالجا".encode() + bad + b" ")
    body = html("utf-8").encode().replace("المختبر ".encode(), "المختبر".encode() + bad + b" ")
    [article] = collected(tmp_path, feed, body)
    assert TITLE.replace("معالجا", "معالجا\ufffd") == article.title
    assert "\n".join(PARAGRAPHS).replace("المختبر", "المختبر\ufffd") == article.text


@pytest.mark.parametrize("codec", ["cp1252", "latin-1", "cp1256"])
def test_045_utf_8_encoded_twice(codec: str, tmp_path: Path) -> None:
    """Titles and page are read as they were meant; an item of the same feed that was right stays so."""

    def twice(text: str) -> str:
        return "".join(bytes([byte]).decode(codec, "ignore") or chr(byte) for byte in text.encode())

    right = "هواوي تفتتح مختبرا في الدار البيضاء « Tech Été »"
    with Site({}) as site:
        items = item(site.url("/a"), twice(TITLE)), item(site.url("/b"), right)
        site.answers["/feed"] = http(rss(*items), "Content-Type: text/xml")
        site.answers["/a"] = http(
            html("utf-8", twice(TITLE), tuple(map(twice, PARAGRAPHS))), "Content-Type: text/html"
        )
        site.answers["/b"] = http(html("utf-8", right), "Content-Type: text/html")
        rasid = watch(tmp_path, site.url("/feed"))
        rasid.collect()
    first, second = sorted(rasid.articles(), key=lambda article: article.url)
    assert (TITLE, "\n".join(PARAGRAPHS)) == (first.title, first.text)
    assert right == second.title


@pytest.mark.parametrize(
    "spoil",
    [
        lambda feed: feed.replace("<title>صحيفة", "<title>بحث & تطوير &nbsp; &copy; صحيفة"),
        lambda feed: feed.replace("<link>/a", "<link>/a?a=1&b=2"),
        lambda feed: "\ufeff" + feed,
        lambda feed: "\n\n  \r\n" + feed,
        lambda feed: "\ufeff\n \ufeff" + feed,
        lambda feed: feed.replace("</item>", "<description>نص </b> غير <متوازن</description></item>"),
        lambda feed: feed + "\n<!-- 0.1 s --><script>x()</script>",
    ],
    ids=["ampersand", "ampersand in the link", "bom", "blank lines", "bom and lines", "tags", "what follows"],
)
def test_046_feeds_that_are_not_well_formed(spoil, tmp_path: Path) -> None:
    """Their items are kept."""
    with Site({}) as site:
        feed = spoil(declared(FEED, "utf-8"))
        site.answers |= dict.fromkeys(("/a", "/a?a=1&b=2"), http(html("utf-8"), "Content-Type: text/html"))
        site.answers["/feed"] = http(feed, "Content-Type: text/xml")
        rasid = watch(tmp_path, site.url("/feed"))
        rasid.collect()
    as_meant(rasid.articles())
