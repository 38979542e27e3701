"""A small project of high and low tones, with features, that a small checkpoint can be fine-tuned on."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from db.models import Source
from db.project import OpenProject
from db.records.clips import NewClip, NewFile, register_clip
from learner.audio.decoding import audio_info, content_hash
from learner.features.store import FeatureStore
from tests.filled_projects import answer
from tests.learner.audio_files import noise, tone, written
from tests.learner.synthetic_projects import DIM, MadeUpEncoder
from tests.owed_clips import owed_clips

CLIPS, IN_SLICE, CHOSEN = 24, 10, 6
"""All clips, those that the random slice has labels of, and those that are labelled besides."""


def project_of_tones(project: OpenProject, folder: Path, *, speakers: int = 4, labelled: bool = True) -> OpenProject:
    """Fill an empty project: clips in turn high and low, each speaker with as many of both."""
    rng, ids = random.Random(0), []
    for number in range(CLIPS):
        seconds = 0.2 + 0.005 * number
        samples = tone(900 if number % 2 else 120, seconds) * 0.3 + noise(seconds, seed=number, level=0.02)
        path = written(folder / f"{number}.wav", samples)
        info, state = audio_info(path), path.stat()
        file = NewFile(
            path=str(path), content_hash=content_hash(path), size=state.st_size, mtime_ns=state.st_mtime_ns,
            sampling_rate=info.sampling_rate, channels=1, duration=info.duration,
        )  # fmt: skip
        speaker = f"s{number // 2 % speakers}"
        with project.write() as session:
            new = NewClip(file=file, file_name=path.name, start=0.0, end=info.duration, speaker=speaker)
            ids.append(register_clip(session, new, rng=rng).clip_id)
    FeatureStore(project, NotTunable()).append(ids, vectors(ids))
    if labelled:
        with project.read() as session:
            in_key_order = owed_clips(session, CLIPS)
        for clip in in_key_order[:IN_SLICE]:
            answer(project, clip, truth(clip), source=Source.RANDOM)
        # The last ones, behind clips that nobody has answered: the slice ends before these.
        for clip in in_key_order[-CHOSEN:]:
            answer(project, clip, truth(clip))
    return project


class NotTunable(MadeUpEncoder):
    """Goes by the name of an encoder that has no network."""

    name = "logmel"


def truth(clip: int) -> str:
    """Ids count from 1, so even ones are the high tones."""
    return "happy" if clip % 2 == 0 else "sad"


def vectors(clips: list[int]) -> np.ndarray:
    """Features by which the live head is mostly right, but not always."""
    found = np.stack([np.random.default_rng(clip).normal(size=DIM) for clip in clips])
    found[:, 0] += [2.0 if clip % 2 else -2.0 for clip in clips]
    return found.astype(np.float32)
