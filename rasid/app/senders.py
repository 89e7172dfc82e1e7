"""How a message goes by each kind of channel: a file, mail, Slack by a webhook or a bot, whatever apprise speaks to."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rasid.app.secrets import secret
from rasid.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from alerts.email import Mailer, SmtpOptions
    from alerts.links import Reader
    from alerts.render import Rendered
    from rasid.app.context import Rasid
    from rasid.config import Settings
    from rasid.types import ChannelKind, Delivery, Digest


@dataclass(frozen=True, slots=True)
class Message:
    """What a sender needs for one delivery."""

    delivery: Delivery
    digest: Digest
    hidden: frozenset[int]  # stories that its reader muted
    reader: Reader | None  # where its reader can act
    rendered: Callable[[], Rendered]  # drawn when a channel wants it
    now: datetime  # as of which it is drawn: the same in every attempt, so that its parts are the same
    taken: Callable[[int], None]  # so many messages of this one were taken for certain


class Sender(Protocol):
    """A kind of channel for the length of one run."""

    def send(self, message: Message) -> str | None:
        """Hand one message over; what the channel said. TransportError where it did not take it."""

    def close(self) -> None:
        """Let go of connections."""


class _File:
    """Digests as files in a folder."""

    def __init__(self, _rasid: Rasid) -> None:
        pass

    def send(self, message: Message) -> str:
        from alerts import file

        delivery = message.delivery
        return str(file.write(Path(delivery.recipient), delivery.digest_id, message.rendered()))

    def close(self) -> None:
        pass


class _Email:
    """Mail through one connection to the relay."""

    def __init__(self, rasid: Rasid) -> None:
        self._settings = rasid.config.settings
        self._mailer: Mailer | None = None
        self._stack = ExitStack()

    def send(self, message: Message) -> str:
        from alerts import email

        if self._mailer is None:
            self._mailer = self._stack.enter_context(email.Mailer(smtp_options(self._settings)))
        content = email.build_message(
            message.rendered(),
            sender=self._mailer.options.sender,
            recipient=message.delivery.recipient,
            message_id=message.delivery.message_id,
            list_id=message.digest.subscription_id,
            unsubscribe=None if message.reader is None else message.reader.unsubscribe,
            date=message.now,
            repeat=message.delivery.repeat,
        )
        return self._mailer.send(message.delivery.recipient, content)

    def close(self) -> None:
        self._stack.close()


class _Slack:
    """Messages through incoming webhooks."""

    def __init__(self, rasid: Rasid) -> None:
        self._settings = rasid.config.settings

    def send(self, message: Message) -> None:
        from alerts import slack

        webhook = needed("slack", message.delivery.recipient)
        messages = slack.payload(
            message.digest,
            reader=message.reader,
            now=message.now,
            repeat=message.delivery.repeat,
            hidden=message.hidden,
        )
        slack.send(
            webhook,
            messages,
            timeout=self._settings.slack.timeout,
            allow_hosts=frozenset(self._settings.http.allow_hosts),
            done=message.delivery.parts,
            taken=message.taken,
        )

    def close(self) -> None:
        pass


class _SlackBot:
    """Messages by a bot: a thread for each story."""

    def __init__(self, rasid: Rasid) -> None:
        self._rasid = rasid

    def send(self, message: Message) -> str:
        from alerts import slack_bot

        delivery, settings, store = message.delivery, self._rasid.config.settings, self._rasid.store
        name, _, channel = delivery.recipient.partition(":")

        def taken(part: int, story_id: int | None, ts: str) -> None:
            if story_id is not None:
                store.save_thread(delivery.recipient, story_id, ts, message.now)
            message.taken(part)

        bot = slack_bot.Bot(
            needed("slack_bot", name),
            channel,
            settings.slack.timeout,
            base_url=settings.slack.api,
            allow_hosts=frozenset(settings.http.allow_hosts),
        )
        posts = slack_bot.posts(message.digest, reader=message.reader, now=message.now, hidden=message.hidden)
        return bot.deliver(
            posts,
            message_id=delivery.message_id,
            threads=store.threads(delivery.recipient, [story.story_id for story in message.digest.stories]),
            ask=delivery.repeat,
            since=message.digest.composed or message.digest.window_end,
            taken=taken,
            done=delivery.parts,
        )

    def close(self) -> None:
        pass


class _Apprise:
    """Plain text through whatever apprise speaks to."""

    def __init__(self, rasid: Rasid) -> None:
        self._settings = rasid.config.settings

    def send(self, message: Message) -> None:
        from alerts import others

        address = needed("apprise", message.delivery.recipient)
        others.send(
            address,
            message.rendered(),
            timeout=self._settings.slack.timeout,
            allow_hosts=frozenset(self._settings.http.allow_hosts),
            repeat=message.delivery.repeat,
            taken=message.taken,
        )

    def close(self) -> None:
        pass


SENDERS: dict[ChannelKind, Callable[[Rasid], Sender]] = {
    "file": _File,
    "email": _Email,
    "slack": _Slack,
    "slack_bot": _SlackBot,
    "apprise": _Apprise,
}


def smtp_options(settings: Settings) -> SmtpOptions:
    """The relay, its password from where it is kept; TransportError says which setting is missing."""
    from alerts.email import SmtpOptions

    smtp = settings.smtp
    if not smtp.host or not smtp.sender:
        missing = "smtp.host" if not smtp.host else "smtp.sender"
        raise TransportError(
            "email", f"no {missing} in settings.yaml; set it, then the mail goes out by itself", whole=True
        )
    return SmtpOptions(
        host=smtp.host,
        port=smtp.port,
        security=smtp.security,
        username=smtp.username,
        password=needed("email", smtp.password_env) if smtp.password_env else None,
        sender=smtp.sender,
        timeout=smtp.timeout,
        # A lease must not lapse over a message that is still on its way.
        deadline=min(100.0, 0.8 * settings.delivery.lease),
    )


def needed(channel: str, name: str) -> str:
    """A secret that a channel cannot do without; TransportError says where it is to be set."""
    value = secret(name)
    if value is None:
        raise TransportError(
            channel,
            f"neither the environment variable {name} nor {name}_FILE is set; set one where Rasid runs",
            whole=True,
        )
    return value
