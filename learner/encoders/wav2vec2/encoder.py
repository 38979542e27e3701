"""wav2vec 2.0 and its relatives through transformers: hidden layers, pooled over time.

Clips are encoded unpadded, since the group norm of wav2vec2-base lets padding change every frame; on a GPU clips of exactly
equal length share a batch. Nothing is unpickled: safetensors, or `torch.load(weights_only=True)`, and no code of a checkpoint is
ever run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from db.errors import EncoderError
from learner.arrays import Float32Array, Waveform
from learner.encoders.memory import forget_cached_memory, is_out_of_memory
from learner.encoders.pooling import Layers, Moments, checked_pooling, parse_layers, pooled_width
from learner.encoders.precision import BFLOAT16, FLOAT32, chosen_precision
from learner.encoders.runtime import chosen_device, release
from learner.encoders.wav2vec2.checkpoints import Checkpoint, find_checkpoint
from learner.encoders.wav2vec2.cpu_inference import prepare_for_cpu
from learner.encoders.wav2vec2.loading import load_model
from learner.encoders.wav2vec2.timing import seconds_by_precision
from learner.encoders.windows import Window, windows

WINDOW_SECONDS, CONTEXT_SECONDS = 30, 1
"""For long clips: what a window owns, and how much context it has on either side."""
_LEAST_SECONDS = 1
LEAST_WIDTH = 256
"""Narrower networks spend their time between products, where bf16 gains nothing: they always compute in float32."""
_LEVEL, _QUIETEST = 0.05, 1e-4
"""Reference and smallest root mean square of the soft gain, full scale being 1."""


def wav2vec2_encoder(
    name: str,
    *,
    layers: str | None = None,
    pooling: str | None = None,
    device: str | None = None,
    revision: str | None = None,
    precision: str | None = None,
) -> Wav2Vec2Encoder:
    """See `learner.encoders.registry.encoder_named`."""
    checkpoint = find_checkpoint(name, revision=revision)
    return Wav2Vec2Encoder(checkpoint, layers=layers, pooling=pooling, device=device, precision=precision)


class Wav2Vec2Encoder:
    """One checkpoint with its layers and pooling; the model is loaded when the first clip comes."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        layers: str | None = None,
        pooling: str | None = None,
        device: str | None = None,
        precision: str | None = None,
    ) -> None:
        self._checkpoint = checkpoint
        self._layers_text = (layers or default_layers(checkpoint)).replace(" ", "").lower()
        self._layers: Layers = parse_layers(self._layers_text, count=checkpoint.transformer_layers + 1)
        self._pooling = checked_pooling(pooling or str(checkpoint.preprocessor.get("earmark_pooling", "mean")))
        self._gain = gain_of(checkpoint)
        self._device_asked, self._precision_asked = device, precision

    def in_precision(self, precision: str) -> Wav2Vec2Encoder:
        """The same encoder, computing in `float32` or `bfloat16`, unless its checkpoint sets another."""
        return Wav2Vec2Encoder(
            self._checkpoint, layers=self._layers_text, pooling=self._pooling, device=self._device_asked, precision=precision
        )

    @property
    def name(self) -> str:
        """`bundled`, an absolute folder or a hub id."""
        return self._checkpoint.name

    @property
    def revision(self) -> str:
        """Commit of the hub, or a hash of the weights and configuration."""
        return self._checkpoint.revision

    @property
    def sampling_rate(self) -> int:
        """Hz of the waveforms it takes."""
        return self._checkpoint.sampling_rate

    @property
    def remark(self) -> str | None:
        """A warning for checkpoints that were fine-tuned: they have lost much of what their task does not need."""
        task = self._checkpoint.fine_tuned_for
        if task is None:
            return None
        return (
            f"Encoder {self.name!r} was fine-tuned ({task}), which removes voices and emotions from its features; "
            f"a checkpoint that was pre-trained only, such as facebook/wav2vec2-base, is usually better."
        )

    @property
    def hidden_layers(self) -> int:
        """How many hidden layers may be pooled, the input of the first transformer layer included."""
        return self._checkpoint.transformer_layers + 1

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return pooled_width(self._checkpoint.hidden_size * self._layers.parts, pooling=self._pooling)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """See `Encoder`. In float32 all devices agree to within the float16 of the store; in bf16 they do not."""
        settings = {
            "encoder": self.name,
            "origin": self._checkpoint.origin,
            "revision": self.revision,
            "layers": self._layers_text,
            "pooling": self._pooling,
            "gain": self._gain,
            "window_seconds": WINDOW_SECONDS,
            "context_seconds": CONTEXT_SECONDS,
            "precision": self._precision,
            "torch": release("torch"),
            "transformers": release("transformers"),
        }
        return settings if self._precision == FLOAT32 else {**settings, "device": self._device.split(":")[0]}

    def encode(self, waveforms: Sequence[Waveform]) -> Float32Array:
        """Vectors of shape [n, dim] for mono waveforms at `sampling_rate`.

        One that is not finite stays so: its clip is to be set aside, and no other.

        Raises:
            EncoderError: the checkpoint cannot be loaded.
        """
        moments = [Moments() for _ in waveforms]
        jobs = [(clip, window) for clip, waveform in enumerate(waveforms) for window in self._windows([waveform])]
        # A stable sort: the windows of one clip keep their order.
        jobs.sort(key=lambda job: job[1].shape)
        for batch in _equal_batches(jobs, largest_batch(self._device)):
            self._pool([window for _, window in batch], [moments[clip] for clip, _ in batch])
        return np.stack([pooled.pooled(self._pooling) for pooled in moments]) if moments else np.zeros((0, self.dim), np.float32)

    def encode_stream(self, blocks: Iterable[Waveform]) -> Float32Array:
        """The vector [dim] of one long clip that arrives in blocks; memory does not grow with its length.

        Raises:
            EncoderError: as `encode`, or there is no memory for even a second of audio.
        """
        moments = Moments()
        for window in self._windows(blocks):
            self._pool([window], [moments])
        return moments.pooled(self._pooling)

    def _windows(self, blocks: Iterable[Waveform]) -> Iterator[Window]:
        stride = self._checkpoint.stride
        size, context = (seconds * self.sampling_rate // stride * stride for seconds in (WINDOW_SECONDS, CONTEXT_SECONDS))
        yield from windows(blocks, size=size, least=_LEAST_SECONDS * self.sampling_rate, context=context)

    def _pool(self, batch: list[Window], moments: list[Moments]) -> None:
        """Add the frames of windows of the same shape to the moments of their clips; in smaller portions if memory is short."""
        try:
            found = self._statistics(batch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            found = None
        # Not in the handler: there, the error would still hold the memory that was allocated.
        if found is None:
            forget_cached_memory(self._device)
            self._pool_in_portions(batch, moments)
            return
        frames, means, squares = found
        for index, pooled in enumerate(moments):
            pooled.merge(frames, means[index], squares[index])

    def _pool_in_portions(self, batch: list[Window], moments: list[Moments]) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            self._pool(batch[:middle], moments[:middle])
            self._pool(batch[middle:], moments[middle:])
            return
        window = batch[0]
        if window.own < 2 * _LEAST_SECONDS * self.sampling_rate:
            raise EncoderError(
                f"There is not enough memory for {self.name!r} to encode {window.own / self.sampling_rate:.1f} s of audio; "
                "close other programs or choose a smaller encoder."
            )
        stride = self._checkpoint.stride
        context = CONTEXT_SECONDS * self.sampling_rate // stride * stride
        for half in window.halves(context=context, stride=stride):
            self._pool([half], moments)

    def _statistics(self, batch: list[Window]) -> tuple[int, Float32Array, Float32Array]:
        """How many frames count, their means [n, width], and sums of squared deviations from these [n, width]."""
        import torch

        lower = self._precision == BFLOAT16
        model, device = self._model, self._device
        waveforms = torch.from_numpy(np.stack([self._prepared(window.samples) for window in batch])).to(device)
        with torch.inference_mode(), torch.autocast(device.split(":")[0], dtype=torch.bfloat16) if lower else nullcontext():
            hidden = model(waveforms, output_hidden_states=True).hidden_states
        with torch.inference_mode():
            counted = batch[0].frames(stride=self._checkpoint.stride)
            chosen = [hidden[index][:, counted].float() for index in self._layers.indices]
            average = [torch.stack(chosen).mean(dim=0)] if self._layers.averaged else []
            frames = torch.cat((chosen if self._layers.apart else []) + average, dim=2)
            mean = frames.mean(dim=1, keepdim=True)
            squares = (frames - mean).square().sum(dim=1).cpu().numpy()
            return frames.shape[1], mean[:, 0].cpu().numpy(), squares

    def _prepared(self, samples: Waveform) -> Waveform:
        lacking = self._checkpoint.receptive_field - len(samples)
        return with_gain(np.pad(samples, (0, lacking)) if lacking > 0 else samples, self._gain)

    @cached_property
    def _device(self) -> str:
        return chosen_device(self._device_asked)

    @cached_property
    def _precision(self) -> str:
        # The bundled checkpoint sets float32, which keeps its features the same on every machine and is fast enough.
        fixed = self._checkpoint.preprocessor.get("earmark_precision") or self._precision_asked
        if fixed is not None:
            return str(fixed)
        if self._checkpoint.hidden_size < LEAST_WIDTH:
            return FLOAT32
        return chosen_precision(
            self._device,
            geometry=f"{self._checkpoint.geometry}, layer {max(self._layers.indices)}",
            measure=lambda: seconds_by_precision(self._loaded(), device=self._device, sampling_rate=self.sampling_rate),
        )

    def _loaded(self) -> Any:
        """The model without the layers that are not needed."""
        model = load_model(self._checkpoint)
        highest = max(self._layers.indices)
        if highest < len(model.encoder.layers):
            # The last hidden state that is left would otherwise be the one behind a final layer norm.
            model.config.tie_last_hidden_states = False
            # Hidden state 0, the input of the first layer, is recorded where that layer runs.
            del model.encoder.layers[max(highest, 1) :]
        return model

    @cached_property
    def _model(self) -> Any:
        model = self._loaded()
        if self._device == "cpu":
            prepare_for_cpu(model, precision=self._precision)
        try:
            return model.to(self._device)
        except (RuntimeError, AssertionError) as error:
            raise EncoderError(f"Device {self._device!r} cannot be used for {self.name!r} ({error}); choose cpu.") from error


def default_layers(checkpoint: Checkpoint) -> str:
    """The layers that the checkpoint sets; else 5 of wav2vec2-base, the best one for emotion; for other depths, 5/12 of it."""
    return str(checkpoint.preprocessor.get("earmark_layers") or round(checkpoint.transformer_layers * 5 / 12))


def gain_of(checkpoint: Checkpoint) -> str:
    """`normalize` as the feature extractor of transformers does, `soft` or `none`."""
    usual = "normalize" if checkpoint.preprocessor.get("do_normalize", True) else "none"
    gain = str(checkpoint.preprocessor.get("earmark_gain") or usual)
    if gain not in {"normalize", "soft", "none"}:
        raise EncoderError(
            f"Encoder {checkpoint.name!r} sets the gain {gain!r}; write normalize, soft or none in its preprocessor_config.json."
        )
    return gain


def with_gain(waveform: Waveform, gain: str) -> Waveform:
    """The waveform at the level the encoder expects.

    `normalize`: zero mean and unit variance; `soft`: half of the level differences (in dB) between clips stay; `none`: as it is.
    """
    if gain == "normalize":
        # In float64: float32 would lose digits in the sum of 30 s of squares, which the published checkpoints were trained with.
        mean, variance = waveform.mean(dtype=np.float64), waveform.var(dtype=np.float64)
        return ((waveform - np.float32(mean)) / np.float32(np.sqrt(variance + 1e-7))).astype(np.float32)
    if gain == "soft":
        level = float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
        return (waveform * np.float32(soft_gain_factor(level))).astype(np.float32)
    return waveform


def soft_gain_factor(level: Any) -> Any:
    """What to multiply by at a root mean square of `level` (a number or tensor)."""
    louder = level.clamp(min=_QUIETEST) if hasattr(level, "clamp") else max(level, _QUIETEST)
    return (_LEVEL / louder) ** 0.5


def largest_batch(device: str) -> int:
    """Windows in a batch, at most; on a CPU clips are encoded one by one, which takes the memory of one."""
    return 1 if device == "cpu" else 16


def _equal_batches(jobs: list[tuple[int, Window]], largest: int) -> Iterator[list[tuple[int, Window]]]:
    start = 0
    while start < len(jobs):
        shape = jobs[start][1].shape
        batch = [job for job in islice(jobs, start, start + largest) if job[1].shape == shape]
        yield batch
        start += len(batch)
