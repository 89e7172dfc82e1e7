"""Slack by a bot: threads, resumption without doubles, and what Slack's refusals mean."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from alerts import slack_bot
from alerts.slack_bot import Bot, Post
from rasid.errors import TransportError
from tests.alerts import samples
from tests.alerts.slack_fake import (
    CHANNEL,
    TOKEN,
    Answer,
    FakeSlack,
    fake_slack,
    problems,
    recorded,
    slack_process,
    strings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = samples.NOW
HERE = frozenset({"127.0.0.1"})
CUT_BEFORE, CUT_AFTER = Answer(0), Answer(0, takes=True)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A workspace with the bot in one channel."""
    with fake_slack() as server:
        yield server


class Outbox:
    """What the outbox keeps of one delivery, and its attempts."""

    def __init__(self, api: str, digest: Any = None, *, message_id: str = "<1@rasid>") -> None:
        self.api, self.message_id = api, message_id
        self.posts = slack_bot.posts(digest or samples.rich(), now=NOW)
        self.done, self.uncertain = 0, False
        self.threads: dict[int, str] = {}

    def attempt(self) -> TransportError | None:
        """One attempt, as the outbox makes it."""
        bot = Bot(TOKEN, CHANNEL, 5, base_url=self.api, allow_hosts=HERE, pace=0)
        try:
            bot.deliver(
                self.posts,
                message_id=self.message_id,
                threads=self.threads,
                ask=self.uncertain,
                since=NOW,
                taken=self._taken,
                done=self.done,
            )
        except TransportError as e:
            self.uncertain = e.uncertain
            return e
        self.uncertain = False
        return None

    def _taken(self, part: int, story_id: int | None, ts: str) -> None:
        self.done = part
        if story_id is not None:
            self.threads[story_id] = ts


def parts(server: FakeSlack) -> list[int]:
    """Which parts the channel holds, in order."""
    return [message["metadata"]["event_payload"]["part"] for message in server.taken]


def shown(posts: list[Post]) -> str:
    """All that the messages show, without direction marks."""
    text = "".join(text for post in posts for text in strings(post.message["blocks"]))
    return text.translate(dict.fromkeys(map(ord, "\u2066\u2067\u2069\u200e\u200f\u2060")))


def test_a_summary_then_each_story(slack: FakeSlack) -> None:
    """A strict server takes every message; each story stands alone, the long one with its outlets in its thread."""
    outbox = Outbox(slack.api)

    assert outbox.attempt() is None
    assert [None, 1, 1, 2, 3, 4, 5, None] == [post.story_id for post in outbox.posts]
    assert [True, True, False, True, True, True, True, True] == [post.opens for post in outbox.posts]
    assert [post.part for post in outbox.posts] == parts(slack)
    headline, outlets = slack.messages[1], slack.messages[2]
    assert (None, headline.ts) == (headline.thread, outlets.thread)
    assert "واشنطن تسمح" in shown([outbox.posts[1]])
    assert "الراصد التقني" in shown([outbox.posts[2]])
    assert "للمراجعة" in shown([outbox.posts[7]])
    assert [] == slack.pings


def test_what_is_new_in_a_known_story_goes_into_its_thread(slack: FakeSlack) -> None:
    """The second digest's message stands below the first one's, and in the channel too; its outlets only below."""
    first, second = Outbox(slack.api), Outbox(slack.api, message_id="<2@rasid>")
    first.attempt()
    second.threads = dict(first.threads)
    second.attempt()

    told = [
        one for one in slack.messages if one.message["metadata"]["event_payload"]["delivery"] == "<2@rasid>"
    ]
    assert [None, *(first.threads[n] for n in (1, 1, 2, 3, 4, 5)), None] == [one.thread for one in told]
    assert [None, True, False, True, True, True, True, None] == [
        one.message.get("reply_broadcast") for one in told
    ]
    assert first.threads == second.threads


def test_a_deleted_thread_is_opened_anew(slack: FakeSlack) -> None:
    """The story gets a message of its own, which is its thread from then on."""
    first, second = Outbox(slack.api), Outbox(slack.api, message_id="<2@rasid>")
    first.attempt()
    slack.delete(first.threads[1])
    second.threads = dict(first.threads)

    assert second.attempt() is None
    assert second.threads[1] != first.threads[1]
    assert [None, second.threads[1]] == [one.thread for one in slack.messages if one.ts >= second.threads[1]][
        :2
    ]
    assert [second.threads[n] for n in (2, 3)] == [first.threads[n] for n in (2, 3)]


