"""Answers from a file into the decision log, as if a person gave them: for scripts, simulations and labels made elsewhere."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.decisions.taking import GivenAnswer, take
from db.errors import ClipError, EarmarkError, FormatError
from db.imports.annotation_file import AnnotationRow, read_annotations
from db.imports.earmark_rows import with_answers
from db.imports.handed_over import HandedOverRow
from db.imports.manifest import BadRow, read_manifest
from db.models import Answer, Clip, ClipAlias, ClipState, ProjectInfo, Source
from db.project import OpenProject
from db.records.clips import find_clip
from db.records.labels import active_labels, label_by_name
from db.records.people.annotators import annotator_named, checked_name
from db.records.runs import latest_run_id
from db.serving.upcoming import upcoming
from learner.imports.handed_answers import HandedAnswers
from learner.imports.import_report import ImportReport
from learner.imports.rows import AnyRow
from learner.progress import Progress, unseen

BATCH = 100
"""Decisions a transaction at most."""
_LEAST_LOOKED_AT = 200


@dataclass(frozen=True)
class _Checked:
    """An answer whose clip and label are known to exist."""

    clip_id: int
    answer: Answer
    label: str | None
    line: int


def annotate_from_file(project: OpenProject, path: Path, *, annotator: str, progress: Progress = unseen) -> int:
    """Record the answers in a CSV or JSONL file (`clip` or `file_name[,start,end]`, and `label`) as scripted decisions.

    Every line is checked before the first is recorded. `queued_as` of each decision is the source under which the queue would
    have served the clip just then, or None for clips far from its head. A line that repeats what an earlier one says of the same
    clip is passed over.

    Args:
        progress: called with lines checked, then with decisions recorded and to record.

    Returns:
        How many decisions were recorded.

    Raises:
        FormatError: the file or a line of it cannot be used, or two lines contradict each other.
        ClipError: a clip is unknown, ambiguous or out of service.
        LabelError: a label is not in the label set.
        DecisionError: `annotator` cannot be a name.
    """
    return record_answers(project, read_annotations(path), annotator=annotator, place=path, progress=progress)


def record_answers(
    project: OpenProject,
    answers: Iterable[AnnotationRow],
    *,
    annotator: str,
    place: Path,
    progress: Progress = unseen,
) -> int:
    """The same for answers that need not be in a file; messages name `place`."""
    checked_name(annotator)
    with project.read() as session:
        rows = _checked(session, answers, place, progress)
        looked_at = max(_LEAST_LOOKED_AT, 4 * len(rows))
        served = upcoming(session, limit=looked_at, random_share=project.settings.random_share)
        queued_as = {clip.clip_id: clip.source for clip in served}
        run_id = latest_run_id(session)
    for first in range(0, len(rows), BATCH):
        with project.write() as session:
            annotator_id = annotator_named(session, annotator).id
            for row in rows[first : first + BATCH]:
                given = GivenAnswer(
                    uuid=str(uuid.uuid4()),
                    clip_id=row.clip_id,
                    annotator_id=annotator_id,
                    answer=row.answer,
                    label=row.label,
                    source=Source.SCRIPTED,
                    queued_as=queued_as.get(row.clip_id),
                    run_id=run_id,
                )
                take(session, given)
        progress(min(first + BATCH, len(rows)), len(rows))
    return len(rows)


def annotate_by_name(project: OpenProject, path: Path, *, progress: Progress = unseen) -> ImportReport:
    """Record the answers in an export of Earmark's (`csv`, `jsonl`, `log`) under the names of their annotators, with their times.

    Every clip is found before the first answer is recorded. Answers that are known already are passed over.

    Args:
        progress: called with answers recorded and to record.

    Returns:
        How many answers were recorded, whose, and which labels are not in the label set.

    Raises:
        FormatError: the file or a line of it cannot be used, or it names no annotators.
        ClipError: a clip is unknown or ambiguous.
    """
    report = ImportReport(of_lines=True)
    with project.read() as session:
        report.label_set = [label.name for label in active_labels(session)]
        secret = session.scalars(select(ProjectInfo)).one().secret.encode()
        rows = [_handed(session, path, row) for row in with_answers(read_manifest(path))]
    recorder = HandedAnswers(labels_as=None, secret=secret)
    for first in range(0, len(rows), BATCH):
        with project.write() as session:
            recorder.begin(session)
            recorder.record(session, rows[first : first + BATCH], report)
        progress(min(first + BATCH, len(rows)), len(rows))
    return report


def _handed(session: Session, path: Path, row: AnyRow) -> tuple[int, HandedOverRow]:
    if isinstance(row, BadRow):
        raise FormatError(f"{path}: {row.reason}")
    if not isinstance(row, HandedOverRow):
        raise FormatError(f"{path}: line {row.number} does not name its annotator; give --annotator.")
    try:
        return find_clip(session, file_name=row.clip.file_name, start=row.clip.start, end=row.clip.end).id, row
    except ClipError as error:
        raise ClipError(f"{path}, line {row.clip.number}: {error}") from error


def _checked(session: Session, answers: Iterable[AnnotationRow], path: Path, progress: Progress) -> list[_Checked]:
    checked: dict[int, _Checked] = {}
    labels: set[str] = set()
    for number, row in enumerate(answers, start=1):
        try:
            clip = _clip(session, row)
            if row.label is not None and row.label not in labels:
                labels.add(label_by_name(session, row.label).name)
        except EarmarkError as error:
            raise type(error)(f"{path}, line {row.line}: {error}") from error
        new = _Checked(clip.id, row.answer, row.label, row.line)
        old = checked.setdefault(clip.id, new)
        if (old.answer, old.label) != (new.answer, new.label):
            raise FormatError(
                f"{path}: lines {old.line} and {new.line} answer the clip {clip.file_name!r} differently; keep one of them."
            )
        progress(number, 0)
    return list(checked.values())


def _clip(session: Session, row: AnnotationRow) -> Clip:
    if row.clip_id is None:
        clip = find_clip(session, file_name=row.file_name, start=row.start, end=row.end)
    else:
        clip = find_clip(session, clip_id=row.clip_id)
        # A file made for another project has its clip numbers: the names decide, where both are given.
        if row.file_name is not None and not _is_called(session, clip, row.file_name):
            raise ClipError(f"The clip {clip.id} is {clip.file_name!r}, not {row.file_name!r}; give the one or the other.")
    if clip.state != ClipState.READY:
        raise ClipError(f"The clip {clip.file_name!r} is out of service: {clip.problem or clip.state.value}")
    return clip


def _is_called(session: Session, clip: Clip, file_name: str) -> bool:
    """Whether this is the clip's name or an alias of it, in whichever Unicode form."""
    aliases = session.scalars(select(ClipAlias.file_name).where(ClipAlias.clip_id == clip.id))
    return unicodedata.normalize("NFC", file_name) in {unicodedata.normalize("NFC", name) for name in (clip.file_name, *aliases)}
