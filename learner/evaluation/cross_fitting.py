"""Cross-fitting: for each fold of speakers a head is trained on all labels of the other speakers and tested on the fold's clips.

So no label is wasted on a test set, and no head is tested on a speaker that it was trained on. The accuracy of the head is
measured in this way on the random slice. However the training clips were chosen, the tested clips are a fair sample; so choosing
actively does not bias the estimate. `learner.label_quality` judges every label in this way, with heads of its own.
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
from learner.heads.normalisation import InputChoice
from learner.heads.words import choose_inputs


class Train(Protocol):
    """A function that trains the heads of folds, such as `FoldHeads.trained`."""

    def __call__(self, examples: Examples, *, held_out_fold: int) -> LinearHead | None:
        """The head for these examples, all of other folds than `held_out_fold`; None if it cannot be trained."""


class FoldHeads:
    """Heads trained for folds, kept by their training data: when a curve grows by one point, only that point is trained.

    Each decides on its own labels alone whether its features are normalised by speaker, and whether words stand beside sound.
    """

    def __init__(self, pool: Pool, *, C: float) -> None:
        self.pool = pool
        self.C = C
        self._heads: dict[tuple[bytes, str, bool], LinearHead] = {}
        self._choices: dict[bytes, InputChoice] = {}
        self._used: set[bytes] = set()

    def trained(self, examples: Examples, *, held_out_fold: int | None = None) -> LinearHead | None:
        """The head for these examples; None without any.

        Args:
            held_out_fold: a fold whose clips it does not learn from, not even unlabelled ones.
        """
        if not len(examples.y):
            return None
        key = self._key(examples, held_out_fold)
        if key not in self._choices:
            # Read once for the decision and the fit: looking up rows costs more than deciding.
            vectors = self.pool.features.rows(examples.clip_ids)
            found = self._choices[key] = choose_inputs(self.pool, examples.clip_ids, examples.y, vectors)
            if (key, found.normalisation, found.words) not in self._heads:
                head = self._fitted(examples, vectors, found.normalisation, held_out_fold, words=found.words)
                self._heads[key, found.normalisation, found.words] = head
        return self._heads[key, self._choices[key].normalisation, self._choices[key].words]

    def sound(self, examples: Examples, *, held_out_fold: int | None = None) -> LinearHead | None:
        """The same head without words, whatever the decision on these."""
        head = self.trained(examples, held_out_fold=held_out_fold)
        if head is None or not head.words:
            return head
        key = (self._key(examples, held_out_fold), head.normalisation, False)
        if key not in self._heads:
            vectors = self.pool.features.rows(examples.clip_ids)
            self._heads[key] = self._fitted(examples, vectors, head.normalisation, held_out_fold)
        return self._heads[key]

    def plain(self, examples: Examples, *, held_out_fold: int | None = None) -> LinearHead | None:
        """The same head without normalisation and words, whatever the decision."""
        if not len(examples.y):
            return None
        key = self._key(examples, held_out_fold)
        if (key, NONE, False) not in self._heads:
            vectors = self.pool.features.rows(examples.clip_ids)
            self._heads[key, NONE, False] = self._fitted(examples, vectors, NONE, held_out_fold)
        return self._heads[key, NONE, False]

    def _key(self, examples: Examples, held_out_fold: int | None) -> bytes:
        key = examples.digest + str(held_out_fold).encode()
        self._used.add(key)
        return key

    def _fitted(
        self, examples: Examples, vectors: Float32Array, normalisation: str, held_out_fold: int | None, *, words: bool = False
    ) -> LinearHead:
        return fitted_head(
            self.pool, examples, vectors, C=self.C, normalisation=normalisation, words=words, held_out_fold=held_out_fold
        )

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
    sound: bool = False,
) -> Int64Array:
    """Predicted label positions of the slice clips, each by a head that was not trained on the clip's fold.

    Whether a head normalises by speaker, and uses words, is decided on the labels that it was trained on.

    Args:
        labels: label id by clip id, to train on; all have features and active labels.
        after_each: called after each fold.
        plain: no head normalises by speaker or uses words.
        sound: no head uses words.
    """
    positions = {label: position for position, label in enumerate(label_ids)}
    train = heads.plain if plain else heads.sound if sound else heads.trained
    predicted = np.full(len(tested.y), UNTRAINED, dtype=np.int64)
    for held_out, head, inputs in _tested(heads.pool, tested, labels, train):
        if head is not None:
            predicted[held_out] = [positions[int(label)] for label in head.predict(inputs)]
        after_each()
    return predicted


def cross_fitted_probabilities(
    heads: FoldHeads, tested: Slice, labels: Mapping[int, int], label_ids: Sequence[int]
) -> Float64Array:
    """Probability of each label by the heads of `cross_fitted`, [clips, labels]; zeros where no head could be trained."""
    return held_out_probabilities(heads.pool, tested, labels, label_ids, train=heads.trained)


def held_out_probabilities(
    pool: Pool, tested: Slice, labels: Mapping[int, int], label_ids: Sequence[int], *, train: Train
) -> Float64Array:
    """Probability of each label by the heads of `train`, [clips, labels]; zeros where no head could be trained."""
    found = np.zeros((len(tested.y), len(label_ids)))
    for held_out, head, inputs in _tested(pool, tested, labels, train):
        if head is not None:
            found[held_out] = head.probabilities(inputs, label_ids)
    return found


def normalised_folds(heads: FoldHeads, tested: Slice, labels: Mapping[int, int]) -> int:
    """The number of folds for which `cross_fitted` normalises by speaker."""
    trained = (head for _, head in _trained(heads.pool, tested, labels, heads.trained))
    return sum(head is not None and head.normalisation != NONE for head in trained)


def worded_folds(heads: FoldHeads, tested: Slice, labels: Mapping[int, int]) -> int:
    """The number of folds for which `cross_fitted` uses words beside sound."""
    if heads.pool.words is None:
        return 0
    trained = (head for _, head in _trained(heads.pool, tested, labels, heads.trained))
    return sum(head is not None and head.words for head in trained)


def _tested(
    pool: Pool, tested: Slice, labels: Mapping[int, int], train: Train
) -> Iterator[tuple[BoolArray, LinearHead | None, Float32Array]]:
    """For each fold with clips to test: the mask of its clips, the head that was not trained on it, and the head's inputs."""
    tested_ids = np.array(tested.clip_ids, dtype=np.int64)
    for held_out, head in _trained(pool, tested, labels, train):
        normalisation = NONE if head is None else head.normalisation
        words = head is not None and head.words
        yield held_out, head, pool.inputs_of(tested.vectors[held_out], tested_ids[held_out], normalisation, words=words)


def _trained(pool: Pool, tested: Slice, labels: Mapping[int, int], train: Train) -> Iterator[tuple[BoolArray, LinearHead | None]]:
    """For each fold with clips to test: the mask of its clips, and the head that was not trained on it."""
    examples = Examples.of(labels)
    folds = pool.folds.folds(examples.clip_ids)
    for fold, held_out in held_out_in_turn(tested.folds):
        yield held_out, train(examples.where(folds != fold), held_out_fold=fold)
