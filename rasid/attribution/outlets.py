"""Whether a source is the outlet itself: «قال لسكاي نيوز عربية» on Sky News Arabia."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rasid.attribution.sources import table
from rasid.text import fold, words

if TYPE_CHECKING:
    from rasid.types import Attribution


def is_outlet(source: Attribution, outlet: str) -> bool:
    """Tell whether a source is the outlet of that name.

    An outlet of the table is no source but its own («الشرق الأوسط» is not «أنباء الشرق الأوسط»). Of any other, the
    name holds the source's in whole words («CNN بالعربية اقتصاد»); of a source that nobody knows also the reverse.
    """
    known, own = _read(outlet)
    if known:
        return known == source.id
    names = [_read(name)[1] for name in (source.name_ar, source.name_en)]
    return any(name in own or (not source.id and own in name) for name in names)


@lru_cache(maxsize=1024)
def _read(name: str) -> tuple[str, str]:
    """Give the id of a name, "" where it is not known, and its folded words with a blank on either side of each."""
    folded = fold(name).text
    source = table().by_spelling.get(folded.strip())
    return source.id if source else "", f" {' '.join(words(folded))} "
