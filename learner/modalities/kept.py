"""What trained attention networks predicted, kept on disk, so that a comparison that was stopped goes on with the next one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from db.store.files import write_whole
from learner.arrays import Int64Array
from learner.corpora.clips import clip_key
from learner.corpora.vector_cache import unwritable
from learner.encoders.registry import encoder_named
from learner.features.store import fingerprint_of
from learner.modalities.attention import USUAL
from learner.modalities.material import Material
from learner.modalities.plan import Fold
from learner.modalities.sequences import FRAMES_A_SECOND, MOST_SECONDS, MOST_TOKENS
from learner.text_encoders.encoder import TextEncoder

_VERSION = 1
"""To be raised with every change of the network, its training or its sequences: what was kept before counts for nothing then."""


class KeptPredictions:
    """The predictions for one material by one pair of encoders; a file that is damaged counts for nothing."""

    def __init__(self, folder: Path, material: Material, *, encoder: str, text_encoder: TextEncoder) -> None:
        """Raises EncoderError if the encoder cannot be loaded."""
        clips = [(clip_key(clip), clip.transcript) for clip in material.clips]
        of = [_VERSION, repr(USUAL), FRAMES_A_SECOND, MOST_SECONDS, MOST_TOKENS, fingerprint_of(encoder_named(encoder))]
        content = [of, text_encoder.settings, clips, material.y.tolist()]
        self._folder = folder / _digest(json.dumps(content))

    def get(self, fold: Fold, budget: int) -> Int64Array | None:
        """The classes of the clips that the fold holds out, if they are known."""
        try:
            found = json.loads(self._path(fold, budget).read_text(encoding="utf-8"))
            known = np.array(found, dtype=np.int64)
        except (OSError, ValueError, TypeError, OverflowError, RecursionError):
            return None
        return known if known.shape == fold.tested.shape else None

    def add(self, fold: Fold, budget: int, predicted: Int64Array) -> None:
        """Keep them.

        Raises:
            FeatureError: the folder cannot be written to.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._path(fold, budget), json.dumps(predicted.tolist()), durable=False)
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def _path(self, fold: Fold, budget: int) -> Path:
        return self._folder / f"{_digest(json.dumps([fold.run, fold.order.tolist(), fold.tested.tolist(), budget]))}.json"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
