"""Articles whose pages say something else now, and pages kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rasid.types import FeedState, Mention
from tests.storage.builders import (
    DAY,
    HOUR,
    MAIL,
    MINUTE,
    NOW,
    article,
    digest,
    entry,
    fingerprint,
    mention,
    queued,
    stored,
)

if TYPE_CHECKING:
    from datetime import datetime

    from storage import Store, StoredArticle

BEFORE = article("https://tech.example/1", title="إنفيديا تعد بمعالج", text="نص أول عن معالج جديد.")
AFTER = replace(BEFORE, title="إنفيديا وهواوي تعدان بمعالج", text="نص ثان عن معالج وهواتف.")


def edited(
    store: Store, before: StoredArticle, *found: Mention, after: object = AFTER, now: datetime = NOW
) -> bool:
    """Edit the article as collect does."""
    return store.edit_article(None, before.id, after, fingerprint(5, 6), {"هاتف": 1.0}, found, {}, now)


def given_again(store: Store, title: str, now: datetime) -> list[tuple[str, int | None]]:
    """Poll the feed, whose first entry has this headline; what is to be fetched then, and for which article."""
    store.save_poll(FeedState("tech"), [replace(entry("1"), title=title)], now)
    return [
        (pending.entry.title, pending.article_id) for pending in store.claim_entries(now, now + MINUTE, 9)
    ]


def had(store: Store) -> StoredArticle:
    """An article whose entry is done."""
    queued(store, replace(entry("1"), title="إنفيديا تعد بمعالج جديد"))
    (pending,) = store.claim_entries(NOW, NOW + MINUTE, 1)
    return stored(store, replace(BEFORE, url=pending.entry.url), entry_id=pending.id)


# ── the article ───────────────────────────────────────────────────────────────────────────────────


def test_an_edited_article_is_found_by_what_it_says_now(store: Store) -> None:
    """Text, keys and the index of words are the new ones; id, story and address stay."""
    before = stored(store, BEFORE, fp=fingerprint(1, 2))
    assert edited(store, before)
    (now,) = store.archived([before.id])
    assert (AFTER.url, AFTER.title, AFTER.text) == (now.url, now.title, now.text)
    assert [before.id] == store.articles_with([[["وهواتف"]]], limit=5)
    assert [] == store.articles_with([[["جديد"]]], limit=5)
    assert [before.id] == [one.id for one in store.candidates(fingerprint(5, 6))]
    assert [] == store.candidates(fingerprint(1, 2))
    assert [before.story_id] == [member.story_id for member in store.story_members(NOW - DAY)]


def test_the_same_text_is_no_edit(store: Store) -> None:
    """Nothing is written where nothing is different."""
    before = stored(store, BEFORE, fp=fingerprint(1, 2))
    assert not edited(store, before, after=BEFORE)
    assert [before.id] == [one.id for one in store.candidates(fingerprint(1, 2))]


def test_a_copy_stays_no_candidate(store: Store) -> None:
    """Its keys belong to its original, whatever it says now."""
    original = stored(store)
    copy = stored(store, BEFORE, relation="near", original=original.id)
    edited(store, copy)
    assert [] == store.candidates(fingerprint(5, 6))


def test_what_was_told_stays_told(store: Store) -> None:
    """A term that the article had before is no news after an edit; a term that came with it is told, as late."""
    before = stored(store, BEFORE, mention(), mention(start=9))
    (report,) = store.unreported("analysts", ["nvidia", "huawei"], NOW - DAY)
    assert store.save_digest(digest(), {before.id: report.last_mention}, [MAIL], NOW)
    edited(store, before, mention(start=4), mention("huawei", start=10), now=NOW + HOUR)
    (told,) = store.unreported("analysts", ["nvidia", "huawei"], NOW)
    assert [("huawei", 10, True)] == [(one.term, one.start, one.late) for one in told.mentions]
    assert [("nvidia", 4), ("huawei", 10)] == [(one.term, one.start) for one in store.mentions(before.id)]
    edited(store, before, after=BEFORE)
    assert [] == store.mentions(before.id)


# ── its entry ─────────────────────────────────────────────────────────────────────────────────────


def test_another_headline_asks_for_the_page_again(store: Store) -> None:
    """HOSTILE 54: the entry waits once more, and knows its article; it ends as stored."""
    before = had(store)
    assert [("إنفيديا تؤجل المعالج", before.id)] == given_again(store, "إنفيديا تؤجل المعالج", NOW + HOUR)
    store.fail_entry(1, "404", NOW + HOUR)
    assert [] == store.failed_entries(NOW)
    assert [] == given_again(store, "إنفيديا تؤجل المعالج", NOW + 2 * HOUR)


@pytest.mark.parametrize("title", ["إنفيديا تعد بمعالج جديد", "  إنفيديا: تعِدُ بمعالجٍ جديد! "])
def test_the_same_words_ask_for_nothing(store: Store, title: str) -> None:
    """Diacritics, spaces and points come and go by themselves."""
    had(store)
    assert [] == given_again(store, title, NOW + HOUR)


def test_headlines_that_change_by_the_hour_are_followed_three_times(store: Store) -> None:
    """Some sites try headlines out; and after a week nobody asks any more."""
    before = had(store)
    asked = []
    for hour, word in enumerate("بتثجح", 1):
        asked += given_again(store, f"عنوان جديد{word} تماما", NOW + hour * HOUR)
        store.edit_article(1, before.id, BEFORE, fingerprint(), {}, (), {}, NOW)
    assert 3 == len(asked)


def test_an_old_headline_is_left_alone(store: Store) -> None:
    """Beyond a week the page is history."""
    had(store)
    assert [] == given_again(store, "إنفيديا تؤجل المعالج", NOW + 8 * DAY)


def test_a_waiting_entry_takes_its_new_headline(store: Store) -> None:
    """Its page has not been had yet: one fetch, by the new headline."""
    queued(store, replace(entry("1"), title="عنوان أول للخبر"))
    assert [("عنوان ثان للخبر", None)] == given_again(store, "عنوان ثان للخبر", NOW + HOUR)


def test_a_thin_page_is_asked_for_once_more(store: Store) -> None:
    """At its time, and never a third time."""
    before = had(store)
    store.ask_again(1, NOW + HOUR)
    assert [] == store.claim_entries(NOW, NOW + MINUTE, 9)
    (pending,) = store.claim_entries(NOW + HOUR, NOW + 2 * HOUR, 9)
    assert before.id == pending.article_id
    edited(store, before)
    store.edit_article(1, before.id, BEFORE, fingerprint(), {}, (), {}, NOW)
    store.ask_again(1, NOW + HOUR)
    assert [] == store.claim_entries(NOW + DAY, NOW + 2 * DAY, 9)


# ── its page ──────────────────────────────────────────────────────────────────────────────────────


def test_a_page_comes_back_as_it_was(store: Store) -> None:
    """Bytes, type, address and time, with what an article is read again by; the newest replaces the older."""
    before = stored(store, BEFORE)
    html = "<p>إنفيديا</p>".encode("cp1256") * 1_000
    store.keep_page(before.id, "https://tech.example/old", None, b"<p>", NOW)
    store.keep_page(before.id, "https://tech.example/final", "text/html", html, NOW + HOUR)
    (page,) = store.kept_pages(0, 10)
    assert ("https://tech.example/final", "text/html", html) == (page.url, page.content_type, page.html)
    assert (NOW + HOUR, BEFORE.title, BEFORE.url) == (page.fetched, page.title, page.article_url)
    assert [] == store.kept_pages(before.id, 10)


def test_old_pages_are_pruned(store: Store) -> None:
    """The articles stay."""
    store.keep_page(stored(store).id, "https://tech.example/1", None, b"<p>", NOW)
    store.keep_page(stored(store).id, "https://tech.example/2", None, b"<p>", NOW + DAY)
    assert 1 == store.prune_pages(NOW + HOUR)
    assert (1, 2) == (store.count_pages(), store.corpus_size())
