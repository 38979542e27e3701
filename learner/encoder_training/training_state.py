"""The state of a training on disk: weights, optimiser, and the step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from db.errors import EncoderError
from db.store.files import whole


def save_state(
    path: Path, *, modules: nn.Module, optimisers: Sequence[torch.optim.Optimizer], step: int, settings: dict[str, Any]
) -> None:
    """Write everything that the steps to come depend on."""
    tensors = {f"module.{name}": tensor.detach().cpu().contiguous() for name, tensor in modules.state_dict().items()}
    for which, optimiser in enumerate(optimisers):
        for number, state in optimiser.state_dict()["state"].items():
            for key, value in state.items():
                tensors[f"optimiser.{which}.{number}.{key}"] = torch.as_tensor(value).detach().cpu().contiguous()
    with whole(path) as part:
        save_file(tensors, str(part), metadata={"step": str(step), "settings": json.dumps(settings, sort_keys=True)})


def load_state(path: Path, *, modules: nn.Module, optimisers: Sequence[torch.optim.Optimizer], settings: dict[str, Any]) -> int:
    """Load a saved state; returns the step it was saved after, 0 where there is none.

    Raises:
        EncoderError: it belongs to a training with other settings, or is damaged.
    """
    if not path.is_file():
        return 0
    try:
        with safe_open(str(path), framework="pt") as saved:
            facts = saved.metadata()
            tensors = {name: saved.get_tensor(name) for name in saved.keys()}  # noqa: SIM118 (no mapping)
        before, step = json.loads(facts["settings"]), int(facts["step"])
    except Exception as error:
        raise EncoderError(f"{path} cannot be read ({type(error).__name__}); remove it to start the training again.") from error
    changed = sorted(key for key in {*before, *settings} if before.get(key) != settings.get(key))
    if changed:
        raise EncoderError(
            f"{path.parent} holds a training with other settings ({', '.join(changed)}); "
            "continue with those, or choose another --output."
        )
    modules.load_state_dict(
        {name.removeprefix("module."): value for name, value in tensors.items() if name.startswith("module.")}
    )
    found: dict[int, dict[int, dict[str, torch.Tensor]]] = {}
    for name, value in tensors.items():
        if name.startswith("optimiser."):
            _, which, number, key = name.split(".", 3)
            found.setdefault(int(which), {}).setdefault(int(number), {})[key] = value
    for position, optimiser in enumerate(optimisers):
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": found.get(position, {}), "param_groups": groups})
    return step
