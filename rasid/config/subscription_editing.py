"""Machine edits of subscriptions.yaml: a subscription paused and resumed, comments and layout kept.

The same splices as those of `rasid.config.editing`: the new text is read again and compared with what was meant.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from rasid.config.editing import Splice, insert_lines, spliced, with_change
from rasid.config.places import read_source
from rasid.config.values import nearest
from rasid.errors import EditError

if TYPE_CHECKING:
    from rasid.config.document import Path
    from rasid.config.places import Place, Source

_BEFORE = (  # a subscription's keys that stand before `paused`, as the documentation has them
    "id",
    "name",
    "watchlists",
    "terms",
    "schedule",
    "timezone",
    "language",
    "min_importance",
    "when_empty",
    "max_stories",
    "max_age_days",
    "quiet",
    "weekdays",
    "outlets",
)


def set_paused(text: str, subscription: str, *, paused: bool | date) -> str:
    """Write `paused:` of a subscription; the text as it is where it says so already.

    Raises:
        EditError: No such subscription; its layout is more than can be edited.
    """
    source = read_source(text)
    path = _path(source, subscription)
    holder = source.place(path)
    value = paused.isoformat() if isinstance(paused, date) else paused
    if source.value((*path, "paused")) == value or (value is False and "paused" not in holder.children):
        return text
    written = value if isinstance(value, str) else str(value).lower()
    if "paused" in holder.children:
        place = holder.children["paused"]
        splice = place.start, place.end, written
    else:
        splice = _new_key(source, holder, f"paused: {written}")
    expected = with_change(source.root, path, lambda keys: {**keys, "paused": value})
    return spliced(source, [splice], expected)


def _path(source: Source, subscription: str) -> Path:
    known = {str(value): path[:-1] for path, value in source.document.select("subscriptions.*.id")}
    if subscription not in known:
        hint = nearest(subscription, known) or f"; there are: {', '.join(known) or 'none'}"
        raise EditError(0, f"no subscription '{subscription}'{hint}")
    return known[subscription]


def _new_key(source: Source, holder: Place, line: str) -> Splice:
    """A key after the one that precedes it in the usual order."""
    before = [key for key in _BEFORE if key in holder.children][-1]
    end = holder.children[before].end
    if holder.flow:
        return end, end, f", {line}"
    column = source.column(holder.keys[before].start)
    return insert_lines(source, source.after(end, column), [" " * column + line])
