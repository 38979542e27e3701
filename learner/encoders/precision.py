"""The precision that an encoder computes in: float32 or bf16, whichever encodes faster on this machine.

The flags of a processor do not show which it is. With AMX, bf16 takes a third of the time of float32 (wav2vec2-base); with
AVX512-BF16 alone it took 40 s for what took 27 s in float32. So both are measured for about a second, and the result is kept in
the user's cache, for this processor, release of torch and geometry of the network. Without bf16 in hardware, nothing is measured.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from db.store.files import write_whole
from learner.encoders.runtime import device_name, has_bf16, release, user_cache

FLOAT32, BFLOAT16 = "float32", "bfloat16"
PRECISIONS = (FLOAT32, BFLOAT16)
MARGIN = 1.1
"""How many times as fast bf16 must be: float32 gives the same vectors on all devices, and measurements vary."""
_FILE = "precision.json"

Seconds = Mapping[str, float]
"""How long the same work takes in each of `PRECISIONS`."""


def chosen_precision(device: str, *, geometry: str, measure: Callable[[], Seconds]) -> str:
    """One of `PRECISIONS`. It is measured once; later calls, in this process or another, give the same result.

    Args:
        device: of torch.
        geometry: what the speed of the network depends on, as a text.
        measure: times the same work in both; called only if there is no result yet.
    """
    if not has_bf16(device):
        return FLOAT32
    key = f"{device_name(device)}; torch {release('torch')}; {geometry}"
    seconds = _measured(_kept().get(key))
    if seconds is None:
        seconds = measure()
        _keep(key, seconds)
    return BFLOAT16 if seconds[BFLOAT16] * MARGIN < seconds[FLOAT32] else FLOAT32


def _measured(kept: Any) -> Seconds | None:
    """What was kept, if it is a measurement."""
    seconds: dict[str, Any] = {each: kept.get(each) for each in PRECISIONS} if isinstance(kept, dict) else {}
    sound = all(isinstance(value, float) and math.isfinite(value) and value > 0 for value in seconds.values())
    return seconds if seconds and sound else None


def _kept() -> dict[str, Any]:
    try:
        found = json.loads((user_cache() / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, RuntimeError):
        return {}
    return found if isinstance(found, dict) else {}


def _keep(key: str, seconds: Seconds) -> None:
    # Where nothing can be kept, it is measured again next time.
    with suppress(OSError, RuntimeError):
        user_cache().mkdir(parents=True, exist_ok=True)
        kept = {**_kept(), key: {precision: round(seconds[precision], 6) for precision in PRECISIONS}}
        write_whole(user_cache() / _FILE, json.dumps(kept, indent=2, sort_keys=True) + "\n", durable=False)
