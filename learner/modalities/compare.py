"""Everything that `earmark modalities` measures: each modality at each number of labels, in every fold of every run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from learner.arrays import BoolArray, Int64Array
from learner.dataset.words import WEIGHT
from learner.modalities.linear import Part, predicted
from learner.modalities.material import Material
from learner.modalities.plan import Fold
from learner.modalities.sequences import Sequences, sequences_of
from learner.progress import Progress, Watch, unseen
from learner.text_encoders.encoder import TextEncoder

if TYPE_CHECKING:
    from learner.modalities.kept import KeptPredictions

AUDIO, TEXT, BOTH, ATTENTION, HANDMADE = "audio", "text", "both", "attention", "handmade"
MODALITIES = (AUDIO, TEXT, BOTH, ATTENTION)
"""What is compared; hand-made features stand beside them."""
WORDS_WEIGHT = WEIGHT
"""How far words spread the clips relative to sound, side by side in the linear head.

UA on `sample_data` with 31, 62, 125 and 240 labels by weight, three runs. `bundled`: .25 .643 .722 .777 .825; .5 .625 .716 .772
.819; 1 .577 .678 .761 .812. `logmel`: .25 .633 .676 .698 .744; .5 .659 .728 .737 .772; 1 .639 .688 .753 .789. Choosing the weight
by cross-validation over speakers was no better (`bundled` .626 .695 .762 .802, `logmel` .578 .679 .725 .771).
"""
Predict = Callable[[Fold, int], Int64Array]
"""The classes of the clips that a fold holds out, learned from so many labels."""
Hits = dict[str, BoolArray]
"""Which clips each modality predicts right, [runs, budgets, clips]."""


@dataclass(frozen=True)
class Plan:
    """What is measured."""

    folds: Sequence[Fold]
    budgets: Sequence[int]
    """Numbers of labels, ascending."""
    C: float = 0.1
    """Inverse regularisation strength of linear heads, where these have one."""

    @property
    def runs(self) -> int:
        """How many times all clips are tested."""
        return max(fold.run for fold in self.folds) + 1


def measured(material: Material, plan: Plan, *, encoder: str, attention: TextEncoder | None, cache: Path, watch: Watch) -> Hits:
    """Which clips each modality predicts right.

    All modalities learn from the same clips; a further point has those of the point before, and more.

    Args:
        encoder: makes the frames for the attention network.
        attention: makes the tokens for it; none leaves the network out.
        cache: folder that keeps what the attention network predicted.

    Raises:
        EncoderError: the encoder gives no frames in time, or cannot be run.
        FeatureError: there is no room for the frames, or the cache cannot be written to.
    """
    hits: Hits = {}
    linear = _linear(material, plan.C)
    with watch("linear heads", "fit") as moved, threadpool_limits(1):
        for done, (name, predict) in enumerate(linear.items()):
            hits[name] = _hits(material, plan, predict, moved, done=done, of=len(linear))
    if attention is None or material.text is None:
        return hits
    from learner.modalities.kept import KeptPredictions

    kept = KeptPredictions(cache, material, encoder=encoder, text_encoder=attention)
    if any(kept.get(fold, budget) is None for fold in plan.folds for budget in plan.budgets):
        with ExitStack() as opened:
            with watch("frames", "clip") as moved:
                made = sequences_of(material.clips, encoder=encoder, text_encoder=attention, progress=moved)
                sequences = opened.enter_context(made)
            with watch("attention network", "training") as moved:
                _train_networks(material, plan, sequences, kept, moved)
    hits[ATTENTION] = _hits(material, plan, partial(_of_network, kept), unseen)
    return hits


def _train_networks(material: Material, plan: Plan, sequences: Sequences, kept: KeptPredictions, progress: Progress) -> None:
    """Train a network for each fold and number of labels whose predictions are not known."""
    from learner.modalities.attention import AttentionClassifier

    network = AttentionClassifier(sequences, classes=len(material.label_names))
    missing = [(fold, budget) for fold in plan.folds for budget in plan.budgets if kept.get(fold, budget) is None]
    for done, (fold, budget) in enumerate(missing, start=1):
        labelled, others = fold.order[:budget], fold.order[budget:]
        seed = fold.run * 1_000_003 + int(fold.tested[0]) * 1_009 + budget
        found = network.fit_and_predict(material.y, labelled=labelled, unlabelled=others, tested=fold.tested, seed=seed)
        kept.add(fold, budget, found)
        progress(done, len(missing))


def _of_network(kept: KeptPredictions, fold: Fold, budget: int) -> Int64Array:
    found = kept.get(fold, budget)
    # Deleted in the meantime: every clip counts as wrong.
    return np.full(len(fold.tested), -1, dtype=np.int64) if found is None else found


def _hits(material: Material, plan: Plan, predict: Predict, moved: Progress, *, done: int = 0, of: int = 1) -> BoolArray:
    """Of one modality, [runs, budgets, clips].

    Args:
        done, of: how many modalities are measured under this progress, and how many are to be.
    """
    found = np.zeros((plan.runs, len(plan.budgets), len(material.y)), np.bool_)
    each = len(plan.folds) * len(plan.budgets)
    step = done * each
    for fold in plan.folds:
        for point, budget in enumerate(plan.budgets):
            found[fold.run, point, fold.tested] = predict(fold, budget) == material.y[fold.tested]
            step += 1
            moved(step, each * of)
    return found


def _linear(material: Material, C: float) -> dict[str, Predict]:
    all_known = np.ones(len(material.y), np.bool_)
    audio, handmade = Part(material.audio, all_known), Part(material.handmade, all_known)
    chosen = {HANDMADE: [handmade], AUDIO: [audio]}
    if material.text is not None:
        text = Part(material.text.vectors, material.text.has_words, WORDS_WEIGHT)
        chosen |= {TEXT: [text], BOTH: [audio, text]}
    return {name: partial(_by_head, material, parts, C) for name, parts in chosen.items()}


def _by_head(material: Material, parts: Sequence[Part], C: float, fold: Fold, budget: int) -> Int64Array:
    labelled, others = fold.order[:budget], fold.order[budget:]
    return predicted(parts, material.y, labelled=labelled, unlabelled=others, tested=fold.tested, C=C)
