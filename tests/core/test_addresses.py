"""Which addresses are public, and which hosts an operator named."""

from __future__ import annotations

from typing import Any

import pytest

from rasid.addresses import is_named, is_public, may_dial


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


def test_a_public_name_keeps_its_public_addresses_alone() -> None:
    """Of a name with both, the private ones are not dialled; a name that was named keeps all."""
    found = ["10.0.0.1", "198.41.0.4", "::1"]
    assert ["198.41.0.4"] == may_dial("news.example", 443, found, frozenset())
    assert found == may_dial("news.example", 443, found, frozenset({"news.example:443"}))
