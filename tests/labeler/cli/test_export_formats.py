"""Every format is written to exactly the path that the command is given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from db.exports.registry import EXPORTERS
from labeler.cli.main import main
from tests.db.exports.formats.awkward import CLIPS, make_awkward_project

WANTED = (
    *(
        "csv",
        "jsonl",
        "log",
        "parquet",
        "label-studio",
        "audiofolder",
        "audformat",
        "prodigy",
        "kaldi",
        "audacity",
        "emonet",
        "ft-w2v2-ser",
    ),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a project in which nothing is called as other programs like it."""
    folder = tmp_path_factory.mktemp("formats")
    make_awkward_project(folder).close()
    return folder


@pytest.mark.parametrize("format", sorted({*EXPORTERS, *WANTED}))
def test_each_format_writes_one_file_or_folder_of_the_name_given(folder: Path, format: str) -> None:
    output = folder / f"OUT-{format}"
    before = set(folder.iterdir())
    command = ["--project", str(folder / "project"), "export", format, str(output), "--json"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert set(folder.iterdir()) - before == {output}
    assert json.loads(result.stdout)["rows"] >= len(CLIPS)
    assert output.is_dir() == EXPORTERS[format].makes_folder
    assert (output / "README.md" in output.iterdir()) if output.is_dir() else output.stat().st_size
    assert not list(folder.rglob("*.part"))


@pytest.mark.parametrize("format", ["audiofolder", "audformat", "kaldi", "audacity", "emonet", "ft-w2v2-ser"])
def test_the_same_time_gives_the_same_bytes(folder: Path, tmp_path: Path, format: str) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    export = ["--project", str(folder / "project"), "export", format]
    result = CliRunner().invoke(main, [*export, str(first), "--splits", "60/20/20", "--json"])
    time = json.loads(result.stdout)["as_of"]
    assert CliRunner().invoke(main, [*export, str(again), "--splits", "60/20/20", "--as-of", time]).exit_code == 0
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert [name for name in files if (first / name).read_bytes() != (again / name).read_bytes()] == []


@pytest.mark.parametrize("option", ["--as-of", "--since", "--until"])
@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "yesterday"])
def test_a_time_of_no_year_is_refused_before_anything_is_written(folder: Path, tmp_path: Path, option: str, time: str) -> None:
    command = ["--project", str(folder / "project"), "export", "csv", str(tmp_path / "out.csv"), option, time]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 2
    assert f"'{time}' is no time; write one such as" in result.output
    assert not (tmp_path / "out.csv").exists()
