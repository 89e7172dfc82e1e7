"""The dead man's judgement: what makes Rasid fall silent, and when its operators are told.

Theory of operation. An alarm is something that keeps news from its readers and mends nothing by itself: no collect
ends, messages do not go out or are given up, the database or the operators' files cannot be used, half of the feeds
are not there. Each has a key. Its operators are told once, again every six hours while it stands, and once when it is
over; what they were told is remembered by key, so any number of watchers may ask. What could not be looked at (with the
database away nobody knows of messages) is neither an alarm nor over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, get_args

from rasid.types import ChannelKind, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

REPEAT = timedelta(hours=6)
"""While an alarm stands it is told again so often: once in a shift."""

Kind = Literal["config", "database", "collect", "digest", "delivery", "given-up", "feeds"]
KINDS: frozenset[Kind] = frozenset(get_args(Kind))
OF_DATABASE: frozenset[Kind] = frozenset({"collect", "digest", "delivery", "given-up", "feeds"})
"""Nothing is known of these while the database is away."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """Messages of one kind of channel that are not with their readers."""

    channel: ChannelKind
    count: int
    since: datetime  # since when the oldest waits
    error: str | None  # of the oldest one's latest attempt; None: nobody tried


@dataclass(frozen=True, slots=True)
class Seen:
    """What could be learned of a Rasid."""

    first_look: datetime  # when a watcher looked at it for the first time: nothing is late before
    config: tuple[str, ...] = ()  # what is wrong with the operators' files
    database: str | None = None  # why it cannot be opened
    collect: datetime | None = None  # when the latest ended; None: none did
    uncomposed: tuple[
        str, ...
    ] = ()  # digests due for longer than that, or that cannot be composed; each with the reason
    stuck: tuple[Stuck, ...] = ()  # due for longer than `Limits.delivery`
    given_up: tuple[Stuck, ...] = ()  # in the last day
    last_sent: datetime | None = None  # when any message was taken by its channel
    feeds: int = 0  # that are on
    feeds_failing: int = 0
    feeds_quiet: int = 0  # they answer, and give nothing for longer than is usual for them
    unknown: frozenset[Kind] = frozenset()  # what could not be looked at


@dataclass(frozen=True, slots=True)
class Limits:
    """What operators put up with."""

    collect: timedelta  # without the end of a collect
    delivery: timedelta  # for which a digest or a message may be due
    failing_share: float  # of the feeds


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that a person must look at."""

    key: str  # a Kind, or "delivery:CHANNEL"
    what: Reason  # in one line
    since: datetime | None = None
    look: Reason | None = None  # at what, the likeliest first
    said: tuple[str, ...] = ()  # errors, as they came
    commands: tuple[str, ...] = ()  # behind `rasid --config FOLDER`
    failed: frozenset[ChannelKind] = frozenset()  # ways that this alarm must not rely on


@dataclass(frozen=True, slots=True)
class Over:
    """An alarm that does not stand any more."""

    key: str
    what: Reason
    since: datetime  # when its operators were told first


@dataclass(frozen=True, slots=True)
class Telling:
    """What the operators are to be told now."""

    new: tuple[Alarm, ...] = ()
    again: tuple[Alarm, ...] = ()
    over: tuple[Over, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.again or self.over)

    @property
    def failed(self) -> frozenset[ChannelKind]:
        """Ways that cannot be relied on now."""
        return frozenset().union(*(alarm.failed for alarm in (*self.new, *self.again)))


def kind_of(key: str) -> str:
    """The kind of an alarm, by its key."""
    return key.partition(":")[0]


# ── what stands ──────────────────────────────────────────────────────────────────────────────────


def judge(seen: Seen, limits: Limits, now: datetime) -> tuple[Alarm, ...]:
    """Every alarm that stands, the most far-reaching first."""
    found = (
        *_files(seen),
        *_collect(seen, limits, now),
        *_digests(seen),
        *_delivery(seen),
        *_given_up(seen),
        *_feeds(seen, limits),
    )
    return tuple(alarm for alarm in found if kind_of(alarm.key) not in seen.unknown)


