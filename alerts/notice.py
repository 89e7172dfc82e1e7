"""What operators are told when Rasid falls silent: short, for a person who is on call at night.

What is wrong, since when, what to look at, the command to run. Errors and commands come from outside: they are shown as
they are, from left to right, on lines of their own, and nothing in them is read as a link, a mention or markup.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from alerts import words
from alerts.bidi import LRI, PDI, RLM, clean, clip
from alerts.render import Rendered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rasid.alarms import Alarm, Telling
    from rasid.types import Language, Reason

MAX_SAID = 300  # characters of one error: Slack takes 3,000 in a block, which is one alarm
MOST_SAID = 6  # errors of one alarm

Style = Literal["headline", "plain", "code"]


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice ready to be sent on any channel."""

    rendered: Rendered
    slack: dict[str, Any]  # one message


@dataclass(frozen=True, slots=True)
class _Line:
    style: Style  # code: an error or a command, from left to right
    text: str


def notice(
    telling: Telling,
    *,
    language: Language,
    timezone: str,
    now: datetime,
    place: str,
    rasid: str,
    only_way: bool = False,
) -> Notice:
    """Draw a notice.

    Args:
        telling: What it says; something.
        language: Of the operators.
        timezone: In which times are said.
        now: When it is sent.
        place: Which Rasid this is: the machine and the config folder.
        rasid: How its commands begin, `rasid --config FOLDER`.
        only_way: It goes a way that cannot be relied on, because there is no other.
    """
    lines = list(_lines(telling, language, timezone, now, place, rasid, only_way=only_way))
    subject = _subject(telling, language)
    rendered = Rendered(
        subject=subject,
        html=_html(lines, subject, language),
        text=_text(lines, language),
        digest_id=f"alarm-{now:%Y%m%dT%H%M%SZ}",
    )
    return Notice(rendered, _slack(lines, subject, language))


# ── words ────────────────────────────────────────────────────────────────────────────────────────

_SAY: dict[Language, dict[str, str]] = {
    "ar": {
        "new": "إنذار من راصد: {what}",
        "again": "ما زال الإنذار قائمًا في راصد: {what}",
        "over": "تعافى راصد: {what}",
        "more": " (و{n} غيره)",
        "alarm": "إنذار",
        "still": "ما زال قائمًا",
        "recovered": "تعافى",
        "since": "منذ: {when}",
        "lasted": "كان الإنذار منذ: {when}",
        "look": "انظر في: {what}",
        "run": "نفّذ:",
        "rest": "و{n} غيرها",
        "only way": "القناة التي وصلتك بها هذه الرسالة متعطلة هي نفسها، ولا قناة غيرها في operators.channels",
        "place": "من {place}، {when}",
    },
    "en": {
        "new": "Rasid alarm: {what}",
        "again": "Rasid alarm still stands: {what}",
        "over": "Rasid recovered: {what}",
        "more": " (+{n})",
        "alarm": "Alarm",
        "still": "Still",
        "recovered": "Recovered",
        "since": "Since: {when}",
        "lasted": "The alarm was told: {when}",
        "look": "Look at: {what}",
        "run": "Run:",
        "rest": "and {n} more",
        "only way": "The way that brought you this has failed itself, and operators.channels names no other",
        "place": "From {place}, {when}",
    },
}


def _subject(telling: Telling, language: Language) -> str:
    say = _SAY[language]
    told = [one.what for one in (*telling.new, *telling.again)] + [one.what for one in telling.over]
    kind = "new" if telling.new else "again" if telling.again else "over"
    more = say["more"].format(n=len(told) - 1) if len(told) > 1 else ""
    return clip(clean(say[kind].format(what=_in(told[0], language))), 150) + more


