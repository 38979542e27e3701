"""An export of a project: rows of the database, with what the learner wrote beside it, in a format of `db.exports`."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.exports.choice import AudioAs, ExportChoice, LabelKind
from db.exports.clip_rows import Beside, ClipReader
from db.exports.contents import Contents, Estimate, ProjectFacts
from db.exports.past import LabelNames
from db.exports.registry import Exporter, Written, checked, write_export
from db.guidelines import read_guidelines
from db.models import Run
from db.project import OpenProject
from learner.dataset.label_aggregation import label_confidences
from learner.handover.audio import AudioPlacer
from learner.progress import Progress
from learner.search.predicted import read_predictions

_MOST_LOOKED_AT = 20_000
"""Clips that a preview looks at, at most."""


def export_project(
    project: OpenProject,
    format: str,
    output: Path,
    *,
    choice: ExportChoice | None = None,
    with_data_sheet: bool = False,
    progress: Progress | None = None,
) -> Written:
    """Write the project to `output` in a registered format.

    Args:
        choice: which rows, clips, splits and audio, and as of when; by default one row for each labelled clip.
        with_data_sheet: write one beside a file, too; a folder always holds one.

    Raises:
        FormatError: the format is unknown, cannot hold what is chosen, or the output cannot be written.
        AudioError: audio cannot be copied or cut.
        LearnerError: predicted labels are wanted, and those of that time are not kept any more.
    """
    exporter, choice = checked(format, choice or ExportChoice())
    with opened_contents(project, exporter, choice, progress=progress) as contents:
        return write_export(exporter, contents, output, with_data_sheet=with_data_sheet)


@contextmanager
def opened_contents(
    project: OpenProject,
    exporter: Exporter,
    choice: ExportChoice,
    *,
    progress: Progress | None = None,
    with_confidences: bool = True,
) -> Iterator[Contents]:
    """The contents that `choice` describes, to be read while the block runs: all of it at one moment."""
    audio = exporter.audio if choice.audio is None else choice.audio
    # To the millisecond above, because what is stored at this moment belongs to the export.
    now = math.ceil(time.time() * 1000) / 1000
    with project.read() as session:
        yield Contents(
            session=session,
            choice=choice,
            facts=ProjectFacts(
                name=project.directory.name,
                guidelines=read_guidelines(project.directory),
                estimate=_estimate(session, choice.as_of),
            ),
            time=now if choice.as_of is None else choice.as_of,
            audio_as=audio,
            beside=_beside(session, project.heads_dir, choice, with_confidences=with_confidences),
            place=None if audio == AudioAs.NONE else AudioPlacer(cut=audio == AudioAs.CUT),
            moved=progress,
        )


def first_rows(
    project: OpenProject, format: str, *, choice: ExportChoice | None = None, count: int = 5
) -> list[dict[str, object]]:
    """The first rows of an export, as a table has them, for a preview.

    It reads little of a large project. So a row has no confidence, which follows from all answers, and no split that the export
    makes, which follows from all clips.

    Raises:
        FormatError, LearnerError: as `export_project`.
    """
    exporter, choice = checked(format, choice or ExportChoice())
    of_all = {"confidence", "split"} if choice.splits is not None else {"confidence"}
    choice = replace(choice, audio=AudioAs.NONE, splits=None)
    with opened_contents(project, exporter, choice, with_confidences=choice.least_confidence is not None) as contents:
        contents.most_looked_at = _MOST_LOOKED_AT
        rows = contents.log() if exporter.is_log else contents.flat_rows()
        return [{name: row[name] for name in row if name not in of_all} for row in islice(rows, count)]


def _beside(session: Session, heads: Path, choice: ExportChoice, *, with_confidences: bool) -> Beside:
    wants_predicted = LabelKind.PREDICTED in choice.kinds
    predictions = read_predictions(heads, as_of=choice.as_of) if wants_predicted else None
    if not with_confidences:
        return Beside({}, predictions)
    labels = LabelNames(session, choice.as_of)
    live = list(ClipReader(session, as_of=choice.as_of, labels=labels).standing())
    return Beside(label_confidences(live), predictions)


def _estimate(session: Session, as_of: float | None) -> Estimate | None:
    query = select(Run).where(Run.evaluated_at.is_not(None)).order_by(Run.id.desc()).limit(1)
    if as_of is not None:
        query = query.where(Run.evaluated_at <= as_of)
    run = session.scalars(query).first()
    if run is None or run.ua is None or run.ua_low is None or run.ua_high is None:
        return None
    return Estimate(
        run=run.id, ua=run.ua, ua_low=run.ua_low, ua_high=run.ua_high, wa=run.wa, clips=run.slice_clips, speakers=run.speakers
    )
