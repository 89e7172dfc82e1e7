"""Operators' files: what is read, what is refused, and the words and lines of each refusal."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date, time, timedelta
from pathlib import Path

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from rasid.cleaning import clean_text
from rasid.config import (
    Config,
    Settings,
    check_examples,
    expand_env,
    json_schemas,
    parse_config,
    parse_feeds,
    parse_settings,
    parse_subscriptions,
    parse_watchlist,
)
from rasid.config.document import read_document
from rasid.config.settings import FeedbackSettings, OperatorsSettings, WebSettings
from rasid.errors import ConfigError, Problem
from rasid.types import ALL_WEEK, Channel, Cue, Example, Feed, Form, Watchlist

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"

FEEDS = """\
feeds:
  - id: naba
    name: نبأ التقنية
    url: https://naba.example.org/feed
    category: tech
    attested: verified
  - {id: afaq, name: آفاق, url: "https://afaq.example.org/rss", enabled: false, notes: بطيء}
"""

WATCHLIST = """\
name: رقائق الذكاء الاصطناعي
terms:
  - id: h20
    label: H20
    importance: 3
    forms: [إتش عشرين]
    codes:
      - H20
      - {form: إتش 20, near: [شريحة], within: 4, unless: [غرفة]}
    lookalikes: [{form: H2O, near: [رقائق, معالج], within: 6}]
    near: [معالج, رقائق]
    within: 12
    unless: [مطهر]
    examples:
      match:
        - توقف بيع رقائق H20 في السوق الصينية
      skip: [صيغة الماء الكيميائية H2O]
    notes: رقاقة للسوق الصينية
  - {id: kunlun, label: كونلون, label_en: Kunlun, forms: [كونلون]}
"""

SUBSCRIPTIONS = """\
subscriptions:
  - id: analysts
    name: نشرة الرقائق
    watchlists: [chips]
    terms: [kunlun, nvidia]
    schedule: daily 07:00
    channels:
      - file: var/digests
      - email: [a@example.org, b@example.org]
      - slack: SLACK_WEBHOOK_URL
  - id: night
    name: Night digest
    terms: [h20]
    schedule: weekly sun 23:30
    timezone: Africa/Cairo
    language: en
    min_importance: 2
    when_empty: send
    max_stories: 5
    max_age_days: 7
    paused: true
    channels: [{file: out}]
"""

NVIDIA = "name: شركات\nterms:\n  - {id: nvidia, label: إنفيديا, forms: [إنفيديا]}\n"


def lists() -> list[Watchlist]:
    """The two watchlists that the subscriptions above are about."""
    return [
        parse_watchlist(WATCHLIST, "watchlists/chips.yaml"),
        parse_watchlist(NVIDIA, "watchlists/companies.yaml"),
    ]


def files(**changed: str) -> dict[str, str]:
    """A whole config folder; `feeds="…"` and so on replace a file."""
    texts = {"settings": "timezone: Asia/Dubai\n", "feeds": FEEDS, "subscriptions": SUBSCRIPTIONS} | changed
    chips, companies = texts.pop("chips", WATCHLIST), texts.pop("companies", NVIDIA)
    return {f"{name}.yaml": text for name, text in texts.items()} | {
        "watchlists/chips.yaml": chips,
        "watchlists/companies.yaml": companies,
    }


def problems(parse: object, *args: object) -> list[tuple[int, str]]:
    """(line, message) of each problem that a parse function finds."""
    assert callable(parse)
    with pytest.raises(ConfigError) as caught:
        parse(*args)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def term(**keys: str) -> str:
    """A watchlist with one term on line 3, a key a line, for rules about terms."""
    given = {"id": "h20", "label": "H20", "forms": "[إتش عشرين]"} | keys
    lines = [f"{key}: {value}" for key, value in given.items() if value]
    return "name: قائمة\nterms:\n  - " + "\n    ".join(lines) + "\n"


def subscription(**keys: str) -> str:
    """A subscriptions file with one subscription on line 2."""
    given = {
        "id": "a",
        "name": "نشرة",
        "terms": "[h20]",
        "schedule": "hourly",
        "channels": "[{file: out}]",
    } | keys
    return (
        "subscriptions:\n  - "
        + "\n    ".join(f"{key}: {value}" for key, value in given.items() if value)
        + "\n"
    )


# ── what is read ──────────────────────────────────────────────────────────────────────────────────


def test_feeds_are_read_with_their_defaults() -> None:
    """A feed that says nothing else is enabled and general; operators' notes do not reach the core."""
    assert parse_feeds(FEEDS, "feeds.yaml") == (
        Feed(id="naba", name="نبأ التقنية", url="https://naba.example.org/feed", category="tech"),
        Feed(id="afaq", name="آفاق", url="https://afaq.example.org/rss", category="general", enabled=False),
    )


def test_a_watchlist_is_known_by_its_file_and_its_content() -> None:
    """The id is the file's stem, the version the beginning of the text's SHA-256."""
    watchlist = parse_watchlist(WATCHLIST, "watchlists/chips.yaml")

    assert ("chips", "رقائق الذكاء الاصطناعي") == (watchlist.id, watchlist.name)
    assert hashlib.sha256(WATCHLIST.encode()).hexdigest()[:12] == watchlist.version
    assert watchlist.version != parse_watchlist(WATCHLIST + "# تعليق\n", "watchlists/chips.yaml").version


def test_forms_keep_their_order_kind_and_cues() -> None:
    """A form's own cue goes before the term's; a lookalike never takes the term's."""
    h20, _ = parse_watchlist(WATCHLIST, "watchlists/chips.yaml").terms
    shared = Cue(words=("معالج", "رقائق"), within=12)

    assert h20.forms == (
        Form(text="إتش عشرين", kind="form", near=shared),
        Form(text="H20", kind="code", near=shared),
        Form(text="إتش 20", kind="code", near=Cue(words=("شريحة",), within=4), unless=("غرفة",)),
        Form(text="H2O", kind="lookalike", near=Cue(words=("رقائق", "معالج"), within=6)),
    )
    assert (("مطهر",), 3, "رقاقة للسوق الصينية") == (h20.unless, h20.importance, h20.notes)


