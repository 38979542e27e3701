"""What is done with a trained model: a corpus is added, clips are predicted, parameters are counted."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file

from db.errors import EncoderError, LabelError
from learner.many_corpora.evaluate import Evaluated, evaluate
from learner.many_corpora.model_folder import open_model
from learner.many_corpora.report import report
from learner.many_corpora.spectrograms.spectrogram_cache import SpectrogramCache
from learner.many_corpora.train import add_corpus
from tests.learner.many_corpora.tiny_corpora import listed, tones, trained, unwatched


@pytest.fixture
def model(adapters: Path, tmp_path: Path) -> Path:
    """A copy of the model of mode adapters."""
    return shutil.copytree(adapters, tmp_path / "model")


def predicted(model: Path, manifest: Path, output: Path, home: Path, **more: Any) -> Evaluated:
    options: dict[str, Any] = {"device": "cpu", "cache": SpectrogramCache(home / "cache"), "watch": unwatched, **more}
    return evaluate(model, manifest, output, **options)


def files(model: Path) -> dict[str, bytes]:
    return {str(path.relative_to(model)): path.read_bytes() for path in model.rglob("*") if path.is_file()}


def test_an_added_corpus_changes_nothing_of_the_others(model: Path, home: Path, manifests: list[Path], tmp_path: Path) -> None:
    predicted(model, manifests[0], tmp_path / "before.csv", home)
    before = files(model)
    new = tones(tmp_path, "new", {"deep": 150, "shrill": 3000})

    def others_add(_entry: object) -> None:
        (model / "model.json").write_text(json.dumps(document | {"corpora": document["corpora"] | {"other": other}}))

    document = json.loads((model / "model.json").read_text())
    other = document["corpora"]["voices"] | {"added": True}
    cache = SpectrogramCache(home / "cache")
    found = add_corpus(model, new, device="cpu", cache=cache, watch=unwatched, epoch_ended=others_add)
    assert [run["run"] for run in found.results["new"]] == [1, 2]
    after = files(model)
    assert {name for name in before if after[name] != before[name]} == {"model.json"}
    predicted(model, manifests[0], tmp_path / "after.csv", home)
    assert (tmp_path / "after.csv").read_bytes() == (tmp_path / "before.csv").read_bytes()
    assert predicted(model, new, tmp_path / "new-out.csv", home, run=2).corpus == "new"
    with pytest.raises(LabelError, match="has a corpus 'new' already"):
        add_corpus(model, new, device="cpu", watch=unwatched)
    # Neither an addition nor the first training, which may be given again, forgets what else was added.
    trained(manifests, model, mode="adapters", cache=home / "cache", runs=3)
    assert [*open_model(model).corpora] == ["pitch", "voices", "other", "new"]
    # For the run that is new, and for no other clips.
    (tmp_path / "changed").mkdir()
    fewer = sorted((tmp_path / "new").glob("*.wav"))[1:]
    changed = listed(tmp_path / "changed" / "new.csv", [{"file": str(path), "label": path.stem[:-1]} for path in fewer])
    with pytest.raises(LabelError, match="has a corpus 'new' already"):
        add_corpus(model, changed, device="cpu", cache=cache, watch=unwatched)
    again = add_corpus(model, new, device="cpu", cache=cache, watch=unwatched).results["new"]
    assert ([run["run"] for run in again], again[:2]) == ([1, 2, 3], found.results["new"])


def test_clips_are_predicted_and_those_with_a_known_label_scored(adapters: Path, home: Path, tmp_path: Path) -> None:
    names = [("low0", "low"), ("low1", "low"), ("high0", "high"), ("high1", "other"), ("high2", ""), ("gone", "low")]
    rows = [{"file": str(home / "pitch" / f"{name}.wav"), "label": label} for name, label in names]
    output = tmp_path / "out.csv"
    found = predicted(adapters, listed(tmp_path / "some.csv", rows), output, home, corpus="pitch")
    with output.open(newline="", encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert [row["label"] for row in written] == ["low", "low", "high", "other", ""]
    assert found.remarks == ["pitch does not know the labels of some clips (other): 1 of 5 are predicted, and not scored."]
    assert [clip.reason.split(" ")[-1] for clip in found.left_out] == ["path."]
    assert found.scores is not None
    hits = [row["predicted"] == row["label"] for row in written[:3]]
    assert found.scores["clips"] == 3
    assert found.scores["wa"] == pytest.approx(sum(hits) / 3, abs=1e-6)
    assert found.scores["ua"] == pytest.approx((sum(hits[:2]) / 2 + hits[2]) / 2, abs=1e-6)
    assert found.scores["ua_low"] <= found.scores["ua"] <= found.scores["ua_high"]
    assert sum(map(sum, found.scores["confusion"]["counts"])) == 3


def test_which_corpus_and_run_must_be_known(adapters: Path, home: Path, manifests: list[Path], tmp_path: Path) -> None:
    some = Path(shutil.copy(manifests[0], tmp_path / "some.csv"))
    with pytest.raises(LabelError, match="--corpus: pitch, voices"):
        predicted(adapters, some, tmp_path / "out.csv", home)
    with pytest.raises(LabelError, match="runs 1 to 2"):
        predicted(adapters, manifests[0], tmp_path / "out.csv", home, run=3)
    with pytest.raises(EncoderError, match="holds no model"):
        predicted(tmp_path, manifests[0], tmp_path / "out.csv", home)


@pytest.mark.parametrize("change", [b"{", b'{"version": 1}', b'{"version": 1, "corpora": {"../x": {"labels": ["a", "b"]}}}'])
def test_a_damaged_model_is_one_sentence(model: Path, home: Path, manifests: list[Path], change: bytes, tmp_path: Path) -> None:
    (model / "model.json").write_bytes(change)
    with pytest.raises(EncoderError, match="train the model again"):
        predicted(model, manifests[0], tmp_path / "out.csv", home)


def test_damaged_weights_are_one_sentence(model: Path, home: Path, manifests: list[Path], tmp_path: Path) -> None:
    weights = model / "run-1" / "corpora" / "pitch.safetensors"
    weights.write_bytes(b"\x80\x04pickled")
    with pytest.raises(EncoderError, match="missing or damaged"):
        predicted(model, manifests[0], tmp_path / "out.csv", home)
    save_file({}, weights)
    with pytest.raises(EncoderError, match="missing or damaged"):
        report(model)
    weights.unlink()
    # Who opens it would wait for somebody to write.
    os.mkfifo(weights)
    with pytest.raises(EncoderError, match="missing or damaged"):
        predicted(model, manifests[0], tmp_path / "out.csv", home)


def test_parameters_are_counted_in_the_files(adapters: Path, scratch: Path) -> None:
    found, alone = report(adapters), report(scratch)
    # Width 2, a block a stage: 1-2, 2-4, 4-4, 4-8, 8-8, 8-16, 16-16 channels.
    pairs = 1 * 2 + 2 * 4 + 4 * 4 + 4 * 8 + 8 * 8 + 8 * 16 + 16 * 16
    norms = 2 * (2 + 2 * 4 + 2 * 8 + 2 * 16)
    heads = {"pitch": 16 * 8 + 8 + 16 + 8 * 2 + 2, "voices": 16 * 8 + 8 + 16 + 8 * 3 + 3}
    assert found["shared"] == 9 * pairs
    for name, head in heads.items():
        facts = found["corpora"][name]
        assert [facts[kind] for kind in ("filters", "adapters", "norms", "head")] == [0, pairs, norms, head]
        assert facts["ratio"] == pytest.approx((pairs + norms) / (9 * pairs), abs=1e-6)
        assert facts["single"] == alone["corpora"][name]["own"] == 9 * pairs + norms + head
    assert (alone["shared"], alone["to_one"], alone["to_as_many"]) == (0, 2, 1)
    assert found["to_as_many"] == pytest.approx(found["total"] / alone["total"], abs=1e-6)
