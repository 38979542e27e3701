"""The outlook: what the learner adds to a run that has its scores."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from db.decisions.log import live_decisions
from db.models import Clip, ClipState, FeatureSet, Run
from db.project import OpenProject
from db.records.clips import NewClip, register_clip
from db.records.runs import latest_curve, latest_evaluated_run, latest_outlook, latest_run
from db.reports import ComparedCurves, Horizon, OutlookReport
from learner.dataset.examples import Examples
from learner.dataset.label_aggregation import TrainingLabels
from learner.dataset.tested_slice import Slice
from learner.encoders.base import LOGMEL
from learner.evaluation.cross_fitting import FoldHeads
from learner.features.embed import embed
from learner.features.matrix import open_features
from learner.loop.heartbeat import Reporter
from learner.loop.run import learn_once
from learner.loop.scoring import Scorer
from learner.outlook.outlook import targets
from learner.outlook.random_curve import random_curve, sizes_up_to
from tests.filled_projects import LABELS, answer, new_file
from tests.learner.audio_files import import_files, noise, tone, written
from tests.learner.synthetic_projects import embed_made_up, embedded_project, label_slice, label_truly, pool_of, truth


def outlook_of(project: OpenProject) -> Any:
    """The newest outlook, an `OutlookReport`; untyped, since a test that asks for a missing part ought to fail."""
    with project.read() as session:
        found = latest_outlook(session)
    assert found is not None
    return found


def labelled_in_rounds(project: OpenProject, clips: list[int], *, rounds: int) -> None:
    """A run after every 10 answers, half of them for the random slice."""
    for number in range(rounds):
        label_slice(project, 5)
        label_truly(project, clips[5 * number : 5 * number + 5])
        learn_once(project)


def test_a_project_with_enough_labels_gets_the_whole_outlook(project: OpenProject) -> None:
    clips = embedded_project(project, 200, speakers=8, spread=2.5)
    labelled_in_rounds(project, clips, rounds=10)
    outlook = outlook_of(project)
    with project.read() as session:
        left = 200 - len(live_decisions(session))
    json.dumps(outlook.model_dump(mode="json"), allow_nan=False)
    assert [point.labels for point in outlook.curves.random][:4] == [10, 14, 20, 28]
    assert outlook.forecast.known
    assert outlook.forecast.targets
    for target in outlook.forecast.targets:
        low, middle, high = (math.inf if bound is None else bound for bound in (target.low, target.decisions, target.high))
        assert 0 <= low <= middle <= high
        assert all(bound == math.inf or bound <= left for bound in (low, middle, high)), "no more than there are clips"
    assert outlook.forecast.horizon == Horizon(decisions=left, all_left=True, clips=left)
    assert outlook.forecast.ahead.ua_low < outlook.forecast.ahead.ua < outlook.forecast.ahead.ua_high
    assert outlook.more_clips.half_width > 0.05
    assert outlook.more_clips.clips != 0, "60 clips are few"
    assert {sign.name for sign in outlook.stop.signs} == {"flat", "stable", "rare"}
    assert outlook.stop.why


def test_without_audio_there_is_no_handmade_baseline_and_this_is_reported(project: OpenProject) -> None:
    clips = embedded_project(project, 60)
    labelled_in_rounds(project, clips, rounds=3)
    outlook = outlook_of(project)
    assert outlook.curves.logmel == []
    assert not outlook.data_saved.logmel.known
    assert outlook.data_saved.logmel.why


def test_where_clips_have_several_answers_the_remaining_clips_will_take_several(project: OpenProject) -> None:
    clips = embedded_project(project, 200, speakers=8, spread=2.5)
    labelled_in_rounds(project, clips, rounds=10)
    with project.read() as session:
        answered = sorted({decision.clip_id for decision in live_decisions(session)})
    alone = outlook_of(project).forecast
    for annotator in ("ben", "cat"):
        for clip in answered:
            answer(project, clip, truth(clip), annotator=annotator)
    learn_once(project)
    three = outlook_of(project).forecast
    left = 200 - len(answered)
    assert alone.horizon == Horizon(decisions=left, all_left=True, clips=left)
    assert three.horizon == Horizon(decisions=3 * left, all_left=True, clips=left)


def test_answers_of_clips_out_of_service_do_not_hide_clips_that_wait(project: OpenProject) -> None:
    clips = embedded_project(project, 60)
    label_truly(project, clips[:30])
    with project.write() as session:
        session.execute(update(Clip).where(Clip.id.in_(clips[:30])).values(state=ClipState.REPLACED))
    learn_once(project)
    outlook = outlook_of(project)
    assert "Every clip has an answer" not in outlook.stop.why
    assert outlook.stop.stop is not True


def test_while_clips_wait_for_their_features_not_every_clip_has_an_answer(project: OpenProject) -> None:
    clips = embedded_project(project, 30)
    label_truly(project, clips)
    add_more = new_clips(project, 3)
    learn_once(project)
    assert "Every clip has an answer" not in outlook_of(project).stop.why
    embed_made_up(project, add_more)
    label_truly(project, add_more)
    learn_once(project)
    assert outlook_of(project).stop.why == "Every clip has an answer."


def new_clips(project: OpenProject, count: int) -> list[int]:
    """Registered, and not embedded yet."""
    rng = random.Random(1)
    with project.write() as session:
        return [
            register_clip(
                session, NewClip(file=new_file(f"new{number}.wav"), file_name=f"new{number}.wav", start=0.0, end=1.0), rng=rng
            ).clip_id
            for number in range(count)
        ]


def test_before_the_first_label_nothing_is_known(project: OpenProject) -> None:
    embedded_project(project, 10)
    learn_once(project)
    outlook = outlook_of(project)
    assert outlook.curves == ComparedCurves(random=[], logmel=[])
    assert not outlook.forecast.known
    assert outlook.more_clips is None
    assert outlook.stop.stop is False, "no label has been found yet"


def test_runs_of_earlier_versions_get_their_outlook_without_being_scored_again(project: OpenProject) -> None:
    clips = embedded_project(project, 40)
    labelled_in_rounds(project, clips, rounds=2)
    with project.write() as session:
        run = latest_run(session)
        assert run is not None
        evaluated_at = run.evaluated_at
        run.report = run.report.model_copy(update={"outlook": None})
    learn_once(project)
    with project.read() as session:
        again = latest_evaluated_run(session)
        assert again is not None
        assert again.evaluated_at == evaluated_at
        assert again.report.outlook is not None
        assert len(latest_curve(session).points) == 2


def test_the_scores_are_there_before_the_outlook(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = embedded_project(project, 40)
    label_truly(project, clips[:20])
    seen: list[bool] = []

    def stopped(*_args: object, **_options: object) -> OutlookReport:
        with project.read() as session:
            run = session.scalars(select(Run)).one()
            seen.append(run.evaluated_at is not None)
        raise KeyboardInterrupt

    monkeypatch.setattr("learner.outlook.outlook.Outlook.of", stopped)
    with pytest.raises(KeyboardInterrupt):
        learn_once(project)
    assert seen == [True]
    scorer = Scorer(project, Reporter(project))
    assert not scorer.is_scored(1), "the outlook is still to be made"


def test_the_handmade_baseline_is_computed_from_the_audio_and_is_not_in_use(project: OpenProject, tmp_path: Path) -> None:
    clips = clips_of_audio(project, tmp_path, count=48)
    embed_made_up(project, clips)
    label_truly(project, clips)
    learn_once(project)
    outlook = outlook_of(project)
    last = outlook.curves.logmel[-1]
    assert last.labels == 48
    assert last.ua > 0.9, "each label has a pitch of its own"
    in_use = open_features(project)
    assert in_use is not None
    assert in_use.settings["encoder"] == "made-up"
    with project.read() as session:
        kept = session.scalars(select(FeatureSet).where(FeatureSet.encoder == LOGMEL)).one()
        assert kept.used_at is None


def clips_of_audio(project: OpenProject, folder: Path, *, count: int) -> list[int]:
    """Clips of real audio: a tone in noise, whose pitch gives the label, which follows from the id."""
    paths = []
    for number in range(count):
        samples = tone(300.0 * 2 ** LABELS.index(truth(number + 1)), 0.5) + noise(0.5, seed=number)
        paths.append(written(folder / f"{number}.wav", samples))
    return import_files(project, paths)


def test_random_labels_are_the_slice_in_key_order_and_nothing_else(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = embedded_project(project, 60, speakers=4)
    pool, trained_on = pool_of(project), []
    labels = TrainingLabels({clip: LABELS.index(truth(clip)) + 1 for clip in clips}, {})
    in_order = clips[::-1][:25]
    tested, heads = Slice.of(pool, in_order, labels, [1, 2, 3]), FoldHeads(pool, C=0.1)
    train = heads.trained

    def spy(examples: Examples, *, held_out_fold: int) -> object:
        trained_on.append(set(examples.clip_ids.tolist()))
        return train(examples, held_out_fold=held_out_fold)

    monkeypatch.setattr(heads, "trained", spy)
    curve = random_curve(heads, tested, labels, [1, 2, 3], progress=lambda _done, _total: None)
    assert curve.labels == [10, 14, 20, 25]
    assert set.union(*trained_on[:4]) == set(in_order[:10])
    assert set.union(*trained_on) == set(in_order)
    assert curve.hits.shape == (4, 25)
    assert curve.points[-1].ua >= curve.points[0].ua - 0.1


def test_sizes_stay_as_the_slice_grows() -> None:
    assert sizes_up_to(9) == []
    assert sizes_up_to(10) == [10]
    assert sizes_up_to(30) == [10, 14, 20, 28, 30]
    assert sizes_up_to(41)[:-1] == [10, 14, 20, 28, 40]


def test_targets_are_the_next_round_ones() -> None:
    assert targets(0.612) == [0.65, 0.7, 0.75]
    assert targets(0.645) == [0.7, 0.75, 0.8]
    assert targets(0.93) == [0.95]
    assert targets(0.97) == []
    assert targets(0.14) == [0.15, 0.2, 0.25]


@pytest.mark.parametrize(
    ("reach", "asked_about"),
    [
        (0.80, [0.65, 0.7, 0.75]),
        (0.72, [0.65, 0.7, 0.75]),
        (0.68, [0.64, 0.66, 0.68]),
        (0.64, [0.63, 0.64, 0.65]),
        (0.63, [0.63, 0.64]),
        (0.615, [0.63]),
    ],
)
def test_a_curve_that_rises_slowly_is_asked_about_nearer_accuracies(reach: float, asked_about: list[float]) -> None:
    assert targets(0.612, reach=reach) == asked_about, "all within reach, and the nearest beyond"


def test_near_perfection_the_last_accuracies_are_asked_about() -> None:
    assert targets(0.93, reach=0.96) == [0.94, 0.96, 0.98]
    assert targets(0.97, reach=0.99) == [0.98, 0.99]
    assert targets(0.985, reach=1.0) == []


def test_a_handmade_project_is_its_own_baseline(project: OpenProject, tmp_path: Path) -> None:
    clips = clips_of_audio(project, tmp_path, count=16)
    embed(project, encoder=LOGMEL)
    label_truly(project, clips)
    learn_once(project)
    outlook = outlook_of(project)
    assert outlook.curves.logmel == outlook.curves.random
    with project.read() as session:
        assert session.scalar(select(func.count()).select_from(FeatureSet)) == 1
