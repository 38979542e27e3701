"""The annotator's seat: settings that stay with a person, how a clip was heard, and flags with a note.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns that older rows leave empty, and one table."""
    # Added in place: a table made anew and copied would lose the triggers that keep decisions append-only.
    op.add_column("annotator", sa.Column("preferences", sa.JSON(), nullable=True))
    op.add_column("decision", sa.Column("circumstances", sa.JSON(), nullable=True))
    op.create_table(
        "flag",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("clip_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("raised", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["annotator_id"], ["annotator.id"], name=op.f("fk_flag_annotator_id_annotator")),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_flag_clip_id_clip")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag")),
        sa.UniqueConstraint("uuid", name=op.f("uq_flag_uuid")),
    )
    with op.batch_alter_table("flag", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_flag_annotator_id"), ["annotator_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_flag_clip_id"), ["clip_id"], unique=False)


def downgrade() -> None:
    """Older releases are given the backup copy instead."""
    raise NotImplementedError("Go back to the backup copy that `earmark upgrade` made.")
