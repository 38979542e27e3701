"""Separates running out of memory from other failures."""

from __future__ import annotations

_MESSAGES = ("out of memory", "can't allocate memory", "not enough memory")


def is_out_of_memory(error: Exception) -> bool:
    """Whether torch failed for lack of memory; on a CPU only the message shows this."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _MESSAGES)


def forget_cached_memory(device: str) -> None:
    """Free the GPU memory that torch keeps for later."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()