def test_the_english_label_is_the_label_where_none_is_given() -> None:
    """Terms whose name is Latin need it once."""
    h20, kunlun = parse_watchlist(WATCHLIST, "watchlists/chips.yaml").terms

    assert (("H20", "H20"), ("كونلون", "Kunlun")) == (
        (h20.label, h20.label_en),
        (kunlun.label, kunlun.label_en),
    )
    assert (2, ()) == (kunlun.importance, kunlun.examples)


def test_examples_know_their_lines() -> None:
    """In both ways of writing a list."""
    h20, _ = parse_watchlist(WATCHLIST, "watchlists/chips.yaml").terms

    assert h20.examples == (
        Example(text="توقف بيع رقائق H20 في السوق الصينية", match=True, line=16),
        Example(text="صيغة الماء الكيميائية H2O", match=False, line=17),
    )


def test_subscriptions_are_resolved_into_terms() -> None:
    """Watchlists first, single terms after, each once; the default time zone is the caller's."""
    analysts, night = parse_subscriptions(SUBSCRIPTIONS, "subscriptions.yaml", lists(), timezone="Asia/Dubai")

    assert ("h20", "kunlun", "nvidia") == analysts.terms
    assert ("Asia/Dubai", "ar", timedelta(days=3), 20) == (
        analysts.timezone, analysts.language, analysts.max_age, analysts.max_stories,
    )  # fmt: skip
    assert analysts.channels == (
        Channel(kind="file", recipients=("var/digests",)),
        Channel(kind="email", recipients=("a@example.org", "b@example.org")),
        Channel(kind="slack", recipients=("SLACK_WEBHOOK_URL",)),
    )
    assert (("h20",), "Africa/Cairo", "en", 2, "send", 5, timedelta(days=7), True) == (
        night.terms, night.timezone, night.language, night.min_importance, night.when_empty,
        night.max_stories, night.max_age, night.paused,
    )  # fmt: skip


@pytest.mark.parametrize("text", ["# كل القيم افتراضية\n", "---\n# none\n", "{}"])
def test_settings_may_be_left_out(text: str) -> None:
    """A file of comments means every default."""
    assert Settings() == parse_settings(text, "settings.yaml")


def test_settings_are_read() -> None:
    """What is written counts, what is not keeps its default; a whole number may stand for a decimal one."""
    text = "http: {delay: 2, allow_hosts: [127.0.0.1]}\nsmtp:\n  security: none\n  sender: راصد <r@example.org>\n"
    read = parse_settings(text, "settings.yaml")

    assert (2.0, ("127.0.0.1",), 16) == (read.http.delay, read.http.allow_hosts, read.http.concurrency)
    assert ("none", "راصد <r@example.org>") == (read.smtp.security, read.smtp.sender)
    assert Settings().collect == read.collect


def test_a_config_is_the_four_together() -> None:
    """Terms of all lists by id, each with the version of its list; the settings' time zone is the default."""
    config = parse_config(files())

    assert isinstance(config, Config)
    assert ["h20", "kunlun", "nvidia"] == list(config.terms)
    assert {"h20": config.watchlists[0].version, "nvidia": config.watchlists[1].version} == {
        name: config.list_versions[name] for name in ("h20", "nvidia")
    }
    assert "Asia/Dubai" == config.subscriptions[0].timezone
    assert ["chips", "companies"] == [watchlist.id for watchlist in config.watchlists]


# ── YAML itself ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("07:00", "07:00"),
        ("2026-11-22", "2026-11-22"),
        ("1_000", "1_000"),
        ("<<", "<<"),
        ("=", "="),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("-3", -3),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ('"910"', "910"),
        ("'true'", "true"),
        ("9" * 30, 1e30),
    ],
)
def test_plain_scalars_are_those_of_yaml_1_2(written: str, value: object) -> None:
    """Also under a directive that asks for YAML 1.1."""
    for head in ("", "%YAML 1.1\n---\n"):
        document, found = read_document(f"{head}key: {written}\n", "file.yaml")

        assert ([], {"key": value}) == (found, document.root.value if document else None)


