"""What the settings of a wav2vec 2.0 checkpoint say of its network."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import fields

from learner.encoders.checkpoint_files import CheckpointFiles, find_files

ARCHITECTURES = ("wav2vec2", "hubert", "wavlm", "wav2vec2-conformer", "data2vec-audio", "unispeech", "unispeech-sat")
"""Model types that take raw waveforms and give hidden states as wav2vec 2.0 does."""
_KERNELS, _STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)
_GEOMETRY = (
    "intermediate_size", "num_attention_heads", "conv_dim", "conv_kernel", "conv_stride", "feat_extract_norm",
    "num_conv_pos_embeddings", "num_conv_pos_embedding_groups", "do_stable_layer_norm", "hidden_act",
)  # fmt: skip
"""Keys of a configuration that decide, besides type and width, how fast a network is."""


class Checkpoint(CheckpointFiles):
    """A checkpoint of the wav2vec 2.0 kind on the local disk."""

    @classmethod
    def of(cls, found: CheckpointFiles) -> Checkpoint:
        """These files, of one of `ARCHITECTURES`, as such a checkpoint."""
        return cls(**{field.name: getattr(found, field.name) for field in fields(CheckpointFiles)})

    @property
    def hidden_size(self) -> int:
        """Values a frame and layer."""
        return int(self.config.get("hidden_size", 768))

    @property
    def transformer_layers(self) -> int:
        """Transformer layers; there is one hidden state more than these."""
        return int(self.config.get("num_hidden_layers", 12))

    @property
    def geometry(self) -> str:
        """What the speed of the network depends on, as a short text: type, width, and a hash of the rest."""
        rest = [self.config.get(key) for key in _GEOMETRY]
        digest = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()[:12]
        return f"{self.config.get('model_type')} of {self.hidden_size}, {digest}"

    @property
    def sampling_rate(self) -> int:
        """Hz."""
        return int(self.preprocessor.get("sampling_rate", 16_000))

    @property
    def stride(self) -> int:
        """Samples from the start of one frame to that of the next."""
        return math.prod(int(stride) for stride in self.config.get("conv_stride", _STRIDES))

    @property
    def receptive_field(self) -> int:
        """Samples that the first frame covers; anything shorter has no frame."""
        kernels = self.config.get("conv_kernel", _KERNELS)
        strides = self.config.get("conv_stride", _STRIDES)
        samples = 1
        for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
            samples = (samples - 1) * int(stride) + int(kernel)
        return samples


def find_checkpoint(name: str, *, revision: str | None = None, may_fetch: bool = True) -> Checkpoint:
    """As `learner.encoders.checkpoint_files.find_files`, for a checkpoint of the wav2vec 2.0 kind.

    Raises:
        EncoderError: as `find_files`, or it is of another kind.
    """
    return Checkpoint.of(find_files(name, among=ARCHITECTURES, revision=revision, may_fetch=may_fetch))
