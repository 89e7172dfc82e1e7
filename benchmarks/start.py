"""How long `rasid --help` takes, beside a bare interpreter and a bare `import click`.

python benchmarks/start.py [--runs 15]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import click": [sys.executable, "-c", "import click"],
    "rasid --help": [sys.executable, "-m", "rasid.cli", "--help"],
}


def seconds(command: list[str]) -> float:
    """Wall time of one whole process."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main() -> None:
    """Run the commands in turn, so that a slow moment of the machine falls on all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(runs + 1):
        for name, command in COMMANDS.items():
            spent = seconds(command)
            if turn:  # the first turn warms the disk's cache
                times[name].append(spent)
    bare = statistics.median(times["import click"])
    print(f"{'command':<18}{'median s':>9}{'min s':>9}{'/ click':>9}")
    for name, spent in times.items():
        median = statistics.median(spent)
        print(f"{name:<18}{median:>9.3f}{min(spent):>9.3f}{median / bare:>9.2f}")


if __name__ == "__main__":
    main()
