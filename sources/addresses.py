"""Which addresses may be dialled, and which URLs mean one thing only.

A feed or a redirect names any host it likes; the services of the machine and its network must not answer
for it. Names are resolved first and the addresses judged afterwards, so that neither a spelling nor a DNS
answer gets around this.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

import httpx

_NOT_PUBLIC_V4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; cloud metadata in some clouds
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays; Python 3.11 calls it global
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")  # all else is local, multicast, embedded or unassigned
_NOT_PUBLIC_V6 = tuple(
    ipaddress.IPv6Network(block)
    for block in (
        "2001::/23",  # IETF assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address within
        "3fff::/20",  # documentation; Python 3.11 calls it global
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NUMERIC_LABEL = re.compile(r"\d+|0x[0-9a-f]*")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")


def is_public(address: str) -> bool:
    """Whether `address` belongs to the public internet, IPv4 within IPv6 unwrapped."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        return _is_public_v6(ip)
    return not any(ip in block for block in _NOT_PUBLIC_V4)


def _is_public_v6(ip: ipaddress.IPv6Address) -> bool:
    if ip.ipv4_mapped is not None:
        return is_public(str(ip.ipv4_mapped))
    if ip in _NAT64:  # machines without IPv4 reach the public IPv4 internet through it
        return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)))
    return ip in _GLOBAL_V6 and not any(ip in block for block in _NOT_PUBLIC_V6)


def is_named(host: str, port: int, allow_hosts: frozenset[str]) -> bool:
    """Whether the operator named this host, alone or with its port."""
    bracketed = f"[{host}]" if ":" in host else host
    return not allow_hosts.isdisjoint({host, bracketed, f"{bracketed}:{port}"})


def check_url(url: str) -> httpx.URL:
    """`url` for dialling, without its fragment.

    Raises:
        ValueError: two readers could take the URL for two hosts, or it is not http(s); the text says which.
    """
    if _UNSAFE.search(url):
        raise ValueError("the URL holds a backslash, a space or a control character")
    try:
        split, parsed = urlsplit(url), httpx.URL(url)
        port_agrees = split.port in (None, parsed.port) or parsed.port is None
    except (ValueError, httpx.InvalidURL) as e:
        raise ValueError(f"the URL cannot be read: {e}") from e
    if split.scheme not in ("http", "https") or parsed.scheme != split.scheme:
        raise ValueError(f"only http and https are fetched, not {split.scheme or 'a relative URL'}")
    if "@" in split.netloc or parsed.userinfo:
        raise ValueError("the URL holds a user name or a password")
    _check_host(split.netloc, parsed.raw_host.decode("ascii"))
    if not port_agrees:
        raise ValueError("the URL's port can be read in two ways")
    return parsed.copy_with(fragment=None)


def _check_host(netloc: str, host: str) -> None:
    if not host or "%" in netloc:
        raise ValueError("the URL names no host that can be dialled")
    last = host.rstrip(".").rpartition(".")[2].lower()
    if ":" in host or not _NUMERIC_LABEL.fullmatch(last):
        return
    try:
        plain = str(ipaddress.IPv4Address(host))
    except ValueError as e:
        raise ValueError("the URL's host is a number that can be read as several addresses") from e
    if plain not in netloc:  # full-width digits or dots that became an address on the way
        raise ValueError("the URL's host is an address in disguise")


def without_userinfo(url: str) -> str:
    """`url` as it may stand in a message: no user name, no password."""
    return re.sub(r"^([a-z][a-z0-9+.-]*:)?//[^/?#]*@", r"\1//", url, flags=re.IGNORECASE)
