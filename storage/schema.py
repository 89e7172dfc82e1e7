"""The tables; every index names the query that it serves.

::

    feeds ──< entries ──> articles ──< fingerprint, mentions, article_terms, pages
    feed_days; hosts
                          articles >── stories
                          articles ──< article_words (which words an article holds); archive_words
                         stories ──< story_edits; outlet_lines; reindex
    windows ── digests ──< digest_articles (what a subscription was told), deliveries (the outbox)
                           deliveries ──< mutes, proposals; unsubscribed; threads; notices
    watchlist_versions
    runs

URLs and entry keys come from outside and may be longer than the 2.7 kB that a PostgreSQL index takes:
their uniqueness is kept by a hash beside them (`url_hash`, `key_hash`).
"""

from __future__ import annotations

import hashlib

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

from storage.columns import CleanText, Json, Lexemes, UtcDateTime, clean

REVISION = "0006"
"""The newest migration. Stands here too, so that a start need not load Alembic to see that all is well."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only what is exactly INTEGER
_Hash = String(32)


def identity(value: str) -> str:
    """The hash by which a URL or an entry key is unique: 128 bits of SHA-256 over its cleaned text."""
    return hashlib.sha256(clean(value).encode()).hexdigest()[:32]


# ── in ────────────────────────────────────────────────────────────────────────────────────────────

feeds = Table(
    "feeds",
    metadata,
    Column("id", CleanText, primary_key=True),
    Column("name", CleanText, nullable=False),
    Column("url", CleanText, nullable=False),  # another URL: what was remembered no longer holds
    Column("delisted_at", UtcDateTime),  # gone from feeds.yaml; null: listed
    Column("status", CleanText, nullable=False, server_default="new"),
    Column("etag", CleanText),
    Column("last_modified", CleanText),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_polled", UtcDateTime),
    Column("last_success", UtcDateTime),
    Column("last_new", UtcDateTime),
    Column("next_poll", UtcDateTime),
    Column("error", CleanText),
    Column("lease_until", UtcDateTime),
    Column("moved_to", CleanText),  # where permanent redirects lead
    Column(
        "moves", Integer, nullable=False, server_default="0"
    ),  # days in a row on which polls were led there
)

feed_days = Table(
    "feed_days",  # no foreign key: what a feed gave is told when it has left the list, too
    metadata,
    # count: one row of it; listed: a feed's days are one range of the key.
    Column("feed_id", CleanText, primary_key=True),
    Column("day", Date, primary_key=True),  # UTC
    *(
        Column(name, Integer, nullable=False, server_default="0")
        for name in ("polls", "failures", "entries", "pages", "fallbacks", "lost", "words")
    ),
)

hosts = Table(
    "hosts",
    metadata,
    Column("host", CleanText, primary_key=True),  # with the port where it is not the usual one
    Column("robots", CleanText),  # its robots.txt; "": it has none; null: not asked yet
    Column("robots_at", UtcDateTime),
    Column("not_before", UtcDateTime),  # when it may be asked again, by its own Retry-After
    Column("asked_at", UtcDateTime),  # the last time
    Column("holder", CleanText),  # the process that has it to itself
    Column("lease_until", UtcDateTime),
)

entries = Table(
    "entries",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("feed_id", CleanText, ForeignKey("feeds.id"), nullable=False),
    Column("key", CleanText, nullable=False),
    Column("key_hash", _Hash, nullable=False),
    Column("url", CleanText, nullable=False),
    Column("url_hash", _Hash, nullable=False),
    Column("title", CleanText, nullable=False),
    Column("summary", CleanText, nullable=False),  # emptied when the page has been had
    Column("published", UtcDateTime),
    Column("author", CleanText),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("due_order", UtcDateTime, nullable=False),  # published, else first seen; never after first seen
    Column("state", CleanText, nullable=False),  # pending, stored, duplicate, failed
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("error", CleanText),
    Column("ended_at", UtcDateTime),
    Column("article_id", _Id, ForeignKey("articles.id")),
    Column("page_hash", _Hash, nullable=False, server_default=""),  # of rasid.urls.page_identity
    Column("content_hash", _Hash),  # see storage.twins; null: too little is known to tell it by
    Column("host", CleanText, nullable=False, server_default=""),  # of its URL, as in the table hosts
    Column("outlet", CleanText, nullable=False, server_default=""),  # as in rasid.types.Entry
    Column("edits", Integer, nullable=False, server_default="0"),  # how often its page was asked for again
    UniqueConstraint("feed_id", "key_hash"),  # save_poll: is this entry new to its feed?
    Index(None, "url_hash"),  # save_poll: does another entry lead to the same page?
    Index(None, "page_hash"),  # save_poll: the same, by another address
    Index(None, "feed_id", "content_hash"),  # save_poll: the same, by what the feed says of it
    # claim_entries, pending_entries: the queue is small, the table is not.
    Index(
        "ix_entries_pending",
        "due_order",
        "id",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    # failed_entries: since when.
    Index(
        "ix_entries_failed",
        "ended_at",
        sqlite_where=text("state = 'failed'"),
        postgresql_where=text("state = 'failed'"),
    ),
)

# ── corpus ────────────────────────────────────────────────────────────────────────────────────────

stories = Table(
    "stories",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("headline", CleanText, nullable=False),  # of the article that opened it
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("merged_into", _Id, ForeignKey("stories.id")),  # its articles are there now
    Index(None, "last_at"),  # stories: the newest
    # story: which ones were merged into it?
    Index(
        "ix_stories_merged",
        "merged_into",
        sqlite_where=text("merged_into IS NOT NULL"),
        postgresql_where=text("merged_into IS NOT NULL"),
    ),
)

articles = Table(
    "articles",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("story_id", _Id, ForeignKey("stories.id"), nullable=False),
    Column("published", UtcDateTime, nullable=False),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("relation", CleanText, nullable=False),
    Column("original", _Id, ForeignKey("articles.id")),
    Column("score", Float, nullable=False),
    Column("language", CleanText, nullable=False),
    Column("source", CleanText, nullable=False),
    Column("exact", CleanText, nullable=False),
    Column("words", Integer, nullable=False),
    Column("feed_id", CleanText, nullable=False),  # no foreign key: articles may come by hand, without a feed
    Column("outlet", CleanText, nullable=False),
    Column("url", CleanText, nullable=False),
    Column("url_hash", _Hash, nullable=False),
    Column("title", CleanText, nullable=False),
    Column("author", CleanText),
    Column("copy_why_ar", CleanText, nullable=False),
    Column("copy_why_en", CleanText, nullable=False),
    Column("story_score", Float, nullable=False),
    Column("story_shared", Json, nullable=False),
    Column("story_why_ar", CleanText, nullable=False),
    Column("story_why_en", CleanText, nullable=False),
    Column("stored_at", UtcDateTime, nullable=False),
    Column("text", CleanText, nullable=False),
    Column("page_hash", _Hash, nullable=False, server_default=""),  # of rasid.urls.page_identity
    Column("wire", CleanText, nullable=False, server_default=""),  # id of the agency whose text it is
    Column("added", Json, nullable=False, server_default="[]"),  # extends, revised: spans of its text
    Column("keys", Integer, nullable=False, server_default="0"),  # how many its fingerprint has, footers' too
    Column("edited_at", UtcDateTime),  # when its text was last changed; null: as it was stored
    Column("story_pinned", Boolean, nullable=False, server_default=text("false")),  # an operator put it there
    UniqueConstraint("url_hash"),  # store_article, save_poll: is this page in the corpus?
    Index(None, "page_hash"),  # save_poll: the same, by another address
    Index(None, "exact"),  # candidates: the same words
    Index(None, "published"),  # story_members
    Index(None, "first_seen"),  # unreported
    Index(None, "story_id"),  # unreported: was this story told before? stories: what is in it?
)

pages = Table(
    "pages",  # of the last days, where the operators keep them
    metadata,
    Column("article_id", _Id, ForeignKey("articles.id"), primary_key=True, autoincrement=False),
    Column("fetched", UtcDateTime, nullable=False),
    Column("url", CleanText, nullable=False),  # that it came from
    Column("content_type", CleanText),
    Column("html", LargeBinary, nullable=False),  # as it came, under zstd
    Index(None, "fetched"),  # prune
)

article_terms = Table(
    "article_terms",  # story_members reads these alone, never the texts
    metadata,
    Column("article_id", _Id, ForeignKey("articles.id"), primary_key=True, autoincrement=False),
    Column("terms", Json, nullable=False),
)

fingerprint = Table(
    "fingerprint",
    metadata,
    # candidates: one range of the primary key for each hash; WITHOUT ROWID the table is that index.
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    Column("article", _Id, ForeignKey("articles.id"), primary_key=True, autoincrement=False),
    Index(None, "article"),  # rejudge: the keys that an article has had
    sqlite_with_rowid=False,
)

outlet_lines = Table(
    "outlet_lines",  # no foreign keys: they are statistics, and stories change under them
    metadata,
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    Column("outlet", CleanText, primary_key=True),  # "": the row counts outlets, not articles
    Column("articles", Integer, nullable=False),  # that held the line; where outlets are counted, one a story
    Column("story_id", BigInteger, nullable=False),  # of the latest of them
    Column("article_id", BigInteger, nullable=False),  # the first of them
    Column("last_seen", UtcDateTime, nullable=False),
    # learned_lines, outlet_lines: few of the lines that the table counts are ever learned.
    Index(
        "ix_outlet_lines_learned",
        "outlet",
        sqlite_where=text("articles >= 3"),
        postgresql_where=text("articles >= 3"),
    ),
    sqlite_with_rowid=False,
)

story_edits = Table(
    "story_edits",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", CleanText, nullable=False),
    Column("kind", CleanText, nullable=False),  # merge, split
    Column("story_id", _Id, ForeignKey("stories.id"), nullable=False),  # that the articles were in
    Column("into_id", _Id, ForeignKey("stories.id"), nullable=False),  # that they are in since
    Column("articles", Json, nullable=False),  # ids
)

mentions = Table(
    "mentions",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("article_id", _Id, ForeignKey("articles.id"), nullable=False),
    Column("term", CleanText, nullable=False),
    Column("published", UtcDateTime, nullable=False),  # the article's: a term's day is one range of an index
    Column("field", CleanText, nullable=False),
    Column("span_start", Integer, nullable=False),
    Column("span_end", Integer, nullable=False),
    Column("text", CleanText, nullable=False),
    Column("status", CleanText, nullable=False),
    Column("form", CleanText, nullable=False),
    Column("why_ar", CleanText, nullable=False),
    Column("why_en", CleanText, nullable=False),
    Column("list_version", CleanText),  # the watchlist that found it; null where the caller named none
    Column(
        "found_late", UtcDateTime
    ),  # when a changed watchlist found it in the archive; null: with its article
    Index(None, "article_id", "term"),  # unreported, revise_mentions: the mentions of an article
    Index(None, "term", "published"),  # term_days: 290 ms at 60,000 articles without it; mentioned_ids
    # unreported: late mentions, of articles however old.
    Index(
        "ix_mentions_late",
        "term",
        "found_late",
        sqlite_where=text("found_late IS NOT NULL"),
        postgresql_where=text("found_late IS NOT NULL"),
    ),
    # Without it SQLite gives the id of a deleted last row again, and its mention would count as told.
    sqlite_autoincrement=True,
)

# ── archive: which articles hold which words ──────────────────────────────────────────────────────

archive_words = Table(
    "archive_words",
    metadata,
    Column("word", CleanText, primary_key=True),
    sqlite_with_rowid=False,
)

article_words = Table(
    "article_words",  # on SQLite an FTS5 table of this name stands here: see storage.archive
    metadata,
    Column("article_id", _Id, ForeignKey("articles.id"), primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),  # a tsvector holds 1 MB at most
    Column("words", Lexemes, nullable=False),
    Index(None, "words", postgresql_using="gin"),  # articles_with, word_counts
)

# ── out ───────────────────────────────────────────────────────────────────────────────────────────

digests = Table(
    "digests",
    metadata,
    Column("id", CleanText, primary_key=True),
    Column("subscription_id", CleanText, nullable=False),
    Column("window_end", UtcDateTime, nullable=False),
    Column("stories", Integer, nullable=False),
    Column("body", Json, nullable=False),  # the frozen Digest
    Column("composed_at", UtcDateTime, nullable=False),
    Index(None, "window_end"),  # digests: the newest
)

windows = Table(
    "windows",
    metadata,
    # windows: the latest; save_digest, save_empty_window: a window is closed once.
    Column("subscription_id", CleanText, primary_key=True),
    Column("window_end", UtcDateTime, primary_key=True),
    Column("digest_id", CleanText, ForeignKey("digests.id")),  # null: due, and nothing to say
    Column("closed_at", UtcDateTime, nullable=False),
)

digest_articles = Table(
    "digest_articles",
    metadata,
    # unreported, save_digest: a subscription is told of a mention once.
    Column("subscription_id", CleanText, primary_key=True),
    Column("article_id", _Id, ForeignKey("articles.id"), primary_key=True, autoincrement=False),
    Column("digest_id", CleanText, ForeignKey("digests.id"), nullable=False),  # the latest that told of it
    Column(
        "mention_id", _Id, nullable=False, server_default="0"
    ),  # the highest told; no foreign key: it may go
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("digest_id", CleanText, ForeignKey("digests.id"), nullable=False),
    Column("channel", CleanText, nullable=False),
    Column("recipient", CleanText, nullable=False),
    Column("state", CleanText, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("message_id", CleanText, nullable=False),
    Column("repeat", Boolean, nullable=False, server_default=text("false")),
    Column("parts", Integer, nullable=False, server_default="0"),  # messages taken, where it goes in several
    Column("round", Integer, nullable=False, server_default="1"),  # how often an operator had it sent
    Column("error", CleanText),
    Column("note", CleanText),  # what the channel said of a message that it took
    Column("due_at", UtcDateTime),  # since when it waits: composed, or sent once more by an operator
    Column("next_try", UtcDateTime),
    Column("lease_until", UtcDateTime),
    Column("ended_at", UtcDateTime),  # sent or failed for good
    UniqueConstraint("digest_id", "channel", "recipient"),  # one row a message, whoever composes
    # claim_delivery, hold_channel: the oldest that is due.
    Index(
        "ix_deliveries_due",
        "next_try",
        "id",
        sqlite_where=text("state IN ('new', 'unknown')"),
        postgresql_where=text("state IN ('new', 'unknown')"),
    ),
    # lapse_deliveries: senders that died.
    Index(
        "ix_deliveries_sending",
        "lease_until",
        sqlite_where=text("state = 'sending'"),
        postgresql_where=text("state = 'sending'"),
    ),
)

threads = Table(
    "threads",  # where a chat channel was told of a story
    metadata,
    Column("recipient", CleanText, primary_key=True),
    Column("story_id", _Id, ForeignKey("stories.id"), primary_key=True, autoincrement=False),
    Column("ts", CleanText, nullable=False),  # the channel's own name of the message
    Column("at", UtcDateTime, nullable=False),
)

# ── readers ───────────────────────────────────────────────────────────────────────────────────────

unsubscribed = Table(
    "unsubscribed",
    metadata,
    Column("subscription_id", CleanText, primary_key=True),
    Column("channel", CleanText, primary_key=True),
    Column("recipient", CleanText, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

mutes = Table(
    "mutes",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("story_id", _Id, ForeignKey("stories.id"), nullable=False),
    # The delivery whose reader muted it, for its subscription, channel and recipient; null: for all.
    Column("delivery_id", _Id, ForeignKey("deliveries.id")),
    Column("until", UtcDateTime, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "until"),  # mutes: those that hold
    sqlite_autoincrement=True,  # an operator names one by its id
)

proposals = Table(
    "proposals",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("term", CleanText, nullable=False),
    Column("match", Boolean, nullable=False),
    Column("text", CleanText, nullable=False),
    Column("article_id", _Id, ForeignKey("articles.id"), nullable=False),
    Column("delivery_id", _Id, ForeignKey("deliveries.id"), nullable=False),
    Column("state", CleanText, nullable=False),  # open, accepted, declined
    Column("at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    UniqueConstraint(
        "term", "text", "match"
    ),  # propose: two readers who say one thing of a sentence ask one question
)

notices = Table(
    "notices",  # what the operators were told of, while it lasts
    metadata,
    Column("key", CleanText, primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime, nullable=False),
)

# ── words and runs ────────────────────────────────────────────────────────────────────────────────

watchlist_versions = Table(
    "watchlist_versions",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("watchlist", CleanText, nullable=False),
    Column("version", CleanText, nullable=False),
    Column("text", CleanText, nullable=False),  # the file; empty: the list was removed
    Column("who", CleanText, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column(
        "reread_after", BigInteger, nullable=False, server_default="0"
    ),  # articles up to this id are re-read
    Column("reread_done", UtcDateTime),
    Index(None, "watchlist", "id"),  # save_watchlist_version: the newest
)

reindex = Table(
    "reindex",
    metadata,
    # A process that takes over from a dead one gets a row of its own: by the id it is known who holds the lease.
    Column("id", _Id, primary_key=True),
    Column("version", CleanText, nullable=False),  # of the code that judges
    Column("started", UtcDateTime, nullable=False),
    Column("after", BigInteger, nullable=False),  # articles up to this id are judged anew
    Column("total", Integer, nullable=False),  # articles when it started
    Column("finished", UtcDateTime),
    Column("lease_until", UtcDateTime),
)

runs = Table(
    "runs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("kind", CleanText, nullable=False),
    Column("started", UtcDateTime, nullable=False),
    Column("ended", UtcDateTime, nullable=False),
    Column("summary", Json, nullable=False),
    Index(None, "kind", "started"),  # last_run
)
