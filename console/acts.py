"""What a reader can ask for: each act has a page that asks and changes nothing, and what is done when it is sent off.

An act is made of a visit, which holds what the reader's token opens. Where the address names what that digest does not
hold, there is no act.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.words import long_date
from console.pages import Choice, Form, Page, line, quoted
from console.words import phrase, who
from rasid.app import feedback
from rasid.feedback import proof

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from alerts.links import Reader
    from console.pages import Quote
    from rasid.app.feedback import Opened, Shown
    from rasid.types import DigestStory, Review
    from storage import Store

    Sent = Callable[[str | None], Page | None]  # what was chosen in; None: nothing that there was to choose

_NUMBER = re.compile(r"[0-9]{1,18}")  # as ids are written; \d would take Arabic digits, int() any length


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of one reader."""

    store: Store
    key: bytes
    token: str
    seen: Opened
    reader: Reader
    now: datetime

    def say(self, key: str, **values: str) -> str:
        """A phrase in the digest's language."""
        return phrase(self.seen.digest.language, key, **values)

    def page(
        self,
        title: str,
        lines: Sequence[str],
        quote: Quote | None = None,
        *,
        form: Form | None = None,
        warning: str = "",
        good: bool = False,
    ) -> Page:
        """A page of this reader."""
        digest = self.seen.digest
        return Page(
            digest.language,
            line(digest.name),
            title,
            tuple(lines),
            quote,
            form,
            self.reader.digest,
            warning,
            good,
        )

    def label(self, term: str) -> str:
        """A term's name in the digest's language."""
        labels = {
            one.term: one.label if self.seen.digest.language == "ar" else one.label_en
            for one in self.seen.digest.terms
        }
        return line(labels.get(term, term))


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a reader can ask for."""

    ask: Callable[[str], Page]  # the page that asks, with a warning or none
    do: Sent
    one_click: bool = False  # a mail program may do it without the page (RFC 8058)


def act(visit: Visit, name: str) -> Act | None:
    """The act of an address: `unsubscribe`, `mute/STORY`, `wrong/STORY`, `right|wrong/ARTICLE/TERM`."""
    match name.split("/"):
        case ["unsubscribe"]:
            return _unsubscribe(visit, name)
        case ["mute", number] if _NUMBER.fullmatch(number):
            story = visit.seen.story(int(number))
            return None if story is None else _mute(visit, name, story)
        case ["wrong", number] if _NUMBER.fullmatch(number):
            story = visit.seen.story(int(number))
            return None if story is None else _wrong(visit, name, story)
        case ["right" | "wrong" as side, number, term] if _NUMBER.fullmatch(number):
            review = visit.seen.review(int(number), term)
            return None if review is None else _judge(visit, name, review, right=side == "right")
    return None


def _form(visit: Visit, name: str, button: str, choices: Sequence[Choice] = ()) -> Form:
    return Form(visit.say(button), proof(visit.key, visit.token, name), tuple(choices))


# ── no more of it ─────────────────────────────────────────────────────────────────────────────────


def _unsubscribe(visit: Visit, name: str) -> Act:
    delivery, digest = visit.seen.delivery, visit.seen.digest
    by_mail = delivery.channel == "email"
    named = {"name": line(digest.name), "who": who(digest.language, delivery.channel)}
    address = quoted(feedback.short(delivery.recipient)) if by_mail else None

    def ask(warning: str) -> Page:
        if feedback.has_left(visit.store, visit.seen):
            return done(before=True)
        lines = [visit.say("leave ask", **named)]
        if not by_mail:
            lines.append(visit.say("leave all"))
        form = _form(visit, name, "leave do")
        return visit.page(visit.say("leave"), lines, address, form=form, warning=warning)

    def done(*, before: bool) -> Page:
        title = visit.say("left already" if before else "left")
        lines = [visit.say("left text", **named), visit.say("left undo")]
        return visit.page(title, lines, address, good=True)

    def do(_: str | None) -> Page:
        return done(before=not feedback.unsubscribe(visit.store, visit.seen, visit.now))

    return Act(ask, do, one_click=True)


def _mute(visit: Visit, name: str, story: DigestStory) -> Act:
    headline = quoted(story.headline)

    def ask(warning: str) -> Page:
        until = feedback.muted_until(visit.store, visit.seen, story.story_id, visit.now)
        choices = [
            Choice(value, visit.say(f"mute {value}"), chosen=at == 0)
            for at, value in enumerate(feedback.MUTES)
        ]
        lines = [visit.say("mute ask")] if until is None else [_how_long(visit, until)]
        title = visit.say("mute" if until is None else "muted already")
        form = _form(visit, name, "mute do", choices)
        return visit.page(title, lines, headline, form=form, warning=warning)

    def do(choice: str | None) -> Page | None:
        if choice not in feedback.MUTES:
            return None
        how_long = feedback.MUTES[choice]
        anew = feedback.mute(visit.store, visit.seen, story.story_id, how_long, visit.now)
        until = feedback.muted_until(visit.store, visit.seen, story.story_id, visit.now)
        said = _how_long(visit, until or visit.now + how_long)
        return visit.page(visit.say("muted" if anew else "muted already"), [said], headline, good=True)

    return Act(ask, do)


def _how_long(visit: Visit, until: datetime) -> str:
    if until - visit.now > feedback.ENDLESS:
        return visit.say("muted end")
    digest = visit.seen.digest
    return visit.say("muted until", date=long_date(until, digest.timezone, digest.language))


# ── mentions judged ───────────────────────────────────────────────────────────────────────────────


def _wrong(visit: Visit, name: str, story: DigestStory) -> Act:
    shown = {one.key: one for one in feedback.shown_mentions(visit.store, story)}

    def ask(warning: str) -> Page:
        if not shown:
            return visit.page(visit.say("wrong"), [visit.say("wrong none")], quoted(story.headline))
        choices = [
            Choice(key, visit.label(one.term), quoted(one.sentence), chosen=len(shown) == 1)
            for key, one in shown.items()
        ]
        form = _form(visit, name, "wrong do", choices)
        return visit.page(visit.say("wrong"), [visit.say("wrong ask")], form=form, warning=warning)

    def do(choice: str | None) -> Page | None:
        found = shown.get(choice or "")
        return None if found is None else _told(visit, found, match=False)

    return Act(ask, do)


def _judge(visit: Visit, name: str, review: Review, *, right: bool) -> Act:
    shown = feedback.review_shown(review)
    side = "judge right" if right else "judge wrong"

    def ask(warning: str) -> Page:
        lines = [visit.say(f"{side} ask", term=visit.label(review.term))]
        form = _form(visit, name, f"{side} do")
        return visit.page(visit.say(side), lines, quoted(review.snippet), form=form, warning=warning)

    def do(_: str | None) -> Page:
        return _told(visit, shown, match=right)

    return Act(ask, do)


def _told(visit: Visit, shown: Shown, *, match: bool) -> Page:
    anew = feedback.propose(visit.store, visit.seen, shown, visit.now, match=match)
    title = visit.say("told" if anew else "told already")
    return visit.page(title, [visit.say("told text")], quoted(shown.sentence), good=True)
