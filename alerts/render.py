"""A frozen digest as subject, HTML and plain text; the same digest and `now` give the same bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from alerts import bidi, plain
from alerts.bidi import Direction, Run, clip, isolated
from alerts.links import PLACEHOLDER
from alerts.view import MAX_REVIEWS, View, view
from rasid.types import Digest, Snippet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from alerts.links import Reader

MAX_BYTES = 80 * 1024  # Gmail cuts a mail at 102 KB and hides the rest; there must be room for its wrapping
MAX_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Rendered:
    """A digest ready to be sent on any channel."""

    subject: str
    html: str
    text: str
    digest_id: str

    def for_reader(self, token: str) -> Rendered:
        """The same made out to one reader: their token in the place of the one that stands for all."""
        return replace(
            self,
            html=self.html.replace(f"/r/{PLACEHOLDER}", f"/r/{token}"),
            text=self.text.replace(f"/r/{PLACEHOLDER}", f"/r/{token}"),
        )


def render(
    digest: Digest,
    *,
    labels: Mapping[str, str] | None = None,
    reader: Reader | None = None,
    now: datetime,
    hidden: AbstractSet[int] = frozenset(),
    whole: bool = False,
) -> Rendered:
    """Draw a digest.

    Args:
        digest: What it says.
        labels: Names of terms by id, where they are not to be the digest's own.
        reader: Where its reader can act, and read it in full; None: without these links.
        now: For «two hours ago».
        hidden: Stories that its reader muted.
        whole: All of its stories, however long the page: for a browser, not for a mailbox.
    """

    def drawn(stories: int, reviews: int) -> tuple[View, str]:
        shown = view(
            digest, labels=labels, reader=reader, now=now, stories=stories, reviews=reviews, hidden=hidden
        )
        return shown, _html(shown)

    shown, html = drawn(len(digest.stories), len(digest.reviews) if whole else MAX_REVIEWS)
    while not whole and len(html.encode()) > MAX_BYTES and (shown.stories or shown.reviews):
        if len(shown.stories) > 1:
            shown, html = drawn(_fitting(html, len(shown.stories)), len(shown.reviews))
        elif shown.reviews:  # a page of nothing but uncertain mentions would serve nobody
            shown, html = drawn(len(shown.stories), len(shown.reviews) - 1)
        else:
            shown, html = drawn(0, 0)
    return Rendered(subject=_subject(shown), html=html, text=plain.text(shown), digest_id=digest.id)


def _fitting(html: str, stories: int) -> int:
    """How many stories to draw where all of these are too long: as many as fit by their own lengths.

    Each begins with its headline. The last one's length is not known, and stays as room for the line that counts those
    left out.
    """
    page = html.encode()
    begun = [found.start() for found in re.finditer(rb"<h2 ", page)]
    too_long = len(page) - MAX_BYTES
    fit = sum(begun[-1] - start >= too_long for start in begun)
    return max(1, min(fit, stories - 1))


def _subject(shown: View) -> str:
    """«راصد · نشرة الرقائق: …», with each Latin run isolated; shortened until it fits with its isolates."""
    line = f"{shown.brand} · {shown.name}: {shown.subject}"
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
