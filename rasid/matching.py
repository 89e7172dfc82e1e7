r"""Find the terms of watchlists in an article, however they are spelled, and say why each one counts.

Theory of operation
-------------------
1. All forms of all terms, folded, and with the separators that people type inside a code (H20, H-20, H 20),
   go into one Aho-Corasick automaton. It reports every occurrence, overlapping ones included, in one pass
   over the article. An article without any occurrence, which is most articles, ends here.
2. Addresses, e-mail addresses, paths and file names are masked.
3. The edge test keeps what stands as a name: an Arabic form may carry proclitics («ولهواوي») and ends where
   the Arabic letters end; a Latin form may touch Arabic letters («وNvidia»), not Latin letters or digits
   (H20 in GH200). A long name glued to a known neighbour by bad extraction («هواويفي») stands too.
4. Of what stands, the longest counts, per term.
5. Cues decide: `unless` refuses when adjacent; `near` confirms. Without its `near` cue a form or a
   lookalike does not count, while a code is kept as `uncertain`: a code is what a person types on purpose,
   so it is shown for review.

The order matters: with the longest chosen first («leftmost-longest» of the automaton), a longer form that
fails the edge test would hide a shorter one that stands. Whereas a form with the article of its own
(«الهواوي», a surname unless cues say otherwise) does hide the plain name inside it.

Two kinds of context outweigh the general order of evidence:

- A person is named in full once and by surname from then on. So where a form with the article of its own is
  refused once («الدكتور حاتم الهواوي»), its other occurrences in title and text need a cue nearby; one
  anywhere in the article is no longer enough.
- A name with a model number of its cues right after it («Kunlun P800») is a product, whatever stands before
  it: «فريق» is a sports team before the bare name, an engineers' team before the numbered one.

Known exceptions
----------------
- A newline inside a form is never bridged: a paragraph ends there.
- «adjacent» is two words before and one after, in the same clause; a `near` cue between wins over `unless`
  behind it. For a lookalike `unless` looks six words to either side.
- Typing slips are generated for long names only, by doubling and by swapping letters; dropped letters are
  not, for they make other names («نفيديا» without its end is a part of «التنفيدية»). Those belong into the
  watchlist.

Rejected: `\b` around the forms (finds 2 of 32 names with clitics, Arabic letters being \w); one regular
expression per form (linear in the number of forms); rapidfuzz over windows (F .71; it cannot tell H20 from
H200).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import product
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from rasid.text import WORD, fold, is_arabic_letter, mask, words
from rasid.types import Form, Mention, Reason, Status, Term

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_NEARBY: Final = 6  # words: the distance at which a cue still speaks of a code beside a foreign product name
_LONG_NAME: Final = 5  # letters: shorter names occur inside ordinary words
_DISTINCT_NAME: Final = 6  # letters: hardly any word contains such a name; glued, it is shown as uncertain
_LONGEST_RUN: Final = 24  # letters looked at to either side of a name; no Arabic word with clitics is longer
_SEPARATORS: Final = ("", "-", " ", "_")  # between the letters and digits of a code
_WORD_SEPARATORS: Final = (" ", "  ", "-", "_")  # between the words of a name; _ in hashtags
_MOST_PARTS: Final = 4  # a code of more parts takes one separator throughout: 4 ** 3 spellings are enough

_PROCLITICS: Final = re.compile("ا?[وف]?(?:ب|ل|ك|ال|بال|كال|لل|هال|عال)?")
_CODE_PART: Final = re.compile(r"\d+|[^\W\d_]+")
_TICKER: Final = re.compile(r"[A-Z]{2,5}")
_EXCHANGE: Final = re.compile(r"(?:\$|(?:nasdaq|nyse|amex|lse|hkex|sse|tadawul|ناسداك|بورصه) ?: ?)$")
_QUOTE_SUFFIX: Final = re.compile(r"\.(?:oq?|n|l|hk|ss|sz)(?![a-z\d])")
_PART_AFTER: Final = re.compile(r"[.,٫]\d|[%٪]|-\d|-[a-z]{1,2}(?![a-z])")  # 20.5, 20%, H20-3e, H20-G
_PART_BEFORE: Final = re.compile(r"(?<![a-z\d])(?:[a-z]{1,2}|[a-z]*\d[a-z\d]*)-$|\d[.,]$")  # EX-H20, X100-H20
_CLAUSE_END: Final = re.compile(r"[.!?؟؛;،,\n…•|]")
_TAG: Final = re.compile(r"[#@]\w{0,48}$")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")  # the automaton takes well-formed text only
_ENCLITICS: Final = (
    "",
    "هما",
    "ها",
    "هم",
    "هن",
    "نا",
    "كم",
    "تان",
    "تين",
    "ان",
    "ين",
    "ون",
    "ات",
    "يه",
    "ه",
    "ا",
    "ي",
    "ك",
)

# Between a word and a name these say that the word does not describe the name: «الطريق أمام H20».
_FUNCTION_WORDS: Final = """
    في من عن على إلى مع بين بعد قبل ضد ثم أو أن إن لدى عبر حول نحو منذ خلال حتى لكن غير كما مثل عند أمام دون
    التي الذي هي هو هذا هذه ذلك كانت كان قالت قال قد لم لن ما لا و
