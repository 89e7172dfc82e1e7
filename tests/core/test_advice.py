"""Warnings about watchlists: each kind where it is due, at its line, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasid.config import parse_watchlist
from rasid.config.advice import Lists, advise, common_forms, lists_of, name_words, unmet_cues
from rasid.matching import Matcher
from rasid.matching.compiling import MOST_WITH_SLIPS, PROCLITICS
from rasid.types import Form, Term
from rasid.vocabulary import common_words

FILE = "watchlists/firms.yaml"
HEAD = "name: شركات\nterms:\n"


def listed(*texts: str) -> Lists:
    """Watchlists of these terms, each in a file of its own: firms.yaml, firms1.yaml …; terms begin on line 3."""
    files = {f"watchlists/firms{number or ''}.yaml": HEAD + text for number, text in enumerate(texts)}
    return lists_of([parse_watchlist(text, file) for file, text in files.items()], files)


def told(*texts: str) -> list[str]:
    """What the lists are warned of."""
    return [str(advice) for advice in advise(listed(*texts))]


# ── twins ─────────────────────────────────────────────────────────────────────────────────────────


def test_two_spellings_that_fold_to_one_are_twins() -> None:
    """The later one is told of, with the line of the earlier, once, though they share several spellings."""
    text = """\
  - id: firm
    label: شركة
    forms:
      - نور تك
      - سيليكا
      - نُور تِك
    codes: [A 7, a-7]
"""
    assert [
        f"{FILE}:8: warning: firm: «نُور تِك» is read as «نور تك» (line 6); remove one of the two",
        f"{FILE}:9: warning: firm: «a-7» is read as «A 7» (line 9); remove one of the two",
    ] == told(text)


def test_twins_of_two_terms_are_told_with_both_places() -> None:
    """Within a file and between files, whatever their cues: a place would count for both."""
    first = "  - {id: one, label: أول, forms: [Silica]}\n  - {id: two, label: ثان, codes: [silica], near: [شركة]}\n"
    second = "  - {id: three, label: ثالث, forms: [{form: ＳＩＬＩＣＡ, near: [معدن]}]}\n"
    alike = "of the term one (watchlists/firms.yaml:3) and would count for both; remove one of the two"
    assert [
        f"{FILE}:4: warning: two: «silica» is read as «Silica» {alike}",
        f"watchlists/firms1.yaml:3: warning: three: «ＳＩＬＩＣＡ» is read as «Silica» {alike}",
    ] == told(first, second)


@pytest.mark.parametrize(
    "forms",
    [
        "[سيليكي, السيليكي]",
        "[{form: A2O, near: [شركة]}, {form: A2O, near: [رقائق], within: 3}]",
        "[{form: A2O, unless: [ماء]}, {form: A2O, near: [رقائق]}]",
        "[{form: نور تك, near: [شركة]}, نور-تك]",
        "[Silica, سيليكا, Sillica]",
    ],
    ids=["with ال", "two distances", "different cues", "a separator needs none", "no twins at all"],
)
def test_what_is_meant_to_be_alike_is_no_twin(forms: str) -> None:
    """Within a term cues tell spellings apart, and ال makes another one."""
    assert [] == told(f"  - {{id: firm, label: شركة, forms: {forms}}}\n")


@pytest.mark.parametrize(
    "forms", ["[Silica, {form: silica, near: [شركة]}]", "[{form: Silica, near: [شركة]}, silica]"]
)
def test_a_twin_without_cues_makes_cues_vain(forms: str) -> None:
    """One of the two counts in any case, whichever comes first; the matcher proves it."""
    text = f"  - {{id: firm, label: شركة, forms: {forms}}}\n"
    (warning,) = told(text)
    assert "«silica» is read as «Silica» (line 3); one of them counts without cues" in warning
    matcher = Matcher(parse_watchlist(HEAD + text, FILE).terms)
    assert ["matched"] == [mention.status for mention in matcher.find("تحدثوا عن Silica أمس")]


# ── common words ──────────────────────────────────────────────────────────────────────────────────


def common(text: str, held: int = 0, articles: int = 0) -> list[str]:
    """What is told of a term's common words, where an archive holds each spelling so many times."""
    lists = listed(text)
    return [str(advice) for advice in common_forms(lists, dict.fromkeys(lists.spelled, held), articles)]


