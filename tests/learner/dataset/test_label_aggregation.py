"""Labels to learn from: a vote counts by how reliable its annotator is."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from db.decisions.consensus import consensus_labels
from db.decisions.log import LiveDecision
from db.models import Answer, Source
from learner.dataset.label_aggregation import USUAL, TrainingLabels, training_labels, weights_in

HAPPY, SAD, ANGRY = 11, 12, 13
NUMBERS = count(1)


def decision(clip: int, annotator: int, label: int | None, *, gold: bool = False) -> LiveDecision:
    number = next(NUMBERS)
    return LiveDecision(
        id=number,
        uuid=str(number),
        clip_id=clip,
        annotator_id=annotator,
        answer=Answer.LABEL if label is not None else Answer.UNSURE,
        label_id=label,
        source=Source.UNCERTAIN,
        queued_as=Source.UNCERTAIN,
        gold=gold,
        suggestion_shown=False,
        created_at=float(number),
    )


def three_annotators(*, careless: float, seed: int = 1) -> tuple[list[LiveDecision], dict[int, int]]:
    """300 clips, each labelled by two of three annotators, and their true labels. The third is wrong as often as `careless`."""
    rng = np.random.default_rng(seed)
    truth = {clip: int(rng.choice([HAPPY, SAD, ANGRY])) for clip in range(1, 301)}
    live = []
    for clip, label in truth.items():
        for annotator in rng.choice([1, 2, 3], 2, replace=False).tolist():
            wrong = rng.random() < (careless if annotator == 3 else 0.03)
            other = int(rng.choice([each for each in (HAPPY, SAD, ANGRY) if each != label]))
            live.append(decision(clip, annotator, other if wrong else label))
    return live, truth


def test_answers_of_one_annotator_each_are_the_consensus_at_full_weight() -> None:
    live = [decision(1, 1, HAPPY), decision(2, 2, SAD), decision(3, 1, None)]
    found = training_labels(live)
    assert found == consensus_labels(live) == {1: HAPPY, 2: SAD}
    assert found.weights == {}


def test_of_two_who_disagree_the_one_who_is_right_elsewhere_is_believed() -> None:
    live, truth = three_annotators(careless=0.6)
    found = training_labels(live)
    by_majority = consensus_labels(live)
    right, majority = (sum(labels[clip] == label for clip, label in truth.items()) for labels in (found, by_majority))
    assert majority < 265
    assert right >= 285
    disputed = [clip for clip in truth if len({each.label_id for each in live if each.clip_id == clip}) > 1]
    agreed = [clip for clip in truth if clip not in disputed]
    assert max(found.weights[clip] for clip in agreed) > 0.98
    assert np.mean([found.weights[clip] for clip in disputed]) < np.mean([found.weights[clip] for clip in agreed])


def test_two_equally_good_annotators_count_fully_even_where_they_are_alone() -> None:
    alone = [decision(clip, 1 + clip % 2, HAPPY) for clip in range(1, 51)]
    shared = [each for clip in range(51, 61) for each in (decision(clip, 1, SAD), decision(clip, 2, SAD))]
    found = training_labels([*alone, *shared])
    assert set(found.weights.values()) == {1.0}
    assert training_labels([*alone, *shared[:2]]).weights == dict.fromkeys([*range(1, 52)], 1.0)


def test_a_careless_annotators_lone_answers_count_less() -> None:
    live, _ = three_annotators(careless=0.6)
    lone = [decision(1001, 1, HAPPY), decision(1002, 3, HAPPY)]
    found = training_labels([*live, *lone])
    assert found.weights[1001] > 0.9
    assert found.weights[1002] < 0.6


def test_what_a_reviewer_fixed_counts_fully_and_shows_who_is_careless() -> None:
    reviewed = [each for clip in range(1, 31) for each in (decision(clip, 1, SAD), decision(clip, 9, HAPPY, gold=True))]
    found = training_labels([*reviewed, decision(100, 1, ANGRY)])
    assert all(found[clip] == HAPPY and found.weights[clip] == 1 for clip in range(1, 31))
    assert found.weights[100] < 0.6


def test_answers_given_with_a_suggestion_on_screen_make_nobody_reliable() -> None:
    live, _ = three_annotators(careless=0.6)
    led = [replace(decision(clip, 3, HAPPY), suggestion_shown=True) for clip in range(2001, 2101)]
    agreeing = [decision(clip, 1, HAPPY) for clip in range(2001, 2101)]
    found = training_labels([*live, *led, *agreeing, decision(3001, 3, SAD)])
    assert found.weights[3001] < 0.6


def test_between_two_equally_reliable_annotators_the_consensus_decides() -> None:
    live = [decision(1, 1, HAPPY), decision(1, 2, SAD)]
    assert training_labels(live) == consensus_labels(live) == {1: SAD}
    assert training_labels(live).weights[1] == pytest.approx(0.5 / USUAL, abs=0.05)


def test_no_order_of_clips_matters_and_labels_can_be_narrowed() -> None:
    live, _ = three_annotators(careless=0.4)
    backwards = sorted(live, key=lambda each: -each.clip_id)
    assert training_labels(live) == training_labels(backwards)
    some = training_labels(live).only([7, 3])
    assert list(some) == [7, 3]
    assert weights_in(some, np.array([3])) == training_labels(live).weights[3]
    assert weights_in({3: HAPPY}, np.array([3])) == 1


def test_a_single_label_is_no_problem() -> None:
    live = [decision(1, 1, HAPPY), replace(decision(1, 2, HAPPY), suggestion_shown=True)]
    found = training_labels(live)
    assert found == {1: HAPPY}
    assert isinstance(found, TrainingLabels)
    assert found.weights[1] == pytest.approx(1.0)
