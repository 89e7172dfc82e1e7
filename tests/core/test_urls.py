"""Canonical URLs: one address for one page."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rasid.urls import canonical_url, host_of, page_identity

CANONICAL = {
    "bare host gets its slash": ("https://example.com", "https://example.com/"),
    "host and scheme in lower case": ("HTTPS://Www.Example.COM/Path", "https://www.example.com/Path"),
    "default port": ("https://example.com:443/a", "https://example.com/a"),
    "other port stays": ("http://example.com:8080/a", "http://example.com:8080/a"),
    "https port on http stays": ("http://example.com:443/a", "http://example.com:443/a"),
    "trailing dot of a host": ("https://example.com./a", "https://example.com/a"),
    "fragment": ("https://example.com/a#comments", "https://example.com/a"),
    "trailing slash stays": ("https://example.com/a/", "https://example.com/a/"),
    "no trailing slash stays": ("https://example.com/a", "https://example.com/a"),
    "empty segment stays": ("https://example.com//a//b", "https://example.com//a//b"),
    "dots": ("https://example.com/a/./b/../c", "https://example.com/a/c"),
    "dots past the root": ("https://example.com/../../a", "https://example.com/a"),
    "dots at the end": ("https://example.com/a/b/..", "https://example.com/a/"),
    "tracking parameters": (
        "https://example.com/a?utm_source=rss&id=7&fbclid=x",
        "https://example.com/a?id=7",
    ),
    "tracking alone": ("https://example.com/a?UTM_Source=rss", "https://example.com/a"),
    "tracking key in escapes": ("https://example.com/a?utm%5Fsource=rss", "https://example.com/a"),
    "order of the query": ("https://example.com/?b=2&a=1", "https://example.com/?b=2&a=1"),
    "value that looks like tracking": (
        "https://example.com/?q=utm_source",
        "https://example.com/?q=utm_source",
    ),
    "ampersand never unescaped": ("https://example.com/?id=7&amp;utm_medium=x", "https://example.com/?id=7"),
    "parameter without value": ("https://example.com/?123", "https://example.com/?123"),
    "query of nothing": ("https://example.com/a?&", "https://example.com/a"),
    "AMP twin": ("https://example.com/2026/news/amp", "https://example.com/2026/news"),
    "AMP twin with slash": ("https://example.com/2026/news/amp/", "https://example.com/2026/news/"),
    "AMP parameter": ("https://example.com/news?amp=1&id=2", "https://example.com/news?id=2"),
    "AMP bare parameter": ("https://example.com/news?amp", "https://example.com/news"),
    "AMP output": ("https://example.com/news?outputType=amp", "https://example.com/news"),
    "AMP file": ("https://example.com/news.amp.html", "https://example.com/news.html"),
    "AMP twice": ("https://example.com/news/amp/amp?amp;amp;amp=1", "https://example.com/news"),
    "a page called amp": ("https://example.com/amp", "https://example.com/amp"),
    "a section called amp": ("https://example.com/amp/news", "https://example.com/amp/news"),
    "a word that ends in amp": ("https://example.com/bootcamp", "https://example.com/bootcamp"),
    "Arabic path": ("https://example.com/تقنية", "https://example.com/%D8%AA%D9%82%D9%86%D9%8A%D8%A9"),
    "Arabic path in lower-case escapes": (
        "https://example.com/%d8%aa%d9%82%d9%86%d9%8a%d8%a9",
        "https://example.com/%D8%AA%D9%82%D9%86%D9%8A%D8%A9",
    ),
    "old Arabic encoding stays": ("https://example.com/%ca%de", "https://example.com/%CA%DE"),
    "needless escapes": ("https://example.com/%7Euser/%61", "https://example.com/~user/a"),
    "escaped slash stays": ("https://example.com/a%2fb", "https://example.com/a%2Fb"),
    "stray percent": ("https://example.com/100%", "https://example.com/100%25"),
    "space in a path": ("https://example.com/a b", "https://example.com/a%20b"),
    "Arabic domain": ("https://مثال.com/", "https://xn--mgbh0fb.com/"),
    "padding": (" \n\u200fhttps://example.com/a\ufeff ", "https://example.com/a"),
    "IPv6": ("http://[2001:DB8::1]:80/a", "http://[2001:db8::1]/a"),
}

REFUSED = {
    "file": "file:///etc/passwd",
    "script": "javascript:alert(1)",
    "data": "data:text/html,hello",
    "gopher": "gopher://example.com/",
    "relative without a base": "/a/b",
    "empty": "",
    "no host": "https:///a",
    "scheme without slashes": "http:example.com",
    "user information": "https://user:secret@example.com/",
    "user only": "https://user@example.com/",
    "backslash": "http://169.254.169.254:8888\\@public/",
    "line break inside": "https://example.com/a\nb",
    "tab inside": "https://exa\tmple.com/",
    "NUL": "https://example.com/\x00",
    "lone surrogate": "https://example.com/\ud800",
    "bad port": "https://example.com:99999/",
    "port that is no number": "https://example.com:http/",
    "port zero": "https://example.com:0/",
    "space in a host": "https://exam ple.com/",
    "escape in a host": "https://example%2ecom/",
    "zone of IPv6": "http://[fe80::1%25eth0]/",
    "broken IPv6": "http://[::1/",
    "label too long": "https://" + "a" * 64 + ".com/",
    "endless": "https://example.com/" + "a" * 5000,
}


@pytest.mark.parametrize(("url", "expected"), CANONICAL.values(), ids=CANONICAL)
def test_canonical_form(url: str, expected: str) -> None:
    """Each kind of variation comes to one form."""
    assert expected == canonical_url(url)


@pytest.mark.parametrize(("url", "expected"), CANONICAL.values(), ids=CANONICAL)
def test_canonical_form_is_stable(url: str, expected: str) -> None:
    """A canonical address is its own canonical form."""
    assert expected == canonical_url(expected)


@pytest.mark.parametrize("url", REFUSED.values(), ids=REFUSED)
def test_refused(url: str) -> None:
    """What is no plain web address is refused."""
    with pytest.raises(ValueError, match=r"."):
        canonical_url(url)


def test_refusal_holds_no_password() -> None:
    """A password in an address does not reach the error's text."""
    with pytest.raises(ValueError, match="user information") as caught:
        canonical_url("https://user:secret@example.com/")

    assert "secret" not in str(caught.value)
    assert "example.com" in str(caught.value)


