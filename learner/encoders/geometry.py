"""What windows, pooling, precision and teaching must know of a network that is encoded with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Geometry:
    """What windows, pooling and precision must know of a network."""

    hidden_size: int
    """Values a frame and layer."""
    hidden_layers: int
    """Layers that may be pooled, the input of the first transformer layer included."""
    sampling_rate: int
    stride: int
    """Samples from the start of one frame to that of the next."""
    window_seconds: float
    """What a window of a long clip owns ..."""
    context_seconds: float
    """... and how much context it has on either side, so that no window is longer than the first with twice the second (or with
    the second and `least_seconds`, in the last window)."""
    speed: str
    """What the speed of the network depends on, as a short text."""
    least_seconds: float = 1
    centre: float | None = None
    """The sample in the middle of what the first frame sees; none where frames do not follow each other in time."""

    def samples(self, seconds: float) -> int:
        """Whole frames of about so many seconds."""
        return int(seconds * self.sampling_rate) // self.stride * self.stride
