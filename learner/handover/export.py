"""An export of a project: rows of the database, with what the learner wrote beside it, in a format of `db.exports`."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.exports.choice import AudioAs, ExportChoice, LabelKind
from db.exports.clip_rows import Beside, ClipReader
from db.exports.contents import Contents, Estimate, ProjectFacts
from db.exports.past import LabelNames, newest_moment
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
    for_preview: bool = False,
) -> Iterator[Contents]:
    """The contents that `choice` describes, to be read while the block runs: all of it at one moment."""
    audio = exporter.audio if choice.audio is None else choice.audio
    now = math.ceil(time.time() * 1000) / 1000
    if choice.as_of is None and not for_preview:
        _wait_for_writers(project, now)
    with project.read() as session:
        moment = _moment(session, now) if choice.as_of is None else choice.as_of
        yield Contents(
            session=session,
            choice=choice,
            facts=ProjectFacts(
                name=project.directory.name,
                guidelines=read_guidelines(project.directory),
                estimate=_estimate(session, choice.as_of),
            ),
            time=moment,
            audio_as=audio,
            beside=_beside(session, project.heads_dir, choice, moment, for_preview=for_preview),
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
    with opened_contents(project, exporter, choice, for_preview=True) as contents:
        contents.most_looked_at = _MOST_LOOKED_AT
        rows = contents.log() if exporter.is_log else contents.flat_rows()
        return [{name: row[name] for name in row if name not in of_all} for row in islice(rows, count)]


def _wait_for_writers(project: OpenProject, moment: float) -> None:
    """Wait until the moment is over and all is committed that was being written then: it belongs to the export."""
    time.sleep(max(0.0, moment - time.time()))
    # Who holds the database for longer than a writer waits must not stop an export.
    with suppress(OperationalError), project.write() as session:
        session.connection()


def _moment(session: Session, now: float) -> float:
    """The time as of which the project is what the session sees; `now`, or the time of a row that was stored since.

    Whoever writes takes turns, so what the session does not see is newer than all that it sees. A microsecond is added because
    times are written with microseconds.
    """
    return max(now, math.ceil(newest_moment(session) * 1e6 + 1) / 1e6)


def _beside(session: Session, heads: Path, choice: ExportChoice, moment: float, *, for_preview: bool) -> Beside:
    wants_predicted = LabelKind.PREDICTED in choice.kinds
    predictions = read_predictions(heads, as_of=moment) if wants_predicted else None
    if for_preview and choice.least_confidence is None:
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
