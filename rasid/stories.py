"""Stories: the articles about one event, in whatever words.

Theory of operation. Single pass: a new article joins the story whose last members it is most like, or opens its
own. Likeness is the cosine of light-stemmed TF-IDF over the title (three times) and the first 400 characters, where
the press says what happened. It fades with exp(−Δt / 36 h): the same words the day after tomorrow are the next
development. A story counts by the average over its last 12 members in order of publication, so that chains do not
grow and no story outlives its event.

IDF is rolling: it is taken from the members of the last two weeks, so that what everybody writes about this week
weighs less. Until there are 200 of them it is smoothed as though there were, and the everyday words of the technology
press are taken to be common; else the first two articles of a fresh database would share a story because both say
«شركات الذكاء الاصطناعي».

A daily table or column repeats its words for ever. Where a member's headline, figures aside, is the same and it is of
another day, or both are mostly figures, its story is not joined: 5 of 31,481 articles, among them two that another
outlet told a day later under the same headline. A weekly column never meets its last number: likeness has faded.

Cost. Members are slots of flat columns, found by postings of the article's rarest stems, 8,000 of them at most,
whatever the window holds; ten stories are then compared in full. Below that budget the choice is that of reading
everything. A text of the same agency counts by a twentieth more on the same day: of 522 labelled pairs 19 name one
agency, which tells nothing, so it decides ties.

Known exceptions. Two reports of one event that share neither names nor figures stay apart. What comes the same day and
tells of it again (a reaction, background, the next step) mostly joins: 15 wrong pairs were read, and nearly all are
such. A copy bypasses all this: the application gives it its original's story.

Figures over ant_multisource: 98 pairs of others F .870 (P .851 R .889), 424 of our own, labelled apart, F .803; the
largest story has 15 articles. Fade and threshold lie on a plateau, all 522 pairs, mean of four streams with a tenth
of the articles left out: 24 h .816, 36 h .815 (threshold .18 .809, .22 .805), 48 h .812, 72 h .797.

Rejected, of the same 522 (each against the same settings without it): nearest member counted by .3 beside the average
.814 (.815), and larger stories; the opener by .3 .802 (.801); IDF smoothed with the whole press's counts .813 (.814);
bigrams of the title .814 (.817); title twice .816 (.817); 600 characters .819 (.817) at more cost. Logistic regression
over the pairs finds title, figures, rarest names and bigrams worth nothing beside likeness and time (AUC .904 to .907
from .907). Two embedding models showed no clear gain on 148 pairs at 1000 times the cost.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rasid.story_slots import Slots
from rasid.story_words import EVERYDAY, STOP, WEAK
from rasid.text import WORD, fold, light_stem, words
from rasid.types import Reason, StoryChoice, StoryMember

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from numpy.typing import NDArray

    from rasid.story_slots import Terms

    _Floats = NDArray[np.float64]
    _Numbers = NDArray[np.integer]
    _Flags = NDArray[np.bool_]

_TITLE_WEIGHT = 3
_LEAD = 400  # characters
_FADE = timedelta(hours=36).total_seconds()
_WINDOW = timedelta(days=14).total_seconds()  # of which IDF is taken
_LAST_MEMBERS = 12
_THRESHOLD = 0.20
_PRIOR_ARTICLES = 200
_PRIOR_SHARE = 0.15  # of those articles hold an everyday word
_BUDGET = 8_000  # postings read for one article
_NEAREST = 64  # members by which the stories are found
_CANDIDATES = 10  # stories compared in full
_FEWEST_DEAD = 1_000  # slots, before the columns are packed anew
_OTHER_DAY = timedelta(hours=16).total_seconds()  # this morning's column after last night's
_SAME_HEADLINE = 0.75  # of the stems that two headlines have
_SHORTEST_HEADLINE = 2  # stems
_TABLE = 0.2  # of the stems are figures: one article of a thousand in the general press
_SAME_WIRE = 1.05  # of one agency on one day
_HEADLINE_WEIGHT = 1 + math.log(_TITLE_WEIGHT) - 1e-6
_SHOWN = 5
_WRITTEN = 1_000  # characters in which the plain form of a word is looked for


def story_terms(title: str, text: str) -> dict[str, float]:
    """Return the stems of the title, counted three times, and of the lead: stem → 1 + ln(count)."""
    folded = fold(f"{title}\n{text[:_LEAD]}")
    lead = int(np.searchsorted(folded.offsets, len(title)))
    terms: Counter[str] = Counter()
    for stem in _stems(folded.text[:lead]):
        terms[stem] += _TITLE_WEIGHT
    terms.update(_stems(folded.text[lead:]))
    return {stem: 1 + math.log(count) for stem, count in terms.items()}


class _Query(NamedTuple):
    """An article that asks: one entry a stem, rarest first."""

    stems: list[str]
    numbers: _Numbers  # of the stems in the index, -1 unknown there
    weights: _Floats  # TF-IDF, of length 1 together
    headline: _Flags  # stands in the title, or thrice in the lead; no figure
    figures: float  # share of the stems
    time: float
    wire: str


class StoryIndex:
    """The articles of the last two weeks by their stems."""

    def __init__(self, members: Iterable[StoryMember] = ()) -> None:
        self._last_id = 0
        self._newest = -math.inf
        self._slots = Slots()
        self._members: dict[int, int] = {}  # article → slot
        self._by_age: list[tuple[float, int]] = []  # heap of times and articles, dropped ones too
        self._stories: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)  # times and articles
        self._scratch = np.zeros(0)  # all 0 between calls
        for member in members:
            self.add(member)

    @property
    def last_id(self) -> int:
        """The highest id of an article ever taken in; 0 where there was none."""
        return self._last_id

    def add(self, member: StoryMember) -> None:
        """Take an article in, and let go of what is older than two weeks before the newest one."""
        article = member.article_id
        if article in self._members:  # read again: its text or story changed
            self._drop(article)
        slot = self._members[article] = self._slots.append(member)
        time = self._slots.times[slot]
        insort(self._stories[member.story_id], (time, article))
        heappush(self._by_age, (time, article))
        self._last_id = max(self._last_id, article)
        self._newest = max(self._newest, time)
        while self._by_age and self._by_age[0][0] < self._newest - _WINDOW:
            time, article = heappop(self._by_age)
            if article in self._members and self._slots.times[self._members[article]] == time:
                self._drop(article)
        if len(self._slots.members) > 2 * len(self._members) + _FEWEST_DEAD:
            self._pack()

    def move(self, article_id: int, story_id: int) -> None:
        """Put an article into another story, as an operator did; nothing where the index has let it go."""
        slot = self._members.get(article_id)
        if slot is None:
            return
        self._leave_story(slot)
        self._slots.members[slot] = replace(self._slots.members[slot], story_id=story_id)
        insort(self._stories[story_id], (self._slots.times[slot], article_id))

    def choose(
        self,
        terms: Mapping[str, float],
        published: datetime,
        *,
        title: str = "",
        text: str = "",
        wire: str = "",
        apart: AbstractSet[int] = frozenset(),
    ) -> StoryChoice:
        """Return the story that an article joins, or none where it opens its own.

        Args:
            terms: What `story_terms` gave for it.
            published: When it was published.
            title: Of the article, to show shared terms as it writes them; else they show as stems.
            text: Of the article, for the same.
            wire: Id of the news agency whose text it is; "" unknown.
            apart: Stories that it does not join, however alike: other days of its table.
        """
        query = self._query(terms, published.timestamp(), wire)
        stories = [story for story in self._candidates(query) if story not in apart]
        scores, serial = self._compare(query, stories)
        order = sorted(range(len(stories)), key=lambda at: (-scores[at], stories[at]))
        near = [at for at in order if scores[at] >= _THRESHOLD]
        best = next((at for at in near if not serial[at]), None)
        if best is None:
            score = scores[order[0]] if order else 0.0
            return StoryChoice(None, round(score, 4), (), _SERIAL if near else _OPENS)
        stems = self._shared(query, stories[best])
        written = _as_written(f"{title}\n{text[:_WRITTEN]}", stems)
        shared = tuple(written.get(stem, stem) for stem in stems)
        return StoryChoice(stories[best], round(scores[best], 4), shared, _joins(shared, scores[best]))

    def _drop(self, article: int) -> None:
        slot = self._members.pop(article)
        self._leave_story(slot)
        self._slots.drop(slot)

    def _leave_story(self, slot: int) -> None:
        member = self._slots.members[slot]
        self._stories[member.story_id].remove((self._slots.times[slot], member.article_id))
        if not self._stories[member.story_id]:
            del self._stories[member.story_id]

    def _pack(self) -> None:
        self._slots = self._slots.packed()
        self._members = {member.article_id: slot for slot, member in enumerate(self._slots.members)}
        self._by_age = sorted(zip(self._slots.times, self._members, strict=True))
        self._scratch = np.zeros(0)

    def _idf(self, holders: _Numbers, everyday: _Numbers) -> _Floats:
        articles = len(self._members)
        missing = max(0, _PRIOR_ARTICLES - articles)
        if missing:
            holders = holders + round(_PRIOR_SHARE * missing) * everyday.astype(np.int64)
        return np.log((articles + missing + 1) / (holders + 1)) + 0.01

    def _query(self, terms: Mapping[str, float], time: float, wire: str) -> _Query:
        slots = self._slots
        known = [(slots.numbers.get(stem, -1), stem) for stem in terms]
        rows = sorted((slots.holders[number] if number >= 0 else 0, stem, number) for number, stem in known)
        stems = [stem for _, stem, _ in rows]
        raw: _Floats = np.array([terms[stem] for stem in stems], dtype=np.float64)
        everyday = np.array([stem in EVERYDAY for stem in stems], dtype=np.int8)
        figures = np.array([stem.isdigit() for stem in stems], dtype=np.bool_)
        weights = raw * self._idf(np.array([held for held, _, _ in rows], dtype=np.int64), everyday)
        return _Query(
            stems,
            np.array([number for _, _, number in rows], dtype=np.int64),
            weights / (math.hypot(*weights.tolist()) or 1.0),
            (raw >= _HEADLINE_WEIGHT) & ~figures,
            float(figures.sum()) / max(1, len(stems)),
            time,
            wire,
        )

    def _postings(self, query: _Query) -> tuple[list[array[int]], list[float]]:
        """Postings of the rarest stems with their weights; of the last one its newest, where all are too many."""
        left, found, weights = _BUDGET, [], []
        for number, weight in zip(query.numbers.tolist(), query.weights.tolist(), strict=True):
            if number >= 0 and left:
                found.append(self._slots.postings[number][-left:])
                weights.append(weight)
                left -= len(found[-1])
        return found, weights

    def _candidates(self, query: _Query) -> list[int]:
        """Stories of the members that share most, found without a look at the others."""
        found, weights = self._postings(query)
        if not found:
            return []
        slots = np.concatenate(found)
        sums = self._zeros(len(self._slots.members))
        np.add.at(sums, slots, np.repeat(weights, [len(some) for some in found]))
        dots = sums[slots]
        sums[slots] = np.arange(len(slots))
        once = sums[slots] == np.arange(len(slots))  # a slot comes once for each stem
        sums[slots] = 0.0
        slots = slots[once]
        slots = _nearest(slots, dots[once] * self._fade(query, slots))
        stories = (self._slots.members[slot].story_id for slot in slots.tolist())
        return list(dict.fromkeys(stories))[:_CANDIDATES]

    def _compare(self, query: _Query, stories: Sequence[int]) -> tuple[list[float], list[bool]]:
        """The average likeness to the last members of each story, and whether one of them is of the same series."""
        if not stories:
            return [], []
        last = [self._last(story) for story in stories]
        sizes = [len(some) for some in last]
        owners = np.repeat(np.arange(len(last)), sizes)
        slots = np.array([slot for some in last for slot in some], dtype=np.int64)
        terms = self._slots.terms_of(slots)
        likeness = self._cosines(query, terms, len(slots)) * self._fade(query, slots)
        if query.wire:
            likeness *= self._wire_factor(query, slots)
        serial = self._serial(query, terms, slots)
        # A machine's last bit must not decide: rounded before anything is compared.
        scores = (np.bincount(owners, likeness) / sizes).round(9).tolist()
        return scores, (np.bincount(owners, serial) > 0).tolist()

    def _cosines(self, query: _Query, terms: Terms, count: int) -> _Floats:
        holders, everyday = np.asarray(self._slots.holders), np.asarray(self._slots.everyday)
        theirs = terms.weights * self._idf(holders[terms.numbers], everyday[terms.numbers])
        mine = self._spread(query, query.weights, terms.numbers)
        dots = np.bincount(terms.owners, mine * theirs, minlength=count)
        return dots / np.sqrt(np.maximum(np.bincount(terms.owners, theirs * theirs, minlength=count), 1e-9))

    def _serial(self, query: _Query, terms: Terms, slots: _Numbers) -> _Flags:
        """Which members are another day's: of a column with the same headline, or of tables."""
        other_day: _Flags = np.abs(np.asarray(self._slots.times)[slots] - query.time) > _OTHER_DAY
        if not other_day.any():
            return other_day
        figures = np.asarray(self._slots.figures)[terms.numbers] != 0
        headline = (terms.weights >= _HEADLINE_WEIGHT) & ~figures
        both = headline * self._spread(query, query.headline.astype(np.float64), terms.numbers)
        shared = np.bincount(terms.owners, both, minlength=len(slots))
        size = np.bincount(terms.owners, headline, minlength=len(slots))
        either = size + query.headline.sum() - shared
        same: _Flags = (shared >= _SHORTEST_HEADLINE) & (shared >= _SAME_HEADLINE * either)
        stems = np.bincount(terms.owners, minlength=len(slots))
        tables: _Flags = np.bincount(terms.owners, figures, minlength=len(slots)) >= _TABLE * stems
        tables &= query.figures >= _TABLE
        return other_day & (same | tables)

    def _spread(self, query: _Query, values: _Floats, numbers: _Numbers) -> _Floats:
        """The query's values at the stems of others; 0 where it has not the stem."""
        known = query.numbers >= 0
        by_stem = self._zeros(len(self._slots.holders))
        by_stem[query.numbers[known]] = values[known]
        found = by_stem[numbers]
        by_stem[query.numbers[known]] = 0.0
        return found

    def _wire_factor(self, query: _Query, slots: _Numbers) -> _Floats:
        same = np.array(
            [self._slots.members[slot].wire == query.wire for slot in slots.tolist()], dtype=np.bool_
        )
        same &= np.abs(np.asarray(self._slots.times)[slots] - query.time) <= _OTHER_DAY
        return np.where(same, _SAME_WIRE, 1.0)

    def _fade(self, query: _Query, slots: _Numbers) -> _Floats:
        return np.exp(-np.abs(np.asarray(self._slots.times)[slots] - query.time) / _FADE)

    def _last(self, story: int) -> list[int]:
        return [self._members[article] for _, article in self._stories[story][-_LAST_MEMBERS:]]

    def _zeros(self, size: int) -> _Floats:
        """Zeros of at least this size; who writes there puts the zeros back."""
        if len(self._scratch) < size:
            self._scratch = np.zeros(2 * size)
        return self._scratch

    def _shared(self, query: _Query, story: int) -> list[str]:
        """Telling stems in common, rarest first; where they are many, those that both headlines have."""
        held = self._slots.terms_of(np.array(self._last(story)))
        heads = set(held.numbers[held.weights >= _HEADLINE_WEIGHT].tolist())
        numbers, common = query.numbers.tolist(), set(held.numbers.tolist())
        telling = [
            at
            for at, stem in enumerate(query.stems)
            if numbers[at] in common and not stem.isdigit() and stem not in WEAK
        ]
        first = sorted(telling, key=lambda at: not (query.headline[at] and numbers[at] in heads))[:_SHOWN]
        return [query.stems[at] for at in sorted(first)]


