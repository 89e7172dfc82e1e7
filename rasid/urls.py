"""One address for one page: canonical URLs.

The canonical URL is what the corpus is unique by and what is fetched, so no rewriting may lead to another
page: the scheme, `www.`, an `amp.` host and the trailing slash are kept. What is unified does not change the
page: the case of the host, IDNA, default ports, dots in paths, percent-encoding, fragments, parameters that
only track, and the AMP twin of a page.

Beside it stands the page identity, which is never fetched: what two addresses have in common that are one page on
every site but a strange one. By it a page is known again before it is fetched a second time.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, quote, unquote_to_bytes, urljoin, urlsplit

_MAX_LENGTH = 4096  # longer than any article's address; what feeds carry beyond it is data: URLs gone wrong
_DEFAULT_PORTS = {"http": 80, "https": 443}
_OUTER_JUNK = " \t\r\n\f\v\u00a0\u200b\u200e\u200f\ufeff"  # feeds pad their links with these
_REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*\Z")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})|%|[^%]+")
_UNESCAPED_AMPERSAND = re.compile(r"\A(?:amp;)+")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SAFE_IN_PATH = "/:@!$&'()*+,;=-._~"
_SAFE_IN_QUERY = _SAFE_IN_PATH + "?"

_TRACKING_PREFIXES = ("utm_", "at_", "mtm_", "pk_", "hsa_", "__hs", "fb_action_", "ns_", "wt.")
# fmt: off
_TRACKING = frozenset({
    "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "ymclid", "twclid",
    "ttclid", "li_fat_id", "igshid", "igsh", "mc_cid", "mc_eid", "mkt_tok", "_hsenc", "_hsmi",
    "vero_id", "vero_conv", "oly_anon_id", "oly_enc_id", "wickedid", "_ga", "_gl", "_openstat", "ocid",
    "cmpid", "ncid", "s_cid", "sr_share", "fb_ref", "fb_source", "ref_src", "ref_url", "xtor",
    "__twitter_impression", "traffic_source", "guccounter", "guce_referrer", "guce_referrer_sig",
    "piwik_campaign", "rb_clickid", "zanpid", "usqp",
})
# fmt: on
_AMP_SEGMENT = re.compile(r"(?<=[^/])(?:/+amp)+(/*)\Z", re.IGNORECASE)
_AMP_FILE = re.compile(r"(?<=[^/])(?:\.amp)+(\.html?)?\Z", re.IGNORECASE)
_TWIN_HOST = re.compile(r"\A(?:(?:www|m|mobile|amp)\.)+(?=[^.]+\.)")
_DEFAULT_DOCUMENT = re.compile(
    r"/+(?:index|default)\.(?:html?|shtml|php\d?|aspx?|jsp|cfm)\Z", re.IGNORECASE | re.ASCII
)
_AMP_SECTION = re.compile(r"\A/+amp(?=/+[^/])", re.IGNORECASE)
_AMP_PAIRS = frozenset({("outputtype", "amp"), ("output", "amp"), ("view", "amp"), ("format", "amp")})


def canonical_url(url: str, base: str | None = None) -> str:
    """Return the one form of an http or https address, all in ASCII.

    Args:
        url: As it stands in a feed or page; relative where `base` is given.
        base: The page that holds the link.

    Raises:
        ValueError: It is no plain web address: another scheme, no host, user information, a backslash or a
            control character (each has been used to hide where a link leads).
    """
    text = _checked(url)
    parts = urlsplit(text if base is None else urljoin(_checked(base), text))
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError(f"not an http or https address: {url!r}")
    if "@" in parts.netloc:
        raise ValueError(f"user information in an address is refused: {_without_userinfo(parts)!r}")
    path = _without_amp(_normal_escapes(_without_dots(parts.path or "/"), _SAFE_IN_PATH))
    query = _without_tracking(parts.query)
    return f"{parts.scheme}://{_authority(parts)}{path}" + (f"?{query}" if query else "")


def page_identity(url: str) -> str:
    """Return what a canonical address has in common with the other addresses of its page; it is no address itself.

    Left out: the scheme, the hosts `www.`, `m.`, `mobile.` and `amp.`, a leading `/amp/`, a default document
    (`index.html`), slashes at the end, and the order of the query. The path keeps its case. What is no web address
    is its own identity.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.netloc:
            return url
        host = _TWIN_HOST.sub("", parts.netloc.lower())
        path = _DEFAULT_DOCUMENT.sub("", _normal_escapes(parts.path, _SAFE_IN_PATH).rstrip("/"))
        path = _AMP_SECTION.sub("", path.rstrip("/"))
        query = sorted(_normal_escapes(field, _SAFE_IN_QUERY) for field in parts.query.split("&") if field)
    except ValueError:
        return url
    return host + path + ("?" + "&".join(query) if query else "")


