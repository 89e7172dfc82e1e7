"""`python -m tests.hostile.small_disk PLACE HOW`: the outbox on a disk that is full, or read-only; one JSON line.

Run by `unshare --user --map-root-user --mount`, so that anybody may mount a disk of a megabyte, seen by this process
alone. The config folder is PLACE/config, whose database is to be PLACE/disk/rasid.db; PLACE/rasid.db is copied there.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rasid.errors import StorageError
from tests.hostile.hostile_post import LATER, Office

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTES = 2
ROOM = 110_000  # bytes: SQLite's index of its log takes 32,768; what is left is enough for some messages


def fill(disk: Path, room: int) -> None:
    """Leave so many bytes free."""
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(4096))
        except OSError:
            pass
        ballast.truncate(max(0, ballast.tell() // 4096 * 4096 - room))


def mount(disk: Path, *options: str) -> None:
    """Mount, or mount again."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "none", str(disk)], check=True)


SPOILED: dict[str, Callable[[Path], None]] = {
    "full": lambda disk: fill(disk, 0),
    "full on the way": lambda disk: fill(disk, ROOM),
    "read-only": lambda disk: mount(disk, "remount", "ro"),
}
MENDED: dict[str, Callable[[Path], None]] = {
    "full": lambda disk: (disk / "ballast").unlink(),
    "full on the way": lambda disk: (disk / "ballast").unlink(),
    "read-only": lambda disk: mount(disk, "remount", "rw"),
}


def main() -> None:
    """Spoil, send, mend, send."""
    place, how = Path(sys.argv[1]), sys.argv[2]
    disk = place / "disk"
    disk.mkdir()
    mount(disk, f"size={MEGABYTES}m")
    shutil.copy(place / "rasid.db", disk / "rasid.db")
    post = Office(place / "config", f"sqlite:///{disk}/rasid.db")
    told = ""
    SPOILED[how](disk)
    try:
        post.deliver()
    except StorageError as error:
        told = str(error)
    MENDED[how](disk)
    first = post.states()
    for attempt in range(1, 3):  # what stood in sending goes when its lease is over
        post.deliver(LATER * attempt)
    print(json.dumps({"told": told, "first": first, "second": post.states()}))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main()
