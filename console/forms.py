"""The fields that a form or a mail program sends, read within bounds."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_BYTES = 16 * 1024
"""Of a body; the longest that our own forms send have 200."""
_MAX_FIELDS = 20


async def fields(request: Request) -> dict[str, str]:
    """The fields of a POST, the first of each name; of a body that is no form, none.

    Raises:
        HTTPException: 413, the body is longer than is taken. What is left of it is not read.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise HTTPException(413, headers={"Connection": "close"})
    return parsed(request.headers.get("content-type", ""), body)


def parsed(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a body in one of the two ways in which forms are sent; RFC 8058 has mail programs use either."""
    kind = content_type.partition(";")[0].strip().lower()
    found: list[tuple[str, str]] = []
    if kind == "application/x-www-form-urlencoded":
        try:
            found = parse_qsl(
                body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS
            )
        except ValueError:  # more fields than that
            return {}
    elif kind == "multipart/form-data":
        found = _parts(content_type, body)
    return dict(reversed(found))


def _parts(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """The parts of a multipart body (RFC 7578), which are written as those of a mail are."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = message_from_bytes(head + body, policy=policy.HTTP)
    found = []
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found.append((name, content.decode("utf-8", "replace").rstrip("\r\n")))
    return found[:_MAX_FIELDS]