RELATIVE = {
    "root": ("/b", "https://example.com/b"),
    "sibling": ("b", "https://example.com/news/b"),
    "up": ("../b?id=1", "https://example.com/b?id=1"),
    "other host": ("//cdn.example.org/b", "https://cdn.example.org/b"),
    "absolute": ("http://example.org/b", "http://example.org/b"),
}


@pytest.mark.parametrize(("url", "expected"), RELATIVE.values(), ids=RELATIVE)
def test_relative(url: str, expected: str) -> None:
    """A relative link is resolved against its page."""
    assert expected == canonical_url(url, "https://example.com/news/a")


def test_relative_backslash_is_refused() -> None:
    """A link that browsers read as another host is refused before it is joined."""
    with pytest.raises(ValueError, match="backslash"):
        canonical_url("\\\\evil.example/x", "https://example.com/")


def test_host_of_is_what_is_dialled() -> None:
    """The host comes without port, in lower case and in ASCII."""
    assert host_of("https://WWW.مثال.com:8443/a") == "www.xn--mgbh0fb.com"


@settings(deadline=None)
@given(path=st.text(max_size=40), query=st.text(max_size=40))
def test_any_path_is_refused_or_comes_to_rest(path: str, query: str) -> None:
    """Whatever follows the host: ValueError, or an ASCII address that is its own canonical form."""
    try:
        url = canonical_url(f"https://example.com/{path}?{query}")
    except ValueError:
        return

    assert url.isascii()
    assert "#" not in url
    assert url == canonical_url(url)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_raises_value_errors_only(text: str) -> None:
    """No text makes it fail in another way."""
    try:
        canonical_url(text, "https://example.com/")
    except ValueError:
        return


# ── page identity ─────────────────────────────────────────────────────────────────────────────────

