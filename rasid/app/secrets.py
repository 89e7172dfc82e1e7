"""Secrets: never in the operators' files, which only name where a secret is kept."""

from __future__ import annotations

import os
from pathlib import Path


def secret(name: str) -> str | None:
    """The value of the environment variable NAME, else what the file holds that NAME_FILE names; None: neither.

    The second is how container platforms and systemd hand secrets over. A file that cannot be read is no secret.
    """
    value = os.environ.get(name)
    if value:
        return value
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
