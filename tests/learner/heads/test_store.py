"""A head file that cannot be trusted ends in one sentence, whatever is wrong with it."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib import format as npy

from db.errors import LearnerError
from learner.heads.store import delete_old_heads, head_path, load_head, newest_head

FACTS: dict[str, Any] = {"label_ids": [1, 2], "label_names": ["angry", "sad"], "feature_set_id": 1, "normalisation": "none"}
ARRAYS: dict[str, Any] = {
    "coef": np.ones((2, 4), dtype=np.float32),
    "intercept": np.zeros(2, dtype=np.float32),
    "classes": np.array([1, 2]),
}


def write_head(folder: Path, facts: Any = FACTS, **arrays: Any) -> Path:
    """A head file with these facts; `arrays` replace those of a sound one."""
    text = facts if isinstance(facts, str) else json.dumps(facts)
    np.savez(head_path(folder, 1), facts=np.array(text), **{**ARRAYS, **arrays})
    return head_path(folder, 1)


def test_the_head_of_these_tests_is_sound(tmp_path: Path) -> None:
    stored = load_head(write_head(tmp_path))
    assert (stored.label_names, stored.head.n_features_in_, stored.plain) == (["angry", "sad"], 4, None)


@pytest.mark.parametrize(
    "facts",
    [
        [],
        "no JSON",
        "[" * 100_000,
        FACTS | {"label_ids": None},
        FACTS | {"label_ids": [1, float("inf")]},
        FACTS | {"label_ids": [1, 1]},
        FACTS | {"label_ids": [1, 3]},
        FACTS | {"label_names": ["angry"]},
        FACTS | {"feature_set_id": "one"},
        FACTS | {"normalisation": "by the moon"},
    ],
    ids=lambda facts: str(facts)[:60],
)
def test_facts_that_do_not_fit_are_refused(tmp_path: Path, facts: Any) -> None:
    with pytest.raises(LearnerError, match=r"run_1\.npz is missing or damaged; run `earmark learn --once`"):
        load_head(write_head(tmp_path, facts))


@pytest.mark.parametrize(
    "arrays",
    [
        {"coef": np.full((2, 4), np.nan, dtype=np.float32)},
        {"coef": np.full((2, 4), 1e300)},
        {"coef": np.ones(4, dtype=np.float32)},
        {"coef": np.array([["a"] * 4] * 2)},
        {"intercept": np.array([0, np.inf], dtype=np.float32)},
        {"intercept": np.zeros(3, dtype=np.float32)},
        {"classes": np.array([1.0, 2.0])},
        {"classes": np.array([1, 1])},
        {"classes": np.array([1, 7])},
        {"classes": np.zeros((2, 2), dtype=np.int64)},
        {"plain_coef": np.ones((2, 4), dtype=np.float32)},
        {"plain_coef": np.ones((2, 5), dtype=np.float32), "plain_intercept": np.zeros(2), "plain_classes": np.array([1, 2])},
    ],
    ids=lambda arrays: ", ".join(f"{name} {array.dtype}{array.shape}" for name, array in arrays.items()),
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, arrays: dict[str, Any]) -> None:
    with pytest.raises(LearnerError, match=r"run_1\.npz is missing or damaged"):
        load_head(write_head(tmp_path, **arrays))


def test_a_head_that_claims_512_gib_is_refused_before_any_memory_is_taken(tmp_path: Path) -> None:
    write_head(tmp_path)
    header = io.BytesIO()
    npy.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (2, 2**36)})
    with zipfile.ZipFile(head_path(tmp_path, 1)) as file:
        contents = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(head_path(tmp_path, 1), "w") as file:
        for name, content in {**contents, "coef.npy": header.getvalue()}.items():
            file.writestr(name, content)
    with pytest.raises(LearnerError, match=r"run_1\.npz is missing or damaged"):
        load_head(head_path(tmp_path, 1))


def test_only_files_count_as_heads(tmp_path: Path) -> None:
    for run in range(1, 30):
        head_path(tmp_path, run).mkdir()
    assert newest_head(tmp_path, up_to=99) is None
    delete_old_heads(tmp_path)
    with pytest.raises(LearnerError, match=r"run_1\.npz is missing or damaged"):
        load_head(head_path(tmp_path, 1))
