"""A digest as Block Kit: what both of Slack's channels, the webhook and the bot, put into their messages.

Text from outside goes into rich_text elements, which Slack shows as they are: no mrkdwn, no `<!channel>`,
and bold can begin inside a word, which mrkdwn refuses («بـ*إنفيديا*»). Slack has no direction attribute:
each paragraph begins with a mark, RLM or LRM, and runs of the other direction stand between isolates.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from alerts import words
from alerts.bidi import LRI, PDI, RLI, RLM, Direction, Run, clip, isolated, runs
from rasid.types import Snippet

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from alerts.view import Action, AppearanceView, FeedView, ReviewView, StoryView, View

Block = dict[str, Any]  # JSON of Block Kit, as Slack documents it
Element = dict[str, Any]
Message = dict[str, Any]

LRM = "\u200e"
MAX_BLOCKS = 50  # Slack refuses a message with more
MAX_TEXT = 3000  # and a block with more characters
MAX_MESSAGE = 10_000  # and loses the end of a message with more; 13,200 were refused as msg_blocks_too_long
_MAX_HEADER = 150
_MAX_FALLBACK = 150  # before escaping, which may make five characters of one

ROOM = MAX_MESSAGE - 5 * _MAX_FALLBACK - 400
"""Characters of a message's blocks; beside them stand the fallback text, the line that numbers the part, and what
the same digest may say longer an hour later («قبل ساعة», «أمس 9:40 م»)."""
LATER = timedelta(days=3)
"""After a window's end: when «two hours ago» has become a weekday with its date, the longest way to say it."""
_BLOCKS = MAX_BLOCKS - 4  # the same in blocks


@dataclass(frozen=True, slots=True)
class Unit:
    """Blocks that stay together in one message; the key is the same whenever the digest is drawn."""

    key: Hashable
    blocks: list[Block]


# ── units ─────────────────────────────────────────────────────────────────────────────────────────


def head(shown: View, *, repeat: bool) -> Unit:
    """Title, summary in words, a line a term."""
    title = f"{shown.brand} · {shown.name} · {shown.date}"
    notice = [_text(words.phrase(shown.language, "repeat"), shown.direction)] if repeat else []
    brief = [element for part in shown.brief for element in _text(part.text, shown.direction, bold=part.bold)]
    terms = [
        [*_text(term.label, shown.direction, bold=True), _element(f": {term.counted} · {term.caption}")]
        for term in shown.days
    ]
    more = [_text(shown.more_terms, shown.direction)] if shown.more_terms else []
    lines = [_start(shown.direction, line) for line in (*notice, brief, *terms, *more)]
    header = {"type": "plain_text", "text": _fitted(title, shown.direction, _MAX_HEADER), "emoji": False}
    return Unit("head", [{"type": "header", "text": header}, *_rich(lines)])


def keyed(stories: Sequence[StoryView]) -> Iterator[tuple[tuple[int, int], StoryView]]:
    """Stories with keys: a story may stand twice in a digest, with what is new and with what was found late."""
    seen: Counter[int] = Counter()
    for story in stories:
        seen[story.story_id] += 1
        yield (story.story_id, seen[story.story_id]), story


def said(story: StoryView, base: Direction) -> list[Block]:
    """What a story says: headline, terms, snippets."""
    headline = _start(story.direction, _linked(story.headline, story.link, story.direction))
    marks = [mark for mark in (story.tag, *story.chips) if mark]
    chips = [_start(base, _text(" · ".join(marks), base))] if marks else []
    snippets = [_start(story.direction, _text(snippet, story.direction)) for snippet in story.snippets]
    return _rich([headline, *chips, *snippets])


def appeared(story: StoryView, base: Direction) -> list[Block]:
    """Where a story appeared, whose report it is, why it matched."""
    lines = [line for one in story.appearances for line in _appearance(one, base)]
    return _rich([*lines, *(_start(base, _text(line, base)) for line in (*story.more, *story.foot))])


def acts(actions: Sequence[Action], base: Direction) -> list[Block]:
    """What a reader can do, in a line of links; no block for none."""
    return _rich([_start(base, _actions(actions, base))]) if actions else []


