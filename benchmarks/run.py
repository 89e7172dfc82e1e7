"""Where `rasid run` spends its CPU on the demo press: the stage table, with the median share of each stage.

Each run is a process of its own on a fresh database; the press is served by another one. The limit: at least half
of the CPU is trafilatura's, so that Rasid's own work never costs more than reading the pages.

python benchmarks/run.py [--runs 5]
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from demo.scene import press_process, write_config

ROW = re.compile(r"^(.{28})\s*(\S+)\s+(\S+)\s+([\d.]+)\s+(\d+)%$", re.MULTILINE)
EXTRACT = "extract (trafilatura)"
LIMIT = 0.50


def cpu_by_stage(url: str) -> dict[str, float]:
    """CPU seconds of each stage of one `rasid run`."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_config(Path(scratch), url)
        command = [sys.executable, "-m", "rasid.cli", "--config", str(folder), "run", "--all"]
        shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {stage.strip(): float(cpu) for stage, _items, _wall, cpu, _share in ROW.findall(shown)}


def main() -> None:
    """Print the medians; exit with 1 where the limit is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    times: dict[str, list[float]] = defaultdict(list)
    shares: list[float] = []
    with press_process(datetime.now(UTC).replace(microsecond=0)) as url:  # noqa: TID251 - an entry point
        for _ in range(runs):
            stages = cpu_by_stage(url)
            shares.append(stages[EXTRACT] / stages["all"])
            for stage, cpu in stages.items():
                times[stage].append(cpu)
    print(f"{'stage':<28}{'median CPU s':>13}")
    for stage, cpu in times.items():
        print(f"{stage:<28}{statistics.median(cpu):>13.2f}")
    share = statistics.median(shares)
    print(f"trafilatura's share of the CPU: median {share:.0%} of {runs} runs (at least {LIMIT:.0%})")
    sys.exit(share < LIMIT)


if __name__ == "__main__":
    main()
