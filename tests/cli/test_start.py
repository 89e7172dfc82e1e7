"""What `rasid run` costs before and beside its work."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

from clitools import rasid

from tests.hostile.hostile_press import Site, http, rss, watch

if TYPE_CHECKING:
    from pathlib import Path

# What reads, renders and sends: hundreds of milliseconds to import.
NOT_NEEDED = {
    *("feedparser", "lxml", "trafilatura"),
    *("babel", "css_inline", "jinja2", "slack_sdk", "smtplib"),
    "alembic",
}
RUN = f"""
import sys
from multiprocessing import forkserver
from rasid.cli import main
try:
    main()
except SystemExit:
    pass
print("imported:", *sorted({NOT_NEEDED!r} & set(sys.modules)))
print("workers:", forkserver._forkserver._forkserver_pid)
"""


def test_a_run_that_finds_nothing_new_starts_nothing_it_does_not_need(tmp_path: Path) -> None:
    """Where every feed answers 304, no parser, no template and no sender is imported, and no worker is started."""
    with Site({"/feed": http(rss(), 'ETag: "1"')}) as site:
        folder = watch(tmp_path, site.url("/feed")).folder
        assert 0 == rasid("--config", str(folder), "run", cwd=tmp_path).returncode
        site.answers["/feed"] = http(status="304 Not Modified", length=False)
        command = [sys.executable, "-c", RUN, "--config", str(folder), "run", "--all"]
        shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert "1 polled, 1 unchanged, 0 failed" in shown
    assert ["imported:", "workers: None"] == shown.splitlines()[-2:]


def test_the_table_of_stages_tells_of_all_cpu(tmp_path: Path) -> None:
    """Nine tenths of what the kernel counts at least, in a run that makes its database: its opening is a stage."""
    with Site({}) as site:
        folder = watch(tmp_path, site.url("/feed")).folder
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        shown = rasid("--config", str(folder), "run", cwd=tmp_path).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cpu = dict(re.findall(r"^(\S.*?)  .* (\d+\.\d\d) +\d+%$", shown, re.MULTILINE))
    assert {"start", "config, database", "fetch", "all"} <= cpu.keys()
    assert 0.9 * used < float(cpu["all"]) < 1.05 * used
