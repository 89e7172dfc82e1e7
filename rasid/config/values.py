"""The kinds of value that operators write: addresses, patterns, time zones, schedules.

Each check returns the value, or raises ValueError with «what is wrong; what to write instead». The types at
the end are what the models are made of; all are strict: 5 is no text, and "5" no number.
"""

import re
import warnings
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from cssselect import GenericTranslator, SelectorError
from pydantic import (
    AfterValidator,
    AllowInfNan,
    BeforeValidator,
    Field,
    PlainValidator,
    Strict,
    StringConstraints,
)

from rasid.schedule import parse as parse_schedule
from rasid.schedule import parse_quiet, parse_weekdays
from rasid.text import fold
from rasid.urls import canonical_url

_SOME_DAY = datetime(2021, 3, 25, 17, 45)  # noqa: DTZ001 - day and month cannot be mixed up
MAX_MESSAGE = 400  # characters
MAX_PATTERN = 200  # characters; a boilerplate line is one sentence

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_EMAIL = re.compile(r"[A-Za-z0-9._%+'/=-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}")
_SENDER = re.compile(rf"[^<>\x00-\x1f]*<{_EMAIL.pattern}>|{_EMAIL.pattern}")
_ENV_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_DATE = re.compile("2[01][0-9]{2}-[0-9]{2}-[0-9]{2}")  # to 2199: further away, calendars and clocks end
_SLACK_CHANNEL = re.compile(r"[CGD][A-Z0-9]{7,20}")
_NO_NAME = (
    "not the name of an environment variable; write a name in capitals such as SMTP_PASSWORD "
    "and set the variable where Rasid runs: secrets do not belong in files"
)
_SECRETIVE = re.compile(
    r"://|\bxox[a-z]-|\bxapp-", re.IGNORECASE
)  # webhooks, addresses with a password, Slack tokens
_REFERENCE = re.compile(r"\$\{(?P<name>[^}]*)(?P<end>\}?)")
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+")
URL_JUNK = re.compile(r"[\s<>\"{}|^`]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")  # the syntax of patterns is ASCII and stays as it is
_AGENT = re.compile(r"[!-'*-~]+( [!-'*-~]+)*")  # parentheses are put around the contact by the fetcher
_PATTERN_TOKEN = re.compile(
    r"""(?P<refused>\\[1-9]|\(\?P=|\(\?\(|\(\?[a-zA-Z-]*x)
      | (?P<skipped>\\. | \[\^?\]?(?:\\.|[^]\\])*\] | \(\?\#[^)]*\) | \(\?[aiLmsu]+\))
      | (?P<open>\((?:\?(?:P<[^>]*>|[aiLmsu-]*:|[=!>]|<[=!]))?)
      | (?P<close>\)(?P<again>[*+]|\{\d*,?\d*\})?)
      | (?P<choice>[*+?|]|\{\d*,\d*\})""",
    re.VERBOSE | re.DOTALL,
)


def one_line(message: str) -> str:
    """A message that may quote what an operator wrote: on one line, and of a length that can be read."""
    flat = " ".join(message.split())
    return flat if len(flat) <= MAX_MESSAGE else f"{flat[:MAX_MESSAGE]}…"


def shown(text: str) -> str:
    """What an operator wrote, in quotes for a message; not repeated where it may hold a secret."""
    return "(not shown, as it may be a secret)" if _SECRETIVE.search(text) else f"'{text}'"


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known word was probably meant, as the end of a message; empty where none comes near."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.65)  # uri/url, not Asia/"Asia/Oral"
    return f"; did you mean '{close[0]}'?" if close else ""


def _reference_names(value: str) -> list[str]:
    references = list(_REFERENCE.finditer(value))
    for reference in references:
        if not reference["end"] or not _ENV_NAME.fullmatch(reference["name"]):
            raise ValueError(
                f"'{reference[0]}' is no reference to the environment; write ${{NAME}} in capitals"
            )
    return [reference["name"] for reference in references]


def expand_env(value: str, environ: Mapping[str, str]) -> str:
    """Fill every ${NAME} from the environment.

    Raises:
        ValueError: A variable is not set or is empty, or a reference is malformed; the text holds names only.
    """
    for name in _reference_names(value):
        if not environ.get(name):
            raise ValueError(f"the environment variable {name} is not set; set it where Rasid runs")
    return _REFERENCE.sub(lambda reference: environ[reference["name"]], value)


def _check_slug(value: str) -> str:
    if not SLUG.fullmatch(value):
        raise ValueError(f"'{value}' is no id; write up to 64 small Latin letters, digits, - and _")
    return value


