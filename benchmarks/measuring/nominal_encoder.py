"""An encoder in name only: the vectors are made up beside it, as long as wav2vec2-base would give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DIM = 768


class NominalEncoder:
    """What a feature store asks of an encoder."""

    name, revision, dim, sampling_rate = "nominal", "1", DIM, 16_000
    remark: str | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """Nothing that matters."""
        return {"encoder": self.name, "revision": self.revision}

    def encode(self, waveforms: Any) -> NDArray[np.float32]:
        """Never called."""
        raise NotImplementedError

    encode_stream = encode
