"""What digests cost: 1,000 subscribers, 50 stories; composed, rendered and sent over a local SMTP server.

python benchmarks/digest.py [--subscribers 1000] [--runs 3]

Each subscriber has a subscription of their own, so each digest is composed and rendered by itself: nothing is shared
that a real house would not share. The server is a real one (aiosmtpd, in a process of its own). The peer is smtplib,
which sends the very same bytes over one connection to it: each message right after ours or, in turn, right before, so
that both find the machine alike (a processor that has just drawn a digest has nothing of the mail's code at hand:
sending takes a quarter longer than in a loop of its own, whoever sends). Limit: 1.5 times its time for all that is
done beside composing and rendering: claim, build, send, settle. Medians of the runs.
"""

from __future__ import annotations

import argparse
import random
import resource
import smtplib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from digest_smtp import SENDER

from alerts.email import Mailer
from rasid.app import outbox
from rasid.app.context import Rasid, open_rasid
from rasid.app.digest import compose_due
from rasid.app.stages import Stages
from rasid.matching import Matcher
from rasid.types import Article, Fingerprint, Reason, StoryChoice, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 1.5
STORIES, OUTLETS = 50, 3
NAMES = ("إنفيديا", "هواوي", "H20", "كونلون", "Nvidia", "ولإنفيديا", "لهواوي")
SENTENCES = (
    "أعلنت {name} أنها ستفتتح مركزًا جديدًا لتطوير المعالجات في {place} قبل نهاية العام المقبل.",
    "وقال مسؤول في القطاع إن الطلب على منتجات {name} تجاوز ما كان متوقعًا في الربع الأخير.",
    "ويرى محللون أن المنافسة ستشتد مع دخول شركات من {place} إلى سوق مراكز البيانات.",
    "وتخضع الصادرات إلى {place} لقيود تنظيمية تحدّ من قدرة المصانع على زيادة إنتاجها.",
    "وكانت الأسواق قد استقبلت الخبر بارتفاع محدود، قبل أن تتراجع الأسهم في ختام التعاملات.",
    "ومن المنتظر أن تكشف {name} عن تفاصيل الشراكة في مؤتمر صحفي يعقد في {place} الأسبوع المقبل.",
    "ولم تصدر عن الجهات المعنية تعليقات رسمية حتى ساعة إعداد هذا التقرير.",
)
PLACES = ("الرياض", "دبي", "القاهرة", "شنغهاي", "تايبيه", "الدوحة", "عمّان")
WHY = Reason("لا شبيه له", "nothing like it")


class Times(NamedTuple):
    """Seconds of one run."""

    compose: float
    render: float
    send: float
    bare: float


def write_config(folder: Path, subscribers: int, port: int) -> Path:
    """A config folder with so many subscriptions of one reader each."""
    config = folder / "config"
    (config / "watchlists").mkdir(parents=True)
    (config / "feeds.yaml").write_text("feeds: []\n", encoding="utf-8")
    (config / "watchlists" / "chips.yaml").write_text(
        "name: رقائق\nterms:\n"
        "  - {id: nvidia, label: إنفيديا, forms: [إنفيديا, Nvidia], importance: 3}\n"
        "  - {id: huawei, label: هواوي, forms: [هواوي]}\n"
        "  - {id: h20, label: H20, codes: [H20]}\n"
        "  - {id: kunlun, label: كونلون, forms: [كونلون]}\n",
        encoding="utf-8",
    )
    (config / "settings.yaml").write_text(
        f"database: sqlite:///{folder}/rasid.sqlite\npublic_url: https://rasid.example.org\n"
        f"smtp: {{host: 127.0.0.1, port: {port}, security: none, sender: rasid@rasid.example}}\n",
        encoding="utf-8",
    )
    (config / "subscriptions.yaml").write_text(
        "subscriptions:\n"
        + "".join(
            f"  - {{id: s{number}, name: نشرة الرقائق, watchlists: [chips], schedule: hourly, max_stories: {STORIES}, "
            f"channels: [{{email: [reader{number}@mail.example]}}]}}\n"
            for number in range(subscribers)
        ),
        encoding="utf-8",
    )
    return config


