"""Where a story appeared: whose article is its source, what each of the others adds, and whose report they pass on.

Theory of operation. Storage links an article to the one that came in before it; a reader asks who was out first. So
of an original and its copies the earliest published is told as the source, and what was stored as the original is
told as its copy. Nothing else changes hands: ids, what counts as news and what was found stay as they are stored.

An addition is quoted from the article that makes it: of the passages that its original has not, the sentence or two
with most of the reader's terms; of another edition, the sentence with the first figure that changed, beside a term of
the reader's where there is one: who watches a share has no use for the exchange rates above it.

Known exceptions. A date without a time comes as midnight. Such an article was out at the latest when it was first
seen, and is told as no earlier than that. What an earlier copy of an extended article holds of its new passages is
known only where they stand in it word for word.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rasid.attribution import agency_name, attribute
from rasid.snippets import around, best, covered, sentences
from rasid.text import fold
from rasid.types import SUPPRESSED, Appearance, Hit, Language, Reason, ReportArticle, Snippet

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from rasid.snippets import Span
    from rasid.types import Relation

NO_REASON = Reason(ar="", en="")
_FULLER = Reason(ar="النص الأكمل", en="the fuller text")
_TEASER = 60  # words; feeds give 20 to 50 of an article
_TWICE = 2
_SEVERAL_TIMES = 3
_TELLING = 4  # words; a shorter line is a heading or a cell of a table, and says nothing by itself
_OUTLET = re.compile(r"(?:ال)?(?:وكاله|صحيفه|جريده|مجله|موقع|قناه|شبكه|منصه) ")


def out(article: ReportArticle) -> tuple[datetime, datetime, int]:
    """When an article was out for certain, to order by; of two at one time the one that came in first."""
    published = article.published
    if not (published.hour or published.minute or published.second):  # as sources give a date without a time
        published = min(article.first_seen, published + timedelta(days=1))
    return published, article.first_seen, article.id


# ── source and copies ─────────────────────────────────────────────────────────────────────────────


def as_told(articles: Sequence[ReportArticle]) -> dict[int, ReportArticle]:
    """The articles of a story by id, with the relations that a reader is told of."""
    told = {one.id: one for one in articles}
    copies: defaultdict[int, list[ReportArticle]] = defaultdict(list)
    for one in articles:
        original = told.get(one.original or 0)
        if one.relation in SUPPRESSED and original is not None and original.relation not in SUPPRESSED:
            copies[original.id].append(one)
    for original_id, family in copies.items():
        told |= _by_time(told[original_id], family)
    return told


def _by_time(original: ReportArticle, copies: Sequence[ReportArticle]) -> dict[int, ReportArticle]:
    """A family as told: the earliest takes the original's place, and the original that of its copy."""
    first = min((original, *copies), key=out)
    if first is original:
        return {}
    source = replace(
        first,
        relation=original.relation,
        original=original.original,
        copy_why=original.copy_why,
        added=_carried(original, first.text),
    )
    if first.relation == "excerpt":
        return {source.id: source, original.id: _copy_of(first, original, relation="extends", why=_FULLER)}
    # How much of the stored original the other copies hold says nothing of an edited one.
    others = () if first.relation == "exact" else copies
    told = {one.id: replace(one, copy_why=NO_REASON) for one in others}
    return told | {source.id: source, original.id: _copy_of(first, original, relation=first.relation)}


def _copy_of(
    first: ReportArticle, original: ReportArticle, *, relation: Relation, why: Reason = NO_REASON
) -> ReportArticle:
    return replace(original, relation=relation, original=first.id, copy_why=why, added=())


def _carried(original: ReportArticle, text: str) -> tuple[Span, ...]:
    """The new passages of an extended article where another text holds them; single figures would be guessed."""
    if original.relation != "extends":
        return ()
    passages = [original.text[start:end] for start, end in original.added]
    starts = [(text.find(passage), len(passage)) for passage in passages if passage]
    return tuple((start, start + length) for start, length in starts if start >= 0)


