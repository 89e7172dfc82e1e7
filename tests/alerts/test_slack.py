"""Slack: messages that a strict server takes, and what its refusals mean."""

from __future__ import annotations

import json
import logging
import re
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from alerts import slack
from rasid.errors import TransportError
from tests.alerts import samples
from tests.alerts.servers import SECRET, SlackHandler, problems, slack_server, strings

if TYPE_CHECKING:
    from rasid.types import Language

NOW = samples.NOW
HERE = frozenset({"127.0.0.1"})


def shown(messages: list[dict[str, Any]]) -> str:
    """All that the messages show, without direction marks."""
    text = "".join(text for message in messages for block in message["blocks"] for text in strings(block))
    return text.translate(dict.fromkeys(map(ord, "\u2066\u2067\u2069\u200f\u2060")))


def test_a_strict_server_takes_the_rich_digest() -> None:
    """One message, with all that the mail says."""
    messages = slack.payload(samples.rich(), now=NOW, public_url="https://rasid.example/d/1")
    with slack_server() as server:
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
        "H20: قصة واحدة · ▲ 3 فوق المعتاد",
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
    assert [
        problems(message) for message in slack.payload(make(), now=NOW, repeat=True) if problems(message)
    ] == []


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
    digest = replace(samples.rich(), name="A&B <!channel>")

    assert "A&amp;B &lt;!channel&gt;" in slack.payload(digest, now=NOW)[0]["text"]


def test_a_repeat_says_so() -> None:
    """The reader is told that it may be a double; a first attempt says nothing of it."""
    assert "قد تكون هذه الرسالة مكررة" in shown(slack.payload(samples.rich(), now=NOW, repeat=True))
    assert "مكررة: " not in shown(slack.payload(samples.rich(), now=NOW))


@pytest.mark.parametrize(
    ("answer", "permanent", "uncertain", "retry_after"),
    [
        ((429, {"Retry-After": "7"}, "rate_limited"), False, False, 7.0),
        ((429, {}, "rate_limited"), False, False, None),
        ((400, {}, "invalid_payload"), True, False, None),
        ((403, {}, "action_prohibited"), True, False, None),
        ((404, {}, "no_service"), True, False, None),
        ((302, {"Location": "http://127.0.0.1:1/"}, ""), True, False, None),
        ((500, {}, "rollup_error"), False, False, None),
        ((503, {}, ""), False, False, None),
        ((0, {}, ""), False, True, None),
    ],
)
def test_what_a_refusal_means(
    answer: tuple[int, dict[str, str], str], permanent: bool, uncertain: bool, retry_after: float | None
) -> None:
    """429 waits, other 4xx are permanent, 5xx are temporary, no answer is uncertain; one post each."""
    messages = slack.payload(samples.rich(), now=NOW)
    with slack_server(answer) as server, pytest.raises(TransportError) as caught:
        slack.send(server.hook, messages, timeout=5, allow_hosts=HERE)

    error = caught.value
    assert (error.permanent, error.uncertain, error.retry_after) == (permanent, uncertain, retry_after)
    assert server.taken == []


def test_a_failure_after_the_first_part_is_uncertain() -> None:
    """The reader has the first part, so a further attempt is a repeat."""
    messages = slack.payload(samples.huge(), now=NOW)[:3]
    with slack_server((200, {}, "ok"), (503, {}, "")) as server, pytest.raises(TransportError) as caught:
        slack.send(server.hook, messages, timeout=5, allow_hosts=HERE)

    assert caught.value.uncertain
    assert len(server.taken) == 1


def test_a_slow_answer_is_uncertain() -> None:
    """Slack may have posted what it did not confirm."""
    slow = threading.Event()

    class Slow(SlackHandler):
        def do_POST(self) -> None:  # noqa: N802 - the server calls it so
            slow.wait(5)

    with slack_server() as server:
        server.RequestHandlerClass = Slow
        with pytest.raises(TransportError, match="no answer in time") as caught:
            slack.send(server.hook, slack.payload(samples.empty(), now=NOW), timeout=0.2, allow_hosts=HERE)
        slow.set()

    assert caught.value.uncertain


def test_the_address_is_a_secret(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in no log and no error, and the environment's proxy never sees it."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    caplog.set_level(logging.DEBUG)
    messages = slack.payload(samples.empty(), now=NOW)
    with slack_server((200, {}, "ok"), (404, {}, "no_service"), (0, {}, "")) as server:
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
