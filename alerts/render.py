"""A frozen digest as subject, HTML and plain text; the same digest and `now` give the same bytes."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from alerts import bidi, plain
from alerts.bidi import Direction, Run, clip, isolated
from alerts.view import View, subject, view
from rasid.types import Digest, Snippet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

MAX_BYTES = 80 * 1024  # Gmail cuts a mail at 102 KB and hides the rest; there must be room for its wrapping
MAX_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Rendered:
    """A digest ready to be sent on any channel."""

    subject: str
    html: str
    text: str
    digest_id: str


def render(
    digest: Digest, *, labels: Mapping[str, str] | None = None, public_url: str | None = None, now: datetime
) -> Rendered:
    """Draw a digest.

    Args:
        digest: What it says.
        labels: Names of terms by id, where they are not to be the digest's own.
        public_url: Where this digest can be read in full; linked at its foot and where stories are left out.
        now: For «two hours ago».
    """

    def drawn(stories: int) -> tuple[View, str]:
        shown = view(digest, labels=labels, public_url=public_url, now=now, stories=stories)
        return shown, _html(shown)

    shown, html = drawn(_fitting(len(digest.stories), lambda stories: len(drawn(stories)[1].encode())))
    return Rendered(subject=_subject(digest, shown), html=html, text=plain.text(shown), digest_id=digest.id)


def _fitting(most: int, size: Callable[[int], int]) -> int:
    """The largest number of stories whose page keeps within the limit; none in the worst case."""
    if size(most) <= MAX_BYTES:
        return most
    return max(0, bisect_right(range(most), MAX_BYTES, key=size) - 1)


def _subject(digest: Digest, shown: View) -> str:
    """«راصد · نشرة الرقائق: …», with each Latin run isolated; shortened until it fits with its isolates."""
    line = f"{shown.brand} · {shown.name}: {subject(digest)}"
    fitting = (isolated(clip(line, length), shown.direction) for length in range(MAX_SUBJECT, 0, -2))
    return next(one for one in fitting if len(one) <= MAX_SUBJECT)


def _runs(value: str | Snippet, base: Direction) -> tuple[Run, ...]:
    if isinstance(value, Snippet):
        return bidi.runs(value.text, base, value.hits)
    return bidi.runs(value, base)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
    )
    environment.filters["runs"] = _runs
    return environment


_TEMPLATE = _environment().get_template("digest.html.j2")
# Mail clients drop <style> in places (Gmail in forwarded mail), so the rules go into the elements; what
# cannot, the media queries for narrow and dark screens, stays in the head. Nothing is ever loaded.
_INLINER = CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def _html(shown: View) -> str:
    return _INLINER.inline(_TEMPLATE.render(view=shown))
