"""People and what they may do, guidelines and their versions, remarks, clips asked again, and what leads did.

Revision ID: 0004
Revises: 0003
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("guideline_version", "comment", "asked_again", "event")
WITH_THE_CLIP = ("comment", "asked_again")
"""Their rows may be deleted once the clip is withdrawn."""
WITHDRAWN = "EXISTS (SELECT 1 FROM withdrawal WHERE withdrawal.clip_id = OLD.clip_id)"


def upgrade() -> None:
    """Columns that older rows leave empty but for `name_key`, and four tables to which rows are only added."""
    for table, column in (
        ("project", sa.Column("embedding_paused", sa.Boolean(), nullable=True)),
        ("label", sa.Column("colour", sa.String(length=7), nullable=True)),
        ("label", sa.Column("guideline", sa.Text(), nullable=True)),
        ("annotator", sa.Column("name_key", sa.Text(), nullable=True)),
        ("annotator", sa.Column("identity", sa.Text(), nullable=True)),
        ("annotator", sa.Column("role", sa.String(length=16), nullable=True)),
    ):
        op.add_column(table, column)
    # An index, since a constraint would copy the table, which decisions refer to.
    op.create_index(op.f("ix_annotator_identity"), "annotator", ["identity"], unique=True)
    op.create_index(op.f("ix_annotator_name_key"), "annotator", ["name_key"], unique=False)
    _fill_name_keys()
    _create_tables()
    if op.get_bind().dialect.name == "sqlite":
        _refuse_changes_on_sqlite()
    else:
        _refuse_changes_on_postgresql()


def _fill_name_keys() -> None:
    annotator = sa.table("annotator", sa.column("id", sa.Integer), sa.column("name", sa.Text), sa.column("name_key", sa.Text))
    connection = op.get_bind()
    for row in connection.execute(sa.select(annotator.c.id, annotator.c.name)).all():
        key = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", row.name).casefold())
        connection.execute(sa.update(annotator).where(annotator.c.id == row.id).values(name_key=key))


def _refuse_changes_on_sqlite() -> None:
    for table in APPEND_ONLY:
        for what in ("UPDATE", "DELETE"):
            unless = f"WHEN NOT {WITHDRAWN} " if what == "DELETE" and table in WITH_THE_CLIP else ""
            op.execute(
                f"CREATE TRIGGER {table}_is_append_only_{what} BEFORE {what} ON {table} {unless}"
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are append-only'); END"
            )


def _refuse_changes_on_postgresql() -> None:
    # The two functions were made by the migration before this one.
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
        "guideline_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("after_decision_id", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guideline_version")),
    )
    op.create_table(
        "comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("clip_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_comment_clip_id_clip")),
        sa.ForeignKeyConstraint(["annotator_id"], ["annotator.id"], name=op.f("fk_comment_annotator_id_annotator")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
        sa.UniqueConstraint("uuid", name=op.f("uq_comment_uuid")),
    )
    op.create_table(
        "asked_again",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clip_id", sa.Integer(), nullable=False),
        sa.Column("after_decision_id", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_asked_again_clip_id_clip")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asked_again")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    for table, column in (("comment", "clip_id"), ("asked_again", "clip_id"), ("event", "created_at")):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
