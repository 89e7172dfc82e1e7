"""Settings: the frozen tree that settings.yaml is read into; each field says what it decides.

The descriptions reach operators through the JSON Schema in their editor.
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, GetPydanticSchema
from pydantic_core.core_schema import no_info_after_validator_function

from rasid.config.convert import to_channel
from rasid.config.models import ChannelModel
from rasid.config.values import (
    Agent,
    Contact,
    Database,
    EnvName,
    Host,
    Number,
    Pattern,
    Sender,
    Text,
    Timezone,
    Url,
    Whole,
)
from rasid.types import Channel, Language

CLOSED = ConfigDict(extra="forbid")
DEFAULT_TIMEZONE = "Asia/Riyadh"


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How feeds and pages are asked for."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    user_agent: Annotated[Agent, Field(description="the name that sites see")] = "Rasid"
    contact: Annotated[
        Contact,
        Field(description="a web or e-mail address at which sites can reach you; empty: none is sent"),
    ] = ""
    delay: Annotated[Number, Field(ge=0, le=600, description="seconds between two requests to one host")] = (
        1.0
    )
    deadline: Annotated[Number, Field(gt=0, le=600, description="seconds for one whole answer")] = 30.0
    concurrency: Annotated[
        Whole, Field(ge=1, le=256, description="requests at one time, all hosts together")
    ] = 16
    allow_hosts: Annotated[
        tuple[Host, ...], Field(description="private hosts that may be fetched all the same")
    ] = ()
    robots_exempt: Annotated[
        tuple[Host, ...], Field(description="hosts that allowed you what their robots.txt forbids")
    ] = ()


@dataclass(frozen=True, slots=True)
class CollectSettings:
    """How much one collect does."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    deadline: Annotated[Number, Field(gt=0, le=86400, description="seconds for a whole run")] = 280.0
    processes: Annotated[Whole, Field(ge=1, le=64, description="worker processes that read pages")] = 2
    max_pages: Annotated[Whole, Field(ge=1, le=100_000, description="pages fetched in one run at most")] = 500
    attempts: Annotated[Whole, Field(ge=1, le=20, description="a page is tried so often")] = 4
    lease: Annotated[
        Number,
        Field(ge=1, le=86400, description="seconds for which a run owns the feeds and pages it claimed"),
    ] = 900.0
    poll_min: Annotated[
        Number, Field(ge=1, le=10_080, description="minutes between two polls of a busy feed")
    ] = 10.0
    poll_max: Annotated[
        Number, Field(ge=1, le=10_080, description="minutes between two polls of a quiet feed")
    ] = 1440.0
    story_days: Annotated[
        Whole, Field(ge=1, le=30, description="days for which a story takes new articles")
    ] = 4
    reread_days: Annotated[
        Whole,
        Field(ge=0, le=3650, description="days of the archive that a changed watchlist is read against"),
    ] = 30


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The mail relay."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    host: Annotated[Host | None, Field(description="the relay; without it no mail is sent")] = None
    port: Annotated[
        Whole, Field(ge=1, le=65_535, description="587 for starttls, 465 for tls, 25 for none")
    ] = 587
    security: Annotated[
        Literal["starttls", "tls", "none"], Field(description="how the connection is protected")
    ] = "starttls"
    username: Annotated[Text | None, Field(description="user of the relay; null: no login")] = None
    password_env: Annotated[
        EnvName | None, Field(description="NAME of the environment variable that holds the password")
    ] = None
    sender: Annotated[Sender | None, Field(description="the From address of digests")] = None
    timeout: Annotated[Number, Field(gt=0, le=600, description="seconds for each answer of the relay")] = 30.0


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """Slack: webhooks and bots."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    timeout: Annotated[Number, Field(gt=0, le=600, description="seconds for each message")] = 15.0
    api: Annotated[
        Url, Field(description="of the Web API that bots speak to; GovSlack has one of its own")
    ] = "https://slack.com/api/"


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """The outbox."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    attempts: Annotated[Whole, Field(ge=1, le=50, description="a message is tried so often")] = 8
    lease: Annotated[
        Number, Field(ge=1, le=86400, description="seconds after which a message left in sending is unknown")
    ] = 120.0
    backoff: Annotated[
        Number, Field(gt=0, le=86400, description="seconds before the second attempt; it grows after each")
    ] = 60.0