def fullest(lead: ReportArticle, told: Mapping[int, ReportArticle], fit: Collection[int]) -> ReportArticle:
    """The article to read: the leading one, or the longest of its family that holds clearly more.

    Twice as much where it extends it, for a few paragraphs of analysis are no reason to read another outlet's; of a
    teaser any member counts that is several times longer.


    Args:
        lead: The article that would lead, as told.
        told: All articles of the story, as told.
        fit: Ids of those that may lead.
    """
    words = _words(lead.text)
    teaser = lead.source == "feed" or words < _TEASER
    fuller = [
        one
        for one in _family(lead, told)
        if one.id in fit
        and _words(one.text) >= (_SEVERAL_TIMES if teaser and one.relation != "extends" else _TWICE) * words
        and (teaser or one.relation == "extends")
    ]
    return max([lead, *fuller], key=lambda one: _words(one.text))


def _words(text: str) -> int:
    return len(text.split())


def _family(lead: ReportArticle, told: Mapping[int, ReportArticle]) -> Iterable[ReportArticle]:
    """Its copies, what extends it, and theirs; not itself."""
    family = {lead.id}
    linked = [one for one in told.values() if one.relation == "extends" or one.relation in SUPPRESSED]
    while more := {one.id for one in linked if one.original in family} - family:
        family |= more
    return [one for one in linked if one.id in family - {lead.id}]


# ── what is new in an article ─────────────────────────────────────────────────────────────────────


def fresh(article: ReportArticle, original: ReportArticle | None = None) -> list[Span]:
    """The sentences that its original has not, or has with other figures; all, where nothing tells them apart."""
    text = article.text
    every = sentences(text)
    if article.relation == "extends" and article.added:
        return covered(text, article.added)
    if article.relation == "revised" and article.added:
        return [one for one in every if any(one[0] <= at < one[1] for at, _ in article.added)]
    if article.relation not in ("extends", "revised") or original is None:
        return every
    old = {original.text[start:end] for start, end in sentences(original.text)}
    return [(start, end) for start, end in every if text[start:end] not in old]


def addition(article: ReportArticle, hits: Sequence[Hit], shown: Sequence[Snippet] = ()) -> Snippet | None:
    """What an article adds to an earlier one, in its own words.

    Args:
        article: As told.
        hits: Where the reader's terms stand in its text.
        shown: What the story quotes already; no sentence is quoted twice.
    """
    if not article.added or article.relation not in ("extends", "revised"):
        return None
    if article.relation == "revised":
        return _changed(article, hits, shown)
    new = fresh(article)
    left = [one for one in new if not _is_shown(article.text, one, shown)]
    found = best(article.text, hits, left) if hits else None
    if found is not None or len(left) < len(new):
        return found
    passage = max(article.added, key=lambda span: span[1] - span[0])
    spans = covered(article.text, [passage])
    return best(article.text, (), _telling(article.text, spans) or spans)


def _changed(article: ReportArticle, hits: Sequence[Hit], shown: Sequence[Snippet]) -> Snippet | None:
    """The first sentence with a changed figure and a term, else the first with a changed figure."""
    spans = _telling(article.text, fresh(article))
    about = [(start, end) for start, end in spans if any(start <= hit.start < end for hit in hits)]
    sentence = next(iter(about or spans), None)
    if sentence is None or _is_shown(article.text, sentence, shown):
        return None
    first = min(at for at, _ in article.added if sentence[0] <= at < sentence[1])
    return around(article.text, sentence, first, [*hits, *figures(article)])


def figures(article: ReportArticle) -> list[Hit]:
    """The figures that another edition changed, to be highlighted; they have no term."""
    changed = article.added if article.relation == "revised" else ()
    return [Hit(start, end, term="") for start, end in changed]


def _telling(text: str, spans: Iterable[Span]) -> list[Span]:
    return [(start, end) for start, end in spans if _words(text[start:end]) >= _TELLING]


