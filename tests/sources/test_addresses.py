"""Which addresses are public, and which URLs are plain."""

from __future__ import annotations

from typing import Any

import pytest

from sources.addresses import check_url, is_named, is_public, without_userinfo


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("172.31.255.255", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("192.88.99.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::8.8.8.8", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:100.64.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::1", False),
        ("2002:7f00:1::", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        ("2001:db8::1", False),
        ("3fff::1", False),
        ("fc00::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
    ],
)
def test_public(address: str, expected: Any) -> None:
    """Only the public internet is, with IPv4 within IPv6 judged as IPv4."""
    assert expected is is_public(address)


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
        ("https://example.org", "https://example.org"),
        ("http://93.184.216.34:8080/a?b=c#d", "http://93.184.216.34:8080/a?b=c"),
        ("https://example.org/@user/خبر", "https://example.org/@user/%D8%AE%D8%A8%D8%B1"),
        ("https://موقع.example/", "https://xn--4gbrim.example/"),
        ("http://[2606:4700::1111]/", "http://[2606:4700::1111]/"),
        ("https://24.ae/x", "https://24.ae/x"),
    ],
)
def test_plain_urls_pass(url: str, expected: Any) -> None:
    """Ordinary addresses pass, Arabic ones in their ASCII form, without fragment."""
    checked = check_url(url)
    assert expected == str(checked).replace(checked.host, checked.raw_host.decode())


@pytest.mark.parametrize(
    ("host", "port", "named", "expected"),
    [
        ("127.0.0.1", 8000, {"127.0.0.1"}, True),
        ("127.0.0.1", 8000, {"127.0.0.1:8000"}, True),
        ("127.0.0.1", 8001, {"127.0.0.1:8000"}, False),
        ("::1", 80, {"[::1]:80"}, True),
        ("::1", 80, {"::1"}, True),
        ("localhost", 80, {"127.0.0.1"}, False),
        ("127.0.0.1", 80, set(), False),
    ],
)
def test_named_hosts(host: str, port: int, named: set[str], expected: Any) -> None:
    """A host is named as it is written, with or without its port."""
    assert expected is is_named(host, port, frozenset(named))


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
