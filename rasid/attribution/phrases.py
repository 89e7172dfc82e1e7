"""What an article says in its own words about where it has its news: «وفق صحيفة …», «ذكرت رويترز أن», «قال لرويترز»."""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from rasid.attribution.names import Found, Names, longest
from rasid.attribution.patterns import LETTERS, QUOTES, THAT, WORD, any_of
from rasid.attribution.sources import Source, table
from rasid.attribution.unknown import name_span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rasid.text import Folded

_REACH: Final = 120  # characters of a phrase around a name: fourteen words between «قال» and «لرويترز»
_TO_NAME: Final = 30  # characters from «وكالة» to its name: «وكالة الأنباء الكورية الشمالية»
_AGENCY: Final = "وكاله"
_PAPERS: Final = ("صحيفه", "جريده", "مجله", "موقع", "قناه", "شبكه")
_NOBODY: Final = Source("", "", "", sells=False)  # of a word for an outlet

_TOKEN: Final = re.compile(rf"(?<![{LETTERS}])[{LETTERS}][{LETTERS}_'.]*(?<!\.)|[.،,:؛()\n]")
_HEADS: Final = re.compile(rf"[{QUOTES} ]*[:|]")
_AT_END: Final = re.compile(r"(?:[-|(،:]|\.\.)\W*(?:وكاله )?$")

