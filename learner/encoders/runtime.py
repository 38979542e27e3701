"""What this machine computes with: a GPU where there is one, bf16 where the processor has it."""

from __future__ import annotations

import os
from functools import cache
from importlib.metadata import version
from pathlib import Path

_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
"""Environment variables that limit which instructions of the processor oneDNN uses."""


@cache
def processor_has_bf16() -> bool:
    """Whether the CPU multiplies bf16 in hardware (AVX512-BF16 or AMX) and oneDNN may use that.

    Without it bf16 would be slower than float32.
    """
    limit = next((os.environ[name].lower() for name in _LIMITS if os.environ.get(name)), "default")
    if limit not in {"default", "all"} and not any(part in limit for part in ("bf16", "fp16", "amx", "avx10")):
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    words = set(next((line for line in flags.splitlines() if line.startswith("flags")), "").split())
    return bool(words & {"avx512_bf16", "amx_bf16"})


def chosen_device(device: str | None = None) -> str:
    """`device`, or `cuda` where torch finds a GPU, or `cpu`. Imports torch."""
    if device is not None:
        return device
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def fastest_precision(device: str) -> str:
    """`bfloat16` where `device` has it in hardware, else `float32`."""
    if device.startswith("cuda"):
        import torch

        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    return "bfloat16" if device == "cpu" and processor_has_bf16() else "float32"


@cache
def release(package: str) -> str:
    """Installed release of a package without its local part (`+cpu`), found without importing it."""
    return version(package).split("+")[0]
