"""Screenshots of a page by the system's chromium: the whole height, at a given width, light or dark."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=2",
]

# Chromium's own window is never narrower than 500 px, so the page is shown in a frame of the wanted width;
# the frame tells the size of what it laid out through the title, which --dump-dom shows.
FRAME = """<!doctype html><meta charset="utf-8"><title>?</title>
<style>body{{margin:0}}iframe{{border:0;width:{width}px;height:{height}px;color-scheme:{scheme}}}</style>
<iframe srcdoc="{page}" onload="const page = this.contentDocument;
document.title = page.body.scrollWidth + ' ' + page.documentElement.scrollHeight"></iframe>"""


class Size(NamedTuple):
    """What a page takes, in CSS pixels."""

    width: int
    height: int


def chromium() -> str | None:
    """The browser's path, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


SLACK_WIDTH = 720
README_HEIGHT = 1500
"""CSS pixels of a digest that the README shows: its head, its figures and the first stories."""


def draw(page: Path, slack: Path, folder: Path) -> list[Path]:
    """The digest's pictures for the README: 600 px light and dark, 375 px, and as Slack shows it."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for width, scheme in ((600, "light"), (600, "dark"), (375, "light")):
        dark = "-dark" if scheme == "dark" else ""
        target = folder / f"digest-{width}{dark}.png"
        screenshot(page, target, width=width, scheme=scheme, tallest=README_HEIGHT)
        print(f"picture: {target}")
        drawn.append(target)
    target = folder / "slack.png"
    screenshot(slack, target, width=SLACK_WIDTH, tallest=README_HEIGHT)
    print(f"picture: {target}")
    return [*drawn, target]


def screenshot(
    page: Path, target: Path, *, width: int, scheme: str = "light", tallest: int | None = None
) -> None:
    """One picture of a page, as high as the page is, or its top where that is taller than `tallest`."""
    height = min(laid_out(page, width=width).height, tallest or 20_000)
    options = [f"--window-size={width},{height}", f"--screenshot={target.resolve()}"]
    _show(page, options, width=width, height=height, scheme=scheme)


def laid_out(page: Path, *, width: int) -> Size:
    """How wide and high a page comes out in a window of a width; wider than that means a sideways scroll."""
    shown = _show(page, ["--dump-dom"], width=width, height=100)
    found = re.search(r"<title>(\d+) (\d+)</title>", shown)
    if found is None:
        raise RuntimeError(f"{page} was not laid out by {chromium()}")
    return Size(int(found[1]), int(found[2]))


def _show(page: Path, options: list[str], *, width: int, height: int, scheme: str = "light") -> str:
    browser = chromium()
    if browser is None:
        raise FileNotFoundError("no chromium on this machine; install it (Debian: apt-get install chromium)")
    body = html.escape(page.read_text(encoding="utf-8"), quote=True)
    with tempfile.TemporaryDirectory() as scratch:
        frame = Path(scratch) / "frame.html"
        frame.write_text(FRAME.format(width=width, height=height, scheme=scheme, page=body), encoding="utf-8")
        dark = ["--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
        command = [browser, *FLAGS, *dark, f"--user-data-dir={scratch}/profile", *options, frame.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)  # noqa: S603
    return done.stdout
