"""A digest as plain text: what the HTML says, line by line, with the directions held by isolates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alerts.bidi import RLM, Direction, isolated
from alerts.words import QUOTE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.view import Action, AppearanceView, ReviewView, StoryView, View

_RULE = "─" * 32
_STRONG_ARABIC = re.compile("[\u0590-\u08ff]")


def text(view: View) -> str:
    """Draw a digest as plain text."""
    blocks = [_head(view), *_stories(view), _reviews(view), _failed(view), _foot(view)]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _line(base: Direction, *parts: str) -> str:
    """One paragraph; mail clients take its direction from the first strong letter, so that one is given."""
    shown = "".join(isolated(part, base) for part in parts)
    return shown if base == "ltr" or _STRONG_ARABIC.match(shown) else RLM + shown


def _head(view: View) -> list[str]:
    base = view.direction
    terms = [_line(base, term.label, f": {term.counted} · ", term.caption) for term in view.days]
    return [
        _line(base, view.brand, " · ", view.name, " · ", view.date),
        "",
        _line(base, "".join(part.text for part in view.brief)),
        *([""] if terms else []),
        *terms,
        *([_line(base, view.more_terms)] if view.more_terms else []),
    ]


def _stories(view: View) -> Iterator[list[str]]:
    for number, story in enumerate(view.stories, start=1):
        yield [_RULE, *_story(number, story, view.direction)]
    if view.more_stories:
        link = [view.archive] if view.archive else []
        yield [_RULE, _line(view.direction, view.more_stories), *link]
    if view.asides or view.notes:
        yield [_RULE, *_unshown(view)]


def _unshown(view: View) -> Iterator[str]:
    base = view.direction
    for aside in view.asides:
        yield _line(base, "• ", aside.title, " — ", aside.why)
        if aside.link:
            yield f"  {aside.link}"
    for note in view.notes:
        yield _line(base, note)


def _story(number: int, story: StoryView, base: Direction) -> Iterator[str]:
    yield _line(story.direction, f"{number}. ", story.headline)
    marks = [story.tag] if story.tag else []
    yield _line(base, " · ".join([*marks, *story.chips]))
    for snippet in story.snippets:
        yield ""
        yield _line(story.direction, snippet.text)
    yield ""
    for one in story.appearances:
        yield from _appearance(one, base)
    for line in (*story.more, *story.foot):
        yield _line(base, line)
    for action in story.actions:
        yield from _action(action, base)


def _action(action: Action, base: Direction) -> Iterator[str]:
    """What a reader can do; the address on a line of its own, where it turns nothing around."""
    yield _line(base, action.text)
    yield f"  {action.link}"


def _appearance(one: AppearanceView, base: Direction) -> Iterator[str]:
    credit = (" · ", one.credit) if one.credit else ()
    note = (" — ", one.note) if one.note else ()
    yield _line(base, "• ", one.outlet, " · ", one.when, *credit, *note)
    if one.added is not None:
        yield _line(one.direction, QUOTE, one.added.text)
    if one.link:
        yield f"  {one.link}"


def _reviews(view: View) -> list[str]:
    if not view.reviews:
        return []
    lines = [_RULE, _line(view.direction, view.reviews_title)]
    for review in view.reviews:
        lines += _review(review, view.direction)
    return [*lines, *([_line(view.direction, view.more_reviews)] if view.more_reviews else [])]


def _review(review: ReviewView, base: Direction) -> Iterator[str]:
    tag = (review.tag, " · ") if review.tag else ()
    why = (": ", review.why) if review.why else ()
    yield ""
    yield _line(review.direction, review.snippet.text)
    yield _line(base, *tag, review.term, *why, " · ", review.outlet)
    if review.link:
        yield f"  {review.link}"
    for action in review.actions:
        yield from _action(action, base)


def _failed(view: View) -> list[str]:
    if not view.failed:
        return []
    base = view.direction
    feeds = (_line(base, "• ", feed.name, " — ", feed.error, " · ", feed.since) for feed in view.failed)
    more = [_line(base, view.more_failed)] if view.more_failed else []
    return [_RULE, _line(base, view.failed_title), *feeds, *more]


def _foot(view: View) -> list[str]:
    base = view.direction
    archive = [_line(base, view.archive_text), view.archive] if view.archive else []
    schedule = [_line(base, view.schedule)] if view.schedule else []
    actions = [line for action in view.actions for line in _action(action, base)]
    return [_RULE, *archive, *schedule, _line(base, view.reason), *actions]
