"""Suspicious labels, consensus of several annotators, clips to label again, and agreement."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from db.decisions.log import LiveDecision, live_decisions
from db.decisions.review import doubted_clips
from db.project import OpenProject
from db.records.labels import active_labels
from db.records.runs import latest_suspects
from labeler.cli.main import main
from learner.evaluation.kappa import cohen_kappa
from learner.label_quality.agreement import agreement, fleiss_kappa, krippendorff_alpha
from learner.label_quality.crowdlab import Opinions, opinions
from learner.label_quality.report import Quality, quality_of
from learner.loop.run import learn_once
from tests.filled_projects import LABELS, answer
from tests.learner.synthetic_projects import embedded_project, label_truly, pool_of, truth

ABSENT = np.nan


def snapshot(project: OpenProject) -> tuple[list[LiveDecision], list[int]]:
    with project.read() as session:
        return live_decisions(session), [label.id for label in active_labels(session)]


def judged(project: OpenProject) -> Quality:
    live, label_ids = snapshot(project)
    return quality_of(pool_of(project), live, label_ids, head=None)


def other(clip: int, by: int = 1) -> str:
    return LABELS[(clip + by) % len(LABELS)]


def given(rows: list[list[float]]) -> Opinions:
    labels = np.array(rows, dtype=np.float64)
    return Opinions(np.arange(len(labels)), list(range(labels.shape[1])), labels)


def test_wrong_labels_lead_the_suspects(project: OpenProject) -> None:
    clips = embedded_project(project, 120)
    wrong = clips[::5]
    label_truly(project, [clip for clip in clips if clip not in wrong])
    for clip in wrong:
        answer(project, clip, other(clip))
    first = {suspect.clip_id for suspect in judged(project).suspects[:36]}
    assert len(first & set(wrong)) >= 0.8 * len(wrong)


def test_every_run_notes_the_labels_it_doubts(any_project: OpenProject) -> None:
    clips = embedded_project(any_project, 120, spread=0.5)
    wrong = clips[::10]
    label_truly(any_project, [clip for clip in clips if clip not in wrong])
    for clip in wrong:
        answer(any_project, clip, other(clip))
    learn_once(any_project)
    with any_project.read() as session:
        noted = latest_suspects(session)
        names = {label.id: label.name for label in active_labels(session)}
        assert [clip.clip_id for clip in doubted_clips(session)] == [each.clip for each in noted]
    assert {each.clip for each in noted} == set(wrong)
    assert all(names[each.label] == other(each.clip) for each in noted)


def test_a_label_that_a_reviewer_has_fixed_is_not_suspected(project: OpenProject) -> None:
    clips = embedded_project(project, 60)
    label_truly(project, clips)
    answer(project, clips[0], other(clips[0]), annotator="lead", gold=True)
    found = judged(project)
    assert clips[0] not in {suspect.clip_id for suspect in found.suspects}
    assert clips[0] not in {each.clip_id for each in found.worth_asking}
    assert len(found.suspects) == 59


def test_few_labels_judge_nothing(project: OpenProject) -> None:
    label_truly(project, embedded_project(project, 12))
    assert judged(project).suspects == []


def test_a_careless_annotator_gets_a_lower_quality_and_does_not_outvote_a_careful_one(project: OpenProject) -> None:
    clips = embedded_project(project, 90)
    rng = np.random.default_rng(0)
    for clip in clips:
        answer(project, clip, truth(clip), annotator="careful")
        answer(project, clip, truth(clip) if rng.random() < 0.9 else other(clip), annotator="fair")
        answer(project, clip, other(clip, by=int(rng.integers(3))), annotator="careless")
    found = judged(project).merged
    assert found is not None
    careful, fair, careless = (found.annotators[number] for number in sorted(found.annotators))
    assert careless < fair < careful
    names = dict(zip(snapshot(project)[1], LABELS, strict=True))
    assert sum(names[label] == truth(clip) for clip, label in zip(clips, found.label_ids, strict=True)) >= 87


def test_clips_on_which_annotators_disagree_come_first_for_another_answer(project: OpenProject) -> None:
    clips = embedded_project(project, 90)
    for annotator in ("ann", "ben"):
        for clip in clips:
            answer(project, clip, truth(clip), annotator=annotator)
    disputed = clips[:5]
    for clip in disputed:
        answer(project, clip, other(clip), annotator="ben")
    again = [each.clip_id for each in judged(project).worth_asking if each.again]
    assert set(disputed) <= set(again[:10])


def test_opinions_are_blind_labels_in_use(project: OpenProject) -> None:
    clips = embedded_project(project, 4)
    answer(project, clips[0], "sad")
    answer(project, clips[1], "sad", suggestion_shown=True)
    answer(project, clips[2], "sad", gold=True)
    live, label_ids = snapshot(project)
    found = opinions(live, label_ids)
    assert (found.clip_ids.tolist(), found.labels.tolist()) == ([clips[0]], [[2.0]])
    assert opinions(live, label_ids[:2]).clip_ids.tolist() == []


def test_krippendorffs_alpha_is_that_of_the_published_example() -> None:
    """Krippendorff 2011, section C: four observers, twelve units, five values; alpha for nominal data is 0.743."""
    table = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, ABSENT, ABSENT, ABSENT],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, ABSENT, 3],
        [ABSENT, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, ABSENT],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, ABSENT],
    ]
    found = agreement(given((np.array(table).T - 1).tolist()), labels=5)
    assert found.clips == 11
    assert found.alpha is not None
    assert found.alpha.value == pytest.approx(0.743, abs=5e-4)
    assert found.alpha.low < 0.743 < found.alpha.high <= 1


def test_the_interval_of_alpha_holds_the_truth() -> None:
    """Annotators who give the true label with probability 0.7, else any: alpha of very many clips is the truth."""
    rng = np.random.default_rng(5)

    def drawn(clips: int) -> Opinions:
        right = rng.integers(3, size=(clips, 1))
        labels = np.where(rng.random((clips, 3)) < 0.7, right, rng.integers(3, size=(clips, 3)))
        return given(labels.tolist())

    whole = agreement(drawn(20_000), labels=3).alpha
    assert whole is not None
    inside = 0
    for _ in range(100):
        found = agreement(drawn(80), labels=3).alpha
        assert found is not None
        inside += found.low <= whole.value <= found.high
    assert 88 <= inside <= 100


def test_fleiss_kappa_is_that_of_a_published_example() -> None:
    """The worked example of Wikipedia's article (ten subjects, fourteen raters, five categories): 0.210."""
    rows = [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
    assert fleiss_kappa(np.array(rows, dtype=np.float64)) == pytest.approx(0.210, abs=5e-4)


def test_cohens_kappa_is_scikit_learns() -> None:
    from sklearn.metrics import cohen_kappa_score

    rng = np.random.default_rng(1)
    first = rng.integers(4, size=60)
    second = np.where(rng.random(60) < 0.6, first, rng.integers(4, size=60))
    assert cohen_kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))


