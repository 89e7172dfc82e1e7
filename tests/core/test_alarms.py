"""The dead man's judgement: which alarms stand, and what the operators are told of them when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasid.alarms import KINDS, OF_DATABASE, REPEAT, Alarm, Limits, Seen, Stuck, judge, kind_of, tell
from rasid.types import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LONG_AGO = NOW - 900 * HOUR
LIMITS = Limits(collect=HOUR, delivery=HOUR, failing_share=0.5)
WELL = Seen(first_look=LONG_AGO, collect=NOW - 5 * MINUTE, last_sent=NOW - HOUR, feeds=10)
MAIL = Stuck("email", 3, NOW - 2 * HOUR, "the relay refused the log-in (535)")
SLACK = Stuck("slack", 1, NOW - 3 * HOUR, "no connection")
KEYS = [
    "config",
    "database",
    "collect",
    "delivery",
    "delivery:email",
    "delivery:slack",
    "given-up:email",
    "feeds",
]


def seen(**values: object) -> Seen:
    """A Rasid that does well, but for these values."""
    return Seen(**{name: getattr(WELL, name) for name in Seen.__slots__} | values)  # type: ignore[arg-type]


def keys(found: Sequence[Alarm]) -> list[str]:
    """The alarms, by their keys."""
    return [alarm.key for alarm in found]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (WELL, []),
        (seen(collect=NOW - HOUR), []),
        (seen(collect=NOW - 61 * MINUTE), ["collect"]),
        (seen(collect=None), ["collect"]),
        (seen(collect=None, first_look=NOW - 20 * MINUTE), []),
        (seen(config=("feeds.yaml:3: unknown key",)), ["config"]),
        (seen(database="no such file", unknown=OF_DATABASE, collect=None), ["database"]),
        (seen(stuck=(MAIL,)), ["delivery:email"]),
        (seen(stuck=(MAIL, SLACK)), ["delivery:email", "delivery:slack"]),
        (seen(stuck=(MAIL, SLACK), last_sent=NOW - 4 * HOUR), ["delivery"]),
        (seen(stuck=(MAIL, SLACK), last_sent=None), ["delivery"]),
        (seen(given_up=(MAIL,)), ["given-up:email"]),
        (seen(feeds_failing=5), []),
        (seen(feeds_failing=6), ["feeds"]),
        (seen(feeds_failing=3, feeds_quiet=3), ["feeds"]),
        (seen(feeds=0), []),
    ],
)
def test_what_stands(what: Seen, expected: list[str]) -> None:
    """Each kind of silence is an alarm of its own, from its limit on and not before."""
    assert expected == keys(judge(what, LIMITS, NOW))


def test_an_alarm_says_what_since_when_and_what_to_run() -> None:
    """The person on call gets the number, the time of the oldest, the channel's own words, a command, another way."""
    [alarm] = judge(seen(stuck=(MAIL,)), LIMITS, NOW)

    assert "3" in alarm.what.en
    assert "3" in alarm.what.ar
    assert "email" in alarm.what.en
    assert NOW - 2 * HOUR == alarm.since
    assert ("the relay refused the log-in (535)",) == alarm.said
    assert ("deliveries --state new --state unknown",) == alarm.commands
    assert {"email"} == alarm.failed


def test_messages_that_nobody_tried_point_to_the_sender() -> None:
    """Without an error the channel is not to blame: the question is whether Rasid still runs."""
    [alarm] = judge(seen(stuck=(Stuck("email", 1, NOW - 2 * HOUR, None),)), LIMITS, NOW)

    assert () == alarm.said
    assert alarm.look is not None
    assert "nobody tries" in alarm.look.en


def alarm(key: str) -> Alarm:
    """An alarm that stands."""
    return Alarm(key, Reason("ما هو", "what"))


def test_told_once_then_every_six_hours() -> None:
    """What is new is told, what was told an hour ago is not, what was told six hours ago is told again."""
    standing = [alarm("collect"), alarm("database"), alarm("feeds")]
    told = {"database": (NOW - 2 * HOUR, NOW - HOUR), "feeds": (NOW - 9 * HOUR, NOW - 6 * HOUR)}
    telling = tell(standing, told, frozenset(), NOW)

    assert ["collect"] == keys(telling.new)
    assert ["feeds"] == keys(telling.again)
    assert () == telling.over


def test_told_once_when_it_is_over() -> None:
    """What was told and does not stand any more is over, with the time from which it was known."""
    telling = tell([], {"delivery:email": (NOW - 5 * HOUR, NOW - 5 * HOUR)}, frozenset(), NOW)

    [over] = telling.over
    assert ("delivery:email", NOW - 5 * HOUR) == (over.key, over.since)
    assert "email" in over.what.en


def test_what_could_not_be_looked_at_is_not_over() -> None:
    """With the database away nobody knows whether mail goes out again: nothing is said of it."""
    told = {"delivery:email": (NOW - HOUR, NOW - HOUR), "collect": (NOW - HOUR, NOW - HOUR)}

    assert not tell([alarm("database")], told | {"database": (NOW - HOUR, NOW - HOUR)}, OF_DATABASE, NOW)


def test_one_channel_is_not_over_while_nothing_goes_out() -> None:
    """The alarm of all channels stands for those of single ones, which it must not call recovered."""
    telling = tell([alarm("delivery")], {"delivery:email": (NOW - HOUR, NOW - HOUR)}, frozenset(), NOW)

    assert ["delivery"] == keys(telling.new)
    assert () == telling.over


def test_a_clock_that_was_wrong_holds_nothing_back() -> None:
    """A note from the year after next does not silence an alarm until then."""
    told = {"collect": (NOW + 9000 * HOUR, NOW + 9000 * HOUR)}

    assert ["collect"] == keys(tell([alarm("collect")], told, frozenset(), NOW).again)


@given(
    st.lists(st.sampled_from(KEYS), unique=True),
    st.dictionaries(
        st.sampled_from(KEYS), st.integers(0, 20).map(lambda hours: (LONG_AGO, NOW - hours * HOUR))
    ),
    st.frozensets(st.sampled_from(sorted(KINDS))),
)
def test_nothing_is_told_twice_and_nothing_is_lost(
    standing: list[str], told: dict[str, tuple[datetime, datetime]], unknown: frozenset[str]
) -> None:
    """Every alarm is new, told lately, or told again; a key is told in one way alone; what was told is over or kept."""
    alarms = [alarm(key) for key in standing if kind_of(key) not in unknown]
    telling = tell(alarms, told, unknown, NOW)
    new, again, over = keys(telling.new), keys(telling.again), [one.key for one in telling.over]
    lately = [key for key, (_, at) in told.items() if NOW - at < REPEAT]

    assert len(new + again + over) == len({*new, *again, *over})
    assert {one.key for one in alarms} - {*new, *again} <= set(lately)
    assert not {*new, *again} & set(lately)
    assert all(key in told and key not in keys(alarms) and kind_of(key) not in unknown for key in over)
    after = (told.keys() | {*new}) - {*over}
    assert not tell(alarms, dict.fromkeys(after, (LONG_AGO, NOW)), unknown, NOW)