def _lines(
    telling: Telling,
    language: Language,
    timezone: str,
    now: datetime,
    place: str,
    rasid: str,
    *,
    only_way: bool,
) -> Iterator[_Line]:
    say = _SAY[language]

    def when(time: datetime) -> str:
        return words.moment(time, now, timezone, language)

    for key, alarms in (("alarm", telling.new), ("still", telling.again)):
        for alarm in alarms:
            yield _Line("headline", f"{say[key]}: {_in(alarm.what, language)}")
            if alarm.since is not None:
                yield _Line("plain", say["since"].format(when=when(alarm.since)))
            yield from _advice(alarm, language, rasid)
    for over in telling.over:
        yield _Line("headline", f"{say['recovered']}: {_in(over.what, language)}")
        yield _Line("plain", say["lasted"].format(when=when(over.since)))
    if only_way:
        yield _Line("plain", say["only way"])
    yield _Line("plain", say["place"].format(place=_ltr(place, language), when=when(now)))


def _advice(alarm: Alarm, language: Language, rasid: str) -> Iterator[_Line]:
    say = _SAY[language]
    for said in alarm.said[:MOST_SAID]:
        yield _Line("code", clip(clean(said), MAX_SAID))
    if len(alarm.said) > MOST_SAID:
        yield _Line("plain", say["rest"].format(n=len(alarm.said) - MOST_SAID))
    if alarm.look is not None:
        yield _Line("plain", say["look"].format(what=_in(alarm.look, language)))
    if alarm.commands:
        yield _Line("plain", say["run"])
        for command in alarm.commands:
            yield _Line("code", f"{clean(rasid)} {command}")


def _in(reason: Reason, language: Language) -> str:
    return reason.ar if language == "ar" else reason.en


def _ltr(text: str, language: Language) -> str:
    return f"{LRI}{clean(text)}{PDI}" if language == "ar" else clean(text)


# ── shapes ───────────────────────────────────────────────────────────────────────────────────────


def _text(lines: list[_Line], language: Language) -> str:
    mark = RLM if language == "ar" else ""
    written: list[str] = []
    for line in lines:
        if line.style == "headline" and written:
            written.append("")
        written.append(f"    {line.text}" if line.style == "code" else f"{mark}{line.text}")
    return "\n".join(written) + "\n"


_CSS: dict[Style, str] = {
    "headline": "font-weight:700;font-size:17px;margin:18px 0 6px",
    "plain": "margin:4px 0",
    "code": "font-family:Menlo,Consolas,monospace;font-size:13px;background:#f2f2f2;color:#1a1a1a;padding:6px 8px;"
    "margin:4px 0;text-align:left;word-break:break-word",
}


def _html(lines: list[_Line], subject: str, language: Language) -> str:
    direction, align = ("rtl", "right") if language == "ar" else ("ltr", "left")
    directions = {"code": "ltr"}
    drawn = "\n".join(
        f'<div dir="{directions.get(line.style, direction)}" style="{_CSS[line.style]}">{escape(line.text)}</div>'
        for line in lines
    )
    style = f"font-family:Tahoma,Arial,sans-serif;font-size:15px;line-height:1.6;text-align:{align}"
    return (
        f'<!DOCTYPE html>\n<html lang="{language}" dir="{direction}">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(subject)}</title></head>\n"
        f'<body style="margin:0;padding:12px">\n<table role="presentation" dir="{direction}" width="100%" '
        'style="max-width:600px" cellpadding="0" cellspacing="0"><tr>'
        f'<td dir="{direction}" style="{style}">\n{drawn}\n</td></tr></table>\n</body>\n</html>\n'
    )


_STYLES: dict[Style, str] = {"headline": "bold", "code": "code"}


def _slack(lines: list[_Line], subject: str, language: Language) -> dict[str, Any]:
    """One message, a block of rich text for each alarm: nothing in it is read as markup."""
    mark = RLM if language == "ar" else ""
    blocks: list[dict[str, Any]] = []
    for line in lines:
        if line.style == "headline" or not blocks:
            blocks.append({"type": "rich_text", "elements": []})
        text = line.text if line.style == "code" else f"{mark}{line.text}"
        element: dict[str, Any] = {"type": "text", "text": text}
        if line.style in _STYLES:
            element["style"] = {_STYLES[line.style]: True}
        end = {"type": "text", "text": "\n"}
        blocks[-1]["elements"].append({"type": "rich_text_section", "elements": [element, end]})
    fallback = subject.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": fallback, "blocks": blocks}