def test_a_common_word_without_cues_is_told_with_its_count() -> None:
    """The count is that of the word and its clitic forms, and the commonest of them are named."""
    text = "  - id: media\n    label: صحف\n    forms:\n      - هواوي\n      - صحة\n"
    (warning,) = common(text)
    counts = {word: count for word, count in common_words().items() if word in name_words(Form("صحة"))}
    assert {"صحه", "الصحه", "والصحه"} <= counts.keys()
    assert f"{FILE}:7: warning: media: «صحة» is a common word" in warning
    assert (
        f"about {sum(counts.values()):,} of 40,408 articles of the Arabic press, as «الصحه», «صحه»" in warning
    )


@pytest.mark.parametrize(
    "keys",
    [
        "forms: [{form: صحة, near: [شركة]}]",
        "forms: [صحة], near: [شركة]",
        "forms: [هواوي, أبل, غوغل, Nvidia, صحة الخليج]",
        "query: {all: [صحة, شركة]}",
    ],
    ids=["cues of its own", "cues of its term", "names", "words of a query"],
)
def test_names_and_what_has_cues_are_not_called_common(keys: str) -> None:
    """`near` is the remedy, and a query's words may be as common as they like."""
    assert [] == common(f"  - {{id: firm, label: شركة, {keys}}}\n")
    assert [] == told(f"  - {{id: firm, label: شركة, {keys}}}\n")


@pytest.mark.parametrize(
    ("form", "held", "articles", "expected"),
    [
        ("صحة", 20, 1_000, "in this archive in 20 of 1,000 articles"),
        ("صحة", 19, 1_000, ""),
        ("صحة", 0, 199, "of 40,408 articles"),
        ("Nvidia", 99, 1_000, ""),
        ("Nvidia", 100, 1_000, "in this archive in 100 of 1,000 articles"),
        ("Nvidia", 150, 199, ""),
    ],
    ids=[
        "common in both",
        "rare here",
        "too small to tell",
        "a subject",
        "everywhere",
        "too small for a subject",
    ],
)
def test_an_archive_knows_better(form: str, held: int, articles: int, expected: str) -> None:
    """Its own count decides where it is large enough; a name that much of it is about is no common word."""
    warnings = common(f"  - {{id: firm, label: شركة, forms: [{form}]}}\n", held, articles)
    assert bool(expected) == bool(warnings)
    assert expected in "".join(warnings)


@given(st.sampled_from(sorted(PROCLITICS)), st.sampled_from(["سيليكا", "بيسان", "Silica"]))
def test_words_taken_for_a_name_are_mentions(clitic: str, name: str) -> None:
    """What is counted for a name is what the matcher finds."""
    matcher = Matcher([Term("firm", "شركة", "firm", (Form(name),))])
    words = name_words(Form(name))
    assert (f"{clitic}{name}" in words) == (name != "Silica")
    assert 1 == len(matcher.find(f"قرأنا {clitic}{name} هنا"))


# ── cues that never fire ──────────────────────────────────────────────────────────────────────────


def test_repeated_cues_are_told_once_a_list() -> None:
    """ال and hamzas make no other cue, a side does; a cue without sides covers one with; each is told with its twin."""
    text = """\
  - id: firm
    label: شركة
    forms:
      - form: سيليكا
        near: [شركة ~, سوق, أسهم,
          السوق, اسهم, ~ شركة, شركة, ~ سوق]
        within: 4
        unless: [رمل, ~ رمل]
"""
    near = "«السوق» (by «سوق»), «اسهم» (by «أسهم»), «~ سوق» (by «سوق»)"
    assert [
        f"{FILE}:8: warning: firm: cues of near that an earlier one covers: {near}; remove them",
        f"{FILE}:10: warning: firm: cues of unless that an earlier one covers: «~ رمل» (by «رمل»); remove them",
    ] == told(text)


