"""Models on an encoder: what a mode trains, that it goes on after a kill, and that the encoder must stay what it was."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from db.errors import EncoderError
from learner.many_corpora.evaluate import evaluate
from learner.many_corpora.model_folder import open_model
from learner.many_corpora.report import report
from learner.many_corpora.train import add_corpus
from tests.learner.many_corpora.encoder.conftest import QUICK, Train, frames
from tests.learner.many_corpora.tiny_corpora import tones, unwatched

OWN = "run-1/corpora/pitch.safetensors"
# One layer, of 32 values and 48 inside: four products of attention, two of the rest, two norms.
LAYER = 4 * (32 * 32 + 32) + (32 * 48 + 48) + (48 * 32 + 32) + 2 * 2 * 32
HEAD = 2 * 32
ADAPTER = 2 * 32 + (32 * 4 + 4) + (4 * 32 + 32)


class Killed(BaseException):
    """As good as a kill: what is not on disk by then is lost."""


def files(model: Path) -> dict[str, bytes]:
    return {str(path.relative_to(model)): path.read_bytes() for path in model.rglob("*") if path.is_file()}


def test_a_model_with_adapters_names_its_encoder_and_holds_none_of_it(adapted: Path, checkpoint: Path) -> None:
    document = json.loads((adapted / "model.json").read_text())
    assert (document["backbone"], document["encoder"]["origin"]) == (str(checkpoint), "folder")
    assert document["encoder"]["revision"].startswith("sha256:")
    assert {name.split(".")[1] for name in load_file(adapted / OWN)} == {"head", "adapters"}
    assert {path.name for path in (adapted / "run-1").iterdir()} == {"corpora", "test", "training"}


def test_parameters_are_those_of_the_layers_that_are_used(adapted: Path) -> None:
    found = report(adapted)
    assert found["shared"] == document_parameters(adapted)
    pitch = found["corpora"]["pitch"]
    assert (pitch["filters"], pitch["adapters"], pitch["head"]) == (0, 2 * ADAPTER, HEAD * 2 + 2)
    assert pitch["ratio"] == pytest.approx(2 * ADAPTER / found["shared"], abs=1e-6)
    assert found["total"] == found["shared"] + 4 * ADAPTER + (HEAD * 2 + 2) + (HEAD * 3 + 3)


def document_parameters(model: Path) -> int:
    return int(json.loads((model / "model.json").read_text())["encoder"]["parameters"])


def test_what_a_mode_trains_is_what_it_says(home: Path, manifests: list[Path], train_on: Train) -> None:
    found = {}
    for mode in ("last-layer", "finetune", "scratch"):
        train_on(manifests[:1], home / f"encoder-{mode}", mode=mode)
        found[mode] = load_file(home / f"encoder-{mode}" / OWN)
    assert {name.split(".")[0] for name in found["last-layer"]} == {"own"}
    counted = report(home / "encoder-finetune")
    copied = counted["corpora"]["pitch"]["filters"]
    assert copied == 2 * LAYER + 2 * 32 + copied_positions(found["finetune"])
    # Convolutions and their projection are shared in every mode.
    assert counted["shared"] == document_parameters(home / "encoder-finetune") - copied > 0
    name = "filters.layers.0.attention.q_proj.weight"
    assert (found["finetune"][name] - found["scratch"][name]).abs().max() > 0.01


def copied_positions(own: dict[str, Any]) -> int:
    return sum(tensor.numel() for name, tensor in own.items() if "pos_conv" in name)


def test_a_killed_training_goes_on_with_the_same_losses(
    adapted: Path, home: Path, manifests: list[Path], train_on: Train
) -> None:
    output = home / "encoder-killed"
    # In the head of the first corpus, in its adapters, and in those of the second.
    for at in (1, 2, 6):
        ended: list[object] = []

        def kills(entry: object, ended: list[object] = ended, at: int = at) -> None:
            ended.append(entry)
            if len(ended) == at:
                raise Killed

        with pytest.raises(Killed):
            train_on(manifests, output, mode="adapters", epoch_ended=kills)
    train_on(manifests, output, mode="adapters")
    assert files(output) == files(adapted)


def test_an_added_corpus_changes_nothing_of_the_others_and_is_evaluated(
    adapted: Path, home: Path, checkpoint: Path, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(adapted, tmp_path / "model"))
    before = files(model)
    new = tones(tmp_path, "new", {"deep": 150, "shrill": 3000})
    add_corpus(model, new, device="cpu", cache=frames(checkpoint, home), watch=unwatched)
    after = files(model)
    assert {name for name in before if after[name] != before[name]} == {"model.json"}
    output = tmp_path / "out.csv"
    evaluate(model, new, output, device="cpu", cache=frames(checkpoint, home), watch=unwatched)
    tested, predicted = (
        {row["file"]: row["p:deep"] for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())}
        for path in (model / "run-1" / "test" / "new.csv", output)
    )
    assert tested
    for name, value in tested.items():
        assert float(predicted[name]) == pytest.approx(float(value), abs=1e-6)


def test_an_encoder_that_has_changed_is_refused(
    home: Path, manifests: list[Path], checkpoint: Path, adapted: Path, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(adapted, tmp_path / "model"))
    mine = Path(shutil.copytree(checkpoint, tmp_path / "mine"))
    document = json.loads((model / "model.json").read_text())
    document["backbone"] = document["encoder"]["name"] = str(mine)
    (model / "model.json").write_text(json.dumps(document))
    open_model(model).network(1, "pitch")
    (mine / "preprocessor_config.json").write_text(json.dumps({"do_normalize": False}))
    with pytest.raises(EncoderError, match=r"^Encoder '.*mine' has changed since the model was trained on it; put"):
        open_model(model).network(1, "pitch")
    assert report(model)["shared"] > 0
    shutil.rmtree(mine)
    with pytest.raises(EncoderError, match=r"^There is no folder"):
        evaluate(model, manifests[0], tmp_path / "out.csv", watch=unwatched)
    for facts in ({"name": "bundled"}, {"parameters": -1}, {"parameters": "many"}):
        (model / "model.json").write_text(json.dumps(document | {"encoder": document["encoder"] | facts}))
        with pytest.raises(EncoderError, match="is damaged; train the model again"):
            open_model(model)
    hub = {"name": "nobody/nothing", "origin": "hub", "revision": "0" * 40}
    changed = document | {"backbone": "nobody/nothing", "encoder": document["encoder"] | hub}
    (model / "model.json").write_text(json.dumps(changed))
    with pytest.raises(EncoderError, match=r"needs encoder 'nobody/nothing' at revision 0+, which is not in the local cache"):
        open_model(model).network(1, "pitch")


def test_settings_that_nothing_can_be_trained_with(adapted: Path, manifests: list[Path], train_on: Train, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="comes trained.*leave out --start"):
        train_on(manifests, tmp_path / "a", mode="finetune", start=adapted)
    with pytest.raises(EncoderError, match="^bottleneck has a value"):
        train_on(manifests, tmp_path / "a", mode="adapters", recipe=replace(QUICK, bottleneck=0))
    with pytest.raises(EncoderError, match="give numbers from 0 to 3"):
        train_on(manifests, tmp_path / "a", mode="adapters", recipe=replace(QUICK, layers="7"))
    with pytest.raises(EncoderError, match=r"other settings \(recipe\)"):
        train_on(manifests, adapted, mode="adapters", recipe=replace(QUICK, bottleneck=8))
