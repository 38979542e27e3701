"""A project whose labels, file names, speakers and annotators other programs misread, with audio."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from db.models import Answer
from db.project import OpenProject, create_project
from db.records.clips import NewClip, NewFile, register_clip
from learner.audio.decoding import audio_info, content_hash
from tests.filled_projects import answer
from tests.learner.audio_files import noise, written

LABELS = ("nan", "NA", "True", "007", "1e3", "validation", "skip")
"""Texts that are taken for a missing value, a truth value, a number, a split, and an answer that is no label."""


@dataclass(frozen=True)
class Given:
    """A clip, and the label that all agree on unless `others` gives more."""

    name: str
    label: str
    split: str | None = "train"
    speaker: str | None = "s1"
    span: tuple[float, float] | None = None
    content: int = 0
    """Clips with the same content are parts of the same recording."""


CLIPS = (
    Given("#.wav", "nan", content=1),
    Given("%41.wav", "NA", content=2, speaker="two words"),
    Given("two\nlines.wav", "True", content=3, speaker="a-b"),
    Given("train_01.wav", "007", content=4, split="test", speaker="a"),
    Given("../x.wav", "1e3", content=5, split="validation", speaker=None),
    Given("/abs/x.wav", "validation", content=6, split=None, speaker="2026-01-01"),
    Given("test/" + "x" * 300 + ".wav", "skip", content=7, split="fold 3", speaker=None),
    Given("long.wav", "nan", span=(0.25, 0.5), content=8, speaker="ä"),
    Given("long.wav", "NA", span=(0.5, 0.75), content=8, split="test", speaker="ä"),
)
LABEL_OF = {number: clip.label for number, clip in enumerate(CLIPS, start=1)}
"""The label of each clip, by its number."""


def make_awkward_project(folder: Path, *, with_spans: bool = True) -> OpenProject:
    """The project; every clip has two answers of the same label, and the first has two more of a third and fourth annotator."""
    project = create_project(folder / "project", labels=LABELS)
    rng = random.Random(0)
    for given in CLIPS:
        if given.span and not with_spans:
            continue
        path = folder / f"{given.content}.wav"
        if not path.exists():
            written(path, noise(1 if given.span else 0.1, seed=given.content))
        info = audio_info(path)
        file = NewFile(
            path=str(path),
            content_hash=content_hash(path),
            size=path.stat().st_size,
            mtime_ns=1,
            sampling_rate=info.sampling_rate,
            channels=1,
            duration=info.duration,
        )
        start, end = given.span or (0.0, info.duration)
        new = NewClip(
            file=file,
            file_name=given.name,
            start=start,
            end=end,
            speaker=given.speaker,
            transcript=f"Line {given.content}\nof text",
            split=given.split,
            extra={"room": "1e3"},
        )
        with project.write() as session:
            clip = register_clip(session, new, rng=rng).clip_id
        for annotator in ("file", "Ann"):
            answer(project, clip, given.label, annotator=annotator)
        if clip == 1:
            answer(project, clip, "007", annotator="nan")
            answer(project, clip, None, kind=Answer.SKIP, annotator="Bob")
        if clip == 2:
            answer(project, clip, None, kind=Answer.UNSURE, annotator="Bob")
            answer(project, clip, given.label, annotator="Rev", gold=True)
    return project
