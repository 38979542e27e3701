"""A project whose texts are awkward for file formats, with annotators who disagree."""

from __future__ import annotations

from pathlib import Path

from db.models import Answer, Clip
from db.project import OpenProject, create_project
from tests.filled_projects import add_clips, answer

LABELS = ("nan", "NA", "True", "007", "1e3", "validation", "skip", "unsure", "<b>&amp;\"'", "🐦", "غاضب", "$audio")
NAMES = ("a#1.wav", "%41.wav", "two\nlines.wav", "train_01.wav", "=1+1.wav", "ä ö.wav", "a&b?c=d.wav", "a+b.wav")


def awkward_project(folder: Path) -> OpenProject:
    """Each clip has one of the labels, and every third one an answer of somebody else, too; then a skipped and an unsure clip."""
    project = create_project(folder / "project", labels=LABELS)
    clips = add_clips(project, len(LABELS) + 2)
    with project.write() as session:
        for place, clip_id in enumerate(clips):
            clip, name = session.get_one(Clip, clip_id), NAMES[place % len(NAMES)]
            clip.file_name, clip.transcript, clip.extra = name, f'"{name}"', {"note": name, "n": place}
            clip.file.path = f"/audio/{place}/{name}"
            clip.split = "validation" if place % 2 else None
    for place, (clip_id, label) in enumerate(zip(clips, LABELS, strict=False)):
        answer(project, clip_id, label, annotator="ann@example.org", gold=place == 1)
        if place % 3 == 0:
            answer(project, clip_id, LABELS[place - 1], annotator="Bö <b>")
    answer(project, clips[-2], None, kind=Answer.SKIP, annotator="Bö <b>")
    answer(project, clips[-1], None, kind=Answer.UNSURE, annotator="Bö <b>")
    return project