def fill(rasid: Rasid, now: datetime) -> None:
    """50 stories of the last hours, each told by three outlets."""
    chance, matcher = random.Random(7), Matcher(list(rasid.config.terms.values()))
    for story in range(STORIES):
        opened: int | None = None
        for outlet in range(OUTLETS):
            words = {"name": chance.choice(NAMES), "place": chance.choice(PLACES)}
            title = f"{words['name']} توسّع حضورها في {words['place']}: القصة رقم {story}"
            text = "\n".join(sentence.format(**words) for sentence in chance.sample(SENTENCES, 5))
            article = Article(
                url=f"https://outlet{outlet}.example/news/{story}",
                feed_id="press",
                outlet=f"موقع التقنية {outlet}",
                title=title,
                text=text,
                author=None,
                published=now - timedelta(minutes=chance.randrange(5, 600)),
                first_seen=now - timedelta(minutes=4),
                language="ar",
            )
            choice = StoryChoice(story_id=opened, score=0.5, shared=(), why=WHY)
            stored = rasid.store.store_article(
                None,
                article,
                Fingerprint(exact=f"{story:016x}{outlet:016x}", keys=(), words=90),
                lambda _c, _m, choice=choice: (Verdict("new", None, 0.0, WHY), choice),
                {"معالج": 1.0},
                matcher.find(title, text),
                rasid.config.list_versions,
                now,
            )
            opened = stored.story_id


@contextmanager
def server() -> Iterator[int]:
    """A local SMTP server that takes everything and keeps nothing."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [
        sys.executable,
        "-m",
        "aiosmtpd",
        "-n",
        "-l",
        f"127.0.0.1:{port}",
        "-c",
        "aiosmtpd.handlers.Sink",
    ]
    with subprocess.Popen(command) as process:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        try:
            yield port
        finally:
            process.terminate()


class Peer:
    """Plain smtplib, which sends what a Mailer sends."""

    def __init__(self, port: int) -> None:
        self._server = smtplib.SMTP("127.0.0.1", port)
        self.seconds = 0.0
        self.sizes: list[int] = []

    def send(self, recipient: str, message: bytes) -> None:
        """Send one message, and count the seconds."""
        begun = time.perf_counter()
        self._server.sendmail(SENDER, recipient, message)
        self.seconds += time.perf_counter() - begun
        self.sizes.append(len(message))

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Send each message also by this way: after the Mailer, then before it, in turn."""
        real = Mailer.send

        def send(mailer: Mailer, recipient: str, message: bytes) -> str:
            if first := len(self.sizes) % 2 == 1:
                self.send(recipient, message)
            answer = real(mailer, recipient, message)
            if not first:
                self.send(recipient, message)
            return answer

        Mailer.send = send
        try:
            yield
        finally:
            Mailer.send = real
            self._server.quit()


def run(subscribers: int) -> Times:
    """Compose, render and send once, and have smtplib send the same bytes."""
    with tempfile.TemporaryDirectory() as scratch, server() as port:
        config = write_config(Path(scratch), subscribers, port)
        now = datetime.now(UTC).replace(minute=59, second=0, microsecond=0) - timedelta(hours=1)  # noqa: TID251
        later = now + timedelta(minutes=2)
        with open_rasid(config) as rasid:
            fill(rasid, now)
            begun = time.perf_counter()
            report = compose_due(rasid, clock=lambda: later)
            composed = time.perf_counter() - begun
            assert len(report.composed) == subscribers, report
            peer = Peer(port)
            begun = time.perf_counter()
            with peer.beside():
                delivered = outbox.deliver_due(rasid, clock=lambda: later, stages=Stages())
            out = time.perf_counter() - begun - peer.seconds
            assert len(delivered.sent) == subscribers, delivered
        spent = {stage.stage: stage.wall for stage in delivered.stages}
        print(f"{subscribers} mails of {statistics.median(peer.sizes) / 1000:.0f} kB in the median")
        drawn = spent["read"] + spent["render"]
        return Times(composed, drawn, out - drawn, peer.seconds)


def main() -> None:
    """The table, and exit code 1 where the limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    found = [run(options.subscribers) for _ in range(options.runs)]
    median = Times(*(statistics.median(column) for column in zip(*found, strict=True)))
    print(f"{options.subscribers} subscribers, {STORIES} stories, medians of {options.runs} runs")
    print(f"{'stage':<22}{'s':>8}{'ms each':>9}")
    for name, seconds in median._asdict().items():
        label = "bare smtplib" if name == "bare" else name
        print(f"{label:<22}{seconds:>8.2f}{seconds / options.subscribers * 1000:>9.2f}")
    ratio = statistics.median(one.send / one.bare for one in found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"send / bare smtplib: {ratio:.2f} (limit {LIMIT}); peak memory {peak:.0f} MB")
    sys.exit(ratio > LIMIT)


if __name__ == "__main__":
    main()
