"""For tests/core/test_digest.py: outlets in and out, muted stories, last seen, what is set aside."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from rasid.digest import compose
from rasid.selection import heirs
from tests.core.reports import NOW, SUBSCRIPTION, TERMS, WINDOW, article, digest
from tests.core.test_digest import copy_of

if TYPE_CHECKING:
    from rasid.types import Digest, ReportArticle


def composed(*articles: ReportArticle, **given: Any) -> Digest:
    """The digest of these articles, with more given to the composer."""
    values: dict[str, Any] = {"terms": TERMS, "term_days": {}, "failed_feeds": (), "now": NOW}
    return compose(SUBSCRIPTION, articles, window=WINDOW, **(values | given))


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, [1, 2]),
        ({"only_outlets": ("صحيفة 1",)}, [1]),
        ({"only_outlets": ("feed-2",)}, [2]),
        ({"not_outlets": ("صحيفة 1",)}, [2]),
        ({"not_outlets": ("feed-1", "صحيفة 2")}, []),
    ],
)
def test_outlets_are_chosen_by_feed_or_by_name(changes: dict[str, Any], kept: list[int]) -> None:
    """What comes from another outlet is neither a story nor counted."""
    one = digest(*(article(n, f"هواوي {n}", feed_id=f"feed-{n}") for n in (1, 2)), **changes)

    assert (kept, len(kept)) == (sorted(story.story_id for story in one.stories), one.articles)


def test_a_copy_stands_for_an_original_whose_outlet_is_left_out() -> None:
    """The earliest of the copies is the news then, and the others are copies of it."""
    one = digest(
        article(1, "إنفيديا تعود إلى السوق", hours=6),
        copy_of(1, 2, hours=4),
        copy_of(1, 3, hours=5),
        not_outlets=("صحيفة 1",),
    )

    (story,) = one.stories
    assert [(3, "new"), (2, "near")] == [(shown.article_id, shown.relation) for shown in story.appearances]
    assert (1, 1) == (one.articles, one.copies)


def test_a_copy_that_names_no_term_stands_for_nothing() -> None:
    """The earliest copy that names one does; else the story would be lost."""
    one = digest(
        article(1, "إنفيديا تعود إلى السوق", hours=6),
        article(2, "خبر", "نص قصير.", relation="excerpt", original=1, story_id=1, hours=5),
        copy_of(1, 3, hours=4),
        not_outlets=("صحيفة 1",),
    )

    assert [1] == [story.story_id for story in one.stories]


def test_a_copy_that_is_not_fit_to_read_stands_for_nothing() -> None:
    """One in another language, or too old when it was first seen, takes nobody's place."""
    for changes in ({"language": "fa"}, {"first_seen": NOW, "published": NOW - timedelta(days=9)}):
        one = digest(
            article(1, "إنفيديا تعود إلى السوق", hours=6),
            copy_of(1, 2, **({"hours": 5} | changes)),
            copy_of(1, 3, hours=4),
            not_outlets=("صحيفة 1",),
        )

        assert [1] == [story.story_id for story in one.stories]


def test_muted_stories_are_counted_only() -> None:
    """Neither told nor counted among articles and copies; a muted story that did not come again counts nothing."""
    one = composed(
        article(1, "إنفيديا تعود إلى السوق"),
        copy_of(1, 3),
        article(2, "هواوي"),
        article(4, "خبر", "بيع رقائق H20 مستمر.", status="uncertain", story_id=1),
        muted=frozenset({1, 77}),
    )

    assert [2] == [story.story_id for story in one.stories]
    assert (1, 0, 1, ()) == (one.articles, one.copies, one.muted, one.reviews)


SEEN = NOW - timedelta(days=12)


@pytest.mark.parametrize(
    ("days", "seen", "expected"),
    [
        ((0,) * 6 + (1,), None, (None, True)),
        ((0,) * 6 + (1,), SEEN, (SEEN, False)),
        ((0,) * 20 + (2,) + (0,) * 6 + (1,), SEEN, (SEEN, False)),
        ((0, 0, 1, 0, 0, 0, 1), SEEN, (None, False)),
        ((0,) * 7, SEEN, (None, False)),
        ((), None, (None, False)),
    ],
    ids=[
        "first ever",
        "after a pause",
        "within the usual's days",
        "this week too",
        "not today",
        "no figures",
    ],
)
def test_a_term_that_comes_back(days: tuple[int, ...], seen: Any, expected: tuple[Any, bool]) -> None:
    """Only where today alone of the seven days has it, and first only where it was never seen."""
    last_seen = {} if seen is None else {"nvidia": seen}
    one = composed(article(1, "إنفيديا تعود"), term_days={"nvidia": days}, last_seen=last_seen)
    nvidia = next(term for term in one.terms if term.term == "nvidia")

    assert expected == (nvidia.last_seen, nvidia.first)


def test_four_weeks_tell_what_is_usual() -> None:
    """Seven days are drawn; today is a spike against all that came before it."""
    one = composed(
        article(1, "إنفيديا تعود"), term_days={"nvidia": (2,) * 27 + (12,), "h20": (2,) * 27 + (4,)}
    )
    nvidia, h20 = (next(term for term in one.terms if term.term == name) for name in ("nvidia", "h20"))

    assert ((2,) * 6 + (12,), 2.0, True) == (nvidia.days, nvidia.usual, nvidia.spike)
    assert (2.0, False) == (h20.usual, h20.spike)


def test_an_heir_is_named_with_its_original() -> None:
    """So that both are noted as told; where the original is wanted, or nothing copies it, there is none."""
    told = [article(1, "إنفيديا تعود إلى السوق", hours=6), copy_of(1, 2), article(4, "هواوي")]

    assert {1: 2} == heirs(replace(SUBSCRIPTION, not_outlets=("صحيفة 1", "صحيفة 4")), told, TERMS)
    assert {} == heirs(SUBSCRIPTION, told, TERMS)


def test_a_story_that_cannot_be_drawn_is_set_aside() -> None:
    """Named with its address and the fault, and counted nowhere; the others are told."""
    broken = replace(article(1, "إنفيديا تعود", "قالت إنفيديا ذلك."), text=None)  # type: ignore[arg-type]
    one = composed(broken, article(2, "هواوي"))

    assert [2] == [story.story_id for story in one.stories]
    assert [("إنفيديا تعود", broken.url)] == [(aside.title, aside.url) for aside in one.set_aside]
    assert re.match(r"\w+Error: ", one.set_aside[0].error)
    assert 1 == one.articles
