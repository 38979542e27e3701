"""`earmark corpora compare` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from labeler.cli.main import main
from tests.learner.run_comparison.run_folders import written_run_folder


def compare(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["corpora", "compare", *map(str, arguments)])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A model, one that is better on a corpus, and one with a single run."""
    folder = tmp_path_factory.mktemp("models")
    return [
        written_run_folder(folder / "a", accuracy={"emodb": 0.6, "esc-10": 0.7, "only here": 0.5}, seed=1),
        written_run_folder(folder / "b", accuracy={"emodb": 0.95, "esc-10": 0.7}, mode="adapters\x1b[2J", seed=2),
        written_run_folder(folder / "c", accuracy={"emodb": 0.6}, runs=1, seed=3),
    ]


def test_a_table_and_the_counts_of_the_paper(models: list[Path]) -> None:
    result = compare(*models)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == f"adapters\\x1b[2J (resnet) of {models[1]} against scratch (resnet) of {models[0]}; 3 runs of each."
    assert lines[2].split()[:3] == ["corpus", "clips", "speakers"]
    (emodb,) = (line for line in lines[:6] if line.startswith("emodb"))
    assert emodb.split()[1:3] == ["120", "12"]
    assert emodb.count(" +") >= 4
    assert "McNemar's test: significantly better on 1, worse on 0, no difference on 1." in lines
    assert "Difference in UA: significantly better on 1, worse on 0, no difference on 1." in lines
    assert any(line.startswith("Almost Stochastic Order knows few runs") and "in 10% of the cases" in line for line in lines)
    # One run: what cannot be tested is no difference.
    assert "1 run against 3." in result.stdout
    assert "Almost Stochastic Order: significantly better on 0, worse on 0, no difference on 1." in lines
    assert result.stderr.splitlines()[0] == f"left out only here: only {models[0]} has it"
    assert "\x1b" not in result.output


def test_json_and_a_chart(models: list[Path], tmp_path: Path) -> None:
    result = compare(*models, "--json", "--threshold", "0.5", "--plot", tmp_path / "chart.svg")
    document = json.loads(result.stdout)
    assert (document["aso_threshold"], len(document["comparisons"])) == (0.5, 2)
    assert document["comparisons"][0]["counts"]["mcnemar"]["better"] == 1
    drawn = (tmp_path / "chart.svg").read_text()
    assert "Difference in UA from scratch (resnet)" in drawn
    assert "emodb" in drawn
    assert "\x1b" not in drawn


def test_bad_input_is_one_sentence(models: list[Path], tmp_path: Path) -> None:
    for arguments, sentence in (
        ((models[0],), "name two or more"),
        ((models[0], tmp_path), "is no run folder"),
        ((*models, "--plot", "chart.gif"), ".gif is not one of .png, .svg, .html"),
    ):
        result = compare(*arguments)
        assert result.exit_code == 1
        assert sentence in result.stderr
        assert result.stderr.count("\n") == 1
