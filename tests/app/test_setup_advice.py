"""`rasid doctor` on channels, secrets, readers' links and operators' channels."""

from __future__ import annotations

import pytest

from rasid.app.setup_advice import advise_on_setup, prefect_exposed
from rasid.config import Config, parse_config

FEEDS = "feeds: [{id: a, name: أ, url: 'https://a.example.org/feed'}]\n"
CHIPS = "name: رقائق\nterms: [{id: h20, label: H20, codes: [H20]}]\n"
RELAY = "smtp: {host: mail.example.org, sender: rasid@example.org, password_env: SMTP_PASSWORD}\n"
TWO_WAYS = "operators: {channels: [{email: [o@example.org]}, {apprise: ONCALL}]}\n"
LINKS = "public_url: https://rasid.example.org\n"
KEY = "k" * 16
ALL_SET = {"SMTP_PASSWORD": "p", "ONCALL": "json://x", "RASID_FEEDBACK_KEY": KEY}


def config(settings: str, channels: str = "[{email: [a@example.org]}]", paused: str = "false") -> Config:
    """A config folder with one subscription."""
    subscription = (
        f"subscriptions:\n  - {{id: s, name: نشرة, terms: [h20], schedule: hourly, paused: {paused}, "
        f"channels: {channels}}}\n"
    )
    return parse_config(
        {
            "settings.yaml": settings,
            "feeds.yaml": FEEDS,
            "subscriptions.yaml": subscription,
            "watchlists/chips.yaml": CHIPS,
        }
    )


def test_nothing_is_said_where_all_is_there() -> None:
    """A relay with its password, links with their key, operators reached in two ways."""
    assert [] == advise_on_setup(config(RELAY + TWO_WAYS + LINKS), ALL_SET.get)


@pytest.mark.parametrize(
    ("settings", "channels", "secrets", "expected"),
    [
        (TWO_WAYS + LINKS, "[{file: out}]", ALL_SET, ["email is wanted: set smtp.host and smtp.sender"]),
        (
            RELAY + TWO_WAYS + LINKS,
            "[{email: [a@example.org]}, {slack: HOOK}, {slack_bot: {token: BOT, channel: C0123456789}}]",
            {"RASID_FEEDBACK_KEY": KEY},
            ["variable SMTP_PASSWORD is not", "variable BOT is not", "variable HOOK is not", "variable ONCALL is not"],
        ),
        (
            RELAY + TWO_WAYS,
            "[{email: [a@example.org]}]",
            ALL_SET,
            ["public_url is not set, so mails have no List-Unsubscribe and digests no readers' links"],
        ),
        (
            RELAY + TWO_WAYS + LINKS,
            "[{email: [a@example.org]}]",
            {**ALL_SET, "RASID_FEEDBACK_KEY": ""},
            ["variable RASID_FEEDBACK_KEY is not set, so mails have no List-Unsubscribe"],
        ),
        (
            RELAY + TWO_WAYS + LINKS.replace("https", "http"),
            "[{email: [a@example.org]}]",
            ALL_SET,
            ["public_url is not https"],
        ),
        (
            RELAY + TWO_WAYS + LINKS,
            "[{email: [a@example.org]}]",
            {**ALL_SET, "RASID_FEEDBACK_KEY": "short"},
            ["the key in RASID_FEEDBACK_KEY is shorter than 16 bytes"],
        ),
        # Without mail, links may be left out altogether; half of them is a mistake.
        (RELAY + TWO_WAYS, "[{file: out}]", {"SMTP_PASSWORD": "p", "ONCALL": "x"}, []),
        (RELAY + TWO_WAYS, "[{file: out}]", ALL_SET, ["public_url is not set, so digests have no readers' links"]),
        (RELAY + LINKS, "[{email: [a@example.org]}]", ALL_SET, ["operators.channels is empty, so nobody hears it"]),
        (
            RELAY + LINKS + "operators: {channels: [{file: out}]}\n",
            "[{email: [a@example.org]}]",
            ALL_SET,
            ["operators.channels is empty"],
        ),
        (
            RELAY + LINKS + "operators: {channels: [{email: [a@example.org, b@example.org]}]}\n",
            "[{email: [a@example.org]}]",
            ALL_SET,
            ["operators.channels leads one way only (email)"],
        ),
        (
            RELAY + LINKS + "operators: {channels: [{slack: A}, {slack_bot: {token: B, channel: C0123456789}}]}\n",
            "[{email: [a@example.org]}]",
            {**ALL_SET, "A": "a", "B": "b"},
            ["operators.channels leads one way only (slack)"],
        ),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_once(
    settings: str, channels: str, secrets: dict[str, str], expected: list[str]
) -> None:
    """Each thing with what to do, and no other."""
    told = advise_on_setup(config(settings, channels), secrets.get)

    assert len(expected) == len(told), told
    assert all(part in finding for part, finding in zip(expected, told, strict=True)), told


def test_a_paused_subscription_needs_nothing() -> None:
    """What is not sent lacks no relay and no secret."""
    told = advise_on_setup(
        config(TWO_WAYS.replace("email: [o@example.org]", "slack: A"), paused="true"), {}.get
    )

    assert {"A", "ONCALL"} == {finding.split()[3] for finding in told}


@pytest.mark.parametrize(
    ("url", "password", "findings"),
    [
        (None, None, 0),
        ("http://127.0.0.1:4200/api", None, 0),
        ("http://[::1]:4200/api", None, 0),
        ("http://localhost:4200/api", None, 0),
        ("https://p.example.org/api", None, 1),
        ("https://p.example.org/api", "admin:canary", 0),
        ("http://10.0.0.5:4200/api", "admin:canary", 1),
        ("http://10.0.0.5:4200/api", None, 1),
    ],
)
def test_a_prefect_server_that_others_can_reach(url: str | None, password: str | None, findings: int) -> None:
    """It needs a password and TLS; on loopback neither; the password is in no finding."""
    given = {"PREFECT_API_URL": url, "PREFECT_API_AUTH_STRING": password}
    found = prefect_exposed({name: value for name, value in given.items() if value is not None})
    assert findings == len(found)
    assert "canary" not in " ".join(found)
