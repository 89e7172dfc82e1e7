"""The builder language of the storage tests: values that are whole, of which a test names what it cares for."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rasid.types import (
    Appearance,
    Article,
    Channel,
    Digest,
    DigestStory,
    Entry,
    FailedFeed,
    Feed,
    FeedState,
    Fingerprint,
    Hit,
    Mention,
    Reason,
    Relation,
    Review,
    Snippet,
    Status,
    StoryChoice,
    TermCount,
    Verdict,
)

if TYPE_CHECKING:
    from storage import Store, StoredArticle
    from storage.values import Judge

NOW = datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WHY = Reason("سبب مكتوب", "a written reason")
MAIL = Channel("email", ("sara@example.org", "omar@example.org"))

_numbers = itertools.count(1)


def feed(feed_id: str = "tech", url: str | None = None) -> Feed:
    """A listed feed."""
    return Feed(id=feed_id, name=f"موقع {feed_id}", url=url or f"https://{feed_id}.example/rss")


def entry(key: str = "one", url: str | None = None, published: datetime | None = None) -> Entry:
    """An item of a feed."""
    return Entry(
        key=key,
        url=url or f"https://tech.example/{key}",
        title=f"عنوان {key}",
        summary="<p>ملخص الخبر</p>",
        published=published,
        author="ليلى",
    )


def queued(store: Store, *found: Entry, feed_id: str = "tech", now: datetime = NOW) -> int:
    """Poll a feed, which gives these entries; how many were queued."""
    store.sync_feeds([feed(each) for each in sorted({feed_id, *store.feed_states()})], now)
    return store.save_poll(FeedState(feed_id=feed_id, status="ok", last_polled=now), found, now)


def article(
    url: str | None = None,
    *,
    title: str = "إنفيديا تكشف عن معالج جديد",
    text: str = "كشفت الشركة عن معالج جديد مخصص لمراكز البيانات.",
    published: datetime = NOW,
    first_seen: datetime = NOW,
    outlet: str = "مجلة التقنية",
    wire: str = "",
) -> Article:
    """An article of a URL of its own."""
    return Article(
        url=url or f"https://tech.example/article/{next(_numbers)}",
        feed_id="tech",
        outlet=outlet,
        title=title,
        text=text,
        author="ليلى",
        published=published,
        first_seen=first_seen,
        language="ar",
        wire=wire,
    )


def mention(
    term: str = "nvidia", status: Status = "matched", start: int = 0, *, late: bool = False
) -> Mention:
    """A mention in the title."""
    return Mention(
        term=term,
        field="title",
        start=start,
        end=start + 7,
        text="إنفيديا",
        status=status,
        form="إنفيديا",
        why=WHY,
        late=late,
    )


def fingerprint(*keys: int, exact: str | None = None, lines: tuple[int, ...] = ()) -> Fingerprint:
    """A fingerprint; without a named hash its words are nobody else's."""
    return Fingerprint(exact=exact or f"{next(_numbers):032x}", keys=keys, words=120, lines=lines)


def verdict(relation: Relation = "new", original: int | None = None) -> Verdict:
    """A decision about copies."""
    return Verdict(relation=relation, original=original, score=0.5, why=WHY)


def choice(story_id: int | None = None) -> StoryChoice:
    """A decision about stories."""
    return StoryChoice(story_id=story_id, score=0.25, shared=("معالج",), why=WHY)


def settled(verdict: Verdict, choice: StoryChoice) -> Judge:
    """A judge whose mind is made up."""
    return lambda _candidates, _members: (verdict, choice)


def stored(
    store: Store,
    new: Article | None = None,
    *mentions: Mention,
    fp: Fingerprint | None = None,
    story_id: int | None = None,
    relation: Relation = "new",
    original: int | None = None,
    entry_id: int | None = None,
    now: datetime = NOW,
) -> StoredArticle:
    """Store an article as collect does."""
    return store.store_article(
        entry_id,
        new or article(),
        fp or fingerprint(),
        settled(verdict(relation, original), choice(story_id)),
        {"معالج": 3.0, "بيانات": 0.1},
        mentions,
        {"nvidia": "v1", "huawei": "v1"},
        now,
    )


def digest(
    subscription_id: str = "analysts", window_end: datetime = NOW, *, title: str = "خبر", stories: int = 1
) -> Digest:
    """A digest that uses every value a digest may hold."""
    snippet = Snippet("كشفت إنفيديا عن معالج.", (Hit(5, 12, "nvidia"),))
    appearance = Appearance(
        article_id=1,
        outlet="مجلة التقنية",
        title=title,
        url="https://tech.example/1",
        published=window_end - HOUR,
        relation="extends",
        note=WHY,
    )
    story = DigestStory(
        story_id=1,
        headline=title,
        url="https://tech.example/1",
        terms=("nvidia",),
        snippets=(snippet,),
        appearances=(appearance,),
        matched=(("nvidia", "إنفيديا", 2),),
        known=True,
        why=None,
    )
    review = Review(1, "h20", title, "https://tech.example/1", "مجلة التقنية", snippet, WHY)
    return Digest(
        id=f"{subscription_id}-{window_end:%Y%m%dT%H%M%SZ}",
        subscription_id=subscription_id,
        name="المحللون",
        language="ar",
        timezone="Asia/Riyadh",
        window_start=window_end - DAY,
        window_end=window_end,
        terms=(TermCount("nvidia", "إنفيديا", "Nvidia", 1, 2, (0, 0, 1, 0, 0, 0, 1), 1 / 6),),
        stories=(story,) * stories,
        reviews=(review,),
        failed_feeds=(FailedFeed("dead", "موقع صامت", "لا يجيب", None),),
        articles=1,
        copies=0,
        outlets=1,
        schedule="daily 07:00",
    )