"""
# Together with those, what extraction glues names to: «هواويفي», «شركةنفيديا».
_HEAD_WORDS: Final = """
    أعلنت أعلن تعتزم تطلق أطلقت شركة شركات مجموعة هاتف هواتف جهاز أجهزة معالج معالجات شريحة شرائح رقاقة
    رقائق رقاقات بطاقة بطاقات سهم أسهم عملاق عملاقة الرئيس منتجات خوادم
"""


class _Phrase(NamedTuple):
    """A cue, folded, its article off."""

    parts: tuple[str, ...]
    typed: str  # as the operator wrote it


@dataclass(frozen=True, slots=True)
class _Rule:
    """One form, compiled."""

    term: Term
    form: Form
    near: tuple[_Phrase, ...]
    unless: Mapping[str, tuple[_Phrase, ...]]  # by their first and by their last word
    articled: tuple[_Rule, ...] = ()  # what judges instead where the form carries ال


class _Pattern(NamedTuple):
    rule: _Rule
    slip: bool  # a spelling that was generated, not listed


@dataclass(frozen=True, slots=True)
class _Edge:
    """How an occurrence stands in its word."""

    clitic: str = ""
    glued: str = ""  # the letters that bad extraction left on it
    sure: bool = True  # whether those letters are a word that is known


_CLEAN: Final = _Edge()


@dataclass(frozen=True, slots=True)
class _Hit:
    """An occurrence that stands as a name; offsets are of the folded text."""

    start: int
    end: int
    pattern: _Pattern
    edge: _Edge


@dataclass(frozen=True, slots=True)
class _Decision:
    rule: _Rule
    status: Status
    cue: str = ""  # what confirmed it


class _Page:
    """The title or the text of an article, folded and masked; words are found when a cue asks for them."""

    def __init__(self, name: Literal["title", "text"], original: str) -> None:
        self.name = name
        self.original = original
        self.folded = fold(original)
        self.unmasked = _SURROGATE.sub("\ufffd", self.folded.text)

    @cached_property
    def text(self) -> str:
        return mask(self.unmasked)

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        return [found.span() for found in WORD.finditer(self.text)]

    @cached_property
    def starts(self) -> list[int]:
        return [start for start, _ in self.spans]

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Where each word stands, under every form that it has without clitics and endings."""
        index: dict[str, list[int]] = {}
        for place in range(len(self.spans)):
            for base in _bases(self.word(place)):
                index.setdefault(base, []).append(place)
        return index

    def word(self, place: int) -> str:
        start, end = self.spans[place]
        return self.text[start:end]

    def bases(self, place: int) -> frozenset[str]:
        return _bases(self.word(place)) if 0 <= place < len(self.spans) else frozenset()

    def has(self, phrase: _Phrase, place: int) -> bool:
        """Tell whether a phrase stands at a place, clitics and endings aside."""
        return all(part in self.bases(place + shift) for shift, part in enumerate(phrase.parts))

    def has_between(self, phrase: _Phrase, low: int, high: int) -> bool:
        """Tell whether a phrase begins at one of the places from low up to, not including, high."""
        places = self.places.get(phrase.parts[0], ())
        return any(
            self.has(phrase, place) for place in places[bisect_left(places, low) : bisect_left(places, high)]
        )

    def around(self, hit: _Hit) -> tuple[int, int]:
        """Give the place of the first word that a hit touches, clitics included, and that of the word after."""
        begin = hit.start - len(hit.edge.clitic)
        first = max(bisect_right(self.starts, begin) - 1, 0)
        if self.spans and self.spans[first][1] <= begin:
            first += 1
        return first, bisect_left(self.starts, hit.end)

    def one_clause(self, low: int, high: int) -> bool:
        """Tell whether no clause ends between the word at one place and the word at a later one."""
        if low < 0 or high >= len(self.spans):
            return False
        return _CLAUSE_END.search(self.text, self.spans[low][1], self.spans[high][0]) is None

    def typed(self, at: int) -> str:
        """Give the original character, case and all, behind a folded one."""
        return self.original[self.folded.offsets[at]] if 0 <= at < len(self.folded.text) else ""


