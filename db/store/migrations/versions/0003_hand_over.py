"""Handing over: labels that change, clips that are withdrawn, suggestions from elsewhere, and what clips were before.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

APPEND_ONLY = ("label_change", "clip_change", "withdrawal", "suggestion")
WITH_THE_CLIP = ("clip_change", "suggestion")
"""Their rows may be deleted once the clip is withdrawn: what a clip was called is not kept then."""
WITHDRAWN = "EXISTS (SELECT 1 FROM withdrawal WHERE withdrawal.clip_id = OLD.clip_id)"


def upgrade() -> None:
    """Columns that older rows leave empty, and four tables to which rows are only added."""
    # Added in place: a table made anew and copied would lose the triggers that keep decisions append-only.
    op.add_column("decision", sa.Column("answered_at", sa.Float(), nullable=True))
    op.add_column("label", sa.Column("merged_into_id", sa.Integer(), nullable=True))
    _create_tables()
    if op.get_bind().dialect.name == "sqlite":
        _refuse_changes_on_sqlite()
    else:
        _refuse_changes_on_postgresql()


def _refuse_changes_on_sqlite() -> None:
    for table in APPEND_ONLY:
        for what in ("UPDATE", "DELETE"):
            unless = f"WHEN NOT {WITHDRAWN} " if what == "DELETE" and table in WITH_THE_CLIP else ""
            op.execute(
                f"CREATE TRIGGER {table}_is_append_only_{what} BEFORE {what} ON {table} {unless}"
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are append-only'); END"
            )


def _refuse_changes_on_postgresql() -> None:
    refusal = "RAISE EXCEPTION 'rows of % are append-only', TG_TABLE_NAME;"
    op.execute(f"CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {refusal} END $$")
    op.execute(
        "CREATE FUNCTION refuse_unless_withdrawn() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {WITHDRAWN} THEN RETURN OLD; END IF; {refusal} END $$"
    )
    for table in APPEND_ONLY:
        always = "UPDATE OR TRUNCATE" if table in WITH_THE_CLIP else "UPDATE OR DELETE OR TRUNCATE"
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE {always} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in WITH_THE_CLIP:
        op.execute(
            f"CREATE TRIGGER {table}_goes_with_its_clip BEFORE DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_unless_withdrawn()"
        )


def downgrade() -> None:
    """Older releases are given the backup copy instead."""
    raise NotImplementedError("Go back to the backup copy that `earmark upgrade` made.")


def _create_tables() -> None:
    op.create_table(
        "label_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("label_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name_before", sa.Text(), nullable=True),
        sa.Column("name_after", sa.Text(), nullable=True),
        sa.Column("into_id", sa.Integer(), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_label_change_label_id_label")),
        sa.ForeignKeyConstraint(["into_id"], ["label.id"], name=op.f("fk_label_change_into_id_label")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_change")),
    )
    op.create_table(
        "clip_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clip_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_clip_change_clip_id_clip")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clip_change")),
    )
    op.create_table(
        "withdrawal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clip_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_withdrawal_clip_id_clip")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawal")),
        sa.UniqueConstraint("clip_id", name=op.f("uq_withdrawal_clip_id")),
    )
    op.create_table(
        "suggestion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clip_id", sa.Integer(), nullable=False),
        sa.Column("label_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_suggestion_clip_id_clip")),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_suggestion_label_id_label")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion")),
    )
    for table, columns in (
        ("clip_change", ["clip_id"]),
        ("clip_change", ["created_at"]),
        ("suggestion", ["clip_id"]),
    ):
        op.create_index(op.f(f"ix_{table}_{columns[0]}"), table, columns, unique=False)
