"""Digests in Slack, through an incoming webhook: Block Kit messages, each within Slack's limits.

Text from outside goes into rich_text elements, which Slack shows as they are: no mrkdwn, no `<!channel>`,
and bold can begin inside a word, which mrkdwn refuses («بـ*إنفيديا*»). Slack has no direction attribute:
each Arabic paragraph begins with RLM, and Latin runs stand between isolates. A webhook cannot open a
thread, so what does not fit into one message comes in numbered parts; a story is never split.
"""

from __future__ import annotations

import logging
import re
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from slack_sdk.webhook import WebhookClient, WebhookResponse

from alerts import words
from alerts.bidi import LRI, PDI, RLI, RLM, Direction, Run, clip, runs
from alerts.dialling import GuardedHandler, NotPublicError
from alerts.view import AppearanceView, FeedView, ReviewView, StoryView, View, view
from rasid.errors import TransportError
from rasid.types import Digest, Snippet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

Block = dict[str, Any]  # JSON of Block Kit, as Slack documents it
Element = dict[str, Any]

MAX_BLOCKS = 50  # Slack refuses a message with more
MAX_TEXT = 3000  # and a block with more characters
MAX_MESSAGE = 10_000  # and loses the end of a message with more; 13,200 were refused as msg_blocks_too_long
_MAX_HEADER = 150
_MAX_FALLBACK = 150  # before escaping, which may make five characters of one
_CHANNEL = "slack"
_ADDRESS = re.compile(r"https?://[!-~]+", re.IGNORECASE)

_SILENT = logging.getLogger("alerts.slack.client")
_SILENT.setLevel(logging.CRITICAL + 1)  # slack_sdk logs the webhook's address, which is a secret, at DEBUG
_SILENT.propagate = False


def payload(
    digest: Digest,
    *,
    labels: Mapping[str, str] | None = None,
    public_url: str | None = None,
    now: datetime,
    repeat: bool = False,
) -> list[dict[str, Any]]:
    """Return the messages of a digest, in order; usually one.

    Args:
        digest: What it says.
        labels: Names of terms by id, where they are not to be the digest's own.
        public_url: Where the digest can be read in full.
        now: For «two hours ago».
        repeat: An earlier attempt may have arrived; the first line says so.
    """
    shown = view(digest, labels=labels, public_url=public_url, now=now, stories=len(digest.stories))
    units = [_head(shown, repeat=repeat), *_stories(shown), *_reviews(shown), *_failed(shown), _foot(shown)]
    parts = _packed(units)
    return [_message(shown, blocks, n, len(parts)) for n, blocks in enumerate(parts, start=1)]


def send(
    webhook_url: str,
    payloads: Sequence[Mapping[str, Any]],
    timeout: float,
    *,
    allow_hosts: frozenset[str] = frozenset(),
) -> None:
    """Post the messages in order.

    Args:
        webhook_url: A secret.
        payloads: As `payload` makes them.
        timeout: Seconds for each.
        allow_hosts: Private hosts that the operator named; no other address of a private network is dialled.

    Raises:
        TransportError: Slack did not take one. Permanent for 4xx other than 429; `retry_after` where Slack
            asked for it; `uncertain` where no answer came, or an earlier part went out before.
    """
    client = _client(webhook_url, timeout, allow_hosts)
    for number, message in enumerate(payloads):
        try:
            _post(client, message)
        except TransportError as e:
            if number:
                e.uncertain = True
            raise


# ── blocks ────────────────────────────────────────────────────────────────────────────────────────


def _head(shown: View, *, repeat: bool) -> list[Block]:
    title = f"{shown.brand} · {shown.name} · {shown.date}"
    notice = [_text(words.phrase(shown.language, "repeat"), shown.direction)] if repeat else []
    brief = [element for part in shown.brief for element in _text(part.text, shown.direction, bold=part.bold)]
    terms = [
        [*_text(term.label, shown.direction, bold=True), _element(f": {term.counted} · {term.caption}")]
        for term in shown.days
    ]
    more = [_text(shown.more_terms, shown.direction)] if shown.more_terms else []
    lines = [_start(shown.direction, line) for line in (*notice, brief, *terms, *more)]
    header = {"type": "plain_text", "text": _isolated(title, shown.direction)[:_MAX_HEADER], "emoji": False}
    return [{"type": "header", "text": header}, *_rich(lines)]


def _stories(shown: View) -> Iterator[list[Block]]:
    for story in shown.stories:
        yield [{"type": "divider"}, *_story(story, shown.direction)]
    if shown.more_stories:
        yield _rich([_start(shown.direction, _linked(shown.more_stories, shown.archive, shown.direction))])


def _story(story: StoryView, base: Direction) -> list[Block]:
    """Two blocks: what it says, and where it appeared."""
    headline = _start(story.direction, _linked(story.headline, story.link, story.direction))
    marks = [mark for mark in (story.tag, *story.chips) if mark]
    chips = [_start(base, _text(" · ".join(marks), base))] if marks else []
    snippets = [_start(story.direction, _text(snippet, story.direction)) for snippet in story.snippets]
    said = _rich([headline, *chips, *snippets])
    appearances = [line for one in story.appearances for line in _appearance(one, base)]
    lines = [_start(base, _text(line, base)) for line in (*story.more, *story.foot)]
    return [*said, *_rich([*appearances, *lines])]


