"""Slack: messages that a strict server takes, and what its refusals mean."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import slack, words
from alerts.links import PLACEHOLDER, Reader
from rasid.errors import TransportError
from rasid.types import SetAside
from tests.alerts import samples
from tests.alerts.slack_fake import SECRET, Answer, fake_slack, pings, problems, strings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rasid.types import Language

NOW = samples.NOW
HERE = frozenset({"127.0.0.1"})
READER = Reader(f"https://rasid.example/r/{PLACEHOLDER}")
OK = Answer(200, body="ok", takes=True)


def shown(messages: list[dict[str, Any]]) -> str:
    """All that the messages show, without direction marks."""
    text = "".join(text for message in messages for block in message["blocks"] for text in strings(block))
    return text.translate(dict.fromkeys(map(ord, "\u2066\u2067\u2069\u200e\u200f\u2060")))


def test_a_strict_server_takes_the_rich_digest() -> None:
    """One message, with all that the mail says."""
    messages = slack.payload(samples.rich(), now=NOW, reader=READER)
    with fake_slack() as server:
        slack.send(server.hook, messages, timeout=5, allow_hosts=HERE)

    assert server.taken == messages
    for expected in (
        "5 قصص من 9 مقالات جديدة",
        "واشنطن تسمح ببيع شريحة H20",
        "نسخة معدّلة: 96% من النص",
        "و3 نسخ أخرى",
        "الراصد التقني · قبل 4 ساعات · عن رويترز\n",
        " — يضيف 120 كلمة عن أثر القرار في الأسعار\n│ ويتوقع تجار في شنجن أن يهبط سعر H20 بنحو 15%",
        "المصدر: بلومبرغ\n",
        "الأسماء الواردة: H20 (9)",
        "H20: قصة واحدة · ▲\u00a03 فوق المعتاد",
        "للمراجعة: مطابقة واحدة غير مؤكدة",
        "504 Gateway Timeout",
        "موعد الإرسال: يوميًا 7:00 ص",
    ):
        assert expected in shown(messages)


@pytest.mark.parametrize(
    ("language", "late", "update"),
    [
        ("ar", "عُثر عليه بعد تعديل قائمة الرصد", "جديد في قصة سابقة"),
        ("en", "found after the watchlist changed", "New in an earlier story"),
    ],
)
def test_what_was_found_late_says_so(language: Language, late: str, update: str) -> None:
    """The tag opens the line of terms of a story, and the line that judges a review; no update has it."""
    text = shown(slack.payload(replace(samples.late(), language=language), now=NOW))
    kunlun, nvidia = ("كونلون", "إنفيديا") if language == "ar" else ("Kunlun", "Nvidia")

    assert 2 == text.count(late)
    assert f"{late} · {kunlun} · {nvidia}\n" in text
    assert re.search(f"{late} · H20: [^\n]* · أرشيف الشرائح", text)
    assert 1 == text.count(update)
    assert late not in shown(slack.payload(replace(samples.rich(), language=language), now=NOW))


@pytest.mark.parametrize("make", [samples.rich, samples.english, samples.empty, samples.late, samples.huge])
def test_every_part_keeps_the_limits(make: Any) -> None:
    """Fifty blocks, 3,000 characters a block, 10,000 a message, whatever the digest holds."""
    messages = slack.payload(make(), now=NOW, repeat=True, reader=READER)

    assert [problems(message) for message in messages if problems(message)] == []
    assert (
        max(len(message["text"]) + sum(map(len, strings(message["blocks"]))) for message in messages)
        <= 10_000
    )


def test_what_does_not_fit_comes_in_numbered_parts() -> None:
    """Every story is in one of them, none in two halves."""
    digest = replace(
        samples.rich(),
        stories=tuple(replace(samples.STORIES[0], headline=f"الخبر رقم {n}") for n in range(100, 120)),
    )
    messages = slack.payload(digest, now=NOW)

    assert len(messages) > 1
    for number, message in enumerate(messages, start=1):
        assert f"الجزء {number} من {len(messages)}" in shown([message])
    for n in range(100, 120):
        holding = [message for message in messages if f"الخبر رقم {n}" in shown([message])]
        assert len(holding) == 1


def test_no_mass_mention_and_no_hostile_link() -> None:
    """What a title says is never an order to Slack."""
    raw = json.dumps(slack.payload(samples.rich(), now=NOW), ensure_ascii=False)

    for hostile in (
        "<!channel>",
        "<!here>",
        "<@U1>",
        'javascript:alert(1)"',
        "user:secret",
        "data:text",
        "\u202e",
        "mrkdwn",
    ):
        assert hostile not in raw
    assert all(link.startswith("https://news.example/") for link in links(json.loads(raw)))
    assert [] == list(pings(json.loads(raw)))


def links(value: Any) -> list[str]:
    """Every address behind a link."""
    if isinstance(value, dict):
        own = [value["url"]] if value.get("type") == "link" else []
        return own + [link for one in value.values() for link in links(one)]
    return [link for one in value for link in links(one)] if isinstance(value, list) else []


def test_hits_are_bold_and_paragraphs_begin_right_to_left() -> None:
    """A highlight may begin inside a run; each Arabic paragraph begins with RLM."""
    (message,) = slack.payload(samples.rich(), now=NOW)
    sections = [
        block["elements"][0]["elements"] for block in message["blocks"] if block["type"] == "rich_text"
    ]
    bold = [
        one["text"] for section in sections for one in section if one.get("style") and one["type"] == "text"
    ]

    assert {"H20", "إنفيديا", "Kunlun", "12000"} <= set(bold)
    for section in sections:
        lines = "".join(one["text"] for one in section).split("\n")
        assert [line for line in lines if not line.startswith("\u200f")] == []
        assert [line for line in lines if line.count("\u2066") != line.count("\u2069")] == []


def test_the_fallback_is_escaped() -> None:
    """The text of notifications is mrkdwn."""
    (message,) = slack.payload(replace(samples.rich(), name="A&B <!channel>"), now=NOW)

    assert "راصد · \u2066A&amp;B\u2069 &lt;!\u2066channel\u2069&gt; · " in message["text"]
    assert [] == list(pings(message))


def test_a_repeat_says_so() -> None:
    """The reader is told that it may be a double; a first attempt says nothing of it."""
    assert "قد تكون هذه الرسالة مكررة" in shown(slack.payload(samples.rich(), now=NOW, repeat=True))
    assert "مكررة: " not in shown(slack.payload(samples.rich(), now=NOW))


@pytest.mark.parametrize(
    ("answer", "permanent", "uncertain", "whole", "retry_after"),
    [
        (Answer(429, {"Retry-After": "7"}, "rate_limited"), False, False, True, 7.0),
        (Answer(429, {"Retry-After": "9" * 400}), False, False, True, 86_400.0),
        (Answer(429, {"Retry-After": "Sat, 22 Nov 2025 04:00:00 GMT"}), False, False, True, None),
        (Answer(429), False, False, True, None),
        (Answer(400, body="invalid_payload"), True, False, False, None),
        (Answer(403, body="action_prohibited"), True, False, True, None),
        (Answer(404, body="no_service"), True, False, True, None),
        (Answer(410, body="channel_is_archived"), True, False, True, None),
        (Answer(302, {"Location": "http://127.0.0.1:1/"}), True, False, False, None),
        (Answer(500, body="rollup_error"), False, False, False, None),
        (Answer(503), False, False, False, None),
        (Answer(504, body="<html>"), False, True, False, None),
        (Answer(200, body="<html>a page</html>"), True, False, True, None),
        (Answer(200, {"Content-Length": "9"}, ""), False, True, False, None),
        (Answer(0), False, True, False, None),
        (Answer(0, takes=True), False, True, False, None),
        (Answer(500, body="x" * 10_000_000), False, False, False, None),
    ],
)
def test_what_a_refusal_means(
    answer: Answer, permanent: bool, uncertain: bool, whole: bool, retry_after: float | None
) -> None:
    """429 waits, other 4xx are permanent, 5xx temporary; no answer is uncertain; one post each, no great answer."""
    messages = slack.payload(samples.rich(), now=NOW)
    with fake_slack(answer) as server, pytest.raises(TransportError) as caught:
        slack.send(server.hook, messages, timeout=5, allow_hosts=HERE)

    error = caught.value
    assert (permanent, uncertain, whole) == (error.permanent, error.uncertain, error.whole)
    assert retry_after == error.retry_after
    assert len(str(error)) < 300
    assert int(answer.takes) == len(server.taken)


def test_an_attempt_goes_on_where_the_last_one_stopped() -> None:
    """Each part that was taken is told of at once; the failure of the next is its own, and nothing comes twice."""
    messages = slack.payload(samples.huge(), now=NOW)[:4]
    told: list[int] = []
    with fake_slack(OK, OK, Answer(503)) as server:
        with pytest.raises(TransportError) as caught:
            slack.send(server.hook, messages, timeout=5, allow_hosts=HERE, taken=told.append)
        assert ([1, 2], False) == (told, caught.value.uncertain)
        slack.send(server.hook, messages, timeout=5, allow_hosts=HERE, done=told[-1], taken=told.append)

    assert [1, 2, 3, 4] == told
    assert messages == server.taken


@given(
    counts=st.lists(st.integers(0, 7), min_size=1, max_size=12),
    hours=st.integers(0, 200),
    hidden=st.frozensets(st.integers(0, 12)),
    repeat=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_parts_hold_the_same_in_every_attempt(
    counts: list[int], hours: int, hidden: frozenset[int], repeat: bool
) -> None:
    """Hours later, marked as a repeat and with stories muted, each story left stands in the part that it stood in."""
    stories = tuple(
        replace(
            samples.STORIES[0],
            story_id=n,
            headline=f"الخبر رقم {100 + n}",
            appearances=samples.STORIES[0].appearances[: count + 1],
            snippets=samples.STORIES[0].snippets * count,
        )
        for n, count in enumerate(counts)
    )
    digest = replace(samples.rich(), stories=stories)
    first = slack.payload(digest, now=NOW, reader=READER)
    later = slack.payload(
        digest, now=NOW + timedelta(hours=hours), reader=READER, repeat=repeat, hidden=hidden
    )

    assert len(first) == len(later)
    for one, other in zip(first, later, strict=True):
        assert [n for n in _numbers(one) if n - 100 not in hidden] == _numbers(other)
        assert [] == problems(other)


def test_a_part_of_muted_stories_alone_is_not_posted() -> None:
    """It keeps its place, so that an attempt that goes on after it posts what comes next."""
    story = samples.STORIES[0]
    stories = tuple(replace(story, story_id=n, headline=f"الخبر رقم {100 + n}") for n in range(40))
    digest = replace(samples.rich(), stories=stories)
    whole = slack.payload(digest, now=NOW)
    assert 2 < len(whole)
    second = frozenset(n - 100 for n in _numbers(whole[1]))
    parts = slack.payload(digest, now=NOW, hidden=second)
    assert [True, False, *([True] * (len(whole) - 2))] == [bool(part) for part in parts]
    came: list[int] = []
    with fake_slack() as server:
        slack.send(server.hook, parts, 5, allow_hosts=frozenset({"127.0.0.1"}), taken=came.append)
    assert list(range(1, len(whole) + 1)) == came
    assert [_numbers(part) for part in parts if part] == [_numbers(taken) for taken in server.taken]


def _numbers(message: dict[str, Any]) -> list[int]:
    return [int(n) for n in re.findall(r"الخبر رقم (\d+)\n", shown([message]))]


def test_a_reader_can_act() -> None:
    """Each story and each uncertain mention has its links; below stand the digest in full and the way out."""
    found = links(slack.payload(samples.rich(), now=NOW, reader=READER))

    for story in samples.STORIES:
        assert {READER.mute(story.story_id), READER.wrong(story.story_id)} <= set(found)
    assert {READER.judge(11, "h20", right=right) for right in (True, False)} <= set(found)
    assert [READER.digest, READER.unsubscribe] == found[-2:]
    without = links(slack.payload(samples.rich(), now=NOW))
    assert [] == [link for link in without if "rasid.example" in link]


def test_what_could_not_be_drawn_is_named() -> None:
    """A story that was set aside for a fault of our own is a line with its link."""
    digest = replace(
        samples.rich(), set_aside=(SetAside("خبر ناقص", "https://news.example/99", "KeyError: x"),)
    )
    messages = slack.payload(digest, now=NOW)

    assert "خبر ناقص — " in shown(messages)
    assert "https://news.example/99" in links(messages)


def test_a_slow_answer_is_uncertain() -> None:
    """Slack may have posted what it did not confirm."""
    messages = slack.payload(samples.empty(), now=NOW)
    with dribbling() as hook, pytest.raises(TransportError, match="no answer in time") as caught:
        slack.send(hook, messages, timeout=0.5, allow_hosts=HERE)

    assert caught.value.uncertain


@contextmanager
def dribbling() -> Iterator[str]:
    """A server that takes a request and answers a byte every tenth of a second, for ten seconds."""
    over = threading.Event()

    def serve() -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.recv(1 << 20)
            for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 7:
                connection.send(bytes([byte]))
                if over.wait(0.1):
                    break

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/services/x"
        finally:
            over.set()
            thread.join()


def test_the_address_is_a_secret(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in no log and no error, and the environment's proxy never sees it."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    caplog.set_level(logging.DEBUG)
    messages = slack.payload(samples.empty(), now=NOW)
    with fake_slack(OK, Answer(404, body=f"no_service /services/{SECRET}"), Answer(0)) as server:
        slack.send(server.hook, messages, timeout=5, allow_hosts=HERE)
        errors = []
        for hook in (
            server.hook,
            server.hook,
            f"ftp://{SECRET}",
            f"https://{SECRET}\n",
            f"https://{SECRET}:99999/",
        ):
            with pytest.raises(TransportError) as caught:
                slack.send(hook, messages, timeout=5, allow_hosts=HERE)
            errors.append(f"{caught.value!r} {caught.value.__cause__!r}")

    assert len(server.taken) == 1
    assert SECRET not in "".join(errors) + caplog.text


def test_each_message_of_a_repeat_says_so() -> None:
    """Any of them may be the one that came twice; the split is that of the first attempt."""
    digest = replace(samples.rich(), stories=samples.STORIES * 12)
    first, again = slack.payload(digest, now=NOW), slack.payload(digest, now=NOW, repeat=True)
    said = words.phrase("ar", "repeat")
    assert 1 < len(first) == len(again)
    assert [False] * len(first) == [said in shown([message]) for message in first]
    assert [True] * len(again) == [said in shown([message]) for message in again]
    assert [] == [problem for message in again for problem in problems(message)]
