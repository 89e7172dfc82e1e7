"""What an installation lacks to deliver what its files ask for: relay, secrets, readers' links, operators' channels."""

from __future__ import annotations

from ipaddress import ip_address
from itertools import chain
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from rasid.feedback import MIN_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rasid.config import Config, Settings
    from rasid.types import Channel

    Secret = Callable[[str], str | None]  # as `rasid.app.secrets.secret`

_NEW_KEY: Final = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"


def advise_on_setup(config: Config, secret: Secret) -> list[str]:
    """Say everything that is missing here, each with what to do."""
    sent = [subscription for subscription in config.subscriptions if not subscription.paused]
    readers = [channel for subscription in sent for channel in subscription.channels]
    operators = config.settings.operators.channels
    return [
        *_relay(config.settings, [*readers, *operators], secret),
        *_variables([*readers, *operators], secret),
        *_links(config.settings, readers, secret),
        *_routes(operators),
    ]


def _relay(settings: Settings, channels: Sequence[Channel], secret: Secret) -> Iterator[str]:
    if not _by_email(channels):
        return
    smtp = settings.smtp
    if not (smtp.host and smtp.sender):
        yield "email is wanted: set smtp.host and smtp.sender in settings.yaml"
    if smtp.password_env and not secret(smtp.password_env):
        yield _unset(smtp.password_env)


def _by_email(channels: Sequence[Channel]) -> bool:
    return any(channel.kind == "email" for channel in channels)


def _variables(channels: Sequence[Channel], secret: Secret) -> Iterator[str]:
    """Webhooks, tokens of bots, addresses of other services."""
    names = chain.from_iterable(map(_names, channels))
    yield from (_unset(name) for name in sorted(set(names)) if not secret(name))


def _names(channel: Channel) -> tuple[str, ...]:
    """The variables that a channel names."""
    if channel.kind == "slack_bot":
        return tuple(recipient.partition(":")[0] for recipient in channel.recipients)
    return channel.recipients if channel.kind in ("slack", "apprise") else ()


def _unset(name: str) -> str:
    return f"the environment variable {name} is not set; set it where Rasid runs"


def _links(settings: Settings, readers: Sequence[Channel], secret: Secret) -> Iterator[str]:
    """Readers' links need an address and a key; without them nobody can leave by a click."""
    url, name = settings.public_url, settings.feedback.key_env
    key = secret(name)
    if key and len(key.encode()) < MIN_KEY:
        yield f"the key in {name} is shorter than {MIN_KEY} bytes; write a new one: {_NEW_KEY}"
    by_email = _by_email(readers)
    if not by_email and bool(url) == bool(key):  # no links, by choice, or all that they need
        return
    lost = (
        "mails have no List-Unsubscribe and digests no readers' links"
        if by_email
        else "digests have no readers' links"
    )
    if not url:
        yield f"settings.yaml: public_url is not set, so {lost}; write where `rasid serve` can be reached"
    if not key:
        yield f"the environment variable {name} is not set, so {lost}; give it a key: {_NEW_KEY}"
    if url and by_email and not url.startswith("https://"):
        yield "settings.yaml: public_url is not https; mail services unsubscribe by https alone (RFC 8058)"


def _routes(operators: Sequence[Channel]) -> Iterator[str]:
    """Whether somebody hears of it when Rasid falls silent, also where the way itself is what fails."""
    routes = {route for channel in operators for route in _ways(channel)}
    if not routes:
        yield (
            "settings.yaml: operators.channels is empty, so nobody hears it when Rasid falls silent; name two, of "
            "different kinds"
        )
    elif len(routes) == 1:
        yield (
            f"settings.yaml: operators.channels leads one way only ({routes.pop()}), which cannot tell of its own "
            "failure; add a channel of another kind"
        )


def _ways(channel: Channel) -> tuple[str, ...]:
    """What has to work for a channel: all mail needs one relay, Apprise any service. A folder calls nobody."""
    if channel.kind == "apprise":
        return channel.recipients
    return {"email": ("email",), "slack": ("slack",), "slack_bot": ("slack",), "file": ()}[channel.kind]


def prefect_exposed(environ: Mapping[str, str]) -> list[str]:
    """What is wrong with the way to Prefect's server: whoever reaches its API can run flows and read every log."""
    url = environ.get("PREFECT_API_URL", "")
    host = urlsplit(url).hostname
    if host is None or _is_loopback(host):
        return []
    found = []
    if not environ.get("PREFECT_API_AUTH_STRING"):
        found.append(
            f"PREFECT_API_URL leads to {host}, and no PREFECT_API_AUTH_STRING is set: whoever reaches that server can "
            "run flows and read every log; give it a password (PREFECT_SERVER_API_AUTH_STRING) or bind it to loopback: "
            "docs/running.md"
        )
    elif url.startswith("http://"):
        found.append(
            f"PREFECT_API_URL leads to {host} over http, and the password goes with each request: put TLS in front of "
            "that server, or reach it through a tunnel: docs/running.md"
        )
    return found


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
