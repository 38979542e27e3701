"""docs/python_api.md: all of its code runs, from an empty folder to a classifier, and it names every method there is."""

from __future__ import annotations

import csv
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from labeler import Head, Project

REPOSITORY = Path(__file__).resolve().parents[3]
PAGE = (REPOSITORY / "docs" / "python_api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_project_is_made_labelled_learned_exported_and_predicted_by_the_code_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sample_data").symlink_to(REPOSITORY / "sample_data")
    monkeypatch.chdir(tmp_path)
    everything: dict[str, Any] = {"__name__": "notebook"}
    for number, example in enumerate(EXAMPLES, start=1):
        exec(compile(example, f"docs/python_api.md, example {number}", "exec"), everything)
    assert "UA 0." in capsys.readouterr().out
    assert (tmp_path / "curve.svg").read_text(encoding="utf-8").startswith("<svg")
    truth = {row["file_name"]: row["label"] for row in rows_of(REPOSITORY / "sample_data" / "manifest.csv")}
    labels = rows_of(tmp_path / "labels.csv")
    assert len(labels) == 20
    assert all(row["label"] == truth[f"clips/{Path(row['file_name']).name}"] for row in labels)
    withdrawn = len(everything["report"].clips)
    assert withdrawn > 0
    predictions = rows_of(tmp_path / "predictions.csv")
    assert (len(predictions), "p_calm" in predictions[0]) == (30 - withdrawn, True)
    assert (tmp_path / "for_training" / "README.md").is_file()
    # The same head predicts the same, with and without its project.
    before, after = everything["new"], everything["table"]
    assert before["p_angry"][0] == pytest.approx(after["p_angry"][0], abs=1e-6)
    assert [row["predicted"] for row in rows_of(tmp_path / "new_predictions.csv")] == after["predicted"].tolist()


def test_a_head_is_used_in_ten_lines() -> None:
    (script,) = (example for example in EXAMPLES if "Head.load" in example)
    assert len(script.splitlines()) <= 10


@pytest.mark.parametrize("documented", [Project, Head])
def test_every_method_is_on_the_page_and_explains_itself(documented: type) -> None:
    public = {name: value for name, value in inspect.getmembers(documented) if not name.startswith("_")}
    assert [name for name in public if not re.search(rf"`(?:\w+\.)?{name}\b", PAGE)] == []
    assert [name for name, value in public.items() if not inspect.getdoc(value)] == []
