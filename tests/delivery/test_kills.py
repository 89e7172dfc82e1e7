"""The promise of the outbox, proven: senders are killed by the hundred, and no message is lost.

500 deliveries to a real SMTP server and to a strict fake of Slack, each in a process of its own whose record of what
it took is on the disk before it answers; some are so long that Slack gets them in parts. What came twice must be
explained: a sender died between the claim of that delivery and the commit of what came of it; every copy carries its
id, and whatever may be a repeat says so. A bot can ask the channel what it has: of its messages none comes twice.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from alerts.words import phrase
from rasid.types import Channel
from storage import open_store
from tests.alerts.servers import smtp_process
from tests.alerts.slack_fake import CHANNEL, SECRET, TOKEN, recorded, slack_process
from tests.delivery.points import POINTS
from tests.hostile.hostile_post import LONG_AGO
from tests.storage.builders import digest, mention, stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rasid.types import Delivery

BOT_DIGESTS, BOT_KILLS = 20, 20
BOT_PARTS = 3  # a summary, a story, what is uncertain
DIGESTS, READERS = 100, 4  # each digest goes to four readers by mail and to one webhook: 500 deliveries
KILLS = 100
HOOK, BOT = "RASID_TEST_HOOK", "RASID_TEST_BOT"
SETTINGS = """\
database: ${{RASID_TEST_DATABASE}}
http: {{allow_hosts: ["127.0.0.1"]}}
smtp: {{host: 127.0.0.1, port: {smtp}, security: none, sender: rasid@rasid.example, timeout: 10}}
slack: {{api: "http://127.0.0.1:{slack}/api/"}}
delivery: {{lease: 2, backoff: 0.1, attempts: 50}}
"""
WATCHLIST = "name: رقائق\nterms:\n  - {id: nvidia, label: إنفيديا, forms: [إنفيديا]}\n"
SUBSCRIPTIONS = """\
subscriptions:
  - {id: s0, name: نشرة, terms: [nvidia], schedule: daily 07:00, channels: [{file: var/digests}]}
"""


_DIRECTIONS = re.compile("[\u2066-\u2069\u200f]")
_NUMBER = re.compile(r"نشرة رقم (\d{3})")
_PART = re.compile(phrase("ar", "part", n=r"(\d+)", all=r"(\d+)"))


class Copy(NamedTuple):
    """A message as a server took it."""

    part: int  # which message of its delivery
    parts: int  # how many there are to be
    marked: bool  # as a possible repeat


@dataclass(frozen=True, slots=True)
class Post:
    """A post office: a config folder, a database, and two servers in processes of their own."""

    folder: Path
    database: str
    mails: Path
    posts: Path

    def fill(self, digests: int, *channels: Channel, long: int = 60) -> None:
        """Freeze so many digests for these channels, of a story each; each tenth has `long` of them."""
        with open_store(self.database) as store:
            store.migrate()
            stored(store, None, mention())  # the story that they tell
            for number in range(digests):
                frozen = digest(f"s{number}", stories=1 if number % 10 else long)
                one = replace(frozen, name=f"نشرة رقم {number:03}")
                assert store.save_digest(one, {}, channels, LONG_AGO)

    def kill(self, *options: str) -> list[list[str]]:
        """Send until nothing is left, killed on the way: for each kill the Message-IDs that were being sent."""
        command = [sys.executable, "-m", "tests.delivery.nursery", str(self.folder), *options]
        done = subprocess.run(command, capture_output=True, timeout=500, check=False, text=True)
        assert 0 == done.returncode, done.stderr[-4000:]
        held: list[list[str]] = json.loads(done.stdout)
        return held

    def deliveries(self) -> list[Delivery]:
        """The outbox."""
        with open_store(self.database) as store:
            return store.deliveries()

    def taken(self) -> dict[str, list[Copy]]:
        """What came, by the delivery's Message-ID, in order."""
        found: defaultdict[str, list[Copy]] = defaultdict(list)
        for line in _lines(self.mails):
            found[line["message_id"]].append(Copy(1, 1, marked=line["repeat"] == "possible"))
        slack = [row for row in self.deliveries() if row.channel == "slack"]
        names = {row.digest_id.partition("-")[0]: row.message_id for row in slack}
        for one in recorded(self.posts):
            if one.via == "bot":
                payload = one.message["metadata"]["event_payload"]
                found[payload["delivery"]].append(Copy(payload["part"], BOT_PARTS, marked=False))
                continue
            shown = _DIRECTIONS.sub("", json.dumps(one.message, ensure_ascii=False))
            number, part = _NUMBER.search(shown), _PART.search(shown)
            assert number is not None
            which, of = (int(part[1]), int(part[2])) if part else (1, 1)
            found[names[f"s{int(number[1])}"]].append(
                Copy(which, of, marked=phrase("ar", "repeat")[:20] in shown)
            )
        return found


