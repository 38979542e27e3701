"""`earmark finetune` without a manifest: what it prints and draws, what `status` shows then, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from db.models import Source
from db.project import OpenProject
from labeler.cli.main import main
from tests.filled_projects import answer
from tests.learner.finetuning.project.tones import CLIPS, project_of_tones, truth
from tests.owed_clips import owed_clips


def run(project: OpenProject, *arguments: str) -> Result:
    """Run a command on the project."""
    return CliRunner().invoke(main, ["--project", str(project.directory), *arguments])


def test_the_comparison_is_printed_drawn_and_shown_by_status(project: OpenProject, tmp_path: Path, tiny: Path) -> None:
    project_of_tones(project, tmp_path)
    asked = ["finetune", "--encoder", str(tiny), "--epochs", "1", "--device", "cpu"]
    found = run(project, *asked, "--plot", str(tmp_path / "confusion.svg"))
    assert found.exit_code == 0, found.stderr
    assert "Fine-tuning is not worth trying yet: label 'happy' has " in found.stderr or "label 'sad' has " in found.stderr
    lines = found.stdout.splitlines()
    assert lines[0].startswith("10 clips, ")
    assert lines[-1].startswith(f"Fine-tuned {tiny} 0.")
    assert ", frozen logmel 0." in lines[-1]
    assert "; difference " in lines[-1]
    assert "predicted label" in (tmp_path / "confusion.svg").read_text()
    # The same command is finished already.
    document = json.loads(run(project, *asked, "--json").stdout)
    assert document["project"]["slice_clips"] == 10
    assert document["ua"] == pytest.approx(document["project"]["tuned"]["ua"], abs=1e-4)
    status = run(project, "status").stdout
    assert f"Fine-tuned (v-ft, 16 labels): fine-tuned {tiny} 0." in status
    assert json.loads(run(project, "status", "--json").stdout)["finetuned"]["sentence"] == document["project"]["sentence"]


def test_what_cannot_be_done_is_one_sentence(project: OpenProject, tmp_path: Path) -> None:
    def refused(*options: str) -> str:
        found = run(project, "finetune", *options)
        assert found.exit_code in (1, 2)
        assert "Traceback" not in found.output
        return found.stderr

    assert "--folds goes with a MANIFEST" in refused("--folds", "speaker")
    assert "--output goes with a MANIFEST" in refused("--output", str(tmp_path / "out"))
    assert "The project has no features yet" in refused()
    project_of_tones(project, tmp_path, labelled=False)
    assert "There is no labelled clip to fine-tune on yet" in refused()
    with project.read() as session:
        in_key_order = owed_clips(session, CLIPS)
    last = [clip for clip in in_key_order[1:] if truth(clip) == "sad"]
    for clip in last[:6]:
        answer(project, clip, "sad")
    assert "All labelled clips (6) have the label 'sad'; label clips of a second label first." in refused()
    for clip in [clip for clip in in_key_order[1:] if truth(clip) == "happy"][:6]:
        answer(project, clip, "happy")
    assert "The random slice has no labelled clip yet" in refused()
    answer(project, in_key_order[0], truth(in_key_order[0]), source=Source.RANDOM)
    assert "The project's encoder 'logmel' cannot be fine-tuned; name one that can, such as `--encoder bundled`." in refused()
