"""Cues decide: whether what stands as a name is the name that is watched.

`unless` refuses when adjacent; `near` confirms. Without its `near` cue a form or a lookalike does not count.
A code is what a person types on purpose: without a cue it is uncertain, and shown for review, in a text so short
that the cue may be missing by chance.

Two kinds of context outweigh the general order of evidence:

- A person is named in full once and by surname from then on. So where a form with the article of its own is
  refused once («الدكتور حاتم الهواوي»), its other occurrences in title and text need a cue nearby; one
  anywhere in the article is no longer enough.
- A name with a model number of its cues right after it («Kunlun P800») is a product, whatever stands before
  it: «فريق» is a sports team before the bare name, an engineers' team before the numbered one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from rasid.matching.compiling import function_words
from rasid.text import is_arabic_letter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rasid.matching.compiling import Phrase, Rule
    from rasid.matching.pages import Article, Hit, Page
    from rasid.types import Outcome

_NEARBY: Final = 6  # words: the distance at which a cue still speaks of a code beside a foreign product name
_TELLING: Final = 15  # words, more than a headline has: a text so long about a code holds one of its cues
_MOST_BETWEEN: Final = 3  # words between a noun and the name that it describes
_CONJUNCTIONS: Final = ("و", "ف")
_EXCHANGE: Final = re.compile(r"(?:\$|(?:nasdaq|nyse|amex|lse|hkex|sse|tadawul|ناسداك|بورصه) ?: ?)$")
_QUOTE_SUFFIX: Final = re.compile(r"\.(?:oq?|n|l|hk|ss|sz)(?![a-z\d])")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule makes of a hit."""

    rule: Rule
    outcome: Outcome
    cue: str = ""  # what confirmed it, or what refused it
    cause: Literal["", "unless", "product"] = ""  # of a refusal; empty: no cue confirms it


def longest(hits: Iterable[Hit]) -> list[list[Hit]]:
    """Keep, per term, the longest of the hits that overlap; the rules of one span stay together."""
    chosen: list[list[Hit]] = []
    last: dict[str, list[Hit]] = {}
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        group = last.get(hit.pattern.rule.term.id)
        if group and (hit.start, hit.end) == (group[0].start, group[0].end):
            group.append(hit)
        elif not group or hit.start >= group[0].end:
            last[hit.pattern.rule.term.id] = [hit]
            chosen.append(last[hit.pattern.rule.term.id])
    return chosen


def decide(article: Article, page: Page, hits: list[Hit]) -> tuple[Hit, Decision]:
    """Give what the hits of one span come to, and the hit that decided: the best of their outcomes."""
    decisions = [(hit, _judge(article, page, hit, rule)) for hit in hits for rule in _judges(page, hit)]
    return min(decisions, key=lambda pair: ("matched", "uncertain", "rejected").index(pair[1].outcome))


def surnames(groups: Iterable[tuple[Page, list[Hit]]]) -> frozenset[str]:
    """Give the terms whose form with ال is refused somewhere, being a part of a person's name there."""
    return frozenset(
        rule.term.id
        for page, hits in groups
        for hit in hits
        for rule in _articled(page, hit)
        if _refusal(page, hit, rule)
    )


def _articled(page: Page, hit: Hit) -> tuple[Rule, ...]:
    """Give the rules of the form with ال that judge a hit; none where it has no ال, or no such form.

    «هالهواوي» (this Huawei), «عالهواوي» (on the Huawei): no surname takes the article of a dialect. And «ألهواوي»
    is no article, but asks: does Huawei have …?
    """
    rules, clitic = hit.pattern.rule.articled, hit.edge.clitic
    if not rules or not clitic.endswith(("ال", "لل")) or clitic.endswith(("هال", "عال")):
        return ()
    return () if clitic == "ال" and page.typed(hit.start - 2) == "أ" else rules


def _judges(page: Page, hit: Hit) -> tuple[Rule, ...]:
    return _articled(page, hit) or (hit.pattern.rule,)


def _judge(article: Article, page: Page, hit: Hit, rule: Rule) -> Decision:
    sign = _quoted_as_ticker(page.text, hit) if rule.ticker else ""
    if sign:
        return Decision(rule, "matched", sign)
    if rule.unless and (refusal := _refusal(page, hit, rule)):
        return Decision(rule, "rejected", refusal, "unless")
    if not rule.near:
        return Decision(rule, "matched" if hit.edge.sure else "uncertain")
    if product := _other_product(page, hit, rule):
        return Decision(rule, "rejected", product, "product")
    if cue := _model(page, hit, rule) or _confirmation(article, page, hit, rule):
        return Decision(rule, "matched" if hit.edge.sure else "uncertain", cue)
    is_open = rule.form.kind == "code" and article.has_fewer_words(_TELLING)
    return Decision(rule, "uncertain" if is_open else "rejected")


