"""Which URLs are plain, and what they name."""

from __future__ import annotations

from typing import Any

import pytest

from sources.addresses import authority, check_url, without_userinfo


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://0/",
        "http://0177.0.0.1/",
        "http://127.0.0.1./",
        "http://127。0。0。1/",
        "http://１２７.0.0.1/",
        r"http://169.254.169.254:8888\@example.org/",
        "http://example.org@127.0.0.1/",
        "http://user:secret@example.org/",
        "http://exa mple.org/",
        "http://example.org/\r\nX: y",
        "http://[fe80::1%25eth0]/",
        "http:///path",
        "http://example.org:99999/",
        "http://[::1/",
        "file:///etc/passwd",
        "ftp://example.org/",
        "//example.org/",
        "javascript:alert(1)",
        "",
    ],
)
def test_ambiguous_urls_are_refused(url: str) -> None:
    """What could be read in two ways is not read at all, and no secret is repeated."""
    with pytest.raises(ValueError, match=r".") as caught:
        check_url(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org", "https://example.org/"),
        ("HTTPS://Example.ORG.:443/a//b?c", "https://example.org/a//b?c"),
        ("http://93.184.216.34:8080/a?b=c#d", "http://93.184.216.34:8080/a?b=c"),
        ("https://example.org/@user/خبر", "https://example.org/@user/%D8%AE%D8%A8%D8%B1"),
        ("https://موقع.example/", "https://xn--4gbrim.example/"),
        ("http://[2606:4700::1111]/", "http://[2606:4700::1111]/"),
        ("https://24.ae/x", "https://24.ae/x"),
    ],
)
def test_plain_urls_pass(url: str, expected: Any) -> None:
    """Ordinary addresses pass, Arabic ones in their ASCII form, without fragment."""
    assert expected == check_url(url).url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a:b@example.org/x@y", "http://example.org/x@y"),
        ("https://example.org/@user", "https://example.org/@user"),
        ("not a url", "not a url"),
    ],
)
def test_messages_hold_no_userinfo(url: str, expected: Any) -> None:
    """What stands in an error names the page and no password."""
    assert expected == without_userinfo(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://News.Example/a", "news.example"),
        ("https://news.example:443/", "news.example"),
        ("http://news.example:80/", "news.example"),
        ("http://news.example:443/", "news.example:443"),
        ("http://news.example./", "news.example"),
        ("https://موقع.example/", "xn--4gbrim.example"),
        ("http://[2606:4700::1111]:8080/", "[2606:4700::1111]:8080"),
        ("http://93.184.216.34/", "93.184.216.34"),
    ],
)
def test_authority(url: str, expected: Any) -> None:
    """One name for one host, by which it is remembered."""
    assert expected == authority(url)
