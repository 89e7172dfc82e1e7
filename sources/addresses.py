"""URLs that mean one thing only, taken apart for dialling.

Which addresses may be dialled is judged by `rasid.addresses`, once a name has become one.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

_PORTS = {"http": 80, "https": 443}
_NUMERIC_LABEL = re.compile(r"\d+|0x[0-9a-f]*")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL for dialling; all in ASCII."""

    scheme: str
    host: str  # lower case, IPv6 without brackets
    port: int
    path: str  # with the query

    @property
    def authority(self) -> str:
        """Host and port as a request names them: the port where it is not the scheme's usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL again, without its fragment."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def at(self, path: str) -> Target:
        """Another path of the same site."""
        return Target(self.scheme, self.host, self.port, path)


def check_url(url: str) -> Target:
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
    if split.scheme not in _PORTS or parsed.scheme != split.scheme:
        raise ValueError(f"only http and https are fetched, not {split.scheme or 'a relative URL'}")
    if "@" in split.netloc or parsed.userinfo:
        raise ValueError("the URL holds a user name or a password")
    host = parsed.raw_host.decode("ascii")
    _check_host(split.netloc, host)
    if not port_agrees:
        raise ValueError("the URL's port can be read in two ways")
    if parsed.port == 0:
        raise ValueError("the URL's port is 0")
    # The root's dot names the same host, which is to have one turn and one robots.txt.
    return Target(
        split.scheme, host.rstrip("."), parsed.port or _PORTS[split.scheme], parsed.raw_path.decode("ascii")
    )


def _check_host(netloc: str, host: str) -> None:
    if not host.strip(".") or "%" in netloc:
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


def authority(url: str) -> str:
    """The host of `url`, in lower case, with the port where it is not the scheme's usual one.

    Raises:
        ValueError: as `check_url`.
    """
    return check_url(url).authority


def without_userinfo(url: str) -> str:
    """`url` as it may stand in a message: no user name, no password."""
    return re.sub(r"^([a-z][a-z0-9+.-]*:)?//[^/?#]*@", r"\1//", url, flags=re.IGNORECASE)
