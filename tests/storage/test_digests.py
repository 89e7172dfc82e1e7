"""Digests: what is left to tell, what was told, and the days of a term."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from rasid.types import Channel, Reason, ReportArticle
from storage import DigestRow
from tests.storage.builders import (
    DAY,
    HOUR,
    MAIL,
    MINUTE,
    NOW,
    WHY,
    article,
    choice,
    digest,
    fingerprint,
    mention,
    settled,
    stored,
    verdict,
)

if TYPE_CHECKING:
    from rasid.types import Mention
    from storage import Store

SINCE = NOW - DAY


def unreported(store: Store, *terms: str, subscription: str = "analysts") -> list[int]:
    """Ids of what is left to tell."""
    return [found.id for found in store.unreported(subscription, terms or ("nvidia",), SINCE)]


def told(store: Store, *ids: int) -> dict[int, int]:
    """These articles as a digest reports them: with the last mention of each."""
    left = store.unreported("analysts", ["nvidia"], SINCE)
    return {found.id: found.last_mention for found in left if found.id in ids}


# ── left to tell ──────────────────────────────────────────────────────────────────────────────────


def test_a_report_article_is_whole(store: Store) -> None:
    """Every field is that of the article, its verdict, its story and its mentions, in their order."""
    original = stored(store)
    new, found = article(wire="afp"), (mention(start=9), mention(start=0), mention(status="uncertain"))
    judge = settled(replace(verdict("extends", original.id), added=((0, 5), (9, 12))), choice())
    made = store.store_article(None, new, fingerprint(), judge, {}, found, {}, NOW)
    expected = ReportArticle(
        id=made.id,
        url=new.url,
        outlet=new.outlet,
        title=new.title,
        text=new.text,
        published=new.published,
        first_seen=new.first_seen,
        language="ar",
        relation="extends",
        original=original.id,
        wire="afp",
        added=((0, 5), (9, 12)),
        copy_why=Reason("سبب مكتوب", "a written reason"),
        story_id=made.story_id,
        story_why=WHY,
        story_reported=False,
        mentions=found,
        source="page",
        last_mention=3,
        feed_id="tech",
    )
    assert [expected] == store.unreported("analysts", ["nvidia"], SINCE)


def test_only_the_terms_asked_for(store: Store) -> None:
    """An article without them is left out; of another's mentions nothing is seen."""
    both = stored(store, article(), mention("nvidia"), mention("huawei"))
    stored(store, article(), mention("huawei"))
    stored(store, article())
    (found,) = store.unreported("analysts", ["nvidia"], SINCE)
    assert (both.id, (mention("nvidia"),)) == (found.id, found.mentions)
    assert [] == store.unreported("analysts", [], SINCE)


def test_uncertain_mentions_and_copies_are_included(store: Store) -> None:
    """The composer decides about them, not the query."""
    first = stored(store, article(), mention(status="uncertain"))
    copy = stored(store, article(), mention(), relation="exact", original=first.id)
    assert [first.id, copy.id] == unreported(store)


def test_older_articles_are_left_out_and_the_oldest_published_comes_first(store: Store) -> None:
    """Since is when the article was first seen; the order is that of publication."""
    late = stored(store, article(published=NOW, first_seen=NOW), mention())
    early = stored(store, article(published=NOW - HOUR, first_seen=NOW), mention())
    edge = stored(store, article(published=NOW - 2 * DAY, first_seen=SINCE), mention())
    stored(store, article(published=NOW - 2 * DAY, first_seen=SINCE - MINUTE), mention())
    assert [edge.id, early.id, late.id] == unreported(store)


def test_what_was_told_is_not_told_again(store: Store) -> None:
    """By subscription: another one still has it to hear; the story is known from then on."""
    first = stored(store, article(), mention())
    assert store.save_digest(digest(), told(store, first.id), [MAIL], NOW)
    second = stored(store, article(), mention(), story_id=first.story_id)
    other = stored(store, article(), mention())
    known = {found.id: found.story_reported for found in store.unreported("analysts", ["nvidia"], SINCE)}
    assert {second.id: True, other.id: False} == known
    assert [first.id, second.id, other.id] == unreported(store, subscription="editors")