def _lines(path: Path) -> list[dict[str, object]]:
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    )


@contextmanager
def post_office(folder: Path, database: str, patch: pytest.MonkeyPatch) -> Iterator[Post]:
    """Servers and config."""
    mails, posts = folder / "mails.jsonl", folder / "posts.jsonl"
    with smtp_process(mails) as smtp, slack_process(posts) as slack:
        patch.setenv("RASID_TEST_DATABASE", database)
        patch.setenv(HOOK, f"http://127.0.0.1:{slack}/services/{SECRET}")
        patch.setenv(BOT, TOKEN)
        config = folder / "config"
        (config / "watchlists").mkdir(parents=True)
        (config / "settings.yaml").write_text(SETTINGS.format(smtp=smtp, slack=slack), encoding="utf-8")
        (config / "feeds.yaml").write_text("feeds: []\n", encoding="utf-8")
        (config / "watchlists" / "chips.yaml").write_text(WATCHLIST, encoding="utf-8")
        (config / "subscriptions.yaml").write_text(SUBSCRIPTIONS, encoding="utf-8")
        yield Post(config, database, mails, posts)


MAIL = Channel("email", tuple(f"reader{number}@mail.example" for number in range(READERS)))


def examined(post: Post, held: list[list[str]]) -> Counter[str]:
    """Nothing is lost, whatever came twice is explained and marked; how often each delivery came too often."""
    rows, taken = post.deliveries(), post.taken()
    assert {"sent"} == {row.state for row in rows}
    assert {row.message_id for row in rows} == set(taken)  # lost: 0, and nothing came that was not to go
    repeats: Counter[str] = Counter()
    at_death = {message_id for ids in held for message_id in ids}
    for row in rows:
        copies = taken[row.message_id]
        times = Counter(copy.part for copy in copies)
        assert set(range(1, copies[0].parts + 1)) == set(times)  # whole
        if again := len(copies) - len(times):
            repeats[row.message_id] = again
            assert row.repeat
            assert (
                row.message_id in at_death
            )  # a sender died between its claim and the commit of what came of it
        seen = set[int]()
        for copy in copies:
            assert copy.part not in seen or copy.marked  # every further copy says that it may be one
            seen.add(copy.part)
    return repeats


@pytest.mark.parametrize(("database", "senders"), [("sqlite_url", 1), ("postgres_url", 2)])
def test_no_message_is_lost_and_every_repeat_is_explained(
    database: str,
    senders: int,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """500 deliveries, 100 kills at random moments and one at every named point."""
    with post_office(tmp_path, request.getfixturevalue(database), monkeypatch) as post:
        post.fill(DIGESTS, MAIL, Channel("slack", (HOOK,)))
        points = [name for name in POINTS if not name.startswith("bot: ")]
        held = post.kill("--kills", str(KILLS), "--senders", str(senders), "--points", *points)
        repeats = examined(post, held)
    assert KILLS + len(points) <= len(held)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(held)} kills, 0 lost, {sum(repeats.values())} came twice, each marked and explained\n"
        )


def test_a_bot_tells_nothing_twice(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed at random moments, and before, behind and between its posts, it first asks the channel what is there."""
    with post_office(tmp_path, sqlite_url, monkeypatch) as post:
        post.fill(BOT_DIGESTS, Channel("slack_bot", (f"{BOT}:{CHANNEL}",)), long=1)
        points = [name for name in POINTS if name.startswith("bot: ")]
        held = post.kill("--kills", str(BOT_KILLS), "--points", *points)
        repeats = examined(post, held)
    assert BOT_KILLS + len(points) <= len(held)
    assert 0 == sum(repeats.values())
    with capsys.disabled():
        sys.stdout.write(f"\n{len(held)} kills of a bot, 0 lost, 0 came twice\n")
