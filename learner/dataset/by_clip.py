"""A value for each clip: a mapping from clip ids that holds a million clips in a few megabytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from learner.arrays import Int64Array

Value = TypeVar("Value")


class ByClip(Mapping[int, Value]):
    """Values by clip id; for many clips at once it returns an array."""

    def __init__(self, clip_ids: Int64Array, values: NDArray[Any]) -> None:
        """`clip_ids` [n] are in ascending order; `values` [n] belong to them: numbers or objects."""
        self.clip_ids = clip_ids
        self.array = values

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, Value]]) -> ByClip[Value]:
        """From (clip id, value) pairs; the values are kept as objects."""
        known = sorted(dict(pairs).items(), key=lambda pair: pair[0])
        values = np.empty(len(known), dtype=np.object_)
        values[:] = [value for _, value in known]
        return cls(np.array([clip for clip, _ in known], dtype=np.int64), values)

    def __getitem__(self, clip_id: int) -> Value:
        value: Value = self.of_clips([clip_id]).item()
        return value

    def __iter__(self) -> Iterator[int]:
        yield from self.clip_ids.tolist()

    def __len__(self) -> int:
        return len(self.clip_ids)

    def of_clips(self, clip_ids: Sequence[int] | Int64Array) -> NDArray[Any]:
        """The values [n] of these clips, in this order.

        Raises:
            KeyError: a clip has none.
        """
        wanted = np.asarray(clip_ids, dtype=np.int64)
        places = np.searchsorted(self.clip_ids, wanted)
        places[places == len(self.clip_ids)] = 0
        if len(wanted) and (not len(self.clip_ids) or not np.array_equal(self.clip_ids[places], wanted)):
            raise KeyError(int(wanted[~np.isin(wanted, self.clip_ids)][0]))
        found: NDArray[Any] = self.array[places]
        return found
