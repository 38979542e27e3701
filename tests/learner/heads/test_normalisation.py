"""Normalisation by speaker: chosen where it helps, never where speakers coincide with labels, and without labels of the tests."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from db.project import OpenProject, create_project
from db.records.clips import NewClip, register_clip
from learner.arrays import Float32Array
from learner.dataset.pool import Pool
from learner.dataset.speaker_norm import LEAST_CLIPS, NONE, SPEAKER, SpeakerStatistics, why_not
from learner.dataset.tested_slice import Slice
from learner.evaluation.cross_fitting import FoldHeads, cross_fitted
from learner.features.store import FeatureStore
from learner.heads.linear import LinearHead
from learner.heads.normalisation import LEAST_LABELS, choose_normalisation
from learner.heads.store import head_path, load_head
from learner.heads.words import choose_inputs
from learner.loop.run import learn_once
from learner.prediction.head_export import export_head
from learner.prediction.new_audio import audio_files
from learner.prediction.portable_head import load_portable_head
from learner.prediction.predict import predict_new, predict_project, write_predictions
from learner.prediction.predictions import PredictReport
from learner.query import round as training
from learner.query.round import query_decisions
from tests.filled_projects import LABELS, new_file
from tests.learner.loop.what_was_published import newest_run
from tests.learner.synthetic_projects import DIM, MadeUpEncoder, label_slice, label_truly, pool_of, truth


def corpus(project: OpenProject, count: int, *, speakers: int, confounded: bool = False, offset: float = 6.0) -> list[int]:
    """Clips whose true label is `truth`, of speakers that differ by large offsets; or with one label per speaker."""
    rng, drawn = random.Random(0), np.random.default_rng(0)
    centers = drawn.normal(size=(len(LABELS), DIM))
    voices: dict[str, Float32Array] = {}
    clips, vectors = [], []
    with project.write() as session:
        for number in range(count):
            speaker = f"{number % 3} {number // 3 % (speakers // 3)}" if confounded else f"{number // 3 % speakers}"
            clip = NewClip(file=new_file(f"{number}.wav"), file_name=f"{number}.wav", start=0.0, end=1.0, speaker=speaker)
            clips.append(register_clip(session, clip, rng=rng).clip_id)
            voice = voices.setdefault(speaker, (drawn.normal(size=DIM) * offset).astype(np.float32))
            vectors.append(centers[LABELS.index(truth(clips[-1]))] + drawn.normal(size=DIM) + voice)
    FeatureStore(project, MadeUpEncoder()).append(clips, np.array(vectors, dtype=np.float32))
    return clips


def labels_of(clips: list[int]) -> dict[int, int]:
    """Their true labels, by id."""
    return {clip: LABELS.index(truth(clip)) + 1 for clip in clips}


def decided(pool: Pool, labels: dict[int, int]) -> str:
    """The decision on these labels."""
    clip_ids = np.array(sorted(labels), dtype=np.int64)
    y = np.array([labels[clip] for clip in clip_ids.tolist()], dtype=np.int64)
    return choose_normalisation(pool, clip_ids, y, pool.features.rows(clip_ids)).normalisation


def unweighted(pool: Pool, clips: list[int], known: list[int], *, plain: bool) -> float:
    """Cross-fitted UA of all clips with these labels known."""
    truths = labels_of(clips)
    tested = Slice.of(pool, clips, truths, [1, 2, 3])
    labels = {clip: truths[clip] for clip in known}
    predicted = cross_fitted(FoldHeads(pool, C=0.1), tested, labels, [1, 2, 3], after_each=lambda: None, plain=plain)
    return float(np.mean([(predicted[tested.y == label] == label).mean() for label in range(3)]))


def by_chance(clips: list[int], count: int) -> list[int]:
    """So many of the clips, drawn at random."""
    return sorted(np.random.default_rng(1).permutation(clips)[:count].tolist())


def test_where_speakers_differ_much_it_is_chosen_and_lifts_the_accuracy(project: OpenProject) -> None:
    clips = corpus(project, 300, speakers=10)
    pool, known = pool_of(project), by_chance(clips, 60)
    assert decided(pool, {clip: labels_of(clips)[clip] for clip in known}) == SPEAKER
    assert unweighted(pool, clips, known, plain=False) > unweighted(pool, clips, known, plain=True) + 0.1


def test_where_speakers_coincide_with_labels_it_is_not_chosen_and_nothing_collapses(project: OpenProject) -> None:
    clips = corpus(project, 300, speakers=12, confounded=True, offset=0.3)
    pool, known = pool_of(project), by_chance(clips, 120)
    labels = {clip: labels_of(clips)[clip] for clip in known}
    clip_ids = np.array(sorted(labels), dtype=np.int64)
    y = np.array([labels[clip] for clip in clip_ids.tolist()], dtype=np.int64)
    vectors = pool.features.rows(clip_ids)
    decision = choose_normalisation(pool, clip_ids, y, vectors)
    assert decision.normalisation == NONE
    assert "coincide with labels" in decision.why
    adaptive = unweighted(pool, clips, known, plain=False)
    assert adaptive == unweighted(pool, clips, known, plain=True)
    assert adaptive > 0.7
    ruined = LinearHead(C=0.1).fit(pool.inputs_of(vectors, clip_ids, SPEAKER), y)
    rest = np.array([clip for clip in clips if clip not in labels])
    predicted = ruined.predict(pool.inputs_of(pool.features.rows(rest), rest, SPEAKER))
    assert (predicted == [labels_of(clips)[clip] for clip in rest.tolist()]).mean() < 0.5, "normalised, it collapses"


def test_cross_validation_alone_would_not_choose_it_either(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = corpus(project, 300, speakers=12, confounded=True, offset=0.3)
    monkeypatch.setattr("learner.heads.normalisation._confounded", lambda speakers, y: None)
    known = by_chance(clips, 120)
    assert decided(pool_of(project), {clip: labels_of(clips)[clip] for clip in known}) == NONE


def test_with_few_labels_it_is_not_chosen(project: OpenProject) -> None:
    clips = corpus(project, 300, speakers=10)
    assert decided(pool_of(project), {clip: labels_of(clips)[clip] for clip in by_chance(clips, LEAST_LABELS - 1)}) == NONE


@pytest.mark.parametrize(
    ("clips_of", "reason"),
    [
        ([LEAST_CLIPS - 1] * 10, "Only 0 speakers have 8 or more clips"),
        ([50, 50, 50], "Only 3 speakers have"),
        ([8, 8, 8, 8, *[1] * 20], "Only 62% of the clips"),
    ],
)
def test_speakers_with_few_clips_are_not_normalised(clips_of: list[int], reason: str) -> None:
    assert reason in str(why_not([f"s{speaker}" for speaker, clips in enumerate(clips_of) for _ in range(clips)], dim=4))
    assert why_not([*(f"s{clip % 5}" for clip in range(50)), None, None], dim=4) is None
    assert "too many" in str(why_not([f"s{clip % 5}" for clip in range(50)], dim=2**22))


def test_statistics_are_each_speakers_own_shrunk_to_the_pool() -> None:
    rng = np.random.default_rng(0)
    speakers = [*["a"] * 1000, *["b"] * 8, "few", None]
    vectors = rng.normal(size=(len(speakers), 3)).astype(np.float32) * 2 + 1
    vectors[:1000] += 10
    mean, scale = vectors.mean(axis=0), vectors.std(axis=0)
    found = SpeakerStatistics.of([vectors[:300], vectors[300:]], speakers, mean=mean, scale=scale)
    out = found.normalised(vectors, found.numbers_of(speakers))
    np.testing.assert_allclose(out[:1000].mean(axis=0), 0, atol=0.01)
    np.testing.assert_allclose(out[:1000].std(axis=0), 1, atol=0.02)
    own = vectors[1000:1008].mean(axis=0)
    expected = mean + (own - mean) * 8 / 13
    np.testing.assert_allclose(found.shift[found.numbers["b"]], expected, rtol=1e-4)
    np.testing.assert_allclose(out[1008:], (vectors[1008:] - mean) / scale, rtol=1e-4)
    unknown = found.numbers_of(["new", None])
    assert unknown.tolist() == [2, 2], "speakers with too few clips are standardised like the pool"


@pytest.fixture(scope="module")
def offset_pool(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    """The pool of a corpus on which normalisation is chosen."""
    made = create_project(tmp_path_factory.mktemp("project") / "project", labels=LABELS)
    corpus(made, 300, speakers=10)
    pool = pool_of(made)
    made.close()
    return pool


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fold=st.integers(0, 9), seed=st.integers(0, 2**16), count=st.integers(30, 90))
def test_no_label_of_a_fold_enters_its_own_decision_or_predictions(offset_pool: Pool, fold: int, seed: int, count: int) -> None:
    pool, rng = offset_pool, np.random.default_rng(seed)
    clips = pool.features.clip_ids.tolist()
    known = sorted(rng.permutation(clips)[:count].tolist())
    truths = labels_of(clips)
    tested = Slice.of(pool, clips, truths, [1, 2, 3])
    labels = {clip: truths[clip] for clip in known}
    # Other labels for the clips of the fold: some are removed and some are new.
    held = [clip for clip in clips if pool.folds.fold_of[clip] == fold]
    others = {clip: label for clip, label in labels.items() if clip not in held}
    changed = others | {clip: int(rng.integers(1, 4)) for clip in held if rng.random() < 0.5}
    one, two = (
        cross_fitted(FoldHeads(pool, C=0.1), tested, known_labels, [1, 2, 3], after_each=lambda: None)
        for known_labels in (labels, changed)
    )
    here = tested.folds == fold
    np.testing.assert_array_equal(one[here], two[here])


def learned(project: OpenProject) -> list[int]:
    """A project on which normalisation is chosen, with one run; its clips."""
    clips = corpus(project, 300, speakers=10)
    owed = label_slice(project, 20)
    label_truly(project, [clip for clip in by_chance(clips, 60) if clip not in owed])
    learn_once(project)
    return clips


def test_a_run_reports_the_decision_and_the_accuracy_without_normalisation(project: OpenProject) -> None:
    learned(project)
    run = newest_run(project)
    assert run.report.normalisation == SPEAKER
    assert "shows that this improves predictions for held-out speakers" in run.report.normalisation_why
    assert run.report.normalised_folds == run.report.folds
    plain = run.report.plain
    assert plain is not None
    assert 0 <= plain.ua_low <= plain.ua <= plain.ua_high <= 1
    assert run.ua is not None
    assert run.ua > plain.ua
    stored = load_head(head_path(project.heads_dir, run.id))
    assert (stored.head.normalisation, stored.why) == (SPEAKER, run.report.normalisation_why)
    assert stored.plain is not None
    assert stored.plain.normalisation == NONE
    assert stored.for_unknown_speakers is stored.plain


def test_predictions_of_the_projects_clips_are_normalised(project: OpenProject, tmp_path: Path) -> None:
    clips = learned(project)
    report = PredictReport()
    predicted = [row.label for row in predict_project(project, report=report)]
    assert np.mean([label == truth(clip) for label, clip in zip(predicted, clips, strict=True)]) > 0.8
    run = newest_run(project)
    assert report.head is not None
    assert (report.head.run, report.head.normalisation, report.head.ua) == (run.id, SPEAKER, run.ua)


def test_new_audio_uses_the_head_without_normalisation_and_its_accuracy(
    project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned(project)
    run = newest_run(project)
    stored = load_head(head_path(project.heads_dir, run.id))
    vector = np.random.default_rng(3).normal(size=DIM).astype(np.float32)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.wav").write_bytes(b"")
    monkeypatch.setattr("learner.prediction.predict.encoder_of", lambda _settings: None)
    monkeypatch.setattr("learner.prediction.new_audio._encoded", lambda _encoder, _file, **_: (vector, 1.0))
    report = PredictReport()
    (row,) = predict_new(project, audio_files(tmp_path / "new"), report=report)
    assert stored.plain is not None
    np.testing.assert_allclose(row.probabilities, stored.plain.probabilities(vector[None], stored.label_ids)[0])
    assert report.head is not None
    assert run.report.plain is not None
    assert (report.head.normalisation, report.head.ua) == (NONE, run.report.plain.ua)
    assert "speakers of new audio are unknown" in report.head.why
    assert write_predictions(project, tmp_path / "out.csv", folder=tmp_path / "new").head == report.head


def test_an_exported_head_is_the_one_for_unknown_speakers_and_holds_the_other_too(project: OpenProject, tmp_path: Path) -> None:
    learned(project)
    run = newest_run(project)
    stored = load_head(head_path(project.heads_dir, run.id))
    export_head(project, tmp_path / "head")
    found = load_portable_head(tmp_path / "head")
    vectors = np.random.default_rng(3).normal(size=(5, DIM)).astype(np.float32)
    assert stored.plain is not None
    assert found.by_speaker is not None
    np.testing.assert_array_equal(found.head.scores(vectors), stored.plain.scores(vectors))
    np.testing.assert_array_equal(found.by_speaker.scores(vectors), stored.head.scores(vectors))
    assert run.report.plain is not None
    assert found.facts.accuracy is not None
    assert (found.facts.accuracy.ua, found.used.ua) == (run.report.plain.ua, run.report.plain.ua)
    assert (found.facts.normalisation, found.used.normalisation) == (SPEAKER, NONE)


def test_without_labels_a_run_reports_that(project: OpenProject) -> None:
    corpus(project, 60, speakers=5)
    learn_once(project)
    assert newest_run(project).report.normalisation == NONE
    assert newest_run(project).report.normalisation_why == "There are no labels yet."


def test_the_query_head_decides_on_its_own_labels(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = corpus(project, 300, speakers=10)
    owed = label_slice(project, 60)
    seen: list[set[int]] = []

    def spy(pool: Pool, clip_ids: NDArray[np.int64], y: NDArray[np.int64], vectors: Float32Array) -> object:
        seen.append(set(clip_ids.tolist()))
        return choose_inputs(pool, clip_ids, y, vectors)

    monkeypatch.setattr(training, "choose_inputs", spy)
    label_truly(project, [clip for clip in clips if clip not in owed][:40])
    learn_once(project)
    assert len(seen) == 2
    assert seen[0] & set(owed)
    assert not seen[1] & set(owed), "no label of the random slice"
    assert len(seen[1]) == 40
    assert query_decisions([]) == []
