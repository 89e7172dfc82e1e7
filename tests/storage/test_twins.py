"""Pages known before they are fetched: by another address, by another GUID, by what the feed says of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rasid.types import Entry
from storage.twins import content_hash
from tests.storage.builders import DAY, HOUR, MINUTE, NOW, article, entry, queued, stored

if TYPE_CHECKING:
    from storage import Store

AT = datetime(2026, 3, 1, 7, 42, 5, tzinfo=UTC)
MIDNIGHT = datetime(2026, 2, 28, 21, 0, 0, tzinfo=UTC)  # in Riyadh
ITEM = Entry(
    key="guid-1",
    url="https://tech.example/story/12",
    title="إنفيديا تكشف عن معالج جديد",
    summary="<p>كشفت الشركة عن معالج جديد.</p>",
    published=AT,
)
LONG = " ".join(f"كلمة{number}" for number in "ابتثجحخدذرزسشصضطظعغف")

TWINS = {
    "GUID rotated, http → https": replace(ITEM, key="guid-2", url="http://tech.example/story/12"),
    "AMP section": replace(ITEM, key="guid-2", url="https://tech.example/amp/story/12"),
    "mobile host and slash": replace(ITEM, key="guid-2", url="https://m.tech.example/story/12/"),
    "a redirector's changing link": replace(
        ITEM, key="g", url="https://news.example/rss/articles/CBMiX?oc=5"
    ),
    "link in the summary changed": replace(
        ITEM,
        key="g",
        url="https://news.example/x",
        summary='<a href="https://news.example/x">كشفت الشركة</a>&nbsp;عن معالج جديد',
    ),
    "re-dated under its GUID": replace(ITEM, published=AT + DAY),
    "re-worded at its address": replace(
        ITEM, key="guid-2", title="عنوان آخر تماما للخبر", published=AT + DAY
    ),
}

OTHERS = {
    "another page": replace(
        ITEM, key="guid-2", url="https://tech.example/story/13", title="خبر آخر عن رقائق"
    ),
    "another value": replace(ITEM, key="g", url="https://tech.example/?id=2", published=AT + HOUR),
    "a second later": replace(
        ITEM, key="g", url="https://tech.example/2", published=AT + timedelta(seconds=1)
    ),
    "another summary": replace(ITEM, key="g", url="https://tech.example/2", summary="ملخص آخر"),
    "another title": replace(ITEM, key="g", url="https://tech.example/2", title="إنفيديا تكشف عن حاسوب جديد"),
}


@pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS)
def test_a_twin_is_not_fetched(store: Store, twin: Entry) -> None:
    """Whether the page waits, is in the corpus, or comes in the same poll: it is queued once."""
    assert 1 == queued(store, ITEM, twin)
    assert 0 == queued(store, twin)
    (pending,) = store.claim_entries(NOW, NOW + HOUR, 5)
    stored(store, article(ITEM.url), entry_id=pending.id)
    assert 0 == queued(store, replace(twin, key="guid-3"))
    assert 0 == store.pending_entries()


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_another_item_is_fetched(store: Store, other: Entry) -> None:
    """What differs in the page's identity and in what the feed says is another item."""
    assert 1 == queued(store, ITEM)
    assert 1 == queued(store, other)
    assert 2 == store.pending_entries()


def test_a_page_of_another_feed_is_a_twin_by_its_address_only(store: Store) -> None:
    """Two outlets that print one agency's item with the same words and second are two articles."""
    queued(store, ITEM)
    assert 0 == queued(store, replace(ITEM, url="http://www.tech.example/story/12"), feed_id="science")
    assert 1 == queued(store, replace(ITEM, key="g", url="https://space.example/1"), feed_id="space")


def test_an_article_stored_by_hand_is_known(store: Store) -> None:
    """No entry led to it; the page's identity is that of the article."""
    stored(store, article("https://www.tech.example/story/12/"))
    assert 0 == queued(store, ITEM)


def test_a_feed_that_mends_its_address_is_heard(store: Store) -> None:
    """An entry that was given up makes no twin of the same item at an address that works."""
    queued(store, ITEM)
    (pending,) = store.claim_entries(NOW, NOW + HOUR, 1)
    store.fail_entry(pending.id, "404", NOW)
    assert 0 == queued(store, replace(ITEM, key="guid-2"))
    assert 1 == queued(store, replace(ITEM, key="guid-3", url="https://m.tech.example/story/12"))


def test_a_table_of_every_day_is_no_twin(store: Store) -> None:
    """The same title without a date, or with a date alone: each is fetched."""
    days = [
        replace(ITEM, key=f"{number}", url=f"https://tech.example/rates/{number}", published=at)
        for number, at in enumerate([None, None, MIDNIGHT, MIDNIGHT, MIDNIGHT + DAY])
    ]
    assert 5 == queued(store, *days)


UNTOLD = {
    "no date": replace(ITEM, published=None, summary=LONG),
    "two words": replace(ITEM, title="نشرة الأخبار"),
    "no title": replace(ITEM, title=""),
    "a date alone, in Riyadh": replace(ITEM, published=MIDNIGHT),
    "a date alone, in UTC": replace(ITEM, published=datetime(2026, 3, 1, tzinfo=UTC)),
    "nineteen words": replace(ITEM, published=MIDNIGHT, summary=LONG.rpartition(" ")[0]),
}


@pytest.mark.parametrize("untold", UNTOLD.values(), ids=UNTOLD)
def test_too_little_to_tell_by(untold: Entry) -> None:
    """Such an item has no content hash."""
    assert content_hash(untold) is None


def test_what_content_is() -> None:
    """Spelling, markup and fractions of a second make no difference; twenty words outweigh a bare date."""
    other = replace(
        ITEM,
        title="انفيديا تكشف عن معالجٍ جديد",
        summary="كشفت الشركة <b>عن معالج</b> جديد",
        published=AT + timedelta(microseconds=9),
    )
    assert content_hash(ITEM) == content_hash(other)
    assert content_hash(ITEM) != content_hash(replace(ITEM, published=AT + MINUTE))
    assert content_hash(replace(ITEM, published=MIDNIGHT, summary=LONG)) is not None
    assert content_hash(replace(ITEM, published=MIDNIGHT + MINUTE)) is not None


def test_a_poll_of_thousands_is_told_apart(store: Store) -> None:
    """More entries than one statement takes parameters."""
    many = [entry(str(number)) for number in range(10_500)]
    assert 10_500 == queued(store, *many)
    assert 0 == queued(store, *(replace(each, key=f"new {each.key}", url=f"{each.url}/") for each in many))
