"""Models of many corpora against the first of them: which is better on which corpus, and on how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from db.errors import EarmarkError, FormatError, LearnerError
from learner.arrays import Float64Array
from learner.evaluation.intervals import SpeakerResamples
from learner.evaluation.paired import mean_recall
from learner.evaluation.significance.family import SURE, Verdict, Verdicts, holm, verdict
from learner.evaluation.significance.mcnemar import McNemar, mcnemar_over_runs
from learner.evaluation.significance.recall_difference import RESAMPLES, RecallDifference, few_speakers, recall_difference
from learner.evaluation.significance.stochastic_order import (
    LEVEL,
    THRESHOLD,
    StochasticOrder,
    almost_stochastic_order,
)
from learner.progress import Watch
from learner.run_comparison.run_folder import RunFolder, read_run_folder
from learner.run_comparison.shared_clips import SharedClips, shared_clips

MCNEMAR, ASO, UA = "mcnemar", "aso", "ua"
TESTS = (MCNEMAR, ASO, UA)


@dataclass(frozen=True)
class _Tested:
    """One corpus, before the correction."""

    clips: SharedClips
    scores: tuple[Float64Array, Float64Array]
    """UA of each run: of the model, and of the first one."""
    mcnemar: McNemar
    order: StochasticOrder | None
    why_no_order: str | None
    difference: RecallDifference
    few_speakers: bool


def compare_run_folders(
    paths: Sequence[Path], *, threshold: float = THRESHOLD, mid_p: bool = False, watch: Watch
) -> dict[str, Any]:
    """The JSON document that `earmark corpora compare` prints; each further folder is compared with the first.

    Of each corpus: McNemar's test over the runs, Almost Stochastic Order of the runs' UA, and the difference in UA. The p of the
    first and last are corrected over the corpora of the comparison by Holm; the level of the bound of the second by Bonferroni.
    A corpus that only one has, or whose tables cannot be compared, is left out with its reason.

    Raises:
        FormatError: a folder cannot be read, is given twice, or shares no corpus with the first that could be compared.
    """
    folders = [read_run_folder(path) for path in paths]
    if len(folders) < 2:
        raise FormatError("One run folder cannot be compared; name two or more.")
    if len({path.resolve() for path in paths}) < len(paths):
        raise FormatError("A run folder is given twice; name each once.")
    first, *others = folders
    with watch("compare", "comparison") as moved:
        names = [[name for name in folder.labels if name in first.labels] for folder in others]
        whole, done, comparisons = sum(map(len, names)), 0, []
        for folder, shared in zip(others, names, strict=True):
            left_out = _unshared(folder, first)
            clips: dict[str, SharedClips] = {}
            for name in shared:
                moved(done, whole)
                try:
                    clips[name] = shared_clips(folder, first, name)
                except EarmarkError as error:
                    left_out.append({"corpus": name, "reason": str(error)})
                done += 1
            comparisons.append(_comparison(folder, first, clips, left_out, threshold=threshold, mid_p=mid_p))
        moved(done, whole)
    return {
        "version": 1,
        "first": _facts(first),
        "sure_below": SURE,
        "aso_threshold": threshold,
        "aso_level": LEVEL,
        "mid_p": mid_p,
        "comparisons": comparisons,
    }


def _facts(folder: RunFolder) -> dict[str, Any]:
    return {"folder": str(folder.path), "mode": folder.mode, "backbone": folder.backbone, "runs": folder.runs}


def _unshared(folder: RunFolder, first: RunFolder) -> list[dict[str, str]]:
    return [
        {"corpus": name, "reason": f"only {one.path} has it"}
        for one, other in ((first, folder), (folder, first))
        for name in one.labels
        if name not in other.labels
    ]


def _comparison(
    folder: RunFolder,
    first: RunFolder,
    clips: dict[str, SharedClips],
    left_out: list[dict[str, str]],
    *,
    threshold: float,
    mid_p: bool,
) -> dict[str, Any]:
    if not clips:
        # Corpora that both have come last: why these cannot be compared says more.
        reason = f"; {left_out[-1]['corpus']}: {left_out[-1]['reason']}" if left_out else ""
        raise FormatError(f"{folder.path} and {first.path} share no corpus that can be compared{reason}")
    tested = {name: _tested(found, comparisons=len(clips), threshold=threshold, mid_p=mid_p) for name, found in clips.items()}
    corrected = {
        MCNEMAR: holm({name: found.mcnemar.p for name, found in tested.items()}),
        UA: holm({name: None if found.few_speakers else found.difference.p for name, found in tested.items()}),
    }
    corpora = []
    for name, found in tested.items():
        verdicts = {
            MCNEMAR: verdict(corrected[MCNEMAR][name], found.mcnemar.sign),
            ASO: verdict(0.0, found.order.sign) if found.order is not None else Verdict.LEVEL,
            UA: verdict(corrected[UA][name], found.difference.sign),
        }
        corpora.append(_of_corpus(name, found, {test: p[name] for test, p in corrected.items()}, verdicts))
    counts = {test: Verdicts.of(corpus[test]["verdict"] for corpus in corpora) for test in TESTS}
    return {
        **_facts(folder),
        "corpora": corpora,
        "counts": {
            test: {"better": found.better, "worse": found.worse, "no_difference": found.level, "sentence": found.sentence}
            for test, found in counts.items()
        },
        "left_out": left_out,
    }


def _tested(clips: SharedClips, *, comparisons: int, threshold: float, mid_p: bool) -> _Tested:
    one, other = clips.hits
    scores = tuple(np.array([mean_recall(clips.y, hit) for hit in hits]) for hits in (one, other))
    resamples = SpeakerResamples(clips.speakers, resamples=RESAMPLES)
    order, why = None, None
    try:
        order = almost_stochastic_order(scores[0], scores[1], comparisons=comparisons, threshold=threshold)
    except LearnerError as error:
        why = str(error)
    return _Tested(
        clips,
        (scores[0], scores[1]),
        mcnemar_over_runs(one, other, mid_p=mid_p),
        order,
        why,
        recall_difference(clips.y, one, other, resamples, labels=clips.labels),
        few_speakers(resamples),
    )


def _of_corpus(name: str, found: _Tested, corrected: dict[str, float | None], verdicts: dict[str, Verdict]) -> dict[str, Any]:
    difference, order = found.difference, found.order
    return {
        "corpus": name,
        "clips": len(found.clips.y),
        "speakers": found.clips.named_speakers,
        "ua_mean": _round(found.scores[0].mean()),
        "ua_mean_of_first": _round(found.scores[1].mean()),
        "ua_of_runs": [_round(score) for score in found.scores[0]],
        "ua_of_first_runs": [_round(score) for score in found.scores[1]],
        MCNEMAR: {
            "only_this": _round(found.mcnemar.only_one),
            "only_first": _round(found.mcnemar.only_other),
            "p": _short(found.mcnemar.p),
            "p_holm": _short(corrected[MCNEMAR]),
            "verdict": str(verdicts[MCNEMAR]),
        },
        ASO: {
            "ratio": None if order is None else _round(order.ratio),
            "eps_min": None if order is None else _round(order.bound),
            "eps_min_of_first": None if order is None else _round(order.bound_of_other),
            "complete_by_chance": None if order is None else _short(order.by_chance),
            "why_not": found.why_no_order,
            "verdict": str(verdicts[ASO]),
        },
        UA: {
            "difference": _round(difference.value),
            "low": _round(difference.low),
            "high": _round(difference.high),
            "p": None if found.few_speakers else _short(difference.p),
            "p_holm": _short(corrected[UA]),
            "why_not": f"speakers are fewer than three: {found.clips.named_speakers}" if found.few_speakers else None,
            "verdict": str(verdicts[UA]),
        },
    }


def _round(value: float) -> float:
    return round(float(value), 6)


def _short(p: float | None) -> float | None:
    return None if p is None else float(f"{p:.3g}")
