r"""Find the terms of watchlists in an article, however they are spelled, and say why each one counts.

Theory of operation
-------------------
1. All forms of all terms, folded, and with the separators that people type inside a code (H20, H-20, H 20),
   go into one Aho-Corasick automaton (`compiling`). It reads an article once, one byte a letter (`alphabet`),
   and reports every occurrence, overlapping ones included. An article without any, which is most articles,
   ends here.
2. Addresses, e-mail addresses, paths and file names are masked (`pages`).
3. The edge test keeps what stands as a name (`edges`).
4. Of what stands, the longest counts, per term. Then cues decide (`judging`): `unless` refuses, `near` confirms.
5. Terms that are queries over others are asked at last (`queries`).

The order matters: with the longest chosen first («leftmost-longest» of the automaton), a longer form that
fails the edge test would hide a shorter one that stands. Whereas a form with the article of its own
(«الهواوي», a surname unless cues say otherwise) does hide the plain name inside it.

Known exceptions
----------------
- A newline inside a form is never bridged: a paragraph ends there.
- «adjacent» is right after a name, or before it with one word or up to three adjectives between, in the same
  clause; a `near` cue between wins over `unless` before it. For a lookalike `unless` looks six words to either side.
- Typing slips are generated for long names only, by doubling and by swapping letters; dropped letters are
  not, for they make other names («نفيديا» without its end is a part of «التنفيدية»). Those belong into the
  watchlist; `explain` names what comes near.

Rejected: `\b` around the forms (finds 2 of 32 names with clitics, Arabic letters being \w); one regular
expression per form (linear in the number of forms); rapidfuzz over windows (F .71; it cannot tell H20 from
H200); the automaton over UTF-8 (half the speed, and positions to convert).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahocorasick_rs import BytesAhoCorasick, Implementation

from rasid.matching import explaining, queries
from rasid.matching.alphabet import encode
from rasid.matching.compiling import compile_terms, known_words, phrases
from rasid.matching.edges import edge, is_touched, must_stand_alone
from rasid.matching.judging import Decision, decide, longest, surnames
from rasid.matching.pages import Article, Hit, Page
from rasid.matching.reasons import reason
from rasid.types import Mention

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rasid.matching.compiling import Pattern
    from rasid.types import Finding, Term

__all__ = ["Matcher"]

_DFA_SPELLINGS = 30_000
"""Up to this number the faster automaton is worth its 4 kB a spelling."""

_Occurrences = list[tuple[int, int, int]]  # number of the spelling, start, end
_Judged = list[tuple[Page, Hit, Decision]]


class Matcher:
    """Terms compiled to one automaton; it never changes, so one may serve all threads.

    Raises:
        ValueError: Queries refer to terms that are not there, or to each other in a circle.
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        self._queries = [
            (term, query, queries.condition(query)) for term, query in queries.in_order(list(terms))
        ]
        self._names = explaining.names(terms)
        patterns = compile_terms(terms)
        self._known = known_words().union(patterns)
        for trigger in self._triggers():
            patterns.setdefault(trigger, ())
        alike: dict[bytes, dict[str, tuple[Pattern, ...]]] = {}
        for spelling, found in patterns.items():
            alike.setdefault(encode(spelling), {})[spelling] = found
        self._alike = list(alike.values())
        self._alone = [
            all(
                pattern.slip or must_stand_alone(spelling)
                for spelling, found in spellings.items()
                for pattern in found
            )
            for spellings in self._alike
        ]
        few = len(alike) < _DFA_SPELLINGS
        self._automaton = BytesAhoCorasick(
            list(alike), implementation=Implementation.DFA if few else Implementation.ContiguousNFA
        )

    def _triggers(self) -> Iterator[str]:
        """Give what must stand in an article for a word of a query to be there."""
        for _, query, _ in self._queries:
            for leaf in queries.leaves(query):
                if leaf.op == "words":
                    yield phrases([leaf.value])[0].parts[0].removesuffix("ه")

    def find(self, text: str, title: str = "") -> tuple[Mention, ...]:
        """Give the mentions of an article, those of the title first, each in order of its start.

        Title and text are context for each other. What the cues reject is not returned.
        """
        article = Article(title, text)
        occurrences = [self._occurrences(page) for page in article.pages]
        if not any(occurrences):
            return ()
        kept = [one for one in self._judge(article, occurrences) if one[2].outcome != "rejected"]
        mentions = [_mention(*one) for one in kept]
        if not self._queries:
            return tuple(mentions)
        mentions += self._asked(_scope(article, kept))
        return tuple(sorted(mentions, key=lambda one: (one.field == "text", one.start)))

    def explain(self, text: str, title: str = "") -> tuple[Finding, ...]:
        """Give every place that was looked at, those refused included, each with what decided, title first.

        Besides what `find` gives: spellings inside addresses and other words, names that cues refuse, queries
        that do not hold where a part of them is there, and words that resemble a form (each once).
        """
        article = Article(title, text)
        occurrences = [self._occurrences(page) for page in article.pages]
        judged = self._judge(article, occurrences)
        findings = [explaining.judged(*one) for one in judged]
        for page, found in zip(article.pages, occurrences, strict=True):
            findings += self._fallen(page, found, findings)
            findings += explaining.near_misses(page, self._names, findings)
        scope = _scope(article, [one for one in judged if one[2].outcome != "rejected"])
        findings += map(explaining.found, self._asked(scope))
        unmet = (
            explaining.unmet(term, query, scope)
            for term, query, _ in self._queries
            if term.id not in scope.found
        )
        findings += (finding for finding in unmet if finding is not None)
        return tuple(sorted(findings, key=lambda one: (one.field == "text", one.start, one.end)))

    def _occurrences(self, page: Page) -> _Occurrences:
        found: _Occurrences = self._automaton.find_matches_as_indexes(page.codes, overlapping=True)
        return found

    def _patterns(self, page: Page, occurrence: tuple[int, int, int]) -> tuple[Pattern, ...]:
        """Give the patterns of what stands at an occurrence, letter by letter."""
        index, start, end = occurrence
        return self._alike[index].get(page.unmasked[start:end], ())

    def _judge(self, article: Article, occurrences: Sequence[_Occurrences]) -> _Judged:
        """Give what the cues make of every name that stands, the longest at each place."""
        groups = [
            (page, hits)
            for page, found in zip(article.pages, occurrences, strict=True)
            for hits in longest(self._standing(page, found))
        ]
        article.surnames = surnames(groups)
        return [(page, *decide(article, page, hits)) for page, hits in groups]

    def _standing(self, page: Page, occurrences: _Occurrences) -> Iterator[Hit]:
        """Give the occurrences that are not masked and pass the edge test."""
        for occurrence in occurrences:
            index, start, end = occurrence
            if self._alone[index] and is_touched(page.codes, start, end):
                continue  # most occurrences end here, so nothing is made for them
            hits = [
                Hit(start, end, pattern, edges)
                for pattern in self._patterns(page, occurrence)
                if (edges := edge(page, start, end, pattern.rule.form, self._known))
                and not (pattern.slip and edges.glued)  # mistyped or glued, not both
            ]
            if hits and not page.is_masked(start, end):
                yield from hits

    def _fallen(self, page: Page, occurrences: _Occurrences, findings: list[Finding]) -> list[Finding]:
        """Give the listed spellings that are masked or parts of other words, where their term has nothing else."""
        taken = explaining.places_of(page, findings)
        fallen: list[Finding] = []
        for occurrence in sorted(occurrences, key=lambda one: one[1] - one[2]):
            _, start, end = occurrence
            for rule, slip in self._patterns(page, occurrence):
                own = taken.setdefault(rule.term.id, set())
                places = range(*page.folded.span(start, end))
                if not slip and own.isdisjoint(places):
                    own.update(places)
                    fallen.append(explaining.fallen(page, start, end, rule))
        return fallen

    def _asked(self, scope: queries.Scope) -> Iterator[Mention]:
        """Give the mentions of the terms whose queries hold, and let later queries know of them."""
        for term, _, condition in self._queries:
            truth = condition(scope)
            if truth.level != queries.NO:
                scope.found[term.id] = [place._replace(level=truth.level) for place in truth.places]
                yield from queries.mentions(term, truth)


def _scope(article: Article, kept: _Judged) -> queries.Scope:
    """Give what was found as queries see it."""
    scope = queries.Scope(article.pages, {})
    for page, hit, decision in kept:
        level = queries.YES if decision.outcome == "matched" else queries.MAYBE
        label = decision.rule.form.text
        place = queries.Place(page, hit.start, hit.end, *page.around(hit), level, label, is_word=False)
        scope.found.setdefault(decision.rule.term.id, []).append(place)
    return scope


def _mention(page: Page, hit: Hit, decision: Decision) -> Mention:
    start, end = page.folded.span(hit.start, hit.end)
    return Mention(
        term=decision.rule.term.id,
        field=page.name,
        start=start,
        end=end,
        text=page.original[start:end],
        status="matched" if decision.outcome == "matched" else "uncertain",
        form=decision.rule.form.text,
        why=reason(hit, decision),
    )