def _appearance(one: AppearanceView, base: Direction) -> Iterator[list[Element]]:
    credit = [_element(" · "), *_text(one.credit, base)] if one.credit else []
    note = [_element(" — "), *_text(one.note, base)] if one.note else []
    when = [_element(" · "), *_text(one.when, base)]
    yield _start(base, [*_linked(one.outlet, one.link, base), *when, *credit, *note])
    if one.added is not None:
        yield _start(one.direction, [_element(words.QUOTE), *_text(one.added, one.direction)])


def _reviews(shown: View) -> Iterator[list[Block]]:
    if shown.reviews:
        base = shown.direction
        yield [{"type": "divider"}, *_rich([_start(base, _text(shown.reviews_title, base, bold=True))])]
        for review in shown.reviews:
            yield _review(review, base)
        if shown.more_reviews:
            yield _rich([_start(base, _text(shown.more_reviews, base))])


def _review(review: ReviewView, base: Direction) -> list[Block]:
    tag = [*_text(review.tag, base), _element(" · ")] if review.tag else []
    why = [_element(": "), *_text(review.why, base)] if review.why else []
    outlet = [_element(" · "), *_linked(review.outlet, review.link, base)]
    judged = [*tag, *_text(review.term, base, bold=True), *why, *outlet]
    quoted = _start(review.direction, _text(review.snippet, review.direction))
    return _rich([quoted, _start(base, judged)])


def _failed(shown: View) -> Iterator[list[Block]]:
    if shown.failed:
        base = shown.direction
        title = _start(base, _text(shown.failed_title, base, bold=True))
        feeds = [_start(base, _feed(feed, base)) for feed in shown.failed]
        more = [_start(base, _text(shown.more_failed, base))] if shown.more_failed else []
        yield [{"type": "divider"}, *_rich([title, *feeds, *more])]


def _feed(feed: FeedView, base: Direction) -> list[Element]:
    name, rest = _text(feed.name, base, bold=True), _text(feed.error, base)
    return [*name, _element(" — "), *rest, _element(" · "), *_text(feed.since, base)]


def _foot(shown: View) -> list[Block]:
    base = shown.direction
    archive = [_start(base, _linked(shown.archive_text, shown.archive, base))] if shown.archive else []
    lines = [_start(base, _text(line, base)) for line in (shown.schedule, shown.reason) if line]
    return [{"type": "divider"}, *_rich([*archive, *lines])]


# ── elements of rich text ─────────────────────────────────────────────────────────────────────────


def _rich(lines: Sequence[list[Element]]) -> list[Block]:
    """Paragraphs in as few blocks as Slack's limit allows; none where there is nothing to say."""
    groups: list[list[Element]] = []
    for line in lines:
        if groups and _weight(groups[-1]) + _weight(line) < MAX_TEXT:
            groups[-1] += [_element("\n"), *line]
        else:
            groups.append(list(line))
    return [
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": group}]}
        for group in groups
    ]


def _element(text: str, *, bold: bool = False) -> Element:
    return {"type": "text", "text": _inert(text), **({"style": {"bold": True}} if bold else {})}


def _start(direction: Direction, line: list[Element]) -> list[Element]:
    return [_element(RLM), *line] if direction == "rtl" else line


def _text(value: str | Snippet, base: Direction, *, bold: bool = False) -> list[Element]:
    """Text with its hits in bold and its runs of the other direction isolated."""
    found = runs(value.text, base, value.hits) if isinstance(value, Snippet) else runs(value, base)
    return [element for run in found for element in _run(run, base, bold=bold)]


def _run(run: Run, base: Direction, *, bold: bool) -> Iterator[Element]:
    """A foreign run keeps its isolates in elements of their own, so that bold may begin inside it."""
    if run.foreign:
        yield _element(LRI if base == "rtl" else RLI)
    for piece in run.pieces:
        yield _element(piece.text, bold=bold or piece.hit)
    if run.foreign:
        yield _element(PDI)


def _linked(text: str, link: str | None, base: Direction) -> list[Element]:
    if link is None:
        return _text(text, base, bold=True)
    return [{"type": "link", "url": link, "text": _inert(_isolated(text, base)), "style": {"bold": True}}]


def _isolated(text: str, base: Direction) -> str:
    return "".join(element["text"] for element in _text(text, base))


def _inert(text: str) -> str:
    """Keep `<!` and `<@` apart: rich text is not parsed for mentions, but what copies it on may be."""
    return text.replace("<", "<\u2060")


# ── messages ──────────────────────────────────────────────────────────────────────────────────────


