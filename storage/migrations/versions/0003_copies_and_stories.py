"""Copies and stories: twins known before the fetch, learned lines, edited stories, judging anew.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import candidates, twins

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
HASH = sa.String(32)
TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    change_entries()
    change_articles()
    change_stories()
    create_outlet_lines()
    create_story_edits()
    create_reindex()
    # By today's code: keys and addresses made by another would not be found.
    twins.fill(op.get_bind())
    candidates.refill(op.get_bind())
    op.create_index("ix_entries_page_hash", "entries", ["page_hash"])
    op.create_index("ix_entries_feed_id_content_hash", "entries", ["feed_id", "content_hash"])
    op.create_index("ix_articles_page_hash", "articles", ["page_hash"])
    op.create_index("ix_fingerprint_article", "fingerprint", ["article"])


def downgrade() -> None:
    for table in ("reindex", "story_edits", "outlet_lines"):
        op.drop_table(table)
    op.drop_index("ix_fingerprint_article", "fingerprint")
    op.drop_index("ix_stories_merged", "stories")
    op.drop_index("ix_stories_last_at", "stories")
    op.drop_column("stories", "merged_into")
    op.drop_index("ix_articles_page_hash", "articles")
    for column in ("page_hash", "wire", "added", "keys", "story_pinned"):
        op.drop_column("articles", column)
    op.drop_index("ix_entries_page_hash", "entries")
    op.drop_index("ix_entries_feed_id_content_hash", "entries")
    for column in ("page_hash", "content_hash"):
        op.drop_column("entries", column)


def change_entries() -> None:
    op.add_column("entries", sa.Column("page_hash", HASH, nullable=False, server_default=""))
    op.add_column("entries", sa.Column("content_hash", HASH))


def change_articles() -> None:
    op.add_column("articles", sa.Column("page_hash", HASH, nullable=False, server_default=""))
    op.add_column("articles", sa.Column("wire", TEXT, nullable=False, server_default=""))
    op.add_column("articles", sa.Column("added", TEXT, nullable=False, server_default="[]"))
    op.add_column("articles", sa.Column("keys", sa.Integer, nullable=False, server_default="0"))
    pinned = sa.Column("story_pinned", sa.Boolean, nullable=False, server_default=sa.text("false"))
    op.add_column("articles", pinned)


def change_stories() -> None:
    # In words: SQLite adds a foreign key with its column, and Alembic does not know that.
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE stories ADD COLUMN merged_into {kind}"
        " CONSTRAINT fk_stories_merged_into REFERENCES stories (id)"
    )
    op.create_index("ix_stories_last_at", "stories", ["last_at"])
    where = sa.text("merged_into IS NOT NULL")
    op.create_index(
        "ix_stories_merged", "stories", ["merged_into"], sqlite_where=where, postgresql_where=where
    )


def create_outlet_lines() -> None:
    op.create_table(
        "outlet_lines",
        sa.Column("hash", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("outlet", TEXT, primary_key=True),
        sa.Column("articles", sa.Integer, nullable=False),
        sa.Column("story_id", sa.BigInteger, nullable=False),
        sa.Column("article_id", sa.BigInteger, nullable=False),
        sa.Column("last_seen", TIME, nullable=False),
        sqlite_with_rowid=False,
    )
    where = sa.text("articles >= 3")
    op.create_index(
        "ix_outlet_lines_learned", "outlet_lines", ["outlet"], sqlite_where=where, postgresql_where=where
    )


def create_story_edits() -> None:
    op.create_table(
        "story_edits",
        sa.Column("id", ID, primary_key=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("who", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("story_id", ID, sa.ForeignKey("stories.id"), nullable=False),
        sa.Column("into_id", ID, sa.ForeignKey("stories.id"), nullable=False),
        sa.Column("articles", TEXT, nullable=False),
    )


def create_reindex() -> None:
    op.create_table(
        "reindex",
        sa.Column("id", ID, primary_key=True),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("started", TIME, nullable=False),
        sa.Column("after", sa.BigInteger, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("finished", TIME),
        sa.Column("lease_until", TIME),
    )
