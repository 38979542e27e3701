"""Running out of memory, told from other failures."""

from __future__ import annotations

_SAID = ("out of memory", "can't allocate memory", "not enough memory")


def is_out_of_memory(error: Exception) -> bool:
    """Whether torch failed for lack of memory; on a CPU it says so in words only."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _SAID)


def forget_cached_memory(device: str) -> None:
    """Give back what torch keeps of a GPU's memory for later."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()
