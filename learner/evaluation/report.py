"""What a run reports about its evaluation, and the accuracy of heads that neither normalise nor use words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from db.reports import Confusion, LabelRecall, NewSpeakers, PlainAccuracy, RunReport
from learner.arrays import Float64Array
from learner.dataset.pool import Pool
from learner.dataset.tested_slice import Slice
from learner.evaluation.accuracy import Accuracy, accuracy
from learner.evaluation.calibration import calibration_report
from learner.evaluation.confused_clips import confused_clips
from learner.evaluation.cross_fitting import FoldHeads, cross_fitted, normalised_folds, worded_folds
from learner.evaluation.intervals import SpeakerResamples, label_intervals
from learner.evaluation.thresholds import threshold_points
from learner.heads.normalisation import InputChoice
from learner.progress import Progress


def plain_accuracy(
    heads: FoldHeads,
    tested: Slice,
    labels: Mapping[int, int],
    label_ids: Sequence[int],
    *,
    adaptive: Accuracy | None,
    progress: Progress,
) -> Accuracy | None:
    """The accuracy of `cross_fitted` without any normalisation or words: that of the head for new audio.

    Args:
        adaptive: the accuracy with the decisions of the folds, which is the same where no fold normalises or uses words.
    """
    if adaptive is None or not (normalised_folds(heads, tested, labels) or worded_folds(heads, tested, labels)):
        return adaptive
    return _by(heads, tested, labels, label_ids, progress, plain=True)


def sound_accuracy(
    heads: FoldHeads, tested: Slice, labels: Mapping[int, int], label_ids: Sequence[int], *, progress: Progress
) -> Accuracy | None:
    """The accuracy of `cross_fitted` without words; None where no fold uses any."""
    if not worded_folds(heads, tested, labels):
        return None
    return _by(heads, tested, labels, label_ids, progress, sound=True)


def _by(
    heads: FoldHeads,
    tested: Slice,
    labels: Mapping[int, int],
    label_ids: Sequence[int],
    progress: Progress,
    *,
    plain: bool = False,
    sound: bool = False,
) -> Accuracy:
    folds = len(np.unique(tested.folds))
    moved = partial(progress, folds, folds)
    predicted = cross_fitted(heads, tested, labels, label_ids, after_each=moved, plain=plain, sound=sound)
    return accuracy(tested, predicted, SpeakerResamples(tested.groups), labels=len(label_ids))


def run_report(
    scored: Accuracy | None,
    tested: Slice,
    pool: Pool,
    label_ids: Sequence[int],
    label_names: Sequence[str],
    *,
    labels: Mapping[int, int],
    probabilities: Float64Array,
    choice: InputChoice,
    normalised_folds: int = 0,
    worded_folds: int = 0,
    plain: Accuracy | None = None,
    sound: Accuracy | None = None,
    new_speakers: NewSpeakers | None = None,
) -> RunReport:
    """What a run reports about its evaluation, besides its accuracy.

    Args:
        scored: the accuracy; None without clips to test on.
        labels: label id by clip id, as people see them.
        probabilities: of the tested clips, from `cross_fitted_probabilities`.
        choice: whether the run's head normalises by speaker, and uses words.
        normalised_folds: how many folds of the evaluation chose to normalise on their own labels.
        worded_folds: how many chose to use words.
        plain: the accuracy without both.
        sound: that without words, where folds use them.
        new_speakers: the accuracy on speakers who are not in the project.
    """
    named, examples = list(label_names), Counter(labels.values())
    return RunReport(
        per_label={} if scored is None else _recalls(scored, named),
        confusion=Confusion(labels=named, counts=[] if scored is None else scored.confusion.tolist()),
        missing_labels=named if scored is None else _missing(scored, named),
        grouped=pool.folds.grouped,
        folds=len(np.unique(tested.folds)),
        untrained=0 if scored is None else len(tested.y) - int(scored.confusion.sum()),
        normalisation=choice.normalisation,
        normalisation_why=choice.why,
        normalised_folds=normalised_folds,
        words=choice.words,
        words_why=choice.words_why,
        worded_folds=worded_folds,
        plain=_as_reported(plain),
        sound=_as_reported(sound),
        new_speakers=new_speakers,
        calibration=calibration_report(probabilities, tested.y, tested.folds),
        examples={name: examples[label] for label, name in zip(label_ids, named, strict=True)},
        tested=confused_clips(tested, probabilities, label_ids),
        thresholds=threshold_points(probabilities, tested.y, tested.groups, named),
    )


def _as_reported(scored: Accuracy | None) -> PlainAccuracy | None:
    if scored is None:
        return None
    return PlainAccuracy(ua=scored.ua.value, ua_low=scored.ua.low, ua_high=scored.ua.high, wa=scored.wa)


def _missing(scored: Accuracy, label_names: Sequence[str]) -> list[str]:
    return [name for name, clips in zip(label_names, scored.clips, strict=True) if not clips]


def _recalls(scored: Accuracy, label_names: Sequence[str]) -> dict[str, LabelRecall]:
    found = {}
    for name, recall, clips in zip(label_names, label_intervals(scored.right, scored.clips), scored.clips.tolist(), strict=True):
        value = round(recall.value, 6) if clips else None
        found[name] = LabelRecall(recall=value, low=round(recall.low, 6), high=round(recall.high, 6), clips=clips)
    return found
