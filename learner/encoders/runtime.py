"""What encoders need to know of this machine: device, processor, installed releases, and the user's cache."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

from learner.user_cache import user_cache as user_cache

_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
"""Environment variables that limit which instructions of the processor oneDNN uses."""
_TELLING = ("amx_bf16", "avx512_bf16", "avx512f", "avx2")
"""Flags of a processor that decide how fast products are."""


def chosen_device(device: str | None = None) -> str:
    """`device`, or `cuda` where torch finds a GPU, or `cpu`. Imports torch."""
    if device is not None:
        return device
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def has_bf16(device: str) -> bool:
    """Whether `device` multiplies bf16 in hardware; whether that is faster than float32 must be measured."""
    if device.startswith("cuda"):
        import torch

        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device == "cpu" and processor_has_bf16()


@cache
def processor_has_bf16() -> bool:
    """Whether the CPU multiplies bf16 in hardware (AVX512-BF16 or AMX) and oneDNN may use that."""
    limit = _limit()
    if limit and not any(part in limit for part in ("bf16", "fp16", "amx", "avx10")):
        return False
    return bool(_processor()[1] & {"avx512_bf16", "amx_bf16"})


def device_name(device: str) -> str:
    """The GPU; or the processor with the instructions that oneDNN may use."""
    if device.startswith("cuda"):
        import torch

        return str(torch.cuda.get_device_name(device))
    name, flags, _ = _processor()
    limit = _limit()
    return ", ".join([name, *(flag for flag in _TELLING if flag in flags), *([f"limited to {limit}"] if limit else [])])


@cache
def is_of_amd() -> bool:
    """Whether the CPU is one of AMD."""
    return "AuthenticAMD" in _processor()[2]


def _limit() -> str:
    """Empty if there is none."""
    limit = next((os.environ[name].lower() for name in _LIMITS if os.environ.get(name)), "")
    return "" if limit in {"default", "all"} else limit


def _processor() -> tuple[str, set[str], str]:
    """Name, flags and vendor of the first processor; they are read from Linux, elsewhere there are no flags."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine(), set(), platform.processor()
    lines = (line.partition(":") for line in text.splitlines())
    facts: dict[str, str] = {}
    for key, _, value in lines:
        facts.setdefault(key.strip(), value.strip())
    return facts.get("model name") or platform.machine(), set(facts.get("flags", "").split()), facts.get("vendor_id", "")


@cache
def release(package: str) -> str:
    """Installed release of a package without its local part (`+cpu`), found without importing it."""
    return version(package).split("+")[0]
