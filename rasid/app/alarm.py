"""The dead man's watch: look at Rasid from outside, and tell its operators where it fell silent.

It works with what is left: with files that are refused (their good parts count, else the settings that were good
last), with the database away, with a channel that is down (the notice goes by the others first). What the operators
were told is remembered in the database, where all machines see it, and on this machine for as long as the database is
away (see `rasid.app.alarm_memory`).
"""

from __future__ import annotations

import json
import shlex
import socket
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rasid.alarms import KINDS, OF_DATABASE, Alarm, Limits, Seen, Stuck, Telling, judge, tell
from rasid.app.alarm_memory import Memory
from rasid.app.context import database_url, load_config, open_present, read_file
from rasid.app.digest import due_window
from rasid.app.health import FAILED_FOR, feed_healths
from rasid.config import Config, Settings, parse_settings
from rasid.config.document import read_document
from rasid.errors import ConfigError, StorageError, TransportError
from rasid.polling import ANSWERING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from alerts.notice import Notice
    from rasid.alarms import Kind
    from rasid.app.context import Clock
    from rasid.types import ChannelKind, Delivery, Subscription
    from storage import Store

RECENT = 50  # sent messages that are looked at for the time of the latest


@dataclass(frozen=True, slots=True)
class Route:
    """One recipient of a notice, and what came of it."""

    channel: ChannelKind
    recipient: str
    error: str | None = None  # None: it was taken


@dataclass(frozen=True, slots=True)
class AlarmReport:
    """What a look at Rasid found, and who was told."""

    standing: tuple[Alarm, ...]
    telling: Telling  # what was to be told this time
    routes: tuple[Route, ...] = ()  # those that were tried
    problems: tuple[str, ...] = ()  # of the watch itself

    @property
    def unheard(self) -> bool:
        """Whether something was to be told, and every way failed."""
        return bool(self.routes) and all(route.error is not None for route in self.routes)


def alarm(folder: Path, clock: Clock, *, dry_run: bool = False) -> AlarmReport:
    """Look, and tell the operators what is new, what still stands after six hours, and what is over.

    Args:
        folder: The config folder.
        clock: Read once.
        dry_run: Nothing is sent, nothing is remembered.
    """
    now, memory = clock(), Memory.open(folder)
    with memory.alone() as alone, ExitStack() as opened:
        found = _Found.read(folder, memory, opened, now)
        told = memory.told(found.store)
        telling = tell(found.standing, told, found.unknown, now)
        problems = list(memory.problems)
        channels = found.settings.operators.channels
        if not channels:
            problems.append("operators.channels in settings.yaml names nobody who could be told")
        if not alone:
            problems.append("another watcher of this machine is at it, and tells what is to be told")
        if dry_run or not alone:
            return AlarmReport(found.standing, telling, problems=tuple(problems))
        routes = _tell(folder, found.settings, telling, now) if telling and channels else ()
        if any(route.error is None for route in routes):
            over = {one.key for one in telling.over}
            told = {key: times for key, times in told.items() if key not in over}
            for one in (*telling.new, *telling.again):
                told[one.key] = (told.get(one.key, (now, now))[0], now)
        memory.keep(told, found.store)
        problems += [problem for problem in memory.problems if problem not in problems]
        return AlarmReport(found.standing, telling, routes, tuple(problems))


# ── looking ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Found:
    settings: Settings
    store: Store | None
    standing: tuple[Alarm, ...]
    unknown: frozenset[Kind]

    @classmethod
    def read(cls, folder: Path, memory: Memory, opened: ExitStack, now: datetime) -> _Found:
        """Read what can be read; the store stays open as long as `opened`."""
        config, refused = _config(folder)
        settings = _settings(folder, memory)
        if settings is None:
            # Nothing tells which database is meant, nor whom to tell.
            seen = Seen(memory.first_look(now), config=refused, unknown=KINDS - {"config"})
            return cls(Settings(), None, judge(seen, _limits(Settings()), now), seen.unknown)
        limits, store = _limits(settings), None
        known = config or Config(settings, (), (), ())
        first = memory.first_look(now)
        try:
            store = opened.enter_context(open_present(database_url(known, folder)))
            if store is None and now - first > limits.collect:
                raise StorageError(f"{settings.database}: there is no such file on this machine")  # noqa: TRY301
            seen = _look(store, known, limits, first, refused, now)
        except (StorageError, ConfigError) as error:
            store = None
            seen = Seen(first, config=refused, database=str(error), unknown=OF_DATABASE)
        return cls(settings, store, judge(seen, limits, now), seen.unknown)


