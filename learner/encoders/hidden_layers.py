"""Encoders that pool the hidden layers of a neural network over time, whatever the network: windows, batches, memory, precision.

A subclass says what its network looks like, loads it, and computes its hidden states; everything else is here. Clips are encoded
unpadded where the network allows that, since padding would change their frames; on a GPU clips of exactly equal length share a
batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from db.errors import EncoderError
from learner.arrays import Float32Array, Waveform
from learner.encoders.checkpoint_files import CheckpointFiles
from learner.encoders.geometry import Geometry
from learner.encoders.memory import forget_cached_memory, is_out_of_memory
from learner.encoders.pooling import Layers, Moments, checked_pooling, parse_layers, pooled_width
from learner.encoders.precision import BFLOAT16, FLOAT32, PRECISIONS, Seconds, chosen_precision
from learner.encoders.runtime import chosen_device, release
from learner.encoders.timing import LENGTHS, quickest_seconds
from learner.encoders.windows import Window, windows

if TYPE_CHECKING:
    from torch import Tensor

LEAST_WIDTH = 256
"""Narrower networks spend their time between products, where bf16 gains nothing: they always compute in float32."""


class HiddenLayerEncoder(ABC):
    """One checkpoint with its layers and pooling; the network is loaded when the first clip comes."""

    usual_pooling = "mean"
    """Unless the checkpoint sets another."""
    libraries: tuple[str, ...] = ("torch", "transformers")
    """Packages whose release vectors may depend on."""
    has_bf16 = True
    """Whether the network computes right in bf16."""

    def __init__(
        self,
        checkpoint: CheckpointFiles,
        *,
        layers: str | None = None,
        pooling: str | None = None,
        device: str | None = None,
        precision: str | None = None,
    ) -> None:
        self._files = checkpoint
        asked = layers or str(checkpoint.preprocessor.get("earmark_layers") or self._usual_layers())
        self._layers_text = asked.replace(" ", "").lower()
        self._layers: Layers = parse_layers(self._layers_text, count=self.hidden_layers)
        self._pooling = checked_pooling(pooling or str(checkpoint.preprocessor.get("earmark_pooling", self.usual_pooling)))
        self._device_asked, self._precision_asked = device, precision

    @property
    @abstractmethod
    def _geometry(self) -> Geometry:
        """What the network looks like, from the configuration alone."""

    @abstractmethod
    def _usual_layers(self) -> str:
        """The layers that are pooled unless others are asked for."""

    @abstractmethod
    def _loaded(self) -> Any:
        """The network in float32 on the CPU, without the layers that are not needed."""

    @abstractmethod
    def _inputs(self, samples: Sequence[Waveform]) -> Tensor:
        """What the network takes for waveforms of equal length, on the device."""

    @abstractmethod
    def _hidden_states(self, network: Any, inputs: Tensor, *, samples: int) -> Sequence[Tensor]:
        """The hidden states [n, frames, width] by layer; those above the highest that is needed may lack.

        Args:
            samples: how long the waveforms were.
        """

    def _prepared(self, network: Any, precision: str) -> Any:
        """The network in the form that computes fastest on the device."""
        if self._device == "cpu":
            import torch

            from learner.encoders.cpu_products import use_fast_products

            use_fast_products(network, dtype=torch.bfloat16 if precision == BFLOAT16 else torch.float32)
        return network

    def _further_settings(self) -> dict[str, Any]:
        """What else vectors depend on."""
        return {}

    def in_precision(self, precision: str) -> Self:
        """The same encoder, computing in `float32` or `bfloat16`, unless its checkpoint sets another."""
        return type(self)(
            self._files, layers=self._layers_text, pooling=self._pooling, device=self._device_asked, precision=precision
        )

    @property
    def name(self) -> str:
        """A built-in name, an absolute folder or a hub id."""
        return self._files.name

    @property
    def revision(self) -> str:
        """Commit of the hub, or a hash of the weights and configuration."""
        return self._files.revision

    @property
    def sampling_rate(self) -> int:
        """Hz of the waveforms it takes."""
        return self._geometry.sampling_rate

    @property
    def remark(self) -> str | None:
        """A warning for checkpoints that were fine-tuned: they have lost much of what their task does not need.

        Not where a checkpoint says itself which layers are to be pooled, as those do that Earmark has trained.
        """
        task = self._files.fine_tuned_for
        if task is None or "earmark_layers" in self._files.preprocessor:
            return None
        return (
            f"Encoder {self.name!r} was fine-tuned ({task}), which removes voices and emotions from its features; "
            f"a checkpoint that was pre-trained only, such as facebook/wav2vec2-base, is usually better."
        )

    @property
    def hidden_layers(self) -> int:
        """How many hidden layers may be pooled, the input of the first transformer layer included."""
        return self._geometry.hidden_layers

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return pooled_width(self._geometry.hidden_size * self._layers.parts, pooling=self._pooling)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """See `Encoder`. In float32 all devices agree to within the float16 of the store; in bf16 they do not."""
        settings = {
            "encoder": self.name,
            "origin": self._files.origin,
            "revision": self.revision,
            "layers": self._layers_text,
            "pooling": self._pooling,
            **self._further_settings(),
            "window_seconds": self._geometry.window_seconds,
            "context_seconds": self._geometry.context_seconds,
            "precision": self._precision,
            **{package: release(package) for package in self.libraries},
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

    @property
    def frame_spacing(self) -> tuple[float, int] | None:
        """Centre of the first frame and distance of frames, in samples; none where frames do not follow each other in time."""
        centre = self._geometry.centre
        return None if centre is None else (centre, self._geometry.stride)

    def frames(self, waveforms: Sequence[Waveform]) -> Float32Array:
        """The chosen layers side by side, [n, frames, width], of a few short waveforms of equal length.

        Raises:
            EncoderError: the checkpoint cannot be loaded.
        """
        import torch

        network = self._network
        with torch.inference_mode():
            hidden = self._computed(network, self._inputs(waveforms), samples=len(waveforms[0]), precision=self._precision)
            found: Float32Array = self._side_by_side(hidden, slice(None)).cpu().numpy()
        return found

    def _side_by_side(self, hidden: Sequence[Tensor], counted: slice) -> Tensor:
        import torch

        chosen = [hidden[index][:, counted].float() for index in self._layers.indices]
        average = [torch.stack(chosen).mean(dim=0)] if self._layers.averaged else []
        return torch.cat((chosen if self._layers.apart else []) + average, dim=2)

    def _windows(self, blocks: Iterable[Waveform]) -> Iterator[Window]:
        shape = self._geometry
        yield from windows(
            blocks,
            size=shape.samples(shape.window_seconds),
            least=int(shape.least_seconds * shape.sampling_rate),
            context=shape.samples(shape.context_seconds),
        )

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
        window, shape = batch[0], self._geometry
        if window.own < 2 * shape.least_seconds * shape.sampling_rate:
            raise EncoderError(
                f"There is not enough memory for {self.name!r} to encode {window.own / self.sampling_rate:.1f} s of audio; "
                "close other programs or choose a smaller encoder."
            )
        for half in window.halves(context=shape.samples(shape.context_seconds), stride=shape.stride):
            self._pool([half], moments)

    def _statistics(self, batch: list[Window]) -> tuple[int, Float32Array, Float32Array]:
        """How many frames count, their means [n, width], and sums of squared deviations from these [n, width]."""
        import torch

        # First of all, so that a device that cannot be used is refused by name.
        network = self._network
        with torch.inference_mode():
            inputs = self._inputs([window.samples for window in batch])
            hidden = self._computed(network, inputs, samples=len(batch[0].samples), precision=self._precision)
            counted = batch[0].frames(stride=self._geometry.stride)
            frames = self._side_by_side(hidden, counted)
            mean = frames.mean(dim=1, keepdim=True)
            squares = (frames - mean).square().sum(dim=1).cpu().numpy()
            return frames.shape[1], mean[:, 0].cpu().numpy(), squares

    def _computed(self, network: Any, inputs: Tensor, *, samples: int, precision: str) -> Sequence[Tensor]:
        import torch

        kind = self._device.split(":")[0]
        with torch.inference_mode(), torch.autocast(kind, dtype=torch.bfloat16) if precision == BFLOAT16 else nullcontext():
            return self._hidden_states(network, inputs, samples=samples)

    def _seconds_by_precision(self) -> Seconds:
        """How long clips of noise take in each precision."""
        network, found = self._loaded(), {}
        for precision in PRECISIONS:
            network = self._prepared(network, precision).to(self._device)
            found[precision] = sum(self._seconds(network, seconds, precision) for seconds in LENGTHS)
        return found

    def _seconds(self, network: Any, length: float, precision: str) -> float:
        import torch

        samples = int(length * self.sampling_rate)
        inputs = self._inputs([np.random.default_rng(0).standard_normal(samples, np.float32) * np.float32(0.1)])

        def run() -> None:
            self._computed(network, inputs, samples=samples, precision=precision)
            if self._device.startswith("cuda"):
                torch.cuda.synchronize()

        return quickest_seconds(run)

    @cached_property
    def _device(self) -> str:
        return chosen_device(self._device_asked)

    @cached_property
    def _precision(self) -> str:
        # The bundled checkpoint sets float32, which keeps its features the same on every machine and is fast enough.
        fixed = self._files.preprocessor.get("earmark_precision") or self._precision_asked
        if fixed is not None:
            return str(fixed)
        if not self.has_bf16 or self._geometry.hidden_size < LEAST_WIDTH:
            return FLOAT32
        return chosen_precision(
            self._device,
            geometry=f"{self._geometry.speed}, layer {max(self._layers.indices)}",
            measure=self._seconds_by_precision,
        )

    @cached_property
    def _network(self) -> Any:
        network = self._prepared(self._loaded(), self._precision)
        try:
            return network.to(self._device)
        except (RuntimeError, AssertionError) as error:
            raise EncoderError(f"Device {self._device!r} cannot be used for {self.name!r} ({error}); choose cpu.") from error


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