BOMB = "a: &a [x]\n" + "".join(f"k{number}: *a\n" for number in range(51))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 0, "the file is empty or missing; `rasid init` writes a first one"),
        (" \n\n", 0, "the file is empty or missing; `rasid init` writes a first one"),
        ("http:\n\tdelay: 1\n", 2, "a tab is used to indent; use spaces"),
        ("a: b: c", 1, "not valid YAML: a second ': ' on one line; put the text in quotes"),
        ("a: 1\nb: [1, 2\n", 3, "not valid YAML: expected ',' or ']'"),
        ("a: 1\nb: *q\n", 2, "not valid YAML: undefined alias *q; write the value out"),
        ("a: &x [*x]\n", 1, "not valid YAML: undefined alias *x"),
        ("a: 1\nb: `x`", 2, "that cannot start any token; put the text in quotes"),
        ("---\nhttp: {}\n---\nhttp: {}\n", 4, "a second document begins here; remove the line '---'"),
        ("a: 1\nb: \x01", 2, "the character U+0001 is not allowed; delete it"),
        ('a: "\\0"', 1, "the text holds the character U+0000; delete it"),
        ('a: "\\ud800"', 1, "the text holds the character U+D800; delete it"),
        ('a: "\\UFFFFFFFF"', 0, "not valid YAML: an escape names no character"),
        ("[a]: 1", 1, "a key must be plain text"),
        ("a: !!int x", 1, "is not used here; remove it"),
        ("a:\n  - " + "[" * 100, 2, "nested deeper than 40 levels; flatten the file"),
        ("[" * 100_000, 1, "nested deeper than 40 levels; flatten the file"),
        (BOMB, 52, "more than 50 aliases (*name); write the values out"),
        ("#" * 1_000_001, 0, "longer than 1,000,000 characters; split the file"),
        ("- http\n", 1, "the file: expected keys with values, got a list"),
        ("http\n", 1, "the file: expected keys with values, got the text 'http'"),
        ("timezone: Asia/Riyadh\n\ntimezone: Asia/Dubai", 3, "key 'timezone' already stands at line 1"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_yaml_is_refused_at_its_line(text: str, line: int, message: str) -> None:
    """One clear error, however hostile the text."""
    found = problems(parse_settings, text, "settings.yaml")

    assert any(line == at and message in said for at, said in found), found


def test_aliases_within_the_limit_are_read() -> None:
    """The same cues for two terms need to be written once; each problem is told where the alias stands."""
    text = term(near="&cues [رقائق, شريحة]") + "  - {id: b, label: B20, codes: [B20], near: *cues}\n"

    first, second = parse_watchlist(text, "w.yaml").terms

    assert first.forms[0].near == second.forms[0].near == Cue(words=("رقائق", "شريحة"))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("a:-[]{}&*!|>'\"%@#?,\\ \n\tUx0ق")))
