"""Run folders compared: what is found better, and what happens to folders that are damaged or do not match."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from db.errors import FormatError
from learner.progress import unseen
from learner.run_comparison.compare import TESTS, compare_run_folders
from learner.run_comparison.run_folder import read_run, read_run_folder
from tests.learner.run_comparison.run_folders import written_run_folder

Change = Callable[[Path], object]


@contextmanager
def unwatched(_what: str, _unit: str) -> Iterator[Callable[[int, int], None]]:
    """Nobody looks at the progress."""
    yield unseen


def compared(*paths: Path, **options: Any) -> list[dict[str, Any]]:
    document = compare_run_folders(paths, watch=unwatched, **options)
    # What a person reads and what a program reads are the same document.
    comparisons: list[dict[str, Any]] = json.loads(json.dumps(document, allow_nan=False))["comparisons"]
    return comparisons


def test_three_tests_name_the_same_corpora_where_the_case_is_clear(tmp_path: Path) -> None:
    first = written_run_folder(tmp_path / "a", accuracy={"up": 0.6, "down": 0.9, "same": 0.7, "mine": 0.5}, seed=1)
    second = written_run_folder(tmp_path / "b", accuracy={"same": 0.7, "up": 0.95, "down": 0.5}, seed=2)
    third = written_run_folder(tmp_path / "c", accuracy={"up": 0.6}, runs=2, seed=1)
    better, level = compared(first, second, third)
    shown = {corpus["corpus"]: [corpus[test]["verdict"] for test in TESTS] for corpus in better["corpora"]}
    assert shown["up"] == ["better"] * 3
    assert shown["down"] == ["worse"] * 3
    assert shown["same"][0] == shown["same"][2] == "no difference"
    sentence = "significantly better on 1, worse on 1, no difference on 1"
    assert better["counts"]["mcnemar"]["sentence"] == better["counts"]["ua"]["sentence"] == sentence
    assert better["left_out"] == [{"corpus": "mine", "reason": f"only {first} has it"}]
    # Its two runs are the first two of the first model.
    assert (level["corpora"][0]["mcnemar"]["p"], level["counts"]["mcnemar"]["no_difference"]) == (1, 1)


def test_figures_of_one_corpus_and_one_run_are_those_of_the_tables(tmp_path: Path) -> None:
    paths = [
        written_run_folder(tmp_path / name, accuracy={"c": share}, runs=1, seed=seed)
        for name, share, seed in (("a", 0.6, 1), ("b", 0.75, 2))
    ]
    runs = [read_run(read_run_folder(path), "c", 1) for path in paths]
    right = [np.array([clip.predicted == clip.label for clip in run.values()]) for run in runs]
    (found,) = compared(*paths)[0]["corpora"]
    only_this, only_first = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
    assert (found["mcnemar"]["only_this"], found["mcnemar"]["only_first"]) == (only_this, only_first)
    assert found["mcnemar"]["p"] == pytest.approx(stats.binomtest(only_this, only_this + only_first).pvalue, rel=1e-2)
    # Both labels have as many clips, so that UA is the share of clips.
    assert found["ua"]["difference"] == pytest.approx(right[1].mean() - right[0].mean(), abs=1e-5)
    assert found["ua"]["low"] < found["ua"]["difference"] < found["ua"]["high"]
    assert "not 1 and 1; train more often" in found["aso"]["why_not"]


def test_more_corpora_ask_for_more(tmp_path: Path) -> None:
    many = {f"c{number}": 0.7 for number in range(8)}
    alone = [
        written_run_folder(tmp_path / f"one{name}", accuracy={"clear": share}, runs=1, seed=1)
        for name, share in (("a", 0.6), ("b", 0.75))
    ]
    beside = [
        written_run_folder(tmp_path / f"many{name}", accuracy={"clear": share, **many}, runs=1, seed=1)
        for name, share in (("a", 0.6), ("b", 0.75))
    ]
    (single,), (of_many, *_) = (compared(*paths)[0]["corpora"] for paths in (alone, beside))
    assert single["mcnemar"]["p"] == single["mcnemar"]["p_holm"] == of_many["mcnemar"]["p"]
    assert of_many["mcnemar"]["p_holm"] == pytest.approx(min(1, 9 * of_many["mcnemar"]["p"]), rel=1e-2)


def test_two_speakers_are_too_few_and_clips_without_one_are_their_own(tmp_path: Path) -> None:
    for speakers, named in ((2, 2), (0, 0)):
        paths = [
            written_run_folder(tmp_path / f"{name}{speakers}", accuracy={"c": share}, speakers=speakers, seed=seed)
            for name, share, seed in (("a", 0.5, 1), ("b", 0.9, 2))
        ]
        (found,) = compared(*paths)[0]["corpora"]
        assert found["speakers"] == named
        assert found["ua"]["verdict"] == ("no difference" if speakers else "better")
        assert (found["ua"]["p"] is None) == bool(speakers)


def edited(name: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        file = folder / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


TABLE = "run-2/test/c.csv"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda folder: (folder / "model.json").unlink(), "is no run folder: it has no model.json"),
        (lambda folder: (folder / "model.json").write_text("[" * 100_000), "is not JSON"),
        (lambda folder: (folder / "model.json").write_bytes(b"\xff"), "is not JSON"),
        (lambda folder: (folder / "model.json").write_text("[]"), "is not of version 1"),
        (edited("model.json", '"version": 1', '"version": 2'), "is not of version 1"),
        (edited("model.json", '"runs": 3', '"runs": true'), '"runs" is not a number'),
        (edited("model.json", '"runs": 3', '"runs": 4'), "run-4/test/c.csv is missing"),
        (edited("model.json", '"c": {', '"../c": {'), "'../c', which is no plain file name"),
        (edited("model.json", '"c": {', '"\\ud800": {'), "which is no plain file name"),
        (edited("model.json", '"labels": ["calm", "loud"]', '"labels": 3'), "has no list of labels"),
        (edited(TABLE, "file,start", "name,start"), "has not one column 'file'"),
        (edited(TABLE, "0.wav,0.0,1.5,s0,calm", "0.wav,0.0,1.5,s0,\x1b[2J"), r"line 2: '\\x1b\[2J' is not a label"),
        (edited(TABLE, "0.wav,0.0,1.5,s0,calm", "0.wav,0.0,1.5,s0,loud"), "has another label or speaker in run 2"),
        (edited(TABLE, "0.wav,0.0", "new.wav,0.0"), "the clip '0.wav' is only in run 1 of"),
        (edited(TABLE, "0.wav,0.0,1.5", "1.wav,0.0,1.5"), "'1.wav' is there twice"),
        (edited(TABLE, ",s0,", ","), "fields, not 8"),
        (edited(TABLE, "0.wav", '"0'), "it is no CSV"),
        (lambda folder: (folder / TABLE).write_bytes(b"\xff\xfe"), "it is not UTF-8"),
        (lambda folder: (folder / TABLE).write_text("file,start,end,speaker,label,predicted\n"), "lists no clip"),
    ],
)
def test_one_sentence_for_what_cannot_be_compared(tmp_path: Path, change: Change, sentence: str) -> None:
    first = written_run_folder(tmp_path / "a", accuracy={"c": 0.5}, clips=12)
    second = written_run_folder(tmp_path / "b", accuracy={"c": 0.5}, clips=12)
    change(second)
    with pytest.raises(FormatError, match=sentence) as raised:
        compared(first, second)
    assert str(raised.value).isprintable()


def test_a_damaged_corpus_is_left_out_and_the_others_go_on(tmp_path: Path) -> None:
    paths = [written_run_folder(tmp_path / name, accuracy={"c": 0.5, "d": 0.6}, clips=12) for name in "ab"]
    (paths[1] / "run-3" / "test" / "c.csv").unlink()
    (found,) = compared(*paths)
    assert [corpus["corpus"] for corpus in found["corpora"]] == ["d"]
    (left_out,) = found["left_out"]
    assert left_out["corpus"] == "c"
    assert "run-3/test/c.csv is missing" in left_out["reason"]


def test_two_different_folders_are_needed(tmp_path: Path) -> None:
    path = written_run_folder(tmp_path / "a", accuracy={"c": 0.5}, clips=12)
    with pytest.raises(FormatError, match="name two or more"):
        compared(path)
    with pytest.raises(FormatError, match="is given twice"):
        compared(path, tmp_path / "." / "a")
    other = written_run_folder(tmp_path / "b", accuracy={"other": 0.5}, clips=12)
    with pytest.raises(FormatError, match="share no corpus that can be compared"):
        compared(path, other)