def _check_url(value: str) -> str:
    if bad := URL_JUNK.search(value):
        raise ValueError(f"an address holds no {bad[0]!r}; write it percent-encoded")
    try:
        canonical_url(value)
    except ValueError as e:
        raise ValueError(f"{e}; write it as https://example.com/feed, without a user name") from e
    return value


def url_key(value: str) -> str:
    """What two spellings of one feed's address have in common; the text itself where it is no address."""
    try:
        return canonical_url(value).partition("://")[2].rstrip("/")
    except ValueError:
        return value


def _check_email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError(f"{shown(value)} is no e-mail address; write it as name@example.org")
    return value


def _check_sender(value: str) -> str:
    if not _SENDER.fullmatch(value):
        raise ValueError(f"'{value}' is no sender; write name@example.org or Rasid <name@example.org>")
    return value


def _check_env_name(value: str) -> str:
    if not _ENV_NAME.fullmatch(value):  # the value is not repeated: it may be the secret itself
        raise ValueError(_NO_NAME)
    return value


def _refuse_number(value: object) -> object:
    """A number where a name belongs may be a password of digits, which the usual refusal would repeat."""
    if isinstance(value, int | float):
        raise ValueError(_NO_NAME)  # noqa: TRY004 - pydantic takes a TypeError for a bug
    return value


def _check_timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as e:  # OSError: the name of a folder of zones, such as Asia
        near = nearest(value, available_timezones())
        raise ValueError(f"unknown time zone '{value}'{near or '; write one such as Asia/Riyadh'}") from e
    return value


def _check_schedule(value: str) -> str:
    parse_schedule(value)  # its ValueError says what to write
    return value


def _check_quiet(value: str) -> str:
    parse_quiet(value)  # its ValueError says what to write
    return value


def _check_weekdays(value: tuple[str, ...]) -> tuple[str, ...]:
    parse_weekdays(value)
    return value


def _listed(value: object) -> object:
    """One day or range of days may be written without a list."""
    return (value,) if isinstance(value, str) else value


def _check_paused(value: object) -> bool | date:
    if isinstance(value, bool):
        return value
    day = _DATE.fullmatch(value) if isinstance(value, str) else None
    try:
        return date.fromisoformat(day[0] if day else "")
    except ValueError as e:
        raise ValueError(
            f"{shown(str(value))} is neither true nor false nor a date; write the first day on which it is sent "
            "again as 2026-01-31"
        ) from e


def _check_folder(value: str) -> str:
    if "://" in value:  # not repeated: a webhook's address is a secret
        raise ValueError("an address where a folder belongs; write a folder such as var/digests")
    return value


def _check_slack_channel(value: str) -> str:
    if not _SLACK_CHANNEL.fullmatch(value):
        raise ValueError(
            f"{shown(value)} is no id of a channel; write one such as C0123456789: Slack shows it at the foot of "
            "the channel's details"
        )
    return value


def _check_database(value: str) -> str:
    if _reference_names(value):
        return value
    if value.startswith("postgresql") and "@" in value:  # not repeated: it may hold a password
        raise ValueError("a database URL with a user belongs in the environment; write ${RASID_DATABASE_URL}")
    if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ValueError(
            "not a database Rasid knows; write sqlite:///var/rasid.sqlite or ${RASID_DATABASE_URL}"
        )
    return value


def _check_host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError(f"'{value}' is no host; write the name or address alone, such as 127.0.0.1")
    return value


def _check_agent(value: str) -> str:
    if not _AGENT.fullmatch(value):
        raise ValueError(f"'{value}' is no user agent; write a name in Latin letters such as Rasid")
    return value


def _check_contact(value: str) -> str:
    if not value or _EMAIL.fullmatch(value):
        return value
    try:
        return _check_url(value)
    except ValueError as e:
        raise ValueError(
            f"'{value}' is neither a web nor an e-mail address; write one that sites can reach"
        ) from e


def _check_form(value: str) -> str:
    if sum(character.isalnum() for character in value) < 2:
        raise ValueError(
            f"'{value}' is shorter than 2 letters and would match everywhere; write the whole name"
        )
    return value


def _check_cue(value: str) -> str:
    """A tilde stands for the name, so a cue has one at one end, or none."""
    rest = value[1:] if value.startswith("~") else value.removesuffix("~")
    if "~" in rest:
        raise ValueError(f"'{value}': ~ stands for the name; write it once, at the beginning or the end")
    if not any(character.isalnum() for character in rest):
        raise ValueError(f"'{value}' holds no word; write one, or leave it out")
    return value


