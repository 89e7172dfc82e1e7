"""What readers wish, where chat channels were told of a story, and what the operators were told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rasid.types import Channel
from tests.storage.builders import DAY, HOUR, MAIL, NOW, digest, mention, stored

if TYPE_CHECKING:
    from storage import Store


@pytest.fixture
def outbox(store: Store) -> Store:
    """A stored article, and two digests of one subscription for two readers, one of another."""
    stored(store, None, mention(), mention(start=20))
    store.save_digest(digest(), {}, [MAIL], NOW)
    store.save_digest(digest(window_end=NOW + DAY), {}, [MAIL], NOW + DAY)
    store.save_digest(digest("editors"), {}, [Channel("email", ("sara@example.org",))], NOW)
    return store


def sent_to(store: Store, recipient: str, subscription: str = "analysts") -> list[int]:
    """The ids of a reader's deliveries."""
    return [
        row.id
        for row in store.deliveries()
        if row.recipient == recipient and row.digest_id.startswith(subscription)
    ]


def test_a_reader_leaves_one_subscription(outbox: Store) -> None:
    """All of its deliveries to them know it, the other reader's and the other subscription's do not; and back again."""
    first, second = sent_to(outbox, "sara@example.org")
    assert outbox.unsubscribe(first, NOW)
    assert not outbox.unsubscribe(second, NOW + HOUR)
    assert [("email", "sara@example.org", NOW)] == outbox.unsubscribed("analysts")
    assert [] == outbox.unsubscribed("editors")
    assert outbox.wishes(second)[0]
    (elsewhere,) = sent_to(outbox, "sara@example.org", "editors")
    assert not outbox.wishes(elsewhere)[0]
    assert not outbox.wishes(sent_to(outbox, "omar@example.org")[0])[0]
    assert outbox.resubscribe("analysts", "email", "sara@example.org")
    assert not outbox.resubscribe("analysts", "email", "sara@example.org")
    assert not outbox.wishes(second)[0]


def test_a_reader_mutes_a_story(outbox: Store) -> None:
    """For them, in every digest of that subscription composed from then until its time; for nobody else."""
    outbox.save_digest(digest(window_end=NOW + 2 * DAY), {}, [MAIL], NOW + 2 * DAY)
    before, during, after = sent_to(outbox, "sara@example.org")
    outbox.mute(1, NOW + DAY + HOUR, NOW + HOUR, before)
    assert frozenset() == outbox.wishes(before)[1]  # it stays as it was
    assert frozenset({1}) == outbox.wishes(during)[1]
    assert frozenset() == outbox.wishes(after)[1]
    assert frozenset() == outbox.wishes(sent_to(outbox, "omar@example.org")[1])[1]
    (elsewhere,) = sent_to(outbox, "sara@example.org", "editors")
    assert frozenset() == outbox.wishes(elsewhere)[1]
    assert frozenset() == outbox.muted_for_all(NOW + DAY)


def test_a_sender_is_told_of_its_readers_wishes(outbox: Store) -> None:
    """With the row that it takes: who left, and what was muted."""
    before, during = sent_to(outbox, "sara@example.org")
    outbox.mute(1, NOW + 2 * DAY, NOW + HOUR, before)
    outbox.unsubscribe(before, NOW + HOUR)
    wishes = {}
    while claimed := outbox.claim_delivery(NOW + DAY, NOW + 2 * DAY):
        wishes[claimed.id] = claimed.left, claimed.muted
    assert (True, frozenset()) == wishes.pop(before)
    assert (True, frozenset({1})) == wishes.pop(during)
    assert {(False, frozenset())} == set(wishes.values())


def test_an_operator_mutes_a_story_for_all(outbox: Store) -> None:
    """It is listed, holds until its time, and can be taken back."""
    (first, _) = sent_to(outbox, "sara@example.org")
    own, everybody = outbox.mute(1, NOW + DAY, NOW, first), outbox.mute(1, NOW + DAY, NOW, None)
    assert frozenset({1}) == outbox.muted_for_all(NOW)
    listed = outbox.mutes(NOW)
    assert [everybody, own] == [one.id for one in listed]
    assert [None, "sara@example.org"] == [one.delivery and one.delivery.recipient for one in listed]
    assert outbox.unmute(everybody)
    assert not outbox.unmute(everybody)
    assert frozenset() == outbox.muted_for_all(NOW)
    assert [] == outbox.mutes(NOW + DAY)


def test_what_readers_say_of_a_mention(outbox: Store) -> None:
    """One sentence is proposed once, whoever says it, and settled once."""
    (first, _), (other, _) = sent_to(outbox, "sara@example.org"), sent_to(outbox, "omar@example.org")
    number = outbox.propose("h20", "شرب كأسًا من H2O.", 1, NOW, first, match=False)
    assert number is not None
    assert outbox.propose("h20", "شرب كأسًا من H2O.", 1, NOW, other, match=False) is None
    (proposal,) = outbox.proposals()
    assert (number, "h20", False, "شرب كأسًا من H2O.", "open") == (
        proposal.id,
        proposal.term,
        proposal.match,
        proposal.text,
        proposal.state,
    )
    assert "email sara@example.org" == proposal.who
    assert proposal.url.startswith("https://")
    assert outbox.settle_proposal(number, NOW, accepted=True)
    assert not outbox.settle_proposal(number, NOW, accepted=False)
    assert [] == outbox.proposals()
    assert ["accepted"] == [one.state for one in outbox.proposals(None)]


def test_readers_who_disagree_are_both_heard(outbox: Store) -> None:
    """That a sentence is a match, and that it is none: the operator sees both, and who said which."""
    (first, _), (other, _) = sent_to(outbox, "sara@example.org"), sent_to(outbox, "omar@example.org")
    outbox.propose("h20", "طلبت الشركة دفعة من H2O.", 1, NOW, first, match=False)
    outbox.propose("h20", "طلبت الشركة دفعة من H2O.", 1, NOW, other, match=True)
    said = [(one.who, one.match) for one in outbox.proposals()]
    assert [("email sara@example.org", False), ("email omar@example.org", True)] == said


def test_where_a_channel_was_told(outbox: Store) -> None:
    """One thread a channel and story; a later message takes the place of an earlier one."""
    outbox.save_thread("TOKEN:C1", 1, "100.1", NOW)
    outbox.save_thread("TOKEN:C1", 1, "200.2", NOW)
    assert {1: "200.2"} == outbox.threads("TOKEN:C1", [1, 2])
    assert {} == outbox.threads("TOKEN:C2", [1])


def test_when_a_term_was_last_named(outbox: Store) -> None:
    """Before a time; a term that never was is not there."""
    found = outbox.last_seen(["nvidia", "kunlun"], NOW + DAY)
    assert {"nvidia"} == set(found)
    assert {} == outbox.last_seen(["nvidia"], found["nvidia"])


def test_what_the_operators_were_told(store: Store) -> None:
    """Since when it stands, and when they were told last; gone when it is over."""
    store.save_notice("collect", NOW)
    store.save_notice("collect", NOW + HOUR)
    assert {"collect": (NOW, NOW + HOUR)} == store.notices()
    store.drop_notice("collect")
    store.drop_notice("collect")
    assert {} == store.notices()
