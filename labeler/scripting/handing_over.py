"""What leaves a project: its labels in formats of other tools, and its classifier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from labeler.scripting.opened import Opened, StrPath
from labeler.scripting.options import ExportOptions, export_choice

if TYPE_CHECKING:
    from db.exports.registry import Written
    from learner.prediction.portable_head import HeadDocument
    from learner.progress import Progress


class HandingOver(Opened):
    """The part of `labeler.project.Project` about exports."""

    def export(
        self,
        format: str,
        output: StrPath,
        *,
        data_sheet: bool = False,
        progress: Progress | None = None,
        **choice: Unpack[ExportOptions],
    ) -> Written:
        """Write the labels to a file or folder in a format that other tools read, such as `csv` or `audiofolder`.

        Args:
            data_sheet: write one beside a file, too; a folder always holds one.
            choice: see `labeler.scripting.options.ExportOptions`.

        Returns:
            A report: how many `rows` of how many `clips`; `time`, for `as_of`; and clips `withdrawn` since.

        Raises:
            FormatError: the format is unknown or cannot hold what is chosen, or the output cannot be written.
            AudioError: audio cannot be copied or cut.
            LearnerError: predictions are chosen, and those of that time are not kept any more.
        """
        from learner.handover.export import export_project

        with self._used() as project:
            chosen = export_choice(**choice)
            return export_project(project, format, Path(output), choice=chosen, with_data_sheet=data_sheet, progress=progress)

    def export_head(self, folder: StrPath) -> HeadDocument:
        """Write the newest head with its facts and a model card, to be used without the project: `labeler.Head`.

        Raises:
            LearnerError: there is no head yet, or it was trained on other features than those in use.
            FormatError: the folder cannot be written, or holds something already.
        """
        from learner.prediction.head_export import export_head

        with self._used() as project:
            return export_head(project, Path(folder))
