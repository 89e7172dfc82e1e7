"""Bodies within limits: counted as they come, decompressed one layer deep, whole or not at all.

A guard on the decoded stream of an HTTP client comes too late: 1,516 bytes of brotli became one chunk of 1
GB there. zlib is asked for no more than what is still allowed, so a bomb costs its cap and no more.
"""

from __future__ import annotations

import zlib

_NAMES = {"": "", "identity": "", "gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}
_GZIP_MAGIC = b"\x1f\x8b"


class BodyError(Exception):
    """Why a body is refused, in words."""


class TooLargeError(BodyError):
    """There is more than was asked for."""


class Body:
    """Takes the raw chunks of a body and gives its content."""

    def __init__(self, *, encoding: str, max_raw: int, max_decoded: int) -> None:
        name = _NAMES.get(encoding.strip().lower())
        if name is None:
            raise BodyError(f"the body comes in an encoding that was not asked for: {encoding[:40]}")
        self._name, self._max_raw, self._max_decoded = name, max_raw, max_decoded
        self._inflate: zlib._Decompress | None = None
        self._head = b""  # first bytes of a gzip member, held back until its kind can be told
        self._members = 0  # read to their end
        self._closed = False  # what still comes is padding
        self._decoded = bytearray()
        self.raw = 0  # bytes taken so far, as sent

    def feed(self, chunk: bytes) -> None:
        """Take the next raw chunk.

        Raises:
            BodyError: the body is too large, or not what its label says.
        """
        self.raw += len(chunk)
        if self.raw > self._max_raw:
            raise TooLargeError(f"too large: more than {self._max_raw:,} bytes")
        if not self._name:
            self._take(chunk)
            return
        while chunk:
            chunk = self._feed_member(chunk)

    def finish(self) -> bytes:
        """The content, once no more chunks come.

        Raises:
            BodyError: the compressed body breaks off.
        """
        if self._name and self.raw and (self._inflate is not None or not self._members):
            raise BodyError(f"the {self._name} body breaks off")
        return bytes(self._decoded)

    def beginning(self) -> bytes:
        """What has been taken so far, for those to whom the beginning is enough."""
        return bytes(self._decoded[: self._max_decoded])

    def _feed_member(self, chunk: bytes) -> bytes:
        """Inflate `chunk`; what follows the end of a gzip member is returned, as the start of the next."""
        if self._inflate is None:
            chunk = self._begin_member(chunk)
        if self._inflate is None:
            return b""
        try:
            self._take(self._inflate.decompress(chunk, self._max_decoded - len(self._decoded) + 1))
        except zlib.error as e:
            raise BodyError(f"labelled {self._name}, but the body is not") from e
        if not self._inflate.eof:
            return b""
        rest, self._inflate = self._inflate.unused_data, None
        self._members += 1
        self._closed = self._name != "gzip"
        return rest

    def _begin_member(self, chunk: bytes) -> bytes:
        """Choose the decompressor once two bytes are there; some servers pad behind the last member."""
        head, self._head = self._head + chunk, b""
        if self._closed:
            return b""
        if len(head) < 2:
            self._head = head
            return b""
        if self._members and not head.startswith(_GZIP_MAGIC):
            self._closed = True
            return b""
        self._inflate = zlib.decompressobj(_window_bits(self._name, head))
        return head

    def _take(self, decoded: bytes) -> None:
        self._decoded += decoded
        if len(self._decoded) > self._max_decoded:
            raise TooLargeError(f"too large: more than {self._max_decoded:,} bytes when decompressed")


def _window_bits(name: str, head: bytes) -> int:
    if name == "gzip":
        return 16 + zlib.MAX_WBITS
    is_zlib = head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS  # some servers that say deflate send it bare
