"""What readers ask for, on both databases: done once, for the digest they were sent, and nothing beyond it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rasid.app.feedback import (
    ENDLESS,
    MUTES,
    has_left,
    links_key,
    mute,
    muted_until,
    opened,
    propose,
    review_shown,
    short,
    shown_mentions,
    unsubscribe,
)
from rasid.config.settings import Settings
from rasid.errors import TokenError
from rasid.feedback import sign
from rasid.types import Channel, Hit, Mention, Snippet
from tests.storage.builders import DAY, HOUR, MAIL, NOW, WHY, article, digest, mention, stored

if TYPE_CHECKING:
    from rasid.app.feedback import Opened
    from rasid.types import Digest
    from storage import Store

KEY = b"a key of the tests' own"
SETTINGS = Settings(public_url="https://rasid.example")


def sent(store: Store, one: Digest | None = None, *channels: Channel) -> list[Opened]:
    """A digest of the corpus' first story, as each of its readers has it."""
    one = one or digest()
    assert store.save_digest(one, {}, channels or (MAIL,), NOW)
    tokens = [sign(KEY, row.id, NOW + DAY) for row in store.deliveries(one.id)]
    return [opened(store, KEY, token, NOW) for token in tokens]


@pytest.mark.parametrize(
    ("key", "url", "there"),
    [
        ("a-key-of-sixteen", "https://rasid.example", True),
        ("too-short", "https://rasid.example", False),
        (None, "https://rasid.example", False),
        ("a-key-of-sixteen", None, False),
    ],
)
def test_links_take_a_key_and_an_address(
    key: str | None, url: str | None, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without either, or with a key that could be guessed, digests have no such links."""
    monkeypatch.delenv("RASID_FEEDBACK_KEY", raising=False)
    if key:
        monkeypatch.setenv("RASID_FEEDBACK_KEY", key)
    assert there is (links_key(replace(SETTINGS, public_url=url)) is not None)


def test_a_token_opens_its_own_delivery(store: Store) -> None:
    """Each reader's token gives their delivery and the digest as it was frozen; an unknown delivery gives nothing."""
    stored(store)
    first, second = sent(store)
    assert ("sara@example.org", "omar@example.org") == (first.delivery.recipient, second.delivery.recipient)
    assert digest() == first.digest == second.digest
    with pytest.raises(TokenError) as unknown:
        opened(store, KEY, sign(KEY, 999, NOW + DAY), NOW)
    assert not unknown.value.expired


def test_a_reader_leaves_once_and_alone(store: Store) -> None:
    """The second time it is found to be done; the other reader stays."""
    stored(store)
    sara, omar = sent(store)
    assert [True, False] == [unsubscribe(store, sara, NOW) for _ in range(2)]
    assert (True, False) == (has_left(store, sara), has_left(store, omar))


def test_a_mute_holds_for_one_reader_and_may_grow(store: Store) -> None:
    """Pressed twice it is one; for longer it is a new one; for shorter nothing; the other reader has none."""
    stored(store)
    sara, omar = sent(store)
    assert mute(store, sara, 1, MUTES["7"], NOW)
    assert not mute(store, sara, 1, MUTES["7"], NOW + timedelta(seconds=30))
    assert mute(store, sara, 1, MUTES["30"], NOW + HOUR)
    assert not mute(store, sara, 1, MUTES["7"], NOW + HOUR)
    assert NOW + HOUR + MUTES["30"] == muted_until(store, sara, 1, NOW + HOUR)
    assert muted_until(store, omar, 1, NOW) is None
    assert MUTES["end"] > ENDLESS > MUTES["30"]


def test_a_mute_is_of_its_subscription_and_not_the_operators(store: Store) -> None:
    """The same address in another subscription, or what an operator muted for all, is not this reader's wish."""
    stored(store)
    sara, _ = sent(store)
    elsewhere, _ = sent(store, digest("editors"))
    assert mute(store, sara, 1, MUTES["7"], NOW)
    store.mute(1, NOW + DAY, NOW, None)
    assert muted_until(store, elsewhere, 1, NOW) is None
    next_day, _ = sent(store, digest(window_end=NOW + DAY))
    assert NOW + MUTES["7"] == muted_until(store, next_day, 1, NOW)


def test_a_merged_story_stays_muted(store: Store) -> None:
    """Where the story has become a part of another one since, it is that one that is told no more."""
    one, other = stored(store), stored(store)
    sara, _ = sent(store)
    store.merge_stories(other.story_id, [one.story_id], "layla", NOW)
    assert mute(store, sara, one.story_id, MUTES["7"], NOW)
    assert [other.story_id] == [each.story_id for each in store.mutes(NOW)]
    assert NOW + MUTES["7"] == muted_until(store, sara, one.story_id, NOW)


def test_only_what_the_digest_held_is_there(store: Store) -> None:
    """Other stories, other articles and other terms are not to be had by its token."""
    stored(store)
    sara, _ = sent(store)
    assert sara.story(1) == sara.digest.stories[0]
    assert sara.review(1, "h20") == sara.digest.reviews[0]
    assert [None] * 4 == [sara.story(2), sara.review(1, "nvidia"), sara.review(2, "h20"), sara.story(-1)]


def test_each_mention_is_offered_in_its_sentence(store: Store) -> None:
    """Of a snippet of two sentences each term comes with its own, without the ellipses of the cut."""
    stored(store)
    text = "…طلبت الشركة رقائق H20 الجديدة. ثم كشفت إنفيديا عن معالج…"
    hits = tuple(Hit(text.index(word), text.index(word) + len(word), term) for word, term in TERMS)
    story = replace(digest().stories[0], terms=("h20", "nvidia"), snippets=(Snippet(text, hits),))
    found = shown_mentions(store, story)
    assert ["طلبت الشركة رقائق H20 الجديدة.", "ثم كشفت إنفيديا عن معالج"] == [
        one.sentence.text for one in found
    ]
    marked = [one.sentence.text[one.sentence.hits[0].start : one.sentence.hits[0].end] for one in found]
    assert ["H20", "إنفيديا"] == marked
    assert 2 == len({one.key for one in found})
    assert [one.key for one in found] == [one.key for one in shown_mentions(store, story)]


TERMS = (("H20", "h20"), ("إنفيديا", "nvidia"))


def test_a_term_that_no_quote_holds_is_found_in_the_archive(store: Store) -> None:
    """It stood in the headline or further down: the first place of the story's articles serves, and copies do not."""
    body = "جملة أولى لا تعنينا. وفي الختام عرضت هواوي هاتفا. جملة أخيرة."
    at = body.index("هواوي")
    further = Mention("huawei", "text", at, at + 5, "هواوي", "matched", "هواوي", WHY)
    kept = stored(store, article(text=body), mention("nvidia"), further)
    story = replace(digest().stories[0], terms=("nvidia", "huawei", "h20"), snippets=())
    assert kept.id == story.appearances[0].article_id
    found = {one.term: one.sentence.text for one in shown_mentions(store, story)}
    assert {"nvidia": "إنفيديا تكشف عن معالج جديد", "huawei": "وفي الختام عرضت هواوي هاتفا."} == found
    copied = replace(story, appearances=(replace(story.appearances[0], relation="near"),))
    assert [] == shown_mentions(store, copied)


def test_a_sentence_is_judged_once(store: Store) -> None:
    """What two readers say of one sentence is one proposal, and it names who said it first."""
    stored(store)
    sara, omar = sent(store)
    shown = review_shown(sara.digest.reviews[0])
    assert [True, False, False] == [
        propose(store, reader, shown, NOW, match=False) for reader in (sara, sara, omar)
    ]
    (kept,) = store.proposals()
    assert ("h20", False, "كشفت إنفيديا عن معالج.", 1) == (kept.term, kept.match, kept.text, kept.article_id)
    assert "email sara@example.org" == kept.who


@pytest.mark.parametrize(
    ("recipient", "shown"),
    [("sara@example.org", "s…@example.org"), ("RASID_HOOK", "RASID_HOOK"), ("@x.example", "…@x.example")],
)
def test_an_address_is_shown_shortened(recipient: str, shown: str) -> None:
    """Enough for a person to know themselves, not enough for another to write to them."""
    assert shown == short(recipient)
