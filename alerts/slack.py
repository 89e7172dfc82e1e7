"""Digests in Slack, through an incoming webhook.

A webhook cannot open a thread and gives no id of what it posted, so a digest that does not fit into one message comes
in numbered parts; a story is never split. Each part that Slack took is told of at once, and a later attempt goes on
behind it. So what stands in which part must not change between two attempts, though the hours pass and the reader may
mute a story: parts are laid out as the digest would be drawn days later with all its stories, and then drawn as it is
now.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from slack_sdk.webhook import WebhookClient, WebhookResponse

from alerts import slack_blocks, words
from alerts.dialling import (
    NoAnswerError,
    NotPublicError,
    NotSentError,
    exchange,
    is_address,
    quoted,
    retry_after,
)
from alerts.slack_blocks import Message, Unit, divided
from alerts.view import View, view
from rasid.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from urllib.request import Request

    from alerts.links import Reader
    from rasid.types import Digest

_CHANNEL = "slack"
_GONE = frozenset(
    {403, 404, 410}
)  # action_prohibited, no_service, channel_is_archived: so is every other message
_LOST = frozenset({502, 504})  # a gateway that had no answer itself
SILENT = logging.getLogger("alerts.slack.client")
SILENT.setLevel(logging.CRITICAL + 1)  # slack_sdk logs the webhook's address, which is a secret, at DEBUG
SILENT.propagate = False


def payload(
    digest: Digest,
    *,
    labels: Mapping[str, str] | None = None,
    reader: Reader | None = None,
    now: datetime,
    repeat: bool = False,
    hidden: frozenset[int] = frozenset(),
) -> list[Message]:
    """Return the messages of a digest, in order; usually one. Empty is one that would hold nothing but muted stories.

    Their number, and which of them holds what, depend on `digest`, `labels` and `reader` alone.

    Args:
        digest: What it says.
        labels: Names of terms by id, where they are not to be the digest's own.
        reader: Its reader's own links; None: without them.
        now: For «two hours ago».
        repeat: An earlier attempt may have arrived; each message says so.
        hidden: Ids of stories that this reader muted.
    """
    number = len(digest.stories)
    laid = view(
        digest, labels=labels, reader=reader, now=digest.window_end + slack_blocks.LATER, stories=number
    )
    shown = view(digest, labels=labels, reader=reader, now=now, stories=number, hidden=hidden)
    units = {unit.key: unit for unit in _units(shown, repeat=repeat)}
    parts = slack_blocks.packed(list(_units(laid, repeat=True)))
    held = [[units[key] for key in keys if key in units] for keys in parts]
    return [
        _part(shown, those, n, len(parts), repeat=repeat) if those else {}
        for n, those in enumerate(held, start=1)
    ]


def _untold(_: int) -> None:
    """For callers that have nothing to resume."""


def send(
    webhook_url: str,
    payloads: Sequence[Mapping[str, Any]],
    timeout: float,
    *,
    allow_hosts: frozenset[str] = frozenset(),
    done: int = 0,
    taken: Callable[[int], None] = _untold,
) -> None:
    """Post the messages in order.

    Args:
        webhook_url: A secret.
        payloads: As `payload` makes them; an empty one is passed over.
        timeout: Seconds for each.
        allow_hosts: Private hosts that the operator named; no other address of a private network is dialled.
        done: Messages that an earlier attempt brought there for certain; they are not posted again.
        taken: Called after each message that Slack took, with how many it has now; the next attempt's `done`.

    Raises:
        TransportError: Slack did not take one. Permanent for 4xx other than 429; `retry_after` where Slack
            asked for it; `uncertain` where that message may be there all the same; `whole` where the webhook takes
            nothing (429, no connection, gone).
    """
    client = _client(webhook_url, timeout, allow_hosts)
    for number, message in enumerate(payloads[done:], start=done + 1):
        if message:
            _post(client, message)
        taken(number)


# ── messages ──────────────────────────────────────────────────────────────────────────────────────


def _units(shown: View, *, repeat: bool) -> Iterator[Unit]:
    yield slack_blocks.head(shown, repeat=repeat)
    base = shown.direction
    for key, story in slack_blocks.keyed(shown.stories):
        told = [*slack_blocks.said(story, base), *slack_blocks.appeared(story, base)]
        blocks = [*told, *slack_blocks.acts(story.actions, base)]
        yield divided(Unit(("story", *key), blocks))
    yield from slack_blocks.more_stories(shown)
    for units in (slack_blocks.reviews(shown), slack_blocks.asides(shown)):
        for number, unit in enumerate(units):
            yield unit if number else divided(unit)
    yield from map(divided, slack_blocks.foot(shown))


def _part(shown: View, units: Sequence[Unit], number: int, total: int, *, repeat: bool) -> Message:
    part = words.phrase(shown.language, "part", n=number, all=total) if total > 1 else ""
    # The first says it under its title; each further one is a message of its own, and may be the one that came twice.
    doubt = words.phrase(shown.language, "repeat") if repeat and number > 1 else ""
    label = " · ".join(one for one in (part, doubt) if one)
    blocks = [block for unit in units for block in slack_blocks.fitting(unit.blocks)]
    summary = " · ".join(text for text in (shown.name, shown.preheader, part) if text)
    return slack_blocks.message(
        shown, [*slack_blocks.paragraph(label, shown.direction), *blocks], summary=summary
    )


# ── sending ───────────────────────────────────────────────────────────────────────────────────────


class _DirectClient(WebhookClient):
    """slack_sdk's client without the environment's proxy, which urlopen would use whatever `proxy` says.

    It dials no address of a private network but those of `allow_hosts`.
    """

    allow_hosts: frozenset[str] = frozenset()

    def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
        answer = exchange(req, self.timeout, allow_hosts=self.allow_hosts)
        body = answer.body.decode("utf-8", "replace")
        return WebhookResponse(url=url, status_code=answer.status, body=body, headers=dict(answer.headers))


def _client(webhook_url: str, timeout: float, allow_hosts: frozenset[str]) -> WebhookClient:
    if not is_address(webhook_url):
        raise TransportError(_CHANNEL, "the webhook's address is no web address", permanent=True, whole=True)
    # No retry handlers: slack_sdk's own would post a message twice when an answer is lost.
    client = _DirectClient(webhook_url, logger=SILENT, retry_handlers=[])
    client.allow_hosts = allow_hosts
    client.timeout = timeout  # type: ignore[assignment]  # a whole number in slack_sdk's signature only
    return client


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
            whole=True,
        ) from None
    except NotSentError as e:
        raise TransportError(_CHANNEL, str(e), whole=True) from None
    except NoAnswerError as e:
        raise TransportError(_CHANNEL, str(e), uncertain=True) from None
    if answer.status_code != 200 or answer.body.strip() != "ok":
        raise _refused(client.url, answer)


def _secret_parts(url: str) -> list[str]:
    """The path of a webhook and each of its parts: an answer may repeat any of them."""
    path = urlsplit(url).path
    return [path, *(part for part in path.split("/") if len(part) > len("services"))]


def _refused(url: str, answer: WebhookResponse) -> TransportError:
    code, said = answer.status_code, quoted(answer.body, url, *_secret_parts(url))
    if code == 200 and not said:
        return TransportError(_CHANNEL, "the answer broke off", uncertain=True)
    if code == 200:
        advice = "which is no webhook's «ok»; check the address that the variable holds"
        return TransportError(_CHANNEL, f"answered 200 {said}, {advice}", permanent=True, whole=True)
    return TransportError(
        _CHANNEL,
        f"Slack answered {code} {said}".strip(),
        permanent=300 <= code < 500 and code != 429,
        uncertain=code in _LOST,
        retry_after=retry_after(answer.headers) if code == 429 else None,
        whole=code == 429 or code in _GONE,
    )
