"""Run folders as `earmark corpora train` writes them, with predictions that are made up."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

LABELS = ["calm", "loud"]


def written_run_folder(
    path: Path,
    *,
    accuracy: Mapping[str, float],
    mode: str = "scratch",
    runs: int = 3,
    clips: int = 120,
    speakers: int = 12,
    seed: int = 0,
) -> Path:
    """A folder with a corpus for each accuracy: about that share of the clips of each run is predicted correctly."""
    path.mkdir(parents=True)
    corpora = {name: {"labels": LABELS, "clips": clips} for name in accuracy}
    document = {"version": 1, "mode": mode, "backbone": "resnet", "corpora": corpora, "runs": runs, "split": "speakers"}
    (path / "model.json").write_text(json.dumps(document), encoding="utf-8")
    rng = np.random.default_rng(seed)
    for run in range(1, runs + 1):
        (path / f"run-{run}" / "test").mkdir(parents=True)
        for name, share in accuracy.items():
            right = rng.random(clips) < share
            with (path / f"run-{run}" / "test" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                table = csv.writer(file)
                table.writerow(["file", "start", "end", "speaker", "label", "predicted", *(f"p:{label}" for label in LABELS)])
                for clip in range(clips):
                    label, speaker = clip % 2, f"s{clip // 2 % speakers}" if speakers else ""
                    predicted = label if right[clip] else 1 - label
                    row = [f"{clip}.wav", 0.0, 1.5, speaker, LABELS[label], LABELS[predicted]]
                    table.writerow([*row, float(predicted == 0), float(predicted == 1)])
    return path