def host_of(url: str) -> str:
    """Return the host of an address as it is dialled: lower case, ASCII, no port.

    Raises:
        ValueError: The address is one that `canonical_url` refuses.
    """
    return urlsplit(canonical_url(url)).hostname or ""


def authority(url: str) -> str:
    """Return the host of an address with its port where it is not the usual one; "" where it is no web address.

    It is what politeness counts by: each authority is a server of its own.
    """
    try:
        parts = urlsplit(url)
        return _authority(parts) if parts.scheme in _DEFAULT_PORTS else ""
    except ValueError:
        return ""


def _checked(url: str) -> str:
    text = url.strip(_OUTER_JUNK)
    if len(text) > _MAX_LENGTH:
        raise ValueError(f"an address of {len(text)} characters is refused: {text[:60]!r} …")
    if _REFUSED.search(text):
        raise ValueError(f"a backslash or control character in an address is refused: {text!r}")
    return text


def _without_userinfo(parts: SplitResult) -> str:
    """Say which address was refused without repeating a password into a log."""
    return f"{parts.scheme}://…@{parts.netloc.rpartition('@')[2]}"


def _authority(parts: SplitResult) -> str:
    host, port = _ascii_host(parts.hostname or ""), parts.port
    if port == 0:
        raise ValueError(f"port 0 is refused: {parts.netloc!r}")
    return host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"


def _ascii_host(host: str) -> str:
    if "%" in host:  # an escape that hides the name, or the zone of a link-local address
        raise ValueError(f"not a host name: {host!r}")
    if ":" in host:
        return f"[{ipaddress.IPv6Address(host)}]"
    try:
        ascii_host = host.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError as e:
        raise ValueError(f"not a host name: {host!r}") from e
    if not _HOST.match(ascii_host):
        raise ValueError(f"not a host name: {host!r}")
    return ascii_host


def _without_dots(path: str) -> str:
    """Resolve `.` and `..` as browsers do; empty segments stay, servers tell them apart."""
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        name = _dots(segment)
        if name == "..":
            kept = kept[:-1]
        elif name != ".":
            kept.append(segment)
    ends_in_dots = _dots(path.rpartition("/")[2]) in (".", "..")
    return "/" + "/".join(kept) + ("/" if ends_in_dots and kept else "")


def _dots(segment: str) -> str:
    return segment.replace("%2e", ".").replace("%2E", ".")


def _normal_escapes(text: str, safe: str) -> str:
    """Percent-encode in one way: upper-case hex, unreserved characters plain, everything else UTF-8."""

    def one(match: re.Match[str]) -> str:
        if match[1] is None:
            return "%25" if match[0] == "%" else quote(match[0], safe=safe)
        byte = int(match[1], 16)
        return chr(byte) if byte in _UNRESERVED else f"%{byte:02X}"

    return _ESCAPE.sub(one, text)


def _without_amp(path: str) -> str:
    """Turn `/story/amp`, `/story/amp/` and `/story.amp.html` into the page that they mirror.

    A leading `/amp/` is left: on some sites it is a section of its own.
    """
    return _AMP_FILE.sub(r"\1", _AMP_SEGMENT.sub(r"\1", path))


def _without_tracking(query: str) -> str:
    # `&amp;` that was never unescaped leaves parameters that begin with "amp;".
    fields = [_UNESCAPED_AMPERSAND.sub("", field) for field in query.split("&")]
    kept = [field for field in fields if field and not _tracks(field)]
    return "&".join(_normal_escapes(field, _SAFE_IN_QUERY) for field in kept)


def _tracks(field: str) -> bool:
    raw_key, _, raw_value = field.partition("=")
    key = unquote_to_bytes(raw_key).decode("utf-8", "replace").lower()
    value = unquote_to_bytes(raw_value).decode("utf-8", "replace").lower()
    if key.startswith(_TRACKING_PREFIXES) or key in _TRACKING or (key, value) in _AMP_PAIRS:
        return True
    return key.startswith("amp_") or (key == "amp" and value in ("", "1", "true", "yes"))
