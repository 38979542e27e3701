"""What becomes of values on their way into a feature set."""

from __future__ import annotations

import numpy as np

from learner.features.precision import DTYPE, as_stored


def test_values_are_rounded_to_float16_and_stay_finite() -> None:
    stored = as_stored(np.array([[1.0, 1 / 3, 65504.0], [1e6, -1e6, np.inf]], np.float32))
    assert stored.dtype == np.dtype(DTYPE)
    np.testing.assert_array_equal(stored[0], np.array([1.0, 1 / 3, 65504.0], np.float16))
    assert stored[1].tolist() == [65504, -65504, 65504]


def test_a_single_vector_will_do() -> None:
    assert as_stored(np.array([0.5, 70000.0], np.float32)).tolist() == [0.5, 65504]