# Phrases, on folded tokens with a blank behind each and without quotes; a clitic ل before the name is a token.
_STARTS: Final = "(?<![^ ])"  # a token does; a tenth quicker than (?<!\S)
_BEGIN: Final = rf"{_STARTS}[وف]?"
_OUTLET: Final = (
    rf"(?:(?:و?ل?ل?|ب)(?:ال)?{any_of('وكاله صحيفه جريده مجله موقع شبكه قناه منصه محطه هييه مدونه')}"
    r"(?: (?:ال)?(?:انباء|اخبار|اخباريه))?(?: ال\S+){0,3} ){0,2}(?:ذا |ذي |the )?$"
)
_DOCUMENT: Final = any_of(
    "تقرير تقارير بيانات ارقام استطلاع مسح حسابات احصاء تقديرات وثايق وثيقه خبر مقال مذكره"
)
_PUBLISHED: Final = any_of("نشر ذكر اورد نقل قال كتب كشف اعلن جمع اعد اجر بث افاد اطلع اشار اكد رصد")
_FILLER: Final = (
    rf"(?:{any_of('ما لما به في عن من ل كل لها عنه عليه عليها مصادر اجراه')}|(?:ال|[لب])?{_DOCUMENT}|ل?مراسل[هوي]?"
    rf"|{any_of('حديث خاص حصري سابق جديد مطول صادر')}ه?|{_PUBLISHED}ت?(?:ه|ها)?)"
)
_DAY: Final = rf"(?:امس|اليوم|(?:يوم )?ال{any_of('سبت احد اثنين ثلاثاء اربعاء خميس جمعه')})"
_WITNESS: Final = rf"{any_of('مراسل شاهد شهود صحفي صحافي مصور')}(?:ه|و|ون|ان)?(?: من| ل)?"
_BEFORE: Final = re.compile(
    rf"{_STARTS}(?:"
    rf"[وف]?(?:نقلا|و?فقا?|ب?حسب(?:ما)?|طبقا|استنادا الي)(?: {_FILLER}){{0,6}} {_OUTLET}"
    rf"|[وف]?(?:وفق |ب?حسب ?|ك)ما (?:كتب|ذكر|قال)[ته]?(?: \S+){{1,4}} (?:في|ل) {_OUTLET}"
    rf"|[وفبل]?(?:ال)?{any_of('تقرير مقال مقاله مقابله لقاء حوار حديث تصريحات تصريح تحقيق استطلاع مسح')}ا?"
    rf"(?: (?:ال)?{any_of('حصري حديث خاص جديد مطول صحفي صحافي تلفزيوني سابق له نشر صادر')}[ها]*)*(?: {_DAY})?"
    rf"(?: {any_of('مع في من عن عبر علي الي نشره نشرته اجرته ل')})? {_OUTLET}"
    rf"|[وف]?(?:اطلعت|حصلت) علي(?:ه|ها|هما) {_OUTLET}"
    rf"|[وف]?{_PUBLISHED}ت(?:ه|ها)(?: {_DAY})? {_OUTLET}"
    rf"|[وف]?(?:كما )?(?:(?:ذكر|افاد|اورد)ت?|تذكر|تفيد)(?: كل من| {_DAY})? {_OUTLET}"
    rf"|[وف]?(?:افاد|قال|ذكر)ت? {_WITNESS} {_OUTLET}"
    rf"|[وف]?(?:جاء في|كما (?:(?:قال|اعلن|نقل|كتب|اكد)ت?|تقول)|متحدث(?:ا|ه|ين)? (?:الي|مع)) {_OUTLET}"
    r")"
)
"""What makes a name a source by itself."""
_VERB: Final = re.compile(
    rf"{_BEGIN}(?:كما )?(?:"
    rf"(?P<says>{any_of('قال اشار اكد اوضح اضاف كتب را توقع لفت زعم رجح نشر تابع علم')}ت?|[تي]قول|تشير)"
    r"|(?P<reveals>(?:كشف|اعلن)ت?|تكشف)|(?P<cites>(?:نقل|نسب)ت?|[تي]نقل)|(?P<saw>(?:حصل|اطلع)ت)|(?P<had>كانت?)"
    rf") {_OUTLET}"
)
"""What needs more behind the name: an agency's doings are in the news too («أعلنت بلومبرغ إطلاق …»)."""
_WORDS_ON: Final = r"(?:[^.؛\n ]+ )"  # any word or comma of the sentence
_AFTER: Final = {
    "says": re.compile(
        rf"{_WORDS_ON}{{0,12}}?(?:{THAT}|نقلا|قول\S+|تقرير\S*|مقالا|خبرا|قايمه|تحليلا|وثيق\S*|:)(?!\S)"
    ),
    "reveals": re.compile(rf"{_WORDS_ON}{{0,10}}?{THAT}(?!\S)"),
    "cites": re.compile(rf"{_WORDS_ON}{{0,8}}?(?:عن|{THAT}|قول\S+|تصريح\S*|بيان\S*|خبرا?)(?!\S)"),
    "saw": re.compile(r"علي(?!\S)"),
    "had": re.compile(
        rf"(?:ال\S+ ){{0,2}}(?:اول من )?(?:قد )?(?:{any_of('ذكر افاد نقل قال اورد كشف نشر اشار')}ت?|اعلنت ان)(?!\S)"
    ),
}
_GOES_ON: Final = re.compile(
    r"(?:ال\S+ ){0,2}(?:، )?(?:قد )?(?:(?:ذكر|افاد|اورد)ت"
    rf"|{any_of('نقلت تنقل قالت تقول توكد تفيد')} (?:عن|ان|،|:))(?!\S)"
)
"""The name first: «رويترز ذكرت أن»."""
_OF_ITSELF: Final = re.compile(
    rf"(?:\S+ ){{0,4}}?[وب]?انها(?! {any_of('اطلع حصل تحقق علم راجع شاهد تاكد استند لم تواصل طلب')})(?!\S)"
)
_SPOKE: Final = (
    rf"(?:{any_of('قال صرح اكد اوضح اضاف ذكر كشف تحدث اعلن افاد كتب وصف شرح اشار')}(?:ت|وا|ا|تا)?"
    r"|[يت](?:كشف|وكد|قول)(?:ون|ان)?|قوله|قولها)"
)
_TOLD: Final = re.compile(
    rf"{_BEGIN}{_SPOKE} {_WORDS_ON}{{0,14}}?(?:ل |(?=ل(?:{'|'.join((_AGENCY, *_PAPERS))}))){_OUTLET}"
    rf"|{_BEGIN}(?:ابلغ|اخبر)(?:ت|وا)? {_WORDS_ON}{{0,8}}?{_OUTLET}"
)
"""«قال متحدث لرويترز», «أبلغ مصدر رويترز»."""
_OWNED: Final = re.compile(
    rf"{any_of('المالك التابع المملوك منافس المنافس مقر مدير مراسل وصل وصلت')}ه? \S*(?: \S+)? ?$"
)

# Outlets that nobody here knows.
_SURE: Final = re.compile(
    rf"{_BEGIN}(?:(?:نقلا عن|وفقا?|ب?حسب(?:ما)?|طبقا)(?: {_FILLER}){{0,4}}"
    rf"|(?:كما )?(?:{any_of('ذكر افاد اورد نقل قال اشار كشف اكد اوضح')}ت?|تقول|تنقل))(?: ل)?(?: ل?موقع)? $"
)


def quoted(page: Folded, original: str, text_begins: int) -> Iterator[Found]:
    """Give the sources that phrases vouch for, in order; the words begin with the phrase.

    `original` is what `page` was folded from: an unknown outlet is named as it is written there.
    """
    text = page.text
    names = _names_in(text)
    for name, following in zip(names, [*names[1:], None], strict=False):
        if name.source.id:
            start = name.start if name.vouched else _phrase(text, name)
            if start is None and name.end < text_begins and _heads_or_tails(text[: text_begins - 1], name):
                start = name.start
            if start is not None:
                yield name._replace(start=start)
        elif following is None or not following.source.id or following.start > name.end + _TO_NAME:
            yield from _unknown(page, original, name)


