"""The folder of an exported head, as a stranger may have written it: read, or refused in one sentence that names the file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import save

from db.errors import LearnerError
from learner.prediction.portable_head import load_portable_head

DIM = 4
FACTS: dict[str, Any] = {
    "format": "earmark-head",
    "version": 1,
    "labels": ["a", "b", "c"],
    "encoder": {
        "name": "logmel",
        "origin": "built-in",
        "revision": "1",
        "layers": None,
        "pooling": "mean+std",
        "fingerprint": "0" * 64,
        "settings": {"encoder": "logmel", "revision": "1", "layers": None, "pooling": "mean+std", "precision": "float32"},
    },
    "dim": DIM,
    "normalisation": "none",
    "why": "There are no speakers.",
    "run": 7,
    "created_at": "2026-11-26T00:00:00+00:00",
    "accuracy": {"ua": 0.5, "ua_low": 0.4, "ua_high": 0.6, "wa": 0.5, "clips": 9, "speakers": 3, "estimated_on": "clips"},
    "temperature": None,
    "trained_on": {"clips": 20, "speakers": 3, "per_label": {"a": 10, "b": 5, "c": 5}},
    "earmark": "0.1.0",
}


def weights() -> dict[str, NDArray[Any]]:
    """Of a head that has seen two of the three labels."""
    return {
        "coef": np.arange(2 * DIM, dtype=np.float32).reshape(2, DIM),
        "intercept": np.zeros(2, dtype=np.float32),
        "classes": np.array([2, 0], dtype=np.int64),
    }


def write(folder: Path, *, facts: dict[str, Any] | None = None, arrays: dict[str, NDArray[Any]] | None = None) -> Path:
    """A folder with these facts (others as they are) and arrays, whose SHA-256 is right."""
    content = save(weights() if arrays is None else arrays)
    folder.mkdir(exist_ok=True)
    (folder / "head.safetensors").write_bytes(content)
    document = {**FACTS, "sha256": hashlib.sha256(content).hexdigest(), **(facts or {})}
    (folder / "head.json").write_text(json.dumps(document))
    return folder


def test_a_whole_folder_is_read(tmp_path: Path) -> None:
    found = load_portable_head(write(tmp_path))
    vectors = np.ones((1, DIM), dtype=np.float32)
    (predicted,) = found.labelled.predictions([(None, "a.wav", 0.0, 1.0)], vectors)
    assert (predicted.label, predicted.probabilities[1]) == ("a", 0.0)
    assert sum(predicted.probabilities) == pytest.approx(1)
    assert (found.used.run, found.used.ua, found.by_speaker) == (7, 0.5, None)


def test_facts_of_a_later_release_that_this_one_does_not_know_do_no_harm(tmp_path: Path) -> None:
    assert load_portable_head(write(tmp_path, facts={"more": {"than": "known"}})).facts.run == 7


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"version": 2}, r"head\.json has version 2, and this release of Earmark reads version 1; use the release that wrote it"),
        ({"version": "1"}, r"head\.json is damaged \(version: Input should be a valid integer\)"),
        ({"format": "other"}, r"head\.json is damaged \(format: Input should be 'earmark-head'\)"),
        ({"labels": []}, r"head\.json is damaged \(labels: "),
        ({"labels": ["a", "a", "b"]}, r"head\.json is damaged \(The label 'a' is given twice"),
        ({"labels": ["a", "b", "\x1b[2J"]}, r"head\.json is damaged \('\\x1b\[2J' cannot be a label"),
        ({"labels": ["a", "b", 3]}, r"head\.json is damaged \(labels\.2: Input should be a valid string\)"),
        ({"labels": "abc"}, r"head\.json is damaged \(labels: Input should be a valid "),
        ({"encoder": {**FACTS["encoder"], "settings": {"\x1b[2J": {}}}}, r"settings\.\?\[2J"),
        ({"dim": 0}, r"head\.json is damaged \(dim: "),
        ({"dim": 2**24, "labels": [str(n) for n in range(99)]}, r"it claims 99 labels and vectors of 16777216"),
        (
            {"dim": 5},
            r"head\.safetensors is damaged \('coef', 'intercept' and 'classes' have the shapes \(2, 4\), \(2,\) and \(2,\)",
        ),
        ({"labels": ["a", "b"]}, r"head\.safetensors is damaged \('classes' are not positions of labels\)"),
        ({"accuracy": {"ua": 2}}, r"head\.json is damaged \(accuracy\.ua: Input should be less than or equal to 1\)"),
        ({"accuracy": {**FACTS["accuracy"], "ua": float("nan")}}, r"head\.json is damaged \("),
        ({"encoder": None}, r"head\.json is damaged \(encoder: "),
        ({"encoder": {**FACTS["encoder"], "origin": "url"}}, r"head\.json is damaged \(encoder\.origin: "),
        ({"encoder": {**FACTS["encoder"], "settings": {"a": {}}}}, r"head\.json is damaged \(encoder\.settings\.a"),
        ({"sha256": "0" * 64}, r"head\.safetensors is damaged \(its SHA-256 is not the one in head\.json\)"),
        ({"sha256": "../../etc/passwd"}, r"head\.json is damaged \(sha256: "),
    ],
)
def test_wrong_facts_are_one_sentence(tmp_path: Path, facts: dict[str, Any], sentence: str) -> None:
    with pytest.raises(LearnerError, match=sentence) as raised:
        load_portable_head(write(tmp_path, facts=facts))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"coef": None}, "there is no array 'coef'"),
        ({"classes": None}, "there is no array 'classes'"),
        ({"coef": np.zeros((2, DIM))}, "not of the types float32, float32 and int64"),
        ({"coef": np.full((2, DIM), np.inf, dtype=np.float32)}, "a weight is not a number"),
        ({"intercept": np.array([0, np.nan], dtype=np.float32)}, "a weight is not a number"),
        ({"coef": np.zeros((3, DIM), dtype=np.float32)}, r"have the shapes \(3, 4\), \(2,\) and \(2,\), with vectors of 4"),
        ({"classes": np.array(1, dtype=np.int64)}, r"have the shapes \(2, 4\), \(2,\) and \(\)"),
        ({"classes": np.array([0, 0], dtype=np.int64)}, "'classes' are not positions of labels"),
        ({"classes": np.array([0, 3], dtype=np.int64)}, "'classes' are not positions of labels"),
        ({"classes": np.array([-1, 0], dtype=np.int64)}, "'classes' are not positions of labels"),
        ({"by_speaker.coef": np.zeros((2, DIM), dtype=np.float32)}, "there is no array 'by_speaker.intercept'"),
    ],
)
def test_wrong_weights_are_one_sentence(tmp_path: Path, changes: dict[str, NDArray[Any] | None], sentence: str) -> None:
    arrays = {name: array for name, array in {**weights(), **changes}.items() if array is not None}
    with pytest.raises(LearnerError, match=rf"head\.safetensors is damaged \(.*{sentence}"):
        load_portable_head(write(tmp_path, arrays=arrays))


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("name", "damage", "sentence"),
    [
        (
            "head.json",
            Path.unlink,
            r"head\.json cannot be read \(No such file or directory\); give a folder that `earmark export",
        ),
        ("head.safetensors", Path.unlink, r"head\.safetensors cannot be read \(No such file"),
        ("head.json", a_pipe, r"head\.json is damaged \(it is no file\)"),
        ("head.safetensors", a_pipe, r"head\.safetensors is damaged \(it is no file\)"),
        ("head.json", lambda path: path.write_text("[" * 100_000), r"head\.json is damaged \(.*JSON"),
        ("head.json", lambda path: path.write_bytes(b"\xff"), r"head\.json is damaged \("),
        (
            "head.json",
            lambda path: path.write_text(" " * 5_000_000),
            r"head\.json is damaged \(it is larger than 4194304 bytes\)",
        ),
        ("head.safetensors", lambda path: path.write_bytes(b"\0" * 10**6), r"head\.safetensors is damaged \(it is larger than "),
    ],
)
def test_a_file_that_is_none_is_one_sentence(tmp_path: Path, name: str, damage: Callable[[Path], object], sentence: str) -> None:
    damage(write(tmp_path) / name)
    with pytest.raises(LearnerError, match=sentence):
        load_portable_head(tmp_path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(0, 10**6), value=st.integers(1, 255), tell=st.booleans())
def test_one_wrong_byte_of_the_weights_is_refused_or_harmless(tmp_path: Path, position: int, value: int, tell: bool) -> None:
    """`tell`: whoever changed the byte also changed the SHA-256."""
    folder = write(tmp_path)
    content = bytearray((folder / "head.safetensors").read_bytes())
    content[position % len(content)] ^= value
    (folder / "head.safetensors").write_bytes(content)
    if tell:
        document = json.loads((folder / "head.json").read_text())
        document["sha256"] = hashlib.sha256(content).hexdigest()
        (folder / "head.json").write_text(json.dumps(document))
    try:
        found = load_portable_head(folder)
    except LearnerError as error:
        assert str(folder / "head.safetensors") in str(error)  # noqa: PT017 (there need not be an error)
    else:
        assert tell
        assert np.isfinite(found.head.scores(np.ones((1, DIM), dtype=np.float32))).all() or found.head.coef_.max() > 1e30