def test_agreement_is_undefined_where_only_one_label_was_given() -> None:
    found = agreement(given([[0, 0], [0, 0]]), labels=3)
    assert (found.alpha, found.fleiss, found.pairs[0].kappa, found.pairs[0].agreed) == (None, None, None, 1.0)
    assert krippendorff_alpha(np.zeros((0, 3))) is None
    assert agreement(given([[0, ABSENT], [ABSENT, 1]]), labels=3).pairs == []


def test_where_no_label_is_doubted_this_is_reported(project: OpenProject) -> None:
    none = CliRunner().invoke(main, ["--project", str(project.directory), "suspects"])
    assert none.output.startswith("Labels cannot be judged yet")
    label_truly(project, embedded_project(project, 60, spread=0.1))
    result = CliRunner().invoke(main, ["--project", str(project.directory), "suspects"])
    assert result.output.startswith("None of 60 labels that no reviewer fixed is contradicted")


def test_somebody_who_shares_no_clip_with_anybody_is_left_out_and_breaks_nothing(project: OpenProject) -> None:
    clips = embedded_project(project, 40)
    for clip in clips[:20]:
        answer(project, clip, truth(clip), annotator="ann")
    for clip in clips[19:30]:
        answer(project, clip, truth(clip), annotator="ben")
    for clip in clips[30:]:
        answer(project, clip, truth(clip), annotator="cat")
    result = CliRunner().invoke(main, ["--project", str(project.directory), "suspects", "--json"])
    assert result.exit_code == 0, result.output
    assert set(json.loads(result.output)["annotators"]) <= {"ann", "ben", "cat"}


def test_the_commands_report_suspects_and_agreement(project: OpenProject) -> None:
    clips = embedded_project(project, 60)
    label_truly(project, clips)
    answer(project, clips[0], other(clips[0]), annotator="ben")
    answer(project, clips[1], truth(clips[1]), annotator="ben")
    result = CliRunner().invoke(main, ["--project", str(project.directory), "suspects", "--limit", "3"])
    assert (result.exit_code, len(result.output.splitlines())) == (0, 2), "labels without doubt are not listed\n" + result.output
    agreed = CliRunner().invoke(main, ["--project", str(project.directory), "agreement"])
    assert "2 clips with labels of several annotators." in agreed.output
    assert "ann and ben: 2 clips, 50% alike" in agreed.output
