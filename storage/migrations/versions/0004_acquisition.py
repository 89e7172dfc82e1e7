"""Acquisition: hosts and their robots.txt, feeds' days, moved feeds, edited articles, pages kept.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import entries

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("feeds", sa.Column("moved_to", TEXT))
    op.add_column("feeds", sa.Column("moves", sa.Integer, nullable=False, server_default="0"))
    op.add_column("entries", sa.Column("host", TEXT, nullable=False, server_default=""))
    op.add_column("entries", sa.Column("outlet", TEXT, nullable=False, server_default=""))
    op.add_column("entries", sa.Column("edits", sa.Integer, nullable=False, server_default="0"))
    op.add_column("articles", sa.Column("edited_at", TIME))
    create_feed_days()
    create_hosts()
    create_pages()
    entries.fill_hosts(op.get_bind())


def downgrade() -> None:
    for table in ("pages", "hosts", "feed_days"):
        op.drop_table(table)
    op.drop_column("articles", "edited_at")
    for column in ("host", "outlet", "edits"):
        op.drop_column("entries", column)
    for column in ("moved_to", "moves"):
        op.drop_column("feeds", column)


def create_feed_days() -> None:
    counted = ("polls", "failures", "entries", "pages", "fallbacks", "lost", "words")
    op.create_table(
        "feed_days",
        sa.Column("feed_id", TEXT, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False, server_default="0") for name in counted),
    )


def create_hosts() -> None:
    op.create_table(
        "hosts",
        sa.Column("host", TEXT, primary_key=True),
        sa.Column("robots", TEXT),
        sa.Column("robots_at", TIME),
        sa.Column("not_before", TIME),
        sa.Column("asked_at", TIME),
        sa.Column("holder", TEXT),
        sa.Column("lease_until", TIME),
    )


def create_pages() -> None:
    op.create_table(
        "pages",
        sa.Column("article_id", ID, sa.ForeignKey("articles.id"), primary_key=True, autoincrement=False),
        sa.Column("fetched", TIME, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("content_type", TEXT),
        sa.Column("html", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_pages_fetched", "pages", ["fetched"])
