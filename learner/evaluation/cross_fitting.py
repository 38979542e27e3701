"""Cross-fitting: for each fold of speakers a head is trained on all labels of the other speakers and tested on the fold's clips.

So no label is wasted on a test set, and no speaker is tested by a head that learned from them. How good the head is, is measured
in this way on the random slice: whatever chose the clips that are trained on, those that are tested are a fair sample, so
choosing actively does not bias the estimate. `learner.label_quality` judges every label in this way, with heads of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from learner.arrays import BoolArray, Float32Array, Float64Array, Int64Array
from learner.dataset.examples import Examples
from learner.dataset.folds import held_out_in_turn
from learner.dataset.pool import Pool
from learner.dataset.speaker_norm import NONE
from learner.dataset.tested_slice import Slice
from learner.evaluation.accuracy import UNTRAINED
from learner.heads.fitting import fitted_head
from learner.heads.linear import LinearHead
from learner.heads.normalisation import NormalisationChoice, choose_normalisation


class Train(Protocol):
    """What trains the heads of folds: `FoldHeads.trained`, for one."""

    def __call__(self, examples: Examples, *, held_out_fold: int) -> LinearHead | None:
        """The head for these examples, which are of other folds than `held_out_fold`; None if none can be trained."""


class FoldHeads:
    """Heads trained for folds, kept by their training data: when a curve grows by one point, only that point is trained.

    Each decides on its own labels alone whether its features are normalised by speaker.
    """

    def __init__(self, pool: Pool, *, C: float) -> None:
        self.pool = pool
        self.C = C
        self._heads: dict[tuple[bytes, str], LinearHead] = {}
        self._choices: dict[bytes, NormalisationChoice] = {}
        self._used: set[bytes] = set()

    def trained(self, examples: Examples, *, held_out_fold: int | None = None) -> LinearHead | None:
        """The head for these examples; None for none.

        Args:
            held_out_fold: a fold that it learns nothing from, unlabelled clips included.
        """
        if not len(examples.y):
            return None
        key = self._key(examples, held_out_fold)
        if key not in self._choices:
            # Read once for the decision and the fit: looking up rows costs more than deciding.
            vectors = self.pool.features.rows(examples.clip_ids)
            found = self._choices[key] = choose_normalisation(self.pool, examples.clip_ids, examples.y, vectors)
            self._heads[key, found.normalisation] = self._fitted(examples, vectors, found.normalisation, held_out_fold)
        return self._heads[key, self._choices[key].normalisation]

    def plain(self, examples: Examples, *, held_out_fold: int | None = None) -> LinearHead | None:
        """The same without normalisation, whatever the decision."""
        if not len(examples.y):
            return None
        key = self._key(examples, held_out_fold)
        if (key, NONE) not in self._heads:
            vectors = self.pool.features.rows(examples.clip_ids)
            self._heads[key, NONE] = self._fitted(examples, vectors, NONE, held_out_fold)
        return self._heads[key, NONE]

    def _key(self, examples: Examples, held_out_fold: int | None) -> bytes:
        key = examples.digest + str(held_out_fold).encode()
        self._used.add(key)
        return key

    def _fitted(self, examples: Examples, vectors: Float32Array, normalisation: str, held_out_fold: int | None) -> LinearHead:
        return fitted_head(self.pool, examples, vectors, C=self.C, normalisation=normalisation, held_out_fold=held_out_fold)

    def forget_unused(self) -> None:
        """Drop the heads that were not used since the last call."""
        self._heads = {key: head for key, head in self._heads.items() if key[0] in self._used}
        self._choices = {key: choice for key, choice in self._choices.items() if key in self._used}
        self._used.clear()


def cross_fitted(
    heads: FoldHeads,
    tested: Slice,
    labels: Mapping[int, int],
    label_ids: Sequence[int],
    *,
    after_each: Callable[[], None],
    plain: bool = False,
) -> Int64Array:
    """Predicted label positions of the slice clips, each by a head that learned from no clip of its fold.

    Whether a head normalises by speaker is decided on the labels that it was trained on.

    Args:
        labels: label id by clip id, to train on; all have features and active labels.
        after_each: called after each fold.
        plain: no head normalises by speaker.
    """
    positions = {label: position for position, label in enumerate(label_ids)}
    predicted = np.full(len(tested.y), UNTRAINED, dtype=np.int64)
    for held_out, head, inputs in _tested(heads.pool, tested, labels, heads.plain if plain else heads.trained):
        if head is not None:
            predicted[held_out] = [positions[int(label)] for label in head.predict(inputs)]
        after_each()
    return predicted


def cross_fitted_probabilities(
    heads: FoldHeads, tested: Slice, labels: Mapping[int, int], label_ids: Sequence[int]
) -> Float64Array:
    """The probabilities that the heads behind `cross_fitted` give each label, [clips, labels]; zeros where no head could be
    trained.
    """
    return held_out_probabilities(heads.pool, tested, labels, label_ids, train=heads.trained)


def held_out_probabilities(
    pool: Pool, tested: Slice, labels: Mapping[int, int], label_ids: Sequence[int], *, train: Train
) -> Float64Array:
    """The same by the heads of any `train`."""
    found = np.zeros((len(tested.y), len(label_ids)))
    for held_out, head, inputs in _tested(pool, tested, labels, train):
        if head is not None:
            found[held_out] = head.probabilities(inputs, label_ids)
    return found


def normalised_folds(heads: FoldHeads, tested: Slice, labels: Mapping[int, int]) -> int:
    """For how many folds `cross_fitted` normalises by speaker."""
    trained = (head for _, head in _trained(heads.pool, tested, labels, heads.trained))
    return sum(head is not None and head.normalisation != NONE for head in trained)


def _tested(
    pool: Pool, tested: Slice, labels: Mapping[int, int], train: Train
) -> Iterator[tuple[BoolArray, LinearHead | None, Float32Array]]:
    """For each fold with clips to test: which they are, the head that learned from none of it, and its inputs for them."""
    tested_ids = np.array(tested.clip_ids, dtype=np.int64)
    for held_out, head in _trained(pool, tested, labels, train):
        normalisation = NONE if head is None else head.normalisation
        yield held_out, head, pool.inputs_of(tested.vectors[held_out], tested_ids[held_out], normalisation)


def _trained(pool: Pool, tested: Slice, labels: Mapping[int, int], train: Train) -> Iterator[tuple[BoolArray, LinearHead | None]]:
    """For each fold with clips to test: which they are, and the head that learned from none of it."""
    examples = Examples.of(labels)
    folds = pool.folds.folds(examples.clip_ids)
    for fold, held_out in held_out_in_turn(tested.folds):
        yield held_out, train(examples.where(folds != fold), held_out_fold=fold)
