"""Names for arrays by what they hold, so that a signature says it in one word;

shapes stand in the docstrings. Imports numpy only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Waveform = NDArray[np.float32]
"""Samples of one channel, [samples], or of several, [samples, channels]."""
Float32Array = NDArray[np.float32]
"""Features, and what is computed from them at their own precision."""
Float64Array = NDArray[np.float64]
"""What is summed or solved, where float32 would lose digits."""
Float16Array = NDArray[np.float16]
"""Features as they lie on the disk."""
Int64Array = NDArray[np.int64]
"""Clip ids, positions, labels, counts."""
BoolArray = NDArray[np.bool_]
"""Which rows are meant."""
