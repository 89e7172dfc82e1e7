"""What readers ask for through the links of a digest: no more of it, no more of a story, a mention judged.

A token stands for one delivery, and is good for what the digest of that delivery holds as it was frozen: its
subscription, its stories, the mentions that it showed. What a reader says of a mention changes nothing by itself: it
becomes a proposal, an example for the watchlist that an operator accepts or declines. Whatever was asked for is done
once; asked for again it is found to be done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from rasid.app.secrets import secret
from rasid.errors import TokenError
from rasid.feedback import MIN_KEY, verify
from rasid.snippets import sentences
from rasid.types import SUPPRESSED, Hit, Snippet, reader_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rasid.config import Settings
    from rasid.types import Delivery, Digest, DigestStory, Mention, Review
    from storage import Store

MUTES = {"7": timedelta(days=7), "30": timedelta(days=30), "end": timedelta(days=3650)}
"""For how long a reader can mute a story. `end`: as long as it goes on; no story takes articles for ten years."""

ENDLESS = timedelta(days=3000)
"""A mute that has longer than this to go was meant for as long as the story goes on."""

_SAME_WISH = timedelta(days=1)  # a second press of a button asks for a few seconds more than the first

_ELLIPSIS = " …"


def links_key(settings: Settings) -> bytes | None:
    """The key that readers' links are signed with; None: there are no such links.

    It takes a key, and an address at which readers reach Rasid. `rasid doctor` tells of a key that is too short.
    """
    key = (secret(settings.feedback.key_env) or "").encode()
    return key if settings.public_url is not None and len(key) >= MIN_KEY else None


# ── what a token opens ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Opened:
    """A delivery and the digest that went out with it."""

    delivery: Delivery
    digest: Digest

    def story(self, story_id: int) -> DigestStory | None:
        """A story that this digest told; None: it told no such."""
        return next((one for one in self.digest.stories if one.story_id == story_id), None)

    def review(self, article_id: int, term: str) -> Review | None:
        """An uncertain mention that this digest showed; None: it showed no such."""
        found = (one for one in self.digest.reviews if (one.article_id, one.term) == (article_id, term))
        return next(found, None)


def opened(store: Store, key: bytes, token: str, now: datetime) -> Opened:
    """What a token stands for.

    Raises:
        TokenError: It is none of ours, or (`expired`) its time is over.
    """
    delivery = store.delivery(verify(key, token, now))
    digest = None if delivery is None else store.digest(delivery.digest_id)
    if delivery is None or digest is None:  # a key that serves two databases
        raise TokenError("this link is none of ours")
    return Opened(delivery, digest)


# ── no more of it ─────────────────────────────────────────────────────────────────────────────────


def has_left(store: Store, seen: Opened) -> bool:
    """Whether the reader left the subscription."""
    return store.wishes(seen.delivery.id)[0]


def unsubscribe(store: Store, seen: Opened, now: datetime) -> bool:
    """Take the reader out of the subscription; False where that was done before."""
    return store.unsubscribe(seen.delivery.id, now)


def muted_until(store: Store, seen: Opened, story_id: int, now: datetime) -> datetime | None:
    """Until when the reader muted a story of the digest; None: they did not."""
    found = [
        mute.until
        for mute in store.mutes(now)
        if mute.story_id == _merged(store, story_id) and _same_reader(store, mute.delivery, seen)
    ]
    return max(found, default=None)


def mute(store: Store, seen: Opened, story_id: int, how_long: timedelta, now: datetime) -> bool:
    """Tell the reader no more of a story; False where they muted it for as long before."""
    until, before = now + how_long, muted_until(store, seen, story_id, now)
    if before is not None and before >= until - _SAME_WISH:
        return False
    store.mute(_merged(store, story_id), until, now, seen.delivery.id)
    return True


def _merged(store: Store, story_id: int) -> int:
    """The story's id, or that of the one that it became a part of since."""
    row = store.story(story_id)
    return story_id if row is None else row.id


