"""`earmark backup`: a project in one file, while `earmark serve` runs and people answer."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, select

from db.backups.archive import ArchiveWriter
from db.backups.manifest import DATABASE, HEAD_FILE, Manifest
from db.backups.rows import tables_of
from db.backups.snapshot import plain_engine, snapshot
from db.errors import FeatureError, FormatError, ProjectError
from db.finetuned.document import FINETUNED_FILE
from db.guidelines import GUIDELINES_FILE
from db.models import AudioFile, Clip, ClipState, Decision, FeatureRow, FeatureSet, LearnerState, Run
from db.project import OpenProject
from db.settings import SETTINGS_FILE, with_database_url
from db.store.failures import failure_of
from db.store.files import Part, written_whole
from db.store.lock import EMBED_LOCK, locked
from db.store.upgrade import newest_revision

EXAMPLE = "earmark-backup.zip"
MOST_FOLDERS = 100
"""Audio folders that the manifest names; of more, the deepest are named by the folders that they lie in."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class BackupReport:
    """What is in a backup."""

    output: Path
    size: int
    """Bytes."""
    created_at: float
    """UTC, in seconds since 1970: all that was stored before is in it."""
    clips: int
    decisions: int
    newest_decision: int
    heads: int
    with_features: bool
    audio_folders: dict[str, int]
    """Where the audio lies, which is not in it, and how many files."""

    def to_json(self) -> dict[str, Any]:
        """What `earmark backup --json` prints."""
        return {**vars(self), "output": str(self.output)}


def back_up(project: OpenProject, output: Path, *, with_features: bool = False, progress: Progress | None = None) -> BackupReport:
    """Write settings, database, guidelines and heads of the project to one file, which only its owner may read.

    The database is in it as it was at one moment after the call began. Others may use the project meanwhile.

    Args:
        output: a ZIP file; an older one is replaced once the new one is whole.
        with_features: the vectors too. Without them, no clip counts as embedded after a restore, and `earmark embed` makes them.
        progress: called with bytes written and bytes in all.

    Raises:
        FormatError: the file cannot be written.
        ProjectError: the database is damaged, or its copy cannot be written.
        FeatureError: `with_features` while another process writes features.
        DBAPIError: the database cannot be read.
    """
    if os.path.exists(output) and not os.path.isfile(output) and not os.path.isdir(output):
        raise FormatError(f"{output} is not a regular file; give the name of a file, such as {EXAMPLE}.")
    with written_whole(output, example=EXAMPLE) as part, _embedding(project, with_features), _private_folder(part) as folder:
        manifest = _Backup(project, folder, with_features=with_features).write(part, progress or _silent)
    return BackupReport(
        output=output,
        size=os.stat(output).st_size,
        created_at=manifest.created_at,
        clips=manifest.rows["clip"],
        decisions=manifest.rows["decision"],
        newest_decision=manifest.newest_decision,
        heads=sum(member.name.startswith("heads/run_") for member in manifest.members),
        with_features=with_features,
        audio_folders=manifest.audio_folders,
    )