def test_a_story_told_to_others_is_not_known(store: Store) -> None:
    """story_reported is about this subscription's digests only."""
    first = stored(store, article(), mention())
    store.save_digest(digest("editors"), told(store, first.id), [], NOW)
    stored(store, article(), mention(), story_id=first.story_id)
    found = store.unreported("analysts", ["nvidia"], SINCE)
    assert [False, False] == [each.story_reported for each in found]


BOTH = ["nvidia", "huawei"]


def revised(store: Store, article_id: int, *found: Mention) -> None:
    """A changed watchlist reads an article again and finds these mentions of Nvidia and Huawei."""
    store.revise_mentions(article_id, BOTH, found, {"nvidia": "v2", "huawei": "v2"}, NOW)


def left(store: Store) -> list[tuple[int, tuple[Mention, ...], int]]:
    """What is left to tell: each article with its mentions and the last of them."""
    articles = store.unreported("analysts", BOTH, SINCE)
    return [(found.id, found.mentions, found.last_mention) for found in articles]


def test_an_article_told_comes_again_for_another_term_found_later(store: Store) -> None:
    """With the later mention alone, of a story that is known; told of that too, it comes no more."""
    old = stored(store, article(first_seen=NOW - 90 * DAY), mention())
    new = stored(store, article(), mention())
    assert store.save_digest(digest(), {old.id: 1, new.id: 2}, [], NOW)
    revised(store, old.id, mention(), mention("huawei", start=9))
    revised(store, new.id, mention(), mention("huawei", start=9))
    late = (mention("huawei", start=9, late=True),)
    assert [(old.id, late, 3), (new.id, late, 4)] == left(store)
    assert [True, True] == [found.story_reported for found in store.unreported("analysts", BOTH, SINCE)]
    assert store.save_digest(digest(window_end=NOW + HOUR), {old.id: 3, new.id: 4}, [], NOW)
    assert [] == left(store)


def test_another_spelling_of_a_term_that_was_told_is_not_news(store: Store) -> None:
    """The reader knows that the article names it; but that a doubtful name is the name, he did not know."""
    sure = stored(store, article(), mention())
    doubtful = stored(store, article(), mention(status="uncertain"))
    assert store.save_digest(digest(), told(store, sure.id, doubtful.id), [], NOW)
    revised(store, sure.id, mention(), mention(start=9))
    revised(store, doubtful.id, mention(status="uncertain"), mention(start=9))
    assert [(doubtful.id, (mention(start=9, late=True),), 4)] == left(store)


def test_an_old_article_never_told_comes_for_what_was_found_later(store: Store) -> None:
    """It was too old, or nothing was found in it: now it comes, with all that it was not told of."""
    bare = stored(store, article(first_seen=NOW - 90 * DAY))
    named = stored(store, article(first_seen=NOW - 90 * DAY), mention())
    assert [] == left(store)
    revised(store, bare.id, mention())
    revised(store, named.id, mention(), mention(start=9))
    late = mention(start=9, late=True)
    assert [(bare.id, (mention(late=True),), 2), (named.id, (mention(), late), 3)] == left(store)


def test_a_new_subscription_is_not_told_of_what_was_found_late_long_ago(store: Store) -> None:
    """Late is news from the day on which it was found, as an article is from the day on which it was seen."""
    old = stored(store, article(first_seen=NOW - 90 * DAY))
    store.revise_mentions(old.id, ["nvidia"], [mention()], {}, SINCE - HOUR)
    assert [] == left(store)
    store.revise_mentions(old.id, ["nvidia"], [mention(), mention(start=9)], {}, SINCE)
    assert [(old.id, (mention(late=True), mention(start=9, late=True)), 2)] == left(store)


