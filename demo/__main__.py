"""`make demo`: the real pipeline, offline, on the demo press.

The press is served on loopback by a process of its own; collect and digest run as `rasid run` runs them, on a
throwaway SQLite file; then once more on the same file, to show that nothing is told twice.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from demo.scene import HERE, press_process, write_config
from rasid.app.collect import collect
from rasid.app.context import open_rasid
from rasid.app.digest import run_digest
from rasid.app.stages import Stages, start_stage
from rasid.app.summary import collect_lines, digest_lines, stage_lines
from rasid.cli.output import progress_bar, utc_now

if TYPE_CHECKING:
    from rasid.types import CollectReport, DigestReport


def main() -> int:
    """Serve the press, run the pipeline, show what came of it."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="Rasid on the demo press, offline.")
    parser.add_argument("--out", type=Path, default=HERE / "out", help="where the database and digests go")
    parser.add_argument("--again", action="store_true", help="go on with the database of the last demo")
    parser.add_argument("--pictures", type=Path, help="draw the digest's screenshots into this folder")
    options = parser.parse_args()
    out: Path = options.out.resolve()
    if not options.again:
        shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    with press_process(_started(out)) as url:
        folder = write_config(out, url)
        run_once(folder, "the demo press")
        files = sorted((out / "digests").glob("*.html"))
        if not options.again:
            run_once(folder, "once more, on the same database", stages=False)
    if not files:
        print("no digest was written", file=sys.stderr)
        return 1
    page = out / "digest.html"
    shutil.copyfile(files[-1], page)
    print(f"\nthe digest ({page.stat().st_size / 1000:.0f} kB): {page}")
    if options.pictures:
        from demo.pictures import draw

        draw(*as_sent(folder, out), options.pictures)
    return 0


def as_sent(folder: Path, out: Path) -> tuple[Path, Path]:
    """The same digest as mail, and as a webhook would get it on a page that looks as Slack does.

    Both with the links by which their reader acts, which a digest in a file does not have.
    """
    from alerts import slack
    from alerts.links import PLACEHOLDER, Reader
    from alerts.render import render
    from alerts.slack_preview import page

    with open_rasid(folder) as rasid:
        (newest, *_) = rasid.store.digests(1)
        digest = rasid.store.digest(newest.id)
    if digest is None:
        raise LookupError(newest.id)
    reader, now = Reader(f"https://rasid.example.org/r/{PLACEHOLDER}"), digest.composed or digest.window_end
    mail, chat = out / "mail.html", out / "slack.html"
    mail.write_text(render(digest, reader=reader, now=now).html, encoding="utf-8")
    chat.write_text(page(slack.payload(digest, reader=reader, now=now)), encoding="utf-8")
    return mail, chat


def _started(out: Path) -> datetime:
    """When this demo's press went to print: kept, so that a later run meets the same press."""
    note = out / "started.txt"
    if not note.is_file():
        note.write_text(utc_now().replace(microsecond=0).isoformat(), encoding="ascii")
    return datetime.fromisoformat(note.read_text(encoding="ascii")).astimezone(UTC)


def run_once(folder: Path, heading: str, *, stages: bool = True) -> tuple[CollectReport, DigestReport]:
    """One collect of every feed and one digest, and their summary on stdout."""
    start, opening = start_stage(), Stages()
    with open_rasid(folder, opening) as rasid, progress_bar() as progress:
        collected = collect(rasid, clock=utc_now, force=True, progress=progress)
        digested = run_digest(rasid, clock=utc_now, progress=progress)
    print(f"\n== {heading} ==")
    print("\n".join(collect_lines(collected) + digest_lines(digested)))
    if stages:
        print("\n" + "\n".join(stage_lines((start, *opening.table(), *collected.stages, *digested.stages))))
    return collected, digested


if __name__ == "__main__":
    sys.exit(main())
