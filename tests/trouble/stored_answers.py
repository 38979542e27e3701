"""Whether the database holds what was acknowledged: each answer once, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import select, text

from db.models import Clip, Decision, Label
from db.project import OpenProject
from tests.trouble.burst import Given


def check_stored_answers(project: OpenProject, acknowledged: Mapping[str, Given], *, all_of_them: bool = True) -> None:
    """Fail unless every acknowledged answer is stored once, as it was given, and no annotator has two answers for a clip.

    Args:
        acknowledged: by UUID.
        all_of_them: whether nothing else may be stored; while answers are on their way, more may be.
    """
    with project.read() as session:
        names = {clip.id: clip.file_name for clip in session.scalars(select(Clip))}
        labels = {label.id: label.name for label in session.scalars(select(Label))}
        rows = [(row.uuid, row.annotator_id, row.clip_id, row.label_id or 0) for row in session.scalars(select(Decision))]
        if session.get_bind().dialect.name == "sqlite":
            assert session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
            assert session.execute(text("PRAGMA foreign_key_check")).all() == []
    stored = {uuid: (names[clip], labels[label]) for uuid, _, clip, label in rows}
    lost = {uuid: given for uuid, given in acknowledged.items() if stored.get(uuid) != given}
    assert lost == {}, f"{len(lost)} of {len(acknowledged)} acknowledged answers are not stored as they were given"
    per_clip = Counter((annotator, clip) for _, annotator, clip, _ in rows)
    assert len(stored) == len(rows) == len(per_clip), f"an answer is stored twice: {per_clip.most_common(3)}"
    if all_of_them:
        assert stored.keys() == acknowledged.keys(), "an answer is stored that was never acknowledged"
