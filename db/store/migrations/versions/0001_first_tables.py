"""First tables: decisions are append-only from the first day.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQLITE_REFUSAL = """
CREATE TRIGGER decision_is_append_only_{what} BEFORE {what} ON decision
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END
"""
POSTGRESQL_REFUSAL = """
CREATE FUNCTION refuse_decision_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'decisions are append-only'; END $$;
CREATE TRIGGER decision_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON decision
FOR EACH STATEMENT EXECUTE FUNCTION refuse_decision_change()
"""


def upgrade() -> None:
    """Make every table, and the triggers that keep the decision log append-only."""
    _create_tables()
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(SQLITE_REFUSAL.format(what=what))
    else:
        op.execute(POSTGRESQL_REFUSAL)


def downgrade() -> None:
    """There is nothing before the first tables."""
    raise NotImplementedError("The first schema has no predecessor.")


def _create_tables() -> None:
    op.create_table(
        "annotator",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotator")),
        sa.UniqueConstraint("name", name=op.f("uq_annotator_name")),
    )
    op.create_table(
        "audio_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("sampling_rate", sa.Integer(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audio_file")),
        sa.UniqueConstraint("path", "content_hash", name=op.f("uq_audio_file_path_content_hash")),
    )
    with op.batch_alter_table("audio_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audio_file_content_hash"), ["content_hash"], unique=False)
        batch_op.create_index(batch_op.f("ix_audio_file_path"), ["path"], unique=False)

    op.create_table(
        "feature_set",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("encoder", sa.Text(), nullable=False),
        sa.Column("dim", sa.Integer(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("used_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feature_set")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_feature_set_fingerprint")),
    )
    op.create_table(
        "label",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        sa.UniqueConstraint("name", name=op.f("uq_label_name")),
    )
    op.create_table(
        "learner_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=True),
        sa.Column("heartbeat_at", sa.Float(), nullable=False),
        sa.Column("restarts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learner_state")),
    )
    op.create_table(
        "project",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
    )
    op.create_table(
        "rejection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejection")),
        sa.UniqueConstraint("path", "file_name", name=op.f("uq_rejection_path_file_name")),
    )
    op.create_table(
        "clip",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("start", sa.Float(), nullable=False),
        sa.Column("end", sa.Float(), nullable=False),
        sa.Column("speaker", sa.Text(), nullable=True),
        sa.Column("transcript", sa.Text(), nullable=True),
        sa.Column("split", sa.Text(), nullable=True),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.Column("slice_key", sa.BigInteger(), nullable=False),
        sa.Column(
            "state", sa.Enum("ready", "replaced", "broken", name="clip_state", native_enum=False, length=16), nullable=False
        ),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["audio_file.id"], name=op.f("fk_clip_file_id_audio_file")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clip")),
        sa.UniqueConstraint("content_hash", "start", "end", name=op.f("uq_clip_content_hash_start_end")),
    )
    with op.batch_alter_table("clip", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clip_file_id"), ["file_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_clip_file_name"), ["file_name"], unique=False)
        batch_op.create_index(batch_op.f("ix_clip_speaker"), ["speaker"], unique=False)
        batch_op.create_index("ix_clip_state_slice_key", ["state", "slice_key"], unique=False)

    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("feature_set_id", sa.Integer(), nullable=True),
        sa.Column("last_decision_id", sa.Integer(), nullable=False),
        sa.Column("decisions", sa.Integer(), nullable=False),
        sa.Column("labeled", sa.Integer(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("evaluated_at", sa.Float(), nullable=True),
        sa.Column("ua", sa.Float(), nullable=True),
        sa.Column("ua_low", sa.Float(), nullable=True),
        sa.Column("ua_high", sa.Float(), nullable=True),
        sa.Column("wa", sa.Float(), nullable=True),
        sa.Column("slice_clips", sa.Integer(), nullable=False),
        sa.Column("speakers", sa.Integer(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["feature_set_id"], ["feature_set.id"], name=op.f("fk_run_feature_set_id_feature_set")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_last_decision_id"), ["last_decision_id"], unique=False)

    op.create_table(
        "clip_alias",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clip_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_clip_alias_clip_id_clip")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clip_alias")),
        sa.UniqueConstraint("clip_id", "path", "file_name", name=op.f("uq_clip_alias_clip_id_path_file_name")),
    )
    with op.batch_alter_table("clip_alias", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clip_alias_clip_id"), ["clip_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_clip_alias_file_name"), ["file_name"], unique=False)

    op.create_table(
        "curve_point",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("last_decision_id", sa.Integer(), nullable=False),
        sa.Column("decisions", sa.Integer(), nullable=False),
        sa.Column("examples_per_class", sa.Float(), nullable=False),
        sa.Column("smallest_class", sa.Integer(), nullable=False),
        sa.Column("ua", sa.Float(), nullable=True),
        sa.Column("ua_low", sa.Float(), nullable=True),
        sa.Column("ua_high", sa.Float(), nullable=True),
        sa.Column("wa", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_curve_point_run_id_run")),
        sa.PrimaryKeyConstraint("run_id", "last_decision_id", name=op.f("pk_curve_point")),
    )
    op.create_table(
        "feature_row",
        sa.Column("feature_set_id", sa.Integer(), nullable=False),
        sa.Column("clip_id", sa.Integer(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_feature_row_clip_id_clip")),
        sa.ForeignKeyConstraint(["feature_set_id"], ["feature_set.id"], name=op.f("fk_feature_row_feature_set_id_feature_set")),
        sa.PrimaryKeyConstraint("feature_set_id", "clip_id", name=op.f("pk_feature_row")),
    )
    op.create_table(
        "lease",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clip_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "random",
                "cold-start",
                "uncertain",
                "rare-class",
                "overlap",
                "review",
                "grid",
                "imported",
                "scripted",
                name="source",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.Column("released_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["annotator_id"], ["annotator.id"], name=op.f("fk_lease_annotator_id_annotator")),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_lease_clip_id_clip")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lease")),
    )
    with op.batch_alter_table("lease", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lease_annotator_id"), ["annotator_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_lease_clip_id"), ["clip_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_lease_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "queue_entry",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("clip_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "random",
                "cold-start",
                "uncertain",
                "rare-class",
                "overlap",
                "review",
                "grid",
                "imported",
                "scripted",
                name="source",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("predicted_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_queue_entry_clip_id_clip")),
        sa.ForeignKeyConstraint(["predicted_id"], ["label.id"], name=op.f("fk_queue_entry_predicted_id_label")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_queue_entry_run_id_run")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_queue_entry")),
        sa.UniqueConstraint("clip_id", name=op.f("uq_queue_entry_clip_id")),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("clip_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column(
            "answer", sa.Enum("label", "unsure", "skip", "undo", name="answer", native_enum=False, length=16), nullable=False
        ),
        sa.Column("label_id", sa.Integer(), nullable=True),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "random",
                "cold-start",
                "uncertain",
                "rare-class",
                "overlap",
                "review",
                "grid",
                "imported",
                "scripted",
                name="source",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column(
            "queued_as",
            sa.Enum(
                "random",
                "cold-start",
                "uncertain",
                "rare-class",
                "overlap",
                "review",
                "grid",
                "imported",
                "scripted",
                name="source",
                native_enum=False,
                length=16,
            ),
            nullable=True,
        ),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("plays", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("suggestion_shown", sa.Boolean(), nullable=False),
        sa.Column("gold", sa.Boolean(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("lease_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.CheckConstraint("(answer = 'label') = (label_id IS NOT NULL)", name=op.f("ck_decision_label_iff_labeled")),
        sa.ForeignKeyConstraint(["annotator_id"], ["annotator.id"], name=op.f("fk_decision_annotator_id_annotator")),
        sa.ForeignKeyConstraint(["clip_id"], ["clip.id"], name=op.f("fk_decision_clip_id_clip")),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_decision_label_id_label")),
        sa.ForeignKeyConstraint(["lease_id"], ["lease.id"], name=op.f("fk_decision_lease_id_lease")),
        sa.ForeignKeyConstraint(["replaces_id"], ["decision.id"], name=op.f("fk_decision_replaces_id_decision")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_decision_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("uuid", name=op.f("uq_decision_uuid")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_annotator_id"), ["annotator_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_clip_id"), ["clip_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_replaces_id"), ["replaces_id"], unique=False)
