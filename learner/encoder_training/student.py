"""The model that is trained: a new one, or a checkpoint to continue from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save_file
from torch import nn

from db.errors import EncoderError
from db.store.files import whole, write_whole
from learner.encoder_training.fast_convolutions import use_fast_convolutions
from learner.encoders.loading import load_model
from learner.encoders.wav2vec2.checkpoints import Checkpoint, find_checkpoint
from learner.encoders.wav2vec2.encoder import gain_of, soft_gain_factor

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SETTINGS_FILES = ("config.json", "preprocessor_config.json")


def starting_checkpoint(start: str | None, *, shape: tuple[int, int] | None, folder: Path, seed: int) -> Checkpoint:
    """The checkpoint `start`; without one, or in another shape, a small one made in `folder` with random weights.

    Args:
        shape: transformer layers and width; weights of `start` that fit are kept, such as its convolutions.
    """
    if start is not None and shape is None:
        return find_checkpoint(start)
    from learner.encoders.wav2vec2.make_untrained import make

    if not (folder / "model.safetensors").is_file():
        known = load_model(find_checkpoint(start)).state_dict() if start is not None else None
        make(folder, seed=seed, shape=shape, start=known)
    return find_checkpoint(str(folder))


def student_of(checkpoint: Checkpoint) -> PreTrainedModel:
    """The model without any randomness of its own; only the trainer draws at random."""
    model = load_model(checkpoint)
    config: Any = model.config
    config.apply_spec_augment = True
    for name in ("mask_time_prob", "mask_feature_prob", "layerdrop", "hidden_dropout", "attention_dropout", "activation_dropout"):
        setattr(config, name, 0.0)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    if not hasattr(model, "masked_spec_embed"):
        model.masked_spec_embed = nn.Parameter(torch.rand(config.hidden_size) * 0.1)
    model.set_attn_implementation("eager")
    use_fast_convolutions(model)
    trained: PreTrainedModel = model.train()
    return trained


def gained(waveforms: torch.Tensor, checkpoint: Checkpoint) -> torch.Tensor:
    """Waveforms [n, samples] at the level that the encoder will get, see `learner.encoders.wav2vec2.encoder.with_gain`."""
    gain = gain_of(checkpoint)
    if gain == "normalize":
        centred = waveforms - waveforms.mean(dim=1, keepdim=True)
        return centred / (centred.square().mean(dim=1, keepdim=True) + 1e-7).sqrt()
    if gain == "soft":
        level = waveforms.square().mean(dim=1, keepdim=True).sqrt()
        softened: torch.Tensor = waveforms * soft_gain_factor(level)
        return softened
    return waveforms


def save_student(model: PreTrainedModel, checkpoint: Checkpoint, folder: Path, *, half: bool, card: str) -> None:
    """Write a checkpoint that `AutoModel` loads: settings as they were, the weights (float16 if `half`) and a model card."""
    kept = torch.float16 if half else torch.float32
    never_learnt = {"masked_spec_embed"} if not checkpoint.config.get("mask_time_prob", 0.05) else set()
    weights = {
        name: tensor.detach().to("cpu", kept).contiguous()
        for name, tensor in sorted(model.state_dict().items())
        if name not in never_learnt
    }
    if not all(bool(torch.isfinite(tensor).all()) for tensor in weights.values()):
        raise EncoderError("The training ended with weights that are not numbers; start again with a smaller --learning-rate.")
    folder.mkdir(parents=True, exist_ok=True)
    with whole(folder / "model.safetensors") as part:
        save_file(weights, str(part), metadata={"format": "pt"})
        part.chmod(0o644)
    for name in SETTINGS_FILES:
        if (checkpoint.folder / name).is_file() and checkpoint.folder != folder:
            shutil.copyfile(checkpoint.folder / name, folder / name)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["architectures"] = [type(model).__name__]
    write_whole(folder / "config.json", json.dumps(config, indent=2) + "\n")
    write_whole(folder / "README.md", card)