def _limits(settings: Settings) -> Limits:
    operators = settings.operators
    return Limits(
        collect=timedelta(minutes=operators.collect_minutes),
        delivery=timedelta(minutes=operators.delivery_minutes),
        failing_share=settings.health.failing_share,
    )


def _look(
    store: Store | None,
    config: Config,
    limits: Limits,
    first: datetime,
    refused: tuple[str, ...],
    now: datetime,
) -> Seen:
    """What the database tells; of feeds nothing where the config is refused. None: there is none yet."""
    if store is None:
        return Seen(first, config=refused, unknown=OF_DATABASE)
    last = store.last_run("collect")
    healths = [] if refused else feed_healths(config, store, now)
    failing = [one for one in healths if one.status not in ANSWERING and one.status != "new"]
    sent = [
        one.sent_at for one in store.deliveries(states=("sent",), limit=RECENT) if one.sent_at is not None
    ]
    return Seen(
        first,
        config=refused,
        collect=None if last is None else last.ended,
        uncomposed=() if refused else _uncomposed(store, config.subscriptions, limits, now),
        stuck=_stuck(store.overdue_deliveries(now - limits.delivery)),
        given_up=_stuck(store.given_up_deliveries(now - FAILED_FOR)),
        last_sent=max(sent, default=None),
        feeds=len(healths),
        feeds_failing=len(failing),
        feeds_quiet=sum(one.quiet is not None for one in healths if one not in failing),
        unknown=frozenset({"feeds", "digest"}) if refused else frozenset(),
    )


def _uncomposed(
    store: Store, subscriptions: Sequence[Subscription], limits: Limits, now: datetime
) -> tuple[str, ...]:
    """What the last run could not compose; where none has ended for long, what has been due for as long."""
    last = store.last_run("digest")
    if last is not None and now - last.ended <= limits.delivery:
        broken = last.summary.get("broken", ())
        return tuple(map(str, broken)) if isinstance(broken, list) else ()
    found = []
    for subscription in subscriptions:
        told = store.latest_window(subscription.id, now)
        if told is None or subscription.schedule == "immediate":
            continue  # the first digest, and alerts, close no window while there is nothing to tell
        window = due_window(subscription, told, now - limits.delivery)
        if window is not None:
            found.append(
                f"{subscription.id}: due since {window[1]:%Y-%m-%d %H:%M} UTC, and no run composed it"
            )
    return tuple(found)


def _stuck(messages: Sequence[Delivery]) -> tuple[Stuck, ...]:
    """Messages by kind of channel, the oldest first."""
    found = []
    ordered = sorted(messages, key=lambda one: (one.channel, one.id))
    for channel, group in groupby(ordered, key=lambda one: one.channel):
        ones = list(group)
        error = next((one.error for one in ones if one.error is not None), None)
        found.append(Stuck(channel, len(ones), min(one.due for one in ones), error))
    return tuple(found)


def _config(folder: Path) -> tuple[Config | None, tuple[str, ...]]:
    try:
        return load_config(folder), ()
    except ConfigError as error:
        return None, tuple(str(problem) for problem in error.problems)
    except OSError as error:
        return None, (f"{folder}: {error.strerror}",)


def _settings(folder: Path, memory: Memory) -> Settings | None:
    """The settings as they are; where they are refused, their good parts, else those that were good last."""
    try:
        text = read_file(folder / "settings.yaml")
    except (ConfigError, OSError):
        return memory.last_good()
    try:
        settings = parse_settings(text, "settings.yaml")
    except ConfigError:
        return _good_parts(text) or memory.last_good()
    memory.good(text)
    return settings


def _good_parts(text: str) -> Settings | None:
    """What is good in a settings.yaml that is refused; None where it names nobody who could be told."""
    document, _ = read_document(text, "settings.yaml")
    whole = None if document is None else document.root.value
    settings = _parsed(_good(whole, lambda part: part)) if isinstance(whole, dict) else None
    return settings if settings is not None and settings.operators.channels else None


def _good(value: object, within: Callable[[object], object]) -> object:
    """The value without its parts that are refused; `within` puts a part back in its place. None: nothing is left."""
    if _parsed(within(value)) is not None:
        return value
    if isinstance(value, dict):
        parts = {key: _good(part, _keyed(within, key)) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part is not None} or None
    if isinstance(value, tuple):
        items = [_good(part, lambda item: within([item])) for part in value]
        return [item for item in items if item is not None] or None
    return None