def _nearest(slots: _Numbers, likeness: _Floats) -> _Numbers:
    """The slots of most likeness, most first; of equal ones the newer; the dead have none."""
    kept = likeness > 0
    if len(slots) > _NEAREST:
        kept &= likeness >= np.partition(likeness, -_NEAREST)[-_NEAREST]
    slots, likeness = slots[kept], likeness[kept]
    return slots[np.lexsort((-slots, -likeness))[:_NEAREST]]


_OPENS = Reason("لا خبر قريب منه في الأيام الأخيرة", "no story of the last days is near it")
_SERIAL = Reason("باب ثابت أو جدول: عدد يوم آخر", "a regular column or table: another day's")


def _joins(shared: Sequence[str], score: float) -> Reason:
    if not shared:
        return Reason(
            f"صياغة متقاربة ({score:.0%}) بلا كلمات نادرة مشتركة",
            f"alike as a whole ({score:.0%}), without rare words in common",
        )
    return Reason(f"كلمات نادرة مشتركة: {'، '.join(shared)}", f"rare words in common: {', '.join(shared)}")


def _stems(folded_text: str) -> list[str]:
    stems = map(light_stem, words(folded_text))
    return [stem for stem in stems if len(stem) > 1 and stem not in STOP]


def _as_written(whole: str, stems: Sequence[str]) -> dict[str, str]:
    """Stem → the shortest word that gives it, letter for letter: «بوتين» rather than «وبوتين» or «لبوتين»."""
    folded = fold(whole)
    found = [word.span() for word in WORD.finditer(folded.text) if light_stem(word.group()) in stems]
    found.sort(key=lambda span: (span[0] - span[1], -span[0]))  # the shortest is written last
    return {light_stem(folded.text[slice(*span)]): whole[slice(*folded.span(*span))] for span in found}
