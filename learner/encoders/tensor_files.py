"""Single tensors of a checkpoint, each read when it is asked for: what is not needed never comes into memory.

Nothing is unpickled: safetensors, or `torch.load(weights_only=True)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from db.errors import EncoderError
from learner.encoders.checkpoint_files import CheckpointFiles, weight_files

if TYPE_CHECKING:
    from torch import Tensor

Readers = dict[str, Callable[[], "Tensor"]]
"""How to read each tensor, by name."""


@contextmanager
def stored_tensors(checkpoint: CheckpointFiles) -> Iterator[Readers]:
    """How to read each tensor of a checkpoint, while its files are open."""
    with ExitStack() as opened:
        found: Readers = {}
        for path in weight_files(checkpoint.folder):
            if path.suffix == ".safetensors":
                found |= _of_safetensors(path, opened)
            elif path.suffix == ".bin":
                found |= _of_pickle(path)
        yield found


def _of_safetensors(path: Path, opened: ExitStack) -> Readers:
    from safetensors import safe_open

    file: Any = opened.enter_context(safe_open(path, framework="pt"))
    return {name: partial(file.get_tensor, name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)


def _of_pickle(path: Path) -> Readers:
    import torch

    try:
        # Mapped, so that only those tensors are read that are used.
        tensors = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError:
        # The format of old releases cannot be mapped.
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(tensors, dict):
        raise TypeError(f"{path.name} holds no tensors by name")
    return {str(name): partial(_itself, tensor) for name, tensor in tensors.items() if isinstance(tensor, torch.Tensor)}


def _itself(tensor: Tensor) -> Tensor:
    return tensor


def cannot_be_loaded(checkpoint: CheckpointFiles, error: Exception) -> EncoderError:
    """The error of a checkpoint whose files cannot be read."""
    reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    return EncoderError(
        f"Encoder {checkpoint.name!r} cannot be loaded ({reason}); put a whole checkpoint in {checkpoint.folder}."
    )


def lacks(checkpoint: CheckpointFiles, missing: list[str]) -> EncoderError:
    """The error of a checkpoint without some of its weights."""
    return EncoderError(
        f"Encoder {checkpoint.name!r} lacks {len(missing)} of its weights ({missing[0]}, …); "
        f"put a whole checkpoint in {checkpoint.folder}."
    )