def test_an_old_article_does_not_come_for_a_late_mention_that_was_told(store: Store) -> None:
    """Late is what the digest has not told; an ordinary mention of an old article is not."""
    made = stored(store, article(first_seen=NOW - 90 * DAY), mention("nvidia"))
    assert [] == left(store)
    revised(store, made.id, mention("nvidia"), mention("huawei", start=9))
    both = (mention("nvidia"), mention("huawei", start=9, late=True))
    assert [(made.id, both, 2)] == left(store)
    assert store.save_digest(digest(), {made.id: 2}, [], NOW)
    assert [] == left(store)


def test_another_judgement_or_a_lost_mention_is_not_news(store: Store) -> None:
    """What was told is not told again because a watchlist sees it differently, or no longer."""
    made = stored(store, article(), mention(), mention(start=9))
    assert store.save_digest(digest(), told(store, made.id), [], NOW)
    revised(store, made.id, mention(status="uncertain"))
    assert [] == left(store)


def test_a_mention_found_again_after_it_was_lost_is_news(store: Store) -> None:
    """Its row is a new one, above all that was told, also where the lost one was the table's last."""
    made = stored(store, article(), mention())
    assert store.save_digest(digest(), told(store, made.id), [], NOW)
    revised(store, made.id)
    revised(store, made.id, mention())
    assert [(made.id, (mention(late=True),), 2)] == left(store)


def test_a_digest_that_tells_no_more_than_was_told_is_refused(store: Store) -> None:
    """The composer was overtaken: as much was told already, or more; nothing of its digest is kept."""
    made = stored(store, article(), mention(), mention(start=9))
    assert store.save_digest(digest(), {made.id: 2}, [], NOW)
    later = digest(window_end=NOW + HOUR)
    assert not store.save_digest(later, {made.id: 2}, [MAIL], NOW)
    assert not store.save_digest(later, {made.id: 1}, [MAIL], NOW)
    assert store.digest(later.id) is None
    revised(store, made.id, mention(), mention(start=9), mention(start=18))
    assert store.save_digest(later, {made.id: 3}, [MAIL], NOW)
    assert not store.save_digest(digest(window_end=NOW + 2 * HOUR), {made.id: 3}, [MAIL], NOW)


def test_days_of_a_term(store: Store) -> None:
    """Matched, not suppressed, each article once, from start to before end; a term without any has zeros."""
    days = [(NOW - 2 * DAY, NOW - DAY), (NOW - DAY, NOW)]
    first = stored(store, article(published=NOW - DAY), mention(), mention(start=9))
    stored(store, article(published=NOW - MINUTE), mention(), relation="revised", original=first.id)
    stored(store, article(published=NOW - MINUTE), mention(), relation="near", original=first.id)
    stored(store, article(published=NOW - MINUTE), mention(status="uncertain"))
    stored(store, article(published=NOW - 2 * DAY), mention("huawei"))
    stored(store, article(published=NOW), mention())
    expected = {"nvidia": (0, 2), "huawei": (1, 0), "h20": (0, 0)}
    assert expected == store.term_days(["nvidia", "huawei", "h20"], days)


# ── told ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_digest_is_frozen_exactly(store: Store) -> None:
    """Every nested value comes back equal and of its type."""
    made = digest()
    assert store.save_digest(made, {}, [], NOW)
    found = store.digest(made.id)
    assert made == found
    assert repr(made).replace("datetime.timezone.utc", "UTC") == repr(found).replace(
        "datetime.timezone.utc", "UTC"
    ).replace("TzInfo(UTC)", "UTC").replace("TzInfo(0)", "UTC")
    assert store.digest("unknown") is None


