"""The held-out clips of one corpus, and which of them each run of two models predicts correctly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from db.errors import FormatError
from db.imports.file_names import shown
from learner.arrays import BoolArray, Int64Array
from learner.run_comparison.run_folder import ClipKey, PredictedClip, RunFolder, read_run


@dataclass(frozen=True)
class SharedClips:
    """Clips in one order for all runs of both models."""

    y: Int64Array
    """Label of each clip, [clips], among those that occur."""
    labels: int
    """How many occur."""
    speakers: Int64Array
    """Speaker of each clip as a number; a clip without one counts as a speaker of its own."""
    named_speakers: int
    """How many speakers have a name; 0 where none has."""
    hits: tuple[list[BoolArray], list[BoolArray]]
    """Which clips the runs of the first and of the second model predict correctly."""


def shared_clips(first: RunFolder, second: RunFolder, corpus: str) -> SharedClips:
    """Read all runs of both for a corpus.

    Raises:
        FormatError: a table cannot be read, or two have different clips, labels or speakers.
    """
    origin = read_run(first, corpus, 1)
    hits: tuple[list[BoolArray], list[BoolArray]] = ([], [])
    for folder, of_runs in zip((first, second), hits, strict=True):
        for run in range(1, folder.runs + 1):
            clips = origin if folder is first and run == 1 else read_run(folder, corpus, run)
            _check_same(origin, clips, f"run {run} of {folder.path}", f"run 1 of {first.path}")
            of_runs.append(np.array([clips[key].predicted == clip.label for key, clip in origin.items()]))
    names = [clip.label for clip in origin.values()]
    occurring, y = np.unique(np.array(names, dtype=object), return_inverse=True)
    groups: dict[tuple[str, ClipKey | None], int] = {}
    speakers = [
        groups.setdefault((clip.speaker, None) if clip.speaker else ("", key), len(groups)) for key, clip in origin.items()
    ]
    named = len({clip.speaker for clip in origin.values()} - {""})
    return SharedClips(y.astype(np.int64), len(occurring), np.array(speakers, dtype=np.int64), named, hits)


def _check_same(origin: dict[ClipKey, PredictedClip], clips: dict[ClipKey, PredictedClip], name: str, of_origin: str) -> None:
    unshared = next((key for key in (*origin, *clips) if key not in origin or key not in clips), None)
    if unshared is not None:
        where = name if unshared in clips else of_origin
        raise FormatError(f"the clip {shown(unshared[0])} is only in {where}; compare models of the same corpora and split.")
    for key, clip in origin.items():
        if (clips[key].label, clips[key].speaker) != (clip.label, clip.speaker):
            raise FormatError(
                f"the clip {shown(key[0])} has another label or speaker in {name} than in {of_origin}; "
                "compare models of the same corpora and split."
            )