def _files(seen: Seen) -> Iterator[Alarm]:
    if seen.config:
        yield Alarm(
            "config",
            Reason(
                "ملفات الإعداد مرفوضة، ولا شيء يعمل حتى تُصلَح",
                "the config is refused, and nothing runs until it is mended",
            ),
            look=Reason("آخر تعديل في مجلد الإعداد", "the latest change in the config folder"),
            said=seen.config,
            commands=("check",),
        )
    if seen.database is not None:
        yield Alarm(
            "database",
            Reason("تعذّر فتح قاعدة البيانات", "the database cannot be opened"),
            look=Reason(
                "هل الخادم يعمل؟ هل امتلأ القرص؟ هل المسار والصلاحيات صحيحة؟",
                "is its server up, is the disk full, are path and permissions right?",
            ),
            said=(seen.database,),
            commands=("doctor",),
        )


def _collect(seen: Seen, limits: Limits, now: datetime) -> Iterator[Alarm]:
    if now - (seen.collect or seen.first_look) <= limits.collect:
        return
    minutes = limits.collect // timedelta(minutes=1)
    if seen.collect is None:
        what = Reason("لم تكتمل أي جولة جمع حتى الآن", "no collect has ever ended")
    else:
        noun = "دقائق" if 3 <= minutes % 100 <= 10 else "دقيقة"
        what = Reason(
            f"لم تكتمل أي جولة جمع منذ أكثر من {minutes} {noun}",
            f"no collect has ended for more than {minutes} minutes",
        )
    yield Alarm(
        "collect",
        what,
        since=seen.collect,
        look=Reason(
            "هل ما زال rasid serve (أو سطر cron أو عامل Prefect) يعمل؟ هل علقت جولة؟",
            "does `rasid serve` (or the cron line, or Prefect's worker) still run, does a run hang?",
        ),
        commands=("health", "run"),
    )


def _digests(seen: Seen) -> Iterator[Alarm]:
    if seen.uncomposed:
        yield Alarm(
            "digest",
            Reason(
                f"نشرات حان موعدها ولم تُؤلَّف: {len(seen.uncomposed)}",
                f"digests that are due are not composed: {len(seen.uncomposed)}",
            ),
            look=Reason(
                "هل تعمل جولة النشرات؟ ثم سبب كل نشرة أعلاه",
                "do runs of the digest flow end? then the reason of each digest above",
            ),
            said=seen.uncomposed,
            commands=("run", "subscriptions next"),
        )


def _delivery(seen: Seen) -> Iterator[Alarm]:
    waiting = [stuck.since for stuck in seen.stuck]
    nothing = seen.last_sent is None or not waiting or seen.last_sent < min(waiting)
    if len(seen.stuck) > 1 and nothing:
        yield Alarm(
            "delivery",
            Reason(
                f"لا تخرج أي رسالة عبر أي قناة (رسائل تنتظر: {sum(stuck.count for stuck in seen.stuck)})",
                f"nothing goes out on any channel ({sum(stuck.count for stuck in seen.stuck)} messages wait)",
            ),
            since=min(waiting, default=None),
            look=Reason(
                "شبكة هذا الجهاز، ثم كل قناة بخطئها",
                "this machine's network, then each channel with its error",
            ),
            said=tuple(
                f"{stuck.channel}: {stuck.error or 'nobody tried to send it'}" for stuck in seen.stuck
            ),
            commands=("deliveries --state new --state unknown", "doctor"),
            failed=frozenset(stuck.channel for stuck in seen.stuck),
        )
        return
    for stuck in seen.stuck:
        ar, en = CHANNELS[stuck.channel].ar, CHANNELS[stuck.channel].en
        yield Alarm(
            f"delivery:{stuck.channel}",
            Reason(
                f"رسائل حان موعدها ولا تخرج عبر {ar}: {stuck.count}",
                f"messages that are due do not go out by {en}: {stuck.count}",
            ),
            since=stuck.since,
            look=_LOOK_IDLE if stuck.error is None else _LOOK_CHANNEL,
            said=() if stuck.error is None else (stuck.error,),
            commands=("deliveries --state new --state unknown",),
            failed=frozenset({stuck.channel}),
        )


