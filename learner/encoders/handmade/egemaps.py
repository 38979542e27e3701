"""eGeMAPSv02 functionals through opensmile: 88 hand-made values a clip (Eyben et al. 2016), the usual yardstick of emotion work.

openSMILE is not under Earmark's licence but under audEERING's own, for private, research and educational use only. So it is an
extra that is never installed unless requested by name, and nothing of it is part of Earmark.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError
from typing import Any

import numpy as np

from db.errors import EncoderError
from learner.arrays import Float32Array, Float64Array
from learner.encoders.runtime import release
from learner.encoders.windows import windows

INSTALL = "pip install 'earmark[egemaps]'"
LICENCE = "opensmile, under audEERING's licence for research and other non-commercial use only"
_RATE, _WIDTH = 16_000, 88
_LONGEST = 600 * _RATE
"""Samples at once. Percentiles of a clip do not follow from those of its parts, so longer clips are averaged over parts."""
_SHORTEST = _RATE // 10
"""Below about 60 ms openSMILE has no frame of pitch; shorter clips are padded with silence."""


class EgemapsEncoder:
    """The 88 functionals; openSMILE starts when the first clip comes."""

    name = "egemaps"
    sampling_rate = _RATE
    remark: str | None = None
    dim = _WIDTH

    def __init__(self, *, layers: str | None = None, pooling: str | None = None) -> None:
        if layers is not None:
            raise EncoderError(f"Encoder 'egemaps' has no layers, so {layers!r} cannot be used; leave layers out.")
        if pooling is not None:
            raise EncoderError(
                f"Encoder 'egemaps' has its own statistics over time, so {pooling!r} cannot be used; leave pooling out."
            )
        try:
            self.revision = f"eGeMAPSv02, opensmile {release('opensmile')}"
        except PackageNotFoundError as error:
            raise EncoderError(f"Encoder 'egemaps' needs {LICENCE}; if that suits you, install it with {INSTALL}.") from error

    @property
    def settings(self) -> dict[str, Any]:
        """See `learner.encoders.base.Encoder`."""
        return {"encoder": self.name, "revision": self.revision, "layers": None, "pooling": None, "precision": "float32"}

    def encode(self, waveforms: Sequence[Float32Array]) -> Float32Array:
        """Vectors of shape [n, 88]."""
        return np.array([self.encode_stream([waveform]) for waveform in waveforms], np.float32).reshape(-1, self.dim)

    def encode_stream(self, blocks: Iterable[Float32Array]) -> Float32Array:
        """The vector [88] of one clip; beyond ten minutes the average over its parts, weighted by their lengths.

        Raises:
            EncoderError: openSMILE cannot be loaded or run.
        """
        parts = [(part.own, self._functionals(part.samples)) for part in windows(blocks, size=_LONGEST, least=_RATE)]
        return np.average([part for _, part in parts], axis=0, weights=[length for length, _ in parts]).astype(np.float32)

    def _functionals(self, waveform: Float32Array) -> Float64Array:
        try:
            found = self._smile(np.pad(waveform, (0, max(_SHORTEST - len(waveform), 0))), _RATE)
        except Exception as error:
            raise EncoderError(
                f"Encoder 'egemaps' failed ({type(error).__name__}: {error}); install it again with {INSTALL}."
            ) from error
        # A clip without any voiced frame lacks some of the functionals.
        return np.nan_to_num(np.asarray(found, np.float64).reshape(_WIDTH), posinf=0.0, neginf=0.0)

    @cached_property
    def _smile(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import opensmile
        return opensmile.Smile(
            feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=opensmile.FeatureLevel.Functionals, sampling_rate=_RATE
        )