@example('a: "\\U"')
@example("? \n")
@example("!<\n")
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the parser raise anything but ConfigError, and every message is one line."""
    refused: list[Problem] = []
    try:
        parse_settings(text, "settings.yaml")
    except ConfigError as error:
        refused = error.problems or [Problem("", 0, "\n")]

    assert not [problem for problem in refused if "\n" in problem.message]


# ── shapes ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (term(lable="H20"), 6, "unknown key 'lable'; did you mean 'label'?"),
        (term(zzz="1"), 6, "unknown key 'zzz'; known here: codes, examples, forms, id, "),
        (term(label=""), 3, "missing key 'label'; add it (the name as Arabic digests show it)"),
        (term(label="910"), 4, 'label: expected text, got 910; put it in quotes: "910"'),
        (term(label="true"), 4, 'label: expected text, got true; put it in quotes: "true"'),
        (term(label="''"), 4, "label: is empty; write something, or leave the key out"),
        (term(id="H 20"), 3, "id: 'H 20' is no id; write up to 64 small Latin letters, digits, - and _"),
        (term(importance="4"), 6, "importance: expected 3 or less, got 4"),
        (term(importance="high"), 6, "importance: expected a whole number, got the text 'high'"),
        (term(notes="~"), 6, "notes: expected text, got nothing; write a value, or leave the key out"),
        (
            term(unless="غرفة"),
            6,
            "unless: expected a list: [a, b], or a '- ' line for each, got the text 'غرفة'",
        ),
        (term(near="[]"), 6, "near: is empty; write something, or leave the key out"),
        (term(within="3"), 3, "'within' says how far 'near' may be, and there is no near; add near: [...]"),
        (term(forms="[]"), 3, "no spelling; add forms: [...] or codes: [...]"),
        (term(forms=""), 3, "no spelling; add forms: [...] or codes: [...]"),
        (term(forms="['']"), 5, "form: is empty; write something, or leave the key out"),
        (
            term(forms="[ق]"),
            5,
            "form: 'ق' is shorter than 2 letters and would match everywhere; write the whole name",
        ),
        (term(forms="['C++']"), 5, "form: 'C++' is shorter than 2 letters"),
        (term(codes="[910]"), 6, 'form: expected text, got 910; put it in quotes: "910"'),
        (term(codes="[{form: H20, neer: [رقائق]}]"), 6, "unknown key 'neer'; did you mean 'near'?"),
        (term(codes="[{form: H20, within: 3}]"), 6, "'within' says how far 'near' may be"),
        (term(codes="[{near: [رقائق]}]"), 6, "missing key 'form'; add it (the spelling)"),
        (term(codes="\n      - H20\n      - [H20]"), 8, "form: expected text, got a list"),
        (term(lookalikes="[H2O]"), 6, "lookalikes: expected keys with values, got the text 'H2O'"),
        (term(lookalikes="[{form: H2O}]"), 6, "missing key 'near'; add it"),
        (
            term(examples="{match: [رقاقة: H20]}"),
            6,
            "match: expected text, got keys with values; put a text that",
        ),
        (term(examples="{matches: []}"), 6, "unknown key 'matches'; did you mean 'match'?"),
        (
            term() + "  - {id: h20, label: آخر, forms: [آخر]}\n",
            6,
            "term id already listed at line 3; remove one",
        ),
        ("name: قائمة\nterms: []\n", 2, "terms: is empty; write something, or leave the key out"),
        ("terms:\n  - 3\n", 2, "terms: expected keys with values, got 3"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_watchlist_problems(text: str, line: int, message: str) -> None:
    """Each told at its line, with what to write instead."""
    found = problems(parse_watchlist, text, "watchlists/w.yaml")

    assert any(line == at and said.startswith(message) for at, said in found), found


FEED_A = "  - {id: a, name: ألف, url: 'https://a.example.org/feed'}\n"


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("{id: a, name: ب, url: 'https://b.example.org/'}", "feed id already listed at line 2; remove one"),
        (
            "{id: b, name: ب, url: 'http://A.example.org/feed/'}",
            "feed URL already listed at line 2 (id a); remove one",
        ),
        (
            "{id: b, name: ب, url: 'ftp://b.example.org/'}",
            "url: not an http or https address: 'ftp://b.example.org/';",
        ),
        ("{id: b, name: ب, url: b.example.org}", "url: not an http or https address: 'b.example.org';"),
        (
            "{id: b, name: ب, url: 'https://b.example.org/a b'}",
            "url: an address holds no ' '; write it percent-",
        ),
        ("{id: b, name: ب, url: 'https://b.example.org:99999/'}", "url: Port out of range"),
        ("{id: b, name: ب, url: 'https://[::1/'}", "url: "),
        (
            "{id: b, url: 'https://b.example.org/'}",
            "missing key 'name'; add it (the outlet's name, as readers see it)",
        ),
        (
            "{id: b, name: ب, url: 'https://b.example.org/', enabled: no}",
            "enabled: expected true or false, got the",
        ),
        ("{id: b, name: ب, uri: 'https://b.example.org/'}", "unknown key 'uri'; did you mean 'url'?"),
    ],
)
def test_feed_problems(item: str, message: str) -> None:
    """Each told at the line of the feed it is about, not of the one before."""
    found = problems(parse_feeds, f"feeds:\n{FEED_A}  - {item}\n", "feeds.yaml")

    assert {3} == {line for line, _ in found}
    assert any(said.startswith(message) for _, said in found), found


def test_a_password_in_an_address_is_not_repeated() -> None:
    """The refusal of user information must not write it into logs."""
    [(_, message)] = problems(
        parse_feeds,
        "feeds:\n  - {id: a, name: أ, url: 'https://user:hunter2@a.example.org/'}\n",
        "feeds.yaml",
    )

    assert "user information in an address is refused" in message
    assert "hunter2" not in message


OUTLETS = ("naba", "afaq", "نبأ التقنية", "آفاق")
WEBHOOK = "https://hooks.slack.example/services/T0/B0/hunter2"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (subscription(watchlists="[chip]"), 7, "unknown watchlist 'chip'; did you mean 'chips'?"),
        (subscription(terms="[h20, nvida]"), 4, "unknown term 'nvida'; did you mean 'nvidia'?"),
        (subscription(terms="[قمر]"), 4, "unknown term 'قمر'; known are: h20, kunlun, nvidia"),
        (
            subscription(terms=""),
            2,
            "the subscription watches nothing; add watchlists: [...] or terms: [...]",
        ),
        (subscription(schedule="daily 25:00"), 5, "schedule: '25:00' is no time of day"),
        (subscription(schedule="07:00"), 5, "schedule: '07:00' is no schedule"),
        (
            subscription(timezone="Asia/Riyad"),
            7,
            "timezone: unknown time zone 'Asia/Riyad'; did you mean 'Asia/Riyadh'?",
        ),
        (
            subscription(timezone="Asia"),
            7,
            "timezone: unknown time zone 'Asia'; write one such as Asia/Riyadh",
        ),
        (subscription(timezone="../x"), 7, "timezone: unknown time zone '../x'"),
        (subscription(language="fr"), 7, "language: expected 'ar' or 'en', got the text 'fr'"),
        (
            subscription(paused="yes"),
            7,
            "paused: 'yes' is neither true nor false nor a date; write the first day",
        ),
        (subscription(paused="2026-02-30"), 7, "paused: '2026-02-30' is neither true nor false nor a date"),
        (subscription(paused="9999-12-31"), 7, "paused: '9999-12-31' is neither true nor false nor a date"),
        (subscription(schedule="immediate", when_empty="send"), 2, "an immediate subscription would send"),
        (subscription(paused="20260131"), 7, "paused: '20260131' is neither true nor false nor a date"),
        (subscription(paused="''"), 7, "paused: '' is neither true nor false nor a date"),
        (subscription(quiet="22:00"), 7, "quiet: '22:00' are no hours of quiet: write them as 22:00-06:00"),
        (subscription(quiet="22-6"), 7, "quiet: '22' is no time of day: write it as 07:00"),
        (subscription(quiet="'06:00-06:00'"), 7, "quiet: '06:00-06:00' leaves no moment of the day"),
        (subscription(quiet="[22:00-06:00]"), 7, "quiet: expected text, got a list"),
        (subscription(weekdays="[]"), 7, "weekdays: is empty; write something, or leave the key out"),
        (
            subscription(weekdays="sunday"),
            7,
            "weekdays: 'sunday' is no day of the week: write one of sun, mon",
        ),
        (subscription(weekdays="[sun, 2]"), 7, 'weekdays: expected text, got 2; put it in quotes: "2"'),
        (subscription(weekdays="{sun: 1}"), 7, "weekdays: expected a list: [a, b]"),
        (subscription(outlets="{only: [nabaa]}"), 7, "unknown outlet 'nabaa'; did you mean 'naba'?"),
        (
            subscription(outlets="{without: [نبا التقنية]}"),
            7,
            "unknown outlet 'نبا التقنية'; did you mean 'نبأ التقنية'?",
        ),
        (
            subscription(outlets="{only: [naba, afaq], without: [afaq]}"),
            7,
            "'afaq' is in only: and in without:; remove one",
        ),
        (subscription(outlets="{only: []}"), 7, "only: is empty; write something, or leave the key out"),
        (subscription(outlets="{onyl: [naba]}"), 7, "unknown key 'onyl'; did you mean 'only'?"),
        (subscription(max_age_days="1.5"), 7, "max_age_days: expected a whole number, got 1.5"),
        (subscription(channels="[]"), 6, "channels: is empty; write something, or leave the key out"),
        (
            subscription(channels="[{}]"),
            6,
            "a channel is one of file, email, slack, slack_bot, apprise; give each a '- ' of its own",
        ),
        (subscription(channels="[{file: }]"), 6, "a channel is one of file, email, slack"),
        (
            subscription(channels="[{file: out, email: [a@b.org]}]"),
            6,
            "a channel is one of file, email, slack",
        ),
        (subscription(channels="[{email: a@b.org}]"), 6, "email: expected a list"),
        (
            subscription(channels="[{email: [a.b.org]}]"),
            6,
            "email: 'a.b.org' is no e-mail address; write it as",
        ),
        (
            subscription(channels="[{email: [a@b.org, A@b.org]}]"),
            6,
            "address already listed at line 6; remove one",
        ),
        (
            subscription(channels=f"[{{slack: '{WEBHOOK}'}}]"),
            6,
            "slack: not the name of an environment variable",
        ),
        (
            subscription(channels=f"[{{file: '{WEBHOOK}'}}]"),
            6,
            "file: an address where a folder belongs; write",
        ),
        (
            subscription(channels=f"[{{email: '{WEBHOOK}'}}]"),
            6,
            "email: expected a list: [a, b], or a '- ' line for each, got the text (not shown, as it may be a secret)",
        ),
        (
            subscription(channels=f"[{{email: ['{WEBHOOK}']}}]"),
            6,
            "email: (not shown, as it may be a secret) is no e-mail address",
        ),
        (
            subscription(channels="[{apprise: 'tgram://hunter2/1'}]"),
            6,
            "apprise: not the name of an environment",
        ),
        (
            subscription(channels="[{slack_bot: xoxb-hunter2}]"),
            6,
            "slack_bot: expected keys with values, got the text (not shown",
        ),
        (
            subscription(channels="[{slack_bot: {token: xoxb-hunter2, channel: C0123456789}}]"),
            6,
            "token: not the name of an environment variable",
        ),
        (
            subscription(channels="[{slack_bot: {token: BOT, channel: xoxb-hunter2}}]"),
            6,
            "channel: (not shown, as it may be a secret) is no id of a channel",
        ),
        (
            subscription(channels="[{slack_bot: {token: BOT, channel: '#news'}}]"),
            6,
            "channel: '#news' is no id of a channel; write one such as C0123456789",
        ),
        (
            subscription(channels="[{slack_bot: {token: BOT}}]"),
            6,
            "missing key 'channel'; add it (id of the channel",
        ),
        (
            subscription(
                channels="[{slack_bot: {token: A, channel: C012345678}}, {slack_bot: {token: B, channel: C012345678}}]"
            ),
            6,
            "channel of Slack already listed at line 6; remove one",
        ),
        (
            subscription(channels="[{apprise: A}, {apprise: A}]"),
            6,
            "variable already listed at line 6; remove one",
        ),
        (
            subscription(channels="[{file: out/}, {file: ./out}]"),
            6,
            "folder already listed at line 6; remove one",
        ),
        (subscription(channels="[{mail: [a@b.org]}]"), 6, "unknown key 'mail'; did you mean 'email'?"),
        (
            subscription() + subscription().partition("\n")[2],
            7,
            "subscription id already listed at line 2; remove one",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_subscription_problems(text: str, line: int, message: str) -> None:
    """Each told at its line; nothing that may be a secret is repeated."""
    found = problems(lambda: parse_subscriptions(text, "subscriptions.yaml", lists(), outlets=OUTLETS))

    assert any(line == at and said.startswith(message) for at, said in found), found
    assert not [said for _, said in found if "hunter2" in said]


def test_a_subscriptions_rests_outlets_and_pause() -> None:
    """Quiet hours, days, outlets and the end of a pause, as the core takes them."""
    text = subscription(
        quiet="22:00-06:00",
        weekdays="[sun, tue-wed]",
        outlets="{only: [naba], without: [آفاق]}",
        paused="2026-01-31",
        channels="[{slack_bot: {token: BOT_TOKEN, channel: C0123456789}}, {apprise: TELEGRAM}]",
    )

    [read] = parse_subscriptions(text, "subscriptions.yaml", lists(), outlets=OUTLETS)

    assert (time(22), time(6)) == read.quiet
    assert frozenset({0, 2, 3}) == read.weekdays
    assert (("naba",), ("آفاق",)) == (read.only_outlets, read.not_outlets)
    assert (False, date(2026, 1, 31)) == (read.paused, read.paused_until)
    assert (
        Channel("slack_bot", ("BOT_TOKEN:C0123456789",)),
        Channel("apprise", ("TELEGRAM",)),
    ) == read.channels


def test_a_subscription_that_says_nothing_never_rests() -> None:
    """Every day, every hour, every outlet."""
    [read] = parse_subscriptions(subscription(), "subscriptions.yaml", lists())

    assert (None, ALL_WEEK, (), (), False, None) == (
        read.quiet,
        read.weekdays,
        read.only_outlets,
        read.not_outlets,
        read.paused,
        read.paused_until,
    )


def test_a_search_among_the_outlets_means_all_that_it_became() -> None:
    """Feeds of a search have ids of their own, which operators do not write."""
    feeds = FEEDS + "  - {id: news, name: أخبار, google_news: [companies, chips]}\n"

    config = parse_config(files(feeds=feeds, subscriptions=subscription(outlets="{without: [news, naba]}")))

    [read] = config.subscriptions
    assert ("news-nvidia", "news-h20", "news-kunlun", "naba") == read.not_outlets


def test_outlets_are_those_of_feeds_yaml() -> None:
    """Where all files are read, an outlet that no feed has is refused; not where feeds.yaml cannot be read at all."""
    wrong = subscription(outlets="{only: [nabaa]}")

    assert [(7, "unknown outlet 'nabaa'; did you mean 'naba'?")] == problems(
        parse_config, files(subscriptions=wrong)
    )
    assert not [
        message
        for _, message in problems(parse_config, files(subscriptions=wrong, feeds="feeds: ["))
        if "outlet" in message
    ]


def test_operators_settings() -> None:
    """Their channels are written and read as a subscription's are."""
    text = (
        "operators:\n  language: ar\n  channels:\n    - email: [a@b.org, c@b.org]\n    - apprise: ONCALL\n"
        "feedback: {key_env: KEY, days: 7}\nweb: {port: null}\n"
    )

    read = parse_settings(text, "settings.yaml")

    channels = (Channel("email", ("a@b.org", "c@b.org")), Channel("apprise", ("ONCALL",)))
    assert OperatorsSettings(channels, "ar", 60, 60) == read.operators
    assert FeedbackSettings("KEY", 7) == read.feedback
    assert WebSettings("127.0.0.1", None) == read.web


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ("[{}]", "a channel is one of file, email, slack, slack_bot, apprise; give each"),
        ("[{email: [a@b.org]}, {email: [A@b.org]}]", "address already listed at line 2; remove one"),
        ("[{slack: A}, {slack: A}]", "webhook already listed at line 2; remove one"),
        (f"[{{slack: '{WEBHOOK}'}}]", "slack: not the name of an environment variable"),
        ("[{mail: [a@b.org]}]", "unknown key 'mail'; did you mean 'email'?"),
        ("[{slack_bot: {chanel: C0123456789}}]", "unknown key 'chanel'; did you mean 'channel'?"),
        ("{email: [a@b.org]}", "channels: expected a list"),
    ],
)
def test_operators_channels_are_checked_as_a_subscriptions_are(channels: str, message: str) -> None:
    """The same shapes, rules and words, at their line."""
    found = problems(parse_settings, f"operators:\n  channels: {channels}\n", "settings.yaml")

    assert any(line == 2 and said.startswith(message) for line, said in found), found
    assert not [said for _, said in found if "hunter2" in said]