class _Article:
    """Title and text together, as the context in which cues are looked for."""

    def __init__(self, title: str, text: str) -> None:
        self.pages = (_Page("title", title), _Page("text", text))
        self.surnames: frozenset[str] = frozenset()  # terms whose name is somebody's surname here
        self._anywhere: dict[tuple[_Phrase, ...], str] = {}

    def cue(self, rule: _Rule, page: _Page, hit: _Hit) -> str:
        """Give the cue that confirms a hit; empty where there is none."""
        within = self._within(rule, hit)
        if within is not None:
            return self.cue_within(rule.near, within, page, hit)
        if rule.near not in self._anywhere:
            found = (
                cue.typed
                for cue in rule.near
                for page in self.pages
                if page.has_between(cue, 0, len(page.spans))
            )
            self._anywhere[rule.near] = next(found, "")
        return self._anywhere[rule.near]

    def _within(self, rule: _Rule, hit: _Hit) -> int | None:
        """Give how close, in words, a cue must be; None: anywhere in the article."""
        within = rule.form.near.within if rule.form.near else None
        is_surname = rule.term.id in self.surnames and rule in _articled(hit)
        return _NEARBY if within is None and is_surname else within

    @staticmethod
    def cue_within(phrases: Iterable[_Phrase], distance: int, page: _Page, hit: _Hit) -> str:
        """Give the first of the phrases that begins within a distance, in words, of a hit."""
        first, after = page.around(hit)
        for phrase in phrases:
            before = page.has_between(phrase, first - distance, first)
            if before or page.has_between(phrase, after, after + distance):
                return phrase.typed
        return ""


class Matcher:
    """Terms compiled to one automaton; it never changes, so one may serve all threads."""

    def __init__(self, terms: Sequence[Term]) -> None:
        patterns: dict[str, list[_Pattern]] = {}
        rules = [rule for term in terms for rule in _rules(term)]
        for rule in rules:
            for spelling in _spellings(rule.form):
                patterns.setdefault(spelling, []).append(_Pattern(rule, slip=False))
        self._known = _known_words().union(patterns)
        for rule in rules:
            for slip in _slips(rule.form) - self._known:
                patterns.setdefault(slip, []).append(_Pattern(rule, slip=True))
        self._patterns = tuple(map(tuple, patterns.values()))
        self._automaton = AhoCorasick(list(patterns), implementation=Implementation.ContiguousNFA)

    def find(self, text: str, title: str = "") -> tuple[Mention, ...]:
        """Give the mentions of an article, those of the title first, each in order of its start.

        Title and text are context for each other. What the cues reject is not returned.
        """
        article = _Article(title, text)
        if not any(self._automaton.find_matches_as_indexes(page.unmasked) for page in article.pages):
            return ()
        groups = [(page, hits) for page in article.pages for hits in _longest(self._standing(page))]
        article.surnames = _surnames(groups)
        return tuple(mention for page, hits in groups for mention in _mentions(article, page, hits))

    def _standing(self, page: _Page) -> Iterator[_Hit]:
        """Give the occurrences that pass the edge test."""
        for index, start, end in self._automaton.find_matches_as_indexes(page.text, overlapping=True):
            for pattern in self._patterns[index]:
                edge = _edge(_Spot(page, start, end, pattern.rule.form, self._known))
                if edge is not None and not (pattern.slip and edge.glued):  # mistyped or glued, not both
                    yield _Hit(start, end, pattern, edge)


