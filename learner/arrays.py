"""TODO."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


Numbers = NDArray[np.int64]


Weights = NDArray[np.float64]
