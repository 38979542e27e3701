"""Finds a wav2vec 2.0 checkpoint and reads its configuration: the bundled one, a local folder, or a snapshot of the hub.

It loads no torch, and uses the network only for a hub id that is not yet in the local cache.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from db.errors import EncoderError

ARCHITECTURES = ("wav2vec2", "hubert", "wavlm", "wav2vec2-conformer", "data2vec-audio", "unispeech", "unispeech-sat")
"""Model types that take raw waveforms and give hidden states as wav2vec 2.0 does."""
_KERNELS, _STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)
_GEOMETRY = (
    "intermediate_size", "num_attention_heads", "conv_dim", "conv_kernel", "conv_stride", "feat_extract_norm",
    "num_conv_pos_embeddings", "num_conv_pos_embedding_groups", "do_stable_layer_norm", "hidden_act",
)  # fmt: skip
"""Keys of a configuration that decide, besides type and width, how fast a network is."""
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_SETTINGS = ["config.json", "preprocessor_config.json"]
_SAFE = ["model.safetensors", "model.safetensors.index.json", "model-*.safetensors"]
_BINARY = ["pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-*.bin"]


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint on the local disk."""

    name: str
    """`bundled`, an absolute folder, or a hub id."""
    origin: str
    """`bundled`, `folder` or `hub`."""
    folder: Path
    revision: str
    """Commit hash of the hub, or `sha256:` and a hash of weights and configuration."""
    safe: bool
    """The weights are safetensors; otherwise tensors in a pickle, of which nothing but tensors is read."""
    config: dict[str, Any]
    preprocessor: dict[str, Any]

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
    def fine_tuned_for(self) -> str | None:
        """Class of the model that it was fine-tuned as; None for a network that was pre-trained only."""
        named = self.config.get("architectures") or []
        return next((str(name) for name in named if re.search(r"For(CTC|SequenceClass|AudioFrame|XVector)", str(name))), None)

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
    """Locate a checkpoint and read its configuration; a hub id is downloaded if it is not in the local cache.

    Args:
        may_fetch: whether the network may be used: only for a checkpoint that the user has named.

    Raises:
        EncoderError: there is none of that name, it cannot be fetched, or it is not a wav2vec-2.0-like checkpoint.
    """
    if name == "bundled":
        return _read(name, "bundled", Path(str(files("learner.encoders") / "bundled")))
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return _read(str(folder.resolve()), "folder", folder.resolve())
    if not _HUB_ID.fullmatch(name):
        kind = "There is no folder" if re.match(r"[/.~]|.*/.*/", name) else "There is no encoder"
        raise EncoderError(
            f"{kind} {name!r}; give bundled, logmel, egemaps, a folder with a checkpoint, "
            "or a hub id such as facebook/wav2vec2-base."
        )
    snapshot = _snapshot(name, revision, may_fetch=may_fetch)
    return _read(name, "hub", snapshot, revision=snapshot.name)


def _snapshot(name: str, revision: str | None, *, may_fetch: bool) -> Path:
    from huggingface_hub import snapshot_download

    for offline in (True, False) if may_fetch else (True,):
        for weights in (_SAFE, _BINARY):
            try:
                wanted = _SETTINGS + weights
                found = Path(snapshot_download(name, revision=revision, allow_patterns=wanted, local_files_only=offline))
            except Exception as error:
                if offline:
                    break
                raise EncoderError(
                    f"Encoder {name!r} is not in the local cache and cannot be fetched from the hub ({_brief(error)}); "
                    "download it elsewhere and give the folder with its config.json and weights instead, such as "
                    f"--encoder /models/{name.split('/')[-1]}."
                ) from error
            if (found / "config.json").is_file() and _weights(found):
                return found
    if not may_fetch:
        raise EncoderError(f"Encoder {name!r} is not in the local cache; name it yourself, so that it may be downloaded.")
    raise EncoderError(f"Encoder {name!r} has no model.safetensors or pytorch_model.bin on the hub; choose another checkpoint.")


def _weights(folder: Path) -> list[Path]:
    for patterns in (_SAFE, _BINARY):
        found = sorted(path for pattern in patterns for path in folder.glob(pattern))
        if any(path.suffix != ".json" for path in found):
            return found
    return []


def _read(name: str, origin: str, folder: Path, *, revision: str | None = None) -> Checkpoint:
    config = _json(folder / "config.json", name)
    preprocessor = _json(folder / "preprocessor_config.json", name) if (folder / "preprocessor_config.json").is_file() else {}
    kind = config.get("model_type")
    if kind not in ARCHITECTURES:
        raise EncoderError(
            f"Encoder {name!r} is of type {kind!r}, which does not take waveforms as wav2vec 2.0 does; "
            f"choose one of {', '.join(ARCHITECTURES)}."
        )
    weights = _weights(folder)
    if not weights:
        raise EncoderError(f"Encoder {name!r} has no model.safetensors or pytorch_model.bin in {folder}; put the weights there.")
    hashed = [path for path in (folder / "config.json", folder / "preprocessor_config.json") if path.is_file()] + weights
    return Checkpoint(
        name=name,
        origin=origin,
        folder=folder,
        revision=revision or _content_revision(hashed),
        safe=any(path.suffix == ".safetensors" for path in weights),
        config=config,
        preprocessor=preprocessor,
    )


def _json(path: Path, name: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EncoderError(
            f"Encoder {name!r} cannot be loaded: {path} is missing or damaged; put a whole checkpoint there."
        ) from error
    if not isinstance(content, dict):
        raise EncoderError(f"Encoder {name!r} cannot be loaded: {path} holds no settings; put a whole checkpoint there.")
    return content


def _content_revision(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            total.update(path.name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return f"sha256:{total.hexdigest()}"


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}" if str(error).strip() else type(error).__name__
