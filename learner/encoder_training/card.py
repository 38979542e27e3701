"""The model card that is written beside a trained checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from learner.encoder_training.crops import SpeechFile
from learner.encoders.wav2vec2.checkpoints import Checkpoint


def model_card(
    files: Sequence[SpeechFile], settings: Mapping[str, Any], *, checkpoint: Checkpoint, losses: Mapping[str, float]
) -> str:
    """Markdown: what it was trained on, how, and its losses at the end."""
    hours = sum(file.duration for file in files) / 3600
    came_from = f"`{settings['start']}`" if settings["start"] else "random weights"
    crops = int(settings["steps"]) * int(settings["batch"])
    lines = [
        "# Encoder trained with `earmark pretrain`",
        "",
        f"- Architecture: `{checkpoint.config.get('model_type')}`, {checkpoint.transformer_layers} transformer layers of "
        f"{checkpoint.hidden_size}; begun from {came_from}.",
        f"- Speech: {len(files)} files, {hours:.1f} hours, without labels.",
        f"- Objective: {settings['objective']}" + (f" (teacher: `{_teacher(settings)}`)" if settings["teacher"] else "") + ".",
        f"- Training: {settings['steps']} steps of {settings['batch']} crops of {settings['crop_seconds']} s ({crops} crops), "
        f"{round(100 * float(settings['distorted_share']))}% of them distorted; seed {settings['seed']}.",
        "- Losses at the end: " + ", ".join(f"{name} {value:.4f}" for name, value in losses.items()) + ".",
        "",
    ]
    return "\n".join(lines)


def _teacher(settings: Mapping[str, Any]) -> str:
    """A file or folder by its own name, a hub id whole; with the layers, where they are named."""
    teacher, layers = str(settings["teacher"]), settings["teacher_layers"]
    name = Path(teacher).name if Path(teacher).exists() else teacher
    return f"{name}, layers {layers}" if layers else name
