"""The figures of `earmark modalities`: UA with its interval, differences that are paired, and how many times less data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from learner.arrays import BoolArray
from learner.corpora.clips import LabelledClips
from learner.encoders.registry import encoder_named
from learner.evaluation.intervals import SpeakerResamples, recall_interval
from learner.modalities.compare import ATTENTION, AUDIO, BOTH, HANDMADE, MODALITIES, TEXT, Hits, Plan, measured
from learner.modalities.material import Material, material_of
from learner.modalities.plan import budgets_of, folds_of_runs
from learner.modalities.sequences import has_frames
from learner.outlook.data_saved import LEAST_CLIPS, Measured, data_saved, unknown
from learner.progress import Watch
from learner.text_encoders.encoder import TextEncoder

PAIRS = ((BOTH, AUDIO), (BOTH, TEXT), (ATTENTION, BOTH), (AUDIO, HANDMADE))
"""What is compared at each number of labels."""
SAVINGS = ((AUDIO, HANDMADE), (BOTH, AUDIO), (BOTH, HANDMADE), (ATTENTION, AUDIO))
"""Where it is asked how many times less data the first needs."""


def compare_modalities(
    labelled: LabelledClips,
    *,
    encoder: str,
    text_encoder: TextEncoder | None,
    attention: bool = True,
    runs: int = 3,
    budgets: Sequence[int] = (),
    cache: Path,
    watch: Watch,
) -> dict[str, Any]:
    """The report as JSON values: `results` by modality, `handmade` in the same form, `differences`, `saved`, and what it is of.

    Without any transcript there is only the sound, beside hand-made features.

    Args:
        encoder: as `encoder_named` takes it.
        text_encoder: none leaves the words out.
        attention: whether the attention network is trained.
        runs: how often folds and clips are drawn anew.
        budgets: numbers of labels; none takes 125, 250, … or what fits.
        cache: folder that keeps vectors, and what the attention network predicted.

    Raises:
        EncoderError: an encoder cannot be loaded or run.
        FeatureError: there is no room for vectors or frames.
        LabelError: there are fewer than two labels, or too few clips.
    """
    # Before anything takes long.
    attention = attention and text_encoder is not None and has_frames(encoder_named(encoder))
    material = material_of(labelled, encoder=encoder, text_encoder=text_encoder, cache=cache, watch=watch)
    folds = folds_of_runs(material, runs)
    plan = Plan(folds, budgets_of(folds, labels=len(material.label_names), asked=budgets))
    words = text_encoder if attention else None
    hits = measured(material, plan, encoder=encoder, attention=words, cache=cache / "modalities", watch=watch)
    return {
        **_figures(hits, material, plan),
        "clips": len(material.clips),
        "without_words": int((~material.has_words).sum()),
        "labels": material.label_names,
        "speakers": material.speakers,
        "speakers_held_out": material.grouped,
        "folds": len(folds) // plan.runs,
        "runs": plan.runs,
        "unlabelled": labelled.unlabelled,
        "left_out": [{"file_name": clip.file_name, "reason": clip.reason} for clip in material.left_out],
    }


def _figures(hits: Hits, material: Material, plan: Plan) -> dict[str, Any]:
    runs = _side_by_side(hits)
    scored = _Scored(material, plan.runs)
    points = {
        name: [{"labels": int(budget), **scored.interval(found)} for budget, found in zip(plan.budgets, each, strict=True)]
        for name, each in runs.items()
    }
    differences = [
        {
            "first": first,
            "second": second,
            "labels": int(budget),
            **scored.difference(runs[first][point], runs[second][point]),
        }
        for first, second in PAIRS
        if first in runs and second in runs
        for point, budget in enumerate(plan.budgets)
    ]
    return {
        "results": [{"modality": name, "points": points[name]} for name in MODALITIES if name in points],
        HANDMADE: {"encoder": "logmel", "points": points[HANDMADE]},
        "differences": differences,
        "saved": [
            {"first": first, "second": second, **scored.saved(plan.budgets, runs[first], runs[second])}
            for first, second in SAVINGS
            if first in runs and second in runs
        ],
    }


def _side_by_side(hits: Hits) -> dict[str, BoolArray]:
    """The runs one behind the other, [budgets, runs * clips]: each has every clip once, so this gives the mean over runs."""
    return {name: found.transpose(1, 0, 2).reshape(found.shape[1], -1) for name, found in hits.items()}


class _Scored:
    """Scores of the same clips in all runs, with the same resamples of their speakers."""

    def __init__(self, material: Material, runs: int) -> None:
        self._y, self._labels, self._runs = np.tile(material.y, runs), len(material.label_names), runs
        # The clips of a speaker stay together over the runs: more runs make no more speakers.
        self._resamples = SpeakerResamples(np.tile(material.group_of, runs))

    def interval(self, hit: BoolArray) -> dict[str, float]:
        """Of the mean over runs. More runs make no more clips, so the interval does not shrink with them."""
        half = self._resamples.half_width(self._y, hit, labels=self._labels)
        right: Any = np.bincount(self._y[hit], minlength=self._labels) / self._runs
        found = recall_interval(right, np.bincount(self._y, minlength=self._labels) // self._runs, half_width=half)
        return {"ua": _round(found.value), "ua_low": _round(found.low), "ua_high": _round(found.high)}

    def difference(self, first: BoolArray, second: BoolArray) -> dict[str, Any]:
        """Paired by speaker; without an interval where there are too few speakers for one."""
        one, two = (self._resamples.draws(self._y, hit, labels=self._labels) for hit in (first, second))
        value = self.interval(first)["ua"] - self.interval(second)["ua"]
        if one is None or two is None:
            return {"difference": _round(value), "low": None, "high": None, "verdict": "unknown"}
        low, high = np.quantile(one - two, [0.025, 0.975])
        verdict = "better" if low > 0 else "worse" if high < 0 else "level"
        return {"difference": _round(value), "low": _round(low), "high": _round(high), "verdict": verdict}

    def saved(self, budgets: Sequence[int], first: BoolArray, second: BoolArray) -> dict[str, Any]:
        """How many times less data the first needs for the highest UA that both reach, or why that is not known.

        `at_least` holds where the first is better with few labels than the second with all, beyond chance; it needs no overlap.
        """
        clips = len(self._y) // self._runs
        if clips < LEAST_CLIPS:
            found = unknown(f"there are {clips} of {LEAST_CLIPS} necessary clips")
        else:
            ours, theirs = Measured(budgets, first), Measured(budgets, second)
            found = data_saved(ours, theirs, self._y, self._resamples, labels=self._labels)
        names = ("known", "why", "times", "low", "high", "ua")
        sure = [
            budget for budget, hit in zip(budgets, first, strict=True) if self.difference(hit, second[-1])["verdict"] == "better"
        ]
        least = _round(budgets[-1] / sure[0]) if sure and sure[0] < budgets[-1] else None
        labels = {"first_labels": found.ours, "second_labels": found.theirs, "at_least": least}
        return {name: getattr(found, name) for name in names} | labels


def _round(value: float) -> float:
    return round(float(value), 6)
