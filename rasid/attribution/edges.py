"""What stands at the edges of an article and says that the text is an agency's: datelines, closing lines, authors."""

from __future__ import annotations

import re
from functools import cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final

from rasid.attribution.names import Found, Names
from rasid.attribution.patterns import LETTERS, QUOTES, WORD, any_of
from rasid.attribution.sources import table

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST_LINES, _LAST_LINES, _EDGE = 4, 6, 140  # where edges are, and the characters of a line that may be one
_LINE: Final = re.compile(r"[^\n]*\w[^\n]*")  # one that is not blank

_JOINT: Final = r"(?:[-/|:،,+]|  )"  # two blanks: where fold dropped a drawn-out dash, «لندن ـ رويترز»
_PLACE: Final = re.compile(rf"[^.؟!\n]*(?:\.[{LETTERS}][^.؟!\n]*)*")  # a dot only inside a name: العربية.نت
_OPENS: Final = re.compile(r"[(\[]\W*$")
_JOINED: Final = re.compile(rf"(?:{_JOINT}|\d )\W*$")
_DASHED: Final = re.compile(r"[-/]\W*$")
_POINT: Final = re.compile(rf"[{QUOTES} ]*[.،]")
_COLON: Final = re.compile(rf"[{QUOTES} ]*[:|]")
_GOES: Final = re.compile(rf"[{QUOTES}).\] ]*(?:{_JOINT}|\.|$)")
_CLOSES_AND_GOES: Final = re.compile(rf"[{QUOTES}.]*[)\]][{QUOTES} .]*?(?:[-/:]|  )")
_CREDIT: Final = re.compile(
    rf"(?<![{LETTERS}])(?:ال)?{any_of('صوره? تصوير عدسه كاميرا فيديو تابع اشترك photo getty غيتي credit')}(?:وا|ونا)?"
    rf"(?![{LETTERS}])"
)
_SPEECH: Final = re.compile(
    rf"(?<![{LETTERS}])[وف]?(?:{any_of('قال ذكر افاد نقل اورد اعلن كشف اكد نشر اضاف اوضح اشار كان')}ت?|[^ ]+ ل?وكاله)"
    rf"(?![{LETTERS}])"
)
_LABEL: Final = re.compile(r"^\W*(?:(?:ال)?(?:مصدر|مصادر)\s*[:/-]|source\s*:|نقلا عن|عن )")
_PREPARED: Final = re.compile(r"\W*(?:ترجم\S+|اعداد|تحرير|كتابه|تغطيه|نقله)(?: |:)")
_ARABIC_SERVICE: Final = "للنشره العربيه"
_NOTHING_ELSE: Final = re.compile(
    rf"(?:\W|\d|و|(?<!\w)(?:ال)?{any_of('وكاله انباء وكالات مواقع صحف موقع صحيفه متابعات')}(?!\w))*"
)
_BY: Final = re.compile(r"[-/،,|+:()\n]| (?=ووكالات)")


def author(field: str) -> list[Found]:
    """Give the names of an author's field, the best first: parts of it that hold names and nothing else."""
    joints = [joint.start() for joint in _BY.finditer(field)]
    parts = pairwise([0, *joints, len(field)])
    return _best_first([name for start, end in parts for name in _whole(field[start:end], start)])


def dateline(page: str, text_begins: int) -> Iterator[Found]:
    """Give the agencies that stand as in a dateline in the first lines: «دبي (رويترز) -»."""
    for line in islice(_LINE.finditer(page, text_begins), _FIRST_LINES):
        begins = line[0] if len(line[0]) <= _EDGE else line[0][:_EDGE].rpartition(" ")[0]
        for name in _names().find(begins):
            if name.source.sells and _opens_the_text(begins, name):
                yield name.moved(line.start())


def closing(page: str, text_begins: int) -> Iterator[Found]:
    """Give the names that close the text, from the last line up: «(رويترز)», «المصدر: وكالات»."""
    lines = list(_LINE.finditer(page, max(text_begins, len(page) - _LAST_LINES * _EDGE)))
    if lines and (len(lines) > 1 or page[lines[0].start() - 1] != "\n"):
        del lines[0]  # the first line of the text, or the end of one that is too long
    for line in reversed(lines[-_LAST_LINES:]):
        names = _closes_the_text(line[0], last=line is lines[-1])
        if names and not _CREDIT.search(line[0]):
            yield from (name.moved(line.start()) for name in names)


