"""An encoder in name only: benchmarks make up the vectors themselves, as long as those of wav2vec2-base."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DIM = 768


class NominalEncoder:
    """The part of an encoder that a feature store uses."""

    name, revision, dim, sampling_rate = "nominal", "1", DIM, 16_000
    remark: str | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """A name and a revision, whose values do not matter."""
        return {"encoder": self.name, "revision": self.revision}

    def encode(self, waveforms: Any) -> NDArray[np.float32]:
        """Never called."""
        raise NotImplementedError

    encode_stream = encode
