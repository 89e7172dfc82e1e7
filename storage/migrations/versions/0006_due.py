"""Since when a message waits to be sent; what two readers say of one sentence, where they disagree.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OLD, NEW = "uq_proposals_term_text", "uq_proposals_term_text_match"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("due_at", sa.DateTime(timezone=True)))
    composed = "SELECT composed_at FROM digests WHERE digests.id = deliveries.digest_id"
    op.execute(f"UPDATE deliveries SET due_at = ({composed})")  # noqa: S608 - no value of anybody's
    with op.batch_alter_table("proposals") as batch:
        batch.drop_constraint(OLD, type_="unique")
        batch.create_unique_constraint(NEW, ["term", "text", "match"])


def downgrade() -> None:
    # Of two readers who disagree the one who spoke first is kept, as 0005 would have.
    first = "SELECT min(id) FROM proposals GROUP BY term, text"
    op.execute(f"DELETE FROM proposals WHERE id NOT IN ({first})")  # noqa: S608 - no value of anybody's
    with op.batch_alter_table("proposals") as batch:
        batch.drop_constraint(NEW, type_="unique")
        batch.create_unique_constraint(OLD, ["term", "text"])
    op.drop_column("deliveries", "due_at")
