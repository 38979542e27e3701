"""What the app process holds in memory while somebody labels."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring.browser import opened_page
from benchmarks.measuring.processes import app
from benchmarks.measuring.rows import Figures, row
from benchmarks.measuring.sample_project import sample_project

KEYS = 20
LOADED = "import psutil, streamlit, torch; from transformers import Wav2Vec2Model; from sklearn import linear_model; "
RESIDENT = "print(psutil.Process().memory_info().rss)"


@row(
    "app-memory",
    what="Memory of the app process",
    against="a Python process that has only imported torch, transformers and scikit-learn too",
)
def measure() -> Figures:
    """Resident memory after three pages were opened and some clips labelled."""
    with tempfile.TemporaryDirectory() as folder:
        project = sample_project(Path(folder))
        project.close()
        with app(project.directory) as (address, process), opened_page() as page:
            for name in ("progress", "export"):
                page.goto(f"{address}/{name}")
                page.wait_for_timeout(2000)
            page.goto(f"{address}/?annotator=bench")
            page.locator("[data-testid=player][data-state=playing]").wait_for()
            for key in range(KEYS):
                page.keyboard.press(str(1 + key % 4))
                page.wait_for_timeout(300)
            ours = process.memory_info().rss
    theirs = int(subprocess.run([sys.executable, "-c", LOADED + RESIDENT], capture_output=True, text=True, check=True).stdout)
    return Figures(ours=ours / 1e6, theirs=theirs / 1e6, unit="MB", details=f"resident, all pages opened, {KEYS} clips labelled")
