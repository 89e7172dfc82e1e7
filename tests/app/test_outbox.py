"""Senders and the outbox: whose fault a refusal is, what readers wish, and a bot's threads."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import time, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from alerts import file
from alerts.links import PLACEHOLDER
from rasid.app.digest import compose_due
from rasid.app.feedback import links_key
from rasid.app.outbox import GIVE_UP, retry_after
from rasid.feedback import verify
from rasid.types import Channel, SetAside
from tests.alerts.servers import smtp_server
from tests.alerts.slack_fake import CHANNEL, Answer, fake_slack
from tests.hostile.hostile_post import BOT, HOOK, LATER, mail, office
from tests.storage.builders import DAY, HOUR, NOW, article, digest, mention, stored

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hostile.hostile_post import Office

pytestmark = pytest.mark.xdist_group("outbox")
KEY = "a-key-of-the-tests-own"


def test_a_relay_that_is_down_for_days_spends_no_attempt(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its mail waits, with the reason; when the digest is no news any more it is given up, and can be retried."""
    post = office(tmp_path, sqlite_url, monkeypatch, smtp=9, attempts=2)
    post.freeze(mail("sara", "omar"))
    for days in range(6):
        report = post.deliver(days * DAY)
        assert (0, 0) == (len(report.sent), len(report.failed))
    assert [0, 0] == [row.attempt for row in post.rows()]
    assert all("nobody listens" in (row.error or "") for row in post.rows())
    assert 2 == len(post.deliver(GIVE_UP + DAY).failed)
    with post.opened() as rasid:
        assert [True, True] == [rasid.store.retry_delivery(row.id, NOW + 8 * DAY) for row in post.rows()]