def _given_up(seen: Seen) -> Iterator[Alarm]:
    for stuck in seen.given_up:
        ar, en = CHANNELS[stuck.channel].ar, CHANNELS[stuck.channel].en
        yield Alarm(
            f"given-up:{stuck.channel}",
            Reason(
                f"رسائل تُرك إرسالها نهائيًا عبر {ar} في آخر يوم: {stuck.count}",
                f"messages were given up by {en} in the last day: {stuck.count}",
            ),
            since=stuck.since,
            look=Reason(
                "هل العنوان صحيح؟ بعد الإصلاح يعيد الأمر الثاني إرسالها",
                "is the address right? once it is mended, the second command sends them",
            ),
            said=() if stuck.error is None else (stuck.error,),
            commands=("deliveries --state failed", "digest retry --failed"),
            failed=frozenset({stuck.channel}),
        )


def _feeds(seen: Seen, limits: Limits) -> Iterator[Alarm]:
    silent = seen.feeds_failing + seen.feeds_quiet
    if silent > limits.failing_share * seen.feeds:
        yield Alarm(
            "feeds",
            Reason(
                f"مصادر لا تُقرأ أو صامتة على غير عادتها: {silent} من {seen.feeds}",
                f"{silent} of {seen.feeds} feeds cannot be read, or are unusually quiet",
            ),
            look=Reason(
                "شبكة هذا الجهاز، ثم كل مصدر بخطئه", "this machine's network, then each feed with its error"
            ),
            commands=("doctor", "feeds list"),
        )


CHANNELS: dict[ChannelKind, Reason] = {
    "file": Reason("الملفات", "file"),
    "email": Reason("البريد الإلكتروني", "email"),
    "slack": Reason("سلاك (webhook)", "Slack (webhook)"),
    "slack_bot": Reason("سلاك (bot)", "Slack (bot)"),
    "apprise": Reason("القنوات الأخرى", "the other channels (apprise)"),
}
_LOOK_CHANNEL = Reason(
    "سبب القناة أعلاه؛ بعد الإصلاح تخرج الرسائل تلقائيًا",
    "the channel's reason above; once it is mended the messages go out by themselves",
)
_LOOK_IDLE = Reason(
    "لا أحد يحاول إرسالها: هل ما زال rasid serve (أو سطر cron أو عامل Prefect) يعمل؟",
    "nobody tries to send them: does `rasid serve` (or the cron line, or Prefect's worker) still run?",
)


# ── what is told ─────────────────────────────────────────────────────────────────────────────────


def tell(
    standing: Sequence[Alarm],
    told: Mapping[str, tuple[datetime, datetime]],
    unknown: AbstractSet[str],
    now: datetime,
) -> Telling:
    """What of it is to be told now.

    Args:
        standing: As `judge` gave it.
        told: Since when and when last the operators were told, by key, of what was not over then.
        unknown: Kinds that could not be looked at.
        now: The present. A note that lies further in the future than `REPEAT` is a fault of clocks.
    """
    keys = {alarm.key for alarm in standing}
    everything = "delivery" in keys  # it stands for the single channels' alarms, too
    over = [
        Over(key, _over(key), since)
        for key, (since, _) in sorted(told.items())
        if key not in keys
        and kind_of(key) in KINDS - unknown
        and not (everything and kind_of(key) == "delivery")
    ]
    return Telling(
        new=tuple(alarm for alarm in standing if alarm.key not in told),
        again=tuple(
            alarm for alarm in standing if alarm.key in told and abs(now - told[alarm.key][1]) >= REPEAT
        ),
        over=tuple(over),
    )


def _over(key: str) -> Reason:
    kind, _, channel = key.partition(":")
    again = _OVER[kind]
    name = next((name for known, name in CHANNELS.items() if known == channel), None)
    return again if name is None else Reason(f"{again.ar} ({name.ar})", f"{again.en} ({name.en})")


_OVER = {
    "config": Reason("ملفات الإعداد سليمة من جديد", "the config is in order again"),
    "database": Reason("قاعدة البيانات متاحة من جديد", "the database can be opened again"),
    "collect": Reason("عادت جولات الجمع تكتمل", "collects end again"),
    "digest": Reason("تُؤلَّف النشرات في مواعيدها من جديد", "digests are composed in time again"),
    "delivery": Reason("لا رسائل متأخرة بعد الآن", "no message is overdue any more"),
    "given-up": Reason("لم يُترك إرسال أي رسالة في آخر يوم", "no message was given up in the last day"),
    "feeds": Reason("عادت معظم المصادر تُقرأ", "most feeds can be read again"),
}
