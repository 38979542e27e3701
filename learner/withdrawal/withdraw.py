"""Takes clips out of a project for good, and what was made of them: features, predictions, playable copies and pictures.

The database comes first, in one transaction: from then on nobody gets the clips. The files follow. What an interrupted call
leaves undone, the next one does. A file of the user is never touched; a copy that was sent from a browser is one of ours.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select

from db.changes.withdrawing import WithdrawnAudio, hashes_without_clips, overlapping_clips, withdraw_clips, withdrawn_audio
from db.errors import AudioError, LearnerError
from db.finetuned.kept import forget_kept
from db.imports.folder import AUDIO_SUFFIXES
from db.models import AudioFile
from db.project import OpenProject
from db.store.overwriting import empty_the_log, overwrite_deleted
from learner.audio.decoding import content_hash
from learner.audio.elsewhere.cache import object_cache
from learner.features.erasing import erase_withdrawn, forget_probe_cache
from learner.search.clip_map import forget_on_map
from learner.search.likely import forget_likely, read_likely
from learner.search.predicted import forget_predictions

_CACHED = re.compile(r"([0-9a-f]{64})-(\d+)-(\d+)\D.*")
"""Names of cached files: hash of the bytes, and start and end in milliseconds."""


@dataclass(frozen=True)
class WithdrawReport:
    """What one call removed."""

    clips: list[int]
    """Clips that are withdrawn now and were not before."""
    vectors: int
    cached_files: int
    """Playable copies and pictures."""
    overlapping: int
    """Clips that stay although they hold a part of the same audio: other spans of the same recording."""
    log_emptied: bool
    """False where others still read an older state of the SQLite file; its log is emptied later."""


def withdraw(
    project: OpenProject, clip_ids: Sequence[int], *, reason: str | None = None, by: str | None = None
) -> WithdrawReport:
    """Withdraw clips; `db.changes.withdrawing.clips_to_withdraw` finds them. Nothing brings them back.

    Args:
        reason: kept for ever, so it should not name the person.
        by: who withdraws them.

    Raises:
        FeatureError, LearnerError: a file of features or predictions cannot be written to. The clips are withdrawn all the same,
            and another call finishes it.
    """
    with project.write() as session:
        overwrite_deleted(session)
        overlapping = overlapping_clips(session, clip_ids)
        withdrawn = withdraw_clips(session, clip_ids, reason=reason, by=by)
    vectors, cached = finish_withdrawals(project)
    return WithdrawReport(withdrawn, vectors, cached, overlapping, empty_the_log(project.engine))


def withdraw_in_portions(
    project: OpenProject, clip_ids: Sequence[int], *, reason: str, by: str | None, portion: int = 500
) -> Generator[int]:
    """Withdraw many clips without keeping others from answering meanwhile: a portion of them in each transaction.

    After each portion comes the number of clips that are withdrawn now and were not before. The files beside the database
    follow at the end, also where the caller stops early (by `close`, or `contextlib.closing`).

    Raises:
        FeatureError, LearnerError: as `withdraw`.
    """
    done = 0
    try:
        for first in range(0, len(clip_ids), portion):
            with project.write() as session:
                overwrite_deleted(session)
                done += len(withdraw_clips(session, clip_ids[first : first + portion], reason=reason, by=by))
            project.withdrawn_mark.touch()
            yield done
    finally:
        finish_withdrawals(project)
        empty_the_log(project.engine)


def finish_withdrawals(project: OpenProject) -> tuple[int, int]:
    """Remove what files beside the database still hold of withdrawn clips; how many vectors, and how many cached files.

    Raises:
        FeatureError, LearnerError: a file of features or predictions cannot be written to.
    """
    with project.read() as session:
        audio, without_clips = withdrawn_audio(session), hashes_without_clips(session)
        in_use = set(session.scalars(select(AudioFile.path)))
    # First, so that the app makes no more copies for itself.
    project.withdrawn_mark.touch()
    cached = sum(_forget_copies(project.cache_dir / name, audio) for name in ("audio", "pictures"))
    if without_clips:
        with suppress(RuntimeError):  # a user without a home folder keeps no copies
            cached += object_cache().forget(without_clips)
    _forget_uploads(project.uploads_dir, without_clips, in_use=in_use)
    _forget_predictions(project.heads_dir, [each.clip_id for each in audio])
    forget_probe_cache(project)
    for folder in (project.finetune_dir, project.networks_dir):
        forget_kept(folder, {each.clip_id for each in audio})
    return erase_withdrawn(project), cached


def _forget_copies(folder: Path, audio: Sequence[WithdrawnAudio]) -> int:
    """Delete cached files that hold a part of the audio, whichever clip they were made for."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for each in audio:
        spans.setdefault(each.content_hash, []).append((round(each.start * 1000), round(each.end * 1000)))
    deleted = 0
    for path in folder.iterdir() if spans and folder.is_dir() else ():
        name = _CACHED.fullmatch(path.name)
        if name is not None and any(int(name[2]) < end and start < int(name[3]) for start, end in spans.get(name[1], ())):
            path.unlink(missing_ok=True)
            deleted += 1
    return deleted


def _forget_uploads(folder: Path, hashes: Collection[str], *, in_use: Collection[str]) -> None:
    """Delete files that were sent from a browser and have one of these hashes.

    Args:
        in_use: paths of files with clips, which need not be read.
    """
    for path in folder.glob("*/*") if hashes else ():
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.is_symlink() and str(path) not in in_use:
            with suppress(AudioError):
                if content_hash(path) in hashes:
                    path.unlink(missing_ok=True)


def _forget_predictions(heads_dir: Path, clips: Sequence[int]) -> None:
    """What runs predicted of these clips; the next run writes new lists of likely clips."""
    forget_predictions(heads_dir, clips)
    forget_on_map(heads_dir, clips)
    try:
        listed = read_likely(heads_dir)
    except LearnerError:
        forget_likely(heads_dir)
        return
    if listed is not None and np.isin(listed.clip_ids, clips).any():
        forget_likely(heads_dir)
