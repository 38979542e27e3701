"""Words stand beside sound where the labels show that this helps; clips without a transcript are predicted all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from sqlalchemy import update

from db.errors import LearnerError
from db.models import Clip
from db.project import OpenProject
from db.settings_file import change_settings
from db.status import project_status
from learner.arrays import Float32Array
from learner.dataset.pool import Pool
from learner.dataset.project_pool import pool_signature, read_pool
from learner.features.store import FeatureStore
from learner.features.words import STAMP
from learner.heads.store import head_path, load_head
from learner.heads.words import LEAST_LABELS, choose_inputs, input_statistics
from learner.label_quality.project_report import label_quality
from learner.loop.run import learn_once
from learner.prediction.head_export import export_head
from learner.prediction.portable_head import load_portable_head
from learner.prediction.predict import predict_project
from learner.prediction.predictions import NO_TRANSCRIPTS, PredictReport
from tests.filled_projects import LABELS, add_clips
from tests.learner.loop.what_was_published import newest_run
from tests.learner.synthetic_projects import DIM, MadeUpEncoder, label_slice, pool_of, truth

WORDS_DIM = 8


class MadeUpTexts:
    """Stands for a text encoder."""

    name = "made-up-words"
    dim = WORDS_DIM + STAMP
    settings: ClassVar[dict[str, Any]] = {"text_encoder": "made-up-words", "revision": "1"}


def spoken(project: OpenProject, count: int, *, helpful: bool, masked: int = 10) -> list[int]:
    """Clips whose sound is noise, or tells the label; the words then tell it, or are noise. The first `masked` have no words."""
    clips = add_clips(project, count, speakers=6)
    drawn = np.random.default_rng(0)
    centers = drawn.normal(size=(len(LABELS), WORDS_DIM)) * 3
    of = np.array([LABELS.index(truth(clip)) for clip in clips])
    telling = centers[of] + drawn.normal(size=(count, WORDS_DIM))
    noise = drawn.normal(size=(count, WORDS_DIM))
    sound = drawn.normal(size=(count, DIM))
    sound[:, :WORDS_DIM] = noise + 0.2 * telling if helpful else telling
    words = telling if helpful else drawn.normal(size=(count, WORDS_DIM))
    FeatureStore(project, MadeUpEncoder()).append(clips, sound.astype(np.float32))
    stamped = np.hstack([words, np.ones((count, STAMP))]).astype(np.float32)
    FeatureStore(project, MadeUpTexts()).append(clips[masked:], stamped[masked:])
    with project.write() as session:
        session.execute(update(Clip).where(Clip.id.in_(clips[masked:])).values(transcript="What was spoken."))
    change_settings(project.directory, {"text_encoder": "made-up-words"}, by=None)
    return clips


def pool_with_words(project: OpenProject) -> Pool:
    with project.read() as session:
        signature = pool_signature(session, text_encoder=project.settings.text_encoder)
    assert signature is not None
    pool = read_pool(project, signature)
    assert pool is not None
    return pool


def chosen(pool: Pool, clips: list[int]) -> tuple[bool, str]:
    ids = np.array(sorted(clips), dtype=np.int64)
    y = np.array([LABELS.index(truth(clip)) for clip in ids.tolist()])
    choice = choose_inputs(pool, ids, y, pool.features.rows(ids))
    return choice.words, choice.words_why


def test_words_are_used_where_they_carry_the_label_and_not_where_they_are_noise(any_project: OpenProject) -> None:
    clips = spoken(any_project, 90, helpful=True)
    assert chosen(pool_with_words(any_project), clips[20:]) == (
        True,
        "Cross-validation over speakers with 70 labels shows that this improves predictions for held-out speakers.",
    )


def test_words_that_are_noise_are_not_used(project: OpenProject) -> None:
    clips = spoken(project, 90, helpful=False)
    words, why = chosen(pool_with_words(project), clips[20:])
    assert not words
    assert "does not show clearly" in why


def test_with_few_labels_or_few_transcripts_nothing_is_decided(project: OpenProject) -> None:
    clips = spoken(project, 90, helpful=True, masked=60)
    pool = pool_with_words(project)
    assert chosen(pool, clips) == (False, f"There are too few labelled clips with words to decide: 30 of {LEAST_LABELS}.")


def test_a_masked_clip_has_zeros_in_place_of_words(project: OpenProject) -> None:
    clips = np.array(spoken(project, 30, helpful=True), dtype=np.int64)
    pool = pool_with_words(project)
    mean, scale = input_statistics(pool, "none", words=True)
    vectors = pool.features.rows(clips)
    inputs: Float32Array = (pool.inputs_of(vectors, clips, "none", words=True) - mean) / scale
    assert not inputs[:10, DIM:].any()
    assert inputs[10:, DIM:].any(axis=1).all()
    chunks = np.concatenate([*pool.input_chunks(pool.ready, "none", words=True)])
    np.testing.assert_array_equal(chunks, pool.inputs_of(vectors, clips, "none", words=True))
    # Words spread the clips half as far as sound.
    spreads = [float(np.square(part).sum(axis=1).mean()) for part in (inputs[10:, DIM:], inputs[:, :DIM])]
    assert spreads[0] / spreads[1] == pytest.approx(0.25, rel=0.15)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> OpenProject:
    """A project whose words tell the label, after one pass."""
    from db.project import create_project

    project = create_project(tmp_path_factory.mktemp("words") / "project", labels=LABELS)
    spoken(project, 120, helpful=True)
    label_slice(project, 90)
    learn_once(project)
    return project


def test_the_run_reports_that_words_help_and_how_good_sound_alone_is(learned: OpenProject) -> None:
    run = newest_run(learned)
    assert run.report.words
    assert run.report.worded_folds == run.report.folds
    assert run.ua is not None
    assert run.report.sound is not None
    assert run.ua > run.report.sound.ua + 0.1
    with learned.read() as session:
        words = project_status(session, text_encoder="made-up-words")["words"]
    assert (words["used"], words["encoded"]) == (True, 110)
    assert words["why"].startswith("Cross-validation over speakers with 90 labels shows")
    assert learn_once(learned) == run.id, "nothing is new"
    assert label_quality(learned)["judged"] == 90


def test_predictions_use_words_and_masked_clips_get_theirs_from_sound(learned: OpenProject) -> None:
    report = PredictReport()
    rows = list(predict_project(learned, report=report))
    assert report.head is not None
    assert report.head.words
    right = np.array([row.label == truth(row.clip_id or 0) for row in rows])
    assert right[10:].mean() > 0.9
    probabilities = np.array([row.probabilities for row in rows])
    assert np.isfinite(probabilities).all()
    # With zeros in place of words, a masked clip is predicted less surely.
    assert probabilities[:10].max(axis=1).mean() < probabilities[10:].max(axis=1).mean()


def test_the_head_that_leaves_the_project_knows_sound_alone_and_says_so(learned: OpenProject, tmp_path: Path) -> None:
    run = newest_run(learned)
    stored = load_head(head_path(learned.heads_dir, run.id))
    assert stored.plain is not None
    assert (stored.head.n_features_in_, stored.plain.n_features_in_, stored.sound_dim) == (DIM + WORDS_DIM, DIM, DIM)
    facts = export_head(learned, tmp_path / "head")
    found = load_portable_head(tmp_path / "head")
    np.testing.assert_array_equal(found.head.coef_.shape, (len(LABELS), DIM))
    assert (facts.words, facts.normalisation, facts.temperature) == (True, "none", None)
    assert NO_TRANSCRIPTS in found.used.why
    assert run.report.plain is not None
    assert facts.accuracy is not None
    assert facts.accuracy.ua == run.report.plain.ua
    assert "this one knows sound alone" in (tmp_path / "head" / "README.md").read_text()


def test_once_words_are_off_the_next_head_has_none(project: OpenProject) -> None:
    spoken(project, 90, helpful=True)
    label_slice(project, 70)
    learn_once(project)
    assert newest_run(project).report.words
    change_settings(project.directory, {"text_encoder": None}, by=None)
    with pytest.raises(LearnerError, match=r"uses other words than the project has now; run `earmark learn --once` first"):
        list(predict_project(project))
    learn_once(project)
    assert newest_run(project).report.words_why == ""
    assert pool_of(project).words is None
    assert list(predict_project(project))
