"""Readers' links: a token that stands for one delivery, signed, with an end.

A token is 30 bytes in base64url: the delivery's id (8), the end of its time in minutes since 1970 (4), and the first 18
bytes of HMAC-SHA-256 (RFC 2104, truncated as its section 5 allows) over both. It holds nothing of its reader, and all
tokens have one length, so that a rendered digest can be made out to each of its readers by replacing them. What
a token is good for is decided by what its delivery's digest holds.
"""

from __future__ import annotations

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from rasid.errors import TokenError

TOKEN_LENGTH = 40
MIN_KEY = 16
"""Bytes; RFC 2104 asks for no less than the MAC that is kept, and short keys can be guessed."""

_HEAD = struct.Struct(">QI")
_MAC_BYTES = 18
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def sign(key: bytes, delivery_id: int, expires: datetime) -> str:
    """A token for a delivery, good until then (to the minute).

    Raises:
        ValueError: The key is too short.
    """
    head = _HEAD.pack(delivery_id, (expires - _EPOCH) // timedelta(minutes=1))
    return urlsafe_b64encode(head + _mac(key, "reader", head)).decode()


def verify(key: bytes, token: str, now: datetime) -> int:
    """The delivery for which a token was made.

    Raises:
        TokenError: It is none of ours, or (`expired`) its time is over.
        ValueError: The key is too short.
    """
    raw = _decoded(token)
    head, mac = raw[: _HEAD.size], raw[_HEAD.size :]
    if len(raw) != _HEAD.size + _MAC_BYTES or not hmac.compare_digest(mac, _mac(key, "reader", head)):
        raise TokenError("this link is none of ours")
    delivery_id, minutes = _HEAD.unpack(head)
    if now >= _EPOCH + timedelta(minutes=minutes):
        raise TokenError("the time of this link is over", expired=True)
    return int(delivery_id)


def proof(key: bytes, token: str, action: str) -> str:
    """What the page of an action puts into its form: a POST without it was not sent from there."""
    return urlsafe_b64encode(_mac(key, "form", f"{token} {action}".encode())).decode()


def feed_key(key: bytes, name: str) -> str:
    """The secret part of a feed's address."""
    return urlsafe_b64encode(_mac(key, "feed", name.encode())).decode()


def same(one: str, other: str) -> bool:
    """Whether two proofs or keys are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def _mac(key: bytes, purpose: str, data: bytes) -> bytes:
    """`purpose` keeps what was signed for one use from being good for another."""
    if len(key) < MIN_KEY:
        raise ValueError(
            f"the key of readers' links has {len(key)} bytes, fewer than {MIN_KEY}; make one with "
            "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return hmac.new(key, purpose.encode() + b"\x00" + data, sha256).digest()[:_MAC_BYTES]


def _decoded(token: str) -> bytes:
    """The bytes of a token in its one spelling; of anything else none."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii"))
    except ValueError:  # binascii's and UnicodeEncodeError are both
        return b""
    return raw if urlsafe_b64encode(raw).decode() == token else b""