def test_one_ask_for_patience_puts_the_whole_way_off(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack's 429 is asked once, not once a message; when its time is over both go, once."""
    with fake_slack(Answer(429, {"Retry-After": "7200"})) as hook:
        post = office(tmp_path, sqlite_url, monkeypatch, slack=hook.server_address[1])
        post.freeze(Channel("slack", (HOOK,)))
        post.freeze(Channel("slack", (HOOK,)), one=digest("editors"))
        assert 1 == len(post.deliver().retrying)
        assert () == post.deliver(HOUR).retrying
        assert 2 == len(post.deliver(3 * HOUR).sent)
    assert 2 == len(hook.taken)


def test_a_fault_of_our_own_keeps_nobody_waiting(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A channel whose code breaks: the others' messages go, and its own are tried again, without the error's words."""

    def broken(*_: object) -> None:
        raise ValueError("secret-words")

    with smtp_server() as (port, mailbox):
        post = office(tmp_path, sqlite_url, monkeypatch, smtp=port)
        post.freeze(mail("sara"), Channel("file", (str(tmp_path / "out"),)))
        with monkeypatch.context() as patch:
            patch.setattr(file, "write", broken)
            report = post.deliver()
        assert 1 == len(mailbox.taken)
        (line,) = report.retrying
        assert "ValueError at test_outbox.py" in line
        assert "secret-words" not in repr(post.rows())
        assert 1 == len(post.deliver(LATER).sent)


def test_whoever_left_gets_nothing_more(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was on its way to them is withheld, and says why; the other reader has it."""
    with smtp_server() as (port, mailbox):
        post = office(tmp_path, sqlite_url, monkeypatch, smtp=port)
        post.freeze(mail("sara", "omar"))
        (first, _) = post.rows()
        with post.opened() as rasid:
            rasid.store.unsubscribe(first.id, NOW)
        report = post.deliver()
    assert (1, 1) == (len(report.sent), len(report.withheld))
    assert {"sara@mail.example": "withheld", "omar@mail.example": "sent"} == post.states()
    assert ["omar@mail.example"] == [taken[1][0] for taken in mailbox.taken]
    assert "left" in str(next(row.note for row in post.rows() if row.state == "withheld"))


def test_a_muted_story_is_counted_and_a_digest_of_nothing_else_is_withheld(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only for the reader who muted it, and only in digests composed since."""
    with smtp_server() as (port, mailbox):
        post = office(tmp_path, sqlite_url, monkeypatch, smtp=port)
        earlier = post.freeze(mail("sara", "omar"), one=replace(digest(), composed=NOW))
        with post.opened() as rasid:
            story, (sara, _) = earlier.stories[0].story_id, rasid.store.deliveries()
            rasid.store.mute(story, NOW + 7 * DAY, NOW + HOUR, sara.id)
        assert 2 == len(post.deliver().sent)  # composed before the mute
        later = replace(digest(window_end=NOW + DAY), composed=NOW + DAY)
        post.freeze(mail("sara", "omar"), one=replace(later, reviews=()), now=NOW + DAY)
        report = post.deliver(DAY)
        assert (1, 1) == (len(report.sent), len(report.withheld))
        with_reviews = replace(digest(window_end=NOW + 2 * DAY), composed=NOW + 2 * DAY)
        post.freeze(mail("sara"), one=with_reviews, now=NOW + 2 * DAY)
        assert 1 == len(post.deliver(2 * DAY).sent)
    text = _text(mailbox.taken[-1][2])
    assert "لا تظهر هنا قصة واحدة كتمتها" in text
    assert earlier.stories[0].headline not in text


def test_links_are_each_readers_own(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two readers of one digest get two tokens, each for their own delivery; mail programs get the address, too."""
    monkeypatch.setenv("RASID_FEEDBACK_KEY", KEY)
    with smtp_server() as (port, mailbox):
        post = linked(tmp_path, sqlite_url, monkeypatch, port)
        post.freeze(mail("sara", "omar"))
        post.deliver()
        with post.opened() as rasid:
            key = links_key(rasid.config.settings)
    assert key is not None
    by_reader = {row.recipient: row.id for row in post.rows()}
    for _, (recipient,), content in mailbox.taken:
        unsubscribe = message_from_bytes(content)["List-Unsubscribe"]
        base, _, token = unsubscribe.strip("<>").removesuffix("/unsubscribe").rpartition("/")
        assert "https://rasid.example/news/r" == base
        assert by_reader[recipient] == verify(key, token, NOW)
        assert f"{base}/{token}/mute/1" in _text(content)
        assert PLACEHOLDER not in _text(content)


def test_no_link_of_a_feed_is_made_out_to_a_reader(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An article's address that looks like the place of a token stays as it is; what stands there cannot be guessed."""
    monkeypatch.setenv("RASID_FEEDBACK_KEY", KEY)
    with smtp_server() as (port, mailbox):
        post = linked(tmp_path, sqlite_url, monkeypatch, port)
        one, bait = digest(), f"https://evil.example/r/{'0' * 40}"
        (story,) = one.stories
        seen = tuple(replace(each, url=bait) for each in story.appearances)
        post.freeze(mail("sara"), one=replace(one, stories=(replace(story, url=bait, appearances=seen),)))
        post.deliver()
    ((_, _, content),) = mailbox.taken
    unsubscribe = message_from_bytes(content)["List-Unsubscribe"]
    token = unsubscribe.strip("<>").removesuffix("/unsubscribe").rpartition("/")[2]
    assert bait in _text(content)
    assert f"https://evil.example/r/{token}" not in _text(content)
    command = [sys.executable, "-c", "from alerts.links import PLACEHOLDER; print(PLACEHOLDER)"]
    others = {subprocess.run(command, capture_output=True, check=True, text=True).stdout for _ in range(2)}
    assert 2 == len(others)


def linked(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, port: int) -> Office:
    """An office whose readers can act, by links under an address of its own."""
    post = office(tmp_path, url, monkeypatch, smtp=port)
    settings = post.folder / "settings.yaml"
    settings.write_text(
        settings.read_text(encoding="utf-8") + "public_url: https://rasid.example/news\n", encoding="utf-8"
    )
    return post


def test_what_is_sent_once_more_is_of_today(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A digest of 95 days ago, resent: its date and its links are of now, and a short outage does not end it."""
    monkeypatch.setenv("RASID_FEEDBACK_KEY", KEY)
    with smtp_server() as (port, mailbox):
        post = linked(tmp_path, sqlite_url, monkeypatch, port)
        post.freeze(mail("sara"))
        post.deliver()
        with post.opened() as rasid:
            key = links_key(rasid.config.settings)
            assert rasid.store.resend_delivery(post.rows()[0], NOW + 95 * DAY)
            assert [] == rasid.store.overdue_deliveries(NOW + 95 * DAY - HOUR)
    away = office(tmp_path, sqlite_url, monkeypatch, smtp=9)
    report = away.deliver(95 * DAY)
    assert (1, 0) == (len(report.retrying), len(report.failed))
    with smtp_server() as (port, mailbox):
        linked(tmp_path, sqlite_url, monkeypatch, port).deliver(95 * DAY + LATER)
    ((_, _, content),) = mailbox.taken
    message = message_from_bytes(content)
    token = message["List-Unsubscribe"].strip("<>").removesuffix("/unsubscribe").rpartition("/")[2]
    assert key is not None
    assert post.rows()[0].id == verify(key, token, NOW + 100 * DAY)
    assert (NOW + 95 * DAY).date() == parsedate_to_datetime(message["Date"]).date()


def test_what_a_muted_story_leaves(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its uncertain mentions are gone with it, and nothing is sent; what was set aside is still told."""
    own = replace(digest(), composed=NOW, reviews=(replace(digest().reviews[0], story_id=1),))
    aside = (SetAside("خبر لم يُعرض", "https://tech.example/9", "ValueError: x"),)
    for number, (one, expected) in enumerate([(own, (0, 1)), (replace(own, set_aside=aside), (1, 0))]):
        folder = tmp_path / str(number)
        folder.mkdir()
        url = f"sqlite:///{folder}/rasid.db"
        with smtp_server() as (port, _):
            post = office(folder, url, monkeypatch, smtp=port)
            post.freeze(mail("sara"), one=digest(window_end=NOW - DAY), now=NOW - DAY)
            with post.opened() as rasid:
                rasid.store.mute(1, NOW + 30 * DAY, NOW - HOUR, post.rows()[0].id)
            post.deliver(-DAY)
            post.freeze(mail("sara"), one=one)
            report = post.deliver()
        assert expected == (len(report.sent), len(report.withheld))


def test_no_message_goes_out_in_quiet_hours(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an outage brings into them waits for their end, no attempt counted; what is due is not composed in them."""
    with smtp_server() as (port, mailbox):
        post = office(tmp_path, sqlite_url, monkeypatch, smtp=port)
        quiet = replace(digest(), quiet=(time(10, 30), time(13, 0)))  # in Riyadh, where NOW is 11:00
        post.freeze(mail("sara"), one=quiet)
        assert () == post.deliver().sent
        assert () == post.deliver(HOUR).sent
        assert [("new", 0)] == [(row.state, row.attempt) for row in post.rows()]
        assert 1 == len(post.deliver(2 * HOUR).sent)
    assert 1 == len(mailbox.taken)
    subscriptions = post.folder / "subscriptions.yaml"
    text = subscriptions.read_text(encoding="utf-8")
    at_once = "schedule: immediate, timezone: Asia/Riyadh, quiet: '12:00-18:00'"
    subscriptions.write_text(text.replace("schedule: daily 07:00", at_once), encoding="utf-8")
    with post.opened() as rasid:
        stored(rasid.store, article(published=NOW, first_seen=NOW), mention())
        assert () == compose_due(rasid, clock=lambda: NOW + DAY + 2 * HOUR).composed
        assert 1 == len(compose_due(rasid, clock=lambda: NOW + DAY + 7 * HOUR).composed)


def test_a_reader_is_the_same_in_capitals(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who left is not written to where the operator spells their address anew; and may come back so."""
    with smtp_server() as (port, mailbox):
        post = office(tmp_path, sqlite_url, monkeypatch, smtp=port)
        post.freeze(mail("sara"), now=NOW - DAY)
        post.deliver()
        with post.opened() as rasid:
            rasid.store.unsubscribe(post.rows()[0].id, NOW)
        later = digest(window_end=NOW + DAY)
        post.freeze(Channel("email", ("Sara@Mail.example",)), one=later)
        assert 1 == len(post.deliver(DAY).withheld)
        with post.opened() as rasid:
            assert rasid.store.resubscribe("analysts", "email", "SARA@mail.example")
            assert [] == rasid.store.unsubscribed("analysts")
    assert 1 == len(mailbox.taken)


def test_a_bot_keeps_a_storys_news_in_its_thread(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first digest opens a thread for the story, the second goes on in it."""
    with fake_slack() as slack:
        post = office(tmp_path, sqlite_url, monkeypatch, slack=slack.server_address[1])
        bot = Channel("slack_bot", (f"{BOT}:{CHANNEL}",))
        post.freeze(bot)
        assert 1 == len(post.deliver().sent)
        opened = [one for one in slack.messages if one.thread is None]
        post.freeze(bot, one=digest(window_end=NOW + DAY), now=NOW + DAY)
        assert 1 == len(post.deliver(DAY).sent)
        threads = {one.thread for one in slack.messages if one.thread is not None}
    assert len(threads) == 1
    assert threads <= {one.ts for one in opened}


@pytest.mark.parametrize(("attempt", "least", "most"), [(1, 45, 75), (2, 90, 150), (30, 16_200, 27_000)])
def test_the_wait_doubles_with_jitter(attempt: int, least: float, most: float) -> None:
    """A quarter to each side of a doubling wait, at most six hours of it."""
    found = [retry_after(attempt, 60, None, jitter) for jitter in (0.0, 0.5, 1.0)]
    assert [timedelta(seconds=least), timedelta(seconds=most)] == [found[0], found[-1]]
    assert timedelta(hours=9) == retry_after(attempt, 60, 9 * 3600.0, 0.5)  # never less than was asked for


def _text(content: bytes) -> str:
    """The text part of a mail, without the marks of direction."""
    (part, _) = message_from_bytes(content).get_payload()
    decoded: bytes = part.get_payload(decode=True)
    return decoded.decode().translate(dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069\u200f\u200e")))
