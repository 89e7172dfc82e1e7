"""The first tables.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Plain types, not those of storage.columns: a migration says what was, and must not change with the code.
ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)
HASH = sa.String(32)


def upgrade() -> None:
    create_feeds()
    create_corpus()
    create_queue()
    create_mentions()
    create_digests()
    create_outbox()
    create_runs()


def downgrade() -> None:
    for table in (
        "runs",
        "deliveries",
        "digest_articles",
        "windows",
        "digests",
        "mentions",
        "fingerprint",
        "article_terms",
        "entries",
        "articles",
        "stories",
        "feeds",
    ):
        op.drop_table(table)


def create_feeds() -> None:
    op.create_table(
        "feeds",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("delisted_at", TIME),
        sa.Column("status", TEXT, nullable=False, server_default="new"),
        sa.Column("etag", TEXT),
        sa.Column("last_modified", TEXT),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("last_polled", TIME),
        sa.Column("last_success", TIME),
        sa.Column("last_new", TIME),
        sa.Column("next_poll", TIME),
        sa.Column("error", TEXT),
        sa.Column("lease_until", TIME),
    )


def create_corpus() -> None:
    op.create_table(
        "stories",
        sa.Column("id", ID, primary_key=True),
        sa.Column("headline", TEXT, nullable=False),
        sa.Column("first_at", TIME, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
    )
    op.create_table(
        "articles",
        sa.Column("id", ID, primary_key=True),
        sa.Column("story_id", ID, sa.ForeignKey("stories.id"), nullable=False),
        sa.Column("published", TIME, nullable=False),
        sa.Column("first_seen", TIME, nullable=False),
        sa.Column("relation", TEXT, nullable=False),
        sa.Column("original", ID, sa.ForeignKey("articles.id")),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("language", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("exact", TEXT, nullable=False),
        sa.Column("words", sa.Integer, nullable=False),
        sa.Column("feed_id", TEXT, nullable=False),
        sa.Column("outlet", TEXT, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("url_hash", HASH, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("author", TEXT),
        sa.Column("copy_why_ar", TEXT, nullable=False),
        sa.Column("copy_why_en", TEXT, nullable=False),
        sa.Column("story_score", sa.Float, nullable=False),
        sa.Column("story_shared", TEXT, nullable=False),
        sa.Column("story_why_ar", TEXT, nullable=False),
        sa.Column("story_why_en", TEXT, nullable=False),
        sa.Column("stored_at", TIME, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.UniqueConstraint("url_hash", name="uq_articles_url_hash"),
    )
    for column in ("exact", "published", "first_seen", "story_id"):
        op.create_index(f"ix_articles_{column}", "articles", [column])
    op.create_table(
        "article_terms",
        sa.Column("article_id", ID, sa.ForeignKey("articles.id"), primary_key=True, autoincrement=False),
        sa.Column("terms", TEXT, nullable=False),
    )
    op.create_table(
        "fingerprint",
        sa.Column("hash", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("article", ID, sa.ForeignKey("articles.id"), primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )


def create_queue() -> None:
    op.create_table(
        "entries",
        sa.Column("id", ID, primary_key=True),
        sa.Column("feed_id", TEXT, sa.ForeignKey("feeds.id"), nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("key_hash", HASH, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("url_hash", HASH, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("summary", TEXT, nullable=False),
        sa.Column("published", TIME),
        sa.Column("author", TEXT),
        sa.Column("first_seen", TIME, nullable=False),
        sa.Column("due_order", TIME, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_try", TIME, nullable=False),
        sa.Column("lease_until", TIME),
        sa.Column("error", TEXT),
        sa.Column("ended_at", TIME),
        sa.Column("article_id", ID, sa.ForeignKey("articles.id")),
        sa.UniqueConstraint("feed_id", "key_hash", name="uq_entries_feed_id_key_hash"),
    )
    op.create_index("ix_entries_url_hash", "entries", ["url_hash"])
    create_partial_index("ix_entries_pending", "entries", ["due_order", "id"], "state = 'pending'")
    create_partial_index("ix_entries_failed", "entries", ["ended_at"], "state = 'failed'")


def create_mentions() -> None:
    op.create_table(
        "mentions",
        sa.Column("id", ID, primary_key=True),
        sa.Column("article_id", ID, sa.ForeignKey("articles.id"), nullable=False),
        sa.Column("term", TEXT, nullable=False),
        sa.Column("published", TIME, nullable=False),
        sa.Column("field", TEXT, nullable=False),
        sa.Column("span_start", sa.Integer, nullable=False),
        sa.Column("span_end", sa.Integer, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("form", TEXT, nullable=False),
        sa.Column("why_ar", TEXT, nullable=False),
        sa.Column("why_en", TEXT, nullable=False),
        sa.Column("list_version", TEXT),
    )
    op.create_index("ix_mentions_article_id_term", "mentions", ["article_id", "term"])
    op.create_index("ix_mentions_term_published", "mentions", ["term", "published"])


def create_digests() -> None:
    op.create_table(
        "digests",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("subscription_id", TEXT, nullable=False),
        sa.Column("window_end", TIME, nullable=False),
        sa.Column("stories", sa.Integer, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("composed_at", TIME, nullable=False),
    )
    op.create_index("ix_digests_window_end", "digests", ["window_end"])
    op.create_table(
        "windows",
        sa.Column("subscription_id", TEXT, primary_key=True),
        sa.Column("window_end", TIME, primary_key=True),
        sa.Column("digest_id", TEXT, sa.ForeignKey("digests.id")),
        sa.Column("closed_at", TIME, nullable=False),
    )
    op.create_table(
        "digest_articles",
        sa.Column("subscription_id", TEXT, primary_key=True),
        sa.Column("article_id", ID, sa.ForeignKey("articles.id"), primary_key=True, autoincrement=False),
        sa.Column("digest_id", TEXT, sa.ForeignKey("digests.id"), nullable=False),
    )


def create_outbox() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", ID, primary_key=True),
        sa.Column("digest_id", TEXT, sa.ForeignKey("digests.id"), nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("recipient", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("repeat", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("error", TEXT),
        sa.Column("note", TEXT),
        sa.Column("next_try", TIME),
        sa.Column("lease_until", TIME),
        sa.Column("ended_at", TIME),
        sa.UniqueConstraint(
            "digest_id", "channel", "recipient", name="uq_deliveries_digest_id_channel_recipient"
        ),
    )
    create_partial_index("ix_deliveries_due", "deliveries", ["next_try", "id"], "state IN ('new', 'unknown')")
    create_partial_index("ix_deliveries_sending", "deliveries", ["lease_until"], "state = 'sending'")


def create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", ID, primary_key=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("started", TIME, nullable=False),
        sa.Column("ended", TIME, nullable=False),
        sa.Column("summary", TEXT, nullable=False),
    )
    op.create_index("ix_runs_kind_started", "runs", ["kind", "started"])


def create_partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