ONE_PAGE = {
    "scheme": ("http://example.com/a", "https://example.com/a"),
    "www": ("https://www.example.com/a", "https://example.com/a"),
    "mobile hosts": ("https://m.example.com/a", "https://mobile.example.com/a"),
    "AMP host": ("https://amp.example.com/a", "https://www.example.com/a"),
    "two prefixes": ("https://www.m.example.com/a", "https://example.com/a"),
    "slash at the end": ("https://example.com/a/", "https://example.com/a"),
    "slashes at the end": ("https://example.com/a//", "https://example.com/a"),
    "bare host": ("https://example.com/", "http://example.com"),
    "default document": ("https://example.com/a/index.html", "https://example.com/a/"),
    "default document of the site": ("https://example.com/index.php", "https://example.com/"),
    "default document in capitals": ("https://example.com/a/Default.aspx", "https://example.com/a"),
    "default document with a query": ("https://example.com/index.php?id=1", "https://example.com/?id=1"),
    "leading AMP section": ("https://example.com/amp/2026/a", "https://example.com/2026/a"),
    "order of the query": ("https://example.com/?b=2&a=1", "https://example.com/?a=1&b=2"),
    "query of nothing": ("https://example.com/a?", "https://example.com/a"),
    "escapes": ("https://example.com/%d8%aa%61", "https://example.com/%D8%AAa"),
    "Arabic letters": ("https://example.com/تقنية", "https://example.com/%D8%AA%D9%82%D9%86%D9%8A%D8%A9"),
    "case of the host": ("https://Example.com/a", "https://example.com/a"),
}

TWO_PAGES = {
    "value of the query": ("https://example.com/?id=1", "https://example.com/?id=2"),
    "name of the query": ("https://example.com/?id=1", "https://example.com/?page=1"),
    "one more parameter": ("https://example.com/a?id=1", "https://example.com/a?id=1&page=2"),
    "parameter twice": ("https://example.com/?id=1&id=1", "https://example.com/?id=1"),
    "with and without a query": ("https://example.com/a?id=1", "https://example.com/a"),
    "longer number": ("https://example.com/story/12", "https://example.com/story/123"),
    "longer path": ("https://example.com/story", "https://example.com/story/12"),
    "case of the path": ("https://example.com/A", "https://example.com/a"),
    "other host": ("https://example.com/a", "https://example.org/a"),
    "other part of a host": ("https://ar.example.com/a", "https://example.com/a"),
    "host that begins like a prefix": ("https://money.example.com/a", "https://oney.example.com/a"),
    "prefix that is the name": ("https://m.com/a", "https://com/a"),
    "mobile host, other path": ("https://m.example.com/a", "https://example.com/b"),
    "port": ("https://example.com:8443/a", "https://example.com/a"),
    "page called amp": ("https://example.com/amp", "https://example.com/"),
    "word that begins with amp": ("https://example.com/ampere/a", "https://example.com/ere/a"),
    "AMP in the middle": ("https://example.com/a/amp/b", "https://example.com/a/b"),
    "document that is no default": ("https://example.com/index-2.html", "https://example.com/"),
    "default document in the middle": ("https://example.com/index.php/a", "https://example.com/a"),
    "escaped slash": ("https://example.com/a%2Fb", "https://example.com/a/b"),
}


@pytest.mark.parametrize(("one", "other"), ONE_PAGE.values(), ids=ONE_PAGE)
def test_addresses_of_one_page(one: str, other: str) -> None:
    """What differs by habit of the web has one identity, canonical or as given."""
    assert page_identity(one) == page_identity(other)
    assert page_identity(canonical_url(one)) == page_identity(canonical_url(other))


@pytest.mark.parametrize(("one", "other"), TWO_PAGES.values(), ids=TWO_PAGES)
def test_addresses_of_two_pages(one: str, other: str) -> None:
    """What may lead to another page keeps another identity."""
    assert page_identity(one) != page_identity(other)


def test_identity_names_what_stays() -> None:
    """Host, path and sorted query; an address that is none of the web's is its own identity."""
    assert "example.com/2026/A?a=1&b=2" == page_identity("https://www.example.com/amp/2026/A/?b=2&a=1")
    assert ["urn:a:b", "http://[::1/", "/a"] == [
        page_identity(url) for url in ("urn:a:b", "http://[::1/", "/a")
    ]


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_has_an_identity(text: str) -> None:
    """No text makes it fail, and scheme, www and a slash at the end never change it."""
    page_identity(text)
    try:
        url = canonical_url(f"https://example.com/a/{text}")
    except ValueError:
        return
    path, mark, query = url.removeprefix("https://").partition("?")
    assert page_identity(url) == page_identity(f"http://www.{path}/{mark}{query}")