def test_a_list_that_is_shared_is_told_of_once() -> None:
    """By an anchor or by the term: at the place where its cues stand."""
    text = """\
  - id: firm
    label: شركة
    forms:
      - {form: سيليكا, near: &cues [سوق, شركة,
          السوق]}
      - {form: Silica, near: *cues}
    codes: [S 10]
    near: [مصنع,
      المصنع]
    unless: [رمل, الرمل]
"""
    assert [f"{FILE}:7", f"{FILE}:11", f"{FILE}:12"] == [warning.split(": ")[0] for warning in told(text)]


def test_a_side_needs_a_distance() -> None:
    """In a `near` that looks anywhere the tilde says nothing; with `within`, and in `unless`, it does."""
    text = """\
  - id: firm
    label: شركة
    forms:
      - {form: سيليكا, near: [سوق, شركة ~], unless: [غرفة ~]}
      - {form: Silica, near: [شركة ~], within: 2}
"""
    (warning,) = told(text)
    assert f"{FILE}:6: warning: firm: cues of near that have a side" in warning
    assert "«شركة ~»; add within: N" in warning


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("{form: الهواوي, near: [هواوي, هاتف]}", "«هواوي» (in «الهواوي»)"),
        ("{form: نور تك, near: [تك, شركة]}", "«تك» (in «نور تك»)"),
        ("{form: نور تك, near: [نور تك, شركة], within: 3}", "«نور تك» (in «نور تك»)"),
        ("{form: نور تك, near: [تك, شركة], within: 3}", ""),
        ("{form: نور, near: [نور تك, شركة]}", ""),
        ("{form: نور, near: [شركة], unless: [نور]}", ""),
    ],
    ids=["without ال", "a part", "all of it, close", "a part, close", "longer than the name", "unless"],
)
def test_a_name_is_no_cue_for_itself(form: str, expected: str) -> None:
    """A cue that the name always meets confirms nothing; one that must stand beside it may."""
    warnings = told(f"  - {{id: firm, label: شركة, forms: [{form}]}}\n")
    assert bool(expected) == bool(warnings)
    assert expected in "".join(warnings)


def test_what_is_never_read_is_never_found() -> None:
    """Addresses and file names, as a spelling and as a cue; the matcher proves it."""
    text = "  - {id: firm, label: شركة, forms: [Silica.com, {form: Silica, near: [silica.io, شركة], within: 5}]}\n"
    spelled, cue = told(text)
    assert "firm: «Silica.com» looks like an address or a file name" in spelled
    assert (
        "cues of near that look like addresses or file names, which Rasid does not read: «silica.io»" in cue
    )
    matcher = Matcher(parse_watchlist(HEAD + text, FILE).terms)
    assert () == matcher.find("زرنا Silica.com أمس، وكتبت عنه Silica في silica.io مقالا")


def test_unmet_cues_name_their_list_and_their_forms() -> None:
    """How many of how many, of which spellings, in how many articles; at the line of the first."""
    cues = "near: &cues [سوق, شركة,\n        مصنع]"
    forms = ", ".join([f"{{form: سيليكا, {cues}}}", *(f"{{form: Silica{n}, near: *cues}}" for n in range(4))])
    lists = listed(f"  - {{id: firm, label: شركة,\n     forms: [{forms}]}}\n")
    (cue_list,) = lists.cue_lists
    assert (
        f"{FILE}:5: warning: firm: 1 of 3 near cues of «سيليكا», «Silica0», «Silica1» and 2 more never met it in "
        "1,312 articles: مصنع; remove them if they were guesses"
    ) == str(unmet_cues(lists, cue_list, ["مصنع"], 1_312))


def test_a_warning_is_one_line() -> None:
    """Whatever a spelling holds."""
    (warning,) = told('  - {id: firm, label: شركة, forms: ["نور\\nتك", "نور\\nتك"]}\n')
    assert "\n" not in warning


def test_a_very_long_list_is_told_that_slips_are_off() -> None:
    """Once, and only beyond the limit; a spelling in the file counts, not what is generated of it."""
    names = [f"اسم{number}غريب" for number in range(MOST_WITH_SLIPS + 1)]
    many, few = (f"  - {{id: a, label: a, forms: [{', '.join(some)}]}}\n" for some in (names, names[:-1]))

    assert [] == [one for one in told(few) if "mistyped" in one]
    assert 1 == sum("mistyped" in one for one in told(many))