def _check_pattern(value: str) -> str:
    """A pattern as cleaning needs it: it is tried on folded lines, so its Arabic letters are folded as well."""
    if len(value) > MAX_PATTERN:
        raise ValueError(f"a pattern of {len(value)} characters; keep it under {MAX_PATTERN}")
    folded = _BEYOND_ASCII.sub(lambda run: fold(run[0]).text, value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what will mean something else in a later Python is refused too
            re.compile(folded)
    except (re.error, OverflowError, Warning) as e:
        raise ValueError(
            f"not a valid pattern ({e}); put a backslash before . ? * + ( ) [ ] meant as text"
        ) from e
    if reason := _hang_risk(folded):
        raise ValueError(reason)
    return folded


def _hang_risk(pattern: str) -> str | None:
    """Why a pattern may take for ever on some line, as a backtracking engine can; None where it cannot.

    A repeated group that holds a choice (`|`, `?`, `*`, `+`, `{m,n}`) can split one text in exponentially
    many ways. The rule refuses some harmless patterns too; of the harmful it lets through only those whose
    time grows as a power of the line's length, such as `.*.*x`.
    """
    holds_choice = [False]  # one for each open group, the whole pattern first
    for token in _PATTERN_TOKEN.finditer(pattern):
        if token["refused"]:
            return f"'{token[0]}' (a backreference, condition or verbose mode) can hang; write the text out"
        if token["open"]:
            holds_choice.append(False)
        elif token["close"]:
            inner = holds_choice.pop()
            if inner and token["again"]:
                return (
                    f"a choice or repetition inside a group under '{token['again']}' can hang; write it flat"
                )
            holds_choice[-1] |= inner or bool(token["again"])
        elif token["choice"]:
            holds_choice[-1] = True
    return None


def _check_selector(value: str) -> str:
    try:
        GenericTranslator().css_to_xpath(value)
    except SelectorError as e:
        raise ValueError(f"'{value}' is no CSS selector ({e}); write one such as div.article p") from e
    return value


def _check_date_format(value: str) -> str:
    """A format is tried on a date of its own making: what strptime cannot read back is refused."""
    try:
        written = _SOME_DAY.strftime(value)
        read = datetime.strptime(written, value)  # noqa: DTZ007 - only the day is compared
    except (ValueError, re.error) as e:
        raise ValueError(f"'{value}' is no date format ({e}); write one such as %d-%m-%Y %H:%M") from e
    if (read.year, read.month, read.day) != (_SOME_DAY.year, _SOME_DAY.month, _SOME_DAY.day):
        raise ValueError(f"'{value}' does not hold day, month and year; write one such as %d-%m-%Y %H:%M")
    return value


Text = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]
Slug = Annotated[Text, AfterValidator(_check_slug)]
Url = Annotated[Text, AfterValidator(_check_url)]
Email = Annotated[Text, AfterValidator(_check_email)]
Sender = Annotated[Text, AfterValidator(_check_sender)]
EnvName = Annotated[Text, AfterValidator(_check_env_name), BeforeValidator(_refuse_number)]
Timezone = Annotated[Text, AfterValidator(_check_timezone)]
Schedule = Annotated[Text, AfterValidator(_check_schedule)]
Quiet = Annotated[Text, AfterValidator(_check_quiet)]
Weekdays = Annotated[
    tuple[Text, ...],
    Field(min_length=1),
    AfterValidator(_check_weekdays),
    BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...]),
]
Paused = Annotated[bool | date, PlainValidator(_check_paused, json_schema_input_type=bool | str)]
Folder = Annotated[Text, AfterValidator(_check_folder)]
SlackChannel = Annotated[Text, AfterValidator(_check_slack_channel)]
Database = Annotated[Text, AfterValidator(_check_database)]
Host = Annotated[Text, AfterValidator(_check_host)]
Agent = Annotated[Text, AfterValidator(_check_agent)]
Contact = Annotated[str, Strict(), AfterValidator(_check_contact)]
CueText = Annotated[Text, AfterValidator(_check_cue)]
Pattern = Annotated[Text, AfterValidator(_check_pattern)]
Selector = Annotated[Text, AfterValidator(_check_selector)]
DateFormat = Annotated[Text, AfterValidator(_check_date_format)]
FormText = Annotated[Text, AfterValidator(_check_form)]
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict(), AllowInfNan(allow_inf_nan=False)]
Flag = Annotated[bool, Strict()]