# ── compiling ─────────────────────────────────────────────────────────────────────────────────────


def _rules(term: Term) -> list[_Rule]:
    """Compile the forms of a term; «الهواوي» beside «هواوي» becomes a rule of the latter."""
    plain = {_folded(form.text) for form in term.forms}
    articled: dict[str, list[_Rule]] = {}
    rules: list[_Rule] = []
    for form in term.forms:
        rule = _rule(term, form)
        base = _folded(form.text).removeprefix("ال")
        if base != _folded(form.text) and base in plain:
            articled.setdefault(base, []).append(rule)
        else:
            rules.append(rule)
    return [
        _Rule(rule.term, rule.form, rule.near, rule.unless, tuple(articled.get(_folded(rule.form.text), ())))
        for rule in rules
    ]


def _rule(term: Term, form: Form) -> _Rule:
    near = _phrases(form.near.words) if form.near else ()
    unless: dict[str, tuple[_Phrase, ...]] = {}
    for phrase in _phrases((*form.unless, *term.unless)):
        for word in {phrase.parts[0], phrase.parts[-1]}:
            unless[word] = (*unless.get(word, ()), phrase)
    return _Rule(term, form, tuple(near), unless)


def _phrases(cues: Iterable[str]) -> list[_Phrase]:
    """Fold cues to phrases; the article of a cue is no part of it, for the text may lack it."""
    folded = ((tuple(map(_without_article, words(_folded(cue)))), cue) for cue in cues)
    return [_Phrase(parts, cue) for parts, cue in folded if parts]


def _without_article(word: str) -> str:
    return word[2:] if word.startswith("ال") and len(word) >= 5 else word


def _folded(text: str) -> str:
    return _SURROGATE.sub("", fold(text).text).strip()


def _spellings(form: Form) -> set[str]:
    """Give the folded spellings of a form: what people type between its parts is up to them."""
    folded = _folded(form.text)
    if form.kind == "form":
        return {separator.join(folded.split()) for separator in _WORD_SEPARATORS if folded}
    parts = _CODE_PART.findall(folded)
    if len(parts) > _MOST_PARTS:
        return {separator.join(parts) for separator in _SEPARATORS}
    choices = product(_SEPARATORS, repeat=max(len(parts) - 1, 0))
    spelled = ("".join(sum(zip(parts, (*choice, ""), strict=True), ())) for choice in choices)
    return {spelling for spelling in spelled if spelling}


def _slips(form: Form) -> set[str]:
    """Give the slips of a long name: one letter twice, or two neighbours swapped, the first letter never."""
    name = _folded(form.text)
    if form.kind != "form" or len(name) < _LONG_NAME or not name.isalpha():
        return set()
    doubled = {name[:at] + name[at] + name[at:] for at in range(1, len(name))}
    if len(name) < _DISTINCT_NAME:
        return doubled
    return doubled | {
        name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in range(1, len(name) - 1)
    } - {name}


def _known_words() -> frozenset[str]:
    return _function_words().union(words(_folded(_HEAD_WORDS)))


@cache
def _function_words() -> frozenset[str]:
    return frozenset(words(_folded(_FUNCTION_WORDS)))


# ── edges ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Spot:
    """An occurrence whose edges are to be tested."""

    page: _Page
    start: int
    end: int
    form: Form
    known: frozenset[str]

    @property
    def name(self) -> str:
        return self.page.text[self.start : self.end]

    def may_be_glued(self, shortest: int) -> bool:
        """Tell whether this is one word, and long enough to be told from the letters that touch it."""
        return self.form.kind == "form" and len(self.name) >= shortest and self.name.isalpha()


def _edge(spot: _Spot) -> _Edge | None:
    """Tell how an occurrence stands in its word; None where it is a part of another word."""
    left = _left_edge(spot)
    right = _right_edge(spot) if left else None
    if left is None or right is None or (left.glued and right.glued):
        return None
    return right if right.glued else left