def test_one_recipient_may_have_two_subscriptions() -> None:
    """Only within one subscription a repeated address is a mistake."""
    again = subscription(id="b").partition("\n")[2]

    assert 2 == len(parse_subscriptions(subscription() + again, "subscriptions.yaml", lists()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "smtp: {password_env: 90210475}",
            "password_env: not the name of an environment variable; write a name",
        ),
        ("databse: x", "unknown key 'databse'; did you mean 'database'?"),
        ("http: {dealy: 1}", "unknown key 'dealy'; did you mean 'delay'?"),
        ("database: mysql://x", "database: not a database Rasid knows; write sqlite:///var/rasid.sqlite or"),
        (
            "database: postgresql://rasid:hunter2@db/rasid",
            "database: a database URL with a user belongs in the env",
        ),
        (
            "database: ${rasid}",
            "database: '${rasid}' is no reference to the environment; write ${NAME} in capitals",
        ),
        ("database: 'x${RASID'", "database: '${RASID' is no reference to the environment"),
        ("public_url: /archive", "public_url: not an http or https address"),
        ("http: {delay: -1}", "delay: expected 0 or more, got -1"),
        ("http: {deadline: 0}", "deadline: expected more than 0, got 0"),
        ("http: {deadline: .inf}", "deadline: expected a number, got inf"),
        ("http: {concurrency: '3'}", "concurrency: expected a whole number, got the text '3'"),
        ("http: {concurrency: true}", "concurrency: expected a whole number, got true"),
        ("http: {contact: me}", "contact: 'me' is neither a web nor an e-mail address"),
        (
            "http: {allow_hosts: ['http://x/']}",
            "allow_hosts: 'http://x/' is no host; write the name or address alone",
        ),
        ('http: {user_agent: "a\\r\\nX: 1"}', "the text holds the character U+000D; delete it"),
        ('http: {user_agent: "a\\nX: 1"}', "user_agent: 'a X: 1' is no user agent"),
        ("collect: {poll_min: 20, poll_max: 10}", "poll_min (20) is more than poll_max (10); swap them"),
        ("collect: {poll_min: 2000}", "poll_min (2000) is more than poll_max (1440); swap them"),
        ("smtp: {security: ssl}", "security: expected 'starttls', 'tls' or 'none', got the text 'ssl'"),
        ("smtp: {password_env: hunter2!}", "password_env: not the name of an environment variable"),
        ("smtp: {password: hunter2}", "unknown key 'password'; did you mean 'password_env'?"),
        (
            "smtp: {sender: rasid}",
            "sender: 'rasid' is no sender; write name@example.org or Rasid <name@example.org>",
        ),
        ("slack:", "slack: expected keys with values, got nothing; write a value, or leave the key out"),
    ],
)
def test_settings_problems(text: str, message: str) -> None:
    """Each with what to write instead, and without repeating a secret."""
    found = problems(parse_settings, text, "settings.yaml")

    assert any(1 == line and said.startswith(message) for line, said in found), found
    assert not [said for _, said in found if "hunter2" in said or "90210475" in said]


