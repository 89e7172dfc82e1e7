"""What the archive's index is asked for: never less than the matcher finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from rasid.config import parse_watchlist
from rasid.matching import Matcher
from rasid.matching.probing import Groups, groups
from rasid.text import fold, words
from rasid.types import Cue, Form, Query, Term
from tests.eval.scoring import HERE, cases

if TYPE_CHECKING:
    from collections.abc import Sequence

CHIPS = (HERE.parents[1] / "config" / "watchlists" / "chips.yaml").read_text(encoding="utf-8")


def held(text: str) -> set[str]:
    """The words that the index has of an article."""
    return set(words(fold(text).text))


def would_read(asked: Groups, text: str) -> bool:
    """Whether the index gives an article for what is asked."""
    have = held(text)
    return any(all(have.intersection(part) for part in group) for group in asked)


def term(*texts: str, kind: str = "form") -> Term:
    """A term with forms of one kind and no cues but what a lookalike needs."""
    near = Cue(("رقائق",)) if kind == "lookalike" else None
    return Term("t", "t", "t", tuple(Form(text, kind, near) for text in texts))  # type: ignore[arg-type]


def asked_of(terms: Sequence[Term], *texts: str) -> Groups:
    """What is asked of an archive of these texts."""
    vocabulary = sorted(set().union(*map(held, texts)))
    return groups(terms, vocabulary)


def test_one_word_is_asked_with_all_that_clings_to_it() -> None:
    """Clitics, glued neighbours and slips are words of the archive; strangers are not asked for."""
    texts = ["ولإنفيديا", "شركةإنفيديا", "إنفييديا", "إنفلونزا"]

    assert [[["انفييديا", "شركهانفيديا", "ولانفيديا"]]] == asked_of([term("إنفيديا")], *texts)


def test_several_words_are_asked_together() -> None:
    """Clitics before the first, an s behind the last, nothing else; a code is one word or two."""
    texts = ["وان فيديا", "زمان فيدياكم H 20 وH20 200 20s"]

    assert [[["وان"], ["فيديا"]]] == asked_of([term("إن فيديا")], *texts)
    assert [[["h20"]], [["h"], ["20", "20s"]]] == asked_of([term("H20", kind="code")], *texts)


def test_what_no_word_holds_is_not_asked() -> None:
    """An archive without the name is not read at all."""
    assert [] == asked_of([term("إنفيديا", "إن فيديا")], "خبر عن الطقس")
    assert [] == groups([], ["كلمة"])


def test_a_query_is_asked_by_its_words() -> None:
    """With any ending that the matcher would take."""
    query = Term(
        "q", "q", "q", query=Query("any", (Query("words", value="شركة"), Query("words", value="حظر")))
    )

    assert [[["بشركتها", "حظر"]]] == asked_of([query], "بشركتها", "حظر", "كلام")


def test_nothing_that_the_matcher_finds_is_missed() -> None:
    """In every labelled case with a mention the index leads to the article."""
    terms = parse_watchlist(CHIPS, "chips.yaml").terms
    matcher = Matcher(terms)
    texts = [case["text"] for name in "abcd" for case in cases(f"mentions_{name}.jsonl")]
    found = [text for text in texts if matcher.find(text)]
    asked = asked_of(terms, *texts)

    assert len(found) > 400
    assert [] == [text for text in found if not would_read(asked, text)]
    assert sum(would_read(asked, text) for text in texts) < len(texts)


@given(st.lists(st.text("هواويفشركة H20ـ٢٠-_. x", min_size=1, max_size=30), max_size=6))
def test_nothing_is_missed_in_any_text(texts: list[str]) -> None:
    """Whatever letters stand around the names, and between their parts."""
    terms = [term("هواوي", "هوا وي"), term("H20", kind="code"), term("H2O", kind="lookalike")]
    matcher = Matcher(terms)
    asked = asked_of(terms, *texts) if texts else []

    assert [] == [text for text in texts if matcher.find(text) and not would_read(asked, text)]
