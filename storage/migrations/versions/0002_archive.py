"""The archive's index, mentions found later, and the versions of watchlists.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import archive

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    change_mentions()
    change_told()
    create_watchlist_versions()
    create_index()


def downgrade() -> None:
    for table in ("article_words", "archive_words", "watchlist_versions"):
        op.drop_table(table)
    op.drop_column("digest_articles", "mention_id")
    op.drop_index("ix_mentions_late", "mentions")
    op.drop_column("mentions", "found_late")


def change_mentions() -> None:
    late = sa.Column("found_late", TIME)
    if is_sqlite():
        # The table is made anew: AUTOINCREMENT cannot be added.
        options = {"sqlite_autoincrement": True}
        with op.batch_alter_table("mentions", recreate="always", table_kwargs=options) as batch:
            batch.add_column(late)
    else:
        op.add_column("mentions", late)
    where = sa.text("found_late IS NOT NULL")
    op.create_index(
        "ix_mentions_late",
        "mentions",
        ["term", "found_late"],
        sqlite_where=where,
        postgresql_where=where,
    )


def change_told() -> None:
    op.add_column("digest_articles", sa.Column("mention_id", ID, nullable=False, server_default="0"))
    # What was told until now was told of all that had been found.
    op.execute(
        "UPDATE digest_articles SET mention_id = coalesce("
        "(SELECT max(id) FROM mentions WHERE mentions.article_id = digest_articles.article_id), 0)"
    )


def create_watchlist_versions() -> None:
    op.create_table(
        "watchlist_versions",
        sa.Column("id", ID, primary_key=True),
        sa.Column("watchlist", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("who", TEXT, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("reread_after", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("reread_done", TIME),
    )
    op.create_index("ix_watchlist_versions_watchlist_id", "watchlist_versions", ["watchlist", "id"])


def create_index() -> None:
    op.create_table(
        "archive_words",
        sa.Column("word", TEXT, primary_key=True),
        sqlite_with_rowid=False,
    )
    if is_sqlite():
        op.execute("""
            CREATE VIRTUAL TABLE article_words
            USING fts5(words, content='', detail=none, columnsize=0, tokenize='ascii')
        """)
    else:
        op.execute("""
            CREATE TABLE article_words (
                article_id BIGINT NOT NULL,
                part INTEGER NOT NULL,
                words TSVECTOR NOT NULL,
                CONSTRAINT pk_article_words PRIMARY KEY (article_id, part),
                CONSTRAINT fk_article_words_article_id FOREIGN KEY (article_id) REFERENCES articles (id)
            )
        """)
    # By today's code: words folded otherwise than today's queries are would not be found.
    archive.fill(op.get_bind())
    if not is_sqlite():
        op.create_index("ix_article_words_words", "article_words", ["words"], postgresql_using="gin")


def is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