@cache
def _names() -> Names:
    """Find every name that may stand at an edge: of papers the sure ones alone."""
    return Names(
        {
            spelling: one.source
            for one in table().all
            for spelling in (one.sure + one.short if one.source.sells else one.sure)
        }
    )


def _best_first(names: list[Found]) -> list[Found]:
    """Put agencies before papers: «العربية.نت - رويترز» is Reuters' text."""
    return sorted(names, key=lambda name: not name.source.sells)


def _whole(line: str, at: int = 0) -> list[Found]:
    """Give the names of a line, or of a part of one that begins there, if it holds names and nothing else."""
    names = _names().find(line)
    if not names or (len(names) > 1 and line[names[0].start : names[0].end] in table().ambiguous):
        return []  # «لانا وفا» is a person
    ends, starts = [0, *(name.end for name in names)], [*(name.start for name in names), len(line)]
    rest = "".join(line[end:start] for end, start in zip(ends, starts, strict=True))
    return _best_first([name.moved(at) for name in names]) if _NOTHING_ELSE.fullmatch(rest) else []


def _opens_the_text(line: str, name: Found) -> bool:
    """Tell «دبي (رويترز) -» and «الرياض - واس» from a caption («الوزير في باريس (أ ف ب)») and from prose."""
    before, spelled, after = line[: name.start], line[name.start : name.end], line[name.end :]
    if any(sign.search(before) for sign in (_CREDIT, _SPEECH, _LABEL)):
        return False
    if not _PLACE.fullmatch(before.rstrip(f". /-({QUOTES}")):
        return False
    places = len(WORD.findall(before))
    bracket = spelled[0] == "(" or _OPENS.search(before) is not None
    if not places:
        return _GOES.match(after) is not None and (bracket or spelled not in table().ambiguous)
    if bracket:
        return places <= 8 and _follows_bracket(before, f"){after}" if spelled[0] == "(" else after, places)
    return _stands_apart(before, after, places)


def _follows_bracket(before: str, after: str, places: int) -> bool:
    """A dash comes next; after a city or a date also the sentence itself: «بكين 8 نوفمبر (شينخوا) أطلقت»."""
    dated = places == 1 or any(character.isdigit() for character in before)
    bare = dated and WORD.search(after) is not None and "،" not in after[:4]
    return bare or _CLOSES_AND_GOES.match(after) is not None


def _stands_apart(before: str, after: str, places: int) -> bool:
    headed = before.rstrip(f" {QUOTES}").endswith(":")
    if _POINT.match(after) and not _DASHED.search(before):
        return False  # «وكالة الأنباء السورية، سانا، …»
    if headed and _COLON.match(after):
        return False  # «وثيقة اليوم: بلومبرغ: …»
    return places <= (3 if headed else 7) and bool(_JOINED.search(before) and _GOES.match(after))


def _closes_the_text(line: str, *, last: bool) -> list[Found]:
    if len(line) <= _EDGE and (names := _labelled(line) or _prepared(line) or _whole(line)):
        return names
    opened = max(line.rfind("("), line.rfind("["))
    if last and line.rstrip(" .").endswith((")", "]")) and "وكاله" not in line[max(0, opened - 40) : opened]:
        return _whole(line[opened:], opened)
    return []


def _labelled(line: str) -> list[Found]:
    """Read «المصدر: الجزيرة + وكالات»."""
    label = _LABEL.match(line)
    if label is None or len(WORD.findall(line)) > 12:
        return []
    return _best_first(
        [
            name
            for name in _names().find(line)
            if _NOTHING_ELSE.fullmatch(line, label.end(), name.start)
            or _JOINED.search(line[: name.start].replace("(", "-"))
        ]
    )


def _prepared(line: str) -> list[Found]:
    """Read «إعداد … للنشرة العربية (رويترز)»."""
    if _PREPARED.match(line) is None:
        return []
    names = _names().find(line)
    at = line.find(_ARABIC_SERVICE)
    if at >= 0:
        names.append(Found(at, at + len(_ARABIC_SERVICE), table().by_id["reuters"]))
    return _best_first(names)
