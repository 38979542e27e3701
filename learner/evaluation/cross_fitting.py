"""The accuracy of the head, measured on the random slice by cross-fitting.

For every fold of speakers a head is trained on all labels of the other speakers, however those clips were chosen. It is tested on
the slice clips of the held-out speakers. So no label is wasted on a test set, and no head is tested on a speaker that it was
trained on. The slice is a fair sample; so choosing clips actively does not bias the estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from learner.arrays import BoolArray, Float32Array, Float64Array, Int64Array
from learner.dataset.examples import Examples
from learner.dataset.pool import Pool
from learner.dataset.speaker_norm import NONE
from learner.dataset.tested_slice import Slice
from learner.evaluation.accuracy import UNTRAINED
from learner.heads.fitting import fitted_head
from learner.heads.linear import LinearHead
from learner.heads.normalisation import NormalisationChoice, choose_normalisation


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

    def trained(self, examples: Examples, *, unheard: int | None = None) -> LinearHead | None:
        """The head for these examples; None without any.

        Args:
            unheard: a held-out fold: the head learns from none of its clips, not even unlabelled ones.
        """
        if not len(examples.y):
            return None
        key = self._key(examples, unheard)
        if key not in self._choices:
            # Read once for the decision and the fit: looking up rows costs more than deciding.
            vectors = self.pool.features.rows(examples.clip_ids)
            found = self._choices[key] = choose_normalisation(self.pool, examples.clip_ids, examples.y, vectors)
            self._heads[key, found.normalisation] = self._fitted(examples, vectors, found.normalisation, unheard)
        return self._heads[key, self._choices[key].normalisation]

    def plain(self, examples: Examples, *, unheard: int | None = None) -> LinearHead | None:
        """The same head without normalisation, whatever the decision."""
        if not len(examples.y):
            return None
        key = self._key(examples, unheard)
        if (key, NONE) not in self._heads:
            vectors = self.pool.features.rows(examples.clip_ids)
            self._heads[key, NONE] = self._fitted(examples, vectors, NONE, unheard)
        return self._heads[key, NONE]

    def _key(self, examples: Examples, unheard: int | None) -> bytes:
        key = examples.digest + str(unheard).encode()
        self._used.add(key)
        return key

    def _fitted(self, examples: Examples, vectors: Float32Array, normalisation: str, unheard: int | None) -> LinearHead:
        return fitted_head(self.pool, examples, vectors, C=self.C, normalisation=normalisation, unheard=unheard)

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
    """Predicted label positions of the slice clips, each by a head that was not trained on the clip's fold.

    Whether a head normalises by speaker is decided on the labels that it was trained on.

    Args:
        labels: label id by clip id, to train on; all have features and active labels.
        after_each: called after each fold.
        plain: no head normalises by speaker.
    """
    positions = {label: position for position, label in enumerate(label_ids)}
    predicted = np.full(len(tested.y), UNTRAINED, dtype=np.int64)
    for held_out, head, inputs in _told(heads, tested, labels, plain=plain):
        if head is not None:
            predicted[held_out] = [positions[int(label)] for label in head.predict(inputs)]
        after_each()
    return predicted


def cross_fitted_probabilities(
    heads: FoldHeads, tested: Slice, labels: Mapping[int, int], label_ids: Sequence[int]
) -> Float64Array:
    """Probability of each label by the heads of `cross_fitted`, [clips, labels]; zeros where no head could be trained."""
    found = np.zeros((len(tested.y), len(label_ids)))
    for held_out, head, inputs in _told(heads, tested, labels, plain=False):
        if head is not None:
            found[held_out] = head.probabilities(inputs, label_ids)
    return found


def _told(
    heads: FoldHeads, tested: Slice, labels: Mapping[int, int], *, plain: bool
) -> Iterator[tuple[BoolArray, LinearHead | None, Float32Array]]:
    """For each fold with clips to test: the mask of its clips, the head that was not trained on it, and the head's inputs."""
    tested_ids = np.array(tested.clip_ids, dtype=np.int64)
    for fold, examples in _splits(heads.pool, tested, labels):
        held_out, train = tested.folds == fold, heads.plain if plain else heads.trained
        head = train(examples, unheard=fold)
        normalisation = NONE if head is None else head.normalisation
        yield held_out, head, heads.pool.inputs_of(tested.vectors[held_out], tested_ids[held_out], normalisation)


def normalised_folds(heads: FoldHeads, tested: Slice, labels: Mapping[int, int]) -> int:
    """The number of folds for which `cross_fitted` normalises by speaker."""
    splits = _splits(heads.pool, tested, labels)
    found = [heads.trained(examples, unheard=fold) for fold, examples in splits]
    return sum(head is not None and head.normalisation != NONE for head in found)


def _splits(pool: Pool, tested: Slice, labels: Mapping[int, int]) -> Iterator[tuple[int, Examples]]:
    """Each fold with clips to test, and the examples of all other folds to train on."""
    examples = Examples.of(labels)
    folds = pool.folds.folds(examples.clip_ids)
    for fold in np.unique(tested.folds).tolist():
        yield fold, examples.where(folds != fold)