@pytest.mark.parametrize(
    "pattern",
    [
        r"^تابعونا .*$",
        r"(?:اقرا|شاهد) ايضا\b",
        r"(?i)follow us.+",
        r"[*+(]+ x",
        r"\(a+\)+",
        r"(?:ab){2}",
        r"(ab)+",
    ],
)
def test_boilerplate_patterns_that_are_taken(pattern: str) -> None:
    """What operators write for lines of a page."""
    text = json.dumps({"cleaning": {"boilerplate": [pattern]}})

    assert (pattern,) == parse_settings(text, "settings.yaml").cleaning.boilerplate


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"(a+)+b", "can hang"),
        (r"(a|a)*b", "can hang"),
        (r"(?:a?){30}b", "can hang"),
        (r"((ab*)c)+", "can hang"),
        (r"(?P<x>a{1,9})*b", "can hang"),
        (r"([)]+)+", "can hang"),
        (r"(?#)))(a+)+)", "not a valid pattern"),
        (r"(?#\()(a+)+", "can hang"),
        (r"(.)\1", "can hang"),
        (r"(?P<q>.)(?P=q)", "can hang"),
        (r"(a)?(?(1)b|c)", "can hang"),
        ("(?x)( # )\n a+ )+", "can hang"),
        (r"(", "not a valid pattern"),
        (r"*a", "not a valid pattern"),
        (r"[[a]", "not a valid pattern"),
        ("x" * 201, "a pattern of 201 characters; keep it under 200"),
    ],
)
def test_boilerplate_patterns_that_are_refused(pattern: str, message: str) -> None:
    """What cannot be compiled, and what a backtracking engine may never finish."""
    text = "cleaning:\n  boilerplate:\n    - abc\n    - " + json.dumps(pattern)
    [(line, said)] = problems(parse_settings, text, "settings.yaml")

    assert 4 == line
    assert said.startswith("boilerplate: ")
    assert message in said