def _packed(units: Sequence[list[Block]]) -> list[list[Block]]:
    """Fill messages in order; what belongs together (a story, a review) stays in one of them."""
    parts: list[list[Block]] = [[]]
    for unit in units:
        blocks = unit if _weight(unit) <= _ROOM else _without_links(unit)
        full = len(parts[-1]) + len(blocks) > MAX_BLOCKS - 1 or _weight(parts[-1]) + _weight(blocks) > _ROOM
        if full and parts[-1]:
            parts.append([])
        parts[-1] += blocks
    return parts


_ROOM = MAX_MESSAGE - 5 * _MAX_FALLBACK - 100  # the fallback text and the line that numbers the part


def _weight(blocks: Sequence[Block]) -> int:
    """Characters that may count: every text and every address."""
    return sum(len(text) for block in blocks for text in _strings(block))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            if key in ("text", "url", "elements"):
                yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


def _without_links(blocks: Sequence[Block]) -> list[Block]:
    """The last resort for a story whose addresses alone would fill a message: they are left out."""

    def bare(element: Element) -> Element:
        return _element(element["text"], bold=True) if element["type"] == "link" else element

    def stripped(block: Block) -> Block:
        if block["type"] != "rich_text":
            return block
        (section,) = block["elements"]
        return {**block, "elements": [{**section, "elements": [bare(one) for one in section["elements"]]}]}

    return [stripped(block) for block in blocks]


def _message(shown: View, blocks: list[Block], number: int, total: int) -> dict[str, Any]:
    part = words.phrase(shown.language, "part", n=number, all=total) if total > 1 else ""
    label = _rich([_start(shown.direction, _text(part, shown.direction))]) if part else []
    fallback = " · ".join(text for text in (shown.brand, shown.name, shown.preheader, part) if text)
    return {
        "text": _escaped(clip(fallback, _MAX_FALLBACK)),
        "blocks": [*label, *blocks],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _escaped(text: str) -> str:
    """Escape the three characters that Slack reads as markup in a message's own text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# ── sending ───────────────────────────────────────────────────────────────────────────────────────


class _NoRedirect(HTTPRedirectHandler):
    """A redirect would carry the digest to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class _DirectClient(WebhookClient):
    """slack_sdk's client without the environment's proxy, which urlopen would use whatever `proxy` says.

    It dials no address of a private network but those of `allow_hosts`.
    """

    allow_hosts: frozenset[str] = frozenset()

    def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
        opener = build_opener(ProxyHandler({}), GuardedHandler(self.allow_hosts), _NoRedirect())
        with opener.open(req, timeout=self.timeout) as response:
            body = response.read().decode("utf-8", "replace")
            return WebhookResponse(
                url=url, status_code=response.status, body=body, headers=dict(response.headers)
            )


def _client(webhook_url: str, timeout: float, allow_hosts: frozenset[str]) -> WebhookClient:
    if not _is_address(webhook_url):
        raise TransportError(_CHANNEL, "the webhook's address is no web address", permanent=True)
    # No retry handlers: slack_sdk's own would post a message twice when an answer is lost.
    client = _DirectClient(webhook_url, logger=_SILENT, retry_handlers=[])
    client.allow_hosts = allow_hosts
    client.timeout = timeout  # type: ignore[assignment]  # a whole number in slack_sdk's signature only
    return client


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(_ADDRESS.fullmatch(url) and parts.hostname and (parts.port is None or parts.port > 0))
    except ValueError:
        return False


def _post(client: WebhookClient, message: Mapping[str, Any]) -> None:
    """Post one message. Causes are not chained: their text may hold the address."""
    try:
        answer = client.send_dict(dict(message))
    except NotPublicError:
        raise TransportError(
            _CHANNEL,
            "the webhook leads into this machine or a private network; "
            "settings http.allow_hosts can name its host if it is meant",
            permanent=True,
        ) from None
    except URLError as e:
        timed_out = isinstance(e.reason, TimeoutError)
        reason = "no answer in time" if timed_out else f"no connection: {_kind(e.reason)}"
        raise TransportError(_CHANNEL, reason, uncertain=timed_out) from None
    except (OSError, HTTPException) as e:
        reason = "no answer in time" if isinstance(e, TimeoutError) else f"no answer: {type(e).__name__}"
        raise TransportError(_CHANNEL, reason, uncertain=True) from None
    if answer.status_code != 200:
        raise _refused(client.url, answer)


def _refused(url: str, answer: WebhookResponse) -> TransportError:
    code = answer.status_code
    said = " ".join(str(answer.body).replace(url, "…").split())[:200]
    permanent = 300 <= code < 500 and code != 429
    wait = _seconds(answer.headers) if code == 429 else None
    return TransportError(
        _CHANNEL, f"Slack answered {code} {said}".strip(), permanent=permanent, retry_after=wait
    )


def _seconds(headers: Mapping[str, Any]) -> float | None:
    value = next((str(value) for name, value in headers.items() if name.lower() == "retry-after"), "")
    return float(value) if value.isdigit() else None


def _kind(reason: str | BaseException) -> str:
    """An OSError's own words name no address; anything else is named by its kind."""
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return type(reason).__name__
