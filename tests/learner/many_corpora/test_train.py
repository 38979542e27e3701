"""Models of every mode: what their folders hold, and that a training goes on after a kill with the same losses."""

from __future__ import annotations

import csv
import itertools
import json
import math
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from db.errors import EncoderError
from learner.many_corpora.training import stage as stage_module
from learner.many_corpora.training.losses import loss_of
from tests.learner.many_corpora.tiny_corpora import TINY, trained

KILLED = """
import os, signal, sys
from pathlib import Path
from tests.learner.many_corpora.tiny_corpora import trained

ended = []

def killed_in_the_third(entry):
    ended.append(entry)
    if len(ended) == 3:
        os.kill(os.getpid(), signal.SIGKILL)

manifests, output, cache = [Path(each) for each in sys.argv[1:3]], Path(sys.argv[3]), Path(sys.argv[4])
trained(manifests, output, mode="adapters", cache=cache, epoch_ended=killed_in_the_third)
"""


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def epochs_of(model: Path) -> dict[str, list[str]]:
    return {path.name: path.read_text().splitlines() for path in sorted((model / "run-1" / "training").iterdir())}


def test_a_run_keeps_the_predictions_of_held_out_clips(adapters: Path, scratch: Path) -> None:
    found = rows_of(adapters / "run-1" / "test" / "pitch.csv")
    assert list(found[0]) == ["file", "start", "end", "speaker", "label", "predicted", "p:high", "p:low"]
    assert len({row["speaker"] for row in found}) == 1
    for row in found:
        each = {label: float(row[f"p:{label}"]) for label in ("high", "low")}
        assert sum(each.values()) == pytest.approx(1, abs=1e-12)
        assert row["predicted"] == max(each, key=each.__getitem__)
    # The same clips in the same order in every run and mode.
    names = [row["file"] for row in found]
    for other in (adapters / "run-2", scratch / "run-1"):
        assert [row["file"] for row in rows_of(other / "test" / "pitch.csv")] == names


def test_the_model_says_what_it_is(adapters: Path) -> None:
    model = json.loads((adapters / "model.json").read_text())
    assert {key: model[key] for key in ("version", "mode", "backbone", "runs")} == {
        "version": 1,
        "mode": "adapters",
        "backbone": "resnet",
        "runs": 2,
    }
    assert {name: (facts["labels"], facts["clips"]) for name, facts in model["corpora"].items()} == {
        "pitch": (["high", "low"], 20),
        "voices": (["alto", "bass", "tenor"], 18),
    }
    assert [run["run"] for run in model["corpora"]["pitch"]["results"]] == [1, 2]


def test_what_a_mode_trains_is_what_it_says(
    adapters: Path, home: Path, manifests: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`finetune` moves the filters, `last-layer` nothing but the head; both begin at the filters of another model."""
    # Else the start may be the best on so few validation clips.
    rising = itertools.count()
    monkeypatch.setattr(stage_module, "mean_recall", lambda _y, _predicted: next(rising))

    def own(mode: str) -> dict[str, torch.Tensor]:
        output = home / f"of-{mode}"
        trained(manifests, output, mode=mode, cache=home / "cache", start=adapters)
        return load_file(output / "run-1" / "corpora" / "pitch.safetensors")

    before = load_file(adapters / "run-1" / "shared" / "corpora" / "pitch.safetensors")
    filters = load_file(adapters / "run-1" / "shared" / "filters.safetensors")
    tuned, last = own("finetune"), own("last-layer")
    assert any(not torch.equal(tuned[name], filters[name]) for name in filters)
    assert {name for name in last if not torch.equal(last[name], before[name])} <= {name for name in last if "head" in name}
    assert not any(name.startswith("filters") for name in last)
    of_adapters = load_file(adapters / "run-1" / "corpora" / "pitch.safetensors")
    assert {name.split(".")[1] for name in of_adapters} == {"adapters", "norms", "head"}


def test_a_killed_training_goes_on_with_the_same_losses(adapters: Path, home: Path, manifests: list[Path]) -> None:
    output, cache = home / "killed", home / "cache"
    ended = subprocess.run([sys.executable, "-c", KILLED, *map(str, manifests), str(output), str(cache)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert (output / "run-1" / "training" / "shared.safetensors").is_file()
    trained(manifests, output, mode="adapters", cache=cache)
    assert epochs_of(output) == epochs_of(adapters)
    for test in ("run-1/test/pitch.csv", "run-1/test/voices.csv"):
        assert (output / test).read_bytes() == (adapters / test).read_bytes()


def test_a_finished_training_is_not_repeated_and_one_of_other_settings_is_refused(
    adapters: Path, home: Path, manifests: list[Path]
) -> None:
    ended: list[object] = []
    trained(manifests, adapters, mode="adapters", cache=home / "cache", runs=2, epoch_ended=ended.append)
    assert ended == []
    with pytest.raises(EncoderError, match=r"other settings \(recipe\)"):
        trained(manifests, adapters, mode="adapters", cache=home / "cache", recipe=replace(TINY, batch=5))
    with pytest.raises(EncoderError, match=r"other settings \(corpora\)"):
        trained(manifests[:1], adapters, mode="adapters", cache=home / "cache")


def test_a_loss_that_is_not_a_number_is_noticed(
    home: Path, manifests: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights go back to the best; after five such steps in a row the next rate begins."""
    real, calls = loss_of, [0]

    def at_times(*arguments: Any, **options: Any) -> torch.Tensor:
        calls[0] += 1
        return real(*arguments, **options) * (math.nan if calls[0] <= 5 else 1.0)

    monkeypatch.setattr(stage_module, "loss_of", at_times)
    ended: list[dict[str, Any]] = []
    recipe = replace(TINY, epoch_steps=6, most_epochs=1)
    trained(manifests[:1], tmp_path / "model", mode="scratch", cache=home / "cache", recipe=recipe, epoch_ended=ended.append)
    assert [(entry["rate"], entry["loss"] is None) for entry in ended] == [(0.1, True), (0.01, False)]
    monkeypatch.setattr(stage_module, "loss_of", lambda *arguments, **options: real(*arguments, **options) * math.nan)
    with pytest.raises(EncoderError, match="never a number"):
        trained(manifests[:1], tmp_path / "other", mode="scratch", cache=home / "cache", recipe=recipe)


def test_settings_that_nothing_can_be_trained_with(home: Path, manifests: list[Path], adapters: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="^batch has a value"):
        trained(manifests, tmp_path / "a", mode="scratch", cache=home / "cache", recipe=replace(TINY, batch=1))
    with pytest.raises(EncoderError, match="shares no filters"):
        trained(manifests, tmp_path / "a", mode="scratch", cache=home / "cache", start=adapters)
    with pytest.raises(EncoderError, match="other corpora or settings"):
        trained(manifests[:1], tmp_path / "b", mode="finetune", cache=home / "cache", start=adapters)
    shutil.copy(manifests[0], tmp_path / "mine.txt")
    with pytest.raises(EncoderError, match="holds other files"):
        trained(manifests, tmp_path, mode="scratch", cache=home / "cache")
