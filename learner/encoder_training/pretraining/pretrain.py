"""The training loop: seeded step by step, so that a training that was killed continues as if nothing had happened."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from db.errors import EncoderError
from learner.arrays import Float32Array
from learner.encoder_training.augment import SAMPLING_RATE
from learner.encoder_training.card import model_card
from learner.encoder_training.crops import Cropper, SpeechFile
from learner.encoder_training.loss_log import LossLog
from learner.encoder_training.pretraining.crop_sets import CropSet, CropSets, Recipe
from learner.encoder_training.pretraining.objectives import WEIGHTS, readouts
from learner.encoder_training.pretraining.optimisers import optimisers, set_rate
from learner.encoder_training.pretraining.readout_start import start_at_ridge
from learner.encoder_training.pretraining.settings import PretrainSettings
from learner.encoder_training.pretraining.targets import Targets
from learner.encoder_training.student import gained, save_student, starting_checkpoint, student_of
from learner.encoder_training.training_state import load_state, save_state
from learner.encoders.precision import BFLOAT16, PRECISIONS, chosen_precision
from learner.encoders.runtime import chosen_device
from learner.encoders.wav2vec2.checkpoints import Checkpoint
from learner.encoders.wav2vec2.timing import forward_seconds

CLUSTERS = 200
LARGEST_GRADIENT = 0.5
AVERAGED_OVER = 500
"""Steps that the weights which are kept are averaged over, about. Their errors are lower than those of the last step early in a
training (frames .652 for .670 after 224 steps), and the same at its end (.472 and .471 after 2,860)."""
_MASK_START, _MASK_FRAMES = 0.065, 10
"""Chance of a masked span to begin at a frame, and its length (wav2vec 2.0, Baevski et al. 2020)."""


@dataclass(frozen=True)
class PretrainReport:
    """The result: the last averages of the losses, by name, and the seconds this call took."""

    steps: int
    seconds: float
    losses: dict[str, float]


def pretrain(
    files: Sequence[SpeechFile],
    output: Path,
    *,
    settings: PretrainSettings,
    device: str | None = None,
    progress: Callable[[int, int, dict[str, float]], None] | None = None,
) -> PretrainReport:
    """Train, or continue the training found in `output`, and write the checkpoint there.

    Args:
        files: speech, as `speech_files` finds it.
        output: folder for the checkpoint, `loss.csv`, and a folder `training` with the state to continue from.
        device: a torch device; none takes a GPU where there is one.
        progress: called with steps done, steps to do, and the newest averages of the losses.

    Raises:
        EncoderError: bad settings, a checkpoint or teacher that cannot be loaded, or a training that diverged.
    """
    started = time.monotonic()
    names = settings.objectives
    state = output / "training"
    checkpoint = starting_checkpoint(settings.start, shape=settings.layers_and_width, folder=state / "start", seed=settings.seed)
    cropper = Cropper(files, int(settings.crop_seconds * SAMPLING_RATE), settings.distorted_share)
    crop_sets = CropSets(state, Recipe(cropper, settings.pool_crops, settings.seed, settings.taught_by))
    try:
        trainer = Trainer(names, checkpoint, crop_sets, settings, device=chosen_device(device))
        first = load_state(
            state / "state.safetensors", modules=trainer.modules_, optimisers=trainer.optimisers, settings=settings.as_json()
        )
        if first > settings.steps:
            raise EncoderError(
                f"{output} has been trained for {first} steps; give --steps a larger number, or choose another --output."
            )
        log = LossLog(output / "loss.csv", upto=first)
        for step in range(first, settings.steps):
            log.add(step + 1, trainer.step(step))
            if (step + 1) % settings.save_every == 0 or step + 1 == settings.steps:
                # The log is written first: it may be ahead of the state, never behind it.
                log.flush()
                save_state(
                    state / "state.safetensors",
                    modules=trainer.modules_,
                    optimisers=trainer.optimisers,
                    step=step + 1,
                    settings=settings.as_json(),
                )
            if progress:
                progress(step + 1, settings.steps, log.newest)
    finally:
        crop_sets.close()
    card = model_card(files, vars(settings), checkpoint=checkpoint, losses=log.newest)
    half = settings.start is None or settings.shape is not None
    save_student(trainer.averaged, checkpoint, output, half=half, card=card)
    return PretrainReport(settings.steps, time.monotonic() - started, log.newest)


class Trainer:
    """Model, readouts and optimiser, one step after the other."""

    def __init__(
        self, names: Sequence[str], checkpoint: Checkpoint, crop_sets: CropSets, settings: PretrainSettings, *, device: str
    ) -> None:
        self._settings = settings
        self._checkpoint = checkpoint
        self._crop_sets = crop_sets
        self._device = device
        self._loaded: tuple[int, CropSet] | None = None
        torch.manual_seed(settings.seed)
        self.model = student_of(checkpoint)
        statistics = crop_sets.statistics()
        centres = _clusters(crop_sets.get(0), settings.seed) if "masked" in names else None
        self._masked = "masked" in names
        self._readouts = readouts(
            names, self.model, widths=statistics.widths, centres=centres, of_teacher=Targets(settings.taught_by).spacing
        )
        self.averaged = copy.deepcopy(self.model)
        self.modules_ = nn.ModuleDict({"model": self.model, "readouts": self._readouts, "averaged": self.averaged}).to(device)
        self.optimisers = optimisers(settings.optimiser, self.model, self._readouts, learning_rate=settings.learning_rate)
        self._lower = _precision(self.model, checkpoint, device) == BFLOAT16
        if settings.start is not None:
            start_at_ridge(self._readouts, crop_sets.get(0), hidden_of=self._hidden_unmasked, device=device)

    def step(self, number: int) -> dict[str, float]:
        """Train on one batch; the losses by objective."""
        settings = self._settings
        torch.manual_seed(settings.seed * 1_000_003 + number)
        share = share_of_rate(number, steps=settings.steps, warmup=settings.warmup)
        set_rate(self.optimisers, settings.learning_rate * share)
        batch = {name: torch.from_numpy(array).to(self._device) for name, array in self._batch(number).items()}
        waveforms = gained(batch.pop("waveforms"), self._checkpoint)
        mask = self._mask(number, len(waveforms), waveforms.shape[1]) if self._masked else None
        kind = self._device.split(":")[0]
        with torch.autocast(kind, dtype=torch.bfloat16) if self._lower else nullcontext():
            hidden = self.model(waveforms, mask_time_indices=mask, output_hidden_states=True).hidden_states
        if mask is not None:
            batch["masked"] = mask
        losses = {name: readout(hidden, batch) for name, readout in self._readouts.items()}
        self.modules_.zero_grad(set_to_none=True)
        weighted = [WEIGHTS.get(name, 1.0) * loss for name, loss in losses.items()]
        torch.stack(weighted).sum().backward()  # type: ignore[no-untyped-call]
        for weights in (*self.model.parameters(), *self._readouts.parameters()):
            # One by one: the gradients of the first convolutions have heavy tails, which must not slow the other weights down.
            nn.utils.clip_grad_norm_(weights, LARGEST_GRADIENT)
        for optimiser in self.optimisers:
            optimiser.step()
        self._average(number)
        values = {name: float(loss.detach()) for name, loss in losses.items()}
        if not all(math.isfinite(loss) for loss in values.values()):
            raise EncoderError(
                f"The training diverged at step {number + 1} (a loss is not a number); "
                "start again in another --output with a smaller --learning-rate."
            )
        return values

    def _hidden_unmasked(self, waveforms: torch.Tensor) -> Any:
        return self.model(gained(waveforms, self._checkpoint), output_hidden_states=True).hidden_states

    def _average(self, number: int) -> None:
        """Move the averaged weights towards the newest, faster in the beginning."""
        kept = min(1 - 1 / AVERAGED_OVER, (number + 1) / (number + 10))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.averaged.parameters()), list(self.model.parameters()), 1 - kept)

    def _batch(self, number: int) -> dict[str, Float32Array]:
        settings = self._settings
        a_pass = settings.pool_crops // settings.batch
        set_number, rest = divmod(number, a_pass * settings.passes)
        this_pass, position = divmod(rest, a_pass)
        if self._loaded is None or self._loaded[0] != set_number:
            self._loaded = set_number, self._crop_sets.get(set_number)
            if (set_number + 1) * a_pass * settings.passes < settings.steps:
                self._crop_sets.prepare(set_number + 1)
        order = np.random.default_rng([settings.seed, set_number, this_pass]).permutation(settings.pool_crops)
        return self._loaded[1].batch(np.sort(order[position * settings.batch : (position + 1) * settings.batch]))

    def _mask(self, number: int, clips: int, samples: int) -> torch.Tensor:
        """[clips, frames]: about half of the frames, in spans; at least one span a clip."""
        model: Any = self.model
        frames = int(model._get_feat_extract_output_lengths(torch.tensor(samples)))
        rng = np.random.default_rng([self._settings.seed, 1, number])
        starts = rng.random((clips, frames)) < _MASK_START
        starts[np.arange(clips), rng.integers(0, max(frames - _MASK_FRAMES, 1), clips)] = True
        mask = np.zeros((clips, frames), bool)
        for shift in range(_MASK_FRAMES):
            mask[:, shift:] |= starts[:, : frames - shift]
        return torch.from_numpy(mask).to(self._device)


def _precision(model: Any, checkpoint: Checkpoint, device: str) -> str:
    """The faster one for what training computes: the model as it is, in autocast where that is bf16."""

    def measured() -> dict[str, float]:
        rate = checkpoint.sampling_rate
        return {each: forward_seconds(model, device=device, sampling_rate=rate, precision=each) for each in PRECISIONS}

    return chosen_precision(device, geometry=f"training, {checkpoint.geometry}", measure=measured)


def share_of_rate(step: int, *, steps: int, warmup: int) -> float:
    """Share of the learning rate at a step: a linear rise, then half a cosine down to nearly nothing."""
    rise = min(warmup, max(steps // 10, 1))
    if step < rise:
        return (step + 1) / rise
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(steps - rise, 1)))


def _clusters(crop_set: CropSet, seed: int) -> torch.Tensor:
    """Centres [CLUSTERS, width] of the frames' descriptors."""
    from sklearn.cluster import MiniBatchKMeans

    rows = np.arange(min(len(crop_set), 512), dtype=np.int64)
    frames = crop_set.batch(rows)["frames"]
    found = MiniBatchKMeans(min(CLUSTERS, frames[:, 0].size // 2), random_state=seed, n_init=1, batch_size=4096)
    return torch.from_numpy(found.fit(frames.reshape(-1, frames.shape[2])).cluster_centers_.astype(np.float32))
