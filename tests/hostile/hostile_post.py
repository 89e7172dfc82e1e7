"""A post office that things happen to: digests frozen in a database of its own, sent by the real outbox."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rasid.app.context import open_rasid
from rasid.app.outbox import deliver_due
from rasid.types import Channel
from tests.alerts.slack_fake import SECRET, TOKEN
from tests.hostile.hostile_press import WATCHLIST
from tests.storage.builders import NOW, digest, stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from rasid.app.context import Rasid
    from rasid.types import Delivery, Digest, DigestReport

HOOK, BOT = "RASID_TEST_HOOK", "RASID_TEST_BOT"
SETTINGS = """\
database: ${{RASID_TEST_DATABASE}}
http: {{allow_hosts: ["127.0.0.1"]}}
smtp: {{host: 127.0.0.1, port: {smtp}, security: none, sender: rasid@rasid.example, timeout: {timeout}}}
slack: {{api: "http://127.0.0.1:{slack}/api/", timeout: {timeout}}}
delivery: {{backoff: {backoff}, attempts: {attempts}, lease: {lease}}}
"""
SUBSCRIPTIONS = """\
subscriptions:
  - {id: analysts, name: نشرة, terms: [nvidia], schedule: daily 07:00, channels: [{file: var/digests}]}
"""
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)  # what is due since then is due by the real clock of any process
LATER = timedelta(hours=7)  # past any back-off, which is six hours and a quarter at most


@dataclass(frozen=True, slots=True)
class Office:
    """A config folder and its database, opened anew for each run as a process would."""

    folder: Path
    url: str

    @contextmanager
    def opened(self) -> Iterator[Rasid]:
        """An opened Rasid."""
        with open_rasid(self.folder) as rasid:
            yield rasid

    def freeze(self, *channels: Channel, one: Digest | None = None, now: datetime = NOW) -> Digest:
        """Freeze a digest of the corpus' first story for these channels, due from then on."""
        one = one or digest()
        with self.opened() as rasid:
            stored(rasid.store)
            assert rasid.store.save_digest(one, {}, channels, now)
        return one

    def deliver(self, later: timedelta = timedelta()) -> DigestReport:
        """Send what is due so much later."""
        with self.opened() as rasid:
            return deliver_due(rasid, clock=lambda: NOW + later)

    def rows(self) -> list[Delivery]:
        """The outbox."""
        with self.opened() as rasid:
            return rasid.store.deliveries()

    def states(self) -> dict[str, str]:
        """The state of each recipient's message."""
        return {row.recipient: row.state for row in self.rows()}


def office(
    folder: Path,
    url: str,
    patch: pytest.MonkeyPatch,
    *,
    smtp: int = 9,
    slack: int = 9,
    timeout: float = 5,
    backoff: float = 60,
    attempts: int = 8,
    lease: float = 120,
) -> Office:
    """An office whose relay and whose Slack listen on these ports of loopback; on 9 nobody does."""
    patch.setenv("RASID_TEST_DATABASE", url)
    patch.setenv(HOOK, f"http://127.0.0.1:{slack}/services/{SECRET}")
    patch.setenv(BOT, TOKEN)
    config = folder / "config"
    (config / "watchlists").mkdir(parents=True, exist_ok=True)
    settings = SETTINGS.format(
        smtp=smtp, slack=slack, timeout=timeout, backoff=backoff, attempts=attempts, lease=lease
    )
    (config / "settings.yaml").write_text(settings, encoding="utf-8")
    (config / "subscriptions.yaml").write_text(SUBSCRIPTIONS, encoding="utf-8")
    (config / "feeds.yaml").write_text("feeds: []\n", encoding="utf-8")
    (config / "watchlists" / "chips.yaml").write_text(WATCHLIST, encoding="utf-8")
    return Office(config, url)


def mail(*recipients: str) -> Channel:
    """A channel of mail."""
    return Channel("email", tuple(f"{name}@mail.example" for name in recipients))