class _Lead(NamedTuple):
    """What a word, such as «وكالة» or «وفق», makes of the short names right after it."""

    short: re.Pattern[str]
    sources: dict[str, Source]
    vouches: bool


@cache
def _leads() -> dict[str, _Lead]:
    agencies, papers = (
        {short: one.source for one in table().all if one.source.sells is sells for short in one.short}
        for sells in (True, False)
    )
    clear_agencies, clear_papers = (
        {short: source for short, source in named.items() if short not in table().ambiguous}
        for named in (agencies, papers)
    )
    leads = {_AGENCY: _lead(agencies), "نقلا عن": _lead(clear_agencies | clear_papers, vouches=True)}
    leads |= dict.fromkeys(_PAPERS, _lead(papers))
    return leads | dict.fromkeys(("وفق", "بحسب", "حسب"), _lead(clear_agencies, vouches=True))


def _lead(named: dict[str, Source], *, vouches: bool = False) -> _Lead:
    """Read short names, the longest first, with the quotes and brackets of the press before them."""
    names = "|".join(map(re.escape, sorted(named, key=len, reverse=True)))
    pattern = rf" (?:(?:ال)?انباء )?[\"'«“(]?({names})(?![{LETTERS}])"
    return _Lead(re.compile(pattern), named, vouches)


@cache
def _names() -> Names:
    """Find sure names and leads: few spellings, for this automaton reads the whole text."""
    sure = {spelling: one.source for one in table().all for spelling in one.sure}
    return Names(dict.fromkeys(_leads(), _NOBODY) | sure)


def _names_in(text: str) -> list[Found]:
    return longest(found for name in _names().every(text) for found in _led(text, name))


def _led(text: str, name: Found) -> Iterator[Found]:
    """Give a name as it is, a lead with the short name after it; a word for an outlet also by itself."""
    lead = None if name.source.id else _leads()[text[name.start : name.end]]
    if lead is None or not lead.vouches:
        yield name
    if lead and (short := lead.short.match(text, name.end)):
        yield Found(name.start, short.end(), lead.sources[short[1]], lead.vouches)


def _heads_or_tails(title: str, name: Found) -> bool:
    """Tell «بلومبرغ: آبل تؤجل …» and «… - رويترز»."""
    before, after = title[: name.start], title[name.end :]
    heads = not WORD.search(before.replace("عاجل", "")) and _HEADS.match(after)
    return bool(heads or (_AT_END.search(before) and not WORD.search(after)))


def _phrase(text: str, name: Found) -> int | None:
    """Give where the phrase begins that makes a name a source; None where there is none."""
    before = _before(text, name)
    after = " ".join(_TOKEN.findall(text, name.end, name.end + _REACH))
    if _OF_ITSELF.match(after):
        return None
    phrase = _BEFORE.search(before) or _told(before)
    verb = None if phrase else _VERB.search(before)
    if verb and verb.lastgroup and _AFTER[verb.lastgroup].match(after):
        phrase = verb
    if phrase:
        return _begin(text, name, phrase)
    return name.start if _GOES_ON.match(after) else None


def _told(before: str) -> re.Match[str] | None:
    told = _TOLD.search(before)
    return None if told and _OWNED.search(before) else told


def _unknown(page: Folded, original: str, outlet: Found) -> Iterator[Found]:
    """Read «صحيفة كوميرسانت» after a sure phrase."""
    phrase = _SURE.search(_before(page.text, outlet))
    span = phrase and name_span(page.text, outlet.start, outlet.end)
    if phrase and span:
        begin, end = page.span(*span)
        name = original[begin:end].strip()
        known = table().by_spelling.get(page.text[slice(*span)].strip())
        yield Found(_begin(page.text, outlet, phrase), span[1], known or Source("", name, name, sells=False))


def _before(text: str, name: Found) -> str:
    """Give the tokens before a name, each with a blank behind it."""
    tokens: list[str] = _TOKEN.findall(text, max(0, name.start - _REACH), name.start)
    while tokens and tokens[-1] in {"(", ")"}:
        del tokens[-1]  # «لوكالة (فرانس برس)»
    return " ".join([*tokens, ""])


def _begin(text: str, name: Found, phrase: re.Match[str]) -> int:
    """Give where a phrase, found in the tokens before a name, begins in the text."""
    number = phrase.string.count(" ", 0, phrase.start())
    tokens = _TOKEN.finditer(text, max(0, name.start - _REACH), name.start)
    return next(islice(tokens, number, None)).start()
