"""Separates running out of memory from other failures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from db.errors import EncoderError

_MESSAGES = ("out of memory", "can't allocate memory", "not enough memory")


def is_out_of_memory(error: Exception) -> bool:
    """Whether torch failed for lack of memory; on a CPU only the message shows this."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _MESSAGES)


def forget_cached_memory(device: str) -> None:
    """Free the GPU memory that torch keeps for later."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()


@contextmanager
def enough_memory(purpose: str, *, remedy: str = "close other programs", device: str = "cpu") -> Iterator[None]:
    """Turns running out of memory into a sentence.

    Args:
        purpose: what the memory is for.
        device: where it is; what torch keeps there for later is freed.

    Raises:
        EncoderError: there is not enough.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        forget_cached_memory(device)
        raise EncoderError(f"There is not enough memory for {purpose}; {remedy}.") from error
