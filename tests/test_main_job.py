"""The main job, by commands only: init, import, embed, then rounds of queue, annotate, learn."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from labeler.cli.main import main
from tests.corpora import corpus

SOAK = bool(os.environ.get("EARMARK_SOAK"))
"""`make soak` has the time to encode both corpora with the bundled encoder; `make test` does so with half of the smaller one."""
ROUNDS = 10 if SOAK else 5
BATCH = 100 // ROUNDS


def earmark(project: Path, *arguments: str) -> Any:
    """Run a command with --json; returns what it printed, as data."""
    result = CliRunner().invoke(main, ["--project", str(project), *arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def part_of(name: str, folder: Path, *, every: int) -> Path:
    """A manifest in the folder of every so many clips of a corpus, beside a link to its audio."""
    whole = corpus(name)
    (folder / name).symlink_to(whole.parent / name)
    head, *lines = whole.read_text(encoding="utf-8").splitlines()
    part = folder / whole.name
    part.write_text("\n".join([head, *lines[::every]]), encoding="utf-8")
    return part


def label_from_queue(project: Path, truth: dict[str, str], tmp_path: Path, *, count: int) -> list[dict[str, Any]]:
    """Answer the next clips of the queue with their true labels."""
    served: list[dict[str, Any]] = earmark(project, "queue", "--limit", str(count))
    answers = tmp_path / "answers.csv"
    with answers.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["clip", "label"])
        writer.writerows([clip["clip"], truth[clip["file_name"]]] for clip in served)
    assert earmark(project, "annotate", str(answers), "--annotator", "ann")["recorded"] == count
    return served


@pytest.mark.corpora
@pytest.mark.soak
@pytest.mark.parametrize(
    ("name", "every", "clips", "aliases", "encoder"),
    [
        ("emodb", 1, 535, 0, "bundled") if SOAK else ("emodb", 2, 268, 0, "bundled"),
        ("ravdess", 1, 1439, 1, "bundled" if SOAK else "logmel"),
    ],
)
def test_a_hundred_answers_on_a_real_corpus(
    tmp_path: Path, name: str, every: int, clips: int, aliases: int, encoder: str
) -> None:
    manifest = part_of(name, tmp_path, every=every)
    with manifest.open(encoding="utf-8", newline="") as file:
        truth = {row["file_name"]: row["label"] for row in csv.DictReader(file)}
    project = tmp_path / "project"
    earmark(project, "init", "--labels", ",".join(sorted(set(truth.values()))))

    imported = earmark(project, "import", str(manifest))
    assert (imported["added"], imported["known"], imported["rejected"], len(imported["aliases"])) == (clips, aliases, [], aliases)
    named = [] if encoder == "bundled" else ["--encoder", encoder]
    assert earmark(project, "embed", *named)["embedded"] == clips

    served: list[dict[str, Any]] = []
    for _ in range(ROUNDS):
        batch = label_from_queue(project, truth, tmp_path, count=BATCH)
        assert not {clip["clip"] for clip in batch} & {clip["clip"] for clip in served}, "no labelled clip is served again"
        served += batch
        earmark(project, "learn", "--once")

    status = earmark(project, "status")
    assert (status["clips"], status["embedded"], status["decisions"], status["labeled"]) == (clips, clips, 100, 100)
    assert status["run"]["decisions"] == 100
    assert 0 <= status["run"]["ua_low"] <= status["run"]["ua"] <= status["run"]["ua_high"] <= 1
    assert status["queue"] == min(clips - 100, 2000)

    curve = earmark(project, "curve")
    assert [point["decisions"] for point in curve["points"]] == list(range(BATCH, 101, BATCH))
    assert curve["slice_clips"] >= 20
    assert curve["points"][-1]["ua"] == status["run"]["ua"]
    assert sum(clip["source"] == "random" for clip in served) == 20

    output = tmp_path / "labels.csv"
    assert earmark(project, "export", "csv", str(output))["rows"] == 100
    expected = {clip["file_name"]: truth[clip["file_name"]] for clip in served}
    assert {row["file_name"]: row["label"] for row in rows_of(output)} == expected
    assert earmark(project, "export", "csv", str(output), "--rows", "decisions")["rows"] == 100
    rows = rows_of(output)
    assert {row["file_name"]: row["label"] for row in rows} == expected
    assert {row["annotator"] for row in rows} == {"ann"}
    assert {row["source"] for row in rows} == {"scripted"}
    assert all(row["created_at"] for row in rows)
    assert all(row["run"] for row in rows[BATCH:]), "every answer after the first round names the run that was live"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