def test_a_digest_is_saved_once(store: Store) -> None:
    """The second of two composers gets False, and nothing of its digest is there."""
    one = stored(store, article(), mention())
    assert store.save_digest(digest(title="الأول"), told(store, one.id), [MAIL], NOW)
    assert not store.save_digest(digest(title="الثاني"), {}, [Channel("file", ("out",))], NOW)
    found = store.digest(digest().id)
    assert found is not None
    assert "الأول" == found.stories[0].headline
    assert ["email", "email"] == [row.channel for row in store.deliveries()]


def test_an_article_is_told_in_one_digest_only(store: Store) -> None:
    """Two windows of one subscription overlap: the later digest is refused whole."""
    one, two = stored(store, article(), mention()), stored(store, article(), mention())
    both = told(store, one.id, two.id)
    assert store.save_digest(digest(), {one.id: both[one.id]}, [], NOW)
    later = digest(window_end=NOW + HOUR)
    assert not store.save_digest(later, both, [MAIL], NOW)
    assert store.digest(later.id) is None
    assert [] == store.deliveries()
    assert [two.id] == unreported(store)
    assert store.save_digest(later, told(store, two.id), [MAIL], NOW)


def test_the_latest_window_counts_empty_ones(store: Store) -> None:
    """By subscription, composed or empty, in whatever order they were closed."""
    assert store.latest_window("analysts", NOW + DAY) is None
    store.save_empty_window("analysts", NOW + HOUR, NOW)
    store.save_empty_window("analysts", NOW + HOUR, NOW)
    store.save_digest(digest(), {}, [], NOW)
    store.save_empty_window("editors", NOW + DAY, NOW)
    assert NOW + HOUR == store.latest_window("analysts", NOW + DAY)


def test_a_closed_window_is_closed(store: Store) -> None:
    """Empty first: no digest comes after it; a digest first: the empty one changes nothing."""
    store.save_empty_window("analysts", NOW, NOW)
    assert not store.save_digest(digest(), {}, [MAIL], NOW)
    assert store.save_digest(digest("editors"), {}, [MAIL], NOW)
    store.save_empty_window("editors", NOW, NOW)
    assert store.digest(digest("editors").id) is not None


def test_one_message_for_each_recipient(store: Store) -> None:
    """A recipient named twice gets one; its Message-ID is stable and does not show the address."""
    twice = Channel("email", ("sara@example.org",))
    store.save_digest(digest(), {}, [MAIL, twice, Channel("slack", ("SLACK_WEBHOOK",))], NOW)
    rows = store.deliveries(digest().id)
    assert [("email", "sara@example.org"), ("email", "omar@example.org"), ("slack", "SLACK_WEBHOOK")] == [
        (row.channel, row.recipient) for row in rows
    ]
    assert {("new", 0, False, None)} == {(row.state, row.attempt, row.repeat, row.error) for row in rows}
    assert 3 == len({row.message_id for row in rows})
    short = hashlib.sha256(b"sara@example.org").hexdigest()[:12]
    assert f"<analysts-20260301T080000Z.email.{short}@rasid>" == rows[0].message_id


def test_digests_are_listed_newest_first(store: Store) -> None:
    """With the number of stories and how their deliveries stand."""
    store.save_digest(digest(stories=3), {}, [MAIL], NOW)
    newer = digest("editors", NOW + HOUR)
    store.save_digest(newer, {}, [], NOW)
    claimed = store.claim_delivery(NOW, NOW + HOUR)
    assert claimed is not None
    older = digest()
    assert [
        DigestRow(newer.id, "editors", NOW + HOUR, 1, {}),
        DigestRow(older.id, "analysts", NOW, 3, {"new": 1, "sending": 1}),
    ] == store.digests()
    assert [newer.id] == [row.id for row in store.digests(limit=1)]


def test_a_digest_with_unstorable_text_is_cleaned(store: Store) -> None:
    """NUL and lone surrogates become U+FFFD; all else is as it was."""
    store.save_digest(replace(digest(), name="اسم\x00\ud800\U0001f600"), {}, [], NOW)
    found = store.digest(digest().id)
    assert found is not None
    assert "اسم\ufffd\ufffd\U0001f600" == found.name
