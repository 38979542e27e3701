"""One fold and run of each method: the frozen head, or a network that is tuned in one or several phases."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from db.errors import EncoderError
from learner.arrays import Float32Array, Int64Array
from learner.corpora.candidates import Candidate, ProbedEncoder
from learner.corpora.clips import LeftOut, ProbeClip
from learner.corpora.encoding import encode_clips
from learner.corpora.vector_cache import VectorCache
from learner.encoders.registry import encoder_named
from learner.encoders.runtime import chosen_device
from learner.encoders.wav2vec2.checkpoints import ARCHITECTURES, Checkpoint, find_checkpoint
from learner.finetuning.folds import Fold
from learner.finetuning.recipe import ANYONE, PLAIN, V_FT, Recipe, Supervised
from learner.finetuning.result import RunOfFold
from learner.finetuning.shipped_head import fitted
from learner.finetuning.training.clip_frames import ClipFrames
from learner.finetuning.training.memory_need import check_memory
from learner.progress import Watch

if TYPE_CHECKING:
    from torch import Tensor

    from learner.finetuning.training.phases import Phases

Moved = Callable[[int], None]
"""Called with the steps that are done, those of earlier phases included."""


class Runs(Protocol):
    """Trains one method fold by fold."""

    clips: list[ProbeClip]
    """Those whose audio can be read."""
    left_out: list[LeftOut]
    fingerprint: dict[str, Any]
    """What results depend on besides settings and clips."""

    def train(
        self, method: str, y: Int64Array, fold: Fold, labelled: Int64Array, *,
        seed: Sequence[int], classes: int, recipe: Recipe, folder: Path, settings: dict[str, Any], moved: Moved,
    ) -> RunOfFold:  # fmt: skip
        """Learn from the labels of the rows `labelled`, predict the held-out clips.

        Args:
            y: class of each clip; of clips outside of `labelled` it is not looked at.
            folder: for states of the training.
            settings: what these belong to.
        """


class frozen_runs:  # noqa: N801 (it is called as a function)
    """`frozen`: the shipped head on the encoder's own vectors, of any encoder."""

    def __init__(self, clips: Sequence[ProbeClip], encoder: str, *, cache: Path, device: str | None, watch: Watch) -> None:
        asked = encoder_named(encoder, device=device).settings
        probed = ProbedEncoder(encoder)
        known = VectorCache(cache, fingerprint=probed.fingerprint, width=probed.encoder.dim)
        with watch(f"encode with {probed.name}", "clip") as moved:
            found = encode_clips(clips, probed.encoder, known, progress=moved)
        candidate = Candidate(probed.name, asked["layers"], asked["pooling"], speaker_norm=False)
        self._vectors: Float32Array = probed.features(found.vectors[found.encoded], candidate)
        self.clips = [clip for clip, encoded in zip(clips, found.encoded, strict=True) if encoded]
        self.left_out = found.left_out
        self.fingerprint: dict[str, Any] = {"weights": probed.encoder.revision}

    def train(
        self, method: str, y: Int64Array, fold: Fold, labelled: Int64Array, *,
        seed: Sequence[int], classes: int, recipe: Recipe, folder: Path, settings: dict[str, Any], moved: Moved,
    ) -> RunOfFold:  # fmt: skip
        """See `Runs`; of the recipe only whether its head may know speakers plays a part."""
        began = time.monotonic()
        speakers = [clip.speaker for clip in self.clips]
        by_speaker = recipe.supervised.head not in (ANYONE, PLAIN)
        head = fitted(self._vectors, y, speakers, fold, labelled, classes=classes, by_speaker=by_speaker)
        return RunOfFold(head.predict(self._vectors[fold.test], fold.test), time.monotonic() - began)


@dataclass(frozen=True)
class TrainedNetwork:
    """A network that learned from the labels of all clips."""

    checkpoint: Checkpoint
    """What it was before."""
    transformer: dict[str, Tensor]
    """Its weights without the convolutions, which stayed as they were."""
    coef: Float32Array
    """[classes, width], for vectors pooled as the recipe's head pools them."""
    intercept: Float32Array
    remarks: tuple[str, ...]


class tuned_runs:  # noqa: N801 (it is called as a function)
    """V-FT, alone or after continued pre-training."""

    def __init__(self, clips: Sequence[ProbeClip], encoder: str, *, cache: Path, device: str | None, watch: Watch) -> None:
        self._device = chosen_device(device)
        self._checkpoint, self._shared = tunable(encoder), dict[int, Float32Array]()
        check_memory(self._checkpoint, device=self._device, clip_seconds=Supervised.clip_seconds)
        self._frames = ClipFrames(clips, self._checkpoint, device=self._device)
        with watch("read", "clip") as moved:
            self.clips, self.left_out = self._frames.read(progress=moved)
        self.fingerprint: dict[str, Any] = {"weights": self._checkpoint.revision}

    def train(
        self, method: str, y: Int64Array, fold: Fold, labelled: Int64Array, *,
        seed: Sequence[int], classes: int, recipe: Recipe, folder: Path, settings: dict[str, Any], moved: Moved,
    ) -> RunOfFold:  # fmt: skip
        """See `Runs`."""
        phases = self._phases(y, fold, labelled, seed, classes=classes, folder=folder, settings=settings, moved=moved)
        predicted = phases.vft(recipe.supervised, weights=None if method == V_FT else phases.pretrained(method, recipe))
        return RunOfFold(predicted, phases.seconds, tuple(phases.remarks))

    def train_on_all(
        self, method: str, y: Int64Array, *,
        seed: Sequence[int], classes: int, recipe: Recipe, folder: Path, settings: dict[str, Any], moved: Moved,
    ) -> TrainedNetwork:  # fmt: skip
        """As `train`, on the labels of all clips; nothing is held out. The recipe's head must know no speakers."""
        every = np.arange(len(y))
        fold = Fold((), every, every[:0])
        phases = self._phases(y, fold, every, seed, classes=classes, folder=folder, settings=settings, moved=moved)
        job = phases.tuned(recipe.supervised, weights=None if method == V_FT else phases.pretrained(method, recipe))
        coef, intercept = job.linear_head()
        weights = {name.removeprefix("model."): value for name, value in job.network.transformer.state_dict().items()}
        return TrainedNetwork(self._checkpoint, weights, coef, intercept, tuple(phases.remarks))

    def _phases(
        self, y: Int64Array, fold: Fold, labelled: Int64Array, seed: Sequence[int], *,
        classes: int, folder: Path, settings: dict[str, Any], moved: Moved,
    ) -> Phases:  # fmt: skip
        from learner.finetuning.training.phases import Phases

        number = int(np.random.default_rng(list(seed)).integers(2**31))
        speakers = [clip.speaker for clip in self.clips]
        return Phases(
            self._frames, self._checkpoint, speakers, y, fold, labelled,
            classes=classes, device=self._device, seed=number, folder=folder, settings=settings, moved=moved,
            shared=self._shared,
        )  # fmt: skip


def tunable(encoder: str) -> Checkpoint:
    """The checkpoint of an encoder that can be tuned.

    Raises:
        EncoderError: there is none, or it is of another architecture.
    """
    settings = encoder_named(encoder).settings
    if settings.get("gain") is None:
        raise EncoderError(
            f"Encoder {encoder!r} cannot be fine-tuned: its network is not of the wav2vec 2.0 kind ({', '.join(ARCHITECTURES)}); "
            "choose such a checkpoint, or --method frozen."
        )
    return find_checkpoint(encoder)