def _same_reader(store: Store, delivery: Delivery | None, seen: Opened) -> bool:
    if delivery is None:  # an operator's, for all
        return False
    mine = seen.delivery
    if reader_key(delivery.channel, delivery.recipient) != reader_key(mine.channel, mine.recipient):
        return False
    digest = store.digest(delivery.digest_id)
    return digest is not None and digest.subscription_id == seen.digest.subscription_id


# ── mentions judged ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Shown:
    """A mention as its reader saw it, in its sentence."""

    term: str
    article_id: int
    sentence: Snippet  # with the mention as its only hit

    @property
    def key(self) -> str:
        """What a form names it by; the same as long as it is the same."""
        return sha256(f"{self.article_id} {self.term} {self.sentence.text}".encode()).hexdigest()[:16]


def shown_mentions(store: Store, story: DigestStory) -> list[Shown]:
    """The mentions of a story that a digest showed, one for each term and sentence.

    Of a term that stands in no quoted sentence (in the headline, or further down), the first one of its articles.
    """
    lead = next((one for one in story.appearances if one.url == story.url), story.appearances[0])
    quoted = [(lead.article_id, snippet) for snippet in story.snippets]
    quoted += [(one.article_id, one.added) for one in story.appearances if one.added is not None]
    found = [
        _shown(hit.term, article_id, snippet.text, hit)
        for article_id, snippet in quoted
        for hit in snippet.hits
        if hit.term in story.terms
    ]
    named = {one.term for one in found}
    if missing := [term for term in story.terms if term not in named]:
        ids = [one.article_id for one in story.appearances if one.relation not in SUPPRESSED]
        found += _in_archive(store, missing, sorted(ids, key=lambda each: each != lead.article_id))
    return list({one.key: one for one in found}.values())


def _in_archive(store: Store, terms: Iterable[str], ids: list[int]) -> Iterator[Shown]:
    articles = {article.id: article for article in store.archived(ids)}
    mentions = [(each, one) for each in ids if each in articles for one in store.mentions(each)]
    for term in terms:
        first = next(((each, one) for each, one in mentions if _is_of(one, term)), None)
        if first is not None:
            article, mention = articles[first[0]], first[1]
            text = article.title if mention.field == "title" else article.text
            yield _shown(term, article.id, text, Hit(mention.start, mention.end, term))


def _is_of(mention: Mention, term: str) -> bool:
    return mention.term == term and mention.status == "matched"


def review_shown(review: Review) -> Shown:
    """An uncertain mention in its sentence."""
    hits = sorted(review.snippet.hits, key=lambda hit: hit.term != review.term)
    hit = hits[0] if hits else Hit(0, 0, review.term)
    return _shown(review.term, review.article_id, review.snippet.text, hit)


def _shown(term: str, article_id: int, text: str, hit: Hit) -> Shown:
    """A mention in its sentence, without the ellipses of a snippet that was cut."""
    holding = [(start, end) for start, end in sentences(text) if start <= hit.start < end]
    start, end = holding[0] if holding else (0, len(text))
    before, after = text[start : hit.start].lstrip(_ELLIPSIS), text[hit.end : end].rstrip(_ELLIPSIS)
    mark = Hit(len(before), len(before) + hit.end - hit.start, term)
    return Shown(term, article_id, Snippet(before + text[hit.start : hit.end] + after, (mark,)))


def propose(store: Store, seen: Opened, shown: Shown, now: datetime, *, match: bool) -> bool:
    """Keep what the reader says of a mention, for an operator; False where it was said of that sentence before."""
    said = store.propose(
        shown.term, shown.sentence.text, shown.article_id, now, seen.delivery.id, match=match
    )
    return said is not None


# ── who ───────────────────────────────────────────────────────────────────────────────────────────


def short(recipient: str) -> str:
    """A recipient as it may be shown: of an address its first letter and its host; the rest names no person."""
    name, at, host = recipient.rpartition("@")
    return f"{name[:1]}…@{host}" if at else recipient
