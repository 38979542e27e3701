"""The labelled clips that a probe is made on: those of a manifest, of the folder of a known corpus, or a project's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from db.decisions.consensus import consensus_labels
from db.decisions.log import live_decisions
from db.imports.corpora.folder import read_corpus
from db.imports.manifest import BadRow, SourceRow, read_manifest
from db.imports.remarks import Remarks
from db.imports.speaker_column import speakers_from
from db.models import AudioFile, Clip, ClipState
from db.project import OpenProject
from db.records.clips import SPAN_TOLERANCE
from db.records.labels import active_labels
from learner.audio.elsewhere.local_copy import status_of
from learner.audio.reader import AudioMissing


@dataclass(frozen=True)
class ProbeClip:
    """One labelled clip; start and end in seconds, no end is that of the file."""

    file_name: str
    path: str
    start: float
    end: float | None
    label: str
    speaker: str | None
    transcript: str | None = None


@dataclass(frozen=True)
class LeftOut:
    """A clip or line that the probe goes on without, and why."""

    file_name: str
    reason: str


@dataclass
class LabelledClips:
    """What there is to probe on."""

    clips: list[ProbeClip] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    unlabelled: int = 0
    """Clips without a label, which are of no use here and no fault."""
    notes: list[str] = field(default_factory=list)
    """Sentences about the source as a whole."""


def manifest_clips(
    manifest: Path, *, corpus: str | None = None, speaker_from: str | None = None, unlabelled: bool = False
) -> LabelledClips:
    """The clips of a manifest that have a label; of several lines for one span of a file the first counts, as in an import.

    Args:
        corpus: name of a known corpus; `manifest` is then its folder.
        speaker_from: a column that is taken as the speaker.
        unlabelled: take clips without a label too; theirs is empty.

    Raises:
        FormatError: the manifest as a whole cannot be read; single lines that cannot be used are in the result.
    """
    remarks = Remarks()
    rows = read_manifest(manifest, remarks=remarks) if corpus is None else read_corpus(manifest, corpus, remarks=remarks)
    if speaker_from is not None:
        rows = speakers_from(speaker_from, rows, remarks=remarks)
    found = _labelled(rows, unlabelled=unlabelled)
    found.notes = remarks.sentences()
    return found


def _labelled(rows: Iterator[SourceRow | BadRow], *, unlabelled: bool) -> LabelledClips:
    found = LabelledClips()
    seen: set[tuple[str, float, float | None]] = set()
    for row in rows:
        if isinstance(row, BadRow):
            found.left_out.append(LeftOut(row.file_name, row.reason))
            continue
        span = (row.path, row.start or 0.0, row.end)
        if row.label is None and not unlabelled:
            found.unlabelled += 1
        elif row.if_missing is not None:
            found.left_out.append(LeftOut(row.file_name, row.if_missing))
        elif span not in seen:
            seen.add(span)
            found.clips.append(
                ProbeClip(
                    file_name=row.file_name,
                    path=row.path,
                    start=span[1],
                    end=row.end,
                    label=row.label or "",
                    speaker=row.speaker,
                    transcript=row.transcript,
                )
            )
    return found


def project_clips(project: OpenProject) -> LabelledClips:
    """The clips in service whose consensus is an active label, by id."""
    with project.read() as session:
        names = {label.id: label.name for label in active_labels(session)}
        labels = {clip: names[label] for clip, label in consensus_labels(live_decisions(session)).items() if label in names}
        ours = (Clip.id, Clip.file_name, Clip.start, Clip.end, Clip.speaker, Clip.transcript)
        query = select(*ours, AudioFile.path, AudioFile.duration)
        query = query.join(AudioFile, AudioFile.id == Clip.file_id).where(Clip.state == ClipState.READY).order_by(Clip.id)
        rows = session.execute(query).all()
    clips = [
        ProbeClip(
            file_name=row.file_name,
            path=row.path,
            start=row.start,
            end=None if row.end >= row.duration - SPAN_TOLERANCE else row.end,
            label=labels[row.id],
            speaker=row.speaker,
            transcript=row.transcript,
        )
        for row in rows
        if row.id in labels
    ]
    return LabelledClips(clips=clips, unlabelled=len(rows) - len(clips))


def clip_key(clip: ProbeClip) -> str | None:
    """What is behind a clip: path, size and time of change of its file, and its span; None if the file is not there."""
    try:
        status = status_of(clip.path)
    except (OSError, ValueError, AudioMissing):
        return None
    return f"{clip.path}|{status.st_size}|{status.st_mtime_ns}|{clip.start!r}|{clip.end!r}"
