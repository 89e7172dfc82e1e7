"""Slack's Web API for a bot: slack_sdk's client, dialled with care, and what Slack's refusals mean.

Slack answers most refusals with status 200 and a word. Each has a meaning for the outbox (see
`rasid.errors.TransportError`) and, where a person can help, what to do.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient

from alerts.dialling import (
    NoAnswerError,
    NotPublicError,
    NotSentError,
    exchange,
    is_address,
    quoted,
    retry_after,
)
from alerts.slack import SILENT
from rasid.errors import TransportError

if TYPE_CHECKING:
    from urllib.request import Request

    from slack_sdk.web import SlackResponse

CHANNEL = "slack_bot"
BASE_URL = "https://slack.com/api/"
MAX_ANSWER = 4 * 1024 * 1024  # bytes: Slack repeats each message, with six bytes for an Arabic letter

_SHAPE = re.compile(
    r"[A-Za-z0-9._-]+"
)  # of a token; http.client repeats what else stands in it in its own error
_NO_JSON = "no_json"
_NO_THREAD = frozenset({"thread_not_found", "cannot_reply_to_message"})
_PASSING = frozenset(
    {"ratelimited", "rate_limited", "accesslimited", "service_unavailable", "team_added_to_org"}
)
_OPEN = frozenset({"fatal_error", "internal_error", "request_timeout", _NO_JSON})
"""Slack says of these that some of it may have been done before the error was raised."""
_TOKEN = "the bot's token is not good: install the app again and put its token into the variable"  # noqa: S105 - no token
_HISTORY = "channels:history (groups:history for a private channel)"
_SCOPES = {
    "chat.postMessage": "chat:write",
    "conversations.history": _HISTORY,
    "conversations.replies": _HISTORY,
}
_TOKENS = {
    "invalid_auth": _TOKEN,
    "not_authed": _TOKEN,
    "account_inactive": _TOKEN,
    "token_revoked": _TOKEN,
    "token_expired": _TOKEN,
    "not_allowed_token_type": "the variable must hold a bot's token, which begins with xoxb-",
    "missing_scope": "give the app the scope {scope} (OAuth & Permissions) and install it again",
    "no_permission": "give the app the scope {scope} (OAuth & Permissions) and install it again",
    "access_denied": "an administrator of the workspace must allow the app",
    "team_access_not_granted": "an administrator of the workspace must allow the app",
    "org_login_required": "the workspace is being moved within its organisation; its administrator knows until when",
}
"""It is the bot: it would fare no better in another channel."""
_CHANNELS = {
    "not_in_channel": "invite the bot: /invite @Rasid in the channel, with your app's name",
    "channel_not_found": "check the channel's id in the subscription (C…, at the end of the channel's details), and "
    "invite the bot where the channel is private: /invite @Rasid, with your app's name",
    "is_archived": "unarchive the channel, or name another one in the subscription",
    "restricted_action": "the workspace lets only some post there: allow the app in the channel's settings",
}


class NoThreadError(Exception):
    """The thread that a message was meant for is not there any more."""


class Api:
    """The methods of the Web API.

    Args:
        token: A secret, xoxb-….
        timeout: Seconds for each call.
        base_url: With a slash at its end.
        allow_hosts: Private hosts that the operator named; no other address of a private network is dialled.

    Raises:
        TransportError: the token or the address cannot be one.
    """

    def __init__(self, token: str, timeout: float, *, base_url: str, allow_hosts: frozenset[str]) -> None:
        if not _SHAPE.fullmatch(token):
            raise _unusable(
                "the variable holds no token, which is one word (xoxb-…) without quotes or spaces"
            )
        if not is_address(base_url):
            raise _unusable("the address of the Web API is no web address")
        self._token = token
        # No retry handlers: slack_sdk's own would post a message twice when an answer is lost.
        self._client = _DirectClient(token, base_url=base_url, logger=SILENT, retry_handlers=[])
        self._client.allow_hosts = allow_hosts
        self._client.timeout = timeout  # type: ignore[assignment]  # a whole number in slack_sdk's signature only

    def call(
        self, method: str, *, json: dict[str, Any] | None = None, params: dict[str, Any] | None = None
    ) -> SlackResponse:
        """Call a method and return its answer, which is `ok`.

        Raises:
            NoThreadError: there is no such thread.
            TransportError: Slack refused, or did not answer. Causes are not chained: they hold the token.
        """
        try:
            return self._client.api_call(method, json=json, params=params)
        except SlackApiError as e:
            raise self._refused(method, e.response) from None
        except NotPublicError:
            raise _unusable(
                "the Web API's address leads into this machine or a private network; "
                "settings http.allow_hosts can name its host if it is meant"
            ) from None
        except NotSentError as e:
            raise TransportError(CHANNEL, str(e), whole=True) from None
        except NoAnswerError as e:
            raise TransportError(CHANNEL, str(e), uncertain=True) from None

    def _refused(self, method: str, answer: SlackResponse) -> Exception:
        code, error = answer.status_code, str(answer.get("error"))
        if error in _NO_THREAD:
            return NoThreadError()
        if code == 429 or error in _PASSING:
            wait = retry_after(answer.headers)
            return TransportError(CHANNEL, f"Slack answered {code} {error}", retry_after=wait, whole=True)
        reason = quoted(f"Slack answered {error} to {method}{_details(answer)}", self._token)
        if code >= 500 or error in _OPEN:
            return TransportError(CHANNEL, f"{reason} ({code})", uncertain=True)
        advice = (_TOKENS | _CHANNELS).get(error, "").format(scope=_SCOPES[method])
        text = f"{reason}: {advice}" if advice else reason
        return TransportError(CHANNEL, text, permanent=True, whole=error in _TOKENS)


class _DirectClient(WebClient):
    """slack_sdk's client without the environment's proxy; it dials no private address but those of `allow_hosts`."""

    allow_hosts: frozenset[str] = frozenset()

    def _perform_urllib_http_request_internal(self, _url: str, req: Request) -> dict[str, Any]:
        answer = exchange(req, self.timeout, allow_hosts=self.allow_hosts, most=MAX_ANSWER)
        return {"status": answer.status, "headers": answer.headers, "body": _object(answer.body)}


def _object(body: bytes) -> str:
    """The answer's JSON; a gateway's page, or what is cut off, becomes a refusal of our own."""
    try:
        text = body.decode()
        if isinstance(json.loads(text), dict):
            return text
    except (ValueError, RecursionError):
        pass
    return json.dumps({"ok": False, "error": _NO_JSON})


def _details(answer: SlackResponse) -> str:
    """What Slack says beside the word; of blocks, which one and why."""
    metadata = answer.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    return f" ({'; '.join(map(str, messages))})" if isinstance(messages, list) and messages else ""


def _unusable(reason: str) -> TransportError:
    return TransportError(CHANNEL, reason, permanent=True, whole=True)