def more_stories(shown: View) -> list[Unit]:
    """The line that counts what is not shown."""
    line = _linked(shown.more_stories, shown.archive, shown.direction) if shown.more_stories else []
    return [Unit("more", _rich([_start(shown.direction, line)]))] if line else []


def reviews(shown: View) -> Iterator[Unit]:
    """Uncertain mentions, one unit each, under a title that stands with the first."""
    base = shown.direction
    title = _rich([_start(base, _text(shown.reviews_title, base, bold=True))])
    for number, review in enumerate(shown.reviews):
        yield Unit(("review", number), [*([] if number else title), *_review(review, base)])
    if shown.more_reviews:
        yield Unit("more reviews", _rich([_start(base, _text(shown.more_reviews, base))]))


def asides(shown: View) -> Iterator[Unit]:
    """Stories that could not be drawn, for a fault of our own, one unit each."""
    for number, one in enumerate(shown.asides):
        line = [
            *_linked(one.title, one.link, shown.direction),
            _element(" — "),
            *_text(one.why, shown.direction),
        ]
        yield Unit(("aside", number), _rich([_start(shown.direction, line)]))


def foot(shown: View) -> Iterator[Unit]:
    """Feeds that failed, and what stands below a digest."""
    base = shown.direction
    if shown.failed:
        title = _start(base, _text(shown.failed_title, base, bold=True))
        feeds = [_start(base, _feed(feed, base)) for feed in shown.failed]
        more = [_start(base, _text(shown.more_failed, base))] if shown.more_failed else []
        yield Unit("failed", _rich([title, *feeds, *more]))
    archive = [_linked(shown.archive_text, shown.archive, base)] if shown.archive else []
    lines = [_text(line, base) for line in (*shown.notes, shown.schedule, shown.reason) if line]
    actions = [_actions(shown.actions, base)] if shown.actions else []
    yield Unit("foot", _rich([_start(base, line) for line in (*archive, *lines, *actions)]))


def _appearance(one: AppearanceView, base: Direction) -> Iterator[list[Element]]:
    credit = [_element(" · "), *_text(one.credit, base)] if one.credit else []
    note = [_element(" — "), *_text(one.note, base)] if one.note else []
    when = [_element(" · "), *_text(one.when, base)]
    yield _start(base, [*_linked(one.outlet, one.link, base), *when, *credit, *note])
    if one.added is not None:
        yield _start(one.direction, [_element(words.QUOTE), *_text(one.added, one.direction)])


def _review(review: ReviewView, base: Direction) -> list[Block]:
    tag = [*_text(review.tag, base), _element(" · ")] if review.tag else []
    why = [_element(": "), *_text(review.why, base)] if review.why else []
    outlet = [_element(" · "), *_linked(review.outlet, review.link, base)]
    judged = [*tag, *_text(review.term, base, bold=True), *why, *outlet]
    quoted = _start(review.direction, _text(review.snippet, review.direction))
    return [*_rich([quoted, _start(base, judged)]), *acts(review.actions, base)]


def _actions(actions: Sequence[Action], base: Direction) -> list[Element]:
    links = [{"type": "link", "url": one.link, "text": _isolated(one.text, base)} for one in actions]
    return [element for link in links for element in (_element(" · "), link)][1:]


def _feed(feed: FeedView, base: Direction) -> list[Element]:
    name, rest = _text(feed.name, base, bold=True), _text(feed.error, base)
    return [*name, _element(" — "), *rest, _element(" · "), *_text(feed.since, base)]


# ── messages ──────────────────────────────────────────────────────────────────────────────────────


