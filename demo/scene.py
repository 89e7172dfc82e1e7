"""The demo's scene: the press served by a process of its own, and a config folder that points to it."""

from __future__ import annotations

import multiprocessing
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from demo.press import load
from demo.server import ARTICLES, feeds_yaml, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from multiprocessing.connection import Connection

HERE = Path(__file__).resolve().parent

SETTINGS = """\
# The demo's own settings: a throwaway database, and leave to fetch from this machine.
database: "sqlite:///{out}/rasid.sqlite"
timezone: Asia/Riyadh
http: {{contact: demo@example.org, delay: 0, allow_hosts: ["127.0.0.1", localhost]}}
"""

SUBSCRIPTIONS = """\
subscriptions:
  - id: analysts
    name: نشرة الرقائق
    watchlists: [chips]
    schedule: daily 07:00
    language: ar
    channels:
      - file: "{out}/digests"
"""


def write_config(out: Path, url: str) -> Path:
    """A config folder for the demo press; the watchlists are the project's own."""
    folder = out / "config"
    (folder / "watchlists").mkdir(parents=True, exist_ok=True)
    (folder / "settings.yaml").write_text(SETTINGS.format(out=out), encoding="utf-8")
    (folder / "subscriptions.yaml").write_text(SUBSCRIPTIONS.format(out=out), encoding="utf-8")
    (folder / "feeds.yaml").write_text(feeds_yaml(url), encoding="utf-8")
    for path in sorted((HERE.parent / "config" / "watchlists").glob("*.yaml")):
        shutil.copyfile(path, folder / "watchlists" / path.name)
    return folder


def _serve(answer: Connection, stop: Connection, started: datetime) -> None:
    with serve(load(ARTICLES, started)) as server:
        answer.send(server.url)
        stop.poll(None)  # until the demo closes its end, or dies


@contextmanager
def press_process(started: datetime) -> Iterator[str]:
    """The press, served by a process of its own; gives its address."""
    spawn = multiprocessing.get_context("spawn")
    answer, theirs = spawn.Pipe(duplex=False)
    stop, ours = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_serve, args=(theirs, stop, started), daemon=True)
    process.start()
    stop.close()
    try:
        theirs.close()
        yield str(answer.recv())  # EOFError: the press died at its start, and said why on stderr
    finally:
        ours.close()
        process.join(10)
        process.terminate()
