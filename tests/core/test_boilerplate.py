"""What is learned to be boilerplate, and what is not."""

from rasid.boilerplate import LEARNED_AFTER, LineCounts, own_text
from rasid.copies import fingerprint
from rasid.types import LearnedLines

FOOTER, QUOTE, OTHER = 11, 22, 33


def test_a_line_of_three_articles_is_an_outlets() -> None:
    """The third article with a line makes it the outlet's boilerplate, and of no other outlet's."""
    counts = LineCounts()
    known = []
    for article in range(LEARNED_AFTER):
        counts.add("الرصيف", 1, [FOOTER, OTHER + article])
        known.append(bool(counts.learned.among({FOOTER}, "الرصيف")))

    assert known == [False, False, True]
    assert not counts.learned.among({OTHER}, "الرصيف")
    assert not counts.learned.among({FOOTER}, "المرفأ")


def test_a_sentence_that_all_quote_is_not_learned() -> None:
    """Reports of one event in several outlets that repeat a sentence make it nobody's boilerplate."""
    counts = LineCounts()
    for outlet in ("الرصيف", "المرفأ", "الشراع", "الموج"):
        counts.add(outlet, 1, [QUOTE])

    assert not any(counts.learned.among({QUOTE}, outlet) for outlet in ("الرصيف", "المرفأ", "الساحل"))


def test_nothing_is_learned_of_nobody() -> None:
    """Articles without an outlet are not one outlet."""
    counts = LineCounts()
    for story in range(LEARNED_AFTER):
        counts.add("", story, [FOOTER])

    assert not counts.learned.among({FOOTER}, "")


def test_own_text() -> None:
    """Known lines go, whatever their spelling; the others keep theirs."""
    text = "وصلت السفينة فجر اليوم.\nتابعوا أخبار الرصيف كل صباح\nوغادرت مساء."
    lines = fingerprint("", text).lines
    known = LearnedLines({"الرصيف": {lines[1]}}, frozenset()).among(frozenset(lines), "الرصيف")

    assert own_text(text.replace("أخبار", "اخبار"), known) == "وصلت السفينة فجر اليوم.\nوغادرت مساء."
    assert own_text(text, frozenset()) == text


def test_a_line_of_three_outlets_is_everybodys() -> None:
    """What three outlets print under different stories is no part of an article anywhere."""
    counts = LineCounts()
    for story, outlet in enumerate(("الرصيف", "المرفأ", "الشراع")):
        counts.add(outlet, story, [FOOTER])

    assert counts.learned.among({FOOTER}, "الموج")
    assert not counts.learned.among({QUOTE}, "الموج")
