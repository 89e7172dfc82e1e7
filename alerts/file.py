"""Digests as files: for demonstrations, for archives, and for whoever reads in a browser."""

from __future__ import annotations

import os
import re
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from rasid.errors import TransportError

if TYPE_CHECKING:
    from alerts.render import Rendered

_CHANNEL = "file"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,150}")


def write(folder: Path, digest_id: str, rendered: Rendered) -> Path:
    """Write `<digest id>.html` and `.txt`, each whole or not at all; a repeat overwrites itself.

    Returns:
        The path of the HTML file.

    Raises:
        TransportError: The id is no file name, or the folder cannot be written.
    """
    if not _NAME.fullmatch(digest_id):
        raise TransportError(_CHANNEL, f"not a file name: {digest_id!r}", permanent=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / f"{digest_id}.txt", rendered.text)
        _replace(folder / f"{digest_id}.html", rendered.html)
        _settle(folder)
    except OSError as e:
        raise TransportError(_CHANNEL, f"{folder}: {e.strerror or e}") from e
    return folder / f"{digest_id}.html"


def _replace(path: Path, content: str) -> None:
    """Write beside, flush to the disk, rename: a reader sees the old file or the new one."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(content.encode())
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o644)  # temporary files are private, but a digest is to be read
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def _settle(folder: Path) -> None:
    """Flush the renames, which are the folder's own data."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
