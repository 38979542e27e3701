"""Answers: which clips are served next, recording answers, taking them back, and the decisions as a data frame."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from db.decisions.asked_again import ask_again
from db.records.people.annotators import checked_name
from db.records.people.events import record_event
from db.serving.upcoming import upcoming
from labeler.scripting.answers import PLACE, Answers, answer_rows, take_back, the_clip
from labeler.scripting.frames import decision_frame
from labeler.scripting.opened import Opened, StrPath
from labeler.scripting.options import Time, seconds_of

if TYPE_CHECKING:
    import pandas as pd

    from learner.imports.import_report import ImportReport
    from learner.progress import Progress


class Answering(Opened):
    """The part of `labeler.project.Project` about answers."""

    def queue(self, limit: int = 20) -> list[dict[str, Any]]:
        """The clips that would be served next: `clip`, `file_name`, `source`, `score` and `predicted` of each."""
        with self._used() as project, project.read() as session:
            served = upcoming(session, limit=limit, random_share=project.settings.random_share)
        return [
            {
                "clip": clip.clip_id,
                "file_name": clip.file_name,
                "source": clip.source.value,
                "score": clip.score,
                "predicted": clip.predicted,
            }
            for clip in served
        ]

    def annotate(self, answers: Answers, *, annotator: str, progress: Progress | None = None) -> int:
        """Record answers as decisions of an annotator. All are checked before the first is recorded.

        Args:
            answers: a mapping of clips (numbers, or file names) to labels; or rows or a data frame with the column `clip` or
                `file_name` (and `start` and `end` in seconds, where files hold several clips) and the column `label`, or
                `answer` (`unsure` or `skip`) in its place. Other columns are passed over.

        Returns:
            How many decisions were recorded.

        Raises:
            FormatError: an answer cannot be used, or two answers for a clip differ.
            ClipError: a clip is unknown, ambiguous or out of service.
            LabelError: a label is not in the label set.
            DecisionError: `annotator` cannot be a name.
        """
        from learner.imports.answers import record_answers
        from learner.progress import unseen

        with self._used() as project:
            rows = answer_rows(answers)
            return record_answers(project, rows, annotator=annotator, place=PLACE, progress=progress or unseen)

    def annotate_from(self, file: StrPath, *, annotator: str | None = None, progress: Progress | None = None) -> ImportReport:
        """Record the answers in a CSV or JSONL file, of one annotator, or of those that an export of Earmark's names.

        Returns:
            A report: `labels` is how many decisions were recorded, `annotators` whose; `labels_not_taken` and `rejected`.

        Raises:
            FormatError, ClipError, LabelError, DecisionError: as `annotate`.
        """
        from learner.imports.answers import annotate_by_name, annotate_from_file
        from learner.imports.import_report import ImportReport
        from learner.progress import unseen

        with self._used() as project:
            if annotator is None:
                return annotate_by_name(project, Path(file), progress=progress or unseen)
            count = annotate_from_file(project, Path(file), annotator=annotator, progress=progress or unseen)
            return ImportReport(of_lines=True, labels=count, annotators={annotator})

    def undo(self, *, annotator: str, clip: int | str | None = None, count: int = 1) -> int:
        """Take back an annotator's answer for a clip (number or file name), or else the newest `count` answers.

        Returns:
            How many answers were taken back. Nothing is deleted: each is a new row of the log.

        Raises:
            DecisionError: there is no such annotator, or no answer of theirs for the clip.
            ClipError: the clip is unknown or ambiguous.
        """
        with self._used() as project, project.write() as session:
            return take_back(session, annotator=annotator, clip=clip, count=count)

    def ask_again(self, clips: Iterable[int | str] | int | str, *, by: str | None = None) -> int:
        """Ask annotators once more about clips that have an answer, before the others of the queue. They do not see the answers.

        Args:
            clips: numbers or file names, or one of them.
            by: who asks, kept with the wish.

        Returns:
            How many are asked again now and were not before. Clips without an answer are left to the queue.

        Raises:
            ClipError: a clip is unknown or ambiguous; then none is asked again.
        """
        wanted = [clips] if isinstance(clips, str) or not isinstance(clips, Iterable) else clips
        who = None if by is None else checked_name(by)
        with self._used() as project:
            with project.read() as session:
                found = list(dict.fromkeys(the_clip(session, clip).id for clip in wanted))
            with project.write() as session:
                asked = ask_again(session, found, by=who)
                if asked:
                    record_event(session, "asked-again", by=who, details={"clips": asked})
        return asked

    def decisions(self, *, whole_log: bool = False, as_of: Time | None = None) -> pd.DataFrame:
        """One row for each decision that stands, oldest first; with `whole_log` for each that was ever made, undone ones too.

        Columns: `clip`, `file_name`, `label`, `answer` (`label`, `unsure`, `skip` or, in the log, `undo`), `annotator`, `source`
        (why the clip was asked), `seconds` and `plays` that it took, `gold`, `created_at`, `uuid`, and more of clip and run.
        """
        with self._used() as project, project.read() as session:
            return decision_frame(session, whole_log=whole_log, as_of=seconds_of(as_of))

    def agreement(self, *, within: float = 0.05, progress: Progress | None = None) -> dict[str, Any]:
        """How well annotators agree beyond chance: Krippendorff's `alpha` with its interval, `fleiss`, and kappa for `pairs`.

        `plan` says how many clips several people must label until alpha is known to `within` on both sides.
        """
        from learner.label_quality.project_report import annotator_agreement
        from learner.progress import unseen

        with self._used() as project:
            return annotator_agreement(project, within=within, progress=progress or unseen)

    def suspects(self, *, limit: int = 50, progress: Progress | None = None) -> dict[str, Any]:
        """The `suspects`, labels that are probably wrong, the clips to `ask_again`, and how good each annotator is."""
        from learner.label_quality.project_report import label_quality
        from learner.progress import unseen

        with self._used() as project:
            report = label_quality(project, progress=progress or unseen)
        return {**report, "suspects": report["suspects"][:limit], "ask_again": report["ask_again"][:limit]}
