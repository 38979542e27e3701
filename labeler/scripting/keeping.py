"""What keeps a project safe: a backup, making a project of one, and a check of everything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from db.backups.backing_up import BackupReport, back_up
from db.backups.restoring import RestoreReport, restore
from labeler.scripting.better_features import as_findings
from labeler.scripting.opened import Opened, StrPath

if TYPE_CHECKING:
    from learner.doctor.examination import Examination
    from learner.progress import Progress


class Keeping(Opened):
    """The part of `labeler.project.Project` about backups and checks."""

    def backup(self, output: StrPath, *, with_features: bool = False, progress: Progress | None = None) -> BackupReport:
        """Write the project to one .zip file, while people may go on labelling. It holds no audio.

        Args:
            with_features: the vectors of all clips too; otherwise `embed` makes them anew.

        Raises:
            FormatError: the file cannot be written.
            ProjectError: the database is damaged, or its copy cannot be written.
            FeatureError: `with_features` while another process embeds.
        """
        with self._used() as project:
            return back_up(project, Path(output), with_features=with_features, progress=progress)

    @staticmethod
    def restore(
        backup: StrPath,
        directory: StrPath,
        *,
        database_url: str | None = None,
        replace: bool = False,
        progress: Progress | None = None,
    ) -> RestoreReport:
        """Make a project of a backup, completely or not at all; `Project.open(directory)` opens it.

        Args:
            database_url: of an empty PostgreSQL database; None for a SQLite file in the directory.
            replace: if there is a project in the directory, set it aside in a folder there.

        Raises:
            ProjectError: the backup is not whole, there is a project already, or the directory or database cannot be written to.
            SettingsError: the backup's settings make no sense.
        """
        return restore(Path(backup), Path(directory), database_url=database_url, replace=replace, progress=progress)

    def doctor(self, *, audio: int | None = 300, relink: StrPath | None = None) -> Examination:
        """Check database, features, heads, audio and this machine.

        Args:
            audio: how many clips are decoded, drawn at random; None for all.
            relink: look for audio that is missing or changed in this folder, by its content, and note where it lies now.

        Returns:
            A report: `is_well`, and `findings`, each with what is wrong and what to do.

        Raises:
            FormatError: `relink` is no folder.
        """
        from learner.doctor.examination import examine

        with self._used() as project:
            return examine(project, audio=audio, relink=None if relink is None else Path(relink), advice=as_findings)
