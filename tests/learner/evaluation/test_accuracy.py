"""The accuracy: honest folds, intervals that widen where little is known, and what is reported beside it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.project import OpenProject
from learner.dataset.by_clip import ByClip
from learner.dataset.examples import Examples
from learner.dataset.folds import folds_of
from learner.dataset.tested_slice import Slice
from learner.evaluation.accuracy import UNTRAINED, accuracy
from learner.evaluation.cross_fitting import FoldHeads, cross_fitted
from learner.evaluation.intervals import SpeakerResamples, label_intervals, recall_interval
from learner.evaluation.report import run_report
from learner.heads.normalisation import NO_LABELS
from tests.learner.synthetic_projects import embedded_project, pool_of, truth


def test_few_speakers_have_a_fold_each() -> None:
    folds = folds_of(ByClip.of([(clip, f"s{clip % 10}") for clip in range(100)]))
    assert folds.count == 10
    assert all(folds.fold_of[clip] == folds.fold_of[clip % 10] for clip in range(100))
    assert len({folds.fold_of[clip] for clip in range(10)}) == 10


def test_many_speakers_are_dealt_evenly() -> None:
    folds = folds_of(ByClip.of([(clip, f"s{clip % 64}") for clip in range(640)]))
    sizes = np.bincount([folds.fold_of[clip] for clip in range(64)])
    assert sizes.min() >= 6
    assert sizes.max() <= 7


@given(st.lists(st.sampled_from(["a", "b", "c", *(f"s{number}" for number in range(20)), None]), min_size=3, max_size=60))
def test_a_fold_never_changes_when_clips_are_added(speakers: list[str | None]) -> None:
    clips = [(0, "a"), (1, "b"), *enumerate(speakers, start=2)]
    before, after = folds_of(ByClip.of(clips[:-1])), folds_of(ByClip.of(clips))
    assert {clip: after.fold_of[clip] for clip, _ in clips[:-1]} == before.fold_of


def test_a_clip_without_speaker_is_its_own_group() -> None:
    folds = folds_of(ByClip.of([(1, None), (2, None), (3, "a"), (4, "a")]))
    assert len({folds.group_of[clip] for clip in (1, 2, 3)}) == 3
    assert folds.group_of[3] == folds.group_of[4]
    assert not folds.grouped, "one speaker is known"


def nobody(clips: int) -> ByClip[str | None]:
    return ByClip.of([(clip, None) for clip in range(clips)])


def test_spans_of_one_file_stay_together_where_no_speaker_is_known() -> None:
    clips = range(60)
    files: ByClip[int] = ByClip(np.arange(60), np.arange(60) // 5)
    folds = folds_of(nobody(60), files)
    assert all(len({folds.fold_of[clip] for clip in clips if clip // 5 == file}) == 1 for file in range(12))
    assert len({folds.group_of[clip] for clip in clips}) == 12
    assert not folds.grouped, "files are no speakers"
    some = folds_of(ByClip.of([(clip, "ab"[clip % 4 == 1] if clip % 2 else None) for clip in clips]), files)
    assert len({some.group_of[clip] for clip in clips}) == 14
    assert some.grouped


@pytest.mark.parametrize("sizes", [[30], [50, 10], [100, *[2] * 20], [1] * 40])
def test_files_that_cannot_be_held_out_are_split(sizes: list[int]) -> None:
    """One file, two files, a file with most clips; and files with one clip each, where there is nothing to keep together."""
    file_of = np.repeat(np.arange(len(sizes)), sizes)
    folds = folds_of(nobody(len(file_of)), ByClip(np.arange(len(file_of)), file_of))
    assert (folds.count, folds.grouped) == (10, False)
    assert len({folds.group_of[clip] for clip in range(len(file_of))}) == len(file_of)


def test_recordings_out_of_service_do_not_count() -> None:
    files: ByClip[int] = ByClip(np.arange(80), np.repeat([0, 1], [40, 40]))
    folds = folds_of(nobody(80), files, in_service=np.arange(80) >= 40)
    assert len(np.unique(folds.folds(np.arange(40, 80)))) == 10, "the clips in service are of one file"
    named = ByClip.of([(clip, f"s{clip % 7}" if clip >= 40 else None) for clip in range(80)])
    assert folds_of(named, in_service=np.arange(80) >= 39).grouped


@pytest.mark.parametrize("known", [3, 0])
def test_with_few_speakers_known_folds_are_not_for_new_speakers(known: int) -> None:
    assert not folds_of(ByClip.of([(clip, f"s{clip}" if clip < known else None) for clip in range(100)])).grouped
    assert not folds_of(ByClip.of([(clip, "the only one" if clip % 3 else None) for clip in range(100)])).grouped


@pytest.mark.parametrize("speaker", [None, "the only one"])
def test_a_single_speaker_is_split_and_this_is_reported(speaker: str | None) -> None:
    folds = folds_of(ByClip.of([(clip, speaker) for clip in range(30)]))
    assert (folds.count, folds.grouped) == (10, False)


def test_no_clip_is_tested_by_a_head_trained_on_its_speaker(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = embedded_project(project, 60, speakers=4)
    pool = pool_of(project)
    labels = {clip: ["angry", "happy", "sad"].index(truth(clip)) + 1 for clip in clips}
    tested = Slice.of(pool, clips, labels, [1, 2, 3])
    heads, trained_on = FoldHeads(pool, C=0.1), []
    train = heads.trained

    def spy(examples: Examples, *, held_out_fold: int) -> object:
        trained_on.append({pool.speakers[clip] for clip in examples.clip_ids.tolist()})
        assert set(pool.folds.folds(clips).tolist()) - set(pool.folds.folds(examples.clip_ids).tolist()) == {held_out_fold}
        return train(examples, held_out_fold=held_out_fold)

    monkeypatch.setattr(heads, "trained", spy)
    predicted = cross_fitted(heads, tested, labels, [1, 2, 3], after_each=lambda: None)
    assert [len(speakers) for speakers in trained_on] == [3, 3, 3, 3]
    assert (predicted == tested.y).mean() > 0.8


def test_only_labelled_clips_with_features_are_tested(project: OpenProject) -> None:
    clips = embedded_project(project, 6)
    tested = Slice.of(pool_of(project), [*clips, 99], {clips[0]: 1, clips[1]: 7, 99: 1}, [1, 2, 3])
    assert tested.clip_ids == [clips[0]], "label 7 is not in use, clip 99 has no features"


counts = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=8).filter(
    lambda labels: any(clips for _, clips in labels)
)


@given(counts, st.floats(0, 1))
def test_an_interval_holds_its_value(labels: list[tuple[int, int]], half_width: float) -> None:
    clips = np.array([clips for _, clips in labels])
    right = np.minimum([right for right, _ in labels], clips)
    found = recall_interval(right, clips, half_width=half_width)
    assert 0 <= found.low <= found.value <= found.high <= 1
    for label in label_intervals(right, clips):
        assert 0 <= label.low <= label.value <= label.high <= 1


def test_one_clip_gives_a_number_and_a_wide_band() -> None:
    found = recall_interval(np.array([1, 0, 0]), np.array([1, 0, 0]), half_width=0.0)
    assert found.value == 1
    assert found.high - found.low > 0.5


def test_a_label_without_clips_widens_the_band() -> None:
    known = recall_interval(np.array([8, 8, 8]), np.array([10, 10, 10]), half_width=0.0)
    missing = recall_interval(np.array([12, 12, 0]), np.array([15, 15, 0]), half_width=0.0)
    assert missing.high - missing.low > 1.3 * (known.high - known.low)


def test_speakers_that_differ_widen_the_band() -> None:
    y, groups = np.zeros(100, dtype=np.int64), np.arange(100) // 20
    evenly = np.tile([True] * 4 + [False], 20)
    by_speaker = groups != 0
    resamples = SpeakerResamples(groups)
    assert resamples.half_width(y, evenly, labels=1) == pytest.approx(0, abs=1e-9)
    assert resamples.half_width(y, by_speaker, labels=1) > 0.3


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    recalls, share = np.array([0.9, 0.7, 0.5, 0.6]), np.array([0.4, 0.3, 0.2, 0.1])
    covered = []
    for _ in range(300):
        y = rng.choice(4, size=50, p=share)
        hit = rng.random(50) < recalls[y]
        width = SpeakerResamples(rng.integers(0, 10, 50)).half_width(y, hit, labels=4)
        found = recall_interval(np.bincount(y[hit], minlength=4), np.bincount(y, minlength=4), half_width=width)
        covered.append(found.low <= recalls.mean() <= found.high)
    assert 0.9 <= float(np.mean(covered)) <= 1


def test_the_report_names_what_is_missing(project: OpenProject) -> None:
    clips = embedded_project(project, 30)
    pool = pool_of(project)
    labels = {clip: ["angry", "happy", "sad"].index(truth(clip)) + 1 for clip in clips if truth(clip) != "sad"}
    tested = Slice.of(pool, clips, labels, [1, 2, 3])
    predicted = tested.y.copy()
    predicted[:2] = UNTRAINED
    scored = accuracy(tested, predicted, SpeakerResamples(tested.groups), labels=3)
    probabilities = np.eye(3)[tested.y] * 0.8
    probabilities[:2] = 0.0
    names = ["angry", "happy", "sad"]
    report = run_report(scored, tested, pool, [1, 2, 3], names, labels=labels, probabilities=probabilities, choice=NO_LABELS)
    assert report.missing_labels == ["sad"]
    assert report.per_label["sad"].recall is None
    assert report.per_label["angry"].clips == 10
    assert (report.untrained, report.grouped, report.folds) == (2, True, 5)
    assert np.sum(report.confusion.counts) == 18
    assert scored.wa == pytest.approx(0.9)
    assert report.examples == {"angry": 10, "happy": 10, "sad": 0}
    assert {(clip.label, clip.predicted, clip.confidence) for clip in report.tested} == {(1, 1, 0.8), (2, 2, 0.8)}
    assert len(report.tested) == 18
    assert sorted(report.thresholds) == ["angry", "happy"]