@pytest.mark.parametrize("cut", [CUT_BEFORE, CUT_AFTER, Answer(500, body="<html>"), Answer(200, body="[")])
@pytest.mark.parametrize("number", range(8))
def test_no_message_is_lost_or_doubled(slack: FakeSlack, number: int, cut: Answer) -> None:
    """Whichever message has no answer, whether Slack took it or not, the next attempt completes the digest."""
    outbox = Outbox(slack.api)
    whole = Outbox.attempt
    usual = Answer(200, body='{"ok": true, "ts": ""}', takes=True)
    slack.answers = [usual] * number + [cut]

    error = whole(outbox)
    assert error is not None
    assert (True, False, number) == (error.uncertain, error.permanent, outbox.done)
    assert whole(outbox) is None
    assert [post.part for post in outbox.posts] == parts(slack)
    assert slack.messages[2].thread == slack.messages[1].ts


@pytest.mark.parametrize("known", [False, True])
def test_a_certain_refusal_is_resumed_without_asking(slack: FakeSlack, known: bool) -> None:
    """429 is certain: the next attempt goes on behind what is there, and reads no history."""
    outbox = Outbox(slack.api)
    if known:
        earlier = Outbox(slack.api, message_id="<0@rasid>")
        earlier.attempt()
        outbox.threads = dict(earlier.threads)
        slack.messages, before = slack.messages[:], len(slack.messages)
    else:
        before = 0
    usual = Answer(200, body='{"ok": true, "ts": ""}', takes=True)
    slack.answers = [usual] * 2 + [Answer(429, {"Retry-After": "7"}, '{"ok": false, "error": "ratelimited"}')]

    error = outbox.attempt()
    assert error is not None
    assert (False, False, True, 7.0) == (error.uncertain, error.permanent, error.whole, error.retry_after)
    assert outbox.attempt() is None
    assert [post.part for post in outbox.posts] == parts(slack)[before:]
    assert {"chat.postMessage"} == {method for method, _ in slack.asked}