def _is_shown(text: str, sentence: Span, shown: Iterable[Snippet]) -> bool:
    quoted = text[sentence[0] : sentence[1]]
    return any(quoted in one.text or one.text.strip("…") in quoted for one in shown)


# ── whose report it is ────────────────────────────────────────────────────────────────────────────


def _is_own(article: ReportArticle) -> bool:
    """Whether the outlet is the very source that its article names: «رويترز عربي» passes nothing on."""
    return bool(article.wire) and _is_outlet(article.outlet, article.wire)


def _is_outlet(outlet: str, wire: str) -> bool:
    known = attribute("", "", outlet)
    if known is not None and known.id == wire:
        return True
    name = _plain(outlet)
    return any(re.match(rf"{re.escape(_plain(one))}(?!\w)", name) for one in agency_name(wire))


def _plain(name: str) -> str:
    return _OUTLET.sub("", fold(name).text.strip(), count=1)


def common_credit(articles: Iterable[ReportArticle], language: Language) -> str:
    """The one source that all of a story's articles credit or are; empty where it is not one and the same."""
    articles = list(articles)
    credited = {one.wire for one in articles if one.wire and not _is_own(one)}
    if len(credited) != 1:
        return ""
    (wire,) = credited
    passed_on = all(one.wire == wire or _is_outlet(one.outlet, wire) for one in articles)
    return _name(wire, language) if passed_on else ""


def _credit(article: ReportArticle, language: Language) -> str:
    return _name(article.wire, language) if article.wire and not _is_own(article) else ""


def _name(wire: str, language: Language) -> str:
    return agency_name(wire)[0 if language == "ar" else 1]


# ── all together ──────────────────────────────────────────────────────────────────────────────────


def appearances(
    articles: Iterable[ReportArticle],
    hits: Mapping[int, Sequence[Hit]],
    shown: Sequence[Snippet],
    language: Language,
) -> tuple[Appearance, ...]:
    """Every article of a story, in order of publication.

    Args:
        articles: As told.
        hits: Where the reader's terms stand in the text of each, by id.
        shown: The story's own snippets.
        language: Of the digest.
    """
    ordered = sorted(articles, key=out)
    titles = {one.id: one.title for one in ordered}
    quoted, found = list(shown), []
    for one in ordered:
        added = addition(one, hits.get(one.id, ()), quoted)
        quoted += [] if added is None else [added]
        found.append(_appearance(one, titles, added, _credit(one, language)))
    return tuple(found)


def _appearance(
    article: ReportArticle, titles: Mapping[int, str], added: Snippet | None, wire: str
) -> Appearance:
    return Appearance(
        article_id=article.id,
        outlet=article.outlet,
        title=article.title,
        url=article.url,
        published=article.published,
        relation=article.relation,
        note=_note(article, titles),
        added=added,
        wire=wire,
    )


def _note(article: ReportArticle, titles: Mapping[int, str]) -> Reason | None:
    """How it relates to its original; where that stands in the same story, without naming it again."""
    if article.relation == "new" or article.copy_why == NO_REASON:
        return None
    title = titles.get(article.original or 0)
    if title is None:
        return article.copy_why
    if article.relation in SUPPRESSED:
        return _share(article.copy_why) if article.relation == "near" else None
    return _unnamed(article.copy_why, title)


def _share(why: Reason) -> Reason | None:
    """«68% من النص» out of «نسخة من «…»: 68% من النص»; an edited copy rounded to the whole has none."""
    ar, en = why.ar.rpartition("»: "), why.en.rpartition("”: ")
    return Reason(ar[2], en[2]) if ar[1] and en[1] and not ar[2].startswith("100%") else None


def _unnamed(why: Reason, title: str) -> Reason:
    """«يضيف 63 كلمة» out of «يضيف 63 كلمة إلى «…»»; a reason in other words stays as it is."""
    return Reason(why.ar.removesuffix(f" إلى «{title}»"), why.en.removesuffix(f" to “{title}”"))
