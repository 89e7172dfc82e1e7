"""Whose report an Arabic article passes on: «دبي (رويترز) -», «نقلا عن بلومبرغ».

Theory of operation
-------------------
Two kinds. `wire`: the text itself is the agency's, and the article says so at its edges: in the dateline (one of
the first lines), in a closing line, or in the author field. `quoted`: the article tells in its own words what a
press source said, and says so in a phrase around the name («وفق صحيفة …», «ذكرت رويترز أن», «قال لرويترز»).

A name alone says nothing: Reuters may be what the news is about, «الألمانية» is an adjective, «معا» a word. So
the spellings are of two sorts. A sure one (رويترز) counts wherever a phrase or an edge vouches for it. A short
one (واس, د ب أ, الألمانية; of papers الشرق الأوسط) counts at an edge, where nothing but a place, a date and an outlet
stand beside it, and after «وكالة» («صحيفة»); after «نقلا عن» and «وفق» unless it is a word as well.

1. `sources` reads the table of agencies and papers, `sources.txt`, at the first article.
2. Title and text are folded once, together.
3. `edges`: an automaton with every spelling (`names`) reads the author and the few lines at the edges.
4. `phrases`: another one finds in the whole text the sure names and what makes sources of short ones («وكالة»,
   «صحيفة», «نقلا عن»); only around what it finds are the phrases looked at, on 120 characters.
5. `unknown`: an outlet that is not in the table is named too, where the phrase is sure («نقلا عن صحيفة X»).
6. What is the outlet itself is passed over (`outlets`).

All of them give what they find in order, the best first, and are asked for no more than is needed: mostly one.

Known exceptions
----------------
- Nothing but its place tells a caption from a dateline or a closing: a bracket at the end of one of the first
  lines is a caption's («الوزير في باريس (أ ف ب)»), at the end of the last line it is the closing.
- «قالت رويترز إنها ستسرح» is news about Reuters and no source; «إنها اطلعت على وثيقة» is one.
- «إعداد … للنشرة العربية» is how Reuters' Arabic service closes, and counts as its name.
- «نقلا عن الرياضية السعودية» names an unknown paper without «صحيفة» and is passed over; so are words that bad
  extraction has glued («وبحسبموقع»).
- An outlet that quotes itself («قال لسكاي نيوز عربية» on Sky News) is told from others only if the caller says whose
  page it is, in the script of the table's names or of the text: «Sabq» is not known as «سبق».
- Of several sources one is given: an agency at an edge goes before a paper there («فرانس24 / أ ف ب»).

Rejected: one regex of all names over the whole text. On 400 words it took 48 µs for 15 names, where the automaton
takes 15 µs for 370 spellings. All short names after all words that vouch for them as spellings of the automaton:
5,700 of them take 34 µs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rasid.attribution import edges
from rasid.attribution.outlets import is_outlet
from rasid.attribution.phrases import quoted
from rasid.attribution.sources import table
from rasid.text import fold
from rasid.types import Attribution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rasid.attribution.names import Found
    from rasid.text import Folded

__all__ = ["agency_name", "attribute"]


def attribute(title: str, text: str, author: str | None = None, outlet: str = "") -> Attribution | None:
    """Give whose report an article says that it passes on, None where it says nothing of the kind.

    A `wire` goes before a `quoted`; of several of one kind the author's field, then the title, then the earliest
    in the text. A source that is the `outlet` itself, the page's own, is passed over for the next one. Offsets are
    code points of the field that is named.
    """
    found = _attributions(title, text, author or "")
    return next((one for one in found if not (outlet and is_outlet(one, outlet))), None)


def agency_name(agency_id: str) -> tuple[str, str]:
    """Give the Arabic and the English name of an id; of any that is not in the table, itself twice.

    Where a source is not known by an id, its name as written stands for one.
    """
    source = table().by_id.get(agency_id)
    return (source.name_ar, source.name_en) if source else (agency_id, agency_id)


def _attributions(title: str, text: str, author: str) -> Iterator[Attribution]:
    """Give all, the best first; what comes later is only looked for when it is asked for."""
    if author:
        field = fold(author)
        for name in edges.author(field.text):
            yield _attribution(name, "wire", "author", *field.span(name.start, name.end))
    original = f"{title}\n{text}"
    page = fold(original)
    text_begins = int(page.offsets.searchsorted(len(title) + 1))
    for name in edges.dateline(page.text, text_begins):
        yield _on_page(name, "wire", page, len(title) + 1)
    for name in edges.closing(page.text, text_begins):
        yield _on_page(name, "wire", page, len(title) + 1)
    for name in quoted(page, original, text_begins):
        yield _on_page(name, "quoted", page, len(title) + 1)


def _on_page(name: Found, kind: Literal["wire", "quoted"], page: Folded, text_begins: int) -> Attribution:
    begin, end = page.span(name.start, name.end)
    if begin < text_begins:
        return _attribution(name, kind, "title", begin, end)
    return _attribution(name, kind, "text", begin - text_begins, end - text_begins)


def _attribution(
    name: Found,
    kind: Literal["wire", "quoted"],
    field: Literal["title", "text", "author"],
    start: int,
    end: int,
) -> Attribution:
    source = name.source
    return Attribution(source.id, source.name_ar, source.name_en, kind, field, start, end)
