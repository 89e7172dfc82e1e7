"""The common words: what the table holds, what is told by it, and how it is counted."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from rasid.config import parse_watchlist
from rasid.text import fold, is_arabic_letter, words
from rasid.vocabulary import ARTICLES, common_words, count, is_run_together, is_word_of_its_own

ROOT = Path(__file__).resolve().parents[2]


# ── the table ─────────────────────────────────────────────────────────────────────────────────────


def test_the_table_is_what_counting_writes() -> None:
    """The commonest first, words of one count in order; none rarer than 20, none in more articles than there are."""
    rows = list(common_words().items())
    assert [] == [pair for pair in pairwise(rows) if (-pair[0][1], pair[0][0]) >= (-pair[1][1], pair[1][0])]
    assert 30_000 < len(rows)
    assert ARTICLES >= rows[0][1]
    assert 20 == rows[-1][1]


def test_the_table_holds_words_of_the_press() -> None:
    """Arabic words of two letters and more, one each, the small words on top; no misprint or foreign name is common."""
    table = common_words()
    assert [] == [word for word in table if words(word) != [word] or len(word) < 2]
    assert [] == [word for word in table if not is_arabic_letter(word[0])]
    assert {"في", "من", "علي", "الي"} <= set(list(table)[:10])
    assert {"شركه", "وزير", "بطاقه", "رويترز"} <= table.keys()
    assert not {"انفيديا", "نفيديا", "كونلون", "هاواوي", "شركة", "إلى"} & table.keys()


def test_each_word_is_folded() -> None:
    """What folding would change is never asked for; «بيئية» has three ي in a row, and they stay."""
    assert [] == [word for word in common_words() if fold(word).text != word]


def test_no_name_that_is_watched_is_an_ordinary_word() -> None:
    """The forms of the list that ships with Rasid are rare in the press: the commonest stands in 64 articles."""
    path = ROOT / "config" / "watchlists" / "chips.yaml"
    terms = parse_watchlist(path.read_text(encoding="utf-8"), path.name).terms
    forms = {fold(form.text).text for term in terms for form in term.forms if form.near is None}
    assert [] == [form for form in forms if common_words().get(form, 0) > 100]


# ── what it tells ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        pytest.param("بطاقه", True, id="a card, not «with energy»"),
        pytest.param("كبير", True, id="big, not «like a well»"),
        pytest.param("لكن", True, id="but, not «to be»"),
        pytest.param("وزير", True, id="a minister; the rest is no word"),
        pytest.param("فريق", True, id="a team; the rest is no word"),
        pytest.param("بشركه", False, id="with a company"),
        pytest.param("وقال", False, id="and he said: 15,275 against 9,783 are not 20 times"),
        pytest.param("فقال", False, id="so he said"),
        pytest.param("واحد", False, id="one, which is rarer than «أحد»"),
        pytest.param("بانفيديا", False, id="with a name: neither is common"),
    ],
)
def test_a_word_or_a_clitic_with_its_rest(word: str, *, expected: bool) -> None:
    """The first letter belongs to the word where the whole is as common as the rest, after و and ف far more so."""
    assert expected is is_word_of_its_own(word, word[1:])


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        pytest.param("رويترز", True, id="one word"),
        pytest.param("شركهجديده", True, id="two"),
        pytest.param("العربيهالسعوديهاليوم", True, id="three"),
        pytest.param("فيالمعرض", False, id="a word of two letters is in too many others"),
        pytest.param("المعرضفي", False, id="at the end, too"),
        pytest.param("رويترزق", False, id="a letter is left over"),
        pytest.param("شركهزقفبغجديده", False, id="no word in the middle"),
        pytest.param("من", False, id="two letters"),
        pytest.param("زقفبغ", False, id="no word at all"),
    ],
)
def test_words_without_a_space(letters: str, *, expected: bool) -> None:
    """Letters are words run together where common words of three letters and more fill them, whatever the cut."""
    assert expected is is_run_together(letters)


# ── counted ───────────────────────────────────────────────────────────────────────────────────────


def test_articles_are_counted_not_occurrences() -> None:
    """All spellings of a word are one; 19 articles are too few; letters, numbers and Latin words are no words here."""
    texts = ["أعلنت الشركة والشركة، AMD و 2024"] * 19 + ["أعلنتْ الشركه، AMD و 2024", "الشركة"]
    assert [("الشركه", 21), ("اعلنت", 20)] == count(texts)


def test_the_command_writes_a_table() -> None:
    """JSON lines in, titles and missing titles included; word, tab, articles out, as the table has it."""
    articles = [{"title": "سوق الرقائق", "text": "نمت السوق"}] * 12 + [
        {"text": "سوق أخرى"},
        {"title": None, "text": "سوق"},
    ] * 6
    lines = "".join(json.dumps(article, ensure_ascii=False) + "\n" for article in [*articles, *articles])
    done = subprocess.run(
        [sys.executable, "-m", "rasid.vocabulary"],
        input=lines.encode(),
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    assert "سوق\t48\nالرقايق\t24\nالسوق\t24\nنمت\t24\n" == done.stdout.decode()
