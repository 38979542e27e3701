"""`backup` and `restore` as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from db.project import OpenProject
from labeler.cli.main import main
from tests.filled_projects import add_clips, answer


def run(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(project), *arguments])


def test_a_backup_says_what_is_in_it_and_a_restore_where_audio_is_expected(project: OpenProject, tmp_path: Path) -> None:
    answer(project, add_clips(project, 3)[0])
    file, again = str(tmp_path / "b.zip"), tmp_path / "again"
    result = run(project.directory, "backup", file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith(" holds 3 clips, 1 decision, 0 heads and no features.\nNot in it: 3 audio files in /audio\n")

    result = run(again, "restore", file)
    assert (result.exit_code, result.stderr) == (0, "")
    first, audio, following = result.stdout.splitlines()
    assert first.endswith(": 3 clips, 1 decision, 0 heads.")
    assert audio.startswith(
        "Audio is expected in /audio (3 files), which is not there: bring it back, or `earmark doctor --relink"
    )
    assert following == "Next: earmark embed"
    assert json.loads(run(again, "status", "--json").stdout)["decisions"] == 1

    refused = run(again, "restore", file)
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert "already holds a project" in refused.stderr
    document = json.loads(run(again, "restore", file, "--replace", "--json").stdout)
    assert Path(document["replaced"]).is_dir()
    assert document["decisions"] == 1


def test_both_print_one_document_of_json(project: OpenProject, tmp_path: Path) -> None:
    document = json.loads(run(project.directory, "backup", str(tmp_path / "b.zip"), "--json").stdout)
    assert document["size"] == (tmp_path / "b.zip").stat().st_size
    assert document["with_features"] is False
    restored = json.loads(run(tmp_path / "again", "restore", str(tmp_path / "b.zip"), "--json").stdout)
    assert restored["created_at"] == document["created_at"]


def test_what_goes_wrong_is_one_sentence(project: OpenProject, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK")
    for result in (
        run(tmp_path, "backup", str(tmp_path / "b.zip")),
        run(project.directory, "backup", str(tmp_path)),
        run(tmp_path / "again", "restore", str(tmp_path / "x.zip")),
        run(tmp_path / "again", "restore", str(tmp_path / "none.zip")),
        run(tmp_path / "x.zip", "restore", str(tmp_path / "x.zip")),
    ):
        assert result.exit_code in (1, 2)
        assert result.stderr.splitlines()[-1].startswith("Error: ")
        assert "Traceback" not in result.output


def test_a_strategy_that_is_code_from_elsewhere_is_named(project: OpenProject, tmp_path: Path) -> None:
    (project.directory / "earmark.toml").write_text('strategy = "somewhere.else"\n', encoding="utf-8")
    run(project.directory, "backup", str(tmp_path / "b.zip"))
    assert "strategy somewhere.else, which runs code" in run(tmp_path / "again", "restore", str(tmp_path / "b.zip")).stdout