def _confirmation(article: Article, page: Page, hit: Hit, rule: Rule) -> str:
    """Give the cue that confirms a hit; empty where there is none."""
    within = rule.form.near.within if rule.form.near else None
    if within is None and rule.term.id in article.surnames and rule in _articled(page, hit):
        within = _NEARBY
    if within is None:
        return article.anywhere(rule.near)
    return page.within(rule.near, within, hit)


def _model(page: Page, hit: Hit, rule: Rule) -> str:
    """Give the Latin word or number right after a name with the article: «الهواوي GT 4» is no person."""
    if rule not in _articled(page, hit):
        return ""
    _, after = page.around(hit)
    is_beside = page.one_clause(after - 1, after)
    return page.word(after) if is_beside and page.word(after).isascii() else ""


def _quoted_as_ticker(text: str, hit: Hit) -> str:
    """Give the sign that makes a ticker of capitals, $NVDA, NASDAQ: NVDA, NVDA.O; empty without one."""
    sign = _EXCHANGE.search(text[max(0, hit.start - 12) : hit.start]) or _QUOTE_SUFFIX.match(text, hit.end)
    return sign.group().strip(" :") if sign else ""


def _refusal(page: Page, hit: Hit, rule: Rule) -> str:
    """Give the `unless` that refuses a hit: adjacent; for a lookalike, weak evidence as it is, anywhere nearby."""
    near = rule.form.near
    if rule.form.kind == "lookalike":
        within = max(_NEARBY, near.within or 0) if near else _NEARBY
        phrases: Iterator[Phrase] = (phrase for group in rule.unless.values() for phrase in group)
        return page.within(phrases, within, hit)
    if _is_numbered(page, hit, rule):
        return ""
    first, after = page.around(hit)
    places = (*range(first - _MOST_BETWEEN - 1, first), after)
    beside = {base for place in places for base in page.bases(place)}
    phrases = (phrase for base in beside & rule.unless.keys() for phrase in rule.unless[base])
    return next((phrase.typed for phrase in phrases if _is_adjacent(page, phrase, hit, rule)), "")


def _is_numbered(page: Page, hit: Hit, rule: Rule) -> bool:
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


def _is_adjacent(page: Page, phrase: Phrase, hit: Hit, rule: Rule) -> bool:
    """Tell whether a phrase stands right after, right before, or before words that may describe the same thing."""
    first, after = page.around(hit)
    if phrase.side != "before" and page.has(phrase, after) and page.one_clause(after - 1, after):
        return True
    if phrase.side == "after" or hit.edge.clitic.startswith(_CONJUNCTIONS):
        return False
    starts = (first - len(phrase.parts) - between for between in range(_MOST_BETWEEN + 1))
    return any(
        page.has(phrase, place)
        and page.one_clause(place, first)
        and _describes(page, range(place + len(phrase.parts), first), rule)
        for place in starts
    )


def _describes(page: Page, between: range, rule: Rule) -> bool:
    """Tell whether the words between a noun and a name leave the noun the name's: «القاذفة الشبحية الصينية H-20».

    Several must have the article, as adjectives do. One may be any but a function word, one with a conjunction
    («هواوي وكونلون»), or a cue, which has the name for itself («كاميرا برقاقة H20»).
    """
    found = [page.word(place) for place in between]
    if len(found) > 1:
        return all(word.startswith("ال") for word in found)
    return not any(
        word in function_words()
        or (len(word) > 3 and word.startswith(_CONJUNCTIONS))
        or any(page.has(cue, place) for cue in rule.near)
        for word, place in zip(found, between, strict=True)
    )


def _other_product(page: Page, hit: Hit, rule: Rule) -> str:
    """Give the foreign product name in Arabic text that a code ends, with no cue nearby: «Zenmuse H20»."""
    first, after = page.around(hit)
    if rule.form.kind != "code" or first == 0:
        return ""
    brand = page.word(first - 1)
    beside = page.text[page.ends[first - 1] : hit.start] == " "
    if not (beside and brand.isascii() and brand.isalpha() and len(brand) > 1):
        return ""
    context = [*range(max(0, first - 4), first - 1), *range(after, min(after + 1, len(page.starts)))]
    in_arabic = any(is_arabic_letter(page.word(place)[0]) for place in context)
    if not in_arabic or page.within(rule.near, _NEARBY, hit):
        return ""
    return page.text[page.starts[first - 1] : page.ends[after - 1]]
