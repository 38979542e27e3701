"""The phases of one fold and run, each with a state of its own on disk, so that each can be continued."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from learner.arrays import Float32Array, Int64Array
from learner.encoder_training.frames.convolutions import frames_per_second
from learner.encoder_training.frames.transformer import FrameTransformer
from learner.encoders.hidden_layers import LEAST_WIDTH
from learner.encoders.loading import load_model
from learner.encoders.pooling import parse_layers
from learner.encoders.precision import FLOAT32, PRECISIONS, chosen_precision
from learner.encoders.wav2vec2.checkpoints import Checkpoint
from learner.encoders.wav2vec2.encoder import Wav2Vec2Encoder
from learner.encoders.wav2vec2.timing import forward_seconds
from learner.finetuning.folds import Fold
from learner.finetuning.recipe import ANYONE, MEAN, SHIPPED, TAPT, Pretraining, Recipe, Supervised
from learner.finetuning.recipe import PseudoLabels as PseudoLabelRecipe
from learner.finetuning.shipped_head import fitted_in_voices
from learner.finetuning.training.clip_frames import OWN_VOICE, ClipFrames
from learner.finetuning.training.contrastive import ContrastiveJob
from learner.finetuning.training.crops import MaskedCrops
from learner.finetuning.training.masked_prediction import MaskedPredictionJob, PseudoLabels
from learner.finetuning.training.network import ClipClassifier
from learner.finetuning.training.steps import Ended, Job, cannot_be_written, carry_through
from learner.finetuning.training.supervised import SupervisedJob

Weights = dict[str, torch.Tensor]
"""Of a transformer."""


class Phases:
    """What the phases of a fold and run share."""

    def __init__(
        self, frames: ClipFrames, checkpoint: Checkpoint, speakers: Sequence[str | None], y: Int64Array, fold: Fold,
        labelled: Int64Array, *, classes: int, device: str, seed: int, folder: Path, settings: dict[str, Any],
        moved: Callable[[int], None], shared: dict[int, Float32Array],
    ) -> None:  # fmt: skip
        """`shared`: vectors of all clips by voice, which all folds and runs need, and the first computes."""
        self.frames, self.checkpoint, self.fold = frames, checkpoint, fold
        self.device, self.seed, self.folder = device, seed, folder
        self._speakers, self._y, self._labelled, self._classes = speakers, y, labelled, classes
        self._settings, self._moved, self._shared = settings, moved, shared
        self.seconds, self.remarks = 0.0, list[str]()
        self._steps = 0

    def pretrained(self, method: str, recipe: Recipe) -> Weights:
        """The transformer after continued pre-training on the clips of the training fold."""
        if method == TAPT:
            contrastive = ContrastiveJob(
                self.checkpoint,
                self._crops(recipe.contrastive),
                precision=training_precision(self.checkpoint, self.device),
                recipe=recipe.contrastive,
                seed=self.seed,
            )
            self.carry(contrastive, "tapt")
            return contrastive.weights
        job = self._prediction_of(recipe.pseudo_labels)
        self.carry(job, "p-tapt")
        return job.weights

    def _prediction_of(self, recipe: PseudoLabelRecipe) -> MaskedPredictionJob:
        """The phase that predicts pseudo-labels; first those that they come from, where these are not finished."""
        features = self.supervised(recipe.features, weights=None)
        self.carry(features, "features")
        began = time.monotonic()
        rows = self.fold.train
        states, lengths = features.last_layer(rows)
        try:
            labels = PseudoLabels.of(
                states, rows, lengths, wanted=recipe.clusters, seed=self.seed, path=self.folder / "clusters.safetensors"
            )
        except OSError as error:
            raise cannot_be_written(self.folder, error) from error
        self.seconds += time.monotonic() - began
        # Its weights and their moments are as large as what is to be trained now.
        del features, states
        crops = self._crops(recipe.pretraining)
        return MaskedPredictionJob(self.transformer(), crops, labels, recipe=recipe.pretraining, seed=self.seed)

    def _crops(self, recipe: Pretraining) -> MaskedCrops:
        return MaskedCrops(
            self.fold.train,
            self.frames.__getitem__,
            recipe,
            frames_per_second=frames_per_second(self.checkpoint),
            device=self.device,
            seed=self.seed,
        )

    def vft(self, recipe: Supervised, *, weights: Weights | None) -> Int64Array:
        """Classes of the held-out clips after V-FT of the checkpoint, or of a transformer with these weights."""
        return self.tuned(recipe, weights=weights).predictions(self.fold.test)

    def tuned(self, recipe: Supervised, *, weights: Weights | None) -> SupervisedJob:
        """V-FT that has ended."""
        job = self.supervised(recipe, weights=weights)
        self.carry(job, "v-ft")
        return job

    def supervised(self, recipe: Supervised, *, weights: Weights | None) -> SupervisedJob:
        """V-FT that has not begun."""
        torch.manual_seed(self.seed)
        transformer = self.transformer(weights)
        encoder = Wav2Vec2Encoder(self.checkpoint)
        shipped = recipe.head in (SHIPPED, ANYONE)
        layers = parse_layers(encoder.settings["layers"], count=encoder.hidden_layers).indices if shipped else None
        pooling = encoder.settings["pooling"] if shipped else "mean"
        network = ClipClassifier(transformer, layers=layers, pooling=pooling, classes=self._classes, relu=recipe.head == MEAN)
        job = SupervisedJob(
            network, self.frames, self._y, self._labelled, recipe=recipe,
            frames_per_second=frames_per_second(self.checkpoint), device=self.device, seed=self.seed,
        )  # fmt: skip
        if recipe.head != MEAN:
            vectors = self._vectors(job, recipe, shared=weights is None)
            head = fitted_in_voices(
                vectors, self._y, self._speakers, self.fold, self._labelled, classes=self._classes, by_speaker=recipe.by_speaker
            )
            job.starts_as(head, vectors[OWN_VOICE], self._speakers, self.fold)
        return job

    def _vectors(self, job: SupervisedJob, recipe: Supervised, *, shared: bool) -> list[Float32Array]:
        """Of all clips [clips, width] in each voice; those of the network as it is published are the same in all folds."""
        known = self._shared if shared else {}
        for voice in range(recipe.voices + 1):
            if voice not in known:
                known[voice] = job.in_voice(voice)
        return [known[voice] for voice in range(recipe.voices + 1)]

    def transformer(self, weights: Weights | None = None) -> FrameTransformer:
        """That of the checkpoint, or with other weights."""
        found = FrameTransformer(load_model(self.checkpoint), precision=training_precision(self.checkpoint, self.device))
        if weights is not None:
            found.load_state_dict(weights)
        return found.to(self.device)

    def carry(self, job: Job, phase: str) -> Ended:
        """Train a phase to its end, or continue it."""
        before = self._steps

        def moved(step: int) -> None:
            self._moved(before + step)

        ended = carry_through(job, self.folder / f"{phase}.safetensors", settings=self._settings, moved=moved)
        self._steps += job.steps
        self.seconds += ended.seconds
        if ended.early:
            self.remarks.append(
                f"{phase}: the loss was not a number several times in a row; "
                f"the weights are those of step {ended.at} of {job.steps}."
            )
        elif ended.skipped:
            self.remarks.append(f"{phase}: {ended.skipped} of {job.steps} steps were skipped, their loss was not a number.")
        return ended


def training_precision(checkpoint: Checkpoint, device: str) -> str:
    """The faster one on this machine; small networks compute in float32."""
    if checkpoint.hidden_size < LEAST_WIDTH:
        return FLOAT32

    def measured() -> dict[str, float]:
        model, rate = load_model(checkpoint).to(device), checkpoint.sampling_rate
        return {each: forward_seconds(model, device=device, sampling_rate=rate, precision=each) for each in PRECISIONS}

    return chosen_precision(device, geometry=f"training, {checkpoint.geometry}", measure=measured)