class _Backup:
    def __init__(self, project: OpenProject, folder: Path, *, with_features: bool) -> None:
        self._project, self._with_features = project, with_features
        self._created_at = time.time()
        self._database = folder / DATABASE
        try:
            snapshot(project.engine, self._database)
        except sqlite3.Error as error:
            failure = failure_of(error)
            if failure.place == str(folder):
                # Nobody knows this folder, which is gone by then.
                failure = replace(failure, place=str(folder.parent))
            raise ProjectError(f"The database cannot be copied ({failure.reason}): {failure.clause}") from error

    def write(self, output: Path, progress: Progress) -> Manifest:
        settings = self._project.directory / SETTINGS_FILE
        engine = plain_engine(self._database)
        try:
            with engine.connect() as copy:
                files = {f"heads/{path.name}": path for path in self._heads(copy)} | self._features(copy)
                manifest = self._strip(copy)
                copy.commit()
        finally:
            engine.dispose()
        files |= {DATABASE: self._database, GUIDELINES_FILE: self._project.directory / GUIDELINES_FILE}
        files[f"heads/{FINETUNED_FILE}"] = self._project.heads_dir / FINETUNED_FILE
        total, done = sum(path.stat().st_size for path in files.values() if path.exists()), 0

        def moved(size: int) -> None:
            nonlocal done
            done += size
            progress(min(done, total), total)

        progress(0, total)
        with ArchiveWriter(output) as archive:
            # Its database URL may hold a password, and is none of the project that is restored.
            text = with_database_url(settings.read_text(encoding="utf-8"), None)
            archive.add_bytes(SETTINGS_FILE, text.encode())
            for name, path in files.items():
                _add(archive, name, path, moved)
            manifest = manifest.model_copy(update={"members": archive.members})
            archive.finish(manifest)
        progress(total, total)
        return manifest

    def _heads(self, copy: Connection) -> list[Path]:
        """Heads of runs that are in the copy; what the learner publishes meanwhile belongs to later ones."""
        runs = {f"run_{run}.npz" for run in copy.scalars(select(Run.id))}
        found = self._project.heads_dir.iterdir()
        return sorted(path for path in found if path.name in runs and HEAD_FILE.fullmatch(path.name) and path.is_file())

    def _features(self, copy: Connection) -> dict[str, Path]:
        """The files of the features that the copy knows; it forgets rows whose shard is not there."""
        if not self._with_features:
            return {}
        files = {}
        used = select(FeatureSet.id, FeatureSet.fingerprint, FeatureRow.shard).join(FeatureRow)
        for feature_set_id, fingerprint, shard in copy.execute(used.distinct()).all():
            for name in ("manifest.json", f"shard-{shard:05d}.npy"):
                path = self._project.features_dir / fingerprint / name
                if path.is_file():
                    files[f"features/{fingerprint}/{name}"] = path
                elif name != "manifest.json":
                    of_shard = FeatureRow.shard == shard
                    copy.execute(delete(FeatureRow).where(FeatureRow.feature_set_id == feature_set_id, of_shard))
        return files

    def _strip(self, copy: Connection) -> Manifest:
        """Take out of the copy what would not be true of a restored project; its manifest, without members."""
        copy.execute(delete(LearnerState))
        if not self._with_features:
            copy.execute(delete(FeatureRow))
        return Manifest(
            earmark=version("earmark"),
            created_at=self._created_at,
            project=self._project.info().uuid,
            schema_revision=newest_revision(),
            newest_decision=copy.scalar(select(func.max(Decision.id))) or 0,
            rows={table.name: copy.scalar(select(func.count()).select_from(table)) or 0 for table in tables_of(copy)},
            with_features=self._with_features,
            audio_folders=_audio_folders(copy),
            members=[],
        )


def _add(archive: ArchiveWriter, name: str, path: Path, moved: Callable[[int], None]) -> None:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        # The learner has deleted an old head, or there are no guidelines.
        return
    except OSError as error:
        raise ProjectError(f"{path} cannot be read ({error.strerror}); change its permissions, or move it away.") from error
    with file:
        archive.add(name, file, moved=moved)


@contextmanager
def _private_folder(beside: Path) -> Iterator[Path]:
    """A folder for the copy of the database, on the disk that must have room for the backup."""
    part = Part(beside.parent)
    os.mkdir(part.path, 0o700)
    try:
        yield part.path
    finally:
        part.discard()


def _embedding(project: OpenProject, with_features: bool) -> AbstractContextManager[None]:
    """Without this, a vector that is written meanwhile could take the place of another that the copy of the database knows."""
    if not with_features:
        return nullcontext()

    def refused(_owner: str) -> FeatureError:
        return FeatureError("Another process is embedding clips; wait until it is done, or leave --with-features out.")

    return locked(project.directory / EMBED_LOCK, refused=refused)


def _audio_folders(copy: Connection) -> dict[str, int]:
    paths = select(AudioFile.path).join(Clip, Clip.file_id == AudioFile.id).where(Clip.state == ClipState.READY).distinct()
    folders = Counter(os.path.dirname(path) for path in copy.execution_options(yield_per=2000).scalars(paths))
    while len(folders) > MOST_FOLDERS:
        deepest = max(path.count("/") for path in folders)
        for path in [path for path in folders if path.count("/") == deepest]:
            folders[os.path.dirname(path)] += folders.pop(path)
    return dict(sorted(folders.items()))


def _silent(_done: int, _total: int) -> None:
    """No progress is wanted."""
