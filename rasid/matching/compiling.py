"""From the terms of watchlists to rules and spellings."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise, product
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from rasid.text import WORD, fold, is_arabic_letter, words
from rasid.vocabulary import common_words, is_word_of_its_own

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rasid.types import Form, Term

LONG_NAME: Final = 5
"""Letters: shorter names occur inside ordinary words."""
DISTINCT_NAME: Final = 6
"""Letters: hardly any word contains such a name; glued to letters that say nothing, it is uncertain."""
MOST_WITH_SLIPS: Final = 2_000
"""Forms: of more of them none is looked for mistyped. Slips of so many names are words and names of others, and the
automaton of 20 times as many spellings leaves the processor's cache."""
PROCLITICS: Final = frozenset(
    "".join(parts)
    for parts in (
        *product(("", "ا"), ("", "و", "ف"), ("", *"بلكع", "ال", "بال", "كال", "لل", "هال", "عال")),
        *product(("", "و", "ف"), ("يا",)),
    )
)
"""What may stand before a name in one word with it, nothing included: أ that asks, يا that calls, dialects' ه and ع."""

_SEPARATORS: Final = ("", "-", " ", "_", ".")  # between the letters and digits of a code
_WORD_SEPARATORS: Final = (" ", "  ", "-", "_")  # between the words of a name; _ in hashtags
_MOST_PARTS: Final = 4  # a code of more parts takes one separator throughout: 4 ** 3 spellings are enough
_NEIGHBOURS: Final = [
    pair
    for row in ("ضصثقفغعهخحجد", "شسيبلاتنمكط", "يهوزظ", "qwertyuiop", "asdfghjkl", "zxcvbnm")
    for pair in pairwise(row)
]
_TYPED_NAME: Final = 7  # letters: «هولواي» is Holloway, and one key away from «هواواي»
_SHAPES: Final = {  # letters that dots alone tell apart
    letter: shape.replace(letter, "")
    for shape in ("بتثني", "جحخ", "دذ", "رز", "سش", "صض", "طظ", "عغ", "فق")
    for letter in shape
}
_KEYS: Final = {  # neighbours on the keyboard, folded
    letter: "".join(pair.replace(letter, "") for pair in map("".join, _NEIGHBOURS) if letter in pair)
    for letter in set().union(*_NEIGHBOURS)
}
_CODE_PART: Final = re.compile(r"\d+|[^\W\d_]+")
_TICKER: Final = re.compile(r"[A-Z]{2,5}")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
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


class Phrase(NamedTuple):
    """A cue or a word of a query, folded, its article off."""

    parts: tuple[str, ...]
    typed: str  # as the operator wrote it
    side: Literal["", "before", "after"] = ""  # where it must stand, seen from the name; empty: either


@dataclass(frozen=True, slots=True)
class Rule:
    """One form, compiled."""

    term: Term
    form: Form
    near: tuple[Phrase, ...]
    unless: Mapping[str, tuple[Phrase, ...]]  # by their first and by their last word
    ticker: bool  # an exchange's sign before it confirms it: $NVDA
    articled: tuple[Rule, ...] = ()  # what judges instead where the form carries ال


class Pattern(NamedTuple):
    """A spelling of a form."""

    rule: Rule
    slip: bool  # generated, not listed


def compile_terms(terms: Sequence[Term]) -> dict[str, tuple[Pattern, ...]]:
    """Give every spelling, folded, with the rules that it may be an occurrence of."""
    patterns: dict[str, list[Pattern]] = {}
    rules = [rule for term in terms for rule in _rules(term)]
    for rule in rules:
        for spelling in spellings(rule.form):
            patterns.setdefault(spelling, []).append(Pattern(rule, slip=False))
    listed = known_words().union(patterns)
    for rule in rules if len(rules) <= MOST_WITH_SLIPS else ():
        for slip in _slips(rule.form) - listed:
            patterns.setdefault(slip, []).append(Pattern(rule, slip=True))
    return {spelling: tuple(found) for spelling, found in patterns.items()}


def _rules(term: Term) -> list[Rule]:
    """Compile the forms of a term; «الهواوي» beside «هواوي» becomes a rule of the latter."""
    plain = {folded(form.text) for form in term.forms}
    articled: dict[str, list[Rule]] = {}
    rules: list[Rule] = []
    for form in term.forms:
        base = folded(form.text).removeprefix("ال")
        if base != folded(form.text) and base in plain:
            articled.setdefault(base, []).append(_rule(term, form))
        else:
            rules.append(_rule(term, form))
    return [replace(rule, articled=tuple(articled.get(folded(rule.form.text), ()))) for rule in rules]