def _left_edge(spot: _Spot) -> _Edge | None:
    text, start = spot.page.text, spot.start
    run = _run_before(text, start, is_arabic_letter)
    if _PROCLITICS.fullmatch(run) and not (start and _is_western(text[start - 1])):
        is_part = spot.form.kind != "form" and _PART_BEFORE.search(text[max(0, start - 12) : start])
        return None if is_part else _Edge(clitic=run)
    if is_arabic_letter(text[start]):
        return _arabic_glue(spot, run, _left_analyses(run)) if run else _CLEAN
    return _latin_glue(spot, start, _run_before(text, start, _is_western))


def _right_edge(spot: _Spot) -> _Edge | None:
    text, end = spot.page.text, spot.end
    if is_arabic_letter(text[end - 1]):
        run = _run_after(text, end, is_arabic_letter)
        return _arabic_glue(spot, run, _right_analyses(run)) if run else _CLEAN
    if spot.form.kind != "form" and _PART_AFTER.match(text, end):
        return None
    return _latin_glue(spot, end, _run_after(text, end, _is_western))


def _run_before(text: str, at: int, belongs: Callable[[str], bool]) -> str:
    low = at
    while low > 0 and at - low < _LONGEST_RUN and belongs(text[low - 1]):
        low -= 1
    return text[low:at]


def _run_after(text: str, at: int, belongs: Callable[[str], bool]) -> str:
    high = at
    while high < len(text) and high - at < _LONGEST_RUN and belongs(text[high]):
        high += 1
    return text[at:high]


def _is_western(character: str) -> bool:
    """Tell a letter or digit that cannot touch a Latin name: of Latin, Greek or Cyrillic script."""
    return character.isalnum() and character < "\u0530"


def _left_analyses(run: str) -> list[tuple[str, str]]:
    """Give the words that may stand before a glued name, each with the proclitics of the name."""
    cuts = range(max(0, len(run) - 4), len(run) + 1)
    return [(run[:cut], run[cut:]) for cut in cuts if _PROCLITICS.fullmatch(run[cut:])]


def _right_analyses(run: str) -> list[tuple[str, str]]:
    """Give the words that may stand after a glued name, each with its own proclitics."""
    return [(run[cut:], run[:cut]) for cut in range(min(5, len(run))) if _PROCLITICS.fullmatch(run[:cut])]


def _arabic_glue(spot: _Spot, run: str, analyses: Iterable[tuple[str, str]]) -> _Edge | None:
    """Judge a long name that Arabic letters touch: stuck to a word that is known, or a part of another word.

    A long word with a clitic at the seam («اتصالاتوهواوي») is as good as one that is known.
    """
    if not spot.may_be_glued(_LONG_NAME):
        return None
    if not run.strip(spot.name[-1]):
        return _Edge(glued=run)  # drawn out, as people do online: «هواوييي»
    for word, clitic in analyses:
        used_elsewhere = len(word) >= 3 and word in spot.page.places
        if word in spot.known or used_elsewhere or (clitic and len(word) >= _LONG_NAME):
            return _Edge(glued=run)
    return _Edge(glued=run, sure=False) if spot.may_be_glued(_DISTINCT_NAME) and len(run) >= 3 else None


def _latin_glue(spot: _Spot, at: int, run: str) -> _Edge | None:
    """Judge a name that Latin letters or digits may touch at one side: HuaweiWatch, @huaweimobile."""
    if not run:
        return _CLEAN
    if not spot.may_be_glued(_DISTINCT_NAME):
        return None
    seam = run[0] if at == spot.end else run[-1]
    tagged = _TAG.search(spot.page.text[max(0, spot.start - 50) : spot.start]) is not None
    if tagged or seam.isdigit() or _is_camel(spot.page, at):
        return _Edge(glued=run)
    return _Edge(glued=run, sure=False) if len(run) > 1 else None  # «Invidia» is a word of its own


def _is_camel(page: _Page, at: int) -> bool:
    """Tell whether a capital begins a word here: huaweiWatch, NVIDIAGeForce."""
    before, here, then = page.typed(at - 1), page.typed(at), page.typed(at + 1)
    return here.isupper() and (before.islower() or then.islower())


# ── choosing and judging ──────────────────────────────────────────────────────────────────────────