@dataclass(frozen=True, slots=True)
class CleaningSettings:
    """What is taken out of pages beyond what Rasid knows by itself."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    boilerplate: Annotated[
        tuple[Pattern, ...],
        Field(description="patterns (Python re), searched in the words of each line; the line goes"),
    ] = ()


@dataclass(frozen=True, slots=True)
class KeepSettings:
    """What the nightly run forgets."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    runs: Annotated[Whole, Field(ge=1, le=3650, description="days for which reports of runs are kept")] = 90
    html: Annotated[
        Whole,
        Field(
            ge=0,
            le=3650,
            description="days for which articles' HTML is kept, to be read again; 0: not at all",
        ),
    ] = 0


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """When `rasid health` and `rasid doctor` speak up."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    collect_minutes: Annotated[
        Whole, Field(ge=1, le=100_000, description="minutes without the end of a collect that are too many")
    ] = 60
    failing_share: Annotated[
        Number, Field(ge=0, le=1, description="share of the feeds on that may fail before all is called ill")
    ] = 0.5


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Figures for Prometheus, served by `rasid serve`."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    host: Annotated[Host, Field(description="address to listen on")] = "127.0.0.1"
    port: Annotated[
        Whole | None, Field(ge=1, le=65_535, description="port of http://HOST:PORT/metrics; null: not served")
    ] = 9464


@dataclass(frozen=True, slots=True)
class FeedbackSettings:
    """Links by which readers unsubscribe, mute a story, or say that a match was none."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    key_env: Annotated[
        EnvName,
        Field(description="NAME of the environment variable that holds the key which signs the links"),
    ] = "RASID_FEEDBACK_KEY"
    days: Annotated[Whole, Field(ge=1, le=3650, description="days for which a digest's links work")] = 90


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Readers' pages and feeds out, served by `rasid serve` and `rasid web`."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    host: Annotated[Host, Field(description="address to listen on")] = "127.0.0.1"
    port: Annotated[
        Whole | None, Field(ge=1, le=65_535, description="port to listen on; null: not served")
    ] = 8321


OperatorsChannel = Annotated[
    Channel,
    GetPydanticSchema(lambda _, handler: no_info_after_validator_function(to_channel, handler(ChannelModel))),
]
"""Written as a subscription's channel is."""


@dataclass(frozen=True, slots=True)
class OperatorsSettings:
    """Who hears it when Rasid falls silent."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    channels: Annotated[
        tuple[OperatorsChannel, ...],
        Field(description="where operators are told; two of different kinds, as one may be what fails"),
    ] = ()
    language: Annotated[Language, Field(description="of what operators are told")] = "en"
    collect_minutes: Annotated[
        Whole, Field(ge=1, le=100_000, description="minutes without the end of a collect that are too many")
    ] = 60
    delivery_minutes: Annotated[
        Whole,
        Field(ge=1, le=100_000, description="minutes for which a message may be due without having gone out"),
    ] = 60


@dataclass(frozen=True, slots=True)
class Settings:
    """settings.yaml; every key has a default."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    database: Annotated[
        Database, Field(description="SQLAlchemy URL; ${NAME} is filled from the environment")
    ] = "sqlite:///var/rasid.sqlite"
    timezone: Annotated[Timezone, Field(description="of subscriptions that name none")] = DEFAULT_TIMEZONE
    public_url: Annotated[Url | None, Field(description="where readers reach the archive; null: nowhere")] = (
        None
    )
    http: Annotated[HttpSettings, Field(description="how feeds and pages are asked for")] = field(
        default_factory=HttpSettings
    )
    collect: Annotated[CollectSettings, Field(description="how much one collect does")] = field(
        default_factory=CollectSettings
    )
    smtp: Annotated[SmtpSettings, Field(description="the mail relay")] = field(default_factory=SmtpSettings)
    slack: Annotated[SlackSettings, Field(description="Slack webhooks")] = field(
        default_factory=SlackSettings
    )
    delivery: Annotated[DeliverySettings, Field(description="the outbox")] = field(
        default_factory=DeliverySettings
    )
    cleaning: Annotated[CleaningSettings, Field(description="what is taken out of pages")] = field(
        default_factory=CleaningSettings
    )
    keep: Annotated[KeepSettings, Field(description="what the nightly run forgets")] = field(
        default_factory=KeepSettings
    )
    health: Annotated[HealthSettings, Field(description="when health and doctor speak up")] = field(
        default_factory=HealthSettings
    )
    metrics: Annotated[MetricsSettings, Field(description="figures for Prometheus")] = field(
        default_factory=MetricsSettings
    )
    feedback: Annotated[FeedbackSettings, Field(description="readers' links")] = field(
        default_factory=FeedbackSettings
    )
    web: Annotated[WebSettings, Field(description="readers' pages and feeds out")] = field(
        default_factory=WebSettings
    )
    operators: Annotated[OperatorsSettings, Field(description="who hears it when Rasid falls silent")] = (
        field(default_factory=OperatorsSettings)
    )
