"""Searches of Google News out of a watchlist, and the publishers behind its links."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from rasid.google_news import is_google_link, publisher_url, search_urls
from rasid.types import Cue, Form, Query, Term


def term(*forms: Form, query: Query | None = None) -> Term:
    """A term with these spellings."""
    return Term("h20", "H20", "H20", forms, query=query)


def searched(*forms: Form) -> str:
    """What Google is asked for."""
    [(_, url)] = search_urls([term(*forms)])
    return parse_qs(urlsplit(url).query)["q"][0]


def google_link(address: bytes, *, kind: int = 0x13, path: str = "rss/articles") -> str:
    """A link as Google News builds it around an address."""
    size = (
        bytes([len(address)])
        if len(address) < 128
        else bytes([len(address) & 0x7F | 0x80, len(address) >> 7])
    )
    token = base64.urlsafe_b64encode(bytes([0x08, kind, 0x22]) + size + address + b"\xd2\x01\x00")
    return f"https://news.google.com/{path}/{token.decode().rstrip('=')}?oc=5"


def test_the_address_of_a_search() -> None:
    """One feed for a term, in Arabic, of the last week."""
    [(name, url)] = search_urls([term(Form("إنفيديا"), Form("Nvidia"))])
    parts = urlsplit(url)
    assert ("h20", "https", "news.google.com", "/rss/search") == (
        name,
        parts.scheme,
        parts.netloc,
        parts.path,
    )
    assert url.endswith("&hl=ar&gl=SA&ceid=SA:ar")
    assert ['("إنفيديا" OR "Nvidia") when:7d'] == parse_qs(parts.query)["q"]


def test_codes_are_searched_for_and_lookalikes_only_beside_their_cues() -> None:
    """H2O alone is water."""
    forms = (
        Form("H20", "code"),
        Form("H2O", "lookalike"),
        Form("H2O", "lookalike", Cue(("رقائق", "شريحة معالج"))),
        Form("كونلون", near=Cue(("بايدو",), 5)),
    )
    assert '("H20" OR ("H2O" ("رقائق" OR "شريحة معالج")) OR ("كونلون" ("بايدو"))) when:7d' == searched(*forms)


def test_a_term_without_spellings_has_no_search() -> None:
    """Found by a query over others, or spelled only as something else is."""
    by_query = term(query=Query("words", value="رقائق"))
    assert [] == list(search_urls([by_query, term(Form("H2O", "lookalike")), term()]))


def test_the_first_spellings_fill_the_query() -> None:
    """Google reads 32 words and 2,000 characters: the file's order decides who is among them."""
    query = searched(*(Form(f"رقاقة نموذج {number}") for number in range(40)))
    assert query.startswith('("رقاقة نموذج 0" OR "رقاقة نموذج 1" OR')
    assert 28 <= len(query.split()) <= 32
    [(_, url)] = search_urls([term(*(Form("كلمةطويلةجدا" * 8 + str(number)) for number in range(9)))])
    assert len(url) <= 2000


def test_cues_that_do_not_fit_are_left_out() -> None:
    """The spelling stays, with as many of its cues as there is room for."""
    query = searched(Form("H2O", "lookalike", Cue(tuple(f"دليل{number}" for number in range(60)))))
    assert query.startswith('(("H2O" ("دليل0" OR "دليل1"')
    assert len(query.split()) <= 32


def test_quotes_in_a_spelling_do_not_end_it() -> None:
    """A spelling is one phrase."""
    assert '("شركة إكس") when:7d' == searched(Form('شركة" إكس'))


@pytest.mark.parametrize("path", ["rss/articles", "articles", "read"])
@pytest.mark.parametrize("length", [10, 90, 300])
def test_the_publisher_inside_an_old_link(path: str, length: int) -> None:
    """Whatever the length of its address."""
    address = "https://press.example/" + "a" * length
    assert address == publisher_url(google_link(address.encode(), path=path))


def test_the_publishers_address_is_made_canonical() -> None:
    """As any link is."""
    assert "https://press.example/a" == publisher_url(google_link(b"https://PRESS.example/a?utm_source=g#x"))


@pytest.mark.parametrize(
    "link",
    [
        google_link(b"AU_yqLMzTmV3VG9rZW4"),
        google_link(b"javascript:alert(1)"),
        google_link(b"https://user:word@press.example/a"),
        google_link(b"https://news.google.com/articles/x"),
        google_link(b"https://google.com/a"),
        google_link(b"\xff\xfe"),
        "https://news.google.com/rss/articles/CBM",
        "https://news.google.com/rss/articles/CBMi",
        "https://news.google.com/rss/articles/CBMi_w",
        "https://news.google.com/rss/articles/",
        "https://news.google.com/topics/CAAqBwgKMI",
        google_link(b"https://press.example/a").replace("news.google.com", "news.google.com.evil.example"),
        "https://[",
        "",
    ],
)
def test_what_holds_no_publisher(link: str) -> None:
    """Tokens that only Google resolves, addresses that are none, links that are not Google's."""
    assert publisher_url(link) is None


def test_google_links_are_told_by_their_host() -> None:
    """Not by a name within another."""
    assert is_google_link("https://news.google.com/rss/articles/x")
    assert not is_google_link("https://press.example/news.google.com")
    assert not is_google_link("https://[")
