"""The shapes of feeds.yaml, watchlists and subscriptions.yaml, used for reading only.

What the core works with are the frozen values of rasid.types; these models exist for a moment on the way,
and for the JSON Schemas. Rules between keys are no validators here: pydantic runs those only where every
field is right, and operators are to be told of every problem at once; see rasid.config.rules.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rasid.config.values import (
    CueText,
    DateFormat,
    Email,
    EnvName,
    Flag,
    Folder,
    FormText,
    Pattern,
    Paused,
    Quiet,
    Schedule,
    Selector,
    SlackChannel,
    Slug,
    Text,
    Timezone,
    Url,
    Weekdays,
    Whole,
)

Words = Annotated[tuple[CueText, ...], Field(min_length=1)]
Within = Annotated[Whole, Field(ge=1, le=500)]


class Model(BaseModel):
    """What all share: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FeedModel(Model):
    """One feed."""

    id: Annotated[Slug, Field(description="short name in Latin letters; the archive knows the feed by it")]
    name: Annotated[Text, Field(description="the outlet's name, as readers see it")]
    url: Annotated[
        Url | None,
        Field(description="address of the feed, of a news sitemap, or of a section page with links"),
    ] = None
    google_news: Annotated[
        tuple[Text, ...],
        Field(
            min_length=1, description="instead of an address: search Google News for these watchlists' terms"
        ),
    ] = ()
    links: Annotated[
        Literal["auto"] | Selector | None,
        Field(
            description="the address is a page without a feed; auto, or CSS selector of its articles' links"
        ),
    ] = None
    category: Annotated[Text, Field(description="free word to group feeds by")] = "general"
    enabled: Annotated[Flag, Field(description="false: listed, not polled")] = True
    timezone: Annotated[
        Timezone | None,
        Field(description="of the outlet's dates that carry no zone, or one that can be misread"),
    ] = None
    date_format: Annotated[
        DateFormat | None,
        Field(description="strptime format of the outlet's dates, where they can be read in two ways"),
    ] = None
    article: Annotated[
        Selector | None, Field(description="CSS selector of the elements that hold an article's text")
    ] = None
    remove: Annotated[
        Selector | None, Field(description="CSS selector of what is no part of the outlet's articles")
    ] = None
    date: Annotated[
        Selector | None, Field(description="CSS selector of the element with the date of publication")
    ] = None
    boilerplate: Annotated[
        tuple[Pattern, ...],
        Field(
            description="patterns (Python re), searched in the words of each line of this outlet; the line goes"
        ),
    ] = ()
    attested: Annotated[Text, Field(description="how well the address is attested, in words")] = ""
    notes: Annotated[Text, Field(description="for operators")] = ""


class FeedsFile(Model):
    """feeds.yaml."""

    feeds: Annotated[tuple[FeedModel, ...], Field(description="the feeds that are watched")]


def _form_of_text(value: object) -> object:
    """A form without cues may be written as its text alone; what is no text is refused as `form` then."""
    return value if isinstance(value, dict) else {"form": value}


class FormModel(Model):
    """One spelling with cues of its own."""

    form: Annotated[FormText, Field(description="the spelling")]
    near: Annotated[Words, Field(description="counts only with one of these words")] = ()
    within: Annotated[
        Within | None, Field(description="words to either side of the form; without it the whole article")
    ] = None
    unless: Annotated[Words, Field(description="never counts with one of these words beside it")] = ()


class LookalikeModel(FormModel):
    """Another name's spelling that people write for this one; it counts only near its cues."""

    near: Annotated[Words, Field(description="counts only with one of these words")]


FormItem = Annotated[FormModel, BeforeValidator(_form_of_text, json_schema_input_type=str | FormModel)]


def _query_of_text(value: object) -> object:
    """A word or phrase may be written as its text alone."""
    return value if isinstance(value, dict) else {"words": value}


class NearModel(Model):
    """Things that stand close together."""

    of: Annotated[
        tuple["QueryItem", ...],
        Field(min_length=2, description="words, terms, or any of those; one of each must be there"),
    ]
    within: Annotated[Within, Field(description="how many words apart at most; 1: side by side")]


class QueryModel(Model):
    """A condition over terms and words; where it has several keys, all of them must hold."""

    term: Annotated[Slug | None, Field(description="id of a term that is mentioned")] = None
    words: Annotated[FormText | None, Field(description="a word or phrase; clitics and endings aside")] = None
    all: Annotated[tuple["QueryItem", ...], Field(min_length=1, description="each of these holds")] = ()
    any: Annotated[tuple["QueryItem", ...], Field(min_length=1, description="one of these holds")] = ()
    none: Annotated[tuple["QueryItem", ...], Field(min_length=1, description="none of these holds")] = ()
    near: Annotated[NearModel | None, Field(description="these stand close together")] = None
    title: Annotated["QueryItem | None", Field(description="this holds in the title alone")] = None


QueryItem = Annotated[QueryModel, BeforeValidator(_query_of_text, json_schema_input_type=str | QueryModel)]
NearModel.model_rebuild()
QueryModel.model_rebuild()


