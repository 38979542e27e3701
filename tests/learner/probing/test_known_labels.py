"""A probe reports which of its clips an adopted encoder has learned from."""

from __future__ import annotations

from sqlalchemy import select

from db.models import AudioFile, Clip
from db.project import OpenProject
from db.serving.random_slice import KNOWN_FROM, known_from, project_uuid
from learner.corpora.clips import ProbeClip
from learner.probing.known_labels import known_in_words
from tests.filled_projects import add_clips
from tests.learner.synthetic_projects import MadeUpEncoder


def test_of_a_project_it_counts_the_clips_that_the_encoder_may_know(project: OpenProject) -> None:
    add_clips(project, 6)
    with project.read() as session:
        rows = session.execute(select(Clip, AudioFile.path).join(AudioFile).order_by(Clip.slice_key)).all()
        clips = [ProbeClip(clip.file_name, path, clip.start, None, "a", None) for clip, path in rows]
        encoder, key, ours = MadeUpEncoder(), rows[4][0].slice_key, project_uuid(session)
    encoder.settings[KNOWN_FROM] = known_from(key, of_project=ours)
    expected = "made-up has learned from the labels of 2 of these 6 clips, so its score is too high: do not choose by it."
    assert known_in_words(encoder, clips, project) == expected
    assert known_in_words(encoder, clips[:4], project) is None
    assert str(known_in_words(encoder, clips, None)).startswith(
        "made-up has learned from labels of a project; if these clips are"
    )
    encoder.settings[KNOWN_FROM] = known_from(key, of_project="another")
    assert known_in_words(encoder, clips, project) is None
