"""Which addresses belong to the public internet, and which hosts an operator named all the same.

What a feed, a redirect or a webhook names is anybody's choice; the services of the machine and its network must not
answer for it. Whoever dials resolves the name first and judges the address that it then dials, so that neither a
spelling nor a DNS answer that changes gets around this.
"""

from __future__ import annotations

import ipaddress

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


def may_dial(host: str, port: int, found: list[str], allow_hosts: frozenset[str]) -> list[str]:
    """Those of a host's addresses that may be dialled: all where the operator named it, else the public ones."""
    if is_named(host, port, allow_hosts):
        return found
    return [address for address in found if is_public(address)]


def not_public(host: str) -> str:
    """Why nothing of a host may be dialled, and what to do if it is meant."""
    return (
        f"{host} is an address of this machine or a private network; "
        "settings http.allow_hosts can name it if it is meant"
    )
