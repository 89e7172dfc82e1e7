"""What changed between two versions of a watchlist: in an operator's words, and for the matcher."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rasid.config import parse_watchlist
from rasid.config.changes import changed_terms, matches_differently, term_changes
from rasid.types import Query, Term, Watchlist

BEFORE = """\
name: رقائق
terms:
  - id: nvidia
    label: إنفيديا
    forms: [إنفيديا, {form: NVDA, near: [سهم, بورصة], within: 6}]
    codes: [N100]
  - id: h20
    label: H20
    codes: [H20, إتش 20]
    lookalikes: [{form: H2O, near: [رقائق]}, {form: H2O, near: [معالج]}]
    near: [شريحة]
    examples: {match: [رقاقة H20], skip: [حافلة H20]}
  - {id: kunlun, label: كونلون, forms: [كونلون]}
"""


def parsed(text: str) -> Watchlist:
    """A watchlist out of its text."""
    return parse_watchlist(text, "watchlists/chips.yaml")


def changed(*edits: tuple[str, str]) -> list[tuple[str, str, tuple[str, ...]]]:
    """The changes that replacing texts in the list makes."""
    text = BEFORE
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return list(term_changes(parsed(BEFORE), parsed(text)))


@pytest.mark.parametrize(
    ("old", "new", "term", "detail"),
    [
        ("[إنفيديا,", "[إنفيديا, نفيديا,", "nvidia", ("+ form نفيديا",)),
        ("[H20, إتش 20]", "[إتش 20]", "h20", ("- code H20",)),
        ("[H20, إتش 20]", "[H20, إيتش 20]", "h20", ("+ code إيتش 20", "- code إتش 20")),
        ("[سهم, بورصة]", "[بورصة, تداول]", "nvidia", ("near of NVDA: + تداول, - سهم",)),
        ("within: 6", "within: 3", "nvidia", ("within of NVDA: 6 → 3",)),
        (", within: 6", "", "nvidia", ("within of NVDA: 6 → anywhere",)),
        (", near: [سهم, بورصة], within: 6", "", "nvidia", ("near of NVDA: - سهم, - بورصة",)),
        ("codes: [N100]", "codes: [{form: N100, unless: [طريق]}]", "nvidia", ("unless of N100: + طريق",)),
        ("near: [معالج]", "near: [معالج, بطاقة]", "h20", ("near of H2O: + بطاقة",)),
        ("    near: [شريحة]", "    near: [شريحة, معالج]", "h20", ("near: + معالج",)),
        ("    codes: [N100]", "    codes: [N100]\n    unless: [ماء]", "nvidia", ("unless: + ماء",)),
        ("label: H20", "label: H20\n    importance: 3", "h20", ("importance 2 → 3",)),
        ("label: H20", "label: إتش 20\n    label_en: H20", "h20", ("label H20 → إتش 20",)),
        ("label: H20", "label: H20\n    label_en: H-20", "h20", ("label_en H20 → H-20",)),
        ("[حافلة H20]", "[كريم H20, مرهم H20]", "h20", ("examples +2 -1",)),
        ("label: H20", "label: H20\n    notes: انتبه", "h20", ("notes",)),
    ],
)
def test_each_change_has_its_words(old: str, new: str, term: str, detail: tuple[str, ...]) -> None:
    """One edit, one term, one or two lines: what was added, what went, what is now another."""
    assert [(term, "changed", detail)] == changed((old, new))


def test_a_move_is_no_change() -> None:
    """Spellings, words and terms in another order, and examples on another line, change nothing."""
    assert [] == changed(("[H20, إتش 20]", "[إتش 20, H20]"), ("[سهم, بورصة]", "[بورصة, سهم]"))
    assert [] == changed(("name: رقائق\n", "# تعليق\nname: رقاقات\n"))


def test_terms_come_and_go_without_detail() -> None:
    """Added, removed; a list that appears or disappears adds or removes all of its terms."""
    renamed = changed(("id: kunlun", "id: baidu"))
    assert [("baidu", "added", ()), ("kunlun", "removed", ())] == renamed
    assert ["added"] * 3 == [kind for _, kind, _ in term_changes(None, parsed(BEFORE))]
    gone = term_changes(parsed(BEFORE), None)
    assert [("nvidia", "removed", ()), ("h20", "removed", ()), ("kunlun", "removed", ())] == list(gone)
    assert () == term_changes(None, None)


def test_a_changed_query_is_said() -> None:
    """Which part of it changed is left to the file."""
    one = replace(parsed(BEFORE), terms=(Term("q", "س", "q", query=Query("term", value="h20")),))
    two = replace(one, terms=(replace(one.terms[0], query=Query("term", value="nvidia")),))
    assert (("q", "changed", ("query",)),) == term_changes(one, two)


def test_matching_differs_by_spellings_cues_and_query_alone() -> None:
    """Label, importance, examples, notes and any order leave the mentions as they are."""
    (_, h20, _) = parsed(BEFORE).terms
    same = replace(
        h20, label="x", label_en="y", importance=1, examples=(), notes="n", forms=tuple(reversed(h20.forms))
    )
    assert not matches_differently(h20, same)
    for other in (
        replace(h20, forms=h20.forms[1:]),
        replace(h20, forms=(replace(h20.forms[0], near=None), *h20.forms[1:])),
        replace(h20, forms=(replace(h20.forms[0], kind="form"), *h20.forms[1:])),
        replace(h20, unless=("ماء",)),
        replace(h20, query=Query("words", value="ماء")),
    ):
        assert matches_differently(h20, other)


def test_a_query_differs_when_a_term_that_it_names_does() -> None:
    """Through any depth and through other queries; a query over unchanged terms stays."""
    terms = {term.id: term for term in parsed(BEFORE).terms}
    deals = Query(
        "all", (Query("near", (Query("term", value="h20"), Query("words", value="صفقة")), within=5),)
    )
    terms["deals"] = Term("deals", "صفقات", "deals", query=deals)
    terms["big"] = Term("big", "كبرى", "big", query=Query("any", (Query("term", value="deals"),)))
    terms["other"] = Term("other", "غيرها", "other", query=Query("term", value="kunlun"))
    edited = terms | {"h20": replace(terms["h20"], unless=("ماء",))}
    assert frozenset({"h20", "deals", "big"}) == changed_terms(terms, edited)
    relabelled = terms | {"h20": replace(terms["h20"], label="إتش")}
    assert frozenset() == changed_terms(terms, relabelled)


def test_new_and_gone_terms_have_changed() -> None:
    """Both directions; two empty sides have no change."""
    terms = {term.id: term for term in parsed(BEFORE).terms}
    fewer = {"h20": terms["h20"]}
    assert frozenset({"nvidia", "kunlun"}) == changed_terms(terms, fewer) == changed_terms(fewer, terms)
    assert frozenset() == changed_terms({}, {})