def _longest(hits: Iterable[_Hit]) -> list[list[_Hit]]:
    """Keep, per term, the longest of the hits that overlap; the rules of one span stay together."""
    chosen: list[list[_Hit]] = []
    last: dict[str, list[_Hit]] = {}
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        group = last.get(hit.pattern.rule.term.id)
        if group and (hit.start, hit.end) == (group[0].start, group[0].end):
            group.append(hit)
        elif not group or hit.start >= group[0].end:
            last[hit.pattern.rule.term.id] = [hit]
            chosen.append(last[hit.pattern.rule.term.id])
    return chosen


def _mentions(article: _Article, page: _Page, hits: list[_Hit]) -> Iterator[Mention]:
    """Give the mention that the hits of one span come to; nothing where all are rejected."""
    decisions = [decision for hit in hits for decision in _decisions(article, page, hit)]
    if decisions:
        best = min(decisions, key=lambda decision: decision.status)  # matched before uncertain
        yield _mention(page, hits[0], best)


def _articled(hit: _Hit) -> tuple[_Rule, ...]:
    """Give the rules of the form with ال that judge a hit; none where it has no ال, or no such form."""
    return hit.pattern.rule.articled if hit.edge.clitic.endswith(("ال", "لل")) else ()


def _surnames(groups: Iterable[tuple[_Page, list[_Hit]]]) -> frozenset[str]:
    """Give the terms whose form with ال is refused somewhere, being a part of a person's name there."""
    return frozenset(
        rule.term.id
        for page, hits in groups
        for hit in hits
        for rule in _articled(hit)
        if _is_refused(page, hit, rule)
    )


def _decisions(article: _Article, page: _Page, hit: _Hit) -> Iterator[_Decision]:
    """Give what the rules of a hit decide; nothing where they reject it."""
    for judge in _articled(hit) or (hit.pattern.rule,):
        decision = _judge(article, page, hit, judge)
        if decision is not None:
            yield decision


def _judge(article: _Article, page: _Page, hit: _Hit, rule: _Rule) -> _Decision | None:
    quoted = _quoted_as_ticker(page.text, hit, rule)
    if quoted:
        return _Decision(rule, "matched", quoted)
    if _is_refused(page, hit, rule) or _is_other_product(article, page, hit, rule):
        return None
    cue = article.cue(rule, page, hit) if rule.near else ""
    if cue or not rule.near:
        return _Decision(rule, "matched" if hit.edge.sure else "uncertain", cue)
    return _Decision(rule, "uncertain") if rule.form.kind == "code" else None


def _quoted_as_ticker(text: str, hit: _Hit, rule: _Rule) -> str:
    """Give the sign that makes a ticker of capitals, $NVDA, NASDAQ: NVDA, NVDA.O; empty without one."""
    if not _TICKER.fullmatch(rule.form.text):
        return ""
    sign = _EXCHANGE.search(text[max(0, hit.start - 12) : hit.start]) or _QUOTE_SUFFIX.match(text, hit.end)
    return sign.group().strip(" :") if sign else ""


def _is_refused(page: _Page, hit: _Hit, rule: _Rule) -> bool:
    """Look for `unless`: adjacent; for a lookalike, weak evidence as it is, anywhere nearby."""
    near = rule.form.near
    if rule.form.kind == "lookalike":
        within = max(_NEARBY, near.within or 0) if near else _NEARBY
        phrases = (phrase for group in rule.unless.values() for phrase in group)
        return bool(_Article.cue_within(phrases, within, page, hit))
    if _is_numbered(page, hit, rule):
        return False
    first, after = page.around(hit)
    beside = {base for place in (first - 2, first - 1, after) for base in page.bases(place)}
    phrases = (phrase for base in beside & rule.unless.keys() for phrase in rule.unless[base])
    return any(_is_adjacent(page, phrase, hit, rule) for phrase in phrases)


def _is_numbered(page: _Page, hit: _Hit, rule: _Rule) -> bool:
    """Tell a name with a model number among its cues right after it: «Kunlun P800».

    Codes have none: in «H10 H20 H100» the neighbour is the next room of a list.
    """
    _, after = page.around(hit)
    if rule.form.kind != "form" or not page.one_clause(after - 1, after):
        return False
    number = page.word(after)  # as it stands: with a clitic («وP800») it is another thing
    return any(character.isdigit() for character in number) and any(
        cue.parts == (number,) for cue in rule.near
    )