def _rule(term: Term, form: Form) -> Rule:
    unless: dict[str, tuple[Phrase, ...]] = {}
    for phrase in phrases((*form.unless, *term.unless)):
        for word in {phrase.parts[0], phrase.parts[-1]}:
            unless[word] = (*unless.get(word, ()), phrase)
    near = phrases(form.near.words) if form.near else []
    return Rule(term, form, tuple(near), unless, ticker=_TICKER.fullmatch(form.text) is not None)


def phrases(cues: Iterable[str]) -> list[Phrase]:
    """Fold cues to phrases; the article of a cue is no part of it, for the text may lack it.

    A tilde stands for the name: «غرفة ~» is a cue before it, «~ Pro» one after it.
    """
    found = (Phrase(tuple(_without_articles(cue)), cue, _side(cue)) for cue in cues)
    return [phrase for phrase in found if phrase.parts]


def _side(cue: str) -> Literal["", "before", "after"]:
    if cue.endswith("~"):
        return "before"
    return "after" if cue.startswith("~") else ""


def _without_articles(cue: str) -> Iterator[str]:
    """Give the folded words of a cue without the article; the أ of «ألعاب» shows that its أل is none."""
    text = _SURROGATE.sub("", cue)
    folding = fold(text)
    for found in WORD.finditer(folding.text):
        word = found.group()
        has_article = (
            word.startswith("ال") and len(word) >= 5 and text[folding.offsets[found.start()]] not in "أإآ"
        )
        yield word[2:] if has_article else word


def folded(text: str) -> str:
    """Fold what an operator wrote."""
    return _SURROGATE.sub("", fold(text).text).strip()


def spellings(form: Form) -> set[str]:
    """Give the folded spellings of a form: what people type between its parts is up to them."""
    text = folded(form.text)
    if form.kind == "form":
        return {separator.join(text.split()) for separator in _WORD_SEPARATORS if text}
    parts = _CODE_PART.findall(text)
    if len(parts) > _MOST_PARTS:
        return {separator.join(parts) for separator in _SEPARATORS}
    choices = product(_SEPARATORS, repeat=max(len(parts) - 1, 0))
    spelled = ("".join(sum(zip(parts, (*choice, ""), strict=True), ())) for choice in choices)
    return {spelling for spelling in spelled if spelling}


def _slips(form: Form) -> set[str]:
    """Give the slips of a long name, never in the first letter, none of them a common word.

    The longer a name, the more slips of it are no other word: one letter twice; from six letters on also two
    neighbours swapped, and a letter for another that differs by its dots alone; from seven on a letter for one
    beside it on the keyboard. No letter is replaced at the end, where another makes another word («إنفيديو»).
    """
    name = folded(form.text)
    if form.kind != "form" or len(name) < LONG_NAME or not name.replace(" ", "").isalpha():
        return set()
    inner = [at for at in range(1, len(name)) if name[at] != " "]
    slips = {name[:at] + name[at] + name[at:] for at in inner}
    slips |= {
        name[:at] + name[at] * 2 + name[at:] for at in inner[:-1] if name[at] in "وي"
    }  # folding leaves three of them
    if name.isalpha():
        if len(name) >= DISTINCT_NAME:
            slips |= {name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in inner[:-1]}
            slips |= _replaced(name, _SHAPES)
        if len(name) >= _TYPED_NAME:
            slips |= _replaced(name, _KEYS)
    return (slips - {name}).difference(common_words())


def _replaced(name: str, confused: Mapping[str, str]) -> set[str]:
    """Give a name with each inner letter replaced by each that it is confused with."""
    return {
        name[:at] + other + name[at + 1 :]
        for at in range(1, len(name) - 1)
        for other in confused.get(name[at], "")
    }


@cache
def known_words() -> frozenset[str]:
    """Give the words that bad extraction glues names to."""
    return function_words().union(words(folded(_HEAD_WORDS)))


@cache
def function_words() -> frozenset[str]:
    """Give the words that keep what stands before them from describing a name behind them."""
    return frozenset(words(folded(_FUNCTION_WORDS)))


@lru_cache(maxsize=65_536)
def bases(word: str) -> frozenset[str]:
    """Give what a word may be without its proclitics and endings, itself included, to compare cues with."""
    if not is_arabic_letter(word[0]):
        return frozenset((word,))
    heads = {
        word[cut:]
        for cut in range(min(6, len(word) - 2))
        if word[:cut] in PROCLITICS and not (cut == 1 and is_word_of_its_own(word, word[1:]))
    }
    stems = {head.removesuffix(tail) for head in heads for tail in _ENCLITICS if len(head) - len(tail) >= 3}
    return frozenset(stems | {stem[:-1] + "ه" for stem in stems if stem.endswith("ت")} | {word})