def test_boilerplate_patterns_meet_the_folded_line() -> None:
    """An operator spells the line as the page does; its letters are folded, the pattern's syntax is not."""
    read = parse_settings(r"cleaning: {boilerplate: ['^تابعونا على \S+', '[أإ]علان']}", "settings.yaml")
    patterns = [re.compile(pattern) for pattern in read.cleaning.boilerplate]
    body = (
        "كشفت الشركة عن رقاقة جديدة مخصصة لمراكز البيانات في المنطقة\nوقالت إن الإنتاج يبدأ في العام المقبل"
    )

    assert (r"^تابعونا علي \S+", "[اا]علان") == read.cleaning.boilerplate
    assert body == clean_text(f"{body}\nتابعونا على تلغرام", "رقاقة", patterns)


# ── problems between files ────────────────────────────────────────────────────────────────────────


def test_every_problem_of_every_file_is_told_at_once() -> None:
    """One bad file does not hide the others, and a bad key not the bad value beside it."""
    broken = files(
        settings="timezone: Mars\nhttp: {dealy: 1}\n",
        feeds="feeds:\n  - {id: a, nome: أ, url: x}\n",
        chips=term(lable="x", importance="7"),
        subscriptions=subscription(terms="[h21]", language="fr"),
    )
    with pytest.raises(ConfigError) as caught:
        parse_config(broken)

    assert [
        ("feeds.yaml", 2),
        ("feeds.yaml", 2),
        ("feeds.yaml", 2),
        ("settings.yaml", 1),
        ("settings.yaml", 2),
        ("subscriptions.yaml", 4),
        ("subscriptions.yaml", 7),
        ("watchlists/chips.yaml", 6),
        ("watchlists/chips.yaml", 7),
    ] == [(problem.file, problem.line) for problem in caught.value.problems]


def test_a_term_id_is_unique_in_all_watchlists() -> None:
    """The later file is told, with the place of the first."""
    with pytest.raises(ConfigError) as caught:
        parse_config(files(companies=NVIDIA + "  - {id: h20, label: H20, codes: [H20]}\n"))

    message = "term id 'h20' already stands in watchlists/chips.yaml:3; remove one"
    assert [Problem("watchlists/companies.yaml", 4, message)] == caught.value.problems


def test_a_watchlist_that_cannot_be_read_brings_no_further_blame() -> None:
    """Subscriptions to its terms are not called unknown: the terms may be there."""
    with pytest.raises(ConfigError) as caught:
        parse_config(files(chips="name: [\n"))

    assert ["watchlists/chips.yaml"] == [problem.file for problem in caught.value.problems]


def test_missing_and_stray_files_are_told() -> None:
    """Feeds and subscriptions must be there, settings need not; a misnamed file is not passed over."""
    with pytest.raises(ConfigError) as caught:
        parse_config({"feeds.yml": FEEDS, "watchlists/deep/x.yaml": NVIDIA})

    told = {problem.file: problem.message for problem in caught.value.problems}
    assert {"feeds.yaml", "subscriptions.yaml", "feeds.yml", "watchlists/deep/x.yaml"} == set(told)
    assert "not a file that Rasid reads; did you mean 'feeds.yaml'?" == told["feeds.yml"]


# ── environment, examples, schemas, docs ──────────────────────────────────────────────────────────


def test_references_are_filled_from_the_environment() -> None:
    """All of them, and nothing else."""
    environ = {"DB": "postgresql://u:p@h/d", "X": "1"}

    assert "postgresql://u:p@h/d?x=1&$Y" == expand_env("${DB}?x=${X}&$Y", environ)
    assert "sqlite:///a" == expand_env("sqlite:///a", {})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("${NONE}", "the environment variable NONE is not set; set it where Rasid runs"),
        ("${EMPTY}", "the environment variable EMPTY is not set"),
        ("${DB", r"'\$\{DB' is no reference to the environment"),
        ("${}", r"'\$\{\}' is no reference to the environment"),
    ],
)
def test_what_the_environment_lacks_is_told_by_name(value: str, message: str) -> None:
    """The names are told, no values."""
    with pytest.raises(ValueError, match=message) as caught:
        expand_env(value, {"EMPTY": "", "DB": "hunter2"})

    assert "hunter2" not in str(caught.value)


def test_examples_that_fail_are_told_at_their_lines() -> None:
    """A match that was not found, a skip that was; examples of other terms stay silent."""
    chips = parse_watchlist(WATCHLIST, "watchlists/chips.yaml")
    nothing = check_examples(chips, lambda _: [])
    inverted = check_examples(chips, lambda text: ["h20"] if "H2O" in text else ["kunlun"])

    assert [
        Problem(chips.file, 16, "h20: expected a match, got nothing: «توقف بيع رقائق H20 في السوق الصينية»")
    ] == nothing
    assert [
        Problem(chips.file, 16, "h20: expected a match, got kunlun: «توقف بيع رقائق H20 في السوق الصينية»"),
        Problem(chips.file, 17, "h20: expected no match, got «صيغة الماء الكيميائية H2O»"),
    ] == inverted
    assert [] == check_examples(chips, lambda text: ["h20"] if "H20" in text else [])