def _is_adjacent(page: _Page, phrase: _Phrase, hit: _Hit, rule: _Rule) -> bool:
    """Tell whether a phrase stands right before or after, or one word further before with no cue between.

    What stands before a conjunction is another thing: «هواوي» in «هواوي وكونلون».
    """
    first, after = page.around(hit)
    size = len(phrase.parts)
    joined = hit.edge.clitic.startswith(("و", "ف"))
    if page.has(phrase, after) and page.one_clause(after - 1, after):
        return True
    if joined:
        return False
    if page.has(phrase, first - size) and page.one_clause(first - 1, first):
        return True
    if not (page.has(phrase, first - size - 1) and page.one_clause(first - 2, first)):
        return False
    if page.word(first - 1) in _function_words():
        return False
    return not any(page.has(cue, first - len(cue.parts)) for cue in rule.near)


def _is_other_product(article: _Article, page: _Page, hit: _Hit, rule: _Rule) -> bool:
    """Tell a code that ends a foreign product name in Arabic text, with no cue nearby: «Zenmuse H20»."""
    first, after = page.around(hit)
    if rule.form.kind != "code" or not rule.near or first == 0:
        return False
    brand = page.word(first - 1)
    beside = page.text[page.spans[first - 1][1] : hit.start] == " "
    if not (beside and brand.isascii() and brand.isalpha() and len(brand) > 1):
        return False
    context = [*range(max(0, first - 4), first - 1), *range(after, min(after + 1, len(page.spans)))]
    in_arabic = any(is_arabic_letter(page.word(place)[0]) for place in context)
    return in_arabic and not article.cue_within(rule.near, _NEARBY, page, hit)


@lru_cache(maxsize=65_536)
def _bases(word: str) -> frozenset[str]:
    """Give what a word may be without its proclitics and endings, itself included, to compare cues with."""
    if not is_arabic_letter(word[0]):
        return frozenset((word,))
    heads = {word[cut:] for cut in range(min(6, len(word) - 2)) if _PROCLITICS.fullmatch(word[:cut])}
    bases = {head.removesuffix(tail) for head in heads for tail in _ENCLITICS if len(head) - len(tail) >= 3}
    return frozenset(bases | {base[:-1] + "ه" for base in bases if base.endswith("ت")} | {word})


# ── telling ───────────────────────────────────────────────────────────────────────────────────────


def _mention(page: _Page, hit: _Hit, decision: _Decision) -> Mention:
    start, end = page.folded.span(hit.start, hit.end)
    return Mention(
        term=decision.rule.term.id,
        field=page.name,
        start=start,
        end=end,
        text=page.original[start:end],
        status=decision.status,
        form=decision.rule.form.text,
        why=_reason(hit, decision),
    )


_KINDS: Final = {
    "form": ("الصيغة", "the form"),
    "code": ("الرمز", "the code"),
    "lookalike": ("الشبيه", "the lookalike"),
}


def _reason(hit: _Hit, decision: _Decision) -> Reason:
    """Say what decided, in words."""
    arabic, english = _KINDS[decision.rule.form.kind]
    parts = [(f"{arabic} «{decision.rule.form.text}»", f"{english} “{decision.rule.form.text}”")]
    if hit.pattern.slip:
        parts.append((" بهفوة كتابة", ", mistyped"))
    if hit.edge.glued:
        parts.append((f" مع التصاق «{hit.edge.glued}»", f" stuck to “{hit.edge.glued}”"))
    elif hit.edge.clitic:
        parts.append((f" بعد السابقة «{hit.edge.clitic}»", f" after the clitic “{hit.edge.clitic}”"))
    parts.append(_reason_of_cue(hit, decision))
    return Reason(ar="".join(ar for ar, _ in parts), en="".join(en for _, en in parts))


def _reason_of_cue(hit: _Hit, decision: _Decision) -> tuple[str, str]:
    near = decision.rule.form.near
    if decision.cue:
        return f"، والقرينة «{decision.cue}»", f", confirmed by “{decision.cue}”"
    if near is not None:
        return "، من دون قرينة", ", with no cue to confirm it"
    if not hit.edge.sure:
        return "، وقد يكون جزءا من كلمة أخرى", ", possibly a part of another word"
    return "", ""
