"""Delivery: parts and rounds of a message, threads, readers' wishes, operators' notices.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("parts", sa.Integer, nullable=False, server_default="0"))
    op.add_column("deliveries", sa.Column("round", sa.Integer, nullable=False, server_default="1"))
    op.create_table(
        "threads",
        sa.Column("recipient", TEXT, primary_key=True),
        sa.Column("story_id", ID, sa.ForeignKey("stories.id"), primary_key=True, autoincrement=False),
        sa.Column("ts", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_table(
        "unsubscribed",
        sa.Column("subscription_id", TEXT, primary_key=True),
        sa.Column("channel", TEXT, primary_key=True),
        sa.Column("recipient", TEXT, primary_key=True),
        sa.Column("at", TIME, nullable=False),
    )
    create_mutes()
    create_proposals()
    op.create_table(
        "notices",
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("since", TIME, nullable=False),
        sa.Column("told_at", TIME, nullable=False),
    )


def downgrade() -> None:
    for table in ("notices", "proposals", "mutes", "unsubscribed", "threads"):
        op.drop_table(table)
    op.drop_column("deliveries", "round")
    op.drop_column("deliveries", "parts")


def create_mutes() -> None:
    op.create_table(
        "mutes",
        sa.Column("id", ID, primary_key=True),
        sa.Column("story_id", ID, sa.ForeignKey("stories.id"), nullable=False),
        sa.Column("delivery_id", ID, sa.ForeignKey("deliveries.id")),
        sa.Column("until", TIME, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mutes_until", "mutes", ["until"])


def create_proposals() -> None:
    op.create_table(
        "proposals",
        sa.Column("id", ID, primary_key=True),
        sa.Column("term", TEXT, nullable=False),
        sa.Column("match", sa.Boolean, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("article_id", ID, sa.ForeignKey("articles.id"), nullable=False),
        sa.Column("delivery_id", ID, sa.ForeignKey("deliveries.id"), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("settled_at", TIME),
        sa.UniqueConstraint("term", "text", name="uq_proposals_term_text"),
    )