def committed() -> dict[str, str]:
    """The config folder of the repository."""
    paths = [*CONFIG.glob("*.yaml"), *CONFIG.glob("watchlists/*.yaml")]
    return {path.relative_to(CONFIG).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def test_the_committed_files_are_valid_and_show_the_defaults() -> None:
    """What a new operator starts from: settings.yaml says exactly what holds without it."""
    config = parse_config(committed())

    assert Settings() == config.settings
    assert (48, "analysts") == (len(config.feeds), config.subscriptions[0].id)
    assert {"nvidia", "h20", "huawei", "kunlun"} <= set(config.terms)
    assert not [feed.id for feed in config.feeds if feed.enabled and not feed.url.startswith("https://")]


def test_only_attested_feeds_are_on() -> None:
    """A feed that nobody has verified is listed, not polled."""
    feeds = YAML(typ="safe", pure=True).load(committed()["feeds.yaml"])["feeds"]
    on = {feed["attested"].partition(";")[0] for feed in feeds if feed["enabled"]}

    assert {"verified", "verified 2026-09-09", "listed as verified"} == on
    assert "google-news" not in {feed["id"] for feed in feeds if feed["enabled"]}


def test_feeds_come_from_the_attested_list() -> None:
    """Every address of the list stands in feeds.yaml; the query has its placeholder filled."""
    source = ROOT.parent / "shared" / "feeds" / "arabic_tech_feeds.json"
    if not source.is_file():
        pytest.skip("the folder ../shared is not beside this checkout")
    wanted = {
        feed["url"] for feed in json.loads(source.read_text(encoding="utf-8")) if "<" not in feed["url"]
    }

    assert wanted <= {feed.url for feed in parse_config(committed()).feeds}


SCHEMA_OF = {"settings.yaml": "settings", "feeds.yaml": "feeds", "subscriptions.yaml": "subscriptions"}


@pytest.mark.parametrize("name", sorted(json_schemas()))
def test_committed_schemas_are_those_of_the_models(name: str) -> None:
    """`rasid schema` writes them; an editor must not know other keys than Rasid does."""
    text = (CONFIG / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")

    assert json.dumps(json_schemas()[name], ensure_ascii=False, indent=2) + "\n" == text


@pytest.mark.parametrize("file", sorted(committed()))
def test_committed_files_name_their_schema_and_fit_it(file: str) -> None:
    """The first line leads editors to the schema, and the schema accepts the file."""
    text = committed()[file]
    schema = SCHEMA_OF.get(file, "watchlist")
    [link] = re.findall(r"\A# yaml-language-server: \$schema=(\S+)\n", text)

    assert CONFIG / "schemas" / f"{schema}.schema.json" == ((CONFIG / file).parent / link).resolve()
    jsonschema.validate(YAML(typ="safe", pure=True).load(text), json_schemas()[schema])


PLACES = {
    "FeedModel": "feeds[].",
    "TermModel": "terms[].",
    "FormModel": "forms[].",
    "LookalikeModel": "forms[].",
    "ExamplesModel": "terms[].examples.",
    "QueryModel": "query.",
    "NearModel": "query.near.",
    "SubscriptionModel": "subscriptions[].",
    "OutletsModel": "subscriptions[].outlets.",
    "ChannelModel": "channels[].",
    "SlackBotModel": "channels[].slack_bot.",
}
# Written once in the docs, under subscriptions.yaml, and used by settings.yaml, too.
CHANNELS = ("ChannelModel", "SlackBotModel")


def keys_of(name: str) -> dict[str, object]:
    """Every key of a file's schema as the docs write it, with its default; `required` where it has none."""
    schema = json_schemas()[name]
    sections = {
        model: key
        for key, node in schema["properties"].items()
        if (model := node.get("$ref", "").rpartition("/")[2])
    }
    found: dict[str, object] = {}
    for model, node in {"": schema, **schema["$defs"]}.items():
        if model in CHANNELS and name == "settings":
            continue
        place = f"{sections[model]}." if model in sections else PLACES.get(model, "")
        for key, value in node["properties"].items():
            if place or key not in sections.values():
                default = "required" if key in node.get("required", ()) else value.get("default")
                found.setdefault(place + key, default)
    return found


@pytest.mark.parametrize("name", sorted(json_schemas()))
def test_every_key_is_documented_with_its_default(name: str) -> None:
    """docs/configuration.md has a row for each; and no row for a key that is not there."""
    docs = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    section = docs.partition(f"\n## {'watchlists/NAME' if name == 'watchlist' else name}.yaml\n")[2]
    rows = dict(re.findall(r"^\| `([^`]+)` \| (.*?) ?\|", section.partition("\n## ")[0], re.MULTILINE))
    keys = keys_of(name)

    assert set(keys) == set(rows)
    for key, default in keys.items():
        if default is not None or name == "settings":  # elsewhere the docs say in words what holds
            assert shown(default) == rows[key].strip("`"), key


def shown(default: object) -> str:
    """A default as YAML; whole seconds without their decimal, except where it hints at fractions."""
    if isinstance(default, str):
        return default or '""'
    if isinstance(default, dict):
        return "{}"
    return f"{default:g}" if isinstance(default, float) and default != 1.0 else json.dumps(default)


def test_the_examples_of_the_docs_are_valid() -> None:
    """Operators copy them."""
    docs = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    texts = dict(
        zip(
            ("settings", "feeds", "chips", "subscriptions"),
            re.findall(r"```yaml\n(.*?)```", docs, re.DOTALL),
            strict=True,
        )
    )

    config = parse_config(files(**texts))

    assert ("naba", "weekly sun 08:30") == (config.feeds[0].id, config.subscriptions[0].schedule)
