"""Digests in Slack by a bot: a summary, then each story as a message of its own, with its thread.

What is new in a known story goes into the thread that it has, and is shown in the channel too. A long story is a
headline whose thread holds where it appeared. Slack gives no key that would make posting twice harmless, so every
message carries the delivery and its own number as metadata, which only apps see; after an attempt without an answer the
channel's history is read, and what is there is not posted again. The numbers are laid out as in `alerts.slack`: they
depend on the digest alone, not on when it is drawn or what its reader muted since.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from alerts import slack_blocks
from alerts.slack_api import BASE_URL, CHANNEL, Api, NoThreadError
from alerts.view import view
from rasid.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from alerts.links import Reader
    from alerts.slack_blocks import Block, Message
    from alerts.view import StoryView, View
    from rasid.types import Digest

EVENT = "rasid"  # the type of the metadata
PACE = 1.0  # seconds from one message to the next: Slack takes one a second in a channel
LONG = 800  # characters that a reader sees; a story that fills more of the screen hides the next one
MAX_PAGES = 100  # of history; more, and something is wrong
_PAGE = 200  # messages of history at a time, as Slack recommends
_CLOCKS = timedelta(minutes=5)  # by which ours may be ahead of Slack's
_TS = re.compile(r"[0-9]{1,20}\.[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Post:
    """One message of a delivery."""

    part: int  # its number, from 1; the same in every attempt, with gaps where stories were muted since
    story_id: int | None  # None: it belongs to the digest as a whole
    message: Message
    opens: bool = True  # False: it belongs below the message of its story that went before


def posts(
    digest: Digest,
    *,
    labels: Mapping[str, str] | None = None,
    reader: Reader | None = None,
    now: datetime,
    hidden: frozenset[int] = frozenset(),
) -> list[Post]:
    """Return the messages of a digest in order: summary, stories, uncertain mentions.

    The arguments are those of `alerts.slack.payload`.
    """
    number = len(digest.stories)
    laid = view(
        digest, labels=labels, reader=reader, now=digest.window_end + slack_blocks.LATER, stories=number
    )
    shown = view(digest, labels=labels, reader=reader, now=now, stories=number, hidden=hidden)
    stories = dict(slack_blocks.keyed(shown.stories))
    found = [Post(1, None, slack_blocks.message(shown, _summary(shown), f"{shown.name} · {shown.preheader}"))]
    part = 1
    for key, story in slack_blocks.keyed(laid.stories):
        messages = 2 if _is_long(story, laid) else 1
        if key in stories:
            drawn = _story(stories[key], shown, messages)
            found += [
                Post(part + n, story.story_id, one, opens=n == 1) for n, one in enumerate(drawn, start=1)
            ]
        part += messages
    return [*found, *_last(laid, shown, part)]


# ── messages ──────────────────────────────────────────────────────────────────────────────────────


def _summary(shown: View) -> list[Block]:
    above = [slack_blocks.head(shown, repeat=False), *slack_blocks.more_stories(shown)]
    units = [*above, *map(slack_blocks.divided, slack_blocks.foot(shown))]
    return [block for unit in units for block in unit.blocks]


def _is_long(story: StoryView, laid: View) -> bool:
    blocks = [*slack_blocks.said(story, laid.direction), *slack_blocks.appeared(story, laid.direction)]
    return slack_blocks.shown_length(blocks) > LONG or slack_blocks.weight(blocks) > slack_blocks.ROOM


def _story(story: StoryView, shown: View, messages: int) -> list[Message]:
    said, appeared = (draw(story, shown.direction) for draw in (slack_blocks.said, slack_blocks.appeared))
    acts = slack_blocks.acts(story.actions, shown.direction)
    texts = [[*said, *acts], appeared] if messages == 2 else [[*said, *appeared, *acts]]
    return [slack_blocks.message(shown, slack_blocks.fitting(blocks), story.headline) for blocks in texts]


def _last(laid: View, shown: View, before: int) -> Iterator[Post]:
    """Uncertain mentions, and what could not be drawn, in as few messages as hold them."""
    units = {unit.key: unit for unit in _at_the_end(shown)}
    for n, keys in enumerate(slack_blocks.packed(list(_at_the_end(laid))), start=before + 1):
        blocks = [block for key in keys if key in units for block in units[key].blocks]
        if blocks:
            yield Post(n, None, slack_blocks.message(shown, blocks, shown.reviews_title or shown.name))


def _at_the_end(shown: View) -> Iterator[slack_blocks.Unit]:
    yield from slack_blocks.reviews(shown)
    yield from slack_blocks.asides(shown)


# ── sending ───────────────────────────────────────────────────────────────────────────────────────


class Bot:
    """A bot in one channel.

    Args:
        token: A secret, xoxb-….
        channel: The channel's id, C….
        timeout: Seconds for each call.
        base_url: Of Slack's Web API, with a slash at its end.
        allow_hosts: Private hosts that the operator named; no other address of a private network is dialled.
        pace: Seconds from one message to the next.

    Raises:
        TransportError: the token or the address cannot be one.
    """

    def __init__(
        self,
        token: str,
        channel: str,
        timeout: float,
        *,
        base_url: str = BASE_URL,
        allow_hosts: frozenset[str] = frozenset(),
        pace: float = PACE,
    ) -> None:
        self._api = Api(token, timeout, base_url=base_url, allow_hosts=allow_hosts)
        self._channel, self._pace = channel, pace
        self._free = 0.0  # when the next message may go, by the monotonic clock

    def deliver(
        self,
        posts: Sequence[Post],
        *,
        message_id: str,
        threads: Mapping[int, str],
        ask: bool,
        since: datetime,
        taken: Callable[[int, int | None, str], None],
        done: int = 0,
    ) -> str:
        """Post the messages of a delivery in order; it takes about a second for each.

        Args:
            posts: As `posts` makes them.
            message_id: Of the delivery; the same in every attempt.
            threads: The thread (`ts` of its first message) of each story that has one in this channel.
            ask: An earlier attempt may have posted what it was not told of: read the channel first.
            since: When the first attempt began.
            taken: Called with part, story and the `ts` of its thread after each message that is there; the part is
                the next attempt's `done`, the thread its story's.
            done: The last part that is there for certain.

        Returns:
            What is there, in words.

        Raises:
            TransportError: Slack did not take one, or could not be asked; `uncertain` where a message may be there
                all the same, so that the next attempt must ask.
        """
        waiting = [post for post in posts if post.part > done]
        own = dict(threads)
        there = self._there(message_id, since) if ask else {}
        unread = set(own.values()) if ask else set()
        for post in waiting:
            thread = None if post.story_id is None else own.get(post.story_id)
            if thread in unread and post.part not in there:
                there |= self._there(message_id, since, thread)
                unread.discard(thread)
            root = there.get(post.part) or self._post(post, message_id, thread)
            if post.story_id is not None and root != thread:
                own[post.story_id] = root
                unread |= {root} if post.part in there else set()
            taken(post.part, post.story_id, root)
        return f"{len(waiting)} messages in channel {self._channel}"

    def _post(self, post: Post, message_id: str, thread: str | None) -> str:
        """Post one message and return the `ts` of its thread; where that is gone, the message opens another."""
        payload = {"delivery": message_id, "part": post.part}
        message = {**post.message, "metadata": {"event_type": EVENT, "event_payload": payload}}
        within = {} if thread is None else {"thread_ts": thread, "reply_broadcast": post.opens}
        time.sleep(max(0.0, self._free - time.monotonic()))
        try:
            answer = self._api.call("chat.postMessage", json={"channel": self._channel, **message, **within})
        except NoThreadError:
            return self._post(post, message_id, None)
        finally:
            self._free = time.monotonic() + self._pace
        ts = str(answer.get("ts"))
        if not _TS.fullmatch(ts):
            raise TransportError(CHANNEL, "Slack took a message and gave no ts for it", uncertain=True)
        return thread or ts

    def _there(self, message_id: str, since: datetime, thread: str | None = None) -> dict[int, str]:
        """The parts of a delivery that the channel or a thread holds, each with the `ts` of its thread."""
        try:
            pages = list(self._history(since, thread))
        except NoThreadError:
            return {}
        except TransportError as e:
            e.uncertain = True  # nothing was posted now; what an earlier attempt posted is not known yet
            raise
        return {part: root for page in pages for part, root in _parts(page, message_id)}

    def _history(self, since: datetime, thread: str | None) -> Iterator[Any]:
        asked: dict[str, Any] = {
            "channel": self._channel,
            "oldest": f"{(since - _CLOCKS).timestamp():.6f}",
            "include_all_metadata": True,
            "limit": _PAGE,
        }
        if thread is not None:
            asked["ts"] = thread
        method = "conversations.history" if thread is None else "conversations.replies"
        for _ in range(MAX_PAGES):
            answer = self._api.call(method, params=asked)
            yield answer.get("messages")
            cursor = _inner(answer.get("response_metadata"), "next_cursor")
            if not cursor:
                return
            asked["cursor"] = cursor
        raise TransportError(
            CHANNEL, f"the channel's history has no end: {MAX_PAGES} pages since {since:%F %H:%M}"
        )


def _parts(messages: Any, message_id: str) -> Iterator[tuple[int, str]]:
    """Which parts of a delivery are among messages, each with the `ts` of its thread; others may post anything."""
    for message in messages if isinstance(messages, list) else []:
        metadata = _inner(message, "metadata")
        payload = _inner(metadata, "event_payload")
        part, root = _inner(payload, "part"), _inner(message, "thread_ts") or _inner(message, "ts")
        if _inner(metadata, "event_type") == EVENT and _inner(payload, "delivery") == message_id:
            yield int(part), str(root)


def _inner(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None
