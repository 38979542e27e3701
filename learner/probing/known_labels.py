"""Encoders that have learned from labels of the probed clips: they score too high there, and a probe must report it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from db.errors import AudioError
from db.models import AudioFile, Clip
from db.project import OpenProject
from db.serving.random_slice import KNOWN_FROM, known_key, project_uuid
from learner.audio.decoding import content_hash
from learner.corpora.clips import ProbeClip
from learner.encoders.base import Encoder


def known_in_words(encoder: Encoder, clips: Sequence[ProbeClip], project: OpenProject | None) -> str | None:
    """A sentence on how many of these clips an encoder has learned from the labels of; None where it has from none.

    Args:
        project: whose clips they are; None for those of a manifest.
    """
    files = getattr(encoder, "learned_from", None)
    if files:
        return _sentence(encoder.name, _in_files(clips, files), len(clips))
    mark = encoder.settings.get(KNOWN_FROM)
    if mark is None:
        return None
    if project is None:
        return f"{encoder.name} has learned from labels of a project; if these clips are among them, its score here is too high."
    return _sentence(encoder.name, _behind(project, clips, mark), len(clips))


def _sentence(name: str, known: int, clips: int) -> str | None:
    if not known:
        return None
    return f"{name} has learned from the labels of {known} of these {clips} clips, so its score is too high: do not choose by it."


def _in_files(clips: Sequence[ProbeClip], files: frozenset[str]) -> int:
    """How many clips lie in files with one of these hashes."""
    known: dict[str, bool] = {}
    for path in {clip.path for clip in clips}:
        try:
            known[path] = content_hash(path) in files
        except AudioError:
            known[path] = False
    return sum(known[clip.path] for clip in clips)


def _behind(project: OpenProject, clips: Sequence[ProbeClip], mark: object) -> int:
    """How many clips have a random key from that on which an adopted encoder may know."""
    with project.read() as session:
        key = known_key(mark, of_project=project_uuid(session))
        if key is None:
            return 0
        query = select(AudioFile.path, Clip.start).join(Clip, Clip.file_id == AudioFile.id).where(Clip.slice_key >= key)
        behind = {(row.path, row.start) for row in session.execute(query)}
    return sum((clip.path, clip.start) in behind for clip in clips)