class ExamplesModel(Model):
    """Sentences that prove a term; `rasid check` runs them."""

    match: Annotated[tuple[Text, ...], Field(description="sentences in which the term must be found")] = ()
    skip: Annotated[tuple[Text, ...], Field(description="sentences in which it must not be found")] = ()


class TermModel(Model):
    """One thing watched."""

    id: Annotated[Slug, Field(description="short name in Latin letters, unique in all watchlists")]
    label: Annotated[Text, Field(description="the name as Arabic digests show it")]
    label_en: Annotated[
        Text | None, Field(description="the name in English digests; without it the label")
    ] = None
    importance: Annotated[Whole, Field(ge=1, le=3, description="1 low, 2 normal, 3 high")] = 2
    forms: Annotated[tuple[FormItem, ...], Field(description="spellings: names")] = ()
    codes: Annotated[tuple[FormItem, ...], Field(description="spellings: codes and model numbers")] = ()
    lookalikes: Annotated[
        tuple[LookalikeModel, ...], Field(description="spellings that mean something else as a rule")
    ] = ()
    near: Annotated[Words, Field(description="cues for each form and code that has none of its own")] = ()
    within: Annotated[Within | None, Field(description="words to either side; with near only")] = None
    unless: Annotated[Words, Field(description="refuses every form with one of these words beside it")] = ()
    query: Annotated[
        QueryItem | None, Field(description="instead of spellings: a condition over other terms and words")
    ] = None
    examples: Annotated[ExamplesModel, Field(description="sentences that prove the term")] = ExamplesModel()
    notes: Annotated[Text, Field(description="for operators")] = ""


class WatchlistFile(Model):
    """A watchlist."""

    name: Annotated[Text, Field(description="the list's name, as readers see it")]
    terms: Annotated[tuple[TermModel, ...], Field(min_length=1, description="what is watched")]


class SlackBotModel(Model):
    """A bot of one's own in a channel of Slack."""

    token: Annotated[
        EnvName, Field(description="NAME of the environment variable that holds the bot's token")
    ]
    channel: Annotated[SlackChannel, Field(description="id of the channel, such as C0123456789")]


class ChannelModel(Model):
    """Where digests go: one of the five."""

    file: Annotated[Folder | None, Field(description="a folder")] = None
    email: Annotated[
        tuple[Email, ...] | None, Field(min_length=1, description="addresses; each gets a mail of its own")
    ] = None
    slack: Annotated[
        EnvName | None,
        Field(description="NAME of the environment variable that holds the webhook's address"),
    ] = None
    slack_bot: Annotated[
        SlackBotModel | None, Field(description="a bot of Slack: a thread for each story")
    ] = None
    apprise: Annotated[
        EnvName | None,
        Field(
            description="NAME of the environment variable that holds an Apprise address: Telegram, Teams, "
            "Discord, ntfy and others"
        ),
    ] = None


class OutletsModel(Model):
    """Whose articles a subscription tells of."""

    only: Annotated[
        tuple[Text, ...], Field(min_length=1, description="these alone: ids of feeds or names of outlets")
    ] = ()
    without: Annotated[
        tuple[Text, ...], Field(description="all but these: ids of feeds or names of outlets")
    ] = ()


class SubscriptionModel(Model):
    """Who gets what, when, where."""

    id: Annotated[Slug, Field(description="short name in Latin letters; the outbox knows it by this")]
    name: Annotated[Text, Field(description="title of the digest")]
    watchlists: Annotated[
        tuple[Text, ...], Field(description="names of files in watchlists/, without .yaml")
    ] = ()
    terms: Annotated[tuple[Text, ...], Field(description="ids of single terms")] = ()
    schedule: Annotated[
        Schedule, Field(description="immediate, hourly, daily HH:MM, weekly DAY HH:MM, or five cron fields")
    ]
    timezone: Annotated[
        Timezone | None, Field(description="of the schedule; without it that of the settings")
    ] = None
    language: Annotated[Literal["ar", "en"], Field(description="of the digest")] = "ar"
    min_importance: Annotated[Whole, Field(ge=1, le=3, description="leave out terms below this")] = 1
    when_empty: Annotated[Literal["skip", "send"], Field(description="what to do when nothing is new")] = (
        "skip"
    )
    max_stories: Annotated[Whole, Field(ge=1, le=200, description="stories in one digest at most")] = 20
    max_age_days: Annotated[
        Whole, Field(ge=1, le=365, description="an article older than this when first seen is no news")
    ] = 3
    quiet: Annotated[
        Quiet | None,
        Field(description="hours without a message, as 22:00-06:00; what is due waits for their end"),
    ] = None
    weekdays: Annotated[
        Weekdays, Field(description="days with messages, as [sun, tue] or sun-thu; without it all seven")
    ] = ("sun-sat",)
    outlets: Annotated[
        OutletsModel, Field(description="whose articles it tells of; without it everyone's")
    ] = OutletsModel()
    paused: Annotated[
        Paused,
        Field(description="true: nothing is composed or sent; a date: nothing before that day"),
    ] = False
    channels: Annotated[tuple[ChannelModel, ...], Field(min_length=1, description="where the digest goes")]


class SubscriptionsFile(Model):
    """subscriptions.yaml."""

    subscriptions: Annotated[tuple[SubscriptionModel, ...], Field(description="who gets what")]