def message(shown: View, blocks: Sequence[Block], summary: str) -> Message:
    """A message of these blocks; `summary` is what a notification shows of it."""
    fallback = " · ".join(text for text in (shown.brand, shown.name, summary) if text)
    return {
        "text": _escaped(isolated(clip(fallback, _MAX_FALLBACK), shown.direction)),
        "blocks": list(blocks),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def paragraph(text: str, base: Direction) -> list[Block]:
    """One paragraph of Rasid's own words; no block for none."""
    return _rich([_start(base, _text(text, base))]) if text else []


def divided(unit: Unit) -> Unit:
    """The unit below a line across."""
    return Unit(unit.key, [{"type": "divider"}, *unit.blocks])


def packed(units: Sequence[Unit]) -> list[list[Hashable]]:
    """Fill messages in order, and return the keys of the units in each; no unit is split."""
    parts: list[list[Unit]] = [[]]
    for unit in units:
        blocks = [block for one in (*parts[-1], unit) for block in fitting(one.blocks)]
        if parts[-1] and (len(blocks) > _BLOCKS or weight(blocks) > ROOM):
            parts.append([])
        parts[-1].append(unit)
    return [[unit.key for unit in part] for part in parts]


def fitting(blocks: list[Block]) -> list[Block]:
    """The blocks of a unit; a story whose addresses alone would fill a message goes without them."""
    return blocks if weight(blocks) <= ROOM else [_without_links(block) for block in blocks]


def weight(blocks: Sequence[Block]) -> int:
    """Characters that may count: every text and every address."""
    return sum(len(text) for block in blocks for text in _strings(block, ("text", "url", "elements")))


def shown_length(blocks: Sequence[Block]) -> int:
    """Characters that a reader sees."""
    return sum(len(text) for block in blocks for text in _strings(block, ("text", "elements")))


def _strings(value: Any, keys: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key in keys:
            yield from _strings(value.get(key), keys)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one, keys)


def _without_links(block: Block) -> Block:
    if block["type"] != "rich_text":
        return block
    (section,) = block["elements"]
    bare = [_element(one["text"], bold=True) if one["type"] == "link" else one for one in section["elements"]]
    return {**block, "elements": [{**section, "elements": bare}]}


def _escaped(text: str) -> str:
    """Escape the three characters that Slack reads as markup in a message's own text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# ── elements of rich text ─────────────────────────────────────────────────────────────────────────


def _rich(lines: Sequence[list[Element]]) -> list[Block]:
    """Paragraphs in as few blocks as Slack's limit allows; none where there is nothing to say."""
    groups: list[list[Element]] = []
    for line in lines:
        if groups and weight(groups[-1]) + weight(line) < MAX_TEXT:
            groups[-1] += [_element("\n"), *line]
        else:
            groups.append(list(line))
    return [
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": group}]}
        for group in groups
    ]


def _element(text: str, *, bold: bool = False) -> Element:
    return {"type": "text", "text": _inert(text), **({"style": {"bold": True}} if bold else {})}


def _start(direction: Direction, line: list[Element]) -> list[Element]:
    """A mark for left-to-right too: Chromium, which Slack is built on, looks into isolates for the first letter."""
    return [_element(RLM if direction == "rtl" else LRM), *line]


def _text(value: str | Snippet, base: Direction, *, bold: bool = False) -> list[Element]:
    """Text with its hits in bold and its runs of the other direction isolated."""
    found = runs(value.text, base, value.hits) if isinstance(value, Snippet) else runs(value, base)
    return [element for run in found for element in _run(run, base, bold=bold)]


def _run(run: Run, base: Direction, *, bold: bool) -> Iterator[Element]:
    """A foreign run keeps its isolates in elements of their own, so that bold may begin inside it."""
    if run.foreign:
        yield _element(LRI if base == "rtl" else RLI)
    for piece in run.pieces:
        yield _element(piece.text, bold=bold or piece.hit)
    if run.foreign:
        yield _element(PDI)


def _linked(text: str, link: str | None, base: Direction) -> list[Element]:
    if link is None:
        return _text(text, base, bold=True)
    return [{"type": "link", "url": link, "text": _isolated(text, base), "style": {"bold": True}}]


def _isolated(text: str, base: Direction) -> str:
    return _inert(isolated(text, base))


def _fitted(text: str, base: Direction, limit: int) -> str:
    """Text shortened until it fits with its isolates, none of which is left open."""
    candidates = (_isolated(clip(text, length), base) for length in range(limit, 0, -2))
    return next(one for one in candidates if len(one) <= limit)


def _inert(text: str) -> str:
    """Keep `<!` and `<@` apart: rich text is not parsed for mentions, but what copies it on may be."""
    return text.replace("<", "<\u2060")