def test_history_is_read_to_its_end(slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others posted since fills pages; what is ours is found behind them, and in threads."""
    monkeypatch.setattr(slack_bot, "_PAGE", 3)
    outbox = Outbox(slack.api)
    usual = Answer(200, body='{"ok": true, "ts": ""}', takes=True)
    slack.answers = [usual, usual, CUT_AFTER]
    assert outbox.attempt() is not None
    for n in range(20):
        slack.take("bot", CHANNEL, {"text": f"حديث {n}", "metadata": "none"})

    assert outbox.attempt() is None
    ours = [message for message in slack.taken if "blocks" in message]
    assert [post.part for post in outbox.posts] == [one["metadata"]["event_payload"]["part"] for one in ours]
    methods = [method for method, _ in slack.asked]
    assert (8, 1) == (methods.count("conversations.history"), methods.count("conversations.replies"))


def test_an_endless_history_is_given_up(slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same cursor for ever ends in an error; whether the message is there stays open."""
    monkeypatch.setattr(slack_bot, "MAX_PAGES", 3)
    outbox = Outbox(slack.api)
    outbox.uncertain = True
    again = {"ok": True, "messages": [], "response_metadata": {"next_cursor": "next:0"}}
    slack.answers = [Answer(200, body=json.dumps(again))] * 9

    error = outbox.attempt()
    assert error is not None
    assert "no end" in str(error)
    assert (True, False) == (error.uncertain, error.permanent)
    assert [] == slack.messages


@pytest.mark.parametrize(
    ("error", "whole", "advice"),
    [
        ("invalid_auth", True, "install the app again"),
        ("account_inactive", True, "install the app again"),
        ("missing_scope", True, "chat:write"),
        ("not_in_channel", False, "/invite @Rasid"),
        ("channel_not_found", False, "channel's id"),
        ("is_archived", False, "unarchive"),
        ("invalid_blocks", False, "invalid_blocks"),
        ("a_word_of_tomorrow", False, "a_word_of_tomorrow"),
    ],
)
def test_a_refusal_says_what_to_do(slack: FakeSlack, error: str, whole: bool, advice: str) -> None:
    """It is permanent, and stops the bot where it is the bot's; the text names the remedy."""
    slack.answers = [Answer(200, body=json.dumps({"ok": False, "error": error}))]
    raised = Outbox(slack.api).attempt()

    assert raised is not None
    assert (True, False, whole) == (raised.permanent, raised.uncertain, raised.whole)
    assert advice in str(raised)


def test_the_fake_refuses_as_slack_does(slack: FakeSlack) -> None:
    """A foreign channel, an archived one, a missing scope, a channel that had a message just now."""
    slack.channels = set()
    assert "channel_not_found" in str(Outbox(slack.api).attempt())
    slack.foreign = {CHANNEL}
    assert "not_in_channel" in str(Outbox(slack.api).attempt())
    slack.channels, slack.archived = {CHANNEL}, {CHANNEL}
    assert "is_archived" in str(Outbox(slack.api).attempt())
    slack.archived, slack.scopes = set(), set()
    assert "missing_scope" in str(Outbox(slack.api).attempt())
    slack.scopes, slack.seconds = {"chat:write"}, 60
    limited = Outbox(slack.api)
    error = limited.attempt()
    assert error is not None
    assert (1, True, 1.0) == (limited.done, error.whole, error.retry_after)


def test_a_bot_that_may_not_read_stays_uncertain(slack: FakeSlack) -> None:
    """Without the scope for history nothing is posted twice; the error names the scopes."""
    slack.scopes = {"chat:write"}
    outbox = Outbox(slack.api)
    outbox.uncertain = True

    error = outbox.attempt()
    assert error is not None
    assert (True, True) == (error.uncertain, error.permanent)
    assert "channels:history (groups:history" in str(error)
    assert [] == slack.messages


def test_numbers_stay_when_hours_pass_and_stories_are_muted() -> None:
    """A later attempt draws other times and leaves muted stories out; every other part keeps its number."""
    digest = replace(samples.rich(), reviews=samples.rich().reviews * 8)
    first = slack_bot.posts(digest, now=NOW)
    later = slack_bot.posts(digest, now=NOW + timedelta(hours=30), hidden=frozenset({1, 3}))

    assert [(post.part, post.story_id) for post in first if post.story_id not in (1, 3)] == [
        (post.part, post.story_id) for post in later
    ]
    assert shown(first) != shown(later)


@pytest.mark.parametrize("make", [samples.rich, samples.english, samples.empty, samples.late, samples.huge])
def test_every_message_keeps_the_limits(make: Any) -> None:
    """Slack would take each of them, whatever the digest holds."""
    messages = [post.message for post in slack_bot.posts(make(), now=NOW)]

    assert [problems(message, "bot") for message in messages if problems(message, "bot")] == []
    assert max(sum(map(len, strings(message["blocks"]))) for message in messages) <= 10_000


def test_one_message_a_second(slack: FakeSlack) -> None:
    """A channel that takes one message in a tenth of a second takes them all from a bot of that pace."""
    slack.seconds = 0.1
    bot = Bot(TOKEN, CHANNEL, 5, base_url=slack.api, allow_hosts=HERE, pace=0.11)
    posts = slack_bot.posts(samples.rich(), now=NOW)
    said = bot.deliver(posts, message_id="1", threads={}, ask=False, since=NOW, taken=lambda *_: None)

    assert f"{len(posts)} messages in channel {CHANNEL}" == said
    assert len(posts) == len(slack.messages)


def test_the_token_is_a_secret(
    slack: FakeSlack, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands in no log and no error, even where Slack repeats it; the environment's proxy never sees it."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    caplog.set_level(logging.DEBUG)
    slack.answers = [
        Answer(200, body=json.dumps({"ok": False, "error": TOKEN})),
        Answer(
            200,
            body=json.dumps(
                {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": [TOKEN]}}
            ),
        ),
        Answer(503, body=TOKEN),
        CUT_BEFORE,
    ]
    errors = [repr(Outbox(slack.api).attempt()) for _ in range(4)]
    for token in (f"{TOKEN}\n", f'"{TOKEN}"', ""):
        with pytest.raises(TransportError, match="token") as caught:
            Bot(token, CHANNEL, 5)
        errors.append(repr(caught.value))
    for base in ("http://127.0.0.1:1/", "http://10.0.0.1/", "file:///etc/passwd"):
        with pytest.raises(TransportError) as caught:
            Bot(TOKEN, CHANNEL, 1, base_url=base).deliver(
                slack_bot.posts(samples.empty(), now=NOW),
                message_id="1",
                threads={},
                ask=False,
                since=NOW,
                taken=lambda *_: None,
            )
        assert caught.value.permanent
        errors.append(repr(caught.value))

    assert TOKEN not in "".join(errors) + caplog.text
    assert [] == slack.messages


def test_a_closed_port_is_the_whole_channel() -> None:
    """Nothing went out: certain, temporary, and no message would fare better."""
    with fake_slack() as server:
        api = server.api
    error = Outbox(api).attempt()

    assert error is not None
    assert (False, False, True) == (error.uncertain, error.permanent, error.whole)


def test_a_process_keeps_what_it_took(tmp_path: Path) -> None:
    """The fake in a process of its own writes each message down before it answers."""
    file = tmp_path / "taken.jsonl"
    with slack_process(file) as port:
        outbox = Outbox(f"http://127.0.0.1:{port}/api/")
        assert outbox.attempt() is None

    assert [post.part for post in outbox.posts] == [
        one.message["metadata"]["event_payload"]["part"] for one in recorded(file)
    ]


def test_two_bots_at_once_keep_apart(slack: FakeSlack) -> None:
    """Two deliveries in one channel each post their own, and ask for their own."""
    boxes = [Outbox(slack.api, message_id=f"<{n}@rasid>") for n in range(2)]
    threads = [threading.Thread(target=box.attempt) for box in boxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for box in boxes:
        box.done, box.uncertain = 0, True
        assert box.attempt() is None

    assert 2 * len(boxes[0].posts) == len(slack.messages)
