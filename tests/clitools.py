"""The command line, as a shell runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def rasid(*words: str, cwd: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    """One command of its own process; text out."""
    env = {key: value for key, value in os.environ.items() if key != "RASID_CONFIG"}
    done = subprocess.run(
        [sys.executable, "-m", "rasid.cli", *words],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
        env=env,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