def _keyed(within: Callable[[object], object], key: object) -> Callable[[object], object]:
    return lambda part: within({key: part})


def _parsed(whole: object) -> Settings | None:
    try:
        return parse_settings(json.dumps(whole), "settings.yaml")
    except ConfigError:
        return None


# ── telling ──────────────────────────────────────────────────────────────────────────────────────


def _tell(folder: Path, settings: Settings, telling: Telling, now: datetime) -> tuple[Route, ...]:
    """Send to every recipient whose way has not failed; where nobody took it, by the failed ways too."""
    ways = [(channel.kind, one) for channel in settings.operators.channels for one in channel.recipients]
    sound = [way for way in ways if way[0] not in telling.failed]
    rest = [way for way in ways if way[0] in telling.failed]
    routes = _send_all(folder, settings, telling, sound, now, only_way=False)
    if not any(route.error is None for route in routes):
        routes += _send_all(folder, settings, telling, rest, now, only_way=True)
    return tuple(routes)


def _send_all(
    folder: Path,
    settings: Settings,
    telling: Telling,
    ways: Sequence[tuple[ChannelKind, str]],
    now: datetime,
    *,
    only_way: bool,
) -> list[Route]:
    from alerts.notice import notice  # drawing is for when something is to be told

    drawn = notice(
        telling,
        language=settings.operators.language,
        timezone=settings.timezone,
        now=now,
        place=f"{socket.gethostname()}: {folder.resolve()}",
        rasid=_command(folder),
        only_way=only_way,
    )
    return [Route(kind, recipient, _sent(settings, kind, recipient, drawn, now)) for kind, recipient in ways]


def _sent(settings: Settings, kind: ChannelKind, recipient: str, drawn: Notice, now: datetime) -> str | None:
    """Send to one recipient; what went wrong."""
    try:
        _send(settings, kind, recipient, drawn, now)
    except TransportError as error:
        return error.reason
    except Exception as error:  # noqa: BLE001 - a fault of one channel must not keep the others from being tried
        return f"a fault of Rasid's own ({type(error).__name__}); please report it"
    return None


def _send(settings: Settings, kind: ChannelKind, recipient: str, drawn: Notice, now: datetime) -> None:
    if kind == "file":
        from alerts import file

        file.write(Path(recipient), drawn.rendered.digest_id, drawn.rendered)
        return
    from rasid.app.senders import needed, smtp_options

    allow_hosts, timeout = frozenset(settings.http.allow_hosts), settings.slack.timeout
    if kind == "email":
        from alerts import email

        options = smtp_options(settings)
        message_id = f"{drawn.rendered.digest_id}.{sha256(f'{now} {recipient}'.encode()).hexdigest()[:16]}"
        content = email.build_message(
            drawn.rendered,
            sender=options.sender,
            recipient=recipient,
            message_id=f"{message_id}@{options.sender.rpartition('@')[2].strip('> ')}",
            list_id="operators",
            unsubscribe=None,
            date=now,
            repeat=False,
        )
        email.send(options, recipient, content)
    elif kind == "slack":
        from alerts import slack

        slack.send(needed(kind, recipient), [drawn.slack], timeout=timeout, allow_hosts=allow_hosts)
    elif kind == "slack_bot":
        from alerts import slack_bot

        name, _, channel = recipient.partition(":")
        bot = slack_bot.Bot(
            needed(kind, name), channel, timeout, base_url=settings.slack.api, allow_hosts=allow_hosts
        )
        bot.deliver(
            [slack_bot.Post(1, None, drawn.slack)],
            message_id=drawn.rendered.digest_id,
            threads={},
            ask=False,
            since=now,
            taken=lambda _part, _story, _ts: None,
        )
    else:
        from alerts import others

        others.send(needed(kind, recipient), drawn.rendered, timeout=timeout, allow_hosts=allow_hosts)


def _command(folder: Path) -> str:
    """How a command of this Rasid begins, to be pasted into any shell of this machine."""
    here, beside = Path.cwd(), Path(sys.executable).parent / "rasid"
    program = shlex.quote(str(beside)) if beside.is_file() else "rasid"
    config = "" if folder.resolve() == here / "config" else f" --config {shlex.quote(str(folder.resolve()))}"
    return f"cd {shlex.quote(str(here))} && {program}{config}"
